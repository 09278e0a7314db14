//! The timeline.

use eframe::egui;

use crate::gui::state::{Scene, State};

/// What the timeline keeps between frames.
#[derive(Default)]
pub struct TimelineView {}

impl TimelineView {
    /// Draws the timeline with its head into all the space of `ui`.
    pub fn show(&mut self, ui: &mut egui::Ui, scene: &Scene<'_>, state: &mut State) {
        let _ = (ui, scene, state);
    }
}
