//! Who signs requests, and how (widevine.md, section 9.1).

use std::fmt;

use aws_lc_rs::cipher::{AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use aws_lc_rs::iv::FixedLength;
use rsa_pss_sha1::{Hash, KeyError, PrivateKey};
use thiserror::Error;

use crate::pem;

/// The PKCS#7 padding behind the 20 bytes of a SHA-1.
const PADDING: [u8; 12] = [12; 12];

/// What requests are signed with, and under which name. Never printed; the keys are wiped when it is dropped.
pub struct RequestSigner {
    name: String,
    key: SigningKey,
}

enum SigningKey {
    Aes { cipher: Box<EncryptingKey>, iv: [u8; 16] },
    Rsa(PrivateKey),
}

/// Why bytes are no signing key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum SignerError {
    /// No PEM of one of the two kinds.
    #[error("expected PEM that begins with BEGIN RSA PRIVATE KEY (PKCS#1) or BEGIN PRIVATE KEY (PKCS#8)")]
    NotPem,
    /// The structure around the key cannot be read, or it is no RSA key.
    #[error("the PKCS#8 structure holds no RSA key")]
    NotPkcs8,
    /// The key.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl RequestSigner {
    /// Signs by AES-256-CBC over the padded SHA-1.
    #[must_use]
    pub fn aes(name: impl Into<String>, key: &[u8; 32], iv: [u8; 16]) -> Self {
        let cipher = UnboundCipherKey::new(&AES_256, key).and_then(EncryptingKey::cbc);
        let cipher = cipher.expect("an AES-256 key has 32 bytes");
        Self { name: name.into(), key: SigningKey::Aes { cipher: Box::new(cipher), iv } }
    }

    /// Signs by RSASSA-PSS with SHA-1 and a salt of 20 bytes, with a key in PKCS#1 or PKCS#8 PEM.
    ///
    /// # Errors
    /// [`SignerError`].
    pub fn rsa(name: impl Into<String>, text: &[u8]) -> Result<Self, SignerError> {
        let key = if let Some(pkcs1) = pem::read(text, "RSA PRIVATE KEY") {
            PrivateKey::from_pkcs1(&pkcs1)?
        } else {
            let pkcs8 = pem::read(text, "PRIVATE KEY").ok_or(SignerError::NotPem)?;
            PrivateKey::from_pkcs1(crate::der::rsa_private_key(&pkcs8).ok_or(SignerError::NotPkcs8)?)?
        };
        Ok(Self { name: name.into(), key: SigningKey::Rsa(key) })
    }

    /// The name of the signer.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The signature of these very bytes.
    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.key {
            SigningKey::Rsa(key) => key.sign(Hash::Sha1, message),
            SigningKey::Aes { cipher, iv } => {
                let mut padded = digest(&SHA1_FOR_LEGACY_USE_ONLY, message).as_ref().to_vec();
                padded.extend_from_slice(&PADDING);
                cipher
                    .less_safe_encrypt(&mut padded, EncryptionContext::Iv128(FixedLength::from(iv)))
                    .expect("two blocks are whole blocks");
                padded
            }
        }
    }
}

impl fmt::Debug for RequestSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RequestSigner({:?}, ..)", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::{base64, hex};

    fn public_signer() -> RequestSigner {
        // widevine.md, section 13.1: the public test signer of Shaka Packager's documentation.
        let key = hex::decode(b"1ae8ccd0e7985cc0b6203a55855a1034afc252980e970ca90e5202689f947ab9").unwrap();
        RequestSigner::aes("widevine_test", &key, hex::decode(b"d58ce954203b7c9a9a9d467f59839249").unwrap())
    }

    #[test]
    fn the_signatures_of_the_specification() {
        let signed = |message: &str| base64::encode(&public_signer().sign(message.as_bytes()));
        let packager = r#"{"content_id":"dGVzdCBjb250ZW50IGlk","policy":"","tracks":[{"type":"SD"},{"type":"HD"},{"type":"UHD1"},{"type":"UHD2"},{"type":"AUDIO"}],"drm_types":["WIDEVINE"],"protection_scheme":"CENC"}"#;
        assert_eq!(packager.len(), 189);
        assert_eq!(signed(packager), "6D7aXKgIsgmb3zpWS4LCROsYbT4CAZhJTI8ZTa2ykSM=");
        assert_eq!(signed(r#"{"payload":"CAQ="}"#), "shlE/X0IKTDQ7BMSreF1T7NdMLAedpTR4N79I6Lz2/E=");
    }

    #[test]
    fn texts_that_are_no_key_are_told_apart() {
        let refused = |text: &[u8]| RequestSigner::rsa("acme", text).unwrap_err();
        assert_eq!(refused(b""), SignerError::NotPem);
        let pkcs8 = b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert_eq!(refused(pkcs8), SignerError::NotPkcs8);
        let pkcs1 = b"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        assert_eq!(refused(pkcs1), SignerError::Key(KeyError::NotPkcs1));
    }

    #[test]
    fn a_signer_prints_its_name_alone() {
        assert_eq!(format!("{:?}", public_signer()), r#"RequestSigner("widevine_test", ..)"#);
    }
}
