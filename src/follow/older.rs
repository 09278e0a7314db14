//! Archives that were there when following began: they are not replayed, nor is what they are compressed to later.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::arrive::open_regular;
use super::packing::Packing;
use super::state::State;
use crate::platform;

/// So much of both ends of an old archive is kept.
const OLDER_SAMPLE_BYTES: u64 = 256;

impl State {
    /// Notes what stands beside the followed paths and in the followed folders when following begins: those files are no
    /// copies of what comes, nor is what they will be compressed to.
    pub(super) fn note_siblings(&mut self) {
        if self.options.stamps {
            return;
        }
        let of_paths = self.slots.keys().flat_map(|path| self.folders_of(path));
        let of_folders = self.folders.iter().map(|folder| folder.path.as_path());
        let folders: BTreeSet<PathBuf> = of_paths.chain(of_folders).map(Path::to_owned).collect();
        for entry in folders.iter().flat_map(fs::read_dir).flatten().flatten() {
            let path = entry.path();
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let id = platform::file_id(&metadata);
            let is_new = self.known_files.insert(id);
            let is_plain = Packing::of(&path).is_none();
            if is_new && is_plain && !self.slots.contains_key(&path) && self.owner_of(&path).is_some() {
                self.older.extend(Older::at(path));
            }
        }
    }

    /// Whether some content was in an archive of this path when following began. That archive is compressed once: what
    /// has the same content after that is another life.
    pub(super) fn take_older(&mut self, path: &Path, content: &File) -> bool {
        let is_it = |older: &Older| self.may_come_from(path, &older.path) && older.is_in(content).unwrap_or(false);
        let found = self.older.iter().position(is_it);
        found.map(|found| self.older.swap_remove(found)).is_some()
    }
}

/// What tells the content of an archive that was there before following began.
#[derive(Debug)]
pub(super) struct Older {
    path: PathBuf,
    size: u64,
    beginning: Vec<u8>,
    end: Vec<u8>,
}

impl Older {
    fn at(path: PathBuf) -> Option<Older> {
        let (file, metadata) = open_regular(&path).ok()??;
        let size = metadata.len();
        let beginning = sample(&file, 0, size).ok()?;
        let end = sample(&file, size.saturating_sub(OLDER_SAMPLE_BYTES), size).ok()?;
        (size > 0).then_some(Older { path, size, beginning, end })
    }

    /// Its writer may have gone on since; but a short beginning that logs have in common is no proof.
    fn is_in(&self, content: &File) -> io::Result<bool> {
        let from = self.size.saturating_sub(OLDER_SAMPLE_BYTES);
        let size = content.metadata()?.len();
        let fits = size == self.size || (size > self.size && from >= OLDER_SAMPLE_BYTES);
        Ok(fits && sample(content, from, self.size)? == self.end && sample(content, 0, self.size)? == self.beginning)
    }
}

/// The first bytes of a stretch of a file.
fn sample(file: &File, from: u64, to: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; (to - from).min(OLDER_SAMPLE_BYTES) as usize];
    let got = platform::read_at(file, &mut bytes, from)?;
    bytes.truncate(got);
    Ok(bytes)
}
