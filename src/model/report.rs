//! Figures drawn from the model for the window's panels and for scripts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{FaultKind, Model, Reach, Worker, WorkerState};
use crate::clock::Mono;
use crate::event::{FileId, IncarnationId, WorkerId};

/// One worker's way through one fault, as `run --json` tells it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecoveryReport {
    /// The worker's name.
    pub worker: String,
    /// What took the file away.
    pub cause: FaultKind,
    /// From the fault to the reopen, in milliseconds; none if it never came.
    pub gap_ms: Option<f64>,
    /// Lines of this worker that went into the unlinked file.
    pub lost: u64,
}

impl Model {
    /// Every worker's way through every fault, in the order of the faults.
    pub fn recoveries(&self) -> Vec<RecoveryReport> {
        let all = self.timeline.faults.iter().flat_map(|fault| fault.recoveries.iter().map(|one| (fault.kind, one)));
        all.filter_map(|(cause, one)| {
            let worker = self.worker(one.worker)?.setup.name.clone();
            Some(RecoveryReport { worker, cause, gap_ms: one.gap_ms, lost: one.lost })
        })
        .collect()
    }

    /// How often each kind of event was seen: the follower's by the names of the outside contract, and `reopened`,
    /// `rolled_over` (a live file put away), `made_room` and `retired` (archives removed at that), `emit_failed`, `worker_exited`, `clock_set`, `operation_failed`.
    pub fn events(&self) -> &BTreeMap<&'static str, u64> {
        &self.counts
    }

    /// The workers whose handlers hold this incarnation's file open now.
    pub fn writers_of(&self, id: IncarnationId) -> Vec<WorkerId> {
        let Some(file) = self.incarnation(id).filter(|one| one.ended.is_none()).map(|one| one.file_id) else {
            return Vec::new();
        };
        self.holding(file).collect()
    }

    /// The incarnation that a worker writes to, once the follower has told of it.
    pub fn held_by(&self, worker: WorkerId) -> Option<IncarnationId> {
        let worker = self.worker(worker).filter(|worker| !worker.closed)?;
        self.incarnation_of(worker.holds.as_ref()?.0)
    }

    /// The incarnation that a file was at a moment: the spans of the timeline name files.
    pub fn incarnation_of_at(&self, file: FileId, at: Mono) -> Option<IncarnationId> {
        let lives = self.by_file.get(&file)?;
        let begun = lives.iter().rev().find(|id| self.incarnation(**id).is_some_and(|one| one.opened.mono <= at));
        begun.or(lives.first()).copied()
    }

    fn holding(&self, file: FileId) -> impl Iterator<Item = WorkerId> {
        let holds =
            move |worker: &&Worker| !worker.closed && worker.holds.as_ref().is_some_and(|(held, _)| *held == file);
        self.workers.iter().filter(holds).map(|worker| worker.id)
    }

    /// The workers that write to a file that is unlinked or was moved off the writers' path.
    pub fn orphans(&self) -> Vec<WorkerId> {
        let off =
            |id| self.incarnation(id).is_some_and(|one| matches!(one.reach, Reach::Unlinked { .. } | Reach::Moved));
        let ids = self.workers.iter().map(|worker| worker.id);
        ids.filter(|worker| self.held_by(*worker).is_some_and(off)).collect()
    }

    /// Bytes of files without a name that stay on the disk because a worker or Rotascope holds them open.
    pub fn pinned_bytes(&self) -> u64 {
        let pinned = self.incarnations.iter().filter(|one| {
            one.is_unlinked() && one.ended.is_none() && (!one.released || self.holding(one.file_id).next().is_some())
        });
        pinned.map(|one| one.size).sum()
    }

    /// Whether each running worker whose handler can reopen holds a live file and has answered all its faults. Ask
    /// only after the events of the file operation in question have been applied.
    pub fn all_reopened(&self) -> bool {
        let mut bound = self.workers.iter().filter(|one| one.state == WorkerState::Running && one.setup.can_reopen);
        bound.all(|worker| {
            let held = self.held_by(worker.id).and_then(|id| self.incarnation(id));
            held.is_some_and(|one| one.reach == Reach::Live)
                && self.tracks.get(worker.id.0 as usize).is_some_and(|track| track.open_faults.is_empty())
        })
    }

    /// How many workers have recovered from the last fault that took a file away; 0 if there was none.
    pub fn reopened_workers(&self) -> usize {
        let last = self.timeline.faults.iter().rev().find(|fault| fault.kind != FaultKind::Truncated);
        last.map_or(0, |fault| fault.recoveries.iter().filter(|one| one.at.is_some()).count())
    }
}
