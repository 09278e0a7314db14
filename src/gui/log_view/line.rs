//! How the bytes of a line become what is shown of it.

use std::ops::Range;

use crate::record::{Level, level_span, stamp_start};

/// Characters of a line that are shown; laying out a longer one would hold up the frame.
pub const SHOWN_CHARS: usize = 4_096;

/// Columns from one tab stop to the next.
const TAB: usize = 8;

/// From this many on, equal NUL bytes are counted and not repeated: a hole has thousands of them.
const NUL_RUN: usize = 4;

/// A line as it is shown.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shown {
    /// Its text, on one line.
    pub text: String,
    /// What in it stands for bytes that have no shape of their own.
    pub escapes: Vec<Range<usize>>,
    /// Its level's word.
    pub level: Option<(Level, Range<usize>)>,
    /// Its time.
    pub time: Option<Range<usize>>,
    /// Its stamp, if that is to be shown.
    pub stamp: Option<Range<usize>>,
    /// Whether there is more of it than is shown.
    pub cut: bool,
    /// Pairs of byte offsets, in the raw line and in `text`, from which on both advance alike.
    steps: Vec<(usize, usize)>,
}

impl Shown {
    /// What is to be shown of a line, given at least its first [`SHOWN_CHARS`] characters without the newline.
    /// `whole` tells whether that is all of it.
    pub fn of(raw: &[u8], whole: bool, with_stamp: bool) -> Shown {
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let stamp = if whole { stamp_start(raw) } else { None };
        let end = if with_stamp { raw.len() } else { stamp.unwrap_or(raw.len()) };
        let mut writer = Writer::default();
        writer.take(&raw[..end]);
        let mut shown = writer.shown;
        shown.cut |= !whole;
        shown.level = level_span(raw)
            .filter(|(_, span)| span.end <= end)
            .map(|(level, span)| (level, shown.shown_range(&span)))
            .filter(|(_, span)| !span.is_empty());
        shown.time = time_span(raw).map(|span| shown.shown_range(&span)).filter(|span| !span.is_empty());
        shown.stamp = stamp
            .filter(|start| *start < end)
            .map(|start| shown.shown_range(&(start..end)))
            .filter(|span| !span.is_empty());
        shown
    }

    /// Where in the text a byte of the raw line stands; its end if it is not shown.
    pub fn shown_at(&self, raw: usize) -> usize {
        let later = self.steps.partition_point(|(from, _)| *from <= raw);
        let (from, to) = if later == 0 { (0, 0) } else { self.steps[later - 1] };
        let limit = self.steps.get(later).map_or(self.text.len(), |(_, next)| *next);
        let mut at = (to + (raw - from)).min(limit);
        while !self.text.is_char_boundary(at) {
            at += 1;
        }
        at
    }

    /// Where a stretch of the raw line stands in the text.
    pub fn shown_range(&self, raw: &Range<usize>) -> Range<usize> {
        self.shown_at(raw.start)..self.shown_at(raw.end)
    }
}

#[derive(Default)]
struct Writer {
    shown: Shown,
    raw: usize,
    column: usize,
    chars: usize,
}

impl Writer {
    fn take(&mut self, raw: &[u8]) {
        self.shown.text.reserve(raw.len().min(SHOWN_CHARS));
        for chunk in raw.utf8_chunks() {
            let mut rest = chunk.valid();
            while let Some(c) = rest.chars().next() {
                if self.is_full() {
                    return;
                }
                let run = if c == '\0' { rest.len() - rest.trim_start_matches('\0').len() } else { 1 };
                if run >= NUL_RUN {
                    self.escape(&format!("\\x00 × {run} "), run);
                    rest = &rest[run..];
                } else {
                    self.take_char(c);
                    rest = &rest[c.len_utf8()..];
                }
            }
            for _ in chunk.invalid() {
                if self.is_full() {
                    return;
                }
                self.escape("\u{fffd}", 1);
            }
        }
    }

    fn is_full(&mut self) -> bool {
        self.shown.cut = self.chars >= SHOWN_CHARS;
        self.shown.cut
    }

