//! RSASSA-PSS (RFC 8017, section 8.1) with SHA-1, which Widevine signs with and which the safe
//! interface of `aws-lc-rs` leaves out.
//!
//! What it is: two key types read from PKCS#1 DER, [`PublicKey::verify`] and [`PrivateKey::sign`],
//! over the very AWS-LC that `aws-lc-rs` links. What it is not: a general RSA library. There is no
//! encryption, no key generation and no other padding here; `aws-lc-rs` has those.
//!
//! This is the only crate of the project with unsafe code. All of it stands in one private module of
//! six calls, each with the reason why it is sound.

mod bindings;

use std::fmt;

use aws_lc_rs::digest;
use thiserror::Error;

use crate::bindings::Rsa;

/// The smallest modulus that is accepted, in bits.
pub const SMALLEST_MODULUS_BITS: u32 = 2048;
/// The largest modulus that is accepted, in bits. Larger ones only cost time.
pub const LARGEST_MODULUS_BITS: u32 = 4096;

/// The hash of a signature: of the message and of MGF1 alike.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hash {
    /// SHA-1 with a salt of exactly 20 bytes.
    Sha1,
    /// SHA-256; signed with a salt of 32 bytes, verified with a salt of any length.
    Sha256,
    /// SHA-384; signed with a salt of 48 bytes, verified with a salt of any length.
    Sha384,
}

/// Verifies signatures. May be shared between threads.
pub struct PublicKey(Rsa);

/// Makes signatures. Never printed; AWS-LC wipes it when it is dropped. May be shared between threads.
pub struct PrivateKey(Rsa);

/// Why bytes are no key that this crate works with.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KeyError {
    /// Not one whole PKCS#1 structure, or its numbers cannot belong to an RSA key.
    #[error("the bytes are no PKCS#1 RSA key")]
    NotPkcs1,
    /// A modulus outside of the accepted range.
    #[error("got a modulus of {got} bits, expected {SMALLEST_MODULUS_BITS} to {LARGEST_MODULUS_BITS}")]
    ModulusBits {
        /// How many bits the modulus has.
        got: u32,
    },
}

/// A signature that is not of this key, this hash and this message.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the signature does not verify")]
pub struct BadSignature;

impl PublicKey {
    /// Reads an `RSAPublicKey` (RFC 8017, appendix A.1.1), DER.
    ///
    /// # Errors
    /// [`KeyError`], also for anything behind the key.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        in_range(Rsa::public_from_pkcs1(der).ok_or(KeyError::NotPkcs1)?).map(Self)
    }

    /// The length of the modulus, in bits.
    #[must_use]
    pub fn modulus_bits(&self) -> u32 {
        self.0.modulus_bits()
    }

    /// Whether `signature` is this key's signature over `message`.
    ///
    /// # Errors
    /// [`BadSignature`], whatever is wrong with it.
    pub fn verify(&self, hash: Hash, message: &[u8], signature: &[u8]) -> Result<(), BadSignature> {
        self.verify_parts(hash, &[message], signature)
    }

    /// As [`Self::verify`], over the concatenation of `parts`, without copying them together.
    ///
    /// # Errors
    /// [`BadSignature`], whatever is wrong with it.
    pub fn verify_parts(&self, hash: Hash, parts: &[&[u8]], signature: &[u8]) -> Result<(), BadSignature> {
        let mut context = digest::Context::new(hash.algorithm());
        for part in parts {
            context.update(part);
        }
        if self.0.verify_pss(hash, context.finish().as_ref(), signature) { Ok(()) } else { Err(BadSignature) }
    }
}

impl PrivateKey {
    /// Reads an `RSAPrivateKey` (RFC 8017, appendix A.1.2), DER, and checks that its numbers fit together.
    ///
    /// # Errors
    /// [`KeyError`], also for anything behind the key.
    pub fn from_pkcs1(der: &[u8]) -> Result<Self, KeyError> {
        in_range(Rsa::private_from_pkcs1(der).ok_or(KeyError::NotPkcs1)?).map(Self)
    }

    /// The length of the modulus, in bits.
    #[must_use]
    pub fn modulus_bits(&self) -> u32 {
        self.0.modulus_bits()
    }

    /// Signs `message`. The salt is drawn by AWS-LC. The signature is as long as the modulus.
    #[must_use]
    pub fn sign(&self, hash: Hash, message: &[u8]) -> Vec<u8> {
        let digest = digest::digest(hash.algorithm(), message);
        self.0
            .sign_pss(hash, digest.as_ref())
            .expect("a checked key of 2048 bits or more holds the padding of every one of the hashes")
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({} bits)", self.modulus_bits())
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

impl Hash {
    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
        }
    }
}

fn in_range(key: Rsa) -> Result<Rsa, KeyError> {
    match key.modulus_bits() {
        SMALLEST_MODULUS_BITS..=LARGEST_MODULUS_BITS => Ok(key),
        got => Err(KeyError::ModulusBits { got }),
    }
}
