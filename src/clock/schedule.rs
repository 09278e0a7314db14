//! Schedules: when a handler moves on to its next file, as Python's `TimedRotatingFileHandler` reckons it.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize};

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
