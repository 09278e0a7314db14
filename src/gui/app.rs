//! The window on the screen: eframe around [`Window`], and what is remembered between two starts.

use std::path::PathBuf;
use std::time::Duration;

use eframe::egui;

use super::open::{Opener, SessionRequest};
use super::placing::Placing;
use super::{Settings, State, Window, icon, session, theme};
use crate::command::{Command, LabOrder};
use crate::engine::Engine;
use crate::follow::Texts;
use crate::model::Model;

/// Under this name eframe keeps the settings.
const SETTINGS: &str = "settings";
/// The name of the desktop entry, by which a desktop finds the window's icon.
const APP_ID: &str = "rotascope";

/// What the window starts with.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to open.
    pub open: SessionRequest,
    /// Whether to start the lab at once.
    pub start: bool,
}

/// Why there is no window.
#[derive(Debug, thiserror::Error)]
pub enum GuiError {
    /// The machine has no display.
    #[error(
        "no display to open a window on ({0}); `rotascope shot` makes pictures and `rotascope run` runs a lab without one"
    )]
    NoDisplay(String),
    /// The system refused.
    #[error("the window can't be opened: {0}; `rotascope shot` and `rotascope run` need none")]
    Window(String),
}

/// Opens the window and returns when it is closed, with every worker ended.
///
/// # Errors
/// Without a display, or when the system refuses a window.
pub fn run(options: Options) -> Result<(), GuiError> {
    if let Some(reason) = missing_display() {
        return Err(GuiError::NoDisplay(reason));
    }
    let viewport = egui::ViewportBuilder::default()
        .with_title("Rotascope")
        .with_app_id(APP_ID)
        // With its frame it fits on a screen of 1280x800.
        .with_inner_size([1240.0, 740.0])
        .with_min_inner_size([860.0, 520.0])
        .with_drag_and_drop(true)
        .with_icon(icon::icon());
    let native = eframe::NativeOptions { viewport, ..eframe::NativeOptions::default() };
    let result = eframe::run_native(
        APP_ID,
        native,
        Box::new(move |creation| Ok(Box::new(App::new(creation, session::opener(), &options)))),
    );
    result.map_err(|error| match error {
        eframe::Error::WinitEventLoop(error) => GuiError::NoDisplay(plain_reason(&error.to_string())),
        other => GuiError::Window(other.to_string()),
    })
}

/// The system's reason alone: winit puts the place in its own sources before it.
fn plain_reason(error: &str) -> String {
    let reason = error.rsplit(": ").next().unwrap_or(error);
    reason.trim_end_matches(')').to_owned()
}

/// Why there can be no window, as far as the environment tells. Asking winit would print more than one line.
fn missing_display() -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let names = ["WAYLAND_DISPLAY", "WAYLAND_SOCKET", "DISPLAY"];
    let set = names.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()));
    (!set).then(|| "neither DISPLAY nor WAYLAND_DISPLAY is set".to_owned())
}

struct App {
    window: Window,
    title: String,
    placing: Placing,
}

impl App {
    fn new(creation: &eframe::CreationContext<'_>, opener: Opener, options: &Options) -> App {
        let settings = creation
            .storage
            .and_then(|storage| storage.get_string(SETTINGS))
            .and_then(|json| serde_json::from_str::<Settings>(&json).ok())
            .unwrap_or_default();
        let nothing = Engine::still(Model::new(), Texts::default()).0;
        let mut window = Window::new(nothing, settings).with_opener(opener);
        window.open(&creation.egui_ctx, options.open.clone());
        if options.start {
            window.engine().send(Command::Lab(LabOrder::Start));
        }
        App { window, title: String::new(), placing: Placing::default() }
    }
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &egui::Context, frame: &mut eframe::Frame) {
        self.placing.look(ctx, frame);
        self.window.logic(ctx);
        let title = title(&self.window);
        if title != self.title {
            ctx.send_viewport_cmd(egui::ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn ui(&mut self, ui: &mut egui::Ui, _: &mut eframe::Frame) {
        self.window.ui(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        let state: &State = &self.window.state;
        if let Ok(json) = serde_json::to_string(&state.settings) {
            storage.set_string(SETTINGS, json);
        }
    }

    fn auto_save_interval(&self) -> Duration {
        // Written at the end; a timer of its own would wake an idle window.
        Duration::from_secs(24 * 3600)
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        theme::Colors::of_mode(visuals.dark_mode).window.to_normalized_gamma_f32()
    }
}

fn title(window: &Window) -> String {
    match window.engine().model().session() {
        Some(session) => format!("{} – Rotascope", session.title),
        None => "Rotascope".to_owned(),
    }
}

/// The folder in which the window keeps what its labs write.
pub(super) fn data_folder() -> Option<PathBuf> {
    directories::ProjectDirs::from("", "", APP_ID).map(|dirs| dirs.data_dir().to_owned())
}
