//! The chain from the root to a device: steps 4 and 5 of widevine.md, section 5.

use std::sync::Arc;

use prost::Message as _;
use rsa_pss_sha1::{Hash, PublicKey};
use thiserror::Error;

use crate::device::Serial;
use crate::messages::{
    CertificateAlgorithm, CertificateType, DrmCertificate, HashAlgorithm, SignedDrmCertificate,
};
use crate::model_cache::ModelCache;
use crate::refusal::{ChainFault, Link};

/// The certificate that all others lead to.
pub struct RootCertificate {
    certificate: Vec<u8>,
    key: PublicKey,
}

/// Why bytes are no root or service certificate.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum CertificateError {
    /// Not a `SignedDrmCertificate`, or a field is missing.
    #[error("not a SignedDrmCertificate with a DrmCertificate, a serial number and a public key")]
    Malformed,
    /// A certificate for another purpose.
    #[error("the certificate has type {got:?}, expected {expected}")]
    CertificateType {
        /// The type that it has.
        got: Option<i32>,
        /// The type that was expected.
        expected: i32,
    },
    /// Not an RSA key of 2048 to 4096 bits.
    #[error("the certificate's key is no RSA key of 2048 to 4096 bits")]
    Key,
    /// The root did not sign it.
    #[error("the certificate is not signed by the root")]
    Signature,
    /// A service certificate without provider.
    #[error("the service certificate names no provider")]
    NoProvider,
}

impl RootCertificate {
    /// Reads a `SignedDrmCertificate` of type ROOT that is signed by itself.
    ///
    /// # Errors
    /// [`CertificateError`].
    pub fn parse(signed: &[u8]) -> Result<Self, CertificateError> {
        let signed = SignedDrmCertificate::decode(signed).map_err(|_| CertificateError::Malformed)?;
        let certificate = signed.drm_certificate.as_deref().ok_or(CertificateError::Malformed)?;
        let fields = DrmCertificate::decode(certificate).map_err(|_| CertificateError::Malformed)?;
        if fields.certificate_type != Some(CertificateType::Root.into()) {
            return Err(CertificateError::CertificateType {
                got: fields.certificate_type,
                expected: CertificateType::Root.into(),
            });
        }
        let key = fields.public_key.ok_or(CertificateError::Malformed)?;
        let key = PublicKey::from_pkcs1(&key).map_err(|_| CertificateError::Key)?;
        if !is_signed_by(&key, &signed) {
            return Err(CertificateError::Signature);
        }
        Ok(Self { certificate: certificate.to_vec(), key })
    }

    /// Whether the root signed `certificate`.
    pub(crate) fn has_signed(&self, certificate: &SignedDrmCertificate) -> bool {
        is_signed_by(&self.key, certificate)
    }

    fn is(&self, signed: &[u8]) -> bool {
        SignedDrmCertificate::decode(signed).is_ok_and(|signed| {
            signed.signer.is_none() && signed.drm_certificate.as_deref() == Some(self.certificate.as_slice())
        })
    }
}

/// A device certificate that leads to the root.
pub(crate) struct Chain {
    pub serial: Serial,
    pub key: PublicKey,
    /// PKCS#1, DER.
    pub key_der: Vec<u8>,
    pub model: Arc<Model>,
}

/// The verified certificate of a model.
pub(crate) struct Model {
    pub serial: Serial,
    pub system_id: u32,
    key: PublicKey,
    expires_at: Option<u32>,
}

/// Follows the certificates from `token`, the device's, to the root.
pub(crate) fn verify(
    token: &[u8],
    root: &RootCertificate,
    models: &ModelCache,
    now: i64,
) -> Result<Chain, ChainFault> {
    let signed = SignedDrmCertificate::decode(token).map_err(|_| ChainFault::Malformed(Link::Device))?;
    let model_bytes = signed.signer.as_deref().ok_or(ChainFault::NoModel)?;
    let model = models.get_or_verify(model_bytes, |bytes| verify_model(bytes, root))?;
    refuse_expired(Link::Model, model.expires_at, now)?;
    let fields = Fields::read(Link::Device, CertificateType::Device, &signed)?;
    if !is_signed_by(&model.key, &signed) {
        return Err(ChainFault::Signature(Link::Device));
    }
    if fields.system_id == 0 || fields.system_id != model.system_id {
        return Err(ChainFault::SystemId { device: fields.system_id, model: model.system_id });
    }
    refuse_expired(Link::Device, fields.expires_at, now)?;
    Ok(Chain { serial: fields.serial, key: fields.key, key_der: fields.key_der, model })
}

