//! `rotascope follow` against `tail -F`, both as whole programs in one run: the way of a line from write(2) to the
//! pipe behind the follower, a file that grows as fast as it can be written, what rest and little work cost, and a
//! thousand files. Linux, with GNU tail.
//!
//! `cargo bench --no-default-features --bench follow_tail [-- --only latency|throughput|idle|slow|many]`
#![allow(clippy::unwrap_used)]

#[path = "runs.rs"]
mod runs;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Write};
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use runs::argument;

const LINE: &[u8] = b"INFO 2026-05-10 00:00:03,948 web 4121 1 the quick brown fox jumps over the lazy dog\n";
const ROUNDS: usize = 10;
const LINES_PER_ROUND: u64 = 100;
const GROWS_BY: u64 = 1 << 30;
const WATCHED_FOR: Duration = Duration::from_secs(20);
const FILES: usize = 1_000;

#[derive(Clone, Copy, PartialEq)]
enum Tool {
    Ours,
    Tail,
}

impl Tool {
    const BOTH: [Tool; 2] = [Tool::Ours, Tool::Tail];

    fn name(self) -> &'static str {
        match self {
            Tool::Ours => "rotascope follow",
            Tool::Tail => "tail -F",
        }
    }

    /// Follows from the end, and is ready when a line that is appended comes out.
    fn follow(self, paths: &[PathBuf]) -> Following {
        let mut command = match self {
            Tool::Ours => Command::new(env!("CARGO_BIN_EXE_rotascope")),
            Tool::Tail => Command::new("tail"),
        };
        match self {
            Tool::Ours => command.args(["follow", "--from", "end"]),
            Tool::Tail => command.args(["-q", "-n", "0", "-F"]),
        };
        command.args(paths).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let output = child.stdout.take().unwrap();
        let mut following = Following { child, output };
        // Until it follows it may pass over what is written: it is asked with a line after the other.
        let (path, last) = (&paths[0], &paths[paths.len() - 1]);
        rustix::io::ioctl_fionbio(&following.output, true).unwrap();
        let mut seen = 0;
        while seen == 0 {
            append(path, LINE);
            thread::sleep(Duration::from_millis(100));
            seen = following.drain();
        }
        append(last, LINE);
        while following.drain() > 0 || seen == 0 {
            thread::sleep(Duration::from_millis(200));
            seen = 1;
        }
        rustix::io::ioctl_fionbio(&following.output, false).unwrap();
        following
    }
}

struct Following {
    child: Child,
    output: ChildStdout,
}

impl Following {
    /// What has come, without waiting; the pipe must not block.
    fn drain(&mut self) -> usize {
        let mut buffer = vec![0; 1 << 16];
        let mut bytes = 0;
        while let Ok(more @ 1..) = self.output.read(&mut buffer) {
            bytes += more;
        }
        bytes
    }

    /// Waits for so many bytes.
    fn take(&mut self, bytes: u64) {
        let mut buffer = vec![0; 1 << 16];
        let mut left = bytes;
        while left > 0 {
            let most = left.min(buffer.len() as u64) as usize;
            let read = self.output.read(&mut buffer[..most]).unwrap();
            assert!(read > 0, "the follower has ended");
            left -= read as u64;
        }
    }

    /// Processor time of all threads, in nanoseconds, and how often one of them began to wait.
    fn cost(&self) -> Cost {
        let mut cost = Cost::default();
        for task in fs::read_dir(format!("/proc/{}/task", self.child.id())).unwrap() {
            let task = task.unwrap().path();
            let schedule = fs::read_to_string(task.join("schedstat")).unwrap_or_default();
            cost.cpu_ns += schedule.split(' ').next().and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
            let status = fs::read_to_string(task.join("status")).unwrap_or_default();
            cost.waits += number_after(&status, "voluntary_ctxt_switches:");
        }
        cost
    }

    fn resident_kib(&self) -> u64 {
        number_after(&fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap(), "VmRSS:")
    }

    fn descriptors(&self) -> usize {
        fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap().count()
    }
}

impl Drop for Following {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[derive(Clone, Copy, Default)]
struct Cost {
    cpu_ns: u64,
    waits: u64,
}

impl Cost {
    fn since(self, before: Cost) -> Cost {
        Cost { cpu_ns: self.cpu_ns - before.cpu_ns, waits: self.waits - before.waits }
    }
}

fn number_after(text: &str, key: &str) -> u64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn append(path: &Path, bytes: &[u8]) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes).unwrap();
}

