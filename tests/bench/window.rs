//! How long a frame of the window takes on one core: 10 million rows, 100,000 marks in 20 lanes.
//!
//! `cargo bench --bench window`. The triangles are made, but nobody draws them: that is the graphics driver's work.

#![allow(clippy::unwrap_used, missing_docs)]

use std::io::Write;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use eframe::egui::{
    self, Context, Event as Input, Modifiers, MouseWheelSource, MouseWheelUnit, RawInput, Rect, TouchPhase, pos2, vec2,
};
use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::engine::Engine;
use rotascope::event::{
    Actor, Batch, Cut, Event, FileId, FollowEvent, IncarnationId, LineMark, Origin, SessionOpened, What,
};
use rotascope::follow::Texts;
use rotascope::gui::find::{LevelSet, Lines, Query, Scan, Stretch, Wanted};
use rotascope::gui::settings::ThemeChoice;
use rotascope::gui::text::Language;
use rotascope::gui::{Jump, Settings, Window, fonts, theme};
use rotascope::model::Model;
use rotascope::record::Level;
use rustix::time::{ClockId, clock_gettime};

const LANES: u32 = 20;
const FILES: u32 = 50_000;
const LINES_PER_FILE: u64 = 200;
/// Between two files of one lane, in nanoseconds.
const APART_NS: u64 = 40_000_000;
const FRAMES: usize = 200;

fn at(ns: u64) -> Moment {
    let wall = DateTime::<Utc>::from_timestamp_nanos(1_790_000_000_000_000_000 + ns as i64);
    Moment { mono: Mono(1_000_000_000_000 + ns), wall }
}

/// One file's text; all of them share it.
fn text() -> Vec<u8> {
    let line = |n: u64| {
        format!("INFO 2026-05-10 00:00:{:02},{:03} web 4121 1 GET /red 200 3.{n:03}s 用户\n", n / 1_000 % 60, n)
    };
    (0..LINES_PER_FILE).flat_map(|n| line(n).into_bytes()).collect()
}

fn session(size: u64, width: u64) -> (Model, Moment) {
    let mut model = Model::new();
    let mut apply = |ns: u64, what: What| model.apply(&Event { at: at(ns), what });
    let paths = vec![PathBuf::from("/logs")];
    apply(0, What::SessionOpened(SessionOpened { title: "bench".into(), paths, lab: None }));
    let clock = ClockSetting { mode: ClockMode::Wall, zone: Some("UTC".into()) };
    apply(0, What::ClockSet { clock, by: Actor::Person });
    for nth in 0..FILES {
        let incarnation = IncarnationId(nth + 1);
        let path = PathBuf::from(format!("/logs/app-{:02}.log", nth % LANES));
        let ns = u64::from(nth) * APART_NS / u64::from(LANES);
        let file_id = FileId { dev: 1, ino: u64::from(nth) + 10, born_ns: 1 };
        let origin = Origin::Created;
        let created = FollowEvent::Created {
            incarnation,
            file_id,
            path: path.clone(),
            start_offset: 0,
            size: 0,
            origin,
            unlinked: false,
        };
        apply(ns, What::Follow(created));
        apply(ns + 1_000_000, What::Follow(FollowEvent::Read(batch(incarnation, size, width))));
        if nth + LANES < FILES {
            let cut = Cut { offset: size, exact: true };
            let by = Actor::Other;
            let deleted = FollowEvent::Deleted { incarnation, path, cut, beyond: Vec::new(), by, replaced: false };
            apply(ns + APART_NS * 9 / 10, What::Follow(deleted));
        }
    }
    (model, at(u64::from(FILES) * APART_NS / u64::from(LANES)))
}

fn batch(incarnation: IncarnationId, size: u64, width: u64) -> Batch {
    let marks = (0..LINES_PER_FILE).step_by(50).map(|line| LineMark { line, offset: line * width }).collect();
    Batch {
        incarnation,
        first_line: 0,
        lines: LINES_PER_FILE,
        start: 0,
        end: size,
        size,
        marks,
        longest_bytes: width,
        levels: [0, 10, 160, 20, 9, 1],
        stamps: Vec::new(),
        torn: Vec::new(),
        fragments: 0,
        nul_bytes: 0,
    }
}

struct Bench {
    ctx: Context,
    window: Window,
    frames: u64,
}

