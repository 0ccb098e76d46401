//! Key encryption keys and RFC 3394 wrapping.

use std::fmt;

use aes_kw::{KeyInit as _, KwAes128, KwAes192, KwAes256};
use aws_lc_rs::digest;
use thiserror::Error;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::ContentKey;
use crate::hex::{self, HexError};

/// A caller's key encryption key: 16, 24 or 32 bytes. Used and forgotten; never printed.
#[derive(Clone, ZeroizeOnDrop)]
pub struct Kek(Bytes);

#[derive(Clone, ZeroizeOnDrop)]
enum Bytes {
    Aes128([u8; 16]),
    Aes192([u8; 24]),
    Aes256([u8; 32]),
}

/// Why a text is no KEK. Carries no character of it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KekError {
    /// Not 32, 48 or 64 characters.
    #[error("got {got} characters, expected 32, 48 or 64 hex digits")]
    Length {
        /// How many came.
        got: usize,
    },
    /// A character that is no hex digit.
    #[error("the character at position {at} is not a hex digit")]
    NotHex {
        /// Where it stands, from 1.
        at: usize,
    },
}

/// A content key wrapped under a KEK by RFC 3394 with the default initial value: 24 bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WrappedKey([u8; 24]);

/// Why a text is no wrapped key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum WrappedKeyError {
    /// Not 48 characters.
    #[error("got {got} characters, expected 48 hex digits: a 16-byte key wrapped by RFC 3394")]
    Length {
        /// How many came.
        got: usize,
    },
    /// A character that is no hex digit.
    #[error("the character at position {at} is not a hex digit")]
    NotHex {
        /// Where it stands, from 1.
        at: usize,
    },
}

/// The KEK does not open the wrapped key: RFC 3394's integrity check failed.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
#[error("the integrity check of RFC 3394 fails: another KEK wrapped this key, or it was altered")]
pub struct UnwrapError;

impl Kek {
    /// Reads 32, 48 or 64 hex digits.
    ///
    /// # Errors
    /// [`KekError`], with length or position.
    pub fn from_hex(text: &[u8]) -> Result<Self, KekError> {
        let bytes = match text.len() {
            32 => hex::decode(text).map(Bytes::Aes128),
            48 => hex::decode(text).map(Bytes::Aes192),
            64 => hex::decode(text).map(Bytes::Aes256),
            got => return Err(KekError::Length { got }),
        };
        bytes.map(Self).map_err(|error| match error {
            HexError::Length { got, .. } => KekError::Length { got },
            HexError::NotHex { at } => KekError::NotHex { at },
        })
    }

    /// Wraps a content key (RFC 3394, section 2.2.1).
    #[must_use]
    pub fn wrap(&self, key: &ContentKey) -> WrappedKey {
        let mut wrapped = [0; 24];
        let done = match &self.0 {
            Bytes::Aes128(kek) => KwAes128::new(kek.into()).wrap_key(key.expose(), &mut wrapped).is_ok(),
            Bytes::Aes192(kek) => KwAes192::new(kek.into()).wrap_key(key.expose(), &mut wrapped).is_ok(),
            Bytes::Aes256(kek) => KwAes256::new(kek.into()).wrap_key(key.expose(), &mut wrapped).is_ok(),
        };
        assert!(done, "16 bytes always wrap into 24");
        WrappedKey(wrapped)
    }

    /// Wraps 32 bytes, a key seed for instance, in the same way (RFC 3394, section 2.2.1).
    #[must_use]
    pub fn wrap_secret(&self, secret: &[u8; 32]) -> [u8; 40] {
        let mut wrapped = [0; 40];
        let done = match &self.0 {
            Bytes::Aes128(kek) => KwAes128::new(kek.into()).wrap_key(secret, &mut wrapped).is_ok(),
            Bytes::Aes192(kek) => KwAes192::new(kek.into()).wrap_key(secret, &mut wrapped).is_ok(),
            Bytes::Aes256(kek) => KwAes256::new(kek.into()).wrap_key(secret, &mut wrapped).is_ok(),
        };
        assert!(done, "32 bytes always wrap into 40");
        wrapped
    }

    /// Opens a wrapped content key (RFC 3394, section 2.2.2).
    ///
    /// # Errors
    /// [`UnwrapError`] when the integrity check fails.
    pub fn unwrap(&self, wrapped: &WrappedKey) -> Result<ContentKey, UnwrapError> {
        let mut key = Zeroizing::new([0; 16]);
        let opened = match &self.0 {
            Bytes::Aes128(kek) => KwAes128::new(kek.into()).unwrap_key(&wrapped.0, key.as_mut()).is_ok(),
            Bytes::Aes192(kek) => KwAes192::new(kek.into()).unwrap_key(&wrapped.0, key.as_mut()).is_ok(),
            Bytes::Aes256(kek) => KwAes256::new(kek.into()).unwrap_key(&wrapped.0, key.as_mut()).is_ok(),
        };
        if opened { Ok(ContentKey::from_bytes(*key)) } else { Err(UnwrapError) }
    }

