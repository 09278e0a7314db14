//! The accounting of lines: `written = present + torn + lost + destroyed + expired + in_flight`.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::event::WorkerId;

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
    /// Emitted a second time (beside the sum).
    pub duplicated: u64,
    /// Present, but written to a file that was no longer live (beside the sum).
    pub astray: u64,
    /// Whether `destroyed` and `lost` are bounds, since a file went before anybody could look at its size.
    pub bound: bool,
}

/// The accounting of a session.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    workers: BTreeMap<WorkerId, Terms>,
    total: Terms,
}

impl Ledger {
    /// Summed over all workers.
    pub fn total(&self) -> Terms {
        self.total
    }

    /// Of one worker, over all its launches.
    pub fn worker(&self, worker: WorkerId) -> Terms {
        self.workers.get(&worker).copied().unwrap_or_default()
    }
}
