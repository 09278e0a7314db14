//! When a task writes its next line, and at which level.

use crate::clock::Mono;
use crate::record::Level;

/// The shortest sleep. Above a thousand lines a second several lines are due at each wake-up.
const QUANTUM_NS: u64 = 1_000_000;
/// Lines due within this time may be written in one go before orders are looked at.
const BURST_NS: f64 = 5e6;
/// What is overdue by more than this (a stopped process, a disk that hung) is not made up for.
const FORGIVEN_NS: f64 = 100e6;
/// The longest time by which a first line is put off, so that those who start together do not write in step.
const MOST_PHASE_NS: f64 = 10e6;
/// Lines in one go when there is no rate.
const UNPACED_BURST: u64 = 256;

/// Spreads lines over time at a rate, without drift: the n-th line is due n/rate after the start.
#[derive(Debug)]
pub(super) struct Pacer {
    /// Lines per nanosecond; 0 is without limit.
    per_ns: f64,
    start: Mono,
    /// Lines written since `start`.
    written: u64,
}

/// What a task does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Write so many lines.
    Lines(u64),
    /// Nothing before this moment.
    At(Mono),
}

impl Pacer {
    /// `rate` is in lines per second; the first line is due at `start`.
    pub(super) fn new(rate: f64, start: Mono) -> Pacer {
        Pacer { per_ns: rate / 1e9, start, written: 0 }
    }

    /// The same, but somewhat later: programs that know nothing of each other do not write in step, though somebody
    /// starts them at once. Two that meet at one rollover would else meet at each.
    pub(super) fn out_of_step(rate: f64, from: Mono, seed: u64) -> Pacer {
        let between_ns = if rate > 0.0 { (1e9 / rate).clamp(QUANTUM_NS as f64, MOST_PHASE_NS) } else { 0.0 };
        // 2 to the power of 64.
        let share = mixed(seed) as f64 / 18_446_744_073_709_551_616.0;
        Pacer::new(rate, from.plus_ns((between_ns * share) as u64))
    }

    /// Begins anew at this moment: after a pause nothing is made up for.
    pub(super) fn restart(&mut self, now: Mono) {
        (self.start, self.written) = (now, 0);
    }

    pub(super) fn is_limited(&self) -> bool {
        self.per_ns > 0.0
    }

    pub(super) fn wrote_line(&mut self) {
        self.written += 1;
    }

    pub(super) fn due(&mut self, now: impl FnOnce() -> Mono) -> Due {
        if !self.is_limited() {
            return Due::Lines(UNPACED_BURST);
        }
        let now = now();
        if now < self.start {
            return Due::At(self.start);
        }
        let reached = now.since(self.start) as f64 * self.per_ns;
        let behind = reached - self.written as f64;
        if behind > (FORGIVEN_NS * self.per_ns).max(1.0) {
            self.restart(now);
            return Due::Lines(1);
        }
        if behind >= 0.0 {
            return Due::Lines((behind as u64 + 1).min(1 + (BURST_NS * self.per_ns) as u64));
        }
        let next = self.start.plus_ns((self.written as f64 / self.per_ns).ceil() as u64);
        Due::At(next.max(now.plus_ns(if self.per_ns * QUANTUM_NS as f64 > 1.0 { QUANTUM_NS } else { 0 })))
    }
}

/// Draws levels by weight. The same seed gives the same row of levels.
#[derive(Debug)]
pub(super) struct LevelMix {
    /// Levels with the sums of the weights up to and including theirs.
    sums: Vec<(u64, Level)>,
    state: u64,
}

impl LevelMix {
    /// No weights at all is all INFO.
    pub(super) fn new(weights: &[(Level, u32)], seed: &str) -> LevelMix {
        let mut sum = 0;
        let mut sums: Vec<(u64, Level)> = Vec::new();
        for &(level, weight) in weights.iter().filter(|(_, weight)| *weight > 0) {
            sum += u64::from(weight);
            sums.push((sum, level));
        }
        if sums.is_empty() {
            sums.push((1, Level::Info));
        }
        // FNV-1a, so that workers of one group differ.
        let state = seed
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        LevelMix { sums, state }
    }

    pub(super) fn draw(&mut self) -> Level {
        if let [(_, only)] = self.sums[..] {
            return only;
        }
        self.state = self.state.wrapping_add(SPLITMIX_STEP);
        let total = self.sums.last().map_or(1, |(sum, _)| *sum);
        let point = mixed(self.state) % total;
        self.sums.iter().find(|(sum, _)| point < *sum).map_or(Level::Info, |(_, level)| *level)
    }
}

