//! Archives: files beside a followed path that carry its earlier lives, under names made of its own by a number or a
//! date, compressed or not. They are read where nobody saw a life come and go, and known again where it was read.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::arrive::open_regular;
use super::folder::skipped_by_name;
use super::known::Known;
use super::life::Life;
use super::parked::Parked;
use super::repeats::is_same;
use super::sabotage::Sabotage;
use super::state::{Ended, State};
use super::watch::{Hints, NameHint};
use crate::event::{Actor, FileId, FollowEvent, IncarnationId, Origin};
use crate::platform;

/// What is larger is not unpacked: the follower would stand still for it.
const MOST_PACKED: u64 = 64 << 20;
const MOST_UNPACKED: u64 = 1 << 30;
/// Time stamps of files are coarser than the clock.
const LEEWAY: Duration = Duration::from_secs(1);

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstandard,
}

impl Packing {
    /// By the name of a file, and that name without its ending.
    fn of(path: &Path) -> Option<(Packing, PathBuf)> {
        let packing = match path.extension()?.as_encoded_bytes() {
            b"gz" => Packing::Gzip,
            b"zst" => Packing::Zstandard,
            _ => return None,
        };
        Some((packing, path.with_extension("")))
    }
}

/// A file that may be an archive of a followed path.
#[derive(Debug)]
struct Archive {
    path: PathBuf,
    /// Of the archive itself, not of what is in it.
    id: FileId,
    packing: Option<Packing>,
    /// When its content was written last: compressing keeps that.
    modified: SystemTime,
}

impl Archive {
    fn at(path: PathBuf) -> Option<Archive> {
        let metadata = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file)?;
        let packing = Packing::of(&path).map(|(packing, _)| packing);
        Some(Archive { id: platform::file_id(&metadata), packing, modified: metadata.modified().ok()?, path })
    }

    /// Its content as it was before it was compressed, and how much that is. A file in the making gives an error.
    fn content(&self) -> io::Result<(File, u64)> {
        let (file, metadata) = open_regular(&self.path)?.ok_or(io::ErrorKind::NotFound)?;
        if platform::file_id(&metadata) != self.id {
            return Err(io::ErrorKind::NotFound.into());
        }
        let content = match self.packing {
            None => file,
            Some(_) if metadata.len() > MOST_PACKED => return Err(io::ErrorKind::FileTooLarge.into()),
            Some(packing) => unpack(BufReader::new(file), packing)?,
        };
        let size = content.metadata()?.len();
        Ok((content, size))
    }
}

/// Into a file that has no name.
fn unpack(mut packed: impl BufRead, packing: Packing) -> io::Result<File> {
    let mut content = tempfile::tempfile()?;
    match packing {
        Packing::Gzip => copy(flate2::bufread::MultiGzDecoder::new(packed), &mut content, MOST_UNPACKED)?,
        Packing::Zstandard => {
            let mut left = MOST_UNPACKED;
            // Compressed files may be joined.
            while !packed.fill_buf()?.is_empty() {
                let frame = ruzstd::decoding::StreamingDecoder::new(&mut packed);
                let frame = frame.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
                left = copy(frame, &mut content, left)?;
            }
            left
        }
    };
    Ok(content)
}

/// Returns how much more there may be.
fn copy(from: impl Read, to: &mut File, most: u64) -> io::Result<u64> {
    let copied = io::copy(&mut from.take(most + 1), to)?;
    most.checked_sub(copied).ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}

impl State {
    /// Reads lives that came and went between two looks: they stand in archives that nobody knows. Where notifications
    /// tell of all names, those of the files themselves are enough.
    pub(super) fn adopt_archives(&mut self, hints: &Hints) -> Result<bool, Ended> {
        if self.options.stamps || !self.started || Sabotage::Middles.is_on() {
            return Ok(false);
        }
        let deaf = !self.watch.is_complete();
        let vanished = if deaf { BTreeSet::new() } else { vanished(hints) };
        let unseen = |path: &PathBuf| deaf || hints.may_lack(path) || vanished.contains(path);
        let vacant = self.slots.iter().filter(|(_, slot)| slot.asked_for && slot.current.is_none());
        let concerned: Vec<PathBuf> = vacant.map(|(path, _)| path.clone()).filter(unseen).collect();
        let mut adopted = false;
        for path in concerned {
            let mut archives = self.archives_beside(&path);
            archives.retain(|archive| archive.modified + LEEWAY >= self.began);
            archives.sort_by_key(|archive| archive.modified);
            for archive in archives {
                adopted |= self.adopt_archive(&path, &archive)?;
            }
        }
        Ok(adopted)
    }

