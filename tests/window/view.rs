//! Log view and timeline: what stands in them of a session full of trouble, and what pointer and keys do.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use eframe::egui::{
    self, Key, Modifiers, MouseWheelSource, MouseWheelUnit, OutputCommand, Pos2, TouchPhase, pos2, vec2,
};
use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::event::{
    Actor, Batch, Cut, Event, FileId, FollowEvent, IncarnationId, LineMark, Origin, SessionOpened, What,
};
use rotascope::follow::Texts;
use rotascope::gui::Jump;
use rotascope::model::{MarkId, MarkKind};
use rotascope::record::LEVELS;

use egui_kittest::kittest::{NodeT, Queryable};

use crate::stage::{Stage, settings};

const SIZE: [f32; 2] = [1280.0, 800.0];

/// A session that is told step by step, with real files behind it.
pub(crate) struct Told {
    pub(crate) events: Vec<Event>,
    pub(crate) texts: Texts,
    ms: u64,
}

fn file_id(ino: u64) -> FileId {
    FileId { dev: 1, ino, born_ns: 1 }
}

fn path(name: &str) -> PathBuf {
    PathBuf::from("/srv/shop/logs").join(name)
}

/// A batch of nothing.
fn batch(number: u32) -> Batch {
    Batch {
        incarnation: IncarnationId(number),
        first_line: 0,
        lines: 0,
        start: 0,
        end: 0,
        size: 0,
        marks: vec![LineMark { line: 0, offset: 0 }],
        longest_bytes: 0,
        levels: [0; LEVELS],
        stamps: Vec::new(),
        torn: Vec::new(),
        fragments: 0,
        nul_bytes: 0,
    }
}

impl Told {
    pub(crate) fn new() -> Told {
        let mut told = Told { events: Vec::new(), texts: Texts::default(), ms: 0 };
        told.tell(What::SessionOpened(SessionOpened {
            title: "shop".to_owned(),
            paths: vec![PathBuf::from("/srv/shop/logs")],
            lab: None,
        }));
        let clock = ClockSetting { mode: ClockMode::Wall, zone: Some("UTC".to_owned()) };
        told.tell(What::ClockSet { clock, by: Actor::Other });
        told
    }

    fn tell(&mut self, what: What) {
        let wall = DateTime::parse_from_rfc3339("2026-11-23T09:12:40Z").unwrap().to_utc();
        let wall = wall + chrono::Duration::milliseconds(self.ms as i64);
        let at = Moment { mono: Mono(1_000_000_000_000 + self.ms * 1_000_000), wall };
        self.events.push(Event { at, what });
    }

    pub(crate) fn wait(&mut self, ms: u64) {
        self.ms += ms;
    }

    pub(crate) fn follow(&mut self, event: FollowEvent) {
        self.tell(What::Follow(event));
    }

    /// A file of its own with this text, read as a whole.
    pub(crate) fn file(
        &mut self,
        number: u32,
        name: &str,
        ino: u64,
        origin: Origin,
        text: &[u8],
    ) -> Arc<std::fs::File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        let file = Arc::new(file);
        self.texts.insert(IncarnationId(number), Arc::clone(&file));
        self.created(number, name, ino, origin, 0);
        self.wait(20);
        self.read(number, 0, text);
        file
    }

    pub(crate) fn created(&mut self, number: u32, name: &str, ino: u64, origin: Origin, size: u64) {
        self.follow(FollowEvent::Created {
            incarnation: IncarnationId(number),
            file_id: file_id(ino),
            path: path(name),
            start_offset: 0,
            size,
            origin,
            unlinked: false,
        });
    }

    pub(crate) fn read(&mut self, number: u32, first_line: u64, text: &[u8]) {
        let lines = text.iter().filter(|byte| **byte == b'\n').count() as u64;
        let size = text.len() as u64;
        self.follow(FollowEvent::Read(Batch { first_line, lines, end: size, size, ..batch(number) }));
    }

    pub(crate) fn stage(&self) -> Stage {
        Stage::open(&self.events, self.texts.clone(), settings(), SIZE)
    }
}

/// A file that is cut while the window looks on: what it had seen of it stays.
#[test]
fn lines_that_were_seen_outlive_a_truncation() {
    let mut told = Told::new();
    let text = b"2026-11-23 09:00:00 ERROR before the cut\n";
    let file = told.file(1, "shop.log", 4_711, Origin::AtStart, text);
    let mut stage = told.stage();
    stage.harness.run();
    let whole = stage.picture();

    file.set_len(0).unwrap();
    file.write_all_at(b"after\n", 0).unwrap();
    let before = told.events.len();
    told.wait(500);
    told.follow(FollowEvent::Truncated {
        incarnation: IncarnationId(1),
        next: IncarnationId(2),
        path: path("shop.log"),
        old_size: text.len() as u64,
        read: text.len() as u64,
        kept: 0,
        remaining: Vec::new(),
        exact: true,
        by: Actor::Other,
    });
    told.texts.insert(IncarnationId(2), Arc::clone(&file));
    told.created(2, "shop.log", 4_711, Origin::Truncated { previous: IncarnationId(1) }, 6);
    told.read(2, 0, b"after\n");

    // A window that comes too late has nothing to show of the first line, and says so.
    let late = told.stage().picture();
    for event in &told.events[before..] {
        stage.harness.state().engine().tell(event);
    }
    stage.harness.run();
    let seen = stage.picture();
    assert!(seen != whole && seen != late);
    stage.harness.state_mut().state.jump = Some(Jump::Row(0));
    stage.key(Modifiers::COMMAND, Key::A);
    stage.harness.event(eframe::egui::Event::Copy);
    stage.harness.step();
    assert_eq!(copied(&stage), "2026-11-23 09:00:00 ERROR before the cut\nafter\n");
}

