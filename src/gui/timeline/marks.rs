//! Marks on the lanes: those that would touch become one.

use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use super::lanes::PathIndex;
use super::span::Shown;
use crate::clock::Mono;
use crate::event::{Exit, IncarnationId, Origin, WorkerId};
use crate::gui::state::Scene;
use crate::gui::story::Tone;
use crate::model::{Mark, MarkId, MarkKind};

/// Side of a badge, in points.
pub(super) const BADGE: f32 = 13.0;
/// Middles of two badges are at least this far apart.
const APART: f64 = 16.0;

/// Where a mark stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    /// In a path's lane, by its index.
    Path(u32),
    /// In a worker's lane.
    Worker(WorkerId),
    /// On the ruler: it concerns everything.
    Ruler,
    /// It is told by bars alone.
    Nowhere,
}

/// Marks that stand so close that they are drawn as one.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cluster {
    pub(super) place: Place,
    /// Where the badge stands, in points from the left edge of the lanes.
    pub(super) x: f64,
    last: f64,
    /// The weightiest of them.
    pub(super) chief: MarkId,
    weight: u8,
    /// Some of them, the weightiest first is not guaranteed.
    pub(super) some: Vec<MarkId>,
    /// How many that weigh as much as a badge of their own.
    pub(super) count: u32,
}

/// Marks listed in a tooltip at the most.
const LISTED: usize = 6;

/// Which lane each mark stands in, looked up once per mark.
#[derive(Default)]
pub(super) struct Marks {
    /// By mark: where it stands, and the number of that place.
    places: Vec<(Place, usize)>,
    numbers: HashMap<Place, usize>,
    paths: PathIndex,
    unlinked: HashMap<IncarnationId, Mono>,
    /// The badges of the last frame, and what they were made from.
    last: Option<(u64, Shown, f64, Rc<Vec<Cluster>>)>,
}

impl Marks {
    /// Takes up the marks that are new.
    pub(super) fn update(&mut self, scene: &Scene<'_>) {
        let marks = &scene.model.timeline().marks;
        if marks.len() < self.places.len() {
            *self = Marks::default();
        }
        self.paths.update(scene);
        for mark in &marks[self.places.len()..] {
            let place = self.place_of(scene, mark);
            let next = self.numbers.len();
            let number = *self.numbers.entry(place).or_insert(next);
            self.places.push((place, number));
            match (&mark.kind, mark.incarnation) {
                (MarkKind::Deleted { .. } | MarkKind::Replaced { .. }, Some(id)) => {
                    self.unlinked.insert(id, mark.at.mono);
                }
                (MarkKind::Restored, Some(id)) => {
                    self.unlinked.remove(&id);
                }
                _ => {}
            }
        }
    }

    /// Since when an incarnation has had no name.
    pub(super) fn unlinked_since(&self, id: IncarnationId) -> Option<Mono> {
        self.unlinked.get(&id).copied()
    }

    /// The index of a path's lane.
    pub(super) fn lane_of(&self, path: &Path) -> Option<usize> {
        self.paths.get(path).map(|index| index as usize)
    }

    fn place_of(&self, scene: &Scene<'_>, mark: &Mark) -> Place {
        match &mark.kind {
            // What was there when following began has not been made then.
            MarkKind::Created { .. } if was_there(scene, mark) => Place::Nowhere,
            MarkKind::WorkerExited { worker, exit, asked } if !asked || matches!(exit, Exit::Signal(_)) => {
                Place::Worker(*worker)
            }
            MarkKind::WorkerStopped { worker, .. }
            | MarkKind::Blocked { worker, .. }
            | MarkKind::Unblocked { worker, .. }
            | MarkKind::EmitFailed { worker, .. } => Place::Worker(*worker),
            // The beginning of a bar says as much; reopens are dots of their own.
            MarkKind::WorkerStarted { .. } | MarkKind::WorkerExited { .. } | MarkKind::Reopened { .. } => {
                Place::Nowhere
            }
            MarkKind::ClockSet { .. }
            | MarkKind::ClockJumped { .. }
            | MarkKind::Overflow
            | MarkKind::Said { .. }
            | MarkKind::Expected { .. } => Place::Ruler,
            _ => match mark.path.as_deref().and_then(|path| self.paths.get(path)) {
                Some(index) => Place::Path(index),
                None => Place::Ruler,
            },
        }
    }

    /// The badges of the stretch in view, by place, from left to right.
    pub(super) fn clusters(&mut self, scene: &Scene<'_>, shown: &Shown, width: f64) -> Rc<Vec<Cluster>> {
        let revision = scene.model.revision();
        if let Some((of, from, over, clusters)) = &self.last
            && (*of, from) == (revision, shown)
            && (over - width).abs() < 0.5
        {
            return Rc::clone(clusters);
        }
        let clusters = Rc::new(self.gather(scene, shown, width));
        self.last = Some((revision, *shown, width, Rc::clone(&clusters)));
        clusters
    }

