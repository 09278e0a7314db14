//! Descriptors that are kept and closed: old files, more files than descriptors, and what comes late.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs;
use std::ops::ControlFlow;
use std::os::fd::BorrowedFd;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use follow_common::stepped::Stepped;
use follow_common::{Collector, Scene, Writer, append, concat, numbered, stage};
use rotascope::event::{Event, FollowEvent, IncarnationId};
use rotascope::follow::{Begin, FollowOptions, Follower, Taker, Target};
use rotascope::platform::{self, Written};

/// Longer than an end has to hold, and until it is asked again who writes.
const PATIENCE: Duration = Duration::from_secs(90);

/// Whether this process has the file open for reading.
fn is_held(path: &Path) -> bool {
    open_for_reading().iter().any(|open| open == path)
}

fn open_for_reading() -> Vec<PathBuf> {
    let reads = |descriptor: &str| {
        let info = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap_or_default();
        info.lines().find_map(|line| line.strip_prefix("flags:")).is_some_and(|flags| flags.trim().ends_with('0'))
    };
    let all = fs::read_dir("/proc/self/fd").unwrap().flatten();
    all.filter(|entry| reads(&entry.file_name().to_string_lossy()))
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .collect()
}

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !so() {
        assert!(Instant::now() < end, "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(20)); // poll
    }
}

/// Whether it can be known here who writes to a file: not for an ordinary user, nor in a container. What is let go only
/// when nobody does is kept for minutes then.
fn writers_are_known(test: &str) -> bool {
    let dir = stage();
    let path = dir.path().join("P");
    fs::write(&path, "").unwrap();
    let file_id = platform::file_id(&fs::metadata(&path).unwrap());
    let known = platform::written_to(&[file_id])[&file_id] != Written::Unknown;
    if !known {
        println!("skipped {test}: it can't be known here who writes to a file");
    }
    known
}

/// A5: the old file is read as long as somebody can write to it. After that it is let go; what comes late is told.
#[test]
fn a5_late_bytes() {
    if !writers_are_known("a5_late_bytes") {
        return;
    }
    let mut scene = Scene::of_path();
    let mut first = Writer::open(&scene.p());
    first.lines(&numbered("w1", 0..2));
    scene.wait_lines(2);
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("w2", 0..2));
    scene.wait_lines(4);
    scene.pass(Duration::from_secs(1));
    first.lines(&numbered("w1", 2..3));
    scene.wait_lines(5);
    // Long enough for it to be let go, if nobody wrote to it.
    scene.pass(Duration::from_secs(8));
    assert!(is_held(&scene.path("P.1")), "{}", scene.report());
    first.lines(&numbered("w1", 3..4));
    scene.wait_lines(6);
    scene.assert_kinds(&["created", "renamed", "created"]);
    drop(first);
    let old = scene.path("P.1");
    until("the old file is let go", || !is_held(&old));
    // One write: what comes after the first late byte finds the file open again, and is late no more.
    let late = numbered("w1", 4..6).concat();
    append(&old, std::slice::from_ref(&late));
    scene.wait_kind("late_bytes", 1);
    scene.wait_lines(8);
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("w1", 0..6), "{}", scene.report());
    let told = scene.follow_events().find_map(|event| match event {
        FollowEvent::LateBytes { incarnation, bytes } => Some((incarnation.0, *bytes)),
        _ => None,
    });
    assert_eq!(told, Some((1, late.len() as u64)), "{}", scene.report());
    scene.assert_kinds(&["created", "renamed", "created", "late_bytes"]);
}

/// A deleted file is held as long as somebody writes to it, and no longer: it takes room on the disk.
#[test]
fn unlinked_is_released_when_nobody_writes() {
    if !writers_are_known("unlinked_is_released_when_nobody_writes") {
        return;
    }
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.lines(&numbered("a", 0..2));
    scene.wait_lines(2);
    fs::remove_file(scene.p()).unwrap();
    scene.wait_kind("deleted", 1);
    scene.pass(Duration::from_secs(8));
    writer.lines(&numbered("a", 2..3));
    scene.wait_lines(3);
    drop(writer);
    let end = Instant::now() + PATIENCE;
    let released = |scene: &Scene| {
        scene.follow_events().any(|event| matches!(event, FollowEvent::Released { incarnation } if incarnation.0 == 1))
    };
    while !released(&scene) {
        assert!(Instant::now() < end, "{}", scene.report());
        scene.pass(Duration::from_millis(50));
    }
    append(&scene.p(), &numbered("b", 0..2));
    scene.wait_lines(5);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..3), &numbered("b", 0..2)]));
    scene.assert_kinds(&["created", "deleted", "created"]);
}

