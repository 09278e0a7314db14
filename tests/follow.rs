//! The follower, held against the cases that the field has collected: each test is one of them, step by step.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs;
use std::time::Duration;

use follow_common::{Scene, Writer, append, concat, numbered, stage};
use rotascope::event::{EntryKind, FollowEvent, IncarnationId, Origin};
use rotascope::follow::Target;

const HALF_SECOND: Duration = Duration::from_millis(500);

/// A1: rotation by rename.
#[test]
fn a1_rename_and_create() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..6));
    scene.wait_lines(6);
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    scene.pass(HALF_SECOND);
    append(&scene.p(), &numbered("b", 0..3));
    scene.wait_lines(9);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..6), &numbered("b", 0..3)]));
    scene.assert_kinds(&["created", "renamed", "created"]);
}

/// A2: the old file is read to its end before the first line of the new one.
#[test]
fn a2_old_file_is_drained_first() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &[]);
    scene.wait_kind("created", 1);
    append(&scene.p(), &numbered("a", 0..2000));
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("b", 0..3));
    scene.wait_lines(2003);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..2000), &numbered("b", 0..3)]));
    scene.assert_kinds(&["created", "renamed", "created"]);
}

/// A3: a writer that keeps the renamed file goes on being read.
#[test]
fn a3_old_writer_goes_on() {
    let mut scene = Scene::of_path();
    let mut first = Writer::open(&scene.p());
    first.lines(&numbered("w1", 0..2));
    scene.wait_lines(2);
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    let mut second = Writer::open(&scene.p());
    for round in 0..5 {
        first.lines(&numbered("w1", 2 + round..3 + round));
        second.lines(&numbered("w2", round..round + 1));
        scene.pass(Duration::from_millis(300));
    }
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("w1", 0..7), "{}", scene.report());
    assert_eq!(scene.lines_of(2), numbered("w2", 0..5), "{}", scene.report());
    scene.assert_kinds(&["created", "renamed", "created"]);
}

/// A4: the old file is read on while there is no new one.
#[test]
fn a4_old_writer_goes_on_before_the_new_file() {
    let mut scene = Scene::of_path();
    let mut first = Writer::open(&scene.p());
    first.lines(&numbered("w1", 0..1));
    scene.wait_lines(1);
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    for line in 1..5 {
        first.lines(&numbered("w1", line..line + 1));
        scene.pass(Duration::from_millis(400));
    }
    append(&scene.p(), &numbered("w2", 0..2));
    scene.wait_lines(7);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("w1", 0..5), &numbered("w2", 0..2)]));
    assert_eq!(scene.lines_of(1), numbered("w1", 0..5));
    scene.assert_kinds(&["created", "renamed", "created"]);
}

/// A11: moved away and back.
#[test]
fn a11_away_and_back() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..3));
    scene.wait_lines(3);
    fs::rename(scene.p(), scene.path("P.x")).unwrap();
    scene.pass(Duration::from_millis(1500));
    fs::rename(scene.path("P.x"), scene.p()).unwrap();
    append(&scene.p(), &numbered("a", 3..5));
    scene.wait_lines(5);
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("a", 0..5), "{}", scene.report());
    assert_eq!(scene.arrived.len(), 5);
    scene.assert_kinds(&["created", "renamed", "renamed"]);
}

/// B1: lines that go into an unlinked file.
#[test]
fn b1_unlinked_file_goes_on() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.lines(&numbered("a", 0..2));
    scene.wait_lines(2);
    let size = fs::metadata(scene.p()).unwrap().len();
    fs::remove_file(scene.p()).unwrap();
    scene.wait_kind("deleted", 1);
    for line in 2..6 {
        writer.lines(&numbered("a", line..line + 1));
        scene.pass(Duration::from_millis(300));
    }
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("a", 0..6), "{}", scene.report());
    scene.assert_kinds(&["created", "deleted"]);
    let cut = scene.follow_events().find_map(|event| match event {
        FollowEvent::Deleted { cut, replaced: false, .. } => Some(*cut),
        _ => None,
    });
    let cut = cut.unwrap();
    assert!(!cut.exact && cut.offset == size, "{cut:?}");
}

/// B2: deleted, and created later.
#[test]
fn b2_delete_and_create() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..3));
    scene.wait_lines(3);
    fs::remove_file(scene.p()).unwrap();
    scene.pass(Duration::from_millis(1500));
    append(&scene.p(), &numbered("b", 0..3));
    scene.wait_lines(6);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..3), &numbered("b", 0..3)]));
    scene.assert_kinds(&["created", "deleted", "created"]);
}

