//! What a strict client finds wrong.

use thiserror::Error;

/// Why an answer is not believed (widevine.md, section 13.2).
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum AnswerFault {
    /// Not the message that was expected.
    #[error("the {0} cannot be read")]
    Unreadable(&'static str),
    /// Unknown fields, another order, or long numbers.
    #[error("the {0} is not in canonical form: it does not encode to the same bytes again")]
    NotCanonical(&'static str),
    /// A field has another value than it should.
    #[error("{field} is {got}, expected {expected}")]
    Unexpected {
        /// Which field.
        field: &'static str,
        /// Its value. Never a key.
        got: Box<str>,
        /// What it should be.
        expected: Box<str>,
    },
    /// The session key is not for this device.
    #[error("the session key does not open to 16 bytes with this device's key")]
    SessionKey,
    /// The licence was changed, or belongs to another request.
    #[error("the HMAC of the licence does not verify")]
    Mac,
    /// A key that does not unwrap: wrong length or wrong padding.
    #[error("the key of container {position} does not unwrap to {expected} bytes with correct PKCS#7")]
    KeyWrap {
        /// Which container, from 1.
        position: usize,
        /// The length of the key that belongs there.
        expected: usize,
    },
    /// Another key than the one that was expected.
    #[error("the content key of {kid} is another than expected")]
    ContentKey {
        /// Whose.
        kid: drm_primitives::Kid,
    },
    /// Two containers with one initialisation vector.
    #[error("two key containers share an initialisation vector")]
    SharedIv,
    /// One licence, opened twice.
    #[error("the licence of this request was opened before")]
    Opened,
}

/// Why bytes are no service certificate to encrypt an identity for.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ServiceCertificateFault {
    /// Not the message that was expected.
    #[error("the {0} cannot be read")]
    Unreadable(&'static str),
    /// Unknown fields, another order, or long numbers.
    #[error("the {0} is not in canonical form: it does not encode to the same bytes again")]
    NotCanonical(&'static str),
    /// A message of another type.
    #[error("the answer has type {got:?}, expected 5, a service certificate")]
    MessageType {
        /// The type.
        got: Option<i32>,
    },
    /// Not a service certificate.
    #[error("the certificate has type {got:?}, expected 3, a service certificate")]
    CertificateType {
        /// The type.
        got: Option<i32>,
    },
    /// The root is none, or did not sign it.
    #[error("the certificate is not signed by the root")]
    Signature,
    /// Somebody else's service.
    #[error("the certificate belongs to the provider {got:?}, expected {expected:?}")]
    Provider {
        /// Whose it is.
        got: Box<str>,
        /// Whose it should be.
        expected: Box<str>,
    },
    /// Not an RSA key of 2048 or 3072 bits.
    #[error("the certificate's key cannot be used")]
    Key,
    /// No serial number of 16 bytes.
    #[error("the certificate's serial number has {got} bytes, expected 16")]
    Serial {
        /// Its length.
        got: usize,
    },
}

/// Why bytes are no device.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum DeviceFileError {
    /// Something else altogether.
    #[error("not a device file: it does not begin with WVD")]
    Magic,
    /// Another version.
    #[error("the device file has version {got}, expected 2")]
    Version {
        /// The version.
        got: u8,
    },
    /// Cut short, or with something behind it.
    #[error("the device file is cut short or has a tail")]
    Length,
    /// Type or level out of range.
    #[error(
        "the device file has type {device_type} and level {level}, expected type 1 or 2 and level 1 to 3"
    )]
    Kind {
        /// The type.
        device_type: u8,
        /// The level.
        level: u8,
    },
    /// Not a key.
    #[error("the private key is no PKCS#1 RSA key of 2048 bits or more")]
    PrivateKey,
    /// Not an identity.
    #[error("the client identification is not a canonical ClientIdentification")]
    ClientId,
}
