//! Which keys a challenge gets (playready.md, sections 7 and 8): KIDs, cipher, checksum, level, in this order.

use std::collections::HashSet;

use drm_primitives::{ContentKey, Kid};
use subtle::ConstantTimeEq as _;

use crate::algorithm::Algorithm;
use crate::checksum::checksum;
use crate::header::{HeaderKey, WrmHeader};
use crate::refusal::Refusal;
use crate::security_level::SecurityLevel;

/// What is asked for: a header, or the webhook's `kids` and `algId`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Asked {
    keys: Vec<HeaderKey>,
    algorithm: Option<Algorithm>,
}

/// A key that the token grants.
#[derive(Clone, Copy, Debug)]
pub struct GrantedKey<'a> {
    /// Names it.
    pub kid: Kid,
    /// The key.
    pub content_key: &'a ContentKey,
    /// What it demands of a device.
    pub minimum_security_level: SecurityLevel,
}

/// What a challenge gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Choice {
    /// The cipher, the same for all.
    pub algorithm: Algorithm,
    /// The keys that get a licence, in this order: places in the list of granted keys. At least one.
    pub chosen: Vec<usize>,
    /// Keys that were asked for and are granted, but not to a device of this level.
    pub withheld: Vec<Withheld>,
    /// KIDs that were asked for and are not granted.
    pub not_granted: Vec<NotGranted>,
}

/// A key that needs a higher level.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Withheld {
    /// Which.
    pub kid: Kid,
    /// The level that it needs.
    pub required: SecurityLevel,
    /// The level that the device has.
    pub device: u32,
}

/// A KID that the token does not have.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct NotGranted {
    /// As it was asked for.
    pub kid: Kid,
    /// Whether the token has it in the other byte order.
    pub swapped_is_granted: bool,
}

impl Asked {
    /// KIDs without checksums; of one that comes twice the first counts.
    #[must_use]
    pub fn new(kids: impl IntoIterator<Item = Kid>, algorithm: Option<Algorithm>) -> Self {
        Self::from_keys(kids.into_iter().map(|kid| HeaderKey { kid, checksum: None }), algorithm)
    }

    fn from_keys(keys: impl IntoIterator<Item = HeaderKey>, algorithm: Option<Algorithm>) -> Self {
        let mut seen = HashSet::new();
        Self { keys: keys.into_iter().filter(|key| seen.insert(key.kid)).collect(), algorithm }
    }

    /// The KIDs; empty asks for every key of the token.
    pub fn kids(&self) -> impl Iterator<Item = Kid> + '_ {
        self.keys.iter().map(|key| key.kid)
    }

    /// The cipher that is asked for, if one is.
    #[must_use]
    pub const fn algorithm(&self) -> Option<Algorithm> {
        self.algorithm
    }

    /// Chooses among the keys that the token grants, in token order.
    ///
    /// # Errors
    /// In this order: [`Refusal::KidNotGranted`], [`Refusal::AlgorithmConflict`], [`Refusal::Checksum`],
    /// [`Refusal::DeviceLevel`].
    pub fn choose(
        &self,
        granted: &[GrantedKey<'_>],
        token_algorithm: Option<Algorithm>,
        device_level: u32,
    ) -> Result<Choice, Refusal> {
        let mut found = Vec::new();
        let mut not_granted = Vec::new();
        for key in &self.keys {
            match granted.iter().position(|grant| grant.kid == key.kid) {
                Some(place) => found.push((place, key.checksum)),
                None => not_granted.push(NotGranted {
                    kid: key.kid,
                    swapped_is_granted: granted.iter().any(|grant| grant.kid == key.kid.swapped()),
                }),
            }
        }
        if self.keys.is_empty() {
            found = (0..granted.len()).map(|place| (place, None)).collect();
        }
        if found.is_empty() {
            return Err(Refusal::KidNotGranted {
                asked: self.kids().collect(),
                granted: granted.iter().map(|grant| grant.kid).collect(),
                swapped: not_granted.iter().find(|asked| asked.swapped_is_granted).map(|asked| asked.kid),
            });
        }
        let algorithm = match (token_algorithm, self.algorithm) {
            (Some(token), Some(header)) if token != header => {
                return Err(Refusal::AlgorithmConflict { token, header });
            }
            (token, header) => token.or(header).unwrap_or(Algorithm::AesCtr),
        };
        let (mut chosen, mut withheld) = (Vec::new(), Vec::new());
        for (place, expected) in found {
            let Some(grant) = granted.get(place) else { continue };
            // AESCBC has no checksum: one that comes all the same means nothing.
            if let (Some(expected), Algorithm::AesCtr) = (expected, algorithm)
                && !bool::from(expected.ct_eq(&checksum(grant.content_key, &grant.kid)))
            {
                return Err(Refusal::Checksum { kid: grant.kid });
            }
            let required = grant.minimum_security_level;
            if u32::from(required.number()) > device_level {
                withheld.push(Withheld { kid: grant.kid, required, device: device_level });
            } else {
                chosen.push(place);
            }
        }
        if chosen.is_empty() {
            let lowest = withheld.iter().map(|withheld| withheld.required).min();
            let required = lowest.map_or(0, |level| level.number().into());
            return Err(Refusal::DeviceLevel { required, device: device_level });
        }
        Ok(Choice { algorithm, chosen, withheld, not_granted })
    }
}

