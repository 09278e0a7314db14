//! `rotascope`: see what happens to log files when several processes write them.

use std::io::Write;
use std::process::ExitCode;

use rotascope::cli::{self, Invocation};
use rotascope::engine::{self, CompareOptions, Outcome, RunOptions};
use rotascope::lab::Lab;
use rotascope::{terminal, worker};

/// Lines were lost, a condition of the lab did not hold, or nothing was there to be followed.
const NOT_CLEAN: u8 = 1;

type Failure = Box<dyn std::error::Error>;

fn main() -> ExitCode {
    // A worker starts in a millisecond because nothing else is looked at before this.
    match std::env::args_os().nth(1) {
        Some(word) if word == worker::WORKER_SUBCOMMAND => return worker::run_worker(),
        Some(word) if word == worker::FORK_SERVER_SUBCOMMAND => return worker::run_fork_server(),
        Some(word) if word == worker::GUARD_SUBCOMMAND => return worker::run_guard(),
        _ => {}
    }
    obey(cli::parse()).unwrap_or_else(|error| {
        // Not `eprintln`, which panics when nobody listens.
        let _ = writeln!(std::io::stderr(), "rotascope: {error}");
        ExitCode::from(cli::USAGE_ERROR)
    })
}

fn obey(invocation: Invocation) -> Result<ExitCode, Failure> {
    match invocation {
        Invocation::Window(window) => open_window(window),
        Invocation::Run(run) => {
            let lab = Lab::read(&run.lab)?;
            let options = RunOptions { duration: run.duration, json: run.json, keep: run.keep };
            Ok(match engine::run(lab, &options)? {
                Outcome::Clean => ExitCode::SUCCESS,
                Outcome::NotClean => ExitCode::from(NOT_CLEAN),
                Outcome::Barren => ExitCode::from(cli::USAGE_ERROR),
            })
        }
        Invocation::Compare(compare) => {
            let cli::Compare { duration, handlers, faults, processes, json } = compare;
            engine::compare(&CompareOptions { duration, handlers, faults, processes, json })?;
            Ok(ExitCode::SUCCESS)
        }
        Invocation::Follow(follow) => {
            let cli::Follow { paths, from, until_idle, json, recursive, quiet } = follow;
            let options = terminal::Options { paths, begin: from, until_idle, json, recursive, quiet };
            Ok(match terminal::follow(&options)? {
                terminal::Outcome::Done => ExitCode::SUCCESS,
                terminal::Outcome::NothingFollowed => ExitCode::from(NOT_CLEAN),
            })
        }
        Invocation::Shot(shot) => take_pictures(&shot),
    }
}

#[cfg(feature = "gui")]
fn open_window(window: cli::Window) -> Result<ExitCode, Failure> {
    use rotascope::gui::{self, open::SessionRequest};
    let open = match window {
        cli::Window { lab: Some(lab), .. } => SessionRequest::Lab(lab),
        cli::Window { paths, .. } if !paths.is_empty() => SessionRequest::Watch(paths),
        cli::Window { .. } => SessionRequest::BuiltIn(gui::open::DEMO),
    };
    gui::run(gui::Options { open, start: window.start })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "gui"))]
fn open_window(_window: cli::Window) -> Result<ExitCode, Failure> {
    Err("this program was built without its window (cargo feature `gui`); `rotascope run` needs none".into())
}

#[cfg(feature = "gui")]
fn take_pictures(shot: &cli::Shot) -> Result<ExitCode, Failure> {
    use std::io::Write;
    rotascope::gui::shot::shot(shot, |path| {
        // Whoever does not want to read the names still wants the pictures.
        let _ = writeln!(std::io::stdout(), "{}", path.display());
    })?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(not(feature = "gui"))]
fn take_pictures(_shot: &cli::Shot) -> Result<ExitCode, Failure> {
    Err("this build has no window to take pictures of; build it with the feature gui".into())
}
