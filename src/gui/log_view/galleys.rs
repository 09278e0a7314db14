//! Laid-out lines, kept from frame to frame.

use std::collections::HashMap;
use std::sync::Arc;

use eframe::egui;
use egui::text::{LayoutJob, TextFormat};
use egui::{Color32, Galley, Ui};

use super::line::Shown;
use super::read::RawLine;
use super::store::Key;
use crate::gui::theme::{self, Colors};

/// Lines that are held laid out.
const MOST: usize = 1_500;

/// One line, ready to be painted.
#[derive(Clone)]
pub(super) struct Laid {
    /// What is shown.
    pub shown: Arc<Shown>,
    /// Its letters.
    pub galley: Arc<Galley>,
}

/// What a laid-out line depends on beside its bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Look {
    dark: bool,
    stamps: bool,
    pixels_per_point: f32,
}

/// Laid-out lines.
#[derive(Default)]
pub(super) struct Galleys {
    lines: HashMap<(Key, bool), (Laid, u64)>,
    look: Look,
    atlas: f32,
    frame: u64,
}

impl Galleys {
    /// Begins a frame: forgets everything if letters look different now, or lie elsewhere in the font texture.
    /// Says whether it did.
    pub(super) fn begin(&mut self, ui: &Ui, stamps: bool) -> bool {
        let look = Look { dark: ui.visuals().dark_mode, stamps, pixels_per_point: ui.pixels_per_point() };
        // The texture only ever fills up, unless it was thrown away with all letters in it.
        let atlas = ui.fonts_fill_ratio();
        let stale = look != self.look || atlas < self.atlas;
        if stale {
            self.lines.clear();
        }
        self.look = look;
        self.atlas = atlas;
        self.frame += 1;
        if self.lines.len() > MOST {
            let recent = self.frame.saturating_sub(2);
            self.lines.retain(|_, (_, used)| *used >= recent);
        }
        stale
    }

    /// Forgets everything: lines have got another text.
    pub(super) fn forget(&mut self) {
        self.lines.clear();
    }

    /// The line with this key, laid out; `faded` ones are no longer in their file.
    pub(super) fn get(&mut self, ui: &Ui, key: Key, raw: &RawLine, faded: bool) -> Laid {
        let frame = self.frame;
        if let Some((laid, used)) = self.lines.get_mut(&(key, faded)) {
            *used = frame;
            return laid.clone();
        }
        let shown = Shown::of(&raw.bytes, raw.whole, self.look.stamps);
        let galley = ui.painter().layout_job(job(&shown, Colors::of(ui), faded));
        let laid = Laid { shown: Arc::new(shown), galley };
        self.lines.insert((key, faded), (laid.clone(), frame));
        laid
    }
}

/// How full the font texture is.
trait FillRatio {
    fn fonts_fill_ratio(&self) -> f32;
}

impl FillRatio for Ui {
    fn fonts_fill_ratio(&self) -> f32 {
        self.fonts(|fonts| fonts.font_atlas_fill_ratio())
    }
}

fn job(shown: &Shown, colors: &Colors, faded: bool) -> LayoutJob {
    let text = if faded { colors.muted } else { colors.text };
    let mut inks: Vec<(usize, usize, Color32)> = Vec::new();
    if let Some(time) = &shown.time {
        inks.push((time.start, time.end, colors.muted));
    }
    if let Some((level, span)) = &shown.level
        && !faded
    {
        inks.push((span.start, span.end, colors.level(*level)));
    }
    inks.extend(shown.escapes.iter().chain(&shown.stamp).map(|span| (span.start, span.end, colors.muted)));
    inks.sort_unstable_by_key(|(start, ..)| *start);
    let format = |color| TextFormat { font_id: theme::mono(theme::MONO), color, ..TextFormat::default() };
    let mut job = LayoutJob { break_on_newline: false, ..LayoutJob::default() };
    job.wrap = egui::text::TextWrapping::no_max_width();
    let mut at = 0;
    for (start, end, color) in inks {
        if start < at {
            continue;
        }
        job.append(&shown.text[at..start], 0.0, format(text));
        job.append(&shown.text[start..end], 0.0, format(color));
        at = end;
    }
    job.append(&shown.text[at..], 0.0, format(text));
    if shown.cut {
        job.append(" …", 0.0, format(colors.accent));
    }
    job
}
