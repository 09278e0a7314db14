//! The follower's thread: its state, and the loop of waiting, obeying and looking.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, after, select};

use super::folder::Folder;
use super::life::Life;
use super::watch::{Hints, Watch};
use super::{FollowOptions, FollowOrder, Operator, Target, Texts};
use crate::clock::Moment;
use crate::event::{EntryKind, Event, FileId, FolderEntry, FollowEvent, IncarnationId, NotFollowed, Origin, What};

/// The slow check, when nothing is heard.
const IDLE: Duration = Duration::from_secs(1);
/// Hints that come within this time are looked at together.
const BURST: Duration = Duration::from_millis(1);
/// The check where nothing will be heard, as long as something moves.
const UNHEARD: Duration = Duration::from_millis(50);
/// How long something counts as moving.
const LIVELY: Duration = Duration::from_secs(3);
/// `CatchUp` gives up on a calm moment after this: what stood there when it was asked has long been read.
const CALM: Duration = Duration::from_secs(2);

/// The thread is to end: it was told to, or nobody takes its events any more.
#[derive(Debug)]
pub(super) struct Ended;

/// The way out for events.
pub(super) struct Outlet {
    events: Sender<Event>,
    stopped: Receiver<()>,
    /// How many events went out: whoever compares sees whether anything happened.
    pub(super) sent: u64,
}

impl Outlet {
    pub(super) fn new(events: Sender<Event>, stopped: Receiver<()>) -> Outlet {
        Outlet { events, stopped, sent: 0 }
    }

    /// Waits for room. The order to stop ends the waiting.
    pub(super) fn say(&mut self, what: What) -> Result<(), Ended> {
        self.sent += 1;
        let event = Event { at: Moment::now(), what };
        select! {
            send(self.events, event) -> sent => sent.map_err(|_| Ended),
            recv(self.stopped) -> _ => Err(Ended),
        }
    }
}

/// A path that is followed, whatever stands there.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Asked for by name; others stand for entries of a folder and go with them.
    pub(super) asked_for: bool,
    /// The incarnation that the path leads to.
    pub(super) current: Option<IncarnationId>,
    /// The one it led to last.
    pub(super) previous: Option<IncarnationId>,
    /// Why it can't be looked at or opened, as was said.
    pub(super) trouble: Option<String>,
    /// What stands there instead of a file, as was said.
    pub(super) not_a_file: Option<EntryKind>,
    /// Why it is not followed although it could be.
    pub(super) skipped: Option<(FileId, NotFollowed)>,
}

/// All that the thread knows.
pub(super) struct State {
    pub(super) options: FollowOptions,
    pub(super) outlet: Outlet,
    pub(super) texts: Texts,
    pub(super) operator: Box<dyn Operator>,
    pub(super) watch: Watch,
    pub(super) lives: BTreeMap<IncarnationId, Life>,
    /// The last life of each file that is held.
    pub(super) by_file: HashMap<FileId, IncarnationId>,
    pub(super) slots: BTreeMap<PathBuf, Slot>,
    pub(super) folders: Vec<Folder>,
    /// How the next file of a path is to be announced, where it is known how it will come.
    pub(super) origins: HashMap<PathBuf, Origin>,
    pub(super) last_id: u32,
    /// Whether the first look is over.
    pub(super) started: bool,
    /// Hints of the last look: they may explain what this one sees.
    pub(super) earlier: Hints,
    pub(super) listed: Vec<FolderEntry>,
    pub(super) sizes_listed: Instant,
    pub(super) unwatchable: BTreeSet<PathBuf>,
    pub(super) moved_at: Instant,
    pub(super) overflow_told: Option<Instant>,
    pub(super) block: Vec<u8>,
}

/// When to take the next turn at the latest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    Now,
    In(Duration),
}

