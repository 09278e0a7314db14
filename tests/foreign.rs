//! Logs that Rotascope did not write: other people's programs write and rotate, and an engine follows.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod watch_common;

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rotascope::engine::{Engine, Session};
use rotascope::event::{Actor, EntryKind, IncarnationId, NotFollowed, Origin};
use rotascope::model::{Incarnation, MarkKind, Model, Reach};
use watch_common::{config, entry, events, is_there, lines, text_of, told, wait, wait_for, watch};

// --- logrotate ----------------------------------------------------------------------------------------------------

/// A log with a writer that never pauses, and logrotate to rotate it.
struct Rotated {
    dir: tempfile::TempDir,
    directives: &'static str,
    written: Arc<AtomicU64>,
    stop: Arc<AtomicBool>,
    writer: Option<JoinHandle<()>>,
}

impl Rotated {
    fn new(directives: &'static str) -> Rotated {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("logs")).unwrap();
        let (written, stop) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
        let (path, count, stopped) = (dir.path().join("logs/app.log"), Arc::clone(&written), Arc::clone(&stop));
        let writer = std::thread::spawn(move || write_on(&path, &count, &stopped));
        let scene = Rotated { dir, directives, written, stop, writer: Some(writer) };
        scene.write_more(1);
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("logs").join(name)
    }

    fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// Lets the writer write so many lines more.
    fn write_more(&self, count: u64) {
        let until = self.written() + count;
        wait_for("the writer writes", || self.written() >= until);
    }

    /// The writer has ended; the number of its lines.
    fn end_writing(&mut self) -> u64 {
        self.stop.store(true, Ordering::Release);
        if let Some(writer) = self.writer.take() {
            writer.join().unwrap();
        }
        self.written()
    }

    fn rotate(&self) {
        let configuration = self.dir.path().join("logrotate.conf");
        let text = format!("\"{}\" {{\n{}\n}}\n", self.path("app.log").display(), self.directives);
        fs::write(&configuration, text).unwrap();
        let output = Command::new("logrotate")
            .args(["-f", "-s"])
            .args([&self.dir.path().join("state"), &configuration])
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Rotated {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Release);
    }
}

/// Writes numbered lines. Goes over to another file once one stands at the path, as after a signal from logrotate;
/// never makes one there, for that is logrotate's to do.
fn write_on(path: &Path, written: &AtomicU64, stop: &AtomicBool) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    while !stop.load(Ordering::Acquire) {
        let held = file.metadata().unwrap().ino();
        if fs::metadata(path).is_ok_and(|there| there.ino() != held) {
            file = OpenOptions::new().append(true).open(path).unwrap();
        }
        for _ in 0..10 {
            let number = written.load(Ordering::Acquire);
            file.write_all(line(number).as_bytes()).unwrap();
            written.store(number + 1, Ordering::Release);
        }
        std::thread::sleep(Duration::from_micros(500)); // the writer's own pace
    }
}

fn line(number: u64) -> String {
    format!("INFO line {number}\n")
}

/// The numbers in a text of whole lines.
fn numbers(text: &[u8]) -> Vec<u64> {
    let text = std::str::from_utf8(text).unwrap();
    assert!(text.is_empty() || text.ends_with('\n'), "an unended line: {text:?}");
    text.lines().map(|line| line.strip_prefix("INFO line ").unwrap().parse().unwrap()).collect()
}

fn numbers_of(engine: &Engine, id: u32) -> Vec<u64> {
    numbers(&text_of(engine, IncarnationId(id)))
}

fn one(model: &Model, id: u32) -> &Incarnation {
    model.incarnation(IncarnationId(id)).unwrap_or_else(|| panic!("no incarnation {id}: {}", told(model)))
}

/// Where the live file is: the incarnation that the path leads to and that was not there before.
fn wait_successor(engine: &Engine, path: &Path, before: u32) -> u32 {
    wait(engine, "the next file is followed", |model| model.incarnation_at(path).is_some_and(|id| id.0 > before));
    engine.model().incarnation_at(path).unwrap().0
}

