//! Who did what to which file.

use fluent_bundle::FluentValue;

use super::{Args, Teller, Tone, chip, file_name, why};
use crate::event::{Actor, Exit, WorkerId};
use crate::gui::state::Scene;
use crate::gui::text::{Language, gap, size};
use crate::gui::trash::is_in_trash;
use crate::model::{Mark, MarkKind};

/// The word for a kind of mark: the key of its message, and how it is said.
pub fn verb(kind: &MarkKind) -> (&'static str, Tone) {
    match kind {
        MarkKind::Created { .. } => ("story-verb-created", Tone::Good),
        // A worker renames and removes files at its rollovers, and at no other time.
        MarkKind::Renamed { by: Actor::Worker(_), .. } => ("story-verb-rolled-over", Tone::Plain),
        MarkKind::Renamed { to, .. } if is_in_trash(to) => ("story-verb-trashed", Tone::Warn),
        MarkKind::Renamed { .. } => ("story-verb-renamed", Tone::Warn),
        MarkKind::Deleted { by: Actor::Worker(_) } => ("story-verb-removed", Tone::Warn),
        MarkKind::Deleted { .. } => ("story-verb-deleted", Tone::Bad),
        MarkKind::Replaced { .. } => ("story-verb-replaced", Tone::Warn),
        MarkKind::Truncated { .. } => ("story-verb-truncated", Tone::Warn),
        MarkKind::Restored | MarkKind::WrittenBack { .. } => ("story-verb-restored", Tone::Good),
        MarkKind::Archived { .. } => ("story-verb-archived", Tone::Plain),
        MarkKind::NotAFile => ("story-verb-not-a-file", Tone::Warn),
        MarkKind::Inaccessible { .. } => ("story-verb-inaccessible", Tone::Warn),
        MarkKind::Accessible => ("story-verb-accessible", Tone::Good),
        MarkKind::Hole { .. } => ("story-verb-hole", Tone::Warn),
        MarkKind::Missed => ("story-verb-missed", Tone::Warn),
        MarkKind::Retargeted { .. } => ("story-verb-retargeted", Tone::Plain),
        MarkKind::Abandoned { .. } => ("story-verb-abandoned", Tone::Bad),
        MarkKind::CarriedOver { .. } => ("story-verb-carried-over", Tone::Quiet),
        MarkKind::LateBytes { .. } => ("story-verb-late", Tone::Warn),
        MarkKind::ClockJumped { .. } | MarkKind::ClockSet { .. } => ("story-verb-clock", Tone::Warn),
        MarkKind::Unterminated { .. } => ("story-verb-unterminated", Tone::Quiet),
        MarkKind::Overflow => ("story-verb-overflow", Tone::Warn),
        MarkKind::WorkerStarted { .. } => ("story-verb-started", Tone::Quiet),
        MarkKind::WorkerExited { exit: Exit::Signal(_), .. } => ("story-verb-killed", Tone::Warn),
        MarkKind::WorkerExited { .. } => ("story-verb-exited", Tone::Quiet),
        MarkKind::WorkerStopped { stopped: true, .. } => ("story-verb-stopped", Tone::Warn),
        MarkKind::WorkerStopped { .. } => ("story-verb-continued", Tone::Plain),
        MarkKind::Blocked { .. } => ("story-verb-blocked", Tone::Warn),
        MarkKind::Unblocked { gave_up: true, .. } => ("story-verb-gave-up", Tone::Plain),
        MarkKind::Unblocked { .. } => ("story-verb-unblocked", Tone::Plain),
        MarkKind::Reopened { .. } => ("story-verb-reopened", Tone::Good),
        MarkKind::EmitFailed { .. } => ("story-verb-failed", Tone::Bad),
        MarkKind::OperationFailed { .. } => ("story-verb-refused", Tone::Warn),
        MarkKind::Said { .. } => ("story-verb-said", Tone::Plain),
        MarkKind::Expected { held: true, .. } => ("story-verb-met", Tone::Good),
        MarkKind::Expected { .. } => ("story-verb-unmet", Tone::Bad),
    }
}

