//! What a Widevine token request says beyond the common (token-api.md, section 5).

use super::extension;
use super::keys::of_index;
use super::value::{digits, one, optional_bool, optional_duration, quote};
use super::{Keys, RequestedKey};
use crate::account::AccountOptions;
use crate::entitlement::{Hdcp, SecurityLevel, TrackType, WidevineKey, WidevineTerms};
use crate::{Event, Parameters, Refusal};

/// Reads, in this order: `generalFlags`, `persistent`, the durations, `securityLevel`, `hdcpOutputControl` and
/// `trackType` of each key, `contentId`, `wvExtension`. The stream is the common part's to add.
///
/// # Errors
/// The codes of section 5, the first in that order.
pub fn terms(
    parameters: &Parameters,
    keys: &Keys,
    options: &AccountOptions,
) -> Result<WidevineTerms, Refusal> {
    general_flags(parameters)?;
    let persistent = optional_bool(parameters, "persistent", Event::GeneralFlags)?.unwrap_or(false);
    let licence_duration = optional_duration(parameters, "licenseDuration", Event::LicenseDuration, 1)?;
    let rental_duration = optional_duration(parameters, "rentalDuration", Event::RentalDuration, 1)?;
    let lenient = options.lenient;
    // What is wrong with one rule of any key comes before what is wrong with the next rule of the first.
    let mut ruled: Vec<(Option<u8>, WidevineKey)> = Vec::with_capacity(keys.as_slice().len());
    for RequestedKey { index, kid, key } in keys.as_slice() {
        let security_level = security_level(parameters, *index, lenient)?;
        let Some(kid) = *kid else { continue };
        let (hdcp, track) = (Hdcp::None, TrackType::default());
        ruled.push((*index, WidevineKey { kid, key: key.clone(), security_level, hdcp, track }));
    }
    for (index, key) in &mut ruled {
        key.hdcp = hdcp(parameters, *index, lenient)?;
    }
    for (index, key) in &mut ruled {
        key.track = track_type(parameters, *index)?;
    }
    let content_id = content_id(parameters)?;
    let extensions = extension::parse_all(parameters, "wvExtension", Event::WvExtension)?;
    Ok(WidevineTerms {
        keys: ruled.into_iter().map(|(_, key)| key).collect(),
        content_id,
        licence_duration,
        rental_duration,
        persistent,
        extensions,
        stream: None,
    })
}

/// `0000` is the only value; as four bytes it may be written `00000000` too.
pub(super) fn general_flags(parameters: &Parameters) -> Result<(), Refusal> {
    match one(parameters, "generalFlags", Event::GeneralFlags)? {
        None | Some(b"0000" | b"00000000") => Ok(()),
        Some(other) => {
            let hint = format!("got {}, expected 0000, the only value there is", quote(other));
            Err(Refusal::new(Event::GeneralFlags, hint).parameter("generalFlags"))
        }
    }
}

/// `trackType` of one key.
pub(super) fn track_type(parameters: &Parameters, index: Option<u8>) -> Result<TrackType, Refusal> {
    let (name, value) = of_index(parameters, "trackType", index, Event::ValueMissing)?;
    let Some(value) = value else { return Ok(TrackType::default()) };
    let hint = || format!("got {}, expected 0 (SD), 1 (HD), 2 (AUDIO), 3 (UHD1) or 4 (UHD2)", quote(value));
    digits(value)
        .and_then(TrackType::from_number)
        .ok_or_else(|| Refusal::new(Event::ValueMissing, hint()).parameter(name))
}

fn security_level(
    parameters: &Parameters,
    index: Option<u8>,
    lenient: bool,
) -> Result<SecurityLevel, Refusal> {
    let (name, value) = of_index(parameters, "securityLevel", index, Event::SecurityLevelInvalid)?;
    let Some(value) = value else {
        if lenient {
            return Ok(SecurityLevel::SoftwareCrypto);
        }
        let hint = format!("{name} is missing: give 1 (SW_SECURE_CRYPTO) to 5 (HW_SECURE_ALL)");
        return Err(Refusal::new(Event::SecurityLevelMissing, hint).parameter(name));
    };
    let hint = || format!("got {}, expected 1 (SW_SECURE_CRYPTO) to 5 (HW_SECURE_ALL)", quote(value));
    digits(value)
        .and_then(SecurityLevel::from_number)
        .ok_or_else(|| Refusal::new(Event::SecurityLevelInvalid, hint()).parameter(name))
}

fn hdcp(parameters: &Parameters, index: Option<u8>, lenient: bool) -> Result<Hdcp, Refusal> {
    let (name, value) = of_index(parameters, "hdcpOutputControl", index, Event::OutputControlRange)?;
    let expected = if lenient {
        "0 to 5, or 255 (no digital output)"
    } else {
        "0 (HDCP_NONE), 1 (HDCP_V1) or 2 (HDCP_V2)"
    };
    let Some(value) = value else {
        if lenient {
            return Ok(Hdcp::None);
        }
        let hint = format!("{name} is missing: give {expected}");
        return Err(Refusal::new(Event::HdcpMissing, hint).parameter(name));
    };
    let allowed = |hdcp: &Hdcp| lenient || matches!(hdcp, Hdcp::None | Hdcp::V1 | Hdcp::V2);
    let hint = || format!("got {}, expected {expected}", quote(value));
    digits(value)
        .and_then(Hdcp::from_number)
        .filter(allowed)
        .ok_or_else(|| Refusal::new(Event::OutputControlRange, hint()).parameter(name))
}

