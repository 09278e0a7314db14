//! The stamp at the end of each line of a lab's worker: who wrote it, the how-manieth it is, and whether it is whole.
//!
//! `{body} ~{launch:08x}.{worker}.{thread}.{task}.{seq}.{body_len}.{crc:08x}`. The checksum covers the body and all
//! fields before it. Both speak of the text in UTF-8, whatever the file's encoding is. The length makes a line whole
//! again that got glued behind a fragment of another one.

use encoding_rs::GBK;

use super::{LaunchId, push_decimal};

/// What stands between body and stamp.
const MARK: &[u8; 2] = b" ~";
const HEX: &[u8; 16] = b"0123456789abcdef";

/// What a stamp says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp<'a> {
    /// The start of the process that wrote the line.
    pub launch: LaunchId,
    /// The worker's name.
    pub worker: &'a str,
    /// Thread, from 1.
    pub thread: u16,
    /// Task, from 1.
    pub task: u16,
    /// Number of the line within task and launch, from 1.
    pub seq: u64,
}

/// How a line stands, judged by its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamped<'a> {
    /// The line stands whole.
    Whole {
        /// Its stamp.
        stamp: Stamp<'a>,
        /// Bytes in front of it that belong to another line: a fragment whose newline never came.
        extra_before: usize,
    },
    /// A stamp can be read, but the text before it is not the text that was stamped.
    Torn {
        /// The stamp.
        stamp: Stamp<'a>,
    },
    /// No stamp at the end.
    None,
}

/// Whether a name can stand in a stamp: one or more of `A-Z a-z 0-9 _ -`.
pub fn is_worker_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(is_name_byte)
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// Stamps a line: all that `line` holds is the body. No newline is added; the body must hold none.
pub fn write_stamp(line: &mut Vec<u8>, stamp: &Stamp<'_>) {
    let body = std::mem::take(line);
    *line = StampedLine::new(body, stamp).text;
    line.pop();
}

/// A line that can be given one number after the other: the rest of it is made once.
#[derive(Clone, Debug)]
pub struct StampedLine {
    /// The whole line, with its newline.
    text: Vec<u8>,
    number_at: usize,
    /// The stamp from behind the number up to the checksum.
    tail: Vec<u8>,
    /// Of all before the number.
    crc: crc32fast::Hasher,
    /// The numbers that differ from the one that stands there in their last digit alone.
    decade: Option<Decade>,
}

/// Ten numbers. Checksums of texts of one length differ by what depends on the difference of the texts alone.
#[derive(Clone, Debug)]
struct Decade {
    tens: u64,
    /// The checksum where the last digit is 0.
    crc_of_0: u32,
    /// By what the checksum with each digit differs from that.
    by_digit: [u32; 10],
}

/// The checksum in hexadecimal and the newline.
const CRC_AND_NEWLINE: usize = 9;

impl StampedLine {
    /// The line of this body, which must hold no newline, and this stamp.
    pub fn new(body: Vec<u8>, stamp: &Stamp<'_>) -> StampedLine {
        let mut tail = vec![b'.'];
        push_decimal(&mut tail, body.len() as u64);
        let mut text = body;
        text.extend_from_slice(MARK);
        text.extend_from_slice(&hex_of(stamp.launch.0));
        text.push(b'.');
        text.extend_from_slice(stamp.worker.as_bytes());
        for number in [stamp.thread, stamp.task] {
            text.push(b'.');
            push_decimal(&mut text, u64::from(number));
        }
        text.push(b'.');
        let mut crc = crc32fast::Hasher::new();
        crc.update(&text);
        let mut line = StampedLine { number_at: text.len(), text, tail, crc, decade: None };
        line.write_from_number(stamp.seq);
        line
    }

