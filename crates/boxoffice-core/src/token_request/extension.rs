//! Extensions: four characters and a base64 payload, carried as they are.

use drm_primitives::base64;

use super::value::quote;
use crate::entitlement::Extension;
use crate::{Event, Parameters, Refusal};

/// What the payloads of one token may have together, in bytes: its URL has to fit a request line of 32 KiB.
const PAYLOADS: usize = 8 * 1024;

/// Reads every `wvExtension` or `fpExtension`: `TYPE,PAYLOAD`. `invalid` is the code for one without a comma.
pub(super) fn parse_all(
    parameters: &Parameters,
    name: &str,
    invalid: Event,
) -> Result<Vec<Extension>, Refusal> {
    let mut extensions = Vec::new();
    let mut payloads = 0;
    for value in parameters.all(name) {
        let refuse = |event, hint: String| Refusal::new(event, hint).parameter(name);
        let Some(comma) = value.iter().position(|&byte| byte == b',') else {
            let hint = format!("got {}, expected four characters, a comma and base64", quote(value));
            return Err(refuse(invalid, hint));
        };
        let (kind, payload) = value.split_at(comma);
        let kind =
            std::str::from_utf8(kind).ok().filter(|kind| kind.chars().count() == 4).ok_or_else(|| {
                refuse(
                    Event::ExtensionType,
                    format!("got {} before the comma, expected four characters", quote(kind)),
                )
            })?;
        let payload = match payload.get(1..) {
            None | Some([]) => {
                return Err(refuse(
                    Event::ValueMissing,
                    "got nothing behind the comma, expected base64".to_owned(),
                ));
            }
            Some(payload) => payload,
        };
        let payload = decode_payload(payload).map_err(|hint| refuse(Event::ExtensionPayload, hint))?;
        payloads += payload.len();
        if payloads > PAYLOADS {
            let hint =
                format!("the payloads have over {PAYLOADS} bytes together, too much for a token in a URL");
            return Err(refuse(Event::ExtensionPayload, hint));
        }
        extensions.push(Extension { kind: kind.to_owned(), payload });
    }
    Ok(extensions)
}

/// Reads a payload of at most 8 KiB.
pub(super) fn decode_payload(value: &[u8]) -> Result<Vec<u8>, String> {
    let payload = base64::decode(value).map_err(|error| error.to_string())?;
    if payload.len() > PAYLOADS {
        return Err(format!("the payload has over {PAYLOADS} bytes, too much for a token in a URL"));
    }
    Ok(payload)
}
