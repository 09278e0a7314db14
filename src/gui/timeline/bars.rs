//! Bars: when an incarnation had its name, and when a worker held it.

use eframe::egui;
use egui::epaint::Mesh;
use egui::{Align2, Color32, CornerRadius, Painter, Rect, Shape, Stroke, Ui, pos2, vec2};

use super::Canvas;
use super::lanes::{LANE, Lane};
use super::marks::{BADGE, Cluster, Place, taken};
use crate::clock::Mono;
use crate::event::{Origin, WorkerId};
use crate::gui::state::Scene;
use crate::gui::story::{Teller, file_name};
use crate::gui::theme::{self, Colors};
use crate::gui::trash::is_in_trash;
use crate::model::{Bar, Hue, Incarnation, PathLane, Reach, Span};

/// Height of a bar, and of the one below it.
const BAR: f32 = 12.0;
const BAR_BELOW: f32 = 7.0;
/// Below this width bars are drawn as one mesh, merged per pixel.
const NARROW: f32 = 3.0;
/// From the middle of a badge to text beside it.
const CLEAR: f32 = BADGE / 2.0 + 4.0;
/// A file counts as no longer written when it has not grown for this long.
const QUIET_NS: u64 = 1_500_000_000;

/// Collects what is too narrow for a shape of its own: a pixel is painted once, whatever falls on it.
struct Narrow {
    mesh: Mesh,
    last: f32,
    pixel: f32,
}

impl Narrow {
    fn new(ui: &Ui) -> Narrow {
        Narrow { mesh: Mesh::default(), last: f32::NEG_INFINITY, pixel: 1.0 / ui.pixels_per_point() }
    }

    fn add(&mut self, rect: Rect, color: Color32) {
        let left = (rect.left() / self.pixel).floor() * self.pixel;
        let right = rect.right().max(left + self.pixel);
        if right <= self.last {
            return;
        }
        let left = left.max(self.last);
        self.mesh.add_colored_rect(Rect::from_min_max(pos2(left, rect.top()), pos2(right, rect.bottom())), color);
        self.last = right;
    }

    fn paint(self, painter: &Painter) {
        if !self.mesh.is_empty() {
            painter.add(Shape::mesh(self.mesh));
        }
    }
}

/// The part of a stretch of time that is in view, in points on the screen.
fn extent(canvas: &Canvas<'_>, from: Mono, to: Mono) -> Option<(f32, f32)> {
    let (x0, x1) = (canvas.shown.x(from), canvas.shown.x(to));
    let width = canvas.width();
    if x1 < 0.0 || x0 > width {
        return None;
    }
    // A little beyond the edges, so that no round corner shows where a bar goes on.
    let left = canvas.rect.left();
    Some((left + x0.max(-8.0) as f32, left + x1.min(width + 8.0) as f32))
}

/// Bars of `items` that may be in view, `from` being in order: those that begin before the right edge.
fn in_view<'a, T>(items: &'a [T], canvas: &Canvas<'_>, from: impl Fn(&T) -> Mono) -> &'a [T] {
    let end = canvas.shown.at(canvas.width() + 8.0);
    &items[..items.partition_point(|item| from(item) <= end)]
}

/// Paints the bars of a path.
pub(super) fn paint_path(
    ui: &Ui,
    canvas: &Canvas<'_>,
    lane: &Lane,
    path: &PathLane,
    index: usize,
    clusters: &[Cluster],
) {
    let top = canvas.y(lane.top) + (LANE - BAR) / 2.0;
    let below = canvas.y(lane.top) + LANE - 1.0;
    let visible = in_view(&path.bars, canvas, |bar| bar.from);
    let mut narrow = Narrow::new(ui);
    for bar in visible.iter().filter(|bar| !bar.unlinked) {
        let Some((x0, x1)) = extent(canvas, bar.from, bar.to.unwrap_or(canvas.now)) else { continue };
        let rect = Rect::from_min_max(pos2(x0, top), pos2(x1, top + BAR));
        if rect.width() < NARROW {
            narrow.add(rect, canvas.colors.incarnation(canvas.scene.hue(bar.incarnation)));
        } else {
            paint_named(canvas, bar, rect, path, index, clusters);
        }
        if canvas.hovered == Some(bar.incarnation) {
            outline(canvas, rect);
        }
    }
    narrow.paint(&canvas.painter);
    paint_below(ui, canvas, below, visible);
}

