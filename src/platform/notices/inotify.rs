//! Linux: inotify, read by the very thread that waits for it. No second thread stands between a write and whoever reads
//! on because of it.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::epoll::{self, EventData, EventFlags};
use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use rustix::io::Errno;

use super::{Ear, Hearer, Notice};

const BUFFER_BYTES: usize = 16 << 10;
/// Watch, mask, cookie, and the length of the name that follows.
const HEAD_BYTES: usize = 16;
/// Where no event of this size fits any more, another may wait in the queue.
const LARGEST_BYTES: usize = HEAD_BYTES + 256;
/// A move is two entries, which the system queues one after the other: whoever is quick finds the first alone. The second
/// is waited for so often, so long each time; there is none if something has left the watched folders.
const HALF_TRIES: u32 = 10;
const HALF_PAUSE: Duration = Duration::from_micros(100);

/// Opening and reading are what Rotascope itself does: nothing is told of them.
const WANTED: WatchFlags = WatchFlags::MODIFY
    .union(WatchFlags::ATTRIB)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::CREATE)
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF);

const NOTICES: u64 = 0;
const BELL: u64 = 1;

/// Ends the waiting for notifications, from any thread.
#[derive(Clone, Debug)]
pub struct Bell(Arc<OwnedFd>);

impl Bell {
    /// A bell that was not rung.
    ///
    /// # Errors
    /// When there is no descriptor left.
    pub fn new() -> io::Result<Bell> {
        Ok(Bell(Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?)))
    }

    /// Ends the waiting, or the next one.
    pub fn ring(&self) {
        // Full means that it rings.
        let _ = rustix::io::write(&self.0, &1_u64.to_ne_bytes());
    }

    /// Waits for the bell alone. False if the time was up.
    pub fn wait(&self, most: Duration) -> bool {
        let rung = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&timespec(most))).is_ok_and(|ready| ready > 0);
        if rung {
            self.hush();
        }
        rung
    }

    fn hush(&self) {
        let _ = rustix::io::read(&self.0, &mut [0; 8]);
    }
}

/// The watches, and the way by which their notifications come.
pub struct Notices {
    queue: Arc<Queue>,
    ready: OwnedFd,
    bell: Bell,
    quit: Bell,
    deputy: Option<JoinHandle<()>>,
}

impl Notices {
    /// Nothing is watched yet. What the deputy hears rings the bell.
    ///
    /// # Errors
    /// The system's: there are too many such queues, or no descriptor is left.
    pub fn new(bell: Bell, hearer: Hearer) -> io::Result<Notices> {
        let queue = Arc::new(Queue {
            inotify: inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?,
            reading: Mutex::new(Reading { watches: Watches::default(), buffer: vec![0; BUFFER_BYTES] }),
            hearer,
        });
        let quit = Bell::new()?;
        // In this order: a notification wakes the first of the two that is waiting.
        let ready = waiting_for(&queue.inotify, &bell)?;
        let ready_aside = waiting_for(&queue.inotify, &quit)?;
        let deputy = {
            let (queue, bell) = (Arc::clone(&queue), bell.clone());
            std::thread::Builder::new()
                .name("deputy ear".to_owned())
                .spawn(move || queue.deputise(&ready_aside, &bell))?
        };
        Ok(Notices { queue, ready, bell, quit, deputy: Some(deputy) })
    }

    /// Watches a folder, or a file.
    ///
    /// # Errors
    /// The system's: it is not there, or there are too many watches.
    pub fn watch(&mut self, path: &Path) -> io::Result<()> {
        let mut reading = self.queue.reading();
        let number = inotify::add_watch(&self.queue.inotify, path, WANTED)?;
        reading.watches.add(number, path);
        Ok(())
    }

    /// Ends a watch. Without one nothing happens.
    pub fn unwatch(&mut self, path: &Path) {
        let mut reading = self.queue.reading();
        if let Some(number) = reading.watches.remove(path) {
            // It may have ended with the folder.
            let _ = inotify::remove_watch(&self.queue.inotify, number);
        }
    }

