//! What the window remembers from one start to the next.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::text::Language;

/// How many opened things are remembered.
const RECENT: usize = 12;

/// What the person has set. Every field has a default, so that settings of another version are read as far as they go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light, dark, or as the system is.
    pub theme: ThemeChoice,
    /// None is the system's language.
    pub language: Option<Language>,
    /// Size of everything, in percent.
    pub size_percent: u32,
    /// Whether the workers are shown.
    pub workers: bool,
    /// Whether the files are shown.
    pub files: bool,
    /// Whether the timeline is shown.
    pub timeline: bool,
    /// Whether the log's rows bear their numbers.
    pub row_numbers: bool,
    /// Whether the stamp at the end of a worker's line is shown.
    pub stamps: bool,
    /// Files, folders and lab files that were opened, newest first.
    pub recent: Vec<PathBuf>,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            theme: ThemeChoice::System,
            language: None,
            size_percent: 100,
            workers: true,
            files: true,
            timeline: true,
            row_numbers: true,
            stamps: false,
            recent: Vec::new(),
        }
    }
}

impl Settings {
    /// The sizes that can be chosen, in percent.
    pub const SIZES: [u32; 6] = [80, 90, 100, 115, 130, 150];

    /// Puts something that was opened at the head of the recent ones.
    pub fn remember(&mut self, path: &Path) {
        self.recent.retain(|known| known != path);
        self.recent.insert(0, path.to_owned());
        self.recent.truncate(RECENT);
    }

    /// The language to speak.
    pub fn language(&self) -> Language {
        self.language.unwrap_or_else(Language::of_system)
    }

    /// The next larger or smaller size.
    pub fn step_size(&mut self, larger: bool) {
        let next = if larger {
            Self::SIZES.iter().find(|size| **size > self.size_percent)
        } else {
            Self::SIZES.iter().rev().find(|size| **size < self.size_percent)
        };
        if let Some(next) = next {
            self.size_percent = *next;
        }
    }
}

/// Which theme.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ThemeChoice {
    /// As the system is.
    #[default]
    System,
    /// Dark.
    Dark,
    /// Light.
    Light,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_newest_comes_first_and_once() {
        let mut settings = Settings::default();
        for path in ["a", "b", "a"] {
            settings.remember(Path::new(path));
        }
        assert_eq!(settings.recent, [PathBuf::from("a"), PathBuf::from("b")]);
        for n in 0..40 {
            settings.remember(Path::new(&n.to_string()));
        }
        assert_eq!(settings.recent.len(), RECENT);
    }

    #[test]
    fn sizes_step_and_stay_within_the_ends() {
        let mut settings = Settings::default();
        settings.step_size(true);
        assert_eq!(settings.size_percent, 115);
        for _ in 0..9 {
            settings.step_size(true);
        }
        assert_eq!(settings.size_percent, 150);
        settings.step_size(false);
        assert_eq!(settings.size_percent, 130);
    }

    #[test]
    fn settings_of_another_version_are_read_as_far_as_they_go() {
        let settings: Settings = serde_json::from_str(r#"{"theme":"light","gone":1}"#).unwrap();
        assert_eq!(settings, Settings { theme: ThemeChoice::Light, ..Settings::default() });
    }
}
