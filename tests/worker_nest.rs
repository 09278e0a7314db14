//! Threads and tasks within a worker: what each writes, what orders do to all of them, what waiting and computing cost.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod worker_common;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

use rotascope::command::WorkerOrder;
use rotascope::event::{Exit, WorkerEvent};
use rotascope::handler::Class;
use rotascope::record::{Stamped, parse_stamp};
use rotascope::worker::{Work, WorkerPlan};
use worker_common::{Lab, clock, plan};

/// One worker of `threads` x `tasks` on `a1.log`, started.
fn nest(class: Class, rate: f64, threads: u16, tasks: u16) -> Lab {
    let mut lab = Lab::new(|logs| {
        let plan = plan("web-1", class, &logs.join("a1.log"), rate);
        vec![WorkerPlan { threads, tasks, ..plan }]
    });
    lab.start(0, &clock("2026-05-09T12:10:00+08:00"));
    lab
}

/// Waits until each task of the first worker has written so many lines.
#[track_caller]
fn wait_each(lab: &mut Lab, tasks: usize, lines: u64) {
    lab.until("lines of each task", |lab| {
        let counts = lab.counts(0);
        counts.len() == tasks && counts.values().all(|count| count.written >= lines)
    });
}

/// The numbers of each task's lines in the order of the file; every line must be whole.
fn by_task(path: &Path) -> BTreeMap<(u16, u16), Vec<u64>> {
    let mut found = BTreeMap::<_, Vec<u64>>::new();
    for line in fs::read(path).unwrap().split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let Stamped::Whole { stamp, extra_before: 0 } = parse_stamp(line) else {
            panic!("torn: {}", String::from_utf8_lossy(line));
        };
        found.entry((stamp.thread, stamp.task)).or_default().push(stamp.seq);
    }
    found
}

/// Each task's lines stand in the file in order, as many as it has counted.
#[track_caller]
fn assert_complete(lab: &Lab, tasks: usize) {
    let found = by_task(&lab.logs().join("a1.log"));
    assert_eq!(found.len(), tasks);
    for (task, count) in lab.counts(0) {
        assert_eq!(count.failed, 0);
        assert_eq!(found[&task], (1..=count.written).collect::<Vec<_>>(), "{task:?}");
    }
}

#[test]
fn each_task_counts_its_own_lines_and_they_name_it() {
    let mut lab = nest(Class::Watched, 500.0, 2, 3);
    wait_each(&mut lab, 6, 20);
    lab.stop();
    assert_eq!(lab.wait_exited(0), (Exit::Code(0), true));
    assert_complete(&lab, 6);
    let (_, pid) = lab.launched(0);
    let text = fs::read_to_string(lab.logs().join("a1.log")).unwrap();
    for line in text.lines() {
        let Stamped::Whole { stamp, .. } = parse_stamp(line.as_bytes()) else { panic!("{line}") };
        assert!(line.contains(&format!(" app {pid} {} 6666666666 ", stamp.thread)), "{line}");
    }
    assert_eq!(lab.events_of(0).filter(|event| matches!(event, WorkerEvent::Opened { .. })).count(), 1, "one handler");
}

#[test]
fn threads_at_full_speed_share_one_handler_and_tear_nothing() {
    let mut lab = nest(Class::Plain, 0.0, 3, 2);
    wait_each(&mut lab, 6, 500);
    lab.stop();
    assert_complete(&lab, 6);
}

