//! The follower, held against further cases of the field: content that moves, holes, links, dated files.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use follow_common::stepped::Stepped;
use follow_common::{Collector, DEADLINE, Scene, Writer, append, concat, numbered, stage};
use rotascope::event::{FollowEvent, IncarnationId, Origin};
use rotascope::follow::Target;

fn truncate(path: &Path, size: u64) {
    OpenOptions::new().write(true).open(path).unwrap().set_len(size).unwrap();
}

/// A6: another file put over the path again and again: none is stuck, and each that could be opened is told of.
#[test]
fn a6_replaced_again_and_again() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..1));
    scene.wait_lines(1);
    for _ in 0..200 {
        File::create(scene.path("g")).unwrap();
        fs::rename(scene.path("g"), scene.p()).unwrap();
    }
    scene.catch_up();
    let mut lines = numbered("a", 0..1);
    for round in 0..50 {
        let (first, second) = (numbered(&format!("{round}"), 0..2), numbered(&format!("{round}"), 2..3));
        append(&scene.path("g"), &first);
        fs::rename(scene.path("g"), scene.p()).unwrap();
        append(&scene.p(), &second);
        lines.extend(concat(&[&first, &second]));
        // Whoever looks in time misses nothing.
        scene.wait_lines(lines.len());
    }
    scene.catch_up();
    scene.assert_lines(&lines);
    let created = scene.follow_events().filter(|event| matches!(event, FollowEvent::Created { .. })).count();
    let gone = scene.follow_events().filter(|event| matches!(event, FollowEvent::Deleted { .. })).count();
    assert!(created >= 51 && gone == created - 1, "{}", scene.report());
}

/// C6, where the file is cut in the midst of a line, and the writer goes on before anybody looks: what is left stands, and
/// the hole is one.
#[test]
fn c6_cut_in_the_midst_and_written_behind_unseen() {
    for lines in [9, 2000] {
        let scene = Stepped::of_path();
        let mut writer = File::create(scene.path("P")).unwrap();
        writer.write_all(numbered("a", 0..lines).concat().as_bytes()).unwrap();
        scene.look();
        let size = fs::metadata(scene.path("P")).unwrap().len();
        let cut = size / 3 + 1;
        truncate(&scene.path("P"), cut);
        writer.write_all(numbered("b", 0..3).concat().as_bytes()).unwrap();
        scene.look();
        scene.assert_text(&[&numbered("a", 0..lines), &numbered("b", 0..3)]);
        let told = scene.events().into_iter().find_map(|event| match event {
            FollowEvent::Hole { offset, bytes, .. } => Some((offset, bytes)),
            _ => None,
        });
        assert_eq!(told, Some((cut, size - cut)), "{}", scene.report());
    }
}

/// C6, with whole lines between the cut and the hole: nothing tells them from what was there, and none is lost.
#[test]
fn c6_lines_before_the_hole_are_read() {
    let scene = Stepped::of_path();
    let mut keeping = File::create(scene.path("P")).unwrap();
    keeping.write_all(numbered("a", 0..2000).concat().as_bytes()).unwrap();
    scene.look();
    truncate(&scene.path("P"), numbered("a", 0..1500).concat().len() as u64);
    scene.append("P", &numbered("new", 0..2));
    keeping.write_all(numbered("b", 0..3).concat().as_bytes()).unwrap();
    scene.look();
    let text = scene.text();
    for line in concat(&[&numbered("a", 0..2000), &numbered("new", 0..2), &numbered("b", 0..3)]) {
        assert!(text.contains(&line), "{line}{}", scene.report());
    }
}

/// A15: the old file is compressed at once, and so unlinked.
#[test]
fn a15_compressed_at_once() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.lines(&numbered("a", 0..1));
    scene.wait_lines(1);
    writer.lines(&numbered("a", 1..3000));
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    writer.lines(&numbered("a", 3000..3001));
    assert!(Command::new("gzip").arg(scene.path("P.1")).status().unwrap().success());
    append(&scene.p(), &numbered("b", 0..2));
    scene.wait_lines(3003);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..3001), &numbered("b", 0..2)]));
}

/// B6: what a rewritten file has from the one before is not read again.
#[test]
fn b6_content_carried_over() {
    for size in [2, 5000] {
        let mut scene = Scene::of_path();
        append(&scene.p(), &numbered("a", 0..size));
        scene.wait_lines(size);
        fs::copy(scene.p(), scene.path("P.new")).unwrap();
        append(&scene.path("P.new"), &numbered("b", 0..3));
        fs::rename(scene.path("P.new"), scene.p()).unwrap();
        append(&scene.p(), &numbered("c", 0..2));
        scene.wait_lines(size + 5);
        scene.catch_up();
        scene.assert_lines(&concat(&[&numbered("a", 0..size), &numbered("b", 0..3), &numbered("c", 0..2)]));
        scene.assert_kinds(&["created", "replaced", "carried_over"]);
        let carried = scene.follow_events().find_map(|event| match event {
            FollowEvent::CarriedOver { incarnation, bytes, lines } => Some((incarnation.0, *bytes, *lines)),
            _ => None,
        });
        assert_eq!(carried, Some((2, numbered("a", 0..size).concat().len() as u64, Some(size as u64))));
    }
}

