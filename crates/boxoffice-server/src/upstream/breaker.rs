//! When an endpoint is left alone (widevine.md, section 9.3).

use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How many failures in a row let an endpoint rest.
const FAILURES: u32 = 5;

/// How long it rests before it is tried once.
const REST: SignedDuration = SignedDuration::from_secs(10);

/// Whether an endpoint is called.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// In a row.
    failures: u32,
    /// Set while it rests, also when the rest is over and the trial is not.
    rests_until: Option<Timestamp>,
    /// The one trial after the rest is under way.
    on_trial: bool,
}

/// The leave to make one attempt. Whoever drops it has learned nothing about the endpoint.
#[derive(Debug)]
pub(super) struct Leave<'a> {
    breaker: &'a Breaker,
    is_trial: bool,
    is_spent: bool,
}

/// What an attempt has changed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Change {
    /// The endpoint rests from now on.
    Rests,
    /// It is called again.
    IsBack,
    /// Nothing.
    None,
}

impl Breaker {
    /// The leave to make an attempt, or how many seconds there are until the next trial.
    pub fn admit(&self, now: Timestamp) -> Result<Leave<'_>, u32> {
        let mut state = self.state();
        let Some(until) = state.rests_until else {
            return Ok(Leave { breaker: self, is_trial: false, is_spent: false });
        };
        // A clock that was set back must not make a rest longer.
        let until = until.min(now.saturating_add(REST).unwrap_or(until));
        state.rests_until = Some(until);
        if now < until {
            let left = until.duration_since(now);
            let seconds = left.as_secs() + i64::from(left.subsec_nanos() > 0);
            return Err(u32::try_from(seconds).unwrap_or(u32::MAX).max(1));
        }
        if state.on_trial {
            return Err(1);
        }
        state.on_trial = true;
        Ok(Leave { breaker: self, is_trial: true, is_spent: false })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing between lock and unlock can panic halfway through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Leave<'_> {
    /// The endpoint has answered.
    pub fn succeeded(mut self) -> Change {
        self.is_spent = true;
        let mut state = self.breaker.state();
        let rested = state.rests_until.is_some();
        *state = State::default();
        if rested { Change::IsBack } else { Change::None }
    }

    /// The attempt has failed.
    pub fn failed(mut self, now: Timestamp) -> Change {
        self.is_spent = true;
        let mut state = self.breaker.state();
        if self.is_trial {
            state.on_trial = false;
            state.rests_until = Some(now.saturating_add(REST).unwrap_or(now));
            return Change::None;
        }
        state.failures = state.failures.saturating_add(1);
        // Those that were under way when the rest began make it no longer.
        if state.rests_until.is_some() || state.failures < FAILURES {
            return Change::None;
        }
        state.rests_until = Some(now.saturating_add(REST).unwrap_or(now));
        Change::Rests
    }
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.is_trial && !self.is_spent {
            // The next one tries instead.
            self.breaker.state().on_trial = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + seconds).unwrap()
    }

    fn resting() -> Breaker {
        let breaker = Breaker::default();
        for failure in 1..=FAILURES {
            let change = breaker.admit(at(0)).unwrap().failed(at(0));
            assert_eq!(change, if failure == FAILURES { Change::Rests } else { Change::None });
        }
        breaker
    }

    #[test]
    fn five_failures_in_a_row_let_it_rest_for_ten_seconds() {
        let breaker = resting();
        assert_eq!(breaker.admit(at(0)).unwrap_err(), 10);
        assert_eq!(breaker.admit(at(9)).unwrap_err(), 1);
        assert!(breaker.admit(at(10)).is_ok());
    }

    #[test]
    fn a_success_between_failures_starts_the_count_anew() {
        let breaker = Breaker::default();
        for _ in 0..20 {
            for _ in 1..FAILURES {
                assert_eq!(breaker.admit(at(0)).unwrap().failed(at(0)), Change::None);
            }
            assert_eq!(breaker.admit(at(0)).unwrap().succeeded(), Change::None);
        }
    }

    #[test]
    fn one_trial_decides_and_the_others_wait_for_it() {
        let breaker = resting();
        let trial = breaker.admit(at(10)).unwrap();
        assert_eq!(breaker.admit(at(10)).unwrap_err(), 1);
        assert_eq!(trial.failed(at(11)), Change::None);
        assert_eq!(breaker.admit(at(20)).unwrap_err(), 1);
        assert_eq!(breaker.admit(at(21)).unwrap().succeeded(), Change::IsBack);
        assert!(breaker.admit(at(21)).is_ok());
    }

    #[test]
    fn a_trial_that_is_given_up_leaves_it_to_the_next() {
        let breaker = resting();
        drop(breaker.admit(at(10)).unwrap());
        assert!(breaker.admit(at(10)).unwrap().is_trial);
    }

    #[test]
    fn attempts_that_fail_while_it_rests_make_the_rest_no_longer() {
        let breaker = Breaker::default();
        let leaves: Vec<_> = (0..8).map(|_| breaker.admit(at(0)).unwrap()).collect();
        let rests =
            leaves.into_iter().zip(0..).filter(|_| true).map(|(leave, second)| leave.failed(at(second)));
        assert_eq!(rests.filter(|change| *change == Change::Rests).count(), 1);
        assert!(breaker.admit(at(14)).is_ok());
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_rest_longer() {
        let breaker = resting();
        assert_eq!(breaker.admit(at(-3600)).unwrap_err(), 10);
        assert!(breaker.admit(at(-3590)).is_ok());
    }
}
