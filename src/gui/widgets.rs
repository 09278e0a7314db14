//! The small things that every panel is made of.

use std::borrow::Cow;

use eframe::egui;
use egui::{Align2, Color32, CornerRadius, FontId, Pos2, Rect, Response, Sense, Shape, Stroke, StrokeKind, Ui, vec2};

use super::theme::{self, Colors};
use crate::event::IncarnationId;
use crate::model::Hue;

/// Height of a chip, in points.
pub const CHIP_HEIGHT: f32 = 16.0;

/// Width of the chip of an incarnation, in points: wide enough for its number.
pub fn chip_width(id: IncarnationId) -> f32 {
    let digits = id.0.checked_ilog10().unwrap_or(0) + 1;
    12.0 + 7.0 * (digits as f32 + 1.0)
}

/// Paints an incarnation's chip into `rect`: filled with its colour, or dashed if the incarnation is unlinked.
pub fn paint_chip(ui: &Ui, rect: Rect, id: IncarnationId, hue: Hue, unlinked: bool) {
    let colors = Colors::of(ui);
    let color = colors.incarnation(hue);
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
pub fn chip(ui: &mut Ui, id: IncarnationId, hue: Hue, unlinked: bool, label: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(chip_width(id), CHIP_HEIGHT), Sense::hover());
    paint_chip(ui, rect, id, hue, unlinked);
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

/// As much of a text as fits, with its middle left out: archives differ in their ends.
pub fn elided<'a>(ui: &Ui, text: &'a str, font: &FontId, width: f32) -> Cow<'a, str> {
    let fits = |text: &str| text_width(ui, text, font.clone()) <= width;
    if fits(text) {
        return Cow::Borrowed(text);
    }
    let letters: Vec<char> = text.chars().collect();
    let keeping = |kept: usize| -> String {
        let (head, tail) = (kept * 2 / 5, kept - kept * 2 / 5);
        letters[..head].iter().chain(&['\u{2026}']).chain(&letters[letters.len() - tail..]).collect()
    };
    // One letter more never makes it narrower.
    let (mut enough, mut too_many) = (0, letters.len());
    while too_many - enough > 1 {
        let middle = enough + (too_many - enough) / 2;
        if fits(&keeping(middle)) { enough = middle } else { too_many = middle }
    }
    Cow::Owned(keeping(enough))
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

/// The signs on buttons, drawn with lines, so that no font need hold them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the picture of its name")]
pub enum Icon {
    Play,
    Pause,
    Stop,
    Kill,
    Restart,
    More,
    Close,
    Down,
    Right,
    Up,
}

/// Paints a sign into a box of 16 points around `center`.
pub fn paint_icon(ui: &Ui, center: Pos2, icon: Icon, color: Color32) {
    let painter = ui.painter();
    let at = |x: f32, y: f32| center + vec2(x, y);
    let stroke = Stroke::new(1.5, color);
    match icon {
        Icon::Play => {
            painter.add(Shape::convex_polygon(vec![at(-3.0, -4.5), at(4.5, 0.0), at(-3.0, 4.5)], color, Stroke::NONE));
        }
        Icon::Pause => {
            for x in [-3.0, 1.5] {
                painter.rect_filled(Rect::from_min_size(at(x - 0.5, -4.0), vec2(2.5, 8.0)), 0.5, color);
            }
        }
        Icon::Stop => {
            painter.rect_filled(Rect::from_center_size(center, vec2(8.0, 8.0)), 1.5, color);
        }
        Icon::Kill => {
            painter.circle_stroke(center, 5.0, stroke);
            painter.line_segment([at(-3.4, 3.4), at(3.4, -3.4)], stroke);
        }
        Icon::Restart => {
            let arc = (0..=20).map(|step| {
                let turn = (-60.0 + 300.0 * step as f32 / 20.0).to_radians();
                at(4.6 * turn.cos(), 4.6 * turn.sin())
            });
            painter.add(Shape::line(arc.collect(), stroke));
            let tip = (-60.0_f32).to_radians();
            let tip = at(4.6 * tip.cos(), 4.6 * tip.sin());
            let head = vec![tip + vec2(-3.4, -1.6), tip + vec2(2.0, -2.6), tip + vec2(0.8, 2.8)];
            painter.add(Shape::convex_polygon(head, color, Stroke::NONE));
        }
        Icon::More => {
            for x in [-4.5, 0.0, 4.5] {
                painter.circle_filled(at(x, 0.0), 1.4, color);
            }
        }
        Icon::Close => {
            painter.line_segment([at(-3.5, -3.5), at(3.5, 3.5)], stroke);
            painter.line_segment([at(3.5, -3.5), at(-3.5, 3.5)], stroke);
        }
        Icon::Down => {
            painter.add(Shape::line(vec![at(-3.0, -1.5), at(0.0, 1.5), at(3.0, -1.5)], stroke));
        }
        Icon::Right => {
            painter.add(Shape::line(vec![at(-1.5, -3.0), at(1.5, 0.0), at(-1.5, 3.0)], stroke));
        }
        Icon::Up => {
            painter.add(Shape::line(vec![at(-3.0, 1.5), at(0.0, -1.5), at(3.0, 1.5)], stroke));
        }
    }
}

