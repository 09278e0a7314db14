//! The fold, case by case: what is told in which order, and what the model makes of it.
#![allow(clippy::unwrap_used)]

#[path = "model/told.rs"]
mod told;

use std::path::Path;

use rotascope::clock::Mono;
use rotascope::event::{Actor, Exit, FollowEvent, IncarnationId, OpenReason, Origin, What, WorkerEvent, WorkerId};
use rotascope::model::{FaultKind, Hue, MarkKind, Model, Reach, Row, WorkerState};
use told::{LOG, Told, moment, path};

const ONE: IncarnationId = IncarnationId(1);
const TWO: IncarnationId = IncarnationId(2);
const THREE: IncarnationId = IncarnationId(3);

fn dividers(model: &Model) -> usize {
    (0..model.rows().len()).filter(|row| matches!(model.rows().get(*row), Some(Row::Divider(_)))).count()
}

#[test]
fn a_deleted_file_is_answered_by_a_reopen() {
    let mut told = Told::lab(2);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).opened(1, ONE, OpenReason::First);
    told.at(11).lines(ONE, 0, 1, 5).counted(0, 5);
    assert!(told.model.all_reopened());
    told.at(20).deleted(ONE, Actor::Person);
    assert!(!told.model.all_reopened());
    assert_eq!(told.model.orphans(), [WorkerId(0), WorkerId(1)]);
    assert_eq!(told.model.pinned_bytes(), told.end(ONE));
    told.at(22).lines(ONE, 0, 6, 7);
    told.at(23).created(TWO, LOG, Origin::Created).opened(0, TWO, OpenReason::Gone);
    assert!(!told.model.all_reopened(), "the other one has not");
    assert_eq!(told.model.reopened_workers(), 1);
    told.at(25).opened(1, TWO, OpenReason::Changed);
    assert!(told.model.all_reopened());
    let fault = &told.model.timeline().faults[0];
    let gaps: Vec<_> = fault.recoveries.iter().map(|one| (one.worker.0, one.gap_ms, one.lost)).collect();
    assert_eq!(gaps, [(0, Some(3.0), 2), (1, Some(5.0), 0)]);
    assert_eq!(told.model.worker(WorkerId(1)).unwrap().last_gap_ms, Some(5.0));
    assert_eq!(told.model.timeline().workers[0][1].answers, Some(0));
    let bars = &told.model.timeline().lane(Path::new(LOG)).unwrap().bars;
    let shape: Vec<_> = bars.iter().map(|bar| (bar.incarnation, bar.unlinked, bar.to.map(told::ms))).collect();
    assert_eq!(shape, [(ONE, false, Some(20)), (ONE, true, Some(25)), (TWO, false, None)]);
    assert_eq!(told.model.events()["reopened"], 2);
    let reports = told.model.recoveries();
    assert_eq!(serde_json::to_value(&reports[0]).unwrap()["cause"], "deleted");
}

/// What a compressed archive has of a file is present wherever that moves; what came to the file after that is not.
#[test]
fn what_is_archived_is_present_until_its_archive_is_deleted() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First);
    told.at(11).lines(ONE, 0, 1, 5).counted(0, 5);
    told.at(20).deleted(ONE, Actor::Other);
    told.at(20).follow(FollowEvent::Archived { incarnation: ONE, path: path("/lab/app.log.1.gz") });
    told.at(21).lines(ONE, 0, 6, 7).counted(0, 7);
    let terms = |told: &Told| {
        let terms = told.model.ledger().total();
        (terms.present, terms.destroyed, terms.lost)
    };
    assert_eq!(terms(&told), (5, 0, 2));
    told.at(30).follow(FollowEvent::Archived { incarnation: ONE, path: path("/lab/app.log.2.gz") });
    let one = told.model.incarnation(ONE).unwrap();
    assert_eq!((one.archive.as_deref(), one.names.len()), (Some(Path::new("/lab/app.log.2.gz")), 2));
    assert_eq!(terms(&told), (5, 0, 2));
    let (cut, by) = (rotascope::event::Cut { offset: 40, exact: true }, Actor::Other);
    let archive = path("/lab/app.log.2.gz");
    let gone = FollowEvent::Deleted { incarnation: ONE, path: archive, cut, beyond: Vec::new(), by, replaced: false };
    told.at(40).follow(gone);
    assert_eq!(terms(&told), (0, 5, 2));
    let one = told.model.incarnation(ONE).unwrap();
    assert_eq!((one.archive.as_deref(), one.last_name()), (None, Some(Path::new(LOG))));
}

