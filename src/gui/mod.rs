//! The window: draws from the model, sends commands.
//!
//! Panels get a [`Scene`] (what is so) and a [`State`] (what the person has chosen), and ask for things by
//! [`State::ask`]; [`Window`] alone carries requests out, after all panels have been drawn.

mod about;
pub mod action;
mod app;
mod carry_out;
mod compare;
mod deleted_files;
mod dialogs;
mod file_actions;
mod files;
pub mod find;
pub mod fonts;
pub mod icon;
mod ledger_bar;
mod lesson;
pub mod log_view;
mod menu;
mod name_order;
pub mod nest;
mod new_lab;
pub mod open;
mod palette;
mod placing;
pub mod raster;
pub mod screen;
mod select;
mod session;
pub mod settings;
pub mod shot;
pub mod state;
pub mod story;
pub mod telling;
pub mod text;
pub mod theme;
pub mod timeline;
mod toasts;
mod top_bar;
mod trash;
mod welcome;
pub mod widgets;
mod window;
mod workers;
mod workers_text;

pub use app::{GuiError, Options, run};
pub use settings::Settings;
pub use state::{Jump, Request, Scene, Selection, State};
pub use window::Window;
