//! The one routine that compares names with identities: start-up, every hint, the periodic check and a lost
//! notification all end up here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::folder::{is_absence, is_binary, kind_of};
use super::life::{Gate, Life};
use super::lines::Lines;
use super::run::{Ended, State};
use super::watch::{Arrival, Hints, NameHint, nearest_folder};
use crate::event::{Actor, Cut, EntryKind, FileId, FollowEvent, IncarnationId, NotFollowed, Origin, What};
use crate::platform;

/// How often one look is repeated when things move while it goes on. The next hint or check takes it from there.
const MOST_REPEATS: usize = 3;

/// Under writers at full speed the queue runs over again and again: that is said so often.
const OVERFLOW_EVERY: Duration = Duration::from_secs(1);

/// What a path leads to.
#[derive(Debug)]
enum Stands {
    Nothing,
    Other(EntryKind),
    File {
        id: FileId,
        mode: u32,
        modified: SystemTime,
    },
    /// It can't be looked at: nothing is known, so nothing changes.
    Unknown(String),
}

/// Where a held file has gone.
enum Gone {
    /// It has not: names changed while they were looked at.
    Nowhere,
    /// It has this name now.
    To(PathBuf),
    /// It stands where it stood; a link on the way to it leads elsewhere.
    Unlinked,
    Bypassed(PathBuf),
}

impl State {
    /// Looks at every name and every identity, and says what has changed.
    pub(super) fn look(&mut self, mut hints: Hints) -> Result<(), Ended> {
        self.tell_hints(&mut hints)?;
        for _ in 0..MOST_REPEATS {
            if !self.look_once(&mut hints)? {
                break;
            }
            hints.append(self.watch.take_all());
        }
        self.touch(&hints);
        self.started = true;
        self.earlier = hints;
        Ok(())
    }

    fn tell_hints(&mut self, hints: &mut Hints) -> Result<(), Ended> {
        if hints.overflow && self.overflow_told.is_none_or(|told| told.elapsed() >= OVERFLOW_EVERY) {
            self.overflow_told = Some(Instant::now());
            self.say(FollowEvent::Overflow)?;
        }
        for text in std::mem::take(&mut hints.errors) {
            self.outlet.say(What::Notice { text: format!("A notification failed: {text}") })?;
        }
        Ok(())
    }

    /// Files that were written to are compared with their markers even if their time stamps are too coarse to tell.
    fn touch(&mut self, hints: &Hints) {
        if hints.touched.is_empty() && !hints.overflow {
            return;
        }
        for life in self.lives.values_mut() {
            if hints.overflow || hints.touched.contains(&life.last_path) {
                life.seen = None;
            }
        }
    }

    /// One pass. True if something moved under its eyes and it should be repeated.
    fn look_once(&mut self, hints: &mut Hints) -> Result<bool, Ended> {
        // Add the watch, then look: what changes in between is seen or heard.
        self.cover()?;
        let names = std::mem::take(&mut hints.names);
        let full = hints.overflow || !self.started;
        self.list_folders(|folder| full || names.iter().any(|hint| concerns(hint, folder)))?;
        hints.names = names;

        let stands = self.observe();
        let mut again = self.settle_names(&stands, hints)?;
        again |= self.adopt_middles(hints)?;
        again |= self.settle_slots(&stands)?;
        self.drop_empty_slots(&stands);
        self.hear_unlinked();
        Ok(again)
    }

    fn cover(&mut self) -> Result<(), Ended> {
        let mut wanted = BTreeSet::new();
        for (path, slot) in &self.slots {
            if slot.asked_for {
                want_folders_of(path, &mut wanted);
            }
        }
        wanted.extend(self.folders.iter().map(|folder| nearest_folder(&folder.path)));
        let named = self.lives.values().filter_map(|life| life.path.as_deref()?.parent());
        let named: Vec<PathBuf> = named.filter(|parent| !wanted.contains(*parent)).map(Path::to_owned).collect();
        wanted.extend(named);
        for (folder, reason) in self.watch.cover(&wanted) {
            if self.unwatchable.insert(folder.clone()) {
                let text = format!("{} can't be watched ({reason}): it is looked at regularly.", folder.display());
                self.outlet.say(What::Notice { text })?;
            }
        }
        Ok(())
    }

