//! Cuts the bytes of one incarnation into lines. No I/O.

use std::borrow::Cow;

use memchr::{memchr, memchr_iter};

use super::ages::Ages;
use super::checks::Checks;
use super::encoding::{SAMPLE_BYTES, Sniffer};
use super::fingerprint::Fingerprint;
use super::holes::{Hole, Holes};
use super::sequences::{Age, Sequences};
use super::stamps::{Judge, LONGEST_JUDGED};
use super::summing::Summing;
use crate::event::{Batch, IncarnationId};
use crate::record::{TextEncoding, level_of, without_mark};

/// As much of an unended line is kept as its level may stand in.
const HEAD_BYTES: usize = 4 << 10;

/// The line splitter of one incarnation.
#[derive(Debug)]
pub(super) struct Lines {
    /// Behind the last byte taken in.
    offset: u64,
    /// Where the line starts that is not ended yet.
    line_start: u64,
    /// Whole lines so far.
    count: u64,
    /// Whole lines of the file before the first byte taken in, where that is known.
    before: Option<u64>,
    /// Bytes below were there before following began: their levels are no news.
    quiet_below: u64,
    judge_stamps: bool,
    ages: Ages,
    holes: Holes,
    /// The unended line from its first byte that is not NUL, up to a bound.
    carry: Vec<u8>,
    fingerprint: Fingerprint,
    checks: Checks,
    sniffer: Sniffer,
    /// What was last told of the encoding.
    encoding_told: TextEncoding,
    /// Wide units are counted from here on.
    units_from: u64,
    batch: Summing,
}

impl Lines {
    pub(super) fn new(start: u64, quiet_below: u64, judge_stamps: bool) -> Lines {
        Lines {
            offset: start,
            line_start: start,
            count: 0,
            before: (start == 0).then_some(0),
            quiet_below,
            judge_stamps,
            ages: Ages::default(),
            holes: Holes::default(),
            carry: Vec::new(),
            fingerprint: Fingerprint::new(),
            checks: Checks::from(start),
            sniffer: Sniffer::expecting(TextEncoding::Utf8),
            encoding_told: TextEncoding::Utf8,
            units_from: 0,
            batch: Summing::beginning_at(start),
        }
    }

    /// With lines of programs judged too.
    pub(super) fn with_sequences(self, sequences: &Sequences) -> Lines {
        Lines { ages: Ages::now(sequences, self.offset), ..self }
    }

    /// What comes from here on is of another age.
    pub(super) fn begin_age(&mut self, age: Age) {
        self.ages.begin(self.offset, age);
    }

