//! What is known of the content of a file that was read: enough to know it again in another place, or after it was cut.

use std::fs::File;
use std::io;

use super::checks::Point;
use super::fingerprint::{BEGINNING_BYTES, RUNG_BYTES, hash_of};
use super::holes::LEAST_HOLE;
use super::lines::Lines;
use crate::platform;

/// More than lies between two rungs, but for the length of a line.
const MOST_SOUGHT: usize = 128 << 10;

/// Two logs of one program may begin with the same line: less than this is no proof that anything still stands.
const LEAST_STANDING: u64 = RUNG_BYTES as u64;

/// Whether what stands before the last of these checkpoints is what was read there, as the last stretch tells that is
/// known; true if none is.
fn stands(file: &File, points: &[Point]) -> io::Result<bool> {
    let Some([from, to]) = points.array_windows().rfind(|[_, to]| to.is_joined) else { return Ok(true) };
    let (mut running, end) = (from.resume(), to.offset);
    let mut block = vec![0; MOST_SOUGHT];
    while running.offset < end {
        let wanted = usize::try_from(end - running.offset).map_or(block.len(), |left| left.min(block.len()));
        match platform::read_at(file, &mut block[..wanted], running.offset)? {
            0 => return Ok(false),
            got => running.take_in(&block[..got]),
        }
    }
    Ok(to.is_reached_by(&running))
}

/// Samples all over what was read, its beginning and its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'l> {
    pub(super) lines: &'l Lines,
    /// The bytes just before the read offset.
    pub(super) marker: &'l [u8],
}

