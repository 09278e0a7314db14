//! Operations between two looks, files that a worker holds, and the stamps of a lab's lines.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use follow_common::{DEADLINE, Scene, Writer, append, numbered, stage};
use rotascope::command::FileOperation;
use rotascope::event::{Actor, Cut, FollowEvent, IncarnationId, LaunchId, Origin, What};
use rotascope::follow::{FollowOptions, FollowOrder, Follower, Operated, Operator, Target};
use rotascope::platform;
use rotascope::record::{Stamp, StampRun, write_stamp};

const LAUNCH: LaunchId = LaunchId(0xabcd);

/// Stamped lines of one task.
fn stamped(task: u16, range: std::ops::RangeInclusive<u64>) -> Vec<String> {
    range
        .map(|seq| {
            let mut line = format!("INFO line {seq} of task {task}").into_bytes();
            write_stamp(&mut line, &Stamp { launch: LAUNCH, worker: "w-1", thread: 1, task, seq });
            line.push(b'\n');
            String::from_utf8(line).unwrap()
        })
        .collect()
}

fn run(first: u64, last: u64) -> StampRun {
    StampRun { launch: LAUNCH, thread: 1, task: 1, first, last }
}

/// A lab's folder, followed.
fn lab() -> Scene {
    let dir = stage();
    let folder = dir.path().join("logs");
    fs::create_dir(&folder).unwrap();
    Scene::new(dir, &[Target::Folder(folder)], true)
}

/// All runs of an incarnation, joined where they touch.
fn stamps(scene: &Scene, incarnation: u32) -> Vec<StampRun> {
    let mut all: Vec<StampRun> = Vec::new();
    for event in scene.follow_events() {
        let FollowEvent::Read(batch) = event else { continue };
        if batch.incarnation.0 != incarnation {
            continue;
        }
        assert!(batch.torn.is_empty() && batch.fragments == 0, "{batch:?}");
        for run in &batch.stamps {
            match all.last_mut() {
                Some(last) if last.last + 1 == run.first && last.task == run.task => last.last = run.last,
                _ => all.push(*run),
            }
        }
    }
    all
}

fn deleted(scene: &Scene) -> Vec<(u32, Cut, Actor, bool)> {
    let all = scene.follow_events().filter_map(|event| match event {
        FollowEvent::Deleted { incarnation, cut, by, replaced, .. } => Some((incarnation.0, *cut, *by, *replaced)),
        _ => None,
    });
    all.collect()
}

fn exact(offset: u64) -> Cut {
    Cut { offset, exact: true }
}

#[test]
fn delete_is_exact_and_told_once() {
    let mut scene = lab();
    let path = scene.path("logs/a.log");
    let mut writer = Writer::open(&path);
    writer.lines(&stamped(1, 1..=100));
    let size = fs::metadata(&path).unwrap().len();
    // Nobody has waited for the file to be seen: the order itself must find it.
    scene.operate(FileOperation::Delete, &path);
    scene.wait_kind("deleted", 1);
    writer.lines(&stamped(1, 101..=110));
    append(&path, &stamped(2, 1..=3));
    scene.wait_lines(113);
    scene.catch_up();
    assert_eq!(deleted(&scene), [(1, exact(size), Actor::Person, false)], "{}", scene.report());
    assert_eq!(stamps(&scene, 1), [run(1, 110)]);
    scene.assert_kinds(&["created", "deleted", "created"]);
}

/// In the trash the file has a name, and whoever has it open writes on into it. Only a trash on another disk takes the
/// file itself away.
#[test]
fn what_is_moved_to_the_trash_is_there() {
    for same_disk in [true, false] {
        let mut scene = lab();
        let (path, trash) = (scene.path("logs/a.log"), scene.path("Trash/files"));
        if same_disk {
            fs::create_dir_all(&trash).unwrap();
        }
        let mut writer = Writer::open(&path);
        writer.lines(&stamped(1, 1..=20));
        scene.operate(FileOperation::Trash, &path);
        scene.wait_kind(if same_disk { "renamed" } else { "deleted" }, 1);
        writer.lines(&stamped(1, 21..=30));
        scene.wait_lines(30);
        if same_disk {
            let to = scene.follow_events().find_map(|event| match event {
                FollowEvent::Renamed { to, by: Actor::Person, .. } => Some(to.clone()),
                _ => None,
            });
            assert_eq!(to, Some(trash.join("a.log")), "{}", scene.report());
            scene.assert_kinds(&["created", "renamed"]);
            fs::remove_file(trash.join("a.log")).unwrap();
            scene.wait_kind("deleted", 1);
        }
        append(&path, &stamped(2, 1..=3));
        scene.wait_lines(33);
    }
}

