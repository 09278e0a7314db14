//! A program of the user's own as a worker, as its parent holds it: started, stopped, ended and seen from outside.
//!
//! It knows nothing of Rotascope, so all that is asked of it are signals. They go to its process group, and to whatever
//! has left that and still bears the mark in its environment with which the program was started.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;

use super::guard::Guard;
use super::lookout::{Disturbed, Lookout};
use super::process::{hand_over, lock};
use crate::clock::{Moment, Mono};
use crate::event::{Event, Exit, FileId, LaunchId, What, WorkerEvent, WorkerId};
use crate::platform::{self, ChildChange, OpenFile, ProcessSignal};

/// The variable that holds the lab's folder.
const FOLDER: &str = "ROTASCOPE_FOLDER";
/// The variable that marks a program and all that comes of it.
const MARK: &str = "ROTASCOPE_WORKER";
/// How long what a program has left behind may take to end.
const LEFT_BEHIND: Duration = Duration::from_secs(2);
/// How often it is looked whether it has.
const LOOK: Duration = Duration::from_millis(10);

/// A program to start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProgramPlan {
    /// Its name as a worker.
    pub name: String,
    /// The program and its arguments.
    pub words: Vec<OsString>,
    /// The lab's folder, where it starts and where its logs are looked for. Free of symbolic links.
    pub folder: PathBuf,
    /// The file that its standard output and error are appended to.
    pub output: PathBuf,
}

/// A running program and its two threads: one waits for its end, one looks at its files.
pub(super) struct ProgramProcess {
    pub(super) pid: u32,
    /// When it is to be killed if it has not ended by itself.
    pub(super) deadline: Option<Mono>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

/// What the threads share about one program.
pub(super) struct Shared {
    worker: WorkerId,
    pub(super) pid: u32,
    /// `NAME=value`, as it stands in the environment of all that came of it.
    pub(super) mark: String,
    hold: Mutex<Hold>,
    /// Whether the process id may be somebody else's by now. Whoever signals holds the lock.
    reaped: Mutex<bool>,
    asked: AtomicBool,
    /// Everything about it has been handed over.
    finished: AtomicBool,
    /// Nobody takes events any more.
    abandoned: AtomicBool,
    /// What it held at the last look.
    pub(super) held: Mutex<Vec<OpenFile>>,
    pub(super) disturbed: Mutex<Disturbed>,
    lookout: Mutex<Option<Lookout>>,
}

/// Why a program was stopped, and what was told of it. A pause and a freeze are both a SIGSTOP.
#[derive(Default)]
struct Hold {
    paused: bool,
    frozen: bool,
    told: Option<WorkerEvent>,
}

/// What is needed to start a program.
pub(super) struct StartProgram<'a> {
    pub(super) worker: WorkerId,
    pub(super) launch: LaunchId,
    pub(super) plan: &'a ProgramPlan,
    pub(super) events: &'a Sender<Event>,
    pub(super) guard: &'a Arc<Mutex<Guard>>,
}

