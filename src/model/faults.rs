//! Who held which file when, what took it away, and who has recovered.
//!
//! Workers and follower tell of the same moments through different channels, so what belongs together is matched by
//! file id and by the moments that the events bear, never by their order of arrival.

use std::path::{Path, PathBuf};

use super::{Fault, FaultKind, MarkId, MarkKind, Model, Reach, Recovery, Span};
use crate::clock::{Moment, Mono};
use crate::event::{Actor, FileId, IncarnationId, OpenReason, Origin, WorkerId};

/// Who opens a file right after it appeared has made it: the moments are taken by two processes.
const CREATOR_SLACK_NS: u64 = 20_000_000;

/// A handler that closes its file since the path is gone may be told of before the follower has looked.
const CLOSED_SLACK_NS: u64 = 2_000_000_000;

/// What last took a file from its path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Taking {
    pub(super) at: Moment,
    pub(super) kind: FaultKind,
    pub(super) path: PathBuf,
    pub(super) by: Actor,
    pub(super) mark: MarkId,
    pub(super) fault: Option<usize>,
}

/// A worker's opening of a file.
pub(super) struct Opening<'a> {
    pub(super) worker: WorkerId,
    pub(super) at: Mono,
    pub(super) file: FileId,
    pub(super) path: &'a Path,
    pub(super) reason: OpenReason,
}

impl Model {
    /// A file was taken away: notes a fault if workers held it at that moment.
    pub(super) fn take_away(&mut self, incarnation: IncarnationId, mut taking: Taking) {
        let recoveries = self.holders_at(incarnation, &taking);
        if !recoveries.is_empty() {
            self.new_fault(incarnation, &mut taking, recoveries);
        }
        self.takings.insert(incarnation, taking);
    }

    fn new_fault(
        &mut self,
        incarnation: IncarnationId,
        taking: &mut Taking,
        recoveries: Vec<(Recovery, Option<usize>)>,
    ) {
        let fault = self.timeline.faults.len();
        taking.fault = Some(fault);
        if let Some(mark) = self.timeline.marks.get_mut(taking.mark.0 as usize) {
            mark.fault = Some(fault);
        }
        self.timeline.faults.push(Fault {
            at: taking.at,
            kind: taking.kind,
            incarnation,
            path: taking.path.clone(),
            by: taking.by,
            recoveries: Vec::new(),
        });
        for (recovery, answer) in recoveries {
            self.enter_recovery(fault, recovery, answer);
        }
    }

    /// `answer` is the span by which the worker recovered, if it has.
    fn enter_recovery(&mut self, fault: usize, recovery: Recovery, answer: Option<usize>) {
        let worker = recovery.worker.0 as usize;
        let alive = self.workers.get(worker).is_some_and(|worker| worker.holds.is_some());
        if recovery.at.is_none() && alive {
            self.tracks[worker].open_faults.push(fault);
        }
        if let Some(span) = answer.and_then(|answer| self.timeline.workers[worker].get_mut(answer))
            && span.answers.is_none()
        {
            span.answers = Some(fault);
            self.workers[worker].last_gap_ms = recovery.gap_ms;
        }
        if let Some(fault) = self.timeline.faults.get_mut(fault) {
            fault.recoveries.push(recovery);
        }
    }

