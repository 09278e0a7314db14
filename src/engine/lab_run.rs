//! A lab in a session: its folder, its workers, its clock and its steps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;

use super::EngineError;
use super::steps::{Due, Steps};
use crate::clock::{ClockError, ClockSetting, Moment, Mono};
use crate::command::{ClockOrder, WorkerOrder};
use crate::event::{Event, SessionOpened, What, WorkerEvent, WorkerId};
use crate::lab::{self, Lab, OwnedFolder};
use crate::model::{Model, WorkerState};
use crate::record::{LEVELS, Level};
use crate::worker::{Supervisor, WorkerPlan};

pub(super) struct LabRun {
    lab: Lab,
    folder: OwnedFolder,
    program: PathBuf,
    supervisor: Supervisor,
    /// Holds the workers' pages of counters.
    scratch: tempfile::TempDir,
    clock: ClockSetting,
    steps: Steps,
}

impl LabRun {
    pub(super) fn open(
        lab: Lab,
        folder: OwnedFolder,
        program: PathBuf,
        events: Sender<Event>,
    ) -> Result<LabRun, EngineError> {
        let scratch = scratch().map_err(|source| EngineError::Start { what: "make a temporary folder", source })?;
        let supervisor =
            Supervisor::new(plans(&lab, folder.path()), program.clone(), events, scratch.path().to_owned());
        let clock = lab.clock.clone();
        let steps = Steps::new(&lab.steps);
        Ok(LabRun { lab, folder, program, supervisor, scratch, clock, steps })
    }

    /// Empties the folder and forgets everything but the lab itself. No worker may be running.
    pub(super) fn reset(&mut self, events: Sender<Event>) -> Result<(), EngineError> {
        lab::empty(self.folder.path())?;
        let plans = plans(&self.lab, self.folder.path());
        self.supervisor = Supervisor::new(plans, self.program.clone(), events, self.scratch.path().to_owned());
        self.clock = self.lab.clock.clone();
        self.steps = Steps::new(&self.lab.steps);
        Ok(())
    }

