//! Which followed path a file beside it belongs to as an archive, by its name.

use std::ops::Bound::{Included, Unbounded};
use std::path::{Path, PathBuf};

use super::folder::skipped_by_name;
use super::packing::Packing;
use super::state::{Slot, State};
use crate::event::IncarnationId;

/// Archives of archives are looked for so deep.
const MOST_DEEP: usize = 3;

impl State {
    /// The followed path whose archive a file is, compressed or not; its own, if it is nobody's. What was asked for by
    /// its own name, or fits a pattern, is nobody's archive but its own; what is met in a folder may be.
    pub(super) fn owner_of<'p>(&'p self, file: &'p Path) -> Option<&'p Path> {
        // What fits a pattern may have come so lately that it has no slot.
        if self.is_meant(file) || self.fits_a_pattern(file) {
            return Some(file);
        }
        let plain = Packing::of(file).map(|(_, plain)| plain);
        let mut owner = self.nearest_owner(plain.as_deref().unwrap_or(file));
        // `a.log.1` may be followed too, with its folder: `a.log.1.2` is of `a.log` all the same.
        for _ in 0..MOST_DEEP {
            let above = owner.filter(|owner| !self.is_meant(owner)).and_then(|owner| self.nearest_owner(owner));
            owner = above.or(owner);
        }
        owner.or(self.slots.contains_key(file).then_some(file))
    }

    /// The followed path whose name is the longest beginning of this one's. Looked up rather than compared with each:
    /// there may be thousands.
    fn nearest_owner(&self, plain: &Path) -> Option<&Path> {
        let (folder, Some(name)) = (plain.parent()?, plain.file_name()?.to_str()) else {
            let shared = |path: &Path| shared_with(path, plain);
            let alike = self.slots.keys().filter_map(|path| Some((shared(path)?, path.as_path())));
            return alike.max_by_key(|(shared, _)| *shared).map(|(_, path)| path);
        };
        if skipped_by_name(plain).is_some() {
            return None;
        }
        // `a.1.log.2` is made of `a.1.log`, although it also begins like an archive of `a.log`.
        stems(name).find_map(|stem| {
            // What a link leads to has archives beside it, too; but what has another date than that is none of them.
            let by_link = || self.links.leading_to(&folder.join(stem));
            self.owner_by_stem(folder, stem, plain).or_else(by_link)
        })
    }

    fn owner_by_stem(&self, folder: &Path, stem: &str, plain: &Path) -> Option<&Path> {
        let is_owner = |(path, slot): &(&PathBuf, &Slot)| slot.skipped.is_none() && is_archive_of(path, plain);
        let whole = self.slots.get_key_value(&folder.join(stem)).filter(is_owner);
        let with_ending = || {
            let from = format!("{stem}.");
            let alike = self.slots.range::<Path, _>((Included(folder.join(&from).as_path()), Unbounded));
            let begins = |path: &Path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&from));
            let mut alike = alike.take_while(|(path, _)| path.parent() == Some(folder) && begins(path));
            alike.find(is_owner)
        };
        whole.or_else(with_ending).map(|(path, _)| path.as_path())
    }

    fn is_meant(&self, path: &Path) -> bool {
        self.slots.get(path).is_some_and(Slot::is_meant)
    }

    /// Whether a file is an archive of this path, and of no other that is followed.
    pub(super) fn is_archive_at(&self, path: &Path, file: &Path) -> bool {
        file != path && self.owner_of(file) == Some(path)
    }

    /// The incarnation at the path that a file's name says it was copied from: `P` for `P.1` and `P-20240509`. What has
    /// its number in the midst of its name may be a log of its own.
    pub(super) fn original_of(&self, file: &Path) -> Option<IncarnationId> {
        let name = file.file_name()?.to_str()?;
        let marks = name.char_indices().rev().filter(|(at, sign)| *at > 0 && ".-_".contains(*sign));
        let mut numbered = marks.filter(|(at, _)| name.as_bytes().get(at + 1).is_some_and(u8::is_ascii_digit));
        numbered.find_map(|(at, _)| {
            let slot = self.slots.get(&file.with_file_name(&name[..at]))?;
            slot.current.or(slot.previous)
        })
    }

    /// Whether what stands, or stood, under a name may have been at this path: it belongs to no other that is followed.
    pub(super) fn may_come_from(&self, path: &Path, name: &Path) -> bool {
        self.owner_of(name).is_none_or(|owner| owner == path)
    }
}

