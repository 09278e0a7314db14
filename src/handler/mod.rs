//! The writers' strategies: each is one class of Python's logging, or of the notes, with its virtues and its flaws.
//!
//! A handler is faithful to its original: what would raise an exception into the application is an [`EmitError`] here,
//! and the line is not written a second time. It differs in one point: an emit is one write(2) of the whole line, and
//! nothing is kept in a buffer, so a failed line is never written later.

mod class;
mod daily;
mod encoded;
mod encoding;
mod error;
mod locked;
mod look;
mod plain;
mod probe;
#[cfg(test)]
mod races;
mod setup;
mod stream;
mod timed;
mod timed_rotating;
mod timed_rotating_keep;
mod timed_rotating_reopen;
mod verified;
mod watched;

use std::path::Path;

use chrono::NaiveDate;

use crate::clock::{Moment, Mono, SessionClock};
use crate::event::{FileId, OpenReason, Rollover};

pub use class::{CLASSES, Class, ClassInfo};
pub use encoding::{ENCODINGS, Encoding};
pub use error::{EmitError, EmitFault};
pub use probe::{NoProbe, Point, Probe, probe_of_this_build};
pub use setup::{HandlerOptions, HandlerSetup};

/// What a handler has around it.
pub struct Surroundings<'a> {
    /// The session's clock.
    pub clock: &'a SessionClock,
    /// The day of the session time that the line bears, where the caller knows it.
    pub line_day: Option<NaiveDate>,
    /// Who is told what it does.
    pub observer: &'a mut dyn Observer,
    /// Points at which a test may look or interfere.
    pub probe: &'a dyn Probe,
    /// What every file begins with that the handler makes; most encodings need nothing.
    pub beginning: &'static [u8],
    /// Whether the caller is wanted elsewhere. A handler that waits for another process asks this now and then, and
    /// gives up soon with [`EmitFault::CalledAway`].
    pub called_away: &'a dyn Fn() -> bool,
}

impl Surroundings<'_> {
    /// The day that the line belongs to: that of its own time if that is the day which is `known`, or else today. The
    /// time of a line that waited for its turn is of an earlier day, perhaps, than that of a line before it.
    fn day_of_line(&self, known: NaiveDate) -> NaiveDate {
        self.line_day.filter(|day| *day == known).unwrap_or_else(|| self.clock.now().date_naive())
    }
}

/// Is told what a handler does, at once and in order.
pub trait Observer {
    /// A file was opened; also when it is opened again.
    fn opened(&mut self, opened: Opened<'_>);

    /// The handler itself moved or removed a file, at a rollover.
    fn rolled_over(&mut self, at: Moment, rollover: Rollover);

    /// It has waited since `since` for a lock that another process holds, and goes on waiting; told again when the
    /// holder is another one. Which process that is, where the system says so.
    fn blocked(&mut self, since: Moment, holder: Option<u32>) {
        let _ = (since, holder);
    }

    /// A wait that was told is over: it has the lock, or gave up because its caller was called away.
    fn unblocked(&mut self, at: Moment, waited_ns: u64, gave_up: bool) {
        let _ = (at, waited_ns, gave_up);
    }

    /// A line that the handler had taken does not stand in a reachable file, and was given up.
    fn dropped(&mut self, line: &[u8], error: &EmitError) {
        let _ = (line, error);
    }
}

/// A file that was just opened.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    /// Right after open(2).
    pub at: Moment,
    /// Which file.
    pub file_id: FileId,
    /// By which path.
    pub path: &'a Path,
    /// Why.
    pub reason: OpenReason,
    /// The number of the descriptor.
    pub descriptor: i32,
}

/// A strategy by which a worker writes to files.
pub trait Handler: Send {
    /// Prepares the first file, as Python does when a handler is made.
    ///
    /// # Errors
    /// When it can't be opened: then the application does not start.
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError>;

    /// Writes one line, its newline included.
    ///
    /// # Errors
    /// When the line does not stand whole in the file.
    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError>;

    /// Whether it holds a file open.
    fn is_open(&self) -> bool;

    /// When [`Handler::check`] is to be called even if no line comes before that; none if never. Asked after each emit
    /// and each check.
    fn next_check(&self) -> Option<Mono> {
        None
    }

    /// What the handler does on a timer, between lines.
    ///
    /// # Errors
    /// When lines that it had taken are known not to stand in a reachable file, and can't be written again.
    fn check(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let _ = around;
        Ok(())
    }

    /// The last call before an ordered end.
    ///
    /// # Errors
    /// As for [`Handler::check`].
    fn close(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let _ = around;
        Ok(())
    }
}
