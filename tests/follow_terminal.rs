//! `rotascope follow`, the real executable: exact bytes, sentences, JSON, and how it ends.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rotascope::platform::{ProcessSignal, signal_process};

/// The machine may be busy: a wait fails only after this.
const DEADLINE: Duration = Duration::from_secs(30);

/// Its output goes into files, so that no pipe fills up.
struct Run {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

/// A test that fails leaves nobody behind.
impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Scene {
    dir: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("logs")).unwrap();
        Scene { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join("logs").join(name)
    }

    fn append(&self, name: &str, bytes: &[u8]) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(bytes).unwrap();
    }

    fn follow(&self, arguments: &[&str]) -> Run {
        let (out, err) = (self.dir.path().join("out"), self.dir.path().join("err"));
        let child = follow(arguments)
            .current_dir(self.dir.path().join("logs"))
            .stdout(File::create(&out).unwrap())
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        Run { child, out, err }
    }
}

fn follow(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rotascope"));
    command.arg("follow").args(arguments).stdin(Stdio::null());
    command
}

impl Run {
    fn out(&self) -> Vec<u8> {
        fs::read(&self.out).unwrap()
    }

    fn err(&self) -> String {
        fs::read_to_string(&self.err).unwrap()
    }

    fn wait(&self, what: &str, condition: impl Fn(&Run) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !condition(self) {
            let told = || format!("{}\n{}", String::from_utf8_lossy(&self.out()), self.err());
            assert!(Instant::now() < deadline, "waited in vain: {what}\n{}", told());
            std::thread::sleep(Duration::from_millis(5)); // poll
        }
    }

    fn wait_out(&self, bytes: &[u8]) {
        self.wait(&String::from_utf8_lossy(bytes), |run| run.out() == bytes);
    }

    fn wait_err(&self, part: &str) {
        self.wait(part, |run| run.err().contains(part));
    }

    /// Waits for the end. The exit code, the output, and what was said.
    fn end(mut self) -> (Option<i32>, Vec<u8>, String) {
        let code = wait_for_exit(&mut self.child);
        (code, self.out(), self.err())
    }

    fn interrupt(self) -> (Option<i32>, Vec<u8>, String) {
        signal_process(self.child.id(), ProcessSignal::Number(2)).unwrap();
        self.end()
    }
}

fn wait_for_exit(child: &mut Child) -> Option<i32> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("it does not end");
        }
        std::thread::sleep(Duration::from_millis(5)); // poll
    }
}

