//! What the follower tells, folded.

use std::path::{Path, PathBuf};

use super::faults::Taking;
use super::ledger::End;
use super::{Bytes, FaultKind, Hue, Incarnation, LineIndex, Mark, MarkId, MarkKind, Model, Reach};
use crate::clock::{Moment, Mono};
use crate::event::{Actor, Batch, Cut, FileId, FollowEvent, IncarnationId, LaunchId, Origin};
use crate::record::{StampRun, TextEncoding};

/// An incarnation as its event describes it.
struct New<'a> {
    id: IncarnationId,
    file_id: FileId,
    path: &'a Path,
    start: u64,
    size: u64,
    origin: Origin,
    unlinked: bool,
}

/// How an incarnation lost its name.
struct Loss<'a> {
    path: &'a Path,
    cut: Cut,
    beyond: &'a [StampRun],
    by: Actor,
    replaced: bool,
}

/// How an incarnation moved.
struct Move<'a> {
    from: &'a Path,
    to: &'a Path,
    cut: Cut,
    beyond: &'a [StampRun],
    by: Actor,
}

/// How an incarnation was cut.
struct Cutting<'a> {
    path: &'a Path,
    old_size: u64,
    kept: u64,
    remaining: &'a [StampRun],
    by: Actor,
}

impl Model {
    pub(super) fn fold_follow(&mut self, at: Moment, event: &FollowEvent) {
        if let Some(kind) = event.kind() {
            self.count(kind);
        }
        match event {
            FollowEvent::Created { incarnation, file_id, path, start_offset, size, origin, unlinked } => {
                let (id, file_id, start, size) = (*incarnation, *file_id, *start_offset, *size);
                self.created(at, &New { id, file_id, path, start, size, origin: *origin, unlinked: *unlinked });
            }
            FollowEvent::Renamed { incarnation, from, to, cut, beyond, by } => {
                self.renamed(at, *incarnation, &Move { from, to, cut: *cut, beyond, by: *by });
            }
            FollowEvent::Deleted { incarnation, path, cut, beyond, by, replaced } => {
                self.deleted(at, *incarnation, &Loss { path, cut: *cut, beyond, by: *by, replaced: *replaced });
            }
            FollowEvent::Restored { incarnation, path } => self.restored(at, *incarnation, path),
            FollowEvent::Truncated { incarnation, path, old_size, kept, remaining, by, .. } => {
                let cutting = Cutting { path, old_size: *old_size, kept: *kept, remaining, by: *by };
                self.truncated(at, *incarnation, &cutting);
            }
            FollowEvent::Encoded { incarnation, encoding, .. } => {
                if let Some(one) = self.incarnation_mut(*incarnation) {
                    one.encoding = *encoding;
                }
            }
            FollowEvent::Read(batch) => self.read(at.mono, batch),
            FollowEvent::Pending { incarnation, bytes, size } => {
                if let Some(one) = self.incarnation_mut(*incarnation) {
                    one.pending_bytes = *bytes;
                    one.saw_size(*size);
                    one.last_growth = one.last_growth.max(at.mono);
                }
            }
            FollowEvent::Listed { entries } => self.entries.clone_from(entries),
            FollowEvent::Released { incarnation } => {
                if let Some(one) = self.incarnation_mut(*incarnation) {
                    one.released = true;
                }
                self.refresh_unlinked_bar(*incarnation, at.mono);
            }
            FollowEvent::Archived { incarnation, path } => {
                // In the lane of the name that the file had, wherever the archive moves after that.
                let mut name = None;
                if let Some(one) = self.incarnation_mut(*incarnation) {
                    one.leave_archive();
                    name = one.last_name().map(Path::to_path_buf);
                    one.archive = Some(path.clone());
                }
                self.ledger.archived(*incarnation);
                self.refresh_unlinked_bar(*incarnation, at.mono);
                let kind = MarkKind::Archived { to: path.clone() };
                self.mark(at, Some(*incarnation), name.as_deref(), kind, true);
                // As long as a name leads to the file itself, that is its last one.
                if let Some(one) = self.incarnation_mut(*incarnation).filter(|one| one.path.is_none()) {
                    one.names.push((at.mono, path.clone()));
                }
            }
            FollowEvent::CaughtUp { .. } => {}
            told => self.tell(at, told),
        }
    }

