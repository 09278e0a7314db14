//! Menus, settings, dialogs, and the end.

use eframe::egui::accesskit::Role;
use eframe::egui::{Key, Modifiers, ViewportCommand};
use egui_kittest::kittest::Queryable;
use rotascope::gui::settings::ThemeChoice;
use rotascope::gui::text::{Language, Words};

use crate::stage::Stage;

#[test]
fn the_language_changes_every_label_at_once() {
    let mut stage = Stage::lesson();
    let (english, chinese) = (Words::new(Language::English), Words::new(Language::Chinese));
    stage.choose(&["View", "Language", "Language: 简体中文"]);
    for key in ["menu-file", "menu-lab", "menu-view", "menu-help"] {
        assert!(stage.sees(&chinese.tr(key)), "{key} in Chinese");
        assert!(stage.harness.query_by_label(&english.tr(key)).is_none(), "{key} still in English");
    }
    stage.choose(&[&chinese.tr("menu-view"), &chinese.tr("menu-language"), &chinese.tr("action-language-english")]);
    assert!(stage.harness.query_by_label(&english.tr("menu-view")).is_some());
}

#[test]
fn the_theme_changes_what_is_drawn() {
    let mut stage = Stage::lesson();
    let dark = stage.picture().pixel(640, 300);
    stage.choose(&["View", "Theme", "Theme: light"]);
    assert_eq!(stage.harness.state().state.settings.theme, ThemeChoice::Light);
    let light = stage.picture().pixel(640, 300);
    assert!(dark.r() < 60 && light.r() > 200, "{dark:?} became {light:?}");
}

#[test]
fn panels_come_and_go() {
    let mut stage = Stage::lesson();
    assert!(stage.sees("Worker web-1"));
    stage.key(Modifiers::COMMAND, Key::Num1);
    assert!(!stage.sees("Worker web-1"));
    stage.choose(&["View", "Workers panel"]);
    assert!(stage.sees("Worker web-1"));
    stage.key(Modifiers::COMMAND, Key::Num2);
    assert!(!stage.sees("File 2026-05-10.log"));
}

#[test]
fn the_palette_finds_a_command_by_a_part_of_its_name() {
    let mut stage = Stage::lesson();
    stage.key(Modifiers::COMMAND, Key::P);
    stage.type_text("midnight");
    stage.key(Modifiers::NONE, Key::Enter);
    assert_eq!(stage.orders().len(), 1);
}

#[test]
fn closing_asks_while_workers_run() {
    let mut stage = Stage::lesson();
    assert!(stage.ask_to_close(), "the window stays");
    assert!(stage.sees("Close Rotascope?"));
    stage.press("Cancel");
    assert!(!stage.sees("Close Rotascope?"));
    assert!(stage.ask_to_close());
    stage.harness.get_by_label("Stop and close").click();
    let mut closed = false;
    for _ in 0..6 {
        stage.harness.step();
        closed |= stage.sent_viewport_command(&ViewportCommand::Close);
    }
    assert!(closed, "after a yes it closes");
    assert!(!stage.ask_to_close(), "and does not ask again");
}

#[test]
fn closing_asks_nothing_without_workers() {
    let mut stage = Stage::foreign();
    assert!(!stage.ask_to_close());
}

#[test]
fn help_names_every_key() {
    let mut stage = Stage::empty();
    stage.key(Modifiers::NONE, Key::F1);
    assert!(stage.sees("Ctrl+F"));
    stage.key(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Ctrl+F"));
}

/// What stands in front of the window takes the keys: nothing behind it is selected or confirmed.
#[test]
fn keys_stay_in_the_dialog() {
    let mut stage = Stage::lesson();
    stage.key(Modifiers::COMMAND, Key::A);
    assert!(!stage.harness.state().state.follow, "without a dialog it selects all lines, and following pauses");
    stage.key(Modifiers::COMMAND, Key::End);
    stage.key(Modifiers::COMMAND, Key::N);
    assert!(stage.sees("processes"));
    stage.key(Modifiers::COMMAND, Key::A);
    assert!(stage.harness.state().state.follow);
    stage.harness.get_by_role_and_label(Role::SpinButton, "processes").focus();
    stage.harness.run();
    stage.key(Modifiers::NONE, Key::Enter);
    assert!(stage.sees("processes"), "Enter belongs to the field that has the keyboard");
}

#[test]
fn the_palette_understands_english_in_a_chinese_window() {
    let mut stage = Stage::lesson();
    stage.choose(&["View", "Language", "Language: 简体中文"]);
    stage.key(Modifiers::COMMAND, Key::P);
    stage.type_text("theme light");
    stage.key(Modifiers::NONE, Key::Enter);
    assert_eq!(stage.harness.state().state.settings.theme, ThemeChoice::Light);
}
