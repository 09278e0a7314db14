//! What the selection is, as far as files are concerned.

use std::path::{Path, PathBuf};

use super::deleted_files::Source;
use super::state::{FileTarget, Scene, Selection, State};
use crate::event::{EntryKind, FileId, FolderEntry, IncarnationId, NotFollowed};
use crate::model::{Incarnation, Reach};

/// The file that is selected, with what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    /// Its life, where it is followed.
    pub(super) incarnation: Option<IncarnationId>,
    /// The name that leads to it, or the last one that did.
    pub(super) path: PathBuf,
    /// Which file it is.
    pub(super) file_id: Option<FileId>,
    /// Whether a name leads to it now.
    pub(super) has_name: bool,
    /// Whether it is a regular file.
    pub(super) regular: bool,
    /// Whether it is a compressed archive.
    pub(super) compressed: bool,
    /// Whether Rotascope holds it open without a name.
    pub(super) releasable: bool,
    /// From where its content can be written back; only what has no name needs that.
    pub(super) source: Option<Source>,
}

impl Chosen {
    /// Whether file operations make sense.
    pub(super) fn is_file(&self) -> bool {
        self.has_name && self.regular
    }

    /// Whether another content can be put in its place. Nothing writes to a compressed archive, and an empty one is no
    /// archive.
    pub(super) fn can_be_emptied(&self) -> bool {
        self.is_file() && !self.compressed
    }

    /// The target of an operation.
    pub(super) fn target(&self) -> FileTarget {
        FileTarget { path: self.path.clone(), file_id: self.file_id }
    }
}

/// The selected file, or none.
pub(super) fn chosen(scene: &Scene<'_>, state: &State) -> Option<Chosen> {
    match state.selection.as_ref()? {
        Selection::Incarnation(id) => of_incarnation(scene, *id),
        Selection::Entry(path) => of_entry(scene, path),
        Selection::Deleted(file_id) => of_deleted(scene, *file_id),
        Selection::Worker(_) => None,
    }
}

/// A truncation ends the life that is selected, not the file: the selection goes on with the file's next life. One that
/// had ended before it was selected stays.
pub(super) fn go_on(scene: &Scene<'_>, state: &mut State) {
    let selected = |state: &State| match state.selection {
        Some(Selection::Incarnation(id)) => scene.model.incarnation(id),
        _ => None,
    };
    if let Some(ended) = selected(state).filter(|one| one.ended.is_some() && state.going_on == Some(one.id))
        && let Some(next) = scene.model.incarnation_of(ended.file_id)
    {
        state.selection = Some(Selection::Incarnation(next));
    }
    state.going_on = selected(state).filter(|one| one.ended.is_none()).map(|one| one.id);
}

fn of_incarnation(scene: &Scene<'_>, id: IncarnationId) -> Option<Chosen> {
    let one = scene.model.incarnation(id)?;
    if let Some(archive) = archive_of(scene, one) {
        // What can be done is done to the archive; its own descriptor can still be let go of.
        let releasable = is_unlinked(one.reach) && !one.released;
        return Some(Chosen { incarnation: Some(id), compressed: true, releasable, ..of_file(archive) });
    }
    // What a truncation ended has no file of its own any more: its name is that of its successor.
    let has_name = one.path.is_some() && one.ended.is_none();
    let path = one.path.clone().or_else(|| one.names.last().map(|(_, path)| path.clone()))?;
    let releasable = is_unlinked(one.reach) && !one.released;
    let holder = scene.model.holders_of(id).first().map(|holder| (holder.holding.pid, holder.holding.descriptor));
    if one.released && !has_name && holder.is_none() {
        return None;
    }
    let source = (is_unlinked(one.reach) && (releasable || holder.is_some())).then(|| Source {
        file_id: one.file_id,
        incarnation: releasable.then_some(id),
        holder,
        path: path.clone(),
    });
    Some(Chosen {
        incarnation: Some(id),
        path,
        file_id: Some(one.file_id),
        has_name,
        regular: true,
        compressed: false,
        releasable,
        source,
    })
}

fn of_entry(scene: &Scene<'_>, path: &Path) -> Option<Chosen> {
    scene.model.entries().iter().find(|entry| entry.path == path).map(of_file)
}

fn of_file(entry: &FolderEntry) -> Chosen {
    Chosen {
        incarnation: entry.incarnation,
        path: entry.path.clone(),
        file_id: entry.file_id,
        has_name: true,
        regular: entry.kind == EntryKind::File,
        compressed: entry.not_followed == Some(NotFollowed::Compressed),
        releasable: false,
        source: None,
    }
}

/// The archive in which all that is left of a life stands.
fn archive_of<'a>(scene: &Scene<'a>, one: &Incarnation) -> Option<&'a FolderEntry> {
    let archive = one.archive.as_ref().filter(|_| one.path.is_none())?;
    scene.model.entries().iter().find(|entry| entry.path == *archive)
}

fn of_deleted(scene: &Scene<'_>, file_id: FileId) -> Option<Chosen> {
    let file = scene.model.deleted_open().into_iter().find(|file| file.file_id == file_id)?;
    let path = file.path.to_owned();
    let holder = file.holders.first().map(|holder| (holder.holding.pid, holder.holding.descriptor));
    Some(Chosen {
        incarnation: None,
        path: path.clone(),
        file_id: Some(file_id),
        has_name: false,
        regular: true,
        compressed: false,
        releasable: false,
        source: Some(Source { file_id, incarnation: None, holder, path }),
    })
}

/// Whether no name leads to it.
pub(super) fn is_unlinked(reach: Reach) -> bool {
    matches!(reach, Reach::Unlinked { .. })
}

/// What would become of the writers of a file that is taken away: how many open a new one, how many do not.
pub(super) fn writers_of(scene: &Scene<'_>, id: Option<IncarnationId>) -> (usize, usize) {
    let Some(id) = id else { return (0, 0) };
    let alive = scene.writers(id).filter(|worker| worker.is_alive());
    alive.fold(
        (0, 0),
        |(reopen, stay), worker| {
            if worker.setup.can_reopen { (reopen + 1, stay) } else { (reopen, stay + 1) }
        },
    )
}
