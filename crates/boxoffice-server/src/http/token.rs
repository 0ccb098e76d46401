//! `GET`, `POST /hms/{wv,pr,fp,ck}/token` (token-api.md, section 1).

use axum::body::Body;
use axum::response::Response;
use boxoffice_core::Drm;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use crate::app::App;
use crate::call::Call;
use crate::context::Context;
use crate::hms::token::mint;

/// Answers with the URL of a token, or why there is none. The edge calls this itself: nothing else is asked for as
/// often, and it needs no box.
pub(crate) async fn answer(app: &App, drm: Drm, context: Context, parts: Parts, body: Body) -> Response {
    let call = match Call::read(app, context, &parts, body).await {
        Ok(call) => call,
        Err(refused) => return refused,
    };
    match mint(app, &call.context, drm, &call.parameters).await {
        // Clients use the body as it is: no line break (token-api.md, section 1).
        Ok(text) => {
            let mut response = Response::new(Body::from(text));
            response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/uri-list"));
            response
        }
        Err(refusal) => call.refuse(refusal),
    }
}
