//! Carries out file operations: checks once more that the path still leads to the file that was meant, then does it,
//! and measures the file in the act.

use std::fs::{self, File, FileType, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::command::{FileOperation, FileOrder};
use crate::event::{Actor, FileId};
use crate::follow::{Operated, Operator, Removed};
use crate::lab;
use crate::platform;

/// The one place that changes files on behalf of people and steps.
#[derive(Debug)]
pub(super) struct FileOperator {
    /// The folder that the session's lab owns.
    pub(super) owned: Option<PathBuf>,
}

impl Operator for FileOperator {
    fn operate(&mut self, order: &FileOrder, held: Option<&File>) -> Result<Operated, String> {
        self.permit(order)?;
        match &order.operation {
            FileOperation::RemoveFolder => Err(format!("{}: a folder is removed as one", order.path.display())),
            FileOperation::Truncate { to_bytes } => truncate(order, *to_bytes),
            FileOperation::SetMode { mode } => change_mode(order, *mode),
            operation => {
                let unseen = match held {
                    Some(_) => None,
                    None => {
                        let own = platform::open_to_follow(&order.path);
                        Some(own.map_err(|error| cannot("open", &order.path, &error))?)
                    }
                };
                let Some(file) = held.or(unseen.as_ref()) else {
                    return Err(format!("{}: is gone already", order.path.display()));
                };
                let meant = id_of(file).map_err(|error| cannot("look at", &order.path, &error))?;
                check_identity(&order.path, meant, order.file_id)?;
                act(operation, &order.path, file)?;
                let size = file.metadata().map_err(|error| cannot("measure", &order.path, &error))?.len();
                Ok(Operated { size, file_id: meant, unseen })
            }
        }
    }

    fn remove_folder(&mut self, order: &FileOrder, removed: &mut Vec<Removed>) -> Result<(), String> {
        self.permit(order)?;
        remove_folder(&order.path, removed)
    }
}

impl FileOperator {
    /// Steps may touch only what a lab made for itself; so may whoever removes a whole folder.
    fn permit(&self, order: &FileOrder) -> Result<(), String> {
        let inside =
            self.owned.as_deref().is_some_and(|folder| order.path.starts_with(folder) && lab::is_owned(folder));
        let by_step = matches!(order.by, Actor::Step(_));
        let whole_folder = order.operation == FileOperation::RemoveFolder;
        if whole_folder && self.owned.as_ref() == Some(&order.path) {
            return Err(format!(
                "{}: this is the lab's own folder, which stays; let the workers write to a folder inside it",
                order.path.display()
            ));
        }
        if inside || !(by_step || whole_folder) {
            return Ok(());
        }
        let what = if whole_folder { "a whole folder is removed" } else { "a step changes files" };
        Err(format!(
            "{}: {what} only inside a folder that a lab made for itself; run the lab with its own folder",
            order.path.display()
        ))
    }
}

fn act(operation: &FileOperation, path: &Path, file: &File) -> Result<(), String> {
    match operation {
        FileOperation::Delete => delete(path, file),
        FileOperation::Trash => trash(path),
        FileOperation::Rename { to } => platform::rename_no_replace(path, to).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => {
                format!("{} exists already: nothing was renamed; choose another name", to.display())
            }
            _ => cannot("rename", path, &error),
        }),
        FileOperation::Replace => replace(path, file),
        FileOperation::SetMode { .. } | FileOperation::Truncate { .. } | FileOperation::RemoveFolder => Ok(()),
    }
}

fn delete(path: &Path, file: &File) -> Result<(), String> {
    let before = links(file);
    fs::remove_file(path).map_err(|error| cannot("delete", path, &error))?;
    if before.is_some() && links(file) == before {
        return Err(format!(
            "{}: another file took this name in the moment of the delete, and that one was deleted",
            path.display()
        ));
    }
    Ok(())
}

fn links(file: &File) -> Option<u64> {
    file.metadata().ok().map(|metadata| platform::links(&metadata))
}

#[cfg(feature = "gui")]
fn trash(path: &Path) -> Result<(), String> {
    trash::delete(path).map_err(|error| {
        format!("{}: can't be moved to the trash ({error}); delete it for good instead", path.display())
    })
}

#[cfg(not(feature = "gui"))]
fn trash(path: &Path) -> Result<(), String> {
    Err(format!("{}: this build has no window and knows no trash; delete it for good instead", path.display()))
}

/// A new file takes the place by rename, as editors and atomic writers do it: the path never leads nowhere.
fn replace(path: &Path, old: &File) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let fresh = path.with_file_name(format!(".{name}.new-{}", std::process::id()));
    let made = OpenOptions::new().write(true).create_new(true).open(&fresh).and_then(|file| {
        file.set_permissions(old.metadata()?.permissions())?;
        fs::rename(&fresh, path)
    });
    made.map_err(|error| {
        // Whatever failed, no stray file may stay beside the log.
        let _ = fs::remove_file(&fresh);
        cannot("replace", path, &error)
    })
}

