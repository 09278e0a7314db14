//! Values that are written as text: durations, sizes, modes, paths, signals.

use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::folder::MARKER;

/// Why a text is not the value that it should be: what is wrong, and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ValueError(String);

fn wrong<T>(text: impl Into<String>) -> Result<T, ValueError> {
    Err(ValueError(text.into()))
}

/// A duration's units, the longest names first among those that begin alike.
const DURATION_UNITS: [(&str, u128); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("min", 60_000_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

/// The longest duration that is taken, in nanoseconds.
const LONGEST_NS: u128 = 100 * 366 * 86_400_000_000_000;

/// Reads a duration: `300ms`, `10s`, `1.5s`, `2m`, `1h30m`.
///
/// # Errors
/// When it is none.
pub fn parse_duration(text: &str) -> Result<Duration, ValueError> {
    const RIGHT: &str = "write a number and a unit: 300ms, 10s, 2m, 1h or 1d";
    let mut rest = text.trim();
    if rest.is_empty() {
        return wrong(format!("no duration; {RIGHT}"));
    }
    let mut total_ns: u128 = 0;
    while !rest.is_empty() {
        let (number, behind) = split_number(rest);
        if number.is_empty() {
            return wrong(format!("not a duration; {RIGHT}"));
        }
        let Some((unit, factor)) = DURATION_UNITS.iter().find(|(unit, _)| behind.starts_with(unit)) else {
            let text = if behind.is_empty() { "a duration without a unit" } else { "not a duration" };
            return wrong(format!("{text}; {RIGHT}"));
        };
        let Some(ns) = scaled(number, *factor) else { return wrong(format!("not a duration; {RIGHT}")) };
        total_ns = total_ns.saturating_add(ns);
        rest = behind[unit.len()..].trim_start();
    }
    if total_ns > LONGEST_NS {
        return wrong("too long; the longest duration is 100 years");
    }
    let nanos = (total_ns % 1_000_000_000) as u32;
    Ok(Duration::new((total_ns / 1_000_000_000) as u64, nanos))
}

/// Reads a duration with a sign before it, in milliseconds.
pub(super) fn parse_jump(text: &str) -> Result<i64, ValueError> {
    let (sign, rest) = match text.trim().strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.trim().strip_prefix('+').unwrap_or(text)),
    };
    let ms = i64::try_from(parse_duration(rest)?.as_millis()).unwrap_or(i64::MAX);
    if ms == 0 { wrong("a jump of nothing; write how far, like -1h or +1d") } else { Ok(sign * ms) }
}

