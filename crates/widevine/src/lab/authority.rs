//! Those who sign certificates: the root, and each model.

use prost::Message as _;
use rsa_pss_sha1::{Hash, PrivateKey};

use super::credentials::Credentials;
use crate::messages::{DrmCertificate, SignedDrmCertificate};

/// A certificate whose key signs others.
#[derive(Debug)]
pub struct Authority {
    pub(super) certificate: Vec<u8>,
    pub(super) credentials: Credentials,
    key: PrivateKey,
}

impl Authority {
    /// Takes a `SignedDrmCertificate` and its key.
    pub(super) fn new(certificate: Vec<u8>, credentials: Credentials) -> Option<Self> {
        let key = PrivateKey::from_pkcs1(&credentials.private_key).ok()?;
        Some(Self { certificate, credentials, key })
    }

    /// The authority of `credentials` that certifies itself.
    pub(super) fn self_signed(certificate: &DrmCertificate, credentials: Credentials) -> Self {
        let mut authority =
            Self::new(Vec::new(), credentials).expect("a key pair of 2048 bits or more can sign");
        authority.certificate = authority.sign(certificate).encode_to_vec();
        authority
    }

    /// The `SignedDrmCertificate`.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Certifies somebody: RSASSA-PSS with SHA-1 over the certificate's bytes, no `signer` attached. Does
    /// not ask whether the certificate makes sense, so that tests can have ones that do not.
    #[must_use]
    pub fn sign(&self, certificate: &DrmCertificate) -> SignedDrmCertificate {
        let certificate = certificate.encode_to_vec();
        SignedDrmCertificate {
            signature: Some(self.key.sign(Hash::Sha1, &certificate)),
            drm_certificate: Some(certificate),
            ..SignedDrmCertificate::default()
        }
    }
}