    /// What changes no more than a figure, and stands as a mark.
    fn tell(&mut self, at: Moment, event: &FollowEvent) {
        let (incarnation, path, kind, divider) = match event {
            FollowEvent::Unterminated { incarnation, bytes, .. } => {
                (Some(*incarnation), None, MarkKind::Unterminated { bytes: *bytes }, false)
            }
            FollowEvent::NotAFile { path, .. } => (None, Some(path), MarkKind::NotAFile, true),
            FollowEvent::Inaccessible { path, reason } => {
                (None, Some(path), MarkKind::Inaccessible { reason: reason.clone() }, true)
            }
            FollowEvent::Accessible { path } => (None, Some(path), MarkKind::Accessible, true),
            FollowEvent::Retargeted { path, to } => (None, Some(path), MarkKind::Retargeted { to: to.clone() }, true),
            FollowEvent::Hole { incarnation, offset, bytes } => {
                if let Some(one) = self.incarnation_mut(*incarnation) {
                    one.count_hole(*offset, *bytes);
                }
                (Some(*incarnation), None, MarkKind::Hole { bytes: *bytes }, true)
            }
            FollowEvent::Missed { path, .. } => (None, Some(path), MarkKind::Missed, true),
            FollowEvent::Abandoned { incarnation, bytes } => {
                if let Some(one) = self.incarnation_mut(*incarnation) {
                    one.abandon(*bytes);
                }
                (Some(*incarnation), None, MarkKind::Abandoned { bytes: *bytes }, true)
            }
            FollowEvent::CarriedOver { incarnation, bytes, lines } => {
                if let Some(one) = self.incarnation_mut(*incarnation) {
                    one.count_carried_over(*bytes, *lines);
                }
                (Some(*incarnation), None, MarkKind::CarriedOver { bytes: *bytes }, false)
            }
            FollowEvent::LateBytes { incarnation, bytes } => {
                (Some(*incarnation), None, MarkKind::LateBytes { bytes: *bytes }, true)
            }
            FollowEvent::Overflow => (None, None, MarkKind::Overflow, false),
            FollowEvent::ClockJump { jump_ms } => (None, None, MarkKind::ClockJumped { jump_ms: *jump_ms }, true),
            _ => return,
        };
        self.mark(at, incarnation, path.map(PathBuf::as_path), kind, divider);
    }

    fn created(&mut self, at: Moment, new: &New<'_>) {
        let &New { id, file_id, path, start, size, origin, unlinked } = new;
        let previous = match origin {
            Origin::Truncated { previous } => Some(previous),
            _ => None,
        };
        let one = Incarnation {
            id,
            hue: Hue::of(id),
            file_id,
            origin,
            path: (!unlinked).then(|| path.to_path_buf()),
            names: vec![(at.mono, path.to_path_buf())],
            opened: at,
            ended: None,
            reach: Reach::Unlinked { cut: Cut { offset: size, exact: false } },
            size: size.max(start),
            bytes: Bytes { start, ..Bytes::default() },
            encoding: TextEncoding::default(),
            lines: 0,
            carried_lines: Some(0),
            index: LineIndex::starting_at(start),
            longest_bytes: 0,
            last_growth: at.mono,
            archive: None,
            released: false,
            pending_bytes: 0,
            accounted: start,
        };
        let place = self.incarnations.partition_point(|known| known.id < id);
        if self.incarnations.get(place).is_some_and(|known| known.id == id) {
            return;
        }
        self.incarnations.insert(place, one);
        self.by_file.entry(file_id).or_default().push(id);
        self.ledger.created(id, previous, unlinked.then_some(size));
        if unlinked {
            let (by, end) = self.remover(id, Actor::Other);
            self.ledger.ended_by(id, end);
            self.refresh_unlinked_bar(id, at.mono);
            if previous.is_none() {
                self.vanished(at.mono, id, by);
            }
        } else {
            // After a truncation the file stands where it stood.
            let was_live = previous.and_then(|previous| self.was_live.remove(&previous));
            self.set_live(id, path, was_live.unwrap_or(true));
            self.current.insert(path.to_path_buf(), id);
            self.timeline.lane_mut(path).begin(id, at.mono, false);
        }
        if previous.is_none() {
            self.announce(at, id, path, origin);
        }
        self.find_creator(id);
    }

