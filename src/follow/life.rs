//! One incarnation as the follower holds it.

use std::fs::{File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::lines::{BEGINNING_BYTES, Lines, RUNG_BYTES, hash_of};
use super::sabotage::Sabotage;
use crate::event::{FileId, IncarnationId};
use crate::platform;

/// So many bytes before the read offset are compared whenever a file has changed: refilled files differ there.
const MARKER_BYTES: usize = 256;

/// What of the metadata shows a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) size: u64,
    modified: Option<SystemTime>,
    changed: (i64, i64),
    pub(super) mode: u32,
}

impl Look {
    pub(super) fn of(metadata: &Metadata) -> Look {
        Look {
            size: metadata.len(),
            modified: metadata.modified().ok(),
            changed: platform::changed_at(metadata),
            mode: platform::mode(metadata),
        }
    }
}

/// What must be read before the first byte of a life.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gate {
    pub(super) previous: IncarnationId,
    /// How far the previous one must have been read.
    pub(super) up_to: u64,
}

/// One incarnation and its descriptor.
#[derive(Debug)]
pub(super) struct Life {
    pub(super) id: IncarnationId,
    pub(super) file_id: FileId,
    pub(super) file: Arc<File>,
    /// The name that leads to it, as it was last reported.
    pub(super) path: Option<PathBuf>,
    /// The last name it had.
    pub(super) last_path: PathBuf,
    /// The name in the system's own spelling, when it was found under `path`.
    pub(super) real: Option<PathBuf>,
    pub(super) start: u64,
    pub(super) lines: Lines,
    /// The bytes just before the read offset.
    pub(super) marker: Vec<u8>,
    /// The last look that was followed by reading to the end.
    pub(super) seen: Option<Look>,
    /// Size at the last look.
    pub(super) size: u64,
    pub(super) gate: Option<Gate>,
    /// Another file has its place: an unended last line will not go on.
    pub(super) succeeded: bool,
    pub(super) grew: Instant,
    pub(super) pending_told: u64,
    /// The watched folder in which its name is or was.
    pub(super) folder: Option<FileId>,
    /// Since when it is followed.
    pub(super) since: SystemTime,
    /// It was empty when it was looked at.
    pub(super) seen_empty: bool,
    /// A copy that was made before the file was cut, with all that this life had.
    pub(super) copy: Option<Arc<File>>,
    /// Watched through its own descriptor.
    pub(super) watched: bool,
    /// Reading failed, and that was said.
    pub(super) unreadable: bool,
    /// Permission bits at the last look: when they change, the path is tried again.
    pub(super) mode: u32,
}

impl Life {
    /// Compares the bytes before the read offset with `window`, which was read from there.
    pub(super) fn marker_fits(&self, window: &[u8]) -> bool {
        window.starts_with(&self.marker) || Sabotage::Refill.is_on()
    }

    /// Keeps the end of what has been read.
    pub(super) fn remember(&mut self, window: &[u8]) {
        let from = window.len().saturating_sub(MARKER_BYTES);
        self.marker.clear();
        self.marker.extend_from_slice(&window[from..]);
    }

    /// Where the next read starts: early enough to see the marker again.
    pub(super) fn window_start(&self) -> u64 {
        self.lines.offset() - self.marker.len() as u64
    }

    /// Reads what tells a cut from a refill, for a life that is not read from the first byte of its file.
    pub(super) fn recall(&mut self) {
        let start = self.lines.offset();
        if start == 0 {
            return;
        }
        let mut beginning = vec![0; BEGINNING_BYTES];
        let got = platform::read_at(&self.file, &mut beginning, 0).unwrap_or(0);
        let known = usize::try_from(start).map_or(got, |start| start.min(got));
        self.lines.recall_beginning(&beginning[..known]);
        self.recall_marker();
    }

    /// Begins behind bytes that are known from elsewhere. Nothing has been read yet.
    pub(super) fn begin_at(&mut self, offset: u64) {
        self.start = offset;
        self.lines = self.lines.beginning_at(offset);
        self.recall();
    }

