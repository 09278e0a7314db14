//! Sessions through the engine: orders in, the model out.
#![allow(clippy::unwrap_used)]

mod lab_text;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use lab_text::lab_text;
use rotascope::command::{ClockOrder, Command, FileOperation, FileOrder, LabOrder, RestoreOrder, WorkerOrder};
use rotascope::engine::{Engine, EngineConfig, Session};
use rotascope::event::{Actor, LabState, WorkerId};
use rotascope::lab::{self, Lab};
use rotascope::model::{MarkKind, Model, Reach, Row, WorkerState};

const DEADLINE: Duration = Duration::from_secs(20);

struct Desk {
    engine: Engine,
    folder: PathBuf,
    _temporary: tempfile::TempDir,
}

fn config() -> EngineConfig {
    EngineConfig { program: env!("CARGO_BIN_EXE_rotascope").into(), waker: Box::new(|| {}) }
}

/// Two workers of a class, on a simulated clock at noon.
fn desk(class: &str, steps: &str) -> Desk {
    let text = lab_text(class, Some("2026-05-09T12:00:00+08:00"), 2, 200, steps);
    let temporary = tempfile::tempdir().unwrap();
    let folder = lab::claim_folder(&temporary.path().join("lab")).unwrap();
    let path = folder.path().to_owned();
    let lab = Lab::parse(&text, "test").unwrap_or_else(|error| panic!("{error}"));
    let engine = Engine::open(Session::Lab { lab: Box::new(lab), folder }, config()).unwrap();
    Desk { engine, folder: path, _temporary: temporary }
}

impl Desk {
    fn lab(&self, order: LabOrder) {
        self.engine.send(Command::Lab(order));
    }

    fn running(class: &str) -> Desk {
        let desk = desk(class, "");
        desk.lab(LabOrder::Start);
        desk.wait("both workers write", |model| model.workers().iter().all(|worker| worker.written > 20));
        desk.wait("lines are read", |model| model.live().is_some() && model.ledger().total().present > 20);
        desk
    }

    fn pause(&self) {
        self.lab(LabOrder::Pause);
        self.wait("all lines are decided", |model| {
            let still = model.workers().iter().all(|worker| worker.state != WorkerState::Running);
            model.lab_state() == LabState::Paused && still && model.ledger().total().in_flight == 0
        });
    }

    fn wait(&self, what: &str, condition: impl Fn(&Model) -> bool) {
        wait(&self.engine, what, condition);
    }

    fn live_order(&self, operation: FileOperation) -> FileOrder {
        let order = std::cell::Cell::new(None);
        // Between two lives there is none for a moment.
        self.wait("there is a live file", |model| {
            let live = model.live().and_then(|live| model.incarnation(live));
            order.set(live.and_then(|live| Some((live.path.clone()?, live.file_id))));
            live.is_some_and(|live| live.path.is_some())
        });
        let (path, file_id) = order.into_inner().unwrap();
        FileOrder { operation, path, file_id: Some(file_id), by: Actor::Person }
    }

    fn operate(&self, operation: FileOperation) {
        let order = self.live_order(operation);
        self.engine.send(Command::File(order));
    }
}

fn wait(engine: &Engine, what: &str, condition: impl Fn(&Model) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition(&engine.model()) {
        if Instant::now() > deadline {
            let model = engine.model();
            panic!(
                "waited in vain until {what}: {:?}, {:?}, workers {:?}, files {:?}, notices {:?}, marks {:?}",
                model.lab_state(),
                model.ledger().total(),
                model
                    .workers()
                    .iter()
                    .map(|worker| (worker.state, worker.written, &worker.last_error))
                    .collect::<Vec<_>>(),
                model.incarnations().iter().map(|one| (one.id, &one.path, one.reach, one.lines)).collect::<Vec<_>>(),
                model.notices(),
                model.timeline().marks.iter().map(|mark| &mark.kind).collect::<Vec<_>>(),
            );
        }
        poll_interval();
    }
}

