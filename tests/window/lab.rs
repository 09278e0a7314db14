//! The lab's controls: workers, clock, start and stop.

use eframe::egui::{self, Key, Modifiers};
use egui_kittest::kittest::Queryable;
use rotascope::clock::Moment;
use rotascope::command::{ClockOrder, Command, LabOrder, WorkerOrder};
use rotascope::event::{Event, SessionOpened, What, WorkerId};
use rotascope::gui::Settings;
use rotascope::gui::text::Language;

use crate::sample;
use crate::stage::{Stage, settings};

#[test]
fn the_bar_and_the_menu_order_the_same() {
    let mut stage = Stage::lesson();
    stage.press("Pause");
    assert_eq!(stage.orders(), [Command::Lab(LabOrder::Pause)]);
    stage.key(Modifiers::NONE, Key::F6);
    assert_eq!(stage.orders(), [Command::Lab(LabOrder::Pause)]);
    stage.choose(&["Lab", "Stop"]);
    assert_eq!(stage.orders(), [Command::Lab(LabOrder::Stop)]);
}

#[test]
fn midnight_is_one_choice_away() {
    let mut stage = Stage::lesson();
    stage.choose(&["Lab", "Ten seconds before midnight"]);
    assert_eq!(stage.orders(), [Command::Clock(ClockOrder::BeforeMidnight(10))]);
    stage.choose(&["Lab", "One hour back"]);
    assert_eq!(stage.orders(), [Command::Clock(ClockOrder::JumpBy(-3_600_000))]);
}

#[test]
fn a_reset_asks_because_it_empties_the_folder() {
    let mut stage = Stage::lesson();
    stage.choose(&["Lab", "Reset…"]);
    assert!(stage.orders().is_empty());
    stage.press("Cancel");
    stage.choose(&["Lab", "Reset…"]);
    stage.press("Reset");
    assert_eq!(stage.orders(), [Command::Lab(LabOrder::Reset)]);
}

#[test]
fn a_workers_buttons_order_that_worker_alone() {
    let mut stage = Stage::lesson();
    stage.click("Worker web-2");
    stage.press("Pause web-2");
    assert_eq!(stage.orders(), [Command::Worker(WorkerId(1), WorkerOrder::Pause)]);
    stage.press("Kill web-2");
    assert_eq!(stage.orders(), [Command::Worker(WorkerId(1), WorkerOrder::Kill(9))]);
}

#[test]
fn a_worker_unfolds_into_its_threads_and_tasks_with_their_rates() {
    let mut lesson = sample::lesson();
    let texts = lesson.texts().unwrap();
    for event in &mut lesson.events {
        if let What::SessionOpened(SessionOpened { lab: Some(lab), .. }) = &mut event.what {
            (lab.workers[0].threads, lab.workers[0].tasks) = (2, 20);
        }
    }
    let mut stage = Stage::open(&lesson.events, texts, settings(), [1280.0, 800.0]);
    assert!(!stage.sees("Show threads and tasks of web-2"), "one thread with one task hides nothing");
    assert!(!stage.sees("web-1 thread 2: 0/s"));
    stage.press("Show threads and tasks of web-1");
    assert!(stage.sees("web-1 thread 2: 0/s"));
    assert!(stage.sees("web-1 thread 2, task 20: 0/s, 0 lines"));
    stage.press("Hide threads and tasks of web-1");
    assert!(!stage.sees("web-1 thread 2: 0/s"));
}

#[test]
fn without_a_lab_its_menu_is_dim_and_orders_nothing() {
    let mut stage = Stage::foreign();
    stage.choose(&["Lab", "Ten seconds before midnight"]);
    stage.key(Modifiers::NONE, Key::F5);
    assert!(stage.orders().is_empty());
    assert!(!stage.sees("Worker web-1"));
}

#[test]
fn the_folder_can_be_made_again() {
    let mut stage = Stage::lesson();
    stage.choose(&["Lab", "Make the folder again"]);
    assert_eq!(stage.orders(), [Command::Lab(LabOrder::MakeFolders)]);
}

#[test]
fn escape_ends_the_typing_of_a_number_and_only_then_the_dialog() {
    let mut stage = Stage::lesson();
    stage.key(Modifiers::COMMAND, Key::N);
    stage.harness.get_by_role_and_label(egui::Role::SpinButton, "processes").click();
    stage.harness.run();
    stage.type_text("7");
    stage.key(Modifiers::NONE, Key::Escape);
    assert!(stage.sees("Open lab"), "the typing has ended, and not the dialog");
    assert!(!stage.harness.ctx.text_edit_focused());
    stage.key(Modifiers::NONE, Key::Escape);
    assert!(!stage.sees("Open lab"));
}

#[test]
fn a_copied_lab_file_is_confirmed_until_the_choices_change() {
    let mut stage = Stage::lesson();
    stage.key(Modifiers::COMMAND, Key::N);
    assert!(!stage.sees("Copied to the clipboard"));
    stage.harness.get_by_role_and_label(egui::Role::Button, "Copy as lab file").click();
    stage.harness.step();
    assert!(stage.sees("Copied to the clipboard"));
    stage.press("fork");
    assert!(!stage.sees("Copied to the clipboard"), "what is on the clipboard is another lab now");
}

fn say(stage: &mut Stage, text: &str, text_zh: Option<&str>) {
    let what = What::StepDone { step: 0, text: text.to_owned(), text_zh: text_zh.map(str::to_owned) };
    stage.harness.state().engine().tell(&Event { at: Moment::now(), what });
    stage.harness.run();
}

#[test]
fn what_a_step_says_stands_above_the_log_until_the_next_or_until_it_is_dismissed() {
    let mut stage = Stage::lesson();
    say(&mut stage, "Look at web-1.", Some("请看 web-1。"));
    assert!(stage.sees("Look at web-1."));
    say(&mut stage, "Look at web-2.", None);
    assert!(stage.sees("Look at web-2.") && !stage.sees("Look at web-1."));
    stage.press("Dismiss");
    assert!(!stage.sees("Look at web-2."));
    say(&mut stage, "Look at web-3.", None);
    assert!(stage.sees("Look at web-3."));
}

#[test]
fn a_chinese_window_says_it_in_chinese_where_the_lab_file_does() {
    let mut stage = Stage::lesson_with(Settings { language: Some(Language::Chinese), ..settings() }, [1280.0, 800.0]);
    say(&mut stage, "Look at web-1.", Some("请看 web-1。"));
    assert!(stage.sees("请看 web-1。") && !stage.sees("Look at web-1."));
    say(&mut stage, "Look at web-2.", None);
    assert!(stage.sees("Look at web-2."), "what is in one language alone is said in that");
}
