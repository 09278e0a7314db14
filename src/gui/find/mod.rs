//! Search and level filter: what is looked for, and the rows where it was found.

mod query;
mod row_set;
mod scan;

pub use query::{LevelSet, Query};
pub use row_set::RowSet;
pub use scan::{Lines, Scan, Stretch, Wanted};

use super::log_view::read::{Sources, readable_end};
use super::state::Scene;
use crate::model::Row;

/// Stretches handed over per frame at the most: a frame must not wait for a million of them.
const FED_PER_FRAME: usize = 4_096;

/// Hands the rows that have arrived since the last frame to a scan. Whether more are left for the next frame.
pub fn feed(scan: &mut Scan, scene: &Scene<'_>, sources: &mut Sources) -> bool {
    let (model, from) = (scene.model, scan.fed());
    for (first_row, rows, what) in model.rows().stretches(from).take(FED_PER_FRAME) {
        let lines = match what {
            Row::Divider(_) => None,
            Row::Line { incarnation, line } => model.incarnation(incarnation).map(|one| Lines {
                incarnation,
                file: sources.file(scene.texts, one),
                first: line,
                mark: one.index.before(line),
                end: readable_end(model, one).min(one.index.end()),
                encoding: one.encoding,
            }),
        };
        scan.feed(Stretch { first_row, rows, lines });
    }
    scan.fed() < model.rows().len()
}
