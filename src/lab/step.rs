//! What happens to a lab while it runs, and when.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, FixedOffset};

use super::condition::Condition;
use super::value::show_duration;
use crate::command::ClockOrder;
use crate::event::WorkerId;
use crate::platform;

/// One scripted fault or action.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// When it is due.
    pub when: When,
    /// Whether it comes again.
    pub repeat: Option<Repeat>,
    /// What it does.
    pub action: Action,
    /// The line of the lab file where it starts, from 1.
    pub line: usize,
}

/// When a step is due.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    /// So long after the start, in real time.
    At {
        /// Since the start.
        real: Duration,
    },
    /// As soon as session time has reached this. Only under a simulated clock.
    LabAt {
        /// Session time.
        session: DateTime<FixedOffset>,
    },
    /// When every worker whose handler can reopen has opened another file since the step before.
    AllReopened {
        /// If that takes longer, the run has failed.
        timeout: Duration,
    },
}

/// Again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repeat {
    /// From one time to the next; never 0.
    pub every: Duration,
    /// Real time since the start after which it does not come again; none is until the lab stops.
    pub until: Option<Duration>,
}

/// The file or folder that a step means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StepPath {
    /// The live file; for `remove_dir` the folder that holds it.
    Live,
    /// A path relative to the lab's folder, never leading out of it. `{n}` in it counts up.
    Inside(PathBuf),
}

impl StepPath {
    /// The path in the lab's folder with `{n}` filled in; `None` for the live file, which only the engine knows.
    pub fn resolve(&self, folder: &Path, n: u64) -> Option<PathBuf> {
        match self {
            StepPath::Live => None,
            StepPath::Inside(path) => Some(folder.join(numbered(&path.to_string_lossy(), n))),
        }
    }
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Remove the name.
    Delete {
        /// Of which file.
        file: StepPath,
    },
    /// Give it another name.
    Rename {
        /// Which file.
        file: StepPath,
        /// Its new name. `{n}` counts up.
        to: String,
        /// Whether that is a name in the folder that the file is in; otherwise it is a path relative to the lab's
        /// folder, never leading out of it.
        beside: bool,
    },
    /// Cut it.
    Truncate {
        /// Which file.
        file: StepPath,
        /// To this size.
        to_bytes: u64,
    },
    /// Put a new, empty file in its place by rename.
    Replace {
        /// Which file.
        file: StepPath,
    },
    /// Remove a folder with all that it holds.
    RemoveDir {
        /// Which folder.
        folder: StepPath,
    },
    /// Change permission bits.
    Chmod {
        /// Of which file.
        file: StepPath,
        /// The bits, as chmod takes them.
        mode: u32,
    },
    /// Fill the file system of the lab's folder, if it is a small one.
    FillDisk {
        /// Bytes that are left free.
        leave_bytes: u64,
    },
    /// Send a worker a signal that ends it.
    Kill {
        /// Which.
        worker: WorkerId,
        /// The signal's number on this system.
        signal: i32,
        /// The worker's name.
        name: String,
    },
    /// Stop a worker where it stands (SIGSTOP).
    Stop {
        /// Which.
        worker: WorkerId,
        /// The worker's name.
        name: String,
    },
    /// Let a stopped worker go on (SIGCONT).
    Continue {
        /// Which.
        worker: WorkerId,
        /// The worker's name.
        name: String,
    },
    /// Set the simulated clock.
    Clock(ClockOrder),
    /// Take a picture of the window.
    Picture {
        /// The picture's name, without ending. `{n}` counts up.
        name: String,
    },
    /// Put a sentence into the log view.
    Say {
        /// The sentence. `{n}` counts up.
        text: String,
        /// The same in Chinese, for a window that speaks it.
        text_zh: Option<String>,
    },
    /// Judge a condition.
    Expect {
        /// Which.
        that: Condition,
    },
}

