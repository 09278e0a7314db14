//! Where the view stands in a list of rows, exact for any number of them.
//!
//! A position is a whole row and a part of a row in points. An offset in points alone would not do: a 32-bit one moves
//! in steps of a row at ten million rows.

/// How much there is to show, and how much fits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Extent {
    /// Number of rows.
    pub rows: u64,
    /// Height of the view, in points.
    pub view: f64,
    /// Height of a row, in points.
    pub row: f64,
}

impl Extent {
    /// Rows that fit, with fraction.
    fn fitting(&self) -> f64 {
        (self.view / self.row).max(0.0)
    }

    /// Whole rows that fit; at least one.
    pub(super) fn page(&self) -> u64 {
        (self.fitting().floor() as u64).max(1)
    }

    /// The position at which the last row touches the lower edge.
    pub(super) fn end(&self) -> Scroll {
        let fitting = self.fitting();
        if self.rows as f64 <= fitting {
            return Scroll::default();
        }
        // The part is taken apart from the whole rows, so that it keeps its precision.
        let whole = fitting.ceil() as u64;
        let part = (whole as f64 - fitting) * self.row;
        Scroll { top: self.rows.saturating_sub(whole), part }.normal(self.row)
    }

    fn span(&self) -> f64 {
        (self.rows as f64 - self.fitting()).max(0.0)
    }
}

/// A position in the rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub(super) struct Scroll {
    /// The first row that is at least partly in view.
    pub top: u64,
    /// How much of it is above the upper edge, in points; from 0 to below the height of a row.
    pub part: f64,
}

impl Scroll {
    /// The position with this row at the upper edge.
    pub(super) fn at_row(row: u64) -> Scroll {
        Scroll { top: row, part: 0.0 }
    }

    fn normal(self, row: f64) -> Scroll {
        let mut rows = (self.part / row).floor();
        let mut part = self.part - rows * row;
        // A part within rounding of a whole row is a whole row, else `top` would lag by one.
        if part >= row * (1.0 - 1e-9) {
            rows += 1.0;
            part = 0.0;
        }
        let top = if rows < 0.0 {
            let back = (-rows) as u64;
            if back > self.top {
                return Scroll::default();
            }
            self.top - back
        } else {
            self.top.saturating_add(rows as u64)
        };
        Scroll { top, part: part.max(0.0) }
    }

    /// The nearest position that exists.
    pub(super) fn clamped(self, extent: &Extent) -> Scroll {
        let end = extent.end();
        if self > end { end } else { self }
    }

    /// Moved down by `points`, or up if negative.
    pub(super) fn by(self, points: f64, extent: &Extent) -> Scroll {
        Scroll { top: self.top, part: self.part + points }.normal(extent.row).clamped(extent)
    }

    /// Moved down by whole rows, or up if negative.
    pub(super) fn by_rows(self, rows: i64, extent: &Extent) -> Scroll {
        if rows < 0 && rows.unsigned_abs() > self.top {
            return Scroll::default();
        }
        Scroll { top: self.top.saturating_add_signed(rows), part: self.part }.clamped(extent)
    }

    /// Whether the last row is wholly in view.
    pub(super) fn is_end(self, extent: &Extent) -> bool {
        let end = extent.end();
        // Half a point: what smooth scrolling leaves over does not count.
        self.top > end.top || (self.top == end.top && self.part >= end.part - 0.5)
    }

    /// The nearest position that shows `row` with `margin` rows around it; far away rows come to the middle.
    pub(super) fn showing(self, row: u64, margin: u64, extent: &Extent) -> Scroll {
        let page = extent.page();
        let margin = margin.min(page.saturating_sub(1) / 2);
        let first = if self.part > 0.0 { self.top + 1 } else { self.top };
        let inside = row >= first.saturating_add(margin) && row + margin < first + page;
        if inside {
            return self.clamped(extent);
        }
        Scroll::at_row(row.saturating_sub(page / 3)).clamped(extent)
    }

    /// How far down, from 0 to 1.
    pub(super) fn fraction(self, extent: &Extent) -> f64 {
        let span = extent.span();
        if span <= 0.0 { 0.0 } else { ((self.top as f64 + self.part / extent.row) / span).clamp(0.0, 1.0) }
    }

    /// The position this far down, from 0 to 1.
    pub(super) fn at_fraction(fraction: f64, extent: &Extent) -> Scroll {
        if fraction >= 1.0 {
            return extent.end();
        }
        let rows = fraction.max(0.0) * extent.span();
        Scroll { top: rows.floor() as u64, part: rows.fract() * extent.row }.clamped(extent)
    }
}

