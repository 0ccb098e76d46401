//! How the answers of a policy hook can be wrong.

use crate::server::{Fault, RoleFault};

/// How the answer of a policy hook is wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum AnswerFault {
    /// JSON without a decision.
    NoDecision,
}

impl RoleFault for AnswerFault {
    const FORMS: &'static str = "no-decision";

    fn read(name: &str, value: Option<&str>) -> Option<Self> {
        (name == "no-decision" && value.is_none()).then_some(Self::NoDecision)
    }
}

impl From<AnswerFault> for Fault<AnswerFault> {
    fn from(fault: AnswerFault) -> Self {
        Self::Role(fault)
    }
}
