//! A lab of real workers in a temporary folder, for tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, bounded};
use rotascope::clock::{ClockMode, ClockSetting, Mono};
use rotascope::command::WorkerOrder;
use rotascope::event::{Event, Exit, FileId, LaunchId, OpenReason, TaskCount, What, WorkerEvent, WorkerId};
use rotascope::handler::{Class, HandlerSetup};
use rotascope::platform;
use rotascope::record::{LineFormat, Stamped, parse_stamp};
use rotascope::worker::{StartMethod, Supervisor, Work, WorkerPlan};
use tempfile::TempDir;

/// Waits end here, with a failure that shows what was seen.
pub const DEADLINE: Duration = Duration::from_secs(20);

pub fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_rotascope").into()
}

pub fn plan(name: &str, class: Class, path: &Path, rate: f64) -> WorkerPlan {
    WorkerPlan {
        name: name.to_owned(),
        module: "app".to_owned(),
        logger: "error".to_owned(),
        handler: HandlerSetup::new(class, path.to_owned()),
        format: LineFormat::DEFAULT.to_owned(),
        message: "6666666666".to_owned(),
        rate,
        levels: Vec::new(),
        start: StartMethod::Spawn,
        inherit_file: false,
        threads: 1,
        tasks: 1,
        work: Work::None,
    }
}

/// A simulated clock that runs from this time on.
pub fn clock(start: &str) -> ClockSetting {
    let mode = ClockMode::Simulated {
        anchor: Some(Mono::now()),
        start: chrono::DateTime::parse_from_rfc3339(start).unwrap(),
        rate: 1.0,
    };
    ClockSetting { mode, zone: Some("Asia/Shanghai".to_owned()) }
}

pub struct Lab {
    pub supervisor: Supervisor,
    pub events: Receiver<Event>,
    /// Every event so far.
    pub seen: Vec<Event>,
    /// Where the search for the next event begins.
    pub from: usize,
    /// Last, so that it goes last.
    pub folder: TempDir,
}

impl Lab {
    /// `plans` gets the folder in which logs are written.
    pub fn new(plans: impl FnOnce(&Path) -> Vec<WorkerPlan>) -> Lab {
        let folder = tempfile::tempdir().unwrap();
        let (logs, scratch) = (folder.path().join("logs"), folder.path().join("scratch"));
        fs::create_dir(&logs).unwrap();
        fs::create_dir(&scratch).unwrap();
        let (sender, events) = bounded(256);
        let supervisor = Supervisor::new(plans(&logs), program(), sender, scratch);
        Lab { supervisor, events, seen: Vec::new(), from: 0, folder }
    }

    /// One worker of this class on `a1.log`, or for `daily` on the folder, from ten past noon on.
    pub fn with_one(class: Class, rate: f64) -> Lab {
        Lab::with_one_by(StartMethod::Spawn, class, rate)
    }

    /// [`Lab::with_one`], by any start method.
    pub fn with_one_by(start: StartMethod, class: Class, rate: f64) -> Lab {
        let mut lab = Lab::new(|logs| {
            let path = if class.info().by_date { logs.to_owned() } else { logs.join("a1.log") };
            vec![WorkerPlan { start, ..plan("web-1", class, &path, rate) }]
        });
        lab.start(0, &clock("2026-05-09T12:10:00+08:00"));
        lab
    }

    pub fn logs(&self) -> PathBuf {
        self.folder.path().join("logs")
    }

    pub fn start(&mut self, worker: u32, clock: &ClockSetting) {
        let events = self.supervisor.start(WorkerId(worker), clock);
        self.seen.extend(events);
    }

    pub fn order(&mut self, worker: u32, order: WorkerOrder) {
        let events = self.supervisor.order(WorkerId(worker), order);
        self.seen.extend(events);
    }

    /// Takes in what there is, as an engine does.
    pub fn pump(&mut self) {
        let events = self.supervisor.sample();
        self.seen.extend(events);
        while let Ok(event) = self.events.recv_timeout(Duration::from_millis(5)) {
            self.seen.push(event);
        }
    }

    /// Waits for the first event of this worker, from the last found one on, for which `pick` gives something.
    #[track_caller]
    pub fn wait<T>(&mut self, worker: u32, what: &str, mut pick: impl FnMut(&WorkerEvent) -> Option<T>) -> T {
        let end = Instant::now() + DEADLINE;
        loop {
            while self.from < self.seen.len() {
                let event = &self.seen[self.from];
                self.from += 1;
                if let What::Worker { worker: WorkerId(number), event } = &event.what
                    && *number == worker
                    && let Some(found) = pick(event)
                {
                    return found;
                }
            }
            assert!(Instant::now() < end, "no event `{what}` of worker {worker}; seen: {:#?}", self.seen);
            self.pump();
        }
    }

    /// Waits until the worker has opened a file again.
    #[track_caller]
    pub fn wait_opened(&mut self, worker: u32) -> (FileId, PathBuf, Option<FileId>, OpenReason) {
        self.wait(worker, "opened", |event| match event {
            WorkerEvent::Opened { file_id, path, previous, reason, .. } => {
                Some((*file_id, path.clone(), *previous, *reason))
            }
            _ => None,
        })
    }

