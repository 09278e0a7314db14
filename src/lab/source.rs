//! The text of a lab file with the place of every key and value, and the errors that name those places.

use std::cell::RefCell;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeInteger, DeTable, DeValue};

use super::value::closest;

/// Why a lab file can't be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabError {
    /// It could not be read.
    #[error("can't read {file}: {reason}")]
    Unreadable {
        /// The file.
        file: String,
        /// Why not.
        reason: String,
    },
    /// Something in it is not right.
    #[error("{file}:{line}: {text}")]
    Wrong {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// Key, value, what is wrong, and what would be right.
        text: String,
    },
}

/// The file, and what was found wrong with it so far. Readers note a problem and go on, so that the first in the
/// order of the file can be told, whatever the order of reading.
pub(super) struct Source<'t> {
    name: &'t str,
    text: &'t str,
    problems: RefCell<Vec<Problem>>,
}

/// What is told first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// Something that is written and wrong.
    Wrong,
    /// Something that the file as a whole lacks.
    Lacking,
}

#[derive(Debug)]
struct Problem {
    rank: Rank,
    at: usize,
    text: String,
}

impl<'t> Source<'t> {
    pub(super) fn new(text: &'t str, name: &'t str) -> Source<'t> {
        Source { name, text, problems: RefCell::default() }
    }

    /// Takes the text apart into tables.
    pub(super) fn document(&self) -> Result<DeTable<'t>, LabError> {
        DeTable::parse(self.text).map(Spanned::into_inner).map_err(|error| self.syntax(&error))
    }

    fn syntax(&self, error: &toml::de::Error) -> LabError {
        let at = error.span().map_or(self.text.len(), |span| span.start);
        let line = self.line(at);
        let written = self.text.lines().nth(line - 1).unwrap_or("").trim();
        let message = error.message().lines().collect::<Vec<_>>().join(", ").replace(", expected nothing", "");
        let remedy = if message == "duplicate key" { "; it stands above already, keep one of the two" } else { "" };
        let place = if written.is_empty() { String::new() } else { format!("{}: ", shortened(written)) };
        let text = format!("{place}{message}{remedy}");
        LabError::Wrong { file: self.name.to_owned(), line, text }
    }

    /// The number of the line that holds this byte, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        self.text.as_bytes()[..at.min(self.text.len())].iter().filter(|byte| **byte == b'\n').count() + 1
    }

    fn note(&self, rank: Rank, at: usize, text: String) {
        self.problems.borrow_mut().push(Problem { rank, at, text });
    }

    /// The first problem of the file.
    pub(super) fn verdict(&self) -> Result<(), LabError> {
        let problems = self.problems.borrow();
        match problems.iter().min_by_key(|problem| (problem.rank, problem.at)) {
            Some(Problem { at, text, .. }) => {
                Err(LabError::Wrong { file: self.name.to_owned(), line: self.line(*at), text: text.clone() })
            }
            None => Ok(()),
        }
    }
}

/// On one line, and not too long for an error.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 60;
    let line = text.lines().next().unwrap_or("");
    let mut shown = String::new();
    for letter in line.chars().take(LONGEST) {
        match letter.is_control() {
            true => shown.extend(letter.escape_default()),
            false => shown.push(letter),
        }
    }
    if line.chars().nth(LONGEST).is_some() {
        shown.push_str("...");
    } else if line.len() < text.len() {
        shown.push_str(" ...");
    }
    shown
}

/// A table of the file.
#[derive(Clone)]
pub(super) struct Table<'s, 't> {
    source: &'s Source<'t>,
    /// As its heading has it: `[handlers.error_file]`.
    heading: String,
    at: usize,
    entries: &'s DeTable<'t>,
}

impl<'s, 't> Table<'s, 't> {
    /// The whole file.
    pub(super) fn root(source: &'s Source<'t>, entries: &'s DeTable<'t>) -> Table<'s, 't> {
        Table { source, heading: String::new(), at: 0, entries }
    }

    /// Notes every key that is not one of these. Whether there was none.
    pub(super) fn only(&self, known: &[&str]) -> bool {
        let unknown: Vec<_> = self.values().into_iter().filter(|(key, _)| !known.contains(key)).collect();
        for (key, value) in &unknown {
            let what = if matches!(value.value, DeValue::Table(_)) { "table" } else { "key" };
            value.wrong(format!("unknown {what}; {}", closest(key, known)));
        }
        unknown.is_empty()
    }

    /// Every key with its value, in the order of the file.
    pub(super) fn values(&self) -> Vec<(&'s str, Value<'s, 't>)> {
        let mut values: Vec<_> = self.entries.iter().map(|(key, value)| self.value(key, value)).collect();
        values.sort_by_key(|(_, value)| value.key_span.start);
        values
    }

    fn value(
        &self,
        key: &'s Spanned<std::borrow::Cow<'t, str>>,
        value: &'s Spanned<DeValue<'t>>,
    ) -> (&'s str, Value<'s, 't>) {
        let name: &str = key.get_ref();
        let heading = match self.heading.trim_matches(['[', ']']) {
            "" => format!("[{name}]"),
            outer => format!("[{outer}.{name}]"),
        };
        let value = Value {
            source: self.source,
            key: name,
            key_span: key.span(),
            heading,
            value: value.get_ref(),
            span: value.span(),
        };
        (name, value)
    }

    /// The value of a key, if the table has it.
    pub(super) fn get(&self, key: &str) -> Option<Value<'s, 't>> {
        let (key, value) = self.entries.get_key_value(key)?;
        Some(self.value(key, value).1)
    }

    /// The value of a key that has to be there; `right` shows how to write it.
    pub(super) fn need(&self, key: &str, right: &str) -> Option<Value<'s, 't>> {
        let value = self.get(key);
        if value.is_none() {
            self.wrong(format!("{key} is missing; write {right}"));
        }
        value
    }

