//! The one routine that compares names with identities: start-up, every hint, the periodic check and a lost
//! notification all end up here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use super::folder::{Folder, is_absence, kind_of};
use super::hints::{Hints, NameHint};
use super::life::{Life, Look};
use super::moved::MOST_TRIES;
use super::state::{Ended, Slot, State};
use super::watch::nearest_folder;
use crate::event::{EntryKind, FileId, FollowEvent, What};
use crate::platform;

/// How often one look is repeated when things move while it goes on. The next hint or check takes it from there.
const MOST_REPEATS: usize = 3;

/// Under writers at full speed the queue runs over again and again: that is said so often.
const OVERFLOW_EVERY: Duration = Duration::from_secs(1);

/// What a path leads to.
#[derive(Debug)]
pub(super) enum Stands {
    Nothing,
    Other(EntryKind),
    File {
        id: FileId,
        look: Look,
        modified: SystemTime,
    },
    /// It can't be looked at: nothing is known, so nothing changes.
    Unknown(String),
}

impl Stands {
    pub(super) fn is_file(&self, file: FileId) -> bool {
        matches!(self, Stands::File { id, .. } if *id == file)
    }
}

impl State {
    /// Looks at every name and every identity, and says what has changed.
    pub(super) fn look(&mut self, mut hints: Hints) -> Result<(), Ended> {
        self.tell_missed(&mut hints)?;
        self.tell_hints(&mut hints)?;
        let told = hints.overflow;
        let mut restless = self.look_once(&mut hints)?;
        for _ in 1..MOST_REPEATS {
            if !restless {
                break;
            }
            // Only what another pass will look at is taken from what was heard.
            self.hear_on(&mut hints);
            restless = self.look_once(&mut hints)?;
        }
        if restless {
            // What has been taken in last is read now: not before those whose going is heard only by now.
            for _ in 0..MOST_TRIES {
                self.hear_on(&mut hints);
                if !(self.adopt_archives(&hints)? | self.adopt_middles(&mut hints)?) {
                    break;
                }
            }
            self.order_stays(&hints);
        }
        if !told {
            self.tell_hints(&mut hints)?;
        }
        self.touch(&hints);
        self.note_comings(&hints, restless);
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
        for life in self.lives.values_mut() {
            if hints.overflow || hints.touches(&life.last_path) {
                life.seen = None;
            }
        }
    }

    /// One pass. True if something moved under its eyes and it should be repeated.
    fn look_once(&mut self, hints: &mut Hints) -> Result<bool, Ended> {
        // Add the watch, then look: what changes in between is seen or heard.
        self.cover()?;
        hints.unheard.extend(self.watch.take_fresh());
        let names = std::mem::take(&mut hints.names);
        let full = hints.overflow || !self.started;
        self.list_folders(|folder| full || names.iter().any(|hint| concerns(hint, folder)))?;
        hints.names = names;
        if !self.folders.iter().flat_map(Folder::links).eq(self.met_links.iter().map(PathBuf::as_path)) {
            // What links lead to that are met only now is watched, too, before it is looked at.
            self.cover()?;
            hints.unheard.extend(self.watch.take_fresh());
        }
        if !self.started {
            self.note_siblings();
        }

        let stands = self.observe();
        self.know_copied_up(&stands);
        self.settle_archived(hints)?;
        let mut again = self.settle_parked(&stands, hints)?;
        again |= self.settle_names(&stands, hints)?;
        if self.started && self.sees_unknown(&stands) {
            // Others may have come and gone before it: they are found by the names that they went to.
            self.hear_on(hints);
        }
        again |= self.adopt_archives(hints)?;
        again |= self.adopt_middles(hints)?;
        again |= self.settle_slots(&stands)?;
        self.order_stays(hints);
        self.hear_of_copies(hints)?;
        self.drop_empty_slots(&stands);
        self.hear_unlinked();
        Ok(again)
    }

