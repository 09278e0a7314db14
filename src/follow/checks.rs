//! Checkpoints of a content: a running hash of all of it, kept at the starts of lines. They tell after a cut, to the
//! line, how much of a file is still what was read, whatever was appended since. No I/O.

/// So many are kept of a content that nothing is added to any more.
const MOST_AT_REST: usize = 256;

/// A multiplier without a pattern in its bits for each lane; there is no adversary.
const FACTORS: [u64; LANES] =
    [0x9e37_79b9_7f4a_7c15, 0xd1b5_4a32_d192_ed03, 0xaef1_7502_108e_f2d9, 0x8cb9_2ba7_2f3d_8dd7];

/// All that is read goes through the hash. A processor multiplies for so many lanes at once.
const LANES: usize = 4;
const LANE_BYTES: usize = 16;
const BLOCK_BYTES: usize = LANES * LANE_BYTES;

/// A hash of all bytes up to an offset. In however many pieces they come, it is the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Running {
    pub(super) offset: u64,
    /// Where it was begun: blocks are counted from there.
    base: u64,
    lanes: [u64; LANES],
    /// The bytes since the last offset where a block begins; nothing behind them.
    tail: [u8; BLOCK_BYTES],
}

impl Running {
    fn from(offset: u64) -> Running {
        Running { offset, base: offset, lanes: FACTORS, tail: [0; BLOCK_BYTES] }
    }

    fn filled(&self) -> usize {
        ((self.offset - self.base) % BLOCK_BYTES as u64) as usize
    }

    /// Takes in what comes next.
    pub(super) fn take_in(&mut self, bytes: &[u8]) {
        let filled = self.filled();
        let missing = (BLOCK_BYTES - filled) % BLOCK_BYTES;
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        self.tail[filled..filled + head.len()].copy_from_slice(head);
        if !head.is_empty() && head.len() == missing {
            self.lanes = mixed(self.lanes, &self.tail);
            self.tail = [0; BLOCK_BYTES];
        }
        let (blocks, rest) = rest.as_chunks::<BLOCK_BYTES>();
        self.lanes = blocks.iter().fold(self.lanes, mixed);
        self.tail[..rest.len()].iter_mut().zip(rest).for_each(|(kept, byte)| *kept = *byte);
        self.offset += bytes.len() as u64;
    }

    /// The point at which it stands.
    fn point(&self, is_joined: bool) -> Point {
        let Running { offset, base, lanes, .. } = *self;
        let tail = mixed(FACTORS, &self.tail).into_iter().fold(0, |sum: u64, lane| sum.rotate_left(17) ^ lane);
        Point { offset, base, lanes, tail, is_joined }
    }
}

fn mixed(lanes: [u64; LANES], block: &[u8; BLOCK_BYTES]) -> [u64; LANES] {
    let (words, _) = block.as_chunks::<LANE_BYTES>();
    std::array::from_fn(|lane| {
        let word = u128::from_le_bytes(words[lane]);
        let product = u128::from(lanes[lane] ^ word as u64) * u128::from((word >> 64) as u64 ^ FACTORS[lane]);
        // Where one factor is 0 nothing of the other one is left: what was before is kept.
        (product as u64 ^ (product >> 64) as u64).wrapping_add(lanes[lane].rotate_left(23))
    })
}

/// A checkpoint.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    pub(super) offset: u64,
    base: u64,
    /// As of the last block's end.
    lanes: [u64; LANES],
    /// Of the bytes behind that.
    tail: u64,
    /// Whether it goes on from the one before it; what stands between others is not known.
    pub(super) is_joined: bool,
}

impl Point {
    /// Where the bytes begin with which [`Point::resume`] goes on.
    pub(super) fn block_start(&self) -> u64 {
        self.offset - (self.offset - self.base) % BLOCK_BYTES as u64
    }

    /// The hash as it was at the last block's end.
    pub(super) fn resume(&self) -> Running {
        Running { offset: self.block_start(), base: self.base, lanes: self.lanes, tail: [0; BLOCK_BYTES] }
    }

    /// Whether a hash has come to this point.
    pub(super) fn is_reached_by(&self, running: &Running) -> bool {
        let point = running.point(self.is_joined);
        (point.offset, point.lanes, point.tail) == (self.offset, self.lanes, self.tail)
    }
}

/// The checkpoints of a life, from where it is read on.
#[derive(Debug)]
pub(super) struct Checks {
    running: Running,
    /// In their order; the first is where reading began.
    points: Vec<Point>,
    /// The hash as it was at the last of them.
    at_last: Running,
    /// Every n-th line has one.
    every: u32,
    /// Lines since the last one.
    passed: u32,
    /// When there are more, every second one goes.
    most: usize,
}

impl Checks {
    pub(super) fn from(offset: u64) -> Checks {
        let running = Running::from(offset);
        let (at_last, points) = (running, Vec::new());
        let mut checks = Checks { running, points, at_last, every: 1, passed: 0, most: MOST_AT_REST };
        checks.begin_anew(offset);
        checks
    }

    /// Goes on at another offset: what stands before it is not known.
    pub(super) fn begin_anew(&mut self, offset: u64) {
        self.running = Running::from(offset);
        self.push(false);
    }

    fn push(&mut self, is_joined: bool) {
        self.points.push(self.running.point(is_joined));
        self.at_last = self.running;
        if self.points.len() > self.most {
            self.thin_out();
        }
    }

    /// So many may be kept from now on.
    pub(super) fn allow(&mut self, most: usize) {
        self.most = most;
    }

    /// Nothing more comes for now: fewer will do.
    pub(super) fn rest(&mut self) {
        self.most = MOST_AT_REST;
        while self.points.len() > self.most {
            self.thin_out();
        }
        self.points.shrink_to_fit();
    }

    /// What is left of them when the file is cut.
    pub(super) fn cut_to(&self, size: u64) -> Checks {
        let left = self.points.partition_point(|point| point.offset <= size);
        let mut checks = Checks { points: self.points[..left].to_vec(), ..*self };
        // Going back to the last one nothing is forgotten.
        if left == self.points.len() && self.at_last.offset == size {
            checks.running = self.at_last;
        } else {
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
        if self.running.offset != at || self.points.last().is_some_and(|last| last.offset >= at) {
            return;
        }
        self.passed = 0;
        self.push(true);
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
        assert!((MOST_AT_REST / 2..=MOST_AT_REST).contains(&points.len()), "{}", points.len());
        for pair in points.windows(2) {
            let mut running = pair[0].resume();
            running.take_in(&text[running.offset as usize..pair[1].offset as usize]);
            assert!(pair[1].is_reached_by(&running) && pair[1].is_joined);
            running.take_in(b"x");
            assert!(!pair[1].is_reached_by(&running));
        }
        let middle = points.len() / 2;
        let cut = checks.cut_to(points[middle].offset + 1);
        assert_eq!(cut.points().len(), middle + 2);
        assert!(!cut.points()[middle + 1].is_joined);
    }

    #[test]
    fn whoever_goes_back_to_the_last_one_forgets_nothing() {
        let mut checks = Checks::from(0);
        for line in 1..40 {
            let text = b"a line\n".repeat(line);
            let end = text.len() as u64;
            checks.line_starts(&text, 0, end);
            checks.take_in(&[&text[..], &[0; 20]].concat(), 0, end + 20);
            checks = checks.cut_to(end);
        }
        assert_eq!(checks.points().len(), 40);
        assert!(checks.points()[1..].iter().all(|point| point.is_joined));
    }
}