fn objects(out: &[u8]) -> Vec<serde_json::Value> {
    let text = std::str::from_utf8(out).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// NUL bytes at the end of a file are kept back as long as they may be the beginning of a hole, and no longer.
#[test]
fn nul_bytes_at_the_end_come_through() {
    let scene = Scene::new();
    scene.append("few", b"a\nb\n\0\0\0");
    let (code, out, err) = scene.follow(&["few", "--until-idle", "1s"]).end();
    assert_eq!((code, out.as_slice()), (Some(0), b"a\nb\n\0\0\0".as_slice()), "{err}");
    scene.append("many", &[b"a\n".as_slice(), &[0; 100]].concat());
    let (_, out, err) = scene.follow(&["many", "--until-idle", "1s"]).end();
    assert_eq!(out, b"a\n", "{err}");
    assert!(err.contains("hole") && err.contains("100"), "{err}");
}

#[test]
fn the_last_ten_lines_come_first_then_what_is_written() {
    let scene = Scene::new();
    let lines: Vec<String> = (0..30).map(|number| format!("line {number}\n")).collect();
    scene.append("a.log", lines.concat().as_bytes());
    let run = scene.follow(&["a.log"]);
    let mut expected = lines[20..].concat().into_bytes();
    run.wait_out(&expected);
    for part in [&b"half"[..], b" and half\r\n", b"\xff\xfe\0bytes\n"] {
        scene.append("a.log", part);
        expected.extend_from_slice(part);
        run.wait_out(&expected);
    }
    assert_eq!(run.interrupt(), (Some(0), expected, String::new()));
}

#[test]
fn it_begins_where_it_is_told_and_ends_when_idle() {
    let scene = Scene::new();
    scene.append("a.log", b"one\ntwo\nthree");
    for (from, expected) in
        [("start", "one\ntwo\nthree"), ("end", ""), ("-1", "three"), ("-2", "two\nthree"), ("-9", "one\ntwo\nthree")]
    {
        let run = scene.follow(&["a.log", "--from", from, "--until-idle", "50ms"]);
        assert_eq!(run.end(), (Some(0), expected.as_bytes().to_vec(), String::new()), "{from}");
    }
}

#[test]
fn bytes_go_through_as_they_are() {
    let scene = Scene::new();
    let mut bytes: Vec<u8> = (0..=255).cycle().take(1 << 20).collect();
    bytes.extend_from_slice(b"\r\n\n\n");
    bytes.resize(bytes.len() + (10 << 20), b'x');
    bytes.extend_from_slice(b"\nunended");
    scene.append("a.log", &bytes);
    let run = scene.follow(&["a.log", "--from", "start", "--until-idle", "50ms"]);
    let (code, out, _) = run.end();
    assert!(code == Some(0) && out == bytes, "{} of {} bytes", out.len(), bytes.len());
}

#[test]
fn a_rotation_is_told_beside_the_bytes() {
    let scene = Scene::new();
    scene.append("a.log", b"old\n");
    let run = scene.follow(&["a.log", "--from", "start"]);
    run.wait_out(b"old\n");
    scene.append("a.log", b"unended");
    run.wait_out(b"old\nunended");
    fs::rename(scene.path("a.log"), scene.path("a.log.1")).unwrap();
    run.wait_err("rotascope: a.log was renamed to a.log.1 (#1)\n");
    scene.append("a.log", b"new\n");
    run.wait_out(b"old\nunended\nnew\n");
    run.wait_err("rotascope: a.log (#2) has appeared\n");
    run.wait_err("==> a.log (#2) <==\n");
    fs::remove_file(scene.path("a.log")).unwrap();
    run.wait_err("rotascope: a.log was deleted (#2)\n");
    let (code, _, err) = run.interrupt();
    assert_eq!(code, Some(0));
    assert!(!err.contains("==> a.log (#1)"), "one file needs no header: {err}");
}

#[test]
fn json_has_the_lines_and_what_happened() {
    let scene = Scene::new();
    scene.append("a.log", "日\r\n".as_bytes());
    let run = scene.follow(&["a.log", "--from", "start", "--json"]);
    run.wait("the first line", |run| !run.out().is_empty());
    scene.append("a.log", b"\xff\nla");
    scene.append("a.log", b"st");
    run.wait("the second line", |run| objects(&run.out()).len() == 2);
    fs::rename(scene.path("a.log"), scene.path("a.log.1")).unwrap();
    run.wait("the event", |run| objects(&run.out()).len() == 3);
    scene.append("a.log", b"new\n");
    run.wait("the new line", |run| String::from_utf8_lossy(&run.out()).contains("new"));
    let (code, out, err) = run.interrupt();
    assert_eq!((code, err.as_str()), (Some(0), ""));
    let objects = objects(&out);
    let line = serde_json::json!({"type": "line", "path": "a.log", "incarnation": 1, "offset": 0, "bytes_len": 5,
        "text": "日"});
    assert_eq!(objects[0], line);
    assert_eq!((&objects[1]["text"], &objects[1]["bytes_base64"]), (&"\u{fffd}".into(), &"/wo=".into()));
    let renamed = &objects[2];
    assert_eq!(
        (&renamed["type"], &renamed["kind"], &renamed["path"]),
        (&"event".into(), &"renamed".into(), &"a.log".into())
    );
    assert_eq!((&renamed["incarnation"], &renamed["to"]), (&1.into(), &"a.log.1".into()));
    chrono::DateTime::parse_from_rfc3339(renamed["at"].as_str().unwrap()).unwrap();
    let of = |text: &str| objects.iter().find(|one| one["text"] == text).unwrap();
    assert_eq!((&of("last")["offset"], &of("last")["bytes_len"]), (&7.into(), &4.into()));
    assert_eq!((&of("new")["incarnation"], &of("new")["path"]), (&2.into(), &"a.log".into()));
}

/// Whoever reads the stream can tell by each line where it stands now, and what became of an incarnation.
#[test]
fn lines_bear_the_name_that_leads_to_them_now() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let run = scene.follow(&["a.log", "--from", "start", "--json"]);
    let wait_kind = |run: &Run, kind: &str| {
        run.wait(kind, |run| objects(&run.out()).iter().any(|one| one["kind"] == kind));
    };
    let wait_text = |run: &Run, text: &str| {
        run.wait(text, |run| objects(&run.out()).iter().any(|one| one["text"] == text));
    };
    wait_text(&run, "one");
    fs::rename(scene.path("a.log"), scene.path("a.log.1")).unwrap();
    wait_kind(&run, "renamed");
    scene.append("a.log.1", b"two\n");
    wait_text(&run, "two");
    scene.append("a.log", b"three\n");
    wait_text(&run, "three");
    File::options().write(true).open(scene.path("a.log")).unwrap().set_len(0).unwrap();
    wait_kind(&run, "truncated");
    scene.append("a.log", b"four\n");
    wait_text(&run, "four");
    fs::remove_file(scene.path("a.log.1")).unwrap();
    wait_kind(&run, "deleted");
    let (code, out, _) = run.interrupt();
    assert_eq!(code, Some(0));
    let told: Vec<String> = objects(&out)
        .iter()
        .map(|one| {
            let what = one["text"].as_str().or(one["kind"].as_str()).unwrap();
            let to = one["to"].as_str().map(|to| format!(" to {to}")).unwrap_or_default();
            let next = one["next"].as_u64().map(|next| format!(" then #{next}")).unwrap_or_default();
            format!("{what} {} #{}{to}{next}", one["path"].as_str().unwrap(), one["incarnation"])
        })
        .collect();
    let wanted = [
        "one a.log #1",
        "renamed a.log #1 to a.log.1",
        "two a.log.1 #1",
        "created a.log #2",
        "three a.log #2",
        "truncated a.log #2 then #3",
        "four a.log #3",
        "deleted a.log.1 #1",
    ];
    assert_eq!(told, wanted);
}

