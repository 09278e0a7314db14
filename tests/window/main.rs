//! The window, worked by the names of its controls as a screen reader gives them; its orders to the engine; its looks.
#![cfg(feature = "gui")]
#![allow(clippy::unwrap_used, missing_docs)]

mod compare;
mod files;
mod lab;
mod log;
mod looks;
mod pictures;
#[path = "../sample/mod.rs"]
mod sample;
mod shell;
mod stage;
mod view;
