//! The accounting of lines: `written = present + torn + lost + destroyed + expired + in_flight`.
//!
//! Each line is in exactly one term, the first of these that fits:
//!
//! 1. `present`: whole in a file that has a name, or in the compressed archive that was made of one;
//! 2. `torn`: a fragment in a file that has a name;
//! 3. `destroyed`: stood whole in a file with a name until a person, a step or an outside program deleted, replaced
//!    or cut it;
//! 4. `expired`: stood whole in an archive of its period until retention removed that;
//! 5. `lost`: read from beyond the cut of an unlinked file, overwritten or removed by a worker's own rollover, removed
//!    by retention under the name of an older period, refused, or not seen anywhere when all had been read;
//! 6. `in_flight`: not yet decided.
//!
//! A line that is seen before the counters tell of it counts as written. What is truncated before anybody could read
//! it leaves a gap in the sequence right behind the last line seen in that file. When all has been read such gaps are
//! counted as destroyed, and the figures are marked as bounds. Lines of launches that no worker of this session has made are not counted.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::intervals::Intervals;
use super::task::{Side, Standing, Task};
use crate::event::{Actor, Batch, Cut, IncarnationId, LaunchId, TaskCount, WorkerId};
use crate::record::StampRun;

/// The ledger's terms, in lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Terms {
    /// Handed to the handler.
    pub written: u64,
    /// Whole in a reachable file.
    pub present: u64,
    /// Only fragments of it are reachable.
    pub torn: u64,
    /// Everything else.
    pub lost: u64,
    /// Taken away after it stood whole in a reachable file.
    pub destroyed: u64,
    /// Removed by retention as configured.
    pub expired: u64,
    /// Not yet decided.
    pub in_flight: u64,
    /// Present more than once (beside the sum): a copy that nobody can reach does not count.
    pub duplicated: u64,
    /// Present, but only in a file that was no longer live when they were written to it (beside the sum).
    pub astray: u64,
    /// Whether `destroyed` and `lost` are bounds, since a file went before anybody could look at its size.
    pub bound: bool,
}

impl Terms {
    /// Whether every line is in exactly one term.
    pub fn sum_holds(&self) -> bool {
        self.written == self.present + self.torn + self.lost + self.destroyed + self.expired + self.in_flight
            && self.astray <= self.present
            && self.duplicated <= self.present
    }
}

/// The accounting of a session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Ledger {
    workers: BTreeMap<WorkerId, Account>,
    total: Account,
    launches: BTreeMap<LaunchId, WorkerId>,
    /// Launches of programs, which have no counters.
    uncounted: BTreeSet<LaunchId>,
    tasks: BTreeMap<(LaunchId, u16, u16), Task>,
    lives: Lives,
    /// Launches that held a file when it was cut: tasks of theirs that have not been heard of may have lost lines too.
    cut_early: BTreeMap<LaunchId, BTreeSet<IncarnationId>>,
}

type TaskKey = (LaunchId, u16, u16);
type Lives = BTreeMap<IncarnationId, Life>;

/// Sums that are kept up to date task by task, so that reading them costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Account {
    terms: Terms,
    bound_tasks: u32,
}

/// What the ledger knows of one incarnation.
#[derive(Clone, Debug, Default, PartialEq)]
struct Life {
    unlinked: Option<Unlinked>,
    /// Set when a truncation has ended this life: whether what it cut had been reachable, and not a worker's own doing.
    cut_away: Option<bool>,
    /// Stretches of offsets that were written while the file was away from the writers' path; the last may be open.
    stray: Vec<(u64, Option<u64>)>,
    /// Tasks with lines here.
    tasks: BTreeSet<TaskKey>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Unlinked {
    cut: Cut,
    end: End,
    /// What it had up to the cut is in a compressed archive.
    is_archived: bool,
}

/// What it means for the lines of a file that its last name is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// A person, a step or an outside program took it.
    Taken,
    /// A worker's own handler removed or overwrote it when it should not have.
    Wasted,
    /// Retention removed it, as configured.
    Expired,
}

impl End {
    /// As far as the follower can tell.
    pub(super) fn by(actor: Actor) -> End {
        if matches!(actor, Actor::Worker(_)) { End::Wasted } else { End::Taken }
    }
}

impl Life {
    fn standing(&self) -> Standing {
        match self.unlinked {
            None => Standing::Reachable,
            Some(unlinked) if unlinked.is_archived => Standing::Archived,
            Some(unlinked) => Standing::Ended(unlinked.end),
        }
    }

    /// A batch never straddles a cut, so its end decides for all of its lines.
    fn side(&self, end: u64) -> Side {
        Side {
            cut_away: self.cut_away,
            beyond: self.unlinked.is_some_and(|unlinked| end > unlinked.cut.offset),
            stray: self.stray.iter().any(|(from, to)| end > *from && to.is_none_or(|to| end <= to)),
        }
    }