    fn adopt_archive(&mut self, path: &Path, archive: &Archive) -> Result<bool, Ended> {
        self.make_room()?;
        let Ok((content, size)) = archive.content() else { return Ok(false) };
        let read = self.life_with(&content, size);
        let packed = archive.packing.is_some();
        // Of a plain file that is empty more may come.
        if read.is_some() || (size == 0 && packed) {
            self.known_files.insert(archive.id);
            if let Some(id) = read.filter(|_| packed) {
                self.say(FollowEvent::Archived { incarnation: id, path: archive.path.clone() })?;
            }
            return Ok(false);
        }
        let Ok(metadata) = content.metadata() else { return Ok(false) };
        let previous = self.slots.get(path).and_then(|slot| slot.previous);
        let id = self.adopt(content, &metadata, path, Origin::Created, packed)?;
        if packed {
            self.known_files.insert(archive.id);
            self.say(FollowEvent::Archived { incarnation: id, path: archive.path.clone() })?;
            self.gate_behind(Some(id), previous);
            if let Some(previous) = previous.and_then(|previous| self.lives.get_mut(&previous)) {
                previous.succeeded = true;
            }
        } else {
            let cut = self.cut_now(id);
            self.rename(id, archive.path.clone(), cut, Actor::Other)?;
        }
        if let Some(life) = self.lives.get_mut(&id) {
            life.succeeded = true;
            // Nobody writes to what was unpacked.
            life.watched |= packed;
        }
        if let Some(slot) = self.slots.get_mut(path) {
            slot.current = None;
            slot.previous = Some(id);
        }
        Ok(true)
    }

    /// A file has lost its name: says which compressed archive it has become, if there is one.
    pub(super) fn recognise_archive(&mut self, id: IncarnationId) -> Result<(), Ended> {
        let Some(last_path) = self.lives.get(&id).map(|life| life.last_path.clone()) else { return Ok(()) };
        for archive in self.packed_beside(&last_path) {
            let Ok((content, size)) = archive.content() else { continue };
            let same = self.lives.get(&id).is_some_and(|life| is_within(&content, size, &life.file));
            if same {
                self.known_files.insert(archive.id);
                return self.say(FollowEvent::Archived { incarnation: id, path: archive.path });
            }
        }
        Ok(())
    }

    /// The same for a file that was not held open. The content, if there is more than was read of it.
    pub(super) fn recognise_parked(&mut self, parked: &Parked) -> Result<Option<File>, Ended> {
        for archive in self.packed_beside(&parked.path) {
            let Ok((content, size)) = archive.content() else { continue };
            if !parked.known().is_in(&content).unwrap_or(false) {
                continue;
            }
            self.known_files.insert(archive.id);
            self.say(FollowEvent::Archived { incarnation: parked.id, path: archive.path })?;
            return Ok((size > parked.lines.offset()).then_some(content));
        }
        Ok(None)
    }

    /// The incarnation that has all of this content.
    fn life_with(&self, content: &File, size: u64) -> Option<IncarnationId> {
        // What was read may have been cut away since.
        let was_read =
            |life: &Life| size <= life.lines.offset() && life.known().goes_along_with(content).unwrap_or(false);
        let has = |life: &&Life| is_within(content, size, &life.file) || was_read(life);
        let held = self.lives.values().find(has).map(|life| life.id);
        let is_read = |known: Known<'_>| known.is_in(content).unwrap_or(false);
        let parked = || self.parked.values().find(|parked| is_read(parked.known())).map(|parked| parked.id);
        held.or_else(parked).or_else(|| self.gone_with(content))
    }

    /// The incarnation that is gone and had this content, or more.
    pub(super) fn gone_with(&self, content: &File) -> Option<IncarnationId> {
        let gone = self.gone.iter().rev().find(|gone| gone.known().goes_along_with(content).unwrap_or(false));
        gone.map(|gone| gone.id)
    }

    /// Compressed archives that may be what stood at `path`: beside it under its own name, or beside the followed path
    /// that it came from.
    fn packed_beside(&self, path: &Path) -> Vec<Archive> {
        if self.options.stamps {
            return Vec::new();
        }
        let own = ["gz", "zst"].into_iter().map(|ending| with_ending(path, ending));
        let own = own.filter(|name| self.is_unknown(name)).filter_map(Archive::at);
        let followed = self.slots.iter().filter(|(slot, of)| of.asked_for && slot.parent() == path.parent());
        let beside = followed.flat_map(|(slot, _)| self.archives_beside(slot));
        own.chain(beside.filter(|archive| archive.packing.is_some())).collect()
    }

