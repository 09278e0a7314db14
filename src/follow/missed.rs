//! Files that came to a followed path and went before anybody could open them: what was heard of names is counted
//! against what was seen, so that a life that nobody can read any more is told of all the same.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::state::{Ended, State};
use super::watch::{Hints, NameHint};
use crate::event::{FileId, FollowEvent};

/// More names than this at once are not counted.
const MOST_NAMES: usize = 65_536;

/// What was heard and seen of the followed paths since all that was heard had been settled.
#[derive(Debug, Default)]
pub(super) struct Comings {
    names: Vec<NameHint>,
    /// The names that led to files which were known before that: gathered when the first name is heard, for mostly none
    /// is.
    known: Option<HashSet<PathBuf>>,
    /// Files that were taken in, by the path to which they came, and in which look.
    adopted: Vec<(u64, PathBuf, FileId)>,
    /// What else was seen there: no files.
    others: Vec<(u64, PathBuf)>,
    look: u64,
    /// Whether all had been heard that happened before the last look was over.
    heard_out: bool,
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
        self.adopted.push((self.look, path.to_owned(), file));
    }

    pub(super) fn saw_other(&mut self, path: &Path) {
        self.others.push((self.look, path.to_owned()));
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
    fn settle(&mut self) {
        let last = self.look + u64::from(self.heard_out);
        self.look += 1;
        self.names.clear();
        self.known = None;
        self.adopted.retain(|(look, ..)| *look >= last);
        self.others.retain(|(look, _)| *look >= last);
    }

    /// How many files came to each of the paths and have gone, as was heard; and what stands where in the end.
    fn gone(&self, followed: impl Fn(&Path) -> bool) -> (HashMap<&Path, usize>, HashMap<&Path, Standing<'_>>) {
        let mut standing: HashMap<&Path, Standing<'_>> =
            self.known.iter().flatten().map(|path| (path.as_path(), Standing::Known)).collect();
        let mut gone: HashMap<&Path, usize> = HashMap::new();
        for hint in &self.names {
            let (path, new) = match hint {
                NameHint::Created(path) if standing.get(path.as_path()) == Some(&Standing::Known) => continue,
                // Nothing is made where a file stands: what came before was a link to nowhere.
                NameHint::Created(path) if standing.get(path.as_path()) == Some(&Standing::Came(path)) => continue,
                NameHint::Created(path) => (path, Some(Standing::Aside)),
                // What nobody heard coming may be a known one that comes back.
                NameHint::MovedIn(path) => (path, Some(Standing::Known)),
                NameHint::Moved(from, to) => (to, Some(standing.remove(from.as_path()).unwrap_or(Standing::Known))),
                NameHint::Removed(path) => (path, None),
            };
            if let Some(Standing::Came(at)) = standing.remove(path.as_path()) {
                *gone.entry(at).or_default() += 1;
            }
            let new = match new {
                Some(Standing::Aside) if followed(path) => Some(Standing::Came(path)),
                other => other,
            };
            if let Some(new) = new {
                standing.insert(path, new);
            }
        }
        (gone, standing)
    }
}

impl State {
    /// A look begins. If nothing more was heard since the last one, all that had been heard was settled by that: whatever
    /// has gone by then and was not seen was missed.
    pub(super) fn tell_missed(&mut self, hints: &mut Hints) -> Result<(), Ended> {
        // An overflow is told as such.
        let uncounted = hints.overflow || self.comings.names.len() > MOST_NAMES;
        if self.comings.is_open() && !uncounted && !hints.names.is_empty() {
            self.know_names(hints);
            return Ok(());
        }
        let missed = if uncounted { Vec::new() } else { self.missed() };
        self.comings.settle();
        self.know_names(hints);
        for path in missed {
            self.say(FollowEvent::Missed { path, file_id: None })?;
        }
        Ok(())
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

    /// A look is over.
    pub(super) fn note_comings(&mut self, hints: &Hints) {
        if !self.options.stamps && !hints.overflow {
            self.comings.names.extend_from_slice(&hints.names);
        }
        self.comings.heard_out = !self.watch.has_names();
    }

    fn missed(&self) -> Vec<PathBuf> {
        let mut missed = Vec::new();
        let (gone, standing) = self.comings.gone(|path| self.is_followed(path));
        // Another hard link of it was left: it has gone from the path all the same.
        let is_aside = |name: &Path| standing.get(name) == Some(&Standing::Aside);
        for (path, gone) in gone {
            let at_path = self.comings.adopted.iter().filter(|(_, at, _)| at == path);
            let adopted = at_path.filter(|(_, _, file)| self.name_of(*file).is_none_or(is_aside)).count();
            let others = self.comings.others.iter().filter(|(_, at)| at == path).count();
            let unseen = gone.saturating_sub(adopted + others);
            missed.extend(std::iter::repeat_n(path.to_owned(), unseen));
        }
        missed
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
        comings.gone(|path| path == Path::new(P)).0.values().sum()
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
    fn what_was_known_or_still_stands_is_not() {
        assert_eq!(gone(&[P], vec![removed(P), created(P)]), 0);
        assert_eq!(gone(&[P], vec![moved(P, "/d/P.1"), created(P), removed("/d/P.1")]), 0);
        assert_eq!(gone(&[P], vec![created(P), removed(P)]), 0, "it was seen before it was heard of");
        assert_eq!(gone(&[], vec![created(P), moved(P, "/d/P.1"), moved("/d/P.1", P)]), 0);
        assert_eq!(gone(&[], vec![created("/d/x"), removed("/d/x")]), 0);
    }
}
