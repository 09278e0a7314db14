//! The form in which a lab is put together.

use std::time::Duration;

use eframe::egui;
use egui::{Align, ComboBox, DragValue, Layout, RichText, ScrollArea, Ui, vec2};

use super::{Clock, MOST, NewLab, WHENS, Work};
use crate::clock::Mono;
use crate::gui::open::SessionRequest;
use crate::gui::state::{Request, Scene, State};
use crate::gui::theme::{self, Colors};
use crate::gui::widgets;
use crate::handler::{CLASSES, ENCODINGS};
use crate::worker::{START_METHODS, StartMethod};

const WIDTH: f32 = 560.0;
/// Width of the column of names.
const NAMES: f32 = 104.0;
/// Most height of a list to choose from: all of it is seen at once, for it does not show that it scrolls.
const LIST: f32 = 420.0;

/// How long it is said that something was copied.
const COPIED_NS: u64 = 3_000_000_000;

/// The form while it is open.
#[derive(Debug)]
pub(in crate::gui) struct Form {
    lab: NewLab,
    /// When the lab's text was last copied, and what was chosen then.
    copied: Option<(Mono, NewLab)>,
    /// Whether a number was being typed when the last frame had been drawn.
    was_typing: bool,
}

impl Form {
    /// A form that begins with these choices.
    pub(in crate::gui) fn of(lab: NewLab) -> Form {
        Form { lab, copied: None, was_typing: false }
    }

    /// For how long it still is to be said that just this was copied, in nanoseconds.
    fn copied_for(&self, now: Mono) -> Option<u64> {
        let (at, what) = self.copied.as_ref()?;
        COPIED_NS.checked_sub(now.since(*at)).filter(|left| *left > 0 && *what == self.lab)
    }
}

/// Draws the form; whether it should close.
pub(in crate::gui) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, form: &mut Form) -> bool {
    let close = show_form(ui, scene, state, form);
    // The number that was typed has taken this key for its own end; the dialog would take it for its own too.
    if form.was_typing {
        ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, egui::Key::Escape));
    }
    form.was_typing = ui.ctx().text_edit_focused();
    close
}

fn show_form(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, form: &mut Form) -> bool {
    let lab = &mut form.lab;
    ui.set_width(WIDTH);
    // A field that has the keyboard takes Enter for itself, and has let go of it by the time the buttons are drawn.
    let typing = ui.ctx().egui_wants_keyboard_input();
    ui.label(RichText::new(scene.tr("new-lab-title")).font(theme::strong(15.0)));
    ui.label(RichText::new(scene.tr("new-lab-why")).color(Colors::of(ui).muted));
    ui.add_space(10.0);
    let room = (ui.ctx().content_rect().height() - 230.0).max(160.0);
    ScrollArea::vertical().max_height(room).auto_shrink([false, true]).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        handler(ui, scene, lab);
        encoding(ui, scene, lab);
        start(ui, scene, lab);
        shape(ui, scene, lab);
        work(ui, scene, lab);
        clock(ui, scene, lab);
    });
    let checked = form.lab.check(scene.wall.with_timezone(&chrono::Local).fixed_offset());
    if let Err(error) = &checked {
        ui.add_space(6.0);
        ui.add(egui::Label::new(RichText::new(error.to_string()).color(Colors::of(ui).bad)).wrap());
    }
    let answer = foot(ui, scene, form, checked.is_ok());
    let entered = checked.is_ok() && !typing && ui.input(|input| input.key_pressed(egui::Key::Enter));
    if answer == Some(Answer::Open) || entered {
        let now = scene.wall.with_timezone(&chrono::Local).fixed_offset();
        state.new_lab = form.lab.clone();
        state.ask(Request::Open(SessionRequest::Composed(form.lab.text(now))));
        return true;
    }
    answer.is_some()
}

/// How the form is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Open,
    Cancel,
}

