//! How it looks: nothing sticks out of the window, pictures come out the same.

use eframe::egui::accessibility::is_input;
use egui_kittest::kittest::NodeT;
use rotascope::gui::Settings;
use rotascope::gui::settings::ThemeChoice;
use rotascope::gui::text::Language;

use crate::stage::{Stage, settings};

#[test]
fn no_control_sticks_out_of_a_small_window() {
    for language in [Language::English, Language::Chinese] {
        for size in [[1280.0, 800.0], [1024.0, 640.0]] {
            let stage = Stage::lesson_with(Settings { language: Some(language), ..settings() }, size);
            let area = stage.area().expand(0.5);
            for node in stage.harness.root().children_recursive() {
                let accessible = node.accesskit_node();
                if is_input(accessible.role()) && !accessible.is_hidden() {
                    let label = accessible.label().unwrap_or_default();
                    assert!(area.contains_rect(node.rect()), "{label} at {:?} in {size:?}, {language:?}", node.rect());
                }
            }
        }
    }
}

#[test]
fn a_still_session_gives_the_same_picture_each_time() {
    let first = Stage::lesson().picture();
    assert!(first.distinct_colors() > 200, "{} colours", first.distinct_colors());
    assert!(first == Stage::lesson().picture());
}

#[test]
fn both_themes_and_both_languages_draw_different_pictures() {
    let picture = |theme, language| {
        Stage::lesson_with(Settings { theme, language: Some(language), ..settings() }, [1280.0, 800.0]).picture()
    };
    let pictures = [
        picture(ThemeChoice::Dark, Language::English),
        picture(ThemeChoice::Light, Language::English),
        picture(ThemeChoice::Dark, Language::Chinese),
    ];
    assert!(pictures[0] != pictures[1] && pictures[0] != pictures[2] && pictures[1] != pictures[2]);
}

#[test]
fn a_settled_window_wants_no_further_frames() {
    for stage in [Stage::lesson(), Stage::foreign(), Stage::empty()] {
        let output = stage.harness.output();
        let delay = output.viewport_output[&eframe::egui::ViewportId::ROOT].repaint_delay;
        assert!(delay >= std::time::Duration::from_secs(1), "the next frame is due in {delay:?}");
    }
}
