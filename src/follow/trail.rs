//! Where files came from and went, as the names tell that were heard: questions about names alone.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::hints::NameHint;

/// Where a file is that stood at a path before these hints, if it still has a name.
pub(super) fn place_in_the_end<'h>(path: &'h Path, hints: &'h [NameHint]) -> Option<&'h Path> {
    let mut at = path;
    for hint in hints {
        match hint {
            NameHint::Moved(from, to) if from == at => at = to,
            NameHint::Removed(gone) if gone == at => return None,
            _ if hint.brings(at) => return None,
            _ => {}
        }
    }
    Some(at)
}

/// Where the hints saw a file go from this name.
pub(super) fn moved_to(path: &Path, hints: &[NameHint]) -> Option<PathBuf> {
    let mut at = None;
    for hint in hints {
        if let NameHint::Moved(from, to) = hint
            && from == at.as_deref().unwrap_or(path)
        {
            at = Some(to.clone());
        }
    }
    at
}

/// Whether another file comes to the path than the one that is there now, and that one is not back in the end: whatever
/// came while it was away has gone again or was put under it.
pub(super) fn brings_another(hints: &[NameHint], path: &Path) -> bool {
    // Where the file is that was there, as long as it has a name.
    let mut at = Some(path);
    let mut came = false;
    for hint in hints {
        match hint {
            NameHint::Moved(from, to) if at == Some(from.as_path()) => at = Some(to),
            NameHint::Removed(gone) if at == Some(gone.as_path()) => at = None,
            _ => {
                came |= hint.brings(path);
                at = at.filter(|at| !hint.brings(at));
            }
        }
    }
    came && at != Some(path)
}

/// Followed paths from which something went to a name that has gone since.
pub(super) fn vanished<'h>(heard: impl Iterator<Item = &'h NameHint>) -> BTreeSet<PathBuf> {
    // The names that files have by now, each with those that they had first.
    let mut standing: HashMap<&Path, Vec<&PathBuf>> = HashMap::new();
    let mut vanished = BTreeSet::new();
    for hint in heard {
        match hint {
            NameHint::Moved(from, to) => {
                let known = standing.get_mut(from.as_path()).filter(|known| !known.is_empty());
                let first = known.map_or(from, |known| known.remove(0));
                standing.entry(to).or_default().push(first);
            }
            NameHint::MovedIn(gone) | NameHint::Removed(gone) => {
                vanished.extend(standing.remove(gone.as_path()).into_iter().flatten().cloned());
            }
            NameHint::Created(_) => {}
        }
    }
    vanished
}

/// Paths to which something came that has lost this name without a move: it may have had another one from the beginning,
/// as archives have that are hard links.
pub(super) fn short_lived<'h>(heard: impl Iterator<Item = &'h NameHint>) -> BTreeSet<PathBuf> {
    let mut came: BTreeSet<&Path> = BTreeSet::new();
    let mut lost = BTreeSet::new();
    for hint in heard {
        let (path, brings) = match hint {
            NameHint::Created(path) => {
                came.insert(path);
                continue;
            }
            NameHint::MovedIn(path) => (path, true),
            NameHint::Moved(from, to) => {
                came.remove(from.as_path());
                (to, true)
            }
            NameHint::Removed(path) => (path, false),
        };
        if came.remove(path.as_path()) {
            lost.insert(path.clone());
        }
        if brings {
            came.insert(path);
        }
    }
    lost
}

/// Whether a name was made while what had come to a path stood there.
pub(super) fn is_made_beside<'h>(heard: impl Iterator<Item = &'h NameHint>, path: &Path, made: &Path) -> bool {
    let mut here = false;
    let mut beside = false;
    for hint in heard {
        match hint {
            NameHint::Created(at) if at == made => beside |= here,
            NameHint::Removed(gone) | NameHint::Moved(gone, _) if gone == path => here = false,
            _ => here |= hint.brings(path),
        }
    }
    beside
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: &str = "/d/P";

    fn moved(from: &str, to: &str) -> NameHint {
        NameHint::Moved(from.into(), to.into())
    }

    fn brings(hints: &[NameHint]) -> bool {
        brings_another(hints, Path::new(P))
    }

    #[test]
    fn a_file_that_is_back_in_the_end_is_no_other() {
        let away = || moved(P, "/d/P.1");
        assert!(!brings(&[away()]));
        assert!(!brings(&[away(), moved("/d/P.1", P)]));
        assert!(!brings(&[away(), moved("/d/new", P), moved("/d/P.1", "/d/P.2"), moved("/d/P.2", P)]));
    }

    #[test]
    fn one_that_has_its_place_is() {
        let new = || moved("/d/new", P);
        let away = || moved(P, "/d/P.1");
        assert!(brings(&[new()]));
        assert!(brings(&[away(), NameHint::Created(P.into())]));
        assert!(brings(&[away(), NameHint::Removed("/d/P.1".into()), new()]));
        assert!(brings(&[away(), moved("/d/other", "/d/P.1"), moved("/d/P.1", P)]), "its name was taken meanwhile");
    }
}
