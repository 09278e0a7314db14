//! Lines per second by level, as areas one upon the other.

use eframe::egui;
use egui::epaint::Mesh;
use egui::{Align2, Rect, Shape, pos2, vec2};

use super::Canvas;
use super::span::Shown;
use crate::gui::text::number;
use crate::gui::theme;
use crate::model::RateHistory;
use crate::record::{LEVELS, Level};

/// From the lowest area to the highest: what is loud lies lowest, on even ground.
const ORDER: [Level; LEVELS] = [Level::Critical, Level::Error, Level::Warning, Level::Info, Level::Debug, Level::None];

/// Lines per second by level at one place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Sample {
    /// From the left edge, in points.
    pub(super) x: f64,
    /// Lines per second by level.
    pub(super) levels: [f32; LEVELS],
}

/// The rates in view, at most one sample per point. Where nothing arrived they are 0.
pub(super) fn samples(rates: &RateHistory, shown: &Shown, width: f64, until: crate::clock::Mono) -> Vec<Sample> {
    let step = rates.step_ns.max(1);
    let (begin, end) = (shown.at(-2.0), shown.at(width + 2.0));
    let first = rates.steps.partition_point(|(from, _)| from.plus_ns(step) < begin);
    let first = first.saturating_sub(1);
    let steps_per_sample = ((2.0 * shown.scale()) / step as f64).ceil().max(1.0) as u64;
    let length = step * steps_per_sample;
    let seconds = length as f64 / 1e9;
    let mut samples: Vec<Sample> = Vec::new();
    let mut open: Option<(u64, [u64; LEVELS])> = None;
    let mut last: Option<u64> = None;
    let close = |samples: &mut Vec<Sample>, bin: u64, sums: [u64; LEVELS], last: &mut Option<u64>| {
        let middle = |bin: u64| shown.x(crate::clock::Mono(bin * length)) + length as f64 / shown.scale() / 2.0;
        let nothing = [0.0; LEVELS];
        if let Some(before) = *last {
            if before + 1 < bin {
                samples.push(Sample { x: middle(before + 1), levels: nothing });
            }
            if before + 2 < bin {
                samples.push(Sample { x: middle(bin - 1), levels: nothing });
            }
        } else {
            samples.push(Sample { x: middle(bin) - length as f64 / shown.scale() / 2.0, levels: nothing });
        }
        samples.push(Sample { x: middle(bin), levels: sums.map(|lines| (lines as f64 / seconds) as f32) });
        *last = Some(bin);
    };
    for (from, levels) in &rates.steps[first..] {
        let bin = from.0 / length;
        // What is still filling would show as a drop.
        if *from > end || (bin + 1).saturating_mul(length) > until.0 {
            break;
        }
        match &mut open {
            Some((of, sums)) if *of == bin => add(sums, levels),
            _ => {
                if let Some((of, sums)) = open.take() {
                    close(&mut samples, of, sums, &mut last);
                }
                let mut sums = [0; LEVELS];
                add(&mut sums, levels);
                open = Some((bin, sums));
            }
        }
    }
    if let Some((of, sums)) = open {
        close(&mut samples, of, sums, &mut last);
    }
    if length >= 1_000_000_000 {
        return samples;
    }
    let apart = length as f64 / shown.scale();
    let means = smoothed(&samples, apart);
    let is_new = last.is_some_and(|bin| until.0 < (bin + 1 + NEW_STEPS).saturating_mul(length));
    if is_new { held(means, apart) } else { means }
}

/// For so many steps more may come that belongs to the mean of the last one.
const NEW_STEPS: u64 = 4;

/// The newest two samples have nothing behind them yet to be a mean of, and would jump up and down with every line: as
/// long as that may come they go on as those before them, if those are none of a standstill.
fn held(mut means: Vec<Sample>, apart: f64) -> Vec<Sample> {
    const UNSURE: usize = 2;
    let Some(known) = means.len().checked_sub(UNSURE + 1).filter(|known| *known >= UNSURE) else { return means };
    let sure = means[known];
    let goes_on = |sample: &Sample| sample.levels.iter().any(|rate| *rate > 0.0);
    let joined = means[known - UNSURE..].windows(2).all(|pair| pair[1].x - pair[0].x <= apart * 1.5);
    if joined && means[known - UNSURE..].iter().all(goes_on) {
        means[known + 1..].iter_mut().for_each(|sample| sample.levels = sure.levels);
    }
    means
}

/// From the last step with lines to the next one, so that what lies between is not shown as a standstill.
const SHORT_GAP_STEPS: f64 = 3.5;

