//! A worker's reports to its parent. A parent that does not read must never hold up the writing.

use std::collections::HashMap;
use std::io::{self, Write};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::clock::{Moment, Mono};
use crate::event::{FileId, Rollover, WorkerEvent};
use crate::handler::{EmitError, Observer, Opened};
use crate::record::{Stamp, StampRun, Stamped, parse_stamp};

use super::counters::Counters;
use super::wire::{Report, Told};

/// Reports that wait for a slow parent. More are dropped and counted in the page.
const QUEUE: usize = 4096;
/// How often failures are reported while they go on.
const FAILURES_EVERY_NS: u64 = 100_000_000;
/// Runs of failures kept between two reports, besides one for each task.
const FAILURE_RUNS: usize = 64;

/// Hands reports to the thread that sends them.
#[derive(Clone)]
pub(super) struct Outbox<'a> {
    queue: Sender<Report>,
    counters: &'a Counters,
}

impl Outbox<'_> {
    pub(super) fn tell(&self, at: Moment, event: WorkerEvent) {
        self.send(Report { at, told: Told::Event(event) });
    }

    /// Tells a person something that belongs to no line.
    fn notice(&self, sentence: String) {
        self.send(Report { at: Moment::now(), told: Told::Notice(sentence) });
    }

    fn send(&self, report: Report) {
        if let Err(TrySendError::Full(_)) = self.queue.try_send(report) {
            self.counters.dropped_reports().fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// Reports what a handler does.
pub(super) struct Reporter<'a> {
    outbox: Outbox<'a>,
    finished: Receiver<()>,
    /// The file that the handler holds, or held last.
    holds: Option<FileId>,
    /// Whether it was told that the handler holds none.
    closed: bool,
    failures: Vec<(Moment, WorkerEvent)>,
    /// Where among the failures each task's last one stands.
    last_of: HashMap<(u16, u16), usize>,
    failures_sent: Option<Mono>,
}

impl<'a> Reporter<'a> {
    /// Starts the thread that sends reports.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(mut out: impl Write + Send + 'static, counters: &'a Counters) -> io::Result<Reporter<'a>> {
        let (queue, reports) = bounded::<Report>(QUEUE);
        let (finish, finished) = bounded(1);
        thread::Builder::new().name("reports".into()).spawn(move || {
            // A parent that can't be written to is gone; the end of standard input will say so too.
            let _ = write_all(&mut out, &reports);
            let _ = finish.send(());
        })?;
        let outbox = Outbox { queue, counters };
        Ok(Reporter {
            outbox,
            finished,
            holds: None,
            closed: false,
            failures: Vec::new(),
            last_of: HashMap::new(),
            failures_sent: None,
        })
    }

    /// For what the handler has no part in. All outboxes must be gone before [`Reporter::finish`].
    pub(super) fn outbox(&self) -> Outbox<'a> {
        self.outbox.clone()
    }

    /// Tells a person something that belongs to no line.
    pub(super) fn notice(&self, sentence: String) {
        self.outbox.notice(sentence);
    }

    /// The handler holds no file open. Told once.
    pub(super) fn closed(&mut self) {
        if self.holds.is_some() && !std::mem::replace(&mut self.closed, true) {
            // What failed before that may have left a part of a line in the file.
            self.tell_failures();
            self.outbox.tell(Moment::now(), WorkerEvent::Closed);
        }
    }

    /// Takes in the failure of one line. The first is told at once; as long as they go on, they are told as runs of
    /// sequence numbers ten times a second.
    pub(super) fn failed(&mut self, line: StampRun, error: &EmitError) {
        let now = Moment::now();
        if !self.extend_last(line, error) {
            let event = WorkerEvent::EmitFailed {
                line,
                operation: error.operation.to_owned(),
                path: error.path.clone(),
                reason: error.reason.to_string(),
                torn: error.torn(),
            };
            self.last_of.insert((line.thread, line.task), self.failures.len());
            self.failures.push((now, event));
        }
        if self.failures.len() >= FAILURE_RUNS + self.outbox.counters.tasks()
            || self.failures_due().is_some_and(|due| due <= now.mono)
        {
            self.tell_failures();
        }
    }

    fn extend_last(&mut self, next: StampRun, error: &EmitError) -> bool {
        let last = self.last_of.get(&(next.thread, next.task)).and_then(|&index| self.failures.get_mut(index));
        let Some((_, WorkerEvent::EmitFailed { line, operation, path, reason, torn })) = last else { return false };
        let follows = line.last + 1 == next.first;
        let alike = operation == error.operation && *path == error.path && *torn == error.torn();
        if !follows || !alike || *reason != error.reason.to_string() {
            return false;
        }
        line.last = next.last;
        true
    }

    /// When failures that wait are to be told; none if none wait.
    pub(super) fn failures_due(&self) -> Option<Mono> {
        let last = self.failures_sent.map_or(Mono(0), |sent| sent.plus_ns(FAILURES_EVERY_NS));
        (!self.failures.is_empty()).then_some(last)
    }

    /// Tells the failures that wait.
    pub(super) fn tell_failures(&mut self) {
        if self.failures.is_empty() {
            return;
        }
        self.failures_sent = Some(Mono::now());
        self.last_of.clear();
        for (at, event) in std::mem::take(&mut self.failures) {
            self.outbox.tell(at, event);
        }
    }

    /// Delivers what waits, within a bound: the parent may have stopped reading for good.
    pub(super) fn finish(mut self, bound: Duration) {
        self.tell_failures();
        let Reporter { outbox, finished, .. } = self;
        drop(outbox);
        let _ = finished.recv_timeout(bound);
    }
}

fn write_all(out: &mut impl Write, reports: &Receiver<Report>) -> io::Result<()> {
    let mut line = Vec::new();
    while let Ok(report) = reports.recv() {
        line.clear();
        serde_json::to_writer(&mut line, &report)?;
        line.push(b'\n');
        out.write_all(&line)?;
        out.flush()?;
    }
    Ok(())
}

impl Observer for Reporter<'_> {
    fn opened(&mut self, opened: Opened<'_>) {
        let previous = self.holds.replace(opened.file_id);
        self.closed = false;
        let event = WorkerEvent::Opened {
            file_id: opened.file_id,
            path: opened.path.to_owned(),
            previous,
            reason: opened.reason,
            descriptor: Some(opened.descriptor),
        };
        self.outbox.tell(opened.at, event);
    }

    fn rolled_over(&mut self, at: Moment, rollover: Rollover) {
        self.outbox.tell(at, WorkerEvent::RolledOver(rollover));
    }

    fn blocked(&mut self, since: Moment, holder: Option<u32>) {
        self.outbox.tell(since, WorkerEvent::Blocked { holder_pid: holder });
    }

    fn unblocked(&mut self, at: Moment, waited_ns: u64, gave_up: bool) {
        self.outbox.tell(at, WorkerEvent::Unblocked { waited_ns, gave_up });
    }

    fn dropped(&mut self, line: &[u8], error: &EmitError) {
        if let Stamped::Whole { stamp, .. } = parse_stamp(line.trim_ascii_end()) {
            let Stamp { launch, thread, task, seq, .. } = stamp;
            self.failed(StampRun { launch, thread, task, first: seq, last: seq }, error);
        }
    }
}
