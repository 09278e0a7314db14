//! `verified`: a file a day by name, as `daily`, and no line is let go of before it is known to stand where somebody
//! can find it.
//!
//! A look at the path before each line costs more than the line, and a line that is written between the look and
//! somebody's unlink is lost all the same. So it looks afterwards, and seldom: the lines since the last look are kept
//! in memory, and when the file that they were written to has lost its name, the path is opened anew and they are
//! written again. What stood in the unlinked file is gone from the disk with it, so nothing stands there twice.
//!
//! It looks after so many lines, some milliseconds after the first of them, before a line after a rest, before it goes
//! over to the next day's file, and at the end. A file that was moved away keeps its lines, and the next ones go to the
//! path. A folder that is missing is made. While neither the disk nor the folder takes anything it waits for a moment,
//! all in all a second each time that happens, and then refuses lines, and tells of it; those that it has taken it
//! keeps until its end.
//!
//! What it can't help: lines that stood in a reachable file at the last look and were then deleted there, or cut.

mod held;
mod kept;
mod retention;

use std::fs;
use std::io;
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use chrono::NaiveDate;

use self::held::Held;
use self::kept::Kept;
use super::daily::path_of_day;
use super::{EmitError, EmitFault, Handler, Point, Surroundings, stream};
use crate::clock::Mono;
use crate::event::OpenReason;
use crate::platform::LookupPath;

/// The longest that a line is kept unchecked, and so about the longest time to notice what has happened to the file.
const CHECK_AFTER_NS: u64 = 5_000_000;
/// How long lines wait for room on the disk, or for a folder that can be made, before they are refused.
const PATIENCE_NS: u64 = 1_000_000_000;
/// The rest between two tries.
const BETWEEN_TRIES: Duration = Duration::from_millis(5);
/// Between two tries without a line that waits.
const RETRY_NS: u64 = 50_000_000;
/// How often a folder is made in one try. It may vanish again before the file is opened.
const FOLDER_TRIES: usize = 100;

pub(super) struct Verified {
    directory: PathBuf,
    backup_count: u32,
    day: NaiveDate,
    /// The file of that day, and the same path ready for a look.
    path: PathBuf,
    lookup: Option<LookupPath>,
    /// The file that is written to. With none, no kept line stands anywhere.
    held: Option<Held>,
    /// Why there is none.
    why: OpenReason,
    kept: Kept,
    /// When the first kept line was taken.
    since: Mono,
    /// When the path was last seen to lead to the held file.
    looked: Mono,
    /// Whether the held file was seen to have been moved away from the path.
    moved: bool,
    trouble: Option<Trouble>,
}

/// Lines can't be written.
#[derive(Clone, Copy, Debug)]
struct Trouble {
    since: Mono,
    last_try: Mono,
}

impl Verified {
    pub(super) fn new(directory: PathBuf, backup_count: u32) -> Verified {
        Verified {
            path: directory.clone(),
            directory,
            backup_count,
            day: NaiveDate::MIN,
            lookup: None,
            held: None,
            why: OpenReason::First,
            kept: Kept::default(),
            since: Mono(0),
            looked: Mono(0),
            moved: false,
            trouble: None,
        }
    }

    /// Every kept line stands in a file that has a name, and none is kept any more; further lines go to the path.
    fn settle(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let nothing_to_write = self.kept.is_empty();
        let outcome = self.settle_lines(around);
        let now = Mono::now();
        self.trouble = match (&outcome, self.trouble) {
            (Err(_), before) => Some(Trouble { since: before.map_or(now, |before| before.since), last_try: now }),
            // Only a line that was written shows that there is room again.
            (Ok(()), before) if nothing_to_write => before,
            (Ok(()), _) => None,
        };
        // A file is not given up for one that can't be opened.
        if self.moved
            && let Ok(next) = self.open_path(around)
        {
            self.hold(next);
        }
        outcome
    }

    fn settle_lines(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let mut outcome = Ok(());
        loop {
            self.look(around);
            if outcome.is_err() || (self.held.is_some() && self.kept.is_empty()) {
                return outcome;
            }
            outcome = self.put_down(around);
        }
    }

    /// The same as [`Verified::settle`], with patience.
    fn insist(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        loop {
            let Err(error) = self.settle(around) else { return Ok(()) };
            if self.trouble.is_some_and(|trouble| trouble.last_try.since(trouble.since) >= PATIENCE_NS) {
                return Err(error);
            }
            thread::sleep(BETWEEN_TRIES);
        }
    }

    /// Lets go of the lines that stand in a file with a name, and of a file without one.
    fn look(&mut self, around: &mut Surroundings<'_>) {
        if self.held.is_none() {
            return;
        }
        around.probe.reached(Point::BeforeLook, &self.path);
        let found = self.find();
        around.probe.reached(Point::AfterLook, &self.path);
        let Some(held) = &mut self.held else { return };
        let there = found.as_ref().is_ok_and(|found| held.is(*found));
        if there {
            self.looked = Mono::now();
        } else {
            self.why = if found.is_ok() { OpenReason::Changed } else { OpenReason::Gone };
        }
        if there || held.has_name() {
            held.let_go_of_standing(&mut self.kept);
            // A path that can't be looked at may well lead here.
            self.moved = !there && found.err().is_none_or(|error| error.kind() == io::ErrorKind::NotFound);
        } else {
            self.held = None;
            self.moved = false;
        }
    }

