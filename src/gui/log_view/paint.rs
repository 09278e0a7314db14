//! Paints the rows that are in view.

use std::sync::Arc;

use eframe::egui;
use egui::{Align2, Color32, CornerRadius, Rect, Response, Stroke, Ui, pos2, vec2};

use super::divider;
use super::galleys::Laid;
use super::order::Order;
use super::store::Text;
use super::{LogView, scroll_bar};
use crate::event::{IncarnationId, LabState};
use crate::gui::find::Query;
use crate::gui::state::{Scene, State};
use crate::gui::text::number;
use crate::gui::theme::{self, Colors};
use crate::gui::widgets;
use crate::model::{Reach, Row};

/// Width of a digit of the log's face, in points.
const DIGIT: f32 = 7.2;
/// Width of an incarnation's stripe.
const STRIPE: f32 = 4.0;
/// Matches painted in one line at the most.
const MOST_MATCHES: usize = 64;

/// Where the parts of a row stand, in points from the left.
#[derive(Clone, Copy, Default)]
pub(super) struct Columns {
    /// Where the rows' numbers end; none if they are not shown.
    numbers: Option<f32>,
}

impl Columns {
    /// The columns for this many rows.
    pub(super) fn new(rows: u64, numbers: bool) -> Columns {
        Columns { numbers: numbers.then(|| theme::EDGE + number(rows.max(9_999)).len() as f32 * DIGIT) }
    }

    /// Where the stripe begins.
    pub(super) fn stripe(self) -> f32 {
        self.numbers.unwrap_or(2.0) + 10.0
    }

    /// Where the text begins.
    pub(super) fn text(self) -> f32 {
        self.stripe() + STRIPE + 10.0
    }
}

/// One row in view.
struct Place {
    rect: Rect,
    row: u64,
    what: Row,
}

impl LogView {
    pub(super) fn paint_rows(
        &mut self,
        ui: &Ui,
        rect: Rect,
        response: &Response,
        scene: &Scene<'_>,
        state: &mut State,
        order: &Order<'_>,
    ) {
        let places = self.places(ui, rect, scene, order);
        let wanted: Vec<_> = places
            .iter()
            .filter_map(|place| match place.what {
                Row::Line { incarnation, line } => Some((incarnation, line)),
                Row::Divider(_) => None,
            })
            .collect();
        self.store.fetch(scene, &mut self.sources, &wanted);
        let pointer = response.hover_pos().filter(|at| at.x < rect.right() - scroll_bar::WIDTH);
        for (nth, place) in places.iter().enumerate() {
            let hovered = pointer.is_some_and(|at| place.rect.contains(at));
            self.paint_ground(ui, place, hovered && matches!(place.what, Row::Divider(_)));
            match place.what {
                Row::Divider(mark) => {
                    let above = nth > 0 && matches!(places[nth - 1].what, Row::Divider(_));
                    divider::paint(ui, place.rect, self.columns.stripe(), scene, mark, above);
                    if hovered {
                        divider::hover(ui, response, scene, state, mark);
                    }
                }
                Row::Line { incarnation, line } => {
                    self.paint_line(ui, place, scene, state, (incarnation, line));
                    let over_stripe = pointer.is_some_and(|at| at.x < rect.left() + self.columns.text());
                    if hovered && over_stripe {
                        state.hovering = Some(incarnation);
                    }
                }
            }
        }
    }

    fn places(&self, ui: &Ui, rect: Rect, scene: &Scene<'_>, order: &Order<'_>) -> Vec<Place> {
        let count = (f64::from(rect.height()) + self.scroll.part) / f64::from(theme::ROW);
        let rows = scene.model.rows();
        let pixels = ui.pixels_per_point();
        let mut places = Vec::with_capacity(count as usize + 1);
        for nth in 0..count.ceil() as u64 {
            let Some(row) = order.row(self.scroll.top + nth) else { break };
            let Some(what) = rows.get(row) else { break };
            let top = f64::from(rect.top()) + nth as f64 * f64::from(theme::ROW) - self.scroll.part;
            // Whole pixels: letters between two pixels are blurred.
            let top = (top as f32 * pixels).round() / pixels;
            let rect = Rect::from_min_size(pos2(rect.left(), top), vec2(rect.width(), theme::ROW));
            places.push(Place { rect, row, what });
        }
        places
    }

    fn paint_ground(&self, ui: &Ui, place: &Place, hovered: bool) {
        let colors = Colors::of(ui);
        let divider = matches!(place.what, Row::Divider(_));
        let selected = self.selected.is_some_and(|selected| selected.rows().contains(&place.row));
        let fill = match (selected, divider) {
            (true, _) => colors.selected,
            (false, true) if hovered => colors.raised,
            (false, true) => colors.panel,
            _ => Color32::TRANSPARENT,
        };
        if fill != Color32::TRANSPARENT {
            ui.painter().rect_filled(place.rect, 0.0, fill);
        }
        if self.current == Some(place.row) {
            let mark = Rect::from_min_size(place.rect.min, vec2(2.0, theme::ROW));
            ui.painter().rect_filled(place.rect, 0.0, colors.accent.gamma_multiply(0.12));
            ui.painter().rect_filled(mark, 0.0, colors.accent);
        }
    }

