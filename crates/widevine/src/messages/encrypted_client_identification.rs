//! `EncryptedClientIdentification`: who asks, for the eyes of the licence service only.

/// Privacy mode: the identity under a service certificate.
#[derive(Clone, PartialEq, prost::Message)]
pub struct EncryptedClientIdentification {
    /// Whose service certificate.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub provider_id: Option<Vec<u8>>,
    /// Which service certificate.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub service_certificate_serial_number: Option<Vec<u8>>,
    /// `ClientIdentification` under AES-128-CBC with PKCS#7.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub encrypted_client_id: Option<Vec<u8>>,
    /// The initialisation vector of that, 16 bytes.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub encrypted_client_id_iv: Option<Vec<u8>>,
    /// The AES key under RSA-OAEP.
    #[prost(bytes = "vec", optional, tag = "5")]
    pub encrypted_privacy_key: Option<Vec<u8>>,
}
