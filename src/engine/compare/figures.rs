//! What is told of a run beside the ledger's terms.

use crate::model::RecoveryReport;

/// How long workers took to find their file again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Recovered {
    /// Ways of one worker through one fault that took its file away.
    pub faults: usize,
    /// Of these, how many ended in another file.
    pub answered: usize,
    /// The time that half of all ways took at the most; none if half of them never ended.
    pub median_ms: Option<f64>,
    /// The longest; none if one of them never ended.
    pub worst_ms: Option<f64>,
}

impl Recovered {
    /// The figures of one run.
    pub fn of(recoveries: &[RecoveryReport]) -> Recovered {
        let mut gaps: Vec<f64> = recoveries.iter().filter_map(|recovery| recovery.gap_ms).collect();
        gaps.sort_by(f64::total_cmp);
        let faults = recoveries.len();
        // Those that never ended come last.
        let middle = faults.saturating_sub(1) / 2;
        let all = gaps.len() == faults;
        Recovered {
            faults,
            answered: gaps.len(),
            median_ms: gaps.get(middle).copied(),
            worst_ms: gaps.last().copied().filter(|_| all),
        }
    }
}

/// The share of `part` in `whole` in percent; 0 of nothing.
pub(super) fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 * 100.0 / whole as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::FaultKind;

    fn of(gaps: &[Option<f64>]) -> Recovered {
        let one = |gap_ms: &Option<f64>| RecoveryReport {
            worker: "web-1".to_owned(),
            cause: FaultKind::Deleted,
            gap_ms: *gap_ms,
            lost: 0,
        };
        Recovered::of(&gaps.iter().map(one).collect::<Vec<_>>())
    }

    #[test]
    fn the_median_counts_those_that_never_ended() {
        let nothing = Recovered::default();
        assert_eq!(of(&[]), nothing);
        let all = of(&[Some(3.0), Some(1.0), Some(2.0)]);
        assert_eq!((all.median_ms, all.worst_ms, all.answered), (Some(2.0), Some(3.0), 3));
        let some = of(&[Some(3.0), None, Some(1.0)]);
        assert_eq!((some.median_ms, some.worst_ms, some.answered), (Some(3.0), None, 2));
        let few = of(&[None, None, Some(1.0)]);
        assert_eq!((few.median_ms, few.worst_ms, few.faults), (None, None, 3));
        assert_eq!(of(&[Some(1.0), Some(2.0)]).median_ms, Some(1.0));
    }

    #[test]
    fn of_nothing_no_share_is_lost() {
        assert!(percent(0, 0) < 1e-9);
        assert!((percent(1, 8) - 12.5).abs() < 1e-9);
    }
}
