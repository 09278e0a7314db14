//! Holes: stretches of NUL bytes at the beginning of a line that no writer wrote. No I/O.

use memchr::memchr_iter;

/// So many NUL bytes at the beginning of a line are a hole and no text.
pub(super) const LEAST_HOLE: u64 = 16;

/// Bytes that nobody wrote: a writer that keeps its own position went on there after the file had been cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// The NUL bytes of the line that is not ended yet.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// Where this life begins, if a cut was its beginning: NUL bytes there are a hole, however few.
    cut_at: Option<u64>,
    /// NUL bytes that the line begins with, as long as nothing else has come: a hole perhaps.
    run: u64,
    /// NUL bytes in its text.
    in_text: u64,
    /// NUL bytes with which its text ends so far: room perhaps that was reserved for what comes.
    tail: u64,
    /// Whether something other than NUL bytes has come of it.
    has_text: bool,
    /// The hole at which taking in has stopped.
    found: Option<Hole>,
}

impl Holes {
    /// For a life that begins at a cut.
    pub(super) fn behind_cut(at: u64) -> Holes {
        Holes { cut_at: Some(at), ..Holes::default() }
    }

    /// NUL bytes at the end of what was taken in of which it is not known yet whether they are a hole, or room for what
    /// comes.
    pub(super) fn undecided(&self) -> u64 {
        self.run + self.tail
    }

    /// The hole that was found last and not taken yet.
    pub(super) fn found(&self) -> Option<Hole> {
        self.found
    }

    /// The same, once.
    pub(super) fn take(&mut self) -> Option<Hole> {
        self.found.take()
    }

    /// Whether something other than NUL bytes has come of the line.
    pub(super) fn has_text(&self) -> bool {
        self.has_text
    }

    /// Text has come that has no NUL bytes.
    pub(super) fn see_text(&mut self) {
        self.has_text = true;
    }

    /// Passes over the NUL bytes with which a line begins, and counts those in its text. `bytes` are what there is of
    /// the line from here on, its newline included; it starts at `line_start`. Says how many were passed over.
    pub(super) fn skip(&mut self, bytes: &[u8], line_start: u64) -> usize {
        let leading = if self.has_text { 0 } else { bytes.iter().take_while(|byte| **byte == 0).count() };
        self.run += leading as u64;
        if (leading == bytes.len() && !self.has_text) || self.end_run(line_start) {
            return leading;
        }
        let text = &bytes[leading..];
        let trailing = text.iter().rev().take_while(|byte| **byte == 0).count();
        if trailing == text.len() {
            self.tail += trailing as u64;
            return leading;
        }
        self.count_run();
        self.in_text += (memchr_iter(0, text).count() - trailing) as u64;
        self.tail = trailing as u64;
        self.has_text = true;
        leading
    }

    /// Whether the NUL bytes with which the line begins are a hole, now that they have an end.
    pub(super) fn end_run(&mut self, line_start: u64) -> bool {
        let least = if self.cut_at == Some(line_start) { 1 } else { LEAST_HOLE };
        if self.run < least {
            return false;
        }
        self.found = Some(Hole { offset: line_start, bytes: std::mem::take(&mut self.run) });
        true
    }

    /// Whether the line has begun with NUL bytes and has nothing else so far.
    pub(super) fn is_open(&self) -> bool {
        self.run > 0 && !self.has_text
    }

    /// More NUL bytes, of which is known that they are.
    pub(super) fn pass_over(&mut self, bytes: u64) {
        self.run += bytes;
    }

    /// Takes back what is undecided: something else stands there by now. How much that was.
    pub(super) fn take_back(&mut self) -> u64 {
        std::mem::take(&mut self.run) + std::mem::take(&mut self.tail)
    }

    /// They are none.
    pub(super) fn count_run(&mut self) {
        self.in_text += self.take_back();
    }

    /// The line has ended. How many NUL bytes its text has.
    pub(super) fn end_line(&mut self) -> u64 {
        self.has_text = false;
        std::mem::take(&mut self.in_text)
    }
}
