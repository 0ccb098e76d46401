//! A challenge before it is signed.

use std::sync::Arc;

use drm_primitives::Random;
use prost::Message as _;
use rsa_pss_sha1::Hash;

use super::device::ClientDevice;
use super::open::Session;
use super::plan::Plan;
use super::service_certificate::ServiceCertificate;
use crate::messages::{HashAlgorithm, LicenseRequest, MessageType, RequestType, SignedMessage};

/// A challenge before it is signed. Its public parts may be spoilt, for tests that need a bad one.
#[derive(Debug)]
pub struct Draft {
    device: Arc<ClientDevice>,
    plan: Plan,
    /// What is asked. The device's own identity has to be put in, or another.
    pub request: LicenseRequest,
    /// Stands before the request in what is signed.
    pub core_message: Vec<u8>,
    /// What is signed with.
    pub hash: Hash,
}

/// A challenge, and the handle that opens its answer.
#[derive(Debug)]
pub struct SignedChallenge {
    /// The body of the request.
    pub body: Vec<u8>,
    /// Opens the answer, once.
    pub session: Session,
}

impl ClientDevice {
    /// A challenge: with the identity in clear, or encrypted for `privacy`.
    #[must_use]
    pub fn challenge(
        self: &Arc<Self>,
        plan: &Plan,
        privacy: Option<&ServiceCertificate>,
        random: &dyn Random,
    ) -> SignedChallenge {
        let draft = self.draft(plan);
        match privacy {
            None => draft.identify_clearly(self.client_id()),
            Some(service) => {
                draft.identify_privately(service, self.client_id(), &random.array::<16>(), random)
            }
        }
        .sign()
    }

    /// A challenge without identity and signature.
    #[must_use]
    pub fn draft(self: &Arc<Self>, plan: &Plan) -> Draft {
        let request = LicenseRequest {
            content_id: Some(plan.content_identification()),
            request_type: Some(RequestType::New.into()),
            request_time: plan.request_time,
            protocol_version: plan.protocol_version,
            ..LicenseRequest::default()
        };
        let (device, plan) = (Arc::clone(self), plan.clone());
        Draft { device, plan, request, core_message: Vec::new(), hash: Hash::Sha1 }
    }
}

impl Draft {
    /// Puts a `ClientIdentification` in, in clear.
    #[must_use]
    pub fn identify_clearly(mut self, client_id: &[u8]) -> Self {
        self.request.client_id = Some(client_id.to_vec());
        self
    }

    /// Puts a `ClientIdentification` in, encrypted. `privacy_key` has 16 bytes in a good challenge.
    #[must_use]
    pub fn identify_privately(
        mut self,
        service: &ServiceCertificate,
        client_id: &[u8],
        privacy_key: &[u8],
        random: &dyn Random,
    ) -> Self {
        self.request.encrypted_client_id = Some(service.encrypt(client_id, privacy_key, random));
        self
    }

    /// Signs it with the device's key.
    #[must_use]
    pub fn sign(self) -> SignedChallenge {
        let msg = self.request.encode_to_vec();
        let signature = self.device.sign(self.hash, &[&self.core_message[..], &msg].concat());
        let hash_algorithm = match self.hash {
            Hash::Sha1 => None,
            Hash::Sha256 => Some(HashAlgorithm::Sha256.into()),
            Hash::Sha384 => Some(HashAlgorithm::Sha384.into()),
        };
        let message = SignedMessage {
            message_type: Some(MessageType::LicenseRequest.into()),
            msg: Some(msg.clone()),
            signature: Some(signature),
            oemcrypto_core_message: (!self.core_message.is_empty()).then_some(self.core_message),
            hash_algorithm,
            ..SignedMessage::default()
        };
        SignedChallenge { body: message.encode_to_vec(), session: Session::new(self.device, self.plan, msg) }
    }
}
