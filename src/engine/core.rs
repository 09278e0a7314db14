//! The engine's thread: takes orders and events in turn, folds events into the model, and reacts to them.

mod orders;
mod time;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TryRecvError, select};

use super::holders::Holders;
use super::lab_run::LabRun;
use super::launches::Launches;
use super::operate::FileOperator;
use super::restore::Restores;
use super::{EngineError, Session, Shared, targets};
use crate::clock::Moment;
use crate::command::Command;
use crate::event::{Event, FollowEvent, LabState, SessionOpened, What, WorkerEvent, WorkerId};
use crate::follow::{FollowOptions, FollowOrder, Follower, Texts};
use crate::platform::OpenFile;

/// Events between the threads. Small enough that a slow engine makes the follower wait: the disk is the buffer.
const EVENTS_IN_CHANNEL: usize = 256;
/// Events folded under one lock, so that the window never waits long for its frame.
const EVENTS_PER_LOCK: usize = 128;

pub(super) struct Core {
    shared: Arc<Shared>,
    orders: Receiver<Command>,
    events: Receiver<Event>,
    events_in: Sender<Event>,
    texts: Texts,
    pub(super) follower: Follower,
    holders: Holders,
    restores: Restores,
    pub(super) lab: Option<LabRun>,
    pub(super) state: LabState,
    /// Workers that were told to hold still and have not said that they do.
    not_yet_paused: BTreeSet<WorkerId>,
    pub(super) launches: Launches,
    catch_up: CatchUp,
    next_sample: Instant,
    after_stop: AfterStop,
    pictures: Sender<String>,
}

/// The last request to the follower to read everything to its end.
#[derive(Debug, Default)]
struct CatchUp {
    asked: u64,
    /// What it was made for, while it has not been answered.
    purpose: Option<Purpose>,
}

/// Why everything is to be read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Purpose {
    /// So that the model has seen what a step has done.
    Settle,
    /// No worker writes any more: what can't be found then is lost.
    Drain,
}

/// What comes when the last worker has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AfterStop {
    StayReady,
    Reset,
    Quit,
}

impl Core {
    pub(super) fn open(
        session: Session,
        program: PathBuf,
        shared: Arc<Shared>,
        texts: Texts,
        orders: Receiver<Command>,
        pictures: Sender<String>,
    ) -> Result<Core, EngineError> {
        let (events_in, events) = crossbeam_channel::bounded(EVENTS_IN_CHANNEL);
        let (lab, opened, targets) = match session {
            Session::Watch { paths } => {
                let targets = targets::of_paths(&paths)?;
                (None, targets::watched(&paths, &targets), targets)
            }
            Session::Lab { lab, folder } => {
                let run = LabRun::open(*lab, folder, program, events_in.clone())?;
                let targets = run.targets();
                let opened = run.opened();
                (Some(run), opened, targets)
            }
        };
        let holders = Holders::start(&paths_of(&opened)).map_err(holders_error)?;
        let operator = FileOperator { owned: lab.as_ref().map(|run| run.folder().to_owned()) };
        let follower = follow(FollowOptions { targets, stamps: lab.is_some() }, &texts, &events_in, operator)?;
        let mut core = Core {
            shared,
            orders,
            events,
            events_in,
            texts,
            follower,
            holders,
            restores: Restores::default(),
            lab,
            state: LabState::Ready,
            not_yet_paused: BTreeSet::new(),
            launches: Launches::default(),
            catch_up: CatchUp::default(),
            next_sample: Instant::now(),
            after_stop: AfterStop::StayReady,
            pictures,
        };
        core.tell(What::SessionOpened(opened));
        core.tell_of_old_files();
        Ok(core)
    }

