//! What may be tightened, and what became of each wish.

use serde::Deserialize;
use serde_json::{Map, Value};

use super::answer::AnswerError;

/// The fields of an answer's `policy`; what is absent or `null` stays as it is.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
pub(super) struct Policy {
    /// Whether the licence may be stored.
    #[serde(default)]
    pub can_persist: Option<bool>,
    /// Seconds to start playing in; of FairPlay the lease, of PlayReady to the licence's end. 0: no limit.
    #[serde(default)]
    pub rental_duration_seconds: Option<u32>,
    /// Seconds of playing after the first play. 0: no limit.
    #[serde(default)]
    pub playback_duration_seconds: Option<u32>,
    /// What a device must have at least, in the DRM's numbers.
    #[serde(default)]
    pub security_level: Option<i64>,
    /// What an output must have at least, in the DRM's numbers.
    #[serde(default)]
    pub hdcp: Option<i64>,
    /// What has no meaning here.
    #[serde(flatten)]
    pub others: Map<String, Value>,
}

/// The names, as records have them.
const PERSIST: &str = "can_persist";
const RENTAL: &str = "rental_duration_seconds";
const PLAYBACK: &str = "playback_duration_seconds";
const LEVEL: &str = "security_level";
const HDCP: &str = "hdcp";

/// How many unknown names are reported.
const MOST: usize = 16;

/// The wishes of an answer, one by one compared with what the token grants.
pub(super) struct Tightening {
    policy: Box<Policy>,
    tightened: Vec<&'static str>,
    ignored: Vec<String>,
}

impl Tightening {
    /// None is compared yet.
    pub fn new(policy: Box<Policy>) -> Self {
        let others = policy.others.keys().take(MOST);
        let ignored = others.map(|name| name.chars().filter(|char| !char.is_control()).take(64).collect());
        let ignored = ignored.collect();
        Self { policy, tightened: Vec::new(), ignored }
    }

    /// Whether the licence may be stored.
    pub fn persistent(&mut self, own: bool) -> bool {
        match self.policy.can_persist {
            Some(false) if own => {
                self.tightened.push(PERSIST);
                false
            }
            Some(true) if !own => {
                self.ignored.push(PERSIST.to_owned());
                own
            }
            Some(_) | None => own,
        }
    }

    /// Seconds to start playing in, `None` being no limit.
    pub fn rental(&mut self, own: Option<u32>) -> Option<u32> {
        self.duration(RENTAL, self.policy.rental_duration_seconds, own)
    }

    /// Seconds of playing, `None` being no limit.
    pub fn playback(&mut self, own: Option<u32>) -> Option<u32> {
        self.duration(PLAYBACK, self.policy.playback_duration_seconds, own)
    }

    fn duration(&mut self, name: &'static str, wanted: Option<u32>, own: Option<u32>) -> Option<u32> {
        let Some(wanted) = wanted else { return own };
        let wanted = (wanted > 0).then_some(wanted);
        if wanted == own {
            return own;
        }
        match (wanted, own) {
            (Some(shorter), None) => {
                self.tightened.push(name);
                Some(shorter)
            }
            (Some(shorter), Some(longer)) if shorter < longer => {
                self.tightened.push(name);
                Some(shorter)
            }
            _ => {
                self.ignored.push(name.to_owned());
                own
            }
        }
    }

    /// The least device, where that is more than some key wants; `own` are the keys' own levels.
    pub fn level(&mut self, own: impl IntoIterator<Item = i64>) -> Option<i64> {
        self.least(LEVEL, self.policy.security_level, own)
    }

    /// The least copy protection, where that is more than some key wants.
    pub fn hdcp(&mut self, own: impl IntoIterator<Item = i64>) -> Option<i64> {
        self.least(HDCP, self.policy.hdcp, own)
    }

