//! Which descriptors are kept, and which are closed. An old file is kept until another one has its place, its end has
//! held, and no process writes to it any more; and never more files are open than the system's bound allows.

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use super::arrive::open_regular;
use super::life::Life;
use super::parked::Why;
use super::state::{Ended, State};
use crate::event::{FileId, IncarnationId, What};
use crate::platform::{self, Written};

/// The end of an old file has to hold for so long.
const QUIET: Duration = Duration::from_secs(5);
/// The same where a process may write to it that can't be looked at.
const QUIET_UNSEEN: Duration = Duration::from_secs(300);
/// Of the files without a name to which such a process may write, so many are kept beyond that, and so much of the disk.
const MOST_UNSEEN: usize = 8;
const MOST_UNSEEN_BYTES: u64 = 1 << 30;
/// The rest between two looks at who writes: each reads all of /proc.
const REST: Duration = Duration::from_secs(10);
/// Descriptors for all that is not a followed file.
const RESERVED: u64 = 24;
/// More descriptors than this are of no use.
const MOST: u64 = 512;

/// Of so many lives that were cut the text can be shown from copies of them: each costs a descriptor, and the disk space
/// of a copy that is deleted.
const MOST_SHOWN: usize = 16;

type Answers = HashMap<FileId, Written>;

/// What decides over descriptors.
#[derive(Debug)]
pub(super) struct Keeping {
    /// So many files are held open at most.
    most: usize,
    /// The answer to the question who writes, when it comes.
    asked: Option<Receiver<Answers>>,
    /// When it may be asked again.
    next: Instant,
    /// A file has something to read and waits until another one has been read and closed.
    pub(super) waiting: bool,
    /// The lives whose text is shown from copies, the oldest first.
    shown: VecDeque<IncarnationId>,
}

impl Keeping {
    pub(super) fn new() -> Keeping {
        let most = most_open(platform::descriptor_limit());
        Keeping { most, asked: None, next: Instant::now(), waiting: false, shown: VecDeque::new() }
    }
}

fn most_open(limit: Option<u64>) -> usize {
    let limit = limit.unwrap_or(u64::MAX);
    (limit / 2).min(limit.saturating_sub(RESERVED)).clamp(4, MOST) as usize
}

impl State {
    /// Closes what need not be open. In a lab everything stays open that can: its view shows unlinked files too.
    pub(super) fn let_go(&mut self) -> Result<(), Ended> {
        if self.options.stamps {
            return Ok(());
        }
        self.make_room_for(0)?;
        match self.keeping.asked.as_ref().map(Receiver::try_recv) {
            None => self.ask_who_writes(),
            Some(Ok(answers)) => {
                self.keeping.asked = None;
                self.keeping.next = Instant::now() + REST;
                self.let_go_of_old(&answers)?;
            }
            Some(Err(TryRecvError::Disconnected)) => self.keeping.asked = None,
            Some(Err(TryRecvError::Empty)) => {}
        }
        Ok(())
    }

    /// Makes sure that one more file can be opened.
    pub(super) fn make_room(&mut self) -> Result<(), Ended> {
        self.make_room_for(1).map(drop)
    }

    /// Opens a regular file, if need be in the place of another one; `None` if there is none any more.
    pub(super) fn open_in_turn(&mut self, path: &Path) -> Result<io::Result<Option<(File, Metadata)>>, Ended> {
        self.make_room()?;
        let opened = open_regular(path);
        let full = opened.as_ref().is_err_and(platform::is_out_of_descriptors) && !self.options.stamps;
        if full && self.close_quietest()? { Ok(open_regular(path)) } else { Ok(opened) }
    }

    /// Whether a closed file has to wait: all descriptors are in use, and some of them will be free when they are read.
    pub(super) fn must_wait(&self) -> bool {
        let will_be_free =
            |life: &Life| life.path.is_some() && !life.is_drained() && !life.unreadable && !life.is_made_up();
        self.lives.len() >= self.keeping.most && self.lives.values().any(will_be_free)
    }

    /// Makes sure that as many of `more` files can be opened as is possible, and says how many that is: fewer if all
    /// that are open have to stay so.
    pub(super) fn make_room_for(&mut self, more: usize) -> Result<usize, Ended> {
        let most = if self.options.stamps { usize::MAX } else { self.keeping.most };
        while self.lives.len().saturating_add(more) > most && self.close_quietest()? {}
        Ok(most.saturating_sub(self.lives.len()).min(more))
    }

    /// Closes the file that was quiet longest, or those without a name that nobody can write to. More may come between
    /// two looks than can be open at once: what nothing is to be read before is read to its end for that.
    fn close_quietest(&mut self) -> Result<bool, Ended> {
        let mut named: Vec<(Instant, IncarnationId)> =
            self.lives.values().filter(|life| life.path.is_some()).map(|life| (life.grew, life.id)).collect();
        named.sort_unstable();
        for (_, id) in named {
            if self.is_due(id) {
                self.read_through(id)?;
            }
            if self.park(id, Why::Room) {
                return Ok(true);
            }
        }
        self.release_unwritten()
    }

