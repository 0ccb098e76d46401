//! A device's clocks (widevine.md, section 7: the playback duration runs from the first decryption, the rental duration
//! from the start of the licence to the first decryption, and the licence duration from the start of the licence,
//! whatever happens).

use widevine::lab_client::OpenedLicence;
use widevine::messages::Policy;

/// A device that plays what its licence allows.
pub struct Player {
    policy: Policy,
    start: i64,
    first_played: Option<i64>,
}

impl Player {
    pub fn of(licence: &OpenedLicence) -> Self {
        Self { policy: licence.policy.clone(), start: licence.license_start_time, first_played: None }
    }

    /// Whether it plays at a second; if so, it has begun.
    pub fn plays(&mut self, now: i64) -> bool {
        let within = |seconds: Option<i64>, from: i64| seconds.is_none_or(|seconds| now < from + seconds);
        let may_begin = within(self.policy.rental_duration_seconds, self.start);
        // Soft: what was begun in time may go on.
        assert_ne!(self.policy.soft_enforce_rental_duration, Some(false));
        assert_ne!(self.policy.soft_enforce_playback_duration, Some(true));
        let plays = self.policy.can_play == Some(true)
            && within(self.policy.license_duration_seconds, self.start)
            && match self.first_played {
                None => may_begin,
                Some(begun) => within(self.policy.playback_duration_seconds, begun),
            };
        if plays {
            self.first_played.get_or_insert(now);
        }
        plays
    }

    pub fn renewed(&mut self, licence: &OpenedLicence) {
        (self.policy, self.start) = (licence.policy.clone(), licence.license_start_time);
    }
}
