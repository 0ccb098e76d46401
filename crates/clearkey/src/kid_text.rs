//! A KID as a licence request writes it.

use drm_primitives::Kid;
use drm_primitives::base64::{self, Base64Error};
use thiserror::Error;

/// Why a text of `kids` is no KID. Positions count from 1.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum KidTextError {
    /// Bytes, but not 16.
    #[error("got {got} bytes, expected the 16 of a KID")]
    Bytes {
        /// How many.
        got: usize,
    },
    /// A character of neither alphabet, or padding in the middle.
    #[error("{got:?} at position {at} is neither base64url nor base64")]
    Character {
        /// Where it stands.
        at: usize,
        /// What it is.
        got: char,
    },
    /// A number of characters that no bytes encode to.
    #[error("{got} characters, padding included, are no base64; a KID has 22 without padding")]
    Characters {
        /// How many.
        got: usize,
    },
    /// The KID in hex, with or without hyphens: what manifests show and licence requests do not use.
    #[error("this is hex or a GUID, expected the base64url of the same 16 bytes, {expected}", expected = base64::encode_url(kid.as_bytes()))]
    Hex {
        /// Which KID it names.
        kid: Kid,
    },
    /// Bits in the last character that belong to no byte: a character was cut off or altered.
    #[error("the last character has bits that belong to no byte, expected A, Q, g or w")]
    TrailingBits,
}

/// Reads base64url or base64 of 16 bytes, padded or not.
pub(crate) fn parse(text: &str) -> Result<Kid, KidTextError> {
    // The shared reader takes a space for a `+` that a form decoder lost; no form is decoded here.
    if let Some(index) = text.bytes().position(|byte| byte == b' ')
        && text.bytes().take(index).all(|byte| byte.is_ascii_alphanumeric() || b"+/-_".contains(&byte))
    {
        return Err(KidTextError::Character { at: index + 1, got: ' ' });
    }
    let bytes = base64::decode(text.as_bytes()).map_err(|error| explain(text, error))?;
    let sixteen = <[u8; 16]>::try_from(bytes.as_slice());
    sixteen.map(Kid::from_bytes).map_err(|_| hex(text).unwrap_or(KidTextError::Bytes { got: bytes.len() }))
}

fn explain(text: &str, error: Base64Error) -> KidTextError {
    match error {
        Base64Error::Character { at } => {
            // What stands before the first foreign character is ASCII, so its byte is its character.
            let got = text.chars().nth(at - 1).unwrap_or(char::REPLACEMENT_CHARACTER);
            KidTextError::Character { at, got }
        }
        Base64Error::Length { .. } => KidTextError::Characters { got: text.chars().count() },
        Base64Error::TrailingBits { .. } => KidTextError::TrailingBits,
    }
}

fn hex(text: &str) -> Option<KidTextError> {
    let digits: String = text.chars().filter(|character| *character != '-').collect();
    Kid::from_hex(digits.as_bytes()).ok().map(|kid| KidTextError::Hex { kid })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_alphabet_is_read_padded_or_not() {
        let kid = Kid::from_hex(b"fbfffefbfffefbfffefbfffefbfffefb").unwrap();
        for text in [
            "-__--__--__--__--__--w",
            "-__--__--__--__--__--w==",
            "+//++//++//++//++//++w",
            "+//++//++//++//++//++w==",
        ] {
            assert_eq!(parse(text), Ok(kid), "{text}");
        }
    }

    #[test]
    fn what_is_no_kid_says_where_and_why() {
        assert_eq!(parse(""), Err(KidTextError::Bytes { got: 0 }));
        assert_eq!(parse("AAAAAAAAAAAAAAAAAAAA"), Err(KidTextError::Bytes { got: 15 }));
        assert_eq!(parse("AAAAAAAAAAAAAAAAAAAAAAAA"), Err(KidTextError::Bytes { got: 18 }));
        assert_eq!(parse("AAA.AAAAAAAAAAAAAAAAAA"), Err(KidTextError::Character { at: 4, got: '.' }));
        assert_eq!(parse("AAAAé"), Err(KidTextError::Character { at: 5, got: 'é' }));
        assert_eq!(parse("AA A"), Err(KidTextError::Character { at: 3, got: ' ' }));
        assert_eq!(parse("AA=A"), Err(KidTextError::Character { at: 3, got: '=' }));
        assert_eq!(parse("AAAAA"), Err(KidTextError::Characters { got: 5 }));
        assert_eq!(parse("AAAAAAAAAAAAAAAAAAAAAA="), Err(KidTextError::Characters { got: 23 }));
        assert_eq!(parse("AAAAAAAAAAAAAAAAAAAAAB"), Err(KidTextError::TrailingBits));
    }

    #[test]
    fn hex_and_guids_are_told_their_base64url() {
        for text in ["9eb4050de44b4802932e27d75083e266", "9eb4050d-e44b-4802-932e-27d75083e266"] {
            let error = parse(text).unwrap_err();
            assert_eq!(
                error.to_string(),
                "this is hex or a GUID, expected the base64url of the same 16 bytes, nrQFDeRLSAKTLifXUIPiZg"
            );
        }
    }
}