/// B2 at once: the same events, though both came between two looks.
#[test]
fn b2_delete_and_create_at_once() {
    for _ in 0..20 {
        let mut scene = Scene::of_path();
        append(&scene.p(), &numbered("a", 0..3));
        scene.wait_lines(3);
        fs::remove_file(scene.p()).unwrap();
        append(&scene.p(), &numbered("b", 0..3));
        scene.wait_lines(6);
        scene.catch_up();
        scene.assert_lines(&concat(&[&numbered("a", 0..3), &numbered("b", 0..3)]));
        scene.assert_kinds(&["created", "deleted", "created"]);
    }
}

/// B5: replaced by rename.
#[test]
fn b5_replaced() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..3));
    scene.wait_lines(3);
    append(&scene.p(), &numbered("a", 3..5));
    append(&scene.path("P.new"), &numbered("b", 0..3));
    fs::rename(scene.path("P.new"), scene.p()).unwrap();
    scene.wait_lines(8);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..5), &numbered("b", 0..3)]));
    scene.assert_kinds(&["created", "replaced"]);
    let replaced = scene.follow_events().any(|event| {
        let previous = IncarnationId(1);
        matches!(event, FollowEvent::Created { origin: Origin::Replaced { previous: of }, .. } if *of == previous)
    });
    let deleted = scene.follow_events().any(|event| matches!(event, FollowEvent::Deleted { replaced: true, .. }));
    assert!(replaced && deleted, "{}", scene.report());
}

/// B9: the path becomes a folder, a pipe, and a file again.
#[test]
fn b9_not_a_file() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..2));
    scene.wait_lines(2);
    fs::remove_file(scene.p()).unwrap();
    fs::create_dir(scene.p()).unwrap();
    scene.wait_kind("not_a_file", 1);
    fs::remove_dir(scene.p()).unwrap();
    let status = std::process::Command::new("mkfifo").arg(scene.p()).status().unwrap();
    assert!(status.success());
    scene.wait_kind("not_a_file", 2);
    fs::remove_file(scene.p()).unwrap();
    append(&scene.p(), &numbered("b", 0..2));
    scene.wait_lines(4);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..2), &numbered("b", 0..2)]));
    scene.assert_kinds(&["created", "deleted", "not_a_file", "not_a_file", "created"]);
    let kinds: Vec<EntryKind> = scene
        .follow_events()
        .filter_map(|event| match event {
            FollowEvent::NotAFile { kind, .. } => Some(*kind),
            _ => None,
        })
        .collect();
    assert_eq!(kinds, [EntryKind::Folder, EntryKind::Special]);
}

/// C1: truncated, and written to later.
#[test]
fn c1_truncated() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..4));
    scene.wait_lines(4);
    let size = fs::metadata(scene.p()).unwrap().len();
    fs::OpenOptions::new().write(true).open(scene.p()).unwrap().set_len(0).unwrap();
    scene.pass(Duration::from_millis(1500));
    append(&scene.p(), &numbered("b", 0..3));
    scene.wait_lines(7);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..4), &numbered("b", 0..3)]));
    scene.assert_kinds(&["created", "truncated"]);
    assert_truncated(&scene, size, 0);
    assert_eq!(scene.lines_of(2), numbered("b", 0..3));
}

fn assert_truncated(scene: &Scene, size: u64, at: u64) {
    let told = scene.follow_events().find_map(|event| match event {
        FollowEvent::Truncated { old_size, read, kept, .. } => Some((*old_size, *read, *kept)),
        _ => None,
    });
    assert_eq!(told, Some((size, size, at)), "{}", scene.report());
    let began = scene.follow_events().find_map(|event| match event {
        FollowEvent::Created { start_offset, origin: Origin::Truncated { .. }, .. } => Some(*start_offset),
        _ => None,
    });
    assert_eq!(began, Some(at));
}

