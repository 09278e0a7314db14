//! A session that was written down, event by event, and is folded again.
#![allow(clippy::unwrap_used)]

mod lab_text;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use lab_text::lab_text;
use rotascope::command::{Command, LabOrder};
use rotascope::engine::{Engine, EngineConfig, Session};
use rotascope::event::{Event, FollowEvent, LabState, What};
use rotascope::lab::{self, Lab};
use rotascope::model::Model;

const DEADLINE: Duration = Duration::from_secs(40);

const STEPS: &str = r#"
[[steps]]
at = "2s"
do = "delete"
file = "live"
[[steps]]
after = "all workers reopened"
timeout = "30s"
do = "truncate"
file = "live"
[[steps]]
after = "all workers reopened"
timeout = "30s"
do = "rename"
file = "live"
to = "moved-{n}.log"
"#;

fn wait(engine: &Engine, what: &str, condition: impl Fn(&Engine) -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition(engine) {
        assert!(Instant::now() < deadline, "waited in vain until {what}");
        std::thread::sleep(Duration::from_millis(5)); // poll
    }
}

fn kind_of(event: &Event) -> Option<&'static str> {
    match &event.what {
        What::Follow(follow) => follow.kind(),
        _ => None,
    }
}

/// A run with faults: its events as JSON lines give the same model, timeline and ledger.
#[test]
fn a_recorded_run_gives_the_same_model_again() {
    let temporary = tempfile::tempdir().unwrap();
    let folder = lab::claim_folder(&temporary.path().join("lab")).unwrap();
    let lab = Lab::parse(&lab_text("watched", None, 3, 300, STEPS), "test").unwrap_or_else(|error| panic!("{error}"));
    let config = EngineConfig { program: env!("CARGO_BIN_EXE_rotascope").into(), waker: Box::new(|| {}) };
    let (recorder, recorded) = crossbeam_channel::unbounded();
    let session = Session::Lab { lab: Box::new(lab), folder };
    let engine = Engine::open_recorded(session, config, recorder).unwrap();
    engine.send(Command::Lab(LabOrder::Start));
    wait(&engine, "the last step is done", Engine::steps_are_over);
    engine.send(Command::Lab(LabOrder::Stop));
    wait(&engine, "all is drained", |engine| engine.model().lab_state() == LabState::Ready);

    let model = engine.model();
    let events: Vec<Event> = recorded.try_iter().collect();
    let kinds: BTreeSet<&str> = events.iter().filter_map(kind_of).collect();
    for kind in ["deleted", "truncated", "renamed"] {
        assert!(kinds.contains(kind), "{kind} is not among {kinds:?}; {:?}", model.notices());
    }
    let json: Vec<String> = events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
    let mut again = Model::default();
    for (line, event) in json.iter().zip(&events) {
        let read: Event = serde_json::from_str(line).unwrap();
        assert_eq!(&read, event, "{line}");
        again.apply(&read);
    }
    assert!(model.ledger().total().written > 100);
    assert_eq!(again.ledger(), model.ledger());
    assert!(again == *model, "the models differ");
}

/// A file name is bytes; none is bent on its way through JSON.
#[cfg(unix)]
#[test]
fn names_that_are_no_text_survive() {
    use std::os::unix::ffi::OsStringExt;
    let odd = std::path::PathBuf::from(std::ffi::OsString::from_vec(b"/logs/\xff.log".to_vec()));
    let at = rotascope::clock::Moment::now();
    for follow in [
        FollowEvent::Accessible { path: odd.clone() },
        FollowEvent::Retargeted { path: odd.clone(), to: odd.clone() },
        FollowEvent::Missed { path: odd, file_id: None },
    ] {
        let event = Event { at, what: What::Follow(follow) };
        let json = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<Event>(&json).unwrap(), event, "{json}");
    }
}
