//! What is known of the lines of one task, and which term each of them is in.

use std::collections::{BTreeMap, BTreeSet};

use super::intervals::Intervals;
use super::ledger::{End, Terms};
use crate::event::IncarnationId;

/// The lines of one task in one incarnation.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Place {
    /// Standing whole in the file.
    pub(super) here: Intervals,
    /// Of these (and of `wasted`), what was written after the file had lost its name.
    pub(super) beyond: Intervals,
    /// Of these, what was written after the file had been moved away from the writers' path.
    pub(super) stray: Intervals,
    /// Of these, what stands here more than once: one of the copies is from before any cut.
    pub(super) twice: Intervals,
    /// Standing torn in the file.
    pub(super) torn: Intervals,
    /// Stood whole in the reachable file until somebody cut it.
    pub(super) taken: Intervals,
    /// Cut out of the file without such an excuse: the file was unlinked already, or a worker's own handler cut it.
    pub(super) wasted: Intervals,
}

impl Place {
    fn take_in(&mut self, lines: &Intervals, side: Side) {
        match side.cut_away {
            Some(true) if !side.beyond => return self.taken.add(lines),
            Some(_) => return self.wasted.add(lines),
            None => {}
        }
        let again = self.here.and(lines);
        let fresh = lines.without(&again);
        self.twice.add(&again);
        self.here.add(&fresh);
        // A line that stands on both sides of a cut stands on the better one.
        if side.beyond {
            self.beyond.add(&fresh);
        } else {
            self.beyond.subtract(&again);
        }
        if side.stray {
            self.stray.add(&fresh);
        } else {
            self.stray.subtract(&again);
        }
    }

    /// The last line that was ever seen here.
    fn last(&self) -> Option<u64> {
        [&self.here, &self.torn, &self.taken, &self.wasted].iter().filter_map(|set| set.last()).max()
    }

    /// The first line above `number` that was ever seen here.
    fn next_after(&self, number: u64) -> Option<u64> {
        [&self.here, &self.torn, &self.taken, &self.wasted].iter().filter_map(|set| set.next_after(number)).min()
    }
}

/// What being in a file means for a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The file has a name.
    Reachable,
    /// Its last name is gone, but what it had up to the cut is in a compressed archive.
    Archived,
    /// Its last name is gone: up to the cut that decides, beyond it everything is lost.
    Ended(End),
}

/// A place where lines may have been cut away unread.
#[derive(Clone, Debug, PartialEq)]
struct Gap {
    /// The life that was cut.
    life: IncarnationId,
    /// The last line seen before the cut.
    after: u64,
    /// No line above this can have been written before the cut; known from the first counters after it.
    limit: Option<u64>,
}

/// One task of one launch.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Task {
    pub(super) places: BTreeMap<IncarnationId, Place>,
    /// For each place the least and the greatest line that it ever held. Hundreds of deletions leave hundreds of places,
    /// of which a line is in one or two: this list is searched for them, being a tenth of their size.
    extents: Vec<(IncarnationId, u64, u64)>,
    /// Handed to the handler: the greatest number known.
    written: u64,
    returned: u64,
    /// Seen whole anywhere, ever.
    seen: Intervals,
    /// Refused without a trace, or with a fragment in a place that is not known.
    failed: Intervals,
    fragment: Intervals,
    /// Neither seen nor refused when everything had been read.
    missing: Intervals,
    /// Of these, what was most likely cut away unread.
    overwritten: Intervals,
    /// Torn lines with numbers above `written`: a damaged number must not raise the count.
    early: Intervals,
    /// No counters tell of it: what was seen is all that is known to have been written.
    uncounted: bool,
    gaps: Vec<Gap>,
    /// Files with lines of this task whose size at the cut is a bound.
    pub(super) inexact: BTreeSet<IncarnationId>,
    /// The terms, as disjoint sets; what is in none of them is in flight.
    present: Intervals,
    torn: Intervals,
    destroyed: Intervals,
    expired: Intervals,
    lost: Intervals,
    astray: Intervals,
    duplicated: Intervals,
}