/// B6, the other way round: a log that only begins like the one before is read from its first byte.
#[test]
fn b6_alike_but_not_carried_over() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..500));
    scene.wait_lines(500);
    append(&scene.path("P.new"), &numbered("a", 0..499));
    append(&scene.path("P.new"), &numbered("b", 0..5));
    fs::rename(scene.path("P.new"), scene.p()).unwrap();
    scene.wait_lines(1004);
    scene.catch_up();
    scene.assert_kinds(&["created", "replaced"]);
    // A banner that every run begins with.
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("started", 0..1));
    scene.wait_lines(1005);
    fs::rename(scene.p(), scene.path("P.2")).unwrap();
    append(&scene.p(), &numbered("started", 0..1));
    scene.wait_lines(1006);
}

/// C6: a writer that keeps its own position leaves a hole behind a truncation.
#[test]
fn c6_hole_after_truncation() {
    for (old, far) in [(6, 0), (6, 3_000_000)] {
        let mut scene = Scene::of_path();
        let mut writer = Writer(File::create(scene.p()).unwrap());
        writer.lines(&numbered("a", 0..old));
        writer.0.seek(SeekFrom::Current(far)).unwrap();
        scene.wait_lines(old);
        let at = writer.0.stream_position().unwrap();
        for round in 1..4 {
            truncate(&scene.p(), 0);
            scene.wait_kind("truncated", round);
            writer.lines(&numbered("b", round..round + 1));
            scene.wait_lines(old + round);
        }
        scene.catch_up();
        scene.assert_lines(&concat(&[&numbered("a", 0..old), &numbered("b", 1..4)]));
        let holes: Vec<(u32, u64, u64)> = scene
            .follow_events()
            .filter_map(|event| match event {
                FollowEvent::Hole { incarnation, offset, bytes } => Some((incarnation.0, *offset, *bytes)),
                _ => None,
            })
            .collect();
        let line = numbered("b", 1..2).concat().len() as u64;
        assert_eq!(holes, [(2, 0, at), (3, 0, at + line), (4, 0, at + 2 * line)], "{}", scene.report());
        scene.assert_kinds(&["created", "truncated", "hole", "truncated", "hole", "truncated", "hole"]);
    }
}

/// C6, unseen in between: the truncation and the line behind the hole came before the next look.
#[test]
fn c6_hole_between_two_looks() {
    let mut scene = Scene::of_path();
    let mut writer = Writer(File::create(scene.p()).unwrap());
    writer.lines(&numbered("a", 0..6));
    scene.wait_lines(6);
    let mut lines = numbered("a", 0..6);
    for round in 0..10 {
        truncate(&scene.p(), 0);
        writer.lines(&numbered("b", round..round + 1));
        lines.extend(numbered("b", round..round + 1));
        scene.wait_lines(lines.len());
    }
    scene.catch_up();
    scene.assert_lines(&lines);
    let holes = scene.kinds().iter().filter(|kind| **kind == "hole").count();
    assert_eq!(holes, 10, "{}", scene.report());
}

/// D3: a link is turned to what does not exist yet.
#[test]
fn d3_link_to_nowhere_and_later_somewhere() {
    let dir = stage();
    let path = |name: &str| dir.path().join(name);
    append(&path("t1"), &numbered("t1", 0..2));
    symlink(path("t1"), path("P")).unwrap();
    let target = Target::Path(path("P"));
    let mut scene = Scene::new(dir, &[target], false);
    scene.wait_lines(2);
    symlink(scene.path("t2"), scene.path("P.n")).unwrap();
    fs::rename(scene.path("P.n"), scene.p()).unwrap();
    scene.pass(Duration::from_millis(300));
    append(&scene.path("t2"), &numbered("t2", 0..3));
    scene.wait_lines(5);
    append(&scene.path("t1"), &numbered("t1", 2..3));
    append(&scene.path("t2"), &numbered("t2", 3..4));
    scene.wait_lines(7);
    scene.catch_up();
    assert_eq!(scene.lines_of(1), numbered("t1", 0..3), "{}", scene.report());
    assert_eq!(scene.lines_of(2), numbered("t2", 0..4), "{}", scene.report());
    assert_eq!(scene.kinds().last(), Some(&"created"), "{}", scene.report());
}

/// A link is taken away, and another one is made a while later; or it is turned to nothing for a while.
#[test]
fn a_link_that_is_turned_in_two_steps_is_turned_all_the_same() {
    for told in ["renamed", "retargeted"] {
        let dir = stage();
        append(&dir.path().join("t1"), &numbered("a", 0..3));
        symlink("t1", dir.path().join("P")).unwrap();
        let scene = Stepped::follow(dir, &["P"]);
        if told == "renamed" {
            fs::remove_file(scene.path("P")).unwrap();
        } else {
            symlink("missing", scene.path("new")).unwrap();
            scene.rename("new", "P");
        }
        scene.look();
        assert_eq!(scene.kinds(), [told], "{}", scene.report());
        scene.append("t2", &numbered("b", 0..3));
        symlink("t2", scene.path("new")).unwrap();
        scene.rename("new", "P");
        scene.append("t1", &numbered("a", 3..5));
        scene.look();
        scene.assert_text(&[&numbered("a", 0..5), &numbered("b", 0..3)]);
        let turned = |event: &FollowEvent| {
            matches!(event, FollowEvent::Created { origin: Origin::Retargeted { previous: IncarnationId(1) }, .. })
        };
        assert!(scene.events().iter().any(turned), "{}", scene.report());
    }
}

