//! What may be done to the followed path.

/// Splitmix64: the same sequence for a seed everywhere.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound
    }
}

/// One thing done to the followed path `P` or a file that was there.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Action {
    /// Appends lines to `P`, which is created if it is missing.
    Write(u64),
    /// Appends lines to the file that left `P` last, whatever has become of it.
    WriteOld(u64),
    /// Renames `P` to a name that was never used.
    Rename,
    /// Removes `P`.
    Delete,
    /// Empties `P`.
    Truncate,
    /// Empties `P` and writes lines at once.
    Refill(u64),
    /// Puts another file over `P` by rename.
    Replace(u64),
    /// Gives `P` back to the file that was renamed last, if `P` is free.
    MoveBack,
    /// Copies `P` and empties it.
    CopyTruncate,
    /// Removes the folder with all that is in it. Whatever is made next makes it anew.
    RemoveFolder,
    /// Lets `P` be a link to another file outside of the folder, which is made with so many lines; with none it is
    /// missing until somebody writes.
    Retarget(u64),
}

impl Action {
    pub(crate) fn any(random: &mut Random) -> Action {
        let lines = 1 + random.below(40);
        match random.below(20) {
            0..6 => Action::Write(lines),
            6 | 7 => Action::WriteOld(lines),
            8 | 9 => Action::Rename,
            10 => Action::Delete,
            11 => Action::Truncate,
            12 => Action::Refill(lines),
            13 | 14 => Action::Replace(lines),
            15 => Action::MoveBack,
            16 | 17 => Action::CopyTruncate,
            18 => Action::RemoveFolder,
            _ => Action::Retarget(lines.saturating_sub(10)),
        }
    }
}
