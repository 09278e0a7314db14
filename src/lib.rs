//! Rotascope shows what happens to log files when several processes write them.
//!
//! A log *path* is not a log *file*: `2026-11-23.log` may be five different files in one afternoon. Each of those lives
//! is an *incarnation*, and everything here turns on telling them apart.
//!
//! ```text
//! lab file -> engine -> worker processes -> log files -> follower -> events -> model -> window, ledger
//!                ^                                                                         |
//!                +--------------------------------- commands ------------------------------+
//! ```
//!
//! | module | what it does | rests on |
//! |---|---|---|
//! | [`platform`] | what differs between systems; what a file's identity is | - |
//! | [`clock`] | the two times: real monotonic time, which orders and measures, and the session's, which labels | `platform` |
//! | [`record`] | one log line: its text by format, its level, and the stamp by which it is judged again | - |
//! | [`event`] | what happened | `clock`, `record` |
//! | [`command`] | what is asked | `event` |
//! | [`handler`] | one way of keeping a log file, each | `clock`, `event` |
//! | [`worker`] | starts, feeds and ends the processes that write, each through a handler | `handler`, `record` |
//! | [`follow`] | reads the files as they grow, across whatever happens to them, and tells it as events | `event`, `record` |
//! | [`model`] | a pure fold over the events: incarnations, lines, workers, timeline, and the ledger of every line | `event` |
//! | [`lab`] | reads what is to run: handlers, workers, the clock, steps; owns the folder it runs in | `worker`, `command` |
//! | [`engine`] | owns the model, passes commands on, and reacts to events | all of them |
//! | `gui` | draws from the model and sends commands (a feature, on by default) | `engine` |
//! | [`terminal`] | `rotascope follow`: exact bytes, or lines and events as JSON | `follow` |
//! | [`cli`] | what is asked on the command line | `lab`, `engine`, `follow` |
//!
//! What holds everywhere:
//!
//! - `model` does no I/O, has no threads and asks no clock. Replayed events give the same model.
//! - `follow` knows neither workers nor windows; nothing but `gui` knows of a screen, so the same engine runs in scripts
//!   and on servers.
//! - Panels never show more than has happened: a click is a command, and what comes of it is an event.
//! - The disk is the buffer: the model keeps an index into files, never their text.
//! - A notification is a hint. What is so is what the descriptor and the path say when they are looked at.
//! - No log file is ever mapped into memory, locked, or kept from its writers.

pub mod cli;
pub mod clock;
pub mod command;
pub mod engine;
pub mod event;
pub mod follow;
#[cfg(feature = "gui")]
pub mod gui;
pub mod handler;
pub mod lab;
pub mod model;
pub mod platform;
pub mod record;
pub mod terminal;
pub mod worker;

// The made-up session is the tests' own, and speaks of this crate by its name.
#[cfg(all(test, feature = "gui"))]
extern crate self as rotascope;
#[cfg(all(test, feature = "gui"))]
#[path = "../tests/sample/mod.rs"]
mod sample;
