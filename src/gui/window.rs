//! The whole window, independent of what puts it on the screen.

use std::path::PathBuf;
use std::time::Duration;

use chrono::Utc;
use eframe::egui;
use egui::{CentralPanel, Frame, Panel, Rect};

use super::action::Action;
use super::compare::ComparePage;
use super::dialogs::{self, Dialog};
use super::log_view::LogView;
use super::open::{Opener, Picker};
use super::settings::{Settings, ThemeChoice};
use super::state::{Scene, State};
use super::text::Words;
use super::theme::{self, Colors};
use super::timeline::TimelineView;
use super::toasts::Toasts;
use super::{files, fonts, lesson, menu, select, top_bar, welcome, workers};
use crate::clock::{Moment, Mono};
use crate::engine::Engine;
use crate::event::LabState;

/// How often a clock that runs is drawn anew: it shows tenths of a second.
const CLOCK_FRAME: Duration = Duration::from_millis(100);
/// And the present on the timeline while nothing happens: as seldom as somebody who looks on takes it for moving.
const TIMELINE_FRAME: Duration = Duration::from_secs(1);

const LEAST_WORKERS: f32 = 190.0;
const LEAST_FILES: f32 = 220.0;

/// The panels on both sides of the log, in points. In a narrow window they give way before the log does.
struct Sides {
    narrow: bool,
    workers: f32,
    files: f32,
    most_workers: f32,
    most_files: f32,
    /// Whether there is room for both: the timeline has the workers, too.
    both: bool,
}

impl Sides {
    /// What the log keeps in a window that is wide enough, and in any that has both panels.
    const LOG: f32 = 480.0;
    const LEAST_LOG: f32 = 300.0;

    fn new(room: f32, has_workers: bool) -> Sides {
        let widths = |workers, files| (if has_workers { workers } else { 0.0 }, files);
        let (wide, least) = (widths(252.0, 312.0), widths(LEAST_WORKERS, LEAST_FILES));
        let narrow = room < wide.0 + wide.1 + Sides::LOG;
        let (workers, files) = if narrow { least } else { wide };
        let spare = (room - Sides::LEAST_LOG - least.0 - least.1).max(0.0);
        let share = if has_workers { spare / 2.0 } else { spare };
        Sides {
            narrow,
            workers,
            files,
            most_workers: (LEAST_WORKERS + share).min(420.0),
            most_files: (LEAST_FILES + share).min(520.0),
            both: room >= Sides::LEAST_LOG + least.0 + least.1,
        }
    }

    /// Panels remember their width by their name: one that a narrow window has pressed together is as wide as before
    /// when there is room again.
    fn id(&self, name: &str) -> egui::Id {
        egui::Id::unique(name).with(self.narrow)
    }
}

/// The window's content and all that it remembers.
pub struct Window {
    /// What the person has chosen.
    pub state: State,
    pub(super) engine: Engine,
    pub(super) opener: Option<Opener>,
    pub(super) picker: Picker,
    pub(super) dialog: Option<Dialog>,
    pub(super) toasts: Toasts,
    pub(super) may_close: bool,
    pub(super) compare: ComparePage,
    pub(super) words: Words,
    log_view: LogView,
    timeline: TimelineView,
    fixed: Option<Moment>,
}

impl Window {
    /// A window on a session.
    pub fn new(engine: Engine, settings: Settings) -> Window {
        Window {
            words: Words::new(settings.language()),
            state: State::new(settings),
            engine,
            opener: None,
            picker: Picker::default(),
            dialog: None,
            toasts: Toasts::default(),
            may_close: false,
            compare: ComparePage::default(),
            log_view: LogView::default(),
            timeline: TimelineView::default(),
            fixed: None,
        }
    }

    /// With the means to open other sessions; without it the window can't.
    #[must_use]
    pub fn with_opener(mut self, opener: Opener) -> Window {
        self.opener = Some(opener);
        self
    }

    /// With another executable than this one to run the workers of a comparison.
    #[must_use]
    pub fn with_program(mut self, program: PathBuf) -> Window {
        self.compare.program = Some(program);
        self
    }

    /// The session.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Draws for this moment instead of the present one, so that a picture comes out the same every time.
    pub fn fix_moment(&mut self, now: Moment) {
        self.fixed = Some(now);
    }

