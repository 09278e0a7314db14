//! What becomes of a click on a file.

use eframe::egui::{Key, Modifiers, Role};
use egui_kittest::kittest::{NodeT, Queryable};
use rotascope::clock::Moment;
use rotascope::command::{Command, FileOperation, FileOrder};
use rotascope::event::{
    Actor, Cut, EntryKind, Event, FileId, FolderEntry, FollowEvent, Holding, IncarnationId, NotFollowed, Origin, What,
};
use rotascope::gui::state::Selection;

use crate::stage::{FOREIGN_FILE, Stage, foreign_path};

const FOREIGN: &str = "File shop.log, incarnation 1";

fn order_of(stage: &Stage) -> FileOrder {
    match stage.orders().as_slice() {
        [Command::File(order)] => order.clone(),
        other => panic!("one order about a file was expected, not {other:?}"),
    }
}

/// The name of the lesson's live file as the files panel gives it.
fn live(stage: &Stage) -> String {
    let model = stage.harness.state().engine().model();
    let live = model.incarnation(model.live().unwrap()).unwrap();
    format!("File {}, incarnation {}", live.path.as_ref().unwrap().file_name().unwrap().to_string_lossy(), live.id.0)
}

#[test]
fn in_a_lab_a_delete_goes_to_the_engine_at_once_and_names_the_very_file() {
    let mut stage = Stage::lesson();
    let name = live(&stage);
    stage.click(&name);
    assert!(stage.orders().is_empty(), "a selection orders nothing");
    stage.press("Delete");
    let order = order_of(&stage);
    let state = stage.harness.state();
    let model = state.engine().model();
    let live = model.incarnation(model.live().unwrap()).unwrap();
    assert_eq!(order.operation, FileOperation::Delete);
    assert_eq!(Some(&order.path), live.path.as_ref());
    assert_eq!(order.file_id, Some(live.file_id));
    assert_eq!(order.by, Actor::Person);
}

#[test]
fn the_other_operations_say_what_they_do() {
    for (button, operation) in
        [("Truncate", FileOperation::Truncate { to_bytes: 0 }), ("Replace", FileOperation::Replace)]
    {
        let mut stage = Stage::lesson();
        let name = live(&stage);
        stage.click(&name);
        stage.press(button);
        assert_eq!(order_of(&stage).operation, operation);
    }
}

#[test]
fn a_rename_asks_for_a_name_and_keeps_the_folder() {
    let mut stage = Stage::lesson();
    let name = live(&stage);
    stage.click(&name);
    stage.press("Rename…");
    assert!(stage.orders().is_empty(), "not before a name is given");
    stage.type_text("aside.log");
    stage.press("Rename");
    let order = order_of(&stage);
    assert_eq!(order.operation, FileOperation::Rename { to: order.path.with_file_name("aside.log") });
}

#[test]
fn enter_accepts_the_name_that_was_typed() {
    let mut stage = Stage::lesson();
    let name = live(&stage);
    stage.click(&name);
    stage.key(Modifiers::NONE, Key::F2);
    stage.type_text("aside.log");
    stage.key(Modifiers::NONE, Key::Enter);
    let order = order_of(&stage);
    assert_eq!(order.operation, FileOperation::Rename { to: order.path.with_file_name("aside.log") });
}

#[test]
fn a_name_with_a_slash_is_refused_before_anything_is_ordered() {
    let mut stage = Stage::lesson();
    let name = live(&stage);
    stage.click(&name);
    stage.key(Modifiers::NONE, Key::F2);
    stage.type_text("../aside.log");
    assert!(stage.sees("A name can’t hold “/”."));
    stage.key(Modifiers::NONE, Key::Enter);
    assert!(stage.orders().is_empty());
}

#[test]
fn where_no_lab_owns_the_folder_a_delete_asks_names_the_whole_path_and_offers_the_trash() {
    let mut stage = Stage::foreign();
    stage.click(FOREIGN);
    stage.press("Delete");
    assert!(stage.orders().is_empty(), "asked first");
    assert!(stage.sees("/srv/shop/logs/shop.log"));
    stage.press("Cancel");
    assert!(stage.orders().is_empty() && !stage.sees("Move to trash"));

    stage.key(Modifiers::NONE, Key::Delete);
    stage.press("Move to trash");
    let order = order_of(&stage);
    assert_eq!(
        (order.operation, order.path, order.file_id),
        (FileOperation::Trash, foreign_path(), Some(FOREIGN_FILE))
    );

    stage.key(Modifiers::NONE, Key::Delete);
    stage.press("Delete for good");
    assert_eq!(order_of(&stage).operation, FileOperation::Delete);

    stage.key(Modifiers::NONE, Key::Delete);
    stage.key(Modifiers::NONE, Key::Enter);
    assert_eq!(order_of(&stage).operation, FileOperation::Trash, "the default can be undone");
}

