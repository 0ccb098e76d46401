//! The request: an outer JSON with a signature, and an inner one.

use drm_primitives::base64;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Customer;
use super::answer::Refused;
use crate::server::Received;

/// A request whose signature is right.
pub(super) struct Request {
    /// The challenge.
    pub payload: Vec<u8>,
    /// The rest of J.
    pub members: Members,
}

#[derive(Deserialize)]
struct Outer {
    request: String,
    signature: String,
    signer: String,
}

/// J, as far as the service looks at it. Members that it does not know are ignored.
#[derive(Deserialize)]
pub(super) struct Members {
    payload: String,
    #[serde(default)]
    pub provider: Option<String>,
    #[serde(default)]
    pub content_id: Option<String>,
    #[serde(default)]
    pub allowed_track_types: Option<String>,
    #[serde(default)]
    pub content_key_specs: Option<Vec<KeySpec>>,
    #[serde(default)]
    pub policy_overrides: PolicyOverrides,
    #[serde(default)]
    pub parse_only: bool,
}

/// One member of `content_key_specs`.
#[derive(Deserialize)]
pub(super) struct KeySpec {
    pub key_id: String,
    pub key: Zeroized,
    #[serde(default)]
    pub track_type: Option<String>,
    #[serde(default)]
    pub security_level: Option<u64>,
    #[serde(default)]
    pub required_output_protection: OutputProtection,
}

/// `required_output_protection`.
#[derive(Default, Deserialize)]
pub(super) struct OutputProtection {
    #[serde(default)]
    pub hdcp: Option<String>,
}

/// `policy_overrides`. What is not said is denied, or not limited.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct PolicyOverrides {
    pub can_play: Option<bool>,
    pub can_persist: bool,
    pub can_renew: bool,
    pub rental_duration_seconds: u32,
    pub playback_duration_seconds: u32,
    pub license_duration_seconds: i64,
    pub renewal_delay_seconds: i64,
    pub renewal_retry_interval_seconds: i64,
    pub renewal_recovery_duration_seconds: i64,
}

/// A text that is wiped when it is dropped.
#[derive(Deserialize)]
#[serde(from = "String")]
pub(super) struct Zeroized(pub Zeroizing<String>);

impl From<String> for Zeroized {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

/// Reads a request, and checks its signature before anything in it counts.
pub(super) fn open(received: &Received, customer: &Customer) -> Result<Request, Refused> {
    let malformed = |what: &'static str| Refused::new("MALFORMED_REQUEST", what);
    if received.path.rsplit('/').next() != Some(customer.provider.as_str()) {
        return Err(Refused::new("ACCESS_DENIED", "the path does not end in a known provider"));
    }
    let outer: Outer = serde_json::from_slice(&received.body)
        .map_err(|_| malformed("expected JSON with request, signature and signer"))?;
    let message = base64::decode(outer.request.as_bytes()).map_err(|_| malformed("request is not base64"))?;
    let message = Zeroizing::new(message);
    let signature =
        base64::decode(outer.signature.as_bytes()).map_err(|_| malformed("signature is not base64"))?;
    if outer.signer != customer.signer {
        return Err(Refused::new("ACCESS_DENIED", "signer is not known"));
    }
    if !customer.key.verifies(&message, &signature) {
        return Err(Refused::new("SIGNATURE_FAILED", "the signature is not that of the request"));
    }
    let members: Members = serde_json::from_slice(&message)
        .map_err(|_| malformed("request is not JSON of the members that are known, each of its kind"))?;
    let payload =
        base64::decode(members.payload.as_bytes()).map_err(|_| malformed("payload is not base64"))?;
    Ok(Request { payload, members })
}
