//! Sentences about what happened, for dividers, tooltips and messages: who did what to which file, and what came of it.

use std::path::Path;

use fluent_bundle::FluentValue;

use super::state::{Scene, is_alive};
use super::text::{gap, size};
use crate::clock::{Moment, Mono};
use crate::event::{Actor, Exit, IncarnationId, OpenReason, WorkerId};
use crate::model::{Bar, Fault, FaultKind, Incarnation, Mark, MarkId, MarkKind, Reach, Recovery, Span, Worker};

/// Names in one sentence at the most; the rest is a number.
const NAMES: usize = 4;

/// How loud something is said. Loud is kept for loss, errors and deletes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tone {
    /// As labels are.
    Quiet,
    /// As text is.
    Plain,
    /// Something came into being or recovered.
    Good,
    /// Trouble that is not loss.
    Warn,
    /// Loss, errors, deletes.
    Bad,
}

/// A divider in the log: one line.
#[derive(Clone, Debug, PartialEq)]
pub struct Divider {
    /// What happened, in a word.
    pub verb: String,
    /// How the word is said.
    pub tone: Tone,
    /// Session time.
    pub time: String,
    /// Who did it to which file.
    pub deed: String,
    /// What came of it; may be empty.
    pub outcome: String,
}

/// What is to be told about something: the consequence follows the title.
#[derive(Clone, Debug, PartialEq)]
pub struct Telling {
    /// Who did what.
    pub title: String,
    /// When, which file.
    pub facts: String,
    /// What came of it, the best first.
    pub lines: Vec<(Tone, String)>,
}

impl Telling {
    /// All of it as one text, for assistive software and messages.
    pub fn text(&self) -> String {
        let mut text = self.title.clone();
        for (_, line) in &self.lines {
            let ended = text.ends_with(['.', '。', '!', '?']);
            text.push_str(if ended { " " } else { ". " });
            text.push_str(line);
        }
        text
    }
}

type Args<'a> = Vec<(&'static str, FluentValue<'a>)>;