/// A row of the form: its name on the left, what can be chosen on the right, and what that means below.
fn row(ui: &mut Ui, name: &str, meaning: &str, content: impl FnOnce(&mut Ui)) {
    let colors = Colors::of(ui);
    ui.horizontal_top(|ui| {
        ui.allocate_ui_with_layout(vec2(NAMES, 26.0), Layout::left_to_right(Align::Center), |ui| {
            ui.set_min_width(NAMES);
            ui.label(RichText::new(name).color(colors.muted));
        });
        ui.vertical(|ui| {
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.horizontal(|ui| {
                ui.set_min_height(26.0);
                content(ui);
            });
            if !meaning.is_empty() {
                let text = RichText::new(meaning).font(theme::plain(theme::SMALL)).color(colors.muted);
                ui.add(egui::Label::new(text).wrap());
            }
        });
    });
    ui.add_space(8.0);
}

/// Some words of which one is chosen.
fn choice<T: Copy + PartialEq>(ui: &mut Ui, chosen: &mut T, all: &[T], text: impl Fn(T) -> String) {
    for one in all {
        ui.selectable_value(chosen, *one, text(*one));
    }
}

fn number(ui: &mut Ui, value: &mut u16, range: std::ops::RangeInclusive<u16>, name: &str) {
    ui.add(DragValue::new(value).range(range).speed(0.05)).accessible_name(name.to_owned());
}

/// A list that was open in this dialog before is known to the context, and lies below a dialog that was opened after it.
fn over_the_dialog(ui: &Ui) {
    ui.ctx().move_to_top(ui.layer_id());
}

fn handler(ui: &mut Ui, scene: &Scene<'_>, lab: &mut NewLab) {
    let info = lab.class.info();
    let name = scene.tr("new-lab-handler");
    row(ui, &name, &scene.tr(info.sentence_key), |ui| {
        let combo = ComboBox::from_id_salt("handler").width(210.0).height(LIST).selected_text(info.name);
        let shown = combo.show_ui(ui, |ui| {
            over_the_dialog(ui);
            for other in &CLASSES {
                ui.selectable_value(&mut lab.class, other.class, other.name)
                    .on_hover_text(scene.tr(other.sentence_key));
            }
        });
        let _ = shown.response.accessible_name(name.clone());
    });
    let info = lab.class.info();
    if info.scheduled {
        row(ui, &scene.tr("new-lab-when"), &scene.tr("new-lab-when-why"), |ui| {
            ComboBox::from_id_salt("when").width(110.0).height(LIST).selected_text(lab.when).show_ui(ui, |ui| {
                over_the_dialog(ui);
                for when in WHENS {
                    ui.selectable_value(&mut lab.when, when, when);
                }
            });
            if info.retains {
                ui.add_space(8.0);
                let keep = scene.tr("new-lab-keep");
                let all = scene.tr("new-lab-keep-all");
                let shown = |count: f64, _| if count < 1.0 { all.clone() } else { count.to_string() };
                let count = DragValue::new(&mut lab.backup_count).range(0..=365).speed(0.05).custom_formatter(shown);
                ui.add(count).accessible_name(keep.clone());
                ui.label(keep).on_hover_text(scene.tr("new-lab-keep.tip"));
            }
        });
    }
}

fn encoding(ui: &mut Ui, scene: &Scene<'_>, lab: &mut NewLab) {
    let meaning = scene.tr(lab.encoding.sentence_key());
    row(ui, &scene.tr("new-lab-encoding"), &meaning, |ui| {
        choice(ui, &mut lab.encoding, &ENCODINGS, |encoding| encoding.name().to_owned());
    });
}

fn start(ui: &mut Ui, scene: &Scene<'_>, lab: &mut NewLab) {
    let meaning = scene.tr(lab.start.sentence_key());
    row(ui, &scene.tr("new-lab-start"), &meaning, |ui| {
        choice(ui, &mut lab.start, &START_METHODS, |method| method.name().to_owned());
        if lab.start == StartMethod::Fork {
            ui.add_space(8.0);
            ui.checkbox(&mut lab.inherit_file, scene.tr("new-lab-inherit"))
                .on_hover_text(scene.tr("new-lab-inherit.tip"));
        }
    });
}

