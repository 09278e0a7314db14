//! The state of a session, as a pure fold over events: no I/O, no threads, no clock.
//!
//! [`Model::apply`] is the only way it changes, so a replayed list of events gives the same model.

mod faults;
mod files;
mod holdings;
mod hues;
mod incarnation;
mod intervals;
mod ledger;
mod pace;
mod report;
mod rollover;
mod rows;
mod task;
mod timeline;
mod track;
mod worker;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

pub use holdings::{DeletedOpen, Holder};
pub use incarnation::{Bytes, HUES, Hue, Incarnation, LineIndex, Reach};
pub use ledger::{Ledger, Terms};
pub use report::RecoveryReport;
pub use rows::{Row, Rows};
pub use timeline::{Bar, Fault, FaultKind, Mark, MarkId, MarkKind, PathLane, RateHistory, Recovery, Span, Timeline};
pub use worker::{Blocked, TaskPace, Worker, WorkerState};

use crate::clock::{ClockSetting, Moment, Mono};
use crate::event::{
    Actor, Event, FileId, FolderEntry, FollowEvent, IncarnationId, LabState, LaunchId, SessionOpened, What, WorkerId,
};

/// Real time that may pass between an order to the clock and its event, before it counts as a leap.
const CLOCK_TOLERANCE_MS: i64 = 250;

/// Everything that the window draws and the command line prints.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    session: Option<SessionOpened>,
    lab_state: LabState,
    /// The clock's settings, each with the moment from which it held; the last one holds now.
    clocks: Vec<(Mono, ClockSetting)>,
    /// By number.
    incarnations: Vec<Incarnation>,
    rows: Rows,
    workers: Vec<Worker>,
    timeline: Timeline,
    ledger: Ledger,
    entries: Vec<FolderEntry>,
    notices: Vec<(Mono, String)>,
    held_open: Vec<Holder>,
    revision: u64,
    first: Option<Mono>,
    last: Option<Mono>,
    counts: BTreeMap<&'static str, u64>,
    /// The lives of each file, in order: more than one after truncations.
    by_file: BTreeMap<FileId, Vec<IncarnationId>>,
    /// Where each path leads now.
    current: BTreeMap<PathBuf, IncarnationId>,
    /// Paths that have led to a live incarnation, in all and of each.
    live_paths: BTreeSet<PathBuf>,
    live_names: BTreeMap<IncarnationId, Vec<PathBuf>>,
    /// Whether a truncated life had been live; kept until the next one begins.
    was_live: BTreeMap<IncarnationId, bool>,
    tracks: Vec<track::Track>,
    /// Who has held each file, as indices into the worker's spans.
    holders: BTreeMap<FileId, Vec<(WorkerId, usize)>>,
    launches_by_file: BTreeMap<FileId, BTreeSet<LaunchId>>,
    first_opens: BTreeMap<FileId, (Mono, WorkerId)>,
    takings: BTreeMap<IncarnationId, faults::Taking>,
    /// Unlinked incarnations whose bars go on.
    hatched: BTreeSet<IncarnationId>,
    rollovers: rollover::Rollovers,
    created_marks: BTreeMap<IncarnationId, MarkId>,
    last_said: Option<MarkId>,
    /// The divider of the only file so far.
    first_file: Option<MarkId>,
}

impl Model {
    /// An empty model: no session yet.
    pub fn new() -> Model {
        Model::default()
    }

