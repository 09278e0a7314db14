//! The strip above the timeline: its name, and what is shown of time.

use eframe::egui;
use egui::{Align, Layout, Rect, RichText, Stroke, Ui, UiBuilder, vec2};

use super::TimelineView;
use crate::gui::state::Scene;
use crate::gui::theme::{self, Colors};
use crate::gui::widgets;

/// What one press of − or + does.
const STEP: f64 = 1.5;

/// Draws the strip into `rect`.
pub(super) fn show(view: &mut TimelineView, ui: &mut Ui, rect: Rect, scene: &Scene<'_>) {
    let colors = Colors::of(ui);
    let inner = rect.shrink2(vec2(theme::EDGE, 0.0));
    let mut left = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    left.label(RichText::new(scene.tr("timeline-title")).font(theme::strong(12.0)).color(colors.text));
    let mut side = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    let ui = &mut side;
    ui.spacing_mut().item_spacing.x = 2.0;
    ui.spacing_mut().button_padding = vec2(9.0, 2.0);
    ui.spacing_mut().interact_size.y = 22.0;
    ui.add_enabled_ui(view.shown.is_some(), |ui| {
        if live_button(ui, scene, view.live) {
            view.live = !view.live;
        }
        if plain_button(ui, scene, "timeline-closer", "+") {
            view.zoom(STEP);
        }
        if plain_button(ui, scene, "timeline-farther", "−") {
            view.zoom(1.0 / STEP);
        }
        if plain_button(ui, scene, "timeline-fit", &scene.tr("timeline-fit")) {
            view.fit(scene);
        }
    });
}

fn plain_button(ui: &mut Ui, scene: &Scene<'_>, key: &str, text: &str) -> bool {
    let label = RichText::new(text).font(theme::plain(theme::TEXT));
    let button = egui::Button::new(label).frame_when_inactive(false).min_size(vec2(24.0, 22.0));
    let response = ui.add(button).accessible_name(scene.tr(key));
    response.on_hover_text(scene.tr(&format!("{key}.tip"))).clicked()
}

fn live_button(ui: &mut Ui, scene: &Scene<'_>, on: bool) -> bool {
    let colors = Colors::of(ui);
    let (ink, fill) = if on { (colors.accent, colors.selected) } else { (colors.text, colors.raised) };
    let text = RichText::new(scene.tr("timeline-live")).font(theme::plain(theme::TEXT)).color(ink);
    let button = egui::Button::new(text).fill(fill).stroke(Stroke::NONE).selected(on).min_size(vec2(24.0, 22.0));
    ui.add(button).on_hover_text(scene.tr("timeline-live.tip")).clicked()
}

/// What stands where nothing has happened yet.
pub(super) fn empty(ui: &mut Ui, rect: Rect, scene: &Scene<'_>) {
    let mut ui = ui.new_child(UiBuilder::new().max_rect(rect));
    widgets::empty(&mut ui, &scene.tr("timeline-nothing"), &scene.tr("timeline-nothing-why"));
}
