//! What is looked for in a line.

use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use crate::record::{LEVELS, Level};

/// A text or a pattern to look for.
#[derive(Clone, Debug)]
pub struct Query {
    regex: Regex,
}

impl Query {
    /// Understands what was typed: `/pattern/` is a regular expression, everything else is meant literally. Without a
    /// capital letter, case does not matter. `None` if there is nothing to look for.
    ///
    /// # Errors
    /// What is wrong with the pattern, on one line.
    pub fn parse(typed: &str) -> Result<Option<Query>, String> {
        let pattern = typed.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')).filter(|inner| !inner.is_empty());
        let source = match pattern {
            Some(pattern) => pattern.to_owned(),
            None if typed.is_empty() => return Ok(None),
            None => regex::escape(typed),
        };
        let any_case = match pattern {
            Some(pattern) => !has_capital_letter(pattern),
            None => !typed.chars().any(char::is_uppercase),
        };
        let built = RegexBuilder::new(&source)
            .case_insensitive(any_case)
            .multi_line(true)
            .size_limit(8 << 20)
            .dfa_size_limit(16 << 20)
            .build();
        built.map(|regex| Some(Query { regex })).map_err(|error| one_line(&error.to_string()))
    }

    /// Where the first match from `at` on begins, in a block of many lines. It may reach over the end of a line, so
    /// the line where it begins must be asked by itself.
    pub fn candidate(&self, block: &[u8], at: usize) -> Option<usize> {
        self.regex.find_at(block, at).map(|found| found.start())
    }

    /// Whether a line matches.
    pub fn matches(&self, line: &[u8]) -> bool {
        self.regex.is_match(line)
    }

    /// Where the matches in a line are; at most `most` of them.
    pub fn ranges(&self, line: &[u8], most: usize) -> Vec<Range<usize>> {
        self.regex.find_iter(line).map(|found| found.range()).filter(|range| !range.is_empty()).take(most).collect()
    }
}

/// Capital letters behind a backslash are classes (`\W`), not letters that somebody looks for.
fn has_capital_letter(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let found = !escaped && c.is_uppercase();
        escaped = !escaped && c == '\\';
        found
    })
}

fn one_line(error: &str) -> String {
    let last = error.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or(error);
    last.trim().trim_start_matches("error: ").to_owned()
}

/// A choice of levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LevelSet(u8);

impl Default for LevelSet {
    fn default() -> LevelSet {
        LevelSet::ALL
    }
}

impl LevelSet {
    /// All of them: nothing is left out.
    pub const ALL: LevelSet = LevelSet((1 << LEVELS) - 1);

    /// Whether the level is chosen.
    pub fn contains(self, level: Level) -> bool {
        self.0 & (1 << level as u8) != 0
    }

    /// The same with this level chosen, or not. The last chosen level stays: nothing at all is no choice.
    #[must_use]
    pub fn with(self, level: Level, chosen: bool) -> LevelSet {
        let bit = 1 << level as u8;
        let changed = if chosen { self.0 | bit } else { self.0 & !bit };
        if changed == 0 { self } else { LevelSet(changed) }
    }

    /// The level alone.
    pub fn only(level: Level) -> LevelSet {
        LevelSet(1 << level as u8)
    }

    /// This level and all that are worse.
    pub fn from(least: Level) -> LevelSet {
        LevelSet(Self::ALL.0 & !((1 << least as u8) - 1))
    }

    /// Whether nothing is left out.
    pub fn is_all(self) -> bool {
        self == Self::ALL
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn found(typed: &str, line: &str) -> bool {
        Query::parse(typed).unwrap().unwrap().matches(line.as_bytes())
    }

    #[test]
    fn case_counts_only_where_a_capital_was_typed() {
        assert!(found("error", "An ERROR here"));
        assert!(!found("Error", "An ERROR here"));
        assert!(found("用户", "INFO 用户 登录成功"));
        assert!(found(r"/\W42\W/", "GET /x 42 ms"));
        assert!(found(r"/get\s+\/x/", "GET /x 42 ms"));
        assert!(!found(r"/Get/", "GET /x 42 ms"));
    }

    #[test]
    fn what_stands_between_slashes_is_a_pattern_and_nothing_else_is() {
        assert!(found("a.c*", "xx a.c* xx") && !found("a.c*", "abc"));
        assert!(found("/a.c/", "abc"));
        assert!(found("/", "a/b") && found("//", "a//b") && found("/red", "GET /red"));
        assert!(Query::parse("").unwrap().is_none());
    }

    #[test]
    fn a_broken_pattern_is_told_on_one_line() {
        let error = Query::parse("/a(b/").unwrap_err();
        assert_eq!(error, "unclosed group");
        assert!(Query::parse("/(a{999}){999}/").is_err());
    }

    #[test]
    fn matches_are_found_in_bytes_that_are_no_text() {
        let query = Query::parse("ok").unwrap().unwrap();
        assert_eq!(query.ranges(b"\xff\xfeOK \x00ok", 9), [2..4, 6..8]);
        assert_eq!(query.ranges(b"okokok", 2).len(), 2);
        assert!(Query::parse("/x*/").unwrap().unwrap().ranges(b"abc", 9).is_empty());
    }

    #[test]
    fn one_level_always_stays() {
        let only = LevelSet::only(Level::Error);
        assert_eq!(only.with(Level::Error, false), only);
        assert!(LevelSet::from(Level::Warning).contains(Level::Critical));
        assert!(!LevelSet::from(Level::Warning).contains(Level::Info));
        assert!(LevelSet::from(Level::None).is_all());
        assert!(LevelSet::ALL.with(Level::Info, false).with(Level::Info, true).is_all());
    }
}
