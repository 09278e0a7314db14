//! One running worker process, as its parent holds it.

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::{SendTimeoutError, Sender};

use crate::clock::{ClockSetting, Moment, Mono};
use crate::event::{Event, Exit, LaunchId, TaskCount, What, WorkerEvent, WorkerId};
use crate::platform::{self, ChildChange, ProcessSignal};

use super::counters::Counters;
use super::guard::Guard;
use super::servers::{ForkServers, ForkedChild};
use super::wire::{Order, PlanFor, Report, Told, WorkerSetup};
use super::{StartMethod, WORKER_SUBCOMMAND, WorkerPlan};

/// How often a thread that can't hand over an event looks whether anybody still wants it.
const HANDOVER: Duration = Duration::from_millis(50);

/// A worker's process and its two threads: one takes its reports, one waits for its end.
pub(super) struct Process {
    pub(super) pid: u32,
    pub(super) launch: LaunchId,
    /// When it is to be killed if it has not ended by itself.
    pub(super) deadline: Option<Mono>,
    orders: Option<PipeWriter>,
    /// Orders that did not fit into the pipe: the worker is stopped or busy.
    waiting: VecDeque<Vec<u8>>,
    shared: Arc<Shared>,
    last_counts: Vec<TaskCount>,
    dropped_reports: u64,
    thread: Option<JoinHandle<()>>,
}

/// What the parent's threads share about one process.
struct Shared {
    worker: WorkerId,
    launch: LaunchId,
    pid: u32,
    counters: Counters,
    page: PathBuf,
    /// Whether the process id may be somebody else's by now. Whoever signals holds the lock.
    reaped: Mutex<bool>,
    stopped: AtomicBool,
    asked: AtomicBool,
    /// The process has ended: the last count belongs to the thread that waited for it.
    counted_out: AtomicBool,
    /// Everything about it has been handed over.
    finished: AtomicBool,
    /// Nobody takes events any more.
    abandoned: AtomicBool,
}

/// What is needed to start a worker.
pub(super) struct Start<'a> {
    pub(super) worker: WorkerId,
    pub(super) plan: &'a WorkerPlan,
    pub(super) clock: &'a ClockSetting,
    pub(super) program: &'a Path,
    pub(super) scratch: &'a Path,
    pub(super) events: &'a Sender<Event>,
    pub(super) guard: &'a Arc<Mutex<Guard>>,
    pub(super) servers: &'a mut ForkServers,
}

impl Start<'_> {
    /// Starts the process and gives it its setup. It writes its first line after that.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn run(mut self) -> Result<Process, String> {
        let decided = Mono::now();
        let launch = new_launch();
        let page = self.scratch.join(format!("counters-{:08x}", launch.0));
        let counters = Counters::create(&page, self.plan.threads, self.plan.tasks)
            .map_err(|error| format!("its counters can't be made at {}: {error}", page.display()))?;
        let setup = WorkerSetup {
            launch,
            plan: self.plan_for(),
            clock: self.clock.clone(),
            page: page.clone(),
            scratch: self.scratch.to_owned(),
            decided,
        };
        let begun = to_line(&setup).map_err(|error| error.to_string()).and_then(|line| self.begin(&line));
        let (being, orders, reports) = begun.inspect_err(|_| drop(std::fs::remove_file(&page)))?;
        let shared = Arc::new(Shared {
            worker: self.worker,
            launch,
            pid: being.pid(),
            counters,
            page,
            reaped: Mutex::new(false),
            stopped: AtomicBool::new(false),
            asked: AtomicBool::new(false),
            counted_out: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
        });
        let last_counts = shared.counters.read();
        let (with, events, guard) = (Arc::clone(&shared), self.events.clone(), Arc::clone(self.guard));
        let watch = move || watch(&with, being, reports, &events, &guard);
        let thread = thread::Builder::new().name(format!("worker {}", self.plan.name)).spawn(watch);
        let thread = thread.map_err(|error| {
            let _ = platform::signal_group(shared.pid, ProcessSignal::Kill);
            lock(self.guard).retire(shared.pid);
            let _ = std::fs::remove_file(&shared.page);
            format!("the system gives no thread to watch it: {error}")
        })?;
        Ok(Process {
            pid: shared.pid,
            launch,
            deadline: None,
            orders: Some(orders),
            waiting: VecDeque::new(),
            shared,
            last_counts,
            dropped_reports: 0,
            thread: Some(thread),
        })
    }

    fn plan_for(&self) -> PlanFor {
        match self.plan.start {
            StartMethod::Fork => PlanFor::Inherited { name: self.plan.name.clone(), rate: self.plan.rate },
            StartMethod::Spawn | StartMethod::Forkserver => PlanFor::Given(Box::new(self.plan.clone())),
        }
    }

    /// Makes the process and its pipes, and gives it its setup.
    fn begin(&mut self, setup: &[u8]) -> Result<(Being, PipeWriter, PipeReader), String> {
        let pipes = io::pipe().and_then(|orders| Ok((orders, io::pipe()?)));
        let ((orders_in, mut orders), (reports, reports_out)) =
            pipes.map_err(|error| format!("the system gives no pipe to it: {error}"))?;
        let mut being = match self.plan.start {
            StartMethod::Spawn => self.spawn(orders_in, reports_out).map(Being::Spawned)?,
            StartMethod::Forkserver | StartMethod::Fork => {
                let ends = [orders_in.as_fd(), reports_out.as_fd()];
                Being::Forked(self.servers.fork(self.plan, self.clock, ends)?)
            }
        };
        // It waits for its setup, so the guard knows of it before it does anything.
        let ready = lock(self.guard).add(being.pid()).and_then(|()| {
            orders.write_all(setup)?;
            platform::never_block(&orders)
        });
        match ready {
            Ok(()) => Ok((being, orders, reports)),
            Err(error) => {
                being.kill(self.guard);
                Err(format!("it could not be given its setup: {error}"))
            }
        }
    }

    fn spawn(&self, orders: PipeReader, reports: PipeWriter) -> Result<Child, String> {
        lock(self.guard).ensure().map_err(|error| format!("the guard process can't be started: {error}"))?;
        let mut command = Command::new(self.program);
        command.arg(WORKER_SUBCOMMAND).stdin(orders).stdout(reports);
        platform::in_own_group(&mut command);
        command.spawn().map_err(|error| format!("{} can't be started: {error}", self.program.display()))
    }
}

