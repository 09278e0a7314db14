//! Where the lanes stand, from top to bottom.

use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use super::marks::Place;
use crate::clock::Mono;
use crate::event::WorkerId;
use crate::gui::state::Scene;
use crate::model::Bar;

/// Height of a lane, in points.
pub(super) const LANE: f32 = 17.0;
/// Height of what is below a path's lane while a file without a name goes on there.
pub(super) const BELOW: f32 = 12.0;
/// Height of a heading.
pub(super) const HEADING: f32 = 16.0;

/// What stands in a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum What {
    /// The word "Files" or "Workers".
    Heading(&'static str),
    /// A path, by its index in the timeline.
    Path(usize),
    /// A worker.
    Worker(WorkerId),
}

/// One lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Lane {
    pub(super) what: What,
    /// From the top of all lanes, in points.
    pub(super) top: f32,
    pub(super) height: f32,
}

impl Lane {
    /// The middle of its bar.
    pub(super) fn middle(&self) -> f32 {
        self.top + LANE / 2.0
    }
}

/// All lanes.
#[derive(Clone, Debug, Default)]
pub(super) struct Lanes {
    pub(super) all: Vec<Lane>,
    pub(super) height: f32,
    at: HashMap<What, usize>,
}

impl Lanes {
    /// The lanes of a session, without those of paths where no file stood in the time that is `seen`: a day with a
    /// hundred archives would push the workers out of the window. What went on without a name for less than `least_ns`
    /// needs no room of its own.
    pub(super) fn new(scene: &Scene<'_>, seen: RangeInclusive<Mono>, least_ns: u64) -> Lanes {
        let mut lanes = Lanes::default();
        let timeline = scene.model.timeline();
        if !timeline.paths.is_empty() {
            lanes.push(What::Heading("timeline-files"), HEADING);
        }
        for (index, path) in timeline.paths.iter().enumerate() {
            let in_view = |bar: &Bar| bar.from <= *seen.end() && bar.to.is_none_or(|to| to >= *seen.start());
            if !path.bars.is_empty() && !path.bars.iter().any(in_view) {
                continue;
            }
            let long = |bar: &Bar| bar.unlinked && bar.to.unwrap_or(scene.now).since(bar.from) >= least_ns;
            let below = if path.bars.iter().any(long) { BELOW } else { 0.0 };
            lanes.push(What::Path(index), LANE + below);
        }
        if !scene.model.workers().is_empty() {
            lanes.push(What::Heading("timeline-workers"), HEADING);
        }
        for worker in scene.model.workers() {
            lanes.push(What::Worker(worker.id), LANE);
        }
        lanes.height += 2.0;
        lanes
    }

    fn push(&mut self, what: What, height: f32) {
        self.at.insert(what, self.all.len());
        self.all.push(Lane { what, top: self.height, height });
        self.height += height;
    }

    /// The lane of something.
    pub(super) fn of(&self, what: What) -> Option<&Lane> {
        self.all.get(*self.at.get(&what)?)
    }

    /// The lane of a place where marks stand.
    pub(super) fn of_place(&self, place: Place) -> Option<&Lane> {
        match place {
            Place::Path(index) => self.of(What::Path(index as usize)),
            Place::Worker(worker) => self.of(What::Worker(worker)),
            Place::Ruler | Place::Nowhere => None,
        }
    }
}

/// The indices of the paths' lanes.
#[derive(Default)]
pub(super) struct PathIndex {
    known: HashMap<PathBuf, u32>,
}

impl PathIndex {
    /// Takes up new lanes.
    pub(super) fn update(&mut self, scene: &Scene<'_>) {
        let paths = &scene.model.timeline().paths;
        for lane in &paths[self.known.len().min(paths.len())..] {
            let next = self.known.len() as u32;
            self.known.insert(lane.path.clone(), next);
        }
    }

    /// The index of a path's lane.
    pub(super) fn get(&self, path: &std::path::Path) -> Option<u32> {
        self.known.get(path).copied()
    }
}
