//! Lives that are no longer where they were: moved, unlinked, replaced, or gone on before they were ever seen.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use super::folder::{is_absence, skipped_by_name};
use super::hints::{Arrival, Hints, NameHint};
use super::life::Life;
use super::links::target_of;
use super::look::{Stands, stands_at};
use super::sabotage::Sabotage;
use super::state::{Ended, State};
use crate::event::{Actor, Cut, FileId, FollowEvent, IncarnationId, NotFollowed, Origin};
use crate::platform;

/// Under names that change all the time it ends some time. What is not taken from what was heard, the next look takes.
pub(super) const MOST_TRIES: usize = 8;

/// Where a held file has gone.
enum Gone {
    /// It has not: names changed while they were looked at. Or it can't be seen at the moment.
    Nowhere,
    /// It has this name now.
    To(PathBuf),
    Unlinked,
    /// It stands where it stood; a link on the way to it leads elsewhere, or is gone.
    Bypassed(PathBuf),
}

/// A file that came to a followed path and left it between two looks.
struct Middle {
    /// The path.
    from: PathBuf,
    /// Where it is now.
    at: PathBuf,
    file: File,
}

impl State {
    pub(super) fn settle_names(
        &mut self,
        stands: &BTreeMap<PathBuf, Stands>,
        hints: &mut Hints,
    ) -> Result<bool, Ended> {
        let mut again = false;
        let displaced: Vec<(IncarnationId, PathBuf)> = self
            .lives
            .values()
            .filter_map(|life| {
                let path = life.path.as_ref()?;
                let moved = match stands.get(path)? {
                    Stands::File { id, .. } => *id != life.file_id,
                    Stands::Nothing | Stands::Other(_) => true,
                    Stands::Unknown(_) => false,
                };
                moved.then(|| (life.id, path.clone()))
            })
            .collect();
        let mut gone = Vec::new();
        for (id, from) in displaced {
            let Some(life) = self.lives.get(&id) else { continue };
            let occupant = match stands.get(&from) {
                Some(Stands::File { id, .. }) => Some(*id),
                _ => None,
            };
            match self.whereabouts(life) {
                Gone::Nowhere => again = true,
                whereabouts => gone.push((id, from, occupant, whereabouts)),
            }
        }
        // A name is given up before another file is said to have taken it.
        gone.sort_by_key(|(id, .., whereabouts)| (!matches!(whereabouts, Gone::Unlinked), *id));
        for (id, from, occupant, whereabouts) in gone {
            self.settle_gone(id, &from, occupant, whereabouts, hints)?;
            self.vacate(&from, id);
        }
        Ok(again)
    }

    fn settle_gone(
        &mut self,
        id: IncarnationId,
        from: &Path,
        occupant: Option<FileId>,
        whereabouts: Gone,
        hints: &mut Hints,
    ) -> Result<(), Ended> {
        match whereabouts {
            Gone::Nowhere => Ok(()),
            Gone::To(to) => {
                let cut = self.cut_now(id);
                self.rename(id, to, cut, Actor::Other)
            }
            Gone::Bypassed(real) => {
                self.origins.insert(from.to_owned(), Origin::Retargeted { previous: id });
                let Some(to) = target_of(from).or_else(|| fs::canonicalize(from).ok()) else {
                    let cut = self.cut_now(id);
                    return self.rename(id, real, cut, Actor::Other);
                };
                if let Some(life) = self.lives.get_mut(&id) {
                    life.path = Some(real.clone());
                    life.last_path = real;
                }
                self.say(FollowEvent::Retargeted { path: from.to_owned(), to })
            }
            Gone::Unlinked => {
                let by_unknown = occupant.is_some_and(|other| !self.by_file.contains_key(&other));
                let replaced = by_unknown && self.came_by_move(from, hints);
                if replaced {
                    self.origins.insert(from.to_owned(), Origin::Replaced { previous: id });
                }
                let packed = self.packed_of(id);
                // What its archive has can be reached still.
                let cut =
                    packed.as_ref().map_or_else(|| self.cut_now(id), |(_, size)| Cut { offset: *size, exact: true });
                self.delete(id, cut, Actor::Other, replaced)?;
                packed.map_or(Ok(()), |(archive, _)| self.say_archived(id, &archive))
            }
        }
    }

