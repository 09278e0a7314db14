//! What runs inside a worker's process.

use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::clock::{Moment, Mono, SessionClock};
use crate::event::WorkerEvent;
use crate::handler::{Handler, Probe, Surroundings, probe_of_this_build};
use crate::record::{LineFormat, Record, Stamp, StampRun, write_stamp};

use super::counters::{Counters, TaskCounters};
use super::pace::{Due, LevelMix, Pacer};
use super::report::Reporter;
use super::wire::{Order, WorkerSetup};

/// How long a worker may take to finish after its parent is gone, or to deliver its last reports.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Without a rate, the rest after a line that failed: a failing system call returns so fast that the failures would
/// outnumber the lines by far.
const AFTER_FAILURE: Duration = Duration::from_millis(1);

/// Runs a worker: reads its setup and then its orders from standard input, reports on standard output, and ends when
/// told to or when standard input ends.
///
/// Exit codes: 0 when it was told to end or its parent is gone, 1 when its handler could not be opened, 2 when the
/// setup is not one.
pub fn run_worker() -> ExitCode {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    match input.read_line(&mut line) {
        // The parent died before it said a word.
        Ok(0) => return ExitCode::SUCCESS,
        Ok(_) => {}
        Err(error) => return refuse(&format!("its setup could not be read: {error}")),
    }
    let setup: WorkerSetup = match serde_json::from_str(&line) {
        Ok(setup) => setup,
        Err(error) => return refuse(&format!("this is no setup of a worker: {error}")),
    };
    let prepared = LineFormat::parse(&setup.plan.format)
        .map_err(|error| format!("its format can't be used: {error}"))
        .and_then(|format| Ok((format, open_counters(&setup)?)));
    match prepared {
        Ok((format, counters)) => work(&setup, &format, &counters, input),
        Err(reason) => refuse(&reason),
    }
}

fn open_counters(setup: &WorkerSetup) -> Result<Counters, String> {
    let counters = Counters::open(&setup.page, setup.plan.threads, setup.plan.tasks)
        .map_err(|error| format!("its counters at {} can't be used: {error}", setup.page.display()))?;
    // Both sides have it mapped, so nothing is left behind whichever of them is killed.
    let _ = std::fs::remove_file(&setup.page);
    Ok(counters)
}

fn refuse(reason: &str) -> ExitCode {
    complain(&format!("a worker was not started as Rotascope starts it: {reason}"));
    ExitCode::from(2)
}

/// Says it on standard error, which may be closed: no reason to end.
fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "rotascope: {sentence}");
}

fn work(
    setup: &WorkerSetup,
    format: &LineFormat,
    counters: &Counters,
    input: impl BufRead + Send + 'static,
) -> ExitCode {
    let started = Reporter::start(io::stdout(), counters).and_then(|reporter| Ok((reporter, Inbox::open(input)?)));
    let (mut reporter, inbox) = match started {
        Ok(both) => both,
        Err(error) => return refuse(&format!("the system gives it no thread: {error}")),
    };
    let now = Moment::now();
    reporter.tell(now, WorkerEvent::Started { start_ns: now.mono.since(setup.decided) });
    let mut task = Task {
        setup,
        format,
        clock: SessionClock::new(setup.clock.clone()),
        handler: setup.plan.handler.build(),
        probe: probe_of_this_build(),
        counters: counters.task(1, 1),
        levels: LevelMix::new(&setup.plan.levels, &setup.plan.name),
        process: std::process::id(),
        seq: 0,
        line: Vec::with_capacity(256),
        reporter,
    };
    let code = match task.open() {
        Ok(()) => {
            task.run(&inbox);
            ExitCode::SUCCESS
        }
        Err(reason) => {
            task.reporter.tell(Moment::now(), WorkerEvent::StartFailed { reason });
            ExitCode::from(1)
        }
    };
    let Task { reporter, handler, .. } = task;
    drop(handler);
    reporter.finish(LAST_WORDS);
    code
}

/// Orders as they come in.
struct Inbox {
    orders: Receiver<Order>,
    /// Whether one waits: cheaper to ask before each line than the channel.
    waiting: Arc<AtomicBool>,
}

impl Inbox {
    fn open(input: impl BufRead + Send + 'static) -> io::Result<Inbox> {
        let (sender, orders) = unbounded();
        let waiting = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&waiting);
        thread::Builder::new().name("orders".into()).spawn(move || {
            read_orders(input, &sender, &flag);
            let _ = sender.send(Order::Stop);
            flag.store(true, Ordering::Release);
            // The writing may hang in a system call. The parent is gone all the same.
            thread::sleep(LAST_WORDS);
            std::process::exit(0);
        })?;
        Ok(Inbox { orders, waiting })
    }
}

/// Returns at the end of the input: the parent is gone.
fn read_orders(input: impl BufRead, orders: &Sender<Order>, waiting: &AtomicBool) {
    for line in input.lines() {
        let Ok(line) = line else { return };
        match serde_json::from_str(&line) {
            Ok(order) => {
                let _ = orders.send(order);
                waiting.store(true, Ordering::Release);
            }
            Err(error) => complain(&format!("a worker got an order that it does not know: {error}: {line}")),
        }
    }
}

