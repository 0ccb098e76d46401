//! What can go wrong.

use std::str::FromStr;
use std::time::Duration;

use http::StatusCode;
use thiserror::Error;

/// What goes wrong with one request.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Fault<R> {
    /// Something between the two ends.
    Transport(TransportFault),
    /// The answer itself.
    Role(R),
}

/// What can go wrong whatever the server's role is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum TransportFault {
    /// The answer stops short of the closing of its JSON, at the length that was promised.
    BrokenJson,
    /// The answer comes so much later.
    Delay(Duration),
    /// The answer goes on for ever.
    Endless,
    /// Half of the answer comes, then the connection breaks off.
    Half,
    /// No answer comes until [`super::FaultPlan::release`].
    Hold,
    /// A redirection to where the right answer waits: who follows it gets one, and the request count tells.
    Redirect,
    /// The connection is closed before it has answered anything.
    Refuse,
    /// A status with a sentence in its body.
    Status(StatusCode),
    /// 429, with `Retry-After` in seconds if there is a number.
    TooManyRequests(Option<u32>),
}

/// A role's own faults, as commands name them.
pub trait RoleFault: Clone + Send + Sync + 'static {
    /// How they are written, for messages: `name`, or `name=VALUE`.
    const FORMS: &'static str;

    /// Reads one; `None` if the role has none of this name, or not with this value.
    fn read(name: &str, value: Option<&str>) -> Option<Self>;
}

/// A text that names no fault.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{got:?} is no fault; expected {}, {role_forms}", TransportFault::FORMS)]
pub struct FaultTextError {
    /// The text.
    pub got: String,
    /// What the role would have understood.
    pub role_forms: &'static str,
}

impl TransportFault {
    /// How they are written.
    const FORMS: &'static str = "broken-json, delay=MILLISECONDS, endless, half, hold, redirect, refuse, \
        status=CODE, too-many-requests, too-many-requests=SECONDS";

    fn read(name: &str, value: Option<&str>) -> Option<Self> {
        Some(match (name, value) {
            ("broken-json", None) => Self::BrokenJson,
            ("delay", Some(value)) => Self::Delay(Duration::from_millis(value.parse().ok()?)),
            ("endless", None) => Self::Endless,
            ("half", None) => Self::Half,
            ("hold", None) => Self::Hold,
            ("redirect", None) => Self::Redirect,
            ("refuse", None) => Self::Refuse,
            ("status", Some(value)) => Self::Status(StatusCode::from_bytes(value.as_bytes()).ok()?),
            ("too-many-requests", None) => Self::TooManyRequests(None),
            ("too-many-requests", Some(value)) => Self::TooManyRequests(Some(value.parse().ok()?)),
            _ => return None,
        })
    }
}

impl<R> From<TransportFault> for Fault<R> {
    fn from(fault: TransportFault) -> Self {
        Self::Transport(fault)
    }
}

impl<R: RoleFault> FromStr for Fault<R> {
    type Err = FaultTextError;

    fn from_str(text: &str) -> Result<Self, FaultTextError> {
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (text, None),
        };
        let transport = TransportFault::read(name, value).map(Self::Transport);
        transport
            .or_else(|| R::read(name, value).map(Self::Role))
            .ok_or_else(|| FaultTextError { got: text.to_owned(), role_forms: R::FORMS })
    }
}
