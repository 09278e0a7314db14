//! Wires workers and follower to commands and events, and owns the model.
//!
//! The engine's thread alone changes the model. Whoever draws takes a short read lock; whoever wants something sends a
//! [`Command`] and sees the result as an event in the same model, never earlier than the facts.

mod compare;
mod core;
mod fill;
mod headless;
mod holders;
mod lab_run;
mod launches;
mod operate;
mod report;
mod restore;
mod steps;
mod targets;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

use crossbeam_channel::{Receiver, Sender};

pub use compare::{
    CompareError, CompareOptions, Compared, Comparison, FAULTS, FaultInfo, MOST_PROCESSES, Recovered, Told, compare,
};
pub use headless::{Outcome, RunError, RunOptions, run, stop_and_report};
pub use report::{ExpectationReport, Report, WorkerReport};

use crate::command::Command;
use crate::event::Event;
use crate::follow::Texts;
use crate::lab::{Lab, OwnedFolder};
use crate::model::Model;

/// What an engine works on.
#[derive(Debug)]
pub enum Session {
    /// A lab, in a folder that it owns or may make.
    Lab {
        /// The lab.
        lab: Box<Lab>,
        /// Its folder, claimed before; relative paths of the lab lead there.
        folder: OwnedFolder,
    },
    /// Files and folders of somebody else.
    Watch {
        /// What to follow; may be missing as yet.
        paths: Vec<PathBuf>,
    },
}

/// How an engine reaches the world around it.
pub struct EngineConfig {
    /// The executable that runs workers and the guard: this one, except in tests.
    pub program: PathBuf,
    /// Called after the model has changed, at most once until [`Engine::seen`] is called: the window asks for a frame.
    pub waker: Box<dyn Fn() + Send + Sync>,
}

impl EngineConfig {
    /// This very executable, and nobody to wake.
    ///
    /// # Errors
    /// When the system can't tell where the executable is.
    pub fn quiet() -> std::io::Result<EngineConfig> {
        Ok(EngineConfig { program: std::env::current_exe()?, waker: Box::new(|| {}) })
    }
}

/// Why a session could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The lab's folder can't be used.
    #[error(transparent)]
    Folder(#[from] crate::lab::FolderError),
    /// What is to be followed makes no sense.
    #[error(transparent)]
    Target(#[from] crate::follow::TargetError),
    /// A thread, a process or a temporary file could not be made.
    #[error("can't {what}: {source}")]
    Start {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

/// A running session. Dropping it stops every worker and waits for them, two or three seconds at the most.
pub struct Engine {
    shared: Arc<Shared>,
    commands: Sender<Command>,
    texts: Texts,
    pictures: Receiver<String>,
    thread: Option<JoinHandle<()>>,
}

/// What the engine's thread and the drawing side both hold.
struct Shared {
    model: RwLock<Model>,
    /// Whether the waker was called since the window last looked.
    woken: AtomicBool,
    waker: Box<dyn Fn() + Send + Sync>,
    /// Whether the workers of the lab have come up.
    begun: AtomicBool,
    /// Whether every step of the lab has been carried out.
    steps_over: AtomicBool,
    /// Where events go besides: whoever folds them again has the same model.
    recorder: Option<Sender<Event>>,
}

impl Shared {
    /// A panic of the engine's thread is a defect; what it left is still the best picture there is.
    fn read(&self) -> RwLockReadGuard<'_, Model> {
        self.model.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Model> {
        self.model.write().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn wake(&self) {
        if !self.woken.swap(true, Ordering::AcqRel) {
            (self.waker)();
        }
    }
}

impl Engine {
    /// Opens a session. A lab is ready, not started.
    ///
    /// # Errors
    /// When the lab's folder belongs to somebody else or can't be written, or the system refuses a thread.
    pub fn open(session: Session, config: EngineConfig) -> Result<Engine, EngineError> {
        Engine::open_with(session, config, None)
    }

    /// The same, and every event that the model is told goes to `recorder` too: as long as somebody holds the model's
    /// guard, exactly those have been sent that it was folded from.
    ///
    /// # Errors
    /// As for [`Engine::open`].
    pub fn open_recorded(
        session: Session,
        config: EngineConfig,
        recorder: Sender<Event>,
    ) -> Result<Engine, EngineError> {
        Engine::open_with(session, config, Some(recorder))
    }

    fn open_with(
        session: Session,
        config: EngineConfig,
        recorder: Option<Sender<Event>>,
    ) -> Result<Engine, EngineError> {
        let (commands, orders) = crossbeam_channel::unbounded();
        let (picture_names, pictures) = crossbeam_channel::unbounded();
        let texts = Texts::default();
        let shared = Arc::new(Shared {
            model: RwLock::default(),
            woken: AtomicBool::new(false),
            waker: config.waker,
            begun: AtomicBool::new(false),
            steps_over: AtomicBool::new(false),
            recorder,
        });
        let core =
            core::Core::open(session, config.program, Arc::clone(&shared), texts.clone(), orders, picture_names)?;
        let thread = std::thread::Builder::new()
            .name("engine".to_owned())
            .spawn(move || core.run())
            .map_err(|source| EngineError::Start { what: "start the engine's thread", source })?;
        Ok(Engine { shared, commands, texts, pictures, thread: Some(thread) })
    }

    /// An engine without threads around a given model, for pictures and tests: commands are collected, not obeyed.
    pub fn still(model: Model, texts: Texts) -> (Engine, Receiver<Command>) {
        let (commands, asked) = crossbeam_channel::unbounded();
        let shared = Arc::new(Shared {
            model: RwLock::new(model),
            woken: AtomicBool::new(false),
            waker: Box::new(|| {}),
            begun: AtomicBool::new(false),
            steps_over: AtomicBool::new(false),
            recorder: None,
        });
        (Engine { shared, commands, texts, pictures: crossbeam_channel::never(), thread: None }, asked)
    }

    /// Tells a still engine's model of an event. A running engine tells its own.
    pub fn tell(&self, event: &Event) {
        if self.thread.is_none() {
            self.shared.write().apply(event);
        }
    }

    /// The model as it stands. Hold the guard for one frame at the most: the engine waits for it.
    pub fn model(&self) -> RwLockReadGuard<'_, Model> {
        self.shared.read()
    }

    /// Says that the model is being looked at now: the next change calls the waker again.
    pub fn seen(&self) {
        self.shared.woken.store(false, Ordering::Release);
    }

    /// Gives an order; never blocks.
    pub fn send(&self, command: Command) {
        // Only an engine whose thread has ended does not listen, and then there is nothing left to order.
        let _ = self.commands.send(command);
    }

    /// Access to the text of the files.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// Whether the workers of a lab that was started have come up, or were waited for in vain: from then on the times
    /// of its steps count.
    pub fn has_begun(&self) -> bool {
        self.shared.begun.load(Ordering::Acquire)
    }

    /// Whether every step of the lab has been carried out, or given up.
    pub fn steps_are_over(&self) -> bool {
        self.shared.steps_over.load(Ordering::Acquire)
    }

    /// The names of the pictures that the lab's steps ask for, as they fall due.
    pub fn pictures(&self) -> &Receiver<String> {
        &self.pictures
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        self.send(Command::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
