//! What is known of each worker.

use std::path::PathBuf;

use super::faults::Opening;
use super::pace::{STEP_NS, STEPS};
use super::{MarkKind, Model};
use crate::clock::{Moment, Mono};
use crate::event::{Exit, FileId, LaunchId, OpenReason, TaskCount, WorkerEvent, WorkerId, WorkerOpened};
use crate::record::StampRun;

/// Counters that have not moved for so long stand.
const STALE_NS: u64 = 2_000_000_000;

/// One worker, over all its launches.
#[derive(Clone, Debug, PartialEq)]
pub struct Worker {
    /// Its number.
    pub id: WorkerId,
    /// What the lab file says of it.
    pub setup: WorkerOpened,
    /// What it does now.
    pub state: WorkerState,
    /// Its process, while there is one or after it has ended.
    pub pid: Option<u32>,
    /// The present launch.
    pub launch: Option<LaunchId>,
    /// Time from the decision to start it to its first message, in nanoseconds.
    pub start_ns: Option<u64>,
    /// The file that its handler holds open, or held last if it could open no other, and the path by which it was opened.
    pub holds: Option<(FileId, PathBuf)>,
    /// Whether the handler has closed that file and holds none.
    pub closed: bool,
    /// Times its handler opened the file again because it was gone or changed, or after a failure had closed it.
    pub reopens: u64,
    /// Times its handler moved on by itself.
    pub rollovers: u64,
    /// Emits that failed.
    pub errors: u64,
    /// Whether the last emits that are known of failed.
    pub failing: bool,
    /// How it ended when it last did so unasked and not well, over all launches.
    pub failure: Option<Exit>,
    /// The last failure, as a sentence.
    pub last_error: Option<String>,
    /// The file that it was about.
    pub last_error_path: Option<PathBuf>,
    /// Lines handed to the handler, over all launches.
    pub written: u64,
    /// Lines per second over the last second or so.
    pub rate_now: f64,
    /// Lines per second in steps of about 250 ms, newest last; at most 64.
    pub rate_history: Vec<f32>,
    /// Lines per second and task that it was told to write.
    pub rate: f64,
    /// What it waits for, while that takes long.
    pub blocked: Option<Blocked>,
    /// Gap of the last recovery, in milliseconds.
    pub last_gap_ms: Option<f64>,
    /// When the counters were last read.
    pub counted: Option<Mono>,
    /// Its tasks, thread by thread, with what each has written in the present launch.
    pub tasks: Vec<TaskPace>,
}

/// How fast one task writes.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskPace {
    /// Thread, from 1.
    pub thread: u16,
    /// Task, from 1.
    pub task: u16,
    /// Lines handed to the handler in this launch.
    pub written: u64,
    /// Lines per second over the last second or two that were counted.
    pub rate_now: f64,
    /// The beginning of the second that is being counted.
    from: Option<(Mono, u64)>,
}

impl TaskPace {
    /// What the present second is counted over, in nanoseconds.
    const WINDOW_NS: u64 = 1_000_000_000;

    fn count(&mut self, at: Mono) {
        let (from, before) = *self.from.get_or_insert((at, self.written));
        let passed = at.since(from);
        if passed >= TaskPace::WINDOW_NS {
            self.rate_now = self.written.saturating_sub(before) as f64 / (passed as f64 / 1e9);
            self.from = Some((at, self.written));
        }
    }

    fn stand_still(&mut self) {
        self.rate_now = 0.0;
        self.from = None;
    }
}

/// A worker waits for a lock that another process holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Since when.
    pub since: Mono,
    /// The process that was seen to hold the lock, where the system says so.
    pub holder_pid: Option<u32>,
    /// The worker whose process that is.
    pub holder: Option<WorkerId>,
}

/// What a worker does now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkerState {
    /// Not started.
    Idle,
    /// Started, no message yet.
    Starting,
    /// Writing.
    Running,
    /// Told to hold still.
    Paused,
    /// Stopped by a signal (SIGSTOP).
    Stopped,
    /// Told to end.
    Ending,
    /// Ended.
    Exited {
        /// How.
        exit: Exit,
        /// Whether that had been asked for.
        asked: bool,
    },
    /// Could not be started.
    Failed,
}

