//! The log view: every line in the order in which it arrived, and what happened between them.
//!
//! Rows are numbered by 64-bit integers and painted relative to the view, so ten million of them scroll as exactly as
//! ten. Their text is read when it comes into view.

mod divider;
mod following;
mod galleys;
mod header;
pub mod line;
mod order;
mod overview;
mod paint;
pub mod read;
mod scroll;
mod scroll_bar;
mod searching;
mod select;
mod store;

use eframe::egui;
use egui::{Event, Id, Key, Modifiers, Pos2, Rect, Response, Sense, Ui, UiBuilder, vec2};

use self::galleys::Galleys;
use self::order::Order;
use self::overview::Overview;
use self::paint::Columns;
use self::read::Sources;
use self::scroll::{Extent, Scroll};
use self::searching::Searching;
use self::select::Selected;
use self::store::Store;
use super::find::LevelSet;
use super::state::{Jump, Scene, State};
use super::theme;

/// How long a note about what was copied stands, in seconds.
const NOTE_SECONDS: f64 = 6.0;

/// Why the view does not keep to the newest line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Paused {
    Scrolled,
    Searching,
    Selecting,
    Jumped,
}

/// What the log view keeps between frames.
#[derive(Default)]
pub struct LogView {
    scroll: Scroll,
    /// How far the text is moved to the left, in points.
    across: f32,
    /// The widest line that was seen, in points.
    widest: f32,
    paused: Option<Paused>,
    /// Rows there were when following ended.
    seen: u64,
    rows: u64,
    columns: Columns,
    selected: Option<Selected>,
    dragging: bool,
    /// The match or place that was gone to last, as a row of the model.
    current: Option<u64>,
    note: Option<(String, f64)>,
    store: Store,
    sources: Sources,
    galleys: Galleys,
    overview: Overview,
    search: Searching,
    filter: Searching,
    /// A match is to be shown as soon as there is one.
    seek: bool,
    /// The levels of the last frame, and the row of the model that stood uppermost then.
    levels: LevelSet,
    uppermost: u64,
    /// The row that is to stand uppermost again once a new filter has come that far.
    anchor: Option<u64>,
}

impl LogView {
    /// Draws the log view into all the space of `ui`.
    pub fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
        let rows = scene.model.rows().len();
        if rows < self.rows {
            // The session began anew: nothing that was remembered holds.
            *self = LogView::default();
        }
        self.rows = rows;
        self.columns = Columns::new(rows, state.settings.row_numbers);
        let stamps = state.settings.stamps;
        if self.galleys.begin(ui, stamps) {
            self.widest = 0.0;
        }
        if self.store.update(scene, &mut self.sources) {
            self.galleys.forget();
        }
        self.overview.update(scene);
        self.filter.want(ui, "", state.levels, true, stamps);
        if state.levels != self.levels {
            self.levels = state.levels;
            self.anchor = Some(self.uppermost).filter(|_| !state.follow);
        }
        self.filter.feed(ui, scene, &mut self.sources);
        let levels = if state.find.text.is_empty() { LevelSet::ALL } else { state.levels };
        self.search.want(ui, &state.find.text, levels, false, stamps);
        self.search.feed(ui, scene, &mut self.sources);

