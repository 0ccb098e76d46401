//! `ClientIdentification`: who asks.

use super::ClientCapabilities;

/// A device, as it describes and certifies itself.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ClientIdentification {
    /// What `token` is.
    #[prost(enumeration = "TokenType", optional, tag = "1")]
    pub token_type: Option<i32>,
    /// The device's `SignedDrmCertificate`.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub token: Option<Vec<u8>>,
    /// Maker, model and the like, in the device's order.
    #[prost(message, repeated, tag = "3")]
    pub client_info: Vec<NameValue>,
    /// What it can do.
    #[prost(message, optional, tag = "6")]
    pub client_capabilities: Option<ClientCapabilities>,
    /// `FileHashes`: what its player is made of.
    #[prost(bytes = "vec", optional, tag = "7")]
    pub vmp_data: Option<Vec<u8>>,
}

/// One line of `client_info`.
#[derive(Clone, PartialEq, prost::Message)]
pub struct NameValue {
    /// What it is about, such as `company_name`.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub name: Option<Vec<u8>>,
    /// What it is.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub value: Option<Vec<u8>>,
}

/// `ClientIdentification.type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum TokenType {
    /// Old hardware; also what a client that says nothing means.
    Keybox = 0,
    /// The one kind that is served.
    DrmDeviceCertificate = 1,
    /// Not served.
    RemoteAttestation = 2,
    /// Not served.
    OemDeviceCertificate = 3,
    /// Not served.
    BootCertificateChain = 4,
    /// Not served.
    BootCertificateChainX509 = 5,
}
