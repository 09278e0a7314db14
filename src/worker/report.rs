//! A worker's reports to its parent. A parent that does not read must never hold up the writing.

use std::io::{self, Write};
use std::path::Path;
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};

use crate::clock::{Moment, Mono};
use crate::event::{FileId, WorkerEvent};
use crate::handler::{EmitError, Observer, Opened};
use crate::record::StampRun;

use super::counters::Counters;
use super::wire::{Report, Told};

/// Reports that wait for a slow parent. More are dropped and counted in the page.
const QUEUE: usize = 4096;
/// How often failures are reported while they go on.
const FAILURES_EVERY_NS: u64 = 100_000_000;
/// Runs of failures kept between two reports.
const FAILURE_RUNS: usize = 64;

/// Sends reports from a thread of its own.
pub(super) struct Reporter<'a> {
    queue: Option<Sender<Report>>,
    finished: Receiver<()>,
    counters: &'a Counters,
    holds: Option<FileId>,
    failures: Vec<(Moment, WorkerEvent)>,
    failures_sent: Option<Mono>,
}

impl<'a> Reporter<'a> {
    /// Starts the thread.
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
        Ok(Reporter { queue: Some(queue), finished, counters, holds: None, failures: Vec::new(), failures_sent: None })
    }

    pub(super) fn tell(&mut self, at: Moment, event: WorkerEvent) {
        self.send(Report { at, told: Told::Event(event) });
    }

    /// Tells a person something that belongs to no line.
    pub(super) fn notice(&mut self, sentence: String) {
        self.send(Report { at: Moment::now(), told: Told::Notice(sentence) });
    }

    fn send(&mut self, report: Report) {
        let Some(queue) = &self.queue else { return };
        if let Err(TrySendError::Full(_)) = queue.try_send(report) {
            self.counters.dropped_reports().fetch_add(1, std::sync::atomic::Ordering::Relaxed);
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
            self.failures.push((now, event));
        }
        if self.failures.len() >= FAILURE_RUNS || self.failures_due().is_some_and(|due| due <= now.mono) {
            self.tell_failures();
        }
    }

    fn extend_last(&mut self, next: StampRun, error: &EmitError) -> bool {
        let Some((_, WorkerEvent::EmitFailed { line, operation, path, reason, torn })) = self.failures.last_mut()
        else {
            return false;
        };
        let follows = line.last + 1 == next.first && line.thread == next.thread && line.task == next.task;
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
        for (at, event) in std::mem::take(&mut self.failures) {
            self.tell(at, event);
        }
    }

    /// Delivers what waits, within a bound: the parent may have stopped reading for good.
    pub(super) fn finish(mut self, bound: Duration) {
        self.tell_failures();
        self.queue = None;
        let _ = self.finished.recv_timeout(bound);
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
        let event = WorkerEvent::Opened {
            file_id: opened.file_id,
            path: opened.path.to_owned(),
            previous,
            reason: opened.reason,
            descriptor: Some(opened.descriptor),
        };
        self.tell(opened.at, event);
    }

    fn rolled_over(&mut self, from: &Path, to: Option<&Path>) {
        self.tell(Moment::now(), WorkerEvent::RolledOver { from: from.to_owned(), to: to.map(Path::to_owned) });
    }
}
