//! `locked`: what the races of the other rotating classes come to when everybody locks.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::super::{Class, EmitError, Handler, HandlerSetup, NoProbe, Observer, Opened, Point, Probe, Surroundings};
use crate::clock::{ClockMode, ClockSetting, Moment, SchedulePlan, SessionClock, When};
use crate::event::{OpenReason, Rollover, RolloverAct};

/// Session time that stands still, so many seconds after a midnight.
fn seconds(seconds: i64) -> SessionClock {
    let midnight = chrono::DateTime::parse_from_rfc3339("2026-05-09T00:00:00Z").unwrap();
    let mode = ClockMode::Simulated { anchor: None, start: midnight + chrono::TimeDelta::seconds(seconds), rate: 1.0 };
    SessionClock::new(ClockSetting { mode, zone: Some("UTC".to_owned()) })
}

#[derive(Default)]
struct Told {
    opened: Vec<OpenReason>,
    archived: Vec<PathBuf>,
    blocked: Vec<Option<u32>>,
    gave_up: Vec<bool>,
}

impl Observer for Told {
    fn opened(&mut self, opened: Opened<'_>) {
        self.opened.push(opened.reason);
    }

    fn rolled_over(&mut self, _: Moment, rollover: Rollover) {
        if let RolloverAct::Renamed { to, .. } = rollover.act {
            self.archived.push(to);
        }
    }

    fn blocked(&mut self, _: Moment, holder: Option<u32>) {
        self.blocked.push(holder);
    }

    fn unblocked(&mut self, _: Moment, _: u64, gave_up: bool) {
        self.gave_up.push(gave_up);
    }
}

/// One process of several, as far as a lock can tell.
struct Writer {
    handler: Box<dyn Handler>,
    clock: SessionClock,
    told: Told,
}

impl Writer {
    fn new(folder: &Path, when: When, backup_count: u32) -> Writer {
        let mut setup = HandlerSetup::new(Class::Locked, folder.join("logs/a.log"));
        setup.options.schedule = SchedulePlan { when, ..SchedulePlan::default() };
        setup.options.backup_count = backup_count;
        let mut writer = Writer { handler: setup.build(folder), clock: seconds(10), told: Told::default() };
        let mut around = quiet(&writer.clock, &mut writer.told);
        writer.handler.open(&mut around).unwrap();
        writer
    }

    fn emit_with(&mut self, line: &str, probe: &dyn Probe, called_away: bool) -> Result<(), EmitError> {
        let called_away: &dyn Fn() -> bool = if called_away { &|| true } else { &|| false };
        let mut around = Surroundings {
            clock: &self.clock,
            line_day: None,
            observer: &mut self.told,
            probe,
            beginning: b"",
            called_away,
        };
        self.handler.emit(format!("{line}\n").as_bytes(), &mut around)
    }

    fn emit(&mut self, line: &str) {
        self.emit_with(line, &NoProbe, false).unwrap();
    }
}

/// Nobody looks, interferes or calls.
fn quiet<'a>(clock: &'a SessionClock, observer: &'a mut Told) -> Surroundings<'a> {
    Surroundings { clock, line_day: None, observer, probe: &NoProbe, beginning: b"", called_away: &|| false }
}

struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        Desk(folder)
    }

    fn writer(&self, when: When) -> Writer {
        Writer::new(self.0.path(), when, 0)
    }

    fn live(&self) -> PathBuf {
        self.0.path().join("logs/a.log")
    }

    /// The files of the log's folder, by the ends of their names, with their lines.
    fn files(&self) -> BTreeMap<String, Vec<String>> {
        let entries = fs::read_dir(self.0.path().join("logs")).unwrap().map(Result::unwrap);
        let name = |entry: &fs::DirEntry| entry.file_name().to_string_lossy().trim_start_matches("a.log").to_owned();
        let lines = |entry: &fs::DirEntry| {
            fs::read_to_string(entry.path()).unwrap().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        entries.map(|entry| (name(&entry), lines(&entry))).collect()
    }
}

