//! Cuts the bytes of one incarnation into whole lines, for the form in which each line stands alone.

use std::borrow::Cow;

use crate::record::TextEncoding;

/// As much of one line is kept; the rest is counted.
const LONGEST_KEPT: usize = 64 << 20;
/// As much room stays reserved for the next line.
const USUAL_BYTES: usize = 64 << 10;

/// One line, as it stands in its file.
#[derive(Debug)]
pub(super) struct Line<'a> {
    /// Where its first byte stands.
    pub(super) offset: u64,
    /// Its length with its ending.
    pub(super) bytes_len: u64,
    /// Its bytes with its ending, as far as they were kept.
    pub(super) bytes: &'a [u8],
    encoding: TextEncoding,
}

impl Line<'_> {
    /// The line as text, without its ending and without the mark that begins a file.
    pub(super) fn text(&self) -> Cow<'_, str> {
        match self.encoding.to_utf8(self.bytes) {
            Cow::Borrowed(bytes) => match String::from_utf8_lossy(bytes) {
                Cow::Borrowed(text) => Cow::Borrowed(self.shown(text)),
                Cow::Owned(text) => Cow::Owned(self.shown(&text).to_owned()),
            },
            Cow::Owned(bytes) => Cow::Owned(self.shown(&String::from_utf8_lossy(&bytes)).to_owned()),
        }
    }

    fn shown<'a>(&self, text: &'a str) -> &'a str {
        let text = text.strip_suffix('\n').map_or(text, |text| text.strip_suffix('\r').unwrap_or(text));
        if self.offset == 0 { text.strip_prefix('\u{feff}').unwrap_or(text) } else { text }
    }

    /// Whether its text tells its bytes.
    pub(super) fn is_utf8(&self) -> bool {
        !self.encoding.is_wide()
            && std::str::from_utf8(self.bytes).is_ok_and(|text| self.encoding.to_utf8(self.bytes) == text.as_bytes())
    }

    /// Whether more of it stands in the file than was kept.
    pub(super) fn is_cut(&self) -> bool {
        self.bytes_len > self.bytes.len() as u64
    }
}

/// The line that is not ended yet.
#[derive(Debug, Default)]
pub(super) struct Splitter {
    offset: u64,
    bytes_len: u64,
    kept: Vec<u8>,
    last: u8,
    encoding: TextEncoding,
    units_from: u64,
}

impl Splitter {
    /// What all bytes mean, those of the line that is not ended yet included; wide units are counted from an offset.
    pub(super) fn understand(&mut self, encoding: TextEncoding, units_from: u64) {
        self.encoding = encoding;
        self.units_from = units_from;
    }

    /// Takes in `bytes`, which stand at `offset`, and gives each line that ends in them.
    pub(super) fn take_in(&mut self, offset: u64, bytes: &[u8], mut each: impl FnMut(&Line<'_>)) {
        if self.bytes_len == 0 {
            self.offset = offset;
        }
        let mut rest = bytes;
        while let Some(end) = self.line_end(rest) {
            let (line, after) = rest.split_at(end);
            if self.bytes_len == 0 {
                let (offset, bytes_len) = (self.offset, line.len() as u64);
                each(&Line { offset, bytes_len, bytes: line, encoding: self.encoding });
                self.offset += bytes_len;
            } else {
                self.add(line);
                self.give(&mut each);
            }
            rest = after;
        }
        self.add(rest);
    }

    /// Gives what there is of a line that will not go on.
    pub(super) fn finish(&mut self, mut each: impl FnMut(&Line<'_>)) {
        if self.bytes_len > 0 {
            self.give(&mut each);
        }
    }

    fn give(&mut self, each: &mut impl FnMut(&Line<'_>)) {
        let line = Line { offset: self.offset, bytes_len: self.bytes_len, bytes: &self.kept, encoding: self.encoding };
        each(&line);
        self.offset += self.bytes_len;
        self.bytes_len = 0;
        self.kept.clear();
        // A line of megabytes must not be paid for ever after.
        self.kept.shrink_to(USUAL_BYTES);
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = LONGEST_KEPT.saturating_sub(self.kept.len()).min(bytes.len());
        self.kept.extend_from_slice(&bytes[..room]);
        self.bytes_len += bytes.len() as u64;
        self.last = bytes.last().copied().unwrap_or(self.last);
    }

    /// How many of the bytes that come next end the line.
    fn line_end(&self, rest: &[u8]) -> Option<usize> {
        let position = self.offset + self.bytes_len;
        let within_unit = self.encoding.is_wide() && position.abs_diff(self.units_from) % 2 == 1;
        if !within_unit {
            return self.encoding.line_end(rest);
        }
        let first = *rest.first()?;
        if self.bytes_len > 0 && self.encoding.is_newline(&[self.last, first]) {
            return Some(1);
        }
        self.encoding.line_end(&rest[1..]).map(|end| end + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset, length and text of each line, with the file cut into blocks of a size.
    fn split(file: &[u8], block: usize, encoding: TextEncoding) -> Vec<(u64, u64, String)> {
        let mut splitter = Splitter::default();
        splitter.understand(encoding, 0);
        let mut lines = Vec::new();
        let mut each = |line: &Line<'_>| lines.push((line.offset, line.bytes_len, line.text().into_owned()));
        for (number, part) in file.chunks(block).enumerate() {
            splitter.take_in((number * block) as u64, part, &mut each);
        }
        splitter.finish(&mut each);
        lines
    }

    fn line(offset: u64, bytes_len: u64, text: &str) -> (u64, u64, String) {
        (offset, bytes_len, text.to_owned())
    }

    #[test]
    fn blocks_make_no_difference() {
        let file = "\u{feff}a\r\n\n日\0\nlast".as_bytes();
        let lines = [line(0, 6, "a"), line(6, 1, ""), line(7, 5, "日\0"), line(12, 4, "last")];
        for block in 1..20 {
            assert_eq!(split(file, block, TextEncoding::Utf8), lines, "{block}");
        }
    }

    #[test]
    fn a_block_may_end_within_a_unit() {
        // U+0A00 and U+000A differ in their order alone.
        let text = "\u{feff}a\n\u{0a00}b\r\n日";
        let lines = [line(0, 6, "a"), line(6, 8, "\u{0a00}b"), line(14, 2, "日")];
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for block in 1..20 {
            assert_eq!(split(&little, block, TextEncoding::Utf16Le), lines, "{block}");
            assert_eq!(split(&big, block, TextEncoding::Utf16Be), lines, "{block}");
        }
    }

    #[test]
    fn only_utf_8_is_told_by_its_text_alone() {
        let is_utf8 = |bytes: &[u8], encoding| {
            let mut told = None;
            let mut splitter = Splitter::default();
            splitter.understand(encoding, 0);
            splitter.take_in(0, bytes, |line| told = Some((line.is_utf8(), line.text().into_owned())));
            told
        };
        assert_eq!(is_utf8("用\n".as_bytes(), TextEncoding::Utf8), Some((true, "用".to_owned())));
        assert_eq!(is_utf8(b"\xd3\xc3\n", TextEncoding::Gbk), Some((false, "用".to_owned())));
        assert_eq!(is_utf8(b"\xcd\xa8\n", TextEncoding::Gbk), Some((false, "通".to_owned())));
        assert_eq!(is_utf8(b"plain\n", TextEncoding::Gbk), Some((true, "plain".to_owned())));
        assert_eq!(is_utf8(b"a\0\n\0", TextEncoding::Utf16Le), Some((false, "a".to_owned())));
    }
}
