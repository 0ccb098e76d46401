//! `POST /keystore/keys`.

use axum::body::Body;
use axum::response::Response;
use boxoffice_core::key_storage::NewKey;
use drm_primitives::Kek;
use http::header::LOCATION;
use http::{HeaderValue, StatusCode};
use zeroize::Zeroizing;

use super::Asked;
use super::answer::{JSON, of_key_refusal, secret};
use crate::keystore::Created;

const WORD: &str = "create";

pub(super) async fn handle(asked: Asked, kek: Option<Kek>, body: Body) -> Response {
    let now = asked.app.now();
    let key = match asked.body(WORD, body, |body| NewKey::parse(body, now)).await {
        Ok(key) => key,
        Err(response) => return response,
    };
    // Key and record are written in one: a client that goes away leaves both or neither.
    let keys = asked.app.key_storage();
    let outcome = keys.create(&asked.call, WORD, kek.as_ref(), key).await;
    match keys
        .release(&asked.call, WORD, |created: &Created| if created.new { 201 } else { 200 }, outcome)
        .await
    {
        Ok(created) => answer(&created),
        Err(refusal) => of_key_refusal(&refusal, &asked.context),
    }
}

fn answer(created: &Created) -> Response {
    let mut body = Zeroizing::new(Vec::with_capacity(created.key.longest()));
    created.key.view().write_onto(&mut body);
    if !created.new {
        return secret(StatusCode::OK, JSON, body);
    }
    let mut response = secret(StatusCode::CREATED, JSON, body);
    let location = HeaderValue::from_str(&format!("/keystore/keys/{}", created.key.kid));
    response.headers_mut().insert(LOCATION, location.expect("hex digits make a header value"));
    response
}