/// One task: it writes lines until it is told to end.
struct Task<'a> {
    setup: &'a WorkerSetup,
    format: &'a LineFormat,
    clock: SessionClock,
    handler: Box<dyn Handler>,
    probe: Box<dyn Probe>,
    counters: TaskCounters<'a>,
    levels: LevelMix,
    process: u32,
    seq: u64,
    /// Reused for every line.
    line: Vec<u8>,
    reporter: Reporter<'a>,
}

/// What an order leaves a task to do.
#[derive(PartialEq)]
enum Mode {
    Write,
    Hold,
    End,
}

impl Task<'_> {
    fn open(&mut self) -> Result<(), String> {
        let mut around = Surroundings { clock: &self.clock, observer: &mut self.reporter, probe: self.probe.as_ref() };
        self.handler.open(&mut around).map_err(|error| error.to_string())
    }

    fn run(&mut self, inbox: &Inbox) {
        let mut pacer = Pacer::new(self.setup.plan.rate, Mono::now());
        let mut mode = Mode::Write;
        while mode != Mode::End {
            if mode == Mode::Hold {
                self.reporter.tell_failures();
                let Ok(order) = inbox.orders.recv() else { return };
                self.obey(order, &mut mode, &mut pacer);
                continue;
            }
            if inbox.waiting.swap(false, Ordering::Acquire) {
                while let Ok(order) = inbox.orders.try_recv() {
                    self.obey(order, &mut mode, &mut pacer);
                }
                continue;
            }
            match pacer.due(Mono::now) {
                Due::Lines(count) => self.write_lines(count, inbox, &mut pacer),
                Due::At(next) => self.sleep_until(next, inbox),
            }
        }
    }

    fn write_lines(&mut self, count: u64, inbox: &Inbox, pacer: &mut Pacer) {
        for _ in 0..count {
            let whole = self.write_line();
            pacer.wrote_line();
            if !whole && !pacer.is_limited() {
                return self.sleep_until(Mono::now().plus_ns(AFTER_FAILURE.as_nanos() as u64), inbox);
            }
            if inbox.waiting.load(Ordering::Relaxed) {
                return;
            }
        }
        if self.reporter.failures_due().is_some_and(|due| due <= Mono::now()) {
            self.reporter.tell_failures();
        }
    }

    /// Sleeps, unless an order comes, which stays where it is.
    fn sleep_until(&mut self, next: Mono, inbox: &Inbox) {
        while !inbox.waiting.load(Ordering::Acquire) {
            let now = Mono::now();
            if now >= next {
                return;
            }
            let failures = self.reporter.failures_due();
            if failures.is_some_and(|due| due <= now) {
                self.reporter.tell_failures();
                continue;
            }
            let wake = failures.map_or(next, |due| due.min(next));
            let mut ready = crossbeam_channel::Select::new();
            ready.recv(&inbox.orders);
            if ready.ready_timeout(Duration::from_nanos(wake.since(now))).is_ok() {
                // The sender raises the flag right after it has sent.
                inbox.waiting.store(true, Ordering::Release);
            }
        }
    }

    fn obey(&mut self, order: Order, mode: &mut Mode, pacer: &mut Pacer) {
        let now = Moment::now();
        match order {
            Order::Stop => *mode = Mode::End,
            Order::Pause if *mode == Mode::Write => {
                *mode = Mode::Hold;
                self.reporter.tell(now, WorkerEvent::Paused);
            }
            Order::Resume if *mode == Mode::Hold => {
                *mode = Mode::Write;
                pacer.restart(now.mono);
                self.reporter.tell(now, WorkerEvent::Resumed);
            }
            Order::Pause | Order::Resume => {}
            Order::Rate(rate) => {
                *pacer = Pacer::new(rate, now.mono);
                self.reporter.tell(now, WorkerEvent::RateSet { rate });
            }
            Order::Clock(clock) => {
                self.clock.set(clock);
                self.reporter.tell(now, WorkerEvent::ClockSet);
            }
        }
    }

    /// Writes the next line; whether it stands whole.
    fn write_line(&mut self) -> bool {
        self.seq += 1;
        let plan = &self.setup.plan;
        let record = Record {
            level: self.levels.draw(),
            time: self.clock.now(),
            module: &plan.module,
            name: &plan.logger,
            process: self.process,
            thread: 1,
            task: 1,
            seq: self.seq,
            message: &plan.message,
        };
        self.line.clear();
        self.format.write(&mut self.line, &record);
        let stamp = Stamp { launch: self.setup.launch, worker: &plan.name, thread: 1, task: 1, seq: self.seq };
        write_stamp(&mut self.line, &stamp);
        self.line.push(b'\n');

        let mut around = Surroundings { clock: &self.clock, observer: &mut self.reporter, probe: self.probe.as_ref() };
        self.counters.hand_over(self.seq);
        let result = self.handler.emit(&self.line, &mut around);
        self.counters.come_back(self.seq, result.is_err());
        let Err(error) = result else { return true };
        let line = StampRun { launch: self.setup.launch, thread: 1, task: 1, first: self.seq, last: self.seq };
        self.reporter.failed(line, &error);
        false
    }
}
