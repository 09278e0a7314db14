//! What can be done to the selected file: the footer, the context menu, and what each action will do to the writers.

use std::collections::BTreeSet;

use eframe::egui;
use egui::{Align, Button, Frame, Grid, Layout, Margin, Panel, RichText, Ui, vec2};

use super::action::Action;
use super::deleted_files;
use super::files::name_of;
use super::menu;
use super::select::{Chosen, chosen, is_unlinked, writers_of};
use super::state::{Scene, State};
use super::text::{number, size};
use super::theme::{self, Colors};
use super::trash::is_in_trash;
use super::widgets::{self, chip};
use crate::event::IncarnationId;
use crate::model::{Incarnation, Reach};
use crate::record::TextEncoding;

/// Draws the footer of the files panel for the selected file; nothing without one.
pub(super) fn show_footer(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    let Some(chosen) = chosen(scene, state) else { return };
    let margin = Margin { left: 12, right: 12, top: 10, bottom: 12 };
    Panel::bottom("file footer").frame(Frame::new().inner_margin(margin)).show(ui, |ui| {
        ui.spacing_mut().item_spacing = vec2(6.0, 6.0);
        show_name(ui, scene, &chosen);
        if chosen.is_file() {
            show_operations(ui, scene, state, &chosen);
        }
        // What an archive was made of may still be held open.
        if !chosen.is_file() || chosen.releasable {
            show_nameless(ui, scene, state, &chosen);
        }
        // Not a layout of its own, which would take all the height there is: the panel never became smaller again.
        ui.horizontal(|ui| {
            ui.spacing_mut().button_padding.x = 0.0;
            ui.spacing_mut().item_spacing.x = 14.0;
            for action in [Action::RevealFile, Action::CopyPath] {
                quiet(ui, scene, state, action);
            }
        });
    });
}

fn quiet(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, action: Action) {
    let accent = Colors::of(ui).accent;
    let text = RichText::new(scene.tr(&action.key())).font(theme::plain(theme::SMALL)).color(accent);
    if ui.add(Button::new(text).frame(false)).on_hover_text(menu::tip(scene, action)).clicked() {
        state.ask(action);
    }
}

fn show_name(ui: &mut Ui, scene: &Scene<'_>, chosen: &Chosen) {
    let muted = Colors::of(ui).muted;
    ui.horizontal(|ui| {
        ui.set_min_height(24.0);
        if let Some(id) = chosen.incarnation {
            chip(ui, id, scene.hue(id), !chosen.has_name, &format!("#{}", id.0));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if let Some(file_id) = chosen.file_id {
                let inode = scene.tr_args("file-inode", &[("inode", file_id.ino.to_string().into())]);
                ui.label(RichText::new(inode).font(theme::plain(theme::SMALL)).color(muted));
            }
            ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                let mut name = RichText::new(name_of(&chosen.path)).font(theme::strong(theme::TEXT));
                if !chosen.has_name {
                    name = name.strikethrough();
                }
                ui.add(egui::Label::new(name).truncate()).on_hover_text(chosen.path.display().to_string());
            });
        });
    });
}

fn show_operations(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, chosen: &Chosen) {
    let width = (ui.available_width() - 6.0) / 2.0;
    let rows = [[Action::RenameFile, Action::TruncateFile], [Action::ReplaceFile, Action::DeleteFile]];
    for row in rows {
        ui.horizontal(|ui| {
            for action in row {
                let mut text = RichText::new(scene.tr(&action.key()));
                if action == Action::DeleteFile {
                    text = text.color(Colors::of(ui).bad);
                }
                let refusal = refusal(scene, state, action);
                let button = Button::new(text).min_size(vec2(width, 26.0));
                let response = ui.add_enabled(refusal.is_none(), button);
                let tip = refusal.unwrap_or_else(|| consequence(scene, action, chosen));
                if response.on_hover_text(&tip).on_disabled_hover_text(&tip).clicked() {
                    state.ask(action);
                }
            }
        });
    }
}

/// Why an action makes no sense for the selected file, though it is one.
pub(super) fn refusal(scene: &Scene<'_>, state: &State, action: Action) -> Option<String> {
    let empties = matches!(action, Action::TruncateFile | Action::ReplaceFile);
    let compressed = empties && chosen(scene, state).is_some_and(|chosen| chosen.compressed);
    compressed.then(|| scene.tr("compressed-refusal"))
}

/// What can be done to a file that no name leads to: write it back, or let go of it.
fn show_nameless(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, chosen: &Chosen) {
    if chosen.releasable {
        let pinned = chosen.incarnation.and_then(|id| scene.model.incarnation(id)).map_or(0, |one| one.size);
        let others = chosen.incarnation.map_or(0, |id| others_that_hold(scene, id));
        let key = if others == 0 { "release-pinned" } else { "release-pinned-by-others" };
        let text = scene.tr_args(key, &[("size", size(pinned).into()), ("n", others.into())]);
        ui.add(egui::Label::new(RichText::new(text).color(Colors::of(ui).muted)).wrap());
    } else if chosen.source.is_some() {
        ui.label(RichText::new(scene.tr("restore-held")).color(Colors::of(ui).muted));
    }
    let actions = [(Action::RestoreFile, chosen.source.is_some()), (Action::Release, chosen.releasable)];
    let offered: Vec<Action> = actions.into_iter().filter(|(_, there)| *there).map(|(action, _)| action).collect();
    let gaps = 6.0 * offered.len().saturating_sub(1) as f32;
    let width = (ui.available_width() - gaps) / offered.len().max(1) as f32;
    ui.horizontal(|ui| {
        for action in offered {
            let response = ui.add(Button::new(scene.tr(&action.key())).min_size(vec2(width, 26.0)));
            if response.on_hover_text(menu::tip(scene, action)).clicked() {
                state.ask(action);
            }
        }
    });
}

