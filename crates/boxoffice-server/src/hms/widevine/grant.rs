//! From an entitlement to what a Widevine licence grants: the table of widevine.md, section 7.

use boxoffice_core::entitlement::{WidevineKey, WidevineTerms};
use drm_primitives::Kid;
use widevine::{Grant, Hdcp, KeyGrant, NotGranted, RenewalPolicy, SecurityLevel, Terms, TrackLabel};

use crate::config::RenewalConfig;
use crate::hms::redemption::Facts;

/// What the token grants, in the issuer's terms.
pub(super) fn grant(terms: &WidevineTerms) -> Grant {
    Grant {
        keys: terms.keys.iter().map(key).collect(),
        content_id: terms.content_id.as_ref().map(|content_id| content_id.clone().into_bytes()),
        terms: Terms {
            persistent: terms.persistent,
            playback_duration: terms.licence_duration,
            rental_duration: terms.rental_duration,
        },
    }
}

fn key(key: &WidevineKey) -> KeyGrant {
    const SAME: &str = "both sides have the protocol's numbers";
    KeyGrant {
        kid: key.kid,
        key: key.key.clone(),
        level: SecurityLevel::from_number(key.security_level.number().into()).expect(SAME),
        hdcp: Hdcp::from_number(key.hdcp.number().into()).expect(SAME),
        track: TrackLabel::from_number(key.track.number().into()),
    }
}

/// What the record says of a decision: which keys go out, which do not and why, and that nobody here makes anything of
/// the token's extensions.
pub(super) fn note(
    granted: impl Iterator<Item = Kid>,
    not_granted: &[NotGranted],
    terms: &WidevineTerms,
    facts: &mut Facts,
) {
    facts.kids = granted.collect();
    facts.note_not_granted(not_granted.iter().filter_map(|not_granted| match not_granted {
        NotGranted::Missing(kid) => Some(*kid),
        NotGranted::SecurityLevel { .. } => None,
    }));
    facts.note_withheld(not_granted.iter().filter_map(|not_granted| match not_granted {
        NotGranted::Missing(_) => None,
        NotGranted::SecurityLevel { kid, required, actual } => Some((*kid, *required, *actual)),
    }));
    facts.note_extensions(&terms.extensions, "extension-not-interpreted");
}

impl From<RenewalConfig> for RenewalPolicy {
    fn from(config: RenewalConfig) -> Self {
        Self {
            delay_seconds: config.delay_seconds,
            retry_interval_seconds: config.retry_interval_seconds,
            recovery_seconds: config.recovery_seconds,
        }
    }
}

/// The value of `x-boxoffice-not-granted`.
pub(super) fn not_granted_header(not_granted: &[NotGranted]) -> Option<String> {
    let item = |not_granted: &NotGranted| match not_granted {
        NotGranted::Missing(kid) => kid.to_string(),
        NotGranted::SecurityLevel { kid, .. } => format!("{kid};security-level"),
    };
    let items: Vec<_> = not_granted.iter().map(item).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
