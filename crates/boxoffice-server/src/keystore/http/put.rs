//! `PUT /keystore/keys/{kid}`.

use axum::body::Body;
use axum::response::Response;
use boxoffice_core::key_storage::{KeyChange, parse_one_kid};
use drm_primitives::Kek;

use super::Asked;
use super::answer::{empty, of_key_refusal};

const WORD: &str = "put";

pub(super) async fn handle(asked: Asked, kek: Option<Kek>, kid: &str, body: Body) -> Response {
    let kid = match parse_one_kid(kid.as_bytes()) {
        Ok(kid) => kid,
        Err(refusal) => return asked.refuse(WORD, refusal).await,
    };
    let change = match asked.body(WORD, body, KeyChange::parse).await {
        Ok(change) => change,
        Err(response) => return response,
    };
    let (app, call) = (asked.app.clone(), asked.call.clone());
    // A client that goes away leaves no change without its record.
    let changed = tokio::spawn(async move {
        let keys = app.key_storage();
        let outcome = keys.change(&call, kid, kek.as_ref(), change).await;
        keys.release(&call, WORD, |()| 200, outcome).await
    });
    match changed.await {
        Ok(Ok(())) => empty(),
        Ok(Err(refusal)) => of_key_refusal(&refusal, &asked.context),
        Err(_) => asked.defect(),
    }
}
