//! Verifies a device's chain against one root: the checks of section 3, in their order.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use thiserror::Error;

use super::tables::{kind, usage};
use super::{Certificate, Chain, Revocations, sha256};
use crate::curve::{self, NotOnCurve, PublicKey};

/// The one root that is trusted, and the issuers' certificates found good so far.
#[derive(Debug)]
pub struct Trust {
    root: PublicKey,
    verified: RwLock<HashSet<[u8; 32]>>,
}

/// Why a chain is not trusted. Certificates count from 0, the leaf.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ChainError {
    /// A device has an issuer at least.
    #[error("got a chain of {got}, expected 2 to 6 certificates")]
    Count {
        /// How many there are.
        got: usize,
    },
    /// The leaf is no device, or another certificate no issuer.
    #[error("certificate {index} is of type {got}, expected {expected}")]
    Kind {
        /// Which certificate.
        index: usize,
        /// Its type.
        got: u32,
        /// The type that its place asks for.
        expected: u32,
    },
    /// No key for issuing devices, for signing or for receiving keys.
    #[error("certificate {index} has no key of usage {usage}")]
    Usage {
        /// Which certificate.
        index: usize,
        /// The usage that is missing.
        usage: u32,
    },
    /// Signed with a key that the next certificate does not have.
    #[error("certificate {index} is not signed by the next one")]
    Issuer {
        /// Which certificate.
        index: usize,
    },
    /// The last certificate is signed by another root.
    #[error("the last certificate is signed by another root than the lab's")]
    ForeignRoot,
    /// A signature does not verify.
    #[error("the signature of certificate {index} does not verify")]
    Signature {
        /// Which certificate.
        index: usize,
    },
    /// More secure than its issuer.
    #[error("certificate {index} claims security level {level}, above its issuer's {issuer}")]
    Level {
        /// Which certificate.
        index: usize,
        /// Its level.
        level: u32,
        /// Its issuer's.
        issuer: u32,
    },
    /// Expired.
    #[error("certificate {index} expired at {expiry}, now {now}, in unix seconds")]
    Expired {
        /// Which certificate.
        index: usize,
        /// When.
        expiry: u32,
        /// The server's clock.
        now: i64,
    },
    /// BASIC's digest is not that of the first key.
    #[error("certificate {index} names another key in BASIC than it has")]
    KeyDigest {
        /// Which certificate.
        index: usize,
    },
    /// A key is no point of the curve.
    #[error("certificate {index} has a key that is no point on P-256")]
    OffCurve {
        /// Which certificate.
        index: usize,
    },
}

/// Why a chain is refused.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum VerifyError {
    /// Not trusted: 0x8004c601.
    #[error(transparent)]
    Untrusted(#[from] ChainError),
    /// A certificate of it is revoked: 0x8004c065.
    #[error("certificate {index} is revoked")]
    Revoked {
        /// Which certificate, the leaf being 0.
        index: usize,
        /// The digest that the list names.
        digest: [u8; 32],
    },
}

/// The keys of a verified leaf.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LeafKeys {
    pub(crate) signing: PublicKey,
    pub(crate) encryption: PublicKey,
}

impl Trust {
    /// More verified issuers than a lab ever has: a test that makes new ones all the time must not fill memory.
    const REMEMBERED: usize = 256;

    /// Trusts this root and no other.
    #[must_use]
    pub fn new(root: PublicKey) -> Self {
        Self { root, verified: RwLock::default() }
    }

    /// The root.
    #[must_use]
    pub const fn root(&self) -> &PublicKey {
        &self.root
    }

    /// Checks 2 to 6 of section 3, and of 7 that the leaf has its two keys.
    ///
    /// # Errors
    /// The first check that fails.
    pub(crate) fn verify_device(
        &self,
        chain: &Chain,
        now: i64,
        revocations: &Revocations,
    ) -> Result<LeafKeys, VerifyError> {
        let certificates = chain.certificates();
        if certificates.len() < 2 {
            return Err(ChainError::Count { got: certificates.len() }.into());
        }
        check_kinds(certificates)?;
        self.check_signatures(certificates)?;
        check_levels_and_expiry(certificates, now)?;
        check_keys(certificates)?;
        for (index, certificate) in certificates.iter().enumerate() {
            for digest in [certificate.digest(), certificate.body().basic.key_digest] {
                if revocations.contains(&digest) {
                    return Err(VerifyError::Revoked { index, digest });
                }
            }
        }
        Ok(leaf_keys(chain)?)
    }