/// Whoever writes to a file that lost its name is not said to write to what has that name now.
#[test]
fn headers_say_what_has_become_of_a_name() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let mut writer = OpenOptions::new().append(true).open(scene.path("a.log")).unwrap();
    let run = scene.follow(&["a.log", "--from", "start"]);
    run.wait_out(b"one\n");
    fs::remove_file(scene.path("a.log")).unwrap();
    run.wait_err("rotascope: a.log was deleted (#1)\n");
    writer.write_all(b"two\n").unwrap();
    run.wait_err("==> a.log (#1, deleted) <==\n");
    scene.append("a.log", b"three\n");
    run.wait_err("==> a.log (#2) <==\n");
    run.wait_out(b"one\ntwo\nthree\n");
    writer.write_all(b"four\n").unwrap();
    run.wait_out(b"one\ntwo\nthree\nfour\n");
    fs::write(scene.path("new"), "five\n").unwrap();
    let mut writer = OpenOptions::new().append(true).open(scene.path("a.log")).unwrap();
    fs::rename(scene.path("new"), scene.path("a.log")).unwrap();
    run.wait_err("==> a.log (#3) <==\n");
    writer.write_all(b"six\n").unwrap();
    run.wait_err("==> a.log (#2, replaced) <==\n");
    let (_, _, err) = run.interrupt();
    assert_eq!(err.matches("==> a.log (#1, deleted) <==").count(), 2, "{err}");
    assert!(!err.contains("==> a.log (#1) <=="), "{err}");
}

