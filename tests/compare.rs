//! `rotascope compare`: real workers of each class under each fault.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod watch_common;

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use rotascope::engine::FAULTS;
use rotascope::platform::{ProcessSignal, signal_process};
use serde_json::Value;
use watch_common::finished;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rotascope"));
    command.arg("compare").args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn compare(arguments: &[&str]) -> Output {
    finished(command(arguments).spawn().unwrap())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The objects of `--json`, each of which adds up.
fn ledgers(output: &Output) -> Vec<Value> {
    assert_eq!(output.status.code(), Some(0), "{}", stderr(output));
    assert_eq!(stderr(output), "", "no progress where nobody looks");
    let ledgers: Vec<Value> = serde_json::from_slice(&output.stdout).unwrap();
    for ledger in &ledgers {
        let terms = ["present", "torn", "lost", "destroyed", "expired", "in_flight"];
        assert_eq!(term(ledger, "written"), terms.iter().map(|name| term(ledger, name)).sum::<u64>(), "{ledger}");
        assert!(term(ledger, "in_flight") == 0 && term(ledger, "written") > 50, "{ledger}");
    }
    ledgers
}

fn term(ledger: &Value, name: &str) -> u64 {
    ledger[name].as_u64().unwrap_or_else(|| panic!("no term {name} in {ledger}"))
}

fn events(ledger: &Value, kind: &str) -> u64 {
    ledger["events"][kind].as_u64().unwrap_or(0)
}

fn refused(arguments: &[&str]) -> String {
    let output = compare(arguments);
    let error = stderr(&output);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(2), ""), "{arguments:?}: {error}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

#[test]
fn each_handler_is_run_under_each_fault() {
    let output =
        compare(&["--for", "2s", "--handlers", "plain,daily", "--faults", "delete", "--processes", "2", "--json"]);
    let ledgers = ledgers(&output);
    let [plain, daily] = ledgers.as_slice() else { panic!("{ledgers:?}") };
    assert_eq!([&plain["fault"], &daily["fault"]], ["delete", "delete"]);
    assert_eq!([&plain["handler"], &daily["handler"]], ["plain", "daily"]);
    assert!(term(plain, "lost") > 50, "it writes on into nothing: {plain}");
    let gaps = |ledger: &Value| -> Vec<Option<f64>> {
        ledger["recoveries"].as_array().unwrap().iter().map(|one| one["gap_ms"].as_f64()).collect()
    };
    assert!(gaps(plain).len() == 2 && gaps(plain).iter().all(Option::is_none), "{plain}");
    // A busy machine may come to a repeated step so late that most of its turns have passed.
    assert!(events(daily, "deleted") >= 1, "{daily}");
    assert!(gaps(daily).iter().flatten().count() >= 1, "{daily}");
    assert!(term(daily, "lost") < term(plain, "lost"), "{daily} {plain}");
    for ledger in &ledgers {
        assert_eq!(ledger["workers"].as_array().unwrap().len(), 2, "{ledger}");
        assert!(ledger["duration_ms"].as_f64().unwrap() >= 2000.0, "{ledger}");
    }
}

/// All faults but the one that needs a disk of its own, under `daily`.
#[test]
fn each_fault_does_what_its_sentence_says() {
    let names: Vec<&str> = FAULTS.iter().filter(|fault| fault.by_default).map(|fault| fault.name).collect();
    let output = compare(&[
        "--for",
        "1500ms",
        "--handlers",
        "daily",
        "--faults",
        &names.join(","),
        "--processes",
        "2",
        "--json",
    ]);
    let ledgers = ledgers(&output);
    let order: Vec<&str> = ledgers.iter().filter_map(|one| one["fault"].as_str()).collect();
    assert_eq!(order, names);
    let of = |name: &str| ledgers.iter().find(|one| one["fault"] == name).unwrap_or_else(|| panic!("no {name}"));
    for (fault, kind) in
        [("delete", "deleted"), ("rename", "renamed"), ("truncate", "truncated"), ("replace", "replaced")]
    {
        assert!(events(of(fault), kind) >= 1, "{}", of(fault));
        // Workers that a busy machine keeps from writing have made no new file yet when its turn comes.
        assert!(events(of(fault), "operation_failed") <= events(of(fault), kind), "{}", of(fault));
    }
    assert_eq!(term(of("none"), "present"), term(of("none"), "written"));
    assert_eq!(events(of("remove_dir"), "deleted"), 1, "{}", of("remove_dir"));
    assert!(term(of("remove_dir"), "lost") > 0, "daily makes no folder again: {}", of("remove_dir"));
    assert!(events(of("rollover"), "created") >= 2, "{}", of("rollover"));
    assert_eq!(term(of("rollover"), "present"), term(of("rollover"), "written"), "{}", of("rollover"));
    assert_eq!(events(of("clock"), "clock_set"), 4, "{}", of("clock"));
    assert_eq!(events(of("chmod"), "operation_failed"), 0, "{}", of("chmod"));
    let exits = |name: &str| -> Vec<String> {
        let workers = of(name)["workers"].as_array().unwrap();
        workers.iter().map(|worker| worker["exit"].as_str().unwrap_or_default().to_owned()).collect()
    };
    assert_eq!(exits("kill"), ["SIGKILL", "exit 0"]);
    assert_eq!(exits("stop"), ["exit 0", "exit 0"]);
    assert_eq!(term(of("stop"), "present"), term(of("stop"), "written"), "{}", of("stop"));
}

/// A long run, so that a stall of the machine is short beside the time for which the first worker stands.
#[test]
fn a_stopped_worker_writes_less_and_loses_nothing() {
    let output = compare(&["--for", "4s", "--handlers", "daily", "--faults", "stop", "--processes", "2", "--json"]);
    let ledgers = ledgers(&output);
    let [ledger] = ledgers.as_slice() else { panic!("{ledgers:?}") };
    let written = |number: usize| term(&ledger["workers"][number], "written");
    assert!(written(0) < written(1), "the first one stood for a while: {ledger}");
    assert_eq!(term(ledger, "present"), term(ledger, "written"), "{ledger}");
}

#[test]
fn a_table_comes_with_its_legend() {
    let output = compare(&["--for", "1s", "--handlers", "plain", "--faults", "none", "--processes", "1"]);
    let (text, error) = (stdout(&output), stderr(&output));
    assert_eq!((output.status.code(), error.as_str()), (Some(0), ""));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "1 run of 1s, 1 worker: about 1 s");
    assert!(lines[2].starts_with("fault  handler   written   present"), "{text}");
    assert!(lines[3].starts_with("none   plain  "), "{text}");
    assert!(text.contains("\nnone     Nothing happens") && text.contains("\nplain    Opens its file once"), "{text}");
}

