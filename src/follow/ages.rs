//! Where in a file each age of the programs that write to it began.

use super::sequences::{Age, Sequences};
use super::stamps::Judge;

/// How lines of programs are known, which bear no stamps, all over one file.
#[derive(Clone, Debug, Default)]
pub(super) struct Ages {
    sequences: Sequences,
    /// Each age but the first, and where it began.
    begun: Vec<(u64, Age)>,
}

impl Ages {
    /// As it is now, for what comes from an offset on.
    pub(super) fn now(sequences: &Sequences, from: u64) -> Ages {
        let age = sequences.age();
        let begun = if age == Age::default() { Vec::new() } else { vec![(from, age)] };
        Ages { sequences: sequences.clone(), begun }
    }

    /// What comes from here on is of another age.
    pub(super) fn begin(&mut self, from: u64, age: Age) {
        self.begun.push((from, age));
    }

    /// How a line is judged that ends behind `end`.
    pub(super) fn judge_at(&self, end: u64) -> Judge<'_> {
        let begun = self.begun.partition_point(|(from, _)| *from < end);
        let age = begun.checked_sub(1).map(|last| self.begun[last].1).unwrap_or_default();
        Judge { sequences: &self.sequences, age }
    }

    /// The same where nothing was taken in before an offset.
    pub(super) fn beginning_at(&self, start: u64) -> Ages {
        let begun = self.begun.iter().map(|(_, age)| (start, *age)).collect();
        Ages { sequences: self.sequences.clone(), begun }
    }

    /// The same after the file has been cut.
    pub(super) fn cut_to(&self, size: u64) -> Ages {
        let begun = self.begun.iter().map(|(from, age)| ((*from).min(size), *age)).collect();
        Ages { sequences: self.sequences.clone(), begun }
    }
}
