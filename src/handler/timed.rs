//! What the timed rotating handlers share: Python's `TimedRotatingFileHandler` but for the one step in which the notes'
//! subclasses differ.
//!
//! What Python really does, kept here:
//! - The stream is closed before anything else happens. Whatever fails then raises and drops the record; the next
//!   record begins the same rollover again, and reckons the archive's name from the same, ever older, time.
//! - Looking and acting are two system calls throughout: between them another process may do the same.
//! - Retention goes by names, and a file that another process has removed meanwhile raises.
//! - Only a file with a name rolls over: if the live file is gone, a rollover just opens a new one.
//! - Something at the path that is no regular file never rolls over.

use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use chrono::DateTime;

use crate::clock::{Moment, Schedule, SessionClock};
use crate::event::{Displaced, FileId, OpenReason, Period, Rollover, RolloverAct};
use crate::platform;

use super::{EmitError, EmitFault, Handler, HandlerOptions, Point, Surroundings, stream};

/// File systems take birth times from a clock that ticks this seldom: a file may be younger than it says.
const BIRTH_SLACK_NS: i64 = 10_000_000;

pub(super) struct Timed {
    path: PathBuf,
    options: HandlerOptions,
    taken: NameTaken,
    schedule: Option<Schedule>,
    /// Python's `rolloverAt`.
    due: i64,
    stream: Option<File>,
    /// The file that it opened last, whether the stream is still there or not.
    held: Option<FileId>,
}

/// What a class does when the archive's name is taken.
#[derive(Clone, Copy)]
pub(super) enum NameTaken {
    /// Removes what stands there, then renames.
    Remove,
    /// Leaves it, and goes on with the live file as it is.
    Leave,
}

