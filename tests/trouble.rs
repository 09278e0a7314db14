//! Trouble: folders and disks that refuse, input that is no text, processes that are killed. Nothing may panic, hang or
//! lose a line without saying so.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod counter;
mod lab_text;
mod watch_common;

use std::ffi::OsStr;
use std::fs::{self, OpenOptions, Permissions};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Instant;

use counter::count;
use lab_text::lab_text;
use rotascope::command::{Command as Order, FileOperation, FileOrder, LabOrder};
use rotascope::engine::{Engine, Session, stop_and_report};
use rotascope::event::{Actor, Exit, IncarnationId, NotFollowed};
use rotascope::lab::{self, Lab};
use rotascope::model::{Model, WorkerState};
use rotascope::platform::{ProcessSignal, signal_process};
use serde_json::Value;
use watch_common::{config, entry, events, finished, lines, text_of, told, wait, wait_for, watch};

fn rotascope() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rotascope"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// `rotascope run LAB --json --keep FOLDER ...`
fn run(lab: &str, keep: &Path, time: &str) -> Output {
    let desk = tempfile::tempdir().unwrap();
    let file = desk.path().join("lab.toml");
    fs::write(&file, lab).unwrap();
    finished(rotascope().args(["run", "--json", "--for", time, "--keep"]).args([keep, &file]).spawn().unwrap())
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The object at the end of a run's output, whose sum holds.
fn ledger(output: &Output) -> Value {
    let text = std::str::from_utf8(&output.stdout).unwrap();
    let last = text.lines().last().unwrap_or_else(|| panic!("nothing printed: {}", stderr(output)));
    let ledger: Value = serde_json::from_str(last).unwrap_or_else(|error| panic!("{error} in {last}"));
    let parts = ["present", "torn", "lost", "destroyed", "expired", "in_flight"].map(|name| term(&ledger, name));
    assert_eq!(term(&ledger, "written"), parts.iter().sum::<u64>(), "{ledger}");
    assert_eq!(term(&ledger, "in_flight"), 0, "{ledger}");
    ledger
}

fn term(ledger: &Value, name: &str) -> u64 {
    ledger[name].as_u64().unwrap_or_else(|| panic!("no term {name} in {ledger}"))
}

fn assert_refused(output: &Output, with: &str) {
    let error = stderr(output);
    assert_eq!(output.status.code(), Some(2), "{error}");
    assert!(error.lines().count() == 1 && error.contains(with), "{error}");
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0")))
}

/// Root may write and read anything: the test runs itself as `nobody`. True if it did, or had to be skipped.
fn done_as_nobody(test: &str) -> bool {
    if !is_root() {
        return false;
    }
    let dir = tempfile::tempdir().unwrap();
    fs::set_permissions(dir.path(), Permissions::from_mode(0o755)).unwrap();
    let copy = |from: &Path, name: &str| {
        let to = dir.path().join(name);
        fs::copy(from, &to).unwrap();
        to
    };
    let program = copy(&std::env::current_exe().unwrap(), "test");
    copy(Path::new(env!("CARGO_BIN_EXE_rotascope")), "rotascope");
    let ran = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args(["--exact", test, "--nocapture"])
        .current_dir("/tmp")
        .env_remove("TMPDIR")
        .output();
    match ran {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &stderr(&output);
            assert!(output.status.success() && text.contains(&format!("{test}: ran")), "{text}");
        }
        Err(error) => println!("skipped {test}: setpriv could not be run ({error})"),
    }
    true
}

/// The program where `nobody` can run it: beside the test's own copy.
fn program_beside() -> PathBuf {
    let beside = std::env::current_exe().unwrap().with_file_name("rotascope");
    if beside.is_file() { beside } else { env!("CARGO_BIN_EXE_rotascope").into() }
}

/// An engine on a lab in a folder of its own, running.
struct Desk {
    engine: Engine,
    folder: PathBuf,
    began: Instant,
    _temporary: tempfile::TempDir,
}