/// The archive has what was there when it was made; what is written after that never gets into it.
#[test]
fn what_comes_after_compressing_is_not_said_to_be_in_the_archive() {
    for format in [&[][..], &["--json"]] {
        let scene = Scene::new();
        scene.append("a.log", b"one\n");
        let mut writer = OpenOptions::new().append(true).open(scene.path("a.log")).unwrap();
        let run = scene.follow(&[&["a.log", "--from", "start"], format].concat());
        run.wait("one", |run| String::from_utf8_lossy(&run.out()).contains("one"));
        assert!(Command::new("gzip").arg(scene.path("a.log")).status().unwrap().success());
        let told = |run: &Run| format!("{}{}", String::from_utf8_lossy(&run.out()), run.err());
        run.wait("the archive", |run| told(run).contains("a.log.gz"));
        writer.write_all(b"two\n").unwrap();
        run.wait("two", |run| String::from_utf8_lossy(&run.out()).contains("two"));
        let (_, out, err) = run.interrupt();
        if format.is_empty() {
            assert!(err.contains("==> a.log (#1, compressed to a.log.gz and deleted) <==\n"), "{err}");
            continue;
        }
        let objects = objects(&out);
        let of = |text: &str| objects.iter().find(|one| one["text"] == text).unwrap();
        assert_eq!((of("one").get("unlinked"), of("two").get("unlinked")), (None, Some(&true.into())));
        assert_eq!((&of("two")["path"], &of("two")["incarnation"]), (&"a.log".into(), &1.into()));
        let archived = objects.iter().find(|one| one["kind"] == "archived").unwrap();
        assert_eq!((&archived["path"], &archived["to"]), (&"a.log".into(), &"a.log.gz".into()));
    }
}

#[test]
fn a_link_that_was_turned_leads_no_longer_to_the_file_before() {
    let scene = Scene::new();
    scene.append("one.log", b"one\n");
    scene.append("two.log", b"two\n");
    let turn = |to: &str| {
        std::os::unix::fs::symlink(to, scene.path("next")).unwrap();
        fs::rename(scene.path("next"), scene.path("a.log")).unwrap();
    };
    turn("one.log");
    let run = scene.follow(&["a.log", "--from", "start"]);
    run.wait_out(b"one\n");
    turn("two.log");
    run.wait_err("==> a.log (#2) <==\n");
    scene.append("one.log", b"more\n");
    run.wait_err("==> a.log (#1, no longer there) <==\n");
    turn("one.log");
    run.wait_err("rotascope: one.log was renamed to a.log (#1)\n");
    scene.append("one.log", b"again\n");
    run.wait_err("==> a.log (#1) <==\n");
    run.interrupt();

    let run = scene.follow(&["a.log", "--from", "start", "--json"]);
    let has = |run: &Run, text: &str| String::from_utf8_lossy(&run.out()).contains(text);
    run.wait("again", |run| has(run, "again"));
    turn("two.log");
    run.wait("retargeted", |run| has(run, "retargeted"));
    scene.append("one.log", b"last\n");
    run.wait("last", |run| has(run, "last"));
    let (_, out, _) = run.interrupt();
    let objects = objects(&out);
    let last = objects.iter().find(|one| one["text"] == "last").unwrap();
    assert_eq!((&last["path"], &last["retargeted"], last.get("unlinked")), (&"a.log".into(), &true.into(), None));
}

#[test]
fn quiet_leaves_the_headers_away_and_nothing_else() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    scene.append("b.log", b"half");
    let run = scene.follow(&["a.log", "b.log", "-q"]);
    run.wait("both", |run| run.out().len() >= 8);
    fs::remove_file(scene.path("a.log")).unwrap();
    run.wait_err("rotascope: a.log was deleted (#");
    scene.append("a.log", b"two\n");
    run.wait("all", |run| run.out().ends_with(b"two\n"));
    let (_, _, err) = run.interrupt();
    assert!(!err.contains("==>"), "{err}");
}

#[test]
fn headers_and_sentences_say_the_name_of_now() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let run = scene.follow(&["a.log", "--from", "start"]);
    run.wait_out(b"one\n");
    fs::rename(scene.path("a.log"), scene.path("a.log.1")).unwrap();
    run.wait_err("rotascope: a.log was renamed to a.log.1 (#1)\n");
    scene.append("a.log", b"two\n");
    run.wait_err("==> a.log (#2) <==\n");
    run.wait_out(b"one\ntwo\n");
    scene.append("a.log.1", b"three\n");
    run.wait_err("==> a.log.1 (#1) <==\n");
    run.wait_out(b"one\ntwo\nthree\n");
    File::options().write(true).open(scene.path("a.log")).unwrap().set_len(0).unwrap();
    run.wait_err("rotascope: a.log was truncated from 4 bytes to 0 (#2 ended, #3 goes on)\n");
    scene.append("a.log", b"four\n");
    run.wait_err("==> a.log (#3) <==\n");
    assert_eq!(run.interrupt().0, Some(0));
}

