//! The ruler: session time over real time. Pure.
//!
//! The axis is monotonic real time. The session's clock labels it: it may be simulated, run at another speed, stand
//! still, or jump. Each stretch between two settings of the clock is labelled by itself.

use super::span::Shown;
use crate::clock::Mono;

const MS: i64 = 1_000_000;
const SECOND: i64 = 1_000 * MS;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Steps from one label to the next, in nanoseconds of session time.
const STEPS: [i64; 33] = [
    MS,
    2 * MS,
    5 * MS,
    10 * MS,
    20 * MS,
    50 * MS,
    100 * MS,
    200 * MS,
    500 * MS,
    SECOND,
    2 * SECOND,
    5 * SECOND,
    10 * SECOND,
    15 * SECOND,
    30 * SECOND,
    MINUTE,
    2 * MINUTE,
    5 * MINUTE,
    10 * MINUTE,
    15 * MINUTE,
    30 * MINUTE,
    HOUR,
    2 * HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    28 * DAY,
    91 * DAY,
    364 * DAY,
];

/// The session's clock as the ruler needs it: local session time of a moment, in nanoseconds since 1970.
pub(super) trait SessionTime {
    /// Local session time.
    fn local_ns(&self, at: Mono) -> i64;

    /// How far it is ahead of UTC, in seconds.
    fn offset_s(&self, _: Mono) -> i32 {
        0
    }
}

impl<F: Fn(Mono) -> i64> SessionTime for F {
    fn local_ns(&self, at: Mono) -> i64 {
        self(at)
    }
}

/// One line of the ruler.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// From the left edge, in points.
    pub x: f64,
    /// Session time; empty where a label would touch its neighbour.
    pub label: String,
}

/// A place where session time does not follow from what was before.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Break {
    /// From the left edge, in points.
    pub x: f64,
    /// Session time right after it.
    pub label: String,
    /// Whether the zone's own rules made it, to or from daylight saving time: nobody set the clock.
    pub by_rule: bool,
}

/// Everything on the ruler.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ruler {
    /// Lines with labels, from left to right.
    pub ticks: Vec<Tick>,
    /// Where a local day begins.
    pub midnights: Vec<f64>,
    /// Where the clock was set.
    pub breaks: Vec<Break>,
}

/// Width of one character of a label, in points.
const CHAR: f64 = 6.8;
/// Space between two labels, and from a line to its label.
const AIR: f64 = 14.0;

/// Lays out the ruler over `width` points. `settings` are the moments at which the clock was set, in order; `known` is
/// the moment of the first event: before it session time means nothing.
pub(super) fn ruler(shown: &Shown, width: f64, clock: &dyn SessionTime, settings: &[Mono], known: Mono) -> Ruler {
    let mut ruler = Ruler::default();
    let begin = shown.at(0.0).max(known);
    let end = shown.at(width);
    let mut from = begin;
    let mut free = 0.0;
    for to in ends(clock, begin, end, settings) {
        if to > from {
            stretch(&mut ruler, shown, clock, from, to, &mut free);
        }
        let by_rule = to > begin && !settings.contains(&to);
        if to < end && jumps(clock, to) {
            let x = shown.x(to);
            ruler.breaks.push(Break { x, label: label(clock.local_ns(to), SECOND), by_rule });
            free = free.max(x);
        }
        // A clock that goes forward at midnight leaves the moment out that the day begins with.
        let day = |at: Mono| clock.local_ns(at).div_euclid(DAY);
        if to < end && by_rule && day(to) > day(Mono(to.0 - 1)) {
            ruler.midnights.push(shown.x(to));
        }
        from = to;
    }
    // No label hangs over the right edge.
    for tick in &mut ruler.ticks {
        if tick.x + AIR / 2.0 + tick.label.len() as f64 * CHAR > width {
            tick.label.clear();
        }
    }
    ruler
}

/// Where the stretches end in which session time runs evenly: at the settings of the clock, and where the zone changes
/// its offset from UTC. Back from daylight saving time an hour comes twice, and no rate tells what time it is.
fn ends(clock: &dyn SessionTime, begin: Mono, end: Mono, settings: &[Mono]) -> Vec<Mono> {
    let mut ends = Vec::new();
    let mut from = begin;
    for to in settings.iter().copied().filter(|at| *at > begin && *at < end).chain([end]) {
        changes(clock, from, to, &mut ends);
        ends.push(to);
        from = to;
    }
    ends
}

