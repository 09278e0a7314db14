//! Signals to whatever was started with a mark in its environment, wherever it has moved in the tree of processes.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::{ProcessHandle, ProcessSignal, process_has, processes_with};

/// Whoever forks while it is looked for is found by the next look; with no rest in between for long.
const BETWEEN_LOOKS: Duration = Duration::from_millis(5);

/// Signals every process whose environment holds `variable`, `NAME=value`, those of one group left out if that is
/// given: they are reached as a group. Says how many there were. 0 where the system does not tell.
pub fn signal_processes_with(variable: &str, signal: ProcessSignal, but_group: Option<u32>) -> usize {
    let others = processes_with(variable).into_iter().filter(|pid| but_group.is_none_or(|group| !is_in(*pid, group)));
    others.filter(|pid| signal_marked(*pid, variable, signal)).count()
}

/// Kills every process whose environment holds one of these, until none is left or the time is over.
pub fn kill_processes_with(variables: &BTreeSet<String>, most: Duration) {
    let end = Instant::now() + most;
    loop {
        let found: usize =
            variables.iter().map(|variable| signal_processes_with(variable, ProcessSignal::Kill, None)).sum();
        if found == 0 || Instant::now() >= end {
            return;
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}

/// Through a handle, so that a process that has this id by now is never meant.
fn signal_marked(pid: u32, variable: &str, signal: ProcessSignal) -> bool {
    let Ok(handle) = ProcessHandle::open(pid) else { return false };
    process_has(pid, variable) && handle.signal(signal).is_ok()
}

fn is_in(pid: u32, group: u32) -> bool {
    let Ok(pid) = super::signals::pid_of(pid) else { return false };
    rustix::process::getpgid(Some(pid)).is_ok_and(|found| found.as_raw_nonzero().get() as u32 == group)
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn those_with_the_mark_are_reached_and_nobody_else() {
        let sleeper = |mark: &str| {
            let mut command = Command::new("sleep");
            command.arg("60").stdin(Stdio::null()).stdout(Stdio::null()).env("ROTASCOPE_TEST_REACHED", mark);
            command.spawn().unwrap()
        };
        let (mut one, mut two, mut other) = (sleeper("a"), sleeper("a"), sleeper("b"));
        let variable = "ROTASCOPE_TEST_REACHED=a";
        let end = Instant::now() + Duration::from_secs(20);
        while processes_with(variable).len() < 2 {
            assert!(Instant::now() < end);
        }
        kill_processes_with(&BTreeSet::from([variable.to_owned()]), Duration::from_secs(20));
        assert!(processes_with(variable).is_empty());
        for killed in [&mut one, &mut two] {
            assert!(!killed.wait().unwrap().success());
        }
        assert!(other.try_wait().unwrap().is_none());
        other.kill().unwrap();
        other.wait().unwrap();
    }
}
