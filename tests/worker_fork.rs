//! Workers that are forked: their servers, what they inherit, and that they end with whom they depend on.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

mod worker_common;

use std::fs;
use std::path::Path;

use rotascope::command::WorkerOrder;
use rotascope::event::{Exit, OpenReason, WorkerEvent};
use rotascope::handler::Class;
use rotascope::platform::{self, ProcessSignal};
use rotascope::worker::{StartMethod, WorkerPlan};
use worker_common::{Lab, clock, id_of, is_alive, parent_of, plan, seqs};

const FORKING: [StartMethod; 2] = [StartMethod::Forkserver, StartMethod::Fork];
const NOON: &str = "2026-05-09T12:10:00+08:00";

/// So many workers of one group on `a1.log`; none is started.
fn group(start: StartMethod, inherit_file: bool, workers: u32) -> Lab {
    Lab::new(|logs| {
        let one = |number| {
            let plan = plan(&format!("web-{number}"), Class::Plain, &logs.join("a1.log"), 500.0);
            WorkerPlan { start, inherit_file, ..plan }
        };
        (1..=workers).map(one).collect()
    })
}

#[test]
fn workers_of_a_group_have_one_parent_with_a_single_thread() {
    for start in FORKING {
        let mut lab = group(start, false, 3);
        for worker in 0..3 {
            lab.start(worker, &clock(NOON));
        }
        let pids = [0, 1, 2].map(|worker| lab.launched(worker).1);
        for worker in 0..3 {
            lab.wait_written(worker, 5);
        }
        let server = parent_of(pids[0]);
        assert!(pids.iter().all(|&pid| parent_of(pid) == server), "{start:?}");
        assert_ne!(server, std::process::id(), "the program itself is never forked");
        assert_eq!(fs::read_dir(format!("/proc/{server}/task")).unwrap().count(), 1);
        // What the server holds open must not stay open in a worker: nobody could see the server's end.
        for pid in pids {
            let sockets = fs::read_dir(format!("/proc/{pid}/fd")).unwrap();
            let links = sockets.filter_map(|entry| fs::read_link(entry.unwrap().path()).ok());
            assert_eq!(links.filter(|link| link.to_string_lossy().starts_with("socket:")).count(), 0, "{start:?}");
        }
        lab.stop();
        for worker in 0..3 {
            // They end in any order.
            lab.from = 0;
            assert_eq!(lab.wait_exited(worker), (Exit::Code(0), true));
            let (launch, _) = lab.launched(worker);
            let written = lab.written(worker);
            assert_eq!(seqs(launch, &[&lab.logs().join("a1.log")]), (1..=written).collect::<Vec<_>>());
        }
        drop(lab);
        assert!(!is_alive(server), "it goes with the supervisor");
    }
}

#[test]
fn a_killed_server_takes_its_workers_along_and_the_next_start_makes_a_new_one() {
    for start in FORKING {
        let mut lab = group(start, false, 2);
        for worker in 0..2 {
            lab.start(worker, &clock(NOON));
            lab.wait_written(worker, 5);
        }
        lab.order(1, WorkerOrder::Freeze);
        lab.wait(1, "stopped", |event| matches!(event, WorkerEvent::Stopped).then_some(()));
        let pids = [0, 1].map(|worker| lab.launched(worker).1);
        let server = parent_of(pids[0]);
        platform::signal_process(server, ProcessSignal::Kill).unwrap();
        for worker in 0..2 {
            let from = lab.from;
            assert_eq!(lab.wait_exited(worker), (Exit::Signal(9), false), "{start:?}");
            lab.from = from;
        }
        lab.until("both are out", |lab| lab.supervisor.running() == 0);
        assert!(!pids.iter().any(|&pid| is_alive(pid)), "the stopped one too");
        lab.order(0, WorkerOrder::Restart);
        lab.wait(0, "started", |event| matches!(event, WorkerEvent::Started { .. }).then_some(()));
        let next = parent_of(lab.launched(0).1);
        assert_ne!(next, server);
        lab.wait_written(0, 5);
        lab.stop();
    }
}

