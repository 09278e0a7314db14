//! The results as files for others: a table for a spreadsheet, a picture for a page.

use eframe::egui;
use egui::{CentralPanel, Frame, Margin, RichText, vec2};

use super::table::Sort;
use super::{Results, chart, table};
use crate::gui::raster::Image;
use crate::gui::screen::Screen;
use crate::gui::state::Scene;
use crate::gui::theme::{self, Colors};
use crate::gui::{fonts, text};

/// Pixels per point of the picture: sharp on paper too.
const SCALE: f32 = 2.0;
const MARGIN: f32 = 24.0;

/// Comma-separated values, the names of the columns first. They are the words of the outside contract in every
/// language; a time that never came is empty.
pub(super) fn csv(results: &Results) -> String {
    let mut out =
        "fault,handler,processes,duration_ms,written,present,torn,lost,destroyed,expired,in_flight,duplicated,\
                   astray,bound,faults_met,reopened,median_ms,worst_ms\n"
            .to_owned();
    let comparison = &results.comparison;
    let gap = |ms: Option<f64>| ms.map_or_else(String::new, |ms| format!("{ms:.3}"));
    for row in &results.rows {
        let (terms, recovered) = (&row.terms, &row.recovered);
        let fields = [
            row.fault.name.to_owned(),
            row.handler.name.to_owned(),
            comparison.processes.to_string(),
            comparison.duration.as_millis().to_string(),
            terms.written.to_string(),
            terms.present.to_string(),
            terms.torn.to_string(),
            terms.lost.to_string(),
            terms.destroyed.to_string(),
            terms.expired.to_string(),
            terms.in_flight.to_string(),
            terms.duplicated.to_string(),
            terms.astray.to_string(),
            terms.bound.to_string(),
            recovered.faults.to_string(),
            recovered.answered.to_string(),
            gap(recovered.median_ms),
            gap(recovered.worst_ms),
        ];
        out.push_str(&fields.join(","));
        out.push('\n');
    }
    out
}

/// Chart and table in full, in the window's theme and language, drawn without a screen.
pub(super) fn picture(results: &Results, scene: &Scene<'_>, sort: Sort, theme: egui::Theme) -> Image {
    let width = chart::least_width(results).max(table::LEAST_WIDTH) + 120.0;
    let blank = |height: f32| {
        let screen = Screen::new(vec2(width + 2.0 * MARGIN, height), SCALE);
        fonts::install(screen.context());
        theme::install(screen.context());
        screen.context().set_theme(theme);
        screen
    };
    // The first screen is only there to measure on.
    let mut height = 400.0;
    blank(height).pass(|ui| height = draw(ui, results, scene, sort, width));
    blank(height.ceil()).picture(|ui| {
        draw(ui, results, scene, sort, width);
    })
}

/// Draws all and gives the height that it takes.
fn draw(ui: &mut egui::Ui, results: &Results, scene: &Scene<'_>, sort: Sort, width: f32) -> f32 {
    let colors = Colors::of(ui);
    let frame = Frame::new().fill(colors.window).inner_margin(Margin::same(MARGIN as i8));
    let inner = CentralPanel::default().frame(frame).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 0.0;
        ui.label(RichText::new(scene.tr("compare-title")).font(theme::strong(18.0)));
        ui.add_space(4.0);
        let comparison = &results.comparison;
        let args = [
            ("processes", comparison.processes.into()),
            ("time", text::gap(comparison.duration.as_secs_f64() * 1000.0).into()),
            ("version", env!("CARGO_PKG_VERSION").into()),
        ];
        ui.label(RichText::new(scene.tr_args("compare-picture", &args)).color(colors.muted));
        ui.add_space(16.0);
        chart::show(ui, scene, results, None, width);
        ui.add_space(20.0);
        let mut sort = sort;
        table::show(ui, scene, results, &mut sort, width);
        ui.min_rect().height()
    });
    inner.inner + 2.0 * MARGIN
}
