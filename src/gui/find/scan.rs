//! Looks through all lines on a thread of its own, and goes on as lines arrive.

use std::collections::HashMap;
use std::fs::File;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::query::{LevelSet, Query};
use super::row_set::RowSet;
use crate::event::{IncarnationId, LineMark};
use crate::gui::log_view::line::time_span;
use crate::gui::log_view::read::text_of;
use crate::record::{Level, TextEncoding, level_of, stamp_start};

/// Bytes read at a time.
const BLOCK: usize = 256 * 1024;

/// A line's bytes beyond this many are not looked at.
const LONGEST: usize = 4 * 1024 * 1024;

/// Least time between two wakes of the window while there is work.
const WAKE_EVERY: Duration = Duration::from_millis(60);

/// Which rows are wanted.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// What a line must match; everything matches nothing in particular.
    pub query: Option<Query>,
    /// The levels that a line may have.
    pub levels: LevelSet,
    /// Whether dividers are wanted too.
    pub dividers: bool,
    /// Whether stamps are looked at.
    pub stamps: bool,
}

/// A stretch of rows to look through.
#[derive(Debug)]
pub struct Stretch {
    /// Number of its first row.
    pub first_row: u64,
    /// How many.
    pub rows: u64,
    /// Where their text is; none for dividers.
    pub lines: Option<Lines>,
}

/// Where the text of a stretch is.
#[derive(Debug)]
pub struct Lines {
    /// The incarnation: lines without a level of their own take that of the line before in the same file.
    pub incarnation: IncarnationId,
    /// The file; none if nothing leads to it any more.
    pub file: Option<Arc<File>>,
    /// Number of the first line.
    pub first: u64,
    /// A known place at or before it.
    pub mark: LineMark,
    /// Offset below which the text stands.
    pub end: u64,
    /// What its bytes mean.
    pub encoding: TextEncoding,
}

#[derive(Default)]
struct Shared {
    found: Mutex<RowSet>,
    done: AtomicU64,
    over: AtomicBool,
}

/// A running scan. Dropping it ends its thread.
pub struct Scan {
    stretches: Sender<Stretch>,
    shared: Arc<Shared>,
    sent: u64,
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
    }
}

impl Scan {
    /// Starts looking; `wake` is called, now and then, when more is known.
    ///
    /// # Errors
    /// When the thread can't be started.
    pub fn start(wanted: Wanted, wake: impl Fn() + Send + 'static) -> std::io::Result<Scan> {
        let (stretches, incoming) = unbounded();
        let shared = Arc::new(Shared::default());
        let scanner = Scanner {
            wanted,
            shared: Arc::clone(&shared),
            levels: HashMap::new(),
            hits: Vec::new(),
            woken: Instant::now(),
            wake: Box::new(wake),
        };
        std::thread::Builder::new().name("find".into()).spawn(move || scanner.run(&incoming))?;
        Ok(Scan { stretches, shared, sent: 0 })
    }

    /// Hands over the rows that follow those handed over before.
    pub fn feed(&mut self, stretch: Stretch) {
        self.sent = stretch.first_row + stretch.rows;
        let _ = self.stretches.send(stretch);
    }

    /// Rows handed over so far.
    pub fn fed(&self) -> u64 {
        self.sent
    }

    /// Rows looked through so far.
    pub fn done(&self) -> u64 {
        self.shared.done.load(Ordering::Acquire)
    }

    /// The rows found so far.
    pub fn found(&self) -> MutexGuard<'_, RowSet> {
        self.shared.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Scanner {
    wanted: Wanted,
    shared: Arc<Shared>,
    levels: HashMap<IncarnationId, Level>,
    hits: Vec<u64>,
    woken: Instant,
    wake: Box<dyn Fn() + Send>,
}

impl Scanner {
    fn run(mut self, incoming: &Receiver<Stretch>) {
        // The channel ends when the scan is dropped.
        for stretch in incoming {
            match &stretch.lines {
                Some(lines) => self.look_through(&stretch, lines),
                None if self.wanted.dividers => {
                    self.hits.extend(stretch.first_row..stretch.first_row + stretch.rows);
                }
                None => {}
            }
            if self.shared.over.load(Ordering::Relaxed) {
                return;
            }
            self.tell(stretch.first_row + stretch.rows, incoming.is_empty());
        }
    }

