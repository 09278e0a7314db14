//! `[[steps]]`: what happens, to what, and when.

use std::time::Duration;

use super::super::condition::Condition;
use super::super::source::{Table, Value};
use super::super::step::{Action, Repeat, Step, StepPath, When};
use super::super::value::{closest, parse_duration, parse_inside, parse_jump, parse_mode, parse_size};
use crate::clock::ClockSetting;
use crate::command::ClockOrder;
use crate::event::WorkerId;
use crate::platform;

const KEYS_OF_TIME: [&str; 6] = ["at", "lab_at", "after", "timeout", "every", "until"];

/// Each action with the keys that it takes.
const ACTIONS: [(&str, &[&str]); 14] = [
    ("delete", &["file"]),
    ("rename", &["file", "to"]),
    ("truncate", &["file", "to"]),
    ("replace", &["file"]),
    ("remove_dir", &["file"]),
    ("chmod", &["file", "mode"]),
    ("fill_disk", &["leave"]),
    ("kill", &["worker", "signal"]),
    ("stop", &["worker"]),
    ("continue", &["worker"]),
    ("clock", &["jump", "to"]),
    ("picture", &["name"]),
    ("say", &["text", "text_zh"]),
    ("expect", &["that"]),
];

const ALL_REOPENED: &str = "all workers reopened";
const TIMEOUT: Duration = Duration::from_secs(10);

/// The steps; `workers` are the names of all processes, if they are known.
pub(super) fn read(
    root: &Table<'_, '_>,
    workers: Option<&[String]>,
    clock: Option<&ClockSetting>,
) -> Option<Vec<Step>> {
    let Some(value) = root.get("steps") else { return Some(Vec::new()) };
    let steps: Vec<Option<Step>> =
        value.tables()?.iter().enumerate().map(|(index, table)| step(table, index == 0, workers, clock)).collect();
    steps.into_iter().collect()
}

fn step(
    table: &Table<'_, '_>,
    is_first: bool,
    workers: Option<&[String]>,
    clock: Option<&ClockSetting>,
) -> Option<Step> {
    let kind = table.need("do", "do = \"delete\", or another action").and_then(|value| {
        let kinds = ACTIONS.map(|(kind, _)| (kind, kind));
        value.word(&kinds)
    });
    only_keys_of(table, kind);
    let when = when(table, is_first, clock);
    let repeat = repeat(table, when);
    let action = kind.and_then(|kind| action(table, kind, workers, clock));
    Some(Step { when: when?, repeat: repeat?, action: action?, line: table.line() })
}

/// Notes keys that no step has, and keys that belong to another kind of step.
fn only_keys_of(table: &Table<'_, '_>, kind: Option<&str>) {
    let takes = |kind: &str, key: &str| ACTIONS.iter().any(|(name, keys)| *name == kind && keys.contains(&key));
    let mut known = vec!["do"];
    known.extend(KEYS_OF_TIME);
    let mut arguments: Vec<&str> = ACTIONS.iter().flat_map(|(_, keys)| keys.iter().copied()).collect();
    arguments.sort_unstable();
    arguments.dedup();
    table.only(&[known, arguments.clone()].concat());
    let Some(kind) = kind else { return };
    for (key, value) in table.values() {
        if arguments.contains(&key) && !takes(kind, key) {
            let theirs: Vec<&str> = ACTIONS.iter().map(|(name, _)| *name).filter(|name| takes(name, key)).collect();
            value.wrong(format!("{kind} takes no {key}; it belongs to {}", theirs.join(", ")));
        }
    }
}

// --- when -------------------------------------------------------------------------------------------------------

