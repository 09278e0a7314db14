//! What two system calls of a handler leave between them, each provoked at its point.
#![allow(clippy::unwrap_used)]

mod full;
mod locked;
mod random;
mod rollover;
mod verified;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{
    Class, EmitError, EmitFault, Handler, HandlerSetup, NoProbe, Observer, Opened, Point, Probe, Surroundings,
};
use crate::clock::{ClockMode, ClockSetting, Moment, SessionClock};
use crate::event::{OpenReason, Rollover};

/// Does something once, when a handler has reached a point.
struct At<F: Fn(&Path) + Send>(Point, std::sync::atomic::AtomicBool, F);

fn at<F: Fn(&Path) + Send>(point: Point, act: F) -> At<F> {
    At(point, std::sync::atomic::AtomicBool::new(true), act)
}

impl<F: Fn(&Path) + Send> Probe for At<F> {
    fn reached(&self, point: Point, path: &Path) {
        if point == self.0 && self.1.swap(false, std::sync::atomic::Ordering::Relaxed) {
            self.2(path);
        }
    }
}

#[derive(Default)]
struct Seen(Vec<OpenReason>, Vec<String>);

impl Observer for Seen {
    fn opened(&mut self, opened: Opened<'_>) {
        self.0.push(opened.reason);
    }

    fn rolled_over(&mut self, _: Moment, _: Rollover) {}

    fn dropped(&mut self, line: &[u8], _: &EmitError) {
        self.1.push(String::from_utf8_lossy(line).into_owned());
    }
}

fn noon() -> SessionClock {
    SessionClock::new(ClockSetting { zone: Some("UTC".into()), ..ClockSetting::wall() })
}

/// A clock that stands at noon of this day of May.
fn day(day: u32) -> SessionClock {
    let start = chrono::DateTime::parse_from_rfc3339(&format!("2026-05-{day:02}T12:00:00Z")).unwrap();
    let mode = ClockMode::Simulated { anchor: None, start, rate: 1.0 };
    SessionClock::new(ClockSetting { mode, zone: Some("UTC".to_owned()) })
}

/// All lines below a folder, in the order of the files' names.
fn lines(folder: &Path) -> Vec<String> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    let of = |path: &PathBuf| -> Vec<String> {
        if path.is_dir() {
            return lines(path);
        }
        fs::read_to_string(path).unwrap().lines().map(str::to_owned).collect()
    };
    paths.iter().flat_map(of).collect()
}

/// One process that writes through a handler.
struct Bench {
    folder: Arc<tempfile::TempDir>,
    setup: HandlerSetup,
    handler: Box<dyn Handler>,
    clock: SessionClock,
    seen: Seen,
}

impl Bench {
    fn new(class: Class, name: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let setup = HandlerSetup::new(class, folder.path().join(name));
        Bench {
            handler: setup.build(folder.path()),
            setup,
            folder: Arc::new(folder),
            clock: noon(),
            seen: Seen::default(),
        }
    }

    /// Another process with the same handler.
    fn beside(&self) -> Bench {
        let (folder, setup) = (Arc::clone(&self.folder), self.setup.clone());
        Bench { handler: setup.build(folder.path()), setup, folder, clock: self.clock.clone(), seen: Seen::default() }
    }

    fn open(&mut self, probe: &dyn Probe) -> Result<(), EmitError> {
        self.handler.open(&mut Surroundings {
            clock: &self.clock,
            line_day: None,
            observer: &mut self.seen,
            probe,
            beginning: b"",
            called_away: &|| false,
        })
    }

    fn emit(&mut self, line: &str, probe: &dyn Probe) -> Result<(), EmitError> {
        let mut around = Surroundings {
            clock: &self.clock,
            line_day: None,
            observer: &mut self.seen,
            probe,
            beginning: b"",
            called_away: &|| false,
        };
        self.handler.emit(line.as_bytes(), &mut around)
    }

    fn check(&mut self, probe: &dyn Probe) -> Result<(), EmitError> {
        self.handler.check(&mut Surroundings {
            clock: &self.clock,
            line_day: None,
            observer: &mut self.seen,
            probe,
            beginning: b"",
            called_away: &|| false,
        })
    }

    fn close(&mut self, probe: &dyn Probe) -> Result<(), EmitError> {
        self.handler.close(&mut Surroundings {
            clock: &self.clock,
            line_day: None,
            observer: &mut self.seen,
            probe,
            beginning: b"",
            called_away: &|| false,
        })
    }
}

#[test]
fn a_delete_between_look_and_write_takes_the_line_with_it() {
    let mut bench = Bench::new(Class::Watched, "a1.log");
    let path = bench.folder.path().join("a1.log");
    bench.open(&NoProbe).unwrap();
    bench.emit("1\n", &NoProbe).unwrap();
    let mut held = fs::File::open(&path).unwrap();
    bench.emit("2\n", &at(Point::BeforeWrite, |path| fs::remove_file(path).unwrap())).unwrap();
    bench.emit("3\n", &NoProbe).unwrap();
    let mut unlinked = String::new();
    held.read_to_string(&mut unlinked).unwrap();
    assert_eq!(unlinked, "1\n2\n", "in silence: the write succeeded");
    assert_eq!(fs::read_to_string(&path).unwrap(), "3\n");
    assert_eq!(bench.seen.0, [OpenReason::First, OpenReason::Gone]);
}

#[test]
fn two_dailys_that_make_their_folder_at_once_lose_one() {
    let mut bench = Bench::new(Class::Daily, "logs");
    let error = bench.open(&at(Point::FolderMissing, |folder| fs::create_dir(folder).unwrap())).unwrap_err();
    assert!(matches!(&error.reason, EmitFault::System(io) if io.kind() == std::io::ErrorKind::AlreadyExists));
    assert_eq!(error.operation, "makedirs");
    assert!(bench.seen.0.is_empty());
}

#[test]
fn a_line_before_any_open_is_an_error_not_a_panic() {
    let error = Bench::new(Class::Plain, "a1.log").emit("1\n", &NoProbe).unwrap_err();
    assert!(!error.torn());
    assert!(error.to_string().starts_with("write /"), "{error}");
}