#[test]
fn a_truncation_of_somebodys_file_asks_too() {
    let mut stage = Stage::foreign();
    stage.click(FOREIGN);
    stage.press("Truncate");
    assert!(stage.orders().is_empty());
    stage.press("Truncate to 0 bytes");
    assert_eq!(order_of(&stage).operation, FileOperation::Truncate { to_bytes: 0 });
}

#[test]
fn keys_for_files_do_nothing_while_nothing_is_selected() {
    let mut stage = Stage::lesson();
    stage.key(Modifiers::NONE, Key::Delete);
    stage.key(Modifiers::NONE, Key::F2);
    assert!(stage.orders().is_empty());
    assert!(!stage.sees("New name"));
}

#[test]
fn a_deleted_file_that_some_program_holds_open_is_listed_and_written_back_under_a_typed_name() {
    let mut stage = Stage::foreign();
    let path = foreign_path().with_file_name("gone.log");
    let file_id = FileId { dev: 1, ino: 77, born_ns: 0 };
    let holding = Holding {
        pid: 4711,
        name: "python3".to_owned(),
        command: "python3 app.py".to_owned(),
        descriptor: 5,
        file_id,
        path: path.clone(),
        unlinked: true,
        size: 2_000,
    };
    let what = What::Held { holdings: vec![holding] };
    stage.harness.state().engine().tell(&Event { at: Moment::now(), what });
    stage.harness.run();
    stage.click("Deleted file gone.log, held open by 1 process");
    stage.press("Restore…");
    stage.harness.get_by_label("The new file").type_text("-back");
    stage.harness.run();
    stage.press("Restore");
    let orders = stage.orders();
    let [Command::Restore(order)] = orders.as_slice() else { panic!("one order was expected, not {orders:?}") };
    assert_eq!((order.file_id, order.incarnation, order.holder), (file_id, None, Some((4711, 5))));
    assert_eq!((&order.path, order.to.to_string_lossy().ends_with("-back")), (&path, true));
}

#[test]
fn a_deleted_file_that_is_still_held_can_be_released_and_not_deleted_again() {
    let mut stage = Stage::lesson();
    let held = {
        let model = stage.harness.state().engine().model();
        let unlinked = model.incarnations().iter().find(|one| one.path.is_none() && one.ended.is_none()).unwrap();
        let name = unlinked.names.last().unwrap().1.file_name().unwrap().to_string_lossy().into_owned();
        format!("Deleted file {name}, incarnation {}", unlinked.id.0)
    };
    stage.click(&held);
    stage.key(Modifiers::NONE, Key::Delete);
    assert!(stage.orders().is_empty());
}

/// A truncation ends a life and not the file: what was selected can be acted on after it as before.
#[test]
fn the_selection_goes_on_over_a_truncation() {
    let mut stage = Stage::foreign();
    stage.click(FOREIGN);
    let (ended, next) = (IncarnationId(1), IncarnationId(2));
    let size = stage.harness.state().engine().model().incarnation(ended).unwrap().size;
    let path = foreign_path();
    let facts = [
        FollowEvent::Truncated {
            incarnation: ended,
            next,
            path: path.clone(),
            old_size: size,
            read: size,
            kept: 0,
            remaining: Vec::new(),
            exact: true,
            by: Actor::Other,
        },
        FollowEvent::Created {
            incarnation: next,
            file_id: FOREIGN_FILE,
            path,
            start_offset: 0,
            size: 0,
            origin: Origin::Truncated { previous: ended },
            unlinked: false,
        },
    ];
    for fact in facts {
        stage.harness.state().engine().tell(&Event { at: Moment::now(), what: What::Follow(fact) });
    }
    stage.harness.run();
    assert_eq!(stage.harness.state().state.selection, Some(Selection::Incarnation(next)));
    stage.press("Truncate");
    assert!(stage.sees("Truncate shop.log?"));
    // Whoever goes back to the life that ended stays there.
    stage.press("Cancel");
    stage.harness.state_mut().state.selection = Some(Selection::Incarnation(ended));
    stage.harness.run();
    assert_eq!(stage.harness.state().state.selection, Some(Selection::Incarnation(ended)));
}

