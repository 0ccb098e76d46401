//! The client's side of the keys of a licence, written independently of the issuer's.

use aws_lc_rs::cipher::{AES_128, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::cmac;
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use zeroize::Zeroizing;

/// Whether `tag` is the HMAC-SHA256 of `message`.
pub fn mac_is_right(key: &[u8], message: &[u8], tag: &[u8]) -> bool {
    hmac::verify(&hmac::Key::new(hmac::HMAC_SHA256, key), message, tag).is_ok()
}

/// The HMAC-SHA256 of `message`.
pub fn mac_of(key: &[u8], message: &[u8]) -> Vec<u8> {
    hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), message).as_ref().to_vec()
}

/// The key that unwraps the keys of a licence.
pub fn unwrapping_key(session_key: &[u8; 16], request: &[u8]) -> Zeroizing<Vec<u8>> {
    let message = [b"\x01ENCRYPTION\0", request, b"\x00\x00\x00\x80"].concat();
    aes_cmac(session_key, &message)
}

/// The key that the licence is authenticated with.
pub fn server_mac_key(session_key: &[u8; 16], request: &[u8]) -> Zeroizing<Vec<u8>> {
    let block = |counter: u8| {
        let message = [&[counter], &b"AUTHENTICATION\0"[..], request, b"\x00\x00\x02\x00"].concat();
        aes_cmac(session_key, &message)
    };
    Zeroizing::new([block(1).as_slice(), block(2).as_slice()].concat())
}

/// AES-128-CBC without its PKCS#7 padding, every byte of which has to be right.
pub fn unwrap(key: &[u8], iv: &[u8], wrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let iv = <[u8; 16]>::try_from(iv).ok()?;
    if wrapped.is_empty() || !wrapped.len().is_multiple_of(16) {
        return None;
    }
    let mut clear = Zeroizing::new(wrapped.to_vec());
    let cipher = DecryptingKey::cbc(UnboundCipherKey::new(&AES_128, key).ok()?).ok()?;
    cipher.decrypt(&mut clear, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?;
    let padding = *clear.last()?;
    let length = clear.len().checked_sub(usize::from(padding))?;
    let padded = (1..=16).contains(&padding) && clear.get(length..)?.iter().all(|byte| *byte == padding);
    padded.then(|| {
        clear.truncate(length);
        clear
    })
}

fn aes_cmac(key: &[u8; 16], message: &[u8]) -> Zeroizing<Vec<u8>> {
    let tag = cmac::Key::new(cmac::AES_128, key).and_then(|key| cmac::sign(&key, message));
    Zeroizing::new(tag.expect("AES-128 takes a key of 16 bytes and any message").as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;

    fn bytes(text: &str) -> Vec<u8> {
        hex::decode_any(text.as_bytes()).unwrap()
    }

    #[test]
    fn the_vectors_of_the_specification() {
        // widevine.md, section 13.1.
        let session_key = hex::decode(b"000102030405060708090a0b0c0d0e0f").unwrap();
        let request = bytes("18012080a8d6ee063015");
        let key = unwrapping_key(&session_key, &request);
        assert_eq!(*key, bytes("fda71326e8f844916459234cfbe834e1"));
        let mac_key = server_mac_key(&session_key, &request);
        assert_eq!(*mac_key, bytes("450c268f2cb0682d1f91361b88bc00a23bc91f01e6f83b74d976ff4706d2faa9"));
        let tag = bytes("6c7029e2bb33680b38cf34b86c94ad3d4dde3b47da65d155a506d302d3e5a942");
        assert!(mac_is_right(&mac_key, b"boxoffice license bytes", &tag));
        assert!(!mac_is_right(&mac_key, b"boxoffice licence bytes", &tag));
        let wrapped = bytes("5170af642c97c95281a83917c40075a7ef5454269dcae949389025de8027d176");
        let iv = bytes("101112131415161718191a1b1c1d1e1f");
        assert_eq!(**unwrap(&key, &iv, &wrapped).unwrap(), bytes("00112233445566778899aabbccddeeff"));
        assert!(unwrap(&key, &iv, &wrapped[..16]).is_none());
        assert!(unwrap(&key, &iv, &wrapped[..31]).is_none());
        assert!(unwrap(&key, &iv[1..], &wrapped).is_none());
    }
}
