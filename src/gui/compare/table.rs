//! The figures of every run, in columns that can be sorted by.

use std::cmp::Ordering;

use eframe::egui;
use egui::{Align2, Color32, Rect, Sense, Stroke, Ui, pos2, vec2};

use super::{Results, Row, chart, gap};
use crate::gui::state::Scene;
use crate::gui::text::number;
use crate::gui::theme::{self, Colors};
use crate::gui::widgets::{self, Icon, paint_line};

/// The least width at which all columns can be read.
pub(super) const LEAST_WIDTH: f32 = 940.0;
const ROW: f32 = 22.0;
/// Height of the line that says of what the columns below it are.
const GROUP: f32 = 20.0;
const HEAD: f32 = GROUP + ROW;

/// What some neighbouring columns have in common: the key of its words, the first column and the last.
const GROUPS: [(&str, Column, Column); 2] = [
    ("compare-group-lines", Column::Written, Column::Duplicated),
    ("compare-group-times", Column::Median, Column::Worst),
];

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    Fault,
    Handler,
    Written,
    Present,
    Astray,
    Torn,
    Lost,
    LostPercent,
    Destroyed,
    Expired,
    Duplicated,
    Median,
    Worst,
}

/// All of them, each with its share of the width.
const COLUMNS: [(Column, f32); 13] = [
    (Column::Fault, 1.35),
    (Column::Handler, 2.55),
    (Column::Written, 1.0),
    (Column::Present, 1.0),
    (Column::Astray, 0.9),
    (Column::Torn, 0.8),
    (Column::Lost, 1.0),
    (Column::LostPercent, 0.95),
    (Column::Destroyed, 1.15),
    (Column::Expired, 0.9),
    (Column::Duplicated, 1.15),
    (Column::Median, 1.05),
    (Column::Worst, 1.05),
];

/// By what the rows are sorted; the order of the runs if by nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sort(Option<(Column, bool)>);

impl Sort {
    /// Down, up, and back to the order of the runs. Names begin with up.
    fn click(self, column: Column) -> Sort {
        let first_down = !matches!(column, Column::Fault | Column::Handler);
        Sort(match self.0 {
            Some((sorted, down)) if sorted == column => (down == first_down).then_some((column, !down)),
            _ => Some((column, first_down)),
        })
    }

    pub(super) fn sorted(self, rows: &[Row]) -> Vec<Row> {
        let mut rows = rows.to_vec();
        if let Some((column, down)) = self.0 {
            rows.sort_by(|one, other| {
                let order = column.compare(one, other);
                if down { order.reverse() } else { order }
            });
        }
        rows
    }
}

