//! `locked`: who waits for whom, and what an order does to one who waits.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod worker_common;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rotascope::clock::{SchedulePlan, When};
use rotascope::command::WorkerOrder;
use rotascope::event::{Exit, WorkerEvent};
use rotascope::handler::Class;
use rotascope::platform;
use rotascope::record::{Stamped, parse_stamp};
use rotascope::worker::{StartMethod, WorkerPlan};
use worker_common::{DEADLINE, Lab, clock, plan};

const NOON: &str = "2026-05-09T12:00:00+08:00";

/// Workers at full speed leave nothing for those of another test.
static MACHINE: Mutex<()> = Mutex::new(());

fn machine() -> MutexGuard<'static, ()> {
    MACHINE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn lab(workers: usize, change: impl Fn(&mut WorkerPlan)) -> Lab {
    let make = |logs: &Path, number: usize| {
        let mut plan = plan(&format!("web-{number}"), Class::Locked, &logs.join("a1.log"), 0.0);
        change(&mut plan);
        plan
    };
    let mut lab = Lab::new(|logs| (1..=workers).map(|number| make(logs, number)).collect());
    let clock = clock(NOON);
    for worker in 0..workers as u32 {
        lab.start(worker, &clock);
    }
    for worker in 0..workers as u32 {
        lab.wait_written(worker, 5);
    }
    lab
}

/// The lock file: what else lies in the scratch folder is pages of counters of workers that have not begun.
fn lock_file(lab: &Lab) -> PathBuf {
    let mut names = fs::read_dir(lab.folder.path().join("scratch")).unwrap().map(|entry| entry.unwrap().path());
    names.find(|path| path.file_name().unwrap().to_string_lossy().starts_with("lock-")).unwrap()
}

/// Stops the worker at a moment at which it holds the lock.
fn stop_with_the_lock(lab: &mut Lab, worker: u32) {
    let (_, pid) = lab.launched(worker);
    let lock = File::open(lock_file(lab)).unwrap();
    let end = Instant::now() + DEADLINE;
    loop {
        lab.order(worker, WorkerOrder::Freeze);
        lab.wait(worker, "stopped", |event| matches!(event, WorkerEvent::Stopped).then_some(()));
        if platform::lock_holder(&lock) == Some(pid) {
            return;
        }
        assert!(Instant::now() < end, "it never holds the lock when it is stopped");
        lab.order(worker, WorkerOrder::Thaw);
        lab.wait(worker, "continued", |event| matches!(event, WorkerEvent::Continued).then_some(()));
        let before = lab.written(worker);
        lab.until("it goes on", |lab| lab.written(worker) > before);
    }
}

/// Waits until a worker is held up by another one. On a busy machine it may have been by others before.
fn wait_blocked(lab: &mut Lab, worker: u32, by: u32) {
    let (_, holder) = lab.launched(by);
    lab.from = 0;
    lab.wait(worker, "blocked", |event| (*event == WorkerEvent::Blocked { holder_pid: Some(holder) }).then_some(()));
}

fn wait_unblocked(lab: &mut Lab, worker: u32) -> (Duration, bool) {
    lab.wait(worker, "unblocked", |event| match event {
        WorkerEvent::Unblocked { waited_ns, gave_up } => Some((Duration::from_nanos(*waited_ns), *gave_up)),
        _ => None,
    })
}

/// Every line that was not refused stands whole in one of the log's files, once.
#[track_caller]
fn assert_nothing_lost(lab: &Lab, workers: u32) {
    let mut found = BTreeMap::<_, Vec<u64>>::new();
    for entry in fs::read_dir(lab.logs()).unwrap() {
        for line in fs::read(entry.unwrap().path()).unwrap().split(|byte| *byte == b'\n') {
            match parse_stamp(line) {
                Stamped::Whole { stamp, extra_before: 0 } => {
                    found.entry((stamp.launch, stamp.thread, stamp.task)).or_default().push(stamp.seq);
                }
                _ => assert!(line.is_empty(), "torn: {}", String::from_utf8_lossy(line)),
            }
        }
    }
    for worker in 0..workers {
        let (launch, _) = lab.launched(worker);
        let mut failed = 0;
        for ((thread, task), count) in lab.counts(worker) {
            let mut seqs = found.remove(&(launch, thread, task)).unwrap_or_default();
            seqs.sort_unstable();
            let whole: Vec<u64> = (1..=count.written - count.failed).collect();
            assert_eq!(seqs, whole, "worker {worker}, thread {thread}, task {task}");
            failed += count.failed;
        }
        assert_eq!(lab.failures(worker).0, failed, "each refused line is told");
    }
    assert!(found.is_empty(), "nobody else wrote");
}

