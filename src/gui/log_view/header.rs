//! The strip above the log: search, levels, columns, and whether the newest line is kept in view.

use eframe::egui;
use egui::{
    Align, Align2, CornerRadius, Id, Key, Layout, Modifiers, Rect, Response, RichText, Sense, Stroke, TextEdit, Ui,
};
use egui::{UiBuilder, vec2};

use super::LogView;
use super::following::{self, Saying};
use super::order::Order;
use crate::gui::action::Action;
use crate::gui::find::LevelSet;
use crate::gui::state::{Scene, State};
use crate::gui::text::number;
use crate::gui::theme::{self, Colors};
use crate::gui::widgets;
use crate::record::{LEVELS, Level};

const CHOICES: [Level; LEVELS] =
    [Level::Critical, Level::Error, Level::Warning, Level::Info, Level::Debug, Level::None];

/// Draws the strip into `rect`.
pub(super) fn show(
    view: &mut LogView,
    ui: &mut Ui,
    rect: Rect,
    scene: &Scene<'_>,
    state: &mut State,
    order: &Order<'_>,
    filtered: Option<f32>,
) {
    let colors = Colors::of(ui);
    ui.painter().rect_filled(rect, 0.0, colors.panel);
    ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, colors.hairline));
    let inner = rect.shrink2(vec2(8.0, 0.0));
    let layout = Layout::right_to_left(Align::Center);
    let mut ui = ui.new_child(UiBuilder::new().max_rect(inner).layout(layout));
    let ui = &mut ui;
    ui.spacing_mut().item_spacing.x = 4.0;
    let form = form(ui, scene, state);
    following::show(view, ui, scene, state, form.saying);
    columns(ui, scene, state, form.columns);
    levels(ui, scene, state, order, filtered);
    ui.add_space(4.0);
    let room = ui.available_rect_before_wrap();
    if room.width() >= LEAST_FIELD {
        search(view, ui, room, scene, state);
    }
}

/// What a narrow strip leaves of its controls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Form {
    saying: Saying,
    /// Whether the menu of columns has a word.
    columns: bool,
}

/// From wide to narrow: the search, which all else gives way to, is what is typed into.
const FORMS: [Form; 4] = [
    Form { saying: Saying::All, columns: true },
    Form { saying: Saying::State, columns: true },
    Form { saying: Saying::State, columns: false },
    Form { saying: Saying::Nothing, columns: false },
];

/// The room that is left to the search while something else can still be shortened, in points.
const SEARCH: f32 = 180.0;
/// And the width below which there is no field at all: nothing could be read in it.
const LEAST_FIELD: f32 = 64.0;
/// The share of the rows that is through a filter, or their number.
const FILTERED: f32 = 76.0;

/// The first form that leaves room to the search. What changes by itself does not count, so that no control moves while
/// nobody touches anything.
fn form(ui: &Ui, scene: &Scene<'_>, state: &State) -> Form {
    let menu = |text: &str| widgets::text_width(ui, text, theme::plain(theme::TEXT)) + 38.0;
    let levels = menu(&levels_text(scene, state)) + if state.levels.is_all() { 0.0 } else { FILTERED };
    let fits = |form: &&Form| {
        let columns = if form.columns { menu(&scene.tr("log-columns")) } else { 22.0 };
        let taken = following::width(ui, scene, form.saying) + columns + levels + 4.0 * 4.0;
        ui.available_width() - taken >= SEARCH
    };
    FORMS.iter().find(fits).copied().unwrap_or(FORMS[FORMS.len() - 1])
}

fn columns(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, with_word: bool) {
    let (name, tip) = (scene.tr("log-columns"), scene.tr("log-columns.tip"));
    if with_word {
        widgets::menu_button(ui, &name, &tip, |ui| column_items(ui, scene, state));
    } else {
        let response = widgets::icon_button(ui, widgets::Icon::More, &name, &format!("{name}: {tip}"));
        let _ = egui::Popup::menu(&response).show(|ui| column_items(ui, scene, state));
    }
}

fn column_items(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    ui.set_max_width(260.0);
    if ui.checkbox(&mut state.settings.row_numbers, scene.tr("log-column-numbers")).clicked() {
        ui.close();
    }
    let mut stamps = state.settings.stamps;
    if ui.checkbox(&mut stamps, scene.tr("log-column-stamps")).clicked() {
        state.ask(Action::Stamps);
        ui.close();
    }
}

fn levels_text(scene: &Scene<'_>, state: &State) -> String {
    if state.levels.is_all() { scene.tr("log-levels-all") } else { chosen(scene, state.levels) }
}