/// C1 to a size above 0: the new life starts there.
#[test]
fn c1_truncated_to_a_part() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..4000));
    scene.wait_lines(4000);
    let size = fs::metadata(scene.p()).unwrap().len();
    fs::OpenOptions::new().write(true).open(scene.p()).unwrap().set_len(33_003).unwrap();
    scene.wait_kind("truncated", 1);
    append(&scene.p(), &numbered("b", 0..3));
    scene.wait_lines(4003);
    scene.catch_up();
    assert_truncated(&scene, size, 33_003);
    assert_eq!(scene.lines_of(2), numbered("b", 0..3));
    // Of the old life only what still stands can be read; nothing of the new one shows up under its number.
    let mut text = vec![0; 100_000];
    assert_eq!(scene.texts().read_at(IncarnationId(1), 0, &mut text).unwrap(), 33_003);
    assert!(scene.texts().read_at(IncarnationId(1), 33_003, &mut text).is_err());
}

/// C2 with less than before: the few new lines are not taken for what a cut has left. So little is new each time that
/// only the very beginning of the file can tell.
#[test]
fn c2_emptied_and_begun_anew_between_two_looks() {
    let mut scene = Scene::of_path();
    let mut all = numbered("a", 0..4000);
    append(&scene.p(), &all);
    scene.wait_lines(all.len());
    fs::OpenOptions::new().write(true).open(scene.p()).unwrap().set_len(33_003).unwrap();
    scene.wait_kind("truncated", 1);
    for round in 0..40 {
        let next = numbered(&format!("{round}b"), 0..1 + round % 3);
        fs::write(scene.p(), next.concat()).unwrap();
        all.extend(next);
        scene.wait_lines(all.len());
    }
    scene.catch_up();
    scene.assert_lines(&all);
}

/// C2: truncated and refilled beyond the old size, between two looks.
#[test]
fn c2_truncated_and_refilled() {
    let mut scene = Scene::of_path();
    let old: Vec<String> = (0..6).map(|number| format!("old line {number:03}\n")).collect();
    assert_eq!(old.concat().len(), 78);
    append(&scene.p(), &old);
    scene.wait_lines(6);
    let new: Vec<String> = (0..37).map(|number| format!("the new line number {number:05}\n")).collect();
    assert_eq!(new.concat().len(), 962);
    fs::write(scene.p(), new.concat()).unwrap();
    scene.wait_lines(43);
    scene.catch_up();
    scene.assert_lines(&concat(&[&old, &new]));
    scene.assert_kinds(&["created", "truncated"]);
}

/// C3: other content of the same length.
#[test]
fn c3_refilled_to_the_same_length() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..6));
    scene.wait_lines(6);
    fs::write(scene.p(), numbered("b", 0..6).concat()).unwrap();
    scene.wait_lines(12);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..6), &numbered("b", 0..6)]));
    scene.assert_kinds(&["created", "truncated"]);
}

/// D1: a link to what does not exist yet.
#[test]
fn d1_link_to_a_later_file() {
    let dir = stage();
    std::os::unix::fs::symlink(dir.path().join("elsewhere/t"), dir.path().join("P")).unwrap();
    fs::create_dir(dir.path().join("elsewhere")).unwrap();
    let path = dir.path().join("P");
    let mut scene = Scene::new(dir, &[Target::Path(path)], false);
    append(&scene.path("elsewhere/t"), &numbered("a", 0..3));
    scene.wait_lines(3);
    scene.catch_up();
    scene.assert_lines(&numbered("a", 0..3));
    scene.assert_kinds(&["created"]);
}

/// D8: the folder does not exist yet.
#[test]
fn d8_missing_folder() {
    let dir = stage();
    let path = dir.path().join("missing/deep/P");
    let mut scene = Scene::new(dir, &[Target::Path(path.clone())], false);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    append(&path, &numbered("a", 0..3));
    scene.wait_lines(3);
    append(&path, &numbered("a", 3..5));
    scene.wait_lines(5);
    scene.catch_up();
    scene.assert_lines(&numbered("a", 0..5));
    scene.assert_kinds(&["created"]);
}

/// D9: the folder goes and comes back.
#[test]
fn d9_folder_removed_and_made_again() {
    let dir = stage();
    let folder = dir.path().join("d");
    let path = folder.join("P");
    fs::create_dir(&folder).unwrap();
    let mut scene = Scene::new(dir, &[Target::Path(path.clone())], false);
    let mut kinds = Vec::new();
    let mut lines = Vec::new();
    for round in 0..5 {
        let some = numbered(&format!("round {round}"), 0..3);
        append(&path, &some);
        lines.extend(some);
        scene.wait_lines(lines.len());
        fs::remove_dir_all(&folder).unwrap();
        fs::create_dir(&folder).unwrap();
        kinds.extend(["created", "deleted"]);
    }
    append(&path, &numbered("last", 0..3));
    lines.extend(numbered("last", 0..3));
    kinds.push("created");
    scene.wait_lines(lines.len());
    scene.catch_up();
    scene.assert_lines(&lines);
    scene.assert_kinds(&kinds);
}