/// Between two looks at a condition, never instead of one.
fn poll_interval() {
    std::thread::sleep(Duration::from_millis(5)); // poll
}

#[test]
fn what_a_plain_worker_writes_after_a_delete_is_lost_and_what_stood_before_is_destroyed() {
    let desk = Desk::running("plain");
    desk.pause();
    let before = desk.engine.model().ledger().total();
    assert_eq!((before.present, before.lost), (before.written, 0));
    desk.operate(FileOperation::Delete);
    desk.wait("the delete is seen", |model| model.ledger().total().destroyed == before.written);
    desk.lab(LabOrder::Resume);
    desk.wait("lines go nowhere", |model| model.ledger().total().lost > 50);
    desk.pause();
    let after = desk.engine.model().ledger().total();
    assert_eq!(after.destroyed, before.written, "to the line: {after:?}");
    assert_eq!(after.lost, after.written - before.written, "to the line: {after:?}");
    assert!(!after.bound, "the size was taken in the act");
}

/// Lines of an incarnation that end at or below an offset, and those that end beyond it, counted in its text.
fn count_around(desk: &Desk, number: usize, cut: u64) -> (u64, u64) {
    let (id, size) = {
        let model = desk.engine.model();
        (model.incarnations()[number].id, model.incarnations()[number].size)
    };
    let mut text = vec![0; usize::try_from(size).unwrap()];
    let mut filled = 0;
    while filled < text.len() {
        let read = desk.engine.texts().read_at(id, filled as u64, &mut text[filled..]).unwrap();
        assert_ne!(read, 0, "the text of an unlinked file stays readable");
        filled += read;
    }
    let ends = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at as u64 + 1);
    let (before, after): (Vec<u64>, Vec<u64>) = ends.partition(|end| *end <= cut);
    (before.len() as u64, after.len() as u64)
}

#[test]
fn a_delete_under_full_speed_is_split_at_the_very_byte() {
    let desk = Desk::running("plain");
    desk.engine.send(Command::Worker(WorkerId(0), WorkerOrder::Rate(0.0)));
    desk.wait("thousands of lines are there", |model| model.ledger().total().present > 5000);
    desk.operate(FileOperation::Delete);
    desk.wait("thousands more are lost", |model| model.ledger().total().lost > 5000);
    desk.lab(LabOrder::Stop);
    desk.wait("the run is over", |model| model.lab_state() == LabState::Ready);
    let Reach::Unlinked { cut } = desk.engine.model().incarnations()[0].reach else { panic!("not unlinked") };
    assert!(cut.exact);
    let total = desk.engine.model().ledger().total();
    assert_eq!((total.destroyed, total.lost), count_around(&desk, 0, cut.offset), "{total:?}");
    assert_eq!(total.written, total.destroyed + total.lost);
}

#[test]
fn a_watching_worker_recovers_and_the_fault_tells_when() {
    for class in ["watched", "daily"] {
        let desk = Desk::running(class);
        desk.operate(FileOperation::Delete);
        desk.wait("both workers answer", |model| {
            model.timeline().faults.first().is_some_and(|fault| {
                fault.recoveries.len() == 2 && fault.recoveries.iter().all(|recovery| recovery.gap_ms.is_some())
            })
        });
        desk.wait("they go on in the new file", |model| {
            let live = model.live().and_then(|live| model.incarnation(live));
            live.is_some_and(|live| live.id.0 == 2 && live.lines > 20)
        });
        let model = desk.engine.model();
        assert!(model.workers().iter().all(|worker| worker.reopens == 1));
        assert!(matches!(model.incarnations()[0].reach, Reach::Unlinked { .. }));
        assert!(model.all_reopened());
    }
}

#[test]
fn the_old_lines_stay_readable_after_the_delete() {
    let desk = Desk::running("plain");
    desk.pause();
    desk.operate(FileOperation::Delete);
    desk.wait("the file has no name", |model| model.incarnations()[0].is_unlinked());
    let mut start = [0u8; 5];
    let id = desk.engine.model().incarnations()[0].id;
    assert_eq!(desk.engine.texts().read_at(id, 0, &mut start).unwrap(), 5);
    assert_eq!(&start, b"INFO ");
    let model = desk.engine.model();
    assert!(matches!(model.rows().get(0), Some(Row::Line { .. } | Row::Divider(_))));
}

