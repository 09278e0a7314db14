//! Carries actions out, with real files and in the model.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::action::Action;
use crate::model::{Model, Reach};

pub(crate) struct World {
    /// Here stands `P`, as long as the folder does.
    folder: PathBuf,
    /// Here stand the files to which `P` leads as a link.
    targets: PathBuf,
    pub(crate) model: Model,
    writers: Vec<File>,
    /// Which file is at `P`, and which left it last.
    at_path: Option<usize>,
    left: Option<usize>,
    /// Where `P` leads if it is a link.
    link: Option<PathBuf>,
    /// It led nowhere at first: what was made there later came to `P` without a word of `P`.
    is_late: bool,
    /// Where files were renamed to, by age; of links also where they lead.
    renamed: BTreeMap<usize, (PathBuf, Option<PathBuf>)>,
    made: u64,
    /// The folder was made since the last look: what happens in it is not heard.
    is_unheard: bool,
}

impl World {
    pub(crate) fn new(base: &Path) -> World {
        let (folder, targets) = (base.join("logs"), base.join("targets"));
        fs::create_dir(&folder).unwrap();
        fs::create_dir(&targets).unwrap();
        World {
            folder,
            targets,
            model: Model::new(),
            writers: Vec::new(),
            at_path: None,
            left: None,
            link: None,
            is_late: false,
            renamed: BTreeMap::new(),
            made: 0,
            is_unheard: false,
        }
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.join("P")
    }

    /// The follower looks at everything.
    pub(crate) fn look(&mut self) {
        self.model.look(self.at_path);
        self.is_unheard = false;
    }

    pub(crate) fn act(&mut self, action: Action) {
        match (action, self.at_path) {
            (Action::Write(lines), at) => {
                let inode = at.unwrap_or_else(|| self.make_at_path());
                self.write(inode, lines);
            }
            (Action::WriteOld(lines), _) => {
                if let Some(inode) = self.left {
                    self.write(inode, lines);
                }
            }
            (Action::Rename, Some(inode)) => self.rename(inode),
            (Action::Delete, Some(_)) => {
                fs::remove_file(self.path()).unwrap();
                self.lose_name();
            }
            (Action::Truncate, Some(inode)) => self.empty(inode),
            (Action::Refill(lines), Some(inode)) => {
                self.empty(inode);
                self.write(inode, lines);
            }
            (Action::Replace(lines), _) => self.replace(lines),
            (Action::MoveBack, None) => self.move_back(),
            (Action::CopyTruncate, Some(inode)) => {
                let to = self.unused_name();
                fs::copy(self.path(), to).unwrap();
                self.model.copy(inode);
                self.empty(inode);
            }
            (Action::RemoveFolder, _) => self.remove_folder(),
            (Action::Retarget(lines), _) => self.retarget(lines),
            _ => {}
        }
    }

    fn rename(&mut self, inode: usize) {
        let to = self.unused_name();
        fs::rename(self.path(), &to).unwrap();
        if self.is_unheard && self.link.is_some() {
            // Nothing tells a link that was there for a moment from one that was never followed.
            self.model.inodes[inode].reach = Reach::Maybe;
        }
        self.renamed.insert(inode, (to, self.link.take()));
        self.leave();
    }

    fn replace(&mut self, lines: u64) {
        self.make_folder();
        let new = self.folder.join("P.new");
        let inode = self.make(&new);
        self.write(inode, lines);
        fs::rename(&new, self.path()).unwrap();
        self.lose_name();
        self.at_path = Some(inode);
        self.model.come_to_path(inode);
    }

    fn move_back(&mut self) {
        let Some((inode, (name, link))) = self.renamed.pop_last() else { return };
        self.lose_name();
        fs::rename(name, self.path()).unwrap();
        (self.at_path, self.link, self.is_late) = (Some(inode), link, true);
        self.model.come_back(inode);
        self.model.inodes[inode].reach = Reach::Yes;
    }

    fn remove_folder(&mut self) {
        if !self.folder.exists() {
            return;
        }
        fs::remove_dir_all(&self.folder).unwrap();
        for (inode, (_, link)) in std::mem::take(&mut self.renamed) {
            self.model.lose(inode, reach_without_name(link.is_some()), !self.is_unheard && link.is_none());
        }
        self.lose_name();
    }

    fn retarget(&mut self, lines: u64) {
        self.make_folder();
        self.made += 1;
        let (target, new) = (self.targets.join(format!("T{}", self.made)), self.folder.join("P.link"));
        let inode = (lines > 0).then(|| self.make(&target));
        if let Some(inode) = inode {
            self.write(inode, lines);
        }
        symlink(&target, &new).unwrap();
        fs::rename(&new, self.path()).unwrap();
        self.lose_name();
        (self.at_path, self.link, self.is_late) = (inode, Some(target), lines == 0);
        if let Some(inode) = inode {
            self.model.come_to_path(inode);
        }
    }

    /// `P` has gone, or leads elsewhere: a file loses its name by that unless `P` was a link.
    fn lose_name(&mut self) {
        let is_link = self.link.take().is_some();
        if let Some(inode) = self.at_path {
            let is_unheard = self.is_unheard || (is_link && self.is_late);
            self.model.lose(inode, reach_without_name(is_link), !is_unheard);
            self.leave();
        } else if is_link {
            self.model.may_be_missed(false);
        }
    }

    fn leave(&mut self) {
        if let Some(inode) = self.at_path.take() {
            self.left = Some(inode);
        }
    }

    fn unused_name(&mut self) -> PathBuf {
        self.made += 1;
        self.folder.join(format!("P.{}", self.made))
    }

    fn make_folder(&mut self) {
        if !self.folder.exists() {
            fs::create_dir(&self.folder).unwrap();
            self.is_unheard = true;
        }
    }

    fn make_at_path(&mut self) -> usize {
        self.make_folder();
        let target = self.link.clone().unwrap_or_else(|| self.path());
        let inode = self.make(&target);
        self.at_path = Some(inode);
        self.model.come_to_path(inode);
        inode
    }

    fn make(&mut self, path: &Path) -> usize {
        self.writers.push(OpenOptions::new().create_new(true).append(true).open(path).unwrap());
        self.model.make(Reach::Yes)
    }

    fn write(&mut self, inode: usize, lines: u64) {
        let mut text = String::new();
        for _ in 0..lines {
            self.made += 1;
            text += &format!("file {inode} line {} of a log like any other\n", self.made);
        }
        self.writers[inode].write_all(text.as_bytes()).unwrap();
        self.model.write(inode, text.as_bytes());
    }

    fn empty(&mut self, inode: usize) {
        self.writers[inode].set_len(0).unwrap();
        self.model.empty(inode);
        self.model.come_to_path(inode);
    }
}

fn reach_without_name(is_link: bool) -> Reach {
    if is_link { Reach::Maybe } else { Reach::No }
}
