//! How long a worker takes from the decision to start it to its first message, by each start method: medians of one
//! run, and their ratios. Linux only.
//!
//! `cargo bench --no-default-features --bench starts`
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use crossbeam_channel::{Receiver, bounded};
use rotascope::clock::ClockSetting;
use rotascope::event::{Event, What, WorkerEvent, WorkerId};
use rotascope::handler::{Class, HandlerSetup};
use rotascope::record::LineFormat;
use rotascope::worker::{START_METHODS, StartMethod, Supervisor, Work, WorkerPlan};

/// Starts by each method, after one that does not count: it may have to start the server first.
const STARTS: usize = 60;

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let plans = START_METHODS.map(|start| WorkerPlan {
        name: start.name().to_owned(),
        module: "app".to_owned(),
        logger: "error".to_owned(),
        handler: HandlerSetup::new(Class::Plain, folder.path().join("a1.log")),
        format: LineFormat::DEFAULT.to_owned(),
        message: "6666666666".to_owned(),
        rate: 1.0,
        levels: Vec::new(),
        start,
        inherit_file: false,
        threads: 1,
        tasks: 1,
        work: Work::None,
    });
    let (sender, events) = bounded(1024);
    let program = env!("CARGO_BIN_EXE_rotascope").into();
    let mut supervisor = Supervisor::new(plans.to_vec(), program, sender, folder.path().to_owned());
    let mut times = [const { Vec::new() }; START_METHODS.len()];
    for round in 0..=STARTS {
        // One after the other in each round, so that whatever else the machine does falls on all of them.
        for (worker, times) in (0..).zip(&mut times) {
            let start_ns = start(&mut supervisor, &events, WorkerId(worker));
            if round > 0 {
                times.push(start_ns);
            }
        }
    }
    let medians = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2] as f64 / 1e6
    });
    println!("median of {STARTS} starts, from the decision to the first message");
    for (method, median) in START_METHODS.iter().zip(medians) {
        println!(
            "{:<11} {median:>7.3} ms   {:.2} of {}",
            method.name(),
            median / medians[0],
            StartMethod::Spawn.name()
        );
    }
}

/// Starts a worker, and ends it again; its start time in nanoseconds.
fn start(supervisor: &mut Supervisor, events: &Receiver<Event>, worker: WorkerId) -> u64 {
    let launched = supervisor.start(worker, &ClockSetting::wall());
    assert!(matches!(launched[0].what, What::Worker { event: WorkerEvent::Launched { .. }, .. }), "{launched:?}");
    let started = events.iter().find_map(|event| match event.what {
        What::Worker { event: WorkerEvent::Started { start_ns }, .. } => Some(start_ns),
        _ => None,
    });
    drop(supervisor.order(worker, rotascope::command::WorkerOrder::Stop));
    while supervisor.running() > 0 {
        let _ = events.recv_timeout(Duration::from_millis(1));
    }
    started.unwrap()
}
