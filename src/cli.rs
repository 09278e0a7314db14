//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use crate::engine::{FAULTS, MOST_PROCESSES};
use crate::follow::Begin;
use crate::handler::CLASSES;
use crate::lab::parse_duration;

/// The exit code of a usage or set-up error.
pub const USAGE_ERROR: u8 = 2;

/// What was asked for on the command line.
#[derive(Clone, Debug, PartialEq)]
pub enum Invocation {
    /// Open the window.
    Window(Window),
    /// Run a lab without a window.
    Run(Run),
    /// Run each handler under each fault.
    Compare(Compare),
    /// Follow files in the terminal.
    Follow(Follow),
    /// Play a scenario and take its pictures.
    Shot(Shot),
}

/// See what happens to log files when several processes write them.
///
/// Without a command the window opens: on the files and folders given, on a lab, or on the demo lab.
#[derive(Debug, Parser)]
#[command(name = "rotascope", version, args_conflicts_with_subcommands = true, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    window: Window,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a lab without a window, then print the ledger
    #[command(after_help = RUN_CODES)]
    Run(Run),
    /// Run each handler under each fault with real workers, and print a table of what was lost
    #[command(after_help = compare_names())]
    Compare(Compare),
    /// Follow files like tail -F, across everything that can happen to them
    #[command(after_help = FOLLOW_NOTES)]
    Follow(Follow),
    /// Play a scenario with real workers and write its pictures; needs no display
    Shot(Shot),
}

const RUN_CODES: &str = "It ends after --for, with the last step, or on Ctrl+C, and stops every worker.\n\
     Exit code: 0; 1 when lines were lost or torn or, if the lab expects something, when that did not hold; \
     2 for a usage or set-up error.";

const FOLLOW_NOTES: &str = "The bytes come on stdout exactly as they are; what happens to the files is said on stderr.\n\
     A PATH may be a pattern in quotes: 'logs/*.log', or 'logs/app-%Y-%m-%d.log' for files named by date.\n\
     A file in which this very output ends up, as in 'rotascope follow . | tee all.log', is left out.\n\
     With --json each line is an object: type \"line\", path, incarnation, offset, bytes_len, text, and where it applies \
     bytes_base64, cut, unlinked, retargeted. So is each event: type \"event\", kind, path, incarnation, at, and what \
     README.md lists for its kind. What is awaited or left out is said on stderr all the same.\n\
     It ends on Ctrl+C, after --until-idle, or when nobody reads its output any more.\n\
     Exit code: 0; 1 when --until-idle has passed and there never was a file to follow; 2 for a usage or set-up error.";

/// The names that `compare` takes, each with its sentence.
fn compare_names() -> String {
    let handlers: Vec<_> = CLASSES.iter().map(|info| (info.name, info.sentence)).collect();
    let faults: Vec<_> = FAULTS.iter().map(|info| (info.name, info.sentence)).collect();
    let width = handlers.iter().chain(&faults).map(|(name, _)| name.len()).max().unwrap_or(0);
    let list = |names: &[(&str, &str)]| -> String {
        names.iter().map(|(name, sentence)| format!("  {name:<width$}  {sentence}\n")).collect()
    };
    format!(
        "Handlers:\n{}\nFaults:\n{}\nEach run writes into a fresh temporary folder. Ctrl+C ends it and leaves the \
         rows that are there.\nExit code: 0; 2 for a usage or set-up error.",
        list(&handlers),
        list(&faults)
    )
}

/// What the window opens on.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct Window {
    /// Log files, folders or patterns to follow; what does not exist yet is awaited
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Open this lab file
    #[arg(long, value_name = "FILE", conflicts_with = "paths")]
    pub lab: Option<PathBuf>,
    /// Start the lab's workers at once
    #[arg(long, conflicts_with = "paths")]
    pub start: bool,
}

