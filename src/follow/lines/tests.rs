#![allow(clippy::unwrap_used)]

use super::*;
use crate::event::LineMark;
use crate::follow::summing::{MARK_BYTES, MARK_LINES};

const ONE: IncarnationId = IncarnationId(1);

/// Feeds a text in blocks of a size, each with a little of what came before, as the reader does.
fn fed(text: &[u8], block: usize, stamps: bool) -> (Lines, Vec<Batch>) {
    let (lines, batches, _) = fed_to(Lines::new(0, 0, stamps), text, block);
    (lines, batches)
}

fn fed_to(lines: Lines, text: &[u8], block: usize) -> (Lines, Vec<Batch>, Vec<Hole>) {
    fed_on(lines, text, block)
}

/// Feeds what is behind that which was taken in before.
fn fed_on(mut lines: Lines, text: &[u8], block: usize) -> (Lines, Vec<Batch>, Vec<Hole>) {
    let (mut batches, mut holes) = (Vec::new(), Vec::new());
    for start in (lines.offset() as usize..text.len()).step_by(block) {
        let from = start.saturating_sub(256);
        let end = text.len().min(start + block);
        let mut at = start - from;
        while at < end - from {
            at = lines.take_in(&text[from..end], at);
            batches.extend(lines.batch(ONE, text.len() as u64));
            holes.extend(lines.take_hole());
        }
    }
    (lines, batches, holes)
}

fn text() -> Vec<u8> {
    let mut text = Vec::new();
    for number in 0..3000 {
        text.extend_from_slice(format!("{} line {number}\n", "x".repeat(number % 90)).as_bytes());
    }
    text.extend_from_slice(b"unended");
    text
}

#[test]
fn the_size_of_blocks_makes_no_difference() {
    let text = text();
    let (whole, at_once) = fed(&text, text.len(), false);
    for block in [1, 7, 300, 4096] {
        let (lines, batches) = fed(&text, block, false);
        assert_eq!((lines.offset(), lines.pending()), (whole.offset(), 7));
        let sum = batches.iter().map(|batch| batch.lines).sum::<u64>();
        assert_eq!(sum, 3000);
        let marks: Vec<LineMark> = batches.iter().flat_map(|batch| batch.marks.clone()).collect();
        assert_eq!(marks, at_once[0].marks);
        let longest = batches.iter().map(|batch| batch.longest_bytes).max();
        assert_eq!(longest, Some(at_once[0].longest_bytes));
        for (batch, next) in batches.iter().zip(&batches[1..]) {
            assert_eq!((batch.end, batch.first_line + batch.lines), (next.start, next.first_line));
        }
    }
}

#[test]
fn marks_are_close_and_right() {
    let text = text();
    let (_, batches) = fed(&text, 1000, false);
    let marks: Vec<LineMark> = batches.iter().flat_map(|batch| batch.marks.clone()).collect();
    assert_eq!(marks[0], LineMark { line: 0, offset: 0 });
    for pair in marks.windows(2) {
        assert!(pair[1].line - pair[0].line <= MARK_LINES && pair[1].offset - pair[0].offset <= MARK_BYTES + 100);
    }
    for mark in marks {
        let before = text[..mark.offset as usize].iter().filter(|byte| **byte == b'\n').count() as u64;
        assert_eq!(before, mark.line);
    }
}

#[test]
fn a_hole_of_megabytes_fills_no_buffer() {
    let mut text = vec![0; 8 << 20];
    text.extend_from_slice(b"ERROR after the hole\n");
    let (lines, batches, holes) = fed_to(Lines::new(0, 0, true), &text, 256 << 10);
    assert_eq!(holes, [Hole { offset: 0, bytes: 8 << 20 }]);
    assert_eq!((batches.len(), batches[0].lines, batches[0].nul_bytes), (1, 1, 0));
    assert_eq!((batches[0].start, batches[0].marks[0].offset), (8 << 20, 8 << 20));
    assert_eq!(batches[0].levels[crate::record::Level::Error as usize], 1);
    assert!(lines.carry.capacity() < 64 << 10);
}

/// Wherever a block ends, a hole is found and is in no batch; a few NUL bytes are text, except where a cut was.
#[test]
fn holes_are_between_lines() {
    let text = [&b"a\n"[..], &[0; 20], b"b\n\0\0c\0d\n", &[0; 16], b"\n"].concat();
    for block in 1..text.len() {
        let (lines, batches, holes) = fed_to(Lines::new(0, 0, false), &text, block);
        assert_eq!(holes, [Hole { offset: 2, bytes: 20 }, Hole { offset: 30, bytes: 16 }], "{block}");
        let (mut at, mut nul_bytes) = (0, 0);
        for batch in batches {
            assert!(
                batch.start == at
                    || holes.iter().any(|hole| (hole.offset, hole.offset + hole.bytes) == (at, batch.start))
            );
            (at, nul_bytes) = (batch.end, nul_bytes + batch.nul_bytes);
        }
        assert_eq!((at, nul_bytes, lines.count), (text.len() as u64, 3, 4));
    }
    let cut = Lines::new(0, 0, false).cut_to(0);
    let (_, batches, holes) = fed_to(cut, b"\0\0a\n\0\0b\n", 3);
    assert_eq!((holes.len(), holes[0].bytes, batches[0].start), (1, 2, 2));
}

#[test]
fn room_that_was_reserved_is_gone_back_over() {
    for written in ["", "a\n", "a\nb"] {
        let text = [written.as_bytes(), &[0; 40]].concat();
        for block in [1, 7, 100] {
            let (mut lines, ..) = fed_to(Lines::new(0, 0, true), &text, block);
            assert_eq!((lines.offset(), lines.undecided()), (text.len() as u64, 40));
            lines.go_back_before_nul();
            assert_eq!((lines.offset(), lines.undecided()), (written.len() as u64, 0), "{written:?}, {block}");
            let (lines, batches, holes) = fed_on(lines, &[written.as_bytes(), b"cd\n"].concat(), 100);
            assert_eq!(
                (lines.pending(), holes.len(), batches[0].longest_bytes),
                (0, 0, if written == "a\nb" { 3 } else { 2 })
            );
            assert_eq!(batches.iter().map(|batch| batch.nul_bytes).sum::<u64>(), 0);
        }
    }
}

#[test]
fn nul_bytes_before_wide_text_is_known_are_kept_back_no_longer() {
    let wide: Vec<u8> = "A log in Latin, one line\n".encode_utf16().flat_map(u16::to_be_bytes).collect();
    let mut lines = Lines::new(0, 0, false);
    lines.take_in(&wide[..1], 0);
    assert_eq!(lines.undecided(), 1);
    lines.take_in(&wide, 1);
    assert_eq!((lines.encoding(), lines.undecided()), (TextEncoding::Utf16Be, 0));
}

#[test]
fn a_last_line_becomes_final_once() {
    let (mut lines, _) = fed(b"a\nbc", 10, false);
    assert_eq!(lines.end_without_newline(true), Some((2, 2)));
    let batch = lines.batch(ONE, 4).unwrap();
    assert_eq!((batch.first_line, batch.lines, batch.start, batch.end), (1, 1, 2, 4));
    assert_eq!(lines.end_without_newline(true), None);
    lines.take_in(b"d\n", 0);
    assert_eq!(lines.batch(ONE, 6).unwrap().start, 4);
}
