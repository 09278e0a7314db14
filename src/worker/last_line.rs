//! The lines of a task. One that writes as fast as it can writes hundreds of lines within a millisecond, which is the
//! finest that a line tells of its time: they differ in their number alone, so all else is made once.

use chrono::{DateTime, FixedOffset};

use crate::record::{Level, LineFormat, Record, Stamp, StampedLine};

/// What the text was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Made {
    time: DateTime<FixedOffset>,
    /// Two times are equal at any offset.
    offset: FixedOffset,
    level: Level,
}

impl Made {
    fn of(time: DateTime<FixedOffset>, level: Level) -> Made {
        Made { time, offset: *time.offset(), level }
    }
}

/// The line that was made last, by one format and for one task. Of a task's lines nothing differs but time, level and
/// number.
#[derive(Debug, Default)]
pub(super) struct LastLine {
    line: Option<StampedLine>,
    /// For what it serves besides its number; none if the text itself tells the number.
    made: Option<Made>,
}

impl LastLine {
    /// Makes it the line of another number. False, and nothing done, if it is of another time or level. The time is
    /// best given in whole milliseconds.
    pub(super) fn renumber(&mut self, time: DateTime<FixedOffset>, level: Level, seq: u64) -> bool {
        let Some(line) = self.line.as_mut().filter(|_| self.made == Some(Made::of(time, level))) else { return false };
        line.set_number(seq);
        true
    }

    /// Makes it the line of this record.
    pub(super) fn make(&mut self, format: &LineFormat, record: &Record<'_>, stamp: &Stamp<'_>) {
        let mut text = Vec::with_capacity(256);
        format.write(&mut text, record);
        self.line = Some(StampedLine::new(text, stamp));
        self.made = (!format.tells_number()).then(|| Made::of(record.time, record.level));
    }

    /// The line with its newline; nothing before the first one.
    pub(super) fn as_bytes(&self) -> &[u8] {
        self.line.as_ref().map_or(b"", StampedLine::as_bytes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::LaunchId;
    use crate::record::write_stamp;

    #[test]
    fn each_record_gets_its_own_line() {
        for (format, most_made) in
            [("{asctime} {levelname} {message}", 399), ("{levelname} {seq}", 400), ("no field", 399)]
        {
            let format = LineFormat::parse(format).unwrap();
            let (mut last, mut made) = (LastLine::default(), 0);
            let start = DateTime::parse_from_rfc3339("2026-05-09T23:59:59.998+08:00").unwrap();
            for seq in 0..400_u32 {
                let time = start + chrono::TimeDelta::milliseconds(i64::from(seq / 5));
                let elsewhere = FixedOffset::east_opt(3600).unwrap();
                let time = if seq > 300 { time.with_timezone(&elsewhere) } else { time };
                let level = if seq % 7 == 0 { Level::Error } else { Level::Info };
                let (process, thread, task, seq) = (1, 1, 1, u64::from(seq));
                let record =
                    Record { level, time, module: "m", name: "n", process, thread, task, seq, message: "text" };
                let stamp = Stamp { launch: LaunchId(7), worker: "web-1", thread, task, seq };
                if !last.renumber(time, level, seq) {
                    last.make(&format, &record, &stamp);
                    made += 1;
                }
                let mut fresh = Vec::new();
                format.write(&mut fresh, &record);
                write_stamp(&mut fresh, &stamp);
                fresh.push(b'\n');
                assert_eq!(last.as_bytes(), fresh);
            }
            assert!((80..=most_made).contains(&made), "{made} lines were made whole");
        }
    }
}
