//! A strict Clear Key client: asks for keys, and accepts only the answer that clearkey.md, section 3
//! promises. It shares no logic with the rest of this crate, so that a mistake there is seen here.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use drm_primitives::{ContentKey, Kid};
use serde::Deserialize;
use thiserror::Error;
use zeroize::Zeroizing;

/// Why an answer is not accepted. Carries nothing of a key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum AnswerError {
    /// A key that was not asked for, or one out of order, or twice.
    #[error("keys[{index}] was not asked for, or not in this order, or comes twice")]
    Foreign {
        /// Its place, from 0.
        index: usize,
    },
    /// `k` is not the unpadded base64url of 16 bytes.
    #[error("keys[{index}].k is not the unpadded base64url of 16 bytes")]
    Key {
        /// Its place, from 0.
        index: usize,
    },
    /// `kid` is not the unpadded base64url of 16 bytes.
    #[error("keys[{index}].kid is not the unpadded base64url of 16 bytes")]
    Kid {
        /// Its place, from 0.
        index: usize,
    },
    /// `kty` is not `oct`.
    #[error("keys[{index}].kty is not oct")]
    KeyType {
        /// Its place, from 0.
        index: usize,
    },
    /// There is no key in it.
    #[error("keys is empty, which browsers call an invalid response")]
    NoKeys,
    /// Not the members `keys` and `type`, with members `kty`, `kid` and `k` in each key, and nothing else.
    #[error("the answer is not a Clear Key licence; reading ended at byte {column} of line {line}")]
    Shape {
        /// The line, from 1.
        line: usize,
        /// The byte in it, from 1.
        column: usize,
    },
    /// `type` is not `temporary`.
    #[error("type is not temporary")]
    Type,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer<'a> {
    #[serde(borrow)]
    keys: Vec<AnswerKey<'a>>,
    r#type: &'a str,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerKey<'a> {
    kty: &'a str,
    kid: &'a str,
    k: &'a str,
}

/// Writes a licence request, as Chromium does: `{"kids":["…"],"type":"temporary"}`.
#[must_use]
pub fn request(kids: &[Kid]) -> Vec<u8> {
    let mut text = String::from("{\"kids\":[");
    for (index, kid) in kids.iter().enumerate() {
        let comma = if index == 0 { "" } else { "," };
        let written = write!(text, "{comma}\"{}\"", URL_SAFE_NO_PAD.encode(kid.as_bytes()));
        written.expect("a String takes whatever is written");
    }
    text.push_str("],\"type\":\"temporary\"}");
    text.into_bytes()
}

/// Reads the answer to a request for these KIDs: their keys, in the order asked. Fewer keys than KIDs are
/// fine, more are not.
///
/// # Errors
/// [`AnswerError`], for the first thing that is wrong.
pub fn accept(answer: &[u8], asked: &[Kid]) -> Result<Vec<(Kid, ContentKey)>, AnswerError> {
    let answer: Answer<'_> = serde_json::from_slice(answer)
        .map_err(|error| AnswerError::Shape { line: error.line(), column: error.column() })?;
    if answer.r#type != "temporary" {
        return Err(AnswerError::Type);
    }
    if answer.keys.is_empty() {
        return Err(AnswerError::NoKeys);
    }
    let mut still_asked = asked.iter();
    let mut keys = Vec::with_capacity(answer.keys.len());
    for (index, entry) in answer.keys.iter().enumerate() {
        if entry.kty != "oct" {
            return Err(AnswerError::KeyType { index });
        }
        let kid = Kid::from_bytes(*sixteen(entry.kid).ok_or(AnswerError::Kid { index })?);
        let key = ContentKey::from_bytes(*sixteen(entry.k).ok_or(AnswerError::Key { index })?);
        // Each search goes on behind the last find, so a second one of a kind, or one too early, fails.
        if !still_asked.any(|asked| *asked == kid) {
            return Err(AnswerError::Foreign { index });
        }
        keys.push((kid, key));
    }
    Ok(keys)
}

