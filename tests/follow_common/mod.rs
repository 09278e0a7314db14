//! A follower at work in a folder of its own, with a collector that rebuilds what it read from what it said.
// Shared by several test programs, none of which uses all of it.
#![allow(dead_code, unreachable_pub)]

pub mod stepped;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, bounded};
use rotascope::command::{FileOperation, FileOrder};
use rotascope::event::{Actor, Batch, Event, FollowEvent, IncarnationId, What};
use rotascope::follow::{
    Begin, FollowOptions, FollowOrder, Follower, Operated, Operator, Removed, Taker, Target, Texts,
};
use rotascope::platform;
use rotascope::record::TextEncoding;

/// The machine may be busy: a wait fails only after this.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// One line as it arrived: whose, and its bytes with the newline.
pub type Arrived = (IncarnationId, Vec<u8>);

pub struct Scene {
    dir: tempfile::TempDir,
    follower: Option<Follower>,
    texts: Texts,
    events: Receiver<Event>,
    pub seen: Vec<Event>,
    pub arrived: Vec<Arrived>,
    /// Where the next batch of each incarnation must start, and the number of its first line.
    next: BTreeMap<IncarnationId, (u64, u64)>,
    /// What each incarnation's bytes mean, where that is not UTF-8.
    pub encodings: BTreeMap<IncarnationId, TextEncoding>,
    /// Incarnations whose bytes were others when they were looked up: that must be a truncation, though it is told later.
    overtaken: BTreeSet<IncarnationId>,
    requests: u64,
}

/// A folder to set the stage in, before the follower starts.
pub fn stage() -> tempfile::TempDir {
    tempfile::Builder::new().prefix("follow-").tempdir().unwrap()
}

impl Scene {
    pub fn new(dir: tempfile::TempDir, targets: &[Target], stamps: bool) -> Scene {
        // A small channel: back-pressure is the common case here.
        let (sender, events) = bounded(16);
        let options = FollowOptions { targets: targets.to_vec(), stamps };
        let follower = Follower::start(options, sender, Box::new(Hands)).unwrap();
        let texts = follower.texts();
        let mut scene = Scene {
            dir,
            follower: Some(follower),
            texts,
            events,
            seen: Vec::new(),
            arrived: Vec::new(),
            next: BTreeMap::new(),
            encodings: BTreeMap::new(),
            overtaken: BTreeSet::new(),
            requests: 0,
        };
        scene.catch_up();
        scene
    }

