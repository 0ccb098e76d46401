use std::collections::HashSet;

use prost::Message as _;
use widevine::messages::{LicenseRequest, SignedMessage};
use widevine::{BODY_LIMIT, Request};

/// The body of a Widevine request: what is read has what every request has, and reading it costs no more than it should.
pub fn widevine_request(bytes: &[u8]) {
    let Ok(request) = Request::parse(bytes) else { return };
    assert!((1..=BODY_LIMIT).contains(&bytes.len()));
    let message = SignedMessage::decode(bytes).expect("it was read as one");
    match request {
        Request::ServiceCertificate => {}
        Request::Licence(challenge) => {
            assert_eq!(message.msg.as_deref(), Some(challenge.licence_request()));
            let inside = LicenseRequest::decode(challenge.licence_request()).expect("it was read as one");
            assert_eq!(challenge.is_private(), inside.encrypted_client_id.is_some());
            assert!(!challenge.request_id().is_empty());
            assert_ne!(challenge.request_time(), Some(0));
            let _ = challenge.claimed_device();
            let Ok(content) = challenge.content() else { return };
            assert_eq!(content.kids.iter().collect::<HashSet<_>>().len(), content.kids.len());
            assert!(content.content_id.is_none_or(|id| !id.is_empty()));
        }
        Request::Session(session) => {
            let _ = (session.kind(), session.session_id(), session.request_id(), session.has_identity());
            // No key of ours signed it.
            assert!(session.verify(&[], &[0; 16], u32::MAX, 0).is_err());
        }
    }
}