impl Timed {
    pub(super) fn new(path: PathBuf, options: HandlerOptions, taken: NameTaken) -> Timed {
        Timed { path, options, taken, schedule: None, due: i64::MAX, stream: None, held: None }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Python's constructor: opens, and reckons the first rollover from the time at which the file was last written.
    pub(super) fn open_first(&mut self, around: &mut Surroundings<'_>) -> Result<FileId, EmitError> {
        let id = self.open_stream(OpenReason::First, around)?;
        let written = fs::metadata(&self.path).and_then(|found| found.modified());
        let from =
            written.map_or_else(|_| around.clock.now_seconds(), |written| around.clock.seconds_at_wall(written.into()));
        let schedule = Schedule::new(self.options.schedule, around.clock);
        self.due = schedule.first_rollover(from);
        self.schedule = Some(schedule);
        Ok(id)
    }

    pub(super) fn has_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// Closes the stream and opens the path anew.
    pub(super) fn reopen(&mut self, reason: OpenReason, around: &mut Surroundings<'_>) -> Result<FileId, EmitError> {
        self.stream = None;
        self.open_stream(reason, around)
    }

    /// Python's `shouldRollover` and `doRollover`.
    pub(super) fn roll_over_if_due(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let Some(schedule) = self.schedule else { return Ok(()) };
        let now = around.clock.now_seconds();
        if now < self.due {
            return Ok(());
        }
        if fs::metadata(&self.path).is_ok_and(|found| !found.is_file()) {
            self.due = schedule.first_rollover(now);
            return Ok(());
        }
        self.roll_over(schedule, around)
    }

    /// Python's `FileHandler.emit`: a stream that an earlier failure has closed is opened again.
    pub(super) fn write(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        if self.stream.is_none() {
            self.open_stream(OpenReason::Retry, around)?;
        }
        match &self.stream {
            Some(file) => stream::write(file, &self.path, line, around),
            None => Err(EmitError { operation: "write", path: self.path.clone(), reason: EmitFault::Closed }),
        }
    }

    fn open_stream(&mut self, reason: OpenReason, around: &mut Surroundings<'_>) -> Result<FileId, EmitError> {
        let (file, id) = stream::open(&self.path, reason, around)?;
        self.stream = Some(file);
        self.held = Some(id);
        Ok(id)
    }

    fn roll_over(&mut self, schedule: Schedule, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.stream = None;
        let now = around.clock.now_seconds();
        let archive = schedule.archive_path(&self.path, self.due, now);
        match (archive.exists(), self.taken) {
            (true, NameTaken::Leave) => {}
            (true, NameTaken::Remove) => {
                around.probe.reached(Point::NameTaken, &archive);
                remove(&archive, RolloverAct::MadeRoom, around)?;
                self.put_away(&archive, around)?;
            }
            (false, _) => {
                around.probe.reached(Point::NameFree, &archive);
                self.put_away(&archive, around)?;
            }
        }
        self.retire(schedule, around)?;
        self.open_stream(OpenReason::Rollover, around)?;
        self.due = schedule.next_rollover(now);
        Ok(())
    }

    /// Python's `rotate`: renames the live file if there is one.
    fn put_away(&self, archive: &Path, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        if !self.path.exists() {
            return Ok(());
        }
        around.probe.reached(Point::LiveFileThere, &self.path);
        let before = id_at(&self.path);
        let overwritten = platform::rename_over(&self.path, archive)
            .map_err(|error| EmitError::system("rename", &self.path, error))?;
        // If another process has come in between, the file that stands there now is the likelier one.
        let moved = id_at(archive).or(before);
        let overwritten = match overwritten {
            Displaced::File(id) if Some(id) == moved => Displaced::Unknown,
            other => other,
        };
        let act =
            RolloverAct::Renamed { to: archive.to_owned(), overwritten, period: self.period(moved, around.clock) };
        around.observer.rolled_over(Moment::now(), Rollover { file_id: moved, from: self.path.clone(), act });
        Ok(())
    }

    /// A file that this handler has written to was the live one in the period that just ended. Of another one its birth
    /// tells.
    fn period(&self, moved: Option<FileId>, clock: &SessionClock) -> Period {
        let Some(moved) = moved.filter(|id| Some(*id) != self.held && id.born_ns != 0) else { return Period::Named };
        let born = DateTime::from_timestamp_nanos(moved.born_ns.saturating_add(BIRTH_SLACK_NS));
        if clock.seconds_at_wall(born) >= self.due { Period::Later } else { Period::Named }
    }

    /// Retention. Who is not the first to remove an archive raises.
    fn retire(&self, schedule: Schedule, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        for path in archives_to_retire(&self.path, schedule, self.options.backup_count)? {
            around.probe.reached(Point::ArchiveChosen, &path);
            remove(&path, RolloverAct::Retired, around)?;
        }
        Ok(())
    }
}

/// The classes that look at nothing but the time.
impl Handler for Timed {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.open_first(around).map(drop)
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.roll_over_if_due(around)?;
        self.write(line, around)
    }

    fn is_open(&self) -> bool {
        self.has_stream()
    }
}

/// What `getFilesToDelete` picks: the oldest archives of a log, so that `keep` of them stay; none if that is 0. Names
/// that are no text are nobody's archives here.
///
/// # Errors
/// When the folder can't be read.
pub(super) fn archives_to_retire(log: &Path, schedule: Schedule, keep: u32) -> Result<Vec<PathBuf>, EmitError> {
    let (Some(folder), Some(base)) = (log.parent(), log.file_name().and_then(|name| name.to_str())) else {
        return Ok(Vec::new());
    };
    if keep == 0 {
        return Ok(Vec::new());
    }
    let names = names_in(folder).map_err(|error| EmitError::system("listdir", folder, error))?;
    let names = names.into_iter().filter_map(|name| name.into_string().ok()).collect();
    Ok(schedule.to_delete(base, names, keep).into_iter().map(|name| folder.join(name)).collect())
}

fn names_in(folder: &Path) -> std::io::Result<Vec<OsString>> {
    fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.file_name())).collect()
}

/// Removes a file and tells so.
///
/// # Errors
/// When it is gone already, or the system refuses.
pub(super) fn remove(path: &Path, act: RolloverAct, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
    let file_id = platform::remove_told(path).map_err(|error| EmitError::system("remove", path, error))?;
    around.observer.rolled_over(Moment::now(), Rollover { file_id, from: path.to_owned(), act });
    Ok(())
}

/// Which file stands at a path, symbolic links not followed: what a rename moves.
pub(super) fn id_at(path: &Path) -> Option<FileId> {
    fs::symlink_metadata(path).ok().map(|found| platform::file_id(&found))
}
