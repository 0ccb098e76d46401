//! The licence request (clearkey.md, section 3), read leniently.

use drm_primitives::Kid;
use serde_json::Value;
use thiserror::Error;

use crate::json_kind::JsonKind;
use crate::kid_text::{self, KidTextError};

/// The longest body, in bytes.
pub const BODY_LIMIT: usize = 16 * 1024;

/// The most KIDs that one request names.
pub const KID_LIMIT: usize = 64;

/// How much of a foreign `type` an error repeats, in characters.
const SHOWN_CHARACTERS: usize = 32;

/// The keys that a player asks for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    kids: Vec<Kid>,
}

/// Why a body is no licence request.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum RequestError {
    /// A text of `kids` is no KID.
    #[error("kids[{index}]: {error}")]
    Kid {
        /// Its place, from 0.
        index: usize,
        /// What is wrong with it.
        error: KidTextError,
    },
    /// A member of `kids` is no text.
    #[error("kids[{index}] is {got}, expected a string")]
    KidNotString {
        /// Its place, from 0.
        index: usize,
        /// What it is.
        got: JsonKind,
    },
    /// No KID, or too many.
    #[error("kids has {got} members, expected 1 to {KID_LIMIT}")]
    KidCount {
        /// How many.
        got: usize,
    },
    /// There is no `kids`.
    #[error("there is no member kids, expected {{\"kids\":[…]}}")]
    KidsMissing,
    /// `kids` is no array.
    #[error("kids is {got}, expected an array of strings")]
    KidsNotArray {
        /// What it is.
        got: JsonKind,
    },
    /// The body is not JSON in UTF-8.
    #[error("the body ends to make sense as JSON at byte {at} of {length}")]
    NotJson {
        /// The byte at which reading stopped, from 1; one more than there are, if something is missing.
        at: usize,
        /// How many bytes came.
        length: usize,
    },
    /// The body is JSON, and no object.
    #[error("the body is {got}, expected an object")]
    NotObject {
        /// What it is.
        got: JsonKind,
    },
    /// A licence that would outlast its session.
    #[error("type is persistent-license, expected temporary: Clear Key licences here are never persistent")]
    Persistent,
    /// More than [`BODY_LIMIT`] bytes.
    #[error("the body has {got} bytes, expected at most {BODY_LIMIT}")]
    TooLong {
        /// How many came.
        got: usize,
    },
    /// `type` is another text.
    #[error("type is {got:?}, expected temporary")]
    Type {
        /// Its first characters.
        got: String,
    },
    /// `type` is no text.
    #[error("type is {got}, expected the string temporary")]
    TypeNotString {
        /// What it is.
        got: JsonKind,
    },
}

impl Request {
    /// Reads a body. Unknown members are ignored, and a KID that comes twice is asked for once.
    ///
    /// # Errors
    /// [`RequestError`], for the first thing that is wrong.
    pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
        if body.len() > BODY_LIMIT {
            return Err(RequestError::TooLong { got: body.len() });
        }
        let value: Value = serde_json::from_slice(body).map_err(|error| not_json(body, &error))?;
        let Value::Object(members) = &value else {
            return Err(RequestError::NotObject { got: JsonKind::of(&value) });
        };
        let kids = kids(members.get("kids").ok_or(RequestError::KidsMissing)?)?;
        match members.get("type") {
            None => {}
            Some(Value::String(text)) if text == "temporary" => {}
            Some(Value::String(text)) if text == "persistent-license" => {
                return Err(RequestError::Persistent);
            }
            Some(Value::String(text)) => {
                return Err(RequestError::Type { got: text.chars().take(SHOWN_CHARACTERS).collect() });
            }
            Some(other) => return Err(RequestError::TypeNotString { got: JsonKind::of(other) }),
        }
        Ok(Self { kids })
    }

    /// The KIDs that are asked for, 1 to [`KID_LIMIT`], each once, in the order asked.
    #[must_use]
    pub fn kids(&self) -> &[Kid] {
        &self.kids
    }
}

fn kids(value: &Value) -> Result<Vec<Kid>, RequestError> {
    let Value::Array(texts) = value else {
        return Err(RequestError::KidsNotArray { got: JsonKind::of(value) });
    };
    if !(1..=KID_LIMIT).contains(&texts.len()) {
        return Err(RequestError::KidCount { got: texts.len() });
    }
    let mut kids = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        let Value::String(text) = text else {
            return Err(RequestError::KidNotString { index, got: JsonKind::of(text) });
        };
        let kid = kid_text::parse(text).map_err(|error| RequestError::Kid { index, error })?;
        if !kids.contains(&kid) {
            kids.push(kid);
        }
    }
    Ok(kids)
}

