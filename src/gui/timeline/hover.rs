//! What is told of what is under the pointer, and where a click leads.

use eframe::egui;
use egui::{Pos2, Rect, Response, RichText, Ui};

use super::Canvas;
use super::lanes::{LANE, Lane, Lanes, What};
use super::marks::Cluster;
use super::paint::badge_rect;
use crate::clock::Mono;
use crate::event::{IncarnationId, WorkerId};
use crate::gui::state::{Jump, State};
use crate::gui::story::{Teller, Telling};
use crate::gui::telling::{show_telling, tip};
use crate::gui::text::number;
use crate::gui::theme;
use crate::model::{Bar, PathLane, Span};
use crate::record::{LEVELS, Level};

/// How far beside a thing the pointer still means it, in points.
const NEAR: f32 = 3.0;

/// Tells of what is under the pointer; a click goes to its place in the log.
pub(super) fn show(
    ui: &Ui,
    canvas: &Canvas<'_>,
    lanes: &Lanes,
    response: &Response,
    rates: Option<Rect>,
    clusters: &[Cluster],
    state: &mut State,
) {
    let Some(at) = response.hover_pos() else { return };
    let badge = clusters.iter().find(|one| badge_rect(canvas, lanes, one).is_some_and(|rect| rect.contains(at)));
    if let Some(found) = badge {
        if response.clicked() {
            state.jump = Some(Jump::Mark(found.chief));
        }
        cluster(canvas, response, found, state);
        return;
    }
    if let Some(rect) = rates.filter(|rect| rect.contains(at)) {
        tell_rates(canvas, response, rect, at);
        return;
    }
    if !canvas.rect.contains(at) {
        return;
    }
    let down = at.y - canvas.top;
    let Some(lane) = lanes.all.iter().find(|lane| (lane.top..lane.top + lane.height).contains(&down)) else { return };
    let moment = canvas.shown.at(f64::from(at.x - canvas.rect.left()));
    let slack = (f64::from(NEAR) * canvas.shown.scale()) as u64;
    match lane.what {
        What::Heading(_) => {}
        What::Path(index) => over_path(ui, canvas, response, lane, index, (down, moment, slack), state),
        What::Worker(worker) => over_worker(ui, canvas, response, worker, (moment, slack), state),
    }
}

/// Tells of the marks that a badge stands for.
pub(super) fn cluster(canvas: &Canvas<'_>, response: &Response, cluster: &Cluster, state: &mut State) {
    let model = canvas.scene.model;
    state.hovering = model.timeline().mark(cluster.chief).and_then(|mark| mark.incarnation);
    let teller = Teller::new(canvas.scene);
    if cluster.some.len() == 1 || cluster.count == 1 {
        if let Some(telling) = teller.mark(cluster.chief) {
            tip(response, &telling);
        }
        return;
    }
    let tellings: Vec<Telling> = cluster.some.iter().filter_map(|id| teller.mark(*id)).collect();
    let more = (cluster.count as usize).saturating_sub(tellings.len());
    egui::Tooltip::for_enabled(response).at_pointer().gap(12.0).show(|ui| {
        for (nth, telling) in tellings.iter().enumerate() {
            if nth > 0 {
                ui.add_space(5.0);
            }
            show_telling(ui, telling);
        }
        if more > 0 {
            ui.add_space(5.0);
            let text = canvas.scene.tr_args("timeline-more", &[("n", more.into())]);
            ui.label(RichText::new(text).font(theme::plain(theme::SMALL)).color(canvas.colors.muted));
        }
    });
}

fn over_path(
    ui: &Ui,
    canvas: &Canvas<'_>,
    response: &Response,
    lane: &Lane,
    index: usize,
    (down, moment, slack): (f32, Mono, u64),
    state: &mut State,
) {
    let Some(path) = canvas.scene.model.timeline().paths.get(index) else { return };
    let below = down > lane.top + LANE - 2.0;
    let Some(bar) = bar_at(path, moment, slack, below, canvas.now) else { return };
    state.hovering = Some(bar.incarnation);
    ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
    if response.clicked() {
        go_to(canvas, bar.incarnation, moment, state);
    }
    if let Some(telling) = Teller::new(canvas.scene).bar(bar, &path.path) {
        tip(response, &telling);
    }
}

