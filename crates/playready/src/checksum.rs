//! CHECKSUM: what a header says about a key, so that a wrong one is noticed (playready.md, section 10).

use aws_lc_rs::cipher::{AES_128, EncryptingKey, UnboundCipherKey};
use drm_primitives::{ContentKey, Kid};

/// For AESCTR: the first 8 bytes of the KID, as a little-endian GUID, encrypted with the key. AESCBC has none.
#[must_use]
pub fn checksum(key: &ContentKey, kid: &Kid) -> [u8; 8] {
    let mut block = kid.guid_bytes();
    UnboundCipherKey::new(&AES_128, key.expose())
        .and_then(EncryptingKey::ecb)
        .and_then(|key| key.encrypt(&mut block))
        .expect("a key of 16 bytes encrypts a block of 16");
    *block.first_chunk().expect("16 bytes begin with 8")
}
