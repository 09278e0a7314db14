//! The lock that all processes of a log share: taken for each line, waited for as long as it takes, unless the caller
//! is wanted elsewhere.

use std::fs::{File, OpenOptions, TryLockError};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use crate::clock::{Moment, Mono};
use crate::platform;

use super::super::{EmitError, EmitFault, Surroundings};

/// A wait that takes as long as this is told. Others are done with their lines in microseconds, but for one that the
/// system has put aside for a moment.
const TELL_AFTER_NS: u64 = 200_000_000;
/// How often a wait looks who has the lock.
const LOOK_EVERY_NS: u64 = 1_000_000_000;
/// How much longer it waits for a caller that is wanted elsewhere: who is told to end together with a stopped holder
/// gets the lock when that one goes on to its own end.
const COURTESY_NS: u64 = 250_000_000;
/// How often another one is just let go on, before sleeping.
const YIELDS: u32 = 50;
/// The bounds of a sleep.
const SLEEP_NS: (u64, u64) = (50_000, 20_000_000);

/// The lock file, which is not the log and not in the log's folder: whatever happens there, the lock stays what it is.
///
/// It lies in the folder that the supervisor of all the log's writers keeps for such things and removes after them. So
/// it is there for all of them and for nobody else, and nobody removes it while one of them may come to open it.
pub(super) struct Lock {
    path: PathBuf,
    /// Opened for the first line and not before: a process that was forked from this one would share the lock then, and
    /// not be kept out by it.
    file: Option<File>,
    /// Since when the caller has been wanted elsewhere.
    called: Option<Mono>,
}

/// The lock, held until this is dropped, or the process ends, however it does.
pub(super) struct Taken<'l>(&'l File);

impl Taken<'_> {
    /// The lock file. Only who holds the lock reads or writes it.
    pub(super) fn file(&self) -> &File {
        self.0
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        // It fails for what is no open file alone.
        let _ = self.0.unlock();
    }
}

impl Lock {
    /// The lock of a log, in this folder.
    pub(super) fn of(log: &Path, folder: &Path) -> Lock {
        // The same in every process of this program. Two logs that shared a lock would just wait for each other.
        let mut hasher = DefaultHasher::new();
        log.hash(&mut hasher);
        Lock { path: folder.join(format!("lock-{:016x}", hasher.finish())), file: None, called: None }
    }

    /// Waits for the lock and takes it.
    ///
    /// # Errors
    /// When it can't be opened or the system refuses; and [`EmitFault::CalledAway`].
    pub(super) fn take(&mut self, around: &mut Surroundings<'_>) -> Result<Taken<'_>, EmitError> {
        let Lock { path, file, called } = self;
        let file = match file {
            Some(file) => &*file,
            None => file.insert(open(path)?),
        };
        if !try_lock(file, path)? {
            wait(file, path, called, around)?;
        }
        *called = None;
        Ok(Taken(file))
    }
}

fn open(path: &Path) -> Result<File, EmitError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path);
    file.map_err(|error| EmitError::system("open", path, error))
}

fn try_lock(file: &File, path: &Path) -> Result<bool, EmitError> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(EmitError::system("lock", path, error)),
    }
}

/// Not with a flock(2) that blocks: nothing short of a signal would end that.
fn wait(file: &File, path: &Path, called: &mut Option<Mono>, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
    let mut wait = Wait::begin();
    loop {
        wait.rest();
        if try_lock(file, path)? {
            wait.end(false, around);
            return Ok(());
        }
        wait.look(file, around);
        if !(around.called_away)() {
            *called = None;
            continue;
        }
        let now = Mono::now();
        if now.since(*called.get_or_insert(now)) >= COURTESY_NS {
            wait.end(true, around);
            return Err(EmitError { operation: "lock", path: path.to_owned(), reason: EmitFault::CalledAway });
        }
    }
}

/// One wait for the lock.
struct Wait {
    begun: Moment,
    rests: u32,
    next_look: Mono,
    /// The holder, as it was told last.
    told: Option<Option<u32>>,
}

impl Wait {
    fn begin() -> Wait {
        let begun = Moment::now();
        Wait { begun, rests: 0, next_look: begun.mono.plus_ns(TELL_AFTER_NS), told: None }
    }

    fn waited_ns(&self) -> u64 {
        Mono::now().since(self.begun.mono)
    }

    /// The longer it has waited, the longer it sleeps.
    fn rest(&mut self) {
        self.rests += 1;
        if self.rests <= YIELDS {
            return thread::yield_now();
        }
        thread::sleep(Duration::from_nanos((self.waited_ns() / 4).clamp(SLEEP_NS.0, SLEEP_NS.1)));
    }

    /// Tells who has the lock, if it takes long, and again when that is somebody else.
    fn look(&mut self, file: &File, around: &mut Surroundings<'_>) {
        let now = Mono::now();
        if now < self.next_look {
            return;
        }
        self.next_look = now.plus_ns(LOOK_EVERY_NS);
        let holder = platform::lock_holder(file);
        if self.told != Some(holder) {
            self.told = Some(holder);
            around.observer.blocked(self.begun, holder);
        }
    }

    fn end(&self, gave_up: bool, around: &mut Surroundings<'_>) {
        if self.told.is_some() {
            around.observer.unblocked(Moment::now(), self.waited_ns(), gave_up);
        }
    }
}