    /// Makes it the line of another number.
    pub fn set_number(&mut self, seq: u64) {
        let (tens, digit) = (seq / 10, (seq % 10) as usize);
        let Some(decade) = self.decade.as_ref().filter(|decade| decade.tens == tens) else {
            let by_digit = self.decade.as_ref().map_or_else(|| self.differences(), |decade| decade.by_digit);
            let crc_of_0 = self.write_from_number(seq) ^ by_digit[digit];
            self.decade = Some(Decade { tens, crc_of_0, by_digit });
            return;
        };
        let crc = hex_of(decade.crc_of_0 ^ decade.by_digit[digit]);
        let crc_at = self.text.len() - CRC_AND_NEWLINE;
        // The dot before the checksum, the tail, the digit.
        self.text[crc_at - 2 - self.tail.len()] = b'0' + digit as u8;
        self.text[crc_at..crc_at + crc.len()].copy_from_slice(&crc);
    }

    fn write_from_number(&mut self, seq: u64) -> u32 {
        self.text.truncate(self.number_at);
        push_decimal(&mut self.text, seq);
        self.text.extend_from_slice(&self.tail);
        let mut crc = self.crc.clone();
        crc.update(&self.text[self.number_at..]);
        let crc = crc.finalize();
        self.text.push(b'.');
        self.text.extend_from_slice(&hex_of(crc));
        self.text.push(b'\n');
        crc
    }

    fn differences(&self) -> [u32; 10] {
        let mut end = vec![b'0'];
        end.extend_from_slice(&self.tail);
        let of_0 = crc32fast::hash(&end);
        std::array::from_fn(|digit| {
            end[0] = b'0' + digit as u8;
            crc32fast::hash(&end) ^ of_0
        })
    }

    /// The line with its newline.
    pub fn as_bytes(&self) -> &[u8] {
        &self.text
    }
}

/// Judges a line, given without its newline.
pub fn parse_stamp(line: &[u8]) -> Stamped<'_> {
    let Some(found) = find(line) else { return Stamped::None };
    let Some(body_start) = usize::try_from(found.body_len).ok().and_then(|len| found.mark_at.checked_sub(len)) else {
        return Stamped::Torn { stamp: found.stamp };
    };
    if crc32fast::hash(&line[body_start..found.crc_at]) == found.crc {
        Stamped::Whole { stamp: found.stamp, extra_before: body_start }
    } else {
        Stamped::Torn { stamp: found.stamp }
    }
}

/// A line is not longer than this if its text is looked for at every byte.
const LONGEST_SOUGHT: usize = 64 << 10;

/// Judges a line, given without its newline, that is in UTF-8 or in GBK: it is whole if either fits the checksum.
pub fn parse_stamp_of_any(line: &[u8]) -> Stamped<'_> {
    let as_it_is = parse_stamp(line);
    if matches!(as_it_is, Stamped::Whole { .. } | Stamped::None) || line.is_ascii() {
        return as_it_is;
    }
    let Some(found) = find(line) else { return as_it_is };
    let Ok(body_len) = usize::try_from(found.body_len) else { return as_it_is };
    // What takes two bytes in GBK takes two or three in UTF-8.
    let earliest = found.mark_at.saturating_sub(body_len);
    let latest = found.mark_at.saturating_sub(body_len / 3 * 2);
    let starts = if line.len() > LONGEST_SOUGHT { 0..=0 } else { earliest..=latest };
    for start in starts {
        let (body, broken) = GBK.decode_without_bom_handling(&line[start..found.mark_at]);
        if broken || body.len() != body_len {
            continue;
        }
        let mut crc = crc32fast::Hasher::new();
        crc.update(body.as_bytes());
        crc.update(&line[found.mark_at..found.crc_at]);
        if crc.finalize() == found.crc {
            return Stamped::Whole { stamp: found.stamp, extra_before: start };
        }
    }
    as_it_is
}

/// Where the stamp begins, the blank before it included: what a view leaves away. Does not check the text.
pub fn stamp_start(line: &[u8]) -> Option<usize> {
    find(line).map(|found| found.mark_at)
}

