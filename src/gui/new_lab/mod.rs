//! A lab put together at the window: which handler, how its processes start, how many of what, on which clock.
//!
//! What is chosen becomes the text of a lab file, and that text is what is opened: whoever wants to go on from there
//! copies it.

mod form;

use std::fmt::Write;

use chrono::{DateTime, FixedOffset, TimeDelta};

use crate::handler::{Class, Encoding};
use crate::lab::{Lab, LabError};
use crate::worker::StartMethod;

pub(super) use form::{Form, show};

/// What a schedule can count in.
const WHENS: [&str; 12] = ["midnight", "S", "M", "H", "D", "W0", "W1", "W2", "W3", "W4", "W5", "W6"];
/// Most processes, threads and tasks that can be chosen here; a lab file takes more.
const MOST: [u16; 3] = [32, 32, 64];

/// What is done before each line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    None,
    Wait,
    Compute,
}

impl Work {
    const ALL: [Work; 3] = [Work::None, Work::Wait, Work::Compute];

    fn key(self) -> &'static str {
        match self {
            Work::None => "new-lab-work-none",
            Work::Wait => "new-lab-work-wait",
            Work::Compute => "new-lab-work-compute",
        }
    }
}

/// Which clock the workers go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Clock {
    Wall,
    /// Simulated, ten seconds before midnight.
    Midnight,
    /// Simulated, a day in ten seconds.
    Days,
    /// Simulated, ten seconds before daylight saving time ends.
    Saving,
}

impl Clock {
    const ALL: [Clock; 4] = [Clock::Midnight, Clock::Days, Clock::Saving, Clock::Wall];

    fn key(self) -> &'static str {
        match self {
            Clock::Wall => "new-lab-clock-wall",
            Clock::Midnight => "new-lab-clock-midnight",
            Clock::Days => "new-lab-clock-days",
            Clock::Saving => "new-lab-clock-saving",
        }
    }
}

/// What has been chosen.
#[derive(Clone, Debug, PartialEq)]
pub struct NewLab {
    class: Class,
    encoding: Encoding,
    when: &'static str,
    backup_count: u16,
    start: StartMethod,
    inherit_file: bool,
    processes: u16,
    threads: u16,
    tasks: u16,
    rate: u32,
    work: Work,
    work_ms: u16,
    clock: Clock,
}

impl Default for NewLab {
    fn default() -> NewLab {
        NewLab {
            class: Class::Daily,
            encoding: Encoding::Utf8,
            when: WHENS[0],
            backup_count: 0,
            start: StartMethod::Spawn,
            inherit_file: false,
            processes: 4,
            threads: 1,
            tasks: 1,
            rate: 20,
            work: Work::None,
            work_ms: 10,
            clock: Clock::Midnight,
        }
    }
}

impl NewLab {
    /// The text of the lab file. A simulated clock begins before the end of the day on which `now` is.
    fn text(&self, now: DateTime<FixedOffset>) -> String {
        let info = self.class.info();
        let mut text = String::from("version = 1\n\n");
        text.push_str(&self.clock_table(now));
        let place = if info.by_date { "directory = \"logs\"" } else { "filename = \"logs/app.log\"" };
        let _ = write!(text, "[handlers.file]\nclass = \"{}\"\n{place}\n", info.name);
        if self.encoding != Encoding::Utf8 {
            let _ = writeln!(text, "encoding = \"{}\"", self.encoding.name());
        }
        if info.scheduled {
            let _ = writeln!(text, "when = \"{}\"", self.when);
        }
        if info.retains && self.backup_count > 0 {
            let _ = writeln!(text, "backup_count = {}", self.backup_count);
        }
        text.push_str("\n[loggers.app]\nhandlers = [\"file\"]\n\n[[workers]]\nname = \"web\"\nlogger = \"app\"\n");
        let NewLab { processes, threads, tasks, rate, .. } = self;
        let start = self.start.name();
        let _ = writeln!(text, "processes = {processes}\nthreads = {threads}\ntasks = {tasks}\nstart = \"{start}\"");
        if self.inherits() {
            text.push_str("inherit_file = true\n");
        }
        let _ = writeln!(text, "rate = {rate}\nlevels = {{ INFO = 90, WARNING = 7, ERROR = 3 }}");
        match self.work {
            Work::None => {}
            Work::Wait => drop(writeln!(text, "work = \"wait {}ms\"", self.work_ms)),
            Work::Compute => drop(writeln!(text, "work = \"compute {}ms\"", self.work_ms)),
        }
        text.push_str("message = \"用户 登录成功 user=王小明\"\n");
        text
    }

