//! `plain`: the notes' first form, Python's `FileHandler`.
//!
//! Opens its file once. After a delete all further lines go into a file that nobody can reach; after a rename they
//! follow the file to its new name. Both in silence, for the system calls succeed.

use std::fs::File;
use std::path::PathBuf;

use crate::event::OpenReason;

use super::{EmitError, EmitFault, Handler, Surroundings, stream};

pub(super) struct Plain {
    path: PathBuf,
    file: Option<File>,
}

impl Plain {
    pub(super) fn new(path: PathBuf) -> Plain {
        Plain { path, file: None }
    }
}

impl Handler for Plain {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.file = Some(stream::open(&self.path, OpenReason::First, around)?.0);
        Ok(())
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let Some(file) = &self.file else {
            return Err(EmitError { operation: "write", path: self.path.clone(), reason: EmitFault::Closed });
        };
        stream::write(file, &self.path, line, around)
    }

    fn is_open(&self) -> bool {
        self.file.is_some()
    }
}
