//! Which file loses its name to an unlink or a rename. The system does not say, and between a look and the act another
//! process may put another file there. So the file is held, and its names are counted before and after.

use std::fs;
use std::io;
use std::path::Path;

use super::{Displaced, FileId};

/// Removes a file, and says which one that was; none if that is not known. If another process removes the same file and
/// puts another one there at this very moment, both name the first: whoever hears them must reckon with that.
///
/// # Errors
/// The system's.
pub fn remove_told(path: &Path) -> io::Result<Option<FileId>> {
    let pinned = Pinned::at(path);
    fs::remove_file(path)?;
    Ok(pinned.and_then(|pinned| pinned.id_if_unnamed()))
}

/// Renames as rename(2) does, and says which file has lost its name by that; with the same reservation as
/// [`remove_told`].
///
/// # Errors
/// The system's.
pub fn rename_over(from: &Path, to: &Path) -> io::Result<Displaced> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Ok(()) => return Ok(Displaced::Nothing),
        // Something is there, or the file system does not know the flag.
        Err(rustix::io::Errno::EXIST | rustix::io::Errno::INVAL | rustix::io::Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    let pinned = Pinned::at(to);
    fs::rename(from, to)?;
    Ok(pinned.and_then(|pinned| pinned.id_if_unnamed()).map_or(Displaced::Unknown, Displaced::File))
}

/// A file held by its name, in a way that nobody else can notice; symbolic links are not followed.
#[cfg(target_os = "linux")]
struct Pinned {
    file: fs::File,
    id: FileId,
    names: u64,
}

#[cfg(target_os = "linux")]
impl Pinned {
    fn at(path: &Path) -> Option<Pinned> {
        use rustix::fs::{Mode, OFlags};
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = fs::File::from(rustix::fs::open(path, flags, Mode::empty()).ok()?);
        let metadata = file.metadata().ok()?;
        Some(Pinned { file, id: super::file_id(&metadata), names: super::links(&metadata) })
    }

    fn id_if_unnamed(&self) -> Option<FileId> {
        let names = super::links(&self.file.metadata().ok()?);
        (names < self.names).then_some(self.id)
    }
}

/// Elsewhere no file can be held without opening it, which takes rights that an unlink does not need.
#[cfg(not(target_os = "linux"))]
enum Pinned {}

#[cfg(not(target_os = "linux"))]
impl Pinned {
    fn at(_: &Path) -> Option<Pinned> {
        None
    }

    fn id_if_unnamed(&self) -> Option<FileId> {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn id(path: &Path) -> FileId {
        crate::platform::file_id(&fs::symlink_metadata(path).unwrap())
    }

    #[test]
    fn what_loses_its_name_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let (one, two, link) = (folder.path().join("1"), folder.path().join("2"), folder.path().join("link"));
        fs::write(&one, "1").unwrap();
        assert_eq!(rename_over(&one, &two).unwrap(), Displaced::Nothing);
        fs::write(&one, "1").unwrap();
        let (first, second) = (id(&one), id(&two));
        assert_eq!(rename_over(&one, &two).unwrap(), Displaced::File(second));
        // A second name elsewhere changes nothing.
        fs::hard_link(&two, &link).unwrap();
        assert_eq!(remove_told(&two).unwrap(), Some(first));
        assert_eq!(remove_told(&two).unwrap_err().kind(), io::ErrorKind::NotFound);
        std::os::unix::fs::symlink(&link, &one).unwrap();
        let own = id(&one);
        assert_eq!(remove_told(&one).unwrap(), Some(own), "the link itself, not what it leads to");
        assert!(link.exists());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_that_kept_its_names_is_not_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("1");
        fs::write(&path, "1").unwrap();
        let pinned = Pinned::at(&path).unwrap();
        fs::rename(&path, folder.path().join("away")).unwrap();
        fs::write(&path, "another").unwrap();
        fs::remove_file(&path).unwrap();
        assert_eq!(pinned.id_if_unnamed(), None);
    }
}