    fn whereabouts(&self, life: &Life) -> Gone {
        let by_system = platform::current_path(&life.file);
        if let Ok(Some(real)) = &by_system {
            if life.real.as_ref() == Some(real) {
                let path = life.path.as_deref().unwrap_or(real);
                let here = fs::canonicalize(path).is_ok_and(|now| now == *real);
                let bypassed = !here && path != real;
                return if bypassed { Gone::Bypassed(real.clone()) } else { Gone::Nowhere };
            }
            let spelled = self.watch.spell(real.clone());
            if life.is_at(&spelled) {
                return Gone::Nowhere;
            }
            return Gone::To(spelled);
        }
        // The name by which it was opened is gone; another hard link may stand beside it.
        if by_system.is_ok() && !has_links(&life.file) {
            return Gone::Unlinked;
        }
        match sibling_by_id(&life.last_path, life.file_id) {
            Ok(Some(sibling)) => Gone::To(sibling),
            Ok(None) => Gone::Unlinked,
            Err(_) => Gone::Nowhere,
        }
    }

    /// Whether the file that stands at `path` now came there by rename; also if nobody can tell.
    pub(super) fn came_by_move(&mut self, path: &Path, hints: &mut Hints) -> bool {
        self.hear_on(hints);
        hints.arrival(path).or_else(|| self.earlier.arrival(path)) != Some(Arrival::Created)
    }

    pub(super) fn cut_now(&self, id: IncarnationId) -> Cut {
        let life = self.lives.get(&id);
        let size = life.and_then(|life| Some(life.file.metadata().ok()?.len()));
        let known = life.map_or(0, |life| life.size.max(life.lines.offset()));
        Cut { offset: size.unwrap_or(known), exact: false }
    }

    pub(super) fn rename(&mut self, id: IncarnationId, to: PathBuf, cut: Cut, by: Actor) -> Result<(), Ended> {
        self.read_past(id)?;
        let beyond = self.beyond(id, cut);
        let folder = self.folder_of(Some(&to));
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let from = life.path.replace(to.clone()).unwrap_or_else(|| life.last_path.clone());
        life.last_path.clone_from(&to);
        life.real = settled_name(&life.file, &to);
        life.folder = folder;
        self.say(FollowEvent::Renamed { incarnation: id, from, to, cut, beyond, by })
    }

    /// Reads to the end as it is now, so that no later batch straddles the cut which is about to be told.
    fn read_past(&mut self, id: IncarnationId) -> Result<(), Ended> {
        if !self.options.stamps {
            return Ok(());
        }
        self.read_to_end(&[id])
    }

    pub(super) fn delete(&mut self, id: IncarnationId, cut: Cut, by: Actor, replaced: bool) -> Result<(), Ended> {
        self.read_past(id)?;
        let beyond = self.beyond(id, cut);
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let path = life.path.take().unwrap_or_else(|| life.last_path.clone());
        life.real = None;
        self.say(FollowEvent::Deleted { incarnation: id, path, cut, beyond, by, replaced })
    }

    /// A file without a name is heard of through the folder that it was in, as long as that is there; after that
    /// through its own descriptor. Never through both: two kinds of hints in turn fill the system's queue.
    pub(super) fn hear_unlinked(&mut self) {
        for life in self.lives.values_mut() {
            if life.path.is_some() && std::mem::take(&mut life.watched) {
                self.watch.uncover_held(&platform::path_of_open(&life.file));
            }
            if life.path.is_some() || life.watched || life.unpacked {
                continue;
            }
            let folder = life.last_path.parent().and_then(|parent| self.watch.identity(parent));
            if folder.is_none() || folder != life.folder {
                life.watched = true;
                self.watch.cover_held(&platform::path_of_open(&life.file));
            }
        }
    }

    // --- files that left a followed path before they were seen there ----------------------------------------------

    /// Opens, under the names they have now, files that came and went between two looks.
    pub(super) fn adopt_middles(&mut self, hints: &mut Hints) -> Result<bool, Ended> {
        if Sabotage::Middles.is_on() || !self.started {
            return Ok(false);
        }
        let mut again = false;
        while !self.unknown_middles(hints).is_empty() {
            let mut any = false;
            // What has gone meanwhile may be in an archive.
            again = true;
            for Middle { from, at, file } in self.open_middles(hints)? {
                let Ok(metadata) = file.metadata() else { continue };
                if !metadata.is_file() || self.by_file.contains_key(&platform::file_id(&metadata)) {
                    continue;
                }
                self.give_slot(&from);
                let original = self.original_beside(&from);
                let id = self.adopt(file, &metadata, &from, Origin::Created, false)?;
                if let Some(life) = self.lives.get_mut(&id) {
                    // A copy that is moved on before it was whole.
                    life.copied_from = original;
                }
                let cut = self.cut_now(id);
                self.rename(id, at, cut, Actor::Other)?;
                if let Some(slot) = self.slots.get_mut(&from) {
                    slot.current = None;
                    slot.previous = Some(id);
                }
                any = true;
            }
            if !any {
                break;
            }
        }
        Ok(again)
    }