/// The terms of some lines.
#[derive(Default)]
struct Verdict {
    present: Intervals,
    clean: Intervals,
    duplicated: Intervals,
    torn: Intervals,
    destroyed: Intervals,
    expired: Intervals,
    lost: Intervals,
}

impl Task {
    /// The figures as they stand.
    pub(super) fn terms(&self) -> Terms {
        let decided =
            self.present.len() + self.torn.len() + self.destroyed.len() + self.expired.len() + self.lost.len();
        Terms {
            written: self.written,
            present: self.present.len(),
            torn: self.torn.len(),
            lost: self.lost.len(),
            destroyed: self.destroyed.len(),
            expired: self.expired.len(),
            in_flight: self.written - decided,
            duplicated: self.duplicated.len(),
            astray: self.astray.len(),
            bound: !self.inexact.is_empty()
                || !self.overwritten.is_empty()
                || (self.uncounted && !self.missing.is_empty()),
        }
    }

    /// The place of these lines in a file.
    pub(super) fn place(&mut self, incarnation: IncarnationId, first: u64, last: u64) -> &mut Place {
        let index = self.extents.partition_point(|extent| extent.0 < incarnation);
        match self.extents.get_mut(index).filter(|extent| extent.0 == incarnation) {
            Some(extent) => *extent = (incarnation, extent.1.min(first), extent.2.max(last)),
            None => self.extents.insert(index, (incarnation, first, last)),
        }
        self.places.entry(incarnation).or_default()
    }

    /// One whose lines nobody counts but their reader.
    pub(super) fn uncounted() -> Task {
        Task { uncounted: true, ..Task::default() }
    }

    /// New counters. `standing` judges files, as everywhere below.
    pub(super) fn count(&mut self, written: u64, returned: u64, standing: impl Fn(IncarnationId) -> Standing) {
        self.returned = self.returned.max(returned);
        for gap in self.gaps.iter_mut().filter(|gap| gap.limit.is_none()) {
            gap.limit = Some(written);
        }
        self.raise(written, standing);
    }

    /// A whole line was seen, so it was handed to the handler: the counters may be behind.
    fn raise(&mut self, written: u64, standing: impl Fn(IncarnationId) -> Standing) {
        self.written = self.written.max(written);
        if self.early.first().is_some_and(|first| first <= self.written) {
            let due = self.early.and(&Intervals::of(1, self.written));
            self.early.subtract(&due);
            self.judge(&due, standing);
        }
    }

    /// Whole lines were read from `incarnation`.
    pub(super) fn read_whole(
        &mut self,
        incarnation: IncarnationId,
        (first, last): (u64, u64),
        side: Side,
        standing: impl Fn(IncarnationId) -> Standing,
    ) {
        if first > last || first == 0 {
            return;
        }
        let fresh = self.is_fresh(first);
        self.seen.insert(first, last);
        self.place(incarnation, first, last).take_in(&Intervals::of(first, last), side);
        self.raise(last, &standing);
        let plain = side == Side { cut_away: None, beyond: false, stray: false };
        if fresh && plain && standing(incarnation) == Standing::Reachable {
            self.present.insert(first, last);
        } else {
            self.judge(&Intervals::of(first, last), standing);
        }
    }

    /// Torn lines were read from `incarnation`.
    pub(super) fn read_torn(
        &mut self,
        incarnation: IncarnationId,
        (first, last): (u64, u64),
        side: Side,
        standing: impl Fn(IncarnationId) -> Standing,
    ) {
        if first > last || first == 0 {
            return;
        }
        let place = self.place(incarnation, first, last);
        if side.cut_away.is_some() {
            place.wasted.insert(first, last);
        } else {
            place.torn.insert(first, last);
        }
        self.judge(&Intervals::of(first, last), standing);
    }

    /// An emit was refused. A torn one has left a fragment in `held`.
    pub(super) fn refused(
        &mut self,
        (first, last): (u64, u64),
        torn: bool,
        held: Option<IncarnationId>,
        standing: impl Fn(IncarnationId) -> Standing,
    ) {
        if first > last || first == 0 {
            return;
        }
        match held {
            Some(incarnation) if torn => self.place(incarnation, first, last).torn.insert(first, last),
            None if torn => self.fragment.insert(first, last),
            _ => self.failed.insert(first, last),
        };
        self.raise(last, &standing);
        self.judge(&Intervals::of(first, last), standing);
    }