impl Column {
    fn key(self) -> &'static str {
        match self {
            Column::Fault => "compare-fault",
            Column::Handler => "compare-handler",
            Column::Written => "term-written",
            Column::Present => "term-present",
            Column::Astray => "term-astray",
            Column::Torn => "term-torn",
            Column::Lost => "term-lost",
            Column::LostPercent => "compare-lost-percent",
            Column::Destroyed => "term-destroyed",
            Column::Expired => "term-expired",
            Column::Duplicated => "term-duplicated",
            Column::Median => "compare-median",
            Column::Worst => "compare-worst",
        }
    }

    fn is_name(self) -> bool {
        matches!(self, Column::Fault | Column::Handler)
    }

    fn text(self, scene: &Scene<'_>, row: &Row) -> String {
        let terms = &row.terms;
        let bound = |sign: &str, n: u64| if terms.bound && n > 0 { format!("{sign}{}", number(n)) } else { number(n) };
        match self {
            Column::Fault => row.fault.name.to_owned(),
            Column::Handler => row.handler.name.to_owned(),
            Column::Written => number(terms.written),
            Column::Present => number(terms.present),
            Column::Astray => number(terms.astray),
            Column::Torn => number(terms.torn),
            Column::Lost => bound("≥", terms.lost),
            Column::LostPercent => format!("{:.2}", row.lost_percent()),
            Column::Destroyed => bound("≤", terms.destroyed),
            Column::Expired => number(terms.expired),
            Column::Duplicated => number(terms.duplicated),
            Column::Median => gap(scene, &row.recovered, row.recovered.median_ms),
            Column::Worst => gap(scene, &row.recovered, row.recovered.worst_ms),
        }
    }

    /// Nothing is quiet, loss is red, and what is neither good nor lost has the colour of a warning.
    fn color(self, row: &Row, colors: &Colors) -> Color32 {
        let terms = &row.terms;
        let never = |ms: Option<f64>| row.recovered.faults > 0 && ms.is_none();
        let some = |n: u64, color: Color32| if n > 0 { color } else { colors.muted };
        match self {
            Column::Torn => some(terms.torn, colors.bad),
            Column::Lost | Column::LostPercent => some(terms.lost, colors.bad),
            Column::Duplicated => some(terms.duplicated, colors.warn),
            Column::Astray => some(terms.astray, colors.warn),
            Column::Destroyed => some(terms.destroyed, colors.text),
            Column::Expired => some(terms.expired, colors.text),
            Column::Median if never(row.recovered.median_ms) => colors.bad,
            Column::Worst if never(row.recovered.worst_ms) => colors.bad,
            Column::Median | Column::Worst => some(row.recovered.faults as u64, colors.text),
            Column::Fault | Column::Handler | Column::Written | Column::Present => colors.text,
        }
    }

    fn compare(self, one: &Row, other: &Row) -> Ordering {
        let of = |row: &Row| match self {
            Column::Fault | Column::Handler => 0.0,
            Column::Written => row.terms.written as f64,
            Column::Present => row.terms.present as f64,
            Column::Astray => row.terms.astray as f64,
            Column::Torn => row.terms.torn as f64,
            Column::Lost => row.terms.lost as f64,
            Column::LostPercent => row.lost_percent(),
            Column::Destroyed => row.terms.destroyed as f64,
            Column::Expired => row.terms.expired as f64,
            Column::Duplicated => row.terms.duplicated as f64,
            Column::Median => ms(row, row.recovered.median_ms),
            Column::Worst => ms(row, row.recovered.worst_ms),
        };
        match self {
            Column::Fault => one.fault.name.cmp(other.fault.name),
            Column::Handler => one.handler.name.cmp(other.handler.name),
            _ => of(one).total_cmp(&of(other)),
        }
    }
}

/// What never came is the longest; where nothing was to come there is no time at all.
fn ms(row: &Row, ms: Option<f64>) -> f64 {
    if row.recovered.faults == 0 { -1.0 } else { ms.unwrap_or(f64::INFINITY) }
}

/// Draws it, `width` points wide. Its head stays in sight while the rows move under it.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, results: &Results, sort: &mut Sort, width: f32) {
    let rows = sort.sorted(&results.rows);
    let height = HEAD + ROW * rows.len() as f32;
    let (rect, _) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    let many_handlers = results.comparison.handlers.len() > 1;
    for (number, row) in rows.iter().enumerate() {
        let top = rect.top() + HEAD + ROW * number as f32;
        let line = Rect::from_min_size(pos2(rect.left(), top), vec2(width, ROW));
        if !ui.is_rect_visible(line) {
            continue;
        }
        let before = number.checked_sub(1).map(|before| rows[before].fault.name);
        let begins = sort.0.is_none() && many_handlers && before.is_some_and(|before| before != row.fault.name);
        show_row(ui, scene, line, row, begins);
    }
    let top = rect.top().max(ui.clip_rect().top().min(rect.bottom() - HEAD));
    let head = Rect::from_min_size(pos2(rect.left(), top), vec2(width, HEAD));
    ui.painter().rect_filled(head, 0.0, Colors::of(ui).window);
    show_groups(ui, scene, head);
    show_head(ui, scene, head.with_min_y(top + GROUP), sort);
}

