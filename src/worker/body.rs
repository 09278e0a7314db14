//! The lines of a task. One that writes as fast as it can writes hundreds of lines within a millisecond, which is the
//! finest that a line tells of its time: they differ in their number alone, so all else is made once.

use chrono::{DateTime, FixedOffset};

use crate::record::{Level, LineFormat, Record, Stamp, StampedBody};

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

/// The text that was made last, by one format and for one task.
#[derive(Debug, Default)]
pub(super) struct Body {
    last: Option<(Made, StampedBody)>,
}

impl Body {
    /// Appends the line of a record, with its stamp. Of a task's lines nothing differs but time, level and number; the
    /// time is best given in whole milliseconds.
    pub(super) fn write(&mut self, line: &mut Vec<u8>, format: &LineFormat, record: &Record<'_>, stamp: &Stamp<'_>) {
        let wanted = Made::of(record.time, record.level);
        let serves = |(made, _): &&(Made, StampedBody)| *made == wanted && !format.tells_number();
        if let Some((_, body)) = self.last.as_ref().filter(serves) {
            return body.write(line, stamp.seq);
        }
        let mut text = Vec::with_capacity(256);
        format.write(&mut text, record);
        let (_, body) = self.last.insert((wanted, StampedBody::new(text, stamp)));
        body.write(line, stamp.seq);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::event::LaunchId;
    use crate::record::write_stamp;

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
                let stamp = Stamp { launch: LaunchId(7), worker: "web-1", thread, task, seq };
                let (mut line, mut fresh) = (Vec::new(), Vec::new());
                body.write(&mut line, &format, &record, &stamp);
                format.write(&mut fresh, &record);
                write_stamp(&mut fresh, &stamp);
                assert_eq!(line, fresh);
            }
        }
    }
}
