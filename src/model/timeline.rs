//! Lanes, marks, faults and rates over time.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::clock::{Moment, Mono};
use crate::event::{Actor, Exit, IncarnationId, OpenReason, WorkerId};
use crate::record::LEVELS;

/// Everything that the timeline panel draws.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    /// One lane per path, in the order of first sight.
    pub paths: Vec<PathLane>,
    /// One lane per worker, by [`WorkerId`]: the files that it held.
    pub workers: Vec<Vec<Span>>,
    /// All marks, in the order in which they were told; a [`MarkId`] is the index and stays what it is. For their order
    /// in time see [`Timeline::by_time`].
    pub marks: Vec<Mark>,
    /// What took a file away from its writers, and who has recovered.
    pub faults: Vec<Fault>,
    /// Lines by level over time.
    pub rates: RateHistory,
    /// The marks sorted by their moments: several sources tell of them, so they arrive slightly out of order.
    order: Vec<MarkId>,
    lanes: BTreeMap<PathBuf, usize>,
}

impl Timeline {
    /// One mark.
    pub fn mark(&self, id: MarkId) -> Option<&Mark> {
        self.marks.get(id.0 as usize)
    }

    /// All marks in the order of their moments.
    pub fn by_time(&self) -> impl DoubleEndedIterator<Item = (MarkId, &Mark)> {
        self.order.iter().filter_map(|id| Some((*id, self.mark(*id)?)))
    }

    /// The marks from `from` to `to`, both included, in the order of their moments.
    pub fn marks_between(&self, from: Mono, to: Mono) -> impl DoubleEndedIterator<Item = (MarkId, &Mark)> {
        let moment = |id: &MarkId| self.mark(*id).map_or(Mono(0), |mark| mark.at.mono);
        let first = self.order.partition_point(|id| moment(id) < from);
        let behind = self.order.partition_point(|id| moment(id) <= to).max(first);
        self.order[first..behind].iter().filter_map(|id| Some((*id, self.mark(*id)?)))
    }

    /// The lane of a path.
    pub fn lane(&self, path: &Path) -> Option<&PathLane> {
        self.paths.get(*self.lanes.get(path)?)
    }

    pub(super) fn push_mark(&mut self, mark: Mark) -> MarkId {
        let id = MarkId(u32::try_from(self.marks.len()).unwrap_or(u32::MAX));
        let at = mark.at.mono;
        let later = self.order.iter().rev().take_while(|id| self.mark(**id).is_some_and(|mark| mark.at.mono > at));
        let place = self.order.len() - later.count();
        self.order.insert(place, id);
        self.marks.push(mark);
        id
    }

    pub(super) fn lane_mut(&mut self, path: &Path) -> &mut PathLane {
        let next = self.paths.len();
        let index = match self.lanes.get(path) {
            Some(index) => *index,
            None => {
                self.lanes.insert(path.to_path_buf(), next);
                self.paths.push(PathLane { path: path.to_path_buf(), bars: Vec::new() });
                next
            }
        };
        &mut self.paths[index]
    }
}

impl PathLane {
    pub(super) fn begin(&mut self, incarnation: IncarnationId, from: Mono, unlinked: bool) {
        let place = self.bars.partition_point(|bar| bar.from <= from);
        self.bars.insert(place, Bar { incarnation, from, to: None, unlinked });
    }

    /// The bar of an incarnation that lasts.
    pub(super) fn lasting(&mut self, incarnation: IncarnationId, unlinked: bool) -> Option<&mut Bar> {
        self.bars
            .iter_mut()
            .rev()
            .find(|bar| bar.incarnation == incarnation && bar.unlinked == unlinked && bar.to.is_none())
    }

    pub(super) fn end(&mut self, incarnation: IncarnationId, unlinked: bool, to: Mono) {
        if let Some(bar) = self.lasting(incarnation, unlinked) {
            bar.to = Some(to.max(bar.from));
        }
    }
}

/// Index of a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MarkId(pub u32);

