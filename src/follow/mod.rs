//! Reads paths as they grow, across everything that can happen to a file: paths in, bytes and events out.
//!
//! One thread owns all state. Notifications are hints: what is so, comes from fstat of the held descriptor and stat of
//! the path, in one reconcile routine. Descriptors are held, reads are positioned, no file is ever mapped.
//!
//! `watch` turns notifications into `hints`; `look` compares names with identities, `moved` says what went where,
//! `arrive` what came, `folder` and `list` what is followed, `pattern` by which names, `series` what continues what;
//! `read` reads every held descriptor on, `cut` has what a truncation ends and begins, `sizes` has what they took
//! unread; `lines` cuts bytes into lines, `summing` sums them up, `holes` are what nobody wrote, `encoding` finds out
//! what they mean, `ages` who of `sequences` wrote them; `fingerprint` and `checks` are what is kept of a content and
//! `known` tells it again by that; `repeats` finds content that was carried over, `copies` what was copied before a
//! cut, `archives` what was rotated away unseen or compressed, `older` what was there before, `packing` unpacks it,
//! `belongs` tells by names whose it is, `links` what befell a path that is one; `trail` asks the names that were
//! heard, `stays` in which order files stood at a path, `missed` what came and went and can be read nowhere; `wall` are
//! jumps of the clock; `keep` decides which descriptors are closed, `parked` knows the files without them; `operate`
//! carries out orders between two looks; `take` hands bytes on as they are read; `run` is the loop around them, in
//! which files that only grow are read before anything is looked at.

mod ages;
mod archives;
mod arrive;
mod belongs;
mod checks;
mod copies;
mod cut;
mod encoding;
mod fingerprint;
mod folder;
mod hints;
mod holes;
mod keep;
mod known;
mod life;
mod lines;
mod links;
mod list;
mod look;
mod missed;
mod moved;
mod older;
mod operate;
mod packing;
mod parked;
mod pattern;
mod read;
mod repeats;
mod run;
mod sabotage;
mod sequences;
mod series;
mod sizes;
mod stamps;
mod state;
mod stays;
mod summing;
mod take;
mod trail;
mod wall;
mod watch;

pub use pattern::{FileSet, TargetError};
pub use take::{Begin, Taker};

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};
use std::thread::JoinHandle;

use crossbeam_channel::{Sender, bounded, unbounded};

use crate::command::FileOrder;
use crate::event::{Event, FileId, IncarnationId, LaunchId};
use crate::platform::Bell;
use crate::record::Sequence;

/// What to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One path, whether it exists yet or not. If a folder comes to stand there before any file, it is followed as one.
    Path(PathBuf),
    /// Every file of a folder. The folder may vanish and come back.
    Folder(PathBuf),
    /// The files of a folder, and of its subfolders if that was asked for, whose names fit a pattern.
    Files(FileSet),
}

/// How to follow.
#[derive(Clone, Debug)]
pub struct FollowOptions {
    /// What to follow.
    pub targets: Vec<Target>,
    /// Whether lines bear stamps that are to be judged: a lab's do.
    pub stamps: bool,
}

/// An order to the follower's thread. Orders are carried out in turn, between two looks.
#[derive(Debug)]
pub enum FollowOrder {
    /// Look at everything now.
    Look,
    /// Look and read until nothing moves, then answer with `CaughtUp`.
    CatchUp(u64),
    /// A program is about to be started. Look and read until nothing moves, as all of that is of its launches before;
    /// from then on lines without a stamp that fit the pattern are of this launch. Then answer with `CaughtUp`.
    Launch {
        /// How its lines are known; without it they are not counted.
        sequence: Option<Sequence>,
        /// This start.
        launch: LaunchId,
        /// The number in the answer.
        request: u64,
    },
    /// Carry out a file operation between two looks, and report it with its exact size.
    Operate(FileOrder),
    /// A worker holds this file; get hold of it too, by its path or by the worker's descriptor.
    HeldByWorker {
        /// The process.
        pid: u32,
        /// Its descriptor's number.
        descriptor: Option<i32>,
        /// The path by which it was opened.
        path: PathBuf,
        /// Which file it is.
        file_id: FileId,
    },
    /// Close the descriptor of an incarnation.
    Release(IncarnationId),
    /// End.
    Stop,
}

/// What an operation did, as measured in the act.
#[derive(Debug)]
pub struct Operated {
    /// Size of the file right after it lost its name, or right before it was cut, in bytes.
    pub size: u64,
    /// The file that was operated on.
    pub file_id: FileId,
    /// That file, opened before, if the follower held none: a writer may have made it after the last look, and where it
    /// has lost its name nobody else will ever see it.
    pub unseen: Option<File>,
}

/// A file that lost its last name when its folder was removed.
#[derive(Debug)]
pub struct Removed {
    /// The name.
    pub path: PathBuf,
    /// The file, opened before that.
    pub file: File,
    /// Its size right after that, in bytes.
    pub size: u64,
}

/// Carries out file operations on behalf of the follower, in its thread, so that no look falls between the act and
/// its report. The follower itself never changes a file.
pub trait Operator: Send {
    /// Does it. `held` is the follower's own descriptor of what the path is believed to lead to.
    ///
    /// # Errors
    /// A sentence for the person: why nothing was done, and the remedy.
    fn operate(&mut self, order: &FileOrder, held: Option<&File>) -> Result<Operated, String>;