impl Action {
    /// The word that the lab file has for it.
    pub fn name(&self) -> &'static str {
        match self {
            Action::Delete { .. } => "delete",
            Action::Rename { .. } => "rename",
            Action::Truncate { .. } => "truncate",
            Action::Replace { .. } => "replace",
            Action::RemoveDir { .. } => "remove_dir",
            Action::Chmod { .. } => "chmod",
            Action::FillDisk { .. } => "fill_disk",
            Action::Kill { .. } => "kill",
            Action::Stop { .. } => "stop",
            Action::Continue { .. } => "continue",
            Action::Clock(_) => "clock",
            Action::Picture { .. } => "picture",
            Action::Say { .. } => "say",
            Action::Expect { .. } => "expect",
        }
    }

    /// Where a `rename` takes the file that is now `from`, the `n`th time; `None` for every other action.
    pub fn renamed(&self, from: &Path, folder: &Path, n: u64) -> Option<PathBuf> {
        let Action::Rename { to, beside, .. } = self else { return None };
        let to = numbered(to, n);
        Some(if *beside { from.with_file_name(to) } else { folder.join(to) })
    }

    /// The text of `say` in Chinese, the `n`th time, if it has one.
    pub fn words_zh(&self, n: u64) -> Option<String> {
        match self {
            Action::Say { text_zh, .. } => text_zh.as_deref().map(|words| numbered(words, n)),
            _ => None,
        }
    }

    /// The text of `say` or the name of a picture, the `n`th time; `None` for every other action.
    pub fn words(&self, n: u64) -> Option<String> {
        match self {
            Action::Say { text: words, .. } | Action::Picture { name: words } => Some(numbered(words, n)),
            _ => None,
        }
    }
}

/// The text with every `{n}` replaced by the number.
fn numbered(text: &str, n: u64) -> String {
    text.replace("{n}", &n.to_string())
}

impl fmt::Display for StepPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StepPath::Live => f.write_str("the live file"),
            StepPath::Inside(path) => write!(f, "{}", path.display()),
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Action::Delete { file } => write!(f, "delete {file}"),
            Action::Rename { file, to, .. } => write!(f, "rename {file} to {to}"),
            Action::Truncate { file, to_bytes } => write!(f, "truncate {file} to {to_bytes} bytes"),
            Action::Replace { file } => write!(f, "replace {file}"),
            Action::RemoveDir { folder: StepPath::Live } => f.write_str("remove the folder of the live file"),
            Action::RemoveDir { folder } => write!(f, "remove the folder {folder}"),
            Action::Chmod { file, mode } => write!(f, "change the mode of {file} to {mode:03o}"),
            Action::FillDisk { leave_bytes } => write!(f, "fill the disk up to {leave_bytes} bytes"),
            Action::Kill { name, signal, .. } => write!(f, "send {name} {}", platform::signal_name(*signal)),
            Action::Stop { name, .. } => write!(f, "stop {name}"),
            Action::Continue { name, .. } => write!(f, "continue {name}"),
            Action::Clock(ClockOrder::JumpBy(ms)) => {
                let (word, by) = (if *ms < 0 { "back" } else { "forward" }, Duration::from_millis(ms.unsigned_abs()));
                write!(f, "set the clock {word} by {}", show_duration(by))
            }
            Action::Clock(ClockOrder::JumpTo(to)) => write!(f, "set the clock to {}", to.to_rfc3339()),
            Action::Clock(ClockOrder::BeforeMidnight(seconds)) => {
                write!(f, "set the clock to {seconds} s before midnight")
            }
            Action::Clock(ClockOrder::BeforeOffsetChange(seconds)) => {
                write!(f, "set the clock to {seconds} s before the zone's offset changes")
            }
            Action::Clock(ClockOrder::Rate(rate)) => write!(f, "let the clock run at {rate}"),
            Action::Picture { name } => write!(f, "take the picture {name}"),
            Action::Say { text, .. } => f.write_str(text),
            Action::Expect { that } => write!(f, "expect {that}"),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.action)?;
        if let Some(repeat) = self.repeat {
            write!(f, ", every {}", show_duration(repeat.every))?;
        }
        if let Some(until) = self.repeat.and_then(|repeat| repeat.until) {
            write!(f, " until {}", show_duration(until))?;
        }
        Ok(())
    }
}
