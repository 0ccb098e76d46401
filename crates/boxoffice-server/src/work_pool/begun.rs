//! A future that is begun on one thread and goes on wherever its caller is.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What the thread that begins it and its caller share.
pub(super) struct Handover<F: Future>(Mutex<State<F>>);

struct State<F: Future> {
    stage: Stage<F>,
    /// The caller's, as of its last poll.
    caller: Option<Waker>,
    /// Whether the caller was woken while it could not go on.
    woken: bool,
}

enum Stage<F: Future> {
    /// Not begun, or being begun.
    Ahead,
    /// It waits for something; from here on it is the caller's.
    Waiting(Pin<Box<F>>),
    /// It had nothing to wait for.
    Done(F::Output),
    Panicked(Box<dyn Any + Send>),
    /// The caller has what there was.
    Taken,
}

impl<F: Future> Handover<F> {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(State { stage: Stage::Ahead, caller: None, woken: false }))
    }

    fn lock(&self) -> MutexGuard<'_, State<F>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the future and polls it for the first time, in the caller's name: whatever it waits for then wakes the
    /// caller, and no thread has to be woken in between.
    pub(super) fn begin(&self, make: impl FnOnce() -> F) {
        let mut state = self.lock();
        state.woken = false;
        let waker = state.caller.clone().unwrap_or_else(|| Waker::noop().clone());
        drop(state);
        let polled = catch_unwind(AssertUnwindSafe(|| {
            let mut future = Box::pin(make());
            match future.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(output) => Stage::Done(output),
                Poll::Pending => Stage::Waiting(future),
            }
        }));
        let mut state = self.lock();
        state.stage = polled.unwrap_or_else(Stage::Panicked);
        let goes_on = state.woken || !matches!(state.stage, Stage::Waiting(_));
        let caller = state.caller.take().filter(|_| goes_on);
        drop(state);
        if let Some(caller) = caller {
            caller.wake();
        }
    }

    /// The caller's poll: goes on with what was begun.
    pub(super) fn poll(&self, task: &mut Context<'_>, own: &mut Option<Pin<Box<F>>>) -> Poll<F::Output> {
        if own.is_none() {
            let mut state = self.lock();
            match std::mem::replace(&mut state.stage, Stage::Taken) {
                Stage::Done(output) => return Poll::Ready(output),
                Stage::Panicked(panic) => {
                    drop(state);
                    resume_unwind(panic)
                }
                Stage::Waiting(future) => *own = Some(future),
                Stage::Ahead | Stage::Taken => {
                    state.stage = Stage::Ahead;
                    state.woken = state.caller.is_some();
                    state.caller = Some(task.waker().clone());
                    return Poll::Pending;
                }
            }
        }
        own.as_mut().map_or(Poll::Pending, |future| future.as_mut().poll(task))
    }
}
