//! All workers of a lab.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::clock::{ClockSetting, Moment};
use crate::command::WorkerOrder;
use crate::event::{Event, What, WorkerEvent, WorkerId};
use crate::platform::ProcessSignal;

use super::WorkerPlan;
use super::guard::Guard;
use super::process::{Process, Start, lock};
use super::servers::ForkServers;
use super::wire::Order;

/// How long a worker that was told to end may take.
const END_BOUND: Duration = Duration::from_secs(2);
/// How long workers may take to end by themselves when the supervisor goes.
const DROP_BOUND: Duration = Duration::from_secs(1);

/// Starts, orders, watches and ends the workers of a lab. Belongs to the engine's thread.
///
/// What workers tell, and their ends, come through the channel. What the supervisor itself finds out in a call is
/// returned by that call, so that the thread that empties the channel can never wait for itself; apply it before
/// the next event of the channel.
pub struct Supervisor {
    slots: Vec<Slot>,
    program: PathBuf,
    scratch: PathBuf,
    events: Sender<Event>,
    guard: Arc<Mutex<Guard>>,
    servers: ForkServers,
    /// All were told to end: whoever starts then begins with fork servers that have seen nothing of the past.
    begin_anew: bool,
}

struct Slot {
    plan: WorkerPlan,
    clock: Option<ClockSetting>,
    process: Option<Process>,
}

impl Supervisor {
    /// Supervises one worker per plan; none is started. `program` is this executable, `scratch` a folder for the pages
    /// of counters and for locks, best on a file system in memory, outside the lab's folder. Nobody else may use it,
    /// and it must be there as long as any worker.
    pub fn new(plans: Vec<WorkerPlan>, program: PathBuf, events: Sender<Event>, scratch: PathBuf) -> Supervisor {
        let slots = plans.into_iter().map(|plan| Slot { plan, clock: None, process: None }).collect();
        let guard = Arc::new(Mutex::new(Guard::new(&program)));
        let servers = ForkServers::new(&program, &scratch, &guard);
        Supervisor { slots, program, scratch, events, guard, servers, begin_anew: false }
    }

    /// Starts a worker that does not run: `Launched`, or `StartFailed` with the reason. Nothing if it runs.
    #[must_use]
    pub fn start(&mut self, worker: WorkerId, clock: &ClockSetting) -> Vec<Event> {
        if self.running() == 0 && std::mem::take(&mut self.begin_anew) {
            self.servers.end();
        }
        let Some(slot) = self.slots.get_mut(worker.0 as usize) else { return Vec::new() };
        if slot.process.as_ref().is_some_and(Process::is_running) {
            return Vec::new();
        }
        slot.clock = Some(clock.clone());
        let start = Start {
            worker,
            plan: &slot.plan,
            clock,
            program: &self.program,
            scratch: &self.scratch,
            events: &self.events,
            guard: &self.guard,
            servers: &mut self.servers,
        };
        let at = Moment::now();
        let event = match start.run() {
            Ok(process) => {
                let launched = WorkerEvent::Launched { launch: process.launch, pid: process.pid };
                slot.process = Some(process);
                launched
            }
            Err(reason) => WorkerEvent::StartFailed { reason },
        };
        vec![of_worker(at, worker, event)]
    }