#[test]
fn logrotate_by_rename_loses_no_line_and_each_life_keeps_its_own() {
    if !is_there("logrotate", "--version", "rotation by rename") {
        return;
    }
    let mut scene = Rotated::new("rotate 2\ncreate 0644\nmissingok");
    let live = scene.path("app.log");
    let engine = watch(&[&live]);
    wait(&engine, "lines are read", |model| lines(model) > 100);
    let mut current = 1;
    for round in 1..=3 {
        scene.write_more(50);
        scene.rotate();
        scene.write_more(50);
        let next = wait_successor(&engine, &live, current);
        assert_eq!(next, current + 1, "one rotation, one new life: {}", told(&engine.model()));
        current = next;
        let archived = |model: &Model| {
            let at = |name: &str| model.incarnation_at(&scene.path(name)).map(|id| id.0);
            at("app.log.1") == Some(current - 1) && (round < 2 || at("app.log.2") == Some(current - 2))
        };
        wait(&engine, "the archives have their names", archived);
    }
    let written = scene.end_writing();
    wait(&engine, "every line is read", |model| lines(model) == written);
    wait(&engine, "the oldest archive is gone", |model| one(model, 1).is_unlinked());

    // Together the four lives hold each line once, in order.
    let all: Vec<u64> = (1..=4).flat_map(|id| numbers_of(&engine, id)).collect();
    assert_eq!(all, (0..written).collect::<Vec<_>>());
    let model = engine.model();
    for id in 1..=4 {
        assert_eq!(one(&model, id).lines, numbers_of(&engine, id).len() as u64, "{}", told(&model));
    }
    assert_eq!(one(&model, 2).path.as_deref(), Some(scene.path("app.log.2").as_path()));
    assert_eq!(one(&model, 3).path.as_deref(), Some(scene.path("app.log.1").as_path()));
    assert_eq!(one(&model, 4).path.as_deref(), Some(live.as_path()));
    // Life 1 moved to .1, .2 and .3, life 2 to .1 and .2, life 3 to .1; a name that lasts no look at all may be unseen.
    let renamed = events(&model, "renamed");
    assert!((5..=6).contains(&renamed), "{}", told(&model));
    assert_eq!((events(&model, "deleted"), events(&model, "created")), (1, 4 - 1), "{}", told(&model));
    assert_eq!((events(&model, "truncated"), events(&model, "missed")), (0, 0), "{}", told(&model));
    let by_others =
        |mark: &rotascope::model::Mark| !matches!(mark.kind, MarkKind::Deleted { by } if by != Actor::Other);
    assert!(model.timeline().marks.iter().all(by_others), "nobody here is a lab");
}

#[test]
fn logrotate_by_copytruncate_shows_no_line_twice() {
    if !is_there("logrotate", "--version", "rotation by copytruncate") {
        return;
    }
    let mut scene = Rotated::new("rotate 5\ncopytruncate");
    let live = scene.path("app.log");
    let engine = watch(&[&live]);
    wait(&engine, "lines are read", |model| lines(model) > 100);
    for round in 1..=3 {
        scene.write_more(200);
        scene.rotate();
        scene.write_more(50);
        wait(&engine, "the truncation is seen", |model| events(model, "truncated") == round);
    }
    let written = scene.end_writing();
    let last = numbers(&fs::read(&live).unwrap());
    wait(&engine, "the last life is read", |model| one(model, 4).lines == last.len() as u64);
    assert_eq!(numbers_of(&engine, 4), last);

    let copies: u64 =
        (1..=3).map(|n| numbers(&fs::read(scene.path(&format!("app.log.{n}"))).unwrap()).len() as u64).sum();
    let model = engine.model();
    let seen = lines(&model);
    assert_eq!(model.incarnations().len(), 4, "the copies are no part of the path: {}", told(&model));
    for id in 1..=3 {
        let life = one(&model, id);
        assert_eq!(life.reach, Reach::Truncated { kept: 0 }, "{}", told(&model));
        assert_eq!(life.file_id, one(&model, 4).file_id);
        assert_eq!(one(&model, id + 1).origin, Origin::Truncated { previous: IncarnationId(id) });
    }
    assert!(seen <= written, "{seen} lines shown of {written}: {}", told(&model));
    println!(
        "copytruncate: {written} written, {seen} read, {} in no file (copies {copies}, live {})",
        written - copies - last.len() as u64,
        last.len()
    );
    assert_eq!(events(&model, "deleted") + events(&model, "renamed"), 0, "{}", told(&model));
}

/// The copy is a file of its own there, under its own name; but what it has from the followed file is carried over,
/// not read again.
#[test]
fn a_copy_in_a_followed_folder_repeats_no_line() {
    if !is_there("logrotate", "--version", "copytruncate in a folder") {
        return;
    }
    let mut scene = Rotated::new("rotate 5\ncopytruncate");
    scene.write_more(500);
    let written = scene.end_writing();
    let (live, copy) = (scene.path("app.log"), scene.path("app.log.1"));
    let folder = scene.path("");
    let engine = watch(&[&folder]);
    wait(&engine, "all lines are read", |model| lines(model) == written);
    scene.rotate();
    wait(&engine, "the truncation is seen", |model| events(model, "truncated") == 1);
    let copied = fs::metadata(&copy).unwrap().len();
    let of_copy = |model: &Model| model.incarnation_at(&copy).and_then(|id| model.incarnation(id)).map(|one| one.bytes);
    wait(&engine, "the copy is known as one", |model| of_copy(model).is_some_and(|it| it.carried_over == copied));
    for (path, number) in [(&live, written), (&copy, written + 1)] {
        OpenOptions::new().append(true).open(path).unwrap().write_all(line(number).as_bytes()).unwrap();
    }
    wait(&engine, "both files go on", |model| lines(model) == written + 2);
    let model = engine.model();
    let lines_of = |id| one(&model, id).lines;
    assert_eq!(model.incarnations().len(), 3, "{}", told(&model));
    assert_eq!((lines_of(1), lines_of(2), lines_of(3)), (written, 1, 1), "{}", told(&model));
    assert_eq!(numbers_of(&engine, 3), [written], "{}", told(&model));
}

