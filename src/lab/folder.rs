//! The folder of a lab: made by it, marked as its own, and the only place where it destroys anything.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// The name of the file that marks a lab's folder.
pub const MARKER: &str = ".rotascope-lab";

/// The marker's text. Its first line is what makes it one.
const MARKER_TEXT: &str = "This folder belongs to a lab of Rotascope.\n\
                           Workers write here, steps delete files here, and a reset empties it.\n";

/// How many numbered folders are tried before giving up.
const MOST_FOLDERS: u32 = 100;

/// Why a folder can't be a lab's.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// It has content that no lab put there.
    #[error(
        "{} is not a lab's folder and is not empty: a lab writes and deletes only in a folder of its own; name one that \
         is empty or does not exist yet",
        .0.display()
    )]
    NotOwned(PathBuf),
    /// Another Rotascope runs a lab in it.
    #[error("{} is in use by another Rotascope; close that one, or name another folder", .0.display())]
    InUse(PathBuf),
    /// The system refuses.
    #[error("can't {what} {}: {source}", .path.display())]
    System {
        /// What was tried, as a verb.
        what: &'static str,
        /// On what.
        path: PathBuf,
        /// The system's reason.
        source: io::Error,
    },
}

fn system(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FolderError {
    let path = path.to_owned();
    move |source| FolderError::System { what, path, source }
}

/// A folder that a lab holds. Dropping it lets others claim it; its content stays.
#[derive(Debug)]
pub struct OwnedFolder {
    path: PathBuf,
    /// Locked as long as this lives. The lock is on the marker alone, never on a log.
    _marker: File,
}

impl OwnedFolder {
    /// The folder, absolute and free of symbolic links.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Makes the folder, or takes one that is empty or that a lab had before, marks it, and holds it against others.
///
/// # Errors
/// When it has other content, is held by another process or another claim of this one, or can't be written.
pub fn claim_folder(folder: &Path) -> Result<OwnedFolder, FolderError> {
    fs::create_dir_all(folder).map_err(system("make the folder", folder))?;
    let path = fs::canonicalize(folder).map_err(system("find the folder", folder))?;
    if !is_owned(&path) {
        let mut entries = fs::read_dir(&path).map_err(system("read the folder", &path))?;
        if entries.next().is_some() {
            return Err(FolderError::NotOwned(path));
        }
    }
    let marker_path = path.join(MARKER);
    let mut marker = OpenOptions::new()
        .read(true)
        .append(true)
        .create(true)
        .open(&marker_path)
        .map_err(system("write the marker", &marker_path))?;
    match marker.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => return Err(FolderError::InUse(path)),
        Err(TryLockError::Error(source)) => return Err(system("lock the marker", &marker_path)(source)),
    }
    let written = marker.metadata().and_then(|data| match data.len() {
        0 => marker.write_all(MARKER_TEXT.as_bytes()),
        _ => Ok(()),
    });
    written.map_err(system("write the marker", &marker_path))?;
    Ok(OwnedFolder { path, _marker: marker })
}

/// Claims the folder, or if another Rotascope holds it the first free one of the same name with `-2`, `-3`, ...
///
/// # Errors
/// As for [`claim_folder`]; that a folder is in use only after a hundred tries.
pub fn claim_free_folder(folder: &Path) -> Result<OwnedFolder, FolderError> {
    let mut result = claim_folder(folder);
    for number in 2..=MOST_FOLDERS {
        let Err(FolderError::InUse(_)) = result else { break };
        let mut name = folder.file_name().unwrap_or_default().to_owned();
        name.push(format!("-{number}"));
        result = claim_folder(&folder.with_file_name(name));
    }
    result
}

/// Whether the folder bears a lab's marker.
pub fn is_owned(folder: &Path) -> bool {
    let marker = folder.join(MARKER);
    // Not through a link: that would make any folder a lab's.
    let is_file = fs::symlink_metadata(&marker).is_ok_and(|data| data.is_file());
    is_file && starts_as_marker(&marker).unwrap_or(false)
}

/// An empty marker is one that its maker has not come to write yet, or could not on a full disk.
fn starts_as_marker(marker: &Path) -> io::Result<bool> {
    let mut start = Vec::new();
    let first_line = MARKER_TEXT.lines().next().unwrap_or_default();
    File::open(marker)?.take(first_line.len() as u64).read_to_end(&mut start)?;
    Ok(start.is_empty() || start == first_line.as_bytes())
}

/// Removes all that a lab's folder holds, and leaves the folder and its marker.
///
/// # Errors
/// When the folder is not marked as a lab's, and when something can't be removed.
pub fn empty(folder: &Path) -> Result<(), FolderError> {
    if !is_owned(folder) {
        return Err(FolderError::NotOwned(folder.to_owned()));
    }
    for entry in fs::read_dir(folder).map_err(system("read the folder", folder))? {
        let entry = entry.map_err(system("read the folder", folder))?;
        if entry.file_name() != MARKER {
            remove(&entry.path()).map_err(system("remove", &entry.path()))?;
        }
    }
    Ok(())
}

/// Removes a file, a link (not what it leads to), or a folder with all that it holds.
fn remove(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return gone_is_fine(fs::remove_file(path));
    }
    // A step may have taken the permission to look into it or to change it.
    make_accessible(path)?;
    let children = fs::read_dir(path)?;
    for child in children {
        remove(&child?.path())?;
    }
    gone_is_fine(fs::remove_dir(path))
}

