//! How many lines each handler loses over a rollover a second, with nobody else at its files: real workers, a line a
//! millisecond each, 4 and 8 of them; beside what the Python originals lose.
//!
//! `cargo bench --no-default-features --bench losses [-- --seconds 20]`
#![allow(clippy::unwrap_used)]

#[path = "../lab_text/mod.rs"]
mod lab_text;
#[path = "runs.rs"]
mod runs;

use lab_text::lab_text;
use runs::{run, seconds};

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
    let seconds = seconds(10);
    println!("lines lost over {seconds} s with a rollover a second, 1000 lines/s a process");
    println!("{:<22} {:>9} {:>18} {:>18}   Python, 4 / 8, %", "", "rollovers", "4 processes", "8 processes");
    for (class, keys, clock_rate, python) in CLASSES {
        let ledgers = PROCESSES.map(|processes| {
            let lab = lab_text(class, Some("2026-05-09T23:59:58+08:00"), processes, 1000, "")
                .replace("[loggers.app]", &format!("{keys}\n[loggers.app]"))
                .replace("zone =", &format!("rate = {clock_rate}.0\nzone ="));
            run(&lab, seconds)
        });
        let cells = ledgers.each_ref().map(|ledger| {
            let (lost, written) = (ledger.term("lost"), ledger.term("written"));
            assert_eq!(ledger.term("destroyed"), 0, "nobody else was there: {}", ledger.0);
            format!("{:.1} % of {written}", 100.0 * lost as f64 / written as f64)
        });
        let files = ledgers[0].events("created");
        println!("{class:<22} {:>9} {:>18} {:>18}   {python}", files.saturating_sub(1), cells[0], cells[1]);
    }
}
