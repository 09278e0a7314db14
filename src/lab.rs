//! The lab file (TOML): handlers, formatters, loggers, workers, the clock, and the steps that happen to them.
//!
//! [`Lab`] is what is left when every reference is resolved and every value is checked: whoever holds one can start
//! it. Paths in it are relative to the folder that the lab is given when it runs.

mod condition;
mod folder;
mod read;
mod source;
mod step;
mod value;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

pub use condition::{Condition, EVENT_KINDS, Figure, Judged};
pub use folder::{FolderError, MARKER, OwnedFolder, claim_folder, claim_free_folder, empty, is_owned};
pub use source::LabError;
pub use step::{Action, Repeat, Step, StepPath, When};
pub(crate) use value::closest;
pub use value::{ValueError, parse_duration, show_duration};

use crate::clock::{ClockMode, ClockSetting, SessionClock};
use crate::event::{LabOpened, WorkerId, WorkerOpened};
use crate::handler::{Class, HandlerOptions, HandlerSetup};
use crate::record::{LEVELS, Level, Sequence};
use crate::worker::{StartMethod, Work};

/// The labs that are part of the program: name and text. The first one is the demo.
pub const BUILT_IN: [(&str, &str); 3] = [
    ("demo", include_str!("../assets/labs/demo.toml")),
    ("lesson", include_str!("../assets/labs/lesson.toml")),
    ("midnight", include_str!("../assets/labs/midnight.toml")),
];

/// The folder, in that of the lab, which keeps what programs say on their standard output and error.
pub const OUTPUT: &str = "output";

/// The most that is read of a lab file, in bytes.
const LARGEST_FILE: u64 = 16 << 20;

/// A lab, checked and ready to run.
#[derive(Clone, Debug, PartialEq)]
pub struct Lab {
    /// The file's name without its ending.
    pub title: String,
    /// The file that it was read from; none for those that are built in.
    pub file: Option<PathBuf>,
    /// The clock before the start: a simulated one stands.
    pub clock: ClockSetting,
    /// One for each process, in the order of the file; a [`WorkerId`] is the index.
    pub workers: Vec<LabWorker>,
    /// In the order of the file, which need not be that of their times.
    pub steps: Vec<Step>,
}

/// One worker, as the lab wants it.
#[derive(Clone, Debug, PartialEq)]
pub enum LabWorker {
    /// Rotascope's own, which writes through a handler.
    Own(WorkerPlan),
    /// A program of the user's own.
    Program(ProgramPlan),
}

/// A program of the user's own, as the lab wants it. What it writes, and how fast, it decides by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct ProgramPlan {
    /// The group's name and `-1`.
    pub name: String,
    /// The name of its `[[workers]]` table.
    pub group: String,
    /// The program and its arguments, as the lab file has them.
    pub command: Vec<String>,
    /// Finds the number of a line, by which it is accounted for. Without it only the files are looked at.
    pub sequence: Option<Sequence>,
}

/// One process of Rotascope's own, as the lab wants it.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerPlan {
    /// The group's name and a number from 1: `web-2`.
    pub name: String,
    /// The name of its `[[workers]]` table; its lines give it as their module.
    pub group: String,
    /// Where its lines go.
    pub handler: HandlerPlan,
    /// The format of its lines, in Python's `{` style; known to be a [`crate::record::LineFormat`].
    pub format: String,
    /// The logger's name.
    pub logger: String,
    /// The logger's level: rate and weights are already without the lines below it.
    pub level: Level,
    /// How its process starts.
    pub start: StartMethod,
    /// Whether all workers of the group share one open file. Only forked ones can.
    pub inherit_file: bool,
    /// Threads of the process.
    pub threads: u16,
    /// Tasks per thread.
    pub tasks: u16,
    /// What a task does before each line.
    pub work: Work,
    /// Lines per second and task; 0 is as fast as it goes.
    pub rate: f64,
    /// How often each level comes, by `Level as usize`; not all 0.
    pub weights: [u32; LEVELS],
    /// The text of each line.
    pub message: String,
}

