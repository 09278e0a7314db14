//! How a worker nests: its process, in it the threads, in these the tasks, each with its rate.
//!
//! A picture of boxes in boxes below the worker's row. A task's box is filled by its share of the fastest one's rate,
//! so that it is seen at once who waits for whom.

use eframe::egui;
use egui::{Align2, CornerRadius, Rect, Sense, Stroke, StrokeKind, Ui, pos2, vec2};

use super::state::{Scene, State};
use super::text::number;
use super::theme::{self, Colors};
use super::widgets::{self, Icon, icon_button, paint_line};
use crate::model::{TaskPace, Worker};

const HEAD: f32 = 18.0;
const PAD: f32 = 4.0;
const GAP: f32 = 4.0;
/// A task with its figure, at the least.
const CELL: egui::Vec2 = vec2(52.0, 16.0);
/// A task among so many that a figure has no room.
const DOT: egui::Vec2 = vec2(8.0, 8.0);
/// More tasks than this in one thread are dots.
const MOST_CELLS: usize = 24;
/// More threads and more dots than these are told and not drawn.
const MOST_THREADS: usize = 16;
const MOST_DOTS: usize = 512;
/// A worker of so many tasks shows its nest unasked, if there are few workers.
const OPEN_TASKS: u32 = 12;
const OPEN_WORKERS: usize = 4;

/// Lines per second of a worker at this moment: counters that do not move tell nothing by themselves.
pub(super) fn rate_of(scene: &Scene<'_>, worker: &Worker) -> f64 {
    if worker.moves(scene.now) { worker.rate_now } else { 0.0 }
}

/// Whether the worker has anything to unfold.
pub(super) fn has_nest(worker: &Worker) -> bool {
    worker.setup.threads.saturating_mul(worker.setup.tasks) > 1
}

/// The sign that unfolds the nest and folds it again. `center` is where it stands.
pub(super) fn show_switch(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, worker: &Worker, center: egui::Pos2) {
    let open = is_open(scene, state, worker);
    let (icon, key) = if open { (Icon::Down, "nest-fold") } else { (Icon::Right, "nest-unfold") };
    let area = Rect::from_center_size(center, vec2(22.0, 22.0));
    let mut ui = ui.new_child(egui::UiBuilder::new().id_salt(("nest", worker.id.0)).max_rect(area));
    let label = scene.tr_args(key, &[("name", worker.setup.name.as_str().into())]);
    if icon_button(&mut ui, icon, &label, &scene.tr("nest-tip")).clicked() {
        state.nests.insert(worker.id, !open);
    }
}

/// Whether the nest stands below the row: as the person wants it, or by its size.
pub(super) fn is_open(scene: &Scene<'_>, state: &State, worker: &Worker) -> bool {
    if !has_nest(worker) {
        return false;
    }
    let small = worker.setup.threads * worker.setup.tasks <= OPEN_TASKS && scene.model.workers().len() <= OPEN_WORKERS;
    state.nests.get(&worker.id).copied().unwrap_or(small)
}

/// Draws it.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, worker: &Worker) {
    let nest = Nest::of(scene, worker);
    let left = theme::EDGE + 16.0;
    let width = ui.available_width() - left - theme::EDGE;
    let threads: Vec<&[TaskPace]> = nest.threads().collect();
    let shown = &threads[..threads.len().min(MOST_THREADS)];
    let heights: Vec<f32> = shown.iter().map(|tasks| height(tasks.len(), width)).collect();
    let more = threads.len() - shown.len();
    let total = heights.iter().sum::<f32>() + GAP * heights.len() as f32 + if more > 0 { HEAD } else { 0.0 };
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), total + 4.0), Sense::hover());
    let mut top = rect.top();
    for (tasks, height) in shown.iter().zip(heights) {
        let area = Rect::from_min_size(pos2(rect.left() + left, top), vec2(width, height));
        nest.show_thread(ui, area, tasks);
        top += height + GAP;
    }
    if more > 0 {
        let text = scene.tr_args("nest-more", &[("n", more.into())]);
        let at = pos2(rect.left() + left, top + HEAD / 2.0);
        paint_line(ui, at, Align2::LEFT_CENTER, &text, theme::plain(theme::SMALL), Colors::of(ui).muted, width);
    }
}

/// Boxes in a row.
fn per_row(size: egui::Vec2, width: f32) -> usize {
    (((width - 2.0 * PAD + GAP) / (size.x + GAP)) as usize).max(1)
}

/// The width of boxes that fill a row.
fn stretched(columns: usize, width: f32) -> f32 {
    (width - 2.0 * PAD - GAP * (columns - 1) as f32) / columns as f32
}

