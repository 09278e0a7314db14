#![allow(clippy::unwrap_used)]

use super::*;
use crate::event::{
    Actor, Cut, Displaced, Event, Exit, FileId, FollowEvent, LaunchId, Origin, Period, Rollover, RolloverAct, What,
    WorkerEvent,
};
use crate::follow::Texts;
use crate::gui::text::{Language, Words};
use crate::model::{MarkKind, Model};
use crate::record::StampRun;
use crate::sample;

/// The made-up lesson, told in a language.
fn told<R>(language: Language, tell: impl FnOnce(&Teller<'_>, &[Mark]) -> R) -> R {
    told_with(language, &[], tell)
}

/// The lesson, and more that comes after it.
fn told_with<R>(language: Language, more: &[What], tell: impl FnOnce(&Teller<'_>, &[Mark]) -> R) -> R {
    let lesson = sample::lesson();
    let mut model = Model::new();
    lesson.events.iter().for_each(|event| model.apply(event));
    let last = lesson.events.last().unwrap().at;
    more.iter().for_each(|what| model.apply(&Event { at: last, what: what.clone() }));
    let (words, texts) = (Words::new(language), Texts::default());
    let scene = Scene { model: &model, texts: &texts, words: &words, now: last.mono, wall: last.wall };
    tell(&Teller::new(&scene), &model.timeline().marks)
}

fn find(marks: &[Mark], is: impl Fn(&MarkKind) -> bool) -> Vec<MarkId> {
    let found = marks.iter().enumerate().filter(|(_, mark)| is(&mark.kind));
    found.map(|(nth, _)| MarkId(nth as u32)).collect()
}

fn line(divider: &Divider) -> String {
    [&divider.verb, &divider.time, &divider.deed, &divider.outcome].map(String::as_str).join(" | ")
}

#[test]
fn a_delete_says_who_had_the_file_open_and_who_recovered() {
    told(Language::English, |teller, marks| {
        let deleted = find(marks, |kind| matches!(kind, MarkKind::Deleted { .. }));
        let divider = teller.divider(deleted[0]).unwrap();
        assert_eq!(
            line(&divider),
            "deleted | 00:00:11.000 | 2026-05-10.log by you. | 3 workers had it open; all have let go of it."
        );
        assert_eq!(divider.tone, Tone::Bad);
        let telling = teller.mark(deleted[0]).unwrap();
        assert_eq!(telling.title, "You deleted 2026-05-10.log");
        assert_eq!(telling.lines, [(Tone::Good, "All 3 workers reopened within 10.8 ms.".to_owned())]);
        assert_eq!(telling.text(), "You deleted 2026-05-10.log. All 3 workers reopened within 10.8 ms.");
    });
}

#[test]
fn who_never_recovers_is_named_with_what_it_costs() {
    told(Language::English, |teller, marks| {
        let deleted = find(marks, |kind| matches!(kind, MarkKind::Deleted { .. }));
        let divider = teller.divider(*deleted.last().unwrap()).unwrap();
        assert!(divider.outcome.starts_with("1 worker had it open; inode 1834977 stays"), "{}", divider.outcome);
        let telling = teller.mark(*deleted.last().unwrap()).unwrap();
        let lines: Vec<&str> = telling.lines.iter().map(|(_, line)| line.as_str()).collect();
        assert_eq!(lines[0], "legacy-1 has not reopened yet.");
        assert_eq!(lines[1], "legacy-1 never will: plain keeps the file it opened.");
        assert_eq!(lines[2], "legacy-1: 702 lines so far in a file without a name.");
        assert_eq!(telling.lines[2].0, Tone::Bad);
    });
}

#[test]
fn a_new_file_says_whom_it_answers() {
    told(Language::English, |teller, marks| {
        let created = find(marks, |kind| matches!(kind, MarkKind::Created { .. }));
        let answer = teller.divider(*created.last().unwrap()).unwrap();
        assert_eq!(answer.outcome, "web-1, web-3, web-2 reopened after 2.8, 3.7, 10.8 ms.");
        let renamed = teller.divider(created[1]).unwrap();
        assert!(renamed.outcome.ends_with("legacy-1 has not."), "{}", renamed.outcome);
        // At midnight nothing was taken from anybody.
        assert_eq!(teller.divider(created[2]).unwrap().outcome, "");
    });
}

#[test]
fn every_mark_is_told_without_a_gap_in_both_languages() {
    for language in [Language::English, Language::Chinese] {
        told(language, |teller, marks| {
            for nth in 0..marks.len() {
                let id = MarkId(nth as u32);
                let (divider, telling) = (teller.divider(id).unwrap(), teller.mark(id).unwrap());
                let all = format!("{} {}", line(&divider), telling.text());
                let unfilled = all.contains('{') || all.contains("story-") || all.contains("()");
                assert!(!unfilled && !telling.title.is_empty(), "{language:?}: {all}");
            }
        });
    }
}

#[test]
fn many_names_become_a_number() {
    told(Language::English, |teller, _| {
        let workers: Vec<WorkerId> = [0, 1, 2, 3, 0, 1].map(WorkerId).to_vec();
        assert_eq!(teller.names(&workers[..2]), "web-1, web-2");
        assert_eq!(teller.names(&workers), "web-1, web-2, web-3, legacy-1 and 2 more");
        assert_eq!(teller.gaps(&[3.12, 2.9]), "3.1, 2.9 ms");
        assert_eq!(teller.gaps(&[3.12, 1_234.0]), "3.1 ms, 1.2 s");
    });
}

const WEB: WorkerId = WorkerId(0);
const NEW: IncarnationId = IncarnationId(90);
const NEW_FILE: FileId = FileId { dev: 1, ino: 900, born_ns: 1 };

fn of_web(event: WorkerEvent) -> What {
    What::Worker { worker: WEB, event }
}

/// `web-1` alone has made and opened this file.
fn opened_by_web(path: &Path) -> Vec<What> {
    let (path, reason) = (path.to_owned(), OpenReason::Rollover);
    let created = FollowEvent::Created {
        incarnation: NEW,
        file_id: NEW_FILE,
        path: path.clone(),
        start_offset: 0,
        size: 0,
        origin: Origin::Created,
        unlinked: false,
    };
    let opened = WorkerEvent::Opened { file_id: NEW_FILE, path, previous: None, reason, descriptor: None };
    vec![What::Follow(created), of_web(opened)]
}

#[test]
fn nobody_recovers_from_a_rollover_of_its_own_that_was_seen_before_it_was_told() {
    let (from, to) = (Path::new("/lab/app.log").to_owned(), Path::new("/lab/app.log.1").to_owned());
    let mut more = opened_by_web(&from);
    let (cut, beyond, by) = (Cut { offset: 0, exact: true }, Vec::new(), Actor::Other);
    let renamed = FollowEvent::Renamed { incarnation: NEW, from: from.clone(), to: to.clone(), cut, beyond, by };
    let act = RolloverAct::Renamed { to, overwritten: Displaced::Nothing, period: Period::Named };
    more.push(What::Follow(renamed));
    more.push(of_web(WorkerEvent::RolledOver(Rollover { file_id: Some(NEW_FILE), from, act })));
    told_with(Language::English, &more, |teller, marks| {
        let renamed = find(marks, |kind| matches!(kind, MarkKind::Renamed { .. }));
        let telling = teller.mark(*renamed.last().unwrap()).unwrap();
        assert_eq!(telling.text(), "web-1 rolled over: app.log is app.log.1 now");
    });
}

#[test]
fn a_worker_that_ended_before_it_recovered_is_named() {
    let path = Path::new("/lab/app.log").to_owned();
    let mut more = opened_by_web(&path);
    let (cut, beyond, by) = (Cut { offset: 0, exact: true }, Vec::new(), Actor::Person);
    let deleted = FollowEvent::Deleted { incarnation: NEW, path, cut, beyond, by, replaced: false };
    more.push(What::Follow(deleted));
    more.push(of_web(WorkerEvent::Exited { exit: Exit::Signal(9), asked: false }));
    told_with(Language::English, &more, |teller, marks| {
        let deleted = find(marks, |kind| matches!(kind, MarkKind::Deleted { .. }));
        let telling = teller.mark(*deleted.last().unwrap()).unwrap();
        assert_eq!(telling.lines, [(Tone::Warn, "web-1 has not reopened yet.".to_owned())]);
    });
}

#[test]
fn what_went_wrong_says_at_which_file() {
    let path = Path::new("/srv/shop/app.log").to_owned();
    let reason = "Permission denied".to_owned();
    let line = StampRun { launch: LaunchId(0), thread: 1, task: 1, first: 900, last: 900 };
    let failed = WorkerEvent::EmitFailed {
        line,
        operation: "open".into(),
        path: path.clone(),
        reason: reason.clone(),
        torn: false,
    };
    let more = [What::Follow(FollowEvent::Inaccessible { path, reason }), of_web(failed)];
    told_with(Language::English, &more, |teller, marks| {
        let [unreadable, failed] = [MarkId(marks.len() as u32 - 2), MarkId(marks.len() as u32 - 1)];
        let deed = |id| teller.divider(id).unwrap().deed;
        assert_eq!(deed(unreadable), "/srv/shop/app.log: Permission denied");
        assert_eq!(deed(failed), "web-1 could not write to app.log: open: Permission denied");
        for id in [unreadable, failed] {
            let telling = teller.mark(id).unwrap();
            assert_eq!(telling.lines.last().unwrap(), &(Tone::Quiet, "/srv/shop/app.log".to_owned()));
        }
    });
}
