//! What workers did at their own rollovers, laid beside what the follower saw happen to the same files.
//!
//! The follower sees that a file moved or went; only the worker knows that it was its rollover. Each tells through a
//! channel of its own, so either may come first: what a worker told is kept by file id, and what the follower saw is
//! laid at the worker's door when both are there. Which file a worker took is not always known: see [`unsure`].

mod unsure;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use self::unsure::{Act, Unsure};
use super::ledger::End;
use super::{FaultKind, MarkId, MarkKind, Model};
use crate::clock::Mono;
use crate::event::{Actor, Displaced, FileId, IncarnationId, Period, Rollover, RolloverAct, WorkerId};

/// What has been told and seen of rollovers.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Rollovers {
    /// Who put a file away under which name.
    moved: BTreeMap<(FileId, PathBuf), WorkerId>,
    /// Who removed or overwrote a file.
    removed: BTreeMap<FileId, (WorkerId, Removal)>,
    /// Files that bear the name of an older period than their lines are of.
    misnamed: BTreeSet<FileId>,
    /// Renames that nobody has answered for yet.
    unclaimed: BTreeMap<(IncarnationId, PathBuf), MarkId>,
    /// What is not known for sure, and what was concluded from it.
    unsure: Unsure,
    concluded: BTreeMap<FileId, Act>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Removal {
    /// To make room for another file, or by putting that in its place.
    Overwritten,
    /// By retention.
    Retired,
}

impl Rollovers {
    fn end_of(&self, file: FileId) -> Option<(WorkerId, End)> {
        let &(worker, removal) = self.removed.get(&file)?;
        let kept_its_promise = removal == Removal::Retired && !self.misnamed.contains(&file);
        Some((worker, if kept_its_promise { End::Expired } else { End::Wasted }))
    }
}

impl Model {
    pub(super) fn rolled_over(&mut self, at: Mono, worker: WorkerId, rollover: &Rollover) {
        let act = |path: &Path, removal| Act { at, worker, path: path.to_path_buf(), removal };
        match &rollover.act {
            RolloverAct::Renamed { to, overwritten, period } => {
                self.count("rolled_over");
                let known = rollover.file_id.is_some_and(|file| self.moved_by(worker, file, to, *period));
                if !known {
                    self.rollovers.unsure.moved(at, rollover.from.clone(), to.clone());
                }
                match overwritten {
                    Displaced::Nothing => {}
                    Displaced::File(file) => self.removed_by(act(to, Removal::Overwritten), Some(*file)),
                    Displaced::Unknown => self.removed_by(act(to, Removal::Overwritten), None),
                }
            }
            RolloverAct::MadeRoom => {
                self.count("made_room");
                self.removed_by(act(&rollover.from, Removal::Overwritten), rollover.file_id);
            }
            RolloverAct::Retired => {
                self.count("retired");
                self.removed_by(act(&rollover.from, Removal::Retired), rollover.file_id);
            }
        }
        self.conclude();
    }

    /// Whether nobody else has said that of the file: of two who say so, one moved another file.
    fn moved_by(&mut self, worker: WorkerId, file: FileId, to: &Path, period: Period) -> bool {
        let other = self.rollovers.moved.insert((file, to.to_path_buf()), worker);
        self.rollovers.unsure.named(file, to);
        if period == Period::Later && self.rollovers.misnamed.insert(file) {
            self.settle_end(file);
        }
        if let Some(id) = self.incarnation_of(file)
            && let Some(mark) = self.rollovers.unclaimed.remove(&(id, to.to_path_buf()))
        {
            self.lay_at(worker, id, mark);
        }
        other.is_none()
    }

    /// A file loses its last name once: of two workers who say that they took it, one took another file.
    fn removed_by(&mut self, act: Act, file: Option<FileId>) {
        let rollovers = &mut self.rollovers;
        let Some(file) = file else { return rollovers.unsure.acted(act) };
        if let Some(other) = rollovers.concluded.remove(&file) {
            rollovers.unsure.acted(other);
        } else if rollovers.removed.contains_key(&file) {
            return rollovers.unsure.acted(act);
        }
        rollovers.removed.insert(file, (act.worker, act.removal));
        rollovers.unsure.explained(file);
        self.settle_end(file);
    }

