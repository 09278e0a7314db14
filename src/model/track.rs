//! What the fold has to remember of a worker between two events, and nobody else wants to know.

use std::collections::BTreeMap;

use super::WorkerState;
use super::pace::Pace;
use crate::event::TaskCount;

/// What the fold has to remember of a worker between two events.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Track {
    /// Faults that this launch has not answered.
    pub(super) open_faults: Vec<usize>,
    pub(super) pace: Pace,
    pub(super) before_stop: Option<WorkerState>,
    /// An order had it sent a signal that ends it.
    pub(super) signalled: bool,
    pub(super) last_failed: BTreeMap<(u16, u16), u64>,
    /// Lines written and refused by each task, as last counted.
    counted: BTreeMap<(u16, u16), (u64, u64)>,
}

impl Track {
    /// Forgets what was of the launch before. How fast it wrote is remembered over all of them.
    pub(super) fn begin_launch(&mut self) {
        *self = Track { pace: std::mem::take(&mut self.pace), ..Track::default() };
    }

    /// Whether lines were written since the last count, and none refused.
    pub(super) fn went_well(&mut self, counts: &[TaskCount]) -> bool {
        let (mut written, mut failed) = (0, 0);
        for count in counts {
            let now = (count.written, count.failed);
            let before = self.counted.insert((count.thread, count.task), now).unwrap_or_default();
            written += now.0.saturating_sub(before.0);
            failed += now.1.saturating_sub(before.1);
        }
        written > 0 && failed == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_well_only_while_lines_are_written_and_none_is_refused() {
        let mut track = Track::default();
        let mut went_well =
            |written, failed| track.went_well(&[TaskCount { thread: 1, task: 1, written, returned: written, failed }]);
        assert!(went_well(5, 0));
        assert!(!went_well(5, 0), "nothing was written");
        assert!(!went_well(9, 2), "some were refused");
        assert!(went_well(12, 2));
    }
}
