//! From an entitlement to what a Widevine licence grants: the table of widevine.md, section 7.

use boxoffice_core::entitlement::{WidevineKey, WidevineTerms};
use widevine::{Grant, Hdcp, KeyGrant, NotGranted, SecurityLevel, Terms, TrackLabel};

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

/// The value of `x-boxoffice-not-granted`.
pub(super) fn not_granted_header(not_granted: &[NotGranted]) -> Option<String> {
    let item = |not_granted: &NotGranted| match not_granted {
        NotGranted::Missing(kid) => kid.to_string(),
        NotGranted::SecurityLevel { kid, .. } => format!("{kid};security-level"),
    };
    let items: Vec<_> = not_granted.iter().map(item).collect();
    (!items.is_empty()).then(|| items.join(", "))
}
