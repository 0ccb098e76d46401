//! The two JSON forms: `{"spc":"…"}`, and the request of Apple's sample page.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::Number;
use serde_json::error::Category;

use super::{BodyError, BodyForm, Submission, present, spc};

/// Where the item of an answer in Apple's form goes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct AppleItem {
    /// The member that it came in, and goes out in.
    pub operation: AppleOperation,
    /// Its number, repeated in the answer.
    pub id: Number,
}

/// The member of Apple's request that holds the items.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AppleOperation {
    /// `create-ckc`.
    CreateCkc,
    /// `streaming-keys`.
    StreamingKeys,
}

impl AppleOperation {
    /// The member's name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::CreateCkc => "create-ckc",
            Self::StreamingKeys => "streaming-keys",
        }
    }
}

/// Members that nobody knows are ignored; those that are known may come once.
#[derive(Deserialize)]
struct Body<'a> {
    #[serde(borrow, default)]
    spc: Option<Cow<'a, str>>,
    #[serde(borrow, default, rename = "fairplay-streaming-request")]
    request: Option<Request<'a>>,
}

#[derive(Default, Deserialize)]
struct Request<'a> {
    #[serde(borrow, default, rename = "create-ckc")]
    create_ckc: Vec<Item<'a>>,
    #[serde(borrow, default, rename = "streaming-keys")]
    streaming_keys: Vec<Item<'a>>,
}

#[derive(Deserialize)]
struct Item<'a> {
    #[serde(default)]
    id: Option<Number>,
    #[serde(borrow, default)]
    spc: Option<Cow<'a, str>>,
}

pub(super) fn parse(body: &[u8]) -> Result<Submission, BodyError> {
    let parsed: Body<'_> = serde_json::from_slice(body).map_err(|error| refuse(body, &error))?;
    let request = parsed.request.unwrap_or_default();
    let created = request.create_ckc.into_iter().map(|item| (AppleOperation::CreateCkc, item));
    let streamed = request.streaming_keys.into_iter().map(|item| (AppleOperation::StreamingKeys, item));
    let mut items: Vec<(AppleOperation, Item<'_>)> = created.chain(streamed).collect();
    let got = usize::from(parsed.spc.is_some()) + items.len();
    if got != 1 {
        return Err(BodyError::Count { got });
    }
    match items.pop() {
        Some((operation, item)) => {
            let id = item.id.unwrap_or_else(|| Number::from(1));
            let spc = spc(&present(item.spc)?)?;
            Ok(Submission { spc, form: BodyForm::Apple(AppleItem { operation, id }) })
        }
        None => Ok(Submission { spc: spc(&present(parsed.spc)?)?, form: BodyForm::Json }),
    }
}

/// `serde_json` counts lines and columns; a body is shown as one piece, so its reader needs the byte.
fn refuse(body: &[u8], error: &serde_json::Error) -> BodyError {
    let lines_before = body.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let before: usize = lines_before.map(<[u8]>::len).sum();
    let at = (before + error.column()).clamp(1, body.len() + 1);
    match error.classify() {
        Category::Data => BodyError::Shape { at },
        Category::Eof => BodyError::NotJson { at: body.len() + 1, length: body.len() },
        Category::Io | Category::Syntax => BodyError::NotJson { at, length: body.len() },
    }
}
