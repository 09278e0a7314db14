//! Paints the timeline, from what lies behind to what lies on top.

use eframe::egui;
use egui::{Align2, Color32, CornerRadius, Id, Rect, Sense, Ui, pos2, vec2};

use super::lanes::{LANE, Lane, Lanes, What};
use super::marks::{BADGE, Cluster, Place, badge};
use super::{Canvas, NAMES, axis, bars, curves, rates};
use crate::gui::state::{Jump, Scene, Selection, State};
use crate::gui::story::{Teller, Tone, file_name};
use crate::gui::telling::ink;
use crate::gui::trash::is_in_trash;
use crate::gui::{theme, widgets};

/// Badges that are controls of their own, for keyboard and screen reader; beyond them the pointer finds them still.
const MOST_CONTROLS: usize = 120;

/// Everything, into `all`.
pub(super) fn everything(
    ui: &Ui,
    canvas: &Canvas<'_>,
    lanes: &Lanes,
    all: Rect,
    rates_rect: Option<Rect>,
    clusters: &[Cluster],
    state: &mut State,
) {
    let ruler = axis::lay_out(canvas);
    axis::paint_behind(canvas, &ruler, all);
    let timeline = canvas.scene.model.timeline();
    for lane in &lanes.all {
        let (top, bottom) = (canvas.y(lane.top), canvas.y(lane.top + lane.height));
        if bottom < canvas.rect.top() || top > canvas.rect.bottom() {
            continue;
        }
        name(ui, canvas, lane, state);
        match lane.what {
            What::Heading(_) => {}
            What::Path(index) => {
                if let Some(path) = timeline.paths.get(index) {
                    bars::paint_path(ui, canvas, lane, path, index, clusters);
                }
            }
            What::Worker(worker) => {
                if let Some(spans) = timeline.workers.get(worker.0 as usize) {
                    bars::paint_worker(ui, canvas, lane, spans);
                }
            }
        }
    }
    if let Some(rect) = rates_rect {
        rates::paint(canvas, rect);
        let at = pos2(rect.left() - NAMES + theme::EDGE, rect.top() + 6.0);
        let word = canvas.scene.tr("timeline-rates");
        canvas.over.text(at, Align2::LEFT_CENTER, word, theme::strong(theme::SMALL), canvas.colors.muted);
    }
    axis::paint_over(canvas, &ruler, all);
    curves::paint(canvas, lanes);
    for lane in &lanes.all {
        match lane.what {
            What::Heading(_) => {}
            What::Path(index) => {
                if let Some(path) = timeline.paths.get(index) {
                    bars::note_path(canvas, lane, path);
                }
            }
            What::Worker(worker) => {
                if let Some(spans) = timeline.workers.get(worker.0 as usize) {
                    bars::note_worker(canvas, lane, worker, spans, clusters);
                }
            }
        }
    }
    for (nth, cluster) in clusters.iter().enumerate() {
        paint_badge(ui, canvas, lanes, cluster, nth, state);
    }
}

/// The name of a lane, elided; a click selects what it is about.
fn name(ui: &Ui, canvas: &Canvas<'_>, lane: &Lane, state: &mut State) {
    let scene = canvas.scene;
    let left = canvas.rect.left() - NAMES + theme::EDGE;
    let rect =
        Rect::from_min_max(pos2(left, canvas.y(lane.top)), pos2(canvas.rect.left() - 8.0, canvas.y(lane.top) + LANE));
    let clip = canvas.rect.with_min_x(left - theme::EDGE);
    let painter = canvas.over.with_clip_rect(clip.intersect(canvas.over.clip_rect()));
    let (text, font, color, tip) = match lane.what {
        What::Heading(key) => {
            let at = pos2(left, canvas.y(lane.top) + lane.height / 2.0 + 1.0);
            painter.text(at, Align2::LEFT_CENTER, scene.tr(key), theme::strong(theme::SMALL), canvas.colors.muted);
            return;
        }
        What::Path(index) => {
            let Some(path) = scene.model.timeline().paths.get(index) else { return };
            // Beside the lane of the name that the file had before.
            let name = file_name(&path.path);
            let in_trash = || scene.tr_args("timeline-in-trash", &[("name", name.as_str().into())]);
            let name = if is_in_trash(&path.path) { in_trash() } else { name };
            (name, theme::plain(12.0), canvas.colors.text, path.path.display().to_string())
        }
        What::Worker(id) => {
            let Some(worker) = scene.model.worker(id) else { return };
            (worker.setup.name.clone(), theme::plain(12.0), canvas.colors.text, worker.setup.handler.clone())
        }
    };
    let shown = widgets::elided(ui, &text, &font, rect.width());
    let galley = painter.layout_no_wrap(shown.into_owned(), font, color);
    let at = Align2::LEFT_CENTER.anchor_size(rect.left_center(), galley.size());
    painter.galley(at.min, galley, color);
    let visible = rect.intersect(clip);
    if !visible.is_positive() {
        return;
    }
    let response = ui.interact(visible, Id::unique("rotascope lane").with(lane.what), Sense::click());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, text.as_str()));
    if response.clone().on_hover_text(tip).clicked() {
        state.selection = match lane.what {
            What::Worker(id) => Some(Selection::Worker(id)),
            What::Path(index) => newest(scene, index).map(Selection::Incarnation),
            What::Heading(_) => None,
        };
    }
    if response.hovered()
        && let What::Path(index) = lane.what
    {
        state.hovering = newest(scene, index);
    }
}

