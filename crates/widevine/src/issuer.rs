//! The issuer: the root that it trusts, its service certificates, and who it lets in.

use std::fmt;

use aws_lc_rs::rsa::{OaepPublicEncryptingKey, PublicEncryptingKey};
use drm_primitives::hex;
use prost::Message as _;
use thiserror::Error;

use crate::certificate::{self, CertificateError, Chain, RootCertificate};
use crate::der;
use crate::device::{Certified, Device, DeviceLevel};
use crate::messages::{ClientIdentification, FileHashes, TokenType};
use crate::model_cache::ModelCache;
use crate::refusal::{ChainFault, Link, Refusal};
use crate::request::{Challenge, Identity, SignedRequest};
use crate::revocation::RevocationList;
use crate::service::{ServiceKey, ServiceKeyError, service_certificate_answer};
use crate::session_request::SessionRequest;

/// Knows whom to trust. May be shared between threads; all its work is RSA, so it belongs on threads that
/// may block.
pub struct Issuer {
    root: RootCertificate,
    current: ServiceKey,
    history: Vec<ServiceKey>,
    models: ModelCache,
}

/// A service certificate with its key, as it is stored.
#[derive(Clone, Copy)]
pub struct ServiceCredential<'a> {
    /// `SignedDrmCertificate`.
    pub certificate: &'a [u8],
    /// PKCS#1 `RSAPrivateKey`, DER.
    pub private_key: &'a [u8],
    /// When it was replaced, unix seconds; none: it is in use.
    pub retired_at: Option<i64>,
}

/// Why there is no issuer.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum IssuerError {
    /// The root certificate.
    #[error("the root certificate: {0}")]
    Root(CertificateError),
    /// A service certificate.
    #[error("service certificate {position}: {error}")]
    Service {
        /// Which, from 1.
        position: usize,
        /// What is wrong with it.
        error: ServiceKeyError,
    },
    /// No service certificate is in use.
    #[error("every service certificate is retired, expected one in use")]
    NoService,
}

