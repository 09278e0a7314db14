//! Reads paths as they grow, across everything that can happen to a file: paths in, bytes and events out.
//!
//! One thread owns all state. Notifications are hints: what is so, comes from fstat of the held descriptor and stat of
//! the path, in one reconcile routine. Descriptors are held, reads are positioned, no file is ever mapped.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, RwLock};

use crossbeam_channel::Sender;

use crate::command::FileOrder;
use crate::event::{Event, FileId, IncarnationId};

/// What to follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// One path, whether it exists yet or not.
    Path(PathBuf),
    /// Every file of a folder. The folder may vanish and come back.
    Folder(PathBuf),
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
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operated {
    /// Size of the file right after it lost its name, or right before it was cut, in bytes.
    pub size: u64,
    /// The file that was operated on.
    pub file_id: FileId,
}

/// Carries out file operations on behalf of the follower, in its thread, so that no look falls between the act and
/// its report. The follower itself never changes a file.
pub trait Operator: Send {
    /// Does it. `held` is the follower's own descriptor of what the path is believed to lead to.
    ///
    /// # Errors
    /// A sentence for the person: why nothing was done, and the remedy.
    fn operate(&mut self, order: &FileOrder, held: Option<&File>) -> Result<Operated, String>;
}

/// Reads what the view shows, from the descriptors that the follower holds. Cheap to clone, usable from any thread.
#[derive(Clone, Debug, Default)]
pub struct Texts {
    files: Arc<RwLock<HashMap<IncarnationId, Arc<File>>>>,
}

impl Texts {
    /// Reads at an offset of an incarnation; 0 is the end of the file.
    ///
    /// # Errors
    /// `NotFound` if its descriptor is not held any more, else the system's error.
    pub fn read_at(&self, incarnation: IncarnationId, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let file = self.file(incarnation).ok_or(io::ErrorKind::NotFound)?;
        crate::platform::read_at(&file, buffer, offset)
    }

    /// The held descriptor itself.
    pub fn file(&self, incarnation: IncarnationId) -> Option<Arc<File>> {
        self.files.read().ok()?.get(&incarnation).cloned()
    }

    /// Makes an incarnation readable.
    pub fn insert(&self, incarnation: IncarnationId, file: Arc<File>) {
        if let Ok(mut files) = self.files.write() {
            files.insert(incarnation, file);
        }
    }

    /// Lets go of an incarnation.
    pub fn remove(&self, incarnation: IncarnationId) {
        if let Ok(mut files) = self.files.write() {
            files.remove(&incarnation);
        }
    }
}

/// A running follower. Dropping it ends its thread.
#[derive(Debug)]
pub struct Follower {
    orders: Sender<FollowOrder>,
    texts: Texts,
}

impl Follower {
    /// Starts following. Events go into `events`, a bounded channel: when it is full the follower waits, the disk is
    /// the buffer.
    ///
    /// # Errors
    /// When the thread can't be started. Missing paths and failing watches are events, not errors.
    pub fn start(options: FollowOptions, events: Sender<Event>, operator: Box<dyn Operator>) -> io::Result<Follower> {
        let _ = (options, events, operator);
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Gives an order; never blocks.
    pub fn send(&self, order: FollowOrder) {
        let _ = self.orders.send(order);
    }

    /// Access to the text of everything that is held.
    pub fn texts(&self) -> Texts {
        self.texts.clone()
    }
}

/// Whether `path` is inside `folder` or is it.
pub fn is_within(path: &Path, folder: &Path) -> bool {
    path.starts_with(folder)
}
