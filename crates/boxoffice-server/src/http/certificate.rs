//! `GET /hms/wv/certificate` (widevine.md, section 2) and `GET /hms/fp/certificate` (fairplay.md, section 3).

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use boxoffice_core::Refusal;
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};

use crate::answer::{ErrorFormat, refuse};
use crate::app::App;
use crate::context::Context;
use crate::hms::fairplay::KeyServer;
use crate::hms::widevine::certificate::certificate;

/// The bare certificate; it changes seldom, and is the same on all nodes.
pub(crate) async fn handler(app: App, context: Context, request: Request) -> Response {
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

/// The operator's application certificate, from which players make their SPCs.
pub(crate) fn fairplay(app: &App, context: &Context, query: Option<&str>) -> Response {
    let environment = context.environment;
    let certificate = app.key_servers().of(environment).and_then(KeyServer::certificate);
    let Some(certificate) = certificate else {
        let hint = format!(
            "no FairPlay certificate is configured for the {environment} environment; the operator sets \
             [environments.{environment}.fairplay] certificate"
        );
        let format = ErrorFormat::of_query(query, ErrorFormat::Json);
        return refuse(&Refusal::of_status(404, hint), context, format);
    };
    let mut response = Response::new(Body::from(Bytes::clone(certificate)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-x509-ca-cert"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}
