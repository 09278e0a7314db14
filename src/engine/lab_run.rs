//! A lab in a session: its folder, its workers, its clock and its steps.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crossbeam_channel::Sender;

use super::EngineError;
use super::steps::{Due, Steps};
use crate::clock::{ClockError, ClockSetting, Moment, Mono};
use crate::command::{ClockOrder, WorkerOrder};
use crate::event::{Event, LaunchId, SessionOpened, What, WorkerEvent, WorkerId};
use crate::follow::{FileSet, Target};
use crate::lab::{self, Lab, LabWorker, OwnedFolder};
use crate::model::{Model, WorkerState};
use crate::record::{LEVELS, Level, Sequence};
use crate::worker::{Plan, ProgramPlan, Supervisor, WorkerPlan};

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
            paths: if self.lab.has_programs() { vec![self.folder().to_owned()] } else { self.log_folders() },
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

    /// What is followed: where Rotascope's own workers write, or all of the folder if a program may write anywhere.
    pub(super) fn targets(&self) -> Vec<Target> {
        if self.lab.has_programs() {
            let kept = self.folder().join(lab::OUTPUT);
            return vec![Target::Files(FileSet::all_below(self.folder()).without(kept))];
        }
        self.log_folders().into_iter().map(Target::Folder).collect()
    }

    /// Starts every worker of Rotascope's own that does not run, in log folders that are there: most handlers make
    /// none, and workers that make one at the same time can trip over each other.
    pub(super) fn start_workers(&mut self) -> Vec<Event> {
        // A worker that can't write there will say so itself, with the system's reason.
        let _ = self.make_folders();
        let clock = self.clock.clone();
        self.steps.start(Mono::now());
        let own = self.workers().filter(|worker| self.program(*worker).is_none()).collect::<Vec<_>>();
        own.into_iter().flat_map(|worker| self.supervisor.start(worker, &clock)).collect()
    }

    /// Makes the log folders that are gone. Those for which that failed, with the system's reason.
    pub(super) fn make_folders(&self) -> Vec<(PathBuf, std::io::Error)> {
        let made = self.log_folders().into_iter().map(|folder| (std::fs::create_dir_all(&folder), folder));
        made.filter_map(|(made, folder)| made.err().map(|error| (folder, error))).collect()
    }

    fn program(&self, worker: WorkerId) -> Option<&lab::ProgramPlan> {
        self.lab.workers.get(worker.0 as usize)?.program()
    }

    /// The programs that do not run.
    pub(super) fn programs_to_start(&self) -> Vec<WorkerId> {
        self.workers().filter(|worker| self.supervisor.next_launch(*worker).is_some()).collect()
    }

    /// What a program will be started as: its next launch, and how its lines are known. None if it runs, or is none.
    pub(super) fn next_launch(&self, worker: WorkerId) -> Option<(LaunchId, Option<Sequence>)> {
        let launch = self.supervisor.next_launch(worker)?;
        Some((launch, self.program(worker)?.sequence.clone()))
    }

    pub(super) fn start_program(&mut self, worker: WorkerId, launch: LaunchId) -> Vec<Event> {
        self.supervisor.start_as(worker, &self.clock, launch)
    }

    pub(super) fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Tells every worker to end, and the model that it was told.
    pub(super) fn stop_workers(&mut self, model: &Model) -> Vec<Event> {
        self.supervisor.stop_all();
        model.workers().iter().filter(|worker| worker.is_alive()).map(|worker| ending(worker.id)).collect()
    }

    pub(super) fn order(&mut self, worker: WorkerId, order: WorkerOrder) -> Vec<Event> {
        match order {
            // The engine prepares that, unless everything is about to end.
            WorkerOrder::Restart if self.program(worker).is_some() => Vec::new(),
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

fn plans(lab: &Lab, folder: &Path) -> Vec<Plan> {
    let plan = |worker: &LabWorker| match worker {
        LabWorker::Own(plan) => Plan::from(own_plan(plan, folder)),
        LabWorker::Program(plan) => Plan::from(ProgramPlan {
            name: plan.name.clone(),
            words: plan.words(lab.file.as_deref()),
            folder: folder.to_owned(),
            output: plan.output(folder),
        }),
    };
    lab.workers.iter().map(plan).collect()
}

fn own_plan(plan: &lab::WorkerPlan, folder: &Path) -> WorkerPlan {
    const BY_INDEX: [Level; LEVELS] =
        [Level::None, Level::Debug, Level::Info, Level::Warning, Level::Error, Level::Critical];
    WorkerPlan {
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
    }
}
