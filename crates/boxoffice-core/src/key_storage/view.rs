//! Key objects in answers (key-storage.md, sections 1 and 3).

use drm_primitives::{ContentKey, Kid, WrappedKey};
use jiff::Timestamp;

use super::expiration;

/// What an answer shows of a key. A member without a value is left out.
#[derive(Clone, Copy, Debug)]
pub struct KeyView<'a> {
    /// `kid`.
    pub kid: Kid,
    /// `k`.
    pub key: Option<&'a ContentKey>,
    /// `ek`.
    pub wrapped: Option<&'a WrappedKey>,
    /// `kekId`.
    pub kek_id: Option<&'a str>,
    /// `info`.
    pub info: Option<&'a str>,
    /// `contentId`.
    pub content_id: Option<&'a str>,
    /// `expiration`.
    pub expiration: Option<Timestamp>,
    /// `lastUpdate`.
    pub last_update: Option<Timestamp>,
    /// `scheme`.
    pub scheme: Option<&'a str>,
    /// `track`.
    pub track: Option<&'a str>,
    /// `period`.
    pub period: Option<u32>,
    /// `iv`.
    pub iv: Option<&'a [u8]>,
}

impl KeyView<'_> {
    /// A key of which nothing else is shown.
    #[must_use]
    pub const fn new(kid: Kid) -> Self {
        Self {
            kid,
            key: None,
            wrapped: None,
            kek_id: None,
            info: None,
            content_id: None,
            expiration: None,
            last_update: None,
            scheme: None,
            track: None,
            period: None,
            iv: None,
        }
    }

    /// Appends the JSON object. `out` may then hold a key: its owner wipes it.
    pub fn write_onto(&self, out: &mut Vec<u8>) {
        // Every field is named, so that a new one cannot be forgotten here.
        let Self {
            kid,
            key,
            wrapped,
            kek_id,
            info,
            content_id,
            expiration,
            last_update,
            scheme,
            track,
            period,
            iv,
        } = *self;
        out.extend_from_slice(b"{\"kid\":\"");
        hex_onto(out, kid.as_bytes());
        out.push(b'"');
        let hex_member = |name: &str, bytes: Option<&[u8]>, out: &mut Vec<u8>| {
            let Some(bytes) = bytes else { return };
            name_onto(out, name);
            out.push(b'"');
            hex_onto(out, bytes);
            out.push(b'"');
        };
        hex_member("k", key.map(|key| key.expose().as_slice()), out);
        hex_member("ek", wrapped.map(|wrapped| wrapped.as_bytes().as_slice()), out);
        text_onto(out, "kekId", kek_id);
        text_onto(out, "info", info);
        text_onto(out, "contentId", content_id);
        text_onto(out, "expiration", expiration.map(expiration::write).as_deref());
        text_onto(out, "lastUpdate", last_update.map(expiration::write).as_deref());
        text_onto(out, "scheme", scheme);
        text_onto(out, "track", track);
        if let Some(period) = period {
            name_onto(out, "period");
            out.extend_from_slice(period.to_string().as_bytes());
        }
        hex_member("iv", iv, out);
        out.push(b'}');
    }

    /// Appends what `/value` shows: the digits of the key, or `#` and those of the wrapped key.
    pub fn write_value_onto(&self, out: &mut Vec<u8>) {
        match (self.key, self.wrapped) {
            (Some(key), _) => hex_onto(out, key.expose()),
            (None, Some(wrapped)) => {
                out.push(b'#');
                hex_onto(out, wrapped.as_bytes());
            }
            (None, None) => {}
        }
    }
}

/// Digit by digit, as a text on the way would stay behind in memory.
fn hex_onto(out: &mut Vec<u8>, bytes: &[u8]) {
    for &byte in bytes {
        for nibble in [byte >> 4, byte & 0x0F] {
            out.push(if nibble < 10 { b'0' + nibble } else { b'a' + nibble - 10 });
        }
    }
}

fn name_onto(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn text_onto(out: &mut Vec<u8>, name: &str, text: Option<&str>) {
    let Some(text) = text else { return };
    name_onto(out, name);
    serde_json::to_writer(&mut *out, text).expect("a text always becomes JSON in memory");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_specification_is_written_to_the_byte() {
        let key = ContentKey::from_hex(b"a9b9033df0b9ca5447839e3d074817a0").unwrap();
        let wrapped = WrappedKey::from_hex(b"5dbd06c0056b42fe0b8cf406679620c31bd619732730433d").unwrap();
        let view = KeyView {
            key: Some(&key),
            wrapped: Some(&wrapped),
            kek_id: Some("#1.afe008a381bdac03b412a92d54b92ddf"),
            content_id: Some("movie-1"),
            last_update: Some("2026-11-21T02:00:00.9Z".parse().unwrap()),
            ..KeyView::new(Kid::from_name("kid1"))
        };
        let mut out = Vec::new();
        view.write_onto(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            r##"{"kid":"80ea8bc8a58f990ad1f76bc665b30bfa","k":"a9b9033df0b9ca5447839e3d074817a0","ek":"5dbd06c0056b42fe0b8cf406679620c31bd619732730433d","kekId":"#1.afe008a381bdac03b412a92d54b92ddf","contentId":"movie-1","lastUpdate":"2026-11-21T02:00:00Z"}"##
        );
    }

    #[test]
    fn texts_are_escaped_and_every_member_has_its_place() {
        let view = KeyView {
            kek_id: Some("#service"),
            info: Some("\"\\\u{0}é</script>"),
            expiration: Some("2027-01-01T00:00:00.5Z".parse().unwrap()),
            scheme: Some("cenc"),
            track: Some("HD"),
            period: Some(7),
            iv: Some(&[0xAB; 16]),
            ..KeyView::new(Kid::from_bytes([0; 16]))
        };
        let mut out = Vec::new();
        view.write_onto(&mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "{\"kid\":\"00000000000000000000000000000000\",\"kekId\":\"#service\",\
             \"info\":\"\\\"\\\\\\u0000é</script>\",\"expiration\":\"2027-01-01T00:00:00Z\",\"scheme\":\"cenc\",\
             \"track\":\"HD\",\"period\":7,\"iv\":\"abababababababababababababababab\"}"
        );
    }

    #[test]
    fn a_value_is_the_key_or_a_marked_wrapped_key() {
        let key = ContentKey::from_bytes([0x12; 16]);
        let wrapped = WrappedKey::from_bytes([0xFF; 24]);
        let value = |view: KeyView<'_>| {
            let mut out = Vec::new();
            view.write_value_onto(&mut out);
            String::from_utf8(out).unwrap()
        };
        let view = KeyView::new(Kid::from_bytes([0; 16]));
        assert_eq!(value(KeyView { key: Some(&key), ..view }), "12".repeat(16));
        assert_eq!(value(KeyView { wrapped: Some(&wrapped), ..view }), format!("#{}", "ff".repeat(24)));
    }
}
