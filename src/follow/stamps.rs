//! Stamps of whole lines, merged into runs, and the same for a stretch of a file that is read once more.

use std::collections::HashMap;
use std::fs::File;
use std::io;

use crate::event::LaunchId;
use crate::platform;
use crate::record::{Stamp, StampRun, Stamped, parse_stamp};

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

/// What a line is, where each should bear a stamp.
pub(super) fn judge(line: &[u8], whole: &mut Runs, torn: &mut Runs, fragments: &mut u64) {
    match parse_stamp(without_return(line)) {
        Stamped::Whole { stamp, extra_before } => {
            whole.add(&stamp);
            *fragments += u64::from(extra_before > 0);
        }
        Stamped::Torn { stamp } => torn.add(&stamp),
        Stamped::None => *fragments += 1,
    }
}

/// Cuts off the carriage return of a line that ends in `\r\n`.
pub(super) fn without_return(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// Stamps of the whole lines that end, newline included, behind `from` and not behind `to`. The line that straddles
/// `from` counts; `floor` is where this life of the file starts.
pub(super) fn stamps_between(file: &File, floor: u64, from: u64, to: u64) -> io::Result<Vec<StampRun>> {
    let mut runs = Runs::default();
    if from >= to {
        return Ok(Vec::new());
    }
    let mut offset = line_start_before(file, floor, from)?;
    let mut line = Vec::new();
    let mut block = vec![0; 64 << 10];
    while offset < to {
        let wanted = usize::try_from(to - offset).map_or(block.len(), |left| left.min(block.len()));
        let got = platform::read_at(file, &mut block[..wanted], offset)?;
        if got == 0 {
            break;
        }
        let mut rest = &block[..got];
        while let Some(end) = memchr::memchr(b'\n', rest) {
            keep(&mut line, &rest[..end]);
            if let Stamped::Whole { stamp, .. } = parse_stamp(without_return(&line)) {
                runs.add(&stamp);
            }
            line.clear();
            rest = &rest[end + 1..];
        }
        keep(&mut line, rest);
        offset += got as u64;
    }
    Ok(runs.take())
}

fn keep(line: &mut Vec<u8>, bytes: &[u8]) {
    let room = LONGEST_JUDGED.saturating_sub(line.len()).min(bytes.len());
    line.extend_from_slice(&bytes[..room]);
}

/// Where the line starts that the byte before `offset` belongs to, or `offset` itself behind a newline.
fn line_start_before(file: &File, floor: u64, offset: u64) -> io::Result<u64> {
    let mut end = offset;
    let mut block = vec![0; 16 << 10];
    while end > floor && offset - end < LONGEST_JUDGED as u64 {
        let start = end.saturating_sub(block.len() as u64).max(floor);
        let wanted = &mut block[..(end - start) as usize];
        let got = platform::read_at(file, wanted, start)?;
        if let Some(newline) = memchr::memrchr(b'\n', &wanted[..got]) {
            return Ok(start + newline as u64 + 1);
        }
        end = start;
    }
    Ok(end)
}
