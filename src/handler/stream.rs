//! The open file of a handler: opened for appending, written by one write(2) a line.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use crate::clock::Moment;
use crate::event::{FileId, OpenReason};
use crate::platform;

use super::{EmitError, EmitFault, Opened, Point, Surroundings};

/// How often a file is made in one try, if it has gone again each time before it could be opened.
const MAKING_TRIES: usize = 100;

/// Opens a file for appending, makes it if it is not there, and tells the observer.
pub(super) fn open(
    path: &Path,
    reason: OpenReason,
    around: &mut Surroundings<'_>,
) -> Result<(File, FileId), EmitError> {
    let failed = |error| EmitError::system("open", path, error);
    around.probe.reached(Point::BeforeOpen, path);
    let file = open_or_make(path, around.beginning).map_err(failed)?;
    let at = Moment::now();
    let file_id = platform::file_id(&file.metadata().map_err(failed)?);
    around.probe.opened(&file, path);
    let descriptor = platform::descriptor_number(&file);
    around.observer.opened(Opened { at, file_id, path, reason, descriptor });
    Ok((file, file_id))
}

/// A file that begins with something comes to stand at its path with that in it: whoever finds it there appends, and of
/// several that make it at once one succeeds. So the beginning stands once, before any line, whoever is killed when.
fn open_or_make(path: &Path, beginning: &[u8]) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true);
    if beginning.is_empty() {
        return options.create(true).open(path);
    }
    for _ in 1..MAKING_TRIES {
        match options.open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => platform::make_with(path, beginning)?,
            other => return other,
        }
    }
    options.open(path)
}

/// Writes a line with one write(2). A part of a line is not completed: what follows it would be a second write, between
/// which another process may write.
pub(super) fn write(file: &File, path: &Path, line: &[u8], around: &Surroundings<'_>) -> Result<(), EmitError> {
    around.probe.reached(Point::BeforeWrite, path);
    match platform::write_once(file, line) {
        Ok(written) if written == line.len() => Ok(()),
        Ok(0) => Err(EmitError::system("write", path, io::ErrorKind::WriteZero.into())),
        Ok(written) => Err(EmitError {
            operation: "write",
            path: path.to_owned(),
            reason: EmitFault::Short { written, wanted: line.len() },
        }),
        Err(error) => Err(EmitError::system("write", path, error)),
    }
}
