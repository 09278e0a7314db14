//! Selected rows, and their text.

use std::io;
use std::ops::RangeInclusive;

use super::order::Order;
use super::read::{Layout, Next, Sources, readable_end, text_of, walk};
use super::store::{Store, Text};
use crate::event::IncarnationId;
use crate::gui::state::Scene;
use crate::model::Row;
use crate::record::{TextEncoding, stamp_start};

/// Most bytes that are put on the clipboard.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// Rows of the model from one to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selected {
    /// Where the selection began.
    pub anchor: u64,
    /// Where it ends.
    pub head: u64,
}

impl Selected {
    /// One row.
    pub(super) fn one(row: u64) -> Selected {
        Selected { anchor: row, head: row }
    }

    /// All rows from the upper to the lower.
    pub(super) fn rows(self) -> RangeInclusive<u64> {
        self.anchor.min(self.head)..=self.anchor.max(self.head)
    }
}

/// The text of selected rows.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Copied {
    /// Their lines, each with a newline, but a single one without.
    pub text: String,
    /// How many lines it has.
    pub lines: u64,
    /// Whether more were selected than a clipboard should hold.
    pub cut: bool,
}

/// The text of selected rows, as their files hold it; dividers are left out. `stamps` keeps the workers' stamps.
pub(super) fn copy(
    scene: &Scene<'_>,
    sources: &mut Sources,
    store: &Store,
    order: &Order<'_>,
    selected: Selected,
    stamps: bool,
) -> Copied {
    let mut copier = Copier { scene, store, stamps, bytes: Vec::new(), lines: 0 };
    let (first, last) = (*selected.rows().start(), *selected.rows().end());
    let mut cut = false;
    'stretches: for (row, rows, what) in scene.model.rows().stretches(first) {
        if row > last {
            break;
        }
        let Row::Line { incarnation, line } = what else { continue };
        let rows = rows.min(last + 1 - row);
        for part in shown_parts(order, row, rows) {
            let lines = line + (part.start - row)..line + (part.end - row);
            copier.take(sources, incarnation, lines);
            if copier.bytes.len() >= MOST_BYTES {
                cut = true;
                break 'stretches;
            }
        }
    }
    let Copier { mut bytes, lines, .. } = copier;
    if lines == 1 {
        bytes.pop();
    }
    Copied { text: String::from_utf8_lossy(&bytes).into_owned(), lines, cut }
}

/// The parts of a stretch of rows that are shown.
fn shown_parts(order: &Order<'_>, first: u64, rows: u64) -> Vec<std::ops::Range<u64>> {
    let mut parts: Vec<std::ops::Range<u64>> = Vec::new();
    if let Order::All(_) = order {
        parts.push(first..first + rows);
        return parts;
    }
    let mut place = order.place(first);
    while let Some(row) = order.row(place).filter(|row| *row < first + rows) {
        match parts.last_mut() {
            Some(part) if part.end == row => part.end += 1,
            _ => parts.push(row..row + 1),
        }
        place += 1;
        // No clipboard takes so many lines.
        if parts.len() > 1_000_000 {
            break;
        }
    }
    parts
}

struct Copier<'a> {
    scene: &'a Scene<'a>,
    store: &'a Store,
    stamps: bool,
    bytes: Vec<u8>,
    lines: u64,
}

impl Copier<'_> {
    fn take(&mut self, sources: &mut Sources, id: IncarnationId, lines: std::ops::Range<u64>) {
        let mut next = lines.start;
        if let Some(one) = self.scene.model.incarnation(id)
            && let Some(file) = sources.file(self.scene.texts, one)
        {
            let end = readable_end(self.scene.model, one).min(one.index.end());
            let source = |offset: u64, buffer: &mut [u8]| -> io::Result<usize> {
                crate::platform::read_at(&file, buffer, offset)
            };
            let (mut start, mut offset) = (self.bytes.len(), None);
            let _ = walk(&source, Layout::of(one), lines.clone(), end, u64::MAX, &mut |piece| {
                let offset_of_line = *offset.get_or_insert(piece.offset);
                self.bytes.extend_from_slice(piece.bytes);
                if piece.ends {
                    self.decode_from(start, one.encoding, offset_of_line);
                    self.end_line(&mut start);
                    next = piece.line + 1;
                    offset = None;
                }
                if self.bytes.len() >= MOST_BYTES { Next::Stop } else { Next::Bytes }
            });
        }
        // What has gone from the file, but was seen.
        for line in next..lines.end.min(next + 10_000) {
            if self.bytes.len() >= MOST_BYTES {
                return;
            }
            if let Text::Remembered(raw) | Text::Standing(raw) = self.store.text(self.scene.model, (id, line)) {
                let mut start = self.bytes.len();
                self.bytes.extend_from_slice(&raw.bytes);
                self.end_line(&mut start);
            }
        }
    }

    fn decode_from(&mut self, start: usize, encoding: TextEncoding, offset: u64) {
        let line = self.bytes.split_off(start);
        self.bytes.extend_from_slice(&text_of(encoding, &line, offset));
    }

    fn end_line(&mut self, start: &mut usize) {
        if !self.stamps
            && let Some(stamp) = stamp_start(&self.bytes[*start..])
        {
            self.bytes.truncate(*start + stamp);
        }
        self.bytes.push(b'\n');
        self.lines += 1;
        *start = self.bytes.len();
    }
}
