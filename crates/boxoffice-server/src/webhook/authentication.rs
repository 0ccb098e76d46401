//! Who may ask (playready.md, section 9): a client certificate, a bearer's secret, or a signature. Each that is
//! listed is enough by itself.

use std::collections::BTreeMap;

use drm_primitives::hex;
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName};
use jiff::Timestamp;
use thiserror::Error;

use super::certificate::{ClientAuthority, ClientCertificate};
use super::secret::Secret;

const KEY: HeaderName = HeaderName::from_static("x-boxoffice-key");
const TIMESTAMP: HeaderName = HeaderName::from_static("x-boxoffice-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("x-boxoffice-signature");

/// How far a signature's time may be off, in seconds.
const SKEW: u64 = 300;

/// Whom one environment's webhook believes.
#[derive(Debug)]
pub(super) struct Authentication {
    /// `mtls`: whose certificates.
    pub authority: Option<ClientAuthority>,
    /// Whether a secret in `Authorization` is enough.
    pub bearer: bool,
    /// Whether a signature is enough.
    pub hmac: bool,
    /// The secrets, by name.
    pub secrets: BTreeMap<String, Secret>,
}

/// A request, as far as it proves whose it is.
#[derive(Clone, Copy)]
pub(super) struct Proof<'a> {
    pub method: &'a str,
    /// Without query.
    pub path: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
    pub certificate: Option<&'a ClientCertificate>,
}

/// Why a request is not believed: for the operator's log alone. Whoever asked is told nothing.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub(super) enum NotAuthenticated {
    /// No secret is the bearer's.
    #[error("Authorization: Bearer names no secret of secret_files")]
    Bearer,
    /// Another authority's certificate, another name's, or one that is not valid now.
    #[error(
        "the client certificate is not one of client_ca_file with a name of client_names, or is not valid now"
    )]
    Certificate,
    /// Nothing of what is listed came.
    #[error("none of the proofs that auth lists came with the request")]
    NoProof,
    /// A header of the signature is missing, malformed, or came twice.
    #[error("{0} is missing, malformed or given twice")]
    Malformed(&'static str),
    /// No secret has this name.
    #[error("X-Boxoffice-Key names no secret of secret_files")]
    KeyName,
    /// A signature too old, or of a time to come.
    #[error("X-Boxoffice-Timestamp is {off} s off, at most {SKEW} are allowed")]
    Timestamp {
        /// How far, in seconds.
        off: u64,
    },
    /// A signature over something else, or with another secret.
    #[error("X-Boxoffice-Signature does not fit the request and the secret")]
    Signature,
}

impl Authentication {
    /// Whether one of the ways that are listed proves that the caller may ask.
    ///
    /// # Errors
    /// [`NotAuthenticated`], for the last way that was tried.
    pub fn check(&self, proof: &Proof<'_>, now: Timestamp) -> Result<(), NotAuthenticated> {
        let mut outcome = Err(NotAuthenticated::NoProof);
        if let (Some(authority), Some(certificate)) = (&self.authority, proof.certificate) {
            outcome = if authority.vouches_for(certificate, now) {
                Ok(())
            } else {
                Err(NotAuthenticated::Certificate)
            };
        }
        if outcome.is_err()
            && self.bearer
            && let Some(given) = bearer(proof.headers)
        {
            // Every secret is compared, so that the time does not tell which it was.
            let known = self.secrets.values().fold(false, |known, secret| secret.is(given) | known);
            outcome = if known { Ok(()) } else { Err(NotAuthenticated::Bearer) };
        }
        if outcome.is_err() && self.hmac && proof.headers.contains_key(SIGNATURE) {
            outcome = self.check_signature(proof, now);
        }
        outcome
    }

    fn check_signature(&self, proof: &Proof<'_>, now: Timestamp) -> Result<(), NotAuthenticated> {
        let one =
            |name: &HeaderName, shown| one(proof.headers, name).ok_or(NotAuthenticated::Malformed(shown));
        let key = one(&KEY, "X-Boxoffice-Key")?;
        let timestamp = one(&TIMESTAMP, "X-Boxoffice-Timestamp")?;
        let signature = one(&SIGNATURE, "X-Boxoffice-Signature")?;
        let secret = std::str::from_utf8(key).ok().and_then(|key| self.secrets.get(key));
        let secret = secret.ok_or(NotAuthenticated::KeyName)?;
        let digits =
            std::str::from_utf8(timestamp).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let signed_at: Option<i64> = digits.and_then(|digits| digits.parse().ok());
        let signed_at = signed_at.ok_or(NotAuthenticated::Malformed("X-Boxoffice-Timestamp"))?;
        let off = signed_at.abs_diff(now.as_second());
        if off > SKEW {
            return Err(NotAuthenticated::Timestamp { off });
        }
        let signature = signature.strip_prefix(b"v1=").and_then(|digits| hex::decode(digits).ok());
        let signature = signature.ok_or(NotAuthenticated::Malformed("X-Boxoffice-Signature"))?;
        let (method, path) = (proof.method.as_bytes(), proof.path.as_bytes());
        let parts: [&[u8]; 7] = [timestamp, b".", method, b" ", path, b"\n", proof.body];
        if secret.signed(&parts, &signature) { Ok(()) } else { Err(NotAuthenticated::Signature) }
    }
}