#[test]
fn lines_that_are_written_again_are_neither_lost_nor_there_twice() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First);
    told.at(11).lines(ONE, 0, 1, 5);
    told.at(20).deleted(ONE, Actor::Person).lines(ONE, 0, 6, 8);
    let lost = |told: &Told| told.model.timeline().faults[0].recoveries[0].lost;
    let terms = told.model.ledger().total();
    assert_eq!((terms.destroyed, terms.lost, lost(&told)), (5, 3, 3));
    told.at(23).created(TWO, LOG, Origin::Created).opened(0, TWO, OpenReason::Gone).lines(TWO, 0, 4, 7);
    let terms = told.model.ledger().total();
    assert_eq!((terms.destroyed, terms.lost, terms.present, terms.duplicated), (3, 1, 4, 0));
    assert_eq!(lost(&told), 1);
    // What is read of the unlinked file after that is known already.
    told.at(24).lines(TWO, 0, 8, 9).lines(ONE, 0, 9, 9);
    assert_eq!((told.model.ledger().total().lost, lost(&told)), (0, 0));
    told.at(30).follow(FollowEvent::Restored { incarnation: ONE, path: path("/lab/back.log") });
    let terms = told.model.ledger().total();
    assert_eq!((terms.present, terms.duplicated, terms.lost), (9, 6, 0), "now both copies can be reached");
    told.at(31).deleted(TWO, Actor::Other);
    let terms = told.model.ledger().total();
    assert_eq!((terms.present, terms.duplicated), (9, 0));
}

#[test]
fn a_worker_that_tells_late_was_a_holder_all_the_same() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created);
    told.at(20).deleted(ONE, Actor::Person);
    assert!(told.model.timeline().faults.is_empty());
    told.at(19).opened(0, ONE, OpenReason::First);
    assert_eq!(told.model.timeline().faults[0].recoveries[0].at, None);
    assert!(!told.model.all_reopened());
    told.at(24).opened(0, TWO, OpenReason::Gone);
    assert_eq!(told.model.timeline().faults[0].recoveries[0].gap_ms, Some(4.0));
    assert!(!told.model.all_reopened(), "nobody has seen that file yet");
    told.at(25).created(TWO, LOG, Origin::Created);
    assert!(told.model.all_reopened());
}

/// Its folder is gone: the handler has closed its file and can open no other until the folder is back.
#[test]
fn a_handler_that_holds_nothing_is_in_no_file_and_recovers_with_the_folder() {
    for closed_first in [false, true] {
        let mut told = Told::lab(1);
        told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 5);
        if closed_first {
            told.at(21).worker(0, WorkerEvent::Closed).at(23).deleted(ONE, Actor::Other);
        } else {
            told.at(20).deleted(ONE, Actor::Person);
            assert_eq!(told.model.orphans(), [WorkerId(0)]);
            told.at(21).worker(0, WorkerEvent::Closed);
        }
        assert_eq!(told.model.orphans(), [], "it writes to no file");
        assert_eq!(told.model.writers_of(ONE), []);
        let bars = &told.model.timeline().lane(Path::new(LOG)).unwrap().bars;
        assert!(bars.iter().all(|bar| bar.to.is_some()), "nobody holds it: {bars:?}");
        told.at(24).refused(0, 6);
        assert!(told.model.workers()[0].failing && !told.model.all_reopened());
        told.at(50).created(TWO, LOG, Origin::Created).opened(0, TWO, OpenReason::Retry);
        let worker = &told.model.workers()[0];
        assert_eq!((worker.failing, worker.closed, worker.reopens, worker.errors), (false, false, 1, 1));
        let recoveries = told.model.recoveries();
        let gap = if closed_first { 27.0 } else { 30.0 };
        assert_eq!(recoveries.iter().map(|one| one.gap_ms).collect::<Vec<_>>(), [Some(gap)], "{closed_first}");
        assert_eq!(recoveries[0].lost, 1, "the line that was refused");
        assert_eq!(told.model.timeline().workers[0][1].answers, Some(0));
        assert!(told.model.all_reopened());
    }
}

