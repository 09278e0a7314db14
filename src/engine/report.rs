//! What `run` prints at its end: the ledger for people, and the same as one JSON object for scripts.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use serde::Serialize;

use crate::event::Exit;
use crate::lab;
use crate::model::{FaultKind, MarkKind, Model, RecoveryReport, Terms, Worker, WorkerState};
use crate::platform;

/// The result of a run. Field names are part of the outside contract.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The terms, summed over all workers.
    #[serde(flatten)]
    pub total: Terms,
    /// Real time from the start to the end of the drain.
    pub duration_ms: f64,
    /// Each worker.
    pub workers: Vec<WorkerReport>,
    /// Each time a worker came through a fault, or did not.
    pub recoveries: Vec<RecoveryReport>,
    /// Events by kind.
    pub events: BTreeMap<String, u64>,
    /// The conditions of the lab's `expect` steps, in their order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expectations: Vec<ExpectationReport>,
}

/// One worker's part.
#[derive(Debug, Serialize)]
pub struct WorkerReport {
    /// Its name.
    pub name: String,
    /// Its handler's class.
    pub handler: String,
    /// Its last process.
    pub pid: Option<u32>,
    /// Its own terms.
    #[serde(flatten)]
    pub terms: Terms,
    /// Times it opened the file again because that was gone or another one.
    pub reopens: u64,
    /// Emits that were refused.
    pub errors: u64,
    /// Why the last of them was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<String>,
    /// `exit 0`, `SIGKILL`, ...
    pub exit: Option<String>,
    /// What it came to unasked: an end that was none in good order, or that it could not be started.
    #[serde(skip)]
    pub failure: Option<String>,
    /// Whether that end was an exit code of its own.
    #[serde(skip)]
    pub failed_by_code: bool,
    /// Where a program's output is kept.
    #[serde(skip)]
    pub output: Option<PathBuf>,
}

/// One `expect` step.
#[derive(Debug, Serialize)]
pub struct ExpectationReport {
    /// The condition as written.
    pub that: String,
    /// Whether it held.
    pub held: bool,
    /// What the figures were.
    pub found: String,
}

impl Report {
    /// Reads the result off a drained model.
    pub fn of(model: &Model, duration_ms: f64) -> Report {
        Report {
            total: model.ledger().total(),
            duration_ms,
            workers: model.workers().iter().map(|worker| worker_report(model, worker)).collect(),
            recoveries: model.recoveries(),
            events: model.events().iter().map(|(kind, count)| ((*kind).to_owned(), *count)).collect(),
            expectations: expectations(model),
        }
    }

    /// Whether a script should take it as a success: by the lab's own conditions if it has any, else by the ledger.
    pub fn succeeded(&self) -> bool {
        if self.expectations.is_empty() {
            return self.total.lost + self.total.torn == 0;
        }
        self.expectations.iter().all(|expectation| expectation.held)
    }

    /// Whether a program failed before anything was seen of its lines: it lost none, and proves nothing.
    pub fn has_barren_program(&self) -> bool {
        self.workers.iter().any(|worker| worker.output.is_some() && worker.terms.written == 0 && worker.failed_by_code)
    }

