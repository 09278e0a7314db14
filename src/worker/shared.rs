//! What the threads of a worker share: the handler behind its mutex, as Python's handlers have one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use chrono::NaiveDate;

use crate::clock::{Moment, Mono, SessionClock};
use crate::event::{LaunchId, WorkerEvent};
use crate::handler::{EmitError, Handler, Opened, Probe, Surroundings, probe_of_this_build};
use crate::record::{LineFormat, StampRun};

use super::WorkerPlan;
use super::counters::Counters;
use super::launch::Inheritance;
use super::process::lock;
use super::report::{Outbox, Reporter};

/// The least time between two checks of a handler, whatever it asks for.
const BETWEEN_CHECKS_NS: u64 = 1_000_000;

/// One worker, as all its threads see it.
pub(super) struct Shared<'a> {
    pub(super) plan: &'a WorkerPlan,
    pub(super) format: &'a LineFormat,
    pub(super) launch: LaunchId,
    pub(super) process: u32,
    pub(super) counters: &'a Counters,
    /// Tells the parent without a turn at the handler.
    pub(super) outbox: Outbox<'a>,
    held: Mutex<Held<'a>>,
    /// When something besides lines is to be done (failures told, the handler's own check), as a [`Mono`].
    upkeep_due: AtomicU64,
}

/// What only one thread at a time may touch.
struct Held<'a> {
    handler: Box<dyn Handler>,
    probe: Box<dyn Probe>,
    reporter: Reporter<'a>,
    check_earliest: Mono,
    /// What the last check complained of, which is said once.
    complaint: String,
}

impl<'a> Shared<'a> {
    pub(super) fn new(
        plan: &'a WorkerPlan,
        format: &'a LineFormat,
        launch: LaunchId,
        counters: &'a Counters,
        handler: Box<dyn Handler>,
        reporter: Reporter<'a>,
    ) -> Shared<'a> {
        let outbox = reporter.outbox();
        let held =
            Held { handler, probe: probe_of_this_build(), reporter, check_earliest: Mono(0), complaint: String::new() };
        Shared {
            plan,
            format,
            launch,
            process: std::process::id(),
            counters,
            outbox,
            held: Mutex::new(held),
            upkeep_due: AtomicU64::new(u64::MAX),
        }
    }

    /// Prepares the first file.
    ///
    /// # Errors
    /// The handler's.
    pub(super) fn open(&self, clock: &SessionClock) -> Result<(), EmitError> {
        let mut turn = self.turn();
        let (handler, mut around) = turn.held.split(clock, &not_called);
        handler.open(&mut around)
    }

    /// Tells of a file that the handler held open before this process was there.
    pub(super) fn inherited(&self, file: &Inheritance) {
        let opened = Opened {
            at: Moment::now(),
            file_id: file.file_id,
            path: &file.path,
            reason: file.reason,
            descriptor: file.descriptor,
        };
        crate::handler::Observer::opened(&mut self.turn().held.reporter, opened);
    }

    /// Waits until no other thread is at the handler.
    pub(super) fn turn(&self) -> Turn<'_, 'a> {
        Turn { held: lock(&self.held), upkeep_due: &self.upkeep_due }
    }

    /// When [`Shared::see_to_upkeep`] is to be called even if no line comes before that.
    pub(super) fn upkeep_due(&self) -> Option<Mono> {
        Some(Mono(self.upkeep_due.load(Ordering::Acquire))).filter(|due| due.0 < u64::MAX)
    }

    /// Does what is due besides lines.
    pub(super) fn see_to_upkeep(&self, clock: &SessionClock) {
        let mut turn = self.turn();
        let now = Mono::now();
        let held = &mut *turn.held;
        if held.reporter.failures_due().is_some_and(|due| due <= now) {
            held.reporter.tell_failures();
        }
        if held.check_due().is_some_and(|due| due <= now) {
            let (handler, mut around) = held.split(clock, &not_called);
            let checked = handler.check(&mut around);
            if !held.handler.is_open() {
                held.reporter.closed();
            }
            held.check_earliest = Mono::now().plus_ns(BETWEEN_CHECKS_NS);
            held.complain_of(checked, &self.plan.name, "when it checked its file");
        }
    }

    /// Tells at once of failures that wait.
    pub(super) fn tell_failures(&self) {
        self.turn().held.reporter.tell_failures();
    }

    /// The handler's last call, before an ordered end. The parent may be gone, and then nobody hears what is told.
    pub(super) fn close(&self, clock: &SessionClock) {
        let mut turn = self.turn();
        let (handler, mut around) = turn.held.split(clock, &not_called);
        let closed = handler.close(&mut around);
        turn.held.complain_of(closed, &self.plan.name, "when it closed its file");
    }

    /// Tells why it does not start.
    pub(super) fn start_failed(&self, reason: String) {
        self.outbox.tell(Moment::now(), WorkerEvent::StartFailed { reason });
    }

    /// Delivers what waits, within a bound: the parent may have stopped reading for good.
    pub(super) fn finish(self, bound: Duration) {
        let Shared { held, outbox, .. } = self;
        drop(outbox);
        let held = held.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        // Whatever it does when it goes comes before the last report.
        drop(held.handler);
        held.reporter.finish(bound);
    }
}

