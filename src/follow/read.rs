//! Reads every held descriptor on, in order, and notices where a file was cut.

use std::path::Path;
use std::time::{Duration, Instant};

use super::copies::Occasion;
use super::holes::Hole;
use super::life::{Gate, Life, Look};
use super::sabotage::Sabotage;
use super::state::{Ended, Next, State};
use crate::event::{FollowEvent, IncarnationId};
use crate::platform;

/// A file that grows faster than it is read must not keep the others waiting, nor an order.
const TURN_BYTES: u64 = 8 << 20;
/// So many checkpoints are kept in all, of 64 bytes each: the fewer files there are, the more each has.
const MOST_CHECKS: usize = 128 << 10;
const LEAST_CHECKS: usize = 128;
/// A last line without newline is final when its file has been followed by another and was quiet for so long: a
/// writer may be in the midst of it.
const SETTLED: Duration = Duration::from_millis(100);

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
        if life.path.is_none() && Sabotage::Unlinked.is_on() {
            return Ok(false);
        }
        if life.is_given_up && !self.takes_up_again(id) {
            return Ok(false);
        }
        let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
        let now = match life.file.metadata() {
            Ok(metadata) => Look::of(&metadata),
            Err(error) => return self.tell_unreadable(id, Some(error.to_string())).map(|()| false),
        };
        if life.seen != Some(now) && !life.go_back_if_filled(now.size) {
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
            && let Some((previous, least)) = life.may_repeat.take()
        {
            self.carry_edited(id, previous, least)?;
        }
        let Some(life) = self.lives.get_mut(&id) else { return Ok(false) };
        if life.copied_from.is_some() && now.size > life.lines.offset() {
            self.carry_more(id)?;
        }
        let most = (MOST_CHECKS / self.by_file.len().max(1)).clamp(LEAST_CHECKS, MOST_CHECKS / 8);
        if let Some(life) = self.lives.get_mut(&id) {
            life.lines.allow_checks(most);
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
                self.outlet.pass_nul(id, from - owed, owed)?;
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

    pub(super) fn tell_unreadable(&mut self, id: IncarnationId, reason: Option<String>) -> Result<(), Ended> {
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
            None => self.outlet.pass_nul(id, end - owed, owed)?,
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
}
