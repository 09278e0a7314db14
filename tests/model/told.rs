//! Tells a model what happened, in a few words.

use std::collections::BTreeMap;
use std::path::PathBuf;

use chrono::DateTime;
use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::event::{
    Actor, Batch, Cut, Event, FileId, FollowEvent, Holding, IncarnationId, LabOpened, LaunchId, LineMark, OpenReason,
    Origin, SessionOpened, TaskCount, What, WorkerEvent, WorkerId, WorkerOpened,
};
use rotascope::model::{Model, Reach};
use rotascope::record::StampRun;

pub(crate) const LOG: &str = "/lab/app.log";
const LINE_BYTES: u64 = 30;

pub(crate) struct Told {
    pub(crate) model: Model,
    now_ms: u64,
    ends: BTreeMap<IncarnationId, (u64, u64)>,
    files: BTreeMap<IncarnationId, FileId>,
    launches: BTreeMap<u32, LaunchId>,
}

pub(crate) fn path(path: &str) -> PathBuf {
    PathBuf::from(path)
}

fn cut(offset: u64) -> Cut {
    Cut { offset, exact: true }
}

pub(crate) fn moment(ms: u64) -> Moment {
    Moment { mono: Mono((ms + 1_000) * 1_000_000), wall: DateTime::UNIX_EPOCH }
}

/// The other way round.
pub(crate) fn ms(at: Mono) -> u64 {
    at.0 / 1_000_000 - 1_000
}

impl Told {
    fn open(lab: Option<LabOpened>) -> Told {
        let mut told = Told {
            model: Model::new(),
            now_ms: 0,
            ends: BTreeMap::new(),
            files: BTreeMap::new(),
            launches: BTreeMap::new(),
        };
        let paths = vec![path("/var/log")];
        told.tell(What::SessionOpened(SessionOpened { title: "told".to_owned(), paths, lab }));
        told
    }

    /// A folder of somebody else's logs.
    pub(crate) fn foreign() -> Told {
        Told::open(None)
    }

    /// A lab with so many `watched` workers, all running.
    pub(crate) fn lab(workers: u32) -> Told {
        let setup = |number| WorkerOpened {
            name: format!("web-{}", number + 1),
            group: "web".to_owned(),
            handler: "watched".to_owned(),
            can_reopen: true,
            start: "spawn".to_owned(),
            threads: 1,
            tasks: 1,
            work: "none".to_owned(),
            inherit_file: false,
            rate: 10.0,
            path: path(LOG),
            program: None,
        };
        let mut told = Told::open(Some(LabOpened {
            file: None,
            folder: path("/lab"),
            clock: ClockSetting { mode: ClockMode::Wall, zone: None },
            workers: (0..workers).map(setup).collect(),
            steps: Vec::new(),
        }));
        (0..workers).for_each(|worker| {
            told.launched(worker);
        });
        told
    }

    pub(crate) fn at(&mut self, ms: u64) -> &mut Told {
        self.now_ms = ms;
        self
    }

    pub(crate) fn tell(&mut self, what: What) -> &mut Told {
        self.model.apply(&Event { at: moment(self.now_ms), what });
        assert!(self.model.ledger().sum_holds());
        self
    }

    pub(crate) fn follow(&mut self, event: FollowEvent) -> &mut Told {
        self.tell(What::Follow(event))
    }

    pub(crate) fn worker(&mut self, worker: u32, event: WorkerEvent) -> &mut Told {
        self.tell(What::Worker { worker: WorkerId(worker), event })
    }

    pub(crate) fn launched(&mut self, worker: u32) -> &mut Told {
        let launch = LaunchId(worker * 100 + u32::try_from(self.launches.len()).unwrap());
        self.launches.insert(worker, launch);
        self.worker(worker, WorkerEvent::Launched { launch, pid: 40 + worker });
        self.worker(worker, WorkerEvent::Started { start_ns: 1 })
    }

    fn file(&mut self, id: IncarnationId) -> FileId {
        *self.files.entry(id).or_insert(FileId { dev: 1, ino: u64::from(id.0), born_ns: 1 })
    }

    pub(crate) fn created(&mut self, id: IncarnationId, at: &str, origin: Origin) -> &mut Told {
        let file_id = self.file(id);
        let (incarnation, path, unlinked) = (id, path(at), false);
        self.follow(FollowEvent::Created { incarnation, file_id, path, start_offset: 0, size: 0, origin, unlinked })
    }

    pub(crate) fn opened(&mut self, worker: u32, id: IncarnationId, reason: OpenReason) -> &mut Told {
        let file_id = self.file(id);
        let previous = self.model.worker(WorkerId(worker)).unwrap().holds.as_ref().map(|(file, _)| *file);
        self.worker(worker, WorkerEvent::Opened { file_id, path: path(LOG), previous, reason, descriptor: None })
    }

