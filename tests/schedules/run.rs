//! Carries a schedule out with real files, and holds what the follower read against the model.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rotascope::event::{Event, FollowEvent, IncarnationId, What};
use rotascope::follow::{Begin, FollowOptions, FollowOrder, Follower, Taker, Target};

use crate::action::Action;
use crate::model::{Generation, Model};
use crate::world::World;

/// The machine may be busy: a wait fails only after this.
const DEADLINE: Duration = Duration::from_secs(30);

enum Taken {
    Bytes(IncarnationId, u64, Vec<u8>),
    Kind(&'static str),
    Unheard,
    CaughtUp,
}

/// Passes everything on, and holds the follower still after it has caught up: it looks only when it is told to.
struct Gate {
    taken: Sender<Taken>,
    go_on: Receiver<()>,
}

impl Taker for Gate {
    fn bytes(&mut self, incarnation: IncarnationId, offset: u64, bytes: &[u8]) -> ControlFlow<()> {
        self.pass(Taken::Bytes(incarnation, offset, bytes.to_vec()))
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        let event = match event.what {
            What::Follow(event) => event,
            What::Notice { .. } => return self.pass(Taken::Unheard),
            _ => return ControlFlow::Continue(()),
        };
        if let FollowEvent::CaughtUp { .. } = event {
            self.pass(Taken::CaughtUp)?;
            return if self.go_on.recv().is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
        }
        event.kind().map_or(ControlFlow::Continue(()), |kind| self.pass(Taken::Kind(kind)))
    }
}

impl Gate {
    fn pass(&self, taken: Taken) -> ControlFlow<()> {
        if self.taken.send(taken).is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    }
}

/// What was read of one incarnation.
#[derive(Default)]
struct Life {
    text: Vec<u8>,
    /// Where each part of it begins, and the how-manieth part of all that was read it was.
    parts: Vec<(usize, usize)>,
}

/// What was read, and of how many parts it is made.
#[derive(Default)]
struct Read {
    lives: BTreeMap<IncarnationId, Life>,
    parts: usize,
}

impl Read {
    fn take_in(&mut self, incarnation: IncarnationId, offset: u64, bytes: &[u8]) -> Result<(), String> {
        let life = self.lives.entry(incarnation).or_default();
        if offset != life.text.len() as u64 {
            return Err(format!("#{} goes on at {offset}, not at {}", incarnation.0, life.text.len()));
        }
        self.parts += 1;
        life.parts.push((life.text.len(), self.parts));
        life.text.extend_from_slice(bytes);
        Ok(())
    }
}

/// How often something was told.
#[derive(Clone, Copy, Default)]
struct Told {
    truncations: usize,
    missed: usize,
}

/// How the follower is told which file to follow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Named {
    Path,
    /// By a pattern that fits no other name.
    Pattern,
}

impl Named {
    fn target(self, path: &Path) -> Target {
        match self {
            Named::Path => Target::Path(path.to_owned()),
            Named::Pattern => Target::named(&path.with_file_name("[P]"), false).unwrap(),
        }
    }
}

/// Why a schedule did not come out right.
enum Failed {
    /// The follower is wrong.
    Wrong(String),
    /// The machine gave no notifications: of what came and went nothing was heard.
    Unheard,
}

impl From<String> for Failed {
    fn from(reason: String) -> Failed {
        Failed::Wrong(reason)
    }
}

pub(crate) fn run(schedule: &[Vec<Action>], named: Named) -> Result<(), String> {
    let end = Instant::now() + DEADLINE;
    loop {
        match run_once(schedule, named) {
            Ok(()) => return Ok(()),
            Err(Failed::Wrong(reason)) => return Err(reason),
            // The system takes back slowly what it gives to each follower, and has no more than 128 at once.
            Err(Failed::Unheard) => std::thread::sleep(Duration::from_millis(50)),
        }
        if Instant::now() > end {
            return Err("the machine gives no notifications".to_owned());
        }
    }
}

