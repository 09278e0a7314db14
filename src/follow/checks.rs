//! Checkpoints of a content: a running hash of all of it, kept at the starts of lines. They tell after a cut, to the
//! line, how much of a file is still what was read, whatever was appended since. No I/O.

/// More than this are thinned out: every second one goes.
const MOST: usize = 1024;

/// A multiplier without a pattern in its bits; short input, no adversary.
const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;

/// A hash of all bytes up to an offset. In however many pieces they come, it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) offset: u64,
    state: u64,
    /// The bytes since the last offset that is a multiple of eight.
    tail: u64,
}

impl Running {
    fn from(offset: u64) -> Running {
        Running { offset, state: FACTOR, tail: 0 }
    }

    /// Takes in what comes next.
    pub(super) fn take_in(&mut self, bytes: &[u8]) {
        let missing = ((8 - self.offset % 8) % 8) as usize;
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        head.iter().for_each(|byte| self.take_byte(*byte));
        let (words, rest) = rest.as_chunks::<8>();
        for word in words {
            self.mix(u64::from_le_bytes(*word));
        }
        self.offset += 8 * words.len() as u64;
        rest.iter().for_each(|byte| self.take_byte(*byte));
    }

    fn take_byte(&mut self, byte: u8) {
        self.tail |= u64::from(byte) << (8 * (self.offset % 8));
        self.offset += 1;
        if self.offset.is_multiple_of(8) {
            let word = std::mem::take(&mut self.tail);
            self.mix(word);
        }
    }

    fn mix(&mut self, word: u64) {
        self.state = (self.state ^ word).wrapping_mul(FACTOR).rotate_left(29);
    }
}

/// A checkpoint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) running: Running,
    /// Whether it goes on from the one before it; what stands between others is not known.
    pub(super) is_joined: bool,
}

/// The checkpoints of a life, from where it is read on.
#[derive(Debug)]
pub(super) struct Checks {
    running: Running,
    /// In their order; the first is where reading began.
    points: Vec<Point>,
    /// Each so many-th line has one.
    every: u32,
    /// Lines without one since the last.
    passed: u32,
}

impl Checks {
    pub(super) fn from(offset: u64) -> Checks {
        let mut checks = Checks { running: Running::from(offset), points: Vec::new(), every: 1, passed: 0 };
        checks.begin_anew(offset);
        checks
    }

    /// Goes on at another offset: what stands before it is not known.
    pub(super) fn begin_anew(&mut self, offset: u64) {
        self.running = Running::from(offset);
        self.points.push(Point { running: self.running, is_joined: false });
    }

    /// What is left of them when the file is cut.
    pub(super) fn cut_to(&self, size: u64) -> Checks {
        let left = self.points.partition_point(|point| point.running.offset <= size);
        let points = self.points[..left].to_vec();
        let running = points.last().map_or(self.running, |last| last.running);
        let mut checks = Checks { running, points, every: self.every, passed: 0 };
        if running.offset != size || checks.points.is_empty() {
            checks.begin_anew(size);
        }
        checks
    }

    /// Takes in all of `window`, which stands at `start`, up to an offset.
    pub(super) fn take_in(&mut self, window: &[u8], start: u64, end: u64) {
        let at = self.running.offset.checked_sub(start).and_then(|at| usize::try_from(at).ok());
        let to = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
        match at.and_then(|at| window.get(at..to)) {
            Some(bytes) => self.running.take_in(bytes),
            None if end > self.running.offset => self.begin_anew(end),
            None => {}
        }
    }

    /// A line starts at an offset up to which `window` goes.
    pub(super) fn line_starts(&mut self, window: &[u8], start: u64, at: u64) {
        self.passed += 1;
        if self.passed < self.every {
            return;
        }
        self.take_in(window, start, at);
        if self.running.offset != at || self.points.last().is_some_and(|last| last.running.offset >= at) {
            return;
        }
        self.passed = 0;
        self.points.push(Point { running: self.running, is_joined: true });
        if self.points.len() > MOST {
            self.thin_out();
        }
    }

    fn thin_out(&mut self) {
        let mut is_second = false;
        let mut is_joined = true;
        self.points.retain_mut(|point| {
            is_joined &= point.is_joined;
            is_second = !is_second;
            if is_second {
                point.is_joined = is_joined;
                is_joined = true;
            }
            is_second
        });
        self.every = self.every.saturating_mul(2);
    }

    /// Where it began, then each checkpoint.
    pub(super) fn points(&self) -> &[Point] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_make_no_difference() {
        let bytes: Vec<u8> = (0..200).map(|n| (n * 7 % 251) as u8).collect();
        for start in 0..9 {
            let mut whole = Running::from(start);
            whole.take_in(&bytes);
            for piece in 1..40 {
                let mut running = Running::from(start);
                bytes.chunks(piece).for_each(|piece| running.take_in(piece));
                assert_eq!(running, whole, "{start}, {piece}");
            }
            let mut other = Running::from(start);
            other.take_in(&bytes[..199]);
            assert_ne!(other, whole);
        }
    }

    #[test]
    fn there_are_never_too_many_and_each_goes_on_from_the_one_before() {
        let text: Vec<u8> = (0..5000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
        let mut checks = Checks::from(0);
        for (at, _) in text.iter().enumerate().filter(|(_, byte)| **byte == b'\n') {
            checks.line_starts(&text, 0, at as u64 + 1);
        }
        let points = checks.points();
        assert!((MOST / 2..=MOST).contains(&points.len()), "{}", points.len());
        for pair in points.windows(2) {
            let mut running = pair[0].running;
            running.take_in(&text[running.offset as usize..pair[1].running.offset as usize]);
            assert_eq!(running, pair[1].running);
            assert!(pair[1].is_joined);
        }
        let cut = points[points.len() / 2].running.offset;
        let last = |cut| checks.cut_to(cut).points().last().map(|last| (last.running.offset, last.is_joined));
        assert_eq!((last(cut), last(cut + 1)), (Some((cut, true)), Some((cut + 1, false))));
    }
}
