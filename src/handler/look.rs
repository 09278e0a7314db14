//! The look at a path before each line.

use std::io;
use std::path::Path;

use crate::platform::LookupPath;

use super::EmitError;

/// Looks at one path again and again.
#[derive(Default)]
pub(super) struct Look {
    /// The path made ready, once it has been looked at.
    ready: Option<LookupPath>,
}

impl Look {
    /// Device and inode of what the path leads to; none if that is nothing.
    ///
    /// # Errors
    /// When stat(2) fails for any other reason.
    pub(super) fn at(&mut self, path: &Path) -> Result<Option<(u64, u64)>, EmitError> {
        let failed = |error| EmitError::system("stat", path, error);
        let ready = match &self.ready {
            Some(ready) => ready,
            None => self.ready.insert(LookupPath::new(path).map_err(failed)?),
        };
        match ready.device_and_inode() {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(error)),
        }
    }
}