    fn cover(&mut self) -> Result<(), Ended> {
        self.met_links = self.folders.iter().flat_map(Folder::links).map(Path::to_owned).collect();
        let links = self.followed_links();
        let named = self.slots.iter().filter(|(_, slot)| slot.asked_for).map(|(path, _)| path);
        let parents = named.chain(links.values()).filter_map(|path| path.parent());
        let (met, asked_for): (Vec<&Folder>, Vec<&Folder>) =
            self.folders.iter().partition(|folder| folder.is_subfolder());
        // Each once: a thousand files may stand in one folder.
        let folders: BTreeSet<&Path> = parents.chain(asked_for.iter().map(|folder| folder.path.as_path())).collect();
        let mut wanted: BTreeSet<PathBuf> = folders.into_iter().map(nearest_folder).collect();
        want_links_to(&mut wanted);
        wanted.extend(met.iter().map(|folder| nearest_folder(&folder.path)));
        let parked = self.parked.values().map(|parked| parked.path.as_path());
        let named = self.lives.values().filter_map(|life| life.path.as_deref()).chain(parked).filter_map(Path::parent);
        let named: Vec<PathBuf> = named.filter(|parent| !wanted.contains(*parent)).map(Path::to_owned).collect();
        wanted.extend(named);
        let unwatchable = self.watch.cover(&wanted);
        self.resolve_links(links);
        for (folder, reason) in unwatchable {
            if self.unwatchable.insert(folder.clone()) {
                let text = format!("{} can't be watched ({reason}): it is looked at regularly.", folder.display());
                self.outlet.say(What::Notice { text })?;
            }
        }
        Ok(())
    }

    /// A file of an overlay that is written to for the first time goes to another layer: its time of birth is another
    /// one from then on, and a descriptor that was opened before reads what is written.
    fn know_copied_up(&mut self, stands: &BTreeMap<PathBuf, Stands>) {
        for stands in stands.values() {
            let Stands::File { id, .. } = stands else { continue };
            if self.by_file.contains_key(id) {
                continue;
            }
            let is_it = |life: &&mut Life| {
                (life.file_id.dev, life.file_id.ino) == (id.dev, id.ino)
                    && life.file.metadata().is_ok_and(|metadata| platform::file_id(&metadata) == *id)
            };
            if let Some(life) = self.lives.values_mut().find(is_it) {
                self.by_file.remove(&life.file_id);
                self.by_file.insert(*id, life.id);
                life.file_id = *id;
            }
        }
    }

    /// Whether a file is about to be opened that was never seen before.
    fn sees_unknown(&self, stands: &BTreeMap<PathBuf, Stands>) -> bool {
        stands.iter().any(|(path, stands)| {
            let Stands::File { id, .. } = stands else { return false };
            let known = self.by_file.contains_key(id);
            let put_off = |slot: &Slot| slot.trouble.is_some() || slot.skipped.is_some_and(|(of, _)| of == *id);
            !known && self.slots.get(path).is_some_and(|slot| !put_off(slot))
        })
    }

    fn observe(&self) -> BTreeMap<PathBuf, Stands> {
        let named = self.lives.values().filter_map(|life| life.path.as_ref());
        let parked = self.parked.values().map(|parked| &parked.path);
        let paths: BTreeSet<&PathBuf> = self.slots.keys().chain(named).chain(parked).collect();
        paths.into_iter().map(|path| (path.clone(), stands_at(path))).collect()
    }
}

fn concerns(hint: &NameHint, folder: &Path) -> bool {
    let in_it = |path: &Path| path.parent() == Some(folder) || path == folder;
    match hint {
        NameHint::Created(path) | NameHint::MovedIn(path) | NameHint::Removed(path) => in_it(path),
        NameHint::Moved(from, to) => in_it(from) || in_it(to),
    }
}

/// Where a folder is reached by a link, that may be turned.
fn want_links_to(wanted: &mut BTreeSet<PathBuf>) {
    let is_link = |path: &Path| fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let on_the_way: BTreeSet<&Path> = wanted.iter().flat_map(|folder| folder.ancestors()).collect();
    let links = on_the_way.into_iter().filter(|path| is_link(path));
    let beside: Vec<PathBuf> = links.filter_map(Path::parent).map(Path::to_owned).collect();
    wanted.extend(beside);
}

pub(super) fn stands_at(path: &Path) -> Stands {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Stands::File {
            id: platform::file_id(&metadata),
            look: Look::of(&metadata),
            modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
        },
        Ok(metadata) => Stands::Other(kind_of(&metadata)),
        Err(error) if is_absence(&error) => Stands::Nothing,
        Err(error) => Stands::Unknown(error.to_string()),
    }
}
