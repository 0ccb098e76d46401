//! The two forms in which a challenge comes, and a licence goes (widevine.md, section 2).

use std::borrow::Cow;

use boxoffice_core::{Event, Refusal};
use drm_primitives::base64;
use serde_json::Value;

/// How a challenge was wrapped, and so how its licence is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Wrapping {
    /// `{"rawLicenseRequestBase64":"…"}`.
    Json,
    /// Not at all.
    Raw,
}

/// Takes a challenge out of its wrapping. No protobuf of ours begins with `{`.
pub(super) fn unwrap(body: &[u8]) -> Result<(Wrapping, Cow<'_, [u8]>), Refusal> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Ok((Wrapping::Raw, Cow::Borrowed(body)));
    }
    let refuse = |hint: String| Refusal::new(Event::WidevineLicenseFailed, hint).reason("body").status(400);
    let json: Value = serde_json::from_slice(body).map_err(|error| refuse(format!("not JSON: {error}")))?;
    let member = json.get("rawLicenseRequestBase64").and_then(Value::as_str).ok_or_else(|| {
        refuse(
            "JSON without a text member rawLicenseRequestBase64; send that, or the raw challenge".to_owned(),
        )
    })?;
    let challenge = base64::decode(member.as_bytes())
        .map_err(|error| refuse(format!("rawLicenseRequestBase64 is not base64: {error}")))?;
    Ok((Wrapping::Json, Cow::Owned(challenge)))
}

impl Wrapping {
    /// Wraps an answer as its request was.
    pub(super) fn wrap(self, answer: Vec<u8>) -> (Vec<u8>, &'static str) {
        match self {
            Self::Raw => (answer, "application/octet-stream"),
            Self::Json => {
                let json = serde_json::json!({ "rawLicenseBase64": base64::encode(&answer) });
                (json.to_string().into_bytes(), "application/json")
            }
        }
    }
}
