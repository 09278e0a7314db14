//! One thread of a worker: a single-threaded runtime for its tasks, which obeys orders between their steps.

use std::cell::{Cell, RefCell};
use std::io;
use std::sync::Arc;

use async_executor::LocalExecutor;

use crate::clock::{ClockSetting, Moment, Mono, SessionClock};
use crate::event::WorkerEvent;

use super::inbox::{Given, Inbox};
use super::shared::Shared;
use super::task::{Around, Pace, Task};
use super::timers::Timers;
use super::wire::Order;

/// Runs all threads of a worker, the first one on the caller's, until they are told to end. Gives the clock as it was
/// set last.
///
/// # Errors
/// When the system gives not as many threads. `give_up` is called to end those that it gave.
pub(super) fn run_all(
    shared: &Shared<'_>,
    clock: &ClockSetting,
    inboxes: &[Inbox],
    give_up: impl FnOnce(),
) -> io::Result<SessionClock> {
    std::thread::scope(|scope| {
        for (number, inbox) in (2..).zip(&inboxes[1..]) {
            let builder = std::thread::Builder::new().name(format!("thread {number}"));
            let spawned = builder.spawn_scoped(scope, move || run(shared, clock, inbox, number));
            if let Err(error) = spawned {
                give_up();
                return Err(error);
            }
        }
        Ok(run(shared, clock, &inboxes[0], 1))
    })
}

fn run(shared: &Shared<'_>, clock: &ClockSetting, inbox: &Inbox, number: u16) -> SessionClock {
    let around = Around {
        inbox,
        timers: Timers::default(),
        clock: RefCell::new(SessionClock::new(clock.clone())),
        pace: Cell::new(Pace { rate: shared.plan.rate, from: Mono::now() }),
    };
    let executor = LocalExecutor::new();
    for task in 1..=shared.plan.tasks {
        executor.spawn(Task::new(shared, &around, number, task).run()).detach();
    }
    Thread { shared, around: &around, mode: Mode::Write }.drive(&executor);
    drop(executor);
    around.clock.into_inner()
}

/// What the orders leave a thread to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Write,
    Hold,
    End,
}

struct Thread<'r, 'a> {
    shared: &'r Shared<'a>,
    around: &'r Around<'r>,
    mode: Mode,
}

impl Thread<'_, '_> {
    /// Lets tasks go on one step at a time, and sleeps when none can.
    fn drive(&mut self, executor: &LocalExecutor<'_>) {
        let timers = &self.around.timers;
        while self.mode != Mode::End {
            if self.around.inbox.has_order() {
                self.obey_all();
                continue;
            }
            let upkeep = self.shared.upkeep_due();
            let asleep = timers.next();
            if upkeep.is_some() || asleep.is_some() {
                let now = Mono::now();
                if upkeep.is_some_and(|due| due <= now) {
                    self.shared.see_to_upkeep(&self.around.clock.borrow());
                }
                if self.mode == Mode::Write {
                    timers.wake_due(now);
                }
            }
            if self.mode == Mode::Write && executor.try_tick() {
                continue;
            }
            self.sleep();
        }
    }

    /// Until the next task is to be woken, unless all hold still; or something else is due; or an order comes.
    fn sleep(&mut self) {
        let task = self.around.timers.next().filter(|_| self.mode == Mode::Write);
        let wake = task.into_iter().chain(self.shared.upkeep_due()).min();
        if let Some(given) = self.around.inbox.wait_until(wake) {
            self.obey(&given);
        }
    }

    fn obey_all(&mut self) {
        while let Some(given) = self.around.inbox.take() {
            self.obey(&given);
        }
    }

    /// What an order has changed is told when all threads have obeyed: then it is so for the whole worker.
    fn obey(&mut self, given: &Arc<Given>) {
        let now = Moment::now();
        let event = self.take_up(&given.order, now.mono);
        if given.obeyed()
            && let Some(event) = event
        {
            if event == WorkerEvent::Paused {
                self.shared.tell_failures();
            }
            self.shared.outbox.tell(now, event);
        }
    }

    fn take_up(&mut self, order: &Order, now: Mono) -> Option<WorkerEvent> {
        let around = self.around;
        match order {
            Order::Stop => {
                self.mode = Mode::End;
                None
            }
            Order::Pause if self.mode == Mode::Write => {
                self.mode = Mode::Hold;
                Some(WorkerEvent::Paused)
            }
            Order::Resume if self.mode == Mode::Hold => {
                self.mode = Mode::Write;
                self.set_pace(around.pace.get().rate, now);
                Some(WorkerEvent::Resumed)
            }
            Order::Pause | Order::Resume => None,
            Order::Rate(rate) => {
                self.set_pace(*rate, now);
                Some(WorkerEvent::RateSet { rate: *rate })
            }
            Order::Clock(clock) => {
                around.clock.borrow_mut().set(clock.clone());
                Some(WorkerEvent::ClockSet)
            }
        }
    }

    /// Sleepers look again at what is due: nothing is made up for.
    fn set_pace(&self, rate: f64, from: Mono) {
        self.around.pace.set(Pace { rate, from });
        self.around.timers.wake_all();
    }
}
