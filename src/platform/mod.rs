//! Everything that differs between systems, behind one interface.

#[cfg(unix)]
mod unix;
#[cfg(unix)]
pub use unix::*;
