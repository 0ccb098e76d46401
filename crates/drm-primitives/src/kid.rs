//! Key identifiers.

use std::fmt;

use aws_lc_rs::digest;
use thiserror::Error;

use crate::hex::{self, HexError};

/// Names a content key: 16 bytes, in the order in which `cenc:default_KID` prints them (big-endian).
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Kid([u8; 16]);

/// Why a text names no key.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KidError {
    /// A bare `^`.
    #[error("got ^ alone, expected a name of 1 to 64 characters after it")]
    EmptyName,
    /// Neither 32 characters nor a name.
    #[error("got {got} characters, expected 32 hex digits, or ^ and a name")]
    Length {
        /// How many characters came.
        got: usize,
    },
    /// A `^name` of more than 64 characters.
    #[error("got ^ and {got} characters, expected a name of 1 to 64")]
    NameTooLong {
        /// How many characters stand after the `^`.
        got: usize,
    },
    /// A `^name` that is not UTF-8.
    #[error("the name after ^ is not UTF-8")]
    NameNotUtf8,
    /// 32 characters, of which one is no hex digit. The position counts from 1.
    #[error("the character at position {at} is not a hex digit")]
    NotHex {
        /// Where it stands.
        at: usize,
    },
}

impl Kid {
    /// The longest `^name` that a token request takes, in characters.
    pub const NAME_CHARACTERS: usize = 64;

    /// From 16 bytes in big-endian order.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads the parameter `kid` of a token request: 32 hex digits, or `^` and a name of 1 to 64
    /// characters (token-api.md, section 4).
    ///
    /// # Errors
    /// [`KidError`], with what came and what was expected.
    pub fn parse(text: &[u8]) -> Result<Self, KidError> {
        let Some(name) = text.strip_prefix(b"^") else { return Self::from_hex(text) };
        let name = std::str::from_utf8(name).map_err(|_| KidError::NameNotUtf8)?;
        match name.chars().count() {
            0 => Err(KidError::EmptyName),
            1..=Self::NAME_CHARACTERS => Ok(Self::from_name(name)),
            got => Err(KidError::NameTooLong { got }),
        }
    }

    /// Reads 32 hex digits, in either case.
    ///
    /// # Errors
    /// [`KidError::Length`] or [`KidError::NotHex`].
    pub fn from_hex(text: &[u8]) -> Result<Self, KidError> {
        hex::decode(text).map(Self).map_err(|error| match error {
            HexError::Length { got, .. } => {
                // 32 characters of which one takes several bytes are 32 characters all the same.
                match text.iter().position(|byte| !byte.is_ascii()) {
                    Some(at) if got == 32 => KidError::NotHex { at: at + 1 },
                    _ => KidError::Length { got },
                }
            }
            HexError::NotHex { at } => KidError::NotHex { at },
        })
    }

    /// The KID of a name: the first 16 bytes of SHA-1 over its UTF-8 bytes, without the `^`.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, name.as_bytes());
        let mut kid = [0; 16];
        for (byte, hashed) in kid.iter_mut().zip(hash.as_ref()) {
            *byte = *hashed;
        }
        Self(kid)
    }

    /// From the 16 bytes of a GUID as Windows stores it: the first three fields little-endian.
    #[must_use]
    pub const fn from_guid_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes).swapped()
    }

    /// The 16 bytes, big-endian.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The 16 bytes as a GUID in Windows order (PlayReady headers, XMR, checksums).
    #[must_use]
    pub const fn guid_bytes(&self) -> [u8; 16] {
        self.swapped().0
    }

    /// The KID that somebody who mixed up the byte orders would have written.
    #[must_use]
    #[expect(clippy::many_single_char_names, reason = "sixteen bytes, each in its place, show the swap best")]
    pub const fn swapped(self) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = self.0;
        Self([d, c, b, a, f, e, h, g, i, j, k, l, m, n, o, p])
    }

    /// 32 lower-case hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(&self.0)
    }

    /// The GUID text: hyphens after 8, 12, 16 and 20 lower-case digits.
    #[must_use]
    pub fn to_guid_text(&self) -> String {
        let mut text = self.to_hex();
        for at in [20, 16, 12, 8] {
            text.insert(at, '-');
        }
        text
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_hex())
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn hex_of(text: &str) -> String {
        Kid::parse(text.as_bytes()).unwrap().to_hex()
    }

    #[test]
    fn names_hash_to_the_published_kids() {
        assert_eq!(hex_of("^kid1"), "80ea8bc8a58f990ad1f76bc665b30bfa");
        assert_eq!(hex_of("^movie1"), "453750c3a2f8974034be247474a8a1cd");
        assert_eq!(hex_of("^CNN.2014.12.18"), "874cc4da3e96faf052d2a7f1d8dab7c2");
        assert_eq!(hex_of("^café"), "f424452a9673918c6f09b0cdd35b20be");
        assert_eq!(hex_of(&format!("^{}", "a".repeat(64))), "0098ba824b5c16427bd7a1122a5a442a");
    }

    #[test]
    fn what_is_no_kid_says_why() {
        let error = |text: &[u8]| Kid::parse(text).unwrap_err();
        assert_eq!(error(b""), KidError::Length { got: 0 });
        assert_eq!(error(b"0123"), KidError::Length { got: 4 });
        assert_eq!(error(b"^"), KidError::EmptyName);
        assert_eq!(error(b"^\xFF"), KidError::NameNotUtf8);
        assert_eq!(error(format!("^{}", "é".repeat(65)).as_bytes()), KidError::NameTooLong { got: 65 });
        assert_eq!(error(b"0123456789abcdef0123456789abcdeg"), KidError::NotHex { at: 32 });
        assert_eq!(error("é123456789abcdef0123456789abcdef".as_bytes()), KidError::NotHex { at: 1 });
    }

    #[test]
    fn the_guid_view_swaps_the_first_three_fields() {
        let kid = Kid::parse(b"33e0008cc44447709899a321e079dd36").unwrap();
        assert_eq!(hex::encode(&kid.guid_bytes()), "8c00e03344c470479899a321e079dd36");
        assert_eq!(Kid::from_guid_bytes(kid.guid_bytes()), kid);
        assert_eq!(kid.to_guid_text(), "33e0008c-c444-4770-9899-a321e079dd36");
    }

    proptest! {
        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = Kid::parse(&text);
        }

        #[test]
        fn the_hex_of_a_kid_reads_back_in_either_case(bytes: [u8; 16]) {
            let kid = Kid::from_bytes(bytes);
            prop_assert_eq!(Kid::parse(kid.to_hex().as_bytes()), Ok(kid));
            prop_assert_eq!(Kid::parse(kid.to_hex().to_uppercase().as_bytes()), Ok(kid));
        }
    }
}
