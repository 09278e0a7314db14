//! Breaks the follower on purpose, in builds with debug assertions alone: it shows that the tests can fail.
//!
//! `ROTASCOPE_SABOTAGE` names the way.

/// One way of being wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sabotage {
    /// A file that was emptied and refilled is taken for one that grew.
    Refill,
    /// A file that is shorter than it was is not looked at.
    Shorter,
    /// What comes to an unlinked file is not read.
    Unlinked,
    /// Files that came and went between two looks are not looked for.
    Middles,
    /// What comes to a path is read before all has been read that was there.
    Gates,
    /// The first byte of what is read is dropped.
    FirstByte,
}

#[cfg(debug_assertions)]
impl Sabotage {
    /// Whether the follower is to be wrong in this way.
    pub(super) fn is_on(self) -> bool {
        static ON: std::sync::OnceLock<Option<Sabotage>> = std::sync::OnceLock::new();
        *ON.get_or_init(|| {
            Some(match std::env::var("ROTASCOPE_SABOTAGE").ok()?.as_str() {
                "refill" => Sabotage::Refill,
                "shorter" => Sabotage::Shorter,
                "unlinked" => Sabotage::Unlinked,
                "middles" => Sabotage::Middles,
                "gates" => Sabotage::Gates,
                "first_byte" => Sabotage::FirstByte,
                _ => return None,
            })
        }) == Some(self)
    }
}

#[cfg(not(debug_assertions))]
impl Sabotage {
    /// Never in a build for use.
    pub(super) fn is_on(self) -> bool {
        false
    }
}
