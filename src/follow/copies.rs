//! Copies that were made before a truncation (`cp P P.1; truncate -s 0 P`): what the follower had not read of a file
//! that was cut stands there, and so does what came and was cut away between two looks.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::folder::skipped_by_name;
use super::life::Life;
use super::repeats::is_same;
use super::state::{Ended, State};
use super::watch::{Hints, NameHint};
use crate::event::{Actor, Cut, FileId, IncarnationId, Origin};
use crate::platform;

/// A copy may have been made before the cut was noticed with which the present life began.
const LEEWAY: Duration = Duration::from_secs(1);

/// A file beside a followed one that may be a copy of it.
#[derive(Debug)]
struct Copy {
    path: PathBuf,
    file: File,
    metadata: Metadata,
    id: FileId,
    size: u64,
}

impl Copy {
    /// Whether it was made and written while the life was followed. What was unpacked or put back bears an older time.
    fn is_younger_than(&self, life: &Life) -> bool {
        let least = life.since - LEEWAY;
        let made = self.metadata.created().unwrap_or(SystemTime::now());
        made >= least && self.metadata.modified().is_ok_and(|modified| modified >= least)
    }
}

/// What a copy has of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Held {
    /// Nothing that is known to be gone from the file: it is read there. The copy may be in the making.
    Still,
    /// Only what has been read.
    Read,
    /// What has been read, and more that is in the file no longer.
    Rest,
    /// Another life.
    Other,
}

impl Held {
    fn of(life: &Life, copy: &Copy) -> Held {
        let now = life.file.metadata().map_or(0, |metadata| metadata.len());
        // What can't be compared is left alone.
        let still = copy.size <= now && is_same(&copy.file, &life.file, 0, copy.size).unwrap_or(true);
        let read = life.lines.offset();
        if still || copy.size == 0 {
            Held::Still
        } else if read > 0 && life.begins(&copy.file, copy.size.min(read)).unwrap_or(true) {
            let whole = copy.size > read && life.stands_in(&copy.file).unwrap_or(false);
            if whole { Held::Rest } else { Held::Read }
        } else if copy.is_younger_than(life) {
            Held::Other
        } else {
            Held::Still
        }
    }
}

impl State {
    /// Notes what stands beside the followed paths when following begins: those files are no copies of what comes.
    pub(super) fn note_siblings(&mut self) {
        let folders: BTreeSet<PathBuf> =
            self.slots.keys().filter_map(|path| path.parent()).map(Path::to_owned).collect();
        for folder in folders {
            let entries = fs::read_dir(folder).into_iter().flatten().flatten();
            let known = entries.filter_map(|entry| Some(platform::file_id(&fs::metadata(entry.path()).ok()?)));
            self.known_files.extend(known);
        }
    }

    /// Reads what copies have that the file itself has lost: the rest of this life, and whole lives that came and went
    /// unseen, in the order in which they were made. Returns the last that has to be read before the file goes on.
    pub(super) fn read_copies(&mut self, id: IncarnationId) -> Result<Option<IncarnationId>, Ended> {
        let Some(path) = self.lives.get(&id).and_then(|life| life.path.clone()) else { return Ok(None) };
        let followed = self.slots.get(&path).is_some_and(|slot| slot.current == Some(id) && slot.asked_for);
        if self.options.stamps || !self.started || !followed {
            return Ok(None);
        }
        let mut last = None;
        for copy in self.copies_beside(&path) {
            let Some(life) = self.lives.get(&id) else { break };
            let held = Held::of(life, &copy);
            if held == Held::Still {
                continue;
            }
            self.known_files.insert(copy.id);
            match held {
                Held::Rest => self.read_copy(id, copy)?,
                Held::Other => last = Some(self.adopt_copy(&path, copy)?),
                Held::Still | Held::Read => {}
            }
        }
        if last.is_some()
            && let Some(slot) = self.slots.get_mut(&path)
        {
            slot.current = Some(id);
        }
        self.gate_behind(Some(id), last);
        Ok(last)
    }

    /// The followed files beside which a file was made that may be a copy of them.
    pub(super) fn hear_of_copies(&mut self, hints: &Hints) -> Result<(), Ended> {
        let made: Vec<&PathBuf> = hints
            .names
            .iter()
            .filter_map(|hint| match hint {
                NameHint::Created(path) => Some(path),
                _ => None,
            })
            .collect();
        let beside = |path: &Path| made.iter().any(|other| is_archive_of(path, other));
        let concerned: Vec<IncarnationId> =
            self.slots.iter().filter(|(path, _)| beside(path)).filter_map(|(_, slot)| slot.current).collect();
        for id in concerned {
            self.read_copies(id)?;
        }
        Ok(())
    }

