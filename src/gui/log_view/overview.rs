//! Ticks on the scroll bar: where things happened, and where the search has found something.

use eframe::egui;
use egui::epaint::Mesh;
use egui::{Rect, Shape, Ui, pos2, vec2};

use super::order::Order;
use crate::gui::find::RowSet;
use crate::gui::state::Scene;
use crate::gui::story::{Tone, verb};
use crate::gui::telling::ink;
use crate::gui::theme::{self, Colors};
use crate::model::Row;

/// Ticks beyond this many would be one grey strip.
const MOST: usize = 50_000;

/// The dividers of the session, by row.
#[derive(Default)]
pub(super) struct Overview {
    ticks: Vec<(u64, Tone)>,
    rows: u64,
}

impl Overview {
    /// Takes up the rows that are new.
    pub(super) fn update(&mut self, scene: &Scene<'_>) {
        let rows = scene.model.rows();
        for (row, _, what) in rows.stretches(self.rows) {
            if let Row::Divider(mark) = what
                && let Some(mark) = scene.model.timeline().mark(mark)
                && self.ticks.len() < MOST
            {
                self.ticks.push((row, verb(&mark.kind).1));
            }
        }
        self.rows = rows.len();
    }

    /// Paints the ticks along the bar at the right of `rect`.
    pub(super) fn paint(&self, ui: &Ui, rect: Rect, order: &Order<'_>, found: Option<&RowSet>) {
        let colors = Colors::of(ui);
        let mut mesh = Mesh::default();
        let height = rect.height().max(1.0);
        let y_of = |place: u64| rect.top() + (place as f64 / order.len().max(1) as f64) as f32 * height;
        if let Some(found) = found {
            let color = theme::mix(colors.window, colors.warn, 0.55);
            for y in hits(found, order, height as u64) {
                let tick = Rect::from_min_size(pos2(rect.right() - 3.0, rect.top() + y as f32), vec2(3.0, 2.0));
                mesh.add_colored_rect(tick, color);
            }
        }
        let mut last: Option<(f32, Tone)> = None;
        for (row, tone) in &self.ticks {
            let y = y_of(order.place(*row)).floor();
            let hidden = last.is_some_and(|(at, louder)| y - at < 2.0 && louder >= *tone);
            if hidden {
                continue;
            }
            last = Some((y, *tone));
            let color = match tone {
                Tone::Bad => colors.bad,
                Tone::Quiet | Tone::Plain => theme::mix(colors.window, colors.muted, 0.6),
                tone => theme::mix(colors.window, ink(colors, *tone), 0.6),
            };
            mesh.add_colored_rect(Rect::from_min_size(pos2(rect.right() - 11.0, y), vec2(4.0, 2.0)), color);
        }
        ui.painter().add(Shape::mesh(mesh));
    }
}

/// The points along a track of `height` points at which something was found.
fn hits(found: &RowSet, order: &Order<'_>, height: u64) -> Vec<u64> {
    let rows = order.len();
    if found.is_empty() || rows == 0 || height == 0 {
        return Vec::new();
    }
    let below = |at: u64| {
        let place = (u128::from(rows) * u128::from(at) / u128::from(height)) as u64;
        order.row(place).map_or_else(|| found.len(), |row| found.below(row))
    };
    let mut before = below(0);
    let mut hits = Vec::new();
    for y in 0..height {
        let next = below(y + 1);
        if next > before {
            hits.push(y);
        }
        before = next;
    }
    hits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hits_stand_where_their_rows_do() {
        let mut found = RowSet::default();
        for row in [0, 499_999, 500_000, 9_999_999] {
            found.push(row);
        }
        assert_eq!(hits(&found, &Order::All(10_000_000), 100), [0, 4, 5, 99]);
        assert!(hits(&found, &Order::All(0), 100).is_empty());
        assert!(hits(&RowSet::default(), &Order::All(10), 100).is_empty());
    }
}