    /// Waits until there is something to hear, or the bell rings, or the time is up: then it is false.
    pub fn wait(&self, most: Duration) -> bool {
        match wait_for(&self.ready, Some(most)) {
            Ready::Nothing => false,
            Ready::Notices => true,
            Ready::Bell => {
                self.bell.hush();
                true
            }
        }
    }

    /// Hears all that has happened up to now: the system tells it before what caused it returns.
    pub fn hear(&self) {
        self.queue.hear(Ear::Own);
    }
}

impl Drop for Notices {
    fn drop(&mut self) {
        self.quit.ring();
        if let Some(deputy) = self.deputy.take() {
            let _ = deputy.join();
        }
    }
}

struct Queue {
    inotify: OwnedFd,
    reading: Mutex<Reading>,
    hearer: Hearer,
}

struct Reading {
    watches: Watches,
    buffer: Vec<u8>,
}

impl Queue {
    fn reading(&self) -> std::sync::MutexGuard<'_, Reading> {
        self.reading.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// True if there was anything.
    fn hear(&self, ear: Ear) -> bool {
        // Kept until all is told: whoever comes next finds nothing on its way.
        let mut reading = self.reading();
        let Reading { watches, buffer } = &mut *reading;
        let mut any = false;
        let mut patience = HALF_TRIES;
        loop {
            let got = match rustix::io::read(&self.inotify, &mut *buffer) {
                Ok(got) => got,
                Err(Errno::INTR) => continue,
                Err(Errno::AGAIN) if watches.ends_with_half && patience > 0 => {
                    patience -= 1;
                    std::thread::sleep(HALF_PAUSE);
                    continue;
                }
                Err(Errno::AGAIN) => {
                    watches.ends_with_half = false;
                    return any;
                }
                Err(error) => {
                    (self.hearer)(Notice::Failed(io::Error::from(error).to_string()), ear);
                    return true;
                }
            };
            any = true;
            for event in events(&buffer[..got]) {
                watches.tell(&event, &mut |notice| (self.hearer)(notice, ear));
            }
            if got + LARGEST_BYTES <= buffer.len() && !watches.ends_with_half {
                return any;
            }
        }
    }

    fn deputise(&self, ready: &OwnedFd, bell: &Bell) {
        loop {
            match wait_for(ready, None) {
                Ready::Bell => return,
                Ready::Notices if self.hear(Ear::Deputy) => bell.ring(),
                Ready::Notices | Ready::Nothing => {}
            }
        }
    }
}

enum Ready {
    Nothing,
    Notices,
    Bell,
}

/// Of several that wait for the notifications, one is woken.
fn waiting_for(inotify: &OwnedFd, bell: &Bell) -> io::Result<OwnedFd> {
    let ready = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&ready, inotify, EventData::new_u64(NOTICES), EventFlags::IN | EventFlags::EXCLUSIVE)?;
    epoll::add(&ready, &bell.0, EventData::new_u64(BELL), EventFlags::IN)?;
    Ok(ready)
}

/// Interrupted counts as notices: whoever looks finds none.
fn wait_for(ready: &OwnedFd, most: Option<Duration>) -> Ready {
    let mut events = [const { MaybeUninit::uninit() }; 2];
    match epoll::wait(ready.as_fd(), &mut events, most.map(timespec).as_ref()) {
        Ok((events, _)) if events.iter().any(|event| event.data.u64() == BELL) => Ready::Bell,
        Ok(([], _)) => Ready::Nothing,
        _ => Ready::Notices,
    }
}

fn timespec(time: Duration) -> Timespec {
    Timespec { tv_sec: time.as_secs() as _, tv_nsec: time.subsec_nanos().into() }
}

/// One entry of the queue.
struct Event<'b> {
    watch: i32,
    flags: ReadFlags,
    cookie: u32,
    /// Empty if it is about what is watched itself.
    name: &'b OsStr,
}

