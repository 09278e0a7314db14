//! Which followed path a file beside it belongs to as an archive, by its name.

use std::path::Path;

use super::folder::skipped_by_name;
use super::packing::Packing;
use super::state::State;

impl State {
    /// The path that was asked for whose archive a file is, compressed or not. What is followed by its own name is
    /// nobody's archive but its own.
    pub(super) fn owner_of(&self, file: &Path) -> Option<&Path> {
        if let Some((own, _)) = self.slots.get_key_value(file).filter(|(_, slot)| slot.asked_for) {
            return Some(own);
        }
        let plain = Packing::of(file).map(|(_, plain)| plain);
        let plain = plain.as_deref().unwrap_or(file);
        let asked_for = self.slots.iter().filter(|(_, slot)| slot.asked_for).map(|(path, _)| path.as_path());
        // `a.1.log.2` is made of `a.1.log`, although it also begins like an archive of `a.log`.
        asked_for
            .filter_map(|path| Some((self.shared_at(path, plain)?, path)))
            .max_by_key(|(shared, _)| *shared)
            .map(|(_, path)| path)
    }

    /// How much of a path's name the name of its archive begins with. What a link leads to has archives beside it, too;
    /// but if that is named by date, what has another date is none.
    fn shared_at(&self, path: &Path, plain: &Path) -> Option<usize> {
        let beside_target =
            |target| shared_with(target, plain).filter(|shared| Some(*shared) == length_of_name(target));
        shared_with(path, plain).or_else(|| self.links.target(path).and_then(beside_target))
    }

    /// Whether a file is an archive of this path, and of no other that is followed.
    pub(super) fn is_archive_at(&self, path: &Path, file: &Path) -> bool {
        let plain = Packing::of(file).map(|(_, plain)| plain);
        let alike = self.shared_at(path, plain.as_deref().unwrap_or(file)).is_some();
        alike && file != path && self.owner_of(file) == Some(path)
    }

    /// Whether what stands, or stood, under a name may have been at this path: it belongs to no other that is followed.
    pub(super) fn may_come_from(&self, path: &Path, name: &Path) -> bool {
        self.owner_of(name).is_none_or(|owner| owner == path)
    }
}

fn length_of_name(path: &Path) -> Option<usize> {
    Some(path.file_name()?.len())
}

/// How much of a path's name the name of its archive begins with, if one is made of the other by putting a number or a
/// date behind it: `P.1`, `P-20240509`, `app.1.log` beside `app.log`. A compressed one is none: nothing can be read on in
/// it.
fn shared_with(path: &Path, other: &Path) -> Option<usize> {
    if path.parent() != other.parent() || skipped_by_name(other).is_some() {
        return None;
    }
    let (name, of) = (path.file_name()?.as_encoded_bytes(), other.file_name()?.as_encoded_bytes());
    if rest_behind(name, of).is_some() {
        return Some(name.len());
    }
    let dot = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0)?;
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
        let is = |name: &str, other: &str| shared_with(Path::new(name), Path::new(other)).is_some();
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
        ] {
            assert!(!is("app.log", other), "{other}");
        }
        assert!(is("P", "P.1"));
    }

    #[test]
    fn the_longer_name_is_the_nearer() {
        let shared = |name: &str, other: &str| shared_with(Path::new(name), Path::new(other));
        assert_eq!((shared("a.log", "a.1.log.2"), shared("a.1.log", "a.1.log.2")), (Some(1), Some(7)));
        assert_eq!((shared("app", "app-2.1"), shared("app-2", "app-2.1")), (Some(3), Some(5)));
    }
}