#[test]
fn opening_the_same_file_before_the_fault_answers_nothing() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First);
    told.at(20).deleted(ONE, Actor::Person);
    told.at(19).opened(0, ONE, OpenReason::Retry);
    assert_eq!(told.model.timeline().faults[0].recoveries[0].at, None);
    told.at(21).created(TWO, LOG, Origin::Created).opened(0, TWO, OpenReason::Gone);
    assert_eq!(told.model.timeline().faults[0].recoveries[0].gap_ms, Some(1.0));
}

#[test]
fn a_file_that_comes_back_helps_nobody_who_has_ended() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First);
    told.at(20).renamed(ONE, LOG, "/lab/aside.log");
    told.at(21).worker(0, WorkerEvent::Exited { exit: Exit::Signal(9), asked: false });
    told.at(30).renamed(ONE, "/lab/aside.log", LOG);
    assert_eq!(told.model.timeline().faults[0].recoveries[0].at, None);
}

#[test]
fn a_file_that_comes_back_helps_nobody_in_another_one() {
    let mut told = Told::lab(2);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First);
    told.at(20).deleted(ONE, Actor::Person);
    told.at(30).created(TWO, LOG, Origin::Created).opened(1, TWO, OpenReason::First);
    told.at(40).renamed(TWO, LOG, "/lab/aside.log").renamed(TWO, "/lab/aside.log", LOG);
    assert!(!told.model.all_reopened());
    told.at(50).opened(0, TWO, OpenReason::Changed);
    assert_eq!(told.model.timeline().faults[0].recoveries[0].gap_ms, Some(30.0));
}

#[test]
fn a_worker_that_notices_first_has_a_gap_of_zero() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First);
    told.at(20).opened(0, TWO, OpenReason::Gone);
    told.at(22).deleted(ONE, Actor::Other).created(TWO, LOG, Origin::Created);
    let recovery = told.model.timeline().faults[0].recoveries[0];
    assert_eq!((recovery.at.map(told::ms), recovery.gap_ms), (Some(20), Some(0.0)));
    assert_eq!(told.model.timeline().workers[0][1].answers, Some(0));
    assert!(told.model.all_reopened());
    let bars = &told.model.timeline().lane(Path::new(LOG)).unwrap().bars;
    assert!(bars.iter().all(|bar| !bar.unlinked), "nobody wrote to it after the delete: {bars:?}");
}

#[test]
fn who_leaves_at_a_rollover_or_at_its_end_has_not_recovered() {
    let mut told = Told::lab(2);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).opened(1, ONE, OpenReason::First);
    told.at(12).created(TWO, "/lab/next.log", Origin::Created).opened(0, TWO, OpenReason::Rollover);
    told.at(20).deleted(ONE, Actor::Person);
    let holders: Vec<_> = told.model.timeline().faults[0].recoveries.iter().map(|one| one.worker.0).collect();
    assert_eq!(holders, [1], "the first one had moved on by itself");
    told.at(30).worker(1, WorkerEvent::Exited { exit: Exit::Signal(9), asked: false });
    told.at(40).launched(1).opened(1, THREE, OpenReason::First).created(THREE, LOG, Origin::Created);
    let recovery = told.model.timeline().faults[0].recoveries[0];
    assert_eq!((recovery.at, recovery.gap_ms), (None, None), "a new launch answers no old fault");
    assert!(told.model.all_reopened());
    let bars = &told.model.timeline().lane(Path::new(LOG)).unwrap().bars;
    assert_eq!(bars.iter().find(|bar| bar.unlinked).and_then(|bar| bar.to).map(told::ms), Some(30));
    assert!(told.model.timeline().marks.iter().any(|mark| matches!(mark.kind, MarkKind::WorkerExited { .. })));
}

