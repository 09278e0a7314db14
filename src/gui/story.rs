//! Sentences about what happened, for dividers, tooltips and messages: who did what to which file, and what came of it.

mod deeds;
mod outcomes;
mod told;

use std::path::Path;

use fluent_bundle::FluentValue;

use super::state::Scene;
use super::text::{gap, size};
use crate::clock::{ClockSetting, Moment, Mono};
use crate::event::{IncarnationId, OpenReason, WorkerId};
use crate::model::{Bar, Incarnation, Mark, MarkId, Reach, Span};

pub(super) use deeds::said;
pub use deeds::verb;
pub use told::{Divider, Telling, Tone};

/// Names in one sentence at the most; the rest is a number.
const NAMES: usize = 4;

type Args<'a> = Vec<(&'static str, FluentValue<'a>)>;

/// The name of a file, without its folder.
pub fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

/// Tells what a session's model holds, in the words of one language.
#[derive(Clone, Copy)]
pub struct Teller<'a> {
    scene: &'a Scene<'a>,
}

impl<'a> Teller<'a> {
    /// Tells of this session.
    pub fn new(scene: &'a Scene<'a>) -> Teller<'a> {
        Teller { scene }
    }

    /// Session time of a moment, to the millisecond: `00:00:09.214`.
    pub fn time(&self, at: Moment) -> String {
        self.session_time(at).format("%H:%M:%S%.3f").to_string()
    }

    /// Session time of a monotonic moment.
    pub fn mono_time(&self, at: Mono) -> String {
        self.time(self.scene.moment_at(at))
    }

    fn session_time(&self, at: Moment) -> chrono::DateTime<chrono::FixedOffset> {
        match self.scene.model.clock_at(at.mono) {
            Some(clock) => clock.session_time(&at),
            None => ClockSetting::wall().session_time(&at),
        }
    }

    /// To what the clock was set: a time, or another speed at the same time.
    fn clock_setting(&self, at: Moment) -> String {
        let clocks = self.scene.model.clocks();
        let now = clocks.partition_point(|(from, _)| *from <= at.mono);
        let pair = now.checked_sub(2).and_then(|before| clocks.get(before..now));
        if let Some([(_, before), (_, after)]) = pair
            && let (Some(old), Some(new)) = (before.rate(), after.rate())
            && old != new
            && (after.session_time(&at) - before.session_time(&at)).num_seconds() == 0
        {
            return self.say("story-clock-run-at", &[("rate", format!("×{new}").into())]);
        }
        self.session_time(at).format("%Y-%m-%d %H:%M:%S").to_string()
    }

    /// The divider of a mark.
    pub fn divider(&self, id: MarkId) -> Option<Divider> {
        let mark = self.scene.model.timeline().mark(id)?;
        let (key, tone) = verb(&mark.kind);
        Some(Divider {
            verb: self.scene.tr(key),
            tone,
            time: self.time(mark.at),
            deed: self.deed(mark),
            outcome: self.outcome(mark),
        })
    }

    /// Everything about a mark, its consequence first.
    pub fn mark(&self, id: MarkId) -> Option<Telling> {
        let mark = self.scene.model.timeline().mark(id)?;
        let fault = self.fault_of(mark);
        let mut lines = fault.map(|fault| self.consequences(fault)).unwrap_or_default();
        let title = self.title(mark).unwrap_or_else(|| without_stop(&self.deed(mark)));
        if fault.is_none() {
            let outcome = self.outcome(mark);
            if !outcome.is_empty() {
                lines.push((Tone::Plain, outcome));
            }
        }
        lines.extend(self.whole_path(mark));
        Some(Telling { title, facts: self.mark_facts(mark), lines })
    }

    /// A bar of a path's lane.
    pub fn bar(&self, bar: &Bar, lane: &Path) -> Option<Telling> {
        let one = self.scene.model.incarnation(bar.incarnation)?;
        let title = self.say("story-bar", &[("chip", chip(one.id)), ("file", self.name_of(one).into())]);
        let facts = self.say(
            "story-bar-facts",
            &[
                ("lines", one.lines_in_all().unwrap_or(one.lines).into()),
                ("size", size(one.size).into()),
                ("inode", one.file_id.ino.to_string().into()),
                ("time", self.session_time(one.opened).format("%H:%M:%S").to_string().into()),
            ],
        );
        Some(Telling { title, facts, lines: self.standing(one, lane) })
    }

    /// How an incarnation stands now.
    fn standing(&self, one: &Incarnation, lane: &Path) -> Vec<(Tone, String)> {
        let writers: Vec<WorkerId> =
            self.scene.writers(one.id).filter(|worker| worker.is_alive()).map(|one| one.id).collect();
        let names = self.names(&writers);
        let mut lines = Vec::new();
        match one.reach {
            Reach::Unlinked { .. } if writers.is_empty() => {
                lines.push((Tone::Plain, self.scene.tr("story-bar-unlinked-quiet")));
            }
            Reach::Unlinked { .. } => {
                let args = &[("n", writers.len().into()), ("names", names.as_str().into())];
                lines.push((Tone::Warn, self.say("story-bar-unlinked", args)));
                let lost: u64 = writers.iter().map(|worker| self.lost_in(one.id, *worker)).sum();
                if lost > 0 {
                    lines.push(self.losing(&names, lost));
                }
            }
            Reach::Truncated { kept } => {
                lines.push((Tone::Plain, self.say("story-bar-truncated", &[("kept", size(kept).into())])));
            }
            _ if one.path.as_deref().is_some_and(|path| path != lane) => {
                lines.push((Tone::Plain, self.say("story-bar-moved", &[("file", file_name(lane).into())])));
            }
            _ => {}
        }
        if matches!(one.reach, Reach::Live | Reach::Moved) {
            lines.push(if !writers.is_empty() {
                (Tone::Plain, self.say("story-bar-live", &[("names", names.into())]))
            } else if self.scene.has_lab() || one.reach == Reach::Moved {
                let time = self.mono_time(one.last_growth);
                (Tone::Quiet, self.say("story-bar-quiet", &[("time", time.into())]))
            } else {
                (Tone::Plain, self.scene.tr("story-bar-live-unknown"))
            });
        }
        lines
    }

    /// A span of a worker's lane, at a moment in it.
    pub fn span(&self, worker: WorkerId, span: &Span, at: Mono) -> Option<Telling> {
        let name = self.worker_name(worker);
        let model = self.scene.model;
        let one = model.incarnation_of_at(span.file, at).and_then(|id| model.incarnation(id));
        let title = match one {
            None => self.say("story-span-unknown", &[("name", name.into())]),
            Some(one) => {
                let key = if span.to.is_none() { "story-span-now" } else { "story-span-then" };
                let args = &[("name", name.into()), ("chip", chip(one.id)), ("file", self.name_of(one).into())];
                self.say(key, args)
            }
        };
        let why = without_stop(&self.scene.tr(why(span.reason)));
        let from = self.mono_time(span.from);
        let facts = match span.to {
            Some(to) => self.say(
                "story-span-facts",
                &[("from", from.into()), ("to", self.mono_time(to).into()), ("why", why.into())],
            ),
            None => self.say("story-span-since", &[("from", from.into()), ("why", why.into())]),
        };
        let mut lines = Vec::new();
        if let Some(fault) = span.answers.and_then(|fault| model.timeline().faults.get(fault)) {
            let ms = span.from.since(fault.at.mono) as f64 / 1e6;
            lines.push((Tone::Good, self.say("story-span-answer", &[("gap", gap(ms).into())])));
        }
        if let Some(one) = one
            && matches!(one.reach, Reach::Unlinked { .. })
            && span.to.is_none()
        {
            let name = self.worker_name(worker);
            lines.push(match self.lost_in(one.id, worker) {
                0 => (Tone::Warn, self.say("story-in-unlinked", &[("names", name.into()), ("lost", 0.into())])),
                lost => self.losing(&name, lost),
            });
        }
        Some(Telling { title, facts, lines })
    }

    /// Names in one phrase: `web-1, web-2, web-3 and 5 more`.
    pub fn names(&self, workers: &[WorkerId]) -> String {
        let shown = workers.iter().take(NAMES).map(|worker| self.worker_name(*worker)).collect::<Vec<_>>();
        let names = shown.join(&self.scene.tr("story-separator"));
        match workers.len().saturating_sub(NAMES) {
            0 => names,
            more => self.say("story-and-more", &[("names", names.into()), ("n", more.into())]),
        }
    }

    fn say(&self, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
        self.scene.tr_args(key, args)
    }

    fn worker_name(&self, worker: WorkerId) -> String {
        self.scene.model.worker(worker).map_or_else(|| format!("{}", worker.0 + 1), |worker| worker.setup.name.clone())
    }

    fn name_of(&self, one: &Incarnation) -> String {
        one.last_name().map(file_name).unwrap_or_default()
    }

    fn mark_facts(&self, mark: &Mark) -> String {
        let time = self.time(mark.at);
        match mark.incarnation.and_then(|id| self.scene.model.incarnation(id)) {
            None => time,
            Some(one) => self.say(
                "story-facts",
                &[
                    ("time", time.into()),
                    ("chip", chip(one.id)),
                    ("inode", one.file_id.ino.to_string().into()),
                    ("lines", one.lines_in_all().unwrap_or(one.lines).into()),
                ],
            ),
        }
    }
}

/// A sentence as it stands where no full stop fits.
fn without_stop(sentence: &str) -> String {
    sentence.trim_end_matches(['.', '。']).to_owned()
}

fn chip(id: IncarnationId) -> FluentValue<'static> {
    format!("#{}", id.0).into()
}

fn why(reason: OpenReason) -> &'static str {
    match reason {
        OpenReason::First => "story-why-first",
        OpenReason::Gone => "story-why-gone",
        OpenReason::Changed => "story-why-changed",
        OpenReason::Rollover => "story-why-rollover",
        OpenReason::Retry => "story-why-retry",
    }
}

#[cfg(test)]
mod tests;
