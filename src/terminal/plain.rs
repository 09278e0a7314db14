//! The exact bytes on stdout; headers and events on stderr.

use std::collections::BTreeSet;
use std::io::Write;
use std::ops::ControlFlow;

use super::names::{Names, say};
use super::output::Output;
use super::told::sentence;
use crate::event::{Event, FollowEvent, IncarnationId, What};
use crate::follow::Taker;

/// What `tail -F` would show, and what happened to the files beside it.
pub(super) struct Plain {
    output: Output,
    names: Names,
    /// Whose bytes came last.
    current: Option<IncarnationId>,
    /// Whether the last byte of all was a newline, or none has come.
    at_line_start: bool,
    /// The first file has a header too.
    several: bool,
    /// Files that the output itself goes to.
    left_out: BTreeSet<IncarnationId>,
}

impl Plain {
    pub(super) fn new(output: Output, names: Names, several: bool) -> Plain {
        Plain { output, names, current: None, at_line_start: true, several, left_out: BTreeSet::new() }
    }

    /// Another incarnation's bytes come: on a line of their own, under a header.
    fn turn_to(&mut self, incarnation: IncarnationId) -> ControlFlow<()> {
        if !self.at_line_start {
            self.output.write(b"\n")?;
        }
        if self.current.is_some() || self.several {
            let path = self.names.for_people(self.names.path_of(incarnation));
            let header = format!("==> {path} (#{}) <==\n", incarnation.0);
            // Whoever does not listen there still wants the lines.
            let _ = std::io::stderr().write_all(header.as_bytes());
        }
        self.current = Some(incarnation);
        ControlFlow::Continue(())
    }

    fn see(&mut self, event: &FollowEvent) {
        self.tell(event);
        self.names.learn(event);
    }

    fn tell(&mut self, event: &FollowEvent) {
        if let FollowEvent::Created { incarnation, file_id, path, .. } = event
            && self.output.is_own(*file_id)
        {
            self.left_out.insert(*incarnation);
            self.names.tell_own(path);
            return;
        }
        if let Some(sentence) = sentence(event, &self.names) {
            self.output.pulse.moved();
            say(&sentence);
        }
    }
}

impl Taker for Plain {
    fn bytes(&mut self, incarnation: IncarnationId, _: u64, bytes: &[u8]) -> ControlFlow<()> {
        if self.left_out.contains(&incarnation) {
            return ControlFlow::Continue(());
        }
        if self.current != Some(incarnation) {
            self.turn_to(incarnation)?;
        }
        self.at_line_start = bytes.ends_with(b"\n");
        self.output.write(bytes)
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        match event.what {
            What::Follow(FollowEvent::CaughtUp { request }) => self.output.pulse.answer(request),
            What::Follow(event) => self.see(&event),
            What::Notice { text } => say(&text),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self) {
        self.output.pulse.end();
    }
}