/// Five archives, rotated at full speed: most files are gone before anybody can open them. Each is read, or told as
/// missed, and none is both.
#[test]
fn what_nobody_could_open_is_counted_exactly() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("r", 0..1));
    scene.wait_lines(1);
    let archive = |number: usize| scene.path(&format!("P.{number}"));
    for round in 1..1000 {
        for number in (1..5).rev().filter(|number| archive(*number).exists()) {
            fs::rename(archive(number), archive(number + 1)).unwrap();
        }
        fs::rename(scene.p(), archive(1)).unwrap();
        append(&scene.p(), &numbered("r", round..round + 1));
    }
    let told = |scene: &Scene, kind: &str| scene.kinds().iter().filter(|told| **told == kind).count();
    scene.wait("every file is read or missed", |scene| scene.lines().len() + told(scene, "missed") >= 1000);
    scene.catch_up();
    assert_eq!(scene.lines().len() + told(&scene, "missed"), 1000);
    assert_eq!(scene.lines().len(), told(&scene, "created"));
}

/// In a folder where other names come and go all the time, too, it is told at once what was missed.
#[test]
fn what_was_missed_is_told_in_a_busy_folder() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..1));
    scene.wait_lines(1);
    let (other, third) = (scene.path("other"), scene.path("third"));
    let over = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&over);
    let busy = std::thread::spawn(move || {
        while !end.load(Ordering::SeqCst) {
            fs::write(&other, "").unwrap();
            fs::rename(&other, &third).unwrap();
            std::thread::sleep(Duration::from_millis(10)); // another program's rhythm
        }
    });
    for round in 0..200 {
        fs::write(scene.path("new"), format!("{round}\n")).unwrap();
        fs::rename(scene.path("new"), scene.p()).unwrap();
    }
    let told = |scene: &Scene, kind: &str| scene.kinds().iter().filter(|told| **told == kind).count();
    scene.wait("each is read or missed", |scene| scene.lines().len() + told(scene, "missed") >= 201);
    over.store(true, Ordering::SeqCst);
    busy.join().unwrap();
    scene.catch_up();
    assert_eq!(scene.lines().len() + told(&scene, "missed"), 201, "{}", scene.report());
}

/// `ln P P.1; rm P` where both names are followed and P has only just come: it was read, and is not missed.
#[test]
fn what_has_a_second_name_is_not_missed() {
    let dir = stage();
    let folder = Target::Folder(dir.path().to_owned());
    let mut scene = Scene::new(dir, &[folder], false);
    for round in 0..10 {
        append(&scene.p(), &numbered(&format!("r{round}"), 0..3));
        scene.wait_lines(3 * round + 3);
        fs::hard_link(scene.p(), scene.path(&format!("P.{round}"))).unwrap();
        fs::remove_file(scene.p()).unwrap();
    }
    append(&scene.p(), &numbered("end", 0..3));
    scene.wait_lines(33);
    scene.catch_up();
    assert!(!scene.kinds().contains(&"missed"), "{}", scene.report());
    assert_eq!(scene.lines().len(), 33, "{}", scene.report());
}

/// A link on the way to the path is turned twice between two looks: what the first turn led to has been there.
#[test]
fn a_link_on_the_way_is_turned_twice() {
    let dir = stage();
    for name in ["r1", "r2", "r3"] {
        fs::create_dir(dir.path().join(name)).unwrap();
        append(&dir.path().join(name).join("P"), &numbered(name, 0..3));
    }
    symlink("r1", dir.path().join("current")).unwrap();
    let scene = Stepped::follow(dir, &["current/P"]);
    for to in ["r2", "r3"] {
        symlink(to, scene.path("new")).unwrap();
        scene.rename("new", "current");
    }
    scene.append("r1/P", &numbered("r1", 3..4));
    scene.look();
    scene.assert_text(&[&numbered("r1", 0..4), &numbered("r3", 0..3)]);
    scene.look();
    let turned = |event: &FollowEvent| {
        matches!(event, FollowEvent::Created { origin: Origin::Retargeted { previous: IncarnationId(1) }, .. })
    };
    assert!(scene.events().iter().any(turned), "{}", scene.report());
    assert_eq!(scene.kinds().iter().filter(|kind| **kind == "missed").count(), 1, "{}", scene.report());
}

