//! `timed-rotating`: the standard library's `TimedRotatingFileHandler` as of Python 3.11.
//!
//! At a rollover it removes what stands under the archive's name and renames the live file to it. Made for one process:
//! when several share a file, each rolls over for itself. The second removes the archive that the first has just made,
//! and puts the new file, moments old, in its place; the first writes on into that archive until its next rollover,
//! when somebody removes it again. Most lines are lost so.

use std::path::PathBuf;

use super::HandlerOptions;
use super::timed::{NameTaken, Timed};

pub(super) fn handler(path: PathBuf, options: HandlerOptions) -> Timed {
    Timed::new(path, options, NameTaken::Remove)
}