#[test]
fn an_order_reaches_all_tasks_and_is_told_once() {
    let mut lab = nest(Class::Plain, 1000.0, 3, 2);
    wait_each(&mut lab, 6, 5);
    lab.order(0, WorkerOrder::Pause);
    lab.wait(0, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
    let size = || fs::metadata(lab.logs().join("a1.log")).unwrap().len();
    let before = size();
    // Nothing can be waited for where nothing is to happen: 1800 lines would fit into this time.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(size(), before, "no thread writes on after that");
    lab.order(0, WorkerOrder::Pause);
    lab.supervisor.set_clock(&clock("2026-05-10T12:00:00+08:00"));
    lab.order(0, WorkerOrder::Rate(0.0));
    lab.order(0, WorkerOrder::Resume);
    lab.wait(0, "resumed", |event| matches!(event, WorkerEvent::Resumed).then_some(()));
    // Far beyond what the old rate would give in the time of a test.
    let reached = lab.counts(0).values().map(|count| count.written).max().unwrap();
    wait_each(&mut lab, 6, reached + 300);
    lab.stop();
    let told = |wanted: fn(&WorkerEvent) -> bool| lab.events_of(0).filter(|event| wanted(event)).count();
    assert_eq!(told(|event| matches!(event, WorkerEvent::Paused)), 1);
    assert_eq!(told(|event| matches!(event, WorkerEvent::Resumed)), 1);
    assert_eq!(told(|event| matches!(event, WorkerEvent::RateSet { .. })), 1);
    assert_eq!(told(|event| matches!(event, WorkerEvent::ClockSet)), 1);
    assert_complete(&lab, 6);
    let text = fs::read_to_string(lab.logs().join("a1.log")).unwrap();
    let later = text.lines().skip_while(|line| line.contains("2026-05-09"));
    let mut later =
        later.inspect(|line| assert!(line.contains("2026-05-10 12:0"), "each thread's clock is set: {line}"));
    assert!(later.by_ref().count() >= 300);
}

#[test]
fn a_new_rate_wakes_tasks_that_would_sleep_for_minutes() {
    let mut lab = nest(Class::Plain, 0.001, 2, 2);
    wait_each(&mut lab, 4, 1);
    lab.order(0, WorkerOrder::Rate(1000.0));
    wait_each(&mut lab, 4, 20);
    lab.stop();
    assert_complete(&lab, 4);
}

#[test]
fn failures_of_all_tasks_are_told_as_runs() {
    let mut lab = nest(Class::Watched, 500.0, 2, 4);
    wait_each(&mut lab, 8, 5);
    fs::remove_dir_all(lab.logs()).unwrap();
    lab.until("failures of each task", |lab| lab.counts(0).values().all(|count| count.failed >= 50));
    lab.stop();
    let failed: u64 = lab.counts(0).values().map(|count| count.failed).sum();
    assert_eq!(lab.failures(0).0, failed, "every failure is told");
    let told = lab.events_of(0).filter(|event| matches!(event, WorkerEvent::EmitFailed { .. })).count() as u64;
    assert!(told * 4 < failed, "{told} reports of {failed} failures");
}

/// Two processes of one thread at once, one with a single task and one with eight, until the first has written so many
/// lines: how many each has written.
fn one_task_against_eight(work: Work) -> (u64, u64) {
    let mut lab = Lab::new(|logs| {
        let plan = |number: u16, tasks| {
            let plan = plan(&format!("web-{number}"), Class::Plain, &logs.join(format!("a{number}.log")), 0.0);
            WorkerPlan { tasks, work, ..plan }
        };
        vec![plan(1, 1), plan(2, 8)]
    });
    let noon = clock("2026-05-09T12:10:00+08:00");
    lab.start(1, &noon);
    lab.until("the second one is at it", |lab| lab.written(1) > 0);
    lab.start(0, &noon);
    let before = lab.written(1);
    lab.until("forty lines of one task", |lab| lab.written(0) >= 40);
    let both = (lab.written(0), lab.written(1) - before);
    lab.stop();
    both
}

#[test]
fn tasks_gain_on_waiting_and_not_on_computing() {
    let ten = Duration::from_millis(10);
    let (one, eight) = one_task_against_eight(Work::Wait(ten));
    assert!(eight > one * 3, "waiting: {one} lines by one task, {eight} by eight");
    let (one, eight) = one_task_against_eight(Work::Compute(ten));
    assert!(eight < one * 3, "computing: {one} lines by one task, {eight} by eight");
    assert!(eight > 0);
}

#[test]
fn computing_gives_way_to_orders() {
    let mut lab = Lab::new(|logs| {
        let plan = plan("web-1", Class::Plain, &logs.join("a1.log"), 0.0);
        vec![WorkerPlan { tasks: 2, work: Work::Compute(Duration::from_secs(3600)), ..plan }]
    });
    lab.start(0, &clock("2026-05-09T12:10:00+08:00"));
    lab.wait_opened(0);
    lab.order(0, WorkerOrder::Pause);
    lab.wait(0, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
    lab.order(0, WorkerOrder::Resume);
    lab.wait(0, "resumed", |event| matches!(event, WorkerEvent::Resumed).then_some(()));
    lab.stop();
    assert_eq!(lab.wait_exited(0), (Exit::Code(0), true));
    assert_eq!(lab.written(0), 0);
}
