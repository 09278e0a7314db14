//! What a thread can have for itself.

/// Gives the calling thread a table of descriptors of its own, with all that is open now. While a table belongs to two
/// threads, the system counts a reference and takes a lock for each write(2), which costs a line a tenth. Where the
/// system has no such thing, or refuses, all is as it was.
///
/// What the thread opens from now on no other thread can use, and none may be given it: call this only where all that
/// other threads need is open already. What it shares with others stays open until all have closed it.
#[cfg(target_os = "linux")]
pub fn own_descriptors() {
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    // SAFETY: the worker's other threads were given what they use, the two ends of its pipes, before this call, and
    // are handed no descriptor after it.
    let _ = unsafe { unshare_unsafe(UnshareFlags::FILES) };
}

/// Nothing of the kind here.
#[cfg(not(target_os = "linux"))]
pub fn own_descriptors() {}
