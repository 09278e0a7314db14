//! Session time: what a worker writes into its lines, and by which it knows the day.

use std::cell::Cell;

use chrono::{DateTime, Datelike, FixedOffset, TimeDelta, Utc};

use super::zone::Zone;
use super::{ClockMode, ClockSetting, Moment, Mono};
use crate::platform;

/// Session seconds per real second: beyond this a day is shorter than a worker's look at the clock.
const MOST_RATE: f64 = 1e6;

/// Why a clock was not set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Nobody sets the machine's clock from here.
    #[error("the wall clock can't be set; a lab whose [clock] says mode = \"simulated\" has one that can")]
    Wall,
    /// A zone without daylight saving has no such change ahead.
    #[error("the zone {0} changes its offset from UTC at no time in the two years ahead")]
    NoChange(String),
    /// A clock that stands or runs backwards by itself is none.
    #[error("a clock's rate is a number of session seconds a second, above 0 and up to 1000000")]
    Rate,
    /// Log lines and file names have four digits for the year.
    #[error("the session's clock runs from the year 1 to the year 9999")]
    OutOfRange,
}

impl ClockSetting {
    /// The machine's own clock in the machine's own zone.
    pub fn wall() -> ClockSetting {
        ClockSetting { mode: ClockMode::Wall, zone: None }
    }

    /// Whether session time is simulated.
    pub fn is_simulated(&self) -> bool {
        matches!(self.mode, ClockMode::Simulated { .. })
    }

    /// Session seconds a second, of a simulated clock.
    pub fn rate(&self) -> Option<f64> {
        match self.mode {
            ClockMode::Simulated { rate, .. } => Some(rate),
            ClockMode::Wall => None,
        }
    }

    /// The same clock running from this moment on: a simulated one stands until then. One that runs is not touched.
    #[must_use]
    pub fn started(mut self, now: Mono) -> ClockSetting {
        if let ClockMode::Simulated { anchor: anchor @ None, .. } = &mut self.mode {
            *anchor = Some(now);
        }
        self
    }

    /// The same clock standing from this moment on. A wall clock runs on.
    #[must_use]
    pub fn stopped(mut self, now: Mono) -> ClockSetting {
        let session = self.simulated_at(now).map(|session| self.local_zone().local(session));
        if let (ClockMode::Simulated { anchor, start, .. }, Some(session)) = (&mut self.mode, session) {
            (*anchor, *start) = (None, session);
        }
        self
    }

    /// The clock after a jump at the moment `now`, forward, or back if `ms` is negative. A standing clock stands on.
    ///
    /// # Errors
    /// For a wall clock, and beyond the calendar.
    pub fn jumped_by(&self, now: Mono, ms: i64) -> Result<ClockSetting, ClockError> {
        let session = self.simulated_at(now).ok_or(ClockError::Wall)?;
        let jump = TimeDelta::try_milliseconds(ms).ok_or(ClockError::OutOfRange)?;
        self.jumped_to(now, session.checked_add_signed(jump).ok_or(ClockError::OutOfRange)?.fixed_offset())
    }

    /// The clock after it was set to the session time `to` at the moment `now`. A standing clock stands on.
    ///
    /// # Errors
    /// For a wall clock, and beyond the calendar.
    pub fn jumped_to(&self, now: Mono, to: DateTime<FixedOffset>) -> Result<ClockSetting, ClockError> {
        let ClockMode::Simulated { anchor, rate, .. } = self.mode else { return Err(ClockError::Wall) };
        if !(1..=9999).contains(&to.year()) {
            return Err(ClockError::OutOfRange);
        }
        let mode = ClockMode::Simulated { anchor: anchor.map(|_| now), start: to, rate };
        Ok(ClockSetting { mode, zone: self.zone.clone() })
    }