    /// Releases the files without a name that were read to their end and that no process holds open to write to: nothing
    /// will ever come to them; and those of which that can't be known, but for a few. True if there was any.
    fn release_unwritten(&mut self) -> Result<bool, Ended> {
        let nameless: Vec<IncarnationId> =
            self.lives.values().filter(|life| life.path.is_none()).map(|life| life.id).collect();
        for id in nameless {
            self.read_through(id)?;
        }
        let is_read = |life: &&Life| life.path.is_none() && life.is_drained() && life.lines.pending() == 0;
        let read: Vec<&Life> = self.lives.values().filter(is_read).collect();
        if read.is_empty() {
            return Ok(false);
        }
        let answers = platform::written_to(&read.iter().map(|life| life.file_id).collect::<Vec<FileId>>());
        let unwritten = read.into_iter().filter(|life| written(life, &answers) == Some(Written::No));
        let unwritten: Vec<IncarnationId> = unwritten.map(|life| life.id).collect();
        for id in &unwritten {
            self.release(*id)?;
        }
        Ok(self.release_unseen(&answers, QUIET)? || !unwritten.is_empty())
    }

    /// The text of a life can be shown from a copy of it, until as many others have come. Who takes the bytes has them.
    pub(super) fn show_from(&mut self, id: IncarnationId, copy: Arc<File>) {
        if self.outlet.takes_bytes() {
            return self.texts.remove(id);
        }
        self.keeping.shown.retain(|shown| *shown != id);
        self.keeping.shown.push_back(id);
        self.texts.insert(id, copy);
        while self.keeping.shown.len() > MOST_SHOWN {
            self.keeping.shown.pop_front().into_iter().for_each(|id| self.texts.remove(id));
        }
    }

    /// Whether another file has its place, or nobody can find it, and its end has held.
    fn is_old(&self, life: &Life) -> bool {
        let current = life.path.as_ref().and_then(|path| self.slots.get(path)?.current);
        let left = current != Some(life.id) && (life.succeeded || life.path.is_none());
        let is_kept = life.is_given_up && life.path.is_some();
        left && !is_kept && life.is_drained() && life.grew.elapsed() >= QUIET
    }

    /// In a thread of its own: there may be many processes.
    fn ask_who_writes(&mut self) {
        if Instant::now() < self.keeping.next {
            return;
        }
        let old: Vec<FileId> = self.lives.values().filter(|life| self.is_old(life)).map(|life| life.file_id).collect();
        if old.is_empty() {
            return;
        }
        let (answer, asked) = bounded(1);
        let look = move || drop(answer.send(platform::written_to(&old)));
        // Without a thread everything stays open.
        let started = std::thread::Builder::new().name("writers".to_owned()).spawn(look).is_ok();
        self.keeping.asked = started.then_some(asked);
        self.keeping.next = Instant::now() + REST;
    }

    fn let_go_of_old(&mut self, answers: &Answers) -> Result<(), Ended> {
        let old: Vec<(IncarnationId, Written)> = self
            .lives
            .values()
            .filter(|life| self.is_old(life))
            .filter_map(|life| Some((life.id, written(life, answers)?)))
            .collect();
        for (id, written) in old {
            let Some(life) = self.lives.get(&id) else { continue };
            let named = life.path.is_some();
            let done = match written {
                Written::Yes => false,
                Written::No => true,
                // Of a file with a name it is seen all the same when something comes. Of others some are kept.
                Written::Unknown => named && life.grew.elapsed() >= QUIET_UNSEEN,
            };
            if done && named {
                self.park(id, Why::Old);
            } else if done {
                self.release(id)?;
            }
        }
        self.release_unseen(answers, QUIET_UNSEEN).map(drop)
    }

    /// Releases the quietest of the files without a name of which it can't be known whether somebody writes to them: all
    /// together would fill the disk and take every descriptor. True if there was any.
    fn release_unseen(&mut self, answers: &Answers, quiet: Duration) -> Result<bool, Ended> {
        let is_unseen =
            |life: &&Life| life.path.is_none() && self.is_old(life) && written(life, answers) == Some(Written::Unknown);
        let unseen = self.lives.values().filter(is_unseen);
        let unseen = unseen.map(|life| Unseen { id: life.id, grew: life.grew, bytes: life.size }).collect();
        let released = too_many(unseen, MOST_UNSEEN.min(self.keeping.most / 2), quiet);
        for id in &released {
            let Some(life) = self.lives.get(id) else { continue };
            let text = format!(
                "#{} ({}) has no name any more and was quiet for {} s; whether a process writes to it can't be known. It is \
                 closed: what still comes to it will be neither read nor told.",
                id.0,
                life.last_path.display(),
                life.grew.elapsed().as_secs(),
            );
            self.outlet.say(What::Notice { text })?;
            self.release(*id)?;
        }
        Ok(!released.is_empty())
    }
}

