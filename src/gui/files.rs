//! The files: every entry of the followed folders, and what is still held without a name.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eframe::egui;
use egui::{Align2, Rect, RichText, ScrollArea, Sense, Stroke, Ui, pos2, vec2};

use super::action::Action;
use super::deleted_files;
use super::file_actions;
use super::menu;
use super::name_order;
use super::select::is_unlinked;
use super::state::{Scene, Selection, State};
use super::text::size;
use super::theme::{self, Colors};
use super::trash::is_in_trash;
use super::widgets::{self, Icon, chip_width, paint_chip, paint_line};
use crate::event::{EntryKind, FolderEntry, IncarnationId, NotFollowed};
use crate::model::{DeletedOpen, Incarnation, MarkKind, Reach, Worker};
use crate::record::TextEncoding;

const ROW: f32 = 44.0;
const QUIET_ROW: f32 = 28.0;
const FOLDER_ROW: f32 = 26.0;

/// One row of the list.
enum Item<'a> {
    /// The name of a folder, where the session has several.
    Folder(&'a Path),
    /// A followed file, with a name or without.
    Followed(&'a Incarnation),
    /// An entry that is listed only.
    Listed(&'a FolderEntry),
    /// The head of the deleted files that somebody holds open.
    DeletedHead,
    /// One of these.
    Deleted(DeletedOpen<'a>),
}

impl Item<'_> {
    fn height(&self) -> f32 {
        match self {
            Item::Folder(_) | Item::DeletedHead => FOLDER_ROW,
            Item::Followed(_) | Item::Deleted(_) => ROW,
            Item::Listed(_) => QUIET_ROW,
        }
    }
}

/// Draws the panel into all the space of `ui`.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    ui.spacing_mut().item_spacing.y = 0.0;
    let items = items(scene);
    show_head(ui, scene, state);
    file_actions::show_footer(ui, scene, state);
    if items.is_empty() {
        let session = scene.model.session().is_some();
        let (what, why) = if session { ("files-none", "files-none-why") } else { ("files-none", "files-no-session") };
        widgets::empty(ui, &scene.tr(what), &scene.tr(why));
        return;
    }
    let total: f32 = items.iter().map(Item::height).sum();
    ScrollArea::vertical().id_salt("files").auto_shrink([false, false]).show_viewport(ui, |ui, viewport| {
        ui.set_height(total);
        let (left, mut top) = (ui.max_rect().left(), ui.max_rect().top());
        let first = top;
        for item in &items {
            let height = item.height();
            let rect = Rect::from_min_size(pos2(left, top), vec2(ui.max_rect().width(), height));
            // A folder may hold thousands of entries; only those in sight are laid out.
            let seen = top - first + height >= viewport.top() && top - first <= viewport.bottom();
            if seen {
                show_item(ui, rect, item, scene, state);
            }
            top += height;
        }
    });
}

fn show_item(ui: &mut Ui, rect: Rect, item: &Item<'_>, scene: &Scene<'_>, state: &mut State) {
    match item {
        Item::Folder(path) => show_folder(ui, rect, path),
        Item::Followed(one) => show_followed(ui, rect, one, scene, state),
        Item::Listed(entry) => show_listed(ui, rect, entry, scene, state),
        Item::DeletedHead => deleted_files::show_heading(ui, rect, scene),
        Item::Deleted(file) => deleted_files::show_row(ui, rect, file, scene, state),
    }
}

/// Folder by folder: what is followed, dated files of a lab with the newest first, then the other entries.
fn items<'a>(scene: &Scene<'a>) -> Vec<Item<'a>> {
    let model = scene.model;
    let mut followed: Vec<&Incarnation> = model.incarnations().iter().filter(|one| is_listed(scene, one)).collect();
    // A nameless one stands below its namesake; without a namesake it comes last.
    let named: Vec<&Path> = followed.iter().filter_map(|one| one.path.as_deref()).collect();
    let alone: BTreeSet<IncarnationId> =
        followed.iter().filter(|one| !named.contains(&last_name(one))).map(|one| one.id).collect();
    let newest_first = scene.has_lab();
    followed.sort_by(|a, b| {
        let alone = |one: &Incarnation| alone.contains(&one.id);
        let names = name_order::compare(last_name(a), last_name(b), newest_first);
        // What is written to now is what one looks for.
        let idle = |one: &Incarnation| !is_live(scene, one);
        idle(a)
            .cmp(&idle(b))
            .then(alone(a).cmp(&alone(b)))
            .then(names)
            .then(a.path.is_none().cmp(&b.path.is_none()))
            .then(b.id.cmp(&a.id))
    });
    let listed = model.entries().iter().filter(|entry| {
        let at = Some(entry.path.as_path());
        !followed.iter().any(|one| one.path.as_deref() == at || one.archive.as_deref() == at)
            && (entry.incarnation.is_none() || entry.kind != EntryKind::File)
    });
    let mut rows: Vec<(PathBuf, Item<'a>)> =
        followed.iter().map(|one| (folder_of(last_name(one)), Item::Followed(one))).collect();
    rows.extend(listed.map(|entry| (folder_of(&entry.path), Item::Listed(entry))));
    rows.sort_by(|a, b| a.0.cmp(&b.0));
    let several = rows.windows(2).any(|pair| pair[0].0 != pair[1].0);
    let mut items = Vec::with_capacity(rows.len() + 4);
    let mut folder: Option<PathBuf> = None;
    for (of, item) in rows {
        if several && folder.as_ref() != Some(&of) {
            let path = match &item {
                Item::Followed(one) => last_name(one).parent(),
                Item::Listed(entry) => entry.path.parent(),
                Item::Folder(path) => Some(*path),
                Item::DeletedHead | Item::Deleted(_) => None,
            };
            items.extend(path.map(Item::Folder));
            folder = Some(of);
        }
        items.push(item);
    }
    let deleted = deleted_files::unfollowed(scene);
    items.extend((!deleted.is_empty()).then_some(Item::DeletedHead));
    items.extend(deleted.into_iter().map(Item::Deleted));
    items
}

