//! Truncations: how much of a file still stands, the end of one of its lives and the beginning of the next.

use std::sync::Arc;
use std::time::{Instant, SystemTime};

use super::copies::Occasion;
use super::folder::is_shredded;
use super::life::{Gate, Life};
use super::parked::Gone;
use super::stamps::{self, Cutting};
use super::state::{Ended, State};
use crate::event::{Actor, Cut, FileId, FollowEvent, IncarnationId, Origin};
use crate::record::StampRun;

/// What is known of a truncation.
#[derive(Clone, Copy, Debug)]
pub(super) struct Truncation {
    pub(super) old_size: u64,
    pub(super) kept: u64,
    pub(super) exact: bool,
    pub(super) by: Actor,
}

impl State {
    /// The file is shorter than what was read of it, or its content is another: finds out how much still stands.
    pub(super) fn notice_truncation(&mut self, id: IncarnationId) -> Result<bool, Ended> {
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

    /// Whether a life that was given up is read all the same: its file has been cut since, or is at a followed path again.
    pub(super) fn takes_up_again(&mut self, id: IncarnationId) -> bool {
        let is_put_away = self.is_put_away(id);
        let Some(life) = self.lives.get_mut(&id) else { return false };
        let is_cut = life.file.metadata().is_ok_and(|metadata| metadata.len() < life.size);
        if is_cut || !is_put_away {
            life.is_given_up = false;
        }
        !life.is_given_up
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
            may_repeat: None,
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
