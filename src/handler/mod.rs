//! The writers' strategies: each is one class of Python's logging, or of the notes, with its virtues and its flaws.
//!
//! A handler is faithful to its original: what would raise an exception into the application is an [`EmitError`] here,
//! and the line is not written a second time. It differs in one point: an emit is one write(2) of the whole line, and
//! nothing is kept in a buffer, so a failed line is never written later.

mod daily;
mod encoded;
mod locked;
mod look;
mod plain;
mod probe;
#[cfg(test)]
mod races;
mod stream;
mod timed;
mod timed_rotating;
mod timed_rotating_keep;
mod timed_rotating_reopen;
mod verified;
mod watched;

use std::io;
use std::path::{Path, PathBuf};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::clock::{Moment, Mono, SchedulePlan, SessionClock};
use crate::event::{FileId, OpenReason, Rollover};

pub use probe::{NoProbe, Point, Probe, probe_of_this_build};

/// The handler classes, named as in the lab file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Opens its file once and appends for ever.
    Plain,
    /// Looks at its path before each line and opens it again when it leads elsewhere.
    Watched,
    /// Rolls over on a schedule, and removes what has the archive's name.
    TimedRotating,
    /// Rolls over on a schedule, unless something has the archive's name.
    TimedRotatingKeep,
    /// The same, and looks at its path before each line.
    TimedRotatingReopen,
    /// A file a day by name, and watched besides.
    Daily,
    /// Rolls over on a schedule, and does everything under a lock that all processes of the log share.
    Locked,
    /// A file a day by name; keeps each line until it is known to stand where it can be found.
    Verified,
}

/// What is to be known of a class without running it.
#[derive(Clone, Copy, Debug)]
pub struct ClassInfo {
    /// The class.
    pub class: Class,
    /// Its name in the lab file.
    pub name: &'static str,
    /// Whether it notices that its file was taken away, and opens it again.
    pub can_reopen: bool,
    /// Whether it names its files by date in a directory; the others take a filename.
    pub by_date: bool,
    /// Whether a schedule tells it when to move on (`when`, `interval`, `utc`, `at_time`).
    pub scheduled: bool,
    /// Whether it removes old files (`backup_count`).
    pub retains: bool,
    /// What it does, in one sentence.
    pub sentence: &'static str,
    /// The key of that sentence in the catalogue of strings.
    pub sentence_key: &'static str,
}

/// All classes, in the order in which they are shown.
pub const CLASSES: [ClassInfo; Class::Verified as usize + 1] = [
    ClassInfo {
        class: Class::Plain,
        name: "plain",
        can_reopen: false,
        by_date: false,
        scheduled: false,
        retains: false,
        sentence: "Opens its file once and appends for ever, wherever that file is moved and even after it is deleted.",
        sentence_key: "handler-plain",
    },
    ClassInfo {
        class: Class::Watched,
        name: "watched",
        can_reopen: true,
        by_date: false,
        scheduled: false,
        retains: false,
        sentence: "Looks at its path before each line and opens it again when it is gone or leads to another file; \
                   while the folder is missing, each line fails.",
        sentence_key: "handler-watched",
    },
    ClassInfo {
        class: Class::TimedRotating,
        name: "timed-rotating",
        can_reopen: false,
        by_date: false,
        scheduled: true,
        retains: true,
        sentence: "When its period ends it removes what has the archive's name and renames its file to that; several \
                   processes remove each other's archives.",
        sentence_key: "handler-timed-rotating",
    },
    ClassInfo {
        class: Class::TimedRotatingKeep,
        name: "timed-rotating-keep",
        can_reopen: false,
        by_date: false,
        scheduled: true,
        retains: true,
        sentence: "When its period ends it renames its file unless the archive is there already; two processes that \
                   see the name free at once overwrite one another.",
        sentence_key: "handler-timed-rotating-keep",
    },
    ClassInfo {
        class: Class::TimedRotatingReopen,
        name: "timed-rotating-reopen",
        can_reopen: true,
        by_date: false,
        scheduled: true,
        retains: true,
        sentence: "As timed-rotating-keep, and looks at its path before each line; it finds a deleted file, and still \
                   loses lines where two processes roll over at once.",
        sentence_key: "handler-timed-rotating-reopen",
    },
    ClassInfo {
        class: Class::Daily,
        name: "daily",
        can_reopen: true,
        by_date: true,
        scheduled: false,
        retains: false,
        sentence: "Names its file by the day and watches it besides; a folder that is missing at midnight leaves its \
                   stream closed for ever.",
        sentence_key: "handler-daily",
    },
    ClassInfo {
        class: Class::Locked,
        name: "locked",
        can_reopen: true,
        by_date: false,
        scheduled: true,
        retains: true,
        sentence: "Takes a lock for each line, looks at its path and rolls over under it, so that no rollover loses \
                   anything; whoever is stopped while it has the lock holds up all the others.",
        sentence_key: "handler-locked",
    },
    ClassInfo {
        class: Class::Verified,
        name: "verified",
        can_reopen: true,
        by_date: true,
        scheduled: false,
        retains: true,
        sentence: "Names its file by the day, keeps the lines of the last moment in memory and looks after them: if the \
                   file has lost its name by then, they are written again. Nothing is lost to a delete, rename or \
                   replacement.",
        sentence_key: "handler-verified",
    },
];