    fn inexact(&self) -> bool {
        self.unlinked.is_some_and(|unlinked| !unlinked.cut.exact)
    }
}

impl Account {
    fn shift(&mut self, before: &Terms, after: &Terms) {
        let terms = &mut self.terms;
        for (sum, before, after) in [
            (&mut terms.written, before.written, after.written),
            (&mut terms.present, before.present, after.present),
            (&mut terms.torn, before.torn, after.torn),
            (&mut terms.lost, before.lost, after.lost),
            (&mut terms.destroyed, before.destroyed, after.destroyed),
            (&mut terms.expired, before.expired, after.expired),
            (&mut terms.in_flight, before.in_flight, after.in_flight),
            (&mut terms.duplicated, before.duplicated, after.duplicated),
            (&mut terms.astray, before.astray, after.astray),
        ] {
            *sum = *sum + after - before;
        }
        self.bound_tasks = self.bound_tasks + u32::from(after.bound) - u32::from(before.bound);
        terms.bound = self.bound_tasks > 0;
    }
}

impl Ledger {
    /// Summed over all workers.
    pub fn total(&self) -> Terms {
        self.total.terms
    }

    /// Of one worker, over all its launches.
    pub fn worker(&self, worker: WorkerId) -> Terms {
        self.workers.get(&worker).map(|account| account.terms).unwrap_or_default()
    }

    /// Whether every line is in exactly one term, for each worker and in total, and the workers add up to the total.
    pub fn sum_holds(&self) -> bool {
        let mut sum = Account::default();
        for account in self.workers.values() {
            sum.shift(&Terms::default(), &account.terms);
        }
        sum.terms == Terms { bound: sum.terms.bound, ..self.total.terms }
            && self.total.terms.sum_holds()
            && self.workers.values().all(|account| account.terms.sum_holds())
    }

    /// Whether a batch was written into a file after that had lost its name.
    pub(super) fn is_beyond(&self, batch: &Batch) -> bool {
        self.lives.get(&batch.incarnation).is_some_and(|life| life.side(batch.end).beyond)
    }

    /// A process began. Lines of it may have been read already.
    pub(super) fn launched(&mut self, launch: LaunchId, worker: WorkerId) {
        if self.launches.insert(launch, worker).is_some() {
            return;
        }
        let account = self.workers.entry(worker).or_default();
        for (_, task) in self.tasks.range((launch, 0, 0)..=(launch, u16::MAX, u16::MAX)) {
            account.shift(&Terms::default(), &task.terms());
            self.total.shift(&Terms::default(), &task.terms());
        }
    }

    /// A program began, which has no counters: the highest number seen is what it has written.
    pub(super) fn program_launched(&mut self, launch: LaunchId, worker: WorkerId) {
        self.uncounted.insert(launch);
        self.launched(launch, worker);
    }

    /// The workers whose lines are among these and are counted by nobody but their reader.
    pub(super) fn uncounted_among(&self, runs: &[StampRun]) -> BTreeSet<WorkerId> {
        if self.uncounted.is_empty() {
            return BTreeSet::new();
        }
        let launches = runs.iter().map(|run| run.launch).filter(|launch| self.uncounted.contains(launch));
        launches.filter_map(|launch| self.launches.get(&launch).copied()).collect()
    }

    /// Counters were read.
    pub(super) fn counted(&mut self, launch: LaunchId, counts: &[TaskCount]) {
        for count in counts {
            self.change((launch, count.thread, count.task), |task, lives| {
                task.count(count.written, count.returned, standing_in(lives));
            });
        }
    }

    /// An incarnation is known. After a truncation, `previous` is the life that it goes on from.
    pub(super) fn created(&mut self, id: IncarnationId, previous: Option<IncarnationId>, unlinked_at: Option<u64>) {
        let mut life = Life::default();
        if let Some(before) = previous.and_then(|previous| self.lives.get(&previous)) {
            // A truncation changes nothing about where the file is.
            life.unlinked =
                before.unlinked.map(|unlinked| Unlinked { cut: Cut { offset: 0, ..unlinked.cut }, ..unlinked });
            life.stray = before.stray.iter().filter(|(_, to)| to.is_none()).map(|_| (0, None)).collect();
        }
        if let Some(offset) = unlinked_at
            && life.unlinked.is_none()
        {
            let cut = Cut { offset, exact: false };
            life.unlinked = Some(Unlinked { cut, end: End::Taken, is_archived: false });
        }
        if let Some(known) = self.lives.get_mut(&id) {
            life.tasks = std::mem::take(&mut known.tasks);
        }
        self.lives.insert(id, life);
        if let Some(previous) = previous {
            self.hand_over(previous, id);
        }
    }

