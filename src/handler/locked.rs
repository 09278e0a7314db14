//! `locked`: rolls over on a schedule, and holds a lock shared by all processes of the log while it does anything, as
//! concurrent-log-handler does.
//!
//! For each line: lock, see which file the path leads to, roll over if that is due, write, unlock. So a rollover and
//! another process's line never meet, and who comes second finds the file that the first one has made, and with it in
//! the lock file when that one's period ends. An archive's name that is taken gets a number; nothing is ever renamed
//! over anything.
//!
//! What it costs:
//! - Two more system calls a line than `watched` has, and all processes write one after the other.
//! - Who is stopped while it holds the lock holds up all the others, for as long as it takes. Who is killed does not:
//!   the system takes the lock back.
//! - Only those who lock are kept out. What anybody else deletes between look and write takes the line with it.
//!
//! As with concurrent-log-handler a rename that the system refuses costs no line: it goes on with the file at hand.

mod lock;
mod period;

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use crate::clock::{Moment, Mono, Schedule};
use crate::event::{Displaced, FileId, OpenReason, Period, Rollover, RolloverAct};
use crate::platform;

use self::lock::{Lock, Taken};
use super::look::Look;
use super::timed::{archives_to_retire, id_at, remove};
use super::{EmitError, EmitFault, Handler, HandlerOptions, Point, Surroundings, stream};

/// How many names are tried for an archive.
const MOST_NAMES: usize = 1000;

pub(super) struct Locked {
    lock: Lock,
    log: Log,
}

/// What the lock protects.
struct Log {
    path: PathBuf,
    options: HandlerOptions,
    schedule: Option<Schedule>,
    look: Look,
    held: Option<Held>,
    /// The second, in session time, in which the live file could not be put away; it is tried once in each.
    put_off: Option<i64>,
    /// What has failed at a rollover and has not been told yet.
    trouble: Option<EmitError>,
}

/// The open file.
struct Held {
    file: File,
    id: FileId,
    /// When its period ends; not known before the first line after it was opened.
    due: Option<i64>,
}

impl Locked {
    /// `scratch` is a folder outside the log's that all processes of the log know.
    pub(super) fn new(path: PathBuf, options: HandlerOptions, scratch: &Path) -> Locked {
        let lock = Lock::of(&path, scratch);
        let log =
            Log { path, options, schedule: None, look: Look::default(), held: None, put_off: None, trouble: None };
        Locked { lock, log }
    }
}

impl Log {
    fn write(&mut self, line: &[u8], lock: &Taken<'_>, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.hold_the_live_file(around)?;
        self.roll_over_if_due(lock, around)?;
        match &self.held {
            Some(held) => stream::write(&held.file, &self.path, line, around),
            None => Err(EmitError { operation: "write", path: self.path.clone(), reason: EmitFault::Closed }),
        }
    }

    fn hold_the_live_file(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let found = self.look.at(&self.path)?;
        let held = self.held.as_ref().map(|held| (held.id.dev, held.id.ino));
        if found.is_some() && found == held {
            return Ok(());
        }
        let reason = match (held, found) {
            (None, _) => OpenReason::Retry,
            (Some(_), Some(_)) => OpenReason::Changed,
            (Some(_), None) => OpenReason::Gone,
        };
        self.held = None;
        self.open(reason, around)
    }

    fn open(&mut self, reason: OpenReason, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let (file, id) = stream::open(&self.path, reason, around)?;
        self.held = Some(Held { file, id, due: None });
        Ok(())
    }

    fn roll_over_if_due(&mut self, lock: &Taken<'_>, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let (Some(schedule), Some(held)) = (self.schedule, &mut self.held) else { return Ok(()) };
        let due = *held.due.get_or_insert_with(|| period::end(&held.file, held.id, schedule, lock, around.clock));
        let now = around.clock.now_seconds();
        if now < due || self.put_off == Some(now) {
            return Ok(());
        }
        // As in Python, only a regular file is ever put away.
        if held.file.metadata().is_ok_and(|found| !found.is_file()) {
            held.due = Some(schedule.next_rollover(now));
            return Ok(());
        }
        let live = held.id;
        let archive = schedule.archive_path(&self.path, due, now);
        if let Err(error) = self.put_away(live, &archive, around) {
            (self.trouble, self.put_off) = (Some(error), Some(now));
            return Ok(());
        }
        self.held = None;
        self.trouble = self.retire(schedule, around).err();
        self.open(OpenReason::Rollover, around)?;
        if let Some(held) = &mut self.held {
            let next = schedule.next_rollover(now);
            held.due = Some(next);
            period::note(lock, held.id, next);
        }
        Ok(())
    }

    /// Renames the live file to the archive's name, or if that is taken to the same with a number.
    fn put_away(&self, live: FileId, archive: &Path, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        around.probe.reached(Point::LiveFileThere, &self.path);
        let to = match self.rename_to_a_free_name(archive) {
            Ok(to) => to,
            // Somebody who does not lock was quicker.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(EmitError::system("rename", &self.path, error)),
        };
        let file_id = id_at(&to).or(Some(live));
        let act = RolloverAct::Renamed { to, overwritten: Displaced::Nothing, period: Period::Named };
        around.observer.rolled_over(Moment::now(), Rollover { file_id, from: self.path.clone(), act });
        Ok(())
    }

    fn rename_to_a_free_name(&self, archive: &Path) -> io::Result<PathBuf> {
        for number in 0..MOST_NAMES {
            let mut name = archive.as_os_str().to_owned();
            if number > 0 {
                name.push(format!(".{number}"));
            }
            match platform::rename_no_replace(&self.path, Path::new(&name)) {
                Ok(()) => return Ok(PathBuf::from(name)),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::ErrorKind::AlreadyExists.into())
    }

    fn retire(&self, schedule: Schedule, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        for path in archives_to_retire(&self.path, schedule, self.options.backup_count)? {
            around.probe.reached(Point::ArchiveChosen, &path);
            match remove(&path, RolloverAct::Retired, around) {
                Err(error) if !error.is_not_found() => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }
}

impl Handler for Locked {
    /// Takes no lock: it makes a file at the most, and each line looks again.
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.log.open(OpenReason::First, around)?;
        self.log.schedule = Some(Schedule::new(self.log.options.schedule, around.clock));
        Ok(())
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let taken = self.lock.take(around)?;
        around.probe.reached(Point::LockTaken, &self.log.path);
        self.log.write(line, &taken, around)
    }

    fn is_open(&self) -> bool {
        self.log.held.is_some()
    }

    /// At once, if something is to be told.
    fn next_check(&self) -> Option<Mono> {
        self.log.trouble.as_ref().map(|_| Mono(0))
    }

    fn check(&mut self, _: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.log.trouble.take().map_or(Ok(()), Err)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::fs;

    use super::*;

    #[test]
    fn a_taken_name_gets_a_number() {
        let folder = tempfile::tempdir().unwrap();
        let (live, archive) = (folder.path().join("a.log"), folder.path().join("a.log.2026-05-09"));
        let locked = Locked::new(live.clone(), HandlerOptions::default(), folder.path());
        for (text, name) in [("1", "a.log.2026-05-09"), ("2", "a.log.2026-05-09.1"), ("3", "a.log.2026-05-09.2")] {
            fs::write(&live, text).unwrap();
            let to = locked.log.rename_to_a_free_name(&archive).unwrap();
            assert_eq!(to, folder.path().join(name));
        }
        let kept = ["", ".1", ".2"].map(|end| fs::read_to_string(format!("{}{end}", archive.display())).unwrap());
        assert_eq!(kept, ["1", "2", "3"]);
    }
}
