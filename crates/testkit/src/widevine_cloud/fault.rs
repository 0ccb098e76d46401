//! How the answers of the licence service can be wrong.

use serde_json::{Map, Value};

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
    /// The right answer with other members: these stand in the place of its own, objects member by member, and what is
    /// `null` is not there.
    With(Map<String, Value>),
}

impl AnswerFault {
    /// A status without an internal one.
    #[must_use]
    pub fn status(status: &str) -> Self {
        Self::Status { status: status.to_owned(), internal_status: None }
    }
}

impl RoleFault for AnswerFault {
    const FORMS: &'static str = "no-licence, answer=STATUS, answer=STATUS/INTERNAL_STATUS, with=JSON";

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
            ("with", Some(value)) => serde_json::from_str(value).ok().map(Self::With),
            _ => None,
        }
    }
}

/// Puts members in the place of others, as [`AnswerFault::With`] says.
pub(super) fn replace(members: &mut Map<String, Value>, others: &Map<String, Value>) {
    for (name, other) in others {
        match (members.get_mut(name), other) {
            (_, Value::Null) => {
                members.remove(name);
            }
            (Some(Value::Object(members)), Value::Object(others)) => replace(members, others),
            (Some(_) | None, other) => {
                members.insert(name.clone(), other.clone());
            }
        }
    }
}

impl From<AnswerFault> for Fault<AnswerFault> {
    fn from(fault: AnswerFault) -> Self {
        Self::Role(fault)
    }
}
