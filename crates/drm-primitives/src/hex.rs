//! Hexadecimal text: read in either case, written in lower case.

use thiserror::Error;

/// Why a text is not the hex that was expected. Carries no character of the text, which may be a key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum HexError {
    /// Not the right number of digits.
    #[error("got {got} characters, expected {expected} hex digits")]
    Length {
        /// How many characters came.
        got: usize,
        /// How many digits were expected.
        expected: usize,
    },
    /// A character that is no hex digit; the position counts from 1, in bytes.
    #[error("the character at position {at} is not a hex digit")]
    NotHex {
        /// Where it stands, from 1.
        at: usize,
    },
}

/// Reads exactly `N` bytes from `2 * N` digits.
///
/// # Errors
/// [`HexError::Length`] before [`HexError::NotHex`], where both apply.
pub fn decode<const N: usize>(text: &[u8]) -> Result<[u8; N], HexError> {
    if text.len() != N * 2 {
        return Err(HexError::Length { got: String::from_utf8_lossy(text).chars().count(), expected: N * 2 });
    }
    let mut bytes = [0; N];
    fill(&mut bytes, text)?;
    Ok(bytes)
}

/// Reads any even number of digits.
///
/// # Errors
/// [`HexError::Length`] for an odd number of characters, [`HexError::NotHex`] for a foreign one.
pub fn decode_any(text: &[u8]) -> Result<Vec<u8>, HexError> {
    if !text.len().is_multiple_of(2) {
        return Err(HexError::Length { got: text.len(), expected: text.len() + 1 });
    }
    let mut bytes = vec![0; text.len() / 2];
    fill(&mut bytes, text)?;
    Ok(bytes)
}

/// Writes lower-case digits, two a byte.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        for nibble in [byte >> 4, byte & 0x0F] {
            text.push(char::from(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 }));
        }
    }
    text
}

fn fill(bytes: &mut [u8], text: &[u8]) -> Result<(), HexError> {
    for ((index, pair), byte) in text.chunks_exact(2).enumerate().zip(bytes) {
        let &[high, low] = pair else { continue };
        let high = digit(high).ok_or(HexError::NotHex { at: index * 2 + 1 })?;
        let low = digit(low).ok_or(HexError::NotHex { at: index * 2 + 2 })?;
        *byte = high << 4 | low;
    }
    Ok(())
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn either_case_is_read_and_lower_case_is_written() {
        assert_eq!(decode::<3>(b"aB0Cf9"), Ok([0xAB, 0x0C, 0xF9]));
        assert_eq!(encode(&[0xAB, 0x0C, 0xF9]), "ab0cf9");
    }

    #[test]
    fn the_length_is_judged_before_the_digits() {
        assert_eq!(decode::<2>(b"xyz"), Err(HexError::Length { got: 3, expected: 4 }));
        assert_eq!(decode::<2>(b"00g0"), Err(HexError::NotHex { at: 3 }));
        assert_eq!(decode_any(b"123"), Err(HexError::Length { got: 3, expected: 4 }));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode_any(encode(&bytes).as_bytes()), Ok(bytes));
        }

        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = decode::<16>(&text);
            let _ = decode_any(&text);
        }
    }
}
