//! A followed folder: what stands in it, which of that is followed, and the listing for the files panel.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::run::{Ended, Slot, State};
use crate::event::{EntryKind, FileId, FolderEntry, FollowEvent, NotFollowed};
use crate::platform;

/// A folder whose time stamp is younger than this may change again without a newer stamp.
const CLOCK_GRAIN: Duration = Duration::from_millis(20);
/// Sizes of what is not followed are looked at this often.
const SIZES_EVERY: Duration = Duration::from_secs(1);
/// As much of a file is looked at to tell text from binary.
const PROBE_BYTES: usize = 4 << 10;
/// Endings of names that are compressed archives.
const COMPRESSED: [&str; 7] = ["gz", "xz", "zst", "bz2", "zip", "Z", "lz4"];

/// One entry as last seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) kind: EntryKind,
    pub(super) file_id: Option<FileId>,
    pub(super) size: u64,
}

/// A followed folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    pub(super) entries: BTreeMap<PathBuf, Seen>,
    /// The folder's identity and time stamp when it was listed, if nothing can have changed since without a trace.
    listed: Option<(FileId, SystemTime)>,
    pub(super) trouble: Option<String>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Folder {
        Folder { path, entries: BTreeMap::new(), listed: None, trouble: None }
    }

    /// Lists the folder if it may have changed. A folder that is gone is empty.
    ///
    /// # Errors
    /// The system's, when the folder is there and can't be listed; the entries stay as they were.
    pub(super) fn refresh(&mut self, hinted: bool) -> io::Result<()> {
        let metadata = match fs::metadata(&self.path) {
            Ok(metadata) if metadata.is_dir() => metadata,
            Err(error) if !is_absence(&error) => return Err(error),
            _ => {
                self.entries.clear();
                self.listed = None;
                return Ok(());
            }
        };
        let stamp = (platform::file_id(&metadata), metadata.modified()?);
        if !hinted && self.listed == Some(stamp) {
            return Ok(());
        }
        let begun = SystemTime::now();
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir(&self.path)? {
            let path = entry?.path();
            if let Some(seen) = look_at(&path) {
                entries.insert(path, seen);
            }
        }
        self.entries = entries;
        let settled = begun.duration_since(stamp.1).is_ok_and(|age| age > CLOCK_GRAIN);
        self.listed = settled.then_some(stamp);
        Ok(())
    }
}

/// Whether a path leads nowhere, for this error of stat or open.
pub(super) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn look_at(path: &Path) -> Option<Seen> {
    match fs::metadata(path) {
        Ok(metadata) => {
            Some(Seen { kind: kind_of(&metadata), file_id: Some(platform::file_id(&metadata)), size: metadata.len() })
        }
        Err(error) if is_absence(&error) => {
            // Gone since it was listed, or a link that leads nowhere.
            fs::symlink_metadata(path).ok()?;
            Some(Seen { kind: EntryKind::DanglingLink, file_id: None, size: 0 })
        }
        Err(_) => Some(Seen { kind: EntryKind::Special, file_id: None, size: 0 }),
    }
}

/// What a path leads to.
pub(super) fn kind_of(metadata: &fs::Metadata) -> EntryKind {
    if metadata.is_file() {
        EntryKind::File
    } else if metadata.is_dir() {
        EntryKind::Folder
    } else {
        EntryKind::Special
    }
}

/// Why a file of a folder is not followed, as its name tells.
pub(super) fn skipped_by_name(path: &Path) -> Option<NotFollowed> {
    let name = path.file_name()?.as_encoded_bytes();
    if name.starts_with(b".") {
        return Some(NotFollowed::Pattern);
    }
    let ending = path.extension()?;
    COMPRESSED.iter().any(|one| ending == *one).then_some(NotFollowed::Compressed)
}

/// Whether the file begins like text. UTF-16 is text full of NUL, and says so by its first bytes.
pub(super) fn is_binary(file: &File) -> io::Result<bool> {
    let mut head = [0; PROBE_BYTES];
    let got = platform::read_at(file, &mut head, 0)?;
    let head = &head[..got];
    let marked = head.starts_with(&[0xff, 0xfe]) || head.starts_with(&[0xfe, 0xff]);
    Ok(!marked && memchr::memchr(0, head).is_some())
}