/// The path led nowhere when the follower looked; a file that came there before the act is told of and read.
#[test]
fn what_came_between_the_look_and_the_act_is_read() {
    for operation in [FileOperation::Delete, FileOperation::Replace] {
        let mut scene = lab();
        let path = scene.path("logs/a.log");
        append(&scene.path("quick"), &stamped(1, 1..=20));
        let size = fs::metadata(scene.path("quick")).unwrap().len();
        let replaced = operation == FileOperation::Replace;
        scene.operate(operation, &path);
        scene.wait_lines(20);
        scene.catch_up();
        assert_eq!(deleted(&scene), [(1, exact(size), Actor::Person, replaced)], "{}", scene.report());
        assert_eq!(stamps(&scene, 1), [run(1, 20)]);
    }
}

/// A writer that writes at full speed until it is told to stop; returns how many lines.
fn busy_writer(path: &Path) -> (Arc<AtomicBool>, JoinHandle<u64>) {
    let stop = Arc::new(AtomicBool::new(false));
    let stopped = Arc::clone(&stop);
    let mut writer = Writer::open(path);
    let busy = std::thread::spawn(move || {
        let mut seq = 0;
        while !stopped.load(Relaxed) {
            seq += 1;
            writer.lines(&stamped(1, seq..=seq));
        }
        seq
    });
    (stop, busy)
}

/// Where each line of the writer ends, if nothing is cut off before it.
fn ends(lines: u64) -> Vec<u64> {
    let ends = stamped(1, 1..=lines).into_iter().scan(0, |end, line| {
        *end += line.len() as u64;
        Some(*end)
    });
    ends.collect()
}

/// With a writer at full speed the cut is between two lines, and all lines are read.
#[test]
fn delete_under_a_busy_writer() {
    let mut scene = lab();
    let path = scene.path("logs/a.log");
    let (stop, busy) = busy_writer(&path);
    scene.wait_lines(100);
    scene.operate(FileOperation::Delete, &path);
    scene.wait_kind("deleted", 1);
    let before = scene.arrived.len();
    scene.wait_lines(before + 1000);
    stop.store(true, Relaxed);
    let lines = busy.join().unwrap();
    scene.catch_up();
    let cut = deleted(&scene)[0].1;
    // The size of a file that is being written grows page by page, so it may lie inside a line at a page's end.
    let (ends, page) = (ends(lines), 4096);
    assert!(
        cut.exact && (ends.contains(&cut.offset) || cut.offset.is_multiple_of(page)),
        "{cut:?} is no end of a line"
    );
    let before_cut = ends.iter().filter(|end| **end <= cut.offset).count() as u64;
    let beyond: Vec<StampRun> = scene
        .follow_events()
        .filter_map(|event| match event {
            FollowEvent::Deleted { beyond, .. } => Some(beyond.clone()),
            _ => None,
        })
        .flatten()
        .collect();
    assert!(beyond.len() <= 1, "one task, so one run at the most: {beyond:?}");
    assert!(beyond.iter().all(|run| run.first == before_cut + 1), "{beyond:?}, {before_cut}");
    assert_eq!(stamps(&scene, 1), [run(1, lines)]);
    scene.assert_kinds(&["created", "deleted"]);
}

#[test]
fn rename_is_exact_and_told_once() {
    let mut scene = lab();
    let (path, to) = (scene.path("logs/a.log"), scene.path("logs/b.log"));
    let mut writer = Writer::open(&path);
    writer.lines(&stamped(1, 1..=10));
    let size = fs::metadata(&path).unwrap().len();
    scene.operate(FileOperation::Rename { to: to.clone() }, &path);
    scene.wait_kind("renamed", 1);
    writer.lines(&stamped(1, 11..=20));
    scene.wait_lines(20);
    scene.catch_up();
    let told = scene.follow_events().find_map(|event| match event {
        FollowEvent::Renamed { from, to, cut, by, .. } => Some((from.clone(), to.clone(), *cut, *by)),
        _ => None,
    });
    assert_eq!(told, Some((path, to, exact(size), Actor::Person)));
    assert_eq!(stamps(&scene, 1), [run(1, 20)]);
    scene.assert_kinds(&["created", "renamed"]);
}

