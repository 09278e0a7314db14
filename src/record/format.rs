//! Python's `{`-style format strings, with the fields that a worker can fill.

use chrono::{DateTime, Datelike, FixedOffset, Timelike};

use super::{Level, push_decimal, push_padded};

/// The fields a format may name: Python's, and `task` and `seq`.
pub const FIELDS: [&str; 9] = ["levelname", "asctime", "module", "process", "thread", "message", "name", "task", "seq"];

/// The longest width or precision that is taken.
const WIDEST: usize = 1000;

/// Why a format string can't be used. The text names what is wrong and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormatError {
    /// A field that no worker can fill.
    #[error("unknown field `{name}`; the fields are {}", FIELDS.join(", "))]
    UnknownField {
        /// As written.
        name: String,
    },
    /// Something behind the colon that does not fit the field.
    #[error("field `{name}` can't be written as `:{spec}`: {reason}")]
    BadSpec {
        /// The field.
        name: String,
        /// As written.
        spec: String,
        /// What would be right.
        reason: &'static str,
    },
    /// `{` without `}` or the reverse.
    #[error("a single `{brace}` at character {at}; write `{brace}{brace}` for the character itself")]
    SingleBrace {
        /// Which.
        brace: char,
        /// From 1.
        at: usize,
    },
    /// A line feed would make two lines of one.
    #[error("a format can't hold a line break: each record is one line")]
    LineBreak,
}

/// What one line is made of.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    /// Its level.
    pub level: Level,
    /// Session time, local.
    pub time: DateTime<FixedOffset>,
    /// The module that logs.
    pub module: &'a str,
    /// The logger's name.
    pub name: &'a str,
    /// Process id.
    pub process: u32,
    /// Thread, from 1.
    pub thread: u16,
    /// Task, from 1.
    pub task: u16,
    /// Number within task and launch, from 1.
    pub seq: u64,
    /// The text.
    pub message: &'a str,
}

/// A format string, taken apart once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFormat {
    pieces: Vec<Piece>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    Field(Field, Spec),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    LevelName,
    Asctime,
    Module,
    Process,
    Thread,
    Message,
    Name,
    Task,
    Seq,
}

impl Field {
    fn named(name: &str) -> Option<Field> {
        Some(match name {
            "levelname" => Field::LevelName,
            "asctime" => Field::Asctime,
            "module" => Field::Module,
            "process" => Field::Process,
            "thread" => Field::Thread,
            "message" => Field::Message,
            "name" => Field::Name,
            "task" => Field::Task,
            "seq" => Field::Seq,
            _ => return None,
        })
    }

    fn is_number(self) -> bool {
        matches!(self, Field::Process | Field::Thread | Field::Task | Field::Seq)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
    Centre,
}

/// `[[fill]align][0][width][.precision][type]`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Spec {
    fill: char,
    align: Align,
    /// In characters; 0 is as wide as the value.
    width: usize,
    /// Text is cut to this many characters.
    precision: Option<usize>,
}

impl LineFormat {
    /// The notes' format, for handlers that name none.
    pub const DEFAULT: &'static str = "{levelname} {asctime} {module} {process:d} {thread:d} {message}";

    /// Takes a format string apart.
    ///
    /// # Errors
    /// When it is not a format that a worker can fill.
    pub fn parse(format: &str) -> Result<LineFormat, FormatError> {
        if format.contains(['\n', '\r']) {
            return Err(FormatError::LineBreak);
        }
        let mut pieces = Vec::new();
        let mut text = Vec::new();
        let mut rest = format;
        while let Some(brace_at) = rest.find(['{', '}']) {
            text.extend_from_slice(&rest.as_bytes()[..brace_at]);
            let at = || format[..format.len() - rest.len() + brace_at].chars().count() + 1;
            let brace = &rest[brace_at..];
            if brace.starts_with("{{") || brace.starts_with("}}") {
                text.push(brace.as_bytes()[0]);
                rest = &brace[2..];
                continue;
            }
            let Some(inner) = brace.strip_prefix('{') else {
                return Err(FormatError::SingleBrace { brace: '}', at: at() });
            };
            let Some((field, behind)) = inner.split_once('}') else {
                return Err(FormatError::SingleBrace { brace: '{', at: at() });
            };
            if !text.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut text)));
            }
            pieces.push(parse_field(field)?);
            rest = behind;
        }
        text.extend_from_slice(rest.as_bytes());
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        Ok(LineFormat { pieces })
    }

    /// Whether two lines that differ in their numbers alone differ in their text.
    pub fn tells_number(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Field(Field::Seq, _)))
    }

    /// Appends the record's text, without stamp and newline.
    pub fn write(&self, out: &mut Vec<u8>, record: &Record<'_>) {
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => out.extend_from_slice(text),
                Piece::Field(field, spec) => write_field(out, *field, spec, record),
            }
        }
    }
}

