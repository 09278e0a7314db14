//! Sleeping tasks of one thread.

use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use crate::clock::Mono;

/// Tasks that sleep, by when they are to be woken. Precise to what the system's own waiting is: the thread itself
/// waits for [`Timers::next`], and no other thread is needed.
#[derive(Debug, Default)]
pub(super) struct Timers {
    sleepers: RefCell<BinaryHeap<Sleeper>>,
}

#[derive(Debug)]
struct Sleeper {
    until: Mono,
    waker: Waker,
}

impl Timers {
    /// Ends at this moment; or earlier, if all are woken because something has changed for them.
    pub(super) fn sleep(&self, until: Mono) -> Sleep<'_> {
        Sleep { timers: self, until, asleep: false }
    }

    /// When the next one is to be woken.
    pub(super) fn next(&self) -> Option<Mono> {
        self.sleepers.borrow().peek().map(|sleeper| sleeper.until)
    }

    /// Wakes those whose time has come.
    pub(super) fn wake_due(&self, now: Mono) {
        let mut sleepers = self.sleepers.borrow_mut();
        while sleepers.peek().is_some_and(|sleeper| sleeper.until <= now) {
            if let Some(sleeper) = sleepers.pop() {
                sleeper.waker.wake();
            }
        }
    }

    /// Wakes all.
    pub(super) fn wake_all(&self) {
        self.wake_due(Mono(u64::MAX));
    }
}

/// See [`Timers::sleep`].
#[derive(Debug)]
pub(super) struct Sleep<'a> {
    timers: &'a Timers,
    until: Mono,
    asleep: bool,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // It is only polled again when it was woken.
        if std::mem::replace(&mut self.asleep, true) {
            return Poll::Ready(());
        }
        let sleeper = Sleeper { until: self.until, waker: context.waker().clone() };
        self.timers.sleepers.borrow_mut().push(sleeper);
        Poll::Pending
    }
}

impl PartialEq for Sleeper {
    fn eq(&self, other: &Sleeper) -> bool {
        self.until == other.until
    }
}

impl Eq for Sleeper {}

impl PartialOrd for Sleeper {
    fn partial_cmp(&self, other: &Sleeper) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sleeper {
    /// The heap gives its greatest first, and the earliest is wanted.
    fn cmp(&self, other: &Sleeper) -> Ordering {
        other.until.cmp(&self.until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn sleepers_wake_in_the_order_of_their_moments() {
        let (timers, woken) = (Timers::default(), RefCell::new(Vec::new()));
        let executor = async_executor::LocalExecutor::new();
        for until in [30, 10, 20] {
            let (timers, woken) = (&timers, &woken);
            executor
                .spawn(async move {
                    timers.sleep(Mono(until)).await;
                    woken.borrow_mut().push(until);
                })
                .detach();
        }
        let run = || while executor.try_tick() {};
        run();
        assert_eq!(timers.next(), Some(Mono(10)));
        timers.wake_due(Mono(20));
        run();
        assert_eq!(*woken.borrow(), [10, 20]);
        timers.wake_all();
        run();
        assert_eq!((&*woken.borrow(), timers.next()), (&vec![10, 20, 30], None));
    }
}
