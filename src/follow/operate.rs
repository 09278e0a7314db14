//! Orders that are carried out between two looks, so that what Rotascope does itself is known exactly.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::cut::Truncation;
use super::folder::skipped_by_name;
use super::life::Life;
use super::parked::Gone;
use super::state::{Ended, Next, State};
use super::{FollowOrder, Operated, Removed, is_within};
use crate::command::{FileOperation, FileOrder};
use crate::event::{Actor, Cut, FileId, FollowEvent, IncarnationId, Origin, What};
use crate::platform;

/// An operation does not wait longer than this for a backlog to be read.
const PATIENCE: Duration = Duration::from_secs(2);

impl State {
    /// Carries out one order.
    pub(super) fn obey(&mut self, order: FollowOrder) -> Result<(), Ended> {
        match order {
            FollowOrder::Look => self.turn().map(drop),
            FollowOrder::CatchUp(request) => self.catch_up(request),
            FollowOrder::Launch { sequence, launch, request } => {
                self.read_all()?;
                let age = self.sequences.begin(sequence, launch);
                self.lives.values_mut().for_each(|life| life.lines.begin_age(age));
                self.say(FollowEvent::CaughtUp { request })
            }
            FollowOrder::Operate(order) => self.operate(order),
            FollowOrder::HeldByWorker { pid, descriptor, path, file_id } => {
                self.hold_too(pid, descriptor, &path, file_id)
            }
            FollowOrder::Release(incarnation) => self.release(incarnation),
            FollowOrder::Stop => Err(Ended),
        }
    }

    fn operate(&mut self, mut order: FileOrder) -> Result<(), Ended> {
        if let Ok(path) = std::path::absolute(&order.path) {
            order.path = path;
        }
        self.look_well()?;
        self.reopen_within(&order.path)?;
        if order.operation == FileOperation::RemoveFolder {
            return self.remove_folder(&order);
        }
        let held = self.held_at(&order.path);
        self.read_to_end(held.as_slice())?;
        let file = held.and_then(|id| self.lives.get(&id)).map(|life| life.file.clone());
        match self.operator.operate(&order, file.as_deref()) {
            Err(reason) => self.say_failed(&order, reason),
            Ok(mut operated) => {
                let held = match operated.unseen.take() {
                    Some(unseen) => self.adopt_unseen(&order, unseen)?,
                    None => held,
                };
                self.tell_operated(&order, held, &operated)?;
                self.look_well()?;
                self.list()
            }
        }
    }

    /// A file that came between the look and the act, if it has lost its name by that.
    fn adopt_unseen(&mut self, order: &FileOrder, file: File) -> Result<Option<IncarnationId>, Ended> {
        let nameless = matches!(order.operation, FileOperation::Delete | FileOperation::Replace);
        let Ok(metadata) = file.metadata() else { return Ok(None) };
        // In a lab's folders everything is followed that may be a log; a path that leads nowhere has no slot.
        let followed = self.is_followed(&order.path) || self.options.stamps && skipped_by_name(&order.path).is_none();
        if !nameless || !followed || self.by_file.contains_key(&platform::file_id(&metadata)) {
            return Ok(None);
        }
        self.adopt(file, &metadata, &order.path, Origin::Created, true).map(Some)
    }

