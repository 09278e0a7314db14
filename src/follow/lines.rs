//! Cuts the bytes of one incarnation into lines, and sums up what a stretch of them holds. No I/O.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::encoding::{SAMPLE_BYTES, Sniffer};
use super::sequences::{Age, Sequences};
use super::stamps::{Judge, Judged, LONGEST_JUDGED, Runs};
use crate::event::{Batch, IncarnationId, LineMark};
use crate::record::{LEVELS, TextEncoding, level_of, without_mark};

/// A mark stands at the latest after so many lines,
const MARK_LINES: u64 = 256;
/// or so many bytes, whichever comes first: any line is one short read away from a mark.
const MARK_BYTES: u64 = 64 << 10;
/// So many NUL bytes at the beginning of a line are a hole and no text.
const LEAST_HOLE: u64 = 16;
/// As much of an unended line is kept as its level may stand in.
const HEAD_BYTES: usize = 4 << 10;

/// A sample of the content just before a line: tells after a truncation how much of the file is still the old one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rung {
    pub(super) offset: u64,
    pub(super) hash: u64,
}

/// Bytes that nobody wrote: a writer that keeps its own position went on there after the file had been cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hole {
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

/// How many bytes a rung covers.
pub(super) const RUNG_BYTES: usize = 64;

/// As much of a file's beginning is kept as it is: before the first rung nothing else tells a cut from a refill.
pub(super) const BEGINNING_BYTES: usize = 256;

