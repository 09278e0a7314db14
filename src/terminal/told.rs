//! What the follower's events mean, in sentences for people.

use super::names::Names;
use crate::event::{EntryKind, FollowEvent, IncarnationId, Origin};

/// The sentence for an event; none for what is no news to whoever watches the lines.
pub(super) fn sentence(event: &FollowEvent, names: &Names) -> Option<String> {
    let path = |path: &std::path::Path| names.for_people(path);
    let of = |incarnation: &IncarnationId| format!("{} (#{})", path(names.path_of(*incarnation)), incarnation.0);
    Some(match event {
        FollowEvent::Created { incarnation, path: name, origin, .. } => {
            let new = format!("{} (#{})", path(name), incarnation.0);
            match origin {
                Origin::AtStart | Origin::Truncated { .. } => return None,
                Origin::Created => format!("{new} has appeared"),
                Origin::Replaced { previous } => format!("{new} has replaced #{}", previous.0),
                // A link has just been said to lead elsewhere.
                Origin::Retargeted { previous } => {
                    format!("{} is #{} now, and no longer #{}", path(name), incarnation.0, previous.0)
                }
            }
        }
        FollowEvent::Renamed { incarnation, from, to, .. } => {
            format!("{} was renamed to {} (#{})", path(from), path(to), incarnation.0)
        }
        FollowEvent::Deleted { replaced: true, .. } => return None,
        FollowEvent::Deleted { incarnation, path: name, .. } => {
            format!("{} was deleted (#{})", path(name), incarnation.0)
        }
        FollowEvent::Restored { incarnation, path: name } => {
            format!("#{} has a name again: {}", incarnation.0, path(name))
        }
        FollowEvent::Truncated { incarnation, next, path: name, old_size, read, kept, .. } => {
            let unread = match old_size.saturating_sub(*read) {
                0 => String::new(),
                bytes => format!("; {} had not been read", counted(bytes)),
            };
            let size = counted(*old_size);
            let ids = format!("#{} ended, #{} goes on", incarnation.0, next.0);
            format!("{} was truncated from {size} to {kept} ({ids}){unread}", path(name))
        }
        FollowEvent::Unterminated { incarnation, .. } => format!("{} ended without a newline", of(incarnation)),
        FollowEvent::NotAFile { path: name, kind } => format!("{} is {} now, no file", path(name), kind_name(*kind)),
        FollowEvent::Inaccessible { path: name, reason } => format!("{} can't be read: {reason}", path(name)),
        FollowEvent::Accessible { path: name } => format!("{} can be read again", path(name)),
        FollowEvent::Retargeted { path: name, to } => format!("{} leads to {} now", path(name), path(to)),
        FollowEvent::Hole { incarnation, offset, bytes } => {
            format!("{} has a hole of {} at {offset}, left out", of(incarnation), counted(*bytes))
        }
        FollowEvent::Missed { path: name, .. } => format!("{}: a file came and went unseen", path(name)),
        FollowEvent::Abandoned { incarnation, bytes } => {
            format!("{}: {} were not read", of(incarnation), counted(*bytes))
        }
        FollowEvent::CarriedOver { incarnation, bytes, .. } => {
            format!("{} repeats {}, left out", of(incarnation), counted(*bytes))
        }
        FollowEvent::Archived { incarnation, path: name } => format!("{} is in {} now", of(incarnation), path(name)),
        FollowEvent::LateBytes { incarnation, bytes } => {
            format!("{}: {} came after it was let go", of(incarnation), counted(*bytes))
        }
        FollowEvent::Overflow => "notifications were lost; everything was looked at again".to_owned(),
        FollowEvent::ClockJump { jump_ms } => format!("the machine's clock jumped by {jump_ms} ms"),
        _ => return None,
    })
}

fn counted(bytes: u64) -> String {
    if bytes == 1 { "1 byte".to_owned() } else { format!("{bytes} bytes") }
}

fn kind_name(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "a file",
        EntryKind::Folder => "a folder",
        EntryKind::DanglingLink => "a link that leads nowhere",
        EntryKind::Special => "a pipe, socket or device",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::event::FileId;

    #[test]
    fn a_link_that_was_turned_says_which_file_it_is() {
        let turned = FollowEvent::Created {
            incarnation: IncarnationId(2),
            file_id: FileId { dev: 1, ino: 2, born_ns: 3 },
            path: "/srv/cur".into(),
            start_offset: 0,
            size: 6,
            origin: Origin::Retargeted { previous: IncarnationId(1) },
            unlinked: false,
        };
        let said = sentence(&turned, &Names::new(&["/srv/cur".into()])).unwrap();
        assert_eq!(said, "/srv/cur is #2 now, and no longer #1");
    }
}
