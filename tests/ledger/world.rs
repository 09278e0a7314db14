//! A small made-up world: workers write lines into files, somebody takes the files away, a follower looks now and then.
//! It knows what became of every line, and tells it as the events that the real parts would send.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use chrono::DateTime;
use proptest::prelude::*;
use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::event::{
    Actor, Batch, Cut, Displaced, Event, Exit, FileId, FollowEvent, IncarnationId, LabOpened, LabState, LaunchId,
    LineMark, OpenReason, Origin, Period, Rollover, RolloverAct, SessionOpened, TaskCount, What, WorkerEvent, WorkerId,
    WorkerOpened,
};
use rotascope::record::StampRun;

pub(crate) const WORKERS: usize = 3;
const LIVE: &str = "/lab/app.log";

/// One thing that happens.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Write {
        worker: usize,
        lines: u64,
    },
    /// A line whose text is broken, its stamp whole.
    WriteTorn {
        worker: usize,
    },
    /// The last lines once more, as a handler does that has found them lost.
    WriteAgain {
        worker: usize,
        lines: u64,
    },
    Refuse {
        worker: usize,
        torn: bool,
    },
    Count {
        worker: usize,
    },
    Look,
    LookAtOne {
        file: usize,
    },
    Delete {
        by: By,
        exact: bool,
        late: bool,
    },
    DeleteAside {
        by: By,
    },
    Rename {
        by: By,
        late: bool,
    },
    RenameBack {
        file: usize,
    },
    Restore {
        file: usize,
    },
    Replace {
        by: By,
    },
    Truncate {
        by: By,
        keep_lines: u64,
    },
    /// A worker's handler puts the live file away under the name of a period.
    RollOver {
        worker: usize,
        period: u32,
        fits: Period,
        told: Told,
    },
    /// A worker's handler removes an archive: to make room, or by retention.
    RemoveArchive {
        worker: usize,
        act: RolloverAct,
        exact: bool,
        late: bool,
        told: Told,
    },
    /// What workers have not told yet is told.
    Report,
    Restart {
        worker: usize,
    },
    Foreign {
        lines: u64,
    },
    Drain,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum By {
    Person,
    Step,
    Other,
    Worker,
    /// A worker's rollover, which only the worker knows: overwritten or removed when it should not have been.
    Rollover,
    /// A worker's retention, likewise, as configured.
    Retention,
}

/// When a worker tells of its rollover, compared with what the follower sees of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Before,
    After,
    MuchLater,
}

impl By {
    fn actor(self) -> Actor {
        match self {
            By::Person => Actor::Person,
            By::Step => Actor::Step(2),
            By::Other | By::Rollover | By::Retention => Actor::Other,
            By::Worker => Actor::Worker(WorkerId(1)),
        }
    }
}

pub(crate) fn ops(most: usize) -> impl Strategy<Value = Vec<Op>> {
    let by = || prop_oneof![3 => Just(By::Person), 1 => Just(By::Step), 1 => Just(By::Other), 1 => Just(By::Worker)];
    let told = || prop_oneof![Just(Told::Before), Just(Told::After), Just(Told::MuchLater)];
    let fits = || prop_oneof![2 => Just(Period::Named), 1 => Just(Period::Later)];
    let act = || prop_oneof![1 => Just(RolloverAct::MadeRoom), 2 => Just(RolloverAct::Retired)];
    let worker = 0..WORKERS;
    let op = prop_oneof![
        16 => (worker.clone(), 1u64..6).prop_map(|(worker, lines)| Op::Write { worker, lines }),
        1 => worker.clone().prop_map(|worker| Op::WriteTorn { worker }),
        2 => (worker.clone(), 1u64..4).prop_map(|(worker, lines)| Op::WriteAgain { worker, lines }),
        1 => (worker.clone(), any::<bool>()).prop_map(|(worker, torn)| Op::Refuse { worker, torn }),
        4 => worker.clone().prop_map(|worker| Op::Count { worker }),
        5 => Just(Op::Look),
        4 => (0usize..6).prop_map(|file| Op::LookAtOne { file }),
        2 => (by(), any::<bool>(), any::<bool>()).prop_map(|(by, exact, late)| Op::Delete { by, exact, late }),
        1 => by().prop_map(|by| Op::DeleteAside { by }),
        2 => (by(), any::<bool>()).prop_map(|(by, late)| Op::Rename { by, late }),
        1 => (0usize..6).prop_map(|file| Op::RenameBack { file }),
        1 => (0usize..6).prop_map(|file| Op::Restore { file }),
        1 => by().prop_map(|by| Op::Replace { by }),
        2 => (by(), 0u64..4).prop_map(|(by, keep_lines)| Op::Truncate { by, keep_lines }),
        3 => (worker.clone(), 0u32..3, fits(), told())
            .prop_map(|(worker, period, fits, told)| Op::RollOver { worker, period, fits, told }),
        2 => (worker.clone(), act(), any::<bool>(), any::<bool>(), told())
            .prop_map(|(worker, act, exact, late, told)| Op::RemoveArchive { worker, act, exact, late, told }),
        1 => Just(Op::Report),
        1 => worker.prop_map(|worker| Op::Restart { worker }),
        1 => (1u64..4).prop_map(|lines| Op::Foreign { lines }),
        1 => Just(Op::Drain),
    ];
    prop::collection::vec(op, 0..most)
}

