//! The names of archives: how a period is written into one, and which names retention takes for archives.

use std::fmt::Write;

use chrono::{Datelike, NaiveDateTime, Timelike};

use super::{Schedule, When};

/// The period that began at this local time, as the end of a file name.
pub(super) fn suffix(when: When, began: NaiveDateTime) -> String {
    let mut text = format!("{}-{:02}-{:02}", began.year(), began.month(), began.day());
    let time = [began.hour(), began.minute(), began.second()];
    for (part, mark) in time.iter().take(parts_of_time(when)).zip(["_", "-", "-"]) {
        // Writing into a string does not fail.
        let _ = write!(text, "{mark}{part:02}");
    }
    text
}

fn parts_of_time(when: When) -> usize {
    match when {
        When::Second => 3,
        When::Minute => 2,
        When::Hour => 1,
        When::Day | When::Midnight | When::Weekday(_) => 0,
    }
}

impl Schedule {
    /// Of the names in a folder, those that retention removes there so that `keep` archives of the file `base` stay:
    /// Python's `getFilesToDelete`, which goes by the names alone. None if `keep` is 0, as the caller has it.
    ///
    /// Kept from Python: any part between dots may hold the date, and the name needs to begin as the file's does, no
    /// more: `a1.log.2026-05-09.gz` counts as an archive of `a1.log`, and so does `a1.log-copy.2026-05-09`.
    pub fn to_delete(&self, base: &str, mut names: Vec<String>, keep: u32) -> Vec<String> {
        if keep == 0 {
            return Vec::new();
        }
        names.retain(|name| self.is_archive(base, name));
        names.sort();
        let keep = usize::try_from(keep).unwrap_or(usize::MAX);
        names.truncate(names.len().saturating_sub(keep));
        names
    }

    fn is_archive(&self, base: &str, name: &str) -> bool {
        let Some(rest) = name.strip_prefix(stem(base)).and_then(|rest| rest.strip_prefix('.')) else { return false };
        name.starts_with(base) && rest.split('.').any(|part| is_suffix(self.plan.when, part))
    }
}

/// The name without its last extension. Dots at its beginning begin none.
fn stem(name: &str) -> &str {
    let hidden = name.len() - name.trim_start_matches('.').len();
    match name.rfind('.') {
        Some(dot) if dot > hidden => &name[..dot],
        _ => name,
    }
}

/// Whether a part of a name is a period of this unit. Digits count, not dates: the 99th of a month is one.
fn is_suffix(when: When, part: &str) -> bool {
    const SHAPE: &[u8] = b"0000-00-00_00-00-00";
    let length = "0000-00-00".len() + 3 * parts_of_time(when);
    // Python's `$` matches before a last line end too.
    let part = part.strip_suffix('\n').unwrap_or(part);
    part.len() == length
        && part.bytes().zip(SHAPE).all(|(byte, shape)| match shape {
            b'0' => byte.is_ascii_digit(),
            mark => byte == *mark,
        })
}