#[test]
fn json_decodes_what_is_not_utf_8_and_keeps_its_bytes() {
    let scene = Scene::new();
    let wide: Vec<u8> = "\u{feff}INFO 用户\nlast 😀\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    scene.append("wide.log", &wide);
    scene.append("gbk.log", b"INFO \xd3\xc3\xbb\xa7\n");
    scene.append("marked.log", "\u{feff}one\n".as_bytes());
    let run = scene.follow(&["wide.log", "gbk.log", "marked.log", "--from", "start", "--json"]);
    run.wait("four lines", |run| objects(&run.out()).len() == 4);
    scene.append("wide.log", b"e\0");
    scene.append("wide.log", b"n\0d\0\n");
    scene.append("wide.log", b"\0");
    run.wait("a fifth line", |run| objects(&run.out()).len() == 5);
    let (code, out, _) = run.interrupt();
    assert_eq!(code, Some(0));
    let objects = objects(&out);
    let of = |text: &str| {
        let line = objects.iter().find(|one| one["text"] == text).unwrap_or_else(|| panic!("no {text} in {objects:?}"));
        (line["offset"].as_u64(), line["bytes_len"].as_u64(), line["bytes_base64"].as_str())
    };
    assert_eq!(of("one"), (Some(0), Some(7), None));
    assert!(objects.iter().any(|one| one["path"] == "gbk.log" && one["bytes_base64"] == "SU5GTyDTw7unCg=="));
    assert_eq!(objects.iter().filter(|one| one["text"] == "INFO 用户").count(), 2);
    assert_eq!((of("last 😀").0, of("last 😀").1), (Some(18), Some(16)));
    assert_eq!(of("end"), (Some(34), Some(8), Some("ZQBuAGQACgA=")));
}

#[test]
fn the_last_lines_of_wide_text_are_its_own() {
    let scene = Scene::new();
    let wide: Vec<u8> = "\u{feff}one\n\u{0a00}two\nlast\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    scene.append("wide.log", &wide);
    let run = scene.follow(&["wide.log", "--from", "-1", "--json"]);
    run.wait("a line", |run| !objects(&run.out()).is_empty());
    let (code, out, _) = run.interrupt();
    let objects = objects(&out);
    assert_eq!((code, objects.len(), &objects[0]["text"]), (Some(0), 1, &"last".into()));
}

#[test]
fn whoever_closes_the_pipe_hears_no_complaint() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let mut child =
        follow(&[scene.path("a.log").to_str().unwrap()]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut first = [0; 4];
    let mut pipe = child.stdout.take().unwrap();
    pipe.read_exact(&mut first).unwrap();
    drop(pipe);
    // Nothing more is written: that nobody reads is seen all the same.
    assert_eq!(wait_for_exit(&mut child), Some(0));
    let Output { stderr, .. } = child.wait_with_output().unwrap();
    assert_eq!((&first, stderr.as_slice()), (b"one\n", &b""[..]));
}

