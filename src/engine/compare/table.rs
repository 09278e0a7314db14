//! The table that `compare` prints: a row for each run, as it ends.

use std::fmt::Write;
use std::time::Duration;

use super::figures::{Recovered, percent};
use super::{Compared, Comparison};
use crate::handler::ClassInfo;
use crate::lab::show_duration;

/// The columns of figures, each with the width that it has at least.
const FIGURES: [(&str, usize); 13] = [
    ("written", 9),
    ("present", 9),
    ("torn", 6),
    ("lost", 9),
    ("lost %", 7),
    ("destroyed", 10),
    ("expired", 8),
    ("in_flight", 9),
    ("duplicated", 10),
    ("astray", 8),
    ("median", 9),
    ("worst", 9),
    ("reopened", 9),
];

/// The width of the two columns of names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    fault: usize,
    handler: usize,
}

impl Table {
    pub(super) fn of(comparison: &Comparison) -> Table {
        let widest = |names: Vec<usize>, head: &str| names.into_iter().max().unwrap_or(0).max(head.len());
        Table {
            fault: widest(comparison.faults.iter().map(|fault| fault.name.len()).collect(), "fault"),
            handler: widest(comparison.handlers.iter().map(|class| class.info().name.len()).collect(), "handler"),
        }
    }

    pub(super) fn head(self) -> String {
        let figures = FIGURES.map(|(name, _)| name.to_owned());
        self.line("fault", "handler", &figures)
    }

    pub(super) fn row(self, compared: &Compared) -> String {
        let terms = &compared.report.total;
        let recovered = Recovered::of(&compared.report.recoveries);
        let bound = |sign: &str, n: u64| if terms.bound && n > 0 { format!("{sign}{n}") } else { n.to_string() };
        let figures = [
            terms.written.to_string(),
            terms.present.to_string(),
            terms.torn.to_string(),
            bound(">=", terms.lost),
            format!("{:.2}", percent(terms.lost, terms.written)),
            bound("<=", terms.destroyed),
            terms.expired.to_string(),
            terms.in_flight.to_string(),
            terms.duplicated.to_string(),
            terms.astray.to_string(),
            gap(&recovered, recovered.median_ms),
            gap(&recovered, recovered.worst_ms),
            match recovered.faults {
                0 => "-".to_owned(),
                faults => format!("{}/{faults}", recovered.answered),
            },
        ];
        self.line(compared.fault, compared.handler, &figures)
    }

    fn line(self, fault: &str, handler: &str, figures: &[String; FIGURES.len()]) -> String {
        let mut line = format!("{fault:<0$}  {handler:<1$}", self.fault, self.handler);
        for (figure, (_, width)) in figures.iter().zip(FIGURES) {
            let _ = write!(line, " {figure:>width$}");
        }
        line.push('\n');
        line
    }
}

fn gap(recovered: &Recovered, ms: Option<f64>) -> String {
    match ms {
        _ if recovered.faults == 0 => "-".to_owned(),
        Some(ms) => format!("{ms:.1} ms"),
        None => "never".to_owned(),
    }
}

/// What is about to come, and how long that takes.
pub(super) fn estimate(comparison: &Comparison) -> String {
    let runs = comparison.pairs().len();
    let word = if runs == 1 { "run" } else { "runs" };
    let workers = if comparison.processes == 1 { "worker" } else { "workers" };
    let each = if runs == 1 { "" } else { " each, one run after the other" };
    format!(
        "{runs} {word} of {}, {} {workers}{each}: about {}\n",
        show_duration(comparison.duration),
        comparison.processes,
        about(comparison.estimate(runs))
    )
}

/// A time to wait, as people say it.
pub(super) fn about(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().round() as u64;
    match seconds {
        0..100 => format!("{seconds} s"),
        100..5400 => format!("{} minutes", (seconds + 30) / 60),
        _ => format!("{:.1} hours", seconds as f64 / 3600.0),
    }
}

/// What stands below the table: each column, handler and fault that is not plain by its name.
pub(super) fn legend(comparison: &Comparison) -> String {
    let mut out = String::from(
        "\nwritten = present + torn + lost + destroyed + expired + in_flight, in lines. duplicated: written a second \
         time. astray: present, but\nwritten to a file that was no longer the live one. median and worst: time from \
         the loss of a file until a worker had opened the next one;\nreopened: how many did, of all that lost one.\n\n",
    );
    let infos: Vec<&ClassInfo> = comparison.handlers.iter().map(|class| class.info()).collect();
    let handlers = infos.iter().map(|info| (info.name, info.sentence));
    let faults = comparison.faults.iter().map(|fault| (fault.name, fault.sentence));
    let width = Table::of(comparison);
    let width = width.fault.max(width.handler);
    for (name, sentence) in faults.chain(handlers) {
        let _ = writeln!(out, "{name:<width$}  {sentence}");
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::collections::BTreeMap;

    use super::*;
    use crate::engine::Report;
    use crate::model::{FaultKind, RecoveryReport, Terms};

    fn comparison() -> Comparison {
        let names = |name: &str| vec![name.to_owned()];
        Comparison::named(&names("watched"), &names("delete"), 4, Duration::from_secs(5)).unwrap()
    }

    fn compared(bound: bool) -> Compared {
        let recovery = |gap_ms| RecoveryReport { worker: "web-1".into(), cause: FaultKind::Deleted, gap_ms, lost: 3 };
        let total = Terms { written: 20_000, present: 15_000, lost: 500, destroyed: 4_500, bound, ..Terms::default() };
        let report = Report {
            total,
            duration_ms: 5_000.0,
            workers: Vec::new(),
            recoveries: vec![recovery(Some(0.84)), recovery(Some(3.0)), recovery(None)],
            events: BTreeMap::new(),
            expectations: Vec::new(),
        };
        Compared { handler: "watched", fault: "delete", report }
    }

    #[test]
    fn every_row_is_as_wide_as_the_head() {
        let table = Table::of(&comparison());
        let (head, row) = (table.head(), table.row(&compared(false)));
        assert_eq!(head.len(), row.len(), "{head}{row}");
        let words: Vec<&str> = row.split_whitespace().collect();
        assert_eq!(words[..6], ["delete", "watched", "20000", "15000", "0", "500"]);
        assert_eq!(words[6..8], ["2.50", "4500"]);
        assert!(row.ends_with("3.0 ms     never       2/3\n"), "{row}");
    }

    #[test]
    fn a_bound_says_so() {
        let row = Table::of(&comparison()).row(&compared(true));
        assert!(row.contains(" >=500 ") && row.contains(" <=4500 "), "{row}");
    }

    #[test]
    fn the_estimate_is_a_time_that_people_say() {
        assert_eq!(estimate(&comparison()), "1 run of 5s, 4 workers: about 5 s\n");
        let all = Comparison::named(&[], &[], 4, Duration::from_secs(5)).unwrap();
        assert!(estimate(&all).contains(" runs of 5s, 4 workers each, one run after the other: about "));
        assert_eq!(about(Duration::from_secs(389)), "6 minutes");
        assert_eq!(about(Duration::from_secs(7_200)), "2.0 hours");
    }

    #[test]
    fn the_legend_explains_what_was_chosen() {
        let legend = legend(&comparison());
        assert!(legend.contains("delete   The live file is deleted"), "{legend}");
        assert!(legend.contains("watched  Looks at its path") && !legend.contains("plain  "), "{legend}");
    }
}