/// The secret of the one `Authorization: Bearer …`; the scheme's case does not matter (RFC 9110, section 11.1).
fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, secret) = one(headers, &AUTHORIZATION)?.split_at_checked(7)?;
    scheme.eq_ignore_ascii_case(b"bearer ").then_some(secret)
}

fn one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (Some(value), None) => Some(value.as_bytes()),
        (None, _) | (Some(_), Some(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::hmac;

    const NOW: i64 = 1_767_225_600;

    fn authentication(bearer: bool, hmac: bool) -> Authentication {
        let secret = |name: &str, text: &str| (name.to_owned(), Secret::from_file(text.as_bytes()).unwrap());
        let secrets = [secret("k1", "old secret"), secret("k2", "new secret\n")].into();
        Authentication { authority: None, bearer, hmac, secrets }
    }

    fn check(
        authentication: &Authentication,
        headers: &[(&'static str, &str)],
    ) -> Result<(), NotAuthenticated> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let proof = Proof {
            method: "POST",
            path: "/v1/playready/redeem",
            headers: &map,
            body: b"{}",
            certificate: None,
        };
        authentication.check(&proof, Timestamp::from_second(NOW).unwrap())
    }

    fn sign(secret: &str, timestamp: &str, request: &str) -> String {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let tag = hmac::sign(&key, format!("{timestamp}.{request}").as_bytes());
        format!("v1={}", hex::encode(tag.as_ref()))
    }

    const REQUEST: &str = "POST /v1/playready/redeem\n{}";

    fn signed(key: &str, timestamp: i64, signature: &str) -> Result<(), NotAuthenticated> {
        let headers = [
            ("x-boxoffice-key", key),
            ("x-boxoffice-timestamp", &timestamp.to_string()),
            ("x-boxoffice-signature", signature),
        ];
        check(&authentication(false, true), &headers)
    }

    #[test]
    fn the_signature_of_the_documented_example_is_right() {
        // docs/playready-sdk.md; computed with openssl.
        let signature = "v1=94f1ce91527365d95cbcef607e9694174a66215f2618919bceb48d8a1a78215b";
        assert_eq!(signed("k2", 1_767_225_600, signature), Ok(()));
    }

    #[test]
    fn a_signature_holds_for_its_secret_its_request_and_five_minutes() {
        for off in [-300, 0, 300] {
            let at = NOW + off;
            assert_eq!(signed("k1", at, &sign("old secret", &at.to_string(), REQUEST)), Ok(()), "{off}");
        }
        for off in [-301, 301] {
            let at = NOW + off;
            let refused = signed("k1", at, &sign("old secret", &at.to_string(), REQUEST));
            assert_eq!(refused, Err(NotAuthenticated::Timestamp { off: 301 }));
        }
        let at = NOW.to_string();
        let wrong = [
            sign("new secret", &at, REQUEST),
            sign("old secret", &(NOW + 1).to_string(), REQUEST),
            sign("old secret", &at, "POST /v1/playready/redeem\n{ }"),
            sign("old secret", &at, "GET /v1/playready/redeem\n{}"),
            sign("old secret", &at, "POST /v1/playready/redeem?a=b\n{}"),
        ];
        for signature in wrong {
            assert_eq!(signed("k1", NOW, &signature), Err(NotAuthenticated::Signature));
        }
        assert_eq!(signed("k3", NOW, &sign("old secret", &at, REQUEST)), Err(NotAuthenticated::KeyName));
        for malformed in ["", "v1=", "v1=00", "v2=00", &sign("old secret", &at, REQUEST)[3..]] {
            let error = NotAuthenticated::Malformed("X-Boxoffice-Signature");
            assert_eq!(signed("k1", NOW, malformed), Err(error), "{malformed}");
        }
    }

    #[test]
    fn any_secret_is_enough_for_a_bearer_and_none_is_with_a_tail() {
        let bearer = |value: &str| check(&authentication(true, false), &[("authorization", value)]);
        assert_eq!(bearer("Bearer old secret"), Ok(()));
        assert_eq!(bearer("bearer new secret"), Ok(()));
        assert_eq!(bearer("Bearer old secret "), Err(NotAuthenticated::Bearer));
        assert_eq!(bearer("Bearer old secre"), Err(NotAuthenticated::Bearer));
        assert_eq!(bearer("Basic old secret"), Err(NotAuthenticated::NoProof));
        assert_eq!(bearer("Bearer"), Err(NotAuthenticated::NoProof));
    }

    #[test]
    fn what_is_not_listed_is_not_looked_at_and_two_of_a_kind_are_none() {
        let good = ("authorization", "Bearer old secret");
        assert_eq!(check(&authentication(false, true), &[good]), Err(NotAuthenticated::NoProof));
        assert_eq!(check(&authentication(true, true), &[good, good]), Err(NotAuthenticated::NoProof));
        assert_eq!(check(&authentication(true, true), &[]), Err(NotAuthenticated::NoProof));
        // One way that fails does not spoil another.
        let bad_signature = [("x-boxoffice-signature", "v1=00"), good];
        assert_eq!(check(&authentication(true, true), &bad_signature), Ok(()));
    }
}
