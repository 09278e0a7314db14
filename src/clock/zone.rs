//! Local time: the machine's zone, or one by name.

use std::str::FromStr;

use chrono::{DateTime, Days, FixedOffset, Local, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::{OffsetComponents, Tz};

use crate::platform;

/// A time zone.
#[derive(Clone, Copy, Debug)]
pub(super) enum Zone {
    Machine,
    Named(Tz),
}

impl Zone {
    /// The zone of this IANA name; the machine's own without one, or with a name that nobody knows: the lab file has
    /// refused those already.
    pub(super) fn named(name: Option<&str>) -> Zone {
        name.and_then(|name| Tz::from_str(name).ok()).map_or(Zone::Machine, Zone::Named)
    }

    /// Local time at an instant, with the offset that holds there at that instant.
    pub(super) fn local(self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        match self {
            Zone::Machine => at.with_timezone(&Local).fixed_offset(),
            Zone::Named(zone) => at.with_timezone(&zone).fixed_offset(),
        }
    }

    /// Whether daylight saving time is in force at an instant.
    pub(super) fn saves_daylight(self, at: DateTime<Utc>) -> bool {
        match self {
            Zone::Machine => platform::saves_daylight(at.timestamp()),
            Zone::Named(zone) => !zone.offset_from_utc_datetime(&at.naive_utc()).dst_offset().is_zero(),
        }
    }

    /// The first instant after `now` at which a new local day begins. Where clocks are set forward over midnight that
    /// is the instant of the change; where they are set back over it, midnight comes twice, and this is the next of
    /// the two. None at the end of the calendar.
    pub(super) fn next_midnight(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let today = self.local(now).naive_local().date();
        let midnight = today.checked_add_days(Days::new(1))?.and_time(NaiveTime::MIN);
        // Only the way from instants to local time is unambiguous, so each offset in force around that midnight is
        // tried, and believed if it leads back.
        let exact = (0..=8)
            .filter_map(|sixth| self.instant_with_offset_of(now + TimeDelta::hours(6 * sixth), midnight))
            .filter(|&instant| instant > now && self.local(instant).naive_local() == midnight)
            .min();
        exact.or_else(|| self.first_at_or_after(midnight, now))
    }

    /// The first whole second after `now` at which another offset from UTC holds; none within two years.
    pub(super) fn next_offset_change(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let offset = |second: i64| Some(self.local(DateTime::from_timestamp(second, 0)?).offset().local_minus_utc());
        let start = now.timestamp();
        let here = offset(start)?;
        // No zone changes twice within half a day.
        let mut after = (1..=2 * 2 * 366).map(|half| start + half * 43_200).find(|&at| offset(at) != Some(here))?;
        let mut before = after - 43_200;
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if offset(middle) == Some(here) { before = middle } else { after = middle }
        }
        DateTime::from_timestamp(after, 0)
    }

    fn instant_with_offset_of(self, around: DateTime<Utc>, local: NaiveDateTime) -> Option<DateTime<Utc>> {
        let offset = i64::from(self.local(around).offset().local_minus_utc());
        Some(local.checked_sub_signed(TimeDelta::seconds(offset))?.and_utc())
    }

    /// The first whole second at which local time is `local` or later, for a local time that is skipped.
    fn first_at_or_after(self, local: NaiveDateTime, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let reached = |second: i64| {
            DateTime::from_timestamp(second, 0).is_none_or(|instant| self.local(instant).naive_local() >= local)
        };
        let (mut before, mut after) = (now.timestamp(), now.timestamp() + 3 * 86_400);
        while after - before > 1 {
            let middle = before + (after - before) / 2;
            if reached(middle) { after = middle } else { before = middle }
        }
        DateTime::from_timestamp(after, 0)
    }
}

/// Whether this is the name of a time zone.
pub fn is_zone(name: &str) -> bool {
    Tz::from_str(name).is_ok()
}

/// The names of all time zones.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name())
}
