//! Record, then release: an answer leaves once its audit record is durable (key-storage.md, section 10).

use std::borrow::Cow;
use std::net::IpAddr;

use boxoffice_core::key_storage::KeyRefusal;
use boxoffice_core::{AccountId, Code, Refusal};
use boxoffice_storage::KeyAuditRecord;
use drm_primitives::Kid;

use super::{Call, KeyStorage, KeyStorageError, Outcome};

impl KeyStorage {
    /// Writes the record of a call and hands its answer over. `word` names the call, `status` is that of a success.
    ///
    /// # Errors
    /// The call's own refusal; or 503 where the record of an answer cannot be written.
    pub async fn release<T>(
        &self,
        call: &Call,
        word: &'static str,
        status: impl FnOnce(&T) -> u16,
        outcome: Outcome<T>,
    ) -> Result<T, KeyRefusal> {
        let Outcome { result, kids, holders, recorded } = outcome;
        if recorded {
            return result;
        }
        let outcome = match &result {
            Ok(answer) => Cow::Owned(status(answer).to_string()),
            Err(refusal) => outcome_of(refusal),
        };
        let record = self.record(call, word, kids, holders.as_str(), outcome);
        match (result, self.storage.append_key_audit(vec![record]).await) {
            (result, Ok(())) => result,
            (Ok(_), Err(error)) => Err(KeyStorageError::from(error).into()),
            (Err(refusal), Err(error)) => {
                // It shows no key, so the caller hears why; only the record is lost.
                tracing::error!(%error, "the record of a refused key storage call is lost: {error}");
                Err(refusal)
            }
        }
    }

    /// Records a call that was refused before anybody knew whose keys it is about, or what it wants.
    pub async fn record_refused(
        &self,
        account: Option<AccountId>,
        address: Option<IpAddr>,
        request_id: &str,
        word: &'static str,
        refusal: &Refusal,
    ) {
        let status = refusal.http_status();
        let outcome = match refusal.code() {
            Code::Event(event) => Cow::Owned(format!("{status} {}", event.code())),
            Code::Status(_) => Cow::Owned(status.to_string()),
        };
        let record = KeyAuditRecord {
            time: self.clock.now(),
            account,
            authenticator: None,
            call: Cow::Borrowed(word),
            kids: Vec::new(),
            kind: Cow::Borrowed(""),
            outcome,
            address,
            request_id: request_id.to_owned(),
        };
        if let Err(error) = self.storage.append_key_audit(vec![record]).await {
            tracing::error!(%error, "the record of a refused key storage call is lost: {error}");
        }
    }

    pub(super) fn record(
        &self,
        call: &Call,
        word: &'static str,
        kids: Vec<Kid>,
        kind: &'static str,
        outcome: Cow<'static, str>,
    ) -> KeyAuditRecord {
        KeyAuditRecord {
            time: self.clock.now(),
            account: Some(call.account),
            authenticator: call.authenticator,
            call: Cow::Borrowed(word),
            kids,
            kind: Cow::Borrowed(kind),
            outcome,
            address: call.address,
            request_id: call.request_id.clone(),
        }
    }
}

/// `400 5`: status and code.
pub(super) fn outcome_of(refusal: &KeyRefusal) -> Cow<'static, str> {
    let problem = refusal.problem;
    Cow::Owned(format!("{} {}", problem.status(), problem.code()))
}