    /// The table for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        let _ = writeln!(out, "{}", sum_line(&self.total));
        let _ = writeln!(out);
        self.write_workers(&mut out);
        for worker in &self.workers {
            let _ = match &worker.last_error {
                Some(error) if worker.errors > 0 => {
                    writeln!(out, "{}: {} refused, the last with: {error}", worker.name, worker.errors)
                }
                Some(error) => writeln!(out, "{}: {error}", worker.name),
                None => Ok(()),
            };
        }
        if !self.recoveries.is_empty() {
            let _ = writeln!(out);
        }
        for recovery in &self.recoveries {
            let how = match (recovery.cause, recovery.gap_ms) {
                (FaultKind::Truncated, _) => "wrote on at once".to_owned(),
                (_, Some(gap_ms)) => format!("opened another after {gap_ms:.1} ms"),
                (_, None) => "opened no other".to_owned(),
            };
            let (worker, cause, lost) = (&recovery.worker, cause_word(recovery.cause), recovery.lost);
            let _ = writeln!(out, "{worker}: its file was {cause}; {how}, {lost} lost");
        }
        for expectation in &self.expectations {
            let verdict = if expectation.held { "held" } else { "FAILED" };
            let _ = writeln!(out, "expect {}: {verdict} ({})", expectation.that, expectation.found);
        }
        out
    }

    /// A row for each worker; names take the room that they need.
    fn write_workers(&self, out: &mut String) {
        let widest = |head: &str, of: fn(&WorkerReport) -> &str| {
            self.workers.iter().map(|worker| of(worker).len()).max().unwrap_or(0).max(head.len())
        };
        let width = widest("worker", |worker| &worker.name);
        let handler_width = widest("handler", |worker| &worker.handler);
        let _ = writeln!(
            out,
            "{:width$}  {:<handler_width$} {:>9} {:>9} {:>7} {:>9} {:>6} {:>7}  exit",
            "worker", "handler", "written", "present", "lost", "destroyed", "astray", "reopens"
        );
        for worker in &self.workers {
            let terms = &worker.terms;
            let _ = writeln!(
                out,
                "{:width$}  {:<handler_width$} {:>9} {:>9} {:>7} {:>9} {:>6} {:>7}  {}",
                worker.name,
                worker.handler,
                terms.written,
                terms.present,
                terms.lost,
                terms.destroyed,
                terms.astray,
                worker.reopens,
                worker.exit.as_deref().unwrap_or("-")
            );
        }
    }
}

/// The sum, with the terms that are not 0.
fn sum_line(terms: &Terms) -> String {
    let mut line = format!("written {} = present {}", terms.written, terms.present);
    let others = [
        ("torn", terms.torn),
        ("lost", terms.lost),
        ("destroyed", terms.destroyed),
        ("expired", terms.expired),
        ("in_flight", terms.in_flight),
    ];
    for (name, count) in others.into_iter().filter(|(_, count)| *count > 0) {
        let _ = write!(line, " + {name} {count}");
    }
    let beside = [("duplicated", terms.duplicated), ("astray", terms.astray)];
    for (name, count) in beside.into_iter().filter(|(_, count)| *count > 0) {
        let _ = write!(line, "; {name} {count}");
    }
    if terms.bound && terms.lost + terms.destroyed > 0 {
        line.push_str(" (lost is at least, destroyed at most: a file went before its size could be taken)");
    }
    line
}

fn cause_word(cause: FaultKind) -> &'static str {
    match cause {
        FaultKind::Deleted => "deleted",
        FaultKind::Renamed => "renamed",
        FaultKind::Replaced => "replaced",
        FaultKind::Truncated => "truncated",
    }
}

fn worker_report(model: &Model, worker: &Worker) -> WorkerReport {
    WorkerReport {
        name: worker.setup.name.clone(),
        handler: worker.setup.handler.clone(),
        pid: worker.pid,
        terms: model.ledger().worker(worker.id),
        reopens: worker.reopens,
        errors: worker.errors,
        last_error: worker.last_error.clone(),
        exit: match worker.state {
            WorkerState::Exited { exit, .. } => Some(exit_text(exit)),
            _ => None,
        },
        failure: match worker.state {
            WorkerState::Failed => worker.last_error.clone(),
            _ => worker.failure.map(|exit| format!("ended unasked with {}", exit_text(exit))),
        },
        failed_by_code: matches!(worker.failure, Some(Exit::Code(_))),
        output: worker.setup.program.as_ref().map(|_| lab::output(&worker.setup.path, &worker.setup.name)),
    }
}

fn exit_text(exit: Exit) -> String {
    match exit {
        Exit::Code(code) => format!("exit {code}"),
        Exit::Signal(signal) => platform::signal_name(signal),
    }
}

fn expectations(model: &Model) -> Vec<ExpectationReport> {
    let marks = model.timeline().marks.iter();
    marks
        .filter_map(|mark| match &mark.kind {
            MarkKind::Expected { that, held, found } => {
                Some(ExpectationReport { that: that.clone(), held: *held, found: found.clone() })
            }
            _ => None,
        })
        .collect()
}
