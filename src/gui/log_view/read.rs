//! Reads lines from the files, found through the sparse index: one positioned read for a screenful.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::sync::Arc;

use super::line::SHOWN_CHARS;
use crate::event::IncarnationId;
use crate::follow::Texts;
use crate::model::{Incarnation, LineIndex, Model, Reach};
use crate::record::{TextEncoding, without_mark};

/// Bytes of a line that are kept: all that its shown characters can take.
pub const KEPT_BYTES: usize = SHOWN_CHARS * 4 + 4;

/// Bytes read at a time.
const BLOCK: usize = 64 * 1024;

/// Bytes that one call may read, so that no line holds up the frame.
const BUDGET: u64 = 8 * 1024 * 1024;

/// The beginning of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawLine {
    /// Its text in UTF-8, as far as it is text, without the newline: what up to [`KEPT_BYTES`] of the file say.
    pub bytes: Box<[u8]>,
    /// Offset of its first byte.
    pub offset: u64,
    /// Offset behind the last byte in the file that `bytes` tells.
    pub end: u64,
    /// Whether `bytes` is all of it.
    pub whole: bool,
}

/// Reads at an offset; 0 is the end.
pub trait ReadAt {
    /// Fills `buffer` as far as there are bytes.
    ///
    /// # Errors
    /// The system's error, or `NotFound` if nothing leads to the bytes any more.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
}

impl<F: Fn(u64, &mut [u8]) -> io::Result<usize>> ReadAt for F {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self(offset, buffer)
    }
}

/// Where an incarnation's lines start, and what its bytes mean.
#[derive(Clone, Copy)]
pub struct Layout<'a> {
    /// Where lines start.
    pub index: &'a LineIndex,
    /// What bytes mean.
    pub encoding: TextEncoding,
}

impl<'a> Layout<'a> {
    /// That of an incarnation.
    pub fn of(one: &'a Incarnation) -> Layout<'a> {
        Layout { index: &one.index, encoding: one.encoding }
    }
}

/// What the visitor of [`walk`] wants next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// The bytes that follow.
    Bytes,
    /// The next line: the rest of this one is of no interest.
    Line,
    /// Nothing more.
    Stop,
}

/// A piece of a line.
pub struct Piece<'a> {
    /// The line's number.
    pub line: u64,
    /// Offset of the piece's first byte.
    pub offset: u64,
    /// Its bytes, without the newline.
    pub bytes: &'a [u8],
    /// Whether the line ends with it.
    pub ends: bool,
}

/// The text of a line that stands at `offset`, in UTF-8. The mark that begins a file is no text.
pub fn text_of(encoding: TextEncoding, bytes: &[u8], offset: u64) -> Cow<'_, [u8]> {
    match encoding.to_utf8(bytes) {
        text if offset > 0 => text,
        Cow::Borrowed(text) => Cow::Borrowed(without_mark(text)),
        Cow::Owned(text) => Cow::Owned(without_mark(&text).to_owned()),
    }
}

