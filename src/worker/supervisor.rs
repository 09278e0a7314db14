//! All workers of a lab.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use crate::clock::{ClockMode, ClockSetting, Moment};
use crate::command::{FileOperation, WorkerOrder};
use crate::event::{Event, FileId, LaunchId, What, WorkerEvent, WorkerId};
use crate::platform::ProcessSignal;

use super::guard::Guard;
use super::process::{Process, Start, lock, new_launch};
use super::program::{ProgramPlan, ProgramProcess, StartProgram};
use super::servers::ForkServers;
use super::wire::Order;
use super::{Plan, WorkerPlan};

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
    /// Whether it was said that programs go by the machine's clock.
    clock_told: bool,
}

enum Slot {
    Own(OwnSlot),
    Program(ProgramSlot),
}

struct OwnSlot {
    plan: Box<WorkerPlan>,
    clock: Option<ClockSetting>,
    process: Option<Process>,
}

struct ProgramSlot {
    plan: ProgramPlan,
    process: Option<ProgramProcess>,
}

impl Slot {
    fn of(plan: Plan) -> Slot {
        match plan {
            Plan::Own(plan) => Slot::Own(OwnSlot { plan, clock: None, process: None }),
            Plan::Program(plan) => Slot::Program(ProgramSlot { plan, process: None }),
        }
    }

    fn is_running(&self) -> bool {
        match self {
            Slot::Own(slot) => slot.process.as_ref().is_some_and(Process::is_running),
            Slot::Program(slot) => slot.process.as_ref().is_some_and(ProgramProcess::is_running),
        }
    }
}

impl OwnSlot {
    fn running(&mut self) -> Option<&mut Process> {
        self.process.as_mut().filter(|process| process.is_running())
    }
}

impl ProgramSlot {
    fn running(&mut self) -> Option<&mut ProgramProcess> {
        self.process.as_mut().filter(|process| process.is_running())
    }
}

impl Supervisor {
    /// Supervises one worker per plan; none is started. `program` is this executable, `scratch` a folder for the pages
    /// of counters and for locks, best on a file system in memory, outside the lab's folder. Nobody else may use it,
    /// and it must be there as long as any worker.
    pub fn new(plans: Vec<impl Into<Plan>>, program: PathBuf, events: Sender<Event>, scratch: PathBuf) -> Supervisor {
        let slots = plans.into_iter().map(|plan| Slot::of(plan.into())).collect();
        let guard = Arc::new(Mutex::new(Guard::new(&program)));
        let servers = ForkServers::new(&program, &scratch, &guard);
        Supervisor { slots, program, scratch, events, guard, servers, begin_anew: false, clock_told: false }
    }

