//! Archives: files beside a followed path that carry its earlier lives, under names made of its own by a number or a
//! date, compressed or not. They are read where nobody saw a life come and go, and known again where it was read.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::arrive::open_regular;
use super::belongs::stems_of;
use super::hints::{Hints, NameHint};
use super::known::Known;
use super::life::Life;
use super::look::{Stands, stands_at};
use super::moved::{MOST_TRIES, sibling_by_id};
use super::packing::Packing;
use super::parked::Parked;
use super::repeats::is_same;
use super::sabotage::Sabotage;
use super::state::{Ended, Slot, State};
use super::trail::{is_made_beside, moved_to, short_lived, vanished};
use crate::event::{Actor, Cut, FileId, FollowEvent, IncarnationId, Origin};
use crate::platform;

/// Time stamps of files are coarser than the clock.
const LEEWAY: Duration = Duration::from_secs(1);

/// A file that may be an archive of a followed path, or a copy of what is there.
#[derive(Debug)]
pub(super) struct Archive {
    pub(super) path: PathBuf,
    /// Of the archive itself, not of what is in it.
    pub(super) id: FileId,
    pub(super) packing: Option<Packing>,
    pub(super) metadata: Metadata,
    /// When its content was written last: compressing keeps that.
    pub(super) modified: SystemTime,
}

impl Archive {
    pub(super) fn at(path: PathBuf) -> Option<Archive> {
        let metadata = fs::symlink_metadata(&path).ok().filter(Metadata::is_file)?;
        let packing = Packing::of(&path).map(|(packing, _)| packing);
        let (id, modified) = (platform::file_id(&metadata), metadata.modified().ok()?);
        Some(Archive { path, id, packing, metadata, modified })
    }

    /// When it was made: the time of its birth. Of a compressed one, which is another file, that of its content's last
    /// writing, which compressing keeps.
    pub(super) fn made_ns(&self) -> i64 {
        if self.packing.is_none() && self.id.born_ns != 0 {
            return self.id.born_ns;
        }
        let modified = self.modified.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(modified.as_nanos()).unwrap_or(i64::MAX)
    }

    /// The order of those of one time, which is coarse: what is compressed is the older one, and was so in its turn; and
    /// `P.2` is older than `P.1`.
    pub(super) fn tie(&self) -> (bool, i64, Reverse<u32>) {
        let plain = Packing::of(&self.path).map(|(_, plain)| plain);
        let last = plain.as_deref().unwrap_or(&self.path).extension().and_then(OsStr::to_str);
        // A date is no number of an archive.
        let number = last.filter(|last| last.len() <= 5).and_then(|last| last.parse().ok()).unwrap_or_default();
        (self.packing.is_none(), self.id.born_ns, Reverse(number))
    }

    /// Its content as it was before it was compressed, and how much that is. A file in the making gives an error.
    pub(super) fn content(&self) -> io::Result<(File, u64)> {
        let (file, metadata) = open_regular(&self.path)?.ok_or(io::ErrorKind::NotFound)?;
        // Where stat and fstat never agree, as on some overlays, the name is asked again.
        if platform::file_id(&metadata) != self.id && id_at(&self.path) != Some(self.id) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let content = match self.packing {
            None => file,
            Some(packing) => packing.unpack(file)?,
        };
        let size = content.metadata()?.len();
        Ok((content, size))
    }
}

/// Where a compressed archive is that a life has become.
#[derive(Clone, Debug)]
pub(super) struct Place {
    file: FileId,
    path: PathBuf,
    /// Its own, compressed, in bytes.
    size: u64,
}

