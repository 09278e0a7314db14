//! Wires workers and follower to commands and events, and owns the model.
//!
//! The engine's thread alone changes the model. Whoever draws takes a short read lock; whoever wants something sends a
//! [`Command`] and sees the result as an event in the same model, never earlier than the facts.

use std::path::PathBuf;
use std::sync::{Arc, RwLock, RwLockReadGuard};

use crossbeam_channel::Sender;

use crate::command::Command;
use crate::follow::Texts;
use crate::model::Model;

/// How an engine reaches the world around it.
pub struct EngineConfig {
    /// The executable that runs workers and the guard: this one, except in tests.
    pub program: PathBuf,
    /// Called after the model has changed, at most once until [`Engine::seen`] is called: the window asks for a frame.
    pub waker: Box<dyn Fn() + Send + Sync>,
}

/// A running session.
pub struct Engine {
    model: Arc<RwLock<Model>>,
    commands: Sender<Command>,
    texts: Texts,
}

impl Engine {
    /// The model as it stands. Hold the guard for one frame at the most.
    pub fn model(&self) -> RwLockReadGuard<'_, Model> {
        // A panic of the engine's thread is a defect; what it left is still the best picture there is.
        self.model.read().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Gives an order; never blocks.
    pub fn send(&self, command: Command) {
        let _ = self.commands.send(command);
    }

    /// Access to the text of the files.
    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    /// An engine without threads around a given model, for pictures and tests: commands are collected, not obeyed.
    pub fn still(model: Model, texts: Texts) -> (Engine, crossbeam_channel::Receiver<Command>) {
        let (commands, asked) = crossbeam_channel::unbounded();
        (Engine { model: Arc::new(RwLock::new(model)), commands, texts }, asked)
    }
}
