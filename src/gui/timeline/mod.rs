//! The timeline: a lane per path, a lane per worker, what happened, and how many lines came, over real time.

mod axis;
mod bars;
mod curves;
mod head;
mod hover;
mod lanes;
mod marks;
mod paint;
mod rates;
mod ruler;
mod span;

use eframe::egui;
use egui::{Id, Painter, Rect, Response, Sense, Ui, pos2, vec2};

use self::lanes::Lanes;
use self::marks::Marks;
use self::span::Shown;
use super::state::{Scene, State};
use super::theme::Colors;
use crate::clock::Mono;
use crate::event::{IncarnationId, LabState};

/// Width of the lanes' names, in points.
const NAMES: f32 = 140.0;
/// Height of the head and of the ruler.
const HEAD: f32 = 32.0;
const RULER: f32 = 20.0;
/// Height of the chart of rates, if there is room for it.
const RATES: f32 = 44.0;
/// Space behind the present moment while the view follows it.
const AHEAD: f64 = 24.0;
/// What is shown at first, in nanoseconds: at least, and at most.
const FIRST_SPAN: (f64, f64) = (20e9, 90e9);

/// What the timeline keeps between frames.
pub struct TimelineView {
    shown: Option<Shown>,
    live: bool,
    width: f64,
    scrolled: f32,
    marks: Marks,
    first: Option<Mono>,
}

impl Default for TimelineView {
    fn default() -> TimelineView {
        TimelineView { shown: None, live: true, width: 0.0, scrolled: 0.0, marks: Marks::default(), first: None }
    }
}

/// What is drawn on, for one frame.
struct Canvas<'a> {
    scene: &'a Scene<'a>,
    colors: &'static Colors,
    /// Clipped to the lanes.
    painter: Painter,
    /// Not clipped to them.
    over: Painter,
    /// Where the lanes are, without their names.
    rect: Rect,
    /// The top of the first lane, which may be scrolled out of view.
    top: f32,
    shown: Shown,
    now: Mono,
    hovered: Option<IncarnationId>,
    marks: &'a Marks,
    /// The live incarnation.
    live: Option<IncarnationId>,
}

impl Canvas<'_> {
    /// Width of the lanes, in points.
    fn width(&self) -> f64 {
        f64::from(self.rect.width())
    }

    /// Where a moment stands on the screen; not far outside of it.
    fn x(&self, at: Mono) -> f32 {
        self.rect.left() + self.shown.x(at).clamp(-1e5, 1e5) as f32
    }

    /// Where a height among the lanes stands on the screen.
    fn y(&self, lane: f32) -> f32 {
        self.top + lane
    }
}

impl TimelineView {
    /// Draws the timeline with its head into all the space of `ui`.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
        let whole = ui.max_rect();
        // Everything is placed by hand: without this the panel would shrink around nothing.
        ui.expand_to_include_rect(whole);
        let (head, rest) = whole.split_top_bottom_at_y(whole.top() + HEAD);
        let lanes_rect = rest.with_min_x(rest.left() + NAMES).with_max_x(rest.right() - 8.0);
        self.width = f64::from(lanes_rect.width());
        self.follow(scene, state);
        head::show(self, ui, head, scene);
        let Some(shown) = self.shown else {
            head::empty(ui, rest, scene);
            return;
        };
        self.marks.update(scene);
        let seen = shown.at(0.0)..=shown.at(self.width);
        let lanes = Lanes::new(scene, seen, (shown.scale() * 4.0) as u64);
        let rates = if rest.height() >= 150.0 { RATES } else { 0.0 };
        let middle = lanes_rect
            .with_min_y(lanes_rect.top() + RULER)
            .with_max_y((lanes_rect.bottom() - rates - 6.0).max(lanes_rect.top() + RULER));
        let hidden = (lanes.height - middle.height()).max(0.0);
        self.scrolled = self.scrolled.clamp(0.0, hidden);

