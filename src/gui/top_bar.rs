//! The top bar: what the session is, the lab's controls, its clock, and the sum of all lines.

use eframe::egui;
use egui::{Align, Align2, CornerRadius, Layout, Rect, RichText, Sense, Stroke, Ui, UiBuilder, vec2};

use super::action::Action;
use super::ledger_bar;
use super::menu;
use super::state::{Scene, State};
use super::theme::{self, Colors};
use super::widgets::{self, dashed_frame, menu_button, paint_dot, text_width};
use crate::clock::{ClockMode, ClockSetting};
use crate::event::LabState;

/// How much of the clock is shown: the less there is room, the less.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ClockForm {
    /// Word, date, time, rate and offset.
    Full,
    /// Date and time.
    DateTime,
    /// Time alone.
    Time,
}

/// What each step of narrowing leaves: the clock's form, the ledger's form, whether the title stands.
const STEPS: [(ClockForm, ledger_bar::Form, bool); 5] = [
    (ClockForm::Full, ledger_bar::Form::Full, true),
    (ClockForm::DateTime, ledger_bar::Form::Full, true),
    (ClockForm::DateTime, ledger_bar::Form::Tight, true),
    (ClockForm::DateTime, ledger_bar::Form::Tight, false),
    (ClockForm::Time, ledger_bar::Form::Tight, false),
];

/// The least width of the title that is worth its place, in points.
const LEAST_TITLE: f32 = 56.0;
const GAP: f32 = 8.0;

/// Draws the bar.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), theme::TOP_BAR), Sense::hover());
    let inner = rect.shrink2(vec2(theme::EDGE, 0.0));
    let title = scene.model.session().map_or_else(|| scene.tr("no-session"), |session| session.title.clone());
    let title_width = text_width(ui, &title, theme::strong(14.0));
    let ledger = ledger_bar::Summary::new(scene);
    let clock = scene.has_lab().then(|| scene.model.clock()).flatten();

    let controls = controls_width(ui, scene);
    let fits = |step: &(ClockForm, ledger_bar::Form, bool)| {
        let title = if step.2 { title_width.min(160.0) + GAP } else { 0.0 };
        let clock = clock.map_or(0.0, |clock| clock_width(ui, scene, clock, step.0) + GAP);
        title + controls + clock + ledger.width(ui, step.1) + 3.0 * GAP <= inner.width()
    };
    let step = STEPS.iter().find(|step| fits(step)).unwrap_or(&STEPS[STEPS.len() - 1]);
    let others = controls + clock.map_or(0.0, |clock| clock_width(ui, scene, clock, step.0) + GAP) + 2.0 * GAP;
    let title_room = if step.2 { LEAST_TITLE + GAP } else { 0.0 };
    let ledger = ledger.within(ui, step.1, inner.width() - others - title_room);

    let mut right = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    ledger.show(&mut right, scene, step.1);
    let room = Rect::from_min_max(inner.min, egui::pos2(right.min_rect().left() - GAP, inner.bottom()));

    let mut left = ui.new_child(UiBuilder::new().max_rect(room).layout(Layout::left_to_right(Align::Center)));
    left.spacing_mut().item_spacing.x = GAP;
    if step.2 {
        let rest = controls + clock.map_or(0.0, |clock| clock_width(&left, scene, clock, step.0) + GAP);
        show_title(&mut left, &title, room.width() - rest - GAP);
    }
    if scene.has_lab() {
        show_controls(&mut left, scene, state);
        if let Some(clock) = clock {
            show_clock(&mut left, scene, clock, step.0);
            if clock.is_simulated() {
                let tip = scene.tr("jump.tip");
                menu_button(&mut left, &scene.tr("jump"), &tip, |ui| {
                    menu::clock_items(ui, scene, state);
                });
            }
        }
    }
}

fn show_title(ui: &mut Ui, title: &str, room: f32) {
    let width = text_width(ui, title, theme::strong(14.0)).min(room.max(LEAST_TITLE)).ceil();
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::hover());
    let colors = Colors::of(ui);
    let at = rect.left_center();
    widgets::paint_line(ui, at, Align2::LEFT_CENTER, title, theme::strong(14.0), colors.text, width);
    widgets::named(&response, title);
    ui.add_space(4.0);
}

// --- the lab's controls -----------------------------------------------------------------------------------------

fn state_words(scene: &Scene<'_>) -> String {
    match scene.model.lab_state() {
        LabState::Ready => scene.tr("lab-ready"),
        LabState::Running => scene.tr("lab-running"),
        LabState::Paused => scene.tr("lab-paused"),
        LabState::Stopping => scene.tr("lab-stopping"),
    }
}