fn files<const N: usize>(files: [(&str, &[&str]); N]) -> BTreeMap<String, Vec<String>> {
    let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
    files.into_iter().map(|(name, lines)| (name.to_owned(), owned(lines))).collect()
}

/// Tries to write as another process, whenever the handler has reached one of these points.
struct Meddler(Vec<Point>, std::sync::Mutex<Writer>);

impl Probe for Meddler {
    fn reached(&self, point: Point, _: &Path) {
        if self.0.contains(&point) {
            let error = self.1.lock().unwrap().emit_with("kept out", &NoProbe, true).unwrap_err();
            assert!(error.is_postponed(), "at {point:?}: {error}");
        }
    }
}

#[test]
fn nobody_comes_in_between_and_the_line_is_handed_over_again() {
    let desk = Desk::new();
    let mut first = Writer::new(desk.0.path(), When::Second, 1);
    first.emit("1");
    first.clock = seconds(12);
    first.emit("2");
    let mut other = desk.writer(When::Second);
    other.clock = seconds(14);
    first.clock = seconds(14);
    let points = vec![Point::LockTaken, Point::LiveFileThere, Point::ArchiveChosen, Point::BeforeWrite];
    let probe = Meddler(points, std::sync::Mutex::new(other));
    first.emit_with("3", &probe, false).unwrap();
    let mut other = probe.1.into_inner().unwrap();
    other.emit("4");
    assert_eq!(desk.files(), files([(".2026-05-09_00-00-12", &["2"]), ("", &["3", "4"])]));
    assert_eq!(other.told.blocked, [Some(std::process::id())], "who is called away waits some time, and only once");
    assert_eq!(other.told.gave_up, [true]);
    assert!(other.told.archived.is_empty(), "the rollover was over: it takes the new file as it is");
    assert_eq!(other.told.opened, [OpenReason::First, OpenReason::Changed]);
}

#[test]
fn who_does_not_lock_can_still_take_a_line_along() {
    let desk = Desk::new();
    let mut writer = desk.writer(When::Hour);
    writer.emit("1");
    let delete = super::at(Point::BeforeWrite, |path| fs::remove_file(path).unwrap());
    writer.emit_with("2", &delete, false).unwrap();
    writer.emit("3");
    assert_eq!(desk.files(), files([("", &["3"])]));
    assert_eq!(writer.told.opened, [OpenReason::First, OpenReason::Gone]);
}

/// Each process hears of a jump at its own moment. The file that another one has made beyond midnight is not put away
/// a second time by who gets there later.
#[test]
fn a_jump_over_midnight_is_one_rollover_whoever_hears_of_it_last() {
    let desk = Desk::new();
    let (mut first, mut other) = (desk.writer(When::Midnight), desk.writer(When::Midnight));
    first.emit("1");
    other.emit("2");
    first.clock = seconds(24 * 3600 + 5);
    first.emit("3");
    other.emit("4");
    other.clock = seconds(24 * 3600 + 6);
    other.emit("5");
    assert_eq!(desk.files(), files([(".2026-05-09", &["1", "2"]), ("", &["3", "4", "5"])]));
    let mut late = desk.writer(When::Midnight);
    late.clock = seconds(24 * 3600 + 7);
    late.emit("6");
    assert!(late.told.archived.is_empty());
}

#[test]
fn the_same_period_twice_gets_two_archives() {
    let desk = Desk::new();
    let mut writer = desk.writer(When::Midnight);
    for (now, line) in [(10, "1"), (24 * 3600 + 10, "2")] {
        writer.clock = seconds(now);
        writer.emit(line);
    }
    fs::remove_file(desk.live()).unwrap();
    writer.clock = seconds(20);
    writer.emit("3");
    writer.clock = seconds(24 * 3600 + 20);
    writer.emit("4");
    assert_eq!(desk.files(), files([(".2026-05-09", &["1"]), (".2026-05-09.1", &["3"]), ("", &["4"])]));
}