    /// Takes in one fact.
    pub fn apply(&mut self, event: &Event) {
        let at = event.at;
        if let What::SessionOpened(opened) = &event.what {
            self.open_session(at, opened);
        }
        self.revision += 1;
        self.first = Some(self.first.map_or(at.mono, |first| first.min(at.mono)));
        self.last = Some(self.last.map_or(at.mono, |last| last.max(at.mono)));
        match &event.what {
            What::SessionOpened(_) => {}
            What::Lab(state) => {
                self.lab_state = *state;
                if *state == LabState::Stopping {
                    self.end_all();
                }
            }
            What::ClockSet { clock, by } => self.clock_set(at, clock, *by),
            What::Follow(follow) => {
                let new = match follow {
                    FollowEvent::Created { incarnation, .. } => Some(*incarnation),
                    _ => None,
                };
                let new = new.filter(|id| self.incarnation(*id).is_none());
                self.fold_follow(at, follow);
                if let Some(id) = new {
                    self.color(id);
                }
            }
            What::Worker { worker, event } => self.fold_worker(at, *worker, event),
            What::Held { holdings } => self.held(at.mono, holdings),
            What::WrittenBack { file_id, from, to, bytes } => {
                self.count("written_back");
                let kind = MarkKind::WrittenBack { to: to.clone(), bytes: *bytes };
                self.mark(at, self.incarnation_of(*file_id), Some(from), kind, true);
            }
            What::OperationFailed { operation, path, reason, .. } => {
                self.count("operation_failed");
                let kind = MarkKind::OperationFailed { operation: operation.clone(), reason: reason.clone() };
                self.mark(at, self.incarnation_at(path), Some(path), kind, false);
            }
            What::StepDone { text, text_zh, .. } => {
                if !text.is_empty() {
                    let kind = MarkKind::Said { text: text.clone(), text_zh: text_zh.clone() };
                    self.last_said = Some(self.mark(at, None, None, kind, true));
                }
            }
            What::Expected { that, held, found } => {
                let kind = MarkKind::Expected { that: that.clone(), held: *held, found: found.clone() };
                self.mark(at, None, None, kind, true);
            }
            What::Drained => self.ledger.drained(),
            What::Notice { text } => self.notices.push((at.mono, text.clone())),
        }
    }

    fn open_session(&mut self, at: Moment, opened: &SessionOpened) {
        // The revision goes on, so that no cache takes the new session for the old one.
        *self = Model { revision: self.revision, session: Some(opened.clone()), ..Model::default() };
        let Some(lab) = &opened.lab else { return };
        self.clocks.push((at.mono, lab.clock.clone()));
        for (number, setup) in lab.workers.iter().enumerate() {
            let id = WorkerId(u32::try_from(number).unwrap_or(u32::MAX));
            self.workers.push(Worker::idle(id, setup.clone()));
            self.tracks.push(track::Track::default());
            self.timeline.workers.push(Vec::new());
            if setup.program.is_none() {
                self.timeline.lane_mut(&setup.path);
            }
        }
    }

    fn clock_set(&mut self, at: Moment, clock: &ClockSetting, by: Actor) {
        // A clock that begins to run, or comes to stand, shows the same time as before and has not been set.
        let leapt = self.clock().is_some_and(|before| {
            let leap = clock.session_time(&at) - before.session_time(&at);
            leap.num_milliseconds().abs() > CLOCK_TOLERANCE_MS
        });
        let later = self.clocks.partition_point(|(from, _)| *from <= at.mono);
        self.clocks.insert(later, (at.mono, clock.clone()));
        if leapt {
            self.count("clock_set");
            self.mark(at, None, None, MarkKind::ClockSet { by }, true);
        }
    }

    fn count(&mut self, kind: &'static str) {
        *self.counts.entry(kind).or_default() += 1;
    }

    fn has_lab(&self) -> bool {
        self.session.as_ref().is_some_and(|session| session.lab.is_some())
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

    /// All settings of the clock, each with the moment from which it held.
    pub fn clocks(&self) -> &[(Mono, ClockSetting)] {
        &self.clocks
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
        let index = self.incarnations.binary_search_by_key(&id, |one| one.id).ok()?;
        self.incarnations.get(index)
    }

    /// The latest incarnation of a file, for a worker that holds it open.
    pub fn incarnation_of(&self, file: FileId) -> Option<IncarnationId> {
        self.by_file.get(&file)?.last().copied()
    }

    /// The incarnation that a path leads to now.
    pub fn incarnation_at(&self, path: &Path) -> Option<IncarnationId> {
        self.current.get(path).copied()
    }

    /// The live incarnation: the one that the writers' path leads to, and of several the one last written. In a lab
    /// only a file that a worker has opened counts, as long as there is one: a copy made by a person grows too.
    pub fn live(&self) -> Option<IncarnationId> {
        let live = self.current.values().filter_map(|id| self.incarnation(*id)).filter(|one| one.reach == Reach::Live);
        live.max_by_key(|one| (self.holders.contains_key(&one.file_id), one.last_growth, one.id)).map(|one| one.id)
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

    /// The sentence that a step of the lab said last.
    pub fn last_said(&self) -> Option<MarkId> {
        self.last_said
    }

    /// The folder that the lab owns, if the session has a lab.
    pub fn lab_folder(&self) -> Option<&PathBuf> {
        self.session.as_ref()?.lab.as_ref().map(|lab| &lab.folder)
    }
}
