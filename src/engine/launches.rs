//! Programs of the user's own are started once everything has been read that their launches before have written: from
//! then on their lines are the next launch's.

use std::collections::BTreeMap;

use super::core::Core;
use crate::command::WorkerOrder;
use crate::event::{LabState, LaunchId, WorkerId};
use crate::follow::FollowOrder;

/// The programs that will be started once the follower has read all that their launches before have written.
#[derive(Debug, Default)]
pub(super) struct Launches {
    asked: u64,
    /// By the number of the request.
    waiting: BTreeMap<u64, (WorkerId, LaunchId)>,
}

impl Launches {
    /// None of them will be started.
    pub(super) fn give_up(&mut self) {
        self.waiting.clear();
    }
}

/// The highest bit tells requests for launches from all others.
const LAUNCH_REQUEST: u64 = 1 << 63;

impl Core {
    /// Starts a program as soon as everything has been read that its launches before have left. False if it runs, or
    /// is none.
    pub(super) fn prepare_launch(&mut self, worker: WorkerId) -> bool {
        let Some((launch, sequence)) = self.lab.as_ref().and_then(|lab| lab.next_launch(worker)) else { return false };
        if self.launches.waiting.values().any(|(waiting, _)| *waiting == worker) {
            return true;
        }
        self.launches.asked += 1;
        let request = LAUNCH_REQUEST | self.launches.asked;
        self.launches.waiting.insert(request, (worker, launch));
        self.follower.send(FollowOrder::Launch { sequence, launch, request });
        true
    }

    /// Everything before this launch has been read.
    pub(super) fn launch(&mut self, request: u64) {
        let Some((worker, launch)) = self.launches.waiting.remove(&request) else { return };
        let Some(lab) = &mut self.lab else { return };
        let mut found = lab.start_program(worker, launch);
        if self.state == LabState::Paused {
            found.extend(lab.order(worker, WorkerOrder::Pause));
        }
        self.fold_found(&found);
    }
}
