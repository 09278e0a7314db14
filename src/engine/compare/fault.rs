//! The faults that handlers are compared under, each as a lab.

use std::time::Duration;

use chrono::{DateTime, FixedOffset, SecondsFormat, TimeDelta};

use crate::clock::{SchedulePlan, When};
use crate::handler::Class;
use crate::lab::{Lab, LabWorker, show_duration};

/// Lines per second of each worker.
pub(super) const RATE: u32 = 1000;
/// No fault comes earlier, so that also on a busy machine every worker has begun.
const FIRST: Duration = Duration::from_millis(600);

/// One kind of trouble.
#[derive(Debug)]
pub struct FaultInfo {
    /// Its name on the command line.
    pub name: &'static str,
    /// What happens, in one sentence.
    pub sentence: &'static str,
    /// The key of that sentence in the catalogue of strings.
    pub sentence_key: &'static str,
    /// Whether it is compared when nobody names any.
    pub by_default: bool,
    script: fn(&Run) -> Script,
}

/// All faults, in the order in which they are shown.
pub const FAULTS: [FaultInfo; 12] = [
    FaultInfo {
        name: "none",
        sentence: "Nothing happens: what is lost here is lost every day.",
        sentence_key: "fault-none",
        by_default: true,
        script: |_| Script::at_noon(String::new()),
    },
    FaultInfo {
        name: "rollover",
        sentence: "A day passes every second, so that midnight comes once a second and each handler moves on.",
        sentence_key: "fault-rollover",
        by_default: true,
        script: |_| Script { rate: 86_400, ..Script::at_noon(String::new()) },
    },
    FaultInfo {
        name: "delete",
        sentence: "The live file is deleted, again and again.",
        sentence_key: "fault-delete",
        by_default: true,
        script: |run| Script::at_noon(run.again("do = \"delete\"\nfile = \"live\"")),
    },
    FaultInfo {
        name: "rename",
        sentence: "The live file is given another name, again and again, as logrotate does it.",
        sentence_key: "fault-rename",
        by_default: true,
        script: |run| Script::at_noon(run.again("do = \"rename\"\nfile = \"live\"\nto = \"moved-{n}.log\"")),
    },
    FaultInfo {
        name: "truncate",
        sentence: "The live file is cut to nothing, again and again.",
        sentence_key: "fault-truncate",
        by_default: true,
        script: |run| Script::at_noon(run.again("do = \"truncate\"\nfile = \"live\"")),
    },
    FaultInfo {
        name: "replace",
        sentence: "An empty file takes the place of the live one, again and again, as editors save.",
        sentence_key: "fault-replace",
        by_default: true,
        script: |run| Script::at_noon(run.again("do = \"replace\"\nfile = \"live\"")),
    },
    FaultInfo {
        name: "remove_dir",
        sentence: "The folder of the log is removed with all that it holds, as often as somebody makes it again.",
        sentence_key: "fault-remove-dir",
        by_default: true,
        script: |run| Script::at_noon(run.again("do = \"remove_dir\"\nfile = \"live\"")),
    },
    FaultInfo {
        name: "chmod",
        sentence: "The folder of the log becomes read-only, midnight passes, and it may be written again; root writes \
                   all the same.",
        sentence_key: "fault-chmod",
        by_default: true,
        script: |run| {
            let mode = |mode: &str| format!("do = \"chmod\"\nfile = \"logs\"\nmode = \"{mode}\"");
            let steps = [run.once(3, &mode("555")), run.once(7, &mode("755"))];
            Script { before_midnight: Some(run.at(5)), ..Script::at_noon(steps.concat()) }
        },
    },
    FaultInfo {
        name: "kill",
        sentence: "One worker after the other is killed (SIGKILL) while it writes, all but the last.",
        sentence_key: "fault-kill",
        by_default: true,
        script: |run| Script::at_noon(run.kills()),
    },
    FaultInfo {
        name: "stop",
        sentence: "The first worker is stopped (SIGSTOP), midnight passes, and it goes on (SIGCONT).",
        sentence_key: "fault-stop",
        by_default: true,
        script: |run| {
            let first = |action: &str| format!("do = \"{action}\"\nworker = \"web-1\"");
            let steps = [run.once(3, &first("stop")), run.once(7, &first("continue"))];
            Script { before_midnight: Some(run.at(5)), ..Script::at_noon(steps.concat()) }
        },
    },
    FaultInfo {
        name: "clock",
        sentence: "The clock is set forward over midnight and an hour back, twice; each worker hears of it at its own \
                   moment.",
        sentence_key: "fault-clock",
        by_default: true,
        script: |run| {
            let jump = |by: &str| format!("do = \"clock\"\njump = \"{by}\"");
            let steps = [(2, "+1h"), (4, "-1h"), (6, "+1h"), (8, "-1h")].map(|(at, by)| run.once(at, &jump(by)));
            Script { before_midnight: Some(Duration::from_secs(1800)), ..Script::at_noon(steps.concat()) }
        },
    },
    FaultInfo {
        name: "fill_disk",
        sentence: "The disk is full for a third of the run; only where temporary files lie on one below 256 MiB.",
        sentence_key: "fault-fill-disk",
        by_default: false,
        script: |run| {
            let steps = [
                run.once(3, "do = \"fill_disk\"\nleave = \"0\""),
                run.once(6, "do = \"delete\"\nfile = \".rotascope-fill\""),
            ];
            Script::at_noon(steps.concat())
        },
    },
];

