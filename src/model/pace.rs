//! How fast a worker writes, from counters that are read now and then.

use std::collections::VecDeque;

use crate::clock::Mono;

/// Length of a step of the history.
pub(super) const STEP_NS: u64 = 250_000_000;
/// Steps that are kept.
pub(super) const STEPS: usize = 64;
/// What the present rate is taken over.
const WINDOW_NS: u64 = 1_000_000_000;

/// The counters of one launch over the last second, and the step that is being filled.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Pace {
    samples: VecDeque<(Mono, u64)>,
    step: u64,
    in_step: f64,
}

impl Pace {
    /// Takes in a reading; gives the present rate in lines per second, and appends finished steps to `history`.
    pub(super) fn count(&mut self, at: Mono, written: u64, history: &mut Vec<f32>) -> f64 {
        let Some(&(last_at, last)) = self.samples.back() else {
            self.samples.push_back((at, written));
            self.stand_until(at.0 / STEP_NS, history);
            return 0.0;
        };
        if at <= last_at {
            return self.rate();
        }
        self.spread(last_at, at, written.saturating_sub(last), history);
        self.samples.push_back((at, written));
        // The oldest sample is the last one at or before the window's beginning.
        while self.samples.get(1).is_some_and(|second| at.since(second.0) >= WINDOW_NS) {
            self.samples.pop_front();
        }
        self.rate()
    }

    /// It stands still, or a new launch counts from 0.
    pub(super) fn reset(&mut self) {
        self.samples.clear();
    }

    /// Nothing was written since the last step.
    fn stand_until(&mut self, step: u64, history: &mut Vec<f32>) {
        let missing = if history.is_empty() { 0 } else { step.saturating_sub(self.step) };
        let missing = usize::try_from(missing).map_or(STEPS, |missing| missing.min(STEPS));
        history.extend(std::iter::repeat_n(0.0, missing));
        history.drain(..history.len().saturating_sub(STEPS));
        self.step = step;
        self.in_step = 0.0;
    }

    fn rate(&self) -> f64 {
        match (self.samples.front(), self.samples.back()) {
            (Some((from, first)), Some((to, last))) if to > from => {
                last.saturating_sub(*first) as f64 / (to.since(*from) as f64 / 1e9)
            }
            _ => 0.0,
        }
    }

    /// Readings and steps do not begin together: the lines between two readings are shared out by time.
    fn spread(&mut self, from: Mono, to: Mono, lines: u64, history: &mut Vec<f32>) {
        let per_ns = lines as f64 / to.since(from) as f64;
        let last_step = to.0 / STEP_NS;
        // After a long silence only the steps that will be kept are worth filling.
        let mut begin = from.0;
        if last_step > self.step + 2 * STEPS as u64 {
            self.step = last_step - STEPS as u64;
            self.in_step = 0.0;
            begin = self.step * STEP_NS;
        }
        while self.step < last_step {
            let end = (self.step + 1) * STEP_NS;
            let lines = self.in_step + per_ns * end.saturating_sub(begin) as f64;
            history.push((lines / (STEP_NS as f64 / 1e9)) as f32);
            begin = end;
            self.step += 1;
            self.in_step = 0.0;
        }
        self.in_step += per_ns * to.0.saturating_sub(begin) as f64;
        let surplus = history.len().saturating_sub(STEPS);
        history.drain(..surplus);
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, STEPS};
    use crate::clock::Mono;

    #[test]
    fn a_steady_writer_has_a_steady_rate() {
        let (mut pace, mut history) = (Pace::default(), Vec::new());
        let mut rate = 0.0;
        for n in 0..400u64 {
            rate = pace.count(Mono(7_000_000 + n * 100_000_000), n * 40, &mut history);
        }
        assert!((rate - 400.0).abs() < 0.001, "{rate}");
        assert_eq!(history.len(), STEPS);
        assert!(history.iter().all(|step| (step - 400.0).abs() < 0.1), "{history:?}");
    }

    #[test]
    fn a_writer_that_stops_falls_to_zero_within_the_window() {
        let (mut pace, mut history) = (Pace::default(), Vec::new());
        for n in 0..20u64 {
            pace.count(Mono(n * 100_000_000), n * 10, &mut history);
        }
        let rates: Vec<f64> = (20..32u64).map(|n| pace.count(Mono(n * 100_000_000), 190, &mut history)).collect();
        assert!(rates[0] > 80.0 && rates.windows(2).all(|pair| pair[1] <= pair[0]) && rates[11] == 0.0, "{rates:?}");
        assert_eq!(history.last(), Some(&0.0));
    }

    #[test]
    fn a_pause_stands_in_the_history() {
        let (mut pace, mut history) = (Pace::default(), Vec::new());
        for n in 0..20u64 {
            pace.count(Mono(n * 100_000_000), n * 10, &mut history);
        }
        let before = history.len();
        pace.reset();
        pace.count(Mono(4_000_000_000), 190, &mut history);
        assert!(history[..before].iter().all(|step| *step > 0.0), "{history:?}");
        assert_eq!(history[before..], [0.0; 9], "from the step of 1.75 s up to 4 s");
    }

    #[test]
    fn a_long_silence_costs_no_more_than_the_history() {
        let (mut pace, mut history) = (Pace::default(), Vec::new());
        pace.count(Mono(0), 0, &mut history);
        pace.count(Mono(100_000_000), 10, &mut history);
        pace.count(Mono(3_600_000_000_000_000), 10, &mut history);
        assert!(history.len() <= STEPS && history.iter().all(|step| *step == 0.0));
    }
}
