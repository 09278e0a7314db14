//! Files that came to a followed path and went before anybody could open them: what was heard of names is counted
//! against what was seen, so that a life that nobody can read any more is told of all the same.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;
use std::path::{Path, PathBuf};

use super::archives::id_at;
use super::hints::{Hints, NameHint, join};
use super::packing::Packing;
use super::state::{Ended, State};
use crate::event::{FileId, FollowEvent};

/// More names than this at once are not counted.
const MOST_NAMES: usize = 65_536;

/// More temporary names than this are not remembered.
const MOST_ASIDE: usize = 1024;

/// What was heard and seen of the followed paths since all that was heard had been settled.
#[derive(Debug, Default)]
pub(super) struct Comings {
    names: Vec<NameHint>,
    /// The names that led to files which were known before that: gathered when the first name is heard, for mostly none
    /// is.
    known: Option<HashSet<PathBuf>>,
    /// Names that nobody follows and that were made before that: what is put together under them may come to a path.
    aside: BTreeSet<PathBuf>,
    /// Files that were taken in.
    adopted: Vec<Adopted>,
    /// What else was seen there: no files.
    others: Vec<(u64, PathBuf)>,
    look: u64,
    /// Whether all had been heard that had happened to followed paths before the last look was over.
    heard_out: bool,
    /// Whether the last look knew in the end where everything was.
    is_calm: bool,
}

/// A file that was taken in.
#[derive(Debug)]
struct Adopted {
    look: u64,
    /// Where it came.
    path: PathBuf,
    file: FileId,
    /// Nothing was heard in its folder for a while: perhaps not of it either.
    is_unheard: bool,
    was_opened: bool,
    /// The name that it had before it was compressed, if it seems to be a copy.
    copy_at: Option<PathBuf>,
}

/// Whatever the hints see standing under a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing<'h> {
    Known,
    /// It has not been at a followed path.
    Aside,
    /// It came to this path.
    Came(&'h Path),
}

impl Comings {
    pub(super) fn adopted(&mut self, path: &Path, file: FileId) {
        self.saw(path, file, true);
    }

    /// A file that came to a path can't be opened, and that was told.
    pub(super) fn saw_unopened(&mut self, path: &Path, file: FileId) {
        self.saw(path, file, false);
    }

    fn saw(&mut self, path: &Path, file: FileId, was_opened: bool) {
        let (look, path) = (self.look, path.to_owned());
        self.adopted.push(Adopted { look, path, file, is_unheard: false, was_opened, copy_at: None });
    }

    /// It is a copy of what was there, or taken for one, under this name: unless it was moved there, nothing came to the
    /// path with it, nor went from there.
    pub(super) fn was_copy(&mut self, file: FileId, name: &Path) {
        let plain = Packing::of(name).map_or_else(|| name.to_owned(), |(_, plain)| plain);
        for adopted in self.adopted.iter_mut().filter(|adopted| adopted.file == file) {
            adopted.copy_at = Some(plain.clone());
        }
    }

    /// Whether it is a file that came to its path, and no copy of one.
    fn has_come(&self, adopted: &Adopted) -> bool {
        let moved_to = |name: &Path| self.names.iter().any(|hint| matches!(hint, NameHint::Moved(_, to) if to == name));
        adopted.copy_at.as_deref().is_none_or(moved_to)
    }

    pub(super) fn saw_other(&mut self, path: &Path) {
        self.others.push((self.look, path.to_owned()));
    }

    /// The same of what may be looked at again and again.
    pub(super) fn saw_other_once(&mut self, path: &Path) {
        if self.others.iter().all(|(_, at)| at != path) {
            self.saw_other(path);
        }
    }

    /// What was heard since all had been settled, up to the last look.
    pub(super) fn names(&self) -> &[NameHint] {
        &self.names
    }

    /// Whether there is something that the next look will settle.
    pub(super) fn is_open(&self) -> bool {
        !self.names.is_empty()
    }

