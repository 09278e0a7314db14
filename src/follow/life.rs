//! One incarnation as the follower holds it.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::fingerprint::BEGINNING_BYTES;
use super::known::Known;
use super::lines::Lines;
use super::repeats::Least;
use super::sabotage::Sabotage;
use crate::event::{FileId, IncarnationId};
use crate::platform;

/// So many bytes before the read offset are compared whenever a file has changed: refilled files differ there.
const MARKER_BYTES: usize = 256;

/// The end of a file's last line is waited for no longer than this before the next file is read.
const PATIENCE: Duration = Duration::from_secs(1);

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
    /// Since when no more than the end of its last line is waited for.
    pub(super) shut: Instant,
}

impl Gate {
    /// Whether so much has been read, or all that there is: it may have been cut since. That must have been noticed, for
    /// what stands there then is waited for too. An unended last line that will not go on is waited for, but not for ever:
    /// somebody may add to it again and again.
    pub(super) fn is_open(self, previous: &Life) -> bool {
        let read = previous.lines.offset();
        let ended = !previous.succeeded || previous.lines.pending() == 0 || self.shut.elapsed() > PATIENCE;
        let is_read = |now: Look| {
            let all = now.size == read && previous.seen == Some(now);
            all || (now.size > read && read >= self.up_to)
        };
        let now = || previous.file.metadata().is_ok_and(|metadata| is_read(Look::of(&metadata)));
        previous.unreadable || previous.is_given_up || (ended && now()) || previous.is_made_up()
    }
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
    /// The life that had its path before, whose whole content may be written into it: it was empty when it was taken in.
    pub(super) may_repeat: Option<(IncarnationId, Least)>,
    /// The life whose content it begins with, as long as nothing else has come.
    pub(super) copied_from: Option<IncarnationId>,
    /// Files that were made beside it while it stood at its path, by their names: they may be copies of it, also once it
    /// has left the path.
    pub(super) made: BTreeMap<PathBuf, FileId>,
    /// Watched through its own descriptor.
    pub(super) watched: bool,
    /// It was read from a compressed archive: nobody writes to what was unpacked.
    pub(super) unpacked: bool,
    /// It has been overwritten with what was never a log: nothing of that is read.
    pub(super) is_given_up: bool,
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

    /// Begins behind bytes that are known from elsewhere, with their lines. Nothing has been read yet.
    pub(super) fn begin_at(&mut self, offset: u64, lines: Option<u64>) {
        self.start = offset;
        self.lines = self.lines.beginning_at(offset, lines);
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

    /// Within a hole goes on where there is something on the disk: it may be as large as the disk never was.
    pub(super) fn pass_over_hole(&mut self, size: u64) {
        if !self.lines.is_in_hole() {
            return;
        }
        let offset = self.lines.offset();
        let next = platform::next_data(&self.file, offset).min(size);
        let bytes = next.saturating_sub(offset);
        // The marker then is of NUL bytes alone.
        if bytes > MARKER_BYTES as u64 {
            self.lines.pass_over_hole(bytes);
            self.marker = vec![0; MARKER_BYTES];
        }
    }

    /// If what ends with NUL bytes was given its size before its content, as a file is that is mapped into memory, and the
    /// content comes now, or the room that is left is given up: goes back to where they begin. False if what stands before
    /// them is no longer what was read.
    pub(super) fn go_back_if_filled(&mut self, size: u64) -> bool {
        let (end, mut beginning) = (self.lines.offset(), vec![0; BEGINNING_BYTES]);
        let start = end - self.lines.undecided();
        if start == end || size < start {
            return true;
        }
        let got = platform::read_at(&self.file, &mut beginning, start).unwrap_or(0);
        let known = usize::try_from(end - start).map_or(got, |room| room.min(got));
        if size >= end && beginning[..known].iter().all(|byte| *byte == 0) {
            return true;
        }
        self.lines.go_back_before_nul();
        self.marker.clear();
        let known = self.known();
        let is_same = start == 0 || known.begins_with_hole() || known.is_in(&self.file).unwrap_or(true);
        if is_same {
            self.recall_marker();
        }
        is_same
    }

    /// Whether the system makes up the content when it is read, as under `/proc`: that it has no size tells nothing.
    pub(super) fn is_made_up(&self) -> bool {
        let is_read = || self.lines.offset() > 0 && platform::read_at(&self.file, &mut [0], 0).is_ok_and(|got| got > 0);
        is_read() && self.file.metadata().is_ok_and(|metadata| metadata.len() == 0)
    }

    /// Whether all of it was read, as of the last look.
    pub(super) fn is_drained(&self) -> bool {
        self.is_given_up || self.seen.is_some_and(|seen| seen.size == self.lines.offset())
    }

    pub(super) fn is_at(&self, path: &Path) -> bool {
        self.path.as_deref() == Some(path)
    }

    /// What tells the content that was read.
    pub(super) fn known(&self) -> Known<'_> {
        Known { lines: &self.lines, marker: &self.marker }
    }
}
