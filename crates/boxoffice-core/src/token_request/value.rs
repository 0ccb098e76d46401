//! Reading values: what several parameters have in common.

use crate::{Event, Parameters, Refusal};

/// The one value of a parameter; several different ones are refused with its "invalid" code.
pub(super) fn one<'a>(
    parameters: &'a Parameters,
    name: &str,
    invalid: Event,
) -> Result<Option<&'a [u8]>, Refusal> {
    parameters
        .one(name)
        .map_err(|conflict| Refusal::new(invalid, format!("{name} is {conflict}")).parameter(name))
}

/// Reads ASCII digits, leading zeros allowed, no sign (token-api.md, section 11).
pub(super) fn digits(value: &[u8]) -> Option<u64> {
    let plain = !value.is_empty() && value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| plain).and_then(|text| text.parse().ok())
}

/// The most seconds that a duration has.
const LONGEST: u64 = (1 << 31) - 1;

/// Reads a duration in seconds, from `least` to 2^31 − 1.
pub(super) fn duration(value: &[u8], least: u64) -> Option<u32> {
    digits(value)
        .filter(|seconds| (least..=LONGEST).contains(seconds))
        .and_then(|seconds| seconds.try_into().ok())
}

/// A parameter that is a duration in seconds.
pub(super) fn optional_duration(
    parameters: &Parameters,
    name: &str,
    invalid: Event,
    least: u64,
) -> Result<Option<u32>, Refusal> {
    let Some(value) = one(parameters, name, invalid)? else { return Ok(None) };
    let refuse = || {
        let hint = format!("got {}, expected seconds, an integer from {least} to {LONGEST}", quote(value));
        Refusal::new(invalid, hint).parameter(name)
    };
    duration(value, least).map(Some).ok_or_else(refuse)
}

/// A parameter that is `true` or `false`.
pub(super) fn optional_bool(
    parameters: &Parameters,
    name: &str,
    invalid: Event,
) -> Result<Option<bool>, Refusal> {
    match one(parameters, name, invalid)? {
        None => Ok(None),
        Some(b"true") => Ok(Some(true)),
        Some(b"false") => Ok(Some(false)),
        Some(other) => {
            let hint = format!("got {}, expected true or false", quote(other));
            Err(Refusal::new(invalid, hint).parameter(name))
        }
    }
}

/// A value for a hint: in quotes, control characters escaped, 64 characters at most. Never for keys and
/// authenticators.
pub(super) fn quote(value: &[u8]) -> String {
    let text = String::from_utf8_lossy(value);
    let mut short: String = text.chars().take(64).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    format!("{short:?}")
}