impl StartProgram<'_> {
    /// Starts it.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn run(&self) -> Result<ProgramProcess, String> {
        let token = RandomState::new().hash_one((self.launch, std::process::id()));
        let mark = format!("{MARK}={:08x}-{token:016x}", self.launch.0);
        let marked = lock(self.guard).add_marked(&mark);
        marked.map_err(|error| format!("the guard process can't be started: {error}"))?;
        let process = self.spawn(&mark).and_then(|child| self.watch(child, &mark));
        process.inspect_err(|_| {
            platform::signal_processes_with(&mark, ProcessSignal::Kill, None);
            lock(self.guard).retire_marked(&mark);
        })
    }

    fn spawn(&self, mark: &str) -> Result<Child, String> {
        let folder = &self.plan.folder;
        if !folder.is_dir() {
            return Err(format!("the lab's folder {} is gone; open the lab again", folder.display()));
        }
        let output = self.output().map_err(|error| {
            format!("its output can't be kept in {}: {error}; remove what is in the way", self.plan.output.display())
        });
        let (out, err) = output?;
        let (program, arguments) = self.plan.words.split_first().ok_or("its command is empty; write a program")?;
        let mut command = Command::new(program);
        command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(out).stderr(err);
        command.env(FOLDER, folder).env(MARK, mark.strip_prefix(MARK).map_or(mark, |value| &value[1..]));
        platform::in_own_group(&mut command);
        let mut child = command.spawn().map_err(|error| {
            let remedy = match error.kind() {
                io::ErrorKind::NotFound => "write one that is installed, or a file beside the lab file",
                io::ErrorKind::PermissionDenied => {
                    "make it executable, or write the program that runs it before it, like [\"python3\", \"app.py\"]"
                }
                _ => "try the command in a terminal",
            };
            format!("{} can't be started: {error}; {remedy}", program.display())
        })?;
        if let Err(error) = lock(self.guard).add(child.id()) {
            lock(self.guard).retire(child.id());
            let _ = platform::signal_group(child.id(), ProcessSignal::Kill);
            let _ = child.wait();
            return Err(format!("the guard process can't be told of it: {error}"));
        }
        Ok(child)
    }

    fn output(&self) -> io::Result<(File, File)> {
        if let Some(folder) = self.plan.output.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let file = OpenOptions::new().append(true).create(true).open(&self.plan.output)?;
        Ok((file.try_clone()?, file))
    }

    fn watch(&self, child: Child, mark: &str) -> Result<ProgramProcess, String> {
        let pid = child.id();
        let shared = Arc::new(Shared {
            worker: self.worker,
            pid,
            mark: mark.to_owned(),
            hold: Mutex::default(),
            reaped: Mutex::new(false),
            asked: AtomicBool::new(false),
            finished: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            held: Mutex::default(),
            disturbed: Mutex::default(),
            lookout: Mutex::default(),
        });
        // Before its end can be seen, so that it is there to be ended then. Without it nothing is told of files.
        *lock(&shared.lookout) = Lookout::start(&shared, self.plan, self.events).ok();
        let (with, events, guard) = (Arc::clone(&shared), self.events.clone(), Arc::clone(self.guard));
        let name = format!("program {}", self.plan.name);
        let thread = thread::Builder::new().name(name).spawn(move || watch(&with, child, &events, &guard));
        let thread = thread.map_err(|error| {
            let lookout = lock(&shared.lookout).take();
            drop(lookout);
            let _ = platform::signal_group(pid, ProcessSignal::Kill);
            platform::reap(pid);
            lock(self.guard).retire(pid);
            format!("the system gives no thread to watch it: {error}")
        })?;
        Ok(ProgramProcess { pid, deadline: None, shared, thread: Some(thread) })
    }
}

impl ProgramProcess {
    /// Lets it write nothing until it is resumed.
    pub(super) fn pause(&self) -> io::Result<Option<WorkerEvent>> {
        let mut hold = lock(&self.shared.hold);
        hold.paused = true;
        if !hold.frozen {
            self.shared.reach(ProcessSignal::Stop)?;
        }
        Ok(None)
    }

    /// Lets it write again, unless it is frozen.
    pub(super) fn resume(&self) -> io::Result<Option<WorkerEvent>> {
        let mut hold = lock(&self.shared.hold);
        hold.paused = false;
        if !hold.frozen {
            self.shared.reach(ProcessSignal::Continue)?;
        }
        Ok(None)
    }

    /// Stops it where it stands.
    pub(super) fn freeze(&self) -> io::Result<Option<WorkerEvent>> {
        let mut hold = lock(&self.shared.hold);
        hold.frozen = true;
        if hold.told == Some(WorkerEvent::Paused) {
            hold.told = Some(WorkerEvent::Stopped);
            return Ok(Some(WorkerEvent::Stopped));
        }
        self.shared.reach(ProcessSignal::Stop)?;
        Ok(None)
    }

    /// Lets a frozen one go on, unless it is paused.
    pub(super) fn thaw(&self) -> io::Result<Option<WorkerEvent>> {
        let mut hold = lock(&self.shared.hold);
        hold.frozen = false;
        if hold.paused && hold.told.is_some() {
            hold.told = Some(WorkerEvent::Paused);
            return Ok(Some(WorkerEvent::Continued));
        }
        self.shared.reach(ProcessSignal::Continue)?;
        Ok(None)
    }

    /// Tells it to end in good order; a stopped one goes on for that. It is killed at the deadline.
    pub(super) fn ask_to_end(&mut self, bound: Duration) {
        self.shared.asked.store(true, Ordering::Release);
        if self.deadline.is_none() {
            self.deadline = Some(Mono::now().plus_ns(bound.as_nanos() as u64));
            let _ = self.shared.reach(ProcessSignal::Terminate);
        }
        let _ = self.shared.reach(ProcessSignal::Continue);
    }

    /// Signals its whole group.
    ///
    /// # Errors
    /// The system's; `NotFound` if it has ended.
    pub(super) fn signal(&self, signal: ProcessSignal) -> io::Result<Option<WorkerEvent>> {
        self.shared.signal_group(signal).map(|()| None)
    }

