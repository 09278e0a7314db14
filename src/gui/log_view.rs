//! The log view.

use eframe::egui;

use super::state::{Scene, State};

/// What the log view keeps between frames.
#[derive(Default)]
pub struct LogView {}

impl LogView {
    /// Draws the log view into all the space of `ui`.
    pub fn show(&mut self, ui: &mut egui::Ui, scene: &Scene<'_>, state: &mut State) {
        let _ = (ui, scene, state);
    }
}
