//! Files named by date that continue each other: the next one comes after the one that was written last.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::Begin;
use super::state::State;
use crate::event::IncarnationId;

impl State {
    /// Of the files of a dated pattern that are there at the start, only the one last written is wanted from before its
    /// end. `by_time` has those found, the oldest first.
    pub(super) fn pass_over_older<'a>(&mut self, by_time: impl DoubleEndedIterator<Item = &'a PathBuf>) {
        if self.begin == Begin::Start {
            return;
        }
        let mut live = HashSet::new();
        for path in by_time.rev() {
            let Some(series) = self.slots.get(path).and_then(|slot| slot.series.clone()) else { continue };
            if !live.insert(series) {
                self.passed_over.insert(path.clone());
            }
        }
    }

    /// Where reading begins in a file that is found now.
    pub(super) fn begin_of(&self, path: &Path) -> Begin {
        if self.started {
            Begin::Start
        } else if self.passed_over.contains(path) {
            Begin::End
        } else {
            self.begin
        }
    }

    /// A new file of a dated pattern: what stands in the last one now is read before it, and that one's last line is
    /// over when it has been quiet.
    pub(super) fn continue_series(&mut self, path: &Path, id: IncarnationId) {
        let Some(series) = self.slots.get(path).and_then(|slot| slot.series.clone()) else { return };
        let Some(file_id) = self.lives.get(&id).map(|life| life.file_id) else { return };
        let last = self.last_of_series.insert(series, file_id);
        let Some(last) = last.and_then(|file| self.by_file.get(&file).copied()) else { return };
        if last == id {
            return;
        }
        let gated = self.lives.get(&id).is_some_and(|life| life.gate.is_some());
        if !gated {
            self.gate_behind(Some(id), Some(last));
        }
        if let Some(last) = self.lives.get_mut(&last) {
            last.succeeded = true;
        }
    }
}
