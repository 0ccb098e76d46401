//! `WidevinePsshData`: the payload of a `pssh` box of the Widevine system.

/// Names content: by keys, by a content id, or both.
#[derive(Clone, PartialEq, prost::Message)]
pub struct WidevinePsshData {
    /// KIDs, 16 bytes each.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub key_ids: Vec<Vec<u8>>,
    /// The packager's provider.
    #[prost(bytes = "vec", optional, tag = "3")]
    pub provider: Option<Vec<u8>>,
    /// The packager's name of the content.
    #[prost(bytes = "vec", optional, tag = "4")]
    pub content_id: Option<Vec<u8>>,
    /// The scheme as a 4CC.
    #[prost(uint32, optional, tag = "9")]
    pub protection_scheme: Option<u32>,
    /// What the KIDs name.
    #[prost(enumeration = "PsshType", optional, tag = "11")]
    pub pssh_type: Option<i32>,
}

/// `WidevinePsshData.type`.
#[derive(Clone, Copy, Debug, Eq, PartialEq, prost::Enumeration)]
#[repr(i32)]
pub enum PsshType {
    /// Content keys.
    Single = 0,
    /// Keys of keys.
    Entitlement = 1,
    /// Keys under keys; not served.
    EntitledKey = 2,
}
