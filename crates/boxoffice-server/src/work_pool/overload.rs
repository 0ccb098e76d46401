//! That players are being turned away: what the pool finds out, and others go by.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long nobody may have been turned away before there is not too much to do any more.
pub(super) const CALM: Duration = Duration::from_secs(1);

/// How long a reactor's thread rests.
const REST: Duration = Duration::from_millis(4);

/// Whether players are being turned away. A clone is the same.
#[derive(Clone, Debug)]
pub struct Overload(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    start: Instant,
    /// When somebody was last turned away, in milliseconds since the start; [`NEVER`] where nobody was of late.
    last: AtomicU64,
    /// Whether somebody was since a thread last rested.
    since_rest: AtomicBool,
}

const NEVER: u64 = u64::MAX;

impl Default for Overload {
    fn default() -> Self {
        Self(Arc::new(Inner::new(Instant::now())))
    }
}

impl Inner {
    const fn new(start: Instant) -> Self {
        Self { start, last: AtomicU64::new(NEVER), since_rest: AtomicBool::new(false) }
    }
}

impl Overload {
    /// Somebody is turned away now.
    pub(super) fn note(&self, now: Instant) {
        self.0.last.store(self.since_start(now), Ordering::Relaxed);
        self.0.since_rest.store(true, Ordering::Relaxed);
    }

    /// Whether somebody was turned away of late. Whoever turns many away has an empty queue now and then, and has too much to do
    /// all the same.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        let last = self.0.last.load(Ordering::Relaxed);
        last != NEVER && u128::from(self.since_start(now).saturating_sub(last)) < CALM.as_millis()
    }

    /// For a thread of the reactor before it looks who has sent something: in an overload it rests a little, so that it
    /// has many to turn away at once. To turn each away as he comes would take half as much time again, which is the
    /// licences'.
    ///
    /// Whoever is woken for a licence that is written comes here again before he has looked at anybody, and does not
    /// rest twice.
    pub fn rest(&self) {
        if self.is_time_to_rest() {
            std::thread::park_timeout(REST);
        }
    }

    fn is_time_to_rest(&self) -> bool {
        let last = self.0.last.load(Ordering::Relaxed);
        if last == NEVER {
            return false;
        }
        if !self.is_on(Instant::now()) {
            let _ = self.0.last.compare_exchange(last, NEVER, Ordering::Relaxed, Ordering::Relaxed);
            return false;
        }
        self.0.since_rest.swap(false, Ordering::Relaxed)
    }

    fn since_start(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.0.start).as_millis()).unwrap_or(NEVER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_on_for_a_while_after_the_last_who_was_turned_away() {
        let overload = Overload::default();
        let start = overload.0.start;
        assert!(!overload.is_on(start));
        overload.note(start);
        assert!(overload.clone().is_on(start + CALM / 2));
        overload.note(start + CALM / 2);
        assert!(overload.is_on(start + CALM));
        assert!(!overload.is_on(start + CALM * 3 / 2));
    }

    #[test]
    fn nobody_rests_once_it_is_over_and_it_is_forgotten() {
        let start = Instant::now().checked_sub(2 * CALM).unwrap();
        let overload = Overload(Arc::new(Inner::new(start)));
        overload.note(start);
        overload.rest();
        assert_eq!(overload.0.last.load(Ordering::Relaxed), NEVER);
        overload.note(Instant::now());
        overload.rest();
        assert!(!overload.0.since_rest.load(Ordering::Relaxed));
        let rested = Instant::now();
        overload.rest();
        assert!(overload.is_on(rested));
    }

    #[test]
    fn who_has_rested_rests_again_only_when_somebody_was_turned_away_since() {
        let overload = Overload::default();
        assert!(!overload.is_time_to_rest());
        for _ in 0..2 {
            overload.note(Instant::now());
            assert!(overload.is_time_to_rest());
            assert!(!overload.is_time_to_rest());
        }
    }
}
