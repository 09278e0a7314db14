//! Lab files: what they give, and what is said of those that are not right.
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::DateTime;
use rotascope::clock::{ClockMode, ClockSetting, SchedulePlan, When as Unit};
use rotascope::command::ClockOrder;
use rotascope::event::WorkerId;
use rotascope::handler::{Class, Encoding, HandlerOptions};
use rotascope::lab::{Action, BUILT_IN, Lab, LabError, LabWorker, Repeat, StepPath, When};
use rotascope::record::Level;

const EXAMPLE: &str = include_str!("data/lab-example.toml");

/// A lab that is right, for one thing to be put wrong in.
const RIGHT: &str = r#"version = 1

[clock]
mode = "simulated"
start = "2026-05-09T23:59:50+08:00"
rate = 1.0
zone = "Asia/Shanghai"

[formatters.standard]
format = "{levelname} {message}"
style = "{"

[handlers.error_file]
class = "daily"
formatter = "standard"
directory = "logs"

[loggers.error]
handlers = ["error_file"]
level = "INFO"

[[workers]]
name = "web"
logger = "error"
processes = 2
rate = 100
levels = { INFO = 90, ERROR = 10 }

[[steps]]
at = "3s"
do = "delete"
file = "live"
"#;

fn error_of(text: &str) -> String {
    Lab::parse(text, "lab.toml").unwrap_err().to_string()
}

/// `RIGHT` with one line replaced, or with lines added behind it.
fn with(line: &str, replacement: &str) -> String {
    assert_eq!(RIGHT.matches(&format!("\n{line}\n")).count(), 1, "{line}");
    RIGHT.replacen(&format!("\n{line}\n"), &format!("\n{replacement}\n"), 1)
}

