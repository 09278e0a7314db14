//! The layer above a handler whose files are not UTF-8: lines are encoded before the handler gets them, and decoded
//! before anybody hears of one that was dropped.
//!
//! A line that can't be encoded never reaches the handler, so it begins no rollover either; the next one does.

use std::io;
use std::path::PathBuf;

use encoding_rs::{EncoderResult, GBK, UTF_16LE};

use crate::clock::{Moment, Mono};
use crate::event::Rollover;

use super::{EmitError, EmitFault, Encoding, Handler, Observer, Opened, Surroundings};

/// What a file in UTF-16 begins with: U+FEFF, little-endian.
const UTF16_MARK: &[u8] = &[0xff, 0xfe];

pub(super) struct Encoded {
    handler: Box<dyn Handler>,
    encoding: Encoding,
    /// Where the handler writes, for errors.
    path: PathBuf,
    /// Reused for every line.
    line: Vec<u8>,
}

impl Encoded {
    pub(super) fn new(handler: Box<dyn Handler>, encoding: Encoding, path: PathBuf) -> Encoded {
        Encoded { handler, encoding, path, line: Vec::new() }
    }

    fn encode(&mut self, line: &[u8]) -> Result<(), EmitFault> {
        let text = std::str::from_utf8(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.line.clear();
        match self.encoding {
            Encoding::Utf8 => self.line.extend_from_slice(line),
            Encoding::Utf16 => self.line.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Encoding::Gbk => encode_gbk(text, &mut self.line)
                .map_err(|character| EmitFault::Unencodable { character, encoding: Encoding::Gbk })?,
        }
        Ok(())
    }
}

impl Handler for Encoded {
    fn open(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let mut observer = Decoding { observer: &mut *around.observer, encoding: self.encoding };
        self.handler.open(&mut within(around.clock, around.line_day, around.probe, around.called_away, &mut observer))
    }

    fn emit(&mut self, line: &[u8], around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        self.encode(line).map_err(|reason| EmitError { operation: "encode", path: self.path.clone(), reason })?;
        let mut observer = Decoding { observer: &mut *around.observer, encoding: self.encoding };
        self.handler.emit(
            &self.line,
            &mut within(around.clock, around.line_day, around.probe, around.called_away, &mut observer),
        )
    }

    fn is_open(&self) -> bool {
        self.handler.is_open()
    }

    fn next_check(&self) -> Option<Mono> {
        self.handler.next_check()
    }

    fn check(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let mut observer = Decoding { observer: &mut *around.observer, encoding: self.encoding };
        self.handler.check(&mut within(around.clock, around.line_day, around.probe, around.called_away, &mut observer))
    }

    fn close(&mut self, around: &mut Surroundings<'_>) -> Result<(), EmitError> {
        let mut observer = Decoding { observer: &mut *around.observer, encoding: self.encoding };
        self.handler.close(&mut within(around.clock, around.line_day, around.probe, around.called_away, &mut observer))
    }
}

/// What the handler below has around it.
fn within<'s>(
    clock: &'s crate::clock::SessionClock,
    line_day: Option<chrono::NaiveDate>,
    probe: &'s dyn super::Probe,
    called_away: &'s dyn Fn() -> bool,
    observer: &'s mut Decoding<'_>,
) -> Surroundings<'s> {
    let beginning = match observer.encoding {
        Encoding::Utf16 => UTF16_MARK,
        Encoding::Utf8 | Encoding::Gbk => b"",
    };
    Surroundings { clock, line_day, observer, probe, beginning, called_away }
}

/// Hands on what is told, lines as the text that they were.
struct Decoding<'a> {
    observer: &'a mut dyn Observer,
    encoding: Encoding,
}

impl Observer for Decoding<'_> {
    fn opened(&mut self, opened: Opened<'_>) {
        self.observer.opened(opened);
    }

    fn rolled_over(&mut self, at: Moment, rollover: Rollover) {
        self.observer.rolled_over(at, rollover);
    }

    fn blocked(&mut self, since: Moment, holder: Option<u32>) {
        self.observer.blocked(since, holder);
    }

    fn unblocked(&mut self, at: Moment, waited_ns: u64, gave_up: bool) {
        self.observer.unblocked(at, waited_ns, gave_up);
    }

    fn dropped(&mut self, line: &[u8], error: &EmitError) {
        let text = match self.encoding {
            Encoding::Utf8 => return self.observer.dropped(line, error),
            Encoding::Gbk => GBK.decode_without_bom_handling(line).0,
            Encoding::Utf16 => UTF_16LE.decode_without_bom_handling(line).0,
        };
        self.observer.dropped(text.as_bytes(), error);
    }
}

