//! The followed folders' entries: which get a slot, and the listing for the files panel.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::folder::{Folder, Seen};
use super::state::{Ended, State};
use crate::event::{EntryKind, FolderEntry, FollowEvent, NotFollowed};

/// Sizes of what is not followed are looked at this often.
const SIZES_EVERY: Duration = Duration::from_secs(1);

impl State {
    /// Lists the followed folders anew where needed, and gives each entry that is to be followed its slot.
    pub(super) fn list_folders(&mut self, hinted: impl Fn(&Path) -> bool) -> Result<(), Ended> {
        let mut folders = std::mem::take(&mut self.folders);
        let mut at = 0;
        // Subfolders are appended while they are found, and listed in turn.
        while let Some(folder) = folders.get_mut(at) {
            at += 1;
            let before = folder.listed;
            let result = folder.refresh(hinted(&folder.path));
            self.tell_folder(folder, result.err().map(|error| error.to_string()))?;
            self.give_slots(folder);
            if before.is_some() && folder.listed == before {
                continue;
            }
            let found = folder.subfolders();
            let new: Vec<Folder> =
                found.into_iter().filter(|one| folders.iter().all(|known| known.path != one.path)).collect();
            folders.extend(new);
        }
        folders.retain(|folder| !folder.is_subfolder() || folder.path.is_dir());
        self.folders = folders;
        Ok(())
    }

    fn give_slots(&mut self, folder: &Folder) {
        for (path, seen) in &folder.entries {
            if seen.kind == EntryKind::File && folder.skips(path).is_none() && !self.slots.contains_key(path) {
                self.slots.insert(path.clone(), folder.slot());
            }
        }
    }

    /// Whether files of this name are followed for they fit a pattern, also if none was ever seen.
    pub(super) fn fits_a_pattern(&self, path: &Path) -> bool {
        self.folders.iter().any(|folder| folder.means(path))
    }

    /// Gives its slot to a name that fits a pattern, if nothing was seen under it so far.
    pub(super) fn give_slot(&mut self, path: &Path) {
        let folder = self.folders.iter().find(|folder| folder.means(path));
        if let Some(folder) = folder.filter(|_| !self.slots.contains_key(path)) {
            self.slots.insert(path.to_owned(), folder.slot());
        }
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
                let entry = self.entry(path, seen, folder.skips(path));
                entries.insert(path.clone(), entry);
            }
        }
        // Names outside of followed folders: paths that were asked for, and where files went from them.
        for life in self.lives.values() {
            let Some(path) = &life.path else { continue };
            let seen = Seen { kind: EntryKind::File, file_id: Some(life.file_id), size: life.size, is_link: false };
            entries
                .entry(path.clone())
                .or_insert_with(|| FolderEntry { incarnation: Some(life.id), ..self.entry(path, &seen, None) });
        }
        for parked in self.parked.values() {
            let (file_id, size) = (Some(parked.file_id), parked.look.size);
            let seen = Seen { kind: EntryKind::File, file_id, size, is_link: false };
            entries.entry(parked.path.clone()).or_insert_with(|| FolderEntry {
                incarnation: Some(parked.id),
                ..self.entry(&parked.path, &seen, None)
            });
        }
        entries.into_values().collect()
    }

    fn entry(&self, path: &Path, seen: &Seen, skipped: Option<NotFollowed>) -> FolderEntry {
        let slot = self.slots.get(path);
        let incarnation = slot.and_then(|slot| slot.current);
        let life = incarnation.and_then(|id| self.lives.get(&id));
        let parked = incarnation.and_then(|id| self.parked.get(&id));
        let not_followed = if life.is_some() || parked.is_some() {
            None
        } else if seen.kind != EntryKind::File {
            Some(NotFollowed::NotAFile)
        } else if skipped.is_some() {
            skipped
        } else if slot.is_some_and(|slot| slot.trouble.is_some()) {
            Some(NotFollowed::Inaccessible)
        } else {
            slot.and_then(|slot| slot.skipped).map(|(_, reason)| reason)
        };
        FolderEntry {
            path: path.to_owned(),
            kind: seen.kind,
            size: life.map(|life| life.size).or(parked.map(|parked| parked.look.size)).unwrap_or(seen.size),
            file_id: life.map(|life| life.file_id).or(parked.map(|parked| parked.file_id)).or(seen.file_id),
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
