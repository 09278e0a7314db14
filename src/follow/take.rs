//! Bytes as they are read, for whoever passes them on instead of looking them up later; and where reading begins.

use std::fs::File;
use std::io;
use std::ops::ControlFlow;

use super::encoding::{SAMPLE_BYTES, encoding_of_beginning};
use super::{Operated, Operator};
use crate::command::FileOrder;
use crate::event::{Event, IncarnationId};
use crate::platform;

/// Takes what the follower reads and sees, in the follower's own thread and in its order. As long as a call takes,
/// nothing is read: the disk is the buffer. `Break` ends the follower.
pub trait Taker: Send {
    /// Bytes of an incarnation, each once and in order, as soon as they are read: whether a line ends with them or not.
    fn bytes(&mut self, incarnation: IncarnationId, offset: u64, bytes: &[u8]) -> ControlFlow<()>;

    /// What was seen. A batch of lines is told after its bytes were taken.
    fn event(&mut self, event: Event) -> ControlFlow<()>;

    /// The follower ends: nothing more comes.
    fn end(&mut self) {}
}

/// Where reading begins in files that are there when following begins. What comes later is read from its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Begin {
    /// With the first byte.
    #[default]
    Start,
    /// With what comes from now on.
    End,
    /// With so many lines before the end. A last line without newline is one.
    Last(u64),
}

/// One positioned read on the way back from the end.
const BLOCK_BYTES: usize = 64 << 10;

impl Begin {
    /// Where to begin in a file of this size.
    ///
    /// # Errors
    /// The system's, when reading fails.
    pub(super) fn offset(self, file: &File, size: u64) -> io::Result<u64> {
        match self {
            Begin::Start => Ok(0),
            Begin::End | Begin::Last(0) => Ok(size),
            Begin::Last(lines) => start_of_last(file, size, lines),
        }
    }
}

/// Where the last `lines` lines of the first `size` bytes start.
fn start_of_last(file: &File, size: u64, lines: u64) -> io::Result<u64> {
    let mut block = vec![0; usize::try_from(size).map_or(BLOCK_BYTES, |size| size.min(BLOCK_BYTES))];
    let mut sample = [0; SAMPLE_BYTES];
    let sampled = platform::read_at(file, &mut sample, 0)?;
    let encoding = encoding_of_beginning(&sample[..sampled]);
    let unit = encoding.unit_bytes() as u64;
    // The newline that ends the last line begins no line.
    let mut end = size.saturating_sub(1) / unit * unit;
    let mut left = lines;
    while end > 0 {
        let start = end.saturating_sub(block.len() as u64).next_multiple_of(unit);
        let wanted = &mut block[..(end - start) as usize];
        let got = platform::read_at(file, wanted, start)?;
        if got < wanted.len() || wanted.is_empty() {
            // Cut down meanwhile: what is left is read from its start.
            return Ok(0);
        }
        let mut rest = &wanted[..];
        while let Some(behind) = encoding.last_line_end(rest) {
            left -= 1;
            if left == 0 {
                return Ok(start + behind as u64);
            }
            rest = &rest[..behind - unit as usize];
        }
        end = start;
    }
    Ok(0)
}

/// Who only reads gives no orders.
pub(super) struct ReadsOnly;

impl Operator for ReadsOnly {
    fn operate(&mut self, _: &FileOrder, _: Option<&File>) -> Result<Operated, String> {
        Err("nothing is changed here; files are only read".to_owned())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    fn begins(text: &[u8], begin: Begin) -> u64 {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        begin.offset(&file, text.len() as u64).unwrap()
    }

    #[test]
    fn the_last_lines_are_counted_as_tail_does() {
        let text = b"a\nbb\n\nccc\n";
        let starts: Vec<u64> = (0..6).map(|lines| begins(text, Begin::Last(lines))).collect();
        assert_eq!(starts, [10, 6, 5, 2, 0, 0]);
        assert_eq!(begins(b"a\nbb", Begin::Last(1)), 2);
        assert_eq!(begins(b"abc", Begin::Last(1)), 0);
        assert_eq!(begins(b"", Begin::Last(3)), 0);
        assert_eq!((begins(text, Begin::Start), begins(text, Begin::End)), (0, 10));
    }

    #[test]
    fn the_last_lines_of_wide_text_are_counted_in_whole_units() {
        // U+0A00 and U+000A differ in their order alone.
        let text = "\u{feff}INFO one\n\u{0a00}two\n\nlast\n";
        let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let starts: Vec<u64> = (1..6).map(|lines| begins(&wide, Begin::Last(lines))).collect();
        assert_eq!(starts, [32, 30, 20, 0, 0]);
        assert_eq!(begins(&wide[..wide.len() - 2], Begin::Last(1)), 32, "a last line without newline is one");
    }

    #[test]
    fn lines_longer_than_a_block_are_found() {
        let mut text = b"first\n".to_vec();
        text.resize(text.len() + 3 * BLOCK_BYTES, b'x');
        text.extend_from_slice(b"\nlast\n");
        let size = text.len() as u64;
        assert_eq!(begins(&text, Begin::Last(1)), size - 5);
        assert_eq!(begins(&text, Begin::Last(2)), 6);
        assert_eq!(begins(&text, Begin::Last(3)), 0);
    }
}