#[test]
fn who_waits_for_a_lock_names_the_worker_that_has_it() {
    let mut told = Told::lab(2);
    told.at(10).worker(1, WorkerEvent::Stopped);
    told.at(12).worker(0, WorkerEvent::Blocked { holder_pid: Some(41) });
    let waits = |told: &Told| told.model.workers()[0].blocked.map(|blocked| (blocked.holder, blocked.holder_pid));
    assert_eq!(waits(&told), Some((Some(WorkerId(1)), Some(41))));
    told.at(20).worker(1, WorkerEvent::Continued).worker(0, WorkerEvent::Unblocked { waited_ns: 8, gave_up: false });
    assert_eq!(waits(&told), None);
    told.at(30).worker(1, WorkerEvent::Exited { exit: Exit::Code(0), asked: true });
    told.worker(0, WorkerEvent::Blocked { holder_pid: Some(41) });
    assert_eq!(waits(&told), Some((None, Some(41))), "an ended worker's process id may be anybody's");
    told.worker(0, WorkerEvent::Exited { exit: Exit::Signal(9), asked: false });
    assert_eq!(waits(&told), None);
    let marks = &told.model.timeline().marks;
    let marked: Vec<_> = marks.iter().filter(|mark| matches!(mark.kind, MarkKind::Blocked { .. })).collect();
    let first =
        MarkKind::Blocked { worker: WorkerId(0), holder_pid: Some(41), holder: Some(WorkerId(1)), stopped: true };
    assert_eq!((marked.len(), told::ms(marked[0].at.mono), &marked[0].kind), (2, 12, &first));
    assert!(marks.iter().any(|mark| matches!(mark.kind, MarkKind::Unblocked { gave_up: false, .. })));
}

#[test]
fn moved_away_and_back() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 4);
    told.at(20).renamed(ONE, LOG, "/lab/aside.log");
    told.at(21).lines(ONE, 0, 5, 6);
    assert_eq!(told.model.incarnation(ONE).unwrap().reach, Reach::Moved);
    assert_eq!(told.model.live(), None);
    assert_eq!(told.model.ledger().total().astray, 2);
    told.at(35).renamed(ONE, "/lab/aside.log", LOG);
    told.at(36).lines(ONE, 0, 7, 9);
    let model = &told.model;
    assert_eq!((model.incarnation(ONE).unwrap().reach, model.live()), (Reach::Live, Some(ONE)));
    assert_eq!((model.ledger().total().astray, model.ledger().total().present), (2, 9));
    assert_eq!(model.timeline().faults.len(), 1);
    assert_eq!(model.timeline().faults[0].kind, FaultKind::Renamed);
    assert_eq!(model.timeline().faults[0].recoveries[0].gap_ms, Some(15.0), "it holds the live file again");
    assert!(model.all_reopened());
    assert_eq!(model.incarnation(ONE).unwrap().names.len(), 3);
    assert_eq!(model.timeline().lane(Path::new(LOG)).unwrap().bars.len(), 2);
}

#[test]
fn a_truncation_ends_a_life_and_takes_the_file_from_nobody() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 4);
    told.at(20).truncated(ONE, TWO, Actor::Person);
    told.at(30).lines(TWO, 0, 5, 5).counted(0, 5);
    let model = &told.model;
    let one = model.incarnation(ONE).unwrap();
    assert_eq!((one.reach, one.path.as_deref(), one.ended.is_some()), (Reach::Truncated { kept: 0 }, None, true));
    assert_eq!((model.live(), model.held_by(WorkerId(0))), (Some(TWO), Some(TWO)));
    assert_eq!((model.writers_of(ONE).len(), model.writers_of(TWO).len()), (0, 1));
    let fault = &model.timeline().faults[0];
    assert_eq!((fault.kind, fault.recoveries[0].gap_ms), (FaultKind::Truncated, Some(0.0)));
    assert!(model.all_reopened());
    let total = model.ledger().total();
    assert_eq!((total.destroyed, total.present, total.bound), (4, 1, false));
    let file = model.incarnation(ONE).unwrap().file_id;
    assert_eq!(model.incarnation_of_at(file, told::moment(15).mono), Some(ONE));
    assert_eq!(model.incarnation_of_at(file, told::moment(25).mono), Some(TWO));
}

