//! What both forms of output stand on: the way out, what files are called, and which of them are none of its business.

use super::awaited::Awaited;
use super::names::Names;
use super::output::Output;
use super::sinks::Sinks;
use crate::event::{FollowEvent, IncarnationId};

/// What both forms of output need.
pub(super) struct Ground {
    pub(super) output: Output,
    pub(super) names: Names,
    pub(super) sinks: Sinks,
    pub(super) awaited: Awaited,
}

impl Ground {
    /// Takes note of an event before it is told, and says whether it is to be: of what is left out nothing is.
    pub(super) fn admits(&mut self, event: &FollowEvent) -> bool {
        self.sinks.learn(event, &self.names);
        if incarnation_of(event).is_some_and(|incarnation| self.sinks.has(incarnation)) {
            return false;
        }
        self.awaited.learn(event);
        if matches!(event, FollowEvent::Created { .. }) {
            self.output.pulse.follows();
        }
        true
    }

    /// Whether the bytes of an incarnation are wanted.
    pub(super) fn wants(&mut self, incarnation: IncarnationId) -> bool {
        self.sinks.look_again(&self.output, &self.names);
        !self.sinks.has(incarnation)
    }
}

/// The incarnation of which an event tells something.
pub(super) fn incarnation_of(event: &FollowEvent) -> Option<IncarnationId> {
    match event {
        FollowEvent::Created { incarnation, .. }
        | FollowEvent::Renamed { incarnation, .. }
        | FollowEvent::Deleted { incarnation, .. }
        | FollowEvent::Restored { incarnation, .. }
        | FollowEvent::Truncated { incarnation, .. }
        | FollowEvent::Unterminated { incarnation, .. }
        | FollowEvent::Hole { incarnation, .. }
        | FollowEvent::Abandoned { incarnation, .. }
        | FollowEvent::CarriedOver { incarnation, .. }
        | FollowEvent::Archived { incarnation, .. }
        | FollowEvent::LateBytes { incarnation, .. } => Some(*incarnation),
        _ => None,
    }
}