#[test]
fn each_mistake_is_told_with_its_place_and_its_remedy() {
    #[rustfmt::skip]
    let table: &[(&str, &str, &str)] = &[
        // The file as a whole.
        ("[clock]", "[clok]", "3: [clok]: unknown table; did you mean \"clock\"?"),
        ("[clock]", "title = \"x\"\n[clock]", "3: title = \"x\": unknown key; there are version, clock, formatters, handlers, loggers, workers, steps"),
        ("rate = 1.0", "rate = 1.0.0", "6: rate = 1.0.0: invalid float"),
        ("rate = 1.0", "rate = \"\0\"", "6: rate = \"\\u{0}\": invalid basic string, expected non-double-quote visible characters, `\\`"),
        ("mode = \"simulated\"", "mode = simulated", "4: mode = simulated: string values must be quoted, expected literal string"),
        ("rate = 1.0", "rate = 1.0\nrate = 2.0", "7: rate = 2.0: duplicate key; it stands above already, keep one of the two"),
        // The clock.
        ("mode = \"simulated\"", "mode = \"simulate\"", "4: mode = \"simulate\": not known; did you mean \"simulated\"?"),
        ("mode = \"simulated\"", "mode = \"wall\"", "5: start = \"2026-05-09T23:59:50+08:00\": only a simulated clock has that; write mode = \"simulated\" above, or leave it out"),
        ("start = \"2026-05-09T23:59:50+08:00\"", "start = \"2026-05-09 23:59\"", "5: start = \"2026-05-09 23:59\": not a date with time and offset; write it like 2026-05-09T23:59:50+08:00"),
        ("start = \"2026-05-09T23:59:50+08:00\"", "start = 2026-05-09T23:59:50", "5: start = 2026-05-09T23:59:50: not a date with time and offset; write it like 2026-05-09T23:59:50+08:00"),
        ("start = \"2026-05-09T23:59:50+08:00\"", "start = 20260509", "5: start = 20260509: a whole number where a date with time and offset is expected"),
        ("rate = 1.0", "rate = -1", "6: rate = -1: a clock runs at more than 0 and at most 100000 session seconds per second"),
        ("rate = 1.0", "rate = \"fast\"", "6: rate = \"fast\": a text where a number is expected"),
        ("rate = 1.0", "rate = nan", "6: rate = nan: not a number to reckon with; write one like 100 or 0.5"),
        ("zone = \"Asia/Shanghai\"", "zone = \"Asia/Shangai\"", "7: zone = \"Asia/Shangai\": not the IANA name of a time zone, like Asia/Shanghai or UTC; did you mean \"Asia/Shanghai\"?"),
        ("zone = \"Asia/Shanghai\"", "zone = \"berlin\"", "7: zone = \"berlin\": not the IANA name of a time zone, like Asia/Shanghai or UTC; did you mean \"Europe/Berlin\"?"),
        // Formatters.
        ("style = \"{\"", "style = \"%\"", "11: style = \"%\": only the style \"{\" is known: {levelname} instead of %(levelname)s or ${levelname}"),
        ("format = \"{levelname} {message}\"", "format = \"{level} {message}\"", "10: format = \"{level} {message}\": unknown field `level`; the fields are levelname, asctime, module, process, thread, message, name, task, seq"),
        ("style = \"{\"", "datefmt = \"%H\"", "11: datefmt = \"%H\": unknown key; there are format, style"),
        // Handlers.
        ("class = \"daily\"", "class = \"dayly\"", "14: class = \"dayly\": no handler class has this name; did you mean \"daily\"?"),
        ("class = \"daily\"", "class = \"logging.handlers.WatchedFileHandler\"", "14: class = \"logging.handlers.WatchedFileHandler\": no handler class has this name; here it is called \"watched\""),
        ("class = \"daily\"", "clas = \"daily\"", "13: [handlers.error_file]: class is missing; write class = \"daily\", or another one"),
        ("formatter = \"standard\"", "formatter = \"standart\"", "15: formatter = \"standart\": there is no [formatters.standart]; did you mean \"standard\"?"),
        ("directory = \"logs\"", "directory = \"/var/log\"", "16: directory = \"/var/log\": an absolute path; a lab writes in a folder of its own, so write a path relative to it, like logs/a1.log"),
        ("directory = \"logs\"", "directory = \"logs/../..\"", "16: directory = \"logs/../..\": a path that leaves the lab's folder; a lab writes in a folder of its own, so write a path relative to it, like logs/a1.log"),
        ("directory = \"logs\"", "directory = \"logs\"\nfilename = \"logs/a1.log\"", "17: filename = \"logs/a1.log\": a daily handler names its files by date and takes directory alone; leave filename out"),
        ("directory = \"logs\"", "filename = \"logs/a1.log\"", "16: filename = \"logs/a1.log\": a daily handler names its files by date and takes directory instead"),
        ("class = \"daily\"", "class = \"watched\"", "16: directory = \"logs\": a watched handler writes one file and takes filename instead"),
        ("directory = \"logs\"", "encoding = \"utf-8\"", "13: [handlers.error_file]: directory is missing; write directory = \"logs\""),
        ("directory = \"logs\"", "directory = \"logs\"\nencoding = \"latin-1\"", "17: encoding = \"latin-1\": not known; there are utf-8, gbk, utf-16"),
        ("directory = \"logs\"", "directory = \"logs\"\nbackup_count = 3", "17: backup_count = 3: a daily handler has no backup_count; it belongs to timed-rotating, timed-rotating-keep, timed-rotating-reopen, locked, verified"),
        ("directory = \"logs\"", "directory = \"logs\"\nwhen = \"D\"", "17: when = \"D\": a daily handler has no when; it belongs to timed-rotating, timed-rotating-keep, timed-rotating-reopen, locked"),
        ("directory = \"logs\"", "directory = \"logs\"\nwhen = \"Y\"", "17: when = \"Y\": not known; there are S, M, H, D, midnight, and W0 (Monday) to W6 (Sunday)"),
        ("directory = \"logs\"", "directory = \"logs\"\nat_time = \"24:00\"", "17: at_time = \"24:00\": not a time of day; write it like 00:00:00"),
        ("directory = \"logs\"", "directory = \"logs\"\ninterval = 0", "17: interval = 0: out of range; write a whole number from 1 to 1000000"),
        ("directory = \"logs\"", "directory = \"logs\"\nutc = \"no\"", "17: utc = \"no\": a text where true or false is expected"),
        // Loggers.
        ("handlers = [\"error_file\"]", "handlers = [\"eror_file\"]", "19: handlers = [\"eror_file\"]: there is no [handlers.eror_file]; did you mean \"error_file\"?"),
        ("handlers = [\"error_file\"]", "handlers = []", "19: handlers = []: a logger of a lab has exactly one handler: each line is accounted for once"),
        ("handlers = [\"error_file\"]", "handlers = \"error_file\"", "19: handlers = \"error_file\": a text where a list of texts in quotes is expected"),
        ("level = \"INFO\"", "level = \"WARN\"", "20: level = \"WARN\": not known; there are NOTSET, DEBUG, INFO, WARNING, ERROR, CRITICAL"),
        ("level = \"INFO\"", "level = \"CRITICAL\"", "27: levels = { INFO = 90, ERROR = 10 }: the logger's level CRITICAL lets none of these lines through"),
        // Workers.
        ("name = \"web\"", "name = \"web app\"", "23: name = \"web app\": a worker's name stands in each of its lines: letters A to Z, digits, _ and - only"),
        ("name = \"web\"", "title = \"web\"", "22: [[workers]]: name is missing; write name = \"web\""),
        ("logger = \"error\"", "logger = \"eror\"", "24: logger = \"eror\": there is no [loggers.eror]; did you mean \"error\"?"),
        ("processes = 2", "processes = 0", "25: processes = 0: out of range; write a whole number from 1 to 256"),
        ("processes = 2", "processes = 2.5", "25: processes = 2.5: a number where a whole number is expected"),
        ("processes = 2", "process = 2", "25: process = 2: unknown key; did you mean \"processes\"?"),
        ("rate = 100", "rate = -5", "26: rate = -5: a negative rate; write lines per second, or 0 for as fast as it goes"),
        ("rate = 100", "rate = 100\nstart = \"threads\"", "27: start = \"threads\": not known; there are spawn, forkserver, fork"),
        ("rate = 100", "rate = 100\ninherit_file = true", "27: inherit_file = true: only forked workers inherit an open file; write start = \"fork\" or inherit_file = false"),
        ("rate = 100", "rate = 100\nwork = \"sleep 1s\"", "27: work = \"sleep 1s\": not known; there are none, wait 10ms, compute 10ms"),
        ("rate = 100", "rate = 100\nwork = \"wait 10\"", "27: work = \"wait 10\": a duration without a unit; write a number and a unit: 300ms, 10s, 2m, 1h or 1d"),
        ("rate = 100", "rate = 100\nthreads = 1001", "27: threads = 1001: out of range; write a whole number from 1 to 1000"),
        ("rate = 100", "rate = 100\nthreads = 20\ntasks = 501", "28: tasks = 501: 10020 tasks in one process; 10000 are the most, threads times tasks"),
        ("rate = 100", "rate = 100\nsequence = 'x'", "27: sequence = 'x': it reads the lines of a program of one's own; write command = [\"PROGRAM\", ...] too"),
        ("rate = 100", "rate = 100\ncommand = [\"python3\"]", "24: logger = \"error\": a program of one's own decides that by itself; leave it out, or leave out command"),
        ("levels = { INFO = 90, ERROR = 10 }", "levels = { INFO = -1 }", "27: INFO = -1: out of range; write a whole number from 0 to 1000000"),
        ("levels = { INFO = 90, ERROR = 10 }", "levels = { info = 1 }", "27: info = 1: unknown key; did you mean \"INFO\"?"),
        ("levels = { INFO = 90, ERROR = 10 }", "levels = { INFO = 0 }", "27: levels = { INFO = 0 }: no level has a weight above 0; write them like { INFO = 90, WARNING = 8, ERROR = 2 }"),
        ("levels = { INFO = 90, ERROR = 10 }", "levels = 5", "27: levels = 5: a whole number where a table ([workers.levels]) is expected"),
        // Steps.
        ("at = \"3s\"", "at = \"3s\"\ntimeout = \"3s\"", "31: timeout = \"3s\": only a step that waits has a timeout; it belongs to after"),
        ("at = \"3s\"", "every = \"3s\"", "29: [[steps]]: a time is missing; write at = \"3s\" for real time since the start, lab_at or after"),
        ("at = \"3s\"", "at = 3", "30: at = 3: a whole number where a text in quotes is expected"),
        ("at = \"3s\"", "at = \"3\"", "30: at = \"3\": a duration without a unit; write a number and a unit: 300ms, 10s, 2m, 1h or 1d"),
        ("at = \"3s\"", "at = \"3s\"\nlab_at = 2026-05-10T00:00:00+08:00", "31: lab_at = 2026-05-10T00:00:00+08:00: a step has one time; write at, lab_at or after, and leave the others out"),
        ("at = \"3s\"", "after = \"all workers reopened\"", "30: after = \"all workers reopened\": there is no step before this one; write at = \"3s\" for the first"),
        ("at = \"3s\"", "after = \"lunch\"", "30: after = \"lunch\": not known; there is only all workers reopened"),
        ("at = \"3s\"", "at = \"3s\"\nuntil = \"9s\"", "31: until = \"9s\": nothing is repeated; write every = \"300ms\" too"),
        ("at = \"3s\"", "at = \"3s\"\nevery = \"300ms\"\nuntil = \"2s\"", "32: until = \"2s\": not after the step's own time; it is real time since the start, too"),
        ("at = \"3s\"", "at = \"3s\"\nevery = \"0s\"", "31: every = \"0s\": too often; the shortest is 1ms"),
        ("do = \"delete\"", "do = \"delet\"", "31: do = \"delet\": not known; did you mean \"delete\"?"),
        ("do = \"delete\"", "dont = \"delete\"", "29: [[steps]]: do is missing; write do = \"delete\", or another action"),
        ("do = \"delete\"", "do = \"rename\"", "29: [[steps]]: to is missing; write to = \"moved-{n}.log\""),
        ("do = \"delete\"", "do = \"chmod\"", "29: [[steps]]: mode is missing; write mode = \"000\""),
        ("do = \"delete\"", "do = \"say\"", "29: [[steps]]: text is missing; write text = \"What the reader should know.\""),
        ("do = \"delete\"", "do = \"delete\"\nto = \"x\"", "32: to = \"x\": delete takes no to; it belongs to rename, truncate, clock"),
        ("file = \"live\"", "file = \"../x\"", "32: file = \"../x\": a path that leaves the lab's folder; a lab writes in a folder of its own, so write a path relative to it, like logs/a1.log"),
        ("file = \"live\"", "file = \".\"", "32: file = \".\": the lab's folder itself; write a path inside it, like logs"),
        ("file = \"live\"", "", "29: [[steps]]: file is missing; write file = \"live\", or a path inside the lab's folder"),
    ];
    for (line, replacement, expected) in table {
        let error = error_of(&with(line, replacement));
        assert_eq!(error, format!("lab.toml:{expected}"));
    }
}

