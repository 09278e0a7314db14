//! `rotascope follow`: what the follower reads, in the terminal.
//!
//! The follower's own thread writes what it reads, so a slow reader of the output slows the reading, and nothing is
//! kept in memory but one block. This thread waits for a signal, for the output's reader to go, and for calm.
//!
//! `plain` writes exact bytes and sentences, `json` one object a line; `lines` cuts bytes into lines for it, `told` says
//! what the events mean, `names` what files are called. Both stand on `ground`: `output` is the way out, `sinks` are the
//! files that it leads into, `awaited` is what was asked for and not found.

mod awaited;
mod ground;
mod json;
mod lines;
mod names;
mod output;
mod plain;
mod sinks;
mod told;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};

use crate::follow::{Begin, FollowOptions, FollowOrder, Follower, Taker, Target};
use crate::platform;
use awaited::Awaited;
use ground::Ground;
use names::{Names, printable, say};
use output::{Output, Pulse};
use plain::Headers;
use sinks::Sinks;

/// A reader of the output that takes nothing must not keep the program from ending.
const GRACE: Duration = Duration::from_millis(500);

/// What `follow` was asked for.
#[derive(Debug)]
pub struct Options {
    /// Files, folders and patterns.
    pub paths: Vec<PathBuf>,
    /// Where to begin in files that are there.
    pub begin: Begin,
    /// End when nothing has come for this time.
    pub until_idle: Option<Duration>,
    /// Lines and events as JSON, one on a line.
    pub json: bool,
    /// Follow the files of subfolders too.
    pub recursive: bool,
    /// No headers that say whose bytes come.
    pub quiet: bool,
}

/// How following ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// As it was meant to.
    Done,
    /// Nothing came for so long, and there was no file that could have been followed.
    NothingFollowed,
}

/// Why following in the terminal failed.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// A path or pattern makes no sense.
    #[error(transparent)]
    Target(#[from] crate::follow::TargetError),
    /// Something of the system's failed.
    #[error("can't {what}: {source}")]
    System {
        /// What was tried.
        what: &'static str,
        /// The system's reason.
        source: std::io::Error,
    },
}

fn system(what: &'static str) -> impl FnOnce(std::io::Error) -> FollowError {
    move |source| FollowError::System { what, source }
}

/// Follows until a signal, until nobody reads the output any more, or until nothing has come for a while.
///
/// # Errors
/// When following could not begin, or the output could not be written.
pub fn follow(options: &Options) -> Result<Outcome, FollowError> {
    let targets = options.paths.iter().map(|path| Target::named(path, options.recursive));
    let targets = targets.collect::<Result<Vec<Target>, _>>()?;
    let (nudges, nudge) = std::os::unix::net::UnixStream::pair().map_err(system("make a pipe"))?;
    let interrupted = listen(&nudge).map_err(system("listen for signals"))?;
    let pulse = Arc::new(Pulse::new(nudge));
    let output = Output::standard(Arc::clone(&pulse)).map_err(system("write to the standard output"))?;
    let watched = output.clone_file().map_err(system("watch the standard output"))?;
    let names = Names::new(&options.paths);
    let awaited = Awaited::tell_missing(&options.paths, &targets, &names);
    let ground = Ground { output, names, sinks: Sinks::of_this_process(), awaited };
    let taker: Box<dyn Taker> = if options.json {
        Box::new(json::Json::new(ground))
    } else {
        Box::new(plain::Plain::new(ground, headers(options, &targets)))
    };
    let follow = FollowOptions { targets, stamps: false };
    let follower = Follower::start_taking(follow, options.begin, taker).map_err(system("start following"))?;
    let waiting = Waiting { nudges, watched, interrupted, pulse, until_idle: options.until_idle };
    let ended = waiting.wait(&follower);
    waiting.end(follower);
    let in_vain = ended? == Ended::Idle && !waiting.pulse.has_followed();
    if !in_vain {
        return Ok(Outcome::Done);
    }
    let named: Vec<String> = options.paths.iter().map(|path| printable(&path.to_string_lossy())).collect();
    say(&format!("no file could be followed: {}", named.join(", ")));
    Ok(Outcome::NothingFollowed)
}

fn headers(options: &Options, targets: &[Target]) -> Headers {
    match targets {
        _ if options.quiet => Headers::No,
        [Target::Path(path)] if !path.is_dir() => Headers::FromSecond,
        _ => Headers::All,
    }
}

/// The flag is set before the nudge comes.
fn listen(nudge: &std::os::unix::net::UnixStream) -> std::io::Result<Arc<AtomicBool>> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))?;
        signal_hook::low_level::pipe::register(signal, nudge.try_clone()?)?;
    }
    Ok(interrupted)
}

/// Why the waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ended {
    /// Nothing came for so long.
    Idle,
    /// A signal came, or nobody reads any more.
    Told,
}

/// What ends following, seen from outside the follower's thread.
struct Waiting {
    nudges: std::os::unix::net::UnixStream,
    watched: std::fs::File,
    interrupted: Arc<AtomicBool>,
    pulse: Arc<Pulse>,
    until_idle: Option<Duration>,
}

impl Waiting {
    fn wait(&self, follower: &Follower) -> Result<Ended, FollowError> {
        let mut asked = 0;
        loop {
            let left = self.until_idle.map(|idle| idle.saturating_sub(self.pulse.calm_for()));
            if left.is_some_and(|left| left.is_zero()) {
                if asked > 0 && self.pulse.answered() == asked {
                    return Ok(Ended::Idle);
                }
                // Calm may mean that the follower has not come to look: it ends only when all has been read.
                asked += 1;
                follower.send(FollowOrder::CatchUp(asked));
                if self.pause(None, asked)? {
                    return Ok(Ended::Told);
                }
            } else if self.pause(left, asked)? {
                return Ok(Ended::Told);
            }
        }
    }

    /// Sleeps until something happens: for so long, or else until `asked` was answered. True if it is to end.
    fn pause(&self, time: Option<Duration>, asked: u64) -> Result<bool, FollowError> {
        loop {
            let awaits_answer = time.is_none() && self.until_idle.is_some();
            if awaits_answer && self.pulse.answered() >= asked {
                return Ok(false);
            }
            let woken = platform::wait_for_nudge(&self.nudges, &self.watched, time)
                .map_err(system("wait for the standard output"))?;
            if let Some(ended) = self.pulse.ended() {
                return ended.map(|()| true).map_err(system("write to the standard output"));
            }
            if self.interrupted.load(Ordering::Acquire) || woken == platform::Nudge::NobodyReads {
                return Ok(true);
            }
            if time.is_some() {
                return Ok(false);
            }
        }
    }

    /// Ends the follower's thread, unless it hangs on an output that nobody reads.
    fn end(&self, follower: Follower) {
        let gone = std::thread::Builder::new().spawn(move || drop(follower));
        if gone.is_ok() {
            self.pulse.wait_for_end(GRACE);
        }
    }
}
