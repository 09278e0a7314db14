//! What all panels share: the facts they draw from, and what the person has chosen.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use fluent_bundle::FluentValue;

use super::action::Action;
use super::find::LevelSet;
use super::new_lab::NewLab;
use super::open::{Purpose, SessionRequest};
use super::settings::Settings;
use super::text::Words;
use crate::clock::{Moment, Mono};
use crate::command::Command;
use crate::event::{FileId, IncarnationId, WorkerId};
use crate::follow::{Texts, is_within};
use crate::model::{Hue, MarkId, Model, Worker};

/// What is so, for one frame.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// The session.
    pub model: &'a Model,
    /// The bytes of its files.
    pub texts: &'a Texts,
    /// The catalogue of words.
    pub words: &'a Words,
    /// The real moment for which the frame is drawn. Pictures fix it.
    pub now: Mono,
    /// The same moment on the machine's wall clock.
    pub wall: DateTime<Utc>,
}

impl Scene<'_> {
    /// A message of the catalogue.
    pub fn tr(&self, key: &str) -> String {
        self.words.tr(key)
    }

    /// A message with arguments.
    pub fn tr_args(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        self.words.tr_args(key, args)
    }

    /// The moment for which the frame is drawn, on both clocks.
    pub fn moment(&self) -> Moment {
        Moment { mono: self.now, wall: self.wall }
    }

    /// A monotonic moment on both clocks, reckoned from the nearest mark before it whose wall time is known.
    pub fn moment_at(&self, at: Mono) -> Moment {
        let known = self.model.timeline().marks_between(Mono(0), at).next_back().map(|(_, mark)| mark.at);
        let known = known.or_else(|| self.model.incarnations().first().map(|one| one.opened));
        let known = known.unwrap_or_else(|| self.moment());
        let ns = i64::try_from(i128::from(at.0) - i128::from(known.mono.0)).unwrap_or_default();
        let wall = known.wall.checked_add_signed(chrono::TimeDelta::nanoseconds(ns)).unwrap_or(known.wall);
        Moment { mono: at, wall }
    }

    /// Whether a lab owns this path: what is destroyed there, was made to be destroyed.
    pub fn in_lab(&self, path: &Path) -> bool {
        self.model.lab_folder().is_some_and(|folder| is_within(path, folder))
    }

    /// Whether the session has a lab.
    pub fn has_lab(&self) -> bool {
        self.model.lab_folder().is_some()
    }

    /// How many workers have a process.
    pub fn workers_alive(&self) -> usize {
        self.model.workers().iter().filter(|worker| worker.is_alive()).count()
    }

    /// The colour of an incarnation.
    pub fn hue(&self, id: IncarnationId) -> Hue {
        self.model.incarnation(id).map_or_else(|| Hue::of(id), |one| one.hue)
    }

    /// The incarnation that a worker's handler holds open.
    pub fn held_by(&self, worker: &Worker) -> Option<IncarnationId> {
        self.model.held_by(worker.id)
    }

    /// The workers that hold an incarnation open.
    pub fn writers(&self, id: IncarnationId) -> impl Iterator<Item = &Worker> {
        self.model.workers().iter().filter(move |worker| self.held_by(worker) == Some(id))
    }
}

/// What the person has chosen and what panels ask for.
pub struct State {
    /// What is remembered.
    pub settings: Settings,
    /// What is selected.
    pub selection: Option<Selection>,
    /// The selected incarnation, if it had not ended when the last frame was drawn.
    pub(super) going_on: Option<IncarnationId>,
    /// The incarnation that the pointer was over in the last frame: marked in every panel.
    pub hovered: Option<IncarnationId>,
    /// Set by whatever the pointer is over in this frame.
    pub hovering: Option<IncarnationId>,
    /// A place that log view and timeline should show. Whoever has served it in the log view takes it.
    pub jump: Option<Jump>,
    /// A moment that the timeline should bring into view; the timeline takes it.
    pub show_moment: Option<Mono>,
    /// Whether the log view keeps to the newest line.
    pub follow: bool,
    /// Lines of other levels are left out.
    pub levels: LevelSet,
    /// What is searched for.
    pub find: Find,
    /// Workers whose threads and tasks are shown, or hidden, because somebody wanted it so.
    pub nests: BTreeMap<WorkerId, bool>,
    /// The sentence of a step that the person has done with.
    pub(super) heard: Option<MarkId>,
    /// The lab that was last put together.
    pub new_lab: NewLab,
    requests: Vec<Request>,
}