#[test]
fn lines_truncated_unread_are_destroyed_within_a_bound() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 4);
    told.at(20).truncated(ONE, TWO, Actor::Person);
    // 5 to 7 were written before the truncation and never seen; 8 stands; 9 and 10 went where nobody knows.
    told.at(21).counted(0, 7).lines(TWO, 0, 8, 8);
    told.at(25).counted(0, 10);
    assert_eq!(told.model.ledger().total().in_flight, 5);
    told.at(30).tell(What::Drained);
    let total = told.model.ledger().total();
    assert_eq!((total.destroyed, total.present, total.lost, total.in_flight), (7, 1, 2, 0));
    assert!(total.bound);
    told.at(40).counted(0, 12);
    assert_eq!(told.model.ledger().total().in_flight, 2, "what was written later is open again");
    told.at(41).lines(TWO, 0, 9, 9);
    assert_eq!(told.model.ledger().total().lost, 1, "it turned up");
}

#[test]
fn what_was_written_after_the_next_count_was_not_truncated() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 4);
    told.at(20).truncated(ONE, TWO, Actor::Person).counted(0, 7);
    told.at(25).counted(0, 10).at(30).tell(What::Drained);
    let total = told.model.ledger().total();
    assert_eq!((total.destroyed, total.lost), (7, 3), "8 to 10 went where nobody looked");
}

#[test]
fn a_fragment_is_torn_only_where_it_can_be_reached() {
    let mut told = Told::lab(2);
    // The first one's file is known, the second one's is not.
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First);
    told.tore(0, 1).tore(1, 1);
    let torn = |told: &Told| [0, 1].map(|worker| told.model.ledger().worker(WorkerId(worker)).torn);
    assert_eq!(torn(&told), [1, 1]);
    told.at(20).deleted(ONE, Actor::Person);
    assert_eq!(torn(&told), [0, 1]);
    assert_eq!(told.model.ledger().total().lost, 1);
}

#[test]
fn restored_lines_are_present_again() {
    let mut told = Told::lab(1);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 4);
    told.at(20).deleted(ONE, Actor::Person).lines(ONE, 0, 5, 6);
    let total = told.model.ledger().total();
    assert_eq!((total.destroyed, total.lost, total.present), (4, 2, 0));
    assert_eq!(told.model.recoveries()[0].lost, 2);
    told.at(30).follow(FollowEvent::Restored { incarnation: ONE, path: path("/lab/back.log") });
    let total = told.model.ledger().total();
    assert_eq!((total.destroyed, total.lost, total.present, total.astray), (0, 0, 6, 0));
    assert_eq!(told.model.recoveries()[0].lost, 0);
    assert_eq!(told.model.incarnation(ONE).unwrap().reach, Reach::Moved);
    told.at(31).lines(ONE, 0, 7, 7);
    assert_eq!(told.model.ledger().total().astray, 1);
    let lane = told.model.timeline().lane(Path::new(LOG)).unwrap();
    assert_eq!(lane.bars.iter().filter_map(|bar| bar.to).map(told::ms).collect::<Vec<_>>(), [20, 30]);
}

#[test]
fn what_a_workers_own_handler_removes_is_lost() {
    let mut told = Told::lab(2);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).opened(1, ONE, OpenReason::First);
    told.lines(ONE, 0, 1, 4).lines(ONE, 1, 1, 3);
    told.at(20).deleted(ONE, Actor::Worker(WorkerId(0)));
    let total = told.model.ledger().total();
    assert_eq!((total.lost, total.destroyed), (7, 0));
    let holders: Vec<_> = told.model.timeline().faults[0].recoveries.iter().map(|one| one.worker.0).collect();
    assert_eq!(holders, [1], "who did it is no victim");
}

