//! `rotascope`: see what happens to log files when several processes write them.

use std::process::ExitCode;

use rotascope::worker;

fn main() -> ExitCode {
    // A worker starts in a millisecond because nothing else is looked at before this.
    match std::env::args_os().nth(1) {
        Some(word) if word == worker::WORKER_SUBCOMMAND => worker::run_worker(),
        Some(word) if word == worker::GUARD_SUBCOMMAND => worker::run_guard(),
        _ => ExitCode::SUCCESS,
    }
}
