//! Renewing and releasing a licence (widevine.md, section 6).

use prost::Message as _;

use super::expectation::Expectation;
use super::fault::AnswerFault;
use super::keys::{mac_is_right, mac_of};
use super::licence::{OpenedLicence, canonical, check_policy, differs, same};
use crate::messages::{
    ContentIdentification, ExistingLicense, License, LicenseIdentification, LicenseRequest, LicenseType,
    MessageType, Policy, RequestType, SignedMessage,
};

/// A renewal or release that was asked for.
#[derive(Debug)]
pub struct SessionExchange {
    /// The body of the request.
    pub body: Vec<u8>,
    id: LicenseIdentification,
    request_time: i64,
    release: bool,
}

impl OpenedLicence {
    /// Asks for more time, at `now` (unix seconds). `client_id` is the device's identity, which may be left
    /// out.
    #[must_use]
    pub fn renewal(&self, now: i64, client_id: Option<&[u8]>) -> SessionExchange {
        self.exchange(RequestType::Renewal, now, client_id)
    }

    /// Hands the licence back, at `now` (unix seconds).
    #[must_use]
    pub fn release(&self, now: i64, client_id: Option<&[u8]>) -> SessionExchange {
        self.exchange(RequestType::Release, now, client_id)
    }

    fn exchange(&self, request_type: RequestType, now: i64, client_id: Option<&[u8]>) -> SessionExchange {
        let request = LicenseRequest {
            client_id: client_id.map(<[u8]>::to_vec),
            content_id: Some(ContentIdentification {
                existing_license: Some(ExistingLicense {
                    license_id: Some(self.id.clone()),
                    seconds_since_started: Some(now.saturating_sub(self.license_start_time)),
                    seconds_since_last_played: Some(0),
                }),
                ..ContentIdentification::default()
            }),
            request_type: Some(request_type.into()),
            request_time: Some(now),
            protocol_version: Some(21),
            ..LicenseRequest::default()
        };
        let msg = request.encode_to_vec();
        let message = SignedMessage {
            message_type: Some(MessageType::LicenseRequest.into()),
            signature: Some(mac_of(self.client_mac_key(), &msg)),
            msg: Some(msg),
            ..SignedMessage::default()
        };
        SessionExchange {
            body: message.encode_to_vec(),
            id: self.id.clone(),
            request_time: now,
            release: request_type == RequestType::Release,
        }
    }

    /// Opens the answer to a renewal or release, checks all of it, and takes over what it says.
    ///
    /// # Errors
    /// [`AnswerFault`], with the first thing that is wrong; the licence then stays as it was.
    pub fn accept(
        &mut self,
        exchange: &SessionExchange,
        answer: &[u8],
        expectation: Option<&Expectation>,
    ) -> Result<(), AnswerFault> {
        let message: SignedMessage = canonical(answer, "answer")?;
        let signature = message.signature.clone().unwrap_or_default();
        let msg = message.msg.clone().unwrap_or_default();
        let bare = SignedMessage {
            message_type: Some(MessageType::License.into()),
            msg: message.msg.clone(),
            signature: message.signature.clone(),
            ..SignedMessage::default()
        };
        if message != bare {
            return Err(differs("the answer", &"another message", &"type 2 with msg and signature alone"));
        }
        if !mac_is_right(self.server_mac_key(), &msg, &signature) {
            return Err(AnswerFault::Mac);
        }
        let license: License = canonical(&msg, "licence")?;
        let id = LicenseIdentification {
            version: Some(exchange.id.version.unwrap_or_default().saturating_add(1)),
            ..exchange.id.clone()
        };
        let policy = license.policy.clone().unwrap_or_default();
        let expected = License {
            id: Some(id.clone()),
            policy: Some(policy.clone()),
            license_start_time: Some(exchange.request_time),
            ..License::default()
        };
        same("the licence", &license, &expected)?;
        if exchange.release {
            same("the policy", &policy, &Policy { can_play: Some(false), ..Policy::default() })?;
        } else {
            let offline = id.license_type() == LicenseType::Offline;
            check_policy(&policy, offline)?;
            if let Some(expectation) = expectation {
                expectation.check_policy(&policy, offline)?;
            }
        }
        self.id = id;
        self.policy = policy;
        self.license_start_time = exchange.request_time;
        Ok(())
    }

    /// The first half of the signing key is the service's.
    fn server_mac_key(&self) -> &[u8] {
        self.signing_key.get(..32).unwrap_or_default()
    }

    /// The second half is the client's.
    fn client_mac_key(&self) -> &[u8] {
        self.signing_key.get(32..).unwrap_or_default()
    }
}
