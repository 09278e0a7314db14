//! A bar for each handler under each fault: what became of the lines that it was given.

use eframe::egui;
use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::{Results, Row, about_handler, gap};
use crate::engine::FaultInfo;
use crate::gui::state::Scene;
use crate::gui::text::number;
use crate::gui::theme::{self, Colors};
use crate::gui::widgets::{self, paint_line, text_width};
use crate::handler::ClassInfo;
use crate::model::Terms;

const NAMES: f32 = 156.0;
const LEAST_CELL: f32 = 70.0;
const WIDEST_CELL: f32 = 150.0;
const LEGEND: f32 = 24.0;
const HEAD: f32 = 24.0;
const CELL: f32 = 36.0;
const BAR: f32 = 10.0;
/// What is there at all is seen.
const LEAST_BAR: f32 = 2.0;

/// A part of a bar.
struct Part {
    key: &'static str,
    lines: u64,
    color: Color32,
    /// Crossed by lines, so that it is told from its neighbour without colour.
    hatched: bool,
}

/// The parts of a bar, good ones first; together they are what was written.
fn parts(terms: &Terms, colors: &Colors) -> [Part; 6] {
    let part = |key, lines, color, hatched| Part { key, lines, color, hatched };
    [
        part("term-present", terms.present - terms.astray.min(terms.present), colors.ok, false),
        part("term-astray", terms.astray.min(terms.present), colors.warn, false),
        part("term-expired", terms.expired + terms.in_flight, colors.levels[0], true),
        part("term-destroyed", terms.destroyed, colors.levels[0], false),
        part("term-torn", terms.torn, colors.bad, true),
        part("term-lost", terms.lost, colors.bad, false),
    ]
}

/// The least width at which its figures can be read.
pub(super) fn least_width(results: &Results) -> f32 {
    NAMES + LEAST_CELL * results.comparison.faults.len() as f32
}

/// Draws it, `width` points wide. `current` is the run at hand.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, results: &Results, current: Option<(&str, &str)>, width: f32) {
    let comparison = &results.comparison;
    let handlers: Vec<&ClassInfo> = comparison.handlers.iter().map(|class| class.info()).collect();
    let height = LEGEND + HEAD + CELL * handlers.len() as f32;
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    legend(ui, scene, rect.with_max_y(rect.top() + LEGEND));
    let cell_width = ((width - NAMES) / comparison.faults.len().max(1) as f32).clamp(LEAST_CELL, WIDEST_CELL);
    let grid = rect.with_min_y(rect.top() + LEGEND);
    let right = grid.left() + NAMES + cell_width * comparison.faults.len() as f32;
    for (column, fault) in comparison.faults.iter().enumerate() {
        let left = grid.left() + NAMES + cell_width * column as f32;
        let head = Rect::from_min_size(pos2(left, grid.top()), vec2(cell_width, HEAD));
        name(ui, head.with_min_x(left + 5.0), theme::SMALL, fault.name, &scene.tr(fault.sentence_key));
        for (line, info) in handlers.iter().enumerate() {
            let top = grid.top() + HEAD + CELL * line as f32;
            let rect = Rect::from_min_size(pos2(left, top), vec2(cell_width, CELL));
            let row = results.rows.iter().find(|row| row.handler.name == info.name && row.fault.name == fault.name);
            let at_hand = current == Some((info.name, fault.name)) && row.is_none();
            cell(ui, scene, rect, (info, fault), row, at_hand);
        }
    }
    for (line, info) in handlers.iter().enumerate() {
        let top = grid.top() + HEAD + CELL * line as f32;
        ui.painter().hline(grid.left()..=right, top, Stroke::new(1.0, Colors::of(ui).grid));
        let rect = Rect::from_min_size(pos2(grid.left(), top), vec2(NAMES, CELL));
        name(ui, rect, theme::MONO, info.name, &about_handler(scene, info));
    }
}

/// The name of a row or a column, with its sentence on hover.
fn name(ui: &mut Ui, rect: Rect, size: f32, name: &str, sentence: &str) {
    let response = ui.interact(rect, ui.scope_id().with(("compare name", name)), Sense::hover());
    let color = Colors::of(ui).text;
    paint_line(ui, rect.left_center(), Align2::LEFT_CENTER, name, theme::mono(size), color, rect.width());
    widgets::named(&response, name);
    response.on_hover_ui(|ui| {
        ui.label(egui::RichText::new(name).font(theme::strong(theme::TEXT)));
        ui.label(sentence);
    });
}

/// What each fill means.
fn legend(ui: &Ui, scene: &Scene<'_>, rect: Rect) {
    let colors = Colors::of(ui);
    let mut at = rect.left_center() - vec2(0.0, 3.0);
    let font = theme::plain(theme::SMALL);
    for part in parts(&Terms::default(), colors) {
        let swatch = Rect::from_center_size(at + vec2(6.0, 0.0), vec2(12.0, BAR));
        fill(ui, swatch, &part);
        let text = scene.tr(part.key);
        at.x = ui.painter().text(at + vec2(17.0, 0.0), Align2::LEFT_CENTER, text, font.clone(), colors.muted).right();
        at.x += 14.0;
    }
    for (key, color) in [("compare-plus", colors.warn), ("compare-percent", colors.bad)] {
        at.x = ui.painter().text(at, Align2::LEFT_CENTER, scene.tr(key), font.clone(), color).right() + 14.0;
    }
}