fn shape(ui: &mut Ui, scene: &Scene<'_>, lab: &mut NewLab) {
    let rate = u64::from(lab.rate) * lab.tasks_in_all();
    let sum = scene.tr_args("new-lab-sum", &[("tasks", lab.tasks_in_all().into()), ("rate", rate.into())]);
    let sum =
        if lab.rate == 0 { scene.tr_args("new-lab-sum-full", &[("tasks", lab.tasks_in_all().into())]) } else { sum };
    row(ui, &scene.tr("new-lab-shape"), &sum, |ui| {
        let names = ["new-lab-processes", "new-lab-threads", "new-lab-tasks"].map(|key| scene.tr(key));
        let counts = [&mut lab.processes, &mut lab.threads, &mut lab.tasks];
        for (n, (count, name)) in counts.into_iter().zip(&names).enumerate() {
            if n > 0 {
                ui.label(RichText::new("×").color(Colors::of(ui).muted));
            }
            number(ui, count, 1..=MOST[n], name);
            ui.label(name);
        }
    });
    let name = scene.tr("new-lab-rate");
    row(ui, &name, "", |ui| {
        ui.add(DragValue::new(&mut lab.rate).range(0..=100_000).speed(1.0)).accessible_name(name.clone());
        ui.label(scene.tr("new-lab-rate-unit")).on_hover_text(scene.tr("new-lab-rate-unit.tip"));
    });
}

fn work(ui: &mut Ui, scene: &Scene<'_>, lab: &mut NewLab) {
    let meaning = scene.tr(&format!("{}.tip", lab.work.key()));
    row(ui, &scene.tr("new-lab-work"), &meaning, |ui| {
        choice(ui, &mut lab.work, &Work::ALL, |work| scene.tr(work.key()));
        if lab.work != Work::None {
            ui.add_space(8.0);
            number(ui, &mut lab.work_ms, 1..=1000, &scene.tr("new-lab-work-ms"));
            ui.label("ms");
        }
    });
}

fn clock(ui: &mut Ui, scene: &Scene<'_>, lab: &mut NewLab) {
    let meaning = scene.tr(&format!("{}.tip", lab.clock.key()));
    row(ui, &scene.tr("new-lab-clock"), &meaning, |ui| {
        choice(ui, &mut lab.clock, &Clock::ALL, |clock| scene.tr(clock.key()));
    });
}

fn foot(ui: &mut Ui, scene: &Scene<'_>, form: &mut Form, right: bool) -> Option<Answer> {
    ui.add_space(12.0);
    ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
        let main = ui.add_enabled_ui(right, |ui| widgets::main_button(ui, &scene.tr("new-lab-open"), false)).inner;
        let cancelled = ui.button(scene.tr("cancel")).clicked();
        ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
            if ui.button(scene.tr("new-lab-copy")).on_hover_text(scene.tr("new-lab-copy.tip")).clicked() {
                let now = scene.wall.with_timezone(&chrono::Local).fixed_offset();
                ui.ctx().copy_text(form.lab.text(now));
                form.copied = Some((scene.now, form.lab.clone()));
            }
            if let Some(left) = form.copied_for(scene.now) {
                ui.ctx().request_repaint_after(Duration::from_nanos(left));
                show_copied(ui, scene);
            }
        });
        match (main.clicked(), cancelled) {
            (true, _) => Some(Answer::Open),
            (false, true) => Some(Answer::Cancel),
            (false, false) => None,
        }
    })
    .inner
}

/// Beside the button, for that is where one looks: a message in the corner would lie below the dialog.
fn show_copied(ui: &mut Ui, scene: &Scene<'_>) {
    let colors = Colors::of(ui);
    let (dot, _) = ui.allocate_exact_size(vec2(8.0, 20.0), egui::Sense::hover());
    widgets::paint_dot(ui, dot.center(), colors.ok, false);
    ui.label(RichText::new(scene.tr("new-lab-copied")).color(colors.muted));
}