    /// The clock after it was set, at the moment `now`, to `seconds` session seconds before the next local midnight.
    /// Those are real seconds of the session: a change to or from daylight saving time does not stretch them.
    ///
    /// # Errors
    /// For a wall clock, and beyond the calendar.
    pub fn before_midnight(&self, now: Mono, seconds: u32) -> Result<ClockSetting, ClockError> {
        let session = self.simulated_at(now).ok_or(ClockError::Wall)?;
        let zone = self.local_zone();
        let midnight = zone.next_midnight(session).ok_or(ClockError::OutOfRange)?;
        let to = midnight.checked_sub_signed(TimeDelta::seconds(i64::from(seconds))).ok_or(ClockError::OutOfRange)?;
        self.jumped_to(now, zone.local(to))
    }

    /// The clock after it was set, at the moment `now`, to `seconds` session seconds before the next change of the
    /// zone's offset from UTC: to daylight saving time, or back from it.
    ///
    /// # Errors
    /// For a wall clock, where no change is ahead, and beyond the calendar.
    pub fn before_offset_change(&self, now: Mono, seconds: u32) -> Result<ClockSetting, ClockError> {
        let session = self.simulated_at(now).ok_or(ClockError::Wall)?;
        let zone = self.local_zone();
        let named = || self.zone.clone().unwrap_or_else(|| "of this machine".to_owned());
        // Within the last seconds before a change the next one is meant, as for midnight.
        let change = zone.next_offset_change(session).ok_or_else(|| ClockError::NoChange(named()))?;
        let to = change.checked_sub_signed(TimeDelta::seconds(i64::from(seconds))).ok_or(ClockError::OutOfRange)?;
        self.jumped_to(now, zone.local(to))
    }

    /// The same clock going on at another rate from the moment `now`.
    ///
    /// # Errors
    /// For a wall clock, and for a rate that is none.
    pub fn at_rate(&self, now: Mono, rate: f64) -> Result<ClockSetting, ClockError> {
        let session = self.simulated_at(now).ok_or(ClockError::Wall)?;
        if !(rate > 0.0 && rate <= MOST_RATE) {
            return Err(ClockError::Rate);
        }
        let jumped = self.jumped_to(now, self.local_zone().local(session))?;
        let ClockMode::Simulated { anchor, start, .. } = jumped.mode else { return Err(ClockError::Wall) };
        Ok(ClockSetting { mode: ClockMode::Simulated { anchor, start, rate }, zone: jumped.zone })
    }

    /// Session time at a moment, in the session's zone.
    pub fn session_time(&self, at: &Moment) -> DateTime<FixedOffset> {
        self.local_zone().local(self.simulated_at(at.mono).unwrap_or(at.wall))
    }

    pub(super) fn local_zone(&self) -> Zone {
        Zone::named(self.zone.as_deref())
    }

    /// Simulated session time; none for a wall clock. A clock that has run beyond the calendar stays at its start.
    pub(super) fn simulated_at(&self, at: Mono) -> Option<DateTime<Utc>> {
        let ClockMode::Simulated { anchor, start, rate } = self.mode else { return None };
        let start = start.to_utc();
        let Some(anchor) = anchor else { return Some(start) };
        let real_ns = i64::try_from(i128::from(at.0) - i128::from(anchor.0)).unwrap_or(i64::MAX);
        #[allow(clippy::float_cmp, reason = "1.0 is what the lab file says, and needs no rounding")]
        let session_ns = if rate == 1.0 { real_ns } else { (real_ns as f64 * rate) as i64 };
        let session = start.checked_add_signed(TimeDelta::nanoseconds(session_ns));
        Some(session.filter(|session| (1..=9999).contains(&session.year())).unwrap_or(start))
    }
}

/// The clock that workers and the engine ask for session time.
#[derive(Clone, Debug)]
pub struct SessionClock {
    setting: ClockSetting,
    zone: Zone,
    /// A second since 1970 that was asked for last, and the offset from UTC in it: that changes between seconds alone.
    offset: Cell<Option<(i64, FixedOffset)>>,
    /// The millisecond that was told last, and from when until when it lasts.
    millisecond: Cell<Option<(Mono, Mono, DateTime<FixedOffset>)>>,
}

impl SessionClock {
    /// A clock of this setting. A zone that nobody knows counts as the machine's own; the lab file refuses those.
    pub fn new(setting: ClockSetting) -> SessionClock {
        let zone = setting.local_zone();
        SessionClock { setting, zone, offset: Cell::new(None), millisecond: Cell::new(None) }
    }

