//! The schedules that cost the other classes their lines, and what `verified` makes of them.

use std::fs::{self, File};

use super::super::{Class, NoProbe, Point};
use super::{Bench, at, day, lines};
use crate::event::OpenReason;

const DATED: [Class; 2] = [Class::Daily, Class::Verified];

fn bench(class: Class) -> Bench {
    Bench { clock: day(9), ..Bench::new(class, "logs") }
}

#[test]
fn a_delete_between_look_and_write() {
    for class in DATED {
        let mut bench = bench(class);
        bench.open(&NoProbe).unwrap();
        bench.emit("1\n", &at(Point::BeforeWrite, |path| fs::remove_file(path).unwrap())).unwrap();
        bench.emit("2\n", &NoProbe).unwrap();
        bench.close(&NoProbe).unwrap();
        let expected: &[&str] = if class == Class::Verified { &["1", "2"] } else { &["2"] };
        assert_eq!(lines(bench.folder.path()), expected, "{class:?}");
    }
}

#[test]
fn a_delete_after_the_last_line() {
    for class in DATED {
        let mut bench = bench(class);
        bench.open(&NoProbe).unwrap();
        let path = bench.folder.path().join("logs/2026-05-09.log");
        bench.emit("1\n", &at(Point::BeforeWrite, |path| fs::remove_file(path).unwrap())).unwrap();
        bench.close(&NoProbe).unwrap();
        assert_eq!(path.exists(), class == Class::Verified, "{class:?}");
    }
}

#[test]
fn two_processes_that_make_the_folder_at_once() {
    for class in DATED {
        let mut bench = bench(class);
        let opened = bench.open(&at(Point::FolderMissing, |folder| fs::create_dir(folder).unwrap()));
        assert_eq!(opened.is_ok(), class == Class::Verified, "{class:?}");
    }
}

#[test]
fn a_folder_missing_at_midnight() {
    for class in DATED {
        let mut bench = bench(class);
        bench.open(&NoProbe).unwrap();
        fs::remove_dir_all(bench.folder.path().join("logs")).unwrap();
        bench.clock = day(10);
        let first = bench.emit("1\n", &NoProbe);
        let _ = fs::create_dir(bench.folder.path().join("logs"));
        let second = bench.emit("2\n", &NoProbe);
        bench.close(&NoProbe).unwrap();
        let expected: &[&str] = if class == Class::Verified { &["1", "2"] } else { &[] };
        assert_eq!(lines(bench.folder.path()), expected, "{class:?}");
        assert_eq!((first.is_ok(), second.is_ok()), (class == Class::Verified, class == Class::Verified));
    }
}

#[test]
fn a_folder_removed_within_the_day() {
    for class in DATED {
        let mut bench = bench(class);
        bench.open(&NoProbe).unwrap();
        fs::remove_dir_all(bench.folder.path().join("logs")).unwrap();
        let emitted = bench.emit("1\n", &NoProbe);
        bench.close(&NoProbe).unwrap();
        assert_eq!(emitted.is_ok(), class == Class::Verified, "{class:?}");
        assert_eq!(lines(bench.folder.path()).len(), usize::from(class == Class::Verified));
    }
}

#[test]
fn a_folder_removed_again_before_the_file_is_opened() {
    let mut bench = bench(Class::Verified);
    bench.open(&NoProbe).unwrap();
    let logs = bench.folder.path().join("logs");
    fs::remove_dir_all(&logs).unwrap();
    bench.emit("1\n", &NoProbe).unwrap();
    bench
        .check(&at(Point::BeforeOpen, |_| {
            let _ = fs::remove_dir_all(&logs);
        }))
        .unwrap();
    assert_eq!(lines(&logs), ["1"]);
}

#[test]
fn a_delete_while_the_kept_lines_are_written_again() {
    let mut bench = bench(Class::Verified);
    bench.open(&NoProbe).unwrap();
    let path = bench.folder.path().join("logs/2026-05-09.log");
    bench.emit("1\n", &at(Point::BeforeWrite, |path| fs::remove_file(path).unwrap())).unwrap();
    bench.close(&at(Point::BeforeWrite, |path| fs::remove_file(path).unwrap())).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "1\n");
    assert_eq!(bench.seen.0, [OpenReason::First, OpenReason::Gone, OpenReason::Gone]);
}

