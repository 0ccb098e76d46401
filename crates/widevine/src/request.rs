//! Reading requests: steps 1 and 2 of widevine.md, section 5.

use prost::Message as _;
use rsa_pss_sha1::Hash;

use crate::content::{Content, ContentRequest};
use crate::device::{ClaimedDevice, client_info};
use crate::messages::{
    ClientIdentification, EncryptedClientIdentification, HashAlgorithm, LicenseRequest, MessageType,
    RequestType, SignedMessage,
};
use crate::refusal::{BODY_LIMIT, BodyFault, MessageFault, Refusal};
use crate::session_request::SessionRequest;

/// A request, of which only the form has been looked at.
#[derive(Debug)]
pub enum Request {
    /// For the service certificate.
    ServiceCertificate,
    /// For a new licence.
    Licence(Challenge),
    /// To renew or release a licence.
    Session(SessionRequest),
}

/// A request for a new licence, of which nothing has been verified.
#[derive(Debug)]
pub struct Challenge {
    pub(crate) signed: SignedRequest,
    pub(crate) identity: Identity,
    pub(crate) content: ContentRequest,
    pub(crate) request_time: Option<i64>,
    protocol_version: ProtocolVersion,
}

/// The version of the protocol that a client speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ProtocolVersion {
    /// 2.0, also if the client does not say.
    V2_0,
    /// 2.1.
    V2_1,
    /// 2.2, treated as 2.1.
    V2_2,
}

/// The bytes that a signature covers, as they came.
#[derive(Debug)]
pub(crate) struct SignedRequest {
    /// R: the `LicenseRequest`.
    pub msg: Vec<u8>,
    pub core_message: Vec<u8>,
    pub signature: Vec<u8>,
    pub hash: Hash,
}

/// Who asks, in one of the two ways.
#[derive(Debug)]
pub(crate) enum Identity {
    Clear(Vec<u8>),
    Encrypted(EncryptedClientIdentification),
}

impl Request {
    /// Reads the body of a request.
    ///
    /// # Errors
    /// [`Refusal::Body`], [`Refusal::Message`] or [`Refusal::ProtocolVersion`].
    pub fn parse(body: &[u8]) -> Result<Self, Refusal> {
        match body.len() {
            0 => return Err(Refusal::Body(BodyFault::Empty)),
            1..=BODY_LIMIT => {}
            got => return Err(Refusal::Body(BodyFault::TooLong { got })),
        }
        let message =
            SignedMessage::decode(body).map_err(|_| Refusal::Message(MessageFault::NotSignedMessage))?;
        match message.message_type.and_then(|number| MessageType::try_from(number).ok()) {
            Some(MessageType::LicenseRequest) => Self::licence_request(message),
            Some(MessageType::ServiceCertificateRequest) => Ok(Self::ServiceCertificate),
            _ => Err(Refusal::Message(MessageFault::MessageType { got: message.message_type })),
        }
    }

    fn licence_request(message: SignedMessage) -> Result<Self, Refusal> {
        let hash = match message.hash_algorithm() {
            HashAlgorithm::Unspecified | HashAlgorithm::Sha1 => Hash::Sha1,
            HashAlgorithm::Sha256 => Hash::Sha256,
            HashAlgorithm::Sha384 => Hash::Sha384,
        };
        let signed = SignedRequest {
            msg: message.msg.ok_or(Refusal::Message(MessageFault::NotLicenseRequest))?,
            core_message: message.oemcrypto_core_message.unwrap_or_default(),
            signature: message.signature.unwrap_or_default(),
            hash,
        };
        let mut request = LicenseRequest::decode(signed.msg.as_slice())
            .map_err(|_| Refusal::Message(MessageFault::NotLicenseRequest))?;
        let request_type = match request.request_type.map(RequestType::try_from) {
            None => RequestType::New,
            Some(Ok(known)) => known,
            Some(Err(unknown)) => {
                return Err(Refusal::Message(MessageFault::RequestType { got: unknown.0 }));
            }
        };
        let identity = match (request.client_id.take(), request.encrypted_client_id.take()) {
            (Some(_), Some(_)) => return Err(Refusal::Message(MessageFault::BothIdentities)),
            (Some(clear), None) => Some(Identity::Clear(clear)),
            (None, Some(encrypted)) => Some(Identity::Encrypted(encrypted)),
            (None, None) => None,
        };
        let content = request.content_id.take().unwrap_or_default();
        let request_time = request.request_time.filter(|time| *time != 0);
        match request_type {
            RequestType::New => {
                let identity = identity.ok_or(Refusal::Message(MessageFault::NoIdentity))?;
                let content = ContentRequest::from_message(content).map_err(Refusal::Message)?;
                let protocol_version = ProtocolVersion::from_number(request.protocol_version)?;
                Ok(Self::Licence(Challenge { signed, identity, content, request_time, protocol_version }))
            }
            RequestType::Renewal | RequestType::Release => {
                let session = SessionRequest::new(
                    signed,
                    request_type == RequestType::Release,
                    content,
                    identity,
                    request_time,
                )
                .map_err(Refusal::Message)?;
                ProtocolVersion::from_number(request.protocol_version)?;
                Ok(Self::Session(session))
            }
        }
    }
}

