//! Carries out what panels and dialogs ask for.

use std::path::{Path, PathBuf};

use eframe::egui;
use egui::ViewportCommand;

use super::action::Action;
use super::dialogs::{Confirm, Dialog, file_command, operation};
use super::file_actions::others_that_hold;
use super::files::{name_of, session_folder};
use super::open::{DEMO, Picked, Purpose, SessionRequest};
use super::palette::Palette;
use super::raster::Image;
use super::select::{Chosen, chosen};
use super::settings::ThemeChoice;
use super::state::{FileAction, FileTarget, Request, Scene};
use super::text::Language;
use super::window::Window;
use super::{menu, new_lab};
use crate::command::{ClockOrder, Command, FileOperation, LabOrder};
use crate::engine::{Engine, Report};
use crate::event::LabState;
use crate::follow::Texts;
use crate::model::Model;

const HOUR_MS: i64 = 3_600_000;

impl Window {
    /// Does what was asked.
    pub(super) fn carry_out(&mut self, ctx: &egui::Context, request: Request) {
        match request {
            Request::Act(action) => self.act(ctx, action),
            Request::Send(command) => self.engine.send(command),
            Request::File(action, target) => self.file(action, target),
            Request::Reveal(path) => self.reveal(&path),
            Request::Open(request) => self.ask_to_open(ctx, request),
            Request::OpenNow(request) => self.open(ctx, request),
            Request::CloseNow => {
                self.may_close = true;
                ctx.send_viewport_cmd(ViewportCommand::Close);
            }
            Request::Save(purpose) => self.ask_where(ctx, purpose),
            Request::Write(Purpose::Ledger, path) => self.write_ledger(&path),
            Request::Write(purpose, path) => self.write_comparison(ctx, purpose, &path),
        }
    }

    fn act(&mut self, ctx: &egui::Context, action: Action) {
        if !self.can(action) {
            return;
        }
        let lab = |order| Command::Lab(order);
        match action {
            Action::OpenFile => self.picker.open(Purpose::Files, self.words.tr("pick-files"), ctx),
            Action::OpenFolder => self.picker.open(Purpose::Folder, self.words.tr("pick-folder"), ctx),
            Action::OpenLab => self.picker.open(Purpose::Lab, self.words.tr("pick-lab"), ctx),
            Action::ExportLedger => self.ask_where(ctx, Purpose::Ledger),
            Action::OpenPath => self.dialog = Some(Dialog::Path { text: String::new(), instead: false }),
            Action::DemoLab => self.ask_to_open(ctx, SessionRequest::BuiltIn(DEMO)),
            Action::NewLab => {
                self.dialog = Some(Dialog::NewLab(Box::new(new_lab::Form::of(self.state.new_lab.clone()))));
            }
            Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Action::Start => self.engine.send(lab(LabOrder::Start)),
            Action::PauseOrResume => {
                let paused = self.engine.model().lab_state() == LabState::Paused;
                self.engine.send(lab(if paused { LabOrder::Resume } else { LabOrder::Pause }));
            }
            Action::Stop => self.engine.send(lab(LabOrder::Stop)),
            Action::Reset => self.dialog = Some(Dialog::Confirm(Confirm::Reset)),
            Action::BeforeMidnight => self.engine.send(Command::Clock(ClockOrder::BeforeMidnight(10))),
            Action::HourForward => self.engine.send(Command::Clock(ClockOrder::JumpBy(HOUR_MS))),
            Action::HourBack => self.engine.send(Command::Clock(ClockOrder::JumpBy(-HOUR_MS))),
            Action::BeforeOffsetChange => self.engine.send(Command::Clock(ClockOrder::BeforeOffsetChange(10))),
            Action::SpeedReal | Action::SpeedHour | Action::SpeedDay => {
                if let Some(rate) = menu::speed_of(action) {
                    self.engine.send(Command::Clock(ClockOrder::Rate(rate)));
                }
            }
            Action::RenameFile => self.act_on_file(FileAction::Rename),
            Action::TruncateFile => self.act_on_file(FileAction::Truncate),
            Action::ReplaceFile => self.act_on_file(FileAction::Replace),
            Action::DeleteFile => self.act_on_file(FileAction::Delete),
            Action::RevealFile => self.reveal_chosen(),
            Action::CopyPath => {
                if let Some(chosen) = self.chosen() {
                    ctx.copy_text(chosen.path.display().to_string());
                }
            }
            Action::Release => {
                if let Some(chosen) = self.chosen() {
                    self.release(&chosen);
                }
            }
            Action::RestoreFile => {
                if let Some(source) = self.chosen().and_then(|chosen| chosen.source) {
                    let to = self.with_scene(|scene| source.proposal(scene)).display().to_string();
                    self.dialog = Some(Dialog::Restore { source, to });
                }
            }
            Action::RemoveFolder => self.remove_folder(),
            Action::MakeFolder => self.engine.send(lab(LabOrder::MakeFolders)),
            Action::CompareHandlers if self.compare.open => self.compare.close(),
            Action::CompareHandlers => self.compare.open = true,
            Action::Palette => self.dialog = Some(Dialog::Palette(Palette::default())),
            Action::Notices => self.dialog = Some(Dialog::Notices),
            Action::Keys => self.dialog = Some(Dialog::Keys),
            Action::About => self.dialog = Some(Dialog::About),
            _ => self.set(action),
        }
        ctx.request_repaint();
    }

