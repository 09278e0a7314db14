//! Fills triangles and rectangles.

use eframe::egui::Color32;

use super::texture::Texture;

/// Steps of a pixel to which corners are snapped, as graphics hardware does.
const STEPS: i64 = 256;
const HALF: i64 = STEPS / 2;

/// Pixels from `left`, `top` up to but not including `right`, `bottom`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area {
    pub(super) left: i64,
    pub(super) top: i64,
    pub(super) right: i64,
    pub(super) bottom: i64,
}

impl Area {
    pub(super) fn is_empty(&self) -> bool {
        self.left >= self.right || self.top >= self.bottom
    }
}

/// The part of an image that may be painted.
pub(super) struct Target<'a> {
    pixels: &'a mut [Color32],
    width: usize,
    area: Area,
}

impl<'a> Target<'a> {
    /// `area` must lie within the image.
    pub(super) fn new(pixels: &'a mut [Color32], width: usize, area: Area) -> Target<'a> {
        Target { pixels, width, area }
    }

    /// The pixels of a row, from `left` up to `right`, which must lie within the area.
    fn span(&mut self, y: i64, left: i64, right: i64) -> &mut [Color32] {
        let row = y as usize * self.width;
        &mut self.pixels[row + left as usize..row + right as usize]
    }
}

/// A corner of a shape: its place in pixels and in 1/256 of them, its place in the texture in texels, its colour.
pub(super) struct Corner {
    x: f32,
    y: f32,
    snapped: (i64, i64),
    u: f32,
    v: f32,
    color: Color32,
}

impl Corner {
    pub(super) fn new(x: f32, y: f32, u: f32, v: f32, color: Color32) -> Corner {
        // A million pixels are beyond any image, and their products still fit.
        let snap = |value: f32| (value.clamp(-1e6, 1e6) * STEPS as f32).round() as i64;
        Corner { x, y, snapped: (snap(x), snap(y)), u, v, color }
    }
}

/// Fills an upright rectangle of one colour, given as upper left, upper right, lower left, lower right corner. Does
/// nothing and says false if it is none.
pub(super) fn rectangle(target: &mut Target<'_>, corners: [&Corner; 4], texture: &Texture) -> bool {
    let [a, b, c, d] = corners;
    let upright = a.snapped.1 == b.snapped.1
        && c.snapped.1 == d.snapped.1
        && a.snapped.0 == c.snapped.0
        && b.snapped.0 == d.snapped.0
        && a.snapped.0 < b.snapped.0
        && a.snapped.1 < c.snapped.1;
    let plain = a.color == b.color && a.color == c.color && a.color == d.color;
    let straight = a.u == c.u && b.u == d.u && a.v == b.v && c.v == d.v;
    if !(upright && plain && straight) {
        return false;
    }
    let first_centre =
        |snapped: i64| (snapped - HALF).div_euclid(STEPS) + i64::from((snapped - HALF).rem_euclid(STEPS) > 0);
    let left = first_centre(a.snapped.0).max(target.area.left);
    let right = first_centre(b.snapped.0).min(target.area.right);
    let top = first_centre(a.snapped.1).max(target.area.top);
    let bottom = first_centre(c.snapped.1).min(target.area.bottom);
    if left >= right || top >= bottom || a.color == Color32::TRANSPARENT {
        return true;
    }
    let (step_u, step_v) = ((b.u - a.u) / (b.x - a.x), (c.v - a.v) / (c.y - a.y));
    let first_u = a.u + (left as f32 + 0.5 - a.x) * step_u;
    if a.u == b.u && a.v == c.v {
        let paint = modulate(a.color, texture.sample(a.u, a.v));
        for y in top..bottom {
            fill_flat(target.span(y, left, right), paint);
        }
        return true;
    }
    for y in top..bottom {
        let v = a.v + (y as f32 + 0.5 - a.y) * step_v;
        let pixels = target.span(y, left, right);
        let texels = texel_run(first_u, step_u, v).and_then(|(column, row)| texture.row(column, row, pixels.len()));
        if let Some(texels) = texels {
            for (pixel, texel) in pixels.iter_mut().zip(texels) {
                if *texel != Color32::TRANSPARENT {
                    *pixel = blend_product(*pixel, a.color, *texel);
                }
            }
        } else {
            for (index, pixel) in pixels.iter_mut().enumerate() {
                let texel = texture.sample(first_u + index as f32 * step_u, v);
                *pixel = blend(*pixel, product(a.color.to_array().map(f32::from), texel));
            }
        }
    }
    true
}

/// Where a row of pixels starts in the texture, if each pixel is one texel: true of nearly every glyph.
fn texel_run(u: f32, step_u: f32, v: f32) -> Option<(i64, i64)> {
    let centred = |place: f32| ((place - 0.5).round() - (place - 0.5)).abs() < 1.0 / STEPS as f32;
    ((step_u - 1.0).abs() < 1e-4 && centred(u) && centred(v))
        .then(|| ((u - 0.5).round() as i64, (v - 0.5).round() as i64))
}

/// Fills a triangle.
pub(super) fn triangle(target: &mut Target<'_>, corners: [Corner; 3], texture: &Texture) {
    let [a, mut b, mut c] = corners;
    let area = (b.snapped.0 - a.snapped.0) * (c.snapped.1 - a.snapped.1)
        - (b.snapped.1 - a.snapped.1) * (c.snapped.0 - a.snapped.0);
    if area == 0 {
        return;
    }
    if area < 0 {
        std::mem::swap(&mut b, &mut c);
    }
    let edges = [Edge::new(&a, &b), Edge::new(&b, &c), Edge::new(&c, &a)];
    let rows = [&a, &b, &c].map(|corner| corner.snapped.1);
    let top = rows.iter().min().map_or(0, |y| y.div_euclid(STEPS)).max(target.area.top);
    let bottom = rows.iter().max().map_or(0, |y| y.div_euclid(STEPS) + 1).min(target.area.bottom);
    let paint = Paint::new(&a, &b, &c, texture);
    for y in top..bottom {
        let (mut left, mut right) = (target.area.left, target.area.right);
        for edge in &edges {
            (left, right) = edge.narrow(y, left, right);
        }
        if left < right {
            paint.fill(target.span(y, left, right), left, y, texture);
        }
    }
}

/// One side of a triangle: a pixel is inside if `constant + along_y * y + along_x * x >= 0`, in whole numbers.
struct Edge {
    constant: i64,
    along_x: i64,
    along_y: i64,
}

impl Edge {
    fn new(from: &Corner, to: &Corner) -> Edge {
        let (dx, dy) = (to.snapped.0 - from.snapped.0, to.snapped.1 - from.snapped.1);
        // A pixel whose centre lies on the edge between two triangles belongs to one of them alone.
        let owns_its_points = dy < 0 || (dy == 0 && dx > 0);
        let constant = dx * (HALF - from.snapped.1) - dy * (HALF - from.snapped.0) - i64::from(!owns_its_points);
        Edge { constant, along_x: -dy * STEPS, along_y: dx * STEPS }
    }