impl Desk {
    fn running(class: &str, rate: u32, more: &str) -> Desk {
        let temporary = tempfile::tempdir().unwrap();
        let lab = Lab::parse(&lab_text(class, None, 4, rate, more), "test").unwrap_or_else(|error| panic!("{error}"));
        let folder = lab::claim_folder(&temporary.path().join("lab")).unwrap();
        let path = folder.path().to_owned();
        let config = rotascope::engine::EngineConfig { program: program_beside(), ..config() };
        let engine = Engine::open(Session::Lab { lab: Box::new(lab), folder }, config).unwrap();
        engine.send(Order::Lab(LabOrder::Start));
        let desk = Desk { engine, folder: path, began: Instant::now(), _temporary: temporary };
        desk.wait("all workers write", |model| model.workers().iter().all(|worker| worker.written > 3));
        desk
    }

    fn wait(&self, what: &str, condition: impl Fn(&Model) -> bool) {
        wait(&self.engine, what, condition);
    }
}

// --- folders and disks --------------------------------------------------------------------------------------------

#[test]
fn a_lab_s_folder_that_cannot_be_made_is_named() {
    let desk = tempfile::tempdir().unwrap();
    let file = desk.path().join("file");
    fs::write(&file, "in the way").unwrap();
    let lab = lab_text("daily", None, 4, 50, "");
    assert_refused(&run(&lab, &file.join("lab"), "1s"), "file/lab: Not a directory");
    assert_refused(&run(&lab, Path::new("/proc/rotascope"), "1s"), "/proc/rotascope");
    // One that is only missing, with all above it, is made.
    let made = desk.path().join("a/b/c");
    let output = run(&lab, &made, "300ms");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(term(&ledger(&output), "present"), count(&[&made]).whole.len() as u64);
}

#[test]
fn a_folder_that_may_not_be_written() {
    const NAME: &str = "a_folder_that_may_not_be_written";
    if done_as_nobody(NAME) {
        return;
    }
    let desk = tempfile::tempdir().unwrap();
    let closed = desk.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o555)).unwrap();
    let error = lab::claim_folder(&closed.join("lab")).unwrap_err().to_string();
    assert!(error.contains("closed/lab: Permission denied"), "{error}");

    // The folder is closed while workers write to it: who must make a new file now can't, and says so.
    let desk = Desk::running("daily", 200, "");
    let logs = desk.folder.join("logs");
    let live = fs::read_dir(&logs).unwrap().next().unwrap().unwrap().path();
    fs::set_permissions(&logs, Permissions::from_mode(0o300)).unwrap();
    fs::remove_file(&live).unwrap();
    fs::set_permissions(&logs, Permissions::from_mode(0o500)).unwrap();
    desk.wait("a file again, or each worker's failure", |model| {
        live.exists() || model.workers().iter().all(|worker| worker.last_error.is_some())
    });
    if !live.exists() {
        let model = desk.engine.model();
        let said = |error: &String| error.contains("Permission denied");
        assert!(model.workers().iter().all(|worker| worker.last_error.as_ref().is_some_and(said)), "{}", told(&model));
    }
    fs::set_permissions(&logs, Permissions::from_mode(0o700)).unwrap();
    desk.wait("they go on", |model| {
        model.live().and_then(|id| model.incarnation(id)).is_some_and(|one| one.id.0 > 1 && one.lines > 50)
    });
    let report = stop_and_report(&desk.engine, desk.began).unwrap();
    assert!(report.total.sum_holds() && report.total.in_flight == 0, "{:?}", report.total);
    assert_eq!(report.total.present, count(&[&desk.folder]).whole.len() as u64, "{:?}", report.total);
    println!("{NAME}: ran");
}

