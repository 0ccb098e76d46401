//! What a PlayReady token request says beyond the common (token-api.md, section 6).

use drm_primitives::hex::{self, HexError};
use jiff::Timestamp;

use super::keys::of_index;
use super::value::{digits, duration, one, quote};
use super::{Keys, expiration, extension};
use crate::entitlement::{
    ContentCipher, Extension, OutputProtectionLevels, PlayReadyKey, PlayReadyTerms, Rights, UnknownOutput,
};
use crate::{Event, Parameters, Refusal};

/// What the environment's configuration says about token requests.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Settings {
    /// The bits of `outputControlFlags` that the operator has defined.
    pub defined_output_flags: u32,
    /// Those of them that go with `unknownOutputBehavior=Disallow` alone: "digital video only".
    pub digital_only_flags: u32,
    /// `minCertSecurityLevel` where a request has none: 150, 2000 or 3000.
    pub min_security_level: u16,
}

/// The last second that a licence can name: 2106-02-07T06:28:14Z.
const LAST_END: i64 = 4_294_967_294;

/// Reads, in this order: `generalFlags`, `rightsType`, `rental.*`, the OPLs, `unknownOutputBehavior`,
/// `outputControlFlags`, `minCertSecurityLevel` and `algId` of each key, the extension. The device is the common
/// part's to add.
///
/// # Errors
/// The codes of section 6, the first in that order.
pub fn terms(
    parameters: &Parameters,
    keys: &Keys,
    settings: Settings,
    now: Timestamp,
) -> Result<PlayReadyTerms, Refusal> {
    let persistent = persistent(parameters)?;
    let rights = rights(parameters, persistent, now)?;
    let output_protection = output_protection(parameters)?;
    let unknown_output = unknown_output(parameters)?;
    let output_control_flags = output_control_flags(parameters, settings, unknown_output)?;
    let indices = || keys.as_slice().iter().map(|key| key.index);
    let levels = indices()
        .map(|index| min_security_level(parameters, index, settings.min_security_level))
        .collect::<Result<Vec<_>, _>>()?;
    let ciphers = indices().map(|index| cipher(parameters, index)).collect::<Result<Vec<_>, _>>()?;
    let extension = extension(parameters)?;
    let rules = levels.into_iter().zip(ciphers);
    let keys = keys.as_slice().iter().zip(rules).filter_map(|(key, (min_security_level, cipher))| {
        Some(PlayReadyKey { kid: key.kid?, key: key.key.clone(), cipher, min_security_level })
    });
    Ok(PlayReadyTerms {
        keys: keys.collect(),
        persistent,
        rights,
        output_protection,
        unknown_output,
        output_control_flags,
        extension,
        device_id: None,
    })
}

fn persistent(parameters: &Parameters) -> Result<bool, Refusal> {
    match one(parameters, "generalFlags", Event::GeneralFlags)? {
        None | Some(b"00000000") => Ok(false),
        Some(b"00000001") => Ok(true),
        Some(other) => {
            let hint = format!("got {}, expected 00000001 (persistent) or 00000000", quote(other));
            Err(Refusal::new(Event::GeneralFlags, hint).parameter("generalFlags"))
        }
    }
}

fn rights(parameters: &Parameters, persistent: bool, now: Timestamp) -> Result<Rights, Refusal> {
    let refuse = |event, name: &str, hint: String| Refusal::new(event, hint).parameter(name);
    match one(parameters, "rightsType", Event::RightsTypeInvalid)? {
        None => {
            let hint = "rightsType is missing: give BuyToOwn or Rental".to_owned();
            Err(refuse(Event::RightsTypeMissing, "rightsType", hint))
        }
        Some(b"BuyToOwn") => Ok(Rights::BuyToOwn),
        Some(b"Rental") if !persistent => {
            let hint = "a Rental must be persistent: give generalFlags=00000001".to_owned();
            Err(refuse(Event::GeneralFlags, "generalFlags", hint))
        }
        Some(b"Rental") => {
            let end = rental_end(parameters, now)?;
            Ok(Rights::Rental { end, play_duration: play_duration(parameters)? })
        }
        Some(other) => {
            let hint = format!("got {}, expected BuyToOwn or Rental", quote(other));
            Err(refuse(Event::RightsTypeInvalid, "rightsType", hint))
        }
    }
}