    /// The part of a row's span that lies on the inner side.
    fn narrow(&self, y: i64, left: i64, right: i64) -> (i64, i64) {
        let at_zero = self.constant + self.along_y * y;
        match self.along_x {
            0 if at_zero < 0 => (left, left),
            0 => (left, right),
            step if step > 0 => {
                (left.max((-at_zero).div_euclid(step) + i64::from((-at_zero).rem_euclid(step) > 0)), right)
            }
            step => (left, right.min(at_zero.div_euclid(-step) + 1)),
        }
    }
}

/// A value that changes evenly over a triangle.
#[derive(Clone, Copy)]
struct Slope {
    start: f32,
    along_x: f32,
    along_y: f32,
}

impl Slope {
    fn at(&self, x: f32, y: f32) -> f32 {
        self.start + self.along_x * x + self.along_y * y
    }
}

/// How the pixels of a triangle get their colours.
enum Paint {
    /// All alike.
    Flat([f32; 4]),
    /// From corner to corner, the texture being the same everywhere.
    Shaded([Slope; 4]),
    /// Both change.
    Textured([Slope; 4], [Slope; 2]),
}

impl Paint {
    fn new(a: &Corner, b: &Corner, c: &Corner, texture: &Texture) -> Paint {
        let one_texel = a.u == b.u && a.u == c.u && a.v == b.v && a.v == c.v;
        if one_texel && a.color == b.color && a.color == c.color {
            return Paint::Flat(modulate(a.color, texture.sample(a.u, a.v)));
        }
        let (bx, by, cx, cy) = (b.x - a.x, b.y - a.y, c.x - a.x, c.y - a.y);
        let area = bx * cy - by * cx;
        let slope = |at_a: f32, at_b: f32, at_c: f32| {
            let along_x = ((at_b - at_a) * cy - (at_c - at_a) * by) / area;
            let along_y = ((at_c - at_a) * bx - (at_b - at_a) * cx) / area;
            // Measured from the pixels' centres, so that whole coordinates can be put in.
            Slope { start: at_a + along_x * (0.5 - a.x) + along_y * (0.5 - a.y), along_x, along_y }
        };
        let shades = |at_a: [f32; 4], at_b: [f32; 4], at_c: [f32; 4]| {
            std::array::from_fn(|channel| slope(at_a[channel], at_b[channel], at_c[channel]))
        };
        if one_texel {
            let texel = texture.sample(a.u, a.v);
            let [at_a, at_b, at_c] = [a, b, c].map(|corner| modulate(corner.color, texel));
            return Paint::Shaded(shades(at_a, at_b, at_c));
        }
        let [at_a, at_b, at_c] = [a, b, c].map(|corner| corner.color.to_array().map(f32::from));
        Paint::Textured(shades(at_a, at_b, at_c), [slope(a.u, b.u, c.u), slope(a.v, b.v, c.v)])
    }

