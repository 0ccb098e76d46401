//! The request to the key server: one `create-ckc` operation in Apple's envelope (fairplay.md, section 4).

use drm_primitives::base64;
use zeroize::Zeroizing;

use crate::asset_info::AssetInfo;
use crate::spc::Spc;

/// The number of the one item of a request, which the response repeats.
pub const ITEM_ID: u64 = 1;

/// More than the envelope takes, in bytes.
const ENVELOPE_BYTES: usize = 96;

/// What the key server is asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CreateCkc<'a> {
    /// The player's request.
    pub spc: &'a Spc,
    /// What the answer is to hold.
    pub asset: AssetInfo<'a>,
}

impl CreateCkc<'_> {
    /// The body, `application/json`. It holds a content key, so it is wiped when dropped.
    #[must_use]
    pub fn write(&self) -> Zeroizing<Vec<u8>> {
        let spc = base64::encode(self.spc.as_bytes());
        // Of the full size at once, as a buffer that grows leaves copies of the key behind.
        let mut text = Zeroizing::new(Vec::with_capacity(ENVELOPE_BYTES + spc.len() + AssetInfo::CAPACITY));
        text.extend_from_slice(b"{\"fairplay-streaming-request\":{\"version\":1,\"create-ckc\":[{\"id\":");
        text.extend_from_slice(ITEM_ID.to_string().as_bytes());
        text.extend_from_slice(b",\"spc\":\"");
        text.extend_from_slice(spc.as_bytes());
        text.extend_from_slice(b"\",\"asset-info\":[");
        self.asset.write(&mut text);
        text.extend_from_slice(b"]}]}}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::asset_info::{HdcpType, Track};
    use drm_primitives::ContentKey;

    #[test]
    fn the_request_of_the_specification_is_written_to_the_byte() {
        let key = ContentKey::from_hex(b"00112233445566778899aabbccddeeff").unwrap();
        let mut bytes = vec![0, 0, 0, 1];
        bytes.resize(64, 0);
        let spc = Spc::new(bytes).unwrap();
        let asset = AssetInfo {
            key: &key,
            iv: &[0x0F; 16],
            track: Track::Hd,
            hdcp_at_least: HdcpType::NotRequired,
            lease_seconds: 3_600,
        };
        let written = CreateCkc { spc: &spc, asset }.write();
        let expected = "{\"fairplay-streaming-request\":{\"version\":1,\"create-ckc\":[{\"id\":1,\"spc\":\"\
            AAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==\",\
            \"asset-info\":[{\"content-key\":\"00112233445566778899aabbccddeeff\",\
            \"content-iv\":\"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\",\"content-type\":\"hd\",\"hdcp-type\":0,\
            \"encryption-scheme\":\"cbcs\",\"lease-duration\":3600}]}]}}";
        assert_eq!(String::from_utf8_lossy(&written), expected);
    }

    #[test]
    fn the_buffer_of_a_request_never_grows() {
        let key = ContentKey::from_bytes([0xFF; 16]);
        let mut bytes = vec![0, 0, 0, 255];
        bytes.resize(32_768, 0xEE);
        let spc = Spc::new(bytes).unwrap();
        let asset = AssetInfo {
            key: &key,
            iv: &[0xFF; 16],
            track: Track::Audio,
            hdcp_at_least: HdcpType::NotRequired,
            lease_seconds: u32::MAX,
        };
        let written = CreateCkc { spc: &spc, asset }.write();
        assert!(written.len() <= ENVELOPE_BYTES + base64::encode(spc.as_bytes()).len() + AssetInfo::CAPACITY);
    }
}
