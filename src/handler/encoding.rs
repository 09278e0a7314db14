//! The encodings that a handler can be set up with.

use serde::{Deserialize, Serialize};

/// How text becomes bytes.
///
/// A line is encoded once, before its handler gets it; no class knows of encodings. Its stamp was reckoned over the text
/// in UTF-8, so whoever judges it decodes it first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encoding {
    /// The text as it is.
    #[default]
    Utf8,
    /// Simplified Chinese, two bytes a character.
    Gbk,
    /// Two bytes a unit, little-endian, with a mark at the beginning of the file as Python writes it. Only who makes the
    /// file writes the mark.
    Utf16,
}

/// All encodings, in the order in which they are shown.
pub const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Gbk, Encoding::Utf16];

impl Encoding {
    /// Its name in the lab file, which is Python's.
    pub fn name(self) -> &'static str {
        match self {
            Encoding::Utf8 => "utf-8",
            Encoding::Gbk => "gbk",
            Encoding::Utf16 => "utf-16",
        }
    }

    /// The key of the sentence about it in the catalogue of strings.
    pub fn sentence_key(self) -> &'static str {
        match self {
            Encoding::Utf8 => "encoding-utf-8",
            Encoding::Gbk => "encoding-gbk",
            Encoding::Utf16 => "encoding-utf-16",
        }
    }

    /// The encoding of this name, in any spelling that Python takes for it.
    pub fn named(name: &str) -> Option<Encoding> {
        match name.to_ascii_lowercase().replace('_', "-").as_str() {
            "utf-8" | "utf8" => Some(Encoding::Utf8),
            "gbk" | "cp936" | "936" => Some(Encoding::Gbk),
            "utf-16" | "utf16" => Some(Encoding::Utf16),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_found_by_their_names() {
        for encoding in ENCODINGS {
            assert_eq!(Encoding::named(encoding.name()), Some(encoding));
        }
        assert_eq!(Encoding::named("UTF_16"), Some(Encoding::Utf16));
        assert_eq!(Encoding::named("latin-1"), None);
    }
}
