//! The window on a stage: real panels, a model that stands still, and an engine that only notes its orders.

use std::cell::RefCell;
use std::io::Write;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::DateTime;
use crossbeam_channel::Receiver;
use eframe::egui::{self, Key, Modifiers, Rect, Role, TexturesDelta, ViewportEvent, ViewportId, vec2};
use egui_kittest::kittest::{NodeT, Queryable};
use egui_kittest::{Harness, TestRenderer};
use rotascope::clock::{ClockMode, ClockSetting, Moment, Mono};
use rotascope::command::Command;
use rotascope::engine::Engine;
use rotascope::event::{Batch, Event, FileId, FollowEvent, IncarnationId, LineMark, Origin, SessionOpened, What};
use rotascope::follow::Texts;
use rotascope::gui::raster::{Canvas, Image};
use rotascope::gui::settings::ThemeChoice;
use rotascope::gui::text::Language;
use rotascope::gui::{Settings, Window, fonts, theme};
use rotascope::model::Model;
use rotascope::record::LEVELS;

use crate::sample;

/// What the harness leaves free around what it draws.
const MARGIN: f32 = 8.0;

/// Keeps the textures of the harness's context up to date, so that any of its frames can be drawn.
struct Painter(Rc<RefCell<Canvas>>);

impl TestRenderer for Painter {
    fn handle_delta(&mut self, delta: &mut TexturesDelta) {
        self.0.borrow_mut().update(delta);
    }
}

/// A window, its controls by their names, and what it asks of the engine.
pub(crate) struct Stage {
    pub(crate) harness: Harness<'static, Window>,
    asked: Receiver<Command>,
    canvas: Rc<RefCell<Canvas>>,
    size: egui::Vec2,
}

/// English and dark, whatever the machine is set to.
pub(crate) fn settings() -> Settings {
    Settings { theme: ThemeChoice::Dark, language: Some(Language::English), ..Settings::default() }
}

impl Stage {
    /// The made-up lesson: four workers, renamed and deleted files, a simulated clock.
    pub(crate) fn lesson() -> Stage {
        Stage::lesson_with(settings(), [1280.0, 800.0])
    }

    pub(crate) fn lesson_with(settings: Settings, size: [f32; 2]) -> Stage {
        let lesson = sample::lesson();
        Stage::open(&lesson.events, lesson.texts().unwrap(), settings, size)
    }

    /// Somebody's own folder, with one log and no lab.
    pub(crate) fn foreign() -> Stage {
        let (events, texts) = foreign_session();
        Stage::open(&events, texts, settings(), [1280.0, 800.0])
    }

    /// No session at all.
    pub(crate) fn empty() -> Stage {
        Stage::open(&[], Texts::default(), settings(), [1280.0, 800.0])
    }

    pub(crate) fn open(events: &[Event], texts: Texts, settings: Settings, size: [f32; 2]) -> Stage {
        Stage::open_at(Some(events.last().map_or(at(0), |event| event.at)), events, texts, settings, size)
    }

    /// The same folder as [`Stage::foreign`] in a window whose time goes on.
    pub(crate) fn foreign_now() -> Stage {
        let (events, texts) = foreign_session();
        Stage::open_at(None, &events, texts, settings(), [1280.0, 800.0])
    }

    fn open_at(now: Option<Moment>, events: &[Event], texts: Texts, settings: Settings, size: [f32; 2]) -> Stage {
        let mut model = Model::new();
        for event in events {
            model.apply(event);
        }
        let (engine, asked) = Engine::still(model, texts);
        let mut window = Window::new(engine, settings).with_program(env!("CARGO_BIN_EXE_rotascope").into());
        if let Some(now) = now {
            window.fix_moment(now);
        }
        let canvas = Rc::new(RefCell::new(Canvas::new()));
        let size = vec2(size[0], size[1]);
        let harness = Harness::builder()
            .with_size(size + vec2(2.0 * MARGIN, 2.0 * MARGIN))
            .with_max_steps(24)
            .with_context_setup(|ctx| {
                fonts::install(ctx);
                theme::install(ctx);
            })
            .renderer(Painter(Rc::clone(&canvas)))
            .build_ui_state(|ui, window: &mut Window| window.ui(ui), window);
        Stage { harness, asked, canvas, size }
    }

    /// Clicks the control of that name, whatever it is.
    pub(crate) fn click(&mut self, name: &str) {
        self.harness.get_by_label(name).click();
        self.harness.run();
    }

    /// Clicks the button of that name: list rows and texts may bear it too.
    pub(crate) fn press(&mut self, name: &str) {
        self.harness.get_by_role_and_label(Role::Button, name).click();
        self.harness.run();
    }

    /// Opens menus one in another and clicks the last name. Names may be cut short.
    pub(crate) fn choose(&mut self, path: &[&str]) {
        for (depth, name) in path.iter().enumerate() {
            self.click_at_depth(name, depth == 0);
        }
    }

    /// Clicks a name in the menu that is open.
    pub(crate) fn choose_in_menu(&mut self, name: &str) {
        self.click_at_depth(name, false);
    }

