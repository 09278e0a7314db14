//! Everything that differs between systems, behind one interface. What stands here is for Linux, macOS and the other
//! Unixes; it has run so far on Linux only.

use serde::{Deserialize, Serialize};

#[cfg(unix)]
mod children;
#[cfg(unix)]
mod descriptors;
#[cfg(unix)]
mod displace;
#[cfg(unix)]
mod fork;
#[cfg(unix)]
mod identity;
mod lock;
#[cfg(unix)]
mod marked;
#[cfg(unix)]
mod names;
mod notices;
#[cfg(unix)]
mod open_files;
#[cfg(unix)]
mod pipes;
#[cfg(unix)]
mod signals;
mod threads;
#[cfg(unix)]
mod time;

#[cfg(unix)]
pub use children::*;
#[cfg(unix)]
pub use descriptors::*;
#[cfg(unix)]
pub use displace::*;
#[cfg(unix)]
pub use fork::*;
#[cfg(unix)]
pub use identity::*;
pub use lock::*;
#[cfg(unix)]
pub use marked::*;
#[cfg(unix)]
pub use names::*;
pub use notices::*;
#[cfg(unix)]
pub use open_files::*;
#[cfg(unix)]
pub use pipes::*;
#[cfg(unix)]
pub use signals::*;
pub use threads::*;
#[cfg(unix)]
pub use time::*;

/// What tells one file from every other, the next user of its inode number included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FileId {
    /// The device that holds the file.
    pub dev: u64,
    /// The inode number. ext4 gives it to the next file at once.
    pub ino: u64,
    /// Birth time in nanoseconds since 1970; 0 where the file system keeps none.
    pub born_ns: i64,
}

/// What has lost its name to a rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Displaced {
    /// The name was free.
    Nothing,
    /// This file.
    File(FileId),
    /// Some file: which one can't be known.
    Unknown,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
}
