//! The level of any program's line.

use std::ops::Range;

use super::Level;

/// How far into a line a level is looked for, in bytes.
const REACH: usize = 200;

/// Letters, digits and the underscore, by byte.
const WORD_BYTE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = (byte as u8).is_ascii_alphanumeric() || byte as u8 == b'_';
        byte += 1;
    }
    table
};

/// The level that a line names, as the first level word in its first 200 bytes.
///
/// Known are Python's words and their kin in upper case anywhere (`ERROR`, `WARN`, `FATAL`, `NOTICE`, ...), words of
/// any case where their place says that they are a level (`level=info`, `"severity":"warn"`, `[error]`, `[core:warn]`,
/// `error:` at the start), glog's `E1123 10:` and syslog's `<3>`.
pub fn level_of(line: &[u8]) -> Level {
    level_span(line).map_or(Level::None, |(level, _)| level)
}

/// The level that a line names, and where the word stands.
pub fn level_span(line: &[u8]) -> Option<(Level, Range<usize>)> {
    if let Some(found) = at_start(line) {
        return Some(found);
    }
    let head = &line[..line.len().min(REACH)];
    let mut at = 0;
    while at < head.len() {
        if !WORD_BYTE[usize::from(head[at])] {
            at += 1;
            continue;
        }
        let start = at;
        // The word's end is looked for in the whole line: the reach must not make a word of a piece.
        while at < line.len() && WORD_BYTE[usize::from(line[at])] {
            at += 1;
        }
        if let Some(level) = word_level(line, start..at) {
            return Some((level, start..at));
        }
    }
    None
}

/// Layouts that are known by the first byte of the line.
fn at_start(line: &[u8]) -> Option<(Level, Range<usize>)> {
    match *line.first()? {
        b'<' => syslog(line),
        b'I' | b'W' | b'E' | b'F' => glog(line),
        _ => None,
    }
}

/// `<13>`: facility times eight plus severity.
fn syslog(line: &[u8]) -> Option<(Level, Range<usize>)> {
    let close = line.iter().take(5).position(|&byte| byte == b'>')?;
    let digits = line.get(1..close).filter(|digits| !digits.is_empty() && digits.iter().all(u8::is_ascii_digit))?;
    let priority = digits.iter().fold(0u32, |value, digit| value * 10 + u32::from(digit - b'0'));
    let level = match priority & 7 {
        0..=2 => Level::Critical,
        3 => Level::Error,
        4 => Level::Warning,
        5 | 6 => Level::Info,
        _ => Level::Debug,
    };
    Some((level, 0..close + 1))
}

/// `E1123 10:04:05.123456`: level, month, day, hour.
fn glog(line: &[u8]) -> Option<(Level, Range<usize>)> {
    let shape = line.get(1..9)?;
    let fits = shape[..4].iter().all(u8::is_ascii_digit)
        && shape[4] == b' '
        && shape[5].is_ascii_digit()
        && shape[6].is_ascii_digit()
        && shape[7] == b':';
    let level = match line[0] {
        b'I' => Level::Info,
        b'W' => Level::Warning,
        b'E' => Level::Error,
        _ => Level::Critical,
    };
    fits.then_some((level, 0..1))
}

fn word_level(line: &[u8], word: Range<usize>) -> Option<Level> {
    let text = &line[word.clone()];
    // One look at length and first letter spares the list for most words.
    let first = text[0] | 0x20;
    if !(3..=11).contains(&text.len()) || !FIRST_LETTERS.contains(&first) {
        return None;
    }
    let level = known(text)?;
    let loud = text.iter().all(u8::is_ascii_uppercase);
    (loud || is_level_place(line, &word)).then_some(level)
}

/// Of the words below, in lower case.
const FIRST_LETTERS: [u8; 12] = *b"acdefinpstvw";

fn known(word: &[u8]) -> Option<Level> {
    const WORDS: [(&str, Level); 21] = [
        ("TRACE", Level::Debug),
        ("DEBUG", Level::Debug),
        ("VERBOSE", Level::Debug),
        ("INFO", Level::Info),
        ("INFORMATION", Level::Info),
        ("NOTICE", Level::Info),
        ("WARN", Level::Warning),
        ("WARNING", Level::Warning),
        ("ERR", Level::Error),
        ("ERRO", Level::Error),
        ("ERROR", Level::Error),
        ("SEVERE", Level::Error),
        ("CRIT", Level::Critical),
        ("CRITICAL", Level::Critical),
        ("FATAL", Level::Critical),
        ("ALERT", Level::Critical),
        ("EMERG", Level::Critical),
        ("EMERGENCY", Level::Critical),
        ("PANIC", Level::Critical),
        ("DBG", Level::Debug),
        ("WRN", Level::Warning),
    ];
    WORDS.iter().find(|(name, _)| name.as_bytes().eq_ignore_ascii_case(word)).map(|&(_, level)| level)
}