/// Appends the text in GBK, or gives the first character that has no place there.
fn encode_gbk(text: &str, out: &mut Vec<u8>) -> Result<(), char> {
    if text.is_ascii() {
        out.extend_from_slice(text.as_bytes());
        return Ok(());
    }
    let foreign = text.char_indices().find(|(_, character)| is_beyond_gbk(*character));
    let text = foreign.map_or(text, |(at, _)| &text[..at]);
    // Two bytes at the most for what takes two or three in UTF-8.
    out.reserve(text.len() + 4);
    let mut encoder = GBK.new_encoder();
    match encoder.encode_from_utf8_to_vec_without_replacement(text, out, true).0 {
        EncoderResult::Unmappable(character) => Err(character),
        EncoderResult::InputEmpty | EncoderResult::OutputFull => {
            foreign.map_or(Ok(()), |(_, character)| Err(character))
        }
    }
}

/// Characters that GB 18030 has put into places where GBK has none, and private ones. Web pages that call themselves GBK
/// have them, so the encoder takes them; Python's `gbk` does not, nor could it read them.
fn is_beyond_gbk(character: char) -> bool {
    matches!(character, '€' | 'ǹ' | 'ḿ' | '\u{2e80}'..='\u{2eff}' | '\u{2ff0}'..='\u{2ffb}' | '\u{303e}'
        | '\u{3400}'..='\u{4dbf}' | '\u{9fb4}'..='\u{9fbb}' | '\u{e000}'..='\u{f8ff}' | '\u{fe10}'..='\u{fe19}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn gbk(text: &str) -> Result<Vec<u8>, char> {
        let mut out = Vec::new();
        encode_gbk(text, &mut out).map(|()| out)
    }

    #[test]
    fn chinese_takes_two_bytes_and_what_gbk_lacks_is_named() {
        assert_eq!(gbk("INFO 用户 a\n").unwrap(), b"INFO \xd3\xc3\xbb\xa7 a\n");
        assert_eq!(gbk("plain").unwrap(), b"plain");
        assert_eq!(gbk("ok \u{1f600} €"), Err('\u{1f600}'));
        assert_eq!(gbk("5 €"), Err('€'));
        assert_eq!(gbk("ñ"), Err('ñ'));
        let long = "登录".repeat(100_000);
        assert_eq!(gbk(&long).unwrap().len(), 400_000);
    }

    /// Each character of the first plane, against Python's own table.
    #[test]
    fn the_characters_are_those_of_pythons_gbk() {
        let script = "import sys\nfor c in range(0x80, 0x10000):\n  if not 0xd800 <= c < 0xe000:\n    \
                      try: print(format(c, 'x'), chr(c).encode('gbk').hex())\n    except UnicodeEncodeError: pass";
        let Ok(output) = std::process::Command::new("python3").args(["-c", script]).output() else {
            return eprintln!("not compared: there is no python3");
        };
        let table = String::from_utf8(output.stdout).unwrap();
        let theirs: std::collections::BTreeMap<u32, &str> = table
            .lines()
            .filter_map(|line| line.split_once(' '))
            .map(|(code, bytes)| (u32::from_str_radix(code, 16).unwrap(), bytes))
            .collect();
        assert!(theirs.len() > 20_000, "{}", theirs.len());
        let mut differing = Vec::new();
        for character in (0x80..0x10000).filter_map(char::from_u32) {
            let ours = gbk(&character.to_string()).ok();
            let ours = ours.map(|bytes| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>());
            let theirs = theirs.get(&u32::from(character)).copied();
            if ours.as_deref() != theirs {
                differing.push((character, ours, theirs));
            }
        }
        assert!(differing.is_empty(), "{differing:?}");
    }
}
