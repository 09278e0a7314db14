//! Cause and effect, joined: a thin curve from what took a file away to each reopen that answers it.

use eframe::egui;
use egui::epaint::CubicBezierShape;
use egui::{Color32, Pos2, Stroke, pos2, vec2};

use super::Canvas;
use super::lanes::{Lanes, What};
use crate::clock::Mono;
use crate::gui::theme;
use crate::model::{Fault, FaultKind};

/// Curves drawn at once; with more of them nobody could follow one.
const MOST: usize = 240;
/// A place where a worker opened its file again.
pub(super) struct Answer {
    pub(super) at: Pos2,
    pub(super) color: Color32,
}

/// Faults whose curves may be in view: each is shorter than this many points, or is not worth a curve.
const REACH: f64 = 4_000.0;

fn visible<'a>(canvas: &'a Canvas<'_>) -> impl Iterator<Item = &'a Fault> {
    let (from, to) = (canvas.shown.at(-REACH), canvas.shown.at(canvas.width()));
    let faults = &canvas.scene.model.timeline().faults;
    // Faults are told in about the order in which they happened.
    let first = faults.partition_point(|fault| fault.at.mono < from);
    faults[first..].iter().take_while(move |fault| fault.at.mono <= Mono(to.0.saturating_add(1_000_000_000)))
}

/// Paints the curves, and the dots at which they end.
pub(super) fn paint(canvas: &Canvas<'_>, lanes: &Lanes) {
    let mut answers = Vec::new();
    let mut drawn = 0;
    for fault in visible(canvas).filter(|fault| fault.kind != FaultKind::Truncated) {
        let Some(lane) = canvas.marks.lane_of(&fault.path).and_then(|index| lanes.of(What::Path(index))) else {
            continue;
        };
        let from = pos2(canvas.x(fault.at.mono), canvas.y(lane.middle()));
        let lit = canvas.hovered == Some(fault.incarnation);
        for recovery in &fault.recoveries {
            let (Some(at), Some(lane)) = (recovery.at, lanes.of(What::Worker(recovery.worker))) else { continue };
            let to = pos2(canvas.x(at), canvas.y(lane.middle()));
            if to.x < canvas.rect.left() - 20.0 || from.x > canvas.rect.right() + 20.0 || drawn >= MOST {
                continue;
            }
            drawn += 1;
            curve(canvas, from, to, lit);
            answers.push(Answer { at: to, color: canvas.colors.text });
        }
    }
    for answer in answers {
        canvas.painter.circle(answer.at, 2.75, canvas.colors.panel, Stroke::new(1.25, answer.color));
    }
}

fn curve(canvas: &Canvas<'_>, from: Pos2, to: Pos2, lit: bool) {
    let from = from + vec2(0.0, 7.0);
    let bow = ((to.x - from.x) * 0.35).clamp(14.0, 60.0) + (to.y - from.y).abs() * 0.06;
    let share = if lit { 1.0 } else { 0.6 };
    let color = theme::mix(canvas.colors.panel, canvas.colors.text, share);
    let points = [from, pos2(from.x + bow, from.y + 4.0), pos2(to.x + bow, to.y - 4.0), to];
    let stroke = Stroke::new(if lit { 1.6 } else { 1.0 }, color);
    canvas.painter.add(CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke));
}