type LineKey = (LaunchId, u64);

/// What stands in a file, in order.
#[derive(Clone, Copy, Debug)]
struct Stretch {
    launch: LaunchId,
    seq: u64,
    start: u64,
    end: u64,
    whole: bool,
    /// Whether the file was off the writers' path when it was written.
    stray: bool,
}

struct File {
    file_id: FileId,
    /// The present life.
    id: IncarnationId,
    name: Option<PathBuf>,
    content: Vec<Stretch>,
    size: u64,
    start: u64,
    read: u64,
    lines_read: u64,
    on_path: bool,
    unlinked: Option<(u64, By)>,
    /// Whether its name says an older period than its lines are of.
    misnamed: bool,
    /// Offsets at which a batch has to end.
    cuts: Vec<u64>,
}

struct Writer {
    reopens: bool,
    launch: LaunchId,
    seq: u64,
    failed: u64,
    file: Option<usize>,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Present,
    Torn,
    Destroyed,
    Expired,
    Lost,
}

pub(crate) struct World {
    pub(crate) events: Vec<Event>,
    files: Vec<File>,
    writers: Vec<Writer>,
    /// Lines that a truncation has taken, and whether that counts as destroyed.
    gone: BTreeMap<LineKey, bool>,
    refused: BTreeSet<LineKey>,
    /// Fragments by the files that hold them.
    fragments: Vec<(LineKey, usize)>,
    /// Written whole at least once.
    written_whole: BTreeSet<LineKey>,
    owners: BTreeMap<LaunchId, usize>,
    untold: Vec<(usize, Rollover)>,
    /// Whether all figures can be known exactly.
    pub(crate) unread_cut: bool,
    pub(crate) inexact: bool,
    now: u64,
    last_id: u32,
    aside: u32,
}

impl World {
    pub(crate) fn play(ops: &[Op]) -> World {
        let mut world = World {
            events: Vec::new(),
            files: Vec::new(),
            writers: Vec::new(),
            gone: BTreeMap::new(),
            refused: BTreeSet::new(),
            fragments: Vec::new(),
            written_whole: BTreeSet::new(),
            owners: BTreeMap::new(),
            untold: Vec::new(),
            unread_cut: false,
            inexact: false,
            now: 5_000_000_000,
            last_id: 0,
            aside: 0,
        };
        world.open();
        for op in ops {
            world.now += 7_000_000;
            world.act(op);
        }
        world.drain();
        world
    }

    /// The fate of every line, by worker. Right only when everything has been drained, as it is after `play`.
    pub(crate) fn fates(&self) -> BTreeMap<(usize, LineKey), Fate> {
        let mut fates = BTreeMap::new();
        let last = self.events.iter().filter_map(|event| match &event.what {
            What::Worker { event: WorkerEvent::Counted { launch, counts }, .. } => Some((*launch, counts[0].written)),
            _ => None,
        });
        for (launch, written) in last {
            for seq in 1..=written {
                fates.insert((self.owners[&launch], (launch, seq)), self.fate((launch, seq)));
            }
        }
        fates
    }

