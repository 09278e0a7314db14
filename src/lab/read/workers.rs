//! `[[workers]]`: groups of processes that write.

use std::collections::HashSet;

use super::super::source::{Table, Value};
use super::super::value::{closest, parse_duration};
use super::super::{LabWorker, ProgramPlan, WorkerPlan};
use super::{LEVELS as LEVEL_NAMES, Logger, Named, refer, refuse_repeats};
use crate::platform;
use crate::record::{LEVELS, Level, Sequence, is_worker_name};
use crate::worker::{START_METHODS, StartMethod, Work};

const KEYS: [&str; 13] = [
    "name",
    "logger",
    "processes",
    "threads",
    "tasks",
    "start",
    "inherit_file",
    "rate",
    "levels",
    "work",
    "message",
    "command",
    "sequence",
];
/// What a group of ours has, and a program of the user's own decides by itself.
const OURS: [&str; 10] =
    ["logger", "processes", "threads", "tasks", "start", "inherit_file", "rate", "levels", "work", "message"];

/// Processes of a group.
const MOST_PROCESSES: i64 = 256;
/// Threads of a process, and tasks of all its threads together.
const MOST_THREADS: i64 = 1_000;
const MOST_TASKS: i64 = 10_000;
/// Lines per second and task when the file names no rate.
const RATE: f64 = 100.0;
/// The notes' own text.
const MESSAGE: &str = "6666666666";

/// All processes of all groups.
pub(super) struct Workers {
    /// Their names; none if something is wrong with one of them.
    pub(super) names: Option<Vec<String>>,
    /// The plans; none if something is wrong with one of them.
    pub(super) plans: Option<Vec<LabWorker>>,
}

/// One `[[workers]]` table.
struct Group {
    names: Option<Vec<String>>,
    plans: Option<Vec<LabWorker>>,
}

pub(super) fn read(root: &Table<'_, '_>, loggers: &Named<'_, Logger>) -> Workers {
    let tables = match root.get("workers") {
        Some(value) => value.tables(),
        None => Some(Vec::new()),
    };
    let Some(tables) = tables else { return Workers { names: None, plans: None } };
    if tables.is_empty() {
        root.wrong("there are no workers; write a table [[workers]] with a name and a logger");
    }
    refuse_repeats(&tables);
    refuse_repeated_sequences(&tables);
    let groups: Vec<Group> = tables.iter().map(|table| group(table, loggers)).collect();
    let (names, plans): (Vec<_>, Vec<_>) = groups.into_iter().map(|group| (group.names, group.plans)).unzip();
    let names = names.into_iter().collect::<Option<Vec<_>>>().map(|names| names.concat());
    let plans = plans.into_iter().collect::<Option<Vec<_>>>().map(|plans| plans.concat());
    Workers { names, plans }
}

fn group(table: &Table<'_, '_>, loggers: &Named<'_, Logger>) -> Group {
    table.only(&KEYS);
    let name = table.need("name", "name = \"web\"").and_then(|value| name(&value));
    if let Some(command) = table.get("command") {
        let plan = program(table, &command, name);
        let names = name.map(|name| vec![format!("{name}-1")]);
        return Group { names, plans: plan.map(|plan| vec![LabWorker::Program(plan)]) };
    }
    if let Some(sequence) = table.get("sequence") {
        sequence.wrong("it reads the lines of a program of one's own; write command = [\"PROGRAM\", ...] too");
    }
    let processes = count(table, "processes", MOST_PROCESSES);
    let names: Option<Vec<String>> =
        name.zip(processes).map(|(name, processes)| (1..=processes).map(|n| format!("{name}-{n}")).collect());
    let plan = plan(table, loggers);
    let group = name.unwrap_or_default();
    let plans = names.clone().zip(plan).map(|(names, plan)| {
        let one = |name: String| LabWorker::Own(WorkerPlan { name, group: group.to_owned(), ..plan.clone() });
        names.into_iter().map(one).collect()
    });
    Group { names, plans }
}

fn name<'s>(value: &Value<'s, '_>) -> Option<&'s str> {
    let name = value.text()?;
    if !is_worker_name(name) {
        value.wrong("a worker's name stands in each of its lines: letters A to Z, digits, _ and - only");
        return None;
    }
    Some(name)
}

/// What is the same for all processes of a group.
fn plan(table: &Table<'_, '_>, loggers: &Named<'_, Logger>) -> Option<WorkerPlan> {
    let logger = table.need("logger", "logger = \"NAME\", with the name of a [loggers.NAME]").and_then(|value| {
        let name = value.text()?;
        Some((name.to_owned(), refer(&value, name, loggers, "loggers")?))
    });
    let threads = count(table, "threads", MOST_THREADS);
    let tasks = tasks(table, threads);
    let start = start(table);
    let rate = rate(table);
    let weights = weights(table);
    let message = match table.get("message") {
        Some(value) => value.text(),
        None => Some(MESSAGE),
    };
    let inherit_file = inherit_file(table);
    let work = work(table);
    let (logger, Logger { handler, format, level }) = logger?;
    let (weights, share) = let_through(table, weights?, level)?;
    Some(WorkerPlan {
        name: String::new(),
        group: String::new(),
        handler,
        format,
        logger,
        level,
        start: start?,
        inherit_file: inherit_file?,
        threads: threads?,
        tasks: tasks?,
        work: work?,
        rate: rate? * share,
        weights,
        message: message?.to_owned(),
    })
}

fn count(table: &Table<'_, '_>, key: &str, most: i64) -> Option<u16> {
    match table.get(key) {
        Some(value) => value.integer(1..=most).and_then(|count| u16::try_from(count).ok()),
        None => Some(1),
    }
}

