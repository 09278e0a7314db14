//! Steps that are repeated: each does what it says, again and again, in a run of real workers.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod lab_text;
mod watch_common;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use lab_text::lab_text;
use rotascope::command::{Command as Order, LabOrder};
use rotascope::engine::{Engine, Report, Session, stop_and_report};
use rotascope::event::Exit;
use rotascope::lab::{self, Lab};
use rotascope::model::{MarkKind, Model, WorkerState};
use watch_common::{config, told, wait};

struct Desk {
    engine: Engine,
    folder: PathBuf,
    began: Instant,
    _temporary: tempfile::TempDir,
}

/// Three workers with a clock that can be set, running; each step is an action with its keys, at and again after so many
/// milliseconds.
fn desk(class: &str, steps: &[(&str, u32, u32)]) -> Desk {
    let temporary = tempfile::tempdir().unwrap();
    desk_in(temporary, class, steps)
}

fn desk_in(temporary: tempfile::TempDir, class: &str, steps: &[(&str, u32, u32)]) -> Desk {
    let steps: String = steps
        .iter()
        .map(|(action, at, every)| format!("[[steps]]\nat = \"{at}ms\"\nevery = \"{every}ms\"\n{action}\n"))
        .collect();
    let text = lab_text(class, Some("2026-05-09T12:00:00+08:00"), 3, 200, &steps);
    let lab = Lab::parse(&text, "test").unwrap_or_else(|error| panic!("{error}"));
    let folder = lab::claim_folder(&temporary.path().join("lab")).unwrap();
    let path = folder.path().to_owned();
    let engine = Engine::open(Session::Lab { lab: Box::new(lab), folder }, config()).unwrap();
    engine.send(Order::Lab(LabOrder::Start));
    Desk { engine, folder: path, began: Instant::now(), _temporary: temporary }
}

impl Desk {
    fn wait(&self, what: &str, condition: impl Fn(&Model) -> bool) {
        wait(&self.engine, what, condition);
    }

    fn end(&self) -> Report {
        let report = stop_and_report(&self.engine, self.began).unwrap();
        assert!(report.total.sum_holds() && report.total.in_flight == 0, "{:?}", report.total);
        report
    }
}

fn marks(model: &Model, of: impl Fn(&MarkKind) -> bool) -> usize {
    model.timeline().marks.iter().filter(|mark| of(&mark.kind)).count()
}

fn none_refused(model: &Model) {
    assert_eq!(marks(model, |kind| matches!(kind, MarkKind::OperationFailed { .. })), 0, "{}", told(model));
}

/// On a busy machine a step may come right behind the one that deleted its file.
fn refused_only_for_files_that_are_gone(model: &Model) {
    let gone = |reason: &str| reason.contains("No such file") || reason.contains("another file stands there");
    let others = marks(model, |kind| matches!(kind, MarkKind::OperationFailed { reason, .. } if !gone(reason)));
    assert_eq!(others, 0, "{}", told(model));
}

#[test]
fn a_worker_is_stopped_and_goes_on_again_and_again() {
    let desk = desk(
        "verified",
        &[("do = \"stop\"\nworker = \"web-1\"", 300, 400), ("do = \"continue\"\nworker = \"web-1\"", 500, 400)],
    );
    let times = |model: &Model, stops: bool| {
        marks(
            model,
            |kind| matches!(kind, MarkKind::WorkerStopped { worker, stopped } if worker.0 == 0 && *stopped == stops),
        )
    };
    desk.wait("it has been stopped and gone on three times", |model| times(model, true) > 2 && times(model, false) > 2);
    none_refused(&desk.engine.model());
    let report = desk.end();
    assert_eq!(report.total.present, report.total.written, "{:?}", report.total);
}

#[test]
fn a_clock_is_set_and_a_worker_killed_again_and_again() {
    let steps = [
        ("do = \"clock\"\njump = \"-1h\"", 300, 300),
        ("do = \"kill\"\nworker = \"web-2\"\nsignal = \"TERM\"", 500, 200),
    ];
    let desk = desk("verified", &steps);
    desk.wait("the clock was set three times, and the worker is gone", |model| {
        let gone = matches!(model.workers()[1].state, WorkerState::Exited { .. });
        gone && model.events().get("clock_set").is_some_and(|times| *times > 2)
    });
    let written = desk.engine.model().workers()[1].written;
    desk.wait("the others write on", |model| model.workers()[0].written > written + 200);
    none_refused(&desk.engine.model());
    let model = desk.engine.model();
    let Exit::Signal(15) = exit(&model, 1) else { panic!("{}", told(&model)) };
    assert_eq!(model.workers()[1].written, written, "the step kills it, and does not start it");
    drop(model);
    desk.end();
}

fn exit(model: &Model, worker: usize) -> Exit {
    let WorkerState::Exited { exit, .. } = model.workers()[worker].state else { panic!("{}", told(model)) };
    exit
}

