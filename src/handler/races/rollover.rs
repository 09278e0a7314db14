//! The flaws of the timed rotating handlers, one by one, and the same schedule with the handlers that name their files
//! by date. Two handlers in one folder are two processes; the second acts while the first stands at a point.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::mpsc::channel;
use std::thread;

use super::super::{Class, EmitError, EmitFault, HandlerOptions, NoProbe, Point, Probe};
use super::{Bench, at, day, lines};
use crate::clock::{SchedulePlan, When};
use crate::event::OpenReason;

/// The notes' two subclasses.
const NOTES: [Class; 2] = [Class::TimedRotatingKeep, Class::TimedRotatingReopen];
/// Those that lose nothing where two roll over at once.
const DATED: [Class; 2] = [Class::Daily, Class::Verified];

/// A process that has opened its file on the ninth of May and rolls over at midnight.
fn writer(class: Class, backup_count: u32) -> Bench {
    let name = if class.info().by_date { "logs" } else { "logs/a1.log" };
    let mut bench = Bench { clock: day(9), ..Bench::new(class, name) };
    fs::create_dir(bench.folder.path().join("logs")).unwrap();
    let schedule = SchedulePlan { when: When::Midnight, ..SchedulePlan::default() };
    bench.setup.options = HandlerOptions { schedule, backup_count, ..HandlerOptions::default() };
    bench.handler = bench.setup.build(bench.folder.path());
    bench.open(&NoProbe).unwrap();
    bench
}

/// Two processes that have written `1` and `2` on the ninth.
fn two(class: Class, backup_count: u32) -> (Bench, Bench) {
    let mut first = writer(class, backup_count);
    let mut second = first.beside();
    second.open(&NoProbe).unwrap();
    first.emit("1\n", &NoProbe).unwrap();
    second.emit("2\n", &NoProbe).unwrap();
    (first, second)
}

fn come(number: u32, benches: [&mut Bench; 2]) {
    benches.into_iter().for_each(|bench| bench.clock = day(number));
}

fn end(benches: [&mut Bench; 2]) {
    benches.into_iter().for_each(|bench| bench.close(&NoProbe).unwrap());
}

fn sorted_lines(folder: &Path) -> Vec<String> {
    let mut lines = lines(folder);
    lines.sort();
    lines
}

/// Acts once, at the first point of this kind, or for a class that does not reach it at the first one of all.
struct Meanwhile<F: Fn() + Send>(Class, Point, Mutex<Option<F>>);

fn meanwhile<F: Fn() + Send>(class: Class, point: Point, act: F) -> Meanwhile<F> {
    Meanwhile(class, point, Mutex::new(Some(act)))
}

impl<F: Fn() + Send> Probe for Meanwhile<F> {
    fn reached(&self, point: Point, _: &Path) {
        if point != self.1 && !self.0.info().by_date {
            return;
        }
        let act = self.2.lock().unwrap().take();
        if let Some(act) = act {
            act();
        }
    }
}

impl<F: Fn() + Send> Meanwhile<F> {
    #[track_caller]
    fn assert_reached(&self) {
        assert!(self.2.lock().unwrap().is_none(), "{:?} of {:?} was not reached", self.1, self.0);
    }
}

fn kind(error: &EmitError) -> Option<ErrorKind> {
    match &error.reason {
        EmitFault::System(error) => Some(error.kind()),
        _ => None,
    }
}

#[test]
fn the_second_process_removes_the_archive_that_the_first_has_just_made() {
    for class in [Class::TimedRotating, Class::TimedRotatingKeep, Class::Daily, Class::Verified] {
        let (mut first, mut second) = two(class, 0);
        come(10, [&mut first, &mut second]);
        first.emit("3\n", &NoProbe).unwrap();
        second.emit("4\n", &NoProbe).unwrap();
        first.emit("5\n", &NoProbe).unwrap();
        end([&mut first, &mut second]);
        let left = sorted_lines(first.folder.path());
        let expected: &[&str] =
            if class == Class::TimedRotating { &["3", "4", "5"] } else { &["1", "2", "3", "4", "5"] };
        assert_eq!(left, expected, "{class:?}");
        if class == Class::TimedRotating {
            let archive = fs::read_to_string(first.folder.path().join("logs/a1.log.2026-05-09")).unwrap();
            assert_eq!(archive, "3\n5\n", "the first one writes on into yesterday");
        }
    }
}

