//! Copies that were made before a truncation (`cp P P.1; truncate -s 0 P`): what the follower had not read of a file
//! that was cut stands there, and so does what came and was cut away between two looks.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::archives::{Archive, id_at};
use super::hints::{Hints, NameHint};
use super::life::{Life, Look};
use super::packing::Packing;
use super::repeats::is_same;
use super::state::{BLOCK_BYTES, Ended, Next, Slot, State};
use super::trail::{brings_another, place_in_the_end};
use crate::event::{Actor, Cut, FileId, IncarnationId, Origin};
use crate::platform;

/// A copy may have been made before the cut was noticed with which the present life began.
const LEEWAY: Duration = Duration::from_secs(1);

/// A file beside a followed one that may be a copy of it, compressed or not.
#[derive(Debug)]
struct Copy {
    archive: Archive,
    /// Its content, as it was before it was compressed.
    file: File,
    size: u64,
}

impl Copy {
    fn of(archive: Archive) -> Option<Copy> {
        let (file, size) = archive.content().ok()?;
        Some(Copy { archive, file, size })
    }

    /// Whether it was made and written while the life was followed. What was unpacked or put back bears an older time.
    fn is_younger_than(&self, life: &Life) -> bool {
        let least = life.since - LEEWAY;
        let made = self.archive.metadata.created().unwrap_or(SystemTime::now());
        let born_ns = self.archive.id.born_ns;
        let after_file = born_ns == 0 || born_ns >= life.file_id.born_ns;
        after_file && made >= least && self.archive.modified >= least
    }

