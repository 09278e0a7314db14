//! `rotascope`: see what happens to log files when several processes write them.
fn main() {}