    fn fate(&self, key: LineKey) -> Fate {
        let stands = |whole: bool, test: &dyn Fn(&File, &Stretch) -> bool| {
            self.files.iter().any(|file| {
                let mine = |one: &&Stretch| (one.launch, one.seq) == key && one.whole == whole;
                file.content.iter().filter(mine).any(|one| test(file, one))
            })
        };
        let fragment = self.fragments.iter().any(|(of, file)| *of == key && self.files[*file].unlinked.is_none());
        if stands(true, &|file, _| file.unlinked.is_none()) {
            Fate::Present
        } else if fragment || stands(false, &|file, _| file.unlinked.is_none()) {
            Fate::Torn
        } else if self.gone.get(&key) == Some(&true)
            || stands(true, &|file, one| {
                let by_others = |by| matches!(by, By::Person | By::Step | By::Other);
                file.unlinked.is_some_and(|(cut, by)| by_others(by) && one.end <= cut)
            })
        {
            Fate::Destroyed
        } else if stands(true, &|file, one| {
            file.unlinked.is_some_and(|(cut, by)| by == By::Retention && !file.misnamed && one.end <= cut)
        }) {
            Fate::Expired
        } else {
            Fate::Lost
        }
    }

    /// Lines that stand whole in a reachable file, but only in ones that were off the writers' path by then.
    pub(crate) fn astray(&self, worker: usize) -> u64 {
        let mut strays: BTreeMap<LineKey, bool> = BTreeMap::new();
        for file in self.files.iter().filter(|file| file.unlinked.is_none()) {
            for one in file.content.iter().filter(|one| one.whole) {
                *strays.entry((one.launch, one.seq)).or_insert(true) &= one.stray;
            }
        }
        strays.iter().filter(|((launch, _), stray)| **stray && self.owners.get(launch) == Some(&worker)).count() as u64
    }

    /// Lines that stand whole more than once in reachable files.
    pub(crate) fn duplicated(&self, worker: usize) -> u64 {
        let mut copies: BTreeMap<LineKey, u64> = BTreeMap::new();
        for file in self.files.iter().filter(|file| file.unlinked.is_none()) {
            for one in file.content.iter().filter(|one| one.whole) {
                *copies.entry((one.launch, one.seq)).or_default() += 1;
            }
        }
        let mine = copies.iter().filter(|((launch, _), _)| self.owners.get(launch) == Some(&worker));
        mine.filter(|(_, copies)| **copies > 1).count() as u64
    }

    fn open(&mut self) {
        let setup = |number: usize| WorkerOpened {
            name: format!("web-{}", number + 1),
            group: "web".to_owned(),
            handler: if number == 2 { "plain" } else { "watched" }.to_owned(),
            can_reopen: number != 2,
            start: "spawn".to_owned(),
            threads: 1,
            tasks: 1,
            work: "none".to_owned(),
            inherit_file: false,
            rate: 10.0,
            path: PathBuf::from(LIVE),
            program: None,
        };
        let lab = LabOpened {
            file: None,
            folder: PathBuf::from("/lab"),
            clock: ClockSetting { mode: ClockMode::Wall, zone: None },
            workers: (0..WORKERS).map(setup).collect(),
            steps: Vec::new(),
        };
        let paths = vec![PathBuf::from("/lab")];
        self.tell(What::SessionOpened(SessionOpened { title: "world".to_owned(), paths, lab: Some(lab) }));
        self.tell(What::Lab(LabState::Running));
        for number in 0..WORKERS {
            self.writers.push(Writer { reopens: number != 2, launch: LaunchId(0), seq: 0, failed: 0, file: None });
            self.launch(number);
        }
    }

    fn tell(&mut self, what: What) {
        self.now += 1_000;
        let wall = DateTime::from_timestamp_nanos(i64::try_from(self.now).unwrap());
        self.events.push(Event { at: Moment { mono: Mono(self.now), wall }, what });
    }

    fn follow(&mut self, event: FollowEvent) {
        self.tell(What::Follow(event));
    }

    fn worker(&mut self, worker: usize, event: WorkerEvent) {
        self.tell(What::Worker { worker: WorkerId(u32::try_from(worker).unwrap()), event });
    }

    fn launch(&mut self, worker: usize) {
        let launch = LaunchId(100 + u32::try_from(self.owners.len()).unwrap());
        self.owners.insert(launch, worker);
        self.writers[worker] = Writer { launch, seq: 0, failed: 0, file: None, ..self.take(worker) };
        self.worker(worker, WorkerEvent::Launched { launch, pid: launch.0 });
        self.worker(worker, WorkerEvent::Started { start_ns: 5 });
    }

