//! The outermost edge of errors: a [`Refusal`] becomes an HTTP answer, as JSON or as a page
//! (token-api.md, sections 2 and 11).

mod format;
mod html;
mod json;
mod language;

use axum::body::Body;
use axum::response::Response;
use boxoffice_core::{Code, Refusal};
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use crate::context::Context;

pub use format::ErrorFormat;
pub(crate) use json::text;
pub use json::{ErrorJson, custom_data};
pub use language::Language;

/// What a refused request was refused with; an extension of its answer, for metrics and the access log.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Outcome {
    /// An event or a status.
    pub code: Code,
    /// The stable word.
    pub reason: Option<&'static str>,
}

/// Turns a refusal into an answer.
#[must_use]
pub fn refuse(refusal: &Refusal, context: &Context, format: ErrorFormat) -> Response {
    let (content_type, body) = match format {
        ErrorFormat::Json => ("application/json", text(&ErrorJson::new(refusal, &context.request_id))),
        ErrorFormat::Html => {
            let language = Language::of(context.accept_language.as_ref());
            ("text/html; charset=utf-8", html::page(refusal, context.request_id, language))
        }
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() =
        StatusCode::from_u16(refusal.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    if format == ErrorFormat::Html {
        response.headers_mut().insert(http::header::VARY, HeaderValue::from_static("accept-language"));
    }
    mark(&mut response, refusal);
    response
}

/// Adds what every refusal's answer has, whatever its body: when to try again, and the outcome for metrics
/// and logs.
pub fn mark(response: &mut Response, refusal: &Refusal) {
    if let Some(seconds) = refusal.retry_seconds() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response.extensions_mut().insert(Outcome { code: refusal.code(), reason: refusal.reason_word() });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::request_id::RequestIds;
    use boxoffice_core::{Environment, Event};
    use drm_primitives::SequenceRandom;
    use jiff::Timestamp;

    fn context(accept_language: &'static str) -> Context {
        Context {
            request_id: RequestIds::new(Timestamp::UNIX_EPOCH, &SequenceRandom::new(1)).next(),
            environment: Environment::Test,
            address: "127.0.0.1".parse().unwrap(),
            accept_language: Some(HeaderValue::from_static(accept_language)),
        }
    }

    async fn text(response: Response) -> String {
        let bytes = axum::body::to_bytes(response.into_body(), 100_000).await.unwrap();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn json_has_code_and_message_first_and_then_what_helps() {
        let refusal = Refusal::new(Event::AuthenticatorInvalid, "it was revoked")
            .parameter("customerAuthenticator")
            .reason("revoked");
        let context = context("");
        let response = refuse(&refusal, &context, ErrorFormat::Json);
        assert_eq!(response.status(), 401);
        assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
        let expected = format!(
            concat!(
                r#"{{"code":-2018,"message":"[-2018] Authentication token invalid: it was revoked","#,
                r#""parameter":"customerAuthenticator","reason":"revoked","hint":"it was revoked","request_id":"{}"}}"#
            ),
            context.request_id
        );
        assert_eq!(text(response).await, expected);
    }

    #[tokio::test]
    async fn a_page_escapes_every_byte_of_the_user_and_speaks_their_language() {
        let refusal = Refusal::new(Event::ErrorFormat, "got \"<script>alert('&')</script>\"").retry_after(2);
        let response = refuse(&refusal, &context("fr, pt;q=0.9, en;q=0.1"), ErrorFormat::Html);
        assert_eq!(response.headers()[RETRY_AFTER], "2");
        assert_eq!(response.headers()[CONTENT_TYPE], "text/html; charset=utf-8");
        let page = text(response).await;
        assert!(page.starts_with("<!DOCTYPE html>\n<html lang=\"pt-BR\">"), "{page}");
        assert!(page.contains("&lt;script&gt;alert(&#39;&amp;&#39;)&lt;/script&gt;"), "{page}");
        assert!(!page.contains("<script>") && page.contains("-3004") && page.trim_end().ends_with("</html>"));
    }
}