/// `rotascope run`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Run {
    /// The lab file
    #[arg(value_name = "LAB.toml")]
    pub lab: PathBuf,
    /// Stop after this time, like 10s, 300ms or 2m [default: after the last step]
    #[arg(long = "for", value_name = "TIME", allow_hyphen_values = true, value_parser = time)]
    pub duration: Option<Duration>,
    /// Print the result as one JSON object on a line of its own
    #[arg(long)]
    pub json: bool,
    /// Write into this folder and leave it there [default: a temporary folder]
    #[arg(long, value_name = "DIR")]
    pub keep: Option<PathBuf>,
}

/// `rotascope compare`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Compare {
    /// How long each run takes
    #[arg(long = "for", value_name = "TIME", default_value = "5s", allow_hyphen_values = true, value_parser = time)]
    pub duration: Duration,
    /// Handler classes [default: all]
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub handlers: Vec<String>,
    /// Faults [default: all but fill_disk]
    #[arg(long, value_name = "X,Y", value_delimiter = ',')]
    pub faults: Vec<String>,
    /// Processes that write to one log
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=i64::from(MOST_PROCESSES)))]
    pub processes: u16,
    /// Print an array of ledgers as JSON
    #[arg(long)]
    pub json: bool,
}

/// `rotascope follow`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Follow {
    /// Log files, folders or patterns; one that does not exist yet is awaited
    #[arg(value_name = "PATH", required = true)]
    pub paths: Vec<PathBuf>,
    /// Where to begin in files that are there: start, end, or -N for the last N lines, by default 10 as in tail
    #[arg(long, value_name = "start|end|-N", default_value = "-10", allow_hyphen_values = true, value_parser = begin)]
    pub from: Begin,
    /// End when nothing has come for this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true, value_parser = time)]
    pub until_idle: Option<Duration>,
    /// Print lines and events as JSON, one on a line
    #[arg(long)]
    pub json: bool,
    /// Follow the files of subfolders too
    #[arg(long)]
    pub recursive: bool,
    /// Write no headers that say whose lines come; what happens to the files is said all the same
    #[arg(short, long, visible_alias = "silent")]
    pub quiet: bool,
}

fn begin(text: &str) -> Result<Begin, &'static str> {
    match text {
        "start" => Ok(Begin::Start),
        "end" => Ok(Begin::End),
        _ => {
            let lines = text.strip_prefix('-').and_then(|digits| digits.parse().ok());
            lines.map(Begin::Last).ok_or("write start, end, or -N for the last N lines, like -10")
        }
    }
}

/// `rotascope shot`.
#[derive(Args, Clone, Debug, PartialEq)]
pub struct Shot {
    /// The scenario: a lab file with picture steps
    #[arg(value_name = "SCENARIO.toml")]
    pub scenario: PathBuf,
    /// The folder for the pictures; it is made if it is missing
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// Width and height of the window, in points
    #[arg(long, value_name = "WxH", default_value = "1440x900", value_parser = size)]
    pub size: (u16, u16),
    /// Pixels per point, from 0.5 to 4
    #[arg(long, value_name = "N", default_value = "1", value_parser = scale)]
    pub scale: f32,
    /// The colours of the window
    #[arg(long, value_enum, default_value_t = ShotTheme::Dark)]
    pub theme: ShotTheme,
    /// The language of the window
    #[arg(long, value_enum, default_value_t = ShotLanguage::En)]
    pub language: ShotLanguage,
}

/// The colours of a picture.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShotTheme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
}

/// The language of a picture.
#[derive(ValueEnum, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShotLanguage {
    /// English.
    En,
    /// 简体中文.
    Zh,
}

/// Smallest and largest side of a picture's window, in points.
const SIDES: std::ops::RangeInclusive<u16> = 320..=8192;

fn size(text: &str) -> Result<(u16, u16), String> {
    let sides = text.split_once('x').and_then(|(width, height)| Some((width.parse().ok()?, height.parse().ok()?)));
    match sides {
        Some((width, height)) if SIDES.contains(&width) && SIDES.contains(&height) => Ok((width, height)),
        _ => Err(format!("width and height from {} to {} are wanted, as in 1440x900", SIDES.start(), SIDES.end())),
    }
}

