//! Opens sessions for the window on the screen.

use std::path::{Path, PathBuf};
use std::time::Duration;

use eframe::egui;

use super::app::data_folder;
use super::open::{DEMO, Opener, SessionRequest};
use crate::engine::{Engine, EngineConfig, EngineError, Session};
use crate::lab::{self, FolderError, Lab, LabError, claim_free_folder};

/// The least time from one frame to the next while events come in: 40 frames a second are as smooth as a log needs.
const FRAME: Duration = Duration::from_millis(25);

#[derive(Debug, thiserror::Error)]
enum SessionError {
    #[error(transparent)]
    Lab(#[from] LabError),
    #[error(transparent)]
    Folder(#[from] FolderError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("this system names no folder for a program's data; set HOME or XDG_DATA_HOME")]
    NoDataFolder,
    #[error("can't tell where this program is, and workers are started from it: {0}")]
    NoProgram(std::io::Error),
}

/// What opens real sessions, with real workers.
pub(super) fn opener() -> Opener {
    Box::new(|request, ctx| open(request, ctx).map_err(|error| error.to_string()))
}

fn open(request: &SessionRequest, ctx: &egui::Context) -> Result<Engine, SessionError> {
    let session = match request {
        // What these show is the same every time: no file of an earlier session stands in its way.
        SessionRequest::BuiltIn(name) => emptied(of_lab(Lab::built_in(name)?, &place_of(name))?)?,
        SessionRequest::Composed(text) => emptied(of_lab(Lab::parse(text, "lab")?, Path::new("labs/lab"))?)?,
        SessionRequest::Lab(file) => {
            let name = file.file_stem().unwrap_or_else(|| "lab".as_ref());
            of_lab(Lab::read(file)?, &Path::new("labs").join(name))?
        }
        SessionRequest::Watch(paths) => {
            let absolute = |path: &PathBuf| std::path::absolute(path).unwrap_or_else(|_| path.clone());
            Session::Watch { paths: paths.iter().map(absolute).collect() }
        }
    };
    let program = std::env::current_exe().map_err(SessionError::NoProgram)?;
    let ctx = ctx.clone();
    let waker = Box::new(move || ctx.request_repaint_after(FRAME));
    Ok(Engine::open(session, EngineConfig { program, waker })?)
}

/// The demo keeps the place that it has always had.
fn place_of(built_in: &str) -> PathBuf {
    if built_in == DEMO { PathBuf::from(DEMO) } else { Path::new("labs").join(built_in) }
}

fn emptied(session: Session) -> Result<Session, SessionError> {
    if let Session::Lab { folder, .. } = &session {
        lab::empty(folder.path())?;
    }
    Ok(session)
}

/// A lab in a folder of its own among the person's data: never one that somebody else might write to.
fn of_lab(lab: Lab, place: &Path) -> Result<Session, SessionError> {
    let folder = data_folder().ok_or(SessionError::NoDataFolder)?.join(place);
    Ok(Session::Lab { lab: Box::new(lab), folder: claim_free_folder(&folder)? })
}