/// What was read from a copy is not held by that: neither the descriptor nor, once it is deleted, its disk space.
#[test]
fn copies_of_what_was_cut_are_let_go() {
    let scene = Stepped::of_path();
    for round in 0..40 {
        scene.append("P", &numbered(&format!("a {round}"), 0..20));
        scene.look();
        scene.append("P", &numbered(&format!("b {round}"), 0..20));
        fs::copy(scene.path("P"), scene.path("P.1")).unwrap();
        fs::write(scene.path("P"), "").unwrap();
        scene.look();
        fs::remove_file(scene.path("P.1")).unwrap();
    }
    assert_eq!(scene.text().lines().count(), 40 * 40, "{}", scene.report());
    let folder = scene.path("");
    let held = open_for_reading().iter().filter(|open| open.starts_with(&folder)).count();
    assert!(held < 3, "{held} are held");
}

/// An archive that was let go moves on with the next rotation, and goes at last.
#[test]
fn archives_that_are_not_held_are_known_by_their_names() {
    if !writers_are_known("archives_that_are_not_held_are_known_by_their_names") {
        return;
    }
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..2));
    scene.wait_lines(2);
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("b", 0..2));
    scene.wait_lines(4);
    let old = scene.path("P.1");
    until("the old file is let go", || !is_held(&old));
    fs::rename(scene.path("P.1"), scene.path("P.2")).unwrap();
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("c", 0..2));
    scene.wait_lines(6);
    scene.catch_up();
    let (first, second) = (scene.path("P.2"), scene.path("P.1"));
    until("both are let go", || !is_held(&first) && !is_held(&second));
    fs::remove_file(scene.path("P.2")).unwrap();
    scene.wait_kind("deleted", 1);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..2), &numbered("b", 0..2), &numbered("c", 0..2)]));
    scene.assert_kinds(&["created", "renamed", "created", "renamed", "renamed", "created", "deleted"]);
}

/// More comes to a file that was let go, and it is compressed before anybody looks: the rest is in the archive alone.
#[test]
fn the_rest_of_what_was_let_go_is_read_from_its_archive() {
    if !writers_are_known("the_rest_of_what_was_let_go_is_read_from_its_archive") {
        return;
    }
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..20));
    scene.look();
    scene.rename("P", "P.1");
    scene.append("P", &numbered("b", 0..20));
    let old = scene.path("P.1");
    scene.run_until("the old file is let go", PATIENCE, || scene.text_of(2).len() == 240 && !is_held(&old));
    let late = numbered("a", 20..25);
    scene.append("P.1", &late);
    assert!(Command::new("gzip").arg(&old).status().unwrap().success());
    scene.append("P", &numbered("b", 20..25));
    scene.look();
    assert_eq!(scene.text_of(1), numbered("a", 0..25).concat(), "{}", scene.report());
    assert_eq!(scene.text_of(2), numbered("b", 0..25).concat(), "{}", scene.report());
    assert_eq!(scene.archived(), [(1, "P.1.gz".to_owned())], "{}", scene.report());
    let told = scene.events().into_iter().find_map(|event| match event {
        FollowEvent::LateBytes { incarnation, bytes } => Some((incarnation.0, bytes)),
        _ => None,
    });
    assert_eq!(told, Some((1, late.concat().len() as u64)), "{}", scene.report());
}

/// Runs a test of this file again in a process with few descriptors. True if this is that process.
fn with_few_descriptors(test: &str) -> bool {
    const CHILD: &str = "ROTASCOPE_TEST_FEW_DESCRIPTORS";
    if std::env::var_os(CHILD).is_some() {
        return true;
    }
    let again = format!("ulimit -n 40; exec \"$0\" --exact {test} --nocapture");
    let mut command = Command::new("sh");
    command.args(["-c", &again]).arg(std::env::current_exe().unwrap()).env(CHILD, "1");
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    print!("{text}");
    assert!(output.status.success() && text.contains("1 passed"), "{text}");
    false
}

/// A7 with more lives than descriptors: as many as can be open are read and closed, before the next ones are opened.
#[test]
fn a7_more_lives_between_two_looks_than_descriptors() {
    if !with_few_descriptors("a7_more_lives_between_two_looks_than_descriptors") {
        return;
    }
    let scene = Stepped::of_path();
    let mut lines = numbered("first", 0..2);
    scene.append("P", &lines);
    scene.look();
    for round in 0..100 {
        let two = numbered(&format!("{round}"), 0..2);
        scene.append("P", &two);
        scene.rename("P", &format!("P.{round}"));
        lines.extend(two);
    }
    scene.append("P", &numbered("last", 0..2));
    scene.look();
    scene.assert_text(&[&lines, &numbered("last", 0..2)]);
    assert!(!scene.kinds().contains(&"missed"), "{}", scene.report());
}

