//! What compressed archives have in them.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// What is larger is not unpacked: the follower would stand still for it.
const MOST_PACKED: u64 = 64 << 20;
const MOST_UNPACKED: u64 = 1 << 30;

/// How an archive is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Packing {
    Gzip,
    Zstandard,
}

impl Packing {
    /// The endings by which archives are known.
    pub(super) const ENDINGS: [&str; 2] = ["gz", "zst"];

    /// By the name of a file, and that name without its ending.
    pub(super) fn of(path: &Path) -> Option<(Packing, PathBuf)> {
        let packing = match path.extension()?.as_encoded_bytes() {
            b"gz" => Packing::Gzip,
            b"zst" => Packing::Zstandard,
            _ => return None,
        };
        Some((packing, path.with_extension("")))
    }

    /// Its content, in a file that has no name. A file in the making gives an error.
    pub(super) fn unpack(self, packed: File) -> io::Result<File> {
        if packed.metadata()?.len() > MOST_PACKED {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        unpack(BufReader::new(packed), self)
    }
}

fn unpack(mut packed: impl BufRead, packing: Packing) -> io::Result<File> {
    if packed.fill_buf()?.is_empty() {
        // It has only just been begun.
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut content = tempfile::tempfile()?;
    match packing {
        Packing::Gzip => copy(flate2::bufread::MultiGzDecoder::new(packed), &mut content, MOST_UNPACKED)?,
        Packing::Zstandard => {
            let mut left = MOST_UNPACKED;
            // Compressed files may be joined.
            while !packed.fill_buf()?.is_empty() {
                let frame = ruzstd::decoding::StreamingDecoder::new(&mut packed);
                let frame = frame.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error.to_string()))?;
                left = copy(frame, &mut content, left)?;
            }
            left
        }
    };
    Ok(content)
}

/// Returns how much more there may be.
fn copy(from: impl Read, to: &mut File, most: u64) -> io::Result<u64> {
    let copied = io::copy(&mut from.take(most + 1), to)?;
    most.checked_sub(copied).ok_or_else(|| io::ErrorKind::FileTooLarge.into())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::io::Write;

    use super::*;
    use crate::platform;

    fn content(packed: &[u8], packing: Packing) -> io::Result<Vec<u8>> {
        let content = unpack(packed, packing)?;
        let mut bytes = vec![0; content.metadata()?.len() as usize];
        platform::read_at(&content, &mut bytes, 0)?;
        Ok(bytes)
    }

    #[test]
    fn what_was_compressed_is_unpacked_whole_or_not_at_all() {
        let text = b"a line\n".repeat(1000);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&text).unwrap();
        let gzip = gzip.finish().unwrap();
        let zstandard = ruzstd::encoding::compress_to_vec(&text[..], ruzstd::encoding::CompressionLevel::Fastest);
        for (packed, packing) in [(gzip, Packing::Gzip), (zstandard, Packing::Zstandard)] {
            assert_eq!(content(&packed, packing).unwrap(), text);
            let joined = [packed.clone(), packed.clone()].concat();
            assert_eq!(content(&joined, packing).unwrap().len(), 14_000, "{packing:?}");
            assert!(content(&packed[..packed.len() - 3], packing).is_err(), "{packing:?}");
            assert!(content(b"no archive", packing).is_err(), "{packing:?}");
            assert!(content(b"", packing).is_err(), "{packing:?}");
        }
    }
}
