//! What is asked of the engine, and how it is passed on to the workers, the clock and the follower.

use std::time::Instant;

use super::{AfterStop, Core, Purpose};
use crate::clock::ClockSetting;
use crate::command::{ClockOrder, Command, FileOrder, LabOrder, RestoreOrder, WorkerOrder};
use crate::event::{Actor, LabState, What, WorkerId};
use crate::follow::FollowOrder;

impl Core {
    pub(super) fn obey(&mut self, command: Command) {
        match command {
            Command::Lab(order) => self.obey_lab(order),
            Command::Worker(worker, order) => self.obey_worker(worker, order),
            Command::Clock(order) => self.set_clock(order, Actor::Person),
            Command::File(order) => self.operate(order),
            Command::Restore(order) => self.restore(order),
            Command::Release(incarnation) => self.follower.send(FollowOrder::Release(incarnation)),
            Command::Quit => {
                self.after_stop = AfterStop::Quit;
                self.stop();
            }
        }
    }

    pub(super) fn operate(&mut self, order: FileOrder) {
        if let Some(lab) = &self.lab {
            lab.supervisor().about_to(&order.operation, &order.path);
        }
        self.follower.send(FollowOrder::Operate(order));
    }

    fn restore(&mut self, order: RestoreOrder) {
        let held = order.incarnation.and_then(|id| self.texts.file(id));
        self.restores.begin(order, held, self.events_in.clone());
    }

    fn obey_lab(&mut self, order: LabOrder) {
        match order {
            LabOrder::Start | LabOrder::Resume if self.state == LabState::Paused => self.resume(),
            LabOrder::Start if self.state != LabState::Stopping => self.start(),
            LabOrder::Start | LabOrder::Resume => {}
            LabOrder::Pause => self.pause(),
            LabOrder::Stop => self.stop(),
            LabOrder::Reset => {
                self.after_stop = AfterStop::Reset;
                self.stop();
            }
            LabOrder::MakeFolders => self.make_folders(),
        }
    }

    fn make_folders(&mut self) {
        let Some(lab) = &self.lab else { return };
        for (path, error) in lab.make_folders() {
            let reason = format!("{error}; see to that, or reset the lab");
            self.tell(What::OperationFailed { operation: "make_folder".to_owned(), path, by: Actor::Person, reason });
        }
    }

    /// Starts every worker that does not run.
    fn start(&mut self) {
        self.run_clock();
        if let Some(lab) = &mut self.lab {
            let found = lab.start_workers();
            let programs = lab.programs_to_start();
            self.fold_found(&found);
            for program in programs {
                self.prepare_launch(program);
            }
        }
    }

    /// The session is running: its clock goes, its steps fall due, its counters are read.
    fn run_clock(&mut self) {
        let Some(lab) = &mut self.lab else { return };
        let clock = lab.start_clock();
        self.tell_clock(clock);
        self.set_state(LabState::Running);
        self.next_sample = Instant::now();
    }

    /// A simulated clock stands while nobody writes, so that a pause costs no time of the lab's day.
    fn halt_clock(&mut self, state: LabState) {
        let Some(lab) = &mut self.lab else { return };
        let clock = lab.stop_clock();
        self.tell_clock(clock);
        self.set_state(state);
        self.next_sample = Instant::now();
    }

    fn pause(&mut self) {
        if self.state != LabState::Running {
            return;
        }
        let Some(lab) = &mut self.lab else { return };
        let (writing, found) = lab.pause_workers(&self.shared.read());
        self.not_yet_paused = writing;
        self.fold_found(&found);
        self.halt_clock(LabState::Paused);
        if self.not_yet_paused.is_empty() {
            self.ask_to_catch_up(Purpose::Drain);
        }
    }

    fn resume(&mut self) {
        let Some(lab) = &mut self.lab else { return };
        let found = lab.resume_workers();
        self.fold_found(&found);
        self.not_yet_paused.clear();
        self.run_clock();
    }

    fn stop(&mut self) {
        self.launches.give_up();
        let Some(lab) = &mut self.lab else { return };
        let found = lab.stop_workers(&self.shared.read());
        self.fold_found(&found);
        self.halt_clock(LabState::Stopping);
    }

    pub(super) fn obey_worker(&mut self, worker: WorkerId, order: WorkerOrder) {
        // A single worker started from rest: the session runs again, with only that one.
        if order == WorkerOrder::Restart && self.state == LabState::Ready {
            self.run_clock();
        }
        if order == WorkerOrder::Restart && self.state != LabState::Stopping && self.prepare_launch(worker) {
            return;
        }
        let Some(lab) = &mut self.lab else { return };
        let mut found = lab.order(worker, order);
        if order == WorkerOrder::Restart && self.state == LabState::Paused {
            found.extend(lab.order(worker, WorkerOrder::Pause));
        }
        self.fold_found(&found);
    }

    pub(super) fn set_clock(&mut self, order: ClockOrder, by: Actor) {
        let Some(lab) = &mut self.lab else { return };
        match lab.set_clock(order) {
            Ok(clock) => self.tell(What::ClockSet { clock, by }),
            Err(error) => self.tell(What::Notice { text: error.to_string() }),
        }
    }

    fn tell_clock(&mut self, clock: ClockSetting) {
        let same = self.shared.read().clock() == Some(&clock);
        if !same {
            self.tell(What::ClockSet { clock, by: Actor::Person });
        }
    }
}
