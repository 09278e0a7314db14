//! Writes the content of a deleted file back to disk, from a descriptor that is still open: ours, or the writer's.
//!
//! In a thread of its own, for a file may be large, and the follower must not miss what happens meanwhile. The copy
//! gets its name only when it is whole, and never takes another file's place.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use crossbeam_channel::Sender;

use crate::clock::Moment;
use crate::command::RestoreOrder;
use crate::event::{Actor, Event, What};
use crate::platform;

const BLOCK: usize = 1 << 20;
/// A writer may go on while the copy is made. What it adds is copied too, so many times; then the copy is as good as
/// one made a moment earlier.
const ROUNDS: usize = 8;

/// The copies that are being made. Dropping it gives them up; what is not whole leaves nothing behind.
#[derive(Default)]
pub(super) struct Restores {
    cancelled: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

// The receiving end of the events must be dropped before: else a thread that has something to tell would wait for ever.
impl Restores {
    /// Begins to write a file back. `held` is a descriptor of it, if the follower has one. What comes of it is told
    /// through `events`.
    pub(super) fn begin(&mut self, order: RestoreOrder, held: Option<Arc<File>>, events: Sender<Event>) {
        self.threads.retain(|thread| !thread.is_finished());
        let cancelled = Arc::clone(&self.cancelled);
        let work = move || {
            let outcome = restore(&order, held.as_deref(), &cancelled);
            let _ = events.send(Event { at: Moment::now(), what: told(order, outcome) });
        };
        // Without a thread nothing is told; the system then has other troubles.
        self.threads.extend(thread::Builder::new().name("restore".to_owned()).spawn(work).ok());
    }
}

impl Drop for Restores {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Release);
        // A copy that is given up removes what it has written, and that before the program ends.
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn told(order: RestoreOrder, outcome: Result<u64, String>) -> What {
    match outcome {
        Ok(bytes) => What::WrittenBack { file_id: order.file_id, from: order.path, to: order.to, bytes },
        Err(reason) => {
            What::OperationFailed { operation: "restore".to_owned(), path: order.path, by: Actor::Person, reason }
        }
    }
}

fn restore(order: &RestoreOrder, held: Option<&File>, cancelled: &AtomicBool) -> Result<u64, String> {
    let own;
    let file = match held {
        Some(held) => held,
        None => {
            own = opened(order)?;
            &own
        }
    };
    let folder = order.to.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    write_back(file, folder, &order.to, cancelled).map_err(|error| {
        let remedy = match error.kind() {
            io::ErrorKind::AlreadyExists => "; nothing was written: choose another name",
            io::ErrorKind::NotFound => "; its folder is missing: choose another one",
            io::ErrorKind::StorageFull => "; choose a folder on a file system with room",
            io::ErrorKind::PermissionDenied => "; choose a folder that you may write to",
            _ => "",
        };
        format!("can't write {}: {error}{remedy}", order.to.display())
    })
}

/// Through the descriptor of a process that holds it.
fn opened(order: &RestoreOrder) -> Result<File, String> {
    let (pid, descriptor) =
        order.holder.ok_or_else(|| format!("{}: nobody is known to hold it open any more", order.path.display()))?;
    let file = platform::open_of_process(pid, descriptor)
        .map_err(|error| format!("can't read {} of process {pid}: {error}", order.path.display()))?;
    let same = file.metadata().is_ok_and(|metadata| platform::file_id(&metadata) == order.file_id);
    if same {
        return Ok(file);
    }
    Err(format!("{}: process {pid} has let go of it; its content is gone", order.path.display()))
}

fn write_back(file: &File, folder: &Path, to: &Path, cancelled: &AtomicBool) -> io::Result<u64> {
    if std::fs::symlink_metadata(to).is_ok() {
        return Err(io::ErrorKind::AlreadyExists.into());
    }
    let mut copy = tempfile::Builder::new().prefix(".rotascope-restore-").tempfile_in(folder)?;
    let mut done = 0;
    for _ in 0..ROUNDS {
        let end = file.metadata()?.len();
        if end <= done {
            break;
        }
        done = copy_range(file, copy.as_file_mut(), done, end, cancelled)?;
    }
    // A hole at the end was not written.
    copy.as_file().set_len(done)?;
    copy.as_file().set_permissions(file.metadata()?.permissions())?;
    copy.as_file().sync_all()?;
    copy.persist_noclobber(to).map_err(|error| error.error)?;
    Ok(done)
}

/// Copies from `start` up to `end`, or to where the file ends now. Blocks of nothing but NUL stay holes.
fn copy_range(from: &File, to: &mut File, start: u64, end: u64, cancelled: &AtomicBool) -> io::Result<u64> {
    let mut block = vec![0; BLOCK];
    let mut at = start;
    while at < end {
        if cancelled.load(Ordering::Acquire) {
            return Err(io::ErrorKind::Interrupted.into());
        }
        let wanted = usize::try_from(end - at).map_or(BLOCK, |left| left.min(BLOCK));
        let count = platform::read_at(from, &mut block[..wanted], at)?;
        if count == 0 {
            break;
        }
        if block[..count].iter().any(|byte| *byte != 0) {
            to.seek(SeekFrom::Start(at))?;
            to.write_all(&block[..count])?;
        }
        at += count as u64;
    }
    Ok(at)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::PathBuf;

    fn deleted(folder: &Path, content: &[u8]) -> (File, RestoreOrder) {
        let path = folder.join("a.log");
        fs::write(&path, content).unwrap();
        let file = File::open(&path).unwrap();
        fs::remove_file(&path).unwrap();
        let file_id = platform::file_id(&file.metadata().unwrap());
        let order = RestoreOrder { file_id, incarnation: None, holder: None, to: path.clone(), path };
        (file, order)
    }

    fn names(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into()).collect()
    }

