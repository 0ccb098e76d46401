//! Writing licences: steps 8 to 11 of widevine.md, section 5.

use aws_lc_rs::hmac;
use drm_primitives::Random;
use prost::Message as _;
use zeroize::Zeroizing;

use crate::content::Content;
use crate::device::Device;
use crate::grant::{Decision, KeyGrant, LicenceType};
use crate::key_wrap::KeyWrap;
use crate::messages::{
    KeyContainer, KeyType, License, LicenseIdentification, LicenseType, MessageType, OutputProtection,
    SessionKeyType, SignedMessage,
};
use crate::policy::{RenewalTerms, policy};
use crate::request::Challenge;
use crate::session::{LicenceSessionKey, SessionId};
use crate::session_keys::SessionKeys;

/// Everything that goes into a new licence.
#[derive(Debug)]
pub struct Licence<'a> {
    /// The request.
    pub challenge: &'a Challenge,
    /// What it asks for.
    pub content: &'a Content,
    /// Who asks.
    pub device: &'a Device,
    /// What is given.
    pub decision: &'a Decision,
    /// How it is renewed; none: not at all. An offline licence never is.
    pub renewal: Option<&'a RenewalTerms>,
    /// What signing keys are derived from: the newest of the environment's.
    pub session_key: &'a LicenceSessionKey,
    /// The token, which the session is bound to.
    pub token_id: &'a [u8; 16],
    /// Unix seconds.
    pub now: i64,
}

/// A licence, ready to be sent once it is recorded.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Issued {
    /// The `SignedMessage`.
    pub answer: Vec<u8>,
    /// The name of the session.
    pub session_id: SessionId,
    /// How far the client's clock is ahead, in seconds; none if it does not say. Noted in the record if
    /// it is more than [`CLOCK_TOLERANCE_SECONDS`].
    pub clock_ahead_seconds: Option<i64>,
}

/// A difference of clocks that is not worth a word, in seconds (section 5, step 10).
pub const CLOCK_TOLERANCE_SECONDS: i64 = 300;

impl Licence<'_> {
    /// Writes the licence.
    #[must_use]
    pub fn issue(&self, random: &dyn Random) -> Issued {
        let session_id = SessionId::draw(self.session_key.id(), self.now, random);
        let session_key = Zeroizing::new(random.array::<16>());
        let keys = SessionKeys::derive(&session_key, self.challenge.licence_request());
        let licence = self.message(session_id, &KeyWrap::new(&keys.encryption), random);
        let answer = SignedMessage {
            session_key: Some(self.device.wrap_session_key(&session_key)),
            session_key_type: Some(SessionKeyType::WrappedAesKey.into()),
            ..signed_licence(&licence, keys.mac_server.as_slice())
        };
        let request_time = self.challenge.request_time();
        Issued {
            answer: answer.encode_to_vec(),
            session_id,
            clock_ahead_seconds: request_time.map(|time| time.saturating_sub(self.now)),
        }
    }

    fn message(&self, session_id: SessionId, wrap: &KeyWrap, random: &dyn Random) -> License {
        let signing_key = self.session_key.signing_key(session_id, self.token_id);
        let mut key = Vec::with_capacity(self.decision.keys.len() + 1);
        key.push(container(KeyType::Signing, wrap, signing_key.expose(), random));
        key.extend(self.decision.keys.iter().map(|granted| content_container(granted, wrap, random)));
        let license_type = match self.decision.licence_type {
            LicenceType::Streaming => LicenseType::Streaming,
            LicenceType::Offline => LicenseType::Offline,
        };
        License {
            id: Some(LicenseIdentification {
                request_id: Some(self.challenge.request_id().to_vec()),
                session_id: Some(session_id.as_bytes().to_vec()),
                license_type: Some(license_type.into()),
                version: Some(0),
                ..LicenseIdentification::default()
            }),
            policy: Some(policy(&self.decision.terms, self.decision.licence_type, self.renewal)),
            key,
            license_start_time: Some(self.challenge.request_time().unwrap_or(self.now)),
            protection_scheme: Some(self.content.protection_scheme.0),
        }
    }
}

fn content_container(granted: &KeyGrant, wrap: &KeyWrap, random: &dyn Random) -> KeyContainer {
    KeyContainer {
        id: Some(granted.kid.as_bytes().to_vec()),
        level: Some(granted.level.number().into()),
        required_protection: Some(OutputProtection { hdcp: Some(granted.hdcp.number().into()) }),
        track_label: granted.track.map(|track| track.label().to_owned()),
        ..container(KeyType::Content, wrap, granted.key.expose(), random)
    }
}

fn container(key_type: KeyType, wrap: &KeyWrap, key: &[u8], random: &dyn Random) -> KeyContainer {
    let iv = random.array();
    KeyContainer {
        iv: Some(iv.to_vec()),
        key: Some(wrap.wrap(&iv, key)),
        key_type: Some(key_type.into()),
        ..KeyContainer::default()
    }
}

/// A licence under its HMAC; the core message that the HMAC would cover too is empty here.
pub(crate) fn signed_licence(licence: &License, mac_key: &[u8]) -> SignedMessage {
    let msg = licence.encode_to_vec();
    SignedMessage {
        message_type: Some(MessageType::License.into()),
        signature: Some(mac(mac_key, &[&msg]).as_ref().to_vec()),
        msg: Some(msg),
        ..SignedMessage::default()
    }
}

/// HMAC-SHA256 over the concatenation of `parts`.
pub(crate) fn mac(key: &[u8], parts: &[&[u8]]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    context.sign()
}

#[cfg(test)]
mod tests {
    use super::*;
    use drm_primitives::hex;

    #[test]
    fn the_mac_of_the_specification() {
        // widevine.md, section 13.1.
        let key =
            hex::decode::<32>(b"450c268f2cb0682d1f91361b88bc00a23bc91f01e6f83b74d976ff4706d2faa9").unwrap();
        assert_eq!(
            hex::encode(mac(&key, &[b"boxoffice ", b"license bytes"]).as_ref()),
            "6c7029e2bb33680b38cf34b86c94ad3d4dde3b47da65d155a506d302d3e5a942"
        );
    }
}
