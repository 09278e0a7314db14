//! The lines that the view has read: what is in view, what has come last, and what a truncation has since taken.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use super::read::{RawLine, Sources, readable_end};
use crate::event::IncarnationId;
use crate::gui::state::Scene;
use crate::model::{Incarnation, Model, Reach, Row};
use crate::record::TextEncoding;

/// Lines held at once, and their bytes.
const MOST_LINES: usize = 6_000;
const MOST_BYTES: usize = 24 << 20;

/// Newest lines that are read as they arrive, shown or not: they are what a truncation would take.
const TAIL: u64 = 2_000;

/// Lines that outlive their file, over all incarnations.
const MOST_KEPT: usize = 20_000;

/// Lines that are read with one read although those between them are not wanted.
const BRIDGE: u64 = 128;

/// A line of an incarnation.
pub(super) type Key = (IncarnationId, u64);

/// What can be shown of a line.
#[derive(Clone, Debug)]
pub(super) enum Text {
    /// It stands in its file.
    Standing(Arc<RawLine>),
    /// It is no longer in its file, but was seen before it went.
    Remembered(Arc<RawLine>),
    /// Nothing of it is left.
    Gone,
}

/// The lines that the view has read.
#[derive(Default)]
pub(super) struct Store {
    lines: HashMap<Key, Arc<RawLine>>,
    order: VecDeque<Key>,
    /// How many lines are held of each incarnation.
    held: BTreeMap<IncarnationId, usize>,
    /// What each incarnation's bytes were taken for, where that is not UTF-8.
    encodings: BTreeMap<IncarnationId, TextEncoding>,
    bytes: usize,
    kept: BTreeMap<IncarnationId, BTreeMap<u64, Arc<RawLine>>>,
    kept_lines: usize,
    rescued: BTreeSet<IncarnationId>,
    tail: u64,
    revision: u64,
}

impl Store {
    /// Takes note of what has happened since the last frame: reads the newest lines, and keeps those whose file was cut.
    /// Whether lines have got another text than before.
    pub(super) fn update(&mut self, scene: &Scene<'_>, sources: &mut Sources) -> bool {
        let model = scene.model;
        if model.revision() == self.revision {
            return false;
        }
        self.revision = model.revision();
        let misread = self.forget_misread(model);
        self.rescue(model);
        let total = model.rows().len();
        let from = self.tail.max(total.saturating_sub(TAIL));
        for (_, rows, what) in model.rows().stretches(from) {
            if let Row::Line { incarnation, line } = what {
                self.read(scene, sources, incarnation, line..line + rows);
            }
        }
        self.tail = total;
        misread
    }

    /// Reads those of `wanted` that are not held yet, neighbours together.
    pub(super) fn fetch(&mut self, scene: &Scene<'_>, sources: &mut Sources, wanted: &[Key]) {
        let mut missing: Vec<Key> = wanted.iter().copied().filter(|key| self.find(*key).is_none()).collect();
        missing.sort_unstable();
        let mut at = 0;
        while at < missing.len() {
            let (incarnation, first) = missing[at];
            let mut last = first;
            while let Some((next, line)) = missing.get(at + 1).copied()
                && next == incarnation
                && line - last <= BRIDGE
            {
                last = line;
                at += 1;
            }
            at += 1;
            self.read(scene, sources, incarnation, first..last + 1);
        }
    }

    /// What can be shown of a line that was fetched.
    pub(super) fn text(&self, model: &Model, key: Key) -> Text {
        let Some(line) = self.find(key) else { return Text::Gone };
        let stands =
            model.incarnation(key.0).is_some_and(|one| line.end <= readable_end(model, one) && !is_out_of_reach(one));
        if stands { Text::Standing(line) } else { Text::Remembered(line) }
    }

    /// Lines that were read before it was known what their bytes mean are read again.
    fn forget_misread(&mut self, model: &Model) -> bool {
        let before = self.lines.len();
        for id in self.held.keys() {
            let now = model.incarnation(*id).map_or(TextEncoding::Utf8, |one| one.encoding);
            if now == TextEncoding::Utf8 || self.encodings.insert(*id, now) == Some(now) {
                continue;
            }
            self.lines.retain(|(of, _), line| {
                let stays = of != id || line.bytes.is_ascii();
                self.bytes -= if stays { 0 } else { line.bytes.len() };
                stays
            });
        }
        self.lines.len() < before
    }

    fn find(&self, key: Key) -> Option<Arc<RawLine>> {
        self.lines.get(&key).or_else(|| self.kept.get(&key.0)?.get(&key.1)).cloned()
    }

    fn read(&mut self, scene: &Scene<'_>, sources: &mut Sources, id: IncarnationId, lines: std::ops::Range<u64>) {
        let Some(one) = scene.model.incarnation(id) else { return };
        // What can't be read is shown as gone; there is nobody to tell more to.
        let Ok(found) = sources.read_lines(scene.model, scene.texts, one, lines) else { return };
        for (line, raw) in found {
            self.insert((id, line), raw);
        }
    }

    fn insert(&mut self, key: Key, raw: RawLine) {
        self.bytes += raw.bytes.len();
        match self.lines.insert(key, Arc::new(raw)) {
            Some(before) => self.bytes -= before.bytes.len(),
            None => {
                self.order.push_back(key);
                *self.held.entry(key.0).or_default() += 1;
            }
        }
        while self.order.len() > MOST_LINES || self.bytes > MOST_BYTES {
            let Some(oldest) = self.order.pop_front() else { break };
            if let Some(line) = self.lines.remove(&oldest) {
                self.bytes -= line.bytes.len();
            }
            if let Some(held) = self.held.get_mut(&oldest.0) {
                *held -= 1;
                if *held == 0 {
                    self.held.remove(&oldest.0);
                }
            }
        }
    }

    /// Keeps the lines of incarnations whose bytes have gone.
    fn rescue(&mut self, model: &Model) {
        let lost =
            |id: &IncarnationId| model.incarnation(*id).is_some_and(|one| one.ended.is_some() || is_out_of_reach(one));
        let newly = self.held.keys().copied().filter(|id| !self.rescued.contains(id)).filter(lost);
        let newly: Vec<IncarnationId> = newly.collect();
        for id in newly {
            self.rescued.insert(id);
            let mine = self.lines.iter().filter(|((of, _), _)| *of == id);
            let kept: BTreeMap<u64, Arc<RawLine>> = mine.map(|((_, line), raw)| (*line, Arc::clone(raw))).collect();
            self.kept_lines += kept.len();
            self.kept.insert(id, kept);
        }
        while self.kept_lines > MOST_KEPT
            && let Some((_, dropped)) = self.kept.pop_first()
        {
            self.kept_lines -= dropped.len();
        }
    }
}

/// Whether the descriptor was let go and no name leads to the file.
fn is_out_of_reach(one: &Incarnation) -> bool {
    one.released && matches!(one.reach, Reach::Unlinked { .. })
}