#[test]
fn an_archive_that_logrotate_compresses_is_read_before_and_listed_after() {
    if !is_there("logrotate", "--version", "compression") || !is_there("gzip", "--version", "compression") {
        return;
    }
    let mut scene = Rotated::new("rotate 5\ncompress\ncreate");
    let (live, archive) = (scene.path("app.log"), scene.path("app.log.1.gz"));
    let folder = scene.path("");
    let engine = watch(&[&folder]);
    scene.write_more(300);
    scene.rotate();
    wait_successor(&engine, &live, 1);
    let written = scene.end_writing();
    wait(&engine, "every line is read", |model| {
        model.incarnations().iter().filter(|one| one.id.0 == 1 || one.path.as_deref() == Some(&live)).count() == 2
            && entry(model, &archive).is_some_and(|entry| entry.not_followed == Some(NotFollowed::Compressed))
            && one(model, 1).is_unlinked()
    });
    wait(&engine, "no line is missing", |model| lines(model) >= written);
    let model = engine.model();
    assert_eq!(lines(&model), written, "{}", told(&model));
}

// --- Python -------------------------------------------------------------------------------------------------------

const WATCHED_FILE_HANDLER: &str = r#"
import logging, logging.handlers, sys, threading, time
handler = logging.handlers.WatchedFileHandler(sys.argv[1])
handler.setFormatter(logging.Formatter("{levelname} line {message}", style="{"))
log = logging.getLogger()
log.addHandler(handler)
log.setLevel(logging.INFO)
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
number = 0
print("ready", flush=True)
while not ended.is_set():
    log.info(number)
    number += 1
    time.sleep(0.0005)
print(number, flush=True)
"#;

