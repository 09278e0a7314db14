//! What happened, in the past tense.
//!
//! An [`Event`] is the only thing that changes the model. Events are plain data: a list of them can be written to
//! disk and folded again, and gives the same model.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

mod follow;
mod holding;
pub(crate) mod path;
mod worker;

pub use follow::{Batch, Cut, EntryKind, FolderEntry, FollowEvent, LineMark, NotFollowed, Origin};
pub use holding::Holding;
pub use worker::{OpenReason, Period, Rollover, RolloverAct, TaskCount, WorkerEvent};

use crate::clock::{ClockSetting, Moment};
pub use crate::platform::{Displaced, Exit, FileId};
pub use crate::record::LaunchId;

/// The number of one life of one file, from 1, in the order in which Rotascope first saw them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct IncarnationId(pub u32);

/// The number of a worker in its lab, from 0, in the order of the lab file. It outlives restarts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct WorkerId(pub u32);

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Actor {
    /// The person at the desk, through the window.
    Person,
    /// A step of the lab, by its number from 0.
    Step(u32),
    /// A worker's own handler.
    Worker(WorkerId),
    /// Somebody else: another program, or a person past Rotascope.
    Other,
}

/// One fact, and when it was so.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// When it happened, or was first seen where nobody could know better.
    pub at: Moment,
    /// What happened.
    pub what: What,
}

/// The fact itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// A session began: everything before it is forgotten.
    SessionOpened(SessionOpened),
    /// The lab as a whole changed state.
    Lab(LabState),
    /// The clock of the session was set, or jumped.
    ClockSet {
        /// The setting from now on.
        clock: ClockSetting,
        /// Who set it.
        by: Actor,
    },
    /// Seen by the follower.
    Follow(FollowEvent),
    /// Told by, or seen of, a worker.
    Worker {
        /// Which worker.
        worker: WorkerId,
        /// What it did.
        event: WorkerEvent,
    },
    /// Which processes hold files of the session open for writing, the lab's own workers left out. Replaces the list
    /// before.
    Held {
        /// All that could be seen, by process and descriptor.
        holdings: Vec<Holding>,
    },
    /// The content of a deleted file was written back under a new name; the file itself stays without one.
    WrittenBack {
        /// Which file.
        file_id: FileId,
        /// The last name that it had.
        #[serde(with = "crate::event::path")]
        from: PathBuf,
        /// The copy.
        #[serde(with = "crate::event::path")]
        to: PathBuf,
        /// Size of the copy in bytes.
        bytes: u64,
    },
    /// A file operation that was asked for has failed or been refused; nothing has changed on disk.
    OperationFailed {
        /// What was asked, as one verb: `delete`, `rename`, ...
        operation: String,
        /// The file it was asked for.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// Who asked.
        by: Actor,
        /// Why not, with the remedy.
        reason: String,
    },
    /// A step of the lab was carried out. File operations have events of their own besides.
    StepDone {
        /// The step's number, from 0.
        step: u32,
        /// The text of a `say` step, or what the step did; empty if other events tell that, and then it gets no mark.
        text: String,
        /// The same in Chinese, if the lab file has it.
        text_zh: Option<String>,
    },
    /// An `expect` step was judged.
    Expected {
        /// The condition as written.
        that: String,
        /// Whether it held.
        held: bool,
        /// What the figures were.
        found: String,
    },
    /// Everything that was written so far has been read: what is not accounted for by now is lost.
    Drained,
    /// Something that the person should know and that fits nowhere else (a watch that fell back to polling, ...).
    Notice {
        /// One sentence.
        text: String,
    },
}

/// The state of the lab as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabState {
    /// Loaded, no worker running.
    #[default]
    Ready,
    /// Workers run and write.
    Running,
    /// Workers run and hold their files, but write nothing.
    Paused,
    /// Workers were told to end and have not all ended.
    Stopping,
}

/// The first event of every session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionOpened {
    /// What the title bar says: the lab's or the folder's name.
    pub title: String,
    /// The followed files and folders.
    #[serde(with = "crate::event::path::list")]
    pub paths: Vec<PathBuf>,
    /// The lab, if the session has one.
    pub lab: Option<LabOpened>,
}

/// The lab of a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabOpened {
    /// The lab file; none for the demo that is built in.
    #[serde(with = "crate::event::path::option")]
    pub file: Option<PathBuf>,
    /// The folder that the lab made and owns.
    #[serde(with = "crate::event::path")]
    pub folder: PathBuf,
    /// The clock before the start.
    pub clock: ClockSetting,
    /// Every worker, in the order of the lab file; `WorkerId` is the index.
    pub workers: Vec<WorkerOpened>,
    /// When each step is due, in real nanoseconds after the start, and what it says it will do.
    pub steps: Vec<(u64, String)>,
}

/// A worker as the lab describes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerOpened {
    /// Its own name: the group's name and a number from 1.
    pub name: String,
    /// The `[[workers]]` table that it stands in.
    pub group: String,
    /// The handler class as written in the lab file.
    pub handler: String,
    /// Whether the handler notices that its file was taken away, and opens it again.
    pub can_reopen: bool,
    /// `spawn`, `forkserver` or `fork`.
    pub start: String,
    /// Threads per process.
    pub threads: u32,
    /// Tasks per thread.
    pub tasks: u32,
    /// What a task does before each line, as written in the lab file.
    pub work: String,
    /// Whether all workers of its group share one open file.
    pub inherit_file: bool,
    /// Lines per second and task; 0 is as fast as it goes.
    pub rate: f64,
    /// Where its handler writes first, for the lane that stands there before the file does.
    #[serde(with = "crate::event::path")]
    pub path: PathBuf,
    /// The program and its arguments, where it is one of the user's own. Where that writes first, nobody knows before:
    /// `path` is the lab's folder then.
    pub program: Option<Vec<String>>,
}