    /// Reads the marker of a life that starts in the midst of a file.
    pub(super) fn recall_marker(&mut self) {
        let end = self.lines.offset();
        let from = end.saturating_sub(MARKER_BYTES as u64);
        let mut marker = vec![0; (end - from) as usize];
        let whole = platform::read_at(&self.file, &mut marker, from).is_ok_and(|got| got == marker.len());
        self.marker = if whole { marker } else { Vec::new() };
    }

    /// Whether all of it was read, as of the last look.
    pub(super) fn is_drained(&self) -> bool {
        self.seen.is_some_and(|seen| seen.size == self.lines.offset())
    }

    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.path.as_deref() == Some(path)
    }

    /// How much of a file that has been cut, and perhaps refilled, is still what was read: an offset not above
    /// `size`.
    ///
    /// Exact for a plain cut. After a refill it is the last mark before which the content still stands; a short
    /// common beginning, as two logs of one program have it, is no proof and counts as 0.
    pub(super) fn surviving(&self, size: u64) -> io::Result<u64> {
        if !self.beginning_stands(size)? {
            return Ok(0);
        }
        let rungs = self.lines.rungs();
        let below = rungs.partition_point(|rung| rung.offset <= size.min(self.lines.offset()));
        let standing = self.standing_rungs(&self.file, below)?;
        if standing < below {
            return Ok(standing.checked_sub(1).map_or(0, |last| rungs[last].offset));
        }
        if size < self.lines.offset() && self.marker_stands_in(&self.file, size)? {
            return Ok(size);
        }
        Ok(standing.checked_sub(1).map_or(0, |last| rungs[last].offset))
    }

    /// Whether another file has what was read of this one, by samples all over it.
    pub(super) fn stands_in(&self, other: &File) -> io::Result<bool> {
        let rungs = self.lines.rungs();
        Ok(self.begins(other, self.lines.offset())?
            && self.standing_rungs(other, rungs.len())? == rungs.len()
            && self.marker_stands_in(other, self.lines.offset())?)
    }

    /// Whether the file begins as it did. Tells a file that was emptied and has a few new lines from one that was cut
    /// to the same size.
    fn beginning_stands(&self, size: u64) -> io::Result<bool> {
        self.begins(&self.file, size)
    }

    pub(super) fn begins(&self, file: &File, size: u64) -> io::Result<bool> {
        let known = self.lines.beginning();
        if !known.is_empty() && known.iter().all(|byte| *byte == 0) {
            // A hole is like any other.
            return Ok(false);
        }
        let mut now = vec![0; usize::try_from(size).map_or(known.len(), |size| size.min(known.len()))];
        let got = platform::read_at(file, &mut now, 0)?;
        Ok(now[..got] == known[..got])
    }

    /// How many of the first `count` rungs still fit. Below a cut all fit, above it none does.
    fn standing_rungs(&self, file: &File, count: usize) -> io::Result<usize> {
        let rungs = &self.lines.rungs()[..count];
        let (mut low, mut high) = (0, rungs.len());
        let mut sample = [0; RUNG_BYTES];
        while low < high {
            let middle = low + (high - low) / 2;
            let rung = rungs[middle];
            let got = platform::read_at(file, &mut sample, rung.offset - RUNG_BYTES as u64)?;
            if got == RUNG_BYTES && hash_of(&sample) == rung.hash {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        Ok(low)
    }

    /// Whether what is left of the marker's stretch below `size` is unchanged; true if nothing of it is left.
    fn marker_stands_in(&self, file: &File, size: u64) -> io::Result<bool> {
        let from = self.window_start();
        let Some(left) = size.checked_sub(from) else { return Ok(true) };
        let left = usize::try_from(left).map_or(self.marker.len(), |left| left.min(self.marker.len()));
        let mut now = vec![0; left];
        let got = platform::read_at(file, &mut now, from)?;
        Ok(now[..got] == self.marker[..got.min(left)])
    }
}