impl Known<'_> {
    /// How much of a file that has been cut, and perhaps refilled, is still what was read: an offset not above
    /// `size`.
    ///
    /// Exact as far as each line has a checkpoint, else the last one that is known to stand: lines are rather read twice
    /// than never. After a refill it is the last mark before which the content still stands; a short common beginning, as
    /// two logs of one program have it, is no proof and counts as 0.
    pub(super) fn surviving(self, file: &File, size: u64) -> io::Result<u64> {
        let standing = self.standing_lines(file, size)?.map_or_else(|| self.standing(file, size), Ok)?;
        if standing == size {
            return Ok(size);
        }
        Ok(self.cut_before_hole(file, size, standing)?.unwrap_or(standing))
    }

    /// A writer that keeps its own position leaves a hole behind the cut: what was read stands up to there, if that is
    /// amid a line. It is sought up to the next mark behind what stands.
    fn cut_before_hole(self, file: &File, size: u64, standing: u64) -> io::Result<Option<u64>> {
        let rungs = self.lines.fingerprint().rungs();
        let next = rungs.get(rungs.partition_point(|rung| rung.offset <= standing));
        let read = self.lines.offset().min(size);
        let end = next.map_or(read, |rung| rung.offset.min(read));
        let wanted = usize::try_from(end.saturating_sub(standing)).map_or(MOST_SOUGHT, |bytes| bytes.min(MOST_SOUGHT));
        let mut bytes = vec![0; wanted];
        let got = platform::read_at(file, &mut bytes, standing)?;
        let least = usize::try_from(LEAST_HOLE).unwrap_or(usize::MAX);
        let Some(at) = bytes[..got].windows(least).position(|run| run.iter().all(|byte| *byte == 0)) else {
            return Ok(None);
        };
        let cut = standing + at as u64;
        // Whole lines before the hole may have been appended after the cut: rather read twice than never.
        let amid_line = at.checked_sub(1).is_some_and(|last| bytes[last] != b'\n');
        let proven = amid_line && self.begins(file, cut)?;
        Ok(proven.then_some(cut))
    }

    fn standing(self, file: &File, size: u64) -> io::Result<u64> {
        // Tells a file that was emptied and has a few new lines from one that was cut to the same size.
        if !self.begins(file, size)? {
            return Ok(0);
        }
        let rungs = self.lines.fingerprint().rungs();
        let below = rungs.partition_point(|rung| rung.offset <= size.min(self.lines.offset()));
        let standing = self.standing_rungs(file, below)?;
        if standing < below {
            return Ok(standing.checked_sub(1).map_or(0, |last| rungs[last].offset));
        }
        if size < self.lines.offset() && self.marker_stands_in(file, size)? {
            return Ok(size);
        }
        Ok(standing.checked_sub(1).map_or(0, |last| rungs[last].offset))
    }

    /// The same to the line, as far as checkpoints tell. `None` if not enough stands to prove anything.
    fn standing_lines(self, file: &File, size: u64) -> io::Result<Option<u64>> {
        let points = self.lines.checks().points();
        let is_whole = points.first().is_some_and(|first| first.offset == 0) && !self.begins_with_hole();
        if !is_whole && !self.begins(file, size)? {
            return Ok(None);
        }
        let below = points.partition_point(|point| point.offset <= size.min(self.lines.offset()));
        let (mut low, mut high) = (0, below.saturating_sub(1));
        // Below a cut all stretches stand, above it none does.
        while low < high {
            let middle = low + (high - low) / 2;
            if stands(file, &points[..middle + 2])? { low = middle + 1 } else { high = middle }
        }
        // One that does not go on from another is proven by nothing.
        let last = points.get(..=low).and_then(|points| points.iter().rfind(|point| point.is_joined));
        let last = last.map(|point| point.offset);
        let Some(last) = last.filter(|last| *last >= LEAST_STANDING) else { return Ok(None) };
        let is_all = low + 1 >= below && points[low].is_joined && size < self.lines.offset();
        let whole = is_all && self.is_cut_at(file, size, last)?;
        Ok(Some(if whole { size } else { last }))
    }

    /// Whether a file that is shorter now was cut at its end and nothing was appended since, all up to `last` being known
    /// to stand: what was read is not kept, but for the marker. What ends with a newline may have been appended; what does
    /// not is the beginning of a line that stood there.
    fn is_cut_at(self, file: &File, size: u64, last: u64) -> io::Result<bool> {
        if size == last {
            return Ok(true);
        }
        if self.lines.offset() - self.marker.len() as u64 <= last {
            return self.marker_stands_in(file, size);
        }
        let mut end = [0; 2];
        let got = platform::read_at(file, &mut end, size - 2)?;
        let is_whole =
            if self.lines.encoding().is_wide() { self.lines.encoding().is_newline(&end) } else { end[1] == b'\n' };
        Ok(got == end.len() && !is_whole)
    }

    /// Whether another file has what was read, by samples all over it. Of nothing that was read nothing is said.
    pub(super) fn is_in(self, other: &File) -> io::Result<bool> {
        let (rungs, read) = (self.lines.fingerprint().rungs(), self.lines.offset());
        Ok(read > 0
            && other.metadata()?.len() >= read
            && self.begins(other, read)?
            && self.standing_rungs(other, rungs.len())? == rungs.len()
            && self.marker_stands_in(other, read)?)
    }

    /// Whether another file has what was read as far as it goes, by the same samples. It may be the shorter one; if it
    /// is the longer one, a short common beginning is no proof.
    pub(super) fn goes_along_with(self, other: &File) -> io::Result<bool> {
        let (length, read) = (other.metadata()?.len(), self.lines.offset());
        if length > read && read < BEGINNING_BYTES as u64 {
            return Ok(false);
        }
        let size = length.min(read);
        let below = self.lines.fingerprint().rungs().partition_point(|rung| rung.offset <= size);
        Ok(size > 0
            && self.begins(other, size)?
            && self.standing_rungs(other, below)? == below
            && self.marker_stands_in(other, size)?)
    }

    /// Up to where samples tell a content that has so many bytes.
    pub(super) fn sampled_up_to(self, size: u64) -> u64 {
        let rungs = self.lines.fingerprint().rungs();
        let below = rungs.partition_point(|rung| rung.offset <= size);
        below.checked_sub(1).map_or(0, |last| rungs[last].offset)
    }

    /// Whether the first `size` bytes of a file begin as what was read did.
    pub(super) fn begins(self, file: &File, size: u64) -> io::Result<bool> {
        let known = self.lines.fingerprint().beginning();
        if self.begins_with_hole() {
            return Ok(false);
        }
        let mut now = vec![0; usize::try_from(size).map_or(known.len(), |size| size.min(known.len()))];
        let got = platform::read_at(file, &mut now, 0)?;
        Ok(now[..got] == known[..got])
    }

    /// A hole is like any other.
    pub(super) fn begins_with_hole(self) -> bool {
        let known = self.lines.fingerprint().beginning();
        !known.is_empty() && known.iter().all(|byte| *byte == 0)
    }

    /// How many of the first `count` rungs still fit. Below a cut all fit, above it none does.
    fn standing_rungs(self, file: &File, count: usize) -> io::Result<usize> {
        let rungs = &self.lines.fingerprint().rungs()[..count];
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
    fn marker_stands_in(self, file: &File, size: u64) -> io::Result<bool> {
        let from = self.lines.offset() - self.marker.len() as u64;
        let Some(left) = size.checked_sub(from) else { return Ok(true) };
        let left = usize::try_from(left).map_or(self.marker.len(), |left| left.min(self.marker.len()));
        let mut now = vec![0; left];
        let got = platform::read_at(file, &mut now, from)?;
        Ok(now[..got] == self.marker[..got.min(left)])
    }
}
