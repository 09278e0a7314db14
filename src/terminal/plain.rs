//! The exact bytes on stdout; headers and events on stderr.

use std::io::Write;
use std::ops::ControlFlow;

use super::ground::Ground;
use super::names::say;
use super::told::sentence;
use crate::event::{Event, FollowEvent, IncarnationId, What};
use crate::follow::Taker;

/// What `tail -F` would show, and what happened to the files beside it.
pub(super) struct Plain {
    ground: Ground,
    headers: Headers,
    /// Whose bytes came last, and what it was called then.
    current: Option<(IncarnationId, String)>,
    /// Whether it is called otherwise since.
    is_renamed: bool,
    /// Whether the last byte of all was a newline, or none has come.
    at_line_start: bool,
}

/// Which bytes have a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Headers {
    /// Those of every file.
    All,
    /// Those of the first file have none: it was named alone.
    FromSecond,
    /// None.
    No,
}

impl Plain {
    pub(super) fn new(ground: Ground, headers: Headers) -> Plain {
        Plain { ground, headers, current: None, is_renamed: false, at_line_start: true }
    }

    /// Bytes come of another incarnation, or under another name.
    fn turn_to(&mut self, incarnation: IncarnationId) -> ControlFlow<()> {
        let goes_on = self.current.as_ref().is_some_and(|(current, _)| *current == incarnation);
        if !self.at_line_start && !goes_on {
            self.ground.output.write(b"\n")?;
        }
        let title = self.ground.names.title(incarnation);
        let has_header = match self.headers {
            Headers::All => true,
            Headers::FromSecond => self.current.is_some(),
            Headers::No => false,
        };
        if has_header {
            // Whoever does not listen there still wants the lines.
            let _ = std::io::stderr().write_all(format!("==> {title} <==\n").as_bytes());
        }
        self.current = Some((incarnation, title));
        self.is_renamed = false;
        ControlFlow::Continue(())
    }

    fn see(&mut self, event: &FollowEvent) {
        if self.ground.admits(event)
            && let Some(sentence) = sentence(event, &self.ground.names)
        {
            self.ground.output.pulse.moved();
            say(&sentence);
        }
        if self.ground.names.learn(event) {
            let names = &self.ground.names;
            self.is_renamed = self.current.as_ref().is_some_and(|(id, title)| *title != names.title(*id));
        }
    }
}

impl Taker for Plain {
    fn bytes(&mut self, incarnation: IncarnationId, _: u64, bytes: &[u8]) -> ControlFlow<()> {
        if !self.ground.wants(incarnation) {
            return ControlFlow::Continue(());
        }
        if self.is_renamed || self.current.as_ref().is_none_or(|(current, _)| *current != incarnation) {
            self.turn_to(incarnation)?;
        }
        // Of UTF-16, too, in either order.
        self.at_line_start = bytes.ends_with(b"\n") || bytes.ends_with(b"\n\0");
        self.ground.output.write(bytes)
    }

    fn event(&mut self, event: Event) -> ControlFlow<()> {
        match event.what {
            What::Follow(FollowEvent::CaughtUp { request }) => self.ground.output.pulse.answer(request),
            What::Follow(event) => self.see(&event),
            What::Notice { text } => say(&text),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn end(&mut self) {
        self.ground.output.pulse.end();
    }
}
