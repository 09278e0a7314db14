//! Carries a schedule out with real files, and holds what the follower read against the model.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};
use rotascope::event::{Event, FollowEvent, IncarnationId, What};
use rotascope::follow::{Begin, FollowOptions, FollowOrder, Follower, Taker, Target};

use crate::model::{Action, Inode, Model};

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

struct World {
    folder: PathBuf,
    model: Model,
    writers: Vec<File>,
    /// Which file is at `P`, and which left it last.
    at_path: Option<usize>,
    left: Option<usize>,
    names: BTreeMap<usize, PathBuf>,
    made: u64,
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

pub(crate) fn run(schedule: &[Vec<Action>]) -> Result<(), String> {
    let end = Instant::now() + DEADLINE;
    loop {
        match run_once(schedule) {
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

fn run_once(schedule: &[Vec<Action>]) -> Result<(), Failed> {
    let memory = Path::new("/dev/shm");
    let base = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    let dir = tempfile::Builder::new().prefix("schedule-").tempdir_in(base).unwrap();
    let folder = dir.path().to_owned();
    let (taken_in, taken) = unbounded();
    let (go, go_on) = bounded(1);
    let options = FollowOptions { targets: vec![Target::Path(folder.join("P"))], stamps: false };
    let gate = Box::new(Gate { taken: taken_in, go_on });
    let follower = Follower::start_taking(options, Begin::Start, gate).unwrap();
    let mut world = World {
        folder,
        model: Model::default(),
        writers: Vec::new(),
        at_path: None,
        left: None,
        names: BTreeMap::new(),
        made: 0,
    };
    let mut read = BTreeMap::new();
    let mut truncations = 0;
    follower.send(FollowOrder::CatchUp(0));
    let mut result = take(&taken, &mut read, &mut truncations);
    for (number, group) in (1..).zip(schedule) {
        if result.is_err() {
            break;
        }
        group.iter().for_each(|action| world.act(*action));
        world.model.look();
        follower.send(FollowOrder::CatchUp(number));
        go.send(()).unwrap();
        result = take(&taken, &mut read, &mut truncations)
            .and_then(|()| Ok(compare(&world.model, &read, truncations)?))
            .map_err(|failed| match failed {
                Failed::Wrong(reason) => Failed::Wrong(format!("after group {number}: {reason}")),
                Failed::Unheard => failed,
            });
    }
    drop(go);
    result
}

fn take(
    taken: &Receiver<Taken>,
    read: &mut BTreeMap<IncarnationId, Vec<u8>>,
    truncations: &mut usize,
) -> Result<(), Failed> {
    loop {
        match taken.recv_timeout(DEADLINE) {
            Ok(Taken::Bytes(incarnation, offset, bytes)) => {
                let text = read.entry(incarnation).or_default();
                if offset != text.len() as u64 {
                    return Err(format!("#{} goes on at {offset}, not at {}", incarnation.0, text.len()).into());
                }
                text.extend_from_slice(&bytes);
            }
            Ok(Taken::Kind(kind)) => *truncations += usize::from(kind == "truncated"),
            Ok(Taken::Unheard) => return Err(Failed::Unheard),
            Ok(Taken::CaughtUp) => return Ok(()),
            Err(_) => return Err("the follower does not answer".to_owned().into()),
        }
    }
}

fn compare(model: &Model, read: &BTreeMap<IncarnationId, Vec<u8>>, truncations: usize) -> Result<(), String> {
    let mut wanted: Vec<&Vec<u8>> = model.lives.iter().filter(|life| !life.is_empty()).collect();
    let mut got: Vec<&Vec<u8>> = read.values().collect();
    wanted.sort();
    got.sort();
    if wanted != got {
        let text = |lives: &[&Vec<u8>]| -> String {
            let of = |life: &&Vec<u8>| {
                let text = String::from_utf8_lossy(life).into_owned();
                let (first, last) = (text.lines().next().unwrap_or(""), text.lines().last().unwrap_or(""));
                format!("  {first} .. {last}, {} bytes\n", life.len())
            };
            lives.iter().map(of).collect()
        };
        return Err(format!("read\n{}instead of\n{}", text(&got), text(&wanted)));
    }
    if truncations != model.truncations {
        return Err(format!("{truncations} truncations were told, {} happened", model.truncations));
    }
    Ok(())
}

impl World {
    fn act(&mut self, action: Action) {
        let path = self.folder.join("P");
        match (action, self.at_path) {
            (Action::Write(lines), at) => {
                let inode = at.unwrap_or_else(|| self.make(&path));
                self.at_path = Some(inode);
                self.write(inode, lines);
            }
            (Action::WriteOld(lines), _) => {
                if let Some(inode) = self.left {
                    self.write(inode, lines);
                }
            }
            (Action::Rename, Some(inode)) => {
                let to = self.folder.join(format!("P.{}", self.made));
                self.made += 1;
                fs::rename(&path, &to).unwrap();
                self.names.insert(inode, to);
                self.leave();
            }
            (Action::Delete, Some(inode)) => {
                fs::remove_file(&path).unwrap();
                self.model.inodes[inode].named = false;
                self.leave();
            }
            (Action::Truncate, Some(inode)) => self.empty(inode),
            (Action::Refill(lines), Some(inode)) => {
                self.empty(inode);
                self.write(inode, lines);
            }
            (Action::Replace(lines), at) => {
                let new = self.folder.join("P.new");
                let inode = self.make(&new);
                self.write(inode, lines);
                fs::rename(&new, &path).unwrap();
                if let Some(old) = at {
                    self.model.inodes[old].named = false;
                    self.leave();
                }
                self.at_path = Some(inode);
            }
            (Action::MoveBack, None) => {
                let Some((inode, name)) = self.names.pop_last() else { return };
                fs::rename(name, &path).unwrap();
                self.at_path = Some(inode);
            }
            _ => {}
        }
    }

    fn leave(&mut self) {
        self.left = self.at_path.take();
    }

    fn make(&mut self, path: &Path) -> usize {
        self.writers.push(OpenOptions::new().create_new(true).append(true).open(path).unwrap());
        self.model.inodes.push(Inode { named: true, ..Inode::default() });
        self.writers.len() - 1
    }

    fn write(&mut self, inode: usize, lines: u64) {
        let mut text = String::new();
        for _ in 0..lines {
            self.made += 1;
            text += &format!("file {inode} line {} of a log like any other\n", self.made);
        }
        self.writers[inode].write_all(text.as_bytes()).unwrap();
        self.model.inodes[inode].content.extend_from_slice(text.as_bytes());
    }

    fn empty(&mut self, inode: usize) {
        self.writers[inode].set_len(0).unwrap();
        self.model.inodes[inode].content.clear();
        self.model.inodes[inode].emptied = true;
    }
}