/// What goes on without a name: where there are several at once, the newest is seen.
fn paint_below(ui: &Ui, canvas: &Canvas<'_>, top: f32, bars: &[Bar]) {
    let mut narrow = Narrow::new(ui);
    let mut unlinked = bars.iter().filter(|bar| bar.unlinked).peekable();
    while let Some(bar) = unlinked.next() {
        let hidden_from = unlinked.peek().map_or(canvas.now, |next| next.from);
        let to = bar.to.unwrap_or(canvas.now).min(hidden_from.max(bar.from));
        let Some((x0, x1)) = extent(canvas, bar.from, to) else { continue };
        let rect = Rect::from_min_max(pos2(x0, top), pos2(x1, top + BAR_BELOW));
        if rect.width() < NARROW {
            narrow.add(rect, canvas.colors.incarnation(canvas.scene.hue(bar.incarnation)));
        } else {
            hatch(&canvas.painter, canvas.colors, rect, canvas.scene.hue(bar.incarnation));
        }
        if canvas.hovered == Some(bar.incarnation) {
            outline(canvas, rect);
        }
    }
    narrow.paint(&canvas.painter);
}

/// What is said of the lane of a path: over the curves, which would strike it out.
pub(super) fn note_path(canvas: &Canvas<'_>, lane: &Lane, path: &PathLane) {
    let visible = in_view(&path.bars, canvas, |bar| bar.from);
    if let Some(bar) = visible.iter().rev().find(|bar| bar.unlinked).filter(|bar| bar.to.is_none()) {
        note_below(canvas, bar, canvas.y(lane.top) + LANE - 1.0);
    }
}

/// A bar of a file with a name: full while it grows, pale after that.
fn paint_named(canvas: &Canvas<'_>, bar: &Bar, rect: Rect, path: &PathLane, index: usize, clusters: &[Cluster]) {
    let colors = canvas.colors;
    let Some(one) = canvas.scene.model.incarnation(bar.incarnation) else { return };
    let quiet_from = quiet_from(canvas, bar, one).map(|from| canvas.x(from).clamp(rect.left(), rect.right()));
    let full = rect.with_max_x(quiet_from.unwrap_or(rect.right()));
    let radius = CornerRadius::same(3);
    if quiet_from.is_some() {
        canvas.painter.rect_filled(rect, radius, colors.incarnation_tint(one.hue, 0.24));
    }
    if full.width() > 0.5 {
        canvas.painter.rect_filled(full, radius, colors.incarnation(one.hue));
    }
    let place = Place::Path(index as u32);
    // A curve comes down where a file was moved here.
    let moved_here = one.names.iter().skip(1).any(|(at, _)| *at == bar.from);
    let begin = full.left() + if moved_here { 18.0 } else { 0.0 };
    let free = free_room(canvas, clusters, place, full.with_min_x(begin));
    let mut text = Text { canvas, free, middle: rect.center().y };
    let chip = format!("#{}", bar.incarnation.0);
    let named = text.put(&chip, theme::strong(10.5), colors.on_incarnation());
    if let Some(note) = moved_note(canvas.scene, bar, one, path) {
        text.put(&note, theme::plain(10.5), colors.on_incarnation());
    }
    if let Some(from) = quiet_from {
        let pale = rect.with_min_x(from);
        let note = canvas.scene.tr(quiet_key(one));
        // Clear of the line of a midnight, where most files are complete.
        let room = free_room(canvas, clusters, place, pale.with_min_x(from + 9.0));
        let mut text = Text { canvas, free: room, middle: rect.center().y };
        if !named {
            text.put(&chip, theme::strong(10.5), colors.incarnation(one.hue));
        }
        text.put(&note, theme::plain(10.5), colors.text);
    }
}

