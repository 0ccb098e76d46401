//! How we prove ourselves to the operator's service: as its callers do at the PlayReady webhook (playready.md, section
//! 9), only here we are the client.

use std::path::Path;

use drm_primitives::hex;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use zeroize::Zeroizing;

use crate::config::{HookAuth, PolicyHookConfig};
use crate::upstream::{UpstreamError, read_file};
use crate::webhook::Secret;

const KEY: HeaderName = HeaderName::from_static("x-boxoffice-key");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-boxoffice-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("x-boxoffice-signature");

/// What each question carries.
pub(super) enum Proof {
    /// Nothing; perhaps the connection shows a certificate.
    None,
    /// `Authorization`, whole.
    Bearer(Zeroizing<Vec<u8>>),
    /// A signature over time, path and body.
    Hmac {
        /// The secret's name.
        key_id: HeaderValue,
        /// The secret.
        secret: Box<Secret>,
    },
}

impl Proof {
    /// Reads the secret that the settings name.
    pub fn open(settings: &PolicyHookConfig) -> Result<Self, UpstreamError> {
        match (settings.auth, &settings.secret_file, &settings.key_id) {
            (Some(HookAuth::Bearer), Some(file), _) => {
                let text = secret_text(file)?;
                let mut header = Zeroizing::new(Vec::with_capacity(7 + text.len()));
                header.extend_from_slice(b"Bearer ");
                header.extend_from_slice(&text);
                HeaderValue::from_bytes(&header)
                    .map_err(|_| UpstreamError::file(file, &"has characters that no header can have"))?;
                Ok(Self::Bearer(header))
            }
            (Some(HookAuth::Hmac), Some(file), Some(key_id)) => {
                let text = secret_text(file)?;
                let secret = Box::new(Secret::from_file(&text).ok_or_else(|| empty(file))?);
                let key_id = HeaderValue::from_str(key_id)
                    .map_err(|_| UpstreamError::file(file, &"its key_id cannot stand in a header"))?;
                Ok(Self::Hmac { key_id, secret })
            }
            // The configuration lets no half of these pass.
            (Some(_) | None, _, _) => Ok(Self::None),
        }
    }

    /// Adds the headers of a question to `path`.
    pub fn add_to(&self, headers: &mut HeaderMap, path: &str, body: &[u8], now: Timestamp) {
        match self {
            Self::None => {}
            Self::Bearer(header) => {
                if let Ok(mut value) = HeaderValue::from_bytes(header) {
                    value.set_sensitive(true);
                    headers.insert(AUTHORIZATION, value);
                }
            }
            Self::Hmac { key_id, secret } => {
                let timestamp = now.as_second().to_string();
                let signature = secret.sign(&[timestamp.as_bytes(), b".POST ", path.as_bytes(), b"\n", body]);
                let signature = format!("v1={}", hex::encode(&signature));
                headers.insert(KEY, key_id.clone());
                for (name, value) in [(TIMESTAMP, timestamp), (SIGNATURE, signature)] {
                    headers.insert(name, value.parse().expect("digits make a header value"));
                }
            }
        }
    }
}

/// What a file holds, without its last line break.
fn secret_text(file: &Path) -> Result<Zeroizing<Vec<u8>>, UpstreamError> {
    let mut bytes = read_file(file)?;
    for end in [b'\n', b'\r'] {
        if bytes.last() == Some(&end) {
            bytes.pop();
        }
    }
    if bytes.is_empty() { Err(empty(file)) } else { Ok(bytes) }
}

fn empty(file: &Path) -> UpstreamError {
    UpstreamError::file(file, &"is empty, expected a secret")
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(..)")
    }
}
