//! The handler classes: their names, and what is to be known of each without running it.

use serde::{Deserialize, Serialize};

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
}