/// `serde_json` counts lines and columns; a body is shown as one piece, so its reader needs the byte.
fn not_json(body: &[u8], error: &serde_json::Error) -> RequestError {
    let lines_before = body.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let before: usize = lines_before.map(<[u8]>::len).sum();
    let at = match error.classify() {
        serde_json::error::Category::Eof => body.len() + 1,
        _ => (before + error.column()).clamp(1, body.len() + 1),
    };
    RequestError::NotJson { at, length: body.len() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KID: &str = "nrQFDeRLSAKTLifXUIPiZg";

    fn error(body: &str) -> RequestError {
        Request::parse(body.as_bytes()).unwrap_err()
    }

    fn kid() -> Kid {
        Kid::from_hex(b"9eb4050de44b4802932e27d75083e266").unwrap()
    }

    #[test]
    fn the_request_of_the_specification_is_read() {
        let request = Request::parse(br#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"temporary"}"#).unwrap();
        assert_eq!(request.kids(), [kid()]);
    }

    #[test]
    fn a_missing_type_white_space_and_unknown_members_are_allowed() {
        for body in [
            format!(r#"{{"kids":["{KID}"]}}"#),
            format!(" {{ \"kids\" :\n [ \"{KID}\" ] }}\r\n"),
            format!(r#"{{"session":{{"a":[1]}},"kids":["{KID}"],"type":"temporary"}}"#),
        ] {
            assert_eq!(Request::parse(body.as_bytes()).unwrap().kids(), [kid()], "{body}");
        }
    }

    #[test]
    fn a_kid_twice_is_once_however_it_is_written_and_the_order_stays() {
        let body =
            format!(r#"{{"kids":["AAAAAAAAAAAAAAAAAAAAAA","{KID}","{KID}==","AAAAAAAAAAAAAAAAAAAAAA=="]}}"#);
        let request = Request::parse(body.as_bytes()).unwrap();
        assert_eq!(request.kids(), [Kid::from_bytes([0; 16]), kid()]);
    }

    #[test]
    fn sixteen_kibibytes_are_read_and_a_byte_more_is_not() {
        let mut body = format!(r#"{{"kids":["{KID}"]}}"#);
        body.push_str(&" ".repeat(BODY_LIMIT - body.len()));
        assert!(Request::parse(body.as_bytes()).is_ok());
        body.push(' ');
        assert_eq!(error(&body), RequestError::TooLong { got: 16_385 });
    }

    #[test]
    fn what_is_not_json_says_where_it_ends_to_make_sense() {
        assert_eq!(error(""), RequestError::NotJson { at: 1, length: 0 });
        assert_eq!(error("<html>"), RequestError::NotJson { at: 1, length: 6 });
        assert_eq!(error("\u{FEFF}{}"), RequestError::NotJson { at: 1, length: 5 });
        assert_eq!(error("{\"kids\":\n[x]}"), RequestError::NotJson { at: 11, length: 13 });
        assert_eq!(error("{\"kids\":["), RequestError::NotJson { at: 10, length: 9 });
        assert_eq!(error("{} {}"), RequestError::NotJson { at: 4, length: 5 });
        let bytes = Request::parse(b"{\"kids\":[\"\xFF\"]}").unwrap_err();
        assert!(matches!(bytes, RequestError::NotJson { at: 10..=12, length: 14 }), "{bytes}");
        assert_eq!(error("{").to_string(), "the body ends to make sense as JSON at byte 2 of 1");
    }

    #[test]
    fn deep_nesting_is_refused_and_does_not_exhaust_the_stack() {
        let body = "[".repeat(BODY_LIMIT);
        assert!(matches!(error(&body), RequestError::NotJson { .. }));
    }

    #[test]
    fn other_shapes_are_named() {
        assert_eq!(error("[]"), RequestError::NotObject { got: JsonKind::Array });
        assert_eq!(error("null"), RequestError::NotObject { got: JsonKind::Null });
        assert_eq!(error("{}"), RequestError::KidsMissing);
        assert_eq!(error(r#"{"kids":"x"}"#), RequestError::KidsNotArray { got: JsonKind::String });
        assert_eq!(error(r#"{"kids":[]}"#), RequestError::KidCount { got: 0 });
        let many = vec![format!("\"{KID}\""); 65].join(",");
        assert_eq!(error(&format!(r#"{{"kids":[{many}]}}"#)), RequestError::KidCount { got: 65 });
        let number = error(&format!(r#"{{"kids":["{KID}",7]}}"#));
        assert_eq!(number, RequestError::KidNotString { index: 1, got: JsonKind::Number });
    }

    #[test]
    fn a_bad_kid_says_which_and_why() {
        let bytes = error(&format!(r#"{{"kids":["{KID}","AAAA"]}}"#));
        assert_eq!(bytes.to_string(), "kids[1]: got 3 bytes, expected the 16 of a KID");
        let character = error(r#"{"kids":["nrQF*eRLSAKTLifXUIPiZg"]}"#);
        assert_eq!(character.to_string(), "kids[0]: '*' at position 5 is neither base64url nor base64");
    }

    #[test]
    fn a_type_other_than_temporary_is_refused() {
        let typed = |value: &str| error(&format!(r#"{{"kids":["{KID}"],"type":{value}}}"#));
        assert_eq!(typed(r#""persistent-license""#), RequestError::Persistent);
        assert_eq!(typed(r#""Temporary""#), RequestError::Type { got: "Temporary".to_owned() });
        assert_eq!(typed(&format!("\"{}\"", "é".repeat(99))), RequestError::Type { got: "é".repeat(32) });
        assert_eq!(typed("null"), RequestError::TypeNotString { got: JsonKind::Null });
        assert_eq!(typed("true"), RequestError::TypeNotString { got: JsonKind::Boolean });
    }
}
