//! What each handler class does when its file is taken away.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod worker_common;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use rotascope::command::WorkerOrder;
use rotascope::event::{Exit, OpenReason, WorkerEvent, WorkerId};
use rotascope::handler::Class;
use worker_common::{Lab, clock, id_of, plan, seqs, stamps, with_links};

const WATCHING: [Class; 2] = [Class::Watched, Class::Daily];

/// A lab with one worker that has written some lines; its live file; and a second name of it outside the folder.
fn writing(class: Class) -> (Lab, PathBuf, PathBuf) {
    let mut lab = Lab::with_one(class, 1000.0);
    let (_, path, _, reason) = lab.wait_opened(0);
    assert_eq!(reason, OpenReason::First);
    let kept = lab.folder.path().join("kept");
    fs::hard_link(&path, &kept).unwrap();
    lab.wait_written(0, 20);
    (lab, path, kept)
}

/// Stops the lab and checks that every line stands in one of the files, once.
#[track_caller]
fn finish_whole(mut lab: Lab, files: &[&Path]) {
    lab.stop();
    let (launch, _) = lab.launched(0);
    let count = lab.last_count(0).unwrap();
    assert_eq!(count.failed, 0);
    assert_eq!(seqs(launch, files), (1..=count.written).collect::<Vec<_>>());
}

fn opens(lab: &Lab) -> usize {
    lab.events_of(0).filter(|event| matches!(event, WorkerEvent::Opened { .. })).count()
}

#[test]
fn plain_goes_on_into_the_deleted_file_in_silence() {
    let (mut lab, path, kept) = writing(Class::Plain);
    fs::remove_file(&path).unwrap();
    lab.wait_written(0, 50);
    assert!(!path.exists(), "nobody makes it anew");
    assert_eq!(opens(&lab), 1);
    finish_whole(lab, &[&kept]);
}

#[test]
fn plain_follows_a_renamed_file_and_does_not_see_a_replacement() {
    let (mut lab, path, _) = writing(Class::Plain);
    let moved = path.with_extension("1");
    fs::rename(&path, &moved).unwrap();
    File::create(&path).unwrap();
    lab.wait_written(0, 50);
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    assert_eq!(opens(&lab), 1);
    finish_whole(lab, &[&moved]);
}

#[test]
fn watching_classes_reopen_after_a_delete() {
    for class in WATCHING {
        let (mut lab, path, kept) = writing(class);
        let old = id_of(&path);
        fs::remove_file(&path).unwrap();
        let (new, opened, previous, reason) = lab.wait_opened(0);
        assert_eq!((&opened, previous, reason), (&path, Some(old), OpenReason::Gone), "{class:?}");
        lab.wait_written(0, 20);
        assert_eq!(id_of(&path), new);
        assert_ne!(new, old);
        finish_whole(lab, &[&kept, &path]);
    }
}

#[test]
fn watching_classes_reopen_after_a_rename() {
    for class in WATCHING {
        let (mut lab, path, _) = writing(class);
        let old = id_of(&path);
        let moved = path.with_extension("1");
        fs::rename(&path, &moved).unwrap();
        let (new, _, previous, reason) = lab.wait_opened(0);
        assert_eq!((previous, reason), (Some(old), OpenReason::Gone), "{class:?}");
        lab.wait_written(0, 20);
        assert_eq!((id_of(&moved), id_of(&path)), (old, new));
        finish_whole(lab, &[&moved, &path]);
    }
}

#[test]
fn watching_classes_reopen_after_a_replacement() {
    for class in WATCHING {
        let (mut lab, path, kept) = writing(class);
        let old = id_of(&path);
        let fresh = lab.folder.path().join("fresh");
        File::create(&fresh).unwrap();
        let replacement = id_of(&fresh);
        fs::rename(&fresh, &path).unwrap();
        let (new, _, previous, reason) = lab.wait_opened(0);
        assert_eq!((new, previous, reason), (replacement, Some(old), OpenReason::Changed), "{class:?}");
        lab.wait_written(0, 20);
        finish_whole(lab, &[&kept, &path]);
    }
}