    fn take_char(&mut self, c: char) {
        match c {
            '\t' => {
                let width = TAB - self.column % TAB;
                self.put("        ".get(..width).unwrap_or(" "), 1, width);
            }
            '\r' => self.escape("\\r", 1),
            c if c.is_ascii_control() => self.escape(&format!("\\x{:02x}", u32::from(c)), 1),
            c if c.is_control() || is_disguise(c) => self.escape(&format!("\\u{{{:x}}}", u32::from(c)), c.len_utf8()),
            c => {
                self.shown.text.push(c);
                self.raw += c.len_utf8();
                self.column += if is_wide(c) { 2 } else { 1 };
                self.chars += 1;
            }
        }
    }

    fn escape(&mut self, text: &str, raw: usize) {
        let from = self.shown.text.len();
        self.put(text, raw, text.chars().count());
        let to = self.shown.text.len();
        match self.shown.escapes.last_mut() {
            Some(last) if last.end == from => last.end = to,
            _ => self.shown.escapes.push(from..to),
        }
    }

    fn put(&mut self, text: &str, raw: usize, columns: usize) {
        self.shown.text.push_str(text);
        self.raw += raw;
        self.column += columns;
        self.chars += columns;
        self.shown.steps.push((self.raw, self.shown.text.len()));
    }
}

/// Characters that have no width or turn the direction: a line could pass for another one with them.
fn is_disguise(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}'
        | '\u{fe30}'..='\u{fe4f}' | '\u{ff00}'..='\u{ff60}' | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}'
        | '\u{20000}'..='\u{3fffd}')
}

/// How far into a line its time is looked for, in bytes.
const TIME_WITHIN: usize = 48;

/// Where the time stands near the beginning of a line: `2026-05-10 00:00:09,220` and its relatives, or syslog's
/// `May 10 00:00:09`.
pub fn time_span(raw: &[u8]) -> Option<Range<usize>> {
    let limit = raw.len().min(TIME_WITHIN);
    (0..limit)
        .filter(|&at| at == 0 || !raw[at - 1].is_ascii_alphanumeric())
        .find_map(|at| date_time(&raw[at..]).or_else(|| syslog_time(&raw[at..])).map(|length| at..at + length))
}

fn fits(raw: &[u8], shape: &[u8]) -> bool {
    raw.len() >= shape.len()
        && raw.iter().zip(shape).all(|(byte, wanted)| match wanted {
            b'0' => byte.is_ascii_digit(),
            b'?' => matches!(byte, b' ' | b'T'),
            b'-' => matches!(byte, b'-' | b'/'),
            b'a' => byte.is_ascii_alphabetic(),
            b'_' => byte.is_ascii_digit() || *byte == b' ',
            other => byte == other,
        })
}

