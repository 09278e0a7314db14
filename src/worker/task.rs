//! One task: it writes lines at its own pace until its thread ends it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate};
use futures_lite::future::yield_now;

use crate::clock::{Mono, SessionClock};
use crate::handler::EmitError;
use crate::record::{Level, Record, Stamp, StampRun};

use super::counters::TaskCounters;
use super::inbox::Inbox;
use super::last_line::LastLine;
use super::pace::{Due, LevelMix, Pacer};
use super::shared::{Handed, Line, Shared, Turn};
use super::timers::Timers;
use super::work::{self, Work};

/// Without a rate, the rest after a line that failed: a failing system call returns so fast that the failures would
/// outnumber the lines by far.
const AFTER_FAILURE_NS: u64 = 1_000_000;

/// What the tasks of one thread share.
pub(super) struct Around<'a> {
    pub(super) inbox: &'a Inbox,
    pub(super) timers: Timers,
    /// Each thread has its own: a new setting reaches it when the thread obeys.
    pub(super) clock: RefCell<SessionClock>,
    pub(super) pace: Cell<Pace>,
}

/// The pace that was ordered, and the moment from which it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pace {
    pub(super) rate: f64,
    pub(super) from: Mono,
}

/// One task.
pub(super) struct Task<'r, 'a> {
    shared: &'r Shared<'a>,
    around: &'r Around<'r>,
    counters: TaskCounters<'r>,
    thread: u16,
    task: u16,
    levels: LevelMix,
    pace: Pace,
    pacer: Pacer,
    seq: u64,
    /// The session time of the line, and its day.
    time: DateTime<FixedOffset>,
    day: NaiveDate,
    line: LastLine,
    /// Why the line was handed over in vain, if an order was in the way: it is the next one then.
    postponed: Option<EmitError>,
}

impl<'r, 'a> Task<'r, 'a> {
    /// Both numbers from 1.
    pub(super) fn new(shared: &'r Shared<'a>, around: &'r Around<'r>, thread: u16, task: u16) -> Task<'r, 'a> {
        let pace = around.pace.get();
        Task {
            shared,
            around,
            counters: shared.counters.task(thread, task),
            thread,
            task,
            levels: LevelMix::new(&shared.plan.levels, &format!("{}.{thread}.{task}", shared.plan.name)),
            pace,
            pacer: pacer(pace, shared.process, thread, task),
            seq: 0,
            time: DateTime::default(),
            day: NaiveDate::default(),
            line: LastLine::default(),
            postponed: None,
        }
    }

    /// Writes for ever. Between two lines it can be dropped at any await.
    pub(super) async fn run(mut self) {
        loop {
            self.take_up_pace();
            match self.pacer.due(Mono::now) {
                Due::Lines(count) => self.write_due(count).await,
                Due::At(next) => self.around.timers.sleep(next).await,
            }
        }
    }

    fn take_up_pace(&mut self) {
        let ordered = self.around.pace.get();
        if ordered != self.pace {
            self.pace = ordered;
            self.pacer = pacer(ordered, self.shared.process, self.thread, self.task);
        }
    }

    async fn write_due(&mut self, count: u64) {
        let whole = match self.shared.plan.work {
            Work::None => self.write_lines(count),
            work => {
                self.work(work).await;
                self.write_lines(1)
            }
        };
        if whole || self.pacer.is_limited() {
            return yield_now().await;
        }
        self.around.timers.sleep(Mono::now().plus_ns(AFTER_FAILURE_NS)).await;
    }

    async fn work(&self, work: Work) {
        match work {
            Work::None => {}
            Work::Wait(time) => self.wait(time).await,
            Work::Compute(time) => self.compute(time).await,
        }
    }

    async fn wait(&self, time: Duration) {
        let end = Mono::now().plus_ns(time.as_nanos() as u64);
        while Mono::now() < end {
            self.around.timers.sleep(end).await;
        }
    }

