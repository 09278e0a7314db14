//! `verified` on a disk that is full: a small file system of memory, where one can be mounted.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::super::{Class, EmitFault, NoProbe, Point, Probe};
use super::{Bench, day, lines};

/// A file system of sixteen pages; gone with this.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// None where nothing may be mounted; says so.
    fn mount(folder: &Path) -> Option<SmallDisk> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=64k", "none"]).arg(folder).output();
        if mounted.as_ref().is_ok_and(|output| output.status.success()) {
            return Some(SmallDisk(folder.to_owned()));
        }
        println!("skipped: a small file system can't be mounted here: {mounted:?}");
        None
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Takes all room but that in pages that are begun.
    fn fill(&self) {
        let mut filler = fs::File::create(self.filler()).unwrap();
        while filler.write_all(&[0; 4096]).is_ok() {}
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still holds a file there must not keep the mount for ever.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// Counts tries to write, and makes room before the last of them.
struct MakesRoom {
    tries: AtomicUsize,
    room_at: usize,
    filler: PathBuf,
}

impl Probe for MakesRoom {
    fn reached(&self, point: Point, _: &Path) {
        if point == Point::BeforeWrite && self.tries.fetch_add(1, Ordering::Relaxed) + 1 == self.room_at {
            fs::remove_file(&self.filler).unwrap();
        }
    }
}

/// A handler that has written one line, on a disk that is full by now.
fn on_a_full_disk() -> Option<(Bench, SmallDisk)> {
    let mut bench = Bench { clock: day(9), ..Bench::new(Class::Verified, "disk/logs") };
    let folder = Arc::clone(&bench.folder).path().join("disk");
    fs::create_dir(&folder).unwrap();
    let disk = SmallDisk::mount(&folder)?;
    bench.open(&NoProbe).unwrap();
    bench.emit(&line(0), &NoProbe).unwrap();
    disk.fill();
    Some((bench, disk))
}

/// No whole number of these makes a page.
fn line(number: usize) -> String {
    format!("{number:<98}|\n")
}

fn whole(bench: &Bench) -> Vec<usize> {
    let all = lines(&bench.folder.path().join("disk/logs"));
    all.iter().map(|line| line.strip_suffix('|').unwrap().trim_end().parse().unwrap()).collect()
}

#[test]
fn a_short_write_is_gone_on_with_when_there_is_room_again() {
    let Some((mut bench, disk)) = on_a_full_disk() else { return };
    let mut short = None;
    for number in 1..60 {
        // Were there room, each line would take one try.
        let probe = MakesRoom { tries: AtomicUsize::new(0), room_at: 5, filler: disk.filler() };
        bench.emit(&line(number), &probe).unwrap();
        if probe.tries.into_inner() > 1 {
            short.get_or_insert(number);
        }
    }
    bench.close(&NoProbe).unwrap();
    assert_eq!(short, Some(40), "the page was full then");
    assert_eq!(whole(&bench), (0..60).collect::<Vec<_>>());
    assert!(bench.seen.1.is_empty());
    assert_eq!(bench.seen.0.len(), 1, "it stays with its file");
}

#[test]
fn after_a_wait_lines_are_refused_and_those_taken_before_come_when_there_is_room() {
    let Some((mut bench, disk)) = on_a_full_disk() else { return };
    for number in 1..40 {
        bench.emit(&line(number), &NoProbe).unwrap();
    }
    let never = || MakesRoom { tries: AtomicUsize::new(0), room_at: usize::MAX, filler: disk.filler() };
    let waits = never();
    let torn = bench.emit(&line(40), &waits).unwrap_err();
    assert!(waits.tries.into_inner() > 10, "it tries again and again, for a bounded time");
    assert!(matches!(torn.reason, EmitFault::Short { written: 96, wanted: 100 }), "{torn}");
    let at_once = never();
    let refused = bench.emit(&line(41), &at_once).unwrap_err();
    assert!(at_once.tries.into_inner() <= 3, "the second line does not wait again");
    assert!(refused.to_string().contains("No space left") && !refused.torn(), "{refused}");

    fs::remove_file(disk.filler()).unwrap();
    for number in 42..50 {
        bench.emit(&line(number), &NoProbe).unwrap();
    }
    bench.close(&NoProbe).unwrap();
    assert!(bench.seen.1.is_empty(), "no line that was taken is dropped: {:?}", bench.seen.1);
    let text = fs::read_to_string(bench.folder.path().join("disk/logs/2026-05-09.log")).unwrap();
    let there = |number: usize| text.matches(line(number).trim_end()).count();
    assert!((0..50).all(|number| there(number) == usize::from(number != 40 && number != 41)), "{text}");
}

#[test]
fn what_can_not_be_written_to_the_end_is_dropped_and_told() {
    let Some((mut bench, disk)) = on_a_full_disk() else { return };
    let logs = bench.folder.path().join("disk/logs");
    // What it holds loses its name: a new file needs room that is not there.
    bench.emit(&line(1), &NoProbe).unwrap();
    let held = fs::File::open(logs.join("2026-05-09.log")).unwrap();
    fs::remove_file(logs.join("2026-05-09.log")).unwrap();
    let error = bench.close(&NoProbe).unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    assert_eq!(bench.seen.1, [line(0), line(1)]);
    drop((held, disk));
}