        let whole = ui.max_rect();
        ui.expand_to_include_rect(whole);
        let (head, body) = whole.split_top_bottom_at_y(whole.top() + theme::HEAD);
        let filter = std::mem::take(&mut self.filter);
        let drawn = self.paused;
        {
            let order = match filter.scan() {
                Some(scan) => Order::Chosen(scan.found()),
                None => Order::All(rows),
            };
            header::show(self, ui, head, scene, state, &order, filter.progress(rows));
            self.body(ui, body, scene, state, &order);
        }
        self.filter = filter;
        // The strip above was drawn before keys and pointer were looked at.
        if self.paused != drawn {
            ui.ctx().request_repaint();
        }
    }

    /// Width that the text has, in points.
    fn room(&self, rect: Rect) -> f32 {
        rect.width() - self.columns.text() - scroll_bar::WIDTH
    }

    fn body(&mut self, ui: &mut Ui, whole: Rect, scene: &Scene<'_>, state: &mut State, order: &Order<'_>) {
        // The bar at the foot has room of its own as soon as a line was seen that needs it.
        let foot = if self.widest > self.room(whole) { scroll_bar::WIDTH } else { 0.0 };
        let rect = whole.with_max_y(whole.bottom() - foot);
        if foot > 0.0
            && let Some(across) = scroll_bar::horizontal(ui, whole, self.across, self.room(whole), self.widest)
        {
            self.across = across;
        }
        let mut ui = ui.new_child(UiBuilder::new().max_rect(rect));
        ui.shrink_clip_rect(rect);
        let ui = &mut ui;
        let response = ui.interact(rect, Id::unique("rotascope log"), Sense::click_and_drag());
        let extent = Extent { rows: order.len(), view: f64::from(rect.height()), row: f64::from(theme::ROW) };

        self.note_outside_change(state);
        self.take_jump(scene, state, order, &extent);
        self.take_search_steps(state, order, &extent);
        self.take_keys(ui, &response, scene, state, order, &extent);
        self.take_wheel(ui, &response, state, &extent);
        if state.follow {
            self.scroll = extent.end();
        }
        self.scroll = self.scroll.clamped(&extent);
        self.keep_place(state, order, &extent);
        self.take_pointer(ui, &response, rect, state, order, &extent);

        if order.len() == 0 {
            paint::empty(ui, rect, scene, state.levels.is_all());
            return;
        }
        response
            .widget_info(|| egui::WidgetInfo::labeled(egui::Role::Label, true, self.rows_shown(scene, order, &extent)));
        self.paint_rows(ui, rect, &response, scene, state, order);
        if order.len() > extent.page() {
            let found = self.search.scan().map(|scan| scan.found());
            self.overview.paint(ui, rect, order, found.as_deref());
        }
        if let Some(scroll) = scroll_bar::vertical(ui, rect, self.scroll, &extent) {
            self.scroll_to(scroll, state, &extent);
        }
        self.context_menu(ui, &response, scene, state, order);
        self.show_note(ui, rect);
    }

    /// Which rows are in view, in words.
    fn rows_shown(&self, scene: &Scene<'_>, order: &Order<'_>, extent: &Extent) -> String {
        let rows = scene.model.rows();
        let number = |place: u64| order.row(place).map_or(0, |row| rows.lines_before(row) + 1);
        let touched = ((self.scroll.part + extent.view) / extent.row - 1e-6).ceil() as u64;
        let last = (self.scroll.top + touched).min(order.len()) - 1;
        let (from, to) = (number(self.scroll.top), number(last));
        scene.tr_args("log-title", &[("from", from.into()), ("to", to.into()), ("n", order.len().into())])
    }

    /// After a change of the level filter the same row, or the next one that is left, stands uppermost.
    fn keep_place(&mut self, state: &State, order: &Order<'_>, extent: &Extent) {
        match self.anchor {
            Some(row) => {
                self.scroll = Scroll { top: order.place(row), ..self.scroll }.clamped(extent);
                let reached = order.len() > order.place(row) + extent.page() || self.rows == order.len();
                if reached || state.follow {
                    self.anchor = None;
                }
            }
            None => self.uppermost = order.row(self.scroll.top).unwrap_or(0),
        }
    }

    /// Following can be switched from menu and keyboard too.
    fn note_outside_change(&mut self, state: &State) {
        if state.follow {
            self.paused = None;
        } else if self.paused.is_none() {
            self.paused = Some(Paused::Scrolled);
            self.seen = self.rows;
        }
    }

    fn pause(&mut self, state: &mut State, why: Paused) {
        if state.follow || self.paused.is_none() {
            self.seen = self.rows;
        }
        state.follow = false;
        self.paused = Some(why);
    }

    fn resume(&mut self, state: &mut State) {
        state.follow = true;
        self.paused = None;
    }

    /// Moves as the person asked: away from the end following stops, at the end it goes on.
    fn scroll_to(&mut self, to: Scroll, state: &mut State, extent: &Extent) {
        let to = to.clamped(extent);
        self.anchor = None;
        if to.is_end(extent) {
            if self.paused.is_none_or(|why| why == Paused::Scrolled || why == Paused::Jumped) {
                self.resume(state);
            }
        } else if to != self.scroll {
            self.pause(state, Paused::Scrolled);
        }
        self.scroll = to;
    }

    fn take_jump(&mut self, scene: &Scene<'_>, state: &mut State, order: &Order<'_>, extent: &Extent) {
        let Some(jump) = state.jump.take() else { return };
        let rows = scene.model.rows();
        let row = match jump {
            Jump::Row(row) => Some(row),
            Jump::Line { incarnation, line } => rows.row_of(incarnation, line),
            Jump::Mark(mark) => rows.row_of_mark(mark),
        };
        if let Some(row) = row {
            self.go_to(row, Paused::Jumped, state, order, extent);
        }
    }

    fn go_to(&mut self, row: u64, why: Paused, state: &mut State, order: &Order<'_>, extent: &Extent) {
        self.pause(state, why);
        self.anchor = None;
        self.current = Some(row);
        self.scroll = self.scroll.showing(order.place(row), 3, extent);
    }

    fn take_search_steps(&mut self, state: &mut State, order: &Order<'_>, extent: &Extent) {
        let step = state.find.step.take();
        let Some(scan) = self.search.scan() else { return };
        let found = scan.found();
        let from = self.current.or_else(|| order.row(self.scroll.top)).unwrap_or(0);
        let target = match step {
            Some(step) if step < 0 => found.below(from).checked_sub(1).or(found.len().checked_sub(1)),
            Some(_) => {
                Some(found.below(from + u64::from(self.current.is_some()))).filter(|nth| *nth < found.len()).or(Some(0))
            }
            None if self.seek && !found.is_empty() => {
                // The newest match is the nearest to who follows.
                Some(if state.follow { found.len() - 1 } else { found.below(from).min(found.len() - 1) })
            }
            None => return,
        };
        let row = target.and_then(|nth| found.get(nth));
        drop(found);
        if let Some(row) = row {
            self.seek = false;
            self.go_to(row, Paused::Searching, state, order, extent);
        }
    }

    fn move_across(&mut self, points: f32, rect: Rect) {
        let most = (self.widest - self.room(rect)).max(0.0);
        self.across = (self.across + points).clamp(0.0, most);
    }

    fn take_wheel(&mut self, ui: &Ui, response: &Response, state: &mut State, extent: &Extent) {
        if !response.contains_pointer() {
            return;
        }
        let delta = ui.input(|input| input.smooth_scroll_delta());
        if delta.y != 0.0 {
            self.scroll_to(self.scroll.by(-f64::from(delta.y), extent), state, extent);
        }
        if delta.x != 0.0 {
            self.move_across(-delta.x, response.rect);
        }
    }

    fn take_keys(
        &mut self,
        ui: &Ui,
        response: &Response,
        scene: &Scene<'_>,
        state: &mut State,
        order: &Order<'_>,
        extent: &Extent,
    ) {
        let (nothing_focused, in_front) =
            ui.memory(|memory| (memory.focused().is_none(), memory.allows_interaction(response.layer_id)));
        // What stands before the window takes the keys.
        if !in_front || !response.has_focus() && !nothing_focused {
            return;
        }
        if response.has_focus() {
            let filter = egui::EventFilter { vertical_arrows: true, horizontal_arrows: true, ..Default::default() };
            ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        }
        let page = i64::try_from(extent.page().saturating_sub(1).max(1)).unwrap_or(i64::MAX);
        let pressed = |key: Key| ui.input_mut(|input| input.consume_key(Modifiers::NONE, key));
        for (key, rows) in [(Key::PageUp, -page), (Key::PageDown, page), (Key::ArrowUp, -1), (Key::ArrowDown, 1)] {
            if pressed(key) {
                self.scroll_to(self.scroll.by_rows(rows, extent), state, extent);
            }
        }
        if pressed(Key::Home) {
            self.scroll_to(Scroll::default(), state, extent);
            self.across = 0.0;
        }
        if pressed(Key::End) {
            self.scroll_to(extent.end(), state, extent);
            self.resume(state);
        }
        for (key, points) in [(Key::ArrowLeft, -60.0), (Key::ArrowRight, 60.0)] {
            if pressed(key) {
                self.move_across(points, response.rect);
            }
        }
        if self.selected.is_some() && pressed(Key::Escape) {
            self.selected = None;
            if self.paused == Some(Paused::Selecting) {
                self.resume(state);
            }
        }
        if ui.input_mut(|input| input.consume_key(Modifiers::COMMAND, Key::A)) && self.rows > 0 {
            self.selected = Some(Selected { anchor: 0, head: self.rows - 1 });
            self.pause(state, Paused::Selecting);
        }
        if ui.input(|input| input.events.iter().any(|event| matches!(event, Event::Copy))) {
            self.copy(ui, scene, order, state.settings.stamps);
        }
    }

    fn take_pointer(
        &mut self,
        ui: &Ui,
        response: &Response,
        rect: Rect,
        state: &mut State,
        order: &Order<'_>,
        extent: &Extent,
    ) {
        if response.clicked() || response.drag_started() {
            response.request_focus();
        }
        let Some(pointer) = response.interact_pointer_pos() else {
            self.dragging = false;
            return;
        };
        let (primary, shift) = ui.input(|input| (input.pointer.primary_down(), input.modifiers.shift));
        let inside = pointer.x < rect.right() - scroll_bar::WIDTH;
        if primary && !self.dragging && inside && ui.input(|input| input.pointer.primary_pressed()) {
            let Some(row) = self.row_at(rect, pointer, order) else { return };
            self.dragging = true;
            let anchor = self.selected.filter(|_| shift).map_or(row, |selected| selected.anchor);
            self.selected = Some(Selected { anchor, head: row });
            self.current = None;
            self.pause(state, Paused::Selecting);
        } else if primary && self.dragging {
            self.drag_over_edge(ui, rect, pointer, extent);
            let at = pointer.clamp(rect.min + vec2(0.0, 1.0), rect.max - vec2(0.0, 1.0));
            if let (Some(row), Some(selected)) = (self.row_at(rect, at, order), &mut self.selected) {
                selected.head = row;
            }
        } else if !primary {
            self.dragging = false;
        }
    }

    /// A drag beyond an edge scrolls, the faster the farther.
    fn drag_over_edge(&mut self, ui: &Ui, rect: Rect, pointer: Pos2, extent: &Extent) {
        let beyond = if pointer.y < rect.top() {
            pointer.y - rect.top()
        } else if pointer.y > rect.bottom() {
            pointer.y - rect.bottom()
        } else {
            return;
        };
        let seconds = ui.input(|input| input.stable_dt.min(0.1));
        self.scroll = self.scroll.by(f64::from(beyond * 12.0 * seconds), extent);
        ui.ctx().request_repaint();
    }

    /// The row of the model under a point.
    fn row_at(&self, rect: Rect, at: Pos2, order: &Order<'_>) -> Option<u64> {
        let down = f64::from(at.y - rect.top()) + self.scroll.part;
        let place = self.scroll.top + (down / f64::from(theme::ROW)).max(0.0) as u64;
        order.row(place.min(order.len().checked_sub(1)?))
    }

    fn copy(&mut self, ui: &Ui, scene: &Scene<'_>, order: &Order<'_>, stamps: bool) {
        let Some(selected) = self.selected else { return };
        let copied = select::copy(scene, &mut self.sources, &self.store, order, selected, stamps);
        if copied.lines == 0 {
            return;
        }
        let key = if copied.cut { "log-copied-part" } else { "log-copied" };
        let text = scene.tr_args(key, &[("n", copied.lines.into())]);
        self.note = Some((text, ui.input(|input| input.time) + NOTE_SECONDS));
        ui.ctx().copy_text(copied.text);
    }

    fn context_menu(&mut self, ui: &Ui, response: &Response, scene: &Scene<'_>, state: &mut State, order: &Order<'_>) {
        if response.secondary_clicked()
            && let Some(row) = response.interact_pointer_pos().and_then(|at| self.row_at(response.rect, at, order))
            && self.selected.is_none_or(|selected| !selected.rows().contains(&row))
        {
            self.selected = Some(Selected::one(row));
            self.pause(state, Paused::Selecting);
        }
        let stamps = state.settings.stamps;
        response.context_menu(|menu| {
            if menu.button(scene.tr("log-copy")).clicked() {
                self.copy(ui, scene, order, stamps);
                menu.close();
            }
            if menu.button(scene.tr("log-select-all")).clicked() {
                self.selected = Some(Selected { anchor: 0, head: self.rows.saturating_sub(1) });
                self.pause(state, Paused::Selecting);
                menu.close();
            }
            if !state.follow && menu.button(scene.tr("log-follow")).clicked() {
                self.resume(state);
                menu.close();
            }
        });
    }

    fn show_note(&mut self, ui: &Ui, rect: Rect) {
        let Some((text, until)) = &self.note else { return };
        let left = until - ui.input(|input| input.time);
        if left <= 0.0 {
            self.note = None;
            return;
        }
        ui.ctx().request_repaint_after_secs(left as f32);
        paint::note(ui, rect, text);
    }
}
