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
    let paths = targets.iter().map(path_of).collect();
    SessionOpened { title: titles.join(", "), paths, lab: None }
}

fn path_of(target: &Target) -> PathBuf {
    match target {
        Target::Path(path) | Target::Folder(path) => path.clone(),
        // Written as a folder's.
        Target::Files(files) => files.folder().join(""),
    }
}