/// F1: half a line, and the rest later.
#[test]
fn f1_half_a_line() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.bytes(b"L0000");
    scene.wait("five pending bytes", |scene| {
        scene.follow_events().any(|event| matches!(event, FollowEvent::Pending { bytes: 5, .. }))
    });
    scene.pass(Duration::from_millis(1200));
    assert!(scene.arrived.is_empty(), "{}", scene.report());
    writer.bytes(b"03\n");
    scene.wait_lines(1);
    scene.catch_up();
    scene.assert_lines(&["L000003\n".to_owned()]);
    let last = scene.follow_events().filter_map(|event| match event {
        FollowEvent::Pending { bytes, .. } => Some(*bytes),
        _ => None,
    });
    assert_eq!(last.last(), Some(0));
    scene.assert_kinds(&["created"]);
}

/// F3: half a character, and the rest later.
#[test]
fn f3_half_a_character() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.bytes(b"\xE2\x82");
    scene.pass(HALF_SECOND);
    writer.bytes(b"\xAC\n");
    scene.wait_lines(1);
    scene.catch_up();
    scene.assert_lines(&["\u{20AC}\n".to_owned()]);
}

/// F8: empty lines are lines.
#[test]
fn f8_empty_lines() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &["\n\n\na\n".to_owned()]);
    scene.wait_lines(4);
    scene.catch_up();
    scene.assert_lines(&["\n", "\n", "\n", "a\n"].map(str::to_owned));
}

/// A7: two rotations within a millisecond. The middle file is found under the name that it has by then.
#[test]
fn a7_two_rotations_at_once() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..2));
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("b", 0..2));
    fs::rename(scene.path("P.1"), scene.path("P.2")).unwrap();
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("c", 0..2));
    scene.wait_lines(6);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..2), &numbered("b", 0..2), &numbered("c", 0..2)]));
}

/// A8: a hundred rotations, two milliseconds apart; the archives stay.
#[test]
fn a8_a_hundred_rotations() {
    let mut scene = Scene::of_path();
    let mut lines = Vec::new();
    for round in 0..100 {
        let two = numbered(&format!("r{round}"), 0..2);
        append(&scene.p(), &two);
        lines.extend(two);
        fs::rename(scene.p(), scene.path(&format!("P.{round}"))).unwrap();
        std::thread::sleep(Duration::from_millis(2));
    }
    append(&scene.p(), &numbered("end", 0..2));
    lines.extend(numbered("end", 0..2));
    scene.wait_lines(lines.len());
    scene.catch_up();
    scene.assert_lines(&lines);
    let renamed = scene.kinds().iter().filter(|kind| **kind == "renamed").count();
    assert_eq!(renamed, 100, "{}", scene.report());
}

/// A10: moved into another folder and written to there.
#[test]
fn a10_moved_elsewhere() {
    let mut scene = Scene::of_path();
    fs::create_dir(scene.path("other")).unwrap();
    append(&scene.p(), &numbered("a", 0..2));
    scene.wait_lines(2);
    let to = scene.path("other").join("x");
    fs::rename(scene.p(), &to).unwrap();
    scene.wait_kind("renamed", 1);
    append(&to, &numbered("a", 2..5));
    scene.wait_lines(5);
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("a", 0..5));
    let told = scene.follow_events().find_map(|event| match event {
        FollowEvent::Renamed { from, to, .. } => Some((from.clone(), to.clone())),
        _ => None,
    });
    assert_eq!(told, Some((scene.p(), to)));
}

/// A12: one followed file takes the name of another.
#[test]
fn a12_one_takes_the_name_of_another() {
    let dir = stage();
    let (a, b) = (dir.path().join("a"), dir.path().join("b"));
    append(&a, &numbered("a", 0..2));
    append(&b, &numbered("b", 0..2));
    let mut scene = Scene::new(dir, &[Target::Path(a.clone()), Target::Path(b.clone())], false);
    scene.wait_lines(4);
    fs::rename(&a, &b).unwrap();
    scene.wait_kind("renamed", 1);
    append(&b, &numbered("a", 2..3));
    append(&a, &numbered("new", 0..2));
    scene.wait_lines(7);
    scene.catch_up();
    scene.assert_kinds(&["deleted", "renamed", "created"]);
    assert_eq!(scene.lines_of(1), numbered("a", 0..3), "{}", scene.report());
    assert_eq!(scene.lines_of(3), numbered("new", 0..2));
}

