//! When the period of the live file ends: what all processes have to agree on.
//!
//! Who makes a file at a rollover, or is the first to write to one, notes its period's end in the lock file, as
//! concurrent-log-handler does. The file's own times would not do: under a clock that was set they mean another session
//! time in each process, until the last one has heard of it.

use std::fs::File;
use std::io::{Read, Seek, Write};

use crate::clock::{Schedule, SessionClock};
use crate::event::FileId;

use super::lock::Taken;

/// Longer than any note.
const MOST_BYTES: u64 = 128;

/// The end of this file's period. If nobody has noted it, it is reckoned from the time at which the file was last
/// written, and noted.
pub(super) fn end(file: &File, id: FileId, schedule: Schedule, lock: &Taken<'_>, clock: &SessionClock) -> i64 {
    if let Some((noted, due)) = read(lock.file())
        && noted == id
    {
        return due;
    }
    let written = file.metadata().and_then(|found| found.modified());
    let from = written.map_or_else(|_| clock.now_seconds(), |written| clock.seconds_at_wall(written.into()));
    // Always after it: that a file is new says that its period has not ended.
    let due = schedule.next_rollover(from);
    note(lock, id, due);
    due
}

/// Notes the end of a file's period. Where that fails, each process reckons for itself: then one may roll over early,
/// and no line is lost by that.
pub(super) fn note(lock: &Taken<'_>, id: FileId, due: i64) {
    let _ = write(lock.file(), id, due);
}

fn write(mut file: &File, id: FileId, due: i64) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    file.write_all(format!("{} {} {} {due}\n", id.dev, id.ino, id.born_ns).as_bytes())
}

fn read(mut file: &File) -> Option<(FileId, i64)> {
    let mut text = String::new();
    file.rewind().ok()?;
    file.take(MOST_BYTES).read_to_string(&mut text).ok()?;
    // Without its end it may be a part of a longer one.
    let mut words = text.strip_suffix('\n')?.split(' ');
    let (dev, ino) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    let (born_ns, due) = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((FileId { dev, ino, born_ns }, due))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_note_is_read_again_and_half_of_one_is_none() {
        let file = tempfile::tempfile().unwrap();
        assert_eq!(read(&file), None);
        let id = FileId { dev: 27, ino: 1_234_567, born_ns: -5 };
        for due in [1_800_000_000, -3] {
            write(&file, id, due).unwrap();
            assert_eq!(read(&file), Some((id, due)));
        }
        file.set_len(file.metadata().unwrap().len() - 1).unwrap();
        assert_eq!(read(&file), None);
    }
}
