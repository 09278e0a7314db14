//! Linux, macOS and the other Unixes. Run so far on Linux only.

use std::ffi::CString;
use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileExt, MetadataExt, OpenOptionsExt};
use std::os::unix::net::UnixStream;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, UNIX_EPOCH};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, waitid};

use super::{Exit, FileId};

/// Nanoseconds of the system's monotonic clock; comparable between processes.
pub fn monotonic_ns() -> u64 {
    let now = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Nanoseconds of a clock that nobody can set and that goes on while the machine sleeps.
pub fn boot_ns() -> u64 {
    #[cfg(target_os = "linux")]
    let clock = rustix::time::ClockId::Boottime;
    #[cfg(not(target_os = "linux"))]
    let clock = rustix::time::ClockId::Monotonic;
    let now = rustix::time::clock_gettime(clock);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

/// Whether daylight saving time is in force in the machine's own time zone, at this second since 1970.
pub fn saves_daylight(seconds: i64) -> bool {
    let mut local = std::mem::MaybeUninit::<libc::tm>::uninit();
    #[allow(clippy::unnecessary_cast, reason = "the type's width differs between systems")]
    let seconds = seconds as libc::time_t;
    // SAFETY: both pointers lead to a value of the right type that lives through the call; the function keeps neither.
    let filled = unsafe { libc::localtime_r(&raw const seconds, local.as_mut_ptr()) };
    // SAFETY: a pointer that is not null says that the whole value was filled.
    !filled.is_null() && unsafe { local.assume_init() }.tm_isdst > 0
}

/// Nanoseconds of processor time that the calling thread has used.
pub fn thread_cpu_ns() -> u64 {
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    used.tv_sec as u64 * 1_000_000_000 + used.tv_nsec as u64
}

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

/// Reads at an offset without moving any file position. Fewer bytes than asked for are no error; 0 is the end.
pub fn read_at(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
    loop {
        match file.read_at(buffer, offset) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Writes at an offset without moving any file position. Fewer bytes than given may be written.
pub fn write_at(file: &File, bytes: &[u8], offset: u64) -> io::Result<usize> {
    file.write_at(bytes, offset)
}

/// The name that an open file has at this moment, or `None` if it has lost it. `Err` where the system can't say.
///
/// On Linux this follows the name by which the file was opened wherever it is moved; another hard link to the same
/// file does not count.
pub fn current_path(file: &File) -> io::Result<Option<PathBuf>> {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let deleted = link.as_os_str().as_encoded_bytes().ends_with(b" (deleted)");
    if !deleted {
        return Ok(Some(link));
    }
    // A living file may really be called "x (deleted)".
    let same =
        std::fs::metadata(&link).is_ok_and(|named| file.metadata().is_ok_and(|held| file_id(&named) == file_id(&held)));
    Ok(same.then_some(link))
}

/// Opens a file that another process holds open, by its descriptor number, even if the file has no name any more.
pub fn open_of_process(pid: u32, descriptor: i32) -> io::Result<File> {
    open_to_follow(Path::new(&format!("/proc/{pid}/fd/{descriptor}")))
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

/// The number of an open file's descriptor in this process.
pub fn descriptor_number(file: &File) -> i32 {
    file.as_raw_fd()
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

/// Gives an open file one more name on its own file system.
///
/// # Errors
/// `AlreadyExists` if the name is taken, `NotFound` if the file has no name left (or the new name's folder is missing).
pub fn link_open_file(file: &File, to: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, descriptor.as_str(), CWD, to, AtFlags::SYMLINK_FOLLOW)?)
}

/// Makes a file that has these bytes in it as soon as it can be seen. A link at the path that leads nowhere is followed,
/// as open(2) does. A path that is taken by then is no error.
///
/// Where the file system has no nameless files, the file stands empty at its path for a moment.
///
/// # Errors
/// The system's.
pub fn make_with(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = link_target(path);
    let made = make_nameless(&place, bytes).and_then(|file| link_open_file(&file, &place));
    let made = match made {
        Err(error) if lacks_nameless_files(&error) => {
            let file = OpenOptions::new().append(true).create_new(true).open(&place);
            file.and_then(|file| write_whole(&file, bytes))
        }
        other => other,
    };
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Where a chain of symbolic links ends. One that is too long ends somewhere, and what is tried there fails.
fn link_target(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&place) else { break };
        place = place.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    place
}

#[cfg(target_os = "linux")]
fn make_nameless(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let nameless = rustix::fs::OFlags::TMPFILE.bits() as i32;
    let file = OpenOptions::new().write(true).custom_flags(nameless).open(folder)?;
    write_whole(&file, bytes)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn make_nameless(_: &Path, _: &[u8]) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What the system says where it can't make a file without a name, or can't give it one.
fn lacks_nameless_files(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::IsADirectory | io::ErrorKind::PermissionDenied)
}

/// Renames without ever replacing an existing file.
pub fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems don't know the flag. A hard link fails on an existing name just as well.
        Err(rustix::io::Errno::INVAL) => {
            std::fs::hard_link(from, to)?;
            std::fs::remove_file(from)
        }
        other => Ok(other?),
    }
}

/// Puts the command into a process group of its own, so that a Ctrl+C in the terminal reaches only Rotascope, and the
/// whole group can be ended with one signal.
pub fn in_own_group(command: &mut Command) {
    command.process_group(0);
}

/// What can be done to a process from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProcessSignal {
    /// SIGTERM.
    Terminate,
    /// SIGKILL.
    Kill,
    /// SIGSTOP.
    Stop,
    /// SIGCONT.
    Continue,
    /// Any other, by number.
    Number(i32),
}

pub(super) fn signal_of(signal: ProcessSignal) -> io::Result<Signal> {
    Ok(match signal {
        ProcessSignal::Terminate => Signal::TERM,
        ProcessSignal::Kill => Signal::KILL,
        ProcessSignal::Stop => Signal::STOP,
        ProcessSignal::Continue => Signal::CONT,
        ProcessSignal::Number(number) => Signal::from_named_raw(number)
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("no signal has the number {number}")))?,
    })
}

