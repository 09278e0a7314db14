//! The window's icon.

use eframe::egui::IconData;

/// Large enough for every panel and switcher; they scale it down.
const PNG: &[u8] = include_bytes!("../../assets/icon/icon-256.png");

/// The icon for the window's title bar and the desktop's panels.
pub fn icon() -> IconData {
    // The file is part of the program: only a damaged one would give no icon, and then the window has none.
    eframe::icon_data::from_png_bytes(PNG).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_icon_is_a_square_picture() {
        let icon = super::icon();
        assert_eq!((icon.width, icon.height), (256, 256));
        assert_eq!(icon.rgba.len(), 256 * 256 * 4);
        assert_eq!(icon.rgba[3], 0, "the corner is transparent");
    }
}
