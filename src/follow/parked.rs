//! Files that are followed without being held open: old ones that nobody writes to any more, and those that were quiet
//! longest when there are more files than descriptors. What tells later whether a file is still the same is kept.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::archives::id_at;
use super::folder::is_absence;
use super::hints::Hints;
use super::known::Known;
use super::life::{Life, Look};
use super::lines::Lines;
use super::look::Stands;
use super::moved::{MOST_TRIES, settled_name, sibling_by_id};
use super::state::{Ended, State};
use super::trail::moved_to;
use crate::event::{Actor, Cut, FileId, FollowEvent, IncarnationId, Origin};
use crate::platform;

/// Of so many lives that are gone it is known what was read.
const MOST_GONE: usize = 64;

/// An incarnation without its descriptor. It had been read to its end.
#[derive(Debug)]
pub(super) struct Parked {
    pub(super) id: IncarnationId,
    pub(super) file_id: FileId,
    /// Tells two files with one inode number apart where the system keeps no time of birth.
    generation: Option<u64>,
    /// The name that led to it when it was closed.
    pub(super) path: PathBuf,
    /// The system's own name for it then: another one where a link leads to it.
    real: Option<PathBuf>,
    /// What stat said then: as long as it says so, nothing has come.
    pub(super) look: Look,
    /// It was let go as an old file: what comes now is late.
    old: bool,
    start: u64,
    pub(super) lines: Lines,
    marker: Vec<u8>,
    succeeded: bool,
    pending_told: u64,
    pub(super) since: SystemTime,
    seen_empty: bool,
    copied_from: Option<IncarnationId>,
}

/// A life whose content is gone, but for archives and copies of it.
#[derive(Debug)]
pub(super) struct Gone {
    pub(super) id: IncarnationId,
    /// The last name that it had.
    pub(super) path: PathBuf,
    pub(super) lines: Lines,
    pub(super) marker: Vec<u8>,
}

impl Gone {
    /// What tells the content that was read.
    pub(super) fn known(&self) -> Known<'_> {
        Known { lines: &self.lines, marker: &self.marker }
    }
}

/// Why a descriptor is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// Another file has its place and nobody writes to it.
    Old,
    /// There are more files than descriptors.
    Room,
}

/// What became of a file that was not held open.
enum Reopened {
    Yes,
    /// Its place is taken by another one.
    Other,
    /// It can't be opened at the moment.
    NotNow(io::Error),
    /// Others have to be closed first.
    Waits,
}

impl Parked {
    pub(super) fn of(life: Life, path: PathBuf, look: Look, why: Why) -> Parked {
        Parked {
            id: life.id,
            file_id: life.file_id,
            generation: platform::generation(&life.file),
            path,
            real: life.real,
            look,
            old: why == Why::Old,
            start: life.start,
            lines: life.lines,
            marker: life.marker,
            succeeded: life.succeeded,
            pending_told: life.pending_told,
            since: life.since,
            seen_empty: life.seen_empty,
            copied_from: life.copied_from,
        }
    }

    /// What tells the content that was read.
    pub(super) fn known(&self) -> Known<'_> {
        Known { lines: &self.lines, marker: &self.marker }
    }

    /// Whether this is the file that was closed.
    fn is_in(&self, file: &File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        let same = metadata.is_file() && platform::file_id(&metadata) == self.file_id;
        Ok(same && platform::generation(file) == self.generation)
    }

    fn reopened(self, file: File) -> Life {
        // If its link leads elsewhere by now, that is seen by the name that it had.
        let real = settled_name(&file, &self.path).or(self.real);
        Life {
            id: self.id,
            file_id: self.file_id,
            file: Arc::new(file),
            path: Some(self.path.clone()),
            last_path: self.path,
            real,
            start: self.start,
            lines: self.lines,
            marker: self.marker,
            seen: None,
            size: self.look.size,
            gate: None,
            succeeded: self.succeeded,
            grew: Instant::now(),
            pending_told: self.pending_told,
            folder: None,
            since: self.since,
            seen_empty: self.seen_empty,
            copy: None,
            may_repeat: None,
            copied_from: self.copied_from,
            made: BTreeMap::new(),
            watched: false,
            unpacked: false,
            is_given_up: false,
            unreadable: false,
            mode: self.look.mode,
        }
    }
}

