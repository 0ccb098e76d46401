//! What a token grants, and what of it this request on this device gets (widevine.md, section 7).

use drm_primitives::{ContentKey, Kid};

use crate::content::{AskedType, Content};
use crate::device::DeviceLevel;
use crate::refusal::Refusal;

/// The content id of one byte that stands for any (section 7.2).
pub(crate) const ANY_CONTENT: &[u8] = b"*";

/// What a token grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Grant {
    /// The keys, in the token's order, each KID once.
    pub keys: Vec<KeyGrant>,
    /// The content that the token is for; none: any.
    pub content_id: Option<Vec<u8>>,
    /// What may be done with the keys.
    pub terms: Terms,
}

/// One key of a token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct KeyGrant {
    /// Its name.
    pub kid: Kid,
    /// The key.
    pub key: ContentKey,
    /// What a device must have to get it.
    pub level: SecurityLevel,
    /// What an output must have.
    pub hdcp: Hdcp,
    /// What it decrypts.
    pub track: Option<TrackLabel>,
}

/// What may be done with the keys of a licence.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Terms {
    /// The licence may be stored.
    pub persistent: bool,
    /// Seconds of playing after playback starts; none or 0: no limit.
    pub playback_duration: Option<u32>,
    /// Seconds to start playing in, from the start of the licence; none or 0: no limit.
    pub rental_duration: Option<u32>,
}

/// The robustness that a key needs, by the numbers of `securityLevel`.
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

/// The copy protection that an output must have, by the numbers of `hdcpOutputControl`.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Hdcp {
    /// 0.
    None,
    /// 1.
    V1,
    /// 2.
    V2,
    /// 3.
    V2_1,
    /// 4.
    V2_2,
    /// 5.
    V2_3,
    /// 255: shown on no digital output at all.
    NoDigitalOutput,
}

/// What a key decrypts.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum TrackLabel {
    /// Standard definition.
    Sd,
    /// High definition.
    Hd,
    /// Sound.
    Audio,
    /// Ultra-high definition.
    Uhd1,
    /// Ultra-high definition, the larger.
    Uhd2,
}

/// The kind of licence that is given.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LicenceType {
    /// For this session.
    Streaming,
    /// To be stored.
    Offline,
}

/// What a request gets as far as the token goes; the device has not been asked.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Admission {
    /// The kind of licence.
    pub licence_type: LicenceType,
    /// KIDs that were asked for and are not in the token.
    pub missing: Vec<Kid>,
}

/// What a request gets on a device.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Decision {
    /// The keys that go into the licence, in the token's order; at least one.
    pub keys: Vec<KeyGrant>,
    /// What was asked for and is not given, and what the token has and the device may not have.
    pub not_granted: Vec<NotGranted>,
    /// The kind of licence.
    pub licence_type: LicenceType,
    /// What may be done with the keys.
    pub terms: Terms,
}

/// A key that does not go into the licence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum NotGranted {
    /// Asked for, and not in the token.
    Missing(Kid),
    /// In the token, and beyond the device.
    SecurityLevel {
        /// Its name.
        kid: Kid,
        /// The device that it needs.
        required: DeviceLevel,
        /// The device that asks.
        actual: DeviceLevel,
    },
}

impl Grant {
    /// Sections 7.1 and 7.2: whether the token is for this content and this kind of licence. All that is
    /// decided here before an upstream is called.
    ///
    /// # Errors
    /// [`Refusal::KidNotGranted`], [`Refusal::ContentMismatch`], [`Refusal::PersistenceNotGranted`].
    pub fn admit(&self, content: &Content) -> Result<Admission, Refusal> {
        let missing: Vec<Kid> = content.kids.iter().copied().filter(|kid| !self.has(*kid)).collect();
        if !content.kids.is_empty() && missing.len() == content.kids.len() {
            return Err(Refusal::KidNotGranted {
                swapped: missing.iter().map(|kid| kid.swapped()).find(|kid| self.has(*kid)),
                asked: missing,
                granted: self.keys.iter().map(|key| key.kid).collect(),
            });
        }
        if content.kids.is_empty()
            && let (Some(asked), Some(granted)) = (&content.content_id, &self.content_id)
            && asked != ANY_CONTENT
            && asked != granted
        {
            return Err(Refusal::ContentMismatch { asked: asked.clone(), granted: granted.clone() });
        }
        let licence_type = match (content.asked_type, self.terms.persistent) {
            (AskedType::Streaming, _) | (AskedType::Automatic, false) => LicenceType::Streaming,
            (AskedType::Offline | AskedType::Automatic, true) => LicenceType::Offline,
            (AskedType::Offline, false) => return Err(Refusal::PersistenceNotGranted),
        };
        Ok(Admission { licence_type, missing })
    }