#[test]
fn truncate_is_exact_and_says_what_remains() {
    let mut scene = lab();
    let path = scene.path("logs/a.log");
    let mut writer = Writer::open(&path);
    writer.lines(&stamped(1, 1..=10));
    let size = fs::metadata(&path).unwrap().len();
    let kept = stamped(1, 1..=4).concat().len() as u64 + 5;
    scene.operate(FileOperation::Truncate { to_bytes: kept }, &path);
    scene.wait_kind("truncated", 1);
    let told = scene.follow_events().find_map(|event| match event {
        FollowEvent::Truncated { old_size, read, kept, remaining, exact, by, .. } => {
            Some((*old_size, *read, *kept, remaining.clone(), *exact, *by))
        }
        _ => None,
    });
    assert_eq!(told, Some((size, size, kept, vec![run(1, 4)], true, Actor::Person)), "{}", scene.report());
    writer.bytes(b"\n");
    writer.lines(&stamped(2, 1..=2));
    scene.wait("three more lines", |scene| scene.lines_of(2).len() == 3);
    scene.catch_up();
    scene.assert_kinds(&["created", "truncated"]);
}

#[test]
fn truncate_under_a_busy_writer() {
    let mut scene = lab();
    let path = scene.path("logs/a.log");
    let (stop, busy) = busy_writer(&path);
    scene.wait_lines(100);
    scene.operate(FileOperation::Truncate { to_bytes: 0 }, &path);
    scene.wait("lines of the second life", |scene| scene.arrived.iter().any(|(of, _)| of.0 == 2));
    stop.store(true, Relaxed);
    let lines = busy.join().unwrap();
    scene.catch_up();
    let told = scene.follow_events().find_map(|event| match event {
        FollowEvent::Truncated { old_size, read, .. } => Some((*old_size, *read)),
        _ => None,
    });
    let (old_size, read) = told.unwrap();
    let before = ends(lines).iter().position(|end| *end == old_size).or(old_size.is_multiple_of(4096).then_some(0));
    assert!(before.is_some() && read <= old_size, "{}", scene.report());
    // Between the look at the size and the cut the writer went on: the second life begins there or a little later,
    // and from then on has every line.
    let second = stamps(&scene, 2);
    let first = before.unwrap() as u64 + 2;
    assert!(second.len() == 1 && second[0].first >= first && second[0].last == lines, "{first} {second:?}");
    // A read may have met the writer in the middle of a line, whose end then went with the truncation.
    let mut kinds = scene.kinds();
    kinds.retain(|kind| *kind != "unterminated");
    assert_eq!(kinds, ["created", "truncated"], "{}", scene.report());
}

#[test]
fn replace_is_exact_and_told_once() {
    let mut scene = lab();
    let path = scene.path("logs/a.log");
    let mut writer = Writer::open(&path);
    writer.lines(&stamped(1, 1..=10));
    let size = fs::metadata(&path).unwrap().len();
    scene.operate(FileOperation::Replace, &path);
    scene.wait_kind("replaced", 1);
    writer.lines(&stamped(1, 11..=12));
    append(&path, &stamped(2, 1..=2));
    scene.wait_lines(14);
    scene.catch_up();
    assert_eq!(deleted(&scene), [(1, exact(size), Actor::Person, true)]);
    let origin = scene.follow_events().filter_map(|event| match event {
        FollowEvent::Created { origin, .. } => Some(*origin),
        _ => None,
    });
    assert_eq!(origin.last(), Some(Origin::Replaced { previous: IncarnationId(1) }));
    scene.assert_kinds(&["created", "replaced"]);
}

#[test]
fn remove_folder_tells_every_file() {
    let mut scene = lab();
    let folder = scene.path("logs");
    let sizes: Vec<u64> = ["a.log", "b.log", "c.log"]
        .iter()
        .map(|name| {
            append(&folder.join(name), &stamped(1, 1..=5));
            fs::metadata(folder.join(name)).unwrap().len()
        })
        .collect();
    scene.operate(FileOperation::RemoveFolder, &folder);
    scene.wait_kind("deleted", 4);
    fs::create_dir(&folder).unwrap();
    append(&folder.join("a.log"), &stamped(2, 1..=2));
    scene.wait_lines(18);
    scene.catch_up();
    let mut told = deleted(&scene);
    assert_eq!(told.pop(), Some((4, exact(11), Actor::Person, false)), "a file that no look saw");
    told.sort_by_key(|one| one.0);
    for (id, cut, by, replaced) in told {
        assert_eq!((cut, by, replaced), (exact(sizes[id as usize - 1]), Actor::Person, false));
    }
    scene.assert_kinds(&[
        "created", "created", "created", "deleted", "deleted", "deleted", "created", "deleted", "created",
    ]);
}

