//! Worker processes: what starts, feeds, watches and ends them, and what runs inside them.
//!
//! A worker is this same executable with a hidden subcommand, or was forked from a fork server that is. Its standard
//! input brings one line of setup and then orders; the end of it means that the parent is gone. Its standard output
//! takes reports back; a program of the user's own, which may be a worker too, is seen from outside alone. Counters go through a page of shared memory, so that a worker killed in the middle of a write
//! loses no count.
//!
//! ```text
//! process (one handler behind a mutex, one reporter)
//!   +- thread (a single-threaded runtime, a clock of its own, an inbox of orders)
//!        +- task (paced by itself; a slot of counters, sequence numbers of its own)
//! ```

mod child;
mod counters;
mod fork_server;
mod guard;
mod inbox;
mod last_line;
mod launch;
mod lookout;
mod pace;
mod process;
mod program;
mod report;
mod servers;
mod shared;
mod start;
mod supervisor;
mod task;
mod thread;
mod timers;
mod wire;
mod work;

use serde::{Deserialize, Serialize};

use crate::handler::HandlerSetup;
use crate::record::Level;

pub use child::run_worker;
pub use fork_server::run_fork_server;
pub use guard::run_guard;
pub use program::ProgramPlan;
pub use start::{START_METHODS, StartMethod};
pub use supervisor::Supervisor;
pub use work::Work;

/// The hidden subcommand that runs a worker.
pub const WORKER_SUBCOMMAND: &str = "__worker";

/// The hidden subcommand that runs a process from which workers are forked.
pub const FORK_SERVER_SUBCOMMAND: &str = "__forkserver";

/// The hidden subcommand that runs the guard.
pub const GUARD_SUBCOMMAND: &str = "__guard";

/// What one worker is.
#[derive(Clone, Debug, PartialEq)]
pub enum Plan {
    /// Rotascope's own.
    Own(Box<WorkerPlan>),
    /// A program of the user's own.
    Program(ProgramPlan),
}

impl From<WorkerPlan> for Plan {
    fn from(plan: WorkerPlan) -> Plan {
        Plan::Own(Box::new(plan))
    }
}

impl From<ProgramPlan> for Plan {
    fn from(plan: ProgramPlan) -> Plan {
        Plan::Program(plan)
    }
}

/// What a worker of Rotascope's own is to do, in every launch.
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
    /// How its process comes to be.
    pub start: StartMethod,
    /// Whether it shares the open file of the process that it is forked from. Only [`StartMethod::Fork`] can.
    pub inherit_file: bool,
    /// Threads of the process.
    pub threads: u16,
    /// Tasks per thread.
    pub tasks: u16,
    /// What a task does before each line.
    pub work: Work,
}
