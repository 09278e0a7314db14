//! The conditions of `expect` steps: comparisons of the ledger's figures, joined by `and`.
//!
//! `lost == 0`, `written == present + torn + lost + destroyed + expired + in_flight`, `events.deleted >= 2 and lost < 100`.

use std::fmt;

use super::value::closest;

/// A figure that a condition can name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the words of the ledger")]
pub enum Figure {
    Written,
    Present,
    Torn,
    Lost,
    Destroyed,
    Expired,
    InFlight,
    Duplicated,
    Astray,
    /// How many workers have opened their file again, because it was gone or changed, since they were started.
    ReopenedWorkers,
    /// How many events of this kind there were; a kind of the outside contract.
    Events(&'static str),
}

/// The kinds of event that a condition can count.
pub const EVENT_KINDS: [&str; 17] = [
    "created",
    "renamed",
    "deleted",
    "truncated",
    "replaced",
    "retargeted",
    "not_a_file",
    "hole",
    "overflow",
    "inaccessible",
    "accessible",
    "unterminated",
    "late_bytes",
    "abandoned",
    "carried_over",
    "missed",
    "clock_jump",
];

const FIGURES: [(&str, Figure); 10] = [
    ("written", Figure::Written),
    ("present", Figure::Present),
    ("torn", Figure::Torn),
    ("lost", Figure::Lost),
    ("destroyed", Figure::Destroyed),
    ("expired", Figure::Expired),
    ("in_flight", Figure::InFlight),
    ("duplicated", Figure::Duplicated),
    ("astray", Figure::Astray),
    ("reopened_workers", Figure::ReopenedWorkers),
];

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Figure::Events(kind) = self {
            return write!(f, "events.{kind}");
        }
        f.write_str(FIGURES.iter().find(|(_, figure)| figure == self).map_or("", |(name, _)| name))
    }
}

/// A condition on the ledger.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    written: String,
    comparisons: Vec<(Sum, Comparison, Sum)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Equal,
    Different,
    Less,
    AtMost,
    More,
    AtLeast,
}

const COMPARISONS: [(&str, Comparison); 6] = [
    ("==", Comparison::Equal),
    ("!=", Comparison::Different),
    ("<=", Comparison::AtMost),
    (">=", Comparison::AtLeast),
    ("<", Comparison::Less),
    (">", Comparison::More),
];

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sum(Vec<Operand>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operand {
    Figure(Figure),
    Number(u64),
}

/// What came of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// Whether it held.
    pub held: bool,
    /// The figures that it names: `lost is 3`.
    pub found: String,
}

impl Condition {
    /// Takes a condition apart.
    ///
    /// # Errors
    /// A text that says what is wrong and what would be right.
    pub fn parse(written: &str) -> Result<Condition, String> {
        let comparisons = written.split(" and ").map(comparison).collect::<Result<_, _>>()?;
        Ok(Condition { written: written.to_owned(), comparisons })
    }

    /// Judges it by the figures of a moment.
    pub fn judge(&self, figure: impl Fn(Figure) -> u64) -> Judged {
        let sum = |sum: &Sum| -> u128 {
            let value = |operand: &Operand| match *operand {
                Operand::Figure(name) => figure(name),
                Operand::Number(number) => number,
            };
            sum.0.iter().map(|operand| u128::from(value(operand))).sum()
        };
        let held = self.comparisons.iter().all(|(left, comparison, right)| {
            let (left, right) = (sum(left), sum(right));
            match comparison {
                Comparison::Equal => left == right,
                Comparison::Different => left != right,
                Comparison::Less => left < right,
                Comparison::AtMost => left <= right,
                Comparison::More => left > right,
                Comparison::AtLeast => left >= right,
            }
        });
        let found: Vec<String> = self.figures().iter().map(|name| format!("{name} is {}", figure(*name))).collect();
        Judged { held, found: found.join(", ") }
    }