/// A small file system of memory; gone with this.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(test: &str) -> Option<SmallDisk> {
        let dir = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(dir.path()).output();
        match mounted {
            Ok(output) if output.status.success() => Some(SmallDisk(dir)),
            Ok(output) => {
                println!("skipped {test}: no tmpfs can be mounted ({})", stderr(&output).trim());
                None
            }
            Err(error) => {
                println!("skipped {test}: mount could not be run ({error})");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still holds a file there must not keep the mount for ever.
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).output();
    }
}

#[test]
fn a_full_disk_refuses_lines_and_each_is_counted() {
    let Some(disk) = SmallDisk::new("a full disk") else { return };
    let folder = disk.0.path().join("lab");
    let steps = "[[steps]]\nat = \"500ms\"\ndo = \"fill_disk\"\nleave = \"64KiB\"\n";
    let output = run(&lab_text("daily", None, 4, 1000, steps), &folder, "2s");
    assert_eq!(output.status.code(), Some(1), "lines were lost: {}", stderr(&output));
    let ledger = ledger(&output);
    let there = count(&[&folder]);
    assert!(term(&ledger, "lost") > 500, "{ledger}");
    assert_eq!(term(&ledger, "present"), there.whole.len() as u64, "{ledger}");
    assert_eq!(term(&ledger, "destroyed") + term(&ledger, "duplicated"), 0, "{ledger}");
    let none_failed = ledger["events"]["operation_failed"].is_null();
    assert!(none_failed, "the step itself could be carried out: {ledger}");
    for worker in ledger["workers"].as_array().unwrap() {
        assert!(term(worker, "lost") > 0 && worker["exit"] == "exit 0", "{worker}");
        let reason = worker["last_error"].as_str().unwrap_or_default();
        assert!(term(worker, "errors") > 0 && reason.contains("No space left"), "{worker}");
    }
    // Whoever finds no room for the marker is told so.
    let error = stderr(&run(&lab_text("daily", None, 4, 100, ""), &disk.0.path().join("second"), "300ms"));
    assert!(error.is_empty() || error.contains("No space left"), "{error}");
}

/// What waits for room comes when there is some again; what could not wait any longer is lost, and said to be.
#[test]
fn verified_recovers_when_a_full_disk_has_room_again() {
    let Some(disk) = SmallDisk::new("verified on a full disk") else { return };
    let folder = disk.0.path().join("lab");
    let steps = "[[steps]]\nat = \"500ms\"\ndo = \"fill_disk\"\nleave = \"0\"\n\
                 [[steps]]\nat = \"3s\"\ndo = \"delete\"\nfile = \".rotascope-fill\"\n";
    let output = run(&lab_text("verified", None, 4, 500, steps), &folder, "4s");
    let ledger = ledger(&output);
    let there = count(&[&folder]);
    assert_eq!(term(&ledger, "present"), there.whole.len() as u64, "{ledger}");
    assert_eq!(term(&ledger, "destroyed"), 0, "{ledger}");
    let refused: u64 = ledger["workers"].as_array().unwrap().iter().map(|worker| term(worker, "errors")).sum();
    assert!(refused > 0, "more than a second without room: {ledger}");
    assert_eq!(term(&ledger, "lost") + term(&ledger, "torn"), refused, "nothing else is lost: {ledger}");
    for worker in ledger["workers"].as_array().unwrap() {
        let name = worker["name"].as_str().unwrap();
        let reason = worker["last_error"].as_str().unwrap_or_default();
        assert!(reason.contains("No space left") || reason.contains("bytes were written"), "{worker}");
        let last = there
            .whole
            .iter()
            .filter(|line| line.contains(&format!(".{name}.")))
            .filter_map(|line| line.rsplit('.').next()?.parse::<u64>().ok());
        let (last, written) = (last.max().unwrap(), term(worker, "written"));
        assert_eq!(last, written, "{name} writes to the end: {ledger}");
    }
}