    /// Starts a worker that does not run: `Launched`, or `StartFailed` with the reason. Nothing if it runs.
    #[must_use]
    pub fn start(&mut self, worker: WorkerId, clock: &ClockSetting) -> Vec<Event> {
        if self.running() == 0 && std::mem::take(&mut self.begin_anew) {
            self.servers.end();
        }
        let slot = match self.slots.get_mut(worker.0 as usize) {
            Some(Slot::Own(slot)) => slot,
            Some(Slot::Program(_)) => return self.start_as(worker, clock, new_launch()),
            None => return Vec::new(),
        };
        if slot.running().is_some() {
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

    /// The launch as which a program is to be started; none if this is no program, or one that runs.
    pub fn next_launch(&self, worker: WorkerId) -> Option<LaunchId> {
        let slot = self.slots.get(worker.0 as usize)?;
        (matches!(slot, Slot::Program(_)) && !slot.is_running()).then(new_launch)
    }

    /// Starts a program as a launch that others know of already. Nothing if it runs, or is none.
    #[must_use]
    pub fn start_as(&mut self, worker: WorkerId, clock: &ClockSetting, launch: LaunchId) -> Vec<Event> {
        let Some(Slot::Program(slot)) = self.slots.get_mut(worker.0 as usize) else { return Vec::new() };
        if slot.running().is_some() {
            return Vec::new();
        }
        let mut events = Vec::new();
        let simulated = matches!(clock.mode, ClockMode::Simulated { .. });
        if simulated && !std::mem::replace(&mut self.clock_told, true) {
            let name = &slot.plan.name;
            events.push(notice(format!("Worker {name} is a program of its own and goes by the machine's clock.")));
        }
        let (events_in, guard) = (&self.events, &self.guard);
        let start = StartProgram { worker, launch, plan: &slot.plan, events: events_in, guard };
        let at = Moment::now();
        match start.run() {
            Ok(process) => {
                let launched = WorkerEvent::Launched { launch, pid: process.pid };
                events.push(of_worker(at, worker, launched));
                // It says nothing itself; that it could be started is all that is known of it.
                let now = Moment::now();
                let start_ns = now.mono.since(at.mono);
                events.push(of_worker(now, worker, WorkerEvent::Started { start_ns }));
                slot.process = Some(process);
            }
            Err(reason) => events.push(of_worker(at, worker, WorkerEvent::StartFailed { reason })),
        }
        events
    }

    /// Gives an order to one worker. What comes of it is told by the worker itself, or seen of its process.
    #[must_use]
    pub fn order(&mut self, worker: WorkerId, order: WorkerOrder) -> Vec<Event> {
        let slot = self.slots.get_mut(worker.0 as usize);
        let mut events = Vec::new();
        if let WorkerOrder::Kill(signal) = order
            && slot.as_ref().is_some_and(|slot| slot.is_running())
        {
            events.push(of_worker(Moment::now(), worker, WorkerEvent::Signalled { signal }));
        }
        events.extend(match slot {
            Some(Slot::Own(slot)) => match order {
                WorkerOrder::Restart => {
                    let clock = slot.clock.clone();
                    clock.map_or_else(Vec::new, |clock| self.start(worker, &clock))
                }
                order => slot.order(order),
            },
            Some(Slot::Program(slot)) => slot.order(worker, order),
            None => Vec::new(),
        });
        events
    }

    /// Sends a new setting of the clock to every worker; each takes it up at its own moment.
    pub fn set_clock(&mut self, clock: &ClockSetting) {
        for slot in &mut self.slots {
            let Slot::Own(slot) = slot else { continue };
            if let Some(process) = slot.running() {
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
            match slot {
                Slot::Own(slot) => slot.sample(WorkerId(number as u32), now, &mut events),
                Slot::Program(slot) => {
                    let late = |process: &&mut ProgramProcess| process.deadline.is_some_and(|end| end <= now.mono);
                    if let Some(process) = slot.running().filter(late) {
                        process.kill();
                    }
                }
            }
        }
        events
    }

    /// Something has happened to files: programs may open others now.
    pub fn files_changed(&self) {
        self.running_programs().for_each(ProgramProcess::nudge);
    }

    /// A file is about to be renamed, or replaced, by Rotascope itself: no program has put it away then.
    pub fn about_to(&self, operation: &FileOperation, path: &Path) {
        for program in self.running_programs() {
            program.disturb(|disturbed| match operation {
                FileOperation::Rename { .. } => drop(disturbed.renamed.insert(path.to_owned())),
                FileOperation::Replace => drop(disturbed.replaced.insert(path.to_owned())),
                _ => {}
            });
        }
    }

    /// The process and the descriptor through which a program holds a file, as of the last look.
    pub fn holder(&self, worker: WorkerId, file: FileId) -> Option<(u32, i32)> {
        match self.slots.get(worker.0 as usize)? {
            Slot::Program(slot) => slot.process.as_ref()?.holder(file),
            Slot::Own(_) => None,
        }
    }

    fn running_programs(&self) -> impl Iterator<Item = &ProgramProcess> {
        let processes = self.slots.iter().filter_map(|slot| match slot {
            Slot::Program(slot) => slot.process.as_ref(),
            Slot::Own(_) => None,
        });
        processes.filter(|process| process.is_running())
    }

    /// How many workers run. 0 means also that all their ends are in the channel or taken from it.
    pub fn running(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_running()).count()
    }

    /// Tells every worker to end. Those that have not ended two seconds later are killed by [`Supervisor::sample`].
    pub fn stop_all(&mut self) {
        self.begin_anew = true;
        for slot in &mut self.slots {
            match slot {
                Slot::Own(slot) => slot.running().into_iter().for_each(|process| process.ask_to_end(END_BOUND)),
                Slot::Program(slot) => slot.running().into_iter().for_each(|process| process.ask_to_end(END_BOUND)),
            }
        }
    }
}

impl Drop for Supervisor {
    /// Ends whatever still runs: the workers, then the fork servers, the guard last. Takes about a second if a worker
    /// does not end by itself.
    fn drop(&mut self) {
        for slot in &mut self.slots {
            match slot {
                Slot::Own(slot) => slot.process.iter_mut().for_each(Process::abandon),
                Slot::Program(slot) => slot.running().into_iter().for_each(ProgramProcess::abandon),
            }
        }
        let end = Instant::now() + DROP_BOUND;
        while self.running() > 0 && Instant::now() < end {
            thread::sleep(Duration::from_millis(1));
        }
        for slot in &mut self.slots {
            match slot {
                Slot::Own(slot) => {
                    slot.running().into_iter().for_each(|process| drop(process.signal(ProcessSignal::Kill)));
                    slot.process.iter_mut().for_each(Process::join);
                }
                Slot::Program(slot) => {
                    slot.running().into_iter().for_each(|process| process.kill());
                    slot.process.iter_mut().for_each(ProgramProcess::join);
                }
            }
        }
        self.servers.end();
        lock(&self.guard).dismiss();
    }
}

impl OwnSlot {
    fn order(&mut self, order: WorkerOrder) -> Vec<Event> {
        if let WorkerOrder::Rate(rate) = order {
            if !rate.is_finite() || rate < 0.0 {
                return vec![notice(format!("{rate} is no rate; lines per second are a number from 0"))];
            }
            self.plan.rate = rate;
        }
        let Some(process) = self.running() else { return Vec::new() };
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
        signalled.err().and_then(|error| not_signalled(&self.plan.name, &error)).into_iter().collect()
    }

    fn sample(&mut self, worker: WorkerId, now: Moment, events: &mut Vec<Event>) {
        let Some(process) = self.running() else { return };
        process.flush_orders();
        if process.deadline.is_some_and(|deadline| deadline <= now.mono) {
            let _ = process.signal(ProcessSignal::Kill);
        }
        let counts = process.changed_counts();
        if !counts.is_empty() {
            let event = WorkerEvent::Counted { launch: process.launch, counts };
            events.push(of_worker(now, worker, event));
        }
        let dropped = process.newly_dropped_reports();
        if dropped > 0 {
            let name = &self.plan.name;
            events.push(notice(format!("{dropped} reports of worker {name} were dropped: too many at once")));
        }
    }
}

impl ProgramSlot {
    /// A program is started by [`Supervisor::start_as`] alone.
    fn order(&mut self, worker: WorkerId, order: WorkerOrder) -> Vec<Event> {
        let Some(process) = self.running() else { return Vec::new() };
        let at = Moment::now();
        let done = match order {
            WorkerOrder::Pause => process.pause(),
            WorkerOrder::Resume => process.resume(),
            WorkerOrder::Freeze => process.freeze(),
            WorkerOrder::Thaw => process.thaw(),
            WorkerOrder::Kill(signal) => process.signal(ProcessSignal::Number(signal)),
            WorkerOrder::Stop => {
                process.ask_to_end(END_BOUND);
                Ok(None)
            }
            WorkerOrder::Rate(_) => {
                let name = &self.plan.name;
                return vec![notice(format!("Worker {name} is a program of its own and decides how fast it writes."))];
            }
            WorkerOrder::Restart => Ok(None),
        };
        match done {
            Ok(told) => told.map(|event| of_worker(at, worker, event)).into_iter().collect(),
            Err(error) => not_signalled(&self.plan.name, &error).into_iter().collect(),
        }
    }
}

fn not_signalled(name: &str, error: &std::io::Error) -> Option<Event> {
    // One that is not found has ended a moment ago, and its end will be told.
    let gone = error.kind() == std::io::ErrorKind::NotFound;
    (!gone).then(|| notice(format!("Worker {name} could not be signalled: {error}")))
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