/// What was compressed is listed as long as its archive is.
fn is_listed(scene: &Scene<'_>, one: &Incarnation) -> bool {
    let has_archive = |archive: &PathBuf| scene.model.entries().iter().any(|entry| entry.path == *archive);
    one.ended.is_none()
        && match &one.archive {
            _ if one.path.is_some() => true,
            Some(archive) => has_archive(archive),
            None => is_unlinked(one.reach) && !one.released,
        }
}

/// Whether somebody writes to it where writers find it. Of dated files those of earlier days stay where they are, and
/// nobody writes to them.
fn is_live(scene: &Scene<'_>, one: &Incarnation) -> bool {
    one.reach == Reach::Live && scene.writers(one.id).any(Worker::is_alive)
}

fn last_name(one: &Incarnation) -> &Path {
    one.path.as_deref().or_else(|| one.names.last().map(|(_, path)| path.as_path())).unwrap_or(Path::new(""))
}

fn folder_of(path: &Path) -> PathBuf {
    path.parent().unwrap_or(Path::new("")).to_owned()
}

/// A file's name; what is not UTF-8 is shown as far as it goes.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}

fn show_head(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let folder = session_folder(scene);
    widgets::panel_head(ui, &scene.tr("files"), |ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        let Some(folder) = folder else { return };
        let more = scene.tr("folder-menu");
        let response = widgets::icon_button(ui, Icon::More, &more, &more);
        let _ = egui::Popup::menu(&response).show(|ui| {
            menu::wide(ui);
            if ui.button(scene.tr("folder-reveal")).clicked() {
                state.ask(super::state::Request::Reveal(folder.clone()));
            }
            if ui.button(scene.tr("action-copy-path")).clicked() {
                ui.ctx().copy_text(folder.display().to_string());
            }
            if scene.has_lab() {
                ui.separator();
                menu::item(ui, Action::RemoveFolder, scene, state);
                menu::item(ui, Action::MakeFolder, scene, state);
            }
        });
        let muted = Colors::of(ui).muted;
        let text = RichText::new(format!("{}/", name_of(&folder))).font(theme::plain(theme::SMALL)).color(muted);
        ui.add(egui::Label::new(text).truncate()).on_hover_text(folder.display().to_string());
    });
}