#[test]
fn a_deleted_file_written_back_makes_all_its_lines_present() {
    let desk = Desk::running("plain");
    desk.pause();
    desk.operate(FileOperation::Delete);
    desk.wait("the file has no name", |model| model.incarnations()[0].is_unlinked());
    desk.lab(LabOrder::Resume);
    desk.wait("lines go nowhere", |model| model.ledger().total().lost > 50);
    desk.pause();
    let before = desk.engine.model().ledger().total();
    assert_eq!(before.present, 0, "{before:?}");
    let order = {
        let model = desk.engine.model();
        let one = &model.incarnations()[0];
        let path = one.last_name().unwrap().to_owned();
        let to = path.with_extension("restored");
        RestoreOrder { file_id: one.file_id, incarnation: Some(one.id), holder: None, path, to }
    };
    desk.engine.send(Command::Restore(order.clone()));
    desk.wait("every line is there again", |model| {
        let total = model.ledger().total();
        (total.present, total.lost, total.destroyed) == (total.written, 0, 0)
    });
    desk.wait("it is told", |model| {
        model
            .timeline()
            .marks
            .iter()
            .any(|mark| matches!(&mark.kind, MarkKind::WrittenBack { to, .. } if *to == order.to))
    });
    desk.engine.send(Command::Restore(order));
    desk.wait("no file is overwritten", |model| {
        model
            .timeline()
            .marks
            .iter()
            .any(|mark| matches!(&mark.kind, MarkKind::OperationFailed { operation, .. } if operation == "restore"))
    });
}

