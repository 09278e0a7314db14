//! The way out, and what the waiting thread knows of it.

use std::fs::File;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::event::FileId;
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
    failure: Option<io::Error>,
    ended: bool,
}

impl Pulse {
    pub(super) fn new(nudge: UnixStream) -> Pulse {
        let beat = Beat { busy: false, last: Instant::now(), answered: 0, failure: None, ended: false };
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

    /// How the follower's thread has ended, if it has.
    pub(super) fn ended(&self) -> Option<io::Result<()>> {
        let mut beat = self.beat();
        beat.ended.then(|| beat.failure.take().map_or(Ok(()), Err))
    }

    /// Something came that counts as such.
    pub(super) fn moved(&self) {
        self.beat().last = Instant::now();
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
    /// The file that the output goes to, if it is one: following it would never end.
    own: Option<FileId>,
}

impl Output {
    pub(super) fn standard(pulse: Arc<Pulse>) -> io::Result<Output> {
        let file = platform::standard_output()?;
        let metadata = file.metadata()?;
        let own = metadata.is_file().then(|| platform::file_id(&metadata));
        Ok(Output { file, pulse, own })
    }

    pub(super) fn clone_file(&self) -> io::Result<File> {
        self.file.try_clone()
    }

    /// Whether a file is the one that the output goes to.
    pub(super) fn is_own(&self, file: FileId) -> bool {
        self.own == Some(file)
    }

    /// Writes all of it, however long that takes. `Break` when nobody reads any more or writing has failed.
    pub(super) fn write(&self, bytes: &[u8]) -> ControlFlow<()> {
        self.pulse.set_busy(true);
        let written = platform::write_whole(&self.file, bytes);
        self.pulse.set_busy(false);
        match written {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.pulse.fail(error);
                ControlFlow::Break(())
            }
        }
    }
}
