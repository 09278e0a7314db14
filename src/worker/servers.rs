//! The fork servers, as the parent of everything holds them: each is started at first use, and anew when it was killed.

use std::collections::HashMap;
use std::io::{self, BufRead, BufReader};
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::clock::ClockSetting;
use crate::event::Exit;
use crate::platform::{self, ChildChange, ProcessHandle};

use super::guard::Guard;
use super::process::{lock, to_line};
use super::wire::{ChildReport, ServerOrder, ServerReport};
use super::{FORK_SERVER_SUBCOMMAND, StartMethod, WorkerPlan};

/// How long a fork server may take to answer.
const ANSWER: Duration = Duration::from_secs(2);

/// SIGKILL is the same on every Unix.
const SIGKILL: i32 = 9;

/// All fork servers of a lab.
pub(super) struct ForkServers {
    program: PathBuf,
    scratch: PathBuf,
    guard: Arc<Mutex<Guard>>,
    /// What each of them has loaded: nothing, or what the workers of a group have in common.
    running: Vec<(Option<WorkerPlan>, ForkServer)>,
}

impl ForkServers {
    /// None runs.
    pub(super) fn new(program: &Path, scratch: &Path, guard: &Arc<Mutex<Guard>>) -> ForkServers {
        let (program, scratch) = (program.to_owned(), scratch.to_owned());
        ForkServers { program, scratch, guard: Arc::clone(guard), running: Vec::new() }
    }

    /// Forks a worker, which waits for its setup on `orders`.
    ///
    /// # Errors
    /// A sentence for the person.
    pub(super) fn fork(
        &mut self,
        plan: &WorkerPlan,
        clock: &ClockSetting,
        [orders, reports]: [BorrowedFd<'_>; 2],
    ) -> Result<ForkedChild, String> {
        let loads = (plan.start == StartMethod::Fork).then(|| common_part(plan));
        self.running.retain(|(_, server)| !server.is_gone());
        let known = self.running.iter().position(|(loaded, _)| *loaded == loads);
        let index = match known {
            Some(index) => index,
            None => {
                let server = ForkServer::start(&self.program, &self.guard)?;
                if let Some(plan) = &loads {
                    server.load(plan, clock, &self.scratch)?;
                }
                self.running.push((loads, server));
                self.running.len() - 1
            }
        };
        let (_, server) = &mut self.running[index];
        server.fork([orders, reports])
    }

    /// Ends all of them, and with them whatever of their workers still runs.
    pub(super) fn end(&mut self) {
        self.running.clear();
    }
}

/// What workers of one group share: all but the name, and the rate that each may have been given since.
fn common_part(plan: &WorkerPlan) -> WorkerPlan {
    WorkerPlan { name: String::new(), rate: 0.0, ..plan.clone() }
}

/// One fork server's process.
struct ForkServer {
    control: Arc<Control>,
    answers: Receiver<Answer>,
    forks: u64,
    reader: Option<JoinHandle<()>>,
}

/// What is shared with those who wait for its children.
struct Control {
    socket: UnixStream,
    /// Held while a line is written.
    writing: Mutex<()>,
    gone: AtomicBool,
}

/// What a fork server says to an order.
enum Answer {
    Loaded,
    Failed { number: u64, reason: String },
    Forked { number: u64, pid: u32, changes: Receiver<ChildReport> },
}

impl ForkServer {
    fn start(program: &Path, guard: &Arc<Mutex<Guard>>) -> Result<ForkServer, String> {
        let (socket, child) =
            spawn(program, guard).map_err(|error| format!("a fork server can't be started: {error}"))?;
        let control = Arc::new(Control { socket, writing: Mutex::new(()), gone: AtomicBool::new(false) });
        let (sender, answers) = unbounded();
        let (with, guard) = (Arc::clone(&control), Arc::clone(guard));
        let pid = child.id();
        let reader = thread::Builder::new().name("forkserver".into()).spawn(move || {
            read_reports(&with, &sender, child, &guard);
        });
        let reader = reader.map_err(|error| {
            let _ = platform::signal_process(pid, platform::ProcessSignal::Kill);
            format!("the system gives no thread to watch the fork server: {error}")
        })?;
        Ok(ForkServer { control, answers, forks: 0, reader: Some(reader) })
    }

    fn load(&self, plan: &WorkerPlan, clock: &ClockSetting, scratch: &Path) -> Result<(), String> {
        let (plan, clock, scratch) = (Box::new(plan.clone()), clock.clone(), scratch.to_owned());
        let order = ServerOrder::Load { plan, clock, scratch };
        self.control.send(&order, &[]).map_err(|error| format!("the group's parent process is gone: {error}"))?;
        match self.answer(0) {
            Some(Answer::Loaded) => Ok(()),
            Some(Answer::Failed { reason, .. }) => Err(reason),
            _ => Err(format!("the group's parent process was not ready within {ANSWER:?}")),
        }
    }

