//! Service certificates with their private keys: privacy mode, step 3 of widevine.md, section 5.

use std::fmt;

use aws_lc_rs::cipher::{AES_128, DecryptingKey, DecryptionContext, UnboundCipherKey};
use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use prost::Message as _;
use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _, ConstantTimeGreater as _};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::certificate::{CertificateError, RootCertificate};
use crate::der;
use crate::messages::{
    CertificateType, ClientIdentification, DrmCertificate, EncryptedClientIdentification, MessageType,
    SignedDrmCertificate, SignedMessage,
};

/// How long a replaced service certificate keeps opening identities, in seconds: 30 days (section 4).
pub const SERVICE_KEY_HISTORY_SECONDS: i64 = 30 * 24 * 60 * 60;

/// A service certificate and the key that opens what was encrypted for it.
pub struct ServiceKey {
    certificate: Vec<u8>,
    provider_id: Vec<u8>,
    serial: Vec<u8>,
    key: OaepPrivateDecryptingKey,
    retired_at: Option<i64>,
}

/// Why certificate and key are no service key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum ServiceKeyError {
    /// The certificate.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// Not a PKCS#1 `RSAPrivateKey`.
    #[error("the private key is no PKCS#1 RSAPrivateKey of 2048 bits or more")]
    PrivateKey,
    /// Certificate and key belong to different pairs.
    #[error("the private key is not that of the certificate")]
    AnotherKey,
}

impl ServiceKey {
    /// Takes a `SignedDrmCertificate` of type SERVICE that `root` signed, and its private key (PKCS#1,
    /// DER). `retired_at` is when it was replaced, unix seconds; the one in use has none.
    ///
    /// # Errors
    /// [`ServiceKeyError`].
    pub fn new(
        root: &RootCertificate,
        certificate: &[u8],
        private_key: &[u8],
        retired_at: Option<i64>,
    ) -> Result<Self, ServiceKeyError> {
        let signed = SignedDrmCertificate::decode(certificate).map_err(|_| CertificateError::Malformed)?;
        let fields = DrmCertificate::decode(signed.drm_certificate.as_deref().unwrap_or_default())
            .map_err(|_| CertificateError::Malformed)?;
        if fields.certificate_type != Some(CertificateType::Service.into()) {
            return Err(ServiceKeyError::Certificate(CertificateError::CertificateType {
                got: fields.certificate_type,
                expected: CertificateType::Service.into(),
            }));
        }
        if !root.has_signed(&signed) {
            return Err(ServiceKeyError::Certificate(CertificateError::Signature));
        }
        let provider_id = fields.provider_id.ok_or(CertificateError::NoProvider)?;
        let serial = fields.serial_number.ok_or(CertificateError::Malformed)?;
        let public_key = fields.public_key.ok_or(CertificateError::Malformed)?;

        let key = PrivateDecryptingKey::from_pkcs8(&der::private_key_info(private_key))
            .map_err(|_| ServiceKeyError::PrivateKey)?;
        let its_public_key: PublicKeyX509Der<'_> =
            key.public_key().as_der().map_err(|_| ServiceKeyError::PrivateKey)?;
        if its_public_key.as_ref() != der::subject_public_key_info(&public_key) {
            return Err(ServiceKeyError::AnotherKey);
        }
        let key = OaepPrivateDecryptingKey::new(key).map_err(|_| ServiceKeyError::PrivateKey)?;
        Ok(Self { certificate: certificate.to_vec(), provider_id, serial, key, retired_at })
    }

    /// The `SignedDrmCertificate`.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Whether it is in use, and not only kept for clients that have it still.
    #[must_use]
    pub const fn is_current(&self) -> bool {
        self.retired_at.is_none()
    }

    /// Whether an identity was encrypted for this certificate, and it may still be opened.
    pub(crate) fn answers_to(&self, provider_id: &[u8], serial: &[u8], now: i64) -> bool {
        let kept = self.retired_at.is_none_or(|at| now <= at.saturating_add(SERVICE_KEY_HISTORY_SECONDS));
        kept && self.provider_id == provider_id && self.serial == serial
    }