#[test]
fn each_kind_of_step_is_checked() {
    let table = [
        (
            "do = \"kill\"\nworker = \"web-9\"",
            "32: worker = \"web-9\": there is no such worker; did you mean \"web-1\"?",
        ),
        ("do = \"kill\"", "29: [[steps]]: worker is missing; write worker = \"web-1\""),
        (
            "do = \"kill\"\nworker = \"web-1\"\nsignal = \"STOP\"",
            "33: signal = \"STOP\": it ends no worker; write do = \"stop\" or do = \"continue\"",
        ),
        (
            "do = \"kill\"\nworker = \"web-1\"\nsignal = \"KIL\"",
            "33: signal = \"KIL\": not a signal that ends a worker; did you mean \"KILL\"?",
        ),
        (
            "do = \"clock\"",
            "29: [[steps]]: jump is missing; write jump = \"-1h\", or to = \"2026-05-09T23:59:50+08:00\"",
        ),
        (
            "do = \"clock\"\njump = \"an hour\"",
            "32: jump = \"an hour\": not a duration; write a number and a unit: 300ms, 10s, 2m, 1h or 1d",
        ),
        (
            "do = \"clock\"\njump = \"1h\"\nto = 2026-05-09T23:59:50+08:00",
            "33: to = 2026-05-09T23:59:50+08:00: jump says already how to set the clock; leave one of them out",
        ),
        (
            "do = \"picture\"\nname = \"a/b\"",
            "32: name = \"a/b\": a picture's name becomes a file's: letters A to Z, digits, _, - and {n} only",
        ),
        (
            "do = \"truncate\"\nfile = \"live\"\nto = \"half\"",
            "33: to = \"half\": not a size; write a number and a unit: 512B, 64KiB or 1MiB",
        ),
        (
            "do = \"chmod\"\nfile = \"live\"\nmode = \"rw\"",
            "33: mode = \"rw\": not a mode; write three or four octal digits, like 000 or 0644",
        ),
        (
            "do = \"fill_disk\"\nleave = \"much\"",
            "32: leave = \"much\": not a size; write a number and a unit: 512B, 64KiB or 1MiB",
        ),
        (
            "do = \"expect\"\nthat = \"lots == 0\"",
            "32: that = \"lots == 0\": there is no figure \"lots\"; did you mean \"lost\"?",
        ),
        (
            "do = \"expect\"\nthat = \"lost\"",
            "32: that = \"lost\": a condition compares with == != < <= > or >=, like lost == 0",
        ),
    ];
    for (step, expected) in table {
        let text = RIGHT.replace("do = \"delete\"\nfile = \"live\"", step);
        assert_eq!(error_of(&text), format!("lab.toml:{expected}"));
    }
}

