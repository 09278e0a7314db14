//! The guard: a process that outlives its parent by a moment, and ends every worker that the parent left behind.
//!
//! A worker notices by itself that its parent is gone, unless it is stopped (SIGSTOP). The guard sees the end of the
//! pipe that only the parent holds open, and kills the group of each worker that it was told of: SIGKILL reaches
//! stopped processes too. A program of the user's own may have children that have left its group: all of them bear its
//! mark in their environment, and are killed by that.

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

/// How long processes with a mark are looked for.
const MARKED: Duration = Duration::from_secs(2);

/// How long a process may take from fork to exec.
const EXEC: Duration = Duration::from_millis(100);

/// Runs the guard: reads lines from standard input, `+pid` and `-pid` for process groups, `+NAME=value` and
/// `-NAME=value` for marks; at its end kills all that was added and not taken out.
pub fn run_guard() -> ExitCode {
    // Whoever ends the parent by a signal to everything around it must not end the guard before it has done its duty.
    for signal in [1, 2, 15] {
        let _ = signal_hook::flag::register(signal, Arc::new(AtomicBool::new(false)));
    }
    let (pids, marks) = read_charges(io::stdin().lock());
    for pid in pids {
        let _ = platform::signal_group(pid, ProcessSignal::Kill);
    }
    platform::kill_processes_with(&marks, MARKED);
    if !marks.is_empty() {
        // One that the parent was about to start has its mark only from exec on.
        thread::sleep(EXEC);
        platform::kill_processes_with(&marks, MARKED);
    }
    ExitCode::SUCCESS
}

/// The process ids and the marks that stand at the end of the input.
fn read_charges(input: impl BufRead) -> (BTreeSet<u32>, BTreeSet<String>) {
    let (mut pids, mut marks) = (BTreeSet::new(), BTreeSet::new());
    for line in input.lines() {
        let Ok(line) = line else { break };
        let rest = line.get(1..).unwrap_or_default();
        match (line.as_bytes().first(), rest.parse().ok()) {
            (Some(b'+'), Some(pid)) => drop(pids.insert(pid)),
            (Some(b'-'), Some(pid)) => drop(pids.remove(&pid)),
            (Some(b'+'), None) if rest.contains('=') => drop(marks.insert(rest.to_owned())),
            (Some(b'-'), None) => drop(marks.remove(rest)),
            _ => {}
        }
    }
    (pids, marks)
}

/// The parent's side.
#[derive(Debug)]
pub(super) struct Guard {
    program: std::path::PathBuf,
    running: Option<(Child, ChildStdin)>,
    pids: BTreeSet<u32>,
    marks: BTreeSet<String>,
}

impl Guard {
    /// A guard that starts when the first worker does.
    pub(super) fn new(program: &Path) -> Guard {
        Guard { program: program.to_owned(), running: None, pids: BTreeSet::new(), marks: BTreeSet::new() }
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
        for mark in &self.marks {
            writeln!(pipe, "+{mark}")?;
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
        self.tell(&format!("+{pid}"))
    }

    /// Adds whatever will bear this mark, `NAME=value`, in its environment. Must be called before anything does.
    ///
    /// # Errors
    /// When no guard can be reached or started.
    pub(super) fn add_marked(&mut self, mark: &str) -> io::Result<()> {
        self.marks.insert(mark.to_owned());
        self.ensure()?;
        self.tell(&format!("+{mark}"))
    }

    /// Takes a mark out that nobody bears any more.
    pub(super) fn retire_marked(&mut self, mark: &str) {
        self.marks.remove(mark);
        // As for a process.
        let _ = self.tell(&format!("-{mark}"));
    }

    /// Takes a worker out. Must be called before its process id can become another process's.
    pub(super) fn retire(&mut self, pid: u32) {
        self.pids.remove(&pid);
        // A guard that can't be reached knows nothing and does nothing.
        let _ = self.tell(&format!("-{pid}"));
    }

    fn tell(&mut self, line: &str) -> io::Result<()> {
        if let Some((_, pipe)) = &mut self.running
            && writeln!(pipe, "{line}").is_ok()
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
        let input = b"+12\n+13\nnonsense\n+\n+A=1\n-12\n+14\n+A=2\n\n-99\n-A=1\n+15";
        let marks = BTreeSet::from(["A=2".to_owned()]);
        assert_eq!(read_charges(&input[..]), (BTreeSet::from([13, 14, 15]), marks));
    }
}
