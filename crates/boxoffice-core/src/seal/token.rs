//! Sealed tokens (token-api.md, section 9).
//!
//! A token is base64url, without padding, of: version (one byte, 1), key number (four bytes, big-endian),
//! nonce (12), the encrypted entitlement, tag (16). Version, key number and environment are authenticated
//! with it.

use drm_primitives::{Random, base64};
use jiff::{SignedDuration, Timestamp};
use thiserror::Error;

use super::{Envelope, entitlement_codec};
use crate::Environment;
use crate::entitlement::Entitlement;
use crate::key_ring::{KeyId, Secret32};

const VERSION: u8 = 1;
const HEADER: usize = 5;

/// What a token's key seals nothing else for.
const PURPOSE: &[u8] = b"boxoffice token/";

/// Why a text does not open as a token.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum TokenError {
    /// No token of ours has this form.
    #[error("{0}")]
    Malformed(String),
    /// A key of ours that did not seal it: forged, altered, or of the other environment.
    #[error(
        "none of this environment's sealing keys opens it: it was altered, or made elsewhere or for the other environment"
    )]
    NotOurs,
    /// It names a key that this ring does not have.
    #[error(
        "it names sealing key {id}, which this environment does not have: it was made elsewhere, or that key was retired"
    )]
    UnknownKey {
        /// The key that it names.
        id: KeyId,
    },
}

/// A key that seals tokens.
#[derive(Debug)]
pub struct SealingKey {
    id: KeyId,
    created_at: Timestamp,
    envelope: Envelope,
}

impl SealingKey {
    /// Takes a key and when it was made.
    #[must_use]
    pub fn new(id: KeyId, created_at: Timestamp, key: &Secret32) -> Self {
        Self { id, created_at, envelope: Envelope::new(key) }
    }

    /// Its number.
    #[must_use]
    pub const fn id(&self) -> KeyId {
        self.id
    }

    /// When it was made.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.created_at
    }
}

/// The sealing keys of one environment: one seals, all open.
#[derive(Debug)]
pub struct SealingRing {
    environment: Environment,
    keys: Vec<SealingKey>,
}

impl SealingRing {
    /// How long a new key only opens: within it every node learns of the key before it meets its tokens.
    pub const SETTLING: SignedDuration = SignedDuration::from_secs(5);

    /// Takes the keys of an environment, in any order; `None` where there is none.
    #[must_use]
    pub fn new(environment: Environment, mut keys: Vec<SealingKey>) -> Option<Self> {
        keys.sort_by_key(SealingKey::id);
        if keys.is_empty() { None } else { Some(Self { environment, keys }) }
    }

    /// The keys, the oldest first.
    #[must_use]
    pub fn keys(&self) -> &[SealingKey] {
        &self.keys
    }

    /// The key that seals now: the newest that has settled, or the oldest while none has.
    #[must_use]
    pub fn current(&self, now: Timestamp) -> &SealingKey {
        let settled = |key: &&SealingKey| now.duration_since(key.created_at) >= Self::SETTLING;
        let newest = self.keys.iter().rev().find(settled).or_else(|| self.keys.first());
        newest.expect("a ring has a key")
    }

    /// Seals an entitlement into a token.
    #[must_use]
    pub fn seal(&self, entitlement: &Entitlement, now: Timestamp, random: &dyn Random) -> String {
        let key = self.current(now);
        let header = header(key.id);
        let body = entitlement_codec::encode(entitlement);
        let mut token = Vec::with_capacity(HEADER + Envelope::OVERHEAD + body.len());
        token.extend_from_slice(&header);
        key.envelope.seal_onto(&mut token, &context(self.environment, header), &body, random);
        base64::encode_url(&token)
    }

    /// Opens a token. It may have expired, or be for another DRM: that is for the entitlement to say.
    ///
    /// # Errors
    /// [`TokenError`]. After [`TokenError::UnknownKey`], read the ring once more before refusing.
    pub fn open(&self, token: &[u8]) -> Result<Entitlement, TokenError> {
        let bytes = base64::decode(token).map_err(|error| TokenError::Malformed(error.to_string()))?;
        let malformed = |got| TokenError::Malformed(format!("{got} bytes are too few for a token"));
        let (header, sealed) = bytes.split_first_chunk::<HEADER>().ok_or_else(|| malformed(bytes.len()))?;
        let &[version, id @ ..] = header;
        if version != VERSION {
            return Err(TokenError::Malformed(format!("got format version {version}, expected {VERSION}")));
        }
        if sealed.len() < Envelope::OVERHEAD {
            return Err(malformed(bytes.len()));
        }
        let id = KeyId(u32::from_be_bytes(id));
        let key = self.keys.iter().find(|key| key.id == id).ok_or(TokenError::UnknownKey { id })?;
        let body = key
            .envelope
            .open(&context(self.environment, *header), sealed)
            .map_err(|_| TokenError::NotOurs)?;
        entitlement_codec::decode(self.environment, &body).map_err(|error| {
            TokenError::Malformed(format!("sealed by another version of this service: {error}"))
        })
    }
}

fn header(id: KeyId) -> [u8; HEADER] {
    let [a, b, c, d] = id.0.to_be_bytes();
    [VERSION, a, b, c, d]
}