    /// Ends it and all that came of it at once.
    pub(super) fn kill(&self) {
        let _ = self.shared.reach(ProcessSignal::Kill);
    }

    /// Whether anything may still come from it.
    pub(super) fn is_running(&self) -> bool {
        !self.shared.finished.load(Ordering::Acquire)
    }

    /// Something has happened to files: look soon.
    pub(super) fn nudge(&self) {
        if let Some(lookout) = lock(&self.shared.lookout).as_ref() {
            lookout.nudge();
        }
    }

    /// Rotascope itself is about to do something to the file at a path, which is then no rollover of the program's.
    pub(super) fn disturb(&self, note: impl FnOnce(&mut Disturbed)) {
        note(&mut lock(&self.shared.disturbed));
    }

    /// The process and the descriptor that hold a file, as of the last look.
    pub(super) fn holder(&self, file: FileId) -> Option<(u32, i32)> {
        let held = lock(&self.shared.held);
        held.iter().find(|one| one.file_id == file).map(|one| (one.pid, one.descriptor))
    }

    /// Ends it for good: nobody takes its events any more.
    pub(super) fn abandon(&mut self) {
        self.shared.abandoned.store(true, Ordering::Release);
        self.ask_to_end(Duration::ZERO);
    }

    /// Waits for its thread. Call it when the program has ended or was killed.
    pub(super) fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Waits for the program to stop, go on and end, and tells so.
fn watch(shared: &Shared, mut child: Child, events: &Sender<Event>, guard: &Mutex<Guard>) {
    loop {
        match platform::wait_for_change(shared.pid).unwrap_or(ChildChange::Ended) {
            ChildChange::Stopped => {
                let mut hold = lock(&shared.hold);
                let paused = hold.paused && !hold.frozen;
                let event = if paused { WorkerEvent::Paused } else { WorkerEvent::Stopped };
                hold.told = Some(event.clone());
                drop(hold);
                shared.tell(events, Moment::now(), event);
            }
            ChildChange::Continued => {
                let told = lock(&shared.hold).told.take();
                let resumed = told == Some(WorkerEvent::Paused);
                let event = if resumed { WorkerEvent::Resumed } else { WorkerEvent::Continued };
                shared.tell(events, Moment::now(), event);
            }
            ChildChange::Ended => break,
        }
    }
    let at = Moment::now();
    shared.end_what_is_left();
    // Its thread takes events too, and none may come after the end.
    let lookout = lock(&shared.lookout).take();
    drop(lookout);
    {
        let mut guard = lock(guard);
        guard.retire(shared.pid);
        guard.retire_marked(&shared.mark);
    }
    let exit = {
        let mut reaped = lock(&shared.reaped);
        *reaped = true;
        child.wait().map_or(Exit::Code(-1), platform::exit_of)
    };
    let asked = shared.asked.load(Ordering::Acquire);
    shared.tell(events, at, WorkerEvent::Exited { exit, asked });
    shared.finished.store(true, Ordering::Release);
}

impl Shared {
    fn signal_group(&self, signal: ProcessSignal) -> io::Result<()> {
        let reaped = lock(&self.reaped);
        if *reaped {
            return Err(io::ErrorKind::NotFound.into());
        }
        platform::signal_group(self.pid, signal)
    }

    /// Signals its group and whatever has left that.
    fn reach(&self, signal: ProcessSignal) -> io::Result<()> {
        let group = self.signal_group(signal);
        platform::signal_processes_with(&self.mark, signal, Some(self.pid));
        group
    }

    /// The program has ended; what came of it may not go on without it. Asks it to end, and after a while kills it.
    fn end_what_is_left(&self) {
        let begun = Instant::now();
        // A second SIGTERM makes many a program give up its good order.
        if !self.asked.load(Ordering::Acquire) {
            let _ = self.reach(ProcessSignal::Terminate);
        }
        let _ = self.reach(ProcessSignal::Continue);
        while begun.elapsed() < LEFT_BEHIND
            && !self.abandoned.load(Ordering::Acquire)
            && !platform::processes_with(&self.mark).is_empty()
        {
            thread::sleep(LOOK);
        }
        let _ = self.signal_group(ProcessSignal::Kill);
        platform::kill_processes_with(&std::collections::BTreeSet::from([self.mark.clone()]), LEFT_BEHIND);
    }

    pub(super) fn tell(&self, events: &Sender<Event>, at: Moment, event: WorkerEvent) {
        let event = Event { at, what: What::Worker { worker: self.worker, event } };
        hand_over(events, event, &self.abandoned);
    }
}