/// Visits `lines` of a file in order, below offset `end`, a piece at a time. Returns after `budget` bytes or at the end
/// of the file even if lines are left.
///
/// # Errors
/// The error of the first read that fails.
pub fn walk(
    source: &dyn ReadAt,
    layout: Layout<'_>,
    lines: std::ops::Range<u64>,
    end: u64,
    budget: u64,
    visit: &mut dyn FnMut(Piece<'_>) -> Next,
) -> io::Result<()> {
    let Layout { index, encoding } = layout;
    let unit = encoding.unit_bytes();
    let mark = index.before(lines.start);
    // Every line begins with a whole unit. Half a one at the end is nothing.
    let end = end - end.saturating_sub(mark.offset) % unit as u64;
    let (mut line, mut offset, mut left) = (mark.line, mark.offset, budget);
    let mut skip = line < lines.start;
    let mut block = vec![0; BLOCK];
    while line < lines.end && offset < end && left > 0 {
        let most = (BLOCK as u64).min(end - offset).min(left) as usize;
        let read = source.read_at(offset, &mut block[..most])?;
        let read = read - read % unit;
        if read == 0 {
            break;
        }
        left -= read as u64;
        let mut at = 0;
        while at < read && line < lines.end {
            let newline = encoding.line_end(&block[at..read]).map(|behind| at + behind - unit);
            let stop = newline.unwrap_or(read);
            if !skip {
                let piece = Piece {
                    line,
                    offset: offset + at as u64,
                    bytes: &block[at..stop],
                    ends: newline.is_some() || offset + stop as u64 >= end,
                };
                match visit(piece) {
                    Next::Bytes => {}
                    Next::Line => skip = true,
                    Next::Stop => return Ok(()),
                }
            }
            at = stop;
            if newline.is_some() {
                at += unit;
                line += 1;
                skip = line < lines.start;
            }
        }
        offset += at as u64;
        // A long line that nobody wants the rest of is jumped over where the index knows its end.
        if skip {
            let ahead = index.before(if line < lines.start { lines.start } else { line + 1 });
            if ahead.offset > offset {
                (line, offset) = (ahead.line, ahead.offset);
                skip = line < lines.start;
            }
        }
    }
    Ok(())
}

/// The beginnings of `lines`, in order, as far as they can be had in one go.
///
/// # Errors
/// As [`walk`].
pub fn read_lines(
    source: &dyn ReadAt,
    layout: Layout<'_>,
    lines: std::ops::Range<u64>,
    end: u64,
) -> io::Result<Vec<(u64, RawLine)>> {
    let mut found: Vec<(u64, RawLine)> = Vec::new();
    let mut current: Option<(u64, u64, Vec<u8>)> = None;
    walk(source, layout, lines, end, BUDGET, &mut |piece| {
        let (_, offset, bytes) = current.get_or_insert_with(|| (piece.line, piece.offset, Vec::new()));
        let room = KEPT_BYTES - bytes.len();
        bytes.extend_from_slice(&piece.bytes[..piece.bytes.len().min(room)]);
        let full = piece.bytes.len() > room;
        if !piece.ends && !full {
            return Next::Bytes;
        }
        let text = text_of(layout.encoding, bytes, *offset).into();
        let line = RawLine { bytes: text, offset: *offset, end: *offset + bytes.len() as u64, whole: !full };
        found.push((piece.line, line));
        current = None;
        Next::Line
    })?;
    Ok(found)
}

/// The offset below which an incarnation's text still stands: a truncation takes what is above, and one of a later
/// life of the same file takes from the earlier ones too.
pub fn readable_end(model: &Model, incarnation: &Incarnation) -> u64 {
    let kept = |one: &Incarnation| match one.reach {
        Reach::Truncated { kept } => kept,
        _ => u64::MAX,
    };
    if incarnation.ended.is_none() {
        return u64::MAX;
    }
    let later = model.incarnations().partition_point(|one| one.id < incarnation.id);
    let lives = model.incarnations()[later..].iter().filter(|one| one.file_id == incarnation.file_id);
    lives.map(kept).min().unwrap_or(u64::MAX)
}

/// The texts of all incarnations; where the follower has let go of a file, it is opened anew by its path.
#[derive(Default)]
pub struct Sources {
    reopened: HashMap<IncarnationId, Option<Arc<File>>>,
}

impl Sources {
    /// Most files that are held open for reading lines of released incarnations.
    const MOST: usize = 16;

    /// Reads lines of an incarnation.
    ///
    /// # Errors
    /// `NotFound` if nothing leads to its bytes any more, else the system's error.
    pub fn read_lines(
        &mut self,
        model: &Model,
        texts: &Texts,
        incarnation: &Incarnation,
        lines: std::ops::Range<u64>,
    ) -> io::Result<Vec<(u64, RawLine)>> {
        let end = readable_end(model, incarnation).min(incarnation.index.end());
        let file = self.file(texts, incarnation).ok_or(io::ErrorKind::NotFound)?;
        let source = |offset: u64, buffer: &mut [u8]| crate::platform::read_at(&file, buffer, offset);
        read_lines(&source, Layout::of(incarnation), lines, end)
    }

    /// A descriptor of an incarnation's file.
    pub fn file(&mut self, texts: &Texts, incarnation: &Incarnation) -> Option<Arc<File>> {
        if let Some(file) = texts.file(incarnation.id) {
            self.reopened.remove(&incarnation.id);
            return Some(file);
        }
        if self.reopened.len() >= Self::MOST && !self.reopened.contains_key(&incarnation.id) {
            self.reopened.clear();
        }
        self.reopened.entry(incarnation.id).or_insert_with(|| reopen(incarnation)).clone()
    }
}

fn reopen(incarnation: &Incarnation) -> Option<Arc<File>> {
    let path = incarnation.path.as_ref()?;
    let file = crate::platform::open_to_follow(path).ok()?;
    let metadata = file.metadata().ok()?;
    (metadata.is_file() && crate::platform::file_id(&metadata) == incarnation.file_id).then(|| Arc::new(file))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn source(text: &[u8]) -> impl ReadAt + '_ {
        |offset: u64, buffer: &mut [u8]| {
            let from = (offset as usize).min(text.len());
            // Short reads are no error; odd sizes cut lines anywhere.
            let count = buffer.len().min(text.len() - from).min(7_001);
            buffer[..count].copy_from_slice(&text[from..from + count]);
            Ok(count)
        }
    }

    fn layout(index: &LineIndex) -> Layout<'_> {
        Layout { index, encoding: TextEncoding::Utf8 }
    }

    fn texts_of(found: &[(u64, RawLine)]) -> Vec<(u64, String)> {
        found.iter().map(|(line, raw)| (*line, String::from_utf8_lossy(&raw.bytes).into_owned())).collect()
    }

    #[test]
    fn lines_come_with_their_numbers_and_offsets() {
        let index = LineIndex::default();
        let text: Vec<u8> = (0..5_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let found = read_lines(&source(&text), layout(&index), 4_321..4_324, text.len() as u64).unwrap();
        let expected: Vec<_> = (4_321..4_324).map(|n| (n, format!("line {n}"))).collect();
        assert_eq!(texts_of(&found), expected);
        for (line, raw) in &found {
            let wanted = format!("line {line}\n");
            let at = raw.offset as usize;
            assert_eq!(&text[at..at + wanted.len()], wanted.as_bytes());
            assert!(raw.whole);
        }
    }

    #[test]
    fn a_huge_line_is_cut_and_the_next_one_found() {
        let index = LineIndex::default();
        let mut text = b"first\n".to_vec();
        text.extend(std::iter::repeat_n(b'x', 1 << 20));
        text.extend_from_slice(b"\nlast");
        let found = read_lines(&source(&text), layout(&index), 0..3, text.len() as u64).unwrap();
        assert_eq!(found.len(), 3);
        assert_eq!((found[1].1.bytes.len(), found[1].1.whole), (KEPT_BYTES, false));
        assert_eq!(&*found[2].1.bytes, b"last");
        assert!(found[2].1.whole);
    }

    #[test]
    fn nothing_above_the_end_is_read() {
        let index = LineIndex::default();
        let text = b"one\ntwo\nthree\n";
        let found = read_lines(&source(text), layout(&index), 0..9, 8).unwrap();
        assert_eq!(texts_of(&found), [(0, "one".to_owned()), (1, "two".to_owned())]);
        assert_eq!(read_lines(&source(text), layout(&index), 0..9, 0).unwrap(), []);
    }

    #[test]
    fn lines_in_any_encoding_come_as_text_without_the_mark() {
        let text: String = (0..5_000).map(|n| format!("用户 {n} \u{0a00}\n")).collect();
        let marked = format!("\u{feff}{text}");
        let little: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = marked.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let files =
            [(TextEncoding::Utf8, marked.into_bytes()), (TextEncoding::Utf16Le, little), (TextEncoding::Utf16Be, big)];
        let index = LineIndex::default();
        for (encoding, mut bytes) in files {
            let end = bytes.len() as u64;
            bytes.push(0);
            let layout = Layout { index: &index, encoding };
            for lines in [0..2, 4_321..4_324, 4_998..5_009] {
                let found = read_lines(&source(&bytes), layout, lines.clone(), end + 1).unwrap();
                let expected: Vec<_> =
                    (lines.start..lines.end.min(5_000)).map(|n| (n, format!("用户 {n} \u{0a00}"))).collect();
                let found = texts_of(&found);
                assert_eq!(found[..expected.len()], expected, "{encoding:?}");
            }
        }
        let gbk = b"INFO \xd3\xc3\xbb\xa7\n";
        let layout = Layout { index: &index, encoding: TextEncoding::Gbk };
        let found = read_lines(&source(gbk), layout, 0..1, 10).unwrap();
        assert_eq!((texts_of(&found), found[0].1.end), (vec![(0, "INFO 用户".to_owned())], 9));
    }

    #[test]
    fn errors_come_through() {
        let index = LineIndex::default();
        let gone = |_: u64, _: &mut [u8]| Err(io::ErrorKind::NotFound.into());
        assert_eq!(read_lines(&gone, layout(&index), 0..1, 9).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