#[test]
fn a_rename_leaves_the_lines_where_they_are() {
    let mut bench = bench(Class::Verified);
    bench.open(&NoProbe).unwrap();
    let (path, moved) = (bench.folder.path().join("logs/2026-05-09.log"), bench.folder.path().join("moved"));
    bench.emit("1\n", &NoProbe).unwrap();
    fs::rename(&path, &moved).unwrap();
    bench.check(&NoProbe).unwrap();
    bench.emit("2\n", &NoProbe).unwrap();
    bench.close(&NoProbe).unwrap();
    assert_eq!(
        (fs::read_to_string(&moved).unwrap().as_str(), fs::read_to_string(&path).unwrap().as_str()),
        ("1\n", "2\n")
    );
}

#[test]
fn a_replacement_gets_the_kept_lines() {
    let mut bench = bench(Class::Verified);
    bench.open(&NoProbe).unwrap();
    let (path, fresh) = (bench.folder.path().join("logs/2026-05-09.log"), bench.folder.path().join("fresh"));
    bench.emit("1\n", &NoProbe).unwrap();
    fs::write(&fresh, "theirs\n").unwrap();
    fs::rename(&fresh, &path).unwrap();
    bench.check(&NoProbe).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), "theirs\n1\n");
    assert_eq!(bench.seen.0, [OpenReason::First, OpenReason::Changed]);
}

#[test]
fn lines_that_can_not_be_written_are_kept_and_then_told() {
    let mut bench = bench(Class::Verified);
    bench.open(&NoProbe).unwrap();
    let logs = bench.folder.path().join("logs");
    bench.emit("1\n", &NoProbe).unwrap();
    fs::remove_dir_all(&logs).unwrap();
    File::create(&logs).unwrap();
    bench.check(&NoProbe).unwrap();
    assert!(bench.handler.next_check().is_some(), "it tries again");
    let refused = bench.emit("2\n", &NoProbe).unwrap_err();
    assert!(!refused.torn() && refused.to_string().contains("logs"), "{refused}");
    fs::remove_file(&logs).unwrap();
    bench.check(&NoProbe).unwrap();
    assert_eq!(lines(&logs), ["1"], "the line that was taken comes back, the refused one does not");
    assert!(bench.handler.next_check().is_none());

    bench.emit("3\n", &NoProbe).unwrap();
    fs::remove_dir_all(&logs).unwrap();
    File::create(&logs).unwrap();
    bench.close(&NoProbe).unwrap_err();
    assert_eq!(bench.seen.1, ["3\n"]);
}

#[test]
fn more_lines_than_are_kept_are_checked_before_the_next() {
    let mut bench = bench(Class::Verified);
    bench.open(&NoProbe).unwrap();
    let path = bench.folder.path().join("logs/2026-05-09.log");
    for number in 0..3000 {
        if number % 700 == 350 {
            fs::remove_file(&path).unwrap();
        }
        bench.emit(&format!("{number}\n"), &NoProbe).unwrap();
    }
    bench.close(&NoProbe).unwrap();
    let left = lines(bench.folder.path());
    let last: usize = left[0].parse().unwrap();
    assert!(last < 2450, "what was written since the last check before the last delete stands again: from {last} on");
    assert_eq!(left.len(), 3000 - last, "and without a gap");
}

#[test]
fn old_days_go_when_only_some_are_to_be_kept() {
    let mut bench = bench(Class::Verified);
    bench.setup.options.backup_count = 2;
    bench.handler = bench.setup.build(bench.folder.path());
    bench.open(&NoProbe).unwrap();
    fs::write(bench.folder.path().join("logs/notes.log"), "").unwrap();
    for number in 9..14 {
        bench.clock = day(number);
        bench.emit("1\n", &NoProbe).unwrap();
    }
    bench.close(&NoProbe).unwrap();
    let mut names: Vec<_> =
        fs::read_dir(bench.folder.path().join("logs")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["2026-05-11.log", "2026-05-12.log", "2026-05-13.log", "notes.log"]);
}
