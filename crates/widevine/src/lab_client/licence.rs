//! A licence, opened: the checks of widevine.md, section 13.2, that need no secret.

use std::collections::HashSet;
use std::fmt;

use drm_primitives::{ContentKey, Kid};
use zeroize::Zeroizing;

use super::fault::AnswerFault;
use super::keys::unwrap;
use crate::messages::{KeyContainer, KeyType, LicenseIdentification, Policy};

/// A licence that was opened and found right.
pub struct OpenedLicence {
    /// Its name; the version counts the renewals.
    pub id: LicenseIdentification,
    /// What may be done with the keys.
    pub policy: Policy,
    /// What every duration counts from, unix seconds.
    pub license_start_time: i64,
    /// The scheme as a 4CC.
    pub protection_scheme: u32,
    /// The keys, in their order.
    pub keys: Vec<LicenceKey>,
    /// Authenticates renewals: 64 bytes.
    pub(super) signing_key: Zeroizing<Vec<u8>>,
}

/// A content key of a licence, with its conditions.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LicenceKey {
    /// Its name.
    pub kid: Kid,
    /// The key.
    pub key: ContentKey,
    /// The robustness that it needs, 1 to 5.
    pub level: u8,
    /// What an output must have: 0 to 5, or 255.
    pub hdcp: u8,
    /// What it decrypts.
    pub track_label: Option<String>,
}

impl fmt::Debug for OpenedLicence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenedLicence")
            .field("id", &self.id)
            .field("policy", &self.policy)
            .field("keys", &self.keys)
            .finish_non_exhaustive()
    }
}

/// A field has another value than it should.
pub(super) fn differs(
    field: &'static str,
    got: &dyn fmt::Display,
    expected: &dyn fmt::Display,
) -> AnswerFault {
    AnswerFault::Unexpected { field, got: got.to_string().into(), expected: expected.to_string().into() }
}

/// Both, if they are equal.
pub(super) fn same<T: PartialEq + fmt::Debug>(
    field: &'static str,
    got: &T,
    expected: &T,
) -> Result<(), AnswerFault> {
    if got == expected { Ok(()) } else { Err(differs(field, &format!("{got:?}"), &format!("{expected:?}"))) }
}

/// A message that encodes to the same bytes again: nothing unknown, nothing twice, nothing out of order.
pub(super) fn canonical<M: prost::Message + Default>(
    bytes: &[u8],
    name: &'static str,
) -> Result<M, AnswerFault> {
    let message = M::decode(bytes).map_err(|_| AnswerFault::Unreadable(name))?;
    if message.encode_to_vec() == bytes { Ok(message) } else { Err(AnswerFault::NotCanonical(name)) }
}

/// One SIGNING container, which comes first, then CONTENT containers; all of them unwrapped.
pub(super) fn unwrap_all(
    containers: &[KeyContainer],
    unwrapping_key: &[u8],
) -> Result<(Zeroizing<Vec<u8>>, Vec<LicenceKey>), AnswerFault> {
    let mut ivs = HashSet::new();
    if !containers.iter().all(|container| ivs.insert(&container.iv)) {
        return Err(AnswerFault::SharedIv);
    }
    let Some((signing, contents)) = containers.split_first() else {
        return Err(differs("the number of keys", &0, &"at least 1"));
    };
    let bare = KeyContainer {
        iv: signing.iv.clone(),
        key: signing.key.clone(),
        key_type: Some(KeyType::Signing.into()),
        ..KeyContainer::default()
    };
    same("the first key container", signing, &bare)?;
    let signing_key = unwrap_one(signing, 1, 64, unwrapping_key)?;
    let mut keys = Vec::with_capacity(contents.len());
    for (container, position) in contents.iter().zip(2..) {
        keys.push(content_key(container, position, unwrapping_key)?);
    }
    let mut kids = HashSet::new();
    match keys.iter().find(|key| !kids.insert(key.kid)) {
        Some(twice) => Err(differs("a KID", &twice.kid, &"one container a KID")),
        None => Ok((signing_key, keys)),
    }
}

