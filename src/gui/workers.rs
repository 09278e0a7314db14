//! The workers: what each one does, which file it holds, and how it came through the last fault.

use std::time::Duration;

use eframe::egui;
use egui::{Align, Align2, Color32, Layout, Rect, ScrollArea, Sense, Ui, UiBuilder, pos2, vec2};

use super::nest;
use super::state::{Scene, Selection, State};
use super::text::{gap, number};
use super::theme::{self, Colors};
use super::widgets::{self, Icon, chip_width, icon_button, paint_chip, paint_dot, paint_line, paint_sparkline};
use super::workers_text::{Standing, standing, tooltip};
use crate::command::{Command, WorkerOrder};
use crate::event::{WorkerId, WorkerOpened};
use crate::handler::Class;
use crate::model::{Worker, WorkerState};
use crate::worker::StartMethod;

const ROW: f32 = 44.0;
const GROUP: f32 = 30.0;
/// A group's second line, where one is too narrow.
const SECOND: f32 = 16.0;
const SPARK: f32 = 52.0;
/// How often a curve moves that nothing is added to.
const RATE_STEP: Duration = Duration::from_millis(250);

/// Draws the panel into all the space of `ui`.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let total: f64 = scene.model.workers().iter().map(|worker| nest::rate_of(scene, worker)).sum();
    let rate = scene.tr_args("lines-per-second", &[("n", number(total.round() as u64).into())]);
    widgets::panel_head(ui, &scene.tr("workers"), |ui| {
        let muted = Colors::of(ui).muted;
        if scene.workers_alive() > 0 {
            ui.label(egui::RichText::new(rate).font(theme::plain(theme::SMALL)).color(muted));
        }
    });
    if scene.model.workers().is_empty() {
        widgets::empty(ui, &scene.tr("workers-none"), &scene.tr("workers-none-why"));
        return;
    }
    ScrollArea::vertical().id_salt("workers").auto_shrink([false, false]).show(ui, |ui| {
        let mut group = None;
        for worker in scene.model.workers() {
            if group != Some(worker.setup.group.as_str()) {
                group = Some(&worker.setup.group);
                show_group(ui, scene, worker);
            }
            show_worker(ui, scene, state, worker);
            if nest::is_open(scene, state, worker) {
                nest::show(ui, scene, worker);
            }
        }
    });
}

fn show_group(ui: &mut Ui, scene: &Scene<'_>, first: &Worker) {
    let colors = Colors::of(ui);
    let setup = &first.setup;
    let processes = scene.model.workers().iter().filter(|worker| worker.setup.group == setup.group).count();
    let [handler, shape] = [setup.handler.clone(), shape_of(setup, processes)];
    let small = theme::plain(theme::SMALL);
    let width = ui.available_width() - 2.0 * theme::EDGE;
    let name = widgets::text_width(ui, &setup.group, theme::strong(12.0)) + 8.0;
    let whole = format!("{handler}  ·  {shape}");
    let one_line = name + widgets::text_width(ui, &whole, small.clone()) <= width;
    let height = if one_line { GROUP } else { GROUP + SECOND };
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), height), Sense::hover());
    let at = pos2(rect.left() + theme::EDGE, rect.top() + GROUP / 2.0 + 2.0);
    paint_line(ui, at, Align2::LEFT_CENTER, &setup.group, theme::strong(12.0), colors.text, width);
    let beside = if one_line { &whole } else { &handler };
    let room = width - name;
    paint_line(ui, at + vec2(name, 0.0), Align2::LEFT_CENTER, beside, small.clone(), colors.muted, room);
    if !one_line {
        paint_line(ui, at + vec2(0.0, SECOND), Align2::LEFT_CENTER, &shape, small, colors.muted, width);
    }
    widgets::named(&response, &format!("{} {whole}", setup.group));
    if let Some(words) = &setup.program {
        response.on_hover_text(program_tip(scene, &setup.name, words));
        return;
    }
    let what = scene.tr_args(
        "worker-label.tip",
        &[
            ("handler", setup.handler.as_str().into()),
            ("start", setup.start.as_str().into()),
            ("processes", processes.into()),
            ("threads", setup.threads.into()),
            ("tasks", setup.tasks.into()),
        ],
    );
    let handler = Class::named(&setup.handler).map(|class| scene.tr(class.info().sentence_key));
    let start = StartMethod::named(&setup.start).map(|method| scene.tr(method.sentence_key()));
    let sentences: Vec<String> = [Some(what), handler, start].into_iter().flatten().collect();
    response.on_hover_text(sentences.join("\n\n"));
}

/// How a group starts and nests: `fork  ·  4 × 2 × 3  ·  wait 10ms`.
fn shape_of(setup: &WorkerOpened, processes: usize) -> String {
    if let Some(words) = &setup.program {
        return words.join(" ");
    }
    let mut shape = format!("{}  ·  {processes}", setup.start);
    if setup.threads * setup.tasks > 1 {
        shape = format!("{shape} × {} × {}", setup.threads, setup.tasks);
    }
    if setup.work != "none" {
        shape = format!("{shape}  ·  {}", setup.work);
    }
    shape
}

