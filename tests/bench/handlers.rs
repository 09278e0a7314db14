//! How fast real workers write without a rate, against bare loops of the same system calls: ratios, in one run.
//! Lines are counted per second of processor time, so that other work on the machine falls out as far as it can.
//! Linux only.
//!
//! `cargo bench --no-default-features --bench handlers`
#![allow(clippy::unwrap_used)]

use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use rotascope::clock::{ClockMode, ClockSetting, Mono, SessionClock};
use rotascope::event::{Event, LaunchId, What, WorkerEvent, WorkerId};
use rotascope::handler::{Class, HandlerSetup};
use rotascope::record::{Level, LineFormat, Record, Stamp, level_of, parse_stamp, write_stamp};
use rotascope::worker::{StartMethod, Supervisor, Work, WorkerPlan};

const ROUNDS: usize = 8;
const ROUND: Duration = Duration::from_millis(400);

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let line = sample_line(folder.path());
    println!("lines of {} bytes, one process, best of {ROUNDS} rounds of {ROUND:?}", line.len());
    let mut rates = [const { Vec::new() }; 7];
    for _ in 0..ROUNDS {
        // One after the other in each round, so that whatever else the machine does falls on all of them.
        rates[0].push(bare(folder.path(), &line, Look::None));
        rates[1].push(worker(folder.path(), Class::Plain));
        rates[2].push(bare(folder.path(), &line, Look::Stat));
        rates[3].push(worker(folder.path(), Class::Watched));
        rates[4].push(worker(folder.path(), Class::Daily));
        rates[5].push(bare(folder.path(), &line, Look::LockAndStat));
        rates[6].push(worker(folder.path(), Class::Locked));
    }
    let [clock, format, stamp] = parts();
    println!("before the system calls: clock {clock:.0} ns, format {format:.0} ns, stamp {stamp:.0} ns");
    let whole = line.trim_ascii_end();
    let judge = each_ns(|| parse_stamp(black_box(whole)));
    let level = each_ns(|| level_of(black_box(whole)));
    let access =
        b"192.0.2.1 - - [10/May/2026:00:00:03 +0800] \"GET /a/page/of/it HTTP/1.1\" 200 5120 \"-\" \"Mozilla/5.0\"";
    let none = each_ns(|| level_of(black_box(access)));
    println!(
        "reading a line: stamp {judge:.0} ns, level {level:.0} ns, no level in {} bytes {none:.0} ns",
        access.len()
    );
    let [write, plain, stat_write, watched, daily, lock_stat_write, locked] = rates.map(best);
    println!("bare write             {write:>10.0} lines/s");
    println!("plain                  {plain:>10.0} lines/s   {:.2} of it", plain / write);
    println!("bare stat and write    {stat_write:>10.0} lines/s");
    println!("watched                {watched:>10.0} lines/s   {:.2} of it", watched / stat_write);
    println!("daily                  {daily:>10.0} lines/s   {:.2} of it", daily / stat_write);
    println!("bare lock, stat, write {lock_stat_write:>10.0} lines/s   {:.2} of a bare write", lock_stat_write / write);
    println!("locked                 {locked:>10.0} lines/s   {:.2} of it", locked / lock_stat_write);
}

/// What a bare loop does besides writing.
#[derive(Clone, Copy, PartialEq)]
enum Look {
    None,
    Stat,
    LockAndStat,
}

/// What a line costs before the system calls: clock, format and stamp, in nanoseconds each.
fn parts() -> [f64; 3] {
    let noon = chrono::DateTime::parse_from_rfc3339("2026-05-09T12:00:00+08:00").unwrap();
    let mode = ClockMode::Simulated { anchor: Some(Mono::now()), start: noon, rate: 1.0 };
    let clock = SessionClock::new(ClockSetting { mode, zone: Some("Asia/Shanghai".to_owned()) });
    let format = LineFormat::parse(LineFormat::DEFAULT).unwrap();
    let mut line = Vec::new();
    let record = Record {
        level: Level::Info,
        time: clock.now(),
        module: "app",
        name: "error",
        process: 4711,
        thread: 1,
        task: 1,
        seq: 123_456,
        message: "6666666666",
    };
    let now = each_ns(|| clock.now());
    let format = each_ns(|| {
        line.clear();
        format.write(&mut line, black_box(&record));
    });
    let body = line.clone();
    let stamp = Stamp { launch: LaunchId(7), worker: "web-1", thread: 1, task: 1, seq: 123_456 };
    let stamp = each_ns(|| {
        line.clear();
        line.extend_from_slice(black_box(&body));
        write_stamp(&mut line, &stamp);
    });
    [now, format, stamp]
}

fn each_ns<T>(mut act: impl FnMut() -> T) -> f64 {
    const TIMES: u32 = 300_000;
    let best = (0..5).map(|_| {
        let start = Instant::now();
        for _ in 0..TIMES {
            black_box(act());
        }
        start.elapsed().as_nanos() as f64 / f64::from(TIMES)
    });
    best.fold(f64::INFINITY, f64::min)
}