fn levels(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, order: &Order<'_>, filtered: Option<f32>) {
    let colors = Colors::of(ui);
    let text = levels_text(scene, state);
    let response = widgets::menu_button(ui, &text, &scene.tr("log-levels-all.tip"), |ui| {
        ui.set_max_width(240.0);
        let counts = counts(scene);
        for level in CHOICES {
            level_item(ui, scene, state, level, counts[level as usize]);
        }
        if are_of_a_part(scene, &counts) {
            let note = RichText::new(scene.tr("log-levels-since")).font(theme::plain(theme::SMALL)).color(colors.muted);
            ui.add(egui::Label::new(note).wrap());
        }
        ui.separator();
        if ui.button(scene.tr("log-levels-worse")).clicked() {
            state.levels = LevelSet::from(Level::Warning);
            ui.close();
        }
        if ui.button(scene.tr("log-levels-reset")).clicked() {
            state.levels = LevelSet::ALL;
            ui.close();
        }
    });
    if state.levels.is_all() {
        return;
    }
    let line = Rect::from_min_max(response.rect.left_bottom() - vec2(0.0, 2.0), response.rect.right_bottom());
    ui.painter().rect_filled(line.shrink2(vec2(8.0, 0.0)), 1.0, colors.accent);
    let state_text = match filtered {
        Some(share) => format!("{:.0} %", (share * 100.0).floor()),
        None => number(order.len()),
    };
    let (rect, label) = ui.allocate_exact_size(vec2(FILTERED, 26.0), Sense::hover());
    let at = rect.right_center();
    widgets::paint_line(ui, at, Align2::RIGHT_CENTER, &state_text, theme::mono(11.5), colors.muted, FILTERED);
    widgets::named(&label, &state_text);
}

fn level_item(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, level: Level, count: u64) {
    let colors = Colors::of(ui);
    let name = level_name(scene, level);
    ui.horizontal(|ui| {
        let mut on = state.levels.contains(level);
        let text = RichText::new(name).font(theme::plain(theme::TEXT)).color(colors.text);
        let response = ui.checkbox(&mut on, text);
        if response.clicked() {
            state.levels = state.levels.with(level, on);
        }
        response.on_hover_text(scene.tr("log-level-only")).context_menu(|ui| {
            if ui.button(scene.tr("log-level-only")).clicked() {
                state.levels = LevelSet::only(level);
                ui.close();
            }
        });
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if count > 0 {
                ui.label(RichText::new(number(count)).font(theme::mono(11.5)).color(colors.muted));
            }
        });
    });
}

fn level_name(scene: &Scene<'_>, level: Level) -> String {
    if level == Level::None { scene.tr("log-level-none") } else { level.name().to_owned() }
}

fn chosen(scene: &Scene<'_>, levels: LevelSet) -> String {
    let names: Vec<String> =
        CHOICES.into_iter().filter(|level| levels.contains(*level)).map(|level| level_name(scene, level)).collect();
    match names.as_slice() {
        [one] => one.clone(),
        several => scene.tr_args("log-levels-some", &[("n", several.len().into())]),
    }
}

/// Lines by level that have arrived since the session began.
fn counts(scene: &Scene<'_>) -> [u64; LEVELS] {
    let mut sums = [0; LEVELS];
    for (_, levels) in &scene.model.timeline().rates.steps {
        for (sum, lines) in sums.iter_mut().zip(levels) {
            *sum += u64::from(*lines);
        }
    }
    sums
}

/// Whether these are not all lines: what stood in a file before it was opened is read without a look at its levels.
fn are_of_a_part(scene: &Scene<'_>, counts: &[u64; LEVELS]) -> bool {
    let counted: u64 = counts.iter().sum();
    let lines: u64 = scene.model.incarnations().iter().map(|one| one.lines).sum();
    (1..lines).contains(&counted)
}

fn search(view: &mut LogView, ui: &mut Ui, room: Rect, scene: &Scene<'_>, state: &mut State) {
    let colors = Colors::of(ui);
    let field = Rect::from_center_size(room.center(), vec2(room.width(), 26.0));
    let id = Id::unique("rotascope find");
    let has_focus = ui.memory(|memory| memory.has_focus(id));
    ui.painter().rect_filled(field, CornerRadius::same(6), colors.window);
    let edge = match (view.search.error(), has_focus) {
        (Some(_), _) => colors.warn,
        (None, true) => colors.accent,
        (None, false) => colors.hairline,
    };
    widgets::paint_outline(ui, field, edge);
    paint_lens(ui, field, colors.muted);
    let mut right = field.right() - 4.0;
    if !state.find.text.is_empty() {
        right = tools(view, ui, field, scene, state);
    }
    let text = Rect::from_min_max(field.min + vec2(26.0, 0.0), egui::pos2(right - 4.0, field.bottom()));
    let take = std::mem::take(&mut state.find.take_focus);
    let before = state.find.text.clone();
    let edit = TextEdit::singleline(&mut state.find.text)
        .id(id)
        .hint_text(RichText::new(scene.tr("log-find-hint")).color(colors.muted))
        .frame(egui::Frame::NONE)
        .margin(egui::Margin::ZERO)
        .align(Align2::LEFT_CENTER)
        .min_size(vec2(0.0, 26.0))
        .desired_width(text.width());
    let mut part = ui.new_child(UiBuilder::new().max_rect(text).layout(Layout::left_to_right(Align::Center)));
    part.shrink_clip_rect(text);
    let response = part.add(edit);
    named(&response, &scene.tr("log-find-name"));
    if take {
        response.request_focus();
        select_all(ui, id, &state.find.text);
    }
    if state.find.text != before {
        view.seek = true;
        view.current = None;
    }
    keys(ui, &response, state);
    if let Some(error) = view.search.error() {
        response.on_hover_text(error);
    }
}

