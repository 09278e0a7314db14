//! Where the window stands on the screen. What was remembered may be of another screen, or of one that is not there.

use eframe::egui;
use egui::{Context, Rect, ViewportCommand, pos2, vec2};

/// So often a window manager is asked. One that does something else knows better.
const TRIES: u8 = 4;

/// Brings a window that begins where it ended the last time onto its screen. After that it stands where it is put.
#[derive(Debug, Default)]
pub(super) struct Placing {
    begun: bool,
    tries: u8,
}

impl Placing {
    /// Looks where the window is, as soon as the system tells. Some (Wayland) never do, and place windows themselves.
    pub(super) fn look(&mut self, ctx: &Context, frame: &eframe::Frame) {
        // In the first frame the window is not shown yet, and the size of everything is not the one that was chosen.
        if !std::mem::replace(&mut self.begun, true) {
            return ctx.request_repaint();
        }
        let told = ctx.input(|input| {
            let viewport = input.viewport();
            let free = viewport.maximized != Some(true) && viewport.fullscreen != Some(true);
            free.then(|| viewport.outer_rect.zip(viewport.inner_rect)).flatten()
        });
        let Some((outer, inner)) = told.filter(|_| self.tries < TRIES) else { return };
        let Some(window) = frame.winit_window() else { return };
        let scale = ctx.pixels_per_point();
        let screens: Vec<Rect> = window
            .available_monitors()
            .map(|monitor| {
                let (at, size) = (monitor.position(), monitor.size());
                Rect::from_min_size(pos2(at.x as f32, at.y as f32), vec2(size.width as f32, size.height as f32)) / scale
            })
            .collect();
        let Some(fitted) = on_screen(outer, &screens) else {
            self.tries = TRIES;
            return;
        };
        // Its frame may not be known before the next look.
        self.tries += 1;
        ctx.send_viewport_cmd(ViewportCommand::InnerSize(inner.size() - (outer.size() - fitted.size())));
        ctx.send_viewport_cmd(ViewportCommand::OuterPosition(fitted.min));
    }
}

/// Where a window has to go that reaches beyond its screen: the one that has most of it, or else the first.
fn on_screen(window: Rect, screens: &[Rect]) -> Option<Rect> {
    let seen = |screen: &Rect| screen.intersect(window).size().max(egui::Vec2::ZERO);
    let area = |screen: &Rect| seen(screen).x * seen(screen).y;
    // The first of those that have as much.
    let screen = screens.iter().rev().max_by(|one, other| area(one).total_cmp(&area(other)))?;
    let size = window.size().min(screen.size());
    let min = window.min.max(screen.min).min(screen.max - size);
    let fitted = Rect::from_min_size(min, size);
    (fitted != window).then_some(fitted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: f32, y: f32, width: f32, height: f32) -> Rect {
        Rect::from_min_size(pos2(x, y), vec2(width, height))
    }

    #[test]
    fn a_window_of_a_larger_screen_is_made_to_fit() {
        let screens = [rect(0.0, 0.0, 1024.0, 768.0)];
        assert_eq!(on_screen(rect(150.0, 80.0, 1700.0, 950.0), &screens), Some(rect(0.0, 0.0, 1024.0, 768.0)));
        assert_eq!(on_screen(rect(400.0, 80.0, 900.0, 600.0), &screens), Some(rect(124.0, 80.0, 900.0, 600.0)));
        assert_eq!(on_screen(rect(-20.0, 0.0, 900.0, 600.0), &screens), Some(rect(0.0, 0.0, 900.0, 600.0)));
        assert_eq!(on_screen(rect(2_000.0, 80.0, 900.0, 600.0), &screens), Some(rect(124.0, 80.0, 900.0, 600.0)));
    }

    #[test]
    fn what_fits_its_screen_stays_where_it_is() {
        let screens = [rect(0.0, 0.0, 1280.0, 1024.0), rect(1280.0, 0.0, 1920.0, 1080.0)];
        assert_eq!(on_screen(rect(1400.0, 60.0, 1700.0, 950.0), &screens), None);
        assert_eq!(on_screen(rect(10.0, 20.0, 1200.0, 900.0), &screens), None);
        assert_eq!(on_screen(rect(10.0, 20.0, 1200.0, 900.0), &[]), None);
    }
}