fn rental_end(parameters: &Parameters, now: Timestamp) -> Result<Timestamp, Refusal> {
    const NAME: &str = "rental.periodEndTime";
    let Some(value) = one(parameters, NAME, Event::TokenExpirationTime)? else {
        let hint = format!("{NAME} is missing: a Rental has an end, an RFC 3339 time in Z, or + and seconds");
        return Err(Refusal::new(Event::RentalPeriodEndTimeMissing, hint).parameter(NAME));
    };
    let refuse = |problem: String| {
        let hint = format!("{NAME} is {}: {problem}", quote(value));
        Refusal::new(Event::TokenExpirationTime, hint).parameter(NAME)
    };
    let issued_at = expiration::whole_seconds(now);
    let end = expiration::parse(value, issued_at).map_err(refuse)?;
    if end <= now {
        return Err(refuse(format!("in the past; the server's time is {issued_at}")));
    }
    let end = expiration::whole_seconds(end);
    if end.as_second() > LAST_END {
        return Err(refuse("after 2106-02-07T06:28:14Z, the last second that a licence can name".to_owned()));
    }
    Ok(end)
}

fn play_duration(parameters: &Parameters) -> Result<Option<u32>, Refusal> {
    const NAME: &str = "rental.playDuration";
    let refuse = |event, hint: String| Refusal::new(event, hint).parameter(NAME);
    let value = parameters
        .one_or_empty(NAME)
        .map_err(|conflict| refuse(Event::RentalPlayDurationInvalid, format!("{NAME} is {conflict}")))?;
    match value {
        None => Ok(None),
        Some([]) => {
            let hint = format!("{NAME} is empty: give seconds after first play, or leave it out");
            Err(refuse(Event::RentalPlayDurationMissing, hint))
        }
        Some(value) => {
            let hint = || format!("got {}, expected seconds after first play, above 0", quote(value));
            duration(value, 1).map(Some).ok_or_else(|| refuse(Event::RentalPlayDurationInvalid, hint()))
        }
    }
}

fn output_protection(parameters: &Parameters) -> Result<OutputProtectionLevels, Refusal> {
    let level = |name: &str| {
        let refuse = |event, hint: String| Refusal::new(event, hint).parameter(name);
        let Some(value) = one(parameters, name, Event::OutputControlRange)? else {
            return Err(refuse(Event::OplMissing, format!("{name} is missing: give 0 to 999")));
        };
        let level = digits(value).filter(|&level| level <= 999).and_then(|level| u16::try_from(level).ok());
        let hint = || format!("{name} is {}, expected an integer from 0 to 999", quote(value));
        level.ok_or_else(|| refuse(Event::OutputControlRange, hint()))
    };
    Ok(OutputProtectionLevels {
        analog_video: level("analogVideoOPL")?,
        compressed_digital_audio: level("compressedDigitalAudioOPL")?,
        compressed_digital_video: level("compressedDigitalVideoOPL")?,
        uncompressed_digital_audio: level("uncompressedDigitalAudioOPL")?,
        uncompressed_digital_video: level("uncompressedDigitalVideoOPL")?,
    })
}

fn unknown_output(parameters: &Parameters) -> Result<UnknownOutput, Refusal> {
    match one(parameters, "unknownOutputBehavior", Event::UnknownOutputBehavior)? {
        None => Ok(UnknownOutput::default()),
        Some(b"Allow") => Ok(UnknownOutput::Allow),
        Some(b"Disallow") => Ok(UnknownOutput::Disallow),
        Some(b"SDOnly") => Ok(UnknownOutput::SdOnly),
        Some(other) => {
            let hint = format!("got {}, expected Allow, Disallow or SDOnly", quote(other));
            Err(Refusal::new(Event::UnknownOutputBehavior, hint).parameter("unknownOutputBehavior"))
        }
    }
}