    fn is_packed(&self) -> bool {
        self.archive.packing.is_some()
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
        } else if copy.size > read && life.known().is_in(&copy.file).unwrap_or(false) {
            Held::Rest
        } else if read > 0 && life.known().goes_along_with(&copy.file).unwrap_or(true) {
            Held::Read
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
    /// Reads what copies have that the file itself has lost: the rest of this life, and whole lives that came and went
    /// unseen, in the order in which they were made. Returns the last that has to be read before the file goes on.
    pub(super) fn read_copies(
        &mut self,
        id: IncarnationId,
        occasion: Occasion<'_>,
    ) -> Result<Option<IncarnationId>, Ended> {
        let Some(path) = self.place_of_copies(id) else { return Ok(None) };
        if self.options.stamps || !self.started {
            return Ok(None);
        }
        let mut last = None;
        for copy in self.copies_of(id, &path, occasion) {
            let Some(life) = self.lives.get(&id) else { break };
            let held = Held::of(life, &copy, occasion);
            let of_this = matches!(held, Held::Read | Held::Rest);
            if copy.is_packed() && !of_this && self.settle_packed(&path, &copy)? {
                continue;
            }
            self.doubtful.remove(&copy.archive.id);
            if of_this || held == Held::Other {
                self.known_files.insert(copy.archive.id);
                if let Some(life) = self.lives.get_mut(&id) {
                    life.made.remove(&copy.archive.path);
                }
            }
            if of_this && copy.is_packed() {
                self.say_archived(id, &copy.archive)?;
            }
            match held {
                Held::Rest => self.read_rest_from(id, copy.file, copy.size)?,
                // It was cut before the file left the path and came back.
                Held::Other if self.life_with(&path, &copy.file, copy.size).is_some_and(|other| other != id) => {}
                Held::Other => last = Some(self.adopt_copy(id, &path, copy)?),
                Held::Doubtful => drop(self.doubtful.insert(copy.archive.id)),
                Held::Still | Held::Read => {}
            }
        }
        self.gate_behind(Some(id), last);
        Ok(last)
    }

    /// The followed path beside which copies of a life were made: where it is, or was when that was heard.
    fn place_of_copies(&self, id: IncarnationId) -> Option<PathBuf> {
        let life = self.lives.get(&id)?;
        let made_beside = || self.owner_of(life.made.keys().next()?);
        let path = life.path.as_deref().filter(|path| self.is_current(id, path)).or_else(made_beside)?;
        // Copies in a followed folder are followed themselves; those beside what a link in it leads to are not.
        let is_meant = self.slots.get(path).is_some_and(Slot::is_meant) || self.links.target(path).is_some();
        is_meant.then(|| path.to_owned())
    }

    fn is_current(&self, id: IncarnationId, path: &Path) -> bool {
        self.slots.get(path).is_some_and(|slot| slot.current == Some(id))
    }

    /// The files that may be copies of a life, by age.
    fn copies_of(&mut self, id: IncarnationId, path: &Path, occasion: Occasion<'_>) -> Vec<Copy> {
        let Some(life) = self.lives.get(&id) else { return Vec::new() };
        if !self.is_current(id, path) {
            let made = life.made.iter().filter(|(_, file)| !self.by_file.contains_key(file));
            let made = made.filter_map(|(at, file)| Archive::at(at.clone()).filter(|archive| archive.id == *file));
            return by_age(made.filter_map(Copy::of));
        }
        let file = life.file_id;
        let copies = self.copies_beside(id, path, occasion);
        // If it has left the path meanwhile, what came after it may be among them: the next look tells them apart.
        if leads_to(path, file) { copies } else { Vec::new() }
    }

    /// A compressed copy of what was read, or was there before: nothing is to be read. A life that goes on under a name
    /// is in no archive yet: that is told when the name goes.
    fn settle_packed(&mut self, path: &Path, copy: &Copy) -> Result<bool, Ended> {
        if self.take_older(path, &copy.file) {
            self.known_files.insert(copy.archive.id);
            return Ok(true);
        }
        let Some(id) = self.life_with(path, &copy.file, copy.size) else { return Ok(false) };
        let named = self.parked.contains_key(&id) || self.lives.get(&id).is_some_and(|life| life.path.is_some());
        if !named {
            self.say_archived(id, &copy.archive)?;
        }
        Ok(true)
    }

    /// Looks at files that were made beside a followed one: they may be copies of it.
    pub(super) fn hear_of_copies(&mut self, hints: &Hints) -> Result<(), Ended> {
        if self.options.stamps {
            return Ok(());
        }
        let mut concerned = BTreeSet::new();
        for (at, hint) in hints.names.iter().enumerate() {
            let Some(made) = made_by(hint) else { continue };
            let Some(path) = self.owner_of(made).filter(|path| *path != made).map(Path::to_owned) else { continue };
            let path = path.as_path();
            let (before, after) = hints.names.split_at(at);
            if let Some(id) = self.note_made(made, path, &after[1..]) {
                concerned.insert(id);
                continue;
            }
            // Who stood there is gone: what nobody has read of it stands in the copy alone.
            let is_lost =
                place_in_the_end(path, &after[1..]).is_some_and(|place| place != path && id_at(place).is_none());
            let later = !is_lost && (brings_another(after, path) || self.was_vacant(path, before));
            if later && Packing::of(made).is_none() {
                // What stands at the path, or will, came after it: also if both were born in one tick of the clock.
                self.known_files.extend(id_at(made));
            } else {
                concerned.extend(self.slots.get(path).and_then(|slot| slot.current));
            }
        }
        // They are whole when they have been closed. A change of attributes is told alike, and costs a look.
        for packed in hints.touched().filter(|path| Packing::of(path).is_some()) {
            let path = self.owner_of(packed).filter(|_| self.is_unknown(packed));
            concerned.extend(path.and_then(|path| self.slots.get(path)?.current));
        }
        let deaf = !self.watch.is_complete();
        let unheard = self.slots.iter().filter(|(path, slot)| slot.is_meant() && (deaf || hints.may_lack(path)));
        concerned.extend(unheard.filter_map(|(_, slot)| slot.current));
        for id in concerned {
            self.read_copies(id, Occasion::Made)?;
        }
        Ok(())
    }

    /// A file that was made beside what stood at a path may be a copy of this one. If it has left the path since, as
    /// these hints tell, the file is of no other: who it is is returned.
    fn note_made(&mut self, made: &Path, path: &Path, after: &[NameHint]) -> Option<IncarnationId> {
        let original = place_in_the_end(path, after)?;
        let made = place_in_the_end(made, after).filter(|made| Packing::of(made).is_none())?;
        let id = *self.by_file.get(&id_at(original)?)?;
        let file = id_at(made).filter(|file| !self.by_file.contains_key(file) && !self.known_files.contains(file))?;
        self.lives.get_mut(&id)?.made.insert(made.to_owned(), file);
        let has_left = original != path;
        (has_left && self.known_files.insert(file)).then_some(id)
    }

    /// Whether there was nothing to copy at a path when these hints came, nor has been since.
    fn was_vacant(&self, path: &Path, hints: &[NameHint]) -> bool {
        let current = self.slots.get(path).and_then(|slot| slot.current);
        current.is_none() && !hints.iter().any(|hint| hint.brings(path)) && fs::metadata(path).is_err()
    }

    /// Once everything has been read that was there when these files were made, nothing was cut before. What waits for
    /// another file may still turn out to be cut.
    pub(super) fn settle_doubts(&mut self, next: Next) {
        if !self.gated && next != Next::Now {
            for life in self.lives.values_mut() {
                life.made.retain(|_, file| !self.doubtful.contains(file));
            }
            self.known_files.extend(self.doubtful.drain());
        }
    }

    /// The rest of a life, from a copy of it. Its text can be shown from there from now on.
    pub(super) fn read_rest_from(&mut self, id: IncarnationId, copy: File, size: u64) -> Result<(), Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let copied = Arc::new(copy);
        let cut = std::mem::replace(&mut life.file, Arc::clone(&copied));
        life.size = life.size.max(size);
        life.copy = Some(Arc::clone(&copied));
        self.show_from(id, copied);
        let read = self.read_whole(id, size);
        if let Some(life) = self.lives.get_mut(&id) {
            life.file = cut;
        }
        read
    }