fn program_tip(scene: &Scene<'_>, name: &str, words: &[String]) -> String {
    let starts = scene.tr_args("program-tip", &[("command", words.join(" ").into())]);
    let output = crate::lab::output(std::path::Path::new(""), name).display().to_string();
    let kept = scene.tr_args("program-output", &[("path", output.into())]);
    format!("{starts}\n\n{kept}")
}

fn show_worker(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, worker: &Worker) {
    let colors = Colors::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    let held = scene.held_by(worker).filter(|_| worker.is_alive());
    let selected = state.selected_worker() == Some(worker.id);
    let over = ui.rect_contains_pointer(rect);
    if selected {
        ui.painter().rect_filled(rect, 0.0, colors.selected);
    } else if over || held.is_some() && held == state.hovered {
        ui.painter().rect_filled(rect, 0.0, colors.hover);
    }
    if over {
        state.hovering = held;
    }
    if response.clicked() {
        state.selection = (!selected).then_some(Selection::Worker(worker.id));
    }
    let label = scene.tr_args("worker-label", &[("name", worker.setup.name.as_str().into())]);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::ListItem, true, selected, &label));

    let inner = rect.shrink2(vec2(theme::EDGE, 0.0));
    show_first_line(ui, scene, worker, inner, held);
    show_second_line(ui, scene, state, worker, inner, over || selected);
    if nest::has_nest(worker) {
        nest::show_switch(ui, scene, state, worker, pos2(inner.left() + 4.0, inner.top() + 31.0));
    }
    response.context_menu(|ui| context_menu(ui, scene, state, worker));
    widgets::tooltip_beside(&response, egui::RectAlign::RIGHT_START, |ui| tooltip(ui, scene, worker));
}

fn dot(colors: &Colors, worker: &Worker) -> (Color32, bool) {
    match worker.state {
        WorkerState::Idle => (colors.muted, true),
        WorkerState::Starting | WorkerState::Paused | WorkerState::Stopped | WorkerState::Ending => {
            (colors.warn, false)
        }
        WorkerState::Running if worker.blocked.is_some() => (colors.warn, false),
        WorkerState::Running => (colors.ok, false),
        WorkerState::Exited { asked: true, .. } => (colors.muted, true),
        WorkerState::Exited { asked: false, .. } | WorkerState::Failed => (colors.bad, true),
    }
}

fn show_first_line(
    ui: &Ui,
    scene: &Scene<'_>,
    worker: &Worker,
    inner: Rect,
    held: Option<crate::event::IncarnationId>,
) {
    let colors = Colors::of(ui);
    let y = inner.top() + 14.0;
    let (color, hollow) = dot(colors, worker);
    paint_dot(ui, pos2(inner.left() + 4.0, y), color, hollow);
    let mut right = inner.right();
    if let Some(id) = held {
        let unlinked = scene.model.incarnation(id).is_some_and(|one| super::select::is_unlinked(one.reach));
        let size = vec2(chip_width(id), widgets::CHIP_HEIGHT);
        paint_chip(ui, Rect::from_center_size(pos2(right - size.x / 2.0, y), size), id, scene.hue(id), unlinked);
        right -= size.x + 8.0;
    }
    if worker.is_alive() {
        let color = held.map_or(colors.muted, |id| colors.incarnation(scene.hue(id)));
        let spark = Rect::from_min_max(pos2(right - SPARK, y - 6.0), pos2(right, y + 6.0));
        let rates = worker.rate_history_until(scene.now);
        paint_sparkline(ui, spark, &rates, color);
        // Where nothing happens nothing wakes the window, and the curve would stand as it was.
        if rates.last() == Some(&0.0) && rates.iter().any(|rate| *rate > 0.0) {
            ui.ctx().request_repaint_after(RATE_STEP);
        }
        right -= SPARK + 8.0;
    }
    let at = pos2(inner.left() + 16.0, y);
    let name = &worker.setup.name;
    let name = paint_line(ui, at, Align2::LEFT_CENTER, name, theme::plain(theme::TEXT), colors.text, right - at.x);
    if let Some(pid) = worker.pid.filter(|_| worker.is_alive()) {
        let at = at + vec2(name + 6.0, 0.5);
        let pid = pid.to_string();
        let font = theme::mono(11.0);
        if widgets::text_width(ui, &pid, font.clone()) <= right - at.x {
            ui.painter().text(at, Align2::LEFT_CENTER, pid, font, colors.muted);
        }
    }
}