#[test]
fn a_stopped_holder_holds_up_the_others_and_is_named_until_it_goes_on() {
    let _machine = machine();
    let mut lab = lab(3, |_| {});
    stop_with_the_lock(&mut lab, 1);
    wait_blocked(&mut lab, 2, 1);
    wait_blocked(&mut lab, 0, 1);
    let before = (lab.written(0), lab.written(2));
    lab.pump();
    lab.pump();
    assert_eq!((lab.written(0), lab.written(2)), before, "they stand still");
    lab.order(1, WorkerOrder::Thaw);
    let (waited, gave_up) = wait_unblocked(&mut lab, 0);
    assert!(waited >= Duration::from_millis(200) && !gave_up, "{waited:?}, gave up: {gave_up}");
    for worker in 0..3 {
        lab.wait_written(worker, 5);
    }
    lab.stop();
    for worker in 0..3 {
        assert_eq!(lab.failures(worker).0, 0);
    }
    assert_nothing_lost(&lab, 3);
}

#[test]
fn a_killed_holder_holds_up_nobody() {
    let _machine = machine();
    let mut lab = lab(2, |_| {});
    stop_with_the_lock(&mut lab, 1);
    wait_blocked(&mut lab, 0, 1);
    lab.order(1, WorkerOrder::Kill(9));
    let (_, gave_up) = wait_unblocked(&mut lab, 0);
    assert!(!gave_up);
    lab.wait_written(0, 5);
    lab.stop();
    assert_eq!(lab.failures(0).0, 0);
}

#[test]
fn who_waits_obeys_orders_and_writes_the_same_line_later() {
    // Two threads: one waits for the lock, the other one for its turn at the handler.
    let _machine = machine();
    let mut lab = lab(2, |plan| plan.threads = 2);
    stop_with_the_lock(&mut lab, 1);
    wait_blocked(&mut lab, 0, 1);
    lab.order(0, WorkerOrder::Pause);
    let (_, gave_up) = wait_unblocked(&mut lab, 0);
    assert!(gave_up);
    lab.wait(0, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
    lab.order(0, WorkerOrder::Resume);
    lab.wait(0, "resumed", |event| matches!(event, WorkerEvent::Resumed).then_some(()));
    lab.wait(0, "blocked again", |event| matches!(event, WorkerEvent::Blocked { .. }).then_some(()));
    lab.order(1, WorkerOrder::Thaw);
    lab.wait_written(0, 5);
    lab.stop();
    assert_eq!(lab.failures(0).0, 0, "no order costs a line");
    assert_nothing_lost(&lab, 2);
}

#[test]
fn who_waits_ends_when_told_to_and_refuses_the_line_at_hand() {
    let _machine = machine();
    let mut lab = lab(2, |plan| plan.threads = 2);
    stop_with_the_lock(&mut lab, 1);
    wait_blocked(&mut lab, 0, 1);
    lab.order(0, WorkerOrder::Stop);
    assert_eq!(lab.wait_exited(0), (Exit::Code(0), true), "by itself: nobody had to kill it");
    assert_eq!(lab.failures(0).0, 2, "a line of each thread");
    lab.order(1, WorkerOrder::Thaw);
    lab.wait_written(1, 5);
    lab.stop();
    assert_nothing_lost(&lab, 2);
}

#[test]
fn all_told_to_end_at_once_lose_nothing_though_the_holder_was_stopped() {
    let _machine = machine();
    let mut lab = lab(3, |_| {});
    stop_with_the_lock(&mut lab, 1);
    wait_blocked(&mut lab, 0, 1);
    lab.stop();
    for worker in 0..3 {
        assert_eq!(lab.failures(worker).0, 0);
        lab.from = 0;
        assert_eq!(lab.wait_exited(worker), (Exit::Code(0), true));
    }
    assert_nothing_lost(&lab, 3);
}

/// Forked workers that share the open log share no lock: each opens the lock file for itself.
#[test]
fn forked_workers_that_inherit_the_log_keep_each_other_out() {
    let _machine = machine();
    let mut lab = lab(2, |plan| (plan.start, plan.inherit_file) = (StartMethod::Fork, true));
    stop_with_the_lock(&mut lab, 0);
    wait_blocked(&mut lab, 1, 0);
    lab.order(0, WorkerOrder::Thaw);
    lab.wait_written(1, 5);
    lab.stop();
    assert_nothing_lost(&lab, 2);
}

/// Four processes, two threads each, two tasks each, at full speed over rollovers.
#[test]
fn rollovers_of_processes_threads_and_tasks_lose_nothing() {
    let _machine = machine();
    let mut lab = lab(4, |plan| {
        (plan.threads, plan.tasks) = (2, 2);
        plan.handler.options.schedule = SchedulePlan { when: When::Second, ..SchedulePlan::default() };
    });
    let archives = |lab: &Lab| fs::read_dir(lab.logs()).unwrap().count() - 1;
    lab.until("three rollovers", |lab| archives(lab) >= 3);
    lab.stop();
    for worker in 0..4 {
        assert_eq!(lab.failures(worker).0, 0);
    }
    assert_nothing_lost(&lab, 4);
    let rollovers = (0..4).flat_map(|worker| lab.events_of(worker));
    let rollovers = rollovers.filter(|event| matches!(event, WorkerEvent::RolledOver(_))).count();
    assert_eq!(rollovers, archives(&lab), "each period has ended once");
}