fn truncate(order: &FileOrder, to_bytes: u64) -> Result<Operated, String> {
    let path = &order.path;
    let file = OpenOptions::new().write(true).open(path).map_err(|error| cannot("open for writing", path, &error))?;
    let meant = id_of(&file).map_err(|error| cannot("look at", path, &error))?;
    check_identity(path, meant, order.file_id)?;
    let size = file.metadata().map_err(|error| cannot("measure", path, &error))?.len();
    if to_bytes > size {
        return Err(format!("{}: has {size} bytes and can't be cut to {to_bytes}", path.display()));
    }
    file.set_len(to_bytes).map_err(|error| cannot("truncate", path, &error))?;
    Ok(Operated { size, file_id: meant, unseen: None })
}

/// How often a folder is emptied in its place. A writer may put a file into it after each time.
const EMPTYING_TRIES: usize = 64;
/// So many files stay open until all is removed, at the most. Further ones are removed without being measured.
const MOST_MEASURED: usize = 256;

/// As `rm -r` does it, and again while writers make new files there. Moved aside at once, its files would have a name
/// for a moment more, and a writer that looks for its file in that moment would find it safe.
fn remove_folder(path: &Path, removed: &mut Vec<Removed>) -> Result<(), String> {
    fs::metadata(path).map_err(|error| cannot("look at", path, &error))?;
    for _ in 0..EMPTYING_TRIES {
        match remove_tree(path, removed) {
            Ok(()) => return Ok(()),
            // Somebody else removes it as well.
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            Err(error) => return Err(cannot("remove", path, &error)),
        }
    }
    remove_aside(path, removed)
}

/// Moved aside first: no writer can keep it from being emptied.
fn remove_aside(path: &Path, removed: &mut Vec<Removed>) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let aside = path.with_file_name(format!(".{name}.removed-{}", std::process::id()));
    fs::rename(path, &aside).map_err(|error| cannot("remove", path, &error))?;
    let before = removed.len();
    let emptied = remove_tree(&aside, removed);
    for one in &mut removed[before..] {
        if let Ok(inside) = one.path.strip_prefix(&aside) {
            one.path = path.join(inside);
        }
    }
    emptied.map_err(|error| cannot("empty", &aside, &error))
}

/// Every file is removed by its own call, so that it can be measured in the act: what `remove_dir_all` takes with it
/// nobody ever sees. Links are removed, not followed.
fn remove_tree(folder: &Path, removed: &mut Vec<Removed>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        let gone = if kind.is_dir() { remove_tree(&path, removed) } else { remove_measured(path, kind, removed) };
        match gone {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            other => other?,
        }
    }
    fs::remove_dir(folder)
}

fn remove_measured(path: PathBuf, kind: FileType, removed: &mut Vec<Removed>) -> io::Result<()> {
    let measured = kind.is_file() && removed.len() < MOST_MEASURED;
    let file = measured.then(|| platform::open_to_follow(&path).ok()).flatten();
    fs::remove_file(&path)?;
    // It may have another name, or another file may have taken this one in the moment before.
    let Some(file) = file.filter(|file| links(file).is_none_or(|links| links == 0)) else { return Ok(()) };
    let size = file.metadata()?.len();
    removed.push(Removed { path, file, size });
    Ok(())
}

/// Without opening it: what was closed to its owner could not be opened again else.
fn change_mode(order: &FileOrder, mode: u32) -> Result<Operated, String> {
    let path = &order.path;
    let found = fs::metadata(path).map_err(|error| cannot("look at", path, &error))?;
    let meant = platform::file_id(&found);
    check_identity(path, meant, order.file_id)?;
    set_mode(path, mode)?;
    Ok(Operated { size: found.len(), file_id: meant, unseen: None })
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
        .map_err(|error| cannot("change the mode of", path, &error))
}

#[cfg(not(unix))]
fn set_mode(path: &Path, _mode: u32) -> Result<(), String> {
    Err(format!("{}: permission bits exist on Unix alone", path.display()))
}

fn id_of(file: &File) -> io::Result<FileId> {
    Ok(platform::file_id(&file.metadata()?))
}

/// The path must lead to the file at hand, and that must be the one that the person saw.
fn check_identity(path: &Path, at_hand: FileId, meant: Option<FileId>) -> Result<(), String> {
    let there = fs::metadata(path).map_err(|error| cannot("look at", path, &error))?;
    if platform::file_id(&there) != at_hand || meant.is_some_and(|meant| meant != at_hand) {
        return Err(format!(
            "{}: another file stands there by now, so nothing was done; look again and repeat",
            path.display()
        ));
    }
    Ok(())
}