#[test]
fn a_refused_rename_costs_no_line_and_is_told() {
    let folder = tempfile::tempdir().unwrap();
    // With the archive's date it is longer than a name may be.
    let path = folder.path().join("a".repeat(250));
    let mut setup = HandlerSetup::new(Class::Locked, path.clone());
    setup.options.schedule = SchedulePlan { when: When::Second, ..SchedulePlan::default() };
    let mut writer = Writer { handler: setup.build(folder.path()), clock: seconds(10), told: Told::default() };
    let mut around = quiet(&writer.clock, &mut writer.told);
    writer.handler.open(&mut around).unwrap();
    writer.emit("1");
    writer.clock = seconds(20);
    writer.emit("2");
    writer.emit("3");
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\n2\n3\n");
    assert!(writer.handler.next_check().is_some());
    let mut around = quiet(&writer.clock, &mut writer.told);
    let error = writer.handler.check(&mut around).unwrap_err();
    assert!(error.to_string().starts_with("rename /"), "{error}");
    assert!(writer.handler.next_check().is_none(), "told once");
}

#[test]
fn the_lock_lies_outside_the_logs_folder_and_is_one_per_log() {
    let desk = Desk::new();
    desk.writer(When::Hour).emit("1");
    desk.writer(When::Hour).emit("2");
    let mut other = Writer {
        handler: HandlerSetup::new(Class::Locked, desk.0.path().join("logs/b.log")).build(desk.0.path()),
        clock: seconds(10),
        told: Told::default(),
    };
    other.emit("3");
    let locks = fs::read_dir(desk.0.path()).unwrap().filter(|entry| entry.as_ref().unwrap().path().is_file());
    assert_eq!(locks.count(), 2);
    assert_eq!(fs::read_dir(desk.0.path().join("logs")).unwrap().count(), 2, "nothing but the logs");
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Emit(usize),
    /// The clock of one process is set to this second.
    Clock(usize, i64),
    Delete,
    Rename,
    /// `mv new path`.
    Replace,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (0usize..3).prop_map(Op::Emit),
        4 => (0usize..3, 10i64..20).prop_map(|(writer, second)| Op::Clock(writer, second)),
        1 => Just(Op::Delete),
        1 => Just(Op::Rename),
        1 => Just(Op::Replace),
    ];
    prop::collection::vec(op, 1..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Three processes whose clocks go as they like, and somebody else at the file between their lines: each line stands
    /// in one file, once, or in one that was deleted or replaced by that somebody.
    #[test]
    fn no_rollover_takes_a_line_whatever_the_clocks_show(ops in ops()) {
        let desk = Desk::new();
        let mut writers = [0, 1, 2].map(|_| desk.writer(When::Second));
        let mut destroyed = Vec::new();
        let mut written = Vec::new();
        for (number, op) in ops.into_iter().enumerate() {
            let mut note = || destroyed.extend(fs::read_to_string(desk.live()).unwrap_or_default().lines().map(str::to_owned));
            match op {
                Op::Emit(writer) => {
                    writers[writer].emit(&number.to_string());
                    written.push(number.to_string());
                }
                Op::Clock(writer, second) => writers[writer].clock = seconds(second),
                Op::Delete => {
                    note();
                    let _ = fs::remove_file(desk.live());
                }
                Op::Rename => {
                    let _ = fs::rename(desk.live(), desk.live().with_extension(format!("moved-{number}")));
                }
                Op::Replace => {
                    note();
                    fs::write(desk.0.path().join("new"), "").unwrap();
                    fs::rename(desk.0.path().join("new"), desk.live()).unwrap();
                }
            }
        }
        let mut found: Vec<String> = desk.files().into_values().flatten().chain(destroyed).collect();
        found.sort();
        written.sort();
        prop_assert_eq!(found, written);
    }
}
