//! Labs whose files are not UTF-8: real processes write them, and Python reads them back.
#![allow(clippy::unwrap_used)]

mod lab_text;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use lab_text::lab_text;
use serde_json::Value;
use tempfile::TempDir;

struct Run {
    /// Last of all, so that it goes last.
    desk: TempDir,
    ledger: Value,
    code: Option<i32>,
}

impl Run {
    /// Four processes of a class for a second and a half.
    fn new(class: &str, encoding: &str, more: &str) -> Run {
        let desk = tempfile::tempdir().unwrap();
        let lab = lab_text(class, None, 4, 500, more);
        let lab = lab.replace("[loggers.app]", &format!("encoding = \"{encoding}\"\n[loggers.app]"));
        let lab_file = desk.path().join("lab.toml");
        fs::write(&lab_file, lab).unwrap();
        let output = Command::new(env!("CARGO_BIN_EXE_rotascope"))
            .args(["run", "--for", "1500ms", "--json", "--keep"])
            .args([&desk.path().join("lab"), &lab_file])
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let last = text.lines().last().unwrap_or_else(|| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        Run { desk, ledger: serde_json::from_str(last).unwrap(), code: output.status.code() }
    }

    fn term(&self, name: &str) -> u64 {
        self.ledger[name].as_u64().unwrap_or_else(|| panic!("no term {name} in {}", self.ledger))
    }

    /// Every log file that is left.
    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.desk.path().join("lab/logs")).unwrap();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        files
    }
}

/// How many lines with this text Python finds in the files; none if there is no python3.
fn read_by_python(files: &[PathBuf], encoding: &str, text: &str) -> Option<u64> {
    let script = "import sys\ntotal = 0\nfor path in sys.argv[3:]:\n  \
                  for line in open(path, encoding=sys.argv[1], newline='\\n'):\n    \
                  assert line.endswith('\\n') and sys.argv[2] in line and '\\ufeff' not in line, (path, line)\n    \
                  total += 1\nprint(total)";
    let output =
        Command::new("python3").env("PYTHONUTF8", "1").args(["-c", script, encoding, text]).args(files).output();
    let Ok(output) = output else {
        eprintln!("not read by Python: there is no python3");
        return None;
    };
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    Some(String::from_utf8(output.stdout).unwrap().trim().parse().unwrap_or_else(|_| panic!("{error}")))
}

const MESSAGE: &str = "message = \"用户 登录成功\"\n";

fn renames() -> String {
    format!(
        "{MESSAGE}[[steps]]\nat = \"100ms\"\nevery = \"50ms\"\nuntil = \"1400ms\"\ndo = \"rename\"\nfile = \"live\"\n\
         to = \"moved-{{n}}.log\""
    )
}

fn marks_in(path: &Path) -> Vec<usize> {
    let bytes = fs::read(path).unwrap();
    assert_eq!(bytes.len() % 2, 0);
    bytes.chunks(2).enumerate().filter(|(_, unit)| *unit == [0xff, 0xfe]).map(|(at, _)| at).collect()
}

/// Four processes find the path empty at once, again and again: one of them makes the file, and it alone writes the mark.
#[test]
fn the_mark_of_utf_16_stands_once_and_first_in_every_file() {
    for class in ["watched", "verified"] {
        let run = Run::new(class, "utf-16", &renames());
        let files = run.files();
        assert!(files.len() > 1, "{class}: {files:?}");
        for file in &files {
            assert_eq!(marks_in(file), [0], "{class}: {}", file.display());
        }
        assert_eq!(run.term("present"), run.term("written"), "{class}: {}", run.ledger);
        if let Some(lines) = read_by_python(&files, "utf-16", "用户 登录成功") {
            assert_eq!(lines, run.term("present"), "{class}");
        }
    }
}

#[test]
fn python_reads_gbk() {
    let run = Run::new("daily", "gbk", MESSAGE);
    assert_eq!((run.code, run.term("present")), (Some(0), run.term("written")), "{}", run.ledger);
    if let Some(lines) = read_by_python(&run.files(), "gbk", "用户 登录成功") {
        assert_eq!(lines, run.term("present"));
    }
}

#[test]
fn a_line_with_a_character_that_gbk_lacks_is_lost_and_counted() {
    let run = Run::new("daily", "gbk", "message = \"ok 😀\"\n");
    assert!(run.term("written") > 0);
    assert_eq!((run.term("lost"), run.term("present"), run.code), (run.term("written"), 0, Some(1)), "{}", run.ledger);
    let errors: u64 =
        run.ledger["workers"].as_array().unwrap().iter().map(|worker| worker["errors"].as_u64().unwrap()).sum();
    assert_eq!(errors, run.term("written"), "{}", run.ledger);
    for file in run.files() {
        assert_eq!(fs::metadata(file).unwrap().len(), 0, "never a question mark instead");
    }
}
