//! Finds out what the bytes of a file mean, from what stands in it. No I/O.

use crate::record::TextEncoding;

/// As much of a file's beginning is looked at for what it is.
pub(super) const SAMPLE_BYTES: usize = 4 << 10;
/// Without a newline, so much must be there before a beginning without a mark is judged.
const ENOUGH_BYTES: usize = 64;
/// Wide text without a mark is known by so many units.
const ENOUGH_UNITS: usize = 4;
/// So many lines with more than ASCII in them are looked at; after that the file is what it is.
const MOST_LINES: u32 = 1000;
/// Where lines in UTF-8 stand too, so many in GBK are no accident.
const AMONG_OTHERS: u32 = 3;
/// So many characters of the two bytes that every Chinese text is made of; one may be the end of a cut character.
const ENOUGH_PAIRS: usize = 2;

/// What is known of one file's bytes.
#[derive(Clone, Debug)]
pub(super) struct Sniffer {
    encoding: TextEncoding,
    /// What the file at this place was before: of use where its bytes alone don't tell.
    expected: TextEncoding,
    /// Whether it is known how wide a unit is.
    judged: bool,
    /// Lines with more than ASCII in them, and what they were.
    lines: u32,
    utf8: u32,
    gbk: u32,
    /// Characters of the lines that were GBK.
    pairs: usize,
}

impl Sniffer {
    pub(super) fn expecting(expected: TextEncoding) -> Sniffer {
        Sniffer { encoding: TextEncoding::Utf8, expected, judged: false, lines: 0, utf8: 0, gbk: 0, pairs: 0 }
    }

    /// For a file that goes on as what it was.
    pub(super) fn knowing(encoding: TextEncoding) -> Sniffer {
        Sniffer { encoding, judged: true, ..Sniffer::expecting(encoding) }
    }

    pub(super) fn encoding(&self) -> TextEncoding {
        self.encoding
    }

    /// Judges how the file begins, as soon as enough of it is there. Before that no line has ended.
    pub(super) fn look_at_beginning(&mut self, sample: &[u8]) {
        if self.judged || !is_enough(sample) {
            return;
        }
        self.judged = true;
        self.encoding = judge_beginning(sample, self.expected);
    }

    /// Takes in whole lines, their newlines included.
    pub(super) fn look_at_lines(&mut self, lines: &[u8]) {
        if self.encoding != TextEncoding::Utf8 || self.lines >= MOST_LINES || lines.is_ascii() {
            return;
        }
        for line in lines.split(|byte| *byte == b'\n').filter(|line| !line.is_ascii()) {
            self.look_at_line(line);
            if self.encoding != TextEncoding::Utf8 || self.lines >= MOST_LINES {
                return;
            }
        }
    }

    fn look_at_line(&mut self, line: &[u8]) {
        self.lines += 1;
        if std::str::from_utf8(line).is_ok() {
            self.utf8 += 1;
            return;
        }
        let Some(pairs) = chinese_pairs(line) else { return };
        self.gbk += 1;
        self.pairs += pairs;
        let needed = if self.utf8 == 0 { 1 } else { AMONG_OTHERS };
        if self.gbk >= needed && self.pairs >= ENOUGH_PAIRS {
            self.encoding = TextEncoding::Gbk;
        }
    }
}

/// Whether a beginning tells of a whole unit, and of more if it has no mark. What may be half of a mark waits.
fn is_enough(sample: &[u8]) -> bool {
    match sample {
        [] | [0xff | 0xfe] => false,
        _ if TextEncoding::marked(sample).is_some_and(TextEncoding::is_wide) => true,
        _ => sample.len() >= ENOUGH_BYTES || sample.contains(&b'\n'),
    }
}

/// What a file is, as far as its beginning alone tells.
pub(super) fn encoding_of_beginning(sample: &[u8]) -> TextEncoding {
    judge_beginning(sample, TextEncoding::Utf8)
}

fn judge_beginning(sample: &[u8], expected: TextEncoding) -> TextEncoding {
    if let Some(marked) = TextEncoding::marked(sample) {
        return marked;
    }
    if let Some(wide) = wide_by_pattern(sample) {
        return wide;
    }
    // Wide text may have no ASCII in its first line. What is text as it stands needs no other reading.
    let plain =
        !sample.contains(&0) && std::str::from_utf8(sample).map_or_else(|error| error.error_len().is_none(), |_| true);
    if expected.is_wide() && !plain { expected } else { TextEncoding::Utf8 }
}

/// Wide text without a mark: most logs are mostly ASCII, so every other byte is mostly NUL, and the rest never is.
pub(super) fn wide_by_pattern(sample: &[u8]) -> Option<TextEncoding> {
    // A hole is no text. Files are cut at whole units.
    let hole = sample.iter().take_while(|byte| **byte == 0).count() & !1;
    let units = sample[hole..].chunks_exact(2);
    let count = units.len();
    if count < ENOUGH_UNITS {
        return None;
    }
    let (mut low, mut high, mut broken) = (0, 0, [false; 2]);
    for unit in units {
        low += usize::from(unit[0] == 0);
        high += usize::from(unit[1] == 0);
        // A byte that is a newline and no part of a wide one.
        broken[0] |= unit[1] == b'\n' || (unit[0] == b'\n' && unit[1] != 0);
        broken[1] |= unit[0] == b'\n' || (unit[1] == b'\n' && unit[0] != 0);
    }
    if low == 0 && high * 4 >= count && !broken[0] {
        Some(TextEncoding::Utf16Le)
    } else if high == 0 && low * 4 >= count && !broken[1] {
        Some(TextEncoding::Utf16Be)
    } else {
        None
    }
}