#[test]
fn between_exists_and_rename_the_second_process_rolls_over() {
    for class in NOTES.into_iter().chain(DATED) {
        let (mut first, mut second) = two(class, 0);
        come(10, [&mut first, &mut second]);
        let second = Mutex::new(second);
        let rolls = meanwhile(class, Point::NameFree, || second.lock().unwrap().emit("3\n", &NoProbe).unwrap());
        first.emit("4\n", &rolls).unwrap();
        rolls.assert_reached();
        end([&mut first, &mut second.lock().unwrap()]);
        let expected: &[&str] = if DATED.contains(&class) { &["1", "2", "3", "4"] } else { &["3", "4"] };
        assert_eq!(sorted_lines(first.folder.path()), expected, "{class:?}: the new file over the finished period");
    }
}

#[test]
fn a_rename_that_finds_nothing_drops_the_record() {
    for class in NOTES.into_iter().chain(DATED) {
        let (mut first, mut second) = two(class, 0);
        come(10, [&mut first, &mut second]);
        let ((renamed, wait_renamed), (go_on, wait_go_on)) = (channel(), channel());
        let (wait_renamed, wait_go_on) = (Mutex::new(wait_renamed), Mutex::new(wait_go_on));
        let (start, wait_start) = channel();
        let outcome = thread::scope(|scope| {
            let second = &mut second;
            scope.spawn(move || {
                wait_start.recv().unwrap();
                // The live file is away, and the new one not yet made.
                let stands = meanwhile(class, Point::BeforeOpen, move || {
                    renamed.send(()).unwrap();
                    wait_go_on.lock().unwrap().recv().unwrap();
                });
                second.emit("3\n", &stands).unwrap();
                stands.assert_reached();
            });
            let rolls = meanwhile(class, Point::LiveFileThere, move || {
                start.send(()).unwrap();
                wait_renamed.lock().unwrap().recv().unwrap();
            });
            let outcome = first.emit("4\n", &rolls);
            go_on.send(()).unwrap();
            outcome
        });
        end([&mut first, &mut second]);
        if DATED.contains(&class) {
            outcome.unwrap();
            assert_eq!(sorted_lines(first.folder.path()), ["1", "2", "3", "4"], "{class:?}");
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!((error.operation, kind(&error)), ("rename", Some(ErrorKind::NotFound)), "{class:?}");
        assert_eq!(sorted_lines(first.folder.path()), ["1", "2", "3"], "{class:?}");
    }
}

#[test]
fn an_idle_process_puts_the_live_file_away_under_an_old_date_and_retention_removes_it() {
    for class in NOTES.into_iter().chain([Class::Verified]) {
        let (mut busy, mut idle) = two(class, 1);
        for (number, line) in [(10, "3\n"), (11, "4\n")] {
            busy.clock = day(number);
            busy.emit(line, &NoProbe).unwrap();
        }
        idle.clock = day(11);
        idle.emit("5\n", &NoProbe).unwrap();
        end([&mut busy, &mut idle]);
        let expected: &[&str] = if class == Class::Verified { &["3", "4", "5"] } else { &["3", "5"] };
        assert_eq!(sorted_lines(busy.folder.path()), expected, "{class:?}: the ninth has expired, today has not");
    }
}

#[test]
fn of_two_processes_that_retire_one_archive_the_second_raises() {
    for class in NOTES.into_iter().chain([Class::Verified]) {
        let (mut first, mut second) = two(class, 1);
        come(10, [&mut first, &mut second]);
        first.emit("3\n", &NoProbe).unwrap();
        second.emit("4\n", &NoProbe).unwrap();
        come(11, [&mut first, &mut second]);
        let second = Mutex::new(second);
        let retires = at(Point::ArchiveChosen, |_| second.lock().unwrap().emit("5\n", &NoProbe).unwrap());
        let outcome = first.emit("6\n", &retires);
        end([&mut first, &mut second.lock().unwrap()]);
        if class == Class::Verified {
            outcome.unwrap();
            assert_eq!(sorted_lines(first.folder.path()), ["3", "4", "5", "6"]);
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!((error.operation, kind(&error)), ("remove", Some(ErrorKind::NotFound)), "{class:?}");
        assert_eq!(sorted_lines(first.folder.path()), ["3", "4", "5"], "{class:?}: the record is dropped");
    }
}

#[test]
fn a_delete_between_stat_and_write() {
    for class in [Class::TimedRotatingReopen, Class::Watched, Class::Daily, Class::Verified] {
        let mut bench = writer(class, 0);
        bench.emit("1\n", &at(Point::BeforeWrite, |path| fs::remove_file(path).unwrap())).unwrap();
        bench.emit("2\n", &NoProbe).unwrap();
        bench.close(&NoProbe).unwrap();
        let expected: &[&str] = if class == Class::Verified { &["1", "2"] } else { &["2"] };
        assert_eq!(lines(bench.folder.path()), expected, "{class:?}");
    }
}

#[test]
fn after_a_rollover_the_remembered_inode_is_stale_and_the_file_is_opened_twice() {
    for class in NOTES.into_iter().chain(DATED) {
        let mut bench = writer(class, 0);
        bench.emit("1\n", &NoProbe).unwrap();
        bench.clock = day(10);
        bench.emit("2\n", &NoProbe).unwrap();
        bench.emit("3\n", &NoProbe).unwrap();
        bench.close(&NoProbe).unwrap();
        let mut expected = vec![OpenReason::First, OpenReason::Rollover];
        if class == Class::TimedRotatingReopen {
            expected.push(OpenReason::Changed);
        }
        assert_eq!(bench.seen.0, expected, "{class:?}");
        assert_eq!(lines(bench.folder.path()).len(), 3);
    }
}

/// Without a stream the look does nothing, not even remember: what is opened after it is compared with an older file.
/// When the path leads to that inode number again, as on ext4 it soon does, the delete is never seen. Here the path leads
/// to the older file itself, for no file system promises to give a number away again.
#[test]
fn a_file_opened_without_a_look_is_compared_with_an_older_one_for_ever() {
    for class in [Class::TimedRotatingReopen, Class::Watched, Class::Verified] {
        let mut bench = writer(class, 0);
        let path = file_of_the_ninth(&bench);
        let aside = bench.folder.path().join("aside");
        bench.emit("1\n", &NoProbe).unwrap();
        fs::rename(&path, &aside).unwrap();
        fs::create_dir(&path).unwrap();
        let refused = bench.emit("2\n", &NoProbe);
        assert_eq!(refused.is_ok(), class == Class::Verified, "{class:?}: a folder can't be opened for writing");
        fs::remove_dir(&path).unwrap();
        bench.emit("3\n", &NoProbe).unwrap();
        bench.check(&NoProbe).unwrap();
        assert!(path.exists(), "{class:?}: the path was opened anew");
        fs::remove_file(&path).unwrap();
        fs::rename(&aside, &path).unwrap();
        let opened = bench.seen.0.len();
        for number in 4..10 {
            bench.emit(&format!("{number}\n"), &NoProbe).unwrap();
        }
        bench.close(&NoProbe).unwrap();
        let later = sorted_lines(bench.folder.path()).iter().filter(|line| line.as_str() >= "4").count();
        assert_eq!(later, if class == Class::Verified { 6 } else { 0 }, "{class:?}");
        assert_eq!(bench.seen.0.len() > opened, class == Class::Verified, "{class:?}: it never notices");
    }
}

#[test]
fn any_error_of_stat_but_not_found_raises_into_the_application() {
    for class in [Class::TimedRotatingReopen, Class::Watched, Class::Daily, Class::Verified] {
        let mut bench = writer(class, 0);
        let path = file_of_the_ninth(&bench);
        bench.emit("1\n", &NoProbe).unwrap();
        fs::rename(&path, bench.folder.path().join("aside")).unwrap();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        let outcome = bench.emit("2\n", &NoProbe);
        fs::remove_file(&path).unwrap();
        bench.close(&NoProbe).unwrap();
        if class == Class::Verified {
            outcome.unwrap();
            assert_eq!(lines(bench.folder.path()), ["1", "2"]);
            continue;
        }
        let error = outcome.unwrap_err();
        assert_eq!(error.operation, "stat", "{class:?}");
        assert_ne!(kind(&error), Some(ErrorKind::NotFound), "{class:?}");
        assert_eq!(lines(bench.folder.path()), ["1"], "{class:?}: the record is dropped");
    }
}

/// No line is lost by that: it stands in the wrong day, with every class that names its files by date.
#[test]
fn a_record_made_before_midnight_stands_in_the_next_day_s_file() {
    for class in DATED {
        let mut bench = writer(class, 0);
        let record = format!("{}\n", bench.clock.now().format("%Y-%m-%d"));
        bench.clock = day(10);
        bench.emit(&record, &NoProbe).unwrap();
        bench.close(&NoProbe).unwrap();
        let next = fs::read_to_string(bench.folder.path().join("logs/2026-05-10.log")).unwrap();
        assert_eq!(next, "2026-05-09\n", "{class:?}");
    }
}

fn file_of_the_ninth(bench: &Bench) -> PathBuf {
    if bench.setup.class.info().by_date {
        return bench.setup.path.join("2026-05-09.log");
    }
    bench.setup.path.clone()
}