impl Challenge {
    /// What it asks for.
    ///
    /// # Errors
    /// [`Refusal::InitData`].
    pub fn content(&self) -> Result<Content, Refusal> {
        self.content.read().map_err(Refusal::InitData)
    }

    /// The client's name for this request; opaque, never empty.
    #[must_use]
    pub fn request_id(&self) -> &[u8] {
        &self.content.request_id
    }

    /// The client's clock, unix seconds, if it said.
    #[must_use]
    pub const fn request_time(&self) -> Option<i64> {
        self.request_time
    }

    /// The version of the protocol.
    #[must_use]
    pub const fn protocol_version(&self) -> ProtocolVersion {
        self.protocol_version
    }

    /// Whether the identity is encrypted.
    #[must_use]
    pub const fn is_private(&self) -> bool {
        matches!(self.identity, Identity::Encrypted(_))
    }

    /// R: the `LicenseRequest` exactly as it came, which signature and key derivation cover.
    #[must_use]
    pub fn licence_request(&self) -> &[u8] {
        &self.signed.msg
    }

    /// What a clear identity claims, with nothing verified; nothing in privacy mode or if it cannot be read.
    #[must_use]
    pub fn claimed_device(&self) -> Option<ClaimedDevice> {
        self.identity.claimed_device()
    }
}

impl Identity {
    pub(crate) fn claimed_device(&self) -> Option<ClaimedDevice> {
        let Self::Clear(identity) = self else { return None };
        let identity = ClientIdentification::decode(identity.as_slice()).ok()?;
        let (system_id, serials) = crate::certificate::claims(identity.token.as_deref()?)?;
        Some(ClaimedDevice { system_id, serials, client_info: client_info(&identity) })
    }
}

impl ProtocolVersion {
    fn from_number(number: Option<i32>) -> Result<Self, Refusal> {
        match number {
            None | Some(20) => Ok(Self::V2_0),
            Some(21) => Ok(Self::V2_1),
            Some(22) => Ok(Self::V2_2),
            Some(got) => Err(Refusal::ProtocolVersion { got }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_certificate_request_is_known_by_its_type_and_not_by_its_length() {
        for body in
            [&[0x08, 0x04][..], &[0x08, 0x04, 0x12, 0x00], &[0x12, 0x00, 0x08, 0x04], &[0x08, 0x84, 0x00]]
        {
            assert!(matches!(Request::parse(body), Ok(Request::ServiceCertificate)), "{body:?}");
        }
    }

    #[test]
    fn other_types_and_other_bytes_are_refused() {
        let fault = |body: &[u8]| match Request::parse(body) {
            Err(Refusal::Message(fault)) => fault,
            other => panic!("{other:?}"),
        };
        assert_eq!(fault(&[0x08, 0x02]), MessageFault::MessageType { got: Some(2) });
        assert_eq!(fault(&[0x12, 0x00]), MessageFault::MessageType { got: None });
        assert_eq!(fault(&[0x08, 0x63]), MessageFault::MessageType { got: Some(99) });
        assert_eq!(fault(b"{\"not\":\"protobuf\"}"), MessageFault::NotSignedMessage);
        assert_eq!(fault(&[0x08, 0x01]), MessageFault::NotLicenseRequest);
        assert_eq!(fault(&[0x08, 0x01, 0x12, 0x01, 0xFF]), MessageFault::NotLicenseRequest);
        assert_eq!(fault(&[0x08, 0x01, 0x12, 0x00]), MessageFault::NoIdentity);
        assert_eq!(fault(&[0x08, 0x01, 0x12, 0x02, 0x18, 0x09]), MessageFault::RequestType { got: 9 });
    }

    #[test]
    fn a_body_is_neither_empty_nor_over_64_kib() {
        assert_eq!(Request::parse(&[]).unwrap_err(), Refusal::Body(BodyFault::Empty));
        let body = vec![0; BODY_LIMIT + 1];
        assert_eq!(Request::parse(&body).unwrap_err(), Refusal::Body(BodyFault::TooLong { got: 65_537 }));
        let full = vec![0; BODY_LIMIT];
        assert_eq!(Request::parse(&full).unwrap_err(), Refusal::Message(MessageFault::NotSignedMessage));
    }

    proptest! {
        #[test]
        fn no_body_panics(body: Vec<u8>) {
            let _ = Request::parse(&body);
        }
    }
}