impl State {
    /// Closes the descriptor of an incarnation that has a name and was read to its end. False if it can't be done: there
    /// is more in the file now.
    pub(super) fn park(&mut self, id: IncarnationId, why: Why) -> bool {
        let Some(life) = self.lives.get(&id) else { return false };
        let Some(path) = life.path.clone() else { return false };
        let Ok(metadata) = life.file.metadata() else { return false };
        let look = Look::of(&metadata);
        if life.seen != Some(look) || life.lines.offset() != look.size {
            return false;
        }
        let Some(mut life) = self.lives.remove(&id) else { return false };
        life.lines.rest();
        self.texts.remove_file(&life.file);
        self.parked.insert(id, Parked::of(life, path, look, why));
        true
    }

    /// Opens again what has changed, and finds out what became of those whose name leads elsewhere. True if something
    /// moved meanwhile.
    pub(super) fn settle_parked(
        &mut self,
        stands: &BTreeMap<PathBuf, Stands>,
        hints: &mut Hints,
    ) -> Result<bool, Ended> {
        self.keeping.waiting = false;
        let mut again = false;
        let ids: Vec<IncarnationId> = self.parked.keys().copied().collect();
        for id in ids {
            let Some(parked) = self.parked.get(&id) else { continue };
            let path = parked.path.clone();
            match stands.get(&path) {
                None | Some(Stands::Unknown(_)) => {}
                Some(Stands::File { id: file, look, .. }) if *file == parked.file_id => {
                    if *look != parked.look || hints.touches(&path) {
                        again |= self.reopen_in_place(id, &path, hints)?;
                    }
                }
                Some(stands) => {
                    let occupied = matches!(stands, Stands::File { .. });
                    self.seek_parked(id, occupied, hints)?;
                }
            }
        }
        Ok(again)
    }

    /// Opens what is to be operated on.
    pub(super) fn reopen_within(&mut self, path: &Path) -> Result<(), Ended> {
        let concerned = self.parked.values().filter(|parked| parked.path.starts_with(path));
        let concerned: Vec<(IncarnationId, PathBuf)> =
            concerned.map(|parked| (parked.id, parked.path.clone())).collect();
        for (id, path) in concerned {
            self.reopen(id, &path)?;
        }
        Ok(())
    }

    fn reopen_in_place(&mut self, id: IncarnationId, path: &Path, hints: &mut Hints) -> Result<bool, Ended> {
        match self.reopen(id, path)? {
            Reopened::Yes => self.tell_trouble(path, None).map(|()| false),
            Reopened::Other => self.seek_parked(id, true, hints).map(|()| false),
            Reopened::Waits => Ok(false),
            Reopened::NotNow(error) if is_absence(&error) => Ok(true),
            Reopened::NotNow(error) => self.tell_trouble(path, Some(error.to_string())).map(|()| false),
        }
    }

    /// The name leads elsewhere: looks for the file under another one. A folder that changes while it is read does not
    /// show each of its names: what was heard by then tells of the others, and where nothing is heard it is read again.
    fn seek_parked(&mut self, id: IncarnationId, occupied: bool, hints: &mut Hints) -> Result<(), Ended> {
        let Some(parked) = self.parked.get(&id) else { return Ok(()) };
        let (path, file_id) = (parked.path.clone(), parked.file_id);
        let places: BTreeSet<PathBuf> = parked.real.iter().chain([&parked.path]).cloned().collect();
        let mut deaf = hints.overflow || !self.watch.is_complete();
        for _ in 0..MOST_TRIES {
            let heard = moved_to(&path, &hints.names);
            if let Some(place) = &heard
                && self.is_found(id, place)?
            {
                return Ok(());
            }
            for place in &places {
                match sibling_by_id(place, file_id) {
                    Ok(Some(place)) if self.is_found(id, &place)? => return Ok(()),
                    Ok(_) => {}
                    // It may be there: the next look will tell.
                    Err(_) => return Ok(()),
                }
            }
            self.hear_on(hints);
            if moved_to(&path, &hints.names) == heard && !std::mem::take(&mut deaf) {
                break;
            }
        }
        self.lose_parked(id, occupied, hints)
    }