fn output_control_flags(
    parameters: &Parameters,
    settings: Settings,
    unknown_output: UnknownOutput,
) -> Result<u32, Refusal> {
    const NAME: &str = "outputControlFlags";
    let refuse = |event, hint: String| Refusal::new(event, hint).parameter(NAME);
    let Some(value) = one(parameters, NAME, Event::OutputControlFlags)? else { return Ok(0) };
    let flags = hex::decode(value).map(u32::from_be_bytes).map_err(|error| {
        let event = match error {
            HexError::Length { .. } => Event::OutputControlFlagsLength,
            HexError::NotHex { .. } => Event::OutputControlFlags,
        };
        refuse(event, error.to_string())
    })?;
    let undefined = flags & !settings.defined_output_flags;
    if undefined != 0 {
        let hint = format!(
            "bits {undefined:08x} of {flags:08x} mean nothing here; the operator defines bits in \
             [environments.….playready.output_control_flags]"
        );
        return Err(refuse(Event::OutputControlFlags, hint));
    }
    if flags & settings.digital_only_flags != 0 && unknown_output != UnknownOutput::Disallow {
        let hint =
            format!("{flags:08x} allows digital video only, which goes with unknownOutputBehavior=Disallow");
        return Err(refuse(Event::OutputControlFlags, hint));
    }
    Ok(flags)
}

fn min_security_level(parameters: &Parameters, index: Option<u8>, default: u16) -> Result<u16, Refusal> {
    let (name, value) = of_index(parameters, "minCertSecurityLevel", index, Event::OutputControlRange)?;
    let Some(value) = value else { return Ok(default) };
    let known = digits(value).filter(|level| [150, 2000, 3000].contains(level));
    let hint = || format!("{name} is {}, expected 150, 2000 or 3000", quote(value));
    known
        .and_then(|level| u16::try_from(level).ok())
        .ok_or_else(|| Refusal::new(Event::OutputControlRange, hint()).parameter(&*name))
}

fn cipher(parameters: &Parameters, index: Option<u8>) -> Result<Option<ContentCipher>, Refusal> {
    let (name, value) = of_index(parameters, "algId", index, Event::ContentKey)?;
    match value {
        None => Ok(None),
        Some(b"aesctr") => Ok(Some(ContentCipher::AesCtr)),
        Some(b"aescbc") => Ok(Some(ContentCipher::AesCbc)),
        Some(other) => {
            let hint = format!("{name} is {}, expected aesctr or aescbc", quote(other));
            Err(Refusal::new(Event::ContentKey, hint).parameter(name))
        }
    }
}

