//! Which file a path or a descriptor means, and what the system says of it.

use std::ffi::CString;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use super::FileId;

/// The identity of the file that `metadata` was taken of.
pub fn file_id(metadata: &Metadata) -> FileId {
    let born_ns = metadata
        .created()
        .ok()
        .and_then(|at| at.duration_since(UNIX_EPOCH).ok())
        .map_or(0, |since| since.as_nanos() as i64);
    FileId { dev: metadata.dev(), ino: metadata.ino(), born_ns }
}

/// How often the inode of an open file was given away, where the file system tells: it differs between two files that
/// have one inode number in turn, whatever the clock said at their birth.
#[cfg(target_os = "linux")]
pub fn generation(file: &File) -> Option<u64> {
    use rustix::ioctl::{Updater, ioctl, opcode};
    const GET_VERSION: rustix::ioctl::Opcode = opcode::read::<libc::c_long>(b'v', 1);
    // The kernel fills half of what the number's name says.
    let mut version: libc::c_long = 0;
    // SAFETY: the kernel writes an int where the opcode names a long, and keeps no pointer to it.
    unsafe { ioctl(file, Updater::<GET_VERSION, libc::c_long>::new(&mut version)) }.ok()?;
    Some(version as u64)
}

/// The same where no file system tells.
#[cfg(not(target_os = "linux"))]
pub fn generation(_: &File) -> Option<u64> {
    None
}

/// A path made ready for being looked at before every line that is written.
#[derive(Debug)]
pub struct LookupPath(CString);

impl LookupPath {
    /// Makes a path ready.
    ///
    /// # Errors
    /// When it holds a NUL byte, which no file name can.
    pub fn new(path: &Path) -> io::Result<LookupPath> {
        Ok(LookupPath(CString::new(path.as_os_str().as_bytes())?))
    }

    /// Device and inode of what the path leads to, symbolic links followed.
    ///
    /// # Errors
    /// The system's; `NotFound` if it leads nowhere.
    pub fn device_and_inode(&self) -> io::Result<(u64, u64)> {
        // Linux notes for each file whether anybody has asked for its times since they last changed, and if so the
        // next write has to take a finer time and to change the inode once more: that makes such a write twice as dear.
        // So the times are not asked for.
        #[cfg(target_os = "linux")]
        {
            use rustix::fs::{AtFlags, CWD, StatxFlags, makedev, statx};
            match statx(CWD, self.0.as_c_str(), AtFlags::empty(), StatxFlags::INO) {
                Ok(found) => return Ok((makedev(found.stx_dev_major, found.stx_dev_minor), found.stx_ino)),
                // Some sandboxes know no statx.
                Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let found = rustix::fs::stat(self.0.as_c_str())?;
        #[allow(clippy::unnecessary_cast, reason = "the fields' types differ between systems")]
        Ok((found.st_dev as u64, found.st_ino as u64))
    }
}

/// When content, name or attributes of a file last changed, in seconds and nanoseconds. Nobody can set it.
pub fn changed_at(metadata: &Metadata) -> (i64, i64) {
    (metadata.ctime(), metadata.ctime_nsec())
}

/// The permission bits, with the file's type.
pub fn mode(metadata: &Metadata) -> u32 {
    metadata.mode()
}

/// How many names a file has in its file system. More than none says nothing about which.
pub fn links(metadata: &Metadata) -> u64 {
    metadata.nlink()
}
