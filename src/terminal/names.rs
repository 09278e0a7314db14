//! What files are called in the terminal: as they were named on the command line, by the name that leads to them now or
//! did so last.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::event::{FollowEvent, IncarnationId, Origin};

/// The name of every incarnation, and how paths are spelled.
pub(super) struct Names {
    /// Paths below it are shown relative to it; none if every path was named in full.
    base: Option<PathBuf>,
    named: BTreeMap<IncarnationId, Name>,
}

/// What an incarnation is called.
#[derive(Clone, Debug, PartialEq)]
struct Name {
    path: PathBuf,
    standing: Standing,
    /// The archive that it was compressed to, if that was seen.
    archive: Option<PathBuf>,
}

/// Whether the last known name of an incarnation leads to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It does.
    Leads,
    /// It was taken from the file, which had no other one.
    Deleted,
    /// Another file has taken it.
    Replaced,
    /// It is a link and leads elsewhere. What the file itself is called is not told.
    Retargeted,
    /// No file was ever seen under it; an archive of it is read, whose name comes next.
    Unseen,
}

impl Standing {
    /// Whether no path leads to the incarnation.
    pub(super) fn is_unlinked(self) -> bool {
        matches!(self, Standing::Deleted | Standing::Replaced)
    }
}

impl Names {
    pub(super) fn new(named: &[PathBuf]) -> Names {
        let relative = named.iter().any(|path| path.is_relative());
        let base = relative.then(|| std::env::current_dir().ok()).flatten();
        Names { base, named: BTreeMap::new() }
    }

    /// An incarnation is known by the name that leads to it, and by its last one when none does any more. To be called
    /// when the event has been told: that is still of the name before. Whether anything is called otherwise since.
    pub(super) fn learn(&mut self, event: &FollowEvent) -> bool {
        match event {
            FollowEvent::Created { incarnation, path, origin, unlinked, .. } => {
                let name = self.name_of_new(path, *origin, *unlinked);
                self.named.insert(*incarnation, name);
            }
            FollowEvent::Renamed { incarnation, to: path, .. } | FollowEvent::Restored { incarnation, path } => {
                self.lead(*incarnation, path);
            }
            FollowEvent::Deleted { incarnation, path, replaced, .. } => {
                let standing = if *replaced { Standing::Replaced } else { Standing::Deleted };
                match self.named.get_mut(incarnation) {
                    // Of its archive, not of the file itself, which has had no name since before.
                    Some(name) if name.archive.as_ref() == Some(path) => name.archive = None,
                    Some(name) => (name.path, name.standing) = (path.clone(), standing),
                    None => {}
                }
            }
            FollowEvent::Archived { incarnation, path } => self.archive(*incarnation, path),
            FollowEvent::Retargeted { path, .. } => self.turn_away(path),
            _ => return false,
        }
        true
    }

    fn name_of_new(&self, path: &Path, origin: Origin, unlinked: bool) -> Name {
        let of = |standing| Name { path: path.to_owned(), standing, archive: None };
        match origin {
            _ if !unlinked => of(Standing::Leads),
            // It is as nameless as the life before it.
            Origin::Truncated { previous } => {
                let before = self.named.get(&previous).map_or(Standing::Deleted, |name| name.standing);
                of(before)
            }
            _ => of(Standing::Unseen),
        }
    }

    fn lead(&mut self, incarnation: IncarnationId, path: &Path) {
        if let Some(name) = self.named.get_mut(&incarnation) {
            name.path = path.to_owned();
            name.standing = Standing::Leads;
        }
    }

    /// What was read from a file is not said to come from its archive: whoever holds the file may still write to it.
    fn archive(&mut self, incarnation: IncarnationId, archive: &Path) {
        let Some(name) = self.named.get_mut(&incarnation) else { return };
        if name.standing == Standing::Unseen {
            return self.lead(incarnation, archive);
        }
        name.archive = Some(archive.to_owned());
    }

    fn turn_away(&mut self, link: &Path) {
        let led = self.named.values_mut().filter(|name| name.standing == Standing::Leads && name.path == link);
        led.for_each(|name| name.standing = Standing::Retargeted);
    }

    /// The last known name of an incarnation.
    pub(super) fn path_of(&self, incarnation: IncarnationId) -> &Path {
        self.named.get(&incarnation).map_or(Path::new(""), |name| &name.path)
    }

    /// Whether that leads to it.
    pub(super) fn standing_of(&self, incarnation: IncarnationId) -> Standing {
        self.named.get(&incarnation).map_or(Standing::Leads, |name| name.standing)
    }

