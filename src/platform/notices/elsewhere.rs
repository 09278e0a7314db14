//! Where there is no inotify: what the crate `notify` hears in a thread of its own.

use std::io;
use std::path::Path;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecursiveMode, Watcher};

use super::{Ear, Hearer, Notice};

/// Ends the waiting for notifications, from any thread.
#[derive(Clone, Debug)]
pub struct Bell {
    rings: Sender<()>,
    rung: Receiver<()>,
}

impl Bell {
    /// A bell that was not rung.
    ///
    /// # Errors
    /// None here.
    pub fn new() -> io::Result<Bell> {
        let (rings, rung) = bounded(1);
        Ok(Bell { rings, rung })
    }

    /// Ends the waiting, or the next one.
    pub fn ring(&self) {
        // Full means that it rings.
        let _ = self.rings.try_send(());
    }

    /// Waits for the bell alone. False if the time was up.
    pub fn wait(&self, most: Duration) -> bool {
        self.rung.recv_timeout(most).is_ok()
    }
}

/// The watches, and the way by which their notifications come.
pub struct Notices {
    watcher: notify::RecommendedWatcher,
    bell: Bell,
}

impl Notices {
    /// Nothing is watched yet. What is heard rings the bell.
    ///
    /// # Errors
    /// The system's.
    pub fn new(bell: Bell, hearer: Hearer) -> io::Result<Notices> {
        let rings = bell.clone();
        let hear = move |result: notify::Result<notify::Event>| {
            if let Some(notice) = notice_of(result) {
                hearer(notice, Ear::Deputy);
                rings.ring();
            }
        };
        let watcher = notify::recommended_watcher(hear).map_err(io::Error::other)?;
        Ok(Notices { watcher, bell })
    }

    /// Watches a folder, or a file.
    ///
    /// # Errors
    /// The system's: it is not there, or there are too many watches.
    pub fn watch(&mut self, path: &Path) -> io::Result<()> {
        self.watcher.watch(path, RecursiveMode::NonRecursive).map_err(io::Error::other)
    }

    /// Ends a watch. Without one nothing happens.
    pub fn unwatch(&mut self, path: &Path) {
        let _ = self.watcher.unwatch(path);
    }

    /// Waits until something was heard, or the bell rings, or the time is up: then it is false.
    pub fn wait(&self, most: Duration) -> bool {
        self.bell.rung.recv_timeout(most).is_ok()
    }

    /// What has come was heard by the crate's own thread; nothing says how far that is.
    pub fn hear(&self) {}
}

fn notice_of(result: notify::Result<notify::Event>) -> Option<Notice> {
    let event = match result {
        Ok(event) => event,
        Err(error) => return Some(Notice::Failed(error.to_string())),
    };
    // An overflow has no path at all.
    if event.need_rescan() {
        return Some(Notice::Overflow);
    }
    let mut paths = event.paths.into_iter();
    let path = paths.next()?;
    match event.kind {
        EventKind::Access(AccessKind::Close(AccessMode::Write)) => Some(Notice::Touched(path)),
        // Opening and reading is what Rotascope itself does.
        EventKind::Access(_) => None,
        EventKind::Create(_) => Some(Notice::Created(path)),
        EventKind::Remove(_) | EventKind::Modify(ModifyKind::Name(RenameMode::From)) => Some(Notice::Removed(path)),
        EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => Some(Notice::Moved(path, paths.next()?)),
        EventKind::Modify(ModifyKind::Name(_)) => Some(Notice::MovedIn(path)),
        EventKind::Modify(ModifyKind::Data(_)) => Some(Notice::Written(path)),
        _ => Some(Notice::Touched(path)),
    }
}
