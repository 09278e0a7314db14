//! `rotascope compare`: every handler under every fault, each a short run of real workers in a folder of its own.
//!
//! The runs come one after the other, so that they disturb each other as little as the machine allows.

mod command;
mod fault;
mod figures;
mod table;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;

pub use command::{CompareOptions, compare};
pub use fault::{FAULTS, FaultInfo};
pub use figures::Recovered;

use super::headless::{self, RunError};
use super::{EngineConfig, EngineError, Report, fill};
use crate::handler::{CLASSES, Class};
use crate::lab::{self, claim_folder, closest, show_duration};

/// A shorter run ends before its workers have come through the first fault.
const SHORTEST: Duration = Duration::from_secs(1);
/// What a run takes beside its own time: workers start, and all that they wrote is read to its end.
const AROUND_A_RUN: Duration = Duration::from_millis(400);
/// The most processes that can write to one log.
pub const MOST_PROCESSES: u16 = 256;

/// What is compared.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The handler classes, each once.
    pub handlers: Vec<Class>,
    /// The faults, each once.
    pub faults: Vec<&'static FaultInfo>,
    /// Processes that write to one log.
    pub processes: u16,
    /// How long each run takes.
    pub duration: Duration,
}

/// How one handler came through one fault.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// The handler's class.
    pub handler: &'static str,
    /// The fault.
    pub fault: &'static str,
    /// The account of the run.
    #[serde(flatten)]
    pub report: Report,
}

/// How far a comparison is.
#[derive(Debug)]
pub enum Told {
    /// A run begins.
    Begins {
        /// Its number, from 0.
        number: usize,
        /// Under which handler.
        handler: &'static str,
        /// Under which fault.
        fault: &'static str,
    },
    /// A run has ended and been accounted for.
    Ended(Box<Compared>),
}

/// Why a comparison could not be carried out.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// No handler class, or no fault, has this name.
    #[error("no {kind} is called {name:?}; {near}")]
    Unknown {
        /// Handler or fault.
        kind: &'static str,
        /// As given.
        name: String,
        /// The nearest name, and all of them.
        near: String,
    },
    /// There would be nothing to see.
    #[error(
        "{} is too short a run for a worker to come through a fault; write at least {}",
        show_duration(*.0),
        show_duration(SHORTEST)
    )]
    TooShort(Duration),
    /// The disk that would have to be filled is none that may be.
    #[error("fault fill_disk: {0}")]
    Disk(String),
    /// A run could not be carried out.
    #[error("{handler} under {fault}: {source}")]
    Run {
        /// The handler.
        handler: &'static str,
        /// The fault.
        fault: &'static str,
        /// Why not.
        source: RunError,
    },
    /// Something of the system's failed.
    #[error("can't {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

