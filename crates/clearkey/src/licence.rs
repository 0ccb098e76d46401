//! Writing the licence, strictly: no other member, no padding, no byte-order mark, no white space.

use drm_primitives::base64::encode_url;
use zeroize::Zeroizing;

use crate::answer::Grant;

/// The characters of one key with its comma: 75, of which 22 and 22 are base64url.
const KEY_CHARACTERS: usize = 76;

/// The characters around the keys.
const FRAME_CHARACTERS: usize = 32;

impl Grant<'_> {
    /// The licence: JSON in ASCII, sent as `application/json`. It holds the keys in the clear, so it is
    /// wiped when dropped.
    #[must_use]
    pub fn write(&self) -> Zeroizing<Vec<u8>> {
        // Of the full size at once, as a buffer that grows leaves copies of the keys behind.
        let mut text =
            Zeroizing::new(Vec::with_capacity(FRAME_CHARACTERS + self.keys.len() * KEY_CHARACTERS));
        text.extend_from_slice(b"{\"keys\":[");
        for (index, granted) in self.keys.iter().enumerate() {
            let key = Zeroizing::new(encode_url(granted.key.expose()));
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(b"{\"kty\":\"oct\",\"kid\":\"");
            text.extend_from_slice(encode_url(granted.kid.as_bytes()).as_bytes());
            text.extend_from_slice(b"\",\"k\":\"");
            text.extend_from_slice(key.as_bytes());
            text.extend_from_slice(b"\"}");
        }
        text.extend_from_slice(b"],\"type\":\"temporary\"}");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Key, Request, answer};
    use drm_primitives::{ContentKey, Kid};

    #[test]
    fn the_licence_of_the_specification_is_written_to_the_byte() {
        let key = ContentKey::from_hex(b"166634c675823c235a4a9446fad52e4d").unwrap();
        let kid = Kid::from_hex(b"9eb4050de44b4802932e27d75083e266").unwrap();
        let request = Request::parse(br#"{"kids":["nrQFDeRLSAKTLifXUIPiZg"],"type":"temporary"}"#).unwrap();
        let licence = answer(&request, &[Key { kid, key: &key }]).unwrap().write();
        assert_eq!(
            String::from_utf8_lossy(&licence),
            r#"{"keys":[{"kty":"oct","kid":"nrQFDeRLSAKTLifXUIPiZg","k":"FmY0xnWCPCNaSpRG-tUuTQ"}],"type":"temporary"}"#
        );
    }

    #[test]
    fn the_buffer_of_a_licence_never_grows() {
        let key = ContentKey::from_bytes([0xFF; 16]);
        let kids: Vec<Kid> = (0..64).map(|byte| Kid::from_bytes([byte; 16])).collect();
        let keys: Vec<Key<'_>> = kids.iter().map(|&kid| Key { kid, key: &key }).collect();
        let request = Request::parse(&crate::lab_client::request(&kids)).unwrap();
        let licence = answer(&request, &keys).unwrap().write();
        assert!(licence.len() <= FRAME_CHARACTERS + 64 * KEY_CHARACTERS);
    }
}
