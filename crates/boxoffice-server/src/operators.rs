//! `/healthz`, `/readyz`, `/metrics` (operations.md, section 6).

use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse as _, Response};
use boxoffice_core::Environment;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, StatusCode};
use tokio::time::timeout;

use crate::app::App;

/// `GET /healthz`: the process is up.
pub const fn healthz() -> &'static str {
    "ok\n"
}

/// `GET /readyz`: the database answers, and there are keys to seal with.
pub async fn readyz(app: App) -> Response {
    let checked = timeout(Duration::from_secs(2), app.installation().storage().check()).await;
    let problem = match checked {
        Ok(Ok(())) => None,
        Ok(Err(error)) => {
            tracing::warn!(%error, "not ready: the database");
            Some("the database does not answer\n")
        }
        Err(_) => Some("the database does not answer in time\n"),
    };
    let rings = app.rings();
    let has_keys = Environment::ALL.iter().all(|&environment| !rings.sealing(environment).keys().is_empty());
    match problem.or((!has_keys).then_some("there is no sealing key\n")) {
        None => "ready\n".into_response(),
        Some(problem) => (StatusCode::SERVICE_UNAVAILABLE, problem).into_response(),
    }
}

/// `GET /metrics`: OpenMetrics.
pub fn metrics(app: &App) -> Response {
    let Ok(text) = app.metrics().encode() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    let mut response = Response::new(Body::from(text));
    let content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
