//! PlayReady's part of an entitlement.

use drm_primitives::{ContentKey, Kid};
use jiff::Timestamp;

use super::Extension;

/// What a PlayReady token grants (token-api.md, section 6).
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlayReadyTerms {
    /// 1 to 16 keys, each KID once.
    pub keys: Vec<PlayReadyKey>,
    /// Whether the licence may be stored.
    pub persistent: bool,
    /// For ever, or for a time.
    pub rights: Rights,
    /// The five levels that outputs must have.
    pub output_protection: OutputProtectionLevels,
    /// What happens on outputs that the client does not know.
    pub unknown_output: UnknownOutput,
    /// Bits whose meaning the operator defines.
    pub output_control_flags: u32,
    /// Carried to the licence's metadata.
    pub extension: Option<Extension>,
    /// The device that alone may redeem the token: its certificate's client id.
    pub device_id: Option<[u8; 16]>,
}

/// A key of a PlayReady token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PlayReadyKey {
    /// Its name.
    pub kid: Kid,
    /// The key.
    pub key: ContentKey,
    /// The cipher of the content; `None`: what the challenge's header says, else AES-CTR.
    pub cipher: Option<ContentCipher>,
    /// The least level of a device's certificate: 150, 2000 or 3000.
    pub min_security_level: u16,
}

/// `algId`: the cipher of the content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ContentCipher {
    /// `aescbc`, for `cbcs`.
    AesCbc,
    /// `aesctr`, for `cenc`.
    AesCtr,
}

/// `rightsType`, with what belongs to it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Rights {
    /// `BuyToOwn`: no limit of time.
    BuyToOwn,
    /// `Rental`: until a time, and so long after the first play.
    Rental {
        /// The last second.
        end: Timestamp,
        /// Seconds after first play.
        play_duration: Option<u32>,
    },
}

/// The five output protection levels, each 0 to 999.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct OutputProtectionLevels {
    /// `analogVideoOPL`.
    pub analog_video: u16,
    /// `compressedDigitalAudioOPL`.
    pub compressed_digital_audio: u16,
    /// `compressedDigitalVideoOPL`.
    pub compressed_digital_video: u16,
    /// `uncompressedDigitalAudioOPL`.
    pub uncompressed_digital_audio: u16,
    /// `uncompressedDigitalVideoOPL`.
    pub uncompressed_digital_video: u16,
}

/// `unknownOutputBehavior`.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum UnknownOutput {
    /// Plays there.
    Allow,
    /// Does not play there, the default.
    #[default]
    Disallow,
    /// Plays there in standard definition.
    SdOnly,
}