    /// These are open for writing in programs of others, and no other ones.
    pub(crate) fn held(&mut self, ids: &[u32]) -> &mut Told {
        let held = ids.iter().map(|id| Holding {
            pid: 100 + id,
            name: "app".to_owned(),
            command: "app".to_owned(),
            descriptor: 3,
            file_id: self.file(IncarnationId(*id)),
            path: path(LOG),
            unlinked: false,
            size: 0,
        });
        let holdings = held.collect();
        self.tell(What::Held { holdings })
    }

    pub(crate) fn deleted(&mut self, id: IncarnationId, by: Actor) -> &mut Told {
        let path = self.model.incarnation(id).unwrap().path.clone().unwrap();
        let (incarnation, cut, beyond) = (id, cut(self.end(id)), Vec::new());
        self.follow(FollowEvent::Deleted { incarnation, path, cut, beyond, by, replaced: false })
    }

    pub(crate) fn renamed(&mut self, id: IncarnationId, from: &str, to: &str) -> &mut Told {
        let (incarnation, beyond, by) = (id, Vec::new(), Actor::Person);
        let (from, to, cut) = (path(from), path(to), cut(self.end(id)));
        self.follow(FollowEvent::Renamed { incarnation, from, to, cut, beyond, by })
    }

    pub(crate) fn truncated(&mut self, id: IncarnationId, next: IncarnationId, by: Actor) -> &mut Told {
        let path = self.model.incarnation(id).unwrap().path.clone().unwrap();
        let (incarnation, remaining, size) = (id, Vec::new(), self.end(id));
        let (old_size, read, kept, exact) = (size, size, 0, true);
        self.follow(FollowEvent::Truncated { incarnation, next, path, old_size, read, kept, remaining, exact, by });
        let file = self.file(id);
        self.files.insert(next, file);
        self.created(next, LOG, Origin::Truncated { previous: id })
    }

    /// Offset behind what was read.
    pub(crate) fn end(&self, id: IncarnationId) -> u64 {
        self.ends.get(&id).map_or(0, |end| end.0)
    }

    pub(crate) fn set_end(&mut self, id: IncarnationId, end: u64) -> &mut Told {
        self.ends.entry(id).or_default().0 = end;
        self
    }

    /// Lines of a worker's present launch were read.
    pub(crate) fn lines(&mut self, id: IncarnationId, worker: u32, first: u64, last: u64) -> &mut Told {
        let launch = self.launches.get(&worker).copied().unwrap_or(LaunchId(9));
        let (start, line) = self.ends.get(&id).copied().unwrap_or_default();
        let lines = last - first + 1;
        let end = start + lines * LINE_BYTES;
        let stamps = vec![StampRun { launch, thread: 1, task: 1, first, last }];
        self.read(id, line, lines, start, end, 0, stamps)
    }

    /// One line of these bytes was read.
    pub(crate) fn batch(&mut self, id: IncarnationId, start: u64, end: u64, nul_bytes: u64) -> &mut Told {
        let line = self.ends.get(&id).map_or(0, |end| end.1);
        self.read(id, line, 1, start, end, nul_bytes, Vec::new())
    }

    #[allow(clippy::too_many_arguments, reason = "the fields of a batch")]
    fn read(
        &mut self,
        incarnation: IncarnationId,
        first_line: u64,
        lines: u64,
        start: u64,
        end: u64,
        nul_bytes: u64,
        stamps: Vec<StampRun>,
    ) -> &mut Told {
        self.ends.insert(incarnation, (end, first_line + lines));
        self.follow(FollowEvent::Read(Batch {
            incarnation,
            first_line,
            lines,
            start,
            end,
            size: end,
            marks: vec![LineMark { line: first_line, offset: start }],
            longest_bytes: LINE_BYTES,
            levels: [0, 0, u32::try_from(lines).unwrap(), 0, 0, 0],
            stamps,
            torn: Vec::new(),
            fragments: 0,
            nul_bytes,
        }))
    }

    pub(crate) fn counted(&mut self, worker: u32, written: u64) -> &mut Told {
        let launch = self.launches[&worker];
        let counts = vec![TaskCount { thread: 1, task: 1, written, returned: written, failed: 0 }];
        self.worker(worker, WorkerEvent::Counted { launch, counts })
    }

    pub(crate) fn refused(&mut self, worker: u32, seq: u64) -> &mut Told {
        self.failed(worker, seq, false)
    }

    pub(crate) fn tore(&mut self, worker: u32, seq: u64) -> &mut Told {
        self.failed(worker, seq, true)
    }

    fn failed(&mut self, worker: u32, seq: u64, torn: bool) -> &mut Told {
        let line = StampRun { launch: self.launches[&worker], thread: 1, task: 1, first: seq, last: seq };
        let (operation, reason) = ("write".to_owned(), "disk full".to_owned());
        self.worker(worker, WorkerEvent::EmitFailed { line, operation, path: path(LOG), reason, torn })
    }

    pub(crate) fn reaches(&self) -> Vec<Reach> {
        self.model.incarnations().iter().map(|one| one.reach).collect()
    }
}
