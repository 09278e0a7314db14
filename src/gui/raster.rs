//! Draws egui's triangles into an image, on the CPU.
//!
//! Pictures and tests need no display and no graphics driver that way, and come out with the same bytes on every
//! machine. The rules are those of egui's own painters: premultiplied colours, blended in gamma space, with no
//! multisampling (egui softens its edges itself). Corners are snapped to 1/256 of a pixel and edges are decided in
//! whole numbers, so that neighbouring triangles neither overlap nor leave a gap.

mod fill;
mod image;
mod texture;

use std::collections::HashMap;

use eframe::egui::epaint::{ClippedPrimitive, Mesh, Primitive, Vertex};
use eframe::egui::{Rect, TextureId, TexturesDelta};

pub use image::{Image, ImageError};

use fill::{Area, Corner, Target};
use texture::Texture;

/// The textures that egui has handed out so far, and the means to draw with them.
#[derive(Default)]
pub struct Canvas {
    textures: HashMap<TextureId, Texture>,
    /// Freed by egui after the frame that used them last, which may not have been drawn yet.
    free_later: Vec<TextureId>,
}

impl Canvas {
    /// A canvas without textures. It must see every [`TexturesDelta`] of its egui context, from the first on.
    pub fn new() -> Canvas {
        Canvas::default()
    }

    /// Takes in what has changed of the textures, and leaves `delta` empty. For frames that are not drawn.
    pub fn update(&mut self, delta: &mut TexturesDelta) {
        for id in self.free_later.drain(..) {
            self.textures.remove(&id);
        }
        for (id, changes) in delta.set.drain() {
            for change in changes {
                match change.pos {
                    None => {
                        self.textures.insert(id, Texture::new(&change));
                    }
                    Some(at) => {
                        if let Some(texture) = self.textures.get_mut(&id) {
                            texture.patch(at, &change);
                        }
                    }
                }
            }
        }
        self.free_later.extend(delta.free.drain());
    }

    /// Draws one frame over a transparent ground. Paint callbacks, which need a graphics driver, are left out.
    ///
    /// `size_px` is width and height of the image; triangles are given in points of `pixels_per_point` pixels.
    pub fn render(
        &mut self,
        delta: &mut TexturesDelta,
        primitives: &[ClippedPrimitive],
        size_px: [usize; 2],
        pixels_per_point: f32,
    ) -> Image {
        self.update(delta);
        let mut image = Image::new(size_px);
        for primitive in primitives {
            let Primitive::Mesh(mesh) = &primitive.primitive else { continue };
            let area = area_of(primitive.clip_rect, size_px, pixels_per_point);
            if let Some(texture) = self.textures.get(&mesh.texture_id)
                && !area.is_empty()
            {
                draw_mesh(&mut image.target(area), mesh, texture, pixels_per_point);
            }
        }
        image
    }
}

/// The pixels of a clip rectangle, rounded as egui's painters round it.
fn area_of(clip: Rect, size_px: [usize; 2], pixels_per_point: f32) -> Area {
    let pixel = |points: f32, end: usize| (points * pixels_per_point).round().clamp(0.0, end as f32) as i64;
    Area {
        left: pixel(clip.min.x, size_px[0]),
        top: pixel(clip.min.y, size_px[1]),
        right: pixel(clip.max.x, size_px[0]),
        bottom: pixel(clip.max.y, size_px[1]),
    }
}

fn draw_mesh(target: &mut Target<'_>, mesh: &Mesh, texture: &Texture, pixels_per_point: f32) {
    let corner =
        |index: u32| mesh.vertices.get(index as usize).map(|vertex| to_corner(vertex, texture, pixels_per_point));
    let indices = mesh.indices.as_slice();
    let mut at = 0;
    while let Some(&[a, b, c]) = indices.get(at..at + 3) {
        let (Some(first), Some(second), Some(third)) = (corner(a), corner(b), corner(c)) else { return };
        // Glyphs and images come as two triangles in this order: most of the work, and a rectangle is cheap.
        if let Some(&[d, e, f]) = indices.get(at + 3..at + 6)
            && d == c
            && e == b
            && let Some(fourth) = corner(f)
            && fill::rectangle(target, [&first, &second, &third, &fourth], texture)
        {
            at += 6;
            continue;
        }
        fill::triangle(target, [first, second, third], texture);
        at += 3;
    }
}

fn to_corner(vertex: &Vertex, texture: &Texture, pixels_per_point: f32) -> Corner {
    let (u, v) = texture.texel(vertex.uv);
    Corner::new(vertex.pos.x * pixels_per_point, vertex.pos.y * pixels_per_point, u, v, vertex.color)
}

#[cfg(test)]
mod tests;
