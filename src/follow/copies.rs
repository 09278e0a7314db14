//! Copies that were made before a truncation (`cp P P.1; truncate -s 0 P`): what the follower had not read of a file
//! that was cut stands there, and so does what came and was cut away between two looks.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::archives::is_archive_of;
use super::life::Life;
use super::repeats::is_same;
use super::state::{BLOCK_BYTES, Ended, State};
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
        let after_file = self.id.born_ns == 0 || self.id.born_ns >= life.file_id.born_ns;
        after_file && made >= least && self.metadata.modified().is_ok_and(|modified| modified >= least)
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
    /// It is no copy, unless the file was cut and nobody has noticed yet.
    Doubtful,
}

/// Why copies are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Occasion<'b> {
    /// This is about to be taken in as the beginning of the life.
    Begun(&'b [u8]),
    /// The file was cut.
    Cut,
    /// A file that may be a copy was made.
    Made,
}

impl Held {
    fn of(life: &Life, copy: &Copy, occasion: Occasion<'_>) -> Held {
        if let Occasion::Begun(block) = occasion {
            let alike = begins_alike(&copy.file, block).unwrap_or(true);
            return if alike || !copy.is_younger_than(life) { Held::Still } else { Held::Other };
        }
        let now = life.file.metadata().map_or(0, |metadata| metadata.len());
        // What can't be compared is left alone.
        let still = copy.size <= now && is_same(&copy.file, &life.file, 0, copy.size).unwrap_or(true);
        let read = life.lines.offset();
        if still || copy.size == 0 {
            Held::Still
        } else if read > 0 && life.known().begins(&copy.file, copy.size.min(read)).unwrap_or(true) {
            let whole = copy.size > read && life.known().is_in(&copy.file).unwrap_or(false);
            if whole { Held::Rest } else { Held::Read }
        } else if occasion == Occasion::Made && read > 0 {
            Held::Doubtful
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
    pub(super) fn read_copies(
        &mut self,
        id: IncarnationId,
        occasion: Occasion<'_>,
    ) -> Result<Option<IncarnationId>, Ended> {
        let Some(path) = self.lives.get(&id).and_then(|life| life.path.clone()) else { return Ok(None) };
        let followed = self.slots.get(&path).is_some_and(|slot| slot.current == Some(id) && slot.asked_for);
        if self.options.stamps || !self.started || !followed {
            return Ok(None);
        }
        let mut last = None;
        let copies = self.copies_beside(&path);
        // If it has left the path meanwhile, what came after it may be among them: the next look tells them apart.
        if !self.lives.get(&id).is_some_and(|life| leads_to(&path, life.file_id)) {
            return Ok(None);
        }
        for copy in copies {
            let Some(life) = self.lives.get(&id) else { break };
            let held = Held::of(life, &copy, occasion);
            self.doubtful.remove(&copy.id);
            if matches!(held, Held::Read | Held::Rest | Held::Other) {
                self.known_files.insert(copy.id);
            }
            match held {
                Held::Rest => self.read_copy(id, copy)?,
                // It was cut before the file left the path and came back.
                Held::Other if self.gone_with(&copy.file).is_some() => {}
                Held::Other => last = Some(self.adopt_copy(id, &path, copy)?),
                Held::Doubtful => drop(self.doubtful.insert(copy.id)),
                Held::Still | Held::Read => {}
            }
        }
        self.gate_behind(Some(id), last);
        Ok(last)
    }

    /// Looks at files that were made beside a followed one: they may be copies of it.
    pub(super) fn hear_of_copies(&mut self, hints: &Hints) -> Result<(), Ended> {
        let mut concerned = BTreeSet::new();
        for (at, hint) in hints.names.iter().enumerate() {
            let NameHint::Created(made) = hint else { continue };
            for (path, slot) in self.slots.iter().filter(|(path, _)| is_archive_of(path, made)) {
                if brings_another(&hints.names[at..], path) {
                    // What stands at the path came after it.
                    self.known_files.extend(id_at(made));
                } else {
                    concerned.extend(slot.current);
                }
            }
        }
        let deaf = !self.watch.is_complete();
        let unheard = self.slots.iter().filter(|(path, slot)| slot.asked_for && (deaf || hints.may_lack(path)));
        concerned.extend(unheard.filter_map(|(_, slot)| slot.current));
        for id in concerned {
            self.read_copies(id, Occasion::Made)?;
        }
        Ok(())
    }

    /// Everything has been read that was there when these files were made: nothing was cut before.
    pub(super) fn settle_doubts(&mut self) {
        self.known_files.extend(self.doubtful.drain());
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
        // The reader's own block may be in use: a cut is noticed in the midst of reading.
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
            let (start, offset) = (life.window_start(), life.lines.offset());
            let wanted = usize::try_from(end - start).map_or(block.len(), |left| left.min(block.len()));
            let known = life.marker.len();
            let got = platform::read_at(&life.file, &mut block[..wanted], start).unwrap_or(0);
            if offset >= end || got <= known {
                return Ok(());
            }
            self.take_in(id, &block[..got], known)?;
            if let Some(life) = self.lives.get_mut(&id) {
                life.remember(&block[..got]);
            }
        }
    }

    /// Reads a life that was never seen from the copy that was made of it. It comes before the one that has the path.
    fn adopt_copy(&mut self, now: IncarnationId, path: &Path, copy: Copy) -> Result<IncarnationId, Ended> {
        let cut = Cut { offset: copy.size, exact: false };
        let (gate, succeeded) =
            self.lives.get_mut(&now).map_or((None, false), |life| (life.gate.take(), life.succeeded));
        let id = self.adopt(copy.file, &copy.metadata, path, Origin::Created, false)?;
        self.rename(id, copy.path, cut, Actor::Other)?;
        if let Some(life) = self.lives.get_mut(&id) {
            life.gate = gate;
            life.succeeded = true;
        }
        self.gate_behind(Some(now), Some(id));
        if let Some(life) = self.lives.get_mut(&now) {
            life.succeeded = succeeded;
        }
        if let Some(slot) = self.slots.get_mut(path) {
            slot.current = Some(now);
        }
        Ok(id)
    }

    pub(super) fn is_unknown(&self, path: &Path) -> bool {
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

/// Whether a file comes to the path that has not just left it.
fn brings_another(hints: &[NameHint], path: &Path) -> bool {
    let mut left = BTreeSet::new();
    for hint in hints {
        match hint {
            NameHint::Moved(from, to) if from == path => drop(left.insert(to)),
            NameHint::Moved(from, to) if to == path && left.contains(from) => {}
            _ if hint.brings(path) => return true,
            _ => {}
        }
    }
    false
}

/// Whether a file and a block are the same as far as both go.
fn begins_alike(file: &File, block: &[u8]) -> io::Result<bool> {
    let mut beginning = vec![0; block.len()];
    let got = platform::read_at(file, &mut beginning, 0)?;
    Ok(beginning[..got] == block[..got])
}

/// Asked of the opened file: on some overlays stat and fstat never agree.
fn leads_to(path: &Path, id: FileId) -> bool {
    let metadata = platform::open_to_follow(path).and_then(|file| file.metadata());
    metadata.is_ok_and(|metadata| platform::file_id(&metadata) == id)
}

fn id_at(path: &Path) -> Option<FileId> {
    Some(platform::file_id(&fs::symlink_metadata(path).ok()?))
}

fn open_copy(path: PathBuf) -> Option<Copy> {
    let file = platform::open_to_follow(&path).ok()?;
    let metadata = file.metadata().ok().filter(Metadata::is_file)?;
    Some(Copy { path, id: platform::file_id(&metadata), size: metadata.len(), file, metadata })
}