    /// Notes something that is wrong with the table as a whole.
    pub(super) fn wrong(&self, text: impl AsRef<str>) {
        let text = text.as_ref();
        if self.heading.is_empty() {
            self.source.note(Rank::Lacking, self.at, text.to_owned());
        } else {
            self.source.note(Rank::Wrong, self.at, format!("{}: {text}", self.heading));
        }
    }

    /// The number of the line where it begins, from 1.
    pub(super) fn line(&self) -> usize {
        self.source.line(self.at)
    }
}

/// A value of the file, and the key that it stands at.
#[derive(Clone)]
pub(super) struct Value<'s, 't> {
    source: &'s Source<'t>,
    key: &'s str,
    key_span: Range<usize>,
    /// What a table at this key would be called.
    heading: String,
    value: &'s DeValue<'t>,
    span: Range<usize>,
}

impl<'s, 't> Value<'s, 't> {
    /// `key = value`, or the heading of a table.
    fn shown(&self) -> String {
        let written = &self.source.text[self.span.clone()];
        match self.value {
            // What is written in braces stands on a line with its key.
            DeValue::Table(_) if !written.starts_with('{') => self.heading.clone(),
            DeValue::Array(_) if written.starts_with("[[") => format!("[{}]", self.heading),
            _ => format!("{} = {}", self.key, shortened(written)),
        }
    }

    /// Notes that the value is wrong.
    pub(super) fn wrong(&self, text: impl AsRef<str>) {
        self.source.note(Rank::Wrong, self.key_span.start, format!("{}: {}", self.shown(), text.as_ref()));
    }

    fn expected<T>(&self, what: &str) -> Option<T> {
        self.wrong(format!("{} where {what} is expected", type_of(self.value)));
        None
    }

    /// The result of reading the value, or a note of what is wrong with it.
    pub(super) fn check<T, E: std::fmt::Display>(&self, result: Result<T, E>) -> Option<T> {
        result.map_err(|error| self.wrong(error.to_string())).ok()
    }

    /// The text, or nothing and no note.
    pub(super) fn as_text(&self) -> Option<&'s str> {
        self.value.as_str()
    }

    /// The text.
    pub(super) fn text(&self) -> Option<&'s str> {
        self.as_text().or_else(|| self.expected("a text in quotes"))
    }

    /// One of some words.
    pub(super) fn word<T: Copy>(&self, words: &[(&str, T)]) -> Option<T> {
        let text = self.text()?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            self.wrong(format!("not known; {}", closest(text, &names)));
        }
        found
    }

    pub(super) fn boolean(&self) -> Option<bool> {
        self.value.as_bool().or_else(|| self.expected("true or false"))
    }

    /// Whether it is this whole number; no note.
    pub(super) fn is_integer(&self, number: i64) -> bool {
        self.value.as_integer().and_then(whole) == Some(number)
    }

    /// A whole number.
    pub(super) fn integer(&self, range: std::ops::RangeInclusive<i64>) -> Option<i64> {
        let Some(integer) = self.value.as_integer() else { return self.expected("a whole number") };
        let number = whole(integer).filter(|number| range.contains(number));
        if number.is_none() {
            self.wrong(format!("out of range; write a whole number from {} to {}", range.start(), range.end()));
        }
        number
    }

    pub(super) fn number(&self) -> Option<f64> {
        let number = match self.value {
            DeValue::Integer(integer) => {
                i64::from_str_radix(integer.as_str(), integer.radix()).ok().map(|it| it as f64)
            }
            DeValue::Float(float) => float.as_str().parse().ok(),
            _ => return self.expected("a number"),
        };
        let finite = number.filter(|number: &f64| number.is_finite());
        if finite.is_none() {
            self.wrong("not a number to reckon with; write one like 100 or 0.5");
        }
        finite
    }

    /// A moment with its offset, in quotes or as TOML's own.
    pub(super) fn instant(&self) -> Option<chrono::DateTime<chrono::FixedOffset>> {
        let written = match self.value {
            DeValue::Datetime(moment) => moment.to_string(),
            DeValue::String(text) => text.to_string(),
            _ => return self.expected("a date with time and offset"),
        };
        let read = chrono::DateTime::parse_from_rfc3339(&written).ok();
        if read.is_none() {
            self.wrong("not a date with time and offset; write it like 2026-05-09T23:59:50+08:00");
        }
        read
    }

    /// A list of texts.
    pub(super) fn texts(&self) -> Option<Vec<&'s str>> {
        let list = self.value.as_array().and_then(|items| items.iter().map(|item| item.get_ref().as_str()).collect());
        list.or_else(|| self.expected("a list of texts in quotes"))
    }

    pub(super) fn table(&self) -> Option<Table<'s, 't>> {
        let Some(entries) = self.value.as_table() else {
            return self.expected(&format!("a table ({})", self.heading));
        };
        let table = Table { source: self.source, heading: self.heading.clone(), at: self.key_span.start, entries };
        Some(table)
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&self) -> Option<Vec<Table<'s, 't>>> {
        let heading = format!("[[{}]]", self.key);
        let one = |item: &'s Spanned<DeValue<'t>>| {
            let entries = item.get_ref().as_table()?;
            Some(Table { source: self.source, heading: heading.clone(), at: item.span().start, entries })
        };
        let tables = self.value.as_array().and_then(|items| items.iter().map(one).collect());
        tables.or_else(|| self.expected(&format!("tables, each headed {heading},")))
    }
}

fn whole(integer: &DeInteger<'_>) -> Option<i64> {
    i64::from_str_radix(integer.as_str(), integer.radix()).ok()
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
