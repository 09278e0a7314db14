//! A follower that looks only when it is told to: whatever happens between two looks it finds all at once.

use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};
use rotascope::event::{Event, FollowEvent, IncarnationId, What};
use rotascope::follow::{Begin, FollowOptions, FollowOrder, Follower, Taker, Target};

use super::DEADLINE;

/// What came, in its order.
#[derive(Default)]
struct Log {
    bytes: Vec<(IncarnationId, Vec<u8>)>,
    events: Vec<FollowEvent>,
}

/// Keeps what comes, and holds the follower still after each answer.
struct Gate {
    log: Arc<Mutex<Log>>,
    at_bytes: Arc<AtomicBool>,
    answers: Sender<()>,
    go_on: Receiver<()>,
}

impl Taker for Gate {
    fn bytes(&mut self, incarnation: IncarnationId, _: u64, bytes: &[u8]) -> ControlFlow<()> {
        self.log.lock().unwrap().bytes.push((incarnation, bytes.to_vec()));
        if self.at_bytes.swap(false, Ordering::SeqCst) { self.stand() } else { ControlFlow::Continue(()) }
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        let What::Follow(event) = event.what else { return ControlFlow::Continue(()) };
        let asked = matches!(event, FollowEvent::CaughtUp { .. });
        self.log.lock().unwrap().events.push(event);
        if asked { self.stand() } else { ControlFlow::Continue(()) }
    }
}

impl Gate {
    fn stand(&self) -> ControlFlow<()> {
        let over = self.answers.send(()).is_err() || self.go_on.recv().is_err();
        if over { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

pub struct Stepped {
    // Dropped before the follower, which waits for it.
    go: Sender<()>,
    answers: Receiver<()>,
    log: Arc<Mutex<Log>>,
    at_bytes: Arc<AtomicBool>,
    follower: Follower,
    dir: tempfile::TempDir,
}

impl Stepped {
    /// Follows files of a folder that are named, or that fit a pattern, or the folder. It has looked once, and stands still.
    pub fn follow(dir: tempfile::TempDir, names: &[&str]) -> Stepped {
        let (answer, answers) = unbounded();
        let (go, go_on) = unbounded();
        let log = Arc::<Mutex<Log>>::default();
        let targets = names.iter().map(|name| Target::named(&dir.path().join(name), false).unwrap()).collect();
        let at_bytes = Arc::<AtomicBool>::default();
        let gate = Gate { log: Arc::clone(&log), at_bytes: Arc::clone(&at_bytes), answers: answer, go_on };
        let options = FollowOptions { targets, stamps: false };
        let follower = Follower::start_taking(options, Begin::Start, Box::new(gate)).unwrap();
        let stepped = Stepped { go, answers, log, at_bytes, follower, dir };
        stepped.hold();
        stepped
    }

    /// Follows `P` in a fresh folder.
    pub fn of_path() -> Stepped {
        Stepped::follow(super::stage(), &["P"])
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn append(&self, name: &str, lines: &[String]) {
        super::append(&self.path(name), lines);
    }

    pub fn rename(&self, from: &str, to: &str) {
        fs::rename(self.path(from), self.path(to)).unwrap();
    }

    /// Lets it look and read until nothing moves.
    pub fn look(&self) {
        self.go.send(()).unwrap();
        self.hold();
    }

    /// Lets it look, and read until the first bytes come: in the midst of that it stands still.
    pub fn look_until_bytes(&self) {
        self.at_bytes.store(true, Ordering::SeqCst);
        self.go.send(()).unwrap();
        self.await_answer();
    }

    /// Lets it work by itself until something is so.
    pub fn run_until(&self, what: &str, patience: Duration, so: impl Fn() -> bool) {
        self.go.send(()).unwrap();
        let end = Instant::now() + patience;
        while !so() {
            assert!(Instant::now() < end, "waited in vain: {what}\n{}", self.report());
            std::thread::sleep(Duration::from_millis(20)); // poll
        }
        self.hold();
    }

    fn hold(&self) {
        self.follower.send(FollowOrder::CatchUp(0));
        self.await_answer();
    }

    fn await_answer(&self) {
        self.answers.recv_timeout(DEADLINE).unwrap_or_else(|_| panic!("no answer\n{}", self.report()));
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap()
    }

    pub fn events(&self) -> Vec<FollowEvent> {
        self.log().events.clone()
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.log().events.iter().filter_map(FollowEvent::kind).collect()
    }

    /// Which incarnation was said to be in which archive.
    pub fn archived(&self) -> Vec<(u32, String)> {
        let told = self.events().into_iter().filter_map(|event| match event {
            FollowEvent::Archived { incarnation, path } => Some((incarnation.0, name_of(&path))),
            _ => None,
        });
        told.collect()
    }

    /// What was read, in its order. No line goes on in another incarnation.
    pub fn text(&self) -> String {
        let log = self.log();
        String::from_utf8(log.bytes.iter().flat_map(|(_, bytes)| bytes.clone()).collect()).unwrap()
    }

    /// What was read of one incarnation.
    pub fn text_of(&self, incarnation: u32) -> String {
        self.text_where(|of| of.0 == incarnation)
    }

    /// What was read of all the incarnations that came to a path.
    pub fn text_at(&self, name: &str) -> String {
        let created = self.events().into_iter().filter_map(|event| match event {
            FollowEvent::Created { incarnation, path, .. } => Some((incarnation, name_of(&path))),
            _ => None,
        });
        let created: BTreeMap<IncarnationId, String> = created.collect();
        self.text_where(|of| created.get(&of).is_some_and(|at| at == name))
    }

    fn text_where(&self, of: impl Fn(IncarnationId) -> bool) -> String {
        let log = self.log();
        let bytes = log.bytes.iter().filter(|(incarnation, _)| of(*incarnation)).flat_map(|(_, bytes)| bytes.clone());
        String::from_utf8(bytes.collect()).unwrap()
    }

    pub fn report(&self) -> String {
        let log = self.log();
        let told = log.events.iter().filter(|event| event.kind().is_some());
        let told: Vec<String> = told.map(|event| format!("{event:?}")).collect();
        let read = log.bytes.iter().map(|(of, bytes)| format!("#{}: {} bytes", of.0, bytes.len()));
        let read: Vec<String> = read.collect();
        format!("--- told:\n{}\n--- read:\n{}", told.join("\n"), read.join("\n"))
    }

    #[track_caller]
    pub fn assert_text(&self, parts: &[&[String]]) {
        self.assert_same("all", &self.text(), parts);
    }

    #[track_caller]
    pub fn assert_text_at(&self, name: &str, parts: &[&[String]]) {
        self.assert_same(name, &self.text_at(name), parts);
    }

    #[track_caller]
    fn assert_same(&self, what: &str, text: &str, parts: &[&[String]]) {
        let wanted = super::concat(parts).concat();
        if text != wanted {
            let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<String>>();
            let (got, want) = (lines(text), lines(&wanted));
            let at = got.iter().zip(&want).take_while(|(one, other)| one == other).count();
            let (count, of) = (got.len(), want.len());
            panic!(
                "{what}: line {at} is {:?}, not {:?}; {count} of {of}\n{}",
                got.get(at),
                want.get(at),
                self.report()
            );
        }
    }
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