#[test]
fn a_stopped_server_is_said_to_be_one_and_serves_again_when_it_goes_on() {
    let mut lab = group(StartMethod::Forkserver, false, 2);
    lab.start(0, &clock(NOON));
    lab.wait_written(0, 5);
    let server = parent_of(lab.launched(0).1);
    platform::signal_process(server, ProcessSignal::Stop).unwrap();
    lab.start(1, &clock(NOON));
    let reason = lab.wait(1, "start failed", |event| match event {
        WorkerEvent::StartFailed { reason } => Some(reason.clone()),
        _ => None,
    });
    assert!(reason.contains("did not answer"), "{reason}");
    platform::signal_process(server, ProcessSignal::Continue).unwrap();
    lab.from = 0;
    lab.start(1, &clock(NOON));
    lab.wait(1, "started", |event| matches!(event, WorkerEvent::Started { .. }).then_some(()));
    assert_eq!(parent_of(lab.launched(1).1), server);
    lab.wait_written(1, 5);
    lab.stop();
    // The fork that came too late ended by itself, and nobody keeps its process id.
    let children = || fs::read_to_string(format!("/proc/{server}/task/{server}/children")).unwrap();
    lab.until("no child is left", |_| children().is_empty());
}

#[test]
fn forked_workers_can_share_one_open_file() {
    let mut lab = group(StartMethod::Fork, true, 2);
    let path = lab.logs().join("a1.log");
    lab.start(0, &clock(NOON));
    let (file_id, opened, previous, reason) = lab.wait_opened(0);
    assert_eq!((file_id, &opened, previous, reason), (id_of(&path), &path, None, OpenReason::First));
    lab.wait_written(0, 5);
    let moved = path.with_extension("1");
    fs::rename(&path, &moved).unwrap();
    lab.start(1, &clock(NOON));
    let (inherited, ..) = lab.wait_opened(1);
    assert_eq!(inherited, file_id, "it was opened before the rename");
    assert!(!path.exists());
    for worker in 0..2 {
        lab.wait_written(worker, 5);
        lab.order(worker, WorkerOrder::Pause);
        let from = lab.from;
        lab.wait(worker, "paused", |event| matches!(event, WorkerEvent::Paused).then_some(()));
        lab.from = from;
    }
    let size = fs::metadata(&moved).unwrap().len();
    for worker in 0..2 {
        let pid = lab.launched(worker).1;
        assert_eq!(position(pid, &moved), size, "one description, one position");
    }
    lab.stop();
    let all: Vec<u64> = (0..2).map(|worker| lab.written(worker)).collect();
    for (worker, written) in (0..2).zip(all) {
        assert_eq!(seqs(lab.launched(worker).0, &[&moved]), (1..=written).collect::<Vec<_>>());
    }
}

/// The position of the descriptor by which a process holds this file.
fn position(pid: u32, file: &Path) -> u64 {
    let descriptors = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().map(|entry| entry.unwrap());
    let held = descriptors.into_iter().find(|entry| fs::read_link(entry.path()).is_ok_and(|link| link == file));
    let number = held.unwrap().file_name().into_string().unwrap();
    let info = fs::read_to_string(format!("/proc/{pid}/fdinfo/{number}")).unwrap();
    info.lines().find_map(|line| line.strip_prefix("pos:")).unwrap().trim().parse().unwrap()
}

#[test]
fn a_run_after_all_were_stopped_opens_its_file_anew() {
    let mut lab = group(StartMethod::Fork, true, 1);
    let path = lab.logs().join("a1.log");
    lab.start(0, &clock(NOON));
    lab.wait_written(0, 5);
    lab.stop();
    fs::remove_file(&path).unwrap();
    lab.from = lab.seen.len();
    lab.start(0, &clock(NOON));
    let (file_id, ..) = lab.wait_opened(0);
    assert_eq!(file_id, id_of(&path));
    lab.stop();
}

#[test]
fn a_file_that_the_parent_cannot_open_is_the_reason() {
    let mut lab = group(StartMethod::Fork, true, 1);
    fs::remove_dir(lab.logs()).unwrap();
    lab.start(0, &clock(NOON));
    let reason = lab.wait(0, "start failed", |event| match event {
        WorkerEvent::StartFailed { reason } => Some(reason.clone()),
        _ => None,
    });
    assert!(reason.contains("No such file") && reason.contains(&*lab.logs().to_string_lossy()), "{reason}");
    assert_eq!(lab.supervisor.running(), 0);
    fs::create_dir(lab.logs()).unwrap();
    lab.start(0, &clock(NOON));
    lab.wait_written(0, 5);
    lab.stop();
}