    /// Every worker that held the file when it was taken, the one that took it excepted.
    fn holders_at(&self, incarnation: IncarnationId, taking: &Taking) -> Vec<(Recovery, Option<usize>)> {
        let Some(file) = self.incarnation(incarnation).map(|one| one.file_id) else { return Vec::new() };
        let held = self.holders.get(&file).map(Vec::as_slice).unwrap_or_default();
        let mut found: Vec<(Recovery, Option<usize>)> = Vec::new();
        for &(worker, index) in held.iter().rev() {
            if taking.by == Actor::Worker(worker) || found.iter().any(|(recovery, _)| recovery.worker == worker) {
                continue;
            }
            let spans = &self.timeline.workers[worker.0 as usize];
            let (span, next) = (&spans[index], spans.get(index + 1));
            let goes_on = |next: &&Span| span.closed && next.reason != OpenReason::First;
            let next = next.filter(|next| Some(next.from) == span.to || goes_on(next));
            let at = taking.at.mono;
            let held_then = span.from <= at && span.to.is_none_or(|to| to >= at);
            // It looked before the follower did: only a change of the path makes a handler open another file.
            let noticed_first = span.to.is_some_and(|to| to < at)
                && next.is_some_and(|next| {
                    next.answers.is_none() && matches!(next.reason, OpenReason::Gone | OpenReason::Changed)
                });
            // Or it found no folder to open another one in.
            let closed_first = span.closed
                && taking.kind != FaultKind::Truncated
                && span.to.is_some_and(|to| to < at && at.since(to) <= CLOSED_SLACK_NS)
                && next.is_none_or(|next| next.answers.is_none() && next.from >= at);
            if !held_then && !noticed_first && !closed_first {
                continue;
            }
            let at_once = taking.kind == FaultKind::Truncated;
            let back = if at_once { Some(at) } else { next.map(|next| next.from) };
            let recovery =
                Recovery { worker, at: back, gap_ms: back.map(|back| gap_ms(at, back)), lost: 0, refused: 0 };
            found.push((recovery, next.filter(|_| !at_once).map(|_| index + 1)));
        }
        found.reverse();
        found
    }

    /// A worker's handler holds a file open. Answers what had taken the last one away.
    pub(super) fn opened(&mut self, opening: &Opening<'_>) {
        let &Opening { worker, at, file, path, reason } = opening;
        let index = worker.0 as usize;
        let before = self.end_span(worker, at);
        let open = std::mem::take(&mut self.tracks[index].open_faults);
        // Told late: it opened this very file before that was taken, and has not recovered.
        let (still, answered): (Vec<usize>, Vec<usize>) = open.into_iter().partition(|fault| {
            let fault = &self.timeline.faults[*fault];
            fault.at.mono >= at && self.incarnation(fault.incarnation).is_some_and(|one| one.file_id == file)
        });
        self.tracks[index].open_faults = still;
        for fault in &answered {
            self.recovered(*fault, worker, at);
        }
        if let Some(first) = answered.first() {
            self.workers[index].last_gap_ms = Some(gap_ms(self.timeline.faults[*first].at.mono, at));
        }
        let spans = &mut self.timeline.workers[index];
        self.holders.entry(file).or_default().push((worker, spans.len()));
        spans.push(Span { file, from: at, to: None, closed: false, reason, answers: answered.first().copied() });
        self.workers[index].holds = Some((file, path.to_path_buf()));
        self.workers[index].closed = false;
        self.workers[index].failing = false;
        self.launches_by_file.entry(file).or_default().extend(self.workers[index].launch);
        self.creator_opened(opening);
        if let Some(id) = self.incarnation_of(file) {
            self.late_holder(id, worker, at);
            self.refresh_unlinked_bar(id, at);
        }
        if let Some(id) = before.filter(|before| *before != file).and_then(|before| self.incarnation_of(before)) {
            self.refresh_unlinked_bar(id, at);
        }
    }

    /// The worker opened the file before it was taken away, but told of it after that.
    fn late_holder(&mut self, incarnation: IncarnationId, worker: WorkerId, at: Mono) {
        let Some(mut taking) = self.takings.get(&incarnation).cloned() else { return };
        if taking.at.mono < at || taking.by == Actor::Worker(worker) {
            return;
        }
        let known = taking.fault.and_then(|fault| self.timeline.faults.get(fault));
        if known.is_some_and(|fault| fault.recoveries.iter().any(|recovery| recovery.worker == worker)) {
            return;
        }
        let recovery = Recovery { worker, at: None, gap_ms: None, lost: 0, refused: 0 };
        match taking.fault {
            Some(fault) => self.enter_recovery(fault, recovery, None),
            None => {
                self.new_fault(incarnation, &mut taking, vec![(recovery, None)]);
                self.takings.insert(incarnation, taking);
            }
        }
        self.count_lost_in(incarnation);
    }

    /// The earliest to open a new file has made it, unless it was put there in place of another.
    fn creator_opened(&mut self, opening: &Opening<'_>) {
        let first = self.first_opens.entry(opening.file).or_insert((opening.at, opening.worker));
        if opening.at < first.0 {
            *first = (opening.at, opening.worker);
        }
        if let Some(id) = self.incarnation_of(opening.file) {
            self.find_creator(id);
        }
    }

