//! Lanes, marks, faults and rates over time.

use std::path::PathBuf;

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
    /// All marks, in the order of their moments; a [`MarkId`] is the index.
    pub marks: Vec<Mark>,
    /// What took a file away from its writers, and who has recovered.
    pub faults: Vec<Fault>,
    /// Lines by level over time.
    pub rates: RateHistory,
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
    /// A worker opened a file again.
    Reopened { worker: WorkerId, reason: OpenReason },
    /// The first of a row of failed emits of a worker.
    EmitFailed { worker: WorkerId, reason: String },
    /// The clock of the session was set.
    ClockSet { by: Actor },
    /// An operation failed or was refused.
    OperationFailed { operation: String, reason: String },
    /// A sentence of the lab's script, or a step's.
    Said { text: String },
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
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Its name was removed.
    Deleted,
    /// It was moved away from the writers' path.
    Renamed,
    /// Another file took its place.
    Replaced,
    /// It was cut.
    Truncated,
}

/// How one worker came through one fault.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Recovery {
    /// The worker.
    pub worker: WorkerId,
    /// When its handler opened another file; none so far.
    pub at: Option<Mono>,
    /// From the fault to that moment, in milliseconds.
    pub gap_ms: Option<f64>,
    /// Lines of this worker that went into the file after the fault, where nobody can reach them.
    pub lost: u64,
}

/// Lines per level in steps of real time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RateHistory {
    /// Length of a step, in nanoseconds.
    pub step_ns: u64,
    /// The steps in which something arrived, in order: their beginning and lines by level.
    pub steps: Vec<(Mono, [u32; LEVELS])>,
}