fn keys(ui: &Ui, response: &Response, state: &mut State) {
    if !response.has_focus() && !response.lost_focus() {
        return;
    }
    let pressed = |modifiers: Modifiers, key: Key| ui.input_mut(|input| input.consume_key(modifiers, key));
    if pressed(Modifiers::SHIFT, Key::Enter) {
        state.find.step = Some(-1);
        response.request_focus();
    } else if pressed(Modifiers::NONE, Key::Enter) {
        state.find.step = Some(1);
        response.request_focus();
    } else if response.lost_focus() && ui.input(|input| input.key_pressed(Key::Escape)) {
        state.find.text.clear();
        state.find.open = false;
    }
}

fn select_all(ui: &Ui, id: Id, text: &str) {
    if let Some(mut edit) = egui::text_edit::TextEditState::load(ui.ctx(), id) {
        let range =
            egui::text::CCursorRange::two(egui::text::CCursor::new(0), egui::text::CCursor::new(text.chars().count()));
        edit.cursor.set_char_range(Some(range));
        edit.store(ui.ctx(), id);
    }
}

/// Widths of the field from which on there is room beside the text, in points.
const WITH_STEPS: f32 = 250.0;
const WITH_COUNT: f32 = 170.0;

/// How many were found, and the way to the next; returns where that begins.
fn tools(view: &LogView, ui: &mut Ui, field: Rect, scene: &Scene<'_>, state: &mut State) -> f32 {
    let colors = Colors::of(ui);
    let inner = field.shrink2(vec2(4.0, 0.0));
    let mut side = ui.new_child(UiBuilder::new().max_rect(inner).layout(Layout::right_to_left(Align::Center)));
    side.spacing_mut().item_spacing.x = 1.0;
    let close = scene.tr("log-find-clear");
    if widgets::icon_button(&mut side, widgets::Icon::Close, &close, &close).clicked() {
        state.find.text.clear();
        state.find.open = false;
    }
    // Enter and Shift+Enter lead to the matches, too; how many there are is said nowhere else.
    if field.width() >= WITH_STEPS {
        steps(&mut side, scene, state);
    }
    if field.width() >= WITH_COUNT {
        side.add_space(4.0);
        let (text, color) = count(view, scene, colors);
        side.label(RichText::new(text).font(theme::mono(11.5)).color(color));
    }
    side.min_rect().left()
}

fn steps(side: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let next = scene.tr("log-find-next");
    if widgets::icon_button(side, widgets::Icon::Down, &next, &next).clicked() {
        state.find.step = Some(1);
    }
    let previous = scene.tr("log-find-previous");
    if widgets::icon_button(side, widgets::Icon::Up, &previous, &previous).clicked() {
        state.find.step = Some(-1);
    }
}

fn count(view: &LogView, scene: &Scene<'_>, colors: &Colors) -> (String, egui::Color32) {
    if view.search.error().is_some() {
        return (scene.tr("log-find-wrong"), colors.warn);
    }
    let Some(scan) = view.search.scan() else { return (String::new(), colors.muted) };
    let found = scan.found();
    let nth = view.current.filter(|row| found.contains(*row)).map(|row| found.below(row) + 1);
    let mut text = match nth {
        Some(nth) => format!("{} / {}", number(nth), number(found.len())),
        None => number(found.len()),
    };
    if let Some(share) = view.search.progress(view.rows) {
        text = format!("{text}  {:.0} %", (share * 100.0).floor());
    }
    (text, colors.muted)
}

fn paint_lens(ui: &Ui, field: Rect, color: egui::Color32) {
    let center = field.left_center() + vec2(13.0, -1.0);
    let stroke = Stroke::new(1.25, color);
    ui.painter().circle_stroke(center, 3.75, stroke);
    ui.painter().line_segment([center + vec2(2.8, 2.8), center + vec2(5.6, 5.6)], stroke);
}

fn named(response: &Response, name: &str) {
    let _ = response.clone().accessible_name(name);
}