    /// Everything that was written has been read: what was not seen is lost, or was cut away unread.
    pub(super) fn drain(&mut self, standing: impl Fn(IncarnationId) -> Standing) {
        let mut unseen = Intervals::of(1, self.written);
        for decided in [&self.present, &self.torn, &self.destroyed, &self.expired, &self.lost] {
            unseen = unseen.without(decided);
        }
        for gap in std::mem::take(&mut self.gaps) {
            // What was seen in the file that was cut, or in an older one, was written before the cut.
            let later = self.places.range(gap.life..).skip_while(|(life, _)| **life == gap.life);
            let next = later.filter_map(|(_, place)| place.next_after(gap.after)).min().unwrap_or(u64::MAX);
            let returned = if self.uncounted { self.written } else { self.returned };
            let last = (next - 1).min(returned).min(gap.limit.unwrap_or(u64::MAX));
            self.overwritten.add(&unseen.and(&Intervals::of(gap.after + 1, last)));
        }
        self.missing.add(&unseen);
        self.judge(&unseen, standing);
    }

    /// Lines of this task may have stood in this life when it was cut, and gone before they were read: those that come
    /// after what was seen there and in older files. `holds`: the task was still writing to it, so they may also come
    /// after the last line seen anywhere.
    pub(super) fn note_gap(&mut self, life: IncarnationId, holds: bool) {
        let older = self.places.range(..=life).filter_map(|(_, place)| place.last()).max().unwrap_or(0);
        self.add_gap(life, older);
        if holds {
            self.add_gap(life, self.seen.last().unwrap_or(0));
        }
    }

    fn add_gap(&mut self, life: IncarnationId, after: u64) {
        let gap = Gap { life, after, limit: None };
        if !self.gaps.contains(&gap) {
            self.gaps.push(gap);
        }
    }

    /// The file was cut: what is not in `kept` is gone; `twice` are those of them that were left more than once.
    /// `before` is the file's standing at that moment.
    pub(super) fn cut_away(
        &mut self,
        incarnation: IncarnationId,
        (kept, twice): (&Intervals, &Intervals),
        taken: bool,
        before: Standing,
        standing: impl Fn(IncarnationId) -> Standing,
    ) {
        let Some(place) = self.places.get_mut(&incarnation) else { return };
        let gone = place.here.without(kept);
        let torn = place.torn.without(kept);
        let mut cut = gone.clone();
        cut.add(&place.twice.without(twice));
        place.twice = place.twice.and(twice);
        // What had lost its name before the cut had been destroyed by that, up to its cut.
        let excused = if taken || matches!(before, Standing::Ended(End::Taken | End::Expired)) {
            cut.without(&place.beyond)
        } else {
            Intervals::default()
        };
        place.wasted.add(&cut.without(&excused));
        place.taken.add(&excused);
        place.wasted.add(&torn);
        place.here.subtract(&gone);
        place.torn.subtract(&torn);
        let mut changed = cut;
        changed.add(&torn);
        self.judge(&changed, standing);
    }

    /// Something about the file itself has changed.
    pub(super) fn judge_place(&mut self, incarnation: IncarnationId, standing: impl Fn(IncarnationId) -> Standing) {
        let Some(place) = self.places.get(&incarnation) else { return };
        let mut lines = place.here.clone();
        lines.add(&place.torn);
        self.judge(&lines, standing);
    }

    /// How many lines are lost that were written to this incarnation after it had lost its name.
    pub(super) fn lost_beyond(&self, incarnation: IncarnationId) -> u64 {
        self.places.get(&incarnation).map_or(0, |place| place.here.and(&place.beyond).and(&self.lost).len())
    }

    /// The incarnations that hold lines of this range which are lost.
    pub(super) fn losses_among(&self, first: u64, last: u64) -> Vec<IncarnationId> {
        if !self.lost.may_meet(&Intervals::of(first, last)) {
            return Vec::new();
        }
        let lost = self.lost.and(&Intervals::of(first, last));
        let near = self.extents.iter().filter(|extent| extent.1 <= last && first <= extent.2).map(|extent| extent.0);
        near.filter(|id| self.places.get(id).is_some_and(|place| !place.here.and(&lost).is_empty())).collect()
    }

