//! `timed-rotating`: the standard library's `TimedRotatingFileHandler` as of Python 3.11.
//!
//! At a rollover it removes what stands under the archive's name and renames the live file to it. Made for one process:
//! when several share a file, each rolls over for itself. The second removes the archive that the first has just made,
//! and puts the new file, moments old, in its place; the first writes on into that archive until its next rollover,
//! when somebody removes it again. Most lines are lost so.

use std::path::PathBuf;

use super::timed::{NameTaken, Timed};
use super::{EmitError, Handler, HandlerOptions, Surroundings};

pub(super) struct TimedRotating(Timed);

impl TimedRotating {
    pub(super) fn new(path: PathBuf, options: HandlerOptions) -> TimedRotating {
        TimedRotating(Timed::new(path, options))
    }
}

impl Handler for TimedRotating {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.0.open_first(around).map(drop)
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.0.roll_over_if_due(NameTaken::Remove, around)?;
        self.0.write(line, around)
    }
}
