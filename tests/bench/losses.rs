//! How many lines each handler loses over a rollover a second, with nobody else at its files: real workers, a line a
//! millisecond each, 4 and 8 of them; beside what the Python originals lose in turns with them. How much that is depends
//! on the machine: two processes that come to one rollover within the time of a few system calls lose a second's lines.
//!
//! Several runs are thrown, of workers that start anew. Linux; the originals where there is a python3.
//!
//! `cargo bench --no-default-features --bench losses [-- --seconds 5 --runs 6]`
#![allow(clippy::unwrap_used)]

#[path = "../lab_text/mod.rs"]
mod lab_text;
#[path = "runs.rs"]
mod runs;

use std::path::Path;
use std::process::Command;

use lab_text::lab_text;
use runs::{Ledger, number, run};

/// Each class, what makes it roll over each second, and whether its original in Python can do that.
const CLASSES: [(&str, &str, u32, bool); 5] = [
    ("timed-rotating", "when = \"S\"", 1, true),
    ("timed-rotating-keep", "when = \"S\"", 1, true),
    ("timed-rotating-reopen", "when = \"S\"", 1, true),
    ("daily", "", 86_400, false),
    ("verified", "", 86_400, false),
];
const PROCESSES: [u32; 2] = [4, 8];

fn main() {
    let (seconds, runs) = (number("--seconds", 5), number("--runs", 6));
    let has_python = Command::new("python3").arg("--version").output().is_ok();
    println!(
        "lines lost over {runs} runs of {seconds} s with a rollover a second, 1000 lines/s a process: of all (of the"
    );
    println!("run with the fewest, of that with the most)");
    println!("{:<22} {:>9} {:>9} {:>20} {:>20}", "", "processes", "rollovers", "ours", "Python");
    for (class, keys, clock_rate, in_python) in CLASSES {
        for processes in PROCESSES {
            let lab = lab_text(class, Some("2026-05-09T23:59:58+08:00"), processes, 1000, "")
                .replace("[loggers.app]", &format!("{keys}\n[loggers.app]"))
                .replace("zone =", &format!("rate = {clock_rate}.0\nzone ="));
            let (mut rollovers, mut ours, mut theirs) = (0, Vec::new(), Vec::new());
            for _ in 0..runs {
                let ledger = run(&lab, seconds);
                rollovers += ledger.events("created").saturating_sub(1);
                ours.push(loss(&ledger));
                if in_python && has_python {
                    theirs.push(original(class, seconds, processes));
                }
            }
            println!("{class:<22} {processes:>9} {rollovers:>9} {:>20} {:>20}", summary(&ours), summary(&theirs));
        }
    }
}

/// Lines of a run.
struct Loss {
    written: u64,
    gone: u64,
}

fn loss(ledger: &Ledger) -> Loss {
    assert_eq!(ledger.term("destroyed"), 0, "nobody else was there");
    Loss { written: ledger.term("written"), gone: ledger.term("lost") }
}

fn original(class: &str, seconds: u64, processes: u32) -> Loss {
    let folder = tempfile::tempdir().unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/bench/losses.py");
    let mut python = Command::new("python3");
    // It imports its neighbour, and must not leave a compiled one behind.
    python.arg("-B").arg(script).arg(class).arg(folder.path()).arg(seconds.to_string()).arg(processes.to_string());
    let output = python.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let figures: Vec<u64> = told.split_whitespace().filter_map(|figure| figure.parse().ok()).collect();
    let [written, found] = figures[..] else { panic!("{class}: {}", String::from_utf8_lossy(&output.stderr)) };
    Loss { written, gone: written.saturating_sub(found) }
}

fn summary(losses: &[Loss]) -> String {
    if losses.is_empty() {
        return "-".to_owned();
    }
    let percent = |gone: u64, written: u64| 100.0 * gone as f64 / written as f64;
    let each = losses.iter().map(|loss| percent(loss.gone, loss.written));
    let (least, most) = each.fold((f64::INFINITY, 0.0_f64), |(least, most), one| (least.min(one), most.max(one)));
    let sum = |of: fn(&Loss) -> u64| losses.iter().map(of).sum();
    format!("{:.1} % ({least:.0} to {most:.0})", percent(sum(|loss| loss.gone), sum(|loss| loss.written)))
}
