//! The `fill_disk` step: uses up a small file system, to show what writers do when it is full.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::Path;

use crate::platform;

/// The file that takes the room. It lies in the lab's folder, so a reset removes it.
const FILLER: &str = ".rotascope-fill";
/// A larger file system is surely somebody's disk, not one made for this.
const LARGEST_BYTES: u64 = 256 << 20;
const BLOCK: usize = 64 << 10;

/// Whether the file system of this folder is one that is filled.
///
/// # Errors
/// A sentence: it is too large, or can't be asked.
pub(super) fn may_fill(folder: &Path) -> Result<(), String> {
    let space = platform::space(folder)
        .map_err(|error| format!("can't ask for the free space of {}: {error}", folder.display()))?;
    if space.total_bytes < LARGEST_BYTES {
        return Ok(());
    }
    Err(format!(
        "{}: its file system has {} MiB and is not filled; only one below 256 MiB is, so that no real disk can be hit: \
         use a small one, for example a tmpfs",
        folder.display(),
        space.total_bytes >> 20
    ))
}

/// Writes zeros until no more than `leave_bytes` are free.
///
/// # Errors
/// A sentence: as for [`may_fill`], or the file system can't be written.
pub(super) fn fill_disk(folder: &Path, leave_bytes: u64) -> Result<(), String> {
    may_fill(folder)?;
    let cannot = |what: &str, error: &io::Error| format!("can't {what} {}: {error}", folder.display());
    let mut file = OpenOptions::new()
        .append(true)
        .create(true)
        .open(folder.join(FILLER))
        .map_err(|error| cannot("fill", &error))?;
    let zeros = [0u8; BLOCK];
    loop {
        let free = platform::space(folder).map_err(|error| cannot("ask for the free space of", &error))?.free_bytes;
        let room = usize::try_from(free.saturating_sub(leave_bytes)).unwrap_or(BLOCK).min(BLOCK);
        if room == 0 {
            return Ok(());
        }
        match file.write(&zeros[..room]) {
            Ok(0) => return Ok(()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
            Err(error) => return Err(cannot("fill", &error)),
        }
    }
}
