//! `asset-info` as a strict key server reads it. Shares nothing with the writer but the types.

use drm_primitives::{ContentKey, hex};
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use crate::asset_info::HdcpType;

/// The longest lease: 2^31 − 1 seconds.
const LEASE_LIMIT: u64 = (1 << 31) - 1;

/// What a key server was told about an asset.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LabAsset {
    /// `content-key`.
    pub key: ContentKey,
    /// `content-iv`.
    pub iv: [u8; 16],
    /// `content-type`: `sd`, `hd`, `uhd` or `audio`.
    pub content_type: String,
    /// `hdcp-type`.
    pub hdcp_type: HdcpType,
    /// `lease-duration`, in seconds.
    pub lease_seconds: Option<u32>,
}

/// What a strict key server does not like in an `asset-info`. Carries no key.
#[derive(Clone, Copy, Debug, Eq, Error, PartialEq)]
pub enum LabAssetError {
    /// `content-iv`.
    #[error("content-iv is not 32 lower-case hex digits")]
    ContentIv,
    /// `content-key`.
    #[error("content-key is not 32 lower-case hex digits")]
    ContentKey,
    /// `content-type`.
    #[error("content-type is none of sd, hd, uhd and audio")]
    ContentType,
    /// Not an array of one object.
    #[error("asset-info has {got} members, expected one")]
    Count {
        /// How many it has.
        got: usize,
    },
    /// `hdcp-type`.
    #[error("hdcp-type is none of -1, 0 and 1")]
    HdcpType,
    /// `lease-duration`.
    #[error("lease-duration is not 1 to 2147483647")]
    LeaseDuration,
    /// A member is missing, comes twice, is not known or not of its kind.
    #[error("a member is missing, unknown, there twice, or of another kind")]
    Members,
    /// `encryption-scheme`.
    #[error("encryption-scheme is not cbcs")]
    Scheme,
    /// `uhd` with less than type 1.
    #[error("content-type uhd needs hdcp-type 1")]
    UhdWithoutType1,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Members<'a> {
    content_key: &'a str,
    content_iv: &'a str,
    content_type: &'a str,
    hdcp_type: i64,
    encryption_scheme: &'a str,
    #[serde(default)]
    lease_duration: Option<u64>,
}

impl LabAsset {
    /// Reads the array `asset-info`, which holds one object.
    ///
    /// # Errors
    /// [`LabAssetError`], for the first thing that is wrong.
    pub fn read(asset_info: &Value) -> Result<Self, LabAssetError> {
        let assets = asset_info.as_array().ok_or(LabAssetError::Members)?;
        let [asset] = assets.as_slice() else { return Err(LabAssetError::Count { got: assets.len() }) };
        let members = Members::<'_>::deserialize(asset).map_err(|_| LabAssetError::Members)?;
        let key = lower_hex(members.content_key).ok_or(LabAssetError::ContentKey)?;
        let iv = lower_hex(members.content_iv).ok_or(LabAssetError::ContentIv)?;
        if !["sd", "hd", "uhd", "audio"].contains(&members.content_type) {
            return Err(LabAssetError::ContentType);
        }
        let hdcp_type = HdcpType::from_number(members.hdcp_type).ok_or(LabAssetError::HdcpType)?;
        if members.content_type == "uhd" && hdcp_type != HdcpType::Type1 {
            return Err(LabAssetError::UhdWithoutType1);
        }
        if members.encryption_scheme != "cbcs" {
            return Err(LabAssetError::Scheme);
        }
        let lease_seconds = match members.lease_duration {
            None => None,
            Some(seconds @ 1..=LEASE_LIMIT) => u32::try_from(seconds).ok(),
            Some(_) => return Err(LabAssetError::LeaseDuration),
        };
        Ok(Self {
            key: ContentKey::from_bytes(key),
            iv,
            content_type: members.content_type.to_owned(),
            hdcp_type,
            lease_seconds,
        })
    }
}

fn lower_hex(text: &str) -> Option<[u8; 16]> {
    let lower = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    hex::decode(text.as_bytes()).ok().filter(|_| lower)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn good() -> Value {
        json!([{
            "content-key": "00112233445566778899aabbccddeeff",
            "content-iv": "0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f",
            "content-type": "hd",
            "hdcp-type": 0,
            "encryption-scheme": "cbcs",
            "lease-duration": 3600,
        }])
    }

    fn with(member: &str, value: Value) -> Result<LabAsset, LabAssetError> {
        let mut asset = good();
        asset[0][member] = value;
        LabAsset::read(&asset)
    }

    fn without(member: &str) -> Result<LabAsset, LabAssetError> {
        let mut asset = good();
        asset[0].as_object_mut().unwrap().remove(member);
        LabAsset::read(&asset)
    }

    #[test]
    fn the_asset_of_the_specification_is_read() {
        let asset = LabAsset::read(&good()).unwrap();
        assert_eq!(asset.key, ContentKey::from_hex(b"00112233445566778899aabbccddeeff").unwrap());
        assert_eq!(asset.iv, [0x0F; 16]);
        assert_eq!((asset.content_type.as_str(), asset.hdcp_type), ("hd", HdcpType::Type0));
        assert_eq!(asset.lease_seconds, Some(3_600));
        assert_eq!(without("lease-duration").unwrap().lease_seconds, None);
    }

    #[test]
    fn every_departure_is_refused() {
        use LabAssetError as Error;
        assert_eq!(with("offline-hls", true.into()), Err(Error::Members));
        assert_eq!(without("content-iv"), Err(Error::Members));
        assert_eq!(with("content-key", "00112233445566778899AABBCCDDEEFF".into()), Err(Error::ContentKey));
        assert_eq!(with("content-key", "00".into()), Err(Error::ContentKey));
        assert_eq!(with("content-iv", "0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F0F".into()), Err(Error::ContentIv));
        assert_eq!(with("content-type", "HD".into()), Err(Error::ContentType));
        assert_eq!(with("content-type", "uhd".into()), Err(Error::UhdWithoutType1));
        assert_eq!(with("hdcp-type", 2.into()), Err(Error::HdcpType));
        assert_eq!(with("hdcp-type", "0".into()), Err(Error::Members));
        assert_eq!(with("encryption-scheme", "cenc".into()), Err(Error::Scheme));
        assert_eq!(with("lease-duration", 0.into()), Err(Error::LeaseDuration));
        assert_eq!(with("lease-duration", (1_u64 << 31).into()), Err(Error::LeaseDuration));
        assert_eq!(LabAsset::read(&json!([])), Err(Error::Count { got: 0 }));
        assert_eq!(LabAsset::read(&json!({})), Err(Error::Members));
    }
}
