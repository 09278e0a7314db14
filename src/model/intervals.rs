//! Sets of sequence numbers as sorted, disjoint intervals: lines that arrive in order cost no memory.

/// A set of numbers, kept as inclusive intervals that neither overlap nor touch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Intervals {
    /// Sorted. Work happens near the end, where moving the tail costs little.
    runs: Vec<(u64, u64)>,
    len: u64,
}

impl Intervals {
    /// The set of all numbers from `first` to `last`, both included; empty if `first > last`.
    pub(super) fn of(first: u64, last: u64) -> Intervals {
        let mut set = Intervals::default();
        set.insert(first, last);
        set
    }

    /// How many numbers are in the set.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The smallest number.
    pub(super) fn first(&self) -> Option<u64> {
        self.runs.first().map(|run| run.0)
    }

    /// The greatest number.
    pub(super) fn last(&self) -> Option<u64> {
        self.runs.last().map(|run| run.1)
    }

    /// The smallest number greater than `number`.
    pub(super) fn next_after(&self, number: u64) -> Option<u64> {
        let run = self.runs.get(self.runs.partition_point(|run| run.1 <= number))?;
        Some(run.0.max(number + 1))
    }

    /// The intervals, in order.
    #[cfg(test)]
    pub(super) fn runs(&self) -> &[(u64, u64)] {
        &self.runs
    }

    /// Puts in all numbers from `first` to `last`; says how many of them are new.
    pub(super) fn insert(&mut self, first: u64, last: u64) -> u64 {
        if first > last {
            return 0;
        }
        // Nearly every call goes on where the last one ended.
        match self.runs.last_mut() {
            Some(run) if first > run.1 => {
                if first == run.1 + 1 {
                    run.1 = last;
                } else {
                    self.runs.push((first, last));
                }
                self.len += last - first + 1;
                return last - first + 1;
            }
            None => {
                self.runs.push((first, last));
                self.len += last - first + 1;
                return last - first + 1;
            }
            Some(_) => {}
        }
        // What overlaps or touches melts into one.
        let from = self.runs.partition_point(|run| run.1 < first.saturating_sub(1));
        let to = from + self.runs[from..].partition_point(|run| run.0 <= last.saturating_add(1));
        let had: u64 = self.runs[from..to].iter().map(size).sum();
        let melted = self.runs[from..to].iter().fold((first, last), |all, run| (all.0.min(run.0), all.1.max(run.1)));
        self.runs.splice(from..to, [melted]);
        let new = size(&melted) - had;
        self.len += new;
        new
    }

    /// Takes out all numbers from `first` to `last`.
    pub(super) fn remove(&mut self, first: u64, last: u64) {
        if first > last {
            return;
        }
        let (from, to) = self.overlapping(first, last);
        if from == to {
            return;
        }
        let had: u64 = self.runs[from..to].iter().map(size).sum();
        let left = (self.runs[from].0 < first).then(|| (self.runs[from].0, first - 1));
        let right = (self.runs[to - 1].1 > last).then(|| (last + 1, self.runs[to - 1].1));
        let kept: u64 = left.iter().chain(&right).map(size).sum();
        self.runs.splice(from..to, left.into_iter().chain(right));
        self.len -= had - kept;
    }

    /// Puts in all numbers of `other`.
    pub(super) fn add(&mut self, other: &Intervals) {
        for &(first, last) in &other.runs {
            self.insert(first, last);
        }
    }

    /// Takes out all numbers of `other`.
    pub(super) fn subtract(&mut self, other: &Intervals) {
        for &(first, last) in &other.runs {
            self.remove(first, last);
        }
    }

    /// The numbers that are in both sets. Walks the smaller set and looks up in the greater.
    pub(super) fn and(&self, other: &Intervals) -> Intervals {
        let (small, great) = if self.runs.len() <= other.runs.len() { (self, other) } else { (other, self) };
        let mut both = Intervals::default();
        for &(first, last) in &small.runs {
            let (from, to) = great.overlapping(first, last);
            for run in &great.runs[from..to] {
                both.insert(run.0.max(first), run.1.min(last));
            }
        }
        both
    }

    /// The numbers of this set that are not in `other`.
    pub(super) fn without(&self, other: &Intervals) -> Intervals {
        let mut rest = self.clone();
        if self.may_meet(other) {
            rest.subtract(&self.and(other));
        }
        rest
    }

    /// Whether the ranges of the two sets overlap: a cheap test before a real one.
    pub(super) fn may_meet(&self, other: &Intervals) -> bool {
        match (self.first(), self.last(), other.first(), other.last()) {
            (Some(first), Some(last), Some(others_first), Some(others_last)) => {
                first <= others_last && others_first <= last
            }
            _ => false,
        }
    }

    /// Indices of the intervals that have a number in common with `first..=last`.
    fn overlapping(&self, first: u64, last: u64) -> (usize, usize) {
        let from = self.runs.partition_point(|run| run.1 < first);
        let to = from + self.runs[from..].partition_point(|run| run.0 <= last);
        (from, to)
    }
}

fn size(run: &(u64, u64)) -> u64 {
    run.1 - run.0 + 1
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::Intervals;

    fn numbers(set: &Intervals) -> BTreeSet<u64> {
        set.runs().iter().flat_map(|run| run.0..=run.1).collect()
    }

    fn well_formed(set: &Intervals) -> bool {
        set.runs().windows(2).all(|pair| pair[0].1 + 1 < pair[1].0)
            && set.runs().iter().all(|run| run.0 <= run.1)
            && set.len() == numbers(set).len() as u64
    }

    #[test]
    fn what_touches_melts() {
        let mut set = Intervals::of(1, 3);
        assert_eq!(set.insert(5, 7), 3);
        assert_eq!(set.insert(2, 5), 1);
        assert_eq!(set.runs(), [(1, 7)]);
        set.remove(3, 3);
        assert_eq!(set.runs(), [(1, 2), (4, 7)]);
        assert_eq!((set.next_after(0), set.next_after(2), set.next_after(7)), (Some(1), Some(4), None));
    }

    proptest! {
        #[test]
        fn behaves_as_a_set(
            steps in prop::collection::vec((any::<bool>(), 1u64..40, 0u64..9), 0..40),
            others in prop::collection::vec((1u64..40, 0u64..9), 0..10),
        ) {
            let mut set = Intervals::default();
            let mut plain = BTreeSet::new();
            for (insert, first, more) in steps {
                let range = first..=first + more;
                if insert {
                    let new = range.clone().filter(|number| plain.insert(*number)).count() as u64;
                    prop_assert_eq!(set.insert(first, first + more), new);
                } else {
                    range.for_each(|number| { plain.remove(&number); });
                    set.remove(first, first + more);
                }
                prop_assert!(well_formed(&set), "{:?}", set);
                prop_assert_eq!(&numbers(&set), &plain);
            }
            let mut other = Intervals::default();
            others.iter().for_each(|(first, more)| { other.insert(*first, first + more); });
            let other_plain = numbers(&other);
            prop_assert_eq!(numbers(&set.and(&other)), plain.intersection(&other_plain).copied().collect::<BTreeSet<_>>());
            prop_assert_eq!(numbers(&set.without(&other)), plain.difference(&other_plain).copied().collect::<BTreeSet<_>>());
            let mut sum = set.clone();
            sum.add(&other);
            prop_assert!(well_formed(&sum) && well_formed(&set.and(&other)) && well_formed(&set.without(&other)));
            prop_assert_eq!(numbers(&sum), plain.union(&other_plain).copied().collect::<BTreeSet<_>>());
        }
    }
}
