//! Workers as processes: starting, orders, counters, ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod worker_common;

use std::fs;
use std::time::{Duration, Instant};

use rotascope::clock::Mono;
use rotascope::command::WorkerOrder;
use rotascope::event::{Event, Exit, OpenReason, What, WorkerEvent};
use rotascope::handler::Class;
use rotascope::platform::{self, ProcessSignal};
use rotascope::worker::{START_METHODS, WorkerPlan};
use worker_common::{DEADLINE, Lab, clock, id_of, is_alive, plan, seqs, stamps};

#[test]
fn a_worker_starts_writes_gapless_lines_and_ends_when_told() {
    for start in START_METHODS {
        let mut lab = Lab::with_one_by(start, Class::Plain, 1000.0);
        let start_ns = lab.wait(0, "started", |event| match event {
            WorkerEvent::Started { start_ns } => Some(*start_ns),
            _ => None,
        });
        assert!((1..5_000_000_000).contains(&start_ns), "{start_ns}");
        let (file_id, path, previous, reason) = lab.wait_opened(0);
        assert_eq!((file_id, previous, reason), (id_of(&path), None, OpenReason::First));
        assert_eq!(path, lab.logs().join("a1.log"));
        lab.wait_written(0, 300);
        lab.stop();
        assert_eq!(lab.wait_exited(0), (Exit::Code(0), true));

        let (launch, _) = lab.launched(0);
        let count = lab.last_count(0).unwrap();
        assert_eq!((count.written, count.failed), (count.returned, 0));
        assert_eq!(seqs(launch, &[&path]), (1..=count.written).collect::<Vec<_>>());
        let text = fs::read_to_string(&path).unwrap();
        let first = text.lines().next().unwrap();
        assert!(first.starts_with("INFO 2026-05-09 12:10:0"), "{first}");
        assert!(first.contains(" app "), "{first}");
    }
}

#[test]
fn the_first_events_come_in_order_and_the_last_count_comes_before_the_end() {
    let mut lab = Lab::with_one(Class::Plain, 0.0);
    lab.wait_written(0, 1);
    lab.stop();
    let kinds: Vec<&str> = lab
        .events_of(0)
        .map(|event| match event {
            WorkerEvent::Launched { .. } => "launched",
            WorkerEvent::Started { .. } => "started",
            WorkerEvent::Opened { .. } => "opened",
            WorkerEvent::Counted { .. } => "counted",
            WorkerEvent::Exited { .. } => "exited",
            _ => "other",
        })
        .filter(|kind| *kind != "other")
        .collect();
    let without_counts: Vec<_> = kinds.iter().filter(|kind| **kind != "counted").collect();
    assert_eq!(without_counts, [&"launched", &"started", &"opened", &"exited"]);
    assert_eq!(kinds[kinds.len() - 2..], ["counted", "exited"]);
}

