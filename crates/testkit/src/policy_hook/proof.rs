//! How whoever asks proves who he is. Shares nothing with the service that is to prove it.

use aws_lc_rs::constant_time;
use aws_lc_rs::hmac::{self, HMAC_SHA256};
use drm_primitives::hex;
use http::header::AUTHORIZATION;
use zeroize::Zeroizing;

use crate::server::Received;

/// What is expected of whoever asks. Client certificates are TLS's affair.
pub enum Proof {
    /// Nothing.
    None,
    /// `Authorization: Bearer` and this secret.
    Bearer(Zeroizing<String>),
    /// `X-Boxoffice-Key`, `-Timestamp` and `-Signature`. How old a signature is is not looked at: the clocks of tests
    /// stand still.
    Hmac {
        /// The secret's name.
        key_id: String,
        /// The secret.
        secret: Zeroizing<String>,
    },
}

impl Proof {
    /// Whether a request proves it; otherwise what is missing.
    pub(super) fn check(&self, request: &Received) -> Result<(), &'static str> {
        let header = |name: &str| request.headers.get(name).and_then(|value| value.to_str().ok());
        match self {
            Self::None => Ok(()),
            Self::Bearer(secret) => {
                let expected = Zeroizing::new(format!("Bearer {}", secret.as_str()));
                let given = header(AUTHORIZATION.as_str()).unwrap_or_default();
                let same = constant_time::verify_slices_are_equal(given.as_bytes(), expected.as_bytes());
                same.map_err(|_| "expected Authorization: Bearer and the secret")
            }
            Self::Hmac { key_id, secret } => {
                if header("x-boxoffice-key") != Some(key_id) {
                    return Err("X-Boxoffice-Key is another");
                }
                let timestamp = header("x-boxoffice-timestamp").unwrap_or_default();
                if timestamp.is_empty() || !timestamp.bytes().all(|byte| byte.is_ascii_digit()) {
                    return Err("X-Boxoffice-Timestamp is missing or no number");
                }
                let signature = header("x-boxoffice-signature").and_then(|text| text.strip_prefix("v1="));
                let signature: Option<[u8; 32]> =
                    signature.and_then(|digits| hex::decode(digits.as_bytes()).ok());
                let signature = signature.ok_or("X-Boxoffice-Signature is missing or malformed")?;
                let head = format!("{timestamp}.{} {}\n", request.method, request.path);
                let signed = [head.as_bytes(), &request.body].concat();
                let key = hmac::Key::new(HMAC_SHA256, secret.as_bytes());
                hmac::verify(&key, &signed, &signature).map_err(|_| "X-Boxoffice-Signature does not fit")
            }
        }
    }
}

impl std::fmt::Debug for Proof {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Proof(..)")
    }
}
