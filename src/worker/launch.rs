//! What a worker has loaded before it starts: by itself, or by the process that it was forked from.

use std::path::{Path, PathBuf};

use crate::clock::{Moment, SessionClock};
use crate::event::{FileId, OpenReason, Rollover};
use crate::handler::{Handler, Observer, Opened, Surroundings, probe_of_this_build};
use crate::record::LineFormat;

use super::WorkerPlan;

/// All that a worker needs of its plan.
pub(super) struct Loaded {
    pub(super) plan: WorkerPlan,
    pub(super) format: LineFormat,
    pub(super) handler: Box<dyn Handler>,
    /// The file that the handler holds open already.
    pub(super) inheritance: Option<Inheritance>,
}

/// A file that was opened before the worker was there.
#[derive(Clone, Debug)]
pub(super) struct Inheritance {
    pub(super) file_id: FileId,
    pub(super) path: PathBuf,
    pub(super) reason: OpenReason,
    pub(super) descriptor: i32,
}

impl Loaded {
    /// Loads a plan. `scratch` is the folder of the supervisor.
    ///
    /// # Errors
    /// When its format is none.
    pub(super) fn of(plan: WorkerPlan, scratch: &Path) -> Result<Loaded, String> {
        let format = LineFormat::parse(&plan.format).map_err(|error| format!("its format can't be used: {error}"))?;
        let handler = plan.handler.build(scratch);
        Ok(Loaded { plan, format, handler, inheritance: None })
    }

    /// Opens the handler's file for all that are forked from this process.
    ///
    /// # Errors
    /// The handler's reason.
    pub(super) fn open_file(&mut self, clock: &SessionClock) -> Result<(), String> {
        let (mut seen, probe) = (Seen(None), probe_of_this_build());
        let mut around = Surroundings {
            clock,
            line_day: None,
            observer: &mut seen,
            probe: probe.as_ref(),
            beginning: b"",
            called_away: &|| false,
        };
        self.handler.open(&mut around).map_err(|error| error.to_string())?;
        self.inheritance = seen.0;
        Ok(())
    }
}

/// Keeps what was opened last.
struct Seen(Option<Inheritance>);

impl Observer for Seen {
    fn opened(&mut self, opened: Opened<'_>) {
        self.0 = Some(Inheritance {
            file_id: opened.file_id,
            path: opened.path.to_owned(),
            reason: opened.reason,
            descriptor: opened.descriptor,
        });
    }

    fn rolled_over(&mut self, _: Moment, _: Rollover) {}
}
