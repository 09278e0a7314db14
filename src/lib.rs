//! Rotascope shows what happens to log files when several processes write them.

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
