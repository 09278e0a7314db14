//! What the follower saw.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Actor, FileId, IncarnationId};
use crate::record::{StampRun, TextEncoding};

/// How an incarnation came to be known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// It was there when following began.
    AtStart,
    /// It appeared under a path that led nowhere.
    Created,
    /// It took the path of another one.
    Replaced {
        /// The incarnation that had the path before.
        previous: IncarnationId,
    },
    /// A symbolic link was turned to it.
    Retargeted {
        /// The incarnation that the link led to before.
        previous: IncarnationId,
    },
    /// The same file after a truncation.
    Truncated {
        /// The life that the truncation ended.
        previous: IncarnationId,
    },
}

/// Where in a file its reachable life ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// Size in bytes when the file lost its name (or its place): what ends at or below stood in a reachable file.
    pub offset: u64,
    /// Whether the size was taken in the act; otherwise it is the size at the first look after it, an upper bound.
    pub exact: bool,
}

/// A stretch of whole lines that was read from one incarnation.
///
/// A batch never straddles a cut: once `Renamed` or `Deleted` has been told, `end > cut.offset` says of all of a batch's
/// lines that they were written after it. So the follower either reads up to the cut before it tells of it, what it has
/// read from above being in `beyond`; or it ends a batch behind the last line that ends at or below the cut. The same
/// holds for the cut of a `Renamed` that brings the file back to the writers' path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// Where it was read.
    pub incarnation: IncarnationId,
    /// Number of the first line, from 0, within the incarnation.
    pub first_line: u64,
    /// How many lines.
    pub lines: u64,
    /// Offset of the first byte.
    pub start: u64,
    /// Offset behind the last line's newline.
    pub end: u64,
    /// Size of the file at that look, never below `end`.
    pub size: u64,
    /// Some of the lines' offsets, in order, so that no line is more than a short read away from one.
    pub marks: Vec<LineMark>,
    /// The longest line in bytes, newline excluded.
    pub longest_bytes: u64,
    /// Lines by level (index: [`crate::record::Level`] as usize). All zero for what was there at the start.
    pub levels: [u32; crate::record::LEVELS],
    /// Whole stamped lines, as runs of sequence numbers. Empty outside a lab.
    pub stamps: Vec<StampRun>,
    /// Lines whose stamp stands but whose text does not fit its checksum.
    pub torn: Vec<StampRun>,
    /// Pieces without a stamp in a file where each line should have one.
    pub fragments: u64,
    /// Bytes that were written by nobody: holes, shown and counted but in no line.
    pub nul_bytes: u64,
}

/// A line and where it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LineMark {
    /// Number of the line within its incarnation, from 0.
    pub line: u64,
    /// Offset of its first byte.
    pub offset: u64,
}

/// One entry of a followed folder, as the files panel shows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FolderEntry {
    /// The full path.
    #[serde(with = "crate::event::path")]
    pub path: PathBuf,
    /// What it is.
    pub kind: EntryKind,
    /// Size in bytes.
    pub size: u64,
    /// Its identity, where it could be looked at.
    pub file_id: Option<FileId>,
    /// The incarnation that it is, if it is followed.
    pub incarnation: Option<IncarnationId>,
    /// Why it is not followed (`compressed`, `binary`, ...), if it is not.
    pub not_followed: Option<NotFollowed>,
}

/// What a folder entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link that leads nowhere.
    DanglingLink,
    /// A pipe, socket or device: never opened.
    Special,
}

/// Why an entry is listed and not followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NotFollowed {
    /// Its name ends as a compressed archive's.
    Compressed,
    /// Its first bytes are no text.
    Binary,
    /// It could not be opened.
    Inaccessible,
    /// It is no regular file.
    NotAFile,
    /// Its name does not fit the pattern.
    Pattern,
}

