//! From an entitlement to what a Widevine licence grants: the table of widevine.md, section 7.

use boxoffice_core::entitlement::{WidevineKey, WidevineTerms};
use widevine::{Decision, Grant, Hdcp, KeyGrant, NotGranted, SecurityLevel, Terms, TrackLabel};

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
pub(super) fn note(decision: &Decision, terms: &WidevineTerms, facts: &mut Facts) {
    facts.kids = decision.keys.iter().map(|key| key.kid).collect();
    facts.note_not_granted(decision.not_granted.iter().filter_map(|not_granted| match not_granted {
        NotGranted::Missing(kid) => Some(*kid),
        NotGranted::SecurityLevel { .. } => None,
    }));
    facts.note_withheld(decision.not_granted.iter().filter_map(|not_granted| match not_granted {
        NotGranted::Missing(_) => None,
        NotGranted::SecurityLevel { kid, required, actual } => Some((*kid, *required, *actual)),
    }));
    facts.note_extensions(&terms.extensions, "extension-not-interpreted");
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
