//! `rotascope compare` in the terminal.

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::table::{self, Table};
use super::{CompareError, Compared, Comparison, Told};
use crate::engine::{EngineConfig, headless};

/// What `compare` was asked for.
#[derive(Clone, Debug)]
pub struct CompareOptions {
    /// How long each run takes.
    pub duration: Duration,
    /// Names of handler classes; none is all.
    pub handlers: Vec<String>,
    /// Names of faults; none is all that need no disk of their own.
    pub faults: Vec<String>,
    /// Processes that write to one log.
    pub processes: u16,
    /// Print an array of ledgers as JSON.
    pub json: bool,
}

/// Carries out a comparison and prints it: each row as its run ends, or with `json` the array at the end. A signal
/// ends it with what is there.
///
/// # Errors
/// For names that nothing has, and when a run could not be carried out; what was there before is printed all the same.
pub fn compare(options: &CompareOptions) -> Result<(), CompareError> {
    let comparison = Comparison::named(&options.handlers, &options.faults, options.processes, options.duration)?;
    comparison.check()?;
    let stop = headless::interruption().map_err(system("listen for signals"))?;
    let program = EngineConfig::quiet().map_err(system("find the own executable"))?.program;
    let mut printer = Printer::new(&comparison, options.json, Arc::clone(&stop));
    printer.begin();
    let result = comparison.carry_out(&program, &stop, |told| printer.take(told));
    printer.end();
    match printer.written {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(system("print the result")(error)),
        _ => result,
    }
}

fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> CompareError {
    move |source| CompareError::System { what, source }
}

/// Puts rows on stdout, and on a terminal's stderr one line that says how far it is.
struct Printer<'a> {
    comparison: &'a Comparison,
    table: Table,
    json: bool,
    /// Set by a signal, or by this when nobody reads any more.
    stop: Arc<AtomicBool>,
    done: Vec<Compared>,
    progress: bool,
    written: std::io::Result<()>,
}

impl<'a> Printer<'a> {
    fn new(comparison: &'a Comparison, json: bool, stop: Arc<AtomicBool>) -> Printer<'a> {
        let progress = std::io::stderr().is_terminal();
        let table = Table::of(comparison);
        Printer { comparison, table, json, stop, done: Vec::new(), progress, written: Ok(()) }
    }

    fn begin(&mut self) {
        let estimate = table::estimate(self.comparison);
        if self.json {
            return self.show(&estimate);
        }
        self.print(&format!("{estimate}\n{}", self.table.head()));
    }

    fn take(&mut self, told: Told) {
        match told {
            Told::Begins { number, handler, fault } => {
                let runs = self.comparison.pairs().len();
                let left = table::about(self.comparison.estimate(runs - number));
                self.show(&format!("\r\x1b[Krun {} of {runs}: {handler} under {fault}, about {left} left", number + 1));
            }
            Told::Ended(compared) => {
                self.show("\r\x1b[K");
                if !self.json {
                    let next_fault = self.done.last().is_some_and(|before| before.fault != compared.fault);
                    let apart = if next_fault && self.comparison.handlers.len() > 1 { "\n" } else { "" };
                    self.print(&format!("{apart}{}", self.table.row(&compared)));
                }
                self.done.push(*compared);
            }
        }
    }

    fn end(&mut self) {
        self.show("\r\x1b[K");
        let runs = self.comparison.pairs().len();
        if self.done.len() < runs {
            self.show(&format!("ended after {} of {runs} runs\n", self.done.len()));
        }
        match self.json {
            true => match json(&self.done) {
                Ok(array) => self.print(&array),
                Err(error) => self.written = Err(error.into()),
            },
            false => self.print(&table::legend(self.comparison)),
        }
    }

    /// On stdout. Whoever has closed it has heard enough: no run comes after that.
    fn print(&mut self, text: &str) {
        if self.written.is_err() {
            return;
        }
        let mut out = std::io::stdout().lock();
        self.written = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        if self.written.is_err() {
            self.stop.store(true, Ordering::Relaxed);
        }
    }

    /// On stderr, if that is a terminal.
    fn show(&self, text: &str) {
        if self.progress {
            let _ = std::io::stderr().write_all(text.as_bytes());
        }
    }
}

/// An array with each object on a line of its own, so that it can be searched by line too.
fn json(done: &[Compared]) -> serde_json::Result<String> {
    let objects: Vec<String> = done.iter().map(serde_json::to_string).collect::<Result<_, _>>()?;
    Ok(match objects.is_empty() {
        true => "[]\n".to_owned(),
        false => format!("[\n{}\n]\n", objects.join(",\n")),
    })
}
