//! What files are called in the terminal: as they were named on the command line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use crate::event::{FollowEvent, IncarnationId};
use crate::follow::Target;

/// The name of every incarnation, and how paths are spelled.
pub(super) struct Names {
    /// Paths below it are shown relative to it; none if every path was named in full.
    base: Option<PathBuf>,
    paths: BTreeMap<IncarnationId, PathBuf>,
}

impl Names {
    pub(super) fn new(named: &[PathBuf]) -> Names {
        let relative = named.iter().any(|path| path.is_relative());
        let base = relative.then(|| std::env::current_dir().ok()).flatten();
        Names { base, paths: BTreeMap::new() }
    }

    /// Says on stderr which paths are awaited.
    pub(super) fn tell_missing(&self, targets: &[Target]) {
        for target in targets {
            if let Target::Path(path) | Target::Folder(path) = target
                && !path.exists()
            {
                say(&format!("{} is not there yet; it is awaited", self.for_people(path)));
            }
        }
    }

    /// Says on stderr that a file is left out.
    pub(super) fn tell_own(&self, path: &Path) {
        say(&format!("{} is where this output goes; it is left out", self.for_people(path)));
    }

    /// An incarnation is known by the name that leads to it, and by its last one when none does any more. To be called
    /// when the event has been told: that is still of the name before.
    pub(super) fn learn(&mut self, event: &FollowEvent) {
        let (incarnation, path) = match event {
            FollowEvent::Created { incarnation, path, .. }
            | FollowEvent::Renamed { incarnation, to: path, .. }
            | FollowEvent::Restored { incarnation, path }
            | FollowEvent::Archived { incarnation, path } => (incarnation, path),
            _ => return,
        };
        self.paths.insert(*incarnation, path.clone());
    }

    /// The name of an incarnation.
    pub(super) fn path_of(&self, incarnation: IncarnationId) -> &Path {
        self.paths.get(&incarnation).map_or(Path::new(""), PathBuf::as_path)
    }

    /// A path as it was named.
    pub(super) fn spell<'a>(&self, path: &'a Path) -> &'a Path {
        let below = self.base.as_ref().and_then(|base| path.strip_prefix(base).ok());
        below.filter(|below| !below.as_os_str().is_empty()).unwrap_or(path)
    }

    /// A path as a terminal may show it: no byte of a file name steers the terminal.
    pub(super) fn for_people(&self, path: &Path) -> String {
        let text: Cow<'_, str> = self.spell(path).to_string_lossy();
        let escaped = |sign: char| if sign.is_control() { sign.escape_default().to_string() } else { sign.to_string() };
        text.chars().map(escaped).collect()
    }
}

/// One sentence on stderr. Whoever does not listen there still wants the lines.
pub(super) fn say(sentence: &str) {
    let _ = std::io::stderr().write_all(format!("rotascope: {sentence}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

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