    /// Session time now, local.
    pub fn now(&self) -> DateTime<FixedOffset> {
        match self.setting.mode {
            ClockMode::Wall => self.local(Utc::now()),
            ClockMode::Simulated { .. } => self.at(Mono::now()),
        }
    }

    /// Session time now, local, in whole milliseconds: the finest that a line tells. It costs less than the exact time
    /// if it is asked for again and again; a wall clock that is set meanwhile may be told a millisecond late.
    pub fn now_ms(&self) -> DateTime<FixedOffset> {
        self.ms_at(Mono::now())
    }

    /// The same, as of the system's last tick at the earliest: some milliseconds late at most. For who asks a million
    /// times a second. A clock that runs fast is asked exactly: a tick may be minutes there.
    pub fn last_tick_ms(&self) -> DateTime<FixedOffset> {
        if self.rate() > 1.0 {
            return self.now_ms();
        }
        self.ms_at(Mono(platform::monotonic_tick_ns()))
    }

    /// The millisecond that is told at a moment that has just come.
    fn ms_at(&self, at: Mono) -> DateTime<FixedOffset> {
        if let Some((from, until, time)) = self.millisecond.get()
            && (from..until).contains(&at)
        {
            return time;
        }
        let now = self.now();
        let into_ns = now.timestamp_subsec_nanos() % 1_000_000;
        let time = now.checked_sub_signed(TimeDelta::nanoseconds(i64::from(into_ns))).unwrap_or(now);
        let left_ns = f64::from(1_000_000 - into_ns) / self.rate();
        self.millisecond.set(Some((at, at.plus_ns(left_ns as u64), time)));
        time
    }

    /// Session seconds a second. One that stands tells the same for ever, and may as well be asked.
    fn rate(&self) -> f64 {
        self.setting.rate().unwrap_or(1.0)
    }

    /// Session time at a moment, local. For a wall clock it is reckoned back from now: right unless the machine's
    /// clock was set in between.
    pub fn at(&self, at: Mono) -> DateTime<FixedOffset> {
        let session = self.setting.simulated_at(at).unwrap_or_else(|| {
            let now = Moment::now();
            let ago = i64::try_from(i128::from(now.mono.0) - i128::from(at.0)).unwrap_or(i64::MAX);
            now.wall.checked_sub_signed(TimeDelta::nanoseconds(ago)).unwrap_or(now.wall)
        });
        self.local(session)
    }

    /// The rules of a zone cost more to look up than all else that a line needs of the clock.
    fn local(&self, at: DateTime<Utc>) -> DateTime<FixedOffset> {
        let second = at.timestamp();
        if let Some((known, offset)) = self.offset.get()
            && known == second
        {
            return at.with_timezone(&offset);
        }
        let local = self.zone.local(at);
        self.offset.set(Some((second, *local.offset())));
        local
    }

    /// Session time now in whole seconds since 1970.
    pub fn now_seconds(&self) -> i64 {
        match self.setting.mode {
            ClockMode::Wall => Utc::now().timestamp(),
            ClockMode::Simulated { .. } => self.at(Mono::now()).timestamp(),
        }
    }

    /// Session time, in whole seconds since 1970, at the moment at which the machine's wall clock showed `wall`: what
    /// the time of a file means under a simulated clock. It is reckoned as if the setting that holds now had held then.
    pub fn seconds_at_wall(&self, wall: DateTime<Utc>) -> i64 {
        let ClockMode::Simulated { start, rate, .. } = self.setting.mode else { return wall.timestamp() };
        let now = Moment::now();
        let session = self.setting.simulated_at(now.mono).unwrap_or_else(|| start.to_utc());
        let ago_ns = (now.wall - wall).num_nanoseconds().unwrap_or(i64::MAX);
        let ago = TimeDelta::nanoseconds((ago_ns as f64 * rate) as i64);
        session.checked_sub_signed(ago).unwrap_or(session).timestamp()
    }

    pub(super) fn zone(&self) -> Zone {
        self.zone
    }