#[test]
fn a_failed_operation_changes_nothing() {
    let mut scene = lab();
    let (path, to) = (scene.path("logs/a.log"), scene.path("logs/b.log"));
    append(&path, &stamped(1, 1..=2));
    append(&to, &stamped(2, 1..=2));
    scene.operate(FileOperation::Rename { to }, &path);
    scene.wait("the failure", |scene| {
        scene.seen.iter().any(|event| {
            matches!(&event.what, What::OperationFailed { operation, path: of, .. } if operation == "rename" && *of == path)
        })
    });
    scene.catch_up();
    scene.assert_kinds(&["created", "created"]);
}

/// A worker's file that is already unlinked is reached through the worker's descriptor, and read on.
#[test]
fn unlinked_file_of_a_worker() {
    let mut scene = lab();
    let path = scene.path("never seen.log");
    let mut writer = Writer::open(&path);
    writer.lines(&stamped(1, 1..=3));
    fs::remove_file(&path).unwrap();
    held_by_worker(&scene, &writer, &path);
    scene.wait_lines(3);
    writer.lines(&stamped(1, 4..=5));
    scene.wait_lines(5);
    // Told twice, by two workers: held once.
    held_by_worker(&scene, &writer, &path);
    scene.catch_up();
    let told = scene.follow_events().any(|event| matches!(event, FollowEvent::Created { unlinked: true, .. }));
    assert!(told, "{}", scene.report());
    assert_eq!(stamps(&scene, 1), [run(1, 5)]);
    scene.assert_kinds(&["created", "deleted"]);
    // Its descriptor is given back on demand.
    scene.order(FollowOrder::Release(IncarnationId(1)));
    scene.wait("released", |scene| {
        scene.follow_events().any(|event| matches!(event, FollowEvent::Released { incarnation: IncarnationId(1) }))
    });
    assert!(scene.texts().file(IncarnationId(1)).is_none());
}

fn held_by_worker(scene: &Scene, writer: &Writer, path: &Path) {
    scene.order(FollowOrder::HeldByWorker {
        pid: std::process::id(),
        descriptor: Some(writer.0.as_raw_fd()),
        path: path.to_owned(),
        file_id: platform::file_id(&writer.0.metadata().unwrap()),
    });
}

/// A worker's file that has been renamed out of sight is announced under the path by which the worker opened it.
#[test]
fn renamed_file_of_a_worker() {
    let mut scene = lab();
    let (path, to) = (scene.path("was here.log"), scene.path("is here.log"));
    let mut writer = Writer::open(&path);
    writer.lines(&stamped(1, 1..=3));
    fs::rename(&path, &to).unwrap();
    held_by_worker(&scene, &writer, &path);
    scene.wait_kind("renamed", 1);
    writer.lines(&stamped(1, 4..=5));
    scene.wait_lines(5);
    scene.catch_up();
    scene.assert_kinds(&["created", "renamed"]);
}

/// A file that nobody can get hold of any more is reported.
#[test]
fn missed_file_of_a_worker() {
    let mut scene = lab();
    let path = scene.path("logs/a.log");
    let file_id = rotascope::event::FileId { dev: 1, ino: 2, born_ns: 3 };
    scene.order(FollowOrder::HeldByWorker { pid: std::process::id(), descriptor: Some(0), path, file_id });
    scene.wait_kind("missed", 1);
}

struct Idle;

impl Operator for Idle {
    fn operate(&mut self, _: &rotascope::command::FileOrder, _: Option<&fs::File>) -> Result<Operated, String> {
        Err("not here".to_owned())
    }
}

/// A follower whose events nobody takes ends at once all the same.
#[test]
fn ends_with_a_full_channel() {
    let dir = stage();
    for name in 0..10 {
        append(&dir.path().join(format!("{name}.log")), &numbered("a", 0..10));
    }
    let (sender, events) = crossbeam_channel::bounded(1);
    let options = FollowOptions { targets: vec![Target::Folder(dir.path().to_owned())], stamps: false };
    let follower = Follower::start(options, sender, Box::new(Idle)).unwrap();
    let first = events.recv_timeout(DEADLINE);
    assert!(first.is_ok());
    let begun = Instant::now();
    drop(follower);
    assert!(begun.elapsed() < DEADLINE / 2);
}

/// From a write to the event: a few milliseconds at most, as the median.
#[test]
fn latency() {
    let mut scene = lab();
    let path = scene.path("logs/a.log");
    let mut writer = Writer::open(&path);
    scene.wait_kind("created", 1);
    let mut times: Vec<Duration> = (1..=50)
        .map(|seq| {
            let begun = Instant::now();
            writer.lines(&stamped(1, seq..=seq));
            scene.wait_lines(seq as usize);
            begun.elapsed()
        })
        .collect();
    times.sort();
    println!("write to event: median {:?}, worst {:?}", times[25], times[49]);
    assert!(times[25] < Duration::from_millis(20), "{times:?}");
}
