//! How a handler is set up: from its class, path and options to the handler itself.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::clock::{SchedulePlan, SessionClock};

use super::{Class, Encoding, Handler, daily, encoded, locked, plain, timed_rotating, timed_rotating_keep};
use super::{timed_rotating_reopen, verified, watched};

/// How a worker's handler is set up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerSetup {
    /// The class.
    pub class: Class,
    /// The file to write to, or for a class that names its files by date the directory they stand in. Absolute.
    #[serde(with = "crate::event::path")]
    pub path: PathBuf,
    /// What only some classes look at.
    pub options: HandlerOptions,
}

/// Settings that have a default; which class looks at which is in the table of classes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlerOptions {
    /// When it moves on to the next file.
    pub schedule: SchedulePlan,
    /// How many archives it keeps; 0 is all of them.
    pub backup_count: u32,
    /// The encoding of what it writes.
    pub encoding: Encoding,
}

impl HandlerSetup {
    /// A handler with the default options.
    pub fn new(class: Class, path: PathBuf) -> HandlerSetup {
        HandlerSetup { class, path, options: HandlerOptions::default() }
    }

    /// A handler that has opened nothing yet. `scratch` is a folder outside the log's, the same for all processes that
    /// write to one log together, and there as long as any of them: what they share besides the log lies in it.
    pub fn build(&self, scratch: &Path) -> Box<dyn Handler> {
        let handler = self.build_class(scratch);
        match self.options.encoding {
            Encoding::Utf8 => handler,
            encoding => Box::new(encoded::Encoded::new(handler, encoding, self.path.clone())),
        }
    }

    fn build_class(&self, scratch: &Path) -> Box<dyn Handler> {
        let (path, options) = (self.path.clone(), self.options.clone());
        match self.class {
            Class::Plain => Box::new(plain::Plain::new(path)),
            Class::Watched => Box::new(watched::Watched::new(path)),
            Class::TimedRotating => Box::new(timed_rotating::handler(path, options)),
            Class::TimedRotatingKeep => Box::new(timed_rotating_keep::handler(path, options)),
            Class::TimedRotatingReopen => Box::new(timed_rotating_reopen::TimedRotatingReopen::new(path, options)),
            Class::Daily => Box::new(daily::Daily::new(path)),
            Class::Locked => Box::new(locked::Locked::new(path, options, scratch)),
            Class::Verified => Box::new(verified::Verified::new(path, options.backup_count)),
        }
    }

    /// Where its first line goes if it starts at this session time.
    pub fn first_path(&self, clock: &SessionClock) -> PathBuf {
        if self.class.info().by_date {
            daily::path_of_day(&self.path, clock.now().date_naive())
        } else {
            self.path.clone()
        }
    }
}