/// A path and the incarnations that it led to.
#[derive(Clone, Debug, PartialEq)]
pub struct PathLane {
    /// The path.
    pub path: PathBuf,
    /// In the order of their beginnings.
    pub bars: Vec<Bar>,
}

/// A time during which an incarnation had a name, or went on without one below the lane of its last name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Which.
    pub incarnation: IncarnationId,
    /// From when.
    pub from: Mono,
    /// Until when; none while it lasts.
    pub to: Option<Mono>,
    /// Whether the incarnation had no name in this time (drawn hatched).
    pub unlinked: bool,
}

/// A time during which a worker held a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Which file; its incarnation may become known after the worker told of it.
    pub file: crate::event::FileId,
    /// From when.
    pub from: Mono,
    /// Until when; none while it lasts.
    pub to: Option<Mono>,
    /// Whether nothing was held after it: the handler closed the file and could open no other.
    pub closed: bool,
    /// Why it was opened.
    pub reason: OpenReason,
    /// The fault that this opening answers, as an index into [`Timeline::faults`].
    pub answers: Option<usize>,
}

/// One mark on the timeline; most have a divider in the log view too.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// When.
    pub at: Moment,
    /// The incarnation it speaks of.
    pub incarnation: Option<IncarnationId>,
    /// The path it speaks of.
    pub path: Option<PathBuf>,
    /// What happened.
    pub kind: MarkKind,
    /// The fault that it is, as an index into [`Timeline::faults`].
    pub fault: Option<usize>,
}

/// What a mark says.
#[allow(missing_docs, reason = "each field is named by the words of the design")]
#[derive(Clone, Debug, PartialEq)]
pub enum MarkKind {
    /// A file appeared. Holds the worker that made it, if one told so.
    Created { by: Option<WorkerId> },
    /// A file moved.
    Renamed { to: PathBuf, by: Actor },
    /// A file lost its last name.
    Deleted { by: Actor },
    /// Another file took its path.
    Replaced { by: Actor },
    /// A file was cut.
    Truncated { by: Actor, old_size: u64, kept: u64 },
    /// A name leads again to an unlinked file.
    Restored,
    /// The content of an unlinked file was written back under this name.
    WrittenBack { to: PathBuf, bytes: u64 },
    /// What was in a file stands compressed in this one now.
    Archived { to: PathBuf },
    /// Something that is no file stands at the path.
    NotAFile,
    /// The path can't be read.
    Inaccessible { reason: String },
    /// It can again.
    Accessible,
    /// Bytes nobody wrote.
    Hole { bytes: u64 },
    /// A file came and went unseen.
    Missed,
    /// A symbolic link on the way to the path leads elsewhere.
    Retargeted { to: PathBuf },
    /// Bytes were given up.
    Abandoned { bytes: u64 },
    /// The first bytes repeat the incarnation before, and were not read again.
    CarriedOver { bytes: u64 },
    /// Bytes came after the descriptor was let go.
    LateBytes { bytes: u64 },
    /// The machine's clock jumped.
    ClockJumped { jump_ms: i64 },
    /// A last line without newline became final.
    Unterminated { bytes: u64 },
    /// Notifications were dropped by the system.
    Overflow,
    /// A worker's process began.
    WorkerStarted { worker: WorkerId, pid: u32 },
    /// A worker's process ended.
    WorkerExited { worker: WorkerId, exit: Exit, asked: bool },
    /// A worker was stopped or continued by signal.
    WorkerStopped { worker: WorkerId, stopped: bool },
    /// A worker waits for a lock that another process holds.
    Blocked {
        worker: WorkerId,
        /// As far as it is known.
        holder_pid: Option<u32>,
        /// If it is a worker.
        holder: Option<WorkerId>,
        /// Whether that one was stopped then.
        stopped: bool,
    },
    /// A worker waits no longer: it has the lock, or gave up for an order's sake.
    Unblocked { worker: WorkerId, waited_ms: f64, gave_up: bool },
    /// A worker opened a file again.
    Reopened { worker: WorkerId, reason: OpenReason },
    /// The first of a row of failed emits of a worker.
    EmitFailed { worker: WorkerId, reason: String },
    /// The clock of the session was set.
    ClockSet { by: Actor },
    /// An operation failed or was refused.
    OperationFailed { operation: String, reason: String },
    /// A sentence of the lab's script, or a step's.
    Said { text: String, text_zh: Option<String> },
    /// A condition of the lab's script was judged.
    Expected { that: String, held: bool, found: String },
}

