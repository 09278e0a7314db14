//! Files in which what is written here ends up, and which would feed on themselves if they were followed: the one that
//! an output is, and those that another program of the pipeline writes to, as in `rotascope follow . | tee all.log`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::File;
use std::path::Path;
use std::time::{Duration, Instant};

use super::names::{Names, printable, say};
use super::output::Output;
use crate::event::{FileId, FollowEvent, IncarnationId, Origin};
use crate::platform::{self, PipeId};

/// The programs of a pipeline are started together, and open their files soon after that.
const FIRST_PAUSE: Duration = Duration::from_millis(5);
/// Any of them may start another one later. Each look reads all of /proc: no user should see it in the load.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);
const PAUSE_GROWTH: u32 = 4;
/// Any of them may open another file later: that is soon seen where they are known.
const FILES_EVERY: Duration = Duration::from_millis(100);

/// The files that are left out.
pub(super) struct Sinks {
    output: Option<FileId>,
    sentences: Option<FileId>,
    pipeline: Option<Pipeline>,
    /// The file of each incarnation, as long as bytes of it may come.
    files: BTreeMap<IncarnationId, FileId>,
    /// Those that were said to be left out.
    told: BTreeSet<FileId>,
}

/// How what is written here comes into a file.
enum Way {
    Output,
    Sentences,
    Program(u32),
}

impl Sinks {
    pub(super) fn of_this_process() -> Sinks {
        let (output, sentences) = (platform::standard_output().ok(), platform::standard_error().ok());
        let pipes: Vec<PipeId> = [&output, &sentences].into_iter().flatten().filter_map(platform::pipe_id).collect();
        Sinks {
            output: output.as_ref().and_then(regular),
            sentences: sentences.as_ref().and_then(regular),
            pipeline: (!pipes.is_empty()).then(|| Pipeline::behind(pipes)),
            files: BTreeMap::new(),
            told: BTreeSet::new(),
        }
    }

    /// Takes note of incarnations that come and go.
    pub(super) fn learn(&mut self, event: &FollowEvent, names: &Names) {
        match event {
            FollowEvent::Created { incarnation, file_id, path, origin, .. } => {
                self.files.insert(*incarnation, *file_id);
                if let Some(pipeline) = &mut self.pipeline {
                    pipeline.look_for(*origin);
                }
                self.judge(*file_id, path, names);
            }
            FollowEvent::Released { incarnation } => drop(self.files.remove(incarnation)),
            _ => {}
        }
    }

    /// Whether an incarnation is left out.
    pub(super) fn has(&self, incarnation: IncarnationId) -> bool {
        self.files.get(&incarnation).is_some_and(|file| self.told.contains(file))
    }

    /// Looks again, now and then, whether a program of the pipeline has opened what is followed since it was found. To
    /// be called when bytes come: as long as none do, nothing feeds on itself.
    pub(super) fn look_again(&mut self, output: &Output, names: &Names) {
        let Some(pipeline) = &mut self.pipeline else { return };
        if !pipeline.look_again(output) {
            return;
        }
        let written = self.files.iter().filter(|(_, file)| pipeline.written.contains_key(file));
        for (incarnation, file) in written.map(|(incarnation, file)| (*incarnation, *file)).collect::<Vec<_>>() {
            self.judge(file, names.path_of(incarnation), names);
        }
    }

    /// Says once of a file that it is left out, if it is.
    fn judge(&mut self, file: FileId, path: &Path, names: &Names) {
        let Some(way) = self.way_into(file).filter(|_| !self.told.contains(&file)) else { return };
        let name = names.for_people(path);
        say(&match way {
            Way::Output => format!("{name} is where this output goes; it is left out"),
            Way::Sentences => format!("{name} is where these sentences go; it is left out"),
            Way::Program(pid) => {
                let program = platform::process_facts(pid).map_or_else(|| pid.to_string(), |facts| facts.name);
                format!("{name} is where {} writes, which reads this output; it is left out", printable(&program))
            }
        });
        self.told.insert(file);
    }

    fn way_into(&self, file: FileId) -> Option<Way> {
        if self.output == Some(file) {
            return Some(Way::Output);
        }
        if self.sentences == Some(file) {
            return Some(Way::Sentences);
        }
        self.pipeline.as_ref()?.written.get(&file).map(|pid| Way::Program(*pid))
    }
}

fn regular(file: &File) -> Option<FileId> {
    let metadata = file.metadata().ok()?;
    metadata.is_file().then(|| platform::file_id(&metadata))
}

/// The programs that read what is written here.
struct Pipeline {
    pipes: Vec<PipeId>,
    programs: Vec<u32>,
    /// The files that they can write to, and who of them can.
    written: HashMap<FileId, u32>,
    /// When it was looked last at what they have open, and when they are to be looked for again.
    looked_at: Instant,
    due: Instant,
    pause: Duration,
    /// Whether it was looked for them since they have begun to read. By then each has opened its files, as `tee` does.
    is_settled: bool,
}

impl Pipeline {
    fn behind(pipes: Vec<PipeId>) -> Pipeline {
        let (programs, written, now) = (Vec::new(), HashMap::new(), Instant::now());
        Pipeline { pipes, programs, written, looked_at: now, due: now, pause: FIRST_PAUSE, is_settled: false }
    }

    fn is_due(&self) -> bool {
        Instant::now() >= self.due
    }

    /// What comes later may have been made by one of the programs in this moment; thousands of files that were there at
    /// the start need no look each.
    fn look_for(&mut self, origin: Origin) {
        if self.is_due() {
            self.look();
        } else if origin != Origin::AtStart {
            self.look_at_files();
        }
    }

    /// Looks if it is time. Whether it did.
    fn look_again(&mut self, output: &Output) -> bool {
        let begun = !self.is_settled && output.is_being_read();
        if begun || self.is_due() {
            self.is_settled |= begun;
            self.look();
        } else if self.looked_at.elapsed() >= FILES_EVERY {
            self.look_at_files();
        } else {
            return false;
        }
        true
    }

    /// Finds the programs among all that run, which takes milliseconds: so ever more rarely.
    fn look(&mut self) {
        self.programs = platform::pipeline_behind(&self.pipes);
        self.look_at_files();
        self.due = Instant::now() + self.pause;
        self.pause = (self.pause * PAUSE_GROWTH).min(LONGEST_PAUSE);
    }

    fn look_at_files(&mut self) {
        let open = platform::open_for_writing(Some(&self.programs)).unwrap_or_default();
        self.written = open.into_iter().map(|one| (one.file_id, one.pid)).collect();
        self.looked_at = Instant::now();
    }
}
