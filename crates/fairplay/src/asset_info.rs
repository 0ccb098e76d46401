//! What the key server is told about the asset.
//!
//! **The one file to change where the operator's SDK wants other members** (fairplay.md, section 4). Its
//! envelope is in `create_ckc.rs`.

use drm_primitives::{ContentKey, hex};
use zeroize::Zeroizing;

/// What a CKC is to hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct AssetInfo<'a> {
    /// The key.
    pub key: &'a ContentKey,
    /// The IV that the content was encrypted with.
    pub iv: &'a [u8; 16],
    /// What the key decrypts.
    pub track: Track,
    /// The least protection of outputs that account or environment want; it raises what the track has by
    /// itself, and never lowers it.
    pub hdcp_at_least: HdcpType,
    /// The lease in seconds; 0: no limit.
    pub lease_seconds: u32,
}

/// What a key decrypts, by the numbers of `trackType`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Track {
    /// 0: standard definition.
    Sd,
    /// 1: high definition.
    Hd,
    /// 2: sound.
    Audio,
    /// 3: ultra-high definition.
    Uhd1,
    /// 4: ultra-high definition, the larger.
    Uhd2,
}

/// The copy protection that an output must have, by the numbers of `hdcp-type`.
#[derive(Clone, Copy, Debug, Default, Eq, Ord, PartialEq, PartialOrd)]
pub enum HdcpType {
    /// −1.
    #[default]
    NotRequired,
    /// 0: HDCP of any kind.
    Type0,
    /// 1: HDCP 2.2 or later.
    Type1,
}

impl Track {
    /// By its number, 0 to 4.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::Sd,
            1 => Self::Hd,
            2 => Self::Audio,
            3 => Self::Uhd1,
            4 => Self::Uhd2,
            _ => return None,
        })
    }

    /// `content-type`.
    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Sd => "sd",
            Self::Hd => "hd",
            Self::Audio => "audio",
            Self::Uhd1 | Self::Uhd2 => "uhd",
        }
    }

    /// `hdcp-type`, where nobody wants more. The SDK wants type 1 for `uhd`.
    #[must_use]
    pub const fn hdcp_type(self) -> HdcpType {
        match self {
            Self::Sd | Self::Hd => HdcpType::Type0,
            Self::Audio => HdcpType::NotRequired,
            Self::Uhd1 | Self::Uhd2 => HdcpType::Type1,
        }
    }
}

impl HdcpType {
    /// Its number: −1, 0 or 1.
    #[must_use]
    pub const fn number(self) -> i8 {
        match self {
            Self::NotRequired => -1,
            Self::Type0 => 0,
            Self::Type1 => 1,
        }
    }

    /// By its number.
    #[must_use]
    pub const fn from_number(number: i64) -> Option<Self> {
        Some(match number {
            -1 => Self::NotRequired,
            0 => Self::Type0,
            1 => Self::Type1,
            _ => return None,
        })
    }
}

impl AssetInfo<'_> {
    /// More than any of them takes in JSON, in bytes.
    pub(crate) const CAPACITY: usize = 256;

    /// Appends the object to `text`, which has [`Self::CAPACITY`] bytes to spare.
    pub(crate) fn write(&self, text: &mut Vec<u8>) {
        let key = Zeroizing::new(hex::encode(self.key.expose()));
        let hdcp_type = self.track.hdcp_type().max(self.hdcp_at_least);
        text.extend_from_slice(b"{\"content-key\":\"");
        text.extend_from_slice(key.as_bytes());
        text.extend_from_slice(b"\",\"content-iv\":\"");
        text.extend_from_slice(hex::encode(self.iv).as_bytes());
        text.extend_from_slice(b"\",\"content-type\":\"");
        text.extend_from_slice(self.track.content_type().as_bytes());
        text.extend_from_slice(b"\",\"hdcp-type\":");
        text.extend_from_slice(hdcp_type.number().to_string().as_bytes());
        text.extend_from_slice(b",\"encryption-scheme\":\"cbcs\"");
        if self.lease_seconds > 0 {
            text.extend_from_slice(b",\"lease-duration\":");
            text.extend_from_slice(self.lease_seconds.to_string().as_bytes());
        }
        text.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static KEY: ContentKey = ContentKey::from_bytes([0xAB; 16]);
    const IV: [u8; 16] = [0xCD; 16];

    fn written(track: Track, hdcp_at_least: HdcpType, lease_seconds: u32) -> String {
        let mut text = Vec::with_capacity(AssetInfo::CAPACITY);
        AssetInfo { key: &KEY, iv: &IV, track, hdcp_at_least, lease_seconds }.write(&mut text);
        assert!(text.len() <= AssetInfo::CAPACITY);
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn the_members_are_those_of_the_specification_in_its_order() {
        assert_eq!(
            written(Track::Hd, HdcpType::NotRequired, 3_600),
            "{\"content-key\":\"abababababababababababababababab\",\
             \"content-iv\":\"cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd\",\"content-type\":\"hd\",\"hdcp-type\":0,\
             \"encryption-scheme\":\"cbcs\",\"lease-duration\":3600}"
        );
    }

    #[test]
    fn a_lease_of_nothing_is_left_out() {
        assert!(!written(Track::Hd, HdcpType::NotRequired, 0).contains("lease"));
        assert!(written(Track::Hd, HdcpType::NotRequired, u32::MAX).ends_with(":4294967295}"));
    }

    #[test]
    fn tracks_have_their_types_which_may_be_raised_and_not_lowered() {
        for (number, content_type, own) in
            [(0, "sd", 0), (1, "hd", 0), (2, "audio", -1), (3, "uhd", 1), (4, "uhd", 1)]
        {
            let track = Track::from_number(number).unwrap();
            for least in [-1, 0, 1] {
                let text = written(track, HdcpType::from_number(least).unwrap(), 0);
                let hdcp = own.max(least);
                let part = format!("\"content-type\":\"{content_type}\",\"hdcp-type\":{hdcp},");
                assert!(text.contains(&part), "{text}");
            }
        }
        assert_eq!(Track::from_number(5), None);
        assert_eq!(HdcpType::from_number(2), None);
    }
}
