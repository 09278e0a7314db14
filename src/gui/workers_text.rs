//! What is said of a worker: one short line, and the whole of it in the tooltip.

use std::path::Path;

use eframe::egui;
use egui::{Grid, RichText, Ui};

use super::files::name_of;
use super::state::Scene;
use super::text::number;
use super::theme::{self, Colors};
use super::workers::last_gap;
use crate::event::Exit;
use crate::model::{Blocked, Reach, Worker, WorkerState};

/// The second line of a worker.
pub(super) enum Standing {
    /// Nothing to worry about.
    Well(String),
    /// It does what nobody wants, but nothing failed.
    Trouble(String),
    /// Something failed.
    Broken(String),
}

/// How a worker stands: the worst that is true of it.
pub(super) fn standing(scene: &Scene<'_>, worker: &Worker) -> Standing {
    match worker.state {
        WorkerState::Exited { exit, asked } if !asked => return Standing::Broken(exit_text(scene, exit)),
        WorkerState::Failed => {
            return Standing::Broken(worker.last_error.clone().unwrap_or_else(|| scene.tr("worker-failed")));
        }
        WorkerState::Stopped => return Standing::Trouble(scene.tr("worker-stopped")),
        WorkerState::Idle => return Standing::Well(scene.tr("worker-idle")),
        WorkerState::Starting => return Standing::Well(scene.tr("worker-starting")),
        WorkerState::Ending => return Standing::Well(scene.tr("worker-ending")),
        WorkerState::Exited { .. } => return Standing::Well(scene.tr("worker-ended")),
        WorkerState::Running | WorkerState::Paused => {}
    }
    if let Some(blocked) = &worker.blocked {
        return Standing::Trouble(waits(scene, blocked));
    }
    let held = scene.held_by(worker).and_then(|id| scene.model.incarnation(id));
    match held.map(|one| one.reach) {
        Some(Reach::Unlinked { .. }) => return Standing::Trouble(scene.tr("worker-in-deleted")),
        Some(Reach::Moved) => return Standing::Trouble(scene.tr("worker-in-moved")),
        _ => {}
    }
    if worker.failing {
        let reason = worker.last_error.clone().unwrap_or_default();
        let file = worker.last_error_path.as_deref().map(name_of).unwrap_or_default();
        let args = [("n", worker.errors.into()), ("file", file.into()), ("reason", reason.into())];
        return Standing::Broken(scene.tr_args("worker-errors", &args));
    }
    if worker.state == WorkerState::Paused {
        return Standing::Well(scene.tr("worker-paused"));
    }
    Standing::Well(recovered(scene, worker))
}

/// For whom a worker waits.
fn waits(scene: &Scene<'_>, blocked: &Blocked) -> String {
    let holder = blocked.holder.and_then(|holder| scene.model.worker(holder));
    match (holder, blocked.holder_pid) {
        (Some(holder), _) => {
            let key = if holder.state == WorkerState::Stopped { "worker-waits-stopped" } else { "worker-waits" };
            scene.tr_args(key, &[("name", holder.setup.name.as_str().into())])
        }
        (None, Some(pid)) => scene.tr_args("worker-waits-process", &[("pid", pid.to_string().into())]),
        (None, None) => scene.tr("worker-waits-unknown"),
    }
}

fn recovered(scene: &Scene<'_>, worker: &Worker) -> String {
    let reopens = scene.tr_args("worker-reopens", &[("n", worker.reopens.into())]);
    match last_gap(worker) {
        Some(gap) => format!("{reopens} · {gap}"),
        None => reopens,
    }
}

/// How a process ended, in a few words.
pub(super) fn exit_text(scene: &Scene<'_>, exit: Exit) -> String {
    match exit {
        Exit::Code(code) => scene.tr_args("exit-code", &[("code", code.to_string().into())]),
        Exit::Signal(signal) => scene.tr_args("exit-signal", &[("signal", signal_name(signal).into())]),
    }
}

/// The name of a signal, as `kill -l` writes it.
pub(super) fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        6 => "SIGABRT",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        15 => "SIGTERM",
        other => return format!("{other}"),
    };
    name.to_owned()
}

/// Everything about one worker.
pub(super) fn tooltip(ui: &mut Ui, scene: &Scene<'_>, worker: &Worker) {
    let colors = Colors::of(ui);
    ui.label(RichText::new(&worker.setup.name).font(theme::strong(theme::TEXT)));
    match standing(scene, worker) {
        Standing::Well(text) => ui.label(text),
        Standing::Trouble(text) => ui.label(RichText::new(text).color(colors.warn)),
        Standing::Broken(text) => ui.label(RichText::new(text).color(colors.bad)),
    };
    ui.add_space(4.0);
    Grid::new("worker").num_columns(2).spacing([16.0, 3.0]).min_row_height(0.0).show(ui, |ui| {
        let mut row = |key: &str, value: String| {
            ui.label(RichText::new(scene.tr(key)).color(colors.muted));
            ui.label(RichText::new(value).font(theme::mono(theme::MONO)));
            ui.end_row();
        };
        if let Some(words) = &worker.setup.program {
            row("program-command", words.join(" "));
        }
        if let Some(pid) = worker.pid {
            row("worker-pid", pid.to_string());
        }
        if let Some(start_ns) = worker.start_ns {
            row("worker-start-time", super::text::gap(start_ns as f64 / 1e6));
        }
        if let Some((_, path)) = worker.holds.as_ref().filter(|_| worker.is_alive() && !worker.closed) {
            let name =
                path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into());
            row("worker-holds", name);
        }
        row("worker-reopens-label", number(worker.reopens));
        row("worker-rollovers", number(worker.rollovers));
        if worker.errors > 0 {
            row("worker-refused", number(worker.errors));
        }
        if let Some(gap) = last_gap(worker) {
            row("worker-last-gap", gap);
        }
        let terms = scene.model.ledger().worker(worker.id);
        row("term-written", number(terms.written));
        row("term-present", number(terms.present));
        for (key, n) in [
            ("term-destroyed", terms.destroyed),
            ("term-expired", terms.expired),
            ("term-torn", terms.torn),
            ("term-lost", terms.lost),
            ("term-in-flight", terms.in_flight),
            ("term-duplicated", terms.duplicated),
            ("term-astray", terms.astray),
        ] {
            if n > 0 {
                row(key, number(n));
            }
        }
    });
    if let Some(path) = path_of(worker) {
        ui.add_space(4.0);
        ui.label(RichText::new(path.display().to_string()).font(theme::plain(theme::SMALL)).color(colors.muted));
    }
    if !worker.setup.can_reopen {
        ui.add_space(4.0);
        ui.label(RichText::new(scene.tr("worker-cannot-reopen")).color(colors.muted));
    }
}

/// The file that a worker could not write to, that it writes to, or that it would. Where a program writes that has
/// opened nothing yet, nobody knows.
fn path_of(worker: &Worker) -> Option<&Path> {
    let failed = worker.last_error_path.as_deref().filter(|_| worker.failing);
    let holds = worker.holds.as_ref().map(|(_, path)| path.as_path());
    let own = worker.setup.program.is_none().then_some(worker.setup.path.as_path());
    failed.or(holds).or(own)
}