impl From<&WrmHeader> for Asked {
    fn from(header: &WrmHeader) -> Self {
        Self::from_keys(header.keys.iter().copied(), header.algorithm)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CTR: Option<Algorithm> = Some(Algorithm::AesCtr);
    const CBC: Option<Algorithm> = Some(Algorithm::AesCbc);

    fn kid(number: u8) -> Kid {
        Kid::from_bytes([number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15])
    }

    fn key() -> ContentKey {
        ContentKey::from_bytes([7; 16])
    }

    fn granted<'a>(key: &'a ContentKey, keys: &[(u8, SecurityLevel)]) -> Vec<GrantedKey<'a>> {
        let grant = |&(number, minimum_security_level)| GrantedKey {
            kid: kid(number),
            content_key: key,
            minimum_security_level,
        };
        keys.iter().map(grant).collect()
    }

    use SecurityLevel::{Sl150, Sl2000, Sl3000};

    #[test]
    fn each_kid_gets_one_licence_in_the_header_s_order() {
        let key = key();
        let granted = granted(&key, &[(1, Sl2000), (2, Sl2000), (3, Sl2000)]);
        let choice = Asked::new([kid(3), kid(9), kid(1), kid(3)], None).choose(&granted, None, 2000).unwrap();
        assert_eq!(choice.chosen, [2, 0]);
        assert_eq!(choice.not_granted, [NotGranted { kid: kid(9), swapped_is_granted: false }]);
        assert_eq!(choice.algorithm, Algorithm::AesCtr);
    }

    #[test]
    fn a_header_without_kids_gets_every_key_in_token_order() {
        let key = key();
        let granted = granted(&key, &[(2, Sl2000), (1, Sl2000)]);
        assert_eq!(Asked::default().choose(&granted, None, 2000).unwrap().chosen, [0, 1]);
    }

    #[test]
    fn a_swapped_kid_is_refused_and_the_refusal_says_so() {
        let key = key();
        let refusal = Asked::new([kid(1).swapped()], None)
            .choose(&granted(&key, &[(1, Sl2000)]), None, 2000)
            .unwrap_err();
        assert_eq!(refusal.reason(), "kid-not-granted");
        assert_eq!(
            refusal.to_string(),
            "the header asks for 030201010504070608090a0b0c0d0e0f, the token has 010102030405060708090a0b0c0d0e0f; \
             in GUID byte order 030201010504070608090a0b0c0d0e0f would be 010102030405060708090a0b0c0d0e0f, \
             which the token has: the KID was swapped once too often, or not at all"
        );
    }

    #[test]
    fn the_cipher_is_the_token_s_or_the_header_s_and_both_must_agree() {
        let key = key();
        let granted = granted(&key, &[(1, Sl2000)]);
        for (token, header, expected) in [
            (None, None, Ok(Algorithm::AesCtr)),
            (CBC, None, Ok(Algorithm::AesCbc)),
            (None, CBC, Ok(Algorithm::AesCbc)),
            (CBC, CBC, Ok(Algorithm::AesCbc)),
            (
                CTR,
                CBC,
                Err(Refusal::AlgorithmConflict { token: Algorithm::AesCtr, header: Algorithm::AesCbc }),
            ),
        ] {
            let choice = Asked::new([kid(1)], header).choose(&granted, token, 2000);
            assert_eq!(choice.map(|choice| choice.algorithm), expected);
        }
    }

    #[test]
    fn a_checksum_must_fit_the_key_except_with_aescbc() {
        let key = key();
        let granted = granted(&key, &[(1, Sl2000)]);
        let asked = |checksum, algorithm| {
            let checksum = Some(checksum);
            Asked::from_keys([HeaderKey { kid: kid(1), checksum }], algorithm).choose(&granted, None, 2000)
        };
        assert!(asked(checksum(&key, &kid(1)), None).is_ok());
        assert_eq!(asked([0; 8], CTR), Err(Refusal::Checksum { kid: kid(1) }));
        assert!(asked([0; 8], CBC).is_ok());
    }

    #[test]
    fn keys_above_the_device_s_level_are_withheld_until_none_is_left() {
        let key = key();
        let granted = granted(&key, &[(1, Sl150), (2, Sl2000), (3, Sl3000)]);
        for (device, chosen) in [(150, vec![0]), (2000, vec![0, 1]), (3000, vec![0, 1, 2])] {
            let choice = Asked::default().choose(&granted, None, device).unwrap();
            assert_eq!(choice.chosen, chosen);
            assert_eq!(choice.withheld.len(), 3 - chosen.len());
        }
        let refusal = Asked::new([kid(3), kid(2)], None).choose(&granted, None, 150);
        assert_eq!(refusal, Err(Refusal::DeviceLevel { required: 2000, device: 150 }));
        let choice = Asked::default().choose(&granted, None, 2000).unwrap();
        assert_eq!(choice.withheld, [Withheld { kid: kid(3), required: Sl3000, device: 2000 }]);
    }
}