impl FaultInfo {
    /// Whether it needs a file system that may be filled.
    pub fn fills_disk(&self) -> bool {
        self.name == "fill_disk"
    }

    /// The lab of one run. Every class writes by the same schedule, if it has one: it moves on at midnight.
    pub(super) fn lab(&self, class: Class, processes: u16, duration: Duration) -> Lab {
        let script = (self.script)(&Run { duration, processes });
        let text = script.text(class, processes);
        // Whatever the arguments are, the text is one of a few dozen, all of which the tests read.
        let mut lab = Lab::parse(&text, self.name).unwrap_or_else(|error| panic!("{error}\n{text}"));
        let midnight = SchedulePlan { when: When::Midnight, ..SchedulePlan::default() };
        for worker in &mut lab.workers {
            if let LabWorker::Own(plan) = worker {
                plan.handler.options.schedule = midnight;
            }
        }
        lab
    }
}

/// What the steps of a run go by.
struct Run {
    duration: Duration,
    processes: u16,
}

/// What happens in a run.
struct Script {
    /// How far before a midnight it begins; at noon if nothing is said.
    before_midnight: Option<Duration>,
    /// Session seconds per second.
    rate: u32,
    steps: String,
}

impl Run {
    /// The moment after so many tenths of the run.
    fn at(&self, tenths: u32) -> Duration {
        self.duration * tenths / 10
    }

    fn first(&self) -> Duration {
        self.at(2).max(FIRST)
    }

    fn once(&self, tenths: u32, action: &str) -> String {
        step(self.at(tenths), action)
    }

    /// To the ninth tenth of the run, so that workers have time to come through the last one.
    fn again(&self, action: &str) -> String {
        let every = self.at(1).clamp(Duration::from_millis(50), Duration::from_secs(1));
        let until = show_duration(self.at(9));
        format!("{}every = \"{}\"\nuntil = \"{until}\"\n", step(self.first(), action), show_duration(every))
    }

    /// Spread over the middle of the run. A worker that is alone is killed too.
    fn kills(&self) -> String {
        let killed = (self.processes - 1).max(1);
        let first = self.first();
        let apart = self.at(9).saturating_sub(first) / u32::from(killed);
        let kill = |number: u16| {
            step(first + apart * u32::from(number - 1), &format!("do = \"kill\"\nworker = \"web-{number}\""))
        };
        (1..=killed).map(kill).collect()
    }
}

fn step(at: Duration, action: &str) -> String {
    format!("[[steps]]\nat = \"{}\"\n{action}\n", show_duration(at))
}

impl Script {
    fn at_noon(steps: String) -> Script {
        Script { before_midnight: None, rate: 1, steps }
    }

    fn text(&self, class: Class, processes: u16) -> String {
        let name = class.info().name;
        let place = if class.info().by_date { "directory = \"logs\"" } else { "filename = \"logs/a1.log\"" };
        let (start, rate, steps) = (self.start(), self.rate, &self.steps);
        format!(
            r#"version = 1
[clock]
mode = "simulated"
start = "{start}"
rate = {rate}
zone = "Asia/Shanghai"
[handlers.file]
class = "{name}"
{place}
[loggers.app]
handlers = ["file"]
[[workers]]
name = "web"
logger = "app"
processes = {processes}
rate = {RATE}
{steps}"#
        )
    }

    fn start(&self) -> String {
        let midnight = DateTime::parse_from_rfc3339("2026-05-10T00:00:00+08:00").unwrap_or_default();
        let before = self.before_midnight.unwrap_or(Duration::from_secs(12 * 3600));
        let start: DateTime<FixedOffset> = midnight - TimeDelta::from_std(before).unwrap_or_default();
        start.to_rfc3339_opts(SecondsFormat::Millis, false)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::handler::CLASSES;

    #[test]
    fn every_lab_can_be_read_whatever_the_arguments() {
        for fault in &FAULTS {
            for info in &CLASSES {
                for (processes, ms) in [(1, 1_000), (4, 5_000), (256, 7_777), (3, 86_400_000)] {
                    let lab = fault.lab(info.class, processes, Duration::from_millis(ms));
                    assert_eq!(lab.workers.len(), usize::from(processes), "{}", fault.name);
                    assert!(lab.own_workers().all(|worker| worker.handler.class == info.class));
                }
            }
        }
    }

    #[test]
    fn names_and_keys_are_given_once() {
        let mut names: Vec<&str> = FAULTS.iter().flat_map(|fault| [fault.name, fault.sentence_key]).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 2 * FAULTS.len());
    }

    #[test]
    fn all_but_the_last_worker_are_killed_within_the_run() {
        for (processes, killed) in [(1, 1), (2, 1), (4, 3)] {
            let lab = FAULTS[8].lab(Class::Plain, processes, Duration::from_secs(5));
            assert_eq!((FAULTS[8].name, lab.steps.len()), ("kill", killed));
        }
    }

    #[test]
    fn midnight_passes_in_the_middle_of_the_run() {
        let script = Script { before_midnight: Some(Duration::from_millis(2500)), ..Script::at_noon(String::new()) };
        assert_eq!(script.start(), "2026-05-09T23:59:57.500+08:00");
        assert_eq!(Script::at_noon(String::new()).start(), "2026-05-09T12:00:00.000+08:00");
    }
}