/// D6: a hard link to another file is put over the path.
#[test]
fn d6_hard_link_put_over() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..2));
    scene.wait_lines(2);
    append(&scene.path("r2"), &numbered("b", 0..2));
    fs::hard_link(scene.path("r2"), scene.path("P.t")).unwrap();
    fs::rename(scene.path("P.t"), scene.p()).unwrap();
    scene.wait_lines(4);
    append(&scene.path("r2"), &numbered("b", 2..5));
    scene.wait_lines(7);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..2), &numbered("b", 0..5)]));
    scene.assert_kinds(&["created", "replaced"]);
    let replaced = scene.follow_events().any(
        |event| matches!(event, FollowEvent::Created { origin: Origin::Replaced { previous }, .. } if previous.0 == 1),
    );
    assert!(replaced, "{}", scene.report());
}

/// C2: what was refilled was as large before as was read of it, not as large as what stands there now.
#[test]
fn c2_what_was_refilled_larger_has_lost_nothing_unread() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..6));
    scene.look();
    fs::write(scene.path("P"), numbered("b", 0..80).concat()).unwrap();
    scene.look();
    scene.assert_text(&[&numbered("a", 0..6), &numbered("b", 0..80)]);
    let size = numbered("a", 0..6).concat().len() as u64;
    let told = scene.events().into_iter().find_map(|event| match event {
        FollowEvent::Truncated { old_size, read, .. } => Some((old_size, read)),
        _ => None,
    });
    assert_eq!(told, Some((size, size)), "{}", scene.report());
}

/// A writer of an array overwrites its last bytes each time: what is before them is not read again.
#[test]
fn whole_lines_before_an_overwritten_end_are_not_read_again() {
    let scene = Stepped::of_path();
    let entries = |count: usize| (0..count).map(|n| format!("{{\"entry\": {n}}}")).collect::<Vec<String>>().join(",\n");
    let array = |count: usize| format!("[\n{}\n]", entries(count));
    fs::write(scene.path("P"), array(20)).unwrap();
    scene.look();
    let before = scene.text().len();
    let mut file = fs::File::options().write(true).open(scene.path("P")).unwrap();
    file.seek(SeekFrom::Start(before as u64 - 2)).unwrap();
    file.write_all(&array(21).as_bytes()[before - 2..]).unwrap();
    scene.look();
    let text = scene.text();
    assert_eq!(&text[before..], "{\"entry\": 19},\n{\"entry\": 20}\n]", "{}", scene.report());
    let kept = scene.events().into_iter().find_map(|event| match event {
        FollowEvent::Truncated { kept, .. } => Some(kept),
        _ => None,
    });
    assert_eq!(kept, Some(before as u64 - 2 - "{\"entry\": 19}".len() as u64), "{}", scene.report());
}

/// The same where it is copied and cut: the copy stands where nothing is followed.
#[test]
fn what_a_link_in_a_folder_leads_to_is_copied_and_cut_between_two_looks() {
    for target in ["logs", "logs/*.log", "logs/app.log"] {
        let scene = Stepped::follow(stage_with_link(), &[target]);
        for round in 1..4 {
            scene.append("pods/0", &numbered(&format!("before {round}"), 0..20));
            fs::copy(scene.path("pods/0"), scene.path(&format!("pods/0.{round}"))).unwrap();
            truncate(&scene.path("pods/0"), 0);
            scene.append("pods/0", &numbered(&format!("after {round}"), 0..3));
            scene.look();
        }
        let rounds = (1..4).flat_map(|round| {
            concat(&[&numbered(&format!("before {round}"), 0..20), &numbered(&format!("after {round}"), 0..3)])
        });
        let all: Vec<String> = numbered("a", 0..2).into_iter().chain(rounds).collect();
        scene.assert_text(&[&all]);
    }
}

/// An unended last line is waited for before the next file is read: until then nothing is at rest.
#[test]
fn what_waits_for_a_last_line_is_not_at_rest() {
    let scene = Stepped::of_path();
    fs::write(scene.path("P"), "abc").unwrap();
    scene.look();
    scene.rename("P", "P.1");
    fs::write(scene.path("P"), "def\n").unwrap();
    scene.look();
    assert_eq!(scene.text(), "abcdef\n", "{}", scene.report());
}

/// `logs/app.log` leads to `pods/0`, which has two lines.
fn stage_with_link() -> tempfile::TempDir {
    let dir = stage();
    for folder in ["logs", "pods"] {
        fs::create_dir(dir.path().join(folder)).unwrap();
    }
    symlink("../pods/0", dir.path().join("logs/app.log")).unwrap();
    append(&dir.path().join("pods/0"), &numbered("a", 0..2));
    dir
}

/// A link in a followed folder: what happens to the file that it leads to is heard as if it stood there.
#[test]
fn what_a_link_in_a_folder_leads_to_is_rotated_between_two_looks() {
    for target in ["logs", "logs/*.log"] {
        let scene = Stepped::follow(stage_with_link(), &[target]);
        for (name, round) in [("b", 1), ("c", 2), ("d", 3)] {
            scene.rename("pods/0", &format!("pods/0.{round}"));
            scene.append("pods/0", &numbered(name, 0..2));
        }
        scene.look();
        let all = ["a", "b", "c", "d"].map(|name| numbered(name, 0..2));
        scene.assert_text(&all.each_ref().map(Vec::as_slice));
    }
}

