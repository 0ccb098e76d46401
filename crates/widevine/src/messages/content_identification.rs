//! `ContentIdentification`: the content that a request is about, in one of four ways.

use super::{LicenseIdentification, LicenseType};

/// Exactly one of four. A `oneof` on the wire; here four fields, so that two at once can be refused.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ContentIdentification {
    /// Init data of the Widevine kind.
    #[prost(message, optional, tag = "1")]
    pub widevine_pssh_data: Option<WidevinePssh>,
    /// A bare key id.
    #[prost(message, optional, tag = "2")]
    pub webm_key_id: Option<WebmKeyId>,
    /// A licence that the client has, to be renewed or released.
    #[prost(message, optional, tag = "3")]
    pub existing_license: Option<ExistingLicense>,
    /// Init data with its type.
    #[prost(message, optional, tag = "4")]
    pub init_data: Option<InitData>,
}

/// Init data of the Widevine kind.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WidevinePssh {
    /// `WidevinePsshData`, or whole `pssh` boxes. The first one counts.
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub pssh_data: Vec<Vec<u8>>,
    /// What kind of licence is asked for.
    #[prost(enumeration = "LicenseType", optional, tag = "2")]
    pub license_type: Option<i32>,
    /// The client's name for this request; opaque.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub request_id: Option<Vec<u8>>,
}

/// A bare key id.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WebmKeyId {
    /// The KID.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub header: Option<Vec<u8>>,
    /// What kind of licence is asked for.
    #[prost(enumeration = "LicenseType", optional, tag = "2")]
    pub license_type: Option<i32>,
    /// The client's name for this request; opaque.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub request_id: Option<Vec<u8>>,
}

/// A licence that the client has.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ExistingLicense {
    /// Which one: what the licence said, echoed.
    #[prost(message, optional, tag = "1")]
    pub license_id: Option<LicenseIdentification>,
    /// Seconds since it was received.
    #[prost(int64, optional, tag = "2")]
    pub seconds_since_started: Option<i64>,
    /// Seconds since it last decrypted something.
    #[prost(int64, optional, tag = "3")]
    pub seconds_since_last_played: Option<i64>,
}

/// Init data with its type.
#[derive(Clone, PartialEq, prost::Message)]
pub struct InitData {
    /// What `init_data` is.
    #[prost(enumeration = "InitDataType", optional, tag = "1")]
    pub init_data_type: Option<i32>,
    /// The init data.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub init_data: Option<Vec<u8>>,
    /// What kind of licence is asked for.
    #[prost(enumeration = "LicenseType", optional, tag = "3")]
    pub license_type: Option<i32>,
    /// The client's name for this request; opaque.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub request_id: Option<Vec<u8>>,
}

/// `InitData.init_data_type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum InitDataType {
    /// `pssh` boxes.
    Cenc = 1,
    /// A bare key id.
    Webm = 2,
}
