//! Removes the files of days long gone.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;

use super::super::timed::remove;
use super::super::{Point, Surroundings};
use crate::event::RolloverAct;

/// Removes the oldest files of other days, so that `keep` of them are left; 0 keeps all. Several processes may do it at
/// once, and what can't be removed stays: a log is no worse for an old file too many.
pub(super) fn expire(directory: &Path, current: &Path, keep: u32, around: &mut Surroundings<'_>) {
    if keep == 0 {
        return;
    }
    let mut others: Vec<PathBuf> =
        fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect();
    others.retain(|path| path != current && is_of_a_day(path));
    others.sort();
    for old in others.iter().rev().skip(keep as usize) {
        around.probe.reached(Point::ArchiveChosen, old);
        let _ = remove(old, RolloverAct::Retired, around);
    }
}

fn is_of_a_day(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.strip_suffix(".log"));
    name.is_some_and(|day| day.len() == "2026-05-09".len() && NaiveDate::parse_from_str(day, "%Y-%m-%d").is_ok())
}