/// A file in the trash is not gone: it has a name, and whoever writes to it goes on.
#[test]
fn a_file_in_the_trash_is_shown_as_one_that_is_there() {
    let mut told = Told::new();
    told.file(1, "shop.log", 4_711, Origin::AtStart, b"one\n");
    told.wait(500);
    told.follow(FollowEvent::Renamed {
        incarnation: IncarnationId(1),
        from: path("shop.log"),
        to: PathBuf::from("/home/ann/.local/share/Trash/files/shop.log"),
        cut: Cut { offset: 4, exact: true },
        beyond: Vec::new(),
        by: Actor::Person,
    });
    let mut stage = told.stage();
    assert!(stage.sees("You moved shop.log to the trash. It lies there with all its lines"));
    assert!(stage.sees("File shop.log") && !stage.sees("Deleted file"));
    assert!(stage.sees("shop.log in the trash"), "the second lane is told from the first");
    stage.harness.get_by_label_contains("File shop.log").click();
    stage.harness.run();
    assert!(!stage.sees("Release") && !stage.sees("disk space stay"));
}

/// What stood in a file before it was opened is in no count of the levels; the menu says so.
#[test]
fn counts_of_levels_that_are_not_whole_say_so() {
    let mut told = Told::new();
    told.file(1, "shop.log", 4_711, Origin::AtStart, b"one\ntwo\n");
    let note = "since this was opened";
    let mut stage = told.stage();
    stage.press("All levels");
    assert!(stage.sees("Warnings and worse") && !stage.sees(note), "without a number nothing is to be said");
    told.follow(FollowEvent::Read(Batch {
        first_line: 2,
        lines: 7,
        start: 8,
        end: 50,
        size: 50,
        levels: [0, 0, 7, 0, 0, 0],
        ..batch(1)
    }));
    let mut stage = told.stage();
    stage.press("All levels");
    assert!(stage.sees(note) && stage.harness.query_by_label("7").is_some());
    let mut stage = Stage::lesson();
    stage.press("All levels");
    assert!(stage.sees("Warnings and worse") && !stage.sees(note), "a lab's lines are all counted");
}

/// Nobody writes, so nothing is live: files stand as people count, the name that is written to first.
#[test]
fn files_at_rest_stand_in_the_order_of_their_names() {
    let mut told = Told::new();
    for (number, name) in (1..).zip(["app.log.10", "app.log.2", "app.log.1", "app.log"]) {
        told.created(number, name, u64::from(number), Origin::AtStart, 0);
    }
    let stage = told.stage();
    let places = ["app.log, incarnation 4", "app.log.1, incarnation 3", "app.log.2, incarnation 2", "app.log.10"]
        .map(|name| stage.harness.get_by_label_contains(&format!("File {name}")).rect().top());
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn a_mark_on_the_timeline_leads_to_its_row() {
    let mut stage = Stage::lesson();
    let (deleted, row) = {
        let model = stage.harness.state().engine().model();
        let marks = &model.timeline().marks;
        let deleted = marks.iter().position(|mark| matches!(mark.kind, MarkKind::Deleted { .. })).unwrap();
        (deleted, model.rows().row_of_mark(MarkId(deleted as u32)).unwrap())
    };
    assert!(row < 15_000, "the first delete, mark {deleted}");
    let mark = stage.harness.query_all_by_label_contains("You deleted 2026-05-10.log").next().unwrap();
    mark.click();
    stage.harness.run();
    let state = &stage.harness.state().state;
    assert!(!state.follow && state.jump.is_none());
    assert!(stage.sees("Paused: at an event"));
}

fn wheel(stage: &mut Stage, at: Pos2, points: f32) {
    stage.harness.hover_at(at);
    stage.harness.event(egui::Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, points),
        modifiers: Modifiers::NONE,
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
    });
    stage.harness.run();
}

const LOG: Pos2 = pos2(600.0, 300.0);
const TIMELINE: Pos2 = pos2(700.0, 700.0);