    fn paint_line(&mut self, ui: &Ui, place: &Place, scene: &Scene<'_>, state: &State, key: (IncarnationId, u64)) {
        let colors = Colors::of(ui);
        let rect = place.rect;
        let (left, middle) = (rect.left(), rect.center().y);
        let text_left = left + self.columns.text();
        let clip =
            Rect::from_min_max(pos2(text_left, rect.top()), pos2(rect.right() - scroll_bar::WIDTH, rect.bottom()));
        let text = self.store.text(scene.model, key);
        let lit = state.hovered == Some(key.0);
        if lit {
            let ground = colors.incarnation(scene.hue(key.0)).gamma_multiply(0.10);
            ui.painter().rect_filled(rect.with_min_x(left + self.columns.stripe()), 0.0, ground);
        }
        let faint = theme::mix(colors.window, colors.muted, 0.75);
        if let Some(right) = self.columns.numbers {
            let label = number(scene.model.rows().lines_before(place.row) + 1);
            let at = pos2(left + right, middle);
            ui.painter().text(at, Align2::RIGHT_CENTER, label, theme::mono(theme::MONO), faint);
        }
        let standing = matches!(text, Text::Standing(_));
        self.paint_stripe(ui, rect, scene, key.0, standing, lit);
        let painter = ui.painter().with_clip_rect(clip.intersect(ui.clip_rect()));
        match &text {
            Text::Gone => {
                let words = scene.tr_args("log-gone", &[("chip", format!("#{}", key.0.0).into())]);
                painter.text(clip.left_center(), Align2::LEFT_CENTER, words, theme::plain(theme::SMALL), faint);
            }
            Text::Standing(raw) | Text::Remembered(raw) => {
                let laid = self.galleys.get(ui, key, raw, !standing);
                self.widest = self.widest.max(laid.galley.size().x + 12.0);
                let size = laid.galley.size();
                let at = pos2(text_left - self.across, middle - size.y / 2.0);
                if let Some(query) = self.search.query() {
                    let current = self.current == Some(place.row);
                    paint_matches(&painter, colors, query, raw, &laid, at, rect, current);
                }
                painter.galley(at, Arc::clone(&laid.galley), colors.text);
            }
        }
    }

    fn paint_stripe(&self, ui: &Ui, row: Rect, scene: &Scene<'_>, id: IncarnationId, standing: bool, lit: bool) {
        let colors = Colors::of(ui);
        let color = colors.incarnation(scene.hue(id));
        let width = if lit { STRIPE + 2.0 } else { STRIPE };
        let stripe =
            Rect::from_min_size(pos2(row.left() + self.columns.stripe(), row.top()), vec2(width, row.height()));
        let unlinked = scene.model.incarnation(id).is_some_and(|one| matches!(one.reach, Reach::Unlinked { .. }));
        if !standing {
            // What is no longer in its file is drawn hollow.
            for x in [stripe.left() + 0.5, stripe.right() - 0.5] {
                ui.painter().vline(x, stripe.y_range(), Stroke::new(1.0, color.gamma_multiply(0.7)));
            }
        } else if unlinked {
            for nth in 0..5 {
                let top = stripe.top() + nth as f32 * 4.0;
                let piece = Rect::from_min_size(pos2(stripe.left(), top), vec2(width, 2.5));
                ui.painter().rect_filled(piece, 0.0, color);
            }
        } else {
            ui.painter().rect_filled(stripe, 0.0, color);
        }
    }
}

#[allow(clippy::too_many_arguments, reason = "each is one thing of the row that is painted")]
fn paint_matches(
    painter: &egui::Painter,
    colors: &Colors,
    query: &Query,
    raw: &super::read::RawLine,
    laid: &Laid,
    at: egui::Pos2,
    row: Rect,
    current: bool,
) {
    let text = &laid.shown.text;
    for range in query.ranges(&raw.bytes, MOST_MATCHES) {
        let shown = laid.shown.shown_range(&range);
        if shown.is_empty() {
            continue;
        }
        let x_of = |byte: usize| {
            let chars = text[..byte].chars().count();
            laid.galley.pos_from_cursor(egui::text::CCursor::new(chars)).min.x
        };
        let found = Rect::from_min_max(
            pos2(at.x + x_of(shown.start) - 1.0, row.top() + 2.0),
            pos2(at.x + x_of(shown.end) + 1.0, row.bottom() - 2.0),
        );
        painter.rect_filled(found, CornerRadius::same(3), colors.found);
        if current {
            painter.rect_stroke(
                found,
                CornerRadius::same(3),
                Stroke::new(1.0, colors.accent),
                egui::StrokeKind::Outside,
            );
        }
    }
}

/// What stands where there are no lines.
pub(super) fn empty(ui: &mut Ui, rect: Rect, scene: &Scene<'_>, all_levels: bool) {
    let (what, why) = if !all_levels {
        ("log-none-of-levels", "log-none-of-levels-why")
    } else if scene.has_lab() && scene.model.lab_state() == LabState::Ready {
        ("log-ready", "log-ready-why")
    } else if scene.model.incarnations().is_empty() {
        ("log-waiting", "log-waiting-why")
    } else {
        ("log-empty", "log-empty-why")
    };
    let mut middle = ui.new_child(egui::UiBuilder::new().max_rect(rect));
    widgets::empty(&mut middle, &scene.tr(what), &scene.tr(why));
}

/// A short message at the foot of the view.
pub(super) fn note(ui: &Ui, rect: Rect, text: &str) {
    let colors = Colors::of(ui);
    let galley = ui.painter().layout_no_wrap(text.to_owned(), theme::plain(theme::TEXT), colors.text);
    let size = galley.size() + vec2(24.0, 12.0);
    let frame = Rect::from_center_size(pos2(rect.center().x, rect.bottom() - 30.0), size);
    ui.painter().rect_filled(frame, CornerRadius::same(6), colors.raised);
    widgets::paint_outline(ui, frame, colors.outline);
    ui.painter().galley(frame.min + vec2(12.0, 6.0), galley, colors.text);
}
