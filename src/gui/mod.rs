//! The window: draws from the model, sends commands.
//!
//! Panels get a [`Scene`] (what is so) and a [`State`] (what the person has chosen), and ask for things by
//! [`State::ask`]; [`Window`] alone carries requests out, after all panels have been drawn.

pub mod action;
pub mod fonts;
pub mod icon;
pub mod log_view;
pub mod raster;
pub mod screen;
pub mod settings;
pub mod state;
pub mod text;
pub mod theme;
pub mod timeline;
pub mod widgets;
mod window;

pub use settings::Settings;
pub use state::{Jump, Request, Scene, Selection, State};
pub use window::Window;