impl Class {
    /// The class of this name.
    pub fn named(name: &str) -> Option<Class> {
        CLASSES.iter().find(|info| info.name == name).map(|info| info.class)
    }

    /// What is to be known of it.
    pub fn info(self) -> &'static ClassInfo {
        &CLASSES[self as usize]
    }
}

/// Each class stands in the table at the place at which it is declared.
const _: () = {
    let mut at = 0;
    while at < CLASSES.len() {
        assert!(CLASSES[at].class as usize == at);
        at += 1;
    }
};

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

/// How text becomes bytes.
///
/// A line is encoded once, before its handler gets it; no class knows of encodings. Its stamp was reckoned over the text
/// in UTF-8, so whoever judges it decodes it first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// The text as it is.
    #[default]
    Utf8,
    /// Simplified Chinese, two bytes a character.
    Gbk,
    /// Two bytes a unit, little-endian, with a mark at the beginning of the file as Python writes it. Only who makes the
    /// file writes the mark.
    Utf16,
}

/// All encodings, in the order in which they are shown.
pub const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Gbk, Encoding::Utf16];

impl Encoding {
    /// Its name in the lab file, which is Python's.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Gbk => "gbk",
            Encoding::Utf16 => "utf-16",
        }
    }

    /// The key of the sentence about it in the catalogue of strings.
    pub fn sentence_key(self) -> &'static str {
        match self {
            Encoding::Utf8 => "encoding-utf-8",
            Encoding::Gbk => "encoding-gbk",
            Encoding::Utf16 => "encoding-utf-16",
        }
    }

    /// The encoding of this name, in any spelling that Python takes for it.
    pub fn named(name: &str) -> Option<Encoding> {
        match name.to_ascii_lowercase().replace('_', "-").as_str() {
            "utf-8" | "utf8" => Some(Encoding::Utf8),
            "gbk" | "cp936" | "936" => Some(Encoding::Gbk),
            "utf-16" | "utf16" => Some(Encoding::Utf16),
            _ => None,
        }
    }
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
            Class::TimedRotating => Box::new(timed_rotating::TimedRotating::new(path, options)),
            Class::TimedRotatingKeep => Box::new(timed_rotating_keep::TimedRotatingKeep::new(path, options)),
            Class::TimedRotatingReopen => Box::new(timed_rotating_reopen::TimedRotatingReopen::new(path, options)),
            Class::Daily => Box::new(daily::Daily::new(path)),
            Class::Locked => Box::new(locked::Locked::new(path, options, scratch)),
            Class::Verified => Box::new(verified::Verified::new(path, options.backup_count)),
        }
    }

    /// Where its first line goes if it starts at this session time.
    pub fn first_path(&self, clock: &SessionClock) -> PathBuf {
        match self.class {
            Class::Plain
            | Class::Watched
            | Class::TimedRotating
            | Class::TimedRotatingKeep
            | Class::TimedRotatingReopen
            | Class::Locked => self.path.clone(),
            Class::Daily | Class::Verified => daily::path_of_day(&self.path, clock.now().date_naive()),
        }
    }
}