/// From when on nobody has written into a file that still has its name.
fn quiet_from(canvas: &Canvas<'_>, bar: &Bar, one: &Incarnation) -> Option<Mono> {
    let end = bar.to.unwrap_or(canvas.now);
    let written = !canvas.scene.model.writers_of(one.id).is_empty();
    let quiet = end.since(one.last_growth) > QUIET_NS && bar.from < end && !written;
    // Outside a lab nobody knows who writes: a pause of the live file is a pause.
    let known = canvas.scene.has_lab() || one.reach == Reach::Moved;
    let ended = one.reach != Reach::Live || canvas.live != Some(one.id);
    (quiet && known && ended).then(|| one.last_growth.max(bar.from))
}

fn quiet_key(one: &Incarnation) -> &'static str {
    match one.reach {
        Reach::Live | Reach::Moved => "timeline-complete",
        _ => "timeline-quiet",
    }
}

/// "renamed to moved-1.log" on the bar that ends there.
fn moved_note(scene: &Scene<'_>, bar: &Bar, one: &Incarnation, path: &PathLane) -> Option<String> {
    let to = bar.to?;
    let next = one.names.iter().find(|(at, name)| *at >= to && *name != path.path)?;
    if is_in_trash(&next.1) {
        return Some(scene.tr("timeline-trashed"));
    }
    let key = if one.archive.as_ref() == Some(&next.1) { "timeline-compressed" } else { "timeline-renamed" };
    Some(scene.tr_args(key, &[("name", file_name(&next.1).into())]))
}

/// What has no name and goes on: said at the end of its bar.
fn note_below(canvas: &Canvas<'_>, bar: &Bar, top: f32) {
    let scene = canvas.scene;
    let Some(one) = scene.model.incarnation(bar.incarnation) else { return };
    let writers = scene.model.writers_of(one.id);
    let chip = format!("#{}", one.id.0);
    let (text, color) = if writers.is_empty() {
        (scene.tr_args("timeline-unlinked-quiet", &[("chip", chip.into())]), canvas.colors.muted)
    } else {
        let names = Teller::new(scene).names(&writers);
        let args = [("chip", chip.into()), ("names", names.into())];
        (scene.tr_args("timeline-unlinked", &args), canvas.colors.warn)
    };
    // Before the bar's beginning there is always room; where that is out of view, over the bar's end.
    let font = theme::strong(10.5);
    let width = canvas.painter.layout_no_wrap(text.clone(), font, color).size().x + 16.0;
    let begin = canvas.x(bar.from);
    let end = canvas.x(canvas.now).min(canvas.rect.right()) - 6.0;
    let right = if begin - width > canvas.rect.left() { begin - 4.0 } else { end };
    pill(canvas, pos2(right, top + BAR_BELOW / 2.0), &text, color);
}

/// Paints the spans of a worker.
pub(super) fn paint_worker(ui: &Ui, canvas: &Canvas<'_>, lane: &Lane, spans: &[Span]) {
    let top = canvas.y(lane.top) + (LANE - BAR) / 2.0;
    let mut narrow = Narrow::new(ui);
    let visible = in_view(spans, canvas, |span| span.from);
    // Spans of one worker follow one another, so all before the first one in view are out of it.
    let begin = canvas.shown.at(-8.0);
    let first = visible.partition_point(|span| span.to.is_some_and(|to| to < begin));
    for span in &visible[first..] {
        let to = span.to.unwrap_or(canvas.now);
        if extent(canvas, span.from, to).is_none() {
            continue;
        }
        let mut lives = lives(canvas.scene, span, to);
        if lives.is_empty() {
            paint_unknown(canvas, top, span.from, to);
        }
        while let Some((one, from, to)) = lives.pop() {
            let Some((x0, x1)) = extent(canvas, from, to) else { continue };
            let rect = Rect::from_min_max(pos2(x0, top), pos2(x1, top + BAR));
            paint_span(canvas, &mut narrow, rect, one, to);
            if canvas.hovered == Some(one.id) {
                outline(canvas, rect);
            }
        }
    }
    narrow.paint(&canvas.painter);
}