    #[track_caller]
    pub fn wait_exited(&mut self, worker: u32) -> (Exit, bool) {
        self.wait(worker, "exited", |event| match event {
            WorkerEvent::Exited { exit, asked } => Some((*exit, *asked)),
            _ => None,
        })
    }

    /// Waits until the worker has handed over this many more lines.
    #[track_caller]
    pub fn wait_written(&mut self, worker: u32, more: u64) {
        let before = self.last_count(worker).map_or(0, |count| count.written);
        self.until("more lines", |lab| lab.last_count(worker).is_some_and(|count| count.written >= before + more));
    }

    /// Waits until something is so.
    #[track_caller]
    pub fn until(&mut self, what: &str, mut so: impl FnMut(&Lab) -> bool) {
        let end = Instant::now() + DEADLINE;
        while !so(self) {
            assert!(Instant::now() < end, "not so: {what}; seen: {:#?}", self.seen);
            self.pump();
        }
    }

    /// The latest count of a worker's only task, within its latest launch.
    pub fn last_count(&self, worker: u32) -> Option<TaskCount> {
        self.events_of(worker).rev().find_map(|event| match event {
            WorkerEvent::Counted { counts, .. } => counts.first().copied(),
            _ => None,
        })
    }

    /// The latest count of each of a worker's tasks, within its latest launch.
    pub fn counts(&self, worker: u32) -> BTreeMap<(u16, u16), TaskCount> {
        let latest = self.launched(worker).0;
        let mut latest_counts = BTreeMap::new();
        for event in self.events_of(worker) {
            if let WorkerEvent::Counted { launch, counts } = event
                && *launch == latest
            {
                latest_counts.extend(counts.iter().map(|count| ((count.thread, count.task), *count)));
            }
        }
        latest_counts
    }

    /// Lines that all tasks of a worker have handed over in its latest launch.
    pub fn written(&self, worker: u32) -> u64 {
        self.counts(worker).values().map(|count| count.written).sum()
    }

    pub fn events_of(&self, worker: u32) -> impl DoubleEndedIterator<Item = &WorkerEvent> {
        self.seen.iter().filter_map(move |event| match &event.what {
            What::Worker { worker: WorkerId(number), event } if *number == worker => Some(event),
            _ => None,
        })
    }

    pub fn launched(&self, worker: u32) -> (LaunchId, u32) {
        self.events_of(worker)
            .rev()
            .find_map(|event| match event {
                WorkerEvent::Launched { launch, pid } => Some((*launch, *pid)),
                _ => None,
            })
            .unwrap()
    }

    /// Lines told to have failed, and how many of them torn.
    pub fn failures(&self, worker: u32) -> (u64, u64) {
        self.events_of(worker).fold((0, 0), |(all, torn), event| match event {
            WorkerEvent::EmitFailed { line, torn: is_torn, .. } => {
                let lines = line.last - line.first + 1;
                (all + lines, torn + if *is_torn { lines } else { 0 })
            }
            _ => (all, torn),
        })
    }

    /// Ends all workers in good order and takes in everything.
    #[track_caller]
    pub fn stop(&mut self) {
        self.supervisor.stop_all();
        let end = Instant::now() + DEADLINE;
        while self.supervisor.running() > 0 {
            assert!(Instant::now() < end, "workers don't end; seen: {:#?}", self.seen);
            self.pump();
        }
        self.pump();
    }
}

pub fn id_of(path: &Path) -> FileId {
    platform::file_id(&fs::metadata(path).unwrap())
}

/// The sequence numbers of the whole lines in a file, by launch, in order; and the count of all other lines.
pub fn stamps(path: &Path) -> (BTreeMap<u32, Vec<u64>>, usize) {
    let content = fs::read(path).unwrap();
    let (mut whole, mut other) = (BTreeMap::<u32, Vec<u64>>::new(), 0);
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        match parse_stamp(line.strip_suffix(b"\n").unwrap_or(line)) {
            Stamped::Whole { stamp, extra_before: 0 } if line.ends_with(b"\n") => {
                whole.entry(stamp.launch.0).or_default().push(stamp.seq);
            }
            _ => other += 1,
        }
    }
    (whole, other)
}

/// The numbers of one launch over several files together, sorted; every line must be whole.
#[track_caller]
pub fn seqs(launch: LaunchId, files: &[&Path]) -> Vec<u64> {
    let mut all = Vec::new();
    for file in files {
        let (mut whole, other) = stamps(file);
        assert_eq!(other, 0, "every line of {} is whole", file.display());
        all.extend(whole.remove(&launch.0).unwrap_or_default());
    }
    all.sort_unstable();
    all
}

/// The parent of a process.
pub fn parent_of(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Whether a process is there and no zombie.
pub fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

/// Runs `body` in a process of its own whose workers link every file they open into a folder, which `body` gets:
/// `<device>-<inode>-<birth time>`, before the first line. `test` is the name of the calling test.
pub fn with_links(test: &str, body: impl FnOnce(&Path)) {
    if let Some(folder) = std::env::var_os("ROTASCOPE_PROBE_LINKS") {
        return body(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let links = folder.path().join("links");
    fs::create_dir(&links).unwrap();
    // Both folders lie on one file system: a hard link can't leave it.
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture"])
        .env("ROTASCOPE_PROBE_LINKS", &links)
        .env("TMPDIR", folder.path())
        .status()
        .unwrap();
    assert!(status.success(), "{test} in a process of its own: {status}");
}
