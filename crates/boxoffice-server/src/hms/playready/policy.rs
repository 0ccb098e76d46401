//! From an entitlement to what PlayReady licences grant: the table of playready.md, section 8. The same
//! policies feed the lab's issuer and the webhook.

use std::collections::BTreeMap;

use boxoffice_core::entitlement::{ContentCipher, PlayReadyKey, PlayReadyTerms, Rights, UnknownOutput};
use drm_primitives::base64;
use playready::keys::Choice;
use playready::policy::{ExplicitOutput, Extension, OutputKind, OutputProtectionLevels, known, rental_begin};
use playready::{Algorithm, Asked, GrantedKey, Guid, LicencePolicy, SecurityLevel};

use super::refusal::Fault;
use crate::config::{OutputControl, OutputKind as ConfiguredKind};

/// What the operator has defined of `outputControlFlags`, by bit.
pub(crate) type OutputControls = BTreeMap<u32, OutputControl>;

/// The keys of a token, as a choice is made among them.
fn granted_keys(terms: &PlayReadyTerms) -> Vec<GrantedKey<'_>> {
    let keys = terms.keys.iter();
    keys.map(|key| GrantedKey {
        kid: key.kid,
        content_key: &key.key,
        minimum_security_level: minimum_level(key),
    })
    .collect()
}

/// The cipher that the token names for the keys that are asked for, if it names one: where the keys of a token
/// differ, the one that contradicts what is asked for.
fn cipher(terms: &PlayReadyTerms, asked: &Asked) -> Option<Algorithm> {
    let is_asked = |key: &&PlayReadyKey| {
        let mut kids = asked.kids().peekable();
        kids.peek().is_none() || kids.any(|kid| kid == key.kid)
    };
    let named = || terms.keys.iter().filter(is_asked).filter_map(cipher_of);
    let contradicts = |cipher: &Algorithm| asked.algorithm().is_some_and(|asked| asked != *cipher);
    named().find(contradicts).or_else(|| named().next())
}

fn cipher_of(key: &PlayReadyKey) -> Option<Algorithm> {
    key.cipher.map(|cipher| match cipher {
        ContentCipher::AesCbc => Algorithm::AesCbc,
        ContentCipher::AesCtr => Algorithm::AesCtr,
    })
}

/// Which keys a device of this level gets.
pub(crate) fn choose(terms: &PlayReadyTerms, asked: &Asked, device_level: u32) -> Result<Choice, Fault> {
    let choice = asked.choose(&granted_keys(terms), cipher(terms, asked), device_level);
    choice.map_err(|cause| Fault::from(&cause))
}

/// One policy for each key that was chosen, in the order of the choice.
pub(crate) fn policies(
    terms: &PlayReadyTerms,
    choice: &Choice,
    outputs: &OutputControls,
    (now, client_time): (i64, Option<i64>),
) -> Vec<LicencePolicy> {
    let (begin_date, expiration_date, expiration_after_first_play) = match terms.rights {
        Rights::BuyToOwn => (None, None, None),
        Rights::Rental { end, play_duration } => {
            (Some(rental_begin(now, client_time)), Some(end.as_second()), play_duration)
        }
    };
    let (play_enablers, explicit_outputs) = output_rules(terms, outputs);
    let levels = &terms.output_protection;
    let policy = |key: &PlayReadyKey| LicencePolicy {
        kid: key.kid,
        content_key: key.key.clone(),
        // Each key has a cipher of its own where the header names none and the token names several.
        algorithm: cipher_of(key).unwrap_or(choice.algorithm),
        minimum_security_level: minimum_level(key),
        persistent: terms.persistent,
        begin_date,
        expiration_date,
        expiration_after_first_play,
        output_protection: OutputProtectionLevels {
            compressed_digital_video: levels.compressed_digital_video,
            uncompressed_digital_video: levels.uncompressed_digital_video,
            analog_video: levels.analog_video,
            compressed_digital_audio: levels.compressed_digital_audio,
            uncompressed_digital_audio: levels.uncompressed_digital_audio,
        },
        play_enablers: play_enablers.clone(),
        explicit_outputs: explicit_outputs.clone(),
        output_control_flags: terms.output_control_flags,
        extension: terms.extension.as_ref().and_then(|extension| {
            let kind = extension.kind.as_bytes().try_into().ok()?;
            Some(Extension { kind, payload: extension.payload.clone() })
        }),
    };
    choice.chosen.iter().filter_map(|&place| terms.keys.get(place)).map(policy).collect()
}

/// The value of `x-boxoffice-not-granted`.
pub(crate) fn not_granted_header(choice: &Choice) -> Option<String> {
    let missing = choice.not_granted.iter().map(|missing| missing.kid.to_string());
    let withheld = choice.withheld.iter().map(|withheld| format!("{};security-level", withheld.kid));
    let items: Vec<_> = missing.chain(withheld).collect();
    (!items.is_empty()).then(|| items.join(", "))
}

fn minimum_level(key: &PlayReadyKey) -> SecurityLevel {
    SecurityLevel::from_number(key.min_security_level.into()).unwrap_or(SecurityLevel::Sl3000)
}

/// `unknownOutputBehavior`, and what the operator's table makes of `outputControlFlags`.
fn output_rules(terms: &PlayReadyTerms, outputs: &OutputControls) -> (Vec<Guid>, Vec<ExplicitOutput>) {
    let mut enablers = match terms.unknown_output {
        UnknownOutput::Allow => vec![known::UNKNOWN_OUTPUT_ALLOW],
        UnknownOutput::Disallow => Vec::new(),
        UnknownOutput::SdOnly => vec![known::UNKNOWN_OUTPUT_SD_ONLY],
    };
    let mut explicit = Vec::new();
    for (_, control) in outputs.iter().filter(|&(bit, _)| terms.output_control_flags & bit != 0) {
        // Both were checked when the configuration was read.
        let Ok(guid) = Guid::parse(&control.guid) else { continue };
        let Ok(data) = base64::decode(control.data.as_bytes()) else { continue };
        let output = match control.output {
            ConfiguredKind::AnalogVideo => OutputKind::AnalogVideo,
            ConfiguredKind::DigitalAudio => OutputKind::DigitalAudio,
            ConfiguredKind::DigitalVideo => OutputKind::DigitalVideo,
            ConfiguredKind::PlayEnabler => {
                enablers.push(guid);
                continue;
            }
        };
        explicit.push(ExplicitOutput { output, guid, data });
    }
    (enablers, explicit)
}
