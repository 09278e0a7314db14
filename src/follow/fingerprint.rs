//! What is kept of the content of a file while it is read, to know it again: its beginning, and samples of it. No I/O.

/// How many bytes a rung covers.
pub(super) const RUNG_BYTES: usize = 64;

/// As much of a file's beginning is kept as it is: before the first rung nothing else tells a cut from a refill.
pub(super) const BEGINNING_BYTES: usize = 256;

/// Rungs are never further apart than this, but for the length of a line.
const FURTHEST: u64 = 64 << 10;

/// A sample of the content just before a line: tells after a truncation how much of the file is still the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    pub(super) offset: u64,
    pub(super) hash: u64,
}

/// FNV-1a; short input, no adversary.
pub(super) fn hash_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The beginning of a file and rungs all over it, as far as it has been read.
#[derive(Debug)]
pub(super) struct Fingerprint {
    /// The first bytes of the file, as far as they have been read.
    beginning: Vec<u8>,
    rungs: Vec<Rung>,
    /// The next rung stands at the first line that starts here or later.
    next_rung: u64,
}

impl Fingerprint {
    pub(super) fn new() -> Fingerprint {
        Fingerprint { beginning: Vec::new(), rungs: Vec::new(), next_rung: RUNG_BYTES as u64 }
    }

    /// What is left of it when the file is cut.
    pub(super) fn cut_to(&self, size: u64) -> Fingerprint {
        let rungs: Vec<Rung> = self.rungs.iter().copied().take_while(|rung| rung.offset <= size).collect();
        let known = usize::try_from(size).map_or(self.beginning.len(), |size| size.min(self.beginning.len()));
        Fingerprint {
            beginning: self.beginning[..known].to_vec(),
            next_rung: rungs.last().map_or(RUNG_BYTES as u64, |rung| rung_after(rung.offset)),
            rungs,
        }
    }

    /// The first bytes of the file.
    pub(super) fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    pub(super) fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// For a life that starts in the midst of a file: how that begins.
    pub(super) fn recall_beginning(&mut self, beginning: &[u8]) {
        self.beginning = beginning.to_vec();
    }

    /// `block` stands at `offset`.
    pub(super) fn learn_beginning(&mut self, offset: u64, block: &[u8]) {
        if offset == self.beginning.len() as u64 {
            let room = BEGINNING_BYTES.saturating_sub(self.beginning.len()).min(block.len());
            self.beginning.extend_from_slice(&block[..room]);
        }
    }

    /// A line starts at `line_start`. `window` stands at `window_start`.
    pub(super) fn pass_line(&mut self, line_start: u64, window: &[u8], window_start: u64) {
        if line_start < self.next_rung {
            return;
        }
        // A line that began in an earlier block may have its start outside the window: the next line will do.
        let sample = line_start.checked_sub(window_start).and_then(|at| {
            let at = usize::try_from(at).ok()?;
            window.get(at.checked_sub(RUNG_BYTES)?..at)
        });
        if let Some(sample) = sample.filter(|sample| sample.iter().any(|byte| *byte != 0)) {
            self.rungs.push(Rung { offset: line_start, hash: hash_of(sample) });
            self.next_rung = rung_after(line_start);
        }
    }
}

/// Close together at the beginning: small files are cut and refilled too.
fn rung_after(offset: u64) -> u64 {
    offset + offset.min(FURTHEST)
}
