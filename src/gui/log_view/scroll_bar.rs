//! The log view's own scroll bars: their positions are 64-bit numbers.

use eframe::egui;
use egui::{CornerRadius, CursorIcon, Id, Rect, Sense, Ui, pos2, vec2};

use super::scroll::{Extent, Handle, Scroll};
use crate::gui::theme::Colors;

/// Width of the strip in which a bar stands, in points.
pub(super) const WIDTH: f32 = 12.0;

/// The upright bar at the right of `rect`; the position that the person has moved it to.
pub(super) fn vertical(ui: &Ui, rect: Rect, scroll: Scroll, extent: &Extent) -> Option<Scroll> {
    let track = Rect::from_min_max(pos2(rect.right() - WIDTH, rect.top()), rect.max).shrink2(vec2(0.0, 2.0));
    let (length, fraction) = (f64::from(track.height()), scroll.fraction(extent));
    let handle = Handle::new(length, extent.view, extent.rows as f64 * extent.row, fraction)?;
    let at = |from: f64| track.top() + from as f32;
    let bar =
        Rect::from_min_max(pos2(track.left(), at(handle.from)), pos2(track.right(), at(handle.from + handle.length)));
    let response = ui.interact(track, Id::unique("rotascope log bar"), Sense::click_and_drag());
    paint(ui, bar.shrink2(vec2(3.0, 0.0)), response.hovered() || response.dragged());
    response.clone().on_hover_cursor(CursorIcon::Default);
    let pointer = response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on())?;
    let grip = Id::unique("rotascope log grip");
    if ui.input(|input| input.pointer.any_pressed()) {
        // A press beside the handle takes it to the pointer by its middle.
        let inside = bar.y_range().contains(pointer.y);
        let held = if inside { f64::from(pointer.y - bar.top()) } else { handle.length / 2.0 };
        ui.data_mut(|data| data.insert_temp(grip, held));
        if inside {
            return None;
        }
    }
    let held: f64 = ui.data(|data| data.get_temp(grip)).unwrap_or(handle.length / 2.0);
    if response.drag_delta().y == 0.0 && bar.y_range().contains(pointer.y) {
        return None;
    }
    let from = f64::from(pointer.y - track.top()) - held;
    Some(Scroll::at_fraction(handle.fraction(from, length), extent))
}

/// The lying bar at the foot of `rect`, for `widest` points of text in `room` points; where it was moved to.
pub(super) fn horizontal(ui: &Ui, rect: Rect, across: f32, room: f32, widest: f32) -> Option<f32> {
    let most = (widest - room).max(0.0);
    if across > most {
        return Some(most);
    }
    let left = rect.right() - WIDTH - room;
    let track = Rect::from_min_max(pos2(left, rect.bottom() - WIDTH), pos2(rect.right() - WIDTH, rect.bottom()));
    let length = f64::from(track.width());
    let fraction = if most > 0.0 { f64::from(across / most) } else { 0.0 };
    let handle = Handle::new(length, f64::from(room), f64::from(widest), fraction)?;
    let response = ui.interact(track, Id::unique("rotascope log foot"), Sense::click_and_drag());
    let from = track.left() + handle.from as f32;
    let bar = Rect::from_min_size(pos2(from, track.top()), vec2(handle.length as f32, WIDTH));
    paint(ui, bar.shrink2(vec2(0.0, 3.0)), response.hovered() || response.dragged());
    let pointer = response.interact_pointer_pos().filter(|_| response.is_pointer_button_down_on())?;
    if response.dragged() {
        let way = (length - handle.length).max(1.0) as f32;
        return Some((across + response.drag_delta().x * most / way).clamp(0.0, most));
    }
    if bar.x_range().contains(pointer.x) {
        return None;
    }
    let from = f64::from(pointer.x - track.left()) - handle.length / 2.0;
    Some(handle.fraction(from, length) as f32 * most)
}

fn paint(ui: &Ui, bar: Rect, active: bool) {
    let colors = Colors::of(ui);
    let color = if active { colors.muted } else { colors.outline };
    ui.painter().rect_filled(bar, CornerRadius::same(3), color);
}
