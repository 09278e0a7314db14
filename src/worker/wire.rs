//! What parent and worker say to each other: JSON, one object a line.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::clock::{ClockSetting, Moment, Mono};
use crate::event::{LaunchId, WorkerEvent};

use super::WorkerPlan;

/// The first line that a worker reads.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct WorkerSetup {
    pub(super) launch: LaunchId,
    pub(super) plan: WorkerPlan,
    pub(super) clock: ClockSetting,
    /// The page of counters.
    #[serde(with = "crate::event::path")]
    pub(super) page: PathBuf,
    /// When the parent decided to start it.
    pub(super) decided: Mono,
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