    /// Opens an identity. Whatever fails, the answer is the same, and so is the work: a client that could
    /// tell a bad key from bad padding could decrypt other people's identities.
    pub(crate) fn open(&self, encrypted: &EncryptedClientIdentification) -> Option<ClientIdentification> {
        // What anybody can see on the wire may be refused at once.
        let ciphertext = encrypted.encrypted_client_id.as_deref()?;
        let iv = <[u8; 16]>::try_from(encrypted.encrypted_client_id_iv.as_deref()?).ok()?;
        let wrapped_key = encrypted.encrypted_privacy_key.as_deref()?;
        if ciphertext.is_empty() || !ciphertext.len().is_multiple_of(16) {
            return None;
        }

        let (key, key_is_good) = self.privacy_key(wrapped_key);
        let mut identity = Zeroizing::new(ciphertext.to_vec());
        let cipher = UnboundCipherKey::new(&AES_128, key.as_slice()).and_then(DecryptingKey::cbc).ok()?;
        cipher.decrypt(&mut identity, DecryptionContext::Iv128(FixedLength::from(iv))).ok()?;
        let (length, padding_is_good) = without_padding(&identity);
        let parsed = ClientIdentification::decode(identity.get(..length).unwrap_or_default());
        let good = key_is_good & padding_is_good & Choice::from(u8::from(parsed.is_ok()));
        if bool::from(good) { parsed.ok() } else { None }
    }

    /// The privacy key; sixteen zeros, and a no, in place of one that is not there.
    fn privacy_key(&self, wrapped: &[u8]) -> (Zeroizing<[u8; 16]>, Choice) {
        let mut opened = Zeroizing::new(vec![0; self.key.min_output_size()]);
        let mut key = Zeroizing::new([0; 16]);
        let good = match self.key.decrypt(&OAEP_SHA1_MGF1SHA1, wrapped, &mut opened, None) {
            Ok(opened) if opened.len() == key.len() => {
                key.copy_from_slice(opened);
                1
            }
            _ => 0,
        };
        (key, Choice::from(good))
    }
}

/// How many bytes stand before the PKCS#7 padding of whole blocks of 16, and whether it is padding; if it
/// is not, all bytes. Looks at the same bytes in either case.
fn without_padding(blocks: &[u8]) -> (usize, Choice) {
    let Some((_, last)) = blocks.split_last_chunk::<16>() else { return (0, Choice::from(0)) };
    let &[.., padding] = last;
    let mut good = padding.ct_gt(&0) & !padding.ct_gt(&16);
    for (from_end, byte) in (0_u8..16).zip(last.iter().rev()) {
        let counts = padding.ct_gt(&from_end);
        good &= !counts | byte.ct_eq(&padding);
    }
    let taken = u8::conditional_select(&0, &padding, good);
    (blocks.len() - usize::from(taken), good)
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceKey").field("retired_at", &self.retired_at).finish_non_exhaustive()
    }
}

/// The answer to a client that asks for the service certificate: `SignedMessage` of type 5.
#[must_use]
pub fn service_certificate_answer(bare: &[u8]) -> Vec<u8> {
    let message = SignedMessage {
        message_type: Some(MessageType::ServiceCertificate.into()),
        msg: Some(bare.to_vec()),
        ..SignedMessage::default()
    };
    message.encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_is_one_to_sixteen_equal_bytes() {
        for padding in 1..=16_u8 {
            let mut blocks = [0x55; 32];
            let length = 32 - usize::from(padding);
            blocks[length..].fill(padding);
            let (got, good) = without_padding(&blocks);
            assert!(bool::from(good) && got == length, "{padding}");
            if padding > 1 {
                blocks[length] ^= 1;
                let (got, good) = without_padding(&blocks);
                assert!(!bool::from(good) && got == 32, "{padding}");
            }
        }
        for last in [0, 17, 255] {
            let (got, good) = without_padding(&[last; 32]);
            assert!(!bool::from(good) && got == 32, "{last}");
        }
    }
}
