//! The search and the level filter, as the log view runs them.

use eframe::egui;

use super::read::Sources;
use crate::gui::find::{self, LevelSet, Query, Scan, Wanted};
use crate::gui::state::Scene;

/// A scan for something, started anew whenever that changes.
#[derive(Default)]
pub(super) struct Searching {
    wanted: Option<Key>,
    query: Option<Query>,
    scan: Option<Scan>,
    error: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
struct Key {
    text: String,
    levels: LevelSet,
    dividers: bool,
    stamps: bool,
}

impl Searching {
    /// Sees to it that the scan is for this: a text to find among the lines of some levels, with or without dividers.
    /// A text that is empty and all levels mean: nothing.
    pub(super) fn want(&mut self, ui: &egui::Ui, text: &str, levels: LevelSet, dividers: bool, stamps: bool) {
        let key = Key { text: text.to_owned(), levels, dividers, stamps };
        let nothing = text.is_empty() && (levels.is_all() || !dividers);
        if nothing {
            *self = Searching::default();
            return;
        }
        if self.wanted.as_ref() == Some(&key) {
            return;
        }
        *self = Searching { wanted: Some(key), ..Searching::default() };
        match Query::parse(text) {
            Err(error) => self.error = Some(error),
            Ok(query) => {
                self.query.clone_from(&query);
                let ctx = ui.ctx().clone();
                let wanted = Wanted { query, levels, dividers, stamps };
                match Scan::start(wanted, move || ctx.request_repaint()) {
                    Ok(scan) => self.scan = Some(scan),
                    Err(error) => self.error = Some(error.to_string()),
                }
            }
        }
    }

    /// Hands over what has arrived.
    pub(super) fn feed(&mut self, ui: &egui::Ui, scene: &Scene<'_>, sources: &mut Sources) {
        if let Some(scan) = &mut self.scan
            && find::feed(scan, scene, sources)
        {
            ui.ctx().request_repaint();
        }
    }

    /// The scan, if there is something to look for.
    pub(super) fn scan(&self) -> Option<&Scan> {
        self.scan.as_ref()
    }

    /// What is looked for.
    pub(super) fn query(&self) -> Option<&Query> {
        self.query.as_ref()
    }

    /// What is wrong with it.
    pub(super) fn error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The share of the rows that has been looked through, while that is not all.
    pub(super) fn progress(&self, rows: u64) -> Option<f32> {
        let done = self.scan.as_ref()?.done();
        (done < rows).then(|| (done as f64 / rows as f64) as f32)
    }
}
