//! A future that is polled for its own sake alone.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// Passes polls on to a future only where that future was woken.
///
/// A connection's task is polled for each request. What else it waits for, the end of the service above all, is shared
/// by all connections, and to ask it each time would have them all write to the same memory.
pub(super) struct OnlyWhenWoken<F> {
    future: Pin<Box<F>>,
    own: Option<(Arc<Own>, Waker)>,
}

/// The future's waker.
struct Own {
    woken: AtomicBool,
    task: Waker,
}

impl Wake for Own {
    fn wake(self: Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl<F: Future> OnlyWhenWoken<F> {
    pub(super) fn new(future: F) -> Self {
        Self { future: Box::pin(future), own: None }
    }
}

impl<F: Future> Future for OnlyWhenWoken<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        // Another task has another waker, and what the future has of the old one is of no use.
        if this.own.as_ref().is_some_and(|(own, _)| !own.task.will_wake(task.waker())) {
            this.own = None;
        }
        let (own, waker) = this.own.get_or_insert_with(|| {
            let own = Arc::new(Own { woken: AtomicBool::new(true), task: task.waker().clone() });
            (Arc::clone(&own), Waker::from(own))
        });
        if !own.woken.load(Ordering::Relaxed) || !own.woken.swap(false, Ordering::Acquire) {
            return Poll::Pending;
        }
        this.future.as_mut().poll(&mut Context::from_waker(waker))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::pin::pin;

    #[tokio::test]
    async fn polls_that_are_anothers_are_not_passed_on() {
        let (polls, waker) = (Cell::new(0), Cell::new(None));
        let mut future = pin!(OnlyWhenWoken::new(poll_fn(|task| {
            polls.set(polls.get() + 1);
            waker.set(Some(task.waker().clone()));
            if polls.get() == 2 { Poll::Ready(7) } else { Poll::Pending }
        })));
        poll_fn(|task| {
            let mut once = || future.as_mut().poll(task);
            assert_eq!((once(), once(), polls.get()), (Poll::Pending, Poll::Pending, 1));
            waker.take().unwrap().wake();
            assert_eq!((once(), polls.get()), (Poll::Ready(7), 2));
            Poll::Ready(())
        })
        .await;
    }
}
