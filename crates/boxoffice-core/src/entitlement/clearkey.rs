//! Clear Key's part of an entitlement.

use drm_primitives::{ContentKey, Kid};

/// What a Clear Key token grants: keys, and nothing else.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClearKeyTerms {
    /// 1 to 16 keys, each KID once.
    pub keys: Vec<ClearKeyKey>,
}

/// A key of a Clear Key token.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ClearKeyKey {
    /// Its name.
    pub kid: Kid,
    /// The key.
    pub key: ContentKey,
}