    /// Lets nobody else go on, but for an order.
    async fn compute(&self, time: Duration) {
        let mut left = time.as_nanos() as u64;
        while left > 0 {
            left = left.saturating_sub(work::compute(left, || self.around.inbox.has_order()));
            if left > 0 {
                yield_now().await;
            }
        }
    }

    /// Writes lines up to an order or a failure; whether all of them stand whole.
    fn write_lines(&mut self, count: u64) -> bool {
        if self.shared.plan.threads > 1 {
            // Threads take turns line by line. The line is made before the turn.
            return self.write_each(count, |task| {
                task.make_line();
                task.hand_over(&mut task.shared.turn())
            });
        }
        let shared = self.shared;
        let mut turn = shared.turn();
        self.write_each(count, |task| {
            task.make_line();
            task.hand_over(&mut turn)
        })
    }

    fn write_each(&mut self, count: u64, mut write: impl FnMut(&mut Task<'r, 'a>) -> bool) -> bool {
        for _ in 0..count {
            let whole = write(self);
            if self.postponed.is_some() {
                break;
            }
            self.pacer.wrote_line();
            if !whole && !self.pacer.is_limited() {
                return false;
            }
            if self.around.inbox.has_order() {
                break;
            }
        }
        true
    }

    /// The line of the next number, unless the last one is still to be handed over.
    fn make_line(&mut self) {
        if self.postponed.is_some() {
            return;
        }
        self.seq += 1;
        self.tell_time();
        let level = self.levels.draw();
        if !self.line.renumber(self.time, level, self.seq) {
            self.make_new_line(level);
        }
    }

    fn make_new_line(&mut self, level: Level) {
        let plan = self.shared.plan;
        let record = Record {
            level,
            time: self.time,
            module: &plan.module,
            name: &plan.logger,
            process: self.shared.process,
            thread: self.thread,
            task: self.task,
            seq: self.seq,
            message: &plan.message,
        };
        let stamp = Stamp {
            launch: self.shared.launch,
            worker: &plan.name,
            thread: self.thread,
            task: self.task,
            seq: self.seq,
        };
        self.line.make(self.shared.format, &record, &stamp);
    }

    fn tell_time(&mut self) {
        let clock = self.around.clock.borrow();
        let time = if self.pacer.is_limited() { clock.now_ms() } else { clock.last_tick_ms() };
        if time != self.time || time.offset() != self.time.offset() {
            (self.time, self.day) = (time, time.date_naive());
        }
    }

    /// Whether the line stands whole.
    fn hand_over(&mut self, turn: &mut Turn<'_, 'a>) -> bool {
        let (seq, counters, around) = (self.seq, self.counters, self.around);
        counters.hand_over(seq);
        let called_away = || around.inbox.has_order();
        let counted = |failed| counters.come_back(seq, failed);
        let line = Line { text: self.line.as_bytes(), number: self.number(), day: self.day };
        let handed = turn.emit(line, &around.clock.borrow(), &called_away, counted);
        let whole = matches!(handed, Handed::Whole);
        self.postponed = if let Handed::Postponed(error) = handed { Some(error) } else { None };
        whole
    }

    fn number(&self) -> StampRun {
        let (seq, launch) = (self.seq, self.shared.launch);
        StampRun { launch, thread: self.thread, task: self.task, first: seq, last: seq }
    }
}

fn pacer(pace: Pace, process: u32, thread: u16, task: u16) -> Pacer {
    let whose = u64::from(process) << 32 | u64::from(thread) << 16 | u64::from(task);
    Pacer::out_of_step(pace.rate, pace.from, Mono::now().0 ^ whose.rotate_left(24))
}

impl Drop for Task<'_, '_> {
    /// A line that was to be handed over again is not, any more.
    fn drop(&mut self) {
        if let Some(error) = self.postponed.take() {
            self.counters.come_back(self.seq, true);
            self.shared.turn().refused(self.number(), &error);
        }
    }
}