fn parse_field(inner: &str) -> Result<Piece, FormatError> {
    let (name, spec) = inner.split_once(':').unwrap_or((inner, ""));
    let field = Field::named(name).ok_or_else(|| FormatError::UnknownField { name: name.to_owned() })?;
    let spec = parse_spec(field, spec).map_err(|reason| FormatError::BadSpec {
        name: name.to_owned(),
        spec: spec.to_owned(),
        reason,
    })?;
    Ok(Piece::Field(field, spec))
}

fn parse_spec(field: Field, written: &str) -> Result<Spec, &'static str> {
    const SHAPE: &str = "write [[fill]align][width][.precision][s or d], align being one of < > ^";
    let number = field.is_number();
    let mut spec =
        Spec { fill: ' ', align: if number { Align::Right } else { Align::Left }, width: 0, precision: None };
    let align_of = |letter: char| match letter {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Centre),
        _ => None,
    };
    let mut letters = written.chars();
    let (first, second) = (letters.next(), letters.next());
    let mut rest = written;
    if let (Some(fill), Some(align)) = (first, second.and_then(align_of)) {
        (spec.fill, spec.align) = (fill, align);
        rest = letters.as_str();
    } else if let Some(align) = first.and_then(align_of) {
        spec.align = align;
        rest = &rest[1..];
    } else if first == Some('0') {
        if !number {
            return Err("leading zeros are for numbers");
        }
        spec.fill = '0';
    }
    let width_end = rest.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(rest.len());
    if width_end > 0 {
        spec.width = rest[..width_end].parse().ok().filter(|&width| width <= WIDEST).ok_or("at most 1000 wide")?;
    }
    rest = &rest[width_end..];
    if let Some(digits) = rest.strip_prefix('.') {
        if number {
            return Err("a precision is for text");
        }
        let end = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
        let precision = digits[..end].parse().ok().filter(|&chars| chars <= WIDEST);
        spec.precision = Some(precision.ok_or("a precision is a number up to 1000")?);
        rest = &digits[end..];
    }
    match rest {
        "" => Ok(spec),
        "d" if number => Ok(spec),
        "d" => Err("`d` is for numbers: process, thread, task, seq"),
        "s" if !number => Ok(spec),
        "s" => Err("`s` is for text; a number takes `d`"),
        _ => Err(SHAPE),
    }
}

fn write_field(out: &mut Vec<u8>, field: Field, spec: &Spec, record: &Record<'_>) {
    let start = out.len();
    match field {
        Field::LevelName => out.extend_from_slice(record.level.name().as_bytes()),
        Field::Asctime => write_asctime(out, &record.time),
        Field::Module => write_text(out, record.module),
        Field::Name => write_text(out, record.name),
        Field::Message => write_text(out, record.message),
        Field::Process => push_decimal(out, u64::from(record.process)),
        Field::Thread => push_decimal(out, u64::from(record.thread)),
        Field::Task => push_decimal(out, u64::from(record.task)),
        Field::Seq => push_decimal(out, record.seq),
    }
    if spec.width > 0 || spec.precision.is_some() {
        fit(out, start, spec);
    }
}

