//! `ClientCapabilities`: what a device says that it can do.

/// Recorded, never decided by.
#[derive(Clone, PartialEq, prost::Message)]
pub struct ClientCapabilities {
    /// Keeps a provider's client token.
    #[prost(bool, optional, tag = "1")]
    pub client_token: Option<bool>,
    /// Keeps a session token.
    #[prost(bool, optional, tag = "2")]
    pub session_token: Option<bool>,
    /// Understands keys for resolutions.
    #[prost(bool, optional, tag = "3")]
    pub video_resolution_constraints: Option<bool>,
    /// The best HDCP that it has.
    #[prost(enumeration = "MaxHdcpVersion", optional, tag = "4")]
    pub max_hdcp_version: Option<i32>,
    /// The version of the interface to its secure part.
    #[prost(uint32, optional, tag = "5")]
    pub oem_crypto_api_version: Option<u32>,
    /// Keeps a usage table that cannot be rolled back.
    #[prost(bool, optional, tag = "6")]
    pub anti_rollback_usage_table: Option<bool>,
    /// The version of its list of revoked displays.
    #[prost(uint32, optional, tag = "7")]
    pub srm_version: Option<u32>,
    /// Whether that list can be replaced.
    #[prost(bool, optional, tag = "8")]
    pub can_update_srm: Option<bool>,
    /// 0 RSA of 2048 bits, 1 of 3072, 2 to 4 elliptic curves.
    #[prost(int32, repeated, packed = "false", tag = "9")]
    pub supported_certificate_key_type: Vec<i32>,
    /// 0 unknown, 1 none, 2 supported, 3 with CGMS-A.
    #[prost(int32, optional, tag = "10")]
    pub analog_output_capabilities: Option<i32>,
    /// Whether analogue outputs can be switched off.
    #[prost(bool, optional, tag = "11")]
    pub can_disable_analog_output: Option<bool>,
    /// The performance tier.
    #[prost(uint32, optional, tag = "12")]
    pub resource_rating_tier: Option<u32>,
}

/// `ClientCapabilities.max_hdcp_version`. The numbers are in no order of strength.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum MaxHdcpVersion {
    /// No HDCP.
    None = 0,
    /// 1, whichever.
    V1 = 1,
    /// 2.0.
    V2 = 2,
    /// 2.1.
    V2_1 = 3,
    /// 2.2.
    V2_2 = 4,
    /// 2.3.
    V2_3 = 5,
    /// 1.0.
    V1_0 = 6,
    /// 1.1.
    V1_1 = 7,
    /// 1.2.
    V1_2 = 8,
    /// 1.3.
    V1_3 = 9,
    /// 1.4.
    V1_4 = 10,
    /// There is no digital output to protect: meets every requirement.
    NoDigitalOutput = 255,
}