    /// Forgets all but what the last look has seen, if it may be that of this is heard only now. The next look begins.
    fn settle(&mut self, aside: BTreeSet<PathBuf>) {
        self.aside = aside;
        let last = self.look + u64::from(self.heard_out);
        self.look += 1;
        self.names.clear();
        self.known = None;
        self.adopted.retain(|adopted| adopted.look >= last);
        self.others.retain(|(look, _)| *look >= last);
    }

    /// How many files came to each of the paths and have gone, as was heard; and what stands where in the end.
    fn count<'h>(&'h self, followed: &'h BTreeSet<PathBuf>, awaited: &'h dyn Fn(&Path) -> bool) -> Count<'h> {
        let aside = self.aside.iter().map(|path| (path.clone(), Standing::Aside));
        let known = self.known.iter().flatten().map(|path| (path.clone(), Standing::Known));
        let mut count = Count { followed, awaited, standing: aside.chain(known).collect(), gone: HashMap::new() };
        for hint in &self.names {
            count.take_in(hint);
        }
        count
    }
}

/// What was heard, counted.
struct Count<'h> {
    followed: &'h BTreeSet<PathBuf>,
    /// Whether a name would be followed though none of it has been seen.
    awaited: &'h dyn Fn(&Path) -> bool,
    standing: BTreeMap<PathBuf, Standing<'h>>,
    gone: HashMap<&'h Path, usize>,
}

impl<'h> Count<'h> {
    fn take_in(&mut self, hint: &'h NameHint) {
        match hint {
            NameHint::Created(path) => match self.standing.get(path) {
                // It was seen before it was heard of, or what came before was a link to nowhere.
                Some(Standing::Known | Standing::Came(_)) => {}
                _ => self.stand(path, Standing::Aside),
            },
            NameHint::MovedIn(path) => {
                self.clear(path);
                // What nobody heard coming may be a known one that comes back.
                self.stand(path, Standing::Known);
                self.bring_within(path, |_| Standing::Known);
            }
            NameHint::Moved(from, to) => {
                self.clear(to);
                let moved = self.standing.remove(from).unwrap_or(Standing::Known);
                self.stand(to, moved);
                let within = self.take_within(from);
                if within.is_empty() {
                    // Another folder, or a link to one: what it has there has come.
                    self.bring_within(to, Standing::Came);
                }
                let moved =
                    within.into_iter().filter_map(|(path, what)| Some((to.join(path.strip_prefix(from).ok()?), what)));
                self.standing.extend(moved);
            }
            NameHint::Removed(path) => self.clear(path),
        }
    }

    fn stand(&mut self, path: &'h Path, what: Standing<'h>) {
        let comes = what == Standing::Aside && (self.followed.contains(path) || (self.awaited)(path));
        self.standing.insert(path.to_owned(), if comes { Standing::Came(path) } else { what });
    }

    /// Whatever stood under a name, or within a folder of this name, stands there no longer.
    fn clear(&mut self, path: &Path) {
        let here = self.standing.remove(path);
        let within = self.take_within(path).into_iter().map(|(_, what)| what);
        for what in here.into_iter().chain(within) {
            if let Standing::Came(at) = what {
                *self.gone.entry(at).or_default() += 1;
            }
        }
    }

    fn bring_within(&mut self, folder: &Path, what: impl Fn(&'h Path) -> Standing<'h>) {
        let followed = self.followed;
        for path in followed.range(folder.to_owned()..).take_while(|path| path.starts_with(folder)) {
            if path != folder {
                self.standing.insert(path.clone(), what(path));
            }
        }
    }

    fn take_within(&mut self, folder: &Path) -> Vec<(PathBuf, Standing<'h>)> {
        let within = self.standing.range(folder.to_owned()..).map(|(path, _)| path);
        let within = within.take_while(|path| path.starts_with(folder)).filter(|path| *path != folder);
        let within: Vec<PathBuf> = within.cloned().collect();
        within.into_iter().filter_map(|path| self.standing.remove_entry(&path)).collect()
    }
}

impl State {
    /// A look begins. If nothing more was heard since the last one, all that had been heard was settled by that: whatever
    /// has gone by then and was not seen was missed.
    pub(super) fn tell_missed(&mut self, hints: &mut Hints) -> Result<(), Ended> {
        // What can't be counted is told as an overflow.
        hints.overflow |= self.comings.names.len() > MOST_NAMES;
        let uncounted = hints.overflow;
        let nothing_more = hints.names.iter().all(|hint| self.is_foreign(hint));
        self.comings.heard_out |= nothing_more && !uncounted;
        if self.comings.is_open() && !uncounted && !(nothing_more && self.comings.is_calm) {
            self.know_names(hints);
            return Ok(());
        }
        let (missed, aside) = if uncounted { Default::default() } else { self.missed() };
        self.comings.settle(aside);
        self.know_names(hints);
        for path in missed {
            self.say(FollowEvent::Missed { path, file_id: None })?;
        }
        Ok(())
    }

