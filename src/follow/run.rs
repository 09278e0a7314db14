//! The follower's thread: the loop of waiting, obeying and looking.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError, after, select};

use super::FollowOrder;
use super::state::{Ended, Next, State};
use super::watch::Watch;
use crate::event::{FollowEvent, What};

/// The slow check, when nothing is heard.
const IDLE: Duration = Duration::from_secs(1);
/// Hints that come within this time are looked at together.
const BURST: Duration = Duration::from_millis(1);
/// The check where nothing will be heard, as long as something moves.
const UNHEARD: Duration = Duration::from_millis(50);
/// How long something counts as moving.
const LIVELY: Duration = Duration::from_secs(3);
/// `CatchUp` gives up on a calm moment after this: what stood there when it was asked has long been read.
const CALM: Duration = Duration::from_secs(2);

impl State {
    /// The thread's whole life.
    pub(super) fn run(mut self, orders: &Receiver<FollowOrder>) {
        let _: Result<(), Ended> = self.follow(orders);
        self.outlet.end();
    }

    fn follow(&mut self, orders: &Receiver<FollowOrder>) -> Result<(), Ended> {
        let (watch, trouble) = Watch::new();
        self.watch = watch;
        if let Some(reason) = trouble {
            self.outlet.say(What::Notice {
                text: format!("The system gives no notifications ({reason}): files are looked at once a second."),
            })?;
        }
        loop {
            let turn = Instant::now();
            let next = self.turn()?;
            self.wait(orders, turn, next)?;
        }
    }

    /// One look at everything, and reading on. The same for start, hint, overflow and periodic check.
    pub(super) fn turn(&mut self) -> Result<Next, Ended> {
        let before = self.outlet.sent;
        self.tell_clock()?;
        let hints = self.watch.take();
        self.look(hints)?;
        let next = self.read_on()?;
        self.settle_doubts();
        self.list()?;
        self.let_go()?;
        if self.outlet.sent != before {
            self.moved_at = Instant::now();
        }
        Ok(next)
    }

    fn wait(&mut self, orders: &Receiver<FollowOrder>, turn: Instant, next: Next) -> Result<(), Ended> {
        let stopped = self.outlet.stopped.clone();
        if let Next::In(most) = next {
            let awake = self.watch.awake().clone();
            let hinted = select! {
                recv(stopped) -> _ => return Err(Ended),
                recv(orders) -> order => return self.obey(order.map_err(|_| Ended)?),
                recv(awake) -> _ => true,
                recv(after(most)) -> _ => false,
            };
            // The first hint after a pause is looked at once; those of a burst together, once a millisecond.
            let calm = BURST.saturating_sub(turn.elapsed());
            if hinted && !calm.is_zero() {
                select! {
                    recv(stopped) -> _ => return Err(Ended),
                    recv(orders) -> order => return self.obey(order.map_err(|_| Ended)?),
                    recv(after(calm)) -> _ => {}
                }
            }
        }
        for order in orders.try_iter() {
            self.obey(order)?;
        }
        match stopped.try_recv() {
            Err(TryRecvError::Empty) => Ok(()),
            _ => Err(Ended),
        }
    }

    /// How long nothing needs to be done unless a hint comes.
    pub(super) fn quiet_time(&self) -> Duration {
        let unheard = !self.watch.is_complete();
        if unheard && self.moved_at.elapsed() < LIVELY { UNHEARD } else { IDLE }
    }

    /// Looks and reads until a whole turn brings nothing new, and says so.
    pub(super) fn catch_up(&mut self, request: u64) -> Result<(), Ended> {
        self.read_all()?;
        self.say(FollowEvent::CaughtUp { request })
    }

    /// Looks and reads until a whole turn brings nothing new.
    pub(super) fn read_all(&mut self) -> Result<(), Ended> {
        let begun = Instant::now();
        loop {
            let before = self.outlet.sent;
            let hints = self.watch.take_all();
            self.look(hints)?;
            let next = self.read_on()?;
            self.settle_doubts();
            self.list()?;
            let calm = self.outlet.sent == before && next != Next::Now;
            if calm || (next != Next::Now && begun.elapsed() > CALM) {
                return Ok(());
            }
        }
    }
}