impl State {
    pub(super) fn new(
        options: FollowOptions,
        outlet: Outlet,
        texts: Texts,
        operator: Box<dyn Operator>,
    ) -> io::Result<State> {
        let mut slots = BTreeMap::new();
        let mut folders = Vec::new();
        for target in &options.targets {
            match target {
                Target::Path(path) => {
                    slots.insert(std::path::absolute(path)?, Slot { asked_for: true, ..Slot::default() });
                }
                Target::Folder(path) => folders.push(Folder::new(std::path::absolute(path)?)),
            }
        }
        let now = Instant::now();
        Ok(State {
            options,
            outlet,
            texts,
            operator,
            watch: Watch::silent(),
            lives: BTreeMap::new(),
            by_file: HashMap::new(),
            slots,
            folders,
            origins: HashMap::new(),
            last_id: 0,
            started: false,
            earlier: Hints::default(),
            listed: Vec::new(),
            sizes_listed: now,
            unwatchable: BTreeSet::new(),
            moved_at: now,
            overflow_told: None,
            block: vec![0; super::read::BLOCK_BYTES],
        })
    }

    /// The thread's whole life.
    pub(super) fn run(mut self, orders: &Receiver<FollowOrder>) {
        let _: Result<(), Ended> = self.follow(orders);
    }

    fn follow(&mut self, orders: &Receiver<FollowOrder>) -> Result<(), Ended> {
        let (watch, trouble) = Watch::new();
        self.watch = watch;
        if let Some(reason) = trouble {
            self.outlet.say(What::Notice {
                text: format!("The system gives no notifications ({reason}): files are looked at once a second."),
            })?;
        }
        loop {
            let turn = Instant::now();
            let next = self.turn()?;
            self.wait(orders, turn, next)?;
        }
    }

    /// One look at everything, and reading on. The same for start, hint, overflow and periodic check.
    pub(super) fn turn(&mut self) -> Result<Next, Ended> {
        let before = self.outlet.sent;
        let hints = self.watch.take();
        self.look(hints)?;
        let next = self.read_on()?;
        self.list()?;
        if self.outlet.sent != before {
            self.moved_at = Instant::now();
        }
        Ok(next)
    }

    fn wait(&mut self, orders: &Receiver<FollowOrder>, turn: Instant, next: Next) -> Result<(), Ended> {
        let stopped = self.outlet.stopped.clone();
        if let Next::In(most) = next {
            let awake = self.watch.awake().clone();
            let hinted = select! {
                recv(stopped) -> _ => return Err(Ended),
                recv(orders) -> order => return self.obey(order.map_err(|_| Ended)?),
                recv(awake) -> _ => true,
                recv(after(most)) -> _ => false,
            };
            // The first hint after a pause is looked at once; those of a burst together, once a millisecond.
            let calm = BURST.saturating_sub(turn.elapsed());
            if hinted && !calm.is_zero() {
                select! {
                    recv(stopped) -> _ => return Err(Ended),
                    recv(orders) -> order => return self.obey(order.map_err(|_| Ended)?),
                    recv(after(calm)) -> _ => {}
                }
            }
        }
        for order in orders.try_iter() {
            self.obey(order)?;
        }
        match stopped.try_recv() {
            Err(TryRecvError::Empty) => Ok(()),
            _ => Err(Ended),
        }
    }

    /// How long nothing needs to be done unless a hint comes.
    pub(super) fn quiet_time(&self) -> Duration {
        let unheard = !self.watch.is_complete();
        if unheard && self.moved_at.elapsed() < LIVELY { UNHEARD } else { IDLE }
    }

    /// Looks and reads until a whole turn brings nothing new.
    pub(super) fn catch_up(&mut self, request: u64) -> Result<(), Ended> {
        let begun = Instant::now();
        loop {
            let before = self.outlet.sent;
            let hints = self.watch.take_all();
            self.look(hints)?;
            let next = self.read_on()?;
            self.list()?;
            let calm = self.outlet.sent == before && next != Next::Now;
            if calm || (next != Next::Now && begun.elapsed() > CALM) {
                break;
            }
        }
        self.say(FollowEvent::CaughtUp { request })
    }

    pub(super) fn say(&mut self, event: FollowEvent) -> Result<(), Ended> {
        self.outlet.say(What::Follow(event))
    }
}
