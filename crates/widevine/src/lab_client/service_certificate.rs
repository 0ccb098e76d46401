//! The service certificate, as a client believes it.

use aws_lc_rs::cipher::{AES_128, EncryptionContext, PaddedBlockEncryptingKey, UnboundCipherKey};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use drm_primitives::Random;
use prost::Message as _;
use rsa_pss_sha1::{Hash, PublicKey};

use super::fault::ServiceCertificateFault;
use crate::messages::{
    CertificateType, DrmCertificate, EncryptedClientIdentification, MessageType, SignedDrmCertificate,
    SignedMessage,
};

/// A service certificate that the root vouches for.
#[derive(Debug)]
pub struct ServiceCertificate {
    provider_id: Vec<u8>,
    serial: Vec<u8>,
    key: OaepPublicEncryptingKey,
}

impl ServiceCertificate {
    /// Takes the answer to a request for the service certificate: a `SignedMessage` of type 5. `root` is
    /// the root's `SignedDrmCertificate`.
    ///
    /// # Errors
    /// [`ServiceCertificateFault`].
    pub fn from_answer(answer: &[u8], root: &[u8], provider: &str) -> Result<Self, ServiceCertificateFault> {
        let message: SignedMessage = canonical(answer, "answer")?;
        if message.message_type != Some(MessageType::ServiceCertificate.into()) {
            return Err(ServiceCertificateFault::MessageType { got: message.message_type });
        }
        let msg = message.msg.clone().unwrap_or_default();
        let bare = SignedMessage {
            message_type: message.message_type,
            msg: message.msg.clone(),
            ..SignedMessage::default()
        };
        if message != bare {
            return Err(ServiceCertificateFault::NotCanonical("answer"));
        }
        Self::verify(&msg, root, provider)
    }

    /// Takes a bare `SignedDrmCertificate`.
    ///
    /// # Errors
    /// [`ServiceCertificateFault`].
    pub fn verify(signed: &[u8], root: &[u8], provider: &str) -> Result<Self, ServiceCertificateFault> {
        let signed: SignedDrmCertificate = canonical(signed, "signed certificate")?;
        let certificate = signed.drm_certificate.as_deref().unwrap_or_default();
        let signature = signed.signature.as_deref().unwrap_or_default();
        if signed.signer.is_some() || signed.hash_algorithm.is_some() {
            return Err(ServiceCertificateFault::Signature);
        }
        root_key(root)
            .and_then(|key| key.verify(Hash::Sha1, certificate, signature).ok())
            .ok_or(ServiceCertificateFault::Signature)?;
        let fields: DrmCertificate = canonical(certificate, "certificate")?;
        if fields.certificate_type != Some(CertificateType::Service.into()) {
            return Err(ServiceCertificateFault::CertificateType { got: fields.certificate_type });
        }
        let provider_id = fields.provider_id.unwrap_or_default();
        if provider_id != provider.as_bytes() {
            return Err(ServiceCertificateFault::Provider {
                got: String::from_utf8_lossy(&provider_id).into(),
                expected: provider.into(),
            });
        }
        let serial = fields.serial_number.unwrap_or_default();
        if serial.len() != 16 {
            return Err(ServiceCertificateFault::Serial { got: serial.len() });
        }
        let key =
            encryption_key(&fields.public_key.unwrap_or_default()).ok_or(ServiceCertificateFault::Key)?;
        Ok(Self { provider_id, serial, key })
    }

    /// Encrypts an identity for the service. `privacy_key` has 16 bytes in a good challenge; a test may
    /// send another length, of which the cipher then takes what there is and zeros.
    pub(super) fn encrypt(
        &self,
        client_id: &[u8],
        privacy_key: &[u8],
        random: &dyn Random,
    ) -> EncryptedClientIdentification {
        let mut wrapped_key = vec![0; self.key.ciphertext_size()];
        self.key
            .encrypt(&OAEP_SHA1_MGF1SHA1, privacy_key, &mut wrapped_key, None)
            .expect("a key of some 16 bytes fits into OAEP");
        let mut cipher_key = [0; 16];
        for (byte, given) in cipher_key.iter_mut().zip(privacy_key) {
            *byte = *given;
        }
        let iv: [u8; 16] = random.array();
        let mut identity = client_id.to_vec();
        UnboundCipherKey::new(&AES_128, &cipher_key)
            .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
            .and_then(|key| {
                key.less_safe_encrypt(&mut identity, EncryptionContext::Iv128(FixedLength::from(iv)))
            })
            .expect("AES-128 takes a key of 16 bytes and any number of bytes");
        EncryptedClientIdentification {
            provider_id: Some(self.provider_id.clone()),
            service_certificate_serial_number: Some(self.serial.clone()),
            encrypted_client_id: Some(identity),
            encrypted_client_id_iv: Some(iv.to_vec()),
            encrypted_privacy_key: Some(wrapped_key),
        }
    }
}

fn canonical<M: prost::Message + Default>(
    bytes: &[u8],
    name: &'static str,
) -> Result<M, ServiceCertificateFault> {
    let message = M::decode(bytes).map_err(|_| ServiceCertificateFault::Unreadable(name))?;
    if message.encode_to_vec() == bytes {
        Ok(message)
    } else {
        Err(ServiceCertificateFault::NotCanonical(name))
    }
}

/// The key of a root certificate that the caller trusts already.
fn root_key(root: &[u8]) -> Option<PublicKey> {
    let signed = SignedDrmCertificate::decode(root).ok()?;
    let fields = DrmCertificate::decode(signed.drm_certificate?.as_slice()).ok()?;
    (fields.certificate_type == Some(CertificateType::Root.into())).then_some(())?;
    PublicKey::from_pkcs1(&fields.public_key?).ok()
}

/// The headers of widevine.md, section 12: they fit keys of 270 bytes (2048 bits) and 398 bytes (3072 bits).
fn encryption_key(pkcs1: &[u8]) -> Option<OaepPublicEncryptingKey> {
    let header: &[u8] = match pkcs1.len() {
        270 => b"\x30\x82\x01\x22\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x0f\x00",
        398 => b"\x30\x82\x01\xa2\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00\x03\x82\x01\x8f\x00",
        _ => return None,
    };
    let key = PublicEncryptingKey::from_der(&[header, pkcs1].concat()).ok()?;
    OaepPublicEncryptingKey::new(key).ok()
}