#[test]
fn a_group_says_how_its_processes_start_and_what_they_are_made_of() {
    let more = "rate = 100\nthreads = 2\ntasks = 3\nstart = \"fork\"\ninherit_file = true\nwork = \"compute 250ms\"";
    let lab = Lab::parse(&with("rate = 100", more), "lab.toml").unwrap();
    for worker in lab.own_workers() {
        assert_eq!((worker.threads, worker.tasks, worker.start.name()), (2, 3, "fork"));
        assert!(worker.inherit_file);
        assert_eq!(worker.work.to_string(), "compute 250ms");
    }
    let wait = Lab::parse(&with("rate = 100", "start = \"forkserver\"\nwork = \"wait 10ms\""), "lab.toml").unwrap();
    let worker = wait.workers[0].own().unwrap();
    assert_eq!((worker.start.name(), worker.work.to_string()), ("forkserver", "wait 10ms".to_owned()));
    assert!(!worker.inherit_file);
}

/// A lab of a program, with these lines in its table and perhaps another table behind it.
fn of_program(lines: &str) -> String {
    format!("version = 1\n[[workers]]\nname = \"django\"\n{lines}\n")
}

#[test]
fn what_is_wrong_with_a_program_is_said_with_the_remedy() {
    let other = "[[workers]]\nname = \"other\"\ncommand = [\"b\"]\nsequence = '#(?P<seq>\\d+)'";
    let table = [
        (
            "command = \"python3 app.py\"".to_owned(),
            "4: command = \"python3 app.py\": a text where a list of texts in quotes is expected",
        ),
        (
            "command = []".to_owned(),
            "4: command = []: no program; write it and its arguments, like [\"python3\", \"app.py\"]",
        ),
        (
            "command = [\"\"]".to_owned(),
            "4: command = [\"\"]: no program; write it and its arguments, like [\"python3\", \"app.py\"]",
        ),
        (
            "command = [\"a\", \"b\\u0000\"]".to_owned(),
            "4: command = [\"a\", \"b\\u0000\"]: a word can't hold a NUL; leave it out",
        ),
        (
            "command = [\"a\"]\nprocesses = 2".to_owned(),
            "5: processes = 2: a program of one's own decides that by itself; leave it out, or leave out command",
        ),
        (
            "command = [\"a\"]\nsequence = '#(\\d+)'".to_owned(),
            "5: sequence = '#(\\d+)': a pattern that gives no number; write the lines' number as the group (?P<seq>\\d+)",
        ),
        (
            "command = [\"a\"]\nsequence = '#(?P<seq>\\d+'".to_owned(),
            "5: sequence = '#(?P<seq>\\d+': no pattern: unclosed group; write it like worker=(?P<writer>\\S+) seq=(?P<seq>\\d+)",
        ),
        (
            "command = [\"a\"]\nsequence = 5".to_owned(),
            "5: sequence = 5: a whole number where a text in quotes is expected",
        ),
        (
            format!("command = [\"a\"]\nsequence = '#(?P<seq>\\d+)'\n{other}"),
            "9: sequence = '#(?P<seq>\\d+)': another program above has this pattern; write into each what only its own lines hold",
        ),
    ];
    for (lines, expected) in table {
        assert_eq!(error_of(&of_program(&lines)), format!("lab.toml:{expected}"));
    }
}