    fn clock_table(&self, now: DateTime<FixedOffset>) -> String {
        let evening = now.date_naive().and_hms_opt(23, 59, 50).unwrap_or_default();
        let evening = evening - TimeDelta::seconds(i64::from(now.offset().local_minus_utc()));
        let evening = evening.and_utc().with_timezone(now.offset()).to_rfc3339();
        match self.clock {
            Clock::Wall => String::new(),
            Clock::Midnight => format!("[clock]\nmode = \"simulated\"\nstart = \"{evening}\"\n\n"),
            Clock::Days => format!("[clock]\nmode = \"simulated\"\nstart = \"{evening}\"\nrate = 8640.0\n\n"),
            // Where the machine stands there may be no daylight saving time; in Berlin there is.
            Clock::Saving => "[clock]\nmode = \"simulated\"\nstart = \"2026-10-25T02:59:50+02:00\"\n\
                              zone = \"Europe/Berlin\"\n\n"
                .to_owned(),
        }
    }

    /// Only forked workers can inherit an open file.
    fn inherits(&self) -> bool {
        self.inherit_file && self.start == StartMethod::Fork
    }

    fn tasks_in_all(&self) -> u64 {
        u64::from(self.processes) * u64::from(self.threads) * u64::from(self.tasks)
    }

    /// The lab, or why there is none.
    fn check(&self, now: DateTime<FixedOffset>) -> Result<(), LabError> {
        Lab::parse(&self.text(now), "lab").map(drop)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::handler::{CLASSES, ENCODINGS};
    use crate::worker::START_METHODS;

    fn now() -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-05-09T12:00:00+08:00").unwrap()
    }

    #[test]
    fn every_choice_is_a_lab() {
        for info in &CLASSES {
            for clock in Clock::ALL {
                for work in Work::ALL {
                    for start in START_METHODS {
                        let chosen = NewLab { class: info.class, clock, work, start, threads: 2, ..NewLab::default() };
                        let text = chosen.text(now());
                        let lab = Lab::parse(&text, "lab").unwrap_or_else(|error| panic!("{error}\n{text}"));
                        assert_eq!(lab.workers.len(), 4);
                        let worker = lab.workers[0].own().unwrap();
                        assert_eq!((worker.threads, worker.handler.class), (2, info.class));
                    }
                }
            }
        }
        for when in WHENS {
            let scheduled = CLASSES.iter().find(|info| info.scheduled).unwrap();
            let chosen = NewLab { class: scheduled.class, when, backup_count: 3, ..NewLab::default() };
            chosen.check(now()).unwrap();
        }
    }

    #[test]
    fn each_encoding_gets_into_the_lab() {
        for encoding in ENCODINGS {
            let text = NewLab { encoding, ..NewLab::default() }.text(now());
            assert_eq!(Lab::parse(&text, "lab").unwrap().workers[0].own().unwrap().handler.options.encoding, encoding);
        }
    }

    #[test]
    fn a_simulated_evening_is_that_of_the_same_day() {
        let text = NewLab::default().text(now());
        assert!(text.contains("start = \"2026-05-09T23:59:50+08:00\""), "{text}");
    }

    #[test]
    fn only_forked_workers_inherit_a_file() {
        let chosen = NewLab { inherit_file: true, ..NewLab::default() };
        assert!(!chosen.text(now()).contains("inherit_file"));
        let forked = NewLab { start: StartMethod::Fork, ..chosen };
        assert!(forked.text(now()).contains("inherit_file = true"));
        forked.check(now()).unwrap();
    }
}
