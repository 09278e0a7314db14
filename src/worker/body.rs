//! The text of a task's lines. A task that writes as fast as it can writes hundreds of lines within a millisecond,
//! which is the finest that a line tells of its time: they differ in their stamp alone, so the text is made once.

use chrono::{DateTime, FixedOffset};

use crate::record::{Level, LineFormat, Record};

/// What the text was made for.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Made {
    millisecond: i64,
    offset: FixedOffset,
    level: Level,
}

impl Made {
    fn of(time: &DateTime<FixedOffset>, level: Level) -> Made {
        Made { millisecond: time.timestamp_millis(), offset: *time.offset(), level }
    }
}

/// The text that was made last, by one format and for one task.
#[derive(Debug, Default)]
pub(super) struct Body {
    made: Option<Made>,
    text: Vec<u8>,
}

impl Body {
    /// The record's text. Of a task's records nothing differs but time, level and number.
    pub(super) fn of(&mut self, format: &LineFormat, record: &Record<'_>) -> &[u8] {
        let wanted = Some(Made::of(&record.time, record.level));
        if self.made != wanted || format.tells_number() {
            self.text.clear();
            format.write(&mut self.text, record);
            self.made = wanted;
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_record_gets_its_own_text() {
        for format in ["{asctime} {levelname} {message}", "{levelname} {seq}", "no field"] {
            let format = LineFormat::parse(format).unwrap();
            let mut body = Body::default();
            let start = DateTime::parse_from_rfc3339("2026-05-09T23:59:59.998+08:00").unwrap();
            for seq in 0..400_u32 {
                let time = start + chrono::TimeDelta::microseconds(i64::from(seq / 2) * 400);
                let elsewhere = FixedOffset::east_opt(3600).unwrap();
                let time = if seq > 300 { time.with_timezone(&elsewhere) } else { time };
                let level = if seq % 7 == 0 { Level::Error } else { Level::Info };
                let (process, thread, task, seq) = (1, 1, 1, u64::from(seq));
                let record =
                    Record { level, time, module: "m", name: "n", process, thread, task, seq, message: "text" };
                let mut fresh = Vec::new();
                format.write(&mut fresh, &record);
                assert_eq!(body.of(&format, &record), fresh);
            }
        }
    }
}
