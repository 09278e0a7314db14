//! Child processes: their group, what becomes of them, and how they end.

use std::io;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, ExitStatus};

use rustix::process::{WaitId, WaitIdOptions, waitid};

use super::Exit;
use super::signals::pid_of;

/// Puts the command into a process group of its own, so that a Ctrl+C in the terminal reaches only Rotascope, and the
/// whole group can be ended with one signal.
pub fn in_own_group(command: &mut Command) {
    command.process_group(0);
}

/// What has become of a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildChange {
    /// It was stopped where it stands.
    Stopped,
    /// It goes on.
    Continued,
    /// It has ended. Its process id stays taken until somebody waits for it.
    Ended,
}

/// Waits until a child of this process stops, goes on or ends. An ended child is not reaped, so that its process id
/// can't become somebody else's while others still know it.
///
/// # Errors
/// When it is no child of this process (any more).
pub fn wait_for_change(pid: u32) -> io::Result<ChildChange> {
    loop {
        if let Some(change) = next_change(pid, WaitIdOptions::empty())? {
            return Ok(change);
        }
    }
}

/// [`wait_for_change`] without the waiting: none if nothing has become of the child since the last call.
///
/// # Errors
/// When it is no child of this process (any more).
pub fn change_of(pid: u32) -> io::Result<Option<ChildChange>> {
    next_change(pid, WaitIdOptions::NOHANG)
}

fn next_change(pid: u32, how: WaitIdOptions) -> io::Result<Option<ChildChange>> {
    let id = pid_of(pid)?;
    let any = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
    loop {
        match waitid(WaitId::Pid(id), any | WaitIdOptions::NOWAIT | how) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(Some(status)) if !status.stopped() && !status.continued() => return Ok(Some(ChildChange::Ended)),
            Ok(None) => return Ok(None),
            Ok(Some(_)) => {}
        }
        // Takes the state off the list. It may have changed since the first look: then the newer one counts.
        let take = WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(id), take) {
            Ok(Some(status)) if status.stopped() => return Ok(Some(ChildChange::Stopped)),
            Ok(Some(status)) if status.continued() => return Ok(Some(ChildChange::Continued)),
            _ => {}
        }
    }
}

/// How a child has ended that has not been reaped.
///
/// # Errors
/// When it is no child of this process.
pub fn exit_of_ended(pid: u32) -> io::Result<Exit> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let status = waitid(WaitId::Pid(pid_of(pid)?), look)?;
    Ok(match status.map(|status| (status.exit_status(), status.terminating_signal())) {
        Some((Some(code), _)) => Exit::Code(code),
        Some((None, Some(signal))) => Exit::Signal(signal),
        _ => Exit::Code(-1),
    })
}

/// Lets go of a child that has ended: its process id may become another process's.
pub fn reap(pid: u32) {
    let Ok(id) = pid_of(pid) else { return };
    let _ = waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
}

/// How a process ended.
pub fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(-1),
    }
}