    /// Whether the file is at a place, if only for the next look. It is reported as renamed when its name is looked at.
    fn is_found(&mut self, id: IncarnationId, place: &Path) -> Result<bool, Ended> {
        let file_id = self.parked.get(&id).map(|parked| parked.file_id);
        Ok(match self.reopen(id, place)? {
            Reopened::Yes | Reopened::Waits => true,
            Reopened::Other => false,
            Reopened::NotNow(error) => platform::is_out_of_descriptors(&error) || id_at(place) == file_id,
        })
    }

    fn reopen(&mut self, id: IncarnationId, at: &Path) -> Result<Reopened, Ended> {
        self.make_room()?;
        if self.must_wait() {
            self.keeping.waiting = true;
            return Ok(Reopened::Waits);
        }
        let Some(parked) = self.parked.get(&id) else { return Ok(Reopened::Other) };
        let file = match platform::open_to_follow(at) {
            Ok(file) => file,
            Err(error) => return Ok(Reopened::NotNow(error)),
        };
        match parked.is_in(&file) {
            Ok(true) => {}
            Ok(false) => return Ok(Reopened::Other),
            Err(error) => return Ok(Reopened::NotNow(error)),
        }
        let late = file.metadata().map_or(0, |metadata| metadata.len().saturating_sub(parked.look.size));
        let Some(parked) = self.parked.remove(&id) else { return Ok(Reopened::Other) };
        let old = parked.old;
        let mut life = parked.reopened(file);
        life.folder = self.folder_of(life.path.as_deref());
        self.texts.insert(id, Arc::clone(&life.file));
        self.lives.insert(id, life);
        if old && late > 0 {
            self.say(FollowEvent::LateBytes { incarnation: id, bytes: late })?;
        }
        Ok(Reopened::Yes)
    }

    /// No name leads to it any more, and nobody holds it.
    fn lose_parked(&mut self, id: IncarnationId, occupied: bool, hints: &mut Hints) -> Result<(), Ended> {
        let Some(parked) = self.parked.remove(&id) else { return Ok(()) };
        self.by_file.remove(&parked.file_id);
        let path = parked.path.clone();
        let replaced = occupied && self.came_by_move(&path, hints);
        if replaced {
            self.origins.insert(path.clone(), Origin::Replaced { previous: id });
        }
        if let Some(slot) = self.slots.get_mut(&path)
            && slot.current == Some(id)
        {
            slot.current = None;
            slot.previous = Some(id);
        }
        let cut = Cut { offset: parked.look.size, exact: false };
        let beyond = Vec::new();
        self.say(FollowEvent::Deleted { incarnation: id, path, cut, beyond, by: Actor::Other, replaced })?;
        match self.recognise_parked(&parked)? {
            Some(content) => self.read_rest(parked, content),
            None => {
                self.remember_gone(Gone { id, path: parked.path, lines: parked.lines, marker: parked.marker });
                self.say(FollowEvent::Released { incarnation: id })
            }
        }
    }

    /// More had come to a closed file before it was compressed: it is read from the archive.
    fn read_rest(&mut self, parked: Parked, content: File) -> Result<(), Ended> {
        let Ok(metadata) = content.metadata() else { return Ok(()) };
        let (id, bytes) = (parked.id, metadata.len().saturating_sub(parked.lines.offset()));
        let file_id = platform::file_id(&metadata);
        let life = Life { path: None, file_id, real: None, unpacked: true, ..parked.reopened(content) };
        self.by_file.insert(file_id, id);
        self.texts.insert(id, Arc::clone(&life.file));
        self.lives.insert(id, life);
        self.say(FollowEvent::LateBytes { incarnation: id, bytes })
    }

    /// An archive of it may turn up later.
    pub(super) fn remember_gone(&mut self, mut gone: Gone) {
        gone.lines.rest();
        self.gone.push_back(gone);
        if self.gone.len() > MOST_GONE {
            self.gone.pop_front();
        }
    }
}