/// What a worker has lost: where it writes on before the present, and behind its last span where it holds nothing.
/// Badges that stand there are stepped around.
pub(super) fn note_worker(canvas: &Canvas<'_>, lane: &Lane, worker: WorkerId, spans: &[Span], clusters: &[Cluster]) {
    let lost = canvas.scene.model.ledger().worker(worker).lost;
    if lost == 0 {
        return;
    }
    let text = canvas.scene.tr_args("timeline-lost", &[("n", lost.into())]);
    let width = canvas.painter.layout_no_wrap(text.clone(), theme::strong(10.5), canvas.colors.bad).size().x + 8.0;
    let badges = || taken(clusters, Place::Worker(worker)).map(|x| canvas.rect.left() + x as f32);
    let in_the_way = |x: &f32, right: f32| x + CLEAR > right - width && x - CLEAR < right;
    let ended = spans.last().and_then(|span| span.to).map(|end| canvas.x(end));
    let behind = ended.and_then(|end| {
        let right =
            badges().fold(end + 6.0 + width, |right, x| if in_the_way(&x, right) { x + CLEAR + width } else { right });
        (right <= canvas.rect.right() && right - width >= canvas.rect.left()).then_some(right)
    });
    let before = || {
        let end = ended.unwrap_or_else(|| canvas.x(canvas.now)).min(canvas.rect.right()) - 6.0;
        let mut badges: Vec<f32> = badges().collect();
        badges.reverse();
        let right = badges.iter().fold(end, |right, x| if in_the_way(x, right) { x - CLEAR } else { right });
        (right - width > canvas.rect.left()).then_some(right)
    };
    if let Some(right) = behind.or_else(before) {
        pill(canvas, pos2(right, canvas.y(lane.top) + LANE / 2.0), &text, canvas.colors.bad);
    }
}

/// The lives of its file that a span went through, the last one first: a truncation begins a new one under the writer.
fn lives<'a>(scene: &Scene<'a>, span: &Span, to: Mono) -> Vec<(&'a Incarnation, Mono, Mono)> {
    let mut lives = Vec::new();
    let mut end = to;
    let mut next = scene.model.incarnation_of_at(span.file, to);
    while let Some(one) = next.and_then(|id| scene.model.incarnation(id)) {
        let Origin::Truncated { previous } = one.origin else {
            lives.push((one, span.from, end));
            break;
        };
        let from = one.opened.mono.max(span.from);
        lives.push((one, from, end));
        if one.opened.mono <= span.from {
            break;
        }
        end = from;
        next = Some(previous);
    }
    lives
}

/// A span of a file that was gone before the follower could look.
fn paint_unknown(canvas: &Canvas<'_>, top: f32, from: Mono, to: Mono) {
    if let Some((x0, x1)) = extent(canvas, from, to) {
        let rect = Rect::from_min_max(pos2(x0, top), pos2(x1, top + BAR));
        canvas.painter.rect_filled(rect, CornerRadius::same(3), canvas.colors.outline);
    }
}

