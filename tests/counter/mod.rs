//! Counts stamped lines in folders, knowing nothing of Rotascope but how a stamp is written:
//! `body ~launch.worker.thread.task.seq.body_len.crc`, where crc is the CRC-32 of all that stands before its dot.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// What stands in some folders.
#[derive(Debug, Default)]
pub(crate) struct Count {
    /// Every line that stands whole at least once: `launch.worker.thread.task.seq`.
    pub(crate) whole: BTreeSet<String>,
    /// Of these, the ones that stand whole more than once.
    pub(crate) repeated: BTreeSet<String>,
}

/// Counts in all files below these folders, each file once however many names it has.
#[allow(dead_code)]
pub(crate) fn count(folders: &[&Path]) -> Count {
    count_text(folders, <[u8]>::to_vec)
}

/// The same for files in some encoding: `decode` gives their text in UTF-8, which is what stamps were reckoned over.
pub(crate) fn count_text(folders: &[&Path], decode: fn(&[u8]) -> Vec<u8>) -> Count {
    let mut files = BTreeMap::new();
    for folder in folders {
        collect(folder, &mut files);
    }
    let mut count = Count::default();
    for text in files.values().map(|bytes| decode(bytes)) {
        for line in text.split(|byte| *byte == b'\n') {
            if let Some(name) = whole_line(line)
                && !count.whole.insert(name.clone())
            {
                count.repeated.insert(name);
            }
        }
    }
    count
}

fn collect(folder: &Path, files: &mut BTreeMap<(u64, u64), Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let metadata = fs::symlink_metadata(&path).unwrap();
        if metadata.is_dir() {
            collect(&path, files);
        } else if metadata.is_file() {
            files.insert((metadata.dev(), metadata.ino()), fs::read(&path).unwrap());
        }
    }
}

fn whole_line(line: &[u8]) -> Option<String> {
    let mark = line.windows(2).rposition(|pair| pair == b" ~")?;
    let stamp = std::str::from_utf8(&line[mark + 2..]).ok()?;
    let fields: Vec<&str> = stamp.split('.').collect();
    let [.., body_len, crc] = fields.as_slice() else { return None };
    if fields.len() != 7 {
        return None;
    }
    let start = mark.checked_sub(body_len.parse().ok()?)?;
    let stamped = &line[start..line.len() - crc.len() - 1];
    (crc32(stamped) == u32::from_str_radix(crc, 16).ok()?).then(|| fields[..5].join("."))
}

/// The checksum bit by bit, as the standard has it.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
        }
    }
    !crc
}