    /// Whether nothing at or above `first` has been judged, so that no set has to be searched.
    fn is_fresh(&self, first: u64) -> bool {
        let decided = [&self.present, &self.torn, &self.destroyed, &self.expired, &self.lost];
        decided.into_iter().chain([&self.astray, &self.early]).all(|set| set.last().is_none_or(|last| last < first))
    }

    /// Finds the terms of `lines` anew, after something about the files that hold them has changed.
    pub(super) fn judge(&mut self, lines: &Intervals, standing: impl Fn(IncarnationId) -> Standing) {
        if lines.is_empty() {
            return;
        }
        let mut verdict = Verdict::default();
        let (least, greatest) = (lines.first().unwrap_or(0), lines.last().unwrap_or(0));
        for &(incarnation, first, last) in &self.extents {
            if first <= greatest
                && least <= last
                && let Some(place) = self.places.get(&incarnation)
            {
                verdict.consider(place, lines, standing(incarnation));
            }
        }
        verdict.torn.add(&self.fragment.and(lines));
        verdict.destroyed.add(&self.overwritten.and(lines));
        verdict.lost.add(&self.failed.and(lines));
        verdict.lost.add(&self.missing.and(lines));
        self.enter(&verdict, lines);
    }

    fn enter(&mut self, verdict: &Verdict, lines: &Intervals) {
        let decided = [&mut self.present, &mut self.torn, &mut self.destroyed, &mut self.expired, &mut self.lost];
        for set in decided.into_iter().chain([&mut self.astray, &mut self.duplicated]) {
            set.subtract(lines);
        }
        self.duplicated.add(&verdict.duplicated);
        self.astray.add(&verdict.present.without(&verdict.clean));
        let mut left = lines.without(&verdict.present);
        self.present.add(&verdict.present);
        for (term, found) in [
            (&mut self.torn, &verdict.torn),
            (&mut self.destroyed, &verdict.destroyed),
            (&mut self.expired, &verdict.expired),
            (&mut self.lost, &verdict.lost),
        ] {
            let mut mine = left.and(found);
            left.subtract(&mine);
            // Only torn lines can be ahead: all others raise the count.
            if mine.last().is_some_and(|last| last > self.written) {
                let early = mine.and(&Intervals::of(self.written + 1, u64::MAX));
                mine.subtract(&early);
                self.early.add(&early);
            }
            term.add(&mine);
        }
    }
}

impl Verdict {
    /// These lines of a place can be reached.
    fn find(&mut self, here: &Intervals, torn: &Intervals, place: &Place) {
        self.clean.add(&here.without(&place.stray));
        self.duplicated.add(&self.present.and(here));
        self.duplicated.add(&here.and(&place.twice));
        self.present.add(here);
        self.torn.add(torn);
    }

    fn consider(&mut self, place: &Place, lines: &Intervals, standing: Standing) {
        let here = place.here.and(lines);
        let torn = place.torn.and(lines);
        match standing {
            Standing::Reachable => self.find(&here, &torn, place),
            Standing::Archived => {
                self.find(&here.without(&place.beyond), &torn, place);
                self.lost.add(&here.and(&place.beyond));
            }
            Standing::Ended(end) => {
                let term = match end {
                    End::Taken => &mut self.destroyed,
                    End::Expired => &mut self.expired,
                    End::Wasted => &mut self.lost,
                };
                term.add(&here.without(&place.beyond));
                self.lost.add(&here.and(&place.beyond));
                self.lost.add(&torn);
            }
        }
        self.destroyed.add(&place.taken.and(lines));
        self.lost.add(&place.wasted.and(lines));
    }
}

/// On which side of its file's cuts a batch lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Side {
    /// Set when a truncation had already ended the life it was read from: whether somebody other than a worker did it,
    /// while the file was reachable.
    pub(super) cut_away: Option<bool>,
    /// Written after the file had lost its name.
    pub(super) beyond: bool,
    /// Written after the file had been moved away from the writers' path.
    pub(super) stray: bool,
}
