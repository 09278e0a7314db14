//! How it looks: nothing sticks out of the window, pictures come out the same.

use std::time::Duration;

use eframe::egui::accessibility::is_input;
use eframe::egui::{Key, Modifiers, Rect, ViewportId};
use egui_kittest::kittest::NodeT;
use rotascope::gui::settings::ThemeChoice;
use rotascope::gui::text::{Language, Words};
use rotascope::gui::{Jump, Settings};

use crate::stage::{Stage, settings};

#[test]
fn no_control_sticks_out_of_a_small_window() {
    for language in [Language::English, Language::Chinese] {
        // The least that a window has, and what text at 150 % leaves of 1280x800 and of that.
        for size in [[1280.0, 800.0], [1024.0, 640.0], [860.0, 520.0], [853.0, 533.0], [573.0, 347.0]] {
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

/// In a narrow window panels and words give way: what is typed into and what is read stay.
#[test]
fn the_search_stays_and_nothing_lies_on_anything_else() {
    for language in [Language::English, Language::Chinese] {
        for width in [1280.0, 1044.0, 900.0, 860.0, 853.0, 700.0, 573.0] {
            let mut stage = Stage::lesson_with(Settings { language: Some(language), ..settings() }, [width, 560.0]);
            for searched in ["", "ERROR"] {
                stage.harness.state_mut().state.find.text = searched.to_owned();
                stage.harness.run();
                let strip = strip(&stage);
                let words = Words::new(language);
                let field = strip.iter().find(|(label, _)| *label == words.tr("log-find-name"));
                let field = field.unwrap_or_else(|| panic!("no search at {width}: {strip:?}")).1;
                assert!(field.width() >= 56.0, "{field:?} to type into at {width}, {searched:?}");
                for (nth, (label, rect)) in strip.iter().enumerate() {
                    for (other, beside) in &strip[nth + 1..] {
                        let common = rect.intersect(*beside);
                        assert!(common.width() < 1.0, "{label} lies on {other} at {width}, {language:?}");
                    }
                }
            }
        }
    }
}

/// What can be clicked in the strip above the log, with its place.
fn strip(stage: &Stage) -> Vec<(String, Rect)> {
    let words = [Language::English, Language::Chinese].map(Words::new);
    let search = words.map(|words| words.tr("log-find-name"));
    let root = stage.harness.root();
    let nodes: Vec<_> = root.children_recursive().collect();
    let label = |node: &egui_kittest::Node<'_>| node.accesskit_node().label().unwrap_or_default();
    let field = nodes.iter().find(|node| search.contains(&label(node))).map(|node| node.rect());
    let row = field.map_or(Rect::NOTHING, |field| field.shrink(4.0));
    let controls = nodes.iter().filter(|node| is_input(node.accesskit_node().role()) && !label(node).is_empty());
    let level = controls.filter(|node| row.y_range().contains(node.rect().center().y) && node.rect().height() < 40.0);
    level.map(|node| (label(node), node.rect())).collect()
}

/// Nobody who aims at a menu finds another one under the pointer because lines have come in.
#[test]
fn the_menus_above_the_log_keep_their_places() {
    let mut stage = Stage::lesson();
    let places = |stage: &Stage| {
        let strip = strip(stage);
        ["All levels", "Columns"].map(|name| strip.iter().find(|(label, _)| label == name).map(|one| one.1))
    };
    let following = places(&stage);
    assert!(following.iter().all(Option::is_some));
    stage.harness.state_mut().state.jump = Some(Jump::Row(9_000));
    stage.harness.run();
    assert_eq!(places(&stage), following, "paused at an event");
    stage.key(Modifiers::COMMAND, Key::F);
    stage.type_text("ERROR");
    stage.until(|stage| stage.sees("Paused: searching"));
    assert_eq!(places(&stage), following, "paused by a search");
    stage.key(Modifiers::COMMAND, Key::End);
    assert_eq!(places(&stage), following);
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