    fn tell(&mut self, done: u64, at_once: bool) {
        if !self.hits.is_empty() {
            let mut found = self.shared.found.lock().unwrap_or_else(PoisonError::into_inner);
            for row in self.hits.drain(..) {
                found.push(row);
            }
        }
        self.shared.done.store(done, Ordering::Release);
        if at_once || self.woken.elapsed() >= WAKE_EVERY {
            self.woken = Instant::now();
            (self.wake)();
        }
    }

    fn look_through(&mut self, stretch: &Stretch, lines: &Lines) {
        let Some(file) = &lines.file else { return };
        let (mut line, mut offset) = (lines.mark.line, lines.mark.offset);
        let last = lines.first + stretch.rows;
        // A short stretch needs no big block.
        let mut size = ((last - line).saturating_mul(256) as usize).clamp(4 * 1024, BLOCK);
        let mut buffer = vec![0; size];
        let mut held = 0;
        while line < last && offset + (held as u64) < lines.end && !self.shared.over.load(Ordering::Relaxed) {
            if held == buffer.len() {
                if held >= LONGEST {
                    // The rest of a giant line: what of it was seen has to do.
                    self.line(stretch, lines, line, &text_of(lines.encoding, &buffer[..held], offset));
                    let Some(next) = behind_newline(file, lines, offset + held as u64) else { return };
                    (line, offset, held) = (line + 1, next, 0);
                    continue;
                }
                size = (size * 2).max(BLOCK);
                buffer.resize(size, 0);
            }
            let room = (buffer.len() - held).min((lines.end - offset - held as u64) as usize);
            let Ok(read) = crate::platform::read_at(file, &mut buffer[held..held + room], offset + held as u64) else {
                return;
            };
            held += read;
            let at_end = read == 0 || offset + held as u64 >= lines.end;
            let whole = match lines.encoding.last_line_end(&buffer[..held]) {
                _ if at_end => held,
                Some(behind) => behind,
                None => continue,
            };
            line = self.block(stretch, lines, line, last, &text_of(lines.encoding, &buffer[..whole], offset));
            if at_end {
                return;
            }
            offset += whole as u64;
            buffer.copy_within(whole..held, 0);
            held -= whole;
            if buffer.len() < BLOCK {
                buffer.resize(BLOCK, 0);
                size = BLOCK;
            }
            self.tell(stretch.first_row + line.saturating_sub(lines.first).min(stretch.rows), false);
        }
    }

    /// Looks through whole lines of text, the first of which has the number `line`; returns the number after the last.
    fn block(&mut self, stretch: &Stretch, lines: &Lines, mut line: u64, last: u64, block: &[u8]) -> u64 {
        let mut at = 0;
        while line < lines.first && at < block.len() {
            at = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |newline| at + newline + 1);
            line += 1;
        }
        let by_candidates = self.wanted.levels.is_all();
        while line < last && at < block.len() {
            if by_candidates && let Some(query) = &self.wanted.query {
                let Some(candidate) = query.candidate(block, at).filter(|start| *start < block.len()) else {
                    return line + memchr::memchr_iter(b'\n', &block[at..]).count() as u64;
                };
                line += memchr::memchr_iter(b'\n', &block[at..candidate]).count() as u64;
                if line >= last {
                    return line;
                }
                at = memchr::memrchr(b'\n', &block[at..candidate]).map_or(at, |newline| at + newline + 1);
            }
            let end = memchr::memchr(b'\n', &block[at..]).map_or(block.len(), |newline| at + newline);
            self.line(stretch, lines, line, &block[at..end]);
            at = end + 1;
            line += 1;
        }
        line
    }

