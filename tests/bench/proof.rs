//! Four processes at full speed through `verified`, while their file is deleted every 100 ms; likewise renamed, replaced,
//! and its folder removed. No line may be lost.
//!
//! `cargo bench --no-default-features --bench proof [-- --seconds 60] [--fault delete]`
#![allow(clippy::unwrap_used)]

#[path = "../lab_text/mod.rs"]
mod lab_text;
#[path = "runs.rs"]
mod runs;

use lab_text::lab_text;
use runs::{argument, number, run};

/// Each fault, the step that does it, and the events that it shows in.
const FAULTS: [(&str, &str, &str); 4] = [
    ("delete", "do = \"delete\"\nfile = \"live\"", "deleted"),
    ("rename", "do = \"rename\"\nfile = \"live\"\nto = \"moved-{n}.log\"", "renamed"),
    ("replace", "do = \"replace\"\nfile = \"live\"", "replaced"),
    ("remove_dir", "do = \"remove_dir\"\nfile = \"live\"", "deleted"),
];

fn main() {
    let (seconds, only) = (number("--seconds", 60), argument("--fault"));
    let mut lost_anywhere = 0;
    println!("verified, 4 processes at full speed for {seconds} s, a fault every 100 ms");
    println!(
        "{:<11} {:>7} {:>12} {:>12} {:>12} {:>6} {:>6} {:>8}",
        "fault", "times", "written", "present", "destroyed", "lost", "torn", "refused"
    );
    for (fault, action, kind) in
        FAULTS.into_iter().filter(|(fault, ..)| only.as_deref().is_none_or(|only| only == *fault))
    {
        // The last second is quiet: everything that was done can be seen.
        let steps = format!("[[steps]]\nat = \"500ms\"\nevery = \"100ms\"\nuntil = \"{seconds}s\"\n{action}\n");
        let ledger = run(&lab_text("verified", Some("2026-05-09T12:00:00+08:00"), 4, 0, &steps), seconds + 1);
        let [written, present, destroyed, lost, torn] =
            ["written", "present", "destroyed", "lost", "torn"].map(|name| ledger.term(name));
        println!(
            "{fault:<11} {:>7} {written:>12} {present:>12} {destroyed:>12} {lost:>6} {torn:>6} {:>8}",
            ledger.events(kind),
            ledger.refused()
        );
        lost_anywhere += lost + torn;
    }
    assert_eq!(lost_anywhere, 0, "verified lost lines");
}
