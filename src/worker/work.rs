//! What a task does before each line.

use std::fmt;
use std::hint::black_box;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::platform;

/// Steps of computing between two looks at the clock: some microseconds.
const STEPS: u32 = 2_000;

/// What a task does before each line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Work {
    /// Nothing.
    #[default]
    None,
    /// Waits, as for an answer from elsewhere: the thread's other tasks go on meanwhile.
    Wait(Duration),
    /// Computes for so much processor time, and lets no other task of its thread go on before it is done.
    Compute(Duration),
}

impl fmt::Display for Work {
    /// As written in the lab file.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Work::None => write!(out, "none"),
            Work::Wait(time) => write!(out, "wait {time:?}"),
            Work::Compute(time) => write!(out, "compute {time:?}"),
        }
    }
}

/// Uses up processor time of this thread, and gives how much in nanoseconds: `ns` and a little more, or less if
/// `is_interrupted` says so. Time during which others had the processor does not count.
pub(super) fn compute(ns: u64, is_interrupted: impl Fn() -> bool) -> u64 {
    let start = platform::thread_cpu_ns();
    let mut mixed = start;
    loop {
        for step in 0..STEPS {
            mixed = black_box((mixed ^ u64::from(step)).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(17));
        }
        let spent = platform::thread_cpu_ns().saturating_sub(start);
        if spent >= ns || is_interrupted() {
            return spent;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_the_lab_file_writes_it() {
        assert_eq!(Work::None.to_string(), "none");
        assert_eq!(Work::Wait(Duration::from_millis(10)).to_string(), "wait 10ms");
        assert_eq!(Work::Compute(Duration::from_secs(2)).to_string(), "compute 2s");
    }

    #[test]
    fn computing_uses_processor_time_and_can_be_broken_off() {
        let before = platform::thread_cpu_ns();
        assert!(compute(3_000_000, || false) >= 3_000_000);
        assert!(platform::thread_cpu_ns() - before >= 3_000_000);
        assert!(compute(u64::MAX, || true) < u64::MAX);
    }
}
