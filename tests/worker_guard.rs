//! No worker outlives its parent, however that ends.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod worker_common;

use std::fs;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rotascope::command::WorkerOrder;
use rotascope::event::WorkerEvent;
use rotascope::handler::Class;
use rotascope::worker::{START_METHODS, WorkerPlan};
use worker_common::{DEADLINE, Lab, clock, is_alive, plan};

/// Four by each start method.
const WORKERS: u32 = 12;

/// Not a test: the parent that [`nothing_outlives_a_killed_parent`] kills. It has workers of every kind of mind: one
/// that writes as fast as it can, one paced, one paused, one stopped; and that by each start method.
#[test]
fn helper_parent() {
    let Some(told) = std::env::var_os("ROTASCOPE_TEST_PIDS") else { return };
    let mut lab = Lab::new(|logs| {
        (0..WORKERS)
            .map(|number| {
                let rate = if number % 4 == 0 { 0.0 } else { 50.0 };
                let plan = plan(&format!("web-{number}"), Class::Daily, logs, rate);
                WorkerPlan { start: START_METHODS[number as usize / 4], ..plan }
            })
            .collect()
    });
    for worker in 0..WORKERS {
        lab.start(worker, &clock("2026-05-09T12:10:00+08:00"));
    }
    for (paused, stopped) in (2..WORKERS).step_by(4).zip((3..WORKERS).step_by(4)) {
        lab.order(paused, WorkerOrder::Pause);
        lab.until("paused", |lab| lab.events_of(paused).any(|event| matches!(event, WorkerEvent::Paused)));
        lab.order(stopped, WorkerOrder::Freeze);
        lab.until("stopped", |lab| lab.events_of(stopped).any(|event| matches!(event, WorkerEvent::Stopped)));
    }
    let pids: Vec<String> = (0..WORKERS).map(|worker| lab.launched(worker).1.to_string()).collect();
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
    // Orphans come to this process. Otherwise the system itself would end the stopped ones: their group would have no
    // parent in this login session any more, and gets a SIGHUP for that. Desktop sessions often have such a parent.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
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
    assert_eq!(pids.len() as u32, WORKERS);
    assert!(pids.iter().all(|&pid| is_alive(pid)));
    let children = children_of(parent.id());
    assert_eq!(children.len(), 4 + 2 + 1, "the spawned workers, two fork servers and the guard");
    pids.extend(children);

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
