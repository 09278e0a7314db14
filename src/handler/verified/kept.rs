//! The lines that were taken since the last check: whole lines, in order, of which there are never many.

/// Lines after which a check is due. The check costs a look at the path, which is as dear as two or three lines: spread
/// over so many it is lost in the noise. Of more lines the copies would not stay in the processor's nearest cache.
const MOST_LINES: usize = 256;
/// Bytes after which a check is due.
const MOST_BYTES: usize = 128 << 10;

/// Lines, one behind the other.
#[derive(Debug, Default)]
pub(super) struct Kept {
    bytes: Vec<u8>,
    /// Where each line ends.
    ends: Vec<usize>,
}

impl Kept {
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether one more line of this length is too much. A single line never is, however long.
    pub(super) fn is_full(&self, more: usize) -> bool {
        !self.is_empty() && (self.len() >= MOST_LINES || self.bytes.len() + more > MOST_BYTES)
    }

    pub(super) fn push(&mut self, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.ends.push(self.bytes.len());
    }

    /// Takes back the line that came last.
    pub(super) fn pop(&mut self) {
        self.ends.pop();
        self.bytes.truncate(self.start_of(self.len()));
    }

    /// Forgets the first lines.
    pub(super) fn let_go(&mut self, lines: usize) {
        if lines >= self.len() {
            self.bytes.clear();
            self.ends.clear();
            return;
        }
        let gone = self.start_of(lines);
        self.bytes.drain(..gone);
        self.ends.drain(..lines);
        self.ends.iter_mut().for_each(|end| *end -= gone);
    }

    /// One line.
    pub(super) fn line(&self, number: usize) -> &[u8] {
        &self.bytes[self.start_of(number)..self.ends[number]]
    }

    /// This line and all that came after it.
    pub(super) fn from(&self, number: usize) -> &[u8] {
        &self.bytes[self.start_of(number)..]
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|number| self.line(number))
    }

    fn start_of(&self, number: usize) -> usize {
        number.checked_sub(1).map_or(0, |before| self.ends[before])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(lines: &[&str]) -> Kept {
        let mut kept = Kept::default();
        lines.iter().for_each(|line| kept.push(line.as_bytes()));
        kept
    }

    #[test]
    fn lines_go_from_either_end() {
        let mut kept = kept(&["one\n", "two\n", "three\n"]);
        kept.let_go(1);
        assert_eq!(kept.lines().collect::<Vec<_>>(), [b"two\n".as_slice(), b"three\n"]);
        assert_eq!(kept.from(1), b"three\n");
        kept.pop();
        assert_eq!(kept.from(0), b"two\n");
        kept.let_go(9);
        assert!(kept.is_empty() && kept.from(0).is_empty());
    }

    #[test]
    fn it_is_full_by_lines_and_by_bytes_and_always_takes_one() {
        let mut kept = Kept::default();
        assert!(!kept.is_full(10 * MOST_BYTES));
        kept.push(&vec![b'x'; MOST_BYTES - 5]);
        assert!(!kept.is_full(5) && kept.is_full(6));
        kept.let_go(1);
        (0..MOST_LINES).for_each(|_| kept.push(b"\n"));
        assert!(kept.is_full(1));
    }
}
