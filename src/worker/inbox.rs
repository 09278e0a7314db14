//! Orders as they come in, handed to each thread of the worker.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use crossbeam_channel::{Receiver, Sender, unbounded};

use crate::clock::Mono;

use super::wire::Order;

/// An order to all threads.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) order: Order,
    /// Threads that have not obeyed it.
    left: AtomicUsize,
}

impl Given {
    /// The caller's thread has obeyed. Whether it was the last of all to do so.
    pub(super) fn obeyed(&self) -> bool {
        self.left.fetch_sub(1, Ordering::AcqRel) == 1
    }
}

/// What one thread gets.
#[derive(Debug)]
pub(super) struct Inbox {
    orders: Receiver<Arc<Given>>,
    /// Whether one waits: cheaper to ask before each line than the channel.
    waiting: Arc<AtomicBool>,
}

impl Inbox {
    /// Whether an order waits.
    pub(super) fn has_order(&self) -> bool {
        self.waiting.load(Ordering::Relaxed)
    }

    /// The next order, if one waits.
    pub(super) fn take(&self) -> Option<Arc<Given>> {
        let order = self.orders.try_recv().ok();
        if order.is_none() && self.waiting.swap(false, Ordering::AcqRel) {
            // One may have come between the two looks.
            return self.orders.try_recv().ok();
        }
        order
    }

    /// Waits for the next order, up to a moment or without one for ever.
    pub(super) fn wait_until(&self, moment: Option<Mono>) -> Option<Arc<Given>> {
        let Some(moment) = moment else { return self.orders.recv().ok() };
        let ns = moment.since(Mono::now());
        if ns == 0 {
            return None;
        }
        self.orders.recv_timeout(Duration::from_nanos(ns)).ok()
    }
}

/// Gives orders to all threads.
pub(super) struct Dispatch {
    threads: Vec<(Sender<Arc<Given>>, Arc<AtomicBool>)>,
}

impl Dispatch {
    /// An inbox for each thread.
    pub(super) fn new(threads: u16) -> (Dispatch, Vec<Inbox>) {
        let pair = |_| {
            let ((sender, orders), waiting) = (unbounded(), Arc::new(AtomicBool::new(false)));
            ((sender, Arc::clone(&waiting)), Inbox { orders, waiting })
        };
        let (threads, inboxes) = (0..threads).map(pair).unzip();
        (Dispatch { threads }, inboxes)
    }

    /// Gives an order.
    pub(super) fn give(&self, order: Order) {
        let given = Arc::new(Given { order, left: AtomicUsize::new(self.threads.len()) });
        for (sender, waiting) in &self.threads {
            let _ = sender.send(Arc::clone(&given));
            waiting.store(true, Ordering::Release);
        }
    }

    /// Reads orders from a thread of their own, and at the end of the input, which means that the parent is gone, ends
    /// the process: in good order, or after `last_words` whatever the threads do.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(super) fn read(self: Arc<Self>, input: impl BufRead + Send + 'static, last_words: Duration) -> io::Result<()> {
        thread::Builder::new().name("orders".into()).spawn(move || {
            self.give_all(input);
            self.give(Order::Stop);
            // The writing may hang in a system call. The parent is gone all the same.
            thread::sleep(last_words);
            std::process::exit(0);
        })?;
        Ok(())
    }

    fn give_all(&self, input: impl BufRead) {
        for line in input.lines() {
            let Ok(line) = line else { return };
            match serde_json::from_str(&line) {
                Ok(order) => self.give(order),
                Err(error) => complain(&format!("a worker got an order that it does not know: {error}: {line}")),
            }
        }
    }
}

/// Says it on standard error, which may be closed: no reason to end.
pub(super) fn complain(sentence: &str) {
    let _ = writeln!(io::stderr(), "rotascope: {sentence}");
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn each_thread_gets_each_order_and_the_last_one_knows() {
        let (dispatch, inboxes) = Dispatch::new(3);
        assert!(!inboxes[0].has_order() && inboxes[0].take().is_none());
        dispatch.give(Order::Pause);
        dispatch.give(Order::Resume);
        for order in [Order::Pause, Order::Resume] {
            assert!(inboxes.iter().all(Inbox::has_order));
            let last = inboxes.iter().map(|inbox| {
                let given = inbox.take().unwrap();
                assert_eq!(given.order, order);
                given.obeyed()
            });
            assert_eq!(last.collect::<Vec<_>>(), [false, false, true]);
        }
        assert!(inboxes.iter().all(|inbox| inbox.take().is_none() && !inbox.has_order()));
        assert!(inboxes[0].wait_until(Some(Mono::now().plus_ns(1000))).is_none());
    }
}
