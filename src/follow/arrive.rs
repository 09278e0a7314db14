//! Files that stand where none, or another one, stood: they are opened, announced, and get the path's place.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::belongs::is_temporary;
use super::copies::leads_to;
use super::folder::{Folder, is_absence, is_binary};
use super::life::{Gate, Life};
use super::lines::Lines;
use super::look::{Stands, stands_at};
use super::moved::settled_name;
use super::repeats::{Copied, Least};
use super::state::{Ended, State};
use crate::event::{Actor, EntryKind, FileId, FollowEvent, IncarnationId, NotFollowed, Origin};
use crate::platform;
use crate::record::TextEncoding;

impl State {
    pub(super) fn settle_slots(&mut self, stands: &BTreeMap<PathBuf, Stands>) -> Result<bool, Ended> {
        let mut again = false;
        let mut arrivals = Vec::new();
        for (path, stands) in stands {
            if !self.slots.contains_key(path) {
                continue;
            }
            match stands {
                Stands::Nothing => self.tell_empty(path)?,
                Stands::Other(EntryKind::Folder) if self.is_awaited(path) => {
                    self.slots.remove(path);
                    self.folders.push(Folder::new(path.clone()));
                    again = true;
                }
                Stands::Other(kind) => self.tell_not_a_file(path, *kind)?,
                Stands::Unknown(reason) => self.tell_trouble(path, Some(reason.clone()))?,
                Stands::File { id, look, modified } => {
                    if let Some(life) = self.by_file.get(id).copied() {
                        again |= self.settle_known(path, life, look.mode)?;
                    } else {
                        self.look_at_cut(path, look.size);
                        arrivals.push((*modified, id.born_ns, path, *id));
                    }
                }
            }
        }
        // Before following began, the order of last writing; after that, the order of birth.
        let started = self.started;
        arrivals.sort_by_key(|(modified, born, ..)| (if started { None } else { Some(*modified) }, *born));
        if !started {
            self.pass_over_older(arrivals.iter().map(|(_, _, path, _)| *path));
        }
        let mut previous = None;
        for (_, _, path, id) in arrivals {
            let origin = if started { self.origin_of(path) } else { Origin::AtStart };
            let adopted = self.open_and_adopt(path, id, origin, &mut again)?;
            if let Some(adopted) = adopted {
                self.origins.remove(path);
                self.continue_series(path, adopted);
            }
            if !started && adopted.is_some() {
                self.gate_behind(adopted, previous);
                previous = adopted;
            }
        }
        Ok(again)
    }

    /// What was no text may be text once it has been cut.
    fn look_at_cut(&mut self, path: &Path, size: u64) {
        let Some(slot) = self.slots.get_mut(path).filter(|slot| slot.skipped.is_some()) else { return };
        if size < slot.skipped_size {
            slot.skipped = None;
        }
        slot.skipped_size = size;
    }

    /// How what is about to be taken in came to a path. Where a link was, a file itself may have come.
    fn origin_of(&self, path: &Path) -> Origin {
        match self.origins.get(path) {
            Some(Origin::Retargeted { .. }) if fs::canonicalize(path).is_ok_and(|real| real == path) => Origin::Created,
            known => known.copied().unwrap_or(Origin::Created),
        }
    }

    /// Whether the path was asked for and has led to no file so far: what comes first decides whether a file or a
    /// folder was meant.
    fn is_awaited(&self, path: &Path) -> bool {
        self.slots.get(path).is_some_and(|slot| slot.asked_for && slot.current.is_none() && slot.previous.is_none())
    }

    /// A held file stood at the path when the look began. True if it does not any more.
    fn settle_known(&mut self, path: &Path, id: IncarnationId, mode: u32) -> Result<bool, Ended> {
        let back = self.is_back_at(path, id);
        let Some(life) = self.lives.get(&id) else { return Ok(false) };
        // Its end may have been told in this very look, of this very name.
        if life.path.is_none() && !stands_at(path).is_file(life.file_id) {
            return Ok(true);
        }
        if back {
            let cut = self.cut_now(id);
            self.rename(id, path.to_owned(), cut, Actor::Other)?;
        }
        let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
        let mode_changed = std::mem::replace(&mut life.mode, mode) != mode;
        let restored = life.path.is_none();
        if restored {
            life.path = Some(path.to_owned());
            life.last_path = path.to_owned();
            life.real = settled_name(&life.file, path);
        }
        let here = life.is_at(path);
        let Some(slot) = self.slots.get_mut(path) else { return Ok(false) };
        slot.not_a_file = None;
        if here {
            slot.current = Some(id);
            slot.previous = None;
            self.origins.remove(path);
        } else {
            // The same file under a second name is not followed twice.
            slot.current = None;
        }
        let try_again = slot.trouble.is_some() || mode_changed;
        if restored {
            self.say(FollowEvent::Restored { incarnation: id, path: path.to_owned() })?;
        }
        if try_again {
            let trouble = platform::open_to_follow(path).err().filter(|error| !is_absence(error));
            self.tell_trouble(path, trouble.map(|error| error.to_string()))?;
        }
        Ok(false)
    }