/// A line break within a value would make two lines of one, so it is written as Python's repr would.
fn write_text(out: &mut Vec<u8>, text: &str) {
    if memchr::memchr2(b'\n', b'\r', text.as_bytes()).is_none() {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    for byte in text.bytes() {
        match byte {
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            other => out.push(other),
        }
    }
}

/// Python's default: `2026-05-10 00:00:03,948`.
fn write_asctime(out: &mut Vec<u8>, time: &DateTime<FixedOffset>) {
    let local = time.naive_local();
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    // chrono keeps a leap second as a nanosecond part beyond a billion.
    let millisecond = (local.nanosecond() / 1_000_000).min(999);
    push_padded(out, local.year().clamp(0, 9999).unsigned_abs(), 4);
    for (mark, number) in [(b'-', local.month()), (b'-', local.day()), (b' ', hour), (b':', minute), (b':', second)] {
        out.push(mark);
        push_padded(out, number, 2);
    }
    out.push(b',');
    push_padded(out, millisecond, 3);
}

/// Cuts and pads what stands in `out` from `start` on.
fn fit(out: &mut Vec<u8>, start: usize, spec: &Spec) {
    let is_char_start = |byte: &u8| (*byte as i8) >= -0x40;
    if let Some(precision) = spec.precision {
        let mut starts = (start..out.len()).filter(|&at| is_char_start(&out[at]));
        if let Some(cut) = starts.nth(precision) {
            out.truncate(cut);
        }
    }
    let chars = out[start..].iter().filter(|byte| is_char_start(byte)).count();
    let missing = spec.width.saturating_sub(chars);
    let left = match spec.align {
        Align::Left => 0,
        Align::Right => missing,
        Align::Centre => missing / 2,
    };
    let mut utf8 = [0u8; 4];
    let fill = spec.fill.encode_utf8(&mut utf8).as_bytes();
    out.splice(start..start, fill.repeat(left));
    out.extend(fill.repeat(missing - left));
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn record() -> Record<'static> {
        Record {
            level: Level::Info,
            time: DateTime::parse_from_rfc3339("2026-05-10T00:00:03.948+08:00").unwrap(),
            module: "app",
            name: "error",
            process: 4711,
            thread: 1,
            task: 2,
            seq: 305,
            message: "6666666666",
        }
    }

    fn written(format: &str) -> String {
        let mut out = b"|".to_vec();
        LineFormat::parse(format).unwrap().write(&mut out, &record());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn the_notes_format_gives_the_notes_line() {
        assert_eq!(written(LineFormat::DEFAULT), "|INFO 2026-05-10 00:00:03,948 app 4711 1 6666666666");
    }

    #[test]
    fn width_fill_and_precision_are_pythons() {
        // Each right side is what Python's str.format gives.
        assert_eq!(written("{levelname:<8}|{levelname:>8}|{levelname:^7}|"), "|INFO    |    INFO| INFO  |");
        assert_eq!(written("{process:08d} {seq:6} {seq:<6}."), "|00004711    305 305   .");
        assert_eq!(written("{levelname:*^9s} {message:.3} {message:>5.2s}"), "|**INFO*** 666    66");
        assert_eq!(written("{{{name}}} {task:d}"), "|{error} 2");
        assert_eq!(written("{name:时>7}"), "|时时error");
    }

    #[test]
    fn a_message_stays_one_line() {
        let mut out = Vec::new();
        let format = LineFormat::parse("{message}").unwrap();
        format.write(&mut out, &Record { message: "a\nb\rc", ..record() });
        assert_eq!(out, b"a\\nb\\rc");
    }

    #[test]
    fn errors_name_the_field_and_what_is_right() {
        let error = |format: &str| LineFormat::parse(format).unwrap_err().to_string();
        assert_eq!(
            error("{levlname}"),
            "unknown field `levlname`; the fields are levelname, asctime, module, process, thread, message, name, task, seq"
        );
        assert!(error("{message:d}").contains("`message` can't be written as `:d`"));
        assert!(error("{process:s}").contains("takes `d`"));
        assert!(error("{process:x}").contains("[width]"));
        assert!(error("{message:08}").contains("leading zeros"));
        assert!(error("{message:99999}").contains("1000"));
        assert!(error("{}").contains("unknown field ``"));
        assert_eq!(error("ab}"), "a single `}` at character 3; write `}}` for the character itself");
        assert_eq!(error("é{levelname"), "a single `{` at character 2; write `{{` for the character itself");
        assert!(error("a\nb").contains("line break"));
    }
}
