//! Why a line was not written.

use std::io;
use std::path::{Path, PathBuf};

use super::Encoding;

/// Why a line was not written.
#[derive(Debug, thiserror::Error)]
#[error("{operation} {}: {reason}", path.display())]
pub struct EmitError {
    /// The system call or step that failed.
    pub operation: &'static str,
    /// The file or folder.
    pub path: PathBuf,
    /// Why.
    pub reason: EmitFault,
}

/// What went wrong with a line.
#[derive(Debug, thiserror::Error)]
pub enum EmitFault {
    /// The system refused; nothing of the line is in the file.
    #[error("{0}")]
    System(#[from] io::Error),
    /// Only a part of the line went into the file.
    #[error("only {written} of {wanted} bytes were written")]
    Short {
        /// Bytes in the file.
        written: usize,
        /// Bytes of the line.
        wanted: usize,
    },
    /// The encoding has no such character; nothing of the line is in the file. Python's `UnicodeEncodeError`.
    #[error("{} has no character {character:?} (U+{:04X})", encoding.name(), u32::from(*character))]
    Unencodable {
        /// The first one of the line.
        character: char,
        /// The handler's encoding.
        encoding: Encoding,
    },
    /// The stream was closed by an earlier failure and is never opened again.
    #[error("I/O operation on closed file: opening failed when the day changed, and the stream stays closed")]
    Closed,
    /// Another process holds the lock, and the caller was wanted elsewhere. Nothing was done; the same line can be
    /// handed over again.
    #[error("another process holds the lock, and the worker was called away from waiting for it")]
    CalledAway,
}

impl EmitError {
    pub(super) fn system(operation: &'static str, path: &Path, error: io::Error) -> EmitError {
        EmitError { operation, path: path.to_owned(), reason: EmitFault::System(error) }
    }

    pub(super) fn is_not_found(&self) -> bool {
        matches!(&self.reason, EmitFault::System(error) if error.kind() == io::ErrorKind::NotFound)
    }

    /// Whether the line can be handed over again as if nothing had happened.
    pub fn is_postponed(&self) -> bool {
        matches!(self.reason, EmitFault::CalledAway)
    }

    /// Whether a part of the line went into the file.
    pub fn torn(&self) -> bool {
        matches!(self.reason, EmitFault::Short { .. })
    }
}
