//! `rotascope shot`: plays a lab with real workers and draws the real window into files, without a display.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use chrono::Utc;
use crossbeam_channel::RecvTimeoutError;
use eframe::egui::{Vec2, vec2};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::raster::ImageError;
use super::screen::Screen;
use super::settings::{Settings, ThemeChoice};
use super::text::Language;
use super::window::Window;
use crate::cli::{Shot, ShotLanguage, ShotTheme};
use crate::clock::{Moment, Mono};
use crate::command::{Command, LabOrder};
use crate::engine::{Engine, EngineConfig, EngineError, Session};
use crate::lab::{Lab, LabError, claim_folder};

/// How often the window gets a frame between pictures: what it shows for a while must come and go as on a screen.
const FRAME: Duration = Duration::from_millis(100);
/// How long a lab without steps runs before its picture.
const WITHOUT_STEPS: Duration = Duration::from_secs(5);
/// More pixels than this in one picture are a slip of the pen.
const MOST_PIXELS: f32 = 1e8;

/// Why there are no pictures.
#[derive(Debug, thiserror::Error)]
pub enum ShotError {
    /// The scenario is no lab file.
    #[error(transparent)]
    Lab(#[from] LabError),
    /// The session could not be opened.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A picture could not be written.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// Something of the system's failed.
    #[error("can't {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// Window and scale make too large a picture.
    #[error("{0} x {1} pixels are too many for a picture; choose a smaller --size or --scale")]
    TooLarge(u32, u32),
    /// A signal came before the end.
    #[error("interrupted before the last picture")]
    Interrupted,
}

/// Plays the scenario in a temporary folder and writes its pictures, `written` being told each file when it stands.
///
/// # Errors
/// When the scenario can't be read or started, a picture can't be written, or a signal ends it.
pub fn shot(asked: &Shot, mut written: impl FnMut(&Path)) -> Result<(), ShotError> {
    let pixels = (size_of(asked) * asked.scale).round();
    if pixels.x * pixels.y > MOST_PIXELS {
        return Err(ShotError::TooLarge(pixels.x as u32, pixels.y as u32));
    }
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted)).map_err(system("listen for signals"))?;
    }
    let lab = Lab::read(&asked.scenario)?;
    std::fs::create_dir_all(&asked.out).map_err(system(format!("make the folder {}", asked.out.display())))?;
    let temporary =
        tempfile::Builder::new().prefix("rotascope-").tempdir().map_err(system("make a temporary folder"))?;
    let title = lab.title.clone();
    let has_steps = !lab.steps.is_empty();
    let folder = claim_folder(&temporary.path().join("lab")).map_err(EngineError::from)?;
    let session = Session::Lab { lab: Box::new(lab), folder };
    let engine = Engine::open(session, EngineConfig::quiet().map_err(system("find the own executable"))?)?;
    let mut studio = Studio::new(engine, asked);
    studio.frame();
    studio.window.engine().send(Command::Lab(LabOrder::Start));
    let began = Instant::now();
    let mut taken = 0;
    while let Some(name) = studio.next_picture(&interrupted, |engine| match has_steps {
        true => engine.steps_are_over(),
        false => began.elapsed() >= WITHOUT_STEPS,
    })? {
        written(&studio.take(&name)?);
        taken += 1;
    }
    if taken == 0 {
        written(&studio.take(&title)?);
    }
    Ok(())
}

fn size_of(asked: &Shot) -> Vec2 {
    vec2(f32::from(asked.size.0), f32::from(asked.size.1))
}

fn system(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> ShotError {
    let what = what.into();
    move |source| ShotError::System { what, source }
}

/// The window, and what takes its pictures.
struct Studio {
    window: Window,
    screen: Screen,
    out: PathBuf,
}

impl Studio {
    fn new(engine: Engine, asked: &Shot) -> Studio {
        let theme = match asked.theme {
            ShotTheme::Dark => ThemeChoice::Dark,
            ShotTheme::Light => ThemeChoice::Light,
        };
        let language = match asked.language {
            ShotLanguage::En => Language::English,
            ShotLanguage::Zh => Language::Chinese,
        };
        let settings = Settings { theme, language: Some(language), ..Settings::default() };
        Studio {
            window: Window::new(engine, settings),
            screen: Screen::new(size_of(asked), asked.scale),
            out: asked.out.clone(),
        }
    }

    /// Waits for the next picture step; none when the lab is over.
    fn next_picture(
        &mut self,
        interrupted: &AtomicBool,
        is_over: impl Fn(&Engine) -> bool,
    ) -> Result<Option<String>, ShotError> {
        loop {
            if interrupted.load(Ordering::Relaxed) {
                return Err(ShotError::Interrupted);
            }
            // Asked before the channel is looked at: the last step's picture must not be missed.
            let over = is_over(self.window.engine());
            let wait = if over { Duration::ZERO } else { FRAME };
            match self.window.engine().pictures().recv_timeout(wait) {
                Ok(name) => return Ok(Some(name)),
                Err(_) if over => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.frame(),
                // The engine has ended by itself, a defect: what there is can still be shown.
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
            }
        }
    }

    fn frame(&mut self) {
        self.window.fix_moment(now());
        self.screen.pass(|ui| self.window.ui(ui));
    }

    fn take(&mut self, name: &str) -> Result<PathBuf, ShotError> {
        // One moment for all frames of the picture: a running clock would never let it settle.
        self.window.fix_moment(now());
        let image = self.screen.picture(|ui| self.window.ui(ui));
        let path = self.out.join(format!("{name}.png"));
        image.write_png(&path)?;
        Ok(path)
    }
}

fn now() -> Moment {
    Moment { mono: Mono::now(), wall: Utc::now() }
}
