//! Opening sessions: what can be asked for, and the system's file dialogs.

use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};
use std::time::{Duration, Instant};

use eframe::egui;

use crate::engine::Engine;
use crate::follow::Target;
use crate::lab::Lab;

/// The lab of the first start.
pub const DEMO: &str = "demo";

/// What to open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SessionRequest {
    /// A lab that is part of the program, by its name.
    BuiltIn(&'static str),
    /// A lab put together at the window: the text of its file.
    Composed(String),
    /// A lab file.
    Lab(PathBuf),
    /// Files and folders of anybody.
    Watch(Vec<PathBuf>),
}

impl SessionRequest {
    /// What opening this path means: a lab for `.toml`, else files to follow.
    pub fn of_path(path: PathBuf) -> SessionRequest {
        if path.extension().is_some_and(|extension| extension == "toml") && path.is_file() {
            SessionRequest::Lab(path)
        } else {
            SessionRequest::Watch(vec![path])
        }
    }

    /// As much of it as makes sense, before another session is given up for it, and a sentence on each name that does
    /// not: one bad pattern among several paths is no reason to open nothing.
    ///
    /// # Errors
    /// For a lab file that can't be read or is wrong, and where no name makes sense.
    pub fn checked(self) -> Result<(SessionRequest, Vec<String>), String> {
        match self {
            SessionRequest::Watch(mut paths) => {
                let mut wrong = Vec::new();
                paths.retain(|path| match Target::named(path, false) {
                    Ok(_) => true,
                    Err(error) => {
                        wrong.push(error.to_string());
                        false
                    }
                });
                if paths.is_empty() { Err(wrong.join("\n")) } else { Ok((SessionRequest::Watch(paths), wrong)) }
            }
            SessionRequest::Lab(path) => match Lab::read(&path) {
                Ok(_) => Ok((SessionRequest::Lab(path), Vec::new())),
                Err(error) => Err(error.to_string()),
            },
            sensible => Ok((sensible, Vec::new())),
        }
    }

    /// The paths to remember.
    pub fn paths(&self) -> &[PathBuf] {
        match self {
            SessionRequest::BuiltIn(_) | SessionRequest::Composed(_) => &[],
            SessionRequest::Lab(path) => std::slice::from_ref(path),
            SessionRequest::Watch(paths) => paths,
        }
    }
}

/// Opens a session; the context is for the waker. An error is a sentence for the person.
pub type Opener = Box<dyn FnMut(&SessionRequest, &egui::Context) -> Result<Engine, String>>;

/// What a file dialog is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// Log files to follow.
    Files,
    /// A folder to follow.
    Folder,
    /// A lab file.
    Lab,
    /// Where to write the ledger.
    Ledger,
    /// Where to write the table of a comparison.
    CompareTable,
    /// Where to write the picture of a comparison.
    ComparePicture,
}

/// How a file dialog ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picked {
    /// With these paths.
    Paths(Purpose, Vec<PathBuf>),
    /// The person thought better of it.
    Cancelled,
    /// It never came up: the machine has neither a portal nor zenity.
    NoDialog(Purpose),
}

/// A dialog that comes back with nothing sooner than a person could cancel it, was never there.
const SOONEST_CANCEL: Duration = Duration::from_millis(400);

/// A file dialog on a thread of its own: the window goes on meanwhile.
#[derive(Default)]
pub struct Picker {
    open: Option<Receiver<Picked>>,
}

impl Picker {
    /// Opens a dialog, unless one is open.
    pub fn open(&mut self, purpose: Purpose, title: String, ctx: &egui::Context) {
        if self.open.is_some() {
            return;
        }
        let (answer, open) = channel();
        let ctx = ctx.clone();
        let spawned = std::thread::Builder::new().name("file dialog".into()).spawn(move || {
            let began = Instant::now();
            let picked = match show(purpose, &title) {
                Some(paths) => Picked::Paths(purpose, paths),
                None if began.elapsed() < SOONEST_CANCEL => Picked::NoDialog(purpose),
                None => Picked::Cancelled,
            };
            let _ = answer.send(picked);
            ctx.request_repaint();
        });
        if spawned.is_ok() {
            self.open = Some(open);
        }
    }

    /// The answer, once it is there.
    pub fn answer(&mut self) -> Option<Picked> {
        match self.open.as_ref()?.try_recv() {
            Ok(picked) => {
                self.open = None;
                Some(picked)
            }
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => {
                self.open = None;
                Some(Picked::Cancelled)
            }
        }
    }
}