fn scale(text: &str) -> Result<f32, String> {
    match text.parse() {
        Ok(scale) if (0.5..=4.0).contains(&scale) => Ok(scale),
        _ => Err("a number from 0.5 to 4 is wanted".to_owned()),
    }
}

fn time(text: &str) -> Result<Duration, String> {
    let duration = parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("no time at all; write how long, like 10s".to_owned()) } else { Ok(duration) }
}

/// Reads the command line of this process. Ends it for `--help` and `--version`, and with a message and
/// [`USAGE_ERROR`] for what can't be understood.
pub fn parse() -> Invocation {
    parse_from(std::env::args_os()).unwrap_or_else(|error| error.exit())
}

fn parse_from(
    arguments: impl IntoIterator<Item = impl Into<std::ffi::OsString> + Clone>,
) -> clap::error::Result<Invocation> {
    let cli = Cli::from_arg_matches(&Cli::command().try_get_matches_from(arguments)?)?;
    if let (None, Some((typed, meant))) = (&cli.command, mistyped(&cli.window.paths)) {
        let text = format!(
            "there is no command '{typed}', and no such file; did you mean 'rotascope {meant}'? \
             To await a file of that name, write './{typed}'"
        );
        return Err(Cli::command().error(ErrorKind::InvalidSubcommand, text));
    }
    Ok(match cli.command {
        None => Invocation::Window(cli.window),
        Some(Command::Run(run)) => Invocation::Run(run),
        Some(Command::Compare(compare)) => Invocation::Compare(compare),
        Some(Command::Follow(follow)) => Invocation::Follow(follow),
        Some(Command::Shot(shot)) => Invocation::Shot(shot),
    })
}

/// What was typed and the command that was meant, if the first of several arguments is no file and nearly a command:
/// a window that awaits such a file would be no help.
fn mistyped(paths: &[PathBuf]) -> Option<(&str, String)> {
    let [first, _, ..] = paths else { return None };
    let typed = first.to_str().filter(|_| first.symlink_metadata().is_err())?;
    let commands = Cli::command();
    let meant = commands.get_subcommands().map(clap::Command::get_name).find(|name| is_slip_of(typed, name))?;
    Some((typed, meant.to_owned()))
}

