#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use eframe::egui::epaint::ImageDelta;
use eframe::egui::{Color32, ColorImage, TextureOptions, pos2, vec2};

use super::*;

const RED: Color32 = Color32::from_rgb(255, 0, 0);

/// A font atlas of the simplest kind: white at (0, 0), and an image of 2 x 2 texels from (2, 2) on.
fn atlas() -> TexturesDelta {
    let mut image = ColorImage::filled([8, 8], Color32::TRANSPARENT);
    image[(0, 0)] = Color32::WHITE;
    image[(2, 2)] = Color32::WHITE;
    image[(3, 2)] = Color32::from_white_alpha(128);
    image[(2, 3)] = RED;
    image[(3, 3)] = Color32::TRANSPARENT;
    let mut delta = TexturesDelta::default();
    delta.push(TextureId::default(), ImageDelta::full(image, TextureOptions::LINEAR));
    delta
}

fn primitive(mesh: Mesh, clip: Rect) -> ClippedPrimitive {
    ClippedPrimitive { clip_rect: clip, primitive: Primitive::Mesh(mesh) }
}

fn draw(meshes: &[Mesh], size: [usize; 2], pixels_per_point: f32) -> Image {
    let primitives: Vec<_> = meshes.iter().map(|mesh| primitive(mesh.clone(), Rect::EVERYTHING)).collect();
    Canvas::new().render(&mut atlas(), &primitives, size, pixels_per_point)
}

fn polygon(points: &[(f32, f32)], color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    for &(x, y) in points {
        mesh.colored_vertex(pos2(x, y), color);
    }
    for last in 2..points.len() as u32 {
        mesh.add_triangle(0, last - 1, last);
    }
    mesh
}

fn square(left: f32, top: f32, side: f32, color: Color32) -> Mesh {
    let mut mesh = Mesh::default();
    mesh.add_colored_rect(Rect::from_min_size(pos2(left, top), vec2(side, side)), color);
    mesh
}

fn covered(image: &Image) -> Vec<(usize, usize)> {
    let all = (0..image.height()).flat_map(|y| (0..image.width()).map(move |x| (x, y)));
    all.filter(|&(x, y)| image.pixel(x, y) != Color32::TRANSPARENT).collect()
}

#[test]
fn a_rectangle_covers_the_pixels_whose_centres_it_holds() {
    let image = draw(&[square(1.0, 1.0, 2.0, RED)], [4, 4], 1.0);
    assert_eq!(covered(&image), [(1, 1), (2, 1), (1, 2), (2, 2)]);
    // Its upper left centres count, its lower right ones don't.
    let image = draw(&[square(0.5, 0.5, 2.0, RED)], [4, 4], 1.0);
    assert_eq!(covered(&image), [(0, 0), (1, 0), (0, 1), (1, 1)]);
    let image = draw(&[square(0.6, 0.6, 0.8, RED)], [4, 4], 1.0);
    assert_eq!(covered(&image), []);
}

#[test]
fn points_are_scaled_to_pixels() {
    let image = draw(&[square(1.0, 1.0, 1.0, RED)], [8, 8], 2.0);
    assert_eq!(covered(&image), [(2, 2), (3, 2), (2, 3), (3, 3)]);
}

#[test]
fn neighbouring_triangles_share_no_pixel_and_leave_no_gap() {
    // A translucent polygon of many triangles around odd places: a pixel painted twice would be darker.
    let ring: Vec<_> = (0..17)
        .map(|step| step as f32 / 17.0 * std::f32::consts::TAU)
        .map(|angle| (20.3 + 17.1 * angle.cos(), 19.7 + 16.3 * angle.sin()))
        .collect();
    let mut fan = Mesh::default();
    let color = Color32::from_rgba_premultiplied(50, 0, 0, 100);
    fan.colored_vertex(pos2(21.13, 18.77), color);
    for &(x, y) in &ring {
        fan.colored_vertex(pos2(x, y), color);
    }
    for corner in 0..ring.len() as u32 {
        fan.add_triangle(0, 1 + corner, 1 + (corner + 1) % ring.len() as u32);
    }
    let image = draw(&[fan], [40, 40], 1.0);
    for y in 0..40 {
        let inside: Vec<_> = (0..40).filter(|&x| image.pixel(x, y) != Color32::TRANSPARENT).collect();
        for &x in &inside {
            assert_eq!(image.pixel(x, y), color, "pixel {x}, {y} was painted more than once");
        }
        if let (Some(first), Some(last)) = (inside.first(), inside.last()) {
            assert_eq!(inside.len(), last - first + 1, "row {y} has a gap");
        }
    }
    assert!(covered(&image).len() > 800);
}

#[test]
fn the_order_of_a_triangles_corners_does_not_matter() {
    let points = [(1.2, 0.7), (9.4, 3.1), (3.3, 9.9)];
    let turned = [points[2], points[1], points[0]];
    assert_eq!(draw(&[polygon(&points, RED)], [10, 10], 1.0), draw(&[polygon(&turned, RED)], [10, 10], 1.0));
}

