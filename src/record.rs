//! One log line: its level and its stamp.

use serde::{Deserialize, Serialize};

use crate::event::LaunchId;

/// How many levels there are, [`Level::None`] included.
pub const LEVELS: usize = 6;

/// The level of a line, in Python's words; lines of other programs are mapped to them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    /// The line names none.
    #[default]
    None,
    /// DEBUG, TRACE.
    Debug,
    /// INFO, NOTICE.
    Info,
    /// WARNING, WARN.
    Warning,
    /// ERROR.
    Error,
    /// CRITICAL, FATAL, and what is worse.
    Critical,
}

/// Lines of one task with consecutive sequence numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StampRun {
    /// The launch that wrote them.
    pub launch: LaunchId,
    /// Thread, from 1.
    pub thread: u16,
    /// Task, from 1.
    pub task: u16,
    /// First sequence number, from 1.
    pub first: u64,
    /// Last sequence number, this one included.
    pub last: u64,
}
