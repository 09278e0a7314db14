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

use super::timed::{NameTaken, Timed};
use super::{EmitError, Handler, HandlerOptions, Surroundings};

pub(super) struct TimedRotatingKeep(Timed);

impl TimedRotatingKeep {
    pub(super) fn new(path: PathBuf, options: HandlerOptions) -> TimedRotatingKeep {
        TimedRotatingKeep(Timed::new(path, options))
    }
}

impl Handler for TimedRotatingKeep {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.0.open_first(around).map(drop)
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.0.roll_over_if_due(NameTaken::Leave, around)?;
        self.0.write(line, around)
    }
}
