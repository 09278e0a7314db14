//! The ledger against an independent count: workers hard-link every file that they open to a place outside the lab's
//! folder before they write to it, and a counter that shares no code with Rotascope counts what stands where.
#![allow(clippy::unwrap_used)]

mod counter;
mod lab_text;

use std::path::Path;
use std::process::Command;

use counter::{Count, count_text};
use lab_text::lab_text;
use serde_json::Value;

struct Run {
    ledger: Value,
    reachable: Count,
    /// Whatever was ever written to a file that had a name at its beginning.
    everything: Count,
    /// Files that had lost their name before they could be linked: what was written to them nobody can count.
    uncounted_files: usize,
}

impl Run {
    fn term(&self, name: &str) -> u64 {
        self.ledger[name].as_u64().unwrap_or_else(|| panic!("no term {name} in {}", self.ledger))
    }

    fn assert_sum(&self) {
        let parts: u64 =
            ["present", "torn", "lost", "destroyed", "expired", "in_flight"].iter().map(|name| self.term(name)).sum();
        assert_eq!(self.term("written"), parts, "{}", self.ledger);
        assert_eq!(self.term("in_flight"), 0, "a drained run has decided every line: {}", self.ledger);
    }

    /// Lines that the handlers refused: they stand in no file.
    fn refused(&self) -> u64 {
        self.ledger["workers"].as_array().unwrap().iter().map(|worker| worker["errors"].as_u64().unwrap()).sum()
    }

    /// For runs in which nobody but workers touches files: what went is their doing.
    fn assert_workers_doing(&self) {
        assert_eq!(self.term("destroyed"), 0, "nobody else was there: {}", self.ledger);
    }

    /// For runs in which every line that was not refused stands whole in some file, reachable or not.
    fn assert_agrees(&self) {
        self.assert_sum();
        assert_eq!(self.term("present"), self.reachable.whole.len() as u64, "present: {}", self.ledger);
        let whole = self.everything.whole.len() as u64;
        let uncounted = self.term("written") - whole - self.refused();
        assert!(uncounted == 0 || self.uncounted_files > 0, "{uncounted} are in no file: {}", self.ledger);
        let unreachable = self.everything.whole.difference(&self.reachable.whole).count() as u64;
        let gone = self.term("lost") + self.term("destroyed") + self.term("expired");
        assert_eq!(gone, unreachable + self.refused() + uncounted, "{}", self.ledger);
        assert_eq!(self.term("duplicated"), self.reachable.repeated.len() as u64, "duplicated: {}", self.ledger);
        assert!(self.term("written") > 0);
    }
}

/// A lab of workers of one class, at a thousand lines a second each.
struct Setup<'a> {
    class: &'a str,
    /// Further keys of the handler.
    keys: &'a str,
    steps: &'a str,
    processes: u32,
    /// Session seconds a second.
    clock_rate: u32,
    /// What is in the files, as UTF-8.
    decode: fn(&[u8]) -> Vec<u8>,
}

