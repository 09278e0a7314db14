//! In which order files stood at a followed path between two looks, as was heard: one that was there before may have
//! come back for a while, and nothing that is found afterwards tells of that.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::hints::{Hints, NameHint};
use super::look::{Stands, stands_at};
use super::state::State;
use crate::event::{FileId, IncarnationId};

/// What was known when the first of some names was heard.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The files to which names led.
    pub(super) files: BTreeMap<PathBuf, FileId>,
    /// Those that stood last at followed paths where none did then.
    left: BTreeMap<PathBuf, FileId>,
}

/// A file that the hints follow from name to name: the how-manieth of them.
type Token = usize;

/// What the hints tell of files and the followed paths.
#[derive(Debug, Default)]
struct Stays<'h> {
    /// Which file each of them is, if it was known before.
    known: Vec<Option<FileId>>,
    standing: HashMap<&'h Path, Token>,
    /// Who came to each followed path, in that order.
    at: BTreeMap<&'h Path, Vec<Token>>,
}

impl<'h> Stays<'h> {
    fn of(hints: &'h Hints, followed: impl Fn(&Path) -> bool) -> Stays<'h> {
        let mut stays = Stays::default();
        if let Some(names) = &hints.known {
            for (path, file) in &names.left {
                let token = stays.meet(Some(*file));
                stays.at.insert(path, vec![token]);
            }
            for (path, file) in &names.files {
                let token = stays.meet(Some(*file));
                stays.come(path, token, &followed);
            }
        }
        for hint in &hints.names {
            match hint {
                // It was seen before it was heard of.
                NameHint::Created(path) if stays.is_known_at(path) => {}
                NameHint::Created(path) | NameHint::MovedIn(path) => {
                    let token = stays.meet(None);
                    stays.come(path, token, &followed);
                }
                NameHint::Moved(from, to) => {
                    let token = stays.standing.remove(from.as_path()).unwrap_or_else(|| stays.meet(None));
                    stays.come(to, token, &followed);
                }
                NameHint::Removed(path) => drop(stays.standing.remove(path.as_path())),
            }
        }
        stays
    }

    fn meet(&mut self, file: Option<FileId>) -> Token {
        self.known.push(file);
        self.known.len() - 1
    }

    fn come(&mut self, path: &'h Path, token: Token, followed: impl Fn(&Path) -> bool) {
        self.standing.insert(path, token);
        if followed(path) {
            self.at.entry(path).or_default().push(token);
        }
    }

    fn is_known_at(&self, path: &Path) -> bool {
        self.standing.get(path).is_some_and(|token| self.known[*token].is_some())
    }

    /// The files as far as they are known or have a name, by their tokens.
    fn files(&self) -> Vec<Option<FileId>> {
        let mut files = self.known.clone();
        for (path, token) in &self.standing {
            if let (None, Stands::File { id, .. }) = (files[*token], stands_at(path)) {
                files[*token] = Some(id);
            }
        }
        files
    }
}

impl State {
    pub(super) fn names(&self) -> Names {
        let parked = self.parked.values().map(|parked| (parked.path.clone(), parked.file_id));
        let named = self.lives.values().filter_map(|life| Some((life.path.clone()?, life.file_id)));
        let left = self.slots.iter().filter(|(_, slot)| slot.is_meant() && slot.current.is_none());
        let left = left.filter_map(|(path, slot)| Some((path.clone(), self.lives.get(&slot.previous?)?.file_id)));
        let away = self.away.iter().map(|(path, file)| (path.clone(), *file));
        Names { files: away.chain(named).chain(parked).collect(), left: left.collect() }
    }

    /// Lets whoever came to a path wait for those that were there before.
    pub(super) fn order_stays(&mut self, hints: &Hints) {
        if hints.overflow {
            self.away.clear();
        }
        if hints.overflow || hints.names.is_empty() {
            return;
        }
        let followed = |path: &Path| self.slots.get(path).is_some_and(|slot| slot.is_meant());
        let stays = Stays::of(hints, followed);
        if stays.at.is_empty() && self.away.is_empty() {
            return;
        }
        let files = stays.files();
        self.away = self.links_away(&stays, &files);
        let mut orders = Vec::new();
        for (path, tokens) in &stays.at {
            let Some(slot) = self.slots.get(*path) else { continue };
            let mut lives: Vec<IncarnationId> =
                tokens.iter().filter_map(|token| self.by_file.get(&files[*token]?).copied()).collect();
            // Of what comes with a new folder nothing is heard.
            lives.extend(slot.current.or(slot.previous.filter(|previous| !lives.contains(previous))));
            orders.push(((*path).to_owned(), by_last_stay(lives)));
        }
        for (path, order) in orders {
            self.gate_in_order(&order);
            if let (Some(slot), Some(last)) = (self.slots.get_mut(&path), order.last())
                && slot.current.is_none()
            {
                slot.previous = Some(*last);
            }
        }
    }