/// Something that took a file away from those who write it.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When.
    pub at: Moment,
    /// What.
    pub kind: FaultKind,
    /// The incarnation that was taken away.
    pub incarnation: IncarnationId,
    /// Its path then.
    pub path: PathBuf,
    /// Who did it.
    pub by: Actor,
    /// Every worker that held it, and what became of it.
    pub recoveries: Vec<Recovery>,
}

/// The kinds of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Its name was removed.
    Deleted,
    /// It was moved away from the writers' path.
    Renamed,
    /// Another file took its place.
    Replaced,
    /// It was cut. That does not take the file away: who appends goes on at once, so all holders count as recovered
    /// with a gap of 0.
    Truncated,
}

/// How one worker came through one fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// The worker.
    pub worker: WorkerId,
    /// When its handler opened another file, or the file came back to its path; none so far.
    pub at: Option<Mono>,
    /// From the fault to that moment, in milliseconds; 0 if the worker noticed before Rotascope did.
    pub gap_ms: Option<f64>,
    /// Lines that the fault has cost this worker: those that went into the file after it, where nobody can reach them, and
    /// those that were refused.
    pub lost: u64,
    /// Lines that were refused from the fault until another file was opened.
    pub refused: u64,
}

impl Recovery {
    /// Lines that went into the file after the fault.
    pub fn slipped(&self) -> u64 {
        self.lost.saturating_sub(self.refused)
    }
}

/// Lines per level in steps of real time.
#[derive(Clone, Debug, PartialEq)]
pub struct RateHistory {
    /// Length of a step, in nanoseconds. Doubles when the history has grown long.
    pub step_ns: u64,
    /// The steps in which something arrived, in order: their beginning and lines by level.
    pub steps: Vec<(Mono, [u32; LEVELS])>,
}

/// At a step of 250 ms this is a quarter of an hour, and never more than some hundred KiB.
const MOST_STEPS: usize = 4_000;

impl Default for RateHistory {
    fn default() -> RateHistory {
        RateHistory { step_ns: 250_000_000, steps: Vec::new() }
    }
}

impl RateHistory {
    pub(super) fn add(&mut self, at: Mono, levels: &[u32; LEVELS]) {
        if levels.iter().all(|lines| *lines == 0) {
            return;
        }
        let begin = self.beginning(at);
        let place = self.steps.partition_point(|(from, _)| *from < begin);
        match self.steps.get_mut(place).filter(|(from, _)| *from == begin) {
            Some((_, sums)) => add_levels(sums, levels),
            None => self.steps.insert(place, (begin, *levels)),
        }
        if self.steps.len() > MOST_STEPS {
            self.merge();
        }
    }

    fn merge(&mut self) {
        self.step_ns = self.step_ns.saturating_mul(2);
        let fine = std::mem::take(&mut self.steps);
        for (from, levels) in fine {
            let begin = self.beginning(from);
            match self.steps.last_mut().filter(|(last, _)| *last == begin) {
                Some((_, sums)) => add_levels(sums, &levels),
                None => self.steps.push((begin, levels)),
            }
        }
    }

    fn beginning(&self, at: Mono) -> Mono {
        Mono(at.0 - at.0 % self.step_ns)
    }
}

fn add_levels(sums: &mut [u32; LEVELS], levels: &[u32; LEVELS]) {
    for (sum, lines) in sums.iter_mut().zip(levels) {
        *sum = sum.saturating_add(*lines);
    }
}