/// How many processes besides this one have it open, as far as can be seen: as long as they do, its room stays taken.
pub(super) fn others_that_hold(scene: &Scene<'_>, id: IncarnationId) -> usize {
    let workers = scene.writers(id).filter(|worker| worker.is_alive()).count();
    let others: BTreeSet<u32> = scene.model.holders_of(id).iter().map(|holder| holder.holding.pid).collect();
    workers + others.len()
}

/// What an action on this file will do, to the file and to those who write to it.
fn consequence(scene: &Scene<'_>, action: Action, chosen: &Chosen) -> String {
    let does = menu::tip(scene, action);
    let (reopen, stay) = writers_of(scene, chosen.incarnation);
    if reopen + stay == 0 {
        return does;
    }
    let mut said = vec![does];
    // Nobody opens anything after a truncation: the file is the same.
    if action == Action::TruncateFile {
        said.push(scene.tr_args("writers-after-truncate", &[("n", (reopen + stay).into())]));
    } else {
        if reopen > 0 {
            said.push(scene.tr_args("writers-reopen", &[("n", reopen.into())]));
        }
        if stay > 0 {
            let key = if action == Action::RenameFile { "writers-stay-moved" } else { "writers-stay-unlinked" };
            said.push(scene.tr_args(key, &[("n", stay.into())]));
        }
    }
    if !scene.in_lab(&chosen.path) {
        said.push(scene.tr("asks-first"));
    }
    said.join("\n")
}

/// The context menu of a row, which has just been selected.
pub(super) fn context_menu(ui: &mut Ui, scene: &Scene<'_>, state: &mut State) {
    menu::wide(ui);
    let Some(chosen) = chosen(scene, state) else { return };
    if chosen.is_file() {
        for action in [Action::RenameFile, Action::TruncateFile, Action::ReplaceFile, Action::DeleteFile] {
            menu::item(ui, action, scene, state);
        }
        ui.separator();
    }
    if chosen.source.is_some() {
        menu::item(ui, Action::RestoreFile, scene, state);
    }
    if chosen.releasable {
        menu::item(ui, Action::Release, scene, state);
    }
    if chosen.source.is_some() || chosen.releasable {
        ui.separator();
    }
    for action in [Action::RevealFile, Action::CopyPath] {
        menu::item(ui, action, scene, state);
    }
}

/// Everything about one incarnation.
pub(super) fn tooltip(ui: &mut Ui, scene: &Scene<'_>, one: &Incarnation) {
    let colors = Colors::of(ui);
    let path = one.path.as_deref().or_else(|| one.names.last().map(|(_, path)| path.as_path()));
    ui.horizontal(|ui| {
        widgets::chip(ui, one.id, one.hue, is_unlinked(one.reach), "");
        ui.label(RichText::new(path.map(name_of).unwrap_or_default()).font(theme::strong(theme::TEXT)));
    });
    let reach = match one.reach {
        Reach::Live => None,
        Reach::Moved if path.is_some_and(is_in_trash) => Some(scene.tr("reach-trashed")),
        Reach::Moved => Some(scene.tr("reach-moved")),
        Reach::Unlinked { .. } if one.archive.is_some() => Some(scene.tr("reach-archived")),
        Reach::Unlinked { .. } => Some(scene.tr("reach-unlinked")),
        Reach::Truncated { .. } => Some(scene.tr("reach-truncated")),
    };
    if let Some(reach) = reach {
        ui.label(reach);
    }
    let writers: Vec<&str> =
        scene.writers(one.id).filter(|worker| worker.is_alive()).map(|worker| worker.setup.name.as_str()).collect();
    ui.add_space(4.0);
    Grid::new("file").num_columns(2).spacing([16.0, 3.0]).min_row_height(0.0).show(ui, |ui| {
        let mut row = |key: &str, value: String| {
            ui.label(RichText::new(scene.tr(key)).color(colors.muted));
            ui.label(RichText::new(value).font(theme::mono(theme::MONO)));
            ui.end_row();
        };
        row("file-row-size", format!("{} B", number(one.size)));
        if let Some(lines) = one.lines_in_all() {
            row("file-row-lines", number(lines));
        }
        if one.encoding != TextEncoding::Utf8 {
            row("file-row-encoding", one.encoding.name().to_owned());
        }
        row("file-row-inode", one.file_id.ino.to_string());
        if !writers.is_empty() {
            row("file-row-writers", writers.join(", "));
        }
        if one.names.len() > 1 {
            let before = one.names[..one.names.len() - 1].iter().map(|(_, path)| name_of(path));
            row("file-row-before", before.collect::<Vec<_>>().join(", "));
        }
        let bytes = one.bytes;
        for (key, n) in [
            ("file-row-carried", bytes.carried_over),
            ("file-row-hole", bytes.hole),
            ("file-row-abandoned", bytes.abandoned),
        ] {
            if n > 0 {
                row(key, format!("{} B", number(n)));
            }
        }
    });
    deleted_files::show_holders(ui, scene, &scene.model.holders_of(one.id));
    if let Some(path) = path {
        ui.add_space(4.0);
        ui.label(RichText::new(path.display().to_string()).font(theme::plain(theme::SMALL)).color(colors.muted));
    }
}