/// Whether a word stands where only a level stands: then its case does not matter.
fn is_level_place(line: &[u8], word: &Range<usize>) -> bool {
    let before = &line[..word.start];
    let after = line.get(word.end).copied();
    match (before.last().copied(), after) {
        (None, Some(b':')) => true,
        (Some(b'['), Some(b']')) => true,
        (Some(b':'), Some(b']')) => true,
        (Some(b'=' | b':' | b'"' | b' ' | b'\''), _) => ends_with_key(before),
        _ => false,
    }
}

/// Whether the text ends as `level=`, `"severity": "`, `lvl=` and the like.
fn ends_with_key(before: &[u8]) -> bool {
    let quote = |byte: u8| byte == b'"' || byte == b'\'';
    let mut key = before;
    if key.last().is_some_and(|&byte| quote(byte)) {
        key = &key[..key.len() - 1];
    }
    key = key.trim_ascii_end();
    let Some((b'=' | b':', rest)) = key.split_last() else { return false };
    key = rest.trim_ascii_end();
    if key.last().is_some_and(|&byte| quote(byte)) {
        key = &key[..key.len() - 1];
    }
    ["level", "severity", "lvl", "loglevel", "levelname", "log.level"].iter().any(|name| {
        key.len() >= name.len()
            && key[key.len() - name.len()..].eq_ignore_ascii_case(name.as_bytes())
            && !key[..key.len() - name.len()].last().is_some_and(u8::is_ascii_alphanumeric)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, level: Level, word: &str) {
        let found = level_span(line.as_bytes());
        let text = found.map(|(level, span)| (level, line[span].to_owned()));
        assert_eq!(text, Some((level, word.to_owned())), "{line}");
        assert_eq!(level_of(line.as_bytes()), level);
    }

    #[test]
    fn level_words_are_found_where_programs_put_them() {
        check("INFO 2026-05-10 00:00:03,948 app 12 1 6666666666", Level::Info, "INFO");
        check("2026-05-10 00:00:03 [WARN ] pool", Level::Warning, "WARN");
        check("2026-05-10T00:00:03Z DEBUG rotascope::x: y", Level::Debug, "DEBUG");
        check("time=1 level=error msg=\"INFO\"", Level::Error, "error");
        check("{\"ts\":1,\"level\":\"warn\",\"msg\":\"x\"}", Level::Warning, "warn");
        check("{\"ts\":1, \"severity\": \"Notice\"}", Level::Info, "Notice");
        check("2026/05/10 00:00:03 [error] 12#12: *1 open()", Level::Error, "error");
        check("[Sun May 10 00:00:03 2026] [core:warn] [pid 12]", Level::Warning, "warn");
        check("E1123 10:04:05.123456 1 x.cc:1] bad", Level::Error, "E");
        check("<11>May 10 host app: x", Level::Error, "<11>");
        check("error: no such file", Level::Error, "error");
        check("FATAL: the end", Level::Critical, "FATAL");
        check("x CRITICAL", Level::Critical, "CRITICAL");
    }

    #[test]
    fn other_words_are_no_levels() {
        for line in [
            "",
            "no error here",
            "ERRORS=0",
            "MY_ERROR_CODE",
            "INFORM",
            "the warn of it",
            "E112 10:04",
            "<x>",
            "<>",
            "sealevel=error",
        ] {
            assert_eq!(level_of(line.as_bytes()), Level::None, "{line}");
        }
    }

    #[test]
    fn the_reach_cuts_no_word_and_is_kept() {
        let at = |blanks: usize, word: &str| level_of(format!("{}{word}", " ".repeat(blanks)).as_bytes());
        assert_eq!(at(REACH - 2, "ERROR"), Level::Error);
        assert_eq!(at(REACH - 4, "INFORMED"), Level::None);
        assert_eq!(at(REACH, "ERROR"), Level::None);
    }
}
