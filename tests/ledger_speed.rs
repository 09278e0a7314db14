//! What the fold costs: many lines in order, and many deletions. The limits are far above what it takes, far below what a
//! quadratic fold would take; `--nocapture` prints the figures.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::DateTime;
use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::event::{
    Actor, Batch, Cut, Event, FileId, FollowEvent, IncarnationId, LabOpened, LaunchId, LineMark, OpenReason, Origin,
    SessionOpened, TaskCount, What, WorkerEvent, WorkerId, WorkerOpened,
};
use rotascope::model::Model;
use rotascope::record::StampRun;

const TASKS: u32 = 8;

struct Feed {
    model: Model,
    now: u64,
    seq: u64,
}

impl Feed {
    fn new() -> Feed {
        let setup = |number: u32| WorkerOpened {
            name: format!("web-{}", number + 1),
            group: "web".to_owned(),
            handler: "watched".to_owned(),
            can_reopen: true,
            start: "spawn".to_owned(),
            threads: 1,
            tasks: 1,
            work: "none".to_owned(),
            inherit_file: false,
            rate: 0.0,
            path: path(),
            program: None,
        };
        let lab = LabOpened {
            file: None,
            folder: PathBuf::from("/lab"),
            clock: ClockSetting { mode: ClockMode::Wall, zone: None },
            workers: (0..TASKS).map(setup).collect(),
            steps: Vec::new(),
        };
        let mut feed = Feed { model: Model::new(), now: 1, seq: 0 };
        let (title, paths) = ("speed".to_owned(), Vec::new());
        feed.tell(What::SessionOpened(SessionOpened { title, paths, lab: Some(lab) }));
        for number in 0..TASKS {
            feed.worker(number, WorkerEvent::Launched { launch: LaunchId(number), pid: number + 1 });
            feed.worker(number, WorkerEvent::Started { start_ns: 1 });
        }
        feed
    }

    fn tell(&mut self, what: What) {
        self.now += 100_000;
        let at = Moment { mono: Mono(self.now), wall: DateTime::UNIX_EPOCH };
        self.model.apply(&Event { at, what });
    }

    fn worker(&mut self, worker: u32, event: WorkerEvent) {
        self.tell(What::Worker { worker: WorkerId(worker), event });
    }

    fn create(&mut self, id: u32, previous: Option<FileId>) -> FileId {
        let file_id = FileId { dev: 1, ino: u64::from(id), born_ns: i64::from(id) };
        let (incarnation, origin) = (IncarnationId(id), Origin::Created);
        let created = FollowEvent::Created {
            incarnation,
            file_id,
            path: path(),
            start_offset: 0,
            size: 0,
            origin,
            unlinked: false,
        };
        self.tell(What::Follow(created));
        let reason = if previous.is_some() { OpenReason::Gone } else { OpenReason::First };
        for number in 0..TASKS {
            let opened = WorkerEvent::Opened { file_id, path: path(), previous, reason, descriptor: None };
            self.worker(number, opened);
        }
        file_id
    }

    /// `lines` lines of each task, in one batch.
    fn batch(&mut self, id: u32, first_line: u64, start: u64, lines: u64) {
        let (first, last) = (self.seq + 1, self.seq + lines);
        self.seq = last;
        let stamps =
            (0..TASKS).map(|number| StampRun { launch: LaunchId(number), thread: 1, task: 1, first, last }).collect();
        let all = lines * u64::from(TASKS);
        self.tell(What::Follow(FollowEvent::Read(Batch {
            incarnation: IncarnationId(id),
            first_line,
            lines: all,
            start,
            end: start + all * 80,
            size: start + all * 80,
            marks: vec![LineMark { line: first_line, offset: start }],
            longest_bytes: 80,
            levels: [0, 0, u32::try_from(all).unwrap(), 0, 0, 0],
            stamps,
            torn: Vec::new(),
            fragments: 0,
            nul_bytes: 0,
        })));
    }

    fn count(&mut self) {
        for number in 0..TASKS {
            let counts = vec![TaskCount { thread: 1, task: 1, written: self.seq, returned: self.seq, failed: 0 }];
            self.worker(number, WorkerEvent::Counted { launch: LaunchId(number), counts });
        }
    }
}

fn path() -> PathBuf {
    PathBuf::from("/lab/app.log")
}

#[test]
fn lines_in_order_cost_nearly_nothing() {
    let mut feed = Feed::new();
    feed.create(1, None);
    let began = Instant::now();
    // Ten seconds of a million lines a second, in small batches.
    for n in 0..20_000u64 {
        feed.batch(1, n * 496, n * 496 * 80, 62);
        if n % 200 == 0 {
            feed.count();
        }
    }
    let took = began.elapsed();
    println!("10 s of {} lines/s folded in {took:?}", feed.model.ledger().total().written / 10);
    assert_eq!(feed.model.ledger().total().present, 20_000 * 62 * u64::from(TASKS));
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn deletions_do_not_add_up() {
    let mut feed = Feed::new();
    let mut file = None;
    let (mut first, mut last) = (Duration::ZERO, Duration::ZERO);
    for id in 1..=3_000u32 {
        let began = Instant::now();
        file = Some(feed.create(id, file));
        feed.batch(id, 0, 0, 10);
        feed.count();
        let offset = 80 * 10 * u64::from(TASKS);
        let (cut, beyond, by) = (Cut { offset, exact: true }, Vec::new(), Actor::Person);
        let incarnation = IncarnationId(id);
        feed.tell(What::Follow(FollowEvent::Deleted { incarnation, path: path(), cut, beyond, by, replaced: false }));
        // One more line of each into the file that has no name.
        feed.batch(id, 80, offset, 1);
        match id {
            1..=600 => first += began.elapsed(),
            2_401.. => last += began.elapsed(),
            _ => {}
        }
    }
    println!("600 deletions of 8 writers' file: {first:?}; the same after 2,400 others: {last:?}");
    let total = feed.model.ledger().total();
    assert_eq!((total.destroyed, total.lost), (3_000 * 10 * u64::from(TASKS), 3_000 * u64::from(TASKS)));
    assert!(first < Duration::from_secs(3) && last < Duration::from_secs(10), "{first:?} {last:?}");
}
