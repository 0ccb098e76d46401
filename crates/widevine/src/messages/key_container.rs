//! `KeyContainer`: one key of a licence, wrapped.

use super::OutputProtection;

/// One key of a licence.
#[derive(Clone, PartialEq, prost::Message)]
pub struct KeyContainer {
    /// The KID, 16 bytes, big-endian; absent for the signing key.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub id: Option<Vec<u8>>,
    /// The initialisation vector of the wrapping, 16 bytes.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub iv: Option<Vec<u8>>,
    /// The key under AES-128-CBC with PKCS#7.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub key: Option<Vec<u8>>,
    /// What the key is for.
    #[prost(enumeration = "KeyType", optional, tag = "4")]
    pub key_type: Option<i32>,
    /// The robustness that it needs: 1 to 5, the numbers of `securityLevel`.
    #[prost(int32, optional, tag = "5")]
    pub level: Option<i32>,
    /// What an output must have.
    #[prost(message, optional, tag = "6")]
    pub required_protection: Option<OutputProtection>,
    /// `SD`, `HD`, `AUDIO`, `UHD1` or `UHD2`.
    #[prost(string, optional, tag = "12")]
    pub track_label: Option<String>,
}

/// `KeyContainer.type`, as far as it is used here.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum KeyType {
    /// Authenticates renewals.
    Signing = 1,
    /// Decrypts content.
    Content = 2,
}
