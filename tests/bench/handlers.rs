//! How fast real workers write without a rate, against bare loops of the same system calls: ratios, in one run.
//! Lines are counted per second of processor time, so that other work on the machine falls out as far as it can.
//! Linux only.
//!
//! `cargo bench --no-default-features --bench handlers [-- --only verified]`
#![allow(clippy::unwrap_used)]

#[path = "runs.rs"]
mod runs;

use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use rotascope::clock::{ClockMode, ClockSetting, Mono, SessionClock};
use rotascope::event::{Event, LaunchId, What, WorkerEvent, WorkerId};
use rotascope::handler::{Class, HandlerSetup};
use rotascope::record::{Level, LineFormat, Record, Stamp, level_of, parse_stamp, write_stamp};
use rotascope::worker::{StartMethod, Supervisor, Work, WorkerPlan};
use runs::argument;

const ROUNDS: usize = 15;
const ROUND: Duration = Duration::from_millis(300);

/// What a handler is held against: nothing but the system calls that its definition sets.
#[derive(Clone, Copy, PartialEq)]
enum Bare {
    Write,
    StatAndWrite,
    LockStatAndWrite,
}

impl Bare {
    const ALL: [Bare; 3] = [Bare::Write, Bare::StatAndWrite, Bare::LockStatAndWrite];

    fn name(self) -> &'static str {
        match self {
            Bare::Write => "write",
            Bare::StatAndWrite => "stat, write",
            Bare::LockStatAndWrite => "lock, stat, write",
        }
    }
}

/// Makes this program a bare loop: its name and the file follow.
const BARE: &str = "--bare";

/// Each class, its floor, and the number of processes.
const CASES: [(Class, Bare, usize); 12] = [
    (Class::Plain, Bare::Write, 1),
    (Class::Verified, Bare::Write, 1),
    (Class::Verified, Bare::Write, 4),
    (Class::TimedRotating, Bare::Write, 1),
    (Class::TimedRotatingKeep, Bare::Write, 1),
    (Class::TimedRotatingReopen, Bare::StatAndWrite, 1),
    (Class::Watched, Bare::StatAndWrite, 1),
    (Class::Watched, Bare::StatAndWrite, 4),
    (Class::Daily, Bare::StatAndWrite, 1),
    (Class::Daily, Bare::StatAndWrite, 4),
    (Class::Locked, Bare::LockStatAndWrite, 1),
    (Class::Locked, Bare::LockStatAndWrite, 4),
];

