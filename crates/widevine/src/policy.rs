//! From terms to the policy of a licence (widevine.md, sections 6 and 7).

use drm_primitives::Random;

use crate::grant::{LicenceType, Terms};
use crate::messages::Policy;

/// How an environment renews streaming licences. All in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RenewalPolicy {
    /// From the start of a licence to its renewal; each licence gets up to a tenth more or less, so that
    /// a live audience does not come at once.
    pub delay_seconds: u32,
    /// Between attempts.
    pub retry_interval_seconds: u32,
    /// How long playback goes on when renewals fail.
    pub recovery_seconds: u32,
}

impl RenewalPolicy {
    /// How long a licence lasts that nobody renews: delay and recovery, the delay without its jitter.
    #[must_use]
    pub fn licence_duration_seconds(&self) -> i64 {
        i64::from(self.delay_seconds) + i64::from(self.recovery_seconds)
    }

    /// What one licence says about it.
    #[must_use]
    pub fn draw(&self, random: &dyn Random) -> RenewalTerms {
        let span = self.delay_seconds / 10;
        let within = u64::from_be_bytes(random.array()) % (2 * u64::from(span) + 1);
        let within = i64::try_from(within).expect("the remainder is below 2^33");
        RenewalTerms {
            delay_seconds: i64::from(self.delay_seconds) - i64::from(span) + within,
            retry_interval_seconds: self.retry_interval_seconds.into(),
            recovery_seconds: self.recovery_seconds.into(),
            licence_duration_seconds: self.licence_duration_seconds(),
        }
    }
}

/// How one licence is renewed: an environment's [`RenewalPolicy`], with this licence's own share of the spread.
/// All in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct RenewalTerms {
    /// From the start of the licence to its renewal.
    pub delay_seconds: i64,
    /// Between attempts.
    pub retry_interval_seconds: i64,
    /// How long playback goes on when renewals fail.
    pub recovery_seconds: i64,
    /// How long the licence lasts if nobody renews it.
    pub licence_duration_seconds: i64,
}

/// The policy of a licence. False is written for `can_persist` and `can_renew`; a duration of 0 is left out.
pub(crate) fn policy(terms: &Terms, licence_type: LicenceType, renewal: Option<&RenewalTerms>) -> Policy {
    let duration = |seconds: Option<u32>| seconds.filter(|seconds| *seconds != 0).map(i64::from);
    let playback_duration_seconds = duration(terms.playback_duration);
    let rental_duration_seconds = duration(terms.rental_duration);
    let renewal = renewal.filter(|_| licence_type == LicenceType::Streaming);
    Policy {
        can_play: Some(true),
        can_persist: Some(terms.persistent),
        can_renew: Some(renewal.is_some()),
        rental_duration_seconds,
        playback_duration_seconds,
        license_duration_seconds: renewal.map(|renewal| renewal.licence_duration_seconds),
        renewal_recovery_duration_seconds: renewal.map(|renewal| renewal.recovery_seconds),
        renewal_delay_seconds: renewal.map(|renewal| renewal.delay_seconds),
        renewal_retry_interval_seconds: renewal.map(|renewal| renewal.retry_interval_seconds),
        // Playback stops when its duration is over; what was started in time may go on beyond the rental.
        soft_enforce_playback_duration: playback_duration_seconds.map(|_| false),
        soft_enforce_rental_duration: rental_duration_seconds.map(|_| true),
        ..Policy::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;

    const RENEWAL: RenewalPolicy =
        RenewalPolicy { delay_seconds: 60, retry_interval_seconds: 10, recovery_seconds: 120 };

    #[test]
    fn bare_terms_allow_playing_and_deny_the_rest_in_words() {
        let bare = policy(&Terms::default(), LicenceType::Streaming, None);
        let expected = Policy {
            can_play: Some(true),
            can_persist: Some(false),
            can_renew: Some(false),
            ..Policy::default()
        };
        assert_eq!(bare, expected);
    }

    #[test]
    fn playback_is_hard_and_rental_is_soft() {
        let terms = Terms { persistent: true, playback_duration: Some(60), rental_duration: Some(120) };
        let policy = policy(&terms, LicenceType::Offline, Some(&RENEWAL.draw(&SequenceRandom::new(1))));
        let expected = Policy {
            can_play: Some(true),
            can_persist: Some(true),
            can_renew: Some(false),
            rental_duration_seconds: Some(120),
            playback_duration_seconds: Some(60),
            soft_enforce_playback_duration: Some(false),
            soft_enforce_rental_duration: Some(true),
            ..Policy::default()
        };
        assert_eq!(policy, expected);
    }

    #[test]
    fn a_renewed_licence_has_a_jittered_delay_and_an_end() {
        let random = SequenceRandom::new(1);
        let mut delays = Vec::new();
        for _ in 0..200 {
            let policy = policy(&Terms::default(), LicenceType::Streaming, Some(&RENEWAL.draw(&random)));
            assert_eq!(policy.can_renew, Some(true));
            assert_eq!(policy.license_duration_seconds, Some(180));
            assert_eq!(policy.renewal_recovery_duration_seconds, Some(120));
            assert_eq!(policy.renewal_retry_interval_seconds, Some(10));
            delays.push(policy.renewal_delay_seconds.unwrap());
        }
        assert_eq!((delays.iter().min(), delays.iter().max()), (Some(&54), Some(&66)));
    }
}
