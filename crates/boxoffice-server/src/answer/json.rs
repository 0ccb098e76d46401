//! Errors for programs.

use boxoffice_core::Refusal;
use serde::Serialize;

use crate::request_id::RequestId;

/// The members that old clients know come first; the others help a person (token-api.md, section 2).
#[derive(Debug, Serialize)]
pub struct ErrorJson<'a> {
    code: i32,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    #[serde(skip_serializing_if = "str::is_empty")]
    hint: &'a str,
    request_id: &'a str,
}

/// What a PlayReady fault carries for a program: the same, and the status that the refusal would have had by itself
/// (playready.md, section 6).
#[derive(Serialize)]
struct CustomData<'a> {
    #[serde(flatten)]
    error: ErrorJson<'a>,
    status: u16,
}

impl<'a> ErrorJson<'a> {
    /// Of a refused request.
    #[must_use]
    pub fn new(refusal: &'a Refusal, request_id: &'a RequestId) -> Self {
        Self {
            code: refusal.code_number(),
            message: refusal.message(),
            parameter: refusal.parameter_name(),
            reason: refusal.reason_word(),
            hint: refusal.hint(),
            request_id: request_id.as_str(),
        }
    }
}

/// What stands in `CustomData` of a PlayReady fault.
#[must_use]
pub fn custom_data(refusal: &Refusal, request_id: &RequestId) -> String {
    let error = ErrorJson::new(refusal, request_id);
    text(&CustomData { error, status: refusal.http_status() })
}

/// Anything that is made of texts and numbers, as JSON.
pub(crate) fn text(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("texts and numbers make JSON")
}