/// A worker's process, by how it came to be.
enum Being {
    Spawned(Child),
    Forked(ForkedChild),
}

impl Being {
    fn pid(&self) -> u32 {
        match self {
            Being::Spawned(child) => child.id(),
            Being::Forked(child) => child.pid,
        }
    }

    /// Waits until it stops, goes on or ends. Its process id stays taken after its end.
    fn wait_for_change(&mut self) -> ChildChange {
        match self {
            Being::Spawned(child) => platform::wait_for_change(child.id()).unwrap_or(ChildChange::Ended),
            Being::Forked(child) => child.wait_for_change(),
        }
    }

    /// Lets go of its process id.
    fn reap(&mut self) -> Exit {
        match self {
            Being::Spawned(child) => child.wait().map_or(Exit::Code(-1), platform::exit_of),
            Being::Forked(child) => child.reap(),
        }
    }

    /// Ends one that nobody has heard of yet.
    fn kill(&mut self, guard: &Mutex<Guard>) {
        let _ = platform::signal_process(self.pid(), ProcessSignal::Kill);
        while self.wait_for_change() != ChildChange::Ended {}
        lock(guard).retire(self.pid());
        self.reap();
    }
}

impl Process {
    /// Gives an order. Never blocks: what does not fit into the pipe waits for [`Process::flush_orders`].
    pub(super) fn send(&mut self, order: &Order) {
        if let Ok(line) = to_line(order) {
            self.waiting.push_back(line);
            self.flush_orders();
        }
    }