    /// Device and inode of what the path leads to.
    fn find(&mut self) -> io::Result<(u64, u64)> {
        let lookup = match &self.lookup {
            Some(lookup) => lookup,
            None => self.lookup.insert(LookupPath::new(&self.path)?),
        };
        lookup.device_and_inode()
    }

    /// Writes the kept lines that stand nowhere. Whether the file has a name then is another question.
    fn put_down(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        if self.held.is_none() {
            let next = self.open_path(around)?;
            self.hold(next);
        }
        self.write(around)
    }

    fn hold(&mut self, next: Held) {
        self.held = Some(next);
        self.moved = false;
    }

    fn write(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let Some(held) = &mut self.held else {
            return Err(EmitError { operation: "write", path: self.path.clone(), reason: EmitFault::Closed });
        };
        while held.standing() < self.kept.len() {
            around.probe.reached(Point::BeforeWrite, &self.path);
            held.append(&self.kept).map_err(|error| EmitError::system("write", &self.path, error))?;
        }
        Ok(())
    }

    fn open_path(&mut self, around: &mut Surroundings<'_>) -> Result<Held, EmitError> {
        for _ in 1..FOLDER_TRIES {
            match self.open_once(around) {
                Err(error) if error.is_not_found() => self.make_folder(around)?,
                other => return other,
            }
        }
        self.open_once(around)
    }

    fn open_once(&mut self, around: &mut Surroundings<'_>) -> Result<Held, EmitError> {
        let (file, id) = stream::open(&self.path, self.why, around)?;
        Ok(Held::new(file, id))
    }

    /// Another process may make or remove it at the same time: only the open after this says how it stands.
    fn make_folder(&self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        around.probe.reached(Point::FolderMissing, &self.directory);
        match fs::create_dir_all(&self.directory) {
            Err(error) if !matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::AlreadyExists) => {
                Err(EmitError::system("makedirs", &self.directory, error))
            }
            _ => Ok(()),
        }
    }

    fn turn_to(&mut self, day: NaiveDate) {
        self.day = day;
        self.path = path_of_day(&self.directory, day);
        self.lookup = None;
        self.held = None;
        self.moved = false;
    }

    /// Goes over to the file of another day. Lines that the old file did not take go into the new one.
    fn roll_over(&mut self, today: NaiveDate, around: &mut Surroundings<'_>) {
        if !self.kept.is_empty() {
            let _ = self.settle_lines(around);
        }
        self.turn_to(today);
        self.why = OpenReason::Rollover;
        if let Ok(next) = self.open_path(around) {
            self.hold(next);
            retention::expire(&self.directory, &self.path, self.backup_count, around);
        }
    }

    /// Nothing is kept: after a rest much may have happened to the path.
    fn begin(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.since = Mono::now();
        if self.since.since(self.looked) > CHECK_AFTER_NS {
            self.insist(around)?;
        }
        Ok(())
    }

    /// The line that was taken last can't be written.
    fn refuse_last(&mut self, error: EmitError) -> EmitError {
        let Some(last) = self.kept.len().checked_sub(1) else { return error };
        let wanted = self.kept.line(last).len();
        self.kept.pop();
        let held = self.held.as_mut().filter(|held| held.standing() == last);
        match held.map_or(0, Held::give_up) {
            0 => error,
            written => EmitError { reason: EmitFault::Short { written, wanted }, ..error },
        }
    }
}

impl Handler for Verified {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.turn_to(around.clock.now().date_naive());
        let first = self.open_path(around)?;
        self.hold(first);
        Ok(())
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let today = around.day_of_line(self.day);
        if today != self.day {
            self.roll_over(today, around);
        }
        if self.kept.is_empty() {
            self.begin(around)?;
        } else if self.kept.is_full(line.len()) {
            self.insist(around)?;
        }
        self.kept.push(line);
        if self.write(around).is_ok() {
            self.trouble = None;
            return Ok(());
        }
        self.insist(around).map_err(|error| self.refuse_last(error))
    }

    fn is_open(&self) -> bool {
        self.held.is_some()
    }

    fn next_check(&self) -> Option<Mono> {
        match self.trouble {
            _ if self.kept.is_empty() => None,
            Some(trouble) => Some(trouble.last_try.plus_ns(RETRY_NS)),
            None => Some(self.since.plus_ns(CHECK_AFTER_NS)),
        }
    }

    fn check(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        // What can't be written now is kept, and tried again.
        let _ = self.settle(around);
        Ok(())
    }

    fn close(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let Err(error) = self.insist(around) else { return Ok(()) };
        let begun = self.held.as_mut().map_or(0, Held::give_up);
        for (number, line) in self.kept.lines().enumerate() {
            if number == 0 && begun > 0 {
                let reason = EmitFault::Short { written: begun, wanted: line.len() };
                around.observer.dropped(line, &EmitError { operation: "write", path: self.path.clone(), reason });
            } else {
                around.observer.dropped(line, &error);
            }
        }
        self.kept.let_go(self.kept.len());
        Err(error)
    }
}