/// How many characters of everyday Chinese a line in GBK has; none if it is no such line. It is no UTF-8.
fn chinese_pairs(line: &[u8]) -> Option<usize> {
    if has_utf8_of_three(line) {
        // UTF-8 with a character cut in two.
        return None;
    }
    let (mut common, mut other, mut at) = (0, 0, 0);
    while at < line.len() {
        match (line[at], line.get(at + 1)) {
            (0x00..=0x7f, _) => at += 1,
            (0xa1..=0xfe, Some(0xa1..=0xfe)) => {
                common += 1;
                at += 2;
            }
            (0x81..=0xfe, Some(0x40..=0x7e | 0x80..=0xfe)) => {
                other += 1;
                at += 2;
            }
            _ => return None,
        }
    }
    (common > other).then_some(common)
}

/// Whether more than half of what is no ASCII are characters of three bytes in UTF-8.
fn has_utf8_of_three(line: &[u8]) -> bool {
    let three: usize = line
        .utf8_chunks()
        .flat_map(|chunk| chunk.valid().chars())
        .filter(|character| character.len_utf8() == 3)
        .count();
    let foreign = line.iter().filter(|byte| !byte.is_ascii()).count();
    three * 3 * 2 > foreign
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_beginning(sample: &[u8], expected: TextEncoding) -> TextEncoding {
        let mut sniffer = Sniffer::expecting(expected);
        sniffer.look_at_beginning(sample);
        sniffer.encoding()
    }

    fn of_lines(lines: &[&[u8]]) -> TextEncoding {
        let mut sniffer = Sniffer::knowing(TextEncoding::Utf8);
        for line in lines {
            sniffer.look_at_lines(line);
        }
        sniffer.encoding()
    }

    fn little(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn big(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn a_mark_or_the_nul_bytes_tell_wide_text() {
        use TextEncoding::{Utf8, Utf16Be, Utf16Le};
        let line = "INFO 用户 登录成功\n";
        assert_eq!(of_beginning(&little("\u{feff}用"), Utf8), Utf16Le);
        assert_eq!(of_beginning(&big("\u{feff}用"), Utf8), Utf16Be);
        assert_eq!(of_beginning(&little(line), Utf8), Utf16Le);
        assert_eq!(of_beginning(&big(line), Utf8), Utf16Be);
        let after_hole = [vec![0; 162], little(line)].concat();
        assert_eq!(of_beginning(&after_hole, Utf8), Utf16Le);
        assert_eq!(of_beginning(&[&[0; 162][..], b"INFO after a hole\n"].concat(), Utf8), Utf8);
        assert_eq!(of_beginning(b"a\0b\nc\0d\ne\0f\n", Utf8), Utf8);
        assert_eq!(of_beginning(line.as_bytes(), Utf16Le), Utf8, "refilled by somebody else");
        // Where the bytes don't tell, the file is what it was.
        assert_eq!(of_beginning(&little("用户登录成功\n"), Utf16Le), Utf16Le);
        assert_eq!(of_beginning(&little("用户登录成功\n"), Utf8), Utf8);
    }

    #[test]
    fn half_a_mark_waits_for_the_other() {
        let mut sniffer = Sniffer::expecting(TextEncoding::Utf8);
        sniffer.look_at_beginning(b"\xff");
        assert_eq!(sniffer.encoding(), TextEncoding::Utf8);
        sniffer.look_at_beginning(b"\xff\xfe");
        assert_eq!(sniffer.encoding(), TextEncoding::Utf16Le);
    }

    #[test]
    fn a_chinese_log_in_gbk_is_known_by_its_first_line() {
        use TextEncoding::{Gbk, Utf8};
        let gbk: &[u8] = b"INFO \xd3\xc3\xbb\xa7 \xb5\xc7\xc2\xbc\xb3\xc9\xb9\xa6\n";
        assert_eq!(of_lines(&[b"INFO plain\n", gbk]), Gbk);
        assert_eq!(of_lines(&["INFO 用户 登录成功\n".as_bytes()]), Utf8);
        // Another program's lines in a file that is UTF-8: one is an accident.
        let utf8 = "INFO 用户\n".as_bytes();
        assert_eq!(of_lines(&[utf8, gbk, utf8, gbk]), Utf8);
        assert_eq!(of_lines(&[utf8, gbk, utf8, gbk, gbk]), Gbk);
    }

    #[test]
    fn what_is_neither_stays_as_it_is() {
        use TextEncoding::Utf8;
        // Latin-1, a character cut in two, and bytes that are no text.
        let latin: &[u8] = b"caf\xe9 au lait, l'\xe9t\xe9, No\xebl, gar\xe7on\n";
        assert_eq!(of_lines(&[latin, latin, latin, latin]), Utf8);
        assert_eq!(of_lines(&[b"ends within \xe4\xb8\n"]), Utf8);
        let cut = &"用户 登录成功".as_bytes()[1..];
        assert_eq!(of_lines(&[cut, cut, cut, cut]), Utf8);
        assert_eq!(of_lines(&[b"\xff\xfe\x80\x81 junk \xa1\n"]), Utf8);
    }
}