/// The folder that the panel is about: where the lab writes, or the one that is followed.
pub(super) fn session_folder(scene: &Scene<'_>) -> Option<PathBuf> {
    let session = scene.model.session()?;
    if let Some(lab) = &session.lab {
        let writes =
            lab.workers.first().filter(|worker| worker.program.is_none()).and_then(|worker| worker.path.parent());
        return Some(writes.unwrap_or(&lab.folder).to_owned());
    }
    let first = session.paths.first()?;
    let entries_of = |folder: &Path| scene.model.entries().iter().any(|entry| entry.path.parent() == Some(folder));
    if first.is_dir_path() || entries_of(first) { Some(first.clone()) } else { first.parent().map(Path::to_owned) }
}

/// Whether a path was written as a folder's, without asking the disk during a frame.
trait WrittenAsFolder {
    fn is_dir_path(&self) -> bool;
}

impl WrittenAsFolder for PathBuf {
    fn is_dir_path(&self) -> bool {
        self.as_os_str().as_encoded_bytes().ends_with(b"/")
    }
}

fn show_folder(ui: &Ui, rect: Rect, path: &Path) {
    let colors = Colors::of(ui);
    let at = pos2(rect.left() + theme::EDGE, rect.center().y + 2.0);
    let room = rect.width() - 2.0 * theme::EDGE;
    let text = from_end(ui, &path.display().to_string(), room);
    ui.painter().text(at, Align2::LEFT_CENTER, text, theme::plain(theme::SMALL), colors.muted);
}

/// The end of a text that is too long, behind an ellipsis: of paths the end tells more.
pub(super) fn from_end(ui: &Ui, text: &str, room: f32) -> String {
    let fits = |text: &str| widgets::text_width(ui, text, theme::plain(theme::SMALL)) <= room;
    if fits(text) {
        return text.to_owned();
    }
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
    let first = starts.partition_point(|at| !fits(&format!("…{}", &text[*at..])));
    format!("…{}", starts.get(first).map_or("", |at| &text[*at..]))
}

fn background(ui: &Ui, rect: Rect, selected: bool, lit: bool) {
    let colors = Colors::of(ui);
    if selected {
        ui.painter().rect_filled(rect, 0.0, colors.selected);
    } else if lit {
        ui.painter().rect_filled(rect, 0.0, colors.hover);
    }
}

