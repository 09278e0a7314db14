//! Followed paths that are symbolic links: what happens to the file that one leads to, beside that file, happens to the
//! path.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use super::folder::Folder;
use super::hints::{Hints, NameHint};
use super::state::State;

/// Followed links, and where each leads as long as nothing else was heard of it.
#[derive(Debug, Default)]
pub(super) struct Links(BTreeMap<PathBuf, PathBuf>);

impl Links {
    /// Where a followed path leads, if it is a link.
    pub(super) fn target(&self, path: &Path) -> Option<&Path> {
        self.0.get(path).map(PathBuf::as_path)
    }

    /// The followed link that leads to a file.
    pub(super) fn leading_to(&self, target: &Path) -> Option<&Path> {
        self.0.iter().find(|(_, leads_to)| *leads_to == target).map(|(link, _)| link.as_path())
    }

    /// Says of the links what was heard of the files that they lead to. What comes after a change of the link itself is
    /// left as it was heard, until it is known where that leads.
    fn translate(&mut self, hints: &mut Hints) {
        if self.0.is_empty() {
            return;
        }
        let mut named: HashMap<&Path, &Path> = HashMap::new();
        for (link, target) in &self.0 {
            // What two links lead to is followed under the first one's name.
            named.entry(target).or_insert(link);
        }
        let mut changed = Vec::new();
        for hint in &mut hints.names {
            for path in hint.paths_mut() {
                if self.0.contains_key(path) {
                    named.retain(|_, link| link != path);
                    changed.push(path.clone());
                }
            }
            for path in hint.paths_mut() {
                if let Some(link) = named.get(path.as_path()) {
                    *path = (*link).to_owned();
                }
            }
        }
        hints.rename_touched(|path| named.get(path).map(|link| (*link).to_owned()));
        for link in changed {
            self.0.remove(&link);
        }
    }
}

impl State {
    /// Takes what was heard, as happening to the followed paths.
    pub(super) fn hear(&mut self) -> Hints {
        let mut hints = self.watch.take();
        self.links.translate(&mut hints);
        hints
    }

    /// The followed links, and where each leads now.
    pub(super) fn followed_links(&self) -> BTreeMap<PathBuf, PathBuf> {
        let asked_for = self.slots.iter().filter(|(_, slot)| slot.asked_for).map(|(path, _)| path.as_path());
        let met = self.folders.iter().flat_map(Folder::links);
        asked_for.chain(met).filter_map(|path| Some((path.to_owned(), target_of(path)?))).collect()
    }

    /// Keeps where the followed links lead, in the spelling of what is watched.
    pub(super) fn resolve_links(&mut self, links: BTreeMap<PathBuf, PathBuf>) {
        let led = links.into_iter().map(|(path, target)| (path, self.watch.spell(target)));
        // A file that is followed by its own name as well is followed under that.
        self.links = Links(led.filter(|(_, target)| !self.slots.contains_key(target)).collect());
    }
}

/// What a link leads to in the end, even if nothing stands there.
pub(super) fn target_of(path: &Path) -> Option<PathBuf> {
    let is_link = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_symlink());
    let parent = path.parent().filter(|_| is_link)?;
    if let Ok(target) = fs::canonicalize(path) {
        return Some(target);
    }
    let target = parent.join(fs::read_link(path).ok()?);
    // In the folder's own spelling, as if something stood there.
    let folder = target.parent().and_then(|folder| fs::canonicalize(folder).ok());
    Some(folder.zip(target.file_name()).map(|(folder, name)| folder.join(name)).unwrap_or(target))
}

impl NameHint {
    /// The names that it is about.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let (one, other) = match self {
            NameHint::Created(path) | NameHint::MovedIn(path) | NameHint::Removed(path) => (path, None),
            NameHint::Moved(from, to) => (from, Some(to)),
        };
        std::iter::once(one).chain(other).map(PathBuf::as_path)
    }

    fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        let (one, other) = match self {
            NameHint::Created(path) | NameHint::MovedIn(path) | NameHint::Removed(path) => (path, None),
            NameHint::Moved(from, to) => (from, Some(to)),
        };
        std::iter::once(one).chain(other)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::follow::stays::Names;

    #[test]
    fn what_happens_to_the_target_happens_to_the_link() {
        let moved = |from: &str, to: &str| NameHint::Moved(from.into(), to.into());
        let mut links = Links([("/d/l".into(), "/far/t".into())].into());
        let names = vec![moved("/far/t", "/far/t.1"), NameHint::Created("/far/t".into())];
        let mut hints = Hints::of_names(names, Names::default());
        links.translate(&mut hints);
        assert_eq!(hints.names, [moved("/d/l", "/far/t.1"), NameHint::Created("/d/l".into())]);
        let mut hints =
            Hints::of_names(vec![moved("/d/x", "/d/l"), NameHint::Created("/far/t".into())], Names::default());
        links.translate(&mut hints);
        assert_eq!(hints.names[1], NameHint::Created("/far/t".into()), "it leads elsewhere by then");
        assert_eq!(links.target(Path::new("/d/l")), None);
    }
}
