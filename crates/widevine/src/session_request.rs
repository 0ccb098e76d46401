//! Renewals and releases (widevine.md, section 6).

use prost::Message as _;
use subtle::ConstantTimeEq as _;

use crate::device::ClaimedDevice;
use crate::grant::{LicenceType, Terms};
use crate::licence::{mac, signed_licence};
use crate::messages::{ContentIdentification, License, LicenseIdentification, LicenseType, Policy};
use crate::policy::{RenewalTerms, policy};
use crate::refusal::{MessageFault, Refusal, RenewalFault};
use crate::request::{Identity, SignedRequest};
use crate::session::{LicenceSessionKey, SessionId, SigningKey, session_name};

/// A request to renew or release a licence, of which nothing has been verified.
#[derive(Debug)]
pub struct SessionRequest {
    signed: SignedRequest,
    pub(crate) identity: Option<Identity>,
    kind: SessionRequestKind,
    id: LicenseIdentification,
    /// The name that the next version of the licence gets.
    next_version: i32,
    request_time: Option<i64>,
}

/// What is to happen to a session.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum SessionRequestKind {
    /// It goes on.
    Renewal,
    /// It ends.
    Release,
}

/// A request whose sender holds the session's key, in time.
#[derive(Debug)]
pub struct VerifiedSession<'a> {
    request: &'a SessionRequest,
    session_id: SessionId,
    key: SigningKey,
    now: i64,
}

impl SessionRequest {
    pub(crate) fn new(
        signed: SignedRequest,
        release: bool,
        content: ContentIdentification,
        identity: Option<Identity>,
        request_time: Option<i64>,
    ) -> Result<Self, MessageFault> {
        let others = [
            content.widevine_pssh_data.is_some(),
            content.webm_key_id.is_some(),
            content.init_data.is_some(),
        ];
        let others = others.into_iter().filter(|way| *way).count();
        let existing = match (content.existing_license, others) {
            (Some(existing), 0) => existing,
            (None, 1) => return Err(MessageFault::ContentForAnotherType),
            (existing, others) => {
                return Err(MessageFault::ContentCount { got: others + usize::from(existing.is_some()) });
            }
        };
        let id = existing.license_id.unwrap_or_default();
        let next_version =
            id.version.unwrap_or_default().checked_add(1).ok_or(MessageFault::LicenceVersion)?;
        let kind = if release { SessionRequestKind::Release } else { SessionRequestKind::Renewal };
        Ok(Self { signed, identity, kind, id, next_version, request_time })
    }

    /// What is to happen.
    #[must_use]
    pub const fn kind(&self) -> SessionRequestKind {
        self.kind
    }

    /// The session that the client names; nothing if it cannot be one of ours.
    #[must_use]
    pub fn session_id(&self) -> Option<SessionId> {
        let bytes = self.id.session_id.as_deref()?;
        bytes.try_into().ok().map(SessionId::from_bytes)
    }

    /// The name of the session in 16 bytes, whoever's it is; nothing if the client names none.
    #[must_use]
    pub fn session_name(&self) -> Option<[u8; 16]> {
        session_name(self.id.session_id.as_deref()?)
    }

    /// The client's name for the request that began the session.
    #[must_use]
    pub fn request_id(&self) -> &[u8] {
        self.id.request_id.as_deref().unwrap_or_default()
    }

    /// The client's clock, unix seconds, if it said.
    #[must_use]
    pub const fn request_time(&self) -> Option<i64> {
        self.request_time
    }

    /// Whether the request names a device, for `Issuer::identify_session` to look at.
    #[must_use]
    pub const fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// What a clear identity claims, with nothing verified.
    #[must_use]
    pub fn claimed_device(&self) -> Option<ClaimedDevice> {
        self.identity.as_ref()?.claimed_device()
    }

    /// Checks that whoever asks holds the key of this session of this token, and that the session is not
    /// over. Whether it was released is the caller's to know.
    ///
    /// # Errors
    /// [`Refusal::Renewal`]: the session is unknown, the MAC is wrong, or its time is over.
    pub fn verify(
        &self,
        session_keys: &[LicenceSessionKey],
        token_id: &[u8; 16],
        max_session_seconds: u32,
        now: i64,
    ) -> Result<VerifiedSession<'_>, Refusal> {
        let session_id = self.session_id().ok_or(Refusal::Renewal(RenewalFault::UnknownSession))?;
        let session_key = session_keys
            .iter()
            .find(|key| key.id() == session_id.key_id())
            .ok_or(Refusal::Renewal(RenewalFault::UnknownSession))?;
        let key = session_key.signing_key(session_id, token_id);
        let expected = mac(key.mac_client(), &[&self.signed.core_message, &self.signed.msg]);
        if !bool::from(expected.as_ref().ct_eq(&self.signed.signature)) {
            return Err(Refusal::Renewal(RenewalFault::Mac));
        }
        let began = session_id.issued_at();
        let ended = i64::from(began) + i64::from(max_session_seconds);
        if now > ended {
            return Err(Refusal::Renewal(RenewalFault::Over { began, ended, now }));
        }
        Ok(VerifiedSession { request: self, session_id, key, now })
    }
}

impl VerifiedSession<'_> {
    /// The session.
    #[must_use]
    pub const fn session_id(&self) -> SessionId {
        self.session_id
    }

    /// The answer to a renewal: the policy anew, no keys.
    #[must_use]
    pub fn renew(&self, terms: &Terms, renewal: &RenewalTerms) -> Vec<u8> {
        let licence_type = match self.request.id.license_type() {
            // The client says so, and only what may be stored needs no renewal.
            LicenseType::Offline if terms.persistent => LicenceType::Offline,
            LicenseType::Offline | LicenseType::Streaming | LicenseType::Automatic => LicenceType::Streaming,
        };
        self.answer(policy(terms, licence_type, Some(renewal)))
    }

    /// The answer to a release: nothing may be played any more.
    #[must_use]
    pub fn release(&self) -> Vec<u8> {
        self.answer(Policy { can_play: Some(false), ..Policy::default() })
    }

    fn answer(&self, policy: Policy) -> Vec<u8> {
        let licence = License {
            id: Some(LicenseIdentification {
                version: Some(self.request.next_version),
                ..self.request.id.clone()
            }),
            policy: Some(policy),
            license_start_time: Some(self.request.request_time.unwrap_or(self.now)),
            ..License::default()
        };
        signed_licence(&licence, self.key.mac_server()).encode_to_vec()
    }
}
