//! The follower and compressed archives: what was compressed is known again, and what came and went unseen is read there.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use follow_common::stepped::Stepped;
use follow_common::{DEADLINE, Scene, append, concat, numbered};
use rotascope::event::FollowEvent;

/// The endings of archives.
const ENDINGS: [&str; 2] = ["gz", "zst"];

/// Compresses as the ending of the name says.
fn compressed(path: &Path, text: &[u8]) -> Vec<u8> {
    if path.extension().is_some_and(|ending| ending == "zst") {
        return ruzstd::encoding::compress_to_vec(text, ruzstd::encoding::CompressionLevel::Fastest);
    }
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(text).unwrap();
    gzip.finish().unwrap()
}

/// Writes lines as gzip would leave them.
fn compress(path: &Path, lines: &[String]) {
    fs::write(path, compressed(path, lines.concat().as_bytes())).unwrap();
}

/// Puts an archive in the place of a file, as gzip and zstd do: it is as old as the file was.
fn pack(scene: &Stepped, name: &str, ending: &str) {
    let (plain, packed) = (scene.path(name), scene.path(&format!("{name}.{ending}")));
    let modified = fs::metadata(&plain).unwrap().modified().unwrap();
    fs::write(&packed, compressed(&packed, &fs::read(&plain).unwrap())).unwrap();
    fs::File::options().write(true).open(&packed).unwrap().set_modified(modified).unwrap();
    fs::remove_file(plain).unwrap();
}

fn copy_and_truncate(scene: &Stepped, name: &str, to: &str) {
    fs::copy(scene.path(name), scene.path(to)).unwrap();
    fs::File::options().write(true).open(scene.path(name)).unwrap().set_len(0).unwrap();
}

fn names(archived: &[(u32, &str)]) -> Vec<(u32, String)> {
    archived.iter().map(|(id, name)| (*id, (*name).to_owned())).collect()
}

fn archived(scene: &Scene) -> Vec<(u32, String)> {
    let told = scene.follow_events().filter_map(|event| match event {
        FollowEvent::Archived { incarnation, path } => {
            Some((incarnation.0, path.file_name().unwrap().to_string_lossy().into_owned()))
        }
        _ => None,
    });
    told.collect()
}

#[test]
fn a_compressed_file_is_known_again_and_read_once() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..300));
    scene.wait_lines(300);
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("b", 0..3));
    scene.wait_lines(303);
    assert!(Command::new("gzip").arg(scene.path("P.1")).status().unwrap().success());
    scene.wait_kind("archived", 1);
    fs::rename(scene.path("P.1.gz"), scene.path("P.2.gz")).unwrap();
    append(&scene.p(), &numbered("b", 3..5));
    scene.wait_lines(305);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..300), &numbered("b", 0..5)]));
    assert_eq!(archived(&scene), names(&[(1, "P.1.gz"), (1, "P.2.gz")]), "{}", scene.report());
}

/// Two rotations at once, each file compressed: whoever looks in between sees them as files, whoever comes later as
/// archives; all is read once and in order either way.
#[test]
fn what_was_rotated_and_compressed_unseen_is_read_from_the_archive() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &numbered("a", 0..300));
    scene.wait_lines(300);
    compress(&scene.path("first"), &numbered("a", 0..300));
    compress(&scene.path("second"), &numbered("b", 0..300));
    scene.catch_up();
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("b", 0..300));
    fs::rename(scene.path("first"), scene.path("P.2.gz")).unwrap();
    fs::remove_file(scene.path("P.1")).unwrap();
    fs::rename(scene.p(), scene.path("P.1")).unwrap();
    fs::rename(scene.path("second"), scene.path("P.1.gz")).unwrap();
    fs::remove_file(scene.path("P.1")).unwrap();
    append(&scene.p(), &numbered("c", 0..3));
    scene.wait_lines(603);
    scene.catch_up();
    scene.assert_lines(&concat(&[&numbered("a", 0..300), &numbered("b", 0..300), &numbered("c", 0..3)]));
    let names: Vec<String> = archived(&scene).into_iter().map(|(_, name)| name).collect();
    assert_eq!(names, ["P.2.gz", "P.1.gz"], "{}", scene.report());
}