fn main() {
    if let Some([name, path]) = bare_wanted() {
        return bare_process(&name, Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let line = sample_line(folder.path());
    println!("lines of {} bytes a second of processor time, medians of {ROUNDS} rounds of {ROUND:?}", line.len());
    let only = argument("--only");
    let wanted = |class: Class| only.as_deref().is_none_or(|only| class.info().name == only);
    let cases: Vec<_> = CASES.into_iter().filter(|(class, ..)| wanted(*class)).collect();
    assert!(!cases.is_empty(), "--only {only:?}: no such class");
    let mut rounds = vec![Vec::new(); cases.len()];
    for _ in 0..ROUNDS {
        for (&(class, floor, processes), rounds) in cases.iter().zip(&mut rounds) {
            // Both sides of a ratio at the same time: what else the machine does falls on both.
            let (bare, worker) = std::thread::scope(|scope| {
                let bare = scope.spawn(|| bare(folder.path(), &line, floor, processes));
                let worker = workers(folder.path(), class, processes);
                (bare.join().unwrap(), worker)
            });
            rounds.push([bare, worker]);
        }
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
    println!("{:<22} {:>9} {:>12} {:>12} {:>5}", "", "processes", "bare", "worker", "ratio");
    for ((class, floor, processes), rounds) in cases.into_iter().zip(rounds) {
        let (bare, worker) = (median(&rounds, |round| round[0]), median(&rounds, |round| round[1]));
        let ratio = median(&rounds, |[bare, worker]| worker / bare);
        let (name, of) = (class.info().name, floor.name());
        println!("{name:<22} {processes:>9} {bare:>12.0} {worker:>12.0} {ratio:>5.2} of {of}");
    }
}

fn median(rounds: &[[f64; 2]], of: impl Fn(&[f64; 2]) -> f64) -> f64 {
    let mut values: Vec<f64> = rounds.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
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

/// Lines per second of loops that do nothing but the system calls: each a process of one thread, with its own open file.
fn bare(folder: &Path, line: &[u8], floor: Bare, loops: usize) -> f64 {
    // As deep in the tree as the workers' files: the look costs by the component.
    let path = folder.join("bare/a1.log");
    fs::create_dir(folder.join("bare")).unwrap();
    let children: Vec<_> = (0..loops).map(|_| start_bare(&path, line, floor)).collect();
    let mut sums = [0, 0];
    for child in children {
        let said = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
        let said: Vec<u64> = said.split_whitespace().map(|number| number.parse().unwrap()).collect();
        sums = [sums[0] + said[0], sums[1] + said[1]];
    }
    fs::remove_dir_all(folder.join("bare")).unwrap();
    sums[0] as f64 * 1e9 / sums[1] as f64
}

fn start_bare(path: &Path, line: &[u8], floor: Bare) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args([BARE, floor.name()]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(line).unwrap();
    child
}

fn bare_wanted() -> Option<[String; 2]> {
    let mut arguments = std::env::args().skip_while(|argument| argument != BARE).skip(1);
    Some([arguments.next()?, arguments.next()?])
}

fn bare_process(name: &str, path: &Path) {
    let mut line = Vec::new();
    std::io::stdin().read_to_end(&mut line).unwrap();
    let floor = Bare::ALL.into_iter().find(|floor| floor.name() == name).unwrap();
    let (lines, ns) = bare_loop(path, &line, floor);
    println!("{lines} {ns}");
}

/// Lines, and nanoseconds of processor time.
fn bare_loop(path: &Path, line: &[u8], floor: Bare) -> (u64, u64) {
    let mut file = OpenOptions::new().append(true).create(true).open(path).unwrap();
    let lock = OpenOptions::new().append(true).create(true).open(path.with_extension("lock")).unwrap();
    let name = std::ffi::CString::new(path.as_os_str().as_encoded_bytes()).unwrap();
    let (start, before, mut lines) = (Instant::now(), cpu_ns(Path::new("/proc/thread-self")), 0u64);
    while start.elapsed() < ROUND {
        for _ in 0..256 {
            if floor == Bare::LockStatAndWrite {
                lock.lock().unwrap();
            }
            if floor != Bare::Write {
                black_box(rustix::fs::stat(name.as_c_str()).unwrap());
            }
            assert_eq!(file.write(line).unwrap(), line.len());
            if floor == Bare::LockStatAndWrite {
                lock.unlock().unwrap();
            }
        }
        lines += 256;
    }
    (lines, cpu_ns(Path::new("/proc/thread-self")) - before)
}

/// Processor time of a thread so far, in nanoseconds.
fn cpu_ns(thread: &Path) -> u64 {
    let schedstat = fs::read_to_string(thread.join("schedstat")).unwrap();
    schedstat.split_whitespace().next().unwrap().parse().unwrap()
}

/// Lines per second of real workers, by their own counters.
fn workers(folder: &Path, class: Class, processes: usize) -> f64 {
    let logs = folder.join("logs");
    fs::create_dir(&logs).unwrap();
    let (mut supervisor, events, pids) = start(folder, &logs, class, processes);
    let used = || -> u64 {
        let threads = pids.iter().flat_map(|pid| fs::read_dir(format!("/proc/{pid}/task")).unwrap());
        threads.map(|thread| cpu_ns(&thread.unwrap().path())).sum()
    };
    let mut counts = vec![0; processes];
    while counts.contains(&0) {
        sample(&mut supervisor, &events, &mut counts);
        std::thread::sleep(Duration::from_millis(1));
    }
    let (first, before) = (counts.iter().sum::<u64>(), used());
    std::thread::sleep(ROUND);
    sample(&mut supervisor, &events, &mut counts);
    let rate = (counts.iter().sum::<u64>() - first) as f64 * 1e9 / (used() - before) as f64;
    drop(supervisor);
    fs::remove_dir_all(logs).unwrap();
    rate
}

fn start(folder: &Path, logs: &Path, class: Class, processes: usize) -> (Supervisor, Receiver<Event>, Vec<u32>) {
    let plan = WorkerPlan {
        name: "web-1".to_owned(),
        module: "app".to_owned(),
        logger: "error".to_owned(),
        // The default schedule, once an hour, is no rollover here.
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
    let program = env!("CARGO_BIN_EXE_rotascope").into();
    let mut supervisor = Supervisor::new(vec![plan; processes], program, sender, folder.to_owned());
    let noon = chrono::DateTime::parse_from_rfc3339("2026-05-09T12:00:00+08:00").unwrap();
    let mode = ClockMode::Simulated { anchor: Some(Mono::now()), start: noon, rate: 1.0 };
    let clock = ClockSetting { mode, zone: Some("Asia/Shanghai".to_owned()) };
    let pids = (0..processes).map(|number| {
        let launched = supervisor.start(WorkerId(u32::try_from(number).unwrap()), &clock);
        let What::Worker { event: WorkerEvent::Launched { pid, .. }, .. } = launched[0].what else {
            panic!("{launched:?}");
        };
        pid
    });
    let pids = pids.collect();
    (supervisor, events, pids)
}

/// Takes in the counts that have changed.
fn sample(supervisor: &mut Supervisor, events: &Receiver<Event>, counts: &mut [u64]) {
    while events.try_recv().is_ok() {}
    for event in supervisor.sample() {
        if let What::Worker { worker, event: WorkerEvent::Counted { counts: new, .. } } = event.what {
            counts[worker.0 as usize] = new[0].returned;
        }
    }
}

/// A line as a worker writes it.
fn sample_line(folder: &Path) -> Vec<u8> {
    let logs = folder.join("logs");
    fs::create_dir(&logs).unwrap();
    let (mut supervisor, events, _) = start(folder, &logs, Class::Plain, 1);
    let mut counts = [0];
    while counts[0] < 100_000 {
        sample(&mut supervisor, &events, &mut counts);
        std::thread::sleep(Duration::from_millis(1));
    }
    drop(supervisor);
    let content = fs::read(logs.join("a1.log")).unwrap();
    fs::remove_dir_all(&logs).unwrap();
    let end = content.len() - 1;
    let start = content[..end].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    content[start..].to_vec()
}
