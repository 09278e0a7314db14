//! What must come of what was done: the least and the most that a follower can have read of each life of each file.

use std::ops::RangeInclusive;

/// Whether a file that the follower does not hold will be found by its next look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// No name leads to it.
    No,
    /// It has a name, and nothing tells that it was ever at `P`.
    Maybe,
    /// It is at `P`, or was seen going from there.
    Yes,
}

/// One file.
#[derive(Debug)]
pub(crate) struct Inode {
    pub(crate) reach: Reach,
    /// Whether the follower holds it.
    held: Reach,
    /// What is in it now, among the generations.
    generation: usize,
    /// It came back to `P` after the last look: nobody has seen it there.
    is_back: bool,
    /// Emptied since the last look, after something had been read of it.
    cut: bool,
    /// Generations that copies were made of since the last look.
    copied: Vec<usize>,
}

/// What was in a file from its creation, or from being emptied, to being emptied.
#[derive(Debug, Default)]
pub(crate) struct Generation {
    pub(crate) content: Vec<u8>,
    /// So many bytes must have been read, and no more than that may have been.
    pub(crate) must: usize,
    pub(crate) may: usize,
    /// What was at `P` before it began there, in files that the follower held by then, the last one last, and how much
    /// each had when the one after it came: so much of it is read before the first byte of this one.
    pub(crate) before: Vec<(usize, usize)>,
    /// It may have been read from a copy alone, of a file that was no longer at `P`: nothing tells when it was there.
    pub(crate) unordered: bool,
}

/// A generation at `P`.
#[derive(Debug)]
struct Stay {
    generation: usize,
    /// The file that it is in, or was.
    inode: usize,
    /// How much it had when the next one came.
    had: usize,
}

/// What the follower must have seen.
#[derive(Debug)]
pub(crate) struct Model {
    pub(crate) inodes: Vec<Inode>,
    pub(crate) generations: Vec<Generation>,
    /// The generations that have been at `P`, in the order in which they came there last.
    at_path: Vec<Stay>,
    /// How many truncations must have been told.
    pub(crate) truncations: RangeInclusive<usize>,
    /// How many files must have been told that came to `P` and went unseen.
    pub(crate) missed: RangeInclusive<usize>,
}

impl Model {
    pub(crate) fn new() -> Model {
        Model { inodes: Vec::new(), generations: Vec::new(), at_path: Vec::new(), truncations: 0..=0, missed: 0..=0 }
    }

    pub(crate) fn make(&mut self, reach: Reach) -> usize {
        let generation = self.begin_generation();
        self.inodes.push(Inode { reach, held: Reach::No, generation, is_back: false, cut: false, copied: Vec::new() });
        self.inodes.len() - 1
    }

    /// A file has come to `P`, or what is there was emptied.
    pub(crate) fn come_to_path(&mut self, inode: usize) {
        let generation = self.inodes[inode].generation;
        let earlier = self.at_path.len();
        if let Some(last) = self.at_path.last_mut() {
            last.had = self.generations[last.generation].content.len();
        }
        self.at_path.retain(|stay| stay.generation != generation);
        if self.at_path.len() == earlier && !self.inodes[inode].is_back {
            let seen = |stay: &&Stay| self.inodes[stay.inode].held == Reach::Yes && !self.inodes[stay.inode].is_back;
            let held = self.at_path.iter().filter(seen);
            self.generations[generation].before = held.map(|stay| (stay.generation, stay.had)).collect();
        }
        self.at_path.push(Stay { generation, inode, had: 0 });
    }

    /// A file has come to `P` that was there before.
    pub(crate) fn come_back(&mut self, inode: usize) {
        self.inodes[inode].is_back = true;
        self.come_to_path(inode);
    }

    pub(crate) fn write(&mut self, inode: usize, text: &[u8]) {
        self.generations[self.inodes[inode].generation].content.extend_from_slice(text);
    }

    pub(crate) fn empty(&mut self, inode: usize) {
        let next = self.begin_generation();
        let inode = &mut self.inodes[inode];
        inode.cut |= self.generations[inode.generation].may > 0;
        inode.generation = next;
    }

    /// A copy is made of what is in the file.
    pub(crate) fn copy(&mut self, inode: usize) {
        let inode = &mut self.inodes[inode];
        inode.copied.push(inode.generation);
    }

    /// A file loses the name that `P` has given it.
    pub(crate) fn lose(&mut self, inode: usize, reach: Reach, is_heard: bool) {
        let inode = &mut self.inodes[inode];
        inode.reach = reach;
        if inode.held == Reach::No {
            self.may_be_missed(is_heard);
        }
    }

    /// Something has gone from `P` before the follower saw it.
    pub(crate) fn may_be_missed(&mut self, surely: bool) {
        let (least, most) = self.missed.clone().into_inner();
        self.missed = least + usize::from(surely)..=most + 1;
    }

    /// The follower looks at everything. `at_path` is the file to which `P` leads now.
    pub(crate) fn look(&mut self, at_path: Option<usize>) {
        let (mut least, mut most) = self.truncations.clone().into_inner();
        for (number, inode) in self.inodes.iter_mut().enumerate() {
            inode.is_back &= at_path != Some(number);
            let cut = std::mem::take(&mut inode.cut);
            least += usize::from(cut && inode.held == Reach::Yes);
            most += usize::from(cut);
            inode.held = inode.held.max(inode.reach);
            let found = inode.held == Reach::Yes;
            for copied in inode.copied.drain(..) {
                let surely = found && at_path == Some(number);
                self.generations[copied].read(surely);
                self.generations[copied].unordered |= !surely;
            }
            if inode.held > Reach::No {
                self.generations[inode.generation].read(found);
            }
        }
        self.truncations = least..=most;
    }

    fn begin_generation(&mut self) -> usize {
        self.generations.push(Generation::default());
        self.generations.len() - 1
    }
}

impl Generation {
    /// All of it may be read, or must.
    fn read(&mut self, surely: bool) {
        self.may = self.content.len();
        if surely {
            self.must = self.may;
        }
    }
}