#[test]
fn archives_that_are_there_when_following_begins_are_not_replayed() {
    let dir = follow_common::stage();
    compress(&dir.path().join("P.1.gz"), &numbered("old", 0..300));
    append(&dir.path().join("P.2"), &numbered("older", 0..300));
    let path = dir.path().join("P");
    append(&path, &numbered("a", 0..2));
    let mut scene = Scene::new(dir, &[rotascope::follow::Target::Path(path)], false);
    fs::rename(scene.path("P.1.gz"), scene.path("P.3.gz")).unwrap();
    append(&scene.p(), &numbered("a", 2..4));
    scene.wait_lines(4);
    scene.catch_up();
    scene.assert_lines(&numbered("a", 0..4));
}

#[test]
fn whatever_compressed_it_a_file_is_known_again() {
    for ending in ENDINGS {
        let scene = Stepped::of_path();
        scene.append("P", &numbered("a", 0..300));
        scene.look();
        scene.rename("P", "P.1");
        scene.append("P", &numbered("b", 0..3));
        scene.look();
        pack(&scene, "P.1", ending);
        scene.look();
        scene.rename(&format!("P.1.{ending}"), &format!("P.2.{ending}"));
        scene.append("P", &numbered("b", 3..5));
        scene.look();
        scene.assert_text(&[&numbered("a", 0..300), &numbered("b", 0..5)]);
        let places = [1, 2].map(|number| (1, format!("P.{number}.{ending}")));
        assert_eq!(scene.archived(), places, "{}", scene.report());
    }
}

#[test]
fn what_came_and_went_unseen_is_read_from_its_archive() {
    for ending in ENDINGS {
        let scene = Stepped::of_path();
        scene.append("P", &numbered("a", 0..300));
        scene.look();
        scene.rename("P", "P.1");
        pack(&scene, "P.1", ending);
        scene.append("P", &numbered("b", 0..300));
        scene.rename(&format!("P.1.{ending}"), &format!("P.2.{ending}"));
        scene.rename("P", "P.1");
        pack(&scene, "P.1", ending);
        scene.append("P", &numbered("c", 0..3));
        scene.look();
        scene.assert_text(&[&numbered("a", 0..300), &numbered("b", 0..300), &numbered("c", 0..3)]);
        let archives = names(&[(1, &format!("P.2.{ending}")), (2, &format!("P.1.{ending}"))]);
        assert_eq!(scene.archived(), archives, "{}", scene.report());
    }
}

/// As logrotate's `dateext` names them.
#[test]
fn archives_named_by_date_are_known_and_read() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..300));
    scene.look();
    scene.rename("P", "P-20261127");
    scene.append("P", &numbered("b", 0..3));
    scene.look();
    pack(&scene, "P-20261127", "gz");
    scene.look();
    assert_eq!(scene.archived(), names(&[(1, "P-20261127.gz")]), "{}", scene.report());
    for (day, name) in [(28, "c"), (29, "d")] {
        let archive = format!("P-202611{day}");
        scene.rename("P", &archive);
        scene.append("P", &numbered(name, 0..30));
        pack(&scene, &archive, "gz");
    }
    scene.look();
    let parts = [numbered("a", 0..300), numbered("b", 0..3), numbered("c", 0..30), numbered("d", 0..30)];
    scene.assert_text(&parts.each_ref().map(Vec::as_slice));
    let archives = names(&[(1, "P-20261127.gz"), (2, "P-20261128.gz"), (3, "P-20261129.gz")]);
    assert_eq!(scene.archived(), archives, "{}", scene.report());
}

/// Whoever compresses a file removes it only when all of it is in the archive: whoever looks in between reads it once.
#[test]
fn what_is_being_compressed_is_read_once() {
    for ending in ENDINGS {
        let scene = Stepped::of_path();
        scene.append("P", &numbered("a", 0..300));
        scene.look();
        scene.rename("P", "P-20261127");
        pack(&scene, "P-20261127", ending);
        scene.append("P", &numbered("b", 0..20));
        scene.rename("P", "P-20261128");
        scene.append("P", &numbered("c", 0..30));
        fs::copy(scene.path("P-20261128"), scene.path("copy")).unwrap();
        // All of it came in one tick of the clock, which the time stamps of files may be before.
        let tick = std::time::SystemTime::now() - std::time::Duration::from_millis(500);
        fs::File::options().write(true).open(scene.path("copy")).unwrap().set_modified(tick).unwrap();
        pack(&scene, "copy", ending);
        scene.rename(&format!("copy.{ending}"), &format!("P-20261128.{ending}"));
        scene.look();
        fs::remove_file(scene.path("P-20261128")).unwrap();
        scene.look();
        scene.assert_text(&[&numbered("a", 0..300), &numbered("b", 0..20), &numbered("c", 0..30)]);
        let archives = [(1, &*format!("P-20261127.{ending}")), (2, &*format!("P-20261128.{ending}"))];
        assert_eq!(scene.archived(), names(&archives), "{}", scene.report());
    }
}

