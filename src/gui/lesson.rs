//! What a lab's steps say to the reader: the present sentence stands above the log, which would carry it away.

use eframe::egui;
use egui::{Align, Frame, Label, Layout, Margin, Panel, RichText, Ui};

use super::state::{Scene, State};
use super::story::said;
use super::theme::{self, Colors};
use super::widgets::{self, Icon};
use crate::model::{MarkId, MarkKind};

/// Draws the sentence into the top of `ui`, until another one takes its place or the person has done with it.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let Some((id, sentence)) = present(scene).filter(|(id, _)| state.heard != Some(*id)) else { return };
    let colors = Colors::of(ui);
    let margin = Margin { left: 12, right: 6, top: 6, bottom: 6 };
    Panel::top("lesson").frame(Frame::new().fill(colors.panel).inner_margin(margin)).show(ui, |ui| {
        ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
            let close = scene.tr("dismiss");
            if widgets::icon_button(ui, Icon::Close, &close, &close).clicked() {
                state.heard = Some(id);
            }
            ui.with_layout(Layout::left_to_right(Align::TOP), |ui| {
                let (dot, _) = ui.allocate_exact_size(egui::vec2(8.0, 22.0), egui::Sense::hover());
                widgets::paint_dot(ui, dot.center(), colors.accent, false);
                ui.add_space(2.0);
                let text = RichText::new(sentence).font(theme::plain(theme::TEXT)).line_height(Some(22.0));
                ui.add(Label::new(text.color(colors.text)).wrap().selectable(true));
            });
        });
    });
}

/// The sentence that was said last, and where it stands.
fn present<'a>(scene: &Scene<'a>) -> Option<(MarkId, &'a str)> {
    let id = scene.model.last_said()?;
    match &scene.model.timeline().mark(id)?.kind {
        MarkKind::Said { text, text_zh } => Some((id, said(scene, text, text_zh.as_deref()))),
        _ => None,
    }
}
