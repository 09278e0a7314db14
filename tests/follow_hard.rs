//! The follower under hard conditions, as the real executable: stopped while much happens, without watches, with a
//! clock that is set, with a burst and a slow reader. What can't be set up here is skipped, and that is printed.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use rotascope::platform::{ProcessSignal, signal_process};

/// The machine may be busy: a wait fails only after this.
const DEADLINE: Duration = Duration::from_secs(60);

struct Run {
    child: Child,
    dir: tempfile::TempDir,
}

impl Run {
    /// Follows `P` in a fresh folder; `with` is the command in front of the program.
    fn start(with: &[&str], arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Run {
        let dir = tempfile::Builder::new().prefix("hard-").tempdir().unwrap();
        fs::write(dir.path().join("P"), "first\n").unwrap();
        let words: Vec<&str> = with.iter().copied().chain([env!("CARGO_BIN_EXE_rotascope")]).collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(["follow", "--from", "start"]).args(arguments).arg("P");
        command.current_dir(dir.path()).stdin(Stdio::null());
        command.stdout(File::create(dir.path().join("out")).unwrap());
        command.stderr(File::create(dir.path().join("err")).unwrap());
        prepare(&mut command);
        Run { child: command.spawn().unwrap(), dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn append(&self, name: &str, text: &str) {
        let mut file = OpenOptions::new().create(true).append(true).open(self.path(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }

    fn told(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Two rotations while it stands still, both lives compressed: nobody has seen the one in the middle.
    fn rotate_unseen(&self, between: impl FnOnce(&Run)) {
        let gzip = |name: &str| {
            assert!(Command::new("gzip").arg(self.path(name)).status().unwrap().success());
        };
        self.stop();
        self.rename("P", "P.1");
        gzip("P.1");
        self.append("P", "in the middle\n");
        between(self);
        self.rename("P.1.gz", "P.2.gz");
        self.rename("P", "P.1");
        gzip("P.1");
        self.append("P", "the last\n");
        signal_process(self.child.id(), ProcessSignal::Continue).unwrap();
    }

    /// It stands still from now on: not once the signal is sent, but once each of its threads has it.
    fn stop(&self) {
        let pid = self.child.id();
        signal_process(pid, ProcessSignal::Stop).unwrap();
        let stopped = |task: fs::DirEntry| {
            let status = fs::read_to_string(task.path().join("status")).unwrap_or_default();
            status.lines().any(|line| line.starts_with("State:\tT"))
        };
        self.wait("it stands still", |_| fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten().all(stopped));
    }

    fn wait(&self, what: &str, condition: impl Fn(&Run) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !condition(self) {
            assert!(Instant::now() < deadline, "waited in vain: {what}\n{}\n{}", self.told("out"), self.told("err"));
            std::thread::sleep(Duration::from_millis(5)); // poll
        }
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// E1: more happens while the follower is stopped than the system's queue holds.
#[test]
fn e1_notifications_overflow() {
    let run = Run::start(&[], &["--json"], |_| {});
    run.wait("the first line", |run| run.told("out").contains("first"));
    run.stop();
    run.append("P", "second\n");
    for _ in 0..9000 {
        File::create(run.path("x")).unwrap();
        fs::rename(run.path("x"), run.path("y")).unwrap();
    }
    fs::rename(run.path("P"), run.path("P.1")).unwrap();
    run.append("P.1", "third\n");
    run.append("P", "fourth\n");
    signal_process(run.child.id(), ProcessSignal::Continue).unwrap();
    run.wait("the last line", |run| run.told("out").contains("fourth"));
    run.append("P.1", "fifth\n");
    run.append("P", "sixth\n");
    run.wait("what came after", |run| run.told("out").contains("fifth") && run.told("out").contains("sixth"));
    let out = run.told("out");
    for line in ["first", "second", "third", "fourth", "fifth", "sixth"] {
        assert_eq!(out.matches(&format!("\"text\":\"{line}\"")).count(), 1, "{line}: {out}");
    }
    for kind in ["overflow", "renamed", "created"] {
        assert!(out.contains(&format!("\"kind\":\"{kind}\"")), "{kind}: {out}");
    }
}

/// E2: no watch is left. The files are looked at regularly, and that is said.
#[test]
fn e2_watches_used_up() {
    let Some(with) = without_watches() else {
        println!("skipped e2_watches_used_up: no user namespace with a limit of its own can be made here");
        return;
    };
    let run = Run::start(&with, &[], |_| {});
    run.wait("the sentence", |run| run.told("err").contains("can't be watched"));
    // Only a file that was opened keeps its thread: without watches one that is gone before the first look was missed.
    run.wait("the first line", |run| run.told("out") == "first\n");
    run.append("P", "second\n");
    fs::rename(run.path("P"), run.path("P.1")).unwrap();
    run.append("P", "third\n");
    run.wait("the lines", |run| run.told("out") == "first\nsecond\nthird\n");
}

/// The command in front of a program that can watch nothing. A user namespace has a limit of its own: the machine's
/// stays as it is.
fn without_watches() -> Option<[&'static str; 6]> {
    let possible = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", "echo 0 > /proc/sys/user/max_inotify_watches"])
        .stderr(Stdio::null())
        .status();
    let limit = "echo 0 > /proc/sys/user/max_inotify_watches && exec \"$0\" \"$@\"";
    possible.is_ok_and(|status| status.success()).then_some(["unshare", "--user", "--map-root-user", "sh", "-c", limit])
}

/// After notifications were lost, what was rotated away and compressed unseen is found and read.
#[test]
fn an_archive_is_read_after_an_overflow() {
    let run = Run::start(&[], &["--json"], |_| {});
    run.wait("the first line", |run| run.told("out").contains("first"));
    run.rotate_unseen(|run| {
        for _ in 0..9000 {
            File::create(run.path("x")).unwrap();
            fs::rename(run.path("x"), run.path("y")).unwrap();
        }
    });
    run.wait("the last line", |run| run.told("out").contains("the last"));
    run.append("P", "and on\n");
    run.wait("what came after", |run| run.told("out").contains("and on"));
    let out = run.told("out");
    assert!(out.contains("\"kind\":\"overflow\""), "{out}");
    assert_eq!(texts(&out), ["first", "in the middle", "the last", "and on"], "{out}");
}

/// Each archive takes the place of the one before: whose life nobody can read any more is told of, also where the file
/// that had the path until then was seen only just before.
#[test]
fn a_life_whose_archive_was_overwritten_unseen_is_missed() {
    let run = Run::start(&[], &["--json"], |_| {});
    run.wait("the first line", |run| run.told("out").contains("first"));
    run.stop();
    for line in ["lost\n", "in the archive\n", "the last\n"] {
        run.rename("P", "P.1");
        run.append("P", line);
    }
    signal_process(run.child.id(), ProcessSignal::Continue).unwrap();
    run.wait("the last line", |run| run.told("out").contains("the last"));
    run.wait("what was missed", |run| run.told("out").contains("\"kind\":\"missed\""));
    let out = run.told("out");
    assert_eq!(texts(&out), ["first", "in the archive", "the last"], "{out}");
    assert_eq!(out.matches("\"kind\":\"missed\"").count(), 1, "{out}");
}

/// The same where nothing is heard at all.
#[test]
fn an_archive_is_read_while_polling() {
    let Some(with) = without_watches() else {
        println!(
            "skipped an_archive_is_read_while_polling: no user namespace with a limit of its own can be made here"
        );
        return;
    };
    let run = Run::start(&with, &["--json"], |_| {});
    run.wait("the sentence", |run| run.told("err").contains("can't be watched"));
    run.wait("the first line", |run| run.told("out").contains("first"));
    run.rotate_unseen(|_| {});
    run.wait("the last line", |run| run.told("out").contains("the last"));
    // A copy that is compressed before anybody looks.
    run.stop();
    run.append("P", "unread\n");
    fs::copy(run.path("P"), run.path("P.3")).unwrap();
    OpenOptions::new().write(true).open(run.path("P")).unwrap().set_len(0).unwrap();
    assert!(Command::new("gzip").arg(run.path("P.3")).status().unwrap().success());
    run.append("P", "and on\n");
    signal_process(run.child.id(), ProcessSignal::Continue).unwrap();
    run.wait("what came after", |run| run.told("out").contains("and on"));
    let out = run.told("out");
    assert_eq!(texts(&out), ["first", "in the middle", "the last", "unread", "and on"], "{out}");
}

/// The lines in their order.
fn texts(out: &str) -> Vec<String> {
    let parts = out.split("\"text\":\"").skip(1).filter_map(|rest| rest.split('"').next());
    parts.map(str::to_owned).collect()
}

/// G3: the wall clock is set back an hour and forward again, for the program alone.
#[test]
fn g3_clock_set() {
    let dir = tempfile::tempdir().unwrap();
    let Some(shim) = clock_shim(dir.path()) else { return };
    let ahead = dir.path().join("ahead");
    fs::write(&ahead, "0").unwrap();
    let run = Run::start(&[], &["--json"], |command| {
        command.env("LD_PRELOAD", &shim).env("CLOCK_AHEAD", &ahead);
    });
    run.wait("the first line", |run| run.told("out").contains("first"));
    let jumps = |run: &Run| run.told("out").matches("\"kind\":\"clock_jump\"").count();
    fs::write(&ahead, "-3600").unwrap();
    run.wait("the way back", |run| jumps(run) == 1);
    run.append("P", "second\n");
    File::options().append(true).open(run.path("P")).unwrap().set_modified(hour_ago()).unwrap();
    run.wait("the second line", |run| run.told("out").contains("second"));
    fs::write(&ahead, "0").unwrap();
    run.wait("the way forward", |run| jumps(run) == 2);
    fs::rename(run.path("P"), run.path("P.1")).unwrap();
    run.append("P", "third\n");
    run.wait("the third line", |run| run.told("out").contains("third"));
    let out = run.told("out");
    assert_eq!((out.matches("\"type\":\"line\"").count(), jumps(&run)), (3, 2), "{out}");
    let by: Vec<i64> =
        out.split("\"jump_ms\":").skip(1).filter_map(|rest| rest.split([',', '}']).next()?.parse().ok()).collect();
    assert!((-3_600_500..-3_599_500).contains(&by[0]) && (3_599_500..3_600_500).contains(&by[1]), "{by:?}");
}

fn hour_ago() -> std::time::SystemTime {
    std::time::SystemTime::now() - Duration::from_secs(3600)
}

/// A library that sets the wall clock of the program that is started with it.
fn clock_shim(dir: &Path) -> Option<PathBuf> {
    const SOURCE: &str = r#"
        #define _GNU_SOURCE
        #include <stdio.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <time.h>
        #include <unistd.h>
        int clock_gettime(clockid_t clock, struct timespec *now) {
            int result = syscall(SYS_clock_gettime, clock, now);
            const char *path = getenv("CLOCK_AHEAD");
            if (clock == CLOCK_REALTIME && path != NULL) {
                FILE *file = fopen(path, "r");
                long ahead = 0;
                if (file != NULL && fscanf(file, "%ld", &ahead) == 1) now->tv_sec += ahead;
                if (file != NULL) fclose(file);
            }
            return result;
        }"#;
    let (source, shim) = (dir.join("shim.c"), dir.join("shim.so"));
    fs::write(&source, SOURCE).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&shim).arg(&source).status();
    if !built.is_ok_and(|status| status.success()) {
        println!("skipped g3_clock_set: no C compiler");
        return None;
    }
    Some(shim)
}

/// A14: a burst of 300 MB, two rotations, and a reader that is slow at first: nothing is lost, nothing piles up.
#[test]
fn a14_burst_and_slow_reader() {
    const PART: usize = 100 << 20;
    let mut run = Run::start(&[], &[], |command| {
        command.stdout(Stdio::piped());
    });
    let mut stdout = run.child.stdout.take().unwrap();
    let mut first = [0; 6];
    stdout.read_exact(&mut first).unwrap();
    assert_eq!(&first, b"first\n");
    let mut block = vec![b'x'; 1 << 20];
    block[(1 << 20) - 1] = b'\n';
    for part in 0..3_u8 {
        let mut file = OpenOptions::new().create(true).append(true).open(run.path("P")).unwrap();
        block[0] = b'0' + part;
        (0..PART / block.len()).for_each(|_| file.write_all(&block).unwrap());
        if part < 2 {
            fs::rename(run.path("P"), run.path(&format!("P.{part}"))).unwrap();
        }
    }
    std::thread::sleep(Duration::from_millis(500)); // slow
    for part in 0..3 {
        assert_eq!(take(&mut stdout, PART), [b'0' + part], "{}", run.told("err"));
    }
    let status = fs::read_to_string(format!("/proc/{}/status", run.child.id())).unwrap();
    let peak: u64 =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok()).unwrap();
    assert!(peak < 64 << 10, "{peak} kB of memory");
}

/// Which lines come in the next so many bytes, by their first byte.
fn take(stdout: &mut ChildStdout, bytes: usize) -> Vec<u8> {
    let mut kinds = Vec::new();
    let mut block = vec![0; 1 << 20];
    for _ in 0..bytes / block.len() {
        stdout.read_exact(&mut block).unwrap();
        if kinds.last() != Some(&block[0]) {
            kinds.push(block[0]);
        }
    }
    kinds
}
