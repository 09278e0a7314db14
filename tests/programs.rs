//! Programs of the user's own as workers: Python ones, with each of the handlers that are compared here.
//!
//! Without python3 nothing of this can run; the tests say so then.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use rotascope::command::{Command, FileOperation, FileOrder, LabOrder, WorkerOrder};
use rotascope::engine::{Engine, EngineConfig, Session};
use rotascope::event::{Actor, LabState, WorkerId};
use rotascope::lab::{self, Lab};
use rotascope::model::{FaultKind, Model, WorkerState};

const DEADLINE: Duration = Duration::from_secs(30);
const PROGRAM: &str = include_str!("data/numbered.py");
const ONE: WorkerId = WorkerId(0);

/// The whole of a lab with a program.
fn lab_text(words: &str, more: &str) -> String {
    format!(
        r#"version = 1
[[workers]]
name = "django"
command = ["python3", "app.py", {words}]
sequence = 'worker=(?P<writer>\S+) seq=(?P<seq>\d+)'
{more}
"#
    )
}

/// Whether the tests can run; says so if not.
fn has_python() -> bool {
    let found = Process::new("python3").arg("--version").output().is_ok();
    if !found {
        println!("not run: there is no python3 here");
    }
    found
}

/// A lab file and its program beside each other.
fn lab_file(folder: &Path, text: &str) -> PathBuf {
    fs::write(folder.join("app.py"), PROGRAM).unwrap();
    let file = folder.join("lab.toml");
    fs::write(&file, text).unwrap();
    file
}

struct Desk {
    engine: Engine,
    folder: PathBuf,
    _temporary: tempfile::TempDir,
}

impl Desk {
    fn of(text: &str) -> Desk {
        let temporary = tempfile::tempdir().unwrap();
        let lab = Lab::read(&lab_file(temporary.path(), text)).unwrap_or_else(|error| panic!("{error}"));
        let owned = lab::claim_folder(&temporary.path().join("lab")).unwrap();
        let folder = owned.path().to_owned();
        let config = EngineConfig { program: env!("CARGO_BIN_EXE_rotascope").into(), waker: Box::new(|| {}) };
        let engine = Engine::open(Session::Lab { lab: Box::new(lab), folder: owned }, config).unwrap();
        Desk { engine, folder, _temporary: temporary }
    }

    /// A program that writes, and whose lines are read.
    fn running(words: &str) -> Desk {
        let desk = Desk::of(&lab_text(words, ""));
        desk.lab(LabOrder::Start);
        desk.wait_written(20);
        desk.wait("its file is known", |model| model.held_by(ONE).is_some());
        desk
    }

    fn lab(&self, order: LabOrder) {
        self.engine.send(Command::Lab(order));
    }

    fn order(&self, order: WorkerOrder) {
        self.engine.send(Command::Worker(ONE, order));
    }

    #[track_caller]
    fn wait(&self, what: &str, condition: impl Fn(&Model) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !condition(&self.engine.model()) {
            if Instant::now() > deadline {
                let model = self.engine.model();
                panic!(
                    "waited in vain until {what}: {:?}, {:?}, workers {:?}, files {:?}, notices {:?}, output {:?}",
                    model.lab_state(),
                    model.ledger().total(),
                    model.workers(),
                    model
                        .incarnations()
                        .iter()
                        .map(|one| (one.id, &one.path, one.reach, one.lines))
                        .collect::<Vec<_>>(),
                    model.notices(),
                    fs::read_to_string(self.output()),
                );
            }
            rest();
        }
    }

    /// Waits for so many lines more than now.
    #[track_caller]
    fn wait_written(&self, more: u64) {
        let before = self.engine.model().ledger().total().written;
        self.wait("lines are read", |model| model.ledger().total().written >= before + more);
    }

    fn pause(&self) {
        self.lab(LabOrder::Pause);
        self.wait("all lines are decided", |model| {
            model.lab_state() == LabState::Paused
                && model.workers()[0].state == WorkerState::Paused
                && model.ledger().total().in_flight == 0
        });
    }

