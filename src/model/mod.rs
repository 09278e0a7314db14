//! The state of a session, as a pure fold over events: no I/O, no threads, no clock.
//!
//! [`Model::apply`] is the only way it changes, so a replayed list of events gives the same model.

mod incarnation;
mod intervals;
mod ledger;
mod rows;
mod timeline;
mod worker;

use std::path::{Path, PathBuf};

pub use incarnation::{Bytes, Incarnation, LineIndex, Reach};
pub use ledger::{Ledger, Terms};
pub use rows::{Row, Rows};
pub use timeline::{Bar, Fault, FaultKind, Mark, MarkId, MarkKind, PathLane, RateHistory, Recovery, Span, Timeline};
pub use worker::{Worker, WorkerState};

use crate::clock::{ClockSetting, Mono};
use crate::event::{Event, FileId, FolderEntry, IncarnationId, LabState, SessionOpened, WorkerId};

/// Everything that the window draws and the command line prints.
#[derive(Debug, Default)]
pub struct Model {
    session: Option<SessionOpened>,
    lab_state: LabState,
    /// The clock's settings, each with the moment from which it held; the last one holds now.
    clocks: Vec<(Mono, ClockSetting)>,
    incarnations: Vec<Incarnation>,
    rows: Rows,
    workers: Vec<Worker>,
    timeline: Timeline,
    ledger: Ledger,
    entries: Vec<FolderEntry>,
    notices: Vec<(Mono, String)>,
    revision: u64,
    first: Option<Mono>,
    last: Option<Mono>,
}

impl Model {
    /// An empty model: no session yet.
    pub fn new() -> Model {
        Model::default()
    }

    /// Takes in one fact.
    pub fn apply(&mut self, event: &Event) {
        let _ = event;
        self.revision += 1;
    }

    /// Grows with every event: whoever caches something of the model compares it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The session, once one is open.
    pub fn session(&self) -> Option<&SessionOpened> {
        self.session.as_ref()
    }

    /// The state of the lab; `Ready` also without one.
    pub fn lab_state(&self) -> LabState {
        self.lab_state
    }

    /// The clock that holds now.
    pub fn clock(&self) -> Option<&ClockSetting> {
        self.clocks.last().map(|(_, clock)| clock)
    }

    /// The clock that held at a moment: labels on the timeline come from it.
    pub fn clock_at(&self, at: Mono) -> Option<&ClockSetting> {
        let later = self.clocks.partition_point(|(from, _)| *from <= at);
        self.clocks.get(later.saturating_sub(1)).map(|(_, clock)| clock)
    }

    /// Moments of the first and the last event.
    pub fn span(&self) -> Option<(Mono, Mono)> {
        self.first.zip(self.last)
    }

    /// All incarnations, by number; `#1` is the first.
    pub fn incarnations(&self) -> &[Incarnation] {
        &self.incarnations
    }

    /// One incarnation.
    pub fn incarnation(&self, id: IncarnationId) -> Option<&Incarnation> {
        self.incarnations.get((id.0 as usize).checked_sub(1)?)
    }

    /// The latest incarnation of a file, for a worker that holds it open.
    pub fn incarnation_of(&self, file: FileId) -> Option<IncarnationId> {
        self.incarnations.iter().rev().find(|one| one.file_id == file).map(|one| one.id)
    }

    /// The incarnation that a path leads to now.
    pub fn incarnation_at(&self, path: &Path) -> Option<IncarnationId> {
        self.incarnations
            .iter()
            .rev()
            .find(|one| one.ended.is_none() && one.path.as_deref() == Some(path))
            .map(|one| one.id)
    }

    /// The live incarnation: the one that the writers' path leads to, and of several the one last written.
    pub fn live(&self) -> Option<IncarnationId> {
        self.incarnations
            .iter()
            .filter(|one| one.ended.is_none() && one.reach == Reach::Live)
            .max_by_key(|one| one.last_growth)
            .map(|one| one.id)
    }

    /// What the log view shows, in the order of arrival.
    pub fn rows(&self) -> &Rows {
        &self.rows
    }

    /// The workers, in the order of the lab file.
    pub fn workers(&self) -> &[Worker] {
        &self.workers
    }

    /// One worker.
    pub fn worker(&self, id: WorkerId) -> Option<&Worker> {
        self.workers.get(id.0 as usize)
    }

    /// Lanes, marks, faults and rates.
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// The accounting.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The followed folders' entries, sorted by path.
    pub fn entries(&self) -> &[FolderEntry] {
        &self.entries
    }

    /// Sentences that the person should have seen, with their moments.
    pub fn notices(&self) -> &[(Mono, String)] {
        &self.notices
    }

    /// The folder that the lab owns, if the session has a lab.
    pub fn lab_folder(&self) -> Option<&PathBuf> {
        self.session.as_ref()?.lab.as_ref().map(|lab| &lab.folder)
    }
}
