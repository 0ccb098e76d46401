//! A shared secret: what it is compared with and what it signs, and not itself.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::{constant_time, hmac};

/// A shared secret of one name.
pub(crate) struct Secret {
    /// Secrets are compared by their digests, which all have one length.
    digest: [u8; 32],
    signing: hmac::Key,
}

impl Secret {
    /// Takes what a file holds, without its last line break; `None` where nothing is left.
    pub fn from_file(bytes: &[u8]) -> Option<Self> {
        let bytes =
            bytes.strip_suffix(b"\n").map_or(bytes, |bytes| bytes.strip_suffix(b"\r").unwrap_or(bytes));
        let signing = || hmac::Key::new(hmac::HMAC_SHA256, bytes);
        (!bytes.is_empty()).then(|| Self { digest: sha256(bytes), signing: signing() })
    }

    /// Whether this is the secret, in constant time.
    pub fn is(&self, given: &[u8]) -> bool {
        constant_time::verify_slices_are_equal(&self.digest, &sha256(given)).is_ok()
    }

    /// Signs these parts, one after the other.
    pub fn sign(&self, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.signing);
        for part in parts {
            context.update(part);
        }
        context.sign().as_ref().try_into().expect("HMAC-SHA256 has 32 bytes")
    }

    /// Whether it signed these parts, one after the other, in constant time.
    pub fn signed(&self, parts: &[&[u8]], signature: &[u8; 32]) -> bool {
        constant_time::verify_slices_are_equal(&self.sign(parts), signature).is_ok()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;

    #[test]
    fn the_last_line_break_of_a_file_is_not_part_of_the_secret() {
        for file in ["s", "s\n", "s\r\n"] {
            assert!(Secret::from_file(file.as_bytes()).unwrap().is(b"s"), "{file:?}");
        }
        assert!(Secret::from_file(b"s\n\n").unwrap().is(b"s\n"));
        assert!(Secret::from_file(b" s").unwrap().is(b" s"));
        assert!(Secret::from_file(b"\n").is_none() && Secret::from_file(b"").is_none());
    }

    #[test]
    fn signatures_are_those_of_rfc_4231() {
        // RFC 4231, section 4.3: test case 2.
        let secret = Secret::from_file(b"Jefe").unwrap();
        let signature =
            hex::decode(b"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843").unwrap();
        assert!(secret.signed(&[b"what do ya want ", b"for nothing?"], &signature));
        assert!(!secret.signed(&[b"what do ya want for nothing"], &signature));
    }
}
