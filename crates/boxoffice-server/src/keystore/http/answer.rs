//! Answers: exactly these content types, which clients compare (key-storage.md, sections 3 and 5).

use axum::body::Body;
use axum::response::Response;
use boxoffice_core::key_storage::KeyRefusal;
use boxoffice_core::{Code, Refusal};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::answer::mark;
use crate::context::Context;

/// JSON or text that may hold keys: wiped once it is sent.
pub(super) fn secret(status: StatusCode, content_type: &'static str, body: Zeroizing<Vec<u8>>) -> Response {
    let mut response = Response::new(Body::from(Bytes::from_owner(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

/// JSON.
pub(super) const JSON: &str = "application/json";

/// Values.
pub(super) const TEXT: &str = "text/plain";

/// 200 with neither body nor type.
pub(super) fn empty() -> Response {
    Response::new(Body::empty())
}

/// An error of the key storage's own: the text stands for itself.
pub(super) fn of_key_refusal(refusal: &KeyRefusal, context: &Context) -> Response {
    let problem = refusal.problem;
    let mut bare = Refusal::of_status(problem.status(), refusal.hint.clone());
    if let Some(seconds) = refusal.retry_seconds() {
        bare = bare.retry_after(seconds);
    }
    error(&bare, problem.code(), problem.message().to_owned(), refusal.parameter, context)
}

/// An error that the token API has too, or a bare status.
pub(crate) fn of_refusal(refusal: &Refusal, context: &Context) -> Response {
    let message = match refusal.code() {
        Code::Event(_) => refusal.message(),
        Code::Status(_) => refusal.text().to_owned(),
    };
    error(refusal, refusal.code_number(), message, refusal.parameter_name(), context)
}

fn error(
    refusal: &Refusal,
    code: i32,
    message: String,
    parameter: Option<&str>,
    context: &Context,
) -> Response {
    let mut members = Map::new();
    members.insert("code".to_owned(), code.into());
    members.insert("message".to_owned(), message.into());
    if let Some(parameter) = parameter {
        members.insert("parameter".to_owned(), parameter.into());
    }
    if !refusal.hint().is_empty() {
        members.insert("hint".to_owned(), refusal.hint().into());
    }
    members.insert("request_id".to_owned(), context.request_id.as_str().into());
    let mut response = Response::new(Body::from(Value::Object(members).to_string()));
    *response.status_mut() =
        StatusCode::from_u16(refusal.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(JSON));
    mark(&mut response, refusal);
    response
}