/// A17: a last line without newline is final when another file has followed.
#[test]
fn a17_unterminated() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.bytes(b"abc");
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &["def\n".to_owned()]);
    scene.wait_lines(2);
    scene.catch_up();
    scene.assert_lines(&["abc", "def\n"].map(str::to_owned));
    let told = scene.follow_events().find_map(|event| match event {
        FollowEvent::Unterminated { incarnation, offset, bytes } => Some((incarnation.0, *offset, *bytes)),
        _ => None,
    });
    assert_eq!(told, Some((1, 0, 3)));
    // A writer that goes on all the same is read on.
    writer.bytes(b"ghi\n");
    scene.wait_lines(3);
    assert_eq!(scene.lines_of(1), ["abc", "ghi\n"]);
}

/// D2: a link is turned to another file.
#[test]
fn d2_link_retargeted() {
    let dir = stage();
    let path = |name: &str| dir.path().join(name);
    append(&path("t1"), &numbered("t1", 0..2));
    std::os::unix::fs::symlink(path("t1"), path("P")).unwrap();
    let target = Target::Path(path("P"));
    let mut scene = Scene::new(dir, &[target], false);
    let mut writer = Writer::open(&scene.path("t1"));
    append(&scene.path("t2"), &numbered("t2", 0..1));
    std::os::unix::fs::symlink(scene.path("t2"), scene.path("P.n")).unwrap();
    fs::rename(scene.path("P.n"), scene.p()).unwrap();
    writer.lines(&numbered("t1", 2..4));
    append(&scene.path("t2"), &numbered("t2", 1..3));
    scene.wait_lines(7);
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("t1", 0..4), "{}", scene.report());
    assert_eq!(scene.lines_of(2), numbered("t2", 0..3));
    scene.assert_kinds(&["retargeted", "created"]);
}

/// F4: the two halves of a line end.
#[test]
fn f4_half_a_line_end() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.bytes(b"a\r");
    scene.pass(Duration::from_millis(300));
    writer.bytes(b"\n");
    scene.wait_lines(1);
    scene.assert_lines(&["a\r\n".to_owned()]);
}

/// F6: a NUL within a line is kept and counted.
#[test]
fn f6_nul_in_a_line() {
    let mut scene = Scene::of_path();
    Writer::open(&scene.p()).bytes(b"a\0b\n");
    scene.wait_lines(1);
    scene.assert_lines(&["a\0b\n".to_owned()]);
    let nul_bytes: u64 = scene
        .follow_events()
        .map(|event| match event {
            FollowEvent::Read(batch) => batch.nul_bytes,
            _ => 0,
        })
        .sum();
    assert_eq!(nul_bytes, 1);
}

/// F7: one line of 10 MB, and what follows it.
#[test]
fn f7_a_long_line() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    let mut long = vec![b'x'; 10_000_000];
    long.push(b'\n');
    writer.bytes(&long[..3_000_000]);
    writer.bytes(&long[3_000_000..]);
    writer.bytes(b"after\n");
    scene.wait_lines(2);
    scene.catch_up();
    assert!(scene.arrived[0].1 == long && scene.arrived[1].1 == b"after\n", "{}", scene.report());
    assert_eq!(scene.arrived.len(), 2);
}

/// A name that is no UTF-8, of the file and of its folder.
#[test]
fn name_that_is_not_utf8() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    let dir = stage();
    let folder = dir.path().join(OsStr::from_bytes(b"f\xff\xfe"));
    let path = folder.join(OsStr::from_bytes(b"log\xe9.1"));
    fs::create_dir(&folder).unwrap();
    append(&path, &numbered("a", 0..2));
    let mut scene = Scene::new(dir, &[Target::Path(path.clone()), Target::Folder(folder.clone())], false);
    let to = folder.join(OsStr::from_bytes(b"\x80"));
    fs::rename(&path, &to).unwrap();
    scene.wait_kind("renamed", 1);
    append(&to, &numbered("a", 2..4));
    scene.wait_lines(4);
    append(&path, &numbered("b", 0..2));
    scene.wait_lines(6);
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("a", 0..4));
    scene.assert_kinds(&["renamed", "created"]);
}
