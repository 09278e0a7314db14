//! Every handler against its Python original, one process each, in one run: lines per second of processor time, without a
//! rate, and how many times as many ours writes. A line of ours bears its stamp besides. Linux, with python3.
//!
//! `cargo bench --no-default-features --bench originals`
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use rotascope::clock::{ClockSetting, SchedulePlan, When};
use rotascope::event::{Event, What, WorkerEvent, WorkerId};
use rotascope::handler::{CLASSES, Class, HandlerOptions, HandlerSetup};
use rotascope::record::LineFormat;
use rotascope::worker::{StartMethod, Supervisor, Work, WorkerPlan};

const ROUNDS: usize = 4;
const ROUND: Duration = Duration::from_millis(500);
/// What is aimed at.
const AIM: f64 = 2.5;

fn main() {
    if Command::new("python3").arg("--version").output().is_err() {
        return println!("nothing to compare with: there is no python3");
    }
    println!("one process, lines per second of processor time, best of {ROUNDS} rounds of {ROUND:?}");
    println!("{:<24}{:>12}{:>12}{:>8}", "", "ours", "Python", "ratio");
    for info in &CLASSES {
        let (mut ours, mut theirs) = (0.0_f64, 0.0_f64);
        for _ in 0..ROUNDS {
            // In turns, so that whatever else the machine does falls on both; it can only make a round slower.
            ours = ours.max(in_folder(|folder| worker(folder, info.class)));
            theirs = theirs.max(in_folder(|folder| original(folder, info.name)));
        }
        let ratio = ours / theirs;
        let note = if ratio < AIM { "  below the aim" } else { "" };
        println!("{:<24}{ours:>12.0}{theirs:>12.0}{ratio:>8.1}{note}", info.name);
    }
}

fn in_folder(measure: impl FnOnce(&Path) -> f64) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    measure(folder.path())
}

fn original(folder: &Path, class: &str) -> f64 {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/originals.py");
    let seconds = ROUND.as_secs_f64().to_string();
    let mut python = Command::new("python3");
    let output = python.arg(script).arg(class).arg(folder.join("logs")).arg(seconds).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    told.trim().parse().unwrap_or_else(|_| panic!("{class}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Lines that a real worker wrote, by its own counters.
fn worker(folder: &Path, class: Class) -> f64 {
    let (mut supervisor, events, pid) = start(folder, class);
    let used = || -> u64 {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        threads.map(|thread| cpu_ns(&thread.unwrap().path())).sum()
    };
    let first = next_count(&mut supervisor, &events, 500);
    let before = used();
    std::thread::sleep(ROUND);
    let last = next_count(&mut supervisor, &events, first);
    (last - first) as f64 * 1e9 / (used() - before) as f64
}

/// Processor time of a thread so far, in nanoseconds.
fn cpu_ns(thread: &Path) -> u64 {
    let schedstat = fs::read_to_string(thread.join("schedstat")).unwrap();
    schedstat.split_whitespace().next().unwrap().parse().unwrap()
}

fn start(folder: &Path, class: Class) -> (Supervisor, Receiver<Event>, u32) {
    let logs = folder.join("logs");
    let path = if class.info().by_date { logs } else { logs.join("a1.log") };
    let schedule = SchedulePlan { when: When::Midnight, ..SchedulePlan::default() };
    let options = HandlerOptions { schedule, ..HandlerOptions::default() };
    let plan = WorkerPlan {
        name: "web-1".to_owned(),
        module: "app".to_owned(),
        logger: "error".to_owned(),
        handler: HandlerSetup { options, ..HandlerSetup::new(class, path) },
        format: LineFormat::DEFAULT.to_owned(),
        message: "6666666666".to_owned(),
        rate: 0.0,
        levels: Vec::new(),
        start: StartMethod::Spawn,
        inherit_file: false,
        threads: 1,
        tasks: 1,
        work: Work::None,
    };
    let (sender, events) = bounded(1024);
    let mut supervisor = Supervisor::new(vec![plan], env!("CARGO_BIN_EXE_rotascope").into(), sender, folder.to_owned());
    let launched = supervisor.start(WorkerId(0), &ClockSetting::wall());
    let What::Worker { event: WorkerEvent::Launched { pid, .. }, .. } = launched[0].what else {
        panic!("{launched:?}");
    };
    (supervisor, events, pid)
}

/// The next count beyond `above`.
fn next_count(supervisor: &mut Supervisor, events: &Receiver<Event>, above: u64) -> u64 {
    loop {
        while events.try_recv().is_ok() {}
        for event in supervisor.sample() {
            if let What::Worker { event: WorkerEvent::Counted { counts, .. }, .. } = event.what
                && counts[0].returned > above
            {
                return counts[0].returned;
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}