impl Comparison {
    /// What these names mean. Without names: all handlers, and all faults that need no disk of their own.
    ///
    /// # Errors
    /// For a name that nothing has.
    pub fn named(
        handlers: &[String],
        faults: &[String],
        processes: u16,
        duration: Duration,
    ) -> Result<Comparison, CompareError> {
        let classes: Vec<(&str, Class)> = CLASSES.iter().map(|info| (info.name, info.class)).collect();
        let known: Vec<(&str, &'static FaultInfo)> = FAULTS.iter().map(|info| (info.name, info)).collect();
        let handlers = match handlers {
            [] => CLASSES.iter().map(|info| info.class).collect(),
            names => chosen("handler", names, &classes)?,
        };
        let faults = match faults {
            [] => FAULTS.iter().filter(|info| info.by_default).collect(),
            names => chosen("fault", names, &known)?,
        };
        Ok(Comparison { handlers, faults, processes, duration })
    }

    /// Every handler under every fault, in the order of the runs: all handlers under one fault, then the next fault.
    pub fn pairs(&self) -> Vec<(Class, &'static FaultInfo)> {
        self.faults.iter().flat_map(|fault| self.handlers.iter().map(move |class| (*class, *fault))).collect()
    }

    /// About how long so many runs take.
    pub fn estimate(&self, runs: usize) -> Duration {
        (self.duration + AROUND_A_RUN) * u32::try_from(runs).unwrap_or(u32::MAX)
    }

    /// Whether the machine can carry it out at all.
    ///
    /// # Errors
    /// When a run would be too short, or the disk for temporary files is none that may be filled.
    pub fn check(&self) -> Result<(), CompareError> {
        if self.duration < SHORTEST {
            return Err(CompareError::TooShort(self.duration));
        }
        let fills = self.faults.iter().any(|fault| fault.fills_disk());
        if fills && let Err(reason) = fill::may_fill(&std::env::temp_dir()) {
            return Err(CompareError::Disk(format!("{reason}; name its folder in TMPDIR")));
        }
        Ok(())
    }

    /// Carries out one run after the other and tells of each; `program` runs the workers. Once `stop` is set the run
    /// at hand is ended without an account, and nothing comes after it.
    ///
    /// # Errors
    /// As for [`Comparison::check`], and when a run could not be set up or its lines not be read to their end.
    pub fn carry_out(&self, program: &Path, stop: &AtomicBool, mut tell: impl FnMut(Told)) -> Result<(), CompareError> {
        self.check()?;
        for (number, (class, fault)) in self.pairs().into_iter().enumerate() {
            if stop.load(Ordering::Relaxed) {
                return Ok(());
            }
            let handler = class.info().name;
            tell(Told::Begins { number, handler, fault: fault.name });
            let report = self.run(class, fault, program.to_owned(), stop).map_err(|source| CompareError::Run {
                handler,
                fault: fault.name,
                source,
            })?;
            let Some(report) = report else { return Ok(()) };
            tell(Told::Ended(Box::new(Compared { handler, fault: fault.name, report })));
        }
        Ok(())
    }

    /// One run; none if it was stopped before its time.
    fn run(
        &self,
        class: Class,
        fault: &FaultInfo,
        program: PathBuf,
        stop: &AtomicBool,
    ) -> Result<Option<Report>, RunError> {
        let lab = fault.lab(class, self.processes, self.duration);
        let temporary = headless::temporary_folder()?;
        let folder = claim_folder(&temporary.path().join("lab")).map_err(EngineError::from)?;
        let config = EngineConfig { program, waker: Box::new(|| {}) };
        let mut stopped = false;
        // A busy machine may come late to a step. Without its fault the run would say nothing about the handler.
        let report = headless::play(lab, folder, config, |engine, began: Instant| {
            stopped = stop.load(Ordering::Relaxed);
            stopped || (began.elapsed() >= self.duration && engine.steps_are_over())
        });
        // A step may have taken the permission to remove what is in it.
        let _ = lab::empty(&temporary.path().join("lab"));
        let report = report?;
        Ok((!stopped).then_some(report))
    }
}

/// What the names stand for, each once, in the order in which they are given.
fn chosen<T: Copy>(kind: &'static str, names: &[String], known: &[(&str, T)]) -> Result<Vec<T>, CompareError> {
    let mut seen = HashSet::new();
    let mut found = Vec::new();
    for name in names.iter().map(|name| name.trim()) {
        let Some((_, value)) = known.iter().find(|(known, _)| *known == name) else {
            let all: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            let near = match closest(name, &all) {
                near if near.starts_with("there") => near,
                near => format!("{near} There are {}", all.join(", ")),
            };
            return Err(CompareError::Unknown { kind, name: name.to_owned(), near });
        };
        if seen.insert(name) {
            found.push(*value);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn named(handlers: &[&str], faults: &[&str]) -> Result<Comparison, CompareError> {
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        Comparison::named(&owned(handlers), &owned(faults), 4, Duration::from_secs(5))
    }

    #[test]
    fn without_names_everything_is_compared_that_needs_no_disk_of_its_own() {
        let all = named(&[], &[]).unwrap();
        assert_eq!(all.handlers.len(), CLASSES.len());
        assert!(all.faults.iter().all(|fault| !fault.fills_disk()));
        assert_eq!(all.faults.len(), FAULTS.len() - 1);
        assert_eq!(all.pairs().len(), all.handlers.len() * all.faults.len());
        assert!(all.check().is_ok());
    }

    #[test]
    fn names_are_taken_once_and_in_their_order() {
        let some = named(&["daily", " plain", "daily"], &["rename", "none"]).unwrap();
        let pairs: Vec<_> = some.pairs().iter().map(|(class, fault)| (class.info().name, fault.name)).collect();
        assert_eq!(pairs, [("daily", "rename"), ("plain", "rename"), ("daily", "none"), ("plain", "none")]);
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_right_ones() {
        let error = named(&["dayly"], &[]).unwrap_err().to_string();
        assert!(
            error.starts_with("no handler is called \"dayly\"; did you mean \"daily\"? There are plain, "),
            "{error}"
        );
        let error = named(&[], &["explode"]).unwrap_err().to_string();
        assert!(error.starts_with("no fault is called \"explode\"; there are none, rollover, "), "{error}");
    }

    #[test]
    fn a_run_that_shows_nothing_is_refused() {
        let short = Comparison { duration: Duration::from_millis(10), ..named(&[], &[]).unwrap() };
        let error = short.check().unwrap_err().to_string();
        assert_eq!(error, "10ms is too short a run for a worker to come through a fault; write at least 1s");
    }
}