    /// Clicks a button of the window itself, or of what lies over it.
    fn click_at_depth(&mut self, name: &str, in_window: bool) {
        let is_there = |rect: Rect| {
            let layer = self.harness.ctx.layer_id_at(rect.center());
            layer.is_some_and(|layer| (layer.order == egui::Order::Background) == in_window)
        };
        let found = self.harness.query_all_by_role(Role::Button).find(|node| {
            let label = node.accesskit_node().label().unwrap_or_default();
            label.starts_with(name) && is_there(node.rect())
        });
        found.unwrap_or_else(|| panic!("no {name:?} in the menu")).click();
        self.harness.run();
    }

    /// Gives frames until something is so, which another thread may have to bring about.
    pub(crate) fn until(&mut self, is_so: impl Fn(&Stage) -> bool) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while !is_so(self) {
            assert!(Instant::now() < deadline, "waited in vain");
            std::thread::sleep(Duration::from_millis(5));
            self.harness.step();
        }
    }

    pub(crate) fn key(&mut self, modifiers: Modifiers, key: Key) {
        self.harness.key_press_modifiers(modifiers, key);
        self.harness.run();
    }

    pub(crate) fn type_text(&mut self, text: &str) {
        self.harness.event(egui::Event::Text(text.to_owned()));
        self.harness.run();
    }

    pub(crate) fn sees(&self, name: &str) -> bool {
        self.harness.query_all_by_label_contains(name).next().is_some()
    }

    /// What was asked of the engine since the last call.
    pub(crate) fn orders(&self) -> Vec<Command> {
        self.asked.try_iter().collect()
    }

    /// As if the window's cross had been clicked: whether the window asked for it not to close.
    pub(crate) fn ask_to_close(&mut self) -> bool {
        let viewport = self.harness.input_mut().viewports.get_mut(&ViewportId::ROOT).unwrap();
        viewport.events.push(ViewportEvent::Close);
        self.harness.step();
        let refused = self.sent_viewport_command(&egui::ViewportCommand::CancelClose);
        self.harness.run();
        refused
    }

    /// Whether the last frame sent this to the window system.
    pub(crate) fn sent_viewport_command(&self, command: &egui::ViewportCommand) -> bool {
        self.harness.output().viewport_output[&ViewportId::ROOT].commands.contains(command)
    }

    /// The window as it stands, without the harness's margin.
    pub(crate) fn picture(&self) -> Image {
        let output = self.harness.output();
        let primitives = self.harness.ctx.tessellate(output.shapes.clone(), output.pixels_per_point);
        let size = self.size + vec2(2.0 * MARGIN, 2.0 * MARGIN);
        let mut canvas = self.canvas.borrow_mut();
        canvas.render(&mut TexturesDelta::default(), &primitives, [size.x as usize, size.y as usize], 1.0)
    }

    /// Where the window may draw.
    pub(crate) fn area(&self) -> Rect {
        Rect::from_min_size(egui::pos2(MARGIN, MARGIN), self.size)
    }
}

fn at(ms: u64) -> Moment {
    let wall = DateTime::parse_from_rfc3339("2026-11-23T09:12:40Z").unwrap().to_utc();
    Moment { mono: Mono(1_000_000_000_000 + ms * 1_000_000), wall: wall + chrono::Duration::milliseconds(ms as i64) }
}

pub(crate) const FOREIGN_FILE: FileId = FileId { dev: 7, ino: 4711, born_ns: 5 };

pub(crate) fn foreign_path() -> PathBuf {
    PathBuf::from("/srv/shop/logs/shop.log")
}

/// A folder that no lab owns, in which one file of three lines stands.
fn foreign_session() -> (Vec<Event>, Texts) {
    let text = "2026-11-23 09:00:00 INFO started\n2026-11-23 09:00:01 ERROR no route to host\n2026-11-23 09:00:02 INFO again\n";
    let incarnation = IncarnationId(1);
    let size = text.len() as u64;
    let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at as u64 + 1));
    let marks = (0..3).zip(starts).map(|(line, offset)| LineMark { line, offset }).collect();
    let facts = [
        What::SessionOpened(SessionOpened {
            title: "logs".to_owned(),
            paths: vec![PathBuf::from("/srv/shop/logs")],
            lab: None,
        }),
        What::ClockSet {
            clock: ClockSetting { mode: ClockMode::Wall, zone: Some("UTC".to_owned()) },
            by: rotascope::event::Actor::Person,
        },
        What::Follow(FollowEvent::Created {
            incarnation,
            file_id: FOREIGN_FILE,
            path: foreign_path(),
            start_offset: 0,
            size,
            origin: Origin::AtStart,
            unlinked: false,
        }),
        What::Follow(FollowEvent::Read(Batch {
            incarnation,
            first_line: 0,
            lines: 3,
            start: 0,
            end: size,
            size,
            marks,
            longest_bytes: 42,
            levels: [0; LEVELS],
            stamps: Vec::new(),
            torn: Vec::new(),
            fragments: 0,
            nul_bytes: 0,
        })),
    ];
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let texts = Texts::default();
    texts.insert(incarnation, Arc::new(file));
    let events = facts.into_iter().enumerate().map(|(n, what)| Event { at: at(n as u64), what }).collect();
    (events, texts)
}