    /// The id that the SKM API computes: `#1.` and the first 16 bytes, in hex, of SHA-1 over
    /// `KEKID_1` and the lower-case hex text of the KEK (key-storage.md, section 7).
    #[must_use]
    pub fn id(&self) -> String {
        let text = Zeroizing::new(match &self.0 {
            Bytes::Aes128(kek) => hex::encode(kek),
            Bytes::Aes192(kek) => hex::encode(kek),
            Bytes::Aes256(kek) => hex::encode(kek),
        });
        let mut hash = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
        hash.update(b"KEKID_1");
        hash.update(text.as_bytes());
        format!("#1.{}", hex::encode(hash.finish().as_ref().get(..16).unwrap_or_default()))
    }
}

impl fmt::Debug for Kek {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Kek(..)")
    }
}

impl WrappedKey {
    /// Takes the 24 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 24]) -> Self {
        Self(bytes)
    }

    /// Reads 48 hex digits.
    ///
    /// # Errors
    /// [`WrappedKeyError`], with length or position.
    pub fn from_hex(text: &[u8]) -> Result<Self, WrappedKeyError> {
        hex::decode(text).map(Self).map_err(|error| match error {
            HexError::Length { got, .. } => WrappedKeyError::Length { got },
            HexError::NotHex { at } => WrappedKeyError::NotHex { at },
        })
    }

    /// The 24 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 24] {
        &self.0
    }

    /// 48 lower-case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEK: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

    fn kek(text: &str) -> Kek {
        Kek::from_hex(text.as_bytes()).unwrap()
    }

    #[test]
    fn keys_wrap_to_the_published_vectors() {
        // key-storage.md, section 7.
        for (kek_text, key, wrapped) in [
            (
                &KEK[..32],
                "a9b9033df0b9ca5447839e3d074817a0",
                "5dbd06c0056b42fe0b8cf406679620c31bd619732730433d",
            ),
            (
                &KEK[..32],
                "00112233445566778899aabbccddeeff",
                "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5",
            ),
            (
                &KEK[..48],
                "00112233445566778899aabbccddeeff",
                "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d",
            ),
            (KEK, "00112233445566778899aabbccddeeff", "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"),
        ] {
            let key = ContentKey::from_hex(key.as_bytes()).unwrap();
            assert_eq!(kek(kek_text).wrap(&key).to_hex(), wrapped);
            let wrapped = WrappedKey::from_hex(wrapped.as_bytes()).unwrap();
            assert_eq!(kek(kek_text).unwrap(&wrapped), Ok(key));
        }
    }

    #[test]
    fn secrets_wrap_to_the_vectors_of_the_rfc() {
        // RFC 3394, section 4.6: 256 bits of key data under a 256-bit KEK.
        let mut secret = [0; 32];
        for (byte, value) in secret.iter_mut().zip((0..16).map(|high: u8| high << 4 | high).chain(0..16)) {
            *byte = value;
        }
        assert_eq!(
            hex::encode(&kek(KEK).wrap_secret(&secret)),
            "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"
        );
    }

    #[test]
    fn another_kek_does_not_open_a_key() {
        let wrapped = WrappedKey::from_hex(b"5dbd06c0056b42fe0b8cf406679620c31bd619732730433d").unwrap();
        assert_eq!(kek("11111111111111111111111111111111").unwrap(&wrapped), Err(UnwrapError));
    }

    #[test]
    fn a_kek_has_the_id_that_the_skm_api_computes() {
        assert_eq!(kek(&KEK[..32]).id(), "#1.afe008a381bdac03b412a92d54b92ddf");
        assert_eq!(kek(&KEK[..32].to_uppercase()).id(), "#1.afe008a381bdac03b412a92d54b92ddf");
        assert_eq!(kek(&KEK[..48]).id(), "#1.2dc7183022a67048bd6288b96f7e769a");
        assert_eq!(kek(KEK).id(), "#1.d4afc6cb61a12fc4fd8f3fc8d7cc82a5");
    }

    #[test]
    fn other_lengths_and_characters_are_refused() {
        assert_eq!(Kek::from_hex(b"00").unwrap_err(), KekError::Length { got: 2 });
        assert_eq!(Kek::from_hex(&[b'x'; 48]).unwrap_err(), KekError::NotHex { at: 1 });
        assert_eq!(WrappedKey::from_hex(b"00").unwrap_err(), WrappedKeyError::Length { got: 2 });
    }

    proptest! {
        #[test]
        fn every_key_comes_back_from_its_wrapping(bytes: [u8; 16], kek_bytes: [u8; 16]) {
            let kek = Kek::from_hex(hex::encode(&kek_bytes).as_bytes()).unwrap();
            let key = ContentKey::from_bytes(bytes);
            prop_assert_eq!(kek.unwrap(&kek.wrap(&key)), Ok(key));
        }
    }
}
