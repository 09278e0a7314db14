//! The file that is written to, and how much of the kept lines stands in it.

use std::fs::File;
use std::io::{self, Seek};

use super::kept::Kept;
use crate::event::FileId;
use crate::platform;

/// An open file.
#[derive(Debug)]
pub(super) struct Held {
    file: File,
    /// Device and inode. Nobody else can get that inode while the file is open here.
    identity: (u64, u64),
    /// How many of the kept lines stand in it, from the first on.
    standing: usize,
    /// What of the next one was written before the disk was full.
    begun: Option<Begun>,
}

/// The beginning of a line, without its end.
#[derive(Clone, Copy, Debug)]
struct Begun {
    bytes: usize,
    /// The offset behind it.
    end: u64,
}

impl Held {
    pub(super) fn new(file: File, id: FileId) -> Held {
        Held { file, identity: (id.dev, id.ino), standing: 0, begun: None }
    }

    pub(super) fn is(&self, found: (u64, u64)) -> bool {
        self.identity == found
    }

    pub(super) fn standing(&self) -> usize {
        self.standing
    }

    /// The lines that stand are not kept any more.
    pub(super) fn let_go_of_standing(&mut self, kept: &mut Kept) {
        kept.let_go(self.standing);
        self.standing = 0;
    }

    /// Whether the name by which the file was opened leads to it still, wherever that has been moved. A hard link that
    /// somebody made elsewhere is no place where a reader of the log would look; it counts only where the system does
    /// not tell one name from another. What can't be looked at counts as nameless: rather a line twice than not at all.
    pub(super) fn has_name(&self) -> bool {
        let Ok(metadata) = self.file.metadata() else { return false };
        platform::links(&metadata) > 0 && !matches!(platform::current_path(&self.file), Ok(None))
    }

    /// Writes the kept lines that do not stand yet, with one write(2): all of them, or what is missing of a line that
    /// was begun. Not all need stand after it.
    pub(super) fn append(&mut self, kept: &Kept) -> io::Result<()> {
        let bytes = match self.begun {
            None => kept.from(self.standing),
            Some(begun) => &kept.line(self.standing)[begun.bytes..],
        };
        match platform::write_once(&self.file, bytes)? {
            0 => Err(io::ErrorKind::WriteZero.into()),
            written if written == bytes.len() && self.begun.is_none() => {
                self.standing = kept.len();
                Ok(())
            }
            written => self.fell_short(written, kept),
        }
    }

    /// An append moves the descriptor's position behind what it has written, wherever that came to stand. So it tells
    /// whether somebody else has written behind the beginning of a line: then that is a fragment for good, and the line
    /// is written whole from now on.
    fn fell_short(&mut self, written: usize, kept: &Kept) -> io::Result<()> {
        let end = self.file.stream_position()?;
        let mut bytes = written;
        if let Some(begun) = self.begun.take() {
            if begun.end + written as u64 != end {
                return Ok(());
            }
            bytes += begun.bytes;
        }
        while self.standing < kept.len() && bytes >= kept.line(self.standing).len() {
            bytes -= kept.line(self.standing).len();
            self.standing += 1;
        }
        self.begun = (bytes > 0).then_some(Begun { bytes, end });
        Ok(())
    }

    /// How much of the first line that does not stand is in the file. It is not gone on with.
    pub(super) fn give_up(&mut self) -> usize {
        self.begun.take().map_or(0, |begun| begun.bytes)
    }
}
