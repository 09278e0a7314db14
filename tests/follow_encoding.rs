//! Following text that is not UTF-8: lines end where they end in their encoding, whatever the writes cut apart.
#![allow(clippy::unwrap_used)]

mod follow_common;

use std::fs;

use follow_common::{Scene, Writer, append};
use rotascope::command::FileOperation;
use rotascope::event::{Batch, FollowEvent, IncarnationId};
use rotascope::record::{Level, TextEncoding};

fn wide(text: &str, encoding: TextEncoding) -> Vec<u8> {
    let big = encoding == TextEncoding::Utf16Be;
    text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

fn batches(scene: &Scene) -> Vec<&Batch> {
    scene
        .follow_events()
        .filter_map(|event| match event {
            FollowEvent::Read(batch) => Some(batch),
            _ => None,
        })
        .collect()
}

fn sum(scene: &Scene, figure: impl Fn(&Batch) -> u64) -> u64 {
    batches(scene).into_iter().map(figure).sum()
}

fn strings(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| (*line).to_owned()).collect()
}

/// F5: UTF-16 with a mark, where each write ends within a code unit.
#[test]
fn f5_utf_16_split_within_a_unit() {
    // Either half of these characters looks like a newline, and so do halves of two of them together.
    let lines = ["\u{feff}INFO one\n", "\u{0a00}\u{0a0a}\u{000b}\u{0a00} 用户\n", "\n", "ERROR last 😀\n"];
    for encoding in [TextEncoding::Utf16Le, TextEncoding::Utf16Be] {
        let mut scene = Scene::of_path();
        let mut writer = Writer::open(&scene.p());
        let bytes = wide(&lines.concat(), encoding);
        for piece in bytes.chunks(3) {
            writer.bytes(piece);
            scene.catch_up();
        }
        scene.wait_lines(4);
        scene.assert_lines(&strings(&lines));
        assert_eq!(scene.encodings.get(&IncarnationId(1)), Some(&encoding));
        assert_eq!(batches(&scene).last().map(|batch| batch.end), Some(bytes.len() as u64), "offsets are in bytes");
        assert_eq!(sum(&scene, |batch| batch.nul_bytes), 0, "half a unit is no hole");
        for level in [Level::Info, Level::Error] {
            assert_eq!(sum(&scene, |batch| batch.levels[level as usize].into()), 1, "{level:?}");
        }
        scene.assert_kinds(&["created"]);
    }
}

/// F9: the mark of UTF-8 is counted, and is no text: the first line has its level.
#[test]
fn f9_the_mark_of_utf_8_is_counted_and_no_text() {
    let mut scene = Scene::of_path();
    append(&scene.p(), &strings(&["\u{feff}ERROR first\n", "second\n"]));
    scene.wait_lines(2);
    scene.catch_up();
    assert_eq!(batches(&scene).last().map(|batch| batch.end), Some(22));
    assert_eq!(sum(&scene, |batch| batch.levels[Level::Error as usize].into()), 1);
    assert!(scene.encodings.is_empty(), "{}", scene.report());
}

/// After a truncation nobody writes the mark again, and a file that replaces another one may never have had one.
#[test]
fn wide_text_without_a_mark_is_what_the_file_was() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.bytes(&wide("\u{feff}INFO 用户\n", TextEncoding::Utf16Le));
    scene.wait_lines(1);
    writer.0.set_len(0).unwrap();
    // No ASCII in it: nothing but the file's past tells.
    writer.bytes(&wide("用户登录成功\n", TextEncoding::Utf16Le));
    scene.wait_lines(2);
    fs::write(scene.path("P.new"), b"").unwrap();
    fs::rename(scene.path("P.new"), scene.p()).unwrap();
    scene.wait_kind("replaced", 1);
    Writer::open(&scene.p()).bytes(&wide("登录成功\n", TextEncoding::Utf16Le));
    scene.wait_lines(3);
    scene.assert_lines(&strings(&["\u{feff}INFO 用户\n", "用户登录成功\n", "登录成功\n"]));
    // Whoever writes UTF-8 into it then is understood too.
    Writer::open(&scene.p()).0.set_len(0).unwrap();
    scene.wait_kind("truncated", 2);
    append(&scene.p(), &strings(&["INFO 用户\n"]));
    scene.wait_lines(4);
    scene.catch_up();
    assert_eq!(scene.lines()[3], "INFO 用户\n");
}

/// A cut may go through a unit: whoever appends begins a new one there.
#[test]
fn a_cut_within_a_unit_moves_the_units() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    writer.bytes(&wide("\u{feff}INFO one\nINFO two\n", TextEncoding::Utf16Le));
    scene.wait_lines(2);
    scene.operate(FileOperation::Truncate { to_bytes: 25 }, &scene.p());
    scene.wait_kind("truncated", 1);
    for piece in wide("INFO 用户\nINFO four\n", TextEncoding::Utf16Le).chunks(5) {
        writer.bytes(piece);
        scene.catch_up();
    }
    scene.wait_lines(4);
    assert_eq!(scene.lines()[2..], ["INFO 用户\n", "INFO four\n"], "{}", scene.report());
}

/// A Chinese log is known by its lines, in blocks of any size, and stays what it is.
#[test]
fn gbk_is_known_by_its_lines() {
    let mut scene = Scene::of_path();
    let mut writer = Writer::open(&scene.p());
    let lines = ["INFO plain\n", "INFO 用户 登录成功\n", "INFO 通\n", "ERROR 中文\n"];
    let bytes = encoding_rs::GBK.encode(&lines.concat()).0.into_owned();
    for piece in bytes.chunks(7) {
        writer.bytes(piece);
        scene.catch_up();
    }
    scene.wait_lines(4);
    scene.assert_lines(&strings(&lines));
    let told = scene.follow_events().filter(|event| matches!(event, FollowEvent::Encoded { .. })).count();
    assert_eq!((scene.encodings.get(&IncarnationId(1)), told), (Some(&TextEncoding::Gbk), 1));
}