    /// How a line is judged that ends behind `end`.
    pub(super) fn judge_at(&self, end: u64) -> Judge<'_> {
        self.ages.judge_at(end)
    }

    /// The same, before anything has been taken in, from another offset on. `before` lines stand below it.
    pub(super) fn beginning_at(&self, start: u64, before: Option<u64>) -> Lines {
        let ages = self.ages.beginning_at(start);
        let mut lines = Lines { ages, before, ..Lines::new(start, self.quiet_below, self.judge_stamps) };
        lines.expect(self.encoding());
        lines
    }

    /// The splitter of the life that goes on after a truncation: what was left below `start` is known already.
    pub(super) fn cut_to(&self, start: u64) -> Lines {
        let encoding = self.sniffer.encoding();
        let sniffer = if start == 0 { Sniffer::expecting(encoding) } else { Sniffer::knowing(encoding) };
        Lines {
            fingerprint: self.fingerprint.cut_to(start),
            checks: self.checks.cut_to(start),
            holes: Holes::behind_cut(start),
            sniffer,
            // Whoever appends begins a unit there, even if the cut went through one.
            units_from: start,
            ages: self.ages.cut_to(start),
            ..Lines::new(start, 0, self.judge_stamps)
        }
    }

    /// Behind the last byte taken in.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Whole lines of the file, if all of them up to this offset are known and no others.
    pub(super) fn count_up_to(&self, offset: u64) -> Option<u64> {
        self.before.filter(|_| self.offset == offset).map(|before| before + self.count)
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

    /// What tells the content that was taken in.
    pub(super) fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// What tells it to the line.
    pub(super) fn checks(&self) -> &Checks {
        &self.checks
    }

    /// So many checkpoints may be kept.
    pub(super) fn allow_checks(&mut self, most: usize) {
        self.checks.allow(most);
    }

    /// Nothing more comes for now: less is kept of it.
    pub(super) fn rest(&mut self) {
        self.checks.rest();
    }

    /// For a life that starts in the midst of a file: how that begins.
    pub(super) fn recall_beginning(&mut self, beginning: &[u8]) {
        self.fingerprint.recall_beginning(beginning);
    }

    /// NUL bytes at the end of what was taken in of which it is not known yet whether they are a hole.
    pub(super) fn undecided(&self) -> u64 {
        self.holes.undecided()
    }

    /// Whether nothing but NUL bytes has come since the last line ended: a hole, or room that was reserved.
    pub(super) fn is_in_hole(&self) -> bool {
        self.holes.is_open()
    }

    /// Passes over so many bytes of a hole without a look at them.
    pub(super) fn pass_over_hole(&mut self, bytes: u64) {
        self.holes.pass_over(bytes);
        self.offset += bytes;
        self.checks.begin_anew(self.offset);
    }

    /// Goes back to where the NUL bytes began with which what was taken in ends: something else stands there by now.
    pub(super) fn go_back_before_nul(&mut self) {
        let text = self.carry.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        self.offset -= self.holes.take_back();
        let kept = usize::try_from(self.pending()).map_or(text, |pending| pending.min(text));
        self.carry.truncate(kept);
        self.fingerprint = self.fingerprint.cut_to(self.offset);
        self.checks = self.checks.cut_to(self.offset);
    }

    /// The hole at which [`Lines::take_in`] has stopped, once.
    pub(super) fn take_hole(&mut self) -> Option<Hole> {
        self.holes.take()
    }

    /// Takes in `window[fresh..]`, which stands at [`Lines::offset`]; what is before it are bytes taken in earlier.
    /// Stops behind a hole, so that no batch spans one. Returns how far in the window it came.
    pub(super) fn take_in(&mut self, window: &[u8], fresh: usize) -> usize {
        let block = &window[fresh..];
        self.fingerprint.learn_beginning(self.offset, block);
        let known = self.fingerprint.beginning();
        let sample = if self.offset == 0 { &block[..block.len().min(SAMPLE_BYTES)] } else { known };
        self.sniffer.look_at_beginning(sample);
        if self.encoding().is_wide() {
            // What came before that was known is no hole.
            self.holes.count_run();
            self.take_in_wide(window, fresh);
            return window.len();
        }
        self.sniff_lines(block);
        let window_start = self.offset - fresh as u64;
        let has_nul = memchr(0, block).is_some();
        let mut start = fresh;
        for newline in memchr_iter(b'\n', block) {
            let newline = fresh + newline;
            if has_nul || self.holes.undecided() > 0 {
                start += self.skip_nul(&window[start..=newline]);
            }
            if self.holes.found().is_some() {
                return self.stop_at(window, window_start, start);
            }
            self.mark_if_due(window, window_start);
            self.end_line(&window[start..newline], window_start + newline as u64);
            start = newline + 1;
            self.line_start = window_start + start as u64;
            self.checks.line_starts(window, window_start, self.line_start);
            self.batch.end_at(self.line_start);
        }
        if has_nul || self.holes.undecided() > 0 {
            start += self.skip_nul(&window[start..]);
        }
        if self.holes.found().is_some() {
            return self.stop_at(window, window_start, start);
        }
        if start < window.len() {
            self.holes.see_text();
        }
        self.keep(&window[start..]);
        self.stop_at(window, window_start, window.len())
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
            self.checks.line_starts(window, base - fresh as u64, self.line_start);
            self.batch.end_at(self.line_start);
        }
        self.keep(&block[start..]);
        self.stop_at(window, base - fresh as u64, window.len());
    }

    fn stop_at(&mut self, window: &[u8], window_start: u64, at: usize) -> usize {
        self.offset = window_start + at as u64;
        self.checks.take_in(window, window_start, self.offset);
        at
    }

    /// Passes over the NUL bytes with which a line begins. `bytes` are what there is of the line from here on, its
    /// newline included.
    fn skip_nul(&mut self, bytes: &[u8]) -> usize {
        let passed = self.holes.skip(bytes, self.line_start);
        self.begin_behind_hole();
        passed
    }

    /// If a hole was found, the line starts behind it, with a mark: whoever looks the line up by the mark before it would
    /// meet the hole.
    fn begin_behind_hole(&mut self) {
        if let Some(hole) = self.holes.found() {
            self.line_start = hole.offset + hole.bytes;
            self.batch.mark_next();
        }
    }

    fn is_within_unit(&self, offset: u64) -> bool {
        self.encoding().is_wide() && offset.abs_diff(self.units_from) % 2 == 1
    }

    /// Counts whole units of NUL. `bytes` begins with a whole unit.
    fn count_nul(&mut self, bytes: &[u8]) {
        if memchr(0, bytes).is_some() {
            self.batch.count_nul(2 * bytes.chunks_exact(2).filter(|unit| *unit == [0, 0]).count() as u64);
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
        if !self.holes.has_text() && self.holes.end_run(self.line_start) {
            self.begin_behind_hole();
            return None;
        }
        let bytes = self.pending();
        if bytes == 0 {
            return None;
        }
        self.holes.count_run();
        let start = self.line_start;
        let judge_stamps = self.judge_stamps;
        self.judge_stamps &= judge;
        self.mark_if_due(&[], self.offset);
        self.end_line(&[], self.offset);
        self.judge_stamps = judge_stamps;
        self.line_start = self.offset;
        self.batch.end_at(self.offset);
        Some((start, bytes))
    }

    /// The whole lines since the last call, if there are any.
    pub(super) fn batch(&mut self, incarnation: IncarnationId, size: u64) -> Option<Batch> {
        self.batch.take(incarnation, size, self.line_start, self.count)
    }

    /// Marks the line that starts at `line_start`, if it is time to. `window` stands at `window_start`.
    fn mark_if_due(&mut self, window: &[u8], window_start: u64) {
        self.fingerprint.pass_line(self.line_start, window, window_start);
        self.batch.mark_if_due(self.count, self.line_start);
    }

    /// Counts the line whose last bytes are `rest`; the bytes before them are in the carry.
    fn end_line(&mut self, rest: &[u8], end: u64) {
        let length = end - self.line_start;
        self.batch.count_line(length, self.holes.end_line());
        self.count += 1;
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
            self.batch.count_level(level_of(line));
        }
        if self.judge_stamps {
            let judged = self.ages.judge_at(end).judge(line);
            self.batch.count_stamp(&judged);
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

#[cfg(test)]
mod tests;
