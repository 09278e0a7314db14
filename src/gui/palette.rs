//! The command palette: every action that can be asked for now, by its name.

use eframe::egui;
use egui::{Align2, Key, Modifiers, ScrollArea, Sense, TextEdit, Ui, pos2, vec2};

use super::action::Action;
use super::menu;
use super::state::{Scene, State};
use super::theme::{self, Colors};
use super::widgets::paint_line;

const ROW: f32 = 30.0;

/// What is typed and which row is marked.
#[derive(Debug, Default)]
pub(super) struct Palette {
    text: String,
    marked: usize,
}

/// Draws it; whether it should close.
pub(super) fn show(ui: &mut Ui, scene: &Scene<'_>, state: &mut State, palette: &mut Palette) -> bool {
    ui.set_width(520.0);
    ui.spacing_mut().item_spacing.y = 0.0;
    let (up, down, enter) = ui.input_mut(|input| {
        (
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowUp),
            input.count_and_consume_key(Modifiers::NONE, Key::ArrowDown),
            input.consume_key(Modifiers::NONE, Key::Enter),
        )
    });
    let field = ui.add(
        TextEdit::singleline(&mut palette.text)
            .desired_width(f32::INFINITY)
            .margin(egui::Margin::symmetric(10, 7))
            .hint_text(scene.tr("palette-hint")),
    );
    field.request_focus();
    if field.changed() {
        palette.marked = 0;
    }
    let field = field.accessible_name(scene.tr("palette-hint"));
    let found = found(scene, state, &palette.text);
    palette.marked = (palette.marked + down).saturating_sub(up).min(found.len().saturating_sub(1));
    ui.add_space(6.0);
    if found.is_empty() {
        ui.add_space(6.0);
        ui.label(egui::RichText::new(scene.tr("palette-none")).color(Colors::of(ui).muted));
        ui.add_space(6.0);
    }
    let mut chosen = enter.then(|| found.get(palette.marked).copied()).flatten();
    let moved = up + down > 0 || field.changed();
    ScrollArea::vertical().max_height(12.0 * ROW).auto_shrink([false, true]).show(ui, |ui| {
        for (row, action) in found.iter().enumerate() {
            if show_row(ui, scene, *action, row == palette.marked, moved) {
                chosen = Some(*action);
            }
        }
    });
    if let Some(action) = chosen {
        state.ask(action);
    }
    chosen.is_some()
}

fn show_row(ui: &mut Ui, scene: &Scene<'_>, action: Action, marked: bool, moved: bool) -> bool {
    let colors = Colors::of(ui);
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), ROW), Sense::click());
    if marked || response.hovered() {
        let fill = if marked { colors.selected } else { colors.hover };
        ui.painter().rect_filled(rect, 6.0, fill);
    }
    if marked && moved {
        response.scroll_to_me(None);
    }
    let text = menu::text(scene, action);
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, true, &text));
    let keys = menu::shortcut_text(ui, action);
    let right = pos2(rect.right() - 10.0, rect.center().y);
    let taken = paint_line(ui, right, Align2::RIGHT_CENTER, &keys, theme::plain(theme::SMALL), colors.muted, 140.0);
    let left = pos2(rect.left() + 10.0, rect.center().y);
    let room = rect.width() - taken - 32.0;
    let width = paint_line(ui, left, Align2::LEFT_CENTER, &text, theme::plain(theme::TEXT), colors.text, room);
    let tip = menu::tip(scene, action);
    let at = left + vec2(width + 12.0, 0.5);
    paint_line(ui, at, Align2::LEFT_CENTER, &tip, theme::plain(theme::SMALL), colors.muted, room - width - 12.0);
    response.clicked()
}

/// The actions whose name, in either language, or tooltip holds what was typed, those whose name begins with it first.
fn found(scene: &Scene<'_>, state: &State, text: &str) -> Vec<Action> {
    let wanted = text.trim().to_lowercase();
    let mut found: Vec<(usize, Action)> = Action::ALL
        .into_iter()
        .filter(|action| *action != Action::Palette && menu::available(*action, scene, state))
        .filter_map(|action| {
            let name = menu::text(scene, action).to_lowercase();
            let place = match name.find(&wanted) {
                Some(0) => 0,
                Some(_) => 1,
                None if letters_in_order(&name, &wanted) => 2,
                None if menu::tip(scene, action).to_lowercase().contains(&wanted)
                    || in_english(action).contains(&wanted) =>
                {
                    3
                }
                None => return None,
            };
            Some((place, action))
        })
        .collect();
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, action)| action).collect()
}

/// Its name in the code, for who types English whatever the window speaks: `theme light`.
fn in_english(action: Action) -> String {
    action.key().trim_start_matches("action-").replace('-', " ")
}

fn letters_in_order(name: &str, wanted: &str) -> bool {
    let mut letters = name.chars();
    wanted.chars().filter(|letter| !letter.is_whitespace()).all(|letter| letters.any(|of| of == letter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_may_be_left_out_but_not_swapped() {
        assert!(letters_in_order("ten seconds before midnight", "tsbm"));
        assert!(letters_in_order("open folder…", "opf"));
        assert!(!letters_in_order("open folder…", "fpo"));
    }
}