    fn fork(&mut self, descriptors: [BorrowedFd<'_>; 2]) -> Result<ForkedChild, String> {
        self.forks += 1;
        let order = ServerOrder::Fork { number: self.forks };
        self.control.send(&order, &descriptors).map_err(|error| format!("the fork server is gone: {error}"))?;
        match self.answer(self.forks) {
            Some(Answer::Forked { pid, changes, .. }) => Ok(ForkedChild::new(pid, changes, &self.control)),
            Some(Answer::Failed { reason, .. }) => Err(reason),
            _ if self.is_gone() => Err("the fork server has ended; start the worker again for a new one".to_owned()),
            _ => Err(format!("the fork server did not answer within {ANSWER:?}; is it stopped?")),
        }
    }

    /// The answer to the order of this number. Late ones to others, which nobody waits for any more, are let go, and a
    /// worker that was forked too late is seen to its end.
    fn answer(&self, wanted: u64) -> Option<Answer> {
        let end = Instant::now() + ANSWER;
        loop {
            let answer = self.answers.recv_deadline(end).ok()?;
            let number = match &answer {
                Answer::Loaded => 0,
                Answer::Failed { number, .. } | Answer::Forked { number, .. } => *number,
            };
            if number == wanted {
                return Some(answer);
            }
            if let Answer::Forked { pid, changes, .. } = answer {
                ForkedChild::new(pid, changes, &self.control).see_out();
            }
        }
    }

    fn is_gone(&self) -> bool {
        self.control.gone.load(Ordering::Acquire)
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        // The reader sees the end at once, and ends the process if it does not end by itself: it holds nothing dear.
        let _ = self.control.socket.shutdown(std::net::Shutdown::Both);
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

fn spawn(program: &Path, guard: &Mutex<Guard>) -> io::Result<(UnixStream, Child)> {
    let (ours, theirs) = UnixStream::pair()?;
    // A stopped server must not hold up whoever gives it an order.
    ours.set_write_timeout(Some(ANSWER))?;
    let mut guard = lock(guard);
    guard.ensure()?;
    let mut command = Command::new(program);
    command.arg(FORK_SERVER_SUBCOMMAND).stdin(Stdio::from(OwnedFd::from(theirs))).stdout(Stdio::null());
    platform::in_own_group(&mut command);
    let mut child = command.spawn()?;
    if let Err(error) = guard.add(child.id()) {
        guard.retire(child.id());
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    Ok((ours, child))
}

/// Hands on what the server says, up to its end.
fn read_reports(control: &Control, answers: &Sender<Answer>, mut child: Child, guard: &Mutex<Guard>) {
    let mut children = HashMap::new();
    for line in BufReader::new(&control.socket).lines() {
        let Ok(line) = line else { break };
        // A line cut short by its end says nothing that can be used.
        let Ok(report) = serde_json::from_str(&line) else { break };
        hand_on(report, control, answers, &mut children);
    }
    control.gone.store(true, Ordering::Release);
    lock(guard).retire(child.id());
    let _ = child.kill();
    let _ = child.wait();
    // Only now do those who wait for its children hear that nobody tells them any more: the system has ended them.
    drop(children);
}

fn hand_on(
    report: ServerReport,
    control: &Control,
    answers: &Sender<Answer>,
    children: &mut HashMap<u32, Sender<ChildReport>>,
) {
    match report {
        ServerReport::Loaded => drop(answers.send(Answer::Loaded)),
        ServerReport::Refused { reason } => drop(answers.send(Answer::Failed { number: 0, reason })),
        ServerReport::NotForked { number, reason } => drop(answers.send(Answer::Failed { number, reason })),
        ServerReport::Forked { number, pid } => {
            let (sender, changes) = unbounded();
            children.insert(pid, sender);
            let _ = answers.send(Answer::Forked { number, pid, changes });
        }
        ServerReport::Changed { pid, change } => {
            let heard = children.get(&pid).is_some_and(|sender| sender.send(change).is_ok());
            if let ChildReport::Ended(_) = change {
                children.remove(&pid);
                if !heard {
                    control.reap(pid);
                }
            }
        }
    }
}

impl Control {
    fn send(&self, order: &ServerOrder, descriptors: &[BorrowedFd<'_>]) -> io::Result<()> {
        let line = to_line(order)?;
        let _writing = lock(&self.writing);
        platform::send_with(&self.socket, &line, descriptors)
    }

    /// Nobody knows this process id any more.
    fn reap(&self, pid: u32) {
        // If it can't be told, it is gone, and the system has done it.
        let _ = self.send(&ServerOrder::Reap { pid }, &[]);
    }
}

/// A worker that was forked from a server, which tells what becomes of it.
pub(super) struct ForkedChild {
    pub(super) pid: u32,
    changes: Receiver<ChildReport>,
    control: Arc<Control>,
    handle: Option<ProcessHandle>,
    exit: Option<Exit>,
}

impl ForkedChild {
    fn new(pid: u32, changes: Receiver<ChildReport>, control: &Arc<Control>) -> ForkedChild {
        let handle = ProcessHandle::open(pid).ok();
        ForkedChild { pid, changes, control: Arc::clone(control), handle, exit: None }
    }

    /// Waits elsewhere for its end, and lets its process id go. Nobody holds the other ends of its descriptors, so it
    /// does not wait long. To drop it instead would leave a zombie where its end is already told and not yet read.
    fn see_out(mut self) {
        // Without a thread it stays a zombie until its server ends.
        let _ = thread::Builder::new().name("late fork".into()).spawn(move || {
            while self.wait_for_change() != ChildChange::Ended {}
            self.reap();
        });
    }

    /// Waits until it stops, goes on or ends.
    pub(super) fn wait_for_change(&mut self) -> ChildChange {
        match self.changes.recv() {
            Ok(ChildReport::Stopped) => ChildChange::Stopped,
            Ok(ChildReport::Continued) => ChildChange::Continued,
            Ok(ChildReport::Ended(exit)) => {
                self.exit = Some(exit);
                ChildChange::Ended
            }
            Err(_) => {
                // The server was killed. Where the system has not ended the worker with it, that is done here.
                if let Some(handle) = &self.handle {
                    let _ = handle.kill_and_wait();
                }
                ChildChange::Ended
            }
        }
    }

    /// How it has ended. Its process id may become another process's from now on.
    pub(super) fn reap(&mut self) -> Exit {
        self.control.reap(self.pid);
        self.exit.unwrap_or(Exit::Signal(SIGKILL))
    }
}
