//! `rotascope run`: a lab without a window.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use signal_hook::consts::{SIGINT, SIGTERM};

use super::{Engine, EngineConfig, EngineError, Report, Session};
use crate::command::{Command, LabOrder};
use crate::event::LabState;
use crate::lab::{Lab, OwnedFolder, claim_folder};
use crate::model::{Worker, WorkerState};

/// How often a run without a window looks whether it is over.
const LOOK: Duration = Duration::from_millis(20);
/// A drain that takes longer means that the engine is stuck: say so instead of hanging.
const DRAIN_LIMIT: Duration = Duration::from_secs(60);

/// What `run` was asked for.
#[derive(Debug)]
pub struct RunOptions {
    /// How long; without it until the last step, or without steps until a signal.
    pub duration: Option<Duration>,
    /// Print the result as one JSON object.
    pub json: bool,
    /// Use this folder and leave it there, instead of a fresh temporary one.
    pub keep: Option<PathBuf>,
}

/// Why a run could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The session could not be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// Something of the system's failed.
    #[error("can't {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
    /// A worker is missing from the beginning: whatever came out would be no answer to what was asked.
    #[error("worker {worker}: {reason}")]
    NotStarted {
        /// Its name.
        worker: String,
        /// Why, as a sentence.
        reason: String,
    },
    /// The workers have ended and their lines don't come to an end.
    #[error("the workers have ended, but their files could not be read to the end within {} s", DRAIN_LIMIT.as_secs())]
    NotDrained,
}

fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> RunError {
    move |source| RunError::System { what, source }
}

/// Is set once somebody wants this process to end: the first Ctrl+C ends it in good order.
pub(super) fn interruption() -> std::io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
    }
    Ok(interrupted)
}

/// A fresh folder, removed with all that it holds when it is dropped.
pub(super) fn temporary_folder() -> Result<tempfile::TempDir, RunError> {
    tempfile::Builder::new().prefix("rotascope-").tempdir().map_err(system("make a temporary folder"))
}

/// What a run came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing was lost, or all the lab's conditions held.
    Clean,
    /// Lines were lost or torn, or a condition did not hold.
    NotClean,
    /// A program failed before it wrote a line: something is wrong with the lab, and the ledger says nothing.
    Barren,
}

/// Runs a lab to its end and prints the ledger.
///
/// # Errors
/// When the run could not be set up, or not drained.
pub fn run(lab: Lab, options: &RunOptions) -> Result<Outcome, RunError> {
    let interrupted = interruption().map_err(system("listen for signals"))?;
    let (folder, _temporary) = match &options.keep {
        Some(keep) => (keep.clone(), None),
        None => {
            let temporary = temporary_folder()?;
            (temporary.path().join("lab"), Some(temporary))
        }
    };
    let config = EngineConfig::quiet().map_err(system("find the own executable"))?;
    let has_steps = !lab.steps.is_empty();
    let folder = claim_folder(&folder).map_err(EngineError::from)?;
    let report = play(lab, folder, config, |engine, began| {
        let until = options.duration.map(|duration| began + duration);
        interrupted.load(Ordering::Relaxed) || over(engine, until, has_steps)
    })?;
    print(&report, options.json).map_err(system("print the result"))?;
    complain(&report);
    Ok(match (report.has_barren_program(), report.succeeded()) {
        (true, _) => Outcome::Barren,
        (false, true) => Outcome::Clean,
        (false, false) => Outcome::NotClean,
    })
}

/// Says on standard error which workers failed, and what programs said last: their output may be gone with the folder.
fn complain(report: &Report) {
    let mut err = std::io::stderr().lock();
    for worker in &report.workers {
        let Some(failure) = &worker.failure else { continue };
        let output = worker.output.as_deref().map(last_lines).unwrap_or_default();
        let said = if output.is_empty() { "" } else { "; the last that it said:" };
        // Nobody has to listen.
        let _ = writeln!(err, "rotascope: worker {}: {failure}{said}", worker.name);
        for line in output {
            let _ = writeln!(err, "    {line}");
        }
    }
}

/// The end of a program's output: whole lines, without what would move the terminal's cursor.
fn last_lines(path: &Path) -> Vec<String> {
    const BYTES: u64 = 4096;
    const LINES: usize = 10;
    let tail = File::open(path).and_then(|mut file| {
        let from = file.metadata()?.len().saturating_sub(BYTES);
        file.seek(SeekFrom::Start(from))?;
        let mut tail = Vec::new();
        file.take(BYTES).read_to_end(&mut tail)?;
        let whole = if from == 0 { 0 } else { tail.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1) };
        Ok(tail.split_off(whole))
    });
    let tail = tail.unwrap_or_default();
    let shown = |line: &str| line.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    let lines: Vec<String> = String::from_utf8_lossy(&tail).lines().map(shown).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

/// Runs a lab in its folder until it is over, as `is_over` is asked again and again, and gives the account.
///
/// # Errors
/// When the run could not be set up, or not drained.
pub(super) fn play(
    lab: Lab,
    folder: OwnedFolder,
    config: EngineConfig,
    mut is_over: impl FnMut(&Engine, Instant) -> bool,
) -> Result<Report, RunError> {
    let engine = Engine::open(Session::Lab { lab: Box::new(lab), folder }, config)?;
    engine.send(Command::Lab(LabOrder::Start));
    // On a busy machine workers take their time: it is none of the run's.
    wait_until(|| engine.model().lab_state() == LabState::Running && engine.has_begun())?;
    all_started(&engine)?;
    let began = Instant::now();
    while !is_over(&engine, began) {
        std::thread::sleep(LOOK);
    }
    stop_and_report(&engine, began)
}

fn all_started(engine: &Engine) -> Result<(), RunError> {
    let model = engine.model();
    // One that had a process and gave up is the handler's doing, and stands in the account.
    let missing = |worker: &&Worker| worker.state == WorkerState::Failed && worker.pid.is_none();
    let Some(failed) = model.workers().iter().find(missing) else { return Ok(()) };
    let reason = failed.last_error.clone().unwrap_or_else(|| "can't be started".to_owned());
    Err(RunError::NotStarted { worker: failed.setup.name.clone(), reason })
}

fn over(engine: &Engine, until: Option<Instant>, has_steps: bool) -> bool {
    match until {
        Some(until) => Instant::now() >= until,
        None => has_steps && engine.steps_are_over(),
    }
}

/// Stops every worker, reads everything to its end, and gives the account.
///
/// # Errors
/// [`RunError::NotDrained`] when that does not come to an end.
pub fn stop_and_report(engine: &Engine, began: Instant) -> Result<Report, RunError> {
    engine.send(Command::Lab(LabOrder::Stop));
    wait_until(|| engine.model().lab_state() == LabState::Ready)?;
    let model = engine.model();
    Ok(Report::of(&model, began.elapsed().as_secs_f64() * 1000.0))
}

fn wait_until(is_so: impl Fn() -> bool) -> Result<(), RunError> {
    let deadline = Instant::now() + DRAIN_LIMIT;
    while !is_so() {
        if Instant::now() > deadline {
            return Err(RunError::NotDrained);
        }
        std::thread::sleep(LOOK);
    }
    Ok(())
}

fn print(report: &Report, json: bool) -> std::io::Result<()> {
    let text = if json { serde_json::to_string(report)? + "\n" } else { report.text() };
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        // Whoever reads has heard enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}
