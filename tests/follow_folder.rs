//! Followed folders: what is followed in them, what is listed, and files without permission.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use follow_common::stepped::Stepped;
use follow_common::{Scene, append, concat, numbered, stage};
use rotascope::event::{EntryKind, FolderEntry, FollowEvent, IncarnationId, NotFollowed};
use rotascope::follow::{FollowOrder, Target};

fn listed(scene: &Scene) -> Vec<FolderEntry> {
    let listed = scene.follow_events().filter_map(|event| match event {
        FollowEvent::Listed { entries } => Some(entries.clone()),
        _ => None,
    });
    listed.last().unwrap_or_default()
}

fn listed_name(scene: &Scene, path: &Path) -> Option<FolderEntry> {
    listed(scene).into_iter().find(|entry| entry.path == path)
}

/// At the start the oldest file is read first; what is no log is listed and left alone.
#[test]
fn what_is_followed() {
    let dir = stage();
    let path = |name: &str| dir.path().join(name);
    for (name, age) in [("new.log", 10), ("old.log", 1000), ("middle.log", 100)] {
        append(&path(name), &numbered(name, 0..3));
        let time = SystemTime::now() - Duration::from_secs(age);
        File::options().append(true).open(path(name)).unwrap().set_modified(time).unwrap();
    }
    fs::write(path("old.log.gz"), "x\n").unwrap();
    fs::write(path(".hidden"), "x\n").unwrap();
    fs::write(path("binary"), b"\x7fELF\0\0\0\n").unwrap();
    fs::write(path("utf16"), b"\xff\xfea\0\n\0").unwrap();
    fs::create_dir(path("sub")).unwrap();
    std::os::unix::fs::symlink("nowhere", path("link")).unwrap();
    let target = Target::Folder(dir.path().to_owned());
    let mut scene = Scene::new(dir, &[target], false);
    scene.catch_up();
    let lines = scene.lines();
    let expected = concat(&[&numbered("old.log", 0..3), &numbered("middle.log", 0..3), &numbered("new.log", 0..3)]);
    assert_eq!(lines[..9], expected, "{}", scene.report());
    let told: Vec<(PathBuf, EntryKind, Option<NotFollowed>)> =
        listed(&scene).into_iter().map(|entry| (entry.path, entry.kind, entry.not_followed)).collect();
    let expected = [
        (".hidden", EntryKind::File, Some(NotFollowed::Pattern)),
        ("binary", EntryKind::File, Some(NotFollowed::Binary)),
        ("link", EntryKind::DanglingLink, Some(NotFollowed::NotAFile)),
        ("middle.log", EntryKind::File, None),
        ("new.log", EntryKind::File, None),
        ("old.log", EntryKind::File, None),
        ("old.log.gz", EntryKind::File, Some(NotFollowed::Compressed)),
        ("sub", EntryKind::Folder, Some(NotFollowed::NotAFile)),
        ("utf16", EntryKind::File, None),
    ];
    assert_eq!(told, expected.map(|(name, kind, why)| (scene.path(name), kind, why)));
    // Levels are counted only for what came since.
    append(&scene.path("new.log"), &["ERROR one\n".to_owned()]);
    let before = lines.len();
    scene.wait_lines(before + 1);
    let levels: u32 = scene
        .follow_events()
        .map(|event| match event {
            FollowEvent::Read(batch) => batch.levels.iter().sum(),
            _ => 0,
        })
        .sum();
    assert_eq!(levels, 1);
}

/// New names, new sizes of what is not followed, and names that go are listed.
#[test]
fn listing_follows_the_folder() {
    let dir = stage();
    let target = Target::Folder(dir.path().to_owned());
    let mut scene = Scene::new(dir, &[target], false);
    let (log, archive) = (scene.path("a.log"), scene.path("a.gz"));
    append(&log, &numbered("a", 0..1));
    fs::write(&archive, "12345").unwrap();
    scene.wait("both names", |scene| {
        listed_name(scene, &log).is_some_and(|entry| entry.incarnation.is_some())
            && listed_name(scene, &archive).is_some()
    });
    fs::write(&archive, "1234567890").unwrap();
    scene.wait("its size", |scene| listed_name(scene, &archive).is_some_and(|entry| entry.size == 10));
    fs::remove_file(&archive).unwrap();
    fs::remove_file(&log).unwrap();
    scene.wait("no names", |scene| listed(scene).is_empty());
}