    fn resume(&self) {
        self.lab(LabOrder::Resume);
        self.wait("it runs", |model| model.workers()[0].state == WorkerState::Running);
    }

    fn stop(&self) {
        self.lab(LabOrder::Stop);
        self.wait("it has ended", |model| model.lab_state() == LabState::Ready);
        let model = self.engine.model();
        assert!(model.ledger().sum_holds(), "{:?}", model.ledger().total());
    }

    fn operate(&self, operation: FileOperation) {
        self.wait("its file is known", |model| model.workers()[0].holds.is_some());
        let path = self.engine.model().workers()[0].holds.clone().unwrap().1;
        self.engine.send(Command::File(FileOrder { operation, path, file_id: None, by: Actor::Person }));
    }

    fn output(&self) -> PathBuf {
        self.folder.join("output/django-1.log")
    }

    /// How many lines the program says it has written, in all the launches that came to say so.
    fn reported(&self) -> u64 {
        let text = fs::read_to_string(self.output()).unwrap();
        let counts = text.lines().filter_map(|line| line.strip_prefix("written "));
        counts.map(|count| count.parse::<u64>().unwrap()).sum()
    }
}

/// Between two looks at a condition, never instead of one.
fn rest() {
    std::thread::sleep(Duration::from_millis(5)); // poll
}

fn lines_in(path: &Path) -> u64 {
    fs::read_to_string(path).unwrap().lines().count() as u64
}

#[test]
fn what_a_file_handler_writes_after_a_delete_is_lost_to_the_line() {
    if !has_python() {
        return;
    }
    let desk = Desk::running("\"file\", \"1\"");
    desk.pause();
    let log = desk.folder.join("logs/app.log");
    let stood = lines_in(&log);
    desk.operate(FileOperation::Delete);
    desk.wait("the delete is seen", |model| model.ledger().total().destroyed == stood);
    desk.resume();
    desk.wait_written(50);
    desk.stop();
    let (model, written) = (desk.engine.model(), desk.reported());
    let terms = model.ledger().total();
    assert_eq!((terms.written, terms.destroyed, terms.lost), (written, stood, written - stood), "{terms:?}");
    assert_eq!((model.workers()[0].reopens, terms.bound), (0, false));
    assert!(!log.exists());
    let recoveries = model.recoveries();
    let [recovery] = recoveries.as_slice() else { panic!("{recoveries:?}") };
    assert_eq!((recovery.gap_ms, recovery.lost), (None, written - stood));
    let kept = fs::read_to_string(desk.output()).unwrap();
    assert!(kept.starts_with(&format!("in {}\n", desk.folder.display())), "{kept}");
    let entry = model.entries().iter().find(|entry| entry.path == desk.output()).expect("the output is listed");
    assert!(entry.incarnation.is_none(), "and not among the logs");
}

#[test]
fn a_watched_file_handler_is_seen_to_recover() {
    if !has_python() {
        return;
    }
    let desk = Desk::running("\"watched\", \"0\"");
    desk.operate(FileOperation::Delete);
    desk.wait("it has reopened", |model| model.workers()[0].reopens == 1 && model.all_reopened());
    desk.wait_written(20);
    desk.operate(FileOperation::Rename { to: desk.folder.join("logs/app.log.1") });
    desk.wait("it has reopened again", |model| model.workers()[0].reopens == 2 && model.all_reopened());
    desk.operate(FileOperation::Replace);
    desk.wait("and again", |model| model.workers()[0].reopens == 3 && model.all_reopened());
    desk.wait_written(20);
    desk.stop();
    let model = desk.engine.model();
    let terms = model.ledger().total();
    assert_eq!(terms.written, desk.reported(), "{terms:?}");
    let recoveries = model.recoveries();
    let causes: Vec<FaultKind> = recoveries.iter().map(|one| one.cause).collect();
    assert_eq!(causes, [FaultKind::Deleted, FaultKind::Renamed, FaultKind::Replaced]);
    assert!(recoveries.iter().all(|one| one.gap_ms.is_some_and(|gap| gap > 0.0)), "{recoveries:?}");
    assert_eq!((model.workers()[0].rollovers, model.workers()[0].errors), (0, 0));
    assert!(terms.lost < 20, "a line or two in each gap at the most: {terms:?}");
}