/// The handle of a scroll bar: where it begins and how long it is, in points along a track.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Handle {
    /// From the track's beginning.
    pub from: f64,
    /// Its length.
    pub length: f64,
}

impl Handle {
    /// The handle for the part `shown` of `all` (any unit), `fraction` of the way down.
    pub(super) fn new(track: f64, shown: f64, all: f64, fraction: f64) -> Option<Handle> {
        if all <= shown || track <= 0.0 {
            return None;
        }
        let length = (track * shown / all).clamp(24.0_f64.min(track), track);
        Some(Handle { from: (track - length) * fraction.clamp(0.0, 1.0), length })
    }

    /// How far down the view is when the handle begins at `from`.
    pub(super) fn fraction(&self, from: f64, track: f64) -> f64 {
        let way = track - self.length;
        if way <= 0.0 { 0.0 } else { (from / way).clamp(0.0, 1.0) }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn extent(rows: u64) -> Extent {
        Extent { rows, view: 730.0, row: 20.0 }
    }

    #[test]
    fn a_touchpad_step_moves_exactly_at_any_size() {
        for rows in [1_000, 10_000_000, 1_000_000_000, 1 << 40] {
            let extent = extent(rows);
            let start = Scroll::at_row(rows / 2);
            let mut scroll = start;
            for _ in 0..80 {
                scroll = scroll.by(0.25, &extent);
            }
            assert_eq!(scroll, Scroll::at_row(rows / 2 + 1), "{rows} rows");
            for _ in 0..80 {
                scroll = scroll.by(-0.25, &extent);
            }
            assert_eq!(scroll, start, "{rows} rows");
        }
    }

    #[test]
    fn both_ends_hold() {
        let extent = extent(1_000_000_000);
        let end = extent.end();
        // 36.5 rows fit: half of row 999,999,963 is above the edge.
        assert_eq!(end, Scroll { top: 999_999_963, part: 10.0 });
        assert_eq!(end.by(1e9, &extent), end);
        assert!(end.is_end(&extent) && !end.by(-1.0, &extent).is_end(&extent));
        assert_eq!(Scroll::at_row(3).by(-1e9, &extent), Scroll::default());
        assert_eq!(Scroll::at_row(3).by_rows(-9, &extent), Scroll::default());
        assert_eq!(Scroll::at_row(3).by_rows(i64::MAX, &extent), end);
    }

    #[test]
    fn what_fits_does_not_scroll() {
        let extent = extent(36);
        assert_eq!(extent.end(), Scroll::default());
        assert_eq!(Scroll::at_row(7).clamped(&extent), Scroll::default());
        assert!(Scroll::default().is_end(&extent));
        assert_eq!(Handle::new(730.0, 36.5, 36.0, 0.0), None);
        assert_eq!(Extent { rows: 0, ..extent }.end(), Scroll::default());
    }

    #[test]
    fn fractions_and_positions_are_one_another() {
        for rows in [100, 10_380_000, 1_000_000_000] {
            let extent = extent(rows);
            for fraction in [0.0, 0.1, 1.0 / 3.0, 0.999, 1.0] {
                let scroll = Scroll::at_fraction(fraction, &extent);
                assert!((scroll.fraction(&extent) - fraction).abs() < 1e-9, "{rows} rows, {fraction}");
            }
            assert_eq!(Scroll::at_fraction(1.0, &extent), extent.end());
            assert_eq!(extent.end().fraction(&extent), 1.0);
        }
    }

    #[test]
    fn the_handle_stays_wide_enough_to_grasp_and_reaches_both_ends() {
        let handle = Handle::new(600.0, 36.5, 1e9, 1.0).unwrap();
        assert_eq!((handle.from, handle.length), (576.0, 24.0));
        assert_eq!(handle.fraction(576.0, 600.0), 1.0);
        assert_eq!(handle.fraction(-5.0, 600.0), 0.0);
        let half = Handle::new(600.0, 50.0, 100.0, 0.5).unwrap();
        assert_eq!((half.from, half.length), (150.0, 300.0));
    }

    #[test]
    fn a_row_in_view_is_left_where_it_is() {
        let extent = extent(10_000);
        let scroll = Scroll { top: 500, part: 5.0 };
        assert_eq!(scroll.showing(510, 2, &extent), scroll);
        let far = scroll.showing(9_000, 2, &extent);
        assert!(far.top < 9_000 && 9_000 < far.top + 36);
        assert_eq!(scroll.showing(9_999, 2, &extent), extent.end());
        // Partly hidden does not count as in view.
        assert_ne!(scroll.showing(500, 0, &extent), scroll);
    }
}