fn show_followed(ui: &mut Ui, rect: Rect, one: &Incarnation, scene: &Scene<'_>, state: &mut State) {
    let colors = Colors::of(ui);
    let path = last_name(one);
    let name = name_of(path);
    let unlinked = one.path.is_none() && one.archive.is_none();
    let response = ui.interact(rect, ui.scope_id().with(("file", one.id)), Sense::click());
    let selected = state.selection == Some(Selection::Incarnation(one.id));
    let over = ui.rect_contains_pointer(rect);
    background(ui, rect, selected, over || state.hovered == Some(one.id));
    if over {
        state.hovering = Some(one.id);
    }
    if response.clicked() || response.secondary_clicked() {
        state.selection = Some(Selection::Incarnation(one.id));
    }
    let label = scene.tr_args(
        if unlinked { "file-label-unlinked" } else { "file-label" },
        &[("name", name.as_str().into()), ("incarnation", one.id.0.to_string().into())],
    );

    let inner = rect.shrink2(vec2(theme::EDGE, 0.0));
    let (first, second) = (inner.top() + 14.0, inner.top() + 31.0);
    let chip = vec2(chip_width(one.id), widgets::CHIP_HEIGHT);
    paint_chip(ui, Rect::from_center_size(pos2(inner.left() + chip.x / 2.0, first), chip), one.id, one.hue, unlinked);
    let left = inner.left() + chip.x.max(28.0) + 8.0;
    let right = inner.right();
    let figure = |text: &str, y: f32, room: f32| {
        paint_line(ui, pos2(right, y), Align2::RIGHT_CENTER, text, theme::plain(theme::SMALL), colors.muted, room)
    };
    let taken = figure(&size(one.size), first, 140.0);
    let ink = if unlinked { colors.muted } else { colors.text };
    let live = is_live(scene, one).then(|| scene.tr("file-live"));
    let live_width = live.as_ref().map_or(0.0, |word| widgets::text_width(ui, word, theme::plain(theme::SMALL)) + 8.0);
    let room = right - taken - 8.0 - left - live_width;
    let shown = widgets::elided(ui, &name, &theme::plain(theme::TEXT), room);
    let width = paint_line(ui, pos2(left, first), Align2::LEFT_CENTER, &shown, theme::plain(theme::TEXT), ink, room);
    if let Some(word) = live {
        let at = pos2(left + width + 8.0, first + 0.5);
        paint_line(ui, at, Align2::LEFT_CENTER, &word, theme::plain(theme::SMALL), colors.ok, live_width);
    }
    if unlinked {
        ui.painter().hline(left..=left + width, first + 0.5, Stroke::new(1.0, ink));
    }
    let (text, color) = writers_line(scene, one, colors);
    let needed = widgets::text_width(ui, &text, theme::plain(theme::SMALL)) + 12.0;
    let lines = one.lines_in_all().map(|lines| scene.tr_args("count-lines", &[("n", lines.into())]));
    // Almost every file is UTF-8; what is not, says so.
    let encoding = (one.encoding != TextEncoding::Utf8).then(|| one.encoding.name().to_owned());
    let facts: Vec<String> = encoding.into_iter().chain(lines).collect();
    let long = [facts.as_slice(), &[one.file_id.ino.to_string()]].concat().join(" · ");
    let fits = widgets::text_width(ui, &long, theme::plain(theme::SMALL)) <= right - left - needed;
    let shown = if fits { long } else { facts.join(" · ") };
    response.widget_info(|| {
        let mut info = egui::WidgetInfo::selected(egui::Role::ListItem, true, selected, &label);
        info.current_text_value = Some(shown.clone());
        info
    });
    let taken = figure(&shown, second, right - left);
    let room = right - taken - 8.0 - left;
    paint_line(ui, pos2(left, second), Align2::LEFT_CENTER, &text, theme::plain(theme::SMALL), color, room);

    response.context_menu(|ui| file_actions::context_menu(ui, scene, state));
    let side = egui::RectAlign::LEFT_START;
    widgets::tooltip_beside(&response, side, |ui| file_actions::tooltip(ui, scene, one));
}

/// Who writes to it, or what it has come to.
fn writers_line(scene: &Scene<'_>, one: &Incarnation, colors: &Colors) -> (String, egui::Color32) {
    let workers = scene.writers(one.id).filter(|worker| worker.is_alive());
    let mut writers: Vec<String> = workers.map(|worker| worker.setup.name.clone()).collect();
    for holder in scene.model.holders_of(one.id) {
        let name = deleted_files::holder_name(scene, holder);
        if !writers.contains(&name) {
            writers.push(name);
        }
    }
    let taken_away = matches!(one.reach, Reach::Unlinked { .. } | Reach::Moved);
    match (writers.as_slice(), taken_away) {
        ([], _) if one.path.is_none() && one.archive.is_some() => (scene.tr("entry-compressed"), colors.muted),
        ([], _) if one.path.is_none() => (scene.tr("file-held-by-us"), colors.muted),
        ([], _) if is_in_trash(last_name(one)) => (scene.tr("file-in-trash"), colors.muted),
        ([], _) if !scene.has_lab() => {
            // Nobody may be seen to write here, and the inode stands on the right.
            (String::new(), colors.muted)
        }
        ([], _) => (scene.tr("file-no-writer"), colors.muted),
        ([name], true) => (scene.tr_args("file-writes-on", &[("name", name.as_str().into())]), colors.warn),
        (names, true) => (scene.tr_args("file-write-on", &[("n", names.len().into())]), colors.warn),
        ([name], false) => (name.clone(), colors.muted),
        (names, false) => (scene.tr_args("file-writers", &[("n", names.len().into())]), colors.muted),
    }
}

