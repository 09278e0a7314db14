//! Two handlers of class `verified` in one folder, while somebody deletes, moves and replaces whatever they touch, at
//! any point of their course.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use proptest::prelude::*;

use super::super::{Class, Handler, HandlerSetup, Point, Probe, Surroundings};
use super::{Seen, day};
use crate::clock::SessionClock;

/// What somebody does to the file at a path.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Delete,
    Rename,
    /// `mv new path`, with nothing in the new one.
    Replace,
    /// A copy of the name elsewhere does not make the log's readers find it.
    LinkAndDelete,
    RemoveFolder,
    MoveFolder,
    /// Somebody else makes folder and file.
    Make,
}

#[derive(Clone, Copy, Debug)]
enum Op {
    Emit(usize),
    Check(usize),
    /// The clock is set to this day of May.
    Day(u32),
    Fault(Fault),
}

fn faults() -> impl Strategy<Value = Fault> {
    use Fault::{Delete, LinkAndDelete, Make, MoveFolder, RemoveFolder, Rename, Replace};
    prop_oneof![
        3 => Just(Delete),
        2 => Just(Rename),
        2 => Just(Replace),
        1 => Just(LinkAndDelete),
        2 => Just(RemoveFolder),
        1 => Just(MoveFolder),
        1 => Just(Make),
    ]
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        8 => (0usize..2).prop_map(Op::Emit),
        2 => (0usize..2).prop_map(Op::Check),
        1 => (9u32..12).prop_map(Op::Day),
        2 => faults().prop_map(Op::Fault),
    ];
    prop::collection::vec(op, 1..40)
}

/// The disk, and what was on it when it was taken away.
struct World {
    desk: tempfile::TempDir,
    /// Lines that stood in a file with a name when somebody deleted it.
    destroyed: Vec<String>,
    moves: u32,
}

impl World {
    fn logs(&self) -> PathBuf {
        self.desk.path().join("logs")
    }

    fn aside(&mut self) -> PathBuf {
        self.moves += 1;
        self.desk.path().join("aside").join(self.moves.to_string())
    }

    fn strike(&mut self, fault: Fault, path: &Path) {
        match fault {
            Fault::Delete => self.delete(path),
            Fault::Rename => {
                let to = self.aside();
                let _ = fs::rename(path, to);
            }
            Fault::Replace => {
                let fresh = self.aside();
                File::create(&fresh).unwrap();
                self.note(path);
                let _ = fs::rename(fresh, path);
            }
            Fault::LinkAndDelete => {
                let _ = fs::hard_link(path, self.desk.path().join(format!("link-{}", self.moves)));
                self.moves += 1;
                self.delete(path);
            }
            Fault::RemoveFolder => {
                for entry in fs::read_dir(self.logs()).into_iter().flatten() {
                    self.delete(&entry.unwrap().path());
                }
                let _ = fs::remove_dir(self.logs());
            }
            Fault::MoveFolder => {
                let to = self.aside();
                let _ = fs::rename(self.logs(), to);
            }
            Fault::Make => {
                let _ = fs::create_dir(self.logs());
                let _ = File::options().append(true).create(true).open(path);
            }
        }
    }

    fn delete(&mut self, path: &Path) {
        self.note(path);
        let _ = fs::remove_file(path);
    }

    fn note(&mut self, path: &Path) {
        let text = fs::read_to_string(path).unwrap_or_default();
        self.destroyed.extend(text.lines().map(str::to_owned));
    }

    /// How often each line stands where a reader would look.
    fn reachable(&self) -> BTreeMap<String, usize> {
        let mut lines = BTreeMap::new();
        let mut folders = vec![self.logs(), self.desk.path().join("aside")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                for line in fs::read_to_string(path).unwrap().lines() {
                    *lines.entry(line.to_owned()).or_default() += 1;
                }
            }
        }
        lines
    }
}

/// Strikes at each point that a handler reaches, until nothing is left.
struct Striking<'a> {
    world: &'a Mutex<World>,
    faults: Mutex<Vec<Option<Fault>>>,
}

