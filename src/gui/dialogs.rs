//! What stands in front of the window until it is answered.

use eframe::egui;
use egui::{Align, Key, Layout, Modal, RichText, TextEdit, Ui, vec2};

use super::about;
use super::deleted_files::Source;
use super::files::name_of;
use super::new_lab;
use super::open::{Purpose, SessionRequest, check_name, typed_path};
use super::palette::{self, Palette};
use super::state::{FileAction, FileTarget, Request, Scene, State};
use super::theme::{self, Colors};
use super::toasts::Toasts;
use super::widgets;
use crate::command::{Command, FileOperation, FileOrder, LabOrder, RestoreOrder};
use crate::event::{Actor, IncarnationId};

/// A dialog.
#[derive(Debug)]
pub(super) enum Dialog {
    /// A path is typed.
    Path {
        /// As typed.
        text: String,
        /// Whether the system's dialog was asked for and is not there.
        instead: bool,
    },
    /// A path to write something to is typed: the system's dialog is not there.
    SavePath {
        /// What is to be written.
        purpose: Purpose,
        /// As typed.
        text: String,
    },
    /// A new name is typed.
    Rename {
        /// The file.
        target: FileTarget,
        /// As typed.
        name: String,
    },
    /// A name for a deleted file's content is typed.
    Restore {
        /// From where it is read.
        source: Source,
        /// The whole path, as typed.
        to: String,
    },
    /// A lab is put together.
    NewLab(Box<new_lab::Form>),
    /// Something that destroys waits for a yes.
    Confirm(Confirm),
    /// Every action by name.
    Palette(Palette),
    /// All keys.
    Keys,
    /// Version and licences.
    About,
    /// Everything that was reported.
    Notices,
}

/// What waits for a yes.
#[derive(Debug)]
pub(super) enum Confirm {
    /// An operation on a file that no lab owns.
    File(FileAction, FileTarget),
    /// A file that no lab owns and that nobody else holds any more is let go of.
    Release(IncarnationId),
    /// The lab's folder is emptied.
    Reset,
    /// Another session is opened while workers run.
    Open(SessionRequest),
    /// The window is closed while workers run.
    Close,
}

/// Draws the dialog, if there is one.
pub(super) fn show(ui: &mut Ui, dialog: &mut Option<Dialog>, scene: &Scene<'_>, state: &mut State, toasts: &Toasts) {
    let Some(open) = dialog else { return };
    let salt = match open {
        Dialog::Path { .. } => "path",
        Dialog::SavePath { .. } => "save path",
        Dialog::Rename { .. } => "rename",
        Dialog::Restore { .. } => "restore",
        Dialog::NewLab(_) => "new lab",
        Dialog::Confirm(_) => "confirm",
        Dialog::Palette(_) => "palette",
        Dialog::Keys => "keys",
        Dialog::About => "about",
        Dialog::Notices => "notices",
    };
    let colors = Colors::of(ui);
    let padding = if matches!(open, Dialog::Palette(_)) { 8.0 } else { 20.0 };
    let frame = egui::Frame::popup(ui.style()).inner_margin(padding).corner_radius(10.0).fill(colors.panel);
    let id = egui::Id::unique(("rotascope dialog", salt));
    let area = match open {
        // A list that grows and shrinks while one types must not jump: it hangs from its top.
        Dialog::Palette(_) => Modal::default_area(id).anchor(egui::Align2::CENTER_TOP, vec2(0.0, 96.0)),
        _ => Modal::default_area(id),
    };
    let response = Modal::new(id).area(area).frame(frame).backdrop_color(theme::backdrop(colors)).show(
        ui.ctx(),
        |ui| match open {
            Dialog::Path { text, instead } => path(ui, scene, state, text, *instead),
            Dialog::SavePath { purpose, text } => save_path(ui, scene, state, *purpose, text),
            Dialog::Rename { target, name } => rename(ui, scene, state, target, name),
            Dialog::Restore { source, to } => restore(ui, scene, state, source, to),
            Dialog::NewLab(form) => new_lab::show(ui, scene, state, form),
            Dialog::Confirm(confirm) => show_confirm(ui, scene, state, confirm),
            Dialog::Palette(palette) => palette::show(ui, scene, state, palette),
            Dialog::Keys => about::keys(ui, scene),
            Dialog::About => about::about(ui, scene),
            Dialog::Notices => about::notices(ui, scene, toasts),
        },
    );
    if response.inner || response.should_close() {
        *dialog = None;
    }
}

fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::strong(15.0)));
    ui.add_space(4.0);
}