/// FNV-1a; short input, no adversary.
pub(super) fn hash_of(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The line splitter of one incarnation.
#[derive(Debug)]
pub(super) struct Lines {
    /// Behind the last byte taken in.
    offset: u64,
    /// Where the line starts that is not ended yet.
    line_start: u64,
    /// Whole lines so far.
    count: u64,
    /// Bytes below were there before following began: their levels are no news.
    quiet_below: u64,
    judge_stamps: bool,
    /// How lines of programs are known, which bear no stamps.
    sequences: Sequences,
    /// Where in the file each age but the first began.
    ages: Vec<(u64, Age)>,
    /// Where this life begins, if a cut was its beginning: NUL bytes there are a hole, however few.
    cut_at: Option<u64>,
    /// NUL bytes that the unended line begins with, as long as nothing else has come: a hole perhaps.
    nul_run: u64,
    /// NUL bytes in the text of the unended line.
    nul_bytes: u64,
    /// Whether something other than NUL bytes has come of the unended line.
    in_text: bool,
    /// The hole at which taking in has stopped.
    hole: Option<Hole>,
    /// The unended line from its first byte that is not NUL, up to a bound.
    carry: Vec<u8>,
    last_mark: Option<LineMark>,
    /// The first bytes of the file, as far as they have been read.
    beginning: Vec<u8>,
    sniffer: Sniffer,
    /// What was last told of the encoding.
    encoding_told: TextEncoding,
    /// Wide units are counted from here on.
    units_from: u64,
    rungs: Vec<Rung>,
    /// The next rung stands at the first line that starts here or later.
    next_rung: u64,
    batch: Summing,
}

/// What the batch under construction has so far.
#[derive(Debug, Default)]
struct Summing {
    lines: u64,
    first_line: u64,
    start: u64,
    end: u64,
    marks: Vec<LineMark>,
    longest_bytes: u64,
    levels: [u32; LEVELS],
    whole: Runs,
    torn: Runs,
    fragments: u64,
    nul_bytes: u64,
}

impl Lines {
    pub(super) fn new(start: u64, quiet_below: u64, judge_stamps: bool) -> Lines {
        Lines {
            offset: start,
            line_start: start,
            count: 0,
            quiet_below,
            judge_stamps,
            sequences: Sequences::default(),
            ages: Vec::new(),
            cut_at: None,
            nul_run: 0,
            nul_bytes: 0,
            in_text: false,
            hole: None,
            carry: Vec::new(),
            last_mark: None,
            beginning: Vec::new(),
            sniffer: Sniffer::expecting(TextEncoding::Utf8),
            encoding_told: TextEncoding::Utf8,
            units_from: 0,
            rungs: Vec::new(),
            next_rung: RUNG_BYTES as u64,
            batch: Summing { start, ..Summing::default() },
        }
    }

    /// With lines of programs judged too.
    pub(super) fn with_sequences(self, sequences: &Sequences) -> Lines {
        let age = sequences.age();
        let ages = if age == Age::default() { Vec::new() } else { vec![(self.offset, age)] };
        Lines { sequences: sequences.clone(), ages, ..self }
    }

    /// What comes from here on is of another age.
    pub(super) fn begin_age(&mut self, age: Age) {
        self.ages.push((self.offset, age));
    }

    /// How a line is judged that ends behind `end`.
    pub(super) fn judge_at(&self, end: u64) -> Judge<'_> {
        let begun = self.ages.partition_point(|(from, _)| *from < end);
        let age = begun.checked_sub(1).map(|last| self.ages[last].1).unwrap_or_default();
        Judge { sequences: &self.sequences, age }
    }

    /// The same, before anything has been taken in, from another offset on.
    pub(super) fn beginning_at(&self, start: u64) -> Lines {
        let ages = self.ages.iter().map(|(_, age)| (start, *age)).collect();
        let sequences = self.sequences.clone();
        let mut lines = Lines { sequences, ages, ..Lines::new(start, self.quiet_below, self.judge_stamps) };
        lines.expect(self.encoding());
        lines
    }

    /// The splitter of the life that goes on after a truncation: what was left below `start` is known already.
    pub(super) fn cut_to(&self, start: u64) -> Lines {
        let rungs: Vec<Rung> = self.rungs.iter().copied().take_while(|rung| rung.offset <= start).collect();
        let known = usize::try_from(start).map_or(self.beginning.len(), |start| start.min(self.beginning.len()));
        let encoding = self.sniffer.encoding();
        let sniffer = if start == 0 { Sniffer::expecting(encoding) } else { Sniffer::knowing(encoding) };
        Lines {
            beginning: self.beginning[..known].to_vec(),
            sniffer,
            // Whoever appends begins a unit there, even if the cut went through one.
            units_from: start,
            next_rung: rungs.last().map_or(RUNG_BYTES as u64, |rung| rung_after(rung.offset)),
            rungs,
            sequences: self.sequences.clone(),
            ages: self.ages.iter().map(|(from, age)| ((*from).min(start), *age)).collect(),
            cut_at: Some(start),
            ..Lines::new(start, 0, self.judge_stamps)
        }
    }

    /// Behind the last byte taken in.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Bytes of the line that is not ended yet.
    pub(super) fn pending(&self) -> u64 {
        self.offset - self.line_start
    }

    /// What the bytes mean, as far as that is known.
    pub(super) fn encoding(&self) -> TextEncoding {
        self.sniffer.encoding()
    }

    /// Offset of the first byte of some unit of two bytes.
    pub(super) fn units_from(&self) -> u64 {
        self.units_from
    }

    /// What the file at the same place was before it.
    pub(super) fn expect(&mut self, encoding: TextEncoding) {
        self.sniffer = Sniffer::expecting(encoding);
    }

    /// What the bytes mean, if that is news.
    pub(super) fn encoding_news(&mut self) -> Option<TextEncoding> {
        let now = self.sniffer.encoding();
        (std::mem::replace(&mut self.encoding_told, now) != now).then_some(now)
    }

    pub(super) fn rungs(&self) -> &[Rung] {
        &self.rungs
    }

    /// The first bytes of the file.
    pub(super) fn beginning(&self) -> &[u8] {
        &self.beginning
    }

    /// For a life that starts in the midst of a file: how that begins.
    pub(super) fn recall_beginning(&mut self, beginning: &[u8]) {
        self.beginning = beginning.to_vec();
    }

    /// NUL bytes at the end of what was taken in of which it is not known yet whether they are a hole.
    pub(super) fn undecided(&self) -> u64 {
        self.nul_run
    }

    /// The hole at which [`Lines::take_in`] has stopped, once.
    pub(super) fn take_hole(&mut self) -> Option<Hole> {
        self.hole.take()
    }

    /// Takes in `window[fresh..]`, which stands at [`Lines::offset`]; what is before it are bytes taken in earlier.
    /// Stops behind a hole, so that no batch spans one. Returns how far in the window it came.
    pub(super) fn take_in(&mut self, window: &[u8], fresh: usize) -> usize {
        let block = &window[fresh..];
        self.learn_beginning(block);
        let sample = if self.offset == 0 { &block[..block.len().min(SAMPLE_BYTES)] } else { &self.beginning };
        self.sniffer.look_at_beginning(sample);
        if self.encoding().is_wide() {
            self.take_in_wide(window, fresh);
            return window.len();
        }
        self.sniff_lines(block);
        let window_start = self.offset - fresh as u64;
        let has_nul = memchr(0, block).is_some();
        let mut start = fresh;
        for newline in memchr_iter(b'\n', block) {
            let newline = fresh + newline;
            if has_nul || self.nul_run > 0 {
                start += self.skip_nul(&window[start..=newline]);
            }
            if self.hole.is_some() {
                return self.stop_at(window_start, start);
            }
            self.mark_if_due(window, window_start);
            self.end_line(&window[start..newline], window_start + newline as u64);
            start = newline + 1;
            self.line_start = window_start + start as u64;
            self.batch.end = self.line_start;
        }
        if has_nul || self.nul_run > 0 {
            start += self.skip_nul(&window[start..]);
        }
        if self.hole.is_some() {
            return self.stop_at(window_start, start);
        }
        self.in_text |= start < window.len();
        self.keep(&window[start..]);
        self.stop_at(window_start, window.len())
    }

    /// The same for text in units of two bytes, which is full of NUL bytes: holes in it are counted, not told.
    fn take_in_wide(&mut self, window: &[u8], fresh: usize) {
        let block = &window[fresh..];
        let base = self.offset;
        // Half a unit at the end of the bytes before is looked at again.
        let half = usize::from(self.is_within_unit(base)).min(fresh);
        self.count_nul(&window[fresh - half..]);
        let encoding = self.encoding();
        let (mut start, mut at) = (0, fresh - half);
        while let Some(length) = encoding.line_end(&window[at..]) {
            at += length;
            let end = at - fresh;
            self.mark_if_due(window, base - fresh as u64);
            // A newline may have begun in the bytes before: it stays, and is taken off the text.
            self.end_line(&block[start..end], base + end as u64 - encoding.unit_bytes() as u64);
            start = end;
            self.line_start = base + start as u64;
            self.batch.end = self.line_start;
        }
        self.keep(&block[start..]);
        self.offset = base + block.len() as u64;
    }

    fn stop_at(&mut self, window_start: u64, at: usize) -> usize {
        self.offset = window_start + at as u64;
        at
    }

    fn learn_beginning(&mut self, block: &[u8]) {
        if self.offset == self.beginning.len() as u64 {
            let room = BEGINNING_BYTES.saturating_sub(self.beginning.len()).min(block.len());
            self.beginning.extend_from_slice(&block[..room]);
        }
    }

    /// Passes over the NUL bytes with which a line begins, and counts those in its text. `bytes` are what there is of
    /// the line from here on, its newline included.
    fn skip_nul(&mut self, bytes: &[u8]) -> usize {
        let leading = if self.in_text { 0 } else { bytes.iter().take_while(|byte| **byte == 0).count() };
        self.nul_run += leading as u64;
        if leading == bytes.len() {
            return leading;
        }
        if self.ends_hole() {
            return leading;
        }
        self.nul_bytes += std::mem::take(&mut self.nul_run);
        self.nul_bytes += memchr_iter(0, &bytes[leading..]).count() as u64;
        self.in_text = true;
        leading
    }

    /// Whether the NUL bytes so far are a hole. The line starts behind it, with a mark: whoever looks the line up by the
    /// mark before it would meet the hole.
    fn ends_hole(&mut self) -> bool {
        let least = if self.cut_at == Some(self.line_start) { 1 } else { LEAST_HOLE };
        if self.nul_run < least {
            return false;
        }
        self.hole = Some(Hole { offset: self.line_start, bytes: self.nul_run });
        self.line_start += std::mem::take(&mut self.nul_run);
        self.last_mark = None;
        true
    }

    fn is_within_unit(&self, offset: u64) -> bool {
        self.encoding().is_wide() && offset.abs_diff(self.units_from) % 2 == 1
    }

    /// Counts whole units of NUL. `bytes` begins with a whole unit.
    fn count_nul(&mut self, bytes: &[u8]) {
        if memchr(0, bytes).is_some() {
            self.batch.nul_bytes += 2 * bytes.chunks_exact(2).filter(|unit| *unit == [0, 0]).count() as u64;
        }
    }

    /// The encoding is sought in the lines that end in a block.
    fn sniff_lines(&mut self, block: &[u8]) {
        let Some(ends) = memchr::memrchr(b'\n', block).map(|newline| newline + 1) else { return };
        let mut from = 0;
        if self.pending() > 0 {
            from = memchr(b'\n', block).map_or(ends, |newline| newline + 1);
            let kept_whole = self.carry.len() as u64 == self.pending();
            if kept_whole && !(self.carry.is_ascii() && block[..from].is_ascii()) {
                self.sniffer.look_at_lines(&[&self.carry, &block[..from]].concat());
            }
        }
        self.sniffer.look_at_lines(&block[from..ends]);
    }

    /// Makes the unended line a final one. Returns where it starts and how long it is.
    pub(super) fn end_without_newline(&mut self, judge: bool) -> Option<(u64, u64)> {
        if !self.in_text && self.ends_hole() {
            return None;
        }
        let bytes = self.pending();
        if bytes == 0 {
            return None;
        }
        self.nul_bytes += std::mem::take(&mut self.nul_run);
        let start = self.line_start;
        let judge_stamps = self.judge_stamps;
        self.judge_stamps &= judge;
        self.mark_if_due(&[], self.offset);
        self.end_line(&[], self.offset);
        self.judge_stamps = judge_stamps;
        self.line_start = self.offset;
        self.batch.end = self.offset;
        Some((start, bytes))
    }

    /// The whole lines since the last call, if there are any.
    pub(super) fn batch(&mut self, incarnation: IncarnationId, size: u64) -> Option<Batch> {
        if self.batch.lines == 0 {
            // A hole may lie behind.
            self.batch.start = self.line_start;
            return None;
        }
        let next = Summing { start: self.line_start, first_line: self.count, ..Summing::default() };
        let mut done = std::mem::replace(&mut self.batch, next);
        Some(Batch {
            incarnation,
            first_line: done.first_line,
            lines: done.lines,
            start: done.start,
            end: done.end,
            size: size.max(done.end),
            marks: done.marks,
            longest_bytes: done.longest_bytes,
            levels: done.levels,
            stamps: done.whole.take(),
            torn: done.torn.take(),
            fragments: done.fragments,
            nul_bytes: done.nul_bytes,
        })
    }

    /// Marks the line that starts at `line_start`, if it is time to. `window` stands at `window_start`.
    fn mark_if_due(&mut self, window: &[u8], window_start: u64) {
        let offset = self.line_start;
        if offset >= self.next_rung {
            self.add_rung(window, window_start);
        }
        let due = self
            .last_mark
            .is_none_or(|mark| self.count - mark.line >= MARK_LINES || offset - mark.offset >= MARK_BYTES);
        if due {
            let mark = LineMark { line: self.count, offset };
            self.last_mark = Some(mark);
            self.batch.marks.push(mark);
        }
    }

    fn add_rung(&mut self, window: &[u8], window_start: u64) {
        // A line that began in an earlier block may have its start outside the window: the next line will do.
        let sample = self.line_start.checked_sub(window_start).and_then(|at| {
            let at = usize::try_from(at).ok()?;
            window.get(at.checked_sub(RUNG_BYTES)?..at)
        });
        if let Some(sample) = sample.filter(|sample| sample.iter().any(|byte| *byte != 0)) {
            self.rungs.push(Rung { offset: self.line_start, hash: hash_of(sample) });
            self.next_rung = rung_after(self.line_start);
        }
    }

    /// Counts the line whose last bytes are `rest`; the bytes before them are in the carry.
    fn end_line(&mut self, rest: &[u8], end: u64) {
        let length = end - self.line_start;
        self.batch.longest_bytes = self.batch.longest_bytes.max(length);
        self.batch.lines += 1;
        self.batch.nul_bytes += std::mem::take(&mut self.nul_bytes);
        self.count += 1;
        self.in_text = false;
        let news = end >= self.quiet_below;
        if news || self.judge_stamps {
            if self.carry.is_empty() {
                self.weigh(self.without_leading_nul(rest), end, news);
            } else {
                self.keep(rest);
                let carry = std::mem::take(&mut self.carry);
                self.weigh(&carry, end, news);
                self.carry = carry;
            }
        }
        self.carry.clear();
        // A line of megabytes must not be paid for ever after.
        self.carry.shrink_to(HEAD_BYTES);
    }

    fn weigh(&mut self, line: &[u8], end: u64, news: bool) {
        let wide = self.encoding().is_wide();
        let text = if wide { self.encoding().to_utf8(line) } else { Cow::Borrowed(line) };
        let line = if wide { text.strip_suffix(b"\n").unwrap_or(&text) } else { line };
        let line = if self.line_start == 0 { without_mark(line) } else { line };
        if news {
            self.batch.levels[level_of(line) as usize] += 1;
        }
        if self.judge_stamps {
            let judged = self.judge_at(end).judge(line);
            match judged {
                Judged::Whole { stamp, fragment_before } => {
                    self.batch.whole.add(&stamp);
                    self.batch.fragments += u64::from(fragment_before);
                }
                Judged::Torn(stamp) => self.batch.torn.add(&stamp),
                Judged::Fragment => self.batch.fragments += 1,
                Judged::Other => {}
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let bytes = if self.carry.is_empty() { self.without_leading_nul(bytes) } else { bytes };
        let most = if self.judge_stamps { LONGEST_JUDGED } else { HEAD_BYTES };
        let room = most.saturating_sub(self.carry.len()).min(bytes.len());
        self.carry.extend_from_slice(&bytes[..room]);
    }

    /// `bytes` begins a line, or goes on behind NUL alone.
    fn without_leading_nul<'b>(&self, bytes: &'b [u8]) -> &'b [u8] {
        let text = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
        // NUL is half of many wide characters.
        &bytes[if self.encoding().is_wide() { text & !1 } else { text }..]
    }
}