    /// Follows `P` in a fresh folder.
    pub fn of_path() -> Scene {
        let dir = stage();
        let path = dir.path().join("P");
        Scene::new(dir, &[Target::Path(path)], false)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn p(&self) -> PathBuf {
        self.path("P")
    }

    pub fn order(&self, order: FollowOrder) {
        self.follower.as_ref().unwrap().send(order);
    }

    pub fn operate(&self, operation: FileOperation, path: &Path) {
        let path = path.to_owned();
        self.order(FollowOrder::Operate(FileOrder { operation, path, file_id: None, by: Actor::Person }));
    }

    /// Waits until the follower says that it has read everything.
    pub fn catch_up(&mut self) {
        self.requests += 1;
        let request = self.requests;
        self.order(FollowOrder::CatchUp(request));
        self.wait("caught up", |scene| scene.follow_events().any(|event| *event == FollowEvent::CaughtUp { request }));
        for id in &self.overtaken {
            let cut =
                |event: &FollowEvent| matches!(event, FollowEvent::Truncated { incarnation, .. } if incarnation == id);
            assert!(
                self.follow_events().any(cut),
                "a batch of #{} says another thing than its bytes\n{}",
                id.0,
                self.report()
            );
        }
    }

    pub fn wait(&mut self, what: &str, condition: impl Fn(&Scene) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !condition(self) {
            match self.events.recv_deadline(until) {
                Ok(event) => self.take_in(event),
                Err(RecvTimeoutError::Timeout) => panic!("waited in vain: {what}\n{}", self.report()),
                Err(RecvTimeoutError::Disconnected) => panic!("the follower has ended: {what}\n{}", self.report()),
            }
        }
    }

    /// Waits for so many lines in all.
    pub fn wait_lines(&mut self, count: usize) {
        self.wait(&format!("{count} lines"), |scene| scene.arrived.len() >= count);
    }

    /// Waits for an event of a kind, as the outside contract names them.
    pub fn wait_kind(&mut self, kind: &str, times: usize) {
        self.wait(&format!("{times} x {kind}"), |scene| {
            scene.kinds().iter().filter(|one| **one == kind).count() >= times
        });
    }

    /// Takes in what comes for a while: where a case says that nothing must come, or that time passes.
    pub fn pass(&mut self, time: Duration) {
        let until = Instant::now() + time;
        while let Ok(event) = self.events.recv_deadline(until) {
            self.take_in(event);
        }
    }

    fn take_in(&mut self, event: Event) {
        if let What::Follow(FollowEvent::Read(batch)) = &event.what {
            self.take_in_batch(batch);
        }
        if let What::Follow(FollowEvent::Created { incarnation, start_offset, .. }) = &event.what {
            self.next.insert(*incarnation, (*start_offset, 0));
        }
        if let What::Follow(FollowEvent::Encoded { incarnation, encoding, .. }) = &event.what {
            self.encodings.insert(*incarnation, *encoding);
        }
        // Both stand between two batches.
        let passed_over = match &event.what {
            What::Follow(FollowEvent::Hole { incarnation, bytes, .. }) => Some((incarnation, bytes)),
            What::Follow(FollowEvent::CarriedOver { incarnation, bytes, .. }) => Some((incarnation, bytes)),
            _ => None,
        };
        if let Some((incarnation, bytes)) = passed_over {
            self.next.entry(*incarnation).or_default().0 += bytes;
        }
        self.seen.push(event);
    }

    /// Reads a batch's text and checks that it agrees with what the batch says of it.
    fn take_in_batch(&mut self, batch: &Batch) {
        let next = self.next.get(&batch.incarnation).copied();
        assert_eq!(next, Some((batch.start, batch.first_line)), "a gap or a repeat: {batch:?}");
        self.next.insert(batch.incarnation, (batch.end, batch.first_line + batch.lines));
        assert!(batch.size >= batch.end, "{batch:?}");
        let text = self.text(batch.incarnation, batch.start, batch.end);
        let encoding = self.encoding_of(batch.incarnation);
        let mut lines = split(&text, encoding);
        if !says_the_same(batch, &lines, newline_of(encoding)) {
            // A truncation has taken them meanwhile, and others may have come: that they were counted is all that can be
            // known.
            if text.len() as u64 == batch.end - batch.start {
                self.overtaken.insert(batch.incarnation);
            }
            lines = vec![b"(gone)\n".to_vec(); batch.lines as usize];
        }
        self.arrived.extend(lines.into_iter().map(|line| (batch.incarnation, line)));
    }

    /// What can be read of a stretch.
    fn text(&self, incarnation: IncarnationId, start: u64, end: u64) -> Vec<u8> {
        let mut text = vec![0; (end - start) as usize];
        let mut got = 0;
        while got < text.len() {
            match self.texts.read_at(incarnation, start + got as u64, &mut text[got..]) {
                Ok(0) | Err(_) => break,
                Ok(more) => got += more,
            }
        }
        text.truncate(got);
        text
    }

    pub fn texts(&self) -> &Texts {
        &self.texts
    }

    pub fn follow_events(&self) -> impl Iterator<Item = &FollowEvent> {
        self.seen.iter().filter_map(|event| match &event.what {
            What::Follow(event) => Some(event),
            _ => None,
        })
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.follow_events().filter_map(FollowEvent::kind).collect()
    }

    fn encoding_of(&self, incarnation: IncarnationId) -> TextEncoding {
        self.encodings.get(&incarnation).copied().unwrap_or_default()
    }

    /// All lines in the order of arrival, as text.
    pub fn lines(&self) -> Vec<String> {
        self.arrived.iter().map(|(of, line)| decode(line, self.encoding_of(*of))).collect()
    }

    /// All lines of one incarnation, as text.
    pub fn lines_of(&self, incarnation: u32) -> Vec<String> {
        let of = self.arrived.iter().filter(|(of, _)| of.0 == incarnation);
        of.map(|(of, line)| decode(line, self.encoding_of(*of))).collect()
    }

    /// What was seen, for the message of a failed test.
    pub fn report(&self) -> String {
        let mut text = String::from("--- seen:\n");
        for event in &self.seen {
            match &event.what {
                What::Follow(FollowEvent::Read(batch)) => {
                    text += &format!(
                        "Read #{} lines {}+{} bytes {}..{}\n",
                        batch.incarnation.0, batch.first_line, batch.lines, batch.start, batch.end
                    );
                }
                What::Follow(FollowEvent::Listed { entries }) => text += &format!("Listed {}\n", entries.len()),
                what => text += &format!("{what:?}\n"),
            }
        }
        text + &format!("--- {} lines arrived\n", self.arrived.len())
    }

    #[track_caller]
    pub fn assert_kinds(&self, kinds: &[&str]) {
        assert_eq!(self.kinds(), kinds, "{}", self.report());
    }

    #[track_caller]
    pub fn assert_lines(&self, lines: &[String]) {
        let arrived = self.lines();
        if arrived != lines {
            let at = arrived.iter().zip(lines).take_while(|(one, other)| one == other).count();
            let (got, want) = (arrived.get(at), lines.get(at));
            panic!("line {at} is {got:?}, not {want:?}; {} of {}\n{}", arrived.len(), lines.len(), self.report());
        }
    }
}

/// Whether a batch agrees with its text.
fn says_the_same(batch: &Batch, lines: &[Vec<u8>], newline: &[u8]) -> bool {
    let longest = lines.iter().map(|line| line.strip_suffix(newline).unwrap_or(line).len()).max();
    let mut offset = batch.start;
    let mut marks_fit = true;
    for (number, line) in (batch.first_line..).zip(lines) {
        let mark = batch.marks.iter().find(|mark| mark.line == number);
        marks_fit &= mark.is_none_or(|mark| mark.offset == offset);
        offset += line.len() as u64;
    }
    offset == batch.end
        && lines.len() as u64 == batch.lines
        && longest == Some(batch.longest_bytes as usize)
        && marks_fit
}

fn newline_of(encoding: TextEncoding) -> &'static [u8] {
    match encoding {
        TextEncoding::Utf8 | TextEncoding::Gbk => b"\n",
        TextEncoding::Utf16Le => b"\n\0",
        TextEncoding::Utf16Be => b"\0\n",
    }
}

