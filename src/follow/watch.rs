//! Notifications as hints: which folders to watch, and what the system said happened to which name, in its order.
//!
//! Hints decide only *when* to look and, where two looks can't tell, *in which way* a file came to its path. They are
//! never the state itself.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, bounded};
use notify::event::{AccessKind, AccessMode, EventKind, ModifyKind, RenameMode};
use notify::{RecursiveMode, Watcher};

use super::sign::{Listening, Sign};
use super::sizes::{Sizes, size_at};
use crate::event::FileId;
use crate::platform;

/// More names than this between two looks are worth no more than a full look.
const MOST_NAMES: usize = 65_536;

/// One thing that happened to a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NameHint {
    /// A file was made under this name, or linked to it.
    Created(PathBuf),
    /// A file came to this name by rename, from an unwatched place.
    MovedIn(PathBuf),
    /// A file went from one name to another.
    Moved(PathBuf, PathBuf),
    /// The name went.
    Removed(PathBuf),
}

impl NameHint {
    /// Whether another file stands at the path after this.
    pub(super) fn brings(&self, path: &Path) -> bool {
        match self {
            NameHint::Created(to) | NameHint::MovedIn(to) | NameHint::Moved(_, to) => to == path,
            NameHint::Removed(_) => false,
        }
    }
}

/// How a file came to its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Arrival {
    Created,
    Moved,
}

/// What came since the last look.
#[derive(Debug, Default)]
pub(super) struct Hints {
    pub(super) names: Vec<NameHint>,
    /// Files whose content or attributes changed.
    pub(super) touched: HashSet<PathBuf>,
    /// The sizes that they had as that was heard.
    pub(super) sizes: Sizes,
    /// The system dropped notifications.
    pub(super) overflow: bool,
    /// Watches failed while running, as told by the system.
    pub(super) errors: Vec<String>,
}

impl Hints {
    /// How the file that stands at `path` now came there, as far as hints tell.
    pub(super) fn arrival(&self, path: &Path) -> Option<Arrival> {
        self.names.iter().rev().find_map(|hint| match hint {
            NameHint::Created(to) if to == path => Some(Arrival::Created),
            NameHint::MovedIn(to) | NameHint::Moved(_, to) if to == path => Some(Arrival::Moved),
            // The last that was heard is that the path went, or a folder above it: nothing came over it.
            NameHint::Removed(gone) | NameHint::Moved(gone, _) if path.starts_with(gone) => Some(Arrival::Created),
            _ => None,
        })
    }

    /// Takes in what came later.
    pub(super) fn append(&mut self, later: Hints) {
        self.names.extend(later.names);
        self.touched.extend(later.touched);
        self.sizes.append(later.sizes);
        self.overflow |= later.overflow;
        self.errors.extend(later.errors);
    }

    fn take_in(&mut self, result: notify::Result<notify::Event>) -> bool {
        let event = match result {
            Ok(event) => event,
            Err(error) => {
                self.errors.push(error.to_string());
                return true;
            }
        };
        // An overflow has no path at all.
        if event.need_rescan() {
            self.overflow = true;
            return true;
        }
        if self.names.len() > MOST_NAMES {
            self.names.clear();
            self.overflow = true;
        }
        let mut paths = event.paths.into_iter();
        let Some(path) = paths.next() else { return true };
        match event.kind {
            // Opening and reading is what Rotascope itself does.
            EventKind::Access(AccessKind::Close(AccessMode::Write)) => self.touch(path),
            EventKind::Access(_) => return false,
            EventKind::Create(_) => self.names.push(NameHint::Created(path)),
            EventKind::Remove(_) => self.names.push(NameHint::Removed(path)),
            EventKind::Modify(ModifyKind::Name(RenameMode::Both)) => {
                let Some(to) = paths.next() else { return true };
                // The two halves came just before.
                if matches!(self.names.last(), Some(NameHint::MovedIn(half)) if *half == to) {
                    self.names.pop();
                }
                if matches!(self.names.last(), Some(NameHint::Removed(half)) if *half == path) {
                    self.names.pop();
                }
                self.names.push(NameHint::Moved(path, to));
            }
            EventKind::Modify(ModifyKind::Name(RenameMode::From)) => self.names.push(NameHint::Removed(path)),
            EventKind::Modify(ModifyKind::Name(_)) => self.names.push(NameHint::MovedIn(path)),
            _ => self.touch(path),
        }
        true
    }

    fn touch(&mut self, path: PathBuf) {
        if !self.touched.contains(&path) {
            self.touched.insert(path);
        }
    }
}

/// The watches that are set, and the hints they brought.
pub(super) struct Watch {
    watcher: Option<notify::RecommendedWatcher>,
    hints: Arc<Mutex<Hints>>,
    awake: Receiver<()>,
    /// None where it can't be watched.
    sign: Option<Sign>,
    /// Watched folders, each with the identity it had when the watch was set; none where it can't be watched.
    folders: BTreeMap<PathBuf, Option<FileId>>,
    /// Folders as the system names them, to the spelling under which they are followed.
    spellings: BTreeMap<PathBuf, PathBuf>,
}

