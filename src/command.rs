//! What is asked, in the imperative. Window, steps and scripts all speak to the engine in these.

use std::path::PathBuf;

use chrono::{DateTime, FixedOffset};

use crate::event::{Actor, FileId, IncarnationId, WorkerId};

/// One order to the engine.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// To the lab as a whole.
    Lab(LabOrder),
    /// To one worker.
    Worker(WorkerId, WorkerOrder),
    /// To the session's clock; a simulated one only.
    Clock(ClockOrder),
    /// To a file of the session.
    File(FileOrder),
    /// Write a deleted file back to disk.
    Restore(RestoreOrder),
    /// Close the descriptor of an unlinked incarnation and give its bytes back to the disk.
    Release(IncarnationId),
    /// End the session: stop the workers, then the engine's threads.
    Quit,
}

/// To the lab as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabOrder {
    /// Start every worker that does not run.
    Start,
    /// All workers hold still, their files open.
    Pause,
    /// Go on after a pause.
    Resume,
    /// End every worker, then drain.
    Stop,
    /// Stop, empty the lab's folder, and forget everything.
    Reset,
    /// Make the folders that the workers write to, where they are gone.
    MakeFolders,
}

/// To one worker.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum WorkerOrder {
    /// Write nothing until resumed.
    Pause,
    /// Write again.
    Resume,
    /// End in good order.
    Stop,
    /// Send it a signal that ends it, by number.
    Kill(i32),
    /// Stop the process where it stands (SIGSTOP).
    Freeze,
    /// Let a frozen process go on (SIGCONT).
    Thaw,
    /// Start it anew after it has ended.
    Restart,
    /// Lines per second and task; 0 is as fast as it goes.
    Rate(f64),
}

/// To the session's clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ClockOrder {
    /// Forward, or back if negative, in milliseconds.
    JumpBy(i64),
    /// To this session time.
    JumpTo(DateTime<FixedOffset>),
    /// To this many seconds before the next local midnight.
    BeforeMidnight(u32),
    /// To this many seconds before the next change of the zone's offset: to daylight saving time, or back.
    BeforeOffsetChange(u32),
    /// Goes on at this many session seconds a second.
    Rate(f64),
}

/// An operation on one file of the session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileOrder {
    /// What to do.
    pub operation: FileOperation,
    /// The path as shown when the order was given.
    pub path: PathBuf,
    /// The file that it led to then; the engine refuses if it leads elsewhere by now. None for steps, which name a
    /// path and mean whatever stands there.
    pub file_id: Option<FileId>,
    /// Who gave the order.
    pub by: Actor,
}

/// A deleted file that is to be written back, from a descriptor that is still open somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestoreOrder {
    /// Which file.
    pub file_id: FileId,
    /// Its life, if it is followed.
    pub incarnation: Option<IncarnationId>,
    /// A process that holds it open, and the number of its descriptor.
    pub holder: Option<(u32, i32)>,
    /// The last name that it had.
    pub path: PathBuf,
    /// The name under which it is written. Never an existing file's.
    pub to: PathBuf,
}

/// What can be done to a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileOperation {
    /// Remove the name.
    Delete,
    /// Move it into the system's trash.
    Trash,
    /// Give it another name in the same folder. Never over an existing file.
    Rename {
        /// The new path.
        to: PathBuf,
    },
    /// Cut it to this many bytes.
    Truncate {
        /// The new size.
        to_bytes: u64,
    },
    /// Put a new, empty file in its place by rename.
    Replace,
    /// Remove the folder with all that it holds.
    RemoveFolder,
    /// Change its permission bits.
    SetMode {
        /// The bits, as chmod takes them.
        mode: u32,
    },
}