/// Lines with their newlines; `text` begins with a line.
fn split(text: &[u8], encoding: TextEncoding) -> Vec<Vec<u8>> {
    let newline = newline_of(encoding);
    let mut lines = vec![Vec::new()];
    for unit in text.chunks(newline.len()) {
        let at = lines.len() - 1;
        lines[at].extend_from_slice(unit);
        if unit == newline {
            lines.push(Vec::new());
        }
    }
    lines.retain(|line| !line.is_empty());
    lines
}

fn decode(line: &[u8], encoding: TextEncoding) -> String {
    let units = |unit: fn([u8; 2]) -> u16| -> String {
        let units: Vec<u16> = line.chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match encoding {
        TextEncoding::Utf8 => String::from_utf8_lossy(line).into_owned(),
        TextEncoding::Gbk => encoding_rs::GBK.decode(line).0.into_owned(),
        TextEncoding::Utf16Le => units(u16::from_le_bytes),
        TextEncoding::Utf16Be => units(u16::from_be_bytes),
    }
}

/// Takes the bytes themselves, and keeps them.
#[derive(Clone, Default)]
pub struct Collector {
    pub bytes: Arc<Mutex<BTreeMap<IncarnationId, Vec<u8>>>>,
    pub events: Arc<Mutex<Vec<FollowEvent>>>,
}

impl Taker for Collector {
    fn bytes(&mut self, incarnation: IncarnationId, _: u64, bytes: &[u8]) -> ControlFlow<()> {
        self.bytes.lock().unwrap().entry(incarnation).or_default().extend_from_slice(bytes);
        ControlFlow::Continue(())
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        if let What::Follow(event) = event.what
            && event.kind().is_some()
        {
            self.events.lock().unwrap().push(event);
        }
        ControlFlow::Continue(())
    }
}

impl Collector {
    /// Follows a target from its start, and takes what comes.
    pub fn follow(target: Target) -> (Collector, Follower) {
        let collector = Collector::default();
        let options = FollowOptions { targets: vec![target], stamps: false };
        let follower = Follower::start_taking(options, Begin::Start, Box::new(collector.clone())).unwrap();
        (collector, follower)
    }

    /// What was read, in the order of the incarnations' numbers.
    pub fn texts(&self) -> Vec<String> {
        let bytes = self.bytes.lock().unwrap();
        bytes.values().map(|bytes| String::from_utf8(bytes.clone()).unwrap()).collect()
    }

    /// Waits until just this was read, in whatever order.
    pub fn wait_for(&self, texts: &[String]) {
        let sorted = |mut texts: Vec<String>| {
            texts.sort();
            texts
        };
        let wanted = sorted(texts.to_vec());
        let end = Instant::now() + 6 * DEADLINE;
        while sorted(self.texts()) != wanted {
            let told = || self.events.lock().unwrap().clone();
            assert!(Instant::now() < end, "read {:#?}\ninstead of {wanted:#?}\ntold: {:#?}", self.texts(), told());
            std::thread::sleep(Duration::from_millis(20)); // poll
        }
    }

    pub fn kinds(&self) -> Vec<&'static str> {
        self.events.lock().unwrap().iter().filter_map(FollowEvent::kind).collect()
    }
}