/// The row of buttons at a dialog's end, the main one rightmost. Gives (main pressed, cancelled).
fn buttons(ui: &mut Ui, scene: &Scene<'_>, main: &str, enabled: bool, destroys: bool) -> (bool, bool) {
    ui.add_space(12.0);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let main = ui.add_enabled_ui(enabled, |ui| widgets::main_button(ui, main, destroys)).inner.clicked();
        (main, ui.button(scene.tr("cancel")).clicked())
    })
    .inner
}

/// A field that has the keyboard as soon as it is there, with all of its text selected.
fn field(ui: &mut Ui, text: &mut String, label: &str, hint: &str) -> bool {
    let output = TextEdit::singleline(text)
        .desired_width(f32::INFINITY)
        .margin(egui::Margin::symmetric(8, 5))
        .hint_text(hint)
        .font(egui::TextStyle::Monospace)
        .show(ui);
    let response = output.response.response.accessible_name(label);
    // Asked before the field takes the keyboard back: Enter has just made it let go.
    let entered = response.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
    if !entered && ui.memory(|memory| memory.focused().is_none()) {
        response.request_focus();
        let mut cursor = output.state;
        let all =
            egui::text::CCursorRange::two(egui::text::CCursor::new(0), egui::text::CCursor::new(text.chars().count()));
        cursor.cursor.set_char_range(Some(all));
        cursor.store(ui.ctx(), response.id);
    }
    entered
}

fn path(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, text: &mut String, instead: bool) -> bool {
    ui.set_width(460.0);
    title(ui, &scene.tr("path-title"));
    let why = if instead { "path-instead" } else { "path-why" };
    ui.label(RichText::new(scene.tr(why)).color(Colors::of(ui).muted));
    ui.add_space(6.0);
    let entered = field(ui, text, &scene.tr("path-title"), "/var/log/syslog");
    let path = typed_path(text);
    let (main, cancelled) = buttons(ui, scene, &scene.tr("open"), path.is_some(), false);
    match path {
        Some(path) if main || entered => {
            state.ask(Request::Open(SessionRequest::of_path(path)));
            true
        }
        _ => cancelled,
    }
}

fn save_path(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, purpose: Purpose, text: &mut String) -> bool {
    ui.set_width(460.0);
    let heading = scene.tr(match purpose {
        Purpose::Ledger => "ledger-path-title",
        _ => "compare-path-title",
    });
    title(ui, &heading);
    ui.label(RichText::new(scene.tr("path-instead")).color(Colors::of(ui).muted));
    ui.add_space(6.0);
    let entered = field(ui, text, &heading, "");
    let path = typed_path(text);
    let (main, cancelled) = buttons(ui, scene, &scene.tr("save"), path.is_some(), false);
    match path {
        Some(path) if main || entered => {
            state.ask(Request::Write(purpose, path));
            true
        }
        _ => cancelled,
    }
}

fn rename(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, target: &FileTarget, name: &mut String) -> bool {
    ui.set_width(420.0);
    let old = name_of(&target.path);
    title(ui, &scene.tr_args("rename-title", &[("name", old.as_str().into())]));
    let folder = target.path.parent().unwrap_or(&target.path);
    let where_ =
        RichText::new(folder.display().to_string()).font(theme::plain(theme::SMALL)).color(Colors::of(ui).muted);
    ui.add(egui::Label::new(where_).wrap());
    ui.add_space(4.0);
    let entered = field(ui, name, &scene.tr("rename-field"), "");
    let checked = check_name(folder, &old, name);
    // A line of its own height always, so that the dialog does not jump.
    let remark = match checked {
        Err(key) if key != "rename-same" => RichText::new(scene.tr(key)).color(Colors::of(ui).bad),
        _ => RichText::new(" "),
    };
    ui.label(remark.font(theme::plain(theme::SMALL)));
    let (main, cancelled) = buttons(ui, scene, &scene.tr("rename"), checked.is_ok(), false);
    match checked {
        Ok(to) if main || entered => {
            state.ask(file_command(FileOperation::Rename { to }, target.clone()));
            true
        }
        _ => cancelled,
    }
}

fn restore(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, source: &Source, to: &mut String) -> bool {
    ui.set_width(460.0);
    let name = name_of(&source.path);
    title(ui, &scene.tr_args("restore-title", &[("name", name.into())]));
    ui.label(RichText::new(scene.tr("restore-why")).color(Colors::of(ui).muted));
    ui.add_space(6.0);
    let entered = field(ui, to, &scene.tr("restore-field"), "");
    let path = typed_path(to);
    let (main, cancelled) = buttons(ui, scene, &scene.tr("restore-yes"), path.is_some(), false);
    match path {
        Some(to) if main || entered => {
            let Source { file_id, incarnation, holder, path } = source.clone();
            state.ask(Command::Restore(RestoreOrder { file_id, incarnation, holder, path, to }));
            true
        }
        _ => cancelled,
    }
}

