//! The one policy object (playready.md, section 9.2), which the webhook serialises and the lab's issuer
//! writes as XMR.

use drm_primitives::{ContentKey, Kid};

use crate::algorithm::Algorithm;
use crate::guid::Guid;
use crate::refusal::Refusal;
use crate::security_level::SecurityLevel;

/// What one licence grants: one key and its terms.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct LicencePolicy {
    /// Names the key.
    pub kid: Kid,
    /// The key.
    pub content_key: ContentKey,
    /// The cipher of the content.
    pub algorithm: Algorithm,
    /// What the device has to be.
    pub minimum_security_level: SecurityLevel,
    /// Whether the licence may be stored.
    pub persistent: bool,
    /// Not before, unix seconds.
    pub begin_date: Option<i64>,
    /// Not after, unix seconds.
    pub expiration_date: Option<i64>,
    /// Not longer than this after the first play, in seconds.
    pub expiration_after_first_play: Option<u32>,
    /// The five output protection levels.
    pub output_protection: OutputProtectionLevels,
    /// What unknown outputs may do; see [`known`].
    pub play_enablers: Vec<Guid>,
    /// What named outputs have to do.
    pub explicit_outputs: Vec<ExplicitOutput>,
    /// The token's `outputControlFlags`, verbatim: for records and the webhook. What the operator's table
    /// makes of them stands in `explicit_outputs`.
    pub output_control_flags: u32,
    /// The token's extension, verbatim.
    pub extension: Option<Extension>,
}

/// Output protection levels, 0 to 999 each; always written, zeros included.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct OutputProtectionLevels {
    /// Compressed digital video.
    pub compressed_digital_video: u16,
    /// Uncompressed digital video.
    pub uncompressed_digital_video: u16,
    /// Analog video.
    pub analog_video: u16,
    /// Compressed digital audio.
    pub compressed_digital_audio: u16,
    /// Uncompressed digital audio.
    pub uncompressed_digital_audio: u16,
}

/// A kind of output that can be given explicit protection.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum OutputKind {
    /// `analog-video`.
    AnalogVideo,
    /// `digital-audio`.
    DigitalAudio,
    /// `digital-video`.
    DigitalVideo,
}

impl OutputKind {
    /// Every kind, in the order in which XMR has them.
    pub const ALL: [Self; 3] = [Self::AnalogVideo, Self::DigitalAudio, Self::DigitalVideo];

    /// As configuration and webhook write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::AnalogVideo => "analog-video",
            Self::DigitalAudio => "digital-audio",
            Self::DigitalVideo => "digital-video",
        }
    }

    /// The kind that a name names.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// Protection demanded of one output.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExplicitOutput {
    /// Which kind of output.
    pub output: OutputKind,
    /// Which protection.
    pub guid: Guid,
    /// Its configuration: the operator's bytes as they are.
    pub data: Vec<u8>,
}

/// An extension of four ASCII characters.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Extension {
    /// Its type: `abcd`.
    pub kind: [u8; 4],
    /// Its payload.
    pub payload: Vec<u8>,
}

impl Extension {
    /// The type as a number: `abcd` is 0x61626364.
    #[must_use]
    pub const fn id(&self) -> u32 {
        u32::from_be_bytes(self.kind)
    }

    /// `XXXXXXXX-0000-0010-8000-00AA00389B71`, the type's four codes in front.
    #[must_use]
    pub const fn guid(&self) -> Guid {
        let [a, b, c, d] = self.kind;
        Guid::from_bytes([a, b, c, d, 0, 0, 0, 0x10, 0x80, 0, 0, 0xAA, 0, 0x38, 0x9B, 0x71])
    }
}

/// The play enablers and output protections that public pages name (section 8).
pub mod known {
    use crate::guid::Guid;