fn show(purpose: Purpose, title: &str) -> Option<Vec<PathBuf>> {
    let dialog = rfd::FileDialog::new().set_title(title);
    match purpose {
        Purpose::Files => dialog.pick_files(),
        Purpose::Folder => dialog.pick_folder().map(|path| vec![path]),
        Purpose::Lab => dialog.add_filter("TOML", &["toml"]).pick_file().map(|path| vec![path]),
        Purpose::Ledger => save(dialog, "JSON", "ledger.json"),
        Purpose::CompareTable => save(dialog, "CSV", "comparison.csv"),
        Purpose::ComparePicture => save(dialog, "PNG", "comparison.png"),
    }
}

/// Asks for a file to write; the name that is proposed says what ending it has.
fn save(dialog: rfd::FileDialog, kind: &str, name: &str) -> Option<Vec<PathBuf>> {
    let ending = name.rsplit('.').next().unwrap_or_default();
    dialog.add_filter(kind, &[ending]).set_file_name(name).save_file().map(|path| vec![path])
}

/// What the person typed, as a path: `~` is the home folder, the rest is relative to where the program was started.
pub fn typed_path(text: &str) -> Option<PathBuf> {
    let text = text.trim();
    if text.is_empty() {
        return None;
    }
    let home = || directories::BaseDirs::new().map(|dirs| dirs.home_dir().to_owned());
    let path = match text.strip_prefix('~') {
        Some("") => home()?,
        Some(rest) if rest.starts_with('/') => home()?.join(rest.trim_start_matches('/')),
        _ => PathBuf::from(text),
    };
    Some(std::path::absolute(&path).unwrap_or(path))
}

/// Whether `name` can be given to a file of this folder; the key of the sentence that says why not.
pub fn check_name(folder: &Path, old: &str, name: &str) -> Result<PathBuf, &'static str> {
    if name.is_empty() || name == "." || name == ".." {
        return Err("rename-empty");
    }
    if name.contains('/') || name.contains('\0') {
        return Err("rename-slash");
    }
    if name == old {
        return Err("rename-same");
    }
    let to = folder.join(name);
    if to.symlink_metadata().is_ok() { Err("rename-exists") } else { Ok(to) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn names_that_no_file_can_get() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("taken.log"), "x").unwrap();
        let check = |name: &str| check_name(folder.path(), "a.log", name);
        assert_eq!(check(""), Err("rename-empty"));
        assert_eq!(check(".."), Err("rename-empty"));
        assert_eq!(check("b/c"), Err("rename-slash"));
        assert_eq!(check("a.log"), Err("rename-same"));
        assert_eq!(check("taken.log"), Err("rename-exists"));
        assert_eq!(check("b.log"), Ok(folder.path().join("b.log")));
    }

    #[test]
    fn a_typed_path_is_made_absolute() {
        assert_eq!(typed_path("  "), None);
        assert_eq!(typed_path(" /var/log "), Some(PathBuf::from("/var/log")));
        assert!(typed_path("logs").unwrap().is_absolute());
        assert!(typed_path("~/x").unwrap().ends_with("x"));
        assert!(typed_path("~/x").unwrap().is_absolute());
    }

    #[test]
    fn one_bad_pattern_does_not_keep_the_others_from_being_opened() {
        let paths = |names: &[&str]| SessionRequest::Watch(names.iter().map(PathBuf::from).collect());
        let (kept, wrong) = paths(&["nope/x.log", "x[.log", "own/*.gz"]).checked().unwrap();
        assert_eq!(kept, paths(&["nope/x.log", "own/*.gz"]));
        assert!(wrong.len() == 1 && wrong[0].starts_with("x[.log: a [ has no ]"), "{wrong:?}");
        let none = paths(&["x[.log", "%Q.log"]).checked().unwrap_err();
        assert!(none.contains("x[.log: ") && none.contains("\n%Q.log: "), "{none}");
    }

    #[test]
    fn a_toml_file_is_a_lab() {
        let folder = tempfile::tempdir().unwrap();
        let lab = folder.path().join("fight.toml");
        std::fs::write(&lab, "version = 1").unwrap();
        assert_eq!(SessionRequest::of_path(lab.clone()), SessionRequest::Lab(lab));
        let log = folder.path().join("a.log");
        assert_eq!(SessionRequest::of_path(log.clone()), SessionRequest::Watch(vec![log]));
    }
}