/// Cut to its middle and appended to before anybody looks, whatever the lengths: what was appended is read, and what still
/// stands is not read again.
#[test]
fn what_was_cut_to_the_middle_and_appended_to_is_told_apart() {
    for (count, pad, kept) in [
        (20, 0, 10),
        (100, 0, 33),
        (100, 100, 50),
        (1000, 100, 500),
        (1000, 0, 13),
        (3000, 60, 2500),
        (20_000, 0, 13_001),
    ] {
        for more in [0, 1, 5, count - kept - 1, count - kept, count - kept + 1, count] {
            let line = |name: &str, number: usize| format!("{name}{number:06} {}\n", "x".repeat(pad));
            let lines = |name: &str, count: usize| (0..count).map(|number| line(name, number)).collect::<String>();
            let scene = Stepped::of_path();
            fs::write(scene.path("P"), lines("a", count)).unwrap();
            scene.look();
            let stands = lines("a", kept).len();
            truncate(&scene.path("P"), stands as u64);
            append(&scene.path("P"), &[lines("b", more)]);
            scene.look();
            // Of so many lines not each has a checkpoint.
            let most_again = if count > 16 << 10 { 8 * line("a", 0).len() } else { 0 };
            let text = scene.text();
            let came = &text[lines("a", count).len()..];
            let again = came.len() - lines("b", more).len();
            let case = format!("{count} of {pad}, cut to {kept}, {more} more: {again} bytes again");
            assert!(came.ends_with(&lines("b", more)) && again <= most_again, "{case}\n{}", scene.report());
            let told = scene.events().into_iter().find_map(|event| match event {
                FollowEvent::Truncated { kept, .. } => Some(kept),
                _ => None,
            });
            assert_eq!(told, Some((stands - again) as u64), "{case}");
            // Nothing of it stands any more after that.
            fs::write(scene.path("P"), lines("c", count)).unwrap();
            scene.look();
            assert_eq!(scene.text()[text.len()..], lines("c", count), "{case}\n{}", scene.report());
        }
    }
}

/// Cut within a line, and cut again with more appended: that there is a line's beginning left proves nothing of its end.
#[test]
fn what_is_cut_twice_loses_nothing() {
    let scene = Stepped::of_path();
    let lines = (0..20).map(|number| format!("line {number:04}\n")).collect::<String>();
    fs::write(scene.path("P"), &lines).unwrap();
    scene.look();
    truncate(&scene.path("P"), 195);
    scene.look();
    truncate(&scene.path("P"), 190);
    append(&scene.path("P"), &["completely other\n".to_owned()]);
    scene.look();
    assert_eq!(scene.text(), lines + "completely other\n", "{}", scene.report());
}

/// A file that begins with a hole and has room behind its text.
#[test]
fn what_comes_between_a_hole_and_reserved_room_is_read_once() {
    let scene = Stepped::of_path();
    fs::write(scene.path("P"), [&[0; 300], &b"line 1\n"[..], &[0; 100]].concat()).unwrap();
    scene.look();
    let file = OpenOptions::new().write(true).open(scene.path("P")).unwrap();
    for (nth, line) in ["line 2\n", "line 3\n"].iter().enumerate() {
        std::os::unix::fs::FileExt::write_all_at(&file, line.as_bytes(), 307 + 7 * nth as u64).unwrap();
        scene.look();
    }
    assert_eq!(scene.text(), "line 1\nline 2\nline 3\n", "{}", scene.report());
    assert_eq!(scene.kinds(), ["created", "hole"], "{}", scene.report());
}

/// A program that writes the same at each start, with a rotation between: the second time is news, too.
#[test]
fn what_is_written_again_after_a_rotation_is_read() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..40));
    scene.look();
    scene.rename("P", "P.1");
    File::create(scene.path("P")).unwrap();
    scene.look();
    scene.append("P", &numbered("a", 0..40));
    scene.look();
    scene.assert_text(&[&numbered("a", 0..40), &numbered("a", 0..40)]);
}

/// An editor moves the file away, makes a new one and writes the old content into that, with more at the end.
#[test]
fn what_an_editor_saves_is_carried_over() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..40));
    scene.look();
    scene.rename("P", "P~");
    File::create(scene.path("P")).unwrap();
    scene.look();
    fs::write(scene.path("P"), concat(&[&numbered("a", 0..40), &numbered("b", 0..2)]).concat()).unwrap();
    scene.look();
    scene.assert_text(&[&numbered("a", 0..40), &numbered("b", 0..2)]);
    assert_eq!(scene.kinds(), ["created", "renamed", "created", "carried_over"], "{}", scene.report());
}

