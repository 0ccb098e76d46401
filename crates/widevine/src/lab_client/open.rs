//! Opening the answer to a challenge (widevine.md, section 13.2).

use std::sync::Arc;

use super::device::ClientDevice;
use super::expectation::Expectation;
use super::fault::AnswerFault;
use super::keys::{mac_is_right, server_mac_key, unwrapping_key};
use super::licence::{OpenedLicence, canonical, check_policy, differs, same, unwrap_all};
use super::plan::Plan;
use crate::messages::{
    License, LicenseIdentification, LicenseType, MessageType, SessionKeyType, SignedMessage,
};

/// Opens the answer to one challenge, once.
#[derive(Debug)]
pub struct Session {
    device: Arc<ClientDevice>,
    plan: Plan,
    /// R, as it was sent.
    request: Vec<u8>,
    opened: bool,
}

impl Session {
    pub(super) fn new(device: Arc<ClientDevice>, plan: Plan, request: Vec<u8>) -> Self {
        Self { device, plan, request, opened: false }
    }

    /// What was asked for.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Opens the answer and checks all of it; with an expectation also that it says exactly what it
    /// should. The status and the content type are the caller's to check.
    ///
    /// # Errors
    /// [`AnswerFault`], with the first thing that is wrong; [`AnswerFault::Opened`] after a success.
    pub fn open(
        &mut self,
        answer: &[u8],
        expectation: Option<&Expectation>,
    ) -> Result<OpenedLicence, AnswerFault> {
        if self.opened {
            return Err(AnswerFault::Opened);
        }
        let message = envelope(answer)?;
        let (Some(msg), Some(signature), Some(wrapped)) =
            (message.msg, message.signature, message.session_key)
        else {
            return Err(differs("the answer", &"incomplete", &"msg, signature and session_key"));
        };
        same("the length of session_key", &wrapped.len(), &self.device.modulus_bytes())?;
        let session_key = self.device.session_key(&wrapped).ok_or(AnswerFault::SessionKey)?;
        if !mac_is_right(&server_mac_key(&session_key, &self.request), &msg, &signature) {
            return Err(AnswerFault::Mac);
        }

        // Only now is the licence looked at: nobody but the service can have written it.
        let license: License = canonical(&msg, "licence")?;
        let id = license.id.unwrap_or_default();
        let policy = license.policy.unwrap_or_default();
        let offline = self.check_id(&id, policy.can_persist)?;
        let start = self.check_start(license.license_start_time)?;
        let scheme = self.plan.protection_scheme();
        same("protection_scheme", &license.protection_scheme, &Some(scheme))?;
        check_policy(&policy, offline)?;
        let (signing_key, keys) = unwrap_all(&license.key, &unwrapping_key(&session_key, &self.request))?;
        if let Some(expectation) = expectation {
            expectation.check_keys(&keys)?;
            expectation.check_policy(&policy, offline)?;
        }
        self.opened = true;
        Ok(OpenedLicence {
            id,
            policy,
            license_start_time: start,
            protection_scheme: scheme,
            keys,
            signing_key,
        })
    }

    /// Checks the name of the licence; whether it is an offline licence (section 7.1).
    fn check_id(&self, id: &LicenseIdentification, persists: Option<bool>) -> Result<bool, AnswerFault> {
        let session_id = id.session_id.as_deref().unwrap_or_default();
        same("the length of session_id", &session_id.len(), &16)?;
        let offline = match self.plan.licence_type {
            None | Some(LicenseType::Streaming) => false,
            Some(LicenseType::Offline) => true,
            Some(LicenseType::Automatic) => persists == Some(true),
        };
        let license_type = if offline { LicenseType::Offline } else { LicenseType::Streaming };
        let expected = LicenseIdentification {
            request_id: Some(self.plan.request_id.clone()),
            session_id: id.session_id.clone(),
            license_type: Some(license_type.into()),
            version: Some(0),
            ..LicenseIdentification::default()
        };
        same("the id of the licence", id, &expected)?;
        Ok(offline)
    }

    /// The licence starts when it was asked for; at the service's time if the client has no clock.
    fn check_start(&self, start: Option<i64>) -> Result<i64, AnswerFault> {
        let start = start.filter(|start| *start > 0);
        let start = start.ok_or_else(|| differs("license_start_time", &"absent", &"a time"))?;
        match self.plan.request_time.filter(|time| *time != 0) {
            Some(asked) if asked != start => Err(differs("license_start_time", &start, &asked)),
            _ => Ok(start),
        }
    }
}

/// The envelope, with the fields that a licence has and no others.
fn envelope(answer: &[u8]) -> Result<SignedMessage, AnswerFault> {
    let message: SignedMessage = canonical(answer, "answer")?;
    same("the type of the answer", &message.message_type, &Some(MessageType::License.into()))?;
    same("session_key_type", &message.session_key_type, &Some(SessionKeyType::WrappedAesKey.into()))?;
    same("oemcrypto_core_message", &message.oemcrypto_core_message, &None)?;
    same("hash_algorithm", &message.hash_algorithm, &None)?;
    Ok(message)
}
