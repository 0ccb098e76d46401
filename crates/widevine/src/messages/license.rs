//! `License`: what a client may do, and the keys for it.

use super::{KeyContainer, LicenseIdentification, Policy};

/// The `msg` of a licence.
#[derive(Clone, PartialEq, prost::Message)]
pub struct License {
    /// Which licence.
    #[prost(message, optional, tag = "1")]
    pub id: Option<LicenseIdentification>,
    /// What may be done with the keys.
    #[prost(message, optional, tag = "2")]
    pub policy: Option<Policy>,
    /// The keys, wrapped; the signing key first.
    #[prost(message, repeated, tag = "3")]
    pub key: Vec<KeyContainer>,
    /// What every duration counts from, unix seconds.
    #[prost(int64, optional, tag = "4")]
    pub license_start_time: Option<i64>,
    /// The scheme of the content as a 4CC.
    #[prost(uint32, optional, tag = "7")]
    pub protection_scheme: Option<u32>,
}
