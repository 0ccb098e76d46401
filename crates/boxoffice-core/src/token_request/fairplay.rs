//! What a FairPlay token request says beyond the common (fairplay.md, section 2).

use drm_primitives::hex;

use super::keys::of_index;
use super::value::optional_duration;
use super::widevine::{general_flags, track_type};
use super::{Keys, extension};
use crate::entitlement::{FairPlayKey, FairPlayTerms};
use crate::{Event, Parameters, Refusal};

/// Reads, in this order: `iv`, `generalFlags`, `rentalDuration`, `trackType`, `fpExtension`.
///
/// # Errors
/// -6003, -5003, -6007, -2035, -6001, -2036, -2037, the first in that order.
pub fn terms(parameters: &Parameters, keys: &Keys) -> Result<FairPlayTerms, Refusal> {
    let key = keys
        .as_slice()
        .first()
        .ok_or_else(|| Refusal::new(Event::KeyData, "a FairPlay token has one key"))?;
    let iv = iv(parameters, key.index)?;
    general_flags(parameters)?;
    let rental_duration =
        optional_duration(parameters, "rentalDuration", Event::RentalDuration, 0)?.unwrap_or(0);
    let track = track_type(parameters, key.index)?;
    let extensions = extension::parse_all(parameters, "fpExtension", Event::FpExtension)?;
    let key = FairPlayKey { kid: key.kid, key: key.key.clone(), iv, track };
    Ok(FairPlayTerms { key, rental_duration, extensions })
}

fn iv(parameters: &Parameters, index: Option<u8>) -> Result<[u8; 16], Refusal> {
    let (name, value) = of_index(parameters, "iv", index, Event::IvInvalid)?;
    let refuse = |hint: String| Refusal::new(Event::IvInvalid, hint).parameter(&*name);
    let value = value.ok_or_else(|| refuse(format!("{name} is missing: give 32 hex digits")))?;
    hex::decode(value).map_err(|error| refuse(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token_request::RequestedKey;
    use drm_primitives::ContentKey;

    const IV: &str = "iv=000102030405060708090a0b0c0d0e0f";

    fn parse(query: &str) -> Result<FairPlayTerms, Refusal> {
        let key = RequestedKey { index: None, kid: None, key: ContentKey::from_bytes([1; 16]) };
        let parameters = Parameters::parse(query.replace("IV", IV).as_bytes(), b"").unwrap();
        terms(&parameters, &Keys::collect(vec![key]).unwrap())
    }

    #[test]
    fn every_bad_value_has_its_code_and_name() {
        for (query, code, name) in [
            ("", -6003, "iv"),
            ("iv=00", -6003, "iv"),
            ("IV&generalFlags=1", -5003, "generalFlags"),
            ("IV&rentalDuration=-1", -6007, "rentalDuration"),
            ("IV&trackType=9", -2035, "trackType"),
            ("IV&fpExtension=", -6001, "fpExtension"),
            ("IV&fpExtension=abcd,", -2035, "fpExtension"),
        ] {
            let refusal = parse(query).unwrap_err();
            assert_eq!((refusal.code_number(), refusal.parameter_name()), (code, Some(name)), "{query}");
        }
    }

    #[test]
    fn a_rental_of_zero_seconds_is_no_limit() {
        assert_eq!(parse("IV").unwrap().rental_duration, 0);
        assert_eq!(parse("IV&rentalDuration=0").unwrap().rental_duration, 0);
        assert_eq!(parse("IV&rentalDuration=3600").unwrap().rental_duration, 3600);
    }
}
