//! `DELETE /keystore/keys/{kid}`.

use axum::response::Response;
use boxoffice_core::key_storage::parse_one_kid;
use drm_primitives::Kek;

use super::Asked;
use super::answer::{empty, of_key_refusal};

const WORD: &str = "delete";

pub(super) async fn handle(asked: Asked, kek: Option<Kek>, kid: &str) -> Response {
    let kid = match parse_one_kid(kid.as_bytes()) {
        Ok(kid) => kid,
        Err(refusal) => return asked.refuse(WORD, refusal).await,
    };
    let (app, call) = (asked.app.clone(), asked.call.clone());
    // A client that goes away leaves no deletion without its record.
    let deleted = tokio::spawn(async move {
        let keys = app.key_storage();
        let outcome = keys.delete(&call, kid, kek.as_ref()).await;
        keys.release(&call, WORD, |()| 200, outcome).await
    });
    match deleted.await {
        Ok(Ok(())) => empty(),
        Ok(Err(refusal)) => of_key_refusal(&refusal, &asked.context),
        Err(_) => asked.defect(),
    }
}
