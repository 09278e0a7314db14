//! Opening, reading and writing by descriptor, and what there is room for.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// How many descriptors this process may have, if that is bounded.
pub fn descriptor_limit() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Nofile).current
}

/// Whether a file could not be opened because too many are open, here or in the whole system.
pub fn is_out_of_descriptors(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}

/// Opens for reading what `path` leads to. Never blocks on a pipe without a writer, and tells the caller nothing of
/// what kind of file it got: look at its metadata before reading.
pub fn open_to_follow(path: &Path) -> io::Result<File> {
    let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
    OpenOptions::new().read(true).custom_flags(nonblocking).open(path)
}

/// Opens a file that another process holds open, by its descriptor number, even if the file has no name any more.
pub fn open_of_process(pid: u32, descriptor: i32) -> io::Result<File> {
    open_to_follow(&super::descriptor_path(pid, descriptor))
}

/// The number of an open file's descriptor in this process.
pub fn descriptor_number(file: &File) -> i32 {
    file.as_raw_fd()
}

/// Reads at an offset without moving any file position. Fewer bytes than asked for are no error; 0 is the end.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Where the next bytes stand at or behind an offset that are on the disk; what is before them is a hole and reads as NUL.
/// The file's end where nothing comes any more; `offset` itself where the system does not tell. Moves the file's own
/// position.
#[cfg(target_os = "linux")]
pub fn next_data(file: &File, offset: u64) -> u64 {
    match rustix::fs::seek(file, rustix::fs::SeekFrom::Data(offset)) {
        Ok(next) => next,
        Err(rustix::io::Errno::NXIO) => file.metadata().map_or(offset, |metadata| metadata.len()),
        Err(_) => offset,
    }
}

/// The same where the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn next_data(_: &File, offset: u64) -> u64 {
    offset
}

/// Writes at an offset without moving any file position. Fewer bytes than given may be written.
pub fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// One write(2). Fewer bytes than given are no error here; the caller decides what they mean.
///
/// # Errors
/// The system's, but never for an interruption by a signal.
pub fn write_once(file: &File, bytes: &[u8]) -> io::Result<usize> {
    loop {
        // Not through libc, which makes each write a cancellation point once there is a second thread: that costs a
        // line in twenty.
        match rustix::io::write(file, bytes) {
            Err(rustix::io::Errno::INTR) => {}
            other => return Ok(other?),
        }
    }
}

/// Writes all of it. Waits for room even where the descriptor was told not to block by somebody who shares it.
///
/// # Errors
/// The system's; `BrokenPipe` when nobody reads any more.
pub fn write_whole(file: &File, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(file, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(rustix::io::Errno::INTR) => {}
            Err(rustix::io::Errno::AGAIN) => drop(poll(&mut [PollFd::new(file, PollFlags::OUT)], None)?),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A descriptor of its own for the standard output, to be written without a buffer in between.
///
/// # Errors
/// When the process has none, or no descriptor is left.
pub fn standard_output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

/// The same for the standard error output.
///
/// # Errors
/// As for [`standard_output`].
pub fn standard_error() -> io::Result<File> {
    Ok(File::from(io::stderr().as_fd().try_clone_to_owned()?))
}

/// Lets writes to a pipe fail with `WouldBlock` instead of waiting for a reader that may never come.
///
/// # Errors
/// The system's.
pub fn never_block(pipe: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(pipe)?;
    Ok(rustix::fs::fcntl_setfl(pipe, flags | rustix::fs::OFlags::NONBLOCK)?)
}

/// What ended the waiting of [`wait_for_nudge`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nudge {
    /// A byte came; all that had come are taken.
    Came,
    /// The reader of the output has gone.
    NobodyReads,
    /// Neither, for as long as was to be waited.
    None,
}

/// Sleeps until something is written to the other end of `nudges`, or whatever reads `output` goes, or for so long.
///
/// # Errors
/// The system's.
pub fn wait_for_nudge(nudges: &UnixStream, output: &File, most: Option<Duration>) -> io::Result<Nudge> {
    // Nothing is asked of the output: that its reader went is told unasked.
    let mut sources = [PollFd::new(nudges, PollFlags::IN), PollFd::new(output, PollFlags::empty())];
    let most = most.map(|most| Timespec { tv_sec: most.as_secs() as _, tv_nsec: most.subsec_nanos().into() });
    match poll(&mut sources, most.as_ref()) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    if !sources[1].revents().is_empty() {
        return Ok(Nudge::NobodyReads);
    }
    if sources[0].revents().is_empty() {
        return Ok(Nudge::None);
    }
    let mut taken = [0; 64];
    let _ = (&mut &*nudges).read(&mut taken)?;
    Ok(Nudge::Came)
}

/// The room on a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// Its whole size.
    pub total_bytes: u64,
    /// What an ordinary user may still write.
    pub free_bytes: u64,
}

/// The room on the file system that holds `path`.
pub fn space(path: &Path) -> io::Result<Space> {
    let stat = rustix::fs::statvfs(path)?;
    Ok(Space { total_bytes: stat.f_blocks * stat.f_frsize, free_bytes: stat.f_bavail * stat.f_frsize })
}