/// Whether a word is another one with one letter too many, too few or wrong, or with two exchanged.
fn is_slip_of(typed: &str, meant: &str) -> bool {
    let (typed, meant) = (typed.as_bytes(), meant.as_bytes());
    let begun = typed.iter().zip(meant).take_while(|(one, other)| one == other).count();
    let (typed, meant) = (&typed[begun..], &meant[begun..]);
    let ended = typed.iter().rev().zip(meant.iter().rev()).take_while(|(one, other)| one == other).count();
    match (&typed[..typed.len() - ended], &meant[..meant.len() - ended]) {
        ([] | [_], [] | [_]) => true,
        ([first, second], [other_first, other_second]) => first == other_second && second == other_first,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn read(line: &str) -> Invocation {
        parse_from(line.split(' ')).unwrap()
    }

    fn refused(line: &str) -> String {
        let error = parse_from(line.split(' ')).unwrap_err();
        assert_eq!(error.exit_code(), i32::from(USAGE_ERROR), "{line}");
        error.to_string()
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn without_a_command_the_window_opens() {
        assert_eq!(read("rotascope"), Invocation::Window(Window::default()));
        let paths = vec!["/var/log".into(), "a.log".into()];
        assert_eq!(read("rotascope /var/log a.log"), Invocation::Window(Window { paths, ..Window::default() }));
        let lab = Window { lab: Some("my.toml".into()), start: true, paths: vec![] };
        assert_eq!(read("rotascope --lab my.toml --start"), Invocation::Window(lab));
    }

    #[test]
    fn a_mistyped_command_is_no_path() {
        for (line, meant) in [
            ("rotascope rnu x.toml", "rotascope run"),
            ("rotascope ru x.toml", "rotascope run"),
            ("rotascope folow a.log", "rotascope follow"),
            ("rotascope shott a.toml b", "rotascope shot"),
            ("rotascope Compare a", "rotascope compare"),
        ] {
            assert!(refused(line).contains(&format!("did you mean '{meant}'")), "{line}");
        }
        for line in ["rotascope rnu", "rotascope ./rnu x.toml", "rotascope rust x.toml", "rotascope src/cli.rs runs"] {
            assert!(matches!(read(line), Invocation::Window(_)), "{line}");
        }
    }

    #[test]
    fn run_takes_the_flags_of_the_contract() {
        let plain = Run { lab: "a.toml".into(), duration: None, json: false, keep: None };
        assert_eq!(read("rotascope run a.toml"), Invocation::Run(plain.clone()));
        let full = Run { duration: Some(Duration::from_millis(300)), json: true, keep: Some("out".into()), ..plain };
        assert_eq!(read("rotascope run a.toml --for 300ms --json --keep out"), Invocation::Run(full));
    }

    #[test]
    fn compare_has_defaults() {
        let all =
            Compare { duration: Duration::from_secs(5), handlers: vec![], faults: vec![], processes: 4, json: false };
        assert_eq!(read("rotascope compare"), Invocation::Compare(all.clone()));
        let some = Compare { handlers: vec!["plain".into(), "daily".into()], processes: 8, ..all };
        assert_eq!(read("rotascope compare --handlers plain,daily --processes 8"), Invocation::Compare(some));
    }

    #[test]
    fn follow_begins_where_it_is_told() {
        let from = |line: &str| match read(line) {
            Invocation::Follow(follow) => follow.from,
            other => panic!("{other:?}"),
        };
        assert_eq!(from("rotascope follow a.log"), Begin::Last(10));
        assert_eq!(from("rotascope follow a.log --from start"), Begin::Start);
        assert_eq!(from("rotascope follow a.log --from end"), Begin::End);
        assert_eq!(from("rotascope follow --from -3 a.log"), Begin::Last(3));
        assert_eq!(from("rotascope follow -q a.log"), Begin::Last(10));
        assert!(refused("rotascope follow a.log --from 3").contains("like -10"));
    }

    #[test]
    fn shot_needs_a_folder() {
        let shot = Shot {
            scenario: "s.toml".into(),
            out: "pictures".into(),
            size: (1440, 900),
            scale: 1.0,
            theme: ShotTheme::Dark,
            language: ShotLanguage::En,
        };
        assert_eq!(read("rotascope shot s.toml --out pictures"), Invocation::Shot(shot));
        assert!(refused("rotascope shot s.toml").contains("--out <DIR>"));
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        for line in [
            "rotascope --lab a.toml b.log",
            "rotascope --start b.log",
            "rotascope --lab a.toml run b.toml",
            "rotascope run",
            "rotascope run a.toml b.toml",
            "rotascope run a.toml --for 10",
            "rotascope run a.toml --for 0s",
            "rotascope run a.toml --for",
            "rotascope follow",
            "rotascope compare --processes 0",
            "rotascope --bananas",
        ] {
            refused(line);
        }
        assert!(refused("rotascope run a.toml --for 10").contains("a duration without a unit"));
        for line in
            ["rotascope run a.toml --for -1s", "rotascope compare --for -1s", "rotascope follow a --until-idle -1s"]
        {
            assert!(refused(line).contains("invalid value '-1s'"), "{}", refused(line));
        }
    }

    #[test]
    fn a_picture_has_a_size_within_reason() {
        let Invocation::Shot(shot) = read("rotascope shot a.toml --out pictures") else { panic!("no shot") };
        assert_eq!((shot.size, shot.scale), ((1440, 900), 1.0));
        assert_eq!((shot.theme, shot.language), (ShotTheme::Dark, ShotLanguage::En));
        for wrong in ["--size=1440", "--size=0x0", "--size=99999x900", "--size=1440x", "--scale=0", "--scale=NaN"] {
            let line = format!("rotascope shot a.toml --out pictures {wrong}");
            assert!(parse_from(line.split(' ')).is_err(), "{wrong}");
        }
    }
}