    /// Gives an order to one worker. What comes of it is told by the worker itself, or seen of its process.
    #[must_use]
    pub fn order(&mut self, worker: WorkerId, order: WorkerOrder) -> Vec<Event> {
        let Some(slot) = self.slots.get_mut(worker.0 as usize) else { return Vec::new() };
        if order == WorkerOrder::Restart {
            let clock = slot.clock.clone();
            return clock.map_or_else(Vec::new, |clock| self.start(worker, &clock));
        }
        if let WorkerOrder::Rate(rate) = order {
            if !rate.is_finite() || rate < 0.0 {
                return vec![notice(format!("{rate} is no rate; lines per second are a number from 0"))];
            }
            slot.plan.rate = rate;
        }
        let Some(process) = slot.process.as_mut().filter(|process| process.is_running()) else { return Vec::new() };
        let signalled = match order {
            WorkerOrder::Pause => return give(process, &Order::Pause),
            WorkerOrder::Resume => return give(process, &Order::Resume),
            WorkerOrder::Rate(rate) => return give(process, &Order::Rate(rate)),
            WorkerOrder::Restart => return Vec::new(),
            WorkerOrder::Stop => {
                process.ask_to_end(END_BOUND);
                return Vec::new();
            }
            WorkerOrder::Kill(signal) => process.signal(ProcessSignal::Number(signal)),
            WorkerOrder::Freeze => process.signal(ProcessSignal::Stop),
            WorkerOrder::Thaw => process.signal(ProcessSignal::Continue),
        };
        match signalled {
            // It ended a moment ago, and its end will be told.
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                vec![notice(format!("Worker {} could not be signalled: {error}", slot.plan.name))]
            }
            _ => Vec::new(),
        }
    }

    /// Sends a new setting of the clock to every worker; each takes it up at its own moment.
    pub fn set_clock(&mut self, clock: &ClockSetting) {
        for slot in &mut self.slots {
            if let Some(process) = slot.process.as_mut().filter(|process| process.is_running()) {
                process.send(&Order::Clock(clock.clone()));
            }
            slot.clock = Some(clock.clone());
        }
    }

    /// Reads the counters of the workers that run, and sees to those that should have ended. Call it about every
    /// 100 ms while workers write, and at least every second while any runs.
    #[must_use]
    pub fn sample(&mut self) -> Vec<Event> {
        let now = Moment::now();
        let mut events = Vec::new();
        for (number, slot) in self.slots.iter_mut().enumerate() {
            let Some(process) = slot.process.as_mut().filter(|process| process.is_running()) else { continue };
            process.flush_orders();
            if process.deadline.is_some_and(|deadline| deadline <= now.mono) {
                let _ = process.signal(ProcessSignal::Kill);
            }
            let counts = process.changed_counts();
            if !counts.is_empty() {
                let event = WorkerEvent::Counted { launch: process.launch, counts };
                events.push(of_worker(now, WorkerId(number as u32), event));
            }
            let dropped = process.newly_dropped_reports();
            if dropped > 0 {
                let name = &slot.plan.name;
                events.push(notice(format!("{dropped} reports of worker {name} were dropped: too many at once")));
            }
        }
        events
    }

    /// How many workers run. 0 means also that all their ends are in the channel or taken from it.
    pub fn running(&self) -> usize {
        self.slots.iter().filter_map(|slot| slot.process.as_ref()).filter(|process| process.is_running()).count()
    }

    /// Tells every worker to end. Those that have not ended two seconds later are killed by [`Supervisor::sample`].
    pub fn stop_all(&mut self) {
        self.begin_anew = true;
        for process in self.slots.iter_mut().filter_map(|slot| slot.process.as_mut()) {
            if process.is_running() {
                process.ask_to_end(END_BOUND);
            }
        }
    }
}

impl Drop for Supervisor {
    /// Ends whatever still runs: the workers, then the fork servers, the guard last. Takes about a second if a worker does not end by itself.
    fn drop(&mut self) {
        let mut processes: Vec<Process> = self.slots.iter_mut().filter_map(|slot| slot.process.take()).collect();
        for process in &mut processes {
            process.abandon();
        }
        let end = Instant::now() + DROP_BOUND;
        while processes.iter().any(Process::is_running) && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        for process in &mut processes {
            if process.is_running() {
                let _ = process.signal(ProcessSignal::Kill);
            }
            process.join();
        }
        self.servers.end();
        lock(&self.guard).dismiss();
    }
}

fn give(process: &mut Process, order: &Order) -> Vec<Event> {
    process.send(order);
    Vec::new()
}

fn of_worker(at: Moment, worker: WorkerId, event: WorkerEvent) -> Event {
    Event { at, what: What::Worker { worker, event } }
}

fn notice(text: String) -> Event {
    Event { at: Moment::now(), what: What::Notice { text } }
}
