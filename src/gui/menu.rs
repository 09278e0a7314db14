//! The menu bar, and how an action looks in any menu.

use std::path::Path;

use eframe::egui;
use egui::{Align, Button, Layout, Popup, RichText, Sense, Ui, UiBuilder, vec2};

use super::action::Action;
use super::file_actions;
use super::open::{DEMO, SessionRequest};
use super::select;
use super::settings::{Settings, ThemeChoice};
use super::state::{Request, Scene, State};
use super::text::Language;
use super::theme::{self, Colors};
use crate::clock::{ClockMode, ClockSetting};
use crate::event::LabState;
use crate::lab::BUILT_IN;

/// Width of a menu, in points: enough for the words and keys of every action.
const MENU_WIDTH: f32 = 264.0;

/// Draws the bar.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::MENU_BAR), Sense::hover());
    let inner = rect.shrink2(vec2(theme::EDGE - 8.0, 1.0));
    let mut left = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::left_to_right(Align::Center)));
    left.spacing_mut().item_spacing.x = 0.0;
    egui::MenuBar::new().ui(&mut left, |ui| {
        ui.spacing_mut().button_padding = vec2(8.0, 3.0);
        ui.menu_button(scene.tr("menu-file"), |ui| file_menu(ui, scene, state));
        ui.menu_button(scene.tr("menu-lab"), |ui| lab_menu(ui, scene, state));
        ui.menu_button(scene.tr("menu-view"), |ui| view_menu(ui, scene, state));
        ui.menu_button(scene.tr("menu-help"), |ui| help_menu(ui, scene, state));
    });
    let mut right = ui.new_child(
        UiBuilder::new().max_rect(inner.shrink2(vec2(8.0, 0.0))).layout(Layout::right_to_left(Align::Center)),
    );
    let keys = shortcut_text(&right, Action::Palette);
    let hint = RichText::new(format!("{}  {keys}", scene.tr("palette-hint")))
        .font(theme::plain(theme::SMALL))
        .color(Colors::of(&right).muted);
    if right.add(Button::new(hint).frame(false)).on_hover_text(tip(scene, Action::Palette)).clicked() {
        state.ask(Action::Palette);
    }
}

fn file_menu(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    use Action::{DemoLab, ExportLedger, NewLab, OpenFile, OpenFolder, OpenLab, OpenPath, Quit};
    wide(ui);
    items(ui, &[OpenFile, OpenFolder, OpenPath], scene, state);
    ui.menu_button(scene.tr("menu-recent"), |ui| {
        wide(ui);
        if state.settings.recent.is_empty() {
            ui.weak(scene.tr("menu-recent-none"));
        }
        for path in state.settings.recent.clone() {
            if ui.button(short_path(&path)).on_hover_text(path.display().to_string()).clicked() {
                state.ask(Request::Open(SessionRequest::of_path(path)));
            }
        }
    });
    ui.separator();
    items(ui, &[NewLab, OpenLab, DemoLab], scene, state);
    built_in_labs(ui, scene, state);
    ui.separator();
    items(ui, &[ExportLedger], scene, state);
    ui.separator();
    items(ui, &[Quit], scene, state);
}

fn lab_menu(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    use Action::{CompareHandlers, MakeFolder, PauseOrResume, RemoveFolder, Reset, Start, Stop};
    wide(ui);
    items(ui, &[Start, PauseOrResume, Stop, Reset], scene, state);
    ui.separator();
    clock_items(ui, scene, state);
    ui.separator();
    items(ui, &[RemoveFolder, MakeFolder], scene, state);
    ui.separator();
    items(ui, &[CompareHandlers], scene, state);
}

/// The labs that are part of the program, but for the demo, which has a row of its own.
fn built_in_labs(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    ui.menu_button(scene.tr("menu-lessons"), |ui| {
        wide(ui);
        for (name, _) in BUILT_IN.iter().filter(|(name, _)| *name != DEMO) {
            let key = format!("lesson-{name}");
            if ui.button(scene.tr(&key)).on_hover_text(scene.tr(&format!("{key}.tip"))).clicked() {
                state.ask(Request::Open(SessionRequest::BuiltIn(name)));
                Popup::close_all(ui.ctx());
            }
        }
    });
}