    /// Writes into an incarnation's mark who made it, if a worker told of it.
    pub(super) fn find_creator(&mut self, id: IncarnationId) {
        let Some(one) = self.incarnation(id) else { return };
        let (file, origin, seen) = (one.file_id, one.origin, one.opened.mono);
        let made = match origin {
            Origin::Created => true,
            // A writer's rollover may rename the old file away and make the new one before anybody looks.
            Origin::Replaced { previous } => self
                .takings
                .get(&previous)
                .is_none_or(|taking| taking.kind == FaultKind::Renamed || matches!(taking.by, Actor::Worker(_))),
            Origin::AtStart | Origin::Retargeted { .. } | Origin::Truncated { .. } => false,
        };
        let Some(&(at, worker)) = self.first_opens.get(&file) else { return };
        if !made || at > seen.plus_ns(CREATOR_SLACK_NS) {
            return;
        }
        if let Some(mark) = self.created_marks.get(&id).and_then(|mark| self.timeline.marks.get_mut(mark.0 as usize))
            && let MarkKind::Created { by } = &mut mark.kind
        {
            *by = Some(worker);
        }
        let Some(lane) = self.incarnation(id).map(|one| one.names[0].1.clone()) else { return };
        let bars = &mut self.timeline.lane_mut(&lane).bars;
        if let Some(bar) = bars.iter_mut().rev().find(|bar| bar.incarnation == id && !bar.unlinked && bar.from == seen)
        {
            bar.from = bar.from.min(at);
        }
    }

    /// The worker let go of what it held; gives back which file that was.
    pub(super) fn end_span(&mut self, worker: WorkerId, at: Mono) -> Option<FileId> {
        let span = self.timeline.workers.get_mut(worker.0 as usize)?.last_mut().filter(|span| span.to.is_none())?;
        span.to = Some(at.max(span.from));
        Some(span.file)
    }

    /// Who took the file away has not been robbed of it.
    pub(super) fn not_its_victim(&mut self, worker: WorkerId, fault: usize) {
        let Some(entry) = self.timeline.faults.get_mut(fault) else { return };
        entry.by = Actor::Worker(worker);
        entry.recoveries.retain(|recovery| recovery.worker != worker);
        let index = worker.0 as usize;
        self.tracks[index].open_faults.retain(|open| *open != fault);
        for span in self.timeline.workers[index].iter_mut().filter(|span| span.answers == Some(fault)) {
            span.answers = None;
        }
    }

    fn recovered(&mut self, fault: usize, worker: WorkerId, at: Mono) {
        let Some(fault) = self.timeline.faults.get_mut(fault) else { return };
        let from = fault.at.mono;
        for recovery in fault.recoveries.iter_mut().filter(|one| one.worker == worker && one.at.is_none()) {
            recovery.at = Some(at);
            recovery.gap_ms = Some(gap_ms(from, at));
        }
    }

    /// The file itself came back to the writers' path: who still holds it has recovered by that.
    pub(super) fn came_back(&mut self, incarnation: IncarnationId, at: Mono) {
        for index in 0..self.tracks.len() {
            let worker = WorkerId(u32::try_from(index).unwrap_or(u32::MAX));
            let open = std::mem::take(&mut self.tracks[index].open_faults);
            for fault in open {
                if self.timeline.faults[fault].incarnation == incarnation {
                    self.recovered(fault, worker, at);
                } else {
                    self.tracks[index].open_faults.push(fault);
                }
            }
        }
        self.takings.remove(&incarnation);
    }

    /// Lines of a worker were refused while it had not recovered.
    pub(super) fn refused_after(&mut self, worker: WorkerId, lines: u64) {
        let Some(track) = self.tracks.get(worker.0 as usize) else { return };
        for fault in &track.open_faults {
            let Some(fault) = self.timeline.faults.get_mut(*fault) else { continue };
            for recovery in fault.recoveries.iter_mut().filter(|one| one.worker == worker) {
                recovery.refused += lines;
                recovery.lost += lines;
            }
        }
    }

