//! The window, worked by the names of its controls as a screen reader gives them; its orders to the engine; its looks.
//!
//! Needs the made-up session of development builds.
#![cfg(all(feature = "gui", debug_assertions))]
#![allow(clippy::unwrap_used, missing_docs)]

mod files;
mod lab;
mod log;
mod looks;
mod pictures;
mod shell;
mod stage;
mod view;