/// What a restored file has from the one before is not read again, and stands in it all the same.
#[test]
fn a_restored_file_has_its_lines() {
    for (lines, said) in [(Some(2_000), "2,000 lines"), (None, "4712")] {
        let mut stage = Stage::foreign();
        let (gone, back) = (IncarnationId(1), IncarnationId(2));
        let size = stage.harness.state().engine().model().incarnation(gone).unwrap().size;
        let file_id = FileId { ino: 4712, ..FOREIGN_FILE };
        let facts = [
            FollowEvent::Deleted {
                incarnation: gone,
                path: foreign_path(),
                cut: Cut { offset: size, exact: true },
                beyond: Vec::new(),
                by: Actor::Person,
                replaced: false,
            },
            FollowEvent::Created {
                incarnation: back,
                file_id,
                path: foreign_path(),
                start_offset: 0,
                size,
                origin: Origin::Created,
                unlinked: false,
            },
            FollowEvent::CarriedOver { incarnation: back, bytes: size, lines },
        ];
        for fact in facts {
            stage.harness.state().engine().tell(&Event { at: Moment::now(), what: What::Follow(fact) });
        }
        stage.harness.run();
        let row = stage.harness.get_by_label("File shop.log, incarnation 2");
        let value = row.accesskit_node().value().unwrap();
        assert!(value.contains(said) && !value.contains("0 lines,") && !value.starts_with("0 lines"), "{value}");
    }
}

#[test]
fn an_archive_can_be_renamed_and_deleted_and_never_emptied() {
    let path = foreign_path().with_file_name("shop.log.1.gz");
    let entry = FolderEntry {
        path: path.clone(),
        kind: EntryKind::File,
        size: 900,
        file_id: Some(FileId { ino: 5000, ..FOREIGN_FILE }),
        incarnation: None,
        not_followed: Some(NotFollowed::Compressed),
    };
    let listed = FollowEvent::Listed { entries: vec![entry] };
    let mut loose = Stage::foreign();
    loose.harness.state().engine().tell(&Event { at: Moment::now(), what: What::Follow(listed.clone()) });
    loose.harness.run();
    loose.click("shop.log.1.gz");

    // The same, where it is known what was compressed into it.
    let mut known = Stage::foreign();
    let incarnation = IncarnationId(1);
    let deleted = FollowEvent::Deleted {
        incarnation,
        path: foreign_path(),
        cut: Cut { offset: 100, exact: true },
        beyond: Vec::new(),
        by: Actor::Other,
        replaced: false,
    };
    for fact in [listed, deleted, FollowEvent::Archived { incarnation, path: path.clone() }] {
        known.harness.state().engine().tell(&Event { at: Moment::now(), what: What::Follow(fact) });
    }
    known.harness.run();
    known.click("File shop.log.1.gz, incarnation 1");

    for mut stage in [loose, known] {
        for (button, makes_sense) in [("Rename…", true), ("Delete", true), ("Truncate", false), ("Replace", false)] {
            let button = stage.harness.get_by_role_and_label(Role::Button, button);
            assert_eq!(!button.accesskit_node().is_disabled(), makes_sense);
        }
        stage.press("Delete");
        stage.press("Delete for good");
        assert_eq!(order_of(&stage).path, path);
    }
}

/// Letting go of a file gives nothing back to the disk as long as somebody else has it open.
#[test]
fn what_others_hold_too_is_not_said_to_come_back() {
    let held_by = |stage: &Stage, writers: usize| {
        let model = stage.harness.state().engine().model();
        let nameless = |id: &IncarnationId| model.incarnation(*id).is_some_and(|one| one.path.is_none());
        let unlinked = model.incarnations().iter().map(|one| one.id).filter(nameless);
        let found = unlinked.into_iter().find(|id| model.writers_of(*id).len() == writers).unwrap();
        let one = model.incarnation(found).unwrap();
        let name = one.names.last().unwrap().1.file_name().unwrap().to_string_lossy().into_owned();
        format!("Deleted file {name}, incarnation {}", found.0)
    };
    let mut stage = Stage::lesson();
    let alone = held_by(&stage, 0);
    stage.click(&alone);
    assert!(stage.sees("of disk space stay taken as long as it is held open here."));
    let written = held_by(&stage, 1);
    stage.click(&written);
    assert!(stage.sees("1 other process has it open too"));
    assert!(!stage.sees("as long as it is held open here"));
}