/// Where the offset from UTC changes within a stretch. Two changes that lie nearer than a look after the other may
/// cancel out, unseen: then they are too near to be told apart on the screen, too.
fn changes(clock: &dyn SessionTime, from: Mono, to: Mono, found: &mut Vec<Mono>) {
    const LOOKS: u64 = 64;
    let span = to.since(from);
    let mut before = from;
    for look in 1..=LOOKS {
        let after = from.plus_ns((u128::from(span) * u128::from(look) / u128::from(LOOKS)) as u64);
        let after = after.min(Mono(to.0.saturating_sub(1)));
        let offset = clock.offset_s(before);
        if after > before && clock.offset_s(after) != offset {
            let (mut same, mut other) = (before, after);
            while other.since(same) > 1 {
                let middle = same.plus_ns(other.since(same) / 2);
                if clock.offset_s(middle) == offset { same = middle } else { other = middle }
            }
            found.push(other);
        }
        before = before.max(after);
    }
}

/// Whether session time jumps at a moment by more than it runs around it: a clock that is fast goes far until a new
/// speed, which is no jump, is heard of.
fn jumps(clock: &dyn SessionTime, at: Mono) -> bool {
    const AROUND: u64 = 20 * MS as u64;
    let (before, after) = (Mono(at.0.saturating_sub(1)), clock.local_ns(at));
    let step = (after - clock.local_ns(before)).abs();
    let runs_before = clock.local_ns(before) - clock.local_ns(Mono(before.0.saturating_sub(AROUND)));
    let runs_after = clock.local_ns(at.plus_ns(AROUND)) - after;
    step > SECOND.max(runs_before).max(runs_after)
}

/// Labels one stretch in which session time runs evenly.
fn stretch(ruler: &mut Ruler, shown: &Shown, clock: &dyn SessionTime, from: Mono, to: Mono, free: &mut f64) {
    // The last nanosecond of the stretch: at its end the next setting holds already.
    let last = Mono(to.0 - 1);
    let (first_ns, last_ns) = (clock.local_ns(from), clock.local_ns(last));
    let rate = (last_ns - first_ns) as f64 / last.since(from).max(1) as f64;
    if rate <= 1e-9 {
        return;
    }
    let moment = |local: i64| locate(clock, from, last, first_ns, rate, local);
    let per_point = shown.scale() * rate;
    let step = step_for(per_point);
    let mut local = first_ns.div_euclid(step) * step;
    while local <= last_ns {
        let x = shown.x(moment(local));
        if local >= first_ns {
            let text = label(local, step);
            let fits = x >= *free && x + (text.len() as f64) * CHAR <= shown.x(to).max(x);
            if fits {
                *free = x + text.len() as f64 * CHAR + AIR;
            }
            ruler.ticks.push(Tick { x, label: if fits { text } else { String::new() } });
        }
        local += step;
    }
    if DAY as f64 / per_point >= 40.0 {
        let mut midnight = first_ns.div_euclid(DAY) * DAY + DAY;
        while midnight <= last_ns {
            ruler.midnights.push(shown.x(moment(midnight)));
            midnight += DAY;
        }
    }
}

/// The moment at which it is `local`. Corrected until it fits: a clock that is fast is not exact to the nanosecond.
fn locate(clock: &dyn SessionTime, from: Mono, last: Mono, first_ns: i64, rate: f64, local: i64) -> Mono {
    let moved = |at: Mono, ns: f64| {
        if ns < 0.0 { Mono(at.0.saturating_sub((-ns) as u64)) } else { at.plus_ns(ns as u64) }
    };
    let mut guess = moved(from, (local - first_ns) as f64 / rate);
    for _ in 0..6 {
        let wrong = local - clock.local_ns(guess.clamp(from, last));
        if wrong == 0 || guess < from || guess > last {
            break;
        }
        guess = moved(guess, wrong as f64 / rate);
    }
    guess
}

/// The finest step whose labels do not touch.
fn step_for(ns_per_point: f64) -> i64 {
    let fits = |step: &&i64| {
        let room = **step as f64 / ns_per_point;
        room >= label(0, **step).len() as f64 * CHAR + AIR * 2.0
    };
    STEPS.iter().find(fits).copied().unwrap_or(STEPS[STEPS.len() - 1])
}

