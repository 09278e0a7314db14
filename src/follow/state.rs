//! All that the follower's thread knows, and its way out for events. Every other file here works on it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::io;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime};

use crossbeam_channel::{Receiver, Sender, select};

use super::archives::Place;
use super::folder::Folder;
use super::hints::Hints;
use super::keep::Keeping;
use super::life::{Life, Look};
use super::links::Links;
use super::missed::Comings;
use super::older::Older;
use super::parked::{Gone, Parked};
use super::sequences::Sequences;
use super::wall::Wall;
use super::watch::Watch;
use super::{Begin, FollowOptions, Operator, Taker, Target, Texts};
use crate::clock::Moment;
use crate::event::{EntryKind, Event, FileId, FolderEntry, FollowEvent, IncarnationId, NotFollowed, Origin, What};
use crate::platform::Bell;

/// One positioned read.
pub(super) const BLOCK_BYTES: usize = 256 << 10;

/// The thread is to end: it was told to, or nobody takes its events any more.
#[derive(Debug)]
pub(super) struct Ended;

/// Where events go.
enum Way {
    Channel(Sender<Event>),
    Taker(Box<dyn Taker>),
}

/// The way out for events, and for bytes if somebody takes them.
pub(super) struct Outlet {
    way: Way,
    pub(super) stopped: Receiver<()>,
    /// How many events went out: whoever compares sees whether anything happened.
    pub(super) sent: u64,
}

impl Outlet {
    pub(super) fn new(events: Sender<Event>, stopped: Receiver<()>) -> Outlet {
        Outlet { way: Way::Channel(events), stopped, sent: 0 }
    }

    pub(super) fn taking(taker: Box<dyn Taker>, stopped: Receiver<()>) -> Outlet {
        Outlet { way: Way::Taker(taker), stopped, sent: 0 }
    }

    /// Waits for room. The order to stop ends the waiting.
    pub(super) fn say(&mut self, what: What) -> Result<(), Ended> {
        self.sent += 1;
        let event = Event { at: Moment::now(), what };
        match &mut self.way {
            Way::Channel(events) => select! {
                send(events, event) -> sent => sent.map_err(|_| Ended),
                recv(self.stopped) -> _ => Err(Ended),
            },
            Way::Taker(taker) => unless_broken(taker.event(event)),
        }
    }

    /// Hands on bytes that were just read, if anybody takes them.
    pub(super) fn pass(&mut self, incarnation: IncarnationId, offset: u64, bytes: &[u8]) -> Result<(), Ended> {
        match &mut self.way {
            Way::Taker(taker) if !bytes.is_empty() => unless_broken(taker.bytes(incarnation, offset, bytes)),
            _ => Ok(()),
        }
    }

    /// The same for so many NUL bytes.
    pub(super) fn pass_nul(&mut self, incarnation: IncarnationId, offset: u64, bytes: u64) -> Result<(), Ended> {
        const NUL: [u8; 4096] = [0; 4096];
        let mut passed = 0;
        while passed < bytes && self.takes_bytes() {
            let some = (bytes - passed).min(NUL.len() as u64);
            self.pass(incarnation, offset + passed, &NUL[..some as usize])?;
            passed += some;
        }
        Ok(())
    }

    /// Whether the bytes themselves are taken: then nobody asks what a batch of lines holds.
    pub(super) fn takes_bytes(&self) -> bool {
        matches!(self.way, Way::Taker(_))
    }

    /// Nothing more comes.
    pub(super) fn end(&mut self) {
        if let Way::Taker(taker) = &mut self.way {
            taker.end();
        }
    }
}

fn unless_broken(flow: ControlFlow<()>) -> Result<(), Ended> {
    if flow.is_break() { Err(Ended) } else { Ok(()) }
}

/// A path that is followed, whatever stands there.
#[derive(Debug, Default)]
pub(super) struct Slot {
    /// Asked for by name; others stand for entries of a folder and go with them.
    pub(super) asked_for: bool,
    /// A pattern that was asked for fits it.
    pub(super) by_pattern: bool,
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
    /// How large it has been since that was found, in bytes.
    pub(super) skipped_size: u64,
    /// The dated pattern that it fits, by the folder where that begins: such files continue each other.
    pub(super) series: Option<PathBuf>,
}

impl Slot {
    /// Whether it was meant, and not only met in a folder: what its archives and copies have is its own.
    pub(super) fn is_meant(&self) -> bool {
        self.asked_for || self.by_pattern
    }
}