    /// `unknownOutputBehavior=Allow`.
    pub const UNKNOWN_OUTPUT_ALLOW: Guid = Guid::from_u128(0x7866_27D8_C2A6_44BE_8F88_08AE_255B_01A7);
    /// `unknownOutputBehavior=SDOnly`.
    pub const UNKNOWN_OUTPUT_SD_ONLY: Guid = Guid::from_u128(0xB621_D91F_EDCC_4035_8D4B_DC71_760D_43E9);
    /// Play enabler: `AirPlay`.
    pub const AIRPLAY: Guid = Guid::from_u128(0x5ABF_0F0D_DC29_4B82_9982_FD8E_5752_5BFC);
    /// Digital video: HDCP type, data 00000001 being type 1.
    pub const HDCP_TYPE: Guid = Guid::from_u128(0xABB2_C6F1_E663_4625_A945_972D_17B2_31E7);
    /// Digital video: the largest decoded picture, u32 height and u32 width, big-endian.
    pub const MAXIMUM_PICTURE: Guid = Guid::from_u128(0x9645_E831_E01D_4FFF_8342_0A72_0E3E_028F);
    /// Digital audio: SCMS.
    pub const SCMS: Guid = Guid::from_u128(0x6D5C_FA59_C250_4426_930E_FAC7_2C8F_CFA6);
    /// Analog video: CGMS-A.
    pub const CGMS_A: Guid = Guid::from_u128(0x225C_D36F_F132_49EF_BA8C_C91E_A28E_4369);
    /// Analog video: AGC and colour stripe.
    pub const AGC_AND_COLOUR_STRIPE: Guid = Guid::from_u128(0xC3FD_11C6_F8B7_4D20_B008_1DB1_7D61_F2DA);
    /// Analog video: digital video only; not together with Allow or `SDOnly`.
    pub const DIGITAL_VIDEO_ONLY: Guid = Guid::from_u128(0x760A_E755_682A_41E0_B1B3_DCDF_836A_7306);
    /// Analog video: monitor.
    pub const MONITOR: Guid = Guid::from_u128(0xD783_A191_E083_4BAF_B2DA_E69F_910B_3772);
    /// Analog video: component.
    pub const COMPONENT: Guid = Guid::from_u128(0x811C_5110_46C8_4C6E_8163_C048_2A15_D47E);
}

/// How long before now a rental begins, in seconds: clocks differ.
pub const BEGIN_BEFORE_NOW: i64 = 300;

/// When a rental's licence begins: 300 s before now, or at the client's time where that is earlier.
#[must_use]
pub fn rental_begin(now: i64, client_time: Option<i64>) -> i64 {
    let begin = now.saturating_sub(BEGIN_BEFORE_NOW);
    match client_time {
        Some(client) if client < begin => client,
        _ => begin,
    }
}

/// Whether a rental that ends at `end` can still be redeemed.
///
/// # Errors
/// [`Refusal::RentalEnded`] where it cannot.
pub const fn check_rental_end(end: i64, now: i64) -> Result<(), Refusal> {
    if end <= now { Err(Refusal::RentalEnded { end, now }) } else { Ok(()) }
}

/// How far a client's clock may be off before a rental is refused, in seconds.
pub const CLOCK_TOLERANCE: u64 = 3_600;

/// For a rental: clients of version 3 and later must have a clock that is right to an hour. Older ones, and those
/// that send no version or no time, are not judged.
///
/// # Errors
/// [`Refusal::DeviceClock`], with both times.
pub fn check_clock(client_version: Option<&str>, client_time: Option<i64>, now: i64) -> Result<(), Refusal> {
    let version = client_version.and_then(|version| version.split('.').next()?.parse::<u64>().ok());
    match (version, client_time) {
        (Some(3..), Some(client)) if client.abs_diff(now) > CLOCK_TOLERANCE => {
            Err(Refusal::DeviceClock { client, server: now })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rental_begins_five_minutes_ago_or_at_an_earlier_client_time() {
        assert_eq!(rental_begin(1000, None), 700);
        assert_eq!(rental_begin(1000, Some(900)), 700);
        assert_eq!(rental_begin(1000, Some(100)), 100);
    }

    #[test]
    fn a_rental_that_is_over_is_refused_with_both_times() {
        assert_eq!(check_rental_end(1001, 1000), Ok(()));
        assert_eq!(check_rental_end(1000, 1000), Err(Refusal::RentalEnded { end: 1000, now: 1000 }));
    }

    #[test]
    fn a_clock_is_judged_from_version_3_on_and_beyond_an_hour() {
        let off = |client| Err(Refusal::DeviceClock { client, server: 10_000 });
        assert_eq!(check_clock(Some("3.1.0.1017"), Some(13_600), 10_000), Ok(()));
        assert_eq!(check_clock(Some("3.1.0.1017"), Some(13_601), 10_000), off(13_601));
        assert_eq!(check_clock(Some("10.0.16384.10011"), Some(6_399), 10_000), off(6_399));
        for (version, time) in
            [(Some("2.9"), Some(0)), (Some("x"), Some(0)), (None, Some(0)), (Some("4.0"), None)]
        {
            assert_eq!(check_clock(version, time, 10_000), Ok(()));
        }
    }

    #[test]
    fn an_extension_is_named_by_its_four_codes() {
        let extension = Extension { kind: *b"abcd", payload: vec![] };
        assert_eq!(extension.id(), 1_633_837_924);
        assert_eq!(extension.guid().to_string(), "61626364-0000-0010-8000-00AA00389B71");
    }
}