struct Found<'a> {
    stamp: Stamp<'a>,
    body_len: u64,
    crc: u32,
    /// Offset of the blank between body and stamp.
    mark_at: usize,
    /// Offset of the dot before the checksum.
    crc_at: usize,
}

/// Reads the fields from the end, so that the length of the body costs nothing.
fn find(line: &[u8]) -> Option<Found<'_>> {
    let crc_at = line.len().checked_sub(9)?;
    let crc = hex(line.get(crc_at + 1..)?)?;
    let mut end = crc_at;
    let body_len = take_decimal(line, &mut end)?;
    let seq = take_decimal(line, &mut end)?;
    let task = u16::try_from(take_decimal(line, &mut end)?).ok()?;
    let thread = u16::try_from(take_decimal(line, &mut end)?).ok()?;
    let worker = take_name(line, &mut end)?;
    if line.get(end) != Some(&b'.') {
        return None;
    }
    let launch_at = end.checked_sub(8)?;
    let launch = LaunchId(hex(&line[launch_at..end])?);
    let mark_at = launch_at.checked_sub(MARK.len())?;
    if &line[mark_at..launch_at] != MARK {
        return None;
    }
    Some(Found { stamp: Stamp { launch, worker, thread, task, seq }, body_len, crc, mark_at, crc_at })
}

/// Reads `.digits` that ends where `line[*end]` is a dot; afterwards `*end` is its own leading dot.
fn take_decimal(line: &[u8], end: &mut usize) -> Option<u64> {
    if line.get(*end) != Some(&b'.') {
        return None;
    }
    let mut at = *end;
    let mut value = 0u64;
    let mut scale = 1u64;
    loop {
        at = at.checked_sub(1)?;
        let byte = line[at];
        if byte == b'.' {
            break;
        }
        // 18 digits can't overflow; no counter gets further.
        if !byte.is_ascii_digit() || *end - at > 18 {
            return None;
        }
        value += u64::from(byte - b'0') * scale;
        scale *= 10;
    }
    if *end - at < 2 {
        return None;
    }
    *end = at;
    Some(value)
}

fn take_name<'a>(line: &'a [u8], end: &mut usize) -> Option<&'a str> {
    let stop = *end;
    let mut at = stop;
    while at > 0 && is_name_byte(line[at - 1]) {
        at -= 1;
    }
    if at == stop {
        return None;
    }
    *end = at.checked_sub(1)?;
    std::str::from_utf8(&line[at..stop]).ok()
}

fn hex_of(number: u32) -> [u8; 8] {
    std::array::from_fn(|place| HEX[(number >> (28 - 4 * place)) as usize & 15])
}

