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
use crate::handler::{EmitError, Handler, Probe, Surroundings, probe_of_this_build};
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
/// The least time between two checks of a handler, whatever it asks for.
const BETWEEN_CHECKS_NS: u64 = 1_000_000;

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
        check_earliest: Mono(0),
        check_complaint: String::new(),
    };
    let code = match task.open() {
        Ok(()) => {
            task.run(&inbox);
            task.close();
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
    check_earliest: Mono,
    /// What the last check complained of, which is said once.
    check_complaint: String,
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
            if inbox.waiting.swap(false, Ordering::Acquire) {
                while let Ok(order) = inbox.orders.try_recv() {
                    self.obey(order, &mut mode, &mut pacer);
                }
                continue;
            }
            if mode == Mode::Hold {
                self.reporter.tell_failures();
                self.sleep_until(None, inbox);
                continue;
            }
            match pacer.due(Mono::now) {
                Due::Lines(count) => self.write_lines(count, inbox, &mut pacer),
                Due::At(next) => self.sleep_until(Some(next), inbox),
            }
        }
    }

    fn write_lines(&mut self, count: u64, inbox: &Inbox, pacer: &mut Pacer) {
        for _ in 0..count {
            let whole = self.write_line();
            pacer.wrote_line();
            if !whole && !pacer.is_limited() {
                return self.sleep_until(Some(Mono::now().plus_ns(AFTER_FAILURE.as_nanos() as u64)), inbox);
            }
            if inbox.waiting.load(Ordering::Relaxed) {
                return;
            }
        }
        if self.upkeep_due().is_some() {
            self.see_to_upkeep(Mono::now());
        }
    }

    /// Sleeps up to a moment, or without one for ever; an order ends the sleep, and stays where it is.
    fn sleep_until(&mut self, next: Option<Mono>, inbox: &Inbox) {
        while !inbox.waiting.load(Ordering::Acquire) {
            let now = Mono::now();
            if next.is_some_and(|next| next <= now) {
                return;
            }
            self.see_to_upkeep(now);
            let wake = next.into_iter().chain(self.upkeep_due()).min();
            let mut ready = crossbeam_channel::Select::new();
            ready.recv(&inbox.orders);
            let ordered = match wake {
                Some(wake) => ready.ready_timeout(Duration::from_nanos(wake.since(now))).is_ok(),
                None => ready.ready() == 0,
            };
            if ordered {
                // The sender raises the flag right after it has sent.
                inbox.waiting.store(true, Ordering::Release);
            }
        }
    }

    /// When something besides lines is to be done: failures told, the handler's own check.
    fn upkeep_due(&self) -> Option<Mono> {
        self.reporter.failures_due().into_iter().chain(self.check_due()).min()
    }

    fn check_due(&self) -> Option<Mono> {
        self.handler.next_check().map(|due| due.max(self.check_earliest))
    }

    fn see_to_upkeep(&mut self, now: Mono) {
        if self.reporter.failures_due().is_some_and(|due| due <= now) {
            self.reporter.tell_failures();
        }
        if self.check_due().is_some_and(|due| due <= now) {
            let mut around =
                Surroundings { clock: &self.clock, observer: &mut self.reporter, probe: self.probe.as_ref() };
            let checked = self.handler.check(&mut around);
            self.check_earliest = Mono::now().plus_ns(BETWEEN_CHECKS_NS);
            self.complain_of(checked, "when it checked its file");
        }
    }

    /// The handler's last call. The parent may be gone, and then nobody hears what is told.
    fn close(&mut self) {
        let mut around = Surroundings { clock: &self.clock, observer: &mut self.reporter, probe: self.probe.as_ref() };
        let closed = self.handler.close(&mut around);
        self.complain_of(closed, "when it closed its file");
    }

    /// Tells of a failure outside any line; the same one again only after a success.
    fn complain_of(&mut self, result: Result<(), EmitError>, when: &str) {
        let complaint = result.map_or_else(|error| error.to_string(), |()| String::new());
        if !complaint.is_empty() && complaint != self.check_complaint {
            self.reporter.notice(format!("Worker {}, {when}: {complaint}", self.setup.plan.name));
        }
        self.check_complaint = complaint;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::PathBuf;
    use std::sync::Mutex;
    use std::time::Instant;

    use super::*;
    use crate::clock::ClockSetting;
    use crate::event::LaunchId;
    use crate::handler::{Class, EmitFault, HandlerSetup};
    use crate::worker::WorkerPlan;

    /// What a handler was asked to do, in order.
    type Calls = Arc<Mutex<Vec<&'static str>>>;

    /// Wants to check every few milliseconds, and fails at it.
    struct Timed {
        calls: Calls,
        next: Mono,
    }

    impl Handler for Timed {
        fn open(&mut self, _: &mut Surroundings<'_>) -> Result<(), EmitError> {
            Ok(())
        }

        fn emit(&mut self, _: &[u8], _: &mut Surroundings<'_>) -> Result<(), EmitError> {
            self.calls.lock().unwrap().push("emit");
            Ok(())
        }

        fn next_check(&self) -> Option<Mono> {
            Some(self.next)
        }

        fn check(&mut self, _: &mut Surroundings<'_>) -> Result<(), EmitError> {
            assert!(self.next <= Mono::now(), "not before its time");
            self.next = Mono::now().plus_ns(5_000_000);
            self.calls.lock().unwrap().push("check");
            let reason = EmitFault::System(io::Error::from(io::ErrorKind::NotFound));
            Err(EmitError { operation: "stat", path: PathBuf::from("/a1.log"), reason })
        }

        fn close(&mut self, _: &mut Surroundings<'_>) -> Result<(), EmitError> {
            self.calls.lock().unwrap().push("close");
            Ok(())
        }
    }

    #[derive(Clone, Default)]
    struct Told(Arc<Mutex<Vec<u8>>>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// Runs a task at this rate whose handler is [`Timed`], under the orders that `order` gives; what it told.
    fn run(rate: f64, order: impl FnOnce(&dyn Fn(Order), &Calls) + Send) -> (Vec<&'static str>, String) {
        let folder = tempfile::tempdir().unwrap();
        let plan = WorkerPlan {
            name: "web-1".to_owned(),
            module: "app".to_owned(),
            logger: "error".to_owned(),
            handler: HandlerSetup::new(Class::Plain, folder.path().join("a1.log")),
            format: LineFormat::DEFAULT.to_owned(),
            message: "6".to_owned(),
            rate,
            levels: Vec::new(),
            threads: 1,
            tasks: 1,
        };
        let page = folder.path().join("page");
        let counters = Counters::create(&page, 1, 1).unwrap();
        let clock = ClockSetting::wall();
        let setup = WorkerSetup { launch: LaunchId(1), plan, clock: clock.clone(), page, decided: Mono::now() };
        let (told, calls) = (Told::default(), Calls::default());
        let mut task = Task {
            setup: &setup,
            format: &LineFormat::parse(LineFormat::DEFAULT).unwrap(),
            clock: SessionClock::new(clock),
            handler: Box::new(Timed { calls: Arc::clone(&calls), next: Mono::now() }),
            probe: probe_of_this_build(),
            counters: counters.task(1, 1),
            levels: LevelMix::new(&[], ""),
            process: 1,
            seq: 0,
            line: Vec::new(),
            reporter: Reporter::start(told.clone(), &counters).unwrap(),
            check_earliest: Mono(0),
            check_complaint: String::new(),
        };
        let (sender, orders) = unbounded();
        let inbox = Inbox { orders, waiting: Arc::new(AtomicBool::new(false)) };
        let waiting = Arc::clone(&inbox.waiting);
        thread::scope(|scope| {
            let with = Arc::clone(&calls);
            scope.spawn(move || {
                let give = |order| {
                    sender.send(order).unwrap();
                    waiting.store(true, Ordering::Release);
                };
                order(&give, &with);
                give(Order::Stop);
            });
            task.run(&inbox);
            task.close();
        });
        task.reporter.finish(Duration::from_secs(20));
        let told = String::from_utf8(told.0.lock().unwrap().clone()).unwrap();
        (calls.lock().unwrap().clone(), told)
    }

    fn wait_for(calls: &Calls, what: &str, times: usize) {
        let end = Instant::now() + Duration::from_secs(20);
        while calls.lock().unwrap().iter().filter(|call| **call == what).count() < times {
            assert!(Instant::now() < end, "{what} {times} times; seen {:?}", calls.lock().unwrap());
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_handler_checks_on_time_while_no_line_is_due_and_is_closed_last() {
        let (calls, told) = run(0.001, |_, calls| wait_for(calls, "check", 5));
        assert_eq!(calls.iter().filter(|call| **call == "emit").count(), 1);
        assert_eq!(calls.iter().filter(|call| **call == "close").count(), 1);
        assert_eq!(calls.last(), Some(&"close"));
        assert_eq!(told.matches("Worker web-1, when it checked its file: stat /a1.log").count(), 1, "once: {told}");
    }

    #[test]
    fn a_paused_handler_checks_on() {
        let (calls, _) = run(1000.0, |give, calls| {
            give(Order::Pause);
            let checks = calls.lock().unwrap().len();
            wait_for(calls, "check", checks + 5);
        });
        assert_eq!(calls.last(), Some(&"close"));
    }

    #[test]
    fn a_handler_checks_between_lines_at_full_speed() {
        let (calls, _) = run(0.0, |_, calls| wait_for(calls, "check", 3));
        assert!(calls.iter().filter(|call| **call == "emit").count() > 3);
    }
}