impl State {
    /// Lists the followed folders anew where needed, and gives each entry that is to be followed its slot.
    pub(super) fn list_folders(&mut self, hinted: impl Fn(&Path) -> bool) -> Result<(), Ended> {
        let mut folders = std::mem::take(&mut self.folders);
        for folder in &mut folders {
            let result = folder.refresh(hinted(&folder.path));
            self.tell_folder(folder, result.err().map(|error| error.to_string()))?;
            for (path, seen) in &folder.entries {
                if seen.kind == EntryKind::File && skipped_by_name(path).is_none() && !self.slots.contains_key(path) {
                    self.slots.insert(path.clone(), Slot::default());
                }
            }
        }
        self.folders = folders;
        Ok(())
    }

    fn tell_folder(&mut self, folder: &mut Folder, trouble: Option<String>) -> Result<(), Ended> {
        let path = folder.path.clone();
        match (&folder.trouble, &trouble) {
            (None, Some(reason)) => self.say(FollowEvent::Inaccessible { path, reason: reason.clone() })?,
            (Some(_), None) => self.say(FollowEvent::Accessible { path })?,
            _ => {}
        }
        folder.trouble = trouble;
        Ok(())
    }

    /// Says what the files panel shows, if it is not what was said last.
    pub(super) fn list(&mut self) -> Result<(), Ended> {
        let sizes_due = self.sizes_listed.elapsed() >= SIZES_EVERY;
        if sizes_due {
            self.sizes_listed = Instant::now();
            self.look_at_unfollowed();
        }
        let entries = self.entries();
        let changed = entries.len() != self.listed.len()
            || entries.iter().zip(&self.listed).any(|(new, old)| !is_same(new, old, sizes_due));
        if changed {
            self.listed.clone_from(&entries);
            self.say(FollowEvent::Listed { entries })?;
        }
        Ok(())
    }

    fn look_at_unfollowed(&mut self) {
        for folder in &mut self.folders {
            for (path, seen) in &mut folder.entries {
                let followed = self.slots.get(path).is_some_and(|slot| slot.current.is_some());
                if !followed
                    && seen.kind == EntryKind::File
                    && let Ok(metadata) = fs::metadata(path)
                {
                    seen.size = metadata.len();
                }
            }
        }
    }

    fn entries(&self) -> Vec<FolderEntry> {
        let mut entries = BTreeMap::new();
        for folder in &self.folders {
            for (path, seen) in &folder.entries {
                entries.insert(path.clone(), self.entry(path, seen));
            }
        }
        // Names outside of followed folders: paths that were asked for, and where files went from them.
        for life in self.lives.values() {
            let Some(path) = &life.path else { continue };
            let seen = Seen { kind: EntryKind::File, file_id: Some(life.file_id), size: life.size };
            entries
                .entry(path.clone())
                .or_insert_with(|| FolderEntry { incarnation: Some(life.id), ..self.entry(path, &seen) });
        }
        entries.into_values().collect()
    }

    fn entry(&self, path: &Path, seen: &Seen) -> FolderEntry {
        let slot = self.slots.get(path);
        let incarnation = slot.and_then(|slot| slot.current);
        let life = incarnation.and_then(|id| self.lives.get(&id));
        let not_followed = if life.is_some() {
            None
        } else if seen.kind != EntryKind::File {
            Some(NotFollowed::NotAFile)
        } else if let Some(reason) = skipped_by_name(path) {
            Some(reason)
        } else if slot.is_some_and(|slot| slot.trouble.is_some()) {
            Some(NotFollowed::Inaccessible)
        } else {
            slot.and_then(|slot| slot.skipped).map(|(_, reason)| reason)
        };
        FolderEntry {
            path: path.to_owned(),
            kind: seen.kind,
            size: life.map_or(seen.size, |life| life.size),
            file_id: life.map(|life| life.file_id).or(seen.file_id),
            incarnation,
            not_followed,
        }
    }
}

/// Sizes of followed files are known from what is read of them.
fn is_same(new: &FolderEntry, old: &FolderEntry, sizes_too: bool) -> bool {
    let sized = new.size == old.size || new.incarnation.is_some() || !sizes_too;
    sized
        && (&new.path, new.kind, new.file_id, new.incarnation, new.not_followed)
            == (&old.path, old.kind, old.file_id, old.incarnation, old.not_followed)
}