/// The samples as means over about a second: a few lines in a quarter of one say little about the rate.
fn smoothed(samples: &[Sample], apart: f64) -> Vec<Sample> {
    const WEIGHTS: [f32; 5] = [1.0, 2.0, 2.0, 2.0, 1.0];
    let mean = |nth: usize| {
        let (mut levels, mut weights) = ([0.0; LEVELS], 0.0);
        for (offset, weight) in WEIGHTS.into_iter().enumerate() {
            let Some(other) = (nth + offset).checked_sub(2).and_then(|at| samples.get(at)) else { continue };
            let away = (other.x - samples[nth].x).abs();
            // Over a gap nothing is shared.
            if away <= apart * 2.5 {
                for (sum, rate) in levels.iter_mut().zip(other.levels) {
                    *sum += rate * weight;
                }
                weights += weight;
            }
        }
        levels.map(|sum: f32| sum / weights)
    };
    let flat = |sample: &Sample| sample.levels.iter().all(|rate| *rate == 0.0);
    // Of a few lines a second none falls into one step or another, and that is no standstill.
    let short_gap = |nth: usize| {
        let before = samples[..nth].iter().rfind(|sample| !flat(sample));
        let after = samples[nth + 1..].iter().find(|sample| !flat(sample));
        before.zip(after).is_some_and(|(before, after)| after.x - before.x <= apart * SHORT_GAP_STEPS)
    };
    let stands = |nth: usize| flat(&samples[nth]) && !short_gap(nth);
    (0..samples.len())
        .map(|nth| if stands(nth) { samples[nth] } else { Sample { levels: mean(nth), ..samples[nth] } })
        .collect()
}

fn add(sums: &mut [u64; LEVELS], levels: &[u32; LEVELS]) {
    for (sum, lines) in sums.iter_mut().zip(levels) {
        *sum += u64::from(*lines);
    }
}

/// A round number at or above: 1, 2 or 5 with zeros.
pub(super) fn round_up(value: f32) -> f32 {
    if value <= 0.0 {
        return 1.0;
    }
    let ten = 10f32.powf(value.log10().floor());
    [1.0, 2.0, 5.0, 10.0].into_iter().map(|step| step * ten).find(|step| *step >= value * 0.999).unwrap_or(value)
}

/// Paints the areas into `rect`, with a scale that ends in a round number.
pub(super) fn paint(canvas: &Canvas<'_>, rect: Rect) {
    let rates = &canvas.scene.model.timeline().rates;
    let samples = samples(rates, &canvas.shown, canvas.width(), canvas.now);
    let most = samples.iter().map(|sample| sample.levels.iter().sum::<f32>()).fold(0.0, f32::max);
    if most <= 0.0 {
        return;
    }
    let top = round_up(most);
    let mut mesh = Mesh::default();
    let mut before: Option<[egui::Pos2; LEVELS + 1]> = None;
    for sample in &samples {
        let edges = edges(sample, rect, top);
        if let Some(before) = before {
            for (nth, level) in ORDER.into_iter().enumerate() {
                let empty = before[nth] == before[nth + 1] && edges[nth] == edges[nth + 1];
                if !empty {
                    let color = canvas.colors.levels[level as usize];
                    quad(&mut mesh, [before[nth], before[nth + 1], edges[nth + 1], edges[nth]], color);
                }
            }
        }
        before = Some(edges);
    }
    canvas.over.with_clip_rect(canvas.over.clip_rect().intersect(rect)).add(Shape::mesh(mesh));
    let text = canvas.scene.tr_args("timeline-per-second", &[("n", number(top as u64).into())]);
    let at = rect.left_top() + vec2(-8.0, 0.0);
    canvas.over.text(at, Align2::RIGHT_TOP, text, theme::mono(10.0), canvas.colors.muted);
}

/// The edges between the areas of one sample, the lowest first.
fn edges(sample: &Sample, rect: Rect, top: f32) -> [egui::Pos2; LEVELS + 1] {
    let x = rect.left() + sample.x as f32;
    let mut sum = 0.0;
    let mut edges = [pos2(x, rect.bottom()); LEVELS + 1];
    for (nth, level) in ORDER.into_iter().enumerate() {
        sum += sample.levels[level as usize];
        edges[nth + 1] = pos2(x, rect.bottom() - rect.height() * (sum / top).min(1.0));
    }
    edges
}

