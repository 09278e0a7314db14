//! Every colour and every measure of the window, for both themes. No other file names a colour.

use eframe::egui;
use egui::epaint::{CornerRadius, Shadow};
use egui::style::{ScrollStyle, Selection, WidgetVisuals};
use egui::{Color32, FontFamily, FontId, Margin, Stroke, TextStyle, Ui, Visuals, vec2};

use crate::model::{HUES, Hue};
use crate::record::{LEVELS, Level};

/// Height of a log line and of a lane, in points.
pub const ROW: f32 = 20.0;
/// Height of a panel's head, in points.
pub const HEAD: f32 = 36.0;
/// Height of the top bar, in points.
pub const TOP_BAR: f32 = 44.0;
/// Height of the menu bar, in points.
pub const MENU_BAR: f32 = 28.0;
/// The step of all spacing, in points.
pub const STEP: f32 = 4.0;
/// Space between a panel's edge and what it holds, in points.
pub const EDGE: f32 = 12.0;
/// Size of the interface's text, in points.
pub const TEXT: f32 = 13.0;
/// Size of second lines and of hints, in points.
pub const SMALL: f32 = 11.5;
/// Size of log lines and figures, in points.
pub const MONO: f32 = 12.0;

/// The colours of one theme.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Colors {
    /// Behind the log and between the panels.
    pub window: Color32,
    /// Behind the panels and the bars.
    pub panel: Color32,
    /// Buttons, menus, chips of neutral things.
    pub raised: Color32,
    /// What the pointer is over.
    pub hover: Color32,
    /// What is selected.
    pub selected: Color32,
    /// Between panels and groups.
    pub hairline: Color32,
    /// Around fields and buttons that need an edge.
    pub outline: Color32,
    /// Text.
    pub text: Color32,
    /// Text of second rank: labels, units, times.
    pub muted: Color32,
    /// The one accent: links, focus, what is on.
    pub accent: Color32,
    /// Text on a fill of the accent.
    pub on_accent: Color32,
    /// Loss, errors, delete; nothing else.
    pub bad: Color32,
    /// Text on a fill of `bad`.
    pub on_bad: Color32,
    /// Trouble that is not loss, and simulated time.
    pub warn: Color32,
    /// Recovered, running.
    pub ok: Color32,
    /// Lines of the time grid: weaker than a hairline.
    pub grid: Color32,
    /// Background of what a search has found.
    pub found: Color32,
    /// The areas of the rate chart, by level.
    pub levels: [Color32; LEVELS],
    incarnations: [Color32; HUES],
    on_incarnation: Color32,
}

const fn rgb(hex: u32) -> Color32 {
    Color32::from_rgb((hex >> 16) as u8, (hex >> 8) as u8, hex as u8)
}

const DARK: Colors = Colors {
    window: rgb(0x14161a),
    panel: rgb(0x191c21),
    raised: rgb(0x22262d),
    hover: rgb(0x2a2f38),
    selected: rgb(0x1d3050),
    hairline: rgb(0x2b3038),
    outline: rgb(0x3a414c),
    text: rgb(0xdadfe6),
    muted: rgb(0x969eac),
    accent: rgb(0x6aa8ff),
    on_accent: rgb(0x0e1116),
    bad: rgb(0xff6b6b),
    on_bad: rgb(0x14161a),
    warn: rgb(0xf0b74a),
    ok: rgb(0x45c386),
    grid: rgb(0x22262d),
    found: rgb(0x5a4a14),
    levels: [rgb(0x4a515d), rgb(0x5b6573), rgb(0x4a7fc4), rgb(0xd3a03d), rgb(0xe05c5c), rgb(0xff8080)],
    incarnations: [
        rgb(0x56b4e9),
        rgb(0xe8a33d),
        rgb(0x35b893),
        rgb(0xd487b6),
        rgb(0xe3d34f),
        rgb(0xa99cf2),
        rgb(0x9ccb5c),
        rgb(0xe59a80),
    ],
    on_incarnation: rgb(0x14161a),
};

