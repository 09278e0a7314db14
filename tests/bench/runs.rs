//! Runs of `rotascope run` for benches, and what their ledgers say.
#![allow(dead_code)]

use std::process::Command;

use serde_json::Value;

/// The object at the end of a run.
pub(crate) struct Ledger(pub(crate) Value);

impl Ledger {
    pub(crate) fn term(&self, name: &str) -> u64 {
        self.0[name].as_u64().unwrap_or_else(|| panic!("no term {name} in {}", self.0))
    }

    pub(crate) fn events(&self, kind: &str) -> u64 {
        self.0["events"][kind].as_u64().unwrap_or(0)
    }

    /// Lines that the handlers refused.
    pub(crate) fn refused(&self) -> u64 {
        self.0["workers"].as_array().unwrap().iter().map(|worker| worker["errors"].as_u64().unwrap()).sum()
    }
}

/// Runs a lab in a folder of its own.
pub(crate) fn run(lab: &str, seconds: u64) -> Ledger {
    let desk = tempfile::tempdir().unwrap();
    let file = desk.path().join("lab.toml");
    std::fs::write(&file, lab).unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_rotascope"))
        .args(["run", "--json", "--for", &format!("{seconds}s"), "--keep"])
        .args([&desk.path().join("lab"), &file])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let last = text.lines().last().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let ledger = Ledger(serde_json::from_str(last).unwrap());
    let terms = ["present", "torn", "lost", "destroyed", "expired", "in_flight"];
    let sum: u64 = terms.iter().map(|name| ledger.term(name)).sum();
    assert_eq!((ledger.term("written"), ledger.term("in_flight")), (sum, 0), "{}", ledger.0);
    ledger
}

/// What was asked for by `NAME N`.
pub(crate) fn number(name: &str, otherwise: u64) -> u64 {
    let asked = argument(name);
    asked.map_or(otherwise, |asked| asked.parse().unwrap_or_else(|_| panic!("{name} {asked}: a whole number")))
}

/// What follows `name` on the command line.
pub(crate) fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}