/// A writer with a descriptor of its own.
pub struct Writer(pub File);

impl Writer {
    pub fn open(path: &Path) -> Writer {
        Writer(OpenOptions::new().create(true).append(true).open(path).unwrap())
    }

    /// One write(2) per line.
    pub fn lines(&mut self, lines: &[String]) {
        for line in lines {
            self.0.write_all(line.as_bytes()).unwrap();
        }
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }
}

pub fn append(path: &Path, lines: &[String]) {
    Writer::open(path).lines(lines);
}

/// Numbered lines that occur nowhere else.
pub fn numbered(name: &str, range: std::ops::Range<usize>) -> Vec<String> {
    range.map(|number| format!("{name} line {number:04}\n")).collect()
}

pub fn concat(parts: &[&[String]]) -> Vec<String> {
    parts.iter().flat_map(|part| part.iter().cloned()).collect()
}

/// Does what it is told, as the engine's operator does.
struct Hands;

impl Operator for Hands {
    fn operate(&mut self, order: &FileOrder, held: Option<&File>) -> Result<Operated, String> {
        let told = |error: std::io::Error| error.to_string();
        let path = &order.path;
        // A writer is quicker than the act: what stands outside as `quick` is at the path now.
        let quick = path.parent().and_then(Path::parent).unwrap_or(path).join("quick");
        let unseen = if held.is_none() && fs::rename(quick, path).is_ok() { File::open(path).ok() } else { None };
        let held = held.or(unseen.as_ref()).ok_or("no such file is held")?;
        let file_id = platform::file_id(&held.metadata().map_err(told)?);
        let mut size = None;
        match &order.operation {
            FileOperation::Delete => fs::remove_file(path).map_err(told)?,
            // The trash is a folder beside the followed one; where there is none, it is on another disk.
            FileOperation::Trash => {
                let trash = path.parent().and_then(Path::parent).unwrap_or(path).join("Trash/files");
                let name = path.file_name().unwrap_or_default();
                if trash.exists() {
                    fs::rename(path, trash.join(name)).map_err(told)?;
                } else {
                    fs::remove_file(path).map_err(told)?;
                }
            }
            FileOperation::Rename { to } => platform::rename_no_replace(path, to).map_err(told)?,
            FileOperation::Truncate { to_bytes } => {
                size = Some(held.metadata().map_err(told)?.len());
                let file = OpenOptions::new().write(true).open(path).map_err(told)?;
                file.set_len(*to_bytes).map_err(told)?;
            }
            FileOperation::Replace => {
                let new = path.with_extension("new");
                File::create(&new).and_then(|_| fs::rename(&new, path)).map_err(told)?;
            }
            other => return Err(format!("the test does no {other:?}")),
        }
        let size = match size {
            Some(size) => size,
            None => held.metadata().map_err(told)?.len(),
        };
        Ok(Operated { size, file_id, unseen })
    }

    /// A writer is quicker once, and fills a new file in place of the first one.
    fn remove_folder(&mut self, order: &FileOrder, removed: &mut Vec<Removed>) -> Result<(), String> {
        let told = |error: std::io::Error| error.to_string();
        let mut remove = |path: PathBuf| -> std::io::Result<()> {
            let file = File::open(&path)?;
            fs::remove_file(&path)?;
            let size = file.metadata()?.len();
            removed.push(Removed { path, file, size });
            Ok(())
        };
        let entries = fs::read_dir(&order.path).map_err(told)?;
        let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in &paths {
            remove(path.clone()).map_err(told)?;
        }
        if let Some(first) = paths.first() {
            fs::write(first, "in between\n").and_then(|()| remove(first.clone())).map_err(told)?;
        }
        fs::remove_dir(&order.path).map_err(told)
    }
}
