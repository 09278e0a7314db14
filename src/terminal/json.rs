//! Lines and events as JSON, one object a line.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Local, SecondsFormat, Utc};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::ground::{Ground, incarnation_of};
use super::lines::{Line, Splitter};
use super::names::{Names, Standing, say};
use crate::event::{Event, FollowEvent, IncarnationId, Origin, What};
use crate::follow::Taker;

/// For scripts: whole lines with their place, and what happened, in the order in which it was seen.
pub(super) struct Json {
    ground: Ground,
    /// The unended line of each incarnation.
    splitters: BTreeMap<IncarnationId, Splitter>,
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
    /// No path leads to it any more.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    unlinked: bool,
    /// The path is a link that leads elsewhere now.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    retargeted: bool,
}

/// Whose line it is.
struct Whose<'a> {
    incarnation: IncarnationId,
    path: Cow<'a, str>,
    standing: Standing,
}

impl Whose<'_> {
    fn of(incarnation: IncarnationId, names: &Names) -> Whose<'_> {
        let path = names.spell(names.path_of(incarnation)).to_string_lossy();
        Whose { incarnation, path, standing: names.standing_of(incarnation) }
    }
}

impl Json {
    pub(super) fn new(ground: Ground) -> Json {
        Json { ground, splitters: BTreeMap::new(), text: Vec::new() }
    }

    /// The line that has no newline is a line all the same, because its incarnation has ended, or following has.
    fn finish(&mut self, incarnation: IncarnationId) {
        let Some(splitter) = self.splitters.get_mut(&incarnation) else { return };
        let whose = Whose::of(incarnation, &self.ground.names);
        splitter.finish(|line| write_line(&mut self.text, &whose, line));
    }

    fn see(&mut self, event: &FollowEvent, at: DateTime<Utc>) {
        if self.ground.admits(event) {
            self.tell(event, at);
        }
        self.ground.names.learn(event);
    }

    fn tell(&mut self, event: &FollowEvent, at: DateTime<Utc>) {
        match event {
            FollowEvent::Encoded { incarnation, encoding, units_from } => {
                self.splitters.entry(*incarnation).or_default().understand(*encoding, *units_from);
            }
            FollowEvent::Unterminated { incarnation, .. } => self.finish(*incarnation),
            // What was left of its last line was told as unterminated.
            FollowEvent::Truncated { incarnation, .. } => drop(self.splitters.remove(incarnation)),
            FollowEvent::Released { incarnation } => {
                self.finish(*incarnation);
                self.splitters.remove(incarnation);
            }
            _ => {}
        }
        if let Some(kind) = event.kind() {
            self.ground.output.pulse.moved();
            let object = object_of(event, kind, at, &self.ground.names);
            write_object(&mut self.text, &object);
        }
    }

    fn send(&mut self) -> ControlFlow<()> {
        if self.text.is_empty() {
            return ControlFlow::Continue(());
        }
        let sent = self.ground.output.write(&self.text);
        self.text.clear();
        sent
    }
}

