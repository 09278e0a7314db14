//! The ledger against a world that knows the fate of every line, and against a ledger kept line by line.
#![allow(clippy::unwrap_used)]

#[path = "ledger/plain.rs"]
mod plain;
#[path = "ledger/world.rs"]
mod world;

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use rotascope::event::{Actor, Event, WorkerId};
use rotascope::model::{Model, Reach};
use world::{Fate, WORKERS, World};

fn fold(events: &[Event]) -> Model {
    let mut model = Model::new();
    events.iter().for_each(|event| model.apply(event));
    model
}

proptest! {
    /// When all has been read, the ledger says what became of every line.
    #[test]
    fn a_drained_ledger_tells_every_fate(ops in world::ops(60)) {
        let world = World::play(&ops);
        let model = fold(&world.events);
        let mut fates: BTreeMap<(usize, Fate), u64> = BTreeMap::new();
        for ((worker, _), fate) in world.fates() {
            *fates.entry((worker, fate)).or_default() += 1;
        }
        for worker in 0..WORKERS {
            let terms = model.ledger().worker(WorkerId(u32::try_from(worker).unwrap()));
            let of = |fate| fates.get(&(worker, fate)).copied().unwrap_or(0);
            prop_assert_eq!(terms.in_flight, 0);
            prop_assert_eq!(terms.present, of(Fate::Present), "present of {}", worker);
            prop_assert_eq!(terms.torn, of(Fate::Torn), "torn of {}", worker);
            let gone = of(Fate::Lost) + of(Fate::Destroyed) + of(Fate::Expired);
            prop_assert_eq!(terms.lost + terms.destroyed + terms.expired, gone);
            prop_assert_eq!(terms.astray, world.astray(worker), "astray of {}", worker);
            if !world.unread_cut {
                prop_assert_eq!(terms.duplicated, world.duplicated(worker), "duplicated of {}", worker);
            }
            if !world.inexact && !world.unread_cut {
                prop_assert!(!terms.bound);
                prop_assert_eq!(terms.destroyed, of(Fate::Destroyed), "destroyed of {}", worker);
                prop_assert_eq!(terms.expired, of(Fate::Expired), "expired of {}", worker);
            } else if !world.unread_cut {
                prop_assert!(terms.destroyed >= of(Fate::Destroyed));
                prop_assert!(terms.bound || terms.destroyed == of(Fate::Destroyed));
            }
        }
    }

    /// At every moment the figures are those of a ledger that looks at each line anew.
    #[test]
    fn it_agrees_with_a_plain_ledger_at_every_event(ops in world::ops(40)) {
        let world = World::play(&ops);
        let (mut model, mut plain) = (Model::new(), plain::Plain::default());
        for event in &world.events {
            model.apply(event);
            plain.apply(event);
            prop_assert!(model.ledger().sum_holds(), "{:?}", model.ledger().total());
            for worker in 0..WORKERS {
                let worker = WorkerId(u32::try_from(worker).unwrap());
                prop_assert_eq!(model.ledger().worker(worker), plain.terms(worker), "{:?} after {:?}", worker, event);
            }
        }
    }

    /// Bytes add up, rows hold every line once, and a replay through JSON gives the same model.
    #[test]
    fn bytes_rows_and_replay(ops in world::ops(60)) {
        let world = World::play(&ops);
        let mut model = Model::new();
        for event in &world.events {
            model.apply(event);
            for one in model.incarnations() {
                prop_assert_eq!(one.size, one.bytes.sum() + one.not_yet_read(), "{:?}", one);
            }
        }
        for one in model.incarnations() {
            prop_assert_eq!(one.not_yet_read(), 0, "all has been drained: {:?}", one);
            for line in 0..one.lines {
                let row = model.rows().row_of(one.id, line).unwrap();
                prop_assert_eq!(
                    model.rows().get(row),
                    Some(rotascope::model::Row::Line { incarnation: one.id, line })
                );
            }
        }
        let json: Vec<String> = world.events.iter().map(|event| serde_json::to_string(event).unwrap()).collect();
        let again: Vec<Event> = json.iter().map(|event| serde_json::from_str(event).unwrap()).collect();
        prop_assert_eq!(&again, &world.events);
        prop_assert_eq!(fold(&again), model);
    }

    /// Lanes, spans, faults and marks fit together, whatever happens.
    #[test]
    fn the_timeline_is_well_formed(ops in world::ops(60)) {
        let model = fold(&World::play(&ops).events);
        let timeline = model.timeline();
        for lane in &timeline.paths {
            prop_assert!(lane.bars.is_sorted_by_key(|bar| bar.from), "{:?}", lane);
            prop_assert!(lane.bars.iter().all(|bar| bar.to.is_none_or(|to| to >= bar.from)));
        }
        for one in model.incarnations() {
            let bars = timeline.paths.iter().flat_map(|lane| &lane.bars).filter(|bar| bar.incarnation == one.id);
            let lasting: Vec<bool> = bars.filter(|bar| bar.to.is_none()).map(|bar| bar.unlinked).collect();
            let expected: &[bool] = match one.reach {
                Reach::Live | Reach::Moved => &[false],
                Reach::Unlinked { .. } if !model.writers_of(one.id).is_empty() => &[true],
                Reach::Unlinked { .. } | Reach::Truncated { .. } => &[],
            };
            prop_assert_eq!(lasting, expected, "{:?}", one);
        }
        for spans in &timeline.workers {
            prop_assert!(spans.windows(2).all(|pair| pair[0].to.is_some_and(|to| to <= pair[1].from)), "{:?}", spans);
            prop_assert!(spans.iter().filter_map(|span| span.answers).all(|fault| fault < timeline.faults.len()));
        }
        for fault in &timeline.faults {
            let workers: BTreeSet<WorkerId> = fault.recoveries.iter().map(|one| one.worker).collect();
            // Of a worker's rollover it may turn out later that nobody else was robbed by it.
            prop_assert!(!workers.is_empty() || matches!(fault.by, Actor::Worker(_)), "{:?}", fault);
            prop_assert_eq!(workers.len(), fault.recoveries.len(), "{:?}", fault);
            prop_assert!(fault.recoveries.iter().all(|one| one.at.is_some() == one.gap_ms.is_some()));
            prop_assert!(fault.recoveries.iter().all(|one| fault.by != Actor::Worker(one.worker)));
        }
        let moments: Vec<_> = timeline.by_time().map(|(_, mark)| mark.at.mono).collect();
        prop_assert!(moments.is_sorted() && moments.len() == timeline.marks.len());
        let running = model.workers().iter().filter(|one| one.setup.can_reopen && one.holds.is_some());
        let mut held = running.map(|one| model.held_by(one.id).and_then(|id| model.incarnation(id)).unwrap().reach);
        prop_assert_eq!(model.all_reopened(), {
            let all = model.workers().iter().filter(|one| one.setup.can_reopen).all(|one| one.holds.is_some());
            all && held.all(|reach| reach == Reach::Live)
        });
    }
}