/// What the follower saw. Kinds bear the names of the outside contract.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FollowEvent {
    /// A new incarnation is known and held open.
    Created {
        /// Its number.
        incarnation: IncarnationId,
        /// Which file it is.
        file_id: FileId,
        /// The name under which it was found.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// Where it starts: 0, or what a truncation left.
        start_offset: u64,
        /// Size at that look.
        size: u64,
        /// How it came.
        origin: Origin,
        /// Whether it has already no name (it was opened through a worker's descriptor).
        unlinked: bool,
    },
    /// The incarnation goes on under another name.
    Renamed {
        /// Which.
        incarnation: IncarnationId,
        /// Before.
        #[serde(with = "crate::event::path")]
        from: PathBuf,
        /// Now.
        #[serde(with = "crate::event::path")]
        to: PathBuf,
        /// Size when it moved: later lines are `astray` if the writers' path led here before.
        cut: Cut,
        /// Stamps already read from beyond the cut.
        beyond: Vec<StampRun>,
        /// Who.
        by: Actor,
    },
    /// No name leads to the incarnation any more.
    Deleted {
        /// Which.
        incarnation: IncarnationId,
        /// Its last name.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// Size when it went.
        cut: Cut,
        /// Stamps already read from beyond the cut.
        beyond: Vec<StampRun>,
        /// Who.
        by: Actor,
        /// Whether another file took its path in the same act (`mv P.new P`).
        replaced: bool,
    },
    /// A name leads again to an incarnation that had none.
    Restored {
        /// Which.
        incarnation: IncarnationId,
        /// Its name.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
    },
    /// The file was cut down, or refilled after that; a new incarnation (its `Created` follows) goes on.
    Truncated {
        /// The life that ended.
        incarnation: IncarnationId,
        /// The one that goes on.
        next: IncarnationId,
        /// The file's name, if it has one.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// Its last known size.
        old_size: u64,
        /// How far it had been read: what lies between is gone unread.
        read: u64,
        /// What is left of it: 0, or the offset at which the next incarnation starts.
        kept: u64,
        /// Stamps of the lines that still stand below `kept`.
        remaining: Vec<StampRun>,
        /// Whether `old_size` was taken in the act.
        exact: bool,
        /// Who.
        by: Actor,
    },
    /// What the bytes of an incarnation mean, as soon as something in it tells; before that they are UTF-8. Told before the
    /// bytes and lines that tell it. It may change once more, from UTF-8 to GBK.
    Encoded {
        /// Which.
        incarnation: IncarnationId,
        /// What they mean.
        encoding: TextEncoding,
        /// Offset of the first byte of some unit: a cut may have gone through one of two bytes.
        units_from: u64,
    },
    /// Lines arrived.
    Read(Batch),
    /// Bytes stand behind the last newline (a line not yet ended), or went since.
    Pending {
        /// Where.
        incarnation: IncarnationId,
        /// How many.
        bytes: u64,
        /// Size of the file at that look.
        size: u64,
    },
    /// A last line without newline has become final, because its incarnation ended. It is counted by a batch too.
    Unterminated {
        /// Where.
        incarnation: IncarnationId,
        /// Where the line starts.
        offset: u64,
        /// Its length.
        bytes: u64,
    },
    /// The path now leads to something that is no regular file.
    NotAFile {
        /// The path.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// What stands there.
        kind: EntryKind,
    },
    /// The path is there and can't be read.
    Inaccessible {
        /// The path.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// The system's reason.
        reason: String,
    },
    /// The path can be read again.
    Accessible {
        /// The path.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
    },
    /// A symbolic link on the way to the path leads elsewhere.
    Retargeted {
        /// The followed path.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// Where it leads now.
        #[serde(with = "crate::event::path")]
        to: PathBuf,
    },
    /// A stretch of NUL bytes that no writer wrote.
    Hole {
        /// Where.
        incarnation: IncarnationId,
        /// Its first byte.
        offset: u64,
        /// Its length.
        bytes: u64,
    },
    /// An incarnation came and went between two looks.
    Missed {
        /// The path it had.
        #[serde(with = "crate::event::path")]
        path: PathBuf,
        /// Its identity, if a writer told it.
        file_id: Option<FileId>,
    },
    /// Bytes that were not read although the descriptor was held.
    Abandoned {
        /// Where.
        incarnation: IncarnationId,
        /// How many.
        bytes: u64,
    },
    /// Bytes at the start of an incarnation that repeat the one before, and are not read again.
    CarriedOver {
        /// Where.
        incarnation: IncarnationId,
        /// How many.
        bytes: u64,
        /// Whole lines among them, where they are known.
        lines: Option<u64>,
    },
    /// A file was compressed, and stands in this archive.
    Archived {
        /// Which incarnation it was.
        incarnation: IncarnationId,
        /// The archive.
        path: PathBuf,
    },
    /// Bytes that came after the descriptor was let go.
    LateBytes {
        /// Where.
        incarnation: IncarnationId,
        /// How many.
        bytes: u64,
    },
    /// The system dropped notifications; everything was looked at again.
    Overflow,
    /// The machine's clock jumped.
    ClockJump {
        /// By how much, signed.
        jump_ms: i64,
    },
    /// The followed folders, as the files panel lists them. Replaces the previous listing.
    Listed {
        /// All entries, sorted by path.
        entries: Vec<FolderEntry>,
    },
    /// The descriptor was closed; lines of this incarnation can be shown only if its path still leads to it.
    Released {
        /// Which.
        incarnation: IncarnationId,
    },
    /// Everything up to this request was looked at and read to its end.
    CaughtUp {
        /// The number given with the request.
        request: u64,
    },
}

impl FollowEvent {
    /// The kind as the outside contract writes it; `None` for what is internal.
    pub fn kind(&self) -> Option<&'static str> {
        Some(match self {
            FollowEvent::Created { origin: Origin::Truncated { .. } | Origin::AtStart, .. } => return None,
            FollowEvent::Created { origin: Origin::Replaced { .. }, .. } => "replaced",
            FollowEvent::Created { .. } => "created",
            FollowEvent::Renamed { .. } => "renamed",
            FollowEvent::Deleted { replaced: true, .. } => return None,
            FollowEvent::Deleted { .. } => "deleted",
            FollowEvent::Truncated { .. } => "truncated",
            FollowEvent::Unterminated { .. } => "unterminated",
            FollowEvent::NotAFile { .. } => "not_a_file",
            FollowEvent::Inaccessible { .. } => "inaccessible",
            FollowEvent::Accessible { .. } => "accessible",
            FollowEvent::Retargeted { .. } => "retargeted",
            FollowEvent::Hole { .. } => "hole",
            FollowEvent::Missed { .. } => "missed",
            FollowEvent::Abandoned { .. } => "abandoned",
            FollowEvent::CarriedOver { .. } => "carried_over",
            FollowEvent::Archived { .. } => "archived",
            FollowEvent::LateBytes { .. } => "late_bytes",
            FollowEvent::Overflow => "overflow",
            FollowEvent::ClockJump { .. } => "clock_jump",
            FollowEvent::Restored { .. }
            | FollowEvent::Encoded { .. }
            | FollowEvent::Read(_)
            | FollowEvent::Pending { .. }
            | FollowEvent::Listed { .. }
            | FollowEvent::Released { .. }
            | FollowEvent::CaughtUp { .. } => return None,
        })
    }
}