/// Of what the figures are, and in what they are counted.
fn show_groups(ui: &Ui, scene: &Scene<'_>, head: Rect) {
    let colors = Colors::of(ui);
    let cell = |wanted: Column| columns(head).find(|(column, _)| *column == wanted).map_or(head, |(_, cell)| cell);
    for (key, first, last) in GROUPS {
        let (left, right) = (cell(first).left() + 6.0, cell(last).right() - 6.0);
        let line = Rect::from_min_max(pos2(left, head.top()), pos2(right, head.top() + GROUP));
        let text = scene.tr(key);
        let font = theme::plain(theme::SMALL);
        paint_line(ui, line.center(), Align2::CENTER_CENTER, &text, font, colors.muted, line.width());
        ui.painter().hline(line.x_range(), line.bottom(), Stroke::new(1.0, colors.hairline));
        let response = ui.interact(line, ui.scope_id().with(("compare group", key)), Sense::hover());
        widgets::named(&response, &text);
        response.on_hover_text(scene.tr(&format!("{key}.tip")));
    }
}

fn columns(line: Rect) -> impl Iterator<Item = (Column, Rect)> {
    let whole: f32 = COLUMNS.iter().map(|(_, share)| share).sum();
    let mut left = line.left();
    COLUMNS.into_iter().map(move |(column, share)| {
        let width = line.width() * share / whole;
        let cell = Rect::from_min_size(pos2(left, line.top()), vec2(width, line.height()));
        left += width;
        (column, cell)
    })
}

fn show_row(ui: &mut Ui, scene: &Scene<'_>, line: Rect, row: &Row, begins: bool) {
    let colors = Colors::of(ui);
    let id = ui.scope_id().with(("compare row", row.fault.name, row.handler.name));
    let response = ui.interact(line, id, Sense::hover());
    if response.hovered() {
        ui.painter().rect_filled(line, 4.0, colors.hover);
    }
    if begins {
        ui.painter().hline(line.x_range(), line.top(), Stroke::new(1.0, colors.hairline));
    }
    let label = format!("{} · {}: {} {}", row.handler.name, row.fault.name, scene.tr("term-lost"), row.terms.lost);
    widgets::named(&response, &label);
    for (column, cell) in columns(line) {
        let inner = cell.shrink2(vec2(6.0, 0.0));
        let (align, at) = match column.is_name() {
            true => (Align2::LEFT_CENTER, inner.left_center()),
            false => (Align2::RIGHT_CENTER, inner.right_center()),
        };
        let text = column.text(scene, row);
        paint_line(ui, at, align, &text, theme::mono(theme::MONO), column.color(row, colors), inner.width());
    }
    response.on_hover_ui(|ui| chart::tooltip(ui, scene, row));
}

fn show_head(ui: &mut Ui, scene: &Scene<'_>, line: Rect, sort: &mut Sort) {
    let colors = Colors::of(ui);
    ui.painter().hline(line.x_range(), line.bottom(), Stroke::new(1.0, colors.hairline));
    for (column, cell) in columns(line) {
        let response = ui.interact(cell, ui.scope_id().with(("compare column", column.key())), Sense::click());
        let inner = cell.shrink2(vec2(6.0, 0.0));
        let sorted = sort.0.filter(|(sorted, _)| *sorted == column);
        let color = if sorted.is_some() || response.hovered() { colors.text } else { colors.muted };
        let text = scene.tr(column.key());
        let font = theme::plain(theme::SMALL);
        let (align, at, end) = match column.is_name() {
            true => (Align2::LEFT_CENTER, inner.left_center(), inner.right() - 6.0),
            false => (Align2::RIGHT_CENTER, inner.right_center(), 0.0),
        };
        let taken = paint_line(ui, at, align, &text, font, color, inner.width());
        if let Some((_, down)) = sorted {
            let x = if end > 0.0 { (inner.left() + taken + 9.0).min(end) } else { inner.right() - taken - 8.0 };
            let icon = if down { Icon::Down } else { Icon::Up };
            widgets::paint_icon(ui, pos2(x, line.center().y), icon, colors.text);
        }
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &text));
        if response.on_hover_text(scene.tr(&format!("{}.tip", column.key()))).clicked() {
            *sort = sort.click(column);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_third_click_leaves_the_order_of_the_runs() {
        let mut sort = Sort::default();
        let mut seen = Vec::new();
        for _ in 0..3 {
            sort = sort.click(Column::Lost);
            seen.push(sort.0);
        }
        assert_eq!(seen, [Some((Column::Lost, true)), Some((Column::Lost, false)), None]);
        assert_eq!(sort.click(Column::Fault).0, Some((Column::Fault, false)), "names begin with A");
    }
}