impl State {
    /// Reads lives that came and went between two looks: they stand in archives that nobody knows. Where notifications
    /// tell of all names, those of the files themselves are enough.
    pub(super) fn adopt_archives(&mut self, hints: &Hints) -> Result<bool, Ended> {
        if self.options.stamps || !self.started || Sabotage::Middles.is_on() {
            return Ok(false);
        }
        let deaf = !self.watch.is_complete();
        self.give_slots_by_archives(|folder| deaf || hints.may_lack_in(folder));
        let vacant = self.slots.iter().filter(|(_, slot)| slot.current.is_none() && slot.skipped.is_none());
        let vacant: Vec<PathBuf> = vacant.map(|(path, _)| path.clone()).collect();
        // Mostly: and what was heard may be much.
        if vacant.is_empty() {
            return Ok(false);
        }
        let heard = || self.comings.names().iter().chain(&hints.names);
        let mut vanished = if deaf { BTreeSet::new() } else { vanished(heard()) };
        if !deaf {
            // Where a known file is back, the copies of it are told from the archives once it is read.
            let is_back =
                |path: &PathBuf| matches!(stands_at(path), Stands::File { id, .. } if self.by_file.contains_key(&id));
            let lost = short_lived(heard());
            vanished.extend(vacant.iter().filter(|path| lost.contains(*path) && !is_back(path)).cloned());
        }
        let unseen = |path: &PathBuf| deaf || hints.may_lack(path) || vanished.contains(path);
        let concerned: BTreeSet<PathBuf> = vacant.iter().filter(|path| unseen(path)).cloned().collect();
        let mut adopted = false;
        for (path, mut archives) in self.archives_of(&concerned) {
            // Not added to what a file says of itself, which may be the end of time.
            let least = self.began - LEEWAY;
            archives.retain(|archive| archive.modified >= least);
            archives.sort_by_key(|archive| (archive.made_ns(), archive.tie()));
            for archive in archives {
                adopted |= self.adopt_archive(&path, archive, hints)?;
            }
        }
        Ok(adopted)
    }

    /// What fits a pattern may have come and gone where nothing is heard: its archives tell its name.
    fn give_slots_by_archives(&mut self, unheard: impl Fn(&Path) -> bool) {
        let folders = self.folders.iter().map(|folder| &folder.path);
        let folders: Vec<PathBuf> = folders.filter(|folder| unheard(folder)).cloned().collect();
        for entry in folders.iter().flat_map(fs::read_dir).flatten().flatten() {
            let file = entry.path();
            let plain = Packing::of(&file).map_or_else(|| file.clone(), |(_, plain)| plain);
            let made_of = stems_of(&plain).find(|stem| self.fits_a_pattern(stem));
            if let Some(path) = made_of.filter(|_| self.owner_of(&file).is_none() && self.is_unknown(&file)) {
                self.give_slot(&path);
            }
        }
    }

    fn adopt_archive(&mut self, path: &Path, archive: Archive, hints: &Hints) -> Result<bool, Ended> {
        self.make_room()?;
        let Ok((content, size)) = archive.content() else { return Ok(false) };
        let packed = archive.packing.is_some();
        if packed && self.take_older(path, &content) {
            self.known_files.insert(archive.id);
            return Ok(false);
        }
        let read = self.life_with(path, &content, size);
        // Of a plain file that is empty more may come.
        if read.is_some() || (size == 0 && packed) {
            self.known_files.insert(archive.id);
            if let Some(id) = read.filter(|_| packed) {
                self.say_archived(id, &archive)?;
            }
            return Ok(false);
        }
        if let Some(id) = self.cut_life_in(path, &content) {
            self.known_files.insert(archive.id);
            if packed {
                self.say_archived(id, &archive)?;
            }
            self.read_rest_from(id, content, size)?;
            return Ok(false);
        }
        let Ok(metadata) = content.metadata() else { return Ok(false) };
        let previous = self.slots.get(path).and_then(|slot| slot.previous);
        let id = self.adopt(content, &metadata, path, Origin::Created, packed)?;
        if packed {
            self.say_archived(id, &archive)?;
            self.gate_behind(Some(id), previous);
            if let Some(previous) = previous.and_then(|previous| self.lives.get_mut(&previous)) {
                previous.succeeded = true;
            }
        } else {
            let heard = self.comings.names().iter().chain(&hints.names);
            // What was linked is written to under its other name.
            let written = [hints, &self.earlier].iter().any(|heard| heard.touches(&archive.path));
            if written || !is_made_beside(heard, path, &archive.path) {
                self.comings.was_copy(archive.id, &archive.path);
            }
            let cut = self.cut_now(id);
            self.rename(id, archive.path, cut, Actor::Other)?;
        }
        if let Some(life) = self.lives.get_mut(&id) {
            life.succeeded = true;
            life.unpacked = packed;
        }
        if let Some(slot) = self.slots.get_mut(path) {
            slot.current = None;
            slot.previous = Some(id);
        }
        Ok(true)
    }

    /// The compressed archive that a file has become which has lost its name, and how much of it that has.
    pub(super) fn packed_of(&self, id: IncarnationId) -> Option<(Archive, u64)> {
        let life = self.lives.get(&id)?;
        let found = self.packed_beside(&life.last_path, |content, size| is_within(content, size, &life.file));
        found.map(|(archive, _, size)| (archive, size))
    }

    /// Says in which compressed archive a life can be found, and keeps an eye on that.
    pub(super) fn say_archived(&mut self, id: IncarnationId, archive: &Archive) -> Result<(), Ended> {
        self.known_files.insert(archive.id);
        let place = Place { file: archive.id, path: archive.path.clone(), size: archive.metadata.len() };
        self.say_archived_at(id, place)
    }