    /// Whether a name has nothing to do with what is followed: in a busy folder others come and go all the time.
    fn is_foreign(&self, hint: &NameHint) -> bool {
        match hint {
            NameHint::Created(path) | NameHint::Removed(path) => self.is_foreign_name(path),
            NameHint::Moved(from, to) => self.is_nobodys(from) && self.is_nobodys(to),
            NameHint::MovedIn(to) => self.is_nobodys(to),
        }
    }

    /// Whether it is not even the name of an archive.
    fn is_nobodys(&self, path: &Path) -> bool {
        self.is_foreign_name(path) && self.owner_of(path).is_none()
    }

    fn is_foreign_name(&self, path: &Path) -> bool {
        let leads_to = |followed: &Path| followed.starts_with(path);
        let first = self.slots.range::<Path, _>((Bound::Included(path), Bound::Unbounded)).next();
        !self.fits_a_pattern(path) && !first.is_some_and(|(first, _)| leads_to(first))
    }

    /// Takes in what was heard since the look began.
    pub(super) fn hear_on(&mut self, hints: &mut Hints) {
        let heard = self.hear();
        hints.append(heard);
        self.know_names(hints);
    }

    /// The first names are about to be settled: which of them are known is kept as it is now.
    fn know_names(&mut self, hints: &mut Hints) {
        if hints.names.is_empty() || hints.known.is_some() {
            return;
        }
        let names = self.names();
        if !self.options.stamps && self.comings.known.is_none() {
            self.comings.known = Some(names.files.keys().cloned().collect());
        }
        hints.known = Some(names);
    }

    /// A look is over; `restless` if something moved while it went on.
    pub(super) fn note_comings(&mut self, hints: &Hints, restless: bool) {
        // Where closed files wait for descriptors, it is not known yet which of them have gone.
        self.comings.is_calm = !self.keeping.waiting && (!restless || hints.names.is_empty());
        if !self.options.stamps && !hints.overflow {
            join(&mut self.comings.names, hints.names.clone());
        }
        let look = self.comings.look;
        for adopted in self.comings.adopted.iter_mut().filter(|adopted| adopted.look == look) {
            adopted.is_unheard |= hints.may_lack(&adopted.path);
        }
        self.comings.heard_out = !self.watch.has_names();
    }

    /// The paths to which something came that nobody has seen, once for each time; and the names that were made aside.
    fn missed(&mut self) -> (Vec<PathBuf>, BTreeSet<PathBuf>) {
        if !self.comings.is_open() {
            return (Vec::new(), std::mem::take(&mut self.comings.aside));
        }
        let mut missed = Vec::new();
        let followed: BTreeSet<PathBuf> = self.slots.keys().filter(|path| self.is_followed(path)).cloned().collect();
        let awaited = |path: &Path| self.fits_a_pattern(path);
        let Count { standing, gone, .. } = self.comings.count(&followed, &awaited);
        // It may have a name that it did not get from there: a link was turned away from it, or its folder is not watched.
        let is_away = |adopted: &Adopted, name: &Path| {
            let has_come = match standing.get(name) {
                Some(Standing::Known) => true,
                // A name that it was given beside that has not come from there.
                Some(Standing::Came(at)) => self.is_one_place(at, &adopted.path),
                _ => false,
            };
            !has_come && !adopted.is_unheard && name != adopted.path
        };
        let stands = |file: FileId| {
            standing.iter().any(|(name, what)| matches!(what, Standing::Came(_)) && id_at(name) == Some(file))
        };
        let has_gone = |adopted: &&Adopted| match self.name_of(adopted.file) {
            Some(name) => is_away(adopted, name),
            None => adopted.was_opened || !stands(adopted.file),
        };
        for (path, gone) in gone {
            let at_path = self.comings.adopted.iter().filter(|adopted| self.is_one_place(&adopted.path, path));
            let at_path = at_path.filter(|adopted| self.comings.has_come(adopted));
            let adopted = at_path.filter(has_gone).count();
            let others = self.comings.others.iter().filter(|(_, at)| self.is_one_place(at, path)).count();
            let unseen = gone.saturating_sub(adopted + others);
            missed.extend(std::iter::repeat_n(path.to_owned(), unseen));
        }
        let aside = standing.into_iter().filter(|(_, what)| *what == Standing::Aside).map(|(path, _)| path);
        let aside: BTreeSet<PathBuf> = aside.collect();
        (missed, if aside.len() > MOST_ASIDE { BTreeSet::new() } else { aside })
    }