#[test]
fn a_truncation_is_noticed_by_no_class_and_needs_no_reopening() {
    for class in [Class::Plain, Class::Watched, Class::Daily] {
        let (mut lab, path, _) = writing(class);
        File::options().write(true).open(&path).unwrap().set_len(0).unwrap();
        lab.wait_written(0, 20);
        lab.stop();
        assert_eq!(opens(&lab), 1, "{class:?}");
        let (launch, _) = lab.launched(0);
        let left = seqs(launch, &[&path]);
        assert_eq!(left.last(), lab.last_count(0).map(|count| count.written).as_ref());
        assert!(left.windows(2).all(|pair| pair[1] == pair[0] + 1), "appended from the start, no hole");
    }
}

#[test]
fn with_the_folder_gone_each_line_fails_until_it_is_back() {
    for class in WATCHING {
        let (mut lab, path, kept) = writing(class);
        fs::remove_dir_all(lab.logs()).unwrap();
        let (operation, failed_at, reason, torn) = lab.wait(0, "failed", |event| match event {
            WorkerEvent::EmitFailed { operation, path, reason, torn, .. } => {
                Some((operation.clone(), path.clone(), reason.clone(), *torn))
            }
            _ => None,
        });
        assert_eq!((operation.as_str(), &failed_at, torn), ("open", &path, false), "{class:?}");
        assert!(reason.contains("No such file"), "{reason}");
        lab.wait_written(0, 50);
        fs::create_dir(lab.logs()).unwrap();
        // As in Python the late open leaves the old device and inode remembered, so the file is opened once more.
        let (first, _, _, reason) = lab.wait_opened(0);
        assert_eq!(reason, OpenReason::Retry, "{class:?}");
        let (second, _, previous, reason) = lab.wait_opened(0);
        assert_eq!((second, previous, reason), (first, Some(first), OpenReason::Changed), "{class:?}");
        lab.wait_written(0, 20);
        lab.stop();

        let (launch, _) = lab.launched(0);
        let count = lab.last_count(0).unwrap();
        let (failed, torn) = lab.failures(0);
        assert_eq!((failed, torn), (count.failed, 0), "every failure is told");
        assert!(failed >= 50);
        let present = seqs(launch, &[&kept, &path]);
        assert_eq!(present.len() as u64 + failed, count.written, "{class:?}");
    }
}

#[test]
fn plain_does_not_notice_that_its_folder_is_gone() {
    let (mut lab, _, kept) = writing(Class::Plain);
    fs::remove_dir_all(lab.logs()).unwrap();
    lab.wait_written(0, 50);
    finish_whole(lab, &[&kept]);
}

#[test]
fn only_a_missing_file_counts_as_gone() {
    let (mut lab, path, kept) = writing(Class::Watched);
    let aside = lab.folder.path().join("aside");
    fs::rename(lab.logs(), &aside).unwrap();
    File::create(lab.logs()).unwrap();
    // A line that falls between the two lines above finds no folder at all, and fails at the open.
    lab.wait(0, "not a directory: raised into the application", |event| match event {
        WorkerEvent::EmitFailed { operation, .. } if operation == "stat" => Some(()),
        _ => None,
    });
    fs::remove_file(lab.logs()).unwrap();
    fs::rename(&aside, lab.logs()).unwrap();
    lab.wait_written(0, 50);
    lab.stop();
    // Unless a line fell between the two calls, when the path led nowhere, it still holds its first stream.
    let (launch, _) = lab.launched(0);
    let count = lab.last_count(0).unwrap();
    assert_eq!(seqs(launch, &[&kept]).len() as u64 + count.failed, count.written);
    assert_eq!(id_of(&path), id_of(&kept));
}

#[test]
fn daily_goes_over_to_the_next_day_at_midnight() {
    let mut lab = Lab::new(|logs| vec![plan("web-1", Class::Daily, &logs.join("deep/er"), 1000.0)]);
    lab.start(0, &clock("2026-05-09T23:59:57+08:00"));
    let (_, first, _, _) = lab.wait_opened(0);
    assert_eq!(first, lab.logs().join("deep/er/2026-05-09.log"), "it makes its folder itself");
    let (_, second, previous, reason) = lab.wait_opened(0);
    assert_eq!(second, lab.logs().join("deep/er/2026-05-10.log"));
    assert_eq!((previous, reason), (Some(id_of(&first)), OpenReason::Rollover));
    lab.wait_written(0, 20);
    // And back: a file of the day before is opened again, and appended to.
    lab.supervisor.set_clock(&clock("2026-05-09T22:00:00+08:00"));
    let (again, path, _, reason) = lab.wait_opened(0);
    assert_eq!((again, &path, reason), (id_of(&first), &first, OpenReason::Rollover));
    assert!(lab.events_of(0).any(|event| matches!(event, WorkerEvent::ClockSet)));
    lab.wait_written(0, 20);
    for (file, day) in [(&first, "2026-05-09"), (&second, "2026-05-10")] {
        let text = fs::read_to_string(file).unwrap();
        let strangers = text.lines().filter(|line| !line.contains(day)).count();
        // The time is taken before the file is chosen.
        assert!(strangers <= 1, "{strangers} lines of another day in {}", file.display());
    }
    finish_whole(lab, &[&first, &second]);
}