    /// What an earlier run of the lab has left is followed too, and would be puzzling without a word.
    fn tell_of_old_files(&mut self) {
        let Some(lab) = &self.lab else { return };
        let entries = |folder: PathBuf| std::fs::read_dir(folder).into_iter().flatten().flatten();
        let is_file = |entry: &std::fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_file());
        let files = lab.log_folders().into_iter().flat_map(entries).filter(is_file).count();
        if files > 0 {
            let text = format!(
                "{files} files of an earlier run stand in this lab's folder and are followed too. Lab, Reset empties it."
            );
            self.tell(What::Notice { text });
        }
    }

    pub(super) fn run(mut self) {
        loop {
            let tick = match self.next_wake() {
                Some(at) => crossbeam_channel::at(at),
                None => crossbeam_channel::never(),
            };
            select! {
                recv(self.events) -> event => {
                    if let Ok(event) = event {
                        self.take_events(event);
                    }
                }
                recv(self.holders.found()) -> found => {
                    if let Ok(found) = found {
                        self.take_found(found);
                    }
                }
                // The window's side is gone without a word: end as if asked.
                recv(self.orders) -> order => self.obey(order.unwrap_or(Command::Quit)),
                recv(tick) -> _ => {}
            }
            if !self.act_on_time() {
                return;
            }
        }
    }

    fn take_events(&mut self, first: Event) {
        let mut events = vec![first];
        while events.len() < EVENTS_PER_LOCK {
            match self.events.try_recv() {
                Ok(event) => events.push(event),
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            }
        }
        if events.iter().any(|event| self.is_awaited_pause(event)) {
            // A worker that holds still has counted all: nobody may see it so with older counts.
            self.sample_now();
        }
        self.fold(&events);
        for event in events {
            self.react(event);
        }
    }

    fn fold(&mut self, events: &[Event]) {
        {
            let mut model = self.shared.write();
            for event in events {
                model.apply(event);
                if let Some(recorder) = &self.shared.recorder {
                    // Whoever has stopped recording has what they wanted.
                    let _ = recorder.send(event.clone());
                }
            }
        }
        self.shared.wake();
    }

    /// Who holds which file, as it was found outside.
    fn take_found(&mut self, found: Vec<OpenFile>) {
        let news = self.holders.news(found, &self.shared.read());
        if let Some(what) = news {
            self.tell(what);
        }
    }

    /// What a call has found out, if anything.
    pub(super) fn fold_found(&mut self, events: &[Event]) {
        if !events.is_empty() {
            self.fold(events);
        }
    }

    /// A fact that the engine itself knows first.
    fn tell(&mut self, what: What) {
        self.fold(&[Event { at: Moment::now(), what }]);
    }

    fn is_awaited_pause(&self, event: &Event) -> bool {
        matches!(&event.what, What::Worker { worker, event: WorkerEvent::Paused } if self.not_yet_paused.contains(worker))
    }

    fn react(&mut self, event: Event) {
        self.holders.hear(&event.what);
        match event.what {
            What::Follow(FollowEvent::CaughtUp { request }) if request == self.catch_up.asked => self.caught_up(),
            What::Follow(FollowEvent::CaughtUp { request }) => self.launch(request),
            What::Follow(event) if may_change_holders(&event) => {
                self.lab.iter().for_each(|lab| lab.supervisor().files_changed());
            }
            What::Worker { worker, event } => self.react_to_worker(worker, event),
            _ => {}
        }
    }

    fn react_to_worker(&mut self, worker: WorkerId, event: WorkerEvent) {
        match event {
            WorkerEvent::Opened { file_id, path, descriptor, .. } => {
                let (known, pid) = {
                    let model = self.shared.read();
                    (model.incarnation_of(file_id).is_some(), model.worker(worker).and_then(|worker| worker.pid))
                };
                // Of a program's processes any may hold it.
                let holder = self.lab.as_ref().and_then(|lab| lab.supervisor().holder(worker, file_id)).unzip();
                let (pid, descriptor) = (holder.0.or(pid), holder.1.or(descriptor));
                if let (false, Some(pid)) = (known, pid) {
                    self.follower.send(FollowOrder::HeldByWorker { pid, descriptor, path, file_id });
                }
            }
            WorkerEvent::Paused | WorkerEvent::Stopped | WorkerEvent::Exited { .. } => self.held_still(worker),
            _ => {}
        }
    }

    fn held_still(&mut self, worker: WorkerId) {
        let was_waiting = self.not_yet_paused.remove(&worker);
        if was_waiting && self.not_yet_paused.is_empty() && self.state == LabState::Paused {
            self.sample_now();
            self.ask_to_catch_up(Purpose::Drain);
        }
    }

    fn ask_to_catch_up(&mut self, purpose: Purpose) {
        self.catch_up.asked += 1;
        self.catch_up.purpose = Some(purpose);
        self.follower.send(FollowOrder::CatchUp(self.catch_up.asked));
    }

    /// Everything that was written before the request has been read.
    fn caught_up(&mut self) {
        let purpose = self.catch_up.purpose.take();
        let still_ending = self.state == LabState::Stopping && self.lab.as_ref().is_some_and(LabRun::any_running);
        // Whoever went on in the meantime has written since.
        if purpose != Some(Purpose::Drain) || self.state == LabState::Running || still_ending {
            return;
        }
        self.tell(What::Drained);
        if self.state == LabState::Stopping {
            self.set_state(LabState::Ready);
            if self.after_stop == AfterStop::Reset {
                self.after_stop = AfterStop::StayReady;
                self.begin_anew();
            }
        }
    }

    /// Whether the model has seen the outcome of every file operation that steps have asked for.
    fn settled(&self) -> bool {
        self.catch_up.purpose.is_none()
    }

    fn set_state(&mut self, state: LabState) {
        if self.state != state {
            self.state = state;
            self.tell(What::Lab(state));
        }
    }

    /// Forgets everything: the lab's folder is emptied and followed as if new. The old threads keep the old channel,
    /// so that nothing they still have to say falls into the new session.
    fn begin_anew(&mut self) {
        let Some(lab) = &mut self.lab else { return };
        let (events_in, events) = crossbeam_channel::bounded(EVENTS_IN_CHANNEL);
        if let Err(error) = lab.reset(events_in.clone()) {
            self.tell(What::Notice { text: error.to_string() });
            return;
        }
        let opened = lab.opened();
        let targets = lab.targets();
        self.launches.give_up();
        let operator = FileOperator { owned: Some(lab.folder().to_owned()) };
        self.events = events;
        self.restores = Restores::default();
        self.texts.clear();
        match Holders::start(&paths_of(&opened)) {
            Ok(holders) => self.holders = holders,
            Err(error) => self.tell(What::Notice { text: holders_error(error).to_string() }),
        }
        self.tell(What::SessionOpened(opened));
        match follow(FollowOptions { targets, stamps: true }, &self.texts, &events_in, operator) {
            Ok(follower) => self.follower = follower,
            Err(error) => self.tell(What::Notice { text: error.to_string() }),
        }
        self.events_in = events_in;
    }
}

/// Whether somebody may hold other files after this than before.
fn may_change_holders(event: &FollowEvent) -> bool {
    matches!(
        event,
        FollowEvent::Created { .. }
            | FollowEvent::Renamed { .. }
            | FollowEvent::Deleted { .. }
            | FollowEvent::Truncated { .. }
            | FollowEvent::Restored { .. }
            | FollowEvent::Retargeted { .. }
    )
}

/// Where the session's files stand.
fn paths_of(opened: &SessionOpened) -> Vec<PathBuf> {
    opened.lab.as_ref().map_or_else(|| opened.paths.clone(), |lab| vec![lab.folder.clone()])
}

fn holders_error(source: std::io::Error) -> EngineError {
    EngineError::Start { what: "start the thread that looks who holds which file", source }
}

fn follow(
    options: FollowOptions,
    texts: &Texts,
    events: &Sender<Event>,
    operator: FileOperator,
) -> Result<Follower, EngineError> {
    Follower::start_into(texts.clone(), options, events.clone(), Box::new(operator))
        .map_err(|source| EngineError::Start { what: "start the follower's thread", source })
}
