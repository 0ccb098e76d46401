//! The mock Widevine licence service (widevine.md, sections 9.1, 9.2 and 9.4): checks who asks and signs, and
//! gives real licences to lab devices.

mod answer;
mod fault;
mod licence;
mod request;
mod signature;
mod track;

use std::fmt;
use std::sync::Arc;

use boxoffice_core::{Clock, SystemClock};
use drm_primitives::{Random, SystemRandom};
use http::StatusCode;
use serde_json::Value;
use widevine::lab::LabRoot;
use widevine::{Issuer, IssuerError, LicenceSessionKey, RevocationList};

pub use answer::SIGNING_KEY_MARK;
pub use fault::AnswerFault;
pub use signature::RequestKey;

use crate::server::{Received, Reply, Role};
use answer::Refused;

/// Who may ask, and how that is proven.
#[derive(Clone, Debug)]
pub struct Customer {
    /// The last part of the path, and `provider`.
    pub provider: String,
    /// `signer`.
    pub signer: String,
    /// What `signature` is checked with.
    pub key: RequestKey,
}

/// The role of Widevine's licence service, at any path that ends in `/<provider>`.
pub struct WidevineCloud {
    customer: Customer,
    issuer: Issuer,
    revocations: RevocationList,
    session_key: LicenceSessionKey,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
}

impl WidevineCloud {
    /// Serves the devices of a lab root, by the time and the randomness of the system.
    ///
    /// # Errors
    /// [`IssuerError`], which only a root that was tampered with can cause.
    pub fn new(root: &LabRoot, customer: Customer) -> Result<Self, IssuerError> {
        Self::with(root, customer, Arc::new(SystemClock), Arc::new(SystemRandom))
    }

    /// Serves them by other time and randomness.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(
        root: &LabRoot,
        customer: Customer,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
    ) -> Result<Self, IssuerError> {
        let session_key = LicenceSessionKey::new(1, random.array());
        let revocations = RevocationList::default();
        Ok(Self { customer, issuer: root.issuer()?, revocations, session_key, clock, random })
    }

    fn decide(&self, received: &Received) -> Result<Value, Refused> {
        let request = request::open(received, &self.customer)?;
        if request.payload == widevine::lab_client::SERVICE_CERTIFICATE_REQUEST {
            return Ok(answer::service_certificate(&self.issuer.service_certificate_answer()));
        }
        if request.members.provider.as_ref() != Some(&self.customer.provider) {
            return Err(Refused::new("ACCESS_DENIED", "provider is not the one that signed"));
        }
        self.licence(&request)
    }
}

impl Role for WidevineCloud {
    type Fault = AnswerFault;

    fn answer(&self, request: &Received, fault: Option<&AnswerFault>) -> Reply {
        if !request.is_json() {
            return Reply::text(StatusCode::UNSUPPORTED_MEDIA_TYPE, "expected application/json");
        }
        if let Some(AnswerFault::Status { status, internal_status }) = fault {
            let refused = Refused::new(status.clone(), "broken on request");
            return Reply::json(&Refused { internal_status: *internal_status, ..refused }.to_json());
        }
        let mut answer = self.decide(request).unwrap_or_else(|refused| refused.to_json());
        match (fault, answer.as_object_mut()) {
            (Some(AnswerFault::NoLicence), Some(members)) => {
                members.remove("license");
            }
            (Some(AnswerFault::With(others)), Some(members)) => fault::replace(members, others),
            (Some(AnswerFault::Status { .. } | AnswerFault::NoLicence | AnswerFault::With(_)) | None, _) => {}
        }
        Reply::json(&answer)
    }
}

impl fmt::Debug for WidevineCloud {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WidevineCloud").field("customer", &self.customer).finish_non_exhaustive()
    }
}
