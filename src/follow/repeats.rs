//! Files that begin with the whole content of another. A rewritten log is compared byte for byte, for nothing less tells
//! it from one that begins alike; a copy made before a truncation by samples, for the original has been cut by then.

use std::fs::File;
use std::io;
use std::time::Duration;

use super::known::Known;
use super::life::Life;
use super::parked::{Gone, Parked};
use super::state::{Ended, State};
use crate::event::{FollowEvent, IncarnationId};
use crate::platform;

/// Two logs of one program may begin with the same few lines: where nothing else says that one was made of the other,
/// no less than this counts as a repetition.
const LEAST_BYTES: u64 = 256;
const BLOCK_BYTES: usize = 64 << 10;

/// A copy that has less than was read of its original is in the making until nothing was written to it for so long.
const WHOLE: Duration = Duration::from_secs(1);

/// What a file has of another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    Nothing,
    /// Nothing else so far, and more will come: it tells nothing yet.
    InTheMaking,
    Has {
        bytes: u64,
        /// Whole lines among them, where they are known.
        lines: Option<u64>,
    },
}

impl State {
    /// If the file that took a path repeats all of the one before, reading begins behind that. In a lab everything is
    /// read: the ledger asks where a line can still be found.
    pub(super) fn carry_over(&mut self, id: IncarnationId, previous: IncarnationId, least: Least) -> Result<(), Ended> {
        if self.options.stamps || !self.started {
            return Ok(());
        }
        let (Some(new), Some(old)) = (self.lives.get(&id), self.lives.get(&previous)) else { return Ok(()) };
        // What can't be compared is read.
        let bytes = repeated(&old.file, &new.file).unwrap_or(0);
        if bytes < least.bytes() {
            return Ok(());
        }
        let lines = old.lines.count_up_to(bytes);
        self.carry_up_to(id, bytes, lines)
    }

    /// An editor has put the file away, made a new one and written the old content into that. What an archive of the path
    /// has is no less new for being the same.
    pub(super) fn carry_edited(
        &mut self,
        id: IncarnationId,
        previous: IncarnationId,
        least: Least,
    ) -> Result<(), Ended> {
        let (Some(new), Some(old)) = (self.lives.get(&id), self.lives.get(&previous)) else { return Ok(()) };
        let is_rotated = old.path.as_deref().is_some_and(|name| self.is_archive_at(&new.last_path, name));
        if is_rotated { Ok(()) } else { self.carry_over(id, previous, least) }
    }

    /// What a file that was found in a folder has of what its name says that it was copied from (`cp P P.1; truncate -s
    /// 0 P`), or of what stood there before that was cut.
    pub(super) fn copied(&mut self, original: IncarnationId, copy: &File) -> Result<Copied, Ended> {
        self.read_uncut(original)?;
        let Ok(metadata) = copy.metadata() else { return Ok(Copied::Nothing) };
        // A copy that has nothing yet tells nothing. What is written to it is heard.
        if metadata.len() == 0 {
            return Ok(Copied::InTheMaking);
        }
        // What can't be compared is read, and so is what two logs of one program begin with.
        let found = self.most_in_copy(original, copy);
        let Some((bytes, known)) = found.filter(|(bytes, _)| *bytes >= LEAST_BYTES) else {
            return Ok(Copied::Nothing);
        };
        // It may have grown since its size was asked.
        let may_grow = bytes >= metadata.len() && bytes < known.lines.offset();
        let is_young = || metadata.modified().is_ok_and(|modified| modified.elapsed().is_ok_and(|age| age < WHOLE));
        if may_grow && is_young() {
            return Ok(Copied::InTheMaking);
        }
        Ok(Copied::Has { bytes, lines: known.lines.count_up_to(bytes) })
    }

    /// With how much of an original, or of what stood at its path before, a copy begins.
    fn most_in_copy(&self, original: IncarnationId, copy: &File) -> Option<(u64, Known<'_>)> {
        let is_uncut = |life: &&Life| life.known().is_in(&life.file).unwrap_or(false);
        let uncut = self.lives.get(&original).filter(is_uncut).map(|life| life.file.as_ref());
        let found = self.known_at(original).enumerate().map(|(nth, known)| {
            let uncut = uncut.filter(|_| nth == 0);
            (in_copy(known, uncut, copy).unwrap_or(0), known)
        });
        found.max_by_key(|(bytes, _)| *bytes)
    }