#[test]
fn words_that_name_files_beside_the_lab_file_lead_there() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    std::fs::write(folder.path().join("app.py"), "").unwrap();
    let file = folder.path().join("lab.toml");
    std::fs::write(&file, of_program("command = [\"python3\", \"app.py\", \"folder\", \"\"]")).unwrap();
    let lab = Lab::read(&file).unwrap();
    let program = lab.workers[0].program().unwrap();
    let app = folder.path().join("app.py").into_os_string();
    assert_eq!(program.words(lab.file.as_deref()), ["python3".into(), app, "folder".into(), "".into()]);
    assert_eq!(program.words(None), ["python3", "app.py", "folder", ""]);
    assert_eq!(lab.worker("django-1"), Some(WorkerId(0)));
    assert!(lab.has_programs() && lab.log_folders(Path::new("/lab")).is_empty());
}

#[test]
fn encodings_are_read_as_python_spells_them() {
    let spelled =
        [("utf-8", Encoding::Utf8), ("UTF8", Encoding::Utf8), ("gbk", Encoding::Gbk), ("cp936", Encoding::Gbk)];
    for (name, encoding) in spelled.into_iter().chain([("utf-16", Encoding::Utf16), ("UTF_16", Encoding::Utf16)]) {
        let text = with("directory = \"logs\"", &format!("directory = \"logs\"\nencoding = \"{name}\""));
        assert_eq!(
            Lab::parse(&text, "lab.toml").unwrap().workers[0].own().unwrap().handler.options.encoding,
            encoding,
            "{name}"
        );
    }
    let text = with("directory = \"logs\"", "directory = \"logs\"\nencoding = \"gkb\"");
    assert_eq!(error_of(&text), "lab.toml:17: encoding = \"gkb\": not known; did you mean \"gbk\"?");
    let text = with("directory = \"logs\"", "directory = \"logs\"\nencoding = 16");
    assert!(error_of(&text).starts_with("lab.toml:17: encoding = 16: "), "{}", error_of(&text));
}

