//! Everything that can be asked for without further data: one list for menus, keys, buttons and palette.

use eframe::egui;
use egui::{Key, KeyboardShortcut, Modifiers};

/// One thing to do. Its words are the message `action-NAME` of the catalogue and that message's attribute `tip`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the catalogue says what each one does")]
pub enum Action {
    OpenFile,
    OpenFolder,
    OpenPath,
    OpenLab,
    DemoLab,
    NewLab,
    ExportLedger,
    Quit,
    Start,
    PauseOrResume,
    Stop,
    Reset,
    BeforeMidnight,
    HourForward,
    HourBack,
    BeforeOffsetChange,
    SpeedReal,
    SpeedHour,
    SpeedDay,
    RenameFile,
    TruncateFile,
    ReplaceFile,
    DeleteFile,
    RevealFile,
    CopyPath,
    Release,
    RestoreFile,
    RemoveFolder,
    MakeFolder,
    CompareHandlers,
    ThemeSystem,
    ThemeDark,
    ThemeLight,
    LanguageSystem,
    LanguageEnglish,
    LanguageChinese,
    Larger,
    Smaller,
    NormalSize,
    Workers,
    Files,
    Timeline,
    Stamps,
    Find,
    FindNext,
    FindPrevious,
    Follow,
    Palette,
    Notices,
    Keys,
    About,
}

impl Action {
    /// All of them, in the order of the menus.
    pub const ALL: [Action; 51] = {
        use Action::*;
        [
            OpenFile,
            OpenFolder,
            OpenPath,
            OpenLab,
            DemoLab,
            NewLab,
            ExportLedger,
            Quit,
            Start,
            PauseOrResume,
            Stop,
            Reset,
            BeforeMidnight,
            HourForward,
            HourBack,
            BeforeOffsetChange,
            SpeedReal,
            SpeedHour,
            SpeedDay,
            RenameFile,
            TruncateFile,
            ReplaceFile,
            DeleteFile,
            RevealFile,
            CopyPath,
            Release,
            RestoreFile,
            RemoveFolder,
            MakeFolder,
            CompareHandlers,
            ThemeSystem,
            ThemeDark,
            ThemeLight,
            LanguageSystem,
            LanguageEnglish,
            LanguageChinese,
            Larger,
            Smaller,
            NormalSize,
            Workers,
            Files,
            Timeline,
            Stamps,
            Find,
            FindNext,
            FindPrevious,
            Follow,
            Palette,
            Notices,
            Keys,
            About,
        ]
    };

    /// The key of its words in the catalogue: `action-open-file`.
    pub fn key(self) -> String {
        let mut key = "action".to_owned();
        for letter in format!("{self:?}").chars() {
            if letter.is_uppercase() {
                key.push('-');
            }
            key.push(letter.to_ascii_lowercase());
        }
        key
    }

    /// The key of its tooltip.
    pub fn tip_key(self) -> String {
        format!("{}.tip", self.key())
    }

    /// The keys that ask for it.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        const COMMAND: Modifiers = Modifiers::COMMAND;
        const SHIFTED: Modifiers = Modifiers { shift: true, ..Modifiers::COMMAND };
        let (modifiers, key) = match self {
            Action::OpenFile => (COMMAND, Key::O),
            Action::OpenFolder => (SHIFTED, Key::O),
            Action::OpenPath => (COMMAND, Key::L),
            Action::NewLab => (COMMAND, Key::N),
            Action::ExportLedger => (COMMAND, Key::E),
            Action::Quit => (COMMAND, Key::Q),
            Action::Start => (Modifiers::NONE, Key::F5),
            Action::PauseOrResume => (Modifiers::NONE, Key::F6),
            Action::Stop => (Modifiers::SHIFT, Key::F5),
            Action::BeforeMidnight => (COMMAND, Key::M),
            Action::CompareHandlers => (SHIFTED, Key::H),
            Action::RenameFile => (Modifiers::NONE, Key::F2),
            Action::DeleteFile => (Modifiers::NONE, Key::Delete),
            Action::CopyPath => (SHIFTED, Key::C),
            Action::Larger => (COMMAND, Key::Plus),
            Action::Smaller => (COMMAND, Key::Minus),
            Action::NormalSize => (COMMAND, Key::Num0),
            Action::Workers => (COMMAND, Key::Num1),
            Action::Files => (COMMAND, Key::Num2),
            Action::Timeline => (COMMAND, Key::Num3),
            Action::Find => (COMMAND, Key::F),
            Action::FindNext => (Modifiers::NONE, Key::F3),
            Action::FindPrevious => (Modifiers::SHIFT, Key::F3),
            Action::Follow => (COMMAND, Key::End),
            Action::Palette => (COMMAND, Key::P),
            Action::Keys => (Modifiers::NONE, Key::F1),
            _ => return None,
        };
        Some(KeyboardShortcut::new(modifiers, key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gui::text::{Language, Words};

    #[test]
    fn every_action_has_words_and_a_tooltip_in_both_languages() {
        for words in [Words::new(Language::English), Words::new(Language::Chinese)] {
            for action in Action::ALL {
                for key in [action.key(), action.tip_key()] {
                    assert_ne!(words.tr(&key), key, "{:?}", words.language());
                }
            }
        }
    }

    #[test]
    fn no_key_asks_for_two_things() {
        let mut taken = Vec::new();
        for action in Action::ALL {
            let Some(shortcut) = action.shortcut() else { continue };
            assert!(!taken.contains(&shortcut), "{action:?}");
            taken.push(shortcut);
        }
    }
}
