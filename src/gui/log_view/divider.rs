//! What happened, as a row between the lines.

use std::borrow::Cow;

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

/// Between the parts of a divider, in points.
const BETWEEN: f32 = 8.0;
/// The share of the room that is left to what happened, whatever has come of it.
const LEAST_DEED: f32 = 0.4;

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
        widgets::paint_chip(ui, chip, one.id, one.hue, matches!(one.reach, Reach::Unlinked { .. }));
        x = chip.right() + 8.0;
    }
    let room = rect.right() - scroll_bar::WIDTH - x;
    let galley = ui.painter().layout_job(job(ui, &divider, colors, room));
    let at = Align2::LEFT_CENTER.anchor_size(pos2(x, rect.center().y), galley.size());
    ui.painter().galley(at.min, galley, colors.text);
}

fn job(ui: &Ui, divider: &Divider, colors: &Colors, room: f32) -> LayoutJob {
    let format = |font_id, color| TextFormat { font_id, color, valign: egui::Align::Center, ..TextFormat::default() };
    let mut job =
        LayoutJob { break_on_newline: false, wrap: TextWrapping::truncate_at_width(room), ..Default::default() };
    job.append(&divider.verb, 0.0, format(theme::strong(theme::MONO), ink(colors, divider.tone)));
    job.append(&divider.time, BETWEEN, format(theme::mono(11.0), colors.muted));
    let head = widgets::text_width(ui, &divider.verb, theme::strong(theme::MONO))
        + widgets::text_width(ui, &divider.time, theme::mono(11.0));
    let (deed, outcome) = (one_line(&divider.deed), one_line(&divider.outcome));
    let [deed, outcome] = fitted(ui, [&deed, &outcome], room - head - 3.0 * BETWEEN);
    job.append(&deed, BETWEEN, format(theme::plain(theme::SMALL), colors.text));
    if !outcome.is_empty() {
        job.append(&outcome, BETWEEN, format(theme::plain(theme::SMALL), colors.muted));
    }
    job
}

/// What happened and what came of it, as much of both as there is room for. Names are long in the midst, and sentences
/// say at their ends who, how many and who not: what is left out is taken from the middle.
fn fitted<'a>(ui: &Ui, [deed, outcome]: [&'a str; 2], room: f32) -> [Cow<'a, str>; 2] {
    let font = theme::plain(theme::SMALL);
    let [wanted, beside] = [deed, outcome].map(|text| widgets::text_width(ui, text, font.clone()));
    let deed_room = wanted.min((room - beside).max(room * LEAST_DEED));
    // An estimate of a width may be too small by a hair.
    let deed = widgets::elided(ui, deed, &font, deed_room + 0.5);
    let outcome_room = room - widgets::text_width(ui, &deed, font.clone());
    [deed, widgets::elided(ui, outcome, &font, outcome_room)]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_long_divider_both_ends_of_both_sentences_are_seen() {
        let deed = "access-of-the-shop-in-the-north-2026-05-10.log to access-of-the-shop-in-the-north-1.log by you.";
        let outcome = "4 workers had it open; inode 1835021 stays until the last one lets go.";
        egui::__run_test_ui(|ui| {
            let width = |text: &str| widgets::text_width(ui, text, theme::plain(theme::SMALL));
            assert_eq!(fitted(ui, [deed, outcome], 2_000.0), [deed, outcome]);
            assert_eq!(fitted(ui, [deed, ""], width(deed)), [deed, ""]);
            let [happened, came] = fitted(ui, [deed, outcome], 600.0);
            assert!(width(&happened) + width(&came) <= 601.0);
            assert!(happened.starts_with("access-of") && happened.ends_with("by you."), "{happened}");
            assert!(came.starts_with("4 workers had") && came.ends_with("lets go."), "{came}");
            let [happened, came] = fitted(ui, ["a.log by you.", outcome], 300.0);
            assert_eq!(happened, "a.log by you.");
            assert!(came.starts_with("4 workers") && came.ends_with("lets go."), "{came}");
        });
    }
}
