//! `timed-rotating-reopen`: the notes' second subclass of `TimedRotatingFileHandler`: as `timed-rotating-keep`, and
//! before each line it looks whether its path still leads to its file, as `watched` does.
//!
//! All that can go wrong in a rollover goes wrong here too. Besides, kept from the notes:
//! - Device and inode are taken when the look finds a change, and not at a rollover. So after each rollover the first
//!   look finds a change, and opens the file a second time.
//! - Without a stream, after a rollover that failed on the way, the look does nothing: the stream opened then is again
//!   not the one remembered.
//! - Only a missing file counts as gone. Any other failure of stat(2) raises into the application.
//! - Look and write are two system calls: what is deleted between them takes the line with it.

use std::path::PathBuf;

use crate::event::{FileId, OpenReason};

use super::look::Look;
use super::timed::{NameTaken, Timed};
use super::{EmitError, Handler, HandlerOptions, Surroundings};

pub(super) struct TimedRotatingReopen {
    timed: Timed,
    look: Look,
    /// Device and inode of the stream when they were last taken; not always those of the stream.
    identity: Option<(u64, u64)>,
}

impl TimedRotatingReopen {
    pub(super) fn new(path: PathBuf, options: HandlerOptions) -> TimedRotatingReopen {
        TimedRotatingReopen {
            timed: Timed::new(path, options, NameTaken::Leave),
            look: Look::default(),
            identity: None,
        }
    }

    fn remember(&mut self, id: FileId) {
        self.identity = Some((id.dev, id.ino));
    }

    fn reopen_if_needed(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let found = self.look.at(self.timed.path())?;
        if (found.is_some() && found == self.identity) || !self.timed.has_stream() {
            return Ok(());
        }
        let reason = if found.is_some() { OpenReason::Changed } else { OpenReason::Gone };
        let id = self.timed.reopen(reason, around)?;
        self.remember(id);
        Ok(())
    }
}

impl Handler for TimedRotatingReopen {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let id = self.timed.open_first(around)?;
        self.remember(id);
        Ok(())
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.timed.roll_over_if_due(around)?;
        self.reopen_if_needed(around)?;
        self.timed.write(line, around)
    }

    fn is_open(&self) -> bool {
        self.timed.is_open()
    }
}
