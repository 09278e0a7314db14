//! What a session follows, and what it is called.

use std::path::PathBuf;

use crate::event::SessionOpened;
use crate::follow::Target;

/// A path that is no folder yet may become a file or a folder; the follower sees to that.
pub(super) fn of_paths(paths: &[PathBuf]) -> Vec<Target> {
    paths
        .iter()
        .map(|path| if path.is_dir() { Target::Folder(path.clone()) } else { Target::Path(path.clone()) })
        .collect()
}

/// The first event of a session on somebody else's files.
pub(super) fn watched(paths: &[PathBuf]) -> SessionOpened {
    let title = match paths {
        [one] => one.file_name().unwrap_or(one.as_os_str()).to_string_lossy().into_owned(),
        several => {
            let names: Vec<_> =
                several.iter().map(|path| path.file_name().unwrap_or_default().to_string_lossy()).collect();
            names.join(", ")
        }
    };
    SessionOpened { title, paths: paths.to_vec(), lab: None }
}