#[test]
fn a_folder_missing_at_midnight_leaves_dailys_stream_closed_for_ever() {
    let (mut lab, path, kept) = writing(Class::Daily);
    lab.order(0, WorkerOrder::Pause);
    lab.wait(0, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
    fs::remove_dir_all(lab.logs()).unwrap();
    lab.supervisor.set_clock(&clock("2026-05-10T00:00:00+08:00"));
    lab.order(0, WorkerOrder::Resume);
    let next_failure = |lab: &mut Lab| {
        lab.wait(0, "failed", |event| match event {
            WorkerEvent::EmitFailed { operation, reason, .. } => Some((operation.clone(), reason.clone())),
            _ => None,
        })
    };
    assert_eq!(next_failure(&mut lab).0, "open");
    let (operation, reason) = next_failure(&mut lab);
    assert_eq!(operation, "flush");
    assert!(reason.contains("closed file"), "{reason}");
    fs::create_dir(lab.logs()).unwrap();
    lab.wait_written(0, 50);
    lab.supervisor.set_clock(&clock("2026-05-11T00:00:00+08:00"));
    lab.wait(0, "clock", |event| matches!(event, WorkerEvent::ClockSet).then_some(()));
    lab.wait_written(0, 50);
    lab.stop();
    assert_eq!(fs::read_dir(lab.logs()).unwrap().count(), 0, "nothing is written on the days after either");
    let (launch, _) = lab.launched(0);
    let count = lab.last_count(0).unwrap();
    assert_eq!(seqs(launch, &[&kept]).len() as u64 + count.failed, count.written);
    assert_eq!(lab.failures(0).0, count.failed);
    assert!(!path.exists());
}

#[test]
fn a_worker_that_cannot_open_its_file_says_why_and_ends() {
    for (class, below, reason) in [
        (Class::Plain, "missing/a1.log", "No such file"),
        (Class::Watched, "missing/a1.log", "No such file"),
        (Class::Plain, "", "Is a directory"),
        (Class::Daily, "file/logs", "Not a directory"),
    ] {
        let mut lab = Lab::new(|logs| {
            File::create(logs.join("file")).unwrap();
            vec![plan("web-1", class, &logs.join(below), 0.0)]
        });
        lab.start(0, &clock("2026-05-09T12:10:00+08:00"));
        let told = lab.wait(0, "start failed", |event| match event {
            WorkerEvent::StartFailed { reason } => Some(reason.clone()),
            _ => None,
        });
        assert!(told.contains(reason) || told.contains("File exists"), "{class:?} {below}: {told}");
        assert!(told.contains(&*lab.logs().to_string_lossy()), "names the path: {told}");
        assert_eq!(lab.wait_exited(0), (Exit::Code(1), false));
        assert!(lab.last_count(0).is_none_or(|count| count.written == 0));
    }
}

#[test]
fn a_file_name_that_is_not_utf8_is_written_and_told_as_it_is() {
    let name = OsStr::from_bytes(b"a\xff\xfe.log");
    let mut lab = Lab::new(|logs| vec![plan("web-1", Class::Watched, &logs.join(name), 1000.0)]);
    lab.start(0, &clock("2026-05-09T12:10:00+08:00"));
    let (_, path, ..) = lab.wait_opened(0);
    assert_eq!(path, lab.logs().join(name));
    lab.wait_written(0, 5);
    finish_whole(lab, &[&path]);
}

#[test]
fn a_full_disk_is_told_and_survived() {
    let Some(disk) = SmallDisk::mount() else {
        println!("skipped: a small file system can't be mounted here");
        return;
    };
    let ballast = disk.folder.path().join("ballast");
    fs::write(&ballast, vec![b'x'; 40_000]).unwrap();
    let path = disk.folder.path().join("a1.log");
    let mut lab = Lab::new(|_| vec![plan("web-1", Class::Watched, &path, 0.0)]);
    lab.start(0, &clock("2026-05-09T12:10:00+08:00"));
    lab.wait(0, "no space", |event| match event {
        WorkerEvent::EmitFailed { operation, reason, .. } if reason.contains("No space") => {
            assert_eq!(operation, "write");
            Some(())
        }
        _ => None,
    });
    fs::remove_file(&ballast).unwrap();
    let before = fs::metadata(&path).unwrap().len();
    lab.until("written on", |_| fs::metadata(&path).unwrap().len() > before);
    lab.stop();
    assert_eq!(lab.wait_exited(0), (Exit::Code(0), true));
    let count = lab.last_count(0).unwrap();
    let (failed, torn) = lab.failures(0);
    assert_eq!(failed, count.failed);
    // A line behind a torn one is glued to the piece, and whole all the same.
    let (whole, other) = stamps_glued(&path, lab.launched(0).0.0);
    assert_eq!(whole + count.failed, count.written, "{torn} torn, {other} pieces");
    assert!(other <= torn, "{other} pieces of {torn} torn lines");
}

/// Whole lines, glued ones included; and lines that are only a piece.
fn stamps_glued(path: &Path, launch: u32) -> (u64, u64) {
    use rotascope::record::{Stamped, parse_stamp};
    let (mut whole, mut pieces) = (0, 0);
    for line in fs::read(path).unwrap().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        match parse_stamp(line) {
            Stamped::Whole { stamp, .. } if stamp.launch.0 == launch => whole += 1,
            _ => pieces += 1,
        }
    }
    (whole, pieces)
}