/// Session time as precisely as the step asks.
pub(super) fn label(local_ns: i64, step: i64) -> String {
    let time = chrono::DateTime::from_timestamp_nanos(local_ns);
    let format = if step >= DAY {
        "%Y-%m-%d"
    } else if step >= MINUTE {
        "%H:%M"
    } else if step >= SECOND {
        "%H:%M:%S"
    } else {
        "%H:%M:%S%.3f"
    };
    time.format(format).to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const START: Mono = Mono(1_000_000_000_000);

    fn shown(span_ns: f64) -> Shown {
        Shown::new(START, span_ns, 1_000.0)
    }

    /// It is 23:59:50 on the first day of 1970 at the start, and runs evenly.
    fn evening(at: Mono) -> i64 {
        DAY - 10 * SECOND + (at.0 as i64 - START.0 as i64)
    }

    fn labels(ruler: &Ruler) -> Vec<&str> {
        ruler.ticks.iter().map(|tick| tick.label.as_str()).filter(|label| !label.is_empty()).collect()
    }

    fn assert_apart(ruler: &Ruler, width: f64) {
        let labelled: Vec<&Tick> = ruler.ticks.iter().filter(|tick| !tick.label.is_empty()).collect();
        for pair in labelled.windows(2) {
            assert!(pair[0].x + pair[0].label.len() as f64 * CHAR < pair[1].x, "{pair:?}");
        }
        assert!(labelled.last().is_none_or(|tick| tick.x + tick.label.len() as f64 * CHAR <= width));
    }

    #[test]
    fn labels_are_round_and_never_touch_at_any_scale() {
        let mut span = 2e6;
        while span < 4e16 {
            let ruler = ruler(&shown(span), 1_000.0, &evening, &[START], START);
            assert_apart(&ruler, 1_000.0);
            let count = labels(&ruler).len();
            assert!((2..=20).contains(&count), "{count} labels over {span} ns");
            span *= 1.7;
        }
    }

    #[test]
    fn session_time_labels_real_time_and_midnight_is_found() {
        let ruler = ruler(&shown(20e9), 1_000.0, &evening, &[START], START);
        assert_eq!(labels(&ruler)[..2], ["23:59:50", "23:59:52"]);
        assert_eq!(ruler.midnights, [500.0]);
        assert!(labels(&ruler).contains(&"00:00:00"));
    }

    #[test]
    fn a_faster_clock_has_coarser_labels() {
        let fast = |at: Mono| evening(Mono(START.0 + (at.0 - START.0) * 3_600));
        let ruler = ruler(&shown(24e9), 1_000.0, &fast, &[START], START);
        assert_apart(&ruler, 1_000.0);
        assert!(labels(&ruler).iter().all(|label| label.len() == 5), "{:?}", labels(&ruler));
        assert_eq!(ruler.midnights.len(), 1);
    }

    #[test]
    fn another_speed_is_no_jump() {
        // Heard of half a millisecond after it was set: at a day in ten seconds that is four seconds.
        let set = START.plus_ns(5 * SECOND as u64);
        let heard = set.plus_ns(500_000);
        let run = move |at: Mono| (at.0 as i64 - set.0 as i64) * 8_640;
        let faster = move |at: Mono| if at >= heard { evening(set) + run(at) } else { evening(at) };
        assert!(!jumps(&faster, heard) && jumps(&|at: Mono| faster(at) + if at >= heard { HOUR } else { 0 }, heard));
        let slower = move |at: Mono| if at >= heard { evening(at) } else { evening(set) - run(heard) + run(at) };
        assert!(!jumps(&slower, heard));
    }

    #[test]
    fn a_jump_breaks_the_ruler() {
        let jump = START.plus_ns(5 * SECOND as u64);
        let clock = move |at: Mono| evening(at) - if at >= jump { HOUR } else { 0 };
        let ruler = ruler(&shown(10e9), 1_000.0, &clock, &[START, jump], START);
        assert_eq!(ruler.breaks, [Break { x: 500.0, label: "22:59:55".to_owned(), by_rule: false }]);
        assert_apart(&ruler, 1_000.0);
        let before = ruler.ticks.iter().filter(|tick| tick.x < 500.0 && !tick.label.is_empty());
        assert!(before.clone().all(|tick| tick.x + tick.label.len() as f64 * CHAR <= 500.0));
        assert!(before.clone().all(|tick| tick.label.starts_with("23:59")));
        assert!(
            ruler
                .ticks
                .iter()
                .filter(|tick| tick.x > 500.0 && !tick.label.is_empty())
                .all(|tick| tick.label.starts_with("22:59") || tick.label.starts_with("23:00"))
        );
    }

    #[test]
    fn a_setting_that_changes_nothing_is_no_break() {
        let again = START.plus_ns(5 * SECOND as u64);
        assert!(ruler(&shown(10e9), 1_000.0, &evening, &[START, again], START).breaks.is_empty());
    }

    #[test]
    fn a_clock_that_stands_has_no_labels() {
        let stands = |_: Mono| DAY;
        assert_eq!(ruler(&shown(10e9), 1_000.0, &stands, &[START], START), Ruler::default());
    }

    #[test]
    fn nothing_is_labelled_before_the_first_event() {
        let known = START.plus_ns(4 * SECOND as u64);
        let ruler = ruler(&shown(10e9), 1_000.0, &evening, &[START], known);
        assert!(ruler.ticks.iter().all(|tick| tick.x >= 399.9));
    }

    /// A clock that runs evenly, but for the hours by which its zone moves it when it has run for that long.
    struct Ruled {
        base: i64,
        changes: Vec<(i64, i64)>,
    }

    impl SessionTime for Ruled {
        fn local_ns(&self, at: Mono) -> i64 {
            self.base + (at.0 as i64 - START.0 as i64) + i64::from(self.offset_s(at)) * SECOND
        }

        fn offset_s(&self, at: Mono) -> i32 {
            let run = at.0 as i64 - START.0 as i64;
            self.changes.iter().filter(|(after, _)| run >= *after).map(|(_, hours)| *hours as i32 * 3_600).sum()
        }
    }

    #[test]
    fn an_hour_that_comes_twice_is_labelled_twice() {
        // From ten seconds before three it is two o'clock again.
        let clock = Ruled { base: 3 * HOUR - 10 * SECOND, changes: vec![(10 * SECOND, -1)] };
        let near = ruler(&shown(20e9), 1_000.0, &clock, &[START], START);
        assert_apart(&near, 1_000.0);
        assert_eq!(near.breaks, [Break { x: 500.0, label: "02:00:00".to_owned(), by_rule: true }]);
        assert_eq!(labels(&near)[..2], ["02:59:50", "02:59:52"]);
        assert!(labels(&near).contains(&"02:00:02"), "{:?}", labels(&near));
        let far = ruler(&shown(6.0 * HOUR as f64), 1_000.0, &clock, &[START], START);
        assert!(labels(&far).len() > 5 && labels(&far).contains(&"07:00"), "{:?}", labels(&far));
        // Nothing but the hour that is left out is behind the change, and that shows on a short look, too.
        let within = ruler(&shown(12e9), 1_000.0, &clock, &[START], START);
        assert!(labels(&within).contains(&"02:59:54"), "{:?}", labels(&within));
    }

    #[test]
    fn a_change_to_summer_time_moves_the_labels() {
        // The clock is set an hour forward two hours after the start, by its own rules: no setting tells of it.
        let clock = Ruled { base: 20 * HOUR, changes: vec![(2 * HOUR, 1)] };
        let ruler = ruler(&shown(6.0 * HOUR as f64), 1_000.0, &clock, &[START], START);
        let midnight = ruler.midnights[0];
        assert!((midnight - 500.0).abs() < 1.0, "midnight at {midnight}");
        assert_eq!(ruler.breaks.len(), 1);
    }

    #[test]
    fn a_midnight_that_is_left_out_is_where_the_day_begins() {
        let clock = Ruled { base: 22 * HOUR, changes: vec![(2 * HOUR, 1)] };
        let ruler = ruler(&shown(4.0 * HOUR as f64), 1_000.0, &clock, &[START], START);
        assert_eq!((ruler.midnights.len(), ruler.midnights[0].round()), (1, 500.0));
    }

    #[test]
    fn a_year_has_both_changes() {
        let clock = Ruled { base: 0, changes: vec![(87 * DAY, 1), (297 * DAY, -1)] };
        let ruler = ruler(&shown(365.0 * DAY as f64), 1_000.0, &clock, &[START], START);
        assert!(labels(&ruler).len() >= 2 && ruler.breaks.len() == 2);
    }
}