impl<'a> Setup<'a> {
    fn of(class: &'a str) -> Setup<'a> {
        Setup { class, keys: "", steps: "", processes: 4, clock_rate: 1, decode: <[u8]>::to_vec }
    }

    /// A rollover, each so many milliseconds.
    fn rolling_over(class: &'a str, every_ms: u32) -> Setup<'a> {
        Setup { keys: "when = \"S\"", clock_rate: 1000 / every_ms, ..Setup::of(class) }
    }

    fn run(&self) -> Run {
        let desk = tempfile::tempdir().unwrap();
        let more = format!("message = \"用户 登录成功\"\n{}", self.steps);
        let lab = lab_text(self.class, Some("2026-05-09T23:59:58+08:00"), self.processes, 1000, &more)
            .replace("[loggers.app]", &format!("{}\n[loggers.app]", self.keys))
            .replace("zone =", &format!("rate = {}.0\nzone =", self.clock_rate));
        let lab_file = desk.path().join("lab.toml");
        std::fs::write(&lab_file, lab).unwrap();
        let (folder, links) = (desk.path().join("lab"), desk.path().join("links"));
        std::fs::create_dir(&links).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_rotascope"))
            .args(["run", "--for", "3s", "--json", "--keep"])
            .args([&folder, &lab_file])
            .env("ROTASCOPE_PROBE_LINKS", &links)
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        let reachable = count_text(&[&folder], self.decode);
        let everything = count_text(&[&folder, &links], self.decode);
        let unlinked = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".unlinked");
        let uncounted_files = std::fs::read_dir(&links).unwrap().map(Result::unwrap).filter(unlinked).count();
        Run { ledger: serde_json::from_str(last).unwrap(), reachable, everything, uncounted_files }
    }
}

/// Four workers of a class and these steps.
fn run(class: &str, steps: &str) -> Run {
    Setup { steps, ..Setup::of(class) }.run()
}

/// Four workers of a class with these keys, whose files are not UTF-8.
fn run_encoded(class: &str, keys: &str, steps: &str, decode: fn(&[u8]) -> Vec<u8>) -> Run {
    Setup { keys, steps, decode, ..Setup::of(class) }.run()
}

fn step(every: &str, action: &str) -> String {
    format!("[[steps]]\nat = \"400ms\"\nevery = \"{every}\"\nuntil = \"2600ms\"\n{action}\n")
}

/// Each way of noticing, or not noticing, that a file was taken away.
const CLASSES: [&str; 6] = ["plain", "watched", "daily", "timed-rotating-reopen", "locked", "verified"];

const DELETE: &str = "do = \"delete\"\nfile = \"live\"";
const RENAME: &str = "do = \"rename\"\nfile = \"live\"\nto = \"moved-{n}.log\"";
const REPLACE: &str = "do = \"replace\"\nfile = \"live\"";
const REMOVE: &str = "do = \"remove_dir\"\nfile = \"live\"";
const TRUNCATE: &str = "do = \"truncate\"\nfile = \"live\"";

#[test]
fn without_a_fault_every_line_is_present() {
    for class in CLASSES {
        let run = run(class, "");
        run.assert_agrees();
        assert_eq!(run.term("present"), run.term("written"), "{class}: {}", run.ledger);
    }
}

#[test]
fn deletes_are_accounted_for_to_the_line() {
    for class in CLASSES {
        let run = run(class, &step("300ms", DELETE));
        run.assert_agrees();
        assert!(run.term("destroyed") > 0, "{class}: {}", run.ledger);
        if class == "verified" {
            assert_eq!(run.term("lost"), 0, "{}", run.ledger);
        } else if class == "plain" {
            assert!(run.term("lost") > 0, "a worker that never looks loses all that follows: {}", run.ledger);
        } else {
            assert!(run.ledger["workers"][0]["reopens"].as_u64().unwrap() > 0, "{class}: {}", run.ledger);
        }
    }
}

#[test]
fn renames_lose_nothing_and_show_who_goes_astray() {
    for class in CLASSES {
        let run = run(class, &step("300ms", RENAME));
        run.assert_agrees();
        assert_eq!(run.term("present"), run.term("written"), "{class}: {}", run.ledger);
        if class == "plain" {
            assert!(run.term("astray") > 0, "{}", run.ledger);
        }
    }
}

#[test]
fn replaces_are_accounted_for_to_the_line() {
    for class in CLASSES {
        let run = run(class, &step("300ms", REPLACE));
        run.assert_agrees();
        assert!(run.term("destroyed") > 0, "{class}: {}", run.ledger);
        if class == "verified" {
            assert_eq!(run.term("lost"), 0, "{}", run.ledger);
        }
    }
}

#[test]
fn a_removed_folder_is_accounted_for() {
    for class in CLASSES {
        let run = run(class, &format!("[[steps]]\nat = \"800ms\"\n{REMOVE}\n"));
        run.assert_sum();
        assert_eq!(run.term("present"), run.reachable.whole.len() as u64, "{class}: {}", run.ledger);
        assert!(run.term("destroyed") > 0, "{class}: {}", run.ledger);
    }
}

/// A truncation destroys the linked copy too, so only what is left can be counted.
#[test]
fn truncations_leave_what_the_ledger_says() {
    for class in CLASSES {
        let run = run(class, &step("500ms", TRUNCATE));
        run.assert_sum();
        assert_eq!(run.term("present"), run.reachable.whole.len() as u64, "{class}: {}", run.ledger);
        assert!(run.term("destroyed") > 0, "{class}: {}", run.ledger);
    }
}

/// A rollover a second and nobody else at the files: what is gone is the handlers' own doing, or retention's.
#[test]
fn a_rollover_a_second_is_accounted_for_to_the_line() {
    for class in ["timed-rotating", "timed-rotating-keep", "timed-rotating-reopen", "locked"] {
        let run = Setup::rolling_over(class, 1000).run();
        run.assert_agrees();
        assert_eq!(run.term("expired"), 0, "{class}: {}", run.ledger);
        run.assert_workers_doing();
        assert!(run.ledger["events"]["rolled_over"].as_u64().unwrap() > 0, "{class}: {}", run.ledger);
    }
}

/// Four and eight processes remove each other's archives.
#[test]
fn timed_rotating_loses_most_lines_over_rollovers() {
    for processes in [4, 8] {
        let run = Setup { processes, ..Setup::rolling_over("timed-rotating", 250) }.run();
        run.assert_agrees();
        run.assert_workers_doing();
        assert!(2 * run.term("lost") > run.term("written"), "{processes}: {}", run.ledger);
    }
}

/// Two processes between exists and rename meet now and then: with many rollovers, in one run or another.
#[test]
fn the_notes_subclasses_lose_some_lines_over_rollovers() {
    for class in ["timed-rotating-keep", "timed-rotating-reopen"] {
        let lost = (0..10).any(|_| {
            let run = Setup { processes: 8, ..Setup::rolling_over(class, 50) }.run();
            run.assert_agrees();
            run.assert_workers_doing();
            run.term("lost") > 0
        });
        assert!(lost, "{class}");
    }
}

#[test]
fn handlers_that_name_their_files_by_date_lose_nothing_over_rollovers() {
    for (class, processes) in [("daily", 4), ("daily", 8), ("verified", 4), ("verified", 8)] {
        // A day a second.
        let run = Setup { processes, clock_rate: 86_400, ..Setup::of(class) }.run();
        run.assert_agrees();
        assert_eq!(run.term("present"), run.term("written"), "{class}, {processes}: {}", run.ledger);
        let days = run.ledger["events"]["created"].as_u64().unwrap();
        assert!(days > 1, "{class}, {processes}: {}", run.ledger);
    }
}

/// Four and eight processes roll over one file, and lock.
#[test]
fn locked_loses_and_doubles_nothing_over_rollovers() {
    for (processes, every_ms) in [(4, 1000), (8, 250)] {
        let run = Setup { processes, ..Setup::rolling_over("locked", every_ms) }.run();
        run.assert_agrees();
        assert_eq!(run.term("present"), run.term("written"), "{processes}: {}", run.ledger);
        assert_eq!((run.term("lost"), run.term("duplicated")), (0, 0), "{processes}: {}", run.ledger);
        assert!(run.ledger["events"]["rolled_over"].as_u64().unwrap() > 0, "{processes}: {}", run.ledger);
    }
}

fn utf16(bytes: &[u8]) -> Vec<u8> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
    String::from_utf16_lossy(&units).into_bytes()
}

