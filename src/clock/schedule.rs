//! Schedules: when a handler moves on to its next file, as Python's `TimedRotatingFileHandler` reckons it.
//!
//! Reckoned in whole seconds since 1970, with Python 3.11's oddities kept:
//! - Midnight is so many seconds away as the wall clock shows to be left of the day. On a day of 23 or 25 hours that
//!   is wrong by an hour, which is put right only when a rollover leads to the next one, not for the first.
//! - A correction is an hour, also where daylight saving is half of one (Lord Howe).
//! - `midnight` and weekdays with an interval above 1 aim at the next midnight or weekday all the same; the interval
//!   counts only for the archive's name, and when that midnight is not in the future.

mod archive;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Datelike, NaiveDateTime, NaiveTime, Timelike, Utc};
use serde::{Deserialize, Serialize};

use super::SessionClock;
use super::zone::Zone;

const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;
/// Some 250,000 years: what the calendar can still break down into a date.
const CALENDAR: i64 = 8_000_000_000_000;

/// What a schedule counts in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// `S`.
    Second,
    /// `M`.
    Minute,
    /// `H`, and what Python takes when nothing is said.
    #[default]
    Hour,
    /// `D`: twenty-four hours, from whenever it began.
    Day,
    /// `midnight`.
    Midnight,
    /// `W0` (Monday) to `W6` (Sunday).
    Weekday(u8),
}

impl When {
    fn seconds(self) -> i64 {
        match self {
            When::Second => 1,
            When::Minute => 60,
            When::Hour => HOUR,
            When::Day | When::Midnight => DAY,
            When::Weekday(_) => 7 * DAY,
        }
    }
}

/// When a handler moves on, as the lab file says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchedulePlan {
    /// The unit.
    pub when: When,
    /// How many of them.
    pub interval: u32,
    /// Whether midnight, weekdays and the names of archives are in UTC.
    pub utc: bool,
    /// The time of day, for `midnight` and `W0` to `W6`.
    pub at_time: Option<NaiveTime>,
}

impl Default for SchedulePlan {
    fn default() -> SchedulePlan {
        SchedulePlan { when: When::default(), interval: 1, utc: false, at_time: None }
    }
}

/// A plan in the time zone of a session. All times are seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    plan: SchedulePlan,
    zone: Zone,
}

impl Schedule {
    /// This plan in the zone of this clock.
    pub fn new(plan: SchedulePlan, clock: &SessionClock) -> Schedule {
        Schedule { plan, zone: clock.zone() }
    }

    /// The first rollover for a file that was last written at this time, or that is new: Python's `computeRollover`.
    pub fn first_rollover(&self, from: i64) -> i64 {
        match self.plan.when {
            When::Second | When::Minute | When::Hour | When::Day => from.saturating_add(self.interval()),
            When::Midnight => self.time_of_day(from).0,
            When::Weekday(wanted) => {
                let (at, weekday) = self.time_of_day(from);
                let days = (i64::from(wanted) - weekday).rem_euclid(7);
                // Python corrects only what it has moved to another day.
                if days == 0 { at } else { self.corrected(at + days * DAY, from) }
            }
        }
    }

    /// The rollover after one that happened at `now`.
    pub fn next_rollover(&self, now: i64) -> i64 {
        let mut at = self.first_rollover(now);
        if at <= now {
            at += ((now - at) / self.interval() + 1) * self.interval();
        }
        match self.plan.when {
            When::Midnight | When::Weekday(_) => self.corrected(at, now),
            When::Second | When::Minute | When::Hour | When::Day => at,
        }
    }

    /// The name under which the file at `path` is put away by a rollover that was due at `due` and happens at `now`:
    /// it bears the time at which its period began.
    pub fn archive_path(&self, path: &Path, due: i64, now: i64) -> PathBuf {
        let mut name = path.as_os_str().to_owned();
        name.push(".");
        name.push(self.suffix(due, now));
        PathBuf::from(name)
    }

    fn suffix(&self, due: i64, now: i64) -> String {
        let began = due.saturating_sub(self.interval());
        let shift = match (self.daylight_saving(began), self.daylight_saving(now)) {
            (false, true) => HOUR,
            (true, false) => -HOUR,
            _ => 0,
        };
        archive::suffix(self.plan.when, self.broken_down(began + shift))
    }

    fn interval(&self) -> i64 {
        self.plan.when.seconds() * i64::from(self.plan.interval.max(1))
    }

    /// The next time that the clock shows the plan's time of day (now, if it does so now), taking each day for one of
    /// 24 hours; and the weekday from which Python goes on, Monday being 0.
    fn time_of_day(&self, from: i64) -> (i64, i64) {
        let local = self.broken_down(from);
        let weekday = i64::from(local.weekday().num_days_from_monday());
        let wanted = self.plan.at_time.map_or(DAY, |time| i64::from(time.num_seconds_from_midnight()));
        let left = wanted - i64::from(local.num_seconds_from_midnight());
        if left < 0 { (from + left + DAY, (weekday + 1) % 7) } else { (from + left, weekday) }
    }

    /// A rollover reckoned at `from`, shifted if daylight saving begins or ends before it.
    fn corrected(&self, at: i64, from: i64) -> i64 {
        match (self.daylight_saving(from), self.daylight_saving(at)) {
            (false, true) => at - HOUR,
            (true, false) => at + HOUR,
            _ => at,
        }
    }

    /// In UTC nothing is ever saved.
    fn daylight_saving(&self, at: i64) -> bool {
        !self.plan.utc && self.zone.saves_daylight(instant(at))
    }

    fn broken_down(&self, at: i64) -> NaiveDateTime {
        let at = instant(at);
        if self.plan.utc { at.naive_utc() } else { self.zone.local(at).naive_local() }
    }
}

/// What lies beyond the calendar counts as its end.
fn instant(at: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(at.clamp(-CALENDAR, CALENDAR), 0).unwrap_or_default()
}