impl Watch {
    /// A watch that hears nothing, until the thread runs.
    pub(super) fn silent() -> Watch {
        Watch {
            watcher: None,
            hints: Arc::default(),
            awake: crossbeam_channel::never(),
            sign: None,
            folders: BTreeMap::new(),
            spellings: BTreeMap::new(),
        }
    }

    /// Starts listening. The second value says why nothing will be heard, if so.
    pub(super) fn new() -> (Watch, Option<String>) {
        let hints = Arc::new(Mutex::new(Hints::default()));
        let (wake, awake) = bounded(1);
        let (sign, listening) = Sign::new().unzip();
        let (mut watcher, trouble) = match notify::recommended_watcher(listener(Arc::clone(&hints), wake, listening)) {
            Ok(watcher) => (Some(watcher), None),
            Err(error) => (None, Some(error.to_string())),
        };
        let sign = sign.filter(|sign| {
            watcher.as_mut().is_some_and(|watcher| watcher.watch(&sign.path(), RecursiveMode::NonRecursive).is_ok())
        });
        (Watch { watcher, hints, awake, sign, folders: BTreeMap::new(), spellings: BTreeMap::new() }, trouble)
    }

    /// Becomes ready when there are hints.
    pub(super) fn awake(&self) -> &Receiver<()> {
        &self.awake
    }

    /// Takes the hints that have come. A folder whose own watch may have ended is set anew by the next `cover`.
    pub(super) fn take(&mut self) -> Hints {
        let hints = std::mem::take(&mut *self.hints.lock().unwrap_or_else(PoisonError::into_inner));
        for hint in &hints.names {
            if let NameHint::Removed(path) | NameHint::Moved(path, _) = hint {
                self.folders.remove(path);
            }
        }
        hints
    }

    /// The sizes of a file that were heard and not taken yet.
    pub(super) fn take_sizes(&self, file: FileId) -> Sizes {
        self.hints.lock().unwrap_or_else(PoisonError::into_inner).sizes.take(file)
    }

    /// Waits until every notification of what has happened up to now has come, and takes them too.
    pub(super) fn take_all(&mut self) -> Hints {
        if let Some(sign) = &self.sign {
            sign.give();
        }
        self.take()
    }

    /// Sets watches on exactly these folders. Returns those that can't be watched, with the reason, once each.
    pub(super) fn cover(&mut self, wanted: &BTreeSet<PathBuf>) -> Vec<(PathBuf, String)> {
        let Some(watcher) = &mut self.watcher else { return Vec::new() };
        let mut failed = Vec::new();
        let gone: Vec<PathBuf> = self.folders.keys().filter(|folder| !wanted.contains(*folder)).cloned().collect();
        for folder in gone {
            let _ = watcher.unwatch(&folder);
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
            let _ = watcher.unwatch(folder);
            let set = watcher.watch(folder, RecursiveMode::NonRecursive);
            if let Ok(real) = fs::canonicalize(folder) {
                self.spellings.insert(real, folder.clone());
            }
            match set {
                Ok(()) => drop(self.folders.insert(folder.clone(), Some(id))),
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

    /// Watches a file itself, through its descriptor: it has no name in a watched folder. Ends with the file.
    pub(super) fn cover_held(&mut self, link: &Path) {
        if let Some(watcher) = &mut self.watcher {
            let _ = watcher.watch(link, RecursiveMode::NonRecursive);
        }
    }

    /// Ends what [`Watch::cover_held`] began.
    pub(super) fn uncover_held(&mut self, link: &Path) {
        if let Some(watcher) = &mut self.watcher {
            let _ = watcher.unwatch(link);
        }
    }

    /// The folder that is watched under this name.
    pub(super) fn identity(&self, folder: &Path) -> Option<FileId> {
        self.folders.get(folder).copied().flatten()
    }

    /// Whether every folder that should be watched is.
    pub(super) fn is_complete(&self) -> bool {
        self.watcher.is_some() && self.folders.values().all(Option::is_some)
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

fn listener(
    hints: Arc<Mutex<Hints>>,
    wake: Sender<()>,
    sign: Option<Listening>,
) -> impl FnMut(notify::Result<notify::Event>) + Send {
    move |result| {
        if let (Some(sign), Ok(event)) = (&sign, &result)
            && sign.hears(event)
        {
            return;
        }
        // At once: the follower may come too late for it.
        let seen = result.as_ref().ok().and_then(size_of_changed);
        let mut hints = hints.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((file, size)) = seen {
            hints.sizes.see(file, size);
        }
        let news = hints.take_in(result);
        drop(hints);
        if news {
            // Full means that the wake-up is already on its way.
            let _ = wake.try_send(());
        }
    }
}

/// The size of the file whose content has changed.
fn size_of_changed(event: &notify::Event) -> Option<(FileId, u64)> {
    let changed = matches!(event.kind, EventKind::Modify(ModifyKind::Data(_)));
    size_at(event.paths.first().filter(|_| changed)?)
}

/// The folder itself, or the nearest one above it that exists: where its creation will be seen.
pub(super) fn nearest_folder(path: &Path) -> PathBuf {
    path.ancestors().find(|one| one.is_dir()).unwrap_or(Path::new("/")).to_owned()
}
