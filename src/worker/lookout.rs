//! Sees from outside which log a program writes to, and when it opens another one.
//!
//! A program may hold several files. Its lane is the path of the log that it opened first: what it opens at that path
//! later, or at the next of dated names, takes the place of the one before. Everything else it holds is no concern of
//! the lane's.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, io};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};

use super::process::lock;
use super::program::{ProgramPlan, Shared};
use crate::clock::Moment;
use crate::event::{Displaced, Event, FileId, OpenReason, Period, Rollover, RolloverAct, WorkerEvent};
use crate::platform::{self, OpenFile};

/// Between two looks while something happens, a while after that, and when nothing does.
const QUICK: Duration = Duration::from_millis(20);
const SLOW: Duration = Duration::from_millis(250);
const IDLE: Duration = Duration::from_secs(1);
/// How long it is looked quickly, and then slowly, after something has happened.
const QUICK_FOR: Duration = Duration::from_secs(1);
const SLOW_FOR: Duration = Duration::from_secs(10);
/// The least rest between two looks, as a multiple of the time that the last one took.
const REST: u32 = 10;
/// So many digits in a name are a date.
const DATE_DIGITS: usize = 6;

/// What Rotascope itself has done to files since the program last opened one.
#[derive(Debug, Default)]
pub(super) struct Disturbed {
    /// Paths from which a file was renamed.
    pub(super) renamed: BTreeSet<PathBuf>,
    /// Paths at which a file was replaced.
    pub(super) replaced: BTreeSet<PathBuf>,
}

/// The thread that looks. Dropping it ends the thread.
pub(super) struct Lookout {
    nudges: Option<Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Lookout {
    /// Starts looking.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn start(shared: &Arc<Shared>, plan: &ProgramPlan, events: &Sender<Event>) -> io::Result<Lookout> {
        let (nudges, nudged) = bounded(1);
        let (shared, events) = (Arc::clone(shared), events.clone());
        let output = plan.output.parent().unwrap_or(&plan.output).to_owned();
        let mut sight = Sight { folder: plan.folder.clone(), output, lane: None, before: BTreeSet::new() };
        let look_on = move || look_on(&shared, &mut sight, &nudged, &events);
        let thread = thread::Builder::new().name("lookout".to_owned()).spawn(look_on)?;
        Ok(Lookout { nudges: Some(nudges), thread: Some(thread) })
    }

    /// Asks for a look now, and for quick ones after that.
    pub(super) fn nudge(&self) {
        if let Some(nudges) = &self.nudges {
            // One is enough.
            let _ = nudges.try_send(());
        }
    }
}

