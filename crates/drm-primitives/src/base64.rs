//! Base64: read leniently, written strictly (token-api.md, section 11).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use thiserror::Error;

/// Why a text is not base64. Positions count from 1, in bytes.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum Base64Error {
    /// A character of neither alphabet, or padding in the middle.
    #[error("the character at position {at} belongs to neither base64 alphabet")]
    Character {
        /// Where it stands.
        at: usize,
    },
    /// A number of characters that no bytes encode to, or padding that does not fit.
    #[error("{got} characters, padding included, are no whole number of bytes")]
    Length {
        /// How many characters came.
        got: usize,
    },
    /// The last character carries bits that belong to no byte.
    #[error("the last character, at position {at}, has bits that belong to no byte")]
    TrailingBits {
        /// Where it stands.
        at: usize,
    },
}

/// Reads either alphabet, with or without padding; a space is a `+` that a form decoder lost.
///
/// # Errors
/// Anything else, with its position.
pub fn decode(text: &[u8]) -> Result<Vec<u8>, Base64Error> {
    let padding = text.iter().rev().take_while(|&&character| character == b'=').count();
    let body = text.get(..text.len() - padding).unwrap_or_default();
    if padding > 0 && (padding > 2 || !text.len().is_multiple_of(4)) || body.len() % 4 == 1 {
        if let Some(at) = body.iter().position(|&character| value(character).is_none()) {
            return Err(Base64Error::Character { at: at + 1 });
        }
        return Err(Base64Error::Length { got: text.len() });
    }
    let mut bytes = Vec::with_capacity(body.len() * 3 / 4);
    let (mut bits, mut held) = (0_u32, 0_u32);
    for (index, &character) in body.iter().enumerate() {
        let six = value(character).ok_or(Base64Error::Character { at: index + 1 })?;
        bits = (bits << 6 | u32::from(six)) & 0x3FFF;
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push(((bits >> held) & 0xFF) as u8);
        }
    }
    if bits & ((1 << held) - 1) != 0 {
        return Err(Base64Error::TrailingBits { at: body.len() });
    }
    Ok(bytes)
}

/// Writes the standard alphabet with padding (RFC 4648, section 4).
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Writes the URL-safe alphabet without padding (RFC 4648, section 5).
#[must_use]
pub fn encode_url(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn value(character: u8) -> Option<u8> {
    match character {
        b'A'..=b'Z' => Some(character - b'A'),
        b'a'..=b'z' => Some(character - b'a' + 26),
        b'0'..=b'9' => Some(character - b'0' + 52),
        b'+' | b'-' | b' ' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_alphabets_padding_or_none_and_a_lost_plus_are_read_alike() {
        for text in ["+/8=", "-_8=", "+/8", "-_8", " /8="] {
            assert_eq!(decode(text.as_bytes()), Ok(vec![0xFB, 0xFF]), "{text}");
        }
        assert_eq!(decode(b""), Ok(vec![]));
    }

    #[test]
    fn anything_else_is_refused_with_its_position() {
        assert_eq!(decode(b"AA!A"), Err(Base64Error::Character { at: 3 }));
        assert_eq!(decode(b"AA=A"), Err(Base64Error::Character { at: 3 }));
        assert_eq!(decode(b"AAAAA"), Err(Base64Error::Length { got: 5 }));
        assert_eq!(decode(b"AAA=="), Err(Base64Error::Length { got: 5 }));
        assert_eq!(decode(b"AA==="), Err(Base64Error::Length { got: 5 }));
        assert_eq!(decode(b"="), Err(Base64Error::Length { got: 1 }));
        assert_eq!(decode(b"AB=="), Err(Base64Error::TrailingBits { at: 2 }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(encode(&bytes).as_bytes()), Ok(bytes.clone()));
            prop_assert_eq!(decode(encode_url(&bytes).as_bytes()), Ok(bytes));
        }

        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = decode(&text);
        }
    }
}