/// What a name may be made of, the longest first: what stands before a number or a date in it.
fn stems(name: &str) -> impl Iterator<Item = &str> {
    let is_stem = |stem: &&str| rest_behind(stem.as_bytes(), name.as_bytes()).is_some();
    (1..name.len()).rev().filter_map(|at| name.get(..at)).filter(is_stem)
}

/// The same for a path.
pub(super) fn stems_of(path: &Path) -> impl Iterator<Item = PathBuf> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    stems(name).map(|stem| path.with_file_name(stem))
}

/// Endings of names under which a file is made that gets its own when it is whole.
const TEMPORARY: [&str; 5] = ["tmp", "temp", "part", "partial", "swp"];

/// Whether a file seems to be in the making.
pub(super) fn is_temporary(path: &Path) -> bool {
    let by_ending = path.extension().is_some_and(|ending| TEMPORARY.iter().any(|one| ending == *one));
    by_ending || path.as_os_str().as_encoded_bytes().ends_with(b"~")
}

/// Whether a name is made of another one by putting a number or a date behind it: `P.1`, `P-20240509`, `app.1.log`
/// beside `app.log`. A compressed one is none: nothing can be read on in it.
fn is_archive_of(path: &Path, other: &Path) -> bool {
    shared_with(path, other).is_some()
}

/// How much of a path's name the name of its archive begins with.
fn shared_with(path: &Path, other: &Path) -> Option<usize> {
    if path.parent() != other.parent() || skipped_by_name(other).is_some() || is_temporary(other) {
        return None;
    }
    let (name, of) = (path.file_name()?.as_encoded_bytes(), other.file_name()?.as_encoded_bytes());
    if rest_behind(name, of).is_some() {
        return Some(name.len());
    }
    let has_ending = |at: &usize| *at > 0 && name.get(at + 1).is_some_and(u8::is_ascii_alphabetic);
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(has_ending)?;
    let (stem, ending) = name.split_at(dot);
    let fits = allows(rest_behind(stem, of)?, &ending[1..]) && name != of;
    fits.then_some(stem.len())
}

/// What stands behind `stem` in a name, if that is a number or a date.
fn rest_behind<'n>(stem: &[u8], name: &'n [u8]) -> Option<&'n [u8]> {
    let rest = name.strip_prefix(stem)?;
    let marked = rest.first().is_some_and(|byte| b".-_".contains(byte)) && rest.get(1).is_some_and(u8::is_ascii_digit);
    marked.then_some(rest)
}

/// Whether what is behind the stem ends as the name itself does, or has no ending: `app.1.err` is none of `app.log`.
fn allows(rest: &[u8], ending: &[u8]) -> bool {
    let mut parts = rest.split(|byte| *byte == b'.');
    parts.clone().any(|part| part == ending) || !parts.any(|part| part.first().is_some_and(u8::is_ascii_alphabetic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn archives_are_known_by_their_names() {
        let is = |name: &str, other: &str| is_archive_of(Path::new(name), Path::new(other));
        for other in [
            "app.log.1",
            "app.log-20240509",
            "app.log.2024-05-09",
            "app-2024-05-09.log",
            "app.1.log",
            "app.20240509",
            "app-2024-05-09.log.1",
        ] {
            assert!(is("app.log", other), "{other}");
        }
        for other in [
            "app.log",
            "apple.log",
            "other.log.1",
            "app.log.new",
            "app.log.1.gz",
            "sub/app.log.1",
            "app.1.err",
            "app.1.err.2",
            "app.log.1.tmp",
        ] {
            assert!(!is("app.log", other), "{other}");
        }
        assert!(is("P", "P.1"));
        assert!(!is("P.1", "P.2"));
    }

    #[test]
    fn the_longer_name_is_the_nearer() {
        let shared = |name: &str, other: &str| shared_with(Path::new(name), Path::new(other));
        assert_eq!((shared("a.log", "a.1.log.2"), shared("a.1.log", "a.1.log.2")), (Some(1), Some(7)));
        assert_eq!((shared("app", "app-2.1"), shared("app-2", "app-2.1")), (Some(3), Some(5)));
    }
}
