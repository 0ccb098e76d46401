//! So many a second, by the service's own clock.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use boxoffice_core::{AccountId, Clock};
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{NotUntil, Quota, RateLimiter};

/// The service's clock, as the library wants one.
#[derive(Clone)]
struct Time(Arc<dyn Clock>);

impl governor::clock::Clock for Time {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        u64::try_from(self.0.now().as_nanosecond()).unwrap_or_default().into()
    }
}

/// One rate.
pub(super) struct Rate {
    per_second: NonZeroU32,
    time: Time,
    limiter: RateLimiter<NotKeyed, InMemoryState, Time, NoOpMiddleware<Nanos>>,
}

/// The same rate for each account. Only accounts that have shown who they are get here, so it cannot be filled by
/// guessing.
pub(super) struct ByAccount {
    per_second: NonZeroU32,
    time: Time,
    limiter: RateLimiter<AccountId, HashMapStateStore<AccountId>, Time, NoOpMiddleware<Nanos>>,
}

impl Rate {
    pub fn new(per_second: NonZeroU32, clock: &Arc<dyn Clock>) -> Self {
        let time = Time(Arc::clone(clock));
        let limiter = RateLimiter::direct_with_clock(Quota::per_second(per_second), time.clone());
        Self { per_second, time, limiter }
    }

    pub const fn per_second(&self) -> NonZeroU32 {
        self.per_second
    }

    /// Takes one; or says in how many seconds there is one.
    pub fn check(&self) -> Result<(), u32> {
        self.limiter.check().map_err(|until| seconds(&until, &self.time))
    }
}

impl ByAccount {
    pub fn new(per_second: NonZeroU32, clock: &Arc<dyn Clock>) -> Self {
        let time = Time(Arc::clone(clock));
        let limiter = RateLimiter::hashmap_with_clock(Quota::per_second(per_second), time.clone());
        Self { per_second, time, limiter }
    }

    pub const fn per_second(&self) -> NonZeroU32 {
        self.per_second
    }

    /// Takes one for an account; or says in how many seconds there is one.
    pub fn check(&self, account: AccountId) -> Result<(), u32> {
        self.limiter.check_key(&account).map_err(|until| seconds(&until, &self.time))
    }
}

/// Whole seconds, upwards: `Retry-After` has no fractions.
fn seconds(until: &NotUntil<Nanos>, time: &Time) -> u32 {
    use governor::clock::Clock as _;
    let wait = until.wait_time_from(time.now());
    let whole = wait.as_secs() + u64::from(wait > Duration::from_secs(wait.as_secs()));
    u32::try_from(whole.max(1)).unwrap_or(u32::MAX)
}

impl std::fmt::Debug for Rate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rate({}/s)", self.per_second)
    }
}

impl std::fmt::Debug for ByAccount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ByAccount({}/s)", self.per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use boxoffice_core::FixedClock;

    #[test]
    fn a_rate_is_kept_and_filled_again_by_the_clock() {
        let fixed = Arc::new(FixedClock::at(1_767_225_600));
        let clock: Arc<dyn Clock> = fixed.clone();
        let rate = Rate::new(NonZeroU32::new(2).unwrap(), &clock);
        assert_eq!([rate.check(), rate.check(), rate.check()], [Ok(()), Ok(()), Err(1)]);
        fixed.advance(1);
        assert_eq!([rate.check(), rate.check(), rate.check()], [Ok(()), Ok(()), Err(1)]);
        // A clock that is set back lets nobody in, and nothing panics.
        fixed.advance(-100);
        assert!(rate.check().is_err());
        fixed.advance(1_000);
        assert_eq!(rate.check(), Ok(()));
    }

    #[test]
    fn accounts_have_a_rate_each() {
        let clock: Arc<dyn Clock> = Arc::new(FixedClock::at(1_767_225_600));
        let rates = ByAccount::new(NonZeroU32::new(1).unwrap(), &clock);
        assert_eq!(rates.check(AccountId(1)), Ok(()));
        assert_eq!(rates.check(AccountId(1)), Err(1));
        assert_eq!(rates.check(AccountId(2)), Ok(()));
    }
}