/// The entries in a block that was read: it holds whole ones alone.
fn events(mut block: &[u8]) -> impl Iterator<Item = Event<'_>> {
    std::iter::from_fn(move || {
        let (head, rest) = block.split_at_checked(HEAD_BYTES)?;
        let number = |at: usize| u32::from_ne_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
        let (name, next) = rest.split_at_checked(number(12) as usize)?;
        block = next;
        let length = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        Some(Event {
            watch: number(0).cast_signed(),
            flags: ReadFlags::from_bits_retain(number(4)),
            cookie: number(8),
            name: OsStr::from_bytes(&name[..length]),
        })
    })
}

/// Which watch is whose.
#[derive(Default)]
struct Watches {
    numbers: HashMap<PathBuf, i32>,
    /// Two paths may lead to one folder: who follows by one of them knows nothing of the other.
    paths: HashMap<i32, Vec<PathBuf>>,
    /// Where something was last moved from.
    half: Option<Half>,
    /// That was the last that was told.
    ends_with_half: bool,
}

impl Watches {
    fn add(&mut self, number: i32, path: &Path) {
        self.remove(path);
        self.numbers.insert(path.to_owned(), number);
        self.paths.entry(number).or_default().push(path.to_owned());
    }

    /// The watch that nobody needs any more.
    fn remove(&mut self, path: &Path) -> Option<i32> {
        let number = self.numbers.remove(path)?;
        let paths = self.paths.get_mut(&number)?;
        paths.retain(|other| other != path);
        if paths.is_empty() {
            self.paths.remove(&number);
            return Some(number);
        }
        None
    }

    fn forget(&mut self, number: i32) {
        for path in self.paths.remove(&number).unwrap_or_default() {
            self.numbers.remove(&path);
        }
    }

    /// Tells an event by each of the names that it has.
    fn tell(&mut self, event: &Event<'_>, tell: &mut dyn FnMut(Notice)) {
        let is = |flags: ReadFlags| event.flags.intersects(flags);
        self.ends_with_half = is(ReadFlags::MOVED_FROM);
        if is(ReadFlags::QUEUE_OVERFLOW) {
            return tell(Notice::Overflow);
        }
        if is(ReadFlags::IGNORED) {
            return self.forget(event.watch);
        }
        if is(ReadFlags::MOVED_TO)
            && let Some(half) = self.half.take().filter(|half| half.cookie == event.cookie && !half.paths.is_empty())
        {
            return self.tell_move(&half, event, tell);
        }
        let notice = if is(ReadFlags::CREATE) {
            Notice::Created
        } else if is(ReadFlags::MOVED_TO) {
            Notice::MovedIn
        } else if is(ReadFlags::MOVED_FROM.union(GONE)) {
            Notice::Removed
        } else if is(ReadFlags::MODIFY) {
            Notice::Written
        } else {
            Notice::Touched
        };
        let paths = self.paths_of(event);
        paths.iter().for_each(|path| tell(notice(path.clone())));
        if is(ReadFlags::MOVED_FROM) {
            self.half = Some(Half { cookie: event.cookie, watch: event.watch, paths });
        }
    }

    /// Within one folder by each spelling of that. Between two folders either name may be the one that is followed.
    fn tell_move(&self, half: &Half, event: &Event<'_>, tell: &mut dyn FnMut(Notice)) {
        for from in &half.paths {
            let within = || vec![from.with_file_name(event.name)];
            let to = if half.watch == event.watch { within() } else { self.paths_of(event) };
            to.into_iter().for_each(|to| tell(Notice::Moved(from.clone(), to)));
        }
    }

    /// What an event is about, by each name of what is watched.
    fn paths_of(&self, event: &Event<'_>) -> Vec<PathBuf> {
        let name = |watched: &PathBuf| if event.name.is_empty() { watched.clone() } else { watched.join(event.name) };
        self.paths.get(&event.watch).into_iter().flatten().map(name).collect()
    }
}