    fn gather(&self, scene: &Scene<'_>, shown: &Shown, width: f64) -> Vec<Cluster> {
        let margin = f64::from(BADGE);
        let (from, to) = (shown.at(-margin), shown.at(width + margin));
        let mut open: Vec<Option<Cluster>> = vec![None; self.numbers.len()];
        let mut done = Vec::new();
        for (id, mark) in scene.model.timeline().marks_between(from, to) {
            let Some((place, number)) = self.places.get(id.0 as usize).copied() else { continue };
            if place == Place::Nowhere {
                continue;
            }
            let x = shown.x(mark.at.mono);
            let (_, weight, _) = badge(&mark.kind);
            match open[number].as_mut().filter(|cluster| x - cluster.last < APART) {
                Some(cluster) => cluster.add(id, x, weight),
                None => done.extend(open[number].replace(Cluster::new(place, id, x, weight))),
            }
        }
        done.extend(open.into_iter().flatten());
        done.sort_by(|one, other| one.place.cmp(&other.place).then(one.x.total_cmp(&other.x)));
        done
    }
}

impl Cluster {
    fn new(place: Place, id: MarkId, x: f64, weight: u8) -> Cluster {
        Cluster { place, x, last: x, chief: id, weight, some: vec![id], count: u32::from(weight > 0) }
    }

    fn add(&mut self, id: MarkId, x: f64, weight: u8) {
        // The chief says where the badge stands: its cause is to be found there.
        if weight > self.weight {
            (self.chief, self.weight) = (id, weight);
            if self.count == 0 {
                self.x = x;
            }
        }
        self.last = if self.count == 0 { x } else { self.last };
        self.count += u32::from(weight > 0);
        if self.some.len() < LISTED {
            self.some.push(id);
        }
    }

    /// The letter, or the number of those that it stands for.
    pub(super) fn label(&self, kind: &MarkKind) -> String {
        if self.count > 1 { self.count.min(99).to_string() } else { badge(kind).0.to_owned() }
    }
}

fn was_there(scene: &Scene<'_>, mark: &Mark) -> bool {
    let one = mark.incarnation.and_then(|id| scene.model.incarnation(id));
    one.is_some_and(|one| one.origin == Origin::AtStart)
}

/// Letter, weight and tone of a kind. What weighs nothing goes unsaid beside something else.
pub(super) fn badge(kind: &MarkKind) -> (&'static str, u8, Tone) {
    match kind {
        MarkKind::Deleted { .. } => ("D", 9, Tone::Bad),
        MarkKind::EmitFailed { .. } => ("!", 8, Tone::Bad),
        MarkKind::Abandoned { .. } => ("A", 8, Tone::Bad),
        MarkKind::WorkerExited { .. } => ("K", 7, Tone::Warn),
        MarkKind::Truncated { .. } => ("T", 7, Tone::Warn),
        MarkKind::Replaced { .. } => ("X", 6, Tone::Warn),
        MarkKind::Renamed { .. } => ("R", 5, Tone::Plain),
        MarkKind::Retargeted { .. } => ("L", 5, Tone::Plain),
        MarkKind::ClockSet { .. } | MarkKind::ClockJumped { .. } => ("J", 5, Tone::Warn),
        MarkKind::Expected { held: false, .. } => ("≠", 8, Tone::Bad),
        MarkKind::Expected { .. } => ("=", 3, Tone::Good),
        MarkKind::OperationFailed { .. } | MarkKind::Inaccessible { .. } | MarkKind::NotAFile => ("!", 5, Tone::Warn),
        MarkKind::WorkerStopped { stopped: true, .. } => ("Z", 4, Tone::Warn),
        MarkKind::WorkerStopped { .. } => ("Z", 2, Tone::Quiet),
        MarkKind::Blocked { .. } => ("W", 4, Tone::Warn),
        MarkKind::Unblocked { .. } => ("W", 2, Tone::Quiet),
        MarkKind::Hole { .. } => ("H", 3, Tone::Warn),
        MarkKind::Missed | MarkKind::Overflow => ("?", 3, Tone::Warn),
        MarkKind::LateBytes { .. } => ("+", 3, Tone::Warn),
        MarkKind::Restored | MarkKind::WrittenBack { .. } => ("B", 3, Tone::Good),
        MarkKind::Archived { .. } => ("G", 2, Tone::Quiet),
        MarkKind::Said { .. } => ("i", 2, Tone::Quiet),
        MarkKind::Created { .. } => ("C", 0, Tone::Quiet),
        _ => ("·", 0, Tone::Quiet),
    }
}

/// The moments at which clusters stand, for those who put text between them.
pub(super) fn taken(clusters: &[Cluster], place: Place) -> impl Iterator<Item = f64> + '_ {
    let first = clusters.partition_point(|cluster| cluster.place < place);
    clusters[first..].iter().take_while(move |cluster| cluster.place == place).map(|cluster| cluster.x)
}
