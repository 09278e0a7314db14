//! `[handlers.NAME]`: which class, and where it writes.

use std::path::PathBuf;

use super::super::HandlerPlan;
use super::super::source::{Table, Value};
use super::super::value::{closest, parse_inside};
use super::{Named, refer};
use crate::clock::{SchedulePlan, When};
use crate::handler::{CLASSES, Class, ClassInfo, ENCODINGS, Encoding, HandlerOptions};
use crate::record::LineFormat;

const KEYS: [&str; 10] =
    ["class", "formatter", "directory", "filename", "encoding", "backup_count", "when", "interval", "utc", "at_time"];

/// What Python calls them, for who copies a dictConfig.
const PYTHON_NAMES: [(&str, &str); 5] = [
    ("FileHandler", "plain"),
    ("WatchedFileHandler", "watched"),
    ("TimedRotatingFileHandler", "timed-rotating"),
    ("DailyFileHandler", "daily"),
    ("ConcurrentTimedRotatingFileHandler", "locked"),
];

/// The handlers by name, each with its line format.
pub(super) fn read<'s>(root: &Table<'s, '_>, formats: &Named<'s, String>) -> Named<'s, (HandlerPlan, String)> {
    let Some(tables) = root.get("handlers").and_then(|value| value.table()) else { return Vec::new() };
    let one = |value: Value<'s, '_>| value.table().and_then(|table| handler(&table, formats));
    tables.values().into_iter().map(|(name, value)| (name, one(value))).collect()
}

fn handler(table: &Table<'_, '_>, formats: &Named<'_, String>) -> Option<(HandlerPlan, String)> {
    table.only(&KEYS);
    let format = match table.get("formatter") {
        Some(value) => value.text().and_then(|name| refer(&value, name, formats, "formatters")),
        None => Some(LineFormat::DEFAULT.to_owned()),
    };
    let encoding = encoding(table);
    let class = class(table);
    let schedule = schedule(table);
    let backup_count = backup_count(table);
    let class = class?;
    if schedule.is_some() && backup_count.is_some() {
        refuse_foreign_keys(table, class);
    }
    let path = place(table, class);
    let options = HandlerOptions { schedule: schedule?, backup_count: backup_count?, encoding: encoding? };
    Some((HandlerPlan { class: class.class, path: path?, options }, format?))
}

fn class(table: &Table<'_, '_>) -> Option<&'static ClassInfo> {
    let value = table.need("class", "class = \"daily\", or another one")?;
    let name = value.text()?;
    let Some(class) = Class::named(name) else {
        let python = PYTHON_NAMES.iter().find(|(python, _)| name.rsplit('.').next() == Some(python));
        let names: Vec<&str> = CLASSES.iter().map(|info| info.name).collect();
        let near = python.map_or_else(|| closest(name, &names), |(_, ours)| format!("here it is called {ours:?}"));
        value.wrong(format!("no handler class has this name; {near}"));
        return None;
    };
    Some(class.info())
}

fn encoding(table: &Table<'_, '_>) -> Option<Encoding> {
    or_default(table, "encoding", Encoding::default(), |value| {
        let name = value.text()?;
        let encoding = Encoding::named(name);
        if encoding.is_none() {
            let names = ENCODINGS.map(Encoding::name);
            value.wrong(format!("not known; {}", closest(&name.to_ascii_lowercase(), &names)));
        }
        encoding
    })
}

/// What stands at `key`, or else what holds without it. None, after a note, if it is wrong in itself, whichever class
/// it stands at.
fn or_default<'s, 't, T>(
    table: &Table<'s, 't>,
    key: &'static str,
    default: T,
    read: impl FnOnce(&Value<'s, 't>) -> Option<T>,
) -> Option<T> {
    table.get(key).map_or(Some(default), |value| read(&value))
}

fn backup_count(table: &Table<'_, '_>) -> Option<u32> {
    or_default(table, "backup_count", 0, |value| count(value, 0))
}

fn schedule(table: &Table<'_, '_>) -> Option<SchedulePlan> {
    let plan = SchedulePlan::default();
    let interval = or_default(table, "interval", plan.interval, |value| count(value, 1));
    let utc = or_default(table, "utc", plan.utc, |value| value.boolean());
    let when = or_default(table, "when", plan.when, when);
    let at_time = or_default(table, "at_time", plan.at_time, |value| at_time(value).map(Some));
    Some(SchedulePlan { when: when?, interval: interval?, utc: utc?, at_time: at_time? })
}

fn count(value: &Value<'_, '_>, least: i64) -> Option<u32> {
    value.integer(least..=1_000_000).and_then(|count| u32::try_from(count).ok())
}

fn when(value: &Value<'_, '_>) -> Option<When> {
    // Python takes them in either case.
    let upper = value.text()?.to_uppercase();
    let found = match upper.as_str() {
        "S" => When::Second,
        "M" => When::Minute,
        "H" => When::Hour,
        "D" => When::Day,
        "MIDNIGHT" => When::Midnight,
        other => match other.as_bytes() {
            [b'W', day @ b'0'..=b'6'] => When::Weekday(day - b'0'),
            _ => {
                value.wrong("not known; there are S, M, H, D, midnight, and W0 (Monday) to W6 (Sunday)");
                return None;
            }
        },
    };
    Some(found)
}

fn at_time(value: &Value<'_, '_>) -> Option<chrono::NaiveTime> {
    let read = chrono::NaiveTime::parse_from_str(value.text()?, "%H:%M:%S");
    if read.is_err() {
        value.wrong("not a time of day; write it like 00:00:00");
    }
    read.ok()
}

/// Keys that only some classes have, and which.
const FOREIGN_KEYS: [(&str, Applies); 5] = [
    ("backup_count", |class| class.retains),
    ("when", |class| class.scheduled),
    ("interval", |class| class.scheduled),
    ("utc", |class| class.scheduled),
    ("at_time", |class| class.scheduled),
];

type Applies = fn(&ClassInfo) -> bool;

/// Notes keys that mean nothing to the class.
fn refuse_foreign_keys(table: &Table<'_, '_>, class: &ClassInfo) {
    for (key, applies) in FOREIGN_KEYS {
        if let Some(value) = table.get(key)
            && !applies(class)
        {
            let theirs: Vec<&str> = CLASSES.iter().filter(|class| applies(class)).map(|class| class.name).collect();
            value.wrong(format!("a {} handler has no {key}; it belongs to {}", class.name, theirs.join(", ")));
        }
    }
}

/// Where it writes: `directory` for the classes that name their files by date, `filename` for the others.
fn place(table: &Table<'_, '_>, class: &ClassInfo) -> Option<PathBuf> {
    let (key, other) = if class.by_date { ("directory", "filename") } else { ("filename", "directory") };
    let reason = if class.by_date { "names its files by date and" } else { "writes one file and" };
    if let Some(value) = table.get(other) {
        match table.get(key) {
            Some(_) => value.wrong(format!("a {} handler {reason} takes {key} alone; leave {other} out", class.name)),
            None => value.wrong(format!("a {} handler {reason} takes {key} instead", class.name)),
        }
        return None;
    }
    let right = if class.by_date { "directory = \"logs\"" } else { "filename = \"logs/a1.log\"" };
    let value = table.need(key, right)?;
    let path = value.check(parse_inside(value.text()?))?;
    if !class.by_date && path.as_os_str().is_empty() {
        value.wrong("the lab's folder itself, where a file is expected; write one like logs/a1.log");
        return None;
    }
    Some(path)
}
