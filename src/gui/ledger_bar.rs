//! The sum in the top bar: `written = present + ...`, or files, lines and bytes where no lab counts.

use eframe::egui;
use egui::{Align2, Color32, FontId, Sense, Ui, vec2};

use super::state::Scene;
use super::text::{number, size};
use super::theme::{self, Colors};
use super::widgets::{self, text_width};
use crate::event::LabState;
use crate::model::Terms;

/// How wide the sum stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// With air.
    Full,
    /// Closer, in smaller type.
    Tight,
}

/// One term, with the sign before it.
#[derive(Default)]
struct Term {
    sign: &'static str,
    name: String,
    figure: String,
    tip: String,
    loud: bool,
    aside: bool,
    /// Room is kept for this many digits.
    least_digits: usize,
}

/// What the bar says.
pub(super) struct Summary {
    terms: Vec<Term>,
}

impl Summary {
    /// What is to be said of this session; nothing without one.
    pub(super) fn new(scene: &Scene<'_>) -> Summary {
        let terms = if scene.has_lab() {
            lab_terms(scene)
        } else if scene.model.session().is_some() {
            foreign_terms(scene)
        } else {
            Vec::new()
        };
        Summary { terms }
    }

    /// The width in this form, in points.
    pub(super) fn width(&self, ui: &Ui, form: Form) -> f32 {
        self.terms.iter().map(|term| term.width(ui, form)).sum()
    }

    /// As much of it as `room` holds: what is lost comes before what is there, and that before what is beside the sum.
    /// A sign at the end names what was left out when it is pointed at.
    pub(super) fn within(mut self, ui: &Ui, form: Form, room: f32) -> Summary {
        if self.width(ui, form) <= room {
            return self;
        }
        let whole: Vec<String> = self.terms.iter().map(|term| format!("{} {}", term.name, term.figure)).collect();
        let rest = Term { name: "…".to_owned(), tip: whole.join("\n"), ..Term::default() };
        let rest_width = rest.width(ui, form);
        while self.width(ui, form) + rest_width > room
            && let Some(least) = (0..self.terms.len()).max_by_key(|at| self.terms[*at].rank(*at))
        {
            self.terms.remove(least);
        }
        // What begins the sum has no sign before it.
        if let Some(first) = self.terms.first_mut() {
            first.sign = "";
        }
        self.terms.push(rest);
        self
    }

    /// Draws it into a layout that runs from right to left.
    pub(super) fn show(&self, ui: &mut Ui, scene: &Scene<'_>, form: Form) {
        ui.spacing_mut().item_spacing.x = 0.0;
        for term in self.terms.iter().rev() {
            term.show(ui, scene, form);
        }
    }
}

impl Form {
    fn space(self) -> f32 {
        if self == Form::Full { 6.0 } else { 3.0 }
    }

    fn sizes(self) -> (f32, f32) {
        if self == Form::Full { (12.0, theme::MONO) } else { (11.0, 11.5) }
    }
}

impl Term {
    /// What can be done without goes first: the greater, the sooner.
    fn rank(&self, place: usize) -> (bool, bool, usize) {
        (self.aside, !self.loud, place)
    }

    fn fonts(&self, form: Form) -> (FontId, FontId) {
        let (name, figure) = form.sizes();
        (if self.loud { theme::strong(name) } else { theme::plain(name) }, theme::mono(figure))
    }

    fn width(&self, ui: &Ui, form: Form) -> f32 {
        let (name, figure) = self.fonts(form);
        let sign = if self.sign.is_empty() { 0.0 } else { text_width(ui, self.sign, figure.clone()) + form.space() };
        (sign + text_width(ui, &self.name, name) + 5.0 + self.figure_width(ui, figure) + form.space()).ceil()
    }

    fn figure_width(&self, ui: &Ui, font: FontId) -> f32 {
        let digits = "0".repeat(self.least_digits);
        text_width(ui, &self.figure, font.clone()).max(text_width(ui, &digits, font))
    }