    /// Puts another session into the window; what was chosen in the old one is forgotten.
    pub(super) fn replace_engine(&mut self, engine: Engine) {
        self.engine = engine;
        self.compare.close();
        self.state = State::new(std::mem::take(&mut self.state.settings));
        self.toasts.forget_session();
        self.log_view = LogView::default();
        self.timeline = TimelineView::default();
    }

    pub(super) fn moment(&self) -> Moment {
        self.fixed.unwrap_or_else(|| Moment { mono: Mono::now(), wall: Utc::now() })
    }

    /// What must happen before each frame, shown or not: theme, size and language as chosen, answers of file dialogs.
    pub fn logic(&mut self, ctx: &egui::Context) {
        self.engine.seen();
        self.compare.take_news();
        let settings = &self.state.settings;
        let preference = match settings.theme {
            ThemeChoice::System => egui::ThemePreference::System,
            ThemeChoice::Dark => egui::ThemePreference::Dark,
            ThemeChoice::Light => egui::ThemePreference::Light,
        };
        if ctx.options(|options| options.theme_preference) != preference {
            ctx.set_theme(preference);
        }
        let zoom = settings.size_percent as f32 / 100.0;
        if (ctx.zoom_factor() - zoom).abs() > f32::EPSILON {
            ctx.set_zoom_factor(zoom);
        }
        if self.words.language() != settings.language() {
            self.words = Words::new(settings.language());
        }
        if let Some(picked) = self.picker.answer() {
            self.picked(picked);
        }
        self.watch_for_close(ctx);
    }

    /// Draws the window into all the space of `ui`.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        if !ready(ui.ctx()) {
            // Fonts hold from the next pass on, and text in a family that is not there yet would panic.
            ui.ctx().request_discard("fonts");
            return;
        }
        let ctx = ui.ctx().clone();
        self.logic(&ctx);
        self.take_drops(&ctx);
        if self.dialog.is_none() {
            self.take_keys(&ctx);
        }
        self.draw(ui);
        for request in self.state.take_requests() {
            self.carry_out(&ctx, request);
        }
        let hovering = self.state.hovering.take();
        if hovering != self.state.hovered {
            self.state.hovered = hovering;
            ctx.request_repaint();
        }
    }

    fn draw(&mut self, ui: &mut egui::Ui) {
        let now = self.moment();
        let model = self.engine.model();
        let scene =
            Scene { model: &model, texts: self.engine.texts(), words: &self.words, now: now.mono, wall: now.wall };
        self.toasts.gather(&scene);
        let state = &mut self.state;
        select::go_on(&scene, state);
        let colors = Colors::of(ui);
        let panel = Frame::new().fill(colors.panel);
        let bar = |name, height| Panel::top(name).exact_size(height).frame(panel);
        bar("menu bar", theme::MENU_BAR).show_separator_line(false).show(ui, |ui| menu::show(ui, &scene, state));
        bar("top bar", theme::TOP_BAR).show(ui, |ui| top_bar::show(ui, &scene, state));
        // A page takes the place of all panels.
        let panels = !self.compare.open;
        let session = panels && model.session().is_some();
        if state.settings.timeline && session {
            let room = ui.available_height();
            Panel::bottom("timeline")
                .resizable(true)
                .default_size((room * 0.4).clamp(240.0, 400.0))
                .size_range(96.0..=(room - 160.0).max(120.0))
                .frame(panel)
                .show(ui, |ui| self.timeline.show(ui, &scene, state));
        }
        let has_workers = panels && state.settings.workers && scene.has_lab();
        let sides = Sides::new(ui.available_width(), has_workers);
        if has_workers && sides.both {
            Panel::left(sides.id("workers"))
                .resizable(true)
                .default_size(sides.workers)
                .size_range(LEAST_WORKERS..=sides.most_workers)
                .frame(panel)
                .show(ui, |ui| workers::show(ui, &scene, state));
        }
        if state.settings.files && session {
            Panel::right(sides.id("files"))
                .resizable(true)
                .default_size(sides.files)
                .size_range(LEAST_FILES..=sides.most_files)
                .frame(panel)
                .show(ui, |ui| files::show(ui, &scene, state));
        }
        if panels {
            lesson::show(ui, &scene, state);
        }
        let central = CentralPanel::default().frame(Frame::new().fill(colors.window)).show(ui, |ui| {
            if self.compare.open {
                self.compare.show(ui, &scene, state, self.dialog.is_none());
            } else if welcome::is_due(&scene) {
                welcome::show(ui, &scene, state);
            } else {
                self.log_view.show(ui, &scene, state);
            }
        });
        self.toasts.show(ui, &scene, central.response.rect);
        show_drop_hint(ui, &scene);
        dialogs::show(ui, &mut self.dialog, &scene, state, &self.toasts);
        // Only what shows the present needs frames of its own; everything else wakes the window by an event.
        let timeline = state.settings.timeline && session && self.timeline.is_live();
        if self.fixed.is_none() && scene.has_lab() && model.lab_state() == LabState::Running {
            ui.ctx().request_repaint_after(CLOCK_FRAME);
        } else if self.fixed.is_none() && timeline {
            ui.ctx().request_repaint_after(TIMELINE_FRAME);
        }
    }

    fn take_keys(&mut self, ctx: &egui::Context) {
        let typing = ctx
            .memory(|memory| memory.focused())
            .is_some_and(|id| egui::text_edit::TextEditState::load(ctx, id).is_some());
        let mut actions: Vec<Action> = Action::ALL.into_iter().filter(|action| action.shortcut().is_some()).collect();
        // The keys with more modifiers first: egui takes Ctrl+Shift+O for Ctrl+O too.
        actions.sort_by_key(|action| std::cmp::Reverse(action.shortcut().map(|keys| modifiers(keys.modifiers))));
        for action in actions {
            let Some(keys) = action.shortcut() else { continue };
            // While something is typed, Delete and F2 belong to the text.
            if typing && keys.modifiers.is_none() && !is_function_key_of_find(action) {
                continue;
            }
            if ctx.input_mut(|input| input.consume_shortcut(&keys)) && self.can(action) {
                self.state.ask(action);
            }
        }
    }

    /// Whether an action has something to act on now.
    pub(super) fn can(&self, action: Action) -> bool {
        let now = self.moment();
        let model = self.engine.model();
        let scene =
            Scene { model: &model, texts: self.engine.texts(), words: &self.words, now: now.mono, wall: now.wall };
        menu::available(action, &scene, &self.state)
    }
}

