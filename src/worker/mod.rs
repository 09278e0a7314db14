//! Worker processes: what starts, feeds, watches and ends them, and what runs inside them.
//!
//! A worker is this same executable with a hidden subcommand. Its standard input brings one line of setup and then
//! orders; the end of it means that the parent is gone. Its standard output takes reports back. Counters go through a
//! page of shared memory, so that a worker killed in the middle of a write loses no count.

mod child;
mod counters;
mod guard;
mod pace;
mod process;
mod report;
mod supervisor;
mod wire;

use serde::{Deserialize, Serialize};

use crate::handler::HandlerSetup;
use crate::record::Level;

pub use child::run_worker;
pub use guard::run_guard;
pub use supervisor::Supervisor;

/// The hidden subcommand that runs a worker.
pub const WORKER_SUBCOMMAND: &str = "__worker";

/// The hidden subcommand that runs the guard.
pub const GUARD_SUBCOMMAND: &str = "__guard";

/// What a worker is to do, in every launch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WorkerPlan {
    /// Its name, which stands in each line's stamp: `A-Z a-z 0-9 _ -`.
    pub name: String,
    /// What `{module}` in a format is replaced by.
    pub module: String,
    /// What `{name}` in a format is replaced by: the logger's name.
    pub logger: String,
    /// How and where it writes.
    pub handler: HandlerSetup,
    /// The format of its lines, in Python's `{` style.
    pub format: String,
    /// The text of its lines.
    pub message: String,
    /// Lines per second and task; 0 is as fast as it goes.
    pub rate: f64,
    /// Levels and their weights. Empty, or all zero, is all INFO. What the logger's level holds back does not belong
    /// here.
    pub levels: Vec<(Level, u32)>,
    /// Threads. More than one is not built yet.
    pub threads: u16,
    /// Tasks per thread. More than one is not built yet.
    pub tasks: u16,
}
