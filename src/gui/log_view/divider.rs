//! What happened, as a row between the lines.

use eframe::egui;
use egui::text::{LayoutJob, TextFormat, TextWrapping};
use egui::{Align2, CursorIcon, Rect, Response, Stroke, Ui, pos2, vec2};

use super::scroll_bar;
use crate::gui::state::{Scene, Selection, State};
use crate::gui::story::{Divider, Teller};
use crate::gui::telling::{ink, tip};
use crate::gui::theme::{self, Colors};
use crate::gui::widgets;
use crate::model::{MarkId, Reach};

/// Paints a divider into a row. `above` tells that the row above is a divider too: they share a hairline.
pub(super) fn paint(ui: &Ui, rect: Rect, left: f32, scene: &Scene<'_>, mark: MarkId, above: bool) {
    let colors = Colors::of(ui);
    let Some(divider) = Teller::new(scene).divider(mark) else { return };
    let line = Stroke::new(1.0, colors.hairline);
    if !above {
        ui.painter().hline(rect.x_range(), rect.top() + 0.5, line);
    }
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, line);
    let mut x = rect.left() + left;
    let incarnation = scene.model.timeline().mark(mark).and_then(|mark| mark.incarnation);
    if let Some(one) = incarnation.and_then(|id| scene.model.incarnation(id)) {
        let size = vec2(widgets::chip_width(one.id), widgets::CHIP_HEIGHT);
        let chip = Rect::from_min_size(pos2(x, rect.center().y - size.y / 2.0), size);
        widgets::paint_chip(ui, chip, one.id, matches!(one.reach, Reach::Unlinked { .. }));
        x = chip.right() + 8.0;
    }
    let room = rect.right() - scroll_bar::WIDTH - x;
    let galley = ui.painter().layout_job(job(&divider, colors, room));
    let at = Align2::LEFT_CENTER.anchor_size(pos2(x, rect.center().y), galley.size());
    ui.painter().galley(at.min, galley, colors.text);
}

fn job(divider: &Divider, colors: &Colors, room: f32) -> LayoutJob {
    let format = |font_id, color| TextFormat { font_id, color, valign: egui::Align::Center, ..TextFormat::default() };
    let mut job =
        LayoutJob { break_on_newline: false, wrap: TextWrapping::truncate_at_width(room), ..Default::default() };
    job.append(&divider.verb, 0.0, format(theme::strong(theme::MONO), ink(colors, divider.tone)));
    job.append(&divider.time, 8.0, format(theme::mono(11.0), colors.muted));
    job.append(&one_line(&divider.deed), 8.0, format(theme::plain(theme::SMALL), colors.text));
    if !divider.outcome.is_empty() {
        job.append(&one_line(&divider.outcome), 6.0, format(theme::plain(theme::SMALL), colors.muted));
    }
    job
}

fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ")
}

/// What is told of a divider under the pointer; a click shows its moment on the timeline.
pub(super) fn hover(ui: &Ui, response: &Response, scene: &Scene<'_>, state: &mut State, mark: MarkId) {
    let Some(found) = scene.model.timeline().mark(mark) else { return };
    state.hovering = found.incarnation;
    ui.ctx().set_cursor_icon(CursorIcon::PointingHand);
    if response.clicked() {
        state.show_moment = Some(found.at.mono);
        if let Some(id) = found.incarnation {
            state.selection = Some(Selection::Incarnation(id));
        }
    }
    if let Some(telling) = Teller::new(scene).mark(mark) {
        tip(response, &telling);
    }
}