/// As logrotate's `delaycompress` does it: an archive stays as it is for one round, and its writer may still be at work.
#[test]
fn what_is_compressed_a_round_later_is_known_again() {
    let scene = Stepped::of_path();
    let round = |new: &str, late: &[String]| {
        if scene.path("P.2.gz").exists() {
            scene.rename("P.2.gz", "P.3.gz");
        }
        if scene.path("P.1").exists() {
            pack(&scene, "P.1", "gz");
            scene.rename("P.1.gz", "P.2.gz");
        }
        scene.rename("P", "P.1");
        scene.append("P", &numbered(new, 0..20));
        scene.append("P.1", late);
    };
    scene.append("P", &numbered("a", 0..20));
    scene.look();
    round("b", &numbered("a", 20..22));
    scene.look();
    round("c", &numbered("b", 20..22));
    scene.look();
    // Two rounds that nobody sees: what came in between is compressed by then.
    round("d", &[]);
    round("e", &[]);
    scene.look();
    for (id, name, count) in [(1, "a", 22), (2, "b", 22), (3, "c", 20), (4, "d", 20), (5, "e", 20)] {
        assert_eq!(scene.text_of(id), numbered(name, 0..count).concat(), "{}", scene.report());
    }
    let archived = scene.archived();
    let of = |id: u32| archived.iter().filter(|(of, _)| *of == id).count();
    assert_eq!((of(1), of(2), of(3), of(4), of(5)), (1, 1, 1, 0, 0), "{archived:?}\n{}", scene.report());
}

/// A compressed archive moves on with each rotation, and is deleted in the end. Nothing of it is read again.
#[test]
fn a_compressed_archive_is_known_until_it_is_deleted() {
    let scene = Stepped::of_path();
    for round in 0..5 {
        scene.append("P", &numbered(&format!("round {round}"), 0..20));
        scene.look();
        if scene.path("P.3.gz").exists() {
            fs::remove_file(scene.path("P.3.gz")).unwrap();
        }
        for number in [2, 1] {
            if scene.path(&format!("P.{number}.gz")).exists() {
                scene.rename(&format!("P.{number}.gz"), &format!("P.{}.gz", number + 1));
            }
        }
        scene.rename("P", "P.1");
        pack(&scene, "P.1", "gz");
        // Now and then two rounds go unseen.
        if round != 2 {
            scene.look();
        }
    }
    let last = |id: u32| scene.archived().into_iter().rfind(|(of, _)| *of == id).map(|(_, name)| name);
    let at = [1, 2, 3, 4, 5].map(last).map(Option::unwrap);
    assert_eq!(at[2..], ["P.3.gz", "P.2.gz", "P.1.gz"], "{}", scene.report());
    let gone: Vec<u32> = scene
        .events()
        .into_iter()
        .filter_map(|event| match event {
            FollowEvent::Deleted { incarnation, path, .. } => {
                path.extension().is_some_and(|ending| ending == "gz").then_some(incarnation.0)
            }
            _ => None,
        })
        .collect();
    assert_eq!(gone, [1, 2], "{}", scene.report());
    let rounds: Vec<String> = (0..5).flat_map(|round| numbered(&format!("round {round}"), 0..20)).collect();
    scene.assert_text(&[&rounds]);
}

/// `cp P P.1; truncate -s 0 P; gzip P.1`, however much of it is seen: all is read once, and it is told where the life
/// that was cut is.
#[test]
fn a_copy_that_was_compressed_is_the_life_that_was_cut() {
    for ending in ENDINGS {
        for seen in 0..8_u32 {
            let scene = Stepped::of_path();
            scene.append("P", &numbered("a", 0..30));
            scene.look();
            // Nobody has read these when they are cut away, unless the copy is seen.
            scene.append("P", &numbered("a", 30..40));
            fs::copy(scene.path("P"), scene.path("P.1")).unwrap();
            if seen & 1 != 0 {
                scene.look();
            }
            fs::File::options().write(true).open(scene.path("P")).unwrap().set_len(0).unwrap();
            if seen & 2 != 0 {
                scene.look();
            }
            pack(&scene, "P.1", ending);
            if seen & 4 != 0 {
                scene.look();
            }
            scene.append("P", &numbered("b", 0..50));
            scene.look();
            scene.look();
            let report = || format!("{ending}, seen {seen:03b}\n{}", scene.report());
            assert_eq!(scene.text_of(1), numbered("a", 0..40).concat(), "{}", report());
            assert_eq!(scene.text_of(2), numbered("b", 0..50).concat(), "{}", report());
            scene.assert_text(&[&numbered("a", 0..40), &numbered("b", 0..50)]);
            assert_eq!(scene.archived(), names(&[(1, &format!("P.1.{ending}"))]), "{}", report());
            assert_eq!(scene.kinds().iter().filter(|kind| **kind == "truncated").count(), 1, "{}", report());
        }
    }
}