fn height(tasks: usize, width: f32) -> f32 {
    let (size, shown) = if tasks <= MOST_CELLS { (CELL, tasks) } else { (DOT, tasks.min(MOST_DOTS)) };
    HEAD + (size.y + GAP) * shown.div_ceil(per_row(size, width)) as f32 + PAD
}

/// What is drawn of one worker.
struct Nest<'a> {
    scene: &'a Scene<'a>,
    worker: &'a Worker,
    /// Rates count.
    moves: bool,
    fastest: f64,
}

impl<'a> Nest<'a> {
    fn of(scene: &'a Scene<'a>, worker: &'a Worker) -> Nest<'a> {
        let moves = worker.is_alive() && worker.moves(scene.now);
        let fastest = worker.tasks.iter().map(|task| task.rate_now).fold(0.0, f64::max);
        Nest { scene, worker, moves, fastest }
    }

    /// The tasks of each thread; none before the first start.
    fn threads(&self) -> impl Iterator<Item = &'a [TaskPace]> {
        let per_thread = self.worker.setup.tasks.max(1) as usize;
        self.worker.tasks.chunks(per_thread)
    }

    fn rate(&self, rate: f64) -> String {
        let shown = if self.moves { rate } else { 0.0 };
        let text = if shown > 0.0 && shown < 9.95 { format!("{shown:.1}") } else { number(shown.round() as u64) };
        self.scene.tr_args("per-second", &[("n", text.into())])
    }

    fn show_thread(&self, ui: &mut Ui, area: Rect, tasks: &[TaskPace]) {
        let colors = Colors::of(ui);
        let number = tasks.first().map_or(0, |task| task.thread);
        ui.painter().rect_stroke(area, CornerRadius::same(5), Stroke::new(1.0, colors.hairline), StrokeKind::Inside);
        let name = self.scene.tr_args("nest-thread", &[("n", number.to_string().into())]);
        let rate = self.rate(tasks.iter().map(|task| task.rate_now).sum());
        let y = area.top() + HEAD / 2.0 + 1.0;
        let small = theme::plain(theme::SMALL);
        let (left, right) = (area.left() + PAD + 2.0, area.right() - PAD - 2.0);
        let taken = paint_line(ui, pos2(right, y), Align2::RIGHT_CENTER, &rate, small.clone(), colors.muted, 80.0);
        paint_line(ui, pos2(left, y), Align2::LEFT_CENTER, &name, small, colors.muted, right - left - taken - 4.0);
        let head = Rect::from_min_size(area.min, vec2(area.width(), HEAD));
        let response = ui.interact(head, ui.scope_id().with(("thread", self.worker.id.0, number)), Sense::hover());
        widgets::named(&response, &format!("{} {name}: {rate}", self.worker.setup.name));
        let figures = tasks.len() <= MOST_CELLS;
        let columns = per_row(if figures { CELL } else { DOT }, area.width());
        let size = if figures { vec2(stretched(columns.min(tasks.len()), area.width()), CELL.y) } else { DOT };
        for (index, task) in tasks.iter().take(MOST_DOTS).enumerate() {
            let step = vec2((index % columns) as f32, (index / columns) as f32) * (size + vec2(GAP, GAP));
            let cell = Rect::from_min_size(pos2(area.left() + PAD, area.top() + HEAD) + step, size);
            self.show_task(ui, cell, task);
        }
    }

    fn show_task(&self, ui: &mut Ui, cell: Rect, task: &TaskPace) {
        let colors = Colors::of(ui);
        let share = if self.moves && self.fastest > 0.0 { (task.rate_now / self.fastest) as f32 } else { 0.0 };
        ui.painter().rect_filled(cell, CornerRadius::same(3), colors.raised);
        let fill = colors.accent.gamma_multiply(0.35);
        let filled = cell.with_max_x(cell.left() + cell.width() * share);
        ui.painter().rect_filled(filled, CornerRadius::same(3), fill);
        let rate = self.rate(task.rate_now);
        if cell.height() == CELL.y {
            let font = theme::mono(10.5);
            paint_line(ui, cell.center(), Align2::CENTER_CENTER, &rate, font, colors.text, cell.width() - 4.0);
        }
        let id = ui.scope_id().with(("task", self.worker.id.0, task.thread, task.task));
        let response = ui.interact(cell, id, Sense::hover());
        let args = [
            ("thread", task.thread.to_string().into()),
            ("task", task.task.to_string().into()),
            ("rate", rate.into()),
            ("lines", task.written.into()),
        ];
        let words = self.scene.tr_args("nest-task", &args);
        widgets::named(&response, &format!("{} {words}", self.worker.setup.name));
        response.on_hover_text(words);
    }
}