    /// Whether two paths are one name in one folder, by whatever names that is followed: a file is taken in by one of them.
    fn is_one_place(&self, one: &Path, other: &Path) -> bool {
        let folder = |path: &Path| path.parent().and_then(|folder| self.watch.identity(folder));
        let is_one_folder = || folder(one).is_some_and(|one| folder(other) == Some(one));
        one == other || (one.file_name() == other.file_name() && is_one_folder())
    }

    fn name_of(&self, file: FileId) -> Option<&Path> {
        let id = self.by_file.get(&file)?;
        let parked = || self.parked.get(id).map(|parked| parked.path.as_path());
        self.lives.get(id).and_then(|life| life.path.as_deref()).or_else(parked)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: &str = "/d/P";

    fn gone(known: &[&str], names: Vec<NameHint>) -> usize {
        let known = Some(known.iter().map(PathBuf::from).collect());
        let comings = Comings { names, known, ..Comings::default() };
        comings.count(&[PathBuf::from(P)].into(), &|_| false).gone.values().sum()
    }

    fn created(path: &str) -> NameHint {
        NameHint::Created(path.into())
    }

    fn moved(from: &str, to: &str) -> NameHint {
        NameHint::Moved(from.into(), to.into())
    }

    fn removed(path: &str) -> NameHint {
        NameHint::Removed(path.into())
    }

    #[test]
    fn what_came_and_went_is_counted() {
        assert_eq!(gone(&[], vec![created(P), removed(P), created(P)]), 1);
        assert_eq!(gone(&[], vec![created("/d/g"), moved("/d/g", P), created("/d/h"), moved("/d/h", P)]), 1);
        assert_eq!(gone(&[], vec![created(P), moved(P, "/d/P.1"), moved("/d/P.1", "/d/P.2"), removed("/d/P.2")]), 1);
    }

    #[test]
    fn what_came_with_a_folder_or_a_link_to_one_is_counted() {
        let turned = || moved("/new", "/d");
        assert_eq!(gone(&[P], vec![turned()]), 0);
        assert_eq!(gone(&[P], vec![turned(), turned()]), 1);
        assert_eq!(gone(&[P], vec![moved("/d", "/x"), moved("/x", "/d"), removed(P)]), 0, "it is the known one");
        assert_eq!(gone(&[], vec![created(P), moved("/d", "/x"), removed("/x/P")]), 1);
    }

    #[test]
    fn what_was_known_or_still_stands_is_not() {
        assert_eq!(gone(&[P], vec![removed(P), created(P)]), 0);
        assert_eq!(gone(&[P], vec![moved(P, "/d/P.1"), created(P), removed("/d/P.1")]), 0);
        assert_eq!(gone(&[P], vec![created(P), removed(P)]), 0, "it was seen before it was heard of");
        assert_eq!(gone(&[], vec![created(P), moved(P, "/d/P.1"), moved("/d/P.1", P)]), 0);
        assert_eq!(gone(&[], vec![created("/d/x"), removed("/d/x")]), 0);
    }
}