    fn tell_operated(
        &mut self,
        order: &FileOrder,
        held: Option<IncarnationId>,
        operated: &Operated,
    ) -> Result<(), Ended> {
        let Some(id) = held else { return Ok(()) };
        if self.lives.get(&id).is_none_or(|life| life.file_id != operated.file_id) {
            // Another file slipped in between look and act, and went unseen.
            let path = order.path.clone();
            return self.say(FollowEvent::Missed { path, file_id: Some(operated.file_id) });
        }
        let cut = Cut { offset: operated.size, exact: true };
        let by = order.by;
        match &order.operation {
            FileOperation::Delete => {
                self.delete(id, cut, by, false)?;
                self.vacate(&order.path, id);
            }
            FileOperation::Trash => {
                // A trash on the same disk is a folder, where the file has a name and its writers go on. Any other one
                // gets a copy.
                match self.name_now(id) {
                    Some(to) => self.rename(id, to, cut, by)?,
                    None => self.delete(id, cut, by, false)?,
                }
                self.vacate(&order.path, id);
            }
            FileOperation::Rename { to } => {
                let to = std::path::absolute(to).unwrap_or_else(|_| to.clone());
                self.rename(id, to, cut, by)?;
                self.vacate(&order.path, id);
            }
            FileOperation::Truncate { to_bytes } if *to_bytes <= operated.size => {
                let truncation = Truncation { old_size: operated.size, kept: *to_bytes, exact: true, by };
                self.truncate(id, truncation)?;
            }
            FileOperation::Replace => {
                self.delete(id, cut, by, true)?;
                self.vacate(&order.path, id);
                self.origins.insert(order.path.clone(), Origin::Replaced { previous: id });
            }
            // A file that was made longer goes on; new permission bits are seen by the look that follows.
            FileOperation::Truncate { .. } | FileOperation::SetMode { .. } | FileOperation::RemoveFolder => {}
        }
        Ok(())
    }

    /// The name that the system gives a file that was moved, unknown where to.
    fn name_now(&self, id: IncarnationId) -> Option<PathBuf> {
        let life = self.lives.get(&id)?;
        let name = self.watch.spell(platform::current_path(&life.file).ok()??);
        (!life.is_at(&name)).then_some(name)
    }

    fn remove_folder(&mut self, order: &FileOrder) -> Result<(), Ended> {
        let inside = |life: &&Life| life.path.as_deref().is_some_and(|path| is_within(path, &order.path));
        let held: Vec<IncarnationId> = self.lives.values().filter(inside).map(|life| life.id).collect();
        self.read_to_end(&held)?;
        let mut removed = Vec::new();
        let outcome = self.operator.remove_folder(order, &mut removed);
        for one in removed {
            self.tell_removed(order, one)?;
        }
        if let Err(reason) = outcome {
            self.say_failed(order, reason)?;
        }
        self.look_well()?;
        self.list()
    }

    /// A file of which no look knew was made and filled while the folder was being emptied.
    fn tell_removed(&mut self, order: &FileOrder, removed: Removed) -> Result<(), Ended> {
        let Removed { path, file, size } = removed;
        let Ok(metadata) = file.metadata() else { return Ok(()) };
        let id = match self.by_file.get(&platform::file_id(&metadata)) {
            Some(known) => *known,
            None if self.is_followed(&path) => self.adopt(file, &metadata, &path, Origin::Created, true)?,
            None => return Ok(()),
        };
        self.delete(id, Cut { offset: size, exact: true }, order.by, false)?;
        self.vacate(&path, id);
        Ok(())
    }

    fn say_failed(&mut self, order: &FileOrder, reason: String) -> Result<(), Ended> {
        self.outlet.say(What::OperationFailed {
            operation: verb(&order.operation).to_owned(),
            path: order.path.clone(),
            by: order.by,
            reason,
        })
    }

    /// If the incarnation has left the path: the next file there comes after it.
    pub(super) fn vacate(&mut self, path: &Path, id: IncarnationId) {
        let stays = self.lives.get(&id).is_some_and(|life| life.is_at(path));
        if let Some(slot) = self.slots.get_mut(path)
            && slot.current == Some(id)
            && !stays
        {
            slot.current = None;
            slot.previous = Some(id);
        }
    }

    /// A look that has heard of everything up to now.
    fn look_well(&mut self) -> Result<(), Ended> {
        let hints = self.hear();
        self.look(hints)
    }

    /// The incarnation that stands at a path. The look just before has adopted it if it is one to be followed.
    fn held_at(&self, path: &Path) -> Option<IncarnationId> {
        let current = self.slots.get(path).and_then(|slot| slot.current);
        current.or_else(|| self.lives.values().find(|life| life.is_at(path)).map(|life| life.id))
    }