fn show_second_line(
    ui: &mut Ui,
    scene: &Scene<'_>,
    state: &mut State,
    worker: &Worker,
    inner: Rect,
    with_buttons: bool,
) {
    let colors = Colors::of(ui);
    let y = inner.top() + 31.0;
    let mut right = inner.right();
    if with_buttons {
        let area = Rect::from_min_max(pos2(inner.left() + 60.0, y - 11.0), pos2(inner.right() + 4.0, y + 11.0));
        let layout = Layout::right_to_left(Align::Center);
        let mut buttons = ui.new_child(UiBuilder::new().id_salt(worker.id.0).max_rect(area).layout(layout));
        buttons.spacing_mut().item_spacing.x = 0.0;
        show_buttons(&mut buttons, scene, state, worker);
        right = buttons.min_rect().left();
    } else if worker.is_alive() {
        let rate = scene.tr_args("per-second", &[("n", number(nest::rate_of(scene, worker).round() as u64).into())]);
        let at = pos2(right, y);
        let width = paint_line(ui, at, Align2::RIGHT_CENTER, &rate, theme::plain(theme::SMALL), colors.muted, 80.0);
        right -= width;
    }
    let mut at = pos2(inner.left() + 16.0, y);
    let mut say = |text: &str, color: Color32| {
        let room = right - 8.0 - at.x;
        if room > 12.0 {
            at.x += paint_line(ui, at, Align2::LEFT_CENTER, text, theme::plain(theme::SMALL), color, room);
        }
    };
    let (text, color) = match standing(scene, worker) {
        Standing::Well(text) => (text, colors.muted),
        Standing::Trouble(text) => (text, colors.warn),
        Standing::Broken(text) => (text, colors.bad),
    };
    let lost = match scene.model.ledger().worker(worker.id).lost {
        0 => String::new(),
        lost => scene.tr_args("worker-lost", &[("n", lost.into())]),
    };
    let needed = |text: &str| widgets::text_width(ui, &format!("{text} · {lost}"), theme::plain(theme::SMALL));
    // What is lost is said before how fast the worker came back.
    let brief = !lost.is_empty() && needed(&text) > right - 8.0 - inner.left() - 16.0;
    say(if brief { text.split(" · ").next().unwrap_or_default() } else { &text }, color);
    if !lost.is_empty() {
        say(" · ", colors.muted);
        say(&lost, colors.bad);
    }
}

/// An order that a button gives, with its sign and its words' key.
type Order = (Icon, &'static str, WorkerOrder);

fn orders(worker: &Worker) -> Vec<Order> {
    let stop = (Icon::Stop, "worker-stop", WorkerOrder::Stop);
    let kill = (Icon::Kill, "worker-kill", WorkerOrder::Kill(SIGKILL));
    match worker.state {
        WorkerState::Idle | WorkerState::Exited { .. } | WorkerState::Failed => {
            vec![(Icon::Restart, "worker-restart", WorkerOrder::Restart)]
        }
        WorkerState::Running => vec![(Icon::Pause, "worker-pause", WorkerOrder::Pause), stop, kill],
        WorkerState::Paused => vec![(Icon::Play, "worker-resume", WorkerOrder::Resume), stop, kill],
        WorkerState::Stopped => vec![(Icon::Play, "worker-thaw", WorkerOrder::Thaw), kill],
        WorkerState::Starting | WorkerState::Ending => vec![kill],
    }
}

/// The number of SIGKILL is the same on every Unix.
const SIGKILL: i32 = 9;

fn show_buttons(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, worker: &Worker) {
    for (icon, key, order) in orders(worker).into_iter().rev() {
        let words = scene.tr(key);
        let label = format!("{words} {}", worker.setup.name);
        if icon_button(ui, icon, &label, &scene.tr(&format!("{key}.tip"))).clicked() {
            send(state, worker.id, order);
        }
    }
}

fn context_menu(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, worker: &Worker) {
    super::menu::wide(ui);
    let mut all = orders(worker);
    if matches!(worker.state, WorkerState::Running | WorkerState::Paused) {
        all.push((Icon::Pause, "worker-freeze", WorkerOrder::Freeze));
    }
    for (_, key, order) in all {
        if ui.button(scene.tr(key)).on_hover_text(scene.tr(&format!("{key}.tip"))).clicked() {
            send(state, worker.id, order);
        }
    }
    // A program decides by itself how fast it writes.
    if worker.is_alive() && worker.setup.program.is_none() {
        ui.separator();
        show_rates(ui, scene, state, worker);
    }
}

fn show_rates(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, worker: &Worker) {
    ui.menu_button(scene.tr("worker-rate"), |ui| {
        super::menu::wide(ui);
        for rate in [1.0, 10.0, 100.0, 1000.0, 0.0] {
            let text = if rate > 0.0 {
                scene.tr_args("lines-per-second", &[("n", number(rate as u64).into())])
            } else {
                scene.tr("worker-rate-unbounded")
            };
            if ui.selectable_label((worker.rate - rate).abs() < f64::EPSILON, text).clicked() {
                send(state, worker.id, WorkerOrder::Rate(rate));
                ui.close();
            }
        }
    });
}

fn send(state: &mut State, worker: WorkerId, order: WorkerOrder) {
    state.ask(Command::Worker(worker, order));
}

/// The gap of the last recovery as text, where there was one.
pub(super) fn last_gap(worker: &Worker) -> Option<String> {
    worker.last_gap_ms.map(gap)
}