/// What can be done to a simulated clock.
pub(super) fn clock_items(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    use Action::{BeforeMidnight, BeforeOffsetChange, HourBack, HourForward, SpeedDay, SpeedHour, SpeedReal};
    wide(ui);
    items(ui, &[BeforeMidnight, BeforeOffsetChange, HourForward, HourBack], scene, state);
    ui.separator();
    items(ui, &[SpeedReal, SpeedHour, SpeedDay], scene, state);
}

/// The session seconds a second of an action that sets the clock's speed.
pub(super) fn speed_of(action: Action) -> Option<f64> {
    match action {
        Action::SpeedReal => Some(1.0),
        Action::SpeedHour => Some(360.0),
        Action::SpeedDay => Some(8640.0),
        _ => None,
    }
}

#[allow(clippy::float_cmp, reason = "the same constant comes back unchanged")]
fn runs_at(clock: &ClockSetting, speed: f64) -> bool {
    matches!(clock.mode, ClockMode::Simulated { rate, .. } if rate == speed)
}

fn view_menu(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    use Action::{Larger, NormalSize, Smaller};
    wide(ui);
    ui.menu_button(scene.tr("menu-theme"), |ui| {
        wide(ui);
        items(ui, &[Action::ThemeSystem, Action::ThemeDark, Action::ThemeLight], scene, state);
    });
    ui.menu_button(scene.tr("menu-language"), |ui| {
        wide(ui);
        items(ui, &[Action::LanguageSystem, Action::LanguageEnglish, Action::LanguageChinese], scene, state);
    });
    ui.menu_button(scene.tr_args("menu-size", &[("percent", state.settings.size_percent.into())]), |ui| {
        wide(ui);
        items(ui, &[Larger, Smaller, NormalSize], scene, state);
    });
    ui.separator();
    items(ui, &[Action::Workers, Action::Files, Action::Timeline], scene, state);
    ui.separator();
    items(ui, &[Action::Stamps, Action::Follow], scene, state);
    ui.separator();
    items(ui, &[Action::Find, Action::FindNext, Action::FindPrevious, Action::Palette], scene, state);
}

fn help_menu(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    wide(ui);
    items(ui, &[Action::Keys, Action::Notices], scene, state);
    ui.separator();
    items(ui, &[Action::About], scene, state);
}

/// Gives a menu its width: enough for words and keys.
pub(super) fn wide(ui: &mut Ui) {
    ui.set_width(MENU_WIDTH);
    ui.spacing_mut().button_padding = vec2(8.0, 4.0);
    ui.spacing_mut().item_spacing.y = 1.0;
}

fn items(ui: &mut Ui, actions: &[Action], scene: &Scene<'_>, state: &mut State) {
    for action in actions {
        item(ui, *action, scene, state);
    }
}

/// One action as a row of a menu: a check mark where it is a choice that stands, its words, its keys.
pub(super) fn item(ui: &mut Ui, action: Action, scene: &Scene<'_>, state: &mut State) {
    let mut button = Button::new(text(scene, action)).shortcut_text(shortcut_text(ui, action));
    let speed = speed_of(action).map(|rate| scene.model.clock().is_some_and(|clock| runs_at(clock, rate)));
    if let Some(on) = speed.or_else(|| checked(action, &state.settings)) {
        button = button.selected(on);
    }
    let enabled = available(action, scene, state);
    let response = ui.add_enabled(enabled, button.min_size(vec2(ui.available_width(), 0.0)));
    let tip = file_actions::refusal(scene, state, action).unwrap_or_else(|| tip(scene, action));
    if response.on_hover_text(&tip).on_disabled_hover_text(&tip).clicked() {
        state.ask(action);
        Popup::close_all(ui.ctx());
    }
}