    /// Reads one life up to an offset, without a look at whether it was cut.
    pub(super) fn read_whole(&mut self, id: IncarnationId, end: u64) -> Result<(), Ended> {
        // The reader's own block may be in use: a cut is noticed in the midst of reading.
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
            let (start, offset) = (life.window_start(), life.lines.offset());
            let wanted = usize::try_from(end.saturating_sub(start)).map_or(block.len(), |left| left.min(block.len()));
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
        let place = self.slots.get(path).map(|slot| (slot.current, slot.previous));
        // It is the one before this, whoever stands there by now.
        if let Some(slot) = self.slots.get_mut(path) {
            (slot.current, slot.previous) = (Some(now), None);
        }
        let (gate, succeeded) =
            self.lives.get_mut(&now).map_or((None, false), |life| (life.gate.take(), life.succeeded));
        let packed = copy.is_packed();
        // Of what was unpacked: nothing of it has a name.
        let metadata = copy.file.metadata().ok().filter(|_| packed).unwrap_or_else(|| copy.archive.metadata.clone());
        let id = self.adopt(copy.file, &metadata, path, Origin::Created, packed)?;
        self.comings.was_copy(platform::file_id(&metadata), &copy.archive.path);
        if packed {
            self.say_archived(id, &copy.archive)?;
        } else {
            self.rename(id, copy.archive.path, cut, Actor::Other)?;
        }
        if let Some(life) = self.lives.get_mut(&id) {
            life.gate = gate;
            life.succeeded = true;
            life.unpacked = packed;
        }
        self.gate_behind(Some(now), Some(id));
        if let Some(life) = self.lives.get_mut(&now) {
            life.succeeded = succeeded;
        }
        if let (Some(slot), Some(place)) = (self.slots.get_mut(path), place) {
            (slot.current, slot.previous) = place;
        }
        Ok(id)
    }

    /// Files beside `path` that came since following began and are followed under no name of theirs, by age. What was
    /// searched in vain is left out as long as nothing says that the file has lost something.
    fn copies_beside(&mut self, id: IncarnationId, path: &Path, occasion: Occasion<'_>) -> Vec<Copy> {
        let mut whole = Vec::new();
        for archive in self.archives_beside(path) {
            let of = archive.packing.is_none().then_some(id);
            let now = (Look::of(&archive.metadata), of);
            let before = self.searched.insert(archive.id, now);
            if occasion == Occasion::Made && before == Some(now) {
                continue;
            }
            whole.extend(Copy::of(archive));
        }
        by_age(whole)
    }
}

fn by_age(copies: impl IntoIterator<Item = Copy>) -> Vec<Copy> {
    let mut copies: Vec<Copy> = copies.into_iter().collect();
    copies.sort_by_key(|copy| (copy.archive.made_ns(), copy.archive.tie()));
    copies
}

/// The file that was made, or the compressed one that was put there whole.
fn made_by(hint: &NameHint) -> Option<&Path> {
    match hint {
        NameHint::Created(path) => Some(path),
        NameHint::Moved(_, path) | NameHint::MovedIn(path) => Packing::of(path).map(|_| path.as_path()),
        NameHint::Removed(_) => None,
    }
}

/// Whether a file and a block are the same as far as both go.
fn begins_alike(file: &File, block: &[u8]) -> io::Result<bool> {
    let mut beginning = vec![0; block.len()];
    let got = platform::read_at(file, &mut beginning, 0)?;
    Ok(beginning[..got] == block[..got])
}

/// Asked of the opened file: on some overlays stat and fstat never agree. A pipe is not opened: who writes to it would
/// hear of that.
pub(super) fn leads_to(path: &Path, id: FileId) -> bool {
    if !fs::metadata(path).is_ok_and(|metadata| metadata.is_file()) {
        return false;
    }
    let metadata = platform::open_to_follow(path).and_then(|file| file.metadata());
    metadata.is_ok_and(|metadata| platform::file_id(&metadata) == id)
}
