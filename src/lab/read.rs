//! From the tables of the file to a checked [`Lab`].

mod handlers;
mod steps;
mod workers;

use std::collections::HashSet;
use std::path::Path;

use chrono::Utc;

use super::source::{LabError, Source, Table, Value};
use super::value::closest;
use super::{HandlerPlan, Lab};
use crate::clock::{self, ClockMode, ClockSetting};
use crate::record::{Level, LineFormat};

const KEYS: [&str; 7] = ["version", "clock", "formatters", "handlers", "loggers", "workers", "steps"];

/// Session seconds per real second: a day in less than a second.
const FASTEST: f64 = 100_000.0;

/// Names that tables give to what they describe. What is wrong in itself still has a name: `None` stands for it, so
/// that who refers to it is not blamed.
type Named<'s, T> = Vec<(&'s str, Option<T>)>;

pub(super) fn lab(text: &str, name: &str) -> Result<Lab, LabError> {
    let source = Source::new(text, name);
    let document = source.document()?;
    let title = Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let lab = read(&Table::root(&source, &document), title);
    source.verdict()?;
    // Whatever is missing has been noted, so there is a lab if nothing was.
    lab.ok_or_else(|| LabError::Unreadable { file: name.to_owned(), reason: "it is not complete".to_owned() })
}

fn read(root: &Table<'_, '_>, title: String) -> Option<Lab> {
    root.only(&KEYS);
    version(root);
    let clock = clock_setting(root);
    let formats = formatters(root);
    let handlers = handlers::read(root, &formats);
    let loggers = loggers(root, &handlers);
    let workers = workers::read(root, &loggers);
    let steps = steps::read(root, workers.names.as_deref(), clock.as_ref());
    Some(Lab { title, file: None, clock: clock?, workers: workers.plans?, steps: steps? })
}

fn version(root: &Table<'_, '_>) {
    if let Some(version) = root.need("version", "version = 1")
        && !version.is_integer(1)
    {
        version.wrong("only version 1 is known; write version = 1");
    }
}

// --- the clock --------------------------------------------------------------------------------------------------

fn clock_setting(root: &Table<'_, '_>) -> Option<ClockSetting> {
    let Some(table) = root.get("clock") else { return Some(ClockSetting::wall()) };
    let table = table.table()?;
    table.only(&["mode", "start", "rate", "zone"]);
    let zone = table.get("zone").map(|zone| zone_name(&zone));
    let simulated = match table.get("mode") {
        Some(mode) => mode.word(&[("wall", false), ("simulated", true)])?,
        None => false,
    };
    let mode = if simulated { simulated_mode(&table) } else { wall_mode(&table) };
    // A zone that was written and is wrong leaves nothing to go on with.
    let zone = zone.map_or(Some(None), |name| name.map(Some));
    Some(ClockSetting { mode: mode?, zone: zone? })
}

fn zone_name(value: &Value<'_, '_>) -> Option<String> {
    let name = value.text()?;
    if !clock::is_zone(name) {
        let near = near_zone(name).map_or(String::new(), |near| format!("; did you mean {near:?}?"));
        value.wrong(format!("not the IANA name of a time zone, like Asia/Shanghai or UTC{near}"));
        return None;
    }
    Some(name.to_owned())
}

fn near_zone(name: &str) -> Option<&'static str> {
    let names: Vec<&str> = clock::zone_names().collect();
    let city = |zone: &str| zone.rsplit('/').next().unwrap_or(zone).to_lowercase();
    let same_city = clock::zone_names().find(|zone| city(zone) == city(name));
    let suggestion = closest(name, &names);
    same_city.or_else(|| clock::zone_names().find(|zone| suggestion == format!("did you mean {zone:?}?")))
}

fn wall_mode(table: &Table<'_, '_>) -> Option<ClockMode> {
    for key in ["start", "rate"] {
        if let Some(value) = table.get(key) {
            value.wrong("only a simulated clock has that; write mode = \"simulated\" above, or leave it out");
        }
    }
    Some(ClockMode::Wall)
}

