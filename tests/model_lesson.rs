//! The lesson of the sketches, folded: what the window shows of it.
#![allow(clippy::unwrap_used)]

mod sample;

use rotascope::event::{IncarnationId, WorkerId};
use rotascope::model::{FaultKind, MarkKind, Model, Reach, Row};

fn lesson() -> Model {
    let mut model = Model::new();
    for event in &sample::lesson().events {
        model.apply(event);
        assert!(model.ledger().sum_holds(), "{event:?}: {:?}", model.ledger().total());
    }
    model
}

#[test]
fn every_panel_has_its_facts() {
    let model = lesson();
    let reaches: Vec<Reach> = model.incarnations().iter().map(|one| one.reach).collect();
    assert!(
        matches!(reaches[..], [Reach::Unlinked { .. }, Reach::Live, Reach::Unlinked { .. }, Reach::Live]),
        "{reaches:?}"
    );
    assert_eq!(model.live(), Some(IncarnationId(4)));
    assert_eq!(model.orphans(), [WorkerId(3)]);
    assert_eq!(model.writers_of(IncarnationId(4)).len(), 3);
    assert_eq!(model.writers_of(IncarnationId(1)), [WorkerId(3)]);
    assert!(model.all_reopened());
    assert_eq!(model.reopened_workers(), 0, "nobody can recover from the last delete");
    for one in model.incarnations() {
        assert_eq!(one.size, one.bytes.sum() + one.not_yet_read());
        assert_eq!(one.not_yet_read(), 0);
    }
    for worker in &model.workers()[..3] {
        assert_eq!((worker.reopens, worker.rollovers), (2, 1));
        assert!(worker.rate_now > 80.0 && worker.rate_now < 120.0, "{}", worker.rate_now);
        assert!(worker.last_gap_ms.unwrap() < 20.0);
    }
}

#[test]
fn the_timeline_tells_the_story() {
    let model = lesson();
    let timeline = model.timeline();
    let kinds: Vec<(FaultKind, usize, usize)> = timeline
        .faults
        .iter()
        .map(|fault| {
            (fault.kind, fault.recoveries.len(), fault.recoveries.iter().filter(|one| one.at.is_some()).count())
        })
        .collect();
    assert_eq!(kinds, [(FaultKind::Renamed, 4, 3), (FaultKind::Deleted, 3, 3), (FaultKind::Deleted, 1, 0)]);
    let lost = timeline.faults[2].recoveries[0].lost;
    assert_eq!(lost, model.ledger().worker(WorkerId(3)).lost);
    assert!(lost > 500);
    let answered = |worker: usize| timeline.workers[worker].iter().filter_map(|span| span.answers).collect::<Vec<_>>();
    assert_eq!((answered(0), answered(3)), (vec![0, 1], vec![]));
    let makers = timeline.marks.iter().filter(|mark| matches!(mark.kind, MarkKind::Created { by: Some(_) }));
    assert_eq!(makers.count(), 4);
    let moved = timeline.paths.iter().find(|lane| lane.path.ends_with("moved-1.log")).unwrap();
    assert_eq!(
        moved.bars.iter().map(|bar| (bar.unlinked, bar.to.is_some())).collect::<Vec<_>>(),
        [(false, true), (true, false)]
    );
    let order: Vec<u64> = timeline.by_time().map(|(_, mark)| mark.at.mono.0).collect();
    assert!(order.is_sorted() && order.len() == timeline.marks.len());
}

#[test]
fn the_ledger_adds_up() {
    let model = lesson();
    let (web, legacy, total) =
        (model.ledger().worker(WorkerId(0)), model.ledger().worker(WorkerId(3)), model.ledger().total());
    assert_eq!((web.lost, web.torn, web.in_flight, web.astray), (0, 0, 0, 0));
    assert!(web.destroyed > 1_000 && web.present > 2_000);
    assert_eq!((legacy.present, legacy.astray), (0, 0), "all of it was in the file that is gone");
    assert_eq!(total.lost, legacy.lost);
    assert!(!total.bound);
}

#[test]
fn rows_hold_every_line_once() {
    let model = lesson();
    let rows = model.rows();
    let lines: u64 = model.incarnations().iter().map(|one| one.lines).sum();
    let dividers = (0..rows.len()).filter(|row| matches!(rows.get(*row), Some(Row::Divider(_)))).count() as u64;
    assert_eq!(rows.len(), lines + dividers);
    assert_eq!(dividers, 7, "four created, a rename, two deletes");
    let texts = sample::lesson().texts().unwrap();
    let mut first = [0; 6];
    texts.read_at(IncarnationId(4), 0, &mut first).unwrap();
    assert_eq!(&first[..4], &sample::lesson().files[3].1[..4]);
}
