//! The key seed algorithm: a content key from a seed and a KID (playready.md, section 10).

use std::fmt;

use aws_lc_rs::digest::{Context, Digest, SHA256};
use drm_primitives::{ContentKey, Kid};
use thiserror::Error;
use zeroize::ZeroizeOnDrop;

/// The first 30 bytes of a seed, which are all that is used of it. Never printed, wiped when dropped.
#[derive(Clone, ZeroizeOnDrop)]
pub struct KeySeed([u8; 30]);

/// Fewer than 30 bytes.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("got {got} bytes, expected at least 30")]
pub struct KeySeedError {
    /// How many came.
    pub got: usize,
}

impl KeySeed {
    /// Takes the first 30 bytes.
    ///
    /// # Errors
    /// [`KeySeedError`] where there are fewer.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, KeySeedError> {
        bytes.first_chunk().map(|seed| Self(*seed)).ok_or(KeySeedError { got: bytes.len() })
    }

    /// The key of a KID.
    #[must_use]
    pub fn content_key(&self, kid: &Kid) -> ContentKey {
        let (seed, kid) = (self.0.as_slice(), kid.guid_bytes());
        let hashes = [hash(&[seed, &kid]), hash(&[seed, &kid, seed]), hash(&[seed, &kid, seed, &kid])];
        let mut key = [0; 16];
        for hash in &hashes {
            for half in hash.as_ref().chunks_exact(16) {
                for (byte, hashed) in key.iter_mut().zip(half) {
                    *byte ^= hashed;
                }
            }
        }
        ContentKey::from_bytes(key)
    }
}

impl fmt::Debug for KeySeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySeed(..)")
    }
}

fn hash(parts: &[&[u8]]) -> Digest {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    context.finish()
}

#[cfg(test)]
mod tests {
    use drm_primitives::{base64, hex};

    use super::*;
    use crate::checksum::checksum;

    #[test]
    fn seed_byte_order_and_checksum_give_the_published_values() {
        let seed = base64::decode(b"XVBovsmzhP9gRIZxWfFta3VVRPzVEWmJsazEJ46I").unwrap();
        let seed = KeySeed::from_bytes(&seed).unwrap();
        for (header, kid, key, check) in [
            (
                "4Rplb+TbNES8tGkNFWTEHA==",
                "6f651ae1dbe44434bcb4690d1564c41c",
                "88da852ae4fa2e1e36aeb2d5c94997b1",
                "KLj3QzQP/NA=",
            ),
            (
                "0IbHou/5s0yzM80yOkKEpQ==",
                "a2c786d0f9ef4cb3b333cd323a4284a5",
                "4edb7704cdbf03617f4800bd878a6df2",
                "xNvWVxoWk04=",
            ),
            (
                "/qgG2xbs4k2SKCxx6bhWqw==",
                "db06a8feec164de292282c71e9b856ab",
                "3179923adf3c929892951e62f93a518a",
                "GnKaQIRacPU=",
            ),
            (
                "q5HgCTj40kGeNVhTH9Gexw==",
                "09e091abf83841d29e3558531fd19ec7",
                "9cb061164b7013eaefcc7d6d18424c2c",
                "w+OZVr8vzrQ=",
            ),
        ] {
            let wire = base64::decode(header.as_bytes()).unwrap().try_into().unwrap();
            let named = Kid::from_guid_bytes(wire);
            assert_eq!(named.to_hex(), kid);
            assert_eq!(base64::encode(&named.guid_bytes()), header);
            let derived = seed.content_key(&named);
            assert_eq!(hex::encode(derived.expose()), key);
            assert_eq!(base64::encode(&checksum(&derived, &named)), check);
        }
    }

    #[test]
    fn a_seed_has_30_bytes_at_least_and_is_not_printed() {
        assert_eq!(KeySeed::from_bytes(&[0; 29]).unwrap_err(), KeySeedError { got: 29 });
        assert_eq!(format!("{:?}", KeySeed::from_bytes(&[0; 31]).unwrap()), "KeySeed(..)");
    }
}
