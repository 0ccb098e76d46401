//! A form: `spc=…`, and fields that are ignored. `assetId` and `uri` never find a key: the token has it.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

use super::{BodyError, present};

/// The fields that real clients send.
const KNOWN: [&str; 3] = ["spc", "assetId", "uri"];

/// Whether a text starts with a form name and `=`. The padding of base64 is `=` too, but nothing follows
/// it, and the SPC of so short a text would be too small.
pub(super) fn is_form(text: &str) -> bool {
    let Some((name, rest)) = text.split_once('=') else { return false };
    let is_name = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let goes_on = rest.starts_with(|character: char| character != '=' && !character.is_ascii_whitespace());
    !name.is_empty() && name.chars().all(is_name) && (KNOWN.contains(&name) || goes_on)
}

/// The value of the one field `spc`. Base64 often arrives with bare `+` and `=`: so `+` stays what it is, a
/// space becomes one, and a value ends at `&` only.
pub(super) fn spc_field(text: &str) -> Result<Cow<'_, str>, BodyError> {
    let mut found = None;
    let mut got = 0;
    for field in text.split('&') {
        let Some((name, value)) = field.split_once('=') else { continue };
        if percent_decode_str(name.trim_ascii()).eq(*b"spc") {
            got += 1;
            found = Some(value);
        }
    }
    if got > 1 {
        return Err(BodyError::Count { got });
    }
    // A byte that is not UTF-8 becomes a character outside the alphabet, so base64 refuses it.
    let value = found.map(|value| percent_decode_str(value).decode_utf8_lossy());
    let value = present(value)?;
    Ok(if value.contains(' ') { Cow::Owned(value.replace(' ', "+")) } else { value })
}
