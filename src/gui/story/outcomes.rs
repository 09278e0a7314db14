//! What came of it: who had the file open, who came back how fast, who did not, and what it cost.

use super::{NAMES, Teller, Tone};
use crate::event::{IncarnationId, WorkerId};
use crate::gui::text::{Language, gap, size};
use crate::gui::trash::is_in_trash;
use crate::model::{Fault, FaultKind, Mark, MarkKind, Reach, Recovery, Worker};

impl<'a> Teller<'a> {
    /// Lines that a worker has written into an unlinked incarnation so far.
    pub fn lost_in(&self, incarnation: IncarnationId, worker: WorkerId) -> u64 {
        let faults = self.scene.model.timeline().faults.iter().rev().filter(|fault| fault.incarnation == incarnation);
        faults.flat_map(|fault| &fault.recoveries).filter(|one| one.worker == worker).map(Recovery::slipped).sum()
    }

    /// Who writes on into a file without a name, and what it has cost so far.
    pub(super) fn losing(&self, names: &str, lost: u64) -> (Tone, String) {
        (Tone::Bad, self.say("story-losing", &[("names", names.into()), ("lost", lost.into())]))
    }

    /// What came of it, for a divider.
    pub(super) fn outcome(&self, mark: &Mark) -> String {
        let fault = self.fault_of(mark);
        match &mark.kind {
            MarkKind::Deleted { .. } if self.is_archived(mark) => String::new(),
            MarkKind::Deleted { .. } => match fault {
                Some(fault) => self.held(fault, mark),
                None if self.scene.has_lab() => String::new(),
                None => self.scene.tr("story-held-unknown"),
            },
            MarkKind::Renamed { to, .. } => {
                let inside = fault.map_or(0, |fault| fault.recoveries.iter().filter(|one| one.at.is_none()).count());
                match (inside, to) {
                    (0, to) if is_in_trash(to) && !self.scene.has_lab() => self.scene.tr("story-in-trash"),
                    (0, _) => String::new(),
                    (n, _) => self.say("story-moved-with-writers", &[("n", n.into())]),
                }
            }
            MarkKind::Truncated { kept: 0, .. } => self.scene.tr("story-emptied"),
            MarkKind::Truncated { kept, .. } => self.say("story-cut-short", &[("kept", size(*kept).into())]),
            MarkKind::Replaced { .. } => fault.map(|fault| self.recovered(fault)).unwrap_or_default(),
            MarkKind::Created { .. } => self.answered_by(mark).map(|fault| self.recovered(fault)).unwrap_or_default(),
            _ => String::new(),
        }
    }

    /// Whether what lost its name stands in an archive: compressing takes the file away when it is done.
    fn is_archived(&self, mark: &Mark) -> bool {
        mark.incarnation.and_then(|id| self.scene.model.incarnation(id)).is_some_and(|one| one.archive.is_some())
    }

    /// None where it turned out that nobody but the taker itself had the file open.
    pub(super) fn fault_of(&self, mark: &Mark) -> Option<&'a Fault> {
        self.scene.model.timeline().faults.get(mark.fault?).filter(|fault| !fault.recoveries.is_empty())
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
        sentences.join(if self.scene.words.language() == Language::Chinese { "" } else { " " })
    }

    /// Workers that have not come back and could.
    fn missing(&self, fault: &Fault) -> Vec<WorkerId> {
        let alive = |worker: WorkerId| self.scene.model.worker(worker).is_some_and(Worker::is_alive);
        fault.recoveries.iter().filter(|one| one.at.is_none() && alive(one.worker)).map(|one| one.worker).collect()
    }

    /// `3.1, 2.9, 4.0 ms`, or each with its unit where they are far apart.
    pub(super) fn gaps(&self, ms: &[f64]) -> String {
        let separator = self.scene.tr("story-separator");
        let shown = &ms[..ms.len().min(NAMES)];
        if shown.iter().all(|ms| (0.995..99.95).contains(ms)) {
            let figures: Vec<String> = shown.iter().map(|ms| format!("{ms:.1}")).collect();
            return format!("{} ms", figures.join(&separator));
        }
        shown.iter().map(|ms| gap(*ms)).collect::<Vec<_>>().join(&separator)
    }

    /// Who came back how fast, who did not, and what it cost.
    pub(super) fn consequences(&self, fault: &Fault) -> Vec<(Tone, String)> {
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
            let all_names: Vec<WorkerId> = fault.recoveries.iter().map(|one| one.worker).collect();
            let args = &[("n", all.into()), ("names", self.names(&all_names).into())];
            (Tone::Warn, self.say("story-none-recovered", args))
        } else {
            let args = &[("recovered", gaps.len().into()), ("n", all.into()), ("gap", worst.into())];
            (Tone::Plain, self.say("story-some-recovered", args))
        });
        lines.extend(self.left_behind(fault, &missing, gaps.is_empty()));
        let slipped: u64 = fault.recoveries.iter().filter(|one| one.at.is_some()).map(Recovery::slipped).sum();
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
        let lost: u64 =
            fault.recoveries.iter().filter(|one| missing.contains(&one.worker)).map(Recovery::slipped).sum();
        if unreachable && lost > 0 {
            lines.push(self.losing(&self.names(missing), lost));
        }
        lines
    }
}
