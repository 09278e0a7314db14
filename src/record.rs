//! One log line: its level, its text by format, what its bytes mean, and what tells it from all others: its stamp, or a
//! number of its own.

mod encoding;
mod format;
mod level;
mod sequence;
mod stamp;

use serde::{Deserialize, Serialize};

pub use encoding::{TextEncoding, without_mark};
pub use format::{FIELDS, FormatError, LineFormat, Record};
pub use level::{level_of, level_span};
pub use sequence::{Numbered, Sequence, SequenceError};
pub use stamp::{
    Stamp, Stamped, StampedLine, is_worker_name, parse_stamp, parse_stamp_of_any, stamp_start, write_stamp,
};

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

impl Level {
    /// The level's name as Python writes it; empty for [`Level::None`].
    pub fn name(self) -> &'static str {
        match self {
            Level::None => "",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
            Level::Critical => "CRITICAL",
        }
    }
}

/// One start of one worker's process; random, so that two labs in one folder are told apart by their lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LaunchId(pub u32);

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

/// Appends a decimal number without allocating beyond the buffer's own growth.
fn push_decimal(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// Appends a decimal number with leading zeros up to `width`, which is at most 8.
fn push_padded(out: &mut Vec<u8>, number: u32, width: usize) {
    let mut digits = [b'0'; 8];
    let mut rest = number;
    for digit in digits[..width].iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
    }
    out.extend_from_slice(&digits[..width]);
}