#[test]
fn a_schedule_is_read_whole() {
    let with = |class: &str, keys: &str| {
        let text = RIGHT.replace("class = \"daily\"", &format!("class = \"{class}\""));
        let lab = Lab::parse(&text.replace("directory = \"logs\"", &format!("filename = \"a.log\"\n{keys}")), "x");
        lab.unwrap().workers[0].own().unwrap().handler.options.clone()
    };
    assert_eq!(with("timed-rotating", ""), HandlerOptions::default(), "an hour, all archives kept, as in Python");
    let keys = "when = \"w6\"\ninterval = 2\nutc = true\nat_time = \"13:45:07\"\nbackup_count = 3";
    let at_time = chrono::NaiveTime::from_hms_opt(13, 45, 7);
    let schedule = SchedulePlan { when: Unit::Weekday(6), interval: 2, utc: true, at_time };
    for class in ["timed-rotating", "timed-rotating-keep", "timed-rotating-reopen"] {
        let expected = HandlerOptions { schedule, backup_count: 3, ..HandlerOptions::default() };
        assert_eq!(with(class, keys), expected);
    }
    let units = [("S", Unit::Second), ("m", Unit::Minute), ("H", Unit::Hour), ("D", Unit::Day)];
    for (text, when) in units.into_iter().chain([("midnight", Unit::Midnight), ("W0", Unit::Weekday(0))]) {
        assert_eq!(with("timed-rotating", &format!("when = \"{text}\"")).schedule.when, when);
    }
}

#[test]
fn of_two_mistakes_the_first_is_told() {
    let text = with("processes = 2", "processes = -2").replace("do = \"delete\"", "do = \"d\"");
    assert!(error_of(&text).contains(": processes = -2: "), "{}", error_of(&text));
}

#[test]
fn names_stand_once() {
    let text = format!("{RIGHT}\n[[workers]]\nname = \"web\"\nlogger = \"error\"\n");
    let expected = "lab.toml:35: name = \"web\": another group above has this name; give each a name of its own";
    assert_eq!(error_of(&text), expected);
    let text = format!("{RIGHT}\n[loggers.error]\nhandlers = []\n");
    assert!(error_of(&text).starts_with("lab.toml:34: [loggers.error]: "), "{}", error_of(&text));
}

#[test]
fn a_lab_needs_a_version_and_workers() {
    assert_eq!(error_of(""), "lab.toml:1: version is missing; write version = 1");
    assert_eq!(error_of("version = 2"), "lab.toml:1: version = 2: only version 1 is known; write version = 1");
    let none = "lab.toml:1: there are no workers; write a table [[workers]] with a name and a logger";
    assert_eq!(error_of("version = 1"), none);
    assert_eq!(error_of("version = 1\nworkers = []"), none);
    assert!(
        error_of("version = 1\nclok = 1").starts_with("lab.toml:2: clok = 1: unknown key"),
        "what is there comes first"
    );
    let one = "lab.toml:2: [workers]: a table where tables, each headed [[workers]], is expected";
    assert_eq!(error_of("version = 1\n[workers]\nname = \"web\""), one);
}

#[test]
fn wrong_steps_of_a_wall_clock() {
    let wall = RIGHT.replace(&RIGHT[RIGHT.find("[clock]").unwrap()..RIGHT.find("[formatters").unwrap()], "");
    assert_eq!(Lab::parse(&wall, "lab.toml").unwrap().clock, ClockSetting::wall());
    let at = wall.replace("at = \"3s\"", "lab_at = 2026-05-10T00:00:00+08:00");
    let expected = "only a simulated clock has that time; write at, or mode = \"simulated\" in [clock]";
    assert!(error_of(&at).ends_with(expected), "{}", error_of(&at));
    let jump = wall.replace("do = \"delete\"\nfile = \"live\"", "do = \"clock\"\njump = \"1h\"");
    let expected = "[[steps]]: the wall clock can't be set; write mode = \"simulated\" in [clock]";
    assert!(error_of(&jump).ends_with(expected), "{}", error_of(&jump));
}

