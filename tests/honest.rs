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

/// A lab of four workers of one class, at a thousand lines a second each, with these steps.
fn run(class: &str, steps: &str) -> Run {
    run_with(class, "", steps)
}

/// The same with further keys of the handler.
fn run_with(class: &str, keys: &str, steps: &str) -> Run {
    run_encoded(class, keys, steps, <[u8]>::to_vec)
}

/// The same, where the files are not UTF-8.
fn run_encoded(class: &str, keys: &str, steps: &str, decode: fn(&[u8]) -> Vec<u8>) -> Run {
    let desk = tempfile::tempdir().unwrap();
    let more = format!("message = \"用户 登录成功\"\n{steps}");
    let lab = lab_text(class, Some("2026-05-09T23:59:58+08:00"), 4, 1000, &more);
    let lab = lab.replace("[loggers.app]", &format!("{keys}\n[loggers.app]"));
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
    let reachable = count_text(&[&folder], decode);
    let everything = count_text(&[&folder, &links], decode);
    let unlinked = |entry: &std::fs::DirEntry| entry.file_name().to_string_lossy().ends_with(".unlinked");
    let uncounted_files = std::fs::read_dir(&links).unwrap().map(Result::unwrap).filter(unlinked).count();
    Run { ledger: serde_json::from_str(last).unwrap(), reachable, everything, uncounted_files }
}

fn step(every: &str, action: &str) -> String {
    format!("[[steps]]\nat = \"400ms\"\nevery = \"{every}\"\nuntil = \"2600ms\"\n{action}\n")
}

/// Each way of noticing, or not noticing, that a file was taken away.
const CLASSES: [&str; 5] = ["plain", "watched", "daily", "timed-rotating-reopen", "verified"];

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
    for class in ["timed-rotating", "timed-rotating-keep", "timed-rotating-reopen"] {
        let run = run_with(class, "when = \"S\"", "");
        run.assert_agrees();
        assert_eq!(run.term("expired"), 0, "{class}: {}", run.ledger);
        assert!(run.ledger["events"]["rolled_over"].as_u64().unwrap() > 0, "{class}: {}", run.ledger);
        if class == "timed-rotating" {
            // Where another process swaps the archive between look and removal, the worker names the wrong file, and
            // what it took away counts as destroyed by somebody unknown.
            assert!(
                run.term("lost") > run.term("destroyed"),
                "four processes remove each other's archives: {}",
                run.ledger
            );
        }
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
    let run = run_with("timed-rotating-keep", "when = \"S\"\nbackup_count = 1", "");
    run.assert_agrees();
    assert!(run.term("expired") > 0, "{}", run.ledger);
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
