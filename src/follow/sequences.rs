//! Lines of programs that bear no stamp: which launch of which program wrote one, and the how-manieth it is.
//!
//! A program that is started anew appends to the files of its last launch and often counts from the beginning again. So
//! each launch begins an age: lines are of the launch that their pattern meant in the age in which they were written.
//! The files remember where in them each age began, for what is read a second time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::LaunchId;
use crate::record::{Sequence, Stamp};

/// Between two launches; the first one is 0, in which there was no program yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Age(usize);

/// What is known of programs, shared by all who read lines. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Sequences(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    patterns: Vec<Sequence>,
    /// For each age, beginning with the second, the launch that each pattern means.
    ages: Vec<Vec<Option<LaunchId>>>,
    counted: HashMap<LaunchId, Counted>,
}

/// The writers of one launch, by what the pattern calls them.
#[derive(Debug, Default)]
struct Counted(HashMap<Vec<u8>, Writer>);

#[derive(Clone, Copy, Debug)]
struct Writer {
    task: u16,
    /// The first number that was seen of it.
    first: u64,
}

impl Sequences {
    /// From now on lines that fit the pattern are of this launch. Without a pattern it is only known that there are
    /// lines without stamps.
    pub(super) fn begin(&self, sequence: Option<Sequence>, launch: LaunchId) -> Age {
        let mut known = self.lock();
        let mut meant = known.ages.last().cloned().unwrap_or_default();
        if let Some(sequence) = sequence {
            let index = known.patterns.iter().position(|one| *one == sequence).unwrap_or(known.patterns.len());
            if index == known.patterns.len() {
                known.patterns.push(sequence);
            }
            meant.resize(known.patterns.len(), None);
            meant[index] = Some(launch);
        }
        known.ages.push(meant);
        Age(known.ages.len())
    }

    /// Whether files may hold lines that have no stamp for a good reason.
    pub(super) fn any(&self) -> bool {
        !self.lock().ages.is_empty()
    }

    /// The present age.
    pub(super) fn age(&self) -> Age {
        Age(self.lock().ages.len())
    }

    /// Finds whose line it is and gives its number, as if it bore a stamp.
    pub(super) fn stamp(&self, line: &[u8], age: Age) -> Option<Stamp<'static>> {
        let mut known = self.lock();
        let Known { patterns, ages, counted } = &mut *known;
        let meant = ages.get(age.0.checked_sub(1)?)?;
        let (found, launch) = patterns.iter().zip(meant).find_map(|(pattern, launch)| {
            let launch = (*launch)?;
            Some((pattern.find(line)?, launch))
        })?;
        let (task, seq) = counted.entry(launch).or_default().number(found.writer, found.seq)?;
        Some(Stamp { launch, worker: "", thread: 1, task, seq })
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        // What it protects is whole between any two statements.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Counted {
    /// Numbers a ledger can use: from 1, whatever the program begins with. None for one below the first that was seen,
    /// and for writers beyond the last number of a task.
    fn number(&mut self, writer: &[u8], seq: u64) -> Option<(u16, u64)> {
        let next = u16::try_from(self.0.len() + 1).ok();
        let known = match self.0.get(writer) {
            Some(known) => *known,
            None => *self.0.entry(writer.to_owned()).or_insert(Writer { task: next?, first: seq }),
        };
        Some((known.task, seq.checked_sub(known.first)?.checked_add(1)?))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Option<Sequence> {
        Some(Sequence::parse(text).unwrap())
    }

    fn found(sequences: &Sequences, line: &str, age: Age) -> Option<(u32, u16, u64)> {
        sequences.stamp(line.as_bytes(), age).map(|stamp| (stamp.launch.0, stamp.task, stamp.seq))
    }

    #[test]
    fn writers_are_tasks_in_the_order_in_which_they_are_seen_and_count_from_one() {
        let sequences = Sequences::default();
        assert_eq!(found(&sequences, "w=a n=1", sequences.age()), None);
        assert!(!sequences.any());
        let age = sequences.begin(pattern(r"w=(?P<writer>\S+) n=(?P<seq>\d+)"), LaunchId(7));
        assert!(sequences.any() && age == sequences.age());
        for (line, expected) in [
            ("w=b n=0", Some((7, 1, 1))),
            ("w=a n=1", Some((7, 2, 1))),
            ("w=b n=5", Some((7, 1, 6))),
            ("w=c n=40", Some((7, 3, 1))),
            ("w=c n=41", Some((7, 3, 2))),
            ("w=c n=39", None),
            ("none", None),
        ] {
            assert_eq!(found(&sequences, line, age), expected, "{line}");
        }
    }

    #[test]
    fn a_line_is_of_the_launch_of_its_age() {
        let sequences = Sequences::default();
        let first = sequences.begin(pattern(r"n=(?P<seq>\d+)"), LaunchId(1));
        assert_eq!(found(&sequences, "n=3", first), Some((1, 1, 1)));
        let other = sequences.begin(pattern(r"m=(?P<seq>\d+)"), LaunchId(2));
        let again = sequences.begin(pattern(r"n=(?P<seq>\d+)"), LaunchId(3));
        assert_eq!(found(&sequences, "n=1", again), Some((3, 1, 1)));
        assert_eq!(found(&sequences, "n=4", other), Some((1, 1, 2)), "the other's start has changed nothing");
        assert_eq!(found(&sequences, "m=1", again), Some((2, 1, 1)));
        assert_eq!(found(&sequences, "m=1", first), None, "it was not there yet");
        let silent = sequences.begin(None, LaunchId(4));
        assert_eq!(found(&sequences, "n=2", silent), Some((3, 1, 2)));
    }
}
