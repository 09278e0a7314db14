//! The follower's thread: the loop of waiting, obeying and looking.

use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, TryRecvError};

use super::FollowOrder;
use super::state::{Ended, Next, State};
use crate::event::{FollowEvent, What};

/// The slow check, when nothing is heard.
const IDLE: Duration = Duration::from_secs(1);
/// Hints that come within this time are looked at together.
const BURST: Duration = Duration::from_millis(1);
/// The check where nothing will be heard, as long as something moves.
const UNHEARD: Duration = Duration::from_millis(50);
/// After so long without a name what was heard of names is settled, and it is told what was missed.
const UNSETTLED: Duration = Duration::from_millis(200);
/// How long something counts as moving.
const LIVELY: Duration = Duration::from_secs(3);
/// `CatchUp` gives up on a calm moment after this: what stood there when it was asked has long been read.
const CALM: Duration = Duration::from_secs(2);

impl State {
    /// The thread's whole life.
    pub(super) fn run(mut self, orders: &Receiver<FollowOrder>) {
        let _: Result<(), Ended> = self.follow(orders);
        if self.outlet.takes_bytes() {
            let _: Result<(), Ended> = self.hand_on_undecided();
        }
        self.outlet.end();
    }

    fn follow(&mut self, orders: &Receiver<FollowOrder>) -> Result<(), Ended> {
        if let Err(reason) = self.watch.listen() {
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
        let hints = self.hear();
        self.look(hints)?;
        let next = self.read_on()?;
        self.settle_doubts(next);
        self.list()?;
        self.let_go()?;
        if self.outlet.sent != before {
            self.moved_at = Instant::now();
        }
        Ok(next)
    }

    /// Waits until everything is to be looked at again. What files that only grow get meanwhile is read at once.
    fn wait(&mut self, orders: &Receiver<FollowOrder>, turn: Instant, next: Next) -> Result<(), Ended> {
        let Next::In(most) = next else { return self.obey_all(orders).map(drop) };
        let (mut begun, due) = (turn, Instant::now() + most);
        loop {
            let heard = self.watch.wait(due.saturating_duration_since(Instant::now()));
            if self.obey_all(orders)? || !heard {
                return Ok(());
            }
            // The first hint after a pause is looked at once; those of a burst together, once a millisecond.
            std::thread::sleep(BURST.saturating_sub(begun.elapsed()));
            begun = Instant::now();
            let before = self.outlet.sent;
            if !self.read_written()? || begun >= due {
                return Ok(());
            }
            if self.outlet.sent != before {
                self.moved_at = begun;
            }
        }
    }

    /// Carries out what was ordered; true if there was anything.
    fn obey_all(&mut self, orders: &Receiver<FollowOrder>) -> Result<bool, Ended> {
        let mut any = false;
        for order in orders.try_iter() {
            self.obey(order)?;
            any = true;
        }
        match self.outlet.stopped.try_recv() {
            Err(TryRecvError::Empty) => Ok(any),
            _ => Err(Ended),
        }
    }

    /// How long nothing needs to be done unless a hint comes.
    pub(super) fn quiet_time(&self) -> Duration {
        let unheard = !self.watch.is_complete();
        let most = if unheard && self.moved_at.elapsed() < LIVELY { UNHEARD } else { IDLE };
        if self.comings.is_open() { most.min(UNSETTLED) } else { most }
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
            let hints = self.hear();
            self.look(hints)?;
            let next = self.read_on()?;
            self.settle_doubts(next);
            self.list()?;
            let is_open = self.comings.is_open() || self.gated;
            let calm = self.outlet.sent == before && next != Next::Now && !is_open;
            if calm || (next != Next::Now && begun.elapsed() > CALM) {
                return Ok(());
            }
            if let Next::In(most) = next {
                self.watch.wait(most.min(BURST));
            }
        }
    }
}