fn gbk(bytes: &[u8]) -> Vec<u8> {
    encoding_rs::GBK.decode_without_bom_handling(bytes).0.into_owned().into_bytes()
}

#[test]
fn lines_in_gbk_are_accounted_for_to_the_line() {
    let run = run_encoded("daily", "encoding = \"gbk\"", &step("300ms", DELETE), gbk);
    run.assert_agrees();
    assert!(run.term("destroyed") > 0, "{}", run.ledger);
    let run = run_encoded("timed-rotating-keep", "encoding = \"gbk\"\nwhen = \"S\"", "", gbk);
    run.assert_agrees();
}

#[test]
fn lines_in_utf_16_are_accounted_for_to_the_line() {
    let keys = "encoding = \"utf-16\"";
    // `verified` writes lines again, into files that others may have made.
    let run = run_encoded("verified", keys, &step("300ms", DELETE), utf16);
    run.assert_agrees();
    assert_eq!(run.term("lost"), 0, "{}", run.ledger);
    let run = run_encoded("watched", keys, &step("300ms", REPLACE), utf16);
    run.assert_agrees();
    assert!(run.term("destroyed") > 0, "{}", run.ledger);
    let run = run_encoded("timed-rotating-reopen", &format!("{keys}\nwhen = \"S\""), "", utf16);
    run.assert_agrees();
    // After a truncation the files have no mark.
    let run = run_encoded("daily", keys, &step("500ms", TRUNCATE), utf16);
    run.assert_sum();
    assert_eq!(run.term("present"), run.reachable.whole.len() as u64, "{}", run.ledger);
    assert!(run.term("destroyed") > 0, "{}", run.ledger);
}

