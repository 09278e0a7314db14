//! What the system tells of watched folders and files, as it happens.
//!
//! Whoever waits for it hears it in the waiting thread. While that thread is at something else, another one listens in
//! its place, so that no notification grows old in the system's queue.

use std::path::PathBuf;
use std::sync::Arc;

#[cfg(not(target_os = "linux"))]
mod elsewhere;
#[cfg(target_os = "linux")]
mod inotify;
#[cfg(not(target_os = "linux"))]
pub use elsewhere::{Bell, Notices};
#[cfg(target_os = "linux")]
pub use inotify::{Bell, Notices};

/// One thing that the system tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A file or folder was made under this name, or linked to it.
    Created(PathBuf),
    /// The name went.
    Removed(PathBuf),
    /// Something came to this name by rename, from an unwatched place.
    MovedIn(PathBuf),
    /// Something went from one name to another. That the first went may have been told before.
    Moved(PathBuf, PathBuf),
    /// The content of what has this name has changed.
    Written(PathBuf),
    /// Its attributes have, or somebody who wrote to it has closed it.
    Touched(PathBuf),
    /// Notifications were dropped.
    Overflow,
    /// Why some may be missing.
    Failed(String),
}

/// By whom a notification was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ear {
    /// By the thread that waits for it.
    Own,
    /// In the place of that thread.
    Deputy,
}

/// What is done with a notification; called in their order, never twice at once.
pub type Hearer = Arc<dyn Fn(Notice, Ear) + Send + Sync>;
