//! The signature of a request (widevine.md, section 9.1).

use std::fmt;
use std::sync::Arc;

use aws_lc_rs::cipher::{AES_256, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::digest;
use aws_lc_rs::iv::FixedLength;
use rsa_pss_sha1::{Hash, PublicKey};
use subtle::ConstantTimeEq as _;
use zeroize::Zeroizing;

/// The two paddings that public clients put behind the 20 bytes of the hash: PKCS#7, and zeros.
const PADDINGS: [[u8; 12]; 2] = [[12; 12], [0; 12]];

/// What a signature is checked with. Never printed.
#[derive(Clone)]
pub enum RequestKey {
    /// AES-256-CBC over the padded SHA-1.
    Aes {
        /// The key.
        key: Zeroizing<[u8; 32]>,
        /// The initialisation vector, the same for all requests.
        iv: [u8; 16],
    },
    /// RSASSA-PSS with SHA-1 and a salt of 20 bytes.
    Rsa(Arc<PublicKey>),
}

impl RequestKey {
    /// Whether this is the signature of these very bytes.
    pub(super) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        match self {
            Self::Aes { key, iv } => verifies_aes(key, *iv, message, signature),
            Self::Rsa(key) => key.verify(Hash::Sha1, message, signature).is_ok(),
        }
    }
}

fn verifies_aes(key: &[u8; 32], iv: [u8; 16], message: &[u8], signature: &[u8]) -> bool {
    let Ok(mut padded) = <[u8; 32]>::try_from(signature) else { return false };
    let cipher = UnboundCipherKey::new(&AES_256, key).and_then(DecryptingKey::cbc);
    let cipher = cipher.expect("AES-256 takes a key of 32 bytes");
    let context = DecryptionContext::Iv128(FixedLength::from(iv));
    if cipher.decrypt(&mut padded, context).is_err() {
        return false;
    }
    let (hash, padding) = padded.split_at(20);
    let expected = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, message);
    bool::from(hash.ct_eq(expected.as_ref())) && PADDINGS.iter().any(|known| known == padding)
}

impl fmt::Debug for RequestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Aes { .. } => "Aes(..)",
            Self::Rsa(_) => "Rsa(..)",
        })
    }
}
