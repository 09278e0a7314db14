//! No worker outlives its parent, however that ends.
#![allow(clippy::unwrap_used)]

mod worker_common;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rotascope::command::WorkerOrder;
use rotascope::event::{What, WorkerEvent};
use rotascope::handler::Class;
use rotascope::platform::{self, ProcessSignal};
use worker_common::{DEADLINE, Lab, clock, is_alive, plan};

/// Not a test: the parent that [`nothing_outlives_a_killed_parent`] kills. It has workers of every kind of mind: one
/// that writes as fast as it can, one paced, one paused, one stopped.
#[test]
fn helper_parent() {
    let Some(told) = std::env::var_os("ROTASCOPE_TEST_PIDS") else { return };
    let mut lab = Lab::new(|logs| {
        (1..=4)
            .map(|number| {
                let rate = if number == 1 { 0.0 } else { 50.0 };
                plan(&format!("web-{number}"), Class::Daily, logs, rate)
            })
            .collect()
    });
    for worker in 0..4 {
        lab.start(worker, &clock("2026-05-09T12:10:00+08:00"));
    }
    lab.order(2, WorkerOrder::Pause);
    lab.wait(2, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
    lab.order(3, WorkerOrder::Freeze);
    lab.until("stopped", |lab| lab.events_of(3).any(|event| matches!(event, WorkerEvent::Stopped)));
    let pids: Vec<String> = (0..4).map(|worker| lab.launched(worker).1.to_string()).collect();
    let text = format!("{} {}", lab.folder.path().display(), pids.join(" "));
    let complete = std::path::PathBuf::from(&told);
    fs::write(complete.with_extension("part"), text).unwrap();
    fs::rename(complete.with_extension("part"), &complete).unwrap();
    let end = Instant::now() + DEADLINE * 2;
    while Instant::now() < end {
        lab.pump();
    }
}

#[test]
fn nothing_outlives_a_killed_parent() {
    let folder = tempfile::tempdir().unwrap();
    let told = folder.path().join("pids");
    let mut parent = Command::new(std::env::current_exe().unwrap())
        .args(["helper_parent", "--exact", "--nocapture"])
        .env("ROTASCOPE_TEST_PIDS", &told)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let end = Instant::now() + DEADLINE;
    let text = loop {
        if let Ok(text) = fs::read_to_string(&told) {
            break text;
        }
        assert!(Instant::now() < end && parent.try_wait().unwrap().is_none(), "the parent never got its workers");
        std::thread::sleep(Duration::from_millis(5));
    };
    let mut words = text.split_whitespace();
    let left_folder = words.next().unwrap();
    let mut pids: Vec<u32> = words.map(|pid| pid.parse().unwrap()).collect();
    assert_eq!(pids.len(), 4);
    assert!(pids.iter().all(|&pid| is_alive(pid)));
    // The guard is the child that is no worker.
    pids = children_of(parent.id());
    assert_eq!(pids.len(), 5, "four workers and the guard");

    parent.kill().unwrap();
    parent.wait().unwrap();
    let killed = Instant::now();
    while pids.iter().any(|&pid| is_alive(pid)) {
        // A second is what is promised; the rest is for a machine that is busy.
        assert!(killed.elapsed() < Duration::from_secs(3), "{pids:?} outlive their parent");
        std::thread::sleep(Duration::from_millis(2));
    }
    println!("all workers and the guard were gone {:?} after their parent", killed.elapsed());
    fs::remove_dir_all(left_folder).unwrap();
}

/// The children of all threads of a process.
fn children_of(pid: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let listed = threads.map(|thread| fs::read_to_string(thread.unwrap().path().join("children")).unwrap_or_default());
    listed.flat_map(|pids| pids.split_whitespace().map(|pid| pid.parse().unwrap()).collect::<Vec<u32>>()).collect()
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
    let dropped =
        |event: &rotascope::event::Event| matches!(&event.what, What::Notice { text } if text.contains("dropped"));
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
