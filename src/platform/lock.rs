//! Locks on files: who holds one.

use std::fs::File;

/// The process that holds an exclusive flock(2) lock on this file. None if nobody does, if the holder lives outside of
/// what this process can see, and where the system does not say: Linux does.
pub fn lock_holder(file: &File) -> Option<u32> {
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::MetadataExt;
        let found = file.metadata().ok()?;
        let device = (rustix::fs::major(found.dev()), rustix::fs::minor(found.dev()));
        holder_in(&std::fs::read_to_string("/proc/locks").ok()?, device, found.ino())
    }
    #[cfg(not(target_os = "linux"))]
    {
        let _ = file;
        None
    }
}

/// The crate that reads other things in /proc does not tell who holds a lock from who waits for it.
///
/// Reads `1: FLOCK  ADVISORY  WRITE 3110 00:1b:39182 0 EOF`. Who waits has an arrow behind the number.
#[cfg(target_os = "linux")]
fn holder_in(locks: &str, device: (u32, u32), inode: u64) -> Option<u32> {
    let holder = |line: &str| {
        let mut words = line.split_whitespace().skip(1);
        let kind = [words.next()?, words.next()?, words.next()?];
        let (pid, place) = (words.next()?.parse().ok().filter(|pid| *pid > 0)?, words.next()?);
        let mut place = place.split(':');
        let major = u32::from_str_radix(place.next()?, 16).ok()?;
        let minor = u32::from_str_radix(place.next()?, 16).ok()?;
        let there = (major, minor) == device && place.next()?.parse() == Ok(inode);
        (kind == ["FLOCK", "ADVISORY", "WRITE"] && there).then_some(pid)
    };
    locks.lines().find_map(holder)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_holder_is_told_from_those_who_wait_and_from_other_locks() {
        let locks = "\
1: POSIX  ADVISORY  WRITE 10 fe:00:77 0 EOF
2: FLOCK  ADVISORY  READ 11 fe:00:77 0 EOF
3: FLOCK  ADVISORY  WRITE 12 fe:01:77 0 EOF
4: FLOCK  ADVISORY  WRITE 13 fe:00:78 0 EOF
5: -> FLOCK  ADVISORY  WRITE 14 fe:00:77 0 EOF
6: FLOCK  ADVISORY  WRITE 0 fe:00:77 0 EOF
nonsense
7: FLOCK  ADVISORY  WRITE 15 fe:00:77 0 EOF
";
        assert_eq!(holder_in(locks, (0xfe, 0), 77), Some(15));
        assert_eq!(holder_in(locks, (0xfe, 1), 77), Some(12));
        assert_eq!(holder_in(locks, (0xfe, 2), 77), None);
    }

    #[test]
    fn this_process_is_found_as_long_as_it_holds_the_lock() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(lock_holder(&file), None);
        file.lock().unwrap();
        assert_eq!(lock_holder(&file), Some(std::process::id()));
        file.unlock().unwrap();
        assert_eq!(lock_holder(&file), None);
    }
}
