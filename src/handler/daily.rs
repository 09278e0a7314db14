//! `daily`: the notes' last form, `DailyFileHandler`: a file a day by name, on top of `watched`.
//!
//! What the original really does, kept here:
//! - At start it makes its folder only if it does not exist, and fails if another process makes it in between.
//! - It takes the day when it writes, not when the record was made: a line may bear a time of the day before.
//! - When the day changes it closes its stream and then opens the new one. If the folder is missing at that moment, the
//!   closed stream stays: every later line raises, also after the folder is back, also on the days after.
//! - With the folder removed within the day it behaves as `watched`: each line raises until the folder is back.
//!
//! The original looks at its path twice for each line, which the notes themselves call needless; here it is once.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{Datelike, NaiveDate};

use super::watched::Watched;
use super::{EmitError, Handler, Point, Surroundings};

pub(super) struct Daily {
    directory: PathBuf,
    day: NaiveDate,
    watched: Watched,
}

impl Daily {
    pub(super) fn new(directory: PathBuf) -> Daily {
        Daily { watched: Watched::new(directory.clone()), directory, day: NaiveDate::MIN }
    }

    /// `if not exists: makedirs`, race included.
    fn make_folder(&self, around: &Surroundings<'_>) -> Result<(), EmitError> {
        if self.directory.exists() {
            return Ok(());
        }
        around.probe.reached(Point::FolderMissing, &self.directory);
        let failed = |error| EmitError::system("makedirs", &self.directory, error);
        if let Some(parent) = self.directory.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::create_dir(&self.directory).map_err(failed)
    }
}

/// The file of a day, `%Y-%m-%d.log`.
pub(super) fn path_of_day(directory: &Path, day: NaiveDate) -> PathBuf {
    directory.join(format!("{:04}-{:02}-{:02}.log", day.year(), day.month(), day.day()))
}

impl Handler for Daily {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.make_folder(around)?;
        self.day = around.clock.now().date_naive();
        self.watched = Watched::new(path_of_day(&self.directory, self.day));
        self.watched.open_first(around)
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let today = around.day_of_line(self.day);
        if today != self.day {
            self.day = today;
            self.watched.move_on(path_of_day(&self.directory, today), around)?;
        }
        self.watched.emit_watched(line, around)
    }

    fn is_open(&self) -> bool {
        self.watched.is_open()
    }
}
