//! The content header that a lab device asks with: for the keys of its token, in the oldest version that can name
//! them (playready.md, section 10).

use boxoffice_core::entitlement::{ContentCipher, PlayReadyKey, PlayReadyTerms};
use drm_primitives::Kid;
use playready::checksum::checksum;
use playready::lab_client::{HeaderKey, header_text, protocol_version_for};

/// What is asked for.
pub struct Header {
    /// WRMHEADER.
    pub text: String,
    /// The version of the protocol that goes with it.
    pub protocol_version: u32,
    /// The KIDs in it; none asks for every key of the token.
    pub kids: Vec<Kid>,
}

impl Header {
    /// For a token that this directory can open, or for whatever a token has.
    pub fn of(granted: Option<&PlayReadyTerms>) -> Self {
        let keys = granted.map_or(&[][..], |terms| &terms.keys);
        let is = |cipher| move |key: &PlayReadyKey| key.cipher.unwrap_or(ContentCipher::AesCtr) == cipher;
        let all_ctr = keys.iter().all(is(ContentCipher::AesCtr));
        let (version, algorithm) = match keys {
            [] | [_] if all_ctr => ("4.0.0.0", Some("AESCTR")),
            _ if all_ctr => ("4.2.0.0", Some("AESCTR")),
            _ if keys.iter().all(is(ContentCipher::AesCbc)) => ("4.3.0.0", Some("AESCBC")),
            // One header has one cipher, or leaves it to the token.
            _ => ("4.3.0.0", None),
        };
        let of_key = |key: &PlayReadyKey| HeaderKey {
            kid: key.kid,
            checksum: all_ctr.then(|| checksum(&key.key, &key.kid)),
        };
        Self {
            text: header_text(
                version,
                algorithm.filter(|_| !keys.is_empty()),
                &keys.iter().map(of_key).collect::<Vec<_>>(),
            ),
            protocol_version: protocol_version_for(version),
            kids: keys.iter().map(|key| key.kid).collect(),
        }
    }
}