fn fill(ui: &Ui, rect: Rect, part: &Part) {
    if !part.hatched {
        ui.painter().rect_filled(rect, 1.0, part.color);
        return;
    }
    let colors = Colors::of(ui);
    let painter = ui.painter().with_clip_rect(rect.intersect(ui.clip_rect()));
    painter.rect_filled(rect, 1.0, theme::mix(colors.window, part.color, 0.35));
    let mut x = rect.left() - rect.height();
    while x < rect.right() {
        painter
            .line_segment([pos2(x, rect.bottom()), pos2(x + rect.height(), rect.top())], Stroke::new(1.25, part.color));
        x += 4.0;
    }
}

fn cell(ui: &mut Ui, scene: &Scene<'_>, rect: Rect, of: (&ClassInfo, &FaultInfo), row: Option<&Row>, at_hand: bool) {
    let colors = Colors::of(ui);
    let inner = rect.shrink2(vec2(5.0, 0.0));
    let bar = Rect::from_min_size(inner.min + vec2(0.0, 6.0), vec2(inner.width(), BAR));
    let Some(row) = row else {
        let edge = if at_hand { colors.accent } else { colors.hairline };
        ui.painter().extend(widgets::dashed_frame(bar.shrink(0.5), edge));
        return;
    };
    paint_bar(ui, bar, &row.terms);
    let figures = pos2(inner.left(), bar.bottom() + 9.0);
    let (text, color) = figure(row, colors);
    let small = theme::mono(theme::SMALL);
    paint_line(ui, figures, Align2::LEFT_CENTER, &text, small.clone(), color, inner.width());
    let room = inner.width() - text_width(ui, &text, small.clone()) - 4.0;
    if row.terms.duplicated > 0 {
        let text = format!("+{}", number(row.terms.duplicated));
        let at = pos2(inner.right(), figures.y);
        paint_line(ui, at, Align2::RIGHT_CENTER, &text, small, colors.warn, room);
    }
    let response = ui.interact(rect, ui.scope_id().with(("compare cell", of.0.name, of.1.name)), Sense::hover());
    widgets::named(&response, &format!("{} · {}: {} {text}", of.0.name, of.1.name, scene.tr("term-lost")));
    if response.hovered() {
        widgets::paint_outline(ui, rect.shrink(1.0), colors.outline);
    }
    response.on_hover_ui(|ui| tooltip(ui, scene, row));
}

/// The share that was lost or torn, red unless it is none.
fn figure(row: &Row, colors: &Colors) -> (String, Color32) {
    let gone = row.terms.lost + row.terms.torn;
    if gone == 0 {
        return ("0".to_owned(), colors.muted);
    }
    let percent = gone as f64 * 100.0 / row.terms.written.max(1) as f64;
    let text = match percent {
        _ if percent < 0.005 => format!("{gone}/{}", row.terms.written),
        _ if percent < 10.0 => format!("{percent:.2} %"),
        _ => format!("{percent:.1} %"),
    };
    (text, colors.bad)
}

fn paint_bar(ui: &Ui, bar: Rect, terms: &Terms) {
    let colors = Colors::of(ui);
    ui.painter().rect_filled(bar, 1.0, colors.raised);
    let parts = parts(terms, colors);
    let whole: u64 = parts.iter().map(|part| part.lines).sum();
    let shown = parts.iter().filter(|part| part.lines > 0).count() as f32;
    let room = (bar.width() - shown * LEAST_BAR).max(0.0);
    let mut left = bar.left();
    for part in parts.iter().filter(|part| part.lines > 0) {
        let width = LEAST_BAR + room * (part.lines as f64 / whole as f64) as f32;
        fill(ui, Rect::from_min_size(pos2(left, bar.top()), vec2(width, bar.height())), part);
        left += width;
    }
}

/// Everything that is known of one run.
pub(super) fn tooltip(ui: &mut Ui, scene: &Scene<'_>, row: &Row) {
    let colors = Colors::of(ui);
    ui.label(
        egui::RichText::new(format!("{} · {}", row.handler.name, row.fault.name)).font(theme::strong(theme::TEXT)),
    );
    ui.weak(scene.tr(row.fault.sentence_key));
    ui.weak(about_handler(scene, row.handler));
    ui.add_space(4.0);
    let terms = &row.terms;
    // A row is as high as its text, not as a button.
    ui.spacing_mut().interact_size.y = 16.0;
    egui::Grid::new("compare figures").num_columns(2).spacing([24.0, 2.0]).show(ui, |ui| {
        for (key, n, loud) in [
            ("term-written", terms.written, false),
            ("term-present", terms.present, false),
            ("term-destroyed", terms.destroyed, false),
            ("term-expired", terms.expired, false),
            ("term-torn", terms.torn, true),
            ("term-lost", terms.lost, true),
            ("term-duplicated", terms.duplicated, false),
            ("term-astray", terms.astray, false),
        ] {
            let color = if loud && n > 0 { colors.bad } else { colors.text };
            ui.label(egui::RichText::new(scene.tr(key)).color(colors.muted));
            ui.label(egui::RichText::new(number(n)).font(theme::mono(theme::MONO)).color(color));
            ui.end_row();
        }
        let recovered = &row.recovered;
        let figures = [
            ("compare-median", gap(scene, recovered, recovered.median_ms)),
            ("compare-worst", gap(scene, recovered, recovered.worst_ms)),
            ("compare-reopened", format!("{}/{}", recovered.answered, recovered.faults)),
        ];
        for (key, text) in figures {
            ui.label(egui::RichText::new(scene.tr(key)).color(colors.muted));
            ui.label(egui::RichText::new(text).font(theme::mono(theme::MONO)));
            ui.end_row();
        }
    });
}
