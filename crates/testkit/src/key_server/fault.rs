//! How the answers of a key server can be wrong.

use crate::server::{Fault, RoleFault};

/// How the answer of a key server is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnswerFault {
    /// Status 0 with a `ckc` that is no base64.
    CkcNotBase64,
    /// This item status, and no `ckc`.
    ItemStatus(i64),
    /// Status 0 without a `ckc`.
    NoCkc,
    /// The answer to another item.
    WrongId,
}

impl RoleFault for AnswerFault {
    const FORMS: &'static str = "ckc-not-base64, item-status=NUMBER, no-ckc, wrong-id";

    fn read(name: &str, value: Option<&str>) -> Option<Self> {
        Some(match (name, value) {
            ("ckc-not-base64", None) => Self::CkcNotBase64,
            ("item-status", Some(value)) => Self::ItemStatus(value.parse().ok()?),
            ("no-ckc", None) => Self::NoCkc,
            ("wrong-id", None) => Self::WrongId,
            _ => return None,
        })
    }
}

impl From<AnswerFault> for Fault<AnswerFault> {
    fn from(fault: AnswerFault) -> Self {
        Self::Role(fault)
    }
}
