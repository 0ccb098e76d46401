//! The names of the interface, and what they stand for.

use drm_primitives::{ContentKey, Kid, base64};
use widevine::{Hdcp, KeyGrant, SecurityLevel, TrackLabel};
use zeroize::Zeroizing;

use super::answer::Refused;
use super::request::KeySpec;

/// Reads one member of `content_key_specs`.
pub(super) fn key_grant(spec: &KeySpec) -> Result<KeyGrant, Refused> {
    let invalid = |what: &'static str| Refused::new("INVALID_REQUEST", what);
    let kid = sixteen(&spec.key_id).ok_or_else(|| invalid("key_id is not the base64 of 16 bytes"))?;
    let key = sixteen(&spec.key.0).ok_or_else(|| invalid("key is not the base64 of 16 bytes"))?;
    let level = SecurityLevel::from_number(spec.security_level.unwrap_or(1))
        .ok_or_else(|| invalid("security_level is not 1 to 5"))?;
    let hdcp = spec.required_output_protection.hdcp.as_deref().unwrap_or("HDCP_NONE");
    let hdcp = hdcp_of_name(hdcp).ok_or_else(|| invalid("hdcp is none of its names"))?;
    let track = match spec.track_type.as_deref() {
        None => None,
        Some(name) => Some(track_of_name(name).ok_or_else(|| invalid("track_type is none of its names"))?),
    };
    Ok(KeyGrant { kid: Kid::from_bytes(*kid), key: ContentKey::from_bytes(*key), level, hdcp, track })
}

fn sixteen(text: &str) -> Option<Zeroizing<[u8; 16]>> {
    let bytes = Zeroizing::new(base64::decode(text.as_bytes()).ok()?);
    bytes.as_slice().try_into().ok().map(Zeroizing::new)
}

fn hdcp_of_name(name: &str) -> Option<Hdcp> {
    Some(match name {
        "HDCP_NONE" => Hdcp::None,
        "HDCP_V1" => Hdcp::V1,
        "HDCP_V2" => Hdcp::V2,
        "HDCP_V2_1" => Hdcp::V2_1,
        "HDCP_V2_2" => Hdcp::V2_2,
        "HDCP_V2_3" => Hdcp::V2_3,
        "HDCP_NO_DIGITAL_OUTPUT" => Hdcp::NoDigitalOutput,
        _ => return None,
    })
}

fn track_of_name(name: &str) -> Option<TrackLabel> {
    Some(match name {
        "SD" => TrackLabel::Sd,
        "HD" => TrackLabel::Hd,
        "AUDIO" => TrackLabel::Audio,
        "UHD1" => TrackLabel::Uhd1,
        "UHD2" => TrackLabel::Uhd2,
        _ => return None,
    })
}
