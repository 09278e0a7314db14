//! The page on which handlers are compared: what is to be run on the left, chart and table on the right.

mod chart;
mod choose;
mod job;
mod save;
mod table;

use std::path::PathBuf;
use std::time::Duration;

use eframe::egui;
use egui::{Align, Key, Layout, Modifiers, Rect, RichText, ScrollArea, Ui, UiBuilder, pos2, vec2};

use super::open::Purpose;
use super::raster::Image;
use super::state::{Request, Scene, State};
use super::theme::{self, Colors};
use super::widgets::{self, Icon};
use crate::engine::{Compared, Comparison, FaultInfo, Recovered};
use crate::handler::ClassInfo;
use crate::model::Terms;
use choose::Choices;
use job::Job;
use table::Sort;

/// Width of the choices, in points.
const CHOICES: f32 = 256.0;

/// One run, accounted for.
#[derive(Clone, Copy, Debug)]
struct Row {
    handler: &'static ClassInfo,
    fault: &'static FaultInfo,
    terms: Terms,
    recovered: Recovered,
}

impl Row {
    fn of(compared: &Compared, comparison: &Comparison) -> Option<Row> {
        let infos = comparison.handlers.iter().map(|class| class.info());
        Some(Row {
            handler: infos.into_iter().find(|info| info.name == compared.handler)?,
            fault: comparison.faults.iter().find(|fault| fault.name == compared.fault)?,
            terms: compared.report.total,
            recovered: Recovered::of(&compared.report.recoveries),
        })
    }

    fn lost_percent(&self) -> f64 {
        if self.terms.written == 0 { 0.0 } else { self.terms.lost as f64 * 100.0 / self.terms.written as f64 }
    }
}

/// What has been run so far, and of what.
struct Results {
    comparison: Comparison,
    rows: Vec<Row>,
}

/// The page and all that it remembers.
#[derive(Default)]
pub(super) struct ComparePage {
    /// Whether it stands in the window.
    pub(super) open: bool,
    /// The executable that runs workers; this one if nothing is said.
    pub(super) program: Option<PathBuf>,
    choices: Choices,
    results: Option<Results>,
    job: Option<Job>,
    /// Why the last comparison did not come to its end.
    error: Option<String>,
    sort: Sort,
}

impl ComparePage {
    /// What has been run so far, if that is anything.
    fn results(&self) -> Option<&Results> {
        self.results.as_ref().filter(|results| !results.rows.is_empty())
    }

    /// The table as comma-separated values; none before the first run has ended.
    pub(super) fn csv(&self) -> Option<String> {
        self.results().map(save::csv)
    }

    /// Chart and table as a picture; none before the first run has ended.
    pub(super) fn picture(&self, scene: &Scene<'_>, theme: egui::Theme) -> Option<Image> {
        self.results().map(|results| save::picture(results, scene, self.sort, theme))
    }

    /// Takes the page off the window and ends what runs.
    pub(super) fn close(&mut self) {
        self.open = false;
        self.cancel();
    }

    fn cancel(&self) {
        if let Some(job) = &self.job {
            job.cancel();
        }
    }

    fn start(&mut self, ctx: &egui::Context) {
        let comparison = self.choices.comparison();
        self.error = comparison.check().err().map(|error| error.to_string());
        if self.error.is_some() {
            return;
        }
        match Job::start(comparison.clone(), self.program.clone(), ctx) {
            Ok(job) => {
                self.job = Some(job);
                self.results = Some(Results { comparison, rows: Vec::new() });
            }
            Err(error) => self.error = Some(error.to_string()),
        }
    }

    /// Takes in what the runs have brought, also while the page is not shown.
    pub(super) fn take_news(&mut self) {
        let (Some(job), Some(results)) = (&mut self.job, &mut self.results) else { return };
        for compared in job.news() {
            results.rows.extend(Row::of(&compared, &results.comparison));
        }
        if let Some(result) = job.result() {
            self.error = result.err();
            self.job = None;
        }
    }