fn quad(mesh: &mut Mesh, corners: [egui::Pos2; 4], color: egui::Color32) {
    let first = mesh.vertices.len() as u32;
    for corner in corners {
        mesh.colored_vertex(corner, color);
    }
    mesh.add_triangle(first, first + 1, first + 2);
    mesh.add_triangle(first, first + 2, first + 3);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Mono;

    const STEP: u64 = 250_000_000;

    fn history(steps: impl IntoIterator<Item = u64>) -> RateHistory {
        let steps = steps.into_iter().map(|nth| (Mono(nth * STEP), [0, 0, 100, 0, 0, 0])).collect();
        RateHistory { step_ns: STEP, steps }
    }

    fn info(samples: &[Sample]) -> Vec<f32> {
        samples.iter().map(|sample| sample.levels[Level::Info as usize]).collect()
    }

    #[test]
    fn a_sample_stands_in_the_middle_of_its_step_and_gaps_are_zero() {
        let shown = Shown::new(Mono(0), 10e9, 1_000.0);
        let found = samples(&history([4, 5, 9]), &shown, 1_000.0, Mono(u64::MAX));
        let zero: Vec<bool> = info(&found).iter().map(|rate| *rate == 0.0).collect();
        assert_eq!(zero, [true, false, false, true, true, false]);
        assert_eq!(found[1].x, 112.5);
        assert_eq!(found[5].x, 237.5);
    }

    #[test]
    fn a_step_without_a_line_among_others_is_no_standstill() {
        let shown = Shown::new(Mono(0), 10e9, 1_000.0);
        let found = samples(&history([4, 5, 7, 8, 10]), &shown, 1_000.0, Mono(u64::MAX));
        assert!(info(&found)[1..].iter().all(|rate| *rate > 0.0), "{:?}", info(&found));
    }

    #[test]
    fn far_away_many_steps_are_one_sample_with_the_same_rate() {
        let shown = Shown::new(Mono(0), 1e12, 1_000.0);
        let found = samples(&history(0..4_000), &shown, 1_000.0, Mono(u64::MAX));
        assert!(found.len() <= 1_002, "{}", found.len());
        assert!(info(&found)[1..].iter().all(|rate| (rate - 400.0).abs() < 0.01));
    }

    #[test]
    fn a_step_that_is_not_over_is_not_drawn() {
        let shown = Shown::new(Mono(0), 10e9, 1_000.0);
        let found = samples(&history([0, 1, 2]), &shown, 1_000.0, Mono(2 * STEP + 1));
        assert_eq!(found.len(), 3);
    }

    #[test]
    fn an_even_rate_in_uneven_steps_is_even() {
        let shown = Shown::new(Mono(0), 10e9, 1_000.0);
        let steps = (0..40).map(|nth| (Mono(nth * STEP), [0, 0, if nth % 4 == 0 { 8 } else { 4 }, 0, 0, 0])).collect();
        let found = samples(&RateHistory { step_ns: STEP, steps }, &shown, 1_000.0, Mono(u64::MAX));
        assert!(info(&found)[4..36].iter().all(|rate| (rate - 20.0).abs() < 0.01), "{:?}", info(&found));
    }

    /// At every moment, and however the lines fall into the steps, the curve ends as it goes on.
    #[test]
    fn the_newest_samples_make_no_step() {
        let shown = Shown::new(Mono(0), 10e9, 1_000.0);
        // Twelve lines a second in turns of 2, 4, 4 and 2, and two a second in every other step.
        for pattern in [[2, 4, 4, 2], [1, 0, 1, 0]] {
            let rate = pattern.iter().sum::<u32>() as f32;
            for now in 20..36_u64 {
                let steps = (0..now).map(|nth| (nth, pattern[nth as usize % 4])).filter(|(_, lines)| *lines > 0);
                let steps = steps.map(|(nth, lines)| (Mono(nth * STEP), [0, 0, lines, 0, 0, 0])).collect();
                let found =
                    samples(&RateHistory { step_ns: STEP, steps }, &shown, 1_000.0, Mono(now * STEP + STEP / 2));
                let ends = &info(&found)[found.len() - 4..];
                assert!(ends.iter().all(|end| (end - rate).abs() < 0.26 * rate), "{pattern:?} at {now}: {ends:?}");
                assert_eq!(ends[1], ends[3], "{pattern:?} at {now}: {ends:?}");
            }
        }
    }

    #[test]
    fn what_has_ended_is_shown_as_it_was() {
        let shown = Shown::new(Mono(0), 10e9, 1_000.0);
        let steps: Vec<_> =
            (0..20).map(|nth| (Mono(nth * STEP), [0, 0, if nth < 18 { 1 } else { 50 }, 0, 0, 0])).collect();
        let found = samples(&RateHistory { step_ns: STEP, steps }, &shown, 1_000.0, Mono(60 * STEP));
        assert!(info(&found).last().is_some_and(|rate| *rate > 100.0), "a burst at the end stays");
    }

    #[test]
    fn from_afar_a_sample_that_is_not_over_is_not_drawn() {
        let shown = Shown::new(Mono(0), 1e12, 1_000.0);
        // A sample is two seconds here, and of the last one only a quarter is there.
        let found = samples(&history(0..82), &shown, 1_000.0, Mono(82 * STEP));
        assert!(info(&found)[1..].iter().all(|rate| (rate - 400.0).abs() < 0.01), "{:?}", info(&found));
    }

    #[test]
    fn scales_end_in_round_numbers() {
        assert_eq!([0.0, 0.7, 1.0, 1.1, 403.0, 999.0].map(round_up), [1.0, 1.0, 1.0, 2.0, 500.0, 1_000.0]);
    }
}
