//! Looks, in a thread of its own, which processes hold files open for writing.
//!
//! The whole of /proc is read for that, so it is done when something has happened to a file, and seldom otherwise;
//! never so often that it would take more than a twentieth of one processor.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use crate::event::{FollowEvent, Holding, What, WorkerEvent};
use crate::model::{Model, Worker};
use crate::platform::{self, OpenFile, ProcessFacts};

/// A look without anybody's asking: who opens or closes a file leaves no other trace.
const SELDOM: Duration = Duration::from_secs(5);
/// So that a file that was just renamed is opened anew by then, as a rule.
const SETTLE: Duration = Duration::from_millis(60);
/// The least rest between two looks, as a multiple of the time that the last one took.
const REST: u32 = 20;

/// The thread, and what it has found. Dropping it ends the thread.
pub(super) struct Holders {
    /// To ask for a look, and what keeps the thread going.
    open: Option<(Sender<()>, Sender<()>)>,
    found: Receiver<Vec<OpenFile>>,
    thread: Option<JoinHandle<()>>,
    /// Where the files of the session stand, symbolic links resolved.
    roots: Vec<PathBuf>,
    /// Who is who; kept for those that hold something.
    facts: HashMap<u32, ProcessFacts>,
    told: Vec<Holding>,
}

impl Holders {
    /// Starts looking. `paths` are the followed files and folders.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(paths: &[PathBuf]) -> io::Result<Holders> {
        let (asks, asked) = bounded(1);
        let (stop, stopped) = bounded(0);
        let (finds, found) = bounded(1);
        let look_on = move || look_on(&asked, &stopped, &finds);
        let thread = thread::Builder::new().name("holders".to_owned()).spawn(look_on)?;
        Ok(Holders {
            open: Some((asks, stop)),
            found,
            thread: Some(thread),
            roots: paths.iter().map(|path| resolved(path)).collect(),
            facts: HashMap::new(),
            told: Vec::new(),
        })
    }

    /// What was found comes out here; nothing ever where the system does not tell who holds what.
    pub(super) fn found(&self) -> &Receiver<Vec<OpenFile>> {
        &self.found
    }

    /// Asks for a look, if this event may have changed who holds what.
    pub(super) fn hear(&self, what: &What) {
        let changes = match what {
            What::Follow(event) => !matches!(
                event,
                FollowEvent::Read(_)
                    | FollowEvent::Pending { .. }
                    | FollowEvent::Listed { .. }
                    | FollowEvent::CaughtUp { .. }
            ),
            What::Worker { event, .. } => {
                matches!(event, WorkerEvent::Exited { .. } | WorkerEvent::Started { .. } | WorkerEvent::Opened { .. })
            }
            _ => false,
        };
        if changes && let Some((asks, _)) = &self.open {
            // One is enough.
            let _ = asks.try_send(());
        }
    }

    /// What is new of what was found, if anything.
    pub(super) fn news(&mut self, found: Vec<OpenFile>, model: &Model) -> Option<What> {
        let ours: Vec<u32> =
            model.workers().iter().filter(|worker| tells_itself(worker)).filter_map(|worker| worker.pid).collect();
        let concerns = |one: &OpenFile| {
            !ours.contains(&one.pid)
                && (model.incarnation_of(one.file_id).is_some()
                    || self.roots.iter().any(|root| one.path.starts_with(root)))
        };
        let found: Vec<OpenFile> = found.into_iter().filter(concerns).collect();
        self.facts.retain(|pid, _| found.iter().any(|one| one.pid == *pid));
        let holdings: Vec<Holding> = found.into_iter().filter_map(|one| self.holding(one)).collect();
        let same = holdings.len() == self.told.len()
            && holdings.iter().zip(&self.told).all(|(now, before)| {
                // A file with a name is measured by the follower.
                now == before || !now.unlinked && *now == Holding { size: now.size, ..before.clone() }
            });
        if same {
            return None;
        }
        self.told.clone_from(&holdings);
        Some(What::Held { holdings })
    }

    fn holding(&mut self, one: OpenFile) -> Option<Holding> {
        let facts = match self.facts.entry(one.pid) {
            Entry::Occupied(known) => known.into_mut(),
            // None if it has ended since.
            Entry::Vacant(unknown) => unknown.insert(platform::process_facts(one.pid)?),
        };
        Some(Holding {
            pid: one.pid,
            name: facts.name.clone(),
            command: facts.command.clone(),
            descriptor: one.descriptor,
            file_id: one.file_id,
            path: one.path,
            unlinked: one.unlinked,
            size: one.size,
        })
    }
}

impl Drop for Holders {
    fn drop(&mut self) {
        self.open = None;
        // Whoever waits to hand over is let go.
        let (_, nobody) = bounded(0);
        self.found = nobody;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Whether a worker tells by itself what it opens: a program of the user's own does not.
fn tells_itself(worker: &Worker) -> bool {
    worker.is_alive() && worker.setup.program.is_none()
}

fn look_on(asked: &Receiver<()>, stopped: &Receiver<()>, finds: &Sender<Vec<OpenFile>>) {
    loop {
        let began = Instant::now();
        let Ok(found) = platform::open_for_writing(None) else { break };
        let rested = Instant::now() + began.elapsed() * REST;
        if finds.send(found).is_err() || asked.recv_timeout(SELDOM) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        let settled = Instant::now() + SETTLE;
        if stopped.recv_deadline(settled.max(rested)) == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        // The look that follows answers for all that came until now.
        let _ = asked.try_recv();
    }
    // The system does not tell. The channel stays open, so that nobody takes the silence for an end.
    let _ = stopped.recv();
}

/// The path as the system shows it: symbolic links resolved as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let known = path.ancestors().find_map(|start| Some((start, start.canonicalize().ok()?)));
    match known {
        Some((start, real)) => path.strip_prefix(start).map_or(path.clone(), |rest| real.join(rest)),
        None => path,
    }
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::event::Event;
    use std::fs::{self, File};
    use std::process::{Command, Stdio};

    #[test]
    fn a_path_that_does_not_exist_yet_is_resolved_as_far_as_it_does() {
        let folder = tempfile::tempdir().unwrap();
        let real = folder.path().canonicalize().unwrap().join("real");
        fs::create_dir(&real).unwrap();
        std::os::unix::fs::symlink(&real, folder.path().join("link")).unwrap();
        assert_eq!(resolved(&folder.path().join("link/new/a.log")), real.join("new/a.log"));
    }

    #[test]
    fn a_program_that_holds_a_deleted_file_is_found_and_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.log");
        let file = File::create(&path).unwrap();
        let mut program = Command::new("sleep").arg("60").stdin(Stdio::null()).stdout(file).spawn().unwrap();
        let mut holders = Holders::start(&[folder.path().to_owned()]).unwrap();
        let mut model = Model::new();
        fs::remove_file(&path).unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        let seen = |model: &Model| {
            let files = model.deleted_open();
            files.len() == 1 && files[0].holders[0].holding.command == "sleep 60"
        };
        while !seen(&model) {
            assert!(Instant::now() < end, "seen: {:?}", model.holders());
            let found = holders.found().recv_timeout(Duration::from_secs(10)).unwrap();
            if let Some(what) = holders.news(found, &model) {
                model.apply(&Event { at: Moment::now(), what });
            }
        }
        let again = holders.found().recv_timeout(Duration::from_secs(10)).unwrap();
        assert_eq!(holders.news(again, &model), None);
        program.kill().unwrap();
        program.wait().unwrap();
    }
}
