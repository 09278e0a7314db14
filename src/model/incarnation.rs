//! One life of one file.

use std::path::PathBuf;

use crate::clock::{Moment, Mono};
use crate::event::{Cut, FileId, IncarnationId, LineMark, Origin};

/// One life of one file: from creation, or a truncation, to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Incarnation {
    /// Its number.
    pub id: IncarnationId,
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
    /// Whole lines read.
    pub lines: u64,
    /// Where its lines start.
    pub index: LineIndex,
    /// The longest line, in bytes.
    pub longest_bytes: u64,
    /// When it last grew.
    pub last_growth: Mono,
    /// Whether Rotascope has let go of its descriptor.
    pub released: bool,
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

/// The offsets of some lines: enough to find any other with one short read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LineIndex {
    marks: Vec<LineMark>,
    end: u64,
}

impl LineIndex {
    /// The nearest known line at or before `line`.
    pub fn before(&self, line: u64) -> LineMark {
        let later = self.marks.partition_point(|mark| mark.line <= line);
        self.marks[..later].last().copied().unwrap_or(LineMark { line: 0, offset: 0 })
    }

    /// The nearest known line that starts at or before `offset`.
    pub fn at_offset(&self, offset: u64) -> LineMark {
        let later = self.marks.partition_point(|mark| mark.offset <= offset);
        self.marks[..later].last().copied().unwrap_or(LineMark { line: 0, offset: 0 })
    }

    /// Offset behind the last indexed line.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// Takes in what a batch knows.
    pub(super) fn extend(&mut self, marks: &[LineMark], end: u64) {
        self.marks.extend_from_slice(marks);
        self.end = end;
    }
}