    fn take(&self, worker: usize) -> Writer {
        let Writer { reopens, launch, seq, failed, file } = self.writers[worker];
        Writer { reopens, launch, seq, failed, file }
    }

    fn act(&mut self, op: &Op) {
        match *op {
            Op::Write { worker, lines } => {
                for _ in 0..lines {
                    self.writers[worker].seq += 1;
                    self.put(worker, true);
                }
            }
            Op::WriteTorn { worker } => {
                self.writers[worker].seq += 1;
                self.put(worker, false);
            }
            Op::WriteAgain { worker, lines } => {
                let (launch, last) = (self.writers[worker].launch, self.writers[worker].seq);
                for seq in last.saturating_sub(lines) + 1..=last {
                    if self.written_whole.contains(&(launch, seq)) {
                        let file = self.file_of(worker);
                        self.append(file, launch, seq, true);
                    }
                }
            }
            Op::Refuse { worker, torn } => self.refuse(worker, torn),
            Op::Count { worker } => self.count(worker),
            Op::Look => (0..self.files.len()).for_each(|file| self.read(file)),
            Op::LookAtOne { file } => {
                if file < self.files.len() {
                    self.read(file);
                }
            }
            Op::Delete { by, exact, late } => {
                if let Some(file) = self.at(LIVE) {
                    self.delete(file, by, exact, late);
                }
            }
            Op::DeleteAside { by } => {
                let aside = |file: &File| file.name.as_ref().is_some_and(|name| name != Path::new(LIVE));
                if let Some(file) = self.files.iter().position(aside) {
                    self.delete(file, by, true, false);
                }
            }
            Op::Rename { by, late } => self.rename(by, late),
            Op::RenameBack { file } => self.rename_back(file),
            Op::Restore { file } => self.restore(file),
            Op::Replace { by } => self.replace(by),
            Op::Truncate { by, keep_lines } => self.truncate(by, keep_lines),
            Op::RollOver { worker, period, fits, told } => self.roll_over(worker, period, fits, told),
            Op::RemoveArchive { worker, ref act, exact, late, told } => {
                self.remove_archive(worker, act, (exact, late), told);
            }
            Op::Report => self.report(),
            Op::Restart { worker } => {
                self.count(worker);
                self.worker(worker, WorkerEvent::Exited { exit: Exit::Signal(9), asked: false });
                self.launch(worker);
            }
            Op::Foreign { lines } => self.foreign(lines),
            Op::Drain => self.drain(),
        }
    }

    fn drain(&mut self) {
        self.report();
        (0..self.files.len()).for_each(|file| self.read(file));
        (0..WORKERS).for_each(|worker| self.count(worker));
        self.tell(What::Drained);
    }

    fn at(&self, path: &str) -> Option<usize> {
        self.files.iter().position(|file| file.name.as_deref() == Some(Path::new(path)))
    }

    fn create(&mut self, origin: Origin) -> usize {
        self.last_id += 1;
        let id = IncarnationId(self.last_id);
        let file_id = FileId { dev: 1, ino: 100 + u64::from(self.last_id) % 5, born_ns: i64::from(self.last_id) };
        self.files.push(File {
            file_id,
            id,
            name: Some(PathBuf::from(LIVE)),
            content: Vec::new(),
            size: 0,
            start: 0,
            read: 0,
            lines_read: 0,
            on_path: true,
            unlinked: None,
            misnamed: false,
            cuts: Vec::new(),
        });
        self.follow(FollowEvent::Created {
            incarnation: id,
            file_id,
            path: PathBuf::from(LIVE),
            start_offset: 0,
            size: 0,
            origin,
            unlinked: false,
        });
        self.files.len() - 1
    }

    fn file_of(&mut self, worker: usize) -> usize {
        let here = self.at(LIVE);
        let held = self.writers[worker].file;
        if let Some(file) = held.filter(|file| !self.writers[worker].reopens || Some(*file) == here) {
            return file;
        }
        let reason = match (held, here) {
            (None, _) => OpenReason::First,
            (_, None) => OpenReason::Gone,
            _ => OpenReason::Changed,
        };
        let file = here.unwrap_or_else(|| self.create(Origin::Created));
        self.writers[worker].file = Some(file);
        let (file_id, previous) = (self.files[file].file_id, held.map(|held| self.files[held].file_id));
        let path = PathBuf::from(LIVE);
        self.worker(worker, WorkerEvent::Opened { file_id, path, previous, reason, descriptor: None });
        file
    }

