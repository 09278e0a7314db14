//! One life of one file.

use std::path::{Path, PathBuf};

use crate::clock::{Moment, Mono};
use crate::event::{Cut, FileId, IncarnationId, LineMark, Origin};
use crate::record::TextEncoding;

/// How many lives in a row are told apart by their colours.
pub const HUES: usize = 8;

/// Which of [`HUES`] colours a life has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hue(u8);

impl Hue {
    /// All of them, from that of a life's number on.
    pub(super) fn from_own(id: IncarnationId) -> impl Iterator<Item = Hue> {
        let own = id.0.saturating_sub(1) as usize;
        (own..own + HUES).map(|at| Hue((at % HUES) as u8))
    }

    /// The colour of a life that nothing is known of but its number.
    pub fn of(id: IncarnationId) -> Hue {
        Hue::from_own(id).next().unwrap_or(Hue(0))
    }

    /// Its place among the colours.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// One life of one file: from creation, or a truncation, to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Incarnation {
    /// Its number.
    pub id: IncarnationId,
    /// Its colour, which it keeps: its own number's, unless another life needs that more.
    pub hue: Hue,
    /// Which file it is.
    pub file_id: FileId,
    /// How it came to be known.
    pub origin: Origin,
    /// The name that leads to it now.
    pub path: Option<PathBuf>,
    /// Every name it has had, with the moment it got it. Never empty.
    pub names: Vec<(Mono, PathBuf)>,
    /// When it was first seen.
    pub opened: Moment,
    /// When a truncation ended this life. An unlinked incarnation has not ended: somebody may still write.
    pub ended: Option<Moment>,
    /// Whether anybody can get at it.
    pub reach: Reach,
    /// Size of the file when last looked at, in bytes.
    pub size: u64,
    /// What became of its bytes.
    pub bytes: Bytes,
    /// What its bytes mean.
    pub encoding: TextEncoding,
    /// Whole lines read.
    pub lines: u64,
    /// Whole lines among the bytes that were carried over, where they are known.
    pub(super) carried_lines: Option<u64>,
    /// Where its lines start.
    pub index: LineIndex,
    /// The longest line, in bytes.
    pub longest_bytes: u64,
    /// When it last grew.
    pub last_growth: Mono,
    /// The compressed archive in which it can be found.
    pub archive: Option<PathBuf>,
    /// Whether Rotascope has let go of its descriptor.
    pub released: bool,
    /// Bytes behind the last newline: a line that has not ended. Part of [`Incarnation::not_yet_read`].
    pub pending_bytes: u64,
    /// Offset up to which `bytes` accounts: what a batch or a hole covers is counted once.
    pub(super) accounted: u64,
}

impl Incarnation {
    /// Bytes that are in the file and in no other term of [`Bytes`], the beginning of an unended line included.
    pub fn not_yet_read(&self) -> u64 {
        self.size.saturating_sub(self.bytes.sum())
    }

    /// Whole lines that stand in it, read or carried over; none where they are not known.
    pub fn lines_in_all(&self) -> Option<u64> {
        self.carried_lines.map(|carried| carried + self.lines)
    }

    /// Whether no name leads to it while it goes on.
    pub fn is_unlinked(&self) -> bool {
        matches!(self.reach, Reach::Unlinked { .. })
    }

    /// The name that leads to it, or the last that did.
    pub fn last_name(&self) -> Option<&Path> {
        self.path.as_deref().or_else(|| self.names.last().map(|(_, name)| name.as_path()))
    }

    /// It is not in its archive any more, or that has another name now: its own last name is the last one again.
    pub(super) fn leave_archive(&mut self) {
        if self.archive.take().is_some_and(|archive| self.names.last().is_some_and(|(_, name)| *name == archive)) {
            self.names.pop();
        }
    }

    /// The file was looked at; it only grows within one life.
    pub(super) fn saw_size(&mut self, size: u64) {
        self.size = self.size.max(size);
    }