impl Probe for Striking<'_> {
    fn reached(&self, point: Point, path: &Path) {
        let fault = self.faults.lock().unwrap().pop().flatten();
        let path = if point == Point::FolderMissing { path.join("2026-05-09.log") } else { path.to_owned() };
        if let Some(fault) = fault {
            self.world.lock().unwrap().strike(fault, &path);
        }
    }
}

struct Play<'a> {
    handlers: [Box<dyn Handler>; 2],
    seen: Seen,
    clock: RefCell<SessionClock>,
    probe: &'a Striking<'a>,
    written: Vec<String>,
}

impl Play<'_> {
    fn around<T>(&mut self, handler: usize, act: impl FnOnce(&mut dyn Handler, &mut Surroundings<'_>) -> T) -> T {
        let clock = self.clock.borrow();
        let mut around = Surroundings {
            clock: &clock,
            line_day: None,
            observer: &mut self.seen,
            probe: self.probe,
            beginning: b"",
            called_away: &|| false,
        };
        act(self.handlers[handler].as_mut(), &mut around)
    }

    fn act(&mut self, op: Op) {
        match op {
            Op::Emit(handler) => {
                let line = format!("{handler} {}", self.written.len());
                self.around(handler, |handler, around| handler.emit(format!("{line}\n").as_bytes(), around)).unwrap();
                self.written.push(line);
            }
            Op::Check(handler) => self.around(handler, |handler, around| handler.check(around)).unwrap(),
            Op::Day(number) => *self.clock.borrow_mut() = day(number),
            Op::Fault(fault) => {
                let today = self.clock.borrow().now().format("%Y-%m-%d.log").to_string();
                let mut world = self.probe.world.lock().unwrap();
                let path = world.logs().join(today);
                world.strike(fault, &path);
            }
        }
    }
}

/// A folder for one case. Most go where files are made in memory, which is many times as fast; some go where temporary
/// files go, whose file system may give an inode number to the next file at once.
fn desk(fast: bool) -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    if fast && let Ok(desk) = tempfile::tempdir_in(memory) {
        return desk;
    }
    tempfile::tempdir().unwrap()
}

/// After the end each line stands in a reachable file, once, or stood in one when somebody deleted it.
fn play(desk: tempfile::TempDir, ops: Vec<Op>, strikes: Vec<Option<Fault>>) -> Result<(), TestCaseError> {
    fs::create_dir(desk.path().join("aside")).unwrap();
    let world = Mutex::new(World { desk, destroyed: Vec::new(), moves: 0 });
    let logs = world.lock().unwrap().logs();
    let probe = Striking { world: &world, faults: Mutex::new(strikes) };
    let build = || HandlerSetup::new(Class::Verified, logs.clone()).build(&logs);
    let (handlers, clock) = ([build(), build()], RefCell::new(day(9)));
    let mut play = Play { handlers, seen: Seen::default(), clock, probe: &probe, written: Vec::new() };
    for handler in 0..2 {
        play.around(handler, |handler, around| handler.open(around)).unwrap();
    }
    ops.into_iter().for_each(|op| play.act(op));
    for handler in 0..2 {
        play.around(handler, |handler, around| handler.close(around)).unwrap();
    }
    prop_assert!(play.seen.1.is_empty(), "dropped: {:?}", play.seen.1);
    let world = world.lock().unwrap();
    let reachable = world.reachable();
    for line in &play.written {
        let found = reachable.contains_key(line) || world.destroyed.contains(line);
        prop_assert!(found, "lost: {line:?}; reachable: {reachable:?}");
    }
    prop_assert!(reachable.values().all(|times| *times == 1), "twice: {:?}", reachable);
    Ok(())
}

fn strikes() -> impl Strategy<Value = Vec<Option<Fault>>> {
    prop::collection::vec(prop_oneof![2 => Just(None), 1 => faults().prop_map(Some)], 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn verified_loses_nothing_whatever_happens_between_two_system_calls(ops in ops(), strikes in strikes()) {
        play(desk(true), ops, strikes)?;
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn verified_loses_nothing_on_an_ordinary_disk(ops in ops(), strikes in strikes()) {
        play(desk(false), ops, strikes)?;
    }
}
