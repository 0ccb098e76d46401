//! Which request meets which fault.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::fault::{Fault, TransportFault};

/// Which request meets which fault. Faults for the next requests go first, then the standing one.
pub struct FaultPlan<R> {
    state: Mutex<State<R>>,
    /// How often held requests were released.
    releases: watch::Sender<u64>,
}

struct State<R> {
    next: VecDeque<Fault<R>>,
    standing: Option<Standing<R>>,
}

/// A fault of every so many requests.
struct Standing<R> {
    fault: Fault<R>,
    every: u64,
    seen: u64,
}

impl<R: Clone> FaultPlan<R> {
    pub(super) fn new() -> Self {
        let state = State { next: VecDeque::new(), standing: None };
        Self { state: Mutex::new(state), releases: watch::Sender::new(0) }
    }

    /// Breaks the next request for which no fault is planned yet.
    pub fn next(&self, fault: impl Into<Fault<R>>) {
        self.state().next.push_back(fault.into());
    }

    /// Breaks every request, until [`Self::clear`].
    pub fn always(&self, fault: impl Into<Fault<R>>) {
        self.every(1, fault);
    }

    /// Breaks each request whose number, counted from now, is a multiple of `every`, until [`Self::clear`];
    /// 0 breaks none.
    pub fn every(&self, every: u64, fault: impl Into<Fault<R>>) {
        self.state().standing = Some(Standing { fault: fault.into(), every, seen: 0 });
    }

    /// Plans nothing any more, and releases what is held.
    pub fn clear(&self) {
        let mut state = self.state();
        state.next.clear();
        state.standing = None;
        drop(state);
        self.release();
    }

    /// Answers all requests that are held.
    pub fn release(&self) {
        self.releases.send_modify(|releases| *releases += 1);
    }

    /// The fault of the request that has just come, and what to wait for where it is held.
    pub(super) fn take(&self) -> (Option<Fault<R>>, watch::Receiver<u64>) {
        let releases = self.releases.subscribe();
        let mut state = self.state();
        (state.next.pop_front().or_else(|| state.standing.as_mut().and_then(Standing::take)), releases)
    }

    /// Whether the next connection would meet its fault at once, as things are.
    pub(super) fn refuses(&self) -> bool {
        self.state().refuses()
    }

    /// Whether a connection meets its fault at once.
    pub(super) fn take_refusal(&self) -> bool {
        let mut state = self.state();
        let refused = state.refuses();
        if refused && state.next.pop_front().is_none() {
            state.standing.iter_mut().for_each(|standing| standing.seen += 1);
        }
        refused
    }

    fn state(&self) -> MutexGuard<'_, State<R>> {
        // A test that panicked while it held the lock has failed already.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<R> State<R> {
    fn refuses(&self) -> bool {
        let is_refusal = |fault: &Fault<R>| matches!(fault, Fault::Transport(TransportFault::Refuse));
        match (self.next.front(), &self.standing) {
            (Some(fault), _) => is_refusal(fault),
            (None, Some(standing)) => is_refusal(&standing.fault) && standing.is_due(),
            (None, None) => false,
        }
    }
}

impl<R> Standing<R> {
    const fn is_due(&self) -> bool {
        self.every != 0 && (self.seen + 1).is_multiple_of(self.every)
    }
}

impl<R: Clone> Standing<R> {
    fn take(&mut self) -> Option<Fault<R>> {
        let due = self.is_due();
        self.seen += 1;
        due.then(|| self.fault.clone())
    }
}