const LIGHT: Colors = Colors {
    window: rgb(0xf4f5f7),
    panel: rgb(0xffffff),
    raised: rgb(0xeef0f3),
    hover: rgb(0xe6e9ee),
    selected: rgb(0xdce8fb),
    hairline: rgb(0xd9dde3),
    outline: rgb(0xc3c9d2),
    text: rgb(0x1e232b),
    muted: rgb(0x566070),
    accent: rgb(0x1a5fcc),
    on_accent: rgb(0xffffff),
    bad: rgb(0xc51f2b),
    on_bad: rgb(0xffffff),
    warn: rgb(0x855800),
    ok: rgb(0x156e42),
    grid: rgb(0xe9ecf0),
    found: rgb(0xffe9a8),
    levels: [rgb(0xb9c0ca), rgb(0xa3acb9), rgb(0x6fa3e8), rgb(0xd9a441), rgb(0xdf6b70), rgb(0xc51f2b)],
    incarnations: [
        rgb(0x15689e),
        rgb(0x955800),
        rgb(0x0a7255),
        rgb(0x994878),
        rgb(0x6f6100),
        rgb(0x5f4fc0),
        rgb(0x4a6a12),
        rgb(0x9a4a2c),
    ],
    on_incarnation: rgb(0xffffff),
};

impl Colors {
    /// The colours of the theme in which this part of the window is drawn.
    pub fn of(ui: &Ui) -> &'static Colors {
        Colors::of_mode(ui.visuals().dark_mode)
    }

    /// The colours of the dark theme, or of the light one.
    pub fn of_mode(dark: bool) -> &'static Colors {
        if dark { &DARK } else { &LIGHT }
    }

    /// The colour of an incarnation: as a fill, and as text on any background of this theme.
    pub fn incarnation(&self, hue: Hue) -> Color32 {
        self.incarnations[hue.index() % HUES]
    }

    /// Text on a fill of an incarnation's colour.
    pub fn on_incarnation(&self) -> Color32 {
        self.on_incarnation
    }

    /// An incarnation's colour as a quiet background (a share of it over the panel).
    pub fn incarnation_tint(&self, hue: Hue, share: f32) -> Color32 {
        mix(self.panel, self.incarnation(hue), share)
    }

    /// The colour of a level's word. Only what is worse than a warning is red.
    pub fn level(&self, level: Level) -> Color32 {
        match level {
            Level::None | Level::Debug => self.muted,
            Level::Info => self.accent,
            Level::Warning => self.warn,
            Level::Error | Level::Critical => self.bad,
        }
    }
}

/// `share` of `over` upon `under`, both opaque.
pub fn mix(under: Color32, over: Color32, share: f32) -> Color32 {
    let part = |a: u8, b: u8| (f32::from(a) + (f32::from(b) - f32::from(a)) * share).round() as u8;
    Color32::from_rgb(part(under.r(), over.r()), part(under.g(), over.g()), part(under.b(), over.b()))
}

/// What lies over the window while something is dragged onto it.
pub fn veil(colors: &Colors) -> Color32 {
    let [r, g, b, _] = colors.window.to_array();
    Color32::from_rgba_unmultiplied(r, g, b, 220)
}

/// What dims the window behind a dialog.
pub fn backdrop(colors: &Colors) -> Color32 {
    Color32::from_black_alpha(if colors.window.r() < 128 { 120 } else { 56 })
}

/// The semibold cut of the interface's face.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(crate::gui::fonts::STRONG.into()))
}

/// The interface's face.
pub fn plain(size: f32) -> FontId {
    FontId::proportional(size)
}

/// The face of log lines and figures.
pub fn mono(size: f32) -> FontId {
    FontId::monospace(size)
}

/// Gives a context both themes and all measures. Fonts are [`crate::gui::fonts::install`]'s.
pub fn install(ctx: &egui::Context) {
    for (theme, colors) in [(egui::Theme::Dark, &DARK), (egui::Theme::Light, &LIGHT)] {
        ctx.style_mut_of(theme, |style| {
            style.text_styles = [
                (TextStyle::Small, plain(SMALL)),
                (TextStyle::Body, plain(TEXT)),
                (TextStyle::Button, plain(TEXT)),
                (TextStyle::Heading, strong(15.0)),
                (TextStyle::Monospace, mono(MONO)),
            ]
            .into();
            style.visuals = visuals(theme == egui::Theme::Dark, colors);
            let spacing = &mut style.spacing;
            spacing.item_spacing = vec2(8.0, 4.0);
            spacing.button_padding = vec2(10.0, 4.0);
            spacing.interact_size = vec2(28.0, 26.0);
            spacing.window_margin = Margin::same(16);
            spacing.menu_margin = Margin::same(6);
            spacing.menu_width = 320.0;
            spacing.tooltip_width = 360.0;
            spacing.scroll = ScrollStyle { floating: true, bar_width: 8.0, ..ScrollStyle::floating() };
            style.interaction.selectable_labels = false;
            style.interaction.tooltip_delay = 0.35;
            style.interaction.show_tooltips_only_when_still = true;
            // A still window must not be repainted for the sake of a blinking cursor.
            style.visuals.text_cursor.blink = false;
        });
    }
}

