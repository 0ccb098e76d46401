//! FairPlay's part of an entitlement.

use drm_primitives::{ContentKey, Kid};

use super::{Extension, TrackType};

/// What a FairPlay token grants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FairPlayTerms {
    /// One SPC asks for one key, so there is one.
    pub key: FairPlayKey,
    /// The lease in seconds; 0: no limit.
    pub rental_duration: u32,
    /// Carried to the record and the policy hook.
    pub extensions: Vec<Extension>,
}

/// The key of a FairPlay token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct FairPlayKey {
    /// Its name, where the request gave one.
    pub kid: Option<Kid>,
    /// The key.
    pub key: ContentKey,
    /// The IV that the content was encrypted with.
    pub iv: [u8; 16],
    /// What it decrypts.
    pub track: TrackType,
}