/// A file that has its size before its content, as one that is mapped into memory: what comes into it is read as it
/// comes, whole lines or not, and nothing of the room.
#[test]
fn what_comes_into_reserved_room_is_read() {
    for (room, piece) in [(4096, 12), (4096, 7), (200, 12), (1 << 20, 500)] {
        let scene = Stepped::of_path();
        let file = File::create(scene.path("P")).unwrap();
        file.set_len(room).unwrap();
        scene.look();
        let text = numbered("a", 0..16).concat();
        for (nth, bytes) in text.as_bytes().chunks(piece).enumerate() {
            std::os::unix::fs::FileExt::write_all_at(&file, bytes, (nth * piece) as u64).unwrap();
            scene.look();
        }
        assert_eq!(scene.text(), text, "{room}, {piece}\n{}", scene.report());
        assert_eq!(scene.kinds(), ["created"], "{}", scene.report());
        file.set_len(text.len() as u64).unwrap();
        scene.look();
        scene.append("P", &numbered("b", 0..2));
        scene.look();
        assert_eq!(scene.text(), text + &numbered("b", 0..2).concat(), "{room}, {piece}\n{}", scene.report());
        assert_eq!(scene.kinds(), ["created"], "{}", scene.report());
    }
}

/// C6 with a log of a size that the disk never had: what is not there is not read.
#[test]
fn a_hole_of_terabytes_is_passed_over() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..2));
    scene.wait_lines(2);
    let file = OpenOptions::new().write(true).open(scene.p()).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, b"behind\n", 2 << 40).unwrap();
    scene.wait_lines(3);
    std::os::unix::fs::FileExt::write_all_at(&file, b"far behind\n", 4 << 40).unwrap();
    scene.wait_lines(4);
    assert_eq!(scene.lines()[2..], ["behind\n", "far behind\n"]);
    assert_eq!(scene.kinds(), ["created", "hole", "hole"], "{}", scene.report());
}

/// Somebody adds to the last line of an old file again and again: that does not keep the next file from being read.
#[test]
fn an_old_line_that_never_ends_keeps_nobody_waiting() {
    let mut scene = Scene::of_path();
    let mut first = Writer::open(&scene.p());
    first.lines(&numbered("a", 0..1));
    scene.wait_lines(1);
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let end = Arc::clone(&over);
    let progress = std::thread::spawn(move || {
        while !end.load(Ordering::SeqCst) {
            first.bytes(b".");
            std::thread::sleep(Duration::from_millis(20)); // the writer's rhythm
        }
    });
    append(&scene.p(), &numbered("b", 0..2));
    scene.wait_lines(3);
    over.store(true, Ordering::SeqCst);
    progress.join().unwrap();
    assert_eq!(scene.lines_of(2), numbered("b", 0..2));
}

/// C5: copied and emptied again and again, at full speed. What a copy has is read from it, once.
#[test]
fn c5_copied_and_truncated() {
    for pause in [Duration::ZERO, Duration::from_millis(3), Duration::from_millis(50)] {
        let dir = stage();
        let path = |name: &str| dir.path().join(name);
        let (collector, _follower) = Collector::follow(Target::Path(path("P")));
        append(&path("P.0"), &numbered("older", 0..10));
        let mut writer = Writer::open(&path("P"));
        writer.lines(&numbered("a", 0..1));
        collector.wait_for(&[numbered("a", 0..1).concat()]);
        let mut lines = numbered("a", 0..1);
        for round in 1..6 {
            let some = numbered(&format!("round {round}"), 0..200);
            writer.lines(&some);
            lines.extend(some);
            fs::copy(path("P"), path(&format!("P.{round}"))).unwrap();
            truncate(&path("P"), 0);
            std::thread::sleep(pause);
        }
        writer.lines(&numbered("end", 0..4));
        lines.extend(numbered("end", 0..4));
        let arrived = || -> Vec<String> {
            let texts = collector.texts().concat();
            texts.split_inclusive('\n').map(str::to_owned).collect()
        };
        let deadline = Instant::now() + DEADLINE;
        while arrived().len() < lines.len() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(20)); // poll
        }
        let mut arrived = arrived();
        arrived.sort();
        lines.sort();
        let told = || collector.events.lock().unwrap().clone();
        assert!(arrived == lines, "{} of {}: {:#?}", arrived.len(), lines.len(), told());
    }
}

/// A file that is named like a copy and was there before there was anything to copy, be it by less than a clock's tick.
#[test]
fn what_was_there_before_is_no_copy() {
    for _ in 0..20 {
        let scene = Stepped::of_path();
        scene.append("P.0", &numbered("older", 0..10));
        scene.look();
        scene.append("P", &numbered("a", 0..1));
        scene.look();
        scene.assert_text(&[&numbered("a", 0..1)]);
    }
}

/// G1: files named by date; at midnight the old one gets a few more lines.
#[test]
fn g1_dated_successor() {
    let dir = stage();
    let pattern = dir.path().join("app-%Y-%m-%d.log");
    let target = Target::named(&pattern, false).unwrap();
    append(&dir.path().join("app-2026-11-23.log"), &numbered("old", 0..2));
    let mut scene = Scene::new(dir, &[target], false);
    scene.wait_lines(2);
    let (old, new) = (scene.path("app-2026-11-23.log"), scene.path("app-2026-11-24.log"));
    append(&old, &["unended".to_owned()]);
    append(&new, &numbered("new", 0..3));
    append(&old, &["\n".to_owned()]);
    append(&old, &numbered("old", 2..4));
    scene.wait_lines(8);
    append(&new, &numbered("new", 3..4));
    scene.wait_lines(9);
    scene.catch_up();
    let expected = concat(&[&numbered("old", 0..2), &["unended\n".to_owned()], &numbered("old", 2..4)]);
    assert_eq!(scene.lines_of(1), expected, "{}", scene.report());
    assert_eq!(scene.lines_of(2), numbered("new", 0..4), "{}", scene.report());
    scene.assert_kinds(&["created"]);
}

