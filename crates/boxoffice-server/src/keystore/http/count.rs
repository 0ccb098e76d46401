//! `GET /keystore/keycount`.

use axum::response::Response;
use http::StatusCode;
use zeroize::Zeroizing;

use super::Asked;
use super::answer::{JSON, of_key_refusal, secret};

pub(super) async fn handle(asked: Asked) -> Response {
    let keys = asked.app.key_storage();
    let outcome = keys.count(&asked.call).await;
    match keys.release(&asked.call, "count", |_| 200, outcome).await {
        Ok(count) => {
            let body = format!("{{\"keyCount\":{count}}}").into_bytes();
            secret(StatusCode::OK, JSON, Zeroizing::new(body))
        }
        Err(refusal) => of_key_refusal(&refusal, &asked.context),
    }
}