#[test]
fn scrolling_up_holds_still_and_the_end_follows_again() {
    let mut stage = Stage::lesson();
    wheel(&mut stage, LOG, 80.0);
    assert!(!stage.harness.state().state.follow);
    assert!(stage.sees("Paused: you scrolled up"));
    let paused = stage.picture();
    stage.key(Modifiers::NONE, Key::PageUp);
    assert!(stage.picture() != paused);
    stage.key(Modifiers::NONE, Key::End);
    assert!(stage.harness.state().state.follow && stage.sees("Following"));
    wheel(&mut stage, LOG, 80.0);
    wheel(&mut stage, LOG, -400.0);
    assert!(stage.harness.state().state.follow, "the end was reached by the wheel");
}

/// Everywhere these keys lead to the end, and nobody has scrolled who presses them there.
#[test]
fn the_keys_for_the_end_never_lead_away_from_it() {
    let mut stage = Stage::lesson();
    for _ in 0..2 {
        stage.key(Modifiers::COMMAND, Key::End);
        assert!(stage.harness.state().state.follow && stage.sees("Following") && !stage.sees("Paused"));
    }
    wheel(&mut stage, LOG, 80.0);
    stage.key(Modifiers::COMMAND, Key::End);
    assert!(stage.harness.state().state.follow && stage.sees("Following"));
    wheel(&mut stage, LOG, 80.0);
    stage.choose(&["View", "Go to the end and follow"]);
    assert!(stage.harness.state().state.follow);
}

#[test]
fn a_drag_selects_and_copies_what_is_shown() {
    let mut stage = Stage::lesson();
    stage.harness.drag_at(pos2(600.0, 200.0));
    stage.harness.run();
    stage.harness.hover_at(pos2(600.0, 245.0));
    stage.harness.run();
    stage.harness.drop_at(pos2(600.0, 245.0));
    stage.harness.run();
    assert!(stage.sees("Paused: selection"));
    stage.harness.event(egui::Event::Copy);
    stage.harness.step();
    let copied = copied(&stage);
    let lines: Vec<&str> = copied.lines().collect();
    assert_eq!(lines.len(), 3, "{copied}");
    // Stamps are not shown, so they are not copied.
    assert!(lines.iter().all(|line| line.contains("2026-05-10 00:00:24") && !line.contains('~')), "{copied}");
    stage.key(Modifiers::NONE, Key::Escape);
    assert!(stage.harness.state().state.follow);
}

fn copied(stage: &Stage) -> String {
    let commands = &stage.harness.output().platform_output.commands;
    let mut texts = commands.iter().rev().filter_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    texts.next().unwrap()
}

/// Ten million rows, of which the last one is far beyond what a 32-bit offset could reach.
#[test]
fn the_last_of_ten_million_rows_is_reached_exactly() {
    let mut told = Told::new();
    told.created(1, "huge.log", 4_711, Origin::AtStart, 0);
    let rows: u64 = 10_000_000;
    told.follow(FollowEvent::Read(Batch { lines: rows, end: rows * 9, size: rows * 9, ..batch(1) }));
    let mut stage = told.stage();
    stage.harness.state_mut().state.jump = Some(Jump::Row(rows - 1));
    stage.harness.run();
    assert!(stage.sees("to 10,000,000 of 10,000,000"));
    let end = stage.picture();
    wheel(&mut stage, LOG, 3.0);
    assert!(stage.picture() != end, "three points up are seen");
    stage.key(Modifiers::NONE, Key::Home);
    assert_eq!(uppermost(&stage), 1);
    stage.key(Modifiers::NONE, Key::End);
    assert!(stage.harness.state().state.follow && stage.sees("to 10,000,000 of 10,000,000"));
}

#[test]
fn the_wheel_takes_the_timeline_from_the_present_and_its_button_brings_it_back() {
    let mut stage = Stage::lesson();
    let live = stage.picture();
    wheel(&mut stage, TIMELINE, 120.0);
    let closer = stage.picture();
    assert!(closer != live);
    stage.press("Fit");
    assert!(stage.picture() != closer);
    stage.press("Live");
    stage.harness.hover_at(LOG);
    stage.harness.run();
    let row = stage.harness.query_by_label("Live").is_some();
    assert!(row);
}

#[test]
fn the_row_above_stays_when_the_filter_changes() {
    let mut stage = Stage::lesson();
    stage.harness.state_mut().state.jump = Some(Jump::Row(9_000));
    stage.harness.run();
    let before = uppermost(&stage);
    stage.press("All levels");
    stage.choose_in_menu("Warnings and worse");
    // The next warning stands at most some rows below.
    stage.until(|stage| stage.sees("rows 8,99") || stage.sees("rows 9,00"));
    stage.press("3 levels");
    stage.choose_in_menu("All levels");
    stage.harness.run();
    let after = uppermost(&stage);
    assert!(after >= before && after < before + 40, "{before} became {after}");
    assert!(!stage.harness.state().state.follow);
}

/// Number of the row that stands uppermost in the log.
fn uppermost(stage: &Stage) -> u64 {
    let label = stage.harness.get_by_label_contains("Log, rows").accesskit_node().value().unwrap();
    let number = label.trim_start_matches("Log, rows ").split(' ').next().unwrap();
    number.replace(',', "").parse().unwrap()
}
