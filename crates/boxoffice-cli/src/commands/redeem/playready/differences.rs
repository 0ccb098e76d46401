//! What licences say otherwise than the token, by the table of playready.md, section 8, worked out once more.

use boxoffice_core::entitlement::{
    ContentCipher, Extension, OutputProtectionLevels, PlayReadyKey, PlayReadyTerms, Rights, UnknownOutput,
};
use drm_primitives::Kid;
use playready::Guid;
use playready::lab_client::{Granted, GrantedLicence};

use super::{ALLOW, SD_ONLY};

/// What the licences say otherwise than the token. What the operator's table makes of `outputControlFlags` is the
/// server's affair.
pub fn find(level: u32, opened: &Granted, granted: &PlayReadyTerms) -> Vec<String> {
    let mut found = Vec::new();
    let mut compare = |what: &str, got: &dyn std::fmt::Debug, expected: &dyn std::fmt::Debug, same: bool| {
        if !same {
            found.push(format!("{what} is {got:?}, expected {expected:?}"));
        }
    };
    let due = || granted.keys.iter().filter(|key| u32::from(key.min_security_level) <= level);
    let got: Vec<Kid> = opened.licences.iter().map(|licence| licence.licence.kid).collect();
    let expected: Vec<Kid> = due().map(|key| key.kid).collect();
    compare("the list of KIDs", &got, &expected, got == expected);
    for GrantedLicence { content_key, licence } in &opened.licences {
        let Some(key) = due().find(|key| key.kid == licence.kid) else { continue };
        // Neither key is named.
        compare(
            &format!("the content key of {}", key.kid),
            &"another",
            &"the token's",
            *content_key == key.key,
        );
        let (got, expected) = (licence.policy.minimum_security_level, key.min_security_level);
        compare("the level of a key", &got, &expected, got == expected);
        let expected = key_type(key);
        compare("the key type of a key", &licence.key_type, &expected, licence.key_type == expected);

        let policy = &licence.policy;
        compare(
            "persistent",
            &policy.persistent,
            &granted.persistent,
            policy.persistent == granted.persistent,
        );
        let (got, expected) = (policy.dates.map(|(_, end)| i64::from(end)), end(granted));
        compare("the expiration date", &got, &expected, got == expected);
        let (got, expected) = (policy.expiration_after_first_play, play_duration(granted));
        compare("the expiration after first play", &got, &expected, got == expected);
        let expected = levels(&granted.output_protection);
        compare(
            "the list of levels",
            &policy.output_protection,
            &expected,
            policy.output_protection == expected,
        );
        let got = [ALLOW, SD_ONLY].map(|enabler| policy.play_enablers.contains(&enabler));
        let expected = match granted.unknown_output {
            UnknownOutput::Allow => [true, false],
            UnknownOutput::Disallow => [false, false],
            UnknownOutput::SdOnly => [false, true],
        };
        compare("what unknown outputs may do (Allow, SDOnly)", &got, &expected, got == expected);
        let expected: Vec<_> = granted.extension.iter().map(metadata).collect();
        compare("the list of extensions", &policy.metadata, &expected, policy.metadata == expected);
    }
    found
}

/// Key type of XMR: 1 for AES-CTR, 5 for AES-CBC; where the token says nothing, the header said AES-CTR.
const fn key_type(key: &PlayReadyKey) -> u16 {
    match key.cipher {
        Some(ContentCipher::AesCbc) => 5,
        Some(ContentCipher::AesCtr) | None => 1,
    }
}

fn end(granted: &PlayReadyTerms) -> Option<i64> {
    match granted.rights {
        Rights::BuyToOwn => None,
        Rights::Rental { end, .. } => Some(end.as_second()),
    }
}

const fn play_duration(granted: &PlayReadyTerms) -> Option<u32> {
    match granted.rights {
        Rights::BuyToOwn => None,
        Rights::Rental { play_duration, .. } => play_duration,
    }
}

/// In the order of the wire.
const fn levels(levels: &OutputProtectionLevels) -> [u16; 5] {
    [
        levels.compressed_digital_video,
        levels.uncompressed_digital_video,
        levels.analog_video,
        levels.compressed_digital_audio,
        levels.uncompressed_digital_audio,
    ]
}

/// `XXXXXXXX-0000-0010-8000-00AA00389B71`, with the type's four codes in front.
fn metadata(extension: &Extension) -> (Guid, Vec<u8>) {
    let number = extension.kind.bytes().fold(0_u128, |number, code| number << 8 | u128::from(code));
    (Guid::from_u128(number << 96 | 0x0010_8000_00AA_0038_9B71), extension.payload.clone())
}
