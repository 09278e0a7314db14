//! Files that are deleted and still open somewhere: a section of the files panel, and how they are written back.

use std::path::{Path, PathBuf};

use eframe::egui;
use egui::{Align2, Grid, Rect, RichText, Sense, Stroke, Ui, pos2, vec2};

use super::file_actions;
use super::files::name_of;
use super::state::{Scene, Selection, State};
use super::story::Teller;
use super::text::{number, size};
use super::theme::{self, Colors};
use super::widgets::{self, paint_line};
use crate::event::{FileId, IncarnationId};
use crate::model::{DeletedOpen, Holder};

/// From where the content of a deleted file can be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Source {
    /// Which file.
    pub(super) file_id: FileId,
    /// Its life, if its descriptor is held here.
    pub(super) incarnation: Option<IncarnationId>,
    /// A process that holds it, and its descriptor there.
    pub(super) holder: Option<(u32, i32)>,
    /// The last name that it had.
    pub(super) path: PathBuf,
}

impl Source {
    /// A name to write it back under: its own, if that is free, or one beside it.
    pub(super) fn proposal(&self, scene: &Scene<'_>) -> PathBuf {
        let taken = |path: &Path| {
            scene.model.incarnation_at(path).is_some() || scene.model.entries().iter().any(|entry| entry.path == path)
        };
        if !taken(&self.path) {
            return self.path.clone();
        }
        let name = name_of(&self.path);
        let beside = |number: u32| match number {
            1 => format!("{name}.restored"),
            more => format!("{name}.restored-{more}"),
        };
        let free = (1..=99).map(|number| self.path.with_file_name(beside(number))).find(|path| !taken(path));
        // Nothing is ever overwritten: a name that is taken is refused with the reason.
        free.unwrap_or_else(|| self.path.clone())
    }
}

/// Those that no row of a followed file stands for.
pub(super) fn unfollowed<'a>(scene: &Scene<'a>) -> Vec<DeletedOpen<'a>> {
    let mut files = scene.model.deleted_open();
    files.retain(|file| {
        file.incarnation.and_then(|id| scene.model.incarnation(id)).is_none_or(|one| one.released || one.path.is_some())
    });
    files
}

/// A process in a few words: `python3 (4711)`, or the worker's name if it is one of the lab's.
pub(super) fn holder_name(scene: &Scene<'_>, holder: &Holder) -> String {
    let pid = holder.holding.pid;
    let worker = scene.model.workers().iter().find(|worker| worker.is_alive() && worker.pid == Some(pid));
    worker.map_or_else(|| format!("{} ({pid})", holder.holding.name), |worker| worker.setup.name.clone())
}

/// The head of the section.
pub(super) fn show_heading(ui: &Ui, rect: Rect, scene: &Scene<'_>) {
    let colors = Colors::of(ui);
    let at = pos2(rect.left() + theme::EDGE, rect.center().y + 2.0);
    let text = scene.tr("deleted-open");
    ui.painter().hline(rect.x_range(), rect.top() + 4.0, Stroke::new(1.0, colors.hairline));
    ui.painter().text(at, Align2::LEFT_CENTER, text, theme::strong(theme::SMALL), colors.muted);
}

/// One of them.
pub(super) fn show_row(ui: &mut Ui, rect: Rect, file: &DeletedOpen<'_>, scene: &Scene<'_>, state: &mut State) {
    let colors = Colors::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(("deleted", file.file_id)), Sense::click());
    let selected = state.selection == Some(Selection::Deleted(file.file_id));
    let over = ui.rect_contains_pointer(rect);
    if selected || over {
        ui.painter().rect_filled(rect, 0.0, if selected { colors.selected } else { colors.hover });
    }
    if response.clicked() || response.secondary_clicked() {
        state.selection = Some(Selection::Deleted(file.file_id));
    }
    let name = name_of(file.path);
    let label = scene.tr_args("deleted-label", &[("name", name.as_str().into()), ("n", file.holders.len().into())]);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::ListItem, true, selected, &label));
    let inner = rect.shrink2(vec2(theme::EDGE, 0.0));
    let (first, second) = (inner.top() + 14.0, inner.top() + 31.0);
    let (left, right) = (inner.left() + 36.0, inner.right());
    let small = theme::plain(theme::SMALL);
    let figure =
        |text: &str, y| paint_line(ui, pos2(right, y), Align2::RIGHT_CENTER, text, small.clone(), colors.muted, 120.0);
    let taken = figure(&size(file.size), first);
    let room = right - taken - 8.0 - left;
    let width =
        paint_line(ui, pos2(left, first), Align2::LEFT_CENTER, &name, theme::plain(theme::TEXT), colors.muted, room);
    ui.painter().hline(left..=left + width, first + 0.5, Stroke::new(1.0, colors.muted));
    let taken = figure(&file.file_id.ino.to_string(), second);
    let who = match file.holders.as_slice() {
        [one] => scene.tr_args("file-writes-on", &[("name", holder_name(scene, one).into())]),
        several => scene.tr_args("file-write-on", &[("n", several.len().into())]),
    };
    let room = right - taken - 8.0 - left;
    paint_line(ui, pos2(left, second), Align2::LEFT_CENTER, &who, small, colors.warn, room);
    response.context_menu(|ui| file_actions::context_menu(ui, scene, state));
    widgets::tooltip_beside(&response, egui::RectAlign::LEFT_START, |ui| tooltip(ui, scene, file));
}

fn tooltip(ui: &mut Ui, scene: &Scene<'_>, file: &DeletedOpen<'_>) {
    let colors = Colors::of(ui);
    ui.label(RichText::new(name_of(file.path)).font(theme::strong(theme::TEXT)));
    ui.label(scene.tr("reach-unlinked"));
    ui.add_space(4.0);
    Grid::new("deleted").num_columns(2).spacing([16.0, 3.0]).min_row_height(0.0).show(ui, |ui| {
        for (key, value) in
            [("file-row-size", format!("{} B", number(file.size))), ("file-row-inode", file.file_id.ino.to_string())]
        {
            ui.label(RichText::new(scene.tr(key)).color(colors.muted));
            ui.label(RichText::new(value).font(theme::mono(theme::MONO)));
            ui.end_row();
        }
    });
    show_holders(ui, scene, &file.holders);
    ui.add_space(4.0);
    let path = file.path.display().to_string();
    ui.label(RichText::new(path).font(theme::plain(theme::SMALL)).color(colors.muted));
}

/// Who holds a file, one line each: process, since when, its command line.
pub(super) fn show_holders(ui: &mut Ui, scene: &Scene<'_>, holders: &[&Holder]) {
    /// More would be no tooltip any more.
    const MOST: usize = 6;
    if holders.is_empty() {
        return;
    }
    let muted = Colors::of(ui).muted;
    ui.add_space(4.0);
    for holder in holders.iter().take(MOST) {
        let since = Teller::new(scene).mono_time(holder.since);
        let args = [("name", holder_name(scene, holder).into()), ("since", since.into())];
        ui.label(scene.tr_args("holder-since", &args));
        let command = RichText::new(&holder.holding.command).font(theme::mono(theme::SMALL)).color(muted);
        ui.add(egui::Label::new(command).truncate());
    }
    if holders.len() > MOST {
        ui.label(RichText::new(scene.tr_args("holders-more", &[("n", (holders.len() - MOST).into())])).color(muted));
    }
}
