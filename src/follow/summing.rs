//! What a stretch of whole lines holds, summed up for the event that tells of it, and where in it lines start. No I/O.

use super::stamps::{Judged, Runs};
use crate::event::{Batch, IncarnationId, LineMark};
use crate::record::{LEVELS, Level};

/// A mark stands at the latest after so many lines,
pub(super) const MARK_LINES: u64 = 256;
/// or so many bytes, whichever comes first: any line is one short read away from a mark.
pub(super) const MARK_BYTES: u64 = 64 << 10;

/// The batch under construction.
#[derive(Debug, Default)]
pub(super) struct Summing {
    lines: u64,
    first_line: u64,
    start: u64,
    end: u64,
    marks: Vec<LineMark>,
    /// Of this batch or one before.
    last_mark: Option<LineMark>,
    longest_bytes: u64,
    levels: [u32; LEVELS],
    whole: Runs,
    torn: Runs,
    fragments: u64,
    nul_bytes: u64,
}

impl Summing {
    pub(super) fn beginning_at(start: u64) -> Summing {
        Summing { start, ..Summing::default() }
    }

    /// Marks a line where it starts, if it is time to.
    pub(super) fn mark_if_due(&mut self, line: u64, offset: u64) {
        let due = |mark: LineMark| line - mark.line >= MARK_LINES || offset - mark.offset >= MARK_BYTES;
        if self.last_mark.is_none_or(due) {
            let mark = LineMark { line, offset };
            self.last_mark = Some(mark);
            self.marks.push(mark);
        }
    }

    /// Something that is no line lies between the last mark and the next line: that gets a mark of its own.
    pub(super) fn mark_next(&mut self) {
        self.last_mark = None;
    }

    /// A whole line, with how many NUL bytes in its text.
    pub(super) fn count_line(&mut self, length: u64, nul_bytes: u64) {
        self.longest_bytes = self.longest_bytes.max(length);
        self.lines += 1;
        self.nul_bytes += nul_bytes;
    }

    pub(super) fn count_nul(&mut self, bytes: u64) {
        self.nul_bytes += bytes;
    }

    pub(super) fn count_level(&mut self, level: Level) {
        self.levels[level as usize] += 1;
    }

    pub(super) fn count_stamp(&mut self, judged: &Judged<'_>) {
        match judged {
            Judged::Whole { stamp, fragment_before } => {
                self.whole.add(stamp);
                self.fragments += u64::from(*fragment_before);
            }
            Judged::Torn(stamp) => self.torn.add(stamp),
            Judged::Fragment => self.fragments += 1,
            Judged::Other => {}
        }
    }

    /// The lines so far end here.
    pub(super) fn end_at(&mut self, offset: u64) {
        self.end = offset;
    }

    /// The whole lines since the last call, if there are any. The next one starts at `next_start` and has this number.
    pub(super) fn take(
        &mut self,
        incarnation: IncarnationId,
        size: u64,
        next_start: u64,
        next_line: u64,
    ) -> Option<Batch> {
        if self.lines == 0 {
            // A hole may lie behind.
            self.start = next_start;
            return None;
        }
        let last_mark = self.last_mark;
        let next = Summing { start: next_start, first_line: next_line, last_mark, ..Summing::default() };
        let mut done = std::mem::replace(self, next);
        Some(Batch {
            incarnation,
            first_line: done.first_line,
            lines: done.lines,
            start: done.start,
            end: done.end,
            size: size.max(done.end),
            marks: done.marks,
            longest_bytes: done.longest_bytes,
            levels: done.levels,
            stamps: done.whole.take(),
            torn: done.torn.take(),
            fragments: done.fragments,
            nul_bytes: done.nul_bytes,
        })
    }
}