fn is_function_key_of_find(action: Action) -> bool {
    matches!(action, Action::FindNext | Action::FindPrevious | Action::Keys | Action::Start | Action::PauseOrResume)
}

fn modifiers(of: egui::Modifiers) -> u8 {
    u8::from(of.command || of.ctrl) + u8::from(of.shift) + u8::from(of.alt)
}

/// Says what will happen while files are dragged over the window.
fn show_drop_hint(ui: &egui::Ui, scene: &Scene<'_>) {
    if ui.input(|input| input.raw.hovered_files.is_empty()) {
        return;
    }
    let colors = Colors::of(ui);
    let rect: Rect = ui.ctx().content_rect();
    let id = egui::Id::unique("rotascope drop");
    let painter = ui.ctx().layer_painter(egui::LayerId::new(egui::Order::Foreground, id));
    painter.rect_filled(rect, 0.0, theme::veil(colors));
    painter.rect_stroke(rect.shrink(12.0), 12.0, egui::Stroke::new(2.0, colors.accent), egui::StrokeKind::Inside);
    let text = scene.tr("drop-here");
    painter.text(rect.center(), egui::Align2::CENTER_CENTER, text, theme::strong(20.0), colors.text);
}

/// Gives the context its fonts and themes at the first call; whether they hold already.
fn ready(ctx: &egui::Context) -> bool {
    let id = egui::Id::unique("rotascope fonts");
    if ctx.data(|data| data.get_temp::<bool>(id)).is_some() {
        return true;
    }
    fonts::install(ctx);
    theme::install(ctx);
    // Size is a setting that is remembered; egui's own keys for it would change it past the settings.
    ctx.options_mut(|options| options.zoom_with_keyboard = false);
    ctx.data_mut(|data| data.insert_temp(id, true));
    false
}
