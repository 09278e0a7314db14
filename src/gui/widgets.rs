//! The small things that every panel is made of.

use eframe::egui;
use egui::{Align2, Color32, CornerRadius, FontId, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, vec2};

use super::theme::{self, Colors};
use crate::event::IncarnationId;

/// Height of a chip, in points.
pub const CHIP_HEIGHT: f32 = 16.0;

/// Width of the chip of an incarnation, in points: wide enough for its number.
pub fn chip_width(id: IncarnationId) -> f32 {
    let digits = id.0.checked_ilog10().unwrap_or(0) + 1;
    12.0 + 7.0 * (digits as f32 + 1.0)
}

/// Paints an incarnation's chip into `rect`: filled with its colour, or dashed if the incarnation is unlinked.
pub fn paint_chip(ui: &Ui, rect: Rect, id: IncarnationId, unlinked: bool) {
    let colors = Colors::of(ui);
    let color = colors.incarnation(id);
    let painter = ui.painter();
    let text = if unlinked {
        painter.extend(dashed_frame(rect.shrink(0.5), color));
        color
    } else {
        painter.rect_filled(rect, CornerRadius::same(4), color);
        colors.on_incarnation()
    };
    painter.text(rect.center(), Align2::CENTER_CENTER, format!("#{}", id.0), theme::strong(11.0), text);
}

/// An incarnation's chip as a widget. `label` is what assistive software calls it.
pub fn chip(ui: &mut Ui, id: IncarnationId, unlinked: bool, label: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(chip_width(id), CHIP_HEIGHT), Sense::hover());
    paint_chip(ui, rect, id, unlinked);
    named(&response, label);
    response
}

/// Names a widget that paints itself.
pub fn named(response: &Response, label: &str) {
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, label));
}

/// A frame of dashes: what is not what it seems (an unlinked file, a simulated time).
pub fn dashed_frame(rect: Rect, color: Color32) -> Vec<Shape> {
    let corners = [rect.left_top(), rect.right_top(), rect.right_bottom(), rect.left_bottom(), rect.left_top()];
    Shape::dashed_line(&corners, Stroke::new(1.0, color), 3.0, 2.0)
}

/// A round dot that tells a state by colour; the words beside it tell it too.
pub fn paint_dot(ui: &Ui, center: Pos2, color: Color32, hollow: bool) {
    if hollow {
        ui.painter().circle_stroke(center, 3.5, Stroke::new(1.25, color));
    } else {
        ui.painter().circle_filled(center, 4.0, color);
    }
}

/// Lays out one line of text that is cut with an ellipsis at `width`, and paints it; returns the width it took.
pub fn paint_line(ui: &Ui, at: Pos2, align: Align2, text: &str, font: FontId, color: Color32, width: f32) -> f32 {
    let mut job = egui::text::LayoutJob::simple_singleline(text.to_owned(), font, color);
    job.wrap = egui::text::TextWrapping::truncate_at_width(width.max(0.0));
    let galley = ui.painter().layout_job(job);
    let size = galley.size();
    let rect = align.anchor_size(at, size);
    ui.painter().galley(rect.min, galley, color);
    size.x
}

/// The head of a panel: its name on the left, `right` on the right, a hairline below.
pub fn panel_head<R>(ui: &mut Ui, title: &str, right: impl FnOnce(&mut Ui) -> R) -> R {
    let colors = Colors::of(ui);
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::HEAD), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, colors.hairline));
    let inner = rect.shrink2(vec2(theme::EDGE, 0.0));
    let mut left =
        ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(egui::Layout::left_to_right(egui::Align::Center)));
    left.label(egui::RichText::new(title).font(theme::strong(12.0)).color(colors.text));
    let mut side =
        ui.new_child(egui::UiBuilder::new().max_rect(inner).layout(egui::Layout::right_to_left(egui::Align::Center)));
    right(&mut side)
}

/// A frame of one hairline around `rect`.
pub fn paint_outline(ui: &Ui, rect: Rect, color: Color32) {
    ui.painter().rect_stroke(rect, CornerRadius::same(6), Stroke::new(1.0, color), StrokeKind::Inside);
}
