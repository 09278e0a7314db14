//! What workers say of their rollovers, and what the model makes of it where they can't know which file they took.
#![allow(clippy::unwrap_used, dead_code)]

#[path = "model/told.rs"]
mod told;

use rotascope::event::{
    Actor, Displaced, FileId, IncarnationId, OpenReason, Origin, Period, Rollover, RolloverAct, WorkerEvent,
};
use rotascope::model::MarkKind;
use told::{LOG, Told, path};

const ONE: IncarnationId = IncarnationId(1);
const TWO: IncarnationId = IncarnationId(2);
const ARCHIVE: &str = "/lab/app.log.2026-05-09";

fn file(id: IncarnationId) -> FileId {
    FileId { dev: 1, ino: u64::from(id.0), born_ns: 1 }
}

/// Two archives with five lines each, one after the other under the same name.
fn archives() -> Told {
    let mut told = Told::lab(2);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 5);
    told.at(20).renamed(ONE, LOG, ARCHIVE);
    told.at(30).created(TWO, LOG, Origin::Created).opened(1, TWO, OpenReason::First).lines(TWO, 1, 1, 5);
    told.counted(0, 5).counted(1, 5);
    told
}

fn made_room(told: &mut Told, worker: u32, file_id: Option<FileId>) {
    told.worker(worker, act(file_id, RolloverAct::MadeRoom));
}

fn act(file_id: Option<FileId>, act: RolloverAct) -> WorkerEvent {
    WorkerEvent::RolledOver(Rollover { file_id, from: path(ARCHIVE), act })
}

fn lost_and_destroyed(told: &Told) -> (u64, u64) {
    let terms = told.model.ledger().total();
    (terms.lost, terms.destroyed)
}

#[test]
fn of_two_workers_that_name_one_file_the_second_took_the_other() {
    let mut told = archives();
    told.at(40).deleted(ONE, Actor::Other);
    made_room(&mut told, 0, Some(file(ONE)));
    told.at(41).renamed(TWO, LOG, ARCHIVE);
    told.at(42).deleted(TWO, Actor::Other);
    assert_eq!(lost_and_destroyed(&told), (5, 5));
    made_room(&mut told, 1, Some(file(ONE)));
    assert_eq!(lost_and_destroyed(&told), (10, 0));
    let deleted: Vec<_> = told.model.timeline().marks.iter().map(|mark| &mark.kind).collect();
    let by_somebody = |kind: &&&MarkKind| matches!(kind, MarkKind::Deleted { by } if !matches!(by, Actor::Worker(_)));
    assert_eq!(deleted.iter().filter(by_somebody).count(), 0, "{deleted:?}");
}

#[test]
fn a_worker_that_names_no_file_took_what_went_from_its_path() {
    for told_first in [true, false] {
        let mut told = archives();
        told.at(40);
        if told_first {
            made_room(&mut told, 1, None);
            assert_eq!(lost_and_destroyed(&told), (0, 0));
        }
        told.deleted(TWO, Actor::Other);
        assert_eq!(lost_and_destroyed(&told), (0, 5), "it went from another path");
        told.at(41).deleted(ONE, Actor::Other);
        if !told_first {
            made_room(&mut told, 1, None);
        }
        assert_eq!(lost_and_destroyed(&told), (5, 5), "told first: {told_first}");
    }
}

#[test]
fn the_name_may_be_known_from_another_worker_alone() {
    let mut told = archives();
    // The follower saw it only when it was gone, under its first name.
    told.at(40).deleted(TWO, Actor::Other);
    told.worker(1, act(None, RolloverAct::Retired));
    assert_eq!(lost_and_destroyed(&told), (0, 5));
    let renamed = RolloverAct::Renamed { to: path(ARCHIVE), overwritten: Displaced::Nothing, period: Period::Named };
    told.worker(0, WorkerEvent::RolledOver(Rollover { file_id: Some(file(TWO)), from: path(LOG), act: renamed }));
    assert_eq!((told.model.ledger().total().expired, lost_and_destroyed(&told)), (5, (0, 0)));
}

#[test]
fn of_two_workers_that_moved_one_file_one_moved_another() {
    let mut told = archives();
    // In the folder for a moment only: the follower has not seen its second name.
    told.at(40).deleted(TWO, Actor::Other);
    made_room(&mut told, 1, None);
    let renamed = |file_id| {
        let act = RolloverAct::Renamed { to: path(ARCHIVE), overwritten: Displaced::Nothing, period: Period::Named };
        WorkerEvent::RolledOver(Rollover { file_id, from: path(LOG), act })
    };
    let third = Some(FileId { dev: 1, ino: 3, born_ns: 1 });
    told.worker(0, renamed(third));
    assert_eq!(lost_and_destroyed(&told), (0, 5), "the one that was moved is another");
    told.worker(1, renamed(third));
    assert_eq!(lost_and_destroyed(&told), (5, 0));
}

#[test]
fn what_a_person_took_or_what_went_at_another_time_is_no_worker_s_doing() {
    let mut told = archives();
    told.at(40).deleted(ONE, Actor::Person);
    made_room(&mut told, 1, None);
    assert_eq!(lost_and_destroyed(&told), (0, 5));
    told.at(60_000).renamed(TWO, LOG, ARCHIVE).deleted(TWO, Actor::Other);
    assert_eq!(lost_and_destroyed(&told), (0, 10));
}

#[test]
fn an_overwritten_file_that_nobody_could_name() {
    let mut told = archives();
    told.at(40).deleted(ONE, Actor::Other).renamed(TWO, LOG, ARCHIVE);
    let renamed = RolloverAct::Renamed { to: path(ARCHIVE), overwritten: Displaced::Unknown, period: Period::Named };
    told.worker(0, WorkerEvent::RolledOver(Rollover { file_id: Some(file(TWO)), from: path(LOG), act: renamed }));
    assert_eq!(lost_and_destroyed(&told), (5, 0));
    // A later word of who took it sets the first free, which fits nothing else.
    made_room(&mut told, 1, Some(file(ONE)));
    assert_eq!(lost_and_destroyed(&told), (5, 0));
}
