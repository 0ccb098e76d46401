//! The revocation file: `{"version":3,"digests":["<base64 or hex of 32 bytes>"]}`.

use std::collections::HashSet;

use drm_primitives::{base64, hex};
use serde::Deserialize;
use thiserror::Error;

/// The digests of revoked certificates: SHA-256 over the signed part, or BASIC's key digest.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Revocations {
    version: u64,
    digests: HashSet<[u8; 32]>,
}

/// Why a text is no revocation list.
#[derive(Debug, Error)]
pub enum RevocationListError {
    /// Not JSON, or other members.
    #[error("expected {{\"version\": number, \"digests\": [text]}}: {0}")]
    Json(#[from] serde_json::Error),
    /// A digest is neither form.
    #[error("digests[{index}] is neither base64 nor hex of 32 bytes")]
    Digest {
        /// Its place, from 0.
        index: usize,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u64,
    digests: Vec<String>,
}

impl Revocations {
    /// Reads the JSON file.
    ///
    /// # Errors
    /// [`RevocationListError`], naming the place.
    pub fn parse(json: &[u8]) -> Result<Self, RevocationListError> {
        let file: File = serde_json::from_slice(json)?;
        let digests = file
            .digests
            .iter()
            .enumerate()
            .map(|(index, text)| digest(text).ok_or(RevocationListError::Digest { index }))
            .collect::<Result<_, _>>()?;
        Ok(Self { version: file.version, digests })
    }

    /// The file's version, 0 for the empty list.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// How many digests it has.
    #[must_use]
    pub fn len(&self) -> usize {
        self.digests.len()
    }

    /// Whether nothing is revoked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.digests.is_empty()
    }

    /// Whether it names this digest.
    #[must_use]
    pub fn contains(&self, digest: &[u8; 32]) -> bool {
        self.digests.contains(digest)
    }
}

fn digest(text: &str) -> Option<[u8; 32]> {
    if text.len() == 64 {
        return hex::decode(text.as_bytes()).ok();
    }
    base64::decode(text.as_bytes()).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_read_as_base64_and_as_hex() {
        let list = Revocations::parse(
            br#"{"version":3,"digests":["4YrPM6Y69tNEt/Rd90x4tFRA7YzUgy5Y+8ZCOWr6QE0=",
                "0000000000000000000000000000000000000000000000000000000000000001"]}"#,
        )
        .unwrap();
        assert_eq!((list.version(), list.len()), (3, 2));
        let mut one = [0; 32];
        one[31] = 1;
        assert!(list.contains(&one));
        assert!(!list.contains(&[0; 32]));
    }

    #[test]
    fn what_is_no_digest_is_refused_with_its_place() {
        let refused = Revocations::parse(br#"{"version":1,"digests":["","4YrP"]}"#).unwrap_err();
        assert_eq!(refused.to_string(), "digests[0] is neither base64 nor hex of 32 bytes");
        assert!(Revocations::parse(br#"{"version":1}"#).is_err());
        assert!(Revocations::parse(br#"{"version":1,"digests":[],"more":1}"#).is_err());
    }
}