    /// Counts the bytes of a batch: lines, but for the NUL bytes among them.
    pub(super) fn count_read(&mut self, start: u64, end: u64, nul_bytes: u64) {
        let fresh = end.saturating_sub(start.max(self.accounted));
        // A hole that was announced before the batch that spans it is counted already.
        let known = self.accounted.saturating_sub(start);
        let nul = nul_bytes.saturating_sub(known).min(fresh);
        self.make_room(fresh);
        self.bytes.hole += nul;
        self.bytes.read += fresh - nul;
        self.accounted = self.accounted.max(end);
    }

    /// Counts a hole, unless a batch has it already.
    pub(super) fn count_hole(&mut self, offset: u64, bytes: u64) {
        let end = offset.saturating_add(bytes);
        let fresh = end.saturating_sub(offset.max(self.accounted));
        self.make_room(fresh);
        self.bytes.hole += fresh;
        self.accounted = self.accounted.max(end);
    }

    /// Counts bytes that repeat the incarnation before. They stand at its start.
    pub(super) fn count_carried_over(&mut self, bytes: u64, lines: Option<u64>) {
        self.make_room(bytes);
        self.carried_lines = self.carried_lines.zip(lines).map(|(before, more)| before + more);
        self.bytes.carried_over += bytes;
        self.accounted = self.accounted.max(self.bytes.start.saturating_add(self.bytes.carried_over));
    }

    /// Gives up bytes; never more than there are.
    pub(super) fn abandon(&mut self, bytes: u64) {
        self.bytes.abandoned += bytes.min(self.not_yet_read());
    }

    /// Bytes that turn up after they were given up (a copy had them) are taken out of `abandoned` again; bytes beyond
    /// the known size show that the file has grown.
    fn make_room(&mut self, bytes: u64) {
        let missing = bytes.saturating_sub(self.not_yet_read());
        let back = missing.min(self.bytes.abandoned);
        self.bytes.abandoned -= back;
        self.size += missing - back;
    }
}

/// Whether an incarnation can be got at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// The writers' path leads to it, or led to it until the next dated file came.
    Live,
    /// It has a name, but was moved away from the writers' path.
    Moved,
    /// No name leads to it.
    Unlinked {
        /// The size up to which its lines stood in a reachable file.
        cut: Cut,
    },
    /// Its bytes are gone: a truncation took what was above `kept`.
    Truncated {
        /// Bytes that were left.
        kept: u64,
    },
}

/// The accounting of bytes: `size = start + read + carried_over + hole + abandoned + not_yet_read`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Offset at which this life starts.
    pub start: u64,
    /// Read as lines.
    pub read: u64,
    /// Repeats of the incarnation before.
    pub carried_over: u64,
    /// NUL bytes that nobody wrote.
    pub hole: u64,
    /// Given up.
    pub abandoned: u64,
}

impl Bytes {
    /// All that is accounted for.
    pub fn sum(&self) -> u64 {
        self.start + self.read + self.carried_over + self.hole + self.abandoned
    }
}

/// The offsets of some lines: enough to find any other with one short read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineIndex {
    start: u64,
    marks: Vec<LineMark>,
    end: u64,
}

impl LineIndex {
    /// The index of a life that begins at this offset.
    pub(super) fn starting_at(start: u64) -> LineIndex {
        LineIndex { start, marks: Vec::new(), end: start }
    }

    /// The nearest known line at or before `line`.
    pub fn before(&self, line: u64) -> LineMark {
        let later = self.marks.partition_point(|mark| mark.line <= line);
        self.marks[..later].last().copied().unwrap_or(LineMark { line: 0, offset: self.start })
    }

    /// Offset behind the last indexed line.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Takes in what a batch knows.
    pub(super) fn extend(&mut self, marks: &[LineMark], end: u64) {
        self.marks.extend_from_slice(marks);
        self.end = self.end.max(end);
    }
}