/// All that the thread knows.
pub(super) struct State {
    pub(super) options: FollowOptions,
    pub(super) outlet: Outlet,
    pub(super) texts: Texts,
    pub(super) operator: Box<dyn Operator>,
    /// How lines of programs are known, which bear no stamps.
    pub(super) sequences: Sequences,
    pub(super) watch: Watch,
    pub(super) lives: BTreeMap<IncarnationId, Life>,
    /// The lives whose descriptors are closed.
    pub(super) parked: BTreeMap<IncarnationId, Parked>,
    /// Lives that were followed and are gone.
    pub(super) gone: VecDeque<Gone>,
    pub(super) keeping: Keeping,
    /// The last life of each file that is held, or was.
    pub(super) by_file: HashMap<FileId, IncarnationId>,
    pub(super) slots: BTreeMap<PathBuf, Slot>,
    pub(super) folders: Vec<Folder>,
    /// Where followed links lead.
    pub(super) links: Links,
    /// The links in followed folders, when it was seen last where they lead.
    pub(super) met_links: Vec<PathBuf>,
    /// Files of a dated pattern that are not read from before their end.
    pub(super) passed_over: BTreeSet<PathBuf>,
    /// The last file of each dated pattern.
    pub(super) last_of_series: HashMap<PathBuf, FileId>,
    /// How the next file of a path is to be announced, where it is known how it will come.
    pub(super) origins: HashMap<PathBuf, Origin>,
    /// Where links stand that were followed paths, with the files to which they led.
    pub(super) away: BTreeMap<PathBuf, FileId>,
    /// Files beside the followed ones that are no copies of what is to come: they were there before, or were read.
    pub(super) known_files: HashSet<FileId>,
    /// The compressed archives in which lives can be found, and where those are.
    pub(super) archived: BTreeMap<IncarnationId, Place>,
    /// Files beside the followed ones that are no copies, unless reading on shows that those were cut.
    pub(super) doubtful: HashSet<FileId>,
    /// What stood in archives when following began.
    pub(super) older: Vec<Older>,
    /// Files beside the followed ones that have nothing more than those, by how they looked then; of plain ones that is
    /// true of one life only.
    pub(super) searched: HashMap<FileId, (Look, Option<IncarnationId>)>,
    pub(super) last_id: u32,
    /// When following began.
    pub(super) began: SystemTime,
    /// Where reading begins in what the first look finds.
    pub(super) begin: Begin,
    /// Whether the first look is over.
    pub(super) started: bool,
    /// Hints of the last look: they may explain what this one sees.
    pub(super) earlier: Hints,
    /// What came to the followed paths, as was heard and as was seen.
    pub(super) comings: Comings,
    pub(super) listed: Vec<FolderEntry>,
    pub(super) sizes_listed: Instant,
    pub(super) unwatchable: BTreeSet<PathBuf>,
    /// Something waits until another file has been read.
    pub(super) gated: bool,
    pub(super) moved_at: Instant,
    pub(super) overflow_told: Option<Instant>,
    pub(super) wall: Wall,
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
                Target::Files(set) => folders.push(Folder::of_set(set.absolute()?)),
            }
        }
        let now = Instant::now();
        Ok(State {
            options,
            outlet,
            texts,
            operator,
            sequences: Sequences::default(),
            watch: Watch::silent(Bell::new()?),
            lives: BTreeMap::new(),
            parked: BTreeMap::new(),
            gone: VecDeque::new(),
            keeping: Keeping::new(),
            by_file: HashMap::new(),
            slots,
            folders,
            links: Links::default(),
            met_links: Vec::new(),
            passed_over: BTreeSet::new(),
            last_of_series: HashMap::new(),
            origins: HashMap::new(),
            away: BTreeMap::new(),
            known_files: HashSet::new(),
            archived: BTreeMap::new(),
            doubtful: HashSet::new(),
            older: Vec::new(),
            searched: HashMap::new(),
            last_id: 0,
            began: SystemTime::now(),
            begin: Begin::Start,
            started: false,
            earlier: Hints::default(),
            comings: Comings::default(),
            listed: Vec::new(),
            sizes_listed: now,
            unwatchable: BTreeSet::new(),
            gated: false,
            moved_at: now,
            overflow_told: None,
            wall: Wall::default(),
            block: vec![0; BLOCK_BYTES],
        })
    }

    pub(super) fn say(&mut self, event: FollowEvent) -> Result<(), Ended> {
        self.outlet.say(What::Follow(event))
    }
}