#[test]
fn a_file_that_is_no_lab_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing.toml");
    let LabError::Unreadable { file, reason } = Lab::read(&missing).unwrap_err() else { panic!() };
    assert_eq!(file, missing.display().to_string());
    assert!(reason.starts_with("No such file"), "{reason}");
    assert!(Lab::read(folder.path()).unwrap_err().to_string().contains("directory"));
    let binary = folder.path().join("binary.toml");
    std::fs::write(&binary, b"version = \"\xff\"").unwrap();
    assert!(Lab::read(&binary).unwrap_err().to_string().ends_with("it is not UTF-8 text"));
    let wrong = folder.path().join("wrong.toml");
    std::fs::write(&wrong, "version = 3").unwrap();
    assert!(Lab::read(&wrong).unwrap_err().to_string().starts_with(&format!("{}:1: version = 3", wrong.display())));
}

#[test]
fn the_example_gives_every_value_that_it_names() {
    let lab = Lab::parse(EXAMPLE, "lab-example.toml").unwrap();

    let start = DateTime::parse_from_rfc3339("2026-05-09T23:59:50+08:00").unwrap();
    let mode = ClockMode::Simulated { anchor: None, start, rate: 1.0 };
    assert_eq!(lab.clock, ClockSetting { mode, zone: Some("Asia/Shanghai".to_owned()) });

    let names: Vec<&str> = lab.workers.iter().map(LabWorker::name).collect();
    assert_eq!(names, ["web-1", "web-2", "web-3", "web-4", "django-1"]);
    let django = lab.workers[4].program().unwrap();
    assert_eq!(
        (django.group.as_str(), django.command.as_slice()),
        ("django", &["python3".to_owned(), "app.py".to_owned()][..])
    );
    assert_eq!(django.sequence.as_ref().unwrap().text(), r"worker=(?P<writer>\S+) seq=(?P<seq>\d+)");
    let web = lab.workers[1].own().unwrap();
    assert_eq!((web.group.as_str(), web.logger.as_str(), web.level), ("web", "error", Level::Info));
    assert_eq!((web.handler.class, web.handler.path.as_path()), (Class::Daily, Path::new("logs")));
    assert_eq!(web.format, "{levelname} {asctime} {module} {process:d} {thread:d} {message}");
    assert_eq!((web.rate, web.weights, web.message.as_str()), (100.0, [0, 0, 90, 8, 2, 0], "6666666666"));
    assert_eq!((web.start.name(), web.threads, web.tasks), ("spawn", 1, 1));

    let at = |seconds| When::At { real: Duration::from_secs(seconds) };
    let said: Vec<String> = lab.steps.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "delete the live file, every 300ms until 9s",
            "rename the live file to moved-{n}.log",
            "send web-2 SIGKILL",
            "set the clock back by 1h",
            "take the picture recovered",
            "expect lost == 0",
            "change the mode of the live file to 000",
            "fill the disk up to 65536 bytes",
            "Every worker has found the new file.",
        ]
    );
    let when: Vec<When> = lab.steps.iter().map(|step| step.when).collect();
    let reopened = When::AllReopened { timeout: Duration::from_secs(10) };
    assert_eq!(when, [at(3), at(4), at(5), at(6), reopened, at(10), at(7), at(8), at(9)]);
    let repeat = Repeat { every: Duration::from_millis(300), until: Some(Duration::from_secs(9)) };
    assert_eq!(lab.steps[0].repeat, Some(repeat));
    assert_eq!(lab.steps[0].action, Action::Delete { file: StepPath::Live });
    let kill = Action::Kill { worker: WorkerId(1), signal: 9, name: "web-2".to_owned() };
    assert_eq!(lab.steps[2].action, kill);
    assert_eq!(lab.steps[3].action, Action::Clock(ClockOrder::JumpBy(-3_600_000)));
}

#[test]
fn what_is_left_out_has_a_default() {
    let text = "version = 1\n[handlers.h]\nclass = \"plain\"\nfilename = \"./a1.log\"\n\
                [loggers.l]\nhandlers = [\"h\"]\n[[workers]]\nname = \"w\"\nlogger = \"l\"\n";
    let lab = Lab::parse(text, "x").unwrap();
    let [LabWorker::Own(worker)] = lab.workers.as_slice() else { panic!() };
    assert_eq!(worker.name, "w-1");
    assert_eq!(worker.handler.path, Path::new("a1.log"));
    assert_eq!(worker.format, "{levelname} {asctime} {module} {process:d} {thread:d} {message}");
    assert_eq!((worker.level, worker.weights, worker.rate), (Level::None, [0, 0, 1, 0, 0, 0], 100.0));
    assert_eq!((&lab.clock, lab.steps.len()), (&ClockSetting::wall(), 0));
}

