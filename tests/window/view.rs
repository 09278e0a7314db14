//! Log view and timeline: what stands in them of a session full of trouble, and what pointer and keys do.

use std::io::Write;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::DateTime;
use eframe::egui::{Key, Modifiers, OutputCommand};
use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::event::{
    Actor, Batch, Event, FileId, FollowEvent, IncarnationId, LineMark, Origin, SessionOpened, What,
};
use rotascope::follow::Texts;
use rotascope::gui::Jump;
use rotascope::model::{MarkId, MarkKind};
use rotascope::record::LEVELS;

use egui_kittest::kittest::Queryable;

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
        self.follow(FollowEvent::Read(Batch {
            incarnation: IncarnationId(number),
            first_line,
            lines,
            start: 0,
            end: text.len() as u64,
            size: text.len() as u64,
            marks: vec![LineMark { line: first_line, offset: 0 }],
            longest_bytes: 0,
            levels: [0; LEVELS],
            stamps: Vec::new(),
            torn: Vec::new(),
            fragments: 0,
            nul_bytes: 0,
        }));
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
    let copied = stage.harness.output().platform_output.commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    });
    assert_eq!(copied.unwrap(), "2026-11-23 09:00:00 ERROR before the cut\nafter\n");
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
