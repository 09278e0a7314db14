//! The rows of the log view: lines in the order in which they arrived, and dividers between them.

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
        self.runs.iter().find_map(|run| match run.what {
            Row::Line { incarnation: of, line: first }
                if of == incarnation && (first..first + run.rows).contains(&line) =>
            {
                Some(run.first_row + (line - first))
            }
            _ => None,
        })
    }

    /// Where the divider of a mark stands.
    pub fn row_of_mark(&self, mark: MarkId) -> Option<u64> {
        self.runs.iter().find(|run| run.what == Row::Divider(mark)).map(|run| run.first_row)
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
        } else {
            self.push(lines, Row::Line { incarnation, line: first_line });
            return;
        }
        self.total += lines;
    }

    pub(super) fn push_divider(&mut self, mark: MarkId) {
        self.push(1, Row::Divider(mark));
    }

    fn push(&mut self, rows: u64, what: Row) {
        self.runs.push(Run { first_row: self.total, rows, what });
        self.total += rows;
    }
}

#[cfg(test)]
mod stretches {
    use super::*;

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
}
