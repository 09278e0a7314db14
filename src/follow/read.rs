//! Reads every held descriptor on, in order, and notices what a truncation took.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use super::copies::Occasion;
use super::folder::is_shredded;
use super::holes::Hole;
use super::life::{Gate, Life, Look};
use super::parked::Gone;
use super::sabotage::Sabotage;
use super::stamps::{self, Cutting};
use super::state::{Ended, Next, State};
use crate::event::{Actor, Cut, FileId, FollowEvent, IncarnationId, Origin};
use crate::platform;
use crate::record::StampRun;

/// A file that grows faster than it is read must not keep the others waiting, nor an order.
const TURN_BYTES: u64 = 8 << 20;
/// A last line without newline is final when its file has been followed by another and was quiet for so long: a
/// writer may be in the midst of it.
const SETTLED: Duration = Duration::from_millis(100);

/// What is known of a truncation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truncation {
    pub(super) old_size: u64,
    pub(super) kept: u64,
    pub(super) exact: bool,
    pub(super) by: Actor,
}

impl State {
    /// Reads all that is held, up to a bound per file.
    pub(super) fn read_on(&mut self) -> Result<Next, Ended> {
        let ids: Vec<IncarnationId> = self.lives.keys().copied().collect();
        let mut more = false;
        let mut wait = self.quiet_time();
        let mut waiting = Vec::new();
        for id in ids {
            if !self.is_due(id) {
                waiting.push(id);
                continue;
            }
            more |= self.read_life(id)?;
            if let Some(left) = self.settle_last_line(id)? {
                wait = wait.min(left);
            }
        }
        self.gated = !waiting.is_empty();
        // One that comes late in the turn may have been waited for.
        more |= waiting.into_iter().any(|id| self.is_due(id));
        Ok(if more || self.keeping.waiting { Next::Now } else { Next::In(wait) })
    }

    /// Reads on where open files were written to and nothing else has happened, without a look at their names. False if
    /// there is more to look at.
    pub(super) fn read_written(&mut self) -> Result<bool, Ended> {
        if self.gated || !self.watch.is_complete() {
            return Ok(false);
        }
        let Some(written) = self.watch.take_written() else { return Ok(false) };
        let mut is_all = written.is_all;
        for path in written.paths {
            let path = self.links.leading_to(&path).map(Path::to_owned).unwrap_or(path);
            let current = self.slots.get(&path).and_then(|slot| slot.current);
            let open = current.and_then(|id| self.lives.get_mut(&id)).filter(|life| life.is_at(&path));
            let Some(life) = open else {
                is_all = false;
                continue;
            };
            life.seen = None;
            let id = life.id;
            is_all &= !self.read_life(id)?;
        }
        Ok(is_all)
    }

    /// Whether the incarnation that comes before has been read far enough.
    pub(super) fn is_due(&mut self, id: IncarnationId) -> bool {
        let is_open = Sabotage::Gates.is_on() || self.gates_before(id).all(|(gate, previous)| gate.is_open(previous));
        let next = self.gates_before(id).next();
        let is_behind = next.is_some_and(|(gate, previous)| previous.lines.offset() < gate.up_to);
        if is_behind && let Some(gate) = self.lives.get_mut(&id).and_then(|life| life.gate.as_mut()) {
            gate.shut = Instant::now();
        }
        if is_open && let Some(life) = self.lives.get_mut(&id) {
            life.gate = None;
        }
        is_open
    }

    /// The gates before an incarnation: what it waits for may itself wait, also where nothing of it is to be read.
    fn gates_before(&self, id: IncarnationId) -> impl Iterator<Item = (Gate, &Life)> {
        let before = |id: IncarnationId| {
            let gate = self.lives.get(&id)?.gate?;
            Some((gate, self.lives.get(&gate.previous)?))
        };
        std::iter::successors(before(id), move |(gate, _)| before(gate.previous)).take(self.lives.len())
    }

    /// Whether nothing of one incarnation is read before another one has been.
    pub(super) fn waits_for(&self, id: IncarnationId, other: IncarnationId) -> bool {
        self.gates_before(id).any(|(gate, _)| gate.previous == other)
    }

    /// Reads one incarnation to the end that it has now, however much that is.
    pub(super) fn read_through(&mut self, id: IncarnationId) -> Result<(), Ended> {
        let Some(size) = self.lives.get(&id).and_then(|life| life.file.metadata().ok()).map(|metadata| metadata.len())
        else {
            return Ok(());
        };
        // A copy may turn up meanwhile that is to be read first.
        while self.is_due(id) && self.read_life(id)? {
            if self.lives.get(&id).is_none_or(|life| life.lines.offset() >= size) {
                break;
            }
        }
        Ok(())
    }

