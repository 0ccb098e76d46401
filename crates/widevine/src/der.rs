//! The little DER that stands between PKCS#1 keys, which Widevine has, and the forms that aws-lc-rs reads.

use zeroize::Zeroizing;

const SEQUENCE: u8 = 0x30;
const OCTET_STRING: u8 = 0x04;
const BIT_STRING: u8 = 0x03;
/// `INTEGER 0`: the version of PKCS#8.
const VERSION_0: [u8; 3] = [0x02, 0x01, 0x00];
/// `AlgorithmIdentifier` of `rsaEncryption`, 1.2.840.113549.1.1.1, with its NULL.
const RSA_ENCRYPTION: [u8; 15] =
    [0x30, 0x0D, 0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01, 0x05, 0x00];

/// `SubjectPublicKeyInfo` (RFC 5280) of a PKCS#1 `RSAPublicKey`.
pub fn subject_public_key_info(pkcs1: &[u8]) -> Vec<u8> {
    // The first byte of a bit string says how many bits of the last one do not count.
    let bits = element(BIT_STRING, &[&[0], pkcs1]);
    element(SEQUENCE, &[&RSA_ENCRYPTION, &bits])
}

/// PKCS#8 `PrivateKeyInfo` (RFC 5208) of a PKCS#1 `RSAPrivateKey`.
pub fn private_key_info(pkcs1: &[u8]) -> Zeroizing<Vec<u8>> {
    let key = Zeroizing::new(element(OCTET_STRING, &[pkcs1]));
    Zeroizing::new(element(SEQUENCE, &[&VERSION_0, &RSA_ENCRYPTION, &key]))
}

/// The PKCS#1 `RSAPrivateKey` in a PKCS#8 `PrivateKeyInfo`.
pub fn rsa_private_key(pkcs8: &[u8]) -> Option<&[u8]> {
    let inner = content(SEQUENCE, pkcs8)?;
    let key = inner.strip_prefix(&VERSION_0)?.strip_prefix(&RSA_ENCRYPTION)?;
    content(OCTET_STRING, key)
}

/// Tag, length and `parts` one after another.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut bytes = Vec::with_capacity(length + 6);
    bytes.push(tag);
    if let Ok(short @ 0..=0x7F) = u8::try_from(length) {
        bytes.push(short);
    } else {
        let digits = length.to_be_bytes();
        let zeros = digits.iter().take_while(|digit| **digit == 0).count();
        let digits = digits.get(zeros..).unwrap_or_default();
        bytes.push(0x80 | u8::try_from(digits.len()).expect("a usize has at most 8 bytes"));
        bytes.extend_from_slice(digits);
    }
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

/// The content of an element that is all of `bytes`.
fn content(tag: u8, bytes: &[u8]) -> Option<&[u8]> {
    let (first, rest) = bytes.split_first()?;
    (*first == tag).then_some(())?;
    let (&length, rest) = rest.split_first()?;
    let (length, rest) = if length < 0x80 {
        (usize::from(length), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(length & 0x7F))?;
        (digits.len() <= 4).then_some(())?;
        (digits.iter().fold(0, |sum, digit| sum << 8 | usize::from(*digit)), rest)
    };
    (rest.len() == length).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;
    use proptest::prelude::*;

    #[test]
    fn the_headers_are_those_of_the_specification() {
        // widevine.md, section 12.
        let header = |length: usize| {
            let key = vec![7; length];
            let info = subject_public_key_info(&key);
            assert!(info.ends_with(&key));
            hex::encode(&info[..info.len() - length])
        };
        assert_eq!(header(270), "30820122300d06092a864886f70d01010105000382010f00");
        assert_eq!(header(398), "308201a2300d06092a864886f70d01010105000382018f00");
    }

    proptest! {
        #[test]
        fn a_wrapped_private_key_unwraps(key in prop::collection::vec(any::<u8>(), 0..70_000)) {
            let info = private_key_info(&key);
            prop_assert_eq!(rsa_private_key(&info), Some(&key[..]));
        }

        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = rsa_private_key(&bytes);
        }
    }
}