fn tasks_of(setup: &WorkerOpened) -> Vec<TaskPace> {
    let number = |number: u32| u16::try_from(number).unwrap_or(u16::MAX);
    let task = |thread, task| TaskPace { thread, task, written: 0, rate_now: 0.0, from: None };
    let threads = 1..=number(setup.threads);
    threads.flat_map(|thread| (1..=number(setup.tasks)).map(move |one| task(thread, one))).collect()
}

impl Worker {
    pub(super) fn idle(id: WorkerId, setup: WorkerOpened) -> Worker {
        Worker {
            id,
            state: WorkerState::Idle,
            pid: None,
            launch: None,
            start_ns: None,
            holds: None,
            closed: false,
            failing: false,
            failure: None,
            reopens: 0,
            rollovers: 0,
            errors: 0,
            last_error: None,
            last_error_path: None,
            written: 0,
            rate_now: 0.0,
            rate_history: Vec::new(),
            rate: setup.rate,
            blocked: None,
            last_gap_ms: None,
            counted: None,
            tasks: Vec::new(),
            setup,
        }
    }

    fn count_tasks(&mut self, at: Mono, counts: &[TaskCount]) {
        let per_thread = self.setup.tasks as usize;
        for count in counts {
            let index = usize::from(count.thread.max(1) - 1) * per_thread + usize::from(count.task.max(1) - 1);
            if let Some(task) = self.tasks.get_mut(index) {
                task.written = count.written;
            }
        }
        // Those whose counters have not changed go slower too.
        self.tasks.iter_mut().for_each(|task| task.count(at));
    }

    /// Whether its counters have moved a moment ago: if not, they tell nothing by themselves.
    pub fn moves(&self, now: Mono) -> bool {
        self.counted.is_some_and(|counted| now.since(counted) < STALE_NS)
    }

    /// [`Worker::rate_history`] up to a moment: as long as nothing is counted, nothing is written.
    pub fn rate_history_until(&self, now: Mono) -> Vec<f32> {
        let writes = matches!(self.state, WorkerState::Running | WorkerState::Ending);
        let silent = match self.counted {
            Some(counted) if !(writes && self.moves(now)) => now.since(counted).div_ceil(STEP_NS),
            _ => 0,
        };
        let silent = usize::try_from(silent).map_or(STEPS, |silent| silent.min(STEPS));
        let surplus = (self.rate_history.len() + silent).saturating_sub(STEPS);
        let known = self.rate_history[surplus.min(self.rate_history.len())..].iter().copied();
        known.chain(std::iter::repeat_n(0.0, silent)).collect()
    }

    /// Whether it has a process.
    pub fn is_alive(&self) -> bool {
        use WorkerState::{Ending, Paused, Running, Starting, Stopped};
        matches!(self.state, Starting | Running | Paused | Stopped | Ending)
    }
}

impl Model {
    pub(super) fn fold_worker(&mut self, at: Moment, id: WorkerId, event: &WorkerEvent) {
        let index = id.0 as usize;
        if index >= self.workers.len() {
            return;
        }
        match event {
            WorkerEvent::Launched { launch, pid } => self.launched(at, id, *launch, *pid),
            WorkerEvent::Started { start_ns } => {
                self.workers[index].start_ns = Some(*start_ns);
                self.set_state(index, WorkerState::Running);
            }
            WorkerEvent::StartFailed { reason } => {
                self.workers[index].last_error = Some(reason.clone());
                self.workers[index].last_error_path = None;
                self.set_state(index, WorkerState::Failed);
            }
            WorkerEvent::Opened { file_id, path, previous, reason, .. } => {
                self.count_opening(at, id, *reason, previous.is_some());
                self.opened(&Opening { worker: id, at: at.mono, file: *file_id, path, reason: *reason });
            }
            WorkerEvent::Closed => self.closed(at.mono, id),
            WorkerEvent::RolledOver(rollover) => self.rolled_over(at.mono, id, rollover),
            WorkerEvent::EmitFailed { line, operation, path, reason, torn } => {
                self.workers[index].last_error_path = Some(path.clone());
                self.emit_failed(at, id, line, &format!("{operation}: {reason}"), *torn);
            }
            WorkerEvent::Blocked { holder_pid } => self.blocked(at, id, *holder_pid),
            WorkerEvent::Unblocked { waited_ns, gave_up } => self.unblocked(at, id, *waited_ns, *gave_up),
            WorkerEvent::Counted { launch, counts } => self.counted(at.mono, id, *launch, counts),
            WorkerEvent::Paused => self.set_state(index, WorkerState::Paused),
            WorkerEvent::Resumed => self.set_state(index, WorkerState::Running),
            WorkerEvent::RateSet { rate } => self.workers[index].rate = *rate,
            WorkerEvent::ClockSet => {}
            WorkerEvent::Signalled { .. } => self.tracks[index].signalled = true,
            WorkerEvent::Ending => self.set_state(index, WorkerState::Ending),
            WorkerEvent::Stopped => {
                let before = self.workers[index].state;
                self.set_state(index, WorkerState::Stopped);
                // Told again where it went on and was stopped at once: what it did before is still the same.
                self.tracks[index].before_stop.get_or_insert(before);
                self.mark(at, None, None, MarkKind::WorkerStopped { worker: id, stopped: true }, false);
            }
            WorkerEvent::Continued => {
                let before = self.tracks[index].before_stop.take().unwrap_or(WorkerState::Running);
                self.set_state(index, before);
                self.mark(at, None, None, MarkKind::WorkerStopped { worker: id, stopped: false }, false);
            }
            WorkerEvent::Exited { exit, asked } => self.exited(at, id, *exit, *asked),
        }
    }

