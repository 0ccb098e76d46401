//! The mock key server module (fairplay.md, section 6): answers a lab SPC with a lab CKC, and nothing else.

mod fault;
mod request;

use fairplay::lab::LabCkc;
use http::StatusCode;
use serde_json::{Value, json};
use zeroize::Zeroizing;

use drm_primitives::base64;

pub use fault::AnswerFault;
use request::{Refused, Request};

use crate::server::{Received, Reply, Role};

/// The role of a key server, at any path.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyServer;

impl Role for KeyServer {
    type Fault = AnswerFault;

    fn answer(&self, request: &Received, fault: Option<&AnswerFault>) -> Reply {
        if !request.is_json() {
            return Reply::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected application/json");
        }
        let Ok(body) = serde_json::from_slice::<Value>(&request.body) else {
            return Reply::text(StatusCode::BAD_REQUEST, "expected JSON");
        };
        let item = match (Request::read(&body), fault) {
            (_, Some(AnswerFault::ItemStatus(status))) => json!({ "id": 1, "status": status }),
            (Err(Refused { id, status }), _) => json!({ "id": id, "status": status }),
            (Ok(request), fault) => granted(&request, fault),
        };
        Reply::json(&json!({ "fairplay-streaming-response": { "create-ckc": [item] } }))
    }
}

fn granted(request: &Request<'_>, fault: Option<&AnswerFault>) -> Value {
    let ckc = LabCkc::write(&request.spc, request.asset_info);
    let ckc = Zeroizing::new(base64::encode(&ckc));
    match fault {
        Some(AnswerFault::WrongId) => json!({ "id": request.id + 1, "status": 0, "ckc": *ckc }),
        Some(AnswerFault::NoCkc) => json!({ "id": request.id, "status": 0 }),
        Some(AnswerFault::CkcNotBase64) => json!({ "id": request.id, "status": 0, "ckc": "*not base64*" }),
        Some(AnswerFault::ItemStatus(_)) | None => json!({ "id": request.id, "status": 0, "ckc": *ckc }),
    }
}