    fn show(&self, ui: &mut Ui, scene: &Scene<'_>, form: Form) {
        let colors = Colors::of(ui);
        let (rect, response) = ui.allocate_exact_size(vec2(self.width(ui, form), 26.0), Sense::hover());
        let (name, figure) = self.fonts(form);
        let (quiet, ink) = match (self.loud, self.aside) {
            (true, _) => (colors.bad, colors.bad),
            (false, true) => (colors.warn, colors.warn),
            (false, false) => (colors.muted, colors.text),
        };
        let mut at = rect.left_center();
        let mut put = |text: &str, font: FontId, color: Color32, space: f32| {
            if !text.is_empty() {
                // The monospaced face stands a pixel higher than the other one.
                let lower = if font.family == egui::FontFamily::Monospace { 1.0 } else { 0.0 };
                at.x = ui.painter().text(at + vec2(0.0, lower), Align2::LEFT_CENTER, text, font, color).right() + space;
            }
        };
        put(self.sign, figure.clone(), colors.muted, form.space());
        put(&self.name, name, quiet, 5.0);
        put(&self.figure, figure, ink, 0.0);
        widgets::named(&response, format!("{} {}", self.name, self.figure).trim());
        response.on_hover_ui(|ui| {
            let heading = format!("{} {}", self.name, self.figure);
            ui.label(egui::RichText::new(heading.trim()).font(theme::strong(theme::TEXT)));
            ui.label(&self.tip);
            if scene.has_lab() && !self.aside {
                ui.weak(scene.tr("ledger-sum"));
            }
        });
    }
}

fn lab_terms(scene: &Scene<'_>) -> Vec<Term> {
    let Terms { written, present, torn, lost, destroyed, expired, in_flight, duplicated, astray, bound } =
        scene.model.ledger().total();
    let term = |sign, key: &str, figure: String, loud| Term {
        sign,
        name: scene.tr(key),
        figure,
        tip: scene.tr(&format!("{key}.tip")),
        loud,
        aside: false,
        least_digits: 0,
    };
    let at = |sign: &str, n: u64| if bound && n > 0 { format!("{sign}{}", number(n)) } else { number(n) };
    let mut terms =
        vec![term("", "term-written", number(written), false), term("=", "term-present", number(present), false)];
    for (key, n, sign, loud) in [
        ("term-destroyed", destroyed, "≤", false),
        ("term-expired", expired, "", false),
        ("term-torn", torn, "", true),
        ("term-lost", lost, "≥", true),
    ] {
        if n > 0 {
            terms.push(term("+", key, at(sign, n), loud));
        }
    }
    // While the lab runs this term comes and goes with every look; standing there always, it moves nothing.
    if in_flight > 0 || scene.model.lab_state() == LabState::Running {
        terms.push(Term { least_digits: 3, ..term("+", "term-in-flight", number(in_flight), false) });
    }
    for (key, n) in [("term-duplicated", duplicated), ("term-astray", astray)] {
        if n > 0 {
            terms.push(Term { aside: true, ..term("·", key, number(n), false) });
        }
    }
    terms
}

fn foreign_terms(scene: &Scene<'_>) -> Vec<Term> {
    let incarnations = scene.model.incarnations();
    let files = incarnations.iter().filter(|one| one.ended.is_none() && one.path.is_some()).count();
    let lines: u64 = incarnations.iter().map(|one| one.lines).sum();
    let bytes: u64 = incarnations.iter().map(|one| one.bytes.read).sum();
    let term = |sign, key: &str, figure: String| Term {
        sign,
        name: scene.tr(key),
        figure,
        tip: scene.tr(&format!("{key}.tip")),
        loud: false,
        aside: false,
        least_digits: 0,
    };
    vec![
        term("", "sum-files", number(files as u64)),
        term("·", "sum-lines", number(lines)),
        term("·", "sum-bytes", size(bytes)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_lost_stays_in_the_narrowest_bar() {
        let term = |name: &str, loud, aside| Term {
            sign: "+",
            name: name.to_owned(),
            figure: "1,234".to_owned(),
            loud,
            aside,
            ..Term::default()
        };
        let sum = || {
            let terms = [("written", false, false), ("present", false, false), ("lost", true, false)];
            let terms = terms.into_iter().chain([("in flight", false, false), ("astray", false, true)]);
            Summary { terms: terms.map(|(name, loud, aside)| term(name, loud, aside)).collect() }
        };
        egui::__run_test_ui(|ui| {
            let names = |room: f32| -> Vec<String> {
                sum().within(ui, Form::Tight, room).terms.into_iter().map(|term| term.name).collect()
            };
            let whole = sum().width(ui, Form::Tight);
            assert_eq!(names(whole), ["written", "present", "lost", "in flight", "astray"]);
            assert_eq!(names(whole - 1.0), ["written", "present", "lost", "in flight", "…"]);
            assert_eq!(names(150.0).last().map(String::as_str), Some("…"));
            assert!(names(150.0).contains(&"lost".to_owned()) && !names(150.0).contains(&"present".to_owned()));
            assert_eq!(names(0.0), ["…"]);
        });
    }
}
