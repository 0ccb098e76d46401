//! What the key server answers, and whose fault it is (fairplay.md, section 5).

use std::borrow::Cow;

use drm_primitives::base64;
use serde::Deserialize;
use serde_json::Number;
use thiserror::Error;

use crate::ckc::Ckc;
use crate::create_ckc::ITEM_ID;

/// The longest response that is read, in bytes.
pub const RESPONSE_LIMIT: usize = 64 * 1024;

/// The item status that always blames the SPC: its version.
pub const SPC_VERSION_STATUS: i64 = -42_580;

/// Why a response brings no CKC. Carries nothing of its body but numbers.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum KeyServerFault {
    /// Status 0 with an empty `ckc`.
    #[error("the key server answered status 0 with an empty ckc")]
    CkcEmpty,
    /// Status 0 without `ckc`.
    #[error("the key server answered status 0 without a ckc")]
    CkcMissing,
    /// Status 0 with a `ckc` that is no base64.
    #[error("the key server answered status 0 with a ckc that is not base64")]
    CkcNotBase64,
    /// An item status that blames the request or the server.
    #[error("the key server answered item status {status}")]
    Item {
        /// The status.
        status: i64,
    },
    /// An item status that blames the SPC.
    #[error("the key server does not take this SPC: item status {status}")]
    ItemSpc {
        /// The status.
        status: i64,
    },
    /// Not one item.
    #[error("the key server answered {got} items, expected one")]
    Items {
        /// How many.
        got: usize,
    },
    /// 429.
    #[error("the key server has too many requests")]
    Overloaded {
        /// `Retry-After`, where it is a number of seconds.
        retry_after_seconds: Option<u32>,
    },
    /// Another item than was asked for.
    #[error("the key server answered item {got}, expected {ITEM_ID}")]
    OtherItem {
        /// Its number.
        got: Number,
    },
    /// 200, and not the JSON of section 4.
    #[error("the key server answered something other than a fairplay-streaming-response with create-ckc")]
    Shape,
    /// A status other than 200, 429 and 5xx; redirects are not followed.
    #[error("the key server answered HTTP status {got}")]
    Status {
        /// The status.
        got: u16,
    },
    /// More than [`RESPONSE_LIMIT`] bytes.
    #[error("the key server answered more than {RESPONSE_LIMIT} bytes")]
    TooLong,
    /// 5xx.
    #[error("the key server answered HTTP status {got}")]
    Unavailable {
        /// The status.
        got: u16,
    },
}

/// Whose fault it is, which decides the status that the player gets.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Blame {
    /// The key server, or what we sent it: 502.
    KeyServer,
    /// Nobody for good: 503, later again.
    Moment,
    /// The player's SPC: 400.
    Spc,
}

#[derive(Deserialize)]
struct Response<'a> {
    #[serde(borrow, rename = "fairplay-streaming-response")]
    response: Operations<'a>,
}

#[derive(Deserialize)]
struct Operations<'a> {
    #[serde(borrow, rename = "create-ckc")]
    create_ckc: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    id: Number,
    status: i64,
    #[serde(borrow, default)]
    ckc: Option<Cow<'a, str>>,
}

/// Reads a response. `retry_after` is its header; `spc_statuses` are item statuses that blame the SPC, beside
/// [`SPC_VERSION_STATUS`].
///
/// # Errors
/// [`KeyServerFault`], for the first thing that is wrong.
pub fn read_response(
    status: u16,
    retry_after: Option<&str>,
    body: &[u8],
    spc_statuses: &[i64],
) -> Result<Ckc, KeyServerFault> {
    match status {
        200 => {}
        429 => {
            let retry_after_seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok());
            return Err(KeyServerFault::Overloaded { retry_after_seconds });
        }
        500..=599 => return Err(KeyServerFault::Unavailable { got: status }),
        got => return Err(KeyServerFault::Status { got }),
    }
    if body.len() > RESPONSE_LIMIT {
        return Err(KeyServerFault::TooLong);
    }
    let response: Response<'_> = serde_json::from_slice(body).map_err(|_| KeyServerFault::Shape)?;
    let [item] = response.response.create_ckc.as_slice() else {
        return Err(KeyServerFault::Items { got: response.response.create_ckc.len() });
    };
    if item.id.as_u64() != Some(ITEM_ID) {
        return Err(KeyServerFault::OtherItem { got: item.id.clone() });
    }
    match item.status {
        0 => {}
        status if status == SPC_VERSION_STATUS || spc_statuses.contains(&status) => {
            return Err(KeyServerFault::ItemSpc { status });
        }
        status => return Err(KeyServerFault::Item { status }),
    }
    let text = item.ckc.as_deref().ok_or(KeyServerFault::CkcMissing)?;
    let bytes = base64::decode(text.as_bytes()).map_err(|_| KeyServerFault::CkcNotBase64)?;
    Ckc::new(bytes).ok_or(KeyServerFault::CkcEmpty)
}

