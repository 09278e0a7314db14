//! The button that tells whether the newest line is kept in view, and why not. Its place is as wide for one answer as for
//! any other: what stands beside it keeps its place while lines come in.

use eframe::egui;
use egui::{Align2, CornerRadius, Id, Sense, Ui, vec2};

use super::{LogView, Paused};
use crate::gui::state::{Scene, State};
use crate::gui::theme::{self, Colors};
use crate::gui::widgets;

/// From the button's edge to the words, and behind them.
const BEFORE: f32 = 22.0;
const BEHIND: f32 = 8.0;
/// Lines that came meanwhile, for which there is room from the beginning.
const ROOM_FOR: u64 = 999_999;

/// How much the button says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saying {
    /// Why it is paused, and how many lines have come since.
    All,
    /// Whether it is paused.
    State,
    /// The same by its dot alone.
    Nothing,
}

const REASONS: [Paused; 4] = [Paused::Scrolled, Paused::Searching, Paused::Selecting, Paused::Jumped];

fn reason(scene: &Scene<'_>, why: Paused) -> String {
    scene.tr(match why {
        Paused::Scrolled => "log-paused-scrolled",
        Paused::Searching => "log-paused-searching",
        Paused::Selecting => "log-paused-selecting",
        Paused::Jumped => "log-paused-jumped",
    })
}

fn with_new(scene: &Scene<'_>, new: u64) -> String {
    scene.tr_args("log-paused-new", &[("n", new.into())])
}

/// Its width, whatever it says at the moment.
pub(super) fn width(ui: &Ui, scene: &Scene<'_>, saying: Saying) -> f32 {
    let said = match saying {
        Saying::Nothing => return 26.0,
        Saying::State => vec![scene.tr("log-paused")],
        Saying::All => {
            let reasons = REASONS.into_iter().map(|why| reason(scene, why));
            reasons.chain([with_new(scene, ROOM_FOR)]).collect()
        }
    };
    let following = scene.tr("log-following");
    let widths = said.iter().chain([&following]).map(|text| text_width(ui, text));
    BEFORE + widths.fold(0.0, f32::max).ceil() + BEHIND
}

fn text_width(ui: &Ui, text: &str) -> f32 {
    widgets::text_width(ui, text, theme::plain(theme::TEXT))
}

/// Draws the button; a click switches.
pub(super) fn show(view: &mut LogView, ui: &mut Ui, scene: &Scene<'_>, state: &mut State, saying: Saying) {
    let colors = Colors::of(ui);
    let on = view.paused.is_none();
    let name = view.paused.map_or_else(|| scene.tr("log-following"), |why| reason(scene, why));
    let new = if on { 0 } else { view.rows.saturating_sub(view.seen) };
    let text = match saying {
        Saying::Nothing => String::new(),
        Saying::State if !on => scene.tr("log-paused"),
        Saying::All if new > 0 => with_new(scene, new),
        _ => name.clone(),
    };
    let (place, _) = ui.allocate_exact_size(vec2(width(ui, scene, saying), 26.0), Sense::hover());
    let wide = if saying == Saying::Nothing { 26.0 } else { BEFORE + text_width(ui, &text).ceil() + BEHIND };
    let rect = place.with_min_x((place.right() - wide).max(place.left()));
    let response = ui.interact(rect, Id::unique("rotascope following"), Sense::click());
    let fill = match (on, response.hovered()) {
        (true, _) => colors.selected,
        (false, true) => colors.hover,
        (false, false) => colors.raised,
    };
    ui.painter().rect_filled(rect, CornerRadius::same(6), fill);
    if response.has_focus() {
        widgets::paint_outline(ui, rect, colors.accent);
    }
    let dot = rect.left_center() + vec2(if saying == Saying::Nothing { 13.0 } else { 12.0 }, 0.0);
    widgets::paint_dot(ui, dot, if on { colors.accent } else { colors.muted }, !on);
    let ink = if on { colors.accent } else { colors.text };
    let room = rect.width() - BEFORE - BEHIND + 0.5;
    let at = rect.left_center() + vec2(BEFORE, 0.0);
    widgets::paint_line(ui, at, Align2::LEFT_CENTER, &text, theme::plain(theme::TEXT), ink, room);
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::selected(egui::Role::CheckBox, true, on, name.as_str());
        info.current_text_value = (new > 0).then(|| with_new(scene, new));
        info
    });
    let tip = if on { scene.tr("log-following.tip") } else { format!("{name}\n{}", scene.tr("log-resume")) };
    if response.on_hover_text(tip).clicked() {
        if on {
            view.pause(state, Paused::Scrolled);
        } else {
            view.selected = None;
            view.resume(state);
        }
    }
}