    /// Draws it into all the space of `ui`.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, state: &mut State, has_keys: bool) {
        let rect = ui.max_rect();
        if self.head(ui, rect, scene, state)
            || has_keys
                && ui.memory(|memory| memory.focused().is_none())
                && ui.input_mut(|input| input.consume_key(Modifiers::NONE, Key::Escape))
        {
            return self.close();
        }
        let body = Rect::from_min_max(pos2(rect.left(), rect.top() + theme::HEAD), rect.max);
        let (left, right) = body.split_left_right_at_x(body.left() + CHOICES);
        let colors = Colors::of(ui);
        ui.painter().rect_filled(left, 0.0, colors.panel);
        ui.painter().vline(left.right(), left.y_range(), egui::Stroke::new(1.0, colors.hairline));
        let asked = choose::show(&mut part(ui, left), scene, &mut self.choices, self.job.is_some());
        match asked {
            Some(choose::Asked::Run) => self.start(ui.ctx()),
            Some(choose::Asked::Cancel) => self.cancel(),
            None => {}
        }
        self.show_results(&mut part(ui, right.shrink2(vec2(theme::EDGE, 0.0))), scene);
        if self.job.is_some() {
            // The time that is left goes down by itself.
            ui.ctx().request_repaint_after(Duration::from_millis(500));
        }
    }

    /// The page's name and what can be done with its results. Whether it is to be closed.
    fn head(&self, ui: &mut Ui, rect: Rect, scene: &Scene<'_>, state: &mut State) -> bool {
        let colors = Colors::of(ui);
        let head = Rect::from_min_size(rect.min, vec2(rect.width(), theme::HEAD));
        ui.painter().rect_filled(head, 0.0, colors.panel);
        ui.painter().hline(head.x_range(), head.bottom(), egui::Stroke::new(1.0, colors.hairline));
        let title = scene.tr("compare-title");
        let at = head.left_center() + vec2(theme::EDGE, 0.0);
        let shown = ui.painter().text(at, egui::Align2::LEFT_CENTER, &title, theme::strong(14.0), colors.text);
        let named = ui.interact(shown, ui.scope_id().with("compare title"), egui::Sense::hover());
        widgets::named(&named, &title);
        let inner = head.shrink2(vec2(theme::EDGE, 0.0));
        let mut ui = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
        let close = scene.tr("compare-close");
        let closed = widgets::icon_button(&mut ui, Icon::Close, &close, &scene.tr("compare-close.tip")).clicked();
        ui.add_space(4.0);
        ui.add_enabled_ui(self.results().is_some(), |ui| {
            for (purpose, key) in [(Purpose::ComparePicture, "compare-png"), (Purpose::CompareTable, "compare-csv")] {
                let tip = scene.tr(&format!("{key}.tip"));
                if ui.button(scene.tr(key)).on_hover_text(&tip).on_disabled_hover_text(&tip).clicked() {
                    state.ask(Request::Save(purpose));
                }
            }
        });
        closed
    }

    fn show_results(&mut self, ui: &mut Ui, scene: &Scene<'_>) {
        ui.spacing_mut().item_spacing.y = 0.0;
        self.show_state(ui, scene);
        let Some(results) = &self.results else { return empty(ui, scene) };
        let current = self.job.as_ref().and_then(Job::current);
        ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| {
            let width = ui.available_width().max(chart::least_width(results)).max(table::LEAST_WIDTH);
            chart::show(ui, scene, results, current, width);
            ui.add_space(20.0);
            table::show(ui, scene, results, &mut self.sort, width);
            ui.add_space(theme::EDGE);
        });
    }

    /// One line: what runs and how long that takes, how it ended, or why it did not.
    fn show_state(&self, ui: &mut Ui, scene: &Scene<'_>) {
        let colors = Colors::of(ui);
        ui.add_space(10.0);
        if let Some(error) = &self.error {
            let text = RichText::new(error).color(colors.bad);
            ui.add(egui::Label::new(text).wrap().selectable(true));
            ui.add_space(8.0);
        }
        let Some(results) = &self.results else { return };
        let (done, runs) = (results.rows.len(), results.comparison.pairs().len());
        let words = match &self.job {
            Some(job) if job.is_cancelled() => scene.tr("compare-ending"),
            Some(job) => {
                let (handler, fault) = job.current().unwrap_or_default();
                let left = choose::about(scene, results.comparison.estimate(runs - done).saturating_sub(job.in_run()));
                let args = [
                    ("n", (done + 1).min(runs).into()),
                    ("runs", runs.into()),
                    ("handler", handler.into()),
                    ("fault", fault.into()),
                    ("left", left.into()),
                ];
                scene.tr_args("compare-running", &args)
            }
            None if done < runs => scene.tr_args("compare-ended-early", &[("n", done.into()), ("runs", runs.into())]),
            None => scene.tr_args("compare-done", &[("n", runs.into())]),
        };
        ui.label(RichText::new(words).color(colors.text));
        ui.add_space(6.0);
        let (bar, _) = ui.allocate_exact_size(vec2(ui.available_width(), 4.0), egui::Sense::hover());
        ui.painter().rect_filled(bar, 2.0, colors.raised);
        let share = done as f32 / runs.max(1) as f32;
        let fill = if self.job.is_some() { colors.accent } else { colors.outline };
        ui.painter().rect_filled(bar.with_max_x(bar.left() + bar.width() * share), 2.0, fill);
        ui.add_space(14.0);
    }
}

fn part(ui: &mut Ui, rect: Rect) -> Ui {
    let mut part = ui.new_child(UiBuilder::new().max_rect(rect).layout(Layout::top_down(Align::Min)));
    part.set_clip_rect(rect.intersect(ui.clip_rect()));
    part
}

fn empty(ui: &mut Ui, scene: &Scene<'_>) {
    let colors = Colors::of(ui);
    ui.add_space((ui.available_height() * 0.3).min(180.0));
    ui.vertical_centered(|ui| {
        ui.set_max_width(460.0);
        ui.label(RichText::new(scene.tr("compare-empty")).font(theme::strong(18.0)));
        ui.add_space(8.0);
        ui.add(egui::Label::new(RichText::new(scene.tr("compare-empty.why")).color(colors.muted)).wrap());
    });
}

/// The sentence on a handler, in the window's language where the catalogue has it.
fn about_handler(scene: &Scene<'_>, info: &ClassInfo) -> String {
    let said = scene.tr(info.sentence_key);
    if said == info.sentence_key { info.sentence.to_owned() } else { said }
}

/// A gap, or what stands for none.
fn gap(scene: &Scene<'_>, recovered: &Recovered, ms: Option<f64>) -> String {
    match ms {
        _ if recovered.faults == 0 => "–".to_owned(),
        Some(ms) => super::text::gap(ms),
        None => scene.tr("compare-never"),
    }
}