/// The folder does not exist at first, goes, and comes again.
#[test]
fn folder_comes_and_goes() {
    let dir = stage();
    let folder = dir.path().join("d/logs");
    let mut scene = Scene::new(dir, &[Target::Folder(folder.clone())], true);
    for round in 0..3 {
        fs::create_dir_all(&folder).unwrap();
        append(&folder.join("a.log"), &numbered("a", 0..2));
        append(&folder.join("b.log"), &numbered("b", 0..2));
        scene.wait_lines(4 * (round + 1));
        fs::remove_dir_all(folder.parent().unwrap()).unwrap();
        scene.wait_kind("deleted", 2 * (round + 1));
    }
    scene.catch_up();
    assert_eq!(scene.kinds().len(), 12, "{}", scene.report());
}

/// A link in the folder leads nowhere at first: the folder does not change when what it leads to is made.
#[test]
fn a_link_in_a_folder_leads_somewhere_later() {
    let dir = stage();
    let folder = dir.path().join("logs");
    fs::create_dir(&folder).unwrap();
    std::os::unix::fs::symlink("../target", folder.join("app.log")).unwrap();
    let mut scene = Scene::new(dir, &[Target::Folder(folder)], false);
    // Until the folder is known not to have changed.
    scene.pass(Duration::from_secs(2));
    append(&scene.path("target"), &numbered("a", 0..2));
    scene.wait_lines(2);
    append(&scene.path("target"), &numbered("a", 2..3));
    scene.wait_lines(3);
    scene.assert_lines(&numbered("a", 0..3));
    scene.assert_kinds(&["created"]);
}

/// What was no text is followed once it has been cut and is text.
#[test]
fn what_was_binary_is_looked_at_again_when_it_is_cut() {
    let dir = stage();
    let folder = dir.path().join("logs");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("a.log"), [1, 0, 0].repeat(200)).unwrap();
    let mut scene = Scene::new(dir, &[Target::Folder(folder.clone())], false);
    assert!(scene.lines().is_empty());
    fs::write(folder.join("a.log"), numbered("a", 0..3).concat()).unwrap();
    scene.wait_lines(3);
    scene.assert_lines(&numbered("a", 0..3));
}

/// Dated files side by side, as at midnight: both go on being read.
#[test]
fn dated_files_side_by_side() {
    let dir = stage();
    let target = Target::Folder(dir.path().to_owned());
    let mut scene = Scene::new(dir, &[target], true);
    let (old, new) = (scene.path("2026-11-23.log"), scene.path("2026-11-24.log"));
    append(&old, &numbered("old", 0..3));
    append(&new, &numbered("new", 0..3));
    append(&old, &numbered("old", 3..6));
    scene.wait_lines(9);
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("old", 0..6));
    assert_eq!(scene.lines_of(2), numbered("new", 0..3));
}

/// E5: no permission for a while. Needs a user other than root; root runs it as `nobody`.
#[test]
fn e5_without_permission() {
    if is_root() {
        run_as_nobody("e5_without_permission");
        return;
    }
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..2));
    scene.wait_lines(2);
    fs::set_permissions(scene.p(), fs::Permissions::from_mode(0o000)).unwrap();
    scene.wait_kind("inaccessible", 1);
    fs::set_permissions(scene.p(), fs::Permissions::from_mode(0o644)).unwrap();
    scene.wait_kind("accessible", 1);
    append(&scene.p(), &numbered("a", 2..4));
    scene.wait_lines(4);
    // A file that could never be opened is no file that is gone.
    let other = scene.path("other");
    append(&other, &numbered("b", 0..2));
    fs::set_permissions(&other, fs::Permissions::from_mode(0o000)).unwrap();
    fs::rename(&other, scene.p()).unwrap();
    scene.wait_kind("inaccessible", 2);
    fs::set_permissions(scene.p(), fs::Permissions::from_mode(0o600)).unwrap();
    scene.wait_lines(6);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..4), &numbered("b", 0..2)]));
    scene.assert_kinds(&["created", "inaccessible", "accessible", "inaccessible", "accessible", "replaced"]);
    println!("e5 ran");
}