/// A file without a name to which somebody may write.
struct Unseen {
    id: IncarnationId,
    grew: Instant,
    bytes: u64,
}

/// Those that are not kept: they were quiet for so long, and others that grew later are as many as are kept.
fn too_many(mut unseen: Vec<Unseen>, most: usize, quiet: Duration) -> Vec<IncarnationId> {
    unseen.sort_unstable_by_key(|one| Reverse((one.grew, one.id)));
    let (mut kept, mut pinned) = (0, 0_u64);
    let mut too_many = Vec::new();
    for one in unseen {
        let fits = kept < most && pinned.saturating_add(one.bytes) <= MOST_UNSEEN_BYTES;
        if fits || one.grew.elapsed() < quiet {
            kept += 1;
            pinned = pinned.saturating_add(one.bytes);
        } else {
            too_many.push(one.id);
        }
    }
    too_many
}

/// Whether somebody writes to a file. What was unpacked is our own.
fn written(life: &Life, answers: &Answers) -> Option<Written> {
    if life.unpacked {
        return Some(Written::No);
    }
    match answers.get(&life.file_id).copied()? {
        Written::No if platform::is_on_network(&life.file) => Some(Written::Unknown),
        written => Some(written),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;

    use super::super::state::Outlet;
    use super::super::take::ReadsOnly;
    use super::super::{FollowOptions, Target, Texts};
    use super::*;
    use crate::event::{Event, FollowEvent};

    #[test]
    fn descriptors_are_left_for_the_rest() {
        let most: Vec<usize> = [None, Some(1024), Some(256), Some(40), Some(10)].map(most_open).to_vec();
        assert_eq!(most, [512, 512, 128, 16, 4]);
    }

    /// Follows a path, to which files came that were read and deleted long ago.
    fn with_deleted(count: usize) -> (State, Receiver<Event>) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("P");
        let (events, told) = crossbeam_channel::unbounded();
        let options = FollowOptions { targets: vec![Target::Path(path.clone())], stamps: false };
        let outlet = Outlet::new(events, crossbeam_channel::never());
        let mut state = State::new(options, outlet, Texts::default(), Box::new(ReadsOnly)).unwrap();
        state.turn().unwrap();
        for number in 0..count {
            fs::write(&path, format!("line {number}\n")).unwrap();
            state.turn().unwrap();
            fs::remove_file(&path).unwrap();
            state.turn().unwrap();
        }
        let long_ago = Instant::now().checked_sub(2 * QUIET_UNSEEN).unwrap();
        for (number, life) in (0..).zip(state.lives.values_mut()) {
            life.grew = long_ago + Duration::from_secs(number);
        }
        assert_eq!(state.lives.len(), count);
        (state, told)
    }

    fn nobody_knows(state: &State) -> Answers {
        state.lives.values().map(|life| (life.file_id, Written::Unknown)).collect()
    }

    #[test]
    fn nameless_files_of_which_nothing_is_known_are_not_kept_for_ever() {
        let (mut state, told) = with_deleted(MOST_UNSEEN + 3);
        let answers = nobody_knows(&state);
        told.try_iter().for_each(drop);
        state.let_go_of_old(&answers).unwrap();
        let kept: Vec<u32> = state.lives.keys().map(|id| id.0).collect();
        assert_eq!(kept, (4..=MOST_UNSEEN as u32 + 3).collect::<Vec<u32>>(), "the quietest go");
        let told: Vec<What> = told.try_iter().map(|event| event.what).collect();
        let sentences = told.iter().filter(|what| matches!(what, What::Notice { text } if text.contains("is closed")));
        let released = told.iter().filter(|what| matches!(what, What::Follow(FollowEvent::Released { .. })));
        assert_eq!((sentences.count(), released.count()), (3, 3), "{told:?}");
    }

    #[test]
    fn what_was_quiet_for_a_short_time_is_kept_and_so_are_few() {
        let (mut state, _told) = with_deleted(MOST_UNSEEN + 3);
        let answers = nobody_knows(&state);
        let lately = Instant::now().checked_sub(QUIET_UNSEEN / 2).unwrap();
        state.lives.values_mut().for_each(|life| life.grew = lately);
        state.let_go_of_old(&answers).unwrap();
        assert_eq!(state.lives.len(), MOST_UNSEEN + 3);
        assert!(state.release_unseen(&answers, QUIET).unwrap(), "room is needed");
        assert_eq!(state.lives.len(), MOST_UNSEEN);
    }

    #[test]
    fn the_disk_is_not_eaten() {
        let grew = Instant::now().checked_sub(2 * QUIET_UNSEEN).unwrap();
        let of = |id: u32, bytes: u64| Unseen { id: IncarnationId(id), grew, bytes };
        let unseen = vec![of(1, 10), of(2, MOST_UNSEEN_BYTES), of(3, 10)];
        assert_eq!(too_many(unseen, MOST_UNSEEN, QUIET_UNSEEN), [IncarnationId(2)]);
    }
}