#[test]
fn a_python_program_that_watches_its_file_is_followed_through_rename_and_delete() {
    if !is_there("python3", "--version", "WatchedFileHandler") {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (path, moved) = (dir.path().join("app.log"), dir.path().join("moved.log"));
    let engine = watch(&[&path]);
    let mut python = Command::new("python3")
        .args(["-c", WATCHED_FILE_HANDLER])
        .arg(&path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let grown = |id: u32| move |model: &Model| model.incarnation(IncarnationId(id)).is_some_and(|one| one.lines > 50);
    wait(&engine, "the first file grows", grown(1));
    fs::rename(&path, &moved).unwrap();
    wait(&engine, "the second file grows", grown(2));
    fs::remove_file(&path).unwrap();
    wait(&engine, "the third file grows", grown(3));
    drop(python.stdin.take());
    let mut out = BufReader::new(python.stdout.take().unwrap());
    let mut said = String::new();
    out.read_line(&mut said).unwrap();
    said.clear();
    out.read_to_string(&mut said).unwrap();
    assert!(python.wait().unwrap().success());
    let written: u64 = said.trim().parse().unwrap();
    wait(&engine, "every line is read", |model| lines(model) == written);

    let all: Vec<u64> = (1..=3).flat_map(|id| numbers_of(&engine, id)).collect();
    assert_eq!(all, (0..written).collect::<Vec<_>>(), "each line once, in the order of the lives");
    let model = engine.model();
    assert_eq!(one(&model, 1).path.as_deref(), Some(moved.as_path()));
    assert!(one(&model, 2).is_unlinked());
    assert_eq!(one(&model, 3).path.as_deref(), Some(path.as_path()));
    let counts = ["created", "renamed", "deleted", "replaced", "truncated"].map(|kind| events(&model, kind));
    assert_eq!(counts, [3, 1, 1, 0, 0], "{}", told(&model));
}

// --- what stands under /var/log -----------------------------------------------------------------------------------

/// Whether a file is to be read, judged without Rotascope: by name, permission and the first bytes.
fn is_text(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy();
    if name.starts_with('.') || [".gz", ".xz", ".zst", ".bz2"].iter().any(|ending| name.ends_with(ending)) {
        return false;
    }
    let mut head = Vec::new();
    File::open(path).is_ok_and(|file| file.take(4096).read_to_end(&mut head).is_ok()) && !head.contains(&0)
}

#[test]
fn the_systems_own_logs_are_counted_as_wc_counts_them() {
    let folders: Vec<&Path> =
        ["/var/log", "/var/log/apt"].into_iter().map(Path::new).filter(|path| path.is_dir()).collect();
    if folders.is_empty() {
        println!("skipped the system's own logs: there is no /var/log");
        return;
    }
    let engine = watch(&folders);
    let files: Vec<PathBuf> = folders
        .iter()
        .flat_map(|folder| fs::read_dir(folder).unwrap())
        .map(|entry| entry.unwrap().path())
        .filter(|path| fs::metadata(path).is_ok_and(|data| data.is_file()))
        .collect();
    wait(&engine, "all are listed", |model| files.iter().all(|path| entry(model, path).is_some()));
    wait(&engine, "all text is read", |model| {
        model.incarnations().iter().all(|one| one.not_yet_read() == one.pending_bytes)
            && files.iter().filter(|path| is_text(path)).all(|path| model.incarnation_at(path).is_some())
    });
    let model = engine.model();
    let mut compared = 0;
    for path in &files {
        let listed = entry(&model, path).unwrap();
        assert_eq!(listed.kind, EntryKind::File);
        if !is_text(path) {
            assert!(listed.not_followed.is_some() && listed.incarnation.is_none(), "{listed:?}");
            continue;
        }
        let one = model.incarnation(listed.incarnation.unwrap_or_else(|| panic!("{listed:?}"))).unwrap();
        // Others may append meanwhile: counted is what had been read.
        let read = fs::read(path).unwrap();
        let newlines = read[..one.index.end() as usize].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(one.lines, newlines, "{}: {}", path.display(), told(&model));
        compared += one.lines;
    }
    assert_eq!(events(&model, "deleted") + events(&model, "truncated"), 0, "{}", told(&model));
    println!("{} files under {folders:?}, {compared} lines", files.len());
}

/// Login records as the C library writes them: 384 bytes, mostly NUL.
#[test]
fn login_records_are_listed_and_not_read() {
    let dir = tempfile::tempdir().unwrap();
    let mut record = vec![0u8; 384];
    record[0] = 2;
    record[8..10].copy_from_slice(b"~\0");
    record[44..50].copy_from_slice(b"reboot");
    for name in ["wtmp", "btmp"] {
        fs::write(dir.path().join(name), record.repeat(3)).unwrap();
    }
    // As large as the highest user number wants it, and nothing in it.
    File::create(dir.path().join("lastlog")).unwrap().set_len(292 * 65_534).unwrap();
    fs::write(dir.path().join("syslog"), "one\ntwo\n").unwrap();
    let engine = watch(&[dir.path()]);
    wait(&engine, "the text is read", |model| lines(model) == 2);
    for name in ["wtmp", "btmp", "lastlog"] {
        let path = dir.path().join(name);
        wait(&engine, "it is listed as binary", |model| {
            entry(model, &path).is_some_and(|entry| entry.not_followed == Some(NotFollowed::Binary))
        });
    }
    // One more login, while it is looked at: the size is told, nothing is read.
    let wtmp = dir.path().join("wtmp");
    OpenOptions::new().append(true).open(&wtmp).unwrap().write_all(&record).unwrap();
    wait(&engine, "the size is told", |model| entry(model, &wtmp).is_some_and(|entry| entry.size == 4 * 384));
    assert_eq!(lines(&engine.model()), 2);
}

/// A session is opened on what fits a pattern; what comes later joins, in subfolders too, and nothing else does.
#[test]
fn a_session_follows_what_fits_a_pattern() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("sub")).unwrap();
    fs::write(dir.path().join("a.log"), "1\n").unwrap();
    fs::write(dir.path().join("notes.txt"), "1\n").unwrap();
    let engine = watch(&[&dir.path().join("**/*.log")]);
    wait(&engine, "what is there is read", |model| lines(model) == 1);
    fs::write(dir.path().join("sub/b.log"), "1\n2\n").unwrap();
    fs::write(dir.path().join("sub/c.txt"), "1\n").unwrap();
    wait(&engine, "what comes is read", |model| lines(model) == 3);
    let model = engine.model();
    assert_eq!(model.incarnations().len(), 2);
    let session = model.session().unwrap();
    assert_eq!((session.title.as_str(), session.paths.as_slice()), ("*.log", [dir.path().to_owned()].as_slice()));
    let wrong = PathBuf::from("/var/log/[a-.log");
    let refused = Engine::open(Session::Watch { paths: vec![wrong] }, config()).err().unwrap().to_string();
    assert!(refused.starts_with("/var/log/[a-.log: a [ has no ]"), "{refused}");
}