/// A file system of 64 KiB in memory.
struct SmallDisk {
    folder: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mount = std::process::Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(folder.path())
            .stderr(std::process::Stdio::null())
            .status();
        mount.is_ok_and(|status| status.success()).then_some(SmallDisk { folder })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = std::process::Command::new("umount").arg("-l").arg(self.folder.path()).status();
    }
}

#[test]
fn the_probe_keeps_every_file_that_was_written_to() {
    with_links("the_probe_keeps_every_file_that_was_written_to", |links| {
        let mut lab = Lab::with_one(Class::Watched, 0.0);
        let (_, path, ..) = lab.wait_opened(0);
        for _ in 0..20 {
            lab.wait_written(0, 20);
            fs::remove_file(&path).unwrap();
            lab.wait_opened(0);
        }
        lab.stop();
        let linked: Vec<PathBuf> = fs::read_dir(links).unwrap().map(|entry| entry.unwrap().path()).collect();
        let (files, gone): (Vec<_>, Vec<_>) =
            linked.iter().map(PathBuf::as_path).partition(|path| path.extension().is_none());
        assert_eq!(files.len() + gone.len(), 21);
        let (launch, _) = lab.launched(0);
        let written = lab.last_count(0).unwrap().written;
        if gone.is_empty() {
            assert_eq!(seqs(launch, &files), (1..=written).collect::<Vec<_>>(), "each line stands in one of them");
        }
        assert!(files.iter().any(|file| id_of(file) == id_of(&path)), "the live file too");
        let (_, other) = stamps(&path);
        assert_eq!(other, 0);
    });
}

#[test]
fn four_workers_on_one_file_tear_no_line() {
    let mut lab = Lab::new(|logs| {
        (1..=4).map(|number| plan(&format!("web-{number}"), Class::Watched, &logs.join("a1.log"), 0.0)).collect()
    });
    for worker in 0..4 {
        lab.start(worker, &clock("2026-05-09T12:10:00+08:00"));
    }
    for worker in 0..4 {
        lab.until("started", |lab| lab.last_count(worker).is_some_and(|count| count.written > 500));
    }
    lab.stop();
    let (whole, other) = stamps(&lab.logs().join("a1.log"));
    assert_eq!(other, 0);
    for worker in 0..4 {
        let (launch, _) = lab.launched(worker);
        let written = lab.last_count(worker).unwrap().written;
        assert_eq!(whole[&launch.0], (1..=written).collect::<Vec<_>>(), "worker {worker}, in order");
    }
    assert!(lab.supervisor.order(WorkerId(9), WorkerOrder::Pause).is_empty(), "no such worker");
}