fn date_time(raw: &[u8]) -> Option<usize> {
    const SHAPE: &[u8] = b"0000-00-00?00:00:00";
    if !fits(raw, SHAPE) {
        return None;
    }
    let mut length = SHAPE.len();
    if matches!(raw.get(length), Some(b'.' | b',')) {
        let digits = raw[length + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits > 0 {
            length += 1 + digits;
        }
    }
    let rest = &raw[length..];
    Some(match rest.first() {
        Some(b'Z') => length + 1,
        Some(b'+' | b'-') if fits(&rest[1..], b"00:00") => length + 6,
        Some(b'+' | b'-') if fits(&rest[1..], b"0000") => length + 5,
        _ => length,
    })
}

fn syslog_time(raw: &[u8]) -> Option<usize> {
    const SHAPE: &[u8] = b"aaa _0 00:00:00";
    const MONTHS: &[u8] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    (fits(raw, SHAPE) && MONTHS.chunks(3).any(|month| raw.starts_with(month))).then_some(SHAPE.len())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn shown(raw: &[u8]) -> Shown {
        Shown::of(raw, true, true)
    }

    #[test]
    fn plain_text_and_chinese_are_shown_as_they_are() {
        let line = "INFO 2026-05-10 00:00:09,942 web 4122 1 用户 登录成功 user=王小明";
        let shown = shown(line.as_bytes());
        assert_eq!(shown.text, line);
        assert!(shown.escapes.is_empty() && !shown.cut);
        assert_eq!(shown.time, Some(5..28));
        assert_eq!(shown.level, Some((Level::Info, 0..4)));
    }

    #[test]
    fn what_has_no_shape_is_escaped() {
        assert_eq!(shown(b"a\x00b\x1b[31mc\x7f").text, "a\\x00b\\x1b[31mc\\x7f");
        assert_eq!(shown(b"a\rb\r").text, "a\\rb");
        assert_eq!(shown("x\u{202e}y\u{feff}".as_bytes()).text, "x\\u{202e}y\\u{feff}");
        assert_eq!(shown(b"\xff\xfeok \xe7\x94").text, "\u{fffd}\u{fffd}ok \u{fffd}\u{fffd}");
        let hole = shown(&[&[0; 5000][..], b"end"].concat());
        assert_eq!(hole.text, "\\x00 × 5000 end");
        assert_eq!(hole.escapes.iter().map(|span| span.end).collect::<Vec<_>>(), [13]);
    }

    #[test]
    fn tabs_go_to_the_next_stop_and_wide_characters_count_twice() {
        assert_eq!(shown(b"a\tb").text, "a       b");
        assert_eq!(shown("用\tb".as_bytes()).text, "用      b");
        assert_eq!(shown(b"12345678\tb").text, "12345678        b");
    }

    #[test]
    fn long_lines_are_cut() {
        let long = vec![b'x'; 1 << 20];
        let cut = shown(&long);
        assert_eq!((cut.text.len(), cut.cut), (SHOWN_CHARS, true));
        assert!(!shown(&long[..SHOWN_CHARS]).cut);
        assert!(Shown::of(b"only a part", false, true).cut);
        let wide = "中".repeat(SHOWN_CHARS + 1);
        assert_eq!(shown(wide.as_bytes()).text.chars().count(), SHOWN_CHARS);
    }

    #[test]
    fn places_in_the_raw_line_are_found_in_the_text() {
        let raw = b"\t\x00INFO \xff done";
        let shown = shown(raw);
        assert_eq!(shown.text, "        \\x00INFO \u{fffd} done");
        let at = raw.windows(4).position(|part| part == b"done").unwrap();
        assert_eq!(&shown.text[shown.shown_range(&(at..at + 4))], "done");
        assert_eq!(&shown.text[shown.shown_range(&(0..1))], "        ");
        assert_eq!(&shown.text[shown.shown_range(&(1..2))], "\\x00");
        assert_eq!(&shown.text[shown.level.unwrap().1], "INFO");
        assert_eq!(shown.text.len(), "        \\x00INFO \u{fffd} done".len());
    }

    #[test]
    fn every_place_of_any_bytes_falls_on_a_character() {
        let mut seed = 7_u64;
        for _ in 0..300 {
            let raw: Vec<u8> = (0..40)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    [b'\t', 0, b'a', b'\r', 0xe4, 0xb8, 0xad, 0xff, b' ', b'\n'][(seed >> 33) as usize % 10]
                })
                .collect();
            let shown = shown(&raw);
            let mut before = 0;
            for at in 0..=raw.len() {
                let place = shown.shown_at(at);
                assert!(shown.text.is_char_boundary(place) && place >= before, "{raw:?} at {at}");
                before = place;
            }
        }
    }

    #[test]
    fn times_of_many_programs_are_found() {
        let found = |line: &str| time_span(line.as_bytes()).map(|span| line[span].to_owned());
        for (line, time) in [
            ("ERROR 2026-05-10 00:00:03,948 web", "2026-05-10 00:00:03,948"),
            ("2026-05-10T00:00:03.948123+08:00 x", "2026-05-10T00:00:03.948123+08:00"),
            ("[2026/05/10 00:00:03] x", "2026/05/10 00:00:03"),
            ("2026-05-10T00:00:03Z", "2026-05-10T00:00:03Z"),
            ("May  9 23:59:58 host app[1]: x", "May  9 23:59:58"),
        ] {
            assert_eq!(found(line).as_deref(), Some(time), "{line}");
        }
        for line in ["", "no time here", "12026-05-10 00:00:03", "Maybe 9 o'clock", "2026-05-10"] {
            assert_eq!(found(line), None, "{line}");
        }
    }
}