fn hex(digits: &[u8]) -> Option<u32> {
    let mut value = 0u32;
    for &digit in digits {
        let nibble = match digit {
            b'0'..=b'9' => digit - b'0',
            b'a'..=b'f' => digit - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u32::from(nibble);
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn stamped(body: &str, seq: u64) -> Vec<u8> {
        let mut line = body.as_bytes().to_vec();
        write_stamp(&mut line, &stamp(seq));
        line
    }

    fn stamp(seq: u64) -> Stamp<'static> {
        Stamp { launch: LaunchId(0x0bad_cafe), worker: "web-2", thread: 1, task: 3, seq }
    }

    #[test]
    fn the_layout_is_as_documented() {
        let line = String::from_utf8(stamped("INFO hello", 17)).unwrap();
        let (before, crc) = line.rsplit_once('.').unwrap();
        assert_eq!(before, "INFO hello ~0badcafe.web-2.1.3.17.10");
        assert_eq!(crc, format!("{:08x}", crc32fast::hash(before.as_bytes())));
    }

    #[test]
    fn a_line_glued_behind_a_fragment_is_whole() {
        let mut line = b"ERROR 2026-05-1".to_vec();
        line.extend(stamped("INFO hello", 17));
        assert_eq!(parse_stamp(&line), Stamped::Whole { stamp: stamp(17), extra_before: 15 });
    }

    #[test]
    fn a_line_without_its_head_is_torn_and_one_without_its_tail_is_no_stamped_line() {
        let line = stamped("INFO hello", 17);
        assert_eq!(parse_stamp(&line[4..]), Stamped::Torn { stamp: stamp(17) });
        for end in 0..line.len() {
            assert_eq!(parse_stamp(&line[..end]), Stamped::None, "cut at {end}");
        }
    }

    #[test]
    fn a_view_can_hide_the_stamp() {
        let line = stamped("INFO hello", 17);
        assert_eq!(stamp_start(&line), Some("INFO hello".len()));
        assert_eq!(stamp_start(b"INFO hello"), None);
        assert_eq!(stamp_start(&stamped("", 1)), Some(0));
    }

    #[test]
    fn a_line_in_gbk_is_judged_by_the_text_that_was_stamped() {
        let line = stamped("INFO 用户 登录成功", 17);
        let gbk = GBK.encode(std::str::from_utf8(&line).unwrap()).0.into_owned();
        assert_eq!(parse_stamp_of_any(&line), Stamped::Whole { stamp: stamp(17), extra_before: 0 });
        assert_eq!(parse_stamp_of_any(&gbk), Stamped::Whole { stamp: stamp(17), extra_before: 0 });
        // Behind a fragment that ends within a character.
        let glued = [b"INFO \xd3\xc3\xbb".as_slice(), &gbk].concat();
        assert_eq!(parse_stamp_of_any(&glued), Stamped::Whole { stamp: stamp(17), extra_before: 8 });
        let mut other = gbk.clone();
        other[6] ^= 1;
        assert_eq!(parse_stamp_of_any(&other), Stamped::Torn { stamp: stamp(17) });
        let cut = &gbk[6..];
        assert_eq!(parse_stamp_of_any(cut), Stamped::Torn { stamp: stamp(17) });
        assert_eq!(parse_stamp_of_any(&gbk[..20]), Stamped::None);
    }

    #[test]
    fn text_that_merely_ends_alike_is_no_stamp() {
        for line in ["", "x", ".........", "1.2.3.4.5.6.deadbeef", " ~0badcafe..1.1.1.1.00000000", "~.~.~.~.~.~.~"] {
            assert_eq!(parse_stamp(line.as_bytes()), Stamped::None, "{line}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            body in "[^\n]{0,80}",
            launch: u32,
            worker in "[A-Za-z0-9_-]{1,12}",
            thread: u16,
            task: u16,
            before: u64,
            seq in 0u64..1_000_000_000_000_000_000,
        ) {
            let stamp = Stamp { launch: LaunchId(launch), worker: &worker, thread, task, seq };
            let mut line = body.clone().into_bytes();
            write_stamp(&mut line, &stamp);
            let mut renumbered = StampedLine::new(body.clone().into_bytes(), &Stamp { seq: before, ..stamp });
            renumbered.set_number(seq);
            prop_assert_eq!(renumbered.as_bytes(), [line.as_slice(), b"\n"].concat());
            prop_assert_eq!(parse_stamp(&line), Stamped::Whole { stamp, extra_before: 0 });
            prop_assert_eq!(stamp_start(&line), Some(body.len()));
        }

        #[test]
        fn any_flipped_byte_is_noticed(at in 0usize..46, flip in 1u8..=255) {
            let mut line = stamped("INFO hello", 17);
            let at = at % line.len();
            line[at] ^= flip;
            let whole = matches!(parse_stamp(&line), Stamped::Whole { .. });
            prop_assert!(!whole);
        }

        #[test]
        fn junk_never_panics(line in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = (parse_stamp(&line), parse_stamp_of_any(&line), stamp_start(&line));
        }
    }
}