    fn least(
        &mut self,
        name: &'static str,
        wanted: Option<i64>,
        own: impl IntoIterator<Item = i64>,
    ) -> Option<i64> {
        let wanted = wanted?;
        match own.into_iter().min() {
            Some(least) if wanted > least => {
                self.tightened.push(name);
                Some(wanted)
            }
            Some(least) if wanted == least => None,
            Some(_) | None => {
                self.ignored.push(name.to_owned());
                None
            }
        }
    }

    /// This DRM has no end of playing.
    pub fn no_playback(&mut self) {
        if self.policy.playback_duration_seconds.is_some_and(|seconds| seconds > 0) {
            self.ignored.push(PLAYBACK.to_owned());
        }
    }

    /// This DRM has no end of a licence.
    pub fn no_rental(&mut self) {
        if self.policy.rental_duration_seconds.is_some_and(|seconds| seconds > 0) {
            self.ignored.push(RENTAL.to_owned());
        }
    }

    /// What was tightened, and what was not.
    pub fn end(self) -> (Vec<&'static str>, Vec<String>) {
        (self.tightened, self.ignored)
    }
}

impl Policy {
    /// Whether each value is one that licences of this DRM can have. One that is not must not be lost: it was meant to
    /// make something tighter.
    ///
    /// # Errors
    /// [`AnswerError::BadValue`].
    pub fn check(&self, levels: &[i64], hdcp: &[i64]) -> Result<(), AnswerError> {
        check(LEVEL, self.security_level, levels)?;
        check(HDCP, self.hdcp, hdcp)
    }
}

/// Where a DRM has no such thing, any value is ignored, as its name is.
fn check(name: &'static str, value: Option<i64>, values: &[i64]) -> Result<(), AnswerError> {
    match value {
        Some(got) if !values.is_empty() && !values.contains(&got) => {
            let expected = values.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            Err(AnswerError::BadValue { name, got, expected: format!("one of {expected}") })
        }
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn wishes(policy: Policy) -> Tightening {
        Tightening::new(Box::new(policy))
    }

    #[test]
    fn shorter_is_tighter_and_longer_is_ignored() {
        for (wanted, own, becomes, tightened, ignored) in [
            (None, Some(60), Some(60), 0, 0),
            (Some(30), Some(60), Some(30), 1, 0),
            (Some(60), Some(60), Some(60), 0, 0),
            (Some(90), Some(60), Some(60), 0, 1),
            (Some(0), Some(60), Some(60), 0, 1),
            (Some(30), None, Some(30), 1, 0),
            (Some(0), None, None, 0, 0),
        ] {
            let policy = Policy { playback_duration_seconds: wanted, ..Policy::default() };
            let mut wishes = wishes(policy);
            assert_eq!(wishes.playback(own), becomes);
            let (did, did_not) = wishes.end();
            assert_eq!((did.len(), did_not.len()), (tightened, ignored), "{wanted:?} of {own:?}");
        }
    }

    #[test]
    fn what_may_be_stored_can_be_forbidden_and_not_allowed() {
        for (wanted, own, becomes, ignored) in [
            (Some(false), true, false, 0),
            (Some(true), true, true, 0),
            (Some(true), false, false, 1),
            (Some(false), false, false, 0),
            (None, true, true, 0),
        ] {
            let mut wishes = wishes(Policy { can_persist: wanted, ..Policy::default() });
            assert_eq!(wishes.persistent(own), becomes);
            assert_eq!(wishes.end().1.len(), ignored);
        }
    }

    proptest! {
        #[test]
        fn nothing_is_ever_loosened(
            wanted in proptest::option::of(0..100_u32), own in proptest::option::of(1..100_u32),
            level in proptest::option::of(-1..6_i64), keys in proptest::collection::vec(-1..6_i64, 0..4),
        ) {
            let policy = Policy { rental_duration_seconds: wanted, security_level: level, ..Policy::default() };
            let mut wishes = wishes(policy);
            let becomes = wishes.rental(own);
            prop_assert!(becomes.unwrap_or(u32::MAX) <= own.unwrap_or(u32::MAX));
            if let Some(least) = wishes.level(keys.iter().copied()) {
                prop_assert!(keys.iter().any(|key| *key < least));
            }
        }
    }
}