/// A duration as a lab file has it.
pub fn show_duration(duration: Duration) -> String {
    let ns = duration.as_nanos();
    let units = [("d", 86_400_000_000_000), ("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000)];
    for (unit, factor) in units {
        if ns >= factor && ns.is_multiple_of(factor) {
            return format!("{}{unit}", ns / factor);
        }
    }
    if ns >= 1_000_000_000 {
        let fraction = format!("{:09}", ns % 1_000_000_000);
        return format!("{}.{}s", ns / 1_000_000_000, fraction.trim_end_matches('0'));
    }
    match ns {
        0 => "0s".to_owned(),
        _ if ns.is_multiple_of(1_000_000) => format!("{}ms", ns / 1_000_000),
        _ if ns.is_multiple_of(1_000) => format!("{}us", ns / 1_000),
        _ => format!("{ns}ns"),
    }
}

/// Reads a size in bytes: `64KiB`, `1.5MB`, `512`.
pub(super) fn parse_size(text: &str) -> Result<u64, ValueError> {
    const UNITS: [(&str, u128); 9] = [
        ("", 1),
        ("B", 1),
        ("KB", 1_000),
        ("kB", 1_000),
        ("KiB", 1 << 10),
        ("MB", 1_000_000),
        ("MiB", 1 << 20),
        ("GB", 1_000_000_000),
        ("GiB", 1 << 30),
    ];
    let (number, unit) = split_number(text.trim());
    let factor = UNITS.iter().find(|(name, _)| *name == unit.trim()).map(|(_, factor)| *factor);
    let bytes = factor.and_then(|factor| scaled(number, factor)).and_then(|bytes| u64::try_from(bytes).ok());
    match bytes {
        Some(bytes) => Ok(bytes),
        None => wrong("not a size; write a number and a unit: 512B, 64KiB or 1MiB"),
    }
}

/// The number at the beginning, digits with perhaps a point in them, and what comes after.
fn split_number(text: &str) -> (&str, &str) {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, behind) = text.split_at(end);
    (number, behind.trim_start())
}

/// A decimal number times a factor, without rounding above one of the smallest unit.
fn scaled(number: &str, factor: u128) -> Option<u128> {
    let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
    if fraction.len() > 9 || whole.len() > 15 {
        return None;
    }
    let part = fraction.parse::<u128>().ok()? * factor / 10u128.pow(fraction.len() as u32);
    Some(whole.parse::<u128>().ok()? * factor + part)
}

/// Reads permission bits as chmod takes them: three or four octal digits.
pub(super) fn parse_mode(text: &str) -> Result<u32, ValueError> {
    let octal = (3..=4).contains(&text.len()) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    match u32::from_str_radix(text, 8) {
        Ok(mode) if octal => Ok(mode),
        _ => wrong("not a mode; write three or four octal digits, like 000 or 0644"),
    }
}

/// Reads a path that has to stay inside the lab's folder, and takes `.` and `..` out of it. An empty result is the
/// folder itself.
pub(super) fn parse_inside(text: &str) -> Result<PathBuf, ValueError> {
    const RIGHT: &str = "a lab writes in a folder of its own, so write a path relative to it, like logs/a1.log";
    if text.is_empty() {
        return wrong("an empty path; write one relative to the lab's folder, like logs/a1.log");
    }
    if text.contains(['\n', '\r', '\0']) {
        return wrong("a path can't hold a line break or a NUL");
    }
    let mut path = PathBuf::new();
    for component in Path::new(text).components() {
        match component {
            Component::Normal(name) => path.push(name),
            Component::CurDir => {}
            Component::ParentDir if path.pop() => {}
            Component::ParentDir => return wrong(format!("a path that leaves the lab's folder; {RIGHT}")),
            Component::RootDir | Component::Prefix(_) => return wrong(format!("an absolute path; {RIGHT}")),
        }
    }
    if path.starts_with(MARKER) {
        return wrong(format!("{MARKER} marks the lab's folder; use another name"));
    }
    Ok(path)
}

/// The suggestion that ends an error: the nearest of the names if one is near, else all of them.
pub(crate) fn closest(word: &str, names: &[&str]) -> String {
    let lower = word.to_lowercase();
    let distance = |name: &str| strsim::damerau_levenshtein(&lower, &name.to_lowercase());
    let nearest = names.iter().min_by_key(|name| distance(name));
    match nearest {
        Some(name) if distance(name) <= (word.chars().count() / 3).max(1) => format!("did you mean {name:?}?"),
        Some(_) if names.len() == 1 => format!("there is only {}", names[0]),
        Some(_) => format!("there are {}", names.join(", ")),
        None => "there is none".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn durations_are_read_and_shown() {
        for (text, ms, shown) in [
            ("10s", 10_000, "10s"),
            ("300ms", 300, "300ms"),
            ("2m", 120_000, "2m"),
            ("2min", 120_000, "2m"),
            ("1.5s", 1_500, "1.5s"),
            ("1h30m", 5_400_000, "90m"),
            ("1 d", 86_400_000, "1d"),
            ("0s", 0, "0s"),
        ] {
            let read = parse_duration(text).unwrap();
            assert_eq!((read, show_duration(read)), (Duration::from_millis(ms), shown.to_owned()), "{text}");
            assert_eq!(parse_duration(shown).unwrap(), read);
        }
        assert_eq!(parse_duration("7us").unwrap(), Duration::from_micros(7));
        assert_eq!(show_duration(Duration::from_nanos(7)), "7ns");
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        for text in
            ["", "s", "10", "-1s", "1,5s", "10 seconds", "1.2.3s", ".", "1e3s", "1s2", "99999999999999d", "\u{661}s"]
        {
            assert!(parse_duration(text).is_err(), "{text}");
        }
        let unitless = parse_duration("10").unwrap_err().to_string();
        assert_eq!(unitless, "a duration without a unit; write a number and a unit: 300ms, 10s, 2m, 1h or 1d");
    }

    #[test]
    fn jumps_have_a_direction() {
        assert_eq!(parse_jump("-1h"), Ok(-3_600_000));
        assert_eq!(parse_jump("+1d"), Ok(86_400_000));
        assert_eq!(parse_jump("10s"), Ok(10_000));
        assert!(parse_jump("0s").is_err() && parse_jump("--1s").is_err());
    }

    #[test]
    fn sizes_and_modes() {
        for (text, bytes) in [("512", 512), ("0", 0), ("64KiB", 65_536), ("1.5 MB", 1_500_000), ("1GiB", 1 << 30)] {
            assert_eq!(parse_size(text), Ok(bytes), "{text}");
        }
        for text in ["", "KiB", "-1", "64Kb", "64 bytes", "99999999999999999999"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
        assert_eq!((parse_mode("000"), parse_mode("0644")), (Ok(0), Ok(0o644)));
        for text in ["", "64", "888", "07777", "+77", "rw-"] {
            assert!(parse_mode(text).is_err(), "{text}");
        }
    }

    #[test]
    fn paths_stay_inside() {
        for (text, path) in [("logs", "logs"), ("./a//b.log", "a/b.log"), ("a/../b", "b"), (".", ""), ("..a", "..a")] {
            assert_eq!(parse_inside(text), Ok(PathBuf::from(path)), "{text}");
        }
        for text in ["", "/tmp/x", "..", "a/../../b", "a\nb", ".rotascope-lab", "./.rotascope-lab"] {
            assert!(parse_inside(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_near_name_is_suggested_and_a_far_one_is_not() {
        let names = ["plain", "watched", "daily"];
        assert_eq!(closest("dayly", &names), "did you mean \"daily\"?");
        assert_eq!(closest("Daily", &names), "did you mean \"daily\"?");
        assert_eq!(closest("rotating", &names), "there are plain, watched, daily");
        assert_eq!(closest("x", &[]), "there is none");
    }
}
