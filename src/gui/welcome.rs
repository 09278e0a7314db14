//! What stands in the middle while there is nothing to read: what is ready, and what to do first.

use std::collections::BTreeSet;
use std::path::Path;

use eframe::egui;
use egui::{Align, Layout, RichText, Ui, UiBuilder, vec2};

use super::action::Action;
use super::menu;
use super::open::SessionRequest;
use super::state::{Request, Scene, State};
use super::theme::{self, Colors};
use super::widgets;
use crate::clock::ClockMode;
use crate::event::{LabState, WorkerOpened};
use crate::handler::Class;
use crate::model::Worker;

const WIDTH: f32 = 480.0;

/// Whether there is nothing to read yet that the log view could show.
pub(super) fn is_due(scene: &Scene<'_>) -> bool {
    scene.model.rows().is_empty() && scene.model.lab_state() == LabState::Ready
}

/// Draws it into all the space of `ui`.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let rect = ui.max_rect();
    let width = WIDTH.min(rect.width() - 48.0).max(160.0);
    let top = (rect.height() * 0.5 - 130.0).max(24.0);
    let area = egui::Rect::from_min_size(rect.center_top() + vec2(-width / 2.0, top), vec2(width, rect.height() - top));
    let mut ui = ui.new_child(UiBuilder::new().max_rect(area).layout(Layout::top_down(Align::Min)));
    let ui = &mut ui;
    ui.spacing_mut().item_spacing.y = 6.0;
    match scene.model.session() {
        None => no_session(ui, scene, state),
        Some(session) if session.lab.is_some() => lab_ready(ui, scene, state, &session.title),
        Some(session) => nothing_yet(ui, scene, &session.paths),
    }
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::strong(20.0)));
}

fn lab_ready(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, title: &str) {
    let colors = Colors::of(ui);
    let workers = scene.model.workers();
    heading(ui, &scene.tr_args("ready-title", &[("title", title.into())]));
    ui.label(RichText::new(what_runs(scene, workers)).color(colors.muted));
    ui.add_space(10.0);
    ui.horizontal(|ui| {
        let start = scene.tr("action-start");
        let response =
            widgets::main_button(ui, &format!("{start}  F5"), false).accessible_name(scene.tr("ready-start"));
        if response.on_hover_text(menu::tip(scene, Action::Start)).clicked() {
            state.ask(Action::Start);
        }
        for action in [Action::OpenFile, Action::OpenFolder] {
            if ui.button(scene.tr(&action.key())).on_hover_text(menu::tip(scene, action)).clicked() {
                state.ask(action);
            }
        }
    });
    ui.add_space(14.0);
    ui.label(RichText::new(scene.tr("ready-then")).font(theme::strong(12.0)).color(colors.text));
    for hint in hints(scene) {
        ui.horizontal_top(|ui| {
            let (dot, _) = ui.allocate_exact_size(vec2(8.0, 18.0), egui::Sense::hover());
            ui.painter().circle_filled(dot.center(), 2.0, colors.muted);
            ui.add(egui::Label::new(RichText::new(hint).color(colors.muted)).wrap());
        });
    }
}

/// How many workers write to how many logs. What programs of the user's own write to, nobody knows before.
fn what_runs(scene: &Scene<'_>, workers: &[Worker]) -> String {
    let (programs, own): (Vec<&Worker>, Vec<&Worker>) =
        workers.iter().partition(|worker| worker.setup.program.is_some());
    let logs: BTreeSet<&Path> = own.iter().map(|worker| worker.setup.path.as_path()).collect();
    let counts = [("n", own.len().into()), ("logs", logs.len().into())];
    let own = (!own.is_empty()).then(|| scene.tr_args("ready-what", &counts));
    let programs = (!programs.is_empty()).then(|| scene.tr_args("ready-programs", &[("n", programs.len().into())]));
    own.into_iter().chain(programs).collect::<Vec<_>>().join(" ")
}

/// What there is to try in this lab.
fn hints(scene: &Scene<'_>) -> Vec<String> {
    let Some(lab) = scene.model.session().and_then(|session| session.lab.as_ref()) else { return Vec::new() };
    let mut hints = Vec::new();
    if let Some((last_ns, _)) = lab.steps.iter().max_by_key(|(at_ns, _)| *at_ns) {
        let seconds = last_ns.div_ceil(1_000_000_000);
        let counts = [("n", lab.steps.len().into()), ("seconds", seconds.into())];
        hints.push(scene.tr_args("ready-then-watch", &counts));
    }
    hints.push(scene.tr("ready-then-delete"));
    let moves_on = |worker: &WorkerOpened| Class::named(&worker.handler).is_some_and(|class| class.info().by_date);
    if matches!(lab.clock.mode, ClockMode::Simulated { .. }) && lab.workers.iter().any(moves_on) {
        hints.push(scene.tr("ready-then-midnight"));
    }
    hints.push(scene.tr("ready-then-rename"));
    hints
}

fn no_session(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let colors = Colors::of(ui);
    heading(ui, &scene.tr("welcome-title"));
    ui.add(egui::Label::new(RichText::new(scene.tr("welcome-what")).color(colors.muted)).wrap());
    ui.add_space(10.0);
    ui.horizontal_wrapped(|ui| {
        if widgets::main_button(ui, &scene.tr("action-demo-lab"), false).clicked() {
            state.ask(Action::DemoLab);
        }
        const FURTHER: [Action; 6] = [
            Action::OpenFile,
            Action::OpenFolder,
            Action::OpenPath,
            Action::OpenLab,
            Action::NewLab,
            Action::CompareHandlers,
        ];
        for action in FURTHER {
            if ui.button(scene.tr(&action.key())).on_hover_text(menu::tip(scene, action)).clicked() {
                state.ask(action);
            }
        }
    });
    if state.settings.recent.is_empty() {
        return;
    }
    ui.add_space(14.0);
    ui.label(RichText::new(scene.tr("menu-recent")).font(theme::strong(12.0)));
    for path in state.settings.recent.iter().take(6).cloned().collect::<Vec<_>>() {
        let text = RichText::new(menu::short_path(&path)).color(colors.accent);
        if ui.add(egui::Button::new(text).frame(false)).on_hover_text(path.display().to_string()).clicked() {
            state.ask(Request::Open(SessionRequest::of_path(path)));
        }
    }
}

fn nothing_yet(ui: &mut Ui, scene: &Scene<'_>, paths: &[std::path::PathBuf]) {
    let colors = Colors::of(ui);
    heading(ui, &scene.tr("nothing-title"));
    ui.label(RichText::new(scene.tr("nothing-what")).color(colors.muted));
    for path in paths.iter().take(8) {
        ui.add(egui::Label::new(RichText::new(path.display().to_string()).font(theme::mono(theme::MONO))).truncate());
    }
}