#[test]
fn pause_holds_the_count_and_resume_goes_on() {
    let mut lab = Lab::with_one(Class::Watched, 2000.0);
    lab.wait_written(0, 10);
    lab.order(0, WorkerOrder::Pause);
    lab.wait(0, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
    lab.pump();
    let size = || fs::metadata(lab.logs().join("a1.log")).unwrap().len();
    let before = size();
    // Nothing can be waited for where nothing is to happen: 600 lines would fit into this time.
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(size(), before);
    lab.order(0, WorkerOrder::Resume);
    lab.wait(0, "resumed", |event| matches!(event, WorkerEvent::Resumed).then_some(()));
    lab.wait_written(0, 10);
    lab.stop();
    let (launch, _) = lab.launched(0);
    let written = lab.last_count(0).unwrap().written;
    assert_eq!(seqs(launch, &[&lab.logs().join("a1.log")]).len() as u64, written);
}

#[test]
fn a_paused_worker_sleeps_and_is_told_to_end_all_the_same() {
    let mut lab = Lab::with_one(Class::Plain, 1000.0);
    lab.wait_written(0, 10);
    lab.order(0, WorkerOrder::Pause);
    lab.wait(0, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
    let (_, pid) = lab.launched(0);
    let wakes = || -> u64 {
        let mut sum = 0;
        for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
            let status = fs::read_to_string(task.unwrap().path().join("status")).unwrap();
            let line = status.lines().find(|line| line.starts_with("voluntary_ctxt_switches")).unwrap();
            sum += line.split_whitespace().last().unwrap().parse::<u64>().unwrap();
        }
        sum
    };
    // The report of the pause itself is still on its way out of the worker.
    let mut before = wakes();
    lab.until("at rest", |_| {
        std::thread::sleep(Duration::from_millis(50));
        before == std::mem::replace(&mut before, wakes())
    });
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(wakes(), before, "no wake-ups while it is paused");
    lab.stop();
    assert_eq!(lab.wait_exited(0), (Exit::Code(0), true));
}

#[test]
fn the_rate_is_kept_and_can_be_set() {
    let mut lab = Lab::with_one(Class::Plain, 100.0);
    // Lines within a second or a little more. Other work on the machine can only make them fewer.
    let in_a_second = |lab: &mut Lab| {
        lab.pump();
        let (from, first) = (Mono::now(), lab.last_count(0).unwrap().written);
        lab.until("a second", |_| Mono::now().since(from) > 1_000_000_000);
        let lines = lab.last_count(0).unwrap().written - first;
        lines as f64 / (Mono::now().since(from) as f64 / 1e9)
    };
    lab.wait_written(0, 5);
    let per_second = in_a_second(&mut lab);
    assert!(per_second < 130.0, "{per_second}/s, not 100");
    lab.order(0, WorkerOrder::Rate(2000.0));
    let rate = lab.wait(0, "rate set", |event| match event {
        WorkerEvent::RateSet { rate } => Some(*rate),
        _ => None,
    });
    assert!((rate - 2000.0).abs() < 1e-9);
    lab.wait_written(0, 5);
    let end = Instant::now() + DEADLINE;
    loop {
        let per_second = in_a_second(&mut lab);
        assert!(per_second < 2600.0, "{per_second}/s, not 2000");
        if per_second > 200.0 {
            break;
        }
        assert!(Instant::now() < end, "{per_second}/s, not 2000");
    }
    lab.order(0, WorkerOrder::Rate(f64::NAN));
    assert!(lab.seen.iter().any(|event| matches!(&event.what, What::Notice { text } if text.contains("no rate"))));
}

#[test]
fn orders_reach_a_worker_that_writes_at_full_speed_at_once() {
    let mut lab = Lab::with_one(Class::Plain, 0.0);
    lab.wait_written(0, 100);
    let asked = Mono::now();
    lab.order(0, WorkerOrder::Pause);
    lab.until("paused", |lab| lab.events_of(0).any(|event| matches!(event, WorkerEvent::Paused)));
    let paused = lab.seen.iter().rev().find_map(|event| match event.what {
        What::Worker { event: WorkerEvent::Paused, .. } => Some(event.at.mono),
        _ => None,
    });
    let delay_ns = paused.unwrap().since(asked);
    // 20 ms is the aim; the bound leaves room for a machine that is busy with other tests.
    assert!(delay_ns < 500_000_000, "{delay_ns} ns");
    lab.stop();
}

#[test]
fn counters_survive_a_sigkill_and_the_signal_is_told() {
    for start in START_METHODS {
        let mut lab = Lab::with_one_by(start, Class::Plain, 0.0);
        lab.wait_written(0, 1000);
        lab.order(0, WorkerOrder::Kill(9));
        assert_eq!(lab.wait_exited(0), (Exit::Signal(9), false));
        let (launch, _) = lab.launched(0);
        let count = lab.last_count(0).unwrap();
        let present = seqs(launch, &[&lab.logs().join("a1.log")]).len() as u64;
        assert!(count.returned <= count.written && count.written - count.returned <= 1, "{count:?}");
        // The line during which it was killed may or may not have been written.
        assert!((count.returned..=count.written).contains(&present), "{present} present, {count:?}");
        assert_eq!(lab.supervisor.running(), 0);
    }
}

#[test]
fn a_restart_is_a_new_launch_in_the_same_file() {
    for start in START_METHODS {
        let mut lab = Lab::with_one_by(start, Class::Plain, 500.0);
        lab.wait_written(0, 20);
        lab.order(0, WorkerOrder::Restart);
        assert_eq!(lab.supervisor.running(), 1, "a running worker is not started twice");
        let (first, _) = lab.launched(0);
        lab.order(0, WorkerOrder::Kill(15));
        assert_eq!(lab.wait_exited(0), (Exit::Signal(15), false));
        lab.until("finished", |lab| lab.supervisor.running() == 0);
        lab.order(0, WorkerOrder::Restart);
        let (second, _) = lab.launched(0);
        assert_ne!(first, second);
        lab.wait(0, "started", |event| matches!(event, WorkerEvent::Started { .. }).then_some(()));
        lab.wait(0, "twenty lines", |event| match event {
            WorkerEvent::Counted { launch, counts } if *launch == second && counts[0].written >= 20 => Some(()),
            _ => None,
        });
        lab.stop();
        let (whole, other) = stamps(&lab.logs().join("a1.log"));
        assert_eq!((whole.len(), other), (2, 0));
        assert_eq!(whole[&second.0][0], 1);
    }
}

#[test]
fn a_stopped_worker_is_seen_and_ends_when_told() {
    for start in START_METHODS {
        let mut lab = Lab::with_one_by(start, Class::Plain, 1000.0);
        lab.wait_written(0, 10);
        lab.order(0, WorkerOrder::Freeze);
        lab.wait(0, "stopped", |event| matches!(event, WorkerEvent::Stopped).then_some(()));
        lab.order(0, WorkerOrder::Thaw);
        lab.wait(0, "continued", |event| matches!(event, WorkerEvent::Continued).then_some(()));
        lab.wait_written(0, 10);
        let (_, pid) = lab.launched(0);
        platform::signal_process(pid, ProcessSignal::Stop).unwrap();
        lab.wait(0, "stopped from outside", |event| matches!(event, WorkerEvent::Stopped).then_some(()));
        lab.stop();
        assert_eq!(lab.wait_exited(0), (Exit::Code(0), true));
    }
}

#[test]
fn orders_to_a_stopped_worker_never_block() {
    let mut lab = Lab::with_one(Class::Plain, 1000.0);
    lab.wait_written(0, 10);
    lab.order(0, WorkerOrder::Freeze);
    lab.wait(0, "stopped", |event| matches!(event, WorkerEvent::Stopped).then_some(()));
    let before = Instant::now();
    // More than a pipe holds.
    for second in 0..2000 {
        lab.supervisor.set_clock(&clock(&format!("2026-05-09T12:{:02}:{:02}+08:00", second / 60 % 60, second % 60)));
    }
    assert!(before.elapsed() < Duration::from_secs(5));
    lab.order(0, WorkerOrder::Thaw);
    let mut taken = 0;
    lab.until("all orders taken", |lab| {
        taken = lab.events_of(0).filter(|event| matches!(event, WorkerEvent::ClockSet)).count();
        taken == 2000
    });
    lab.stop();
}

#[test]
fn no_process_stays_behind_when_the_supervisor_goes() {
    let mut lab = Lab::new(|logs| {
        let plan = |(number, start)| {
            let plan = plan(&format!("web-{number}"), Class::Watched, &logs.join("a1.log"), 0.0);
            WorkerPlan { start, ..plan }
        };
        (1..).zip(START_METHODS).map(plan).collect()
    });
    for worker in 0..3 {
        lab.start(worker, &clock("2026-05-09T12:10:00+08:00"));
    }
    let pids: Vec<u32> = (0..3).map(|worker| lab.launched(worker).1).collect();
    lab.wait_written(0, 10);
    lab.order(1, WorkerOrder::Freeze);
    lab.wait(1, "stopped", |event| matches!(event, WorkerEvent::Stopped).then_some(()));
    let children = || {
        let listed = fs::read_to_string("/proc/thread-self/children").unwrap();
        listed.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()
    };
    let guards: Vec<u32> = children().into_iter().filter(|pid| !pids.contains(pid)).collect();
    assert_eq!(guards.len(), 3, "the guard and two fork servers");
    drop(lab);
    assert!(!pids.iter().chain(&guards).any(|&pid| is_alive(pid)), "all gone");
    assert!(children().is_empty(), "and reaped");
}

#[test]
fn a_program_that_is_not_there_is_a_reason_not_a_panic() {
    let folder = tempfile::tempdir().unwrap();
    let (sender, _events) = crossbeam_channel::bounded(8);
    let plans = vec![plan("web-1", Class::Plain, &folder.path().join("a1.log"), 1.0)];
    let missing = folder.path().join("rotascope");
    let mut supervisor = rotascope::worker::Supervisor::new(plans, missing, sender, folder.path().to_owned());
    let events = supervisor.start(rotascope::event::WorkerId(0), &clock("2026-05-09T12:10:00+08:00"));
    let What::Worker { event: WorkerEvent::StartFailed { reason }, .. } = &events[0].what else {
        panic!("{events:?}");
    };
    assert!(reason.contains("can't be started"), "{reason}");
    assert_eq!(supervisor.running(), 0);
}

#[test]
fn a_killed_guard_is_replaced_at_the_next_start() {
    let mut lab = Lab::new(|logs| {
        (1..=2).map(|number| plan(&format!("web-{number}"), Class::Plain, &logs.join("a1.log"), 50.0)).collect()
    });
    let noon = clock("2026-05-09T12:10:00+08:00");
    lab.start(0, &noon);
    let worker = lab.launched(0).1;
    let guards = |workers: &[u32]| {
        let listed = fs::read_to_string("/proc/thread-self/children").unwrap();
        let pids = listed.split_whitespace().map(|pid| pid.parse::<u32>().unwrap());
        pids.filter(|pid| !workers.contains(pid) && is_alive(*pid)).collect::<Vec<_>>()
    };
    let first = guards(&[worker]);
    assert_eq!(first.len(), 1);
    platform::signal_process(first[0], ProcessSignal::Kill).unwrap();
    lab.until("the guard is dead", |_| !is_alive(first[0]));
    lab.start(1, &noon);
    let second = guards(&[worker, lab.launched(1).1]);
    assert_eq!(second.len(), 1, "a new guard");
    assert_ne!(first, second);
    lab.wait_written(0, 5);
    lab.stop();
}

#[test]
fn a_parent_that_takes_no_events_holds_up_no_worker() {
    let mut lab = Lab::with_one(Class::Plain, 0.0);
    lab.wait_written(0, 100);
    let written = |lab: &mut Lab| {
        // Only the counters are read; the channel is left to fill up.
        let events = lab.supervisor.sample();
        lab.seen.extend(events);
        lab.last_count(0).unwrap().written
    };
    let noon = clock("2026-05-09T12:10:00+08:00");
    let end = Instant::now() + DEADLINE;
    let dropped = |event: &Event| matches!(&event.what, What::Notice { text } if text.contains("dropped"));
    while !lab.seen.iter().any(dropped) {
        assert!(Instant::now() < end, "more reports than fit anywhere");
        for _ in 0..100 {
            lab.supervisor.set_clock(&noon);
        }
        written(&mut lab);
    }
    let before = written(&mut lab);
    while written(&mut lab) < before + 1000 {
        assert!(Instant::now() < end, "it goes on writing");
        std::thread::sleep(Duration::from_millis(5));
    }
    let ending = Instant::now();
    drop(lab);
    assert!(ending.elapsed() < Duration::from_secs(3), "{:?}", ending.elapsed());
}
