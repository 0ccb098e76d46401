//! The crate from outside: what verifies, what does not, and what is no key.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test that fails may panic")]

use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use proptest::prelude::*;
use rsa_pss_sha1::{BadSignature, Hash, KeyError, PrivateKey, PublicKey};

const HASHES: [Hash; 3] = [Hash::Sha1, Hash::Sha256, Hash::Sha384];

struct Pair {
    private_der: Vec<u8>,
    public_der: Vec<u8>,
}

static PAIR: LazyLock<Pair> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let pkcs8 = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    // PKCS#8 v1 puts 26 bytes before the PKCS#1 key of 2048 bits.
    Pair { private_der: pkcs8.as_ref()[26..].to_vec(), public_der: pair.public_key().as_ref().to_vec() }
});

fn keys() -> (PrivateKey, PublicKey) {
    (PrivateKey::from_pkcs1(&PAIR.private_der).unwrap(), PublicKey::from_pkcs1(&PAIR.public_der).unwrap())
}

#[test]
fn a_signature_verifies_with_its_own_hash_key_and_message_only() {
    let (private, public) = keys();
    for signed_with in HASHES {
        let signature = private.sign(signed_with, b"message");
        assert_eq!(signature.len(), 256);
        for verified_with in HASHES {
            let expected = if signed_with == verified_with { Ok(()) } else { Err(BadSignature) };
            assert_eq!(public.verify(verified_with, b"message", &signature), expected);
        }
        assert_eq!(public.verify(signed_with, b"another", &signature), Err(BadSignature));
        assert_eq!(public.verify_parts(signed_with, &[b"mess", b"", b"age"], &signature), Ok(()));
    }
}

#[test]
fn two_signatures_over_one_message_differ_by_their_salt() {
    let (private, _) = keys();
    assert_ne!(private.sign(Hash::Sha1, b"message"), private.sign(Hash::Sha1, b"message"));
}

#[test]
fn one_flipped_bit_spoils_a_signature() {
    let (private, public) = keys();
    let signature = private.sign(Hash::Sha1, b"message");
    for at in 0..signature.len() {
        let mut flipped = signature.clone();
        flipped[at] ^= 1;
        assert_eq!(public.verify(Hash::Sha1, b"message", &flipped), Err(BadSignature), "byte {at}");
    }
}

#[test]
fn a_signature_of_another_length_is_bad() {
    let (private, public) = keys();
    let signature = private.sign(Hash::Sha1, b"message");
    let longer = [&signature[..], &[0]].concat();
    for wrong in [&[][..], &signature[..255], &longer] {
        assert_eq!(public.verify(Hash::Sha1, b"message", wrong), Err(BadSignature));
    }
}

#[test]
fn the_safe_library_agrees_about_sha256() {
    let (private, public) = keys();
    let pair = KeyPair::from_der(&PAIR.private_der).unwrap();
    let mut theirs = vec![0; 256];
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"message");
    pair.sign_digest(&aws_lc_rs::signature::RSA_PSS_SHA256, &digest, &mut theirs).unwrap();
    assert_eq!(public.verify(Hash::Sha256, b"message", &theirs), Ok(()));
    let ours = private.sign(Hash::Sha256, b"message");
    let key = aws_lc_rs::signature::UnparsedPublicKey::new(
        &aws_lc_rs::signature::RSA_PSS_2048_8192_SHA256,
        &PAIR.public_der,
    );
    assert!(key.verify(b"message", &ours).is_ok());
}

#[test]
fn a_key_with_a_tail_or_cut_short_is_no_key() {
    for der in [&PAIR.public_der, &PAIR.private_der] {
        let longer = [&der[..], &[0]].concat();
        for wrong in [&[][..], &der[..der.len() - 1], &longer] {
            assert_eq!(PublicKey::from_pkcs1(wrong).unwrap_err(), KeyError::NotPkcs1);
            assert_eq!(PrivateKey::from_pkcs1(wrong).unwrap_err(), KeyError::NotPkcs1);
        }
    }
    assert_eq!(PublicKey::from_pkcs1(&PAIR.private_der).unwrap_err(), KeyError::NotPkcs1);
    assert_eq!(PrivateKey::from_pkcs1(&PAIR.public_der).unwrap_err(), KeyError::NotPkcs1);
}

#[test]
fn a_modulus_of_1024_or_5120_bits_is_refused_with_its_length() {
    for bits in [1024_u32, 5120] {
        let bytes = usize::try_from(bits / 8).unwrap();
        let mut number = vec![0x02, 0x82];
        number.extend(u16::try_from(bytes + 1).unwrap().to_be_bytes());
        number.push(0);
        number.extend(vec![0xFF; bytes]);
        let exponent = [0x02, 0x03, 0x01, 0x00, 0x01];
        let mut der = vec![0x30, 0x82];
        der.extend(u16::try_from(number.len() + exponent.len()).unwrap().to_be_bytes());
        der.extend(number);
        der.extend(exponent);
        // DER wants the short form of a length below 256, which 129 bytes has in one byte behind 0x81.
        if bits == 1024 {
            der = [&[0x30, 0x81, 0x89, 0x02, 0x81, 0x81, 0x00][..], &[0xFF; 128], &exponent].concat();
        }
        assert_eq!(PublicKey::from_pkcs1(&der).unwrap_err(), KeyError::ModulusBits { got: bits });
    }
}

#[test]
fn a_private_key_does_not_print() {
    let (private, public) = keys();
    assert_eq!(format!("{private:?} {public:?}"), "PrivateKey(..) PublicKey(2048 bits)");
}

#[test]
fn one_key_serves_many_threads() {
    let (private, public) = keys();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20 {
                    let signature = private.sign(Hash::Sha1, b"message");
                    assert_eq!(public.verify(Hash::Sha1, b"message", &signature), Ok(()));
                }
            });
        }
    });
}

proptest! {
    #[test]
    fn no_bytes_panic_as_a_key(der: Vec<u8>) {
        let _ = PublicKey::from_pkcs1(&der);
        let _ = PrivateKey::from_pkcs1(&der);
    }

    #[test]
    fn a_key_with_one_changed_byte_does_not_panic(at in 0..270_usize, byte: u8) {
        let mut der = PAIR.public_der.clone();
        let at = at % der.len();
        der[at] = byte;
        if let Ok(key) = PublicKey::from_pkcs1(&der) {
            let _ = key.verify(Hash::Sha1, b"message", &[7; 256]);
        }
    }

    #[test]
    fn no_bytes_panic_or_pass_as_a_signature(message: Vec<u8>, signature in prop::collection::vec(any::<u8>(), 0..300)) {
        let (_, public) = keys();
        for hash in HASHES {
            prop_assert_eq!(public.verify(hash, &message, &signature), Err(BadSignature));
        }
    }
}
