//! A request with parameters: query and form as one set, and how its errors are to be shown.

use axum::body::Body;
use axum::response::Response;
use boxoffice_core::{Code, Event, Parameters, Refusal};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use hyper::body::Body as _;

use crate::answer::{ErrorFormat, refuse};
use crate::app::App;
use crate::body::{self, BodyError};
use crate::context::Context;

/// A token request, as it came.
pub struct Call {
    /// What is known of the request around it.
    pub context: Context,
    /// Query and form.
    pub parameters: Parameters,
    format: ErrorFormat,
    /// Whether there was a body that is no form, and was not read.
    has_unread_body: bool,
}

impl Call {
    /// The longest form: 64 KiB (token-api.md, section 11).
    const FORM_LIMIT: usize = 65_536;

    /// Reads the parameters of a request, from its query and its form.
    ///
    /// # Errors
    /// The answer: 413 or 408 for the form, 400 for too many parameters, -3004.
    pub async fn read(app: &App, context: Context, parts: &Parts, body: Body) -> Result<Self, Response> {
        let query = parts.uri.query();
        let reject = |refusal: &Refusal, format| refuse(refusal, &context, format);
        let is_form = is_form(parts);
        let has_unread_body = !is_form && !body.is_end_stream();
        let form = if is_form {
            let form = body::read(body, Self::FORM_LIMIT, app.config().server.body_timeout).await;
            let format = || ErrorFormat::of_query(query, ErrorFormat::Html);
            form.map_err(|error| reject(&body_refusal(error), format()))?
        } else {
            Bytes::new()
        };
        let parameters = Parameters::parse(query.unwrap_or_default().as_bytes(), &form)
            .map_err(|error| reject(&Refusal::of_status(400, error.to_string()), ErrorFormat::Html))?;
        let format = ErrorFormat::of(&parameters, ErrorFormat::Html)
            .map_err(|refusal| reject(&refusal, ErrorFormat::Html))?;
        Ok(Self { context, parameters, format, has_unread_body })
    }

    /// The answer to a call that was refused.
    #[must_use]
    pub fn refuse(&self, refusal: Refusal) -> Response {
        refuse(&self.with_body_named(refusal), &self.context, self.format)
    }

    /// Of what is missing because it stood in a body that was not read, the hint says so.
    fn with_body_named(&self, refusal: Refusal) -> Refusal {
        let Code::Event(event) = refusal.code() else { return refusal };
        if !self.has_unread_body || !says_missing(event) {
            return refusal;
        }
        let hint = format!(
            "{}; the body was not read, because its Content-Type is not application/x-www-form-urlencoded",
            refusal.hint()
        );
        let mut named = Refusal::new(event, hint).status(refusal.http_status());
        if let Some(parameter) = refusal.parameter_name() {
            named = named.parameter(parameter);
        }
        if let Some(reason) = refusal.reason_word() {
            named = named.reason(reason);
        }
        named
    }
}

/// Whether an event says, at a token request, that a parameter is absent.
const fn says_missing(event: Event) -> bool {
    matches!(
        event,
        Event::AuthenticatorMissing
            | Event::HdcpMissing
            | Event::IvInvalid
            | Event::KeyData
            | Event::KeyStorage
            | Event::KidMissing
            | Event::OplMissing
            | Event::RentalPeriodEndTimeMissing
            | Event::RightsTypeMissing
            | Event::SecurityLevelMissing
    )
}

fn is_form(parts: &Parts) -> bool {
    let Some(content_type) = parts.headers.get(CONTENT_TYPE) else { return false };
    let media_type = content_type.as_bytes().split(|&byte| byte == b';').next().unwrap_or_default();
    media_type.trim_ascii().eq_ignore_ascii_case(b"application/x-www-form-urlencoded")
}

/// A bare status for a body that cannot be read.
pub(crate) fn body_refusal(error: BodyError) -> Refusal {
    let status = match error {
        BodyError::Broken => 400,
        BodyError::Slow { .. } => 408,
        BodyError::TooLong { .. } => 413,
    };
    Refusal::of_status(status, error.to_string())
}