/// A square button with a sign; `label` is what assistive software and the tooltip's first line call it.
pub fn icon_button(ui: &mut Ui, icon: Icon, label: &str, tip: &str) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(22.0, 22.0), Sense::click());
    let colors = Colors::of(ui);
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(5), colors.hover);
        ui.painter().rect_stroke(rect, CornerRadius::same(5), Stroke::new(1.0, colors.outline), StrokeKind::Inside);
    }
    let color = if response.hovered() { colors.text } else { colors.muted };
    paint_icon(ui, rect.center(), icon, color);
    let enabled = ui.is_enabled();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, label));
    response.on_hover_text(tip)
}

/// A button that opens a menu: its text and a small arrow.
pub fn menu_button(ui: &mut Ui, text: &str, tip: &str, content: impl FnOnce(&mut Ui)) -> Response {
    let colors = Colors::of(ui);
    let width = text_width(ui, text, theme::plain(theme::TEXT)) + 38.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::click());
    let open = egui::Popup::is_id_open(ui.ctx(), egui::Popup::default_response_id(&response));
    if response.hovered() || open || response.has_focus() {
        ui.painter().rect_filled(rect, CornerRadius::same(6), colors.hover);
    }
    ui.painter().text(
        rect.left_center() + vec2(10.0, 0.0),
        Align2::LEFT_CENTER,
        text,
        theme::plain(theme::TEXT),
        colors.text,
    );
    paint_icon(ui, rect.right_center() - vec2(14.0, 0.0), Icon::Down, colors.muted);
    let enabled = ui.is_enabled();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, enabled, text));
    let _ = egui::Popup::menu(&response).show(content);
    if open { response } else { response.on_hover_text(tip) }
}

/// Width of one line of text, in points.
pub fn text_width(ui: &Ui, text: &str, font: FontId) -> f32 {
    ui.painter().layout_no_wrap(text.to_owned(), font, Color32::PLACEHOLDER).size().x
}

/// A small curve of the newest values, right-aligned, on a scale from 0 to the greatest of them.
pub fn paint_sparkline(ui: &Ui, rect: Rect, values: &[f32], color: Color32) {
    let Some(greatest) = values.iter().copied().reduce(f32::max).filter(|greatest| *greatest > 0.0) else {
        let dashes = Shape::dashed_line(
            &[rect.left_bottom(), rect.right_bottom()],
            Stroke::new(1.0, Colors::of(ui).outline),
            2.0,
            3.0,
        );
        ui.painter().extend(dashes);
        return;
    };
    let step = 2.0;
    let room = (rect.width() / step) as usize + 1;
    let shown = &values[values.len().saturating_sub(room)..];
    let first = rect.right() - step * (shown.len() - 1) as f32;
    let points = shown.iter().enumerate().map(|(n, value)| {
        Pos2::new(first + step * n as f32, rect.bottom() - rect.height() * (value / greatest).clamp(0.0, 1.0))
    });
    let points: Vec<Pos2> = points.collect();
    let mut area = egui::Mesh::default();
    let tint = theme::mix(Colors::of(ui).panel, color, 0.22);
    for point in &points {
        area.colored_vertex(*point, tint);
        area.colored_vertex(Pos2::new(point.x, rect.bottom()), tint);
    }
    for first in (0..points.len().saturating_sub(1)).map(|n| 2 * n as u32) {
        area.add_triangle(first, first + 1, first + 2);
        area.add_triangle(first + 1, first + 2, first + 3);
    }
    ui.painter().add(area);
    ui.painter().add(Shape::line(points, Stroke::new(1.25, color)));
}

/// A horizontal hairline over the whole width.
pub fn hairline(ui: &mut Ui) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 1.0), Sense::hover());
    ui.painter().hline(rect.x_range(), rect.center().y, Stroke::new(1.0, Colors::of(ui).hairline));
}

/// A main button of a dialog: filled with the accent, or with red for what destroys.
pub fn main_button(ui: &mut Ui, text: &str, destroys: bool) -> Response {
    let colors = Colors::of(ui);
    let (fill, ink) = if destroys { (colors.bad, colors.on_bad) } else { (colors.accent, colors.on_accent) };
    let text = egui::RichText::new(text).font(theme::strong(theme::TEXT)).color(ink);
    ui.add(egui::Button::new(text).fill(fill).stroke(Stroke::NONE))
}

/// What stands in a panel that has nothing to show: what is missing, and why or what to do.
pub fn empty(ui: &mut Ui, what: &str, why: &str) {
    let colors = Colors::of(ui);
    ui.add_space(20.0);
    let width = (ui.available_width() - 2.0 * theme::EDGE).max(40.0);
    ui.horizontal(|ui| {
        ui.add_space(theme::EDGE);
        ui.vertical(|ui| {
            ui.set_max_width(width);
            ui.spacing_mut().item_spacing.y = 4.0;
            ui.label(egui::RichText::new(what).color(colors.text));
            ui.label(egui::RichText::new(why).font(theme::plain(theme::SMALL)).color(colors.muted));
        });
    });
}

/// A tooltip beside a row, so that it hides no other row.
pub fn tooltip_beside(response: &Response, side: egui::RectAlign, content: impl FnOnce(&mut Ui)) {
    let mut tooltip = egui::Tooltip::for_enabled(response);
    tooltip.popup = tooltip.popup.align(side).gap(8.0);
    tooltip.show(|ui| {
        ui.spacing_mut().interact_size.y = 16.0;
        egui::Frame::new().inner_margin(egui::Margin::symmetric(4, 2)).show(ui, content);
    });
}