    pub(super) fn opened(&self) -> SessionOpened {
        SessionOpened {
            title: self.lab.title.clone(),
            paths: self.log_folders(),
            lab: Some(self.lab.opened(self.folder.path())),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(super) fn log_folders(&self) -> Vec<PathBuf> {
        self.lab.log_folders(self.folder.path())
    }

    pub(super) fn any_running(&self) -> bool {
        self.supervisor.running() > 0
    }

    fn workers(&self) -> impl Iterator<Item = WorkerId> + use<> {
        (0..self.lab.workers.len() as u32).map(WorkerId)
    }

    /// The workers' counters and what else has come to light.
    pub(super) fn sample(&mut self) -> Vec<Event> {
        self.supervisor.sample()
    }

    /// Starts every worker that does not run, in log folders that are there: most handlers make none, and workers that
    /// make one at the same time can trip over each other.
    pub(super) fn start_workers(&mut self) -> Vec<Event> {
        for folder in self.log_folders() {
            // A worker that can't write there will say so itself, with the system's reason.
            let _ = std::fs::create_dir_all(folder);
        }
        let clock = self.clock.clone();
        self.steps.start(Mono::now());
        self.workers().flat_map(|worker| self.supervisor.start(worker, &clock)).collect()
    }

    /// Tells every worker to end, and the model that it was told.
    pub(super) fn stop_workers(&mut self, model: &Model) -> Vec<Event> {
        self.supervisor.stop_all();
        model.workers().iter().filter(|worker| worker.is_alive()).map(|worker| ending(worker.id)).collect()
    }

    pub(super) fn order(&mut self, worker: WorkerId, order: WorkerOrder) -> Vec<Event> {
        match order {
            // Also one that was never started can be: it begins with the others' clock.
            WorkerOrder::Restart => self.supervisor.start(worker, &self.clock),
            WorkerOrder::Stop => {
                let mut found = self.supervisor.order(worker, order);
                found.push(ending(worker));
                found
            }
            order => self.supervisor.order(worker, order),
        }
    }

    /// Orders every worker that writes to hold still, and tells which ones that are.
    pub(super) fn pause_workers(&mut self, model: &Model) -> (BTreeSet<WorkerId>, Vec<Event>) {
        let writing: BTreeSet<WorkerId> = model
            .workers()
            .iter()
            .filter(|worker| matches!(worker.state, WorkerState::Starting | WorkerState::Running))
            .map(|worker| worker.id)
            .collect();
        let events = self.workers().flat_map(|worker| self.supervisor.order(worker, WorkerOrder::Pause)).collect();
        (writing, events)
    }

    pub(super) fn resume_workers(&mut self) -> Vec<Event> {
        self.workers().flat_map(|worker| self.supervisor.order(worker, WorkerOrder::Resume)).collect()
    }

    // --- clock ----------------------------------------------------------------------------------------------------

    /// A simulated clock stands while the lab does.
    pub(super) fn start_clock(&mut self) -> ClockSetting {
        self.give_clock(self.clock.clone().started(Mono::now()))
    }

    pub(super) fn stop_clock(&mut self) -> ClockSetting {
        self.give_clock(self.clock.clone().stopped(Mono::now()))
    }

    pub(super) fn set_clock(&mut self, order: ClockOrder) -> Result<ClockSetting, ClockError> {
        let now = Mono::now();
        let clock = match order {
            ClockOrder::JumpBy(ms) => self.clock.jumped_by(now, ms)?,
            ClockOrder::JumpTo(to) => self.clock.jumped_to(now, to)?,
            ClockOrder::BeforeMidnight(seconds) => self.clock.before_midnight(now, seconds)?,
            ClockOrder::BeforeOffsetChange(seconds) => self.clock.before_offset_change(now, seconds)?,
            ClockOrder::Rate(rate) => self.clock.at_rate(now, rate)?,
        };
        Ok(self.give_clock(clock))
    }

    fn give_clock(&mut self, clock: ClockSetting) -> ClockSetting {
        if clock != self.clock {
            self.supervisor.set_clock(&clock);
            self.clock = clock.clone();
        }
        clock
    }

    // --- steps ----------------------------------------------------------------------------------------------------

    pub(super) fn steps(&self) -> &Steps {
        &self.steps
    }

    pub(super) fn due_steps(&mut self, model: &Model, settled: bool) -> Vec<Due> {
        self.steps.due(Mono::now(), &self.clock, model, self.folder.path(), settled)
    }
}

fn ending(worker: WorkerId) -> Event {
    Event { at: Moment::now(), what: What::Worker { worker, event: WorkerEvent::Ending } }
}

/// In memory where the system offers it, so that counting never waits for a disk.
fn scratch() -> std::io::Result<tempfile::TempDir> {
    let named = || {
        let mut builder = tempfile::Builder::new();
        builder.prefix("rotascope-");
        builder
    };
    named().tempdir_in("/dev/shm").or_else(|_| named().tempdir())
}

fn plans(lab: &Lab, folder: &Path) -> Vec<WorkerPlan> {
    const BY_INDEX: [Level; LEVELS] =
        [Level::None, Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Critical];
    let plan = |plan: &lab::WorkerPlan| WorkerPlan {
        name: plan.name.clone(),
        module: plan.group.clone(),
        logger: plan.logger.clone(),
        handler: plan.handler_setup(folder),
        format: plan.format.clone(),
        message: plan.message.clone(),
        rate: plan.rate,
        // The handler never hears of what the logger's level holds back.
        levels: BY_INDEX.into_iter().zip(plan.weights).filter(|(level, _)| *level >= plan.level).collect(),
        start: plan.start,
        inherit_file: plan.inherit_file,
        threads: plan.threads,
        tasks: plan.tasks,
        work: plan.work,
    };
    lab.workers.iter().map(plan).collect()
}