impl Issuer {
    /// Takes the root certificate (`SignedDrmCertificate`) and the service certificates; the first that is
    /// not retired is handed out.
    ///
    /// # Errors
    /// [`IssuerError`].
    pub fn new(root: &[u8], services: &[ServiceCredential<'_>]) -> Result<Self, IssuerError> {
        let root = RootCertificate::parse(root).map_err(IssuerError::Root)?;
        let mut history = Vec::with_capacity(services.len());
        for (index, service) in services.iter().enumerate() {
            let key = ServiceKey::new(&root, service.certificate, service.private_key, service.retired_at)
                .map_err(|error| IssuerError::Service { position: index + 1, error })?;
            history.push(key);
        }
        let current = history.iter().position(ServiceKey::is_current).ok_or(IssuerError::NoService)?;
        let current = history.remove(current);
        Ok(Self { root, current, history, models: ModelCache::new() })
    }

    /// The service certificate in use, a bare `SignedDrmCertificate`: what `setServerCertificate` takes.
    #[must_use]
    pub fn service_certificate(&self) -> &[u8] {
        self.current.certificate()
    }

    /// The answer to a request for the service certificate: a `SignedMessage` of type 5.
    #[must_use]
    pub fn service_certificate_answer(&self) -> Vec<u8> {
        service_certificate_answer(self.current.certificate())
    }

    /// Finds out which device asks, and whether it may: client identity, device certificates, revocation,
    /// request signature, in this order (widevine.md, section 2). `now` is in unix seconds.
    ///
    /// # Errors
    /// [`Refusal`], of the kinds `service-certificate`, `identity` and `device-…` but for `device-level`.
    pub fn identify(
        &self,
        challenge: &Challenge,
        now: i64,
        revocations: &RevocationList,
    ) -> Result<Device, Refusal> {
        self.device(&challenge.identity, Some(&challenge.signed), now, revocations)
    }

    /// The same for a renewal or release, which may name no device. Its signature is not the device's but
    /// the session's: [`SessionRequest::verify`].
    ///
    /// # Errors
    /// As [`Self::identify`].
    pub fn identify_session(
        &self,
        request: &SessionRequest,
        now: i64,
        revocations: &RevocationList,
    ) -> Result<Option<Device>, Refusal> {
        let Some(identity) = &request.identity else { return Ok(None) };
        self.device(identity, None, now, revocations).map(Some)
    }

    fn device(
        &self,
        identity: &Identity,
        signed: Option<&SignedRequest>,
        now: i64,
        revocations: &RevocationList,
    ) -> Result<Device, Refusal> {
        let identity = self.identity(identity, now)?;
        // A client that says nothing means 0, a keybox.
        let got = identity.token_type.unwrap_or_default();
        if got != i32::from(TokenType::DrmDeviceCertificate) {
            return Err(Refusal::DeviceKind { got });
        }
        self.models.follow(revocations.version());
        let token = identity.token.as_deref().unwrap_or_default();
        let chain =
            certificate::verify(token, &self.root, &self.models, now).map_err(Refusal::DeviceUntrusted)?;
        let system_id = chain.model.system_id;
        let serials = [chain.serial, chain.model.serial];
        revocations.check(system_id, &serials).map_err(Refusal::DeviceRevoked)?;
        if let Some(signed) = signed {
            verify_request(&chain, signed)?;
        }
        if identity.vmp_data.as_deref().is_some_and(|data| FileHashes::decode(data).is_err()) {
            return Err(Refusal::DeviceVmp);
        }
        let key = session_key_target(&chain)?;
        let certified = Certified {
            system_id,
            serial: chain.serial,
            model_serial: chain.model.serial,
            level: revocations.level(system_id).unwrap_or_else(|| DeviceLevel::of_system(system_id)),
        };
        Ok(Device::new(&certified, identity, key))
    }

    /// Step 3. One error for whatever fails behind the choice of the service certificate.
    fn identity(&self, identity: &Identity, now: i64) -> Result<ClientIdentification, Refusal> {
        match identity {
            Identity::Clear(bytes) => {
                ClientIdentification::decode(bytes.as_slice()).map_err(|_| Refusal::Identity)
            }
            Identity::Encrypted(encrypted) => {
                let provider = encrypted.provider_id.as_deref().unwrap_or_default();
                let serial = encrypted.service_certificate_serial_number.as_deref().unwrap_or_default();
                let service = std::iter::once(&self.current)
                    .chain(&self.history)
                    .find(|service| service.answers_to(provider, serial, now))
                    .ok_or_else(|| Refusal::ServiceCertificate {
                        provider: shortened(&String::from_utf8_lossy(provider)),
                        serial: shortened(&hex::encode(serial)),
                    })?;
                service.open(encrypted).ok_or(Refusal::Identity)
            }
        }
    }
}

impl fmt::Debug for Issuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Issuer").field("current", &self.current).finish_non_exhaustive()
    }
}

impl fmt::Debug for ServiceCredential<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceCredential").field("retired_at", &self.retired_at).finish_non_exhaustive()
    }
}

/// Step 6: the device's own key, over core message and R.
fn verify_request(chain: &Chain, signed: &SignedRequest) -> Result<(), Refusal> {
    chain
        .key
        .verify_parts(signed.hash, &[&signed.core_message, &signed.msg], &signed.signature)
        .map_err(|_| Refusal::DeviceSignature)
}

fn session_key_target(chain: &Chain) -> Result<OaepPublicEncryptingKey, Refusal> {
    PublicEncryptingKey::from_der(&der::subject_public_key_info(&chain.key_der))
        .ok()
        .and_then(|key| OaepPublicEncryptingKey::new(key).ok())
        .ok_or(Refusal::DeviceUntrusted(ChainFault::Key(Link::Device)))
}

/// What a client sends may be long; a sentence is not.
fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}
