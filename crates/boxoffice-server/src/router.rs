//! Which operation stands at which path. Methods are the edge's: it knows them for `Allow` and for browsers.

use axum::Router;
use axum::routing::{MethodRouter, any};

use crate::app::App;
use crate::http::{certificate, rights};
use crate::{keystore, operators, records, webhook};

/// Every operation but token requests, which the edge answers itself.
pub(crate) fn router(app: App) -> Router {
    Router::new()
        .merge(with_and_without_slash("/hms/wv/rights", || any(rights::widevine)))
        .merge(with_and_without_slash("/hms/pr/rights", || any(rights::playready)))
        .merge(with_and_without_slash("/playready/RightsManager.asmx", || any(rights::playready)))
        .merge(with_and_without_slash("/hms/fp/rights", || any(rights::fairplay)))
        .merge(with_and_without_slash("/hms/ck/rights", || any(rights::clearkey)))
        .merge(with_and_without_slash("/hms/wv/certificate", || any(certificate::handler)))
        .route("/v1/playready/redeem", any(webhook::handler))
        .merge(with_and_without_slash("/keystore", || any(keystore::http::handler)))
        .route("/keystore/{*rest}", any(keystore::http::handler))
        .merge(with_and_without_slash("/cmiapi/getrecord", || any(records::http::getrecord)))
        .merge(with_and_without_slash("/healthz", || any(operators::healthz)))
        .merge(with_and_without_slash("/readyz", || any(operators::readyz)))
        .merge(with_and_without_slash("/metrics", || any(operators::metrics)))
        .with_state(app)
}

/// Clients write these paths in both ways (token-api.md, section 11).
fn with_and_without_slash(path: &str, operation: impl Fn() -> MethodRouter<App>) -> Router<App> {
    Router::new().route(path, operation()).route(&format!("{path}/"), operation())
}
