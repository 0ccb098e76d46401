//! `GET`, `POST /hms/{wv,pr,fp,ck}/token` (token-api.md, section 1).

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use boxoffice_core::Drm;
use http::HeaderValue;
use http::header::CONTENT_TYPE;

use crate::app::App;
use crate::call::Call;
use crate::hms::token::mint;

/// Widevine.
pub(crate) async fn widevine(State(app): State<App>, call: Call) -> Response {
    answer(&app, Drm::Widevine, &call).await
}

/// PlayReady.
pub(crate) async fn playready(State(app): State<App>, call: Call) -> Response {
    answer(&app, Drm::PlayReady, &call).await
}

/// FairPlay.
pub(crate) async fn fairplay(State(app): State<App>, call: Call) -> Response {
    answer(&app, Drm::FairPlay, &call).await
}

/// Clear Key.
pub(crate) async fn clearkey(State(app): State<App>, call: Call) -> Response {
    answer(&app, Drm::ClearKey, &call).await
}

async fn answer(app: &App, drm: Drm, call: &Call) -> Response {
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