    /// A file lost its last name, and nobody is known to have taken it.
    pub(super) fn vanished(&mut self, at: Mono, id: IncarnationId, by: Actor) {
        let Some(one) = self.incarnation(id).filter(|_| by == Actor::Other && self.has_lab()) else { return };
        let file = one.file_id;
        let told = self.rollovers.moved.range((file, PathBuf::new())..).take_while(|((moved, _), _)| *moved == file);
        let seen = one.names.iter().map(|(_, name)| name.clone());
        let names = seen.chain(told.map(|((_, name), _)| name.clone())).collect();
        self.rollovers.unsure.vanished(at, file, names);
        self.conclude();
    }

    fn conclude(&mut self) {
        while let Some((act, file)) = self.rollovers.unsure.pair() {
            self.rollovers.removed.insert(file, (act.worker, act.removal));
            self.rollovers.concluded.insert(file, act);
            self.settle_end(file);
        }
    }

    /// Who has renamed this incarnation, if the follower could not know.
    pub(super) fn mover(&self, id: IncarnationId, to: &Path, seen: Actor) -> Actor {
        let told = || {
            let file = self.incarnation(id)?.file_id;
            self.rollovers.moved.get(&(file, to.to_path_buf())).copied()
        };
        if seen == Actor::Other { told().map_or(seen, Actor::Worker) } else { seen }
    }

    /// A rename has been marked; if nobody is known to have done it, a worker may still tell.
    pub(super) fn marked_rename(&mut self, id: IncarnationId, to: &Path, by: Actor, mark: MarkId) {
        if by == Actor::Other && self.has_lab() {
            self.rollovers.unclaimed.insert((id, to.to_path_buf()), mark);
        }
    }

    /// Who has taken the last name of this incarnation, and what that means for its lines.
    pub(super) fn remover(&self, id: IncarnationId, seen: Actor) -> (Actor, End) {
        let told = || self.rollovers.end_of(self.incarnation(id)?.file_id);
        match told() {
            Some((worker, end)) if seen == Actor::Other => (Actor::Worker(worker), end),
            _ => (seen, End::by(seen)),
        }
    }

    /// A worker has told something about the end of a file. If that has been seen already, it is judged anew.
    fn settle_end(&mut self, file: FileId) {
        let Some((worker, end)) = self.rollovers.end_of(file) else { return };
        let Some(id) = self.incarnation_of(file) else { return };
        // A file that was found only after it had lost its name has no mark of that.
        let taking = self.takings.get(&id).filter(|taking| taking.kind != FaultKind::Renamed);
        match taking.map(|taking| (taking.by, taking.mark)) {
            Some((Actor::Person | Actor::Step(_), _)) => {}
            Some((Actor::Other, mark)) => {
                self.ledger.ended_by(id, end);
                self.lay_at(worker, id, mark);
            }
            Some((Actor::Worker(_), _)) | None => self.ledger.ended_by(id, end),
        }
    }

    /// The file has a name again: what was told of its end is no more.
    pub(super) fn forget_end(&mut self, id: IncarnationId) {
        if let Some(file) = self.incarnation(id).map(|one| one.file_id) {
            self.rollovers.removed.remove(&file);
            self.rollovers.concluded.remove(&file);
            self.rollovers.unsure.explained(file);
        }
    }

    /// What was seen to happen to an incarnation was a worker's doing.
    fn lay_at(&mut self, worker: WorkerId, id: IncarnationId, mark: MarkId) {
        let Some(found) = self.timeline.marks.get_mut(mark.0 as usize) else { return };
        let fault = found.fault;
        if let MarkKind::Renamed { by, .. } | MarkKind::Deleted { by } | MarkKind::Replaced { by } = &mut found.kind {
            *by = Actor::Worker(worker);
        }
        if let Some(taking) = self.takings.get_mut(&id).filter(|taking| taking.mark == mark) {
            taking.by = Actor::Worker(worker);
        }
        if let Some(fault) = fault {
            self.not_its_victim(worker, fault);
        }
    }
}
