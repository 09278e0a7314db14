//! The whole window, independent of what puts it on the screen.

use eframe::egui;
use egui::{CentralPanel, Frame, Panel};

use super::fonts;
use super::log_view::LogView;
use super::settings::{Settings, ThemeChoice};
use super::state::{Request, Scene, State};
use super::text::Words;
use super::theme::{self, Colors};
use super::timeline::TimelineView;
use crate::clock::Mono;
use crate::engine::Engine;

/// The window's content and all that it remembers.
pub struct Window {
    /// What the person has chosen.
    pub state: State,
    engine: Engine,
    words: Words,
    log_view: LogView,
    timeline: TimelineView,
    now: Option<Mono>,
}

impl Window {
    /// A window on a session.
    pub fn new(engine: Engine, settings: Settings) -> Window {
        Window {
            words: Words::new(settings.language()),
            state: State::new(settings),
            engine,
            log_view: LogView::default(),
            timeline: TimelineView::default(),
            now: None,
        }
    }

    /// Draws for this moment instead of the present one, so that a picture comes out the same every time.
    pub fn fix_moment(&mut self, now: Mono) {
        self.now = Some(now);
    }

    /// What must happen before each frame: fonts, theme, size and language as chosen.
    pub fn logic(&mut self, ctx: &egui::Context) {
        let settings = &self.state.settings;
        let preference = match settings.theme {
            ThemeChoice::System => egui::ThemePreference::System,
            ThemeChoice::Dark => egui::ThemePreference::Dark,
            ThemeChoice::Light => egui::ThemePreference::Light,
        };
        if ctx.options(|options| options.theme_preference) != preference {
            ctx.set_theme(preference);
        }
        if self.words.language() != settings.language() {
            self.words = Words::new(settings.language());
        }
    }

    /// Draws the window into all the space of `ui`.
    pub fn ui(&mut self, ui: &mut egui::Ui) {
        if !ready(ui.ctx()) {
            // Fonts hold from the next pass on, and text in a family that is not there yet would panic.
            ui.ctx().request_discard("fonts");
            return;
        }
        self.logic(&ui.ctx().clone());
        self.panels(ui);
        for request in self.state.take_requests() {
            self.carry_out(request);
        }
        self.state.hovered = self.state.hovering.take();
    }

    fn panels(&mut self, ui: &mut egui::Ui) {
        let colors = Colors::of(ui);
        let model = self.engine.model();
        let scene = Scene {
            model: &model,
            texts: self.engine.texts(),
            words: &self.words,
            now: self.now.unwrap_or_else(Mono::now),
        };
        let state = &mut self.state;
        let panel = Frame::new().fill(colors.panel);
        if state.settings.timeline {
            Panel::bottom("timeline").resizable(true).default_size(272.0).min_size(120.0).frame(panel).show(ui, |ui| {
                self.timeline.show(ui, &scene, state);
            });
        }
        CentralPanel::default().frame(Frame::new().fill(colors.window)).show(ui, |ui| {
            self.log_view.show(ui, &scene, state);
        });
    }

    fn carry_out(&mut self, request: Request) {
        if let Request::Send(command) = request {
            self.engine.send(command);
        }
    }
}

/// Gives the context its fonts and themes at the first call; whether they hold already.
fn ready(ctx: &egui::Context) -> bool {
    let id = egui::Id::unique("rotascope fonts");
    if ctx.data(|data| data.get_temp::<bool>(id)).is_some() {
        return true;
    }
    fonts::install(ctx);
    theme::install(ctx);
    ctx.data_mut(|data| data.insert_temp(id, true));
    false
}
