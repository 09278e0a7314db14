//! The real executable: what it prints, and how it ends.
#![allow(clippy::unwrap_used)]

mod lab_text;

use std::io::PipeWriter;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use lab_text::lab_text;
use rotascope::platform::{ProcessSignal, signal_process};

/// Longer than any command here should take on a machine that is busy otherwise.
const LIMIT: Duration = Duration::from_secs(60);

fn lab() -> String {
    lab_text("daily", None, 2, 50, "")
}

fn rotascope() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rotascope"));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn output(arguments: &[&str]) -> Output {
    finished(rotascope().args(arguments).spawn().unwrap())
}

/// Waits for the end, and fails instead of waiting for ever. What it prints here fits into a pipe.
fn finished(mut child: Child) -> Output {
    let deadline = Instant::now() + LIMIT;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("still running after {LIMIT:?}");
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().unwrap()
}

/// A pipe whose reader has gone already.
fn closed_pipe() -> PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The exit code, and the single line on stderr.
fn refused(arguments: &[&str]) -> String {
    let output = output(arguments);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
    assert_eq!(stdout(&output), "", "{arguments:?}");
    assert_eq!(error.lines().count(), 1, "{error}");
    error.trim_end().to_owned()
}

fn lab_file(folder: &Path, text: &str) -> String {
    let path = folder.join("my.toml");
    std::fs::write(&path, text).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The object that `run --json` ends with.
fn result(output: &Output) -> serde_json::Value {
    let text = stdout(output);
    serde_json::from_str(text.lines().last().unwrap_or_else(|| panic!("nothing printed: {}", stderr(output)))).unwrap()
}

#[test]
fn it_tells_its_version_and_its_commands() {
    let version = output(&["--version"]);
    assert_eq!(stdout(&version), format!("rotascope {}\n", env!("CARGO_PKG_VERSION")));
    assert!(version.status.success());
    let help = output(&["--help"]);
    assert!(help.status.success());
    for command in ["run", "compare", "follow", "shot", "--lab", "--start"] {
        assert!(stdout(&help).contains(command), "{command}");
    }
    assert!(!stdout(&help).contains("__"), "hidden commands stay hidden");
    let follow = stdout(&output(&["follow", "--help"]));
    for told in ["[default: -10]", "-q, --quiet", "unlinked", "Exit code: 0; 1 when --until-idle"] {
        assert!(follow.contains(told), "{told}");
    }
}

#[test]
fn what_it_does_not_understand_ends_with_2() {
    for arguments in [
        &["--bananas"][..],
        &["run"],
        &["run", "a", "--for", "10"],
        &["run", "a", "--for", "-1s"],
        &["shot", "a"],
        &["follow"],
    ] {
        let output = output(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
    }
}

#[test]
fn a_lab_that_can_t_be_used_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml").display().to_string();
    let mut commands = vec![vec!["run", &missing]];
    if cfg!(feature = "gui") {
        commands.push(vec!["shot", &missing, "--out", "pictures"]);
    }
    for command in commands {
        let error = refused(&command);
        assert!(error.starts_with(&format!("rotascope: can't read {missing}: No such file")), "{error}");
    }
    let wrong = lab_file(folder.path(), &lab().replace("class = \"daily\"", "class = \"dayly\""));
    let expected =
        format!("rotascope: {wrong}:3: class = \"dayly\": no handler class has this name; did you mean \"daily\"?");
    assert_eq!(refused(&["run", &wrong]), expected);
    let encoded = lab().replace("directory = \"logs\"", "directory = \"logs\"\nencoding = \"latin-1\"");
    let unknown = lab_file(folder.path(), &encoded);
    let expected = format!("rotascope: {unknown}:5: encoding = \"latin-1\": not known; there are utf-8, gbk, utf-16");
    let error = refused(&["run", &unknown]);
    assert!(error.starts_with(&expected), "{error}");
}

#[test]
fn a_run_accounts_for_every_line() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab_file(folder.path(), &lab());
    let output = output(&["run", &lab, "--for", "1s", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let result = result(&output);
    let term = |name: &str| result[name].as_u64().unwrap_or_else(|| panic!("{name} in {result}"));
    assert!(term("written") > 0);
    let terms = ["present", "torn", "lost", "destroyed", "expired", "in_flight"];
    assert_eq!(term("written"), terms.iter().map(|name| term(name)).sum::<u64>());
    assert_eq!(term("present"), term("written"), "nobody touched the file: {result}");
    let names: Vec<&str> =
        result["workers"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["web-1", "web-2"]);
}

#[test]
fn a_folder_with_other_content_is_refused_and_one_of_its_own_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab_file(folder.path(), &lab());
    let error = refused(&["run", &lab, "--for", "1s", "--keep", folder.path().to_str().unwrap()]);
    assert!(error.contains("is not a lab's folder and is not empty"), "{error}");
    let keep = folder.path().join("kept");
    let output = output(&["run", &lab, "--for", "500ms", "--keep", keep.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let logs: Vec<_> = std::fs::read_dir(keep.join("logs")).unwrap().collect();
    assert!(!logs.is_empty());
}

#[test]
fn an_expectation_decides_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    for (that, code) in [("written > 0", 0), ("written == 0", 1)] {
        let lab = format!("{}\n[[steps]]\nat = \"500ms\"\ndo = \"expect\"\nthat = \"{that}\"\n", lab());
        let output = output(&["run", &lab_file(folder.path(), &lab)]);
        assert_eq!(output.status.code(), Some(code), "{that}: {}{}", stdout(&output), stderr(&output));
    }
}

#[test]
fn a_worker_that_cannot_be_started_is_a_set_up_error() {
    let folder = tempfile::tempdir().unwrap();
    let text = "version = 1\n[[workers]]\nname = \"django\"\ncommand = [\"no-such-program\"]\n";
    let error = refused(&["run", &lab_file(folder.path(), text), "--for", "300ms"]);
    assert_eq!(
        error,
        "rotascope: worker django-1: no-such-program can't be started: No such file or directory (os error 2); \
         write one that is installed, or a file beside the lab file"
    );
}

#[test]
fn a_program_that_fails_before_its_first_line_is_a_set_up_error() {
    let folder = tempfile::tempdir().unwrap();
    let lab = |command: &str| {
        let text = format!("version = 1\n[[workers]]\nname = \"django\"\ncommand = {command}\n");
        lab_file(folder.path(), &text)
    };
    let failing = output(&["run", &lab(r#"["sh", "-c", "echo no database; exit 3"]"#), "--for", "3s"]);
    let said = stderr(&failing);
    assert_eq!(failing.status.code(), Some(2), "{said}");
    assert_eq!(
        said,
        "rotascope: worker django-1: ended unasked with exit 3; the last that it said:\n    no database\n"
    );
    assert!(stdout(&failing).contains("exit 3"), "{}", stdout(&failing));
    for command in [r#"["true"]"#, r#"["sleep", "60"]"#] {
        let well = output(&["run", &lab(command), "--for", "500ms"]);
        assert_eq!((well.status.code(), stderr(&well).as_str()), (Some(0), ""), "{command}");
    }
    // What a step sends it is no failure of its own, however it ends.
    for (command, signal) in [
        (r#"["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.05; done"]"#, "TERM"),
        (r#"["sleep", "60"]"#, "SEGV"),
    ] {
        let step =
            format!("\n[[steps]]\nat = \"500ms\"\ndo = \"kill\"\nworker = \"django-1\"\nsignal = \"{signal}\"\n");
        let file = lab(command);
        std::fs::write(&file, std::fs::read_to_string(&file).unwrap() + &step).unwrap();
        let killed = output(&["run", &file, "--for", "2s"]);
        assert_eq!((killed.status.code(), stderr(&killed).as_str()), (Some(0), ""), "{command}");
    }
}

#[test]
fn an_interrupt_ends_a_run_in_good_order() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("kept");
    let lab = lab_file(folder.path(), &lab());
    let child = rotascope().args(["run", &lab, "--json", "--keep", keep.to_str().unwrap()]).spawn().unwrap();
    let deadline = Instant::now() + LIMIT;
    let written = || std::fs::read_dir(keep.join("logs")).is_ok_and(|mut logs| logs.next().is_some());
    while !written() {
        assert!(Instant::now() < deadline, "the workers never wrote");
        std::thread::sleep(Duration::from_millis(5));
    }
    signal_process(child.id(), ProcessSignal::Number(2)).unwrap();
    let output = finished(child);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let result = result(&output);
    assert_eq!(result["in_flight"], 0);
    assert_eq!(result["written"], result["present"]);
}

#[test]
fn whoever_closes_the_pipe_hears_no_complaint() {
    let folder = tempfile::tempdir().unwrap();
    let lab = lab_file(folder.path(), &lab());
    for arguments in [&["run", &lab, "--for", "300ms"][..], &["run", &lab, "--for", "300ms", "--json"], &["--help"]] {
        let output = finished(rotascope().args(arguments).stdout(closed_pipe()).spawn().unwrap());
        assert_eq!((stderr(&output).as_str(), output.status.code()), ("", Some(0)), "{arguments:?}");
    }
}

#[test]
fn an_error_that_nobody_reads_still_ends_with_2() {
    let child = rotascope().args(["run", "/nowhere/missing.toml"]).stderr(closed_pipe()).spawn().unwrap();
    assert_eq!(finished(child).status.code(), Some(2));
}
