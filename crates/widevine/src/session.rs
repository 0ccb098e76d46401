//! Licence sessions: their names, and the keys that authenticate their renewals (widevine.md, section 6).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hkdf::{HKDF_SHA256, KeyType, Salt};
use drm_primitives::{Random, hex};
use zeroize::Zeroizing;

/// What the derivation of signing keys is called.
const SIGNING_LABEL: &[u8] = b"boxoffice/wv/signing/v1";

/// The name of a session, 16 bytes: the id of the environment's key, the time of issue as a big-endian
/// u32, and 11 random bytes.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SessionId([u8; 16]);

/// One of an environment's keys that signing keys are derived from, so that every node can check a
/// renewal without a look-up. Never printed; wiped when dropped.
#[derive(Clone)]
pub struct LicenceSessionKey {
    id: u8,
    key: Zeroizing<[u8; 32]>,
}

/// The key of one session of one token: what the SIGNING container holds. Wiped when dropped.
pub(crate) struct SigningKey(Zeroizing<[u8; 64]>);

impl SessionId {
    /// Draws a name for a session that begins at `now` (unix seconds) under the key `key_id`.
    #[must_use]
    pub fn draw(key_id: u8, now: i64, random: &dyn Random) -> Self {
        let issued_at = u32::try_from(now.max(0)).unwrap_or(u32::MAX);
        let mut bytes = [0; 16];
        let [key, time @ .., _, _, _, _, _, _, _, _, _, _, _] = &mut bytes;
        *key = key_id;
        *time = issued_at.to_be_bytes();
        if let Some(rest) = bytes.get_mut(5..) {
            random.fill(rest);
        }
        Self(bytes)
    }

    /// Takes 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Which of the environment's keys it is under.
    #[must_use]
    pub const fn key_id(&self) -> u8 {
        let [id, ..] = self.0;
        id
    }

    /// When the session began, unix seconds.
    #[must_use]
    pub const fn issued_at(&self) -> u32 {
        let [_, a, b, c, d, ..] = self.0;
        u32::from_be_bytes([a, b, c, d])
    }
}

/// A name of somebody else's session, as 16 bytes: itself, or where it is longer or shorter, a digest of it.
/// Nothing where there is none.
pub(crate) fn session_name(name: &[u8]) -> Option<[u8; 16]> {
    match <[u8; 16]>::try_from(name) {
        Ok(bytes) => Some(bytes),
        Err(_) if name.is_empty() => None,
        Err(_) => digest(&SHA256, name).as_ref().first_chunk().copied(),
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl LicenceSessionKey {
    /// Takes 32 bytes, and the id under which sessions name them.
    #[must_use]
    pub fn new(id: u8, key: [u8; 32]) -> Self {
        Self { id, key: Zeroizing::new(key) }
    }

    /// The id under which sessions name it.
    #[must_use]
    pub const fn id(&self) -> u8 {
        self.id
    }

    /// The key of one session of one token: HKDF-SHA256 without salt, the info being label, session id and
    /// token id, the two ids each behind one byte of length.
    pub(crate) fn signing_key(&self, session: SessionId, token_id: &[u8; 16]) -> SigningKey {
        struct Length;
        impl KeyType for Length {
            fn len(&self) -> usize {
                64
            }
        }
        let info: [&[u8]; 5] = [SIGNING_LABEL, &[16], session.as_bytes(), &[16], token_id];
        let mut key = Zeroizing::new([0; 64]);
        Salt::new(HKDF_SHA256, &[])
            .extract(self.key.as_slice())
            .expand(&info, Length)
            .and_then(|derived| derived.fill(key.as_mut_slice()))
            .expect("HKDF-SHA256 gives up to 8160 bytes");
        SigningKey(key)
    }
}

impl fmt::Debug for LicenceSessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LicenceSessionKey({}, ..)", self.id)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey(..)")
    }
}

impl SigningKey {
    /// All 64 bytes, for the container.
    pub fn expose(&self) -> &[u8; 64] {
        &self.0
    }

    /// Authenticates what the server answers: the first half.
    pub fn mac_server(&self) -> &[u8] {
        self.0.split_at(32).0
    }

    /// Authenticates what the client asks: the second half.
    pub fn mac_client(&self) -> &[u8] {
        self.0.split_at(32).1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;

    #[test]
    fn the_signing_key_of_the_specification() {
        // widevine.md, section 13.1.
        let mut ikm = [0; 32];
        for (byte, value) in ikm.iter_mut().zip(0..) {
            *byte = value;
        }
        let session = SessionId::from_bytes(hex::decode(b"016955b900000102030405060708090a").unwrap());
        let token_id = hex::decode(b"a0a1a2a3a4a5a6a7a8a9aaabacadaeaf").unwrap();
        let key = LicenceSessionKey::new(1, ikm).signing_key(session, &token_id);
        assert_eq!(
            hex::encode(key.expose()),
            "88c2383c58f049c484a4ef71f49a4895f87421be8c815a803c907101970a8f24\
             7f8ffde24cb80fb18df53e414ac90f67f849d8d1eeea05225b87271239b8b5fa"
        );
        assert_eq!([key.mac_server(), key.mac_client()].concat(), key.expose());
    }

    #[test]
    fn a_session_id_tells_its_key_and_its_time() {
        let session = SessionId::draw(1, 0x6955_B900, &SequenceRandom::new(1));
        assert_eq!((session.key_id(), session.issued_at()), (1, 0x6955_B900));
        assert_eq!(&hex::encode(session.as_bytes())[..10], "016955b900");
        assert_ne!(session, SessionId::draw(1, 0x6955_B900, &SequenceRandom::new(2)));
    }
}
