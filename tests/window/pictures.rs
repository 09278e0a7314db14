//! Pictures that are kept: what text and shapes look like. Few and small, since every one of them has to be judged by eye
//! when it changes. `UPDATE_PICTURES=1 cargo test --test window` writes them anew.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use eframe::egui::{self, Color32, FontFamily, FontId, RichText, Stroke, vec2};
use rotascope::gui::raster::Image;
use rotascope::gui::screen::Screen;
use rotascope::gui::{fonts, theme};

/// Channels may differ by this much: compilers order arithmetic differently.
const SAME: u8 = 8;
/// And this share of the pixels by more.
const STRAYS: f64 = 0.001;

fn kept(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/window/pictures").join(format!("{name}.png"))
}

/// The bytes of a kept picture, three a pixel.
fn read(path: &Path) -> ([usize; 2], Vec<u8>) {
    let file = File::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut reader = png::Decoder::new(BufReader::new(file)).read_info().unwrap();
    let mut bytes = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut bytes).unwrap();
    assert_eq!(info.color_type, png::ColorType::Rgb);
    bytes.truncate(info.buffer_size());
    ([info.width as usize, info.height as usize], bytes)
}

fn assert_as_kept(name: &str, image: &Image) {
    let path = kept(name);
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        image.write_png(&path).unwrap();
    }
    let (size, bytes) = read(&path);
    let differing = image.pixels().iter().zip(bytes.chunks_exact(3)).filter(|(pixel, kept)| {
        let [r, g, b, _] = pixel.to_array();
        [r, g, b].iter().zip(*kept).any(|(now, then)| now.abs_diff(*then) > SAME)
    });
    let differing = differing.count();
    let allowed = (image.pixels().len() as f64 * STRAYS) as usize;
    if size != [image.width(), image.height()] || differing > allowed {
        let got = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
        image.write_png(&got).unwrap();
        panic!("{differing} pixels differ from {}; the new picture is {}", path.display(), got.display());
    }
}

fn sample(pixels_per_point: f32) -> Image {
    let mut screen = Screen::new(vec2(330.0, 150.0), pixels_per_point);
    fonts::install(screen.context());
    theme::install(screen.context());
    screen.context().set_theme(egui::Theme::Dark);
    screen.picture(|ui| {
        egui::CentralPanel::default().show(ui, |ui| {
            let font = |family: &str| FontId::new(13.0, FontFamily::Name(family.into()));
            ui.label("written 49,263 = present 48,190 四个进程");
            ui.label(RichText::new("Rotascope 0123456789 ⏵⏸⏹ →").font(font(fonts::STRONG)));
            ui.label(RichText::new("INFO  web 用户 登录 -> != ok").monospace());
            ui.label(RichText::new("ERROR web 12345678901 ok").font(font(fonts::MONO_STRONG)));
            let (response, painter) = ui.allocate_painter(vec2(300.0, 40.0), egui::Sense::hover());
            let at = |x: f32, y: f32| response.rect.min + vec2(x, y);
            painter.circle_filled(at(20.0, 20.0), 12.0, Color32::from_rgb(0x56, 0xb4, 0xe9));
            painter
                .line_segment([at(40.0, 4.0), at(110.0, 36.0)], Stroke::new(1.5, Color32::from_rgb(0xe8, 0xa3, 0x3d)));
            let bar = egui::Rect::from_min_max(at(120.0, 8.0), at(200.0, 32.0));
            painter.rect_filled(bar, 6.0, Color32::from_rgb(0x35, 0xb8, 0x93));
            painter.rect_filled(bar.translate(vec2(40.0, 6.0)), 6.0, Color32::from_white_alpha(60));
        });
    })
}

#[test]
fn text_and_shapes_look_as_they_did() {
    assert_as_kept("text", &sample(1.0));
    assert_as_kept("text-fine", &sample(2.0));
}
