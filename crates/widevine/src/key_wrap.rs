//! Key containers: step 9 of widevine.md, section 5.

use aws_lc_rs::cipher::{AES_128, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;

/// Wraps keys by AES-128-CBC with PKCS#7.
pub struct KeyWrap(PaddedBlockEncryptingKey);

impl KeyWrap {
    /// Wraps with `key`.
    pub fn new(key: &[u8; 16]) -> Self {
        UnboundCipherKey::new(&AES_128, key)
            .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
            .map(Self)
            .expect("an AES-128 key has 16 bytes")
    }

    /// The wrapped `key`, one block longer.
    pub fn wrap(&self, iv: &[u8; 16], key: &[u8]) -> Vec<u8> {
        // Room for the padding, so that no copy of the clear key is left behind by growing.
        let mut wrapped = Vec::with_capacity(key.len() + 16);
        wrapped.extend_from_slice(key);
        self.0
            .less_safe_encrypt(&mut wrapped, EncryptionContext::Iv128(FixedLength::from(iv)))
            .expect("padded CBC encrypts any number of bytes");
        wrapped
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;

    #[test]
    fn the_vectors_of_the_specification() {
        // widevine.md, section 13.1.
        let wrap = KeyWrap::new(&hex::decode(b"fda71326e8f844916459234cfbe834e1").unwrap());
        let iv = hex::decode(b"101112131415161718191a1b1c1d1e1f").unwrap();
        let key = hex::decode::<16>(b"00112233445566778899aabbccddeeff").unwrap();
        assert_eq!(
            hex::encode(&wrap.wrap(&iv, &key)),
            "5170af642c97c95281a83917c40075a7ef5454269dcae949389025de8027d176"
        );
        let iv = hex::decode(b"202122232425262728292a2b2c2d2e2f").unwrap();
        let key: Vec<u8> = (0..0x40).collect();
        assert_eq!(
            hex::encode(&wrap.wrap(&iv, &key)),
            "22eb990860f749835c241c6835c76fccf13bd0fcb5db19508304f5bd72a863ce\
             721835c5b362a7ab6343cf6d6d19fd866c2a03feb2e2ebcb7b28ea462f02afba\
             6a0b9af6c26a1cf5711298e26b96e872"
        );
    }
}