/// Something has left these names of a watched folder, and nobody knows yet where it has gone.
struct Half {
    cookie: u32,
    watch: i32,
    paths: Vec<PathBuf>,
}

const GONE: ReadFlags =
    ReadFlags::DELETE.union(ReadFlags::DELETE_SELF).union(ReadFlags::MOVE_SELF).union(ReadFlags::UNMOUNT);

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::fs;

    use super::*;

    type Told = Arc<Mutex<Vec<(Notice, Ear)>>>;

    fn listening() -> (tempfile::TempDir, Notices, Bell, Told) {
        let told = Told::default();
        let hearer = Arc::clone(&told);
        let bell = Bell::new().unwrap();
        let hear: Hearer = Arc::new(move |notice, ear| hearer.lock().unwrap().push((notice, ear)));
        let mut notices = Notices::new(bell.clone(), hear).unwrap();
        let dir = tempfile::tempdir().unwrap();
        notices.watch(dir.path()).unwrap();
        (dir, notices, bell, told)
    }

    #[test]
    fn what_has_happened_is_heard_at_once_and_in_order() {
        let (dir, notices, _, told) = listening();
        let [a, b] = ["a", "b"].map(|name| dir.path().join(name));
        fs::write(&a, "x").unwrap();
        fs::rename(&a, &b).unwrap();
        fs::remove_file(&b).unwrap();
        // The deputy may hold the first of them: it tells them before anybody else hears anything.
        notices.hear();
        let heard: Vec<Notice> = told.lock().unwrap().iter().map(|(notice, _)| notice.clone()).collect();
        let wanted = [
            Notice::Created(a.clone()),
            Notice::Written(a.clone()),
            Notice::Touched(a.clone()),
            Notice::Removed(a.clone()),
            Notice::Moved(a, b.clone()),
            Notice::Removed(b),
        ];
        assert_eq!(heard, wanted);
    }

    #[test]
    fn the_deputy_hears_what_nobody_waits_for_and_rings() {
        let (dir, notices, bell, told) = listening();
        fs::write(dir.path().join("a"), "x").unwrap();
        assert!(bell.wait(Duration::from_secs(20)));
        assert!(told.lock().unwrap().iter().all(|(_, ear)| *ear == Ear::Deputy));
        bell.ring();
        assert!(notices.wait(Duration::from_secs(20)), "the bell ends the waiting");
    }

    #[test]
    fn two_names_of_a_folder_share_its_watch() {
        let mut watches = Watches::default();
        let [one, other] = ["/one", "/other"].map(Path::new);
        watches.add(7, one);
        watches.add(7, other);
        assert_eq!((watches.remove(other), watches.remove(other)), (None, None));
        assert_eq!(watches.remove(one), Some(7));
    }

    #[test]
    fn what_has_two_names_is_told_by_both() {
        let (dir, mut notices, _, told) = listening();
        let [real, alias] = [dir.path().join("real"), dir.path().join("alias")];
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink("real", &alias).unwrap();
        for folder in [&real, &alias] {
            notices.watch(folder).unwrap();
        }
        fs::File::create(dir.path().join("a")).unwrap();
        notices.hear();
        told.lock().unwrap().clear();
        fs::rename(dir.path().join("a"), real.join("b")).unwrap();
        fs::rename(real.join("b"), alias.join("c")).unwrap();
        notices.hear();
        let heard: Vec<Notice> = told.lock().unwrap().iter().map(|(notice, _)| notice.clone()).collect();
        let a = dir.path().join("a");
        let [[b, c], [alias_b, alias_c]] = [real, alias].map(|folder| ["b", "c"].map(|name| folder.join(name)));
        let wanted = [
            Notice::Removed(a.clone()),
            Notice::Moved(a.clone(), b.clone()),
            Notice::Moved(a, alias_b.clone()),
            Notice::Removed(b.clone()),
            Notice::Removed(alias_b.clone()),
            Notice::Moved(b, c),
            Notice::Moved(alias_b, alias_c),
        ];
        assert_eq!(heard, wanted);
    }
}
