//! `watched`: Python's `WatchedFileHandler`.
//!
//! Before each line it stats its path, and closes and reopens when that is gone or has another device or inode. A line
//! written between that look and somebody's unlink is lost all the same.
//!
//! What Python really does, kept here:
//! - Only a missing file counts as gone. Any other failure of stat(2) raises into the application.
//! - With the folder missing, the reopen raises, and the stream is none from then on. Each further line tries to open
//!   again and raises again, until the folder is back; then the handler recovers by itself.
//! - That late open leaves the remembered device and inode as they were, so the next line opens the file once more.

use std::fs::File;
use std::path::PathBuf;

use super::look::Look;
use super::{EmitError, EmitFault, Handler, Surroundings, stream};
use crate::event::OpenReason;

pub(super) struct Watched {
    path: PathBuf,
    look: Look,
    stream: Stream,
    /// Device and inode of the stream when they were last taken; not always those of the stream.
    identity: Option<(u64, u64)>,
}

/// Python's `self.stream`.
enum Stream {
    None,
    Open(File),
    /// A stream object that is there and closed: whatever touches it raises.
    Closed,
}

impl Watched {
    pub(super) fn new(path: PathBuf) -> Watched {
        Watched { path, look: Look::default(), stream: Stream::None, identity: None }
    }

    /// Python's constructor: opens, and takes device and inode.
    pub(super) fn open_first(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.open_and_remember(OpenReason::First, around)
    }

    /// Goes over to another path, as `daily` does when the day changes: closes, opens, takes device and inode. If the
    /// open fails, the closed stream object stays where it is.
    pub(super) fn move_on(&mut self, path: PathBuf, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.path = path;
        self.look = Look::default();
        match self.stream {
            Stream::None => {}
            // Flushing a closed stream raises, before anything is opened.
            Stream::Closed => return Err(self.closed()),
            Stream::Open(_) => self.stream = Stream::Closed,
        }
        self.open_and_remember(OpenReason::Rollover, around)
    }

    /// Python's `emit`: `reopenIfNeeded`, then `FileHandler.emit`.
    pub(super) fn emit_watched(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.reopen_if_needed(around)?;
        if matches!(self.stream, Stream::None) {
            let (file, _) = stream::open(&self.path, OpenReason::Retry, around)?;
            self.stream = Stream::Open(file);
        }
        match &self.stream {
            Stream::Open(file) => stream::write(file, &self.path, line, around),
            Stream::None | Stream::Closed => Err(self.closed()),
        }
    }

    fn reopen_if_needed(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let found = self.look.at(&self.path)?;
        if found.is_some() && found == self.identity {
            return Ok(());
        }
        match &self.stream {
            Stream::None => Ok(()),
            Stream::Closed => Err(self.closed()),
            Stream::Open(_) => {
                self.stream = Stream::None;
                let reason = if found.is_some() { OpenReason::Changed } else { OpenReason::Gone };
                self.open_and_remember(reason, around)
            }
        }
    }

    fn open_and_remember(&mut self, reason: OpenReason, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let (file, id) = stream::open(&self.path, reason, around)?;
        self.stream = Stream::Open(file);
        self.identity = Some((id.dev, id.ino));
        Ok(())
    }

    fn closed(&self) -> EmitError {
        EmitError { operation: "flush", path: self.path.clone(), reason: EmitFault::Closed }
    }
}

impl Handler for Watched {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.open_first(around)
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.emit_watched(line, around)
    }

    fn is_open(&self) -> bool {
        matches!(self.stream, Stream::Open(_))
    }
}
