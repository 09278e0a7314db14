//! Which of the model's rows are shown, and in which place.

use std::sync::MutexGuard;

use crate::gui::find::RowSet;

/// The rows that are shown: all of them, or those that a filter lets through.
pub(super) enum Order<'a> {
    /// All rows of the model.
    All(u64),
    /// The rows that were found.
    Chosen(MutexGuard<'a, RowSet>),
}

impl Order<'_> {
    /// How many rows are shown.
    pub(super) fn len(&self) -> u64 {
        match self {
            Order::All(rows) => *rows,
            Order::Chosen(set) => set.len(),
        }
    }

    /// The model's row at a place.
    pub(super) fn row(&self, place: u64) -> Option<u64> {
        match self {
            Order::All(rows) => (place < *rows).then_some(place),
            Order::Chosen(set) => set.get(place),
        }
    }

    /// The place of a row of the model, or of the next one that is shown.
    pub(super) fn place(&self, row: u64) -> u64 {
        match self {
            Order::All(rows) => row.min(*rows),
            Order::Chosen(set) => set.below(row),
        }
    }
}