fn bar_at(path: &PathLane, moment: Mono, slack: u64, below: bool, now: Mono) -> Option<&Bar> {
    let (early, late) = (Mono(moment.0.saturating_sub(slack)), moment.plus_ns(slack));
    let begun = path.bars.partition_point(|bar| bar.from <= late);
    path.bars[..begun].iter().rev().find(|bar| bar.unlinked == below && bar.to.unwrap_or(now) >= early)
}

fn over_worker(
    ui: &Ui,
    canvas: &Canvas<'_>,
    response: &Response,
    worker: WorkerId,
    (moment, slack): (Mono, u64),
    state: &mut State,
) {
    let Some(spans) = canvas.scene.model.timeline().workers.get(worker.0 as usize) else { return };
    let Some(span) = span_at(spans, moment, slack, canvas.now) else { return };
    let incarnation = canvas.scene.model.incarnation_of_at(span.file, moment);
    state.hovering = incarnation;
    ui.ctx().set_cursor_icon(egui::CursorIcon::PointingHand);
    if response.clicked()
        && let Some(id) = incarnation
    {
        go_to(canvas, id, moment, state);
    }
    if let Some(telling) = Teller::new(canvas.scene).span(worker, span, moment) {
        tip(response, &telling);
    }
}

fn span_at(spans: &[Span], moment: Mono, slack: u64, now: Mono) -> Option<&Span> {
    let (early, late) = (Mono(moment.0.saturating_sub(slack)), moment.plus_ns(slack));
    let begun = spans.partition_point(|span| span.from <= late);
    spans[..begun].last().filter(|span| span.to.unwrap_or(now) >= early)
}

/// The line of an incarnation that is nearest to a moment: between its first and its last, by the time that went by.
fn go_to(canvas: &Canvas<'_>, id: IncarnationId, moment: Mono, state: &mut State) {
    let Some(one) = canvas.scene.model.incarnation(id) else { return };
    if one.lines == 0 {
        return;
    }
    let from = one.opened.mono;
    let grown = one.last_growth.since(from).max(1);
    let share = (moment.since(from) as f64 / grown as f64).clamp(0.0, 1.0);
    let line = ((one.lines - 1) as f64 * share) as u64;
    state.jump = Some(Jump::Line { incarnation: id, line });
}

/// Lines per second by level at a place.
fn tell_rates(canvas: &Canvas<'_>, response: &Response, rect: Rect, at: Pos2) {
    let rates = &canvas.scene.model.timeline().rates;
    let moment = canvas.shown.at(f64::from(at.x - rect.left()));
    let nth = rates.steps.partition_point(|(from, _)| *from <= moment).checked_sub(1);
    let step = nth.and_then(|nth| rates.steps.get(nth)).filter(|(from, _)| moment.since(*from) < rates.step_ns);
    let levels = step.map_or([0; LEVELS], |(_, levels)| *levels);
    let seconds = rates.step_ns as f64 / 1e9;
    let scene = canvas.scene;
    egui::Tooltip::for_enabled(response).at_pointer().gap(12.0).show(|ui| {
        ui.set_max_width(240.0);
        let time = Teller::new(scene).mono_time(moment);
        ui.label(RichText::new(time).font(theme::mono(11.0)).color(canvas.colors.muted));
        let total: u32 = levels.iter().sum();
        let per_second = |lines: u32| number((f64::from(lines) / seconds).round() as u64);
        let text = scene.tr_args("timeline-rate", &[("n", per_second(total).into())]);
        ui.label(RichText::new(text).font(theme::strong(theme::TEXT)));
        for level in [Level::Critical, Level::Error, Level::Warning, Level::Info, Level::Debug] {
            let lines = levels[level as usize];
            if lines > 0 {
                let text = format!("{:<9}{:>7}", level.name(), per_second(lines));
                ui.label(RichText::new(text).font(theme::mono(11.0)).color(canvas.colors.level(level)));
            }
        }
    });
}
