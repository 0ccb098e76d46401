//! `SignedDrmCertificate`: a certificate, and who vouches for it.

/// A certificate with its signature.
#[derive(Clone, PartialEq, prost::Message)]
pub struct SignedDrmCertificate {
    /// `DrmCertificate`. The signature covers these very bytes.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub drm_certificate: Option<Vec<u8>>,
    /// RSA-PSS by the signer.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub signature: Option<Vec<u8>>,
    /// The signer's own `SignedDrmCertificate`, as its bytes: they are the name under which a
    /// verification is remembered, and reading them one by one bounds the nesting.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub signer: Option<Vec<u8>>,
    /// The hash of `signature`.
    #[prost(enumeration = "super::HashAlgorithm", optional, tag = "4")]
    pub hash_algorithm: Option<i32>,
}
