//! The way out, and what the waiting thread knows of it.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::platform;

/// When something came last, and whether it is over.
pub(super) struct Pulse {
    beat: Mutex<Beat>,
    over: Condvar,
    nudge: UnixStream,
}

struct Beat {
    /// Something is being written at this moment.
    busy: bool,
    last: Instant,
    answered: u64,
    followed: bool,
    failure: Option<io::Error>,
    ended: bool,
}

impl Pulse {
    pub(super) fn new(nudge: UnixStream) -> Pulse {
        let beat =
            Beat { busy: false, last: Instant::now(), answered: 0, followed: false, failure: None, ended: false };
        Pulse { beat: Mutex::new(beat), over: Condvar::new(), nudge }
    }

    fn beat(&self) -> MutexGuard<'_, Beat> {
        self.beat.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// For how long nothing has come.
    pub(super) fn calm_for(&self) -> Duration {
        let beat = self.beat();
        if beat.busy { Duration::ZERO } else { beat.last.elapsed() }
    }

    /// The last request to catch up that was answered.
    pub(super) fn answered(&self) -> u64 {
        self.beat().answered
    }

    /// Whether there was ever a file to follow.
    pub(super) fn has_followed(&self) -> bool {
        self.beat().followed
    }

    /// How the follower's thread has ended, if it has.
    pub(super) fn ended(&self) -> Option<io::Result<()>> {
        let mut beat = self.beat();
        beat.ended.then(|| beat.failure.take().map_or(Ok(()), Err))
    }

    /// Something came that counts as such.
    pub(super) fn moved(&self) {
        self.beat().last = Instant::now();
    }

    /// A file is followed.
    pub(super) fn follows(&self) {
        self.beat().followed = true;
    }

    pub(super) fn answer(&self, request: u64) {
        self.beat().answered = request;
        self.wake();
    }

    /// The follower's thread is over.
    pub(super) fn end(&self) {
        self.beat().ended = true;
        self.over.notify_all();
        self.wake();
    }

    pub(super) fn wait_for_end(&self, most: Duration) {
        let waiting = self.over.wait_timeout_while(self.beat(), most, |beat| !beat.ended);
        drop(waiting);
    }

    fn set_busy(&self, busy: bool) {
        let mut beat = self.beat();
        beat.busy = busy;
        beat.last = Instant::now();
    }

    fn fail(&self, error: io::Error) {
        // Whoever reads has heard enough: that is no failure.
        if error.kind() != io::ErrorKind::BrokenPipe {
            self.beat().failure = Some(error);
        }
    }

    fn wake(&self) {
        // A full pipe holds nudges enough.
        let _ = (&self.nudge).write(&[0]);
    }
}

/// The standard output, written without a buffer in between: what is read is out.
pub(super) struct Output {
    file: File,
    pub(super) pulse: Arc<Pulse>,
    written_bytes: u64,
}

impl Output {
    pub(super) fn standard(pulse: Arc<Pulse>) -> io::Result<Output> {
        Ok(Output { file: platform::standard_output()?, pulse, written_bytes: 0 })
    }

    pub(super) fn clone_file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Whether somebody has taken something out of the pipe that it is.
    pub(super) fn is_being_read(&self) -> bool {
        platform::bytes_in_pipe(&self.file).is_some_and(|waiting| waiting < self.written_bytes)
    }

    /// Writes all of it, however long that takes. `Break` when nobody reads any more or writing has failed.
    pub(super) fn write(&mut self, bytes: &[u8]) -> ControlFlow<()> {
        self.pulse.set_busy(true);
        let written = platform::write_whole(&self.file, bytes);
        self.pulse.set_busy(false);
        self.written_bytes += bytes.len() as u64;
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.pulse.fail(error);
                ControlFlow::Break(())
            }
        }
    }
}
