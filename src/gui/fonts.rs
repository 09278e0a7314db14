//! The faces of the window.

use std::sync::Arc;

use eframe::egui;
use egui::{FontDefinitions, FontFamily};

/// Name of the family that holds the semibold cut.
pub const STRONG: &str = "strong";

/// Gives a context the window's faces. They hold from its next pass on.
pub fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    let plain = fonts.families.get(&FontFamily::Proportional).cloned().unwrap_or_default();
    fonts.families.insert(FontFamily::Name(Arc::from(STRONG)), plain);
    ctx.set_fonts(fonts);
}