/// The same twice between two looks: a whole life is in an archive alone.
#[test]
fn a_life_that_was_copied_cut_and_compressed_unseen_is_read() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..30));
    scene.look();
    copy_and_truncate(&scene, "P", "P.1");
    pack(&scene, "P.1", "gz");
    scene.append("P", &numbered("b", 0..30));
    scene.rename("P.1.gz", "P.2.gz");
    copy_and_truncate(&scene, "P", "P.1");
    pack(&scene, "P.1", "gz");
    scene.append("P", &numbered("c", 0..60));
    scene.look();
    scene.assert_text(&[&numbered("a", 0..30), &numbered("b", 0..30), &numbered("c", 0..60)]);
    let archived: Vec<String> = scene.archived().into_iter().map(|(_, name)| name).collect();
    assert_eq!(archived, ["P.2.gz", "P.1.gz"], "{}", scene.report());
}

/// Whatever compresses an old archive later, and whatever time that then bears: it is not replayed.
#[test]
fn an_old_archive_that_is_compressed_now_is_not_replayed() {
    let dir = follow_common::stage();
    append(&dir.path().join("P.1"), &numbered("old", 0..300));
    append(&dir.path().join("P"), &numbered("a", 0..30));
    let scene = Stepped::follow(dir, &["P"]);
    compress(&scene.path("P.2.gz"), &numbered("old", 0..300));
    fs::remove_file(scene.path("P.1")).unwrap();
    scene.rename("P", "P.1");
    scene.append("P", &numbered("b", 0..30));
    scene.look();
    scene.rename("P.2.gz", "P.3.gz");
    scene.rename("P.1", "P.2");
    copy_and_truncate(&scene, "P", "P.1");
    scene.append("P", &numbered("c", 0..60));
    scene.look();
    scene.assert_text(&[&numbered("a", 0..30), &numbered("b", 0..30), &numbered("c", 0..60)]);
}

/// Files whose archives have names that are alike keep to their own.
#[test]
fn no_file_takes_the_archives_of_another() {
    for (one, other) in [("app.log", "app2.log"), ("a.log", "a.1.log"), ("a.log", "a.err"), ("app", "app-2")] {
        let scene = Stepped::follow(follow_common::stage(), &[one, other]);
        for name in [one, other] {
            scene.append(name, &numbered(&format!("{name} first"), 0..20));
        }
        scene.look();
        let archives = |name: &str| {
            let (stem, ending) = name.split_once('.').unwrap_or((name, ""));
            if ending == "err" { format!("{stem}.7.{ending}") } else { format!("{name}.1") }
        };
        // Each has two lives that nobody sees: one is compressed, one stays as it is.
        for name in [other, one] {
            let archive = archives(name);
            scene.rename(name, &archive);
            scene.append(name, &numbered(&format!("{name} second"), 0..20));
            pack(&scene, &archive, "gz");
            scene.rename(&format!("{archive}.gz"), &format!("{name}.3.gz"));
            scene.rename(name, &archive);
            scene.append(name, &numbered(&format!("{name} third"), 0..20));
            pack(&scene, &archive, "gz");
            scene.rename(&format!("{archive}.gz"), &format!("{name}.2.gz"));
            scene.rename(name, &archive);
            scene.append(name, &numbered(&format!("{name} fourth"), 0..60));
        }
        scene.look();
        for name in [one, other] {
            copy_and_truncate(&scene, name, &format!("{name}.9"));
            scene.append(name, &numbered(&format!("{name} fifth"), 0..90));
        }
        scene.look();
        for name in [one, other] {
            let part = |which: &str, count| numbered(&format!("{name} {which}"), 0..count);
            let parts =
                [part("first", 20), part("second", 20), part("third", 20), part("fourth", 60), part("fifth", 90)];
            scene.assert_text_at(name, &parts.each_ref().map(Vec::as_slice));
        }
    }
}