    /// The files that were there at the start are told apart by dividers only if there are several.
    fn announce(&mut self, at: Moment, id: IncarnationId, path: &Path, origin: Origin) {
        let first = origin == Origin::AtStart && self.incarnations.len() == 1;
        if let Some(held_back) = self.first_file.take()
            && self.rows.is_empty()
        {
            self.rows.push_divider(held_back);
        }
        let mark = self.mark(at, Some(id), Some(path), MarkKind::Created { by: None }, !first);
        self.created_marks.insert(id, mark);
        if first {
            self.first_file = Some(mark);
        }
    }

    fn renamed(&mut self, at: Moment, id: IncarnationId, how: &Move<'_>) {
        let &Move { from, to, cut, beyond, by } = how;
        let by = self.mover(id, to, by);
        let Some(was_live) = self.incarnation(id).map(|one| one.reach == Reach::Live) else { return };
        let live = self.is_writers_path(id, Some(from), to);
        self.leave(id, from, at.mono);
        self.arrive(id, to, at.mono);
        if let Some(one) = self.incarnation_mut(id) {
            one.saw_size(cut.offset);
        }
        self.set_live(id, to, live);
        let mark = self.mark(at, Some(id), Some(from), MarkKind::Renamed { to: to.to_path_buf(), by }, true);
        self.marked_rename(id, to, by, mark);
        if was_live != live {
            self.ledger.moved(id, was_live, cut, beyond);
        }
        if was_live && !live {
            let path = from.to_path_buf();
            self.take_away(id, Taking { at, kind: FaultKind::Renamed, path, by, mark, fault: None });
        } else if live && !was_live {
            self.came_back(id, at.mono);
        }
    }

    fn deleted(&mut self, at: Moment, id: IncarnationId, loss: &Loss<'_>) {
        let &Loss { path, cut, beyond, by, replaced } = loss;
        if self.incarnation(id).is_some_and(|one| one.path.is_none() && one.archive.as_deref() == Some(path)) {
            return self.archive_deleted(at, id, path, by);
        }
        let (by, end) = self.remover(id, by);
        self.leave(id, path, at.mono);
        let Some(one) = self.incarnation_mut(id) else { return };
        one.reach = Reach::Unlinked { cut };
        one.saw_size(cut.offset);
        self.ledger.deleted(id, cut, beyond, end);
        let (kind, fault) = if replaced {
            (MarkKind::Replaced { by }, FaultKind::Replaced)
        } else {
            (MarkKind::Deleted { by }, FaultKind::Deleted)
        };
        let mark = self.mark(at, Some(id), Some(path), kind, true);
        self.take_away(id, Taking { at, kind: fault, path: path.to_path_buf(), by, mark, fault: None });
        self.count_lost_in(id);
        self.refresh_unlinked_bar(id, at.mono);
        self.vanished(at.mono, id, by);
    }

    /// The archive in which an incarnation could be found is gone.
    fn archive_deleted(&mut self, at: Moment, id: IncarnationId, path: &Path, by: Actor) {
        if let Some(one) = self.incarnation_mut(id) {
            one.leave_archive();
        }
        self.ledger.archive_gone(id, End::by(by));
        self.mark(at, Some(id), Some(path), MarkKind::Deleted { by }, true);
        self.refresh_unlinked_bar(id, at.mono);
    }

    fn restored(&mut self, at: Moment, id: IncarnationId, path: &Path) {
        let Some(size) = self.incarnation(id).map(|one| one.size) else { return };
        let live = self.is_writers_path(id, None, path);
        self.forget_end(id);
        self.arrive(id, path, at.mono);
        self.set_live(id, path, live);
        self.refresh_unlinked_bar(id, at.mono);
        self.ledger.restored(id, !live, size);
        self.count_lost_in(id);
        self.mark(at, Some(id), Some(path), MarkKind::Restored, true);
        if live {
            self.came_back(id, at.mono);
        }
    }