fn content_id(parameters: &Parameters) -> Result<Option<String>, Refusal> {
    let Some(value) = one(parameters, "contentId", Event::KeyData)? else { return Ok(None) };
    let refuse = |hint: String| Refusal::new(Event::KeyData, hint).parameter("contentId");
    if value.len() > 64 {
        return Err(refuse(format!("got {} bytes, expected at most 64", value.len())));
    }
    let text = String::from_utf8(value.to_vec()).map_err(|_| refuse("contentId is not UTF-8".to_owned()))?;
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Environment;
    use crate::token_request::RequestedKey;
    use drm_primitives::{ContentKey, Kid};

    fn parse(query: &str, lenient: bool) -> Result<WidevineTerms, Refusal> {
        let key = |index: u8| RequestedKey {
            index: Some(index),
            kid: Some(Kid::from_bytes([index; 16])),
            key: ContentKey::from_bytes([index; 16]),
        };
        let keys = Keys::collect(vec![key(0), key(1)]).unwrap();
        let parameters = Parameters::parse(query.as_bytes(), b"").unwrap();
        terms(&parameters, &keys, &AccountOptions { lenient, ..AccountOptions::new(Environment::Test) })
    }

    #[test]
    fn each_key_has_its_own_rules_or_the_plain_ones() {
        let terms =
            parse("securityLevel=5&securityLevel.0=1&hdcpOutputControl=02&trackType.0=2", false).unwrap();
        let rules =
            |at: usize| (terms.keys[at].security_level.number(), terms.keys[at].hdcp, terms.keys[at].track);
        assert_eq!(rules(0), (1, Hdcp::V2, TrackType::Audio));
        assert_eq!(rules(1), (5, Hdcp::V2, TrackType::Hd));
    }

    #[test]
    fn every_bad_value_has_its_code_and_name() {
        let good = "securityLevel=1&hdcpOutputControl=0";
        for (query, code, name) in [
            ("generalFlags=0001", -5003, "generalFlags"),
            ("persistent=yes", -5003, "persistent"),
            ("licenseDuration=0", -7007, "licenseDuration"),
            ("licenseDuration=2147483648", -7007, "licenseDuration"),
            ("rentalDuration=0", -6007, "rentalDuration"),
            ("", -7003, "securityLevel.0"),
            ("securityLevel.0=1", -7003, "securityLevel.1"),
            ("securityLevel=6", -7004, "securityLevel"),
            ("securityLevel=1", -7006, "hdcpOutputControl.0"),
            ("securityLevel=1&hdcpOutputControl=3", -2034, "hdcpOutputControl"),
            ("GOOD&trackType.1=5", -2035, "trackType.1"),
            ("GOOD&contentId=%FF", -6005, "contentId"),
            ("GOOD&wvExtension=", -7009, "wvExtension"),
            ("GOOD&wvExtension=wudoAAAA", -7009, "wvExtension"),
            ("GOOD&wvExtension=wud,AAAA", -2036, "wvExtension"),
            ("GOOD&wvExtension=wudo,", -2035, "wvExtension"),
            ("GOOD&wvExtension=wudo,A*", -2037, "wvExtension"),
        ] {
            let refusal = parse(&query.replace("GOOD", good), false).unwrap_err();
            assert_eq!((refusal.code_number(), refusal.parameter_name()), (code, Some(name)), "{query}");
        }
        let long = parse(&format!("{good}&contentId={}", "a".repeat(65)), false).unwrap_err();
        assert_eq!(long.code_number(), -6005);
    }

    #[test]
    fn a_lenient_account_has_defaults_and_the_later_hdcp_versions() {
        let terms = parse("", true).unwrap();
        assert_eq!((terms.keys[0].security_level.number(), terms.keys[0].hdcp), (1, Hdcp::None));
        for hdcp in [3, 4, 5, 255] {
            assert_eq!(
                parse(&format!("hdcpOutputControl={hdcp}"), true).unwrap().keys[0].hdcp.number(),
                hdcp
            );
        }
        assert_eq!(parse("hdcpOutputControl=6", true).unwrap_err().code_number(), -2034);
    }

    #[test]
    fn extensions_are_carried_in_order() {
        let query = "securityLevel=1&hdcpOutputControl=0&wvExtension=wudo,AAAAAA==&wvExtension=abcd,aGk";
        let terms = parse(query, false).unwrap();
        let kinds: Vec<_> = terms.extensions.iter().map(|extension| extension.kind.as_str()).collect();
        assert_eq!(kinds, ["wudo", "abcd"]);
        assert_eq!(terms.extensions[1].payload, b"hi");
    }
}
