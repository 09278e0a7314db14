//! How many lines each handler loses over a rollover a second, with nobody else at its files: real workers, a line a
//! millisecond each, 4 and 8 of them; beside what the Python originals lose.
//!
//! Workers keep their rhythm, so two that meet at one rollover meet at the next: a run is one throw of the dice,
//! however long. Several runs are thrown, of workers that start anew.
//!
//! `cargo bench --no-default-features --bench losses [-- --seconds 5 --runs 6]`
#![allow(clippy::unwrap_used)]

#[path = "../lab_text/mod.rs"]
mod lab_text;
#[path = "runs.rs"]
mod runs;

use lab_text::lab_text;
use runs::{Ledger, number, run};

/// Each class, what makes it roll over each second, and what its original in Python loses, in percent.
const CLASSES: [(&str, &str, u32, &str); 5] = [
    ("timed-rotating", "when = \"S\"", 1, "68   / 87"),
    ("timed-rotating-keep", "when = \"S\"", 1, " 4.8 /  8.3"),
    ("timed-rotating-reopen", "when = \"S\"", 1, " 8.2 / 16.5"),
    ("daily", "", 86_400, " 0   /  0"),
    ("verified", "", 86_400, "-"),
];
const PROCESSES: [u32; 2] = [4, 8];

fn main() {
    let (seconds, runs) = (number("--seconds", 5), number("--runs", 6));
    println!("lines lost over {runs} runs of {seconds} s with a rollover a second, 1000 lines/s a process");
    println!("{:<22} {:>9} {:>24} {:>24}   Python, 4 / 8, %", "", "rollovers", "4 processes", "8 processes");
    for (class, keys, clock_rate, python) in CLASSES {
        let mut rollovers = 0;
        let cells = PROCESSES.map(|processes| {
            let lab = lab_text(class, Some("2026-05-09T23:59:58+08:00"), processes, 1000, "")
                .replace("[loggers.app]", &format!("{keys}\n[loggers.app]"))
                .replace("zone =", &format!("rate = {clock_rate}.0\nzone ="));
            let ledgers: Vec<Ledger> = (0..runs).map(|_| run(&lab, seconds)).collect();
            rollovers += ledgers.iter().map(|ledger| ledger.events("created").saturating_sub(1)).sum::<u64>();
            losses(&ledgers)
        });
        println!("{class:<22} {rollovers:>9} {:>24} {:>24}   {python}", cells[0], cells[1]);
    }
}

/// Of all runs, and of the runs with the fewest and the most. Nobody else was there: what the ledger, in a tangle of
/// rollovers, lays at somebody unknown's door is the handlers' own doing.
fn losses(ledgers: &[Ledger]) -> String {
    let gone = |ledger: &Ledger| ledger.term("lost") + ledger.term("destroyed");
    let percent = |lost: u64, written: u64| 100.0 * lost as f64 / written as f64;
    let each = ledgers.iter().map(|ledger| percent(gone(ledger), ledger.term("written")));
    let (least, most) = each.fold((f64::INFINITY, 0.0_f64), |(least, most), one| (least.min(one), most.max(one)));
    let written = ledgers.iter().map(|ledger| ledger.term("written")).sum();
    let gone = ledgers.iter().map(gone).sum();
    format!("{:.1} % ({least:.0} to {most:.0})", percent(gone, written))
}