    fn put(&mut self, worker: usize, whole: bool) {
        let file = self.file_of(worker);
        let (launch, seq) = (self.writers[worker].launch, self.writers[worker].seq);
        if whole {
            self.written_whole.insert((launch, seq));
        }
        self.append(file, launch, seq, whole);
    }

    fn append(&mut self, file: usize, launch: LaunchId, seq: u64, whole: bool) {
        let file = &mut self.files[file];
        let (start, end) = (file.size, file.size + 20 + seq % 7);
        file.size = end;
        file.content.push(Stretch { launch, seq, start, end, whole, stray: !file.on_path });
    }

    fn refuse(&mut self, worker: usize, torn: bool) {
        let file = self.file_of(worker);
        let writer = &mut self.writers[worker];
        writer.seq += 1;
        writer.failed += 1;
        let (launch, seq) = (writer.launch, writer.seq);
        self.refused.insert((launch, seq));
        if torn {
            self.fragments.push(((launch, seq), file));
        }
        let line = StampRun { launch, thread: 1, task: 1, first: seq, last: seq };
        let (operation, reason) = ("write".to_owned(), "no space left on device".to_owned());
        self.worker(worker, WorkerEvent::EmitFailed { line, operation, path: PathBuf::from(LIVE), reason, torn });
    }

    fn count(&mut self, worker: usize) {
        let Writer { launch, seq, failed, .. } = self.writers[worker];
        let counts = vec![TaskCount { thread: 1, task: 1, written: seq, returned: seq, failed }];
        self.worker(worker, WorkerEvent::Counted { launch, counts });
    }

    /// Reads a file to its end, in batches that straddle no cut.
    fn read(&mut self, index: usize) {
        loop {
            let file = &mut self.files[index];
            let mut lines = file.content.iter().filter(|one| one.start >= file.read).copied().peekable();
            let Some(first) = lines.peek().copied() else { return };
            let side = |end: u64| file.cuts.iter().filter(|cut| end > **cut).count();
            let lines: Vec<Stretch> = lines.take_while(|one| side(one.end) == side(first.end)).collect();
            let end = lines.last().map_or(0, |one| one.end);
            let batch = Batch {
                incarnation: file.id,
                first_line: file.lines_read,
                lines: lines.len() as u64,
                start: first.start,
                end,
                size: file.size,
                marks: vec![LineMark { line: file.lines_read, offset: first.start }],
                longest_bytes: 26,
                levels: [0, 0, u32::try_from(lines.len()).unwrap(), 0, 0, 0],
                stamps: runs(lines.iter().filter(|one| one.whole)),
                torn: runs(lines.iter().filter(|one| !one.whole)),
                fragments: 0,
                nul_bytes: 0,
            };
            file.read = end;
            file.lines_read += lines.len() as u64;
            self.follow(FollowEvent::Read(batch));
        }
    }

    /// What was read of a file from above an offset.
    fn beyond(&self, file: usize, cut: u64) -> Vec<StampRun> {
        let file = &self.files[file];
        runs(file.content.iter().filter(|one| one.whole && one.end > cut && one.end <= file.read))
    }

    /// Lines are written into a file between what happens to it and the event that tells so.
    fn meanwhile(&mut self, file: usize) {
        let holders: Vec<usize> = (0..WORKERS).filter(|worker| self.writers[*worker].file == Some(file)).collect();
        for worker in holders {
            self.writers[worker].seq += 1;
            let (launch, seq) = (self.writers[worker].launch, self.writers[worker].seq);
            self.written_whole.insert((launch, seq));
            self.append(file, launch, seq, true);
        }
    }

    fn delete(&mut self, index: usize, by: By, exact: bool, late: bool) {
        let file = &mut self.files[index];
        let path = file.name.take().unwrap();
        let cut = file.size;
        file.unlinked = Some((cut, by));
        if late {
            self.meanwhile(index);
            if exact {
                self.read(index);
            }
        }
        self.inexact |= !exact;
        let file = &self.files[index];
        let offset = if exact { cut } else { file.size };
        let (incarnation, cut) = (file.id, Cut { offset, exact });
        let beyond = self.beyond(index, offset);
        self.files[index].cuts.push(offset);
        let by = by.actor();
        self.follow(FollowEvent::Deleted { incarnation, path, cut, beyond, by, replaced: false });
    }

