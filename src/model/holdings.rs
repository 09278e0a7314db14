//! Which processes hold which files open, as the system tells it.

use std::path::Path;

use super::Model;
use crate::clock::Mono;
use crate::event::{FileId, Holding, IncarnationId};

/// A process that holds a file open for writing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// What was seen of it last.
    pub holding: Holding,
    /// When it was first seen to hold this file through this descriptor.
    pub since: Mono,
}

/// A file that no name leads to and that some process still writes to: its room on the disk is taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeletedOpen<'a> {
    /// Which file.
    pub file_id: FileId,
    /// The last name that it had.
    pub path: &'a Path,
    /// Size in bytes, as last seen.
    pub size: u64,
    /// Its last life, where it is followed.
    pub incarnation: Option<IncarnationId>,
    /// Who holds it: never empty.
    pub holders: Vec<&'a Holder>,
}

impl Model {
    pub(super) fn held(&mut self, at: Mono, holdings: &[Holding]) {
        let before = std::mem::take(&mut self.held_open);
        let key = |holding: &Holding| (holding.pid, holding.descriptor, holding.file_id);
        let since = |holding: &Holding| {
            let known = before.iter().find(|holder| key(&holder.holding) == key(holding));
            known.map_or(at, |holder| holder.since)
        };
        self.held_open =
            holdings.iter().map(|holding| Holder { holding: holding.clone(), since: since(holding) }).collect();
    }

    /// Every process that was last seen to hold a file of the session open for writing, the lab's own workers left out.
    pub fn holders(&self) -> &[Holder] {
        &self.held_open
    }

    /// Those that hold the file of this incarnation, one entry for each process. A truncation ends a life and not a
    /// file: they all write to its last one.
    pub fn holders_of(&self, id: IncarnationId) -> Vec<&Holder> {
        let file = self.incarnation(id).map(|one| one.file_id).filter(|file| self.incarnation_of(*file) == Some(id));
        let mut holders: Vec<&Holder> = Vec::new();
        for holder in self.held_open.iter().filter(|holder| Some(holder.holding.file_id) == file) {
            if !holders.iter().any(|known| known.holding.pid == holder.holding.pid) {
                holders.push(holder);
            }
        }
        holders
    }

    /// The deleted files that are still open somewhere, the largest first.
    pub fn deleted_open(&self) -> Vec<DeletedOpen<'_>> {
        let mut files: Vec<DeletedOpen<'_>> = Vec::new();
        for holder in self.held_open.iter().filter(|holder| holder.holding.unlinked) {
            let Holding { file_id, path, size, .. } = &holder.holding;
            match files.iter_mut().find(|file| file.file_id == *file_id) {
                Some(file) => {
                    file.size = file.size.max(*size);
                    file.holders.push(holder);
                }
                None => files.push(DeletedOpen {
                    file_id: *file_id,
                    path,
                    size: *size,
                    incarnation: self.incarnation_of(*file_id),
                    holders: vec![holder],
                }),
            }
        }
        files.sort_by(|a, b| b.size.cmp(&a.size).then(a.path.cmp(b.path)).then(a.file_id.cmp(&b.file_id)));
        files
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Moment;
    use crate::event::{Event, What};

    fn holding(pid: u32, ino: u64, size: u64) -> Holding {
        Holding {
            pid,
            name: "python3".to_owned(),
            command: "python3 app.py".to_owned(),
            descriptor: 3,
            file_id: FileId { dev: 1, ino, born_ns: 0 },
            path: format!("/logs/{ino}.log").into(),
            unlinked: size > 0,
            size,
        }
    }

    fn see(model: &mut Model, at: u64, holdings: Vec<Holding>) {
        let at = Moment { mono: Mono(at), ..Moment::now() };
        model.apply(&Event { at, what: What::Held { holdings } });
    }

    #[test]
    fn a_holder_is_known_since_it_was_first_seen() {
        let mut model = Model::new();
        see(&mut model, 10, vec![holding(7, 1, 0)]);
        see(&mut model, 20, vec![holding(7, 1, 0), holding(8, 1, 0)]);
        let since: Vec<(u32, u64)> = model.holders().iter().map(|one| (one.holding.pid, one.since.0)).collect();
        assert_eq!(since, [(7, 10), (8, 20)]);
        see(&mut model, 30, vec![holding(8, 1, 0)]);
        assert_eq!(model.holders().len(), 1);
    }

    #[test]
    fn deleted_files_come_largest_first_with_all_their_holders() {
        let mut model = Model::new();
        see(&mut model, 10, vec![holding(7, 1, 5), holding(7, 2, 9), holding(8, 1, 6), holding(8, 3, 0)]);
        let files = model.deleted_open();
        let shown: Vec<(u64, u64, usize)> =
            files.iter().map(|file| (file.file_id.ino, file.size, file.holders.len())).collect();
        assert_eq!(shown, [(2, 9, 1), (1, 6, 2)]);
    }
}
