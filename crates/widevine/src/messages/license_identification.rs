//! `LicenseIdentification`: the name of a licence.

/// The name of a licence. Clients hand it back when they renew or release.
#[derive(Clone, PartialEq, prost::Message)]
pub struct LicenseIdentification {
    /// The client's name for the request, echoed.
    #[prost(bytes = "vec", optional, tag = "1")]
    pub request_id: Option<Vec<u8>>,
    /// The service's name for the session.
    #[prost(bytes = "vec", optional, tag = "2")]
    pub session_id: Option<Vec<u8>>,
    /// Not used here; echoed.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub purchase_id: Option<Vec<u8>>,
    /// What kind of licence.
    #[prost(enumeration = "LicenseType", optional, tag = "4")]
    pub license_type: Option<i32>,
    /// 0 at first, one more with each renewal.
    #[prost(int32, optional, tag = "5")]
    pub version: Option<i32>,
    /// Not used here; echoed.
    #[prost(bytes = "vec", optional, tag = "6")]
    pub provider_session_token: Option<Vec<u8>>,
}

/// What kind of licence is asked for or granted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum LicenseType {
    /// For this session.
    Streaming = 1,
    /// To be stored.
    Offline = 2,
    /// As the service decides.
    Automatic = 3,
}
