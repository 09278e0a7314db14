//! Notifications as hints: which folders to watch, and what was heard of them.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::hints::{Hints, NameHint};
use super::sizes::{Sizes, size_at};
use crate::event::FileId;
use crate::platform::{self, Bell, Ear, Hearer, Notice, Notices};

/// Files that were written to.
pub(super) struct Written {
    pub(super) paths: HashSet<PathBuf>,
    /// Nothing else was heard.
    pub(super) is_all: bool,
}

/// The watches that are set, and the hints they brought.
pub(super) struct Watch {
    notices: Option<Notices>,
    bell: Bell,
    hints: Arc<Mutex<Hints>>,
    /// Watched folders, each with the identity it had when the watch was set; none where it can't be watched.
    folders: BTreeMap<PathBuf, Option<FileId>>,
    /// Those among them whose watch is new.
    fresh: BTreeSet<PathBuf>,
    /// Folders as the system names them, to the spelling under which they are followed.
    spellings: BTreeMap<PathBuf, PathBuf>,
}

impl Watch {
    /// A watch that hears nothing but its bell, until the thread runs.
    pub(super) fn silent(bell: Bell) -> Watch {
        Watch {
            notices: None,
            bell,
            hints: Arc::default(),
            folders: BTreeMap::new(),
            fresh: BTreeSet::new(),
            spellings: BTreeMap::new(),
        }
    }

    /// Starts listening.
    ///
    /// # Errors
    /// Why nothing will be heard.
    pub(super) fn listen(&mut self) -> io::Result<()> {
        self.notices = Some(Notices::new(self.bell.clone(), hearer(Arc::clone(&self.hints)))?);
        Ok(())
    }

    /// Ends the waiting, from another thread.
    pub(super) fn bell(&self) -> Bell {
        self.bell.clone()
    }

    /// Waits until there may be hints, or the bell rings. False if the time was up.
    pub(super) fn wait(&self, most: Duration) -> bool {
        match &self.notices {
            Some(notices) => notices.wait(most),
            None => self.bell.wait(most),
        }
    }

    fn hints(&self) -> MutexGuard<'_, Hints> {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the hints of all that has happened up to now. A folder whose own watch may have ended is set anew by the
    /// next `cover`.
    pub(super) fn take(&mut self) -> Hints {
        if let Some(notices) = &self.notices {
            notices.hear();
        }
        let hints = std::mem::take(&mut *self.hints());
        for hint in &hints.names {
            if let NameHint::Removed(path) | NameHint::Moved(path, _) = hint {
                self.folders.remove(path);
            }
        }
        hints
    }

    /// Whether something has happened to names that was not taken yet.
    pub(super) fn has_names(&self) -> bool {
        if let Some(notices) = &self.notices {
            notices.hear();
        }
        !self.hints().names.is_empty()
    }

    /// Takes the names of the files that were written to, if nothing else was heard that must be known first.
    pub(super) fn take_written(&mut self) -> Option<Written> {
        if let Some(notices) = &self.notices {
            notices.hear();
        }
        let mut hints = self.hints();
        let is_all = hints.touched.is_empty();
        hints.is_growth().then(|| Written { paths: std::mem::take(&mut hints.written), is_all })
    }

    /// The sizes of a file that were heard and not taken yet.
    pub(super) fn take_sizes(&self, file: FileId) -> Sizes {
        self.hints().sizes.take(file)
    }

    /// Sets watches on exactly these folders. Returns those that can't be watched, with the reason, once each.
    pub(super) fn cover(&mut self, wanted: &BTreeSet<PathBuf>) -> Vec<(PathBuf, String)> {
        let Some(notices) = &mut self.notices else { return Vec::new() };
        let mut failed = Vec::new();
        let gone: Vec<PathBuf> = self.folders.keys().filter(|folder| !wanted.contains(*folder)).cloned().collect();
        for folder in gone {
            notices.unwatch(&folder);
            self.folders.remove(&folder);
            self.spellings.retain(|_, spelled| *spelled != folder);
        }
        for folder in wanted {
            let Ok(metadata) = fs::metadata(folder) else { continue };
            let id = platform::file_id(&metadata);
            let known = self.folders.get(folder).copied();
            if known == Some(Some(id)) {
                continue;
            }
            // Another folder stands there than the one that is watched under this name.
            notices.unwatch(folder);
            let set = notices.watch(folder);
            if let Ok(real) = fs::canonicalize(folder) {
                self.spellings.insert(real, folder.clone());
            }
            match set {
                Ok(()) => {
                    self.folders.insert(folder.clone(), Some(id));
                    self.fresh.insert(folder.clone());
                }
                Err(error) => {
                    if known.is_none() {
                        failed.push((folder.clone(), error.to_string()));
                    }
                    self.folders.insert(folder.clone(), None);
                }
            }
        }
        failed
    }

    /// The folders whose watch was set since this was last asked.
    pub(super) fn take_fresh(&mut self) -> BTreeSet<PathBuf> {
        std::mem::take(&mut self.fresh)
    }

    /// Watches a file itself, through its descriptor: it has no name in a watched folder. Ends with the file.
    pub(super) fn cover_held(&mut self, link: &Path) {
        if let Some(notices) = &mut self.notices {
            // Without it the file is looked at regularly.
            let _ = notices.watch(link);
        }
    }

    /// Ends what [`Watch::cover_held`] began.
    pub(super) fn uncover_held(&mut self, link: &Path) {
        if let Some(notices) = &mut self.notices {
            notices.unwatch(link);
        }
    }

    /// The folder that is watched under this name.
    pub(super) fn identity(&self, folder: &Path) -> Option<FileId> {
        self.folders.get(folder).copied().flatten()
    }

    /// Whether every folder that should be watched is.
    pub(super) fn is_complete(&self) -> bool {
        self.notices.is_some() && self.folders.values().all(Option::is_some)
    }

    /// A path as the system has it, in the spelling under which its folder is followed.
    pub(super) fn spell(&self, real: PathBuf) -> PathBuf {
        let spelled = real.parent().and_then(|parent| self.spellings.get(parent));
        match (spelled, real.file_name()) {
            (Some(folder), Some(name)) => folder.join(name),
            _ => real,
        }
    }
}

fn hearer(hints: Arc<Mutex<Hints>>) -> Hearer {
    Arc::new(move |notice, ear| {
        // At once: the follower may come too late for it. What it hears itself it also reads itself.
        let seen = match (&notice, ear) {
            (Notice::Written(path), Ear::Deputy) => size_at(path),
            _ => None,
        };
        let mut hints = hints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((file, size)) = seen {
            hints.sizes.see(file, size);
        }
        hints.take_in(notice);
    })
}

/// The folder itself, or the nearest one above it that exists: where its creation will be seen.
pub(super) fn nearest_folder(path: &Path) -> PathBuf {
    path.ancestors().find(|one| one.is_dir()).unwrap_or(Path::new("/")).to_owned()
}
