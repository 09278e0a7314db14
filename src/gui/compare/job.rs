//! A comparison on a thread of its own: the window goes on meanwhile.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use eframe::egui;

use crate::engine::{CompareError, Compared, Comparison, EngineConfig, Told};

enum News {
    Told(Told),
    Over(Result<(), CompareError>),
}

/// A comparison that runs. Dropping it ends its workers and waits for them, two or three seconds at the most.
pub(super) struct Job {
    stop: Arc<AtomicBool>,
    news: Receiver<News>,
    thread: Option<JoinHandle<()>>,
    /// Handler and fault of the run at hand, and since when.
    current: Option<(&'static str, &'static str, Instant)>,
    result: Option<Result<(), String>>,
}

impl Job {
    /// Begins; the context is asked for a frame whenever there is something new.
    pub(super) fn start(comparison: Comparison, program: Option<PathBuf>, ctx: &egui::Context) -> std::io::Result<Job> {
        let program = match program {
            Some(program) => program,
            None => EngineConfig::quiet()?.program,
        };
        let stop = Arc::new(AtomicBool::new(false));
        let (tell, news) = channel();
        let (stopped, ctx) = (Arc::clone(&stop), ctx.clone());
        let thread = std::thread::Builder::new().name("compare".into()).spawn(move || {
            let send = |tell: &Sender<News>, news| {
                // Only a window that has gone does not listen.
                let _ = tell.send(news);
                ctx.request_repaint();
            };
            let result = comparison.carry_out(&program, &stopped, |told| send(&tell, News::Told(told)));
            send(&tell, News::Over(result));
        })?;
        Ok(Job { stop, news, thread: Some(thread), current: None, result: None })
    }

    /// Runs that have ended since the last call.
    pub(super) fn news(&mut self) -> Vec<Compared> {
        let mut ended = Vec::new();
        for news in self.news.try_iter() {
            match news {
                News::Told(Told::Begins { handler, fault, .. }) => {
                    self.current = Some((handler, fault, Instant::now()));
                }
                News::Told(Told::Ended(compared)) => ended.push(*compared),
                News::Over(result) => self.result = Some(result.map_err(|error| error.to_string())),
            }
        }
        ended
    }

    /// How it all ended, once it has.
    pub(super) fn result(&mut self) -> Option<Result<(), String>> {
        self.result.take()
    }

    /// Handler and fault of the run at hand.
    pub(super) fn current(&self) -> Option<(&'static str, &'static str)> {
        self.current.map(|(handler, fault, _)| (handler, fault))
    }

    /// How long the run at hand has taken so far.
    pub(super) fn in_run(&self) -> Duration {
        self.current.map_or(Duration::ZERO, |(_, _, since)| since.elapsed())
    }

    pub(super) fn cancel(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        self.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