    /// An incarnation as its header has it: its name and number, and what has become of the name.
    pub(super) fn title(&self, incarnation: IncarnationId) -> String {
        let path = self.for_people(self.path_of(incarnation));
        let archive = self.named.get(&incarnation).and_then(|name| name.archive.as_deref());
        let packed = archive.map(|archive| format!("compressed to {} and ", self.for_people(archive)));
        let fate = |fate| format!(", {}{fate}", packed.unwrap_or_default());
        let note = match self.standing_of(incarnation) {
            Standing::Leads | Standing::Unseen => String::new(),
            Standing::Deleted => fate("deleted"),
            Standing::Replaced => fate("replaced"),
            Standing::Retargeted => ", no longer there".to_owned(),
        };
        format!("{path} (#{}{note})", incarnation.0)
    }

    /// A path as it was named.
    pub(super) fn spell<'a>(&self, path: &'a Path) -> &'a Path {
        let below = self.base.as_ref().and_then(|base| path.strip_prefix(base).ok());
        below.filter(|below| !below.as_os_str().is_empty()).unwrap_or(path)
    }

    /// A path as a terminal may show it: no byte of a file name steers the terminal.
    pub(super) fn for_people(&self, path: &Path) -> String {
        let text: Cow<'_, str> = self.spell(path).to_string_lossy();
        printable(&text)
    }
}

/// A text that steers no terminal.
pub(super) fn printable(text: &str) -> String {
    let escaped = |sign: char| if sign.is_control() { sign.escape_default().to_string() } else { sign.to_string() };
    text.chars().map(escaped).collect()
}

/// One sentence on stderr. Whoever does not listen there still wants the lines.
pub(super) fn say(sentence: &str) {
    let _ = std::io::stderr().write_all(format!("rotascope: {sentence}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Actor, Cut, FileId};

    const ONE: IncarnationId = IncarnationId(1);

    fn created(incarnation: IncarnationId, origin: Origin, unlinked: bool) -> FollowEvent {
        let (file_id, path) = (FileId { dev: 1, ino: 1, born_ns: 1 }, "/a.log".into());
        FollowEvent::Created { incarnation, file_id, path, start_offset: 0, size: 0, origin, unlinked }
    }

    fn deleted(path: &str) -> FollowEvent {
        let (cut, by) = (Cut { offset: 0, exact: false }, Actor::Other);
        FollowEvent::Deleted { incarnation: ONE, path: path.into(), cut, beyond: Vec::new(), by, replaced: false }
    }

    fn archived(incarnation: IncarnationId) -> FollowEvent {
        FollowEvent::Archived { incarnation, path: "/a.log.gz".into() }
    }

    fn names_after(events: &[FollowEvent]) -> Names {
        let mut names = Names::new(&["/a.log".into()]);
        assert!(events.iter().all(|event| names.learn(event)));
        names
    }

    #[test]
    fn an_archive_gives_its_name_only_to_what_is_read_from_it() {
        let unseen = names_after(&[created(ONE, Origin::Created, true), archived(ONE)]);
        assert_eq!(unseen.title(ONE), "/a.log.gz (#1)");
        let kept = names_after(&[created(ONE, Origin::Created, false), archived(ONE)]);
        assert_eq!(kept.title(ONE), "/a.log (#1)");
        // Whichever was seen first.
        let before = names_after(&[created(ONE, Origin::Created, false), archived(ONE), deleted("/a.log")]);
        let after = names_after(&[created(ONE, Origin::Created, false), deleted("/a.log"), archived(ONE)]);
        for names in [before, after] {
            assert_eq!(names.title(ONE), "/a.log (#1, compressed to /a.log.gz and deleted)");
            assert!(names.standing_of(ONE).is_unlinked() && names.path_of(ONE) == Path::new("/a.log"));
        }
    }

    #[test]
    fn what_goes_on_after_a_truncation_has_no_name_either() {
        let (next, previous) = (IncarnationId(2), ONE);
        let first = [created(ONE, Origin::Created, false), deleted("/a.log")];
        let names = names_after(&[&first[..], &[created(next, Origin::Truncated { previous }, true)]].concat());
        assert_eq!(names.title(next), "/a.log (#2, deleted)");
        let back = FollowEvent::Restored { incarnation: ONE, path: "/b.log".into() };
        assert_eq!(names_after(&[&first[..], &[back]].concat()).title(ONE), "/b.log (#1)");
    }

    #[test]
    fn paths_are_spelled_as_they_were_named() {
        let here = std::env::current_dir().unwrap_or_default();
        let relative = Names::new(&["a.log".into()]);
        assert_eq!(relative.spell(&here.join("a.log")), Path::new("a.log"));
        assert_eq!(relative.spell(Path::new("/var/log/a.log")), Path::new("/var/log/a.log"));
        let full = Names::new(&[here.join("a.log")]);
        assert_eq!(full.spell(&here.join("a.log")), here.join("a.log"));
        assert_eq!(full.for_people(Path::new("/a\x1b[2J\n日")), "/a\\u{1b}[2J\\n日");
    }
}