/// A handler, as the lab wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HandlerPlan {
    /// Its class.
    pub class: Class,
    /// The file, or for a class that names its files by date the directory; relative to the lab's folder, and never
    /// leading out of it.
    pub path: PathBuf,
    /// What only some classes look at.
    pub options: HandlerOptions,
}

impl LabWorker {
    /// The group's name and a number from 1.
    pub fn name(&self) -> &str {
        match self {
            LabWorker::Own(plan) => &plan.name,
            LabWorker::Program(plan) => &plan.name,
        }
    }

    /// The plan of one of Rotascope's own.
    pub fn own(&self) -> Option<&WorkerPlan> {
        match self {
            LabWorker::Own(plan) => Some(plan),
            LabWorker::Program(_) => None,
        }
    }

    /// The plan of a program.
    pub fn program(&self) -> Option<&ProgramPlan> {
        match self {
            LabWorker::Own(_) => None,
            LabWorker::Program(plan) => Some(plan),
        }
    }

    fn opened(&self, folder: &Path, clock: &SessionClock) -> WorkerOpened {
        match self {
            LabWorker::Own(plan) => plan.opened(folder, clock),
            LabWorker::Program(plan) => plan.opened(folder),
        }
    }
}

/// Where what a program of this name says is kept, in a lab's folder.
pub fn output(folder: &Path, worker: &str) -> PathBuf {
    folder.join(OUTPUT).join(format!("{worker}.log"))
}

impl ProgramPlan {
    /// The words of its command. One that names a file beside the lab file leads there from anywhere.
    pub fn words(&self, lab_file: Option<&Path>) -> Vec<OsString> {
        let beside = lab_file.and_then(|file| std::path::absolute(file).ok()?.parent().map(Path::to_owned));
        let word = |word: &String| {
            let file = beside.as_ref().map(|folder| folder.join(word)).filter(|file| file.is_file());
            file.map_or_else(|| OsString::from(word), PathBuf::into_os_string)
        };
        self.command.iter().map(word).collect()
    }

    /// Where what it says on its standard output and error is kept.
    pub fn output(&self, folder: &Path) -> PathBuf {
        output(folder, &self.name)
    }

    fn opened(&self, folder: &Path) -> WorkerOpened {
        WorkerOpened {
            name: self.name.clone(),
            group: self.group.clone(),
            handler: "command".to_owned(),
            can_reopen: true,
            start: StartMethod::Spawn.name().to_owned(),
            threads: 1,
            tasks: 1,
            work: Work::None.to_string(),
            inherit_file: false,
            rate: 0.0,
            path: folder.to_owned(),
            program: Some(self.command.clone()),
        }
    }
}

impl WorkerPlan {
    fn opened(&self, folder: &Path, clock: &SessionClock) -> WorkerOpened {
        WorkerOpened {
            name: self.name.clone(),
            group: self.group.clone(),
            handler: self.handler.class.info().name.to_owned(),
            can_reopen: self.handler.class.info().can_reopen,
            start: self.start.name().to_owned(),
            threads: u32::from(self.threads),
            tasks: u32::from(self.tasks),
            work: self.work.to_string(),
            inherit_file: self.inherit_file,
            rate: self.rate,
            path: self.handler_setup(folder).first_path(clock),
            program: None,
        }
    }

    /// The handler's set-up in the lab's folder.
    pub fn handler_setup(&self, folder: &Path) -> HandlerSetup {
        HandlerSetup {
            class: self.handler.class,
            path: folder.join(&self.handler.path),
            options: self.handler.options.clone(),
        }
    }
}

impl Lab {
    /// Reads a lab file.
    ///
    /// # Errors
    /// When it can't be read, or for the first thing in it that is not right, with file and line.
    pub fn read(file: &Path) -> Result<Lab, LabError> {
        let unreadable = |reason: String| LabError::Unreadable { file: file.display().to_string(), reason };
        let text = read_text(file).map_err(|error| unreadable(error.to_string()))?;
        let text = String::from_utf8(text).map_err(|_| unreadable("it is not UTF-8 text".to_owned()))?;
        let lab = Lab::parse(&text, &file.display().to_string())?;
        Ok(Lab { file: Some(file.to_owned()), ..lab })
    }