    /// Reads one incarnation on. True if there is more than one turn may take.
    pub(super) fn read_life(&mut self, id: IncarnationId) -> Result<bool, Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
        if life.is_given_up || life.path.is_none() && Sabotage::Unlinked.is_on() {
            return Ok(false);
        }
        let now = match life.file.metadata() {
            Ok(metadata) => Look::of(&metadata),
            Err(error) => return self.tell_unreadable(id, Some(error.to_string())).map(|()| false),
        };
        if life.seen != Some(now) && !life.is_filled_in_order(now.size) {
            return self.notice_truncation(id);
        }
        if now.size < life.lines.offset() && Sabotage::Shorter.is_on() {
            return Ok(false);
        }
        if now.size < life.lines.offset() {
            return if now.size == 0 && life.is_made_up() { Ok(false) } else { self.notice_truncation(id) };
        }
        if life.seen == Some(now) {
            return Ok(false);
        }
        if now.size == 0 && std::mem::replace(&mut life.seen_empty, true) {
            // It may have been filled, copied and emptied since.
            life.seen = Some(now);
            self.read_copies(id, Occasion::Cut)?;
            return Ok(false);
        }
        if now.size > 0
            && let Some((previous, least)) = life.follows.take()
        {
            // An editor makes a new file and writes the old content into it.
            self.carry_over(id, previous, least)?;
        }
        let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
        if life.copied_from.is_some() && now.size > life.lines.offset() {
            self.carry_more(id)?;
        }
        let mut block = std::mem::take(&mut self.block);
        let result = self.read_blocks(id, now, &mut block);
        self.block = block;
        let more = result?;
        self.tell_pending(id)?;
        Ok(more)
    }

    fn read_blocks(&mut self, id: IncarnationId, now: Look, block: &mut [u8]) -> Result<bool, Ended> {
        let mut budget = TURN_BYTES;
        loop {
            let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
            let got = match platform::read_at(&life.file, block, life.window_start()) {
                Ok(got) => got,
                Err(error) => return self.tell_unreadable(id, Some(error.to_string())).map(|()| false),
            };
            let window = &block[..got];
            if !life.marker_fits(window) {
                return self.notice_truncation(id);
            }
            life.size = now.size;
            // What was there before it may have been copied and cut away unseen. That comes first.
            if got > 0 && life.lines.offset() == 0 && self.read_copies(id, Occasion::Begun(window))?.is_some() {
                return Ok(true);
            }
            let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
            let known = life.marker.len();
            let at_end = got < block.len();
            let recovered = life.unreadable;
            self.take_in(id, window, known)?;
            let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
            life.remember(window);
            let fresh = (got - known) as u64;
            if fresh > 0 {
                life.grew = Instant::now();
            }
            life.pass_over_hole(now.size);
            // What is written from now on shows as another size or time.
            life.seen = at_end.then_some(now);
            if recovered {
                self.tell_unreadable(id, None)?;
            }
            if at_end {
                return Ok(false);
            }
            budget = budget.saturating_sub(fresh);
            if budget == 0 {
                return Ok(true);
            }
        }
    }

    /// Takes in `window[known..]`, and tells of it: lines and holes in their order.
    pub(super) fn take_in(&mut self, id: IncarnationId, window: &[u8], known: usize) -> Result<(), Ended> {
        let mut at = known;
        let mut lost = u64::from(Sabotage::FirstByte.is_on());
        while at < window.len() {
            let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
            let (from, owed) = (life.lines.offset(), life.lines.undecided());
            let next = life.lines.take_in(window, at);
            let encoding = life.lines.encoding_news().map(|encoding| (encoding, life.lines.units_from()));
            if let Some((encoding, units_from)) = encoding {
                self.say(FollowEvent::Encoded { incarnation: id, encoding, units_from })?;
            }
            let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
            let hole = life.lines.take_hole();
            let kept_back = hole.map_or(life.lines.undecided(), |hole| hole.bytes);
            let end = life.lines.offset() - kept_back;
            life.size = life.size.max(life.lines.offset());
            let batch = life.lines.batch(id, life.size);
            // They were kept back: they might have been a hole.
            if owed > 0 && from <= end {
                self.outlet.pass(id, from - owed, &vec![0; owed as usize])?;
            }
            let text = &window[at..next];
            let shown = usize::try_from(end.saturating_sub(from)).map_or(text.len(), |shown| shown.min(text.len()));
            let lost = std::mem::take(&mut lost).min(shown as u64);
            self.outlet.pass(id, from + lost, &text[lost as usize..shown])?;
            if let Some(batch) = batch {
                self.say(FollowEvent::Read(batch))?;
            }
            self.tell_hole(id, hole)?;
            at = next;
        }
        Ok(())
    }

    /// Nothing more will be read: NUL bytes at the end of a file that were kept back are decided on.
    pub(super) fn hand_on_undecided(&mut self) -> Result<(), Ended> {
        let undecided: Vec<IncarnationId> =
            self.lives.values().filter(|life| life.lines.undecided() > 0).map(|life| life.id).collect();
        undecided.into_iter().try_for_each(|id| self.end_last_line(id, true))
    }

    fn tell_hole(&mut self, id: IncarnationId, hole: Option<Hole>) -> Result<(), Ended> {
        let Some(Hole { offset, bytes }) = hole else { return Ok(()) };
        self.say(FollowEvent::Hole { incarnation: id, offset, bytes })
    }

    fn tell_pending(&mut self, id: IncarnationId) -> Result<(), Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let bytes = life.lines.pending();
        if bytes == life.pending_told {
            return Ok(());
        }
        life.pending_told = bytes;
        let size = life.size;
        self.say(FollowEvent::Pending { incarnation: id, bytes, size })
    }

    fn tell_unreadable(&mut self, id: IncarnationId, reason: Option<String>) -> Result<(), Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let before = std::mem::replace(&mut life.unreadable, reason.is_some());
        let path = life.last_path.clone();
        match (before, reason) {
            (false, Some(reason)) => self.say(FollowEvent::Inaccessible { path, reason }),
            (true, None) => self.say(FollowEvent::Accessible { path }),
            _ => Ok(()),
        }
    }

    /// Ends a last line that will not go on. Returns how long that is to be waited for.
    fn settle_last_line(&mut self, id: IncarnationId) -> Result<Option<Duration>, Ended> {
        let Some(life) = self.lives.get(&id) else { return Ok(None) };
        if !life.succeeded || life.lines.pending() == 0 {
            return Ok(None);
        }
        let left = SETTLED.saturating_sub(life.grew.elapsed());
        if !left.is_zero() {
            return Ok(Some(left));
        }
        self.end_last_line(id, true)?;
        Ok(None)
    }

    /// Counts the unended last line as a line. `stands`: its bytes are still there to be judged.
    pub(super) fn end_last_line(&mut self, id: IncarnationId, stands: bool) -> Result<(), Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let owed = life.lines.undecided();
        let ended = life.lines.end_without_newline(stands);
        let hole = life.lines.take_hole();
        let end = life.lines.offset();
        match hole {
            Some(_) => self.tell_hole(id, hole)?,
            None => self.outlet.pass(id, end - owed, &vec![0; owed as usize])?,
        }
        let (Some((offset, bytes)), Some(life)) = (ended, self.lives.get_mut(&id)) else { return Ok(()) };
        let size = life.size;
        let told = std::mem::take(&mut life.pending_told);
        if let Some(batch) = life.lines.batch(id, size) {
            self.say(FollowEvent::Read(batch))?;
        }
        self.say(FollowEvent::Unterminated { incarnation: id, offset, bytes })?;
        if told > 0 {
            self.say(FollowEvent::Pending { incarnation: id, bytes: 0, size })?;
        }
        Ok(())
    }

    /// The file is shorter than what was read of it, or its content is another: finds out how much still stands.
    fn notice_truncation(&mut self, id: IncarnationId) -> Result<bool, Ended> {
        let Some(life) = self.lives.get(&id) else { return Ok(false) };
        let surviving = life.file.metadata().and_then(|metadata| life.known().surviving(&life.file, metadata.len()));
        match surviving {
            Ok(0) if self.is_put_away(id) && is_shredded(&life.file).unwrap_or(false) => self.give_up(id),
            Ok(kept) => {
                let before = if kept == 0 { self.read_copies(id, Occasion::Cut)? } else { None };
                let Some(life) = self.lives.get(&id) else { return Ok(false) };
                let (file_id, known) = (life.file_id, life.size.max(life.lines.offset()));
                let old_size = known.max(self.size_before_cut(file_id));
                self.truncate(id, Truncation { old_size, kept, exact: false, by: Actor::Other })?;
                self.gate_behind(Some(IncarnationId(self.last_id)), before);
                Ok(true)
            }
            Err(error) => self.tell_unreadable(id, Some(error.to_string())).map(|()| false),
        }
    }

    /// Whether the file has left the followed path.
    fn is_put_away(&self, id: IncarnationId) -> bool {
        self.slots.values().all(|slot| slot.current != Some(id))
    }

    /// What stands in the file now was never a log: nothing more of it is read.
    fn give_up(&mut self, id: IncarnationId) -> Result<bool, Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
        let (file_id, by) = (life.file_id, Actor::Other);
        let old_size = life.size.max(life.lines.offset());
        self.truncate(id, Truncation { old_size, kept: 0, exact: false, by })?;
        let next = IncarnationId(self.last_id);
        let Some(life) = self.lives.get_mut(&next) else { return Ok(false) };
        life.is_given_up = true;
        let bytes = life.size;
        self.known_files.insert(file_id);
        self.say(FollowEvent::Abandoned { incarnation: next, bytes })?;
        Ok(false)
    }

    /// How large a file was before it was cut, as was seen while nobody read; else 0.
    fn size_before_cut(&mut self, file: FileId) -> u64 {
        let sizes = &mut self.earlier.sizes;
        sizes.append(self.watch.take_sizes(file));
        sizes.take_before_cut(file).unwrap_or(0)
    }

    /// Ends one life of a file at a truncation and begins the next.
    pub(super) fn truncate(&mut self, id: IncarnationId, truncation: Truncation) -> Result<(), Ended> {
        self.end_last_line(id, false)?;
        let Some(old) = self.lives.get(&id) else { return Ok(()) };
        let read = old.lines.offset();
        // What was not read before and still stands is read by the next life.
        let kept = truncation.kept.min(read);
        let path = old.last_path.clone();
        let remaining = self.stamps(old, 0, 0, kept);
        self.say(FollowEvent::Truncated {
            incarnation: id,
            next: IncarnationId(self.last_id + 1),
            path,
            old_size: truncation.old_size.max(read),
            read,
            kept,
            remaining,
            exact: truncation.exact,
            by: truncation.by,
        })?;
        self.begin_next_life(id, kept)
    }

    fn begin_next_life(&mut self, previous: IncarnationId, start: u64) -> Result<(), Ended> {
        let Some(mut old) = self.lives.remove(&previous) else { return Ok(()) };
        let copy = old.copy.take();
        self.last_id += 1;
        let id = IncarnationId(self.last_id);
        let mut life = Life {
            id,
            start,
            lines: old.lines.cut_to(start),
            marker: Vec::new(),
            seen: None,
            pending_told: 0,
            grew: Instant::now(),
            gate: None,
            since: SystemTime::now(),
            seen_empty: false,
            follows: None,
            // It may be overwritten with another copy.
            copied_from: if start == 0 { self.original_beside(&old.last_path) } else { None },
            ..old
        };
        let path = life.last_path.clone();
        self.remember_gone(Gone { id: previous, path, lines: old.lines, marker: old.marker });
        life.recall_marker();
        life.size = life.file.metadata().map_or(start, |metadata| metadata.len().max(start));
        let (file_id, path, size) = (life.file_id, life.last_path.clone(), life.size);
        // What was seen before this cut says nothing of the next one.
        self.size_before_cut(file_id);
        let unlinked = life.path.is_none();
        match copy {
            Some(copy) => self.show_from(previous, copy),
            None if start == 0 => self.texts.remove(previous),
            None => self.texts.limit(previous, start),
        }
        self.texts.insert(id, Arc::clone(&life.file));
        self.by_file.insert(file_id, id);
        self.lives.insert(id, life);
        // Whatever waits for what stood in the file waits for what stands there now.
        for gate in self.lives.values_mut().filter_map(|life| life.gate.as_mut()) {
            if gate.previous == previous {
                *gate = Gate { previous: id, up_to: gate.up_to.min(size), ..*gate };
            }
        }
        for slot in self.slots.values_mut() {
            for place in [&mut slot.current, &mut slot.previous] {
                if *place == Some(previous) {
                    *place = Some(id);
                }
            }
        }
        self.say(FollowEvent::Created {
            incarnation: id,
            file_id,
            path,
            start_offset: start,
            size,
            origin: Origin::Truncated { previous },
            unlinked,
        })
    }

    /// Stamps that were read from beyond a cut.
    pub(super) fn beyond(&self, id: IncarnationId, cut: Cut) -> Vec<StampRun> {
        let Some(life) = self.lives.get(&id) else { return Vec::new() };
        self.stamps(life, life.start, cut.offset, life.lines.offset())
    }

    fn stamps(&self, life: &Life, floor: u64, from: u64, to: u64) -> Vec<StampRun> {
        if !self.options.stamps {
            return Vec::new();
        }
        // Unreadable means that nothing can be claimed to stand there.
        let cutting = Cutting { encoding: life.lines.encoding(), units_from: life.lines.units_from(), floor };
        stamps::stamps_between(&life.file, &life.lines, cutting, from, to).unwrap_or_default()
    }
}