fn context(environment: Environment, header: [u8; HEADER]) -> [u8; PURPOSE.len() + 1 + HEADER] {
    let mut context = [environment.number(); PURPOSE.len() + 1 + HEADER];
    let (purpose, rest) = context.split_at_mut(PURPOSE.len());
    purpose.copy_from_slice(PURPOSE);
    if let [_, end @ ..] = rest {
        end.copy_from_slice(&header);
    }
    context
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AccountId;
    use crate::entitlement::{Hdcp, SecurityLevel, Terms, TokenId, TrackType, WidevineKey, WidevineTerms};
    use drm_primitives::{ContentKey, Kid, SequenceRandom};
    use proptest::prelude::*;

    const NOW: i64 = 1_800_000_000;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn ring(environment: Environment, keys: &[(u32, i64)]) -> SealingRing {
        let key = |&(id, made): &(u32, i64)| {
            SealingKey::new(KeyId(id), at(made), &Secret32::new([u8::try_from(id).unwrap(); 32]))
        };
        SealingRing::new(environment, keys.iter().map(key).collect()).unwrap()
    }

    fn plain() -> Entitlement {
        Entitlement {
            environment: Environment::Test,
            account: AccountId(100_001),
            token_id: TokenId::from_bytes([7; 16]),
            issued_at: at(NOW),
            expires_at: at(NOW + 2_592_000),
            one_time: false,
            cookie: None,
            address: None,
            terms: Terms::Widevine(WidevineTerms {
                keys: vec![WidevineKey {
                    kid: Kid::from_bytes([1; 16]),
                    key: ContentKey::from_bytes([0xAB; 16]),
                    security_level: SecurityLevel::HardwareAll,
                    hdcp: Hdcp::V2,
                    track: TrackType::Hd,
                }],
                content_id: None,
                licence_duration: Some(2_147_483_647),
                rental_duration: Some(2_147_483_647),
                persistent: true,
                extensions: Vec::new(),
                stream: None,
            }),
        }
    }

    #[test]
    fn a_token_with_one_widevine_key_has_at_most_200_characters_of_base64url() {
        let token =
            ring(Environment::Test, &[(1, NOW - 60)]).seal(&plain(), at(NOW), &SequenceRandom::new(1));
        assert!(token.len() <= 200, "{} characters", token.len());
        assert!(token.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    }

    #[test]
    fn a_token_opens_in_its_own_environment_alone() {
        let random = SequenceRandom::new(1);
        let test = ring(Environment::Test, &[(1, NOW - 60)]);
        let token = test.seal(&plain(), at(NOW), &random);
        assert_eq!(test.open(token.as_bytes()), Ok(plain()));
        // Even where both environments had the same key bytes.
        let production = ring(Environment::Production, &[(1, NOW - 60)]);
        assert_eq!(production.open(token.as_bytes()), Err(TokenError::NotOurs));
    }

    #[test]
    fn a_new_key_opens_at_once_and_seals_after_five_seconds() {
        let random = SequenceRandom::new(1);
        let old = ring(Environment::Test, &[(1, NOW - 60)]);
        let both = ring(Environment::Test, &[(2, NOW), (1, NOW - 60)]);
        assert_eq!(both.current(at(NOW + 4)).id(), KeyId(1));
        assert_eq!(both.current(at(NOW + 5)).id(), KeyId(2));
        let token = both.seal(&plain(), at(NOW + 5), &random);
        assert_eq!(both.open(token.as_bytes()), Ok(plain()));
        assert_eq!(old.open(token.as_bytes()), Err(TokenError::UnknownKey { id: KeyId(2) }));
        let token = old.seal(&plain(), at(NOW), &random);
        assert_eq!(both.open(token.as_bytes()), Ok(plain()));
    }

    #[test]
    fn what_is_no_token_says_why() {
        let ring = ring(Environment::Test, &[(1, NOW)]);
        let error = |text: &str| ring.open(text.as_bytes()).unwrap_err().to_string();
        assert_eq!(error("AAA!"), "the character at position 4 belongs to neither base64 alphabet");
        assert_eq!(error(""), "0 bytes are too few for a token");
        assert_eq!(error("AQAAAAE"), "5 bytes are too few for a token");
        assert_eq!(error(&"C".repeat(100)), "got format version 8, expected 1");
    }

    proptest! {
        #[test]
        fn every_altered_byte_is_noticed(at_byte in 0_usize..100, bit in 0_u8..8) {
            let ring = ring(Environment::Test, &[(1, NOW - 60)]);
            let token = ring.seal(&plain(), at(NOW), &SequenceRandom::new(1));
            let mut bytes = base64::decode(token.as_bytes()).unwrap();
            let at_byte = at_byte % bytes.len();
            bytes[at_byte] ^= 1 << bit;
            prop_assert!(ring.open(base64::encode_url(&bytes).as_bytes()).is_err());
        }

        #[test]
        fn every_entitlement_comes_back_from_its_token(
            entitlement in super::super::entitlement_codec::tests::entitlement(),
        ) {
            let ring = ring(Environment::Test, &[(1, NOW - 60)]);
            let token = ring.seal(&entitlement, at(NOW), &SequenceRandom::new(1));
            prop_assert_eq!(ring.open(token.as_bytes()), Ok(entitlement));
        }

        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = ring(Environment::Test, &[(1, NOW)]).open(&text);
        }
    }
}