    fn say_archived_at(&mut self, id: IncarnationId, place: Place) -> Result<(), Ended> {
        let path = place.path.clone();
        self.archived.insert(id, place);
        self.say(FollowEvent::Archived { incarnation: id, path })
    }

    /// Archives move on at each rotation, and go in the end.
    pub(super) fn settle_archived(&mut self, hints: &mut Hints) -> Result<(), Ended> {
        let deaf = hints.overflow || !self.watch.is_complete();
        let named: HashSet<&Path> = hints.names.iter().flat_map(NameHint::paths).collect();
        let concerned = |path: &Path| deaf || named.contains(path) || hints.may_lack(path);
        let concerned: Vec<IncarnationId> =
            self.archived.iter().filter(|(_, place)| concerned(&place.path)).map(|(id, _)| *id).collect();
        for id in concerned {
            self.seek_archive(id, hints)?;
        }
        Ok(())
    }

    fn seek_archive(&mut self, id: IncarnationId, hints: &mut Hints) -> Result<(), Ended> {
        let Some(Place { file, path, size }) = self.archived.get(&id).cloned() else { return Ok(()) };
        // A folder that changes while it is read does not show each of its names.
        let mut deaf = hints.overflow || !self.watch.is_complete();
        for _ in 0..MOST_TRIES {
            if id_at(&path) == Some(file) {
                return Ok(());
            }
            let heard = moved_to(&path, &hints.names);
            let place = match heard.clone().filter(|place| id_at(place) == Some(file)) {
                Some(place) => Some(place),
                // Where nothing can be seen nothing has changed.
                None => match sibling_by_id(&path, file) {
                    Ok(place) => place.map(|place| self.watch.spell(place)),
                    Err(_) => return Ok(()),
                },
            };
            if let Some(place) = place {
                return self.say_archived_at(id, Place { file, path: place, size });
            }
            self.hear_on(hints);
            if moved_to(&path, &hints.names) == heard && !std::mem::take(&mut deaf) {
                break;
            }
        }
        self.archived.remove(&id);
        let cut = Cut { offset: size, exact: true };
        self.say(FollowEvent::Deleted {
            incarnation: id,
            path,
            cut,
            beyond: Vec::new(),
            by: Actor::Other,
            replaced: false,
        })
    }

    /// The same for a file that was not held open. The content, if there is more than was read of it.
    pub(super) fn recognise_parked(&mut self, parked: &Parked) -> Result<Option<File>, Ended> {
        let found = self.packed_beside(&parked.path, |content, _| parked.known().is_in(content).unwrap_or(false));
        let Some((archive, content, size)) = found else { return Ok(None) };
        self.say_archived(parked.id, &archive)?;
        Ok((size > parked.lines.offset()).then_some(content))
    }

    /// The incarnation of a path that has all of this content. What belongs to another followed path may begin alike.
    pub(super) fn life_with(&self, path: &Path, content: &File, size: u64) -> Option<IncarnationId> {
        // What was read may have been cut away since.
        let was_read =
            |life: &Life| size <= life.lines.offset() && life.known().goes_along_with(content).unwrap_or(false);
        let has = |life: &&Life| is_within(content, size, &life.file) || was_read(life);
        let own = |life: &&Life| self.may_come_from(path, &life.last_path);
        let held = self.lives.values().filter(own).find(has).map(|life| life.id);
        let is_read = |known: Known<'_>| known.is_in(content).unwrap_or(false);
        let own = |parked: &&Parked| self.may_come_from(path, &parked.path);
        let parked = || self.parked.values().filter(own).find(|parked| is_read(parked.known())).map(|parked| parked.id);
        held.or_else(parked).or_else(|| self.gone_with(path, content))
    }

    /// The incarnation of a path whose file was cut, as nobody has noticed yet, and of which this is a copy with more
    /// than was read.
    fn cut_life_in(&self, path: &Path, content: &File) -> Option<IncarnationId> {
        let own = self.lives.values().filter(|life| self.may_come_from(path, &life.last_path));
        let is_in = |life: &Life, file: &File| life.known().is_in(file).unwrap_or(false);
        let mut copied = own.filter(|life| is_in(life, content) && !is_in(life, &life.file));
        copied.next().map(|life| life.id)
    }