/// A7, E5: what came and went between two looks, and may not be read where it is now, is told as missed.
#[test]
fn e5_gone_on_without_permission() {
    if is_root() {
        run_as_nobody("e5_gone_on_without_permission");
        return;
    }
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..2));
    scene.look();
    scene.rename("P", "P.3");
    for (name, lines) in [("P.2", numbered("b", 0..2)), ("P.1", numbered("c", 0..2))] {
        scene.append("P", &lines);
        scene.rename("P", name);
    }
    fs::set_permissions(scene.path("P.2"), fs::Permissions::from_mode(0o000)).unwrap();
    scene.append("P", &numbered("d", 0..2));
    scene.look();
    scene.look();
    scene.assert_text(&[&numbered("a", 0..2), &numbered("c", 0..2), &numbered("d", 0..2)]);
    assert_eq!(scene.kinds().iter().filter(|kind| **kind == "missed").count(), 1, "{}", scene.report());
    println!("e5 ran");
}

fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.strip_prefix("Uid:").is_some_and(|ids| ids.split_whitespace().nth(1) == Some("0")))
}

fn run_as_nobody(test: &str) {
    let dir = stage();
    let program = dir.path().join("test");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let ran = Command::new("setpriv")
        .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
        .arg(&program)
        .args(["--exact", test, "--nocapture"])
        .current_dir("/tmp")
        .env_remove("TMPDIR")
        .output();
    match ran {
        Ok(output) => {
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && text.contains("e5 ran"), "{text}");
        }
        Err(error) => println!("skipped {test}: setpriv could not be run ({error})"),
    }
}

/// E4: more files than descriptors. Those that can't be opened are no files that are gone; they are tried again.
#[test]
fn e4_too_many_files() {
    const CHILD: &str = "ROTASCOPE_TEST_FEW_DESCRIPTORS";
    if std::env::var_os(CHILD).is_none() {
        let output = Command::new("sh")
            .args(["-c", "ulimit -n 40; exec \"$0\" --exact e4_too_many_files --nocapture"])
            .arg(std::env::current_exe().unwrap())
            .env(CHILD, "1")
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && text.contains("e4 ran"), "{text}");
        return;
    }
    let dir = stage();
    let path = |number: usize| dir.path().join(format!("{number:02}.log"));
    for number in 0..40 {
        append(&path(number), &numbered("a", 0..2));
    }
    let target = Target::Folder(dir.path().to_owned());
    // In a lab nothing is closed to make room.
    let mut scene = Scene::new(dir, &[target], true);
    scene.wait_kind("inaccessible", 1);
    let held = scene.arrived.len() / 2;
    assert!((1..40).contains(&held), "{}", scene.report());
    // Some go: their descriptors are given back one by one, and the others get their turn.
    for number in 0..10 {
        fs::remove_file(scene.path(&format!("{number:02}.log"))).unwrap();
    }
    scene.wait_kind("deleted", 10);
    for id in 1..=10 {
        scene.order(FollowOrder::Release(IncarnationId(id)));
    }
    scene.wait("more of them", |scene| scene.arrived.len() / 2 > held);
    scene.catch_up();
    let deleted = scene.kinds().iter().filter(|kind| **kind == "deleted").count();
    assert_eq!(deleted, 10, "{}", scene.report());
    println!("e4 ran");
}