    fn observe(&self) -> BTreeMap<PathBuf, Stands> {
        let named = self.lives.values().filter_map(|life| life.path.as_ref());
        let paths: BTreeSet<&PathBuf> = self.slots.keys().chain(named).collect();
        paths.into_iter().map(|path| (path.clone(), stands_at(path))).collect()
    }

    // --- lives that are no longer where they were ---------------------------------------------------------------

    fn settle_names(&mut self, stands: &BTreeMap<PathBuf, Stands>, hints: &mut Hints) -> Result<bool, Ended> {
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
            match self.whereabouts(life, occupant.is_some()) {
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
                if let Some(life) = self.lives.get_mut(&id) {
                    life.path = Some(real.clone());
                    life.last_path = real;
                }
                self.origins.insert(from.to_owned(), Origin::Retargeted { previous: id });
                let to = fs::canonicalize(from).unwrap_or_else(|_| from.to_owned());
                self.say(FollowEvent::Retargeted { path: from.to_owned(), to })
            }
            Gone::Unlinked => {
                let by_unknown = occupant.is_some_and(|other| !self.by_file.contains_key(&other));
                let replaced = by_unknown && self.came_by_move(from, hints);
                if replaced {
                    self.origins.insert(from.to_owned(), Origin::Replaced { previous: id });
                }
                let cut = self.cut_now(id);
                self.delete(id, cut, Actor::Other, replaced)
            }
        }
    }

    fn whereabouts(&self, life: &Life, occupied: bool) -> Gone {
        let by_system = platform::current_path(&life.file);
        if let Ok(Some(real)) = &by_system {
            if life.real.as_ref() == Some(real) {
                let path = life.path.as_deref().unwrap_or(real);
                let here = fs::canonicalize(path).is_ok_and(|now| now == *real);
                return match (here, occupied, path == real) {
                    (true, ..) => Gone::Nowhere,
                    (false, true, false) => Gone::Bypassed(real.clone()),
                    (false, false, false) => Gone::To(real.clone()),
                    (false, _, true) => Gone::Nowhere,
                };
            }
            let spelled = self.watch.spell(real.clone());
            if life.is_at(&spelled) {
                return Gone::Nowhere;
            }
            return Gone::To(spelled);
        }
        // The name by which it was opened is gone; another hard link may stand beside it.
        if (by_system.is_err() || has_links(&life.file))
            && let Some(sibling) = sibling_by_id(&life.last_path, life.file_id)
        {
            return Gone::To(sibling);
        }
        Gone::Unlinked
    }

    /// Whether the file that stands at `path` now came there by rename; also if nobody can tell.
    fn came_by_move(&mut self, path: &Path, hints: &mut Hints) -> bool {
        hints.append(self.watch.take_all());
        hints.arrival(path).or_else(|| self.earlier.arrival(path)) != Some(Arrival::Created)
    }

    fn cut_now(&self, id: IncarnationId) -> Cut {
        let life = self.lives.get(&id);
        let size = life.and_then(|life| Some(life.file.metadata().ok()?.len()));
        let known = life.map_or(0, |life| life.size.max(life.lines.offset()));
        Cut { offset: size.unwrap_or(known), exact: false }
    }

    pub(super) fn rename(&mut self, id: IncarnationId, to: PathBuf, cut: Cut, by: Actor) -> Result<(), Ended> {
        let beyond = self.beyond(id, cut);
        let folder = self.folder_of(Some(&to));
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let from = life.path.replace(to.clone()).unwrap_or_else(|| life.last_path.clone());
        life.last_path.clone_from(&to);
        life.real = settled_name(&life.file, &to);
        life.folder = folder;
        self.say(FollowEvent::Renamed { incarnation: id, from, to, cut, beyond, by })
    }

    pub(super) fn delete(&mut self, id: IncarnationId, cut: Cut, by: Actor, replaced: bool) -> Result<(), Ended> {
        let beyond = self.beyond(id, cut);
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let path = life.path.take().unwrap_or_else(|| life.last_path.clone());
        life.real = None;
        self.say(FollowEvent::Deleted { incarnation: id, path, cut, beyond, by, replaced })
    }

    /// A file without a name is heard of through the folder that it was in, as long as that is there; after that
    /// through its own descriptor. Never through both: two kinds of hints in turn fill the system's queue.
    fn hear_unlinked(&mut self) {
        for life in self.lives.values_mut() {
            if life.path.is_some() || life.watched {
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
    fn adopt_middles(&mut self, hints: &mut Hints) -> Result<bool, Ended> {
        if !self.started || self.unknown_middles(hints).is_empty() {
            return Ok(false);
        }
        // Names may have moved on since the last hint that is known.
        hints.append(self.watch.take_all());
        let mut adopted = false;
        for (from, at) in self.unknown_middles(hints) {
            let Ok(file) = platform::open_to_follow(&at) else { continue };
            let Ok(metadata) = file.metadata() else { continue };
            if !metadata.is_file() || self.by_file.contains_key(&platform::file_id(&metadata)) {
                continue;
            }
            let id = self.adopt(file, &metadata, &from, Origin::Created, false)?;
            let cut = self.cut_now(id);
            self.rename(id, at, cut, Actor::Other)?;
            if let Some(slot) = self.slots.get_mut(&from) {
                slot.current = None;
                slot.previous = Some(id);
            }
            adopted = true;
        }
        Ok(adopted)
    }

    /// Unknown files that the hints saw leaving a followed path: the path and where they are now, in their order.
    fn unknown_middles(&self, hints: &Hints) -> Vec<(PathBuf, PathBuf)> {
        let mut tracked: Vec<(&PathBuf, &PathBuf)> = Vec::new();
        for hint in &hints.names {
            match hint {
                NameHint::Moved(from, to) => {
                    tracked.retain(|(_, at)| *at != to);
                    if let Some(known) = tracked.iter_mut().find(|(_, at)| *at == from) {
                        known.1 = to;
                    } else if self.is_followed(from) {
                        tracked.push((from, to));
                    }
                }
                NameHint::MovedIn(path) | NameHint::Removed(path) => tracked.retain(|(_, at)| *at != path),
                NameHint::Created(_) => {}
            }
        }
        let unknown = |at: &Path| matches!(stands_at(at), Stands::File { id, .. } if !self.by_file.contains_key(&id));
        let unknown = tracked.into_iter().filter(|(from, at)| from != at && unknown(at));
        unknown.map(|(from, at)| (from.clone(), at.clone())).collect()
    }

    /// Whether a file of this name has been followed: a temporary name is none that anything leaves.
    fn is_followed(&self, path: &Path) -> bool {
        self.slots.get(path).is_some_and(|slot| slot.skipped.is_none())
    }

    // --- files that stand where none or another one stood -----------------------------------------------------------

    fn settle_slots(&mut self, stands: &BTreeMap<PathBuf, Stands>) -> Result<bool, Ended> {
        let mut again = false;
        let mut arrivals = Vec::new();
        for (path, stands) in stands {
            if !self.slots.contains_key(path) {
                continue;
            }
            match stands {
                Stands::Nothing => self.tell_empty(path)?,
                Stands::Other(kind) => self.tell_not_a_file(path, *kind)?,
                Stands::Unknown(reason) => self.tell_trouble(path, Some(reason.clone()))?,
                Stands::File { id, mode, modified } => {
                    if let Some(life) = self.by_file.get(id).copied() {
                        self.settle_known(path, life, *mode)?;
                    } else {
                        arrivals.push((*modified, id.born_ns, path, *id));
                    }
                }
            }
        }
        // Before following began, the order of last writing; after that, the order of birth.
        let started = self.started;
        arrivals.sort_by_key(|(modified, born, ..)| (if started { None } else { Some(*modified) }, *born));
        let mut previous = None;
        for (_, _, path, id) in arrivals {
            let origin =
                self.origins.get(path).copied().unwrap_or(if started { Origin::Created } else { Origin::AtStart });
            let adopted = self.open_and_adopt(path, id, origin, &mut again)?;
            if adopted.is_some() {
                self.origins.remove(path);
            }
            if !started && adopted.is_some() {
                self.gate_behind(adopted, previous);
                previous = adopted;
            }
        }
        Ok(again)
    }

    /// A held file stands at the path.
    fn settle_known(&mut self, path: &Path, id: IncarnationId, mode: u32) -> Result<(), Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let mode_changed = std::mem::replace(&mut life.mode, mode) != mode;
        let restored = life.path.is_none();
        if restored {
            life.path = Some(path.to_owned());
            life.last_path = path.to_owned();
            life.real = settled_name(&life.file, path);
        }
        let here = life.is_at(path);
        let Some(slot) = self.slots.get_mut(path) else { return Ok(()) };
        slot.not_a_file = None;
        if here {
            slot.current = Some(id);
            slot.previous = None;
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
        Ok(())
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
        let (file, metadata) = match open_regular(path) {
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
        if self.by_file.contains_key(&id) {
            *again = true;
            return Ok(None);
        }
        if !asked_for && !self.options.stamps && is_binary(&file).unwrap_or(false) {
            if let Some(slot) = self.slots.get_mut(path) {
                slot.skipped = Some((id, NotFollowed::Binary));
            }
            return Ok(None);
        }
        self.tell_trouble(path, None)?;
        self.adopt(file, &metadata, path, origin, false).map(Some)
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
        let quiet_below = if self.started { 0 } else { size };
        let mut life = Life {
            id,
            file_id: platform::file_id(metadata),
            file: Arc::new(file),
            path: (!unlinked).then(|| path.to_owned()),
            last_path: path.to_owned(),
            real: None,
            start: 0,
            lines: Lines::new(0, quiet_below, self.options.stamps),
            marker: Vec::new(),
            seen: None,
            size,
            gate: None,
            succeeded: false,
            grew: Instant::now(),
            pending_told: 0,
            watched: false,
            unreadable: false,
            mode: platform::mode(metadata),
            folder: None,
        };
        life.real = settled_name(&life.file, path);
        life.folder = self.folder_of(life.path.as_deref());
        let file_id = life.file_id;
        self.texts.insert(id, Arc::clone(&life.file));
        self.by_file.insert(file_id, id);
        self.lives.insert(id, life);
        self.take_place(path, id);
        let path = path.to_owned();
        self.say(FollowEvent::Created { incarnation: id, file_id, path, start_offset: 0, size, origin, unlinked })?;
        Ok(id)
    }

    /// Makes an incarnation the current one of its path; the one before is to be read to its end first.
    fn take_place(&mut self, path: &Path, id: IncarnationId) {
        let unlinked = self.lives.get(&id).is_some_and(|life| life.path.is_none());
        let Some(slot) = self.slots.get_mut(path) else { return };
        if unlinked {
            return;
        }
        slot.not_a_file = None;
        let previous = slot.current.replace(id).or(slot.previous).filter(|previous| *previous != id);
        slot.previous = None;
        self.gate_behind(Some(id), previous);
        if let Some(previous) = previous.and_then(|previous| self.lives.get_mut(&previous)) {
            previous.succeeded = true;
        }
    }

    /// Nothing of `id` is read before what stands in `previous` now.
    fn gate_behind(&mut self, id: Option<IncarnationId>, previous: Option<IncarnationId>) {
        let Some(previous) = previous.and_then(|previous| self.lives.get(&previous)) else { return };
        let size = previous.file.metadata().map_or(previous.size, |metadata| metadata.len());
        let gate = Gate { previous: previous.id, up_to: size };
        if let Some(life) = id.and_then(|id| self.lives.get_mut(&id)) {
            life.gate = Some(gate);
        }
    }

    /// The identity of the watched folder that a file stands in, as it was when the watch was set.
    fn folder_of(&self, path: Option<&Path>) -> Option<FileId> {
        self.watch.identity(path?.parent()?)
    }

    // --- what is said of paths, once per change -----------------------------------------------------------------------

    fn tell_empty(&mut self, path: &Path) -> Result<(), Ended> {
        if let Some(slot) = self.slots.get_mut(path) {
            slot.not_a_file = None;
            slot.skipped = None;
        }
        self.origins.remove(path);
        self.tell_trouble(path, None)
    }

    fn tell_not_a_file(&mut self, path: &Path, kind: EntryKind) -> Result<(), Ended> {
        let Some(slot) = self.slots.get_mut(path) else { return Ok(()) };
        let news = slot.asked_for && slot.not_a_file != Some(kind);
        slot.not_a_file = Some(kind);
        if news {
            self.say(FollowEvent::NotAFile { path: path.to_owned(), kind })?;
        }
        Ok(())
    }

    fn tell_trouble(&mut self, path: &Path, trouble: Option<String>) -> Result<(), Ended> {
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
    fn drop_empty_slots(&mut self, stands: &BTreeMap<PathBuf, Stands>) {
        let lives = &self.lives;
        self.slots.retain(|path, slot| {
            let empty = matches!(stands.get(path), Some(Stands::Nothing));
            // The next file of this name goes behind the one that is still held.
            let remembered = slot.previous.is_some_and(|previous| lives.contains_key(&previous));
            slot.asked_for || !empty || slot.current.is_some() || remembered
        });
    }
}

fn concerns(hint: &NameHint, folder: &Path) -> bool {
    let in_it = |path: &Path| path.parent() == Some(folder) || path == folder;
    match hint {
        NameHint::Created(path) | NameHint::MovedIn(path) | NameHint::Removed(path) => in_it(path),
        NameHint::Moved(from, to) => in_it(from) || in_it(to),
    }
}

/// The folders in which something can happen to what `path` leads to.
fn want_folders_of(path: &Path, wanted: &mut BTreeSet<PathBuf>) {
    let Some(parent) = path.parent() else { return };
    wanted.insert(nearest_folder(parent));
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    if !is_link {
        return;
    }
    let target = fs::canonicalize(path).or_else(|_| fs::read_link(path).map(|target| parent.join(target)));
    if let Ok(target) = target
        && let Some(folder) = target.parent()
    {
        wanted.insert(nearest_folder(folder));
    }
}

fn stands_at(path: &Path) -> Stands {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Stands::File {
            id: platform::file_id(&metadata),
            mode: platform::mode(&metadata),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        },
        Ok(metadata) => Stands::Other(kind_of(&metadata)),
        Err(error) if is_absence(&error) => Stands::Nothing,
        Err(error) => Stands::Unknown(error.to_string()),
    }
}

/// Opens a regular file; `None` if there is none any more.
fn open_regular(path: &Path) -> io::Result<Option<(File, Metadata)>> {
    let file = match platform::open_to_follow(path) {
        Ok(file) => file,
        Err(error) if is_absence(&error) => return Ok(None),
        Err(error) => return Err(error),
    };
    let metadata = file.metadata()?;
    Ok(metadata.is_file().then_some((file, metadata)))
}

/// The system's own name for a file that was found under `path`; `None` if it was moved meanwhile: the next look
/// will tell.
fn settled_name(file: &File, path: &Path) -> Option<PathBuf> {
    let real = platform::current_path(file).ok().flatten()?;
    fs::canonicalize(path).is_ok_and(|now| now == real).then_some(real)
}

fn has_links(file: &File) -> bool {
    file.metadata().is_ok_and(|metadata| platform::links(&metadata) > 0)
}

fn sibling_by_id(path: &Path, id: FileId) -> Option<PathBuf> {
    let entries = fs::read_dir(path.parent()?).ok()?;
    entries.flatten().map(|entry| entry.path()).find(|path| {
        fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file() && platform::file_id(&metadata) == id)
    })
}
