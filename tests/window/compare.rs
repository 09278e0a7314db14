//! The page that compares handlers, with real workers.

use std::path::Path;
use std::time::{Duration, Instant};

use eframe::egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::Stage;

/// The page with plain and daily chosen, and nothing but a delete, for a second each.
fn page() -> Stage {
    let mut stage = Stage::lesson();
    stage.choose(&["Lab", "Compare handlers"]);
    stage.press("Faults: None");
    stage.press("Handlers: None");
    for name in ["plain", "daily", "delete"] {
        check(&mut stage, name);
    }
    stage
}

fn check(stage: &mut Stage, name: &str) {
    stage.harness.get_by_role_and_label(Role::CheckBox, name).click();
    stage.harness.run();
}

/// Real runs take their time.
fn wait(stage: &mut Stage, what: &str) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !stage.sees(what) {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(10)); // poll
        stage.harness.step();
    }
}

/// Presses the button, and types the path where the machine has no file dialog.
fn save(stage: &mut Stage, button: &str, path: &Path) {
    stage.press(button);
    wait(stage, "Save the comparison to");
    stage.harness.run();
    stage.type_text(&path.display().to_string());
    stage.press("Save");
}

#[test]
fn nothing_chosen_is_nothing_to_run() {
    let mut stage = Stage::foreign();
    stage.key(Modifiers::COMMAND | Modifiers::SHIFT, Key::H);
    assert!(stage.sees("Who loses what, under which fault?"));
    stage.press("Faults: None");
    assert!(stage.sees("Choose a handler and a fault."));
    assert!(stage.harness.get_by_role_and_label(Role::Button, "Compare").accesskit_node().is_disabled());
    stage.key(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Choose a handler and a fault."), "the page is closed");
}

#[test]
fn the_table_fills_and_can_be_sorted_and_saved() {
    let mut stage = page();
    assert!(stage.sees("2 runs, about"));
    stage.press("Compare");
    wait(&mut stage, "plain · delete: lost");
    wait(&mut stage, "2 runs, done");
    assert!(stage.sees("daily · delete: lost"));
    assert!(stage.sees("lines of a run, all workers together") && stage.sees("time to reopen"));
    stage.press("lost");
    stage.press("lost %");
    let folder = tempfile::tempdir().unwrap();
    for (button, name) in [("Save as CSV…", "table.csv"), ("Save as PNG…", "picture.png")] {
        let path = folder.path().join(name);
        save(&mut stage, button, &path);
        wait(&mut stage, &format!("Comparison written to {}", path.display()));
    }
    let table = std::fs::read_to_string(folder.path().join("table.csv")).unwrap();
    let lines: Vec<&str> = table.lines().collect();
    assert!(lines[0].starts_with("fault,handler,processes,") && lines.len() == 3, "{table}");
    assert!(lines[1].starts_with("delete,plain,4,5000,") && lines[2].starts_with("delete,daily,4,5000,"), "{table}");
    let fields: Vec<usize> = lines.iter().map(|line| line.split(',').count()).collect();
    assert_eq!(fields, [18, 18, 18]);
    let picture = std::fs::read(folder.path().join("picture.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG") && picture.len() > 10_000);
}

#[test]
fn a_run_can_be_cancelled_and_leaves_the_page_as_it_was() {
    let mut stage = page();
    stage.press("Compare");
    wait(&mut stage, "Run 1 of 2: plain under delete");
    stage.press("Cancel");
    wait(&mut stage, "Ended after 0 of 2 runs");
    assert!(stage.sees("Compare handlers"));
}
