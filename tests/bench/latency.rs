//! From write(2) of a line to that line in the model: one line at a time, through a followed folder.
//!
//! `cargo bench --no-default-features --bench latency`
#![allow(clippy::unwrap_used)]

use std::fs::File;
use std::io::Write;
use std::time::{Duration, Instant};

use rotascope::engine::{Engine, EngineConfig, Session};

const LINES: u64 = 400;
const PAUSE: Duration = Duration::from_millis(7);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.log");
    let mut file = File::create(&path).unwrap();
    let (woken, wakes) = crossbeam_channel::unbounded();
    let config = EngineConfig {
        program: std::env::current_exe().unwrap(),
        waker: Box::new(move || {
            let _ = woken.send(());
        }),
    };
    let engine = Engine::open(Session::Watch { paths: vec![folder.path().to_owned()] }, config).unwrap();
    wait_for(&engine, &wakes, 0);
    let mut took: Vec<Duration> = (1..=LINES)
        .map(|number| {
            // Other lengths than a divisor of the follower's own rhythm, so that no phase is always met.
            std::thread::sleep(PAUSE + Duration::from_micros(number * 37 % 3000));
            let begun = Instant::now();
            file.write_all(b"INFO 2026-05-10 00:00:03,948 web 4121 1 6666666666\n").unwrap();
            wait_for(&engine, &wakes, number);
            begun.elapsed()
        })
        .collect();
    took.sort();
    let at = |share: f64| took[((took.len() - 1) as f64 * share) as usize];
    println!(
        "write to model, {LINES} lines: median {:.2} ms, 99 % {:.2} ms, worst {:.2} ms",
        at(0.5).as_secs_f64() * 1e3,
        at(0.99).as_secs_f64() * 1e3,
        at(1.0).as_secs_f64() * 1e3
    );
}

/// Sleeps until the model has taken in so many lines.
fn wait_for(engine: &Engine, wakes: &crossbeam_channel::Receiver<()>, lines: u64) {
    loop {
        engine.seen();
        if engine.model().incarnations().first().is_some_and(|one| one.lines >= lines) {
            return;
        }
        wakes.recv_timeout(Duration::from_secs(10)).expect("the line arrives within ten seconds");
    }
}
