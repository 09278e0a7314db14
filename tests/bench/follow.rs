//! How long the follower takes to index a big file of another program, and a lab's file with stamps.
//!
//! `cargo bench --no-default-features --bench follow [-- BYTES]`; the default is 1,000,000,000 bytes, as in the
//! figures of other viewers.
#![allow(clippy::unwrap_used)]

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use rotascope::command::FileOrder;
use rotascope::event::{FollowEvent, LaunchId, What};
use rotascope::follow::{FollowOptions, FollowOrder, Follower, Operated, Operator, Target};
use rotascope::record::{Stamp, write_stamp};

struct Idle;

impl Operator for Idle {
    fn operate(&mut self, _: &FileOrder, _: Option<&File>) -> Result<Operated, String> {
        Err("not here".to_owned())
    }
}

fn main() {
    let bytes = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(1_000_000_000);
    let dir = tempfile::tempdir().unwrap();
    let plain = dir.path().join("plain.log");
    write_file(&plain, bytes, false);
    report("another program's file", &plain, false);
    fs::remove_file(&plain).unwrap();
    let stamped = dir.path().join("stamped.log");
    write_file(&stamped, bytes / 4, true);
    report("a lab's file (a quarter of the size)", &stamped, true);
    report("the same, without looking at stamps", &stamped, false);
}

fn write_file(path: &Path, bytes: u64, stamps: bool) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let (mut written, mut seq) = (0, 0);
    let mut line = Vec::new();
    while written < bytes {
        seq += 1;
        line.clear();
        write!(line, "INFO 2026-11-23 05:21:{:02},{:03} app 4711 140213 ", seq / 1000 % 60, seq % 1000).unwrap();
        write!(line, "request {seq} took {} ms for user {}", seq * 7 % 997, seq * 31 % 10_007).unwrap();
        if stamps {
            write_stamp(&mut line, &Stamp { launch: LaunchId(1), worker: "w-1", thread: 1, task: 1, seq });
        }
        line.push(b'\n');
        written += line.len() as u64;
        file.write_all(&line).unwrap();
    }
    file.flush().unwrap();
}

fn report(what: &str, path: &Path, stamps: bool) {
    let times: Vec<(Duration, u64)> = (0..3).map(|_| index(path, stamps)).collect();
    let best = times.iter().map(|(time, _)| *time).min().unwrap_or_default();
    let size = fs::metadata(path).unwrap().len();
    println!(
        "{what}: {} lines, {size} bytes in {:.3} s, {:.0} MB/s; resident {}",
        times[0].1,
        best.as_secs_f64(),
        size as f64 / 1e6 / best.as_secs_f64(),
        resident()
    );
}

fn index(path: &Path, stamps: bool) -> (Duration, u64) {
    let begun = Instant::now();
    let (sender, events) = bounded(64);
    let options = FollowOptions { targets: vec![Target::Path(path.to_owned())], stamps };
    let follower = Follower::start(options, sender, Box::new(Idle)).unwrap();
    follower.send(FollowOrder::CatchUp(1));
    let mut lines = 0;
    loop {
        match events.recv().unwrap().what {
            What::Follow(FollowEvent::Read(batch)) => lines += batch.lines,
            What::Follow(FollowEvent::CaughtUp { .. }) => return (begun.elapsed(), lines),
            _ => {}
        }
    }
}

fn resident() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.map_or_else(|| "unknown".to_owned(), |line| line.trim().to_owned())
}