#[test]
fn what_cannot_be_compared_is_named() {
    let error = refused(&["--handlers", "plain,dayly"]);
    assert!(
        error.starts_with("rotascope: no handler is called \"dayly\"; did you mean \"daily\"? There are plain, "),
        "{error}"
    );
    let error = refused(&["--faults", "delet"]);
    assert!(
        error.starts_with("rotascope: no fault is called \"delet\"; did you mean \"delete\"? There are none, "),
        "{error}"
    );
    assert!(refused(&["--for", "10ms"]).contains("write at least 1s"));
    let large = rotascope::platform::space(&std::env::temp_dir()).unwrap().total_bytes >= 256 << 20;
    if large {
        let error = refused(&["--faults", "none,fill_disk"]);
        assert!(error.contains("only one below 256 MiB is") && error.contains("TMPDIR"), "{error}");
    }
    let error = stderr(&finished(command(&["--faults", "none"]).env("TMPDIR", "/nowhere").spawn().unwrap()));
    assert!(error.starts_with("rotascope: plain under none: can't make a temporary folder: "), "{error}");
}

#[test]
fn an_interrupt_leaves_what_is_there_and_nothing_else() {
    let desk = tempfile::tempdir().unwrap();
    let arguments = ["--for", "1s", "--handlers", "plain,daily,watched", "--faults", "none", "--processes", "2"];
    let mut child = command(&arguments).env("TMPDIR", desk.path()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    while !text.contains("\nnone   plain") {
        assert_ne!(out.read_line(&mut text).unwrap(), 0, "it ended: {text}");
    }
    signal_process(child.id(), ProcessSignal::Number(2)).unwrap();
    out.read_to_string(&mut text).unwrap();
    let output = finished(child);
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
    assert!(!text.contains("\nnone   watched"), "{text}");
    assert!(text.contains("\nwatched  Looks"), "the legend ends it: {text}");
    assert_eq!(std::fs::read_dir(desk.path()).unwrap().count(), 0, "the folders are gone");
}

#[test]
fn whoever_stops_reading_stops_the_runs() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = finished(command(&["--for", "10s", "--handlers", "plain"]).stdout(writer).spawn().unwrap());
    assert_eq!((stderr(&output).as_str(), output.status.code()), ("", Some(0)));
}

#[test]
fn a_small_disk_is_filled_and_freed_again() {
    let disk = tempfile::tempdir().unwrap();
    let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=2m", "none"]).arg(disk.path()).output();
    if !mounted.is_ok_and(|output| output.status.success()) {
        println!("skipped: no tmpfs can be mounted");
        return;
    }
    let arguments = ["--for", "2s", "--handlers", "daily", "--faults", "fill_disk", "--processes", "4", "--json"];
    let output = finished(command(&arguments).env("TMPDIR", disk.path()).spawn().unwrap());
    unmount(disk.path());
    let ledgers = ledgers(&output);
    let [ledger] = ledgers.as_slice() else { panic!("{ledgers:?}") };
    assert_eq!(events(ledger, "operation_failed"), 0, "{ledger}");
    assert!(term(ledger, "lost") + term(ledger, "torn") > 50, "{ledger}");
    assert!(term(ledger, "present") > 50, "before and after it, lines were written: {ledger}");
    let reason = ledger["workers"][0]["last_error"].as_str().unwrap_or_default();
    assert!(reason.contains("No space left") || reason.contains("bytes were written"), "{ledger}");
}

fn unmount(path: &Path) {
    // Lazily: whoever still holds a file there must not keep the mount for ever.
    let _ = Command::new("umount").arg("-l").arg(path).output();
}