/// A hole that was there before following began, with a line behind it.
#[test]
fn hole_at_the_start() {
    let dir = stage();
    let path = dir.path().join("P");
    let mut file = File::create(&path).unwrap();
    file.seek(SeekFrom::Start(5_000_000)).unwrap();
    file.write_all(b"first\n").unwrap();
    let mut scene = Scene::new(dir, &[Target::Path(path)], false);
    scene.wait_lines(1);
    scene.catch_up();
    scene.assert_lines(&["first\n".to_owned()]);
    scene.assert_kinds(&["hole"]);
}

/// Between two looks a file is cut and refilled, and another one put in its place: first what stands in the old one.
#[test]
fn what_was_refilled_is_read_before_what_replaced_it() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..30));
    scene.look();
    fs::write(scene.path("P"), numbered("b", 0..20).concat()).unwrap();
    scene.append("P.new", &numbered("c", 0..20));
    scene.rename("P.new", "P");
    scene.look();
    scene.assert_text(&[&numbered("a", 0..30), &numbered("b", 0..20), &numbered("c", 0..20)]);
}

/// Nothing is to be read of a file in the middle: what came after it waits all the same for what was there before.
#[test]
fn an_empty_file_in_between_makes_no_way() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..30));
    scene.look();
    fs::write(scene.path("P"), numbered("b", 0..20).concat()).unwrap();
    scene.rename("P", "P.1");
    fs::write(scene.path("P"), "").unwrap();
    scene.rename("P", "P.2");
    scene.append("P", &numbered("c", 0..20));
    scene.look();
    scene.assert_text(&[&numbered("a", 0..30), &numbered("b", 0..20), &numbered("c", 0..20)]);
}

/// What a gate waits for may be cut before it is read.
#[test]
fn what_was_cut_keeps_nobody_waiting() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..30));
    scene.look();
    // More than one block, less than one turn.
    fs::write(scene.path("more"), numbered("a", 0..100_000).concat()).unwrap();
    let text = fs::read(scene.path("more")).unwrap();
    let mut old = OpenOptions::new().append(true).open(scene.path("P")).unwrap();
    old.write_all(&text[360..]).unwrap();
    scene.rename("P", "P.1");
    scene.append("P", &numbered("c", 0..20));
    scene.look_until_bytes();
    let left = text[..400_000].iter().rposition(|byte| *byte == b'\n').unwrap() + 1;
    old.set_len(left as u64).unwrap();
    scene.look();
    let text = String::from_utf8(text[..left].to_vec()).unwrap();
    assert!(scene.text() == text + &numbered("c", 0..20).concat(), "{}", scene.report());
}

/// A link that was away for a while is the path again: copies that are made beside it are looked into.
#[test]
fn a_link_that_is_back_is_followed_as_before() {
    let scene = Stepped::of_path();
    fs::create_dir(scene.path("targets")).unwrap();
    scene.append("targets/t", &numbered("a", 0..10));
    symlink(scene.path("targets/t"), scene.path("P")).unwrap();
    scene.look();
    scene.rename("P", "P.away");
    scene.look();
    scene.rename("P.away", "P");
    scene.look();
    scene.append("P", &numbered("a", 10..30));
    fs::copy(scene.path("P"), scene.path("P.1")).unwrap();
    fs::write(scene.path("P"), "").unwrap();
    scene.append("P", &numbered("b", 0..50));
    scene.look();
    scene.assert_text(&[&numbered("a", 0..30), &numbered("b", 0..50)]);
}

/// An old file is put back, and refilled, and replaced, all between two looks: first what stands in it.
#[test]
fn what_was_back_for_a_while_is_read_before_what_replaced_it() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..30));
    scene.look();
    scene.rename("P", "P.1");
    scene.append("P", &numbered("b", 0..30));
    scene.look();
    scene.append("P", &numbered("b", 30..40));
    fs::remove_file(scene.path("P")).unwrap();
    scene.rename("P.1", "P");
    fs::write(scene.path("P"), numbered("c", 0..20).concat()).unwrap();
    scene.append("P.new", &numbered("d", 0..20));
    scene.rename("P.new", "P");
    scene.look();
    scene.assert_text(&[&numbered("a", 0..30), &numbered("b", 0..40), &numbered("c", 0..20), &numbered("d", 0..20)]);
}