    /// The rest of a life, from a copy of it. Its text can be shown from there from now on.
    fn read_copy(&mut self, id: IncarnationId, copy: Copy) -> Result<(), Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let copied = Arc::new(copy.file);
        let cut = std::mem::replace(&mut life.file, Arc::clone(&copied));
        life.size = life.size.max(copy.size);
        life.copy = Some(Arc::clone(&copied));
        self.texts.insert(id, copied);
        let read = self.read_whole(id, copy.size);
        if let Some(life) = self.lives.get_mut(&id) {
            life.file = cut;
        }
        read
    }

    /// Reads one life up to an offset, without a look at whether it was cut.
    fn read_whole(&mut self, id: IncarnationId, end: u64) -> Result<(), Ended> {
        let mut block = std::mem::take(&mut self.block);
        let result = loop {
            let Some(life) = self.lives.get_mut(&id) else { break Ok(()) };
            let (start, offset) = (life.window_start(), life.lines.offset());
            let wanted = usize::try_from(end - start).map_or(block.len(), |left| left.min(block.len()));
            let known = life.marker.len();
            let got = platform::read_at(&life.file, &mut block[..wanted], start).unwrap_or(0);
            if offset >= end || got <= known {
                break Ok(());
            }
            if let Err(ended) = self.take_in(id, &block[..got], known) {
                break Err(ended);
            }
            if let Some(life) = self.lives.get_mut(&id) {
                life.remember(&block[..got]);
            }
        };
        self.block = block;
        result
    }

    /// Reads a life that was never seen from the copy that was made of it.
    fn adopt_copy(&mut self, path: &Path, copy: Copy) -> Result<IncarnationId, Ended> {
        let cut = Cut { offset: copy.size, exact: false };
        let id = self.adopt(copy.file, &copy.metadata, path, Origin::Created, false)?;
        self.rename(id, copy.path, cut, Actor::Other)?;
        Ok(id)
    }

    fn is_unknown(&self, path: &Path) -> bool {
        let Ok(metadata) = fs::symlink_metadata(path) else { return false };
        let id = platform::file_id(&metadata);
        metadata.is_file() && !self.by_file.contains_key(&id) && !self.known_files.contains(&id)
    }

    /// Files beside `path` that came since following began and are followed under no name of theirs, by age.
    fn copies_beside(&self, path: &Path) -> Vec<Copy> {
        let Some(folder) = path.parent() else { return Vec::new() };
        let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let mut copies: Vec<Copy> = names
            .filter(|other| is_archive_of(path, other))
            .filter(|other| self.is_unknown(other))
            .filter_map(open_copy)
            .collect();
        copies.sort_by_key(|copy| copy.id.born_ns);
        copies
    }
}

fn open_copy(path: PathBuf) -> Option<Copy> {
    let file = platform::open_to_follow(&path).ok()?;
    let metadata = file.metadata().ok().filter(Metadata::is_file)?;
    Some(Copy { path, id: platform::file_id(&metadata), size: metadata.len(), file, metadata })
}

/// Whether a name is made of another one by putting a number or a date behind it: `P.1`, `P-20240509`, `app.1.log`
/// beside `app.log`. In a compressed one nothing can be read on.
fn is_archive_of(path: &Path, other: &Path) -> bool {
    let (Some(name), Some(of)) = (path.file_name(), other.file_name()) else { return false };
    let (name, of) = (name.as_encoded_bytes(), of.as_encoded_bytes());
    let stem = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0).map_or(name, |at| &name[..at]);
    let marked = [name, stem].into_iter().any(|stem| {
        let rest = of.strip_prefix(stem).unwrap_or_default();
        rest.first().is_some_and(|byte| b".-_".contains(byte)) && rest.get(1).is_some_and(u8::is_ascii_digit)
    });
    marked && name != of && path.parent() == other.parent() && skipped_by_name(other).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_names() {
        let is = |name: &str, other: &str| is_archive_of(Path::new(name), Path::new(other));
        for other in ["app.log.1", "app.log-20240509", "app.log.2024-05-09", "app-2024-05-09.log", "app.1.log"] {
            assert!(is("app.log", other), "{other}");
        }
        for other in ["app.log", "apple.log", "other.log.1", "app.log.new", "app.log.1.gz", "sub/app.log.1"] {
            assert!(!is("app.log", other), "{other}");
        }
        assert!(is("P", "P.1"));
    }
}
