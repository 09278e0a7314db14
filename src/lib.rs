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
//! - [`lab`] reads what is to run: handlers, workers, the clock, steps. [`cli`] reads what is asked on the command line.
//! - [`worker`] starts, feeds and ends the processes that write, each through a [`handler`], which is one way of
//!   keeping a log file. [`record`] forms their lines and judges them again by the stamp that ends each.
//! - [`follow`] reads the files as they grow, across whatever happens to them, and tells it as [`event`]s.
//! - [`model`] is a pure fold over those events: incarnations, lines, workers, timeline, and the ledger that accounts for
//!   every line. Replayed events give the same model.
//! - [`engine`] owns the model, passes [`command`]s on, and reacts to events. The `gui` (a feature, on by default) draws
//!   from the model and sends commands; panels never show more than has happened.
//! - [`clock`] has the two times: real monotonic time, which orders and measures, and the session's, which labels.
//! - [`platform`] holds what differs between systems.
//!
//! `model` does no I/O, has no threads and asks no clock; `follow` knows neither workers nor windows; nothing but `gui`
//! knows of a screen, so the same engine runs in scripts and on servers.

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
#[cfg(debug_assertions)]
pub mod sample;
pub mod wire_path;
pub mod worker;
