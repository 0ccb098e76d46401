//! `GET /hms/wv/certificate` (widevine.md, section 2).

use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::answer::{ErrorFormat, refuse};
use crate::app::App;
use crate::context::Context;
use crate::hms::widevine::certificate::certificate;

/// The bare certificate; it changes seldom, and is the same on all nodes.
pub(crate) async fn handler(State(app): State<App>, context: Context, request: Request) -> Response {
    match certificate(&app, context.environment).await {
        Ok(bytes) => {
            let mut response = Response::new(Body::from(bytes));
            let headers = response.headers_mut();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
            response
        }
        Err(refusal) => {
            refuse(&refusal, &context, ErrorFormat::of_query(request.uri().query(), ErrorFormat::Json))
        }
    }
}