    /// The incarnation of a path that is gone and had this content, or more.
    pub(super) fn gone_with(&self, path: &Path, content: &File) -> Option<IncarnationId> {
        let mut own = self.gone.iter().rev().filter(|gone| self.may_come_from(path, &gone.path));
        let gone = own.find(|gone| gone.known().goes_along_with(content).unwrap_or(false));
        gone.map(|gone| gone.id)
    }

    /// The compressed archive with some content that may be what stood at `path`: beside it under its own name, or
    /// beside the followed path that it came from.
    fn packed_beside(&self, path: &Path, is_it: impl Fn(&File, u64) -> bool) -> Option<(Archive, File, u64)> {
        let found = |name: PathBuf| {
            let archive = Archive::at(name)?;
            let (content, size) = archive.content().ok()?;
            is_it(&content, size).then_some((archive, content, size))
        };
        let own = Packing::ENDINGS.into_iter().map(|ending| with_ending(path, ending));
        let owner = self.owner_of(path).map(Path::to_owned);
        let fits = |of: &Path| owner.as_deref().is_none_or(|owner| owner == of);
        let beside = || {
            let names = path.parent().into_iter().flat_map(fs::read_dir).flatten().flatten();
            let packed = names.map(|entry| self.watch.spell(entry.path())).filter(|name| Packing::of(name).is_some());
            packed.filter(|name| self.owner_of(name).is_some_and(fits) && self.is_unknown(name)).find_map(found)
        };
        own.filter(|name| self.is_unknown(name)).find_map(found).or_else(beside)
    }

    /// Files beside a path, named like its archives, that nobody knows.
    pub(super) fn archives_beside(&self, path: &Path) -> Vec<Archive> {
        // Compared as bytes first: among thousands of names few are alike.
        let alike = |at: &Path, name: &OsStr| {
            let stem = at.file_stem().unwrap_or_default().as_encoded_bytes();
            name.as_encoded_bytes().starts_with(stem)
        };
        let listed = |at: &Path| fs::read_dir(at.parent().unwrap_or(at)).into_iter().flatten().flatten();
        let mut files = BTreeSet::new();
        let own = self.slots.get(path).is_some_and(Slot::is_meant).then_some(path);
        for at in own.into_iter().chain(self.links.target(path)) {
            let named = listed(at).filter(|entry| alike(at, &entry.file_name()));
            files.extend(named.map(|entry| self.watch.spell(entry.path())));
        }
        let named = files.into_iter().filter(|other| self.is_archive_at(path, other) && !is_in_the_making(other));
        named.filter(|other| self.is_unknown(other)).filter_map(Archive::at).collect()
    }

    /// The same for several paths. Each folder is read once.
    fn archives_of(&self, paths: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Vec<Archive>> {
        let mut archives: BTreeMap<PathBuf, Vec<Archive>> = BTreeMap::new();
        let folders: BTreeSet<&Path> = paths.iter().flat_map(|path| self.folders_of(path)).collect();
        for entry in folders.into_iter().flat_map(fs::read_dir).flatten().flatten() {
            let file = self.watch.spell(entry.path());
            let Some(owner) = self.owner_of(&file).filter(|owner| *owner != file && paths.contains(*owner)) else {
                continue;
            };
            if !is_in_the_making(&file) && self.is_unknown(&file) {
                archives.entry(owner.to_owned()).or_default().extend(Archive::at(file));
            }
        }
        archives
    }

    /// Where archives of a path may stand.
    pub(super) fn folders_of<'s>(&'s self, path: &'s Path) -> impl Iterator<Item = &'s Path> {
        std::iter::once(path).chain(self.links.target(path)).filter_map(Path::parent)
    }

    pub(super) fn is_unknown(&self, path: &Path) -> bool {
        let Ok(metadata) = fs::symlink_metadata(path) else { return false };
        let id = platform::file_id(&metadata);
        metadata.is_file() && !self.by_file.contains_key(&id) && !self.known_files.contains(&id)
    }
}

/// Whether the file that is being compressed still stands there: that one is read.
fn is_in_the_making(archive: &Path) -> bool {
    let plain = Packing::of(archive).map(|(_, plain)| plain);
    plain.is_some_and(|plain| fs::symlink_metadata(plain).is_ok_and(|metadata| metadata.is_file()))
}

/// Whether a file has all of some content at its beginning.
fn is_within(content: &File, size: u64, file: &File) -> bool {
    let larger = file.metadata().is_ok_and(|metadata| metadata.len() >= size);
    size > 0 && larger && is_same(content, file, 0, size).unwrap_or(false)
}

pub(super) fn id_at(path: &Path) -> Option<FileId> {
    Some(platform::file_id(&fs::symlink_metadata(path).ok()?))
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    name.into()
}