/// The command of a person at the window.
pub(super) fn file_command(operation: FileOperation, target: FileTarget) -> Command {
    Command::File(FileOrder { operation, path: target.path, file_id: target.file_id, by: Actor::Person })
}

/// The operation of an action that needs no further answer.
pub(super) fn operation(action: FileAction) -> Option<FileOperation> {
    match action {
        FileAction::Rename => None,
        FileAction::Truncate => Some(FileOperation::Truncate { to_bytes: 0 }),
        FileAction::Replace => Some(FileOperation::Replace),
        FileAction::Delete => Some(FileOperation::Delete),
    }
}

fn show_confirm(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, confirm: &Confirm) -> bool {
    ui.set_width(440.0);
    match confirm {
        Confirm::File(action, target) => confirm_file(ui, scene, state, *action, target),
        Confirm::Release(id) => {
            let names = scene.model.incarnation(*id).and_then(|one| one.names.last());
            let asked = Question {
                title: "release-title",
                why: "release-why",
                path: names.map(|(_, path)| path.display().to_string()),
                main: "action-release",
                destroys: true,
            };
            asked.show(ui, scene, state, Request::Send(Command::Release(*id)))
        }
        Confirm::Reset => {
            let folder = scene.model.lab_folder().map(|folder| folder.display().to_string()).unwrap_or_default();
            let asked = Question {
                title: "reset-title",
                why: "reset-why",
                path: Some(folder),
                main: "reset-yes",
                destroys: true,
            };
            asked.show(ui, scene, state, Request::Send(Command::Lab(LabOrder::Reset)))
        }
        Confirm::Open(request) => {
            let asked = Question { title: "end-title", why: "end-why", path: None, main: "end-open", destroys: false };
            asked.show(ui, scene, state, Request::OpenNow(request.clone()))
        }
        Confirm::Close => {
            let asked =
                Question { title: "close-title", why: "end-why", path: None, main: "close-yes", destroys: false };
            asked.show(ui, scene, state, Request::CloseNow)
        }
    }
}

struct Question {
    title: &'static str,
    why: &'static str,
    path: Option<String>,
    main: &'static str,
    destroys: bool,
}

impl Question {
    fn show(&self, ui: &mut Ui, scene: &Scene<'_>, state: &mut State, yes: Request) -> bool {
        title(ui, &scene.tr(self.title));
        ui.label(scene.tr_args(self.why, &[("n", scene.workers_alive().into())]));
        if let Some(path) = &self.path {
            show_path(ui, path);
        }
        let (main, cancelled) = buttons(ui, scene, &scene.tr(self.main), true, self.destroys);
        if main || ui.input(|input| input.key_pressed(Key::Enter)) {
            state.ask(yes);
            return true;
        }
        cancelled
    }
}

fn show_path(ui: &mut Ui, path: &str) {
    ui.add_space(6.0);
    let fill = Colors::of(ui).raised;
    egui::Frame::new().fill(fill).corner_radius(6.0).inner_margin(8.0).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.add(egui::Label::new(RichText::new(path).font(theme::mono(theme::MONO))).wrap().selectable(true));
    });
}

/// Names the whole path. For a delete the system's trash is the default, and for good takes a second button.
fn confirm_file(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, action: FileAction, target: &FileTarget) -> bool {
    let name = name_of(&target.path);
    let (heading, why, main) = match action {
        FileAction::Delete => ("delete-title", "delete-why", "delete-trash"),
        FileAction::Truncate => ("truncate-title", "truncate-why", "truncate-yes"),
        FileAction::Replace => ("replace-title", "replace-why", "replace-yes"),
        FileAction::Rename => return true,
    };
    title(ui, &scene.tr_args(heading, &[("name", name.as_str().into())]));
    ui.label(scene.tr(why));
    show_path(ui, &target.path.display().to_string());
    ui.add_space(12.0);
    let enter = ui.input(|input| input.key_pressed(Key::Enter));
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let deletes = action == FileAction::Delete;
        let mut asked = None;
        if widgets::main_button(ui, &scene.tr(main), !deletes).clicked() || enter && deletes {
            asked = if deletes { Some(FileOperation::Trash) } else { operation(action) };
        }
        let cancelled = ui.button(scene.tr("cancel")).clicked();
        if deletes {
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let bad = Colors::of(ui).bad;
                let text = RichText::new(scene.tr("delete-for-good")).color(bad);
                if ui.add(egui::Button::new(text)).on_hover_text(scene.tr("delete-for-good.tip")).clicked() {
                    asked = Some(FileOperation::Delete);
                }
            });
        }
        let answered = asked.is_some();
        if let Some(operation) = asked {
            state.ask(file_command(operation, target.clone()));
        }
        answered || cancelled
    })
    .inner
}