    fn check_signatures(&self, certificates: &[Certificate]) -> Result<(), ChainError> {
        let mut fresh = Vec::new();
        for (index, certificate) in certificates.iter().enumerate() {
            match certificates.get(index + 1) {
                Some(issuer) if !issues(issuer, &certificate.issuer_key) => {
                    return Err(ChainError::Issuer { index });
                }
                None if certificate.issuer_key != *self.root.as_bytes() => {
                    return Err(ChainError::ForeignRoot);
                }
                _ => {}
            }
            // Issuers are few and come again with every device; a leaf is new, or soon forgotten.
            let remembered = (index > 0).then(|| sha256(certificate.as_bytes()));
            if remembered.is_some_and(|digest| self.remembers(&digest)) {
                continue;
            }
            if !curve::verify(&certificate.issuer_key, certificate.signed_bytes(), &certificate.signature) {
                return Err(ChainError::Signature { index });
            }
            fresh.extend(remembered);
        }
        // Only now: what has no way to the root must not be able to push others out.
        if !fresh.is_empty() {
            let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
            if verified.len() + fresh.len() > Self::REMEMBERED {
                verified.clear();
            }
            verified.extend(fresh);
        }
        Ok(())
    }

    fn remembers(&self, digest: &[u8; 32]) -> bool {
        self.verified.read().unwrap_or_else(PoisonError::into_inner).contains(digest)
    }
}

fn check_kinds(certificates: &[Certificate]) -> Result<(), ChainError> {
    for (index, certificate) in certificates.iter().enumerate() {
        let expected = if index == 0 { kind::DEVICE } else { kind::ISSUER };
        let got = certificate.body().basic.kind;
        if got != expected {
            return Err(ChainError::Kind { index, got, expected });
        }
        if index > 0 && certificate.body().key_for(usage::ISSUER_DEVICE).is_none() {
            return Err(ChainError::Usage { index, usage: usage::ISSUER_DEVICE });
        }
    }
    Ok(())
}

/// Whether `issuer` has this key, and may issue devices with it.
fn issues(issuer: &Certificate, key: &[u8; 64]) -> bool {
    issuer
        .body()
        .keys()
        .iter()
        .any(|certified| certified.key == *key && certified.usages.contains(&usage::ISSUER_DEVICE))
}

fn check_levels_and_expiry(certificates: &[Certificate], now: i64) -> Result<(), ChainError> {
    for (index, certificate) in certificates.iter().enumerate() {
        let basic = &certificate.body().basic;
        if let Some(issuer) = certificates.get(index + 1) {
            let (level, issuer) = (basic.security_level, issuer.body().basic.security_level);
            if level > issuer {
                return Err(ChainError::Level { index, level, issuer });
            }
        }
        if basic.expiry != u32::MAX && now > i64::from(basic.expiry) {
            return Err(ChainError::Expired { index, expiry: basic.expiry, now });
        }
    }
    Ok(())
}

fn check_keys(certificates: &[Certificate]) -> Result<(), ChainError> {
    for (index, certificate) in certificates.iter().enumerate() {
        let keys = certificate.body().keys();
        if keys.first().map(|first| sha256(&first.key)) != Some(certificate.body().basic.key_digest) {
            return Err(ChainError::KeyDigest { index });
        }
        if keys.iter().any(|key| curve::point_from_bytes(&key.key).is_none()) {
            return Err(ChainError::OffCurve { index });
        }
    }
    Ok(())
}

fn leaf_keys(chain: &Chain) -> Result<LeafKeys, ChainError> {
    let key = |usage| {
        let bytes = chain.leaf().body().key_for(usage).ok_or(ChainError::Usage { index: 0, usage })?;
        PublicKey::from_bytes(bytes).map_err(|NotOnCurve| ChainError::OffCurve { index: 0 })
    };
    Ok(LeafKeys { signing: key(usage::SIGN)?, encryption: key(usage::ENCRYPT_KEY)? })
}