fn cannot(verb: &str, path: &Path, error: &io::Error) -> String {
    let remedy = match error.kind() {
        io::ErrorKind::PermissionDenied => "; its folder's or its own permissions forbid it",
        io::ErrorKind::NotFound => "; it is gone already",
        io::ErrorKind::StorageFull => "; free some space first",
        _ => "",
    };
    format!("can't {verb} {}: {error}{remedy}", path.display())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    struct Desk {
        folder: tempfile::TempDir,
        operator: FileOperator,
    }

    impl Desk {
        fn new() -> Desk {
            Desk { folder: tempfile::tempdir().unwrap(), operator: FileOperator { owned: None } }
        }

        fn file(&self, name: &str, text: &str) -> (PathBuf, File) {
            let path = self.folder.path().join(name);
            fs::write(&path, text).unwrap();
            let held = platform::open_to_follow(&path).unwrap();
            (path, held)
        }

        fn person(&mut self, operation: FileOperation, path: &Path, held: &File) -> Result<Operated, String> {
            let file_id = Some(id_of(held).unwrap());
            let order = FileOrder { operation, path: path.to_owned(), file_id, by: Actor::Person };
            self.operator.operate(&order, Some(held))
        }
    }

    #[test]
    fn delete_removes_the_name_and_tells_the_size_that_was_left() {
        let mut desk = Desk::new();
        let (path, held) = desk.file("a.log", "12345");
        let done = desk.person(FileOperation::Delete, &path, &held).unwrap();
        assert!(!path.exists());
        assert_eq!(done.size, 5);
    }

    #[test]
    fn a_file_that_took_the_path_since_is_spared() {
        let mut desk = Desk::new();
        let (path, held) = desk.file("a.log", "old");
        fs::rename(&path, path.with_extension("1")).unwrap();
        fs::write(&path, "new").unwrap();
        let refused = desk.person(FileOperation::Delete, &path, &held).unwrap_err();
        assert!(refused.contains("another file stands there"), "{refused}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
    }

    #[test]
    fn rename_never_replaces() {
        let mut desk = Desk::new();
        let (path, held) = desk.file("a.log", "one");
        let (other, _) = desk.file("b.log", "two");
        let refused = desk.person(FileOperation::Rename { to: other.clone() }, &path, &held).unwrap_err();
        assert!(refused.contains("exists already"), "{refused}");
        assert_eq!(fs::read_to_string(&other).unwrap(), "two");
    }

    #[test]
    fn replace_keeps_the_path_alive_and_leaves_nothing_behind() {
        let mut desk = Desk::new();
        let (path, held) = desk.file("a.log", "one");
        desk.person(FileOperation::Replace, &path, &held).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
        assert_eq!(fs::read_dir(desk.folder.path()).unwrap().count(), 1);
        assert_ne!(platform::file_id(&fs::metadata(&path).unwrap()), id_of(&held).unwrap());
    }

    #[test]
    fn truncate_tells_the_size_before_and_refuses_to_grow() {
        let mut desk = Desk::new();
        let (path, held) = desk.file("a.log", "one\ntwo\n");
        let done = desk.person(FileOperation::Truncate { to_bytes: 4 }, &path, &held).unwrap();
        assert_eq!((done.size, fs::read_to_string(&path).unwrap().as_str()), (8, "one\n"));
        assert!(desk.person(FileOperation::Truncate { to_bytes: 99 }, &path, &held).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_closed_folder_is_opened_again_without_looking_into_it() {
        use std::os::unix::fs::PermissionsExt;
        let mut desk = Desk::new();
        let path = desk.folder.path().join("logs");
        fs::create_dir(&path).unwrap();
        for mode in [0o000, 0o700] {
            let operation = FileOperation::SetMode { mode };
            let order = FileOrder { operation, path: path.clone(), file_id: None, by: Actor::Person };
            desk.operator.operate(&order, None).unwrap();
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode);
        }
    }

    #[test]
    fn steps_and_folder_removal_stay_inside_a_folder_that_a_lab_owns() {
        let mut desk = Desk::new();
        let (path, held) = desk.file("a.log", "one");
        let mut order =
            FileOrder { operation: FileOperation::Delete, path: path.clone(), file_id: None, by: Actor::Step(0) };
        assert!(desk.operator.operate(&order, Some(&held)).is_err());
        order = FileOrder {
            operation: FileOperation::RemoveFolder,
            path: desk.folder.path().to_owned(),
            file_id: None,
            by: Actor::Person,
        };
        assert!(desk.operator.operate(&order, None).is_err());
        assert!(path.exists());
    }
}