/// What was read is not missed, wherever it is by then: a link has been turned away from it, or it has gone to a folder
/// that is not watched.
#[test]
fn what_was_read_in_quick_succession_is_not_missed() {
    let mut scene = Scene::of_path();
    fs::create_dir(scene.path("far")).unwrap();
    let mut lines = 0;
    for round in 0..5 {
        append(&scene.p(), &numbered(&round.to_string(), 0..2));
        lines += 2;
        scene.wait_lines(lines);
        fs::rename(scene.p(), scene.path("far").join(round.to_string())).unwrap();
    }
    for round in 0..5 {
        let target = scene.path(&format!("t{round}"));
        append(&target, &numbered(&format!("t{round}"), 0..2));
        symlink(&target, scene.path("new")).unwrap();
        fs::rename(scene.path("new"), scene.p()).unwrap();
        lines += 2;
        scene.wait_lines(lines);
    }
    scene.catch_up();
    scene.pass(Duration::from_millis(500));
    assert!(!scene.kinds().contains(&"missed"), "{}", scene.report());
}

/// Follows names in `real` and in a link to it, by whichever name it is that comes first.
fn by_two_names(follow: impl Fn(&str) -> [String; 2], case: impl Fn(&Stepped, &str)) {
    for alias in ["a link", "the link"] {
        let dir = stage();
        fs::create_dir(dir.path().join("real")).unwrap();
        symlink("real", dir.path().join(alias)).unwrap();
        let names = follow(alias);
        case(&Stepped::follow(dir, &names.each_ref().map(String::as_str)), alias);
    }
}

/// A7 in a folder that is followed by two names: what came and went is read by either.
#[test]
fn a7_in_a_folder_by_two_names() {
    let case = |scene: &Stepped, _: &str| {
        for name in ["Q", "P"] {
            scene.append(&format!("real/{name}"), &numbered(name, 0..2));
        }
        scene.look();
        for name in ["Q", "P"] {
            let path = format!("real/{name}");
            for round in 1..4 {
                scene.rename(&path, &format!("{path}.{round}"));
                scene.append(&path, &numbered(name, 2 * round..2 * round + 2));
            }
        }
        scene.look();
        scene.look();
        scene.assert_text_at("Q", &[&numbered("Q", 0..8)]);
        scene.assert_text_at("P", &[&numbered("P", 0..8)]);
        assert!(!scene.kinds().contains(&"missed"), "{}", scene.report());
    };
    by_two_names(|alias| [format!("{alias}/Q"), "real/P".to_owned()], case);
}

/// The same file is followed by two names of its folder: it is read once, and nothing of it is missed.
#[test]
fn a7_of_a_file_by_two_names() {
    let case = |scene: &Stepped, _: &str| {
        scene.append("real/P", &numbered("P", 0..2));
        scene.look();
        for round in 1..4 {
            scene.rename("real/P", &format!("real/P.{round}"));
            scene.append("real/P", &numbered("P", 2 * round..2 * round + 2));
        }
        scene.look();
        scene.look();
        scene.assert_text(&[&numbered("P", 0..8)]);
        assert!(!scene.kinds().contains(&"missed"), "{}", scene.report());
    };
    by_two_names(|alias| [format!("{alias}/P"), "real/P".to_owned()], case);
}

/// A link beside its target, in a folder that is a link: both are heard of, by the names under which they are followed.
#[test]
fn a7_of_a_link_in_a_folder_that_is_a_link() {
    for alias in ["a link", "the link"] {
        let dir = stage();
        fs::create_dir(dir.path().join("real")).unwrap();
        symlink("real", dir.path().join(alias)).unwrap();
        symlink("t", dir.path().join("real/P")).unwrap();
        append(&dir.path().join("real/t"), &numbered("t", 0..2));
        let scene = Stepped::follow(dir, &[&format!("{alias}/P")]);
        for round in 1..4 {
            scene.rename("real/t", &format!("real/t.{round}"));
            scene.append("real/t", &numbered("t", 2 * round..2 * round + 2));
        }
        scene.look();
        scene.look();
        scene.assert_text(&[&numbered("t", 0..8)]);
        for round in 0..3 {
            symlink(format!("u{round}"), scene.path("real/new")).unwrap();
            scene.append(&format!("real/u{round}"), &numbered("u", round..round + 1));
            scene.rename("real/new", "real/P");
            scene.look();
        }
        scene.assert_text(&[&numbered("t", 0..8), &numbered("u", 0..3)]);
        assert!(!scene.kinds().contains(&"missed"), "{}", scene.report());
    }
}

/// What was read by one name of its folder is not missed by the other.
#[test]
fn what_was_read_by_one_name_is_not_missed_by_another() {
    for alias in ["a link", "the link"] {
        let dir = stage();
        fs::create_dir(dir.path().join("real")).unwrap();
        symlink("real", dir.path().join(alias)).unwrap();
        let targets = ["real", alias].map(|folder| Target::Path(dir.path().join(folder).join("P")));
        let mut scene = Scene::new(dir, &targets, false);
        for round in 0..10 {
            append(&scene.path("real/P"), &numbered(&round.to_string(), 0..2));
            scene.wait_lines(2 * round + 2);
            fs::remove_file(scene.path("real/P")).unwrap();
        }
        scene.catch_up();
        scene.pass(Duration::from_millis(500));
        assert!(!scene.kinds().contains(&"missed"), "{}", scene.report());
    }
}
