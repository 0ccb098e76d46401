//! The mock policy hook (widevine.md, section 7.4): sees that whoever asks is who he should be, and answers as it was
//! told to.

mod fault;
mod proof;

use std::sync::{Mutex, MutexGuard, PoisonError};

use http::StatusCode;
use serde_json::{Value, json};

pub use fault::AnswerFault;
pub use proof::Proof;

use crate::server::{Received, Reply, Role};

/// The role of a policy hook, at any path.
pub struct PolicyHook {
    proof: Proof,
    answer: Mutex<Value>,
}

impl PolicyHook {
    /// Grants everything to whoever gives this proof.
    #[must_use]
    pub fn new(proof: Proof) -> Self {
        Self { proof, answer: Mutex::new(json!({ "decision": "grant" })) }
    }

    /// Answers so from now on.
    pub fn answer_with(&self, answer: Value) {
        *self.current() = answer;
    }

    fn current(&self) -> MutexGuard<'_, Value> {
        // A test that panicked while it held the lock has failed already.
        self.answer.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Role for PolicyHook {
    type Fault = AnswerFault;

    fn answer(&self, request: &Received, fault: Option<&AnswerFault>) -> Reply {
        if let Err(problem) = self.proof.check(request) {
            return Reply::text(StatusCode::UNAUTHORIZED, problem);
        }
        if !request.is_json() {
            return Reply::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected application/json");
        }
        let question: Option<Value> = serde_json::from_slice(&request.body).ok();
        let text = |name: &str| question.as_ref()?.get(name)?.as_str();
        if text("request_id").is_none() || text("drm").is_none() {
            return Reply::text(StatusCode::BAD_REQUEST, "expected JSON with request_id and drm");
        }
        match fault {
            Some(AnswerFault::NoDecision) => Reply::json(&json!({})),
            None => Reply::json(&self.current()),
        }
    }
}

impl std::fmt::Debug for PolicyHook {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PolicyHook(..)")
    }
}