/// Closed files behind links: they are found where what the links lead to has gone.
#[test]
fn what_closed_links_lead_to_is_rotated() {
    if !with_few_descriptors("what_closed_links_lead_to_is_rotated") {
        return;
    }
    let dir = stage();
    fs::create_dir(dir.path().join("pods")).unwrap();
    let names: Vec<String> = (0..30).map(|number| format!("{number:02}.log")).collect();
    for name in &names {
        std::os::unix::fs::symlink(format!("pods/{name}"), dir.path().join(name)).unwrap();
        append(&dir.path().join("pods").join(name), &numbered(name, 0..2));
    }
    let named: Vec<&str> = names.iter().map(String::as_str).collect();
    let scene = Stepped::follow(dir, &named);
    scene.look();
    for name in &names {
        let (live, old) = (format!("pods/{name}"), format!("pods/{name}.1"));
        scene.append(&live, &numbered(name, 2..4));
        scene.rename(&live, &old);
        scene.append(&live, &numbered(&format!("new {name}"), 0..2));
    }
    scene.look();
    for name in &names {
        scene.append(&format!("pods/{name}.1"), &numbered(name, 4..5));
    }
    scene.look();
    for name in &names {
        let mut lines: Vec<String> = scene.text().split_inclusive('\n').map(str::to_owned).collect();
        lines.retain(|line| line.contains(name.as_str()));
        lines.sort();
        let mut wanted = [numbered(name, 0..5), numbered(&format!("new {name}"), 0..2)].concat();
        wanted.sort();
        assert_eq!(lines, wanted, "{}", scene.report());
    }
    assert!(!scene.kinds().contains(&"deleted"), "{}", scene.report());
}

/// C5 where room is made for others: what a copy has of a life comes before what was written after the cut.
#[test]
fn c5_copied_and_cut_with_few_descriptors() {
    if !with_few_descriptors("c5_copied_and_cut_with_few_descriptors") {
        return;
    }
    let scene = Stepped::follow(stage(), &["P", "f*"]);
    scene.append("P", &numbered("before", 0..2));
    scene.look();
    scene.rename("P", "P.old");
    scene.append("P", &numbered("x", 0..60));
    fs::copy(scene.path("P"), scene.path("P.1")).unwrap();
    fs::write(scene.path("P"), "").unwrap();
    scene.append("P", &numbered("y", 0..60));
    for number in 0..40 {
        scene.append(&format!("f{number}"), &numbered("f", 0..1));
    }
    scene.look();
    let text = scene.text();
    let at = |line: &str| text.find(line).unwrap_or_else(|| panic!("{line}: {}", scene.report()));
    assert!(at("x line 0059") < at("y line 0000"), "{}", scene.report());
}

/// B3, E4: more files than descriptors. All are read, closed in turn, and known again by more than their inode numbers.
#[test]
fn b3_closed_and_begun_anew() {
    if !with_few_descriptors("b3_closed_and_begun_anew") {
        return;
    }
    let dir = stage();
    let path = |number: usize| dir.path().join(format!("{number:02}.log"));
    let mut texts: Vec<String> = (0..60).map(|number| numbered(&format!("file {number}"), 0..2).concat()).collect();
    for (number, text) in texts.iter().enumerate() {
        fs::write(path(number), text).unwrap();
    }
    let (collector, _follower) = Collector::follow(Target::Folder(dir.path().to_owned()));
    collector.wait_for(&texts);
    until("so many are closed", || open_for_reading().iter().filter(|open| open.starts_with(dir.path())).count() <= 16);
    for round in 2..4 {
        for (number, text) in texts.iter_mut().enumerate() {
            let more = numbered(&format!("file {number}"), round..round + 1);
            append(&path(number), &more);
            text.push_str(&more.concat());
        }
        collector.wait_for(&texts);
    }
    assert!(collector.kinds().is_empty(), "{:?}", collector.kinds());
    until("one is closed", || (0..60).any(|number| !is_held(&path(number))));
    let closed = (0..60).find(|number| !is_held(&path(*number))).unwrap();
    let inode = fs::metadata(path(closed)).unwrap().ino();
    let new = numbered("another file", 0..40).concat();
    fs::remove_file(path(closed)).unwrap();
    fs::write(path(closed), &new).unwrap();
    let same = fs::metadata(path(closed)).unwrap().ino() == inode;
    println!("the new file has {} inode number", if same { "the same" } else { "another" });
    texts.push(new);
    collector.wait_for(&texts);
    assert_eq!(collector.kinds(), ["deleted", "created"]);
    until("one is closed", || (0..60).any(|number| number != closed && !is_held(&path(number))));
    let closed = (0..60).find(|number| *number != closed && !is_held(&path(*number))).unwrap();
    let refilled = numbered("refilled", 0..40).concat();
    fs::write(path(closed), &refilled).unwrap();
    texts.push(refilled);
    collector.wait_for(&texts);
    assert_eq!(collector.kinds(), ["deleted", "created", "truncated"]);
}