    /// What is known of a life and of those that stood at its path before.
    fn known_at(&self, id: IncarnationId) -> impl Iterator<Item = Known<'_>> {
        let (life, parked) = (self.lives.get(&id), self.parked.get(&id));
        let path = life.map(|life| &life.last_path).or(parked.map(|parked| &parked.path));
        let gone = self.gone.iter().filter(move |gone| gone.id == id || path == Some(&gone.path)).map(Gone::known);
        life.map(Life::known).into_iter().chain(parked.map(Parked::known)).chain(gone)
    }

    /// What a copy has of its original is not read again.
    pub(super) fn carry_copied(
        &mut self,
        id: IncarnationId,
        original: Option<IncarnationId>,
        copied: Copied,
    ) -> Result<(), Ended> {
        let Copied::Has { bytes, lines } = copied else { return Ok(()) };
        if let Some(life) = self.lives.get_mut(&id) {
            life.copied_from = original;
        }
        self.carry_up_to(id, bytes, lines)
    }

    /// Reading begins there at the earliest. It is told how much that is beyond what was told before.
    fn carry_up_to(&mut self, id: IncarnationId, end: u64, lines: Option<u64>) -> Result<(), Ended> {
        let Some(life) = self.lives.get_mut(&id) else { return Ok(()) };
        let before = life.lines.offset();
        let Some(bytes) = end.checked_sub(before).filter(|bytes| *bytes > 0) else { return Ok(()) };
        let lines_before = life.lines.count_up_to(before);
        life.begin_at(end, lines);
        let lines = lines.zip(lines_before).map(|(lines, before)| lines.saturating_sub(before));
        self.say(FollowEvent::CarriedOver { incarnation: id, bytes, lines })
    }

    /// A copy goes on after a pause in which it was taken for whole, or another one is made in the same file: what it has
    /// of its original is not read again either.
    pub(super) fn carry_more(&mut self, id: IncarnationId) -> Result<(), Ended> {
        let Some(life) = self.lives.get(&id) else { return Ok(()) };
        let Some(original) = life.copied_from else { return Ok(()) };
        self.read_uncut(original)?;
        let Some(life) = self.lives.get(&id) else { return Ok(()) };
        let offset = life.lines.offset();
        let found = self.most_in_copy(original, &life.file).filter(|_| offset == life.start);
        let more = found
            .filter(|(bytes, _)| *bytes >= LEAST_BYTES.max(offset + 1))
            .map(|(bytes, known)| (bytes, known.lines.count_up_to(bytes)));
        if more.is_none()
            && let Some(life) = self.lives.get_mut(&id)
        {
            life.copied_from = None;
        }
        more.map_or(Ok(()), |(bytes, lines)| self.carry_up_to(id, bytes, lines))
    }

    /// Reads what stands in a file, unless that was cut or has to wait: as long as it stands there, its copy is not the
    /// place to read it.
    fn read_uncut(&mut self, id: IncarnationId) -> Result<(), Ended> {
        if !self.is_due(id) {
            return Ok(());
        }
        let Some(life) = self.lives.get(&id) else { return Ok(()) };
        let uncut = life.lines.offset() == 0 || life.known().is_in(&life.file).unwrap_or(false);
        let end = life.file.metadata().map_or(0, |metadata| metadata.len());
        if uncut { self.read_whole(id, end) } else { Ok(()) }
    }
}

/// How much of what was read of a file its copy begins with: all, or as much as the copy has. Behind the last sample the
/// file itself tells, where what was read still stands in it.
fn in_copy(known: Known<'_>, uncut: Option<&File>, copy: &File) -> io::Result<u64> {
    let (read, size) = (known.lines.offset(), copy.metadata()?.len());
    if size >= read {
        return Ok(if known.is_in(copy)? { read } else { 0 });
    }
    let end = |file| is_same(copy, file, known.sampled_up_to(size), size);
    let same = known.goes_along_with(copy)? && uncut.map_or(Ok(true), end)?;
    Ok(if same { size } else { 0 })
}

/// How much has to be the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Least {
    /// One file was put in the place of the other: anything.
    Anything,
    /// They only had the same name.
    MoreThanABanner,
}

impl Least {
    fn bytes(self) -> u64 {
        match self {
            Least::Anything => 1,
            Least::MoreThanABanner => LEAST_BYTES,
        }
    }
}

/// The size of `old` if `new` begins with all of it, else 0.
fn repeated(old: &File, new: &File) -> io::Result<u64> {
    let size = old.metadata()?.len();
    if size == 0 || new.metadata()?.len() < size {
        return Ok(0);
    }
    // The end differs first where one log was begun anew.
    let tail = size.saturating_sub(BLOCK_BYTES as u64);
    let same = is_same(old, new, tail, size)? && is_same(old, new, 0, tail)?;
    Ok(if same { size } else { 0 })
}

/// Whether two files have the same bytes from `start` to `end`.
pub(super) fn is_same(one: &File, other: &File, start: u64, end: u64) -> io::Result<bool> {
    let mut offset = start;
    let block = |from: u64| usize::try_from(end.saturating_sub(from)).map_or(BLOCK_BYTES, |left| left.min(BLOCK_BYTES));
    let (mut left, mut right) = (vec![0; block(start)], vec![0; block(start)]);
    while offset < end {
        let wanted = block(offset);
        let (left, right) = (&mut left[..wanted], &mut right[..wanted]);
        if !read_whole(one, left, offset)? || !read_whole(other, right, offset)? || left != right {
            return Ok(false);
        }
        offset += wanted as u64;
    }
    Ok(true)
}

/// Fills the buffer; false if the file ends before.
fn read_whole(file: &File, buffer: &mut [u8], offset: u64) -> io::Result<bool> {
    let mut got = 0;
    while got < buffer.len() {
        match platform::read_at(file, &mut buffer[got..], offset + got as u64)? {
            0 => return Ok(false),
            more => got += more,
        }
    }
    Ok(true)
}
