//! A made-up session, the lesson of the sketches: something to draw while nothing runs.
//!
//! Three `daily` workers and one `plain` worker write for 50 s. The live file is renamed after 12 s; midnight comes after
//! 25 s; today's file is deleted after 36 s, and after 43 s the moved one, into which the `plain` worker still writes.
#![allow(dead_code, reason = "whoever uses it takes a part of it")]

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Duration, FixedOffset, Utc};

use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::event::{
    Actor, Batch, Cut, EntryKind, Event, FileId, FolderEntry, FollowEvent, IncarnationId, LabOpened, LabState,
    LaunchId, LineMark, OpenReason, Origin, SessionOpened, TaskCount, What, WorkerEvent, WorkerId, WorkerOpened,
};
use rotascope::follow::Texts;
use rotascope::record::{Level, Stamp, StampRun, write_stamp};

/// When the session begins on the monotonic clock.
pub(crate) const BEGIN: Mono = Mono(1_000_000_000_000);
/// How long it lasts, in milliseconds.
pub(crate) const LASTS_MS: u64 = 50_000;

const RENAME_MS: u64 = 12_000;
const MIDNIGHT_MS: u64 = 25_000;
const DELETE_MS: u64 = 36_000;
const DELETE_MOVED_MS: u64 = 43_000;
const FOLDER: &str = "/home/ada/rotascope/logs";

/// The events of the session, and what stands in its files.
pub(crate) struct Lesson {
    /// In the order of their arrival.
    pub(crate) events: Vec<Event>,
    /// Every incarnation and its bytes.
    pub(crate) files: Vec<(IncarnationId, Vec<u8>)>,
}

impl Lesson {
    /// Writes the files' bytes into temporary files without a name, for the log view to read.
    ///
    /// # Errors
    /// When the temporary folder can't be written to.
    pub(crate) fn texts(&self) -> io::Result<Texts> {
        let texts = Texts::default();
        for (id, bytes) in &self.files {
            let mut file = tempfile::tempfile()?;
            file.write_all(bytes)?;
            texts.insert(*id, Arc::new(file));
        }
        Ok(texts)
    }
}

/// Plays the lesson; the same every time.
pub(crate) fn lesson() -> Lesson {
    let mut play = Play::new();
    play.open();
    for ms in 0..LASTS_MS {
        play.now_ns = ms * 1_000_000;
        play.script(ms);
        for worker in 0..play.writers.len() {
            play.work(worker, ms);
        }
        if ms % 50 == 49 {
            play.look();
        }
        if ms % 100 == 99 {
            play.count();
        }
        if ms % 1_000 == 999 {
            play.list();
        }
    }
    let files = play.files.into_iter().map(|file| (file.id, file.bytes)).collect();
    Lesson { events: play.events, files }
}

struct PlayFile {
    id: IncarnationId,
    file_id: FileId,
    name: Option<String>,
    bytes: Vec<u8>,
    lines: u64,
    cut: Option<u64>,
    unread: Vec<Line>,
}

struct Line {
    worker: usize,
    seq: u64,
    level: Level,
    start: u64,
    end: u64,
}

struct Writer {
    name: &'static str,
    daily: bool,
    pid: u32,
    launch: LaunchId,
    seq: u64,
    due_ms: u64,
    file: Option<usize>,
}

struct Play {
    events: Vec<Event>,
    files: Vec<PlayFile>,
    writers: Vec<Writer>,
    now_ns: u64,
    random: u64,
    start: DateTime<FixedOffset>,
}

impl Play {
    fn new() -> Play {
        let writer = |number: u32, name, daily| Writer {
            name,
            daily,
            pid: 4121 + number,
            launch: LaunchId(0x6b1d_0a00 + number),
            seq: 0,
            due_ms: 3 + u64::from(number) * 2,
            file: None,
        };
        let names = [("web-1", true), ("web-2", true), ("web-3", true), ("legacy-1", false)];
        let start = DateTime::parse_from_rfc3339("2026-05-09T23:59:35+08:00").unwrap_or_default();
        Play {
            events: Vec::new(),
            files: Vec::new(),
            writers: (0..).zip(names).map(|(number, (name, daily))| writer(number, name, daily)).collect(),
            now_ns: 0,
            random: 7,
            start,
        }
    }