fn run_once(schedule: &[Vec<Action>], named: Named) -> Result<(), Failed> {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let dir = tempfile::Builder::new().prefix("schedule-").tempdir_in(base).unwrap();
    let mut world = World::new(dir.path());
    let (taken_in, taken) = unbounded();
    let (go, go_on) = bounded(1);
    let options = FollowOptions { targets: vec![named.target(&world.path())], stamps: false };
    let gate = Box::new(Gate { taken: taken_in, go_on });
    let follower = Follower::start_taking(options, Begin::Start, gate).unwrap();
    let mut read = Read::default();
    let mut told = Told::default();
    follower.send(FollowOrder::CatchUp(0));
    let mut result = take(&taken, &mut read, &mut told);
    for (number, group) in (1..).zip(schedule) {
        if result.is_err() {
            break;
        }
        group.iter().for_each(|action| world.act(*action));
        world.look();
        follower.send(FollowOrder::CatchUp(number));
        go.send(()).unwrap();
        result = take(&taken, &mut read, &mut told).and_then(|()| Ok(compare(&world.model, &read, told)?)).map_err(
            |failed| match failed {
                Failed::Wrong(reason) => Failed::Wrong(format!("after group {number}: {reason}")),
                Failed::Unheard => failed,
            },
        );
    }
    drop(go);
    result
}

fn take(taken: &Receiver<Taken>, read: &mut Read, told: &mut Told) -> Result<(), Failed> {
    loop {
        match taken.recv_timeout(DEADLINE) {
            Ok(Taken::Bytes(incarnation, offset, bytes)) => read.take_in(incarnation, offset, &bytes)?,
            Ok(Taken::Kind("truncated")) => told.truncations += 1,
            Ok(Taken::Kind("missed")) => told.missed += 1,
            Ok(Taken::Kind(_)) => {}
            Ok(Taken::Unheard) => return Err(Failed::Unheard),
            Ok(Taken::CaughtUp) => return Ok(()),
            Err(_) => return Err("the follower does not answer".to_owned().into()),
        }
    }
}

/// Each life that was read is the beginning of one generation, and no two are of the same.
fn compare(model: &Model, read: &Read, told: Told) -> Result<(), String> {
    let generations = model.generations.iter().enumerate();
    let mut left: Vec<(usize, &Generation)> = generations.filter(|(_, one)| !one.content.is_empty()).collect();
    let mut lives = BTreeMap::new();
    for (id, life) in read.lives.iter().filter(|(_, life)| !life.text.is_empty()) {
        let text = &life.text;
        let Some(at) = left.iter().position(|(_, one)| one.content.starts_with(text)) else {
            return Err(format!("#{} has {}, which nobody wrote or which is read elsewhere", id.0, brief(text)));
        };
        let (generation, wanted) = left.swap_remove(at);
        lives.insert(generation, life);
        if !(wanted.must..=wanted.may).contains(&text.len()) {
            let (must, may) = (wanted.must, wanted.may);
            return Err(format!("#{} has {}, not {must} to {may} bytes", id.0, brief(text)));
        }
    }
    if let Some((_, unread)) = left.iter().find(|(_, one)| one.must > 0) {
        return Err(format!("{} were not read, {} must be", brief(&unread.content), unread.must));
    }
    if !model.truncations.contains(&told.truncations) {
        return Err(format!("{} truncations were told, {:?} happened", told.truncations, model.truncations));
    }
    if !model.missed.contains(&told.missed) {
        return Err(format!("{} files were told as missed, {:?} were", told.missed, model.missed));
    }
    judge_order(model, &lives)
}

/// What a life had when the next began at `P` is read before the first byte of that. `lives` are by their generations.
fn judge_order(model: &Model, lives: &BTreeMap<usize, &Life>) -> Result<(), String> {
    for (generation, life) in lives {
        let generation = &model.generations[*generation];
        let ordered = |one: &usize| !generation.unordered && !model.generations[*one].unordered;
        let before = generation.before.iter().rev().filter(|(one, _)| ordered(one));
        let last = before.clone().find_map(|(one, had)| Some((lives.get(one)?, *had)));
        let Some((last, had)) = last else { continue };
        let late = last.parts.iter().rfind(|(offset, _)| *offset < had);
        if let (Some((offset, late)), Some((_, first))) = (late, life.parts.first())
            && late > first
        {
            let (next, one) = (brief(&life.text), brief(&last.text));
            return Err(format!("{next} was begun before {one} had been read from {offset} to {had}"));
        }
    }
    Ok(())
}

fn brief(text: &[u8]) -> String {
    let lines = String::from_utf8_lossy(text);
    let (first, last) = (lines.lines().next().unwrap_or(""), lines.lines().last().unwrap_or(""));
    format!("`{first}` .. `{last}`, {} bytes,", text.len())
}
