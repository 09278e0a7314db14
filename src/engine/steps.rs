//! The lab's steps: which are due now, and what they ask for.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::clock::{ClockSetting, Moment, Mono};
use crate::command::{ClockOrder, FileOperation, FileOrder, WorkerOrder};
use crate::event::{Actor, What, WorkerId};
use crate::lab::{Action, Figure, Step, StepPath, When};
use crate::model::{Model, Worker, WorkerState};

/// How often a step that waits for a state, not for a time, looks whether it has come.
const LOOK: Duration = Duration::from_millis(20);

/// The lab's time does not wait longer than this for workers that come up.
const UP_WITHIN: Duration = Duration::from_secs(5);

/// All steps of a lab and how far they are.
#[derive(Debug)]
pub(super) struct Steps {
    asked: Option<Mono>,
    /// From when their times count: a fault before the first line shows nothing.
    started: Option<Mono>,
    steps: Vec<Progress>,
}

#[derive(Debug)]
struct Progress {
    step: Step,
    /// Times it was carried out.
    runs: u64,
    /// When it was carried out last, or given up.
    last: Option<Mono>,
    /// When it is due again, once it has been carried out.
    again: Option<Mono>,
    over: bool,
}

/// A step whose time has come.
#[derive(Debug)]
pub(super) struct Due {
    /// Its number, for events.
    pub(super) step: u32,
    /// What to do.
    pub(super) act: Act,
}

/// What a step asks for.
#[derive(Debug)]
pub(super) enum Act {
    File(FileOrder),
    FillDisk {
        leave_bytes: u64,
    },
    Worker(WorkerId, WorkerOrder),
    Clock(ClockOrder),
    Picture(String),
    /// Nothing but an event, which is the step's whole effect.
    Tell(What),
    /// A repeated step found nothing to act on: its turn passes in silence.
    Nothing,
}

impl Steps {
    pub(super) fn new(steps: &[Step]) -> Steps {
        let progress = |step: &Step| Progress { step: step.clone(), runs: 0, last: None, again: None, over: false };
        Steps { asked: None, started: None, steps: steps.iter().map(progress).collect() }
    }

    /// The lab was started; a second start after a stop goes on where the first one was.
    pub(super) fn start(&mut self, now: Mono) {
        self.asked.get_or_insert(now);
    }

    /// The moment from which times count, once it has come.
    fn begin(&mut self, now: Mono, model: &Model) -> Option<Mono> {
        let patient = now.since(self.asked?) < nanos(UP_WITHIN);
        if self.started.is_none() && !(patient && are_coming_up(model)) {
            self.started = Some(now);
        }
        self.started
    }

    /// Whether the times of steps, and of a run, count by now.
    pub(super) fn have_begun(&self) -> bool {
        self.started.is_some()
    }

    /// Whether every step has had its turn. One that repeats without an end counts after its first.
    pub(super) fn are_over(&self) -> bool {
        self.steps.iter().all(|progress| progress.over || (progress.is_endless() && progress.runs > 0))
    }

    /// When to look again; none if nothing is to come.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let now = Mono::now();
        let Some(started) = self.started else { return self.asked.map(|_| Instant::now() + LOOK) };
        let open = self.steps.iter().filter(|progress| !progress.over);
        open.map(|progress| match progress.due_at(started) {
            Some(due) => Instant::now() + Duration::from_nanos(due.since(now)),
            None => Instant::now() + LOOK,
        })
        .min()
    }

    /// The steps whose time has come. `settled` says whether the model has seen what earlier steps did.
    pub(super) fn due(
        &mut self,
        now: Mono,
        clock: &ClockSetting,
        model: &Model,
        folder: &Path,
        settled: bool,
    ) -> Vec<Due> {
        let Some(started) = self.begin(now, model) else { return Vec::new() };
        let mut due = Vec::new();
        for index in 0..self.steps.len() {
            let before = index.checked_sub(1).map_or(Some(started), |before| self.steps[before].last);
            let progress = &mut self.steps[index];
            if progress.over {
                continue;
            }
            let number = index as u32;
            // What an earlier step of this very look asks for has not happened yet.
            let settled = settled && due.iter().all(|due: &Due| matches!(due.act, Act::Tell(_) | Act::Nothing));
            match progress.turn(now, started, before, clock, model, settled) {
                Turn::NotYet => {}
                Turn::Now => {
                    progress.runs += 1;
                    progress.carried_out(now, started);
                    let act = act(&progress.step, progress.runs, number, model, folder);
                    due.push(Due { step: number, act });
                }
                Turn::TooLate { waited } => {
                    progress.last = Some(now);
                    progress.over = true;
                    let that = "all workers reopened".to_owned();
                    let found = format!("not within {} ms", waited.as_millis());
                    let act = Act::Tell(What::Expected { that, held: false, found });
                    due.push(Due { step: number, act });
                }
            }
        }
        due
    }
}

