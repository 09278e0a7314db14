//! The order of file names in a list: as people count, and not as bytes compare.

use std::cmp::Ordering;
use std::iter::Peekable;
use std::path::Path;
use std::str::Chars;

/// Compares the names of two files. Numbers count as such: `app.log`, `app.log.1`, `app.log.2`, `app.log.10`. Of dates,
/// which begin with a year, the newest comes first if that is wished.
pub(super) fn compare(a: &Path, b: &Path, newest_first: bool) -> Ordering {
    let (folders, names) = ([a.parent(), b.parent()], [a, b].map(|path| path.file_name().unwrap_or_default()));
    let [a, b] = names.map(|name| name.to_string_lossy().into_owned());
    let in_words = by_parts(&a, &b, newest_first);
    folders[0].cmp(&folders[1]).then(in_words).then_with(|| a.cmp(&b))
}

/// Digits that are as many as those of a year begin a date.
const YEAR: usize = 4;

fn by_parts(a: &str, b: &str, newest_first: bool) -> Ordering {
    let (mut a, mut b) = (a.chars().peekable(), b.chars().peekable());
    let mut dated = false;
    loop {
        let (x, y) = (number(&mut a), number(&mut b));
        if let (Some(x), Some(y)) = (&x, &y) {
            dated |= x.len().max(y.len()) >= YEAR;
            // The longer number is the greater one: leading zeros are gone.
            let order = value(x).len().cmp(&value(y).len()).then_with(|| value(x).cmp(value(y)));
            let order = if dated && newest_first { order.reverse() } else { order };
            if order.is_ne() {
                return order;
            }
            continue;
        }
        // A number comes before a word; of two names of which one begins with the other, the short one is first.
        match (x, y) {
            (Some(_), None) => return if b.peek().is_some() { Ordering::Less } else { Ordering::Greater },
            (None, Some(_)) => return if a.peek().is_some() { Ordering::Greater } else { Ordering::Less },
            _ => {}
        }
        match (a.next(), b.next()) {
            (None, None) => return Ordering::Equal,
            (x, y) if x != y => return x.cmp(&y),
            _ => {}
        }
    }
}

/// The digits that come next.
fn number(letters: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut digits = String::new();
    while let Some(digit) = letters.next_if(char::is_ascii_digit) {
        digits.push(digit);
    }
    (!digits.is_empty()).then_some(digits)
}

fn value(digits: &str) -> &str {
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted<'a>(names: &[&'a str], newest_first: bool) -> Vec<&'a str> {
        let mut names = names.to_vec();
        names.sort_by(|a, b| compare(Path::new(a), Path::new(b), newest_first));
        names
    }

    #[test]
    fn numbers_are_counted_and_the_live_name_is_first() {
        let names = ["l/app.log.10", "l/app.log.2", "l/app.log", "l/app.log.1", "l/app.log.1.gz", "l/a.log"];
        let expected = ["l/a.log", "l/app.log", "l/app.log.1", "l/app.log.1.gz", "l/app.log.2", "l/app.log.10"];
        assert_eq!(sorted(&names, false), expected);
        assert_eq!(sorted(&names, true), expected);
    }

    #[test]
    fn of_dates_the_newest_is_first_where_that_is_wished() {
        let names = ["2026-05-09.log", "2026-05-10.log", "2025-12-31.log"];
        assert_eq!(sorted(&names, true), ["2026-05-10.log", "2026-05-09.log", "2025-12-31.log"]);
        assert_eq!(sorted(&names, false), ["2025-12-31.log", "2026-05-09.log", "2026-05-10.log"]);
        let rolled = ["app.log.2026-10-25_02-59-55", "app.log", "app.log.2026-10-25_03-00-00"];
        let expected = ["app.log", "app.log.2026-10-25_03-00-00", "app.log.2026-10-25_02-59-55"];
        assert_eq!(sorted(&rolled, true), expected);
    }

    #[test]
    fn every_two_names_have_one_order() {
        let names = ["", "1", "01", "a", "a1", "a01", "a1b", "ab", "1a", "a.1", "a-1", "2026", "a2026-1", "a2026-01"];
        for newest_first in [false, true] {
            for a in names {
                for b in names {
                    let order = |a: &str, b: &str| compare(Path::new(a), Path::new(b), newest_first);
                    assert_eq!(order(a, b), order(b, a).reverse(), "{a} {b}");
                    assert_eq!(order(a, b).is_eq(), a == b, "{a} {b}");
                    for c in names {
                        assert!(!(order(a, b).is_lt() && order(b, c).is_lt()) || order(a, c).is_lt(), "{a} {b} {c}");
                    }
                }
            }
        }
    }
}