#[test]
fn colours_are_premultiplied_and_blended_in_gamma_space() {
    let half_white = Color32::from_rgba_premultiplied(128, 128, 128, 128);
    let ground = square(0.0, 0.0, 4.0, RED);
    let image = draw(&[ground.clone(), square(0.0, 0.0, 4.0, half_white)], [4, 4], 1.0);
    assert_eq!(image.pixel(2, 2), Color32::from_rgb(255, 128, 128));
    // No alpha, but colour: it is added.
    let added = Color32::from_rgba_premultiplied(10, 20, 30, 0);
    let image = draw(&[ground, square(0.0, 0.0, 4.0, added)], [4, 4], 1.0);
    assert_eq!(image.pixel(2, 2), Color32::from_rgb(255, 20, 30));
}

#[test]
fn colours_run_evenly_from_corner_to_corner() {
    let mut mesh = Mesh::default();
    for (x, y, level) in [(0.0, 0.0, 0), (10.0, 0.0, 200), (0.0, 10.0, 0), (10.0, 10.0, 200)] {
        mesh.colored_vertex(pos2(x, y), Color32::from_gray(level));
    }
    mesh.add_triangle(0, 1, 2);
    mesh.add_triangle(2, 1, 3);
    let image = draw(&[mesh], [10, 10], 1.0);
    for x in 0..10 {
        let expected = Color32::from_gray(10 + 20 * x as u8);
        assert!((0..10).all(|y| image.pixel(x, y) == expected), "column {x} is {:?}", image.pixel(x, 0));
    }
}

#[test]
fn a_glyph_keeps_its_texels_and_takes_its_colour() {
    let mut mesh = Mesh::default();
    let uv = Rect::from_min_max(pos2(0.25, 0.25), pos2(0.5, 0.5));
    mesh.add_rect_with_uv(Rect::from_min_size(pos2(1.0, 1.0), vec2(2.0, 2.0)), uv, Color32::from_rgb(200, 100, 50));
    let image = draw(&[square(0.0, 0.0, 4.0, Color32::WHITE), mesh], [4, 4], 1.0);
    assert_eq!(image.pixel(1, 1), Color32::from_rgb(200, 100, 50));
    assert_eq!(image.pixel(2, 1), Color32::from_rgb(227, 177, 152));
    assert_eq!(image.pixel(1, 2), Color32::from_rgb(200, 0, 0));
    assert_eq!(image.pixel(2, 2), Color32::WHITE);
}

#[test]
fn an_enlarged_texture_is_smooth() {
    let mut mesh = Mesh::default();
    let uv = Rect::from_min_max(pos2(2.5 / 8.0, 2.5 / 8.0), pos2(3.5 / 8.0, 3.5 / 8.0));
    mesh.add_rect_with_uv(Rect::from_min_size(pos2(0.0, 0.0), vec2(4.0, 4.0)), uv, Color32::WHITE);
    let image = draw(&[mesh], [4, 4], 1.0);
    let alphas: Vec<u8> = (0..4).map(|x| image.pixel(x, 0).a()).collect();
    assert!(alphas.windows(2).all(|pair| pair[0] > pair[1]), "{alphas:?}");
}

#[test]
fn nothing_is_painted_outside_the_clip_rectangle_or_the_image() {
    let clip = Rect::from_min_max(pos2(1.0, 0.0), pos2(2.0, 9.0));
    let shapes = [
        primitive(square(-5.0, -5.0, 100.0, RED), clip),
        primitive(polygon(&[(-1e9, -7.0), (1e9, 1.0), (3.0, 1e9)], RED), clip),
    ];
    for shape in shapes {
        let image = Canvas::new().render(&mut atlas(), &[shape], [4, 4], 1.0);
        assert_eq!(covered(&image), [(1, 0), (1, 1), (1, 2), (1, 3)]);
    }
}

#[test]
fn a_part_of_a_texture_can_change_and_a_freed_one_lasts_for_the_frame() {
    let mut canvas = Canvas::new();
    canvas.update(&mut atlas());
    let mut delta = TexturesDelta::default();
    let patch = ColorImage::filled([2, 1], Color32::from_rgb(0, 255, 0));
    delta.push(TextureId::default(), ImageDelta::partial([2, 2], Arc::new(patch), TextureOptions::LINEAR));
    delta.free(TextureId::default());
    let mut mesh = Mesh::default();
    let uv = Rect::from_min_max(pos2(0.25, 0.25), pos2(0.5, 0.5));
    mesh.add_rect_with_uv(Rect::from_min_size(pos2(0.0, 0.0), vec2(2.0, 2.0)), uv, Color32::WHITE);
    let shapes = [primitive(mesh, Rect::EVERYTHING)];
    let image = canvas.render(&mut delta, &shapes, [2, 2], 1.0);
    assert_eq!([image.pixel(0, 0), image.pixel(1, 0)], [Color32::from_rgb(0, 255, 0); 2]);
    assert_eq!(image.pixel(0, 1), RED);
    let image = canvas.render(&mut TexturesDelta::default(), &shapes, [2, 2], 1.0);
    assert_eq!(image.distinct_colors(), 1);
}

#[test]
fn the_file_holds_what_was_drawn() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("picture.png");
    let image = draw(&[square(0.0, 0.0, 2.0, Color32::from_rgb(1, 2, 3))], [2, 2], 1.0);
    image.write_png(&path).unwrap();
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap())).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!((info.width, info.height, info.color_type), (2, 2, png::ColorType::Rgb));
    assert_eq!(&bytes[..info.buffer_size()], [1, 2, 3].repeat(4));
    let refused = image.write_png(&folder.path().join("missing/picture.png")).unwrap_err();
    assert!(refused.to_string().contains("missing/picture.png"), "{refused}");
}