    fn launched(&mut self, at: Moment, id: WorkerId, launch: LaunchId, pid: u32) {
        let index = id.0 as usize;
        self.set_state(index, WorkerState::Starting);
        let worker = &mut self.workers[index];
        worker.pid = Some(pid);
        worker.launch = Some(launch);
        worker.start_ns = None;
        worker.tasks = tasks_of(&worker.setup);
        worker.blocked = None;
        worker.closed = false;
        worker.failing = false;
        self.tracks[index].begin_launch();
        if self.workers[index].setup.program.is_some() {
            self.ledger.program_launched(launch, id);
        } else {
            self.ledger.launched(launch, id);
        }
        self.workers[index].written = self.ledger.worker(id).written;
        self.mark(at, None, None, MarkKind::WorkerStarted { worker: id, pid }, false);
    }

    /// A stopped process does nothing, whatever was told of it before: only its going on or its end change that.
    fn set_state(&mut self, index: usize, state: WorkerState) {
        use WorkerState::{Ending, Exited, Failed, Paused, Running, Starting, Stopped};
        let worker = &mut self.workers[index];
        if worker.state == Stopped
            && matches!(state, Running | Paused | Ending)
            && self.tracks[index].before_stop.is_some()
        {
            self.tracks[index].before_stop = Some(state);
            return;
        }
        worker.state = state;
        if matches!(state, Starting | Paused | Stopped | Exited { .. } | Failed) {
            worker.rate_now = 0.0;
            worker.tasks.iter_mut().for_each(TaskPace::stand_still);
            self.tracks[index].pace.reset();
        }
    }

    /// Everything that runs was told to end.
    pub(super) fn end_all(&mut self) {
        for index in 0..self.workers.len() {
            if self.workers[index].is_alive() {
                self.set_state(index, WorkerState::Ending);
            }
        }
    }

    fn count_opening(&mut self, at: Moment, id: WorkerId, reason: OpenReason, had_file: bool) {
        let worker = &mut self.workers[id.0 as usize];
        match reason {
            OpenReason::First => return,
            OpenReason::Rollover => worker.rollovers += 1,
            // The first file of a launch may need several tries; that is no reopen.
            OpenReason::Retry if !had_file => return,
            OpenReason::Gone | OpenReason::Changed | OpenReason::Retry => {
                worker.reopens += 1;
                self.count("reopened");
            }
        }
        self.mark(at, None, None, MarkKind::Reopened { worker: id, reason }, false);
    }

    /// What it held it has let go of, and it has nothing instead.
    fn closed(&mut self, at: Mono, id: WorkerId) {
        self.workers[id.0 as usize].closed = true;
        if let Some(span) = self.timeline.workers[id.0 as usize].last_mut().filter(|span| span.to.is_none()) {
            span.closed = true;
        }
        self.let_go_of(id, at);
    }

    fn let_go_of(&mut self, id: WorkerId, at: Mono) {
        if let Some(id) = self.end_span(id, at).and_then(|file| self.incarnation_of(file)) {
            self.refresh_unlinked_bar(id, at);
        }
    }

