//! Widevine's part of an entitlement.

use drm_primitives::{ContentKey, Kid};

use super::Extension;

/// What a Widevine token grants (token-api.md, section 5).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WidevineTerms {
    /// 1 to 16 keys, each KID once.
    pub keys: Vec<WidevineKey>,
    /// The content that alone it is good for: 1 to 64 bytes of UTF-8.
    pub content_id: Option<String>,
    /// Seconds of playing after playback starts; `None`: no limit.
    pub licence_duration: Option<u32>,
    /// Seconds to start playing in.
    pub rental_duration: Option<u32>,
    /// Whether the licence may be stored.
    pub persistent: bool,
    /// Carried to the record and the policy hook.
    pub extensions: Vec<Extension>,
    /// Who is watching, where streams are counted.
    pub stream: Option<Stream>,
}

/// A key of a Widevine token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct WidevineKey {
    /// Its name.
    pub kid: Kid,
    /// The key.
    pub key: ContentKey,
    /// What a device must have to get it.
    pub security_level: SecurityLevel,
    /// What an output must have to show what it decrypts.
    pub hdcp: Hdcp,
    /// What it decrypts.
    pub track: TrackType,
}

/// Whose streams are counted, and how many there may be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Stream {
    /// The viewer: 1 to 64 bytes of text.
    pub user_id: String,
    /// The most at once; `None`: what the account says.
    pub max: Option<u8>,
}

/// `securityLevel`: the robustness that a device must have, by its number.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum SecurityLevel {
    /// 1, `SW_SECURE_CRYPTO`.
    SoftwareCrypto,
    /// 2, `SW_SECURE_DECODE`.
    SoftwareDecode,
    /// 3, `HW_SECURE_CRYPTO`.
    HardwareCrypto,
    /// 4, `HW_SECURE_DECODE`.
    HardwareDecode,
    /// 5, `HW_SECURE_ALL`.
    HardwareAll,
}

impl SecurityLevel {
    /// By its number, 1 to 5.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            1 => Self::SoftwareCrypto,
            2 => Self::SoftwareDecode,
            3 => Self::HardwareCrypto,
            4 => Self::HardwareDecode,
            5 => Self::HardwareAll,
            _ => return None,
        })
    }

    /// Its number, 1 to 5, which licences have too.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::SoftwareCrypto => 1,
            Self::SoftwareDecode => 2,
            Self::HardwareCrypto => 3,
            Self::HardwareDecode => 4,
            Self::HardwareAll => 5,
        }
    }

    /// Its name in the interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SoftwareCrypto => "SW_SECURE_CRYPTO",
            Self::SoftwareDecode => "SW_SECURE_DECODE",
            Self::HardwareCrypto => "HW_SECURE_CRYPTO",
            Self::HardwareDecode => "HW_SECURE_DECODE",
            Self::HardwareAll => "HW_SECURE_ALL",
        }
    }
}

/// `hdcpOutputControl`: the copy protection that an output must have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hdcp {
    /// 0, `HDCP_NONE`.
    None,
    /// 1, `HDCP_V1`.
    V1,
    /// 2, `HDCP_V2`.
    V2,
    /// 3, `HDCP_V2_1`.
    V2_1,
    /// 4, `HDCP_V2_2`.
    V2_2,
    /// 5, `HDCP_V2_3`.
    V2_3,
    /// 255, `HDCP_NO_DIGITAL_OUTPUT`.
    NoDigitalOutput,
}

impl Hdcp {
    /// By its number, which licences have too.
    #[must_use]
    pub const fn from_number(number: u64) -> Option<Self> {
        Some(match number {
            0 => Self::None,
            1 => Self::V1,
            2 => Self::V2,
            3 => Self::V2_1,
            4 => Self::V2_2,
            5 => Self::V2_3,
            255 => Self::NoDigitalOutput,
            _ => return None,
        })
    }

    /// Its number: 0 to 5, or 255.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::V1 => 1,
            Self::V2 => 2,
            Self::V2_1 => 3,
            Self::V2_2 => 4,
            Self::V2_3 => 5,
            Self::NoDigitalOutput => 255,
        }
    }

    /// Its name in the interface.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "HDCP_NONE",
            Self::V1 => "HDCP_V1",
            Self::V2 => "HDCP_V2",
            Self::V2_1 => "HDCP_V2_1",
            Self::V2_2 => "HDCP_V2_2",
            Self::V2_3 => "HDCP_V2_3",
            Self::NoDigitalOutput => "HDCP_NO_DIGITAL_OUTPUT",
        }
    }
}

/// `trackType`: what a key decrypts.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum TrackType {
    /// 0.
    Sd,
    /// 1, the default.
    #[default]
    Hd,
    /// 2.
    Audio,
    /// 3.
    Uhd1,
    /// 4.
    Uhd2,
}

impl TrackType {
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

    /// Its number, 0 to 4.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Sd => 0,
            Self::Hd => 1,
            Self::Audio => 2,
            Self::Uhd1 => 3,
            Self::Uhd2 => 4,
        }
    }

    /// The label in licences: `SD`, `HD`, `AUDIO`, `UHD1`, `UHD2`.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Sd => "SD",
            Self::Hd => "HD",
            Self::Audio => "AUDIO",
            Self::Uhd1 => "UHD1",
            Self::Uhd2 => "UHD2",
        }
    }
}
