//! The finished picture.

use std::fs::File;
use std::io::BufWriter;
use std::path::{Path, PathBuf};

use eframe::egui::Color32;

use super::fill::{Area, Target};

/// A picture: rows of premultiplied colours from the top.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    width: usize,
    height: usize,
    pixels: Vec<Color32>,
}

/// A picture could not be written.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The file could not be created.
    #[error("cannot write the picture {path}: {source}")]
    Create {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The file could not be filled.
    #[error("cannot write the picture {path}: {source}")]
    Encode {
        /// The file.
        path: PathBuf,
        /// The encoder's reason, a full disk for one.
        source: png::EncodingError,
    },
}

impl Image {
    /// A transparent picture.
    pub fn new(size_px: [usize; 2]) -> Image {
        let [width, height] = size_px;
        Image { width, height, pixels: vec![Color32::TRANSPARENT; width * height] }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row by row from the top.
    pub fn pixels(&self) -> &[Color32] {
        &self.pixels
    }

    /// One pixel; transparent outside the picture.
    pub fn pixel(&self, x: usize, y: usize) -> Color32 {
        if x < self.width {
            self.pixels.get(y * self.width + x).copied().unwrap_or_default()
        } else {
            Color32::TRANSPARENT
        }
    }

    /// How many colours it has: 1 if nothing was drawn.
    pub fn distinct_colors(&self) -> usize {
        self.pixels.iter().map(|pixel| pixel.to_array()).collect::<std::collections::HashSet<_>>().len()
    }

    pub(super) fn target(&mut self, area: Area) -> Target<'_> {
        Target::new(&mut self.pixels, self.width, area)
    }

    /// Writes the picture as PNG, with an alpha channel only if it is needed.
    pub fn write_png(&self, path: &Path) -> Result<(), ImageError> {
        let file = File::create(path).map_err(|source| ImageError::Create { path: path.to_owned(), source })?;
        self.encode(BufWriter::new(file)).map_err(|source| ImageError::Encode { path: path.to_owned(), source })
    }

    fn encode(&self, out: impl std::io::Write) -> Result<(), png::EncodingError> {
        let opaque = self.pixels.iter().all(|pixel| pixel.a() == 255);
        let bytes: Vec<u8> = if opaque {
            self.pixels.iter().flat_map(|pixel| [pixel.r(), pixel.g(), pixel.b()]).collect()
        } else {
            self.pixels.iter().flat_map(Color32::to_srgba_unmultiplied).collect()
        };
        let mut encoder = png::Encoder::new(out, self.width as u32, self.height as u32);
        encoder.set_color(if opaque { png::ColorType::Rgb } else { png::ColorType::Rgba });
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_source_srgb(png::SrgbRenderingIntent::Perceptual);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&bytes)?;
        writer.finish()
    }
}
