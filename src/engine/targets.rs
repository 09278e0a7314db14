//! What a session follows, and what it is called.

use std::path::PathBuf;

use crate::event::SessionOpened;
use crate::follow::{Target, TargetError};

/// A path that is no folder yet may become a file or a folder; the follower sees to that. A name under which nothing
/// stands may be a pattern.
///
/// # Errors
/// For a pattern that makes no sense.
pub(super) fn of_paths(paths: &[PathBuf]) -> Result<Vec<Target>, TargetError> {
    paths.iter().map(|path| Target::named(path, false)).collect()
}

/// The first event of a session on somebody else's files. Of a pattern the folder is told in which its files are.
pub(super) fn watched(names: &[PathBuf], targets: &[Target]) -> SessionOpened {
    let titles: Vec<_> =
        names.iter().map(|path| path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()).collect();
    let mut paths: Vec<PathBuf> = Vec::new();
    for path in targets.iter().map(path_of) {
        // Several patterns may be about one folder.
        if !paths.contains(&path) {
            paths.push(path);
        }
    }
    SessionOpened { title: titles.join(", "), paths, lab: None }
}

fn path_of(target: &Target) -> PathBuf {
    match target {
        Target::Path(path) | Target::Folder(path) => path.clone(),
        // Written as a folder's.
        Target::Files(files) => files.folder().join(""),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_several_patterns_is_told_once() {
        let names = ["/nowhere/logs/*.log", "/nowhere/logs/*.txt", "/nowhere/a.log"].map(PathBuf::from);
        let opened = watched(&names, &of_paths(&names).unwrap());
        assert_eq!(opened.paths, ["/nowhere/logs/", "/nowhere/a.log"].map(PathBuf::from));
        assert_eq!(opened.title, "*.log, *.txt, a.log");
    }
}