    /// Opens as many of them as may be open at once, the first of their order; what can't be opened is told of. Names
    /// move on while that is done: another file may stand there by then, which comes later in the order.
    fn open_middles(&mut self, hints: &mut Hints) -> Result<Vec<Middle>, Ended> {
        let (mut opened, mut failed) = (Vec::new(), Vec::new());
        for _ in 0..MOST_TRIES {
            self.hear_on(hints);
            let middles = self.unknown_middles(hints);
            // Beyond the bound rather than not at all: the system's own is wider.
            let room = self.make_room_for(middles.len())?.max(1);
            (opened, failed) = (Vec::new(), Vec::new());
            for (from, at, id) in middles.into_iter().take(room) {
                match platform::open_to_follow(&at) {
                    Ok(file) => opened.push(Middle { from, at, file }),
                    Err(error) if is_absence(&error) => {}
                    // Once those that are open have been read there is room for it.
                    Err(error) if platform::is_out_of_descriptors(&error) && !opened.is_empty() => break,
                    Err(_) => failed.push((from, id)),
                }
            }
            if !self.watch.has_names() {
                break;
            }
        }
        for (path, id) in failed {
            hints.missed.insert(id);
            self.comings.saw_unopened(&path, id);
            self.say(FollowEvent::Missed { path, file_id: Some(id) })?;
        }
        Ok(opened)
    }

    /// Unknown files that the hints saw leaving a followed path: the path and where they are now, in their order.
    fn unknown_middles(&self, hints: &Hints) -> Vec<(PathBuf, PathBuf, FileId)> {
        let mut tracked: Vec<Option<(&PathBuf, &PathBuf)>> = Vec::new();
        let mut standing: HashMap<&Path, usize> = HashMap::new();
        for hint in &hints.names {
            let gone = match hint {
                NameHint::Moved(_, to) => to,
                NameHint::MovedIn(path) | NameHint::Removed(path) => path,
                NameHint::Created(_) => continue,
            };
            if let Some(index) = standing.remove(gone.as_path()) {
                tracked[index] = None;
            }
            let NameHint::Moved(from, to) = hint else { continue };
            let known = standing.remove(from.as_path()).and_then(|index| Some((index, tracked[index]?.0)));
            if let Some((index, origin)) = known {
                tracked[index] = Some((origin, to));
                standing.insert(to, index);
            } else if self.is_followed(from) || self.fits_a_pattern(from) {
                standing.insert(to, tracked.len());
                tracked.push(Some((from, to)));
            }
        }
        let unknown = |at: &Path| match stands_at(at) {
            Stands::File { id, .. } if !self.by_file.contains_key(&id) && !hints.missed.contains(&id) => Some(id),
            _ => None,
        };
        // A temporary name may fit a pattern too: what stands under a followed name now has come there.
        let left = |from: &Path, at: &Path| {
            let is_packed = skipped_by_name(at) == Some(NotFollowed::Compressed);
            from != at && !is_packed && (self.is_followed(from) || !self.fits_a_pattern(at))
        };
        let moved = tracked.into_iter().flatten().filter(|(from, at)| left(from, at));
        moved.filter_map(|(from, at)| Some((from.clone(), at.clone(), unknown(at)?))).collect()
    }

    /// Whether a file of this name has been followed: a temporary name is none that anything leaves.
    pub(super) fn is_followed(&self, path: &Path) -> bool {
        self.slots.get(path).is_some_and(|slot| slot.skipped.is_none())
    }
}

/// The system's own name for a file that was found under `path`; `None` if it was moved meanwhile: the next look
/// will tell.
pub(super) fn settled_name(file: &File, path: &Path) -> Option<PathBuf> {
    let real = platform::current_path(file).ok().flatten()?;
    fs::canonicalize(path).is_ok_and(|now| now == real).then_some(real)
}

fn has_links(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| platform::links(&metadata) > 0)
}

/// A file beside a path. An error where the folder is there and can't be read: nothing is known then.
pub(super) fn sibling_by_id(path: &Path, id: FileId) -> io::Result<Option<PathBuf>> {
    let Some(folder) = path.parent() else { return Ok(None) };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_it = |path: &PathBuf| {
        fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && platform::file_id(&metadata) == id)
    };
    for entry in entries {
        let path = entry?.path();
        if is_it(&path) {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