    /// Writes into an unlinked incarnation's fault how many lines each worker has lost there.
    pub(super) fn count_lost_in(&mut self, incarnation: IncarnationId) {
        let Some(fault) = self.takings.get(&incarnation).and_then(|taking| taking.fault) else { return };
        let Some(fault) = self.timeline.faults.get_mut(fault) else { return };
        if matches!(fault.kind, FaultKind::Deleted | FaultKind::Replaced) {
            for recovery in &mut fault.recoveries {
                recovery.lost = self.ledger.lost_in(incarnation, recovery.worker) + recovery.refused;
            }
        }
    }

    /// An unlinked file goes on, hatched, below the lane of its last name until its last writer lets go of it; without
    /// a lab nobody tells of writers, and it goes on until Rotascope itself lets go.
    pub(super) fn refresh_unlinked_bar(&mut self, id: IncarnationId, at: Mono) {
        let Some(one) = self.incarnation(id) else { return };
        // What was compressed is there to be read, whoever still holds the file.
        let goes_on = one.is_unlinked() && one.ended.is_none() && one.archive.is_none();
        if !goes_on && !self.hatched.contains(&id) {
            return;
        }
        let file = one.file_id;
        let (Some(name), Some(from)) = (one.last_name().map(Path::to_path_buf), self.unlinked_from(id)) else { return };
        let held = if self.has_lab() { self.let_go(file).is_none() } else { !one.released };
        let until = self.let_go(file).flatten();
        let lane = self.timeline.lane_mut(&name);
        if goes_on && held {
            if self.hatched.insert(id) {
                lane.begin(id, from, true);
            }
        } else if self.hatched.remove(&id) {
            lane.end(id, true, at);
        } else if let Some(until) = until.filter(|until| goes_on && *until > from)
            && !lane.bars.iter().rev().any(|bar| bar.incarnation == id && bar.unlinked && bar.from == from)
        {
            lane.begin(id, from, true);
            lane.end(id, true, until);
        }
    }

    fn unlinked_from(&self, id: IncarnationId) -> Option<Mono> {
        self.takings.get(&id).map(|taking| taking.at.mono).or_else(|| self.incarnation(id).map(|one| one.opened.mono))
    }

    /// None while a worker holds the file; else the moment when the last one let go, if any ever held it.
    fn let_go(&self, file: FileId) -> Option<Option<Mono>> {
        let held = self.holders.get(&file).map(Vec::as_slice).unwrap_or_default();
        let mut last = None;
        for &(worker, index) in held {
            last = last.max(Some(self.timeline.workers[worker.0 as usize][index].to?));
        }
        Some(last)
    }

    /// Whether `to` is where writers write, seen from an incarnation that moves there from `from`.
    ///
    /// In a lab the workers tell where they write. Elsewhere the followed paths, and paths under which the file or
    /// another one was live, are the writers'; between two such a longer name (`P.1`, `P.new`) is the one aside.
    pub(super) fn is_writers_path(&self, id: IncarnationId, from: Option<&Path>, to: &Path) -> bool {
        if self.live_names.get(&id).is_some_and(|names| names.iter().any(|name| name == to)) {
            return true;
        }
        if self.has_lab() {
            return self.workers.iter().any(|worker| match &worker.holds {
                Some((_, path)) => path == to,
                None => worker.pid.is_none() && worker.setup.path == to,
            });
        }
        if self.session.as_ref().is_some_and(|session| session.paths.iter().any(|path| path == to)) {
            return true;
        }
        let extends = |long: &Path, short: &Path| {
            long.as_os_str().as_encoded_bytes().starts_with(short.as_os_str().as_encoded_bytes())
        };
        match from {
            Some(from) if extends(from, to) => true,
            Some(from) if extends(to, from) => false,
            _ => self.live_paths.contains(to),
        }
    }

    /// Puts an incarnation on the writers' path or off it; says whether that has changed.
    pub(super) fn set_live(&mut self, id: IncarnationId, path: &Path, live: bool) -> bool {
        if live {
            self.live_paths.insert(path.to_path_buf());
            let names = self.live_names.entry(id).or_default();
            if !names.iter().any(|name| name == path) {
                names.push(path.to_path_buf());
            }
        }
        let Some(one) = self.incarnation_mut(id) else { return false };
        let reach = if live { Reach::Live } else { Reach::Moved };
        std::mem::replace(&mut one.reach, reach) != reach
    }
}

pub(super) fn gap_ms(fault: Mono, back: Mono) -> f64 {
    back.since(fault) as f64 / 1e6
}