/// Two followed files with the same content, one of them rotated away unseen: its archive is its own.
#[test]
fn the_same_content_elsewhere_is_not_taken_for_it() {
    let scene = Stepped::follow(follow_common::stage(), &["app.log", "app2.log"]);
    let same = numbered("the same", 0..30);
    scene.append("app.log", &same);
    scene.append("app2.log", &numbered("a", 0..30));
    scene.look();
    scene.rename("app2.log", "app2.log.1");
    scene.append("app2.log", &same);
    pack(&scene, "app2.log.1", "gz");
    scene.rename("app2.log.1.gz", "app2.log.2.gz");
    scene.rename("app2.log", "app2.log.1");
    pack(&scene, "app2.log.1", "gz");
    scene.append("app2.log", &numbered("b", 0..3));
    scene.look();
    scene.assert_text_at("app.log", &[&same]);
    scene.assert_text_at("app2.log", &[&numbered("a", 0..30), &same, &numbered("b", 0..3)]);
}

/// What fits a pattern is followed as if it had been named: copies are read, what came and went unseen is told.
#[test]
fn a_pattern_means_its_files_as_a_name_does() {
    for target in ["app.log", "*.log"] {
        let dir = follow_common::stage();
        append(&dir.path().join("app.log"), &numbered("a", 0..30));
        append(&dir.path().join("app.log.7"), &numbered("old", 0..30));
        let scene = Stepped::follow(dir, &[target]);
        scene.append("app.log", &numbered("a", 30..40));
        copy_and_truncate(&scene, "app.log", "app.log.1");
        scene.append("app.log", &numbered("b", 0..30));
        copy_and_truncate(&scene, "app.log", "app.log.2");
        scene.append("app.log", &numbered("c", 0..60));
        scene.look();
        scene.assert_text(&[&numbered("a", 0..40), &numbered("b", 0..30), &numbered("c", 0..60)]);
        for _ in 0..4 {
            fs::remove_file(scene.path("app.log")).unwrap();
            scene.append("app.log", &numbered("d", 0..3));
        }
        scene.look();
        let missed = |scene: &Stepped| scene.kinds().iter().filter(|kind| **kind == "missed").count();
        assert_eq!(missed(&scene), 3, "{target}\n{}", scene.report());
        fs::remove_file(scene.path("app.log")).unwrap();
        fs::create_dir(scene.path("app.log")).unwrap();
        scene.look();
        assert_eq!(scene.kinds().last(), Some(&"not_a_file"), "{target}\n{}", scene.report());
    }
}

/// Nobody hears of the coming of a file that the first look found: it is no answer to what is heard after that.
#[test]
fn what_goes_at_once_after_the_start_is_counted() {
    let dir = follow_common::stage();
    append(&dir.path().join("P"), &numbered("a", 0..3));
    let scene = Stepped::follow(dir, &["P"]);
    for _ in 0..4 {
        fs::write(scene.path("new"), "b\n").unwrap();
        scene.rename("new", "P");
    }
    scene.look();
    assert_eq!(scene.kinds(), ["replaced", "missed", "missed", "missed"], "{}", scene.report());
}

/// `cp P P.1; truncate -s 0 P` where both are followed, however much of it is seen: the copy is followed too, but what was read
/// of the file is not read again, and nothing else is left out.
#[test]
fn what_a_copy_in_a_followed_folder_repeats_is_left_out() {
    for (target, seen) in [".", "P*"].into_iter().flat_map(|target| (0..8_u32).map(move |seen| (target, seen))) {
        let dir = follow_common::stage();
        append(&dir.path().join("P"), &numbered("a", 0..30));
        let scene = Stepped::follow(dir, &[target]);
        scene.append("P", &numbered("a", 30..40));
        if seen & 1 != 0 {
            fs::write(scene.path("P.1"), "").unwrap();
            scene.look();
        }
        fs::copy(scene.path("P"), scene.path("P.1")).unwrap();
        if seen & 2 != 0 {
            scene.look();
        }
        fs::File::options().write(true).open(scene.path("P")).unwrap().set_len(0).unwrap();
        if seen & 4 != 0 {
            scene.look();
        }
        scene.append("P", &numbered("b", 0..3));
        scene.append("P-20260509", &numbered("c", 0..3));
        scene.look();
        let mut lines: Vec<String> = scene.text().split_inclusive('\n').map(str::to_owned).collect();
        lines.sort();
        let mut expected = concat(&[&numbered("a", 0..40), &numbered("b", 0..3), &numbered("c", 0..3)]);
        expected.sort();
        assert_eq!(lines, expected, "{target}, seen {seen:03b}\n{}", scene.report());
        let carried = scene.kinds().iter().filter(|kind| **kind == "carried_over").count();
        assert_eq!(carried, 1, "{target}, seen {seen:03b}\n{}", scene.report());
    }
}