    #[test]
    fn all_of_it_comes_back_holes_included() {
        let folder = tempfile::tempdir().unwrap();
        let mut content = vec![0; 3 * BLOCK + 5];
        content[..4].copy_from_slice(b"head");
        content[2 * BLOCK..2 * BLOCK + 4].copy_from_slice(b"tail");
        let (file, order) = deleted(folder.path(), &content);
        assert_eq!(restore(&order, Some(&file), &AtomicBool::new(false)), Ok(content.len() as u64));
        assert!(fs::read(&order.to).unwrap() == content);
        assert_eq!(names(folder.path()), [PathBuf::from("a.log")]);
    }

    #[test]
    fn no_other_file_is_touched_and_nothing_stays_behind() {
        let folder = tempfile::tempdir().unwrap();
        let (file, order) = deleted(folder.path(), b"old");
        fs::write(&order.to, "new").unwrap();
        let refused = restore(&order, Some(&file), &AtomicBool::new(false)).unwrap_err();
        assert!(refused.contains("choose another name"), "{refused}");
        assert_eq!(fs::read(&order.to).unwrap(), b"new");
        let elsewhere = RestoreOrder { to: folder.path().join("b.log"), ..order };
        assert!(restore(&elsewhere, Some(&file), &AtomicBool::new(true)).is_err());
        assert_eq!(names(folder.path()), [PathBuf::from("a.log")]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn it_is_read_through_a_holders_descriptor_and_only_if_that_is_still_the_file() {
        use std::os::fd::AsRawFd;
        let folder = tempfile::tempdir().unwrap();
        let (file, order) = deleted(folder.path(), b"content");
        let order = RestoreOrder { holder: Some((std::process::id(), file.as_raw_fd())), ..order };
        let other = RestoreOrder { file_id: platform::FileId { ino: 1, ..order.file_id }, ..order.clone() };
        let refused = restore(&other, None, &AtomicBool::new(false)).unwrap_err();
        assert!(refused.contains("let go of it"), "{refused}");
        assert_eq!(restore(&order, None, &AtomicBool::new(false)), Ok(7));
        assert_eq!(fs::read(&order.to).unwrap(), b"content");
    }
}