    fn rename(&mut self, by: By, late: bool) {
        let Some(index) = self.at(LIVE) else { return };
        self.aside += 1;
        let to = PathBuf::from(format!("/lab/moved-{}.log", self.aside));
        let cut = self.files[index].size;
        self.files[index].name = Some(to.clone());
        self.files[index].on_path = false;
        if late {
            self.meanwhile(index);
            self.read(index);
        }
        self.tell_rename(index, PathBuf::from(LIVE), to, cut, by);
    }

    fn tell_rename(&mut self, index: usize, from: PathBuf, to: PathBuf, offset: u64, by: By) {
        let beyond = self.beyond(index, offset);
        let (incarnation, cut) = (self.files[index].id, Cut { offset, exact: true });
        self.files[index].cuts.push(offset);
        self.follow(FollowEvent::Renamed { incarnation, from, to, cut, beyond, by: by.actor() });
    }

    fn rename_back(&mut self, index: usize) {
        let free = self.at(LIVE).is_none();
        let Some(file) = self.files.get_mut(index).filter(|file| free && file.name.is_some()) else { return };
        let from = file.name.replace(PathBuf::from(LIVE)).unwrap();
        let cut = file.size;
        file.on_path = true;
        self.tell_rename(index, from, PathBuf::from(LIVE), cut, By::Person);
    }

    fn restore(&mut self, index: usize) {
        let free = self.at(LIVE).is_none();
        // Everything is read before, so that nobody has to know how large the file was at that moment.
        if self.files.get(index).is_none_or(|file| file.unlinked.is_none()) {
            return;
        }
        self.read(index);
        self.report();
        self.aside += 1;
        let path = PathBuf::from(if free { LIVE.to_owned() } else { format!("/lab/back-{}.log", self.aside) });
        let file = &mut self.files[index];
        file.unlinked = None;
        file.name = Some(path.clone());
        // What was written while it had no name was written off the path only if it had been moved before that.
        file.on_path = free;
        let incarnation = file.id;
        file.cuts.push(file.size);
        self.follow(FollowEvent::Restored { incarnation, path });
    }

    fn replace(&mut self, by: By) {
        let Some(index) = self.at(LIVE) else { return };
        let file = &mut self.files[index];
        file.name = None;
        let offset = file.size;
        file.unlinked = Some((offset, by));
        file.cuts.push(offset);
        let (incarnation, cut, path) = (file.id, Cut { offset, exact: true }, PathBuf::from(LIVE));
        let beyond = Vec::new();
        self.follow(FollowEvent::Deleted { incarnation, path, cut, beyond, by: by.actor(), replaced: true });
        self.create(Origin::Replaced { previous: incarnation });
    }

    fn truncate(&mut self, by: By, keep_lines: u64) {
        let Some(index) = self.at(LIVE) else { return };
        let file = &mut self.files[index];
        let keep = usize::try_from(keep_lines).unwrap().min(file.content.len());
        // Only what was read can be known to stand.
        let kept = keep.checked_sub(1).map_or(0, |last| file.content[last].end).min(file.read);
        let (old_size, read, previous) = (file.size, file.read, file.id);
        self.unread_cut |= old_size > read;
        let cut_off: Vec<Stretch> = file.content.iter().filter(|one| one.end > kept).copied().collect();
        file.content.retain(|one| one.end <= kept);
        for one in cut_off {
            if one.whole {
                *self.gone.entry((one.launch, one.seq)).or_default() |= by != By::Worker;
            }
        }
        // A fragment has no place of its own in this world; it goes with any truncation.
        self.fragments.retain(|(_, of)| *of != index);
        let file = &mut self.files[index];
        let remaining = runs(file.content.iter());
        file.size = kept;
        file.start = kept;
        file.read = kept;
        file.lines_read = 0;
        file.cuts.clear();
        self.last_id += 1;
        file.id = IncarnationId(self.last_id);
        let (id, file_id, path) = (file.id, file.file_id, PathBuf::from(LIVE));
        let by = by.actor();
        let (incarnation, origin) = (previous, Origin::Truncated { previous });
        self.follow(FollowEvent::Truncated {
            incarnation,
            next: id,
            path: path.clone(),
            old_size,
            read,
            kept,
            remaining,
            exact: true,
            by,
        });
        let (start_offset, size, unlinked) = (kept, kept, false);
        self.follow(FollowEvent::Created { incarnation: id, file_id, path, start_offset, size, origin, unlinked });
    }