fn buttons(scene: &Scene<'_>) -> &'static [Action] {
    match scene.model.lab_state() {
        LabState::Ready => &[Action::Start],
        LabState::Running | LabState::Paused => &[Action::PauseOrResume, Action::Stop],
        LabState::Stopping => &[],
    }
}

fn button_text(scene: &Scene<'_>, action: Action) -> String {
    match (action, scene.model.lab_state()) {
        (Action::PauseOrResume, LabState::Paused) => scene.tr("resume"),
        (Action::PauseOrResume, _) => scene.tr("pause"),
        _ => scene.tr(&action.key()),
    }
}

fn controls_width(ui: &Ui, scene: &Scene<'_>) -> f32 {
    if !scene.has_lab() {
        return 0.0;
    }
    let text = |text: &str| text_width(ui, text, theme::plain(theme::TEXT));
    let state = text(&state_words(scene)) + 20.0 + GAP;
    let buttons: f32 = buttons(scene).iter().map(|action| text(&button_text(scene, *action)) + 22.0 + GAP).sum();
    let jump = if scene.model.clock().is_some_and(ClockSetting::is_simulated) {
        text(&scene.tr("jump")) + 38.0 + GAP
    } else {
        0.0
    };
    state + buttons + jump + GAP
}

fn show_controls(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let colors = Colors::of(ui);
    let lab = scene.model.lab_state();
    let color = match lab {
        LabState::Ready => colors.muted,
        LabState::Running => colors.ok,
        LabState::Paused | LabState::Stopping => colors.warn,
    };
    let words = state_words(scene);
    let width = text_width(ui, &words, theme::plain(theme::TEXT)) + 20.0;
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::hover());
    paint_dot(ui, rect.left_center() + vec2(7.0, 0.0), color, lab == LabState::Ready);
    let at = rect.left_center() + vec2(17.0, 0.0);
    ui.painter().text(at, Align2::LEFT_CENTER, &words, theme::plain(theme::TEXT), colors.text);
    widgets::named(&response, &words);

    for action in buttons(scene) {
        let text = button_text(scene, *action);
        let primary = *action == Action::Start;
        let response = if primary { widgets::main_button(ui, &text, false) } else { ui.button(RichText::new(&text)) };
        if response.on_hover_text(menu::tip(scene, *action)).clicked() {
            state.ask(*action);
        }
    }
}

// --- the clock --------------------------------------------------------------------------------------------------

struct ClockText {
    word: String,
    time: String,
    tail: String,
}

fn clock_text(scene: &Scene<'_>, clock: &ClockSetting, form: ClockForm) -> ClockText {
    let time = clock.session_time(&scene.moment());
    // A clock that nobody watches tick is not shown to the tenth.
    let running = scene.model.lab_state() == LabState::Running;
    let tenths = if running { format!(".{}", time.timestamp_subsec_millis() / 100 % 10) } else { String::new() };
    let pattern = if form == ClockForm::Time { "%H:%M:%S" } else { "%Y-%m-%d %H:%M:%S" };
    let full = form == ClockForm::Full;
    let rate = match clock.mode {
        ClockMode::Simulated { rate, .. } => format!("×{rate} "),
        ClockMode::Wall => String::new(),
    };
    ClockText {
        word: if full && clock.is_simulated() { scene.tr("clock-simulated") } else { String::new() },
        time: format!("{}{tenths}", time.format(pattern)),
        tail: if full { format!("{rate}{}", time.format("%:z")) } else { String::new() },
    }
}

fn clock_width(ui: &Ui, scene: &Scene<'_>, clock: &ClockSetting, form: ClockForm) -> f32 {
    let text = clock_text(scene, clock, form);
    let part = |text: &str, font| if text.is_empty() { 0.0 } else { text_width(ui, text, font) + 8.0 };
    part(&text.word, theme::plain(theme::SMALL))
        + part(&text.time, theme::mono(theme::MONO))
        + part(&text.tail, theme::mono(theme::SMALL))
        + 12.0
}

fn show_clock(ui: &mut Ui, scene: &Scene<'_>, clock: &ClockSetting, form: ClockForm) {
    let colors = Colors::of(ui);
    let text = clock_text(scene, clock, form);
    let width = clock_width(ui, scene, clock, form);
    let (rect, response) = ui.allocate_exact_size(vec2(width, 26.0), Sense::hover());
    let simulated = clock.is_simulated();
    if simulated {
        ui.painter().extend(dashed_frame(rect.shrink(0.5), colors.warn));
    } else {
        let outline = Stroke::new(1.0, colors.hairline);
        ui.painter().rect_stroke(rect, CornerRadius::same(4), outline, egui::StrokeKind::Inside);
    }
    let mut at = rect.left_center() + vec2(10.0, 0.0);
    for (part, font, color) in [
        (&text.word, theme::plain(theme::SMALL), colors.warn),
        (&text.time, theme::mono(theme::MONO), colors.text),
        (&text.tail, theme::mono(theme::SMALL), colors.muted),
    ] {
        if !part.is_empty() {
            let lower = if font.family == egui::FontFamily::Monospace { 1.0 } else { 0.0 };
            let at_part = at + vec2(0.0, lower);
            at.x = ui.painter().text(at_part, Align2::LEFT_CENTER, part, font, color).right() + 8.0;
        }
    }
    let zone = clock.zone.clone().unwrap_or_else(|| scene.tr("clock-own-zone"));
    let tip = match clock.mode {
        ClockMode::Simulated { rate, .. } => {
            scene.tr_args("clock-simulated.tip", &[("rate", format!("{rate}").into()), ("zone", zone.into())])
        }
        ClockMode::Wall => scene.tr_args("clock-wall.tip", &[("zone", zone.into())]),
    };
    let full = clock_text(scene, clock, ClockForm::DateTime);
    widgets::named(&response, &format!("{} {}", scene.tr("clock"), full.time));
    response.on_hover_text(tip);
}
