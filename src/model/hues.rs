//! Which colour a life gets.

use std::collections::BTreeSet;

use super::{HUES, Hue, Incarnation, Model, Reach};
use crate::clock::Mono;
use crate::event::{FileId, IncarnationId};

/// A life may have two bars in its lane, with its name and after that.
const NEIGHBOUR_BARS: usize = 4;

/// How much it would confuse to see a life's colour a second time: the later, the more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// It is over.
    Over,
    /// It was moved away, or has no name, and nobody is seen to write to it.
    PutAway,
    /// It stands where writers find it.
    Standing,
    /// Its bar is the next one in the lane.
    Neighbour,
    /// Somebody writes to it.
    Written,
}

impl Model {
    /// Gives a life that has just begun a colour that it keeps: of the eight the first, from its own number's on, that
    /// no other has, else the one that is missed least. What is written to at the same time shares none as long as
    /// there is one to be had; of what is equal, what grew last keeps its colour to itself.
    pub(super) fn color(&mut self, id: IncarnationId) {
        let Some(lane) = self.incarnation(id).and_then(|one| one.last_name()).and_then(|name| self.timeline.lane(name))
        else {
            return;
        };
        let others = || lane.bars.iter().rev().filter(|bar| bar.incarnation != id);
        let beside: Vec<IncarnationId> = others().take(NEIGHBOUR_BARS).map(|bar| bar.incarnation).collect();
        let written = self.written();
        let mut taken: [Option<(Weight, Mono)>; HUES] = [None; HUES];
        for one in self.incarnations.iter().filter(|one| one.id != id) {
            let weight = weight(one, &beside, &written);
            // Of what is over it does not matter which was over first: the number decides.
            let grew = if weight == Weight::Over { Mono(0) } else { one.last_growth };
            let most = &mut taken[one.hue.index()];
            *most = (*most).max(Some((weight, grew)));
        }
        let hue = Hue::from_own(id).min_by_key(|hue| taken[hue.index()]);
        if let (Some(one), Some(hue)) = (self.incarnation_mut(id), hue) {
            one.hue = hue;
        }
    }

    /// The files that somebody is seen to write to.
    fn written(&self) -> BTreeSet<FileId> {
        let by_workers = self.workers.iter().filter(|worker| !worker.closed).filter_map(|worker| worker.holds.as_ref());
        let by_others = self.held_open.iter().map(|holder| holder.holding.file_id);
        by_workers.map(|(file, _)| *file).chain(by_others).collect()
    }
}

fn weight(one: &Incarnation, beside: &[IncarnationId], written: &BTreeSet<FileId>) -> Weight {
    let goes_on = one.ended.is_none() && (one.path.is_some() || !one.released && one.archive.is_none());
    if goes_on && written.contains(&one.file_id) {
        Weight::Written
    } else if beside.contains(&one.id) {
        Weight::Neighbour
    } else if !goes_on {
        Weight::Over
    } else if one.reach == Reach::Live {
        Weight::Standing
    } else {
        Weight::PutAway
    }
}