    /// Actions that change nothing but how the window shows things.
    fn set(&mut self, action: Action) {
        let state = &mut self.state;
        let settings = &mut state.settings;
        match action {
            Action::ThemeSystem => settings.theme = ThemeChoice::System,
            Action::ThemeDark => settings.theme = ThemeChoice::Dark,
            Action::ThemeLight => settings.theme = ThemeChoice::Light,
            Action::LanguageSystem => settings.language = None,
            Action::LanguageEnglish => settings.language = Some(Language::English),
            Action::LanguageChinese => settings.language = Some(Language::Chinese),
            Action::Larger => settings.step_size(true),
            Action::Smaller => settings.step_size(false),
            Action::NormalSize => settings.size_percent = 100,
            Action::Workers => settings.workers ^= true,
            Action::Files => settings.files ^= true,
            Action::Timeline => settings.timeline ^= true,
            Action::Stamps => settings.stamps ^= true,
            // Keys that everywhere lead to the end must never lead away from it.
            Action::Follow => state.follow = true,
            Action::Find => {
                state.find.open = true;
                state.find.take_focus = true;
            }
            Action::FindNext => state.find.step = Some(1),
            Action::FindPrevious => state.find.step = Some(-1),
            _ => {}
        }
    }

    fn with_scene<R>(&self, look: impl FnOnce(&Scene<'_>) -> R) -> R {
        let now = self.moment();
        let model = self.engine.model();
        look(&Scene { model: &model, texts: self.engine.texts(), words: &self.words, now: now.mono, wall: now.wall })
    }

    fn chosen(&self) -> Option<Chosen> {
        self.with_scene(|scene| chosen(scene, &self.state))
    }

    fn act_on_file(&mut self, action: FileAction) {
        if let Some(chosen) = self.chosen().filter(Chosen::is_file) {
            self.file(action, chosen.target());
        }
    }

    /// What is gone for good by that is asked for first, but not in a lab's folder.
    fn release(&mut self, chosen: &Chosen) {
        let Some(id) = chosen.incarnation else { return };
        let is_last = self.with_scene(|scene| others_that_hold(scene, id) == 0 && !scene.in_lab(&chosen.path));
        // What an archive was made of stands in that.
        if is_last && !chosen.compressed {
            self.dialog = Some(Dialog::Confirm(Confirm::Release(id)));
        } else {
            self.engine.send(Command::Release(id));
        }
    }

    /// In a lab's folder at once: that is what the folder is for. Anywhere else only after a yes.
    fn file(&mut self, action: FileAction, target: FileTarget) {
        let in_lab = self.with_scene(|scene| scene.in_lab(&target.path));
        match operation(action) {
            None => self.dialog = Some(Dialog::Rename { name: name_of(&target.path), target }),
            Some(operation) if in_lab => self.engine.send(file_command(operation, target)),
            Some(_) => self.dialog = Some(Dialog::Confirm(Confirm::File(action, target))),
        }
    }

    fn remove_folder(&mut self) {
        let folder = self.with_scene(|scene| session_folder(scene).filter(|folder| scene.in_lab(folder)));
        if let Some(path) = folder {
            let target = FileTarget { path, file_id: None };
            self.engine.send(file_command(FileOperation::RemoveFolder, target));
        }
    }

    fn reveal_chosen(&mut self) {
        if let Some(folder) = self.chosen().and_then(|chosen| chosen.path.parent().map(Path::to_owned)) {
            self.reveal(&folder);
        }
    }

    /// The file manager is started on a thread of its own: on some systems that takes seconds.
    fn reveal(&mut self, folder: &Path) {
        if !folder.is_dir() {
            let text = self.words.tr_args("reveal-gone", &[("path", folder.display().to_string().into())]);
            return self.say(text, true);
        }
        let folder = folder.to_owned();
        let _ = std::thread::Builder::new().name("reveal".into()).spawn(move || opener::open(folder));
    }

    pub(super) fn say(&mut self, text: String, failed: bool) {
        let at = self.moment().mono;
        self.toasts.say(at, text, failed);
    }

    // --- opening --------------------------------------------------------------------------------------------------

    /// What the system's file dialog came back with.
    pub(super) fn picked(&mut self, picked: Picked) {
        match picked {
            Picked::Paths(purpose, paths) if default_name(purpose).is_some() => {
                if let Some(path) = paths.into_iter().next() {
                    self.state.ask(Request::Write(purpose, path));
                }
            }
            Picked::Paths(Purpose::Lab, paths) => {
                if let Some(path) = paths.into_iter().next() {
                    self.state.ask(Request::Open(SessionRequest::Lab(path)));
                }
            }
            Picked::Paths(_, paths) => self.state.ask(Request::Open(SessionRequest::Watch(paths))),
            Picked::Cancelled => {}
            Picked::NoDialog(purpose) => {
                self.dialog = Some(match default_name(purpose) {
                    Some(name) => Dialog::SavePath { purpose, text: default_path(name) },
                    None => Dialog::Path { text: String::new(), instead: true },
                });
            }
        }
    }

    /// Files and folders that were dropped onto the window.
    pub(super) fn take_drops(&mut self, ctx: &egui::Context) {
        let dropped = ctx.input(|input| input.raw.dropped_files.clone());
        let mut paths: Vec<PathBuf> = dropped.iter().map(|file| file.path().to_owned()).collect();
        match paths.len() {
            0 => {}
            1 => self.state.ask(Request::Open(SessionRequest::of_path(paths.remove(0)))),
            _ => self.state.ask(Request::Open(SessionRequest::Watch(paths))),
        }
    }

    fn ask_to_open(&mut self, ctx: &egui::Context, request: SessionRequest) {
        if self.with_scene(|scene| scene.workers_alive()) > 0 {
            self.dialog = Some(Dialog::Confirm(Confirm::Open(request)));
        } else {
            self.open(ctx, request);
        }
    }

    /// Opens another session. The old one ends first: both may want the same folder.
    /// Names that make no sense are left out and said.
    pub(super) fn open(&mut self, ctx: &egui::Context, request: SessionRequest) {
        let (request, wrong) = match request.checked() {
            Ok(checked) => checked,
            Err(reason) => return self.say(reason, true),
        };
        let Some(mut opener) = self.opener.take() else { return };
        self.replace_engine(Engine::still(Model::new(), Texts::default()).0);
        match opener(&request, ctx) {
            Ok(engine) => {
                self.replace_engine(engine);
                for path in request.paths() {
                    self.state.settings.remember(path);
                }
            }
            Err(reason) => self.say(reason, true),
        }
        wrong.into_iter().for_each(|reason| self.say(reason, true));
        self.opener = Some(opener);
        ctx.request_repaint();
    }

    fn ask_where(&mut self, ctx: &egui::Context, purpose: Purpose) {
        let title = match purpose {
            Purpose::Ledger => self.words.tr("pick-ledger"),
            _ => self.words.tr("compare-path-title"),
        };
        self.picker.open(purpose, title, ctx);
    }

    fn write_comparison(&mut self, ctx: &egui::Context, purpose: Purpose, path: &Path) {
        let written = match purpose {
            Purpose::ComparePicture => self
                .picture_of_comparison(ctx.theme())
                .map(|picture| picture.write_png(path).map_err(|error| error.to_string())),
            _ => self.compare.csv().map(|csv| std::fs::write(path, csv).map_err(|error| error.to_string())),
        };
        let shown = path.display().to_string();
        match written {
            None => {}
            Some(Ok(())) => self.say(self.words.tr_args("compare-written", &[("path", shown.into())]), false),
            Some(Err(reason)) => {
                let args = [("path", shown.into()), ("reason", reason.into())];
                self.say(self.words.tr_args("compare-not-written", &args), true);
            }
        }
    }

    /// Nothing of the session stands in it, so the engine need not wait with its model until it is drawn.
    fn picture_of_comparison(&self, theme: egui::Theme) -> Option<Image> {
        let (now, model) = (self.moment(), Model::default());
        let scene =
            Scene { model: &model, texts: self.engine.texts(), words: &self.words, now: now.mono, wall: now.wall };
        self.compare.picture(&scene, theme)
    }

    fn write_ledger(&mut self, path: &Path) {
        let written = {
            let model = self.engine.model();
            let duration_ms = model.span().map_or(0.0, |(first, last)| last.since(first) as f64 / 1e6);
            let report = Report::of(&model, duration_ms);
            serde_json::to_vec_pretty(&report).map_err(std::io::Error::from).and_then(|json| std::fs::write(path, json))
        };
        let shown = path.display().to_string();
        match written {
            Ok(()) => self.say(self.words.tr_args("ledger-written", &[("path", shown.into())]), false),
            Err(error) => {
                let reason = error.to_string();
                let args = [("path", shown.into()), ("reason", reason.into())];
                self.say(self.words.tr_args("ledger-not-written", &args), true);
            }
        }
    }

    // --- closing --------------------------------------------------------------------------------------------------

    /// Closing with workers running asks first.
    pub(super) fn watch_for_close(&mut self, ctx: &egui::Context) {
        let asked = ctx.input(|input| input.viewport().close_requested());
        if !asked || self.may_close || self.with_scene(|scene| scene.workers_alive()) == 0 {
            return;
        }
        ctx.send_viewport_cmd(ViewportCommand::CancelClose);
        self.dialog = Some(Dialog::Confirm(Confirm::Close));
    }
}

/// The name that a file to be written is given if nobody gives it another; none for what is opened.
fn default_name(purpose: Purpose) -> Option<&'static str> {
    match purpose {
        Purpose::Ledger => Some("ledger.json"),
        Purpose::CompareTable => Some("comparison.csv"),
        Purpose::ComparePicture => Some("comparison.png"),
        Purpose::Files | Purpose::Folder | Purpose::Lab => None,
    }
}

fn default_path(name: &str) -> String {
    let folder = directories::UserDirs::new()
        .and_then(|dirs| dirs.document_dir().map(Path::to_owned).or_else(|| Some(dirs.home_dir().to_owned())))
        .unwrap_or_default();
    folder.join(name).display().to_string()
}