    /// Reads the text of a lab file; `name` is what its errors call it, and without its ending the lab's title.
    ///
    /// # Errors
    /// For the first thing in it that is not right, with the line.
    pub fn parse(text: &str, name: &str) -> Result<Lab, LabError> {
        read::lab(text, name)
    }

    /// One of the labs that are part of the program.
    ///
    /// # Errors
    /// When there is none of this name.
    pub fn built_in(name: &str) -> Result<Lab, LabError> {
        let Some((_, text)) = BUILT_IN.iter().find(|(known, _)| *known == name) else {
            let names: Vec<&str> = BUILT_IN.iter().map(|(known, _)| *known).collect();
            let reason = format!("no such lab is built in; there are {}", names.join(", "));
            return Err(LabError::Unreadable { file: name.to_owned(), reason });
        };
        Lab::parse(text, name)
    }

    /// The handlers' set-ups in the lab's folder, of Rotascope's own workers.
    pub fn resolve(&self, folder: &Path) -> Vec<HandlerSetup> {
        self.own_workers().map(|worker| worker.handler_setup(folder)).collect()
    }

    /// Rotascope's own workers.
    pub fn own_workers(&self) -> impl Iterator<Item = &WorkerPlan> {
        self.workers.iter().filter_map(LabWorker::own)
    }

    /// Whether there are programs among the workers, which may write anywhere in the lab's folder.
    pub fn has_programs(&self) -> bool {
        self.workers.iter().any(|worker| worker.program().is_some())
    }

    /// The folders that Rotascope's own workers write to, each once, in the order of the workers.
    pub fn log_folders(&self, folder: &Path) -> Vec<PathBuf> {
        let mut folders = Vec::new();
        for plan in self.own_workers() {
            let by_date = plan.handler.class.info().by_date;
            let path = folder.join(&plan.handler.path);
            let holds = if by_date { path } else { path.parent().unwrap_or(folder).to_owned() };
            if !folders.contains(&holds) {
                folders.push(holds);
            }
        }
        folders
    }

    /// The worker of this name.
    pub fn worker(&self, name: &str) -> Option<WorkerId> {
        let index = self.workers.iter().position(|worker| worker.name() == name)?;
        u32::try_from(index).ok().map(WorkerId)
    }

    /// What the session's first event says of the lab.
    pub fn opened(&self, folder: &Path) -> LabOpened {
        let clock = SessionClock::new(self.clock.clone());
        LabOpened {
            file: self.file.clone(),
            folder: folder.to_owned(),
            clock: self.clock.clone(),
            workers: self.workers.iter().map(|worker| worker.opened(folder, &clock)).collect(),
            steps: self.due_steps(),
        }
    }

    /// For each step the real nanoseconds after the start at which it is due, and what it will do. A step that waits
    /// for the one before counts as due with it, and one at a simulated time as if the clock never jumped.
    fn due_steps(&self) -> Vec<(u64, String)> {
        let mut due_ns = 0;
        let due = |step: &Step| {
            due_ns = match step.when {
                When::At { real } => u64::try_from(real.as_nanos()).unwrap_or(u64::MAX),
                When::LabAt { session } => self.real_ns_until(session),
                When::AllReopened { .. } => due_ns,
            };
            (due_ns, step.to_string())
        };
        self.steps.iter().map(due).collect()
    }

    fn real_ns_until(&self, session: chrono::DateTime<chrono::FixedOffset>) -> u64 {
        let ClockMode::Simulated { start, rate, .. } = self.clock.mode else { return 0 };
        let session_ms = (session - start).num_milliseconds().max(0);
        (session_ms as f64 / rate * 1e6) as u64
    }
}

fn read_text(file: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::Read;
    let mut text = Vec::new();
    std::fs::File::open(file)?.take(LARGEST_FILE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST_FILE {
        return Err(std::io::Error::other("it is larger than 16 MiB, and no lab is"));
    }
    Ok(text)
}