fn visuals(dark: bool, colors: &Colors) -> Visuals {
    let base = if dark { Visuals::dark() } else { Visuals::light() };
    let shade = if dark { 110 } else { 36 };
    let shadow = Shadow { offset: [0, 6], blur: 20, spread: 0, color: Color32::from_black_alpha(shade) };
    let state = |fill: Color32, edge: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, edge),
        corner_radius: CornerRadius::same(6),
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    let mut visuals = Visuals {
        dark_mode: dark,
        override_text_color: None,
        weak_text_color: Some(colors.muted),
        hyperlink_color: colors.accent,
        faint_bg_color: colors.raised,
        extreme_bg_color: colors.window,
        text_edit_bg_color: Some(colors.window),
        code_bg_color: colors.raised,
        warn_fg_color: colors.warn,
        error_fg_color: colors.bad,
        window_corner_radius: CornerRadius::same(10),
        window_shadow: shadow,
        window_fill: colors.panel,
        window_stroke: Stroke::new(1.0, colors.hairline),
        menu_corner_radius: CornerRadius::same(8),
        panel_fill: colors.panel,
        popup_shadow: shadow,
        selection: Selection { bg_fill: colors.selected, stroke: Stroke::new(1.0, colors.accent) },
        disabled_alpha: 0.45,
        ..base
    };
    visuals.widgets.noninteractive = state(colors.panel, colors.hairline, colors.text);
    visuals.widgets.inactive = state(colors.raised, Color32::TRANSPARENT, colors.text);
    visuals.widgets.hovered = state(colors.hover, colors.outline, colors.text);
    visuals.widgets.active = state(colors.selected, colors.outline, colors.text);
    visuals.widgets.open = state(colors.hover, colors.outline, colors.text);
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::IncarnationId;

    fn luminance(color: Color32) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.040_45 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    fn contrast(one: Color32, other: Color32) -> f64 {
        let (one, other) = (luminance(one), luminance(other));
        (one.max(other) + 0.05) / (one.min(other) + 0.05)
    }

    fn assert_legible(what: &str, text: Color32, behind: Color32) {
        let contrast = contrast(text, behind);
        assert!(contrast >= 4.5, "{what}: {text:?} on {behind:?} has only {contrast:.2}");
    }

    #[test]
    fn all_text_is_legible_on_every_background() {
        for (theme, colors) in [("dark", &DARK), ("light", &LIGHT)] {
            let backgrounds = [colors.window, colors.panel, colors.raised, colors.hover, colors.selected];
            let texts = [colors.text, colors.muted, colors.accent, colors.bad, colors.warn, colors.ok];
            for behind in backgrounds {
                for text in texts.iter().chain(&colors.incarnations) {
                    assert_legible(theme, *text, behind);
                }
            }
            assert_legible(theme, colors.text, colors.found);
            assert_legible(theme, colors.on_accent, colors.accent);
            assert_legible(theme, colors.on_bad, colors.bad);
            for fill in colors.incarnations {
                assert_legible(theme, colors.on_incarnation, fill);
            }
        }
    }

    #[test]
    fn contrast_is_measured_as_the_guidelines_say() {
        assert!((contrast(Color32::WHITE, Color32::BLACK) - 21.0).abs() < 0.01);
        assert!((contrast(rgb(0x777777), Color32::WHITE) - 4.48).abs() < 0.01);
    }

    #[test]
    fn eight_in_a_row_differ_in_colour_and_the_ninth_is_the_first_again() {
        for colors in [&DARK, &LIGHT] {
            let of = |id| colors.incarnation(Hue::of(IncarnationId(id)));
            let eight: std::collections::HashSet<Color32> = (1..=8).map(of).collect();
            assert_eq!(eight.len(), 8);
            assert_eq!(of(1), of(9));
        }
    }
}
