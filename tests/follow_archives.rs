//! The follower and compressed archives: what was compressed is known again, and what came and went unseen is read there.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use follow_common::{Scene, append, concat, numbered};
use rotascope::event::FollowEvent;

/// Writes lines as gzip would leave them.
fn compress(path: &Path, lines: &[String]) {
    let mut gzip = flate2::write::GzEncoder::new(fs::File::create(path).unwrap(), flate2::Compression::fast());
    gzip.write_all(lines.concat().as_bytes()).unwrap();
    gzip.finish().unwrap();
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
    assert_eq!(archived(&scene), [(1, "P.1.gz".to_owned())], "{}", scene.report());
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
