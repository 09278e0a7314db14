//! Signals, and whom they are sent to.

use std::io;

use rustix::process::{Pid, Signal};

/// What can be done to a process from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessSignal {
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Stop,
    /// SIGCONT.
    Continue,
    /// Any other, by number.
    Number(i32),
}

pub(super) fn signal_of(signal: ProcessSignal) -> io::Result<Signal> {
    Ok(match signal {
        ProcessSignal::Terminate => Signal::TERM,
        ProcessSignal::Kill => Signal::KILL,
        ProcessSignal::Stop => Signal::STOP,
        ProcessSignal::Continue => Signal::CONT,
        ProcessSignal::Number(number) => Signal::from_named_raw(number)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("no signal has the number {number}")))?,
    })
}

pub(super) fn pid_of(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("no process has the id {pid}")))
}

/// Sends a signal to one process.
pub fn signal_process(pid: u32, signal: ProcessSignal) -> io::Result<()> {
    Ok(rustix::process::kill_process(pid_of(pid)?, signal_of(signal)?)?)
}

/// Sends a signal to a process group, named by its leader.
pub fn signal_group(leader: u32, signal: ProcessSignal) -> io::Result<()> {
    Ok(rustix::process::kill_process_group(pid_of(leader)?, signal_of(signal)?)?)
}

/// The name of a signal for people: `SIGKILL`, or `signal 34`.
pub fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        25 => "SIGXFSZ",
        _ => return format!("signal {number}"),
    };
    name.to_owned()
}

/// The signals that end a worker, named without `SIG`.
pub const ENDING_SIGNALS: [&str; 7] = ["KILL", "TERM", "INT", "HUP", "QUIT", "ABRT", "SEGV"];

/// The number of one of [`ENDING_SIGNALS`] on this system.
pub fn signal_number(name: &str) -> Option<i32> {
    let signals = [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::ABORT, Signal::SEGV];
    let index = ENDING_SIGNALS.iter().position(|known| *known == name)?;
    Some(signals[index].as_raw())
}
