//! Acts of workers that took some file from a path, and of which nobody can say which file that was: the worker could
//! not, or it named one that another worker had taken already. Each act took exactly one file. So a file that went from
//! that path about then, with no other cause known, is the one.

use std::path::PathBuf;

use super::Removal;
use crate::clock::Mono;
use crate::event::{FileId, WorkerId};

/// How far the moment of an act and the moment at which its effect was seen may lie apart: the follower may be late.
const WITHIN_NS: u64 = 5_000_000_000;

/// Took some file from a path.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Act {
    pub(super) at: Mono,
    pub(super) worker: WorkerId,
    pub(super) path: PathBuf,
    pub(super) removal: Removal,
}

/// A file that lost its last name to nobody known.
#[derive(Clone, Debug, PartialEq)]
struct Vanished {
    at: Mono,
    file: FileId,
    /// Every name it is known to have had.
    names: Vec<PathBuf>,
}

/// A worker renamed some file, and nobody can say which.
#[derive(Clone, Debug, PartialEq)]
struct Move {
    at: Mono,
    from: PathBuf,
    to: PathBuf,
}

/// Acts without a file, and files without an act.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Unsure {
    acts: Vec<Act>,
    moves: Vec<Move>,
    vanished: Vec<Vanished>,
}

impl Unsure {
    pub(super) fn acted(&mut self, act: Act) {
        self.acts.retain(|old| old.at.plus_ns(2 * WITHIN_NS) > act.at);
        self.acts.push(act);
    }

    /// Some file went from one path to another: whichever stood at the first may have had the second as its name too.
    pub(super) fn moved(&mut self, at: Mono, from: PathBuf, to: PathBuf) {
        self.moves.retain(|old| old.at.plus_ns(2 * WITHIN_NS) > at);
        self.moves.push(Move { at, from, to });
    }

    pub(super) fn vanished(&mut self, at: Mono, file: FileId, names: Vec<PathBuf>) {
        self.vanished.retain(|old| old.at.plus_ns(2 * WITHIN_NS) > at);
        self.vanished.push(Vanished { at, file, names });
    }

    /// A file was given a name, as a worker tells; it may have lost that since.
    pub(super) fn named(&mut self, file: FileId, name: &std::path::Path) {
        for vanished in self.vanished.iter_mut().filter(|vanished| vanished.file == file) {
            vanished.names.push(name.to_path_buf());
        }
    }

    /// The file has its name again, or its end has a cause.
    pub(super) fn explained(&mut self, file: FileId) {
        self.vanished.retain(|vanished| vanished.file != file);
    }

    /// Takes out an act and the file that it must have taken, of several the one that was seen to go at the nearest
    /// moment.
    pub(super) fn pair(&mut self) -> Option<(Act, FileId)> {
        let apart = |act: &Act, vanished: &Vanished| act.at.0.abs_diff(vanished.at.0);
        let was_at = |vanished: &Vanished, path: &PathBuf| {
            let moved_there = |from: &&PathBuf| self.moves.iter().any(|one| one.from == **from && one.to == *path);
            vanished.names.contains(path) || vanished.names.iter().any(|name| moved_there(&name))
        };
        let (index, nearest) = self.acts.iter().enumerate().find_map(|(index, act)| {
            let there = self.vanished.iter().filter(|one| was_at(one, &act.path));
            let near = there.filter(|one| apart(act, one) <= WITHIN_NS).min_by_key(|one| apart(act, one))?;
            Some((index, near.file))
        })?;
        self.explained(nearest);
        Some((self.acts.remove(index), nearest))
    }
}
