//! What is known of each worker.

use std::path::PathBuf;

use crate::clock::Mono;
use crate::event::{Exit, FileId, LaunchId, WorkerId, WorkerOpened};

/// One worker, over all its launches.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Its number.
    pub id: WorkerId,
    /// What the lab file says of it.
    pub setup: WorkerOpened,
    /// What it does now.
    pub state: WorkerState,
    /// Its process, while there is one or after it has ended.
    pub pid: Option<u32>,
    /// The present launch.
    pub launch: Option<LaunchId>,
    /// Time from the decision to start it to its first message, in nanoseconds.
    pub start_ns: Option<u64>,
    /// The file that its handler holds open, and the path by which it was opened.
    pub holds: Option<(FileId, PathBuf)>,
    /// Times its handler opened the file again because it was gone or changed.
    pub reopens: u64,
    /// Times its handler moved on by itself.
    pub rollovers: u64,
    /// Emits that failed.
    pub errors: u64,
    /// The last failure, as a sentence.
    pub last_error: Option<String>,
    /// Lines handed to the handler, over all launches.
    pub written: u64,
    /// Lines per second over the last second or so.
    pub rate_now: f64,
    /// Lines per second in steps of about 250 ms, newest last; at most 64.
    pub rate_history: Vec<f32>,
    /// Lines per second and task that it was told to write.
    pub rate: f64,
    /// Gap of the last recovery, in milliseconds.
    pub last_gap_ms: Option<f64>,
    /// When the counters were last read.
    pub counted: Option<Mono>,
}

/// What a worker does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// Not started.
    Idle,
    /// Started, no message yet.
    Starting,
    /// Writing.
    Running,
    /// Told to hold still.
    Paused,
    /// Stopped by a signal (SIGSTOP).
    Stopped,
    /// Told to end.
    Ending,
    /// Ended.
    Exited {
        /// How.
        exit: Exit,
        /// Whether that had been asked for.
        asked: bool,
    },
    /// Could not be started.
    Failed,
}