#[test]
fn who_made_a_file() {
    let mut told = Told::lab(2);
    told.at(11).created(ONE, LOG, Origin::Created);
    // Both tell late; the second one was there first.
    told.at(10).opened(0, ONE, OpenReason::First);
    told.at(9).opened(1, ONE, OpenReason::First);
    told.at(20).created(TWO, "/lab/other.log", Origin::Created);
    told.at(900).opened(0, TWO, OpenReason::Changed);
    told.at(950).deleted(TWO, Actor::Person);
    told.at(950).created(THREE, "/lab/other.log", Origin::Replaced { previous: TWO });
    told.at(951).opened(0, THREE, OpenReason::Changed);
    let makers: Vec<Option<u32>> = told
        .model
        .timeline()
        .marks
        .iter()
        .filter_map(|mark| match mark.kind {
            MarkKind::Created { by } => Some(by.map(|worker| worker.0)),
            _ => None,
        })
        .collect();
    assert_eq!(makers, [Some(1), None, None], "found much later; put there by a person");
    let moments: Vec<Mono> = told.model.timeline().by_time().map(|(_, mark)| mark.at.mono).collect();
    assert!(moments.is_sorted());
    let (from, to) = (told::moment(20).mono, told::moment(940).mono);
    assert_eq!(told.model.timeline().marks_between(from, to).count(), 2);
}

#[test]
fn foreign_logs_rotate() {
    let mut told = Told::foreign();
    told.at(1).created(ONE, "/var/log/app", Origin::AtStart);
    told.at(10).renamed(ONE, "/var/log/app", "/var/log/app.1").created(TWO, "/var/log/app", Origin::Created);
    assert_eq!(told.reaches(), [Reach::Moved, Reach::Live]);
    told.at(20).renamed(ONE, "/var/log/app.1", "/var/log/app.2").renamed(TWO, "/var/log/app", "/var/log/app.1");
    told.at(21).created(THREE, "/var/log/app.new", Origin::Created);
    assert_eq!(told.reaches(), [Reach::Moved, Reach::Moved, Reach::Live]);
    told.at(22).renamed(THREE, "/var/log/app.new", "/var/log/app");
    assert_eq!(told.reaches()[2], Reach::Live);
    assert_eq!(told.model.live(), Some(THREE));
    told.at(30).deleted(THREE, Actor::Other);
    assert!(told.model.timeline().faults.is_empty(), "nobody tells of writers here");
    let hatched = |told: &Told| {
        let lane = told.model.timeline().lane(Path::new("/var/log/app")).unwrap();
        lane.bars.iter().find(|bar| bar.unlinked).map(|bar| bar.to.map(told::ms))
    };
    assert_eq!(hatched(&told), Some(None));
    told.at(40).follow(FollowEvent::Released { incarnation: THREE });
    assert_eq!(hatched(&told), Some(Some(40)));
    assert_eq!(told.model.pinned_bytes(), 0);
}

#[test]
fn the_first_files_are_told_apart_only_if_there_are_several() {
    let mut told = Told::foreign();
    told.at(1).created(ONE, "/var/log/app", Origin::AtStart).lines(ONE, 0, 1, 3);
    assert_eq!(dividers(&told.model), 0);
    let mut told = Told::foreign();
    told.at(1).created(ONE, "/var/log/app", Origin::AtStart).created(TWO, "/var/log/web", Origin::AtStart);
    told.lines(ONE, 0, 1, 3).lines(TWO, 0, 1, 3);
    assert_eq!(dividers(&told.model), 2);
    assert_eq!(told.model.rows().get(0), Some(Row::Divider(rotascope::model::MarkId(0))));
}

#[test]
fn a_worker_from_start_to_end() {
    let mut told = Told::lab(1);
    let state = |told: &Told| told.model.worker(WorkerId(0)).unwrap().state;
    assert_eq!(state(&told), WorkerState::Running);
    told.at(10).worker(0, WorkerEvent::Paused);
    told.worker(0, WorkerEvent::Stopped).worker(0, WorkerEvent::Resumed);
    assert_eq!(state(&told), WorkerState::Stopped, "an older message does not set a stopped process going");
    told.worker(0, WorkerEvent::Stopped);
    told.worker(0, WorkerEvent::Continued);
    assert_eq!(state(&told), WorkerState::Running);
    for n in 0..30 {
        told.at(1_000 + n * 100).counted(0, n * 10);
    }
    assert!((told.model.worker(WorkerId(0)).unwrap().rate_now - 100.0).abs() < 0.01);
    told.refused(0, 291).refused(0, 292);
    let failures = told.model.timeline().marks.iter().filter(|mark| matches!(mark.kind, MarkKind::EmitFailed { .. }));
    assert_eq!(failures.count(), 1, "the first of a row");
    let worker = told.model.worker(WorkerId(0)).unwrap();
    assert_eq!((worker.errors, worker.written, worker.last_error.as_deref()), (2, 292, Some("write: disk full")));
    assert_eq!(told.model.ledger().total().lost, 2);
    told.worker(0, WorkerEvent::Ending);
    assert_eq!(state(&told), WorkerState::Ending);
    told.at(5_000).worker(0, WorkerEvent::Exited { exit: Exit::Code(0), asked: true });
    let worker = told.model.worker(WorkerId(0)).unwrap();
    assert_eq!((worker.rate_now, worker.holds.is_none(), worker.is_alive()), (0.0, true, false));
    told.at(6_000).launched(0).counted(0, 3);
    assert_eq!(told.model.worker(WorkerId(0)).unwrap().written, 295, "over all launches");
    told.refused(0, 293);
    let failures = told.model.timeline().marks.iter().filter(|mark| matches!(mark.kind, MarkKind::EmitFailed { .. }));
    assert_eq!(failures.count(), 2, "the same number in another launch is no row");
}