#[test]
fn a_timed_rotating_file_handler_puts_its_own_files_away() {
    if !has_python() {
        return;
    }
    let desk = Desk::running("\"timed\", \"1\"");
    desk.wait("it has rolled over twice", |model| model.workers()[0].rollovers >= 2);
    desk.stop();
    let model = desk.engine.model();
    let (terms, worker) = (model.ledger().total(), &model.workers()[0]);
    assert_eq!((terms.written, terms.present, terms.lost), (desk.reported(), terms.written, 0), "{terms:?}");
    assert_eq!((worker.reopens, model.recoveries().len()), (0, 0), "nobody has taken anything away");
    assert_eq!(model.events()["rolled_over"], worker.rollovers);
}

/// What a program has compressed can be reached, wherever it moves its archives, until it deletes them.
#[test]
fn what_a_program_compresses_is_present_until_it_is_deleted() {
    if !has_python() {
        return;
    }
    let desk = Desk::running("\"compressed\", \"1\"");
    desk.wait("archives are deleted", |model| model.incarnations().len() >= 6);
    desk.stop();
    let model = desk.engine.model();
    let terms = model.ledger().total();
    let mut there = lines_in(&desk.folder.join("logs/app.log"));
    for number in 1..=2 {
        let packed = fs::File::open(desk.folder.join(format!("logs/app.log.{number}.gz"))).unwrap();
        there += BufReader::new(flate2::read::GzDecoder::new(packed)).lines().count() as u64;
    }
    assert_eq!((terms.written, terms.present, terms.lost), (desk.reported(), there, 0), "{terms:?}");
    assert_eq!(terms.destroyed, terms.written - there, "{terms:?}");
}

#[test]
fn a_daily_file_handler_goes_on_in_the_next_file_and_recovers_in_its_own() {
    if !has_python() {
        return;
    }
    let desk = Desk::running("\"daily\", \"1\"");
    desk.wait("the day is over", |model| model.workers()[0].rollovers >= 1);
    // It may be over again before the file is deleted: then nobody holds that any more.
    let end = Instant::now() + DEADLINE;
    while desk.engine.model().workers()[0].reopens == 0 {
        assert!(Instant::now() < end, "it never opened a file again");
        let deleted = desk.engine.model().workers()[0].holds.clone().unwrap().0;
        desk.operate(FileOperation::Delete);
        desk.wait("it writes to another file", |model| {
            model.workers()[0].holds.as_ref().is_some_and(|(file, _)| *file != deleted)
        });
    }
    desk.stop();
    let model = desk.engine.model();
    assert_eq!(model.ledger().total().written, desk.reported());
    assert!(model.recoveries().iter().any(|one| one.gap_ms.is_some()));
}