    fn random(&mut self, below: u64) -> u64 {
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.random >> 33) % below
    }

    fn tell(&mut self, what: What) {
        let wall = DateTime::parse_from_rfc3339("2026-11-23T09:12:40Z").map(|wall| wall.with_timezone(&Utc));
        let nanos = i64::try_from(self.now_ns).unwrap_or(i64::MAX);
        let at =
            Moment { mono: BEGIN.plus_ns(self.now_ns), wall: wall.unwrap_or_default() + Duration::nanoseconds(nanos) };
        self.events.push(Event { at, what });
    }

    fn worker(&mut self, worker: usize, event: WorkerEvent) {
        let worker = WorkerId(u32::try_from(worker).unwrap_or(u32::MAX));
        self.tell(What::Worker { worker, event });
    }

    fn open(&mut self) {
        let clock = |anchor| ClockSetting {
            mode: ClockMode::Simulated { anchor, start: self.start, rate: 1.0 },
            zone: Some("Asia/Shanghai".to_owned()),
        };
        let (standing, running) = (clock(None), clock(Some(BEGIN)));
        let workers = self.writers.iter().map(|writer| WorkerOpened {
            name: writer.name.to_owned(),
            group: writer.name.split('-').next().unwrap_or_default().to_owned(),
            handler: if writer.daily { "daily" } else { "plain" }.to_owned(),
            can_reopen: writer.daily,
            start: "spawn".to_owned(),
            threads: 1,
            tasks: 1,
            work: "none".to_owned(),
            inherit_file: false,
            rate: 100.0,
            path: path_of("2026-05-09.log"),
            program: None,
        });
        let lab = LabOpened {
            file: None,
            folder: PathBuf::from(FOLDER),
            clock: standing,
            workers: workers.collect(),
            steps: Vec::new(),
        };
        let title = "midnight fight".to_owned();
        self.tell(What::SessionOpened(SessionOpened { title, paths: vec![PathBuf::from(FOLDER)], lab: Some(lab) }));
        self.tell(What::Lab(LabState::Running));
        self.tell(What::ClockSet { clock: running, by: Actor::Person });
        for worker in 0..self.writers.len() {
            let (launch, pid) = (self.writers[worker].launch, self.writers[worker].pid);
            self.worker(worker, WorkerEvent::Launched { launch, pid });
            self.worker(worker, WorkerEvent::Started { start_ns: 2_100_000 });
        }
    }

    fn script(&mut self, ms: u64) {
        match ms {
            RENAME_MS => self.rename("2026-05-09.log", "moved-1.log"),
            DELETE_MS => self.delete("2026-05-10.log"),
            DELETE_MOVED_MS => self.delete("moved-1.log"),
            _ => {}
        }
    }

    fn find(&self, name: &str) -> Option<usize> {
        self.files.iter().position(|file| file.name.as_deref() == Some(name))
    }

    fn rename(&mut self, from: &str, to: &str) {
        self.look();
        let Some(index) = self.find(from) else { return };
        let file = &mut self.files[index];
        file.name = Some(to.to_owned());
        let cut = Cut { offset: file.bytes.len() as u64, exact: true };
        file.cut = Some(cut.offset);
        let (incarnation, from, to) = (file.id, path_of(from), path_of(to));
        let by = Actor::Person;
        self.tell(What::Follow(FollowEvent::Renamed { incarnation, from, to, cut, beyond: Vec::new(), by }));
    }

    fn delete(&mut self, name: &str) {
        self.look();
        let Some(index) = self.find(name) else { return };
        let file = &mut self.files[index];
        file.name = None;
        let cut = Cut { offset: file.bytes.len() as u64, exact: true };
        file.cut = Some(cut.offset);
        let (incarnation, path) = (file.id, path_of(name));
        let (beyond, by, replaced) = (Vec::new(), Actor::Person, false);
        self.tell(What::Follow(FollowEvent::Deleted { incarnation, path, cut, beyond, by, replaced }));
        self.list();
    }

    fn work(&mut self, worker: usize, ms: u64) {
        if ms < self.writers[worker].due_ms {
            return;
        }
        let wait = 6 + self.random(9);
        self.writers[worker].due_ms = ms + wait;
        self.now_ns = ms * 1_000_000 + self.random(900_000);
        self.open_if_due(worker, ms);
        self.emit(worker, ms);
    }

    fn open_if_due(&mut self, worker: usize, ms: u64) {
        let name = if ms < MIDNIGHT_MS { "2026-05-09.log" } else { "2026-05-10.log" };
        let held = self.writers[worker].file;
        let here = self.find(name);
        let reason = match held {
            None => OpenReason::First,
            Some(_) if !self.writers[worker].daily => return,
            Some(file) if Some(file) == here => return,
            Some(file) if self.files[file].name.as_deref() == Some("2026-05-09.log") => OpenReason::Rollover,
            Some(_) if here.is_none() => OpenReason::Gone,
            Some(_) => OpenReason::Changed,
        };
        let made = here.is_none();
        let index = here.unwrap_or_else(|| self.make(name));
        let previous = held.map(|file| self.files[file].file_id);
        let (file_id, path, id) = (self.files[index].file_id, path_of(name), self.files[index].id);
        self.writers[worker].file = Some(index);
        let descriptor = Some(3);
        let opened = WorkerEvent::Opened { file_id, path: path.clone(), previous, reason, descriptor };
        self.worker(worker, opened);
        if made {
            self.now_ns += 400_000;
            let (start_offset, size, origin, unlinked) = (0, 0, Origin::Created, false);
            let created = FollowEvent::Created { incarnation: id, file_id, path, start_offset, size, origin, unlinked };
            self.tell(What::Follow(created));
            self.list();
        }
    }

    fn make(&mut self, name: &str) -> usize {
        let number = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.files.push(PlayFile {
            id: IncarnationId(number + 1),
            file_id: FileId { dev: 66_306, ino: 1_834_977 + u64::from(number) * 3, born_ns: i64::from(number) + 1 },
            name: Some(name.to_owned()),
            bytes: Vec::new(),
            lines: 0,
            cut: None,
            unread: Vec::new(),
        });
        self.files.len() - 1
    }

    fn emit(&mut self, worker: usize, ms: u64) {
        let choice = self.random(100);
        let level = match choice {
            0..=1 => Level::Error,
            2..=9 => Level::Warning,
            10..=24 => Level::Debug,
            _ => Level::Info,
        };
        let message = match (level, choice % 5) {
            (Level::Warning, _) => "retry 2 of 5: connection reset by peer".to_owned(),
            (Level::Error, _) => "payment refused: card expired".to_owned(),
            (_, 0) => "用户 登录成功 user=王小明".to_owned(),
            (_, 1) => format!("GET /red 200 {}.{:03}s", choice % 4, choice * 7),
            _ => "6666666666".to_owned(),
        };
        let time = self.start + Duration::milliseconds(i64::try_from(ms).unwrap_or_default());
        let writer = &mut self.writers[worker];
        writer.seq += 1;
        let module = writer.name.split('-').next().unwrap_or_default();
        let (clock, pid) = (time.format("%Y-%m-%d %H:%M:%S,%3f"), writer.pid);
        let mut text = format!("{} {clock} {module} {pid} 1 {message}", level.name()).into_bytes();
        write_stamp(
            &mut text,
            &Stamp { launch: writer.launch, worker: writer.name, thread: 1, task: 1, seq: writer.seq },
        );
        text.push(b'\n');
        let (seq, file) = (writer.seq, writer.file);
        let Some(file) = file.and_then(|file| self.files.get_mut(file)) else { return };
        let start = file.bytes.len() as u64;
        file.bytes.extend_from_slice(&text);
        file.unread.push(Line { worker, seq, level, start, end: file.bytes.len() as u64 });
    }

    fn look(&mut self) {
        for index in 0..self.files.len() {
            let unread = std::mem::take(&mut self.files[index].unread);
            if let Some(batch) = self.batch(index, &unread) {
                self.tell(What::Follow(FollowEvent::Read(batch)));
            }
        }
    }

    fn batch(&mut self, index: usize, unread: &[Line]) -> Option<Batch> {
        let (first, last) = (unread.first()?, unread.last()?);
        let mut levels = [0; rotascope::record::LEVELS];
        let mut stamps: Vec<StampRun> = Vec::new();
        for line in unread {
            levels[line.level as usize] += 1;
            let launch = self.writers[line.worker].launch;
            match stamps.iter_mut().find(|run| run.launch == launch && run.last + 1 == line.seq) {
                Some(run) => run.last = line.seq,
                None => stamps.push(StampRun { launch, thread: 1, task: 1, first: line.seq, last: line.seq }),
            }
        }
        let file = &mut self.files[index];
        let first_line = file.lines;
        file.lines += unread.len() as u64;
        Some(Batch {
            incarnation: file.id,
            first_line,
            lines: unread.len() as u64,
            start: first.start,
            end: last.end,
            size: file.bytes.len() as u64,
            marks: vec![LineMark { line: first_line, offset: first.start }],
            longest_bytes: unread.iter().map(|line| line.end - line.start - 1).max().unwrap_or(0),
            levels,
            stamps,
            torn: Vec::new(),
            fragments: 0,
            nul_bytes: 0,
        })
    }

    fn count(&mut self) {
        for worker in 0..self.writers.len() {
            let writer = &self.writers[worker];
            let count = TaskCount { thread: 1, task: 1, written: writer.seq, returned: writer.seq, failed: 0 };
            let launch = writer.launch;
            self.worker(worker, WorkerEvent::Counted { launch, counts: vec![count] });
        }
    }

    fn list(&mut self) {
        let named = self.files.iter().filter_map(|file| Some((path_of(file.name.as_deref()?), file)));
        let mut entries: Vec<FolderEntry> = named
            .map(|(path, file)| FolderEntry {
                path,
                kind: EntryKind::File,
                size: file.bytes.len() as u64,
                file_id: Some(file.file_id),
                incarnation: Some(file.id),
                not_followed: None,
            })
            .collect();
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        self.tell(What::Follow(FollowEvent::Listed { entries }));
    }
}

fn path_of(name: &str) -> PathBuf {
    PathBuf::from(FOLDER).join(name)
}