#[test]
fn bytes_of_every_kind_add_up() {
    let mut told = Told::foreign();
    told.at(1).created(ONE, "/var/log/app", Origin::AtStart);
    told.follow(FollowEvent::CarriedOver { incarnation: ONE, bytes: 100, lines: Some(3) });
    told.set_end(ONE, 100).lines(ONE, 0, 1, 2);
    let end = told.end(ONE);
    told.follow(FollowEvent::Hole { incarnation: ONE, offset: end, bytes: 50 });
    // The batch that spans the hole repeats it.
    told.batch(ONE, end, end + 70, 50);
    told.follow(FollowEvent::Pending { incarnation: ONE, bytes: 5, size: end + 90 });
    told.follow(FollowEvent::Abandoned { incarnation: ONE, bytes: 12 });
    let one = told.model.incarnation(ONE).unwrap();
    assert_eq!((one.bytes.carried_over, one.bytes.hole, one.bytes.abandoned), (100, 50, 12));
    assert_eq!(one.lines_in_all(), Some(3 + one.lines));
    assert_eq!((one.bytes.read, one.size, one.not_yet_read(), one.pending_bytes), (end - 100 + 20, end + 90, 8, 5));
    // What was given up turns up after all.
    told.batch(ONE, end + 70, end + 90, 0);
    let one = told.model.incarnation(ONE).unwrap();
    assert_eq!((one.bytes.abandoned, one.not_yet_read(), one.bytes.sum()), (0, 0, one.size));
}

#[test]
fn a_new_session_forgets_the_old_one() {
    let mut told = Told::lab(2);
    told.at(10).created(ONE, LOG, Origin::Created).opened(0, ONE, OpenReason::First).lines(ONE, 0, 1, 9);
    let revision = told.model.revision();
    let opened = What::SessionOpened(told.model.session().unwrap().clone());
    told.at(50).tell(opened);
    let model = &told.model;
    assert!(model.rows().is_empty() && model.incarnations().is_empty() && model.timeline().marks.is_empty());
    assert_eq!((model.ledger().total().written, model.workers()[0].state), (0, WorkerState::Idle));
    assert!(model.revision() > revision);
    assert_eq!(model.span(), Some((told::moment(50).mono, told::moment(50).mono)));
}

#[test]
fn rates_keep_within_their_bound() {
    let mut told = Told::foreign();
    told.at(1).created(ONE, "/var/log/app", Origin::AtStart);
    for n in 0..9_000 {
        told.at(250 * n).lines(ONE, 0, 1, 2);
    }
    let rates = &told.model.timeline().rates;
    assert!(rates.steps.len() <= 4_000 && rates.step_ns == 1_000_000_000, "{} of {}", rates.steps.len(), rates.step_ns);
    assert_eq!(rates.steps.iter().map(|(_, levels)| u64::from(levels[2])).sum::<u64>(), 18_000);
    assert!(rates.steps.windows(2).all(|pair| pair[0].0 < pair[1].0));
}

