//! The ruler on the screen: lines through all lanes, session time above them, midnights and jumps of the clock.

use chrono::{DateTime, FixedOffset};
use eframe::egui;
use egui::{Align2, Rect, Shape, Stroke, pos2, vec2};

use super::Canvas;
use super::ruler::{Ruler, SessionTime, ruler};
use crate::clock::{ClockSetting, Mono};
use crate::gui::state::Scene;
use crate::gui::theme;

/// Session time at a moment.
fn session_time(scene: &Scene<'_>, at: Mono) -> DateTime<FixedOffset> {
    let moment = scene.moment_at(at);
    match scene.model.clock_at(at) {
        Some(clock) => clock.session_time(&moment),
        None => ClockSetting::wall().session_time(&moment),
    }
}

/// Local session time, in nanoseconds since 1970.
pub(super) fn local_ns(scene: &Scene<'_>, at: Mono) -> i64 {
    session_time(scene, at).naive_local().and_utc().timestamp_nanos_opt().unwrap_or(0)
}

impl SessionTime for Scene<'_> {
    fn local_ns(&self, at: Mono) -> i64 {
        local_ns(self, at)
    }

    fn offset_s(&self, at: Mono) -> i32 {
        session_time(self, at).offset().local_minus_utc()
    }
}

/// The ruler for what is shown.
pub(super) fn lay_out(canvas: &Canvas<'_>) -> Ruler {
    let settings = set_moments(canvas.scene);
    let known = super::happened(canvas.scene).map_or(Mono(0), |(first, _)| first);
    ruler(&canvas.shown, canvas.width(), canvas.scene, &settings, known)
}

/// The moments at which the session's clock was set, or began to run.
fn set_moments(scene: &Scene<'_>) -> Vec<Mono> {
    scene.model.clocks().iter().map(|(from, _)| *from).collect()
}

/// Paints what lies behind the lanes: lines and labels.
pub(super) fn paint_behind(canvas: &Canvas<'_>, ruler: &Ruler, all: Rect) {
    let colors = canvas.colors;
    let left = canvas.rect.left();
    let labels = canvas.over.with_clip_rect(all.with_max_y(canvas.rect.top() + 1.0));
    for tick in &ruler.ticks {
        let x = left + tick.x as f32;
        if x < left - 0.5 {
            continue;
        }
        canvas.over.vline(x, canvas.rect.top() - 4.0..=all.bottom(), Stroke::new(1.0, colors.grid));
        let at = pos2(x + 5.0, canvas.rect.top() - 10.0);
        labels.text(at, Align2::LEFT_CENTER, &tick.label, theme::mono(10.5), colors.muted);
    }
    canvas.over.hline(all.x_range(), canvas.rect.top() - 0.5, Stroke::new(1.0, colors.hairline));
}

/// Paints what lies over the lanes: midnights, jumps of the clock, the present.
pub(super) fn paint_over(canvas: &Canvas<'_>, ruler: &Ruler, all: Rect) {
    let colors = canvas.colors;
    let mut tags = Tags::default();
    for x in &ruler.midnights {
        let x = dashed(canvas, *x, all, colors.warn);
        tags.put(canvas, x, &canvas.scene.tr("timeline-midnight"), colors.warn);
    }
    for jump in &ruler.breaks {
        let x = dashed(canvas, jump.x, all, colors.muted);
        let key = if jump.by_rule { "timeline-clocks-change" } else { "timeline-jump" };
        let word = canvas.scene.tr_args(key, &[("time", jump.label.as_str().into())]);
        tags.put(canvas, x, &word, colors.muted);
    }
    let now = canvas.shown.x(canvas.now);
    if (0.0..=canvas.width()).contains(&now) {
        let x = canvas.rect.left() + now as f32;
        canvas.over.vline(x, canvas.rect.top()..=all.bottom(), Stroke::new(1.0, colors.accent));
    }
}

fn dashed(canvas: &Canvas<'_>, x: f64, all: Rect, color: egui::Color32) -> f32 {
    let x = canvas.rect.left() + x as f32;
    let line = [pos2(x, canvas.rect.top() - 4.0), pos2(x, all.bottom())];
    canvas.over.extend(Shape::dashed_line(&line, Stroke::new(1.0, color), 4.0, 3.0));
    x
}

/// Words beside lines. They never cover each other.
#[derive(Default)]
struct Tags {
    taken: Vec<Rect>,
}

impl Tags {
    /// Puts a word on a ground of its own above the lanes, and nowhere if there is no room: the badge beside it says as
    /// much when it is pointed at.
    fn put(&mut self, canvas: &Canvas<'_>, x: f32, text: &str, color: egui::Color32) {
        let galley = canvas.over.layout_no_wrap(text.to_owned(), theme::plain(10.5), color);
        let size = galley.size() + vec2(6.0, 0.0);
        let ground = Align2::LEFT_CENTER.anchor_size(pos2(x + 4.0, canvas.rect.top() + 9.0), size);
        if ground.right() > canvas.rect.right() || self.taken.iter().any(|taken| taken.intersects(ground)) {
            return;
        }
        canvas.over.rect_filled(ground, 3.0, canvas.colors.panel);
        canvas.over.galley(ground.min + vec2(3.0, 0.0), galley, color);
        self.taken.push(ground);
    }
}