#[test]
fn only_a_small_disk_is_filled() {
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path().join("lab");
    let steps = "[[steps]]\nat = \"100ms\"\ndo = \"fill_disk\"\nleave = \"64KiB\"\n";
    let ledger = ledger(&run(&lab_text("daily", None, 4, 100, steps), &folder, "500ms"));
    if ledger["events"]["operation_failed"].is_null() {
        println!("skipped: the folder for temporary files is on a small disk");
        return;
    }
    assert_eq!(term(&ledger, "lost"), 0, "{ledger}");
    assert!(!folder.join(".rotascope-fill").exists());
}

// --- names and input ----------------------------------------------------------------------------------------------

#[test]
fn a_name_that_is_not_utf8_is_followed_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let odd = dir.path().join(OsStr::from_bytes(b"caf\xe9-\xff.log"));
    fs::write(&odd, "one\ntwo\n").unwrap();
    for target in [dir.path(), &odd] {
        let engine = watch(&[target]);
        wait(&engine, "it is read", |model| lines(model) == 2);
        wait(&engine, "it is listed", |model| entry(model, &odd).is_some_and(|entry| entry.incarnation.is_some()));
        assert_eq!(text_of(&engine, IncarnationId(1)), b"one\ntwo\n");
        let to = dir.path().join(OsStr::from_bytes(b"\xfe moved"));
        let operation = FileOperation::Rename { to: to.clone() };
        engine.send(Order::File(FileOrder { operation, path: odd.clone(), file_id: None, by: Actor::Person }));
        wait(&engine, "it is renamed", |model| model.incarnations()[0].path.as_ref() == Some(&to));
        fs::rename(&to, &odd).unwrap();
    }
}

#[test]
fn a_lab_in_a_folder_that_is_not_utf8_gives_valid_json() {
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path().join(OsStr::from_bytes(b"caf\xe9"));
    let steps = "[[steps]]\nat = \"300ms\"\ndo = \"delete\"\nfile = \"live\"\n";
    let output = run(&lab_text("daily", None, 4, 200, steps), &folder, "2s");
    let ledger = ledger(&output);
    assert_eq!(term(&ledger, "present"), count(&[&folder]).whole.len() as u64, "{ledger}");
    assert!(term(&ledger, "destroyed") > 0, "{ledger}");
    assert_eq!(ledger["recoveries"].as_array().unwrap().len(), 4, "{ledger}");
}

#[test]
fn a_line_of_a_megabyte_is_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("long.log");
    let engine = watch(&[&path]);
    let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    let long = "x".repeat(1 << 20);
    // In pieces, as a writer without a buffer would; the line is there once it has ended.
    file.write_all(b"before\n").unwrap();
    for piece in long.as_bytes().chunks(100_000) {
        file.write_all(piece).unwrap();
    }
    wait(&engine, "it is known to be unended", |model| {
        model.incarnations().first().is_some_and(|one| one.lines == 1 && one.pending_bytes == 1 << 20)
    });
    file.write_all(b"\nafter\n").unwrap();
    wait(&engine, "it has ended", |model| lines(model) == 3);
    let model = engine.model();
    let one = &model.incarnations()[0];
    assert_eq!((one.longest_bytes, one.not_yet_read(), one.bytes.read), (1 << 20, 0, (1 << 20) + 14));
    let last = one.index.before(2);
    assert_eq!((last.line, last.offset), (2, (1 << 20) + 8), "the line behind it is found without reading it");
}

#[test]
fn workers_that_write_lines_of_a_megabyte_lose_none() {
    let message = format!("message = \"{}\"", "x".repeat(1 << 20));
    let desk = tempfile::tempdir().unwrap();
    let folder = desk.path().join("lab");
    let output = run(&lab_text("daily", None, 4, 5, &message), &folder, "1500ms");
    assert_eq!(output.status.code(), Some(0), "{}{}", String::from_utf8_lossy(&output.stdout), stderr(&output));
    let ledger = ledger(&output);
    assert!(term(&ledger, "written") > 4, "{ledger}");
    assert_eq!(term(&ledger, "present"), term(&ledger, "written"), "{ledger}");
}

