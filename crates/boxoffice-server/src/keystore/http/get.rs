//! `GET /keystore/keys/{kids}` and `/value`.

use axum::response::Response;
use boxoffice_core::key_storage::parse_kid_list;
use drm_primitives::Kek;
use http::StatusCode;
use zeroize::Zeroizing;

use super::Asked;
use super::answer::{JSON, TEXT, of_key_refusal, secret};
use crate::keystore::ShownKey;

/// How keys are shown.
#[derive(Clone, Copy)]
pub(super) enum Form {
    /// As JSON: one object, or an array.
    Objects,
    /// The values alone, joined by commas.
    Values,
}

impl Form {
    const fn word(self) -> &'static str {
        match self {
            Self::Objects => "get",
            Self::Values => "value",
        }
    }
}

pub(super) async fn handle(asked: Asked, kek: Option<Kek>, kids: &str, form: Form) -> Response {
    let kids = match parse_kid_list(kids.as_bytes()) {
        Ok(kids) => kids,
        Err(refusal) => return asked.refuse(form.word(), refusal).await,
    };
    let keys = asked.app.key_storage();
    let outcome = keys.read(&asked.call, form.word(), kids, kek.as_ref()).await;
    match keys.release(&asked.call, form.word(), |_| 200, outcome).await {
        Ok(shown) => answer(&shown, form),
        Err(refusal) => of_key_refusal(&refusal, &asked.context),
    }
}

fn answer(shown: &[ShownKey], form: Form) -> Response {
    // With a comma or bracket each, and one more.
    let length = shown.iter().map(|key| key.longest() + 1).sum::<usize>() + 1;
    let mut body = Zeroizing::new(Vec::with_capacity(length));
    match form {
        Form::Values => {
            for (index, key) in shown.iter().enumerate() {
                if index > 0 {
                    body.push(b',');
                }
                key.view().write_value_onto(&mut body);
            }
            secret(StatusCode::OK, TEXT, body)
        }
        Form::Objects => {
            if let [key] = shown {
                key.view().write_onto(&mut body);
            } else {
                write_array(shown, &mut body);
            }
            secret(StatusCode::OK, JSON, body)
        }
    }
}

/// A bare array, in order.
pub(super) fn write_array(shown: &[ShownKey], body: &mut Vec<u8>) {
    body.push(b'[');
    for (index, key) in shown.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        key.view().write_onto(body);
    }
    body.push(b']');
}
