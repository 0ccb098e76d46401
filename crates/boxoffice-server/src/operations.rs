//! Which operation answers at which route. Paths are [`Route`]'s to know, and methods the edge's: it needs them for
//! `Allow` and for browsers.

use std::pin::Pin;

use axum::extract::Request;
use axum::response::{IntoResponse as _, Response};
use boxoffice_core::Drm;
use http::StatusCode;

use crate::app::App;
use crate::context::Context;
use crate::http::{certificate, rights};
use crate::route::Route;
use crate::{keystore, operators, records, webhook};

/// An operation under way. Each is boxed for itself, so that the shortest does not carry the room of the longest.
pub(crate) type Operation = Pin<Box<dyn Future<Output = Response> + Send>>;

/// The operation of any route but those that the edge answers itself: token requests, and what there is not.
pub(crate) fn operation(app: &App, route: Route, context: Context, request: Request) -> Operation {
    let app = app.clone();
    match route {
        Route::Rights(Drm::ClearKey) => Box::pin(rights::clearkey(app, context, request)),
        Route::Rights(Drm::FairPlay) => Box::pin(rights::fairplay(app, context, request)),
        Route::Rights(Drm::PlayReady) => Box::pin(rights::playready(app, context, request)),
        Route::Rights(Drm::Widevine) => Box::pin(rights::widevine(app, context, request)),
        Route::WidevineCertificate => Box::pin(certificate::handler(app, context, request)),
        Route::FairPlayCertificate => {
            Box::pin(async move { certificate::fairplay(&app, &context, request.uri().query()) })
        }
        Route::PlayReadyWebhook => Box::pin(webhook::handler(app, context, request)),
        Route::KeyStorage => Box::pin(keystore::http::handler(app, context, request)),
        Route::Records => Box::pin(records::http::getrecord(app, context, request)),
        Route::Health => Box::pin(async { operators::healthz().into_response() }),
        Route::Ready => Box::pin(operators::readyz(app)),
        Route::Metrics => Box::pin(async move { operators::metrics(&app) }),
        Route::Token(_) | Route::Unknown => Box::pin(async { StatusCode::NOT_FOUND.into_response() }),
    }
}