    fn blocked(&mut self, at: Moment, id: WorkerId, holder_pid: Option<u32>) {
        let runs = |worker: &&Worker| worker.pid == holder_pid && worker.is_alive();
        let holder = holder_pid.and_then(|_| self.workers.iter().find(runs)).map(|worker| worker.id);
        if self.workers[id.0 as usize].blocked.is_none() {
            self.count("blocked");
        }
        self.workers[id.0 as usize].blocked = Some(Blocked { since: at.mono, holder_pid, holder });
        let stopped = holder.is_some_and(|holder| self.workers[holder.0 as usize].state == WorkerState::Stopped);
        self.mark(at, None, None, MarkKind::Blocked { worker: id, holder_pid, holder, stopped }, false);
    }

    fn unblocked(&mut self, at: Moment, id: WorkerId, waited_ns: u64, gave_up: bool) {
        self.workers[id.0 as usize].blocked = None;
        let waited_ms = waited_ns as f64 / 1e6;
        self.mark(at, None, None, MarkKind::Unblocked { worker: id, waited_ms, gave_up }, false);
    }

    fn emit_failed(&mut self, at: Moment, id: WorkerId, line: &StampRun, reason: &str, torn: bool) {
        let index = id.0 as usize;
        let held = self.held_by(id);
        self.ledger.refused(line, torn, held);
        self.count("emit_failed");
        let worker = &mut self.workers[index];
        let first = worker.last_error.as_deref() != Some(reason) || {
            let last = self.tracks[index].last_failed.get(&(line.thread, line.task));
            last.is_none_or(|last| last + 1 != line.first)
        };
        worker.failing = true;
        let lines = (line.last + 1).saturating_sub(line.first);
        worker.errors += lines;
        worker.last_error = Some(reason.to_owned());
        worker.written = self.ledger.worker(id).written;
        self.tracks[index].last_failed.insert((line.thread, line.task), line.last);
        self.refused_after(id, lines);
        if first {
            let path = self.workers[index].last_error_path.clone();
            let kind = MarkKind::EmitFailed { worker: id, reason: reason.to_owned() };
            self.mark(at, held, path.as_deref(), kind, true);
        }
    }

    fn counted(&mut self, at: Mono, id: WorkerId, launch: LaunchId, counts: &[TaskCount]) {
        self.ledger.counted(launch, counts);
        let index = id.0 as usize;
        let worker = &mut self.workers[index];
        worker.written = self.ledger.worker(id).written;
        worker.counted = Some(at);
        worker.failing &= worker.launch != Some(launch) || !self.tracks[index].went_well(counts);
        let writes = matches!(worker.state, WorkerState::Running | WorkerState::Ending);
        if worker.launch == Some(launch) && writes {
            // Not the sum of these counts: tasks whose counters have not changed are not among them.
            let written = worker.written;
            worker.rate_now = self.tracks[index].pace.count(at, written, &mut worker.rate_history);
            worker.count_tasks(at, counts);
        }
    }

    /// Lines of a program were read: that is how they are counted.
    pub(super) fn saw_lines_of(&mut self, at: Mono, id: WorkerId) {
        let index = id.0 as usize;
        let worker = &mut self.workers[index];
        worker.written = self.ledger.worker(id).written;
        worker.counted = Some(at);
        if matches!(worker.state, WorkerState::Running | WorkerState::Ending) {
            worker.rate_now = self.tracks[index].pace.count(at, worker.written, &mut worker.rate_history);
        }
    }

    fn exited(&mut self, at: Moment, id: WorkerId, exit: Exit, asked: bool) {
        let index = id.0 as usize;
        if !asked && !self.tracks[index].signalled && exit != Exit::Code(0) {
            self.workers[index].failure = Some(exit);
        }
        self.set_state(index, WorkerState::Exited { exit, asked });
        self.workers[index].holds = None;
        self.workers[index].blocked = None;
        // What this launch has not answered, no later one can.
        self.tracks[index].open_faults.clear();
        self.let_go_of(id, at.mono);
        self.count("worker_exited");
        self.mark(at, None, None, MarkKind::WorkerExited { worker: id, exit, asked }, !asked);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_that_stands_while_others_write_falls_to_zero() {
        let mut task = TaskPace { thread: 1, task: 1, written: 0, rate_now: 0.0, from: None };
        let mut rates = Vec::new();
        for tenth in 0..40u64 {
            task.written = (tenth * 5).min(100);
            task.count(Mono(tenth * 100_000_000));
            rates.push(task.rate_now);
        }
        assert!((rates[15] - 50.0).abs() < 0.001, "{rates:?}");
        assert_eq!(rates[39], 0.0, "{rates:?}");
    }
}