#[test]
fn what_retention_removes_is_expired() {
    for class in ["timed-rotating-keep", "locked"] {
        let keys = "when = \"S\"\nbackup_count = 1";
        let run = Setup { keys, clock_rate: 4, ..Setup::of(class) }.run();
        run.assert_agrees();
        run.assert_workers_doing();
        assert!(run.term("expired") > 0, "{class}: {}", run.ledger);
        assert!(class != "locked" || run.term("lost") == 0, "{}", run.ledger);
    }
}

#[test]
fn verified_loses_nothing_whatever_is_done_to_its_files() {
    for (action, every) in [(DELETE, "100ms"), (RENAME, "100ms"), (REPLACE, "130ms"), (REMOVE, "300ms")] {
        let run = run("verified", &step(every, action));
        run.assert_sum();
        assert_eq!(run.term("present"), run.reachable.whole.len() as u64, "{action}: {}", run.ledger);
        assert_eq!((run.term("lost"), run.term("torn"), run.refused()), (0, 0, 0), "{action}: {}", run.ledger);
        let done = ["deleted", "renamed", "replaced"].iter().filter_map(|kind| run.ledger["events"][kind].as_u64());
        assert!(done.sum::<u64>() > 4, "{action}: {}", run.ledger);
    }
}

#[test]
fn killed_and_frozen_workers_lose_no_count() {
    let steps = r#"
[[steps]]
at = "500ms"
do = "kill"
worker = "web-1"
signal = "KILL"
[[steps]]
at = "700ms"
do = "stop"
worker = "web-2"
[[steps]]
at = "900ms"
do = "delete"
file = "live"
[[steps]]
at = "1200ms"
do = "continue"
worker = "web-2"
"#;
    let run = run("daily", steps);
    run.assert_sum();
    assert_eq!(run.term("present"), run.reachable.whole.len() as u64, "{}", run.ledger);
    // The one line that SIGKILL may have caught between the count and the write.
    let nowhere = run.term("written") - run.everything.whole.len() as u64;
    assert!(nowhere <= 1, "{nowhere} lines are in no file: {}", run.ledger);
    assert_eq!(run.ledger["workers"][0]["exit"], "SIGKILL", "{}", run.ledger);
}

#[test]
fn a_reader_who_leaves_early_is_no_error() {
    let lab = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/labs/demo.toml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_rotascope"))
        .args(["run", "--for", "1s", "--json"])
        .arg(lab)
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}
