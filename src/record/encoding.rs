//! What the bytes of a file mean: where its lines end, and their text.

use std::borrow::Cow;

use encoding_rs::{GBK, UTF_16BE, UTF_16LE};
use memchr::{memchr, memchr_iter, memrchr, memrchr_iter};
use serde::{Deserialize, Serialize};

/// What the bytes of a file mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TextEncoding {
    /// UTF-8, and whatever nobody knows better.
    #[default]
    Utf8,
    /// Simplified Chinese, two bytes a character. A line of it that can only be UTF-8 is taken as that: two programs may
    /// write to one file.
    Gbk,
    /// Two bytes a unit, the lower one first.
    Utf16Le,
    /// Two bytes a unit, the higher one first.
    Utf16Be,
}

/// The mark that begins a file, as text.
const MARK: &[u8] = "\u{feff}".as_bytes();

impl TextEncoding {
    /// What the mark at the beginning of a file says, if there is one.
    pub fn marked(beginning: &[u8]) -> Option<TextEncoding> {
        match beginning {
            [0xff, 0xfe, ..] => Some(TextEncoding::Utf16Le),
            [0xfe, 0xff, ..] => Some(TextEncoding::Utf16Be),
            [0xef, 0xbb, 0xbf, ..] => Some(TextEncoding::Utf8),
            _ => None,
        }
    }

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            TextEncoding::Utf8 => "UTF-8",
            TextEncoding::Gbk => "GBK",
            TextEncoding::Utf16Le => "UTF-16 LE",
            TextEncoding::Utf16Be => "UTF-16 BE",
        }
    }

    /// Whether a unit is two bytes; else it is one.
    pub fn is_wide(self) -> bool {
        matches!(self, TextEncoding::Utf16Le | TextEncoding::Utf16Be)
    }

    /// Bytes of a unit, and so of a newline.
    pub fn unit_bytes(self) -> usize {
        if self.is_wide() { 2 } else { 1 }
    }

    /// Where the first line of `bytes` ends, newline included. `bytes` must begin with a whole unit.
    pub fn line_end(self, bytes: &[u8]) -> Option<usize> {
        match self {
            // No second byte of GBK is a newline.
            TextEncoding::Utf8 | TextEncoding::Gbk => memchr(b'\n', bytes).map(|newline| newline + 1),
            TextEncoding::Utf16Le | TextEncoding::Utf16Be => {
                memchr_iter(b'\n', bytes).find_map(|at| self.newline_around(bytes, at))
            }
        }
    }

    /// Where the last line of `bytes` ends that does so, newline included. `bytes` must begin with a whole unit.
    pub fn last_line_end(self, bytes: &[u8]) -> Option<usize> {
        match self {
            TextEncoding::Utf8 | TextEncoding::Gbk => memrchr(b'\n', bytes).map(|newline| newline + 1),
            TextEncoding::Utf16Le | TextEncoding::Utf16Be => {
                memrchr_iter(b'\n', bytes).find_map(|at| self.newline_around(bytes, at))
            }
        }
    }

    /// Behind the newline that the byte at `at` is part of.
    fn newline_around(self, bytes: &[u8], at: usize) -> Option<usize> {
        let unit = at & !1;
        (self.is_newline(bytes.get(unit..unit + 2)?)).then_some(unit + 2)
    }

    /// Whether a unit is a newline.
    pub fn is_newline(self, unit: &[u8]) -> bool {
        match self {
            TextEncoding::Utf8 | TextEncoding::Gbk => unit == b"\n",
            TextEncoding::Utf16Le => unit == b"\n\0",
            TextEncoding::Utf16Be => unit == b"\0\n",
        }
    }

    /// The text of whole lines, or of one, in UTF-8. What is no text in this encoding becomes replacement characters,
    /// but for UTF-8, where it stays as it is. Newlines stay newlines, and there are as many.
    pub fn to_utf8(self, bytes: &[u8]) -> Cow<'_, [u8]> {
        match self {
            TextEncoding::Utf8 => Cow::Borrowed(bytes),
            TextEncoding::Gbk if bytes.is_ascii() => Cow::Borrowed(bytes),
            TextEncoding::Gbk => Cow::Owned(lines_of_gbk(bytes)),
            TextEncoding::Utf16Le => into_bytes(UTF_16LE.decode_without_bom_handling(bytes).0),
            TextEncoding::Utf16Be => into_bytes(UTF_16BE.decode_without_bom_handling(bytes).0),
        }
    }
}

/// The text without the mark that begins a file.
pub fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(MARK).unwrap_or(text)
}

fn into_bytes(text: Cow<'_, str>) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

fn lines_of_gbk(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() * 3 / 2 + 8);
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        if is_surely_utf8(line) {
            out.extend_from_slice(line);
        } else {
            out.extend_from_slice(GBK.decode_without_bom_handling(line).0.as_bytes());
        }
    }
    out
}

/// Whether a line is text in UTF-8, and has a character of three bytes or more: what is valid GBK too is seldom that.
fn is_surely_utf8(line: &[u8]) -> bool {
    line.is_ascii()
        || std::str::from_utf8(line).is_ok_and(|text| text.chars().any(|character| character.len_utf8() > 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wide(text: &str) -> [(TextEncoding, Vec<u8>); 2] {
        let little = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        [(TextEncoding::Utf16Le, little), (TextEncoding::Utf16Be, big)]
    }

    #[test]
    fn lines_of_wide_text_end_at_whole_units_alone() {
        // Both halves of U+0A0A, and pairs across two units, look like newlines.
        for (encoding, bytes) in wide("\u{0a0a}a\u{0a00}\u{000b}\u{0a00}b\nc\n\u{0a}d") {
            assert_eq!(encoding.line_end(&bytes), Some(14), "{encoding:?}");
            assert_eq!(encoding.last_line_end(&bytes), Some(20), "{encoding:?}");
            assert_eq!(encoding.line_end(&bytes[20..]), None);
            assert_eq!(encoding.line_end(&bytes[14..17]), None, "half a newline is none");
        }
    }

    #[test]
    fn text_comes_out_as_utf_8_with_the_same_lines() {
        let text = "INFO 用户\n\n登录 \u{1f600}\n";
        for (encoding, bytes) in wide(text) {
            assert_eq!(encoding.to_utf8(&bytes), text.as_bytes());
        }
        let gbk = b"INFO \xd3\xc3\xbb\xa7\n\xe7\x99\xbb\xe5\xbd\x95\n\xcd\xa8\xff\n";
        assert_eq!(TextEncoding::Gbk.to_utf8(gbk), "INFO 用户\n登录\n通\u{fffd}\n".as_bytes());
        assert_eq!(TextEncoding::Utf8.to_utf8(b"\xff"), b"\xff".as_slice());
        // A character that was cut by the end of its line takes no newline with it.
        assert_eq!(TextEncoding::Gbk.to_utf8(b"\xd3\n"), "\u{fffd}\n".as_bytes());
    }

    #[test]
    fn the_mark_tells_the_encoding_and_is_no_text() {
        assert_eq!(TextEncoding::marked(b"\xff\xfeI\0"), Some(TextEncoding::Utf16Le));
        assert_eq!(TextEncoding::marked(b"\xfe\xff"), Some(TextEncoding::Utf16Be));
        assert_eq!(TextEncoding::marked(b"\xef\xbb\xbfx"), Some(TextEncoding::Utf8));
        assert_eq!(TextEncoding::marked(b"\xff"), None);
        assert_eq!(without_mark("\u{feff}a".as_bytes()), b"a");
    }
}
