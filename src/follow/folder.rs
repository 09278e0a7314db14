//! A followed folder: what stands in it, and which of that is followed.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::FileSet;
use super::encoding::wide_by_pattern;
use super::state::Slot;
use crate::event::{EntryKind, FileId, NotFollowed};
use crate::platform;
use crate::record::TextEncoding;

/// A folder whose time stamp is younger than this may change again without a newer stamp: the file systems of memory
/// cards and of some servers count in twos of seconds.
const CLOCK_GRAIN: Duration = Duration::from_secs(2);
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
    /// Whether the entry itself is a symbolic link.
    pub(super) is_link: bool,
}

/// A followed folder.
#[derive(Debug)]
pub(super) struct Folder {
    pub(super) path: PathBuf,
    /// Which of its files are followed; without it every log file is.
    set: Option<Arc<FileSet>>,
    pub(super) entries: BTreeMap<PathBuf, Seen>,
    /// The folder's identity and time stamp when it was listed, if nothing can have changed since without a trace.
    pub(super) listed: Option<(FileId, SystemTime)>,
    pub(super) trouble: Option<String>,
}

impl Folder {
    pub(super) fn new(path: PathBuf) -> Folder {
        Folder { path, set: None, entries: BTreeMap::new(), listed: None, trouble: None }
    }

    /// The folder of a pattern. Its subfolders become folders of their own as they are found.
    pub(super) fn of_set(set: FileSet) -> Folder {
        let path = set.folder().to_owned();
        Folder { set: Some(Arc::new(set)), ..Folder::new(path) }
    }

    /// Why an entry is not followed, as its name tells.
    pub(super) fn skips(&self, path: &Path) -> Option<NotFollowed> {
        self.set.as_ref().map_or_else(|| skipped_by_name(path), |set| set.skips(path))
    }

    /// Whether it was found in another one.
    pub(super) fn is_subfolder(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.folder() != self.path)
    }

    /// What its files' slots begin with.
    pub(super) fn slot(&self) -> Slot {
        let series = self.set.as_ref().filter(|set| set.is_dated()).map(|set| set.folder().to_owned());
        Slot { series, by_pattern: self.has_pattern(), ..Slot::default() }
    }

    /// Whether it is the folder of a pattern.
    pub(super) fn has_pattern(&self) -> bool {
        self.set.as_ref().is_some_and(|set| set.has_pattern())
    }

    /// Whether a pattern was asked for that fits a file in it.
    pub(super) fn means(&self, file: &Path) -> bool {
        self.has_pattern() && file.parent() == Some(&self.path) && self.skips(file).is_none()
    }

    /// Subfolders that belong to it. A link to a folder may lead back up.
    pub(super) fn subfolders(&self) -> Vec<Folder> {
        let Some(set) = &self.set else { return Vec::new() };
        let below = self.entries.iter().filter(|(path, seen)| {
            let is_link = || fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
            seen.kind == EntryKind::Folder && set.goes_into(path) && !is_link()
        });
        below.map(|(path, _)| Folder { set: Some(Arc::clone(set)), ..Folder::new(path.clone()) }).collect()
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
            self.follow_links();
            return Ok(());
        }
        let begun = SystemTime::now();
        let mut entries = BTreeMap::new();
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            let is_link = entry.file_type().is_ok_and(|kind| kind.is_symlink());
            let path = entry.path();
            if let Some(seen) = look_at(&path, is_link) {
                entries.insert(path, seen);
            }
        }
        self.entries = entries;
        let settled = begun.duration_since(stamp.1).is_ok_and(|age| age > CLOCK_GRAIN);
        self.listed = settled.then_some(stamp);
        Ok(())
    }

    /// Where a link led nowhere, or to what could not be looked at, something may stand by now: the folder does not show
    /// that.
    fn follow_links(&mut self) {
        for (path, seen) in self.entries.iter_mut().filter(|(_, seen)| seen.file_id.is_none()) {
            *seen = look_at(path, seen.is_link).unwrap_or(*seen);
        }
    }

    /// The links among what is followed in it.
    pub(super) fn links(&self) -> impl Iterator<Item = &Path> {
        let links = self.entries.iter().filter(|(_, seen)| seen.is_link && seen.kind != EntryKind::Folder);
        links.map(|(path, _)| path.as_path()).filter(|path| self.skips(path).is_none())
    }
}

/// Whether a path leads nowhere, for this error of stat or open.
pub(super) fn is_absence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

fn look_at(path: &Path, is_link: bool) -> Option<Seen> {
    match fs::metadata(path) {
        Ok(metadata) => {
            let (kind, file_id) = (kind_of(&metadata), Some(platform::file_id(&metadata)));
            Some(Seen { kind, file_id, size: metadata.len(), is_link })
        }
        Err(error) if is_absence(&error) => {
            // Gone since it was listed, or a link that leads nowhere.
            fs::symlink_metadata(path).ok()?;
            Some(Seen { kind: EntryKind::DanglingLink, file_id: None, size: 0, is_link })
        }
        Err(_) => Some(Seen { kind: EntryKind::Special, file_id: None, size: 0, is_link }),
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

/// What compressed files begin with: gzip, zstd, xz, bzip2, zip.
const PACKED: [&[u8]; 5] = [b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ", b"BZh", b"PK\x03\x04"];

/// Whether the file begins like something other than text. A hole may come before it, and UTF-16 is text full of NUL.
pub(super) fn is_binary(file: &File) -> io::Result<bool> {
    let mut head = [0; PROBE_BYTES];
    let got = platform::read_at(file, &mut head, 0)?;
    let head = &head[..got];
    let wide = TextEncoding::marked(head).is_some_and(TextEncoding::is_wide) || wide_by_pattern(head).is_some();
    let text = head.iter().position(|byte| *byte != 0).unwrap_or(0);
    let packed = PACKED.iter().any(|magic| head.starts_with(magic));
    Ok(packed || !wide && memchr::memchr(0, &head[text..]).is_some())
}

/// Whether a file has been overwritten with what was never text in any encoding, as `shred` does it.
pub(super) fn is_shredded(file: &File) -> io::Result<bool> {
    let mut head = [0; PROBE_BYTES];
    let got = platform::read_at(file, &mut head, 0)?;
    // A hole may come before it.
    let text = head[..got].iter().position(|byte| *byte != 0).unwrap_or(got);
    let head = &head[text..got];
    let is_control = |byte: &u8| *byte < b' ' && !b"\t\n\r\x1b".contains(byte);
    // A character may be cut apart at the end.
    let is_utf8 = std::str::from_utf8(head).err().is_none_or(|error| error.error_len().is_none());
    let wide = TextEncoding::marked(head).is_some_and(TextEncoding::is_wide) || wide_by_pattern(head).is_some();
    Ok(!wide && !is_utf8 && head.iter().any(is_control))
}
