//! Hints: what the system said happened to which name, in its order.
//!
//! They decide only *when* to look and, where two looks can't tell, *in which way* a file came to its path. They are
//! never the state itself.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};

use super::sizes::Sizes;
use super::stays::Names;
use crate::event::FileId;
use crate::platform::Notice;

/// More names than this between two looks are worth no more than a full look; nor are more files that have changed.
const MOST_NAMES: usize = 65_536;
/// More files than this that were written to are worth no less.
const MOST_WRITTEN: usize = 16;

/// So many names may stand between the first half of a move and the whole.
const HALVES_WITHIN: usize = 64;

/// One thing that happened to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameHint {
    /// A file was made under this name, or linked to it.
    Created(PathBuf),
    /// A file came to this name by rename, from an unwatched place.
    MovedIn(PathBuf),
    /// A file went from one name to another.
    Moved(PathBuf, PathBuf),
    /// The name went.
    Removed(PathBuf),
}

impl NameHint {
    /// Whether another file stands at the path after this.
    pub(super) fn brings(&self, path: &Path) -> bool {
        match self {
            NameHint::Created(to) | NameHint::MovedIn(to) | NameHint::Moved(_, to) => to == path,
            NameHint::Removed(_) => false,
        }
    }
}

/// How a file came to its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Created,
    Moved,
}

/// What came since the last look.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pub(super) names: Vec<NameHint>,
    /// What was known of names before these.
    pub(super) known: Option<Names>,
    /// Files whose content changed.
    pub(super) written: HashSet<PathBuf>,
    /// Files whose attributes changed, or that a writer closed.
    pub(super) touched: HashSet<PathBuf>,
    /// The sizes that they had as that was heard.
    pub(super) sizes: Sizes,
    /// The system dropped notifications.
    pub(super) overflow: bool,
    /// Folders that have been watched only since then: of what happened in them before nothing was heard.
    pub(super) unheard: BTreeSet<PathBuf>,
    /// Files that came and went and could not be opened, as was told.
    pub(super) missed: BTreeSet<FileId>,
    /// Watches failed while running, as told by the system.
    pub(super) errors: Vec<String>,
}

impl Hints {
    #[cfg(test)]
    pub(super) fn of_names(names: Vec<NameHint>, known: Names) -> Hints {
        Hints { names, known: Some(known), ..Hints::default() }
    }

    /// How the file that stands at `path` now came there, as far as hints tell.
    pub(super) fn arrival(&self, path: &Path) -> Option<Arrival> {
        self.names.iter().rev().find_map(|hint| match hint {
            NameHint::Created(to) if to == path => Some(Arrival::Created),
            NameHint::MovedIn(to) | NameHint::Moved(_, to) if to == path => Some(Arrival::Moved),
            // The last that was heard is that the path went, or a folder above it: nothing came over it.
            NameHint::Removed(gone) | NameHint::Moved(gone, _) if path.starts_with(gone) => Some(Arrival::Created),
            _ => None,
        })
    }

    /// Takes in what came later.
    pub(super) fn append(&mut self, later: Hints) {
        join(&mut self.names, later.names);
        self.written.extend(later.written);
        self.touched.extend(later.touched);
        self.sizes.append(later.sizes);
        self.overflow |= later.overflow;
        self.unheard.extend(later.unheard);
        self.errors.extend(later.errors);
    }

    /// Whether what stands at a path was written to, or its attributes have changed.
    pub(super) fn touches(&self, path: &Path) -> bool {
        self.touched.contains(path) || self.written.contains(path)
    }

    /// Files whose attributes changed, or that a writer closed.
    pub(super) fn touched(&self) -> impl Iterator<Item = &Path> {
        self.touched.iter().map(PathBuf::as_path)
    }

    /// Calls files that were written to, or whose attributes changed, by other names.
    pub(super) fn rename_touched(&mut self, name: impl Fn(&Path) -> Option<PathBuf>) {
        for paths in [&mut self.written, &mut self.touched] {
            let renamed = std::mem::take(paths).into_iter().map(|path| name(&path).unwrap_or(path));
            *paths = renamed.collect();
        }
    }

    /// Whether something may have happened beside a path that was not heard.
    pub(super) fn may_lack(&self, path: &Path) -> bool {
        self.overflow || path.parent().is_some_and(|folder| self.may_lack_in(folder))
    }

    /// The same for all that is in a folder.
    pub(super) fn may_lack_in(&self, folder: &Path) -> bool {
        self.overflow || self.unheard.contains(folder)
    }

    /// Whether no name has changed and nothing was lost.
    pub(super) fn is_growth(&self) -> bool {
        self.names.is_empty() && !self.overflow && self.errors.is_empty() && self.written.len() <= MOST_WRITTEN
    }

    fn is_full(&self) -> bool {
        [self.names.len(), self.written.len(), self.touched.len(), self.sizes.len()].iter().any(|len| *len > MOST_NAMES)
    }

