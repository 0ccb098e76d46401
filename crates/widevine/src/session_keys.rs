//! The keys of one licence, from its session key: step 8 of widevine.md, section 5.

use aws_lc_rs::cmac;
use zeroize::Zeroizing;

/// What comes of a session key and the request R.
pub struct SessionKeys {
    /// Wraps the keys of the licence.
    pub encryption: Zeroizing<[u8; 16]>,
    /// Authenticates the licence.
    pub mac_server: Zeroizing<[u8; 32]>,
}

impl SessionKeys {
    /// Derives the keys from the session key and the bytes of the `LicenseRequest` as they came.
    pub fn derive(session_key: &[u8; 16], request: &[u8]) -> Self {
        let key = cmac_key(session_key);
        let mut encryption = Zeroizing::new([0; 16]);
        let tag = derive_block(&key, 1, b"ENCRYPTION\0", request, 128);
        encryption.copy_from_slice(tag.as_ref());
        Self { encryption, mac_server: mac_key(&key, 1, request) }
    }
}

fn cmac_key(session_key: &[u8; 16]) -> cmac::Key {
    cmac::Key::new(cmac::AES_128, session_key).expect("an AES-128 key has 16 bytes")
}

/// 32 bytes of two blocks. The server's key begins at 1, the client's (which nothing here needs) at 3.
fn mac_key(key: &cmac::Key, first: u8, request: &[u8]) -> Zeroizing<[u8; 32]> {
    let mut derived = Zeroizing::new([0; 32]);
    for (counter, half) in (first..).zip(derived.chunks_exact_mut(16)) {
        half.copy_from_slice(derive_block(key, counter, b"AUTHENTICATION\0", request, 512).as_ref());
    }
    derived
}

/// CMAC over counter, label, R and the length in bits.
fn derive_block(key: &cmac::Key, counter: u8, label: &[u8], request: &[u8], bits: u32) -> cmac::Tag {
    let mut context = cmac::Context::with_key(key);
    for part in [&[counter], label, request, &bits.to_be_bytes()] {
        context.update(part).expect("AES-CMAC takes any number of bytes");
    }
    context.sign().expect("AES-CMAC gives a tag")
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;

    #[test]
    fn the_vectors_of_the_specification() {
        // widevine.md, section 13.1.
        let session_key = hex::decode(b"000102030405060708090a0b0c0d0e0f").unwrap();
        let request = hex::decode::<10>(b"18012080a8d6ee063015").unwrap();
        let keys = SessionKeys::derive(&session_key, &request);
        assert_eq!(hex::encode(&*keys.encryption), "fda71326e8f844916459234cfbe834e1");
        assert_eq!(
            hex::encode(&*keys.mac_server),
            "450c268f2cb0682d1f91361b88bc00a23bc91f01e6f83b74d976ff4706d2faa9"
        );
        assert_eq!(
            hex::encode(&*mac_key(&cmac_key(&session_key), 3, &request)),
            "a345686eccd5e8800ee96d2760c3651330da2f9de5c7087e6a227293aa175870"
        );
    }
}