/// One span: hatched from the moment on at which its file had no name any more.
fn paint_span(canvas: &Canvas<'_>, narrow: &mut Narrow, rect: Rect, one: &Incarnation, to: Mono) {
    let color = canvas.colors.incarnation(one.hue);
    if rect.width() < NARROW {
        narrow.add(rect, color);
        return;
    }
    let unlinked = canvas.marks.unlinked_since(one.id).filter(|at| *at < to);
    let cut = unlinked.map_or(rect.right(), |at| canvas.x(at).clamp(rect.left(), rect.right()));
    if cut > rect.left() {
        let right = if cut < rect.right() { 0 } else { 3 };
        let radius = CornerRadius { nw: 3, sw: 3, ne: right, se: right };
        canvas.painter.rect_filled(rect.with_max_x(cut), radius, color);
    }
    if cut < rect.right() {
        hatch(&canvas.painter, canvas.colors, rect.with_min_x(cut), one.hue);
    }
}

fn outline(canvas: &Canvas<'_>, rect: Rect) {
    let stroke = Stroke::new(1.5, canvas.colors.text);
    canvas.painter.rect_stroke(rect.expand(0.5), CornerRadius::same(3), stroke, egui::StrokeKind::Outside);
}

/// A hatched bar: no name leads to it.
pub(super) fn hatch(painter: &Painter, colors: &Colors, rect: Rect, hue: Hue) {
    const STEP: f32 = 6.0;
    let inner = painter.with_clip_rect(painter.clip_rect().intersect(rect));
    painter.rect_filled(rect, CornerRadius::same(2), colors.incarnation_tint(hue, 0.18));
    let color = colors.incarnation(hue);
    let visible = rect.intersect(painter.clip_rect());
    if !visible.is_positive() {
        return;
    }
    // Whole steps from the bar's own beginning: the pattern moves with the bar and not over it.
    let first = ((visible.left() - rect.left() - rect.height()) / STEP).floor().max(-2.0);
    let mut x = rect.left() + first * STEP;
    while x < visible.right() {
        let ends = [pos2(x, rect.bottom() + 1.0), pos2(x + rect.height() + 2.0, rect.top() - 1.0)];
        inner.line_segment(ends, Stroke::new(2.0, color));
        x += STEP;
    }
}

/// A note on a ground of its own, right-aligned.
fn pill(canvas: &Canvas<'_>, right: egui::Pos2, text: &str, color: Color32) {
    let galley = canvas.painter.layout_no_wrap(text.to_owned(), theme::strong(10.5), color);
    let size = galley.size() + vec2(8.0, 0.0);
    let ground = Align2::RIGHT_CENTER.anchor_size(right, size);
    canvas.painter.rect_filled(ground, CornerRadius::same(3), canvas.colors.panel);
    canvas.painter.galley(ground.min + vec2(4.0, 0.0), galley, color);
}

/// Where text may stand in a bar: from its beginning, but clear of badges.
fn free_room(canvas: &Canvas<'_>, clusters: &[Cluster], place: Place, bar: Rect) -> (f32, f32) {
    let mut left = bar.left().max(canvas.rect.left()) + 5.0;
    let mut right = bar.right().min(canvas.rect.right()) - 5.0;
    for x in taken(clusters, place) {
        let x = canvas.rect.left() + x as f32;
        if x < left + CLEAR && x > left - CLEAR {
            left = x + CLEAR;
        } else if x > left {
            right = right.min(x - CLEAR);
        }
    }
    (left, right)
}

/// Words in a bar, one after the other, as long as they fit.
struct Text<'a, 'b> {
    canvas: &'a Canvas<'b>,
    free: (f32, f32),
    middle: f32,
}

impl Text<'_, '_> {
    /// Says whether the words fitted.
    fn put(&mut self, text: &str, font: egui::FontId, color: Color32) -> bool {
        let galley = self.canvas.painter.layout_no_wrap(text.to_owned(), font, color);
        let size = galley.size();
        if self.free.0 + size.x > self.free.1 {
            self.free.1 = f32::NEG_INFINITY;
            return false;
        }
        let at = Align2::LEFT_CENTER.anchor_size(pos2(self.free.0, self.middle), size);
        self.canvas.painter.galley(at.min, galley, color);
        self.free.0 += size.x + 7.0;
        true
    }
}