    /// Reads these up to the size that they have now, and whatever must be read before them.
    pub(super) fn read_to_end(&mut self, ids: &[IncarnationId]) -> Result<(), Ended> {
        let begun = Instant::now();
        let size = |state: &State, id| Some(state.lives.get(id)?.file.metadata().ok()?.len());
        let ends: Vec<(IncarnationId, u64)> = ids.iter().filter_map(|id| Some((*id, size(self, id)?))).collect();
        loop {
            let next = self.read_on()?;
            let behind = ends.iter().any(|(id, end)| self.lives.get(id).is_some_and(|life| life.lines.offset() < *end));
            if !behind || (next != Next::Now && !self.gated) || begun.elapsed() > PATIENCE {
                return Ok(());
            }
        }
    }

    // --- files that a worker holds --------------------------------------------------------------------------------

    fn hold_too(&mut self, pid: u32, descriptor: Option<i32>, path: &Path, wanted: FileId) -> Result<(), Ended> {
        if self.by_file.contains_key(&wanted) {
            return Ok(());
        }
        self.turn()?;
        if self.by_file.contains_key(&wanted) {
            return Ok(());
        }
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let by_path = platform::open_to_follow(&path).ok();
        let by_descriptor = || platform::open_of_process(pid, descriptor?).ok();
        let right = |file: &File| {
            file.metadata().is_ok_and(|metadata| metadata.is_file() && platform::file_id(&metadata) == wanted)
        };
        let Some(file) = by_path.filter(right).or_else(|| by_descriptor().filter(right)) else {
            return self.say(FollowEvent::Missed { path, file_id: Some(wanted) });
        };
        let Ok(metadata) = file.metadata() else { return Ok(()) };
        let real = platform::current_path(&file).ok().flatten();
        let name: Option<PathBuf> = real.map(|real| self.watch.spell(real));
        let id = self.adopt(file, &metadata, &path, Origin::Created, name.is_none())?;
        let cut = Cut { offset: metadata.len(), exact: false };
        match name {
            Some(name) if name != path => {
                self.rename(id, name, cut, Actor::Other)?;
                self.vacate(&path, id);
            }
            Some(_) => {}
            None => self.delete(id, cut, Actor::Other, false)?,
        }
        self.turn().map(drop)
    }

    pub(super) fn release(&mut self, id: IncarnationId) -> Result<(), Ended> {
        let Some(life) = self.lives.get(&id) else { return Ok(()) };
        if life.path.is_some() {
            let text = format!("#{} has a name and is followed: its file stays open.", id.0);
            return self.outlet.say(What::Notice { text });
        }
        let size = life.file.metadata().map_or(life.size, |metadata| metadata.len());
        // What stood there when it was given up has been told.
        let known = if life.is_given_up { life.size } else { life.lines.offset() };
        let unread = size.saturating_sub(known);
        if life.watched {
            let link = platform::path_of_open(&life.file);
            self.watch.uncover_held(&link);
        }
        self.end_last_line(id, false)?;
        if let Some(life) = self.lives.remove(&id) {
            self.by_file.remove(&life.file_id);
            // Also under the lives that it had before it was cut: its disk space is to be free.
            self.texts.remove_file(&life.file);
            self.texts.remove(id);
            self.remember_gone(Gone { id, path: life.last_path, lines: life.lines, marker: life.marker });
        }
        if unread > 0 {
            self.say(FollowEvent::Abandoned { incarnation: id, bytes: unread })?;
        }
        self.say(FollowEvent::Released { incarnation: id })
    }
}

fn verb(operation: &FileOperation) -> &'static str {
    match operation {
        FileOperation::Delete => "delete",
        FileOperation::Trash => "trash",
        FileOperation::Rename { .. } => "rename",
        FileOperation::Truncate { .. } => "truncate",
        FileOperation::Replace => "replace",
        FileOperation::RemoveFolder => "remove_dir",
        FileOperation::SetMode { .. } => "chmod",
    }
}
