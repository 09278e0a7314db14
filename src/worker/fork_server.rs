//! What runs inside a fork server: a process with a single thread, from which workers are forked.
//!
//! Standard input is a socket that brings orders, and with each order to fork the two descriptors that become the
//! worker's standard input and output; answers go the other way. The server is its workers' parent, so it tells of
//! their stops and ends too. It ends when the socket does, and the system ends its workers with it.

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::ExitCode;

use signal_hook::SigId;

use crate::clock::{ClockSetting, SessionClock};
use crate::platform::{self, ChildChange, Fork};

use super::WorkerPlan;
use super::child;
use super::inbox::complain;
use super::launch::Loaded;
use super::wire::{ChildReport, ServerOrder, ServerReport};

/// Runs a fork server, and in each process that is forked from it a worker.
///
/// Exit codes: 0 when nobody gives orders any more, 2 when it was not started as a fork server; a worker's are those of
/// [`super::run_worker`].
pub fn run_fork_server() -> ExitCode {
    match Server::open().and_then(Server::serve) {
        Ok(Outcome::Worker(loaded)) => child::begin(loaded.map(|loaded| *loaded)),
        Ok(Outcome::Ended) => ExitCode::SUCCESS,
        Err(error) => {
            complain(&format!("a fork server ends: {error}"));
            ExitCode::from(2)
        }
    }
}

/// Where serving leads to.
enum Outcome {
    /// This process is a worker now. What it has inherited; nothing from a server that has loaded nothing.
    Worker(Option<Box<Loaded>>),
    /// Nobody gives orders any more.
    Ended,
}

struct Server {
    control: UnixStream,
    /// Received, and no whole line yet.
    input: Vec<u8>,
    descriptors: VecDeque<OwnedFd>,
    /// Readable when something has become of a child.
    changes: UnixStream,
    hook: SigId,
    children: BTreeSet<u32>,
    loaded: Option<Loaded>,
}

impl Server {
    fn open() -> io::Result<Server> {
        let control = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let (changes, raise) = UnixStream::pair()?;
        changes.set_nonblocking(true)?;
        let hook = signal_hook::low_level::pipe::register(platform::CHILD_SIGNAL, raise)?;
        Ok(Server {
            control,
            input: Vec::new(),
            descriptors: VecDeque::new(),
            changes,
            hook,
            children: BTreeSet::new(),
            loaded: None,
        })
    }

    /// In a worker everything of the server is closed when this returns.
    fn serve(mut self) -> io::Result<Outcome> {
        let mut buffer = [0; 4096];
        loop {
            let [ordered, changed] = platform::wait_readable(&self.control, &self.changes)?;
            if changed {
                while matches!(self.changes.read(&mut buffer), Ok(1..)) {}
                self.look_after_children()?;
            }
            if !ordered {
                continue;
            }
            let count = platform::receive_with(&self.control, &mut buffer, &mut self.descriptors)?;
            if count == 0 {
                return Ok(Outcome::Ended);
            }
            self.input.extend_from_slice(&buffer[..count]);
            while let Some(end) = memchr::memchr(b'\n', &self.input) {
                let line: Vec<u8> = self.input.drain(..=end).collect();
                if let Some(outcome) = self.obey(serde_json::from_slice(&line)?)? {
                    return Ok(outcome);
                }
            }
        }
    }

    fn obey(&mut self, order: ServerOrder) -> io::Result<Option<Outcome>> {
        match order {
            ServerOrder::Load { plan, clock, scratch } => self.load(*plan, clock, &scratch).map(|()| None),
            ServerOrder::Fork { number } => self.fork(number),
            ServerOrder::Reap { pid } => {
                self.children.remove(&pid);
                platform::reap(pid);
                Ok(None)
            }
        }
    }

    fn load(&mut self, plan: WorkerPlan, clock: ClockSetting, scratch: &Path) -> io::Result<()> {
        let inherit_file = plan.inherit_file;
        let loaded = Loaded::of(plan, scratch).and_then(|mut loaded| {
            if inherit_file {
                loaded.open_file(&SessionClock::new(clock))?;
            }
            Ok(loaded)
        });
        match loaded {
            Ok(loaded) => {
                self.loaded = Some(loaded);
                self.tell(&ServerReport::Loaded)
            }
            Err(reason) => self.tell(&ServerReport::Refused { reason }),
        }
    }

    fn fork(&mut self, number: u64) -> io::Result<Option<Outcome>> {
        let (Some(input), Some(output)) = (self.descriptors.pop_front(), self.descriptors.pop_front()) else {
            return Err(io::Error::other("an order to fork came without its two descriptors"));
        };
        let server = std::process::id();
        match platform::fork() {
            Ok(Fork::Child) => self.become_worker(server, input, output).map(Some),
            Ok(Fork::Parent(pid)) => {
                // Also here, so that it leads its group before anybody hears of it. It may have done so itself.
                let _ = platform::make_group_leader(Some(pid));
                self.children.insert(pid);
                self.tell(&ServerReport::Forked { number, pid }).map(|()| None)
            }
            Err(error) => {
                let reason = format!("the fork server can't fork it: {error}");
                self.tell(&ServerReport::NotForked { number, reason }).map(|()| None)
            }
        }
    }

    fn become_worker(&mut self, server: u32, input: OwnedFd, output: OwnedFd) -> io::Result<Outcome> {
        if !platform::end_with_parent(server)? {
            return Ok(Outcome::Ended);
        }
        // The server does the same, and one of them is first.
        let _ = platform::make_group_leader(None);
        signal_hook::low_level::unregister(self.hook);
        platform::replace_stdio(&input, &output)?;
        // Under their old numbers they would stay open for ever.
        drop((input, output));
        Ok(Outcome::Worker(self.loaded.take().map(Box::new)))
    }

    /// Several changes may have come as one signal.
    fn look_after_children(&mut self) -> io::Result<()> {
        for pid in self.children.clone() {
            while let Some(change) = platform::change_of(pid)? {
                let change = match change {
                    ChildChange::Stopped => ChildReport::Stopped,
                    ChildChange::Continued => ChildReport::Continued,
                    ChildChange::Ended => ChildReport::Ended(platform::exit_of_ended(pid)?),
                };
                self.tell(&ServerReport::Changed { pid, change })?;
                if let ChildReport::Ended(_) = change {
                    // Its process id stays taken until whoever still knows it says so.
                    self.children.remove(&pid);
                    break;
                }
            }
        }
        Ok(())
    }

    fn tell(&mut self, report: &ServerReport) -> io::Result<()> {
        let mut line = serde_json::to_vec(report)?;
        line.push(b'\n');
        self.control.write_all(&line)
    }
}