const SPLITMIX_STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64's scrambling of a state.
fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a pacer on a made-up clock and returns the moments of the lines, in nanoseconds.
    fn run(rate: f64, until_ns: u64, mut oversleep: impl FnMut(u64) -> u64) -> Vec<u64> {
        let mut now = 0;
        let mut lines = Vec::new();
        let mut pacer = Pacer::new(rate, Mono(0));
        while now < until_ns {
            match pacer.due(|| Mono(now)) {
                Due::Lines(count) => {
                    assert!(count as f64 <= 1.0 + rate * 0.005, "{count} lines in one go");
                    for _ in 0..count {
                        lines.push(now);
                        pacer.wrote_line();
                    }
                }
                Due::At(next) => {
                    assert!(next.0 > now, "no busy waiting");
                    now = oversleep(next.0);
                }
            }
        }
        lines
    }

    #[test]
    fn there_is_no_drift_whatever_the_sleeps_do() {
        for rate in [0.5, 3.0, 100.0, 1000.0, 70_000.0] {
            for late_ns in [0, 60_000, 9_000_000] {
                let lines = run(rate, 20_000_000_000, |next| next + late_ns);
                let wanted = rate * 20.0;
                let slack = 1.0 + rate * 0.011;
                assert!((lines.len() as f64 - wanted).abs() <= slack, "{rate}/s late {late_ns}: {}", lines.len());
            }
        }
    }

    #[test]
    fn up_to_a_thousand_a_second_each_line_has_its_own_moment() {
        let lines = run(1000.0, 1_000_000_000, |next| next);
        assert!(lines.windows(2).all(|pair| pair[1] - pair[0] == 1_000_000));
    }

    #[test]
    fn who_starts_together_does_not_write_in_step() {
        for (rate, most_ns) in [(1000.0, 1_000_000), (70_000.0, 1_000_000), (0.1, 10_000_000)] {
            let first = |seed| match Pacer::out_of_step(rate, Mono(0), seed).due(|| Mono(0)) {
                Due::At(moment) => moment.0,
                Due::Lines(_) => 0,
            };
            let moments: Vec<u64> = (0..1000).map(|worker| first(SPLITMIX_STEP.wrapping_mul(worker))).collect();
            assert!(moments.iter().all(|moment| *moment < most_ns), "{rate}");
            let early = moments.iter().filter(|moment| **moment < most_ns / 4).count();
            assert!((200..300).contains(&early), "{early} of 1000 in the first quarter");
        }
        assert_eq!(Pacer::out_of_step(0.0, Mono(0), 7).due(|| unreachable!()), Due::Lines(UNPACED_BURST));
    }

    #[test]
    fn a_long_stop_is_not_made_up_for() {
        let mut stopped = false;
        let lines = run(1000.0, 12_000_000_000, |next| {
            if next > 1_000_000_000 && !stopped {
                stopped = true;
                return next + 10_000_000_000;
            }
            next
        });
        assert!((1900..2110).contains(&lines.len()), "{}", lines.len());
    }

    #[test]
    fn without_a_rate_the_clock_is_not_even_asked() {
        let mut pacer = Pacer::new(0.0, Mono(0));
        assert_eq!(pacer.due(|| unreachable!()), Due::Lines(UNPACED_BURST));
    }

    #[test]
    fn levels_come_by_weight_and_repeat_with_the_seed() {
        let weights = [(Level::Info, 90), (Level::Warning, 8), (Level::Debug, 0), (Level::Error, 2)];
        let draw = |seed| {
            let mut mix = LevelMix::new(&weights, seed);
            (0..10_000).map(|_| mix.draw()).collect::<Vec<_>>()
        };
        let levels = draw("web-1");
        assert_eq!(levels, draw("web-1"));
        assert_ne!(levels, draw("web-2"));
        let count = |level| levels.iter().filter(|drawn| **drawn == level).count();
        assert!((8800..9200).contains(&count(Level::Info)), "{}", count(Level::Info));
        assert!((650..950).contains(&count(Level::Warning)));
        assert!((120..280).contains(&count(Level::Error)));
        assert_eq!(count(Level::Debug), 0);
        assert_eq!(LevelMix::new(&[], "").draw(), Level::Info);
    }
}
