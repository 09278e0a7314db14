//! What falls due without anybody's asking: counters to be read, steps, and the end of a session.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::{AfterStop, Core, Purpose};
use crate::engine::fill::fill_disk;
use crate::engine::lab_run::LabRun;
use crate::engine::steps::{Act, Due};
use crate::event::{Actor, LabState, What};
use crate::model::WorkerState;

/// How often the counters of running workers are read.
const SAMPLE: Duration = Duration::from_millis(100);

impl Core {
    /// When something is due without anybody's asking; none while nothing runs.
    pub(super) fn next_wake(&self) -> Option<Instant> {
        let lab = self.lab.as_ref()?;
        let sample = (lab.any_running() && !self.at_rest()).then_some(self.next_sample);
        let step = (self.state == LabState::Running).then(|| lab.steps().next_look()).flatten();
        sample.into_iter().chain(step).min()
    }

    /// Whether the workers run and have nothing to count: all hold still, and none has been told to end.
    fn at_rest(&self) -> bool {
        self.state == LabState::Paused
            && self.not_yet_paused.is_empty()
            && self.shared.read().workers().iter().all(|worker| worker.state != WorkerState::Ending)
    }

    /// Does what has fallen due. False once the session is over.
    pub(super) fn act_on_time(&mut self) -> bool {
        if Instant::now() >= self.next_sample && !self.at_rest() {
            self.sample_now();
        }
        self.do_steps();
        let running = self.lab.as_ref().is_some_and(LabRun::any_running);
        if self.state == LabState::Stopping && !running && self.settled() && self.events.is_empty() {
            if self.after_stop == AfterStop::Quit {
                return false;
            }
            self.ask_to_catch_up(Purpose::Drain);
        }
        running || self.after_stop != AfterStop::Quit
    }

    pub(super) fn sample_now(&mut self) {
        let Some(lab) = &mut self.lab else { return };
        let found = lab.sample();
        self.fold_found(&found);
        self.next_sample = Instant::now() + SAMPLE;
    }

    fn do_steps(&mut self) {
        if self.state != LabState::Running {
            return;
        }
        let settled = self.settled();
        let Some(lab) = &mut self.lab else { return };
        let due = lab.due_steps(&self.shared.read(), settled);
        for due in due {
            self.do_step(due);
        }
        let Some(steps) = self.lab.as_ref().map(LabRun::steps) else { return };
        self.shared.begun.store(steps.have_begun(), Ordering::Release);
        let over = steps.are_over() && self.settled();
        self.shared.steps_over.store(over, Ordering::Release);
    }

    fn do_step(&mut self, due: Due) {
        let by = Actor::Step(due.step);
        match due.act {
            Act::File(order) => {
                self.operate(order);
                self.ask_to_catch_up(Purpose::Settle);
            }
            Act::FillDisk { leave_bytes } => self.fill_disk(leave_bytes, by),
            Act::Worker(worker, order) => self.obey_worker(worker, order),
            Act::Clock(order) => self.set_clock(order, by),
            Act::Picture(name) => {
                // Only a window or `shot` takes them; without either nobody receives.
                let _ = self.pictures.send(name);
            }
            Act::Tell(what) => self.tell(what),
            Act::Nothing => {}
        }
    }

    fn fill_disk(&mut self, leave_bytes: u64, by: Actor) {
        let Some(lab) = &self.lab else { return };
        let path = lab.folder().to_owned();
        if let Err(reason) = fill_disk(&path, leave_bytes) {
            self.tell(What::OperationFailed { operation: "fill_disk".to_owned(), path, by, reason });
        }
    }
}
