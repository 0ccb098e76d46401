//! One key, any number of sealed values.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey};
use drm_primitives::Random;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::key_ring::Secret32;

/// Seals values under one key with AES-256-GCM-SIV (RFC 8452) and random nonces. GCM-SIV derives keys from
/// the nonce and survives a repeated one, so 2^48 values a key are safe; plain GCM with its 96-bit nonces
/// would not be.
pub struct Envelope(LessSafeKey);

/// A value that this key did not seal for this purpose: another key, another context, or it was altered.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("sealed under another key or for another purpose, or altered")]
pub struct OpenError;

const NONCE: usize = 12;

impl Envelope {
    /// What sealing adds to a value: the nonce before it and the tag behind it, in bytes.
    pub const OVERHEAD: usize = NONCE + 16;

    /// Takes the key.
    #[must_use]
    pub fn new(key: &Secret32) -> Self {
        let key = UnboundKey::new(&AES_256_GCM_SIV, key.expose()).expect("the key has 32 bytes");
        Self(LessSafeKey::new(key))
    }

    /// Seals `plain` and appends nonce, ciphertext and tag to `out`. `context` says what the value is and whose;
    /// it is authenticated and not stored, so a value that is moved elsewhere does not open.
    pub fn seal_onto(&self, out: &mut Vec<u8>, context: &[u8], plain: &[u8], random: &dyn Random) {
        let nonce: [u8; NONCE] = random.array();
        out.reserve(plain.len() + Self::OVERHEAD);
        out.extend_from_slice(&nonce);
        let start = out.len();
        out.extend_from_slice(plain);
        let body = out.get_mut(start..).unwrap_or_default();
        let tag = self
            .0
            .seal_in_place_separate_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), body)
            .expect("values are far below the cipher's limit of 2^36 bytes");
        out.extend_from_slice(tag.as_ref());
    }

    /// Seals `plain`: nonce, ciphertext, tag.
    #[must_use]
    pub fn seal(&self, context: &[u8], plain: &[u8], random: &dyn Random) -> Vec<u8> {
        let mut sealed = Vec::new();
        self.seal_onto(&mut sealed, context, plain, random);
        sealed
    }

    /// Opens what [`Envelope::seal`] made.
    ///
    /// # Errors
    /// [`OpenError`], without more: whoever forges values learns nothing.
    pub fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, OpenError> {
        let (nonce, body) = sealed.split_at_checked(NONCE).ok_or(OpenError)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| OpenError)?;
        let mut body = Zeroizing::new(body.to_vec());
        let length = self.0.open_in_place(nonce, Aad::from(context), &mut body).map_err(|_| OpenError)?.len();
        body.truncate(length);
        Ok(body)
    }
}

impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Envelope(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::SequenceRandom;

    #[test]
    fn a_value_opens_under_its_key_and_context_alone() {
        let random = SequenceRandom::new(1);
        let envelope = Envelope::new(&Secret32::new([1; 32]));
        let sealed = envelope.seal(b"a", b"secret", &random);
        assert_eq!(sealed.len(), 6 + Envelope::OVERHEAD);
        assert_eq!(envelope.open(b"a", &sealed).unwrap().as_slice(), b"secret");
        assert_eq!(envelope.open(b"b", &sealed).err(), Some(OpenError));
        assert_eq!(Envelope::new(&Secret32::new([2; 32])).open(b"a", &sealed).err(), Some(OpenError));
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert_eq!(envelope.open(b"a", &altered).err(), Some(OpenError), "byte {at}");
            assert_eq!(envelope.open(b"a", &sealed[..at]).err(), Some(OpenError), "cut at {at}");
        }
    }
}
