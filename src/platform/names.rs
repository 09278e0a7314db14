//! The names of files: where an open file stands now, and giving, moving and taking names without ever replacing one.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use super::{file_id, write_whole};

/// The name that an open file has at this moment, or `None` if it has lost it. `Err` where the system can't say.
///
/// On Linux this follows the name by which the file was opened wherever it is moved; another hard link to the same
/// file does not count.
pub fn current_path(file: &File) -> io::Result<Option<PathBuf>> {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    let deleted = link.as_os_str().as_encoded_bytes().ends_with(b" (deleted)");
    if !deleted {
        return Ok(Some(link));
    }
    // A living file may really be called "x (deleted)".
    let same =
        std::fs::metadata(&link).is_ok_and(|named| file.metadata().is_ok_and(|held| file_id(&named) == file_id(&held)));
    Ok(same.then_some(link))
}

/// A path that leads to an open file itself, whatever its names are, for as long as it is open here.
pub fn path_of_open(file: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Gives an open file one more name on its own file system.
///
/// # Errors
/// `AlreadyExists` if the name is taken, `NotFound` if the file has no name left (or the new name's folder is missing).
pub fn link_open_file(file: &File, to: &Path) -> io::Result<()> {
    use rustix::fs::{AtFlags, CWD};
    let descriptor = format!("/proc/self/fd/{}", file.as_raw_fd());
    Ok(rustix::fs::linkat(CWD, descriptor.as_str(), CWD, to, AtFlags::SYMLINK_FOLLOW)?)
}

/// Makes a file that has these bytes in it as soon as it can be seen. A link at the path that leads nowhere is followed,
/// as open(2) does. A path that is taken by then is no error.
///
/// Where the file system has no nameless files, the file stands empty at its path for a moment.
///
/// # Errors
/// The system's.
pub fn make_with(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let place = link_target(path);
    let made = make_nameless(&place, bytes).and_then(|file| link_open_file(&file, &place));
    let made = match made {
        Err(error) if lacks_nameless_files(&error) => {
            let file = OpenOptions::new().append(true).create_new(true).open(&place);
            file.and_then(|file| write_whole(&file, bytes))
        }
        other => other,
    };
    match made {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

/// Where a chain of symbolic links ends. One that is too long ends somewhere, and what is tried there fails.
fn link_target(path: &Path) -> PathBuf {
    let mut place = path.to_owned();
    for _ in 0..40 {
        let Ok(target) = std::fs::read_link(&place) else { break };
        place = place.parent().map_or_else(|| target.clone(), |folder| folder.join(&target));
    }
    place
}

#[cfg(target_os = "linux")]
fn make_nameless(path: &Path, bytes: &[u8]) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let nameless = rustix::fs::OFlags::TMPFILE.bits() as i32;
    let file = OpenOptions::new().write(true).custom_flags(nameless).open(folder)?;
    write_whole(&file, bytes)?;
    Ok(file)
}

#[cfg(not(target_os = "linux"))]
fn make_nameless(_: &Path, _: &[u8]) -> io::Result<File> {
    Err(io::ErrorKind::Unsupported.into())
}

/// What the system says where it can't make a file without a name, or can't give it one.
fn lacks_nameless_files(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::IsADirectory | io::ErrorKind::PermissionDenied)
}

/// Renames without ever replacing an existing file.
pub fn rename_no_replace(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // Some file systems don't know the flag. A hard link fails on an existing name just as well.
        Err(rustix::io::Errno::INVAL) => {
            std::fs::hard_link(from, to)?;
            std::fs::remove_file(from)
        }
        other => Ok(other?),
    }
}
