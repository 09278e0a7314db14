//! The guard: a process that outlives its parent by a moment, and ends every worker that the parent left behind.
//!
//! A worker notices by itself that its parent is gone, unless it is stopped (SIGSTOP). The guard sees the end of the
//! pipe that only the parent holds open, and kills the group of each worker that it was told of: SIGKILL reaches
//! stopped processes too.

use std::collections::BTreeSet;
use std::io::{self, BufRead, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitCode, Stdio};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread;
use std::time::{Duration, Instant};

use crate::platform::{self, ProcessSignal};

use super::GUARD_SUBCOMMAND;

/// How long a dismissed guard may take to end.
const DISMISSAL: Duration = Duration::from_secs(1);

/// Runs the guard: reads `+pid` and `-pid` lines from standard input, and at its end kills every process group that
/// was added and not taken out.
pub fn run_guard() -> ExitCode {
    // Whoever ends the parent by a signal to everything around it must not end the guard before it has done its duty.
    for signal in [1, 2, 15] {
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
    let left = read_pids(io::stdin().lock());
    for pid in left {
        let _ = platform::signal_group(pid, ProcessSignal::Kill);
    }
    ExitCode::SUCCESS
}

/// The process ids that stand at the end of the input.
fn read_pids(input: impl BufRead) -> BTreeSet<u32> {
    let mut pids = BTreeSet::new();
    for line in input.lines() {
        let Ok(line) = line else { break };
        match (line.as_bytes().first(), line.get(1..).and_then(|digits| digits.parse().ok())) {
            (Some(b'+'), Some(pid)) => drop(pids.insert(pid)),
            (Some(b'-'), Some(pid)) => drop(pids.remove(&pid)),
            _ => {}
        }
    }
    pids
}

/// The parent's side.
#[derive(Debug)]
pub(super) struct Guard {
    program: std::path::PathBuf,
    running: Option<(Child, ChildStdin)>,
    pids: BTreeSet<u32>,
}

impl Guard {
    /// A guard that starts when the first worker does.
    pub(super) fn new(program: &Path) -> Guard {
        Guard { program: program.to_owned(), running: None, pids: BTreeSet::new() }
    }

    /// Starts the guard's process if there is none.
    ///
    /// # Errors
    /// When it can't be started: then no worker should be.
    pub(super) fn ensure(&mut self) -> io::Result<()> {
        if self.running.is_some() {
            return Ok(());
        }
        let mut command = Command::new(&self.program);
        command.arg(GUARD_SUBCOMMAND).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        // No folder stays busy because of it.
        command.current_dir("/");
        platform::in_own_group(&mut command);
        let mut child = command.spawn()?;
        let mut pipe = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        for pid in &self.pids {
            writeln!(pipe, "+{pid}")?;
        }
        self.running = Some((child, pipe));
        Ok(())
    }

    /// Adds a worker. Must be called before the worker gets anything to do.
    ///
    /// # Errors
    /// When no guard can be reached or started.
    pub(super) fn add(&mut self, pid: u32) -> io::Result<()> {
        self.pids.insert(pid);
        self.tell('+', pid)
    }

    /// Takes a worker out. Must be called before its process id can become another process's.
    pub(super) fn retire(&mut self, pid: u32) {
        self.pids.remove(&pid);
        // A guard that can't be reached knows nothing and does nothing.
        let _ = self.tell('-', pid);
    }

    fn tell(&mut self, sign: char, pid: u32) -> io::Result<()> {
        if let Some((_, pipe)) = &mut self.running
            && writeln!(pipe, "{sign}{pid}").is_ok()
        {
            return Ok(());
        }
        // Somebody has killed it. The next one is told of all workers.
        if let Some((mut child, pipe)) = self.running.take() {
            drop(pipe);
            let _ = child.kill();
            let _ = child.wait();
        }
        self.ensure()
    }

    /// Ends the guard. Workers that are still running are killed by it.
    pub(super) fn dismiss(&mut self) {
        let Some((mut child, pipe)) = self.running.take() else { return };
        drop(pipe);
        let end = Instant::now() + DISMISSAL;
        while matches!(child.try_wait(), Ok(None)) {
            if Instant::now() >= end {
                let _ = child.kill();
                let _ = child.wait();
                return;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.dismiss();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_those_not_taken_out_are_left() {
        let input = b"+12\n+13\nnonsense\n+\n-12\n+14\n\n-99\n+15";
        assert_eq!(read_pids(&input[..]), BTreeSet::from([13, 14, 15]));
    }
}