    /// The setting that holds.
    pub fn setting(&self) -> &ClockSetting {
        &self.setting
    }

    /// From now on this setting holds.
    pub fn set(&mut self, setting: ClockSetting) {
        *self = SessionClock::new(setting);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn instant(text: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(text).unwrap()
    }

    fn clock(zone: &str, start: &str, rate: f64) -> ClockSetting {
        let mode = ClockMode::Simulated { anchor: None, start: instant(start), rate };
        ClockSetting { mode, zone: Some(zone.to_owned()) }
    }

    fn at(setting: &ClockSetting, second: u64) -> String {
        SessionClock::new(setting.clone()).at(Mono(second * SECOND)).to_rfc3339()
    }

    #[test]
    fn a_simulated_clock_stands_until_it_is_started() {
        let standing = clock("Asia/Shanghai", "2026-05-09T23:59:50+08:00", 1.0);
        assert_eq!(at(&standing, 500), "2026-05-09T23:59:50+08:00");
        let running = standing.started(Mono(100 * SECOND));
        assert_eq!(at(&running, 100), "2026-05-09T23:59:50+08:00");
        assert_eq!(at(&running, 112), "2026-05-10T00:00:02+08:00");
        assert_eq!(running.clone().started(Mono(900 * SECOND)), running, "a running clock is not anchored again");
    }

    #[test]
    fn a_stopped_clock_goes_on_where_it_stood() {
        let running = clock("UTC", "2026-05-09T00:00:00Z", 2.0).started(Mono(0));
        let standing = running.stopped(Mono(10 * SECOND));
        assert_eq!((at(&standing, 10), at(&standing, 99)), (at(&standing, 0), "2026-05-09T00:00:20+00:00".to_owned()));
        assert_eq!(at(&standing.started(Mono(100 * SECOND)), 101), "2026-05-09T00:00:22+00:00");
        assert_eq!(ClockSetting::wall().stopped(Mono(5)), ClockSetting::wall());
    }

    #[test]
    fn the_rate_stretches_real_time() {
        let day_in_ten_seconds = clock("UTC", "2026-05-09T00:00:00Z", 8640.0).started(Mono(0));
        assert_eq!(at(&day_in_ten_seconds, 10), "2026-05-10T00:00:00+00:00");
        let slow = clock("UTC", "2026-05-09T00:00:00Z", 0.5).started(Mono(0));
        assert_eq!(at(&slow, 9), "2026-05-09T00:00:04.500+00:00");
    }

    #[test]
    fn the_start_is_an_instant_and_the_zone_labels_it() {
        let elsewhere = clock("America/New_York", "2026-05-09T23:59:50+08:00", 1.0);
        assert_eq!(at(&elsewhere, 0), "2026-05-09T11:59:50-04:00");
    }

    #[test]
    fn jumps_go_both_ways_and_keep_the_rate() {
        let running = clock("UTC", "2026-05-10T00:00:00Z", 2.0).started(Mono(0));
        let back = running.jumped_by(Mono(10 * SECOND), -3_600_000).unwrap();
        assert_eq!(at(&back, 10), "2026-05-09T23:00:20+00:00");
        assert_eq!(at(&back, 11), "2026-05-09T23:00:22+00:00");
        let to = back.jumped_to(Mono(20 * SECOND), instant("2030-01-01T00:00:00+01:00")).unwrap();
        assert_eq!(at(&to, 20), "2029-12-31T23:00:00+00:00");
    }

    #[test]
    fn a_jump_of_a_standing_clock_leaves_it_standing() {
        let standing = clock("UTC", "2026-05-10T00:00:00Z", 1.0).jumped_by(Mono(7 * SECOND), 1_000).unwrap();
        assert_eq!(at(&standing, 7), at(&standing, 7000));
        assert_eq!(at(&standing, 7), "2026-05-10T00:00:01+00:00");
    }

    #[test]
    fn a_wall_clock_is_not_set_and_nothing_leaves_the_calendar() {
        let wall = ClockSetting::wall();
        assert_eq!(wall.jumped_by(Mono(0), 1), Err(ClockError::Wall));
        assert_eq!(wall.before_midnight(Mono(0), 1), Err(ClockError::Wall));
        assert_eq!(wall.clone().started(Mono(5)), wall);
        let simulated = clock("UTC", "2026-05-10T00:00:00Z", 1.0);
        assert_eq!(simulated.jumped_by(Mono(0), i64::MIN), Err(ClockError::OutOfRange));
        assert_eq!(simulated.jumped_by(Mono(0), 8_000 * 366 * 86_400_000), Err(ClockError::OutOfRange));
    }

    #[test]
    fn ten_seconds_before_midnight_is_local() {
        let running = clock("Asia/Shanghai", "2026-05-09T12:00:00Z", 1.0).started(Mono(0));
        assert_eq!(at(&running.before_midnight(Mono(0), 10).unwrap(), 0), "2026-05-09T23:59:50+08:00");
        // Again within those ten seconds: back to their beginning. After them: the next day's.
        let again = running.before_midnight(Mono(0), 10).unwrap();
        assert_eq!(at(&again.before_midnight(Mono(4 * SECOND), 10).unwrap(), 4), "2026-05-09T23:59:50+08:00");
        assert_eq!(at(&again.before_midnight(Mono(10 * SECOND), 10).unwrap(), 10), "2026-05-10T23:59:50+08:00");
    }

    #[test]
    fn a_new_rate_goes_on_from_where_the_clock_is() {
        let running = clock("UTC", "2026-05-10T00:00:00Z", 1.0).started(Mono(0));
        let fast = running.at_rate(Mono(10 * SECOND), 8640.0).unwrap();
        assert_eq!(at(&fast, 10), "2026-05-10T00:00:10+00:00");
        assert_eq!(at(&fast, 20), "2026-05-11T00:00:10+00:00");
        for none in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(running.at_rate(Mono(0), none), Err(ClockError::Rate));
        }
        assert_eq!(ClockSetting::wall().at_rate(Mono(0), 2.0), Err(ClockError::Wall));
    }