/// Whether some worker of a lab that was started has not been heard of yet.
fn are_coming_up(model: &Model) -> bool {
    let coming = |worker: &Worker| matches!(worker.state, WorkerState::Idle | WorkerState::Starting);
    model.workers().iter().any(coming)
}

enum Turn {
    NotYet,
    Now,
    TooLate { waited: Duration },
}

impl Progress {
    fn is_endless(&self) -> bool {
        self.step.repeat.is_some_and(|repeat| repeat.until.is_none())
    }

    /// The real moment at which it is due, if that is what it waits for.
    fn due_at(&self, started: Mono) -> Option<Mono> {
        match (self.again, self.step.when) {
            (Some(again), _) => Some(again),
            (None, When::At { real }) => Some(started.plus_ns(nanos(real))),
            (None, When::LabAt { .. } | When::AllReopened { .. }) => None,
        }
    }

    fn turn(
        &self,
        now: Mono,
        started: Mono,
        before: Option<Mono>,
        clock: &ClockSetting,
        model: &Model,
        settled: bool,
    ) -> Turn {
        if let Some(due) = self.due_at(started) {
            return if now >= due { Turn::Now } else { Turn::NotYet };
        }
        match self.step.when {
            When::LabAt { session } => {
                let reached = clock.session_time(&Moment { mono: now, wall: Moment::now().wall }) >= session;
                if reached { Turn::Now } else { Turn::NotYet }
            }
            When::AllReopened { timeout } => {
                let Some(before) = before else { return Turn::NotYet };
                if settled && model.all_reopened() {
                    Turn::Now
                } else if now.since(before) > nanos(timeout) {
                    Turn::TooLate { waited: timeout }
                } else {
                    Turn::NotYet
                }
            }
            When::At { .. } => Turn::NotYet,
        }
    }

