//! How the answers of the licence service can be wrong.

use crate::server::{Fault, RoleFault};

/// How the answer of the licence service is wrong.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum AnswerFault {
    /// `OK`, without `license`.
    NoLicence,
    /// A status, such as `INTERNAL_ERROR`, and nothing else.
    Status {
        /// `status`.
        status: String,
        /// `internal_status`.
        internal_status: Option<i64>,
    },
}

impl AnswerFault {
    /// A status without an internal one.
    #[must_use]
    pub fn status(status: &str) -> Self {
        Self::Status { status: status.to_owned(), internal_status: None }
    }
}

impl RoleFault for AnswerFault {
    const FORMS: &'static str = "no-licence, answer=STATUS, answer=STATUS/INTERNAL_STATUS";

    fn read(name: &str, value: Option<&str>) -> Option<Self> {
        match (name, value) {
            ("no-licence", None) => Some(Self::NoLicence),
            ("answer", Some(value)) => match value.split_once('/') {
                None => Some(Self::status(value)),
                Some((status, internal)) => Some(Self::Status {
                    status: status.to_owned(),
                    internal_status: Some(internal.parse().ok()?),
                }),
            },
            _ => None,
        }
    }
}

impl From<AnswerFault> for Fault<AnswerFault> {
    fn from(fault: AnswerFault) -> Self {
        Self::Role(fault)
    }
}
