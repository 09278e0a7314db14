//! Stamps of whole lines, merged into runs, and the same for a stretch of a file that is read once more.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io;

use super::lines::Lines;
use super::sequences::{Age, Sequences};
use crate::event::LaunchId;
use crate::platform;
use crate::record::{Stamp, StampRun, Stamped, TextEncoding, parse_stamp_of_any};

/// No line of a lab is longer; what is longer all the same is not judged.
pub(super) const LONGEST_JUDGED: usize = 4 << 20;

/// Merges consecutive sequence numbers of one task, in the order of first appearance.
#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: Vec<StampRun>,
    /// The run that each task was last added to.
    last: HashMap<(LaunchId, u16, u16), usize>,
}

impl Runs {
    pub(super) fn add(&mut self, stamp: &Stamp<'_>) {
        let task = (stamp.launch, stamp.thread, stamp.task);
        let known = self.last.get(&task).copied();
        if let Some(run) = known.and_then(|index| self.runs.get_mut(index))
            && run.last.checked_add(1) == Some(stamp.seq)
        {
            run.last = stamp.seq;
            return;
        }
        self.last.insert(task, self.runs.len());
        self.runs.push(StampRun {
            launch: stamp.launch,
            thread: stamp.thread,
            task: stamp.task,
            first: stamp.seq,
            last: stamp.seq,
        });
    }

    pub(super) fn take(&mut self) -> Vec<StampRun> {
        self.last.clear();
        std::mem::take(&mut self.runs)
    }
}

/// How a line is judged: by its stamp, or by the number that a program's pattern finds in it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judge<'s> {
    pub(super) sequences: &'s Sequences,
    /// When it was written.
    pub(super) age: Age,
}

/// What a line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judged<'l> {
    /// It stands whole, perhaps behind what is left of another one.
    Whole { stamp: Stamp<'l>, fragment_before: bool },
    /// Its text is not the one that was stamped.
    Torn(Stamp<'l>),
    /// A piece without a stamp, where each line should have one.
    Fragment,
    /// A program's, and nothing can be said of it.
    Other,
}

impl Judge<'_> {
    pub(super) fn judge<'l>(&self, line: &'l [u8]) -> Judged<'l> {
        let line = without_return(line);
        match parse_stamp_of_any(line) {
            Stamped::Whole { stamp, extra_before } => Judged::Whole { stamp, fragment_before: extra_before > 0 },
            Stamped::Torn { stamp } => Judged::Torn(stamp),
            Stamped::None => match self.sequences.stamp(line, self.age) {
                Some(stamp) => Judged::Whole { stamp, fragment_before: false },
                None if self.sequences.any() => Judged::Other,
                None => Judged::Fragment,
            },
        }
    }
}

/// Cuts off the carriage return of a line that ends in `\r\n`.
pub(super) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// How a stretch of a file is cut into lines.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cutting {
    pub(super) encoding: TextEncoding,
    /// Offset of the first byte of some unit.
    pub(super) units_from: u64,
    /// Where this life of the file starts.
    pub(super) floor: u64,
}

impl Cutting {
    /// The first offset at or behind this one where a unit begins.
    fn unit_at(self, offset: u64) -> u64 {
        let unit = self.encoding.unit_bytes() as u64;
        offset + offset.abs_diff(self.units_from) % unit
    }
}