fn newest(scene: &Scene<'_>, index: usize) -> Option<crate::event::IncarnationId> {
    scene.model.timeline().paths.get(index)?.bars.last().map(|bar| bar.incarnation)
}

/// Where a badge stands on the screen; none if it is out of view.
pub(super) fn badge_rect(canvas: &Canvas<'_>, lanes: &Lanes, cluster: &Cluster) -> Option<Rect> {
    let middle = match cluster.place {
        // Below the times, which no badge may cover.
        Place::Ruler => canvas.rect.top() + 8.5,
        place => canvas.y(lanes.of_place(place)?.middle()),
    };
    let x = canvas.rect.left() + cluster.x as f32;
    let rect = Rect::from_center_size(pos2(x, middle), vec2(BADGE, BADGE));
    let inside = cluster.place == Place::Ruler || canvas.rect.y_range().contains(middle);
    (inside && x >= canvas.rect.left() - BADGE && x <= canvas.rect.right() + BADGE).then_some(rect)
}

fn paint_badge(ui: &Ui, canvas: &Canvas<'_>, lanes: &Lanes, cluster: &Cluster, nth: usize, state: &mut State) {
    let Some(rect) = badge_rect(canvas, lanes, cluster) else { return };
    let Some(mark) = canvas.scene.model.timeline().mark(cluster.chief) else { return };
    let (_, weight, tone) = badge(&mark.kind);
    let label = cluster.label(&mark.kind);
    let painter = if cluster.place == Place::Ruler { &canvas.over } else { &canvas.painter };
    let (fill, text) = fills(canvas, tone, weight);
    let wide = label.len().saturating_sub(1) as f32 * 5.0;
    let shape = rect.expand2(vec2(wide / 2.0, 0.0));
    painter.rect_filled(shape.expand(1.5), CornerRadius::same(5), canvas.colors.panel);
    painter.rect_filled(shape, CornerRadius::same(4), fill);
    painter.text(shape.center(), Align2::CENTER_CENTER, label, theme::strong(9.5), text);
    if nth < MOST_CONTROLS {
        let response =
            ui.interact(shape.expand(2.0), Id::unique("rotascope mark").with(cluster.chief.0), Sense::click());
        let told = Teller::new(canvas.scene).mark(cluster.chief).map(|telling| telling.text()).unwrap_or_default();
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, told.as_str()));
        if response.has_focus() {
            painter.rect_stroke(
                shape.expand(2.0),
                CornerRadius::same(5),
                egui::Stroke::new(1.5, canvas.colors.accent),
                egui::StrokeKind::Outside,
            );
        }
        if response.clicked() {
            state.jump = Some(Jump::Mark(cluster.chief));
        }
        if response.hovered() || response.has_focus() {
            super::hover::cluster(canvas, &response, cluster, state);
        }
    }
}

fn fills(canvas: &Canvas<'_>, tone: Tone, weight: u8) -> (Color32, Color32) {
    let colors = canvas.colors;
    match tone {
        Tone::Bad => (colors.bad, colors.on_bad),
        Tone::Quiet if weight == 0 => (colors.raised, colors.muted),
        Tone::Plain => (colors.accent, colors.on_accent),
        tone => (ink(colors, tone), colors.panel),
    }
}

/// A thin bar at the right that tells which lanes are in view.
pub(super) fn scroll_bar(canvas: &Canvas<'_>, height: f32, scrolled: f32) {
    let view = canvas.rect.height();
    let length = (view * view / height).max(16.0);
    let from = canvas.rect.top() + (view - length) * scrolled / (height - view).max(1.0);
    let bar = Rect::from_min_size(pos2(canvas.rect.right() + 1.0, from), vec2(4.0, length));
    canvas.over.rect_filled(bar, CornerRadius::same(2), canvas.colors.outline);
}