fn sixteen(text: &str) -> Option<Zeroizing<[u8; 16]>> {
    let mut bytes = Zeroizing::new([0; 18]);
    let length = URL_SAFE_NO_PAD.decode_slice(text, bytes.as_mut()).ok()?;
    let decoded = bytes.get(..length)?;
    decoded.try_into().ok().map(Zeroizing::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    const KID: &str = "nrQFDeRLSAKTLifXUIPiZg";
    const K: &str = "FmY0xnWCPCNaSpRG-tUuTQ";

    fn kid() -> Kid {
        Kid::from_hex(b"9eb4050de44b4802932e27d75083e266").unwrap()
    }

    fn accepted(answer: &str) -> Result<Vec<(Kid, ContentKey)>, AnswerError> {
        accept(answer.as_bytes(), &[kid()])
    }

    fn one(kid: &str, k: &str) -> String {
        format!(r#"{{"keys":[{{"kty":"oct","kid":"{kid}","k":"{k}"}}],"type":"temporary"}}"#)
    }

    #[test]
    fn the_pair_of_the_specification() {
        assert_eq!(request(&[kid()]), br#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"temporary"}"#);
        let key = ContentKey::from_hex(b"166634c675823c235a4a9446fad52e4d").unwrap();
        assert_eq!(accepted(&one(KID, K)), Ok(vec![(kid(), key)]));
    }

    #[test]
    fn what_chromium_calls_invalid_is_refused() {
        // clearkey.md, section 4, second and third line.
        for (answer, expected) in [
            (one("nrQFDeRLSAKTLifXUIPiZg==", K), AnswerError::Kid { index: 0 }),
            (one(KID, "FmY0xnWCPCNaSpRG-tUuTQ=="), AnswerError::Key { index: 0 }),
            (one(KID, "FmY0xnWCPCNaSpRG+tUuTQ"), AnswerError::Key { index: 0 }),
            (one(KID, "FmY0xnWCPCNaSpRG-tUu"), AnswerError::Key { index: 0 }),
            (one(KID, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"), AnswerError::Key { index: 0 }),
            (one(KID, K).replace("oct", "RSA"), AnswerError::KeyType { index: 0 }),
            (r#"{"keys":[],"type":"temporary"}"#.to_owned(), AnswerError::NoKeys),
            (one(KID, K).replace("temporary", "forever"), AnswerError::Type),
        ] {
            assert_eq!(accepted(&answer), Err(expected), "{answer}");
        }
        for answer in [
            one(KID, K).replace("\"kty\":\"oct\",", ""),
            format!("\u{FEFF}{}", one(KID, K)),
            "<html></html>".to_owned(),
            r#"{"error":{"code":-6005}}"#.to_owned(),
        ] {
            assert!(matches!(accepted(&answer), Err(AnswerError::Shape { .. })), "{answer}");
        }
    }

    #[test]
    fn what_chromium_lets_pass_and_we_never_write_is_refused_too() {
        for answer in [
            one(KID, K).replace("\"kty\"", "\"alg\":\"A128KW\",\"kty\""),
            one(KID, K).replace(",\"type\":\"temporary\"", ""),
        ] {
            assert!(matches!(accepted(&answer), Err(AnswerError::Shape { .. })), "{answer}");
        }
        assert_eq!(accepted(&one("AAAAAAAAAAAAAAAAAAAAAA", K)), Err(AnswerError::Foreign { index: 0 }));
        assert_eq!(accepted(&one("AAAA", K)), Err(AnswerError::Kid { index: 0 }));
    }

    #[test]
    fn keys_out_of_order_or_twice_are_refused() {
        let other = Kid::from_bytes([0; 16]);
        let entry = |kid: &str| format!(r#"{{"kty":"oct","kid":"{kid}","k":"{K}"}}"#);
        let (first, second) = (entry(KID), entry("AAAAAAAAAAAAAAAAAAAAAA"));
        let two = |a: &str, b: &str| format!(r#"{{"keys":[{a},{b}],"type":"temporary"}}"#);
        let asked = [kid(), other];
        assert_eq!(accept(two(&first, &second).as_bytes(), &asked).unwrap().len(), 2);
        let foreign = Err(AnswerError::Foreign { index: 1 });
        assert_eq!(accept(two(&second, &first).as_bytes(), &asked), foreign);
        assert_eq!(accept(two(&first, &first).as_bytes(), &asked), foreign);
    }
}