fn gone_is_fine(result: io::Result<()>) -> io::Result<()> {
    result.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
}

#[cfg(unix)]
fn make_accessible(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::symlink_metadata(folder)?.permissions().mode();
    if mode & 0o700 == 0o700 {
        return Ok(());
    }
    fs::set_permissions(folder, fs::Permissions::from_mode(mode | 0o700))
}

#[cfg(not(unix))]
fn make_accessible(_folder: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_claimed_folder_is_marked_and_comes_back() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("a/b");
        let owned = claim_folder(&folder).unwrap();
        assert!(owned.path().is_absolute() && is_owned(owned.path()));
        fs::write(owned.path().join("x.log"), "x").unwrap();
        drop(owned);
        assert!(claim_folder(&folder).is_ok(), "a lab's folder with content is claimed again");
    }

    #[test]
    fn a_folder_of_somebody_else_is_refused_and_left_alone() {
        let base = tempfile::tempdir().unwrap();
        fs::write(base.path().join("diary.txt"), "dear").unwrap();
        assert!(matches!(claim_folder(base.path()), Err(FolderError::NotOwned(_))));
        assert!(matches!(empty(base.path()), Err(FolderError::NotOwned(_))));
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
        assert!(matches!(claim_folder(&base.path().join("diary.txt")), Err(FolderError::System { .. })));
    }

    #[test]
    fn a_marker_is_a_file_with_the_right_words() {
        let base = tempfile::tempdir().unwrap();
        let (lab, other) = (base.path().join("lab"), base.path().join("other"));
        drop(claim_folder(&lab).unwrap());
        fs::create_dir(&other).unwrap();
        assert!(!is_owned(&other));
        fs::write(other.join(MARKER), "something else").unwrap();
        assert!(!is_owned(&other));
        #[cfg(unix)]
        {
            fs::remove_file(other.join(MARKER)).unwrap();
            std::os::unix::fs::symlink(lab.join(MARKER), other.join(MARKER)).unwrap();
            assert!(!is_owned(&other), "a link to a marker is none");
        }
    }

    #[test]
    fn who_comes_second_is_told_or_gets_another() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("demo");
        let first = claim_folder(&folder).unwrap();
        assert!(matches!(claim_folder(&folder), Err(FolderError::InUse(_))));
        let second = claim_free_folder(&folder).unwrap();
        assert_eq!(second.path().file_name().unwrap(), "demo-2");
        drop(first);
        assert_eq!(claim_free_folder(&folder).unwrap().path().file_name().unwrap(), "demo");
    }

    #[test]
    fn a_reset_removes_all_but_the_marker_and_follows_no_link() {
        let base = tempfile::tempdir().unwrap();
        let outside = base.path().join("outside");
        fs::create_dir(&outside).unwrap();
        fs::write(outside.join("keep"), "k").unwrap();
        let owned = claim_folder(&base.path().join("lab")).unwrap();
        fs::create_dir_all(owned.path().join("logs/deep")).unwrap();
        fs::write(owned.path().join("logs/deep/1.log"), "1").unwrap();
        fs::write(owned.path().join("moved.log"), "2").unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            std::os::unix::fs::symlink(&outside, owned.path().join("link")).unwrap();
            fs::set_permissions(owned.path().join("logs/deep"), fs::Permissions::from_mode(0o000)).unwrap();
        }
        empty(owned.path()).unwrap();
        let left: Vec<_> = fs::read_dir(owned.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, [MARKER]);
        assert!(outside.join("keep").exists());
        assert!(matches!(claim_folder(owned.path()), Err(FolderError::InUse(_))), "the claim outlives a reset");
    }
}
