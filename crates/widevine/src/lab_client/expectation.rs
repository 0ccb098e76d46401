//! What a licence should say, where that is known.

use drm_primitives::{ContentKey, Kid};

use super::fault::AnswerFault;
use super::licence::{LicenceKey, differs};
use crate::messages::Policy;

/// What a licence should say: everything, and nothing else.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Expectation {
    /// The keys, in the token's order.
    pub keys: Vec<ExpectedKey>,
    /// Whether the licence may be stored.
    pub persistent: bool,
    /// Seconds of playing; none: no limit.
    pub playback_duration: Option<u32>,
    /// Seconds to start playing in; none: no limit.
    pub rental_duration: Option<u32>,
    /// How it is to be renewed; none: not at all. An offline licence is never renewed.
    pub renewal: Option<ExpectedRenewal>,
}

/// A key that should be in a licence.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExpectedKey {
    /// Its name.
    pub kid: Kid,
    /// The key; none: not known.
    pub key: Option<ContentKey>,
    /// 1 to 5.
    pub level: u8,
    /// 0 to 5, or 255.
    pub hdcp: u8,
    /// `SD`, `HD`, `AUDIO`, `UHD1`, `UHD2`, or none.
    pub track_label: Option<String>,
}

/// How a licence should be renewed, in seconds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ExpectedRenewal {
    /// The first renewal, give or take a tenth.
    pub delay: u32,
    /// Between attempts.
    pub retry_interval: u32,
    /// For which renewals may fail.
    pub recovery: u32,
}

impl Expectation {
    pub(super) fn check_keys(&self, keys: &[LicenceKey]) -> Result<(), AnswerFault> {
        let names =
            |kids: &mut dyn Iterator<Item = Kid>| kids.map(|kid| kid.to_hex()).collect::<Vec<_>>().join(", ");
        let got = names(&mut keys.iter().map(|key| key.kid));
        let expected = names(&mut self.keys.iter().map(|key| key.kid));
        if got != expected {
            return Err(differs("the list of KIDs", &got, &expected));
        }
        for (got, expected) in keys.iter().zip(&self.keys) {
            if got.level != expected.level {
                return Err(differs("the level of a key", &got.level, &expected.level));
            }
            if got.hdcp != expected.hdcp {
                return Err(differs("the HDCP of a key", &got.hdcp, &expected.hdcp));
            }
            if got.track_label != expected.track_label {
                let text = |label: &Option<String>| label.clone().unwrap_or_else(|| "absent".to_owned());
                return Err(differs(
                    "the label of a key",
                    &text(&got.track_label),
                    &text(&expected.track_label),
                ));
            }
            if expected.key.as_ref().is_some_and(|key| *key != got.key) {
                return Err(AnswerFault::ContentKey { kid: got.kid });
            }
        }
        Ok(())
    }

    pub(super) fn check_policy(&self, policy: &Policy, offline: bool) -> Result<(), AnswerFault> {
        let renewal = self.renewal.filter(|_| !offline);
        let mut expected = Policy {
            can_play: Some(true),
            can_persist: Some(self.persistent),
            can_renew: Some(renewal.is_some()),
            ..Policy::default()
        };
        if let Some(seconds) = self.playback_duration {
            expected.playback_duration_seconds = Some(seconds.into());
            expected.soft_enforce_playback_duration = Some(false);
        }
        if let Some(seconds) = self.rental_duration {
            expected.rental_duration_seconds = Some(seconds.into());
            expected.soft_enforce_rental_duration = Some(true);
        }
        if let Some(renewal) = renewal {
            let delay = i64::from(renewal.delay);
            // A tenth to either side is right, so the value that came is what is compared with itself.
            let tenth = delay / 10;
            expected.renewal_delay_seconds = policy
                .renewal_delay_seconds
                .filter(|got| (delay - tenth..=delay + tenth).contains(got))
                .or(Some(delay));
            expected.renewal_retry_interval_seconds = Some(renewal.retry_interval.into());
            expected.renewal_recovery_duration_seconds = Some(renewal.recovery.into());
            expected.license_duration_seconds = Some(delay + i64::from(renewal.recovery));
        }
        if *policy == expected {
            return Ok(());
        }
        Err(differs("the policy", &format!("{policy:?}"), &format!("{expected:?}")))
    }
}
