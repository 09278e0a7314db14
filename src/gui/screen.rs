//! The window without a screen: an egui context of a fixed size, and the image that it makes.

use std::time::Duration;

use eframe::egui;
use egui::epaint::ClippedPrimitive;
use egui::{Context, FullOutput, RawInput, Rect, Ui, Vec2, ViewportId, pos2};

use super::raster::{Canvas, Image};

/// Frames after which a picture is taken although the window would like another one.
const PATIENCE: usize = 24;
/// A window that wants its next frame no sooner than this has settled.
const SETTLED: Duration = Duration::from_millis(100);
/// Time from one frame to the next, as the window sees it: animations come to their end within a few frames.
const FRAME_SECONDS: f64 = 0.1;

/// A screen that is not there.
pub struct Screen {
    context: Context,
    canvas: Canvas,
    size: Vec2,
    pixels_per_point: f32,
    frames: u64,
}

impl Screen {
    /// A screen of `size` points, each of `pixels_per_point` pixels.
    pub fn new(size: Vec2, pixels_per_point: f32) -> Screen {
        let context = Context::default();
        Screen { context, canvas: Canvas::new(), size, pixels_per_point, frames: 0 }
    }

    /// Its egui context.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Gives the window one frame that nobody sees.
    pub fn pass(&mut self, mut draw: impl FnMut(&mut Ui)) {
        let mut output = self.frame(&mut draw);
        self.canvas.update(&mut output.textures_delta);
    }

    /// Draws frames until the window has settled, and gives the picture of the last one.
    pub fn picture(&mut self, mut draw: impl FnMut(&mut Ui)) -> Image {
        let mut output = self.frame(&mut draw);
        for _ in 1..PATIENCE {
            if wants_frame_in(&output) >= SETTLED {
                break;
            }
            self.canvas.update(&mut output.textures_delta);
            output = self.frame(&mut draw);
        }
        let pixels_per_point = output.pixels_per_point;
        let primitives: Vec<ClippedPrimitive> = self.context.tessellate(output.shapes, pixels_per_point);
        let pixels = (self.size * self.pixels_per_point).round();
        self.canvas.render(
            &mut output.textures_delta,
            &primitives,
            [pixels.x as usize, pixels.y as usize],
            pixels_per_point,
        )
    }

    fn frame(&mut self, draw: &mut impl FnMut(&mut Ui)) -> FullOutput {
        let mut input = RawInput {
            screen_rect: Some(Rect::from_min_size(pos2(0.0, 0.0), self.size)),
            time: Some(self.frames as f64 * FRAME_SECONDS),
            predicted_dt: FRAME_SECONDS as f32,
            focused: true,
            ..RawInput::default()
        };
        if let Some(viewport) = input.viewports.get_mut(&ViewportId::ROOT) {
            viewport.native_pixels_per_point = Some(self.pixels_per_point);
        }
        self.frames += 1;
        self.context.run_ui(input, draw)
    }
}

fn wants_frame_in(output: &FullOutput) -> Duration {
    output.viewport_output.get(&ViewportId::ROOT).map_or(Duration::MAX, |viewport| viewport.repaint_delay)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::fonts;
    use egui::{CentralPanel, Color32, Frame, RichText};

    fn sample() -> Image {
        let mut screen = Screen::new(egui::vec2(320.0, 120.0), 2.0);
        fonts::install(screen.context());
        screen.picture(|ui| {
            CentralPanel::default().frame(Frame::new().fill(Color32::from_gray(20)).inner_margin(8)).show(ui, |ui| {
                ui.heading("Rotascope 轮转 0123456789");
                ui.monospace("INFO  2026-05-10 用户 -> ok");
                ui.label(RichText::new("strong ⏵ ⏸ ⏹ ✔ ✖").family(egui::FontFamily::Name(fonts::STRONG.into())));
                let _ = ui.button("Delete");
            });
        })
    }

    #[test]
    fn a_picture_has_the_size_in_pixels_and_something_on_it() {
        let image = sample();
        assert_eq!((image.width(), image.height()), (640, 240));
        assert!(image.distinct_colors() > 50, "{}", image.distinct_colors());
        assert!(image.pixels().iter().all(|pixel| pixel.a() == 255));
    }

    #[test]
    fn the_same_content_gives_the_same_picture() {
        assert!(sample() == sample());
    }

    #[test]
    fn what_moves_comes_to_rest_before_the_picture_is_taken() {
        let mut screen = Screen::new(egui::vec2(64.0, 64.0), 1.0);
        fonts::install(screen.context());
        let mut frames = 0;
        screen.picture(|ui| {
            frames += 1;
            ui.label("waiting");
            if frames < 7 {
                ui.ctx().request_repaint();
            }
        });
        assert!((7..10).contains(&frames), "{frames} frames");
    }
}
