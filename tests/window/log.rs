//! The log: search, levels, following.

use eframe::egui::{Key, Modifiers};

use crate::stage::Stage;

#[test]
fn ctrl_f_goes_to_the_search_and_enter_to_a_match() {
    let mut stage = Stage::foreign();
    stage.key(Modifiers::COMMAND, Key::F);
    stage.type_text("route");
    assert_eq!(stage.harness.state().state.find.text, "route");
    stage.key(Modifiers::NONE, Key::Enter);
    stage.until(|stage| stage.sees("1 / 1"));
    stage.press("End the search");
    assert_eq!(stage.harness.state().state.find.text, "");
}

#[test]
fn the_level_filter_leaves_what_was_chosen() {
    let mut stage = Stage::lesson();
    let all = stage.picture();
    stage.press("All levels");
    stage.choose_in_menu("Warnings and worse");
    assert!(!stage.harness.state().state.levels.is_all());
    assert!(stage.picture() != all);
}

#[test]
fn following_is_switched_off_and_on_by_its_button() {
    let mut stage = Stage::lesson();
    assert!(stage.harness.state().state.follow);
    stage.click("Following");
    assert!(!stage.harness.state().state.follow);
    stage.key(Modifiers::COMMAND, Key::End);
    assert!(stage.harness.state().state.follow);
}