fn content_key(
    container: &KeyContainer,
    position: usize,
    unwrapping_key: &[u8],
) -> Result<LicenceKey, AnswerFault> {
    same("the type of a key", &container.key_type, &Some(KeyType::Content.into()))?;
    let id = container.id.as_deref().unwrap_or_default();
    let kid = <[u8; 16]>::try_from(id).map_err(|_| differs("the length of a KID", &id.len(), &16))?;
    let level = container.level.and_then(|level| u8::try_from(level).ok()).unwrap_or_default();
    if !(1..=5).contains(&level) {
        return Err(differs("the level of a key", &format!("{:?}", container.level), &"1 to 5"));
    }
    let hdcp = container.required_protection.as_ref().and_then(|protection| protection.hdcp);
    let Some(Ok(hdcp @ (0..=5 | 255))) = hdcp.map(u8::try_from) else {
        return Err(differs("the HDCP of a key", &format!("{hdcp:?}"), &"0 to 5 or 255"));
    };
    match container.track_label.as_deref() {
        None | Some("SD" | "HD" | "AUDIO" | "UHD1" | "UHD2") => {}
        Some(label) => return Err(differs("the label of a key", &label, &"SD, HD, AUDIO, UHD1 or UHD2")),
    }
    let key = unwrap_one(container, position, 16, unwrapping_key)?;
    let key =
        <[u8; 16]>::try_from(key.as_slice()).map_err(|_| AnswerFault::KeyWrap { position, expected: 16 })?;
    Ok(LicenceKey {
        kid: Kid::from_bytes(kid),
        key: ContentKey::from_bytes(key),
        level,
        hdcp,
        track_label: container.track_label.clone(),
    })
}

fn unwrap_one(
    container: &KeyContainer,
    position: usize,
    expected: usize,
    unwrapping_key: &[u8],
) -> Result<Zeroizing<Vec<u8>>, AnswerFault> {
    let iv = container.iv.as_deref().unwrap_or_default();
    let wrapped = container.key.as_deref().unwrap_or_default();
    unwrap(unwrapping_key, iv, wrapped)
        .filter(|key| key.len() == expected)
        .ok_or(AnswerFault::KeyWrap { position, expected })
}

/// What holds for every policy of a licence, whatever the token says: rights are written in words,
/// durations are positive, and what belongs together comes together.
pub(super) fn check_policy(policy: &Policy, offline: bool) -> Result<(), AnswerFault> {
    same("can_play", &policy.can_play, &Some(true))?;
    if offline {
        same("can_persist of an offline licence", &policy.can_persist, &Some(true))?;
        same("can_renew of an offline licence", &policy.can_renew, &Some(false))?;
    }
    let (Some(persist), Some(renews)) = (policy.can_persist, policy.can_renew) else {
        return Err(differs("can_persist or can_renew", &"absent", &"true or false"));
    };
    let mut expected = Policy {
        can_play: Some(true),
        can_persist: Some(persist),
        can_renew: Some(renews),
        rental_duration_seconds: policy.rental_duration_seconds,
        playback_duration_seconds: policy.playback_duration_seconds,
        soft_enforce_rental_duration: policy.rental_duration_seconds.map(|_| true),
        soft_enforce_playback_duration: policy.playback_duration_seconds.map(|_| false),
        ..Policy::default()
    };
    if renews {
        let present = |seconds: Option<i64>| seconds.or(Some(1));
        expected.renewal_delay_seconds = present(policy.renewal_delay_seconds);
        expected.renewal_retry_interval_seconds = present(policy.renewal_retry_interval_seconds);
        expected.renewal_recovery_duration_seconds = present(policy.renewal_recovery_duration_seconds);
        expected.license_duration_seconds = present(policy.license_duration_seconds);
    }
    same("the policy", policy, &expected)?;
    let durations = [
        policy.rental_duration_seconds,
        policy.playback_duration_seconds,
        policy.license_duration_seconds,
        policy.renewal_delay_seconds,
        policy.renewal_retry_interval_seconds,
        policy.renewal_recovery_duration_seconds,
    ];
    match durations.into_iter().flatten().find(|seconds| *seconds <= 0) {
        Some(seconds) => Err(differs("a duration", &seconds, &"more than 0")),
        None => Ok(()),
    }
}
