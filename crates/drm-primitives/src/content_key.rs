//! Content keys.

use std::fmt;

use subtle::ConstantTimeEq;
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::hex::{self, HexError};

/// Decrypts content: 16 bytes. Never printed, wiped when dropped, compared in constant time.
/// Leaves a process only inside a licence, in a sealed token, or wrapped under a KEK.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct ContentKey([u8; 16]);

/// Why a text is no content key. Carries no character of it.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ContentKeyError {
    /// Not 32 characters.
    #[error("got {got} characters, expected 32 hex digits")]
    Length {
        /// How many came.
        got: usize,
    },
    /// 32 characters, one of which is no hex digit.
    #[error("the character at position {at} is not a hex digit")]
    NotHex {
        /// Where it stands, from 1.
        at: usize,
    },
}

impl ContentKey {
    /// Takes 16 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Reads 32 hex digits (token-api.md, section 4, `contentKey`).
    ///
    /// # Errors
    /// [`ContentKeyError`], with length or position.
    pub fn from_hex(text: &[u8]) -> Result<Self, ContentKeyError> {
        hex::decode(text).map(Self).map_err(|error| match error {
            HexError::Length { got, .. } => {
                // 32 characters of which one takes several bytes are 32 characters all the same.
                match text.iter().position(|byte| !byte.is_ascii()) {
                    Some(at) if got == 32 => ContentKeyError::NotHex { at: at + 1 },
                    _ => ContentKeyError::Length { got },
                }
            }
            HexError::NotHex { at } => ContentKeyError::NotHex { at },
        })
    }

    /// The bytes. Whoever asks answers for where they go.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 16] {
        &self.0
    }
}

impl PartialEq for ContentKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

impl Eq for ContentKey {}

impl fmt::Debug for ContentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ContentKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn length_comes_before_digits() {
        assert_eq!(ContentKey::from_hex(b"00").unwrap_err(), ContentKeyError::Length { got: 2 });
        let error = ContentKey::from_hex(b"0123456789abcdef0123456789abcde!").unwrap_err();
        assert_eq!(error, ContentKeyError::NotHex { at: 32 });
    }

    #[test]
    fn a_key_does_not_print() {
        let key = ContentKey::from_hex(b"0123456789abcdef0123456789abcdef").unwrap();
        assert_eq!(format!("{key:?}"), "ContentKey(..)");
    }
}
