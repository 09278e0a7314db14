//! `timed-rotating-keep`: the notes' first subclass of `TimedRotatingFileHandler`.
//!
//! It renames the live file only if nothing has the archive's name, so of several processes the first one renames and
//! the others just open the new file. What is left of the trouble:
//! - Two processes may both see the name free. The second then renames the new file over the finished period.
//! - Two may both see the live file. For the second the rename may find nothing, and the record that began the rollover
//!   is dropped.
//! - A process that was idle rolls over late. Where retention has removed the archive of its old period meanwhile, that
//!   name is free: it puts the live file away under the old date, as the oldest archive, and removes it.
//! - Several processes remove the same archives. Who comes second raises, drops its record, and begins again.

use std::path::PathBuf;

use super::HandlerOptions;
use super::timed::{NameTaken, Timed};

pub(super) fn handler(path: PathBuf, options: HandlerOptions) -> Timed {
    Timed::new(path, options, NameTaken::Leave)
}