    /// Whether a path that was asked for leads again to a file whose name is followed by nobody: a link may have been
    /// away, or another name of the file. Asked now: it may have left the path since that was looked at.
    fn is_back_at(&self, path: &Path, id: IncarnationId) -> bool {
        let asked_for = self.slots.get(path).is_some_and(|slot| slot.asked_for);
        let Some(life) = self.lives.get(&id).filter(|_| asked_for) else { return false };
        let elsewhere = life.path.as_deref().is_some_and(|name| name != path && !self.slots.contains_key(name));
        elsewhere && leads_to(path, life.file_id)
    }

    fn open_and_adopt(
        &mut self,
        path: &Path,
        seen: FileId,
        origin: Origin,
        again: &mut bool,
    ) -> Result<Option<IncarnationId>, Ended> {
        let slot = self.slots.get(path);
        let asked_for = slot.is_some_and(|slot| slot.asked_for);
        if slot.and_then(|slot| slot.skipped).is_some_and(|(id, _)| id == seen) {
            return Ok(None);
        }
        let (file, metadata) = match self.open_in_turn(path)? {
            Ok(Some(opened)) => opened,
            Ok(None) => {
                *again = true;
                return Ok(None);
            }
            Err(error) => {
                self.tell_trouble(path, Some(error.to_string()))?;
                return Ok(None);
            }
        };
        let id = platform::file_id(&metadata);
        // Where stat and fstat never agree, as on some overlays, what was opened is what counts.
        let moved = id != seen && !stands_at(path).is_file(seen);
        if moved || self.by_file.contains_key(&id) {
            *again = true;
            return Ok(None);
        }
        let original = self.original_beside(path);
        let copied = match original {
            Some(original) => self.copied(original, &file)?,
            None => Copied::Nothing,
        };
        if copied == Copied::InTheMaking {
            return Ok(None);
        }
        let is_met = !asked_for && !self.options.stamps;
        if is_met && metadata.len() == 0 && is_temporary(path) {
            // Whatever it will be: a compressed archive is made so.
            self.comings.saw_other_once(path);
            return Ok(None);
        }
        if is_met && is_binary(&file).unwrap_or(false) {
            if let Some(slot) = self.slots.get_mut(path) {
                slot.skipped = Some((id, NotFollowed::Binary));
                slot.skipped_size = metadata.len();
            }
            return Ok(None);
        }
        self.tell_trouble(path, None)?;
        let adopted = self.adopt(file, &metadata, path, origin, false)?;
        self.carry_copied(adopted, original, copied)?;
        Ok(Some(adopted))
    }

    /// What a file may be a copy of that has just come and was not asked for by its name.
    pub(super) fn original_beside(&self, path: &Path) -> Option<IncarnationId> {
        let found = self.slots.get(path).is_some_and(|slot| !slot.asked_for);
        if found && self.started && !self.options.stamps { self.original_of(path) } else { None }
    }

    /// Takes a file into its keeping and says so. `path` is the name under which it is known.
    pub(super) fn adopt(
        &mut self,
        file: File,
        metadata: &Metadata,
        path: &Path,
        origin: Origin,
        unlinked: bool,
    ) -> Result<IncarnationId, Ended> {
        self.last_id += 1;
        let id = IncarnationId(self.last_id);
        let size = metadata.len();
        let start = self.begin_of(path).offset(&file, size).unwrap_or(0);
        let quiet_below = if self.outlet.takes_bytes() {
            u64::MAX
        } else if self.started {
            0
        } else {
            size
        };
        let mut life = Life {
            id,
            file_id: platform::file_id(metadata),
            file: Arc::new(file),
            path: (!unlinked).then(|| path.to_owned()),
            last_path: path.to_owned(),
            real: None,
            start,
            lines: Lines::new(start, quiet_below, self.options.stamps).with_sequences(&self.sequences),
            marker: Vec::new(),
            seen: None,
            size,
            gate: None,
            succeeded: false,
            grew: Instant::now(),
            pending_told: 0,
            copy: None,
            since: SystemTime::now(),
            seen_empty: false,
            may_repeat: None,
            copied_from: None,
            made: BTreeMap::new(),
            watched: false,
            unpacked: false,
            is_given_up: false,
            unreadable: false,
            mode: platform::mode(metadata),
            folder: None,
        };
        life.recall();
        if let Some(before) = self.slots.get(path).and_then(|slot| slot.current.or(slot.previous)) {
            life.lines.expect(self.lives.get(&before).map_or(TextEncoding::Utf8, |before| before.lines.encoding()));
        }
        life.real = settled_name(&life.file, path);
        life.folder = self.folder_of(life.path.as_deref());
        let file_id = life.file_id;
        // What the first look finds was there before: nothing will be heard of its coming.
        if self.started {
            self.comings.adopted(path, file_id);
        }
        self.texts.insert(id, Arc::clone(&life.file));
        self.by_file.insert(file_id, id);
        self.lives.insert(id, life);
        let previous = self.take_place(path, id);
        let path = path.to_owned();
        self.say(FollowEvent::Created { incarnation: id, file_id, path, start_offset: start, size, origin, unlinked })?;
        if let Some(previous) = previous {
            let replaced = matches!(origin, Origin::Replaced { .. });
            let least = if replaced { Least::Anything } else { Least::MoreThanABanner };
            self.carry_over(id, previous, least)?;
            if let Some(life) = self.lives.get_mut(&id).filter(|_| size == 0) {
                life.may_repeat = Some((previous, least));
            }
        }
        Ok(id)
    }