/// Tasks per thread. Each one has its counters, so there is a limit to all of them together.
fn tasks(table: &Table<'_, '_>, threads: Option<u16>) -> Option<u16> {
    let tasks = count(table, "tasks", MOST_TASKS)?;
    let all = i64::from(threads?) * i64::from(tasks);
    if all > MOST_TASKS
        && let Some(value) = table.get("tasks")
    {
        value.wrong(format!("{all} tasks in one process; {MOST_TASKS} are the most, threads times tasks"));
        return None;
    }
    Some(tasks)
}

fn start(table: &Table<'_, '_>) -> Option<StartMethod> {
    let Some(value) = table.get("start") else { return Some(StartMethod::Spawn) };
    let method = value.word(&START_METHODS.map(|method| (method.name(), method)))?;
    if method != StartMethod::Spawn && !platform::CAN_FORK {
        value.wrong("this system can't fork processes; write start = \"spawn\"");
        return None;
    }
    Some(method)
}

fn inherit_file(table: &Table<'_, '_>) -> Option<bool> {
    let Some(value) = table.get("inherit_file") else { return Some(false) };
    let wanted = value.boolean()?;
    if wanted && start(table)? != StartMethod::Fork {
        value.wrong("only forked workers inherit an open file; write start = \"fork\" or inherit_file = false");
        return None;
    }
    Some(wanted)
}

fn rate(table: &Table<'_, '_>) -> Option<f64> {
    let Some(value) = table.get("rate") else { return Some(RATE) };
    let rate = value.number()?;
    if rate < 0.0 {
        value.wrong("a negative rate; write lines per second, or 0 for as fast as it goes");
        return None;
    }
    Some(rate)
}

fn weights(table: &Table<'_, '_>) -> Option<[u32; LEVELS]> {
    let mut weights = [0; LEVELS];
    let Some(value) = table.get("levels") else {
        weights[Level::Info as usize] = 1;
        return Some(weights);
    };
    let levels = value.table()?;
    let names: Vec<&str> = LEVEL_NAMES.iter().skip(1).map(|(name, _)| *name).collect();
    let mut right = levels.only(&names);
    for (name, level) in LEVEL_NAMES.iter().skip(1) {
        let Some(weight) = levels.get(name) else { continue };
        match weight.integer(0..=1_000_000) {
            Some(number) => weights[*level as usize] = u32::try_from(number).unwrap_or(0),
            None => right = false,
        }
    }
    if right && weights.iter().all(|weight| *weight == 0) {
        value.wrong("no level has a weight above 0; write them like { INFO = 90, WARNING = 8, ERROR = 2 }");
        return None;
    }
    right.then_some(weights)
}

/// What the logger's level lets through of the levels, and how much of the whole that is.
fn let_through(table: &Table<'_, '_>, weights: [u32; LEVELS], level: Level) -> Option<([u32; LEVELS], f64)> {
    let mut through = weights;
    through[..level as usize].fill(0);
    let sum = |weights: [u32; LEVELS]| weights.iter().map(|weight| f64::from(*weight)).sum::<f64>();
    if sum(through) == 0.0 {
        let text = format!("the logger's level {} lets none of these lines through", level.name());
        match table.get("levels") {
            Some(levels) => levels.wrong(text),
            None => table.wrong(format!("{text}, which are all INFO; write levels = {{ {} = 1 }}", level.name())),
        }
        return None;
    }
    Some((through, sum(through) / sum(weights)))
}

fn work(table: &Table<'_, '_>) -> Option<Work> {
    let Some(value) = table.get("work") else { return Some(Work::None) };
    let text = value.text()?;
    match text.split_once(' ').unwrap_or((text, "")) {
        ("none", "") => Some(Work::None),
        ("wait", duration) => value.check(parse_duration(duration)).map(Work::Wait),
        ("compute", duration) => value.check(parse_duration(duration)).map(Work::Compute),
        (kind, _) => {
            let near = closest(kind, &["none", "wait 10ms", "compute 10ms"]);
            value.wrong(format!("not known; {near}"));
            None
        }
    }
}

/// `command` and `sequence`.
fn program(table: &Table<'_, '_>, command: &Value<'_, '_>, name: Option<&str>) -> Option<ProgramPlan> {
    let mut right = true;
    for key in OURS {
        if let Some(value) = table.get(key) {
            value.wrong("a program of one's own decides that by itself; leave it out, or leave out command");
            right = false;
        }
    }
    let sequence = match table.get("sequence") {
        Some(value) => value.text().and_then(|text| value.check(Sequence::parse(text))).map(Some),
        None => Some(None),
    };
    let words = command.texts()?;
    if words.first().is_none_or(|program| program.is_empty()) {
        command.wrong("no program; write it and its arguments, like [\"python3\", \"app.py\"]");
        return None;
    }
    if words.iter().any(|word| word.contains('\0')) {
        command.wrong("a word can't hold a NUL; leave it out");
        return None;
    }
    let (name, sequence) = (name?, sequence?);
    let command = words.into_iter().map(str::to_owned).collect();
    right.then(|| ProgramPlan { name: format!("{name}-1"), group: name.to_owned(), command, sequence })
}

/// Lines of two programs that fit one pattern could not be told apart.
fn refuse_repeated_sequences(tables: &[Table<'_, '_>]) {
    let mut known = HashSet::new();
    for value in tables.iter().filter_map(|table| table.get("sequence")) {
        if value.as_text().is_some_and(|text| !known.insert(text)) {
            value.wrong("another program above has this pattern; write into each what only its own lines hold");
        }
    }
}