impl KeyServerFault {
    /// Whether another attempt, at another endpoint, may help.
    #[must_use]
    pub const fn may_repeat(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    /// Whose fault it is.
    #[must_use]
    pub const fn blame(&self) -> Blame {
        match self {
            Self::ItemSpc { .. } => Blame::Spc,
            Self::Overloaded { .. } | Self::Unavailable { .. } => Blame::Moment,
            Self::CkcEmpty
            | Self::CkcMissing
            | Self::CkcNotBase64
            | Self::Item { .. }
            | Self::Items { .. }
            | Self::OtherItem { .. }
            | Self::Shape
            | Self::Status { .. }
            | Self::TooLong => Blame::KeyServer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"fairplay-streaming-response":{"create-ckc":[{"id":1,"status":0,"ckc":"+/8A"}]}}"#;

    fn read(status: u16, body: &str) -> Result<Ckc, KeyServerFault> {
        read_response(status, None, body.as_bytes(), &[-42_999])
    }

    fn fault(body: &str) -> KeyServerFault {
        read(200, body).unwrap_err()
    }

    fn with(item: &str) -> String {
        format!(r#"{{"fairplay-streaming-response":{{"create-ckc":[{item}]}}}}"#)
    }

    #[test]
    fn the_response_of_the_specification_is_read_and_members_more_are_ignored() {
        assert_eq!(read(200, GOOD).unwrap().as_bytes(), [0xFB, 0xFF, 0x00]);
        let more = with(r#"{"id":1,"status":0,"ckc":"+/8A","lease":{"a":1}}"#);
        assert_eq!(read(200, &more).unwrap().as_bytes(), [0xFB, 0xFF, 0x00]);
    }

    #[test]
    fn every_row_of_the_table_has_its_fault_its_blame_and_its_repetition() {
        let spc = KeyServerFault::ItemSpc { status: -42_580 };
        for (result, expected, blame, again) in [
            (read(500, GOOD), KeyServerFault::Unavailable { got: 500 }, Blame::Moment, true),
            (read(503, ""), KeyServerFault::Unavailable { got: 503 }, Blame::Moment, true),
            (read(429, ""), KeyServerFault::Overloaded { retry_after_seconds: None }, Blame::Moment, false),
            (read(302, ""), KeyServerFault::Status { got: 302 }, Blame::KeyServer, false),
            (read(404, GOOD), KeyServerFault::Status { got: 404 }, Blame::KeyServer, false),
            (read(201, GOOD), KeyServerFault::Status { got: 201 }, Blame::KeyServer, false),
            (read(200, "<html>"), KeyServerFault::Shape, Blame::KeyServer, false),
            (read(200, &with("{\"id\":1}")), KeyServerFault::Shape, Blame::KeyServer, false),
            (read(200, &with("")), KeyServerFault::Items { got: 0 }, Blame::KeyServer, false),
            (
                read(200, &with(r#"{"id":2,"status":0,"ckc":"+/8A"}"#)),
                KeyServerFault::OtherItem { got: 2.into() },
                Blame::KeyServer,
                false,
            ),
            (read(200, &with(r#"{"id":1,"status":0}"#)), KeyServerFault::CkcMissing, Blame::KeyServer, false),
            (
                read(200, &with(r#"{"id":1,"status":0,"ckc":"*"}"#)),
                KeyServerFault::CkcNotBase64,
                Blame::KeyServer,
                false,
            ),
            (
                read(200, &with(r#"{"id":1,"status":0,"ckc":""}"#)),
                KeyServerFault::CkcEmpty,
                Blame::KeyServer,
                false,
            ),
            (read(200, &with(r#"{"id":1,"status":-42580}"#)), spc, Blame::Spc, false),
            (
                read(200, &with(r#"{"id":1,"status":-42999}"#)),
                KeyServerFault::ItemSpc { status: -42_999 },
                Blame::Spc,
                false,
            ),
            (
                read(200, &with(r#"{"id":1,"status":-42585}"#)),
                KeyServerFault::Item { status: -42_585 },
                Blame::KeyServer,
                false,
            ),
        ] {
            let fault = result.unwrap_err();
            assert_eq!(fault, expected);
            assert_eq!((fault.blame(), fault.may_repeat()), (blame, again), "{fault}");
        }
    }

    #[test]
    fn retry_after_travels_with_the_fault_if_it_is_a_number_of_seconds() {
        for (header, expected) in [("7", Some(7)), ("Fri, 31 Dec 1999 23:59:59 GMT", None), ("-1", None)] {
            let fault = read_response(429, Some(header), b"", &[]).unwrap_err();
            assert_eq!(fault, KeyServerFault::Overloaded { retry_after_seconds: expected });
        }
    }

    #[test]
    fn a_longer_response_is_not_read() {
        let padded = format!("{GOOD}{}", " ".repeat(RESPONSE_LIMIT - GOOD.len()));
        assert!(read(200, &padded).is_ok());
        assert_eq!(fault(&format!("{padded} ")), KeyServerFault::TooLong);
    }

    #[test]
    fn two_items_are_not_one() {
        let twice = with(r#"{"id":1,"status":0,"ckc":"+/8A"},{"id":2,"status":0,"ckc":"+/8A"}"#);
        assert_eq!(fault(&twice), KeyServerFault::Items { got: 2 });
    }
}