    /// Makes an incarnation the current one of its path; the one before is to be read to its end first. Returns that.
    fn take_place(&mut self, path: &Path, id: IncarnationId) -> Option<IncarnationId> {
        let unlinked = self.lives.get(&id).is_some_and(|life| life.path.is_none());
        let slot = self.slots.get_mut(path)?;
        if unlinked {
            return None;
        }
        slot.not_a_file = None;
        let previous = slot.current.replace(id).or(slot.previous).filter(|previous| *previous != id);
        slot.previous = None;
        self.gate_behind(Some(id), previous);
        if let Some(previous) = previous.and_then(|previous| self.lives.get_mut(&previous)) {
            previous.succeeded = true;
        }
        previous
    }

    /// Nothing of `id` is read before what stands in `previous` now.
    pub(super) fn gate_behind(&mut self, id: Option<IncarnationId>, previous: Option<IncarnationId>) {
        let Some(previous) = previous.and_then(|previous| self.lives.get(&previous)) else { return };
        let size = previous.file.metadata().map_or(previous.size, |metadata| metadata.len());
        let gate = Gate { previous: previous.id, up_to: size, shut: Instant::now() };
        if let Some(life) = id.and_then(|id| self.lives.get_mut(&id)) {
            life.gate = Some(gate);
        }
    }

    /// The identity of the watched folder that a file stands in, as it was when the watch was set.
    pub(super) fn folder_of(&self, path: Option<&Path>) -> Option<FileId> {
        self.watch.identity(path?.parent()?)
    }

    // --- what is said of paths, once per change -----------------------------------------------------------------------

    fn tell_empty(&mut self, path: &Path) -> Result<(), Ended> {
        if let Some(slot) = self.slots.get_mut(path) {
            slot.not_a_file = None;
            slot.skipped = None;
        }
        // A link that leads nowhere, or was taken away, may lead somewhere again.
        if !matches!(self.origins.get(path), Some(Origin::Retargeted { .. })) {
            self.origins.remove(path);
        }
        self.tell_trouble(path, None)
    }

    fn tell_not_a_file(&mut self, path: &Path, kind: EntryKind) -> Result<(), Ended> {
        let Some(slot) = self.slots.get_mut(path) else { return Ok(()) };
        let news = slot.is_meant() && slot.not_a_file != Some(kind);
        slot.not_a_file = Some(kind);
        if news {
            self.comings.saw_other(path);
            self.say(FollowEvent::NotAFile { path: path.to_owned(), kind })?;
        }
        Ok(())
    }

    pub(super) fn tell_trouble(&mut self, path: &Path, trouble: Option<String>) -> Result<(), Ended> {
        let Some(slot) = self.slots.get_mut(path) else { return Ok(()) };
        let before = std::mem::replace(&mut slot.trouble, trouble.clone());
        let path = path.to_owned();
        match (before, trouble) {
            (None, Some(reason)) => self.say(FollowEvent::Inaccessible { path, reason }),
            (Some(_), None) => self.say(FollowEvent::Accessible { path }),
            _ => Ok(()),
        }
    }

    /// Entries of folders that are gone need no slot; the life that stood there has its own name or none.
    pub(super) fn drop_empty_slots(&mut self, stands: &BTreeMap<PathBuf, Stands>) {
        let (lives, parked) = (&self.lives, &self.parked);
        self.slots.retain(|path, slot| {
            let empty = matches!(stands.get(path), Some(Stands::Nothing));
            // The next file of this name goes behind the one that is still held.
            let remembered =
                slot.previous.is_some_and(|previous| lives.contains_key(&previous) || parked.contains_key(&previous));
            slot.asked_for || !empty || slot.current.is_some() || remembered
        });
    }
}

/// Opens a regular file; `None` if there is none any more.
pub(super) fn open_regular(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    let file = match platform::open_to_follow(path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then_some((file, metadata)))
}