    /// Files beside a path, named like its archives, that nobody knows.
    fn archives_beside(&self, path: &Path) -> Vec<Archive> {
        let Some(folder) = path.parent() else { return Vec::new() };
        let names = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
        let named = names.filter(|other| {
            let plain = Packing::of(other).map(|(_, plain)| plain);
            is_archive_of(path, plain.as_deref().unwrap_or(other))
        });
        named.filter(|other| self.is_unknown(other)).filter_map(Archive::at).collect()
    }
}

/// Followed paths from which something went to a name that has gone since.
fn vanished(hints: &Hints) -> BTreeSet<PathBuf> {
    let mut tracked: Vec<(&PathBuf, &PathBuf)> = Vec::new();
    let mut vanished = BTreeSet::new();
    for hint in &hints.names {
        let gone = match hint {
            NameHint::Moved(from, to) => {
                if let Some(known) = tracked.iter_mut().find(|(_, at)| *at == from) {
                    known.1 = to;
                } else {
                    tracked.push((from, to));
                }
                continue;
            }
            NameHint::MovedIn(path) | NameHint::Removed(path) => path,
            NameHint::Created(_) => continue,
        };
        vanished.extend(tracked.extract_if(.., |(_, at)| *at == gone).map(|(from, _)| from.clone()));
    }
    vanished
}

/// Whether a file has all of some content at its beginning.
fn is_within(content: &File, size: u64, file: &File) -> bool {
    let larger = file.metadata().is_ok_and(|metadata| metadata.len() >= size);
    size > 0 && larger && is_same(content, file, 0, size).unwrap_or(false)
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(OsStr::new(ending));
    name.into()
}

/// Whether a name is made of another one by putting a number or a date behind it: `P.1`, `P-20240509`, `app.1.log`
/// beside `app.log`. A compressed one is none: nothing can be read on in it.
pub(super) fn is_archive_of(path: &Path, other: &Path) -> bool {
    let (Some(name), Some(of)) = (path.file_name(), other.file_name()) else { return false };
    let (name, of) = (name.as_encoded_bytes(), of.as_encoded_bytes());
    let stem = name.iter().rposition(|byte| *byte == b'.').filter(|at| *at > 0).map_or(name, |at| &name[..at]);
    let marked = [name, stem].into_iter().any(|stem| {
        let rest = of.strip_prefix(stem).unwrap_or_default();
        rest.first().is_some_and(|byte| b".-_".contains(byte)) && rest.get(1).is_some_and(u8::is_ascii_digit)
    });
    marked && name != of && path.parent() == other.parent() && skipped_by_name(other).is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;

    #[test]
    fn archives_are_known_by_their_names() {
        let is = |name: &str, other: &str| is_archive_of(Path::new(name), Path::new(other));
        for other in ["app.log.1", "app.log-20240509", "app.log.2024-05-09", "app-2024-05-09.log", "app.1.log"] {
            assert!(is("app.log", other), "{other}");
        }
        for other in ["app.log", "apple.log", "other.log.1", "app.log.new", "app.log.1.gz", "sub/app.log.1"] {
            assert!(!is("app.log", other), "{other}");
        }
        assert!(is("P", "P.1"));
    }

    fn content(packed: &[u8], packing: Packing) -> io::Result<Vec<u8>> {
        let content = unpack(packed, packing)?;
        let mut bytes = vec![0; content.metadata()?.len() as usize];
        platform::read_at(&content, &mut bytes, 0)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_compressed_is_unpacked_whole_or_not_at_all() {
        let text = b"a line\n".repeat(1000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstandard = ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest);
        for (packed, packing) in [(gzip, Packing::Gzip), (zstandard, Packing::Zstandard)] {
            assert_eq!(content(&packed, packing).unwrap(), text);
            let joined = [packed.clone(), packed.clone()].concat();
            assert_eq!(content(&joined, packing).unwrap().len(), 14_000, "{packing:?}");
            assert!(content(&packed[..packed.len() - 3], packing).is_err(), "{packing:?}");
            assert!(content(b"no archive", packing).is_err(), "{packing:?}");
        }
    }
}
