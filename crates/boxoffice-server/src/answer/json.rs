//! Errors for programs.

use boxoffice_core::Refusal;
use serde_json::{Map, Value};

use crate::request_id::RequestId;

/// The members that old clients know come first; the others help a person (token-api.md, section 2).
#[must_use]
pub fn error_json(refusal: &Refusal, request_id: RequestId) -> Value {
    let mut members = Map::new();
    members.insert("code".to_owned(), refusal.code_number().into());
    members.insert("message".to_owned(), refusal.message().into());
    if let Some(parameter) = refusal.parameter_name() {
        members.insert("parameter".to_owned(), parameter.into());
    }
    if let Some(reason) = refusal.reason_word() {
        members.insert("reason".to_owned(), reason.into());
    }
    if !refusal.hint().is_empty() {
        members.insert("hint".to_owned(), refusal.hint().into());
    }
    members.insert("request_id".to_owned(), request_id.as_str().into());
    Value::Object(members)
}