/// `cat` that writes to a file in this folder.
#[cfg(target_os = "linux")]
fn program_on(path: &Path) -> std::process::Child {
    let file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
    std::process::Command::new("cat").stdin(std::process::Stdio::piped()).stdout(file).spawn().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn who_writes_is_told_also_of_files_that_were_deleted_before_anybody_looked() {
    let folder = tempfile::tempdir().unwrap();
    let (old, live) = (folder.path().join("old.log"), folder.path().join("live.log"));
    let mut programs = [program_on(&old), program_on(&live)];
    let pids = programs.each_ref().map(std::process::Child::id);
    std::io::Write::write_all(programs[0].stdin.as_mut().unwrap(), b"old line\n").unwrap();
    let end = Instant::now() + DEADLINE;
    while std::fs::metadata(&old).unwrap().len() == 0 {
        assert!(Instant::now() < end, "the program does not write");
        poll_interval();
    }
    std::fs::remove_file(&old).unwrap();
    let engine = Engine::open(Session::Watch { paths: vec![folder.path().to_owned()] }, config()).unwrap();
    wait(&engine, "the deleted file is listed", |model| {
        let files = model.deleted_open();
        files.len() == 1 && files[0].size == 9 && files[0].holders[0].holding.pid == pids[0]
    });
    wait(&engine, "the live one's writer is known", |model| {
        let holders = model.live().map(|live| model.holders_of(live)).unwrap_or_default();
        holders.len() == 1 && holders[0].holding.pid == pids[1] && holders[0].holding.name == "cat"
    });
    let order = {
        let model = engine.model();
        let file = &model.deleted_open()[0];
        let holder = &file.holders[0].holding;
        let path = file.path.to_owned();
        let holder = Some((holder.pid, holder.descriptor));
        RestoreOrder { file_id: file.file_id, incarnation: None, holder, path, to: folder.path().join("back.log") }
    };
    engine.send(Command::Restore(order));
    wait(&engine, "the copy is followed", |model| {
        model
            .incarnations()
            .iter()
            .any(|one| one.lines == 1 && one.path.as_ref().is_some_and(|path| path.ends_with("back.log")))
    });
    for program in &mut programs {
        program.kill().unwrap();
        program.wait().unwrap();
    }
    wait(&engine, "nobody holds them any more", |model| model.holders().is_empty());
}

#[test]
fn rename_truncate_replace_and_folder_removal_each_leave_the_workers_writing() {
    let desk = Desk::running("daily");
    let to = desk.folder.join("logs/moved.log");
    desk.operate(FileOperation::Rename { to: to.clone() });
    desk.wait("renamed, and a new live file", |model| {
        model.incarnations()[0].path.as_deref() == Some(to.as_path())
            && model.live().is_some_and(|live| live != model.incarnations()[0].id)
    });
    desk.wait("all have moved on", Model::all_reopened);

    desk.operate(FileOperation::Truncate { to_bytes: 0 });
    desk.wait("truncated", |model| model.events().get("truncated") == Some(&1));
    desk.operate(FileOperation::Replace);
    desk.wait("replaced", |model| model.events().get("replaced") == Some(&1));
    desk.wait("all have moved on again", Model::all_reopened);

    let order = FileOrder {
        operation: FileOperation::RemoveFolder,
        path: desk.folder.join("logs"),
        file_id: None,
        by: Actor::Person,
    };
    desk.engine.send(Command::File(order));
    desk.wait("the folder is gone", |model| model.incarnations()[0].is_unlinked());
    desk.lab(LabOrder::Stop);
    desk.wait("everything is decided", |model| model.lab_state() == LabState::Ready);
    let total = desk.engine.model().ledger().total();
    assert_eq!(total.in_flight, 0);
    assert!(total.destroyed > 0, "{total:?}");
}

#[test]
fn an_order_for_a_file_that_is_no_longer_there_is_refused() {
    let desk = Desk::running("daily");
    let stale = desk.live_order(FileOperation::Delete);
    desk.operate(FileOperation::Replace);
    desk.wait("replaced", |model| model.events().get("replaced") == Some(&1));
    desk.engine.send(Command::File(stale));
    desk.wait("the refusal is told", |model| {
        let refused = |mark: &rotascope::model::Mark| matches!(mark.kind, MarkKind::OperationFailed { .. });
        model.timeline().marks.iter().any(refused)
    });
    assert_eq!(desk.engine.model().events().get("deleted"), None);
}

#[test]
fn midnight_brings_the_next_days_file() {
    let desk = Desk::running("daily");
    desk.engine.send(Command::Clock(ClockOrder::BeforeMidnight(1)));
    desk.wait("the next day's file is live", |model| {
        let live = model.live().and_then(|live| model.incarnation(live)).and_then(|live| live.path.clone());
        live.is_some_and(|path| path.ends_with("2026-05-10.log"))
    });
    desk.wait("both have rolled over", |model| model.workers().iter().all(|worker| worker.rollovers == 1));
    desk.pause();
    let total = desk.engine.model().ledger().total();
    assert_eq!(total.present, total.written, "nothing is lost at midnight: {total:?}");
}

#[test]
fn a_killed_worker_shows_its_signal_and_can_be_started_anew() {
    let desk = Desk::running("daily");
    let first = desk.engine.model().workers()[0].pid;
    desk.engine.send(Command::Worker(WorkerId(0), WorkerOrder::Kill(9)));
    desk.wait("the death is seen", |model| {
        let killed = rotascope::event::Exit::Signal(9);
        matches!(model.workers()[0].state, WorkerState::Exited { exit, .. } if exit == killed)
    });
    desk.engine.send(Command::Worker(WorkerId(0), WorkerOrder::Restart));
    desk.wait("it writes again", |model| {
        model.workers()[0].state == WorkerState::Running && model.workers()[0].pid != first
    });
    desk.pause();
    let total = desk.engine.model().ledger().total();
    assert!(total.written - total.present <= 1, "at most the line in the making: {total:?}");
}

#[test]
fn a_frozen_worker_is_shown_as_stopped() {
    let desk = Desk::running("daily");
    desk.engine.send(Command::Worker(WorkerId(1), WorkerOrder::Freeze));
    desk.wait("it stands", |model| model.workers()[1].state == WorkerState::Stopped);
    desk.engine.send(Command::Worker(WorkerId(1), WorkerOrder::Thaw));
    desk.wait("it goes on", |model| model.workers()[1].state == WorkerState::Running);
}

#[test]
fn reset_empties_the_folder_and_the_model_and_can_be_started_again() {
    let desk = Desk::running("daily");
    desk.lab(LabOrder::Reset);
    desk.wait("everything is forgotten", |model| {
        model.lab_state() == LabState::Ready && model.incarnations().is_empty() && model.rows().is_empty()
    });
    assert!(!desk.folder.join("logs/2026-05-09.log").exists());
    desk.lab(LabOrder::Start);
    desk.wait("it runs again", |model| model.ledger().total().present > 20);
    assert_eq!(desk.engine.model().live().map(|live| live.0), Some(1));
}

#[test]
fn steps_come_in_their_turn_and_wait_for_recovery() {
    let steps = r#"
[[steps]]
at = "500ms"
do = "delete"
file = "live"
[[steps]]
after = "all workers reopened"
do = "say"
text = "Every worker has found the new file."
[[steps]]
after = "all workers reopened"
do = "expect"
that = "events.deleted == 1 and reopened_workers == 2"
"#;
    let desk = desk("daily", steps);
    desk.lab(LabOrder::Start);
    let deadline = Instant::now() + DEADLINE;
    while !desk.engine.steps_are_over() && Instant::now() < deadline {
        poll_interval();
    }
    desk.lab(LabOrder::Stop);
    desk.wait("the run is over", |model| model.lab_state() == LabState::Ready);
    let model = desk.engine.model();
    let kinds: Vec<_> = model.timeline().marks.iter().map(|mark| &mark.kind).collect();
    let at = |wanted: &dyn Fn(&MarkKind) -> bool| {
        kinds.iter().position(|kind| wanted(kind)).unwrap_or_else(|| panic!("{kinds:?}"))
    };
    let deleted = at(&|kind| matches!(kind, MarkKind::Deleted { by: Actor::Step(0) }));
    let said = at(&|kind| matches!(kind, MarkKind::Said { .. }));
    let judged = at(&|kind| matches!(kind, MarkKind::Expected { held: true, .. }));
    assert!(deleted < said && said < judged, "{kinds:?}");
}

#[test]
fn an_engine_that_goes_takes_its_workers_along() {
    let desk = Desk::running("daily");
    let pids: Vec<u32> = desk.engine.model().workers().iter().filter_map(|worker| worker.pid).collect();
    assert_eq!(pids.len(), 2);
    drop(desk);
    for pid in pids {
        assert!(!Path::new(&format!("/proc/{pid}")).exists(), "worker {pid} outlived its engine");
    }
}

#[test]
fn a_path_that_does_not_exist_yet_is_followed_when_it_appears() {
    let temporary = tempfile::tempdir().unwrap();
    let path = temporary.path().join("later.log");
    let engine = Engine::open(Session::Watch { paths: vec![path.clone()] }, config()).unwrap();
    wait(&engine, "the session is open", |model| model.session().is_some());
    std::fs::write(&path, "ERROR one\ntwo\n").unwrap();
    wait(&engine, "its lines are there", |model| model.incarnations().first().is_some_and(|one| one.lines == 2));
    assert!(engine.model().workers().is_empty());
}

#[test]
fn workers_that_cannot_write_say_why_and_nothing_hangs() {
    let desk = desk("plain", "");
    std::fs::write(desk.folder.join("logs"), "no folder").unwrap();
    desk.lab(LabOrder::Start);
    desk.wait("each failure is told", |model| {
        model.workers().iter().all(|worker| worker.last_error.as_deref().is_some_and(|error| error.contains("a1.log")))
    });
    desk.lab(LabOrder::Stop);
    desk.wait("the run ends", |model| model.lab_state() == LabState::Ready);
    let total = desk.engine.model().ledger().total();
    assert_eq!(total.lost, total.written, "{total:?}");
}