impl Teller<'_> {
    fn actor(&self, by: Actor) -> Args<'static> {
        let (who, step, name) = match by {
            Actor::Person => ("person", 0, String::new()),
            Actor::Step(step) => ("step", step + 1, String::new()),
            Actor::Worker(worker) => ("worker", 0, self.worker_name(worker)),
            Actor::Other => ("other", 0, String::new()),
        };
        vec![("who", who.into()), ("step", step.into()), ("name", name.into())]
    }

    fn by(&self, by: Actor) -> String {
        self.say("story-by", &self.actor(by))
    }

    pub(super) fn deed(&self, mark: &Mark) -> String {
        let file = || FluentValue::from(mark.path.as_deref().map(file_name).unwrap_or_default());
        let done = |key: &str, by: Actor| self.say(key, &[("file", file()), ("by", self.by(by).into())]);
        match &mark.kind {
            MarkKind::Created { by: Some(worker) } => {
                self.say("story-created", &[("file", file()), ("name", self.worker_name(*worker).into())])
            }
            MarkKind::Created { by: None } => self.say("story-created-unknown", &[("file", file())]),
            MarkKind::Renamed { to, by: Actor::Worker(worker) } => self.say(
                "story-rolled-over",
                &[("file", file()), ("to", file_name(to).into()), ("name", self.worker_name(*worker).into())],
            ),
            MarkKind::Deleted { by: Actor::Worker(worker) } => {
                self.say("story-removed", &[("file", file()), ("name", self.worker_name(*worker).into())])
            }
            MarkKind::Renamed { to, by } if is_in_trash(to) => done("story-trashed", *by),
            MarkKind::Renamed { to, by } => self
                .say("story-renamed", &[("file", file()), ("to", file_name(to).into()), ("by", self.by(*by).into())]),
            MarkKind::Deleted { by } => done("story-deleted", *by),
            MarkKind::Replaced { by } => done("story-replaced", *by),
            MarkKind::Truncated { by, old_size, kept } => self.say(
                "story-truncated",
                &[
                    ("file", file()),
                    ("old", size(*old_size).into()),
                    ("kept", size(*kept).into()),
                    ("by", self.by(*by).into()),
                ],
            ),
            MarkKind::Restored => {
                let id = mark.incarnation.map_or_else(|| "".into(), chip);
                self.say("story-restored", &[("file", file()), ("chip", id)])
            }
            MarkKind::WrittenBack { to, bytes } => self.say(
                "story-written-back",
                &[("file", file()), ("to", file_name(to).into()), ("size", size(*bytes).into())],
            ),
            MarkKind::Archived { to } => {
                let id = mark.incarnation.map_or_else(|| "".into(), chip);
                self.say("story-archived", &[("to", file_name(to).into()), ("chip", id)])
            }
            MarkKind::NotAFile => self.say("story-not-a-file", &[("file", self.place_of(mark).into())]),
            MarkKind::Accessible => self.say("story-accessible", &[("file", file())]),
            MarkKind::Missed => self.say("story-missed", &[("file", file())]),
            MarkKind::Overflow => self.scene.tr("story-overflow"),
            MarkKind::Inaccessible { reason } => {
                let file = self.place_of(mark);
                self.say("story-inaccessible", &[("file", file.into()), ("reason", reason.as_str().into())])
            }
            MarkKind::Retargeted { to } => {
                self.say("story-retargeted", &[("file", file()), ("to", to.to_string_lossy().into_owned().into())])
            }
            MarkKind::Hole { bytes } => self.bytes("story-hole", file(), *bytes),
            MarkKind::Unterminated { bytes } => self.bytes("story-unterminated", file(), *bytes),
            MarkKind::Abandoned { bytes } => self.bytes("story-abandoned", file(), *bytes),
            MarkKind::CarriedOver { bytes } => self.bytes("story-carried-over", file(), *bytes),
            MarkKind::LateBytes { bytes } => self.bytes("story-late", file(), *bytes),
            MarkKind::ClockSet { by } => {
                let time = self.clock_setting(mark.at);
                self.say("story-clock", &[("time", time.into()), ("by", self.by(*by).into())])
            }
            MarkKind::ClockJumped { jump_ms } => {
                let jump = format!("{}{}", if *jump_ms < 0 { "−" } else { "+" }, stretch(jump_ms.unsigned_abs()));
                self.say("story-clock-jumped", &[("jump", jump.into())])
            }
            MarkKind::OperationFailed { operation, reason } => self
                .say("story-refused", &[("operation", operation.as_str().into()), ("reason", reason.as_str().into())]),
            MarkKind::Said { text, text_zh } => said(self.scene, text, text_zh.as_deref()).to_owned(),
            MarkKind::Expected { that, found, .. } => {
                self.say("story-expected", &[("that", that.as_str().into()), ("found", found.as_str().into())])
            }
            MarkKind::WorkerStarted { .. }
            | MarkKind::WorkerExited { .. }
            | MarkKind::WorkerStopped { .. }
            | MarkKind::Blocked { .. }
            | MarkKind::Unblocked { .. }
            | MarkKind::Reopened { .. }
            | MarkKind::EmitFailed { .. } => self.worker_deed(mark),
        }
    }

    /// The file that could not be got at. Of a lab's files the name is enough; of others one wants to know where to look.
    fn place_of(&self, mark: &Mark) -> String {
        let Some(path) = mark.path.as_deref() else { return String::new() };
        if self.scene.in_lab(path) { file_name(path) } else { path.display().to_string() }
    }

    /// Where somebody has to look to mend what went wrong.
    pub(super) fn whole_path(&self, mark: &Mark) -> Option<(Tone, String)> {
        let wrong = matches!(
            mark.kind,
            MarkKind::Inaccessible { .. }
                | MarkKind::NotAFile
                | MarkKind::EmitFailed { .. }
                | MarkKind::OperationFailed { .. }
        );
        let path = mark.path.as_deref().filter(|_| wrong)?;
        Some((Tone::Quiet, path.display().to_string()))
    }

    fn bytes(&self, key: &str, file: FluentValue<'_>, bytes: u64) -> String {
        self.say(key, &[("file", file), ("size", size(bytes).into())])
    }

    fn worker_deed(&self, mark: &Mark) -> String {
        let name = |worker: WorkerId| FluentValue::from(self.worker_name(worker));
        match &mark.kind {
            MarkKind::WorkerStarted { worker, pid } => {
                self.say("story-started", &[("name", name(*worker)), ("pid", pid.to_string().into())])
            }
            MarkKind::WorkerExited { worker, exit, asked } => match exit {
                Exit::Signal(signal) => {
                    let signal = crate::platform::signal_name(*signal);
                    self.say("story-exited-signal", &[("name", name(*worker)), ("signal", signal.into())])
                }
                Exit::Code(_) if *asked => self.say("story-exited-asked", &[("name", name(*worker))]),
                Exit::Code(code) => {
                    self.say("story-exited-code", &[("name", name(*worker)), ("code", code.to_string().into())])
                }
            },
            MarkKind::WorkerStopped { worker, stopped } => {
                self.say(if *stopped { "story-stopped" } else { "story-continued" }, &[("name", name(*worker))])
            }
            MarkKind::Blocked { worker, holder: Some(holder), stopped, .. } => {
                let key = if *stopped { "story-blocked-stopped" } else { "story-blocked" };
                self.say(key, &[("name", name(*worker)), ("holder", name(*holder))])
            }
            MarkKind::Blocked { worker, holder_pid: Some(pid), .. } => {
                self.say("story-blocked-process", &[("name", name(*worker)), ("pid", pid.to_string().into())])
            }
            MarkKind::Blocked { worker, .. } => self.say("story-blocked-unknown", &[("name", name(*worker))]),
            MarkKind::Unblocked { worker, waited_ms, gave_up } => {
                let key = if *gave_up { "story-gave-up" } else { "story-unblocked" };
                self.say(key, &[("name", name(*worker)), ("gap", gap(*waited_ms).into())])
            }
            MarkKind::Reopened { worker, reason } => {
                self.say("story-reopened", &[("name", name(*worker)), ("why", self.scene.tr(why(*reason)).into())])
            }
            MarkKind::EmitFailed { worker, reason } => {
                let file = mark.path.as_deref().map(file_name).unwrap_or_default();
                let args = [("name", name(*worker)), ("file", file.into()), ("reason", reason.as_str().into())];
                self.say("story-failed", &args)
            }
            _ => String::new(),
        }
    }

    pub(super) fn title(&self, mark: &Mark) -> Option<String> {
        let file = mark.path.as_deref().map(file_name).unwrap_or_default();
        let with = |key: &str, by: Actor, more: Args<'_>| {
            let mut args: Args<'_> = self.actor(by);
            args.push(("file", file.as_str().into()));
            args.extend(more);
            Some(self.say(key, &args))
        };
        match &mark.kind {
            MarkKind::Deleted { by } => with("story-title-deleted", *by, vec![]),
            MarkKind::Renamed { to, by } if is_in_trash(to) => with("story-title-trashed", *by, vec![]),
            MarkKind::Renamed { to, by } => with("story-title-renamed", *by, vec![("to", file_name(to).into())]),
            MarkKind::Replaced { by } => with("story-title-replaced", *by, vec![]),
            MarkKind::Truncated { by, .. } => with("story-title-truncated", *by, vec![]),
            MarkKind::ClockSet { by } => {
                let time = self.clock_setting(mark.at);
                with("story-title-clock", *by, vec![("time", time.into())])
            }
            MarkKind::Created { by: Some(worker) } => {
                let name = self.worker_name(*worker);
                Some(self.say("story-title-created", &[("name", name.into()), ("file", file.into())]))
            }
            MarkKind::Created { by: None } => Some(self.say("story-title-created-unknown", &[("file", file.into())])),
            _ => None,
        }
    }
}

/// A long stretch of time, short: `1 h 30 min`, `12 s`.
fn stretch(ms: u64) -> String {
    let (seconds, minutes, hours) = (ms / 1_000, ms / 60_000, ms / 3_600_000);
    let parts = [(hours / 24, "d"), (hours % 24, "h"), (minutes % 60, "min"), (seconds % 60, "s")];
    let shown: Vec<String> =
        parts.iter().filter(|(n, _)| *n > 0).take(2).map(|(n, unit)| format!("{n} {unit}")).collect();
    if shown.is_empty() { gap(ms as f64) } else { shown.join(" ") }
}

/// What a step of the lab says, in the window's language as far as the lab file has it.
pub(in crate::gui) fn said<'a>(scene: &Scene<'_>, text: &'a str, text_zh: Option<&'a str>) -> &'a str {
    text_zh.filter(|_| scene.words.language() == Language::Chinese).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::stretch;

    #[test]
    fn long_stretches_are_said_in_two_units() {
        let said = [250, 12_000, 3_600_000, 5_400_000, 90_000_000].map(stretch);
        assert_eq!(said, ["250 ms", "12 s", "1 h", "1 h 30 min", "1 d 1 h"]);
    }
}