fn show_listed(ui: &mut Ui, rect: Rect, entry: &FolderEntry, scene: &Scene<'_>, state: &mut State) {
    let colors = Colors::of(ui);
    let response = ui.interact(rect, ui.scope_id().with(("entry", &entry.path)), Sense::click());
    let selected = state.selection.as_ref() == Some(&Selection::Entry(entry.path.clone()));
    background(ui, rect, selected, ui.rect_contains_pointer(rect));
    if response.clicked() || response.secondary_clicked() {
        state.selection = Some(Selection::Entry(entry.path.clone()));
    }
    let name = name_of(&entry.path);
    response.widget_info(|| egui::WidgetInfo::selected(egui::Role::ListItem, true, selected, &name));
    let inner = rect.shrink2(vec2(theme::EDGE, 0.0));
    let (y, left, right) = (inner.center().y, inner.left() + 36.0, inner.right());
    let why = reason(scene, entry);
    let taken =
        paint_line(ui, pos2(right, y), Align2::RIGHT_CENTER, &why, theme::plain(theme::SMALL), colors.muted, 120.0);
    let shown = if entry.kind == EntryKind::Folder { format!("{name}/") } else { name };
    let room = right - taken - 8.0 - left;
    paint_line(ui, pos2(left, y), Align2::LEFT_CENTER, &shown, theme::plain(theme::TEXT), colors.muted, room);
    response.context_menu(|ui| file_actions::context_menu(ui, scene, state));
    response.on_hover_ui(|ui| {
        ui.label(format!("{}\n{}", entry.path.display(), size(entry.size)));
        if let Some(trouble) = trouble_of(scene, entry) {
            ui.label(RichText::new(trouble).color(colors.warn));
        }
    });
}

/// Why an entry could not be read, in the system's words.
fn trouble_of<'a>(scene: &Scene<'a>, entry: &FolderEntry) -> Option<&'a str> {
    if entry.not_followed != Some(NotFollowed::Inaccessible) {
        return None;
    }
    let marks = scene.model.timeline().marks.iter().rev();
    marks.filter(|mark| mark.path.as_ref() == Some(&entry.path)).find_map(|mark| match &mark.kind {
        MarkKind::Inaccessible { reason } => Some(reason.as_str()),
        _ => None,
    })
}

fn reason(scene: &Scene<'_>, entry: &FolderEntry) -> String {
    match (entry.kind, entry.not_followed) {
        (EntryKind::Folder, _) => scene.tr("entry-folder"),
        (EntryKind::DanglingLink, _) => scene.tr("entry-dangling"),
        (EntryKind::Special, _) | (_, Some(NotFollowed::NotAFile)) => scene.tr("entry-special"),
        (_, Some(NotFollowed::Compressed)) => scene.tr("entry-compressed"),
        (_, Some(NotFollowed::Binary)) => scene.tr("entry-binary"),
        (_, Some(NotFollowed::Inaccessible)) => scene.tr("entry-inaccessible"),
        (_, Some(NotFollowed::Pattern)) => scene.tr("entry-pattern"),
        (_, None) => size(entry.size),
    }
}