#[test]
fn a_reader_that_takes_nothing_costs_no_memory_and_no_end() {
    let scene = Scene::new();
    scene.append("a.log", &vec![b'x'; 64 << 20]);
    let mut child = follow(&[scene.path("a.log").to_str().unwrap(), "--from", "start", "--until-idle", "50ms"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let mut begun = vec![0; 1 << 20];
    pipe.read_exact(&mut begun).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let resident = resident_kib(child.id());
    assert!(resident < 40 << 10, "{resident} KiB");
    signal_process(child.id(), ProcessSignal::Terminate).unwrap();
    assert_eq!(wait_for_exit(&mut child), Some(0), "a full pipe keeps it from nothing");
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn patterns_folders_and_subfolders_take_in_what_comes() {
    let scene = Scene::new();
    scene.append("app-2026-11-22.log", b"a\nb\n");
    scene.append("app-2026-11-23.log", b"c\nd\n");
    set_age(&scene.path("app-2026-11-22.log"), 100);
    scene.append("other.log", b"no\n");
    let run = scene.follow(&["app-%Y-%m-%d.log", "--from", "-1"]);
    run.wait_out(b"d\n");
    scene.append("app-2026-11-24.log", b"e\n");
    scene.append("other.log", b"no\n");
    run.wait_out(b"d\ne\n");
    scene.append("app-2026-11-22.log", b"late\n");
    run.wait_out(b"d\ne\nlate\n");
    run.wait_err("==> app-2026-11-24.log (#");
    assert_eq!(run.interrupt().0, Some(0));

    let scene = Scene::new();
    scene.append("mark.log", b"begun\n");
    let run = scene.follow(&["*.log", "--recursive"]);
    run.wait_out(b"begun\n");
    fs::create_dir_all(scene.path("deep/er")).unwrap();
    scene.append("deep/er/x.log", b"deep\n");
    scene.append("deep/er/x.txt", b"no\n");
    run.wait_out(b"begun\ndeep\n");
    assert_eq!(run.interrupt().0, Some(0));
}

fn set_age(path: &Path, seconds: u64) {
    let then = std::time::SystemTime::now() - Duration::from_secs(seconds);
    OpenOptions::new().write(true).open(path).unwrap().set_modified(then).unwrap();
}

#[test]
fn the_file_that_the_output_goes_to_is_left_out() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let out = scene.path("out.log");
    let mut child = follow(&[scene.path("").to_str().unwrap(), "--from", "start", "--until-idle", "200ms"])
        .stdout(File::create(&out).unwrap())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(wait_for_exit(&mut child), Some(0));
    assert_eq!(fs::read(&out).unwrap(), b"one\n");
}

#[test]
fn the_file_that_the_sentences_go_to_is_left_out() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let (out, err) = (scene.dir.path().join("out"), scene.path("err.log"));
    let child = follow(&[scene.path("").to_str().unwrap(), "--from", "start", "--until-idle", "200ms"])
        .stdout(File::create(&out).unwrap())
        .stderr(File::create(&err).unwrap())
        .spawn()
        .unwrap();
    let (code, out, err) = Run { child, out, err }.end();
    assert_eq!((code, out.as_slice()), (Some(0), &b"one\n"[..]), "{err}");
    assert_eq!(err.matches("err.log is where these sentences go; it is left out\n").count(), 1, "{err}");
}

/// `rotascope follow . | tee -a all.log`, with `tee` started before or after the file was met.
#[cfg(target_os = "linux")]
#[test]
fn what_another_program_of_the_pipeline_writes_is_left_out() {
    for tee_is_first in [true, false] {
        let scene = Scene::new();
        scene.append("a.log", b"one\n");
        scene.append("all.log", b"");
        let (reader, writer) = std::io::pipe().unwrap();
        let mut reader = Some(reader);
        let mut tee = || {
            let mut command = Command::new("tee");
            command.arg("-a").arg(scene.path("all.log")).stdin(reader.take().unwrap());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let mut begun = tee_is_first.then(&mut tee);
        let err = scene.dir.path().join("err");
        let child = follow(&[".", "--from", "start"])
            .current_dir(scene.path(""))
            .stdout(writer)
            .stderr(File::create(&err).unwrap())
            .spawn()
            .unwrap();
        let run = Run { child, out: scene.path("all.log"), err };
        run.wait_err("==> a.log (#");
        let mut tee = begun.take().unwrap_or_else(tee);
        run.wait_out(b"one\n");
        run.wait_err("rotascope: all.log is where tee writes, which reads this output; it is left out\n");
        scene.append("a.log", b"two\n");
        run.wait_out(b"one\ntwo\n");
        let (code, out, err) = run.interrupt();
        wait_for_exit(&mut tee);
        assert_eq!((code, out.as_slice()), (Some(0), &b"one\ntwo\n"[..]), "{err}");
        assert!(!err.contains("==> all.log"), "{err}");
    }
}

/// Whoever reads what it started itself may write a log that is to be followed.
#[cfg(target_os = "linux")]
#[test]
fn what_a_program_writes_that_started_it_is_followed() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let mut own = OpenOptions::new().append(true).open(scene.path("a.log")).unwrap();
    let mut child = follow(&[scene.path("").to_str().unwrap(), "--until-idle", "300ms"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut pipe = child.stdout.take().unwrap();
    let mut lines = [0; 8];
    pipe.read_exact(&mut lines[..4]).unwrap();
    own.write_all(b"two\n").unwrap();
    pipe.read_exact(&mut lines[4..]).unwrap();
    assert_eq!((&lines, wait_for_exit(&mut child)), (b"one\ntwo\n", Some(0)));
}

#[test]
fn what_never_came_is_told_and_is_no_success() {
    let scene = Scene::new();
    fs::create_dir(scene.path("empty")).unwrap();
    scene.append("note.txt", b"no log\n");
    for (named, awaited) in [
        ("a.log", "a.log is not there yet; it is awaited"),
        ("*.log", "no file fits *.log yet; it is awaited"),
        ("nowhere/app-%Y.log", "no file fits nowhere/app-%Y.log yet; it is awaited"),
        ("empty", "there is no file to follow in empty yet; it is awaited"),
    ] {
        for format in [&[][..], &["--json"]] {
            let (code, out, err) = scene.follow(&[&[named, "--until-idle", "50ms"], format].concat()).end();
            let said = format!("rotascope: {awaited}\nrotascope: no file could be followed: {named}\n");
            assert_eq!((code, out, err), (Some(1), Vec::new(), said));
        }
    }
    let run = scene.follow(&["*.log", "*.txt", "--until-idle", "50ms"]);
    let (code, _, err) = run.end();
    assert_eq!(code, Some(0), "{err}");
    assert!(err.contains("no file fits *.log yet") && !err.contains("*.txt"), "{err}");
}

#[test]
fn what_is_awaited_is_said_once_and_followed_when_it_comes() {
    let scene = Scene::new();
    let run = scene.follow(&["*.log"]);
    run.wait_err("rotascope: no file fits *.log yet; it is awaited\n");
    scene.append("a.log", b"one\n");
    run.wait_out(b"one\n");
    let (code, _, err) = run.interrupt();
    assert_eq!((code, err.matches("awaited").count()), (Some(0), 1), "{err}");
}

#[test]
fn files_of_a_folder_that_are_no_text_are_counted() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    for name in ["a.log.1.gz", "a.log.2.zst"] {
        scene.append(name, b"packed");
    }
    let said = |named: &str| {
        let (code, out, err) = scene.follow(&[named, "--until-idle", "50ms"]).end();
        assert_eq!((code, out.as_slice()), (Some(0), &b"one\n"[..]), "{err}");
        err
    };
    assert!(said(".").contains("rotascope: 2 compressed files in . are left out\n"), "{}", said("."));
    assert!(said("*").contains("rotascope: 2 compressed files fitting * are left out\n"), "{}", said("*"));
    assert!(!said("*.log").contains("left out"));
    scene.append("b.bin", b"\x01\0\x01");
    assert!(said(".").contains("rotascope: 2 compressed and 1 binary files in . are left out\n"), "{}", said("."));
}

#[test]
fn what_makes_no_sense_is_refused() {
    let output = follow(&["logs/%Q.log"]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(error.starts_with("rotascope: logs/%Q.log: %Q can't be told"), "{error}");
}

/// What the system makes up when it is read has no size, and is not cut again and again for that.
#[cfg(target_os = "linux")]
#[test]
fn a_file_under_proc_is_read_once_and_holds_up_nothing() {
    let scene = Scene::new();
    scene.append("a.log", b"one\n");
    let (code, out, said) = scene.follow(&["/proc/version", "a.log", "--from", "start", "--until-idle", "300ms"]).end();
    let out = String::from_utf8_lossy(&out).into_owned();
    let mut lines: Vec<&str> = out.lines().collect();
    lines.sort_unstable();
    let version = fs::read_to_string("/proc/version").unwrap();
    assert_eq!((code, lines), (Some(0), vec![version.trim_end(), "one"]), "{said}");
}
