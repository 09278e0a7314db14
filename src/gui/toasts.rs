//! What the person should know and did not ask for: shown for a while in a corner, kept in the list of messages.

use eframe::egui;
use egui::{Align, Area, Frame, Id, Layout, Margin, Order, Rect, RichText, Ui, pos2};

use super::state::Scene;
use super::theme::{self, Colors};
use super::widgets::{self, Icon};
use crate::clock::Mono;
use crate::model::MarkKind;

/// How long a message stands, in seconds: a failure until it has surely been read.
const STAY_SECONDS: u64 = 12;
const STAY_FAILED_SECONDS: u64 = 45;
/// How many stand at once.
const MOST: usize = 4;
const WIDTH: f32 = 380.0;

/// One message.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Message {
    pub(super) at: Mono,
    pub(super) text: String,
    pub(super) failed: bool,
}

/// All messages of the session, and those that stand.
#[derive(Debug, Default)]
pub(super) struct Toasts {
    all: Vec<Message>,
    standing: Vec<usize>,
    seen_notices: usize,
    seen_marks: usize,
}

impl Toasts {
    /// Everything that was said, oldest first.
    pub(super) fn all(&self) -> &[Message] {
        &self.all
    }

    /// Says something.
    pub(super) fn say(&mut self, at: Mono, text: String, failed: bool) {
        self.standing.push(self.all.len());
        self.all.push(Message { at, text, failed });
    }

    /// Forgets the session's part: another one begins.
    pub(super) fn forget_session(&mut self) {
        *self = Toasts::default();
    }

    /// Takes up what the model has newly reported.
    pub(super) fn gather(&mut self, scene: &Scene<'_>) {
        let marks = &scene.model.timeline().marks;
        let notices = scene.model.notices();
        // A reset has emptied both.
        self.seen_marks = self.seen_marks.min(marks.len());
        self.seen_notices = self.seen_notices.min(notices.len());
        for mark in &marks[self.seen_marks..] {
            if let MarkKind::OperationFailed { operation, reason } = &mark.kind {
                let path = mark.path.as_deref().map(super::files::name_of).unwrap_or_default();
                let text = scene.tr_args(
                    "operation-failed",
                    &[
                        ("operation", scene.tr(&operation_key(operation)).into()),
                        ("path", path.into()),
                        ("reason", reason.as_str().into()),
                    ],
                );
                self.standing.push(self.all.len());
                self.all.push(Message { at: mark.at.mono, text, failed: true });
            }
        }
        for (at, text) in &notices[self.seen_notices..] {
            self.standing.push(self.all.len());
            self.all.push(Message { at: *at, text: text.clone(), failed: false });
        }
        self.seen_marks = marks.len();
        self.seen_notices = notices.len();
    }

    /// Draws those that stand at the lower right of `room`, the newest lowest.
    pub(super) fn show(&mut self, ui: &mut Ui, scene: &Scene<'_>, room: Rect) {
        let left = |message: &Message| {
            let stay = if message.failed { STAY_FAILED_SECONDS } else { STAY_SECONDS };
            (stay * 1_000_000_000).saturating_sub(scene.now.since(message.at))
        };
        self.standing.retain(|index| self.all.get(*index).is_some_and(|message| left(message) > 0));
        let excess = self.standing.len().saturating_sub(MOST);
        self.standing.drain(..excess);
        let mut dismissed = None;
        let mut bottom = room.bottom() - 12.0;
        for index in self.standing.iter().rev() {
            let message = &self.all[*index];
            ui.ctx().request_repaint_after(std::time::Duration::from_nanos(left(message)));
            let id = Id::unique(("rotascope toast", *index));
            let at = pos2(room.right() - 12.0, bottom);
            let area = Area::new(id).order(Order::Middle).pivot(egui::Align2::RIGHT_BOTTOM).fixed_pos(at);
            let shown = area.show(ui.ctx(), |ui| show_one(ui, scene, message));
            if shown.inner {
                dismissed = Some(*index);
            }
            bottom = shown.response.rect.top() - 8.0;
        }
        self.standing.retain(|index| Some(*index) != dismissed);
    }
}

/// The key of an operation's name in a sentence.
fn operation_key(operation: &str) -> String {
    let known = [
        "delete",
        "trash",
        "rename",
        "truncate",
        "replace",
        "remove_dir",
        "chmod",
        "make_folder",
        "release",
        "restore",
    ];
    let name = if known.contains(&operation) { operation.replace('_', "-") } else { "other".to_owned() };
    format!("operation-{name}")
}

fn show_one(ui: &mut Ui, scene: &Scene<'_>, message: &Message) -> bool {
    let colors = Colors::of(ui);
    let frame =
        Frame::popup(ui.style()).fill(colors.raised).inner_margin(Margin { left: 12, right: 6, top: 8, bottom: 8 });
    frame
        .show(ui, |ui| {
            ui.set_width(WIDTH);
            ui.with_layout(Layout::right_to_left(Align::TOP), |ui| {
                let label = scene.tr("dismiss");
                let closed = widgets::icon_button(ui, Icon::Close, &label, &label).clicked();
                ui.with_layout(Layout::left_to_right(Align::TOP), |ui| {
                    let color = if message.failed { colors.bad } else { colors.accent };
                    let (dot, _) = ui.allocate_exact_size(egui::vec2(8.0, 20.0), egui::Sense::hover());
                    widgets::paint_dot(ui, dot.center(), color, false);
                    let text = RichText::new(&message.text).font(theme::plain(theme::TEXT)).color(colors.text);
                    ui.add(egui::Label::new(text).wrap().selectable(true));
                });
                closed
            })
            .inner
        })
        .inner
}
