//! Help: all keys, version and licences, everything that was reported.

use eframe::egui;
use egui::{Grid, RichText, ScrollArea, Ui};

use super::action::Action;
use super::menu;
use super::state::Scene;
use super::theme::{self, Colors};
use super::toasts::Toasts;
use super::widgets;

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).font(theme::strong(15.0)));
    ui.add_space(8.0);
}

fn close(ui: &mut Ui, scene: &Scene<'_>) -> bool {
    ui.add_space(12.0);
    ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| ui.button(scene.tr("close")).clicked()).inner
}

/// All keys, from the list of actions, and what the pointer does in log and timeline.
pub(super) fn keys(ui: &mut Ui, scene: &Scene<'_>) -> bool {
    ui.set_width(520.0);
    heading(ui, &scene.tr("action-keys"));
    let room = (ui.ctx().content_rect().height() - 220.0).clamp(120.0, 520.0);
    ScrollArea::vertical().max_height(room).show(ui, |ui| {
        Grid::new("keys").num_columns(2).spacing([28.0, 5.0]).show(ui, |ui| {
            for action in Action::ALL.into_iter().filter(|action| action.shortcut().is_some()) {
                key(ui, &menu::shortcut_text(ui, action), &scene.tr(&action.key()).replace('…', ""));
            }
            for row in ["keys-wheel", "keys-drag", "keys-click", "keys-shift-wheel"] {
                key(ui, &scene.tr(&format!("{row}.keys")), &scene.tr(row));
            }
        });
    });
    close(ui, scene)
}

fn key(ui: &mut Ui, keys: &str, does: &str) {
    let colors = Colors::of(ui);
    egui::Frame::new()
        .fill(colors.raised)
        .corner_radius(4.0)
        .inner_margin(egui::Margin::symmetric(6, 1))
        .show(ui, |ui| ui.label(RichText::new(keys).font(theme::plain(theme::SMALL))));
    ui.label(does);
    ui.end_row();
}

/// Version and licences.
pub(super) fn about(ui: &mut Ui, scene: &Scene<'_>) -> bool {
    ui.set_width(440.0);
    heading(ui, &format!("Rotascope {}", env!("CARGO_PKG_VERSION")));
    ui.label(scene.tr("about-what"));
    ui.add_space(8.0);
    let muted = Colors::of(ui).muted;
    for line in ["about-licence", "about-inter", "about-jetbrains", "about-noto", "about-egui"] {
        ui.label(RichText::new(scene.tr(line)).color(muted));
    }
    close(ui, scene)
}

/// Everything that was reported, newest first.
pub(super) fn notices(ui: &mut Ui, scene: &Scene<'_>, toasts: &Toasts) -> bool {
    ui.set_width(560.0);
    heading(ui, &scene.tr("action-notices"));
    if toasts.all().is_empty() {
        ui.label(RichText::new(scene.tr("notices-none")).color(Colors::of(ui).muted));
    }
    ScrollArea::vertical().max_height(420.0).auto_shrink([false, true]).show(ui, |ui| {
        for message in toasts.all().iter().rev() {
            let colors = Colors::of(ui);
            ui.horizontal_top(|ui| {
                let ago = scene.now.since(message.at) / 1_000_000_000;
                let ago = scene.tr_args("seconds-ago", &[("n", ago.into())]);
                let (dot, _) = ui.allocate_exact_size(egui::vec2(8.0, 20.0), egui::Sense::hover());
                let color = if message.failed { colors.bad } else { colors.accent };
                widgets::paint_dot(ui, dot.center(), color, false);
                ui.vertical(|ui| {
                    ui.add(egui::Label::new(&message.text).wrap().selectable(true));
                    ui.label(RichText::new(ago).font(theme::plain(theme::SMALL)).color(colors.muted));
                });
            });
            ui.add_space(4.0);
        }
    });
    close(ui, scene)
}