impl Drop for Lookout {
    fn drop(&mut self) {
        self.nudges = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn look_on(shared: &Shared, sight: &mut Sight, nudged: &Receiver<()>, events: &Sender<Event>) {
    let mut lively = Instant::now();
    loop {
        let began = Instant::now();
        let mut pids = platform::processes_with(&shared.mark);
        if !pids.contains(&shared.pid) {
            // It may have written over its environment.
            pids.push(shared.pid);
        }
        let Ok(found) = platform::open_for_writing(Some(&pids)) else {
            // The system does not tell.
            return;
        };
        let held: Vec<OpenFile> = found.into_iter().filter(|one| sight.concerns(one)).collect();
        lock(&shared.held).clone_from(&held);
        if let Some(opening) = sight.look(&held) {
            lively = Instant::now();
            tell(shared, opening, events);
        }
        let pause = match lively.elapsed() {
            age if age < QUICK_FOR => QUICK,
            age if age < SLOW_FOR => SLOW,
            _ => IDLE,
        };
        match nudged.recv_timeout(pause.max(began.elapsed() * REST)) {
            Ok(()) => lively = Instant::now(),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn tell(shared: &Shared, opening: Opening, events: &Sender<Event>) {
    let at = Moment::now();
    let disturbed = std::mem::take(&mut *lock(&shared.disturbed));
    let (reason, rollover) = opening.reason(&disturbed);
    if let Some(rollover) = rollover {
        shared.tell(events, at, WorkerEvent::RolledOver(rollover));
    }
    let Opening { file, previous, .. } = opening;
    let descriptor = (file.pid == shared.pid).then_some(file.descriptor);
    let previous = previous.map(|previous| previous.file);
    let event = WorkerEvent::Opened { file_id: file.file_id, path: file.path, previous, reason, descriptor };
    shared.tell(events, at, event);
}

/// What is known of a program's files.
struct Sight {
    folder: PathBuf,
    /// What it says on its standard output is kept in here, and is no log.
    output: PathBuf,
    lane: Option<Lane>,
    /// The files that it held at the last look.
    before: BTreeSet<FileId>,
}

/// The log that it writes to.
#[derive(Clone, Debug, PartialEq)]
struct Lane {
    path: PathBuf,
    file: FileId,
}

/// Another file in the lane.
#[derive(Debug, PartialEq)]
struct Opening {
    file: OpenFile,
    previous: Option<Lane>,
    /// Where the previous file stands now, if it has a name in its folder.
    moved_to: Option<PathBuf>,
}

impl Sight {
    fn concerns(&self, one: &OpenFile) -> bool {
        let hidden = one.path.file_name().is_none_or(|name| name.as_encoded_bytes().starts_with(b"."));
        one.path.starts_with(&self.folder) && !one.path.starts_with(&self.output) && !hidden
    }

    fn look(&mut self, held: &[OpenFile]) -> Option<Opening> {
        let now: BTreeSet<FileId> = held.iter().map(|one| one.file_id).collect();
        let before = std::mem::replace(&mut self.before, now);
        let file = match &self.lane {
            None => held.iter().min_by_key(|one| (!is_called_a_log(&one.path), one.pid, one.descriptor)),
            Some(lane) => held
                .iter()
                .filter(|one| one.file_id != lane.file && !before.contains(&one.file_id) && lane.goes_on_at(&one.path))
                .max_by_key(|one| (!one.unlinked, one.file_id.born_ns)),
        };
        let file = file?.clone();
        let next = Lane { path: file.path.clone(), file: file.file_id };
        let previous = self.lane.replace(next);
        let moved_to = previous.as_ref().and_then(Lane::name_now);
        Some(Opening { file, previous, moved_to })
    }
}

impl Lane {
    /// Whether a file at this path takes the place of the one before.
    fn goes_on_at(&self, path: &Path) -> bool {
        path == self.path
            || path.parent() == self.path.parent() && dated(path).is_some_and(|mask| Some(mask) == dated(&self.path))
    }

    /// The name of its file in the folder in which it was opened.
    fn name_now(&self) -> Option<PathBuf> {
        let entries = fs::read_dir(self.path.parent()?).ok()?.flatten();
        let is_it =
            |path: &PathBuf| fs::symlink_metadata(path).is_ok_and(|metadata| platform::file_id(&metadata) == self.file);
        entries.map(|entry| entry.path()).find(is_it)
    }
}

impl Opening {
    /// Why it was opened, as far as can be seen from outside; and what the program did to the file before, if it put
    /// that away by itself.
    ///
    /// Who renamed a file can't be seen. A file that now stands under its own name and something behind it, and was
    /// not moved there by Rotascope, was put away by the program, as handlers that keep archives do.
    fn reason(&self, disturbed: &Disturbed) -> (OpenReason, Option<Rollover>) {
        let Some(previous) = &self.previous else { return (OpenReason::First, None) };
        if previous.path != self.file.path {
            return (OpenReason::Rollover, None);
        }
        if disturbed.replaced.contains(&previous.path) {
            return (OpenReason::Changed, None);
        }
        let put_away = self
            .moved_to
            .as_ref()
            .filter(|to| is_archive_of(to, &previous.path) && !disturbed.renamed.contains(&previous.path));
        let Some(to) = put_away else { return (OpenReason::Gone, None) };
        let act = RolloverAct::Renamed { to: to.clone(), overwritten: Displaced::Nothing, period: Period::Named };
        let rollover = Rollover { file_id: Some(previous.file), from: previous.path.clone(), act };
        (OpenReason::Rollover, Some(rollover))
    }
}

fn is_called_a_log(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().contains("log"))
}

fn is_archive_of(path: &Path, live: &Path) -> bool {
    let (path, live) = (path.as_os_str().as_encoded_bytes(), live.as_os_str().as_encoded_bytes());
    path.len() > live.len() && path.starts_with(live)
}

/// The name with every digit alike, if it bears a date.
fn dated(path: &Path) -> Option<Vec<u8>> {
    let name = path.file_name()?.as_encoded_bytes();
    let digits = name.iter().filter(|byte| byte.is_ascii_digit()).count();
    let mask = name.iter().map(|byte| if byte.is_ascii_digit() { b'0' } else { *byte });
    (digits >= DATE_DIGITS).then(|| mask.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn held(path: &str, ino: u64) -> OpenFile {
        let file_id = FileId { dev: 1, ino, born_ns: ino as i64 };
        OpenFile { pid: 7, descriptor: 3 + ino as i32, file_id, size: 0, path: PathBuf::from(path), unlinked: false }
    }

    fn sight() -> Sight {
        Sight { folder: "/lab".into(), output: "/lab/output".into(), lane: None, before: BTreeSet::new() }
    }

    #[test]
    fn output_hidden_files_and_files_elsewhere_are_no_logs() {
        let sight = sight();
        assert!(sight.concerns(&held("/lab/logs/a.log", 1)));
        for path in ["/lab/output/a.log", "/lab/.rotascope-lab", "/var/log/a.log", "/lab2/a.log"] {
            assert!(!sight.concerns(&held(path, 1)), "{path}");
        }
    }

    #[test]
    fn the_lane_follows_the_first_log_and_what_takes_its_place() {
        let mut sight = sight();
        let (pid, app, second) = (held("/lab/app.pid", 1), held("/lab/app.log", 2), held("/lab/error.log", 3));
        let first = sight.look(&[pid.clone(), app.clone()]).unwrap();
        assert_eq!((first.file.clone(), first.reason(&Disturbed::default())), (app.clone(), (OpenReason::First, None)));
        assert_eq!(sight.look(&[pid.clone(), app.clone(), second.clone()]), None, "another log is no reopen");
        let again = held("/lab/app.log", 4);
        let opening = sight.look(&[pid, again.clone(), second.clone()]).unwrap();
        assert_eq!(opening.previous.as_ref().unwrap().file, app.file_id);
        assert_eq!(opening.reason(&Disturbed::default()).0, OpenReason::Gone);
        assert_eq!(sight.look(&[again, second]), None);
    }

    #[test]
    fn dated_names_follow_each_other() {
        let mut sight = sight();
        sight.look(&[held("/lab/2026-05-09.log", 1)]).unwrap();
        assert_eq!(sight.look(&[held("/lab/2026-05-09.log", 1), held("/lab/a-2026-05-10.log", 2)]), None);
        let next = sight.look(&[held("/lab/2026-05-10.log", 3)]).unwrap();
        assert_eq!(next.reason(&Disturbed::default()), (OpenReason::Rollover, None));
    }

    #[test]
    fn an_archive_that_rotascope_did_not_make_is_the_programs_own() {
        let path = PathBuf::from("/lab/app.log");
        let previous = Some(Lane { path: path.clone(), file: held("", 1).file_id });
        let moved = |to: &str| Opening {
            file: held("/lab/app.log", 2),
            previous: previous.clone(),
            moved_to: Some(PathBuf::from(to)),
        };
        let own = Disturbed::default();
        let archived = moved("/lab/app.log.2026-05-09");
        assert!(matches!(archived.reason(&own), (OpenReason::Rollover, Some(_))));
        assert_eq!(moved("/lab/moved-1.log").reason(&own), (OpenReason::Gone, None));
        let ours = Disturbed { renamed: BTreeSet::from([path.clone()]), ..Disturbed::default() };
        assert_eq!(archived.reason(&ours), (OpenReason::Gone, None));
        let replaced = Disturbed { replaced: BTreeSet::from([path]), ..Disturbed::default() };
        assert_eq!(archived.reason(&replaced), (OpenReason::Changed, None));
    }
}
