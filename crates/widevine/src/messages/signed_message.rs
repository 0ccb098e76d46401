//! `SignedMessage`: what goes over the network in either direction.

/// The envelope of every request and every answer.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SignedMessage {
    /// What `msg` is.
    #[prost(enumeration = "MessageType", optional, tag = "1")]
    pub message_type: Option<i32>,
    /// `LicenseRequest`, `License` or `SignedDrmCertificate`, by type. Signatures cover these very bytes.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub msg: Option<Vec<u8>>,
    /// RSA-PSS of a request; HMAC-SHA256 of a renewal and of every licence.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub signature: Option<Vec<u8>>,
    /// The session key under the device's public key, in a licence.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub session_key: Option<Vec<u8>>,
    /// What `session_key` is.
    #[prost(enumeration = "SessionKeyType", optional, tag = "8")]
    pub session_key_type: Option<i32>,
    /// Stands before `msg` in what the request's signature covers.
    #[prost(bytes = "vec", optional, tag = "9")]
    pub oemcrypto_core_message: Option<Vec<u8>>,
    /// The hash of an RSA signature.
    #[prost(enumeration = "HashAlgorithm", optional, tag = "10")]
    pub hash_algorithm: Option<i32>,
}

/// `SignedMessage.type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum MessageType {
    /// A client asks for a licence, a renewal or a release.
    LicenseRequest = 1,
    /// A licence, or the answer to a renewal or a release.
    License = 2,
    /// Not sent here: refusals are HTTP errors.
    ErrorResponse = 3,
    /// A client asks for the service certificate.
    ServiceCertificateRequest = 4,
    /// The service certificate.
    ServiceCertificate = 5,
}

/// `SignedMessage.session_key_type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum SessionKeyType {
    /// Not said.
    Undefined = 0,
    /// An AES key under RSA-OAEP.
    WrappedAesKey = 1,
    /// Not used here.
    EphemeralEccPublicKey = 2,
}

/// The hash of an RSA-PSS signature and of its MGF1, in messages and certificates.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum HashAlgorithm {
    /// SHA-1.
    Unspecified = 0,
    /// SHA-1.
    Sha1 = 1,
    /// SHA-256.
    Sha256 = 2,
    /// SHA-384.
    Sha384 = 3,
}
