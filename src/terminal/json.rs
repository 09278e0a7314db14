//! Lines and events as JSON, one object a line.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::lines::{Line, Splitter};
use super::names::{Names, say};
use super::output::Output;
use crate::event::{Event, FollowEvent, IncarnationId, Origin, What};
use crate::follow::Taker;

/// For scripts: whole lines with their place, and what happened, in the order in which it was seen.
pub(super) struct Json {
    output: Output,
    names: Names,
    /// The unended line of each incarnation.
    splitters: BTreeMap<IncarnationId, Splitter>,
    /// Files that the output itself goes to.
    left_out: BTreeSet<IncarnationId>,
    /// Objects on their way out.
    text: Vec<u8>,
}

#[derive(Serialize)]
struct LineObject<'a> {
    r#type: &'static str,
    path: &'a str,
    incarnation: IncarnationId,
    offset: u64,
    bytes_len: u64,
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    bytes_base64: Option<String>,
    /// Only of a line that is too long to be kept whole.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cut: bool,
}

impl Json {
    pub(super) fn new(output: Output, names: Names) -> Json {
        Json { output, names, splitters: BTreeMap::new(), left_out: BTreeSet::new(), text: Vec::new() }
    }

    /// The line that has no newline is a line all the same, because its incarnation has ended, or following has.
    fn finish(&mut self, incarnation: IncarnationId) {
        let Some(splitter) = self.splitters.get_mut(&incarnation) else { return };
        let path = self.names.spell(self.names.path_of(incarnation)).to_string_lossy();
        splitter.finish(|line| write_line(&mut self.text, &path, incarnation, line));
    }

    fn see(&mut self, event: &FollowEvent, at: DateTime<Utc>) {
        self.tell(event, at);
        self.names.learn(event);
    }

    fn tell(&mut self, event: &FollowEvent, at: DateTime<Utc>) {
        match event {
            FollowEvent::Created { incarnation, file_id, path, .. } if self.output.is_own(*file_id) => {
                self.left_out.insert(*incarnation);
                self.names.tell_own(path);
                return;
            }
            FollowEvent::Encoded { incarnation, encoding, units_from } => {
                self.splitters.entry(*incarnation).or_default().understand(*encoding, *units_from);
            }
            FollowEvent::Unterminated { incarnation, .. } => self.finish(*incarnation),
            FollowEvent::Released { incarnation } => {
                self.finish(*incarnation);
                self.splitters.remove(incarnation);
            }
            _ => {}
        }
        if let Some(kind) = event.kind() {
            self.output.pulse.moved();
            let object = self.object_of(event, kind, at);
            write_object(&mut self.text, &object);
        }
    }

    fn object_of(&self, event: &FollowEvent, kind: &str, at: DateTime<Utc>) -> Map<String, Value> {
        let mut object = Map::new();
        let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
        let shown = |path: &std::path::Path| Value::from(self.names.spell(path).to_string_lossy());
        let incarnation = incarnation_of(event);
        put("type", "event".into());
        put("kind", kind.into());
        let path = path_of(event).or_else(|| incarnation.map(|incarnation| self.names.path_of(incarnation)));
        put("path", path.map_or(Value::Null, shown));
        put("incarnation", json!(incarnation));
        put("at", at.with_timezone(&Local).to_rfc3339_opts(SecondsFormat::Micros, false).into());
        match event {
            FollowEvent::Created { origin, start_offset, size, .. } => {
                put("previous", json!(previous_of(*origin)));
                put("start_offset", json!(start_offset));
                put("size", json!(size));
            }
            FollowEvent::Renamed { to, cut, .. } => {
                put("to", shown(to));
                put("size", json!(cut.offset));
            }
            FollowEvent::Deleted { cut, .. } => drop(put("size", json!(cut.offset))),
            FollowEvent::Truncated { next, old_size, read, kept, .. } => {
                put("next", json!(next));
                put("old_size", json!(old_size));
                put("read", json!(read));
                put("kept", json!(kept));
            }
            FollowEvent::Unterminated { offset, bytes, .. } | FollowEvent::Hole { offset, bytes, .. } => {
                put("offset", json!(offset));
                put("bytes", json!(bytes));
            }
            FollowEvent::Abandoned { bytes, .. }
            | FollowEvent::CarriedOver { bytes, .. }
            | FollowEvent::LateBytes { bytes, .. } => drop(put("bytes", json!(bytes))),
            FollowEvent::Archived { path, .. } => drop(put("to", shown(path))),
            FollowEvent::NotAFile { kind, .. } => drop(put("what", json!(kind))),
            FollowEvent::Inaccessible { reason, .. } => drop(put("reason", json!(reason))),
            FollowEvent::Retargeted { to, .. } => drop(put("to", shown(to))),
            FollowEvent::ClockJump { jump_ms } => drop(put("jump_ms", json!(jump_ms))),
            _ => {}
        }
        object
    }