/// What nobody counts was not written: a curve that stops at the pause would say that it still is.
#[test]
fn the_rates_of_a_paused_worker_fall_to_zero() {
    let mut told = Told::lab(1);
    told.at(0).launched(0);
    for tenth in 1..=100u64 {
        told.at(tenth * 100).counted(0, tenth * 10);
    }
    let rates = |told: &Told, ms: u64| told.model.worker(WorkerId(0)).unwrap().rate_history_until(moment(ms).mono);
    assert!(rates(&told, 10_500).iter().all(|rate| *rate > 50.0), "a moment between two counts is no pause");
    told.worker(0, WorkerEvent::Paused);
    let fallen = rates(&told, 12_000);
    assert!(fallen.ends_with(&[0.0; 8]) && fallen[..fallen.len() - 8].iter().all(|rate| *rate > 50.0), "{fallen:?}");
    assert!(rates(&told, 60_000).iter().all(|rate| *rate == 0.0));
    told.at(15_000).worker(0, WorkerEvent::Resumed);
    told.at(15_100).counted(0, 1_001).at(15_600).counted(0, 1_050);
    let after = rates(&told, 15_600);
    let standing = after.iter().filter(|rate| **rate == 0.0).count();
    assert!((19..=21).contains(&standing) && after.last().is_some_and(|rate| *rate > 50.0), "{after:?}");
}

/// Colours come again after eight lives, and never side by side: lives of other paths may have come in between.
#[test]
fn neighbours_on_one_path_have_different_colours() {
    let mut told = Told::foreign();
    told.at(1).created(ONE, "/var/log/app", Origin::AtStart);
    for id in 2..=8 {
        told.at(u64::from(id)).created(IncarnationId(id), &format!("/var/log/other-{id}"), Origin::AtStart);
    }
    told.at(20).deleted(ONE, Actor::Other);
    told.at(21).created(IncarnationId(9), "/var/log/app", Origin::Created);
    told.at(22).deleted(IncarnationId(9), Actor::Other);
    told.at(23).created(IncarnationId(10), "/var/log/app", Origin::Created);
    let hue = |id| told.model.incarnation(IncarnationId(id)).unwrap().hue;
    assert_eq!((hue(1), hue(2)), (Hue::of(ONE), Hue::of(TWO)));
    assert_eq!(hue(1), Hue::of(IncarnationId(9)), "this is what would happen");
    assert_ne!(hue(9), hue(1));
    assert_ne!(hue(10), hue(9));
}

/// A colour says at a glance who writes where: as long as one of the eight is out of use, no two have the same.
#[test]
fn what_is_written_at_the_same_time_has_different_colours() {
    let mut told = Told::foreign();
    let mut time = 0;
    let mut next = |told: &mut Told, id: u32, log: &str| {
        time += 10;
        told.at(time).created(IncarnationId(id), log, Origin::Created);
    };
    // Three logs that stay, and one that is rolled over and over.
    for (id, log) in [(1, "/var/log/plain"), (2, "/var/log/size"), (3, "/var/log/timed"), (4, "/var/log/own-4")] {
        next(&mut told, id, log);
    }
    told.held(&[1, 2, 3, 4]);
    let hue = |told: &Told, id| told.model.incarnation(IncarnationId(id)).unwrap().hue;
    let first: Vec<Hue> = (1..=4).map(|id| hue(&told, id)).collect();
    for id in 5..=40 {
        told.renamed(IncarnationId(id - 1), &format!("/var/log/own-{}", id - 1), &format!("/var/log/old-{}", id - 1));
        next(&mut told, id, &format!("/var/log/own-{id}"));
        told.held(&[1, 2, 3, id]);
        assert!((1..=3).all(|live| hue(&told, live) != hue(&told, id)), "{id}");
        assert!(id < 6 || hue(&told, id) != hue(&told, id - 1));
    }
    let last: Vec<Hue> = (1..=4).map(|id| hue(&told, id)).collect();
    assert_eq!(first, last, "a life keeps its colour");
    // What nobody is seen to write to, but stands where it is written, is left alone as well.
    told.held(&[]);
    for id in 41..=44 {
        next(&mut told, id, &format!("/var/log/new-{id}"));
    }
    let live = [1, 2, 3, 40, 41, 42, 43, 44].map(|id| hue(&told, id).index());
    assert_eq!(live.iter().collect::<std::collections::BTreeSet<_>>().len(), 8, "{live:?}");
}