        let response = ui.interact(rest, Id::unique("rotascope timeline"), Sense::click_and_drag());
        response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, scene.tr("timeline-title")));
        self.take_pointer(ui, &response, lanes_rect, hidden);
        self.take_keys(ui, &response, scene);
        let shown = self.shown.unwrap_or(shown);
        let clusters = self.marks.clusters(scene, &shown, self.width);
        let canvas = Canvas {
            scene,
            colors: Colors::of(ui),
            painter: ui.painter().with_clip_rect(middle.intersect(ui.clip_rect())),
            over: ui.painter().with_clip_rect(rest.intersect(ui.clip_rect())),
            rect: middle,
            top: middle.top() - self.scrolled,
            shown,
            now: scene.now,
            hovered: state.hovered,
            marks: &self.marks,
            live: scene.model.live(),
        };
        let rates_rect = (rates > 0.0).then(|| {
            Rect::from_min_size(pos2(middle.left(), middle.bottom() + 4.0), vec2(middle.width(), rates - 4.0))
        });
        paint::everything(ui, &canvas, &lanes, lanes_rect, rates_rect, &clusters, state);
        hover::show(ui, &canvas, &lanes, &response, rates_rect, &clusters, state);
        if hidden > 0.0 {
            paint::scroll_bar(&canvas, lanes.height, self.scrolled);
        }
    }

    /// Whether it keeps up with the present.
    pub fn is_live(&self) -> bool {
        self.live && self.shown.is_some()
    }

    /// Sees to it that something is shown: at first all of a short session, then the present.
    fn follow(&mut self, scene: &Scene<'_>, state: &mut State) {
        let Some((first, last)) = happened(scene) else {
            *self = TimelineView { width: self.width, ..TimelineView::default() };
            return;
        };
        if self.first.is_some_and(|known| known != first) {
            *self = TimelineView { width: self.width, ..TimelineView::default() };
        }
        self.first = Some(first);
        let shown = *self.shown.get_or_insert_with(|| {
            let past = last.since(first) as f64 * 1.04;
            Shown::new(first, past.clamp(FIRST_SPAN.0, FIRST_SPAN.1), self.width)
        });
        if let Some(moment) = state.show_moment.take() {
            let moved = shown.showing(moment, self.width);
            self.live &= moved == shown;
            self.shown = Some(moved);
        } else if self.live {
            let now = scene.now.max(last);
            let followed = shown.with_at(now, self.width - AHEAD);
            // A young session begins at the left.
            let begins = followed.x(first);
            self.shown = Some(if begins > 6.0 { followed.with_at(first, 6.0) } else { followed });
        }
    }

    fn change(&mut self, to: Shown) {
        self.shown = Some(to);
        self.live = false;
    }

    /// Zooms around the middle, or around the present while the view follows it.
    fn zoom(&mut self, factor: f64) {
        let Some(shown) = self.shown else { return };
        if self.live {
            self.shown = Some(shown.zoomed(factor, self.width - AHEAD));
        } else {
            self.change(shown.zoomed(factor, self.width / 2.0));
        }
    }

    fn fit(&mut self, scene: &Scene<'_>) {
        if let (Some(shown), Some((first, last))) = (self.shown, happened(scene)) {
            let last = if scene.model.lab_state() == LabState::Running { scene.now.max(last) } else { last };
            self.change(shown.fitting(first, last, self.width));
        }
    }

    fn take_pointer(&mut self, ui: &Ui, response: &Response, lanes: Rect, hidden: f32) {
        let Some(shown) = self.shown else { return };
        if response.clicked() {
            response.request_focus();
        }
        if response.dragged() {
            let delta = response.drag_delta();
            self.scrolled = (self.scrolled - delta.y).clamp(0.0, hidden);
            if delta.x != 0.0 {
                self.change(shown.panned(f64::from(delta.x)));
            }
            ui.ctx().set_cursor_icon(egui::CursorIcon::Grabbing);
        }
        let Some(pointer) = ui.input(|input| input.pointer.hover_pos()).filter(|_| response.contains_pointer()) else {
            return;
        };
        let (wheel, zoom, shift) =
            ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta(), input.modifiers.shift));
        if pointer.x < lanes.left() {
            self.scrolled = (self.scrolled - wheel.y).clamp(0.0, hidden);
            return;
        }
        let x = f64::from(pointer.x - lanes.left());
        let factor = if shift { 1.0 } else { f64::from((wheel.y / 240.0).exp()) } * f64::from(zoom);
        if (factor - 1.0).abs() > 1e-6 {
            self.change(shown.zoomed(factor, x));
        }
        if wheel.x != 0.0 {
            self.change(self.shown.unwrap_or(shown).panned(f64::from(wheel.x)));
        }
    }

    fn take_keys(&mut self, ui: &Ui, response: &Response, scene: &Scene<'_>) {
        use egui::{Key, Modifiers};
        if !response.has_focus() {
            return;
        }
        let filter = egui::EventFilter { vertical_arrows: true, horizontal_arrows: true, ..Default::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        for (key, share) in [(Key::ArrowLeft, 0.1), (Key::ArrowRight, -0.1)] {
            if pressed(key)
                && let Some(shown) = self.shown
            {
                self.change(shown.panned(self.width * share));
            }
        }
        for (key, factor) in [(Key::ArrowUp, 1.25), (Key::Plus, 1.25), (Key::ArrowDown, 0.8), (Key::Minus, 0.8)] {
            if pressed(key) {
                self.zoom(factor);
            }
        }
        if pressed(Key::Home) {
            self.fit(scene);
        }
        if pressed(Key::End) {
            self.live = true;
        }
    }
}

/// From the first thing that happened to the last event. A lab may have stood ready for long before.
fn happened(scene: &Scene<'_>) -> Option<(Mono, Mono)> {
    let (_, last) = scene.model.span()?;
    let (_, first) = scene.model.timeline().by_time().next()?;
    Some((first.at.mono, last))
}
