//! What is to be compared.

use std::time::Duration;

use eframe::egui;
use egui::{Align, DragValue, Layout, RichText, ScrollArea, Ui, vec2};

use crate::engine::{Comparison, FAULTS, FaultInfo, MOST_PROCESSES};
use crate::gui::state::Scene;
use crate::gui::theme::{self, Colors};
use crate::gui::widgets;
use crate::handler::{CLASSES, ClassInfo};

/// Handlers, faults and the shape of each run.
pub(super) struct Choices {
    handlers: Vec<(&'static ClassInfo, bool)>,
    faults: Vec<(&'static FaultInfo, bool)>,
    processes: u16,
    seconds: u32,
}

impl Default for Choices {
    fn default() -> Choices {
        Choices {
            handlers: CLASSES.iter().map(|info| (info, true)).collect(),
            faults: FAULTS.iter().map(|info| (info, info.by_default)).collect(),
            processes: 4,
            seconds: 5,
        }
    }
}

/// What was asked for.
pub(super) enum Asked {
    Run,
    Cancel,
}

impl Choices {
    /// What is chosen.
    pub(super) fn comparison(&self) -> Comparison {
        let handlers = self.handlers.iter().filter(|(_, on)| *on).map(|(info, _)| info.class).collect();
        let faults = self.faults.iter().filter(|(_, on)| *on).map(|(info, _)| *info).collect();
        let duration = Duration::from_secs(u64::from(self.seconds));
        Comparison { handlers, faults, processes: self.processes, duration }
    }
}

/// Draws the choices; dim while a comparison runs.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, choices: &mut Choices, running: bool) -> Option<Asked> {
    const FOOT: f32 = 88.0;
    let inner = ui.max_rect().shrink2(vec2(theme::EDGE, 8.0));
    let (above, foot) = inner.split_top_bottom_at_y(inner.bottom() - FOOT);
    let mut above = super::part(ui, above);
    ScrollArea::vertical().auto_shrink([false, false]).show(&mut above, |ui| {
        ui.add_enabled_ui(!running, |ui| {
            ui.spacing_mut().item_spacing.y = 1.0;
            ui.spacing_mut().interact_size.y = 21.0;
            let handlers = choices.handlers.iter_mut();
            let handlers = handlers.map(|(info, on)| (info.name, super::about_handler(scene, info), on)).collect();
            list(ui, scene, "compare-handlers", handlers);
            ui.add_space(10.0);
            let faults = choices.faults.iter_mut();
            let faults = faults.map(|(info, on)| (info.name, scene.tr(info.sentence_key), on)).collect();
            list(ui, scene, "compare-faults", faults);
            ui.add_space(10.0);
            let most = MOST_PROCESSES;
            let field = DragValue::new(&mut choices.processes).range(1..=most).speed(0.1);
            row(ui, scene, "compare-processes", field);
            ui.add_space(4.0);
            let field = DragValue::new(&mut choices.seconds).range(1..=600).speed(0.1).suffix(" s");
            row(ui, scene, "compare-duration", field);
        });
    });
    ui.painter().hline(ui.max_rect().x_range(), foot.top(), egui::Stroke::new(1.0, Colors::of(ui).hairline));
    show_foot(&mut super::part(ui, foot.with_min_y(foot.top() + 10.0)), scene, choices, running)
}

/// One name under the other, each with a box; all or none with one click.
fn list(ui: &mut Ui, scene: &Scene<'_>, key: &str, items: Vec<(&str, String, &mut bool)>) {
    let colors = Colors::of(ui);
    let mut set = None;
    ui.horizontal(|ui| {
        ui.label(RichText::new(scene.tr(key)).font(theme::strong(theme::TEXT)));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            for (word, value) in [("compare-none", false), ("compare-all", true)] {
                let text = RichText::new(scene.tr(word)).font(theme::plain(theme::SMALL)).color(colors.accent);
                let name = format!("{}: {}", scene.tr(key), scene.tr(word));
                if ui.add(egui::Button::new(text).frame(false)).accessible_name(name).clicked() {
                    set = Some(value);
                }
            }
        });
    });
    for (name, sentence, on) in items {
        if let Some(value) = set {
            *on = value;
        }
        ui.checkbox(on, RichText::new(name).font(theme::mono(theme::MONO))).on_hover_text(sentence);
    }
}

fn row(ui: &mut Ui, scene: &Scene<'_>, key: &str, field: DragValue<'_>) {
    ui.horizontal(|ui| {
        ui.label(scene.tr(key));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let response = ui.add_sized(vec2(64.0, 24.0), field);
            response.accessible_name(scene.tr(key)).on_hover_text(scene.tr(&format!("{key}.tip")));
        });
    });
}

fn show_foot(ui: &mut Ui, scene: &Scene<'_>, choices: &Choices, running: bool) -> Option<Asked> {
    let comparison = choices.comparison();
    let runs = comparison.pairs().len();
    let muted = Colors::of(ui).muted;
    let words = match runs {
        0 => scene.tr("compare-nothing"),
        _ => {
            let time = about(scene, comparison.estimate(runs));
            scene.tr_args("compare-estimate", &[("n", runs.into()), ("time", time.into())])
        }
    };
    ui.label(RichText::new(words).font(theme::plain(theme::SMALL)).color(muted));
    ui.add_space(6.0);
    let mut asked = None;
    if running {
        if ui.button(scene.tr("cancel")).on_hover_text(scene.tr("compare-cancel.tip")).clicked() {
            asked = Some(Asked::Cancel);
        }
    } else {
        ui.add_enabled_ui(runs > 0, |ui| {
            let response = widgets::main_button(ui, &scene.tr("compare-run"), false);
            if response.on_hover_text(scene.tr("compare-run.tip")).clicked() {
                asked = Some(Asked::Run);
            }
        });
    }
    asked
}

/// A time to wait, as people say it.
pub(super) fn about(scene: &Scene<'_>, time: Duration) -> String {
    let seconds = time.as_secs_f64().round() as u64;
    match seconds {
        0..100 => scene.tr_args("compare-seconds", &[("n", seconds.into())]),
        _ => scene.tr_args("compare-minutes", &[("n", ((seconds + 30) / 60).into())]),
    }
}
