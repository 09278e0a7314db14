//! Textures and how they are read.

use eframe::egui::epaint::ImageDelta;
use eframe::egui::{Color32, ImageData, Pos2, TextureFilter, TextureWrapMode};

/// One texture of an egui context.
pub(super) struct Texture {
    width: usize,
    height: usize,
    texels: Vec<Color32>,
    filter: TextureFilter,
    wrap: TextureWrapMode,
}

impl Texture {
    /// The texture that a whole image makes.
    pub(super) fn new(change: &ImageDelta) -> Texture {
        let ImageData::Color(image) = &change.image;
        Texture {
            width: image.size[0],
            height: image.size[1],
            texels: image.pixels.clone(),
            filter: change.options.magnification,
            wrap: change.options.wrap_mode,
        }
    }

    /// Puts a smaller image at a place of this one; what sticks out is left out.
    pub(super) fn patch(&mut self, at: [usize; 2], change: &ImageDelta) {
        let ImageData::Color(image) = &change.image;
        let [width, height] = image.size;
        let shown = width.min(self.width.saturating_sub(at[0]));
        for row in 0..height.min(self.height.saturating_sub(at[1])) {
            let to = (at[1] + row) * self.width + at[0];
            let from = row * width;
            self.texels[to..to + shown].copy_from_slice(&image.pixels[from..from + shown]);
        }
    }

    /// Texture coordinates from 0 to 1 as texels.
    pub(super) fn texel(&self, uv: Pos2) -> (f32, f32) {
        (uv.x * self.width as f32, uv.y * self.height as f32)
    }

    /// One row of texels from column `left` on, if all `count` of them lie within the texture.
    pub(super) fn row(&self, left: i64, top: i64, count: usize) -> Option<&[Color32]> {
        let (left, top) = (usize::try_from(left).ok()?, usize::try_from(top).ok()?);
        if top >= self.height || left + count > self.width {
            return None;
        }
        let start = top * self.width + left;
        self.texels.get(start..start + count)
    }

    /// The colour at a place in texels, premultiplied, each channel from 0 to 255.
    pub(super) fn sample(&self, u: f32, v: f32) -> [f32; 4] {
        match self.filter {
            TextureFilter::Nearest => self.at(u.floor() as i64, v.floor() as i64),
            TextureFilter::Linear => {
                let (u, v) = (u - 0.5, v - 0.5);
                let (left, top) = (u.floor(), v.floor());
                // Graphics hardware weighs in 1/256; so a glyph that is a rounding error off its pixels stays crisp.
                let weigh = |part: f32| (part * 256.0).round() / 256.0;
                let (right_part, lower_part) = (weigh(u - left), weigh(v - top));
                let (left, top) = (left as i64, top as i64);
                let upper = mix(self.at(left, top), self.at(left + 1, top), right_part);
                let lower = mix(self.at(left, top + 1), self.at(left + 1, top + 1), right_part);
                mix(upper, lower, lower_part)
            }
        }
    }

    fn at(&self, column: i64, row: i64) -> [f32; 4] {
        let index = self.wrapped(row, self.height) * self.width + self.wrapped(column, self.width);
        self.texels.get(index).map_or([0.0; 4], |texel| texel.to_array().map(f32::from))
    }

    fn wrapped(&self, index: i64, size: usize) -> usize {
        let size = size as i64;
        let inside = match self.wrap {
            TextureWrapMode::ClampToEdge => index.clamp(0, (size - 1).max(0)),
            TextureWrapMode::Repeat => index.rem_euclid(size.max(1)),
            TextureWrapMode::MirroredRepeat => {
                let index = index.rem_euclid((2 * size).max(1));
                index.min(2 * size - 1 - index).max(0)
            }
        };
        inside as usize
    }
}

fn mix(from: [f32; 4], to: [f32; 4], part: f32) -> [f32; 4] {
    std::array::from_fn(|channel| from[channel] + (to[channel] - from[channel]) * part)
}
