//! The two times of Rotascope: real monotonic time, by which every order and every gap is measured, and the clock of
//! the session (the wall's or a simulated one), which labels it and tells the workers when midnight is.

mod schedule;
mod session;
mod zone;

use chrono::{DateTime, FixedOffset, Utc};
use serde::{Deserialize, Serialize};

use crate::platform;

pub use schedule::{Schedule, SchedulePlan, When};
pub use session::{ClockError, SessionClock};
pub use zone::{is_zone, zone_names};

/// Nanoseconds on the system's monotonic clock, the same for all processes of this machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Mono(pub u64);

impl Mono {
    /// The present moment.
    pub fn now() -> Mono {
        Mono(platform::monotonic_ns())
    }

    /// Nanoseconds from `earlier` to this; 0 if it is not earlier.
    pub fn since(self, earlier: Mono) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// The moment `ns` nanoseconds later.
    pub fn plus_ns(self, ns: u64) -> Mono {
        Mono(self.0.saturating_add(ns))
    }
}

/// One moment on both real clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moment {
    /// Monotonic: for order and gaps.
    pub mono: Mono,
    /// The machine's wall clock: for people.
    pub wall: DateTime<Utc>,
}

impl Moment {
    /// The present moment.
    pub fn now() -> Moment {
        Moment { mono: Mono::now(), wall: Utc::now() }
    }
}

/// How session time follows from real time. Plain data: workers get it when they start, the model keeps its history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClockSetting {
    /// Whether session time is the machine's own or a simulated one.
    pub mode: ClockMode,
    /// The local time of the workers: an IANA name, or none for the machine's own zone.
    pub zone: Option<String>,
}

/// Wall or simulated.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockMode {
    /// Session time is the machine's wall clock.
    Wall,
    /// Session time is `start` at the real moment `anchor`, and runs at `rate`.
    Simulated {
        /// The real moment at which session time is `start`; none before the lab is started: the clock stands.
        anchor: Option<Mono>,
        /// Session time at the anchor.
        start: DateTime<FixedOffset>,
        /// Session seconds per real second.
        rate: f64,
    },
}