/// Whatever else the machine does can only make a round slower.
fn best(rates: Vec<f64>) -> f64 {
    rates.into_iter().fold(0.0, f64::max)
}

/// Lines per second of a loop that does nothing but the system calls.
fn bare(folder: &Path, line: &[u8], look: Look) -> f64 {
    // As deep in the tree as the workers' files: the look costs by the component.
    let path = folder.join("logs/a1.log");
    fs::create_dir(folder.join("logs")).unwrap();
    let mut file = OpenOptions::new().append(true).create(true).open(&path).unwrap();
    let lock = fs::File::create(folder.join("lock")).unwrap();
    let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    let (start, before, mut lines) = (Instant::now(), cpu_ns(Path::new("/proc/thread-self")), 0u64);
    while start.elapsed() < ROUND {
        for _ in 0..256 {
            if look == Look::LockAndStat {
                lock.lock().unwrap();
            }
            if look != Look::None {
                black_box(rustix::fs::stat(name.as_c_str()).unwrap());
            }
            assert_eq!(file.write(line).unwrap(), line.len());
            if look == Look::LockAndStat {
                lock.unlock().unwrap();
            }
        }
        lines += 256;
    }
    let rate = lines as f64 * 1e9 / (cpu_ns(Path::new("/proc/thread-self")) - before) as f64;
    fs::remove_dir_all(folder.join("logs")).unwrap();
    rate
}

/// Processor time of a thread so far, in nanoseconds.
fn cpu_ns(thread: &Path) -> u64 {
    let schedstat = fs::read_to_string(thread.join("schedstat")).unwrap();
    schedstat.split_whitespace().next().unwrap().parse().unwrap()
}

/// Lines per second of a real worker, by its own counters.
fn worker(folder: &Path, class: Class) -> f64 {
    let logs = folder.join("logs");
    fs::create_dir(&logs).unwrap();
    let (mut supervisor, events, pid) = start(folder, &logs, class);
    let threads = || -> u64 {
        let threads = fs::read_dir(format!("/proc/{pid}/task")).unwrap();
        threads.map(|thread| cpu_ns(&thread.unwrap().path())).sum()
    };
    let first = next_count(&mut supervisor, &events, 0);
    let before = threads();
    std::thread::sleep(ROUND);
    let last = next_count(&mut supervisor, &events, first);
    let rate = (last - first) as f64 * 1e9 / (threads() - before) as f64;
    drop(supervisor);
    fs::remove_dir_all(logs).unwrap();
    rate
}

fn start(folder: &Path, logs: &Path, class: Class) -> (Supervisor, Receiver<Event>, u32) {
    let plan = WorkerPlan {
        name: "web-1".to_owned(),
        module: "app".to_owned(),
        logger: "error".to_owned(),
        handler: HandlerSetup::new(class, if class.info().by_date { logs.to_owned() } else { logs.join("a1.log") }),
        format: LineFormat::DEFAULT.to_owned(),
        message: "6666666666".to_owned(),
        rate: 0.0,
        levels: Vec::new(),
        start: StartMethod::Spawn,
        inherit_file: false,
        threads: 1,
        tasks: 1,
        work: Work::None,
    };
    let (sender, events) = bounded(1024);
    let mut supervisor = Supervisor::new(vec![plan], env!("CARGO_BIN_EXE_rotascope").into(), sender, folder.to_owned());
    let noon = chrono::DateTime::parse_from_rfc3339("2026-05-09T12:00:00+08:00").unwrap();
    let mode = ClockMode::Simulated { anchor: Some(Mono::now()), start: noon, rate: 1.0 };
    let launched = supervisor.start(WorkerId(0), &ClockSetting { mode, zone: Some("Asia/Shanghai".to_owned()) });
    let What::Worker { event: WorkerEvent::Launched { pid, .. }, .. } = launched[0].what else {
        panic!("{launched:?}");
    };
    (supervisor, events, pid)
}

/// The next count beyond `above`.
fn next_count(supervisor: &mut Supervisor, events: &Receiver<Event>, above: u64) -> u64 {
    loop {
        while events.try_recv().is_ok() {}
        for event in supervisor.sample() {
            if let What::Worker { event: WorkerEvent::Counted { counts, .. }, .. } = event.what
                && counts[0].returned > above
            {
                return counts[0].returned;
            }
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A line as a worker writes it.
fn sample_line(folder: &Path) -> Vec<u8> {
    let logs = folder.join("logs");
    fs::create_dir(&logs).unwrap();
    let (mut supervisor, events, _) = start(folder, &logs, Class::Plain);
    next_count(&mut supervisor, &events, 100_000);
    drop(supervisor);
    let content = fs::read(logs.join("a1.log")).unwrap();
    fs::remove_dir_all(&logs).unwrap();
    let end = content.len() - 1;
    let start = content[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    content[start..].to_vec()
}
