//! From moments to points across the panel and back: pure, in 64-bit floats.

use crate::clock::Mono;

/// Nanoseconds per point at the closest look: a millisecond is a thousand points wide.
const CLOSEST: f64 = 1_000.0;
/// And at the farthest: a year on a wide screen.
const FARTHEST: f64 = 3.0e13;

/// The stretch of time that is in view.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Shown {
    /// The moment from which `left` counts: one near the session's beginning, so that floats keep their precision.
    origin: Mono,
    /// The left edge, in nanoseconds after the origin.
    left: f64,
    /// Nanoseconds per point.
    scale: f64,
}

impl Shown {
    /// `span_ns` from `from` on, over `width` points.
    pub(super) fn new(from: Mono, span_ns: f64, width: f64) -> Shown {
        Shown { origin: from, left: 0.0, scale: (span_ns / width.max(1.0)).clamp(CLOSEST, FARTHEST) }
    }

    /// Where a moment stands, in points from the left edge; may be far outside.
    pub(super) fn x(&self, at: Mono) -> f64 {
        (self.ns(at) - self.left) / self.scale
    }

    /// The moment at a point.
    pub(super) fn at(&self, x: f64) -> Mono {
        let ns = self.left + x * self.scale;
        if ns < 0.0 { Mono(self.origin.0.saturating_sub((-ns) as u64)) } else { self.origin.plus_ns(ns as u64) }
    }

    fn ns(&self, at: Mono) -> f64 {
        if at >= self.origin { at.since(self.origin) as f64 } else { -(self.origin.since(at) as f64) }
    }

    /// Nanoseconds per point.
    pub(super) fn scale(&self) -> f64 {
        self.scale
    }

    /// Zoomed by `factor` (above 1: closer) with what is at `x` staying where it is.
    #[must_use]
    pub(super) fn zoomed(self, factor: f64, x: f64) -> Shown {
        let scale = (self.scale / factor).clamp(CLOSEST, FARTHEST);
        Shown { left: self.left + x * (self.scale - scale), scale, ..self }
    }

    /// What is shown moved to the right by `points`.
    #[must_use]
    pub(super) fn panned(self, points: f64) -> Shown {
        Shown { left: self.left - points * self.scale, ..self }
    }

    /// All from `from` to `to` in `width` points, with some air at both ends.
    #[must_use]
    pub(super) fn fitting(self, from: Mono, to: Mono, width: f64) -> Shown {
        let air = (width * 0.02).min(16.0);
        let span = to.since(from).max(1_000_000) as f64;
        let scale = (span / (width - 2.0 * air).max(1.0)).clamp(CLOSEST, FARTHEST);
        Shown { left: self.ns(from) - air * scale, scale, ..self }
    }

    /// The same scale with `now` at `x`.
    #[must_use]
    pub(super) fn with_at(self, now: Mono, x: f64) -> Shown {
        Shown { left: self.ns(now) - x * self.scale, ..self }
    }

    /// The same, with `at` in view: in the middle if it was not.
    #[must_use]
    pub(super) fn showing(self, at: Mono, width: f64) -> Shown {
        let x = self.x(at);
        if (width * 0.05..=width * 0.95).contains(&x) { self } else { self.with_at(at, width / 2.0) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn shown() -> Shown {
        Shown::new(Mono(1_000 * SECOND), 10e9, 1_000.0)
    }

    #[test]
    fn there_and_back() {
        let shown = shown();
        assert_eq!(shown.x(Mono(1_005 * SECOND)), 500.0);
        assert_eq!(shown.at(500.0), Mono(1_005 * SECOND));
        assert_eq!(shown.x(Mono(999 * SECOND)), -100.0);
        assert_eq!(shown.at(-100.0), Mono(999 * SECOND));
        assert_eq!(shown.at(-1e9), Mono(0));
    }

    #[test]
    fn zooming_keeps_what_is_under_the_pointer() {
        let mut zoomed = shown();
        let under = zoomed.at(731.0);
        for _ in 0..40 {
            zoomed = zoomed.zoomed(1.1, 731.0);
        }
        assert!((zoomed.x(under) - 731.0).abs() < 1e-3);
        for _ in 0..40 {
            zoomed = zoomed.zoomed(1.0 / 1.1, 731.0);
        }
        assert!((zoomed.x(Mono(1_005 * SECOND)) - 500.0).abs() < 1e-3);
    }

    #[test]
    fn both_ends_of_the_scale_hold() {
        assert_eq!(shown().zoomed(1e30, 0.0).scale(), CLOSEST);
        assert_eq!(shown().zoomed(1e-30, 0.0).scale(), FARTHEST);
    }

    #[test]
    fn a_day_later_a_millisecond_is_still_a_thousand_points() {
        let day = 86_400 * SECOND;
        let late = shown().with_at(Mono(1_000 * SECOND + day), 0.0).zoomed(1e9, 0.0);
        assert!((late.x(Mono(1_000 * SECOND + day + 1_000_000)) - 1_000.0).abs() < 0.1);
    }

    #[test]
    fn fitting_shows_both_ends() {
        let (from, to) = (Mono(900 * SECOND), Mono(5_000 * SECOND));
        let fitted = shown().fitting(from, to, 800.0);
        assert!(fitted.x(from) > 0.0 && fitted.x(from) < 20.0);
        assert!(fitted.x(to) < 800.0 && fitted.x(to) > 780.0);
        let point = shown().fitting(from, from, 800.0);
        assert!(point.x(from) >= 0.0 && point.x(from) <= 800.0);
    }

    #[test]
    fn what_is_in_view_is_left_there() {
        let shown = shown();
        assert_eq!(shown.showing(Mono(1_004 * SECOND), 1_000.0), shown);
        let moved = shown.showing(Mono(2_000 * SECOND), 1_000.0);
        assert!((moved.x(Mono(2_000 * SECOND)) - 500.0).abs() < 1e-6);
    }
}
