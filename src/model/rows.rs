//! The rows of the log view: lines in the order in which they arrived, and dividers between them.

use std::collections::BTreeMap;

use super::timeline::MarkId;
use crate::event::IncarnationId;

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// A line of a file.
    Line {
        /// Which file's life.
        incarnation: IncarnationId,
        /// Its number there, from 0.
        line: u64,
    },
    /// An event between two lines.
    Divider(MarkId),
}

/// All rows of a session: `row -> (incarnation, line)`. Memory grows with the changes of file, not with the lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rows {
    runs: Vec<Run>,
    total: u64,
    /// Per incarnation its runs, as (first line, index into `runs`), by line.
    by_line: BTreeMap<IncarnationId, Vec<(u64, usize)>>,
    /// Rows of the dividers, by mark.
    dividers: Vec<(MarkId, u64)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    first_row: u64,
    rows: u64,
    what: Row,
}

impl Rows {
    /// How many rows there are.
    pub fn len(&self) -> u64 {
        self.total
    }

    /// Whether nothing has arrived yet.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// The row with this number, from 0.
    pub fn get(&self, row: u64) -> Option<Row> {
        if row >= self.total {
            return None;
        }
        let run = self.runs.get(self.runs.partition_point(|run| run.first_row <= row).checked_sub(1)?)?;
        Some(match run.what {
            Row::Line { incarnation, line } => Row::Line { incarnation, line: line + (row - run.first_row) },
            divider => divider,
        })
    }

    /// The stretches of equal kind from a row on: their first row, how many rows, and what the first row is.
    pub fn stretches(&self, from: u64) -> impl Iterator<Item = (u64, u64, Row)> + '_ {
        let first = self.runs.partition_point(|run| run.first_row + run.rows <= from);
        self.runs[first..].iter().map(move |run| {
            let skipped = from.saturating_sub(run.first_row);
            let what = match run.what {
                Row::Line { incarnation, line } => Row::Line { incarnation, line: line + skipped },
                divider => divider,
            };
            (run.first_row + skipped, run.rows - skipped, what)
        })
    }

    /// Where a line stands.
    pub fn row_of(&self, incarnation: IncarnationId, line: u64) -> Option<u64> {
        let runs = self.by_line.get(&incarnation)?;
        let (first, index) = *runs.get(runs.partition_point(|(first, _)| *first <= line).checked_sub(1)?)?;
        let run = self.runs.get(index)?;
        (line - first < run.rows).then(|| run.first_row + (line - first))
    }

    /// Where the divider of a mark stands.
    pub fn row_of_mark(&self, mark: MarkId) -> Option<u64> {
        let found = self.dividers.binary_search_by_key(&mark, |(mark, _)| *mark).ok()?;
        self.dividers.get(found).map(|(_, row)| *row)
    }

    /// How many of the rows before this one are lines: the number of the line that stands there, from 0.
    pub fn lines_before(&self, row: u64) -> u64 {
        let row = row.min(self.total);
        row - self.dividers.partition_point(|(_, at)| *at < row) as u64
    }

    pub(super) fn push_lines(&mut self, incarnation: IncarnationId, first_line: u64, lines: u64) {
        if lines == 0 {
            return;
        }
        if let Some(Run { rows, what: Row::Line { incarnation: of, line }, .. }) = self.runs.last_mut()
            && *of == incarnation
            && *line + *rows == first_line
        {
            *rows += lines;
            self.total += lines;
            return;
        }
        let runs = self.by_line.entry(incarnation).or_default();
        let place = runs.partition_point(|(first, _)| *first <= first_line);
        runs.insert(place, (first_line, self.runs.len()));
        self.push(lines, Row::Line { incarnation, line: first_line });
    }

    /// Marks come in the order of their numbers.
    pub(super) fn push_divider(&mut self, mark: MarkId) {
        self.dividers.push((mark, self.total));
        self.push(1, Row::Divider(mark));
    }

    fn push(&mut self, rows: u64, what: Row) {
        self.runs.push(Run { first_row: self.total, rows, what });
        self.total += rows;
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::time::{Duration, Instant};

    use super::{Row, Rows};
    use crate::event::IncarnationId;
    use crate::model::MarkId;

    #[test]
    fn rows_and_lines_find_each_other() {
        let (one, two) = (IncarnationId(1), IncarnationId(2));
        let mut rows = Rows::default();
        rows.push_lines(one, 0, 5);
        rows.push_lines(one, 5, 2);
        rows.push_divider(MarkId(3));
        rows.push_lines(two, 0, 4);
        rows.push_lines(one, 7, 1);
        rows.push_divider(MarkId(9));
        assert_eq!(rows.len(), 14);
        for row in 0..rows.len() {
            let back = match rows.get(row).unwrap() {
                Row::Line { incarnation, line } => rows.row_of(incarnation, line),
                Row::Divider(mark) => rows.row_of_mark(mark),
            };
            assert_eq!(back, Some(row));
        }
        assert_eq!(rows.get(12), Some(Row::Line { incarnation: one, line: 7 }));
        assert_eq!((rows.get(14), rows.row_of(one, 8), rows.row_of(two, 4)), (None, None, None));
        assert_eq!((rows.row_of(IncarnationId(3), 0), rows.row_of_mark(MarkId(4))), (None, None));
    }

    #[test]
    fn many_runs_do_not_slow_the_look_up() {
        let mut rows = Rows::default();
        for n in 0..100_000u32 {
            rows.push_lines(IncarnationId(n % 600 + 1), u64::from(n / 600) * 3, 3);
            if n % 10 == 0 {
                rows.push_divider(MarkId(n));
            }
        }
        let began = Instant::now();
        for n in (0..100_000u32).rev() {
            assert!(rows.row_of(IncarnationId(n % 600 + 1), u64::from(n / 600) * 3 + 2).is_some());
            assert_eq!(rows.row_of_mark(MarkId(n)).is_some(), n % 10 == 0);
        }
        // A linear scan would take minutes.
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }

    #[test]
    fn stretches_say_the_same_as_the_rows_one_by_one() {
        let mut rows = Rows::default();
        rows.push_lines(IncarnationId(1), 0, 3);
        rows.push_divider(MarkId(0));
        rows.push_divider(MarkId(1));
        rows.push_lines(IncarnationId(2), 7, 2);
        rows.push_lines(IncarnationId(2), 9, 2);
        for from in 0..=rows.len() {
            let mut row = from;
            for (first, count, what) in rows.stretches(from) {
                assert_eq!((first, rows.get(first)), (row, Some(what)));
                row += count;
            }
            assert_eq!(row, rows.len());
        }
    }

    #[test]
    fn lines_are_numbered_without_the_dividers() {
        let mut rows = Rows::default();
        rows.push_divider(MarkId(0));
        rows.push_lines(IncarnationId(1), 0, 3);
        rows.push_divider(MarkId(1));
        rows.push_lines(IncarnationId(1), 3, 1);
        let numbers: Vec<u64> = (0..=6).map(|row| rows.lines_before(row)).collect();
        assert_eq!(numbers, [0, 0, 1, 2, 3, 3, 4]);
    }
}
