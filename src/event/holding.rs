//! Who holds which file open.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::FileId;

/// A process that can write to a file of the session, as the system tells it: seen from outside, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holding {
    /// The process.
    pub pid: u32,
    /// The program's short name.
    pub name: String,
    /// Its command line.
    pub command: String,
    /// The number of its descriptor.
    pub descriptor: i32,
    /// Which file.
    pub file_id: FileId,
    /// The file's name; the last one if it has none now.
    #[serde(with = "crate::event::path")]
    pub path: PathBuf,
    /// Whether that name is gone: the file is deleted and takes room all the same.
    pub unlinked: bool,
    /// Size in bytes at that moment.
    pub size: u64,
}