    fn roll_over(&mut self, worker: usize, period: u32, fits: Period, told: Told) {
        let Some(index) = self.at(LIVE) else { return };
        let to = PathBuf::from(format!("{LIVE}.{period}"));
        let target = self.at(&format!("{LIVE}.{period}"));
        let overwritten = target.map_or(Displaced::Nothing, |target| Displaced::File(self.files[target].file_id));
        let act = RolloverAct::Renamed { to: to.clone(), overwritten, period: fits };
        let rollover = Rollover { file_id: Some(self.files[index].file_id), from: PathBuf::from(LIVE), act };
        self.tell_around(worker, rollover, told, |world| {
            world.files[index].misnamed |= fits == Period::Later;
            if let Some(target) = target {
                world.overwrite(target);
            }
            let file = &mut world.files[index];
            let cut = file.size;
            file.name = Some(to.clone());
            file.on_path = false;
            world.tell_rename(index, PathBuf::from(LIVE), to, cut, By::Rollover);
        });
        let file = self.create(Origin::Created);
        let previous = self.writers[worker].file.replace(file).map(|held| self.files[held].file_id);
        let (file_id, path, reason) = (self.files[file].file_id, PathBuf::from(LIVE), OpenReason::Rollover);
        self.worker(worker, WorkerEvent::Opened { file_id, path, previous, reason, descriptor: None });
    }

    fn overwrite(&mut self, target: usize) {
        let file = &mut self.files[target];
        let (offset, path) = (file.size, file.name.take().unwrap());
        file.unlinked = Some((offset, By::Rollover));
        file.cuts.push(offset);
        let (incarnation, cut) = (file.id, Cut { offset, exact: true });
        let (beyond, by) = (Vec::new(), Actor::Other);
        self.follow(FollowEvent::Deleted { incarnation, path, cut, beyond, by, replaced: true });
    }

    fn remove_archive(&mut self, worker: usize, act: &RolloverAct, (exact, late): (bool, bool), told: Told) {
        let archive =
            |file: &File| file.name.as_ref().is_some_and(|name| name.to_string_lossy().starts_with("/lab/app.log."));
        let Some(index) = self.files.iter().position(archive) else { return };
        let (file_id, from) = (Some(self.files[index].file_id), self.files[index].name.clone().unwrap());
        let by = if *act == RolloverAct::Retired { By::Retention } else { By::Rollover };
        self.tell_around(worker, Rollover { file_id, from, act: act.clone() }, told, |world| {
            world.delete(index, by, exact, late);
        });
    }

    /// Tells what the follower sees of a rollover, and the worker's own word before or after that.
    fn tell_around(&mut self, worker: usize, rollover: Rollover, told: Told, seen: impl FnOnce(&mut World)) {
        if told != Told::MuchLater {
            self.report();
        }
        if told == Told::Before {
            self.worker(worker, WorkerEvent::RolledOver(rollover));
            return seen(self);
        }
        seen(self);
        self.untold.push((worker, rollover));
        if told == Told::After {
            self.report();
        }
    }

    fn report(&mut self) {
        for (worker, rollover) in std::mem::take(&mut self.untold) {
            self.worker(worker, WorkerEvent::RolledOver(rollover));
        }
    }

    /// Lines of another lab in the same file.
    fn foreign(&mut self, lines: u64) {
        let Some(file) = self.at(LIVE) else { return };
        for seq in 1..=lines {
            self.append(file, LaunchId(7), seq, true);
        }
    }
}

fn runs<'a>(lines: impl Iterator<Item = &'a Stretch>) -> Vec<StampRun> {
    let mut runs: Vec<StampRun> = Vec::new();
    for line in lines {
        match runs.iter_mut().rev().find(|run| run.launch == line.launch) {
            Some(run) if run.last + 1 == line.seq => run.last = line.seq,
            _ => runs.push(StampRun { launch: line.launch, thread: 1, task: 1, first: line.seq, last: line.seq }),
        }
    }
    runs
}
