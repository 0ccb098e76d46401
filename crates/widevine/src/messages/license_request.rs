//! `LicenseRequest`: what a client asks for.

use super::{ContentIdentification, EncryptedClientIdentification};

/// The `msg` of a request.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LicenseRequest {
    /// A `ClientIdentification` in clear, as its bytes: read only after what comes before it in the order
    /// of work, and written as the device file has it. Exactly one of this and `encrypted_client_id`.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub client_id: Option<Vec<u8>>,
    /// The content.
    #[prost(message, optional, tag = "2")]
    pub content_id: Option<ContentIdentification>,
    /// New, renewal or release.
    #[prost(enumeration = "RequestType", optional, tag = "3")]
    pub request_type: Option<i32>,
    /// The client's clock, unix seconds.
    #[prost(int64, optional, tag = "4")]
    pub request_time: Option<i64>,
    /// 20 (2.0), 21 (2.1) or 22 (2.2).
    #[prost(int32, optional, tag = "6")]
    pub protocol_version: Option<i32>,
    /// The identity under a service certificate: privacy mode.
    #[prost(message, optional, tag = "8")]
    pub encrypted_client_id: Option<EncryptedClientIdentification>,
}

/// `LicenseRequest.type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum RequestType {
    /// A new licence.
    New = 1,
    /// More time for one that the client has.
    Renewal = 2,
    /// The end of one.
    Release = 3,
}