    fn line(&mut self, stretch: &Stretch, lines: &Lines, line: u64, raw: &[u8]) {
        if !self.wanted.levels.is_all() {
            let level = self.level(lines.incarnation, raw);
            if !self.wanted.levels.contains(level) {
                return;
            }
        }
        let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
        let raw = if self.wanted.stamps { raw } else { &raw[..stamp_start(raw).unwrap_or(raw.len())] };
        if self.wanted.query.as_ref().is_none_or(|query| query.matches(raw)) {
            self.hits.push(stretch.first_row + (line - lines.first));
        }
    }

    /// A line that bears neither level nor time goes on with the record before it: a traceback stays with its error.
    fn level(&mut self, incarnation: IncarnationId, raw: &[u8]) -> Level {
        let level = level_of(raw);
        let before = self.levels.entry(incarnation).or_default();
        if level != Level::None || time_span(raw).is_some() {
            *before = level;
        }
        *before
    }
}

/// Offset behind the next newline. A unit begins at `offset`.
fn behind_newline(file: &File, lines: &Lines, mut offset: u64) -> Option<u64> {
    let unit = lines.encoding.unit_bytes();
    let mut buffer = vec![0; BLOCK];
    while offset < lines.end {
        let read = crate::platform::read_at(file, &mut buffer, offset).ok()?;
        let read = Some(read - read % unit).filter(|read| *read > 0)?;
        if let Some(behind) = lines.encoding.line_end(&buffer[..read]) {
            return Some(offset + behind as u64);
        }
        offset += read as u64;
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    fn file(text: &[u8]) -> Arc<File> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text).unwrap();
        Arc::new(file)
    }

    fn lines(file: &Arc<File>, first: u64, end: u64) -> Option<Lines> {
        let mark = LineMark { line: 0, offset: 0 };
        let encoding = TextEncoding::Utf8;
        Some(Lines { incarnation: IncarnationId(1), file: Some(Arc::clone(file)), first, mark, end, encoding })
    }

    fn wanted(query: &str, levels: LevelSet) -> Wanted {
        Wanted { query: Query::parse(query).unwrap(), levels, dividers: false, stamps: false }
    }

    fn scan(wanted: Wanted, stretches: Vec<Stretch>) -> Vec<u64> {
        let (told, heard) = unbounded();
        let mut scan = Scan::start(wanted, move || {
            let _ = told.send(());
        })
        .unwrap();
        stretches.into_iter().for_each(|stretch| scan.feed(stretch));
        while scan.done() < scan.fed() {
            heard.recv_timeout(Duration::from_secs(20)).unwrap();
        }
        let found = scan.found();
        (0..found.len()).map(|nth| found.get(nth).unwrap()).collect()
    }

    #[test]
    fn the_same_lines_are_found_as_by_looking_at_each() {
        let text: String = (0..60_000).map(|n| format!("INFO line {n} of many, {}\n", n * 7 % 1_000)).collect();
        let file = file(text.as_bytes());
        for query in ["999", "line 5", "/ 4\\d2$/", "/^INFO line 1\\d* /", "nothing"] {
            let regex = Query::parse(query).unwrap().unwrap();
            let stretch =
                |first_row, rows, first| Stretch { first_row, rows, lines: lines(&file, first, text.len() as u64) };
            let found =
                scan(wanted(query, LevelSet::ALL), vec![stretch(10, 20_000, 5), stretch(20_010, 39_995, 20_005)]);
            let expected: Vec<u64> = text
                .lines()
                .enumerate()
                .skip(5)
                .filter(|(_, line)| regex.matches(line.as_bytes()))
                .map(|(n, _)| n as u64 + 5)
                .collect();
            assert_eq!(found, expected, "{query}");
        }
    }

    #[test]
    fn a_match_never_reaches_over_the_end_of_a_line() {
        let file = file(b"ab\ncd\nab cd\n");
        let stretch = Stretch { first_row: 0, rows: 3, lines: lines(&file, 0, 12) };
        assert_eq!(scan(wanted("/b\\s+c/", LevelSet::ALL), vec![stretch]), [2]);
    }

    #[test]
    fn levels_are_chosen_and_a_traceback_stays_with_its_error() {
        let text = b"INFO 2026-05-10 00:00:00 a\nERROR 2026-05-10 00:00:01 b\nTraceback:\n  File x\nINFO 2026-05-10 00:00:02 c\n";
        let file = file(text);
        let stretches = || {
            vec![
                Stretch { first_row: 0, rows: 1, lines: None },
                Stretch { first_row: 1, rows: 5, lines: lines(&file, 0, text.len() as u64) },
            ]
        };
        assert_eq!(scan(wanted("", LevelSet::only(Level::Error)), stretches()), [2, 3, 4]);
        assert_eq!(scan(wanted("file", LevelSet::only(Level::Error)), stretches()), [4]);
        assert!(scan(wanted("file", LevelSet::only(Level::Info)), stretches()).is_empty());
        let with_dividers = Wanted { dividers: true, ..wanted("", LevelSet::only(Level::Info)) };
        assert_eq!(scan(with_dividers, stretches()), [0, 1, 5]);
    }

    #[test]
    fn giant_lines_and_missing_files_end_nothing() {
        let mut text = vec![b'x'; LONGEST + 100_000];
        text.extend_from_slice(b" needle\nneedle\nlast");
        let file = file(&text);
        let gone = Lines { file: None, ..lines(&file, 0, 9).unwrap() };
        let stretches = vec![
            Stretch { first_row: 0, rows: 2, lines: Some(gone) },
            Stretch { first_row: 2, rows: 3, lines: lines(&file, 0, text.len() as u64) },
        ];
        assert_eq!(scan(wanted("/needle|last/", LevelSet::ALL), stretches), [3, 4]);
    }

    #[test]
    fn text_is_found_in_whatever_encoding_it_stands() {
        let text: String = (0..50_000).map(|n| format!("INFO 用户 {n} \u{0a00}登录\n")).collect();
        let marked = format!("\u{feff}{text}");
        let wide: Vec<u8> = marked.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let gbk = encoding_rs::GBK.encode(&text.replace('\u{0a00}', "")).0.into_owned();
        let files =
            [(TextEncoding::Utf8, marked.into_bytes()), (TextEncoding::Utf16Le, wide), (TextEncoding::Gbk, gbk)];
        for (encoding, bytes) in files {
            let file = file(&bytes);
            let stretch = || {
                let lines = Lines { encoding, ..lines(&file, 0, bytes.len() as u64).unwrap() };
                vec![Stretch { first_row: 0, rows: 50_000, lines: Some(lines) }]
            };
            assert_eq!(scan(wanted("用户 49999", LevelSet::ALL), stretch()), [49_999], "{encoding:?}");
            assert_eq!(scan(wanted("/^INFO 用户 0 .?登录$/", LevelSet::ALL), stretch()), [0], "{encoding:?}");
            assert_eq!(scan(wanted("", LevelSet::only(Level::Info)), stretch()).len(), 50_000, "{encoding:?}");
        }
    }

    #[test]
    fn hidden_stamps_are_not_searched() {
        let mut line = b"INFO hello".to_vec();
        let stamp = crate::record::Stamp {
            launch: crate::event::LaunchId(0xabcd_ef01),
            worker: "web-1",
            thread: 1,
            task: 1,
            seq: 5,
        };
        crate::record::write_stamp(&mut line, &stamp);
        line.push(b'\n');
        let file = file(&line);
        let stretch = || vec![Stretch { first_row: 0, rows: 1, lines: lines(&file, 0, line.len() as u64) }];
        assert!(scan(wanted("web-1", LevelSet::ALL), stretch()).is_empty());
        assert_eq!(scan(Wanted { stamps: true, ..wanted("web-1", LevelSet::ALL) }, stretch()), [0]);
    }
}