pub(super) fn pid_of(pid: u32) -> io::Result<Pid> {
    i32::try_from(pid)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, format!("no process has the id {pid}")))
}

/// Sends a signal to one process.
pub fn signal_process(pid: u32, signal: ProcessSignal) -> io::Result<()> {
    Ok(rustix::process::kill_process(pid_of(pid)?, signal_of(signal)?)?)
}

/// Sends a signal to a process group, named by its leader.
pub fn signal_group(leader: u32, signal: ProcessSignal) -> io::Result<()> {
    Ok(rustix::process::kill_process_group(pid_of(leader)?, signal_of(signal)?)?)
}

/// What has become of a child process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildChange {
    /// It was stopped where it stands.
    Stopped,
    /// It goes on.
    Continued,
    /// It has ended. Its process id stays taken until somebody waits for it.
    Ended,
}

/// Waits until a child of this process stops, goes on or ends. An ended child is not reaped, so that its process id
/// can't become somebody else's while others still know it.
///
/// # Errors
/// When it is no child of this process (any more).
pub fn wait_for_change(pid: u32) -> io::Result<ChildChange> {
    loop {
        if let Some(change) = next_change(pid, WaitIdOptions::empty())? {
            return Ok(change);
        }
    }
}

/// [`wait_for_change`] without the waiting: none if nothing has become of the child since the last call.
///
/// # Errors
/// When it is no child of this process (any more).
pub fn change_of(pid: u32) -> io::Result<Option<ChildChange>> {
    next_change(pid, WaitIdOptions::NOHANG)
}

fn next_change(pid: u32, how: WaitIdOptions) -> io::Result<Option<ChildChange>> {
    let id = pid_of(pid)?;
    let any = WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED;
    loop {
        match waitid(WaitId::Pid(id), any | WaitIdOptions::NOWAIT | how) {
            Err(rustix::io::Errno::INTR) => continue,
            Err(error) => return Err(error.into()),
            Ok(Some(status)) if !status.stopped() && !status.continued() => return Ok(Some(ChildChange::Ended)),
            Ok(None) => return Ok(None),
            Ok(Some(_)) => {}
        }
        // Takes the state off the list. It may have changed since the first look: then the newer one counts.
        let take = WaitIdOptions::STOPPED | WaitIdOptions::CONTINUED | WaitIdOptions::NOHANG;
        match waitid(WaitId::Pid(id), take) {
            Ok(Some(status)) if status.stopped() => return Ok(Some(ChildChange::Stopped)),
            Ok(Some(status)) if status.continued() => return Ok(Some(ChildChange::Continued)),
            _ => {}
        }
    }
}

/// How a child has ended that has not been reaped.
///
/// # Errors
/// When it is no child of this process.
pub fn exit_of_ended(pid: u32) -> io::Result<Exit> {
    let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    let status = waitid(WaitId::Pid(pid_of(pid)?), look)?;
    Ok(match status.map(|status| (status.exit_status(), status.terminating_signal())) {
        Some((Some(code), _)) => Exit::Code(code),
        Some((None, Some(signal))) => Exit::Signal(signal),
        _ => Exit::Code(-1),
    })
}

/// Lets go of a child that has ended: its process id may become another process's.
pub fn reap(pid: u32) {
    let Ok(id) = pid_of(pid) else { return };
    let _ = waitid(WaitId::Pid(id), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
}

/// Lets writes to a pipe fail with `WouldBlock` instead of waiting for a reader that may never come.
///
/// # Errors
/// The system's.
pub fn never_block(pipe: &impl AsFd) -> io::Result<()> {
    let flags = rustix::fs::fcntl_getfl(pipe)?;
    Ok(rustix::fs::fcntl_setfl(pipe, flags | rustix::fs::OFlags::NONBLOCK)?)
}

/// A descriptor of its own for the standard output, to be written without a buffer in between.
///
/// # Errors
/// When the process has none, or no descriptor is left.
pub fn standard_output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
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

/// How a process ended.
pub fn exit_of(status: ExitStatus) -> Exit {
    match (status.code(), status.signal()) {
        (Some(code), _) => Exit::Code(code),
        (None, Some(signal)) => Exit::Signal(signal),
        (None, None) => Exit::Code(-1),
    }
}

/// The name of a signal for people: `SIGKILL`, or `signal 34`.
pub fn signal_name(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        25 => "SIGXFSZ",
        _ => return format!("signal {number}"),
    };
    name.to_owned()
}

/// The signals that end a worker, named without `SIG`.
pub const ENDING_SIGNALS: [&str; 7] = ["KILL", "TERM", "INT", "HUP", "QUIT", "ABRT", "SEGV"];

/// The number of one of [`ENDING_SIGNALS`] on this system.
pub fn signal_number(name: &str) -> Option<i32> {
    let signals = [Signal::KILL, Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT, Signal::ABORT, Signal::SEGV];
    let index = ENDING_SIGNALS.iter().position(|known| *known == name)?;
    Some(signals[index].as_raw())
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

/// A path that leads to an open file itself, whatever its names are, for as long as it is open here.
pub fn path_of_open(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
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