    /// What a truncation has left standing belongs to the next life from now on.
    fn hand_over(&mut self, previous: IncarnationId, next: IncarnationId) {
        let keys = self.lives.get(&previous).map(|life| life.tasks.clone()).unwrap_or_default();
        for key in keys {
            let mut any = false;
            self.change(key, |task, lives| {
                let Some(place) = task.places.get_mut(&previous) else { return };
                let (here, torn) = (std::mem::take(&mut place.here), std::mem::take(&mut place.torn));
                let (beyond, stray) = (place.beyond.and(&here), place.stray.and(&here));
                let twice = place.twice.and(&here);
                let mut moved = here.clone();
                moved.add(&torn);
                let (Some(first), Some(last)) = (moved.first(), moved.last()) else { return };
                any = true;
                let heir = task.place(next, first, last);
                heir.here.add(&here);
                heir.torn.add(&torn);
                heir.beyond.add(&beyond);
                heir.stray.add(&stray);
                heir.twice.add(&twice);
                task.judge(&moved, standing_in(lives));
            });
            if any && let Some(life) = self.lives.get_mut(&next) {
                life.tasks.insert(key);
            }
        }
    }

    /// How many lines of a worker are lost that went into an incarnation after it had lost its name.
    pub(super) fn lost_in(&self, id: IncarnationId, worker: WorkerId) -> u64 {
        let keys = self.lives.get(&id).into_iter().flat_map(|life| &life.tasks);
        let mine = keys.filter(|key| self.launches.get(&key.0) == Some(&worker));
        mine.filter_map(|key| self.tasks.get(key)).map(|task| task.lost_beyond(id)).sum()
    }

    /// The incarnations that hold lines which are lost, and are among these.
    pub(super) fn losses_among(&self, runs: &[StampRun]) -> BTreeSet<IncarnationId> {
        let found = runs.iter().filter_map(|run| Some((self.tasks.get(&key_of(run))?, run)));
        found.flat_map(|(task, run)| task.losses_among(run.first, run.last)).collect()
    }

    /// Lines were read.
    pub(super) fn read(&mut self, batch: &Batch) {
        let id = batch.incarnation;
        let life = self.lives.entry(id).or_default();
        let (side, inexact) = (life.side(batch.end), life.inexact());
        life.tasks.extend(batch.stamps.iter().chain(&batch.torn).map(key_of));
        for run in &batch.stamps {
            self.change(key_of(run), |task, lives| {
                task.read_whole(id, (run.first, run.last), side, standing_in(lives));
                if inexact {
                    task.inexact.insert(id);
                }
            });
        }
        for run in &batch.torn {
            self.change(key_of(run), |task, lives| task.read_torn(id, (run.first, run.last), side, standing_in(lives)));
        }
    }

    /// An incarnation left the writers' path, or came back to it. `beyond` are the lines read from above the cut.
    pub(super) fn moved(&mut self, id: IncarnationId, away: bool, cut: Cut, beyond: &[StampRun]) {
        let life = self.lives.entry(id).or_default();
        let open = life.stray.last_mut().filter(|(_, to)| to.is_none());
        match open {
            Some((_, to)) if !away => *to = Some(cut.offset),
            None if away => life.stray.push((cut.offset, None)),
            // From one place off the path to another: still astray from the first cut on.
            _ => return,
        }
        for run in beyond {
            self.change(key_of(run), |task, lives| {
                let Some(place) = task.places.get_mut(&id) else { return };
                let lines = place.here.and(&Intervals::of(run.first, run.last));
                if away {
                    place.stray.add(&lines.without(&place.twice));
                } else {
                    place.stray.subtract(&lines);
                }
                task.judge(&lines, standing_in(lives));
            });
        }
    }

    /// No name leads to an incarnation any more. `beyond` are the lines read from above the cut.
    pub(super) fn deleted(&mut self, id: IncarnationId, cut: Cut, beyond: &[StampRun], end: End) {
        let life = self.lives.entry(id).or_default();
        life.unlinked = Some(Unlinked { cut, end, is_archived: false });
        self.each_task_in(id, |key, task, lives| {
            let Some(place) = task.places.get_mut(&id) else { return };
            let mut above = Intervals::default();
            for run in beyond.iter().filter(|run| key_of(run) == key) {
                above.insert(run.first, run.last);
            }
            place.beyond = above.and(&place.here).without(&place.twice);
            if cut.exact || place.here.is_empty() {
                task.inexact.remove(&id);
            } else {
                task.inexact.insert(id);
            }
            task.judge_place(id, standing_in(lives));
        });
    }

    /// It has turned out how an incarnation ended that has no name.
    pub(super) fn ended_by(&mut self, id: IncarnationId, end: End) {
        self.change_end(id, |unlinked| unlinked.end = end);
    }