    /// Names that lead to followed files and are not their own: a link that was a followed path may come back from there.
    fn links_away(&self, stays: &Stays<'_>, files: &[Option<FileId>]) -> BTreeMap<PathBuf, FileId> {
        let away = stays.standing.iter().filter(|(path, _)| !stays.at.contains_key(*path));
        let led = away.filter_map(|(path, token)| Some((*path, files[*token]?)));
        let is_link = |(path, file): &(&Path, FileId)| {
            let life = self.by_file.get(file).and_then(|id| self.lives.get(id));
            life.is_some_and(|life| !life.is_at(path))
        };
        led.filter(is_link).map(|(path, file)| (path.to_owned(), file)).collect()
    }

    fn gate_in_order(&mut self, order: &[IncarnationId]) {
        for (at, pair) in (0..).zip(order.windows(2)) {
            let (previous, next) = (pair[0], pair[1]);
            if let Some(first) = self.first_behind(next, previous, &order[..at])
                && !self.waits_for(previous, first)
            {
                self.gate_behind(Some(first), Some(previous));
            }
        }
    }

    /// Who is to wait for `previous` so that `next` does: that one itself, or, where it waits already for lives that
    /// were found in archives and copies, the first of those. A gate that leads further back in the same order yields:
    /// whoever is passed over has one of its own. None if it does wait.
    fn first_behind(
        &self,
        next: IncarnationId,
        previous: IncarnationId,
        earlier: &[IncarnationId],
    ) -> Option<IncarnationId> {
        let mut first = self.lives.get(&next)?.id;
        // No longer than there are lives, whatever the gates are.
        for _ in 0..self.lives.len() {
            match self.lives.get(&first).and_then(|life| life.gate) {
                Some(gate) if gate.previous == previous => return None,
                Some(gate) if self.lives.contains_key(&gate.previous) && !earlier.contains(&gate.previous) => {
                    first = gate.previous;
                }
                _ => return Some(first),
            }
        }
        None
    }
}

/// Each once, where it was last.
fn by_last_stay(mut lives: Vec<IncarnationId>) -> Vec<IncarnationId> {
    let mut met = HashSet::new();
    lives.reverse();
    lives.retain(|life| met.insert(*life));
    lives.reverse();
    lives
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: &str = "/d/P";

    fn file(inode: u64) -> FileId {
        FileId { dev: 1, ino: inode, born_ns: 0 }
    }

    /// The known files that stood at `P`, in their order.
    fn at_path(names: Names, hints: Vec<NameHint>) -> Vec<Option<u64>> {
        let hints = Hints::of_names(hints, names);
        let stays = Stays::of(&hints, |path| path == Path::new(P));
        stays.at[Path::new(P)].iter().map(|token| stays.known[*token].map(|file| file.ino)).collect()
    }

    fn names(files: &[(&str, u64)], left: &[(&str, u64)]) -> Names {
        let map = |of: &[(&str, u64)]| of.iter().map(|(path, inode)| (PathBuf::from(path), file(*inode))).collect();
        Names { files: map(files), left: map(left) }
    }

    fn moved(from: &str, to: &str) -> NameHint {
        NameHint::Moved(from.into(), to.into())
    }

    #[test]
    fn a_file_that_was_back_for_a_while_stood_there() {
        let known = names(&[(P, 1), ("/d/P.1", 2)], &[]);
        let hints = vec![NameHint::Removed(P.into()), moved("/d/P.1", P), moved("/d/new", P)];
        assert_eq!(at_path(known, hints), [Some(1), Some(2), None]);
        let known = names(&[("/d/P.1", 2)], &[(P, 1)]);
        let hints = vec![moved("/d/P.1", "/d/P.2"), moved("/d/P.2", P), NameHint::Created(P.into())];
        assert_eq!(at_path(known, hints), [Some(1), Some(2)], "what is known was seen before it was heard of");
    }

    #[test]
    fn the_last_stay_counts() {
        let lives = |ids: &[u32]| ids.iter().copied().map(IncarnationId).collect::<Vec<_>>();
        assert_eq!(by_last_stay(lives(&[1, 2, 1, 3])), lives(&[2, 1, 3]));
    }
}