/// Stamps of the whole lines that end, newline included, behind `from` and not behind `to`. The line that straddles
/// `from` counts. `lines` knows when each part was written.
pub(super) fn stamps_between(
    file: &File,
    lines: &Lines,
    cutting: Cutting,
    from: u64,
    to: u64,
) -> io::Result<Vec<StampRun>> {
    let mut runs = Runs::default();
    if from >= to {
        return Ok(Vec::new());
    }
    let mut offset = line_start_before(file, cutting, from)?;
    let mut line = Vec::new();
    let mut block = vec![0; 64 << 10];
    let (encoding, unit) = (cutting.encoding, cutting.encoding.unit_bytes());
    while offset < to {
        let wanted = usize::try_from(to - offset).map_or(block.len(), |left| left.min(block.len()));
        let got = platform::read_at(file, &mut block[..wanted], offset)?;
        // Half a unit is read again with the other half.
        let whole = got - got % unit;
        if whole == 0 {
            break;
        }
        let mut rest = &block[..whole];
        let mut at = offset;
        while let Some(end) = encoding.line_end(rest) {
            keep(&mut line, &rest[..end - unit]);
            at += end as u64;
            let text = if encoding.is_wide() { encoding.to_utf8(&line) } else { Cow::Borrowed(line.as_slice()) };
            if let Judged::Whole { stamp, .. } = lines.judge_at(at - 1).judge(&text) {
                runs.add(&stamp);
            }
            line.clear();
            rest = &rest[end..];
        }
        keep(&mut line, rest);
        offset += whole as u64;
    }
    Ok(runs.take())
}

fn keep(line: &mut Vec<u8>, bytes: &[u8]) {
    let room = LONGEST_JUDGED.saturating_sub(line.len()).min(bytes.len());
    line.extend_from_slice(&bytes[..room]);
}

/// Where the line starts that the byte before `offset` belongs to, or `offset` itself behind a newline.
fn line_start_before(file: &File, cutting: Cutting, offset: u64) -> io::Result<u64> {
    let mut end = offset;
    let mut block = vec![0; 16 << 10];
    while end > cutting.floor && offset - end < LONGEST_JUDGED as u64 {
        let start = cutting.unit_at(end.saturating_sub(block.len() as u64).max(cutting.floor));
        let Some(length) = end.checked_sub(start).filter(|length| *length > 0) else { break };
        let wanted = &mut block[..length as usize];
        let got = platform::read_at(file, wanted, start)?;
        if let Some(behind) = cutting.encoding.last_line_end(&wanted[..got]) {
            return Ok(start + behind as u64);
        }
        end = start;
    }
    Ok(end)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;
    use crate::record::write_stamp;

    #[test]
    fn stamps_are_found_between_any_two_offsets_in_every_encoding() {
        let line = |seq| {
            let mut line = "INFO 用户".as_bytes().to_vec();
            write_stamp(&mut line, &Stamp { launch: LaunchId(7), worker: "web-1", thread: 1, task: 1, seq });
            String::from_utf8(line).unwrap() + "\n"
        };
        let encodings = [TextEncoding::Utf8, TextEncoding::Gbk, TextEncoding::Utf16Le, TextEncoding::Utf16Be];
        for encoding in encodings {
            // A life that starts within a unit of the one before.
            let mut bytes = b"old".to_vec();
            let mut ends = vec![3];
            for seq in 1..=300 {
                bytes.extend(encoded(encoding, &line(seq)));
                ends.push(bytes.len() as u64);
            }
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let cutting = Cutting { encoding, units_from: 3, floor: 3 };
            let lines = Lines::new(3, 0, true);
            for (from, to) in [(0, 300), (17, 300), (250, 251), (5, 5)] {
                let between = |shift| stamps_between(&file, &lines, cutting, ends[from] + shift, ends[to]).unwrap();
                let found = between(0);
                let found = found.first().map(|run| (run.first, run.last, found.len()));
                let wanted = (from < to).then_some((from as u64 + 1, to as u64, 1));
                assert_eq!(found, wanted, "{encoding:?}");
                if from < to {
                    assert_eq!(between(1)[0].first, from as u64 + 1, "the line that straddles it counts");
                }
            }
        }
    }

    fn encoded(encoding: TextEncoding, text: &str) -> Vec<u8> {
        match encoding {
            TextEncoding::Utf8 => text.as_bytes().to_vec(),
            TextEncoding::Gbk => encoding_rs::GBK.encode(text).0.into_owned(),
            TextEncoding::Utf16Le => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            TextEncoding::Utf16Be => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        }
    }
}