#[test]
fn each_launch_counts_anew_also_in_the_file_of_the_one_before() {
    if !has_python() {
        return;
    }
    let desk = Desk::running("\"file\", \"0\"");
    desk.order(WorkerOrder::Kill(9));
    desk.wait("it was killed", |model| matches!(model.workers()[0].state, WorkerState::Exited { asked: false, .. }));
    let first = lines_in(&desk.folder.join("logs/app.log"));
    desk.order(WorkerOrder::Restart);
    desk.wait("it writes again", |model| model.ledger().total().written > first + 20);
    desk.pause();
    let log = desk.folder.join("logs/app.log");
    let (all, terms) = (lines_in(&log), desk.engine.model().ledger().total());
    assert_eq!((terms.written, terms.present, terms.duplicated), (all, all, 0), "{terms:?}");
    // What was left of both launches is read once more.
    let kept: u64 =
        fs::read_to_string(&log).unwrap().lines().take(first as usize + 5).map(|line| line.len() as u64 + 1).sum();
    desk.operate(FileOperation::Truncate { to_bytes: kept });
    desk.wait("the cut is seen", |model| model.ledger().total().destroyed > 0);
    let terms = desk.engine.model().ledger().total();
    assert_eq!((terms.present, terms.destroyed), (first + 5, all - first - 5), "{terms:?}");
    desk.resume();
    desk.stop();
    assert_eq!(desk.engine.model().ledger().total().written, first + desk.reported());
}

#[test]
fn a_program_is_frozen_and_paused_like_any_worker() {
    if !has_python() {
        return;
    }
    let text = lab_text("\"file\", \"1\"", "[clock]\nmode = \"simulated\"\n");
    let desk = Desk::of(&text);
    desk.lab(LabOrder::Start);
    desk.wait_written(5);
    let state = |wanted: WorkerState| desk.wait("it is so", move |model| model.workers()[0].state == wanted);
    desk.order(WorkerOrder::Freeze);
    state(WorkerState::Stopped);
    desk.lab(LabOrder::Pause);
    desk.wait("the lab is paused", |model| model.lab_state() == LabState::Paused);
    desk.lab(LabOrder::Resume);
    desk.wait("the lab runs", |model| model.lab_state() == LabState::Running);
    assert_eq!(desk.engine.model().workers()[0].state, WorkerState::Stopped, "whoever froze it lets it go on");
    desk.order(WorkerOrder::Thaw);
    state(WorkerState::Running);
    desk.wait_written(5);
    desk.pause();
    desk.order(WorkerOrder::Freeze);
    state(WorkerState::Stopped);
    desk.order(WorkerOrder::Thaw);
    state(WorkerState::Paused);
    desk.resume();
    desk.wait_written(5);
    desk.order(WorkerOrder::Rate(5.0));
    desk.wait("two things are said", |model| model.notices().len() == 2);
    let said: Vec<String> = desk.engine.model().notices().iter().map(|(_, text)| text.clone()).collect();
    assert_eq!(said[0], "Worker django-1 is a program of its own and goes by the machine's clock.");
    assert_eq!(said[1], "Worker django-1 is a program of its own and decides how fast it writes.");
    desk.order(WorkerOrder::Freeze);
    state(WorkerState::Stopped);
    desk.stop();
    let written = desk.engine.model().ledger().total().written;
    assert_eq!(written, desk.reported(), "a stopped one ends in good order too");
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    if !has_python() {
        return;
    }
    let desk = Desk::running("\"file\", \"1\", \"child\"");
    let child = child_of(&desk.output());
    assert!(is_alive(child), "in a session of its own");
    desk.order(WorkerOrder::Kill(9));
    desk.wait("it was killed", |model| matches!(model.workers()[0].state, WorkerState::Exited { .. }));
    assert!(!is_alive(child));
    desk.order(WorkerOrder::Restart);
    desk.wait_written(5);
    let child = child_of(&desk.output());
    assert!(is_alive(child));
    desk.stop();
    assert!(!is_alive(child));
}