    pub(super) fn take_in(&mut self, notice: Notice) {
        if self.is_full() {
            // Whoever takes the hints may be held up for long. Each of these grows with every name in the folder.
            self.names.clear();
            self.written.clear();
            self.touched.clear();
            self.sizes = Sizes::default();
            self.overflow = true;
        }
        match notice {
            Notice::Created(path) => self.names.push(NameHint::Created(path)),
            Notice::Removed(path) => self.names.push(NameHint::Removed(path)),
            Notice::MovedIn(path) => self.names.push(NameHint::MovedIn(path)),
            Notice::Moved(from, to) => {
                // The two halves came just before.
                if matches!(self.names.last(), Some(NameHint::MovedIn(half)) if *half == to) {
                    self.names.pop();
                }
                drop_half(&mut self.names, &from);
                self.names.push(NameHint::Moved(from, to));
            }
            Notice::Written(path) => drop(self.written.insert(path)),
            Notice::Touched(path) => drop(self.touched.insert(path)),
            Notice::Overflow => self.overflow = true,
            Notice::Failed(reason) => self.errors.push(reason),
        }
    }
}

/// Puts names behind those that were heard before them. The first half of a move may have been heard by itself.
pub(super) fn join(names: &mut Vec<NameHint>, later: Vec<NameHint>) {
    let mut later = later.into_iter().peekable();
    while let Some(NameHint::Moved(from, _)) = later.peek()
        && drop_half(names, from)
    {
        names.extend(later.next());
    }
    names.extend(later);
}

/// Something that went from this name has been heard of as a whole: the half of it that came before is no removal. Other
/// halves may stand between the two, by other names of the same folder. True if there was one.
fn drop_half(names: &mut Vec<NameHint>, from: &Path) -> bool {
    let is_of = |hint: &NameHint| match hint {
        NameHint::Removed(gone) | NameHint::Moved(gone, _) if gone == from => true,
        _ => hint.brings(from),
    };
    // The whole comes soon after its halves, and all that was heard may be much.
    let last = names.iter().enumerate().rev().take(HALVES_WITHIN).find(|(_, hint)| is_of(hint)).map(|(at, _)| at);
    let Some(at) = last.filter(|at| matches!(names[*at], NameHint::Removed(_))) else { return false };
    names.remove(at);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_that_was_heard_in_halves_is_one() {
        let half = NameHint::Removed("P.1".into());
        let moved = |from: &str, to: &str| NameHint::Moved(from.into(), to.into());
        let joined = |later: NameHint| {
            let mut hints = Hints { names: vec![moved("P", "P.1"), half.clone()], ..Hints::default() };
            hints.append(Hints { names: vec![later], ..Hints::default() });
            hints.names
        };
        assert_eq!(joined(moved("P.1", "P.2")), [moved("P", "P.1"), moved("P.1", "P.2")]);
        assert_eq!(joined(moved("x", "y")), [moved("P", "P.1"), half.clone(), moved("x", "y")]);
    }

    #[test]
    fn halves_by_two_names_of_a_folder_are_no_removals() {
        let moved = |folder: &str, from: &str, to: &str| (format!("{folder}/{from}"), format!("{folder}/{to}"));
        let rotate = |from: &str, to: &str| ["/real", "/alias"].map(|folder| moved(folder, from, to));
        let halves = |moves: &[(String, String)]| moves.iter().map(|(from, _)| Notice::Removed(from.into())).collect();
        let wholes = |moves: &[(String, String)]| {
            moves.iter().map(|(from, to)| Notice::Moved(from.into(), to.into())).collect::<Vec<Notice>>()
        };
        let heard = |notices: Vec<Notice>| {
            let mut hints = Hints::default();
            notices.into_iter().for_each(|notice| hints.take_in(notice));
            hints
        };
        let hints_of = |moves: &[(String, String)]| {
            let hints = moves.iter().map(|(from, to)| NameHint::Moved(from.into(), to.into()));
            hints.collect::<Vec<NameHint>>()
        };
        let (first, second) = (rotate("P.1", "P.2"), rotate("P", "P.1"));
        let removed: Vec<Notice> = halves(&first);
        let at_once = heard([removed.clone(), wholes(&first), halves(&second), wholes(&second)].concat());
        assert_eq!(at_once.names, [hints_of(&first), hints_of(&second)].concat());
        let mut between = heard([removed, wholes(&first), halves(&second)].concat());
        between.append(heard(wholes(&second)));
        assert_eq!(between.names, at_once.names);
        // The archive really went before another took its name.
        let gone = || heard(vec![Notice::Removed("/real/P.1".into())]);
        let mut after = gone();
        after.append(heard(wholes(&[second[0].clone(), first[0].clone()])));
        assert_eq!(after.names, [gone().names, hints_of(&[second[0].clone(), first[0].clone()])].concat());
    }

    #[test]
    fn what_nobody_takes_is_bounded() {
        let path = |number: usize| PathBuf::from(format!("/d/job.{number}"));
        for notice in [Notice::Written as fn(PathBuf) -> Notice, Notice::Touched, Notice::Created] {
            let mut hints = Hints::default();
            (0..2 * MOST_NAMES).for_each(|number| hints.take_in(notice(path(number))));
            let most = hints.names.len().max(hints.written.len()).max(hints.touched.len());
            assert!(hints.overflow && most <= MOST_NAMES + 1, "{most} after {:?}", notice(path(0)));
        }
        let mut hints = Hints::default();
        for number in 0..2 * MOST_NAMES {
            hints.sizes.see(FileId { dev: 1, ino: number as u64, born_ns: 0 }, 1);
            hints.take_in(Notice::Written(path(0)));
        }
        assert!(hints.overflow && hints.sizes.len() <= MOST_NAMES + 1, "{}", hints.sizes.len());
    }
}