    fn send(&mut self) -> ControlFlow<()> {
        if self.text.is_empty() {
            return ControlFlow::Continue(());
        }
        let sent = self.output.write(&self.text);
        self.text.clear();
        sent
    }
}

impl Taker for Json {
    fn bytes(&mut self, incarnation: IncarnationId, offset: u64, bytes: &[u8]) -> ControlFlow<()> {
        if self.left_out.contains(&incarnation) {
            return ControlFlow::Continue(());
        }
        // The beginning of a line counts as something that came, though nothing goes out yet.
        self.output.pulse.moved();
        let path = self.names.spell(self.names.path_of(incarnation)).to_string_lossy();
        let splitter = self.splitters.entry(incarnation).or_default();
        splitter.take_in(offset, bytes, |line| write_line(&mut self.text, &path, incarnation, line));
        self.send()
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        match event.what {
            What::Follow(FollowEvent::CaughtUp { request }) => self.output.pulse.answer(request),
            What::Follow(follow) => self.see(&follow, event.at.wall),
            What::Notice { text } => say(&text),
            _ => {}
        }
        self.send()
    }

    fn end(&mut self) {
        let unended: Vec<IncarnationId> = self.splitters.keys().copied().collect();
        for incarnation in unended {
            self.finish(incarnation);
        }
        // Nothing is left to be broken off.
        let _: ControlFlow<()> = self.send();
        self.output.pulse.end();
    }
}

fn write_line(text: &mut Vec<u8>, path: &str, incarnation: IncarnationId, line: &Line<'_>) {
    let object = LineObject {
        r#type: "line",
        path,
        incarnation,
        offset: line.offset,
        bytes_len: line.bytes_len,
        text: &line.text(),
        bytes_base64: (!line.is_utf8()).then(|| STANDARD.encode(line.bytes)),
        cut: line.is_cut(),
    };
    write_object(text, &object);
}

fn write_object(text: &mut Vec<u8>, object: &impl Serialize) {
    // Strings and numbers into memory: that can't fail.
    if serde_json::to_writer(&mut *text, object).is_ok() {
        text.push(b'\n');
    }
}

fn previous_of(origin: Origin) -> Option<IncarnationId> {
    match origin {
        Origin::AtStart | Origin::Created => None,
        Origin::Replaced { previous } | Origin::Retargeted { previous } | Origin::Truncated { previous } => {
            Some(previous)
        }
    }
}

/// The path that an event itself names.
fn path_of(event: &FollowEvent) -> Option<&std::path::Path> {
    match event {
        FollowEvent::Renamed { from, .. } => Some(from),
        FollowEvent::Created { path, .. }
        | FollowEvent::Deleted { path, .. }
        | FollowEvent::Truncated { path, .. }
        | FollowEvent::NotAFile { path, .. }
        | FollowEvent::Inaccessible { path, .. }
        | FollowEvent::Accessible { path }
        | FollowEvent::Retargeted { path, .. }
        | FollowEvent::Missed { path, .. } => Some(path),
        _ => None,
    }
}

fn incarnation_of(event: &FollowEvent) -> Option<IncarnationId> {
    match event {
        FollowEvent::Created { incarnation, .. }
        | FollowEvent::Renamed { incarnation, .. }
        | FollowEvent::Deleted { incarnation, .. }
        | FollowEvent::Truncated { incarnation, .. }
        | FollowEvent::Unterminated { incarnation, .. }
        | FollowEvent::Hole { incarnation, .. }
        | FollowEvent::Abandoned { incarnation, .. }
        | FollowEvent::CarriedOver { incarnation, .. }
        | FollowEvent::Archived { incarnation, .. }
        | FollowEvent::LateBytes { incarnation, .. } => Some(*incarnation),
        _ => None,
    }
}