impl<'a> Held<'a> {
    fn split<'h>(
        &'h mut self,
        clock: &'h SessionClock,
        called_away: &'h dyn Fn() -> bool,
    ) -> (&'h mut dyn Handler, Surroundings<'h>) {
        let around = Surroundings {
            clock,
            line_day: None,
            observer: &mut self.reporter,
            probe: self.probe.as_ref(),
            beginning: b"",
            called_away,
        };
        (self.handler.as_mut(), around)
    }

    fn check_due(&self) -> Option<Mono> {
        self.handler.next_check().map(|due| due.max(self.check_earliest))
    }

    /// Tells of a failure outside any line; the same one again only after a success.
    fn complain_of(&mut self, result: Result<(), EmitError>, name: &str, when: &str) {
        let complaint = result.map_or_else(|error| error.to_string(), |()| String::new());
        if !complaint.is_empty() && complaint != self.complaint {
            self.reporter.notice(format!("Worker {name}, {when}: {complaint}"));
        }
        self.complaint = complaint;
    }
}

fn not_called() -> bool {
    false
}

/// What has become of a line that was handed over.
#[derive(Debug)]
pub(super) enum Handed {
    /// It stands whole.
    Whole,
    /// It was refused, and that will be told.
    Refused,
    /// Nothing was done, since an order waits. The same line is to be handed over again.
    Postponed(EmitError),
}

/// A line on its way to the handler.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'l> {
    pub(super) text: &'l [u8],
    pub(super) number: StampRun,
    /// The day of the session time that stands in it.
    pub(super) day: NaiveDate,
}

/// A thread's turn at the handler.
pub(super) struct Turn<'s, 'a> {
    held: MutexGuard<'s, Held<'a>>,
    upkeep_due: &'s AtomicU64,
}

impl Turn<'_, '_> {
    /// Hands one line over. `counted` is called right after the handler has come back, and told whether it failed;
    /// not for a line that is postponed.
    pub(super) fn emit(
        &mut self,
        line: Line<'_>,
        clock: &SessionClock,
        called_away: &dyn Fn() -> bool,
        counted: impl FnOnce(bool),
    ) -> Handed {
        let (handler, mut around) = self.held.split(clock, called_away);
        around.line_day = Some(line.day);
        let result = handler.emit(line.text, &mut around);
        if let Err(error) = result {
            if error.is_postponed() {
                return Handed::Postponed(error);
            }
            counted(true);
            self.refused(line.number, &error);
            if !self.held.handler.is_open() {
                self.held.reporter.closed();
            }
            return Handed::Refused;
        }
        counted(false);
        Handed::Whole
    }

    /// A line will not be written.
    pub(super) fn refused(&mut self, number: StampRun, error: &EmitError) {
        self.held.reporter.failed(number, error);
    }
}

impl Drop for Turn<'_, '_> {
    fn drop(&mut self) {
        let due = self.held.reporter.failures_due().into_iter().chain(self.held.check_due()).min();
        self.upkeep_due.store(due.map_or(u64::MAX, |due| due.0), Ordering::Release);
    }
}
