//! Sizes that files had while the follower could not look, because whoever takes what it reads was slow: taken whenever
//! a notification comes, so that what a truncation took unread is known.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use crate::event::FileId;
use crate::platform;

/// The sizes since the follower last took its hints.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    files: HashMap<FileId, Grown>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Grown {
    /// The largest size up to the first cut.
    largest: u64,
    /// It was smaller after that.
    cut: bool,
}

/// The size of what stands at a path now.
pub(super) fn size_at(path: &Path) -> Option<(FileId, u64)> {
    let metadata = fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
    Some((platform::file_id(&metadata), metadata.len()))
}

impl Sizes {
    /// Of how many files.
    pub(super) fn len(&self) -> usize {
        self.files.len()
    }

    pub(super) fn see(&mut self, file: FileId, size: u64) {
        let grown = self.files.entry(file).or_default();
        grown.cut |= size < grown.largest;
        if !grown.cut {
            grown.largest = size;
        }
    }

    /// Takes in what came later.
    pub(super) fn append(&mut self, later: Sizes) {
        for (file, grown) in later.files {
            self.see(file, grown.largest);
            self.files.entry(file).or_default().cut |= grown.cut;
        }
    }

    /// What is known of one file, once.
    pub(super) fn take(&mut self, file: FileId) -> Sizes {
        Sizes { files: self.files.remove_entry(&file).into_iter().collect() }
    }

    /// The size before the first cut, if one was seen; once.
    pub(super) fn take_before_cut(&mut self, file: FileId) -> Option<u64> {
        self.files.remove(&file).filter(|grown| grown.cut).map(|grown| grown.largest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: FileId = FileId { dev: 1, ino: 2, born_ns: 3 };

    fn seen(sizes: &[u64]) -> Sizes {
        let mut seen = Sizes::default();
        sizes.iter().for_each(|size| seen.see(FILE, *size));
        seen
    }

    #[test]
    fn the_size_before_the_first_cut_is_known_once() {
        assert_eq!(seen(&[10, 20]).take_before_cut(FILE), None);
        let mut cut = seen(&[10, 20, 0, 30, 5]);
        assert_eq!((cut.take_before_cut(FILE), cut.take_before_cut(FILE)), (Some(20), None));
        let mut before = seen(&[10, 20]);
        before.append(seen(&[25, 3]));
        assert_eq!(before.take_before_cut(FILE), Some(25));
        let mut between = seen(&[10, 20]);
        between.append(seen(&[4, 7]));
        assert_eq!(between.take_before_cut(FILE), Some(20));
    }
}