#[test]
fn permissions_are_set_again_and_again() {
    let mode = |mode: &str| format!("do = \"chmod\"\nfile = \"live\"\nmode = \"{mode}\"");
    let (closed, open) = (mode("000"), mode("640"));
    let delete = "do = \"delete\"\nfile = \"live\"";
    let desk = desk("verified", &[(closed.as_str(), 300, 800), (delete, 600, 800)]);
    desk.wait("three files were closed and deleted", |model| {
        model.events().get("deleted").is_some_and(|times| *times > 2)
    });
    refused_only_for_files_that_are_gone(&desk.engine.model());
    let report = desk.end();
    assert_eq!(report.total.lost, 0, "who holds a file open may write to it: {:?}", report.total);

    let desk = desk_in(tempfile::tempdir().unwrap(), "daily", &[(open.as_str(), 300, 200)]);
    let live = |model: &Model| model.live().and_then(|live| model.incarnation(live)?.path.clone());
    let mode_of = |path: PathBuf| fs::metadata(path).is_ok_and(|found| found.permissions().mode() & 0o777 == 0o640);
    for _ in 0..2 {
        desk.wait("its permissions are set", |model| live(model).is_some_and(mode_of));
        let path = live(&desk.engine.model()).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }
    desk.end();
}

/// Who is not root may not look into a folder that was closed to it: each line is refused until it is open again.
#[test]
fn a_closed_folder_refuses_who_is_not_root() {
    let folder = tempfile::tempdir().unwrap();
    let place = |from: &Path, name: &str, mode: u32| {
        let to = folder.path().join(name);
        fs::copy(from, &to).unwrap();
        fs::set_permissions(&to, fs::Permissions::from_mode(mode)).unwrap();
        to
    };
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let program = place(Path::new(env!("CARGO_BIN_EXE_rotascope")), "rotascope", 0o755);
    let chmod = "do = \"chmod\"\nfile = \"logs\"\nmode";
    let steps = format!(
        "[[steps]]\nat = \"400ms\"\nevery = \"100ms\"\nuntil = \"2200ms\"\n{chmod} = \"000\"\n\
         [[steps]]\nat = \"2600ms\"\n{chmod} = \"700\"\n"
    );
    let lab = folder.path().join("lab.toml");
    fs::write(&lab, lab_text("watched", None, 2, 200, &steps)).unwrap();
    let mut run = if is_root() {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(&program);
        command
    } else {
        Command::new(&program)
    };
    let output = run
        .args(["run", "--json", "--for", "3500ms", "--keep"])
        .args([&folder.path().join("kept"), &lab])
        .current_dir("/tmp")
        .env_remove("TMPDIR")
        .output();
    let output = match output {
        Ok(output) => output,
        Err(error) => {
            println!("skipped: setpriv could not be run ({error})");
            return;
        }
    };
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let ledger: serde_json::Value = serde_json::from_str(last).unwrap();
    let reason = |worker: &serde_json::Value| worker["last_error"].as_str().unwrap_or_default().to_owned();
    let refused =
        ledger["workers"].as_array().unwrap().iter().filter(|worker| reason(worker).contains("Permission denied"));
    assert_eq!(refused.count(), 2, "{ledger}");
    let mode = fs::metadata(folder.path().join("kept/logs")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700, "the last step has opened it again");
    let terms = ["present", "torn", "lost", "destroyed", "expired", "in_flight"];
    let sum: u64 = terms.iter().map(|name| ledger[name].as_u64().unwrap()).sum();
    assert_eq!(ledger["written"].as_u64().unwrap(), sum, "{ledger}");
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0")))
}

#[test]
fn a_small_disk_is_filled_again_and_again() {
    let temporary = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(temporary.path()).output();
    if !mounted.as_ref().is_ok_and(|output| output.status.success()) {
        println!("skipped: no tmpfs can be mounted: {mounted:?}");
        return;
    }
    let disk = Unmounts(temporary.path().to_owned());
    let steps =
        [("do = \"fill_disk\"\nleave = \"0\"", 300, 300), ("do = \"delete\"\nfile = \".rotascope-fill\"", 450, 300)];
    let desk = desk_in(temporary, "daily", &steps);
    let errors = |model: &Model| model.workers().iter().map(|worker| worker.errors).sum::<u64>();
    desk.wait("lines are refused", |model| errors(model) > 0);
    for _ in 0..2 {
        let (before, present) = (errors(&desk.engine.model()), desk.engine.model().ledger().total().present);
        desk.wait("there is room again", |model| model.ledger().total().present > present + 20);
        // The log has room in its last page, so not every line of a full disk is refused.
        desk.wait("it is full again", |model| errors(model) > before);
    }
    let report = desk.end();
    assert_eq!(report.total.lost + report.total.torn, errors(&desk.engine.model()), "{:?}", report.total);
    assert!(desk.folder.exists());
    drop((disk, desk));
}

struct Unmounts(PathBuf);

impl Drop for Unmounts {
    fn drop(&mut self) {
        // Lazily: whoever still holds a file there must not keep the mount for ever.
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}