/// The same while the copy is in the making: a large one takes its time, and the original may be cut by then.
#[test]
fn what_a_copy_in_the_making_repeats_is_left_out() {
    for (target, cut) in [(".", false), (".", true), ("P*", true)] {
        let dir = follow_common::stage();
        let before = numbered("a", 0..100);
        append(&dir.path().join("P"), &before);
        let scene = Stepped::follow(dir, &[target]);
        for at in [0, 40] {
            scene.append("P.1", &before[at..at + 40]);
            scene.look();
        }
        if cut {
            fs::File::options().write(true).open(scene.path("P")).unwrap().set_len(0).unwrap();
            scene.look();
        }
        scene.append("P.1", &before[80..]);
        scene.look();
        scene.append("P", &numbered("b", 0..3));
        scene.look();
        scene.append("P.1", &numbered("c", 0..3));
        scene.look();
        scene.assert_text(&[&before, &numbered("b", 0..3), &numbered("c", 0..3)]);
        let carried = scene.kinds().iter().filter(|kind| **kind == "carried_over").count();
        assert_eq!(carried, 1, "{target}, cut: {cut}\n{}", scene.report());
    }
}

/// The same where it comes to a halt for so long that it was taken for whole.
#[test]
fn a_copy_that_goes_on_after_a_pause_repeats_nothing() {
    let dir = follow_common::stage();
    let before = numbered("a", 0..100);
    append(&dir.path().join("P"), &before);
    let scene = Stepped::follow(dir, &["."]);
    let carried = |scene: &Stepped| scene.kinds().iter().filter(|kind| **kind == "carried_over").count();
    for at in [0, 50] {
        scene.append("P.1", &before[at..at + 50]);
        scene.look();
        scene.run_until("so much is taken for whole", DEADLINE, || carried(&scene) == at / 50 + 1);
    }
    scene.append("P.1", &numbered("b", 0..3));
    scene.look();
    scene.assert_text(&[&before, &numbered("b", 0..3)]);
}

/// `cp P P.1; truncate -s 0 P` again and again, where both are followed: each copy stands in the file of the one before.
#[test]
fn a_copy_in_the_place_of_another_copy_repeats_nothing() {
    for seen in 0..8_u32 {
        let dir = follow_common::stage();
        append(&dir.path().join("P"), &numbered("0", 0..100));
        let scene = Stepped::follow(dir, &["."]);
        let look = |step: u32| {
            if seen & (1 << step) != 0 {
                scene.look();
            }
        };
        for round in 1..5 {
            // Without it what came is in the copy alone: that is tried elsewhere.
            scene.look();
            fs::copy(scene.path("P"), scene.path("P.1")).unwrap();
            look(0);
            fs::File::options().write(true).open(scene.path("P")).unwrap().set_len(0).unwrap();
            look(1);
            scene.append("P", &numbered(&round.to_string(), 0..100 - round));
            look(2);
        }
        scene.look();
        let lines: Vec<String> = (0..5).flat_map(|round| numbered(&round.to_string(), 0..100 - round)).collect();
        let mut read: Vec<String> = scene.text().split_inclusive('\n').map(str::to_owned).collect();
        read.sort();
        assert_eq!(read, lines, "seen {seen:03b}\n{}", scene.report());
        let mut carried = BTreeMap::new();
        for event in scene.events() {
            if let FollowEvent::CarriedOver { incarnation, bytes, .. } = event {
                *carried.entry(incarnation).or_insert(0) += bytes;
            }
        }
        let size = fs::metadata(scene.path("P.1")).unwrap().len();
        assert!(carried.values().last().is_some_and(|bytes| *bytes == size), "{carried:?}\n{}", scene.report());
    }
}

/// A copy of which is not known yet whether it is whole moves on with the next rotation.
#[test]
fn a_copy_that_moves_on_repeats_nothing() {
    for target in [".", "P*"] {
        let dir = follow_common::stage();
        append(&dir.path().join("P"), &numbered("a", 0..100));
        let scene = Stepped::follow(dir, &[target]);
        let rotate = |from: usize| {
            if scene.path("P.1").exists() {
                scene.rename("P.1", "P.2");
            }
            fs::copy(scene.path("P"), scene.path("P.1")).unwrap();
            scene.append("P", &numbered("a", from..from + 10));
            scene.look();
        };
        (10..13).for_each(|round| rotate(10 * round));
        scene.assert_text(&[&numbered("a", 0..130)]);
    }
}