/// The word for a kind of mark: the key of its message, and how it is said.
pub fn verb(kind: &MarkKind) -> (&'static str, Tone) {
    match kind {
        MarkKind::Created { .. } => ("story-verb-created", Tone::Good),
        // A worker renames and removes files at its rollovers, and at no other time.
        MarkKind::Renamed { by: Actor::Worker(_), .. } => ("story-verb-rolled-over", Tone::Plain),
        MarkKind::Renamed { .. } => ("story-verb-renamed", Tone::Warn),
        MarkKind::Deleted { by: Actor::Worker(_) } => ("story-verb-removed", Tone::Warn),
        MarkKind::Deleted { .. } => ("story-verb-deleted", Tone::Bad),
        MarkKind::Replaced { .. } => ("story-verb-replaced", Tone::Warn),
        MarkKind::Truncated { .. } => ("story-verb-truncated", Tone::Warn),
        MarkKind::Restored | MarkKind::WrittenBack { .. } => ("story-verb-restored", Tone::Good),
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
            None => crate::clock::ClockSetting::wall().session_time(&at),
        }
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
        let title = match self.title(mark) {
            Some(title) => title,
            None => {
                let deed = self.deed(mark);
                deed.trim_end_matches(['.', '。']).to_owned()
            }
        };
        if fault.is_none() {
            let outcome = self.outcome(mark);
            if !outcome.is_empty() {
                lines.push((Tone::Plain, outcome));
            }
        }
        Some(Telling { title, facts: self.mark_facts(mark), lines })
    }

    /// A bar of a path's lane.
    pub fn bar(&self, bar: &Bar, lane: &Path) -> Option<Telling> {
        let one = self.scene.model.incarnation(bar.incarnation)?;
        let title = self.say("story-bar", &[("chip", chip(one.id)), ("file", self.name_of(one).into())]);
        let facts = self.say(
            "story-bar-facts",
            &[
                ("lines", one.lines.into()),
                ("size", size(one.size).into()),
                ("inode", one.file_id.ino.to_string().into()),
                ("time", self.session_time(one.opened).format("%H:%M:%S").to_string().into()),
            ],
        );
        Some(Telling { title, facts, lines: self.standing(one, lane) })
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
        let why = self.scene.tr(why(span.reason));
        let why = why.trim_end_matches(['.', '。']).to_owned();
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
            let lost: u64 = self.lost_in(one.id, worker);
            let key = if lost > 0 { "story-losing" } else { "story-in-unlinked" };
            let tone = if lost > 0 { Tone::Bad } else { Tone::Warn };
            lines.push((tone, self.say(key, &[("names", self.worker_name(worker).into()), ("lost", lost.into())])));
        }
        Some(Telling { title, facts, lines })
    }

    /// Lines that a worker has written into an unlinked incarnation so far.
    pub fn lost_in(&self, incarnation: IncarnationId, worker: WorkerId) -> u64 {
        let faults = self.scene.model.timeline().faults.iter().rev().filter(|fault| fault.incarnation == incarnation);
        faults.flat_map(|fault| &fault.recoveries).filter(|one| one.worker == worker).map(|one| one.lost).sum()
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

    fn deed(&self, mark: &Mark) -> String {
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
            MarkKind::NotAFile => self.say("story-not-a-file", &[("file", file())]),
            MarkKind::Accessible => self.say("story-accessible", &[("file", file())]),
            MarkKind::Missed => self.say("story-missed", &[("file", file())]),
            MarkKind::Overflow => self.scene.tr("story-overflow"),
            MarkKind::Inaccessible { reason } => {
                self.say("story-inaccessible", &[("file", file()), ("reason", reason.as_str().into())])
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
                let time = self.session_time(mark.at).format("%Y-%m-%d %H:%M:%S").to_string();
                self.say("story-clock", &[("time", time.into()), ("by", self.by(*by).into())])
            }
            MarkKind::ClockJumped { jump_ms } => {
                let jump = format!("{}{}", if *jump_ms < 0 { "−" } else { "+" }, stretch(jump_ms.unsigned_abs()));
                self.say("story-clock-jumped", &[("jump", jump.into())])
            }
            MarkKind::OperationFailed { operation, reason } => self
                .say("story-refused", &[("operation", operation.as_str().into()), ("reason", reason.as_str().into())]),
            MarkKind::Said { text } => text.clone(),
            MarkKind::Expected { that, found, .. } => {
                self.say("story-expected", &[("that", that.as_str().into()), ("found", found.as_str().into())])
            }
            MarkKind::WorkerStarted { .. }
            | MarkKind::WorkerExited { .. }
            | MarkKind::WorkerStopped { .. }
            | MarkKind::Blocked { .. }
            | MarkKind::Unblocked { .. }
            | MarkKind::Reopened { .. }
            | MarkKind::EmitFailed { .. } => self.worker_deed(&mark.kind),
        }
    }

    fn bytes(&self, key: &str, file: FluentValue<'_>, bytes: u64) -> String {
        self.say(key, &[("file", file), ("size", size(bytes).into())])
    }

    fn worker_deed(&self, kind: &MarkKind) -> String {
        let name = |worker: WorkerId| FluentValue::from(self.worker_name(worker));
        match kind {
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
                self.say("story-failed", &[("name", name(*worker)), ("reason", reason.as_str().into())])
            }
            _ => String::new(),
        }
    }

    /// What came of it, for a divider.
    fn outcome(&self, mark: &Mark) -> String {
        let fault = self.fault_of(mark);
        match &mark.kind {
            MarkKind::Deleted { .. } => match fault {
                Some(fault) => self.held(fault, mark),
                None if self.scene.has_lab() => String::new(),
                None => self.scene.tr("story-held-unknown"),
            },
            MarkKind::Renamed { .. } => {
                let inside = fault.map_or(0, |fault| fault.recoveries.iter().filter(|one| one.at.is_none()).count());
                if inside == 0 { String::new() } else { self.say("story-moved-with-writers", &[("n", inside.into())]) }
            }
            MarkKind::Truncated { kept: 0, .. } => self.scene.tr("story-emptied"),
            MarkKind::Truncated { kept, .. } => self.say("story-cut-short", &[("kept", size(*kept).into())]),
            MarkKind::Replaced { .. } => fault.map(|fault| self.recovered(fault)).unwrap_or_default(),
            MarkKind::Created { .. } => self.answered_by(mark).map(|fault| self.recovered(fault)).unwrap_or_default(),
            _ => String::new(),
        }
    }

    fn fault_of(&self, mark: &Mark) -> Option<&'a Fault> {
        self.scene.model.timeline().faults.get(mark.fault?)
    }

    /// The fault that a new file answers: the last one that took something from its path.
    fn answered_by(&self, mark: &Mark) -> Option<&'a Fault> {
        const BACK: usize = 64;
        let path = mark.path.as_deref()?;
        let opened = |fault: &&Fault| {
            fault.path == path
                && fault.kind != FaultKind::Truncated
                && fault.at.mono <= mark.at.mono.plus_ns(1_000_000)
                && Some(fault.incarnation) != mark.incarnation
        };
        self.scene.model.timeline().faults.iter().rev().take(BACK).find(opened)
    }

    fn held(&self, fault: &Fault, mark: &Mark) -> String {
        let one = mark.incarnation.and_then(|id| self.scene.model.incarnation(id));
        let inode = one.map(|one| one.file_id.ino.to_string()).unwrap_or_default();
        let still = one.is_some_and(|one| !self.scene.model.writers_of(one.id).is_empty());
        let key = if still { "story-held" } else { "story-let-go" };
        self.say(key, &[("n", fault.recoveries.len().into()), ("inode", inode.into())])
    }

    fn recovered(&self, fault: &Fault) -> String {
        let back: Vec<&Recovery> = fault.recoveries.iter().filter(|one| one.at.is_some()).collect();
        let missing = self.missing(fault);
        let mut sentences = Vec::new();
        if !back.is_empty() {
            let names: Vec<WorkerId> = back.iter().map(|one| one.worker).collect();
            let gaps: Vec<f64> = back.iter().filter_map(|one| one.gap_ms).collect();
            sentences.push(
                self.say("story-recovered", &[("names", self.names(&names).into()), ("gaps", self.gaps(&gaps).into())]),
            );
        }
        if !missing.is_empty() && !sentences.is_empty() {
            let names = self.names(&missing);
            sentences.push(self.say("story-has-not", &[("n", missing.len().into()), ("names", names.into())]));
        }
        self.join(&sentences)
    }

    fn join(&self, sentences: &[String]) -> String {
        // Chinese sentences end in a full stop that brings its own space.
        sentences.join(if self.scene.words.language() == super::text::Language::Chinese { "" } else { " " })
    }

    /// Workers that have not come back and could.
    fn missing(&self, fault: &Fault) -> Vec<WorkerId> {
        let alive = |worker: WorkerId| self.scene.model.worker(worker).is_some_and(is_alive);
        fault.recoveries.iter().filter(|one| one.at.is_none() && alive(one.worker)).map(|one| one.worker).collect()
    }

    /// `3.1, 2.9, 4.0 ms`, or each with its unit where they are far apart.
    fn gaps(&self, ms: &[f64]) -> String {
        let separator = self.scene.tr("story-separator");
        let shown = &ms[..ms.len().min(NAMES)];
        if shown.iter().all(|ms| (0.995..99.95).contains(ms)) {
            let figures: Vec<String> = shown.iter().map(|ms| format!("{ms:.1}")).collect();
            return format!("{} ms", figures.join(&separator));
        }
        shown.iter().map(|ms| gap(*ms)).collect::<Vec<_>>().join(&separator)
    }

    fn title(&self, mark: &Mark) -> Option<String> {
        let file = mark.path.as_deref().map(file_name).unwrap_or_default();
        let with = |key: &str, by: Actor, more: Args<'_>| {
            let mut args: Args<'_> = self.actor(by);
            args.push(("file", file.as_str().into()));
            args.extend(more);
            Some(self.say(key, &args))
        };
        match &mark.kind {
            MarkKind::Deleted { by } => with("story-title-deleted", *by, vec![]),
            MarkKind::Renamed { to, by } => with("story-title-renamed", *by, vec![("to", file_name(to).into())]),
            MarkKind::Replaced { by } => with("story-title-replaced", *by, vec![]),
            MarkKind::Truncated { by, .. } => with("story-title-truncated", *by, vec![]),
            MarkKind::ClockSet { by } => {
                let time = self.session_time(mark.at).format("%Y-%m-%d %H:%M:%S").to_string();
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
                    ("lines", one.lines.into()),
                ],
            ),
        }
    }

    /// Who came back how fast, who did not, and what it cost.
    fn consequences(&self, fault: &Fault) -> Vec<(Tone, String)> {
        let all = fault.recoveries.len();
        let mut lines = Vec::new();
        if fault.kind == FaultKind::Truncated {
            lines.push((Tone::Plain, self.say("story-goes-on", &[("n", all.into())])));
            return lines;
        }
        let gaps: Vec<f64> =
            fault.recoveries.iter().filter(|one| one.at.is_some()).filter_map(|one| one.gap_ms).collect();
        let worst = gap(gaps.iter().copied().fold(0.0, f64::max));
        let missing = self.missing(fault);
        lines.push(if gaps.len() == all {
            (Tone::Good, self.say("story-all-recovered", &[("n", all.into()), ("gap", worst.into())]))
        } else if gaps.is_empty() {
            let args = &[("n", all.into()), ("names", self.names(&missing).into())];
            (Tone::Warn, self.say("story-none-recovered", args))
        } else {
            let args = &[("recovered", gaps.len().into()), ("n", all.into()), ("gap", worst.into())];
            (Tone::Plain, self.say("story-some-recovered", args))
        });
        lines.extend(self.left_behind(fault, &missing, gaps.is_empty()));
        let slipped: u64 = fault.recoveries.iter().filter(|one| one.at.is_some()).map(|one| one.lost).sum();
        if slipped > 0 {
            lines.push((Tone::Bad, self.say("story-slipped", &[("lost", slipped.into())])));
        }
        lines
    }

    fn left_behind(&self, fault: &Fault, missing: &[WorkerId], none_back: bool) -> Vec<(Tone, String)> {
        let model = self.scene.model;
        let worker = |id: &WorkerId| model.worker(*id);
        let mut lines = Vec::new();
        let (can, never): (Vec<WorkerId>, Vec<WorkerId>) =
            missing.iter().copied().partition(|id| worker(id).is_some_and(|worker| worker.setup.can_reopen));
        if !can.is_empty() && !none_back {
            let args = &[("n", can.len().into()), ("names", self.names(&can).into())];
            lines.push((Tone::Warn, self.say("story-not-yet", args)));
        }
        if let Some(handler) = never.first().and_then(worker).map(|worker: &Worker| worker.setup.handler.as_str()) {
            let args = &[("names", self.names(&never).into()), ("handler", handler.into())];
            lines.push((Tone::Warn, self.say("story-never", args)));
        }
        let unreachable =
            model.incarnation(fault.incarnation).is_some_and(|one| matches!(one.reach, Reach::Unlinked { .. }));
        let losing: Vec<WorkerId> = missing.to_vec();
        let lost: u64 = fault.recoveries.iter().filter(|one| losing.contains(&one.worker)).map(|one| one.lost).sum();
        if unreachable && lost > 0 {
            let args = &[("names", self.names(&losing).into()), ("lost", lost.into())];
            lines.push((Tone::Bad, self.say("story-losing", args)));
        }
        lines
    }

    /// How an incarnation stands now.
    fn standing(&self, one: &Incarnation, lane: &Path) -> Vec<(Tone, String)> {
        let writers: Vec<WorkerId> =
            self.scene.writers(one.id).filter(|worker| is_alive(worker)).map(|one| one.id).collect();
        let names = self.names(&writers);
        let mut lines = Vec::new();
        match one.reach {
            Reach::Unlinked { .. } if writers.is_empty() => {
                lines.push((Tone::Plain, self.scene.tr("story-bar-unlinked-quiet")));
            }
            Reach::Unlinked { .. } => {
                let args = &[("n", writers.len().into()), ("names", names.into())];
                lines.push((Tone::Warn, self.say("story-bar-unlinked", args)));
                let lost: u64 = writers.iter().map(|worker| self.lost_in(one.id, *worker)).sum();
                if lost > 0 {
                    let args = &[("names", self.names(&writers).into()), ("lost", lost.into())];
                    lines.push((Tone::Bad, self.say("story-losing", args)));
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
                (Tone::Plain, self.say("story-bar-live", &[("names", self.names(&writers).into())]))
            } else if self.scene.has_lab() || one.reach == Reach::Moved {
                let time = self.mono_time(one.last_growth);
                (Tone::Quiet, self.say("story-bar-quiet", &[("time", time.into())]))
            } else {
                (Tone::Plain, self.scene.tr("story-bar-live-unknown"))
            });
        }
        lines
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