/// What a handler has around it.
pub struct Surroundings<'a> {
    /// The session's clock.
    pub clock: &'a SessionClock,
    /// The day of the session time that the line bears, where the caller knows it.
    pub line_day: Option<NaiveDate>,
    /// Who is told what it does.
    pub observer: &'a mut dyn Observer,
    /// Points at which a test may look or interfere.
    pub probe: &'a dyn Probe,
    /// What every file begins with that the handler makes; most encodings need nothing.
    pub beginning: &'static [u8],
    /// Whether the caller is wanted elsewhere. A handler that waits for another process asks this now and then, and
    /// gives up soon with [`EmitFault::CalledAway`].
    pub called_away: &'a dyn Fn() -> bool,
}

impl Surroundings<'_> {
    /// The day that the line belongs to: that of its own time if that is the day which is `known`, or else today. The
    /// time of a line that waited for its turn is of an earlier day, perhaps, than that of a line before it.
    fn day_of_line(&self, known: NaiveDate) -> NaiveDate {
        self.line_day.filter(|day| *day == known).unwrap_or_else(|| self.clock.now().date_naive())
    }
}

/// Is told what a handler does, at once and in order.
pub trait Observer {
    /// A file was opened; also when it is opened again.
    fn opened(&mut self, opened: Opened<'_>);

    /// The handler itself moved or removed a file, at a rollover.
    fn rolled_over(&mut self, at: Moment, rollover: Rollover);

    /// It has waited since `since` for a lock that another process holds, and goes on waiting; told again when the
    /// holder is another one. Which process that is, where the system says so.
    fn blocked(&mut self, since: Moment, holder: Option<u32>) {
        let _ = (since, holder);
    }

    /// A wait that was told is over: it has the lock, or gave up because its caller was called away.
    fn unblocked(&mut self, at: Moment, waited_ns: u64, gave_up: bool) {
        let _ = (at, waited_ns, gave_up);
    }

    /// A line that the handler had taken does not stand in a reachable file, and was given up.
    fn dropped(&mut self, line: &[u8], error: &EmitError) {
        let _ = (line, error);
    }
}

/// A file that was just opened.
#[derive(Clone, Copy, Debug)]
pub struct Opened<'a> {
    /// Right after open(2).
    pub at: Moment,
    /// Which file.
    pub file_id: FileId,
    /// By which path.
    pub path: &'a Path,
    /// Why.
    pub reason: OpenReason,
    /// The number of the descriptor.
    pub descriptor: i32,
}

/// A strategy by which a worker writes to files.
pub trait Handler: Send {
    /// Prepares the first file, as Python does when a handler is made.
    ///
    /// # Errors
    /// When it can't be opened: then the application does not start.
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError>;

    /// Writes one line, its newline included.
    ///
    /// # Errors
    /// When the line does not stand whole in the file.
    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError>;

    /// When [`Handler::check`] is to be called even if no line comes before that; none if never. Asked after each emit
    /// and each check.
    fn next_check(&self) -> Option<Mono> {
        None
    }

    /// What the handler does on a timer, between lines.
    ///
    /// # Errors
    /// When lines that it had taken are known not to stand in a reachable file, and can't be written again.
    fn check(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let _ = around;
        Ok(())
    }

    /// The last call before an ordered end.
    ///
    /// # Errors
    /// As for [`Handler::check`].
    fn close(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let _ = around;
        Ok(())
    }
}

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
    fn system(operation: &'static str, path: &Path, error: io::Error) -> EmitError {
        EmitError { operation, path: path.to_owned(), reason: EmitFault::System(error) }
    }

    fn is_not_found(&self) -> bool {
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_table_has_each_class_under_its_own_name() {
        for info in &CLASSES {
            assert_eq!(Class::named(info.name), Some(info.class));
            assert_eq!(info.class.info().name, info.name);
            assert_eq!(serde_json::to_string(&info.class).unwrap(), format!("\"{}\"", info.name));
        }
        assert_eq!(Class::named("nothing"), None);
    }

    #[test]
    fn encodings_are_found_by_their_names() {
        for encoding in ENCODINGS {
            assert_eq!(Encoding::named(encoding.name()), Some(encoding));
        }
        assert_eq!(Encoding::named("UTF_16"), Some(Encoding::Utf16));
        assert_eq!(Encoding::named("latin-1"), None);
    }
}
