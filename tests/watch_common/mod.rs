//! An engine on somebody else's files, and what a test wants to know of its model.
// Shared by several test programs, none of which uses all of it.
#![allow(dead_code, unreachable_pub)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use rotascope::engine::{Engine, EngineConfig, Session};
use rotascope::event::{FolderEntry, IncarnationId};
use rotascope::model::{Incarnation, Model};

/// The machine may be busy: a wait fails only after this.
pub const DEADLINE: Duration = Duration::from_secs(30);

pub fn config() -> EngineConfig {
    EngineConfig { program: env!("CARGO_BIN_EXE_rotascope").into(), waker: Box::new(|| {}) }
}

pub fn watch(paths: &[&Path]) -> Engine {
    let paths: Vec<PathBuf> = paths.iter().map(|path| path.to_path_buf()).collect();
    let engine = Engine::open(Session::Watch { paths }, config()).unwrap();
    wait(&engine, "the session is open", |model| model.session().is_some());
    engine
}

/// Between two looks at a condition, never instead of one.
pub fn poll_interval() {
    std::thread::sleep(Duration::from_millis(5)); // poll
}

pub fn wait(engine: &Engine, what: &str, condition: impl Fn(&Model) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition(&engine.model()) {
        assert!(Instant::now() < deadline, "waited in vain until {what}: {}", told(&engine.model()));
        poll_interval();
    }
}

/// Waits for a condition that is no matter of the model.
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        poll_interval();
    }
}

/// What a failed assertion should show.
pub fn told(model: &Model) -> String {
    let of = |one: &Incarnation| {
        let names: Vec<_> = one.names.iter().map(|(_, name)| name.display().to_string()).collect();
        format!(
            "\n  {} {names:?} {:?} {:?}, {} lines, {} bytes, {:?}, pending {}",
            one.id.0, one.origin, one.reach, one.lines, one.size, one.bytes, one.pending_bytes
        )
    };
    let workers: Vec<_> =
        model.workers().iter().map(|worker| (worker.state, worker.written, &worker.last_error)).collect();
    format!(
        "{:?}, {:?}, workers {workers:?}, events {:?}, notices {:?}, files {}",
        model.lab_state(),
        model.ledger().total(),
        model.events(),
        model.notices(),
        model.incarnations().iter().map(of).collect::<String>()
    )
}

/// The bytes of an incarnation as the log view would read them.
pub fn text_of(engine: &Engine, id: IncarnationId) -> Vec<u8> {
    let mut text = Vec::new();
    let mut block = vec![0; 64 << 10];
    loop {
        match engine.texts().read_at(id, text.len() as u64, &mut block).unwrap() {
            0 => return text,
            got => text.extend_from_slice(&block[..got]),
        }
    }
}

pub fn lines(model: &Model) -> u64 {
    model.incarnations().iter().map(|one| one.lines).sum()
}

pub fn events(model: &Model, kind: &str) -> u64 {
    model.events().get(kind).copied().unwrap_or(0)
}

pub fn entry<'a>(model: &'a Model, path: &Path) -> Option<&'a FolderEntry> {
    model.entries().iter().find(|entry| entry.path == path)
}

/// Waits for the end of a program, and fails instead of waiting for ever. What it prints must fit into a pipe.
pub fn finished(mut child: Child) -> Output {
    let deadline = Instant::now() + DEADLINE * 2;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            panic!("still running: {}", String::from_utf8_lossy(&output.stderr));
        }
        poll_interval();
    }
    child.wait_with_output().unwrap()
}

/// Whether a program is there; says so if it is not, because then the test passes without having tested.
pub fn is_there(program: &str, argument: &str, test: &str) -> bool {
    match Command::new(program).arg(argument).output() {
        Ok(_) => true,
        Err(error) => {
            println!("skipped {test}: {program} could not be run ({error})");
            false
        }
    }
}
