//! Lines of programs that know nothing of stamps: a pattern of the user's own finds writer and number in them.

use regex::bytes::{Regex, RegexBuilder};

/// A pattern with a group `seq`, the line's number, and perhaps a group `writer`, who counts.
#[derive(Clone, Debug)]
pub struct Sequence {
    regex: Regex,
    seq: usize,
    writer: Option<usize>,
}

/// What a pattern found in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Numbered<'l> {
    /// Who counts; empty if the pattern does not ask.
    pub writer: &'l [u8],
    /// The number.
    pub seq: u64,
}

/// Why a text is no such pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SequenceError {
    /// It is no regular expression.
    #[error("no pattern: {0}; write it like worker=(?P<writer>\\S+) seq=(?P<seq>\\d+)")]
    Syntax(String),
    /// It has no group for the number.
    #[error("a pattern that gives no number; write the lines' number as the group (?P<seq>\\d+)")]
    NoNumber,
}

impl Sequence {
    /// Reads a pattern.
    ///
    /// # Errors
    /// When it is no regular expression, or has no group `seq`.
    pub fn parse(text: &str) -> Result<Sequence, SequenceError> {
        // Digits are those of ASCII: others could not be read as a number.
        let regex = RegexBuilder::new(text).build().map_err(|error| {
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            SequenceError::Syntax(reason)
        })?;
        let group = |wanted: &str| regex.capture_names().position(|name| name == Some(wanted));
        let seq = group("seq").ok_or(SequenceError::NoNumber)?;
        let writer = group("writer");
        Ok(Sequence { seq, writer, regex })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        self.regex.as_str()
    }

    /// What it finds in a line. Of several the last one counts: before it may stand what was left of another line,
    /// whose writer was killed before the newline.
    pub fn find<'l>(&self, line: &'l [u8]) -> Option<Numbered<'l>> {
        let last = self.regex.captures_iter(line).last()?;
        let digits = std::str::from_utf8(last.get(self.seq)?.as_bytes()).ok()?;
        let writer = self.writer.and_then(|group| last.get(group)).map_or(&[][..], |found| found.as_bytes());
        Some(Numbered { writer, seq: digits.parse().ok()? })
    }
}

impl PartialEq for Sequence {
    fn eq(&self, other: &Sequence) -> bool {
        self.text() == other.text()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn writer_and_number_are_found_in_any_bytes() {
        let pattern = Sequence::parse(r"worker=(?P<writer>\S+) seq=(?P<seq>\d+)").unwrap();
        let numbered = |writer: &'static [u8], seq| Some(Numbered { writer, seq });
        assert_eq!(pattern.find(b"INFO \xff worker=a-1 seq=12 text"), numbered(b"a-1", 12));
        assert_eq!(pattern.find(b"INFO worker=a-1 seq= text"), None);
        assert_eq!(pattern.find(b"INFO worker=a seq=99999999999999999999999"), None, "no number of a line");
        assert_eq!(pattern.find(b"INFO worker=a seq=45INFO worker=b seq=1"), numbered(b"b", 1));
    }

    #[test]
    fn a_writer_is_not_needed_and_a_number_is() {
        let pattern = Sequence::parse(r"#(?P<seq>\d+)$").unwrap();
        assert_eq!(pattern.find(b"line #7"), Some(Numbered { writer: b"", seq: 7 }));
        assert_eq!(Sequence::parse(r"#(\d+)").unwrap_err(), SequenceError::NoNumber);
        assert!(Sequence::parse("(?P<seq>").unwrap_err().to_string().starts_with("no pattern: unclosed group; write"));
    }
}
