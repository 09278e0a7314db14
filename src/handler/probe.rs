//! Points between two system calls of a handler, at which a test may look or interfere.

use std::fs::File;
use std::path::Path;

/// A place in a handler's course where another process may come in between.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Point {
    /// The folder was seen to be missing, and is about to be made.
    FolderMissing,
    /// The path has been looked at, if the class does that, and the line is about to be written.
    BeforeWrite,
    /// The path is about to be opened.
    BeforeOpen,
    /// The path is about to be looked at, to see whether lines that were written can be found.
    BeforeLook,
    /// The path was looked at for that reason.
    AfterLook,
    /// At a rollover nothing was seen under the archive's name, which is the path.
    NameFree,
    /// At a rollover something was seen under the archive's name, which is the path, and is about to be removed.
    NameTaken,
    /// At a rollover the live file was seen, and is about to be renamed.
    LiveFileThere,
    /// The lock of the log, which is the path, has been taken.
    LockTaken,
    /// Retention has picked the archive at the path, and is about to remove it.
    ArchiveChosen,
}

/// Looks or interferes. The release build has no probe that does anything.
pub trait Probe: Send {
    /// A file has just been opened; nothing has been written through this descriptor.
    fn opened(&self, file: &File, path: &Path) {
        let _ = (file, path);
    }

    /// The handler has reached a point. `path` is the file or folder that it works on.
    fn reached(&self, point: Point, path: &Path) {
        let _ = (point, path);
    }
}

/// The probe that does nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoProbe;

impl Probe for NoProbe {}

/// The probe of this build. With debug assertions and `ROTASCOPE_PROBE_LINKS=DIR` in the environment it gives every
/// opened file a second name `DIR/<device>-<inode>-<birth time in ns>` before its first line, so that an independent
/// program can count later what stood where. A file that lost its name before that leaves an empty file of the same
/// name with `.unlinked` behind it. Otherwise it does nothing.
pub fn probe_of_this_build() -> Box<dyn Probe> {
    #[cfg(debug_assertions)]
    if let Some(folder) = std::env::var_os("ROTASCOPE_PROBE_LINKS") {
        return Box::new(links::Links { folder: folder.into() });
    }
    Box::new(NoProbe)
}

#[cfg(debug_assertions)]
mod links {
    use std::fs::File;
    use std::io;
    use std::path::{Path, PathBuf};

    use crate::platform;

    pub(super) struct Links {
        pub(super) folder: PathBuf,
    }

    impl super::Probe for Links {
        fn opened(&self, file: &File, path: &Path) {
            if let Err(error) = self.link(file) {
                // A count that is wrong in silence would be worse than a worker that is gone.
                eprintln!("probe: {} could not be linked: {error}", path.display());
                std::process::abort();
            }
        }
    }

    impl Links {
        fn link(&self, file: &File) -> io::Result<()> {
            let id = platform::file_id(&file.metadata()?);
            let name = format!("{}-{}-{}", id.dev, id.ino, id.born_ns);
            match platform::link_open_file(file, &self.folder.join(&name)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                // The folder is there, so it is the file that has no name left to link.
                Err(error) if error.kind() == io::ErrorKind::NotFound && self.folder.is_dir() => {
                    File::create(self.folder.join(format!("{name}.unlinked"))).map(drop)
                }
                other => other,
            }
        }
    }
}
