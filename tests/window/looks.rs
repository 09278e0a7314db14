//! How it looks: nothing sticks out of the window, pictures come out the same.

use std::time::Duration;

use eframe::egui::ViewportId;
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

fn next_frame(stage: &Stage) -> Duration {
    stage.harness.output().viewport_output[&ViewportId::ROOT].repaint_delay
}

#[test]
fn a_settled_window_wants_no_further_frames() {
    for stage in [Stage::lesson(), Stage::foreign(), Stage::empty()] {
        let delay = next_frame(&stage);
        assert!(delay >= Duration::from_secs(1), "the next frame is due in {delay:?}");
    }
}

/// Where nothing happens the present goes on all the same: a timeline that is live shows it, and nothing else costs a
/// frame.
#[test]
fn a_live_timeline_moves_once_a_second() {
    let mut stage = Stage::foreign_now();
    stage.harness.step();
    assert_eq!(next_frame(&stage), Duration::from_secs(1));
    stage.press("Fit");
    stage.harness.step();
    assert!(next_frame(&stage) > Duration::from_secs(60), "what stands still needs no frames");
    stage.press("Live");
    stage.harness.step();
    assert_eq!(next_frame(&stage), Duration::from_secs(1));
    stage.harness.state_mut().state.settings.timeline = false;
    stage.harness.run();
    assert!(next_frame(&stage) > Duration::from_secs(60), "what is hidden needs none either");
}