    fn truncated(&mut self, at: Moment, id: IncarnationId, how: &Cutting<'_>) {
        let &Cutting { path, old_size, kept, remaining, by } = how;
        let writers = self.launches_of(id);
        let Some(one) = self.incarnation_mut(id) else { return };
        let reach = one.reach;
        one.saw_size(old_size);
        one.abandon(u64::MAX);
        one.pending_bytes = 0;
        one.ended = Some(at);
        self.leave(id, path, at.mono);
        self.refresh_unlinked_bar(id, at.mono);
        self.ledger.truncated(id, remaining, by, &writers);
        self.was_live.insert(id, reach == Reach::Live);
        let kind = MarkKind::Truncated { by, old_size, kept };
        let mark = self.mark(at, Some(id), Some(path), kind, true);
        let taking = Taking { at, kind: FaultKind::Truncated, path: path.to_path_buf(), by, mark, fault: None };
        self.take_away(id, taking);
        if let Some(one) = self.incarnation_mut(id) {
            one.reach = Reach::Truncated { kept };
        }
    }

    fn read(&mut self, at: Mono, batch: &Batch) {
        let id = batch.incarnation;
        let Some(one) = self.incarnation_mut(id) else { return };
        one.count_read(batch.start, batch.end, batch.nul_bytes);
        if one.ended.is_none() {
            one.saw_size(batch.size);
        }
        one.lines = one.lines.max(batch.first_line + batch.lines);
        one.index.extend(&batch.marks, batch.end);
        one.longest_bytes = one.longest_bytes.max(batch.longest_bytes);
        one.pending_bytes = one.pending_bytes.min(one.not_yet_read());
        one.last_growth = one.last_growth.max(at);
        self.rows.push_lines(id, batch.first_line, batch.lines);
        self.timeline.rates.add(at, &batch.levels);
        let beyond = self.ledger.is_beyond(batch).then_some(id);
        // A handler may write lines again that it finds lost.
        let lost_before = self.ledger.losses_among(&batch.stamps);
        self.ledger.read(batch);
        for worker in self.ledger.uncounted_among(&batch.stamps) {
            self.saw_lines_of(at, worker);
        }
        for id in lost_before.into_iter().chain(beyond) {
            self.count_lost_in(id);
        }
    }

    /// The path does not lead to the incarnation any more.
    fn leave(&mut self, id: IncarnationId, path: &Path, at: Mono) {
        if self.current.get(path) == Some(&id) {
            self.current.remove(path);
        }
        self.timeline.lane_mut(path).end(id, false, at);
        if let Some(one) = self.incarnation_mut(id) {
            one.path = None;
        }
    }

    /// The path leads to the incarnation from now on.
    fn arrive(&mut self, id: IncarnationId, path: &Path, at: Mono) {
        self.current.insert(path.to_path_buf(), id);
        // Its hatched bar lies under the lane of the last name that it had.
        let last = self.incarnation(id).and_then(|one| one.last_name().map(Path::to_path_buf));
        if let Some(last) = last
            && self.hatched.remove(&id)
        {
            self.timeline.lane_mut(&last).end(id, true, at);
        }
        self.timeline.lane_mut(path).begin(id, at, false);
        if let Some(one) = self.incarnation_mut(id) {
            one.path = Some(path.to_path_buf());
            if one.names.last().is_none_or(|(_, name)| name != path) {
                one.names.push((at, path.to_path_buf()));
            }
        }
    }

    /// The launches that ever held the incarnation's file, and whether they still do.
    fn launches_of(&self, id: IncarnationId) -> Vec<(LaunchId, bool)> {
        let Some(file) = self.incarnation(id).map(|one| one.file_id) else { return Vec::new() };
        let now: Vec<_> = self.writers_of(id).into_iter().filter_map(|worker| self.worker(worker)?.launch).collect();
        let ever = self.launches_by_file.get(&file).into_iter().flatten();
        ever.map(|launch| (*launch, now.contains(launch))).collect()
    }

    pub(super) fn incarnation_mut(&mut self, id: IncarnationId) -> Option<&mut Incarnation> {
        let index = self.incarnations.partition_point(|known| known.id < id);
        self.incarnations.get_mut(index).filter(|known| known.id == id)
    }

    pub(super) fn mark(
        &mut self,
        at: Moment,
        incarnation: Option<IncarnationId>,
        path: Option<&Path>,
        kind: MarkKind,
        divider: bool,
    ) -> MarkId {
        let path = path.map(Path::to_path_buf).or_else(|| {
            let one = incarnation.and_then(|id| self.incarnation(id))?;
            one.last_name().map(Path::to_path_buf)
        });
        let mark = self.timeline.push_mark(Mark { at, incarnation, path, kind, fault: None });
        if divider {
            self.rows.push_divider(mark);
        }
        mark
    }
}