/// What is measured, and how, in a folder of its own.
type Part = (&'static str, fn(&Path));

fn main() {
    let only = argument("--only");
    let parts: [Part; 5] =
        [("latency", latency), ("throughput", throughput), ("idle", idle), ("slow", slow), ("many", many)];
    for (name, part) in parts {
        if only.as_deref().is_none_or(|only| only == name) {
            let folder = tempfile::tempdir().unwrap();
            part(folder.path());
        }
    }
}

/// A line at a time, after a pause.
fn latency(folder: &Path) {
    let mut took = Tool::BOTH.map(|_| Vec::new());
    for round in 0..ROUNDS {
        for (tool, took) in Tool::BOTH.into_iter().zip(&mut took) {
            let path = folder.join(format!("{round}.log"));
            append(&path, LINE);
            let mut following = tool.follow(std::slice::from_ref(&path));
            let mut file = OpenOptions::new().append(true).open(&path).unwrap();
            for number in 0..LINES_PER_ROUND {
                thread::sleep(Duration::from_micros(4_000 + number * 37 % 3000));
                let begun = Instant::now();
                file.write_all(LINE).unwrap();
                following.take(LINE.len() as u64);
                took.push(begun.elapsed());
            }
        }
    }
    println!("from write(2) to the pipe, {} lines each", ROUNDS as u64 * LINES_PER_ROUND);
    let quantiles = took.map(|mut took| {
        took.sort();
        [0.5, 0.99].map(|share| took[((took.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6)
    });
    for (tool, [median, high]) in Tool::BOTH.iter().zip(quantiles) {
        println!("{:<18} median {median:>7.0} us   99 % {high:>7.0} us", tool.name());
    }
    let ratio = |index: usize| quantiles[0][index] / quantiles[1][index];
    println!("{:<18} median {:>7.2}      99 % {:>7.2}\n", "ratio", ratio(0), ratio(1));
}

/// A file that grows as fast as another thread can write it.
fn throughput(folder: &Path) {
    let block = LINE.repeat((1 << 16) / LINE.len() + 1);
    let blocks = GROWS_BY / block.len() as u64;
    let mut best = Tool::BOTH.map(|_| Duration::MAX);
    for _ in 0..3 {
        for (tool, best) in Tool::BOTH.into_iter().zip(&mut best) {
            let path = folder.join("grows.log");
            append(&path, LINE);
            let mut following = tool.follow(std::slice::from_ref(&path));
            let begun = Instant::now();
            thread::scope(|scope| {
                scope.spawn(|| {
                    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
                    (0..blocks).for_each(|_| file.write_all(&block).unwrap());
                });
                following.take(blocks * block.len() as u64);
            });
            *best = (*best).min(begun.elapsed());
            drop(following);
            fs::remove_file(&path).unwrap();
        }
    }
    println!("a file that grows by {} MiB at once, best of 3", GROWS_BY >> 20);
    for (tool, best) in Tool::BOTH.iter().zip(best) {
        println!("{:<18} {:>7.0} MiB/s", tool.name(), (GROWS_BY >> 20) as f64 / best.as_secs_f64());
    }
    println!("{:<18} {:>7.2} of the speed of tail\n", "ratio", best[1].as_secs_f64() / best[0].as_secs_f64());
}

/// Nothing is written.
fn idle(folder: &Path) {
    let path = folder.join("still.log");
    append(&path, LINE);
    println!("nothing is written for {WATCHED_FOR:?}");
    compare_cost(&path, || thread::sleep(WATCHED_FOR));
}

/// A hundred lines a second, at the end of a file of a gigabyte.
fn slow(folder: &Path) {
    let path = folder.join("large.log");
    let mut file = BufWriter::with_capacity(1 << 20, File::create(&path).unwrap());
    (0..1_000_000_000 / LINE.len()).for_each(|_| file.write_all(LINE).unwrap());
    let mut file = file.into_inner().unwrap();
    println!("100 lines a second at the end of a file of 1 GB, for {WATCHED_FOR:?}");
    compare_cost(&path, || {
        let begun = Instant::now();
        for number in 1..=100 * WATCHED_FOR.as_secs() {
            file.write_all(LINE).unwrap();
            thread::sleep((begun + Duration::from_millis(10 * number)).saturating_duration_since(Instant::now()));
        }
    });
}

/// What both cost while the same thing happens to a file, at the same time.
fn compare_cost(path: &Path, happens: impl FnOnce()) {
    let both = Tool::BOTH.map(|tool| tool.follow(&[path.to_owned()]));
    thread::sleep(Duration::from_secs(2));
    for following in &both {
        let mut output = File::from(following.output.as_fd().try_clone_to_owned().unwrap());
        thread::spawn(move || io::copy(&mut output, &mut io::sink()));
    }
    let before = both.each_ref().map(Following::cost);
    happens();
    let cost: Vec<Cost> = both.iter().zip(before).map(|(following, before)| following.cost().since(before)).collect();
    let seconds = WATCHED_FOR.as_secs_f64();
    for (tool, cost) in Tool::BOTH.iter().zip(&cost) {
        let (cpu_ms, waits) = (cost.cpu_ns as f64 / 1e6, cost.waits as f64 / seconds);
        println!("{:<18} {cpu_ms:>8.2} ms of processor time, {waits:>7.2} waits a second", tool.name());
    }
    println!("{:<18} {:>8.2}\n", "ratio", cost[0].cpu_ns as f64 / cost[1].cpu_ns.max(1) as f64);
}

/// A thousand files, each of which gets a line now and then.
fn many(folder: &Path) {
    let paths: Vec<PathBuf> = (0..FILES).map(|number| folder.join(format!("{number}.log"))).collect();
    paths.iter().for_each(|path| append(path, LINE));
    println!("{FILES} files, after each got ten lines");
    for tool in Tool::BOTH {
        let mut following = tool.follow(&paths);
        for _ in 0..10 {
            paths.iter().for_each(|path| append(path, LINE));
            following.take((FILES * LINE.len()) as u64);
        }
        let (mib, open) = (following.resident_kib() as f64 / 1024.0, following.descriptors());
        println!("{:<18} {mib:>7.1} MiB resident, {open} descriptors", tool.name());
    }
}
