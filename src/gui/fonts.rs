//! The faces of the window. They are compiled in, so that it looks the same on every machine; see `assets/fonts`.

use std::sync::Arc;

use eframe::egui;
use egui::{FontData, FontDefinitions, FontFamily, FontTweak};

/// Name of the family for emphasis in the interface.
pub const STRONG: &str = "strong";
/// Name of the family for emphasis in log lines and figures.
pub const MONO_STRONG: &str = "mono strong";

/// A hanzi is one em wide, a Latin cell of JetBrains Mono 0.6 em: at this scale a hanzi takes exactly two cells.
const TWO_CELLS: f32 = 1.2;

const INTER: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.otf");
const INTER_SEMIBOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.otf");
const JETBRAINS_MONO: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMono-Regular.ttf");
const JETBRAINS_MONO_BOLD: &[u8] = include_bytes!("../../assets/fonts/JetBrainsMono-Bold.ttf");
const NOTO_SANS_SC: &[u8] = include_bytes!("../../assets/fonts/NotoSansSC-Regular.otf");
const SYMBOLS: &[u8] = include_bytes!("../../assets/fonts/RotascopeSymbols.ttf");

/// Gives a context the window's faces. They hold from its next pass on; call it before the first.
pub fn install(ctx: &egui::Context) {
    ctx.set_fonts(definitions());
}

/// All faces, and each family's order of them: the own face, then the other script's, then Chinese, which is last so that
/// it never takes a Latin letter or a quotation mark from the others.
fn definitions() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let two_cells = FontTweak { scale: TWO_CELLS, ..FontTweak::default() };
    for (name, bytes, tweak) in [
        ("inter", INTER, FontTweak::default()),
        ("inter semibold", INTER_SEMIBOLD, FontTweak::default()),
        ("jetbrains mono", JETBRAINS_MONO, FontTweak::default()),
        ("jetbrains mono bold", JETBRAINS_MONO_BOLD, FontTweak::default()),
        ("noto", NOTO_SANS_SC, FontTweak::default()),
        ("noto of two cells", NOTO_SANS_SC, two_cells),
        ("symbols", SYMBOLS, FontTweak::default()),
    ] {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes).tweak(tweak)));
    }
    for (family, faces) in [
        (FontFamily::Proportional, ["inter", "symbols", "jetbrains mono", "noto"]),
        (FontFamily::Name(STRONG.into()), ["inter semibold", "symbols", "jetbrains mono bold", "noto"]),
        (FontFamily::Monospace, ["jetbrains mono", "inter", "symbols", "noto of two cells"]),
        (
            FontFamily::Name(MONO_STRONG.into()),
            ["jetbrains mono bold", "inter semibold", "symbols", "noto of two cells"],
        ),
    ] {
        fonts.families.insert(family, faces.map(str::to_owned).to_vec());
    }
    fonts
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::collections::BTreeSet;
    use std::path::Path;

    use egui::FontId;
    use egui::epaint::text::{Fonts, TextOptions};

    use super::*;

    fn families() -> [FontFamily; 4] {
        let named = |name: &str| FontFamily::Name(name.into());
        [FontFamily::Proportional, FontFamily::Monospace, named(STRONG), named(MONO_STRONG)]
    }

    fn fonts() -> Fonts {
        Fonts::new(TextOptions::default(), definitions())
    }

    fn width(fonts: &mut Fonts, family: &FontFamily, text: &str) -> f32 {
        let font = FontId::new(12.0, family.clone());
        let galley = fonts.with_pixels_per_point(1.0).layout_no_wrap(text.to_owned(), font, egui::Color32::PLACEHOLDER);
        galley.rows[0].glyphs.iter().map(|glyph| glyph.advance_width).sum()
    }

    /// Every character of the files below a folder with one of the endings.
    fn characters(folder: &Path, endings: &[&str]) -> BTreeSet<char> {
        let mut found = BTreeSet::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(characters(&path, endings));
            } else if path.extension().is_some_and(|ending| endings.iter().any(|one| ending == *one)) {
                found.extend(std::fs::read_to_string(&path).unwrap().chars());
            }
        }
        found
    }

    #[test]
    fn every_character_of_the_catalogues_and_of_the_windows_sources_has_a_glyph() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut wanted = characters(&root.join("assets"), &["ftl", "toml"]);
        wanted.extend(characters(&root.join("src"), &["rs"]));
        // What egui's own menus, shortcuts and fields show.
        wanted.extend("⏵⌘⌥⇧⌃↑↓←→⏎…".chars());
        wanted.retain(|character| !character.is_control());
        let mut fonts = fonts();
        for family in families() {
            let font = FontId::new(12.0, family.clone());
            let missing: String = wanted.iter().filter(|wanted| !fonts.has_glyph(&font, **wanted)).collect();
            assert_eq!(missing, "", "{family:?} has no glyph for these");
        }
    }

    #[test]
    fn chinese_is_there_as_far_as_gb_2312_goes() {
        let mut fonts = fonts();
        for family in families() {
            assert!(fonts.has_glyphs(
                &FontId::new(12.0, family),
                "日志文件轮转、删除与重新打开：啊齄，。？！（）《》“”１２３ＡＢ"
            ));
        }
    }

    #[test]
    fn a_hanzi_is_two_latin_cells_wide_in_the_log() {
        let mut fonts = fonts();
        for family in [FontFamily::Monospace, FontFamily::Name(MONO_STRONG.into())] {
            let cell = width(&mut fonts, &family, "M");
            for text in ["用户登录成功", "：，。（）", "ＡＢ１"] {
                let cells = 2.0 * text.chars().count() as f32;
                let got = width(&mut fonts, &family, text);
                assert!((got - cells * cell).abs() < 0.01, "{text} is {got} wide, not {cells} cells of {cell}");
            }
        }
    }

    #[test]
    fn digits_are_equally_wide_everywhere_and_all_letters_in_the_log() {
        let mut fonts = fonts();
        for family in families() {
            let zero = width(&mut fonts, &family, "0");
            for digit in '1'..='9' {
                assert_eq!(width(&mut fonts, &family, &digit.to_string()), zero, "{digit} of {family:?}");
            }
        }
        let cells = width(&mut fonts, &FontFamily::Monospace, "000");
        for three in ["ilW", "->|", "!==", "→ж─"] {
            assert_eq!(width(&mut fonts, &FontFamily::Monospace, three), cells, "{three}");
        }
    }

    #[test]
    fn a_log_shows_an_arrow_of_two_signs_as_two_signs() {
        let mut fonts = fonts();
        for text in ["->", "!=", "=>", "fi"] {
            let font = FontId::monospace(12.0);
            let galley =
                fonts.with_pixels_per_point(1.0).layout_no_wrap(text.to_owned(), font, egui::Color32::PLACEHOLDER);
            assert_eq!(galley.rows[0].glyphs.iter().filter(|glyph| glyph.advance_width > 0.0).count(), 2, "{text}");
        }
    }
}
