//! How what is told of something looks: in a tooltip, and by its tone.

use eframe::egui;
use egui::{Response, Ui};

use super::story::{Telling, Tone};
use super::theme::{self, Colors};

/// Width of a tooltip, in points.
const WIDTH: f32 = 360.0;

/// The colour of a tone.
pub(super) fn ink(colors: &Colors, tone: Tone) -> egui::Color32 {
    match tone {
        Tone::Quiet => colors.muted,
        Tone::Plain => colors.text,
        Tone::Good => colors.ok,
        Tone::Warn => colors.warn,
        Tone::Bad => colors.bad,
    }
}

/// A tooltip at the pointer that tells of something.
pub fn tip(response: &Response, telling: &Telling) {
    egui::Tooltip::for_enabled(response).at_pointer().gap(12.0).show(|ui| show_telling(ui, telling));
}

/// What is told, within the width that there is: title, facts, consequences.
pub fn show_telling(ui: &mut Ui, telling: &Telling) {
    let colors = Colors::of(ui);
    ui.set_max_width(WIDTH);
    ui.spacing_mut().item_spacing.y = 3.0;
    let label = |ui: &mut Ui, text: &str, font: egui::FontId, color: egui::Color32| {
        ui.add(egui::Label::new(egui::RichText::new(text).font(font).color(color)).wrap());
    };
    label(ui, &telling.title, theme::strong(theme::TEXT), colors.text);
    if !telling.facts.is_empty() {
        label(ui, &telling.facts, theme::mono(11.0), colors.muted);
    }
    for (tone, line) in &telling.lines {
        label(ui, line, theme::plain(12.5), ink(colors, *tone));
    }
}