/// The words of an action; those of Pause follow the state of the lab.
pub(super) fn text(scene: &Scene<'_>, action: Action) -> String {
    match (action, scene.model.lab_state()) {
        (Action::PauseOrResume, LabState::Paused) => scene.tr("resume"),
        (Action::PauseOrResume, LabState::Running) => scene.tr("pause"),
        _ => scene.tr(&action.key()),
    }
}

/// The tooltip of an action.
pub(super) fn tip(scene: &Scene<'_>, action: Action) -> String {
    scene.tr(&action.tip_key())
}

/// The keys of an action, as people write them.
pub(super) fn shortcut_text(ui: &Ui, action: Action) -> String {
    action.shortcut().map(|shortcut| ui.ctx().format_shortcut(&shortcut)).unwrap_or_default()
}

/// Whether an action has something to act on.
pub(super) fn available(action: Action, scene: &Scene<'_>, state: &State) -> bool {
    use Action::{
        BeforeMidnight, BeforeOffsetChange, CopyPath, DeleteFile, ExportLedger, HourBack, HourForward, Larger,
        MakeFolder, PauseOrResume, Release, RemoveFolder, RenameFile, ReplaceFile, Reset, RestoreFile, RevealFile,
        Smaller, SpeedDay, SpeedHour, SpeedReal, Start, Stop, TruncateFile, Workers,
    };
    let lab = scene.has_lab();
    let lab_state = scene.model.lab_state();
    let chosen = select::chosen(scene, state);
    match action {
        // While it runs, for those that have ended.
        Start => {
            let some_ended = scene.workers_alive() < scene.model.workers().len();
            lab && (lab_state == LabState::Ready || lab_state == LabState::Running && some_ended)
        }
        PauseOrResume => lab && matches!(lab_state, LabState::Running | LabState::Paused),
        Stop => lab && (lab_state != LabState::Ready || scene.workers_alive() > 0),
        Reset | RemoveFolder | MakeFolder | ExportLedger | Workers => lab,
        BeforeOffsetChange => {
            let clock = scene.model.clock().filter(|_| lab);
            clock.is_some_and(|clock| clock.before_offset_change(scene.now, 0).is_ok())
        }
        BeforeMidnight | HourForward | HourBack | SpeedReal | SpeedHour | SpeedDay => {
            lab && scene.model.clock().is_some_and(ClockSetting::is_simulated)
        }
        RenameFile | DeleteFile => chosen.is_some_and(|chosen| chosen.is_file()),
        TruncateFile | ReplaceFile => chosen.is_some_and(|chosen| chosen.can_be_emptied()),
        RevealFile | CopyPath => chosen.is_some(),
        RestoreFile => chosen.is_some_and(|chosen| chosen.source.is_some()),
        Release => chosen.is_some_and(|chosen| chosen.releasable),
        Larger => state.settings.size_percent < Settings::SIZES[Settings::SIZES.len() - 1],
        Smaller => state.settings.size_percent > Settings::SIZES[0],
        _ => true,
    }
}

/// Whether an action that is a choice or a switch stands; none for the others.
pub(super) fn checked(action: Action, settings: &Settings) -> Option<bool> {
    Some(match action {
        Action::ThemeSystem => settings.theme == ThemeChoice::System,
        Action::ThemeDark => settings.theme == ThemeChoice::Dark,
        Action::ThemeLight => settings.theme == ThemeChoice::Light,
        Action::LanguageSystem => settings.language.is_none(),
        Action::LanguageEnglish => settings.language == Some(Language::English),
        Action::LanguageChinese => settings.language == Some(Language::Chinese),
        Action::Workers => settings.workers,
        Action::Files => settings.files,
        Action::Timeline => settings.timeline,
        Action::Stamps => settings.stamps,
        _ => return None,
    })
}

/// The last two parts of a path: enough to know it by.
pub(super) fn short_path(path: &Path) -> String {
    let name = |path: &Path| path.file_name().map(|name| name.to_string_lossy().into_owned());
    match (path.parent().and_then(name), name(path)) {
        (Some(folder), Some(name)) => format!("{folder}/{name}"),
        _ => path.display().to_string(),
    }
}