#[test]
fn the_loggers_level_holds_lines_back_and_lowers_the_rate() {
    let lab = Lab::parse(&with("level = \"INFO\"", "level = \"ERROR\""), "x").unwrap();
    let worker = lab.workers[0].own().unwrap();
    assert_eq!((worker.weights, worker.rate), ([0, 0, 0, 0, 10, 0], 10.0));
}

#[test]
fn paths_lead_into_the_folder_of_the_run() {
    let lab = Lab::built_in("lesson").unwrap();
    let folder = Path::new("/labs/lesson");
    let paths: Vec<PathBuf> = lab.resolve(folder).into_iter().map(|setup| setup.path).collect();
    assert_eq!(paths[0], Path::new("/labs/lesson/logs"));
    assert_eq!(paths[3], Path::new("/labs/lesson/logs/2026-05-09.log"));
    assert_eq!(lab.log_folders(folder), [Path::new("/labs/lesson/logs")]);
    let opened = lab.opened(folder);
    let firsts: Vec<&Path> = opened.workers.iter().map(|worker| worker.path.as_path()).collect();
    assert_eq!(firsts, [Path::new("/labs/lesson/logs/2026-05-09.log"); 4]);
    let reopening: Vec<bool> = opened.workers.iter().map(|worker| worker.can_reopen).collect();
    assert_eq!(reopening, [true, true, true, false]);
}

#[test]
fn steps_say_when_they_are_due() {
    let text = with("at = \"3s\"", "lab_at = \"2026-05-10T00:00:20+08:00\"").replace("rate = 1.0", "rate = 10");
    let text = format!("{text}\n[[steps]]\nafter = \"all workers reopened\"\ndo = \"say\"\ntext = \"x{{n}}\"\n");
    let lab = Lab::parse(&text, "x").unwrap();
    let due = lab.opened(Path::new("/lab")).steps;
    assert_eq!(due, [(3_000_000_000, "delete the live file".to_owned()), (3_000_000_000, "x{n}".to_owned())]);
    assert_eq!(lab.steps[1].action.words(7), Some("x7".to_owned()));
}

#[test]
fn a_new_name_stays_beside_the_file_unless_it_has_a_folder() {
    let step = |to: &str| {
        let text = RIGHT.replace("do = \"delete\"", &format!("do = \"rename\"\nto = \"{to}\""));
        Lab::parse(&text, "x").unwrap().steps.remove(0).action
    };
    let renamed = |to| step(to).renamed(Path::new("/lab/logs/a.log"), Path::new("/lab"), 2).unwrap();
    assert_eq!(renamed("moved-{n}.log"), Path::new("/lab/logs/moved-2.log"));
    assert_eq!(renamed("old/a-{n}.log"), Path::new("/lab/old/a-2.log"));
    assert_eq!(renamed("./a.log"), Path::new("/lab/a.log"));
}

#[test]
fn every_built_in_lab_is_right() {
    for (name, _) in BUILT_IN {
        Lab::built_in(name).unwrap();
    }
    let demo = Lab::built_in(BUILT_IN[0].0).unwrap();
    assert_eq!(demo.workers.len(), 4);
    assert!(demo.own_workers().all(|worker| worker.handler.class == Class::Daily));
    let error = Lab::built_in("nightly").unwrap_err().to_string();
    assert_eq!(error, "can't read nightly: no such lab is built in; there are demo, lesson, midnight");
}

proptest::proptest! {
    /// Whatever stands in the file: an answer, of one line, and no panic.
    #[test]
    fn a_lab_with_something_cut_out_or_put_in_gets_an_answer(
        cut in 0..EXAMPLE.len(),
        length in 0..40_usize,
        piece in "[\\PC\n]{0,6}|\\[\\[[a-z]{1,8}\\]\\]|[a-z]{1,6} = [-0-9.'\"{}\\[\\]]{1,6}",
    ) {
        let at = |byte: usize| (byte..).find(|byte| EXAMPLE.is_char_boundary(*byte)).unwrap();
        let (start, end) = (at(cut), at((cut + length).min(EXAMPLE.len())));
        let text = format!("{}{piece}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
        // The example holds keys that are not built, but a cut may take both away.
        if let Err(error) = Lab::parse(&text, "x") {
            let error = error.to_string();
            proptest::prop_assert!(error.starts_with("x:") && error.lines().count() == 1, "{error}");
        }
    }
}