/// Close together at the beginning: small files are cut and refilled too.
fn rung_after(offset: u64) -> u64 {
    offset + offset.min(MARK_BYTES)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const ONE: IncarnationId = IncarnationId(1);

    /// Feeds a text in blocks of a size, each with a little of what came before, as the reader does.
    fn fed(text: &[u8], block: usize, stamps: bool) -> (Lines, Vec<Batch>) {
        let (lines, batches, _) = fed_to(Lines::new(0, 0, stamps), text, block);
        (lines, batches)
    }

    fn fed_to(mut lines: Lines, text: &[u8], block: usize) -> (Lines, Vec<Batch>, Vec<Hole>) {
        let (mut batches, mut holes) = (Vec::new(), Vec::new());
        for start in (0..text.len()).step_by(block) {
            let from = start.saturating_sub(256);
            let end = text.len().min(start + block);
            let mut at = start - from;
            while at < end - from {
                at = lines.take_in(&text[from..end], at);
                batches.extend(lines.batch(ONE, text.len() as u64));
                holes.extend(lines.take_hole());
            }
        }
        (lines, batches, holes)
    }

    fn text() -> Vec<u8> {
        let mut text = Vec::new();
        for number in 0..3000 {
            text.extend_from_slice(format!("{} line {number}\n", "x".repeat(number % 90)).as_bytes());
        }
        text.extend_from_slice(b"unended");
        text
    }

    #[test]
    fn the_size_of_blocks_makes_no_difference() {
        let text = text();
        let (whole, at_once) = fed(&text, text.len(), false);
        for block in [1, 7, 300, 4096] {
            let (lines, batches) = fed(&text, block, false);
            assert_eq!((lines.offset(), lines.pending()), (whole.offset(), 7));
            let sum = batches.iter().map(|batch| batch.lines).sum::<u64>();
            assert_eq!(sum, 3000);
            let marks: Vec<LineMark> = batches.iter().flat_map(|batch| batch.marks.clone()).collect();
            assert_eq!(marks, at_once[0].marks);
            let longest = batches.iter().map(|batch| batch.longest_bytes).max();
            assert_eq!(longest, Some(at_once[0].longest_bytes));
            for (batch, next) in batches.iter().zip(&batches[1..]) {
                assert_eq!((batch.end, batch.first_line + batch.lines), (next.start, next.first_line));
            }
        }
    }

    #[test]
    fn marks_are_close_and_right() {
        let text = text();
        let (_, batches) = fed(&text, 1000, false);
        let marks: Vec<LineMark> = batches.iter().flat_map(|batch| batch.marks.clone()).collect();
        assert_eq!(marks[0], LineMark { line: 0, offset: 0 });
        for pair in marks.windows(2) {
            assert!(pair[1].line - pair[0].line <= MARK_LINES && pair[1].offset - pair[0].offset <= MARK_BYTES + 100);
        }
        for mark in marks {
            let before = text[..mark.offset as usize].iter().filter(|byte| **byte == b'\n').count() as u64;
            assert_eq!(before, mark.line);
        }
    }

    #[test]
    fn a_hole_of_megabytes_fills_no_buffer() {
        let mut text = vec![0; 8 << 20];
        text.extend_from_slice(b"ERROR after the hole\n");
        let (lines, batches, holes) = fed_to(Lines::new(0, 0, true), &text, 256 << 10);
        assert_eq!(holes, [Hole { offset: 0, bytes: 8 << 20 }]);
        assert_eq!((batches.len(), batches[0].lines, batches[0].nul_bytes), (1, 1, 0));
        assert_eq!((batches[0].start, batches[0].marks[0].offset), (8 << 20, 8 << 20));
        assert_eq!(batches[0].levels[crate::record::Level::Error as usize], 1);
        assert!(lines.carry.capacity() < 64 << 10);
    }

    /// Wherever a block ends, a hole is found and is in no batch; a few NUL bytes are text, except where a cut was.
    #[test]
    fn holes_are_between_lines() {
        let text = [&b"a\n"[..], &[0; 20], b"b\n\0\0c\0d\n", &[0; 16], b"\n"].concat();
        for block in 1..text.len() {
            let (lines, batches, holes) = fed_to(Lines::new(0, 0, false), &text, block);
            assert_eq!(holes, [Hole { offset: 2, bytes: 20 }, Hole { offset: 30, bytes: 16 }], "{block}");
            let (mut at, mut nul_bytes) = (0, 0);
            for batch in batches {
                assert!(
                    batch.start == at
                        || holes.iter().any(|hole| (hole.offset, hole.offset + hole.bytes) == (at, batch.start))
                );
                (at, nul_bytes) = (batch.end, nul_bytes + batch.nul_bytes);
            }
            assert_eq!((at, nul_bytes, lines.count), (text.len() as u64, 3, 4));
        }
        let cut = Lines::new(0, 0, false).cut_to(0);
        let (_, batches, holes) = fed_to(cut, b"\0\0a\n\0\0b\n", 3);
        assert_eq!((holes.len(), holes[0].bytes, batches[0].start), (1, 2, 2));
    }

    #[test]
    fn a_last_line_becomes_final_once() {
        let (mut lines, _) = fed(b"a\nbc", 10, false);
        assert_eq!(lines.end_without_newline(true), Some((2, 2)));
        let batch = lines.batch(ONE, 4).unwrap();
        assert_eq!((batch.first_line, batch.lines, batch.start, batch.end), (1, 1, 2, 4));
        assert_eq!(lines.end_without_newline(true), None);
        lines.take_in(b"d\n", 0);
        assert_eq!(lines.batch(ONE, 6).unwrap().start, 4);
    }
}
