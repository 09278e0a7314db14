//! The page of counters that a worker shares with its parent. It outlives the worker: what was counted before a
//! SIGKILL can be read after it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::MmapRaw;

use crate::event::TaskCount;

/// Words of eight bytes in a slot. A slot fills a cache line, so that tasks on two cores don't slow each other.
const SLOT_WORDS: usize = 8;
/// The first slot is the header.
const HEADER: usize = SLOT_WORDS;

const MAGIC_AT: usize = 0;
const DROPPED_AT: usize = 1;
/// Changes with the layout.
const MAGIC: u64 = 0x726f_7461_7363_0001;

const HANDED: usize = 0;
const RETURNED: usize = 1;
const FAILED: usize = 2;

/// The mapped page: a header and one slot per task.
#[derive(Debug)]
pub(super) struct Counters {
    map: MmapRaw,
    tasks_per_thread: u16,
    slots: usize,
}

impl Counters {
    /// Makes the file of a page.
    pub(super) fn create(path: &Path, threads: u16, tasks: u16) -> io::Result<Counters> {
        let mut file = OpenOptions::new().read(true).write(true).create_new(true).open(path)?;
        // Written, not merely given a length: on a full disk this fails here and not by a SIGBUS at the first count.
        file.write_all(&vec![0; size_bytes(threads, tasks) as usize])?;
        let counters = Counters::map(&file, threads, tasks)?;
        counters.word(MAGIC_AT).store(MAGIC, Ordering::Release);
        Ok(counters)
    }

    /// Maps a page that another process has made.
    pub(super) fn open(path: &Path, threads: u16, tasks: u16) -> io::Result<Counters> {
        let file = OpenOptions::new().read(true).write(true).open(path)?;
        if file.metadata()?.len() != size_bytes(threads, tasks) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the page of counters has another size"));
        }
        let counters = Counters::map(&file, threads, tasks)?;
        if counters.word(MAGIC_AT).load(Ordering::Acquire) != MAGIC {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no page of counters of this version"));
        }
        Ok(counters)
    }

    fn map(file: &File, threads: u16, tasks: u16) -> io::Result<Counters> {
        let slots = usize::from(threads) * usize::from(tasks);
        Ok(Counters { map: MmapRaw::map_raw(file)?, tasks_per_thread: tasks, slots })
    }

    fn word(&self, index: usize) -> &AtomicU64 {
        assert!(index < HEADER + self.slots * SLOT_WORDS, "a counter lies within the page");
        // SAFETY: the map is page-aligned, so each word is aligned to eight bytes; the index was checked against the
        // size that the file had when it was mapped; the words are only ever accessed as atomics, here and in the
        // other process; and the map lives as long as `self`, which the reference borrows.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().cast::<u64>().add(index)) }
    }

    /// The counters of one task, both numbers from 1.
    pub(super) fn task(&self, thread: u16, task: u16) -> TaskCounters<'_> {
        let slot = usize::from(thread - 1) * usize::from(self.tasks_per_thread) + usize::from(task - 1);
        let at = |word: usize| self.word(HEADER + slot * SLOT_WORDS + word);
        TaskCounters { handed: at(HANDED), returned: at(RETURNED), failed: at(FAILED) }
    }

    /// Reports that the worker could not deliver, since its parent did not read.
    pub(super) fn dropped_reports(&self) -> &AtomicU64 {
        self.word(DROPPED_AT)
    }

    /// How many tasks it has.
    pub(super) fn tasks(&self) -> usize {
        self.slots
    }

    /// All tasks, as they stand.
    pub(super) fn read(&self) -> Vec<TaskCount> {
        (0..self.slots)
            .map(|slot| {
                let thread = (slot / usize::from(self.tasks_per_thread)) as u16 + 1;
                let task = (slot % usize::from(self.tasks_per_thread)) as u16 + 1;
                let counters = self.task(thread, task);
                // In the reverse order of writing: no more lines can seem to have returned than were handed over.
                let failed = counters.failed.load(Ordering::Acquire);
                let returned = counters.returned.load(Ordering::Acquire);
                let written = counters.handed.load(Ordering::Acquire);
                TaskCount { thread, task, written, returned, failed }
            })
            .collect()
    }
}

fn size_bytes(threads: u16, tasks: u16) -> u64 {
    ((HEADER + usize::from(threads) * usize::from(tasks) * SLOT_WORDS) * size_of::<u64>()) as u64
}

/// The counters of one task. Only that task writes them.
#[derive(Clone, Copy, Debug)]
pub(super) struct TaskCounters<'a> {
    handed: &'a AtomicU64,
    returned: &'a AtomicU64,
    failed: &'a AtomicU64,
}

impl TaskCounters<'_> {
    /// The line of this number is about to be handed to the handler.
    pub(super) fn hand_over(self, seq: u64) {
        self.handed.store(seq, Ordering::Release);
    }

    /// The handler came back. `seq` lines have been handed over by now, one at a time.
    pub(super) fn come_back(self, seq: u64, failed: bool) {
        self.returned.store(seq, Ordering::Release);
        if failed {
            self.failed.store(self.failed.load(Ordering::Relaxed) + 1, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_one_side_counts_the_other_reads() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        let parent = Counters::create(&path, 2, 3).unwrap();
        let child = Counters::open(&path, 2, 3).unwrap();
        child.task(2, 1).hand_over(7);
        child.task(2, 1).come_back(7, true);
        child.task(2, 3).hand_over(9);
        let counts = parent.read();
        assert_eq!(counts.len(), 6);
        assert_eq!(counts[3], TaskCount { thread: 2, task: 1, written: 7, returned: 7, failed: 1 });
        assert_eq!(counts[5], TaskCount { thread: 2, task: 3, written: 9, returned: 0, failed: 0 });
        assert_eq!(counts[0].written, 0);
    }

    #[test]
    fn a_strange_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        std::fs::write(&path, [0u8; 128]).unwrap();
        assert!(Counters::open(&path, 1, 1).is_err(), "no magic");
        assert!(Counters::open(&path, 2, 1).is_err(), "another size");
    }
}