fn when(table: &Table<'_, '_>, is_first: bool, clock: Option<&ClockSetting>) -> Option<When> {
    let given: Vec<Value<'_, '_>> = ["at", "lab_at", "after"].iter().filter_map(|key| table.get(key)).collect();
    if let [_, second, ..] = given.as_slice() {
        second.wrong("a step has one time; write at, lab_at or after, and leave the others out");
        return None;
    }
    if let Some(timeout) = table.get("timeout")
        && table.get("after").is_none()
    {
        timeout.wrong("only a step that waits has a timeout; it belongs to after");
    }
    if let Some(value) = table.get("at") {
        return Some(When::At { real: duration(&value)? });
    }
    if let Some(value) = table.get("lab_at") {
        if clock.is_some_and(|clock| !clock.is_simulated()) {
            value.wrong("only a simulated clock has that time; write at, or mode = \"simulated\" in [clock]");
            return None;
        }
        return Some(When::LabAt { session: value.instant()? });
    }
    let Some(value) = table.get("after") else {
        table.wrong("a time is missing; write at = \"3s\" for real time since the start, lab_at or after");
        return None;
    };
    all_reopened(table, &value, is_first)
}

fn all_reopened(table: &Table<'_, '_>, after: &Value<'_, '_>, is_first: bool) -> Option<When> {
    after.word(&[(ALL_REOPENED, ())])?;
    if is_first {
        after.wrong("there is no step before this one; write at = \"3s\" for the first");
        return None;
    }
    let timeout = match table.get("timeout") {
        Some(value) => duration(&value)?,
        None => TIMEOUT,
    };
    Some(When::AllReopened { timeout })
}

fn duration(value: &Value<'_, '_>) -> Option<Duration> {
    value.check(parse_duration(value.text()?))
}

/// `every` and `until`; the outer `None` if they are wrong.
fn repeat(table: &Table<'_, '_>, when: Option<When>) -> Option<Option<Repeat>> {
    let Some(value) = table.get("every") else {
        if let Some(until) = table.get("until") {
            until.wrong("nothing is repeated; write every = \"300ms\" too");
            return None;
        }
        return Some(None);
    };
    let every = duration(&value)?;
    if every < Duration::from_millis(1) {
        value.wrong("too often; the shortest is 1ms");
        return None;
    }
    if let Some(When::AllReopened { .. }) = when {
        value.wrong("a step that waits comes once; write at or lab_at for one that is repeated");
        return None;
    }
    let Some(end) = table.get("until") else { return Some(Some(Repeat { every, until: None })) };
    let until = duration(&end)?;
    if let Some(When::At { real }) = when
        && until <= real
    {
        end.wrong("not after the step's own time; it is real time since the start, too");
        return None;
    }
    Some(Some(Repeat { every, until: Some(until) }))
}

// --- what -------------------------------------------------------------------------------------------------------

fn action(
    table: &Table<'_, '_>,
    kind: &str,
    workers: Option<&[String]>,
    clock: Option<&ClockSetting>,
) -> Option<Action> {
    let worker = || worker(&table.need("worker", "worker = \"web-1\"")?, workers);
    Some(match kind {
        "delete" => Action::Delete { file: file(table)? },
        "rename" => rename(table)?,
        "truncate" => truncate(table)?,
        "replace" => Action::Replace { file: file(table)? },
        "remove_dir" => Action::RemoveDir { folder: file(table)? },
        "chmod" => {
            let mode = table.need("mode", "mode = \"000\"").and_then(|value| value.check(parse_mode(value.text()?)));
            Action::Chmod { file: file(table)?, mode: mode? }
        }
        "fill_disk" => Action::FillDisk { leave_bytes: leave(table)? },
        "kill" => {
            let signal = signal(table);
            let (worker, name) = worker()?;
            Action::Kill { worker, signal: signal?, name }
        }
        "stop" => worker().map(|(worker, name)| Action::Stop { worker, name })?,
        "continue" => worker().map(|(worker, name)| Action::Continue { worker, name })?,
        "clock" => Action::Clock(jump(table, clock)?),
        "picture" => Action::Picture { name: picture_name(table)? },
        "say" => {
            let text = table.need("text", "text = \"What the reader should know.\"")?.text()?.to_owned();
            let text_zh = match table.get("text_zh") {
                Some(value) => Some(value.text()?.to_owned()),
                None => None,
            };
            Action::Say { text, text_zh }
        }
        "expect" => {
            let value = table.need("that", "that = \"lost == 0\"")?;
            Action::Expect { that: value.check(Condition::parse(value.text()?))? }
        }
        _ => return None,
    })
}