fn simulated_mode(table: &Table<'_, '_>) -> Option<ClockMode> {
    let start = match table.get("start") {
        Some(start) => start.instant(),
        None => Some(Utc::now().fixed_offset()),
    };
    let rate = match table.get("rate") {
        Some(value) => value.number().and_then(|rate| {
            let right = rate > 0.0 && rate <= FASTEST;
            if !right {
                value.wrong(format!("a clock runs at more than 0 and at most {FASTEST} session seconds per second"));
            }
            right.then_some(rate)
        }),
        None => Some(1.0),
    };
    Some(ClockMode::Simulated { anchor: None, start: start?, rate: rate? })
}

// --- formatters and loggers -------------------------------------------------------------------------------------

fn formatters<'s>(root: &Table<'s, '_>) -> Named<'s, String> {
    let Some(tables) = root.get("formatters").and_then(|value| value.table()) else { return Vec::new() };
    tables.values().into_iter().map(|(name, value)| (name, value.table().and_then(|table| format(&table)))).collect()
}

fn format(table: &Table<'_, '_>) -> Option<String> {
    table.only(&["format", "style"]);
    if let Some(style) = table.get("style")
        && style.text()? != "{"
    {
        style.wrong("only the style \"{\" is known: {levelname} instead of %(levelname)s or ${levelname}");
    }
    let Some(format) = table.get("format") else { return Some(LineFormat::DEFAULT.to_owned()) };
    let text = format.text()?;
    format.check(LineFormat::parse(text))?;
    Some(text.to_owned())
}

/// A logger, its handler resolved.
#[derive(Clone)]
struct Logger {
    handler: HandlerPlan,
    format: String,
    level: Level,
}

fn loggers<'s>(root: &Table<'s, '_>, handlers: &Named<'s, (HandlerPlan, String)>) -> Named<'s, Logger> {
    let Some(tables) = root.get("loggers").and_then(|value| value.table()) else { return Vec::new() };
    let one = |value: Value<'s, '_>| value.table().and_then(|table| logger(&table, handlers));
    tables.values().into_iter().map(|(name, value)| (name, one(value))).collect()
}

fn logger(table: &Table<'_, '_>, handlers: &Named<'_, (HandlerPlan, String)>) -> Option<Logger> {
    table.only(&["handlers", "level"]);
    let level = match table.get("level") {
        Some(value) => value.word(&LEVELS),
        None => Some(Level::None),
    };
    let list = table.need("handlers", "handlers = [\"NAME\"], with the name of a [handlers.NAME]")?;
    let names = list.texts()?;
    let &[name] = names.as_slice() else {
        list.wrong("a logger of a lab has exactly one handler: each line is accounted for once");
        return None;
    };
    let (handler, format) = refer(&list, name, handlers, "handlers")?;
    Some(Logger { handler, format, level: level? })
}

/// Python's levels, and the one that lets everything through.
const LEVELS: [(&str, Level); 6] = [
    ("NOTSET", Level::None),
    ("DEBUG", Level::Debug),
    ("INFO", Level::Info),
    ("WARNING", Level::Warning),
    ("ERROR", Level::Error),
    ("CRITICAL", Level::Critical),
];

/// Looks a name up that another table defines.
fn refer<T: Clone>(value: &Value<'_, '_>, name: &str, named: &Named<'_, T>, kind: &str) -> Option<T> {
    let found = named.iter().find(|(known, _)| *known == name);
    if found.is_none() {
        let names: Vec<&str> = named.iter().map(|(known, _)| *known).collect();
        value.wrong(format!("there is no [{kind}.{name}]; {}", closest(name, &names)));
    }
    found.and_then(|(_, named)| named.clone())
}

/// Notes each group of workers whose name stands there already.
fn refuse_repeats(groups: &[Table<'_, '_>]) {
    let mut seen = HashSet::new();
    for value in groups.iter().filter_map(|group| group.get("name")) {
        if value.as_text().is_some_and(|name| !seen.insert(name)) {
            value.wrong("another group above has this name; give each a name of its own");
        }
    }
}