    fn fill(&self, pixels: &mut [Color32], left: i64, y: i64, texture: &Texture) {
        let y = y as f32;
        match self {
            Paint::Flat(color) => fill_flat(pixels, *color),
            Paint::Shaded(slopes) => {
                for (index, pixel) in pixels.iter_mut().enumerate() {
                    let x = (left + index as i64) as f32;
                    *pixel = blend(*pixel, slopes.map(|slope| slope.at(x, y)));
                }
            }
            Paint::Textured(slopes, [u, v]) => {
                for (index, pixel) in pixels.iter_mut().enumerate() {
                    let x = (left + index as i64) as f32;
                    let texel = texture.sample(u.at(x, y), v.at(x, y));
                    *pixel = blend(*pixel, product(slopes.map(|slope| slope.at(x, y)), texel));
                }
            }
        }
    }
}

/// A corner's colour through a texel.
fn modulate(color: Color32, texel: [f32; 4]) -> [f32; 4] {
    product(color.to_array().map(f32::from), texel)
}

fn product(color: [f32; 4], texel: [f32; 4]) -> [f32; 4] {
    std::array::from_fn(|channel| color[channel] * texel[channel] / 255.0)
}

/// One colour over a span of pixels.
fn fill_flat(pixels: &mut [Color32], paint: [f32; 4]) {
    if paint[3] >= 255.0 {
        let [r, g, b, _] = paint.map(to_byte);
        pixels.fill(Color32::from_rgb(r, g, b));
    } else if paint != [0.0; 4] {
        // Neighbours are mostly alike: blend again only where the ground changes.
        let mut last: Option<(Color32, Color32)> = None;
        for pixel in pixels {
            let blended = match last {
                Some((ground, blended)) if ground == *pixel => blended,
                _ => blend(*pixel, paint),
            };
            last = Some((*pixel, blended));
            *pixel = blended;
        }
    }
}

/// A premultiplied colour over what is there.
fn blend(ground: Color32, paint: [f32; 4]) -> Color32 {
    let rest = 1.0 - paint[3].clamp(0.0, 255.0) / 255.0;
    let ground = ground.to_array();
    let [r, g, b, a] = std::array::from_fn(|channel| to_byte(paint[channel] + f32::from(ground[channel]) * rest));
    Color32::from_rgba_premultiplied(r, g, b, a)
}

/// `blend(ground, color * texel)` in whole numbers, rounded once: glyphs are most of what is drawn.
fn blend_product(ground: Color32, color: Color32, texel: Color32) -> Color32 {
    const ONE: u32 = 255 * 255;
    let (ground, color, texel) = (ground.to_array(), color.to_array(), texel.to_array());
    let rest = ONE - u32::from(color[3]) * u32::from(texel[3]);
    let [r, g, b, a] = std::array::from_fn(|channel| {
        let paint = u32::from(color[channel]) * u32::from(texel[channel]) * 255;
        let sum = paint + u32::from(ground[channel]) * rest;
        ((sum + ONE / 2) / ONE).min(255) as u8
    });
    Color32::from_rgba_premultiplied(r, g, b, a)
}

fn to_byte(value: f32) -> u8 {
    (value + 0.5).clamp(0.0, 255.0) as u8
}