/// What has left the path and is overwritten with random bytes, as `shred` does it, is told, and nothing of it shown.
#[test]
fn what_is_shredded_is_told_and_not_shown() {
    let scene = Stepped::of_path();
    scene.append("P", &numbered("a", 0..40));
    scene.look();
    scene.rename("P", "P.1");
    scene.append("P", &numbered("b", 0..3));
    scene.look();
    for pass in 1..4_u32 {
        let mut state = pass;
        let mut random = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let noise: Vec<u8> = (0..4096).map(|_| random()).collect();
        let mut file = fs::File::options().write(true).open(scene.path("P.1")).unwrap();
        file.write_all(&noise).unwrap();
        scene.look();
    }
    fs::remove_file(scene.path("P.1")).unwrap();
    scene.append("P", &numbered("b", 3..5));
    scene.look();
    scene.assert_text(&[&numbered("a", 0..40), &numbered("b", 0..5)]);
    let kinds = scene.kinds();
    assert!(kinds.contains(&"truncated") && kinds.contains(&"abandoned"), "{}", scene.report());
    assert_eq!(kinds.last(), Some(&"deleted"), "{}", scene.report());
}

/// A compressed archive that is made under another name, beside the file and without a name of an archive at first.
#[test]
fn what_an_archive_is_made_as_is_no_log() {
    for (target, temporary) in [("P", "P.1.tmp"), ("P*", "P.1.tmp"), ("P*", "P.1.gz.tmp"), (".", "P.1.gz.tmp")] {
        let scene = Stepped::follow(follow_common::stage(), &[target]);
        scene.append("P", &numbered("a", 0..40));
        scene.look();
        scene.rename("P", "P.1");
        scene.append("P", &numbered("b", 0..3));
        scene.look();
        let packed = compressed(&scene.path("P.1.gz"), numbered("a", 0..40).concat().as_bytes());
        let mut file = fs::File::create(scene.path(temporary)).unwrap();
        scene.look();
        file.write_all(&packed).unwrap();
        scene.look();
        scene.rename(temporary, "P.1.gz");
        fs::remove_file(scene.path("P.1")).unwrap();
        scene.look();
        scene.assert_text(&[&numbered("a", 0..40), &numbered("b", 0..3)]);
        assert_eq!(scene.archived(), names(&[(1, "P.1.gz")]), "{target}, {temporary}\n{}", scene.report());
        assert_eq!(scene.kinds().iter().filter(|kind| **kind == "created").count(), 2, "{}", scene.report());
    }
}

/// A copy of what the original was a while ago is whole, although it has less than that has now.
#[test]
fn a_copy_that_stays_behind_its_original_is_followed_in_the_end() {
    let dir = follow_common::stage();
    append(&dir.path().join("P"), &numbered("a", 0..100));
    let scene = Stepped::follow(dir, &["."]);
    scene.append("P.1", &numbered("a", 0..60));
    scene.look();
    scene.run_until("the copy is followed", DEADLINE, || scene.kinds().contains(&"carried_over"));
    scene.append("P.1", &numbered("b", 0..3));
    scene.look();
    scene.assert_text(&[&numbered("a", 0..100), &numbered("b", 0..3)]);
}

/// A log of the next day is no copy of today's because both begin with the same few bytes.
#[test]
fn a_banner_is_not_taken_for_a_copy() {
    let scene = Stepped::follow(follow_common::stage(), &["."]);
    let banner = vec!["#Fields: time method path\n".to_owned()];
    scene.append("access_log", &banner);
    scene.append("access_log", &numbered("a", 0..30));
    scene.look();
    scene.append("access_log-20261128", &banner);
    scene.look();
    scene.append("access_log-20261128", &numbered("b", 0..3));
    scene.look();
    scene.assert_text(&[&banner, &numbered("a", 0..30), &banner, &numbered("b", 0..3)]);
}

/// `ln P P.1; rm P`, and `ln P P.1; mv new P`: an archive that was never moved there. It may be written to later than the
/// next one.
#[test]
fn an_archive_that_is_a_hard_link_is_read() {
    for replaces in [false, true] {
        let scene = Stepped::of_path();
        scene.append("P", &numbered("a", 0..3));
        scene.look();
        for (at, name) in ["b", "c", "d"].into_iter().enumerate() {
            // One tick of the file system's clock: which archive is the older one, only the time of its birth tells.
            std::thread::sleep(Duration::from_millis(5));
            fs::hard_link(scene.path("P"), scene.path(&format!("P.{at}"))).unwrap();
            if replaces {
                scene.append("new", &numbered(name, 0..3));
                scene.rename("new", "P");
            } else {
                fs::remove_file(scene.path("P")).unwrap();
                scene.append("P", &numbered(name, 0..3));
            }
        }
        let mut b = numbered("b", 0..3);
        if replaces {
            b.extend(numbered("b", 3..4));
            scene.append("P.1", &b[3..]);
        }
        scene.look();
        scene.assert_text(&[&numbered("a", 0..3), &b, &numbered("c", 0..3), &numbered("d", 0..3)]);
        scene.look();
        // What was written to under the archive's name might be a copy, of a file that nobody has seen.
        assert!(replaces || !scene.kinds().contains(&"missed"), "{}", scene.report());
    }
}