/// Verifies everything about a model's certificate that time does not change.
fn verify_model(signed: &[u8], root: &RootCertificate) -> Result<Model, ChainFault> {
    let signed = SignedDrmCertificate::decode(signed).map_err(|_| ChainFault::Malformed(Link::Model))?;
    // At most three deep: the device's, the model's, and the root as the model's signer.
    if signed.signer.as_deref().is_some_and(|signer| !root.is(signer)) {
        return Err(ChainFault::AnotherRoot);
    }
    let fields = Fields::read(Link::Model, CertificateType::DeviceModel, &signed)?;
    if !root.has_signed(&signed) {
        return Err(ChainFault::Signature(Link::Model));
    }
    Ok(Model {
        serial: fields.serial,
        system_id: fields.system_id,
        key: fields.key,
        expires_at: fields.expires_at,
    })
}

/// What a certificate of a chain says.
struct Fields {
    serial: Serial,
    system_id: u32,
    key: PublicKey,
    key_der: Vec<u8>,
    expires_at: Option<u32>,
}

impl Fields {
    fn read(
        link: Link,
        expected: CertificateType,
        signed: &SignedDrmCertificate,
    ) -> Result<Self, ChainFault> {
        let malformed = || ChainFault::Malformed(link);
        let fields = DrmCertificate::decode(signed.drm_certificate.as_deref().unwrap_or_default())
            .map_err(|_| malformed())?;
        let got = fields.certificate_type.ok_or_else(malformed)?;
        if got != i32::from(expected) {
            return Err(ChainFault::CertificateType { link, got, expected: expected.into() });
        }
        let serial = fields.serial_number.and_then(|serial| serial.try_into().ok()).ok_or_else(malformed)?;
        if fields.algorithm.is_some_and(|algorithm| algorithm != i32::from(CertificateAlgorithm::Rsa)) {
            return Err(ChainFault::Key(link));
        }
        let key_der = fields.public_key.ok_or_else(malformed)?;
        let key = PublicKey::from_pkcs1(&key_der).map_err(|_| ChainFault::Key(link))?;
        Ok(Self {
            serial: Serial::from_bytes(serial),
            system_id: fields.system_id.unwrap_or_default(),
            key,
            key_der,
            expires_at: fields.expiration_time_seconds.filter(|end| *end != 0),
        })
    }
}

fn refuse_expired(link: Link, expires_at: Option<u32>, now: i64) -> Result<(), ChainFault> {
    match expires_at {
        Some(expired) if now >= i64::from(expired) => Err(ChainFault::Expired { link, expired, now }),
        _ => Ok(()),
    }
}

fn is_signed_by(key: &PublicKey, signed: &SignedDrmCertificate) -> bool {
    let hash = match signed.hash_algorithm() {
        HashAlgorithm::Unspecified | HashAlgorithm::Sha1 => Hash::Sha1,
        HashAlgorithm::Sha256 => Hash::Sha256,
        HashAlgorithm::Sha384 => Hash::Sha384,
    };
    let certificate = signed.drm_certificate.as_deref().unwrap_or_default();
    key.verify(hash, certificate, signed.signature.as_deref().unwrap_or_default()).is_ok()
}

/// Whether bytes have the form of a signed service certificate. Whose it is, the clients verify.
pub(crate) fn is_service_certificate(bytes: &[u8]) -> bool {
    let signed = SignedDrmCertificate::decode(bytes).ok();
    let certificate =
        signed.and_then(|signed| DrmCertificate::decode(signed.drm_certificate?.as_slice()).ok());
    certificate.is_some_and(|fields| {
        fields.certificate_type == Some(CertificateType::Service.into()) && fields.public_key.is_some()
    })
}

/// The system id and the serials that a device's certificate and its model's claim, with nothing verified.
pub(crate) fn claims(token: &[u8]) -> Option<(u32, Vec<Serial>)> {
    let fields = |signed: &SignedDrmCertificate| {
        DrmCertificate::decode(signed.drm_certificate.as_deref().unwrap_or_default()).ok()
    };
    let serial =
        |fields: &DrmCertificate| fields.serial_number.clone()?.try_into().ok().map(Serial::from_bytes);
    let device = SignedDrmCertificate::decode(token).ok()?;
    let model = device.signer.as_deref().and_then(|model| SignedDrmCertificate::decode(model).ok());
    let device = fields(&device)?;
    let model = model.as_ref().and_then(fields);
    let serials = [Some(&device), model.as_ref()].into_iter().flatten().filter_map(serial).collect();
    Some((device.system_id.unwrap_or_default(), serials))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>) {
            let _ = RootCertificate::parse(&bytes);
            let _ = claims(&bytes);
        }
    }
}
