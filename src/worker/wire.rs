//! What parent and worker say to each other: JSON, one object a line.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::{ClockSetting, Moment, Mono};
use crate::event::{Exit, LaunchId, WorkerEvent};

use super::WorkerPlan;

/// The first line that a worker reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WorkerSetup {
    pub(super) launch: LaunchId,
    pub(super) plan: PlanFor,
    pub(super) clock: ClockSetting,
    /// The page of counters.
    #[serde(with = "crate::event::path")]
    pub(super) page: PathBuf,
    /// The folder of the supervisor.
    #[serde(with = "crate::event::path")]
    pub(super) scratch: PathBuf,
    /// When the parent decided to start it.
    pub(super) decided: Mono,
}

/// Where a worker has its plan from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PlanFor {
    /// From here.
    Given(Box<WorkerPlan>),
    /// From the process that it was forked from, which knows neither of these two.
    Inherited { name: String, rate: f64 },
}

/// Each later line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Order {
    Pause,
    Resume,
    Stop,
    Rate(f64),
    Clock(ClockSetting),
}

/// Each line that a worker writes to its parent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) at: Moment,
    pub(super) told: Told,
}

/// What a report tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Told {
    Event(WorkerEvent),
    /// One sentence for the person.
    Notice(String),
}

/// What a fork server is told to do. [`ServerOrder::Fork`] comes with two descriptors: the worker's standard input and
/// output.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ServerOrder {
    /// Load what the workers of a group have in common.
    Load {
        plan: Box<WorkerPlan>,
        clock: ClockSetting,
        /// The folder of the supervisor.
        #[serde(with = "crate::event::path")]
        scratch: PathBuf,
    },
    /// Fork a worker. Orders to fork are numbered from 1.
    Fork { number: u64 },
    /// Nobody knows this ended worker's process id any more.
    Reap { pid: u32 },
}

/// What a fork server tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ServerReport {
    Loaded,
    Refused { reason: String },
    Forked { number: u64, pid: u32 },
    NotForked { number: u64, reason: String },
    Changed { pid: u32, change: ChildReport },
}

/// What has become of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum ChildReport {
    Stopped,
    Continued,
    Ended(Exit),
}