    /// Sections 7.1 to 7.3: what this request gets on a device of this level. A grant that a policy hook
    /// has tightened is simply decided again.
    ///
    /// # Errors
    /// Those of [`Self::admit`], and [`Refusal::DeviceLevel`].
    pub fn decide(&self, content: &Content, device: DeviceLevel) -> Result<Decision, Refusal> {
        let admission = self.admit(content)?;
        let mut not_granted: Vec<NotGranted> =
            admission.missing.into_iter().map(NotGranted::Missing).collect();
        let mut keys = Vec::with_capacity(self.keys.len());
        for key in &self.keys {
            let required = key.level.device_level();
            if device.meets(required) {
                keys.push(key.clone());
            } else {
                not_granted.push(NotGranted::SecurityLevel { kid: key.kid, required, actual: device });
            }
        }
        if keys.is_empty() {
            // A token always has a key; the least that any needs is what would have helped.
            let required = self.keys.iter().map(|key| key.level.device_level());
            let required = required.max_by_key(|level| level.number()).unwrap_or(DeviceLevel::L1);
            return Err(Refusal::DeviceLevel { required, actual: device });
        }
        Ok(Decision { keys, not_granted, licence_type: admission.licence_type, terms: self.terms })
    }

    fn has(&self, kid: Kid) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }
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

    /// Its number, 1 to 5.
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

    /// The device that it needs (section 7.3).
    #[must_use]
    pub const fn device_level(self) -> DeviceLevel {
        match self {
            Self::SoftwareCrypto | Self::SoftwareDecode => DeviceLevel::L3,
            Self::HardwareCrypto => DeviceLevel::L2,
            Self::HardwareDecode | Self::HardwareAll => DeviceLevel::L1,
        }
    }
}

impl Hdcp {
    /// By its number: 0 to 5, or 255.
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

    /// Its number.
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
}

impl TrackLabel {
    /// By the number of `trackType`, 0 to 4.
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

    /// What licences call it.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::ProtectionScheme;

    const TOKEN_KID: Kid = Kid::from_bytes([0x11; 16]);
    const ANOTHER_KID: Kid = Kid::from_bytes([0x22; 16]);
    const LEVELS: [DeviceLevel; 3] = [DeviceLevel::L1, DeviceLevel::L2, DeviceLevel::L3];

    fn key(kid: Kid, level: u64) -> KeyGrant {
        KeyGrant {
            kid,
            key: ContentKey::from_bytes([7; 16]),
            level: SecurityLevel::from_number(level).unwrap(),
            hdcp: Hdcp::None,
            track: None,
        }
    }

    fn grant(persistent: bool) -> Grant {
        Grant {
            keys: vec![key(TOKEN_KID, 1)],
            content_id: None,
            terms: Terms { persistent, ..Terms::default() },
        }
    }

    fn asks(kids: &[Kid], content_id: Option<&[u8]>, asked_type: AskedType) -> Content {
        Content {
            kids: kids.to_vec(),
            content_id: content_id.map(<[u8]>::to_vec),
            protection_scheme: ProtectionScheme::CENC,
            asked_type,
        }
    }

    #[test]
    fn streaming_offline_and_automatic_follow_the_table() {
        let given = |asked, persistent| {
            grant(persistent).admit(&asks(&[], None, asked)).map(|admission| admission.licence_type)
        };
        assert_eq!(given(AskedType::Streaming, false), Ok(LicenceType::Streaming));
        assert_eq!(given(AskedType::Streaming, true), Ok(LicenceType::Streaming));
        assert_eq!(given(AskedType::Offline, false), Err(Refusal::PersistenceNotGranted));
        assert_eq!(given(AskedType::Offline, true), Ok(LicenceType::Offline));
        assert_eq!(given(AskedType::Automatic, false), Ok(LicenceType::Streaming));
        assert_eq!(given(AskedType::Automatic, true), Ok(LicenceType::Offline));
    }

