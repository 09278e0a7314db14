//! What may be done, and what must come of it.

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
}

impl Action {
    pub(crate) fn any(random: &mut Random) -> Action {
        let lines = 1 + random.below(40);
        match random.below(14) {
            0..4 => Action::Write(lines),
            4 | 5 => Action::WriteOld(lines),
            6 | 7 => Action::Rename,
            8 => Action::Delete,
            9 => Action::Truncate,
            10 => Action::Refill(lines),
            11 | 12 => Action::Replace(lines),
            _ => Action::MoveBack,
        }
    }
}

/// One file of the model.
#[derive(Debug, Default)]
pub(crate) struct Inode {
    pub(crate) content: Vec<u8>,
    /// Reachable: at `P` or renamed. The follower finds it even if it came and went between two looks.
    pub(crate) named: bool,
    /// Emptied since the last look.
    pub(crate) emptied: bool,
    /// The life that is being read, once the follower holds it, and how much of it was there at the last look.
    pub(crate) life: Option<usize>,
}

/// What the follower must have seen.
#[derive(Debug, Default)]
pub(crate) struct Model {
    pub(crate) inodes: Vec<Inode>,
    /// Everything that must have been read, life by life.
    pub(crate) lives: Vec<Vec<u8>>,
    pub(crate) truncations: usize,
}

impl Model {
    /// The follower looks at everything.
    pub(crate) fn look(&mut self) {
        for inode in &mut self.inodes {
            let emptied = std::mem::take(&mut inode.emptied);
            let Some(life) = inode.life else {
                if inode.named {
                    inode.life = Some(self.lives.len());
                    self.lives.push(inode.content.clone());
                }
                continue;
            };
            let was_read = !self.lives[life].is_empty();
            if emptied && was_read {
                self.truncations += 1;
                inode.life = Some(self.lives.len());
                self.lives.push(inode.content.clone());
            } else {
                self.lives[life].clone_from(&inode.content);
            }
        }
    }
}