/// `cp P P.1; truncate -s 0 P`, and the file has left the path before anybody has looked: the copy is of that file, wherever
/// it is by then.
#[test]
fn a_copy_of_what_has_left_its_path_is_read() {
    for is_seen in [true, false] {
        let scene = Stepped::of_path();
        scene.append("P", &numbered("a", 0..30));
        if is_seen {
            scene.look();
        }
        scene.append("P", &numbered("b", 0..20));
        copy_and_truncate(&scene, "P", "P.1");
        scene.append("P", &numbered("c", 0..3));
        copy_and_truncate(&scene, "P", "P.2");
        scene.append("P", &numbered("d", 0..40));
        scene.rename("P", "P.3");
        scene.append("P", &numbered("e", 0..3));
        scene.look();
        let parts = [numbered("a", 0..30), numbered("b", 0..20), numbered("c", 0..3), numbered("d", 0..40)];
        scene.assert_text(&[&concat(&parts.each_ref().map(Vec::as_slice)), &numbered("e", 0..3)]);
    }
}

/// A followed link: its target is rotated, copied and compressed like any other file, beside the target.
#[test]
fn what_a_link_leads_to_is_rotated_as_any_other_file() {
    let rotations: [fn(&Stepped); 4] = [
        |scene| scene.rename("far/t", "far/t.1"),
        |scene| {
            scene.rename("far/t", "far/t.1");
            pack(scene, "far/t.1", "gz");
        },
        |scene| copy_and_truncate(scene, "far/t", "far/t.1"),
        |scene| {
            copy_and_truncate(scene, "far/t", "far/t.1");
            pack(scene, "far/t.1", "gz");
        },
    ];
    for (which, rotate) in rotations.into_iter().enumerate() {
        let dir = follow_common::stage();
        fs::create_dir(dir.path().join("far")).unwrap();
        std::os::unix::fs::symlink("far/t", dir.path().join("P")).unwrap();
        append(&dir.path().join("far/t"), &numbered("a", 0..20));
        let scene = Stepped::follow(dir, &["P"]);
        scene.append("far/t", &numbered("a", 20..30));
        for name in ["b", "c"] {
            for ending in ["", ".gz"] {
                if scene.path(&format!("far/t.1{ending}")).exists() {
                    scene.rename(&format!("far/t.1{ending}"), &format!("far/t.2{ending}"));
                }
            }
            rotate(&scene);
            scene.append("far/t", &numbered(name, 0..60));
        }
        scene.look();
        let parts = [numbered("a", 0..30), numbered("b", 0..60), numbered("c", 0..60)];
        println!("{which}: {}", scene.report());
        scene.assert_text(&parts.each_ref().map(Vec::as_slice));
    }
}

/// A link that is turned to the file of another day: what it led to is no archive of what it leads to.
#[test]
fn files_of_other_days_are_no_archives_of_the_one_that_a_link_leads_to() {
    let dir = follow_common::stage();
    let turn = |dir: &Path, day: &str| {
        std::os::unix::fs::symlink(day, dir.join("new")).unwrap();
        fs::rename(dir.join("new"), dir.join("P")).unwrap();
    };
    append(&dir.path().join("log.2024-05-01"), &numbered("a", 0..20));
    turn(dir.path(), "log.2024-05-01");
    let scene = Stepped::follow(dir, &["P"]);
    for (day, name) in [("log.2024-05-02", "b"), ("log.2024-05-03", "c")] {
        scene.append(day, &numbered(name, 0..10));
        scene.look();
        turn(scene.path("P").parent().unwrap(), day);
        scene.append(day, &numbered(name, 10..30));
        scene.look();
    }
    scene.assert_text(&[&numbered("a", 0..20), &numbered("b", 0..30), &numbered("c", 0..30)]);
    assert_eq!(scene.kinds(), ["retargeted", "created", "retargeted", "created"], "{}", scene.report());
}
