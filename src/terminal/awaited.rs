//! What was asked for and is not there yet, and what is there and is left out: said once, at the start.

use std::path::{Path, PathBuf};

use super::names::{Names, printable, say};
use crate::event::{FolderEntry, FollowEvent, NotFollowed};
use crate::follow::Target;

/// The folders and patterns that were asked for, until it has been said of them what the first look found.
pub(super) struct Awaited {
    asked_for: Vec<Asked>,
}

/// A folder or pattern that was asked for.
struct Asked {
    /// As it was named.
    named: PathBuf,
    folder: PathBuf,
    reach: Reach,
    /// What every name has that fits; the follower alone knows whether another one does.
    ends: Option<Ends>,
    is_met: bool,
}

/// How far below its folder files are meant.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    Itself,
    Subfolders,
}

/// What the last part of a pattern begins and ends with, as text that is no pattern.
struct Ends {
    first: String,
    last: String,
}

impl Awaited {
    /// Says on stderr what is seen to be missing before anything is followed.
    pub(super) fn tell_missing(named: &[PathBuf], targets: &[Target], names: &Names) -> Awaited {
        let mut asked_for = Vec::new();
        for (named, target) in named.iter().zip(targets) {
            match Asked::of(named, target) {
                None if !named.exists() => say(&format!("{} is not there yet; it is awaited", names.for_people(named))),
                None => {}
                // Of an empty folder the follower has nothing to say.
                Some(asked) if is_empty(&asked.folder) => asked.tell(),
                Some(asked) => asked_for.push(asked),
            }
        }
        Awaited { asked_for }
    }

    /// Takes note of a file that is followed, and says after the first look what was not found and what is left out.
    pub(super) fn learn(&mut self, event: &FollowEvent) {
        match event {
            FollowEvent::Created { path, .. } => {
                self.asked_for.iter_mut().filter(|asked| asked.may_mean(path)).for_each(|asked| asked.is_met = true);
            }
            FollowEvent::Listed { entries } => {
                for asked in std::mem::take(&mut self.asked_for) {
                    asked.tell_left_out(entries);
                    if !asked.is_met {
                        asked.tell();
                    }
                }
            }
            _ => {}
        }
    }
}

impl Asked {
    /// None for a single path.
    fn of(named: &Path, target: &Target) -> Option<Asked> {
        let (folder, reach, ends) = match target {
            Target::Path(_) => return None,
            Target::Folder(folder) => (folder.as_path(), Reach::Itself, None),
            Target::Files(set) if set.folder() == named => (set.folder(), Reach::Subfolders, None),
            Target::Files(set) => (set.folder(), Reach::Subfolders, Some(Ends::of(named))),
        };
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        Some(Asked { named: named.to_owned(), folder, reach, ends, is_met: false })
    }

    fn may_mean(&self, file: &Path) -> bool {
        let below = match self.reach {
            Reach::Itself => file.parent() == Some(&self.folder),
            Reach::Subfolders => file.starts_with(&self.folder),
        };
        below && self.ends.as_ref().is_none_or(|ends| ends.are_of(file))
    }

    fn tell(&self) {
        let named = printable(&self.named.to_string_lossy());
        say(&match self.ends {
            None => format!("there is no file to follow in {named} yet; it is awaited"),
            Some(_) => format!("no file fits {named} yet; it is awaited"),
        });
    }

    fn tell_left_out(&self, entries: &[FolderEntry]) {
        let count = |reason| {
            let left_out = entries.iter().filter(|entry| entry.not_followed == Some(reason));
            left_out.filter(|entry| self.may_mean(&entry.path)).count()
        };
        let (compressed, binary) = (count(NotFollowed::Compressed), count(NotFollowed::Binary));
        let files = match (compressed, binary) {
            (0, 0) => return,
            (compressed, 0) => format!("{compressed} compressed"),
            (0, binary) => format!("{binary} binary"),
            (compressed, binary) => format!("{compressed} compressed and {binary} binary"),
        };
        let (noun, verb) = if compressed + binary == 1 { ("file", "is") } else { ("files", "are") };
        let place = if self.ends.is_some() { "fitting" } else { "in" };
        say(&format!("{files} {noun} {place} {} {verb} left out", printable(&self.named.to_string_lossy())));
    }
}

impl Ends {
    fn of(pattern: &Path) -> Ends {
        let text = pattern.file_name().unwrap_or_default().to_string_lossy();
        let first = text.split(['*', '?', '[', '%']).next().unwrap_or_default().to_owned();
        let rest = text.rsplit(['*', '?', ']']).next().unwrap_or_default();
        // Behind the letter of the last date specifier.
        let last = rest.rsplit_once('%').map_or(rest, |(_, specified)| specified.get(1..).unwrap_or_default());
        Ends { first, last: last.to_owned() }
    }

    fn are_of(&self, file: &Path) -> bool {
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(&self.first) && name.ends_with(&self.last)
    }
}

/// Whether a folder holds nothing at all, or is not there.
fn is_empty(folder: &Path) -> bool {
    match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_tells_how_names_begin_and_end() {
        let ends = |pattern: &str| {
            let Ends { first, last } = Ends::of(Path::new(pattern));
            (first, last)
        };
        let pair = |first: &str, last: &str| (first.to_owned(), last.to_owned());
        assert_eq!(ends("logs/*.log"), pair("", ".log"));
        assert_eq!(ends("logs/app-%Y-%m-%d.log"), pair("app-", ".log"));
        assert_eq!(ends("*/a[0-9]x.log"), pair("a", "x.log"));
        assert_eq!(ends("*/app.log"), pair("app.log", "app.log"));
        assert_eq!(ends("a%%bc"), pair("a", "c"));
        assert_eq!(ends("a%日b"), pair("a", ""));
    }
}