impl Taker for Json {
    fn bytes(&mut self, incarnation: IncarnationId, offset: u64, bytes: &[u8]) -> ControlFlow<()> {
        if !self.ground.wants(incarnation) {
            // What was begun is a piece of what came out here.
            self.splitters.remove(&incarnation);
            return ControlFlow::Continue(());
        }
        // The beginning of a line counts as something that came, though nothing goes out yet.
        self.ground.output.pulse.moved();
        let whose = Whose::of(incarnation, &self.ground.names);
        let splitter = self.splitters.entry(incarnation).or_default();
        splitter.take_in(offset, bytes, |line| write_line(&mut self.text, &whose, line));
        self.send()
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        match event.what {
            What::Follow(FollowEvent::CaughtUp { request }) => self.ground.output.pulse.answer(request),
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
        self.ground.output.pulse.end();
    }
}

fn write_line(text: &mut Vec<u8>, whose: &Whose<'_>, line: &Line<'_>) {
    let object = LineObject {
        r#type: "line",
        path: &whose.path,
        incarnation: whose.incarnation,
        offset: line.offset,
        bytes_len: line.bytes_len,
        text: &line.text(),
        bytes_base64: (!line.is_utf8()).then(|| STANDARD.encode(line.bytes)),
        cut: line.is_cut(),
        unlinked: whose.standing.is_unlinked(),
        retargeted: whose.standing == Standing::Retargeted,
    };
    write_object(text, &object);
}

fn write_object(text: &mut Vec<u8>, object: &impl Serialize) {
    // Strings and numbers into memory: that can't fail.
    if serde_json::to_writer(&mut *text, object).is_ok() {
        text.push(b'\n');
    }
}

fn object_of(event: &FollowEvent, kind: &str, at: DateTime<Utc>, names: &Names) -> Map<String, Value> {
    let mut object = Map::new();
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    let shown = |path: &std::path::Path| Value::from(names.spell(path).to_string_lossy());
    let incarnation = incarnation_of(event);
    put("type", "event".into());
    put("kind", kind.into());
    let path = path_of(event).or_else(|| incarnation.map(|incarnation| names.path_of(incarnation)));
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::PathBuf;

    use super::*;
    use crate::event::{Actor, Cut, EntryKind, FileId};

    const README: &str = include_str!("../../README.md");
    /// Where the kinds stand, each once.
    const KINDS: &str = include_str!("../event/follow.rs");

    type Fields = BTreeMap<String, BTreeSet<String>>;

    /// One event of each kind.
    fn events() -> Vec<FollowEvent> {
        let (incarnation, next, file_id) = (IncarnationId(1), IncarnationId(2), FileId { dev: 1, ino: 1, born_ns: 1 });
        let (by, cut, offset, bytes) = (Actor::Other, Cut { offset: 1, exact: false }, 0, 1);
        let path = || PathBuf::from("/a");
        let created = |origin| {
            let (path, start_offset, size) = (path(), 0, 1);
            FollowEvent::Created { incarnation, file_id, path, start_offset, size, origin, unlinked: false }
        };
        let truncated = || {
            let (path, old_size, read, kept, remaining) = (path(), 1, 1, 0, Vec::new());
            FollowEvent::Truncated { incarnation, next, path, old_size, read, kept, remaining, exact: false, by }
        };
        vec![
            created(Origin::Created),
            created(Origin::Replaced { previous: next }),
            FollowEvent::Deleted { incarnation, path: path(), cut, beyond: Vec::new(), by, replaced: false },
            FollowEvent::Renamed { incarnation, from: path(), to: path(), cut, beyond: Vec::new(), by },
            truncated(),
            FollowEvent::Unterminated { incarnation, offset, bytes },
            FollowEvent::NotAFile { path: path(), kind: EntryKind::Folder },
            FollowEvent::Inaccessible { path: path(), reason: String::new() },
            FollowEvent::Accessible { path: path() },
            FollowEvent::Retargeted { path: path(), to: path() },
            FollowEvent::Hole { incarnation, offset, bytes },
            FollowEvent::Missed { path: path(), file_id: None },
            FollowEvent::Abandoned { incarnation, bytes },
            FollowEvent::CarriedOver { incarnation, bytes, lines: None },
            FollowEvent::Archived { incarnation, path: path() },
            FollowEvent::LateBytes { incarnation, bytes },
            FollowEvent::Overflow,
            FollowEvent::ClockJump { jump_ms: 1 },
        ]
    }

    fn keys(object: &Map<String, Value>) -> BTreeSet<String> {
        object.keys().filter(|key| *key != "type").cloned().collect()
    }

    /// The fields of a line, and of each kind of event beside those that all have.
    fn written() -> Fields {
        let line = LineObject {
            r#type: "line",
            path: "a",
            incarnation: IncarnationId(1),
            offset: 0,
            bytes_len: 1,
            text: "",
            bytes_base64: Some(String::new()),
            cut: true,
            unlinked: true,
            retargeted: true,
        };
        let line = serde_json::to_value(line).unwrap_or_default();
        let of_all: BTreeSet<String> = ["kind", "path", "incarnation", "at"].map(str::to_owned).into();
        let mut fields = Fields::from([
            ("line".to_owned(), line.as_object().map(keys).unwrap_or_default()),
            ("event".to_owned(), of_all.clone()),
        ]);
        let names = Names::new(&[]);
        for event in events() {
            let Some(kind) = event.kind() else { panic!("{event:?} is told to nobody") };
            let keys = keys(&object_of(&event, kind, DateTime::UNIX_EPOCH, &names));
            assert!(keys.is_superset(&of_all), "{kind}");
            fields.insert(kind.to_owned(), keys.difference(&of_all).cloned().collect());
        }
        fields
    }

    /// The same by the README's table.
    fn documented() -> Fields {
        let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
        let (_, table) = README.split_once("| `type` or `kind` |").unwrap_or_default();
        let mut fields = Fields::new();
        for row in table.lines().skip(2).take_while(|row| row.starts_with('|')) {
            let columns: Vec<&str> = row.split('|').collect();
            for kind in quoted(columns[1]) {
                fields.entry(kind).or_default().extend(quoted(columns[2]));
            }
        }
        fields
    }

    #[test]
    fn the_readme_has_all_fields_of_every_kind() {
        let written = written();
        assert_eq!(written, documented());
        let (_, kinds) = KINDS.split_once("pub fn kind(").unwrap_or_default();
        for kind in kinds.split("=> \"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(written.contains_key(kind), "no event of the kind {kind} was looked at");
        }
    }
}
