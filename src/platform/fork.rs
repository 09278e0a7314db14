//! Forking, and what belongs to it: descriptors that go from process to process, and children's ends.

use std::collections::VecDeque;
use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage, SendFlags,
    recvmsg, sendmsg,
};

use super::signals::pid_of;

/// Whether this system has fork(2).
pub const CAN_FORK: bool = true;

/// Descriptors that can come with one message.
const DESCRIPTORS: usize = 4;

/// Who one is after a fork.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fork {
    /// The process that was there before, and its child's process id.
    Parent(u32),
    /// The new process.
    Child,
}

/// Forks this process, which must have no second thread: what a thread holds (a lock, half a change) would stay so in
/// the child for ever.
///
/// # Errors
/// The system's; and when there is a second thread, where that can be seen.
pub fn fork() -> io::Result<Fork> {
    if threads().is_some_and(|threads| threads != 1) {
        return Err(io::Error::other("a process with several threads can't be forked"));
    }
    // SAFETY: this is the process's only thread, so the child is a whole copy: no other thread's lock or half-done
    // change is copied with it, and everything is allowed there that was allowed here.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Fork::Child),
        pid => Ok(Fork::Parent(pid.unsigned_abs())),
    }
}

/// How many threads this process has, where the system tells.
fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
}

/// Lets the system kill this process when its parent ends, even if it is stopped then. `false` if `parent` has ended
/// already. Where the system can't do that, whoever knows both has to.
///
/// # Errors
/// The system's.
pub fn end_with_parent(parent: u32) -> io::Result<bool> {
    #[cfg(target_os = "linux")]
    rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
    Ok(rustix::process::getppid() == Some(pid_of(parent)?))
}

/// Makes a process the leader of a group of its own: this one, or a child of this one.
///
/// # Errors
/// The system's.
pub fn make_group_leader(child: Option<u32>) -> io::Result<()> {
    let pid = child.map(pid_of).transpose()?;
    Ok(rustix::process::setpgid(pid, pid)?)
}

/// Puts these in the place of standard input and standard output.
///
/// # Errors
/// The system's.
pub fn replace_stdio(input: &OwnedFd, output: &OwnedFd) -> io::Result<()> {
    rustix::stdio::dup2_stdin(input)?;
    Ok(rustix::stdio::dup2_stdout(output)?)
}

/// Sends bytes, and descriptors with the first of them.
///
/// # Errors
/// The system's.
pub fn send_with(stream: &UnixStream, bytes: &[u8], descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !descriptors.is_empty() && !control.push(SendAncillaryMessage::ScmRights(descriptors)) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "too many descriptors for one message"));
    }
    let sent = loop {
        match sendmsg(stream, &[IoSlice::new(bytes)], &mut control, SendFlags::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?,
        }
    };
    io::Write::write_all(&mut &*stream, &bytes[sent..])
}

/// Receives what there is, at least a byte; the descriptors that came with it are appended. 0 is the end.
///
/// # Errors
/// The system's.
pub fn receive_with(stream: &UnixStream, buffer: &mut [u8], descriptors: &mut VecDeque<OwnedFd>) -> io::Result<usize> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(DESCRIPTORS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let bytes = loop {
        match recvmsg(stream, &mut [IoSliceMut::new(buffer)], &mut control, RecvFlags::empty()) {
            Err(rustix::io::Errno::INTR) => {}
            other => break other?.bytes,
        }
    };
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    Ok(bytes)
}

/// Waits until one of two can be read, or has ended: which.
///
/// # Errors
/// The system's.
pub fn wait_readable(first: &impl AsFd, second: &impl AsFd) -> io::Result<[bool; 2]> {
    let mut both = [PollFd::new(first, PollFlags::IN), PollFd::new(second, PollFlags::IN)];
    loop {
        match poll(&mut both, None) {
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok([!both[0].revents().is_empty(), !both[1].revents().is_empty()]),
        }
    }
}

/// The number of the signal by which a process hears that a child of it has ended, was stopped or goes on.
pub const CHILD_SIGNAL: i32 = libc::SIGCHLD;

/// A process that need not be a child of this one.
#[derive(Debug)]
pub struct ProcessHandle {
    #[cfg(target_os = "linux")]
    descriptor: OwnedFd,
    #[cfg(not(target_os = "linux"))]
    pid: u32,
}

impl ProcessHandle {
    /// A handle of a process that is there, or has ended and not been waited for: later nobody else is meant by it.
    ///
    /// # Errors
    /// The system's; `NotFound` if there is no such process.
    pub fn open(pid: u32) -> io::Result<ProcessHandle> {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{PidfdFlags, pidfd_open};
            Ok(ProcessHandle { descriptor: pidfd_open(pid_of(pid)?, PidfdFlags::empty())? })
        }
        #[cfg(not(target_os = "linux"))]
        Ok(ProcessHandle { pid })
    }

    /// Signals it.
    ///
    /// # Errors
    /// The system's; nothing happens to a process that has ended.
    pub fn signal(&self, signal: super::ProcessSignal) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            let signal = super::signals::signal_of(signal)?;
            Ok(rustix::process::pidfd_send_signal(&self.descriptor, signal)?)
        }
        #[cfg(not(target_os = "linux"))]
        super::signal_process(self.pid, signal)
    }

    /// Kills it, and waits until it is gone.
    ///
    /// # Errors
    /// The system's.
    pub fn kill_and_wait(&self) -> io::Result<()> {
        #[cfg(target_os = "linux")]
        {
            use rustix::process::{Signal, pidfd_send_signal};
            match pidfd_send_signal(&self.descriptor, Signal::KILL) {
                Ok(()) | Err(rustix::io::Errno::SRCH) => {}
                Err(error) => return Err(error.into()),
            }
            wait_readable(&self.descriptor, &self.descriptor).map(drop)
        }
        #[cfg(not(target_os = "linux"))]
        {
            let kill = || super::signal_process(self.pid, super::ProcessSignal::Kill);
            while kill().is_ok() {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::io::{Read, Write};

    use super::*;

    #[test]
    fn descriptors_come_with_the_bytes_that_they_were_sent_with() {
        let (here, there) = UnixStream::pair().unwrap();
        let (mut reader, mut writer) = io::pipe().unwrap();
        writer.write_all(b"through").unwrap();
        drop(writer);
        send_with(&here, b"plain\n", &[]).unwrap();
        send_with(&here, b"with\n", &[reader.as_fd()]).unwrap();
        drop(here);
        let (mut text, mut descriptors) = (Vec::new(), VecDeque::new());
        let mut buffer = [0; 64];
        loop {
            let count = receive_with(&there, &mut buffer, &mut descriptors).unwrap();
            if count == 0 {
                break;
            }
            text.extend_from_slice(&buffer[..count]);
        }
        assert_eq!((text.as_slice(), descriptors.len()), (&b"plain\nwith\n"[..], 1));
        let mut received = std::fs::File::from(descriptors.pop_front().unwrap());
        let mut content = String::new();
        received.read_to_string(&mut content).unwrap();
        assert_eq!(content, "through");
        assert_eq!(reader.read(&mut buffer).unwrap(), 0, "one pipe, read once");
    }

    #[test]
    fn a_process_with_threads_is_not_forked() {
        let (done, wait) = std::sync::mpsc::channel::<()>();
        std::thread::scope(|scope| {
            scope.spawn(move || wait.recv());
            assert!(fork().unwrap_err().to_string().contains("several threads"));
            drop(done);
        });
    }
}