#[test]
fn nothing_of_a_program_outlives_rotascope() {
    if !has_python() {
        return;
    }
    // Orphans come to this process; otherwise the system itself would end stopped ones.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    let temporary = tempfile::tempdir().unwrap();
    let file = lab_file(temporary.path(), &lab_text("\"file\", \"1\", \"child\"", ""));
    let kept = temporary.path().join("kept");
    let mut rotascope = Process::new(env!("CARGO_BIN_EXE_rotascope"));
    rotascope.arg("run").arg(&file).arg("--keep").arg(&kept).stdout(Stdio::null());
    let mut rotascope = rotascope.spawn().unwrap();
    let log = kept.join("logs/app.log");
    until("lines are written", || log.exists() && lines_in(&log) > 5);
    let line = fs::read_to_string(&log).unwrap().lines().next().unwrap().to_owned();
    let program: u32 = line.split_whitespace().nth(3).unwrap().parse().unwrap();
    let child = child_of(&kept.join("output/django-1.log"));
    assert!(is_alive(program) && is_alive(child));
    for pid in [program, child] {
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(pid as i32).unwrap(),
            rustix::process::Signal::STOP,
        )
        .unwrap();
    }
    rotascope.kill().unwrap();
    rotascope.wait().unwrap();
    until("all are gone", || !is_alive(program) && !is_alive(child));
}

#[test]
fn a_run_with_a_program_is_told_as_json() {
    if !has_python() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let steps = r#"[[steps]]
at = "3s"
do = "delete"
file = "live"
[[steps]]
after = "all workers reopened"
timeout = "20s"
do = "stop"
worker = "django-1"
[[steps]]
after = "all workers reopened"
do = "continue"
worker = "django-1"
[[steps]]
after = "all workers reopened"
do = "kill"
worker = "django-1"
signal = "KILL"
[[steps]]
after = "all workers reopened"
do = "expect"
that = "reopened_workers == 1"
"#;
    let file = lab_file(temporary.path(), &lab_text("\"watched\", \"1\"", steps));
    let run = Process::new(env!("CARGO_BIN_EXE_rotascope")).arg("run").arg(&file).arg("--json").output().unwrap();
    let text = String::from_utf8(run.stdout).unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    let report: serde_json::Value =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text} {said}"));
    assert_eq!(run.status.code(), Some(0), "{report:#}");
    let worker = &report["workers"][0];
    assert_eq!((&worker["name"], &worker["handler"]), (&"django-1".into(), &"command".into()));
    assert_eq!((&worker["exit"], &worker["reopens"]), (&"SIGKILL".into(), &1.into()));
    assert!(worker["written"].as_u64().unwrap() > 20, "{report:#}");
    assert_eq!(
        (&report["recoveries"][0]["cause"], &report["recoveries"][0]["worker"]),
        (&"deleted".into(), &"django-1".into())
    );
    assert!(report["recoveries"][0]["gap_ms"].as_f64().unwrap() > 0.0);
}

#[test]
fn a_program_that_cannot_be_started_says_why() {
    let text = "version = 1\n[[workers]]\nname = \"django\"\ncommand = [\"./no-such-program\"]\n";
    let desk = Desk::of(text);
    desk.lab(LabOrder::Start);
    desk.wait("it has failed", |model| model.workers()[0].state == WorkerState::Failed);
    let error = desk.engine.model().workers()[0].last_error.clone().unwrap();
    assert!(error.starts_with("./no-such-program can't be started: No such file or directory"), "{error}");
    assert!(error.ends_with("; write one that is installed, or a file beside the lab file"), "{error}");
    let text = text.replace("./no-such-program", "app.py");
    let desk = Desk::of(&text);
    desk.lab(LabOrder::Start);
    desk.wait("it has failed", |model| model.workers()[0].state == WorkerState::Failed);
    let error = desk.engine.model().workers()[0].last_error.clone().unwrap();
    assert!(
        error.contains("app.py can't be started: Permission denied") && error.contains("make it executable"),
        "{error}"
    );
}

fn child_of(output: &Path) -> u32 {
    let text = fs::read_to_string(output).unwrap();
    text.lines().filter_map(|line| line.strip_prefix("child ")).next_back().unwrap().parse().unwrap()
}

/// A zombie is not alive.
fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with(['Z', 'X']))
}

#[track_caller]
fn until(what: &str, mut so: impl FnMut() -> bool) {
    let end = Instant::now() + DEADLINE;
    while !so() {
        assert!(Instant::now() < end, "not so: {what}");
        rest();
    }
}