    /// The figures that it names, each once, in the order of their appearance.
    pub fn figures(&self) -> Vec<Figure> {
        let mut figures = Vec::new();
        for operand in self.comparisons.iter().flat_map(|(left, _, right)| left.0.iter().chain(&right.0)) {
            if let Operand::Figure(figure) = operand
                && !figures.contains(figure)
            {
                figures.push(*figure);
            }
        }
        figures
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

fn comparison(text: &str) -> Result<(Sum, Comparison, Sum), String> {
    let found = text.find(['=', '!', '<', '>']).and_then(|at| {
        let (sign, comparison) = COMPARISONS.iter().find(|(sign, _)| text[at..].starts_with(sign))?;
        Some((&text[..at], *comparison, &text[at + sign.len()..]))
    });
    let Some((left, comparison, right)) = found else {
        return Err("a condition compares with == != < <= > or >=, like lost == 0".to_owned());
    };
    Ok((sum(left)?, comparison, sum(right)?))
}

fn sum(text: &str) -> Result<Sum, String> {
    text.split('+').map(|operand| self::operand(operand.trim())).collect::<Result<_, _>>().map(Sum)
}

fn operand(text: &str) -> Result<Operand, String> {
    if text.starts_with(|letter: char| letter.is_ascii_digit()) {
        let number = text.replace('_', "").parse();
        return number.map(Operand::Number).map_err(|_| format!("{text} is not a whole number"));
    }
    if let Some((_, figure)) = FIGURES.iter().find(|(name, _)| *name == text) {
        return Ok(Operand::Figure(*figure));
    }
    if let Some(kind) = text.strip_prefix("events.") {
        let known = EVENT_KINDS.iter().find(|known| **known == kind);
        let unknown = || format!("there are no events of the kind {kind:?}; {}", closest(kind, &EVENT_KINDS));
        return known.map(|kind| Operand::Figure(Figure::Events(kind))).ok_or_else(unknown);
    }
    if text.is_empty() {
        return Err("a figure or a number is missing beside the comparison or the +".to_owned());
    }
    let mut names: Vec<&str> = FIGURES.iter().map(|(name, _)| *name).collect();
    names.push("events.KIND");
    Err(format!("there is no figure {text:?}; {}", closest(text, &names)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn figures(figure: Figure) -> u64 {
        match figure {
            Figure::Written => 100,
            Figure::Present => 90,
            Figure::Lost => 7,
            Figure::Destroyed => 3,
            Figure::ReopenedWorkers => 4,
            Figure::Events("deleted") => 1,
            _ => 0,
        }
    }

    #[test]
    fn conditions_are_judged_by_the_figures() {
        for (that, held) in [
            ("lost == 7", true),
            ("lost==7", true),
            ("lost == 0", false),
            ("lost != 7", false),
            ("lost < 8", true),
            ("lost <= 7", true),
            ("lost > 7", false),
            ("lost >= 7", true),
            ("written == present + torn + lost + destroyed + expired + in_flight", true),
            ("present + 10 == written", true),
            ("reopened_workers == 4 and events.deleted == 1", true),
            ("reopened_workers == 4 and events.renamed == 1", false),
            ("written >= 1_000", false),
        ] {
            assert_eq!(Condition::parse(that).unwrap().judge(figures).held, held, "{that}");
        }
    }

    #[test]
    fn a_verdict_names_each_figure_once() {
        let judged = Condition::parse("lost == 0 and lost + torn < 5").unwrap().judge(figures);
        assert_eq!(judged, Judged { held: false, found: "lost is 7, torn is 0".to_owned() });
    }

    #[test]
    fn what_is_no_condition_says_what_would_be_one() {
        let wrong = |that| Condition::parse(that).unwrap_err();
        assert_eq!(wrong("lost"), "a condition compares with == != < <= > or >=, like lost == 0");
        assert_eq!(wrong("lost = 0"), "a condition compares with == != < <= > or >=, like lost == 0");
        assert_eq!(wrong("lots == 0"), "there is no figure \"lots\"; did you mean \"lost\"?");
        assert_eq!(wrong("lost == "), "a figure or a number is missing beside the comparison or the +");
        assert_eq!(wrong("lost == 5x"), "5x is not a whole number");
        assert_eq!(
            wrong("events.delete == 1"),
            "there are no events of the kind \"delete\"; did you mean \"deleted\"?"
        );
        assert!(wrong("banana == 1").starts_with("there is no figure \"banana\"; there are written, present,"));
    }
}
