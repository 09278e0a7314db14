//! A sign among the notifications: whoever has heard it has heard all that happened before.
//!
//! The system tells what happens in its order, and the watcher's own thread hears of it some time later. Nothing that
//! is asked of that thread says how far it has come; a notification that one has caused oneself does.

use std::fs::File;
use std::path::PathBuf;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, bounded};

use crate::platform;

/// A machine under load may take its time. What is heard later is looked at later.
const PATIENCE: Duration = Duration::from_secs(2);

/// A file without a name, which is watched like the followed ones.
#[derive(Debug)]
pub(super) struct Sign {
    file: File,
    heard: Receiver<()>,
}

/// What the listener knows of it.
#[derive(Debug)]
pub(super) struct Listening {
    path: PathBuf,
    hear: Sender<()>,
}

impl Listening {
    /// Whether a notification is the sign: it is no hint. It may be among those that were dropped.
    pub(super) fn hears(&self, event: &notify::Event) -> bool {
        let heard = event.paths.first() == Some(&self.path);
        if heard || event.need_rescan() {
            // Of the last that was dropped is told last. Full means that it was heard.
            let _ = self.hear.try_send(());
        }
        heard
    }
}

impl Sign {
    /// None where no such file can be made.
    pub(super) fn new() -> Option<(Sign, Listening)> {
        let file = tempfile::tempfile().ok()?;
        let (hear, heard) = bounded(1);
        let path = platform::path_of_open(&file);
        Some((Sign { file, heard }, Listening { path, hear }))
    }

    /// Under which name it is to be watched.
    pub(super) fn path(&self) -> PathBuf {
        platform::path_of_open(&self.file)
    }

    /// Gives the sign and waits until it is heard. False if that takes too long.
    pub(super) fn give(&self) -> bool {
        let _ = self.heard.try_recv();
        platform::write_at(&self.file, b"!", 0).is_ok() && self.heard.recv_timeout(PATIENCE).is_ok()
    }
}
