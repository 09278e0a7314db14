//! What runs inside a worker's process.

use std::io::{self, BufRead, BufReader};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::{Moment, SessionClock};
use crate::event::WorkerEvent;
use crate::platform;

use super::counters::Counters;
use super::inbox::{Dispatch, Inbox, complain};
use super::launch::Loaded;
use super::report::Reporter;
use super::shared::Shared;
use super::thread;
use super::wire::{Order, PlanFor, WorkerSetup};

/// How long a worker may take to finish after its parent is gone, or to deliver its last reports.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Runs a worker: reads its setup and then its orders from standard input, reports on standard output, and ends when
/// told to or when standard input ends.
///
/// Exit codes: 0 when it was told to end or its parent is gone, 1 when its handler could not be opened, 2 when the
/// setup is not one.
pub fn run_worker() -> ExitCode {
    begin(None)
}

/// [`run_worker`], with what the process has inherited from the one that it was forked from.
pub(super) fn begin(inherited: Option<Loaded>) -> ExitCode {
    let mut input = BufReader::new(io::stdin());
    let mut line = String::new();
    match input.read_line(&mut line) {
        // The parent died before it said a word.
        Ok(0) => return ExitCode::SUCCESS,
        Ok(_) => {}
        Err(error) => return refuse(&format!("its setup could not be read: {error}")),
    }
    match prepare(&line, inherited) {
        Ok((setup, loaded, counters)) => start(&setup, loaded, &counters, input),
        Err(reason) => refuse(&reason),
    }
}

fn prepare(line: &str, inherited: Option<Loaded>) -> Result<(WorkerSetup, Loaded, Counters), String> {
    let setup: WorkerSetup =
        serde_json::from_str(line).map_err(|error| format!("this is no setup of a worker: {error}"))?;
    let loaded = match (&setup.plan, inherited) {
        (PlanFor::Given(plan), None) => Loaded::of(plan.as_ref().clone(), &setup.scratch)?,
        (PlanFor::Inherited { name, rate }, Some(mut loaded)) => {
            (loaded.plan.name, loaded.plan.rate) = (name.clone(), *rate);
            loaded
        }
        _ => return Err("its plan is to come either with its setup or from its parent".to_owned()),
    };
    let counters = Counters::open(&setup.page, loaded.plan.threads, loaded.plan.tasks)
        .map_err(|error| format!("its counters at {} can't be used: {error}", setup.page.display()))?;
    // Both sides have it mapped, so nothing is left behind whichever of them is killed.
    let _ = std::fs::remove_file(&setup.page);
    Ok((setup, loaded, counters))
}

fn refuse(reason: &str) -> ExitCode {
    complain(&format!("a worker was not started as Rotascope starts it: {reason}"));
    ExitCode::from(2)
}

fn start(setup: &WorkerSetup, loaded: Loaded, counters: &Counters, input: impl BufRead + Send + 'static) -> ExitCode {
    let (dispatch, inboxes) = Dispatch::new(loaded.plan.threads);
    let dispatch = Arc::new(dispatch);
    let started = Reporter::start(io::stdout(), counters)
        .and_then(|reporter| Dispatch::read(Arc::clone(&dispatch), input, LAST_WORDS).map(|()| reporter));
    let reporter = match started {
        Ok(reporter) => reporter,
        Err(error) => return refuse(&format!("the system gives it no thread: {error}")),
    };
    let now = Moment::now();
    reporter.outbox().tell(now, WorkerEvent::Started { start_ns: now.mono.since(setup.decided) });
    let Loaded { plan, format, handler, inheritance } = loaded;
    if plan.threads == 1 {
        platform::own_descriptors();
    }
    let shared = Shared::new(&plan, &format, setup.launch, counters, handler, reporter);
    let opened = match &inheritance {
        Some(file) => {
            shared.inherited(file);
            Ok(())
        }
        None => shared.open(&SessionClock::new(setup.clock.clone())).map_err(|error| error.to_string()),
    };
    let code = match opened.and_then(|()| write(&shared, setup, &inboxes, &dispatch)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            shared.start_failed(reason);
            ExitCode::from(1)
        }
    };
    shared.finish(LAST_WORDS);
    code
}

/// Writes until told to end.
fn write(shared: &Shared<'_>, setup: &WorkerSetup, inboxes: &[Inbox], dispatch: &Dispatch) -> Result<(), String> {
    let clock = thread::run_all(shared, &setup.clock, inboxes, || dispatch.give(Order::Stop)).map_err(|error| {
        format!("the system gives it no {} threads: {error}; write a smaller number of threads", shared.plan.threads)
    })?;
    shared.close(&clock);
    Ok(())
}