    #[test]
    fn the_next_change_of_the_offset_is_one_jump_away() {
        let summer = clock("Europe/Berlin", "2026-05-10T12:00:00+02:00", 1.0).started(Mono(0));
        let before = summer.before_offset_change(Mono(0), 10).unwrap();
        assert_eq!(at(&before, 0), "2026-10-25T02:59:50+02:00");
        assert_eq!(at(&before, 10), "2026-10-25T02:00:00+01:00");
        // Behind it, the next one is in spring.
        let spring = before.before_offset_change(Mono(11 * SECOND), 10).unwrap();
        assert_eq!(at(&spring, 11), "2027-03-28T01:59:50+01:00");
        let none = clock("Asia/Shanghai", "2026-05-10T12:00:00+08:00", 1.0).before_offset_change(Mono(0), 10);
        assert_eq!(none, Err(ClockError::NoChange("Asia/Shanghai".into())));
    }

    #[test]
    fn daylight_saving_changes_the_offset_on_the_way() {
        // Berlin skips 02:00 to 03:00 on 2026-03-29, and repeats it on 2026-10-25.
        let spring = clock("Europe/Berlin", "2026-03-29T01:59:59+01:00", 1.0).started(Mono(0));
        assert_eq!(at(&spring, 1), "2026-03-29T03:00:00+02:00");
        let autumn = clock("Europe/Berlin", "2026-10-25T02:59:59+02:00", 1.0).started(Mono(0));
        assert_eq!(at(&autumn, 1), "2026-10-25T02:00:00+01:00");
        assert_eq!(at(&autumn.before_midnight(Mono(0), 10).unwrap(), 0), "2026-10-25T23:59:50+01:00");
        // A day of 23 hours: from its first second, 22:59:50 hours pass.
        let first = clock("Europe/Berlin", "2026-03-29T00:00:00+01:00", 1.0);
        assert_eq!(at(&first.before_midnight(Mono(0), 10).unwrap(), 0), "2026-03-29T23:59:50+02:00");
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_the_first_instant_of_the_day() {
        // Beirut went from 2022-03-26 23:59:59 to 01:00:00.
        let beirut = clock("Asia/Beirut", "2022-03-26T20:00:00+02:00", 1.0).started(Mono(0));
        let before = beirut.before_midnight(Mono(0), 1).unwrap();
        assert_eq!(at(&before, 0), "2022-03-26T23:59:59+02:00");
        assert_eq!(at(&before, 1), "2022-03-27T01:00:00+03:00");
        // Samoa left out a whole day.
        let apia = clock("Pacific/Apia", "2011-12-29T12:00:00-10:00", 1.0);
        assert_eq!(at(&apia.before_midnight(Mono(0), 1).unwrap(), 0), "2011-12-29T23:59:59-10:00");
    }

    #[test]
    fn of_two_midnights_the_next_one_counts() {
        // St John's went back from 2010-11-07 00:01 to 2010-11-06 23:01.
        let first = clock("America/St_Johns", "2010-11-06T22:00:00-02:30", 1.0);
        assert_eq!(at(&first.before_midnight(Mono(0), 1).unwrap(), 0), "2010-11-06T23:59:59-02:30");
        let second = clock("America/St_Johns", "2010-11-06T23:30:00-03:30", 1.0);
        assert_eq!(at(&second.before_midnight(Mono(0), 1).unwrap(), 0), "2010-11-06T23:59:59-03:30");
    }

    #[test]
    fn labels_of_a_wall_clock_come_from_the_wall() {
        let moment = Moment { mono: Mono(5), wall: instant("2026-07-01T12:00:00Z").to_utc() };
        let wall = ClockSetting { zone: Some("Europe/Berlin".to_owned()), ..ClockSetting::wall() };
        assert_eq!(wall.session_time(&moment).to_rfc3339(), "2026-07-01T14:00:00+02:00");
    }

    #[test]
    fn milliseconds_are_those_of_the_exact_time() {
        let start = "2026-05-10T00:00:00.0004Z";
        for rate in [0.5, 1.0, 3.0, 86_400.0] {
            let setting = clock("Europe/Berlin", start, rate).started(Mono::now());
            let session = SessionClock::new(setting);
            let mut different = std::collections::BTreeSet::new();
            while different.len() < 20 {
                let (before, told, after) = (session.now(), session.now_ms(), session.now());
                let millisecond = |time: &DateTime<FixedOffset>| time.timestamp_millis();
                assert!((millisecond(&before)..=millisecond(&after)).contains(&millisecond(&told)), "{rate}");
                assert_eq!(told.timestamp_subsec_nanos() % 1_000_000, 0);
                different.insert(told);
            }
        }
        let standing = SessionClock::new(clock("UTC", start, 1.0));
        assert_eq!(
            (standing.now_ms(), standing.last_tick_ms()),
            (instant("2026-05-10T00:00:00Z"), instant("2026-05-10T00:00:00Z"))
        );
    }

    #[test]
    fn the_last_tick_is_never_ahead_and_never_older_than_a_tick() {
        for rate in [0.5, 1.0, 86_400.0] {
            let session = SessionClock::new(clock("UTC", "2026-05-10T00:00:00.0004Z", rate).started(Mono::now()));
            let mut different = std::collections::BTreeSet::new();
            while different.len() < 10 {
                let tick = session.at(Mono(platform::monotonic_tick_ns()));
                let (told, after) = (session.last_tick_ms(), session.now());
                let millisecond = |time: &DateTime<FixedOffset>| time.timestamp_millis();
                assert!((millisecond(&tick)..=millisecond(&after)).contains(&millisecond(&told)), "{rate}");
                different.insert(told);
            }
        }
    }

    #[test]
    fn the_wall_clock_is_now() {
        let before = Utc::now();
        let clock = SessionClock::new(ClockSetting::wall());
        let (now, reckoned) = (clock.now(), clock.at(Mono::now()));
        let after = Utc::now();
        assert!((before..=after).contains(&now.to_utc()));
        let tolerance = TimeDelta::seconds(1);
        assert!((before - tolerance..=after + tolerance).contains(&reckoned.to_utc()));
    }
}