    /// An incarnation that has no name is in a compressed archive, up to the cut.
    pub(super) fn archived(&mut self, id: IncarnationId) {
        self.change_end(id, |unlinked| unlinked.is_archived = true);
    }

    /// That archive is gone.
    pub(super) fn archive_gone(&mut self, id: IncarnationId, end: End) {
        self.change_end(id, |unlinked| (unlinked.is_archived, unlinked.end) = (false, end));
    }

    fn change_end(&mut self, id: IncarnationId, change: impl FnOnce(&mut Unlinked)) {
        let Some(unlinked) = self.lives.get_mut(&id).and_then(|life| life.unlinked.as_mut()) else { return };
        let before = *unlinked;
        change(unlinked);
        if *unlinked != before {
            self.each_task_in(id, |_, task, lives| task.judge_place(id, standing_in(lives)));
        }
    }

    /// A name leads again to an incarnation that had none; off the writers' path if `away`.
    pub(super) fn restored(&mut self, id: IncarnationId, away: bool, size: u64) {
        let life = self.lives.entry(id).or_default();
        life.unlinked = None;
        self.each_task_in(id, |_, task, lives| {
            if let Some(place) = task.places.get_mut(&id) {
                place.beyond = Intervals::default();
            }
            task.inexact.remove(&id);
            task.judge_place(id, standing_in(lives));
        });
        self.moved(id, away, Cut { offset: size, exact: false }, &[]);
    }

    /// An incarnation was cut; `remaining` lines still stand. `writers` are the launches that have ever held it open, each
    /// with whether it still does.
    pub(super) fn truncated(
        &mut self,
        id: IncarnationId,
        remaining: &[StampRun],
        by: Actor,
        writers: &[(LaunchId, bool)],
    ) {
        let life = self.lives.entry(id).or_default();
        let taken = life.unlinked.is_none() && !matches!(by, Actor::Worker(_));
        let standing = life.standing();
        life.cut_away = Some(taken);
        self.each_task_in(id, |key, task, lives| {
            let (mut kept, mut twice) = (Intervals::default(), Intervals::default());
            for run in remaining.iter().filter(|run| key_of(run) == key) {
                twice.add(&kept.and(&Intervals::of(run.first, run.last)));
                kept.insert(run.first, run.last);
            }
            if taken {
                task.note_gap(id, false);
            }
            task.cut_away(id, (&kept, &twice), taken, standing, standing_in(lives));
        });
        if taken {
            for &(launch, holds) in writers {
                for (_, task) in self.tasks.range_mut((launch, 0, 0)..=(launch, u16::MAX, u16::MAX)) {
                    task.note_gap(id, holds);
                }
                if holds {
                    self.cut_early.entry(launch).or_default().insert(id);
                }
            }
        }
    }

    /// An emit was refused. A torn one has left a fragment in the incarnation that the worker held, if that is known.
    pub(super) fn refused(&mut self, line: &StampRun, torn: bool, held: Option<IncarnationId>) {
        let key = key_of(line);
        if torn && let Some(life) = held.and_then(|held| self.lives.get_mut(&held)) {
            life.tasks.insert(key);
        }
        self.change(key, |task, lives| task.refused((line.first, line.last), torn, held, standing_in(lives)));
    }

    /// Everything that was written so far has been read.
    pub(super) fn drained(&mut self) {
        let keys: Vec<TaskKey> = self.tasks.keys().copied().collect();
        for key in keys {
            self.change(key, |task, lives| task.drain(standing_in(lives)));
        }
    }

    fn each_task_in(&mut self, id: IncarnationId, mut act: impl FnMut(TaskKey, &mut Task, &Lives)) {
        let keys = self.lives.get(&id).map(|life| life.tasks.clone()).unwrap_or_default();
        for key in keys {
            self.change(key, |task, lives| act(key, task, lives));
        }
    }

    /// The only way to a task's lines: keeps the sums in step.
    fn change(&mut self, key: TaskKey, act: impl FnOnce(&mut Task, &Lives)) {
        let task = self.tasks.entry(key).or_insert_with(|| {
            let mut task = if self.uncounted.contains(&key.0) { Task::uncounted() } else { Task::default() };
            for life in self.cut_early.get(&key.0).into_iter().flatten() {
                task.note_gap(*life, true);
            }
            task
        });
        let before = task.terms();
        act(task, &self.lives);
        let after = task.terms();
        if before != after
            && let Some(worker) = self.launches.get(&key.0)
        {
            self.workers.entry(*worker).or_default().shift(&before, &after);
            self.total.shift(&before, &after);
        }
    }
}

fn key_of(run: &StampRun) -> TaskKey {
    (run.launch, run.thread, run.task)
}

fn standing_in(lives: &Lives) -> impl Fn(IncarnationId) -> Standing {
    |id| lives.get(&id).map_or(Standing::Reachable, Life::standing)
}