impl State {
    /// The state at the start.
    pub fn new(settings: Settings) -> State {
        State {
            settings,
            selection: None,
            going_on: None,
            hovered: None,
            hovering: None,
            jump: None,
            show_moment: None,
            follow: true,
            levels: LevelSet::ALL,
            find: Find::default(),
            nests: BTreeMap::new(),
            heard: None,
            new_lab: NewLab::default(),
            requests: Vec::new(),
        }
    }

    /// Asks for something; it is done after all panels have been drawn.
    pub fn ask(&mut self, request: impl Into<Request>) {
        self.requests.push(request.into());
    }

    /// Takes what was asked for.
    pub fn take_requests(&mut self) -> Vec<Request> {
        std::mem::take(&mut self.requests)
    }

    /// The selected worker, if one is selected.
    pub fn selected_worker(&self) -> Option<WorkerId> {
        match self.selection {
            Some(Selection::Worker(id)) => Some(id),
            _ => None,
        }
    }
}

/// What can be selected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// One life of a file.
    Incarnation(IncarnationId),
    /// An entry of a folder that is not followed.
    Entry(PathBuf),
    /// A file that was deleted, is not followed, and is held open by somebody.
    Deleted(FileId),
    /// A worker.
    Worker(WorkerId),
}

/// A place to show.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Jump {
    /// A row of the log view.
    Row(u64),
    /// A line of a file, from 0.
    Line {
        /// Which file's life.
        incarnation: IncarnationId,
        /// Its number there.
        line: u64,
    },
    /// The divider of a mark.
    Mark(MarkId),
}

/// The search in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Find {
    /// Whether its bar is open.
    pub open: bool,
    /// The text, as typed.
    pub text: String,
    /// Whether the field should take the keyboard in the next frame; the log view takes it.
    pub take_focus: bool,
    /// Steps to go: 1 is the next match, -1 the one before; the log view takes it.
    pub step: Option<i8>,
}

/// What a panel asks of the window.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// An action, as if chosen from a menu; it acts on what is selected.
    Act(Action),
    /// A command to the engine, as it is. Destructive ones on files go through an [`Action`], which asks where it must.
    Send(Command),
    /// Operate on one file; asks first where no lab owns the folder.
    File(FileAction, FileTarget),
    /// Show a folder in the file manager.
    Reveal(PathBuf),
    /// Open something instead of the present session.
    Open(SessionRequest),
    /// The same, after a yes where workers run.
    OpenNow(SessionRequest),
    /// Close the window, after a yes where workers run.
    CloseNow,
    /// Ask where to write something.
    Save(Purpose),
    /// Write it to this file.
    Write(Purpose, PathBuf),
}

impl From<Action> for Request {
    fn from(action: Action) -> Request {
        Request::Act(action)
    }
}

impl From<Command> for Request {
    fn from(command: Command) -> Request {
        Request::Send(command)
    }
}

/// The file that an action is about, as shown when it was chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileTarget {
    /// Its path.
    pub path: PathBuf,
    /// Which file stood there.
    pub file_id: Option<FileId>,
}

/// What can be done to a file from the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileAction {
    /// Give it another name.
    Rename,
    /// Cut it to nothing.
    Truncate,
    /// Put an empty file in its place.
    Replace,
    /// Remove it.
    Delete,
}