/// The queue of notifications of whoever watches a folder in this process.
struct Queue {
    folder: PathBuf,
    descriptor: i32,
    marks: usize,
}

impl Queue {
    fn of(folder: &Path) -> Queue {
        let mark = format!(" ino:{:x} ", fs::metadata(folder).unwrap().ino());
        let watches = |descriptor: &i32| {
            let info = fs::read_to_string(format!("/proc/self/fdinfo/{descriptor}")).unwrap_or_default();
            info.lines().any(|line| line.starts_with("inotify ") && line.contains(&mark))
        };
        let open = fs::read_dir("/proc/self/fd").unwrap().flatten();
        let mut open = open.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
        let descriptor = open.find(watches).expect("nobody watches the folder");
        Queue { folder: folder.to_owned(), descriptor, marks: 0 }
    }

    fn is_empty(&self) -> bool {
        // SAFETY: the follower of this test has the descriptor open until the test is over.
        let descriptor = unsafe { BorrowedFd::borrow_raw(self.descriptor) };
        rustix::io::ioctl_fionread(descriptor).unwrap() == 0
    }

    /// Waits until all that has happened in the folder was heard. What is taken from the queue is dealt with before
    /// anything more is taken: when a second mark is gone from it, all before the first one has been.
    fn wait(&mut self) {
        for _ in 0..2 {
            self.marks += 1;
            fs::File::create(self.folder.join(format!("mark {}", self.marks))).unwrap();
            until("notifications are heard", || self.is_empty());
        }
    }
}

/// C9: while whoever takes the lines is busy, more comes, and a truncation takes it: just so many bytes are lost.
#[test]
fn c9_lost_unread() {
    /// Takes nothing as long as it is locked.
    struct Slow {
        busy: Arc<Mutex<()>>,
        /// How often it was about to take something.
        asked: Arc<AtomicUsize>,
        collector: Collector,
    }
    impl Taker for Slow {
        fn bytes(&mut self, incarnation: IncarnationId, offset: u64, bytes: &[u8]) -> ControlFlow<()> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            drop(self.busy.lock().unwrap());
            self.collector.bytes(incarnation, offset, bytes)
        }

        fn event(&mut self, event: Event) -> ControlFlow<()> {
            self.collector.event(event)
        }
    }
    let dir = stage();
    let path = dir.path().join("P");
    append(&path, &numbered("a", 0..2));
    let (busy, asked, collector) = (Arc::new(Mutex::new(())), Arc::<AtomicUsize>::default(), Collector::default());
    let options = FollowOptions { targets: vec![Target::Path(path.clone())], stamps: false };
    let taker = Slow { busy: Arc::clone(&busy), asked: Arc::clone(&asked), collector: collector.clone() };
    let _follower = Follower::start_taking(options, Begin::Start, Box::new(taker)).unwrap();
    let mut texts = vec![numbered("a", 0..2).concat()];
    collector.wait_for(&texts);
    let mut queue = Queue::of(dir.path());
    let locked = busy.lock().unwrap();
    let before = asked.load(Ordering::SeqCst);
    let mut writer = Writer::open(&path);
    writer.bytes(numbered("a", 2..4).concat().as_bytes());
    texts[0] += &numbered("a", 2..4).concat();
    until("the follower waits for who takes nothing", || asked.load(Ordering::SeqCst) > before);
    append(&path, &numbered("a", 4..1000));
    queue.wait();
    append(&path, &numbered("a", 1000..1003));
    queue.wait();
    let size = fs::metadata(&path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&path).unwrap().set_len(0).unwrap();
    queue.wait();
    drop(locked);
    append(&path, &numbered("b", 0..2));
    texts.push(numbered("b", 0..2).concat());
    collector.wait_for(&texts);
    let told = collector.events.lock().unwrap().iter().find_map(|event| match event {
        FollowEvent::Truncated { old_size, read, .. } => Some((*old_size, *read)),
        _ => None,
    });
    let read = texts[0].len() as u64;
    assert_eq!(told.map(|(old_size, read)| (old_size - read, read)), Some((size - read, read)));
}