/// Numbers that look random and are the same each time.
fn junk(bytes: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 24) as u8
    };
    std::iter::repeat_with(next).take(bytes).collect()
}

#[test]
fn binary_junk_is_read_where_it_is_asked_for_and_only_listed_in_a_folder() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("junk.log");
    let junk = junk(5 << 20);
    fs::write(&path, &junk).unwrap();
    let newlines = junk.iter().filter(|byte| **byte == b'\n').count() as u64;
    let engine = watch(&[&path]);
    wait(&engine, "it is read", |model| lines(model) == newlines);
    assert_eq!(text_of(&engine, IncarnationId(1)), junk);
    // It goes on, is emptied, and begins anew.
    OpenOptions::new().append(true).open(&path).unwrap().write_all(&junk).unwrap();
    let unended = junk.len() - 1 - junk.iter().rposition(|byte| *byte == b'\n').unwrap();
    wait(&engine, "more of it is read", |model| lines(model) == 2 * newlines);
    wait(&engine, "its last line is pending", |model| model.incarnations()[0].pending_bytes == unended as u64);
    let other = &junk[1 << 20..2 << 20];
    fs::write(&path, other).unwrap();
    let anew = other.iter().filter(|byte| **byte == b'\n').count() as u64;
    wait(&engine, "the next life is read", |model| {
        events(model, "truncated") > 0 && model.incarnations().last().is_some_and(|one| one.lines == anew)
    });
    for one in engine.model().incarnations() {
        assert_eq!(one.size, one.bytes.sum() + one.not_yet_read(), "{}", told(&engine.model()));
    }

    let engine = watch(&[dir.path()]);
    wait(&engine, "it is listed", |model| {
        entry(model, &path).is_some_and(|entry| entry.not_followed == Some(NotFollowed::Binary))
    });
    assert!(engine.model().incarnations().is_empty());
}

#[test]
fn a_log_without_read_permission() {
    const NAME: &str = "a_log_without_read_permission";
    if done_as_nobody(NAME) {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (open, closed) = (dir.path().join("open.log"), dir.path().join("closed.log"));
    fs::write(&open, "one\n").unwrap();
    fs::write(&closed, "two\nthree\n").unwrap();
    fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    for target in [dir.path(), &closed] {
        let engine = watch(&[target]);
        wait(&engine, "it is told", |model| events(model, "inaccessible") == 1);
        if target.is_dir() {
            let not_followed = |model: &Model| entry(model, &closed).and_then(|entry| entry.not_followed);
            wait(&engine, "it is listed", |model| not_followed(model) == Some(NotFollowed::Inaccessible));
            wait(&engine, "the others are read", |model| lines(model) == 1);
        }
        fs::set_permissions(&closed, Permissions::from_mode(0o600)).unwrap();
        let read = if target.is_dir() { 3 } else { 2 };
        wait(&engine, "it is read once it may be", |model| lines(model) == read && events(model, "accessible") == 1);
        assert_eq!(events(&engine.model(), "deleted"), 0);
        fs::set_permissions(&closed, Permissions::from_mode(0o000)).unwrap();
    }
    // A folder that may not be listed.
    fs::set_permissions(dir.path(), Permissions::from_mode(0o000)).unwrap();
    let engine = watch(&[dir.path()]);
    wait(&engine, "the folder is told", |model| events(model, "inaccessible") == 1);
    fs::set_permissions(dir.path(), Permissions::from_mode(0o700)).unwrap();
    wait(&engine, "its files are read", |model| lines(model) == 1);
    println!("{NAME}: ran");
}

// --- others -------------------------------------------------------------------------------------------------------

#[test]
fn a_worker_killed_from_outside_shows_the_signal_and_the_others_go_on() {
    let desk = Desk::running("daily", 200, "");
    let pid = desk.engine.model().workers()[1].pid.unwrap();
    signal_process(pid, ProcessSignal::Number(9)).unwrap();
    desk.wait("its death is seen", |model| {
        model.workers()[1].state == WorkerState::Exited { exit: Exit::Signal(9), asked: false }
    });
    let then: Vec<u64> = desk.engine.model().workers().iter().map(|worker| worker.written).collect();
    desk.wait("the others go on", |model| {
        model.workers().iter().zip(&then).all(|(worker, then)| worker.id.0 == 1 || worker.written > then + 20)
    });
    let report = stop_and_report(&desk.engine, desk.began).unwrap();
    let exits: Vec<Option<&str>> = report.workers.iter().map(|worker| worker.exit.as_deref()).collect();
    assert_eq!(exits, [Some("exit 0"), Some("SIGKILL"), Some("exit 0"), Some("exit 0")]);
    assert!(report.total.sum_holds() && report.total.in_flight == 0, "{:?}", report.total);
    assert_eq!(report.total.present, count(&[&desk.folder]).whole.len() as u64, "{:?}", report.total);
    assert!(report.total.lost + report.total.torn <= 1, "at most the line in the making: {:?}", report.total);
}

#[test]
fn two_engines_follow_one_folder_and_see_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.log");
    fs::write(&path, "one\n").unwrap();
    let engines = [watch(&[dir.path()]), watch(&[dir.path()])];
    for engine in &engines {
        wait(engine, "it is read", |model| lines(model) == 1);
    }
    // What one does, the other sees as somebody else's doing.
    let order = FileOrder { operation: FileOperation::Delete, path: path.clone(), file_id: None, by: Actor::Person };
    engines[0].send(Order::File(order));
    for engine in &engines {
        wait(engine, "the delete is seen", |model| events(model, "deleted") == 1);
    }
    fs::write(&path, "two\nthree\n").unwrap();
    for engine in &engines {
        wait(engine, "the next file is read", |model| lines(model) == 3 && model.incarnations().len() == 2);
    }
    assert!(engines[0].model().incarnations()[0].is_unlinked() && engines[1].model().incarnations()[0].is_unlinked());
}