    #[test]
    fn one_kid_of_the_token_is_enough_and_the_others_are_named() {
        let asked = asks(&[ANOTHER_KID, TOKEN_KID], None, AskedType::Streaming);
        let decision = grant(false).decide(&asked, DeviceLevel::L3).unwrap();
        assert_eq!(decision.keys, [key(TOKEN_KID, 1)]);
        assert_eq!(decision.not_granted, [NotGranted::Missing(ANOTHER_KID)]);
    }

    #[test]
    fn a_kid_in_guid_order_is_explained_and_not_granted() {
        let kid = Kid::from_hex(b"0123456789abcdef0123456789abcdef").unwrap();
        let grant = Grant { keys: vec![key(kid, 1)], ..grant(false) };
        let refusal = grant.admit(&asks(&[kid.swapped()], None, AskedType::Streaming)).unwrap_err();
        let swapped = Some(kid);
        assert_eq!(
            refusal,
            Refusal::KidNotGranted { asked: vec![kid.swapped()], granted: vec![kid], swapped }
        );
    }

    #[test]
    fn the_content_id_counts_only_without_kids_and_only_if_both_have_one() {
        let film = Grant { content_id: Some(b"film".to_vec()), ..grant(false) };
        let admitted = |grant: &Grant, kids: &[Kid], id: Option<&[u8]>| {
            grant.admit(&asks(kids, id, AskedType::Streaming)).is_ok()
        };
        assert!(admitted(&film, &[], Some(b"film")));
        assert!(admitted(&film, &[], Some(b"*")));
        assert!(admitted(&film, &[], None));
        assert!(admitted(&film, &[TOKEN_KID], Some(b"another")));
        assert!(admitted(&grant(false), &[], Some(b"another")));
        assert!(!admitted(&film, &[], Some(b"another")));
        assert!(!admitted(&film, &[], Some(b"film ")));
        assert!(!admitted(&film, &[], Some(b"**")));
    }

    #[test]
    fn keys_of_all_levels_against_devices_of_all_levels() {
        let needs = [DeviceLevel::L3, DeviceLevel::L3, DeviceLevel::L2, DeviceLevel::L1, DeviceLevel::L1];
        for (number, required) in (1..).zip(needs) {
            let grant = Grant { keys: vec![key(TOKEN_KID, number)], ..grant(false) };
            for actual in LEVELS {
                let decision = grant.decide(&asks(&[], None, AskedType::Streaming), actual);
                if actual.number() <= required.number() {
                    assert_eq!(decision.unwrap().keys.len(), 1);
                } else {
                    assert_eq!(decision, Err(Refusal::DeviceLevel { required, actual }));
                }
            }
        }
    }

    #[test]
    fn keys_beyond_the_device_are_left_out_and_named_with_both_levels() {
        let grant = Grant { keys: vec![key(TOKEN_KID, 1), key(ANOTHER_KID, 5)], ..grant(false) };
        let decision =
            grant.decide(&asks(&[ANOTHER_KID], None, AskedType::Streaming), DeviceLevel::L3).unwrap();
        assert_eq!(decision.keys, [key(TOKEN_KID, 1)]);
        let named = NotGranted::SecurityLevel {
            kid: ANOTHER_KID,
            required: DeviceLevel::L1,
            actual: DeviceLevel::L3,
        };
        assert_eq!(decision.not_granted, [named]);
    }

    #[test]
    fn a_device_that_gets_nothing_hears_the_least_that_would_help() {
        let grant = Grant { keys: vec![key(TOKEN_KID, 5), key(ANOTHER_KID, 3)], ..grant(false) };
        let refusal = grant.decide(&asks(&[], None, AskedType::Streaming), DeviceLevel::L3).unwrap_err();
        assert_eq!(refusal.to_string(), "the keys need a device of level L2 or better; this one has L3");
    }

    #[test]
    fn numbers_lead_to_values_and_back() {
        for number in 0..=300_u64 {
            let level = SecurityLevel::from_number(number).map(|level| u64::from(level.number()));
            assert_eq!(level, (1..=5).contains(&number).then_some(number));
            let hdcp = Hdcp::from_number(number).map(|hdcp| u64::from(hdcp.number()));
            assert_eq!(hdcp, (number <= 5 || number == 255).then_some(number));
        }
        let labels = (0..=5).map(|number| TrackLabel::from_number(number).map(TrackLabel::label));
        let expected = [Some("SD"), Some("HD"), Some("AUDIO"), Some("UHD1"), Some("UHD2"), None];
        assert!(labels.eq(expected));
    }
}