    /// Removes a folder with all that is in it. Files that became nameless by that are added to `removed`, also if it
    /// fails in the end: among them those that a writer made only meanwhile, which nobody else has ever seen.
    ///
    /// # Errors
    /// A sentence for the person.
    fn remove_folder(&mut self, order: &FileOrder, removed: &mut Vec<Removed>) -> Result<(), String> {
        let _ = removed;
        Err(format!("{}: no folder is removed here", order.path.display()))
    }
}

/// Reads what the view shows, from the descriptors that the follower holds. Cheap to clone, usable from any thread.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    files: Arc<RwLock<HashMap<IncarnationId, Held>>>,
}

#[derive(Clone, Debug)]
struct Held {
    file: Arc<File>,
    /// Where this life's bytes end for good: beyond it stands what a later life wrote into the same file.
    limit: u64,
}

impl Texts {
    /// Reads at an offset of an incarnation; 0 is the end of the file.
    ///
    /// # Errors
    /// `NotFound` if its descriptor is not held any more, or if a truncation took the bytes; else the system's error.
    pub fn read_at(&self, incarnation: IncarnationId, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let held = self.held(incarnation).ok_or(io::ErrorKind::NotFound)?;
        let left = held.limit.saturating_sub(offset);
        if left == 0 {
            return Err(io::ErrorKind::NotFound.into());
        }
        let wanted = usize::try_from(left).map_or(buffer.len(), |left| left.min(buffer.len()));
        crate::platform::read_at(&held.file, &mut buffer[..wanted], offset)
    }

    /// The held descriptor itself.
    pub fn file(&self, incarnation: IncarnationId) -> Option<Arc<File>> {
        self.held(incarnation).map(|held| held.file)
    }

    /// Makes an incarnation readable.
    pub fn insert(&self, incarnation: IncarnationId, file: Arc<File>) {
        if let Ok(mut files) = self.files.write() {
            files.insert(incarnation, Held { file, limit: u64::MAX });
        }
    }

    /// From now on only the bytes below `limit` are this incarnation's: a truncation ended it.
    pub fn limit(&self, incarnation: IncarnationId, limit: u64) {
        if let Ok(mut files) = self.files.write()
            && let Some(held) = files.get_mut(&incarnation)
        {
            held.limit = held.limit.min(limit);
        }
    }

    /// Lets go of everything: another session begins.
    pub fn clear(&self) {
        if let Ok(mut files) = self.files.write() {
            files.clear();
        }
    }

    /// Lets go of a file, under all the incarnations that it has been.
    pub(super) fn remove_file(&self, file: &Arc<File>) {
        if let Ok(mut files) = self.files.write() {
            files.retain(|_, held| !Arc::ptr_eq(&held.file, file));
        }
    }

    /// Lets go of an incarnation.
    pub fn remove(&self, incarnation: IncarnationId) {
        if let Ok(mut files) = self.files.write() {
            files.remove(&incarnation);
        }
    }

    fn held(&self, incarnation: IncarnationId) -> Option<Held> {
        self.files.read().ok()?.get(&incarnation).cloned()
    }
}

/// A running follower. Dropping it ends its thread, promptly even if nobody takes its events any more.
#[derive(Debug)]
pub struct Follower {
    orders: Sender<FollowOrder>,
    texts: Texts,
    stop: Sender<()>,
    bell: Bell,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    /// Starts following. Events go into `events`, a bounded channel: when it is full the follower waits, the disk is
    /// the buffer.
    ///
    /// # Errors
    /// When the thread can't be started. Missing paths and failing watches are events, not errors.
    pub fn start(options: FollowOptions, events: Sender<Event>, operator: Box<dyn Operator>) -> io::Result<Follower> {
        Follower::start_into(Texts::default(), options, events, operator)
    }

    /// The same, with the descriptors registered where somebody already looks for them.
    ///
    /// # Errors
    /// As for [`Follower::start`].
    pub fn start_into(
        texts: Texts,
        options: FollowOptions,
        events: Sender<Event>,
        operator: Box<dyn Operator>,
    ) -> io::Result<Follower> {
        let (stop, stopped) = bounded(1);
        let outlet = state::Outlet::new(events, stopped);
        let state = state::State::new(options, outlet, texts.clone(), operator)?;
        Follower::run(state, texts, stop)
    }

    /// Starts following for whoever takes the bytes themselves, from where in each file they are wanted.
    ///
    /// # Errors
    /// As for [`Follower::start`].
    pub fn start_taking(options: FollowOptions, begin: Begin, taker: Box<dyn Taker>) -> io::Result<Follower> {
        let (stop, stopped) = bounded(1);
        let outlet = state::Outlet::taking(taker, stopped);
        let texts = Texts::default();
        let mut state = state::State::new(options, outlet, texts.clone(), Box::new(take::ReadsOnly))?;
        state.begin = begin;
        Follower::run(state, texts, stop)
    }

    fn run(state: state::State, texts: Texts, stop: Sender<()>) -> io::Result<Follower> {
        let (orders, to_obey) = unbounded();
        let bell = state.watch.bell();
        let thread = std::thread::Builder::new().name("follower".to_owned()).spawn(move || state.run(&to_obey))?;
        Ok(Follower { orders, texts, stop, bell, thread: Some(thread) })
    }

    /// Gives an order; never blocks.
    pub fn send(&self, order: FollowOrder) {
        if matches!(order, FollowOrder::Stop) {
            // Past the queue of orders: the thread may be waiting for room among the events.
            let _ = self.stop.try_send(());
        }
        let _ = self.orders.send(order);
        self.bell.ring();
    }

    /// Access to the text of everything that is held.
    pub fn texts(&self) -> Texts {
        self.texts.clone()
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.send(FollowOrder::Stop);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether `path` is inside `folder` or is it.
pub fn is_within(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder)
}