fn file(table: &Table<'_, '_>) -> Option<StepPath> {
    let value = table.need("file", "file = \"live\", or a path inside the lab's folder")?;
    let text = value.text()?;
    if text == "live" {
        return Some(StepPath::Live);
    }
    let path = value.check(parse_inside(text))?;
    if path.as_os_str().is_empty() {
        value.wrong("the lab's folder itself; write a path inside it, like logs");
        return None;
    }
    Some(StepPath::Inside(path))
}

fn rename(table: &Table<'_, '_>) -> Option<Action> {
    let to = table.need("to", "to = \"moved-{n}.log\"").and_then(|value| {
        let text = value.text()?;
        let path = value.check(parse_inside(text))?;
        if path.as_os_str().is_empty() {
            value.wrong("not a file's name; write one like moved-{n}.log");
            return None;
        }
        // A plain name means the folder that the file is in; what has a slash is reckoned from the lab's folder.
        Some((path.to_string_lossy().into_owned(), !text.contains('/')))
    });
    let file = file(table)?;
    let (to, beside) = to?;
    Some(Action::Rename { file, to, beside })
}

fn truncate(table: &Table<'_, '_>) -> Option<Action> {
    let to_bytes = match table.get("to") {
        Some(value) => size(&value),
        None => Some(0),
    };
    Some(Action::Truncate { file: file(table)?, to_bytes: to_bytes? })
}

fn leave(table: &Table<'_, '_>) -> Option<u64> {
    size(&table.need("leave", "leave = \"64KiB\"")?)
}

fn size(value: &Value<'_, '_>) -> Option<u64> {
    value.check(parse_size(value.text()?))
}

fn worker(value: &Value<'_, '_>, workers: Option<&[String]>) -> Option<(WorkerId, String)> {
    let name = value.text()?;
    let workers = workers?;
    let Some(index) = workers.iter().position(|known| known == name) else {
        let names: Vec<&str> = workers.iter().map(String::as_str).collect();
        value.wrong(format!("there is no such worker; {}", closest(name, &names)));
        return None;
    };
    Some((WorkerId(u32::try_from(index).ok()?), name.to_owned()))
}

/// KILL if nothing is said.
fn signal(table: &Table<'_, '_>) -> Option<i32> {
    let names = platform::ENDING_SIGNALS;
    let Some(value) = table.get("signal") else { return platform::signal_number("KILL") };
    let text = value.text()?;
    let name = text.strip_prefix("SIG").unwrap_or(text);
    let number = platform::signal_number(name);
    if number.is_none() {
        let near = match name {
            "STOP" | "CONT" => "it ends no worker; write do = \"stop\" or do = \"continue\"".to_owned(),
            _ => format!("not a signal that ends a worker; {}", closest(name, &names)),
        };
        value.wrong(near);
    }
    number
}

fn jump(table: &Table<'_, '_>, clock: Option<&ClockSetting>) -> Option<ClockOrder> {
    if clock.is_some_and(|clock| !clock.is_simulated()) {
        table.wrong("the wall clock can't be set; write mode = \"simulated\" in [clock]");
        return None;
    }
    match (table.get("jump"), table.get("to")) {
        (Some(jump), None) => jump.check(parse_jump(jump.text()?)).map(ClockOrder::JumpBy),
        (None, Some(to)) => to.instant().map(ClockOrder::JumpTo),
        (Some(_), Some(to)) => {
            to.wrong("jump says already how to set the clock; leave one of them out");
            None
        }
        (None, None) => {
            table.wrong("jump is missing; write jump = \"-1h\", or to = \"2026-05-09T23:59:50+08:00\"");
            None
        }
    }
}

fn picture_name(table: &Table<'_, '_>) -> Option<String> {
    let value = table.need("name", "name = \"recovered\"")?;
    let name = value.text()?;
    let plain = name.replace("{n}", "1");
    let right = !plain.is_empty() && plain.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    if !right {
        value.wrong("a picture's name becomes a file's: letters A to Z, digits, _, - and {n} only");
    }
    right.then(|| name.to_owned())
}
