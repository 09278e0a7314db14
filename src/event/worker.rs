//! What workers did.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Displaced, Exit, FileId, LaunchId};
use crate::record::StampRun;

/// Why a handler opened a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OpenReason {
    /// The first file of this launch.
    First,
    /// The path led nowhere.
    Gone,
    /// The path led to another file.
    Changed,
    /// The handler's own rollover: the period ended.
    Rollover,
    /// The stream had been closed by an earlier failure.
    Retry,
}

/// What a handler did to one file at its own rollover.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rollover {
    /// Which file, as far as the handler could know: between looking and acting another process may have come in. None if
    /// it is certain only that it was some file.
    pub file_id: Option<FileId>,
    /// Its name before.
    #[serde(with = "crate::event::path")]
    pub from: PathBuf,
    /// What was done to it.
    pub act: RolloverAct,
}

/// The deed itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RolloverAct {
    /// The live file was put away under an archive's name.
    Renamed {
        /// That name.
        #[serde(with = "crate::event::path")]
        to: PathBuf,
        /// What had this name until then, and lost it.
        overwritten: Displaced,
        /// Whether the name fits what the file holds.
        period: Period,
    },
    /// What had the archive's name was removed to make room.
    MadeRoom,
    /// An archive was removed by retention.
    Retired,
}

/// Which period an archive's lines are of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// The one that its name says.
    Named,
    /// A later one: the file did not exist before the named period had ended.
    Later,
}

/// What one task has counted in the shared page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCount {
    /// Thread, from 1.
    pub thread: u16,
    /// Task, from 1.
    pub task: u16,
    /// Lines handed to the handler; their sequence numbers are 1 up to this.
    pub written: u64,
    /// Emits that the handler came back from, with whatever result.
    pub returned: u64,
    /// Emits that came back with an error.
    pub failed: u64,
}

/// What a worker did, or what its parent saw of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerEvent {
    /// The process is there.
    Launched {
        /// This start.
        launch: LaunchId,
        /// Its process id.
        pid: u32,
    },
    /// The worker's own first message: it is about to write.
    Started {
        /// From the parent's decision to this message, in nanoseconds.
        start_ns: u64,
    },
    /// It could not be started at all.
    StartFailed {
        /// Why, with the remedy.
        reason: String,
    },
    /// The handler holds a file open. `at` is the moment right after open(2).
    Opened {
        /// Which file.
        file_id: FileId,
        /// By which path.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// The file it held before in this launch, if any.
        previous: Option<FileId>,
        /// Why.
        reason: OpenReason,
        /// The number of the descriptor in the worker's process: the way to a file that has already lost its name.
        descriptor: Option<i32>,
    },
    /// The handler holds no file open any more: it closed the one that it had, and could open no other.
    Closed,
    /// The handler renamed or removed a file at its own rollover. `at` is the moment right after that.
    RolledOver(Rollover),
    /// It has waited for a lock that another process holds, and goes on waiting. `at` is the moment at which it began to
    /// wait. Told again when another process is seen to hold the lock.
    Blocked {
        /// The process that holds it, where the system says so.
        holder_pid: Option<u32>,
    },
    /// A wait that was told is over.
    Unblocked {
        /// How long it took, in nanoseconds.
        waited_ns: u64,
        /// Whether it gave up, since it was given an order; or else it has the lock.
        gave_up: bool,
    },
    /// An emit failed: the handler raised into the application.
    EmitFailed {
        /// The line, by thread, task and sequence number.
        line: StampRun,
        /// The system call or step that failed.
        operation: String,
        /// The file.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// The system's reason.
        reason: String,
        /// Whether a part of the line went into the file.
        torn: bool,
    },
    /// Counters, read from the shared page.
    Counted {
        /// Whose: the launch they belong to.
        launch: LaunchId,
        /// One entry for each task whose counters have changed.
        counts: Vec<TaskCount>,
    },
    /// It writes no lines until resumed.
    Paused,
    /// It writes again.
    Resumed,
    /// It got a new rate, in lines per second and task.
    RateSet {
        /// The rate; 0 is as fast as it goes.
        rate: f64,
    },
    /// The jump of the clock has reached this worker.
    ClockSet,
    /// It was told to end, and has not ended yet.
    Ending,
    /// By an order a signal is sent to it that ends it: what becomes of it is no failure of its own.
    Signalled {
        /// Its number.
        signal: i32,
    },
    /// It was stopped (SIGSTOP): it holds its file and does nothing.
    Stopped,
    /// It goes on after a stop.
    Continued,
    /// The process has ended.
    Exited {
        /// How.
        exit: Exit,
        /// Whether it had been asked to end.
        asked: bool,
    },
}