    fn carried_out(&mut self, now: Mono, started: Mono) {
        self.last = Some(now);
        let Some(repeat) = self.step.repeat else {
            self.over = true;
            return;
        };
        let every = nanos(repeat.every);
        let planned = self.due_at(started).unwrap_or(now).plus_ns(every);
        // After a stall it leaves out the turns that it missed and keeps its beat, so that steps that alternate, like
        // stop and continue, go on doing so.
        let missed = now.since(planned).div_ceil(every);
        let next = planned.plus_ns(missed.saturating_mul(every));
        self.over = repeat.until.is_some_and(|until| next > started.plus_ns(nanos(until)));
        self.again = Some(next);
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

fn act(step: &Step, run: u64, number: u32, model: &Model, folder: &Path) -> Act {
    let by = Actor::Step(number);
    let file = |path: &StepPath, operation: &dyn Fn(&Path) -> FileOperation| {
        let found = match path.resolve(folder, run) {
            Some(path) => Some(path),
            None => model.live().and_then(|live| model.incarnation(live)).and_then(|live| live.path.clone()),
        };
        match found {
            Some(path) => Act::File(FileOrder { operation: operation(&path), path, file_id: None, by }),
            None if step.repeat.is_some() => Act::Nothing,
            None => Act::Tell(What::OperationFailed {
                operation: step.action.name().to_owned(),
                path: folder.to_owned(),
                by,
                reason: "there is no live file at this moment".to_owned(),
            }),
        }
    };
    match &step.action {
        Action::Delete { file: path } => file(path, &|_| FileOperation::Delete),
        Action::Rename { file: path, .. } => file(path, &|from| {
            let to = step.action.renamed(from, folder, run).unwrap_or_else(|| from.to_owned());
            FileOperation::Rename { to }
        }),
        Action::Truncate { file: path, to_bytes } => file(path, &|_| FileOperation::Truncate { to_bytes: *to_bytes }),
        Action::Replace { file: path } => file(path, &|_| FileOperation::Replace),
        Action::Chmod { file: path, mode } => file(path, &|_| FileOperation::SetMode { mode: *mode }),
        Action::RemoveDir { folder: path } => remove_dir(path, run, model, folder, by),
        Action::FillDisk { leave_bytes } => Act::FillDisk { leave_bytes: *leave_bytes },
        Action::Kill { worker, signal, .. } => Act::Worker(*worker, WorkerOrder::Kill(*signal)),
        Action::Stop { worker, .. } => Act::Worker(*worker, WorkerOrder::Freeze),
        Action::Continue { worker, .. } => Act::Worker(*worker, WorkerOrder::Thaw),
        Action::Clock(order) => Act::Clock(*order),
        Action::Picture { .. } => Act::Picture(step.action.words(run).unwrap_or_default()),
        Action::Say { .. } => {
            let (text, text_zh) = (step.action.words(run).unwrap_or_default(), step.action.words_zh(run));
            Act::Tell(What::StepDone { step: number, text, text_zh })
        }
        Action::Expect { that } => {
            let judged = that.judge(|figure| figure_of(model, figure));
            Act::Tell(What::Expected { that: that.to_string(), held: judged.held, found: judged.found })
        }
    }
}

/// The folder of the live file is the writers' folder also in the moments when there is no live file.
fn remove_dir(path: &StepPath, run: u64, model: &Model, folder: &Path, by: Actor) -> Act {
    let live_folder = || -> Option<PathBuf> {
        let live = model.live().and_then(|live| model.incarnation(live)).and_then(|live| live.path.clone());
        let writers = || {
            let own = model.workers().iter().find(|worker| worker.setup.program.is_none());
            own.map(|worker| worker.setup.path.clone())
        };
        Some(live.or_else(writers)?.parent()?.to_owned())
    };
    match path.resolve(folder, run).or_else(live_folder) {
        Some(path) => Act::File(FileOrder { operation: FileOperation::RemoveFolder, path, file_id: None, by }),
        None => Act::Nothing,
    }
}

fn figure_of(model: &Model, figure: Figure) -> u64 {
    let terms = model.ledger().total();
    match figure {
        Figure::Written => terms.written,
        Figure::Present => terms.present,
        Figure::Torn => terms.torn,
        Figure::Lost => terms.lost,
        Figure::Destroyed => terms.destroyed,
        Figure::Expired => terms.expired,
        Figure::InFlight => terms.in_flight,
        Figure::Duplicated => terms.duplicated,
        Figure::Astray => terms.astray,
        Figure::ReopenedWorkers => model.reopened_workers() as u64,
        Figure::Events(kind) => model.events().get(kind).copied().unwrap_or(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lab::Repeat;

    const BEGAN: Mono = Mono(1_000_000_000);

    /// A step that tells something, at and again after so many milliseconds.
    fn saying(at: u64, every: u64) -> Step {
        let repeat = Repeat { every: Duration::from_millis(every), until: None };
        Step {
            when: When::At { real: Duration::from_millis(at) },
            repeat: Some(repeat),
            action: Action::Say { text: String::new(), text_zh: None },
            line: 1,
        }
    }

    #[test]
    fn steps_that_take_turns_go_on_taking_turns_after_a_stall() {
        let mut steps = Steps::new(&[saying(300, 400), saying(500, 400)]);
        steps.start(BEGAN);
        let mut due_at = |ms: u64| -> Vec<u32> {
            let now = BEGAN.plus_ns(ms * 1_000_000);
            let due = steps.due(now, &ClockSetting::wall(), &Model::new(), Path::new("/lab"), true);
            due.iter().map(|due| due.step).collect()
        };
        assert!(due_at(0).is_empty());
        assert_eq!(due_at(310), [0]);
        assert_eq!(due_at(2_000), [0, 1], "each comes once, however long nobody looked");
        assert!(due_at(2_099).is_empty());
        assert_eq!(due_at(2_100), [1]);
        assert_eq!(due_at(2_300), [0]);
        assert_eq!(due_at(2_500), [1]);
    }
}