fn extension(parameters: &Parameters) -> Result<Option<Extension>, Refusal> {
    let refuse = |event, name: &str, hint: String| Refusal::new(event, hint).parameter(name);
    let kind = one(parameters, "extensionType", Event::ExtensionType)?;
    let payload = one(parameters, "extensionPayload", Event::ExtensionPayload)?;
    match (kind, payload) {
        (None, None) => Ok(None),
        (None, Some(_)) => Err(refuse(
            Event::ValueMissing,
            "extensionType",
            "extensionPayload needs an extensionType".to_owned(),
        )),
        (Some(kind), payload) => {
            let text = std::str::from_utf8(kind).ok().filter(|text| text.len() == 4 && text.is_ascii());
            let Some(text) = text else {
                let hint = format!("got {}, expected four ASCII characters", quote(kind));
                return Err(refuse(Event::ExtensionType, "extensionType", hint));
            };
            let Some(payload) = payload else {
                let hint = "extensionType needs an extensionPayload".to_owned();
                return Err(refuse(Event::ValueMissing, "extensionPayload", hint));
            };
            let payload = extension::decode_payload(payload)
                .map_err(|hint| refuse(Event::ExtensionPayload, "extensionPayload", hint))?;
            Ok(Some(Extension { kind: text.to_owned(), payload }))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_request::RequestedKey;
    use drm_primitives::{ContentKey, Kid};

    const OPLS: &str = "analogVideoOPL=200&compressedDigitalAudioOPL=250&compressedDigitalVideoOPL=400\
                        &uncompressedDigitalAudioOPL=300&uncompressedDigitalVideoOPL=270";
    const SETTINGS: Settings =
        Settings { defined_output_flags: 3, digital_only_flags: 2, min_security_level: 2000 };

    fn parse(query: &str) -> Result<PlayReadyTerms, Refusal> {
        let key = RequestedKey {
            index: None,
            kid: Some(Kid::from_bytes([1; 16])),
            key: ContentKey::from_bytes([1; 16]),
        };
        let query = query.replace("BUY", "rightsType=BuyToOwn").replace("OPLS", OPLS);
        let query = query.replace("RENT", "rightsType=Rental&generalFlags=00000001");
        let parameters = Parameters::parse(query.as_bytes(), b"").unwrap();
        let now = "2026-01-01T00:00:00Z".parse().unwrap();
        terms(&parameters, &Keys::collect(vec![key]).unwrap(), SETTINGS, now)
    }

    #[test]
    fn every_bad_value_has_its_code_and_name() {
        for (query, code, name) in [
            ("generalFlags=0000", -5003, "generalFlags"),
            ("", -2020, "rightsType"),
            ("rightsType=Buy", -2021, "rightsType"),
            ("rightsType=Rental", -5003, "generalFlags"),
            ("RENT", -2022, "rental.periodEndTime"),
            ("RENT&rental.periodEndTime=soon", -2002, "rental.periodEndTime"),
            ("RENT&rental.periodEndTime=2025-01-01T00:00:00Z", -2002, "rental.periodEndTime"),
            ("RENT&rental.periodEndTime=2106-02-07T06:28:15Z", -2002, "rental.periodEndTime"),
            ("RENT&rental.periodEndTime=%2B60&rental.playDuration=", -2023, "rental.playDuration"),
            ("RENT&rental.periodEndTime=%2B60&rental.playDuration=0", -2025, "rental.playDuration"),
            ("BUY", -5006, "analogVideoOPL"),
            ("BUY&OPLS&analogVideoOPL=1000", -2034, "analogVideoOPL"),
            ("BUY&OPLS&unknownOutputBehavior=SdOnly", -5001, "unknownOutputBehavior"),
            ("BUY&OPLS&outputControlFlags=1", -2040, "outputControlFlags"),
            ("BUY&OPLS&outputControlFlags=0000000g", -2008, "outputControlFlags"),
            ("BUY&OPLS&outputControlFlags=00000004", -2008, "outputControlFlags"),
            ("BUY&OPLS&outputControlFlags=00000001&outputControlFlags=00000000", -2008, "outputControlFlags"),
            ("BUY&OPLS&outputControlFlags=00000002&unknownOutputBehavior=Allow", -2008, "outputControlFlags"),
            ("BUY&OPLS&minCertSecurityLevel=2001", -2034, "minCertSecurityLevel"),
            ("BUY&OPLS&algId=cocktail", -2005, "algId"),
            ("BUY&OPLS&extensionType=abc&extensionPayload=AA", -2036, "extensionType"),
            ("BUY&OPLS&extensionType=abcd", -2035, "extensionPayload"),
            ("BUY&OPLS&extensionPayload=AA", -2035, "extensionType"),
            ("BUY&OPLS&extensionType=abcd&extensionPayload=*", -2037, "extensionPayload"),
        ] {
            let query = query.replace("OPLS&analogVideoOPL=1000", &OPLS.replace("=200", "=1000"));
            let refusal = parse(&query).unwrap_err();
            assert_eq!((refusal.code_number(), refusal.parameter_name()), (code, Some(name)), "{query}");
        }
    }

    #[test]
    fn a_rental_ends_at_a_fixed_time_and_rental_values_mean_nothing_to_a_purchase() {
        let terms = parse("RENT&OPLS&rental.periodEndTime=%2B60&rental.playDuration=30").unwrap();
        let end = "2026-01-01T00:01:00Z".parse().unwrap();
        assert_eq!(terms.rights, Rights::Rental { end, play_duration: Some(30) });
        let terms = parse("BUY&OPLS&rental.periodEndTime=soon&rental.playDuration=").unwrap();
        assert_eq!(terms.rights, Rights::BuyToOwn);
    }

    #[test]
    fn what_is_left_out_has_its_default() {
        let terms = parse("BUY&OPLS").unwrap();
        assert_eq!(terms.keys[0].min_security_level, 2000);
        assert_eq!(terms.keys[0].cipher, None);
        assert_eq!(terms.unknown_output, UnknownOutput::Disallow);
        assert!(!terms.persistent);
    }
}