#[test]
fn two_labs_of_one_name_get_a_folder_each() {
    let dir = tempfile::tempdir().unwrap();
    let wanted = dir.path().join("demo");
    let first = lab::claim_free_folder(&wanted).unwrap();
    let second = lab::claim_free_folder(&wanted).unwrap();
    assert!(first.path().ends_with("demo") && second.path().ends_with("demo-2"), "{first:?} {second:?}");
    // Across processes too.
    let output = run(&lab_text("daily", None, 4, 50, ""), &wanted, "300ms");
    assert_refused(&output, "is in use by another Rotascope");
    drop(first);
    assert!(lab::claim_free_folder(&wanted).unwrap().path().ends_with("demo"));
}

#[test]
fn a_folder_that_vanishes_under_a_watch_and_comes_back() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("not/yet/there");
    let engine = watch(&[&logs]);
    fs::create_dir_all(&logs).unwrap();
    fs::write(logs.join("a.log"), "one\n").unwrap();
    wait(&engine, "it has come", |model| lines(model) == 1);
    fs::remove_dir_all(dir.path().join("not")).unwrap();
    wait(&engine, "it has gone", |model| events(model, "deleted") == 1);
    fs::create_dir_all(&logs).unwrap();
    fs::write(logs.join("a.log"), "two\nthree\n").unwrap();
    wait(&engine, "it is back", |model| lines(model) == 3);
    wait_for("the listing is right", || engine.model().entries().len() == 1);
}

#[cfg(feature = "gui")]
#[test]
fn without_a_display_one_line_says_what_can_be_done() {
    for arguments in [&[][..], &["/var/log"]] {
        let mut command = rotascope();
        for name in ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"] {
            command.env_remove(name);
        }
        let output = finished(command.args(arguments).spawn().unwrap());
        assert_refused(&output, "neither DISPLAY nor WAYLAND_DISPLAY is set");
        let error = stderr(&output);
        assert!(error.contains("rotascope shot") && error.contains("rotascope run"), "{error}");
    }
}