    pub(super) fn flush_orders(&mut self) {
        while let (Some(line), Some(pipe)) = (self.waiting.front(), &mut self.orders) {
            // Orders are shorter than PIPE_BUF, so the system takes all of one or nothing.
            match pipe.write(line) {
                Ok(_) => drop(self.waiting.pop_front()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // It has ended; whoever waits for it will tell.
                Err(_) => self.waiting.clear(),
            }
        }
    }

    /// Tells it to end in good order; a stopped one is let go on for that. It is killed at the deadline.
    pub(super) fn ask_to_end(&mut self, bound: Duration) {
        self.shared.asked.store(true, Ordering::Release);
        if self.deadline.is_none() {
            self.deadline = Some(Mono::now().plus_ns(bound.as_nanos() as u64));
            self.send(&Order::Stop);
        }
        if self.shared.stopped.load(Ordering::Acquire) {
            let _ = self.signal(ProcessSignal::Continue);
        }
    }

    /// Signals its whole group.
    ///
    /// # Errors
    /// The system's; `NotFound` if it has ended.
    pub(super) fn signal(&self, signal: ProcessSignal) -> io::Result<()> {
        let reaped = lock(&self.shared.reaped);
        if *reaped {
            return Err(io::ErrorKind::NotFound.into());
        }
        platform::signal_group(self.pid, signal)
    }

    /// Whether anything may still come from it.
    pub(super) fn is_running(&self) -> bool {
        !self.shared.finished.load(Ordering::Acquire)
    }

    /// The counters that have changed since the last call, if the process has not ended.
    pub(super) fn changed_counts(&mut self) -> Vec<TaskCount> {
        if self.shared.counted_out.load(Ordering::Acquire) {
            return Vec::new();
        }
        let counts = self.shared.counters.read();
        let changed = counts.iter().zip(&self.last_counts).filter(|(now, before)| now != before);
        let changed = changed.map(|(now, _)| *now).collect();
        self.last_counts = counts;
        changed
    }

    /// Reports that got lost since the last call, because nobody took them in time.
    pub(super) fn newly_dropped_reports(&mut self) -> u64 {
        let total = self.shared.counters.dropped_reports().load(Ordering::Relaxed);
        total - std::mem::replace(&mut self.dropped_reports, total)
    }

    /// Ends it for good: nobody takes its events any more.
    pub(super) fn abandon(&mut self) {
        self.shared.abandoned.store(true, Ordering::Release);
        self.orders = None;
        if self.shared.stopped.load(Ordering::Acquire) {
            let _ = self.signal(ProcessSignal::Kill);
        }
    }

    /// Waits for its thread. Call it when the process has ended or was killed.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits for the process to stop, go on and end, and tells so.
fn watch(shared: &Arc<Shared>, mut being: Being, reports: PipeReader, events: &Sender<Event>, guard: &Mutex<Guard>) {
    let (with, to) = (Arc::clone(shared), events.clone());
    let reader = thread::Builder::new().name("reports".into()).spawn(move || read_reports(&with, reports, &to)).ok();
    loop {
        match being.wait_for_change() {
            ChildChange::Stopped => {
                shared.stopped.store(true, Ordering::Release);
                shared.tell(events, Moment::now(), WorkerEvent::Stopped);
            }
            ChildChange::Continued => {
                shared.stopped.store(false, Ordering::Release);
                shared.tell(events, Moment::now(), WorkerEvent::Continued);
            }
            ChildChange::Ended => break,
        }
    }
    let at = Moment::now();
    lock(guard).retire(shared.pid);
    let exit = {
        let mut reaped = lock(&shared.reaped);
        *reaped = true;
        being.reap()
    };
    if let Some(reader) = reader {
        let _ = reader.join();
    }
    shared.counted_out.store(true, Ordering::Release);
    shared.tell(events, at, WorkerEvent::Counted { launch: shared.launch, counts: shared.counters.read() });
    let asked = shared.asked.load(Ordering::Acquire);
    shared.tell(events, at, WorkerEvent::Exited { exit, asked });
    let _ = std::fs::remove_file(&shared.page);
    shared.finished.store(true, Ordering::Release);
}

fn read_reports(shared: &Shared, reports: PipeReader, events: &Sender<Event>) {
    let mut reports = BufReader::new(reports);
    let mut line = Vec::new();
    loop {
        line.clear();
        // A report cut short by a SIGKILL says nothing that can be used.
        if !matches!(reports.read_until(b'\n', &mut line), Ok(1..)) || line.last() != Some(&b'\n') {
            return;
        }
        match serde_json::from_slice::<Report>(&line) {
            Ok(Report { at, told: Told::Event(event) }) => shared.tell(events, at, event),
            Ok(Report { at, told: Told::Notice(text) }) => {
                shared.hand_over(events, Event { at, what: What::Notice { text } });
            }
            Err(error) => {
                let text = String::from_utf8_lossy(line.trim_ascii());
                let text = format!("A worker wrote something that is no report: {error}: {text}");
                shared.hand_over(events, Event { at: Moment::now(), what: What::Notice { text } });
            }
        }
    }
}

impl Shared {
    fn tell(&self, events: &Sender<Event>, at: Moment, event: WorkerEvent) {
        self.hand_over(events, Event { at, what: What::Worker { worker: self.worker, event } });
    }

    fn hand_over(&self, events: &Sender<Event>, event: Event) {
        hand_over(events, event, &self.abandoned);
    }
}

/// Waits for room, but not for a receiver that has given up.
pub(super) fn hand_over(events: &Sender<Event>, event: Event, abandoned: &AtomicBool) {
    let mut event = event;
    while !abandoned.load(Ordering::Acquire) {
        match events.send_timeout(event, HANDOVER) {
            Ok(()) | Err(SendTimeoutError::Disconnected(_)) => return,
            Err(SendTimeoutError::Timeout(back)) => event = back,
        }
    }
}

/// A new launch, told from all others.
pub(super) fn new_launch() -> LaunchId {
    LaunchId(RandomState::new().hash_one((Mono::now().0, std::process::id())) as u32)
}

pub(super) fn to_line(value: &impl serde::Serialize) -> serde_json::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    Ok(line)
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What these mutexes protect is whole between any two statements.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