impl Bench {
    /// Milliseconds of processor time that one frame takes.
    fn frame(&mut self, events: Vec<Input>) -> f64 {
        let input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), vec2(1920.0, 1080.0))),
            time: Some(self.frames as f64 / 60.0),
            events,
            focused: true,
            ..RawInput::default()
        };
        self.frames += 1;
        let before = processor_ms();
        let window = &mut self.window;
        let mut output = self.ctx.run_ui(input, |ui| window.ui(ui));
        output.textures_delta.clear();
        let triangles = self.ctx.tessellate(output.shapes, output.pixels_per_point);
        std::hint::black_box(triangles);
        processor_ms() - before
    }

    fn report(&mut self, what: &str, mut each: impl FnMut(&mut Bench, usize) -> Vec<Input>) {
        for n in 0..10 {
            let events = each(self, n);
            self.frame(events);
        }
        let mut times: Vec<f64> = (0..FRAMES)
            .map(|n| {
                let events = each(self, n + 10);
                self.frame(events)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        println!("{what:<44} median {:6.2} ms   worst {:6.2} ms", times[FRAMES / 2], times[FRAMES - 1]);
    }
}

fn processor_ms() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    now.tv_sec as f64 * 1e3 + now.tv_nsec as f64 / 1e6
}

fn wheel(at: egui::Pos2, delta: egui::Vec2) -> Vec<Input> {
    let (unit, modifiers, phase) = (MouseWheelUnit::Point, Modifiers::NONE, TouchPhase::Move);
    vec![Input::PointerMoved(at), Input::MouseWheel { unit, delta, modifiers, phase, source: MouseWheelSource::Wheel }]
}

fn main() {
    let text = text();
    let width = text.len() as u64 / LINES_PER_FILE;
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&text).unwrap();
    let file = Arc::new(file);
    let texts = Texts::default();
    for nth in 0..FILES {
        texts.insert(IncarnationId(nth + 1), Arc::clone(&file));
    }
    let (model, now) = session(text.len() as u64, width);
    println!("{} rows, {} marks", model.rows().len(), model.timeline().marks.len());
    let rows = model.rows().len();
    let (engine, _asked) = Engine::still(model, texts);
    let settings =
        Settings { theme: ThemeChoice::Dark, language: Some(Language::English), files: false, ..Settings::default() };
    let mut window = Window::new(engine, settings);
    window.fix_moment(now);
    let ctx = Context::default();
    fonts::install(&ctx);
    theme::install(&ctx);
    let mut bench = Bench { ctx, window, frames: 0 };
    bench.frame(Vec::new());

    bench.report("still, following", |_, _| Vec::new());
    bench.report("log scrolled by three rows a frame", |_, _| wheel(pos2(600.0, 400.0), vec2(0.0, 60.0)));
    bench.report("log at another place every frame", |bench, n| {
        bench.window.state.jump = Some(Jump::Row(rows * (n as u64 * 7_919 % 1_000) / 1_000));
        Vec::new()
    });
    bench.report("timeline zoomed in and out", |_, n| {
        let delta = if n % 40 < 20 { 40.0 } else { -40.0 };
        wheel(pos2(1_000.0, 950.0), vec2(0.0, delta))
    });
    for _ in 0..60 {
        bench.frame(wheel(pos2(1_000.0, 950.0), vec2(0.0, -400.0)));
    }
    bench.report("timeline with all marks in view", |_, n| vec![Input::PointerMoved(pos2(900.0 + n as f32, 950.0))]);
    bench.window.state.settings.timeline = false;
    bench.report("without the timeline", |_, _| Vec::new());
    drop(bench);
    searches();
}

/// How fast a file of 200 MB is looked through, from the first byte to the last.
fn searches() {
    let line = "INFO 2026-05-10 00:00:09,942 web 4122 1 GET /orders/1024 200 0.031s from 10.0.0.1\n";
    let many = line.repeat(1_000);
    let mut file = tempfile::tempfile().unwrap();
    let mut lines = 0;
    while lines * (line.len() as u64) < 200_000_000 {
        file.write_all(many.as_bytes()).unwrap();
        lines += 1_000;
    }
    let file = Arc::new(file);
    let end = lines * line.len() as u64;
    for (what, typed, levels) in [
        ("a literal that is not there", "nowhere", LevelSet::ALL),
        ("a literal in every line", "orders", LevelSet::ALL),
        ("a pattern with two wildcards", "/web.*GET.*999/", LevelSet::ALL),
        ("a level", "", LevelSet::from(Level::Error)),
    ] {
        let wanted = Wanted { query: Query::parse(typed).unwrap(), levels, dividers: false, stamps: false };
        let begun = Instant::now();
        let mut scan = Scan::start(wanted, || {}).unwrap();
        let mark = LineMark { line: 0, offset: 0 };
        let incarnation = IncarnationId(1);
        let encoding = rotascope::record::TextEncoding::Utf8;
        let text = Lines { incarnation, file: Some(Arc::clone(&file)), first: 0, mark, end, encoding };
        scan.feed(Stretch { first_row: 0, rows: lines, lines: Some(text) });
        while scan.done() < lines {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let seconds = begun.elapsed().as_secs_f64();
        println!("search for {what:<33} {:6.0} MB/s", end as f64 / 1e6 / seconds);
    }
}
